"""The invented patient, and never a real one: whatever is shown of TP-01 says INVENTED."""

import re
from functools import cache, cached_property
from typing import NamedTuple

from utils.package import CaseDataError, check_references, check_seal, describe, read_table
from utils.page import Shown
from utils.phrases import phrase
from utils.rules import evaluate
from utils.units import Quantity, sign_before

FOLDER = "teaching_patients/"
RULERS = ("mas_2016", "hscore", "hlh_2004", "ferritin_esr", "ms_score")  # what a patient is held against
STATES = {"present": True, "absent": False}  # a finding that is told and decides nothing is open: unknown to a rule


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
    """

    def __init__(self, name, rows):
        self.name, self.rows = name, rows
        self.moments = tables()["moments"].set_index("moment")

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
        raise CaseDataError(FOLDER, f"holds no patient '{name}': there is TP-01")
    return Patient(name, tables()[stem])
