"""The journey as a whole: its order, its length, and the verdicts that it asks for."""

from itertools import groupby

import pytest

from tests.design import FILES, ORDER, STOPS, WORDS, asked_in_order, explained, outputs, prose_words, right, stored
from utils.quiz import UNSCORED, items

VERDICTS = {"met", "not met", "undetermined"}
PROSE, OUTPUTS, EXPLAINED = 16_000, 18_000, 9_600  # words, of all pages together


def out_of_order(stops):
    """A sentence for each page that is told from an earlier moment than the page before it."""
    along = [(n, ORDER[t]) for n, t in stops["time_point"].items() if t and not stops.at[n, "after"]]
    for (before, earlier), (n, later) in zip(along, along[1:], strict=False):
        if later < earlier:
            yield f"{n} goes back behind {before}"
    for n, of in stops["after"].items():
        if of and stops.at[n, "time_point"] != stops.at[of, "time_point"]:
            yield f"{n} is not told from the moment of {of}, to which it belongs"


def test_the_moments_never_run_backwards():
    assert list(out_of_order(STOPS)) == []


def test_a_page_that_goes_back_is_found():
    stops = STOPS.copy()
    stops.loc["06", "time_point"] = "picu"
    stops.loc["05", "time_point"] = "recovery"
    stops.loc["12", "time_point"] = "ecmo"
    assert len(list(out_of_order(stops))) == 2


def test_a_later_voice_is_a_later_moment_and_never_a_recovery():
    for n, voice in STOPS["later_voice"].items():
        assert voice in ("", "discussion") and (not voice or ORDER[voice] > ORDER[STOPS.at[n, "time_point"]])


def shown_words(nb):
    return sum(len(WORDS.findall(str(o.get("text") or o.get("data", {}).get("text/plain", "")))) for o in outputs(nb))


def test_the_journey_is_no_longer_than_a_tired_reader_bears():
    assert sum(prose_words(stored(n)) for n in FILES) <= PROSE
    assert sum(shown_words(stored(n)) for n in FILES) <= OUTPUTS
    assert explained(items()) <= EXPLAINED


def asked_for(listed):
    """The verdict questions in the order of the pages: the right verdict, and whether it is scored."""
    asked = [i for i in listed if i.get("best") and {o["text"] for o in i["options"]} == VERDICTS]
    return [(right(i)["text"], i["kind"] not in UNSCORED) for i in asked]


def monotony(found):
    """What is wrong with a run of verdicts: among the scored one asked for too often, or any three times running."""
    scored = [verdict for verdict, counts in found if counts]
    counted = {v: scored.count(v) for v in VERDICTS}
    if max(counted.values()) - min(counted.values()) > 2:
        yield f"unlike numbers: {counted}"
    yield from (f"'{v}' three times running" for v, run in groupby(v for v, _ in found) if len(list(run)) > 2)


def test_verdicts_are_asked_for_in_like_numbers_and_mixed():
    found = asked_for(asked_in_order())
    assert len(found) >= 8 and list(monotony(found)) == [], found


@pytest.mark.parametrize("run", [["met"] * 3 + ["not met"] * 3 + ["undetermined"] * 3, ["undetermined"] * 4 + ["met"]])
def test_a_monotonous_run_of_verdicts_is_found(run):
    assert list(monotony([(verdict, True) for verdict in run]))
