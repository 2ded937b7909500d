"""Ways to damage a copy of the data package: each ends in a sentence that says where, and none passes.

What is damaged is drawn by the kind of damage and the file's name, so it is the same on every machine. A fault that
has a row and a column must be told with both, before the seal is asked: the digests of ``datapackage.json`` would catch
everything, and name nothing but the file. `SEAL` lists what is left to them, and why.
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

from tests.check_questions import items, prompts
from utils import case, tables
from utils.case import CaseDataError, load_case
from utils.tables import CASEDATA, describe

TABLES = describe()
READERS = {"items.yaml": items, "prompts.yaml": prompts, "references.json": case.references}
SEALED = "is not the file that datapackage.json describes"
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
    "digest": "the seal itself is what was damaged",
    "item gone": "what is left reads well",
    "other best": "another of the allowed answers",
}


class Mutant(NamedTuple):
    """One damaged file: what was done, its new bytes (None: it is gone), and the place that the sentence must name."""

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
    """The cells of a table: header and rows."""
    return list(csv.reader(io.StringIO((CASEDATA / file).read_text(encoding="utf-8"), newline="")))


def written(rows):
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


class Damage:
    """Every kind of damage to one table; each method may find nothing to damage there."""

    def __init__(self, resource, again=0):
        self.file, self.fields, self.again = resource["path"], resource["schema"]["fields"], again
        self.schema, self.rows = resource["schema"], read(resource["path"])
        self.header, self.raw = self.rows[0], (CASEDATA / resource["path"]).read_bytes()
        self.key = (
            [self.schema["primaryKey"]] if isinstance(self.schema["primaryKey"], str) else self.schema["primaryKey"]
        )
        self.links = {tuple(x["fields"]) if isinstance(x["fields"], list) else (x["fields"],) for x in
                      self.schema.get("foreignKeys", [])}  # fmt: skip

    def all(self):
        for kind, make in KINDS.items():
            self.draw = random.Random(f"{kind} {self.file} {self.again}")
            if found := make(self):
                raw, row, column = found
                yield Mutant(kind, self.file, raw, row, column)

    def cells(self, fits=lambda field: True, holds=lambda text: text != ""):
        """Where a cell can be damaged: (index of the row, index of the column), in an order that is drawn."""
        found = [
            (i, j)
            for j, field in enumerate(self.fields)
            if fits(field)
            for i in range(1, len(self.rows))
            if holds(self.rows[i][j])
        ]
        self.draw.shuffle(found)
        return found

    def with_cell(self, i, j, text):
        rows = [[*r] for r in self.rows]
        rows[i][j] = text
        return written(rows), i + 1, self.header[j]

    def any_cell(self, text, fits=lambda field: True, holds=lambda text: text != ""):
        """A cell replaced by `text`, or by what it makes of the old one."""
        for i, j in self.cells(fits, holds):
            new = text(self.rows[i][j]) if callable(text) else text
            if new != self.rows[i][j]:
                return self.with_cell(i, j, new)

    def column(self):
        return self.draw.randrange(len(self.header))

    def linked(self, field):
        return any(field["name"] == columns[-1] for columns in self.links)

    def keyed(self, field):
        return field["name"] in self.key or any(field["name"] in columns for columns in self.links)


def numeric(field):
    return field["type"] in ("number", "integer")


def bound(field, *names):
    return all(n in field.get("constraints", {}) for n in names)


def free(d):
    """Columns whose words are tied to nothing."""
    return lambda f: f["type"] == "string" and not set(f.get("constraints", {})) - {"required"} and not d.keyed(f)


def is_unit(field):
    return field["name"] in ("unit", "canonical_unit")


def digit(text):
    """The last digit moved by one."""
    at = max(i for i, c in enumerate(text) if c.isdigit())
    return text[:at] + str((int(text[at]) + 1) % 10) + text[at + 1 :]


def _dropped(d):
    j = d.column()
    return written([r[:j] + r[j + 1 :] for r in d.rows]), 1, d.header[j]


def _renamed(d):
    j = d.column()
    return written([[*d.header[:j], d.header[j].upper() + "_", *d.header[j + 1 :]], *d.rows[1:]]), 1, d.header[j]


def _order(d):
    j = d.draw.randrange(len(d.header) - 1)
    return written([[*r[:j], r[j + 1], r[j], *r[j + 2 :]] for r in d.rows]), 1, d.header[j + 1]


def _extra_column(d):
    return written([[*r, "extra" if r is d.header else "1"] for r in d.rows]), 1, "extra"


def _twice_column(d):
    return written([[*r, r[0]] for r in d.rows]), 1, d.header[0]


def _other_unit(d):
    """A unit of the same variable, where there is another."""
    name = next((n for n in ("variable", "input") if n in d.header), None)
    for i, j in d.cells(is_unit) if name else []:
        others = [u for u in UNITS.get(d.rows[i][d.header.index(name)], []) if u != d.rows[i][j]]
        if others:
            return d.with_cell(i, j, d.draw.choice(others))


def _alien_unit(d):
    """A unit of another variable."""
    if set(d.header) & {"variable", "input"} and d.file != "units.csv":  # there any word defines a unit
        return d.any_cell("furlongs", is_unit, lambda text: text in ALL_UNITS)


def _same_key(d):
    if len(d.rows) > 2:
        i, j = sorted(d.draw.sample(range(1, len(d.rows)), 2))
        rows = [[*r] for r in d.rows]
        for name in d.key:
            at = d.header.index(name)
            rows[j][at] = rows[i][at]
        return written(rows), j + 1, d.key[0]


def _row_twice(d):
    i = d.draw.randrange(1, len(d.rows))
    return written([*d.rows, d.rows[i]]), len(d.rows) + 1, d.key[0]


def _latin(d):
    i, j = d.cells(lambda f: f["type"] == "string")[0]
    rows = [[c.encode("ascii", "ignore").decode() for c in r] for r in d.rows]
    rows[i][j] += "é"
    return written(rows).decode().encode("latin-1"), i + 1, None


def _outside(d):
    for way in d.draw.sample(("minimum", "maximum"), 2):
        for i, j in d.cells(lambda f, way=way: numeric(f) and bound(f, way)):
            limit = d.fields[j]["constraints"][way]
            return d.with_cell(i, j, str(limit - 1 if way == "minimum" else limit + 1))


def _number_lost(d):
    """A required cell that is empty."""
    return d.any_cell("", lambda f: bound(f, "required"))


def _no_link(d):
    return d.any_cell("nowhere", d.linked)


def _unknown_word(d):
    return d.any_cell("perhaps", lambda f: bound(f, "enum") and not numeric(f))


def _wrong_form(d):
    return d.any_cell("§ 1", lambda f: bound(f, "pattern"))


def _another_code(d):
    for i, j in d.cells(lambda f: bound(f, "enum") and not numeric(f) and not d.keyed(f)):
        others = [x for x in d.fields[j]["constraints"]["enum"] if x != d.rows[i][j]]
        if others:
            return d.with_cell(i, j, d.draw.choice(others))


def _one_digit(d):
    for i, j in d.cells(lambda f: numeric(f) and not d.keyed(f)):
        new, limits = digit(d.rows[i][j]), d.fields[j].get("constraints", {})
        if limits.get("minimum", float(new)) <= float(new) <= limits.get("maximum", float(new)):
            return d.with_cell(i, j, new)


def _row_gone(d):
    i = d.draw.randrange(1, len(d.rows))
    return written(d.rows[:i] + d.rows[i + 1 :]), None, None


def _swapped_cells(d):
    for i, j in d.cells(free(d)):
        others = [k for k, f in enumerate(d.fields) if free(d)(f) and k != j and d.rows[i][k] not in ("", d.rows[i][j])]
        if others:
            k = d.draw.choice(others)
            rows = [[*r] for r in d.rows]
            rows[i][j], rows[i][k] = rows[i][k], rows[i][j]
            return written(rows), None, None


def _cut_in_row(d):
    i = d.draw.randrange(1, len(d.rows))
    before, whole = len(written(d.rows[:i])), len(written(d.rows[: i + 1]))
    return written(d.rows)[: d.draw.randrange(before + 1, whole - 1)], i + 1, None


def _cut_between(d):
    return written(d.rows[: max(2, len(d.rows) // 2)]) if len(d.rows) > 2 else None, None, None


def _more_cells(d):
    i = d.draw.randrange(1, len(d.rows))
    return written([[*r, "1"] if n == i else r for n, r in enumerate(d.rows)]), i + 1, None


def _fewer_cells(d):
    i = d.draw.randrange(1, len(d.rows))
    return written([r[:-1] if n == i else r for n, r in enumerate(d.rows)]), i + 1, None


def _naked_comma(d):
    for i, j in d.cells(numeric):
        lines = written(d.rows).decode().splitlines(keepends=True)
        text = d.rows[i][j]
        comma = text.replace(".", ",") if "." in text else text + ",0"
        row = [f'"{c}"' if "," in c and k != j else c for k, c in enumerate(d.rows[i])]
        if '"' not in "".join(d.rows[i]):
            lines[i] = ",".join([*row[:j], comma, *row[j + 1 :]]) + "\n"
            return "".join(lines).encode(), i + 1, None


def _open_quote(d):
    i, j = d.cells(lambda f: f["type"] == "string")[0]
    before, row = written(d.rows[:i]), d.rows[i]
    head = written([row[:j]]).rstrip(b"\n") + b"," if j else b""
    return before + head + b'"' + written([row[j:]]) + written(d.rows[i + 1 :]), i + 1, None


def _quote_inside(d):
    for i, j in d.cells(free(d), lambda text: len(text) > 3 and not set(text) & set('",\n')):
        text = d.rows[i][j]
        mark, raw = "qzqzq", d.with_cell(i, j, text[:2] + "qzqzq" + text[2:])[0]
        return raw.replace(mark.encode(), b'"'), None, None


def _blank_end(d):
    return d.raw + b"\n", len(d.rows) + 1, None


def _blank_middle(d):
    i = d.draw.randrange(1, len(d.rows))
    return written(d.rows[:i]) + b"\n" + written(d.rows[i:]), i + 1, None


def _number(text):
    return lambda d: d.any_cell(text, numeric)


KINDS = {
    "column dropped": _dropped,
    "column renamed": _renamed,
    "columns in another order": _order,
    "column too many": _extra_column,
    "column twice": _twice_column,
    "another unit of it": _other_unit,
    "no unit of it": _alien_unit,
    "key twice": _same_key,
    "row twice": _row_twice,
    "Latin-1": _latin,
    "UTF-16": lambda d: (d.raw.decode().encode("utf-16"), 1, None),
    "UTF-16 without its mark": lambda d: (d.raw.decode().encode("utf-16-le"), None, None),
    "byte order mark": lambda d: (b"\xef\xbb\xbf" + d.raw, 1, None),
    "NaN": _number("NaN"),
    "n/a": _number("n/a"),
    "infinite": _number("inf"),
    "below a limit of detection": _number("<5"),
    "beyond every number": _number("1" + "0" * 400),
    "digits of another script": _number(lambda text: text.translate({ord("0") + n: ord("０") + n for n in range(10)})),
    "underscore": _number(lambda text: f"1_0{text}"),
    "space in a number": _number(lambda text: f" {text}"),
    "hard space in a number": _number(lambda text: f"{text}\u00a0"),
    "comma in a cell": _number(lambda text: text.replace(".", ",") if "." in text else text + ",0"),
    "comma without quotes": _naked_comma,
    "outside its limits": _outside,
    "below zero": lambda d: d.any_cell("-7", lambda f: numeric(f) and not bound(f, "minimum")),
    "whole number with a half": lambda d: d.any_cell("1.5", lambda f: f["type"] == "integer"),
    "required and empty": _number_lost,
    "unknown word": _unknown_word,
    "space behind a word": lambda d: d.any_cell(lambda t: t + " ", lambda f: bound(f, "enum") and not numeric(f)),
    "another code": _another_code,
    "wrong form": _wrong_form,
    "neither true nor false": lambda d: d.any_cell("yes", lambda f: f["type"] == "boolean"),
    "truth in capitals": lambda d: d.any_cell(str.upper, lambda f: f["type"] == "boolean"),
    "dangling link": _no_link,
    "one digit": _one_digit,
    "another word": lambda d: d.any_cell("another word", free(d)),
    "cells swapped": _swapped_cells,
    "row gone": _row_gone,
    "row cut": _cut_in_row,
    "cut between rows": lambda d: _cut_between(d) if len(d.rows) > 2 else None,
    "cell too many": _more_cells,
    "cell too few": _fewer_cells,
    "quote left open": _open_quote,
    "quote inside": _quote_inside,
    "blank line at the end": _blank_end,
    "blank line in the middle": _blank_middle,
    "lines of Windows": lambda d: (d.raw.replace(b"\n", b"\r\n"), None, None),
    "nothing but a header": lambda d: (written(d.rows[:1]), None, None),
    "empty": lambda d: (b"", None, None),
    "missing": lambda d: (None, None, None),
    "page of a browser": lambda d: (b"<!DOCTYPE html>\n<html><body>404</body></html>\n", 1, None),
}
UNITS = pd.DataFrame(read("units.csv")[1:]).groupby(0)[1].apply(list).to_dict()
ALL_UNITS = {u for units in UNITS.values() for u in units}


@functools.cache
def of_tables(again=0):
    return [m for resource in TABLES.values() for m in Damage(resource, again).all()]


def loads(folder, file):
    """Read what a reader of that file would, then the case."""
    if file in READERS:
        READERS[file].__wrapped__(folder)
    load_case(folder)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """A function that loads a copy with one damaged file and gives the error, or None.

    Tables that are as they were are read once: what is tested is the rest of `load_case`, which runs each time.
    """
    folder = shutil.copytree(CASEDATA, tmp_path_factory.mktemp("damaged") / "casedata")
    whole, mended = {}, pytest.MonkeyPatch()
    original = tables.read_table

    def read_table(name, where=CASEDATA):
        path = describe(where)[name]["path"] if name in describe(where) else None
        if where != folder or read_table.damaged in (path, "datapackage.json"):
            return original(name, where)
        if name not in whole:
            whole[name] = original(name, where)
        return whole[name]

    mended.setattr(case, "read_table", read_table)

    def load(mutant):
        path = folder / mutant.file
        before, read_table.damaged = path.read_bytes(), mutant.file
        assert before != mutant.raw, f"{mutant.name}: the damage did nothing"
        try:
            path.unlink() if mutant.raw is None else path.write_bytes(mutant.raw)
            loads(folder, mutant.file)
        except CaseDataError as error:
            return error
        finally:
            path.write_bytes(before)
        return None

    yield load
    mended.undo()


# ---- files that are no tables ---------------------------------------------------------------------------------------
DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


@functools.cache
def read_once(file):
    text = (CASEDATA / file).read_text(encoding="utf-8")
    return pickle.dumps(yaml.load(text, tables._Keys) if file.endswith(".yaml") else json.loads(text))


def changed(file, edit):
    """The bytes of a file whose content was edited: a list of entries, or the description."""
    content = pickle.loads(read_once(file))
    edit(content)
    return (
        yaml.dump(content, Dumper=DUMPER, allow_unicode=True) if file.endswith(".yaml") else json.dumps(content)
    ).encode()


ENTRIES = {  # kind of damage: (file, what is done to entry 5, whether the seal alone can see it)
    "no id": ("*", lambda e: e.pop("id"), False),
    "id of no text": ("*", lambda e: e.update(id=7), False),
    "no stem": (".yaml", lambda e: e.pop("stem"), False),
    "empty stem": (".yaml", lambda e: e.update(stem=" "), False),
    "stem of no text": (".yaml", lambda e: e.update(stem=7), False),
    "no notebook": (".yaml", lambda e: e.pop("notebook"), False),
    "notebook as a number": (".yaml", lambda e: e.update(notebook=3), False),
    "no kind": (".yaml", lambda e: e.pop("kind"), False),
    "unknown kind": (".yaml", lambda e: e.update(kind="song"), False),
    "no title": ("references.json", lambda e: e.pop("title"), False),
    "no options": ("items.yaml", lambda e: e.pop("options"), False),
    "options in a word": ("items.yaml", lambda e: e.update(options="abc"), False),
    "option gone": ("items.yaml", lambda e: e["options"].pop(), False),
    "option without words": ("items.yaml", lambda e: e["options"][1].pop("text"), False),
    "option key": ("items.yaml", lambda e: e["options"][1].update(key="B"), False),
    "option without a reason": ("items.yaml", lambda e: e["options"][2].pop("why"), False),
    "reason too short": ("items.yaml", lambda e: e["options"][2].update(why="Because."), False),
    "rests on nothing": ("items.yaml", lambda e: e["options"][0].update(rests_on=[]), False),
    "rests on a word": ("items.yaml", lambda e: e["options"][0].update(rests_on="U02"), False),
    "best is no option": ("items.yaml", lambda e: e.update(best="d"), False),
    "no best": ("items.yaml", lambda e: e.pop("best"), False),
    "voice unknown": ("items.yaml", lambda e: e.update(voices={"rumour": "…"}), False),
    "voice without words": ("items.yaml", lambda e: e.update(voices={"data": None}), False),
    "voices in a word": ("items.yaml", lambda e: e.update(voices="data"), False),
    "other best": ("items.yaml", lambda e: e.update(best={"a": "b", "b": "c", "c": "a"}[e["best"]]), True),
    "word edited": ("items.yaml", lambda e: e.update(stem=e["stem"] + " not"), True),
    "no fields": ("prompts.yaml", lambda e: e.pop("fields"), False),
    "field without words": ("prompts.yaml", lambda e: e["fields"].update({k: None for k in e["fields"]}), False),
    "look for a number": ("prompts.yaml", lambda e: e.update(look_for=[1]), False),
    "fields in a list": ("prompts.yaml", lambda e: e.update(fields=["for"]), False),
}
WHOLE = {  # (new bytes, whether a row can be named)
    "cut": (lambda raw: raw[: len(raw) * 2 // 3].rsplit(b"\n", 1)[0] + b'\n"i', True),
    "empty": (lambda raw: b"", False),
    "missing": (lambda raw: None, False),
    "Latin-1": (lambda raw: "é: [ü".encode("latin-1") + raw, False),
    "UTF-16": (lambda raw: raw.decode().encode("utf-16"), False),
    "a number": (lambda raw: b"7\n", False),
    "an object": (lambda raw: b"{}\n", False),
    "a word in a list": (lambda raw: b'["word"]\n', False),
    "quote left open": (
        lambda raw: raw.replace(b"id: N", b'id: "N', 1).replace(b"id: W", b'id: "W', 1).replace(b'"id"', b'""id"', 1),
        True,
    ),
    "nested without end": (lambda raw: b"[" * 5000, False),
    "lines of Windows": (lambda raw: raw.replace(b"\n", b"\r\n"), False),
    "byte order mark": (lambda raw: b"\xef\xbb\xbf" + raw, False),
}


def of_lists():
    """Damage to the lists in YAML and JSON, as (mutant, the entry that must be named or "")."""
    for kind, (where, edit, _) in ENTRIES.items():
        for file in READERS:
            if where == "*" or file.endswith(where):
                listed = [*READERS[file]().values()]
                at = next(n for n, e in enumerate(listed) if n > 3 and ("fields" in e or file != "prompts.yaml"))
                raw = changed(file, lambda content, at=at, edit=edit: edit(content[at]))
                yield Mutant(kind, file, raw), listed[at - 1 if kind in ("no id", "id of no text") else at]["id"]
    for file in READERS:
        raw = (CASEDATA / file).read_bytes()
        listed = [*READERS[file]()]
        yield Mutant("id twice", file, changed(file, lambda c: c[6].update(id=c[2]["id"]))), listed[2]
        yield Mutant("item gone", file, changed(file, lambda c: c.pop(4))), ""
        for kind, (make, _) in WHOLE.items():
            yield Mutant(kind, file, make(raw)), ""
    for file in ("items.yaml", "prompts.yaml"):
        text = (CASEDATA / file).read_text(encoding="utf-8")
        line = text.splitlines().index("  notebook: " + text.partition("  notebook: ")[2].partition("\n")[0])
        twice = text.splitlines(keepends=True)
        twice.insert(line, twice[line])
        yield Mutant("key twice", file, "".join(twice).encode(), row=line + 2), ""
        tabbed = text.replace("  notebook: ", "\tnotebook: ", 1)
        yield Mutant("tabulator", file, tabbed.encode(), row=line + 1), ""


DESCRIBED = {  # damage to datapackage.json
    "resource gone": lambda d: d["resources"].pop(3),
    "schema gone": lambda d: d["resources"][3].pop("schema"),
    "type gone": lambda d: d["resources"][3]["schema"]["fields"][0].pop("type"),
    "unknown type": lambda d: d["resources"][3]["schema"]["fields"][0].update(type="colour"),
    "field gone": lambda d: d["resources"][3]["schema"]["fields"].pop(1),
    "field renamed": lambda d: d["resources"][3]["schema"]["fields"][1].update(name="other"),
    "no resources": lambda d: d.pop("resources"),
    "resources in a word": lambda d: d.update(resources="all"),
    "path gone": lambda d: d["resources"][3].pop("path"),
    "path elsewhere": lambda d: d["resources"][3].update(path="../elsewhere.csv"),
    "path of another": lambda d: d["resources"][3].update(path="units.csv"),
    "path is a number": lambda d: d["resources"][3].update(path=7),
    "name of another": lambda d: d["resources"][3].update(name="units"),
    "pattern broken": lambda d: d["resources"][5]["schema"]["fields"][0].update(constraints={"pattern": "("}),
    "limit is a word": lambda d: d["resources"][5]["schema"]["fields"][3].update(constraints={"minimum": "x"}),
    "limit gone": lambda d: d["resources"][3]["schema"]["fields"][2]["constraints"].pop("enum"),
    "title edited": lambda d: d["resources"][3].update(title="other"),
    "limits in a list": lambda d: d["resources"][5]["schema"]["fields"][0].update(constraints=[1]),
    "key of no column": lambda d: d["resources"][5]["schema"].update(primaryKey=["nothing"]),
    "link of no column": lambda d: d["resources"][5]["schema"]["foreignKeys"][0].update(fields=["nothing"]),
    "link to no table": lambda d: d["resources"][5]["schema"]["foreignKeys"][0]["reference"].update(resource="no"),
    "links in a word": lambda d: d["resources"][5]["schema"].update(foreignKeys="all"),
    "digest": lambda d: d["resources"][5].update(hash="sha256:0"),
    "digest gone": lambda d: d["resources"][5].pop("hash"),
    "digest of none": lambda d: [r.pop("hash") for r in d["resources"]],
}


def of_description():
    raw = (CASEDATA / "datapackage.json").read_bytes()
    for kind, edit in DESCRIBED.items():
        yield Mutant(kind, "datapackage.json", changed("datapackage.json", edit))
    for kind, (make, _) in WHOLE.items():
        if kind != "lines of Windows":  # the description is what holds the digests, and has none
            yield Mutant(kind, "datapackage.json", make(raw))


# ---- the tests ------------------------------------------------------------------------------------------------------
def wrong(mutant, error):
    """What is wrong with how the damage was told; nothing where it is right."""
    if error is None:
        return f"{mutant.name} passes"
    if mutant.kind in SEAL:  # told at all; where another table misses what is gone, it is that table which says so
        return ""
    place = (error.file, mutant.row and error.row, mutant.column and error.column)
    if SEALED in str(error) or place != (mutant.file, mutant.row, mutant.column):
        return f"{mutant.name}: should name {mutant[3:5]}, and says {error}"
    return ""


def test_damage_to_each_kind_of_table_is_told_with_row_and_column(loaded):
    by_kind = {}
    for mutant in of_tables():
        by_kind.setdefault(mutant.kind, []).append(mutant)
    some = []
    for kind, those in by_kind.items():
        some += random.Random(kind).sample(those, min(len(those), 1 if kind in SEAL else 3))
    assert len(some) > 120
    assert not [w for m in some if (w := wrong(m, loaded(m)))]


@pytest.mark.slow
def test_no_damage_to_any_table_passes(loaded):
    told = []
    for mutant in of_tables(1):
        error = loaded(mutant)
        assert not (w := wrong(mutant, error)), w
        told.append((mutant.kind, "seal" if SEALED in str(error) else "row" if error.row else "file"))
    counts = pd.DataFrame(told, columns=["kind", "by"]).value_counts().unstack(fill_value=0)
    print(counts.to_string())  # to be seen with -s
    assert len(told) > 1500 and not counts["seal"].drop(list(SEAL), errors="ignore").any()
    assert counts["row"].sum() / counts.to_numpy().sum() > 0.75


@pytest.mark.slow
def test_damage_to_a_list_is_told_with_its_entry(loaded):
    many = [*of_lists()]
    assert len(many) > 80
    for mutant, entry in many:
        error = loaded(mutant)
        if error is None and mutant.file in tables.WORDS and mutant.kind in [*SEAL, "byte order mark"]:
            continue  # changed words stop nobody: whoever runs the server is warned
        assert error is not None and error.file == mutant.file, (mutant.name, error)
        sealed = SEALED in str(error)
        assert not sealed or mutant.kind in [*SEAL, "byte order mark"], (mutant.name, error)
        assert sealed or entry in str(error), (mutant.name, error)
        assert mutant.row in (None, error.row), (mutant.name, error)
        if mutant.kind in WHOLE and WHOLE[mutant.kind][1]:
            assert error.row, (mutant.name, error)


def test_damage_to_the_description_is_told(loaded):
    for mutant in of_description():
        assert loaded(mutant) is not None, mutant.name


# ---- what would pass, were a protection gone ------------------------------------------------------------------------
def caught(loaded, *kinds):
    """How many mutants of some kinds are told as they should be, and how many at all."""
    some = [m for m in of_tables() if m.kind in kinds and m.file in ("rules.csv", "cohort.csv", "events.csv")]
    return [not wrong(m, loaded(m)) for m in some]


def test_without_the_seal_what_reads_well_would_pass(loaded, monkeypatch):
    kinds = ("one digit", "another word", "lines of Windows")
    assert all(caught(loaded, *kinds))
    monkeypatch.setattr(case, "check_seal", lambda folder: None)
    assert not all(caught(loaded, *kinds))


@pytest.mark.parametrize("kinds", [("key twice", "row twice")])
def test_without_the_check_of_keys_a_row_told_twice_would_not_be_named(loaded, monkeypatch, kinds):
    assert all(caught(loaded, *kinds))
    monkeypatch.setattr(pd.DataFrame, "duplicated", lambda self, *_: pd.Series(False, self.index))
    assert not any(caught(loaded, *kinds))


@pytest.mark.parametrize(
    "limit, kind",
    [("enum", "unknown word"), ("pattern", "wrong form"), ("required", "required and empty"),
     ("minimum", "outside its limits")],
)  # fmt: skip
def test_without_a_limit_its_damage_would_not_be_named(loaded, monkeypatch, limit, kind):
    assert all(caught(loaded, kind))
    original = tables._convert

    def lax(text, field, *place):
        limits = {k: v for k, v in field.get("constraints", {}).items() if k not in (limit, "maximum")}
        return original(text, {**field, "constraints": limits}, *place)

    monkeypatch.setattr(tables, "_convert", lax)
    assert not all(caught(loaded, kind))


@pytest.mark.parametrize("kind, function", [("dangling link", "check_references"), ("no unit of it", "_check_units")])
def test_without_the_check_of_links_a_dangling_one_would_not_be_named(loaded, monkeypatch, kind, function):
    assert all(caught(loaded, kind))
    monkeypatch.setattr(case if function in vars(case) else tables, function, lambda *_: None)
    assert not all(caught(loaded, kind))
