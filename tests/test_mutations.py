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
from utils.case import CaseDataError, load_case, references
from utils.quiz import items, prompts
from utils.tables import CASEDATA, WORDS, check_seal, describe, package

READERS = {"items.yaml": items, "prompts.yaml": prompts, "references.json": references}
SEAL = {  # what reads well and is only wrong: no schema can know the right value, so the digest of the file must
    "one digit": "another number of the same column, in its limits",
    "another unit of it": "a unit of the same variable, where no printed words stand beside it",
    "another code": "another of the allowed words",
    "another word": "free text in place of free text",
    "row gone": "what is left reads well, unless another table, or the list of facts, misses the row",
    "cells swapped": "two cells of one type in one row, where nothing ties them",
    "lines of Windows": "the same cells; only the bytes differ, so there is no row to name",
    "quote inside": "a quotation mark in the middle of a cell is a character like any other",
    "cut between rows": "as a row that is gone",
    "nothing but a header": "as rows that are gone",
    "below zero": "a column whose published values may lie below zero, so that its schema has no lower limit",
    "word edited": "free text in place of free text",
    "item gone": "what is left reads well",
    "other best": "another of the allowed answers",
}


class Mutant(NamedTuple):
    """One damaged file: its new bytes (None: it is gone), and the place that the check must name."""

    kind: str
    file: str
    raw: bytes | None
    row: int | None = None
    column: str | None = None
    says: str = ""

    @property
    def name(self):
        return f"{self.kind}: {self.file}"


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

    def with_cells(self, i, cells):
        """The bytes with other cells in row i: a dict of column -> text."""
        return written([[cells.get(j, c) for j, c in enumerate(r)] if n == i else r for n, r in enumerate(self.rows)])

    def with_cell(self, i, j, text):
        return self.with_cells(i, {j: text}), i + 1, self.header[j]

    def each_row(self, change):
        return written([change(r) for r in self.rows])

    def with_row(self, i, change):
        return written([change(r) if n == i else r for n, r in enumerate(self.rows)]), i + 1

    def linked(self, field):
        return any(field["name"] == columns[-1] for columns in self.links)

    def tied(self, field):
        return any(field["name"] in columns for columns in (self.key, *self.links))

    def free(self, field):
        """Whether the words of a column are tied to nothing."""
        return field["type"] == "string" and not {*field.get("constraints", {})} - {"required"} and not self.tied(field)


def numeric(field):
    return field["type"] in ("number", "integer")


def bound(*names, words=False):
    return lambda field: all(n in field.get("constraints", {}) for n in names) and not (words and numeric(field))


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


def _other(d, fits, others_of):
    """A cell replaced by another of what may stand there."""
    for i, j in d.cells(fits):
        if others := [x for x in others_of(d.rows[i], d.fields[j]) if x != d.rows[i][j]]:
            return d.with_cell(i, j, d.draw.choice(others))


def _other_unit(d):
    if name := next((n for n in ("variable", "input") if n in d.header), None):
        return _other(d, is_unit, lambda row, field: UNITS.get(row[d.header.index(name)], []))


def _another_code(d):
    def code(field):
        return bound("enum", words=True)(field) and not d.tied(field)

    return _other(d, code, lambda row, field: field["constraints"]["enum"])


def _alien_unit(d):
    if {*d.header} & {"variable", "input"} and d.file != "units.csv":  # there any word defines a unit
        return cell("furlongs", is_unit, lambda text: text in ALL_UNITS)(d)


def _same_key(d):
    if len(d.rows) > 2:
        i, j = sorted(d.draw.sample(range(1, len(d.rows)), 2))
        key = {d.header.index(name): d.rows[i][d.header.index(name)] for name in d.key}
        return d.with_cells(j, key), j + 1, d.key[0]


def _latin(d):
    i, j = d.cells(lambda f: f["type"] == "string")[0]
    rows = [[c.encode("ascii", "ignore").decode() for c in r] for r in d.rows]
    rows[i][j] += "é"
    return written(rows).decode().encode("latin-1"), i + 1


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
        others = [k for k, f in enumerate(d.fields) if d.free(f) and d.rows[i][k] not in ("", d.rows[i][j])]
        if others:
            k = d.draw.choice(others)
            return (d.with_cells(i, {j: d.rows[i][k], k: d.rows[i][j]}),)


def _cut_in_row(d):
    i = d.row()
    before, whole = len(written(d.rows[:i])), len(written(d.rows[: i + 1]))
    return written(d.rows)[: d.draw.randrange(before + 1, whole - 1)], i + 1


