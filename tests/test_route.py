"""The route: tables and explorer against arithmetic, published checks, and what this page must never say."""

import re
import subprocess
import sys

import nbformat
import numpy as np
import pytest

from tests.design import BOOKS
from tests.drawings import clean, drawing, words
from tests.reading import forbidden
from utils import pk
from utils.case import load_case
from utils.chapters import route
from utils.explore import route_bench
from utils.quiz import items
from utils.tables import read_table

PAGE = next(p for p in BOOKS if p.name.startswith("07"))


def test_what_is_printed_is_read_from_the_case():
    assert route.printed() == {"sc": (2.0, 24.0), "iv": (2.0, 6.0)}
    light, weight, swollen = route.weights()
    assert (light, weight, swollen) == (11.7, 16.7, 21.7)  # 5 / 0.30 = 16.67; 5 / 0.30 - 5; 5 / 0.30 + 5


def rows_of(shown):
    """Rows of the table below a picture, each a list of cells."""
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in re.findall(r"<tr>(.*?)</tr>", shown.html)[1:]]


def test_two_routes_two_intervals():
    cells = rows_of(route.four("x"))
    assert [c[2] for c in cells] == ["10.5", "11.0", "42.0", "44.2"]
    assert [c[1] for c in cells] == ["2", "2", "8", "8"] and cells[3][4] == "× 4.21"


CHECKS = {  # the model as the reference gives it, published and twin
    "nomid_peak": (1.66, 1.66), "nomid_trough": (0.217, 0.217), "nomid_half_life": (5.7, 5.7),
    "ra_cn_peak": (0.64, 0.64),
    "ra_cn_half_life": (6.9, 6.9), "ra_cn_clearance": (97, 97), "healthy_clearance": (104, 104),
    "korean_half_life": (7.2, 7.2), "iv_early": (2.1, 8.0), "iv_6h": (9.8, 20.1), "child_healthy": (3.18, 3.18),
    "child_ra": (3.18, 3.18), "child_men": (3.18, 3.18), "child_iv": (3.18, 3.18),
}  # fmt: skip


def test_the_checks_give_what_the_reference_gives_misfits_included():
    rows = route.checked().set_index("check")
    assert set(rows.index) == set(CHECKS)
    for name, expected in CHECKS.items():
        for reading, x in zip(pk.READINGS, expected, strict=True):
            assert abs(rows.at[name, f"model_{reading}"] - x) <= 0.5 * 10 ** -len(f"{x}".partition(".")[2]) * 1.1, name
    told = {c[0]: c[3] for c in rows_of(route.checks("x"))}
    assert told["peak at steady state, NOMID"] == "2.2 times too low"
    assert told["IV, adults: after 15 minutes"] == "10.3 times too low; twin 2.8 times too low"
    assert told["half-life, 8 healthy subjects"] == "1.8 times too high"
    assert [v for k, v in told.items() if k.startswith("child")] == ["close"] * 4


def test_scaled_clearances_are_the_adults_own():
    """mL/min of an adult of 70 kg, as L/h of a child of 16.7 kg by weight to the power 0.75."""
    rows, by = read_table("kinetics_checks").set_index("check")["observed"], (16.7 / 70) ** 0.75
    for name, adult in (
        ("child_healthy", 170 * 0.06),
        ("child_ra", 150 * 0.06),
        ("child_men", 9.03),
        ("child_iv", 137 * 0.06 / 0.95),
    ):
        assert np.isclose(rows[name], adult * by, atol=5e-4)


def test_nomid_is_under_predicted_at_any_weight():
    peaks = [pk.exposure(pk.parameters(kg), 3 * kg)["c_max"] for kg in (15, 30, 50, 70)]
    assert [round(x, 2) for x in peaks] == [1.27, 1.66, 2.04, 2.33] and max(peaks) < 3.63 / 1.5


def test_what_is_unconfirmed_says_so():
    assert set(read_table("kinetics_checks").query("tag == 'R'")["source"]) == {"kineretlabel"}
    shown = route.checks("x")
    assert shown.html.count("(unconfirmed)") == 3 and shown.text.count("kineretlabel, unconfirmed") == 3


