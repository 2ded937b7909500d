"""The benches measure what they say: the peers are the same rule, the table stands in the README. No time is judged."""

import re
from pathlib import Path

import numpy as np
import pytest

from tests.bench import __main__ as bench
from tests.bench import clock, pages, rules, sliders

README = Path(__file__).resolve().parent.parent / "README.md"


def test_a_peer_is_the_same_rule_on_every_simulated_patient():
    found = rules.measure(sizes=(500, 2000), repeats=1)
    assert {rule: [n for n, *_ in rows] for rule, rows in found.items()} == {r: [500, 2000] for r in rules.PEERS}
    assert all(low <= middle <= high for rows in found.values() for _, *both in rows for middle, low, high in both)


def test_a_peer_that_is_another_rule_stops_the_bench(monkeypatch):
    monkeypatch.setitem(rules.PEERS, "mas_2016", lambda t, limit: t["ferritin"] > limit["ferritin"])
    with pytest.raises(AssertionError, match="not the same rule"):
        rules.measure(sizes=(500,), repeats=1)


def test_the_stopwatch_counts_work():
    calls = []
    middle, low, high = clock.spread(lambda: calls.append(1), repeats=3)
    assert len(calls) == 4 and 0 < low <= middle <= high


BEGIN, END = (mark.format("speed") for mark in bench.MARKS)


def table(text):
    return re.search(f"{BEGIN}(.*?){END}", text, re.DOTALL)[1]


def test_the_readme_holds_a_figure_and_its_peer_for_everything_that_is_measured(tmp_path, monkeypatch):
    page = tmp_path / "README.md"
    page.write_text(f"before\n{BEGIN}\nyesterday\n{END}\nafter\n", encoding="utf-8")
    monkeypatch.setattr(bench, "README", page)
    kinetic = {r: ((2e6, 1e6, 3e6), {1e-6: 400.0, 1e-11: 60.0}) for r in ("sc", "iv")}
    ruled = {r: [(1000, (0.02, 0.01, 0.03), (0.001, 0.001, 0.002))] for r in rules.PEERS}
    lines = list(bench.rows(kinetic, ruled, (100.0, 10.0)))
    at_keys = list(bench.moved({"plain": np.full(4, 200.0), "Two routes": np.array([10.0, 20, 20, 60])}))
    at_pages = list(bench.opened({"bare": [(1.0, 100.0)] * 3, "03_flare": [(0.9, 110.0), (1.1, 130.0), (1.0, 120.0)]}))
    assert at_keys[1] == ("Two routes", "20", "54", "60", "10")
    assert at_pages[1] == ("03 flare", "1.00 s (0.90 to 1.10)", "1.00", "120 MiB", "1.20")
    bench.put("speed", bench.written(lines, "told", at_keys, at_pages, 30.0))
    new, stored = page.read_text(encoding="utf-8"), table(README.read_text(encoding="utf-8"))
    assert new.startswith("before\n") and new.endswith("after\n") and "yesterday" not in new
    for what, *_ in lines:  # sizes differ between a test and the real run, so only the words are compared
        assert re.sub(r"[\d,]+$", "", what) in table(new) and re.sub(r"[\d,]+$", "", what) in stored, what
    for explorer in sliders.CONTROLS:
        assert f"| {explorer.words} |" in stored
    measured = [book for book in pages.BOOKS if f"| {book.stem.replace('_', ' ')} |" in stored]
    assert len(measured) > len(pages.BOOKS) / 2  # a new page waits for the next bench
    assert "5,000 times as many" in table(new) and "takes 20 times as long" in table(new) and "10 times" in table(new)
    assert (README.parent / "classroom" / bench.PICTURE.name).exists()
