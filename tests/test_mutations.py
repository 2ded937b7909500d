"""Ways to damage a copy of the data package: the maintainer's check says where each is, and none is ever read.

What is damaged is drawn by the kind of damage and the file's name, so it is the same on every machine. A fault that
has a row and a column must be named with both by `check`; the digests of ``datapackage.json`` catch everything, and
name nothing but the file. `SEAL` lists what is left to them, and why.
"""

import csv
import functools
import io
import json
import pickle
import random
import shutil
from typing import NamedTuple

import pandas as pd
import pytest
import yaml

from tests import check_casedata
from tests.check_questions import items, prompts
from utils.case import CaseDataError, references
from utils.tables import CASEDATA, WORDS, check_seal, describe, package

READERS = {"items.yaml": items, "prompts.yaml": prompts, "references.json": references}
SEAL = {  # what reads well and is only wrong: no schema can know the right value, so the digest of the file must
    *("one digit", "another unit of it", "another code", "another word", "word edited"),  # may stand there
    "other best",  # one of the allowed answers
    *("row gone", "cut between rows", "nothing but a header", "item gone"),  # what is left reads well
    "cells swapped",  # two of one type in one row, where nothing ties them
    "lines of Windows",  # the same cells; only the bytes differ, so there is no row to name
    "quote inside",  # a quotation mark in the middle of a cell is a character like any other
    "below zero",  # published values of the column may lie there, so that its schema has no lower limit
}


class Mutant(NamedTuple):
    """One damaged file: its new bytes (None: it is gone), and the place that the check must name."""

    kind: str
    file: str
    raw: bytes | None
    row: int | None = None
    column: str | None = None
    says: str = ""


def read(file):
    return list(csv.reader(io.StringIO((CASEDATA / file).read_text(encoding="utf-8"), newline="")))


def written(rows):
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


# ---- tables ----------------------------------------------------------------------------------------------------------
class Damage:
    """What the kinds of damage to one table are drawn from: its rows, and which of its cells may be damaged."""

    def __init__(self, resource, again=0):
        self.file, self.fields, self.again = resource["path"], resource["schema"]["fields"], again
        self.rows, self.raw = read(self.file), (CASEDATA / self.file).read_bytes()
        self.header = self.rows[0]
        self.key = check_casedata.listed(resource["schema"]["primaryKey"])
        self.links = [check_casedata.listed(x["fields"]) for x in resource["schema"].get("foreignKeys", [])]

    def all(self):
        for kind, make in KINDS.items():
            self.draw = random.Random(f"{kind} {self.file} {self.again}")
            if found := make(self):
                yield Mutant(kind, self.file, *found)

    def row(self):
        return self.draw.randrange(1, len(self.rows))

    def column(self):
        return self.draw.randrange(len(self.header))

    def cells(self, fits=lambda field: True, holds=bool):
        """Where a cell can be damaged: (index of the row, index of the column), in an order that is drawn."""
        columns = [j for j, field in enumerate(self.fields) if fits(field)]
        found = [(i, j) for j in columns for i in range(1, len(self.rows)) if holds(self.rows[i][j])]
        self.draw.shuffle(found)
        return found

    def each_row(self, change, only=None):
        """The bytes with every row, or the one at `only`, changed."""
        return written([change(r) if only in (None, n) else r for n, r in enumerate(self.rows)])

    def with_cell(self, i, j, text, raw=False):
        """Another cell, and its place; `raw` for text that goes in as it is, quotation marks and commas too."""
        new = self.each_row(lambda r: [*r[:j], "qzqzq" if raw else text, *r[j + 1 :]], i)
        return new.replace(b"qzqzq", text.encode()) if raw else new, i + 1, self.header[j]

    def has_unit(self, field):
        measured = {*self.header} & {"variable", "input"} and self.file != "units.csv"  # there any word defines a unit
        return measured and is_unit(field)

    def linked(self, field):
        return any(field["name"] == columns[-1] for columns in self.links)

    def tied(self, field):
        return any(field["name"] in columns for columns in (self.key, *self.links))

    def free(self, field):
        """Whether the words of a column are tied to nothing."""
        return field["type"] == "string" and not {*field.get("constraints", {})} - {"required"} and not self.tied(field)


