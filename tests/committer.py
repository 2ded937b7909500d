"""Learners who commit as fast as they can, each in a process of its own, to be killed by `tests/test_record.py`.

Started as ``python -m tests.committer [plain] [unlocked]``, it loads everything once, says ``ready`` and then reads
lines such as ``7 a 140`` (seed, choice or ``-`` for any, how many commits). For each it forks a process, which reports
every answer **after** the call that committed it has returned. ``plain`` and ``unlocked`` take a protection away, so
that the check can be seen to fail.
"""

import json
import os
import random
import signal
import sys
import tempfile
from contextlib import nullcontext
from unittest.mock import patch

from utils import record
from utils.quiz import answer, items, prompts, rank, write
from utils.record import read

FOUR = ["sjia", "leukaemia", "infection", "kawasaki"]


def plain(file, text):
    with open(file, "w", encoding="utf-8") as new:
        for start in range(0, len(text), 64):  # as `json.dump` does, piece by piece
            new.write(text[start : start + 64])


def report(**news):
    os.write(1, (json.dumps(news) + "\n").encode())  # one write, so that two processes do not mix their lines


def commit(name, choice):
    """Commit one thing by call; the shelf it went to."""
    if name in items():
        answer(name, choice, "low")
        return "answers"
    if prompts()[name]["kind"] == "rank":
        rank(name, FOUR)
    else:
        write(name, {field: f"{choice} " * 50 for field in prompts()[name]["fields"]})
    return "forms"


def work(seed, choice, count):
    dice = random.Random(seed)
    there = read("answers")[0] | read("forms")[0]
    left = [n for n in [*items(), *prompts()] if n not in there]
    dice.shuffle(left)
    for name in left[:count]:
        shelf = commit(name, dice.choice("abc") if choice == "-" else choice)
        report(shelf=shelf, name=name, entry=read(shelf)[0].get(name))


def main():
    if "plain" in sys.argv:
        record.write_whole = plain
    if "unlocked" in sys.argv:
        record.locked = lambda file: nullcontext()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that were killed
    with tempfile.TemporaryDirectory() as folder, patch.dict(os.environ, MAS_CASEBOOK_RECORD=f"{folder}/warm.json"):
        commit("N3.2", "a"), commit("D1.1", "a"), commit("W1.1", "a")  # what is loaded late is loaded now
    report(ready=True)
    for line in sys.stdin:
        seed, choice, count = line.split()
        begin, named = os.pipe()  # a child begins after its id was reported, or its last line could come before it
        if (child := os.fork()) == 0:
            try:
                os.close(named)
                os.read(begin, 1)
                work(int(seed), choice, int(count))
            finally:
                report(done=True)
                os._exit(0)
        report(pid=child)
        os.close(begin), os.close(named)


if __name__ == "__main__":
    main()
