"""Pressure, weight and age: hand arithmetic, the published values, what must always hold, and nonsense refused."""

import math
import re

import nbformat
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.design import BOOKS
from tests.drawings import clean, drawing, shapes, words
from utils.case import load_case
from utils.chapters import bedside
from utils.rules import evaluate
from utils.units import UnitError, quantity

CASE = load_case()
PICU, ECMO = CASE.as_of("picu"), CASE.as_of("ecmo")
PRESSURES = st.floats(1, 300)
NO_NUMBERS = [0, -1, math.nan, math.inf, None, True, "85", "low", [85, 0]]


# ---- mean pressure ------------------------------------------------------------------------------------------------
def test_the_mean_pressure_by_hand():
    assert bedside.mean_arterial_pressure(85, 45) == pytest.approx((85 + 2 * 45) / 3) == pytest.approx(58.3, abs=0.05)
    assert bedside.mean_arterial_pressure(120, 90) == pytest.approx(100)  # 300 / 3
    assert list(bedside.mean_arterial_pressure([90, 60], [60, 60])) == pytest.approx([70, 60])


@given(PRESSURES, PRESSURES)
def test_a_mean_lies_between_the_two_pressures(one, other):
    low, high = sorted((one, other))
    mean = bedside.mean_arterial_pressure(high, low)
    assert low <= mean <= high * (1 + 1e-12) and mean - low <= high - mean + 1e-9  # nearer to the lower one


@pytest.mark.parametrize("wrong", [w for w in NO_NUMBERS if w != "85"])
def test_a_pressure_that_is_none_is_refused(wrong):
    for pair in ((wrong, 45), (85, wrong)):
        with pytest.raises(UnitError, match="pressure"):
            bedside.mean_arterial_pressure(*pair)


def test_pressures_the_wrong_way_round_are_refused():
    with pytest.raises(ValueError, match="diastolic pressure lies above the systolic"):
        bedside.mean_arterial_pressure(45, 85)


# ---- two weights --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "share, of, kg",  # by hand: 5 / 0.3, 5 / 0.25, 5 / 0.35, and each of these less 5
    [(0.3, "before", 16.667), (0.25, "before", 20), (0.35, "before", 14.286)]
    + [(0.3, "after", 11.667), (0.25, "after", 15), (0.35, "after", 9.286)],
)
def test_the_weight_before_by_hand(share, of, kg):
    assert bedside.weight_before(5, share, of) == pytest.approx(kg, abs=5e-4)


@given(st.floats(0.1, 50), st.floats(0.01, 0.99))
def test_each_reading_gives_its_share_back(gain, share):
    first, second = (bedside.weight_before(gain, share, of) for of in ("before", "after"))
    assert gain / first == pytest.approx(share) and gain / (second + gain) == pytest.approx(share)
    assert first == pytest.approx(second + gain)  # so the readings lie exactly the gain apart


@pytest.mark.parametrize(
    "gain, share", [*[(w, 0.3) for w in NO_NUMBERS if w != "85"], (5, 0), (5, -0.3), (5, math.nan)]
)
def test_a_gain_or_a_share_that_is_none_is_refused(gain, share):
    with pytest.raises(UnitError, match="must be a number above zero|is no number"):
        bedside.weight_before(gain, share)


def test_per_cent_taken_for_a_share_and_an_unknown_reading_are_refused():
    with pytest.raises(UnitError, match="write 30 % as 0.3"):
        bedside.weight_before(5, 30)
    with pytest.raises(UnitError, match="choose 'before' or 'after'"):
        bedside.weight_before(5, 0.3, "dry")


# ---- growth -------------------------------------------------------------------------------------------------------
PUBLISHED = {  # weianthro.txt as kept in the reference: -2 SD, median, +1 and +2 SD at each age in months
    24: (9.67, 12.15, 13.63, 15.28),
    30: (10.52, 13.30, 14.97, 16.85),
    35: (11.15, 14.17, 16.00, 18.07),
    36: (11.28, 14.34, 16.20, 18.31),
}


@pytest.mark.parametrize("age", PUBLISHED)
def test_the_published_weights_lie_where_they_should(age):
    assert bedside.growth_z(PUBLISHED[age], age) == pytest.approx([-2, 0, 1, 2], abs=0.006)


