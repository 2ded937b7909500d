"""The published case, as data, and the case *as of* a moment."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pandas as pd

from utils.page import Link
from utils.phrases import phrase, status_word
from utils.tables import CASEDATA, CaseDataError, check_seal, describe, kept, read_entries, read_table
from utils.units import Quantity, sign_before, variables

CODED = {"observations": "loinc", "findings": "hpo", "treatments": "atc"}
STATES = {"present": True, "absent": False, "": None}
__all__ = ["Case", "CaseDataError", "load_case"]


class _Tables(Mapping):
    """Tables by name, each made when it is first asked for, since a page shows few of them."""

    def __init__(self, names, make):
        self.names, self.make = names, cache(make)

    def __getitem__(self, name):
        if name in self.names:
            return self.make(name)
        raise KeyError(name)

    def __iter__(self):
        return iter(self.names)

    def __len__(self):
        return len(self.names)


class Case:
    """The case's tables, each an attribute such as ``case.observations``, seen from the moment `time_point`."""

    def __init__(self, tables, time_point, folder=CASEDATA):
        self.tables, self.time_point, self.folder = tables, time_point, folder

    def __getattr__(self, name):
        if name != "tables" and name in self.tables:
            return self.tables[name]
        raise AttributeError(f"the case has no table '{name}'; it has {', '.join(self.__dict__.get('tables', {}))}")

    def __repr__(self):
        observations, findings = len(self.observations), len(self.findings)
        return phrase("case.as_of", moment=self.time_point, observations=observations, findings=findings)

    def as_of(self, time_point, later_voice=None):
        """The case with only what was known by `time_point`, a name of the table ``time_points``.

        What was said at `later_voice`, as ``"discussion"``, is in it too. CaseDataError for a moment not known here.
        """
        order = self.time_points.set_index("time_point")["order"]
        if unknown := {time_point, later_voice or time_point} - {*order.index}:
            known = ", ".join(order.index)
            raise CaseDataError("time_points.csv", f"no moment '{unknown.pop()}' is known here: use one of {known}")
        known = ["", later_voice or "", *order.index[order <= order[time_point]]]

        def then(name):
            table = self.tables[name]
            if name == "codes":  # a list of codes would give away what is to come
                table = table[table["code"].isin({c for t, k in CODED.items() if t in tables for c in tables[t][k]})]
            elif "time_point" in table:
                table = table[table["time_point"].isin(known)]
            table = table.reset_index(drop=True)
            if name == "treatments":
                later = ~table["end_known_at"].isin(known)  # a start may be known long before its end
                table.loc[later, ["end_low", "end_high"]] = float("nan")
                table.loc[later, ["end_text", "end_known_at"]] = ""
            return table

        tables = _Tables([*self.tables], then)
        return Case(tables, time_point, self.folder)

    def sheet(self):
        """The values printed for this very moment, with their conversion or status: a DataFrame to show."""
        rows = self.observations.query("time_point == @self.time_point")
        rows = rows[~rows["note"].str.startswith("reading:")]  # a reading of ours is not a printed value
        sheet = pd.DataFrame({"Item": rows["variable"].map(variables()["label"])})
        sheet["Printed"] = [as_input(row) for row in rows.to_dict("records")]
        # Months differ in length.
        sheet["Converted"] = [q.canonical() if q.known and q.unit != "months" else "" for q in sheet["Printed"]]
        return sheet.assign(Fact=rows["fact"], Where=rows["where"])

    def address(self, *names):
        """What stands behind addresses of facts (F, P, U) and of the register (D); CaseDataError for others."""
        found, places = [], dict(self.locators.itertuples(index=False))
        listed = [row for t in self.tables.values() if {"fact", "handling"} & {*t} for row in t.to_dict("records")]
        for name in names:
            rows = [row for row in listed if row.get("fact", row.get("id")) == name]
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
            for row in (own if len(own) else rows).drop_duplicates("variable", keep=False).itertuples():
                ends = (0.0 if pd.isna(row.low) else row.low), row.high
                found[name] = tuple(Quantity(name, x, row.unit).to(unit).value for x in ends)
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
        """What rules may use now, a dict of variable -> Quantity, bool, or None for unknown. Some facts persist."""
        rows = pd.concat([self.observations, self.findings])
        rows = rows[(rows["time_point"] == self.time_point) | rows["persists"]]
        return {row["variable"]: as_input(row) for row in rows.to_dict("records")}


@cache
def references(folder=CASEDATA):
    """The works cited, CSL-JSON, as a dict of id -> entry."""
    return read_entries("references.json", lambda work: "" if work.get("title") else "it has no 'title'", folder)


def as_input(row):
    """A row of observations or findings as the rules take it: Quantity, True, False or None."""
    if row.get("state") in STATES:
        return STATES[row["state"]]
    if row["status"] != "reported":
        return Quantity(row["variable"], None, status=row["status"])
    value, words, high = row["value"], row["as_printed"], None if pd.isna(row["value_high"]) else row["value_high"]
    places = max(map(len, re.findall(r"\d\.(\d+)", words.replace(",", ""))), default=0) if value % 1 else 0
    return Quantity(row["variable"], value, row["unit"], high, decimals=places, sign=sign_before(value, words))


def load_case(path=None):
    """The whole case, the collection's or that of a folder; CaseDataError names a file that is not as it was sealed."""
    if path is not None:  # it may have changed
        describe.cache_clear(), kept.cache_clear()
    folder = Path(path or CASEDATA)
    check_seal(folder)
    names = [name for name, r in describe(folder).items() if "/" not in r["path"]]  # invented patients are not the case
    last = read_table("time_points", folder).sort_values("order")["time_point"].iloc[-1]
    return Case(_Tables(names, lambda name: read_table(name, folder)), last, folder)
