"""Commit first, then reveal; nothing that was committed is ever lost."""

import copy
import json
import os
import subprocess
import sys

import pytest

from utils import quiz
from utils import record as store
from utils.phrases import phrase
from utils.quiz import answer, ask, items, progress, prompts, reset, reveal, two_votes
from utils.tables import read_table


def test_a_reveal_before_the_commit_gives_nothing_away(record):
    for name, item in items().items():
        shown = reveal(name).html + reveal(name).text
        assert "commit first" in shown
        assert not any(o["why"][:30] in shown for o in item["options"])


def test_a_card_holds_no_answer_and_selects_nothing(record):
    for name, item in items().items():
        card = ask(name)
        sent = json.dumps({**card.get_state(["item", "committed", "feedback", "given"]), "_esm": ""}) + json.dumps(
            card._repr_mimebundle_()[0]
        )
        assert card.committed == {} and card.given == {} and card.feedback == ""
        assert not any(o["why"][:30] in sent for o in item["options"])
        assert item["options"][0]["text"] in card._repr_mimebundle_()[0]["text/plain"]


def test_the_feedback_explains_every_option_and_says_what_it_rests_on(record):
    for name, item in items().items():
        told = answer(name, "a", "low").text
        assert all(o["why"].strip() in told and o["rests_on"][0] in told for o in item["options"])
        assert told == reveal(name).text
        for voice in item.get("voices", {}):
            assert phrase(f"quiz.voice_{voice}") in told


def test_a_card_commits_locks_and_shows_the_feedback(record):
    card = ask("N3.2")
    card.given = {"choice": "b", "confidence": "high", "at": 1}
    assert card.committed["choice"] == "b" and "best supported answer" in card.feedback
    card.given = {"choice": "a", "confidence": "", "at": 2}
    assert card.committed["choice"] == "b" and json.loads(record.read_text())["answers"]["N3.2"]["choice"] == "b"


def test_an_answer_by_call_reaches_the_card_on_the_page(record):
    card = ask("N3.2")
    answer("N3.2", "c")
    assert card.committed["choice"] == "c" and "You chose c" in card.feedback
    reset("N3.2")
    assert card.committed == {} and card.feedback == ""


def test_the_first_answer_stays(record):
    answer("N3.2", "a")
    assert "answered already: a" in answer("N3.2", "b").text
    assert "You chose a" in reveal("N3.2").text


def test_capitals_and_blanks_around_an_answer_do_not_matter(record):
    assert "You chose a" in answer("N3.2", " A ", "High").text
    kept = json.loads(record.read_text(encoding="utf-8"))["answers"]["N3.2"]
    assert (kept["choice"], kept["confidence"]) == ("a", "high")


def test_answers_survive_a_restart(record):
    answer("N3.2", "b", "medium")
    code = "from utils.quiz import ask, reveal; print(reveal('N3.2').text); print(ask('N3.2').committed['choice'])"
    out = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    assert "You chose b" in out.stdout and out.stdout.strip().endswith("b"), out.stderr


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda: answer("N3.2", "d"), "none of them. Nothing was recorded"),
        (lambda: answer("N3.2", None), "none of them. Nothing was recorded"),
        (lambda: answer("N3.2", "a", "certain"), "low, medium or high"),
        (lambda: answer("N3.22", "a"), "did you mean"),
        (lambda: ask("nothing"), "There is no question 'nothing'"),
        (lambda: reveal(7), "There is no question '7'"),
        (lambda: reset("N3.2"), "no answer to forget"),
    ],
)
def test_nonsense_is_refused_in_words_and_records_nothing(record, call, says):
    assert says in call().text
    assert not record.exists()


def test_a_damaged_record_is_set_aside_and_the_notebook_goes_on(record):
    record.write_text('{"answers": {"N3.1": ', encoding="utf-8")
    assert "damaged" in reveal("N3.2").text
    answer("N3.2", "a")
    assert "You chose a" in reveal("N3.2").text
    kept = list(record.parent.glob("*damaged*"))
    assert len(kept) == 1 and kept[0].read_text() == '{"answers": {"N3.1": '


