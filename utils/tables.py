"""Reads the tables of the data package and holds each to its Table Schema.

Everything that stands in a table is checked before anything is computed from it, so that a broken file ends in
one sentence that names file, row and column, and never in a wrong number.
"""

import csv
import hashlib
import io
import json
import os
import re
import sys
from functools import cache
from pathlib import Path

import pandas as pd
import yaml

CASEDATA = Path(__file__).resolve().parent.parent / "casedata"
WORDS = ("items.yaml", "prompts.yaml")
REBUILD = f"{'py' if os.name == 'nt' else 'python3'} lab.py rebuild   (in the folder that holds lab.py)"
PLAIN = {"integer": "-?[0-9]{1,15}", "number": r"-?[0-9]{1,15}(\.[0-9]{1,20})?"}  # Python reads 1_000 and １２ too
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


def _package(folder):
    """What ``datapackage.json`` says."""
    try:
        package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
        _ = [r["name"] + r["path"] for r in package["resources"]]
        return package
    except FileNotFoundError:
        raise CaseDataError("datapackage.json", f"not found in {folder.name}/: give the folder that holds it") from None
    except (ValueError, KeyError, TypeError) as fault:
        raise CaseDataError("datapackage.json", f"cannot be read ({fault}): restore the file") from None


@cache
def describe(folder=CASEDATA):
    """The tables of the package as a dict of name -> resource, read once; `folder` is a Path."""
    return {r["name"]: r for r in _package(folder)["resources"] if r["path"].endswith(".csv")}


def forget():
    """Read descriptions anew from now on: somebody may have changed a folder."""
    describe.cache_clear()


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
        if not re.fullmatch(PLAIN[kind], text):
            how = "digits only" if kind == "integer" else "digits and a decimal point only"
            raise wrong(
                f"'{text[:40]}' is not a plain {kind}: write {how}, or leave the cell empty and write the status"
            )
        value = int(text) if kind == "integer" else float(text)
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
        raise CaseDataError(file, "is missing: restore it, or take it out of datapackage.json") from None
    names = [f["name"] for f in schema["fields"]]
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as fault:
        row = raw[: fault.start].count(b"\n") + 1
        raise CaseDataError(file, "is not UTF-8: save it as UTF-8, without a byte order mark", row) from None
    if text[:1] == "\ufeff" or "\0" in text:
        raise CaseDataError(file, "is not plain UTF-8: save it as UTF-8, without a byte order mark", 1, names[0])
    if not text.endswith("\n"):
        raise CaseDataError(file, "ends in the middle of a row: the file seems cut off", text.count("\n") + 1)
    read, rows = csv.reader(io.StringIO(text, newline=""), strict=True), []
    try:
        for row in read:
            rows.append(row)
    except csv.Error as fault:
        raise CaseDataError(
            file, f"is not readable as CSV ({fault}): check the quotation marks", len(rows) + 1
        ) from None
    header, *rows = rows
    for column in names:
        if column not in header:
            raise CaseDataError(file, "the column is missing: put it back into the header", 1, column)
    if header != names:
        column = next((h for h, n in zip(header, names, strict=False) if h != n), header[-1])
        raise CaseDataError(file, f"stands where none is due: the header should read {','.join(names)}", 1, column)
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
            known = set(_rows(tables[into] if into in tables else read_table(into), targets))
            for row, cells in enumerate(_rows(tables[name], columns), 2):
                if any(cells) and cells not in known:
                    why = f"'{', '.join(cells)}' is not in {into}.csv: correct it or add it there"
                    raise CaseDataError(resource["path"], why, row, columns[-1])
    accepted = set(_rows(tables["units"] if "units" in tables else read_table("units"), ["variable", "unit"]))
    for name, table in tables.items():
        for columns in (["variable", "unit"], ["variable", "canonical_unit"], ["input", "unit"]):
            if set(columns) <= set(table):
                _check_units(table, columns, accepted, describe(folder)[name]["path"])


def _check_units(table, columns, accepted, file):
    """Hold each unit beside a variable to the pairs of ``units.csv``, where that variable is measured in any."""
    measured = {variable for variable, _ in accepted}
    for row, (variable, unit) in enumerate(_rows(table, columns), 2):
        if unit and variable in measured and (variable, unit) not in accepted:
            raise CaseDataError(file, f"'{unit}' is not a unit of {variable} in units.csv", row, columns[1])


def _rows(table, columns):
    """The cells of some columns, a tuple a row."""
    return zip(*(table[column] for column in columns), strict=True)


