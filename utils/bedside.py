"""For the second day: published limits by age, leak or pump, and the days as a strip. Nothing returns a dose."""

from typing import NamedTuple

import pandas as pd

from utils import physiology, plots
from utils.explorer import Explorer, Number
from utils.page import say, table, together
from utils.phrases import phrase, status_word
from utils.rules import RULES
from utils.units import Quantity, UnitError, quantity, show

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
        mean = physiology.mean_arterial_pressure(systolic, diastolic)
        values = {"systolic_bp": systolic, "mean_bp": mean, "heart_rate": heart_rate}
        limits = physiology.age_limits(age)
        limits["value"] = limits["variable"].map(values)
        limits["side"] = [physiology.side(r["value"], r) for r in limits.to_dict("records")]
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
    """The days of a moment as a strip and as a table; `names` as `utils.physiology.days` takes them."""
    rows = physiology.days(case, **names)
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
