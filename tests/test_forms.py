"""What a learner writes, ranks and puts on a board: kept as it was given, never scored, never lost, never obeyed."""

import json
import re

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.drawings import clean, drawing, shapes, words
from utils import plots, quiz
from utils import record as store
from utils.case import load_case
from utils.chapters.board import differential_board, replay
from utils.quiz import (
    Form,
    Question,
    answer,
    ask,
    items,
    my_page,
    notes,
    progress,
    prompts,
    rank,
    rankings,
    reset,
    reveal,
    write,
)
from utils.rules import evaluate
from utils.tables import CaseDataError

CASE = load_case()
REGIONAL, ADMISSION = (CASE.as_of(t) for t in ("regional_hospital", "admission"))
FOUR = ["sjia", "leukaemia", "infection", "kawasaki"]
EVIL = "<script>alert(1)</script> & <img src=x onerror=alert(1)>"
THREE = {"for": "rash", "against": "limp", "missing": "marrow"}


def kept(path, shelf="forms"):
    return json.loads(path.read_text(encoding="utf-8"))[shelf] if path.exists() else {}


def page(card):
    """Everything that a card sends to the page, as it would travel."""
    data = json.dumps(card.get_state(["item", "committed", "feedback"]), allow_nan=False, ensure_ascii=False)
    return data.encode("utf-8").decode("utf-8")


# ---- to write and to rank -----------------------------------------------------------------------------------------


def test_a_form_shows_what_is_asked_and_nothing_that_is_told_later(record):
    for name, prompt in prompts().items():
        form = write(name) if prompt["kind"] == "text" else rank(name)
        data = form._repr_mimebundle_()[0]
        assert isinstance(form, Form) and form.committed == {} and form.feedback == ""
        assert prompt["stem"][:40] in data["text/plain"] and "Run the notebook" in data["text/html"]
        for later in [prompt.get("exemplar"), *prompt.get("look_for", [])]:
            assert not later or later[:30] not in page(form) + json.dumps(data)
    assert not record.exists()


def test_a_text_is_kept_and_answered_with_one_way_to_put_it(record):
    told = write("W1.1", "  A boy of two with a month of fever.  ").text
    assert kept(record)["W1.1"]["fields"] == {"sentence": "A boy of two with a month of fever."}
    assert "You used 9 words; the aim was at most 40." in told and prompts()["W1.1"]["exemplar"] in told
    assert all(line in told for line in prompts()["W1.1"]["look_for"])
    assert "A boy of two with a month of fever." in notes("01").text and "F1.1" not in notes("01").text


def test_the_first_commit_stays_and_reset_opens_it_again(record):
    write("F1.1", THREE), rank("D1.1", FOUR, " Low")
    assert "kept already" in write("F1.1", {**THREE, "for": "else"}).text
    assert "kept already" in rank("D1.1", FOUR[::-1]).text
    assert kept(record)["F1.1"]["fields"] == THREE and kept(record)["D1.1"]["confidence"] == "low"
    assert [*rankings("01")["story and examination"].dropna()] == [1, 2, 3, 4]
    assert "open again" in reset("D1.1").text and rankings("01").isna().all(axis=None)
    assert "kept already" not in rank("D1.1", FOUR[::-1]).text
    assert [*rankings("01")["story and examination"].dropna()] == [4, 3, 2, 1]
    assert kept(record)["F1.1"]["fields"] == THREE


def test_a_form_on_the_page_follows_calls_and_resets(record):
    form, twin = rank("D1.2"), rank("D1.2")
    rank("D1.2", FOUR, "high")
    assert form.committed == twin.committed == {**{k: str(n) for n, k in enumerate(FOUR, 1)}, "confidence": "high"}
    assert "1 systemic juvenile" in form.feedback
    reset()
    assert form.committed == twin.committed == {} and form.feedback == ""
    form.given = {**dict(zip(FOUR, "4321", strict=True)), "primary_hlh": "", "confidence": "", "at": 1}
    assert twin.committed["kawasaki"] == "1" and form.reply == 1
    assert rank("D1.2").committed == form.committed  # and so does a form that is made later


