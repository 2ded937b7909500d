"""The learner's record is hard to break: by a kill at any moment, by two kernels, by a bad file or a bad disk."""

import json
import multiprocessing
import os
import random
import threading
import time
from contextlib import nullcontext, suppress
from pathlib import Path
from queue import Empty
from unittest.mock import Mock

import pytest

from utils import record as store
from utils.quiz import answer, ask, items, notes, progress, rank, reset, reveal, revision, write

items()  # read before a process is forked
BALLAST = {"version": 1, "answers": {}, "forms": {}, "extra": "x" * 400_000}  # a write takes long enough to be hit
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="its learners are forked")
FOUR = ["sjia", "leukaemia", "infection", "kawasaki"]


# ---- killed, and two at once ----------------------------------------------------------------------------------------
def plain(file, text):
    """Write in place, piece by piece as `json.dump` does."""
    with open(file, "w", encoding="utf-8") as new:
        for start in range(0, len(text), 64):
            new.write(text[start : start + 64])


def learn(reports, path, seed, choices, count, without):
    """Commit as fast as can be, and report each answer **after** the call that committed it has returned."""
    os.environ["MAS_CASEBOOK_RECORD"] = str(path)
    store.write_whole = plain if without == "whole" else store.write_whole
    store.locked = (lambda file: nullcontext()) if without == "lock" else store.locked
    dice, left = random.Random(seed), sorted(items().keys() - store.read()[0].keys())
    dice.shuffle(left)
    for name in left[:count]:
        answer(name, dice.choice(choices))
        reports.send((name, store.read()[0].get(name)))


def learner(path, seed, choices="abc", count=200, without=""):
    """Let a process of its own commit, without a protection so that a check can be seen to fail; (it, its reports)."""
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload(["pytest", __name__])
    reports, theirs = server.Pipe(duplex=False)
    process = server.Process(target=learn, args=(theirs, path, seed, choices, count, without), daemon=True)
    process.start(), theirs.close()
    return process, reports


def heard(reports):
    """What a process reports until it ends, or has been silent for a minute."""
    found = []
    with suppress(EOFError):
        while reports.poll(60):
            found.append(reports.recv())
    return found


def faults(path, committed):
    """What is wrong with the record, given what was reported as committed: a list of sentences."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as fault:
        return [f"the record is not whole: {fault}"]
    lost = [name for name, entry in committed if kept["answers"].get(name) != entry]
    lost += ["what was carried along"] * (kept.get("extra") != BALLAST["extra"])
    return [f"{name} is lost" for name in lost]


def beside(record):
    """What lies in the record's folder but its lock: a dict of name -> bytes."""
    return {p.name: p.read_bytes() for p in record.parent.iterdir() if p.suffix != ".lock"}


def kill_at_random(path, kills, seed, without=""):
    """Kill a process that commits, again and again; the first faults found, or an empty list."""
    dice, committed = random.Random(seed), []
    path.write_text(json.dumps(BALLAST), encoding="utf-8")
    for number in range(1, kills + 1):
        process, reports = learner(path, dice.randrange(10**6), without=without)
        reports.poll(60 if number % 2 else 0)  # on a slow machine the others are killed before they have committed
        time.sleep(dice.uniform(0, 0.1))
        process.kill(), process.join()
        committed += heard(reports)
        found = faults(path, committed)
        after = heard(learner(path, seed + number, count=1, without=without)[1])
        committed += after
        found += faults(path, committed) if after else ["the next answer did not come"]
        if found:
            return [f"seed {seed}, kill {number}: {one}" for one in found]
        if len(committed) > 50:  # the record is nearly full
            path.write_text(json.dumps(BALLAST), encoding="utf-8")
            committed = []
    return [f"seed {seed}: {name} was left" for name in beside(path) if name != path.name]


@forks
@pytest.mark.parametrize("kills", [8, pytest.param(24, marks=pytest.mark.slow)])
def test_killed_at_any_moment_nothing_committed_is_lost_and_nothing_is_left(record, kills):
    assert kill_at_random(record, kills, seed=random.randrange(10**6)) == []


def two_at_once(path, seed, without=""):
    """Two processes answer the same questions, each in its own way; what is wrong afterwards."""
    path.write_text(json.dumps(BALLAST), encoding="utf-8")
    both = [learner(path, seed, choice, 60, without)[1] for choice in "ab"]  # one seed: the same, in the same order
    committed = [report for reports in both for report in heard(reports)]
    assert len(committed) == 120 or without  # nobody was so quick that the other found nothing left
    return faults(path, committed)  # each reports what it kept: where the two differ, one of them is lost


@forks
def test_of_two_kernels_the_first_answer_stays_and_no_other_is_lost(record):
    assert two_at_once(record, 1) == [] and [*beside(record)] == [record.name]
    assert record.stat().st_mode & 0o777 == 0o600  # nobody else may read it


@forks
@pytest.mark.slow
def test_the_checks_see_a_record_that_is_not_written_whole_and_a_missing_lock(record):
    found = kill_at_random(record, 100, 1, without="whole")  # ends at the first fault
    assert any("the record is not whole" in one for one in found), found
    assert two_at_once(record, 1, without="lock") != []


def test_what_could_not_be_saved_gives_way_to_what_another_saved_meanwhile(record, monkeypatch):
    with monkeypatch.context() as full:
        full.setattr(store.os, "fsync", FULL)
        card = ask("N3.2")
        answer("N3.2", "a"), answer("N3.3", "a"), reset("N3.3")
        assert "You chose a" in reveal("N3.2").text and "locked" in reveal("N3.3").text
    other = {"N3.2": {"choice": "b", "revision": revision(items()["N3.2"])}}
    record.write_text(json.dumps({"version": 1, "forms": {}, "answers": other}), encoding="utf-8")
    answer("N3.1", "c")
    assert card.committed == {"choice": "a", "confidence": ""}
    assert "answered already: b" in answer("N3.2", "a").text and card.committed["choice"] == "b"
    assert json.loads(record.read_text(encoding="utf-8"))["answers"]["N3.2"]["choice"] == "b"