def _naked_comma(d):
    for i, j in d.cells(numeric):
        if '"' not in "".join(d.rows[i]):
            raw = d.with_cell(i, j, "qzqzq")[0]
            return raw.replace(b"qzqzq", comma(d.rows[i][j]).encode()), i + 1


def _open_quote(d):
    i, j = d.cells(lambda f: f["type"] == "string")[0]
    return d.with_cell(i, j, "qzqzq")[0].replace(b"qzqzq", b'"' + d.rows[i][j].encode()), i + 1


def _quote_inside(d):
    for i, j in d.cells(d.free, lambda text: len(text) > 3 and not {*text} & {*'",\n'}):
        text = d.rows[i][j]
        return (d.with_cell(i, j, text[:2] + "qzqzq" + text[2:])[0].replace(b"qzqzq", b'"'),)


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
    "another unit of it": _other_unit,
    "no unit of it": _alien_unit,
    "key twice": _same_key,
    "row twice": lambda d: (written([*d.rows, d.rows[d.row()]]), len(d.rows) + 1, d.key[0]),
    "Latin-1": _latin,
    "UTF-16": lambda d: (d.raw.decode().encode("utf-16"), 1),
    "UTF-16 without its mark": lambda d: (d.raw.decode().encode("utf-16-le"),),
    "byte order mark": lambda d: (b"\xef\xbb\xbf" + d.raw, 1),
    "NaN": cell("NaN", numeric),
    "n/a": cell("n/a", numeric),
    "infinite": cell("inf", numeric),
    "below a limit of detection": cell("<5", numeric),
    "beyond every number": cell("1" + "0" * 400, numeric),
    "digits of another script": cell(lambda text: text.translate({48 + n: 0xFF10 + n for n in range(10)}), numeric),
    "underscore": cell(lambda text: f"1_0{text}", numeric),
    "space in a number": cell(lambda text: f" {text}", numeric),
    "hard space in a number": cell(lambda text: f"{text}\u00a0", numeric),
    "comma in a cell": cell(comma, numeric),
    "comma without quotes": _naked_comma,
    "outside its limits": _outside,
    "below zero": cell("-7", lambda f: numeric(f) and not bound("minimum")(f)),
    "whole number with a half": cell("1.5", lambda f: f["type"] == "integer"),
    "required and empty": cell("", bound("required")),
    "unknown word": cell("perhaps", bound("enum", words=True)),
    "space behind a word": cell(lambda text: text + " ", bound("enum", words=True)),
    "another code": _another_code,
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
    "cell too many": lambda d: d.with_row(d.row(), lambda r: [*r, "1"]),
    "cell too few": lambda d: d.with_row(d.row(), lambda r: r[:-1]),
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


def changed(file, edit):
    """The bytes of a file whose content was edited: a list of entries, or the description."""
    content = pickle.loads(read_once(file))
    edit(content)
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    dump = functools.partial(yaml.dump, Dumper=dumper, allow_unicode=True) if file.endswith(".yaml") else json.dumps
    return dump(content).encode()


