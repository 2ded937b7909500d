"""Anakinra over time: one compartment, first-order absorption, in closed form. Shapes and ratios, not doses.

Everything is computed from ``kinetics.csv`` (Urien 2013, measured after injections under the skin). Such data cannot
tell absorption from elimination, so every curve exists in two readings. *published*: absorption is the faster of the
two. *flip_flop*, its twin: elimination is. Under the skin both give the same curve; into a vein they do not.

Units throughout: mg, h, L, mg/L, kg. All parameters may be arrays, one entry a profile. Only NumPy and pandas.
"""

from dataclasses import dataclass, replace
from functools import cache
from itertools import permutations
from numbers import Integral

import numpy as np
import pandas as pd

from utils.tables import read_table

READINGS = ("published", "flip_flop")
ROUTES = ("sc", "iv")
DAY = 24.0
EVER = np.inf  # so many doses that each interval is like the one before: steady state


@cache
def constants():
    """The model's numbers: dict of name -> value (source: ``kinetics.csv``)."""
    return dict(read_table("kinetics")[["parameter", "value"]].itertuples(index=False))


def _checked(name, x, unit="", least=0.0, most=np.inf, open_end=True):
    """An array of finite numbers within limits, or ValueError that says what is wrong and how to mend it."""
    try:
        values = np.asarray(x, dtype=float)
        if np.asarray(x).dtype == bool:
            raise TypeError
    except (TypeError, ValueError):
        raise ValueError(f"{name} is a number{unit and f' in {unit}'}, not {x!r}") from None
    if not np.isfinite(values).all():
        raise ValueError(f"{name} holds a value that is not a number: give each as a number{unit and f' in {unit}'}")
    if (values < least).any() or (values > most).any() or (open_end and (values == least).any()):
        limits = f"above {least:g}" if open_end else f"{least:g} or more"
        limits += f", at most {most:.3g}" if np.isfinite(most) else ""
        wrong = values[(values < least) | (values > most) | ((values == least) & open_end)].flat[0]
        raise ValueError(f"{name} is {wrong:g}: give {limits}{unit and f' {unit}'}")
    return values


def _chosen(name, x, known):
    if not isinstance(x, str) or x not in known:
        raise ValueError(f"{name} is {x!r}: choose {' or '.join(known)}")
    return x


@dataclass(frozen=True)
class Parameters:
    """What a curve depends on; numbers, or arrays of one shape for several profiles.

    Attributes
    ----------
    bioavailability : float or array
        Share of a subcutaneous dose that reaches the blood. It does not touch an intravenous one.
    absorption_rate : float or array
        First-order rate constant of absorption, 1/h.
    clearance : float or array
        L/h, of the drug in the blood (bioavailability is already taken out).
    volume : float or array
        L.
    reading : {"published", "flip_flop"}
    """

    bioavailability: np.ndarray
    absorption_rate: np.ndarray
    clearance: np.ndarray
    volume: np.ndarray
    reading: str

    @property
    def elimination_rate(self):
        """1/h."""
        return self.clearance / self.volume

    @property
    def half_life(self):
        """Half-life in the blood after an intravenous dose, h."""
        return np.log(2) / self.elimination_rate

    @property
    def shape(self):
        """Shape of the profiles: () for one, (n,) for n."""
        four = (self.bioavailability, self.absorption_rate, self.clearance, self.volume)
        return np.broadcast_shapes(*map(np.shape, four))


