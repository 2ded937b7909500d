"""Anakinra over time: one compartment, first-order absorption, in closed form. Shapes and ratios, not doses.

The numbers of ``kinetics.csv`` (Urien 2013) were measured after subcutaneous injections, which cannot tell absorption
from elimination. So every curve has two readings: *published*, where absorption is the faster of the two, and its twin,
*flip_flop*, where elimination is. Subcutaneous curves are the same in both, intravenous ones are not.
Units: mg, h, L, mg/L, kg.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from itertools import permutations

import numpy as np
import pandas as pd

from utils.tables import read_table

READINGS, ROUTES, DAY = ("published", "flip_flop"), ("sc", "iv"), 24.0
EVER = np.inf  # so many doses that each interval is like the one before: steady state


@cache
def constants():
    """The model's numbers: dict of name -> value (source: ``kinetics.csv``)."""
    return dict(read_table("kinetics")[["parameter", "value"]].itertuples(index=False))


def positive(name, x, unit="", most=np.inf, zero=False):
    """Finite numbers above zero, or from zero on, as an array; else a ValueError that says what to give."""
    with suppress(TypeError, ValueError):
        values = np.asarray(x, dtype=float)
        good = np.isfinite(values) & (values <= most) & (values >= 0 if zero else values > 0)
        if good.all() and np.asarray(x).dtype != bool:
            return values
    limits = ("from 0" if zero else "above 0") + (f", at most {most:.3g}" if most < np.inf else "")
    raise ValueError(f"{name} is {x}: give a number {limits} {unit}".rstrip())


def chosen(name, x, known):
    """A word on a list; else a ValueError that names the list."""
    if not isinstance(x, str) or x not in known:
        raise ValueError(f"{name} is {x!r}: choose {' or '.join(known)}")
    return x


@dataclass(frozen=True)
class Parameters:
    """What a curve depends on: numbers, or arrays of one shape, an entry a profile.

    Rates in 1/h, half-life in h; clearance (L/h) and volume (L) of the drug in the blood, bioavailability taken out.
    """

    bioavailability: np.ndarray
    absorption_rate: np.ndarray
    clearance: np.ndarray
    volume: np.ndarray

    @property
    def elimination_rate(self):
        return self.clearance / self.volume

    @property
    def half_life(self):
        return np.log(2) / self.elimination_rate

    @property
    def shape(self):
        return np.broadcast(self.bioavailability, self.absorption_rate, self.clearance, self.volume).shape


def parameters(weight_kg, reading="published", bioavailability=1, absorption_rate=1, clearance=1, extra_volume_l=0):
    """Parameters for a body weight, scaled as by Urien 2013; ValueError for what is no number or out of range.

    Floats or arrays: the dry weight (the water of an oedema clears no drug; the model rests on 4.3 to 83 kg), three
    multipliers of the usual value, of which anything but 1 is a supposition, and L added to the volume of distribution,
    as by retained fluid.
    """
    c = constants()
    size = positive("weight_kg, the dry weight,", weight_kg, "kg") / c["reference_weight"]
    f0 = c["bioavailability"]
    f = f0 * positive(f"bioavailability, a multiplier of {f0:g},", bioavailability, most=1 / f0)
    ka, cl = c["absorption_rate"], f0 * c["clearance"] * size ** c["clearance_exponent"]
    v = f0 * c["volume"] * size ** c["volume_exponent"]
    if chosen("reading", reading, READINGS) == "flip_flop":  # the rate constants change places; CL stays
        ka, v = cl / v, cl / ka
    ka = ka * positive("absorption_rate, a multiplier,", absorption_rate)
    cl = cl * positive("clearance, a multiplier,", clearance)
    v = v + positive("extra_volume_l", extra_volume_l, "L", zero=True)
    return Parameters(*np.broadcast_arrays(f, ka, cl, v))