@pytest.mark.parametrize("age, heavy, ordinary", [(24, 2.76, -0.36), (30, 1.91, -1.11), (35, 1.34, -1.62)])
def test_the_published_z_scores_of_both_readings(age, heavy, ordinary):
    assert bedside.growth_z(5 / 0.3, age) == pytest.approx(heavy, abs=0.006)
    assert bedside.growth_z(5 / 0.3 - 5, age) == pytest.approx(ordinary, abs=0.006)


def test_five_kilograms_against_the_median():  # 41, 38 and 35 per cent, as D04 prints
    shares = [round(100 * 5 / bedside.growth_lms(age)[1]) for age in (24, 30, 35)]
    assert shares == [41, 38, 35] and "41, 38 or 35 %" in CASE.address("D04").loc[0, "To note"]


@given(st.floats(24, 36), st.floats(0.8, 1.25), st.floats(0.8, 1.25))
def test_a_heavier_boy_has_a_higher_z(age, one, other):
    z = [bedside.growth_z(times * bedside.growth_lms(age)[1], age) for times in (one, other)]
    assert (z[0] - z[1]) * (one - other) >= 0 and (abs(one - other) < 1e-6 or z[0] != z[1])


def test_the_straight_line_meets_the_tabulated_ages_and_lies_between_them():
    table = CASE.growth
    for row in table.to_dict("records"):
        assert bedside.growth_lms(row["age"]) == (row["l"], row["median"], row["s"])
        assert bedside.growth_z(row["median"], row["age"]) == pytest.approx(0)
    halfway = np.array([table[c].iloc[:2].mean() for c in ("l", "median", "s")])  # 27 months, of 24 and 30
    assert np.array(bedside.growth_lms(27)) == pytest.approx(halfway)


@pytest.mark.parametrize("age", [23.9, 36.1, 2, 0, -24, math.nan, None, "two"])
def test_an_age_outside_the_table_is_refused(age):
    with pytest.raises(UnitError, match="24 to 36 months only|number above zero|is no number|one above zero"):
        bedside.growth_z(12, age)


@pytest.mark.parametrize(
    "weight, says", [(20, "above \\+3"), (7, "below −3"), (0, "above zero"), (math.nan, "above zero")]
)
def test_a_weight_beyond_what_is_computed_is_refused(weight, says):
    with pytest.raises(UnitError, match=says):
        bedside.growth_z(weight, 24)


# ---- limits by age ------------------------------------------------------------------------------------------------
def used(age, variable):
    """The limits that apply: dict of label -> (low, high)."""
    rows = bedside.age_limits(age).query("applies and variable == @variable")
    return {r.label: (r.low, r.high) for r in rows.itertuples()}


@pytest.mark.parametrize("age, limit", [(1, 72), (2, 74), (2.5, 75), (4, 78), (10, 90)])  # 70 + 2 × age, by hand
def test_the_pals_limit_is_that_of_the_rule_set(age, limit):
    [(low, _)] = [v for k, v in used(age, "systolic_bp").items() if k.startswith("PALS")]
    assert low == limit
    for pressure, verdict in ((limit, "not met"), (limit - 1, "met")):
        given = {"age": quantity(f"{age} years", "age"), "systolic_bp": quantity(f"{pressure} mmHg", "systolic_bp")}
        assert evaluate("pals_hypotension", given).status == verdict
        row = {"kind": "lower", "low": limit}
        assert (bedside.side(pressure, row) == "below") == (verdict == "met")


def test_ninety_applies_only_above_ten_years():
    def ninety(age):
        return bedside.age_limits(age).query("label == 'PALS, over 10 years'")["applies"].item()

    assert [ninety(age) for age in (1, 2, 10, 10.5)] == [False, False, False, True]


def test_the_values_for_two_years_are_for_two_years_only():
    assert used(2, "mean_bp") == {
        "Haque and Zaritsky, 5th centile": (43, pytest.approx(math.nan, nan_ok=True)),
        "Haque and Zaritsky, 50th centile": (58, pytest.approx(math.nan, nan_ok=True)),
        "Phoenix 2024, a point at or below": (44, pytest.approx(math.nan, nan_ok=True)),
    }
    assert used(2, "systolic_bp")["Haque and Zaritsky, 5th centile"][0] == 69
    assert [*used(3, "mean_bp")] == ["Phoenix 2024, a point at or below"] and len(used(3, "systolic_bp")) == 1


