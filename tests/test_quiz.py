"""Commit first, then reveal; nothing that was committed is ever lost."""

import copy
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.check_questions import items as checked_items
from tests.injection import PAYLOADS, Found
from utils import record as store
from utils.phrases import phrase
from utils.quiz import answer, ask, items, progress, prompts, record_path, reset, reveal, revision, two_votes
from utils.tables import CASEDATA, CaseDataError, read_table


def kept(record, shelf="answers"):
    return {name: entry["choice"] for name, entry in json.loads(record.read_text())[shelf].items()}


def sent(card):
    """All that a card sends to the page."""
    state = card.get_state(["item", "committed", "feedback", "given"])
    return json.dumps(state) + json.dumps(card._repr_mimebundle_()[0])


def python(code):
    """What a new process prints."""
    env = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    run = {"capture_output": True, "text": True, "encoding": "utf-8"}
    return subprocess.run([sys.executable, "-c", code], env=env, check=True, **run).stdout


def test_nothing_is_given_away_or_selected_before_the_commit(record):
    for name, item in items().items():
        card, locked = ask(name), reveal(name)
        assert card.committed == {} and card.given == {} and card.feedback == "" and "commit first" in locked.text
        assert not any(o["why"][:30] in sent(card) + locked.html + locked.text for o in item["options"])
        assert [o[1] for o in card.item["options"]] == [f"{o['key']}) {o['text']}" for o in item["options"]]
        assert item["options"][0]["text"] in card._repr_mimebundle_()[0]["text/plain"]
        assert card.item["kind"] == "choice" and card.item["button"] == f"Commit answer {name}"
    assert not record.exists()


def test_the_feedback_explains_every_option_and_says_what_it_rests_on(record):
    for name, item in items().items():
        told = answer(name, "a", "low").text
        assert all(o["why"].strip() in told and o["rests_on"][0] in told for o in item["options"])
        assert told == reveal(name).text
        assert all(phrase(f"quiz.voice_{voice}") in told for voice in item.get("voices", {}))


def test_a_card_commits_locks_and_shows_the_feedback(record):
    card = ask("N3.2")
    card.given = {"choice": "z", "at": 1}
    assert "none of them" in card.feedback and card.committed == {} and card.reply == 1  # it stays open
    card.given = {"choice": "b", "confidence": "high", "at": 2}
    assert card.committed == {"choice": "b", "confidence": "high"} and "best supported answer" in card.feedback
    card.given = {"choice": "a", "confidence": "", "at": 3}
    assert card.committed["choice"] == "b" and kept(record) == {"N3.2": "b"}


def test_an_answer_by_call_reaches_the_card_on_the_page(record):
    card = ask("N3.2")
    answer("N3.2", "c")
    assert card.committed["choice"] == "c" and "You chose c" in card.feedback
    reset("N3.2")
    assert card.committed == {} and card.feedback == ""


def test_the_first_answer_stays_and_capitals_do_no_harm(record):
    assert "You chose a" in answer("N3.2", " A ", "High").text
    assert "answered already: a" in answer("N3.2", "b").text and "You chose a" in reveal("N3.2").text
    entry = json.loads(record.read_text())["answers"]["N3.2"]
    assert (entry["choice"], entry["confidence"]) == ("a", "high")


NONSENSE = [
    (lambda: answer("N3.2", "d"), "Nothing was recorded"), (lambda: answer("N3.2", None), "Nothing was recorded"),
    (lambda: answer("N3.2", "a", "certain"), "low, medium or high"), (lambda: answer("N3.22", "a"), "did you mean"),
    (lambda: ask("nothing"), "There is no question 'nothing'"), (lambda: reveal(7), "There is no question '7'"),
    (lambda: reset("N3.2"), "no answer to forget"),
]  # fmt: skip


@pytest.mark.parametrize("call, says", NONSENSE)
def test_nonsense_is_refused_in_words_and_records_nothing(record, call, says):
    assert says in call().text and not record.exists()


