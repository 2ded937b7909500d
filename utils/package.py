"""Reads the tables of the data package and holds each to its Table Schema.

Everything that stands in a table is checked before anything is computed from it, so that a broken file ends in
one sentence that names file, row and column, and never in a wrong number.
"""

import csv
import hashlib
import io
import json
import math
import re
from functools import cache
from pathlib import Path

import pandas as pd
import yaml

CASEDATA = Path(__file__).resolve().parent.parent / "casedata"
YAML = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same in C is ten times as fast, where it was built
DTYPES = {"number": "float64", "integer": "Int64", "boolean": "boolean", "string": "object"}


class CaseDataError(ValueError):
    """A table of the data package is not as described; the message says where, and how to mend it.

    Attributes
    ----------
    file, row, column : str, int or None, str or None
        ``row`` counts as a spreadsheet does: the header is row 1.
    """

    def __init__(self, file, why, row=None, column=None):
        self.file, self.row, self.column = file, row, column
        place = file + (f", row {row}" if row else "") + (f", column {column}" if column else "")
        super().__init__(f"{place}: {why}")


@cache
def _package(folder):
    """What ``datapackage.json`` says, read once."""
    try:
        package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
        _ = [r["name"] + r["path"] for r in package["resources"]]
        return package
    except FileNotFoundError:
        raise CaseDataError("datapackage.json", f"not found in {folder.name}/: give the folder that holds it") from None
    except (ValueError, KeyError, TypeError) as fault:
        raise CaseDataError("datapackage.json", f"cannot be read ({fault}): restore the file") from None


def describe(folder=CASEDATA):
    """The tables of the package as a dict of name -> resource; `folder` is a Path."""
    return {r["name"]: r for r in _package(folder)["resources"] if r["path"].endswith(".csv")}


def forget():
    """Read descriptions anew from now on: somebody may have changed a folder."""
    _package.cache_clear()


def _convert(text, field, file, row):
    """One cell as a Python value, or CaseDataError."""

    def wrong(why):
        return CaseDataError(file, why, row, field["name"])

    kind, limits = field["type"], field.get("constraints", {})
    if text == "":
        if limits.get("required"):
            raise wrong("is empty: write a value, or the row's status")
        return "" if kind == "string" else None
    if kind == "boolean":
        if text not in ("true", "false"):
            raise wrong(f"'{text}' is neither true nor false")
        return text == "true"
    value = text
    if kind in ("number", "integer"):
        try:
            value = int(text) if kind == "integer" else float(text)
        except ValueError:
            raise wrong(f"'{text}' is not a plain {kind}: write digits and a decimal point only") from None
        if not math.isfinite(value):
            raise wrong(f"'{text}' is not a number: leave the cell empty and write the status")
        if value < limits.get("minimum", value) or value > limits.get("maximum", value):
            raise wrong(f"{text} lies outside {limits.get('minimum', '…')} to {limits.get('maximum', '…')}")
    if "enum" in limits and text not in map(str, limits["enum"]):
        raise wrong(f"'{text}' is not one of: {', '.join(map(str, limits['enum']))}")
    if "pattern" in limits and not re.fullmatch(limits["pattern"], text):
        raise wrong(f"'{text}' does not have the form {limits['pattern']}")
    return value


def read_table(name, folder=CASEDATA):
    """One table of the data package.

    Parameters
    ----------
    name : str
        The resource's name in ``datapackage.json``.
    folder : Path
        The folder of the data package.

    Returns
    -------
    pandas.DataFrame
        One row a fact, in the file's order; empty text cells are ``""``, other empty cells missing.

    Raises
    ------
    CaseDataError
        Where the file is missing, is not UTF-8, lacks a column, or holds a cell that its schema refuses.
    """
    resource = describe(folder)[name]
    file, schema = resource["path"], resource["schema"]
    try:
        raw = (folder / file).read_bytes()
    except FileNotFoundError:
        raise CaseDataError(file, "is missing: restore it from the collection") from None
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as fault:
        row = raw[: fault.start].count(b"\n") + 1
        raise CaseDataError(file, "is not UTF-8: save it as 'CSV UTF-8'", row) from None
    if not text.endswith("\n"):
        raise CaseDataError(file, "ends in the middle of a row: the file seems cut off", text.count("\n") + 1)
    try:
        header, *rows = list(csv.reader(io.StringIO(text, newline=""), strict=True)) or [[]]
    except csv.Error as fault:
        raise CaseDataError(file, f"is not readable as CSV ({fault}): check the quotation marks") from None
    names = [f["name"] for f in schema["fields"]]
    for column in names:
        if column not in header:
            raise CaseDataError(file, "the column is missing: put it back into the header", 1, column)
    if header != names:
        raise CaseDataError(file, f"the header should read {','.join(names)}", 1)
    cells = []
    for number, row in enumerate(rows, 2):
        if len(row) != len(names):
            raise CaseDataError(file, f"has {len(row)} cells where {len(names)} are due", number)
        cells.append([_convert(c, f, file, number) for c, f in zip(row, schema["fields"], strict=True)])
    table = pd.DataFrame(cells, columns=names)
    for field in schema["fields"]:
        table[field["name"]] = table[field["name"]].astype(DTYPES[field["type"]])
    key = schema.get("primaryKey", [])
    key = [key] if isinstance(key, str) else key
    if key and (twice := table.duplicated(key)).any():
        row = int(twice.idxmax())
        raise CaseDataError(
            file, f"repeats {', '.join(str(table.at[row, k]) for k in key)}: keep one row", row + 2, key[0]
        )
    return table


def check_references(tables, folder=CASEDATA):
    """Hold every foreign key of `tables` (dict of name -> DataFrame) to the table it points into."""
    for name in tables:
        resource = describe(folder)[name]
        for link in resource["schema"].get("foreignKeys", []):
            columns, targets = ([x] if isinstance(x, str) else x for x in (link["fields"], link["reference"]["fields"]))
            into = link["reference"]["resource"] or name
            known = set(tables[into][targets].itertuples(index=False, name=None))
            for row, cells in enumerate(tables[name][columns].itertuples(index=False, name=None), 2):
                if any(cells) and cells not in known:
                    why = f"'{', '.join(cells)}' is not in {into}.csv: correct it or add it there"
                    raise CaseDataError(resource["path"], why, row, columns[-1])


def _digest(file):
    return "sha256:" + hashlib.sha256(file.read_bytes()).hexdigest()


def check_seal(folder=CASEDATA):
    """Hold every file to the digest in ``datapackage.json``: the last net, for a change that reads well but is wrong.

    After a change that is meant, ``python -m utils.package`` writes the digests anew.
    """
    resources = _package(folder)["resources"]
    for resource in resources:
        file = folder / resource["path"]
        if not file.exists() or _digest(file) != resource.get("hash"):
            why = "is not the file that datapackage.json describes: restore it, or, if the change is meant, "
            raise CaseDataError(resource["path"], why + "run 'python -m utils.package'")
    if loose := {p.relative_to(folder).as_posix() for p in folder.rglob("*.csv")} - {r["path"] for r in resources}:
        raise CaseDataError("datapackage.json", f"does not describe {', '.join(sorted(loose))}: restore it")


def seal(folder=CASEDATA):
    """Write the digest of every file into ``datapackage.json``."""
    forget()
    package = _package(folder)
    for resource in package["resources"]:
        resource["hash"] = _digest(folder / resource["path"])
    text = json.dumps(package, ensure_ascii=False, indent=2) + "\n"
    (folder / "datapackage.json").write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    seal()