@pytest.mark.parametrize(
    "content",
    ["[]", '{"answers": []}', '{"answers": {"N3.2": {"choice": "z"}}}', '{"answers": {"N3.2": 3}}', "\ufeffnonsense"],
)
def test_a_strange_record_never_raises(record, content):
    record.write_text(content, encoding="utf-8")
    assert "locked" in reveal("N3.2").text
    assert ask("N3.2").committed == {}
    progress()


def test_a_record_that_cannot_be_written_is_said_and_kept_for_the_session(record, monkeypatch):
    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(store.tempfile, "mkstemp", refuse)
    card = ask("N3.2")
    assert "could not be saved" in answer("N3.2", "a").text
    assert "could not be saved" in card.feedback and "You chose a" in card.feedback
    assert "You chose a" in reveal("N3.2").text and not record.exists()


def test_an_interrupted_write_leaves_the_old_record_whole(record, monkeypatch):
    answer("N3.2", "a")
    before = record.read_bytes()
    monkeypatch.setattr(store.os, "replace", lambda *a: (_ for _ in ()).throw(OSError(5, "Input/output error")))
    answer("N3.3", "c")
    assert record.read_bytes() == before and not list(record.parent.glob("*.tmp"))


def test_progress_counts_and_never_scores_confidence_or_discussion(record):
    answer("N3.2", "b", "low"), answer("N3.3", "a", "high"), answer("S3.1", "a"), answer("N0.1", "a")
    with_confidence = progress().text
    assert with_confidence.startswith(f"You have answered 4 of {len(items())} questions. ")
    assert " 1 of 2 that are scored. Confidence is never scored." in with_confidence and "\n" not in with_confidence
    reset(), answer("N3.2", "b", "high"), answer("N3.3", "a", "low"), answer("S3.1", "a"), answer("N0.1", "a")
    assert progress().text == with_confidence


# ---- a question that was changed ------------------------------------------------------------------------------------
@pytest.fixture
def reworded(monkeypatch):
    """N3.2, as if it were still as first asked, with another stem and key; returns a callable that puts it back."""
    old, new = items()["N3.2"], copy.deepcopy(items()["N3.2"])
    monkeypatch.setattr(quiz, "_first", lambda: {"N3.2": quiz.revision(old)})
    new |= {"stem": "Another question?", "best": "a"}
    return lambda changed=True: monkeypatch.setitem(items(), "N3.2", new if changed else old)


def test_a_revision_changes_with_stem_options_and_key_alone():
    item = items()["N3.2"]
    for change in ({"stem": "?"}, {"best": "a"}, {"options": [{**o, "text": "x"} for o in item["options"]]}):
        assert quiz.revision({**item, **change}) != quiz.revision(item)
    same = {"voices": {}, "options": [{**o, "why": "another explanation"} for o in item["options"]]}
    assert quiz.revision({**item, **same}) == quiz.revision(item)


def test_an_answer_to_another_form_of_the_question_is_told_and_not_judged(record, reworded):
    assert "best supported answer is c" in answer("N3.2", "a").text and " 0 of 1" in progress().text
    reworded()
    card, told = ask("N3.2"), reveal("N3.2").text
    assert "has been changed since you answered it. You chose a then" in told and "[your choice]" not in told
    assert card.committed["choice"] == "" and "You chose a then" in card.feedback
    assert "answered 1 of" in progress().text and " 0 of 0" in progress().text
    reset("N3.2")
    assert "That is the best supported answer." in answer("N3.2", "a").text and " 1 of 1" in progress().text
    reworded(False)
    assert "You chose a then; that is not judged here" in reveal("N3.2").text


def test_a_record_from_before_revisions_opens_as_it_was(record, reworded):
    answer("N3.2", "c")
    kept = json.loads(record.read_text())
    assert kept["answers"]["N3.2"].pop("revision") == quiz.revision(items()["N3.2"])
    record.write_text(json.dumps(kept))
    assert "That is the best supported answer." in reveal("N3.2").text and " 1 of 1" in progress().text
    reworded()
    assert "You chose c then" in reveal("N3.2").text


def test_each_question_and_prompt_has_its_revision_in_the_table():
    table = read_table("revisions").set_index("id")
    asked = {k: quiz.revision(i) for k, i in {**items(), **prompts()}.items()}
    assert table.loc[table["asked"], "revision"].to_dict() == asked