def test_progress_counts_and_never_scores_confidence_or_discussion(record):
    assert "record_path()" in progress().text and record_path().suffix == ".json"
    answer("N3.2", "b", "low"), answer("N3.3", "a", "high"), answer("S3.1", "a"), answer("N0.1", "a")
    with_confidence = progress().text
    assert with_confidence.startswith(f"You have answered 4 of {len(items())} questions. ")
    assert " 1 of 2 that are scored. Confidence is never scored." in with_confidence and "\n" not in with_confidence
    reset(), answer("N3.2", "b", "high"), answer("N3.3", "a", "low"), answer("S3.1", "a"), answer("N0.1", "a")
    assert progress().text == with_confidence


# ---- the record: see test_record, and test_forms for a strange one -------------------------------------------------
def test_a_folder_or_a_shut_file_is_never_renamed(tmp_path, monkeypatch):
    (tmp_path / "my documents").mkdir()
    monkeypatch.setenv("MAS_CASEBOOK_RECORD", str(tmp_path / "my documents"))
    assert "could not be saved" in answer("N3.2", "a").text and "You chose a" in reveal("N3.2").text
    assert "could not be saved" in reset().text
    assert [p.name for p in tmp_path.iterdir() if p.is_dir()] == ["my documents"]


# ---- a question that was changed ------------------------------------------------------------------------------------
@pytest.fixture
def reword(monkeypatch):
    """Gives N3.6, which is as it was first asked, another stem and key, and takes them back."""
    old, new = items()["N3.6"], copy.deepcopy(items()["N3.6"]) | {"stem": "Another question?", "best": "a"}
    assert old["best"] == "b" and read_table("revisions").set_index("id").at["N3.6", "first"] == revision(old)
    return lambda changed=True: monkeypatch.setitem(items(), "N3.6", new if changed else old)


def test_a_revision_changes_with_stem_options_and_key_alone():
    item = items()["N3.2"]
    for change in ({"stem": "?"}, {"best": "a"}, {"options": [{**o, "text": "x"} for o in item["options"]]}):
        assert revision({**item, **change}) != revision(item)
    same = {"voices": {}, "options": [{**o, "why": "another explanation"} for o in item["options"]]}
    assert revision({**item, **same}) == revision(item)
    table = read_table("revisions").set_index("id")
    asked = {k: revision(i) for k, i in {**items(), **prompts()}.items()}
    assert table.loc[table["asked"], "revision"].to_dict() == asked


def test_an_answer_to_another_form_of_the_question_is_told_and_not_judged(record, reword):
    assert "best supported answer is b" in answer("N3.6", "a").text and " 0 of 1" in progress().text
    reword()
    card, told = ask("N3.6"), reveal("N3.6").text
    assert "has been changed since you answered it. You chose a then" in told and "[your choice]" not in told
    assert card.committed["choice"] == "" and "You chose a then" in card.feedback
    assert "answered 1 of" in progress().text and " 0 of 0" in progress().text
    reset("N3.6")
    assert "That is the best supported answer." in answer("N3.6", "a").text and " 1 of 1" in progress().text
    reword(False)
    assert "You chose a then; that is not judged here" in reveal("N3.6").text


def test_a_record_from_before_revisions_opens_as_it_was(record, reword):
    record.write_text('{"version": 1, "answers": {"N3.6": {"choice": "b"}}}')
    assert "That is the best supported answer." in reveal("N3.6").text and " 1 of 1" in progress().text
    reword()
    assert "You chose b then" in reveal("N3.6").text


# ---- two votes ------------------------------------------------------------------------------------------------------
@pytest.fixture
def room(record):
    """A record in which each question takes two votes."""
    assert "vote 1" in two_votes(True).text
    return record


