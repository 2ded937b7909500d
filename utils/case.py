"""The published case, as data: every table validated, and the case *as of* a moment."""

import json
import re
from functools import cache
from pathlib import Path

import pandas as pd

from utils.package import CASEDATA, CaseDataError, check_references, describe, read_table
from utils.units import Quantity, factors, variables

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
        return f"the case as of {self.time_point}: {len(self.observations)} observations, {len(self.findings)} findings"

    def as_of(self, time_point):
        """Only what was known by `time_point` (a name of ``time_points``); later facts are not in it.

        Parameters
        ----------
        time_point : str
            ``regional_hospital``, ``admission``, ``picu``, ``ecmo``, ``recovery``, ``follow_up`` or ``discussion``.

        Returns
        -------
        Case

        Raises
        ------
        CaseDataError
            Where there is no such moment, or it lies after the one from which this case is already seen.
        """
        order = dict(zip(self.time_points["time_point"], self.time_points["order"], strict=True))
        if time_point not in order:
            raise CaseDataError(
                "time_points.csv", f"no moment '{time_point}' is known here: use one of {', '.join(order)}"
            )

        def known(column):
            return column.map(lambda t: t == "" or order.get(t, float("inf")) <= order[time_point])

        tables = {
            n: t[known(t["time_point"])].reset_index(drop=True) if "time_point" in t else t
            for n, t in self.tables.items()
        }
        later = ~known(tables["treatments"]["end_known_at"])  # a start may be known long before its end is
        tables["treatments"].loc[later, ["end_low", "end_high"]] = float("nan")
        tables["treatments"].loc[later, ["end_text", "end_known_at"]] = ""
        return Case(tables, time_point, self.folder)

    def sheet(self):
        """The values of this very moment, printed and converted; what is not reported says so. A DataFrame to show."""
        rows = [
            (
                variables().at[r["variable"], "label"],
                q := _input(r),
                "" if not q.known else q.canonical(),
                r["fact"],
                r["where"],
            )
            for _, r in self._now(self.observations).iterrows()
        ]
        return pd.DataFrame(rows, columns=["Item", "Printed", "Converted", "Fact", "Where"])

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
            rows = self.reference_ranges[
                (self.reference_ranges["variable"] == name) & self.reference_ranges["high"].notna()
            ]
            own = rows[rows["source"] == "meneghel2021"]
            if len(rows := own if len(own) else rows) == 1:
                low, high, printed = rows.iloc[0][["low", "high", "unit"]]
                found[name] = tuple(
                    Quantity(name, x, printed).to(unit).value for x in (0.0 if pd.isna(low) else low, high)
                )
        return found

    @property
    def stops(self):
        """The journey, with a column `here`: whether the notebook is in this copy of the collection."""
        folder = Path(__file__).resolve().parent.parent / "notebooks"
        return self.journey.assign(here=[(folder / f).exists() for f in self.journey["file"]])

    def unknowns(self):
        """What the article does not report for this moment: a DataFrame of item, status and id, to show."""
        rows = pd.concat([self._now(t).query("status != 'reported'") for t in (self.observations, self.findings)])
        rows = rows.assign(
            variable=rows["variable"].map(variables()["label"]), status=rows["status"].str.replace("_", " ")
        )
        return rows[["variable", "status", "fact"]].set_axis(["Item", "Status", "Id"], axis=1)

    def _now(self, table):
        return table[table["time_point"] == self.time_point]

    def cited(self, *names):
        """References by id, ready to show: a DataFrame of id, citation and DOI."""
        rows = []
        for name in names:
            if name not in (known := references(self.folder)):
                raise CaseDataError("references.json", f"has no '{name}': add it, or correct the id")
            r = known[name]
            people = r.get("author", [])
            who = (
                (people[0].get("family") or people[0].get("literal", "")) + (" et al." if len(people) > 1 else "")
                if people
                else ""
            )
            year = r.get("issued", {}).get("date-parts", [[""]])[0][0]
            rows.append(
                (
                    name,
                    " ".join(
                        str(x)
                        for x in (who, r.get("title", "").rstrip(".") + ".", r.get("container-title", ""), year)
                        if x
                    ),
                    r.get("DOI", ""),
                )
            )
        return pd.DataFrame(rows, columns=["Id", "Work", "DOI"])

    @property
    def inputs(self):
        found = {}
        for _, row in pd.concat([self.observations, self.findings]).iterrows():
            if row["time_point"] == self.time_point or row["persists"]:
                found[row["variable"]] = _input(row)
        return found