# ---- the explorer ---------------------------------------------------------------------------------------------------
def test_the_first_view_is_normal_absorption():
    bench = route_bench()
    assert "HYPOTHETICAL" not in bench._last.text and "Absorption as usual" not in bench._last.text
    assert "× 4.21: dose × 4.00, 96 % of the rise, route × 1.05, 4 % of the rise" in bench._last.text
    assert bench.get() == {
        "absorbed": 1,
        "speed": 1,
        "clearance": 1,
        "weight": 16.7,
        "litres": 0,
        "interval": 24,
        "view": "steady state",
    }
    html = bench._repr_mimebundle_()[0] if isinstance(bench._repr_mimebundle_(), tuple) else bench._repr_mimebundle_()
    assert "<img" in html["text/html"] and "<table" in html["text/html"] and "move the controls" in html["text/plain"]


@pytest.mark.parametrize(
    "change",
    [{"absorbed": 0.65}, {"speed": 0.5}, {"clearance": 0.5}, {"litres": 5}, {"weight": 11.7}, {"interval": 6.0}],
)
def test_every_supposition_says_hypothetical(change):
    bench = route_bench()
    shown = bench.set(**change)
    assert "HYPOTHETICAL" in shown.text
    svg, alt = drawing(shown)
    assert sum("HYPOTHETICAL" in text for text in words(svg)) == 2  # across the picture, and in words
    assert "HYPOTHETICAL" in alt and clean(shown)
    bench.set(**bench._usual)
    assert "HYPOTHETICAL" not in bench._last.text


def numbers(bench):
    return {c[0]: [float(x) for x in c[1:] if x] for c in rows_of(bench._last)}


def test_what_the_page_says_you_may_have_seen():
    bench = route_bench()
    slow = [numbers(bench)["subcutaneous, once a day"]]
    bench.set(speed=0.25)
    for name in ("as published", "flip-flop twin"):
        slow.append(numbers(bench)[f"subcutaneous, once a day, {name}"])
    assert slow[0][0] == slow[1][0] == slow[2][0] and slow[0][2] > max(slow[1][2], slow[2][2])  # area and peak
    bench.set(speed=1, absorbed=0.25)
    assert "dose × 4.00, 49 % of the rise, route × 4.21, 51 % of the rise" in bench._last.text
    bench.set(absorbed=1, interval=6)
    found = numbers(bench)
    assert found["subcutaneous, every 6 h"][3] == 1.49
    assert [found[f"IV, every 6 h, {n}"][3] for n in ("as published", "flip-flop twin")] == [1.16, 0.48]
    assert "× 1.05: dose × 1.00, 0 % of the rise, route × 1.05, 100 % of the rise" in bench._last.text
    bench.set(interval=24, clearance=0.25)
    assert "kidney × 4.00" in bench._last.text
    assert numbers(bench)["subcutaneous, once a day, as published"][0] == 42.0
    assert numbers(bench)["subcutaneous, once a day, but normal clearance"][0] == 10.5  # from where the rise counts
    assert "from normal clearance × 16.84" in bench._last.text  # 4 × 4 / 0.95
    bench.set(clearance=1, view="first 24 hours")
    assert "91 % of the rise" in bench._last.text and "85 % of the rise" in bench._last.text


def test_a_control_on_the_page_does_what_set_does():
    by_call, by_hand = route_bench(), route_bench()
    by_call.set(absorbed=0.5, weight=11.7)
    by_hand._controls["absorbed"].value, by_hand._controls["weight"].value = 0.5, 11.7
    assert by_call._last.html == by_hand._last.html
    row = by_hand.children[0]
    row.children[1].value = 0.25  # the slider
    assert by_hand.get()["absorbed"] == 0.25 and "25 % of what is usual" in by_hand._last.text


