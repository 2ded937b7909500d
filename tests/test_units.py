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
        ("1.5 mmol/L", "triglycerides", "mg/dL", "132.9 mg/dL"),  # above 132.7, the cut-off; 1.5 × 88 would be below it
        ("2.86 mmol/L", "triglycerides", "mg/dL", "253.3 mg/dL"), ("1.6 g/L", "fibrinogen", "mg/dL", "160 mg/dL"),
        ("1.6 g/L", "fibrinogen", "µmol/L", "4.706 µmol/L"), ("1600 mg/L", "fibrinogen", "mg/dL", "160 mg/dL"),
        ("1,540 pmol/L", "ferritin", "µg/L", "685.4 µg/L"), ("33.7 nmol/L", "ferritin", "µg/L", "14,998 µg/L"),
        ("44,000/mm3", "platelets", "×10⁹/L", "44 ×10⁹/L"), ("25990/mm3", "wbc", "x10^9/L", "25.99 ×10⁹/L"),
        ("0.80 ukat/l", "ast", "U/L", "48 U/L"), ("800 nkat/L", "ast", "U/L", "48 U/L"),
        ("0–100 /mm³", "neutrophils", "×10⁹/L", "0–0.1 ×10⁹/L"), ("6.5 x10^4/µL", "platelets", "G/L", "65 G/L"),
        ("101.12 [degF]", "temperature", "°C", "38.4 °C"), ("> 100.4 °F", "temperature", "°C", "> 38 °C"),
        ("< 100.4 °F", "temperature", "°C", "< 38 °C"), ("18 mo", "age", "years", "1.5 years"),
        ("19 months", "age_at_onset", "years", "1.583 years"), ("2 y", "age", "years", "2 years"),
        *[(f"40{mark}000 ng/mL", "ferritin", "µg/L", "40,000 µg/L") for mark in ", \u00a0\u2009\u202f'’"],
        ("1 234 567.5 ng/mL", "ferritin", "mg/L", "1,235 mg/L"), ("0.500 mg/L", "ferritin", "µg/L", "500 µg/L"),
        ("1500.500 ng/mL", "ferritin", "mg/L", "1.5 mg/L"), ("\ufeff700 ng/mL", "ferritin", "µg/L", "700 µg/L"),
        ("1.500 mg/L", "ferritin", "µg/L", "1,500 µg/L"),  # 1,500 mg/L would be beyond what is plausible
    ],
)  # fmt: skip
def test_values_are_converted_and_shown(text, variable, unit, shown):
    assert str(quantity(text, variable).to(unit)) == shown


@pytest.mark.parametrize(
    "text, variable, says",
    [
        ("1.5", "triglycerides", "bare number"), (1.5, "triglycerides", "bare number"),
        (float("nan"), "triglycerides", "write None"), ("1.5 mmHg", "triglycerides", "mg/dL or mmol/L"),
        ("-3 U/L", "ast", "is negative"), ("10 °F", "temperature", "not below 0 °C"),
        (None, "crp", "where there is none, the status is not_reported, not_done"), ("<0 mg/L", "crp", "not below 0"),
        ("100-0 /mm3", "neutrophils", "lower end comes first"), ("9e999 U/L", "ast", "is finite"),
        ("1e305 mg/dL", "triglycerides", "is finite"),
        ("high", "ferritin", "does not begin with a number"), ("", "crp", "does not begin with a number"),
        ("> 5-6 mg/L", "crp", "a range or a sign and a number"), (b"1 mg/dL", "triglycerides", "does not begin with"),
        ("65 g/L", "platelets", "'g/L' is not a unit of platelets"), ("5 Mg/L", "crp", "'Mg/L' is not a unit"),
        ("1.5 Mmol/L", "triglycerides", "'Mmol/L' is not a unit"), ("1540 Pmol/L", "ferritin", "is not a unit"),
        ("3 mmol/L", "lactate", "not measured in this collection"), ("5 U/L", "platelet", "did you mean 'platelets'"),
        ("5 U/L", "asat", "not a variable"), ("1 mg/dL", ["triglycerides"], "not a variable of this collection"),
    ],
)  # fmt: skip
def test_refusals_say_what_to_do(text, variable, says):
    with pytest.raises(UnitError, match=says):
        quantity(text, variable)