class _Keys(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # the one in C is several times as fast
    """Reads YAML as it is usual, and refuses a key that stands twice: the first one would be lost without a word."""

    def construct_mapping(self, node, deep=False):
        keys = [key.value for key, _ in node.value]
        for n, key in enumerate(keys):
            if key in keys[:n]:
                raise yaml.MarkedYAMLError(problem=f"'{key}' stands twice", problem_mark=node.value[n][0].start_mark)
        return super().construct_mapping(node, deep)


def read_entries(file, fault, folder=CASEDATA):
    """The entries of a list in YAML or JSON, each with an id of its own.

    Parameters
    ----------
    file : str
    fault : callable
        Takes an entry and says in words what is wrong with it; nothing where it is right.
    folder : Path

    Returns
    -------
    dict of str -> dict

    Raises
    ------
    CaseDataError
        Naming the entry, or the row of the file where it cannot be read at all.
    """
    try:
        text = (folder / file).read_text(encoding="utf-8")
        listed = json.loads(text) if file.endswith(".json") else yaml.load(text, _Keys)  # a SafeLoader
    except yaml.MarkedYAMLError as wrong:
        raise CaseDataError(file, f"cannot be read ({wrong.problem}): mend it", wrong.problem_mark.line + 1) from None
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as wrong:
        row = getattr(wrong, "lineno", None)
        raise CaseDataError(file, f"cannot be read ({wrong}): restore the file", row) from None
    if not isinstance(listed, list) or not listed:
        raise CaseDataError(file, "is no list of entries: restore the file")
    if file in WORDS and sys.__stderr__ and (folder / "datapackage.json").exists():
        # to the window or log of the server, never into a notebook's output
        sealed = [r.get("hash") for r in _package(folder)["resources"] if r["path"] == file]
        if sealed != [_digest(folder / file)]:
            print(f"{file} is not as it was sealed. If the change is meant, run: {REBUILD}", file=sys.__stderr__)
    found = {}
    for number, entry in enumerate(listed, 1):
        name = entry.get("id") if isinstance(entry, dict) else None
        if not isinstance(name, str) or not name:
            raise CaseDataError(file, f"entry {number} (after {next(reversed(found), 'none')}) has no 'id', or is none")
        try:
            why = "its id stands there twice: give one of them another" if name in found else fault(entry)
        except (AttributeError, KeyError, TypeError) as odd:
            why = f"it is not built as its like ({type(odd).__name__}: {odd})"
        if why:
            raise CaseDataError(file, f"{name}: {why}")
        found[name] = entry
    return found


def _digest(file):
    return "sha256:" + hashlib.sha256(file.read_bytes()).hexdigest()


def _digest_of(package):
    """The digest of the description: of what it says, not of how it is laid out, and without the digest itself."""
    said = json.dumps({k: v for k, v in package.items() if k != "hash"}, sort_keys=True)
    return "sha256:" + hashlib.sha256(said.encode()).hexdigest()


def check_seal(folder=CASEDATA):
    """Hold every file to the digest in ``datapackage.json``: the last net, for a change that reads well but is wrong.

    Changed words stop nobody (`read_entries` warns of them). After a change that is meant, `REBUILD` seals anew.
    """
    package = _package(folder)
    resources = package["resources"]
    if package.get("hash") != _digest_of(package):  # a limit that is gone would forbid nothing any more
        why = f"is not as it was sealed: restore it, or, if the change is meant, run: {REBUILD}"
        raise CaseDataError("datapackage.json", why)
    for resource in resources:
        file = folder / resource["path"]
        if not file.exists() or (resource["path"] not in WORDS and _digest(file) != resource.get("hash")):
            why = "is not the file that datapackage.json describes: restore it, or, if the change is meant, "
            if file.exists() and b"\r\n" in file.read_bytes():
                why = why.replace("restore it", "its lines end as on Windows, so restore it with plain line ends")
            raise CaseDataError(resource["path"], f"{why}run: {REBUILD}")
    if loose := {p.relative_to(folder).as_posix() for p in folder.rglob("*.csv")} - {r["path"] for r in resources}:
        raise CaseDataError("datapackage.json", f"does not describe {', '.join(sorted(loose))}: restore it")


def seal(folder=CASEDATA):
    """Write the digest of every file into ``datapackage.json``."""
    package = _package(folder)
    for resource in package["resources"]:
        if not (folder / resource["path"]).exists():
            raise CaseDataError(resource["path"], "is missing: restore it, or take it out of datapackage.json")
        resource["hash"] = _digest(folder / resource["path"])
    package["hash"] = _digest_of(package)
    text = json.dumps(package, ensure_ascii=False, indent=2) + "\n"
    (folder / "datapackage.json").write_text(text, encoding="utf-8", newline="\n")
