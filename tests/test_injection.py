"""What a learner, a record or a file name holds is text on the page, and never a part of it."""

import json
import os
from functools import cache

import pytest

from tests.injection import PAYLOADS, Found
from utils import explore, page, quiz
from utils import record as store
from utils.case import load_case
from utils.chapters import appraisal, bedside, cohort, course, patient, route
from utils.chapters.board import differential_board, replay
from utils.page import Shown
from utils.receipt import TITLE, read_receipts, save_receipt

CASE = load_case()
REGIONAL, ADMISSION, PICU = (CASE.as_of(t) for t in ("regional_hospital", "admission", "picu"))
each = pytest.mark.parametrize("text", PAYLOADS)
TEXTS = [n for n, p in quiz.prompts().items() if p["kind"] == "text"][:3]
EXPLORERS = {  # how each is made, and its controls that are tried
    "unit_bench": (explore.unit_bench, ["text", "analyte"]),
    "what_if": (lambda: explore.what_if("mas_2016", REGIONAL, platelets=(0, 500, 250)), ["platelets"]),
    "ruler_bench": (lambda: explore.ruler_bench(ADMISSION, ["hlh_2004"]), ["neutrophils", "haemophagocytosis"]),
    "chance": (cohort.chance, ["prior", "rule", "study"]),
    "thresholds": (cohort.threshold_explorer, ["threshold", "item"]),
    "age": (lambda: bedside.age_limit_bench(PICU), ["systolic"]),
    "ladder": (lambda: course.ladder(CASE), ["day"]),
    "look_up": (lambda: explore.look_up(ADMISSION, "F09"), ["address"]),
    "credit": (lambda: course.credit(CASE), ["improved"]),
    "route": (route.route_bench, ["view", "absorbed"]),
    "register": (lambda: appraisal.register(CASE), ["search", "kind", "entry"]),
}


@cache
def explorer(name):
    """One of them, made once: none takes what it is given here, or takes it as words."""
    return EXPLORERS[name][0]()


@pytest.fixture(autouse=True)
def _page_of_its_own():
    """Cards of an earlier test are not refreshed in a later one."""
    yield
    store.watchers.clear()


def html(shown):
    """All HTML that something gives to the page: what is shown, or what a card or an explorer shows and holds."""
    told = shown._repr_mimebundle_() if hasattr(shown, "_repr_mimebundle_") else shown._repr_html_()
    told = told[0] if isinstance(told, tuple) else told
    told = told["text/html"] if isinstance(told, dict) else told
    results = [place.shown["html"] for place in getattr(shown, "_results", ())]
    return "\n".join([told, getattr(shown, "feedback", ""), *results])


def harmless(*shown):
    for one in shown:
        assert Found(html(one)).wrong == []


@each
def test_what_is_typed_into_a_card_stays_text(record, text):
    for name in TEXTS:
        card = quiz.write(name)
        card.given = {f: text for f in card._prompt["fields"]} | {"at": 1}
        assert list(card.committed.values())[0] == text.strip()  # it was kept, so it was shown
        harmless(card, quiz.write(name, text), quiz.write(name), quiz.notes(card._prompt["notebook"]))
        assert text.strip().split()[0] in Found(quiz.notes(card._prompt["notebook"]).html).words
    for made in (quiz.ask("N3.2"), quiz.write("D1.1"), differential_board(REGIONAL)):
        made.given = {"choice": text, "confidence": text, "sjia": text, "ferritin|sjia": text, "at": 2}
        harmless(made)
    harmless(*(patient.sheet(name) for name in patient.names()))
    for name in patient.names():
        card = patient.sheet(name)
        card.given = dict.fromkeys(card.boxes, text) | {"confidence": text, "at": 3}
        harmless(card)


@each
def test_what_is_given_by_call_stays_text(record, text):
    harmless(
        *(quiz.answer(*x) for x in ((text, "a"), ("N3.2", text), ("N3.2", "a", text))),
        quiz.reveal(text), quiz.ask(text), quiz.reset(text), quiz.write(text), quiz.write("W1.1", {text: text}),
        quiz.rank("D1.1", [text]), quiz.rank(text), quiz.notes(text), replay(text), patient.sheet(text),
        patient.sheet("U9.1", {"ferritin": text}), explore.look_up(ADMISSION, text),
        differential_board(REGIONAL).set(text), differential_board(REGIONAL).set("ferritin", sjia=text),
        differential_board(REGIONAL).why(text, text), save_receipt(f"x/{text}"), save_receipt(text + "|.json"),
    )  # fmt: skip


