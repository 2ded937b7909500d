"""What a learner writes, ranks and puts on a board: kept as it was given, never scored, never lost, never obeyed."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.check_questions import prompts as checked_prompts
from utils import plots
from utils import record as store
from utils.case import load_case
from utils.chapters.board import differential_board, replay
from utils.quiz import answer, ask, my_page, notes, progress, prompts, rank, rankings, reset, reveal, write
from utils.rules import evaluate
from utils.tables import CASEDATA, CaseDataError

CASE = load_case()
REGIONAL, ADMISSION = (CASE.as_of(t) for t in ("regional_hospital", "admission"))
FINDINGS, HYPOTHESES = list(REGIONAL.board_findings["finding"]), list(REGIONAL.hypotheses["hypothesis"])
READING = {(r.finding, r.hypothesis): r for r in REGIONAL.board.itertuples()}
FOUR = ["sjia", "leukaemia", "infection", "kawasaki"]
EVIL = "<script>alert(1)</script> & <img src=x onerror=alert(1)>"
THREE = {"for": "rash", "against": "limp", "missing": "marrow"}


def kept(path, shelf="forms"):
    return json.loads(path.read_text(encoding="utf-8"))[shelf] if path.exists() else {}


def sent(card):
    """Everything that a card sends to the page, as it would travel."""
    data = json.dumps(card.get_state(["item", "committed", "feedback"]), allow_nan=False, ensure_ascii=False)
    return data.encode("utf-8").decode("utf-8")


def first(widget):
    """How it reads before it is run: as text on one line, and as HTML."""
    data = widget._repr_mimebundle_()
    data = data[0] if isinstance(data, tuple) else data
    return " ".join(data["text/plain"].split()), data["text/html"]


# ---- to write and to rank -------------------------------------------------------------------------------------------
def test_a_form_shows_what_is_asked_and_nothing_that_comes_later(record):
    for name, prompt in prompts().items():
        form = write(name) if prompt["kind"] == "text" else rank(name)
        page = sent(form) + "".join(first(form))
        assert form.committed == {} and form.feedback == "" and "Run the notebook" in page
        assert prompt["stem"][:40] in first(form)[0]
        assert not any(x[:30] in page for x in [*prompt.get("look_for", []), prompt.get("exemplar", "")] if x)
    assert not record.exists()


def test_a_text_is_kept_and_answered_with_one_way_to_put_it(record):
    told = write("W1.1", "  A boy of two with a month of fever.  ").text
    assert kept(record)["W1.1"]["fields"] == {"sentence": "A boy of two with a month of fever."}
    assert "You used 9 words; the aim was at most 40." in told and prompts()["W1.1"]["exemplar"] in told
    assert all(line in told for line in prompts()["W1.1"]["look_for"])
    assert "A boy of two with a month of fever." in notes("01").text and "F1.1" not in notes("01").text


def test_the_first_commit_stays_and_reset_opens_it_again(record):
    write("F1.1", THREE), rank("D1.1", FOUR, " Low"), answer("N1.1", "b")
    assert "kept already" in write("F1.1", {**THREE, "for": "else"}).text
    assert "kept already" in rank("D1.1", FOUR[::-1]).text
    assert kept(record)["F1.1"]["fields"] == THREE and kept(record)["D1.1"]["confidence"] == "low"
    assert [*rankings("01")["story and examination"].dropna()] == [1, 2, 3, 4]
    assert "open again" in reset("D1.1").text and rankings("01").isna().all(axis=None)
    assert "kept already" not in rank("D1.1", FOUR[::-1]).text
    assert [*rankings("01")["story and examination"].dropna()] == [4, 3, 2, 1]
    assert kept(record)["F1.1"]["fields"] == THREE and [*kept(record, "answers")] == ["N1.1"]


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
    form.given = {"sentence": "first \ud83d torn", "at": 1}
    told = form.feedback
    form.given = {"sentence": "second", "at": 2}
    assert form.feedback == told  # a double click is no reason for a warning
    assert kept(record)["W1.1"]["fields"] == {"sentence": "first ? torn"} == {"sentence": form.committed["sentence"]}
    assert form.reply == 2 and sent(form)  # the page does not wait in vain, and half a character does not stop it


@pytest.mark.parametrize("places", ["11", "12", "²x", "1357"])  # there is no seventh place
def test_a_refused_ranking_says_why_and_stays_open(record, places):
    form, says = rank("D1.1"), "same place" if places == "11" else "Rank at least 4"
    form.given = {**dict(zip(FOUR, places, strict=False)), "at": 1}
    assert says in form.feedback and form.committed == {} and form.reply == 1 and not record.exists()
    form.given = {**dict(zip(FOUR, "1352", strict=True)), "at": 5}
    assert "is kept" in form.feedback and form.committed["kawasaki"] == "2"


NONSENSE = [
    (lambda: write("W1.1", " \n "), "still empty"), (lambda: write("W1.1", "x" * 2001), "more than 2,000 characters"),
    (lambda: write("W1.1", 7), "has the fields sentence"), (lambda: write("W1.1", {"sentence": 7}), "still empty"),
    (lambda: write("F1.1", "one for three"), "has the fields for, against, missing"),
    (lambda: write("F1.1", {**THREE, "more": "x"}), "has the fields"),
    (lambda: write("F1.1", {"for": "x"}), "One finding that speaks against it"),
    (lambda: write("D1.1", "x"), "nothing to write called 'D1.1'"), (lambda: write([]), "nothing to write"),
    (lambda: write("W1.11"), "did you mean 'W1.1'"), (lambda: rank("W1.1", FOUR), "nothing to rank"),
    (lambda: rank("D1.1", FOUR[:3]), "at least 4"), (lambda: rank("D1.1", "sjia"), "at least 4"),
    (lambda: rank("D1.1", [*FOUR, "sjia"]), "stands there twice"),
    (lambda: rank("D1.1", [*FOUR[:3], "gout"]), "'gout' is not on the list"),
    (lambda: rank("D1.1", [*FOUR[:3], ["kawasaki"]]), "not on the list"),
    (lambda: rank("D1.1", {"sjia": 1}), "not on the list"), (lambda: rank("D1.1", FOUR, "certain"), "low, medium"),
    (lambda: rank("D1.1", FOUR, []), "low, medium or high"), (lambda: reset(["W1.1"]), "no answer to forget"),
]  # fmt: skip


@pytest.mark.parametrize("call, says", NONSENSE)
def test_nonsense_is_refused_in_words_and_records_nothing(record, call, says):
    assert says in call().text and not record.exists()


SPOILT = [
    ("- {id: A, kind: song, stem: s, notebook: n, stage: x}", "A: .*kind is text"), ("- {id: [", "cannot be read"),
    ("- {id: A, kind: text, stem: s, notebook: n}", "A: .*kind is text"), ("7", "no list of entries"),
    ("- {id: A, stem: s, notebook: n}", "A: .*kind is text"),
    ("- {id: A, kind: rank, stem: s, notebook: n, stage: x}\n" * 2, "A: .*(twice|no id of its own)"),
]  # fmt: skip


@pytest.mark.parametrize("text, says", SPOILT)
def test_prompts_are_whole_and_damage_is_named(tmp_path, text, says):
    assert checked_prompts(CASEDATA) == prompts() and all(
        p["kind"] == "rank" or p["look_for"] for p in prompts().values()
    )
    (tmp_path / "prompts.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(CaseDataError, match=says):
        checked_prompts(tmp_path)


def test_a_replay_and_my_page_are_brought_up_to_date_by_their_buttons(record):
    way, mine = replay("01"), my_page("01")
    assert "You have not ranked yet" in first(way)[0] and "written nothing" in first(mine)[0]
    assert first(mine)[0].startswith("Run the notebook for a button that brings this up to date.")
    rank("D1.1", FOUR), rank("D1.2", [*FOUR[1:], "sjia", "primary_hlh"]), write("W1.1", EVIL), answer("N1.1", "a")
    for each in (way, mine):
        assert each.children[0].description == "Bring up to date"
        each.children[0].click()
    assert "systemic juvenile idiopathic arthritis place 1 place 4" in first(way)[0]
    assert "(HLH) not ranked place 5" in first(way)[0] and "You have answered 1 of" in mine.shown.text
    assert EVIL in mine.shown.text and "<script" not in mine.shown.html and "&lt;script&gt;" in notes("01").html
    assert "INVENTED, TP-01" in first(my_page("11"))[0]
    assert rankings("99").shape == (5, 0) and "written nothing" in notes("99").text and first(replay(None))[0]


# ---- the board ------------------------------------------------------------------------------------------------------
@pytest.fixture
def board(record):
    return differential_board(REGIONAL)


def test_the_board_keeps_what_is_set_and_every_other_one_follows(board):
    other = differential_board(REGIONAL)
    board.set("fever", sjia="fits", kawasaki="does not fit")
    other.set("ferritin", sjia="Unknown ")
    filled = {("fever", "sjia"): "fits", ("fever", "kawasaki"): "does_not_fit", ("ferritin", "sjia"): "unknown"}
    assert board.get() == other.get() == filled == differential_board(REGIONAL).get()
    assert board.committed == other.committed == {"|".join(k): v for k, v in filled.items()}
    board.set("fever", sjia=None)
    assert ("fever", "sjia") not in other.get() and len(other.get()) == 2
    reset("B1.1")
    assert board.get() == {} == board.committed and board.feedback == ""


def test_the_board_compares_with_our_reading_and_is_kept_in_one_write(board, monkeypatch):
    writes, write_whole = [], store.write_whole
    monkeypatch.setattr(store, "write_whole", lambda *a, **k: writes.append(1) or write_whole(*a, **k))
    ours = {"|".join(k): r.state for k, r in READING.items()}
    cells = {k: s if n % 3 else "unknown" for n, (k, s) in enumerate(ours.items())}
    same = sum(cells[k] == s for k, s in ours.items())
    board.given = {**cells, "at": 1}
    assert f"80 cells filled, {same} as in our reading" in board.feedback and same < 80 == len(board.get())
    assert board.feedback.count("<tr>") - 1 == 80 - same
    board.given = {**ours, "at": 2}
    assert "80 cells filled, 80 as in our reading" in board.feedback and "<table" not in board.feedback
    board.given = {**dict.fromkeys(cells, ""), "at": 3}
    assert "The board is empty" in board.feedback and board.get() == {} and board.reply == 3 == len(writes)


REFUSED = [
    ("gout", {}, "no row 'gout'"), ([], {}, "no row"), ("fever", {"gout": "fits"}, "no column 'gout'"),
    ("fever", {"sjia": "maybe"}, "'maybe' is not a state"), ("fever", {"sjia": []}, "is not a state"),
    ("fever", {"kawasaki": "fits", "sjia": True}, "is not a state"),
]  # fmt: skip


@pytest.mark.parametrize("row, cells, says", REFUSED)
def test_the_board_refuses_in_words_and_records_nothing(board, record, row, cells, says):
    refused = board.set(row, **cells).text
    assert refused.startswith("Refused. ") and says in refused and not record.exists()


def test_the_board_says_why_and_gives_one_row_away_before_it_is_run(board):
    rows = [board.why(*cell).html.count("<tr>") for cell in ((), ("fever",), (None, "kawasaki"), ("fever", "sjia"))]
    assert rows == [81, 6, 17, 2] and READING["fever", "sjia"].why[:40] in board.why("fever", "sjia").text
    assert all("has no row" in board.why(*odd).text for odd in (("gout",), ("fever", "gout"), ([],)))
    text, html = first(board)
    assert "Run the notebook" in text and "Run the notebook" in html
    for r in READING.values():
        assert (" ".join(r.why[:60].split()) in text) == (r.finding == "ferritin") and r.why[:60] not in sent(board)


def test_the_picture_of_the_board_is_its_reading_or_yours(board):
    board.set("fever", sjia="fits", leukaemia="does not fit")
    mine, ours = board.picture("Yours.", mine=True).text, board.picture("Ours.").text
    for label in REGIONAL.board_findings["label"]:
        assert label in mine and label in ours
    assert "Yours." in mine and "does not fit" in mine and "Ours." in ours and "expected but absent" in ours


# ---- a hostile record -----------------------------------------------------------------------------------------------
ODD = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
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
    cards = [write("W1.1"), write("F1.1"), rank("D1.1"), ask("N1.1"), board]
    shown = [notes("01"), progress(), reveal("N1.1"), board.picture("Mine.", mine=True)]
    for said in [*(s.html + s.text for s in shown), *map(sent, cards), "".join(first(replay("01")))]:
        said.encode("utf-8")
    shown += [write("W1.1", "x"), write("F1.1", THREE), rank("D1.1", FOUR), answer("N1.1", "a")]
    shown.append(board.set("fever", sjia="fits"))
    assert not any("<script" in s.html for s in shown) and not any("<script" in c.feedback for c in cards)
    assert {"W1.1", "F1.1", "D1.1", "B1.1"} <= set(store.read("forms")[0])
    assert "N1.1" in store.read("answers")[0] and board.get()["fever", "sjia"] == "fits"
    if not list(record.parent.glob("*damaged*")):  # what was not understood is carried along
        assert json.dumps(json.loads(record.read_text())["extra"]) == json.dumps(extra)


UNUSABLE = [
    ("W1.1", {"fields": {"sentence": 7}}), ("W1.1", {"fields": {"sentence": "\ud800"}}), ("D1.1", None),
    ("W1.1", {"fields": {"sentence": "x"}, "confidence": "\ud800"}), ("D1.1", {"fields": ["sjia"]}),
    ("D1.1", {"fields": {"sjia": "1"}, "confidence": ["low"]}), ("B1.1", {"fields": {"fever|sjia": {}}}),
]  # fmt: skip


@pytest.mark.parametrize("name, entry", UNUSABLE)
def test_an_entry_that_cannot_be_used_is_not_used_and_gives_way(record, name, entry):
    record.write_text(json.dumps({"answers": {}, "forms": {name: entry}}), encoding="utf-8")
    card = {"W": write, "D": rank, "B": lambda _: differential_board(REGIONAL)}[name[0]](name)
    assert card.committed == {} and card.feedback == "" and sent(card)
    assert "written nothing" in notes("01").text and "not ranked yet" in first(replay("01"))[0]
    fill = {"W": {"sentence": "x"}, "D": dict(zip(FOUR, "1234", strict=True)), "B": {"limp|sjia": "fits"}}[name[0]]
    card.given = {**fill, "at": 1}
    assert card.committed and kept(record)[name]["fields"] != entry


def test_places_and_states_that_are_none_are_left_out(record):
    odd = {"D1.1": {"fields": {"sjia": "²", "leukaemia": "9" * 40, "infection": "6", "kawasaki": "2", "gout": "1"}}}
    odd["B1.1"] = {"fields": {"fever|sjia": "maybe", "x|y": "fits", "limp|sjia": "unknown", "": "fits"}}
    record.write_text(json.dumps({"answers": {}, "forms": odd}), encoding="utf-8")
    assert "Your order: 2 Kawasaki disease." in rank("D1.1").feedback
    assert rankings("01")["story and examination"].dropna().to_dict() == {"Kawasaki disease": 2}
    board = differential_board(REGIONAL)
    assert board.get() == {("limp", "sjia"): "unknown"} and "1 cell filled" in board.feedback


# ---- pictures -------------------------------------------------------------------------------------------------------
def test_pictures_say_in_words_what_they_show_and_spell_special_characters():
    odd, rows = 'a<b> & "c"', {f"r{i}": f"row {i}" for i in range(5)}
    states = dict(
        zip(((r, "c") for r in rows), ["fits", "does_not_fit", "expected_but_absent", "unknown"], strict=False)
    )
    board = plots.matrix(states, rows, {"c": "column"}, "Test.").text
    for n, state in enumerate(["fits", "does not fit", "expected but absent", "unknown"]):
        assert re.search(rf"row {n}\b[^;\n]*\b{state}\b", board), board
    crowd = plots.icons({"a": (7, "circle full"), "b": (0, "circle"), "c": (30, "square")}, "Test.").text
    assert re.findall(r"([abc]) +(\d+)", crowd) == [("a", "7"), ("b", "0"), ("c", "30")]
    matrix = plots.matrix({("r", "c"): "fits"}, {"r": odd}, {"c": odd}, odd)
    for shown in (matrix, plots.icons({odd: (3, "circle full")}, odd)):
        assert odd in shown.text and "<b>" not in shown.html


def test_rulers_say_how_far_each_still_reaches():
    pairs = [(evaluate(r, REGIONAL), evaluate(r, ADMISSION)) for r in ("mas_2016", "hlh_2004", "mh_score", "ms_score")]
    told = plots.rulers(pairs, ["before", "after"], "Test.").text
    for moment, v in [(moment, v) for pair in pairs for moment, v in zip(("before", "after"), pair, strict=True)]:
        assert f"{v.short}, cut-off {plots.cut_off(v)}, {moment}: {plots.span(v)}, {v.status}" in told


def test_a_trade_and_a_spread_say_simulated_and_their_numbers():
    swept = pd.DataFrame(
        {"threshold": [100.0, 500.0, 1000.0], "sensitivity": [1, 0.8, 0.5], "specificity": [0, 0.5, 1]}
    )
    node = {"label": "ferritin", "unit": "ng/mL", "threshold": 500.0}
    told = plots.trade(swept, 1000.0, node, "SIMULATED.").text
    assert "Nearest to your threshold: 50 % of those with MAS met, 100 %" in told and "SIMULATED" in told
    cut, dice = {"ferritin": 684.0, "platelets": 181.0}, np.random.default_rng(1)
    children = pd.DataFrame({name: dice.lognormal(6, 1, 400) for name in cut}).assign(mas=np.arange(400) < 100)
    told = plots.spread(children, {name: f"{name}, unit" for name in cut}, cut, "SIMULATED.").text
    for name, (group, label) in [(name, g) for name in cut for g in ((True, "MAS"), (False, "active JIA"))]:
        median = re.search(rf"{name}, [^,;]+, {label}: median ([\d,.]+)", told)[1].rstrip(".").replace(",", "")
        assert float(median) == pytest.approx(children.loc[children["mas"] == group, name].median(), rel=0.01)
