"""The learner's record: one small JSON file of their own, changed in one step and by one process at a time."""

import json
import os
import sys
import time
import weakref
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from utils.phrases import phrase

SHELVES = ("answers", "votes", "forms")  # votes: the first ones, where a room votes twice
DRIVE = Path("/drive")  # what the browser keeps, and the list of files shows
unsaved = {}  # edits of this session, by record, where the record cannot be written
watchers = weakref.WeakSet()  # what stands on the page and shows an entry: each has `item` and `refresh()`


def record_path():
    """Where the record lies: the file named by ``MAS_CASEBOOK_RECORD``, or one in the home folder; see `DRIVE`."""
    browser = sys.platform == "emscripten" and DRIVE.is_dir()  # there alone the home is gone with the page
    own = DRIVE / "mas-casebook-answers.json" if browser else Path.home() / ".mas-casebook" / "answers.json"
    return Path(os.path.realpath(os.path.expanduser(os.environ.get("MAS_CASEBOOK_RECORD") or own)))


def is_text(given):
    """Whether it is text that a page can be sent; half a character of a torn paste, or of a file, is not."""
    return isinstance(given, str) and given.encode("utf-8", "ignore").decode("utf-8") == given


def _usable(shelf, entry):
    """Whether an entry can be read; any other is carried along, unread."""
    if not isinstance(entry, dict) or not is_text(entry.get("confidence", "")):
        return False
    fields = entry.get("fields")
    written = isinstance(fields, dict) and all(map(is_text, fields.values()))
    return written if shelf == "forms" else entry.get("choice") in ("a", "b", "c")


def _load(file):
    """The record as it stands, or an empty one and a sentence where the file is damaged; OSError where it is shut."""
    blank = {"version": 1, **{shelf: {} for shelf in SHELVES}}
    try:
        record = blank | {"answers": None} | json.loads(file.read_text(encoding="utf-8"))  # an older one has no votes
        whole = all(isinstance(record[shelf], dict) for shelf in SHELVES)
    except FileNotFoundError:
        return blank, ""
    except (ValueError, TypeError, RecursionError):
        whole = False
    return (record, "") if whole else (blank, phrase("record.damaged"))


def _now():
    """The record as it counts in this session, and a sentence where the file cannot be used."""
    file = record_path()
    try:
        record, warning = _load(file)
    except OSError as fault:
        record, warning = {shelf: {} for shelf in SHELVES}, phrase("record.shut", why=fault.strerror)
    for edit in unsaved.get(file, []):
        edit(record)
    return record, warning


def read(shelf="answers"):
    """The entries of a shelf as a dict of id -> dict, and a sentence where the file cannot be used."""
    record, warning = _now()
    return {k: v for k, v in record[shelf].items() if _usable(shelf, v)}, warning


def switched(name):
    """Whether a mode, such as ``two_votes``, is switched on in the record; what is not plainly on is off."""
    return _now()[0].get(name) is True


def change(edit, backup=False):
    """Change the newest state of the record; what went wrong, in words, or an empty text where it is saved.

    `edit` changes the record, a dict of shelves, in place; what it does not touch is carried along. Where it cannot be
    saved it is done again on the newest state. With `backup` the old record is kept beside the new one.
    """
    file = record_path()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with locked(file):
            record, damaged = _load(file)
            if backup and any(record[shelf] for shelf in SHELVES):  # an empty one would take the place of a full one
                file.with_suffix(".backup.json").write_bytes(file.read_bytes())
            for each in [*unsaved.get(file, []), edit]:
                each(record)
            if damaged:
                os.replace(file, file.with_suffix(f".damaged-{time.time_ns()}.json"))
            write_whole(file, json.dumps(record, indent=1))
        unsaved.pop(file, None)
        return ""
    except (OSError, RecursionError) as fault:  # RecursionError: Python 3.12 reads what it cannot write again
        unsaved.setdefault(file, []).append(edit)
        return phrase("record.not_saved", why=getattr(fault, "strerror", None) or fault)


def refresh(name=None, note=""):
    """Let everything on the page, or what is of one id, show what the record says now, after a sentence."""
    for each in list(watchers):
        if name in (None, each.item["id"]):
            each.refresh(note)


def keep(shelf, name, **entry):
    """Put an entry on a shelf unless a usable one is there; the one there now, and what is to be said of it (str)."""
    entry["at"] = time.strftime("%Y-%m-%dT%H:%M:%S")

    def edit(record):
        if not _usable(shelf, record[shelf].get(name)):  # what cannot be used would otherwise shut its place for good
            record[shelf][name] = entry

    note = "" if name in read(shelf)[0] else change(edit)
    kept = read(shelf)[0].get(name, entry)  # another process may have forgotten it, or be moving the file
    if kept != entry:
        note = note or phrase(f"cards.already_{shelf}", id=name, choice=kept.get("choice"))
    refresh(name, note)
    return kept, note


@contextmanager
def locked(file):
    """Hold the record's lock, which ends with its process; in a browser, or on a drive without locks, there is none."""
    with open(file.with_name(f".{file.name}.lock"), "ab") as lock:  # it stays: whoever waits for it has it open
        with suppress(ImportError, AttributeError, OSError):  # Pyodide has a fcntl without flock
            if os.name == "nt":
                import msvcrt

                msvcrt.locking(lock.fileno(), msvcrt.LK_LOCK, 1)
            else:
                import fcntl

                fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def write_whole(file, text, private=True):
    """Write beside the file and move into its place, so that an interruption leaves the old or the new one whole."""
    temporary = file.with_name(f"{file.name}.tmp")  # what a kill leaves of it is written over at the next change
    try:
        with open(temporary, "w", encoding="utf-8", opener=partial(os.open, mode=0o600) if private else None) as new:
            new.write(text)
            new.flush()
            os.fsync(new.fileno())
        os.replace(temporary, file)
    finally:
        temporary.unlink(missing_ok=True)
