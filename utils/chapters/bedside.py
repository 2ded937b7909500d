"""Pressure, weight and age: the arithmetic of the second day. No function here returns a dose, and none takes one."""

from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd

from utils import plots
from utils.explore import Explorer, Number
from utils.page import say, table, together
from utils.phrases import phrase, status_word
from utils.rules import RULES
from utils.tables import read_table
from utils.units import Quantity, UnitError, quantity, show, variables

FARTHEST = 3  # z-scores; beyond, WHO counts in another way, which was not confirmed


def mean_arterial_pressure(systolic, diastolic):
    """Mean arterial pressure, estimated as (systolic + 2 × diastolic) / 3.

    Parameters
    ----------
    systolic, diastolic : float or array of float
        Pressures in mmHg, of shapes that fit together.

    Returns
    -------
    float or array of float
        In mmHg, never below the diastolic and never above the systolic pressure.

    Raises
    ------
    UnitError
        A value that is no number above zero, or a diastolic pressure above the systolic one.

    Notes
    -----
    Used for D03 of the register. It is an estimate from two readings; a line in an artery measures the mean itself.

    Examples
    --------
    >>> round(mean_arterial_pressure(85, 45), 1)
    58.3
    """
    systolic, diastolic = _above_zero(systolic, "systolic"), _above_zero(diastolic, "diastolic")
    if np.any(diastolic > systolic):
        raise UnitError(phrase("physiology.wrong_way_round"))
    return _plain(diastolic + (systolic - diastolic) / 3)


def weight_before(gain, share, of="before"):
    """Weight before a gain that is told as a share of body weight.

    Parameters
    ----------
    gain : float or array of float
        Weight gained, kg.
    share : float or array of float
        The gain as a share, between 0 and 1.
    of : {"before", "after"}
        Which weight the share is taken of.

    Returns
    -------
    float or array of float
        In kg. Of the weight before it is ``gain / share``; of the weight after, ``gain / share - gain``.

    Raises
    ------
    UnitError
        A gain that is no number above zero, a share that does not lie between 0 and 1, or another word for `of`.
    """
    gain, share = _above_zero(gain, "gain"), _above_zero(share, "share")
    if np.any(share >= 1):
        raise UnitError(phrase("physiology.no_share"))
    if of not in ("before", "after"):
        raise UnitError(phrase("physiology.no_such_weight", of=of))
    return _plain(gain / share - (gain if of == "after" else 0))


def growth_lms(age):
    """L, M and S of weight for age, boys, at an age.

    Parameters
    ----------
    age : float or array of float
        Age in months, 24 to 36. Tabulated are 24, 30, 35 and 36; between them each of the three is read off a straight
        line, which is our shortcut: the full table of WHO has a row for every day.

    Returns
    -------
    tuple of (float or array of float)
        L (no unit), M (kg, the median) and S (no unit). Source: ``growth.csv`` (whoanthro).

    Raises
    ------
    UnitError
        An age outside the table.
    """
    table, age = _growth(), _above_zero(age, "age")
    ages = table["age"].to_numpy()
    if np.any((age < ages[0]) | (age > ages[-1])):
        raise UnitError(phrase("physiology.not_tabulated", first=ages[0], last=ages[-1]))
    return tuple(_plain(np.interp(age, ages, table[column])) for column in ("l", "median", "s"))


def growth_z(weight, age):
    """How far a boy's weight lies from the median for his age: z = ((weight / M)^L − 1) / (L S).

    Parameters
    ----------
    weight : float or array of float
        In kg.
    age : float or array of float
        In months, 24 to 36: see `growth_lms`.

    Returns
    -------
    float or array of float
        z-score, from −3 to +3; 0 is the median. Source: WHO child growth standards (whoanthro).

    Raises
    ------
    UnitError
        A weight that is no number above zero, an age outside the table, or a z-score beyond 3 on either side.
    """
    weight, (power, median, spread) = _above_zero(weight, "weight"), growth_lms(age)
    z = ((weight / median) ** power - 1) / (power * spread)
    if np.any(np.abs(z) > FARTHEST + 1e-9):
        raise UnitError(phrase("physiology.z_above" if np.any(z > FARTHEST) else "physiology.z_below"))
    return _plain(z)


