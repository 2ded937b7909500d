"""What a learner, a record or a file name holds is text on the page, and never a part of it."""

import json
import os
from functools import cache

import ipywidgets as widgets
import pytest

from classroom.receipts import read_receipts
from tests.injection import PAYLOADS, Found
from tests.moving import ADMISSION, MAKE, REGIONAL, everything
from utils import explore, page, quiz
from utils.chapters import patient
from utils.chapters.board import DifferentialBoard, replay
from utils.receipt import save_receipt

each = pytest.mark.parametrize("text", PAYLOADS)
TEXTS = {name: quiz.prompts()[name] for name in ("W1.1", "F1.1")}  # with one field, and with three
made = cache(lambda name: MAKE[name]())  # none takes what it is given here, or takes it as words


def html(shown):
    """All HTML that something gives to the page: what is shown, or what a card or an explorer shows and holds."""
    data = shown._repr_mimebundle_()
    parts = [(data[0] if isinstance(data, tuple) else data)["text/html"], getattr(shown, "feedback", "")]
    for widget in everything(shown):
        result = getattr(widget, "shown", None)
        parts += [widget.value] if isinstance(widget, widgets.HTML) else []
        parts += [result["html"]] if isinstance(result, dict) and result else []
    return "\n".join(parts)


def harmless(*shown):
    for one in shown:
        assert Found(html(one)).wrong == []


@each
def test_what_is_typed_into_a_card_stays_text(record, text):
    for name, prompt in TEXTS.items():
        card = quiz.write(name)
        card.given = dict.fromkeys(prompt["fields"], text) | {"at": 1}
        assert list(card.committed.values())[0] == text.strip()  # it was kept, so it was shown
        harmless(card, quiz.write(name, text), quiz.write(name), quiz.notes(prompt["notebook"]))
        assert text.strip().split()[0] in Found(quiz.notes(prompt["notebook"]).html).words
    cards = [quiz.ask("N3.2"), quiz.rank("D1.1"), DifferentialBoard(REGIONAL), *map(patient.sheet, patient.names())]
    harmless(*cards)
    for card in cards:
        odd = dict.fromkeys(getattr(card, "boxes", ()), text) | {"sjia": text, "ferritin|sjia": text}
        card.given = {**odd, "choice": text, "confidence": text, "at": 2}
        harmless(card)


@each
def test_what_is_given_by_call_stays_text(record, text):
    board = DifferentialBoard(REGIONAL)
    harmless(
        *(quiz.answer(*x) for x in ((text, "a"), ("N3.2", text), ("N3.2", "a", text))),
        quiz.reveal(text), quiz.ask(text), quiz.reset(text), quiz.write(text), quiz.write("W1.1", {text: text}),
        quiz.rank("D1.1", [text]), quiz.rank(text), quiz.notes(text), replay(text), patient.sheet(text),
        patient.sheet("U9.1", {"ferritin": text}), explore.look_up(ADMISSION, text), board.set(text),
        board.set("ferritin", sjia=text), board.why(text, text), save_receipt(f"x/{text}"), save_receipt(text + "\0"),
    )  # fmt: skip


@pytest.mark.parametrize("name", MAKE)
def test_what_an_explorer_is_given_stays_text(record, name):
    bench, also = made(name), {"text": "1.5 mmol/L"} if name == "unit_bench" else {}
    for text in PAYLOADS:
        harmless(*(bench.set(**{**also, key: text}) for key in [*bench.get(), text]), bench)
        for field in everything(bench):
            if isinstance(field, widgets.Text):
                field.value = text
                harmless(bench)
                field.value = ""


@pytest.mark.parametrize("text", PAYLOADS[::5])
def test_a_record_edited_by_hand_stays_text(record, text):
    entry = {"choice": "a", "confidence": text, "at": text, text: text}
    names = {n: p["fields"] for n, p in TEXTS.items()} | {"D1.1": quiz.hypotheses(), "B1.1": ["ferritin|sjia"]}
    names |= {n: patient.sheet(n).boxes for n in patient.names()}
    forms = {n: {"fields": dict.fromkeys([*boxes, text], text), "confidence": text} for n, boxes in names.items()}
    record.write_text(json.dumps({"answers": {"N3.2": entry, text: entry}, "forms": {**forms, text: forms["B1.1"]}}))
    cards = [quiz.ask("N3.2"), quiz.rank("D1.1"), *map(quiz.write, TEXTS), *map(patient.sheet, patient.names())]
    harmless(*cards, quiz.reveal("N3.2"), quiz.progress(), quiz.notes("01"), replay("01"))
    board = DifferentialBoard(REGIONAL)
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
    forged = {**whole, "rows": [{**whole["rows"][0], "answer": text, "notebook": text}]}
    (folder / "b.json").write_text(json.dumps(forged), encoding="utf-8")
    frame = read_receipts(folder)
    assert name in set(frame["file"]) and name[:15] in Found(frame._repr_html_()).words
    assert Found(frame._repr_html_()).wrong in ([], ["style"])
    assert capsys.readouterr().out.count("skipped") == len(frame.attrs["skipped"]) == 1  # plain text, no HTML


def test_markup_that_is_not_escaped_would_be_found(record, monkeypatch):
    monkeypatch.setattr(page, "escape", lambda words: words)
    quiz.write("W1.1", PAYLOADS[2])
    for shown in (page.say(PAYLOADS[2]), quiz.notes("01")):
        with pytest.raises(AssertionError):
            harmless(shown)


@each
def test_the_reader_of_these_tests_finds_each_string_that_can_run(text):
    runs = text.lstrip("\u202e").startswith(("<", '">', "'>"))
    assert bool(Found(text).wrong) == runs and not Found(page.say(text).html).wrong
