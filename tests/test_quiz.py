"""Commit first, then reveal: what is answered, written, ranked or put on a board is kept, never lost, never obeyed."""

import copy
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas import NA

from tests.check_questions import items as checked_items
from tests.check_questions import prompts as checked_prompts
from tests.injection import PAYLOADS, Found
from utils import quiz
from utils import record as store
from utils.case import load_case
from utils.chapters.board import DifferentialBoard, replay
from utils.quiz import answer, ask, items, my_page, notes, progress, prompts, rank, reset, reveal, write
from utils.tables import CASEDATA, CaseDataError, read_table

REGIONAL = load_case().as_of("regional_hospital")
READING = {(r.finding, r.hypothesis): r for r in REGIONAL.board.itertuples()}
FOUR = ["sjia", "leukaemia", "infection", "kawasaki"]
EVIL = "<script>alert(1)</script> & <img src=x onerror=alert(1)>"
THREE = {"for": "rash", "against": "limp", "missing": "marrow"}


def kept(record, shelf="answers"):
    """What a shelf of the record holds: choices, or the fields of forms."""
    shelf = json.loads(record.read_text(encoding="utf-8"))[shelf] if record.exists() else {}
    return {name: entry.get("choice") or entry["fields"] for name, entry in shelf.items()}


def first(widget):
    """How it reads before it is run: as text on one line, and as HTML."""
    data = widget._repr_mimebundle_()
    data = data[0] if isinstance(data, tuple) else data
    return " ".join(data["text/plain"].split()), data["text/html"]


def sent(card):
    """All that a card sends to the page, as it would travel, and how it reads before."""
    state = card.get_state(["item", "committed", "feedback", "given"])
    return (json.dumps(state, allow_nan=False, ensure_ascii=False) + "".join(first(card))).encode().decode()


def commit(card, at=1, **given):
    """What the page sends when a button is pressed; the feedback."""
    card.given = {**given, "at": at}
    assert card.reply == at  # the page does not wait in vain
    return card.feedback


# ---- commit first ---------------------------------------------------------------------------------------------------
def test_nothing_is_given_away_before_the_commit_and_every_option_is_explained_after_it(record):
    for name, item in items().items():
        card, locked = ask(name), reveal(name)
        assert card.given == {} and "commit first" in locked.text and item["options"][0]["text"] in first(card)[0]
        assert not any(o["why"][:30] in sent(card) + locked.html + locked.text for o in item["options"])
        assert [o[1] for o in card.item["options"]] == [f"{o['key']}) {o['text']}" for o in item["options"]]
        assert card.item["kind"] == "choice" and card.item["button"] == f"Commit answer {name}"
        assert card.committed == {} and card.feedback == ""
    for name, prompt in prompts().items():
        form = write(name) if prompt["kind"] == "text" else rank(name)
        assert form.committed == {} and form.feedback == "" and "Run the notebook" in sent(form)
        assert prompt["stem"][:40] in first(form)[0]
        assert not any(x[:30] in sent(form) for x in [*prompt.get("look_for", []), prompt.get("exemplar", "")] if x)
    assert not record.exists()
    for name, item in items().items():
        text = answer(name, "a", "low").text
        assert text == reveal(name).text
        assert all(o["why"].strip() in text and o["rests_on"][0] in text for o in item["options"])
        assert all(label in text for label, _ in quiz.voices(item))


def test_a_card_commits_once_locks_and_follows_calls(record):
    card = ask("N3.2")
    assert "none of them" in commit(card, choice="z") and card.committed == {}  # it stays open
    assert "best supported answer" in commit(card, at=2, choice="b", confidence="high")
    commit(card, at=3, choice="a", confidence="")
    assert card.committed == {"choice": "b", "confidence": "high"} and kept(record) == {"N3.2": "b"}
    reset("N3.2")
    assert card.committed == {} and card.feedback == ""
    assert "You chose a" in answer("N3.2", " A ", "High").text and "You chose a" in card.feedback
    assert card.committed == {"choice": "a", "confidence": "high"}  # capitals and blanks do no harm
    assert "answered already: a" in answer("N3.2", "b").text and "You chose a" in reveal("N3.2").text


def test_a_text_is_kept_and_answered_with_one_way_to_put_it(record):
    text = write("W1.1", "  A boy of two with a month of fever.  ").text
    assert kept(record, "forms") == {"W1.1": {"sentence": "A boy of two with a month of fever."}}
    assert "You used 9 words; the aim was at most 40." in text and prompts()["W1.1"]["exemplar"] in text
    assert all(line in text for line in prompts()["W1.1"]["look_for"])
    assert "A boy of two with a month of fever." in notes("01").text and "F1.1" not in notes("01").text
    reset()
    form = write("W1.1")
    text = commit(form, sentence="first \ud83d torn")  # half a character does not stop it
    assert commit(form, at=2, sentence="second") == text  # a double click is no reason for a warning
    assert kept(record, "forms")["W1.1"] == {"sentence": "first ? torn"} == {"sentence": form.committed["sentence"]}
    assert sent(form)


