"""The maintainer's check of a data package: every cell, key, link, unit and status, named by file, row and column.

`python lab.py rebuild` runs it over ``casedata/`` before sealing. For a case of your own, and after each change of it:
``.venv/bin/python -m tests.check_casedata my_case``.
"""

import csv
import io
import json
import math
import re
import sys
from itertools import islice, product
from pathlib import Path

import pandas as pd
import yaml

from utils.case import as_input
from utils.tables import CASEDATA, CaseDataError, describe, digest, package, parse, read_bytes, read_table
from utils.units import UnitError, converted, factors, plain, variables

PLAIN = {  # Python also reads 1_000 and １２ as numbers
    "integer": ("-?[0-9]{1,15}", "a plain integer: write digits only"),
    "number": (r"-?[0-9]{1,15}(\.[0-9]{1,20})?", "a plain number: write digits and a decimal point only"),
    "boolean": ("true|false", "true or false: write one of the two"),
    "string": ("(?s).*", "text"),
}
UNIT_BESIDE = (("variable", "unit"), ("variable", "canonical_unit"), ("input", "unit"))
CARRY_STATUS = ("observations", "findings", "treatments", "events", "claims")


def fault_of(text, field):
    """What is wrong with a cell, in words; nothing where it is right."""
    limits, (form, called) = field.get("constraints", {}), PLAIN[field["type"]]
    if text == "":
        return "is empty: write a value, or the row's status" if limits.get("required") else ""
    if not re.fullmatch(form, text):
        return f"'{text[:40]}' is not {called}, or leave the cell empty and write the status"
    low, high = limits.get("minimum", -math.inf), limits.get("maximum", math.inf)
    if limits.keys() & {"minimum", "maximum"} and not low <= float(text) <= high:
        return f"{text} lies outside {low} to {high}".replace("-inf", "…").replace("inf", "…")
    allowed = [str(x) for x in limits.get("enum", [text])]
    if text not in allowed:
        return f"'{text}' is not one of: {', '.join(allowed)}"
    if not re.fullmatch(limits.get("pattern", "(?s).*"), text):
        return f"'{text}' is not of the form {limits['pattern']}"
    return ""


def faults_of_text(raw, names, rows):
    """What is wrong with the bytes of a CSV file before its cells are read, which go into `rows`: words and place."""
    try:
        text = raw.decode()
        if text[:1] == "\ufeff" or "\0" in text:
            yield "is not plain UTF-8: save it as UTF-8, without a byte order mark", 1, names[0]
        if not text.endswith("\n"):
            yield "ends in the middle of a row: the file seems cut off", text.count("\n") + 1
        rows += csv.reader(io.StringIO(text, newline=""), strict=True)
    except UnicodeDecodeError as fault:
        yield "is not UTF-8: save it as UTF-8, without a byte order mark", raw[: fault.start].count(b"\n") + 1
    except csv.Error as fault:
        yield f"cannot be read ({fault}): check the quotation marks", len(rows) + 1
    header = rows[0]
    yield from (("the column is missing: put it back into the header", 1, n) for n in names if n not in header)
    if header != names:
        column = next((h for h, n in zip(header, names, strict=False) if h != n), header[-1])
        yield f"stands in the wrong place: the header should read {','.join(names)}", 1, column
    for number, row in enumerate(rows, 1):
        if len(row) != len(names):
            yield f"has {len(row)} cells, and should have {len(names)}", number


def check_table(resource, folder=CASEDATA):
    """One table held to its Table Schema; the DataFrame that `read_table` makes of it."""
    file, fields, rows = resource["path"], resource["schema"]["fields"], []
    raw = read_bytes(file, folder)
    for place in faults_of_text(raw, [f["name"] for f in fields], rows):
        raise CaseDataError(file, *place)
    for (number, row), (n, field) in product(enumerate(rows[1:], 2), enumerate(fields)):
        if why := fault_of(row[n], field):
            raise CaseDataError(file, why, number, field["name"])
    table, key = parse(raw, resource), listed(resource["schema"].get("primaryKey", []))
    if key and (twice := table.duplicated(key)).any():
        row = int(twice.idxmax())
        raise CaseDataError(file, f"repeats {', '.join(map(str, table.loc[row, key]))}: keep one row", row + 2, key[0])
    return table


def listed(names):
    return [names] if isinstance(names, str) else names


def rows_in(table, columns):
    return zip(*(table[column].tolist() for column in columns), strict=True)


def check_links(tables, resource, known=()):
    """Each key and unit is in the folder's own table, or the collection's; two `known` tables were checked before."""
    table, links = tables[resource["name"]], []
    for link in resource["schema"].get("foreignKeys", []):
        into = link["reference"]["resource"] or resource["name"]
        links.append((listed(link["fields"]), into, listed(link["reference"]["fields"])))
    links += [(list(pair), "units", ["variable", "unit"]) for pair in UNIT_BESIDE if {*pair} <= {*table}]
    for columns, into, fields in (link for link in links if not {resource["name"], link[1]} <= {*known}):
        there = {*rows_in(tables[into] if into in tables else read_table(into), fields)}
        measured = {found[0] for found in there}
        for row, found in enumerate(rows_in(table, columns), 2):
            unmeasured = tuple(columns) in UNIT_BESIDE and not (found[1] and found[0] in measured)
            if any(found) and found not in there and not unmeasured:
                why = f"'{', '.join(found)}' is not in {into}.csv: correct it or add it there"
                raise CaseDataError(resource["path"], why, row, columns[-1])


