"""A bare number is refused; a value keeps its unit, its printed precision and its status."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.units import Quantity, UnitError, factors, quantity, show, variables

MEASURED = [v for v in variables().index if variables().at[v, "canonical_unit"]]


@pytest.mark.parametrize(
    "text, variable, unit, shown",
    [
        ("1.5 mmol/L", "triglycerides", "mg/dL", "132.9 mg/dL"),
        ("2.86 mmol/L", "triglycerides", "mg/dL", "253.3 mg/dL"),
        ("1.6 g/L", "fibrinogen", "mg/dL", "160 mg/dL"),
        ("1.6 g/L", "fibrinogen", "µmol/L", "4.706 µmol/L"),
        ("1,540 pmol/L", "ferritin", "µg/L", "685.4 µg/L"),
        ("44,000/mm3", "platelets", "×10⁹/L", "44 ×10⁹/L"),
        ("25990/mm3", "wbc", "x10^9/L", "25.99 ×10⁹/L"),
        ("0.80 ukat/l", "ast", "U/L", "48 U/L"),
        ("19 months", "age_at_onset", "years", "1.583 years"),
        ("0–100 /mm³", "neutrophils", "×10⁹/L", "0–0.1 ×10⁹/L"),
    ],
)
def test_conversions_of_the_reference(text, variable, unit, shown):
    assert str(quantity(text, variable).to(unit)) == shown


def test_the_factor_88_trap():
    # 1.5 mmol/L lies on a cut-off printed as 132.7 mg/dL: a factor of 88 would fall below it, 88.57 does not.
    assert quantity("1.5 mmol/L", "triglycerides").to("mg/dL").value > 132.7 > 1.5 * 88


@pytest.mark.parametrize(
    "text, variable, says",
    [
        ("1.5", "triglycerides", "bare number"),
        (1.5, "triglycerides", "bare number"),
        (float("nan"), "triglycerides", "bare number"),
        ("1.5 mmHg", "triglycerides", "mg/dL or mmol/L"),
        ("-3 U/L", "ast", "negative"),
        ("1,5 mmol/L", "triglycerides", "1.5"),
        ("high", "ferritin", "does not begin with a number"),
        ("<5 mg/L", "crp", "does not begin with a number"),
        ("", "crp", "does not begin with a number"),
        ("9e999 U/L", "ast", "too large"),
        ("100-0 /mm3", "neutrophils", "lower end first"),
        ("5 U/L", "asat", "is not a variable of this collection"),
        ("5 U/L", "platelet", "did you mean 'platelets'"),
        (None, "crp", "no value"),
        ("3 mmol/L", "lactate", "not measured in this collection"),
        ("1e305 mg/dL", "triglycerides", "too large"),
        ("1 mg/dL", ["triglycerides"], "not the name of a variable"),
        (b"1 mg/dL", "triglycerides", "bare number"),
    ],
)
def test_refusals_say_what_to_do(text, variable, says):
    with pytest.raises(UnitError, match=says):
        quantity(text, variable)


def test_status_and_value_must_agree():
    assert str(quantity(None, "ldh", status="not_done")) == "not done"
    with pytest.raises(UnitError, match="only a reported value"):
        quantity("300 U/L", "ldh", status="pending")
    with pytest.raises(UnitError, match="is not one of"):
        quantity(None, "ldh", status="missing")


def test_printed_precision_is_carried():
    assert quantity("1.5 mmol/L", "triglycerides").printed() == pytest.approx((1.45, 1.55))
    assert quantity("2.86 mmol/L", "triglycerides").printed() == pytest.approx((2.855, 2.865))


def test_a_slip_of_unit_is_noticed():
    assert "right unit" in quantity("160 g/L", "fibrinogen").warning
    assert "right unit" in quantity("101.3 °C", "temperature").warning
    assert quantity("160 mg/dL", "fibrinogen").warning == ""


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
    there = Quantity(variable, value, first)
    assert math.isclose(there.to(second).to(first).value, value, rel_tol=1e-12)


@given(st.text(max_size=30), st.sampled_from(MEASURED))
def test_any_text_is_a_quantity_or_a_clear_refusal(text, variable):
    try:
        q = quantity(text, variable)
    except UnitError as refused:
        assert len(str(refused)) > 20
    else:
        assert q.unit in factors(variable) and q.value >= 0


@pytest.mark.parametrize(
    "number, shown",
    [
        (1259, "1,259"),
        (132.855, "132.9"),
        (0.1, "0.1"),
        (0, "0"),
        (25990, "25,990"),
        (None, "unknown"),
        (math.inf, "∞"),
    ],
)
def test_numbers_are_shown_plainly(number, shown):
    assert show(number) == shown