ENTRIES = {  # kind of damage: (file, what is done to an entry)
    "no id": ("", lambda e: e.pop("id")),
    "id of no text": ("", lambda e: e.update(id=7)),
    "no stem": (".yaml", lambda e: e.pop("stem")),
    "empty stem": (".yaml", lambda e: e.update(stem=" ")),
    "stem of no text": (".yaml", lambda e: e.update(stem=7)),
    "no notebook": (".yaml", lambda e: e.pop("notebook")),
    "notebook as a number": (".yaml", lambda e: e.update(notebook=3)),
    "no kind": (".yaml", lambda e: e.pop("kind")),
    "unknown kind": (".yaml", lambda e: e.update(kind="song")),
    "no title": ("references.json", lambda e: e.pop("title")),
    "no options": ("items.yaml", lambda e: e.pop("options")),
    "options in a word": ("items.yaml", lambda e: e.update(options="abc")),
    "option gone": ("items.yaml", lambda e: e["options"].pop()),
    "option without words": ("items.yaml", lambda e: e["options"][1].pop("text")),
    "option key": ("items.yaml", lambda e: e["options"][1].update(key="B")),
    "option cut at a comma": ("items.yaml", lambda e: e["options"][0].update({"in the evening.": None})),
    "option without a reason": ("items.yaml", lambda e: e["options"][2].pop("why")),
    "reason too short": ("items.yaml", lambda e: e["options"][2].update(why="Because.")),
    "rests on nothing": ("items.yaml", lambda e: e["options"][0].update(rests_on=[])),
    "rests on a word": ("items.yaml", lambda e: e["options"][0].update(rests_on="U02")),
    "best is no option": ("items.yaml", lambda e: e.update(best="d")),
    "no best": ("items.yaml", lambda e: e.pop("best")),
    "voice unknown": ("items.yaml", lambda e: e.update(voices={"rumour": "…"})),
    "voice without words": ("items.yaml", lambda e: e.update(voices={"data": None})),
    "voices in a word": ("items.yaml", lambda e: e.update(voices="data")),
    "guidance without its date": ("items.yaml", lambda e: e.update(voices={"later": "…"}, later_date=None)),
    "other best": ("items.yaml", lambda e: e.update(best={"a": "b", "b": "c", "c": "a"}[e["best"]])),
    "word edited": ("items.yaml", lambda e: e.update(stem=e["stem"] + " not")),
    "no fields": ("prompts.yaml", lambda e: e.pop("fields")),
    "field without words": ("prompts.yaml", lambda e: e["fields"].update(dict.fromkeys(e["fields"]))),
    "look for a number": ("prompts.yaml", lambda e: e.update(look_for=[1])),
    "fields in a list": ("prompts.yaml", lambda e: e.update(fields=["for"])),
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
        raw, names = (CASEDATA / file).read_bytes(), [*reader()]
        at = next(n for n, e in enumerate(reader().values()) if n > 3 and ("fields" in e or file != "prompts.yaml"))
        for kind, (where, edit) in ENTRIES.items():
            if file.endswith(where):
                named = names[at - 1 if kind in ("no id", "id of no text") else at]
                yield Mutant(kind, file, changed(file, lambda c, e=edit, at=at: e(c[at])), says=named)
        yield Mutant("id twice", file, changed(file, lambda c: c[6].update(id=c[2]["id"])), says=names[2])
        yield Mutant("item gone", file, changed(file, lambda c: c.pop(4)))
        for kind, make in WHOLE.items():
            yield Mutant(kind, file, make(raw))
        if file.endswith(".yaml"):
            lines = raw.splitlines(keepends=True)
            n = next(n for n, line in enumerate(lines) if line.startswith(b"  notebook: "))
            yield Mutant("key twice", file, b"".join([*lines[:n], lines[n], *lines[n:]]), n + 2)
            yield Mutant("tabulator", file, b"".join([*lines[:n], b"\t" + lines[n].lstrip(), *lines[n + 1 :]]), n + 1)


def of_schema(edit):
    return lambda d: edit(d["resources"][5]["schema"])


DESCRIBED = {  # damage to datapackage.json
    "resource gone": lambda d: d["resources"].pop(3),
    "schema gone": lambda d: d["resources"][3].pop("schema"),
    "type gone": of_schema(lambda s: s["fields"][0].pop("type")),
    "unknown type": of_schema(lambda s: s["fields"][0].update(type="colour")),
    "field gone": of_schema(lambda s: s["fields"].pop(1)),
    "field renamed": of_schema(lambda s: s["fields"][1].update(name="other")),
    "no resources": lambda d: d.pop("resources"),
    "resources in a word": lambda d: d.update(resources="all"),
    "path gone": lambda d: d["resources"][3].pop("path"),
    "path elsewhere": lambda d: d["resources"][3].update(path="../elsewhere.csv"),
    "path of another": lambda d: d["resources"][3].update(path="units.csv"),
    "path is a number": lambda d: d["resources"][3].update(path=7),
    "name of another": lambda d: d["resources"][3].update(name="units"),
    "pattern broken": of_schema(lambda s: s["fields"][0].update(constraints={"pattern": "("})),
    "limit is a word": of_schema(lambda s: s["fields"][3].update(constraints={"minimum": "x"})),
    "limit gone": lambda d: d["resources"][3]["schema"]["fields"][2]["constraints"].pop("enum"),
    "title edited": lambda d: d["resources"][3].update(title="other"),
    "limits in a list": of_schema(lambda s: s["fields"][0].update(constraints=[1])),
    "key of no column": of_schema(lambda s: s.update(primaryKey=["nothing"])),
    "link of no column": of_schema(lambda s: s["foreignKeys"][0].update(fields=["nothing"])),
    "link to no table": of_schema(lambda s: s["foreignKeys"][0]["reference"].update(resource="no")),
    "links in a word": of_schema(lambda s: s.update(foreignKeys="all")),
    "digest": lambda d: d["resources"][5].update(hash="sha256:0"),
    "digest gone": lambda d: d["resources"][5].pop("hash"),
    "digest of none": lambda d: [r.pop("hash") for r in d["resources"]],
}
BY_ITS_SEAL = {"resource gone", "limit gone", "title edited", "digest", "digest gone", "digest of none"}


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
        assert before != mutant.raw, f"{mutant.name}: the damage did nothing"
        try:
            path.unlink() if mutant.raw is None else path.write_bytes(mutant.raw)
            return caught(check, mutant), caught(check_seal, folder)
        finally:
            path.write_bytes(before)

    run.folder = folder
    return run


def wrong(mutant, errors):
    """What is wrong with how the damage was named; nothing where it is right."""
    error, sealed = errors
    if sealed is None or (error is None and mutant.kind not in SEAL):
        return f"{mutant.name} passes"
    if mutant.kind in SEAL:  # where the check finds it at all, it is perhaps another table that misses what is gone
        return ""
    place = (error.file, mutant.row and error.row, mutant.column and error.column)
    return f"{mutant.name}: {error}" if place != (mutant.file, mutant.row, mutant.column) else ""


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
        assert bool(sealed) is gone, (mutant.name, sealed)
        if error is None and mutant.kind in [*SEAL, "byte order mark"]:
            continue
        assert error is not None and error.file == mutant.file and mutant.says in str(error), (mutant.name, error)
        assert mutant.row in (None, error.row), (mutant.name, error)
        assert error.row or mutant.kind not in ("cut", "quote left open"), (mutant.name, error)


def test_damage_to_the_description_is_named(damaged):
    raw = (CASEDATA / "datapackage.json").read_bytes()
    many = [Mutant(kind, "datapackage.json", changed("datapackage.json", edit)) for kind, edit in DESCRIBED.items()]
    many += [Mutant(kind, "datapackage.json", make(raw)) for kind, make in WHOLE.items() if kind != "lines of Windows"]
    for mutant in many:
        error, sealed = damaged(mutant)
        assert sealed and (error or mutant.kind in BY_ITS_SEAL), mutant.name


def test_a_damaged_package_is_never_loaded(damaged):
    path = damaged.folder / "rules.csv"
    before = path.read_bytes()
    path.write_bytes(before.replace(b",684,", b",694,", 1))
    assert "rules.csv: is not as it was sealed" in str(caught(load_case, damaged.folder))
    path.write_bytes(before)
    assert caught(load_case, damaged.folder) is None


# ---- what would pass, were a protection gone -------------------------------------------------------------------------
def named(damaged, *kinds):
    """Whether each mutant of some kinds is named as it should be."""
    some = [m for m in of_tables() if m.kind in kinds and m.file in ("rules.csv", "cohort.csv", "events.csv")]
    return [not wrong(m, damaged(m)) for m in some]


def test_without_the_seal_what_reads_well_would_pass(damaged):
    some = [m for m in of_tables() if m.kind in ("one digit", "another word", "lines of Windows")]
    errors = [damaged(m) for m in some[:12]]
    assert all(sealed for _, sealed in errors) and not all(error for error, _ in errors)


def test_without_the_check_of_keys_a_row_given_twice_would_not_be_named(damaged, monkeypatch):
    assert all(named(damaged, "key twice", "row twice"))
    monkeypatch.setattr(pd.DataFrame, "duplicated", lambda self, *_: pd.Series(False, self.index))
    assert not any(named(damaged, "key twice", "row twice"))


@pytest.mark.parametrize(
    "limit, kind",
    [("enum", "unknown word"), ("pattern", "wrong form"), ("required", "required and empty"),
     ("minimum", "outside its limits")],
)  # fmt: skip
def test_without_a_limit_its_damage_would_not_be_named(damaged, monkeypatch, limit, kind):
    assert all(named(damaged, kind))
    original = check_casedata.fault_of

    def lax(text, field):
        limits = {k: v for k, v in field.get("constraints", {}).items() if k not in (limit, "maximum")}
        return original(text, {**field, "constraints": limits})

    monkeypatch.setattr(check_casedata, "fault_of", lax)
    assert not all(named(damaged, kind))


@pytest.mark.parametrize("kind, function", [("dangling link", "check_links"), ("no unit of it", "check_units")])
def test_without_the_check_of_links_a_dangling_one_would_not_be_named(damaged, monkeypatch, kind, function):
    assert all(named(damaged, kind))
    monkeypatch.setattr(check_casedata, function, lambda *_: None)
    assert not all(named(damaged, kind))
