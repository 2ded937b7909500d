"""The published case, as data, and the case *as of* a moment."""

import re
from functools import cache
from pathlib import Path

import pandas as pd

from utils.page import Link
from utils.phrases import phrase, status_word
from utils.tables import CASEDATA, CaseDataError, check_seal, describe, read_entries, read_table
from utils.units import Quantity, sign_before, variables

CODED = {"observations": "loinc", "findings": "hpo", "treatments": "atc"}
STATES = {"present": True, "absent": False, "": None}
__all__ = ["Case", "CaseDataError", "load_case"]


class Case:
    """The case's tables, each an attribute: ``case.observations``, ``case.findings``, ``case.treatments`` …

    `time_point` is the moment from which the case is seen; the last one for the whole case.
    """

    def __init__(self, tables, time_point, folder=CASEDATA):
        self.tables, self.time_point, self.folder = tables, time_point, folder

    def __getattr__(self, name):
        if name != "tables" and name in self.tables:
            return self.tables[name]
        raise AttributeError(f"the case has no table '{name}'; it has {', '.join(self.__dict__.get('tables', {}))}")

    def __repr__(self):
        counts = {"observations": len(self.observations), "findings": len(self.findings)}
        return phrase("case.as_of", moment=self.time_point, **counts)

    def as_of(self, time_point, later_voice=None):
        """The case with only what was known by `time_point`, a name of the table ``time_points``.

        `later_voice` is another such name, as ``"discussion"``: what was said at that very moment is in it too, and
        nothing of the moments between. CaseDataError where a moment is unknown, or later than this case is seen from.
        """
        order = self.time_points.set_index("time_point")["order"]
        if unknown := {time_point, later_voice or time_point} - {*order.index}:
            why = f"no moment '{unknown.pop()}' is known here: use one of {', '.join(order.index)}"
            raise CaseDataError("time_points.csv", why)
        known, tables = ["", later_voice or "", *order.index[order <= order[time_point]]], {}
        for name, table in self.tables.items():
            tables[name] = table[table.get("time_point", pd.Series("", table.index)).isin(known)].reset_index(drop=True)
        if "codes" in tables:  # a list of codes would give away what is to come
            used = {c for t, k in CODED.items() if t in tables for c in tables[t][k]}
            tables["codes"] = tables["codes"][tables["codes"]["code"].isin(used)].reset_index(drop=True)
        if "treatments" in tables:
            later = ~tables["treatments"]["end_known_at"].isin(known)  # a start may be known long before its end
            tables["treatments"].loc[later, ["end_low", "end_high"]] = float("nan")
            tables["treatments"].loc[later, ["end_text", "end_known_at"]] = ""
        return Case(tables, time_point, self.folder)

    def sheet(self):
        """The values printed for this very moment, with their conversion or status: a DataFrame to show."""
        rows = self.observations.query("time_point == @self.time_point")
        rows = rows[~rows["note"].str.startswith("reading:")]  # a reading of ours is not a printed value
        printed = [as_input(row) for _, row in rows.iterrows()]
        # A month has no exact length, so a duration in months is left as it is printed.
        converted = [q.canonical() if q.known and q.unit != "months" else "" for q in printed]
        columns = {"Printed": printed, "Converted": converted, "Fact": rows["fact"], "Where": rows["where"]}
        return pd.DataFrame({"Item": rows["variable"].map(variables()["label"]), **columns})

    def address(self, *names):
        """What stands behind addresses of facts (F, P, U) and of the register (D), to show; CaseDataError for others."""
        found, places = [], dict(self.locators.itertuples(index=False))
        keyed = [(t, "fact" if "fact" in t else "id") for t in self.tables.values() if {"fact", "handling"} & {*t}]
        for name in names:
            rows = [row for table, key in keyed for row in table[table[key] == name].to_dict("records")]
            if not rows:
                raise CaseDataError("casedata", f"there is no address '{name}' that is known at {self.time_point}")
            for row in rows:
                what = row.get("title") or row.get("label") or variables().at[row["variable"], "label"]
                words = row["as_printed"] or status_word(row.get("status", "not_reported"))
                where = "; ".join(places[p.strip()] for p in row["where"].split("|"))
                found.append((what, words, where, row.get("question") or row.get("note", "")))
        return pd.DataFrame(found, columns=["What", "Printed words", "Where", "To note"])

    def ranges(self, units):
        """Reference ranges in the units wanted (dict of variable -> unit): dict of variable -> (low, high).

        The article's own range, else the only one known. They are ends of an axis: where no low end is printed it is 0.
        """
        found = {}
        for name, unit in units.items():
            rows = self.reference_ranges.query("variable == @name and high.notna()")
            own = rows[rows["where"] != ""]
            if len(rows := own if len(own) else rows) == 1:
                low, high, printed = rows.fillna({"low": 0.0}).iloc[0][["low", "high", "unit"]]
                found[name] = tuple(Quantity(name, x, printed).to(unit).value for x in (low, high))
        return found

    def map(self):
        """The journey as a DataFrame to show; a title is a link to its notebook where that is in this copy."""
        folder = CASEDATA.parent / "notebooks"
        links = [Link(r.title, r.file) if (folder / r.file).exists() else r.title for r in self.journey.itertuples()]
        rows = self.journey.assign(title=links)[["notebook", "title", "question", "part", "minutes"]].astype(object)
        return rows.set_axis(["Page", "Title", "Question", "Part", "Minutes"], axis=1)

    def cited(self, *names):
        """References by id: a DataFrame to show of id, who and when (title and place where no DOI), and DOI."""
        rows = []
        for name in names:
            if (work := references(self.folder).get(name)) is None:
                raise CaseDataError("references.json", f"has no '{name}': add it, or correct the id")
            people = [p.get("family") or p.get("literal", "") for p in work.get("author", [])]
            who = phrase("case.et_al", first=people[0]) if people[1:] else "".join(people)
            who = f"{who} {work.get('issued', {}).get('date-parts', [['']])[0][0]}".strip()
            place, doi = work.get("container-title", ""), work.get("DOI", "")
            more = () if doi and people else (place,) if doi else (work["title"].rstrip("."), place)
            rows.append((name, ". ".join(filter(None, (who, *more))), doi))
        return pd.DataFrame(rows, columns=["Id", "Work", "DOI"])

    @property
    def inputs(self):
        """What rules may use at this moment: variable -> Quantity, bool, or None for unknown. Some facts persist."""
        rows = pd.concat([self.observations, self.findings])
        rows = rows[(rows["time_point"] == self.time_point) | rows["persists"]]
        return {row["variable"]: as_input(row) for _, row in rows.iterrows()}


