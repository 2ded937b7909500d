"""Pressure, weight and age: the arithmetic of the second day. No function here returns a dose, and none takes one."""

import numpy as np
import pandas as pd

from utils import plots
from utils.explore import Number, explorer
from utils.page import Mark, headed, say, together
from utils.phrases import phrase, status_word
from utils.pk import chosen, positive
from utils.rules import RULES
from utils.tables import read_table
from utils.units import Quantity, UnitError, show, variables

GROUPS = {v: phrase(f"bedside.{v}") for v in ("systolic_bp", "mean_bp", "heart_rate")}
ENDS = {"systolic_bp": (40, 140), "diastolic_bp": (20, 100), "mean_bp": (20, 120), "heart_rate": (40, 220)}
ENDS["age"] = (1, 10)  # of the picture and of the sliders, chosen by us
DIALS = {"systolic": ("systolic_bp", 1), "diastolic": ("diastolic_bp", 1)}  # variable, and step of its slider
DIALS |= {"heart_rate": ("heart_rate", 5), "age": ("age", 0.5)}


# ---- arithmetic -----------------------------------------------------------------------------------------------------
def mean_arterial_pressure(systolic, diastolic):
    """Mean arterial pressure in mmHg, estimated as (systolic + 2 × diastolic) / 3; a line in an artery measures it.

    Floats or arrays, mmHg. ValueError for no number above zero, UnitError for a diastolic above the systolic.
    """
    systolic, diastolic = positive("systolic", systolic, "mmHg"), positive("diastolic", diastolic, "mmHg")
    if np.any(diastolic > systolic):
        raise UnitError(phrase("bedside.wrong_way_round"))
    return diastolic + (systolic - diastolic) / 3


def weight_before(gain, share, of="before"):
    """Weight in kg before a gain (kg) that is given as a share, 0 to 1, of the weight ``before`` or ``after`` it.

    Floats or arrays: ``gain / share``, or that less the gain. ValueError for what is no gain, share or such weight.
    """
    gain, share = positive("gain", gain, "kg"), positive("share", share, most=1)
    return gain / share - (gain if chosen("of", of, ("before", "after")) == "after" else 0)


# ---- limits by age --------------------------------------------------------------------------------------------------
def age_limits(age):
    """Every published limit of pressure and heart rate in this collection, and whether it was made for an age in years.

    A DataFrame, one row a limit: variable, label, kind (``lower``, ``range`` or ``median``), low and high (missing
    unless it is a range), unit, applies (bool), source, tag. Source: ``age_limits.csv``, and before it the PALS limits
    of systolic pressure from ``rules.csv``, the first of them worked out for this age.
    """
    age, node = positive("age", age, "years"), RULES["pals_hypotension"].nodes()
    first, last = node["child_from"]["threshold"], node["older_age"]["threshold"]
    child, older = node["child_limit"], node["older_limit"]["threshold"]
    ends, line = {"first": first, "last": last}, {"base": child["threshold"], "slope": child["slope"]}
    labels = phrase("bedside.pals_child", **ends, **line), phrase("bedside.pals_older", **ends)
    lows, applies = (line["base"] + line["slope"] * age, older), (first <= age <= last, age > last)
    pals = pd.DataFrame({"label": labels, "low": lows, "applies": applies})
    pals = pals.assign(variable="systolic_bp", kind="lower", **{c: child[c] for c in ("unit", "source", "tag")})
    others = read_table("age_limits").assign(applies=lambda t: (t["age_low"] <= age) & (age <= t["age_high"]))
    columns = ["variable", "label", "kind", "low", "high", "unit", "applies", "source", "tag"]
    return pd.concat([pals, others], ignore_index=True)[columns]


def side(value, limit):
    """Where a value lies: ``below``, ``at`` or ``above`` a limit (a row of `age_limits`), or ``inside`` a range."""
    if limit["kind"] == "range":
        return "below" if value < limit["low"] else "above" if value > limit["high"] else "inside"
    return "at" if np.isclose(value, limit["low"], rtol=1e-9) else "below" if value < limit["low"] else "above"


