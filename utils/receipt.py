"""A receipt of what you answered: one small file that you save yourself, and that goes nowhere by itself."""

import json
import os
import re
import time
import tomllib
from importlib import metadata
from itertools import count
from pathlib import Path

from utils.explore import button
from utils.page import say
from utils.phrases import phrase
from utils.quiz import CONFIDENCE, hypotheses, items, prompts
from utils.record import read, write_whole

NAME, TITLE, HEAD = "mas-casebook-receipt.json", "MAS Casebook receipt", ["version", "made"]
# A question has no field, and what is not a question no revision.
ROW = ["item", "notebook", "kind", "field", "answer", "confidence", "when", "first_vote", "revision"]
REVISION, WHEN = "([0-9a-f]{8})?", r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)?"  # no revision: before they were kept


def version():
    """The version of this copy of the collection, which need not be installed."""
    file = Path(__file__).resolve().parent.parent / "pyproject.toml"
    here = file.exists() and tomllib.loads(file.read_text(encoding="utf-8"))["project"]["version"]
    return here or metadata.version("mas-casebook")


def _rows(written):
    """One row an answer, in the collection's order, and the sentence of a record that cannot be read."""
    from utils.chapters import patient  # here, since it brings all the rules with it

    (given, warning), voted, kept, rows = read(), read("votes")[0], read("forms")[0], []
    # Only what is asked here: an id, or a field, made up in the record may tell a name.
    found = [(i, "", given[name]["choice"], "", given[name]) for name, i in items().items() if name in given]
    for name, fields, entry in patient.committed():  # no value begins as a formula of a spreadsheet does
        sheet, values = {"id": name, "notebook": patient.PAGES[name], "kind": "sheet"}, fields.items()
        found += [(sheet, field, " ".join(x.lstrip("~≈=+ ").split()), "", entry) for field, x in values]
    for asked in prompts().values() if written else ():
        entry = kept.get(asked["id"], {"fields": {}})
        found += [(asked, f, "", entry["fields"].get(f), entry) for f in asked.get("fields", hypotheses())]
    held = {"confidence": "|".join(CONFIDENCE), "at": WHEN, "revision": REVISION}
    for asked, field, answer, words, entry in found:
        about = [asked[key] for key in ("id", "notebook", "kind")]
        sure, at, form = (x if re.fullmatch(p, x := str(entry.get(key, ""))) else "" for key, p in held.items())
        first = "" if field else voted.get(asked["id"], {}).get("choice", "")
        row = dict(zip(ROW, (*about, field, answer, sure, at, first, form), strict=True))
        rows += [row | {"words": words} if words else row] * bool(words or answer)
    return rows, warning


def _within(file, rows):
    """Whether it is a receipt of which every row is among these, so that nothing is lost with it."""
    try:
        old = json.loads(file.read_text(encoding="utf-8")) if file.is_file() and not file.is_symlink() else {}
        return old["title"] == TITLE and all(row in rows for row in old["rows"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False


def save_receipt(path=None, written=False):
    """Save a receipt beside the notebook, or at `path`, a .json file or a folder; shows where it lies.

    It holds your answers, how sure you were, when, first votes, and the sheets of the new patient; what you wrote and
    ranked only where it is `written`; no name, no machine and no folder. A file that is there stays, and the new one
    gets a number such as -2, unless all that the old one holds is in the new one too.
    """
    try:
        file = Path(NAME if path is None else path).expanduser().absolute()
        file = file / NAME if file.is_dir() else file
        file = file if file.suffix == ".json" else file.with_name(file.name + ".json")
        rows, warning = _rows(written)
        if not rows:
            return say(warning + phrase("receipt.nothing_yet"))
        names = (file.with_stem(f"{file.stem}-{n}") if n > 1 else file for n in count(1))
        file = next(name for name in names if not os.path.lexists(name) or _within(name, rows))
        head = dict(zip(HEAD, (version(), time.strftime("%Y-%m-%dT%H:%M:%S")), strict=True))
        text = json.dumps({"title": TITLE, **head, "rows": rows}, indent=1, ensure_ascii=False) + "\n"
        write_whole(file, text, private=False)
    except (OSError, TypeError, ValueError, RuntimeError) as fault:  # RuntimeError: "~" of somebody who is not here
        return say(phrase("receipt.not_saved", why=getattr(fault, "strerror", None) or fault))
    own = sum("words" in row for row in rows)
    parts = {"place": file.name if file.parent == Path.cwd() else f"…/{file.name}"}  # a notebook is shown to others
    parts["answers"] = phrase("receipt.answers", count=len({row["item"] for row in rows if "words" not in row}))
    parts["fields"] = phrase("receipt.fields", count=own)
    return say(warning + phrase("receipt.saved_with_words" if own else "receipt.saved", **parts))


def offer_receipt():
    """A button that saves a receipt: running a whole notebook should leave no file that nobody asked for."""
    return button(phrase("receipt.save"), save_receipt, say(phrase("receipt.none_yet")), phrase("receipt.note"))