@pytest.mark.parametrize(
    "change, says",
    [
        ({"dose": 3}, "There is no 'dose' here: choose absorbed, speed"),
        ({"absorbed": 0}, "choose 0.1 to 1"),
        ({"absorbed": float("nan")}, "choose 0.1 to 1"),
        ({"absorbed": "half"}, "'half' is not a number for absorbed"),
        ({"absorbed": True}, "True is not a number"),
        ({"weight": 70}, "choose 11.7 to 21.7"),
        ({"interval": 5}, "choose 24.0, 12.0, 8.0, 6.0"),
        ({"interval": True}, "not on the list"),
        ({"view": "day 3"}, "choose steady state, first 24 hours"),
        ({"absorbed": 0.5, "view": None}, "not on the list of view"),
        ({"view": ["steady state"]}, "not on the list of view"),
    ],
)
def test_what_is_refused_changes_nothing(change, says):
    bench = route_bench()
    before = bench._last.html, bench.get()
    assert bench.set(**change).text.startswith("Refused.") and says in bench.set(**change).text
    assert (bench._last.html, bench.get()) == before


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
    page = nbformat.read(PAGE, 4)
    texts = [c.source for c in page.cells if c.cell_type == "markdown"]
    cells = [c for c in page.cells if "case.cited(" not in c.source]  # a title is not a claim of this page
    texts += [o["data"]["text/plain"] for c in cells for o in c.get("outputs", []) if "data" in o]
    told = {k: i for k, i in items().items() if i["notebook"] == "07" and k != "E7.1"}
    texts += [str(o["why"]) for i in told.values() for o in i["options"]] + [
        str(i.get("voices")) for i in told.values()
    ]
    assert [c for text in texts for c in forbidden(FORBIDDEN, text)] == []
    assert forbidden(FORBIDDEN, "SC was not absorbed, so IV reached a therapeutic level, the target for MAS.") == [
        "that injections were not absorbed", "that a level was therapeutic", "that there is a target for MAS",
    ]  # fmt: skip
    assert forbidden(FORBIDDEN, "This exposure explains the recovery; give 33.4 mg to this child.") == [
        "that exposure led to recovery", "an amount for the child",
    ]  # fmt: skip


def test_the_ledger_keeps_three_kinds_apart():
    shown = route.ledger(load_case())
    kinds = {c[4]: c[0] for c in rows_of(shown)}
    assert kinds == {"F56": "cited", "F57": "cited", "F58": "inferred", "F59": "stated", "P07": "cited"}
    assert "a forced choice" in shown.text and "it is reasonable" in shown.text
    assert [c[3] for c in rows_of(shown) if c[4] in ("F58", "F59")] == ["no reference given"] * 2


def test_no_number_of_the_follow_up_is_told_on_this_page():
    page = nbformat.read(PAGE, 4)
    said = "\n".join(c.source for c in page.cells) + str([c.get("outputs") for c in page.cells])
    assert not re.search(r"canakinumab|relaps|remission|PRF1", re.sub(r"base64,[^\"]+", "", said), re.IGNORECASE)


def test_seaborn_is_loaded_only_for_a_figure_that_stands_still():
    code = "import sys; from utils import explore, plots; early = 'seaborn' in sys.modules; plots.ratios"
    code += "; print(early, 'seaborn' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "False True"
    with pytest.raises(AttributeError, match="there is no figure 'pie'; there are .*areas"):
        getattr(route.plots, "pie")  # noqa: B009


def test_the_picture_to_take_home_sets_the_usual_beside_a_quarter_of_it():
    _, alt = drawing(route.picture("x"))
    assert "Rise, absorption as usual × 4.21: dose × 4.00, 96 % of the rise, route × 1.05, 4 % of the rise" in alt
    assert "(hypothetical) × 16.84: dose × 4.00, 49 % of the rise, route × 4.21, 51 % of the rise" in alt
    assert "highest from 0.22 to 0.88 mg/L" in alt  # a quarter of 0.8836, and all of it


def test_the_card_holds_every_number_of_the_model():
    cells = {c[0]: c[1:] for c in rows_of(route.card())}
    assert len(cells) == len(read_table("kinetics")) + 2
    assert cells["clearance, volume and half-life at 16.7 kg, as published"][2] == "1.25 L/kg"
    assert cells["clearance, volume and half-life at 16.7 kg, flip-flop twin"][0] == "3.02 L/h; 7.95 L; half-life 1.8 h"
    assert [c[3] for c in rows_of(route.four("x"))] == ["0.44", "0.46", "1.75", "1.84"]
