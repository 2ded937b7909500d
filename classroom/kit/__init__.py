"""The teacher's kit: pages for learners and for teachers, all made from the notebooks, casedata and the texts here."""

import shutil
import tempfile
from pathlib import Path

from classroom.kit import handouts, notebooks, slides, teacher
from classroom.kit.audit import KitError, check
from classroom.kit.pages import page, rows
from classroom.kit.printing import HOW, browser_here, print_pages

__all__ = ["KIT", "KitError", "build", "everything"]
KIT = Path(__file__).resolve().parents[2] / "build" / "kit"


# What a page is called in an index, by its folder.
CALLED = {"": "sheet or page for a session", "sessions": "session plan with its questions", "handouts": "hand-out",
          "facilitation": "facilitation notes", "notebooks": "notebook"}  # fmt: skip


def everything():
    """Every page of the kit: a dict of path below the kit's folder -> HTML."""
    made = {}
    for folder, answers in (("learner", False), ("instructor", True)):
        own = {**teacher.papers(), "slides": slides.deck()} if answers else {}
        own |= handouts.sheets(answers)
        own |= {f"notebooks/{notebooks.stem(n)}": notebooks.export(n, answers) for n in notebooks.numbers()}
        own["index"] = index(own, answers)
        made |= {f"{folder}/{name}.html": html for name, html in own.items()}
    return made


def index(own, answers):
    """The way to every page of a folder (str)."""
    titles = {notebooks.stem(n): notebooks.title(n) for n in notebooks.numbers()}
    lines = []
    for name in own:
        kind, _, last = name.rpartition("/")
        called = titles.get(last, last.replace("_", " ").capitalize())
        lines.append([f'<a href="{name}.html">{called}</a>', CALLED[kind]])
    title = "MAS Casebook: for teachers" if answers else "MAS Casebook: to read and to print"
    how = "Every page opens from this folder without a network. Where PDFs were made, they lie beside the pages."
    return page(title, f"<h1>{title}</h1><p>{how}</p>" + rows(["Page", "What it is"], lines, "full left"), answers)


def build(folder=KIT, pdf=True, tell=print):
    """Build the kit anew and check it; a fault is a `KitError`, and leaves what was there before.

    Parameters
    ----------
    folder : str or Path
    pdf : bool
        Whether to print it too, where a browser is at hand.
    tell : callable
        Is told each step in one line.
    """
    folder = Path(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".kit-") as scratch:
        new = Path(scratch) / folder.name
        tell("Kit: writing the pages …")
        for name, html in everything().items():
            path = new / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(html, encoding="utf-8", newline="\n")
        tell("Kit: looking for answers in learners' pages, and for gaps …")
        check(new)
        told = _printed(new, tell) if pdf else HOW
        shutil.rmtree(folder, ignore_errors=True)
        new.replace(folder)
    if told:
        tell(told)


def _printed(folder, tell):
    """Print the pages that are for paper; returns what is to be said where that was not possible."""
    if not (browser := browser_here()):
        return HOW
    paths = [p for p in sorted(folder.rglob("*.html")) if p.name != "index.html"]
    paths = [p for p in paths if p.parent != folder / "instructor" / "notebooks"]
    tell(f"Kit: printing {len(paths)} pages as PDF …")
    fault = print_pages(paths, browser)
    return fault and f"PDFs are missing: the browser gave up ({fault}). The HTML pages can be printed from any browser."
