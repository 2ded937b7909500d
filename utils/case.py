"""The published case, as data: every table validated, and the case *as of* a moment."""

import re
from functools import cache
from pathlib import Path

import pandas as pd

from utils.page import Link
from utils.phrases import phrase, status_word
from utils.tables import (
    CASEDATA,
    CaseDataError,
    check_references,
    check_seal,
    describe,
    forget,
    read_entries,
    read_table,
)
from utils.units import Quantity, UnitError, converted, factors, plain, sign_before, variables

CARRY_STATUS = ("observations", "findings", "treatments", "events", "claims")
CODED = {"observations": "loinc", "findings": "hpo", "treatments": "atc"}
__all__ = ["Case", "CaseDataError", "load_case"]


class Case:
    """The case's tables, each an attribute: ``case.observations``, ``case.findings``, ``case.treatments`` …

    Attributes
    ----------
    time_point : str
        The moment from which the case is seen; the last one for the whole case.
    inputs : dict of str -> Quantity, bool or None
        What the rules may use at that moment: values measured then, and earlier facts that still hold.
        None, or a quantity that is not reported, means unknown.
    """

    def __init__(self, tables, time_point, folder=CASEDATA):
        self.tables, self.time_point, self.folder = tables, time_point, folder

    def __getattr__(self, name):
        if name != "tables" and name in self.tables:
            return self.tables[name]
        raise AttributeError(f"the case has no table '{name}'; it has {', '.join(self.__dict__.get('tables', {}))}")

    def __repr__(self):
        told = {"observations": len(self.observations), "findings": len(self.findings)}
        return phrase("case.as_of", moment=self.time_point, **told)

    def as_of(self, time_point, later_voice=None):
        """Only what was known by `time_point` (a name of ``time_points``); later facts are not in it.

        Parameters
        ----------
        time_point : str
            A name of the table ``time_points``.
        later_voice : str, optional
            Another such name, as ``"discussion"``: what is told at that very moment is in it too, such as the authors'
            claims, and nothing of the moments between. The case stays as of `time_point`.

        Returns
        -------
        Case

        Raises
        ------
        CaseDataError
            Where there is no such moment, or it lies after the one from which this case is already seen.
        """
        order = dict(zip(self.time_points["time_point"], self.time_points["order"], strict=True))
        for name in (time_point, later_voice or time_point):
            if name not in order:
                why = f"no moment '{name}' is known here: use one of {', '.join(order)}"
                raise CaseDataError("time_points.csv", why)
        told = {"", later_voice or "", *(t for t in order if order[t] <= order[time_point])}

        def known(column):
            return column.isin(told)

        tables = {
            n: t[known(t["time_point"])].reset_index(drop=True) if "time_point" in t else t.copy()
            for n, t in self.tables.items()
        }
        if "codes" in tables:  # a list of codes would tell what is to come
            used = {c for t, k in CODED.items() if t in tables for c in tables[t][k]}
            tables["codes"] = tables["codes"][tables["codes"]["code"].isin(used)].reset_index(drop=True)
        if "treatments" in tables:
            later = ~known(tables["treatments"]["end_known_at"])  # a start may be known long before its end is
            tables["treatments"].loc[later, ["end_low", "end_high"]] = float("nan")
            tables["treatments"].loc[later, ["end_text", "end_known_at"]] = ""
        return Case(tables, time_point, self.folder)

    def sheet(self):
        """The values printed for this very moment, converted; what is not reported says so. A DataFrame to show."""
        rows = self._now(self.observations)
        rows = rows[~rows["note"].str.startswith("reading:")]  # a reading of ours is not a printed value
        printed = [_input(row) for _, row in rows.iterrows()]
        # A month has no exact length, so a duration in months is left as it is printed.
        converted = [q.canonical() if q.known and q.unit != "months" else "" for q in printed]
        columns = {phrase("case.head_printed"): printed, "Converted": converted, "Fact": rows["fact"]}
        columns[phrase("case.head_where")] = rows["where"]
        return pd.DataFrame({"Item": rows["variable"].map(variables()["label"]), **columns})

    def address(self, *names):
        """What stands behind addresses of facts and of the register, as far as it is known at this moment.

        Parameters
        ----------
        *names : str
            A fact (F), a further printed item (P), something not reported (U) or an entry of the register (D).

        Returns
        -------
        pandas.DataFrame
            What it is, the printed words, the place in the article, and what is to be said about it; ready to show.

        Raises
        ------
        CaseDataError
            Where there is no such address at this moment.
        """
        found = [row for name in names for row in self._behind(name)]
        return pd.DataFrame(found, columns=["What", "Printed words", "Where", "To note"])

    def _behind(self, name):
        """The rows of one address, ready to show."""
        places, found = dict(self.locators.itertuples(index=False)), []
        for table in self.tables.values():
            key = "fact" if "fact" in table else "id" if "handling" in table else None
            for row in table[table[key] == name].to_dict("records") if key else []:
                what = row.get("title") or row.get("label") or variables().at[row["variable"], "label"]
                where = "; ".join(places[p.strip()] for p in row["where"].split("|"))
                said = row.get("question") or row.get("note", "")
                words = row["as_printed"] or status_word(row.get("status", "not_reported"))
                found.append((what, words, where, said))
        if not found:
            raise CaseDataError("casedata", f"there is no address '{name}' that is known at {self.time_point}")
        return found

    def ranges(self, units):
        """Reference ranges of several variables: the article's own, else the only one known; none where lists disagree.

        Parameters
        ----------
        units : dict of str -> str
            Variable -> unit in which the range is wanted.

        Returns
        -------
        dict of str -> (float, float)
        """
        found = {}
        for name, unit in units.items():
            rows = self.reference_ranges.query("variable == @name and high.notna()")
            own = rows[rows["where"] != ""]
            if len(rows := own if len(own) else rows) == 1:
                low, high, printed = rows.iloc[0][["low", "high", "unit"]]
                ends = (0.0 if pd.isna(low) else low, high)
                found[name] = tuple(Quantity(name, x, printed).to(unit).value for x in ends)
        return found

    @property
    def stops(self):
        """The journey, with a column `here`: whether the notebook is in this copy of the collection."""
        folder = Path(__file__).resolve().parent.parent / "notebooks"
        return self.journey.assign(here=[(folder / f).exists() for f in self.journey["file"]])

    def map(self):
        """The stops, ready to show: a DataFrame; a title is a link to its notebook where that is here."""
        rows = [
            (r.notebook, Link(r.title, r.file) if r.here else r.title, r.question, r.part, r.minutes)
            for r in self.stops.itertuples()
        ]
        return pd.DataFrame(rows, columns=["Page", "Title", "Question", "Part", "Minutes"], dtype=object)

    def unknowns(self):
        """What the article does not report for this moment: a DataFrame of item, status and id, to show."""
        rows = pd.concat([self._now(t).query("status != 'reported'") for t in (self.observations, self.findings)])
        labels, status = rows["variable"].map(variables()["label"]), rows["status"].map(status_word)
        item, said, name = (phrase(f"case.head_{column}") for column in ("item", "status", "id"))
        return pd.DataFrame({item: labels, said: status, name: rows["fact"]})

    def _now(self, table):
        return table[table["time_point"] == self.time_point]

    def cited(self, *names):
        """References by id, ready to show: a DataFrame of id, who and when (title and place where no DOI), and DOI."""
        known, rows = references(self.folder), []
        for name in names:
            if name not in known:
                raise CaseDataError("references.json", f"has no '{name}': add it, or correct the id")
            work = known[name]
            people = [p.get("family") or p.get("literal", "") for p in work.get("author", [])]
            who = phrase("case.et_al", first=people[0]) if people[1:] else "".join(people)
            year = str(work.get("issued", {}).get("date-parts", [[""]])[0][0])
            where, doi = work.get("container-title", ""), work.get("DOI", "")
            more = (where,) if doi and not who else () if doi else (work["title"].rstrip("."), where)
            told = (f"{who} {year}".strip(), *more)
            rows.append((name, ". ".join(filter(None, told)), doi))
        return pd.DataFrame(rows, columns=[phrase("case.head_id"), "Work", phrase("case.head_doi")])

    @property
    def inputs(self):
        rows = pd.concat([self.observations, self.findings])
        rows = rows[(rows["time_point"] == self.time_point) | rows["persists"]]
        return {row["variable"]: _input(row) for _, row in rows.iterrows()}