def test_the_edge_of_the_heart_rate_falls_on_two_years():
    def sides(age):
        rows = bedside.age_limits(age).query("applies and variable == 'heart_rate' and kind == 'range'")
        return {bedside.side(160, r) for r in rows.to_dict("records")}

    assert "inside" in sides(1.5) and sides(2) == {"inside", "above"} and sides(2.5) == {"above"}


def test_no_unconfirmed_limit_is_on_the_bench():
    assert set(bedside.age_limits(2)["tag"]) <= {"P", "S"} and set(CASE.age_limits["tag"]) <= {"P", "S"}


@pytest.mark.parametrize("value, place", [(99, "below"), (100, "inside"), (190, "inside"), (191, "above")])
def test_the_ends_of_a_range_are_inside_it(value, place):
    assert bedside.side(value, {"kind": "range", "low": 100, "high": 190}) == place


# ---- the benches --------------------------------------------------------------------------------------------------
@pytest.fixture
def limits():
    return bedside.age_limit_bench(PICU)


def test_the_bench_begins_with_what_is_printed(limits):
    begun = {name: str(value) for name, value in limits.get().items()}
    assert begun == {"systolic": "85 mmHg", "diastolic": "45 mmHg", "heart_rate": "160 /min", "age": "2 years"}
    assert "(85 + 2 × 45) / 3 = 58.3 mmHg" in limits._last.text
    assert "74 mmHg: above" in limits._last.html and "90 mmHg: not applicable at 2 years" in limits._last.html
    assert "Shock is not a blood pressure" in limits._last.text


def test_limits_that_disagree_are_seen_to_disagree(limits):
    text = limits.set(systolic="72 mmHg").text  # below 74, above 69
    assert "Below its limit: PALS, 1 to 10 years: 70 + 2 × age, 74 mmHg." in text
    assert "Haque and Zaritsky, 5th centile, 69 mmHg: above" in limits._last.html


def test_a_move_of_a_field_and_of_a_slider_is_followed(limits):
    limits._controls["age"].slider.value = 2.5
    assert limits.get()["age"].value == 2.5 and "75 mmHg: above" in limits._last.html
    limits._controls["systolic"].field.value = 74
    assert limits._controls["systolic"].slider.value == 74 and "75 mmHg: below" in limits._last.html