def age_limits(age):
    """Every published limit of pressure and heart rate in this collection, and whether it was made for an age.

    Parameters
    ----------
    age : float
        In years.

    Returns
    -------
    pandas.DataFrame
        One row a limit: variable, label, kind (``lower``, ``range`` or ``median``), low and high in the unit of the
        variable (high is missing unless it is a range), unit, applies (bool), source, tag. The first rows are the
        PALS limits of systolic pressure (``rules.csv``), the first of them worked out for this age; the others stand
        in ``age_limits.csv``.

    Raises
    ------
    UnitError
        An age that is no number above zero.
    """
    age = float(_above_zero(age, "age"))
    node = RULES["pals_hypotension"].nodes()
    first, last = node["child_from"]["threshold"], node["older_age"]["threshold"]
    child, older = node["child_limit"], node["older_limit"]
    base, slope, ends = child["threshold"], child["slope"], {"first": first, "last": last}
    formula = phrase("physiology.pals_child", **ends, base=base, slope=slope)
    pals = [
        (formula, base + slope * age, first <= age <= last),
        (phrase("physiology.pals_older", **ends), older["threshold"], age > last),
    ]
    rows = pd.DataFrame(pals, columns=["label", "low", "applies"]).assign(
        variable="systolic_bp", kind="lower", unit=child["unit"], source=child["source"], tag=child["tag"]
    )
    table = _limits()
    table = table.assign(applies=(table["age_low"] <= age) & (age <= table["age_high"]))
    columns = ["variable", "label", "kind", "low", "high", "unit", "applies", "source", "tag"]
    both = pd.concat([rows, table], ignore_index=True)[columns]
    return both.sort_values("variable", key=lambda v: v.map(_order(both)), kind="stable", ignore_index=True)


def side(value, limit):
    """Where a value lies: ``below``, ``at`` or ``above`` a limit, and of a range also ``inside``.

    Parameters
    ----------
    value : float
    limit : mapping
        A row of `age_limits`.
    """
    if limit["kind"] == "range":
        return "below" if value < limit["low"] else "above" if value > limit["high"] else "inside"
    return "at" if np.isclose(value, limit["low"], rtol=1e-9) else "below" if value < limit["low"] else "above"


def days(case, lasting, events, measured, missing):
    """What happened, what was measured and what is not reported, as rows of a strip of days.

    Parameters
    ----------
    case : Case
        As of the moment of the page.
    lasting, events, measured, missing : sequence of str
        Names of events that begin something, of other events, of reported observations, and of variables that are
        not reported.

    Returns
    -------
    pandas.DataFrame
        part (``begins``, ``happens``, ``measured``, ``not reported``), label, first and last day (missing where there
        is none), words (a value as printed) and address.
    """
    told, rows = case.events.set_index("event"), []
    for part, names in (("begins", lasting), ("happens", events)):
        for name in names:
            row = told.loc[name]
            rows.append((part, row["label"], row["day_low"], row["day_high"], "", row["fact"]))
    labels, day = variables()["label"], case.time_points.set_index("time_point")["first_day"]
    known = case.observations.query("status == 'reported'").drop_duplicates("variable", keep="last")
    known = known.set_index("variable")
    for name in measured:
        row = known.loc[name]
        at = day[row["time_point"]]
        rows.append(("measured", labels[name], at, at, f"{show(row['value'])} {row['unit']}", row["fact"]))
    unsaid = pd.concat([case.observations, case.findings]).query("status == 'not_reported'")
    unsaid = unsaid.drop_duplicates("variable", keep="last").set_index("variable")
    rows += [("not reported", labels[n], None, None, "", unsaid.at[n, "fact"]) for n in missing]
    return pd.DataFrame(rows, columns=["part", "label", "first", "last", "words", "address"])


@cache
def _limits():
    return read_table("age_limits")