def test_a_first_vote_is_stored_and_gives_nothing_away(room):
    for name, item in items().items():
        card = ask(name)
        assert card.item["button"] == f"Commit first vote {name}"
        card.given = {"choice": "b", "confidence": "high", "vote": 1, "at": 1}
        said = sent(card) + reveal(name).html + reveal(name).text
        assert not any(o["why"][:30] in said for o in item["options"]) and "best supported" not in said
        assert card.committed == {} and card.item["first"] == "b" and card.reply == 1
        assert "vote 1 is in, b. Talk with your neighbour, then vote again" in card.feedback
        assert card.item["button"] == f"Commit second vote {name}"
    assert kept(room) == {} and kept(room, "votes") == dict.fromkeys(items(), "b")
    assert "not answered anything yet" in progress().text


@pytest.mark.parametrize("choice, says", [("b", "You changed from a to b."), ("a", "You stayed with a.")])
def test_the_second_vote_is_the_answer_and_the_feedback_says_what_changed(room, choice, says):
    card = ask("N3.2")
    card.given = {"choice": "a", "vote": 1, "at": 1}
    card.given = {"choice": choice, "vote": 2, "at": 2}
    assert card.committed["choice"] == choice and f"You chose {choice}." in card.feedback and says in card.feedback
    assert says in reveal("N3.2").text and says in answer("N3.2", "c").text and "answered already" in card.feedback
    assert kept(room, "votes") == {"N3.2": "a"} and kept(room) == {"N3.2": choice}


def test_by_call_it_is_the_same_two_steps(room):
    card = ask("N3.2")
    assert "vote 1 is in, a" in answer("N3.2", "a", "low").text and card.item["first"] == "a"
    assert "You chose c. " in answer("N3.2", "c").text and "You changed from a to c." in card.feedback
    assert "no single" in (answer("S3.1", "a"), answer("S3.1", "a"))[1].text  # a question to talk about takes two too


def test_a_double_click_and_a_page_that_knows_of_no_vote_give_no_second_one(room):
    one, two = ask("N3.2"), ask("N3.2")
    one.given = {"choice": "a", "vote": 1, "at": 1}
    one.given = {"choice": "a", "vote": 1, "at": 2}
    two.given = {"choice": "b", "vote": 1, "at": 3}
    assert "voted on already: a. It stays" in two.feedback and kept(room, "votes") == {"N3.2": "a"}
    assert kept(room) == {}


def test_switched_off_the_next_commit_is_the_answer_and_what_was_answered_stays_so(room):
    waiting, fresh = ask("N3.2"), ask("N3.3")
    answer("N3.2", "a"), two_votes(False)
    assert fresh.item["button"] == "Commit answer N3.3"
    waiting.given = {"choice": "b", "vote": 2, "at": 1}
    fresh.given = {"choice": "b", "vote": 1, "at": 1}
    assert kept(room) == {"N3.2": "b", "N3.3": "b"} and kept(room, "votes") == {"N3.2": "a"}
    assert "You changed from a to b." in waiting.feedback and "vote" not in fresh.feedback
    two_votes(True)
    assert "answered already: b" in answer("N3.3", "c").text and kept(room, "votes") == {"N3.2": "a"}


def test_a_reset_forgets_both_votes_leaves_the_mode_and_keeps_a_backup(room):
    answer("N3.2", "a"), answer("N3.2", "b"), answer("N3.3", "a")
    assert "open again" in reset("N3.2").text and kept(room, "votes") == {"N3.3": "a"}
    assert "open again" in reset("N3.3").text and kept(room, "votes") == kept(room) == {}
    assert "vote 1 is in" in answer("N3.2", "c").text
    reset(), reset()  # an empty record is no backup of a full one
    assert kept(room, "votes") == {} and "N3.2" in room.with_suffix(".backup.json").read_text()


def test_the_mode_and_a_vote_hold_in_another_kernel(room):
    answer("N3.2", "a")
    out = python("""
from utils.quiz import answer, ask, reveal
card = ask("N3.2")
print(card.item["first"], card.item["button"], reveal("N3.2").text, answer("N3.3", "a").text)
card.given = {"choice": "b", "vote": 2, "at": 1}
""")
    assert out.startswith("a Commit second vote N3.2 N3.2: vote 1 is in, a.") and "N3.3: vote 1" in out
    assert kept(room) == {"N3.2": "b"} and kept(room, "votes") == {"N3.2": "a", "N3.3": "a"}