def parameters(
    weight_kg, reading="published", bioavailability=1.0, absorption_rate=1.0, clearance=1.0, extra_volume_l=0.0, f0=None
):
    """Parameters for a body weight, which is the dry one: water of an oedema does not clear a drug.

    Parameters
    ----------
    weight_kg : float or array
        Dry weight. The model rests on 4.3 to 83 kg.
    reading : {"published", "flip_flop"}
        Which of the two rate constants is absorption; subcutaneous data cannot tell.
    bioavailability, absorption_rate, clearance : float or array
        Multipliers of the usual value, 1 by default. Anything else is a supposition.
    extra_volume_l : float or array
        Litres added to the volume of distribution, as by retained fluid.
    f0 : float or array, optional
        Bioavailability before the multiplier; that of ``kinetics.csv`` where left out.

    Returns
    -------
    Parameters

    Raises
    ------
    ValueError
        A value that is no number, not above zero, or gives a bioavailability above 1.

    Notes
    -----
    Source: CL/F and V/F of Urien 2013, scaled by a power of the weight. CL = f0 · CL/F and V = f0 · V/F, so that the
    bioavailability is taken into account once.
    """
    c = constants()
    weight = _checked("weight_kg, the dry weight,", weight_kg, "kg")
    reading = _chosen("reading", reading, READINGS)
    f0 = _checked("f0, the usual bioavailability,", c["bioavailability"] if f0 is None else f0, most=1.0)
    times = {"bioavailability": bioavailability, "absorption_rate": absorption_rate, "clearance": clearance}
    f, g, cl_times = (_checked(f"{name}, a multiplier,", x) for name, x in times.items())
    f = _checked("bioavailability, multiplier and usual value together,", f * f0, most=1.0)
    more = _checked("extra_volume_l", extra_volume_l, "L", open_end=False)
    size = weight / c["reference_weight"]
    cl = f0 * c["clearance"] * size ** c["clearance_exponent"]
    v = f0 * c["volume"] * size ** c["volume_exponent"]
    ka = np.asarray(c["absorption_rate"])
    if reading == "flip_flop":  # the two rate constants change places; CL stays, so V becomes CL / k
        ka, v = cl / v, cl / ka
    f, ka, cl, v = np.broadcast_arrays(f, ka * g, cl * cl_times, v + more)
    return Parameters(f, ka, cl, v, reading)


def _regimen(dose_mg, interval_h, route, infusion_h):
    """The regimen as numbers, checked."""
    dose, every = _checked("dose_mg", dose_mg, "mg"), _checked("interval_h", interval_h, "h")
    over = _checked("infusion_h", infusion_h, "h", open_end=False)
    if _chosen("route", route, ROUTES) == "sc" and (over > 0).any():
        raise ValueError("infusion_h is for the intravenous route: leave it out, or choose route 'iv'")
    if (over > every).any():
        raise ValueError(f"an infusion of {over.max():g} h has not ended when the next begins, after {every.min():g} h")
    for name, x in (("dose_mg", dose), ("interval_h", every), ("infusion_h", over)):
        if x.ndim:
            raise ValueError(f"{name} is one number: what differs between profiles stands in the parameters")
    return float(dose), float(every), float(over)


def _sum(rate, since, n, every):
    r"""Sum of exp(−rate·s) over the times s since each of `n` doses, the last of them `since` hours ago."""
    return np.exp(-rate * since) * np.expm1(-rate * every * n) / np.expm1(-rate * every)


def _last(t, every, doses):
    """Doses given by time t, and the hours since the last of them."""
    if doses == EVER:
        return EVER, np.mod(t, every)
    given = np.minimum(np.floor(t / every + 1e-9) + 1, doses)
    return given, np.maximum(t - (given - 1) * every, 0.0)


def _pair(p):
    """The two rate constants as (slower, faster), held a hair apart: where they meet the formula has 0 / 0.

    The formula is symmetrical in the two, so that moving them by the same amount changes it in the second order only.
    """
    ka, k = p.absorption_rate, p.elimination_rate
    middle, half = (ka + k) / 2, np.maximum(np.abs(ka - k) / 2, 1e-5 * (ka + k) / 2)
    return middle - half, middle + half


def _after(p, dose, every, route, over, n, since):
    """Concentration `since` hours after the last of `n` doses; all arguments broadcast."""
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


def _columns(p):
    """The parameters with an axis for time added at their end."""
    four = (p.bioavailability, p.absorption_rate, p.clearance, p.volume)
    return Parameters(*(np.asarray(x)[..., None] for x in four), p.reading)


def _times(t_h):
    return _checked("t_h, the time since the first dose,", t_h, "h", open_end=False)


def _doses(doses):
    if doses is None:
        return EVER
    if not isinstance(doses, Integral) or isinstance(doses, bool) or doses < 1:
        raise ValueError(f"doses is a whole number from 1, or None for steady state, not {doses!r}")
    return doses