@pytest.mark.parametrize(
    "text, variable",
    [
        *[(f"{text} mg/L", "crp") for text in ("1,5", "0,500", "1.500,5", "0 500", "1,,5", "5,", "1.234.567")],
        *[(f"{text} /mm3", "platelets") for text in ("65.000", "65.123", "10-65.000", "+65.250", "12 104", "1,00,000")],
        ("999.000/µL", "neutrophils"), ("40.000 µg/L", "ferritin"),
    ],
)  # fmt: skip
def test_a_number_that_could_be_another_one_is_refused(text, variable):
    with pytest.raises(UnitError, match="is not clear as a number.* thousands as 65,000 .* decimals after a point"):
        quantity(text, variable)


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


EXTREMES = {
    "fibrinogen": ["160 mg/dL", "<0.1 g/L"], "haemoglobin": ["1.4 g/dL"], "platelets": ["1 ×10⁹/L", "<1 ×10⁹/L"],
    "wbc": ["0.1 ×10⁹/L"], "neutrophils": ["0–100 /mm³"], "ferritin": ["> 100,000 ng/mL", "33.7 nmol/L"],
    "triglycerides": ["<0.1 mmol/L"], "temperature": ["104 °F"], "crp": ["0 mg/L"],
}  # fmt: skip


@pytest.mark.parametrize("variable", EXTREMES)
def test_an_extreme_of_a_real_patient_is_no_slip(variable):
    assert {quantity(text, variable).warning for text in EXTREMES[variable]} == {""}


def test_every_number_has_plausible_limits_on_both_sides():
    measured = variables().loc[MEASURED]
    zero = measured["note"].str.endswith("zero can be true")
    assert (measured["plausible_low"] < measured["plausible_high"]).all()
    assert ((measured["plausible_low"] == 0) == zero).all() and measured["note"].str.contains("chosen by us").all()


SPELT = {  # unit of units.csv -> a variable, and how laboratories write that unit
    "×10³/µL": "platelets K/µL k/uL K/UL K/mcL thou/uL 1000/µL 10*3/uL 10^3/µL ×10E3/µL x10(3)/uL x10^3/ul",
    "×10⁹/L": "wbc ×10E9/L x10^9/L 10*9/L 10**9/L 10exp9/L 109/L /nL /nl Giga/L X10^9/L 10⁹∕L 10⁹⁄l",
    "/µL": "neutrophils cells/µL /mcL /uL /UL cells/mcL 10*6/L /\u03bcL",
    "/mm³": "platelets /cumm /cmm /cu_mm cells/cumm /MM3 /mm^3", "×10³/mm³": "platelets K/mm3 x10³/mm3",
    "×10⁴/µL": "platelets x10^4/µL 10*4/uL", "G/L": "platelets G/l",
    "µg/L": "ferritin mcg/L ug/L UG/L MCG/L \u03bcg/L \u00b5g/L µg\u2215L", "ng/mL": "ferritin NG/ML",
    "mg/L": "ferritin µg/mL", "nmol/L": "ferritin NMOL/L", "mg/dL": "triglycerides MG/DL mg/dl mg% mg_/_dL",
    "g/dL": "haemoglobin G/DL g/dl gm/dL gms/dl g%",
    "g/L": "fibrinogen G/L",  # nothing that it could be taken for
    "U/L": "ast units/L Units/L u/l U/l unit/L", "IU/L": "ast [iU]/L iu/l", "nkat/L": "ldh nkat/l",
    "mm/h": "esr mm/hr mm/hour MM/H mm/1h mm/1hr", "°C": "temperature Cel ºC ℃ C degC deg_C Celsius degrees_C",
    "°F": "temperature [degF] F ºF ℉ Fahrenheit", "years": "age y yr yrs Years year a",
    "months": "age mo mos Months mths", "weeks": "age wk wks", "days": "age d", "mmHg": "systolic_bp mm[Hg]",
    "/min": "heart_rate bpm",
}  # fmt: skip


