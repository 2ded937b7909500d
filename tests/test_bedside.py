"""Pressure, weight and age: hand arithmetic, the published values, what must always hold, and nonsense refused."""

import math
import re

import nbformat
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.design import BOOKS
from utils.case import load_case
from utils.chapters import bedside
from utils.rules import evaluate
from utils.units import UnitError, quantity

CASE = load_case()
PICU, ECMO = CASE.as_of("picu"), CASE.as_of("ecmo")


# ---- pressures, weights and growth -----------------------------------------------------------------------------------
def test_the_mean_pressure_and_the_weight_before_by_hand():
    assert bedside.mean_arterial_pressure(85, 45) == pytest.approx((85 + 2 * 45) / 3) == pytest.approx(58.3, abs=0.05)
    assert list(bedside.mean_arterial_pressure([120, 60], [90, 60])) == pytest.approx([100, 60])  # 300 / 3
    shares = np.array([0.3, 0.25, 0.35])
    assert bedside.weight_before(5, shares) == pytest.approx([16.667, 20, 14.286], abs=5e-4)  # 5 / 0.3, ...
    assert bedside.weight_before(5, shares, "after") == pytest.approx([11.667, 15, 9.286], abs=5e-4)  # less 5


@given(st.floats(1, 300), st.floats(1, 300), st.floats(0.1, 50), st.floats(0.01, 0.99))
def test_a_mean_lies_between_and_each_reading_gives_its_share_back(one, other, gain, share):
    low, high = sorted((one, other))
    mean = bedside.mean_arterial_pressure(high, low)
    assert low <= mean <= high * (1 + 1e-12) and mean - low <= high - mean + 1e-9  # nearer to the lower one
    first, second = (bedside.weight_before(gain, share, of) for of in ("before", "after"))
    assert gain / first == pytest.approx(share) and gain / (second + gain) == pytest.approx(share)


@pytest.mark.parametrize("wrong", [0, -1, math.nan, math.inf, None, True, "low", [85, 0]])
def test_what_is_no_pressure_gain_or_share_is_refused(wrong):
    for pair in ((wrong, 45), (85, wrong)):
        with pytest.raises(UnitError, match="pressure must be a number above zero"):
            bedside.mean_arterial_pressure(*pair)
    for pair in ((wrong, 0.3), (5, wrong)):
        with pytest.raises(UnitError, match="(gained|share) must be a number above zero"):
            bedside.weight_before(*pair)


MISTAKEN = [
    (bedside.mean_arterial_pressure, (45, 85), "diastolic pressure lies above the systolic"),
    (bedside.weight_before, (5, 30), "write 30 % as 0.3"),
    (bedside.weight_before, (5, 0.3, "dry"), "'before' or 'after'"),
    (bedside.growth_z, (20, 24), r"above \+3"), (bedside.growth_z, (7, 24), "below −3"),
    (bedside.growth_z, (True, 24), "above zero"),
    *((bedside.growth_z, (12, age), "24 to 36 months only") for age in (23.9, 36.1, 2)),
    *((bedside.growth_z, (12, age), "above zero") for age in (0, -24, math.nan, None, "two")),
]  # fmt: skip


@pytest.mark.parametrize("function, given, says", MISTAKEN)
def test_what_is_mistaken_or_beyond_is_refused(function, given, says):
    with pytest.raises(UnitError, match=says):
        function(*given)


PUBLISHED = {  # weianthro.txt as kept in the reference: -2 SD, median, +1 and +2 SD at each age in months
    24: (9.67, 12.15, 13.63, 15.28), 30: (10.52, 13.30, 14.97, 16.85),
    35: (11.15, 14.17, 16.00, 18.07), 36: (11.28, 14.34, 16.20, 18.31),
}  # fmt: skip


def test_weights_lie_where_who_puts_them_and_both_readings_too():
    for age, weights in PUBLISHED.items():
        assert bedside.growth_z(weights, age) == pytest.approx([-2, 0, 1, 2], abs=0.006)
    readings = 5 / 0.3, 5 / 0.3 - 5
    for age, heavy, ordinary in ((24, 2.76, -0.36), (30, 1.91, -1.11), (35, 1.34, -1.62)):
        assert bedside.growth_z(readings, age) == pytest.approx([heavy, ordinary], abs=0.006)
    apart = [sum(bedside.growth_z(readings, months)) for months in (32, 34)]
    assert apart[0] > 0 > apart[1]  # up to about 33 months 11.7 kg lies nearer the median, from then on 16.7 kg does
    shares = [round(100 * 5 / bedside.growth_lms(age)[1]) for age in (24, 30, 35)]  # as D04 prints
    assert shares == [41, 38, 35] and "41, 38 or 35 %" in CASE.address("D04").loc[0, "To note"]


