"""The model of anakinra against equations solved step by step, published figures, and what must hold for any input."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import step_by_step
from utils import pk
from utils.pk import area, concentration, exposure, first_day, parameters, split_gain

W, DOSE = 16.7, 33.4  # the reading of the weight that the tables of reference results use, and 2 mg/kg of it
BOTH = pytest.mark.parametrize("reading", pk.READINGS)


# ---- solved step by step --------------------------------------------------------------------------------------------
SCENARIOS = [
    # reading, multipliers (share absorbed, speed, clearance, extra litres), interval, route, doses, infusion
    ("published", (1, 1, 1, 0), 24, "sc", 3, 0),
    ("flip_flop", (1, 1, 1, 0), 6, "sc", 12, 0),
    ("published", (0.25, 0.25, 1, 0), 24, "sc", 3, 0),
    ("flip_flop", (0.25, 0.25, 1, 0), 6, "sc", 12, 0),
    ("published", (0.5, 0.38163, 1, 0), 12, "sc", 6, 0),  # where the two rate constants all but meet
    ("published", (1, 1, 1, 0), 6, "iv", 12, 0),
    ("flip_flop", (1, 1, 1, 0), 6, "iv", 12, 0),
    ("published", (1, 1, 0.25, 5), 6, "iv", 12, 0),
    ("flip_flop", (1, 1, 0.5, 5), 6, "iv", 4, 0.5),
    ("published", (1, 1, 1, 0), 6, "iv", 12, 0.5),
    ("published", (1, 1, 1, 0), 24, "iv", 3, 24),
    ("flip_flop", (1, 1, 3, 0), 24, "sc", 1, 0),
]


def as_arguments(reading, times, every, route, doses, over, hours):
    f, g, cl, more = times
    p = parameters(W, reading, bioavailability=f, absorption_rate=g, clearance=cl, extra_volume_l=more)
    regimen = {"dose_mg": DOSE, "interval_h": every, "route": route, "doses": doses, "infusion_h": over}
    return p, regimen, step_by_step.scenario(p, hours, DOSE, every, route, doses, over)


@pytest.fixture(scope="module")
def solved():
    if not step_by_step.REFERENCE.exists():
        pytest.skip("needs scipy in .venv/reference: python lab.py test puts it there")
    hours = np.arange(0, 72.25, 0.25)
    asked = [as_arguments(*s, hours) for s in SCENARIOS]
    return hours, asked, step_by_step.ask([a[2] for a in asked])


def test_the_closed_form_agrees_with_equations_solved_step_by_step(solved):
    hours, asked, found = solved
    for (p, regimen, _), (levels, areas) in zip(asked, found, strict=True):
        worst = np.abs(concentration(hours, p, **regimen) - levels).max()
        assert worst < 1e-9, (worst, p, regimen)
        assert np.abs(area(hours, p, **regimen) - areas).max() < 1e-7, (p, regimen)


def test_a_slip_in_the_closed_form_would_be_seen(solved):
    """Twice the bioavailability taken out, V of the wrong reading, a dose too few: each is far beyond the tolerance."""
    hours, asked, found = solved
    p, regimen, _ = asked[0]
    levels = np.array(found[0][0])
    for wrong in (
        {"p": pk.replace(p, bioavailability=p.bioavailability * 0.95)},
        {"p": pk.replace(p, volume=p.volume * 0.95)},
        {"doses": 2},
    ):
        assert np.abs(concentration(hours, **{"p": p, **regimen, **wrong}) - levels).max() > 1e-3


# ---- results of the reference, within half of the last figure printed there -----------------------------------------
REGIMENS = [  # route, interval, reading, then Cmax, trough, average, AUC24 at steady state, AUC and Cmax of day 1,
    # hours above 0.4 and 0.2 at steady state, first hour above 0.4
    ("sc", 24, "published", "0.88 0.08 0.44 10.5 10.0 0.84 11.7 17.2 0.87"),
    ("sc", 24, "flip_flop", "0.88 0.08 0.44 10.5 10.0 0.84 11.7 17.2 0.87"),
    ("iv", 24, "published", "1.65 0.05 0.46 11.0 10.7 1.60 9.8 14.6 0"),
    ("iv", 24, "flip_flop", "4.20 0.0005 0.46 11.0 11.0 4.20 6.2 8.0 0"),
    ("sc", 6, "published", "1.89 1.49 1.75 42.0 30.9 1.80 24 24 0.87"),
    ("sc", 6, "flip_flop", "1.89 1.49 1.75 42.0 30.9 1.80 24 24 0.87"),
    ("iv", 6, "published", "2.76 1.16 1.84 44.2 36.5 2.67 24 24 0"),
    ("iv", 6, "flip_flop", "4.68 0.48 1.84 44.2 42.9 4.68 24 24 0"),
]


def near(value, printed):
    """Whether a value rounds to what is printed, with a little room for the rounding of a rounded one."""
    half = 0.5 * 10 ** -len(printed.partition(".")[2])
    return abs(value - float(printed)) <= half * 1.02


@pytest.mark.parametrize("route, every, reading, printed", REGIMENS)
def test_the_four_regimens(route, every, reading, printed):
    p = parameters(W, reading)
    steady, first = exposure(p, DOSE, every, route), first_day(p, DOSE, every, route)
    low = exposure(p, DOSE, every, route, threshold=0.2)
    found = [*steady[["c_max", "c_trough", "c_avg", "auc_24"]], first["auc_24"], first["c_max"]]
    found += [steady["hours_above"], low["hours_above"], first["first_above"]]
    assert all(near(x, w) for x, w in zip(found, printed.split(), strict=True)), (found, printed)


SPLITS = [  # share absorbed, speed; total and dose share (%) at steady state; the same on day 1, published and twin
    (1, 1, "4.21 96", "3.66 91", "4.30 85"),
    (0.65, 1, "6.5 74", "5.6 68", "6.6 66"),
    (0.5, 1, "8.4 65", "7.3 59", "8.6 58"),
    (0.25, 1, "16.8 49", "14.6 44", "17.2 44"),
    (1, 0.25, "4.21 96", "4.6 71", "7.6 56"),
    (0.5, 0.5, "8.4 65", "7.7 55", "10.45 51"),  # printed 10.5, rounded from 10.446 by way of 10.45
    (0.25, 0.25, "16.8 49", "18 37", "30 34"),
]


@pytest.mark.parametrize("f, g, steady, published, twin", SPLITS)
def test_dose_and_route(f, g, steady, published, twin):
    for reading, day_1, printed in (
        ("published", False, steady),
        ("flip_flop", False, steady),
        ("published", True, published),
        ("flip_flop", True, twin),
    ):
        p = parameters(W, reading, bioavailability=f, absorption_rate=g)
        parts = split_gain(p, DOSE, day_1=day_1)
        total, dose = printed.split()
        assert near(parts.at["total", "times"], total) and near(100 * parts.at["dose", "share"], dose), parts
        assert np.isclose(parts.at["dose", "share"] + parts.at["route", "share"], 1)
        if not day_1:  # arithmetic: four times the dose; all of it instead of 0.95 f
            assert np.allclose(parts["times"], [4, 1 / (0.95 * f), 4 / (0.95 * f)])


def test_the_peak_depends_on_the_reading_and_a_trough_is_not_shared_out():
    for reading, total, dose in (("published", 3.1, 56), ("flip_flop", 5.3, 26)):
        parts = split_gain(parameters(W, reading), DOSE, measure="c_max")
        assert round(parts.at["total", "times"], 1) == total and round(100 * parts.at["dose", "share"]) == dose
    back = split_gain(parameters(W), DOSE, routes=("iv", "sc"))  # more doses, and a way in that loses some
    assert back["share"].isna().all() and np.isclose(back.at["total", "times"], 4 * 0.95)
    ratios = [exposure(parameters(W, r), DOSE, 6, "iv")["c_trough"] for r in pk.READINGS]
    sc = [exposure(parameters(W), DOSE, h, "sc")["c_trough"] for h in (6, 24)]
    assert [round(x / sc[0], 2) for x in ratios] == [0.77, 0.32] and round(sc[0] / sc[1]) == 19


def test_the_kidney_as_a_third_factor():
    parts = split_gain(parameters(W), DOSE, clearance=0.25)
    assert list(parts.index) == ["dose", "route", "kidney", "total"]
    assert np.allclose(parts["times"], [4, 1 / 0.95, 4, 16 / 0.95]) and np.isclose(parts["share"][:3].sum(), 1)
    for factor, auc in ((0.84, 53), (0.5, 88), (0.3, 147), (0.25, 177)):
        assert round(exposure(parameters(W, clearance=factor), DOSE, 6, "iv")["auc_24"]) == auc
    oliguric = exposure(parameters(W, clearance=0.25), DOSE, 24, "sc")["auc_24"]
    assert np.isclose(oliguric, exposure(parameters(W), DOSE, 6, "sc")["auc_24"])


def test_two_injections_do_not_reach_what_a_quarter_of_the_clearance_would_bring_in_time():
    for reading, days in (("published", (22.5, 33.8)), ("flip_flop", (32.0, 40.8))):
        p = parameters(W, reading, clearance=0.25)
        assert np.allclose(np.diff(area(np.array([0.0, 24, 48]), p, DOSE, 24, "sc", doses=2)), days, atol=0.051)
        assert np.isclose(exposure(p, DOSE)["auc_24"], 42.0, atol=0.05)


def test_impaired_absorption():
    for f, once, often in ((1, 10.5, 42), (0.5, 5.2, 21), (0.25, 2.6, 10.5)):
        p = parameters(W, bioavailability=f)
        assert round(exposure(p, DOSE, 24)["auc_24"], 1) == once and np.isclose(
            exposure(p, DOSE, 6)["auc_24"], often, atol=0.05
        )
    for reading, firsts in (("published", (9.5, 8.0)), ("flip_flop", (8.2, 5.6))):
        slower = [parameters(W, reading, absorption_rate=g) for g in (0.5, 0.25)]
        assert tuple(round(first_day(p, DOSE)["auc_24"], 1) for p in slower) == firsts
        assert all(np.isclose(exposure(p, DOSE)["auc_24"], 10.4974, atol=1e-4) for p in slower)  # the area stays
    for reading, once, often in (("published", 2.0, 5.1), ("flip_flop", 1.4, 3.6)):
        p = parameters(W, reading, bioavailability=0.25, absorption_rate=0.25)
        assert round(first_day(p, DOSE)["auc_24"], 1) == once and round(first_day(p, DOSE, 6)["auc_24"], 1) == often
        assert round(exposure(p, DOSE)["c_max"], 2) == 0.14 and exposure(p, DOSE)["hours_above"] == 0
        assert np.isnan(first_day(p, DOSE)["first_above"])


@pytest.mark.parametrize(
    "times, reading, blocks, jump",
    [
        (1, "published", (10.0, 10.5, 37.0), 3.5),
        (1, "flip_flop", (10.0, 10.5, 43.5), 4.1),
        (0.25, "published", (2.0, 2.55, 37.1), 15),
        (0.25, "flip_flop", (1.4, 2.1, 43.9), 21),
    ],
)
def test_two_injections_and_then_the_vein(times, reading, blocks, jump):
    p = parameters(W, reading, bioavailability=times, absorption_rate=times)
    edges = np.array([0.0, 24, 48, 72])
    under_skin = area(edges, p, DOSE, 24, "sc", doses=2)
    by_vein = area(np.array([0.0, 0, 0, 24]), p, DOSE, 6, "iv", doses=4)
    by_vein[:3] = 0  # a dose due at the very hour belongs to the block that it opens
    found = np.diff(under_skin + by_vein)
    assert np.allclose(found, blocks, atol=0.051), found
    assert abs(found[2] / found[1] - jump) <= (0.05 if jump < 10 else 0.5)


def test_weight():
    for kg, once, often in (
        (11.7, 8.7, 36.6),
        (14.3, 9.7, 40.7),
        (16.7, 10.5, 44.2),
        (20, 11.55, 48.6),
        (21.7, 12.1, 50.8),
    ):
        p = parameters(kg)
        assert abs(exposure(p, 2 * kg, 24)["auc_24"] - once) < 0.051
        assert abs(exposure(p, 2 * kg, 6, "iv")["auc_24"] - often) < 0.051
    swollen = (
        exposure(parameters(16.7), 2 * 21.7, 6, "iv")["auc_24"]
        / exposure(parameters(16.7), 2 * 16.7, 6, "iv")["auc_24"]
    )
    assert round(100 * (swollen - 1)) == 30


def test_volume_infusion_and_fluid():
    peaks = [exposure(parameters(W, r), DOSE, 6, "iv", infusion_h=0.5)["c_max"] for r in pk.READINGS]
    assert [round(x, 2) for x in peaks] == [2.66, 4.26]
    for reading, peak, trough in (("published", 2.6, 1.27), ("flip_flop", 3.4, 0.84)):
        found = exposure(parameters(W, reading, extra_volume_l=5), DOSE, 6, "iv")
        assert round(found["c_max"], 1) == peak and round(found["c_trough"], 2) == trough
        assert np.isclose(found["auc_24"], exposure(parameters(W), DOSE, 6, "iv")["auc_24"])
    for per_kg, trough, hours in ((0.2, 0.04, 14), (0.3, 0.18, 19), (0.45, None, 24)):
        found = exposure(pk.replace(parameters(W), volume=np.asarray(per_kg * W)), DOSE, 6, "iv")
        assert trough is None or round(found["c_trough"], 2) == trough
        assert round(found["hours_above"]) == hours


def test_the_parameters_as_the_reference_gives_them():
    p, twin = parameters(W), parameters(W, "flip_flop")
    assert np.allclose([p.clearance, p.volume, p.half_life], [3.02, 20.8, 4.8], atol=0.05)
    assert np.allclose([twin.clearance, twin.volume, twin.half_life], [3.02, 7.95, 1.8], atol=0.05)
    assert np.isclose(twin.absorption_rate, p.elimination_rate) and np.isclose(twin.elimination_rate, 0.38)
    assert round(100 * exposure(parameters(W, f0=0.8), DOSE, 6, "iv")["auc_24"] / 44.1995) == round(100 * 0.95 / 0.8)
    low = split_gain(parameters(W, f0=0.8), DOSE)
    assert round(100 * low.at["route", "share"]) == 14


# ---- what must hold for any input -----------------------------------------------------------------------------------
weights, multipliers = st.floats(4.3, 83), st.floats(0.05, 1)
intervals = st.sampled_from([4.0, 6.0, 8.0, 12.0, 24.0])


@given(weights, intervals, st.floats(1, 100))
def test_under_the_skin_both_readings_are_one_curve(weight, every, dose):
    hours = np.linspace(0, 72, 37)
    one, two = (concentration(hours, parameters(weight, r), dose, every, "sc", doses=4) for r in pk.READINGS)
    assert np.allclose(one, two, rtol=1e-9)
    assert not np.allclose(*(concentration(hours, parameters(weight, r), dose, every, "iv") for r in pk.READINGS))


@given(
    weights, multipliers, multipliers, multipliers, intervals, st.sampled_from(pk.READINGS), st.sampled_from(pk.ROUTES)
)
def test_steady_state_is_where_many_doses_lead(weight, f, g, cl, every, reading, route):
    p = parameters(weight, reading, bioavailability=f, absorption_rate=g, clearance=cl)
    slowest = np.log(2) / min(p.absorption_rate, p.elimination_rate)
    doses = int(60 * slowest / every) + 5
    hours = np.linspace(0, every, 9)[:-1]
    late = concentration((doses - 1) * every + hours, p, 10.0, every, route, doses=doses)
    assert np.allclose(late, concentration(hours, p, 10.0, every, route, doses=None), rtol=1e-6, atol=1e-12)
    e = exposure(p, 10.0, every, route)
    curve = concentration(np.linspace(0, every, 400, endpoint=False), p, 10.0, every, route, doses=None)
    assert e["c_trough"] <= e["c_avg"] * (1 + 1e-9) <= e["c_max"] * (1 + 2e-9)
    assert e["c_max"] >= curve.max() * (1 - 1e-9) and e["c_max"] <= curve.max() * 1.05
    assert np.isclose(e["c_avg"], e["auc_24"] / 24) and 0 <= e["hours_above"] <= 24 + 1e-9
    above = (curve > 0.4).mean() * 24
    assert abs(e["hours_above"] - above) < 24 / every * every / 400 * 2 + 0.01


@given(weights, st.floats(0.9, 1.1), st.floats(0, 60))
def test_nothing_happens_where_the_rate_constants_meet(weight, off, hour):
    p = parameters(weight)
    meet = float(p.elimination_rate / p.absorption_rate)
    at = [concentration(hour, parameters(weight, absorption_rate=meet * x), 10.0) for x in (1, 1 + 1e-9, 1 + 1e-5)]
    assert np.allclose(at, at[0], rtol=1e-4) and np.isfinite(at).all()
    k = float(p.elimination_rate)  # the textbook's own limit: F D k t exp(-k t) / V
    assert np.isclose(at[0], p.bioavailability * 10 * k * hour * np.exp(-k * hour) / p.volume, rtol=1e-7, atol=1e-9)


def test_long_times_do_not_overflow():
    for reading in pk.READINGS:
        p = parameters(W, reading, absorption_rate=0.01)
        with np.errstate(all="raise", under="ignore"):
            far = concentration(np.array([0.0, 1e4, 1e6]), p, DOSE, 24, "sc", doses=10)
        assert np.isfinite(far).all() and (far >= 0).all()


@given(weights, multipliers, intervals, st.sampled_from(pk.ROUTES), st.integers(1, 9))
def test_the_area_grows_to_dose_over_clearance(weight, f, every, route, doses):
    p = parameters(weight, bioavailability=f)
    hours = np.array([0.0, 1, 10, 100, 1e4])
    areas = area(hours, p, 10.0, every, route, doses=doses)
    assert (np.diff(areas) >= -1e-9).all() and abs(areas[0]) < 1e-12
    whole = doses * 10 * (p.bioavailability if route == "sc" else 1) / p.clearance
    assert np.isclose(areas[-1], whole)


def test_shapes():
    one, many = parameters(W), parameters(np.linspace(10, 20, 5), clearance=[0.5, 1, 1, 1, 2])
    assert np.ndim(concentration(1.0, one, DOSE)) == 0 and concentration([1.0, 2], one, DOSE).shape == (2,)
    assert concentration(1.0, many, DOSE).shape == (5,) and concentration(np.arange(3.0), many, DOSE).shape == (5, 3)
    assert isinstance(exposure(one, DOSE), pd.Series) and exposure(many, DOSE).shape == (5, 6)
    each = [
        exposure(parameters(w, clearance=c), DOSE)
        for w, c in zip(np.linspace(10, 20, 5), [0.5, 1, 1, 1, 2], strict=True)
    ]
    assert np.allclose(exposure(many, DOSE), pd.DataFrame(each))
    assert first_day(many, DOSE, 6, "iv").shape == (5, 3) and area([1.0, 2], many, DOSE).shape == (5, 2)
    infused = concentration(np.arange(13.0), many, DOSE, 6, "iv", doses=3, infusion_h=6)
    assert infused.shape == (5, 13) and (np.diff(infused[:, :7]) > 0).all()


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda: parameters(0), "weight_kg, the dry weight, is 0: give above 0 kg"),
        (lambda: parameters(-3), "is -3: give above 0 kg"),
        (lambda: parameters(float("nan")), "not a number"),
        (lambda: parameters(float("inf")), "not a number"),
        (lambda: parameters("16.7 kg"), "is a number in kg, not '16.7 kg'"),
        (lambda: parameters(True), "is a number in kg"),
        (lambda: parameters(None), "is a number in kg|not a number"),
        (lambda: parameters(W, "twin"), "choose published or flip_flop"),
        (lambda: parameters(W, bioavailability=0), "bioavailability, a multiplier, is 0"),
        (lambda: parameters(W, bioavailability=1.2), "together, is 1.14: give above 0, at most 1"),
        (lambda: parameters(W, f0=0), "f0, the usual bioavailability, is 0"),
        (lambda: parameters(W, clearance=-1), "clearance, a multiplier, is -1"),
        (lambda: parameters(W, clearance=[1, np.nan]), "clearance, a multiplier, holds a value that is not a number"),
        (lambda: parameters(W, absorption_rate=0), "absorption_rate, a multiplier, is 0"),
        (lambda: parameters(W, extra_volume_l=-1), "extra_volume_l is -1: give 0 or more L"),
        (lambda: concentration(-1, parameters(W), DOSE), "time since the first dose, is -1: give 0 or more h"),
        (lambda: concentration([0, np.nan], parameters(W), DOSE), "not a number"),
        (lambda: concentration(1, parameters(W), 0), "dose_mg is 0"),
        (lambda: concentration(1, parameters(W), DOSE, 0), "interval_h is 0: give above 0 h"),
        (lambda: concentration(1, parameters(W), DOSE, -6), "interval_h is -6"),
        (lambda: concentration(1, parameters(W), DOSE, np.nan), "interval_h holds a value that is not a number"),
        (lambda: concentration(1, parameters(W), DOSE, [6, 24]), "interval_h is one number"),
        (lambda: concentration(1, parameters(W), DOSE, route="oral"), "choose sc or iv"),
        (lambda: concentration(1, parameters(W), DOSE, route=None), "choose sc or iv"),
        (lambda: concentration(1, parameters(W), DOSE, doses=0), "doses is a whole number from 1"),
        (lambda: concentration(1, parameters(W), DOSE, doses=2.5), "doses is a whole number from 1"),
        (lambda: concentration(1, parameters(W), DOSE, infusion_h=1), "infusion_h is for the intravenous route"),
        (lambda: concentration(1, parameters(W), DOSE, 6, "iv", infusion_h=7), "has not ended when the next begins"),
        (lambda: area(1, parameters(W), DOSE, doses=None), "knows no steady state"),
        (lambda: exposure(parameters(W), DOSE, threshold=0), "threshold is 0"),
        (lambda: first_day(parameters(W), DOSE, 7), "divides 24"),
        (lambda: split_gain(parameters([10, 20]), DOSE), "p holds 2 profiles"),
        (lambda: split_gain(parameters(W), DOSE, measure="c_trough"), "choose auc_24 or c_avg or c_max"),
        (lambda: split_gain(parameters(W), DOSE, clearance=0), "clearance, a multiplier, is 0"),
    ],
)  # fmt: skip
def test_what_cannot_be_computed_is_refused_in_words(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_no_plotting_library_no_widget_and_no_scipy_is_loaded():
    code = "import sys, utils.pk; print([m for m in ('matplotlib', 'ipywidgets', 'scipy') if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"
