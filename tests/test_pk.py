"""The model of anakinra against equations solved step by step, published figures, and what must hold for any input."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import step_by_step
from utils.pk import READINGS, ROUTES, area, concentration, exposure, first_day, parameters, split_gain

W, DOSE = 16.7, 33.4  # the reading of the weight that the tables of reference results use, and 2 mg/kg of it
P, TWIN = parameters(W), parameters(W, "flip_flop")


# ---- solved step by step --------------------------------------------------------------------------------------------
SCENARIOS = [  # reading, multipliers (absorbed, speed, clearance, extra litres), interval, route, doses, infusion
    ("published", (1, 1, 1, 0), 24, "sc", 3, 0), ("flip_flop", (1, 1, 1, 0), 6, "sc", 12, 0),
    ("published", (0.25, 0.25, 1, 0), 24, "sc", 3, 0), ("flip_flop", (0.25, 0.25, 1, 0), 6, "sc", 12, 0),
    ("published", (0.5, 0.38163, 1, 0), 12, "sc", 6, 0),  # where the two rate constants all but meet
    ("published", (1, 1, 1, 0), 6, "iv", 12, 0), ("flip_flop", (1, 1, 1, 0), 6, "iv", 12, 0),
    ("published", (1, 1, 0.25, 5), 6, "iv", 12, 0), ("flip_flop", (1, 1, 0.5, 5), 6, "iv", 4, 0.5),
    ("published", (1, 1, 1, 0), 6, "iv", 12, 0.5), ("published", (1, 1, 1, 0), 24, "iv", 3, 24),
    ("flip_flop", (1, 1, 3, 0), 24, "sc", 1, 0),
]  # fmt: skip


@pytest.fixture(scope="module")
def solved():
    """Hours, and for each scenario its parameters, its regimen, and the levels and areas that scipy finds."""
    if not step_by_step.REFERENCE.exists():
        pytest.skip("needs scipy in .venv/reference: python lab.py test puts it there")
    hours, asked, found = np.arange(0, 72.25, 0.25), [], []
    for reading, times, every, route, doses, over in SCENARIOS:
        p = parameters(W, reading, *times)
        regimen = {"dose_mg": DOSE, "interval_h": every, "route": route, "doses": doses, "infusion_h": over}
        found.append((p, regimen))
        asked.append(step_by_step.scenario(p, hours, DOSE, every, route, doses, over))
    return hours, [(*one, *two) for one, two in zip(found, step_by_step.ask(asked), strict=True)]


def test_the_closed_form_agrees_with_equations_solved_step_by_step(solved):
    hours, scenarios = solved
    for p, regimen, levels, areas in scenarios:
        assert np.abs(concentration(hours, p, **regimen) - levels).max() < 1e-9, (p, regimen)
        assert np.abs(area(hours, p, **regimen) - areas).max() < 1e-7, (p, regimen)


def test_a_slip_in_the_closed_form_would_be_seen(solved):
    """Twice the bioavailability taken out, V of the wrong reading, a dose too few: each is far beyond the tolerance."""
    hours, ((p, regimen, levels, _), *_) = solved
    slips = [{"p": replace(p, **{name: getattr(p, name) * 0.95})} for name in ("bioavailability", "volume")]
    for slip in [*slips, {"doses": 2}]:
        assert np.abs(concentration(hours, **{"p": p, **regimen, **slip}) - levels).max() > 1e-3


# ---- results of the reference, within half of the last figure printed there -----------------------------------------
def near(values, printed):
    """Whether values round to what is printed, with a little room for the rounding of a rounded one."""
    printed = printed.split()
    half = [0.5 * 10 ** -len(word.partition(".")[2]) for word in printed]
    return (np.abs(np.array(values, float) - np.array(printed, float)) <= np.array(half) * 1.02).all()


def reached(measure, every=24, route="sc", kg=W, how=exposure, infusion_h=0, **supposed):
    return how(parameters(kg, **supposed), 2 * kg, every, route, infusion_h)[measure]


def both(measure, every=24, route="sc", **supposed):
    return [reached(measure, every, route, reading=reading, **supposed) for reading in READINGS]


def gain(p, **how):
    parts = split_gain(p, DOSE, **how)
    return [parts.at["total", "times"], 100 * parts.at["dose", "share"]]


REGIMENS = [  # Cmax, trough, average, AUC24 at steady state; AUC and Cmax of day 1
    *(("sc", 24, reading, "0.88 0.08 0.44 10.5 10.0 0.84") for reading in READINGS),
    *(("sc", 6, reading, "1.89 1.49 1.75 42.0 30.9 1.80") for reading in READINGS),
    ("iv", 24, "published", "1.65 0.05 0.46 11.0 10.7 1.60"),
    ("iv", 24, "flip_flop", "4.20 0.0005 0.46 11.0 11.0 4.20"),
    ("iv", 6, "published", "2.76 1.16 1.84 44.2 36.5 2.67"), ("iv", 6, "flip_flop", "4.68 0.48 1.84 44.2 42.9 4.68"),
]  # fmt: skip


@pytest.mark.parametrize("route, every, reading, printed", REGIMENS)
def test_the_four_regimens(route, every, reading, printed):
    p = parameters(W, reading)
    steady, first = exposure(p, DOSE, every, route), first_day(p, DOSE, every, route)
    found = [*steady[["c_max", "c_trough", "c_avg", "auc_24"]], first["auc_24"], first["c_max"]]
    assert near(found, printed), (found, printed)


SHARED = [  # total and dose share (%) at steady state; the same on day 1, published and twin
    (1, 1, "4.21 96", "3.66 91", "4.30 85"), (0.65, 1, "6.5 74", "5.6 68", "6.6 66"),
    (0.5, 1, "8.4 65", "7.3 59", "8.6 58"), (0.25, 1, "16.8 49", "14.6 44", "17.2 44"),
    (1, 0.25, "4.21 96", "4.6 71", "7.6 56"), (0.25, 0.25, "16.8 49", "18 37", "30 34"),
    (0.5, 0.5, "8.4 65", "7.7 55", "10.45 51"),  # printed 10.5, rounded from 10.446 by way of 10.45
]  # fmt: skip


@pytest.mark.parametrize("f, g, steady, published, twin", SHARED)
def test_dose_and_route(f, g, steady, published, twin):
    for reading, first in zip(READINGS, (published, twin), strict=True):
        p = parameters(W, reading, bioavailability=f, absorption_rate=g)
        for day_1, printed in ((False, steady), (True, first)):
            assert near(gain(p, day_1=day_1), printed)
            assert np.isclose(split_gain(p, DOSE, day_1=day_1)["share"][["dose", "route"]].sum(), 1)
        # at steady state it is arithmetic: four times the dose; all of it instead of 0.95 f
        assert np.allclose(split_gain(p, DOSE)["times"], [4, 1 / (0.95 * f), 4 / (0.95 * f)])


QUARTER, OFTEN, FLUID = {"bioavailability": 0.25, "absorption_rate": 0.25}, (6, "iv"), {"extra_volume_l": 5}
HELD = [
    (lambda: gain(P, measure="c_max"), "3.1 56"), (lambda: gain(TWIN, measure="c_max"), "5.3 26"),
    (lambda: np.array(both("c_trough", *OFTEN)) / reached("c_trough", 6), "0.77 0.32"),
    (lambda: [reached("c_trough", 6) / reached("c_trough", 24)], "19"),
    (lambda: [reached("auc_24", *OFTEN, clearance=x) for x in (0.84, 0.5, 0.3, 0.25)], "53 88 147 177"),
    (lambda: both("auc_24", clearance=0.25), "42.0 42.0"),
    (lambda: [reached("auc_24", bioavailability=f) for f in (1, 0.5, 0.25)], "10.5 5.2 2.6"),
    (lambda: [reached("auc_24", 6, bioavailability=f) for f in (1, 0.5, 0.25)], "42 21 10.5"),
    (lambda: both("auc_24", how=first_day, absorption_rate=0.5), "9.5 8.2"),
    (lambda: both("auc_24", how=first_day, absorption_rate=0.25), "8.0 5.6"),
    (lambda: [reached("auc_24", absorption_rate=g) for g in (0.5, 0.25)], "10.4974 10.4974"),  # the area stays
    (lambda: both("auc_24", how=first_day, **QUARTER), "2.0 1.4"),
    (lambda: both("auc_24", 6, how=first_day, **QUARTER), "5.1 3.6"), (lambda: both("c_max", **QUARTER), "0.14 0.14"),
    (lambda: [reached("auc_24", kg=kg) for kg in (11.7, 14.3, 16.7, 20, 21.7)], "8.7 9.7 10.5 11.55 12.1"),
    (lambda: [reached("auc_24", *OFTEN, kg=kg) for kg in (11.7, 14.3, 16.7, 20, 21.7)], "36.6 40.7 44.2 48.6 50.8"),
    (lambda: both("c_max", *OFTEN, infusion_h=0.5), "2.66 4.26"),
    (lambda: both("c_max", *OFTEN, **FLUID) + both("c_trough", *OFTEN, **FLUID), "2.6 3.4 1.27 0.84"),
    (lambda: both("auc_24", *OFTEN, **FLUID) + both("auc_24", *OFTEN), "44.2 44.2 44.2 44.2"),
    (lambda: [thin(litres)["c_trough"] for litres in (0.2, 0.3)], "0.04 0.18"),
    (lambda: [P.clearance, P.volume, P.half_life], "3.02 20.8 4.8"),
    (lambda: [TWIN.clearance, TWIN.volume, TWIN.half_life, TWIN.elimination_rate], "3.02 7.95 1.8 0.38"),
    (lambda: injected_twice("published"), "22.5 33.8"),  # a quarter of the clearance would bring 42
    (lambda: injected_twice("flip_flop"), "32.0 40.8"),
]  # fmt: skip


def thin(litres_per_kg):
    return exposure(replace(P, volume=np.asarray(litres_per_kg * W)), DOSE, 6, "iv")


def injected_twice(reading):
    return np.diff(area(np.array([0.0, 24, 48]), parameters(W, reading, clearance=0.25), DOSE, 24, "sc", doses=2))


@pytest.mark.parametrize("computed, printed", HELD)
def test_what_the_reference_gives(computed, printed):
    assert near(computed(), printed), (computed(), printed)


def test_the_kidney_is_a_third_factor_and_opposite_factors_are_not_shared_out():
    parts = split_gain(P, DOSE, clearance=0.25)
    assert list(parts.index) == ["dose", "route", "kidney", "total"]
    assert np.allclose(parts["times"], [4, 1 / 0.95, 4, 16 / 0.95]) and np.isclose(parts["share"][:3].sum(), 1)
    back = split_gain(P, DOSE, routes=("iv", "sc"))  # more doses, and a way in that loses some
    assert back["share"].isna().all() and np.isclose(back.at["total", "times"], 4 * 0.95)


def test_two_injections_and_then_the_vein():
    supposed = [(1, "published", "10.0 10.5 37.0", 3.5), (1, "flip_flop", "10.0 10.5 43.5", 4.1)]
    supposed += [(0.25, "published", "2.0 2.55 37.1", 15), (0.25, "flip_flop", "1.4 2.1 43.9", 21)]
    for times, reading, blocks, jump in supposed:
        p = parameters(W, reading, bioavailability=times, absorption_rate=times)
        found = np.diff(area(np.array([0.0, 24, 48, 72]), p, DOSE, 24, "sc", doses=2))
        found[2] += area(24.0, p, DOSE, 6, "iv", doses=4)
        assert np.allclose(found, [float(b) for b in blocks.split()], atol=0.051), found
        assert abs(found[2] / found[1] - jump) <= (0.05 if jump < 10 else 0.5)


# ---- what must hold for any input -----------------------------------------------------------------------------------
weights, multipliers, intervals = st.floats(4.3, 83), st.floats(0.05, 1), st.sampled_from([4.0, 6.0, 8.0, 12.0, 24.0])
readings, routes = st.sampled_from(READINGS), st.sampled_from(ROUTES)


@given(weights, multipliers, multipliers, multipliers, intervals, readings, routes)
def test_steady_state_is_where_many_doses_lead(weight, f, g, cl, every, reading, route):
    p = parameters(weight, reading, f, g, cl)
    doses = int(60 * np.log(2) / min(p.absorption_rate, p.elimination_rate) / every) + 5
    hours = np.linspace(0, every, 9)[:-1]
    late = concentration((doses - 1) * every + hours, p, 10.0, every, route, doses=doses)
    assert np.allclose(late, concentration(hours, p, 10.0, every, route, doses=None), rtol=1e-6, atol=1e-12)
    e = exposure(p, 10.0, every, route)
    curve = concentration(np.linspace(0, every, 400, endpoint=False), p, 10.0, every, route, doses=None)
    assert e["c_trough"] <= e["c_avg"] * (1 + 1e-9) <= e["c_max"] * (1 + 2e-9)
    assert curve.max() * (1 - 1e-9) <= e["c_max"] <= curve.max() * 1.05 and np.isclose(e["c_avg"], e["auc_24"] / 24)


@given(weights, st.floats(0, 60))
def test_nothing_happens_where_the_rate_constants_meet(weight, hour):
    p = parameters(weight)
    k, ka = float(p.elimination_rate), float(p.absorption_rate)
    at = [concentration(hour, parameters(weight, absorption_rate=k / ka * x), 10.0) for x in (1, 1 + 1e-9, 1 + 1e-5)]
    textbook = p.bioavailability * 10 * k * hour * np.exp(-k * hour) / p.volume
    assert np.allclose(at, textbook, rtol=1e-4) and np.isclose(at[0], textbook, rtol=1e-7, atol=1e-9)


def test_shapes():
    kilos, multiples = np.linspace(10, 20, 5), [0.5, 1, 1, 1, 2]
    one, many = parameters(W), parameters(kilos, clearance=multiples)
    for t, p, shape in ((1.0, one, ()), ([1.0, 2], one, (2,)), (1.0, many, (5,)), (np.arange(3.0), many, (5, 3))):
        assert concentration(t, p, DOSE).shape == area(t, p, DOSE).shape == shape
    assert isinstance(exposure(one, DOSE), pd.Series) and first_day(many, DOSE, 6, "iv").shape == (5, 2)
    each = [exposure(parameters(w, clearance=c), DOSE) for w, c in zip(kilos, multiples, strict=True)]
    assert np.allclose(exposure(many, DOSE), pd.DataFrame(each))


REFUSED = [
    (lambda: parameters(0), "weight_kg, the dry weight, is 0: give a number above 0 kg"),
    (lambda: parameters("16.7 kg"), "is 16.7 kg: give a"), (lambda: parameters(W, "x"), "published or flip_flop"),
    (lambda: parameters(W, bioavailability=1.2), "0.95, is 1.2: give a number above 0, at most 1.05"),
    (lambda: parameters(W, clearance=[1, np.nan]), r"clearance, a multiplier, is \[1, nan\]"),
    (lambda: parameters(W, extra_volume_l=-1), "is -1: give a"), (lambda: concentration(-1, P, DOSE), "time since"),
    (lambda: concentration(1, P, DOSE, [6, 24]), "one dose"), (lambda: concentration(1, P, 9, route="x"), "sc or iv"),
    (lambda: concentration(1, P, DOSE, doses=0), "a whole number"), (lambda: area(1, P, 9, doses=None), "no steady"),
    (lambda: concentration(1, P, DOSE, infusion_h=1), "infusion_h, which is for route 'iv',"),
    (lambda: concentration(1, P, DOSE, 6, "iv", infusion_h=7), "is 7: give a number from 0, at most 6 h"),
    (lambda: first_day(P, DOSE, 7), "divides 24"), (lambda: split_gain(parameters([10, 20]), DOSE), "2 profiles"),
    (lambda: split_gain(P, DOSE, measure="c_trough"), "choose auc_24 or c_avg or c_max"),
]  # fmt: skip


@pytest.mark.parametrize("call, says", REFUSED)
def test_what_cannot_be_computed_is_refused_in_words(call, says):
    with pytest.raises(ValueError, match=says):
        call()
