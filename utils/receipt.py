"""A receipt of what you answered: one small file that you save yourself, and that goes nowhere by itself."""

import csv
import io
import json
import re
import time
import tomllib
from importlib import metadata
from pathlib import Path

import pandas as pd

from utils.cards import CONFIDENCE
from utils.forms import prompts
from utils.page import say
from utils.quiz import items
from utils.record import _replace, read

NAME, TITLE = "mas-casebook-receipt.json", "MAS Casebook receipt"
ROW = ["item", "notebook", "kind", "answer", "confidence", "when"]
WRITTEN = ["field", "words"]  # in a row of their own, and only where they are asked for
__all__ = ["read_receipts", "save_receipt"]


def _version():
    """The version of this copy of the collection, which need not be installed."""
    file = Path(__file__).resolve().parent.parent / "pyproject.toml"
    if file.exists():
        return tomllib.loads(file.read_text(encoding="utf-8"))["project"]["version"]
    return metadata.version("mas-casebook")


def _when(entry):
    """The moment of an entry; what somebody typed into the record instead is not handed on."""
    at = str(entry.get("at", ""))
    return at if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", at) else ""


def _rows(written):
    """One row an answer, in the collection's order, and the sentence of a record that cannot be read."""
    given, warning = read()
    found = []
    for name, item in items().items():  # only what is a question here: an id made up in the record may tell a name
        if entry := given.get(name):
            sure = entry.get("confidence", "") if entry.get("confidence") in CONFIDENCE else ""
            told = (name, item["notebook"], item["kind"], entry["choice"], sure, _when(entry))
            found.append(dict(zip(ROW, told, strict=True)))
    for name, prompt in prompts().items() if written else ():
        entry = read("forms")[0].get(name, {"fields": {}})
        for field, words in entry["fields"].items():
            told = (name, prompt["notebook"], prompt["kind"], "", "", _when(entry), field, words)
            found.append(dict(zip(ROW + WRITTEN, told, strict=True)))
    return found, warning


def _free(file):
    """That file name, or the first of -2, -3, … that no file has yet."""
    number, name = 1, file
    while name.exists():
        number += 1
        name = file.with_name(f"{file.stem}-{number}{file.suffix}")
    return name


def save_receipt(path=None, written=False, replace=False):
    """Save a receipt: for each question that you answered, your first answer, how sure you were, and when.

    No name, no machine and no folder is in it, and nothing that you wrote unless you ask for that. It is a file
    like any other: whether anybody gets it is for you to decide.

    Parameters
    ----------
    path : str or Path, optional
        The file; beside the notebook by default. A name that ends in ``.csv`` makes a table, any other JSON.
    written : bool
        Put in what you wrote and ranked as well; only into JSON, since a spreadsheet may run text as a formula.
    replace : bool
        Take the place of a file that is there; otherwise the new one gets a number, such as ``-2``.

    Returns
    -------
    Shown
        Where it lies and what is in it, or why none was saved.
    """
    try:
        file = Path(NAME if path is None else path).expanduser().absolute()
        file = file / NAME if file.is_dir() else file
        table = file.suffix.lower() == ".csv"
        if table and written:
            return say("What you wrote goes into JSON only: give a name that ends in .json. Nothing was saved.")
        rows, warning = _rows(written)
        if not rows:
            return say(f"{warning}There is nothing in your record to put on a receipt yet. Nothing was saved.")
        head = {"version": _version(), "made": time.strftime("%Y-%m-%dT%H:%M:%S")}
        if table:
            text = io.StringIO()
            sheet = csv.DictWriter(text, [*ROW, *head], lineterminator="\n")
            sheet.writeheader()
            sheet.writerows([row | head for row in rows])
            text = text.getvalue()
        else:
            text = json.dumps({"title": TITLE, **head, "rows": rows}, indent=1, ensure_ascii=False) + "\n"
        file = file if replace else _free(file)
        _replace(file, text)
    except (OSError, TypeError, ValueError, RuntimeError) as fault:  # RuntimeError: "~" of somebody who is not here
        why = getattr(fault, "strerror", None) or fault
        return say(f"The receipt could not be saved there ({why}). Give another place: save_receipt('folder/a.json').")
    own = sum("words" in row for row in rows)
    more = f" and {own} field{'s' * (own != 1)} that you filled in, as you wrote them" if own else ""
    nobody = "No machine is in it, and no name but what you wrote." if own else "No name and no machine is in it."
    count = len(rows) - own
    return say(
        f"{warning}Your receipt is {file}: {count} answer{'s' * (count != 1)}{more}, each with its id, notebook, "
        f"kind, confidence and time. {nobody} It lies there and is sent nowhere."
    )


def _receipt(file):
    """The rows of one receipt as a list of dict; ValueError where it is none."""
    text = file.read_text(encoding="utf-8-sig")  # a spreadsheet may have put its mark before it
    if file.suffix.lower() == ".csv":
        sheet = csv.DictReader(io.StringIO(text))
        rows, right = list(sheet), sheet.fieldnames == [*ROW, "version", "made"]
    else:
        whole = json.loads(text)
        head, right = {k: whole[k] for k in ("version", "made")}, whole["title"] == TITLE
        rows = [{**row, **head} for row in whole["rows"]]
    if not right:
        raise ValueError("its head is not that of a receipt")
    known = {*ROW, *WRITTEN, "version", "made"}
    for row in rows:
        if not {*ROW, "version", "made"} <= set(row) <= known or not all(isinstance(v, str) for v in row.values()):
            raise ValueError("its rows are not those of a receipt")
        if row["answer"] not in ("a", "b", "c") and not (row["answer"] == "" and "words" in row):
            raise ValueError(f"{row['answer']!r} is no answer")
    return rows


def read_receipts(folder="."):
    """All receipts in a folder, for a teacher who was handed them.

    Parameters
    ----------
    folder : str or Path
        Its files ending in .json or .csv are read; the file's name is all that tells whose it is.

    Returns
    -------
    pandas.DataFrame
        One row a file and item, in the order of the files' names. What is no receipt is skipped and named in
        words, here and in ``attrs["skipped"]``.
    """
    found, skipped, files = [], [], []
    try:
        files = sorted(p for p in Path(folder).iterdir() if p.suffix.lower() in (".json", ".csv"))
    except OSError as fault:
        print(f"{folder} cannot be read ({fault.strerror}): give the folder in which the receipts lie.")
    for file in files:
        try:
            found += [{"file": file.name, **row} for row in _receipt(file)]
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, csv.Error) as fault:
            skipped.append(f"{file.name} was skipped, it is not a receipt: {fault or type(fault).__name__}")
            print(skipped[-1])
    own = WRITTEN if any("words" in row for row in found) else []
    frame = pd.DataFrame(found, columns=["file", *ROW, "version", "made", *own])
    frame.attrs["skipped"] = skipped
    return frame
