"""Two benches for the second day: published limits by age, and what five kilograms can mean. Neither returns a dose."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from utils import physiology, plots
from utils.explorer import Explorer, Number
from utils.page import say, table, together
from utils.rules import RULES
from utils.units import Quantity, UnitError, quantity, show

GROUPS = {"systolic_bp": "systolic pressure", "mean_bp": "mean pressure", "heart_rate": "heart rate"}
# Ends of the axes in the picture, chosen by us.
AXES = {"systolic_bp": (40, 140), "mean_bp": (20, 120), "heart_rate": (40, 220)}
WORDS = {"fits": "speaks for it", "": "says little by itself", "unknown": "not reported"}


class Dial(NamedTuple):
    """One number of a bench: its variable, unit and name on the page; the ends and the step of its slider."""

    variable: str
    unit: str
    label: str
    low: float
    high: float
    step: float


class Dials(Explorer):
    """Numbers to move, each a field with a slider beside it. What cannot be is refused in words, and changes nothing.

    A class below gives `dials`, a dict of name -> `Dial`.
    """

    dials = {}

    def __init__(self, **start):
        controls = {
            name: Number(d.label, start[name], d.low, d.high, d.step, d.unit, width="14em")
            for name, d in self.dials.items()
        }
        super().__init__([*controls.values()], controls)

    def set(self, **values):
        """The same by call, each with its unit: ``set(systolic="85 mmHg", age="2 years")``; returns what is shown."""
        wanted = {}
        try:
            for name, given in values.items():
                if name not in self.dials:
                    raise UnitError(f"'{name}' is not a dial of this bench: choose {', '.join(self.dials)}.")
                dial = self.dials[name]
                if given is None:
                    raise UnitError(f"The {dial.label} needs a value: this bench has no unknowns.")
                wanted[name] = quantity(given, dial.variable).to(dial.unit).single()
        except UnitError as refused:
            return say(f"Refused. {refused}")
        return self._move(**wanted)

    def get(self):
        """What the bench stands at: dict of name -> Quantity."""
        return {n: Quantity(d.variable, self._used[n], d.unit) for n, d in self.dials.items()}


class AgeLimits(Dials):
    """Pressure and heart rate against every published limit, with those that were made for another age.

    Parameters
    ----------
    case : Case
        A moment with pressures, heart rate and age; the bench begins there.
    """

    dials = {
        "systolic": Dial("systolic_bp", "mmHg", "systolic pressure", 40, 140, 1),
        "diastolic": Dial("diastolic_bp", "mmHg", "diastolic pressure", 20, 100, 1),
        "heart_rate": Dial("heart_rate", "/min", "heart rate", 40, 220, 5),
        "age": Dial("age", "years", "age", 1, 10, 0.5),
    }

    def __init__(self, case):
        super().__init__(**{n: case.inputs[d.variable].to(d.unit).single() for n, d in self.dials.items()})

    def _view(self, now):
        systolic, diastolic, heart_rate, age = now.values()
        mean = physiology.mean_arterial_pressure(systolic, diastolic)
        values = {"systolic_bp": systolic, "mean_bp": mean, "heart_rate": heart_rate}
        limits = physiology.age_limits(age)
        limits["value"] = limits["variable"].map(values)
        limits["side"] = [physiology.side(r["value"], r) for r in limits.to_dict("records")]
        limits["said"] = limits["side"].where(limits["applies"], f"not applicable at {_years(age)}")
        limits["limit"] = [_limit(r) for r in limits.to_dict("records")]
        picture = plots.limits(limits, GROUPS, AXES, "Published limits, and which were made for this age.")
        named = limits.assign(variable=limits["variable"].map(GROUPS), evidence=limits["source"] + ", " + limits["tag"])
        heads = ["Of", "Published by, for", "Limit", "This value", "Source, evidence"]
        shown = named[["variable", "label", "limit", "said", "evidence"]].set_axis(heads, axis=1)
        sheet = table(shown, f"Limits at the age of {_years(age)}")
        return together(*map(say, self._lines(limits, systolic, diastolic, mean, age)), picture, sheet)

    def _lines(self, limits, systolic, diastolic, mean, age):
        """What there is to say: the mean pressure, the limits of pressure, and those that do not belong here."""
        used = limits[limits["applies"]]
        low = used[(used["kind"] == "lower") & (used["side"] == "below")]
        lower, under = int((used["kind"] == "lower").sum()), "; ".join(low["label"] + ", " + low["limit"])
        rates = used[(used["variable"] == "heart_rate") & (used["kind"] == "range")]
        yield (
            f"Mean pressure: ({show(systolic)} + 2 × {show(diastolic)}) / 3 = {mean:.1f} mmHg. At {_years(age)} "
            f"{lower} lower {'limit applies' if lower == 1 else 'limits apply'}. "
            + (f"Below its limit: {under}." if under else "No pressure lies below a limit that applies.")
        )
        count = rates["side"].value_counts()
        sides = ", ".join(f"{s} {count[s]}" for s in ("below", "inside", "above") if s in count)
        yield f"Of the {len(rates)} ranges of the heart rate for this age, the value lies {sides}."
        misled = limits[~limits["applies"] & (limits["kind"] == "lower") & (limits["side"] == "below")]
        if len(misled):
            named = "; ".join(misled["label"] + ", " + misled["limit"])
            yield f"Below a limit that was made for another age, which misleads here: {named}."
        yield RULES["pals_hypotension"].about["caveat"]


class Fluid(Dials):
    """A gain of weight that is told as a share: of which weight? Both readings, on the WHO weights of boys.

    Parameters
    ----------
    case : Case
        A moment with a gain of weight; it is kept as printed. The age to begin with is chosen by us.
    """

    dials = {
        "age": Dial("age", "months", "age", 24, 36, 1),
        "share": Dial("weight_gain_percent", "%", "weight gained, share", 25, 35, 1),
    }

    def __init__(self, case):
        self._gain = case.inputs["weight_gain"].to("kg").single()
        super().__init__(age=30.0, share=case.inputs["weight_gain_percent"].to("%").single())

    def readings(self, age, share):
        """Both readings: a DataFrame of reading, before and after (kg) and z (of the weight before, in words)."""
        rows = []
        for of in ("before", "after"):
            before = physiology.weight_before(self._gain, share / 100, of)
            rows.append((f"{show(share)} % of the weight {of}", before, before + self._gain, _z(before, age)))
        return pd.DataFrame(rows, columns=["reading", "before", "after", "z"])

    def _view(self, now):
        age, share = now.values()
        read, median = self.readings(age, share), physiology.growth_lms(age)[1]
        told = [
            f"{r.reading}: {r.before:.1f} kg before, {r.after:.1f} kg after, z before {r.z}" for r in read.itertuples()
        ]
        line = f"Read as {'. Read as '.join(told)}."
        usual = f"A boy of median weight has {median:.1f} kg at {show(age)} months; of that, {show(self._gain)} kg are "
        months = np.arange(self.dials["age"].low, self.dials["age"].high + 1)
        curves = {z: physiology.growth_weight(z, months) for z in (-3, -2, 0, 2, 3)}
        picture = plots.two_weights(read, age, months, curves, "Two readings of one gain, on the WHO weights of boys.")
        sheet = read.assign(before=read["before"].map("{:.1f} kg".format), after=read["after"].map("{:.1f} kg".format))
        heads = ["Read as", "Before", "After", "z-score of the weight before"]
        return together(
            say(line),
            say(f"{usual}{100 * self._gain / median:.0f} %."),
            picture,
            table(sheet.set_axis(heads, axis=1), f"Two readings at {show(age)} months"),
        )


def leak_or_pump(case, caption):
    """What each finding says of the leak and of the pump: our reading, as a table of shapes and as a table of words."""
    rows = case.leak_pump.replace({"leak": {"little": ""}, "pump": {"little": ""}})
    states = {(r.finding, c): getattr(r, c) for r in rows.itertuples() for c in ("leak", "pump")}
    picture = plots.matrix(
        states, dict(zip(rows["finding"], rows["label"], strict=True)), {"leak": "leak", "pump": "pump"}, caption, WORDS
    )
    told = rows.assign(leak=rows["leak"].map(WORDS), pump=rows["pump"].map(WORDS))
    heads = {"label": "Finding", "facts": "Address", "leak": "Leak", "pump": "Pump", "why": "Why"}
    return together(picture, table(told[[*heads]].set_axis([*heads.values()], axis=1), "Leak or pump: our reading"))


def strip(case, caption, **names):
    """The days of a moment as a strip and as a table; `names` as `utils.physiology.days` takes them."""
    rows = physiology.days(case, **names)
    last = int(case.time_points.set_index("time_point").at[case.time_point, "last_day"])
    when = [_when(r.first, r.last) for r in rows.itertuples()]
    told = pd.DataFrame({"What": rows["label"], "Day": when, "Value": rows["words"], "Address": rows["address"]})
    return together(plots.day_strip(rows, last, caption), table(told, "The same as a table"))


def _when(first, last):
    if pd.isna(first):
        return "not reported"
    return f"day {first:g}" if first == last else f"day {first:g} to {last:g}"


def _limit(row):
    ends = f"{show(row['low'])} to {show(row['high'])}" if row["kind"] == "range" else show(row["low"])
    return f"{ends} {row['unit']}"


def _years(age):
    return f"{show(age)} year{'s' * (age != 1)}"


def _z(weight, age):
    """A z-score in words; beyond what is computed, the side on which it lies."""
    try:
        return f"{physiology.growth_z(weight, age):+.1f}".replace("-", "\u2212")
    except UnitError as refused:
        return "above +3, not computed" if "above" in str(refused) else "below \u22123, not computed"