@cache
def references(folder=CASEDATA):
    """The works cited, CSL-JSON, as a dict of id -> entry."""
    return read_entries("references.json", lambda work: "" if work.get("title") else "it has no 'title'", folder)


def _input(row):
    """One row as the rules take it: Quantity, True, False or None."""
    if "state" in row and isinstance(row["state"], str):
        return {"present": True, "absent": False}.get(row["state"])
    if row["status"] != "reported":
        return Quantity(row["variable"], None, status=row["status"])
    number = str(row["as_printed"]).replace(",", "")
    places = max((len(d) for d in re.findall(r"\d\.(\d+)", number)), default=0) if row["value"] % 1 else 0
    high = None if pd.isna(row["value_high"]) else row["value_high"]
    sign = sign_before(row["value"], row["as_printed"])
    return Quantity(row["variable"], row["value"], row["unit"], high, decimals=places, sign=sign)


@cache
def _load(folder):
    tables = {name: read_table(name, folder) for name in describe(folder)}
    check_references(tables, folder)
    _check_observations(tables["observations"])
    inputs = pd.concat([tables[n][["time_point", "variable"]].assign(file=n) for n in ("observations", "findings")])
    if (twice := inputs.duplicated(["time_point", "variable"])).any():
        row = inputs[twice].iloc[0]
        why = f"{row['variable']} is told twice for {row['time_point']}: keep one row"
        raise CaseDataError(f"{row['file']}.csv", why, int(inputs[twice].index[0]) + 2, "variable")
    for name in CARRY_STATUS:
        if name in tables:
            _check_status(name, tables[name])
    check_seal(folder)
    return {
        n: t for n, t in tables.items() if "/" not in describe(folder)[n]["path"]
    }  # invented patients are not the case