def age_limit_bench(case):
    """An explorer of pressure and heart rate against every published limit, also those made for another age.

    It begins with the numbers of the case; each is set with its unit: ``set(systolic="85 mmHg", age="2 years")``.
    """

    def view(systolic, diastolic, heart_rate, age):
        mean = mean_arterial_pressure(systolic, diastolic)
        years, rows = phrase("bedside.years", age=show(age), count=age), age_limits(age)
        rows["value"] = rows["variable"].map({"systolic_bp": systolic, "mean_bp": mean, "heart_rate": heart_rate})
        rows["side"] = [side(r["value"], r) for r in rows.to_dict("records")]
        low, high = (rows[c].map(show, na_action="ignore") for c in ("low", "high"))
        rows["limit"] = low + (phrase("bedside.to") + high).fillna("") + " " + rows["unit"]
        words = rows["side"].map(lambda s: phrase(f"bedside.{s}"))
        rows["outcome"] = words.where(rows["applies"], phrase("bedside.not_applicable", years=years))
        pressures = {"systolic": show(systolic), "diastolic": show(diastolic), "mean": mean}
        picture = plots.limits(rows, GROUPS, ENDS, phrase("bedside.limits"))
        named = rows.assign(variable=rows["variable"].map(GROUPS), evidence=rows["source"] + ", " + rows["tag"])
        columns, caption = "variable label limit outcome evidence", phrase("bedside.limits_at", years=years)
        sheet = headed(named, "bedside.limits", columns, caption)
        return together(*map(say, _sentences(rows, years, pressures)), picture, sheet)

    def tell(state):
        return {n: Quantity(DIALS[n][0], x, units[DIALS[n][0]]) for n, x in state.items()}

    units, controls = variables()["canonical_unit"], {}
    for name, (variable, step) in DIALS.items():
        start, unit = case.inputs[variable].canonical().single(), units[variable]
        controls[name] = Number(phrase(f"bedside.{variable}"), start, *ENDS[variable], step, unit, variable=variable)
    return explorer(view, tell=tell, **controls)


def _sentences(rows, years, pressures):
    """The mean pressure and the limits it lies below, the ranges of the heart rate, and limits for other ages."""
    below = rows[(rows["kind"] == "lower") & (rows["side"] == "below")]
    below = (below["label"] + ", " + below["limit"]).groupby(below["applies"]).agg("; ".join)
    applies = rows[rows["applies"]]
    line = phrase("bedside.mean", **pressures, years=years, count=int((applies["kind"] == "lower").sum()))
    under = phrase("bedside.under", limits=below[True]) if True in below else phrase("bedside.none_under")
    count = applies.query("variable == 'heart_rate' and kind == 'range'")["side"].value_counts()
    sides = ", ".join(f"{phrase(f'bedside.{s}')} {count[s]}" for s in ("below", "inside", "above") if s in count)
    misled = [phrase("bedside.misled", limits=below[False])] if False in below else []
    rates = phrase("bedside.rates", ranges=count.sum(), sides=sides)
    return [f"{line} {under}", rates, *misled, RULES["pals_hypotension"].about["caveat"]]


# ---- leak or pump, and the days -------------------------------------------------------------------------------------
def leak_or_pump(case, caption):
    """What each finding says of leak, pump and obstruction: our reading, as signs and in words."""
    marks = {"fits": Mark(phrase("bedside.fits"), "●"), "little": Mark(phrase("bedside.little"), "–")}
    marks["unknown"] = Mark(status_word("not_reported"), "?")
    rows = case.leak_pump.assign(**{c: case.leak_pump[c].map(marks) for c in ("leak", "pump", "obstruction")})
    columns = "label facts leak pump obstruction why"
    return headed(rows, "bedside.matrix", columns, f"{caption} {phrase('bedside.ours')}")


def strip(case, caption, lasting, events, measured, missing):
    """What happened, what was measured and what is not reported, by day: a strip and a table.

    Takes names of events that begin something, of other events, of reported observations, and of variables that are
    not reported; KeyError for one that the case does not have as such.
    """
    labels, by_name = variables()["label"], case.events.set_index("event")
    rows = [
        (part, row.label, row.day_low, row.day_high, "", row.fact)
        for part, names in (("begins", lasting), ("happens", events))
        for row in by_name.loc[[*names]].itertuples()
    ]
    known = case.observations.query("status == 'reported'").drop_duplicates("variable", keep="last")
    known = known.merge(case.time_points[["time_point", "first_day"]]).set_index("variable")
    for row in known.loc[[*measured]].itertuples():
        words = f"{show(row.value)} {row.unit}"
        rows.append(("measured", labels[row.Index], row.first_day, row.first_day, words, row.fact))
    unknown = pd.concat([case.observations, case.findings]).query("status == 'not_reported'")
    unknown = unknown.drop_duplicates("variable", keep="last").set_index("variable")["fact"]
    rows += [("not reported", labels[name], None, None, "", unknown[name]) for name in missing]
    rows = pd.DataFrame(rows, columns=["part", "label", "first", "last", "words", "address"])
    last = int(case.time_points.set_index("time_point").at[case.time_point, "last_day"])
    rows["when"] = [
        phrase("bedside.days", first=a, last=b, count=b - a + 1) if pd.notna(a) else status_word("not_reported")
        for a, b in zip(rows["first"], rows["last"], strict=True)
    ]
    sheet = headed(rows, "bedside.strip", "label when words address", phrase("page.as_table"))
    return together(plots.day_strip(rows, last, caption), sheet)