def test_the_first_commit_of_a_form_stays_and_reset_opens_it_again(record):
    form, twin = rank("D1.1"), rank("D1.1")
    write("F1.1", THREE), rank("D1.1", FOUR, " Low"), answer("N1.1", "b")
    assert form.committed == twin.committed == {**{k: str(n) for n, k in enumerate(FOUR, 1)}, "confidence": "low"}
    assert "1 systemic juvenile" in form.feedback and rank("D1.1").committed == form.committed
    assert "kept already" in write("F1.1", {**THREE, "for": "else"}).text
    assert "kept already" in rank("D1.1", FOUR[::-1]).text
    assert [*quiz.rankings("01")["story and examination"].dropna()] == [1, 2, 3, 4]
    assert "open again" in reset("D1.1").text and quiz.rankings("01").isna().all(axis=None)
    assert form.committed == twin.committed == {} and form.feedback == ""
    commit(form, **dict(zip(FOUR, "4321", strict=True)), primary_hlh="", confidence="")
    assert twin.committed["kawasaki"] == "1" and [*quiz.rankings("01").iloc[:, 0].dropna()] == [4, 3, 2, 1]
    assert kept(record, "forms")["F1.1"] == THREE and kept(record) == {"N1.1": "b"}


@pytest.mark.parametrize("places", ["11", "12", "²x", "1357"])  # there is no seventh place
def test_a_refused_ranking_says_why_and_stays_open(record, places):
    form, says = rank("D1.1"), "same place" if places == "11" else "Rank at least 4"
    assert says in commit(form, **dict(zip(FOUR, places, strict=False)))
    assert form.committed == {} and not record.exists()
    assert "is kept" in commit(form, at=5, **dict(zip(FOUR, "1352", strict=True))) and form.committed["kawasaki"] == "2"


NONSENSE = [  # any other is tests/test_fuzz.py's
    (lambda: answer("N3.2", "d"), "Nothing was recorded"), (lambda: answer("N3.2", NA), "Nothing was recorded"),
    (lambda: answer("N3.2", "a", NA), "low, medium or high"),
    (lambda: answer("N3.2", "a", "sure"), "low, medium or high"),
    (lambda: answer("N3.22", "a"), "did you mean"), (lambda: reveal(7), "There is no question '7'"),
    (lambda: reset("N3.2"), "no answer to forget"), (lambda: write("W1.1", " \n "), "still empty"),
    (lambda: write("F1.1", {"for": "x"}), "One finding that"), (lambda: rank("D1.1", "sjia"), "at least 4"),
    (lambda: write("F1.1", {**THREE, "more": "x"}), "has the fields for, against, missing"),
    (lambda: write("D1.1", "x"), "nothing to write called 'D1.1'"), (lambda: rank("W1.1", FOUR), "nothing to rank"),
    (lambda: rank("D1.1", [*FOUR[:3], "gout"]), "no ranking"), (lambda: rank("D1.1", [*FOUR, "sjia"]), "each once"),
]  # fmt: skip


@pytest.mark.parametrize("call, says", NONSENSE)
def test_nonsense_is_refused_in_words_and_records_nothing(record, call, says):
    assert says in call().text and not record.exists()


def test_progress_counts_and_never_scores_confidence_or_discussion(record):
    assert "record_path()" in progress().text
    found = set()
    for sure in (("low", "high"), ("high", "low")):
        reset(), answer("N3.2", "b", sure[0]), answer("N3.3", "a", sure[1]), answer("S3.1", "a"), answer("N0.1", "a")
        found.add(progress().text)
    [text] = found
    assert text.startswith(f"You have answered 4 of {len(items())} questions. ") and "\n" not in text
    assert " 1 of 2 that are scored. Confidence is never scored." in text


# ---- a question that was changed ------------------------------------------------------------------------------------
@pytest.fixture
def reword(monkeypatch):
    """Gives N3.6, which is as it was first asked, another stem and key, and takes them back."""
    old, new = items()["N3.6"], copy.deepcopy(items()["N3.6"]) | {"stem": "Another question?", "best": "a"}
    assert old["best"] == "b" and read_table("revisions").set_index("id").at["N3.6", "first"] == quiz.revision(old)
    return lambda changed=True: monkeypatch.setitem(items(), "N3.6", new if changed else old)