def test_reset_keeps_a_backup(record):
    answer("N3.2", "a")
    reset()
    assert "locked" in reveal("N3.2").text and "N3.2" in record.with_suffix(".backup.json").read_text()


def test_markup_in_a_question_is_shown_and_not_obeyed(record):
    evil = {
        "id": "X1",
        "stem": "<script>alert(1)</script>",
        "options": [
            {"key": k, "text": "<img src=x onerror=alert(1)>", "why": "<b>w</b>", "rests_on": ["<i>"]} for k in "abc"
        ],
        "best": "a",
        "voices": {"data": "<script>"},
    }
    html = quiz.Question(evil)._still.html + quiz.explained(evil, {"choice": "a"}).html
    assert "<script" not in html and "<img" not in html and "<b>" not in html


def test_a_folder_or_a_shut_file_is_never_renamed(tmp_path, monkeypatch):
    folder = tmp_path / "my documents"
    folder.mkdir()
    monkeypatch.setenv("MAS_CASEBOOK_RECORD", str(folder))
    assert "could not be saved" in answer("N3.2", "a").text and "You chose a" in reveal("N3.2").text
    assert "could not be saved" in reset().text and [p.name for p in tmp_path.iterdir() if p.is_dir()] == [
        "my documents"
    ]


def test_what_is_not_understood_is_carried_along(record):
    record.write_text('{"version": 9, "extra": 1, "answers": {"N3.1": {"choice": "z"}, "later": 3}}')
    answer("N3.2", "a")
    kept = json.loads(record.read_text())
    assert (
        kept["extra"] == 1
        and kept["version"] == 9
        and kept["answers"]["later"] == 3
        and kept["answers"]["N3.1"] == {"choice": "z"}
    )


def test_what_the_progress_page_names_is_there():
    assert "record_path()" in progress().text and quiz.record_path().suffix == ".json"


# ---- two votes ------------------------------------------------------------------------------------------------------


@pytest.fixture
def room(record):
    """A record in which each question takes two votes."""
    assert "vote 1" in two_votes(True).text
    return record


def kept(record, shelf):
    return {name: entry["choice"] for name, entry in json.loads(record.read_text())[shelf].items()}


def test_a_first_vote_is_stored_and_gives_nothing_away(room):
    for name, item in items().items():
        card = ask(name)
        assert card.item["button"] == f"Commit first vote {name}"
        card.given = {"choice": "b", "confidence": "high", "vote": 1, "at": 1}
        sent = json.dumps({**card.get_state(["item", "committed", "feedback", "given"]), "_esm": ""})
        said = sent + reveal(name).html + reveal(name).text
        assert not any(o["why"][:30] in said for o in item["options"]) and "best supported" not in said
        assert card.committed == {} and card.item["first"] == "b" and card.reply == 1
        assert "vote 1 is in, b. Talk with your neighbour, then vote again" in card.feedback and "vote 1" in said
        assert card.item["button"] == f"Commit second vote {name}"
    assert kept(room, "answers") == {} and kept(room, "votes") == dict.fromkeys(items(), "b")
    assert "not answered anything yet" in progress().text


@pytest.mark.parametrize("choice, says", [("b", "You changed from a to b."), ("a", "You stayed with a.")])
def test_the_second_vote_is_the_answer_and_the_feedback_says_what_changed(room, choice, says):
    card = ask("N3.2")
    card.given = {"choice": "a", "vote": 1, "at": 1}
    card.given = {"choice": choice, "vote": 2, "at": 2}
    assert card.committed["choice"] == choice and f"You chose {choice}." in card.feedback and says in card.feedback
    assert says in reveal("N3.2").text and says in answer("N3.2", "c").text and "answered already" in card.feedback
    assert kept(room, "votes") == {"N3.2": "a"} and kept(room, "answers") == {"N3.2": choice}


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
    assert kept(room, "answers") == {}


def test_switched_off_the_next_commit_is_the_answer_and_what_was_answered_stays_so(room):
    waiting, fresh = ask("N3.2"), ask("N3.3")
    answer("N3.2", "a")
    two_votes(False)
    assert fresh.item["button"] == "Commit answer N3.3"
    waiting.given = {"choice": "b", "vote": 2, "at": 1}
    fresh.given = {"choice": "b", "vote": 1, "at": 1}
    assert kept(room, "answers") == {"N3.2": "b", "N3.3": "b"} and kept(room, "votes") == {"N3.2": "a"}
    assert "You changed from a to b." in waiting.feedback and "vote" not in fresh.feedback
    two_votes(True)
    assert "answered already: b" in answer("N3.3", "c").text and kept(room, "votes") == {"N3.2": "a"}