@given(st.floats(24, 36), st.floats(0.8, 1.25), st.floats(0.8, 1.25))
def test_a_heavier_boy_has_a_higher_z(age, one, other):
    z = [bedside.growth_z(times * bedside.growth_lms(age)[1], age) for times in (one, other)]
    assert (z[0] - z[1]) * (one - other) >= 0 and (abs(one - other) < 1e-6 or z[0] != z[1])
    columns = CASE.growth[["l", "median", "s"]].to_numpy().T  # a straight line between the tabulated ages
    assert np.array(bedside.growth_lms(CASE.growth["age"])) == pytest.approx(columns)
    assert np.array(bedside.growth_lms(27)) == pytest.approx(columns[:, :2].mean(axis=1))  # of 24 and 30 months


# ---- limits by age ------------------------------------------------------------------------------------------------
def used(age, variable):
    """The limits that apply: dict of label -> the lower (or only) end."""
    rows = bedside.age_limits(age).query("applies and variable == @variable")
    return dict(zip(rows["label"], rows["low"], strict=True))


@pytest.mark.parametrize("age, limit", [(1, 72), (2, 74), (2.5, 75), (4, 78), (10, 90)])  # 70 + 2 × age, by hand
def test_the_pals_limit_is_that_of_the_rule_set(age, limit):
    assert [low for label, low in used(age, "systolic_bp").items() if label.startswith("PALS")] == [limit]
    for pressure, verdict, where in ((limit, "not met", "at"), (limit - 1, "met", "below")):
        given = {"age": quantity(f"{age} years", "age"), "systolic_bp": quantity(f"{pressure} mmHg", "systolic_bp")}
        assert evaluate("pals_hypotension", given).status == verdict
        assert bedside.side(pressure, {"kind": "lower", "low": limit}) == where


def test_a_limit_applies_to_the_ages_it_was_made_for():
    assert ["PALS, over 10 years" in used(age, "systolic_bp") for age in (1, 2, 10, 10.5)] == [False] * 3 + [True]
    fifth, median = (f"Haque and Zaritsky, {centile} centile" for centile in ("5th", "50th"))
    point = "Phoenix 2024, a point at or below"
    assert used(2, "mean_bp") == {fifth: 43, median: 58, point: 44} and used(2, "systolic_bp")[fifth] == 69
    assert [*used(3, "mean_bp")] == [point] and len(used(3, "systolic_bp")) == 1
    assert set(CASE.age_limits["tag"]) | set(bedside.age_limits(2)["tag"]) <= {"P", "S"}  # none is unconfirmed
    ends = [bedside.side(value, {"kind": "range", "low": 100, "high": 190}) for value in (99, 100, 190, 191)]
    assert ends == ["below", "inside", "inside", "above"]
    for age, sides in ((1.5, {"inside", "above"}), (2, {"inside", "above"}), (2.5, {"above"})):  # one ends at two years
        rows = bedside.age_limits(age).query("applies and variable == 'heart_rate' and kind == 'range'")
        assert {bedside.side(160, row) for row in rows.to_dict("records")} == sides


# ---- the bench ----------------------------------------------------------------------------------------------------
def test_the_bench_begins_with_what_is_printed():
    limits = bedside.age_limit_bench(PICU)
    begun = {name: str(value) for name, value in limits.get().items()}
    assert begun == {"systolic": "85 mmHg", "diastolic": "45 mmHg", "heart_rate": "160 /min", "age": "2 years"}
    text = limits.shown.text
    assert "(85 + 2 × 45) / 3 = 58.3 mmHg" in text and "Shock is not a blood pressure" in text
    assert re.search(r"70 \+ 2 × age +74 mmHg +above", text)
    assert re.search("over 10 years +90 mmHg +not applicable at 2 years", text)
    assert limits.set(**limits.get()).text == text  # what get gives, set takes
    text = limits.set(systolic="72 mmHg").text
    assert "Below its limit: PALS, 1 to 10 years: 70 + 2 × age, 74 mmHg." in text
    assert re.search("Haque and Zaritsky, 5th centile +69 mmHg +above", text)  # published limits disagree