def test_a_revision_changes_with_stem_options_and_key_alone():
    item, table = items()["N3.2"], read_table("revisions").set_index("id")
    for change in ({"stem": "?"}, {"best": "a"}, {"options": [{**o, "text": "x"} for o in item["options"]]}):
        assert quiz.revision({**item, **change}) != quiz.revision(item)
    same = {"voices": {}, "options": [{**o, "why": "another explanation"} for o in item["options"]]}
    assert quiz.revision({**item, **same}) == quiz.revision(item)
    asked = {k: quiz.revision(i) for k, i in {**checked_items(CASEDATA), **checked_prompts(CASEDATA)}.items()}
    assert table.loc[table["asked"], "revision"].to_dict() == asked


def test_an_answer_to_another_form_of_the_question_is_said_and_not_judged(record, reword):
    assert "best supported answer is b" in answer("N3.6", "a").text and " 0 of 1" in progress().text
    reword()
    card, text = ask("N3.6"), reveal("N3.6").text
    assert "has been changed since you answered it. You chose a then" in text and "[your choice]" not in text
    assert card.committed["choice"] == "" and "You chose a then" in card.feedback
    assert "answered 1 of" in progress().text and " 0 of 0" in progress().text
    reset("N3.6")
    assert "That is the best supported answer." in answer("N3.6", "a").text and " 1 of 1" in progress().text
    reword(False)
    assert "You chose a then; that is not judged here" in reveal("N3.6").text
    record.write_text('{"version": 1, "answers": {"N3.6": {"choice": "b"}}}')  # from before revisions were kept
    assert "That is the best supported answer." in reveal("N3.6").text and " 1 of 1" in progress().text
    reword()
    assert "You chose b then" in reveal("N3.6").text


# ---- two votes ------------------------------------------------------------------------------------------------------
@pytest.fixture
def room(record):
    """A record in which each question takes two votes."""
    assert "vote 1" in quiz.two_votes(True).text
    return record


def test_a_first_vote_is_stored_and_gives_nothing_away(room):
    asked = {name: item for name, item in items().items() if item["notebook"] == "03"}
    for name, item in asked.items():
        card = ask(name)
        assert card.item["button"] == f"Commit first vote {name}"
        text = commit(card, choice="b", confidence="high", vote=1)
        assert "vote 1 is in, b. Talk with your neighbour, then vote again" in text
        text = sent(card) + reveal(name).html + reveal(name).text
        assert not any(o["why"][:30] in text for o in item["options"]) and "best supported" not in text
        assert card.committed == {} and card.item["first"] == "b"
        assert card.item["button"] == f"Commit second vote {name}"
    assert kept(room) == {} and kept(room, "votes") == dict.fromkeys(asked, "b")
    assert "not answered anything yet" in progress().text


@pytest.mark.parametrize("choice, says", [("b", "You changed from a to b."), ("a", "You stayed with a.")])
def test_the_second_vote_is_the_answer_and_the_feedback_says_what_changed(room, choice, says):
    card, other = ask("N3.2"), ask("N3.3")
    assert "vote 1 is in, a" in answer("N3.2", "a", "low").text and card.item["first"] == "a"
    assert f"You chose {choice}. " in answer("N3.2", choice).text
    commit(other, choice="a", vote=1), commit(other, at=2, choice=choice, vote=2)
    for each in (card, other):
        assert each.committed["choice"] == choice and f"You chose {choice}." in each.feedback and says in each.feedback
    assert says in reveal("N3.2").text and says in answer("N3.2", "c").text and "answered already" in card.feedback
    assert set(kept(room, "votes").values()) == {"a"} and set(kept(room).values()) == {choice}
    assert "no single" in (answer("S3.1", "a"), answer("S3.1", "a"))[1].text  # a question to talk about takes two too


def test_a_double_click_gives_no_second_vote_and_switched_off_the_next_commit_is_the_answer(room):
    waiting, other, fresh = ask("N3.2"), ask("N3.2"), ask("N3.3")
    commit(waiting, choice="a", vote=1), commit(waiting, at=2, choice="a", vote=1)
    assert "voted on already: a. It stays" in commit(other, choice="b", vote=1)
    assert kept(room, "votes") == {"N3.2": "a"} and kept(room) == {}
    quiz.two_votes(False)
    assert fresh.item["button"] == "Commit answer N3.3" and "vote" not in commit(fresh, choice="b", vote=1)
    assert "You changed from a to b." in commit(waiting, choice="b", vote=2)
    assert kept(room) == {"N3.2": "b", "N3.3": "b"} and kept(room, "votes") == {"N3.2": "a"}
    quiz.two_votes(True)
    assert "answered already: b" in answer("N3.3", "c").text and kept(room, "votes") == {"N3.2": "a"}