def faults_of_number(row):
    """What is wrong between number, unit, printed words and canonical value of an observation: column, and words."""
    name, unit, words, status = row["variable"], row["unit"], row["as_printed"], row["status"]
    if pd.isna(row["value"]) == (status == "reported"):
        yield "value", f"is {'empty' if pd.isna(row['value']) else 'filled'} while the status is {status}"
    if status != "reported":
        return
    if unit not in factors(name):
        yield "unit", f"'{unit}' is not a unit of {name}: write {' or '.join(factors(name))}"
    if plain(unit) not in plain(words):
        yield "unit", f"{unit} is not in the printed words '{words}'"
    if row["canonical_unit"] != (canonical := variables().at[name, "canonical_unit"]):
        yield "canonical_unit", f"'{row['canonical_unit']}' should be {canonical}"
    for column, beside in (("value", "canonical_value"), ("value_high", "canonical_high")):
        value, given = row[column], row[beside]
        if pd.isna(value) != pd.isna(given):
            yield beside, f"and {column} must both be given or both be empty"
        right = converted(value, name, unit, canonical)
        if abs(given - right) > 1e-9 * max(1.0, abs(right)):
            yield beside, f"{given:g} is not {value:g} {unit}, which is {right:.10g}"
        spelt = {1: "|one", 2: "|two"}.get(value, "")  # a child's age may be printed in letters
        number = rf"(?<![\d.])({re.escape(f'{value:.10g}')}{spelt})(?!\d|\.\d)"
        if not pd.isna(value) and not re.search(number, words.replace(",", "")):
            yield column, f"{value:.10g} is not in the printed words '{words}'"
    try:
        yield from (("value", warning) for warning in [as_input(row).warning] if warning)
    except UnitError as refused:
        yield "value", str(refused)


def check_rows(tables, known=()):
    """What is reported has printed words, what is not has none, and no variable has two rows for one moment."""
    for name in (n for n in CARRY_STATUS if n in {*tables} - {*known}):
        for line, row in enumerate(tables[name].to_dict("records"), 2):
            faults = [*islice(faults_of_number(row), 1)] if name == "observations" else []
            for column in ("as_printed", *({"state"} & {*row})):
                if (row["status"] == "reported") != bool(row[column]):
                    how = "filled" if row[column] else "empty"
                    faults.append((column, f"is {how} while the status is {row['status']}: correct one"))
            for column, why in faults:
                raise CaseDataError(f"{name}.csv", why, line, column)
    inputs = pd.concat([tables[n].assign(file=f"{n}.csv") for n in ("observations", "findings")])
    for line, row in inputs[inputs.duplicated(["time_point", "variable"])].iterrows():
        why = f"{row['variable']} is given twice for {row['time_point']}: keep one row"
        raise CaseDataError(row["file"], why, line + 2, "variable")


class UniqueKeys(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """Refuses a key that stands twice in an entry: the first one would be lost without a word."""

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"'{key.value}' stands twice", problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def check_list(resource, folder=CASEDATA):
    """What a list in YAML or JSON holds, where it can be read."""
    file, raw = resource["path"], read_bytes(resource["path"], folder)
    try:
        return yaml.load(raw.decode(), UniqueKeys) if file.endswith(".yaml") else json.loads(raw.decode())
    except (UnicodeError, RecursionError, yaml.YAMLError, json.JSONDecodeError) as wrong:
        mark = getattr(wrong, "problem_mark", None)
        row = mark.line + 1 if mark else getattr(wrong, "lineno", None)
        raise CaseDataError(file, f"cannot be read ({getattr(wrong, 'problem', wrong)}): mend it", row) from None


def check(folder=CASEDATA, known=()):
    """Hold a data package to its schemas and to itself, sealed or not; CaseDataError for the first fault.

    A dict of every table (a DataFrame) and every list by its name; a table that the folder lacks and points into is the
    collection's. `known` is what of that dict was checked before, and is neither read nor checked again.
    """
    found, described = {}, package(folder)["resources"]
    tables = [r for r in described if r["path"].endswith(".csv")]
    try:
        for r in described:
            if (name := r["name"]) in found:
                raise KeyError(f"{name} stands twice")
            found[name] = known[name] if name in known else (check_table if r in tables else check_list)(r, folder)
        for resource in tables:
            check_links(found, resource, known)
        check_rows(found, known)
        _ = found["time_points"]  # no case is without
    except (KeyError, AttributeError, TypeError, RecursionError, re.error) as fault:
        why = f"does not describe the tables as they are ({type(fault).__name__}: {fault}): restore the file"
        raise CaseDataError("datapackage.json", why) from None
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*.csv")}
    if loose := there - {r["path"] for r in tables}:
        raise CaseDataError("datapackage.json", f"does not describe {', '.join(sorted(loose))}: restore it")
    return found


def seal(folder=CASEDATA):
    """Write the digest of every file into ``datapackage.json`` and check the package; on a fault the old seal stays."""
    file, described = folder / "datapackage.json", package(folder)
    before = file.read_bytes()
    for resource in described["resources"]:
        resource["hash"] = digest(read_bytes(resource["path"], folder))
    described["hash"] = digest(described)
    file.write_text(json.dumps(described, ensure_ascii=False, indent=2) + "\n", encoding="utf-8", newline="\n")
    try:
        describe.cache_clear()
        check(folder)
    except CaseDataError:
        file.write_bytes(before)
        describe.cache_clear()
        raise


if __name__ == "__main__":
    try:
        seal(Path(sys.argv[1]))
    except CaseDataError as fault:
        sys.exit(str(fault))