def test_a_form_committed_twice_keeps_the_first(record):
    form = write("W1.1")
    form.given = {"sentence": "first", "at": 1}
    told = form.feedback
    form.given = {"sentence": "second", "at": 2}
    assert form.feedback == told  # a double click is no reason for a warning
    assert kept(record)["W1.1"]["fields"] == {"sentence": "first"} == {"sentence": form.committed["sentence"]}
    assert form.reply == 2  # the page does not wait in vain


def test_a_refused_form_says_why_and_stays_open(record):
    form = rank("D1.1")
    form.given = {"sjia": "1", "leukaemia": "1", "at": 1}
    assert "same place" in form.feedback and form.committed == {} and form.reply == 1
    form.given = {"sjia": "1", "leukaemia": "2", "at": 2}
    assert "Rank at least 4" in form.feedback and form.committed == {} and not record.exists()
    form.given = {"sjia": "²", "leukaemia": "x", "infection": None, "kawasaki": 3, "at": 3}
    assert "Rank at least 4" in form.feedback and form.reply == 3
    form.given = {**dict(zip(FOUR, "1357", strict=True)), "at": 4}
    assert "Rank at least 4" in form.feedback  # there is no seventh place
    form.given = {**dict(zip(FOUR, "1352", strict=True)), "at": 5}
    assert "is kept" in form.feedback and form.committed["kawasaki"] == "2"


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda: write("W1.1", ""), "still empty"),
        (lambda: write("W1.1", " \n "), "still empty"),
        (lambda: write("W1.1", "x" * 2001), "more than 2,000 characters"),
        (lambda: write("W1.1", 7), "has the fields sentence"),
        (lambda: write("W1.1", {"sentence": 7}), "still empty"),
        (lambda: write("F1.1", "one text for three"), "has the fields for, against, missing"),
        (lambda: write("F1.1", {**THREE, "more": "x"}), "has the fields"),
        (lambda: write("F1.1", {"for": "x"}), "One finding that speaks against it"),
        (lambda: write("F1.1", {**THREE, "for": "x" * 2001}), "more than 2,000"),
        (lambda: write("D1.1", "x"), "nothing to write called 'D1.1'"),
        (lambda: write("W1.11"), "did you mean 'W1.1'"),
        (lambda: write([]), "nothing to write"),
        (lambda: rank("W1.1", FOUR), "nothing to rank"),
        (lambda: rank("D1.1", FOUR[:3]), "at least 4"),
        (lambda: rank("D1.1", []), "at least 4"),
        (lambda: rank("D1.1", "sjia"), "at least 4"),
        (lambda: rank("D1.1", [*FOUR, "sjia"]), "stands there twice"),
        (lambda: rank("D1.1", [*FOUR[:3], "gout"]), "'gout' is not on the list"),
        (lambda: rank("D1.1", [*FOUR[:3], ["kawasaki"]]), "is not on the list"),
        (lambda: rank("D1.1", {"sjia": 1}), "is not on the list"),
        (lambda: rank("D1.1", FOUR, "certain"), "low, medium or high"),
        (lambda: rank("D1.1", FOUR, []), "low, medium or high"),
        (lambda: reset("W1.1"), "no answer to forget"),
        (lambda: reset(["W1.1"]), "no answer to forget"),
    ],
)
def test_nonsense_is_refused_in_words_and_records_nothing(record, call, says):
    assert says in call().text and not record.exists()


def test_two_thousand_characters_are_not_too_many(record):
    assert "is kept" in write("W1.1", "x" * 2000).text and len(kept(record)["W1.1"]["fields"]["sentence"]) == 2000


def test_markup_in_what_was_written_is_shown_and_not_obeyed(record):
    form = write("W1.1")
    told = write("W1.1", EVIL)
    for html in (told.html, form.feedback, notes("01").html, form._repr_mimebundle_()[0]["text/html"]):
        assert "<script" not in html and "<img" not in html
    assert "&lt;script&gt;" in notes("01").html and form.committed["sentence"] == EVIL  # a control's value is no markup


def test_half_a_character_does_not_stop_the_page(record):
    form = write("W1.1")
    form.given = {"sentence": "torn \ud83d paste", "at": 1}
    assert form.committed["sentence"] == "torn ? paste" and page(form)
    notes("01").html.encode("utf-8")


