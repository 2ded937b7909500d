"""The learner's record: one small JSON file of their own, changed in one step and by one process at a time."""

import errno
import json
import os
import sys
import tempfile
import time
import weakref
from contextlib import contextmanager, suppress
from pathlib import Path

from utils.phrases import phrase

STALE = 3.0  # seconds after which an untouched lock belongs to a process that was killed; a change takes milliseconds
SHELVES = ("answers", "votes", "forms")  # votes: the first ones, where a room votes twice
DRIVE = Path("/drive")  # what the browser keeps, and the list of files shows
unsaved = {}  # edits of this session, by record, where the record cannot be written
watchers = weakref.WeakSet()  # what stands on the page and shows an entry: each has `refresh()`
_moment = []  # the record as it was when `one_moment` began


def record_path():
    """Where the record lies: the file named by ``MAS_CASEBOOK_RECORD``, or one in the home folder; see `DRIVE`."""
    own = Path.home() / ".mas-casebook" / "answers.json"
    if sys.platform == "emscripten" and DRIVE.is_dir():  # in the browser alone, the home is gone with the page
        own = DRIVE / "mas-casebook-answers.json"
    return Path(os.path.realpath(os.path.expanduser(os.environ.get("MAS_CASEBOOK_RECORD") or own)))


def is_text(given):
    """Whether it is text that a page can be sent; half a character of a torn paste, or of a file, is not."""
    return isinstance(given, str) and given.encode("utf-8", "ignore").decode("utf-8") == given


def _usable(shelf, entry):
    """Whether an entry can be read; any other is carried along, unread."""
    if not isinstance(entry, dict) or not is_text(entry.get("confidence", "")):
        return False
    if shelf == "forms":
        return isinstance(entry.get("fields"), dict) and all(map(is_text, entry["fields"].values()))
    return entry.get("choice") in ("a", "b", "c")


def _load(file, shut=OSError):
    """The record as it stands, or an empty one and a sentence on why the file cannot be used; a `shut` one raises."""
    blank = {"version": 1, **{shelf: {} for shelf in SHELVES}}
    try:
        record = blank | {"answers": None} | json.loads(file.read_text(encoding="utf-8"))  # an older one has no votes
        if all(isinstance(record[shelf], dict) for shelf in SHELVES):
            return record, ""
    except FileNotFoundError:
        return blank, ""
    except shut:
        raise
    except OSError as fault:
        return blank, phrase("record.shut", why=fault.strerror)
    except (ValueError, TypeError, RecursionError):
        pass
    return blank, phrase("record.damaged")


def _now():
    """The record as it counts in this session, and a sentence where the file cannot be used."""
    if _moment:
        return _moment[0]
    record, warning = _load(record_path(), shut=())
    for edit in unsaved.get(record_path(), []):
        edit(record)
    return record, warning


@contextmanager
def one_moment():
    """Within it the record is read once, so that all of a card is of the same moment; nothing may be changed there."""
    _moment.append(_now())  # within another one, the same
    try:
        yield
    finally:
        _moment.pop()


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
        with locked(file) as held:
            record, damaged = _load(file)
            if backup and any(record[shelf] for shelf in SHELVES):  # an empty one would take the place of a full one
                file.with_suffix(".backup.json").write_bytes(file.read_bytes())
            for each in [*unsaved.get(file, []), edit]:
                each(record)
            if damaged:
                os.replace(file, file.with_suffix(f".damaged-{time.time_ns()}.json"))
            write_whole(file, json.dumps(record, indent=1), held=held)
            for left in file.parent.glob("*.tmp"):
                with suppress(OSError):  # what cannot be swept is no reason not to save
                    if left.name.startswith(file.name) and time.time() - left.stat().st_mtime > 60:
                        left.unlink()  # of a process that was killed while writing
        unsaved.pop(file, None)
        return ""
    except (OSError, RecursionError) as fault:  # RecursionError: Python 3.12 reads what it cannot write again
        unsaved.setdefault(file, []).append(edit)
        return phrase("record.not_saved", why=getattr(fault, "strerror", None) or fault)


def keep(shelf, name, entry):
    """Put an entry on a shelf, unless a usable one is there; the entry that is there now, and what went wrong."""

    def edit(record):
        if not _usable(shelf, record[shelf].get(name)):  # what cannot be used would otherwise shut its place for good
            record[shelf][name] = entry

    note = "" if name in read(shelf)[0] else change(edit)
    return read(shelf)[0].get(name, entry), note  # another process may have forgotten it, or be moving the file


@contextmanager
def locked(file):
    """Hold the record's lock; yields whether it is still held. A lock that outlived its process is taken over."""
    lock, seen, since, handle = file.with_suffix(".lock"), None, 0.0, None

    def held():
        with suppress(FileNotFoundError):
            return os.path.samestat(os.fstat(handle), lock.stat())

    while handle is None:
        try:
            handle = os.open(lock, os.O_CREAT | os.O_EXCL)
        except FileExistsError:
            time.sleep(0.01)
            with suppress(FileNotFoundError):  # its holder was quicker
                mark = (found := lock.stat()).st_ino, found.st_mtime_ns
                if mark != seen:  # it is watched, not dated: the clock of a network drive may be another one
                    seen, since = mark, time.monotonic()
                elif time.monotonic() - since > STALE:
                    lock.unlink()
    try:
        yield held
    finally:
        mine = held()
        os.close(handle)  # not before: an open file's number is not given to another
        if mine:
            lock.unlink(missing_ok=True)


def write_whole(file, text, private=True, held=lambda: True):
    """Write beside the file and move into its place, so that an interruption leaves the old or the new one whole.

    What is not `private` may be read as any new file; `held` is asked last whether to replace it (OSError where not).
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
        if not held():
            raise TimeoutError(errno.ETIMEDOUT, phrase("record.too_long"))
        os.replace(temporary, file)
    finally:
        Path(temporary).unlink(missing_ok=True)
