"""Whether all is there that a learner needs: versions, a page that shows sliders, a record that can be written."""

import os
import platform
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import anywidget
import ipywidgets as widgets
import pandas as pd
import traitlets
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from utils.page import Shown, say, table, together
from utils.phrases import phrase, section
from utils.record import DRIVE, read, record_path, write_whole

__all__ = ["start_check"]
PLACES = {  # where this runs: what it is called, and who can mend it
    "browser": (phrase("check.in_browser"), phrase("check.mend_browser")),
    "binder": (phrase("check.on_binder"), phrase("check.mend_binder")),
    "hub": (phrase("check.on_hub"), phrase("check.mend_hub")),
    "own": (phrase("check.on_own"), phrase("check.mend_own")),
}


def _place():
    if sys.platform == "emscripten":
        return "browser"
    signs = {"BINDER_LAUNCH_HOST": "binder", "JUPYTERHUB_SERVICE_PREFIX": "hub"}  # a Binder has both
    return next((name for sign, name in signs.items() if sign in os.environ), "own")


def _needs():
    """What this copy needs, a dict of name -> SpecifierSet; empty where no list of it is here."""
    file = Path(__file__).resolve().parent.parent / "pyproject.toml"
    try:
        if file.exists():
            project = tomllib.loads(file.read_text(encoding="utf-8"))["project"]
            python, packages = project["requires-python"], project["dependencies"]
        else:
            python, packages = metadata.metadata("mas-casebook")["Requires-Python"], metadata.requires("mas-casebook")
    except metadata.PackageNotFoundError:
        return {}
    packages = [r for r in map(Requirement, packages) if r.marker is None or r.marker.evaluate({"extra": ""})]
    return {"Python": SpecifierSet(python)} | {r.name: r.specifier for r in packages}


def _version(name):
    """The version that is here; empty where there is none."""
    try:
        return platform.python_version() if name == "Python" else metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _judge(found, wanted):
    """What is to be said of a version: it fits, is missing, too old, or newer than what was tried."""
    mend = PLACES[_place()][1]
    if not found:  # JupyterLab and what only tests need may be elsewhere, or nowhere
        return phrase("check.missing", mend=mend) if _place() == "own" else phrase("check.not_needed")
    if wanted.contains(found, prereleases=True):
        return phrase("check.new_enough")
    lower = SpecifierSet(",".join(str(s) for s in wanted if s.operator.startswith(">")))
    newer = lower.contains(found, prereleases=True)
    return phrase("check.newer") if newer else phrase("check.too_old", mend=mend)


def _record():
    """Whether a commit would be kept, in words: a file is written beside the record as one is, and taken away again."""
    file = record_path()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        probe = file.with_name(f"{file.name}.{os.getpid()}.tmp")  # what a kill leaves of it is swept at a commit
        write_whole(probe, "a trial")
        probe.unlink()
    except OSError as fault:
        return phrase("check.not_written", why=fault.strerror)
    if _place() == "browser" and not file.is_relative_to(DRIVE):  # a private window, or an address without https
        return phrase("check.not_kept")
    return read()[1].strip() or phrase("check.can_be_written")


def _rows():
    """A row for each thing that is checked: its name, what was found, what is to be said of it."""
    rows = []
    for name, wanted in _needs().items():
        found, bounds = _version(name), ", ".join(sorted(map(str, wanted), reverse=True))
        told = phrase("check.found" if found else "check.found_none", found=found, bounds=bounds)
        rows.append((name, told, _judge(found, wanted)))
    home, record = str(Path.home()), str(record_path())
    short = "~" + record.removeprefix(home) if record.startswith(home + os.sep) else record  # it may bear your name
    here = phrase("check.place"), PLACES[_place()][0], ""
    return [*rows, (phrase("check.record"), short, _record()), here]


class Seen(anywidget.AnyWidget):
    """The rows on the page, and a line about the slider above them: the page looks for it, and tells the kernel."""

    _esm = Path(__file__).with_name("check.js")
    _css = Path(__file__).with_name("cards.css")
    words = traitlets.Dict(section("check")).tag(sync=True)
    told = traitlets.Unicode().tag(sync=True)
    shows = traitlets.Bool(False).tag(sync=True)
    said = traitlets.Unicode().tag(sync=True)

    @traitlets.observe("shows")
    def _shows(self, change):
        self.said = phrase("check.shows") if change.new else ""


class Check(widgets.VBox):
    """The check with a slider to try."""

    def __init__(self):
        heads, caption = [*map(phrase, ("check.what", "check.found_head", "check.so"))], phrase("check.caption")
        rows, note = pd.DataFrame(_rows(), columns=heads), phrase("check.note")
        stable = table(rows.iloc[:-1, [0, 2]], caption)  # without what differs from one good place to the next
        self._still = together(Shown(f"<p><em>{note}</em></p>", note), stable, say(phrase("check.sliders")))
        self.seen = Seen(told=table(rows, caption).html)
        slider = widgets.IntSlider(3, 0, 10, description=phrase("check.slider"), style={"description_width": "8em"})
        super().__init__([slider, self.seen])
        self.add_class("casebook-explorer")

    def _repr_mimebundle_(self, **kwargs):
        return {**super()._repr_mimebundle_(**kwargs), "text/html": self._still.html, "text/plain": self._still.text}


def start_check():
    """Check this place: versions, whether the page shows a slider, whether the record can be written.

    Returns
    -------
    Check
        A table in which every row that is not well says what to do.
    """
    return Check()
