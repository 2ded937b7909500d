"""The journey as a whole: its order, its length, and the verdicts that it asks for."""

from itertools import groupby

from tests.design import FILES, ORDER, STOPS, WORDS, asked_in_order, explained, outputs, prose_words, right, stored
from utils.quiz import UNSCORED, items

VERDICTS = {"met", "not met", "undetermined"}


def out_of_order(stops):
    """A sentence for each page that is told from an earlier moment than the page before it."""
    along = [(n, ORDER[t]) for n, t in stops["time_point"].items() if t and not stops.at[n, "after"]]
    for (before, earlier), (n, later) in zip(along, along[1:], strict=False):
        if later < earlier:
            yield f"{n} goes back behind {before}"
    for n, of in stops["after"].items():
        if of and stops.at[n, "time_point"] != stops.at[of, "time_point"]:
            yield f"{n} is not told from the moment of {of}, to which it belongs"


def test_the_moments_never_run_backwards_and_a_page_that_goes_back_is_found():
    assert list(out_of_order(STOPS)) == []
    stops = STOPS.copy()
    stops.loc[["05", "06", "12"], "time_point"] = ["recovery", "picu", "ecmo"]
    assert len(list(out_of_order(stops))) == 2
    for n, voice in STOPS["later_voice"].items():
        assert voice in ("", "discussion") and (not voice or ORDER[voice] > ORDER[STOPS.at[n, "time_point"]])


def test_the_journey_is_no_longer_than_a_tired_reader_bears():
    shown = [str(o.get("text") or o.get("data", {}).get("text/plain", "")) for n in FILES for o in outputs(stored(n))]
    assert sum(prose_words(stored(n)) for n in FILES) <= 16_000  # words, of all pages together
    assert sum(len(WORDS.findall(text)) for text in shown) <= 18_000 and explained(items()) <= 9_600


def monotony(found):
    """What is wrong with a run of (verdict, whether it is scored): one asked for too often, or three times running."""
    scored = [verdict for verdict, counts in found if counts]
    counted = {v: scored.count(v) for v in VERDICTS}
    if max(counted.values()) - min(counted.values()) > 2:
        yield f"unlike numbers: {counted}"
    yield from (f"'{v}' three times running" for v, run in groupby(v for v, _ in found) if len(list(run)) > 2)


def test_verdicts_are_asked_for_in_like_numbers_and_mixed():
    asked = [i for i in asked_in_order() if i.get("best") and {o["text"] for o in i["options"]} == VERDICTS]
    found = [(right(i)["text"], i["kind"] not in UNSCORED) for i in asked]
    assert len(found) >= 8 and list(monotony(found)) == [], found
    for run in (["met"] * 3 + ["not met"] * 3 + ["undetermined"] * 3, ["undetermined"] * 4 + ["met"]):
        assert list(monotony([(verdict, True) for verdict in run]))
