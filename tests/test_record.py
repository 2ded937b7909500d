"""The learner's record cannot be broken: by a kill at any moment, by two kernels at once, by a bad file or a bad disk."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from utils import record as store
from utils.forms import notes, prompts, rank, write
from utils.quiz import answer, ask, items, progress, reset, reveal

ROOT = Path(__file__).resolve().parent.parent
BALLAST = {"version": 1, "answers": {}, "forms": {}, "extra": "x" * 1_000_000}  # a write takes long enough to be hit
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="the committer forks")
FOUR = ["sjia", "leukaemia", "infection", "kawasaki"]


# ---- killed, and two at once ----------------------------------------------------------------------------------------


class Committer:
    """A `tests.committer`; `said` is what its processes reported as committed."""

    def __init__(self, process):
        self.process, self.said = process, []

    def until(self, what):
        while True:
            line = self.process.stdout.readline()
            assert line, "the committer has ended: see its traceback"
            told = json.loads(line)
            if "name" in told:
                self.said.append(told)
            if what in told:
                return told[what]

    def go(self, seed, choice="-", count=200):
        """Let a process commit; returns its id."""
        self.process.stdin.write(f"{seed} {choice} {count}\n")
        self.process.stdin.flush()
        return self.until("pid")


@contextmanager
def committer(stale, *without):
    command = [sys.executable, "-m", "tests.committer", str(stale), *without]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        watch = threading.Timer(300, process.kill)  # a test that waits in vain is to fail, not to hang
        watch.start()
        try:
            made = Committer(process)
            made.until("ready")
            yield made
        finally:
            watch.cancel()
            process.kill()


def faults(path, committed):
    """What is wrong with the record, given what was reported as committed: a list of sentences."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as fault:
        return [f"the record is not whole: {fault}"]
    found = [] if kept.get("extra") == BALLAST["extra"] else ["what was carried along is lost"]
    lost = [one["name"] for one in committed if kept[one["shelf"]].get(one["name"]) != one["entry"]]
    return found + [f"{name} was committed and is lost" for name in lost]


def end(pid):
    """Kill a process and wait until it is gone."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
        while True:
            os.kill(pid, 0)
            time.sleep(0.001)


def kill_at_random(path, kills, seed, stale, *without):
    """Kill a process that commits, again and again; the first faults found, or an empty list."""
    dice, early = random.Random(seed), 0
    path.write_text(json.dumps(BALLAST), encoding="utf-8")
    with committer(stale, *without) as learner:
        for number in range(1, kills + 1):
            pid, before = learner.go(dice.randrange(10**6)), len(learner.said)
            time.sleep(dice.uniform(0, 0.2))
            end(pid)
            found = faults(path, learner.said)
            learner.go(dice.randrange(10**6), count=1)  # what comes before its id was said by the one that is dead
            early += len(learner.said) == before
            learner.until("done")
            found += faults(path, learner.said)
            if learner.said[-1]["took"] > stale + 2:
                found.append(f"the next answer took {learner.said[-1]['took']:.1f} s")
            if found:
                return [f"seed {seed}, kill {number}: {one}" for one in found]
            if len(learner.said) > 90:  # the record is nearly full
                path.unlink()
                path.write_text(json.dumps(BALLAST), encoding="utf-8")
                learner.said.clear()
        for left in path.parent.iterdir():
            os.utime(left, (0, 0))  # as it is a minute later
        learner.go(0, count=1), learner.until("done")
    assert early < 0.6 * kills, "most were killed before they had committed anything: the test shows nothing"
    litter = {left.name for left in path.parent.iterdir()} - {path.name}
    return [f"seed {seed}: {name} was left" for name in litter]


@forks
@pytest.mark.parametrize("kills", [8, pytest.param(100, marks=pytest.mark.slow)])
def test_killed_at_any_moment_nothing_committed_is_lost_and_nothing_is_left(record, kills):
    assert kill_at_random(record, kills, seed=random.randrange(10**6), stale=0.4) == []


@forks
def test_the_check_sees_a_record_that_is_not_written_whole(record):
    found = kill_at_random(record, 100, 1, 0.4, "plain")  # ends at the first fault
    assert any("the record is not whole" in one for one in found), found


def two_at_once(path, seed, *without):
    """Two processes answer the same questions, each in its own way; what is wrong afterwards, a list of sentences."""
    path.write_text(json.dumps(BALLAST), encoding="utf-8")
    with committer(store.STALE, *without) as both:
        both.go(seed, "a", 60), both.go(seed, "b", 60)  # one seed: the same questions in the same order
        both.until("done"), both.until("done")
    told = {}
    for one in both.said:
        told.setdefault(one["name"], []).append(one["entry"])
    torn = [f"{name} is kept in two ways" for name, entries in told.items() if any(e != entries[0] for e in entries)]
    assert len(both.said) == 120 or without  # nobody was so quick that the other found nothing left
    return torn + faults(path, both.said)


@forks
def test_of_two_kernels_the_first_answer_stays_and_no_other_is_lost(record):
    assert two_at_once(record, 1) == []
    assert [left.name for left in record.parent.iterdir()] == [record.name]


@forks
def test_the_check_sees_that_the_lock_is_missing(record):
    assert two_at_once(record, 1, "unlocked") != []