def _regimen(dose_mg, interval_h, route, infusion_h):
    dose, every = positive("dose_mg", dose_mg, "mg"), positive("interval_h", interval_h, "h")
    most = every.max() if chosen("route", route, ROUTES) == "iv" else 0
    over = positive("infusion_h, which is for route 'iv',", infusion_h, "h", most, zero=True)
    if dose.ndim or every.ndim or over.ndim:
        raise ValueError("a regimen is one dose, one interval, one infusion: what differs stands in the parameters")
    return float(dose), float(every), route, float(over)


def _sum(rate, since, n, every):
    """Sum of exp(−rate·s) over the times s since each of `n` doses, the last of them `since` hours ago."""
    return np.exp(-rate * since) * np.expm1(-rate * every * n) / np.expm1(-rate * every)


def _pair(p):
    """The rate constants as (slower, faster), held a hair apart: where they meet the formula has 0 / 0."""
    middle, half = (p.absorption_rate + p.elimination_rate) / 2, np.abs(p.absorption_rate - p.elimination_rate) / 2
    half = np.maximum(half, 1e-5 * middle)  # the formula is symmetrical, so this changes it in the second order only
    return middle - half, middle + half


def _level(p, regimen, n, since):
    """Concentration `since` hours after the last of `n` doses; all arguments broadcast."""
    dose, every, route, over = regimen
    if route == "sc":
        slow, fast = _pair(p)
        shape = (_sum(slow, since, n, every) - _sum(fast, since, n, every)) / (fast - slow)
        return p.bioavailability * dose * p.absorption_rate / p.volume * shape
    k = p.elimination_rate
    if not over:
        return dose / p.volume * _sum(k, since, n, every)
    running = np.minimum(since, over)
    ended = np.expm1(k * over) * _sum(k, since + every, np.maximum(n - 1, 0), every)
    last = -np.expm1(-k * running) * np.exp(-k * (since - running))
    return dose / over / p.clearance * (ended + last)


def _peak(p, regimen, n):
    """Hours from the last of `n` doses to the highest concentration before the next is due, and that concentration."""
    _, every, route, over = regimen
    hours = np.broadcast_to(over, p.shape)
    if route == "sc":
        slow, fast = _pair(p)
        of_fast, of_slow = (rate * _sum(rate, 0.0, n, every) for rate in (fast, slow))
        hours = np.clip(np.log(of_fast / of_slow) / (fast - slow), 0.0, every)
    return hours, _level(p, regimen, n, hours)


def _given(t_h, p, every, doses):
    """Doses given by each time and hours since the last of them, the axis of time before that of the profiles."""
    if doses is not None and doses not in range(1, 1_000_000):
        raise ValueError(f"doses is a whole number from 1, or None for steady state, not {doses!r}")
    t = positive("t_h, the time since the first dose,", t_h, "h", zero=True).T
    t = t.reshape(t.shape + (1,) * len(p.shape))
    if doses is None:
        return EVER, np.mod(t, every)
    n = np.minimum(np.floor(t / every + 1e-9) + 1, doses)
    return n, np.maximum(t - (n - 1) * every, 0.0)


def concentration(t_h, p, dose_mg, interval_h=DAY, route="sc", doses=1, infusion_h=0.0):
    """Concentration in the blood (mg/L, of shape ``p.shape + np.shape(t_h)``) after equal doses at equal intervals.

    `t_h` (float or array) are hours since the first dose, or since any at steady state (`doses` None); a dose due at
    that very time counts. Each intravenous dose runs for `infusion_h`, 0 for a bolus.
    """
    regimen = _regimen(dose_mg, interval_h, route, infusion_h)
    return _level(p, regimen, *_given(t_h, p, regimen[1], doses)).T[()]


def area(t_h, p, dose_mg, interval_h=DAY, route="sc", doses=1, infusion_h=0.0):
    """Area under the curve (mg·h/L) from the first of a number of doses to `t_h`; the rest as for `concentration`."""
    regimen = dose, every, _, over = _regimen(dose_mg, interval_h, route, infusion_h)
    if doses is None:
        raise ValueError("doses is a number here: an area that begins with the first dose knows no steady state")
    n, since = _given(t_h, p, every, doses)
    come = n - 1 + (np.minimum(since / over, 1.0) if over else 1.0)
    if route == "sc":
        come = p.bioavailability * (n - _sum(p.absorption_rate, since, n, every))
    return ((dose * come - p.volume * _level(p, regimen, n, since)) / p.clearance).T[()]