def test_an_answer_that_another_page_forgets_at_once_is_no_fault(record, monkeypatch):
    change = store.change
    monkeypatch.setattr(store, "change", lambda edit, **options: (change(edit, **options), record.unlink())[0])
    assert "You chose a" in answer("N3.2", "a").text


# ---- a bad file and a bad disk --------------------------------------------------------------------------------------
OLD = '{"version": 1, "answers": {"N3.1": {"choice": "b"}}, "forms": {}}'


def shut(path, read=Path.read_text, **options):
    if path.name == "answers.json":
        raise OSError(13, "Permission denied")
    return read(path, **options)


FULL = Mock(side_effect=OSError(28, "No space left on device"))
READ_ONLY = Mock(side_effect=OSError(30, "Read-only file system"))
NESTED = Mock(side_effect=RecursionError("nested too deeply"))  # Python 3.12 reads more levels than it can write
BAD = {  # what the file holds, what of the system is replaced, what the page says before an answer, and after it
    "binary": (b"\x89PNG\r\n\x00\xff" * 99, (), "is damaged", ""),
    "cut off": (OLD[:-20].encode(), (), "is damaged", ""),
    "of another program": (b'{"cells": [], "nbformat": 4}', (), "is damaged", ""),
    "too deep to write": (OLD.encode(), (store.json, "dumps", NESTED), "", "could not be saved (nested too deeply)"),
    "shut file": (OLD.encode(), (Path, "read_text", shut), "opened (Permission", "could not be saved (Permission"),
    "shut folder": (OLD.encode(), (store.os, "open", READ_ONLY), "", "could not be saved (Read-only file system)"),
    "full disk": (OLD.encode(), (store.os, "fsync", FULL), "", "could not be saved (No space left on device)"),
    "below a file": (OLD.encode(), (), "opened (Not a directory)", "could not be saved ("),
    "a folder": (OLD.encode(), (), "opened (Is a directory)", "could not be saved (Is a directory)"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_record_is_named_and_the_notebook_goes_on(record, monkeypatch, name):
    old, spoil, before, after = BAD[name]
    record.write_bytes(old)
    with monkeypatch.context() as patch:
        if spoil:
            patch.setattr(*spoil)
        if path := {"below a file": record / "answers.json", "a folder": record.parent}.get(name):
            patch.setenv("MAS_CASEBOOK_RECORD", str(path))
        card, form = ask("N3.2"), write("W1.1")
        assert before in card.feedback and before in form.feedback and before in reveal("N3.3").text
        card.given = {"choice": "a", "confidence": "low", "at": 1}
        assert after in card.feedback and "You chose a" in card.feedback and card.reply == 1
        form.given = {"sentence": "A boy of two", "at": 1}
        assert after in form.feedback and "W1.1 is kept" in form.feedback
        text = rank("D1.1", FOUR).text  # and by call
        assert after in text and "Your order: 1 systemic" in text
        assert "You chose a" in reveal("N3.2").text and "A boy of two" in notes("01").text and progress().text
    left = beside(record)
    if after:
        assert left == {record.name: old}  # not a byte was touched, and nothing was left beside it
    else:
        assert len(left) == 2 and old in left.values()


# ---- a real kernel --------------------------------------------------------------------------------------------------
@pytest.mark.slow
def test_a_real_kernel_killed_while_cells_run_loses_no_answer(record):
    from jupyter_client.manager import start_new_kernel

    def done(cell):
        """Run a cell; whether it was run, or None where the kernel died before it replied."""
        asked = client.execute(cell)
        while process.poll() is None:
            with suppress(Empty):
                reply = client.get_shell_msg(timeout=0.1)
                if reply["parent_header"]["msg_id"] == asked:
                    return reply["content"]["status"] == "ok"

    dice, names, committed = random.Random(seed := random.randrange(10**6)), [*items()], {}
    for _ in range(2):
        manager, client = start_new_kernel(env={**os.environ, "MAS_CASEBOOK_RECORD": str(record)})
        process, known = manager.provisioner.process, len(committed)
        try:
            assert done("from utils.quiz import answer, items, reveal; asked = items()")
            assert done(f"assert all(f'You chose {{c}}.' in reveal(n).text for n, c in {committed}.items())")
            while process.poll() is None and len(committed) < len(names):
                if len(committed) == known + 2:
                    threading.Timer(dice.uniform(0.05, 0.3), process.kill).start()
                name, choice = names[len(committed)], dice.choice("abc")
                committed |= {name: choice} if done(f"answer({name!r}, {choice!r})") else {}
        finally:
            client.stop_channels(), manager.shutdown_kernel(now=True)
        kept = {n: entry["choice"] for n, entry in json.loads(record.read_text(encoding="utf-8"))["answers"].items()}
        assert committed.items() <= kept.items(), f"seed {seed}"
        committed = kept
    assert len(committed) > 3


def test_a_tilde_in_the_name_of_the_record_is_the_home_folder(monkeypatch, tmp_path):
    for name, value in (("HOME", tmp_path), ("USERPROFILE", tmp_path), ("MAS_CASEBOOK_RECORD", "~/mine/answers.json")):
        monkeypatch.setenv(name, str(value))
    assert store.record_path() == tmp_path / "mine" / "answers.json"