def test_a_reset_forgets_both_votes_leaves_the_mode_and_keeps_a_backup(room):
    answer("N3.2", "a"), answer("N3.2", "b"), answer("N3.3", "a")
    assert "open again" in reset("N3.2").text and kept(room, "votes") == {"N3.3": "a"}
    assert "open again" in reset("N3.3").text and kept(room, "votes") == kept(room) == {}
    assert "vote 1 is in" in answer("N3.2", "c").text
    reset(), reset()  # an empty record is no backup of a full one
    assert kept(room, "votes") == {} and "N3.2" in room.with_suffix(".backup.json").read_text()


def test_a_button_switches_and_cards_follow(record):
    switch, card = quiz.two_votes(), ask("N3.2")
    assert not record.exists() and "One vote: " in first(switch)[0]
    switch.children[0].click()
    assert "Two votes: " in switch.shown.text and card.item["button"] == "Commit first vote N3.2"
    quiz.two_votes(False)
    assert card.item["button"] == "Commit answer N3.2" and "Two votes: " in quiz.two_votes(True).text
    switch.children[0].click()  # from what it is by then
    assert "One vote: " in switch.shown.text and json.loads(record.read_text())["two_votes"] is False
    assert all("neither" in quiz.two_votes(odd).text for odd in ("yes", 1, [True]))


def test_an_odd_mode_or_vote_counts_as_none(record):
    record.write_text('{"answers": {}, "forms": {}, "two_votes": 1, "votes": {"N3.2": {"choice": "z"}, "x": 3}}')
    assert ask("N3.2").item["button"] == "Commit answer N3.2"
    assert "You chose a" in answer("N3.2", "a").text and "changed" not in reveal("N3.2").text


# ---- a teacher's own questions, and the form of ours ----------------------------------------------------------------
def own(folder, stem="A question?", text="words", keys="abc", best="a"):
    """A file of one question in a folder of its own."""
    options = [{"key": key, "text": text, "why": text, "rests_on": [text]} for key in keys]
    asked = {"id": "X9.1", "notebook": "01", "kind": "decision", "stem": stem, "best": best, "voices": {"data": stem}}
    (folder / "items.yaml").write_text(json.dumps([asked | {"options": options}]), encoding="utf-8")
    return folder


def test_markup_in_a_question_is_shown_and_not_obeyed(record, tmp_path):
    card = ask("X9.1", own(tmp_path, EVIL, PAYLOADS[2]))
    for html in (first(card)[1], answer("X9.1", "a").html, card.feedback):
        assert Found(html).wrong == [] and PAYLOADS[2] in Found(html).words


@pytest.mark.parametrize("wrong", [{"keys": "ab"}, {"keys": "abd"}, {"text": ""}, {"stem": " "}, {"best": "d"}])
def test_a_question_that_cannot_be_asked_is_named_in_one_sentence(tmp_path, wrong):
    with pytest.raises(CaseDataError, match="items.yaml: X9.1: .*'notebook', 'kind'"):
        ask("X9.1", own(tmp_path, **wrong))


# ---- all of it again, and the board ---------------------------------------------------------------------------------
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
    assert quiz.rankings("99").shape == (5, 0) and "written nothing" in notes("99").text and first(replay(None))[0]


@pytest.fixture
def board(record):
    return DifferentialBoard(REGIONAL)


def test_the_board_keeps_what_is_set_and_every_other_one_follows(board):
    other = DifferentialBoard(REGIONAL)
    board.set("fever", sjia="fits", kawasaki="does not fit")
    other.set("ferritin", sjia="Unknown ")
    filled = {("fever", "sjia"): "fits", ("fever", "kawasaki"): "does_not_fit", ("ferritin", "sjia"): "unknown"}
    assert board.get() == other.get() == filled == DifferentialBoard(REGIONAL).get()
    assert board.committed == other.committed == {"|".join(k): v for k, v in filled.items()}
    mine, ours = board.picture("Yours.", mine=True).text, board.picture("Ours.").text
    assert all(label in mine and label in ours for label in REGIONAL.board_findings["label"])
    assert "Yours." in mine and "does not fit" in mine and "Ours." in ours and "expected but absent" in ours
    board.set("fever", sjia=None)
    assert ("fever", "sjia") not in other.get() and len(other.get()) == 2
    reset("B1.1")
    assert board.get() == {} == board.committed and board.feedback == ""