@cache
def _growth():
    return read_table("growth")


def _order(table):
    """Variables in the order in which they first stand."""
    return {name: i for i, name in enumerate(dict.fromkeys(["systolic_bp", "mean_bp", *table["variable"]]))}


def _above_zero(value, name):
    """Numbers above zero as an array, or UnitError in words."""
    if isinstance(value, (bool, np.bool_)) or value is None:
        raise UnitError(phrase("physiology.no_number", name=phrase(f"physiology.{name}"), value=value))
    try:
        numbers = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise UnitError(phrase("physiology.no_number", name=phrase(f"physiology.{name}"), value=value)) from None
    if not np.all(np.isfinite(numbers) & (numbers > 0)):
        raise UnitError(phrase("physiology.not_above_zero", name=phrase(f"physiology.{name}"), value=value))
    return numbers


def _plain(numbers):
    """A single number as a float, several as an array."""
    return float(numbers) if np.ndim(numbers) == 0 else numbers


GROUPS = {v: phrase(f"bedside.{v}") for v in ("systolic_bp", "mean_bp", "heart_rate")}
# Ends of the axes in the picture, chosen by us.
AXES = {"systolic_bp": (40, 140), "mean_bp": (20, 120), "heart_rate": (40, 220)}
CAUSES = ("leak", "pump", "obstruction")
WORDS = {"fits": phrase("bedside.fits"), "": phrase("bedside.little"), "unknown": status_word("not_reported")}


class Dial(NamedTuple):
    """One number of a bench: its variable, unit and name on the page; the ends and the step of its slider."""

    variable: str
    unit: str
    label: str
    low: float
    high: float
    step: float


class AgeLimits(Explorer):
    """Pressure and heart rate against every published limit, with those that were made for another age.

    Numbers to move; what cannot be is refused in words, and changes nothing.

    Parameters
    ----------
    case : Case
        A moment with pressures, heart rate and age; the bench begins there.
    """

    dials = {
        "systolic": Dial("systolic_bp", "mmHg", phrase("bedside.systolic_bp"), 40, 140, 1),
        "diastolic": Dial("diastolic_bp", "mmHg", phrase("bedside.diastolic_bp"), 20, 100, 1),
        "heart_rate": Dial("heart_rate", "/min", phrase("bedside.heart_rate"), 40, 220, 5),
        "age": Dial("age", "years", phrase("bedside.age"), 1, 10, 0.5),
    }

    def __init__(self, case):
        controls = {}
        for name, d in self.dials.items():
            start = case.inputs[d.variable].to(d.unit).single()
            controls[name] = Number(d.label, start, d.low, d.high, d.step, d.unit, width="14em")
        super().__init__([*controls.values()], controls)

    def _view(self, now):
        systolic, diastolic, heart_rate, age = now.values()
        mean = mean_arterial_pressure(systolic, diastolic)
        values = {"systolic_bp": systolic, "mean_bp": mean, "heart_rate": heart_rate}
        limits = age_limits(age)
        limits["value"] = limits["variable"].map(values)
        limits["side"] = [side(r["value"], r) for r in limits.to_dict("records")]
        said = limits["side"].map(lambda s: phrase(f"bedside.{s}"))
        limits["said"] = said.where(limits["applies"], phrase("bedside.not_applicable", years=_years(age)))
        limits["limit"] = [_limit(r) for r in limits.to_dict("records")]
        picture = plots.limits(limits, GROUPS, AXES, phrase("bedside.limits"))
        named = limits.assign(variable=limits["variable"].map(GROUPS), evidence=limits["source"] + ", " + limits["tag"])
        heads = {c: phrase(f"bedside.limits_{c}") for c in ("variable", "label", "limit", "said", "evidence")}
        sheet = table(named[[*heads]].rename(columns=heads), phrase("bedside.limits_at", years=_years(age)))
        return together(*map(say, self._lines(limits, systolic, diastolic, mean, age)), picture, sheet)

    def _lines(self, limits, systolic, diastolic, mean, age):
        """What there is to say: the mean pressure, the limits of pressure, and those that do not belong here."""
        used = limits[limits["applies"]]
        low = used[(used["kind"] == "lower") & (used["side"] == "below")]
        lower, under = int((used["kind"] == "lower").sum()), "; ".join(low["label"] + ", " + low["limit"])
        rates = used[(used["variable"] == "heart_rate") & (used["kind"] == "range")]
        pressures = {"systolic": show(systolic), "diastolic": show(diastolic), "mean": mean}
        line = phrase("bedside.mean", **pressures, years=_years(age), count=lower)
        yield f"{line} {phrase('bedside.under', limits=under) if under else phrase('bedside.none_under')}"
        count = rates["side"].value_counts()
        sides = ", ".join(f"{phrase(f'bedside.{s}')} {count[s]}" for s in ("below", "inside", "above") if s in count)
        yield phrase("bedside.rates", ranges=len(rates), sides=sides)
        misled = limits[~limits["applies"] & (limits["kind"] == "lower") & (limits["side"] == "below")]
        if len(misled):
            named = "; ".join(misled["label"] + ", " + misled["limit"])
            yield phrase("bedside.misled", limits=named)
        yield RULES["pals_hypotension"].about["caveat"]

    def set(self, **values):
        """The same by call, each with its unit: ``set(systolic="85 mmHg", age="2 years")``; returns what is shown."""
        wanted = {}
        try:
            for name, given in values.items():
                if name not in self.dials:
                    raise UnitError(phrase("bedside.no_such_dial", name=name, dials=", ".join(self.dials)))
                dial = self.dials[name]
                if given is None:
                    raise UnitError(phrase("bedside.no_unknowns", dial=dial.label))
                wanted[name] = quantity(given, dial.variable).to(dial.unit).single()
        except UnitError as refused:
            return say(phrase("explorer.refused", why=refused))
        return self._move(**wanted)

    def get(self):
        """What the bench stands at: dict of name -> Quantity."""
        return {n: Quantity(d.variable, self._used[n], d.unit) for n, d in self.dials.items()}