def test_prompts_are_whole_and_damage_is_told(tmp_path):
    assert all(p["kind"] == "rank" or p["look_for"] for p in prompts().values())
    for text, says in (
        ("- {id: A, kind: song, stem: s, notebook: n, stage: x}", "kind is text"),
        ("- {id: A, kind: text, stem: s, notebook: n}", "A: kind is text"),
        ("- {id: A, kind: song, stem: s, notebook: n}", "A: kind is text"),
        ("- {id: A, stem: s, notebook: n}", "A: kind is text"),
        ("- {id: A, kind: rank, stem: s, notebook: n, stage: x}\n" * 2, "A: its id stands there twice"),
        ("- {id: [", "cannot be read"),
        ("7", "is no list of entries"),
    ):
        (tmp_path / "prompts.yaml").write_text(text, encoding="utf-8")
        quiz.prompts.cache_clear()
        with pytest.raises(CaseDataError, match=says):
            prompts(tmp_path)
    quiz.prompts.cache_clear()


# ---- the way of a ranking -----------------------------------------------------------------------------------------


def test_a_replay_tells_every_place_and_draws_it(record):
    way = replay("01")
    assert "You have not ranked yet" in way.get().text and "<img" not in way.get().html
    rank("D1.1", FOUR), rank("D1.2", [*FOUR[1:], "sjia", "primary_hlh"])
    way.children[0].click()
    root, alt = drawing(way.get())
    assert "systemic juvenile idiopathic arthritis: story and examination place 1, course and MRI place 4" in alt
    assert "(HLH): story and examination not ranked, course and MRI place 5" in alt
    assert len(shapes(root, "circle")) == 4 + 5 and len(shapes(root, "line")) == 4
    assert clean(way.get()) and "place 5" in way.get().text


def test_my_page_shows_what_was_written_and_answered_and_is_brought_up_to_date(record):
    mine = my_page("01")
    before = mine._repr_mimebundle_()["text/plain"]
    assert before.startswith("Run the notebook for a button that brings this up to date.")
    assert "written nothing" in before and "not answered anything yet" in before
    write("W1.1", "A boy of two."), answer("N1.1", "a")
    assert mine.children[0].description == "Bring up to date" and "A boy of two." not in mine.get().text
    mine.children[0].click()
    assert "A boy of two." in mine.get().text and "You have answered 1 of" in mine._results[-1].shown["html"]
    assert "INVENTED" not in before and "INVENTED, TP-01" in my_page("11").get().text


def test_a_notebook_without_a_ranking_or_a_text_is_no_fault(record):
    assert rankings("99").shape == (5, 0) and "You have not ranked yet" in replay("99").get().text
    assert "written nothing" in notes("99").text and replay(None).get().text


# ---- the board ----------------------------------------------------------------------------------------------------


@pytest.fixture
def board(record):
    return differential_board(REGIONAL)


def test_the_board_keeps_what_is_set_and_a_new_one_reads_it(board, record):
    assert board.get() == {}
    board.set("fever", sjia="fits", kawasaki="does not fit")
    board.set("ferritin", sjia="Unknown ")
    filled = {("fever", "sjia"): "fits", ("fever", "kawasaki"): "does_not_fit", ("ferritin", "sjia"): "unknown"}
    assert board.get() == filled == differential_board(REGIONAL).get()
    assert differential_board(REGIONAL).committed == {"|".join(k): v for k, v in filled.items()}
    board.set("fever", sjia=None)
    assert ("fever", "sjia") not in board.get() and len(board.get()) == 2
    reset("B1.1")
    assert board.get() == {} == board.committed and board.feedback == ""


def test_the_board_compares_with_our_reading(board):
    states = {(r.finding, r.hypothesis): r.state for r in REGIONAL.board.itertuples()}
    assert len(states) == 80
    cells = {"|".join(k): s if n % 3 else "unknown" for n, (k, s) in enumerate(states.items())}
    board.given = {**cells, "at": 1}
    same = sum(cells["|".join(k)] == s for k, s in states.items())
    assert f"80 cells filled, {same} as in our reading" in board.feedback and same < 80
    assert board.feedback.count("<tr>") - 1 == 80 - same
    board.given = {**{"|".join(k): s for k, s in states.items()}, "at": 2}
    assert "80 cells filled, 80 as in our reading" in board.feedback and "<table" not in board.feedback
    board.given = {**dict.fromkeys(cells, ""), "at": 3}
    assert "The board is empty" in board.feedback and board.get() == {} and board.reply == 3