def _as_pandas(p, **columns):
    """One profile as a Series, several as a DataFrame, one row a profile."""
    columns = {k: np.broadcast_to(v, p.shape) for k, v in columns.items()}
    return pd.DataFrame(columns) if p.shape else pd.Series(columns, dtype=float)


def exposure(p, dose_mg, interval_h=DAY, route="sc", infusion_h=0.0):
    """What a regimen comes to at steady state: a Series, or for several profiles a DataFrame with one row each.

    ``c_max``, ``c_trough`` and ``c_avg`` in mg/L, ``auc_24`` in mg·h/L over 24 h, ``t_max`` in h after a dose.
    """
    regimen = dose, every, _, _ = _regimen(dose_mg, interval_h, route, infusion_h)
    t_max, c_max = _peak(p, regimen, EVER)
    average = dose / every * (p.bioavailability if route == "sc" else 1) / p.clearance
    low = _level(p, regimen, EVER, every)
    return _as_pandas(p, c_max=c_max, c_trough=low, c_avg=average, auc_24=DAY * average, t_max=t_max)


def first_day(p, dose_mg, interval_h=DAY, route="sc", infusion_h=0.0):
    """The first 24 hours of a regimen, ``c_max`` and ``auc_24``, as for `exposure`; `interval_h` divides 24."""
    regimen = _, every, _, _ = _regimen(dose_mg, interval_h, route, infusion_h)
    if DAY % every:
        raise ValueError(f"interval_h is {every:g}: a first day needs an interval that divides 24")
    doses = int(DAY / every)  # a dose due at 24 h belongs to the next day
    c_max = np.max([_peak(p, regimen, n)[1] for n in range(1, doses + 1)], axis=0)
    return _as_pandas(p, c_max=c_max, auc_24=area(DAY, p, dose_mg, every, route, doses, infusion_h))


def split_gain(p, dose_mg, intervals=(24.0, 6.0), routes=("sc", "iv"), clearance=1.0, measure="auc_24", day_1=False):
    """How much of a rise in exposure is dose, how much route and, where asked, how much the kidney.

    `intervals` and `routes` are before and after, `clearance` a multiplier for the kidney; `measure` is ``auc_24``,
    ``c_avg`` or ``c_max``, at steady state or in the first 24 hours (`day_1`); `p` is one profile, before the change.
    The factors multiply, so their logarithms add up; each gets the mean of what it adds over every order of the changes
    (a Shapley value). A DataFrame with rows ``dose``, ``route`` (``kidney``) and ``total``: ``times`` (the factor) and
    ``share`` of its logarithm, missing where factors pull in opposite directions.
    """
    chosen("measure", measure, ["c_max", "auc_24"] if day_1 else ["auc_24", "c_avg", "c_max"])
    if p.shape != ():
        raise ValueError(f"p holds {p.shape[0]} profiles: a gain is split for one at a time")
    kidney = float(positive("clearance, a multiplier,", clearance))
    names = ["dose", "route"] + ["kidney"] * (kidney != 1.0)

    @cache
    def level(changed):
        q = replace(p, clearance=p.clearance * kidney) if "kidney" in changed else p
        regimen = dose_mg, intervals["dose" in changed], routes["route" in changed]
        return np.log((first_day if day_1 else exposure)(q, *regimen)[measure])

    def added(order):  # by each change in turn
        levels = [level(frozenset(order[:n])) for n in range(len(order) + 1)]
        return dict(zip(order, np.diff(levels), strict=True))

    parts = pd.DataFrame(map(added, permutations(names))).mean()[names]
    one_way = len({*np.sign(parts.round(12))} - {0}) == 1
    logs = pd.concat([parts, pd.Series({"total": parts.sum()})])
    return pd.DataFrame({"times": np.exp(logs), "share": logs / logs["total"] if one_way else np.nan})
