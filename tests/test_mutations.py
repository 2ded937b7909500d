"""Ways to damage a copy of the data package: the maintainer's check says where each is, and none is ever read.

What is damaged is drawn by the kind of damage and the file's name, so it is the same on every machine. A fault that
has a row and a column must be named with both by `check`; the digests of ``datapackage.json`` catch everything, and
name nothing but the file. `SEAL` lists what is left to them, and why.
"""

import csv
import functools
import io
import json
import math
import pickle
import random
import shutil
from collections import Counter
from typing import NamedTuple

import pandas as pd
import pytest
import yaml

from tests import check_casedata
from tests.check_questions import items, prompts
from utils.case import CaseDataError, references
from utils.tables import CASEDATA, WORDS, check_seal, describe, package

READERS = {"items.yaml": items, "prompts.yaml": prompts, "references.json": references}
DESCRIPTION = "datapackage.json"
SEAL = {  # what reads well and is only wrong: no schema can know the right value, so the digest of the file must
    *("one digit", "another unit of it", "another code", "another word", "word edited"),  # may stand there
    "other best",  # one of the allowed answers
    *("row gone", "cut between rows", "nothing but a header", "item gone"),  # what is left reads well
    "cells swapped",  # two of one type in one row, where nothing ties them
    *("lines of Windows", "mark of a list"),  # the same cells; only the bytes differ, so there is no row to name
    "quote inside",  # a quotation mark in the middle of a cell is a character like any other
    "described otherwise",  # the tables as they are fit what is left
    "below zero",  # published values of the column may lie there, so that its schema has no lower limit
}


class Mutant(NamedTuple):
    """One damaged file: its new bytes (None: it is gone), and the place that the check must name."""

    kind: str
    file: str
    raw: bytes | None
    row: int | bool | None = None  # True: any row
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
    """What the kinds of damage to one table are drawn from (`draw`): its rows, and what each of its columns is."""

    def __init__(self, resource):
        self.file, schema = resource["path"], resource["schema"]
        self.rows, self.raw, self.fields = read(self.file), (CASEDATA / self.file).read_bytes(), schema["fields"]
        self.header, self.key = self.rows[0], check_casedata.listed(schema["primaryKey"])
        links = [check_casedata.listed(link["fields"]) for link in schema.get("foreignKeys", [])]
        tied, last = {*self.key}.union(*links), {columns[-1] for columns in links}
        self.tags = []  # of each column, by which `cells` finds it
        for field in self.fields:
            name, limits = field["name"], {*field.get("constraints", {})}
            number, word = field["type"] in ("number", "integer"), "enum" in limits
            unit = name in ("unit", "canonical_unit")
            more = {
                "number or integer": number,
                "count": number and name not in self.key,
                "without minimum": number and "minimum" not in limits,
                "word": word and not number,
                "code": word and not number and name not in tied,
                "linked": name in last,
                "free": field["type"] == "string" and not limits - {"required"} and name not in tied,
                "unit": unit,  # in units.csv any word defines one
                "known unit": unit and {*self.header} & {"variable", "input"} and self.file != "units.csv",
            }
            self.tags.append({field["type"], *limits, *(tag for tag, holds in more.items() if holds)})

    def row(self):
        return self.draw.randrange(1, len(self.rows))

    def cells(self, *tags, holds=bool):
        """Where a cell can be damaged: (index of the row, index of the column), in an order that is drawn."""
        columns = [j for j, has in enumerate(self.tags) if {*tags} <= has]
        found = [(i, j) for j in columns for i in range(1, len(self.rows)) if holds(self.rows[i][j])]
        self.draw.shuffle(found)
        return found

    def each_row(self, change, only=None):
        """The bytes with every row, or the one at `only`, changed."""
        return written([change(r) if only in (None, n) else r for n, r in enumerate(self.rows)])

    def with_cell(self, i, j, new):
        """Another cell, and its place; bytes go in as they are, quotation marks and commas too."""
        if isinstance(new, bytes):
            return self.with_cell(i, j, "qzqzq")[0].replace(b"qzqzq", new), i + 1
        return self.each_row(lambda r: [*r[:j], new, *r[j + 1 :]], i), i + 1, self.header[j]


def cell(new, *tags, holds=bool):
    """The kind of damage that replaces a cell by a text, or by what a function makes of it, its row and its field."""

    def make(d):
        for i, j in d.cells(*tags, holds=holds):
            row = dict(zip(d.header, d.rows[i], strict=True))
            text = new(d.rows[i][j], row, d.fields[j]) if callable(new) else new
            if text not in (None, d.rows[i][j]):
                return d.with_cell(i, j, text)

    return make


def another(listed):
    return lambda text, row, field: next((x for x in listed(row, field) if x != text), None)