@cache
def references(folder=CASEDATA):
    """The works cited, CSL-JSON, as a dict of id -> entry."""
    return read_entries("references.json", lambda work: "" if work.get("title") else "it has no 'title'", folder)


def as_input(row):
    """A row of observations or findings as the rules take it: Quantity, True, False or None."""
    if isinstance(row.get("state"), str):
        return STATES[row["state"]]
    if row["status"] != "reported":
        return Quantity(row["variable"], None, status=row["status"])
    printed = re.findall(r"\d\.(\d+)", str(row["as_printed"]).replace(",", ""))
    places = max(map(len, printed), default=0) if row["value"] % 1 else 0
    high = None if pd.isna(row["value_high"]) else row["value_high"]
    sign = sign_before(row["value"], row["as_printed"])
    return Quantity(row["variable"], row["value"], row["unit"], high, decimals=places, sign=sign)


@cache
def _load(folder):
    check_seal(folder)
    names = [name for name, r in describe(folder).items() if "/" not in r["path"]]  # invented patients are not the case
    return {name: read_table(name, folder) for name in names}


def load_case(path=None):
    """The whole case: the collection's, or that of a folder, whose variables and units are the collection's.

    CaseDataError names a file that is missing or not as ``tests/check_casedata.py`` sealed it.
    """
    if path is not None:  # it may have changed
        describe.cache_clear(), _load.cache_clear()
    folder = Path(path or CASEDATA)
    tables = {name: table.copy() for name, table in _load(folder).items()}
    return Case(tables, tables["time_points"].sort_values("order")["time_point"].iloc[-1], folder)