@pytest.mark.parametrize(
    "values, says",
    [
        ({"systolic": "300 mmHg"}, "outside this bench: choose 40 to 140 mmHg"),
        ({"diastolic": "95 mmHg"}, "diastolic pressure lies above the systolic"),
        ({"age": "11 years"}, "choose 1 to 10 years"),
        ({"age": 3}, "bare number"),
        ({"age": None}, "no unknowns"),
        ({"systolic": "85 kg"}, "is not a unit"),
        ({"systolic": "80 to 90 mmHg"}, "is not a unit|is a range"),
        ({"systolic": "80–90 mmHg"}, "is a range"),
        ({"weight": "12 kg"}, "not a dial of this bench"),
        ({"age": "3 years", "systolic": "-1 mmHg"}, "negative"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_changes(limits, values, says):
    before, shown = limits.get(), limits._last.text
    refused = limits.set(**values)
    assert refused.text.startswith("Refused. ") and re.search(says, refused.text)
    assert limits.get() == before and limits._last.text == shown


def test_a_field_with_nonsense_is_refused_in_words_and_can_be_mended(limits):
    limits._controls["systolic"].field.value = 1e9
    assert limits._last.text.startswith("Refused. ") and limits.get()["systolic"].value == 85
    limits._controls["systolic"].field.value = math.nan
    assert limits._last.text.startswith("Refused. ")
    limits._controls["systolic"].field.value = 90
    assert "(90 + 2 × 45) / 3 = 60.0 mmHg" in limits._last.text


def test_what_get_gives_set_takes(limits):
    limits.set(age="5 years")
    kept, text = limits.get(), limits._last.text
    for name, dial in limits.dials.items():
        limits.set(**{name: f"{dial.high:g} {dial.unit}"})
    assert limits.set(**kept).text == text


def test_the_bench_speaks_of_no_dose(limits):
    said = [limits.set(age=f"{a} years").text for a in (1, 2, 10)]
    assert not re.search(r"\bmg\b|mg/kg|dose", " ".join(said).replace("not a dosing aid", ""))


@pytest.mark.parametrize("age", [1, 1.5, 2, 2.5, 6, 10])
def test_the_picture_has_a_mark_for_every_limit_and_says_what_it_shows(limits, age):
    shown = limits.set(age=f"{age} years")
    root, alt = drawing(shown)
    rows = bedside.age_limits(age)
    boxes = [e for e in shapes(root, "rect", height="12") if e.get("stroke")]
    assert len(boxes) == (rows["kind"] == "range").sum()
    assert len(shapes(root, "circle")) == (rows["kind"] == "median").sum()
    assert alt.count("not applicable") == (~rows["applies"]).sum()
    assert all(label in words(root) for label in rows["label"]) and clean(shown)


# ---- leak or pump, and the strip ----------------------------------------------------------------------------------
def test_every_row_of_the_matrix_rests_on_what_was_known_then():
    view = {t: CASE.as_of(t) for t in ("picu", "ecmo")}
    for row in CASE.leak_pump.itertuples():
        for address in row.facts.split():
            assert len(view[row.time_point].address(address)), (row.finding, address)
        unsaid = all(a.startswith("U") for a in row.facts.split())
        states = (row.leak, row.pump, row.obstruction)
        assert ("unknown" in states) == unsaid == row.why.startswith("Not reported"), row.finding


def test_the_matrix_says_what_its_table_says():
    shown = bedside.leak_or_pump(ECMO, "Test.")
    _, alt = drawing(shown)
    assert "heart rate 160/min: leak speaks for it, pump speaks for it, obstruction speaks for it" in alt
    assert "albumin and haematocrit: leak not reported, pump says little by itself" in alt
    assert shown.html.count("<tr>") == len(CASE.leak_pump) + 1 and clean(shown)
    early = bedside.leak_or_pump(PICU, "Test.").text
    assert "arrest" not in early and "film" not in early  # what came later is not in an earlier view


STRIP = {"lasting": ["ventilation_begins", "ecmo_begins"], "events": ["cardiac_arrest"]}
STRIP |= {"measured": ["heart_rate"], "missing": ["lactate", "poor_perfusion"]}


def test_the_strip_says_days_and_never_fills_in_what_is_not_reported():
    rows = bedside.days(ECMO, **STRIP).set_index("label")
    assert tuple(rows.loc["conventional ventilation begins", ["first", "last"]]) == (2, 3)
    assert tuple(rows.loc["cardiac arrest and resuscitation", ["first", "last"]]) == (4, 4)
    assert rows.at["heart rate", "words"] == "160 /min" and rows.at["lactate", "address"] == "U24"
    root, alt = drawing(bedside.strip(ECMO, "Test.", **STRIP))
    assert words(root).count("?  not reported") == 2 and "lactate: not reported; perfusion: not reported" in alt
    assert [w for w in words(root) if re.fullmatch(r"day \d", w or "")] == [f"day {n}" for n in range(1, 7)]
    assert clean(bedside.strip(ECMO, "Test.", **STRIP))


@pytest.mark.parametrize(
    "part, name", [("events", "ecmo_ends"), ("lasting", "home"), ("measured", "lactate"), ("missing", "heart_rate")]
)
def test_the_strip_takes_nothing_later_and_no_status_for_another(part, name):
    with pytest.raises(KeyError):
        bedside.days(ECMO, **{**STRIP, part: [name]})


# ---- the page -----------------------------------------------------------------------------------------------------
def test_the_way_round_the_page_comes_first():
    book = nbformat.read(next(b for b in BOOKS if b.name.startswith("05")), 4)
    top = book.cells[1].source
    warning, summary = top.split("<details><summary><strong>What you need from here if you skip</strong></summary>")
    assert "his heart stops" in warning and "skip" in warning  # said before anything else is
    assert all(a in summary for a in ("D04", "U18", "U20", "U21", "F24", "F39"))
    assert not re.search("arrest|resuscitat|heart stop", summary)  # who skips is spared it


def test_which_reading_is_the_more_ordinary_depends_on_the_age():
    """Up to about 33 months 11.7 kg lies nearer the median, from then on 16.7 kg does."""
    z = bedside.growth_z
    apart = [z(5 / 0.3, m) + z(5 / 0.3 - 5, m) for m in (24, 32, 34, 35)]
    assert apart[0] > apart[1] > 0 > apart[2] > apart[3]
