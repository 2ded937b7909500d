"""The route: tables and explorer against arithmetic, published checks, and what this page must never say."""

import nbformat
import numpy as np
import pytest

from tests.design import BOOKS
from tests.moving import by_first, clean, rows_of
from tests.reading import forbidden
from utils.case import load_case
from utils.chapters import route
from utils.pk import exposure, parameters
from utils.quiz import items
from utils.tables import read_table

PAGE = nbformat.read(next(p for p in BOOKS if p.name.startswith("07")), 4)


def test_what_is_printed_is_read_from_the_case_and_two_routes_are_compared():
    assert route.printed() == {"sc": (2.0, 24.0), "iv": (2.0, 6.0)}
    assert route.weights() == (11.7, 16.7, 21.7)  # 5 / 0.30 = 16.67; 5 / 0.30 - 5; 5 / 0.30 + 5
    assert [cells for _, *cells in rows_of(route.four("x"))][1:] == [
        ["2", "10.5", "0.44", "the first"], ["2", "11.0", "0.46", "× 1.05"],
        ["8", "42.0", "1.75", "× 4.00"], ["8", "44.2", "1.84", "× 4.21"],
    ]  # fmt: skip


# ---- the model against what others observed -------------------------------------------------------------------------
MODEL = {  # as the reference gives it, published and twin; mL/min and L/h of clearance are one in both
    "nomid_peak": "1.66", "nomid_trough": "0.217", "nomid_half_life": "5.7", "ra_cn_peak": "0.64",
    "ra_cn_half_life": "6.9", "ra_cn_clearance": "97", "healthy_clearance": "104", "korean_half_life": "7.2",
    "iv_early": "2.1 and 8.0", "iv_6h": "9.8 and 20.1", "child_healthy": "3.18", "child_ra": "3.18",
    "child_men": "3.18", "child_iv": "3.18",
}  # fmt: skip


def test_the_checks_give_what_the_reference_gives_misfits_included():
    labels, shown = read_table("kinetics_checks").set_index("check")["label"], by_first(route.checks("x"))
    assert set(labels.index) == set(MODEL)
    for name, printed in MODEL.items():
        found, printed = shown[labels[name]][1].split(" and "), printed.split(" and ")
        for x, y in zip(found, printed, strict=True):
            assert abs(float(x) - float(y)) <= 0.5 * 10 ** -len(y.partition(".")[2]) * 1.1, name
    verdicts = {what: cells[2] for what, cells in shown.items()}
    assert verdicts["peak at steady state, NOMID"] == "2.2 times too low"
    assert verdicts["IV, adults: after 15 minutes"] == "10.3 times too low; twin 2.8 times too low"
    assert verdicts["half-life, 8 healthy subjects"] == "1.8 times too high"
    assert [v for what, v in verdicts.items() if what.startswith("child")] == ["close"] * 4


def test_scaled_clearances_are_the_adults_own_and_what_is_unconfirmed_says_so():
    """mL/min of an adult of 70 kg, as L/h of a child of 16.7 kg by weight to the power 0.75."""
    adults = {"healthy": 170 * 0.06, "ra": 150 * 0.06, "men": 9.03, "iv": 137 * 0.06 / 0.95}
    rows = read_table("kinetics_checks").set_index("check")
    for name, adult in adults.items():
        assert np.isclose(rows.at[f"child_{name}", "observed"], adult * (16.7 / 70) ** 0.75, atol=5e-4)
    peaks = [exposure(parameters(kg), 3 * kg)["c_max"] for kg in (15, 30, 50, 70)]  # NOMID, too low at any weight
    assert [round(x, 2) for x in peaks] == [1.27, 1.66, 2.04, 2.33] and max(peaks) < 3.63 / 1.5
    assert {*rows.query("tag == 'R'")["source"]} == {"kineretlabel"}
    assert route.checks("x").text.count("kineretlabel, unconfirmed") == 3


def test_the_card_holds_every_number_and_the_picture_sets_the_usual_beside_a_quarter_of_it():
    cells, words = by_first(route.card()), route.picture("x").text
    assert len(cells) == 1 + len(read_table("kinetics")) + 2
    assert cells["clearance, volume and half-life at 16.7 kg, as published"][2] == "1.25 L/kg"
    assert cells["clearance, volume and half-life at 16.7 kg, flip-flop twin"][0] == "3.02 L/h; 7.95 L; half-life 1.8 h"
    assert "Rise, absorption as usual × 4.21: dose × 4.00, 96 % of the rise, route × 1.05, 4 % of the rise" in words
    assert "(hypothetical) × 16.84: dose × 4.00, 49 % of the rise, route × 4.21, 51 % of the rise" in words
    assert "highest from 0.22 to 0.88 mg/L" in words  # a quarter of 0.8836, and all of it


