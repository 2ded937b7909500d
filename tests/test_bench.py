"""The benches measure what they say: the peers are the same rule, the table stands in the book. No time is judged."""

import re

import numpy as np
import pandas as pd
import pytest

from tests.bench import __main__ as bench
from tests.bench import hub, pages, rules, sliders

PAGE = bench.PAGE.read_text(encoding="utf-8")


def test_a_peer_is_the_same_rule_on_every_simulated_patient(monkeypatch):
    found = rules.measure(2000, repeats=1)
    assert found.keys() == rules.PEERS.keys()
    assert all(low <= middle <= high for _, *both in found.values() for middle, low, high in both)
    monkeypatch.setitem(rules.PEERS, "mas_2016", lambda t, limit: t["ferritin"] > limit["ferritin"])
    with pytest.raises(AssertionError, match="not the same rule"):
        rules.measure(500, repeats=1)
    calls = []
    assert 0 < rules.spread(lambda: calls.append(1), repeats=3)[1] and len(calls) == 4


@pytest.fixture
def page(tmp_path, monkeypatch):
    monkeypatch.setattr(bench, "PAGE", tmp_path / "speed.md")
    bench.PAGE.write_text(PAGE, encoding="utf-8")
    return bench.PAGE


def test_the_page_holds_a_figure_and_its_peer_for_everything_that_is_measured(page):
    kinetic = {r: ((2e6, 1e6, 3e6), {1e-6: 400.0, 1e-11: 60.0}) for r in ("sc", "iv")}
    ruled = {r: (1000, (0.02, 0.01, 0.03), (0.001, 0.001, 0.002)) for r in rules.PEERS}
    at_keys = list(bench.moved({"plain": np.full(4, 200.0), "Two routes": np.array([10.0, 20, 20, 60])}))
    at_pages = list(bench.opened({"bare": [(1.0, 100.0)] * 3, "03_flare": [(0.9, 110.0), (1.1, 130.0), (1.0, 120.0)]}))
    bench.put(bench.speed_tables(at_keys, at_pages, 30.0, kinetic, ruled, (100.0, 10.0)))
    new, before = page.read_text(encoding="utf-8"), PAGE.partition("**From a key")[0]
    assert new.startswith(before) and "| A threshold moved |" not in new
    for words in ("| Two routes | 20 | 54 | 60 | 10 |", "| 03 flare | 1.00 s (0.90 to 1.10) | 1.00 | 120 MiB | 1.20 |",
                  "5,000 times as many", "takes 20 times as long", "10 times"):  # fmt: skip
        assert words in new
    for what, *_ in bench.computed(kinetic, ruled, (100.0, 10.0)):  # the real run has other sizes
        assert re.sub(r"[\d,]+$", "", what) in PAGE
    assert all(f"| {explorer.words} |" in PAGE for explorer in sliders.CONTROLS)
    measured = [book for book in pages.BOOKS if f"| {bench.named(book.name)} |" in PAGE]
    assert len(measured) > len(pages.BOOKS) / 2  # a new page waits for the next bench


def trial(*faults):
    """A class that went well: 128 MiB for hub and proxy, 160 MiB a learner, 5 s each and 4 s of hub and proxy."""
    uses = [("hub", 96.0, 3.0), ("proxy", 32.0, 1.0), *[("server", 100.0, 3.0), ("kernel", 60.0, 2.0)] * 4]
    waits = pd.DataFrame([(ready, 1.0, 5.0) for ready in range(10, 14)], columns=hub.STEPS)
    return hub.Trial(waits, [*faults], 21.0, pd.DataFrame(uses, columns=["kind", "MiB", "seconds"]))


def test_the_page_holds_a_line_for_everything_that_is_measured_on_the_hub(page, monkeypatch):
    monkeypatch.setattr(hub, "missing", lambda: "")
    monkeypatch.setattr(hub, "measure", lambda count: trial())
    bench.main(["hub"])
    text = page.read_text(encoding="utf-8")
    for words in ("| The learner's own server starts | 11.5 s | 13.0 s |", "| Memory: kernel | 60 MiB | 60 MiB |",
                  "first click to the last cell | 6.0 s |", "come to 31 GiB. All at once they need 1,200 s",
                  "2.5 minutes on 8 cores"):  # fmt: skip
        assert words in text
    assert all(f"| {what} |" in PAGE for what, *_ in bench.attended(trial()))
    monkeypatch.setattr(hub, "measure", lambda count: trial("learner-1 answered wrongly"))
    for section, words in (("hubb", 'no section "hubb"'), ("hub", "learner-1 answered wrongly")):
        with pytest.raises(SystemExit, match=words):
            bench.main([section])
    with pytest.raises(SystemExit, match="no place for a table"):
        bench.put({"hubb": ""})
