"""The start check: what is well is said in the same words everywhere, and what is not says what to do."""

import os
import platform
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from utils.record import record_path
from utils.start import start_check

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def row(name):
    """What the check says of one thing."""
    return next(line for line in start_check().found.text.splitlines() if line.strip().startswith(name))


def versions(monkeypatch, **known):
    """Let these versions be found, and of other packages the oldest ones allowed."""
    needed = map(Requirement, PROJECT["dependencies"])
    oldest = {r.name: next(str(s)[2:] for s in r.specifier if s.operator == ">=") for r in needed}

    def version(name):
        return {**oldest, **known}.get(name) or (_ for _ in ()).throw(metadata.PackageNotFoundError(name))

    monkeypatch.setattr(metadata, "version", version)
    return oldest


def test_where_all_is_well_the_stored_words_are_the_same_whatever_was_found(record, monkeypatch):
    text = start_check().shown.text
    oldest = versions(monkeypatch)
    monkeypatch.setenv("MAS_CASEBOOK_RECORD", str(record.parent / "elsewhere" / "mine.json"))
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/ada/")
    there = start_check()
    assert there.shown.text == text and text.count("new enough") == 1 + len(oldest) > 6
    assert all(words in there.found.text for words in ("mine.json", "on a hub", oldest["pandas"]))
    # An installed copy has no pyproject.toml: its bounds are those of its metadata.
    listed = [*PROJECT["dependencies"], 'scipy>=99; extra == "test"']
    monkeypatch.setattr(metadata, "metadata", lambda _: {"Requires-Python": PROJECT["requires-python"]})
    monkeypatch.setattr(metadata, "requires", lambda _: listed)
    exists = Path.exists
    monkeypatch.setattr(Path, "exists", lambda path: path.name != "pyproject.toml" and exists(path))
    assert start_check().found.text == there.found.text and platform.python_version() in there.found.text


HUB = {"JUPYTERHUB_SERVICE_PREFIX": "/user/ada/"}
BINDER = {**HUB, "BINDER_LAUNCH_HOST": "https://binder.invalid/"}


FITS = [
    ({}, "pandas", "2.9", 'too old: close JupyterLab and start it with "python lab.py"'),
    ({}, "pandas", "4.0", "newer than we have tried"), ({}, "pandas", "3.9.9", "new enough"),
    ({}, "pandas", "", 'missing: close JupyterLab and start it with "python lab.py"'),
    (HUB, "pandas", "2.9", "too old: tell whoever runs the hub"), (HUB, "pandas", "", "not needed here"),
    (BINDER, "this place", "3.9.9", "save a receipt before you leave"),
]  # fmt: skip


@pytest.mark.parametrize("env, place, version, wanted", FITS)
def test_what_does_not_fit_says_what_to_do(record, monkeypatch, env, place, version, wanted):
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    versions(monkeypatch, pandas=version)
    assert wanted in row(place)


def test_the_record_is_tried_and_left_as_it_was(record, monkeypatch):
    assert "can be written" in row("your record") and list(record.parent.iterdir()) == []
    record.write_text('{"version": 1, "answers": {}, "forms": {}}')
    os.utime(record, (7, 7))
    assert "can be written" in row("your record") and record.stat().st_mtime == 7
    record.write_text("{broken")
    assert "damaged" in row("your record") and record.read_text() == "{broken"
    monkeypatch.setattr("os.fsync", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    assert "cannot be written (No space left on device): answers count until" in row("your record")
    assert list(record.parent.iterdir()) == [record] and "No space left" in start_check().shown.text
    monkeypatch.setenv("HOME", str(record.parent))
    assert " ~/answers.json" in row("your record")


def test_in_the_browser_the_record_lies_where_the_browser_keeps_files(record, monkeypatch, tmp_path):
    monkeypatch.delenv("MAS_CASEBOOK_RECORD")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr("sys.platform", "emscripten")
    versions(monkeypatch, pandas="")
    assert "not needed here" in row("pandas")
    monkeypatch.setattr("utils.record.DRIVE", tmp_path / "drive")
    assert record_path() == tmp_path / "home" / ".mas-casebook" / "answers.json"
    assert "is gone when you close this page" in row("your record")  # a private window has no such place
    (tmp_path / "drive").mkdir()
    assert record_path() == tmp_path / "drive" / "mas-casebook-answers.json"
    assert "can be written" in row("your record")
