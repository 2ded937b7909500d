"""What a teacher does with the receipts of a class: read a folder of them into one table, and count its votes."""

import json
import re
from pathlib import Path

import pandas as pd

from utils.chapters import patient
from utils.phrases import phrase
from utils.quiz import CONFIDENCE, changed_since, items, prompts
from utils.receipt import HEAD, REVISION, ROW, TITLE, WHEN
from utils.record import is_text

FORMULA = tuple("=+-@\t\r")  # a spreadsheet may run what begins so
LARGEST = 2_000_000  # bytes; a receipt of everything has a tenth of it
FAULTS = (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError)  # of a foreign file
LATER = {"first_vote": "", "revision": ""}  # what receipts from before there were votes and revisions lack


def _receipt(file):
    """The rows of one receipt as a list of dict; one of `FAULTS` where it is none."""
    if not file.is_file() or file.stat().st_size > LARGEST:
        raise ValueError(phrase("receipt.too_large"))
    whole = json.loads(file.read_text(encoding="utf-8"))
    if whole["title"] != TITLE:
        raise ValueError(phrase("receipt.other_head"))
    rows = [{**LATER, **row, **{k: whole[k] for k in HEAD}} for row in whole["rows"]]
    for row in rows:
        _check(row)
    if len({(row["item"], row["field"]) for row in rows}) < len(rows):
        raise ValueError(phrase("receipt.twice"))
    return rows


def _check(row):
    """Hold one row to what `save_receipt` writes; ValueError that says what is odd."""
    if not {*ROW, *HEAD} <= set(row) <= {*ROW, *HEAD, "words"} or not all(map(is_text, row.values())):
        raise ValueError(phrase("receipt.other_rows"))
    if any(v.startswith(FORMULA) for k, v in row.items() if k != "words"):
        raise ValueError(phrase("receipt.formula"))
    item, field, answer, written = row["item"], row["field"], row["answer"], "words" in row
    if item in items():
        fits = re.fullmatch("[abc]", answer) and re.fullmatch("[abc]?", row["first_vote"]) and not field and not written
    elif item in prompts():
        fits = field and written and not answer and not row["first_vote"]
    elif item in patient.names():
        fits = field and answer and not written and not row["first_vote"]
    else:
        raise ValueError(phrase("receipt.not_asked", item=repr(item)))
    patterns = {"revision": REVISION, "when": WHEN, "made": WHEN, "confidence": f"({'|'.join(CONFIDENCE)})?"}
    if not fits or not all(re.fullmatch(pattern, row[column]) for column, pattern in patterns.items()):
        raise ValueError(phrase("receipt.odd_row", item=item))


def read_receipts(folder="."):
    """All receipts in a folder (its files ending in .json), for a teacher who was handed them.

    Returns
    -------
    pandas.DataFrame
        One row a file and item, in the order of the files' names, which alone tell whose they are. What is no receipt
        is skipped and named in words, here and in ``attrs["skipped"]``.
    """
    found, skipped, files = [], [], []
    try:
        files = sorted(p for p in Path(folder).expanduser().iterdir() if p.suffix.lower() == ".json")
    except (OSError, TypeError, ValueError, RuntimeError) as fault:
        print(phrase("receipt.no_folder", folder=folder, why=getattr(fault, "strerror", None) or fault))
    for file in files:
        try:
            found += [{"file": file.name, **row} for row in _receipt(file)]
        except FAULTS as fault:
            skipped.append(phrase("receipt.skipped", file=file.name, why=fault or type(fault).__name__))
            print(skipped[-1])
    own = ["words"] if any("words" in row for row in found) else []
    frame = pd.DataFrame(found, columns=["file", *ROW, *HEAD, *own])
    frame.attrs["skipped"] = skipped
    return frame


def current(receipts):
    """The rows of a table of `read_receipts` that answer a question as it stands now (DataFrame)."""
    asked = receipts[receipts["item"].isin([*items()])]
    now = [not changed_since(items()[name], {"revision": r}) for name, r in asked[["item", "revision"]].to_numpy()]
    return asked[pd.Series(now, asked.index, dtype=bool)]


def chosen(names, **votes):
    """How often each option of these questions was chosen: `votes` is a vote's name -> (its receipts, their column)."""
    rows = pd.MultiIndex.from_product([names, list("abc")], names=["item", "option"])
    sizes = {vote: table.groupby(["item", column]).size() for vote, (table, column) in votes.items()}
    return pd.DataFrame({vote: size.reindex(rows, fill_value=0) for vote, size in sizes.items()})


def votes(receipts):
    """How a class voted before and after it talked, from the table of `read_receipts`.

    Returns
    -------
    pandas.DataFrame
        How many chose each option in their ``first`` and in their ``second`` vote, a row a question and option. Who
        gave only one vote is not counted, nor is an answer to a question that has been changed since.
    """
    both = current(receipts[receipts["first_vote"] != ""])
    return chosen(both["item"].unique(), first=(both, "first_vote"), second=(both, "answer"))