@pytest.mark.parametrize("known", SPELT)
def test_units_as_laboratories_write_them(known):
    variable, *spelt = SPELT[known].split()
    assert {unit_of(variable, unit.replace("_", " ")) for unit in spelt} == {known}


@pytest.mark.parametrize(
    "text, sign, value, high, shown",
    [
        ("> 40,000 ng/mL", ">", 40_000, math.inf, "> 40,000 ng/mL"), ("<0.50 mg/L", "<", 0, 0.5, "< 0.50 mg/L"),
        (">=500ng/mL", "≥", 500, math.inf, "≥ 500 ng/mL"), ("≧500 ng/mL", "≥", 500, math.inf, "≥ 500 ng/mL"),
        ("<= 5 µg/L", "≤", 0, 5, "≤ 5 µg/L"),
    ],
)  # fmt: skip
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
    [
        *[{"value": x} for x in (math.nan, math.inf, -1.0, "3", True, None)], {"unit": "furlongs"}, {"unit": ["mg/L"]},
        {"high": 1.0}, {"high": math.nan}, {"high": math.inf}, {"sign": "~"}, {"sign": ["<"]}, {"decimals": -1},
        {"sign": ">", "high": 3.0}, {"sign": ">", "value": math.inf}, {"sign": ">", "value": None},
        {"sign": "<", "high": 5.0}, {"sign": "<", "value": 0.0}, {"sign": "≤", "value": None}, {"status": "pending"},
        {"sign": "<", "value": None, "status": "pending"}, {"value": None, "unit": "", "status": "lost"},
    ],
)  # fmt: skip
def test_a_quantity_made_by_hand_is_held_to_what_a_value_can_be(given_):
    with pytest.raises(UnitError, match="crp"):
        Quantity(**{"variable": "crp", "value": 2.0, "unit": "mg/L", **given_})
    assert Quantity("crp", 5, "mg/L", sign="<") == Quantity("crp", 0.0, "mg/L", 5, sign="<")


CALLED = {  # "" is none of them
    "platelets": ["plt", "PLT", "platelet", "Plt count"], "haemoglobin": ["hb", "HGB", "Hemoglobin"],
    "ferritin": ["ferr", "Fer", "FERRITIN", "feritin"], "triglycerides": ["TG", "trigs"], "fibrinogen": ["fib"],
    "neutrophils": ["ANC"], "wbc": ["WBC"], "ldh": ["LDH"], "scd25": ["sIL-2R"], "ast": ["SGOT", "ASAT", "AST"],
    "alt": ["SGPT", "alat"], "": ["na", "k", "pct", "urea", "xyz", ""],
}  # fmt: skip


@pytest.mark.parametrize("name", CALLED)
def test_a_hint_is_right_or_there_is_none(name):
    hint = f"; did you mean '{name}'?" if name else ""
    assert {suggestion(word, variables().index) for word in CALLED[name]} == {hint}


def test_what_has_no_value_or_no_unit_to_compare_in_stays_as_printed():
    assert str(quantity(None, "ldh", status="not_done")) == "not done"
    weight = Quantity("weight", 12.0, "kg")
    assert weight.canonical() is weight and weight.warning == ""


@given(st.sampled_from(MEASURED), st.floats(1e-6, 1e6), st.data())
def test_round_trip_between_any_two_units(variable, value, data):
    first, second = (data.draw(st.sampled_from(list(factors(variable)))) for _ in range(2))
    value = converted(value, variable, variables().at[variable, "canonical_unit"], first)  # below 32 °F is no value
    there = Quantity(variable, value, first)
    assert math.isclose(there.to(second).to(first).value, value, rel_tol=1e-12, abs_tol=1e-12)


def test_numbers_are_shown_plainly():
    shown = {1259: "1,259", 132.855: "132.9", 0.1: "0.1", 0: "0", 25990: "25,990", None: "unknown", math.inf: "∞"}
    assert [*map(show, shown)] == [*shown.values()]
