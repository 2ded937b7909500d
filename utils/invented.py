"""Invented patients, and never a real one: TP-01, and as many more as a class has teams.

Whatever is shown of them says INVENTED. The patients of `variant` are drawn so that their values lie next to the
thresholds of the rules; what each value was meant to be is kept beside it, and the rules must agree.
"""

import math
import random
import re
from fractions import Fraction
from functools import cache, cached_property
from typing import NamedTuple

import pandas as pd

from utils.package import CaseDataError, check_references, check_seal, describe, read_table
from utils.page import Shown
from utils.phrases import phrase
from utils.rules import RULES, evaluate
from utils.units import Quantity, factors, factors_in_use, sign_before, variables

FOLDER = "teaching_patients/"
RULERS = ("mas_2016", "hscore", "hlh_2004", "ferritin_esr", "ms_score")  # what a patient is held against
STATES = {"present": True, "absent": False}  # a finding that is told and decides nothing is open: unknown to a rule
LAST = 9999  # the highest number of a drawn patient
FARTHEST = 3  # steps of the last printed digit from a threshold; the learner is to look at the sign, not to guess


class Snapshot(NamedTuple):
    """What is known of an invented patient at one moment; `evaluate` takes it as it takes a case."""

    patient: str
    moment: str
    inputs: dict


class Patient:
    """An invented patient.

    Attributes
    ----------
    name : str
    rows : pandas.DataFrame
        One row a thing told at a moment, as in ``teaching_patients/tp_01.csv``.
    moments : pandas.DataFrame
        The moments by name, with label, hours and laboratory.
    planned : pandas.DataFrame
        Of a drawn patient, what each value was put there for: moment, rule, item, status. Empty otherwise.
    """

    def __init__(self, name, rows, planned=()):
        self.name, self.rows = name, rows
        self.moments = tables()["moments"].set_index("moment")
        self.planned = pd.DataFrame(planned, columns=["moment", "rule", "item", "status"])

    def __repr__(self):
        return phrase("invented.told", name=self.name, count=len(self.rows), moments=", ".join(self.moments.index))

    def told(self, moment):
        """The rows of one moment, with those that hold on; CaseDataError for no such moment."""
        if moment not in self.moments.index:
            known = ", ".join(self.moments.index)
            raise CaseDataError("moments.csv", f"there is no moment '{moment}' of {self.name}: use one of {known}")
        order = self.moments["order"]
        before = self.rows["moment"].map(order) < order[moment]
        return self.rows[(self.rows["moment"] == moment) | (before & self.rows["persists"])].reset_index(drop=True)

    def as_of(self, moment):
        """What the rules may use at a moment: a `Snapshot` without later letters and without earlier values."""
        return Snapshot(self.name, moment, {r["variable"]: _input(r) for r in self.told(moment).to_dict("records")})

    @cached_property
    def verdicts(self):
        """Every rule of `RULERS` at every moment: a dict of (rule, moment) -> Verdict."""
        known = {m: self.as_of(m) for m in self.moments.index}
        return {(r, m): evaluate(r, known[m]) for m in known for r in RULERS}

    def mark(self, shown):
        """Something to show, under a line that says that the patient is invented."""
        line = phrase("invented.mark", name=self.name)
        html = (
            f'<div style="border-left:4px dashed #8a5a00;padding-left:.8em"><p><strong>{line}</strong></p>{shown.html}'
        )
        return Shown(f"{html}</div>", f"{line}\n{shown.text}")


@cache
def tables():
    """The tables of the invented patients, each validated: a dict of name -> DataFrame; `load_case` has them not."""
    check_seal()
    found = {n: read_table(n) for n, r in describe().items() if r["path"].startswith(FOLDER)}
    check_references({**found, "variables": read_table("variables")})
    return found


@cache
def _menu():
    """What each value of a drawn patient may be: a dict of (moment, variable) -> rows of ``variants.csv``."""
    grouped = tables()["variants"].groupby(["moment", "variable"], sort=False)
    return {key: options.to_dict("records") for key, options in grouped}


def _input(row):
    """One row as the rules take it: Quantity, True, False or None."""
    if row["state"]:
        return STATES.get(row["state"])
    if row["status"] != "reported":
        return Quantity(row["variable"], None, status=row["status"])
    decimals = len(re.match(r"[<>≤≥=\s]*[\d,]*\.?(\d*)", row["as_printed"])[1])
    sign = sign_before(row["value"], row["as_printed"])
    return Quantity(row["variable"], row["value"], row["unit"], decimals=decimals, sign=sign)


def load_patient(name="TP-01"):
    """A teaching patient of the collection.

    Raises
    ------
    CaseDataError
        Where there is none of that name, or its table is not as described.
    """
    stem = str(name).lower().replace("-", "_")
    if "patient" not in tables().get(stem, ()):
        raise CaseDataError(FOLDER, f"holds no patient '{name}': there is TP-01, and variant(seed) invents others")
    return Patient(name, tables()[stem])