def test_a_reset_forgets_both_votes_and_leaves_the_mode(room):
    answer("N3.2", "a"), answer("N3.2", "b"), answer("N3.3", "a")
    assert "open again" in reset("N3.2").text and kept(room, "votes") == {"N3.3": "a"}
    assert "open again" in reset("N3.3").text and kept(room, "votes") == kept(room, "answers") == {}
    assert "vote 1 is in" in answer("N3.2", "c").text
    reset()
    assert kept(room, "votes") == {} and "N3.2" in room.with_suffix(".backup.json").read_text()
    reset()
    assert "N3.2" in room.with_suffix(".backup.json").read_text()


def test_the_mode_and_a_vote_hold_in_another_kernel(room):
    answer("N3.2", "a")
    code = """
from utils.quiz import answer, ask, reveal
card = ask("N3.2")
print(card.item["first"], card.item["button"], reveal("N3.2").text, answer("N3.3", "a").text)
card.given = {"choice": "b", "vote": 2, "at": 1}
"""
    env = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=True)
    assert done.stdout.startswith("a Commit second vote N3.2 N3.2: vote 1 is in, a.") and "N3.3: vote 1" in done.stdout
    assert kept(room, "answers") == {"N3.2": "b"} and kept(room, "votes") == {"N3.2": "a", "N3.3": "a"}


def test_the_card_switches_and_follows_a_call(record):
    switch, card = two_votes(), ask("N3.2")
    assert switch.committed == {"choice": "one"} and not record.exists() and switch.feedback.count("One vote") == 1
    switch.given = {"choice": "two", "at": 1}
    assert switch.committed == {"choice": "two"} and "Two votes: " in switch.feedback
    assert card.item["button"] == "Commit first vote N3.2"
    two_votes(False)
    assert switch.committed == {"choice": "one"} and card.item["button"] == "Commit answer N3.2"
    for odd in ("yes", 1, [True]):
        assert "neither" in two_votes(odd).text
    assert json.loads(record.read_text())["two_votes"] is False


@pytest.mark.parametrize("odd", ['"two_votes": "yes"', '"two_votes": 1', '"votes": {"N3.2": {"choice": "z"}, "x": 3}'])
def test_an_odd_mode_or_vote_counts_as_none(record, odd):
    record.write_text('{"version": 1, "answers": {}, "forms": {}, ' + odd + "}")
    assert ask("N3.2").item["button"] == "Commit answer N3.2" and reveal("N3.2").text.startswith(
        "N3.2 is locked: commit"
    )
    assert "You chose a" in answer("N3.2", "a").text and "changed" not in reveal("N3.2").text


def test_votes_that_are_no_shelf_damage_a_record(record):
    record.write_text('{"version": 1, "answers": {}, "forms": {}, "votes": []}')
    assert "damaged" in reveal("N3.2").text and "You chose a" in answer("N3.2", "a").text


def test_a_mode_and_a_vote_that_cannot_be_saved_count_for_the_session(record, monkeypatch):
    monkeypatch.setattr(store.os, "fsync", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    card = ask("N3.2")
    assert "could not be saved" in two_votes(True).text and "could not be saved" in answer("N3.2", "a").text
    assert "could not be saved" in card.feedback and "vote 1 is in, a" in card.feedback and not record.exists()
    assert "You stayed with a." in answer("N3.2", "a").text


def test_a_card_reads_the_record_once_for_all_that_it_shows(room, monkeypatch):
    from utils import record as kept

    answer("N3.2", "a"), answer("N3.2", "b")
    loads = []
    load = kept._load
    monkeypatch.setattr(kept, "_load", lambda file: loads.append(file) or load(file))
    card = ask("N3.2")
    assert len(loads) == 1 and "You changed from a to b." in card.feedback
    answer("N3.4", "b")
    assert "vote 1 is in, b" in ask("N3.4").feedback  # and what came later is read anew