def numeric(field):
    return field["type"] in ("number", "integer")


def bound(name):
    return lambda field: name in field.get("constraints", {})


def words(field):
    return bound("enum")(field) and not numeric(field)


def is_unit(field):
    return field["name"] in ("unit", "canonical_unit")


def cell(text, fits=lambda field: True, holds=bool):
    """The kind of damage that replaces a cell by a text, or by what a function makes of the old one."""

    def make(d):
        for i, j in d.cells(fits, holds):
            new = text(d.rows[i][j]) if callable(text) else text
            if new != d.rows[i][j]:
                return d.with_cell(i, j, new)

    return make


def other(fits, others_of):
    """The kind of damage that replaces a cell by another of what may stand there."""

    def make(d):
        for i, j in d.cells(fits):
            row = dict(zip(d.header, d.rows[i], strict=True))
            if others := [x for x in others_of(row, d.fields[j]) if x != d.rows[i][j]]:
                return d.with_cell(i, j, d.draw.choice(others))

    return make


def _same_key(d):
    if len(d.rows) > 2:
        i, j = sorted(d.draw.sample(range(1, len(d.rows)), 2))
        same = [a if name in d.key else b for name, a, b in zip(d.header, d.rows[i], d.rows[j], strict=True)]
        return d.each_row(lambda r: same, j), j + 1, d.key[0]


def _latin(d):
    i, j = d.cells(lambda f: f["type"] == "string")[0]
    raw = d.with_cell(i, j, "qzqzq")[0].decode().encode("ascii", "ignore")
    return raw.replace(b"qzqzq", d.rows[i][j].encode("ascii", "ignore") + b"\xe9"), i + 1


def _outside(d):
    for way in d.draw.sample(("minimum", "maximum"), 2):
        for i, j in d.cells(lambda f, way=way: numeric(f) and bound(way)(f)):
            return d.with_cell(i, j, str(d.fields[j]["constraints"][way] + (1 if way == "maximum" else -1)))


def _one_digit(d):
    for i, j in d.cells(lambda f: numeric(f) and f["name"] not in d.key):
        text, limits = d.rows[i][j], d.fields[j].get("constraints", {})
        at = max(n for n, c in enumerate(text) if c.isdigit())
        new = text[:at] + str((int(text[at]) + 1) % 10) + text[at + 1 :]
        if limits.get("minimum", float(new)) <= float(new) <= limits.get("maximum", float(new)):
            return d.with_cell(i, j, new)


def _swapped_cells(d):
    for i, j in d.cells(d.free):
        text = d.rows[i][j]
        if others := [k for k, f in enumerate(d.fields) if d.free(f) and d.rows[i][k] not in ("", text)]:
            swap = {j: (k := d.draw.choice(others)), k: j}
            return (d.each_row(lambda r, swap=swap: [r[swap.get(n, n)] for n in range(len(r))], i),)


def _cut_in_row(d):
    i = d.row()
    before, whole = len(written(d.rows[:i])), len(written(d.rows[: i + 1]))
    return written(d.rows)[: d.draw.randrange(before + 1, whole - 1)], i + 1


def _naked_comma(d):
    for i, j in d.cells(numeric):
        if '"' not in "".join(d.rows[i]):
            return d.with_cell(i, j, comma(d.rows[i][j]), raw=True)[:2]


def _open_quote(d):
    i, j = d.cells(lambda f: f["type"] == "string")[0]
    return d.with_cell(i, j, '"' + d.rows[i][j], raw=True)[:2]


def _quote_inside(d):
    for i, j in d.cells(d.free, lambda text: len(text) > 3 and not {*text} & {*'",\n'}):
        return d.with_cell(i, j, d.rows[i][j][:2] + '"' + d.rows[i][j][2:], raw=True)[:1]


def comma(text):
    return text.replace(".", ",") if "." in text else text + ",0"


