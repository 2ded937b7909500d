"""Whether all is there that a learner needs; and, where a cell needs a name that none has made yet, which to run first.

IPython loads this room as an extension at each kernel's start (``utils/settings``), so nothing heavy is imported here.
On a page the stored output of a cell stays, with the advice below it; the error stays an error, so that Run All stops.
"""

import dis
import json
import os
import platform
import re
import sys
import tomllib
from html import escape
from importlib import metadata
from pathlib import Path

ADVICE = {"casebook": "advice"}  # marks the advice among the outputs that a notebook keeps
KINDS = ("text/html", "text/plain", "image/png", "image/jpeg")  # no widget without its kernel


def start_check():
    """Check this place: versions, whether the page shows a slider, whether the record can be written (ipywidgets.VBox).

    ``found`` says what to do; ``shown``, the same wherever all is well, a notebook keeps; ``seen`` hears from the page.
    """
    import anywidget
    import ipywidgets as widgets
    import traitlets

    from utils.page import Shown, say, table, together, with_heads
    from utils.phrases import phrase, section

    class Seen(anywidget.AnyWidget):
        _esm, _css = Path(__file__).with_name("start.js"), Path(__file__).with_name("cards.css")
        words = traitlets.Dict(section("check")).tag(sync=True)
        table = traitlets.Unicode().tag(sync=True)
        shows = traitlets.Bool(False).tag(sync=True)
        answer = traitlets.Unicode().tag(sync=True)

    class Check(widgets.VBox):
        def _repr_mimebundle_(self, **kwargs):
            return super()._repr_mimebundle_(**kwargs) | self.shown._repr_mimebundle_()

    frame = with_heads(_rows(), "check", "what found_head so")
    slider = widgets.IntSlider(3, 0, 10, description=phrase("check.slider"), style={"description_width": "8em"})
    made = Check([slider, seen := Seen()]).add_class("casebook-explorer")
    made.seen, made.found, note = seen, table(frame, phrase("check.caption")), phrase("check.note")
    seen.table = made.found.html
    traitlets.dlink((seen, "shows"), (seen, "answer"), lambda shows: phrase("check.shows") if shows else "")
    kept = table(frame.iloc[:-1, [0, 2]], phrase("check.caption"))  # without what differs between good places
    made.shown = together(Shown(f"<p><em>{note}</em></p>", note), kept, say(phrase("check.sliders")))
    return made


def _rows():
    """Of each thing that is checked its name, what was found, what to say of it."""
    from packaging.requirements import Requirement

    from utils import record
    from utils.phrases import phrase

    hub = "binder" if "BINDER_LAUNCH_HOST" in os.environ else "hub"  # a Binder says that it is a hub too
    place = "browser" if sys.platform == "emscripten" else hub if "JUPYTERHUB_SERVICE_PREFIX" in os.environ else "own"
    file = Path(__file__).resolve().parent.parent / "pyproject.toml"
    if file.exists():
        project = tomllib.loads(file.read_text(encoding="utf-8"))["project"]
        needs = [f"Python{project['requires-python']}", *project["dependencies"]]
    else:  # installed, as on a hub
        needs = [f"Python{metadata.metadata('mas-casebook')['Requires-Python']}", *metadata.requires("mas-casebook")]
    for r in (r for r in map(Requirement, needs) if not r.marker or r.marker.evaluate({"extra": ""})):
        try:
            found = platform.python_version() if r.name == "Python" else metadata.version(r.name)
            unfit = "".join(bound.operator for bound in r.specifier if not bound.contains(found, True))
            state = "too_old" if ">" in unfit else "newer" if unfit else "new_enough"
        except metadata.PackageNotFoundError:  # JupyterLab and what only tests need may be elsewhere, or nowhere
            found, state = "", "missing" if place == "own" else "not_needed"
        bounds = ", ".join(sorted(map(str, r.specifier), reverse=True))
        here = phrase("check.found" if found else "check.found_none", found=found, bounds=bounds)
        yield r.name, here, phrase(f"check.{state}", mend=phrase(f"check.mend_{place}"))
    file, home = record.record_path(), Path.home()
    try:  # a file is written beside the record as one is, and taken away again
        file.parent.mkdir(parents=True, exist_ok=True)
        record.write_whole(probe := file.with_suffix(".trial"), "a trial")
        probe.unlink(missing_ok=True)
        lost = place == "browser" and not file.is_relative_to(record.DRIVE)  # a private window, or one without https
        state = phrase("check.not_kept") if lost else record.read()[1].strip() or phrase("check.can_be_written")
    except OSError as fault:
        state = phrase("check.not_written", why=fault.strerror)
    short = Path("~", file.relative_to(home)) if file.is_relative_to(home) else file  # home may bear your name
    yield phrase("check.record"), short, state
    yield phrase("check.place"), phrase(f"check.on_{place}"), ""


