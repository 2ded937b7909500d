"""Pressure, weight and age: hand arithmetic, the published values, what must always hold, and nonsense refused."""

import math
import re

import nbformat
import numpy as np
import pytest

from tests.design import BOOKS
from tests.orphans import z_score
from utils.case import load_case
from utils.chapters import bedside

CASE = load_case()
PICU, ECMO = CASE.as_of("picu"), CASE.as_of("ecmo")


# ---- pressures, weights and growth -----------------------------------------------------------------------------------
def test_the_mean_pressure_and_the_weight_before_by_hand():
    assert bedside.mean_arterial_pressure(85, 45) == pytest.approx((85 + 2 * 45) / 3) == pytest.approx(58.3, abs=0.05)
    assert list(bedside.mean_arterial_pressure([120, 60], [90, 60])) == pytest.approx([100, 60])  # 300 / 3
    shares = np.array([0.3, 0.25, 0.35])
    assert bedside.weight_before(5, shares) == pytest.approx([16.667, 20, 14.286], abs=5e-4)  # 5 / 0.3, ...
    assert bedside.weight_before(5, shares, "after") == pytest.approx([11.667, 15, 9.286], abs=5e-4)  # less 5


MISTAKEN = [
    (bedside.mean_arterial_pressure, (45, 85), "diastolic pressure lies above the systolic"),
    (bedside.mean_arterial_pressure, ([85, 0], 45), "systolic is .* above 0 mmHg"),
    (bedside.weight_before, (5, 30), "share is 30: give a number above 0, at most 1"),
    (bedside.weight_before, (math.nan, 0.3), "gain is nan"), (bedside.weight_before, (5, True), "share is True"),
    (bedside.weight_before, (5, 0.3, "dry"), "choose before or after"), (bedside.age_limits, (-2,), "age is -2"),
]  # fmt: skip


@pytest.mark.parametrize("function, given, says", MISTAKEN)
def test_what_is_mistaken_is_refused(function, given, says):
    with pytest.raises(ValueError, match=says):
        function(*given)


PUBLISHED = {  # weianthro.txt as kept in the reference: -2 SD, median, +1 and +2 SD at each age in months
    24: (9.67, 12.15, 13.63, 15.28), 30: (10.52, 13.30, 14.97, 16.85),
    35: (11.15, 14.17, 16.00, 18.07), 36: (11.28, 14.34, 16.20, 18.31),
}  # fmt: skip


def test_weights_lie_where_who_puts_them_and_both_readings_too():
    for age, weights in PUBLISHED.items():
        assert z_score(np.array(weights), age) == pytest.approx([-2, 0, 1, 2], abs=0.006)
    readings = np.array([5 / 0.3, 5 / 0.3 - 5])
    for age, heavy, ordinary in ((24, 2.76, -0.36), (30, 1.91, -1.11), (35, 1.34, -1.62)):
        assert z_score(readings, age) == pytest.approx([heavy, ordinary], abs=0.006)
    apart = [sum(z_score(readings, months)) for months in (32, 34)]
    assert apart[0] > 0 > apart[1]  # up to about 33 months 11.7 kg lies nearer the median, from then on 16.7 kg does
    medians = CASE.growth.set_index("age")["median"]
    assert [round(100 * 5 / medians[age]) for age in (24, 30, 35)] == [41, 38, 35]  # as D04 prints
    assert "41, 38 or 35 %" in CASE.address("D04").loc[0, "To note"]


# ---- limits by age ------------------------------------------------------------------------------------------------
def used(age, variable):
    """The limits that apply: dict of label -> the lower (or only) end."""
    rows = bedside.age_limits(age).query("applies and variable == @variable")
    return dict(zip(rows["label"], rows["low"], strict=True))


@pytest.mark.parametrize("age, limit", [(1, 72), (2, 74), (2.5, 75), (4, 78), (10, 90)])  # 70 + 2 × age, by hand
def test_the_pals_limit_rises_with_age(age, limit):
    assert [low for label, low in used(age, "systolic_bp").items() if label.startswith("PALS")] == [limit]
    assert [bedside.side(x, {"kind": "lower", "low": limit}) for x in (limit - 1, limit)] == ["below", "at"]


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
@pytest.fixture
def limits():
    return bedside.age_limit_bench(PICU)


def test_the_bench_begins_with_what_is_printed(limits):
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


def test_every_limit_is_listed_with_its_verdict_and_no_dose_is_spoken_of(limits):
    for age in (1, 1.5, 2, 2.5, 6, 10):
        text, rows = limits.set(age=f"{age} years").text, bedside.age_limits(age)
        assert all(text.count(label) for label in rows["label"])
        assert text.count("not applicable at") == (~rows["applies"]).sum()
        assert not re.search(r"\bmg\b|mg/kg|dose|\b(nan|None|NaT|inf)\b|<NA>", text.replace("not a dosing aid", ""))


# ---- leak or pump, and the strip ----------------------------------------------------------------------------------
def test_every_row_of_the_matrix_rests_on_what_was_known_then():
    for row in CASE.leak_pump.itertuples():
        assert all(len(CASE.as_of(row.time_point).address(a)) for a in row.facts.split()), row.finding
        unsaid = all(a.startswith("U") for a in row.facts.split())
        assert ("unknown" in (row.leak, row.pump, row.obstruction)) == unsaid == row.why.startswith("Not reported")


STRIP = {"lasting": ["ventilation_begins", "ecmo_begins"], "events": ["cardiac_arrest"]}
STRIP |= {"measured": ["heart_rate"], "missing": ["lactate", "poor_perfusion"]}


def test_the_strip_says_days_and_never_fills_in_what_is_not_reported():
    text = bedside.strip(ECMO, "Test.", **STRIP).text
    for row in ("conventional ventilation begins +day 2 to 3", "cardiac arrest and resuscitation +day 4 ",
                "heart rate +day 2 +160 /min", "lactate +not reported +U24", "perfusion +not reported"):  # fmt: skip
        assert re.search(row, text), row
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