def columns(change, at=0):
    """The kind of damage that changes every row at column j; the check names the column at j + `at` in the header."""

    def make(d):
        j = d.draw.randrange(len(d.header) - at)
        return d.each_row(lambda r: change(r, j)), 1, d.header[j + at]

    return make


def _same_key(d):
    if len(d.rows) > 2:
        i, j = sorted(d.draw.sample(range(1, len(d.rows)), 2))
        same = [a if name in d.key else b for name, a, b in zip(d.header, d.rows[i], d.rows[j], strict=True)]
        return d.each_row(lambda r: same, j), j + 1, d.key[0]


def one_digit(text, row, field):
    limits, at = field.get("constraints", {}), max(n for n, c in enumerate(text) if c.isdigit())
    new = text[:at] + str((int(text[at]) + 1) % 10) + text[at + 1 :]
    return new if limits.get("minimum", -math.inf) <= float(new) <= limits.get("maximum", math.inf) else None


def _swapped_cells(d):
    for i, j in d.cells("free"):
        text = d.rows[i][j]
        if others := [k for k, tags in enumerate(d.tags) if "free" in tags and d.rows[i][k] not in ("", text)]:
            swap = {j: (k := d.draw.choice(others)), k: j}
            return (d.each_row(lambda r, swap=swap: [r[swap.get(n, n)] for n in range(len(r))], i),)


def _cut_in_row(d):
    i = d.row()
    before, whole = len(written(d.rows[:i])), len(written(d.rows[: i + 1]))
    return written(d.rows)[: d.draw.randrange(before + 1, whole - 1)], i + 1


def comma(text, *_):
    return text.replace(".", ",") if "." in text else text + ",0"


def quote_inside(text, *_):
    return f'{text[:2]}"{text[2:]}'.encode() if len(text) > 3 and not {*text} & {*'",\n'} else None


