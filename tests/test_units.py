"""A bare number is refused; a value keeps its unit, its printed precision and its status."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.units import Quantity, UnitError, converted, factors, quantity, show, suggestion, unit_of, variables

MEASURED = [v for v in variables().index if variables().at[v, "canonical_unit"]]


@pytest.mark.parametrize(
    "text, variable, unit, shown",
    [
        ("1.5 mmol/L", "triglycerides", "mg/dL", "132.9 mg/dL"),
        ("2.86 mmol/L", "triglycerides", "mg/dL", "253.3 mg/dL"), ("1.6 g/L", "fibrinogen", "mg/dL", "160 mg/dL"),
        ("1.6 g/L", "fibrinogen", "µmol/L", "4.706 µmol/L"), ("1,540 pmol/L", "ferritin", "µg/L", "685.4 µg/L"),
        ("44,000/mm3", "platelets", "×10⁹/L", "44 ×10⁹/L"), ("25990/mm3", "wbc", "x10^9/L", "25.99 ×10⁹/L"),
        ("0.80 ukat/l", "ast", "U/L", "48 U/L"), ("19 months", "age_at_onset", "years", "1.583 years"),
        ("0–100 /mm³", "neutrophils", "×10⁹/L", "0–0.1 ×10⁹/L"),
    ],
)  # fmt: skip
def test_conversions_of_the_reference(text, variable, unit, shown):
    assert str(quantity(text, variable).to(unit)) == shown


def test_the_factor_88_trap():
    # 1.5 mmol/L lies on a cut-off printed as 132.7 mg/dL: a factor of 88 would fall below it, 88.57 does not.
    assert quantity("1.5 mmol/L", "triglycerides").to("mg/dL").value > 132.7 > 1.5 * 88


@pytest.mark.parametrize(
    "text, variable, says",
    [
        ("1.5", "triglycerides", "bare number"), (1.5, "triglycerides", "bare number"),
        (float("nan"), "triglycerides", "write None"), ("1.5 mmHg", "triglycerides", "mg/dL or mmol/L"),
        ("-3 U/L", "ast", "negative"), ("1,5 mmol/L", "triglycerides", "1.5"),
        ("high", "ferritin", "does not begin with a number"), ("<0 mg/L", "crp", "not below 0"),
        ("> 5-6 mg/L", "crp", "a sign and two numbers"), ("0,500 mg/L", "ferritin", "as in 0\\.500"),
        ("1.500,5 µg/L", "ferritin", "as in 1500\\.5"), ("65.000/µL", "platelets", "65 or 65,000"),
        ("65.250 /mm3", "platelets", "65\\.25 or 65,250"), ("65.123 /mm3", "platelets", "65\\.1230 or 65,123"),
        ("10-65.000 /mm3", "platelets", "65 or 65,000"), ("+65.000 /mm3", "platelets", "65 or 65,000"),
        ("999.000/µL", "neutrophils", "999 or 999,000"), ("40.000 µg/L", "ferritin", "40 or 40,000"),
        ("1,00,000 /mm3", "platelets", "by three or not at all, as in 100,000"),
        ("1.234.567 /mm3", "platelets", "as in 1,234,567"), ("0 500 mg/L", "crp", "as in 500"),
        ("1,,5 mg/L", "crp", "at most one decimal point"), ("5, mg/L", "crp", "at most one decimal point"),
        ("12 104/µL", "platelets", "12 104 or 12 ×10\\^4"),
        ("65 g/L", "platelets", "'g/L' is not a unit of platelets"),
        ("65 g/l", "platelets", "'g/l' is not a unit of platelets"), ("5 Mg/L", "crp", "'Mg/L' is not a unit"),
        ("1.5 Mmol/L", "triglycerides", "'Mmol/L' is not a unit"),
        ("1540 Pmol/L", "ferritin", "'Pmol/L' is not a unit"), ("10 °F", "temperature", "not below 0 °C"),
        ("", "crp", "does not begin with a number"), ("9e999 U/L", "ast", "too large"),
        ("100-0 /mm3", "neutrophils", "lower end first"), ("5 U/L", "asat", "is not a variable of this collection"),
        ("5 U/L", "platelet", "did you mean 'platelets'"), (None, "crp", "no value"),
        ("3 mmol/L", "lactate", "not measured in this collection"), ("1e305 mg/dL", "triglycerides", "too large"),
        ("1 mg/dL", ["triglycerides"], "is not a variable of this collection"),
        (b"1 mg/dL", "triglycerides", "bare number"),
    ],
)  # fmt: skip
def test_refusals_say_what_to_do(text, variable, says):
    with pytest.raises(UnitError, match=says):
        quantity(text, variable)


def test_a_sign_without_a_value_is_refused():
    with pytest.raises(UnitError, match="finite number"):
        Quantity("ferritin", None, "µg/L", sign="≤")


def test_status_and_value_must_agree():
    assert str(quantity(None, "ldh", status="not_done")) == "not done"
    with pytest.raises(UnitError, match="only a reported value"):
        quantity("300 U/L", "ldh", status="pending")
    with pytest.raises(UnitError, match="is not one of"):
        quantity(None, "ldh", status="missing")


@pytest.mark.parametrize(
    "text, variable, instead",
    [
        ("160 g/L", "fibrinogen", "160 mg/dL would be"), ("2.5 mg/dL", "fibrinogen", "2.5 g/L would be"),
        ("2.5 mg/dL", "triglycerides", "2.5 mmol/L would be"),
        ("1,500 mmol/L", "triglycerides", "1,500 mg/dL would be"), ("82 g/dL", "haemoglobin", "82 g/L would be"),
        ("8.2 g/L", "haemoglobin", "8.2 g/dL would be"), ("0.82 g/dL", "haemoglobin", ": is g/dL the right unit"),
        ("65 /µL", "platelets", "65 ×10⁹/L would be"), ("65000 ×10⁹/L", "platelets", "65,000 /mm³ would be"),
        ("9 /mm3", "wbc", "9 ×10⁹/L would be"), ("102.5 °C", "temperature", "102.5 °F would be"),
        ("38 °F", "temperature", "38 °C would be"), ("0.3 µg/L", "ferritin", "0.3 mg/L would be"),
        ("< 2 mg/dL", "fibrinogen", "< 2 g/L would be"),
        ("100-65000 ×10⁹/L", "platelets", "100–65,000 /mm³ would be"),
    ],
)  # fmt: skip
def test_a_slip_of_unit_is_noticed_and_named_where_it_explains_the_number(text, variable, instead):
    assert instead in quantity(text, variable).warning and "right unit?" in quantity(text, variable).warning


@pytest.mark.parametrize(
    "text, variable",
    [
        ("160 mg/dL", "fibrinogen"), ("<0.1 g/L", "fibrinogen"), ("1.4 g/dL", "haemoglobin"),
        ("1 ×10⁹/L", "platelets"), ("<1 ×10⁹/L", "platelets"), ("0.1 ×10⁹/L", "wbc"), ("0–100 /mm³", "neutrophils"),
        ("> 100,000 ng/mL", "ferritin"), ("<0.1 mmol/L", "triglycerides"), ("104 °F", "temperature"),
        ("33.7 nmol/L", "ferritin"), ("0 mg/L", "crp"),
    ],
)  # fmt: skip
def test_an_extreme_of_a_real_patient_is_no_slip(text, variable):
    assert quantity(text, variable).warning == ""


def test_every_number_has_plausible_limits_on_both_sides():
    measured = variables().loc[MEASURED]
    zero = measured["note"].str.endswith("zero can be true")
    assert (measured["plausible_low"] < measured["plausible_high"]).all()
    assert ((measured["plausible_low"] == 0) == zero).all() and measured["note"].str.contains("chosen by us").all()


@pytest.mark.parametrize(
    "text, value",
    [
        ("40,000 µg/L", 40_000),
        ("40 000 µg/L", 40_000),
        ("40\u00a0000 µg/L", 40_000),
        ("40\u2009000\u2009µg/L", 40_000),
        ("40\u202f000 µg/L", 40_000),
        ("1 234 567.5 ng/mL", 1_234_567.5),
        ("40'000 ng/mL", 40_000),
        ("40’000 ng/mL", 40_000),
        ("0.500 mg/L", 500),
        ("1.500 mg/L", 1_500),  # 1,500 mg/L would be beyond what is plausible
        ("1500.500 µg/L", 1_500.5),
        ("\ufeff700 ng/mL", 700),
    ],
)
def test_what_groups_thousands_is_read(text, value):
    q = quantity(text, "ferritin").canonical()
    assert q.value == pytest.approx(value) and (q.warning == "" or value > 1e6)


@pytest.mark.parametrize(
    "variable, unit, known",
    [
        *[
            ("platelets", spelt, known)
            for known, many in {
                "×10³/µL": "K/µL k/uL K/UL K/mcL thou/uL 1000/µL 10*3/uL 10^3/µL ×10E3/µL x10(3)/uL x10^3/ul",
                "×10⁹/L": "×10E9/L x10^9/L 10*9/L 10**9/L 10exp9/L 109/L /nL /nl Giga/L X10^9/L 10⁹∕L 10⁹⁄l",
                "/µL": "cells/µL /mcL /uL /UL cells/mcL 10*6/L /\u03bcL",
                "/mm³": "/cumm /cmm cells/cumm /MM3 /mm^3",
                "×10³/mm³": "K/mm3 x10³/mm3",
                "×10⁴/µL": "x10^4/µL 10*4/uL",
                "G/L": "G/l",
            }.items()
            for spelt in many.split()
        ],
        ("platelets", "/cu mm", "/mm³"),
        *[("ferritin", u, "µg/L") for u in ("mcg/L", "ug/L", "UG/L", "MCG/L", "\u03bcg/L", "\u00b5g/L", "µg\u2215L")],
        ("ferritin", "NG/ML", "ng/mL"),
        ("ferritin", "µg/mL", "mg/L"),
        ("ferritin", "NMOL/L", "nmol/L"),
        *[("triglycerides", u, "mg/dL") for u in ("MG/DL", "mg/dl", "mg%", "mg / dL")],
        *[("haemoglobin", u, "g/dL") for u in ("G/DL", "g/dl", "gm/dL", "gms/dl", "g%")],
        ("fibrinogen", "G/L", "g/L"),  # nothing that it could be taken for
        *[("ast", u, "U/L") for u in ("units/L", "Units/L", "u/l", "U/l", "unit/L")],
        *[("ast", u, "IU/L") for u in ("[iU]/L", "iu/l")],
        ("ldh", "nkat/l", "nkat/L"),
        *[("esr", u, "mm/h") for u in ("mm/hr", "mm/hour", "MM/H", "mm/1h", "mm/1hr")],
        *[("temperature", u, "°C") for u in ("Cel", "ºC", "℃", "C", "degC", "deg C", "Celsius", "degrees C")],
        *[("temperature", u, "°F") for u in ("[degF]", "F", "ºF", "℉", "Fahrenheit")],
        *[("age", u, "years") for u in ("y", "yr", "yrs", "Years", "year", "a")],
        *[("age", u, "months") for u in ("mo", "mos", "Months", "mths")],
        *[("age", u, "weeks") for u in ("wk", "wks")],
        ("age", "d", "days"),
        ("systolic_bp", "mm[Hg]", "mmHg"),
        ("heart_rate", "bpm", "/min"),
    ],
)
def test_units_as_laboratories_write_them(variable, unit, known):
    assert unit_of(variable, unit) == known


@pytest.mark.parametrize(
    "text, variable, shown",
    [
        ("33.7 nmol/L", "ferritin", "14,998 µg/L"), ("1600 mg/L", "fibrinogen", "160 mg/dL"),
        ("6.5 x10^4/µL", "platelets", "65 ×10⁹/L"), ("800 nkat/L", "ast", "48 U/L"),
        ("101.12 [degF]", "temperature", "38.4 °C"), ("> 100.4 °F", "temperature", "> 38 °C"),
        ("< 100.4 °F", "temperature", "< 38 °C"), ("18 mo", "age", "1.5 years"), ("2 y", "age", "2 years"),
    ],
)  # fmt: skip
def test_values_of_such_units_are_converted(text, variable, shown):
    assert str(quantity(text, variable).canonical()) == shown


@pytest.mark.parametrize(
    "text, sign, value, high, shown",
    [
        ("> 40,000 ng/mL", ">", 40_000, math.inf, "> 40,000 ng/mL"),
        (">=500ng/mL", "≥", 500, math.inf, "≥ 500 ng/mL"),
        ("≥ 500 ng/mL", "≥", 500, math.inf, "≥ 500 ng/mL"),
        ("≧500 ng/mL", "≥", 500, math.inf, "≥ 500 ng/mL"),
        ("<0.50 mg/L", "<", 0, 0.5, "< 0.50 mg/L"),
        ("<= 5 µg/L", "≤", 0, 5, "≤ 5 µg/L"),
    ],
)
def test_beyond_the_limit_of_an_assay_is_an_interval_shown_as_printed(text, sign, value, high, shown):
    q = quantity(text, "ferritin")
    assert (q.sign, q.value, q.high, str(q)) == (sign, value, high, shown)
    low, top = q.bounds()
    assert (low > value, top < high) == (sign == ">", sign == "<")
    other = q.to("pmol/L")
    assert other.sign == sign and str(other.to(q.unit)) == str(Quantity("ferritin", q.limit, q.unit, sign=sign))
    with pytest.raises(UnitError, match="is a range"):
        q.single()


@pytest.mark.parametrize(
    "given_",
    [{"sign": "~"}, {"sign": ">", "high": 3.0}, {"sign": "<", "high": 5.0}, {"sign": "<", "value": 0.0},
     {"sign": ">", "value": math.inf}, {"high": math.inf}, {"sign": ">", "value": None}, {"sign": ["<"]},
     {"sign": "<", "value": None, "status": "pending"}],
)  # fmt: skip
def test_a_limit_made_by_hand_is_held_to_what_it_can_be(given_):
    with pytest.raises(UnitError, match="crp"):
        Quantity(**{"variable": "crp", "value": 2.0, "unit": "mg/L", **given_})
    assert Quantity("crp", 5, "mg/L", sign="<") == Quantity("crp", 0.0, "mg/L", 5, sign="<")


@pytest.mark.parametrize(
    "word, name",
    [
        *[(w, "platelets") for w in ("plt", "PLT", "platelet", "Plt count")],
        *[(w, "haemoglobin") for w in ("hb", "HGB", "Hemoglobin")],
        *[(w, "ferritin") for w in ("ferr", "Fer", "FERRITIN", "feritin")],
        *[(w, "triglycerides") for w in ("TG", "trigs")],
        *[("fib", "fibrinogen"), ("ANC", "neutrophils"), ("WBC", "wbc"), ("LDH", "ldh"), ("sIL-2R", "scd25")],
        *[(w, "ast") for w in ("SGOT", "ASAT", "AST")],
        *[(w, "alt") for w in ("SGPT", "alat")],
        *[(w, "") for w in ("na", "k", "pct", "urea", "xyz", "")],
    ],
)
def test_a_hint_is_right_or_there_is_none(word, name):
    assert suggestion(word, variables().index) == (f"; did you mean '{name}'?" if name else "")


def test_what_has_no_unit_to_compare_in_stays_as_printed():
    weight = Quantity("weight", 12.0, "kg")
    assert weight.canonical() is weight and weight.warning == ""


@pytest.mark.parametrize(
    "given_",
    [(math.nan,), (math.inf,), (-1.0,), ("3",), (True,), (3.0, "furlongs"), (3.0, "mg/dL", 2.0), (None,),
     (3.0, "mg/dL", math.nan), (3.0, "mg/dL", None, "pending"), (None, "", None, "lost"),
     (3.0, "mg/dL", None, "reported", -1)],
)  # fmt: skip
def test_a_quantity_made_by_hand_is_held_to_what_a_value_can_be(given_):
    with pytest.raises(UnitError, match="triglycerides"):
        Quantity("triglycerides", *(given_ if len(given_) > 1 or given_ == (None,) else (*given_, "mg/dL")))
    with pytest.raises(UnitError, match="not a variable"):
        Quantity("triglyceride", 3.0, "mg/dL")


@given(st.sampled_from(MEASURED), st.floats(1e-6, 1e6), st.data())
def test_round_trip_between_any_two_units(variable, value, data):
    first, second = (data.draw(st.sampled_from(list(factors(variable)))) for _ in range(2))
    value = converted(value, variable, variables().at[variable, "canonical_unit"], first)  # below 32 °F is no value
    there = Quantity(variable, value, first)
    assert math.isclose(there.to(second).to(first).value, value, rel_tol=1e-12, abs_tol=1e-12)


@pytest.mark.parametrize(
    "number, shown",
    [
        (1259, "1,259"), (132.855, "132.9"), (0.1, "0.1"), (0, "0"), (25990, "25,990"), (None, "unknown"),
        (math.inf, "∞"),
    ],
)  # fmt: skip
def test_numbers_are_shown_plainly(number, shown):
    assert show(number) == shown