def columns(change, at=0):
    """The kind of damage that changes every row at column j; the check names the column at j + `at` in the header."""

    def make(d):
        j = d.draw.randrange(len(d.header) - at)
        return d.each_row(lambda r: change(r, j)), 1, d.header[j + at]

    return make


KINDS = {  # kind of damage -> what makes of a Damage new bytes and the place to be named; None where it finds nothing
    "column dropped": columns(lambda r, j: r[:j] + r[j + 1 :]),
    "columns in another order": columns(lambda r, j: [*r[:j], r[j + 1], r[j], *r[j + 2 :]], 1),
    "column renamed": lambda d: d.with_cell(0, j := d.column(), d.header[j].upper() + "_")[:1] + (1, d.header[j]),
    "column too many": lambda d: (d.each_row(lambda r: [*r, "extra" if r is d.header else "1"]), 1, "extra"),
    "column twice": lambda d: (d.each_row(lambda r: [*r, r[0]]), 1, d.header[0]),
    "another unit of it": other(is_unit, lambda row, f: UNITS.get(row.get("variable", row.get("input")), [])),
    "no unit of it": lambda d: cell("furlongs", d.has_unit, lambda text: text in ALL_UNITS)(d),
    "key twice": _same_key,
    "row twice": lambda d: (written([*d.rows, d.rows[d.row()]]), len(d.rows) + 1, d.key[0]),
    "Latin-1": _latin,
    "UTF-16": lambda d: (d.raw.decode().encode("utf-16"), 1),
    "UTF-16 without its mark": lambda d: (d.raw.decode().encode("utf-16-le"),),
    "byte order mark": lambda d: (b"\xef\xbb\xbf" + d.raw, 1),
    **{text[:9]: cell(text, numeric) for text in ("NaN", "n/a", "inf", "<5", "1" + "0" * 400)},
    "digits of another script": cell(lambda text: text.translate({48 + n: 0xFF10 + n for n in range(10)}), numeric),
    **{text: cell(text.format, numeric) for text in ("1_0{}", " {}", "{}\u00a0")},
    "comma in a cell": cell(comma, numeric),
    "comma without quotes": _naked_comma,
    "outside its limits": _outside,
    "below zero": cell("-7", lambda f: numeric(f) and not bound("minimum")(f)),
    "whole number with a half": cell("1.5", lambda f: f["type"] == "integer"),
    "required and empty": cell("", bound("required")),
    "unknown word": cell("perhaps", words),
    "space behind a word": cell(lambda text: text + " ", words),
    "another code": lambda d: other(lambda f: words(f) and not d.tied(f), lambda row, f: f["constraints"]["enum"])(d),
    "wrong form": cell("§ 1", bound("pattern")),
    "neither true nor false": cell("yes", lambda f: f["type"] == "boolean"),
    "truth in capitals": cell(str.upper, lambda f: f["type"] == "boolean"),
    "dangling link": lambda d: cell("nowhere", d.linked)(d),
    "one digit": _one_digit,
    "another word": lambda d: cell("another word", d.free)(d),
    "cells swapped": _swapped_cells,
    "row gone": lambda d: (written(d.rows[: (i := d.row())] + d.rows[i + 1 :]),),
    "row cut": _cut_in_row,
    "cut between rows": lambda d: (written(d.rows[: max(2, len(d.rows) // 2)]),) if len(d.rows) > 2 else None,
    "cell too many": lambda d: (d.each_row(lambda r: [*r, "1"], i := d.row()), i + 1),
    "cell too few": lambda d: (d.each_row(lambda r: r[:-1], i := d.row()), i + 1),
    "quote left open": _open_quote,
    "quote inside": _quote_inside,
    "blank line at the end": lambda d: (d.raw + b"\n", len(d.rows) + 1),
    "blank line in the middle": lambda d: (written(d.rows[: (i := d.row())]) + b"\n" + written(d.rows[i:]), i + 1),
    "lines of Windows": lambda d: (d.raw.replace(b"\n", b"\r\n"),),
    "nothing but a header": lambda d: (written(d.rows[:1]),),
    "empty": lambda d: (b"",),
    "missing": lambda d: (None,),
    "page of a browser": lambda d: (b"<!DOCTYPE html>\n<html><body>404</body></html>\n", 1),
}
UNITS = pd.DataFrame(read("units.csv")[1:]).groupby(0)[1].apply(list).to_dict()
ALL_UNITS = {u for units in UNITS.values() for u in units}


@functools.cache
def of_tables(again=0):
    return [m for resource in describe().values() for m in Damage(resource, again).all()]


# ---- lists and the description ---------------------------------------------------------------------------------------
@functools.cache
def read_once(file):
    text = (CASEDATA / file).read_text(encoding="utf-8")
    return pickle.dumps(yaml.load(text, check_casedata.UniqueKeys) if file.endswith(".yaml") else json.loads(text))


def changed(file, *edits):
    """The bytes of a file in YAML or JSON where something else stands: pairs of path, as "3.options.0", and value."""
    content = pickle.loads(read_once(file))
    for path, value in edits:
        *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
        place = functools.reduce(lambda whole, step: whole[step], way, content)
        if value is GONE:
            del place[last]
        else:
            place[last] = value
    if file.endswith(".json"):
        return json.dumps(content).encode()
    return yaml.dump(content, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), allow_unicode=True).encode()


GONE = object()
ENTRIES = {  # end of the file's name: what is written into one entry, path and value
    "": [("id", GONE), ("id", 7)],
    ".yaml": [
        *[("stem", GONE), ("stem", " "), ("stem", 7), ("notebook", GONE), ("notebook", 3), ("kind", GONE)],
        ("kind", "song"),
    ],
    "references.json": [("title", GONE)],
    "items.yaml": [
        *[("options", GONE), ("options", "abc"), ("options.2", GONE), ("options.1.text", GONE), ("options.1.key", "B")],
        *[("options.0.in the evening", None), ("options.2.why", GONE), ("options.2.why", "Because.")],
        *[("options.0.rests_on", []), ("options.0.rests_on", "U02"), ("best", "d"), ("best", GONE), ("voices", "data")],
        *[("voices", {"rumour": "…"}), ("voices", {"data": None})],
    ],
    "prompts.yaml": [("fields", GONE), ("fields", {"for": None}), ("fields", ["for"]), ("look_for", [1])],
}
WHOLE = {  # kind of damage -> new bytes
    "cut": lambda raw: raw[: len(raw) * 2 // 3].rsplit(b"\n", 1)[0] + b'\n"i',
    "quote left open": lambda raw: (
        raw.replace(b"id: N", b'id: "N', 1).replace(b"id: W", b'id: "W', 1).replace(b'"id"', b'""id"', 1)
    ),
    "empty": lambda raw: b"",
    "missing": lambda raw: None,
    "Latin-1": lambda raw: "é: [ü".encode("latin-1") + raw,
    "UTF-16": lambda raw: raw.decode().encode("utf-16"),
    "a number": lambda raw: b"7\n",
    "an object": lambda raw: b"{}\n",
    "a word in a list": lambda raw: b'["word"]\n',
    "nested without end": lambda raw: b"[" * 5000,
    "lines of Windows": lambda raw: raw.replace(b"\n", b"\r\n"),
    "byte order mark": lambda raw: b"\xef\xbb\xbf" + raw,
}


def of_lists():
    """Damage to the lists in YAML and JSON; `says` is the entry that must be named."""
    for file, reader in READERS.items():
        raw, names, entries = (CASEDATA / file).read_bytes(), [*reader()], [*reader().values()]
        at = next(n for n, e in enumerate(entries) if n > 3 and ("fields" in e or file != "prompts.yaml"))
        for path, value in (edit for end, edits in ENTRIES.items() if file.endswith(end) for edit in edits):
            raw_now = changed(file, (f"{at}.{path}", value))
            yield Mutant(f"{path} {value}", file, raw_now, says=names[at - 1 if path == "id" else at])
        yield Mutant("id twice", file, changed(file, ("6.id", names[2])), says=names[2])
        yield Mutant("item gone", file, changed(file, ("4", GONE)))
        for kind, make in WHOLE.items():
            yield Mutant(kind, file, make(raw))
        if file.endswith(".yaml"):
            lines = raw.splitlines(keepends=True)
            n = next(n for n, line in enumerate(lines) if line.startswith(b"  notebook: "))
            yield Mutant("key twice", file, b"".join([*lines[:n], lines[n], *lines[n:]]), n + 2)
            yield Mutant("tabulator", file, b"".join([*lines[:n], b"\t" + lines[n].lstrip(), *lines[n + 1 :]]), n + 1)
            yield Mutant("word edited", file, changed(file, (f"{at}.stem", "Another question")))
    best, undated = [*items().values()][4]["best"], [("4.voices", {"later": "…"}), ("4.later_date", None)]
    yield Mutant("other best", "items.yaml", changed("items.yaml", ("4.best", "a" if best != "a" else "b")))
    yield Mutant("guidance without its date", "items.yaml", changed("items.yaml", *undated), says=[*items()][4])


BY_ITS_SEAL = ("resources.3 ", "title", "enum", "hash")  # what is left describes the tables, and is not what was sealed
DESCRIBED = {  # part of datapackage.json: what is written there, path and value
    "": [("resources", GONE), ("resources", "all"), ("hash", GONE), ("resources.3", GONE)],
    "resources.3.": [
        *[("schema", GONE), ("path", GONE), ("path", "../elsewhere.csv"), ("path", "units.csv"), ("path", 7)],
        *[("name", "units"), ("title", "other"), ("schema.fields.2.constraints.enum", GONE)],
    ],
    "resources.5.": [("hash", "sha256:0"), ("hash", GONE)],
    "resources.5.schema.": [
        *[("fields.0.type", GONE), ("fields.0.type", "colour"), ("fields.1", GONE), ("fields.1.name", "other")],
        *[("fields.0.constraints", {"pattern": "("}), ("fields.3.constraints", {"minimum": "x"})],
        *[("fields.0.constraints", [1]), ("primaryKey", ["nothing"]), ("foreignKeys", "all")],
        *[("foreignKeys.0.fields", ["nothing"]), ("foreignKeys.0.reference.resource", "no")],
    ],
}


# ---- the tests -------------------------------------------------------------------------------------------------------
def caught(function, *given):
    """The CaseDataError that a function raises, or None."""
    try:
        function(*given)
    except CaseDataError as error:
        return error


@pytest.fixture(scope="module")
def damaged(tmp_path_factory):
    """A function that damages one file of a copy: what the check says of it, and what reading it says (or None)."""
    folder = shutil.copytree(CASEDATA, tmp_path_factory.mktemp("damaged") / "casedata")
    whole, names = check_casedata.check(folder), {r["path"]: r["name"] for r in package()["resources"]}

    def check(mutant):
        known = {} if mutant.file not in names else {n: t for n, t in whole.items() if n != names[mutant.file]}
        check_casedata.check(folder, known)
        if mutant.file in READERS:
            reader = READERS[mutant.file]
            getattr(reader, "__wrapped__", reader)(folder)

    def run(mutant):
        path = folder / mutant.file
        before = path.read_bytes()
        assert before != mutant.raw, f"{mutant[:2]}: the damage did nothing"
        try:
            path.unlink() if mutant.raw is None else path.write_bytes(mutant.raw)
            return caught(check, mutant), caught(check_seal, folder)
        finally:
            path.write_bytes(before)

    return run


def wrong(mutant, errors):
    """What is wrong with how the damage was named; nothing where it is right."""
    error, sealed = errors
    if sealed is None or (error is None and mutant.kind not in SEAL):
        return f"{mutant[:2]} passes"
    if mutant.kind in SEAL:  # where the check finds it at all, it is perhaps another table that misses what is gone
        return ""
    place = (error.file, mutant.row and error.row, mutant.column and error.column)
    return f"{mutant[:2]}: {error}" if place != (mutant.file, mutant.row, mutant.column) else ""


def test_damage_to_each_kind_of_table_is_named_with_row_and_column(damaged):
    some = []
    for kind in KINDS:
        those = [m for m in of_tables() if m.kind == kind]
        some += random.Random(kind).sample(those, min(len(those), 1 if kind in SEAL else 3))
    assert len(some) > 120
    assert not [w for m in some if (w := wrong(m, damaged(m)))]


@pytest.mark.slow
def test_no_damage_to_any_table_passes(damaged):
    by = []
    for mutant in of_tables(1):
        errors = damaged(mutant)
        assert not (w := wrong(mutant, errors)), w
        by.append("row" if errors[0] and errors[0].row else "file" if errors[0] else "seal")
    counts = pd.Series(by).value_counts()
    assert len(by) > 1500 and counts["row"] > 0.75 * len(by), counts


@pytest.mark.slow
def test_damage_to_a_list_is_named_with_its_entry(damaged):
    many = [*of_lists()]
    assert len(many) > 80
    for mutant in many:
        error, sealed = damaged(mutant)
        gone = mutant.file not in WORDS or mutant.raw is None  # changed words stop nobody
        assert bool(sealed) is gone, (mutant[:2], sealed)
        if error is None and mutant.kind in [*SEAL, "byte order mark"]:
            continue
        assert error is not None and error.file == mutant.file and mutant.says in str(error), (mutant[:2], error)
        assert mutant.row in (None, error.row), (mutant[:2], error)
        assert error.row or mutant.kind not in ("cut", "quote left open"), (mutant[:2], error)


def test_damage_to_the_description_is_named(damaged):
    file = "datapackage.json"
    edits = [[(part + path, value)] for part, pairs in DESCRIBED.items() for path, value in pairs]
    edits.append([(f"resources.{n}.hash", GONE) for n in range(len(describe()))])
    many = [Mutant(" ".join(map(str, edit[0])), file, changed(file, *edit)) for edit in edits]
    raw = (CASEDATA / file).read_bytes()
    many += [Mutant(kind, file, make(raw)) for kind, make in WHOLE.items() if kind != "lines of Windows"]
    for mutant in many:
        error, sealed = damaged(mutant)
        assert sealed and (error or any(part in mutant.kind for part in BY_ITS_SEAL)), mutant[:2]


# ---- what would pass, were a protection gone -------------------------------------------------------------------------
def named(damaged, kind):
    """Whether each mutant of a kind is named as it should be."""
    some = [m for m in of_tables() if m.kind == kind and m.file in ("rules.csv", "cohort.csv", "events.csv")]
    return [not wrong(m, damaged(m)) for m in some]


def without(limit):
    """The check of a cell that does not know one limit."""

    def lax(text, field, fault_of=check_casedata.fault_of):
        limits = {k: v for k, v in field.get("constraints", {}).items() if k not in (limit, "maximum")}
        return fault_of(text, {**field, "constraints": limits})

    return lax


def test_without_the_seal_what_reads_well_would_pass(damaged):
    errors = [damaged(m) for m in of_tables() if m.kind in ("one digit", "another word", "lines of Windows")][:12]
    assert all(sealed for _, sealed in errors) and not all(error for error, _ in errors)


@pytest.mark.parametrize(
    "kind, where, name, lax",
    [
        ("key twice", pd.DataFrame, "duplicated", lambda self, *_: pd.Series(False, self.index)),
        ("row twice", pd.DataFrame, "duplicated", lambda self, *_: pd.Series(False, self.index)),
        ("unknown word", check_casedata, "fault_of", without("enum")),
        ("wrong form", check_casedata, "fault_of", without("pattern")),
        ("required and empty", check_casedata, "fault_of", without("required")),
        ("outside its limits", check_casedata, "fault_of", without("minimum")),
        ("dangling link", check_casedata, "check_links", lambda *_: None),
        ("no unit of it", check_casedata, "check_units", lambda *_: None),
    ],
)
def test_without_its_check_a_fault_would_not_be_named(damaged, monkeypatch, kind, where, name, lax):
    assert all(named(damaged, kind))
    monkeypatch.setattr(where, name, lax)
    assert not all(named(damaged, kind))
