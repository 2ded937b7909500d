"""The start check: what is well is said in the same words everywhere, and what is not says what to do."""

import os
import tomllib
from pathlib import Path

import pytest

from utils import check
from utils.check import start_check
from utils.record import record_path

ROOT = Path(__file__).resolve().parent.parent


def said(name):
    """What is said of a thing."""
    return {what: so for what, _, so in check._rows()}[name]


def test_where_all_is_well_the_stored_words_are_the_same_whatever_was_found(record, monkeypatch):
    text = start_check()._repr_mimebundle_()["text/plain"]
    versions = {name: next(str(s)[2:] for s in bounds if s.operator == ">=") for name, bounds in check._needs().items()}
    monkeypatch.setattr(check, "_version", versions.get)  # the oldest ones allowed
    monkeypatch.setenv("MAS_CASEBOOK_RECORD", str(record.parent / "elsewhere" / "mine.json"))
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/ada/")
    there = start_check()
    assert there._repr_mimebundle_()["text/plain"] == text and text.count("new enough") == len(versions) > 6
    assert "mine.json" in there.seen.told and "on a hub" in there.seen.told and versions["pandas"] in there.seen.told


def test_bounds_are_those_of_this_copy_and_of_its_metadata_where_it_is_installed(monkeypatch):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    here = check._needs()
    assert len(here) == 1 + len(project["dependencies"])
    listed = [*project["dependencies"], 'scipy>=99; extra == "test"']
    monkeypatch.setattr(check.metadata, "metadata", lambda _: {"Requires-Python": project["requires-python"]})
    monkeypatch.setattr(check.metadata, "requires", lambda _: listed)
    monkeypatch.setattr(check.Path, "exists", lambda _: False)
    assert check._needs() == here


@pytest.mark.parametrize(
    "place, version, due",
    [
        ("own", "2.9", 'too old: close JupyterLab and start it with "python lab.py"'),
        ("own", "4.0", "newer than we have tried"),
        ("own", "3.9.9", "new enough"),
        ("own", "", 'missing: close JupyterLab and start it with "python lab.py"'),
        ("hub", "2.9", "too old: tell whoever runs the hub"),
        ("hub", "", "not needed here"),
        ("browser", "", "not needed here"),
    ],
)
def test_a_version_that_does_not_fit_says_what_to_do(record, monkeypatch, place, version, due):
    if place == "hub":
        monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/ada/")
    if place == "browser":
        monkeypatch.setattr(check, "_place", lambda: "browser")
    monkeypatch.setattr(check, "_version", lambda name: version if name == "pandas" else "99")
    assert said("pandas").startswith(due) and due in start_check().seen.told.replace("&quot;", '"')


def test_a_kernel_inside_the_browser_is_known_by_its_platform(monkeypatch):
    assert check._place() == "own"
    monkeypatch.setattr(check.sys, "platform", "emscripten")
    assert check._place() == "browser"


def test_a_binder_says_that_nothing_is_kept_there(record, monkeypatch):
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/ada/")
    monkeypatch.setenv("BINDER_LAUNCH_HOST", "https://binder.invalid/")
    assert "save a receipt before you leave" in start_check().seen.told


def test_the_record_is_tried_and_left_as_it_was(record, monkeypatch):
    assert said("your record") == "can be written" and list(record.parent.iterdir()) == []
    record.write_text('{"version": 1, "answers": {}, "forms": {}}')
    os.utime(record, (7, 7))
    assert said("your record") == "can be written" and record.stat().st_mtime == 7
    record.write_text("{broken")
    assert "damaged" in said("your record") and record.read_text() == "{broken"
    assert list(record.parent.iterdir()) == [record]
    monkeypatch.setenv("HOME", str(record.parent))
    assert '<td style="text-align:left">~/answers.json</td>' in start_check().seen.told


def test_a_record_that_cannot_be_written_is_said(record, monkeypatch):
    monkeypatch.setattr("os.fsync", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    assert said("your record").startswith("cannot be written (No space left on device): answers count until")
    assert list(record.parent.iterdir()) == [] and "No space left" in start_check()._still.text


def test_the_page_tells_the_kernel_that_a_slider_shows():
    seen = start_check().seen
    assert seen.said == ""
    seen.shows = True
    assert "A slider shows on this page" in seen.said


def test_in_the_browser_the_record_lies_where_the_browser_keeps_files(record, monkeypatch, tmp_path):
    monkeypatch.delenv("MAS_CASEBOOK_RECORD")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr("sys.platform", "emscripten")
    for module in ("utils.record", "utils.check"):
        monkeypatch.setattr(f"{module}.DRIVE", tmp_path / "drive")
    assert record_path() == tmp_path / "home" / ".mas-casebook" / "answers.json"
    assert said("your record").startswith("is gone when you close this page")  # a private window has no such place
    (tmp_path / "drive").mkdir()
    assert record_path() == tmp_path / "drive" / "mas-casebook-answers.json"
    assert said("your record") == "can be written"
