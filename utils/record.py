"""The learner's record: one small JSON file of their own, changed in one step and by one process at a time.

It has two shelves: ``answers`` to questions, and ``forms``, what was written, ranked or put on a board.
"""

import glob
import json
import os
import tempfile
import time
import weakref
from contextlib import contextmanager
from pathlib import Path

STALE = 3.0  # seconds after which a lock belongs to a process that was killed; a change takes milliseconds
SHELVES = {  # what an entry must be like to be used; anything else is carried along, unread
    "answers": lambda entry: entry.get("choice") in ("a", "b", "c"),
    "forms": lambda entry: isinstance(entry.get("fields"), dict) and all(map(is_text, entry["fields"].values())),
}
_unsaved = {}  # changes of this session, by record, where the record cannot be written
watchers = weakref.WeakSet()  # what stands on the page and shows an entry: each has `refresh()`


def record_path():
    """Where the record lies: the file named by ``MAS_CASEBOOK_RECORD``, or one in the home folder."""
    named = os.environ.get("MAS_CASEBOOK_RECORD")
    return Path(os.path.realpath(named or Path.home() / ".mas-casebook" / "answers.json"))


def is_text(given):
    """Whether it is text that a page can be sent; half a character of a torn paste, or of a file, is not."""
    return isinstance(given, str) and given.encode("utf-8", "ignore").decode("utf-8") == given


def _usable(shelf, entry):
    return isinstance(entry, dict) and is_text(entry.get("confidence", "")) and SHELVES[shelf](entry)


def _blank():
    return {"version": 1, **{shelf: {} for shelf in SHELVES}}


def _load(file):
    """The record as it stands and whether the file was damaged; OSError where it is shut."""
    try:
        record = {"forms": {}, **json.loads(file.read_text(encoding="utf-8"))}  # older records have one shelf
        if all(isinstance(record[shelf], dict) for shelf in SHELVES):
            return record, False
    except FileNotFoundError:
        return _blank(), False
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    return _blank(), True


def read(shelf="answers"):
    """The entries of a shelf as a dict of id -> dict, and a sentence where the file cannot be used."""
    file, warning, record = record_path(), "", _blank()
    try:
        record, damaged = _load(file)
        warning = "Your record is damaged; it is set aside, unchanged, at your next answer. " if damaged else ""
    except OSError as fault:
        warning = f"Your record cannot be opened ({fault.strerror}); answers are kept for this session only. "
    found = {**record[shelf], **_unsaved.get(file, _blank())[shelf]}
    return {k: v for k, v in found.items() if _usable(shelf, v)}, warning


def change(edit, backup=False):
    """Change the newest state of the record.

    Parameters
    ----------
    edit : callable
        Changes the record, a dict of shelves, in place. What it does not touch is carried along, understood or not.
    backup : bool
        Keep the old record beside the new one.

    Returns
    -------
    str
        What went wrong, in words; empty where the change is saved.
    """
    file = record_path()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with _alone(file):
            record, damaged = _load(file)
            for shelf in SHELVES:
                record[shelf].update(_unsaved.get(file, _blank())[shelf])
            edit(record)
            if damaged:
                os.replace(file, file.with_suffix(f".damaged-{time.time_ns()}.json"))
            elif backup and file.exists():
                file.with_suffix(".backup.json").write_bytes(file.read_bytes())
            for left in file.parent.glob(glob.escape(file.name) + "*.tmp"):
                if time.time() - left.stat().st_mtime > 60:  # of a process that was killed while writing
                    left.unlink(missing_ok=True)
            write_whole(file, json.dumps(record, indent=1))
        _unsaved.pop(file, None)
        return ""
    except OSError as fault:
        edit(_unsaved.setdefault(file, _blank()))
        return f"This counts in this session, but could not be saved ({fault.strerror}): see record_path(). "


def keep(shelf, name, entry):
    """Put an entry on a shelf, unless one that can be used stands there: the first one stays.

    Returns
    -------
    tuple of (dict, str)
        The entry that stands there now, and what went wrong, in words.
    """

    def edit(record):
        if not _usable(shelf, record[shelf].get(name)):  # what cannot be used would otherwise shut its place for good
            record[shelf][name] = entry

    note = "" if name in read(shelf)[0] else change(edit)
    return read(shelf)[0][name], note


@contextmanager
def _alone(file):
    """Hold the record's lock; a lock that outlived its process is taken over."""
    lock = file.with_suffix(".lock")
    while True:
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL))
            break
        except FileExistsError:
            time.sleep(0.01)
            try:
                if time.time() - lock.stat().st_mtime > STALE:
                    lock.unlink()
            except FileNotFoundError:
                pass  # its holder was quicker
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def write_whole(file, text, private=True):
    """Write beside the file and move into its place, so that an interruption leaves the old or the new one whole.

    Parameters
    ----------
    file : Path
        What stands there is replaced; its folder must be there (OSError).
    text : str
    private : bool
        For the owner's eyes alone; otherwise whoever may read a new file here may read it.
    """
    handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=file.name, suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as new:
            new.write(text)
            new.flush()
            os.fsync(new.fileno())
        if not private:
            os.umask(mask := os.umask(0o077))  # the one way to ask for it is to set it
            os.chmod(temporary, 0o666 & ~mask)
        os.replace(temporary, file)
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)