def unfit(seed):
    """What is wrong with the number of a patient to be drawn, in words; empty where nothing is."""
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= LAST:
        return phrase("invented.no_number", last=LAST, given=repr(seed))
    return ""


def variant(seed):
    """Invent a patient: the same number gives the same patient, on every machine.

    Each value lies at most a few printed digits from a threshold, on a side that is drawn first; so what is asked is
    never a guess, and always a look at the sign and the unit. Units, and what is not done, not reported or pending, are
    drawn as well (source: ``teaching_patients/variants.csv``, thresholds from ``rules.csv``).

    Parameters
    ----------
    seed : int
        0 to 9999, such as the number of a team.

    Returns
    -------
    Patient
        Named ``TV-`` and the number. Its verdicts come from the rules.

    Raises
    ------
    ValueError
        Where `seed` is no such number.
    """
    if wrong := unfit(seed):
        raise ValueError(wrong)
    draw = random.Random(seed).random  # the one method whose stream is promised to stay as it is
    rows, planned, seen = [], [], {}

    def pick(choices):
        return choices[int(draw() * len(choices))]

    for (moment, name), options in _menu().items():
        row = pick(options)
        told = {"invented": "INVENTED", "patient": f"TV-{seed:04}", "moment": moment, "variable": name, "state": ""}
        told |= {"value": math.nan, "unit": "", "status": "reported", "as_printed": "", "note": ""}
        told |= {"persists": name in ("sjia_known_or_suspected", "immunosuppression", "age_at_onset")}
        if draw() < row["chance"]:
            told["status"] = pick(row["open"].split("|"))
        elif variables().at[name, "kind"] == "flag":
            # an organ that was felt is not gone a day later
            told["state"] = "present" if seen.get(name) == "present" else pick(row["units"].split("|"))
            told["as_printed"] = {"open": "prednisolone for 3 weeks"}.get(told["state"], told["state"])
        else:
            unit, decimals = pick(row["units"].split("|")).rsplit(" ", 1)
            number, status = _place(row, unit, int(decimals), draw, seen.get("ferritin"))
            told |= {
                "value": float(number),
                "unit": unit,
                "as_printed": f"{float(number):,.{max(int(decimals), 0)}f} {unit}",
            }
            if status:
                planned.append((moment, row["rule"], row["item"], status))
            seen[name] = number * _exact(name, unit)
        seen[name] = told["state"] or seen.get(name)
        rows.append(told)
    columns = list(tables()["tp_01"].columns)
    return Patient(f"TV-{seed:04}", pd.DataFrame(rows)[columns].astype(tables()["tp_01"].dtypes.to_dict()), planned)


def _exact(variable, unit):
    """The factor of a unit as a fraction, so that a value meant to lie on a threshold does lie on it."""
    return Fraction(factors(variable)[unit]).limit_denominator(10**6)


def _place(row, unit, decimals, draw, ferritin):
    """A number that can be printed in `unit`, near a threshold or in a range: (Fraction, what its item then is)."""
    step = Fraction(10) ** -decimals
    if not row["rule"]:
        low, high = (Fraction(row[k]).limit_denominator(1000) / _exact(row["variable"], unit) for k in ("low", "high"))
        return math.floor((low + Fraction(draw()) * (high - low)) / step) * step, ""
    nodes = RULES[row["rule"]].nodes("measured_fever" if row["item"] == "fever" else None)
    node, meets, away = nodes[row["item"]], draw() < 0.5, int(draw() * (FARTHEST + 1))
    limit, sign = Fraction(str(node["threshold"])), node["comparator"]
    if node["kind"] == "ratio":  # ferritin is known by now; a higher rate makes a lower ratio
        limit, sign = ferritin / limit, "<="
    else:
        limit *= _exact(row["variable"], node["unit"]) / _exact(row["variable"], unit)
    below = sign in ("<", "<=")
    others = factors_in_use(row["variable"], unit)
    while True:  # further away, where another factor in use would put the number on the other side
        inside = {
            "<": math.ceil(limit / step) - 1,
            "<=": limit // step,
            ">": limit // step + 1,
            ">=": -(-limit // step),
        }[sign]
        far = -away if below == meets else away
        number = (inside + far + (0 if meets else 1 if below else -1)) * step
        if all(
            _meets(number * Fraction(str(f / others[0])).limit_denominator(10**6), sign, limit) == meets for f in others
        ):
            return number, "met" if meets else "not met"
        away += 1


def _meets(number, sign, limit):
    return {"<": number < limit, "<=": number <= limit, ">": number > limit, ">=": number >= limit}[sign]
