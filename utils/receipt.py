"""A receipt of what you answered: one small file that you save yourself, and that goes nowhere by itself."""

import csv
import io
import json
import os
import re
import time
import tomllib
from importlib import metadata
from pathlib import Path

import ipywidgets as widgets
import pandas as pd

from utils.explore import Explorer
from utils.page import say
from utils.phrases import phrase
from utils.quiz import CONFIDENCE, changed_since, hypotheses, items, prompts
from utils.record import is_text, read, write_whole

NAME, TITLE = "mas-casebook-receipt.json", "MAS Casebook receipt"
# A question has no field, and what is not a question no revision.
ROW = ["item", "notebook", "kind", "field", "answer", "confidence", "when", "first_vote", "revision"]
OLD = (ROW[:-1], ROW[:-2])  # of receipts from before there were revisions, and two votes
HEAD = ["version", "made"]
REVISION = "([0-9a-f]{8})?"  # empty where a question stands as it did before revisions were kept
WHEN = r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)?"
FORMULA = tuple("=+-@\t\r")  # a spreadsheet may run what begins so
LARGEST = 2_000_000  # bytes; a receipt of everything has a tenth of it
DEVICES = {"CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in "0123456789¹²³")}
FAULTS = (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, csv.Error)  # of a foreign file
__all__ = ["offer_receipt", "read_receipts", "save_receipt", "votes"]


def version():
    """The version of this copy of the collection, which need not be installed."""
    file = Path(__file__).resolve().parent.parent / "pyproject.toml"
    if file.exists():
        return tomllib.loads(file.read_text(encoding="utf-8"))["project"]["version"]
    return metadata.version("mas-casebook")


def _row(name, notebook, kind, field, answer, entry, first="", **words):
    """One row; what somebody typed into the record in place of a confidence or a moment is not handed on."""
    sure, at = entry.get("confidence", ""), str(entry.get("at", ""))
    sure, at = sure if sure in CONFIDENCE else "", re.fullmatch(WHEN, at) and at
    form = str(entry.get("revision", "")) if kind not in ("sheet", "text", "rank") else ""
    told = (name, notebook, kind, field, answer, sure, at, first, re.fullmatch(REVISION, form) and form)
    return {k: v or "" for k, v in zip(ROW, told, strict=True)} | words


def _rows(written):
    """One row an answer, in the collection's order, and the sentence of a record that cannot be read."""
    from utils.chapters import patient  # here, since it brings all the rules with it

    given, warning = read()
    voted, found = read("votes")[0], []
    for name, item in items().items():  # only what is a question here: an id made up in the record may tell a name
        if name in given:
            first = voted.get(name, {}).get("choice", "")
            found.append(_row(name, item["notebook"], item["kind"], "", given[name]["choice"], given[name], first))
    for name, fields, entry in patient.committed():
        for field, value in fields.items():
            found.append(
                _row(name, patient.PAGES[name], "sheet", field, " ".join(value.lstrip("~≈=+ ").split()), entry)
            )
    kept = read("forms")[0] if written else {}
    for name, prompt in prompts().items():
        if name in kept:
            for field in prompt["fields"] if prompt["kind"] == "text" else hypotheses():
                if words := kept[name]["fields"].get(field):
                    entry = kept[name]
                    found.append(_row(name, prompt["notebook"], prompt["kind"], field, "", entry, words=words))
    return found, warning


def _unfit(name):
    """Whether a file could not have that name on every system."""
    odd = re.search(r'[<>:"/\\|?*\x00-\x1f]|[. ]$', name)
    return bool(odd) or name.partition(".")[0].strip().upper() in DEVICES


def _ours(file, rows):
    """Whether it is a receipt of which every row is among these too, so that nothing is lost with it."""
    try:
        known = [*rows, *({**row, "revision": ""} for row in rows)]  # it may be from before there were revisions
        return all({k: v for k, v in old.items() if k not in HEAD} in known for old in _receipt(file))
    except FAULTS:
        return False


def _free(file, rows, replace):
    """That file name, or the first of -2, -3, … that is free or holds an earlier state of the same receipt."""
    number, name = 1, file
    while os.path.lexists(name):
        if not name.is_symlink() and ((replace and number == 1) or _ours(name, rows)):
            break
        number += 1
        name = file.with_name(f"{file.stem}-{number}{file.suffix}")
    return name


def save_receipt(path=None, written=False, replace=False):
    """Save a receipt: for each question that you answered, your first answer, how sure you were, and when.

    Where you voted twice, it is the second vote that counts as the answer, and the first stands beside it.
    What you committed on the sheets of the new patient is on it too. No name, no machine and no folder is in it, and
    nothing that you wrote unless you ask for that. It is a file like any other: whether anybody gets it is for you to
    decide.

    Parameters
    ----------
    path : str or Path, optional
        The file; beside the notebook by default. A name that ends in ``.csv`` makes a table; any other is JSON,
        and gets ``.json`` where it lacks it.
    written : bool
        Put in what you wrote and ranked as well; only into JSON, since a spreadsheet may run text as a formula.
    replace : bool
        Take the place of a file that is there. Otherwise the new one gets a number, such as ``-2``, unless all
        that the old one holds is in the new one too.

    Returns
    -------
    Shown
        Where it lies and what is in it, or why none was saved.
    """
    try:
        file = Path(NAME if path is None else path).expanduser().absolute()
        file = file / NAME if file.is_dir() else file
        if _unfit(file.name):
            return say(phrase("receipt.unfit_name", name=repr(file.name)))
        table = file.suffix.lower() == ".csv"
        if table and written:
            return say(phrase("receipt.json_only"))
        if file.suffix.lower() not in (".json", ".csv"):
            file = file.with_name(file.name + ".json")
        rows, warning = _rows(written)
        if not rows:
            return say(warning + phrase("receipt.nothing_yet"))
        head = dict(zip(HEAD, (version(), time.strftime("%Y-%m-%dT%H:%M:%S")), strict=True))
        if table:
            text = io.StringIO()
            sheet = csv.DictWriter(text, [*ROW, *head], lineterminator="\n")
            sheet.writeheader()
            sheet.writerows([row | head for row in rows])
            text = text.getvalue()
        else:
            text = json.dumps({"title": TITLE, **head, "rows": rows}, indent=1, ensure_ascii=False) + "\n"
        file = _free(file, rows, replace)
        write_whole(file, text, private=False)
    except (OSError, TypeError, ValueError, RuntimeError) as fault:  # RuntimeError: "~" of somebody who is not here
        why = getattr(fault, "strerror", None) or fault
        return say(phrase("receipt.not_saved", why=why))
    own = sum("words" in row for row in rows)
    answers = phrase("receipt.answers", count=len({row["item"] for row in rows if "words" not in row}))
    place = file.name if file.parent == Path.cwd() else f"…/{file.name}"  # a notebook is shown to others
    told = {"place": place, "answers": answers, "fields": phrase("receipt.fields", count=own)}
    return say(warning + phrase("receipt.saved_with_words" if own else "receipt.saved", **told))


class Offer(Explorer):
    """A button that saves a receipt: running a whole notebook should leave no file that nobody asked for."""

    note = phrase("receipt.note")

    def __init__(self):
        button = widgets.Button(description=phrase("receipt.save"), layout={"width": "13em"})
        super().__init__([button], {})
        button.on_click(lambda _: self._show((save_receipt(),)))

    def _view(self, now):
        return say(phrase("receipt.none_yet"))


offer_receipt = Offer


def _receipt(file):
    """The rows of one receipt as a list of dict; one of `FAULTS` where it is none."""
    if not file.is_file() or file.stat().st_size > LARGEST:
        raise ValueError(phrase("receipt.too_large"))
    text = file.read_text(encoding="utf-8-sig")  # a spreadsheet may have put its mark before it
    if file.suffix.lower() == ".csv":
        sheet = csv.DictReader(io.StringIO(text))
        rows, right = list(sheet), sheet.fieldnames in [[*names, *HEAD] for names in (ROW, *OLD)]
    else:
        whole = json.loads(text)
        head, right = {k: whole[k] for k in HEAD}, whole["title"] == TITLE
        rows = [{**row, **head} for row in whole["rows"]]
    if not right:
        raise ValueError(phrase("receipt.other_head"))
    for row in rows:
        row |= {"first_vote": row.get("first_vote", ""), "revision": row.get("revision", "")}
        _check(row)
    if len({(row["item"], row["field"]) for row in rows}) < len(rows):
        raise ValueError(phrase("receipt.twice"))
    return rows


def _check(row):
    """Hold one row to what `save_receipt` writes; ValueError that says what is odd."""
    from utils.chapters import patient

    if not {*ROW, *HEAD} <= set(row) <= {*ROW, *HEAD, "words"} or not all(map(is_text, row.values())):
        raise ValueError(phrase("receipt.other_rows"))
    if any(v.startswith(FORMULA) for k, v in row.items() if k != "words"):
        raise ValueError(phrase("receipt.formula"))
    item, field, answer = row["item"], row["field"], row["answer"]
    fits = {  # by what the item is: whether the row has what is due, and no more
        item in items(): answer in ("a", "b", "c") and not field and "words" not in row,
        item in prompts(): not answer and field and "words" in row,
        item in patient.names(): answer and field and "words" not in row,
    }
    if row["first_vote"] not in (("", "a", "b", "c") if item in items() else ("",)):
        raise ValueError(phrase("receipt.no_vote", vote=repr(row["first_vote"]), item=item))
    if True not in fits:
        raise ValueError(phrase("receipt.not_asked", item=repr(item)))
    if not fits[True]:
        raise ValueError(phrase("receipt.no_answer", answer=repr(answer), item=item))
    if not re.fullmatch(REVISION, row["revision"]):
        raise ValueError(phrase("receipt.no_revision", revision=repr(row["revision"]), item=item))
    if row["confidence"] not in ("", *CONFIDENCE) or not all(re.fullmatch(WHEN, row[k]) for k in ("when", "made")):
        raise ValueError(phrase("receipt.odd_confidence_or_time", item=item))


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
        files = sorted(p for p in Path(folder).expanduser().iterdir() if p.suffix.lower() in (".json", ".csv"))
    except (OSError, TypeError, ValueError, RuntimeError) as fault:
        why = getattr(fault, "strerror", None) or fault
        print(phrase("receipt.no_folder", folder=folder, why=why))
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


def votes(receipts):
    """How a class voted before and after it talked.

    Parameters
    ----------
    receipts : pandas.DataFrame
        As from `read_receipts`. Who gave only one vote is not counted, nor is an answer to a question that has been
        changed since.

    Returns
    -------
    pandas.DataFrame
        How many chose each option in their ``first`` and in their ``second`` vote, a row a question and option.
    """
    both = receipts[receipts["first_vote"] != ""]
    now = [not changed_since(items()[name], {"revision": r}) for name, r in both[["item", "revision"]].to_numpy()]
    both = both[pd.Series(now, both.index, dtype=bool)]
    rows = pd.MultiIndex.from_product([both["item"].unique(), list("abc")], names=["item", "option"])
    columns = {"first": "first_vote", "second": "answer"}
    return pd.DataFrame({k: both.groupby(["item", c]).size().reindex(rows, fill_value=0) for k, c in columns.items()})