@pytest.mark.parametrize("name", EXPLORERS)
def test_what_an_explorer_is_set_to_stays_text(name):
    made, keys = explorer(name), EXPLORERS[name][1]
    for text in PAYLOADS:
        for key in keys:
            given = {"text": "1.5 mmol/L"} if name == "unit_bench" else {}
            harmless(made.set(**{**given, key: text}), made)
        if name not in ("unit_bench", "look_up", "chance", "thresholds"):
            harmless(made.set(**{text: 1}))
    if name == "register":
        made.set(search="")


@pytest.mark.parametrize("label", ["text", "search", "address"])
def test_what_is_typed_into_an_explorer_stays_text(label):
    made = explorer({"text": "unit_bench", "search": "register", "address": "look_up"}[label])
    control = made._controls[label]
    for text in PAYLOADS:
        control.value = text
        harmless(made)
    control.value = ""


@pytest.mark.parametrize("text", PAYLOADS[::5])
def test_a_record_edited_by_hand_stays_text(record, text):
    entry = {"choice": "a", "confidence": text, "at": text, text: text}
    forms_ = {n: {"fields": {f: text for f in [*quiz.prompts()[n]["fields"], text]}, "confidence": text} for n in TEXTS}
    forms_["D1.1"] = {"fields": {h: text for h in quiz.hypotheses()}, "confidence": text, "at": text}
    forms_["B1.1"] = {"fields": {"ferritin|sjia": text, text: text}}
    forms_ |= {n: {"fields": dict.fromkeys(patient.sheet(n).boxes, text), "confidence": text} for n in patient.names()}
    record.write_text(json.dumps({"answers": {"N3.2": entry, text: entry}, "forms": {**forms_, text: forms_["B1.1"]}}))
    cards = [quiz.ask("N3.2"), *map(quiz.write, [*TEXTS, "D1.1"]), *map(patient.sheet, patient.names())]
    harmless(*cards, quiz.reveal("N3.2"), quiz.progress(), quiz.notes("01"), replay("01"))
    board = differential_board(REGIONAL)
    harmless(board, board.picture("Mine.", mine=True), save_receipt(record.parent / "r.json", written=True))
    harmless(quiz.reset(text), quiz.progress())


@each
def test_a_file_name_of_a_receipt_stays_text(record, text, tmp_path, capsys):
    quiz.answer("N3.2", "a", "low")
    folder = tmp_path / "class"
    folder.mkdir()
    save_receipt(folder / "a.json")
    whole = json.loads((folder / "a.json").read_text(encoding="utf-8"))
    name = text.replace("/", "\u2044")[:200] + ".json"
    os.rename(folder / "a.json", folder / name)
    forged = {**whole, "title": TITLE, "rows": [{**whole["rows"][0], "answer": text, "notebook": text}]}
    (folder / "b.json").write_text(json.dumps(forged), encoding="utf-8")
    frame = read_receipts(folder)
    assert name in set(frame["file"]) and name[:15] in Found(frame._repr_html_()).words
    assert Found(frame._repr_html_()).wrong in ([], ["style"])
    assert capsys.readouterr().out.count("skipped") == len(frame.attrs["skipped"]) == 1  # plain text, no HTML


def test_markup_that_is_not_escaped_would_be_found(record, monkeypatch):
    text = PAYLOADS[2]
    monkeypatch.setattr(page, "escape", lambda words: words)
    with pytest.raises(AssertionError):
        harmless(page.say(text))
    with pytest.raises(AssertionError):
        quiz.write("W1.1", text)
        harmless(quiz.notes("01"))


@each
def test_the_reader_of_these_tests_finds_each_string_that_can_run(text):
    runs = text.lstrip("\u202e").startswith(("<", '">', "'>"))
    assert bool(Found(text).wrong) == runs
    assert isinstance(page.say(text), Shown) and not Found(page.say(text).html).wrong