def load_ipython_extension(shell):
    """Explain this shell's NameErrors from now on."""
    shell.set_custom_exc((NameError,), _explain)


def _explain(shell, kind, error, trace, tb_offset=None):
    sentence, named = "", Path(os.environ.get("JPY_SESSION_NAME", ""))  # where the server tells the notebook
    while trace.tb_next:
        trace = trace.tb_next
    # A name missed in a library, or in a function's own lines, is no matter of order.
    if kind is NameError and trace.tb_frame.f_globals is shell.user_ns:
        try:
            paths = [named] if named.suffix == ".ipynb" and named.is_file() else Path.cwd().glob("*.ipynb")
            books = [json.loads(path.read_text("utf-8"))["cells"] for path in paths]
            sources = [["".join(c["source"]) for c in book if c["cell_type"] == "code"] for book in books]
            sentence = advice(error.name, shell.user_ns["In"], sources, shell.transform_cell)
        except (ImportError, OSError, ValueError, KeyError, TypeError):
            pass  # no notebook or no words: Python's message is left
    request = getattr(shell, "get_parent", dict)()
    cell = request.get("metadata", {}).get("cellId")  # only a page tells which cell it runs
    if sentence:
        error._render_traceback_ = lambda: [sentence]
    if not sentence or not cell:
        return shell.showtraceback((kind, error, error.__traceback__), tb_offset=tb_offset)
    now = cell, request["content"]["code"]
    same = [c for book in books for c in book if (c.get("id"), "".join(c["source"])) == now]
    for output in (o for c in same for o in c["outputs"] if o.get("metadata") != ADVICE):
        if data := {kind: "".join(given) for kind, given in output.get("data", {}).items() if kind in KINDS}:
            shell.display_pub.publish(data)
    words = re.sub("`(.+?)`", r"<code>\1</code>", escape(sentence))
    shell.display_pub.publish({"text/html": f'<p role="note">{words}</p>', "text/plain": sentence}, ADVICE)
    shell._last_traceback = [sentence]  # goes into the reply that ends the run, as it does where it is shown


def advice(name, ran, books, transform=str):
    """Which cell to run first, as a sentence; empty where none makes the name, or it may be one or another.

    `ran`: cells run so far, the one that missed it last; `books`: a list of cells for each notebook that this may be.
    """
    found = []  # (how many of `ran` are in this notebook, whether above, first line)
    for cells in books:
        here = cells.index(ran[-1]) if ran[-1] in cells else len(cells)
        if makers := [i for i, source in enumerate(cells) if i != here and name in _makes(transform(source))]:
            nearest = max((i for i in makers if i < here), default=makers[0])
            begins = cells[nearest].strip().splitlines()[0]
            found.append((len(set(cells) & set(ran)), here < len(cells) and nearest < here, begins))
    likely = {(above, begins) for count, above, begins in found if count == max(found)[0]}
    if len(likely) != 1:
        return ""
    from utils.phrases import phrase  # here, since this room is loaded first, and where nothing else may be

    [(above, begins)] = likely
    return phrase("first.made_above" if above else "first.made", name=name, begins=begins)


def _makes(source):
    """The names that a cell leaves behind; none where it is not yet Python."""
    try:
        return {i.argval for i in dis.get_instructions(compile(source, "", "exec")) if i.opname == "STORE_NAME"}
    except SyntaxError:
        return set()