# ---- the explorer ---------------------------------------------------------------------------------------------------
@pytest.fixture
def bench():
    return route.route_bench()


SUPPOSED = [  # what is moved, and what is then said of the rise
    ({"absorbed": 0.65}, ""), ({"speed": 0.5}, ""), ({"litres": 5}, ""), ({"weight": 11.7}, ""),
    ({"absorbed": 0.25}, "dose × 4.00, 49 % of the rise, route × 4.21, 51 % of the rise"),
    ({"interval": 6.0}, "× 1.05: dose × 1.00, 0 % of the rise, route × 1.05, 100 % of the rise"),
    ({"clearance": 0.25}, "from normal clearance × 16.84"), ({"clearance": 0.25}, "kidney × 4.00"),  # 4 × 4 / 0.95
]  # fmt: skip


def test_what_is_supposed_is_hypothetical_all_else_is_as_usual_and_the_rise_is_told(bench):
    usual = {"absorbed": 1, "speed": 1, "clearance": 1, "weight": 16.7, "litres": 0, "interval": 24}
    assert bench.get() == usual | {"view": "steady state"}
    for change, says in SUPPOSED:
        shown = bench.set(**change)
        assert "HYPOTHETICAL" in shown.text and says in shown.text and clean(shown), change
        words = bench.set(**usual).text
        assert "HYPOTHETICAL" not in words and "× 4.21: dose × 4.00, 96 % of the rise, route × 1.05, 4 % of" in words
    first = bench.set(view="first 24 hours").text
    assert "91 % of the rise" in first and "85 % of the rise" in first
    assert "choose 11.7 to 21.7" in bench.set(weight=70).text and bench.get()["weight"] == 16.7


def test_each_number_of_the_bench_stands_in_its_row(bench):
    def numbers(**change):
        rows = by_first(bench.set(**change))
        return {what: [float(x) for x in cells if x] for what, cells in rows.items() if cells[0][0].isdigit()}

    usual, slow = numbers()["subcutaneous, once a day"], numbers(speed=0.25)
    for name in ("as published", "flip-flop twin"):
        area, _, highest, _ = slow[f"subcutaneous, once a day, {name}"]
        assert area == usual[0] and highest < usual[2]  # the area stays, the peak does not
    found = numbers(speed=1, clearance=0.25)
    assert found["subcutaneous, once a day, as published"][0] == 42.0
    assert found["subcutaneous, once a day, but normal clearance"] == usual  # from where the rise counts
    found = numbers(clearance=1, interval=6)
    ways = ["subcutaneous, every 6 h", "IV, every 6 h, as published", "IV, every 6 h, flip-flop twin"]
    assert [found[way][3] for way in ways] == [1.49, 1.16, 0.48]


# ---- what 07 must not say -------------------------------------------------------------------------------------------
FORBIDDEN = {
    r"(?:was|were) not absorbed|failed to (?:be )?absorb": "that injections were not absorbed",
    r"therapeutic (?:level|concentration|range)": "that a level was therapeutic",
    r"(?<!no )(?<!not a )target (?:for|in) MAS": "that there is a target for MAS",
    r"(?:exposure|concentration|level)s? (?:led|leads|caused|explains?|explained) (?:the |his )?(?:recover|improve)": (
        "that exposure led to recovery"
    ),
    r"\b\d+(?:\.\d+)? mg (?:for|to) (?:him|the child|this child|the boy)": "an amount for the child",
}


def test_nothing_is_claimed_that_the_data_do_not_show():
    texts = [c.source for c in PAGE.cells if c.cell_type == "markdown"]
    cells = [c for c in PAGE.cells if "case.cited(" not in c.source]  # a title is not a claim of this page
    texts += [o["data"]["text/plain"] for c in cells for o in c.get("outputs", []) if "data" in o]
    for item in [i for name, i in items().items() if i["notebook"] == "07" and name != "E7.1"]:
        texts += [str(o["why"]) for o in item["options"]] + [str(item.get("voices"))]
    assert [c for text in texts for c in forbidden(FORBIDDEN, text)] == []
    wrong = "SC was not absorbed, so IV reached a therapeutic level, the target for MAS. "
    wrong += "This exposure explains the recovery; give 33.4 mg to this child."
    assert forbidden(FORBIDDEN, wrong) == [*FORBIDDEN.values()]


def test_the_ledger_keeps_three_kinds_apart():
    shown = route.ledger(load_case())
    kinds = {fact: (kind, cites) for kind, _, _, cites, fact in rows_of(shown)[1:]}
    assert {fact: kind for fact, (kind, _) in kinds.items() if kind != "cited"} == {"F58": "inferred", "F59": "stated"}
    assert {"F56", "F57", "P07"} < {*kinds} and kinds["F58"][1] == kinds["F59"][1] == "no reference given"
    assert "a forced choice" in shown.text and "it is reasonable" in shown.text