def test_the_board_compares_with_our_reading(board):
    ours = {"|".join(k): r.state for k, r in READING.items()}
    cells = {k: s if n % 3 else "unknown" for n, (k, s) in enumerate(ours.items())}
    same = sum(cells[k] == s for k, s in ours.items())
    assert f"80 cells filled, {same} as in our reading" in commit(board, **cells) and same < 80 == len(board.get())
    assert board.feedback.count("<tr>") - 1 == 80 - same
    assert "80 cells filled, 80 as in our reading" in commit(board, at=2, **ours) and "<table" not in board.feedback
    assert "The board is empty" in commit(board, at=3, **dict.fromkeys(cells, "")) and board.get() == {}


NO_CELLS = [
    ("gout", {}, "no row 'gout'"), ("fever", {"gout": "fits"}, "no column 'gout'"),
    ("fever", {"sjia": "maybe"}, "'maybe' is not a state"), ("fever", {"kawasaki": "fits", "sjia": True}, "'True'"),
]  # fmt: skip


def test_the_board_refuses_in_words_and_records_nothing(board, record):
    for row, cells, says in NO_CELLS:
        refused = board.set(row, **cells).text
        assert refused.startswith("Refused. ") and says in refused and not record.exists(), says


def test_the_board_says_why_and_gives_one_row_away_before_it_is_run(board):
    rows = [board.why(*cell).html.count("<tr>") for cell in ((), ("fever",), (None, "kawasaki"), ("fever", "sjia"))]
    assert rows == [81, 6, 17, 2] and READING["fever", "sjia"].why[:40] in board.why("fever", "sjia").text
    assert all("has no row" in board.why(*odd).text for odd in (("gout",), ("fever", "gout"), ([],)))
    state, (text, html) = json.dumps(board.get_state(["item", "feedback"]), ensure_ascii=False), first(board)
    assert "Run the notebook" in text and "Run the notebook" in html
    for r in READING.values():
        assert (" ".join(r.why[:60].split()) in text) == (r.finding == "ferritin") and r.why[:60] not in state


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
    store.watchers.clear()  # of the example before
    record.write_text(json.dumps({"answers": answers, "forms": forms, "extra": extra}), encoding="utf-8")
    board = DifferentialBoard(REGIONAL)
    cards = [write("W1.1"), write("F1.1"), rank("D1.1"), ask("N1.1"), board]
    shown = [notes("01"), progress(), reveal("N1.1"), board.picture("Mine.", mine=True)]
    for text in [*(s.html + s.text for s in shown), *map(sent, cards), "".join(first(replay("01")))]:
        text.encode("utf-8")
    shown += [write("W1.1", "x"), write("F1.1", THREE), rank("D1.1", FOUR), answer("N1.1", "a")]
    shown.append(board.set("fever", sjia="fits"))
    assert not any("<script" in s.html for s in shown) and not any("<script" in c.feedback for c in cards)
    assert {"W1.1", "F1.1", "D1.1", "B1.1"} <= set(store.read("forms")[0])
    assert "N1.1" in store.read("answers")[0] and board.get()["fever", "sjia"] == "fits"
    if not list(record.parent.glob("*damaged*")):  # what was not understood is carried along
        assert json.dumps(json.loads(record.read_text())["extra"]) == json.dumps(extra)


FORMS = {"W1.1": {"sentence": "x"}, "D1.1": dict(zip(FOUR, "1234", strict=True)), "B1.1": {"limp|sjia": "fits"}}
UNUSABLE = [
    ("W1.1", {"fields": {"sentence": 7}}), ("W1.1", {"fields": {"sentence": "\ud800"}}), ("D1.1", None),
    ("W1.1", {"fields": {"sentence": "x"}, "confidence": "\ud800"}), ("D1.1", {"fields": ["sjia"]}),
    ("D1.1", {"fields": {"sjia": "1"}, "confidence": ["low"]}), ("B1.1", {"fields": {"fever|sjia": {}}}),
]  # fmt: skip


@pytest.mark.parametrize("name, entry", UNUSABLE)
def test_an_entry_that_cannot_be_used_is_not_used_and_gives_way(record, name, entry):
    record.write_text(json.dumps({"answers": {}, "forms": {name: entry}}), encoding="utf-8")
    card = {"W": write, "D": rank, "B": lambda _: DifferentialBoard(REGIONAL)}[name[0]](name)
    assert card.committed == {} and card.feedback == "" and sent(card)
    assert "written nothing" in notes("01").text and "not ranked yet" in first(replay("01"))[0]
    assert commit(card, **FORMS[name]) and FORMS[name].items() <= kept(record, "forms")[name].items()