REFUSED = [
    ({"systolic": "300 mmHg"}, "40 to 140 mmHg"), ({"diastolic": "95 mmHg"}, "diastolic pressure lies above"),
    *(({"age": age}, "age: choose 1 to 10 years") for age in ("11 years", None)), ({"age": 3}, "bare number"),
    ({"systolic": "80–90 mmHg"}, "is a range"), ({"weight": "12 kg"}, "weight"),
    ({"age": "3 years", "systolic": "-1 mmHg"}, "negative"),
]  # fmt: skip


@pytest.mark.parametrize("values, says", REFUSED)
def test_what_cannot_be_is_refused_and_nothing_changes(values, says):
    limits = bedside.age_limit_bench(PICU)
    before, shown = limits.get(), limits.shown.text
    refused = limits.set(**values)
    assert refused.text.startswith("Refused. ") and re.search(says, refused.text)
    assert limits.get() == before and limits.shown.text == shown


def test_every_limit_is_listed_with_its_verdict_and_no_dose_is_spoken_of():
    bench = bedside.age_limit_bench(PICU)
    for age in (1, 1.5, 2, 2.5, 6, 10):
        text, rows = bench.set(age=f"{age} years").text, bedside.age_limits(age)
        assert all(text.count(label) for label in rows["label"])
        assert text.count("not applicable at") == (~rows["applies"]).sum()
        assert not re.search(r"\bmg\b|mg/kg|dose|\b(nan|None|NaT|inf)\b|<NA>", text.replace("not a dosing aid", ""))


# ---- leak or pump, and the strip ----------------------------------------------------------------------------------
def test_every_row_of_the_matrix_rests_on_what_was_known_then():
    for row in CASE.leak_pump.itertuples():
        assert all(len(CASE.as_of(row.time_point).address(a)) for a in row.facts.split()), row.finding
        unsaid = all(a.startswith("U") for a in row.facts.split())
        assert ("unknown" in (row.leak, row.pump, row.obstruction)) == unsaid == row.why.startswith("Not reported")


def test_the_matrix_says_what_its_table_says():
    text, early = (bedside.leak_or_pump(case, "Test.").text for case in (ECMO, PICU))
    assert re.search("heart rate 160/min.*( +speaks for it){3}", text)
    assert re.search("albumin and haematocrit.* not reported +says little by itself", text)
    assert all(label in text for label in ECMO.leak_pump["label"])
    assert "arrest" not in early and "film" not in early  # what came later is not in an earlier view


STRIP = {"lasting": ["ventilation_begins", "ecmo_begins"], "events": ["cardiac_arrest"]}
STRIP |= {"measured": ["heart_rate"], "missing": ["lactate", "poor_perfusion"]}


def test_the_strip_says_days_and_never_fills_in_what_is_not_reported():
    text = bedside.strip(ECMO, "Test.", **STRIP).text
    for row in ("conventional ventilation begins +day 2 to 3", "cardiac arrest and resuscitation +day 4 ",
                "heart rate +day 2 +160 /min", "lactate +not reported +U24", "perfusion +not reported"):  # fmt: skip
        assert re.search(row, text), row
    assert not re.search(r"\b(nan|None|NaT)\b|<NA>", text)
    later = {"events": "ecmo_ends", "lasting": "home", "measured": "lactate", "missing": "heart_rate"}
    for part, name in later.items():  # nothing that is known later, and no status for another
        with pytest.raises(KeyError):
            bedside.strip(ECMO, "Test.", **{**STRIP, part: [name]})


def test_the_way_round_the_page_comes_first():
    book = nbformat.read(next(b for b in BOOKS if b.name.startswith("05")), 4)
    top = book.cells[1].source
    warning, summary = top.split("<details><summary><strong>What you need from here if you skip</strong></summary>")
    assert "his heart stops" in warning and "skip" in warning  # said before anything else is
    assert all(a in summary for a in ("D04", "U18", "U20", "U21", "F24", "F39"))
    assert not re.search("arrest|resuscitat|heart stop", summary)  # who skips is spared it