UNITS = pd.DataFrame(read("units.csv")[1:]).groupby(0)[1].apply(list).to_dict()
ALL_UNITS = {u for units in UNITS.values() for u in units}
NUMBER = "number or integer"
KINDS = {  # kind of damage -> what makes of a Damage new bytes and the place to be named; None where it finds nothing
    "column dropped": columns(lambda r, j: r[:j] + r[j + 1 :]),
    "columns in another order": columns(lambda r, j: [*r[:j], r[j + 1], r[j], *r[j + 2 :]], 1),
    "column renamed": lambda d: d.with_cell(0, j := d.draw.randrange(len(d.header)), d.header[j] + "_"),
    "column too many": lambda d: (d.each_row(lambda r: [*r, "extra" if r is d.header else "1"]), 1, "extra"),
    "column twice": lambda d: (d.each_row(lambda r: [*r, r[0]]), 1, d.header[0]),
    "another unit of it": cell(another(lambda row, f: UNITS.get(row.get("variable", row.get("input")), [])), "unit"),
    "no unit of it": cell("furlongs", "known unit", holds=ALL_UNITS.__contains__), "key twice": _same_key,
    "row twice": lambda d: (written([*d.rows, d.rows[d.row()]]), len(d.rows) + 1, d.key[0]),
    "Latin-1": cell(b"\xe9", "string"), "UTF-16": lambda d: (d.raw.decode().encode("utf-16"), 1),
    "UTF-16 without its mark": lambda d: (d.raw.decode().encode("utf-16-le"),),
    "byte order mark": lambda d: (b"\xef\xbb\xbf" + d.raw, 1),
    **{text[:9]: cell(text, NUMBER) for text in ("NaN", "n/a", "inf", "<5", "1" + "0" * 400)},
    "digits of another script": cell(lambda text, *_: text.translate({48 + n: 0xFF10 + n for n in range(10)}), NUMBER),
    **{text: cell(text.format, NUMBER) for text in ("1_0{}", " {}", "{}\u00a0")},
    "comma in a cell": cell(comma, NUMBER),
    "comma without quotes": cell(lambda text, *_: comma(text).encode(), NUMBER),
    "below its limits": cell(lambda text, row, f: str(f["constraints"]["minimum"] - 1), NUMBER, "minimum"),
    "above its limits": cell(lambda text, row, f: str(f["constraints"]["maximum"] + 1), NUMBER, "maximum"),
    "below zero": cell("-7", "without minimum"), "whole number with a half": cell("1.5", "integer"),
    "required and empty": cell("", "required"), "unknown word": cell("perhaps", "word"),
    "space behind a word": cell("{} ".format, "word"),
    "another code": cell(another(lambda row, f: f["constraints"]["enum"]), "code"),
    "wrong form": cell("§ 1", "pattern"), "neither true nor false": cell("yes", "boolean"),
    "truth in capitals": cell(lambda text, *_: text.upper(), "boolean"), "dangling link": cell("nowhere", "linked"),
    "one digit": cell(one_digit, "count"), "another word": cell("another word", "free"),
    "cells swapped": _swapped_cells, "row gone": lambda d: (written(d.rows[: (i := d.row())] + d.rows[i + 1 :]),),
    "row cut": _cut_in_row,
    "cut between rows": lambda d: (written(d.rows[: max(2, len(d.rows) // 2)]),) if len(d.rows) > 2 else None,
    "cell too many": lambda d: (d.each_row(lambda r: [*r, "1"], i := d.row()), i + 1),
    "cell too few": lambda d: (d.each_row(lambda r: r[:-1], i := d.row()), i + 1),
    "quote left open": cell(lambda text, *_: b'"' + text.encode(), "string"),
    "quote inside": cell(quote_inside, "free"), "blank line at the end": lambda d: (d.raw + b"\n", len(d.rows) + 1),
    "blank line in the middle": lambda d: (written(d.rows[: (i := d.row())]) + b"\n" + written(d.rows[i:]), i + 1),
    "lines of Windows": lambda d: (d.raw.replace(b"\n", b"\r\n"),),
    "nothing but a header": lambda d: (written(d.rows[:1]),), "empty": lambda d: (b"",), "missing": lambda d: (None,),
    "page of a browser": lambda d: (b"<!DOCTYPE html>\n<html><body>404</body></html>\n", 1),
}  # fmt: skip


@functools.cache
def of_tables(again=0):
    found = []
    for damage in map(Damage, describe().values()):
        for kind, make in KINDS.items():
            damage.draw = random.Random(f"{kind} {damage.file} {again}")
            if made := make(damage):
                found.append(Mutant(kind, damage.file, *made))
    return found


# ---- lists and the description ---------------------------------------------------------------------------------------
@functools.cache
def read_once(file):
    content = check_casedata.check_list({"path": file})
    return pickle.dumps(content[:12] if isinstance(content, list) else content)  # a dozen entries stand for all


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
    ".yaml": [*((k, x) for k in ("stem", "notebook") for x in (GONE, " ", 7)), ("kind", GONE), ("kind", "song")],
    "references.json": [("title", GONE)],
    "items.yaml": [
        *[("options", GONE), ("options", "abc"), ("options.2", GONE), ("options.1.text", GONE), ("options.1.key", "B")],
        *[("options.0.in the evening", None), ("options.2.why", GONE), ("options.2.why", "Because.")],
        *[("options.0.rests_on", []), ("options.0.rests_on", "U02"), ("best", "d"), ("best", GONE), ("voices", "data")],
        *[("voices", {"rumour": "…"}), ("voices", {"data": None})],
    ],
    "prompts.yaml": [("fields", GONE), ("fields", {"for": None}), ("fields", ["for"]), ("look_for", [1])],
}
QUOTED = ((b"id: N", b'id: "N'), (b"id: W", b'id: "W'), (b'"id"', b'""id"'))  # one of each list
WHOLE = {  # kind of damage -> new bytes
    "cut": lambda raw: raw[: len(raw) * 2 // 3].rsplit(b"\n", 1)[0] + b'\n"i',
    "quote left open": lambda raw: functools.reduce(lambda new, pair: new.replace(*pair, 1), QUOTED, raw),
    "empty": lambda raw: b"", "missing": lambda raw: None, "Latin-1": lambda raw: "é: [ü".encode("latin-1") + raw,
    "UTF-16": lambda raw: raw.decode().encode("utf-16"), "a number": lambda raw: b"7\n",
    "an object": lambda raw: b"{}\n", "a word in a list": lambda raw: b'["word"]\n',
    "nested without end": lambda raw: b"[" * 5000, "lines of Windows": lambda raw: raw.replace(b"\n", b"\r\n"),
    "byte order mark": lambda raw: b"\xef\xbb\xbf" + raw,
}  # fmt: skip


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
            row = True if kind in ("cut", "quote left open") else None
            yield Mutant("mark of a list" if kind == "byte order mark" else kind, file, make(raw), row)
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


def of_description():
    edits = [(part + path, value) for part, pairs in DESCRIBED.items() for path, value in pairs]
    for path, value in [*edits, *((f"resources.{n}.hash", GONE) for n in range(len(describe())))]:
        by_seal = any(part in f"{path} " for part in BY_ITS_SEAL)
        raw = changed(DESCRIPTION, (path, value))
        yield Mutant("described otherwise" if by_seal else f"{path} {value}", DESCRIPTION, raw)
    raw = (CASEDATA / DESCRIPTION).read_bytes()
    yield from (Mutant(kind, DESCRIPTION, make(raw)) for kind, make in WHOLE.items() if kind != "lines of Windows")


# ---- the tests -------------------------------------------------------------------------------------------------------
def caught(function, *given):
    """The CaseDataError that a function raises, or None."""
    try:
        function(*given)
    except CaseDataError as error:
        return error


def described(folder=CASEDATA):
    """What the package says of each file, but for its digest."""
    return {r["name"]: {k: v for k, v in r.items() if k != "hash"} for r in package(folder)["resources"]}


@pytest.fixture(scope="module")
def damaged(tmp_path_factory):
    """A function that damages one file of a copy: what the check says of it, and what the seal says (or None)."""
    folder = shutil.copytree(CASEDATA, tmp_path_factory.mktemp("damaged") / "casedata")
    whole, before = check_casedata.check(folder), described()

    def check(mutant):  # only what is damaged, or described otherwise, and what is linked to it
        now = described(folder) if mutant.file == DESCRIPTION else before
        known = {n for n, r in now.items() if r == before.get(n) and r["path"] != mutant.file}
        check_casedata.check(folder, {n: whole[n] for n in known})
        if reader := READERS.get(mutant.file):
            getattr(reader, "__wrapped__", reader)(folder)

    def run(mutant):
        path = folder / mutant.file
        was = path.read_bytes()
        assert was != mutant.raw, f"{mutant[:2]}: the damage did nothing"
        try:
            path.unlink() if mutant.raw is None else path.write_bytes(mutant.raw)
            return caught(check, mutant), caught(check_seal, folder)
        finally:
            path.write_bytes(was)

    return run


def wrong(mutant, errors):
    """What is wrong with how the damage was named; nothing where it is right."""
    error, sealed = errors
    warned = mutant.file in WORDS and mutant.raw is not None  # changed words stop nobody
    if bool(sealed) is warned or (error is None and mutant.kind not in SEAL):
        return f"{mutant[:2]} passes" if error is None else f"{mutant[:2]} stops whoever reads it"
    if mutant.kind in SEAL or mutant.file == DESCRIPTION:  # another table may miss what is gone, or not fit
        return ""
    row = mutant.row and (bool(error.row) if mutant.row is True else error.row)
    named = (error.file, row, mutant.column and error.column) == (mutant.file, mutant.row, mutant.column)
    return "" if named and mutant.says in str(error) else f"{mutant[:2]}: {error}"


@pytest.mark.parametrize(
    "many, most, least",
    [
        pytest.param(of_tables, 3, 120, id="tables"),
        pytest.param(functools.partial(of_tables, 1), 10**6, 1500, id="all tables", marks=pytest.mark.slow),
        pytest.param(of_lists, 10**6, 80, id="lists", marks=pytest.mark.slow),
        pytest.param(of_description, 10**6, 60, id="description", marks=pytest.mark.slow),
    ],
)
def test_no_damage_passes_and_each_is_named_with_its_place(damaged, many, most, least):
    drawn, rows, many = Counter(), [], [*many()]
    for mutant in random.Random(1).sample(many, len(many)):
        drawn[mutant.kind] += 1
        if drawn[mutant.kind] <= most:
            errors = damaged(mutant)
            assert not (w := wrong(mutant, errors)), w
            rows.append(bool(errors[0] and errors[0].row))
    assert len(rows) > least and (sum(rows) > 0.6 * len(rows) or least < 100)


# ---- what would pass, were a protection gone -------------------------------------------------------------------------
def test_without_the_seal_what_reads_well_would_pass(damaged):
    some = [m for m in of_tables() if m.kind in ("one digit", "another word", "lines of Windows")]
    errors = [damaged(m) for m in some[:12]]
    assert all(sealed for _, sealed in errors) and not all(error for error, _ in errors)


@pytest.mark.parametrize(
    "protection, kinds",
    [
        ((pd.DataFrame, "duplicated", lambda self, *_: pd.Series(False, self.index)), ["key twice", "row twice"]),
        ((check_casedata, "fault_of", lambda *_: ""), ["below its limits", "unknown word", "wrong form"]),
        ((check_casedata, "check_links", lambda *_: None), ["dangling link"]),
        ((check_casedata, "UNIT_BESIDE", ()), ["no unit of it"]),
    ],
)
def test_without_its_check_a_fault_would_not_be_named(damaged, monkeypatch, kinds, protection):
    some = [m for m in of_tables() if m.kind in kinds and m.file in ("rules.csv", "cohort.csv", "events.csv")]
    assert not any(wrong(m, damaged(m)) for m in some)
    monkeypatch.setattr(*protection)
    assert {m.kind for m in some if wrong(m, damaged(m))} == {*kinds}