@cache
def references(folder=CASEDATA):
    """The works cited, CSL-JSON, as a dict of id -> entry."""
    try:
        return {r["id"]: r for r in json.loads((folder / "references.json").read_text(encoding="utf-8"))}
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise CaseDataError("references.json", f"cannot be read ({fault}): restore the file") from None


def _input(row):
    """One row as the rules take it: Quantity, True, False or None."""
    if "state" in row and isinstance(row["state"], str):
        return {"present": True, "absent": False}.get(row["state"])
    if row["status"] != "reported":
        return Quantity(row["variable"], None, status=row["status"])
    number = str(row["as_printed"]).replace(",", "")
    places = max((len(d) for d in re.findall(r"\d\.(\d+)", number)), default=0) if row["value"] % 1 else 0
    high = None if pd.isna(row["value_high"]) else row["value_high"]
    return Quantity(row["variable"], row["value"], row["unit"], high, decimals=places)


@cache
def _load(folder):
    tables = {name: read_table(name, folder) for name in describe(folder)}
    check_references(tables, folder)
    _check_observations(tables["observations"])
    for name in ("observations", "findings", "treatments", "events", "claims"):
        _check_status(name, tables[name])
    told = set().union(*(t["fact"] for t in tables.values() if "fact" in t))
    if missing := [f"F{n:02}" for n in range(1, 62) if f"F{n:02}" not in told]:
        raise CaseDataError("observations.csv", f"no table holds {', '.join(missing)} any more: restore the rows")
    return tables


def load_case(path=None):
    """The whole case, validated.

    Parameters
    ----------
    path : str or Path, optional
        Another folder that holds a data package of this shape; the collection's own by default.

    Returns
    -------
    Case

    Raises
    ------
    CaseDataError
        Naming file, row and column, with what is wrong and how to mend it.
    """
    if path is None:
        tables = _load(CASEDATA)
    else:
        describe.cache_clear()  # somebody else's folder may have changed since the last look
        tables = _load.__wrapped__(Path(path))
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
        if row["canonical_unit"] != variables().at[name, "canonical_unit"]:
            raise wrong(
                "canonical_unit", f"'{row['canonical_unit']}' should be {variables().at[name, 'canonical_unit']}"
            )
        for column, canonical in (("value", "canonical_value"), ("value_high", "canonical_high")):
            if pd.isna(row[column]) != pd.isna(row[canonical]):
                raise wrong(canonical, f"and {column} must both be given or both be empty")
            due = row[column] * known[row["unit"]]
            if abs(row[canonical] - due) > 1e-9 * max(1.0, abs(due)):
                raise wrong(canonical, f"{row[canonical]:g} is not {row[column]:g} {row['unit']}, which is {due:.10g}")
            digits, printed = (
                f"{row[column]:g}" if row[column] < 1e5 else f"{row[column]:.0f}",
                row["as_printed"].replace(",", ""),
            )
            words = {1.0: ("one", "1"), 2.0: ("two", "2")}.get(row[column], ())
            if not pd.isna(row[column]) and not any(
                re.search(rf"(?<![\d.]){re.escape(d)}(?!\d|\.\d)", printed) for d in (digits, *words)
            ):
                raise wrong(column, f"{digits} is not in the printed words '{row['as_printed']}'")
        low, high = variables().loc[name, ["plausible_low", "plausible_high"]]
        if not low <= row["canonical_value"] <= high:
            raise wrong(
                "value", f"{row['value']:g} {row['unit']} is beyond anything measured for {name}: check number and unit"
            )


def _check_status(name, table):
    """What is reported has printed words; what is not has neither words nor state."""
    for line, row in zip(range(2, len(table) + 2), table.to_dict("records"), strict=True):
        reported = row["status"] == "reported"
        for column in ("as_printed", *(["state"] if "state" in row else [])):
            if reported != bool(row[column]):
                why = (
                    "is empty while the status is reported"
                    if reported
                    else f"is filled while the status is {row['status']}"
                )
                raise CaseDataError(f"{name}.csv", why + ": correct one of the two", line, column)