def test_two_boards_on_a_page_do_not_undo_each_other(board):
    other = differential_board(REGIONAL)
    board.set("fever", sjia="fits")
    other.set("limp", sjia="fits")
    assert board.committed == other.committed and len(board.get()) == 2
    board.set("ferritin", sjia="fits")
    assert len(other.get()) == 3 == len(other.committed)


@pytest.mark.parametrize(
    "row, cells, says",
    [
        ("gout", {}, "no row 'gout'"),
        ([], {}, "no row"),
        (None, {}, "no row"),
        ("fever", {"gout": "fits"}, "no column 'gout'"),
        ("fever", {"sjia": "maybe"}, "'maybe' is not a state"),
        ("fever", {"sjia": ""}, "is not a state"),
        ("fever", {"sjia": []}, "is not a state"),
        ("fever", {"sjia": True}, "is not a state"),
        ("fever", {"kawasaki": "fits", "sjia": 3}, "is not a state"),
    ],
)
def test_the_board_refuses_in_words_and_records_nothing(board, record, row, cells, says):
    refused = board.set(row, **cells).text
    assert refused.startswith("Refused. ") and says in refused and not record.exists()


def test_the_board_says_why(board):
    whole = board.why()
    assert whole.html.count("<tr>") == 81 and board.why("fever").html.count("<tr>") == 6
    assert (
        board.why(hypothesis="kawasaki").html.count("<tr>") == 17 and board.why("fever", "sjia").html.count("<tr>") == 2
    )
    reading = {(r.finding, r.hypothesis): r for r in REGIONAL.board.itertuples()}
    assert reading["fever", "sjia"].why[:40] in board.why("fever", "sjia").text
    for odd in (("gout",), ("fever", "gout"), ([],)):
        assert "has no row" in board.why(*odd).text


def test_the_board_reads_before_it_is_run_and_gives_one_row_away(board):
    data = board._repr_mimebundle_()[0]
    root, alt = drawing(board._still)
    assert "Run the notebook" in data["text/plain"] and data["text/html"].count("<table") == 1
    assert alt.count("not filled in") == 15 and all(label in alt for label in board._findings.values())
    for r in REGIONAL.board.itertuples():
        assert (r.why[:60] in data["text/plain"]) == (r.finding == "ferritin")
        assert r.why[:60] not in page(board)


def test_the_picture_of_the_board_is_its_reading_or_yours(board):
    board.set("fever", sjia="fits", leukaemia="does not fit")
    root, alt = drawing(board.picture("Yours.", mine=True))
    assert "a month of fever: systemic JIA fits, leukaemia does not fit;" in alt and alt.count("not filled in") == 15
    assert len(shapes(root, "circle")) == 1 + 2 and len(shapes(root, "line")) == 2 + 2 + 1  # the rest: the legend
    _, alt = drawing(board.picture("Ours."))
    assert "not filled in" not in alt and alt.count(";") == 15


def test_a_full_board_is_kept_in_one_write(board, monkeypatch):
    cells, written = [f"{f}|{h}" for f in board._findings for h in board._columns], []
    monkeypatch.setattr(
        store, "write_whole", lambda *a, write=store.write_whole, **k: written.append(1) or write(*a, **k)
    )
    for i in range(10):
        board.given = {**{c: "fits" if (i + n) % 2 else "unknown" for n, c in enumerate(cells)}, "at": i + 1}
    assert len(written) == 10 and len(board.get()) == 80


# ---- a hostile record ---------------------------------------------------------------------------------------------

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(["²", "-1", "0", "99", "9" * 40, "1", "low", "fits", EVIL, "\ud800", 10**30, [], ["a"], {"x": 1}]),
)
KEYS = st.sampled_from(["sentence", "for", "sjia", "leukaemia", "fever|sjia", "x|y", "|", "stranger", ""])
FIELDS = st.dictionaries(KEYS, ODD | st.sampled_from(["1", "2", "fits", "unknown"]), max_size=4) | ODD
ENTRY = st.fixed_dictionaries({}, optional={"fields": FIELDS, "choice": ODD, "confidence": ODD, "at": ODD}) | ODD
SHELF = st.dictionaries(st.sampled_from(["W1.1", "F1.1", "D1.1", "D1.2", "B1.1", "N1.1", ""]), ENTRY, max_size=5)