def leak_or_pump(case, caption):
    """What each finding says of leak, pump and obstruction: our reading, as a table of shapes and as one of words."""
    rows = case.leak_pump.replace({c: {"little": ""} for c in CAUSES})
    states = {(r.finding, c): getattr(r, c) for r in rows.itertuples() for c in CAUSES}
    labels = dict(zip(rows["finding"], rows["label"], strict=True))
    columns = {c: phrase(f"bedside.{c}") for c in CAUSES}
    picture = plots.matrix(states, labels, columns, caption, WORDS)
    told = rows.assign(**{c: rows[c].map(WORDS) for c in CAUSES})
    heads = {c: phrase(f"bedside.matrix_{c}") for c in ("label", "facts", *CAUSES, "why")}
    return together(picture, table(told[[*heads]].rename(columns=heads), phrase("bedside.matrix")))


def strip(case, caption, **names):
    """The days of a moment as a strip and as a table; `names` as `utils.chapters.bedside.days` takes them."""
    rows = days(case, **names)
    last = int(case.time_points.set_index("time_point").at[case.time_point, "last_day"])
    when = [_when(r.first, r.last) for r in rows.itertuples()]
    told = rows.assign(when=when)[["label", "when", "words", "address"]]
    told = told.rename(columns={c: phrase(f"bedside.strip_{c}") for c in told})
    return together(plots.day_strip(rows, last, caption), table(told, phrase("page.as_table")))


def _when(first, last):
    if pd.isna(first):
        return status_word("not_reported")
    return phrase("bedside.day" if first == last else "bedside.days", first=first, last=last)


def _limit(row):
    if row["kind"] == "range":
        return phrase("bedside.range", low=show(row["low"]), high=show(row["high"]), unit=row["unit"])
    return f"{show(row['low'])} {row['unit']}"


def _years(age):
    return phrase("bedside.years", age=show(age), count=age)


age_limit_bench = AgeLimits