def test_the_card_switches_and_follows_a_call(record):
    switch, card = two_votes(), ask("N3.2")
    assert switch.committed == {"choice": "one"} and not record.exists() and switch.feedback.count("One vote") == 1
    switch.given = {"choice": "two", "at": 1}
    assert switch.committed == {"choice": "two"} and "Two votes: " in switch.feedback
    assert card.item["button"] == "Commit first vote N3.2"
    two_votes(False)
    assert switch.committed == {"choice": "one"} and card.item["button"] == "Commit answer N3.2"
    assert all("neither" in two_votes(odd).text for odd in ("yes", 1, [True]))
    assert json.loads(record.read_text())["two_votes"] is False


@pytest.mark.parametrize("odd", ['"two_votes": "yes"', '"two_votes": 1', '"votes": {"N3.2": {"choice": "z"}, "x": 3}'])
def test_an_odd_mode_or_vote_counts_as_none(record, odd):
    record.write_text('{"version": 1, "answers": {}, "forms": {}, ' + odd + "}")
    assert ask("N3.2").item["button"] == "Commit answer N3.2"
    assert reveal("N3.2").text.startswith("N3.2 is locked: commit")
    assert "You chose a" in answer("N3.2", "a").text and "changed" not in reveal("N3.2").text


def test_a_mode_and_a_vote_that_cannot_be_saved_count_for_the_session(record, monkeypatch):
    monkeypatch.setattr(store.os, "fsync", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    card = ask("N3.2")
    assert "could not be saved" in two_votes(True).text and "could not be saved" in answer("N3.2", "a").text
    assert "could not be saved" in card.feedback and "vote 1 is in, a" in card.feedback and not record.exists()
    assert "You stayed with a." in answer("N3.2", "a").text


def test_a_card_reads_the_record_once_for_all_that_it_shows(room, monkeypatch):
    answer("N3.2", "a"), answer("N3.2", "b")
    reads, read_text = [], Path.read_text
    monkeypatch.setattr(Path, "read_text", lambda path, **k: reads.append(path) or read_text(path, **k))
    assert "You changed from a to b." in ask("N3.2").feedback and reads == [room]


# ---- a teacher's own questions --------------------------------------------------------------------------------------
OWN = """- id: X9.1
  notebook: "01"
  kind: decision
  stem: {stem}
  best: {best}
  voices: {{data: {stem}}}
  options:
{options}
"""
OPTION = '    - {{key: {key}, text: "{text}", why: "{text}", rests_on: ["{text}"]}}'


def own(folder, stem="A question?", text="words", keys="abc", best="a"):
    """A file of one question in a folder of its own."""
    options = "\n".join(OPTION.format(key=key, text=text) for key in keys)
    whole = OWN.format(stem=json.dumps(stem), options=options, best=best)
    (folder / "items.yaml").write_text(whole, encoding="utf-8")
    return folder


def test_markup_in_a_question_is_shown_and_not_obeyed(record, tmp_path):
    card = ask("X9.1", own(tmp_path, "<script>alert(1)</script>", PAYLOADS[2]))
    feedback = answer("X9.1", "a")
    for html in (card._repr_mimebundle_()[0]["text/html"], card.feedback, feedback.html):
        assert Found(html).wrong == [] and PAYLOADS[2] in Found(html).words


@pytest.mark.parametrize("wrong", [{"keys": "ab"}, {"keys": "abd"}, {"text": ""}, {"stem": " "}, {"best": "d"}])
def test_a_question_that_cannot_be_asked_is_named_in_one_sentence(tmp_path, wrong):
    with pytest.raises(CaseDataError, match="items.yaml: X9.1: .*'notebook', 'kind'"):
        ask("X9.1", own(tmp_path, **wrong))


def test_ours_have_all_that_a_question_must_have():
    assert checked_items(CASEDATA) == items()