@settings(max_examples=35, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(forms=SHELF | ODD, answers=SHELF, extra=ODD)
def test_a_strange_record_never_raises_and_is_never_a_dead_end(record, forms, answers, extra):
    for left in record.parent.iterdir():
        left.unlink()
    record.write_text(json.dumps({"answers": answers, "forms": forms, "extra": extra}), encoding="utf-8")
    board = differential_board(REGIONAL)
    on_page = [write("W1.1"), write("F1.1"), rank("D1.1"), ask("N1.1"), board]
    shown = [notes("01"), replay("01").get(), progress(), reveal("N1.1"), board.picture("Mine.", mine=True)]
    for said in [*(s.html + s.text for s in shown), *map(page, on_page)]:
        said.encode("utf-8")
    assert not any("<script" in s.html for s in shown) and not any("<script" in c.feedback for c in on_page)
    told = [
        write("W1.1", "x"),
        write("F1.1", THREE),
        rank("D1.1", FOUR),
        answer("N1.1", "a"),
        board.set("fever", sjia="fits"),
    ]
    assert not any("<script" in t.html for t in told)
    for name in ("W1.1", "F1.1", "D1.1", "B1.1"):
        assert name in store.read("forms")[0]
    assert "N1.1" in store.read("answers")[0] and board.get()["fever", "sjia"] == "fits"
    if not list(record.parent.glob("*damaged*")):  # what was not understood is carried along
        assert json.dumps(json.loads(record.read_text())["extra"]) == json.dumps(extra)


@pytest.mark.parametrize(
    "name, entry",
    [
        ("W1.1", {"fields": {"sentence": 7}}),
        ("W1.1", {"fields": {"stranger": None}}),
        ("W1.1", {"fields": {"sentence": "\ud800"}}),
        ("W1.1", {"fields": {"sentence": "x"}, "confidence": "\ud800"}),
        ("D1.1", {"fields": {"sjia": "1"}, "confidence": ["low"]}),
        ("D1.1", {"fields": {"sjia": 1}}),
        ("D1.1", {"fields": ["sjia"]}),
        ("D1.1", None),
        ("B1.1", {"fields": {"fever|sjia": {}}}),
    ],
)
def test_an_entry_that_cannot_be_used_is_not_used_and_gives_way(record, name, entry):
    record.write_text(json.dumps({"answers": {}, "forms": {name: entry}}), encoding="utf-8")
    card = {"W": write, "D": rank, "B": lambda _: differential_board(REGIONAL)}[name[0]](name)
    assert card.committed == {} and card.feedback == "" and page(card)
    assert "written nothing" in notes("01").text and "not ranked yet" in replay("01").get().text
    {"W": lambda: write(name, "x"), "D": lambda: rank(name, FOUR), "B": lambda: card.set("limp", sjia="fits")}[
        name[0]
    ]()
    assert card.committed and kept(record)[name]["fields"] != entry


def test_places_and_states_that_are_none_are_left_out(record):
    odd = {"D1.1": {"fields": {"sjia": "²", "leukaemia": "9" * 40, "infection": "6", "kawasaki": "2", "gout": "1"}}}
    odd["B1.1"] = {"fields": {"fever|sjia": "maybe", "x|y": "fits", "limp|sjia": "unknown", "": "fits"}}
    record.write_text(json.dumps({"answers": {}, "forms": odd}), encoding="utf-8")
    assert "Your order: 2 Kawasaki disease." in rank("D1.1").feedback
    assert rankings("01")["story and examination"].dropna().to_dict() == {"Kawasaki disease": 2}
    board = differential_board(REGIONAL)
    assert board.get() == {("limp", "sjia"): "unknown"} and "1 cell filled" in board.feedback


@pytest.mark.parametrize(
    "content", ["", "[]", "7", '{"forms": {}}', '{"answers": {}, "forms": []}', "\ufeff{}", "[" * 99_999]
)
def test_a_damaged_record_is_set_aside_and_the_forms_go_on(record, content):
    record.write_text(content, encoding="utf-8")
    assert "damaged" in notes("01").text and "damaged" in write("W1.1").feedback
    write("W1.1", "x")
    assert kept(record)["W1.1"]["fields"] == {"sentence": "x"}
    (aside,) = record.parent.glob("*damaged*")
    assert aside.read_text(encoding="utf-8") == content


def test_what_cannot_be_saved_is_said_and_kept_for_the_session(record, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "write_whole", full)
    board = differential_board(REGIONAL)
    assert "could not be saved" in write("W1.1", "x").text and "could not be saved" in rank("D1.1", FOUR).text
    board.set("fever", sjia="fits")
    assert "could not be saved" in board.feedback and board.get() == {("fever", "sjia"): "fits"} and not record.exists()
    assert [*rankings("01")["story and examination"].dropna()] == [1, 2, 3, 4]


def test_an_older_record_has_one_shelf(record):
    record.write_text('{"version": 1, "answers": {"N1.1": {"choice": "b"}}}', encoding="utf-8")
    write("W1.1", "x")
    assert kept(record, "answers") == {"N1.1": {"choice": "b"}} and "You chose b" in reveal("N1.1").text


# ---- cards, and the questions that stand on them --------------------------------------------------------------------


def test_a_card_has_no_answer_of_its_own():
    card = quiz.Card({"id": "X", "stem": EVIL}, quiz.still(EVIL, [EVIL], EVIL))
    with pytest.raises(NotImplementedError):
        card.commit({})
    assert card.item["locks"] and "<script" not in card._repr_mimebundle_()[0]["text/html"]


def test_every_control_of_a_question_has_a_name_and_its_words(record):
    for name, item in items().items():
        card = ask(name)
        assert isinstance(card, Question) and card.item["kind"] == "choice" and card.item["button"].endswith(name)
        assert [o[0] for o in card.item["options"]] == ["a", "b", "c"]
        assert [o[1] for o in card.item["options"]] == [f"{o['key']}) {o['text']}" for o in item["options"]]


def test_a_question_keeps_to_its_shelf_and_a_form_to_its_own(record):
    answer("N1.1", "b", "low"), write("W1.1", "x")
    assert [*kept(record)] == ["W1.1"] and [*kept(record, "answers")] == ["N1.1"]
    assert ask("N1.1").committed == {"choice": "b", "confidence": "low"}
    reset("N1.1")
    assert ask("N1.1").committed == {} and write("W1.1").committed["sentence"] == "x"
    reset()
    assert kept(record) == {} == kept(record, "answers")


def test_a_question_refused_on_the_page_stays_open(record):
    card = ask("N1.1")
    card.given = {"choice": "z", "at": 1}
    assert "none of them" in card.feedback and card.committed == {} and card.reply == 1
    card.given = {"choice": "c", "confidence": "", "at": 2}
    assert "You chose c" in card.feedback and card.committed == {"choice": "c", "confidence": ""}


# ---- pictures -----------------------------------------------------------------------------------------------------


def test_pictures_spell_special_characters():
    label = 'a<b> & "c"'
    states = {("r", "c"): "fits", ("s", "c"): "unknown"}
    for shown in (
        plots.matrix(states, {"r": label, "s": "other"}, {"c": label}, label),
        plots.ranks(pd.DataFrame({label: [1, None]}, index=[label, "other"], dtype="Int64"), label),
        plots.icons({label: (3, "circle full")}, label),
    ):
        root, alt = drawing(shown)
        assert label in alt and any(label in text for text in words(root)) and "<b>" not in shown.html


def test_a_matrix_draws_one_shape_a_state_and_names_every_row():
    rows, columns = {f"r{i}": f"row {i}" for i in range(5)}, {"c": "column"}
    states = dict(
        zip(((r, "c") for r in rows), ["fits", "does_not_fit", "expected_but_absent", "unknown"], strict=False)
    )
    root, alt = drawing(plots.matrix(states, rows, columns, "Test."))
    told = ["column fits", "column does not fit", "column expected but absent", "column unknown", "not filled in"]
    assert alt == "Test. " + "; ".join(f"row {i}: {t}" for i, t in enumerate(told)) + "."
    assert len(shapes(root, "circle")) == 2 * 2 and len(shapes(root, "line")) == 2 * 3  # and each in the legend
    assert words(root).count("?") == 2 and all(label in words(root) for label in rows.values())


def test_icons_are_as_many_as_were_counted():
    counts = {"a": (7, "circle full"), "b": (0, "circle"), "c": (30, "square full"), "d": (5, "square")}
    root, alt = drawing(plots.icons(counts, "Test."))
    assert alt == "Test. 42 in all: 7 a; 0 b; 30 c; 5 d."
    assert len(shapes(root, "circle")) == 7 + 2 and len(shapes(root, "rect", width="15")) == 35 + 2
    assert (
        len(shapes(root, "circle", fill="white")) == 1 and len(shapes(root, "rect", width="15", fill="white")) == 5 + 1
    )
    places = {(e.get("x"), e.get("y")) for e in shapes(root, "rect", width="15")}
    assert len(places) == 37 and {"7  a", "0  b", "30  c", "5  d"} <= set(words(root))


def test_rulers_stand_where_the_reach_is():
    rules = ["mas_2016", "hlh_2004", "mh_score", "ms_score"]
    pairs = [(evaluate(r, REGIONAL), evaluate(r, ADMISSION)) for r in rules]
    root, alt = drawing(plots.rulers(pairs, ["before", "after"], "Test."))
    left, right = 215, 640
    for pair in pairs:
        assert pair[0].short in words(root) and alt.count(f"{pair[0].short}, cut-off") == 2
        for moment, v in zip(("before", "after"), pair, strict=True):
            assert f"{v.short}, cut-off {plots.cut_off(v)}, {moment}: {plots.span(v)}, {v.status}" in alt
    bars = [e for e in shapes(root, "rect", height="12") if e.get("width") != "12"]
    spans = [(float(e.get("x")) + 3, float(e.get("width")) - 6) for e in bars]
    middle, half = (left + right) / 2, (right - left) / 2
    wanted = [
        (middle + half * v.reach.place(v.reach.low), middle + half * v.reach.place(v.reach.high))
        for pair in pairs
        for v in pair
        if not (v.possible and len(v.possible) == 2)
    ]
    assert spans == [pytest.approx((a, b - a), abs=0.11) for a, b in wanted]
    assert len(shapes(root, "rect", height="12", width="12")) == 2  # MH score: 23 or 60, and nothing between
    assert len(shapes(root, "polygon")) == 3  # MS score: no end on either side before, none above after


def test_a_trade_marks_two_thresholds_and_draws_two_lines():
    swept = pd.DataFrame(
        {"threshold": [100.0, 500.0, 1000.0], "sensitivity": [1, 0.8, 0.5], "specificity": [0, 0.5, 1]}
    )
    node = {"label": "ferritin", "unit": "ng/mL", "threshold": 500.0}
    root, alt = drawing(plots.trade(swept, 1000.0, node, "SIMULATED."))
    lines = [e.get("points").split() for e in shapes(root, "polyline")]
    assert [len(points) for points in lines] == [3, 3]
    ends = [[float(y) for y in (points[0].split(",")[1], points[-1].split(",")[1])] for points in lines]
    assert ends == [[40, 165], [290, 40]]  # the whole height is 100 %
    assert "at the published threshold: 80 % of those with MAS met, 50 % of those without not met" in alt
    assert "nearest to yours: 50 % of those with MAS met, 100 %" in alt
    assert {"published 500", "yours 1,000", "SIMULATED", "threshold of ferritin, ng/mL"} <= set(words(root))
    alone = drawing(plots.trade(swept, 500.0, node, "SIMULATED."))[0]
    assert "published 500" in words(alone) and not any(w.startswith("yours") for w in words(alone))


def test_a_spread_says_simulated_and_the_medians_of_both_groups():
    from utils.chapters.cohort import simulate

    children, cut = simulate(400), {"ferritin": 684.0, "platelets": 181.0}
    shown = plots.spread(children, {"ferritin": "ferritin, µg/L", "platelets": "platelets, ×10⁹/L"}, cut, "SIMULATED.")
    for ax, name in zip(shown.figure.axes, cut, strict=True):
        texts = [t.get_text() for t in ax.texts]
        assert "SIMULATED" in texts and {"MAS", "active JIA"} <= set(texts) and f"{cut[name]:.0f}" in ax.get_title()
        for group, label in ((True, "MAS"), (False, "active JIA")):
            told = re.search(rf"{name}, [^,;]+, {label}: median ([\d,.]+)", shown.text)[1]
            median = children.loc[children["mas"] == group, name].median()
            assert float(told.rstrip(".").replace(",", "")) == pytest.approx(median, rel=0.01)
