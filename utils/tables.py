"""Reads the data package and holds each file to its seal; that each cell is right is ``tests/check_casedata.py``'s."""

import hashlib
import io
import json
import os
import sys
from functools import cache
from pathlib import Path

import pandas as pd
import yaml

CASEDATA = Path(__file__).resolve().parent.parent / "casedata"
WORDS = ("items.yaml", "prompts.yaml")
REBUILD = f"{'py' if os.name == 'nt' else 'python3'} lab.py rebuild   (in the folder that holds lab.py)"
NOT_SEALED = f"is not as it was sealed: restore it, or, if the change is meant, run: {REBUILD}"
DTYPES = {"number": "float64", "integer": "Int64", "boolean": "boolean", "string": "object"}


class CaseDataError(ValueError):
    """A file of the data package cannot be used; `file`, `row` (the header is row 1) and `column` say where."""

    def __init__(self, file, why, row=None, column=None):
        self.file, self.row, self.column = file, row, column
        place = file + (f", row {row}" if row else "") + (f", column {column}" if column else "")
        super().__init__(f"{place}: {why}")


def read_bytes(file, folder):
    try:
        return (folder / file).read_bytes()
    except OSError as fault:
        raise CaseDataError(file, f"cannot be read in {folder.name}/ ({fault.strerror}): restore it") from None


def package(folder=CASEDATA):
    """What ``datapackage.json`` says, a dict."""
    try:
        described = json.loads(read_bytes("datapackage.json", folder).decode())
        _ = [r["name"] + r["path"] for r in described["resources"]]
        return described
    except CaseDataError:
        raise
    except (ValueError, KeyError, TypeError, RecursionError) as fault:
        raise CaseDataError("datapackage.json", f"cannot be read ({fault}): restore it") from None


@cache
def describe(folder=CASEDATA):
    """The tables of the package as a dict of name -> resource, read once; `folder` is a Path."""
    return {r["name"]: r for r in package(folder)["resources"] if r["path"].endswith(".csv")}


def digest(content):
    """The digest of a file's bytes; of a description, of what it says, whatever its layout and its own digest."""
    if isinstance(content, dict):
        content = json.dumps({k: v for k, v in content.items() if k != "hash"}, sort_keys=True).encode()
    return "sha256:" + hashlib.sha256(content).hexdigest()


def _sealed(resource, folder):
    """A file's bytes, or the description itself; CaseDataError where it is not as sealed. Changed words stop nobody."""
    file = resource.get("path", "datapackage.json")
    content = read_bytes(file, folder) if "path" in resource else resource
    if digest(content) != resource.get("hash"):
        if file not in WORDS:
            raise CaseDataError(file, NOT_SEALED)
        if sys.__stderr__:  # the window or log of the server, never a notebook's output
            print(file, NOT_SEALED, file=sys.__stderr__)
    return content


def check_seal(folder=CASEDATA):
    """Hold the description and every file to the digests in ``datapackage.json``."""
    for each in (described := package(folder), *described["resources"]):
        _sealed(each, folder)


def parse(raw, resource):
    """The bytes of a table as a DataFrame: empty cells of text are "", others missing."""
    dtype = {f["name"]: DTYPES[f["type"]] for f in resource["schema"]["fields"]}
    empty = {name: [""] for name, kind in dtype.items() if kind != "object"}
    return pd.read_csv(io.BytesIO(raw), dtype=dtype, keep_default_na=False, na_values=empty)


@cache
def kept(name, folder):
    """One table, read once; it is `read_table`'s to hand out."""
    resource = describe(folder)[name]
    return parse(_sealed(resource, folder), resource)


def read_table(name, folder=CASEDATA):
    """One table, by its name in ``datapackage.json``: a DataFrame. CaseDataError where it is not as it was sealed."""
    return kept(name, folder).copy()


def read_entries(file, fault=lambda entry: "", folder=CASEDATA):
    """The entries of a list in YAML or JSON: a dict of id -> dict; `fault` says in words what is wrong with one."""
    raw, found, name = read_bytes(file, folder), {}, "the first entry"
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C is several times as fast
    try:
        listed = json.loads(raw.decode()) if file.endswith(".json") else yaml.load(raw.decode(), loader)
        if not isinstance(listed, list) or not listed:
            raise TypeError("no list of entries")
        for entry in listed:
            if not isinstance(entry["id"], str) or entry["id"] in found:
                raise TypeError(f"the next has no id of its own: {entry['id']}")
            found[name := entry["id"]] = entry
            if why := fault(entry):
                raise TypeError(why)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError, yaml.YAMLError) as odd:
        why = " ".join((f"no {odd}" if isinstance(odd, KeyError) else str(odd)).split())
        raise CaseDataError(file, f"{name}: cannot be read: {why}") from None
    return found