def concentration(t_h, p, dose_mg, interval_h=DAY, route="sc", doses=1, infusion_h=0.0):
    """Concentration in the blood after equal doses at equal intervals.

    Parameters
    ----------
    t_h : float or array, shape (m,)
        Hours since the first dose; a dose due at that very time counts as given.
    p : Parameters
        Shape () or (n,).
    dose_mg, interval_h : float
        Of each dose.
    route : {"sc", "iv"}
    doses : int or None
        How many; None for steady state, where t_h counts from any dose.
    infusion_h : float
        Hours over which each intravenous dose runs; 0 for a bolus.

    Returns
    -------
    float or array
        mg/L, of shape ``p.shape + np.shape(t_h)``.

    Raises
    ------
    ValueError
        A value that is no number or out of range, with what to write instead.
    """
    dose, every, over = _regimen(dose_mg, interval_h, route, infusion_h)
    t = _times(t_h)
    n, since = _last(np.atleast_1d(t), every, _doses(doses))
    found = _after(_columns(p), dose, every, route, over, n, since)
    return found.reshape(p.shape + t.shape)[()]


def area(t_h, p, dose_mg, interval_h=DAY, route="sc", doses=1, infusion_h=0.0):
    """Area under the curve from the first dose to `t_h`, by the balance of what came in and what is still there.

    Parameters and errors as for `concentration`, but `doses` is a number.

    Returns
    -------
    float or array
        mg·h/L, of shape ``p.shape + np.shape(t_h)``.
    """
    dose, every, over = _regimen(dose_mg, interval_h, route, infusion_h)
    t = _times(t_h)
    if (doses := _doses(doses)) == EVER:
        raise ValueError("doses is a number here: an area that begins with the first dose knows no steady state")
    n, since = _last(np.atleast_1d(t), every, doses)
    q = _columns(p)
    come = n - 1 + (np.minimum(since / over, 1.0) if over else 1.0)
    if route == "sc":
        come = q.bioavailability * (n - _sum(q.absorption_rate, since, n, every))
    there = q.volume * _after(q, dose, every, route, over, n, since)
    return ((dose * come - there) / q.clearance).reshape(p.shape + t.shape)[()]


def _peak(p, every, route, over, n):
    """Hours from the last of `n` doses to the highest concentration before the next is due."""
    if route == "iv":
        return np.broadcast_to(over, p.shape)
    slow, fast = _pair(p)
    of_fast, of_slow = (rate * _sum(rate, 0.0, n, every) for rate in (fast, slow))
    return np.clip(np.log(of_fast / of_slow) / (fast - slow), 0.0, every)


def _crossing(level, low, high, threshold):
    """Where `level`, rising or falling from `low` to `high`, meets a threshold that lies between; by halving."""
    rising = level(high) > level(low)
    for _ in range(50):
        middle = (low + high) / 2
        beyond = (level(middle) > threshold) == rising
        low, high = np.where(beyond, low, middle), np.where(beyond, middle, high)
    return (low + high) / 2


def _interval(p, dose, every, route, over, n, threshold):
    """One dosing interval, the `n`-th: time and height of the peak, level at its end, hours above, first hour above."""

    def level(since):
        return _after(p, dose, every, route, over, n, since)

    zero, whole, t_max = np.zeros(p.shape), np.full(p.shape, every), _peak(p, every, route, over, n)
    start, top, end = level(zero), level(t_max), level(whole)
    if threshold is None:
        return t_max, top, end, None, None
    up = np.where(start > threshold, 0.0, _crossing(level, zero, t_max, threshold))
    down = np.where(end > threshold, every, _crossing(level, t_max, whole, threshold))
    above = top > threshold
    return t_max, top, end, np.where(above, down - up, 0.0), np.where(above, up, np.nan)


def _shown(p, **columns):
    """One profile as a Series, several as a DataFrame, one row a profile."""
    if p.shape == ():
        return pd.Series({k: float(v) for k, v in columns.items()})
    return pd.DataFrame({k: np.broadcast_to(v, p.shape) for k, v in columns.items()})


def _steady(p, dose, every, route, over, threshold):
    """Exposure at steady state, the hours above left out where no threshold is given."""
    t_max, top, end, above, _ = _interval(p, dose, every, route, over, EVER, threshold)
    auc = DAY / every * dose * (p.bioavailability if route == "sc" else 1.0) / p.clearance
    found = {"c_max": top, "c_trough": end, "c_avg": auc / DAY, "auc_24": auc, "t_max": t_max}
    return found if threshold is None else found | {"hours_above": above * DAY / every}


