"""The learner's record is hard to break: by a kill at any moment, by two kernels, by a bad file or a bad disk."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from queue import Empty
from unittest.mock import Mock

import pytest

from utils import record as store
from utils.quiz import answer, ask, items, notes, progress, rank, reset, reveal, revision, write

ROOT = Path(__file__).resolve().parent.parent
BALLAST = {"version": 1, "answers": {}, "forms": {}, "extra": "x" * 1_000_000}  # a write takes long enough to be hit
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="the committer forks")
FOUR = ["sjia", "leukaemia", "infection", "kawasaki"]


# ---- killed, and two at once ----------------------------------------------------------------------------------------
class Committer(subprocess.Popen):
    """A `tests.committer`; `reports` is what its processes reported as committed."""

    def __init__(self, *without):
        command = [sys.executable, "-m", "tests.committer", *without]
        super().__init__(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.reports, self.watch = [], threading.Timer(300, self.kill)  # a test that waits in vain fails, and ends
        self.watch.daemon = True
        self.watch.start()
        self.until("ready")

    def __exit__(self, *fault):
        self.watch.cancel()
        self.kill()
        super().__exit__(*fault)

    def until(self, what):
        for report in map(json.loads, self.stdout):
            self.reports += [report] if "name" in report else []
            if what in report:
                return report[what]
        pytest.fail("the committer has ended: see its traceback")

    def go(self, seed, choice="-", count=200):
        """Let a process commit; its id."""
        print(seed, choice, count, file=self.stdin, flush=True)
        return self.until("pid")


def faults(path, committed):
    """What is wrong with the record, given what was reported as committed: a list of sentences."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as fault:
        return [f"the record is not whole: {fault}"]
    lost = [one["name"] for one in committed if kept[one["shelf"]].get(one["name"]) != one["entry"]]
    lost += ["what was carried along"] * (kept.get("extra") != BALLAST["extra"])
    return [f"{name} is lost" for name in lost]


def beside(record):
    """What lies in the record's folder but its lock: a dict of name -> bytes."""
    return {p.name: p.read_bytes() for p in record.parent.iterdir() if p.suffix != ".lock"}


def kill_at_random(path, kills, seed, *without):
    """Kill a process that commits, again and again; the first faults found, or an empty list."""
    dice, early = random.Random(seed), 0
    path.write_text(json.dumps(BALLAST), encoding="utf-8")
    with Committer(*without) as learner:
        for number in range(1, kills + 1):
            pid, before = learner.go(dice.randrange(10**6)), len(learner.reports)
            if number % 2:  # on a slow machine the others may be killed before they have committed anything
                learner.until("name")
            time.sleep(dice.uniform(0, 0.2))
            with suppress(ProcessLookupError):
                while True:  # until it is gone
                    os.kill(pid, signal.SIGKILL)
                    time.sleep(0.001)
            found = faults(path, learner.reports)
            learner.go(dice.randrange(10**6), count=1)  # what comes before its id is of the one that is dead
            early += len(learner.reports) == before
            learner.until("done")
            if found := [*found, *faults(path, learner.reports)]:
                return [f"seed {seed}, kill {number}: {one}" for one in found]
            if len(learner.reports) > 90:  # the record is nearly full
                path.write_text(json.dumps(BALLAST), encoding="utf-8")
                learner.reports.clear()
    assert early < 0.6 * kills, "most were killed before they had committed anything: the test shows nothing"
    return [f"seed {seed}: {name} was left" for name in beside(path) if name != path.name]


@forks
@pytest.mark.parametrize("kills", [8, pytest.param(24, marks=pytest.mark.slow)])
def test_killed_at_any_moment_nothing_committed_is_lost_and_nothing_is_left(record, kills):
    assert kill_at_random(record, kills, seed=random.randrange(10**6)) == []


def two_at_once(path, seed, *without):
    """Two processes answer the same questions, each in its own way; what is wrong afterwards."""
    path.write_text(json.dumps(BALLAST), encoding="utf-8")
    with Committer(*without) as both:
        both.go(seed, "a", 60), both.go(seed, "b", 60)  # one seed: the same questions in the same order
        both.until("done"), both.until("done")
    assert len(both.reports) == 120 or without  # nobody was so quick that the other found nothing left
    return faults(path, both.reports)  # each reports what it kept: where the two differ, one of them is lost


@forks
def test_of_two_kernels_the_first_answer_stays_and_no_other_is_lost(record):
    assert two_at_once(record, 1) == [] and [*beside(record)] == [record.name]
    assert record.stat().st_mode & 0o777 == 0o600  # nobody else may read it


@forks
@pytest.mark.slow
def test_the_checks_see_a_record_that_is_not_written_whole_and_a_missing_lock(record):
    found = kill_at_random(record, 100, 1, "plain")  # ends at the first fault
    assert any("the record is not whole" in one for one in found), found
    assert two_at_once(record, 1, "unlocked") != []


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
