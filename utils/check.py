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
from utils.record import DRIVE, read, record_path, write_whole

__all__ = ["start_check"]
PLACES = {  # where this runs: what it is called, and who can mend it
    "browser": ("inside your browser", "reload the page; if that does not help, tell your teacher"),
    "binder": ("on Binder, for this session only: save a receipt before you leave", "tell your teacher"),
    "hub": ("on a hub, reached through your browser", "tell whoever runs the hub"),
    "own": ("on this computer", 'close JupyterLab and start it with "python lab.py", which gets what is missing'),
}
NOTE = "Run the notebook to check your own place; below stands what is said where all is well."
SLIDERS = (
    "After Run All Cells, a slider stands here, and a line that says so. Where none appears, this page cannot show "
    "sliders: close it, open it anew in JupyterLab and run it again. Everything can be done by lines of code as well."
)


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
        return f"missing: {mend}" if _place() == "own" else "not needed here"
    if wanted.contains(found, prereleases=True):
        return "new enough"
    lower = SpecifierSet(",".join(str(s) for s in wanted if s.operator.startswith(">")))
    return "newer than we have tried; it may work" if lower.contains(found, prereleases=True) else f"too old: {mend}"


def _record():
    """Whether a commit would be kept, in words: a file is written beside the record as one is, and taken away again."""
    file = record_path()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        probe = file.with_name(f"{file.name}.{os.getpid()}.tmp")  # what a kill leaves of it is swept at a commit
        write_whole(probe, "a trial")
        probe.unlink()
    except OSError as fault:
        return f"cannot be written ({fault.strerror}): answers count until you close the page; free that folder or disk"
    if _place() == "browser" and not file.is_relative_to(DRIVE):  # a private window, or an address without https
        return "is gone when you close this page: open it in a window that is not private, at an https address"
    return read()[1].strip() or "can be written"


def _rows():
    """A row for each thing that is checked: its name, what was found, what is to be said of it."""
    rows = []
    for name, wanted in _needs().items():
        found, bounds = _version(name), ", ".join(sorted(map(str, wanted), reverse=True))
        rows.append((name, f"{found or 'none'} (needed: {bounds})", _judge(found, wanted)))
    home, record = str(Path.home()), str(record_path())
    short = "~" + record.removeprefix(home) if record.startswith(home + os.sep) else record  # it may bear your name
    return [*rows, ("your record", short, _record()), ("this place", PLACES[_place()][0], "")]


class Seen(anywidget.AnyWidget):
    """The rows on the page, and a line about the slider above them: the page looks for it, and tells the kernel."""

    _esm = Path(__file__).with_name("check.js")
    _css = Path(__file__).with_name("cards.css")
    told = traitlets.Unicode().tag(sync=True)
    shows = traitlets.Bool(False).tag(sync=True)
    said = traitlets.Unicode().tag(sync=True)

    @traitlets.observe("shows")
    def _shows(self, change):
        self.said = "A slider shows on this page, and the kernel hears of it." if change.new else ""


class Check(widgets.VBox):
    """The check with a slider to try."""

    def __init__(self):
        rows, caption = pd.DataFrame(_rows(), columns=["What", "Found", "So"]), "What the notebooks need"
        stable = table(rows[["What", "So"]][:-1], caption)  # without what differs from one good place to the next
        self._still = together(Shown(f"<p><em>{NOTE}</em></p>", NOTE), stable, say(SLIDERS))
        self.seen = Seen(told=table(rows, caption).html)
        slider = widgets.IntSlider(3, 0, 10, description="a slider to try", style={"description_width": "8em"})
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