def exposure(p, dose_mg, interval_h=DAY, route="sc", infusion_h=0.0, threshold=None):
    """What a regimen comes to at steady state.

    Parameters
    ----------
    p, dose_mg, interval_h, route, infusion_h
        As for `concentration`.
    threshold : float, optional
        mg/L, for `hours_above`; the average of ``kinetics.csv`` where left out, which is no target for MAS.

    Returns
    -------
    pandas.Series, or DataFrame with one row a profile
        ``c_max``, ``c_trough`` and ``c_avg`` (mg/L), ``auc_24`` (mg·h/L over 24 h), ``t_max`` (h after a dose) and
        ``hours_above`` (h a day).
    """
    dose, every, over = _regimen(dose_mg, interval_h, route, infusion_h)
    return _shown(p, **_steady(p, dose, every, route, over, _level(threshold)))


def _level(threshold):
    return float(_checked("threshold", constants()["level"] if threshold is None else threshold, "mg/L"))


def _first(p, dose, every, route, over, threshold):
    """The first 24 hours, the first hour above left out where no threshold is given."""
    if DAY % every:
        raise ValueError(f"interval_h is {every:g}: a first day needs an interval that divides 24")
    each = [_interval(p, dose, every, route, over, n, threshold) for n in range(1, int(DAY / every) + 1)]
    # A dose that is due at 24 h belongs to the next day, so only those of the first are counted.
    found = {"c_max": np.max([i[1] for i in each], axis=0), "auc_24": area(DAY, p, dose, every, route, len(each), over)}
    if threshold is None:
        return found
    return found | {"first_above": np.fmin.reduce([n * every + i[4] for n, i in enumerate(each)])}


def first_day(p, dose_mg, interval_h=DAY, route="sc", infusion_h=0.0, threshold=None):
    """What a regimen comes to in its first 24 hours: ``c_max``, ``auc_24``, and ``first_above`` in hours.

    Parameters as for `exposure`; `interval_h` divides 24. ``first_above`` is missing where nothing is above.
    """
    dose, every, over = _regimen(dose_mg, interval_h, route, infusion_h)
    return _shown(p, **_first(p, dose, every, route, over, _level(threshold)))


def split_gain(p, dose_mg, intervals=(24.0, 6.0), routes=("sc", "iv"), clearance=1.0, measure="auc_24", day_1=False):
    """How much of a rise in exposure is dose, how much route and, where asked, how much the kidney.

    The rise is a product of factors, so its logarithm is a sum. Each factor gets the mean of what it adds over every
    order in which the changes could be made (a Shapley value), and so no order is preferred.

    Parameters
    ----------
    p : Parameters
        Of one profile, before the change.
    dose_mg : float
        Of each dose, before and after.
    intervals, routes : pair
        Before and after. More doses a day are the dose; another way in is the route.
    clearance : float
        Multiplier of the clearance that comes with the change; other than 1 adds the factor ``kidney``.
    measure : {"auc_24", "c_avg", "c_max"}
    day_1 : bool
        In the first 24 hours, rather than at steady state.

    Returns
    -------
    pandas.DataFrame
        Rows ``dose``, ``route`` (and ``kidney``) and ``total``: ``times`` (the factor) and ``share`` of the
        logarithm, which is missing where the factors pull in opposite directions, since then nothing is shared out.

    Raises
    ------
    ValueError
        Several profiles, or something else than a number, a route or a measure from the lists.
    """
    known = ["c_max", "auc_24"] if day_1 else ["auc_24", "c_avg", "c_max"]
    _chosen("measure", measure, known)
    if p.shape != ():
        raise ValueError(f"p holds {p.shape[0]} profiles: a gain is split for one at a time")
    kidney = float(_checked("clearance, a multiplier,", clearance))
    names = ["dose", "route"] + ["kidney"] * (kidney != 1.0)
    measured = {}

    def level(done):
        if (key := frozenset(done)) not in measured:
            q = replace(p, clearance=p.clearance * kidney) if "kidney" in key else p
            dose, every, over = _regimen(dose_mg, intervals["dose" in key], way := routes["route" in key], 0.0)
            found = (_first if day_1 else _steady)(q, dose, every, way, over, None)
            measured[key] = np.log(float(found[measure]))
        return measured[key]

    orders = list(permutations(names))
    parts = {n: np.mean([level(o[: o.index(n) + 1]) - level(o[: o.index(n)]) for o in orders]) for n in names}
    total = sum(parts.values())
    one_way = len({bool(x > 0) for x in parts.values() if abs(x) > 1e-12}) < 2
    shares = [x / total if one_way and abs(total) > 1e-12 else np.nan for x in parts.values()]
    logs = [*parts.values(), total]
    return pd.DataFrame({"times": np.exp(logs), "share": [*shares, sum(shares)]}, index=[*names, "total"])