def load_case(path=None):
    """The whole case, validated.

    Parameters
    ----------
    path : str or Path, optional
        The folder of another case; the collection's own by default. Its data package describes at least
        ``time_points``, ``observations`` and ``findings``; what variables there are, and in which units, is the
        collection's.

    Returns
    -------
    Case

    Raises
    ------
    CaseDataError
        Naming file, row and column, with what is wrong and how to mend it.
    """
    try:
        if path is None:
            tables = _load(CASEDATA)
        else:
            forget()
            tables = _load.__wrapped__(Path(path))
    except (KeyError, AttributeError, TypeError, RecursionError, re.error) as fault:
        why = f"does not describe the tables as they are ({type(fault).__name__}: {fault}): restore the file"
        raise CaseDataError("datapackage.json", why) from None
    last = tables["time_points"].sort_values("order")["time_point"].iloc[-1]
    return Case({name: table.copy() for name, table in tables.items()}, last, CASEDATA if path is None else Path(path))


def _check_observations(table):
    """Number, unit, printed words and canonical value of each row must tell the same."""
    for line, row in zip(range(2, len(table) + 2), table.to_dict("records"), strict=True):

        def wrong(column, why, line=line):
            return CaseDataError("observations.csv", why, line, column)

        known, name = factors(row["variable"]), row["variable"]
        if row["status"] != "reported":
            if not pd.isna(row["value"]):
                raise wrong("value", f"has a value while the status is {row['status']}: correct one of the two")
            continue
        if pd.isna(row["value"]):
            raise wrong("value", "is empty while the status is reported: write the value or the status not_reported")
        if row["unit"] not in known:
            raise wrong("unit", f"'{row['unit']}' is not a unit of {name}: write {' or '.join(known)}")
        canonical_unit = variables().at[name, "canonical_unit"]
        if plain(row["unit"]) not in plain(row["as_printed"]):
            raise wrong("unit", f"{row['unit']} is not in the printed words '{row['as_printed']}'")
        if row["canonical_unit"] != canonical_unit:
            raise wrong("canonical_unit", f"'{row['canonical_unit']}' should be {canonical_unit}")
        for column, canonical in (("value", "canonical_value"), ("value_high", "canonical_high")):
            value, given = row[column], row[canonical]
            if pd.isna(value) != pd.isna(given):
                raise wrong(canonical, f"and {column} must both be given or both be empty")
            due = converted(value, name, row["unit"], canonical_unit)
            if abs(given - due) > 1e-9 * max(1.0, abs(due)):
                raise wrong(canonical, f"{given:g} is not {value:g} {row['unit']}, which is {due:.10g}")
            if not pd.isna(value) and not _printed(value, row["as_printed"]):
                raise wrong(column, f"{value:.10g} is not in the printed words '{row['as_printed']}'")
        try:
            odd = _input(row).warning
        except UnitError as refused:
            odd = str(refused)
        if odd:
            raise wrong("value", odd)


def _printed(value, words):
    """True where a number stands in printed words, as digits or (a child's age) spelt out."""
    spelt = {1: "|one", 2: "|two"}.get(value, "")
    return re.search(rf"(?<![\d.])({re.escape(f'{value:.10g}')}{spelt})(?!\d|\.\d)", words.replace(",", ""))


def _check_status(name, table):
    """What is reported has printed words; what is not has neither words nor state."""
    for line, row in zip(range(2, len(table) + 2), table.to_dict("records"), strict=True):
        reported = row["status"] == "reported"
        for column in ("as_printed", *(["state"] if "state" in row else [])):
            if reported != bool(row[column]):
                why = f"is {'empty' if reported else 'filled'} while the status is {row['status']}"
                raise CaseDataError(f"{name}.csv", why + ": correct one of the two", line, column)
