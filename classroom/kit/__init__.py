"""The teacher's kit: pages for learners and for teachers, all made from the notebooks, casedata and the texts here."""

import shutil
import tempfile
from pathlib import Path

from classroom.audit import KitError, check
from classroom.book import build as book
from classroom.kit import handouts, notebooks, slides, teacher
from classroom.kit.pages import page, rows
from classroom.kit.printing import HOW, browser_here, print_pages
from utils.phrases import phrase

__all__ = ["KIT", "KitError", "build", "everything"]
KIT = Path(__file__).resolve().parents[2] / "build" / "kit"


def everything():
    """Every page of the kit: a dict of path below the kit's folder -> HTML."""
    made = {}
    for folder, answers in (("learner", False), ("instructor", True)):
        own = {**teacher.papers(), "slides": slides.deck()} if answers else {}
        own |= handouts.sheets(answers)
        if answers:  # a learner reads the book
            own |= {f"notebooks/{notebooks.stem(n)}": notebooks.export(n) for n in notebooks.numbers()}
        own["index"] = index(own, answers)
        made |= {f"{folder}/{name}.html": html for name, html in own.items()}
    return made


def index(own, answers):
    """The way to every page of a folder (str)."""
    titles, lines = {notebooks.stem(n): notebooks.title(n) for n in notebooks.numbers()}, []
    for name in own:
        kind, _, last = name.rpartition("/")
        words = titles.get(last) or phrase(f"kit.{last.lstrip('0123456789_')}", n=last[:2])
        lines.append([f'<a href="{name}.html">{words}</a>', phrase(f"kit.is_{kind or 'sheet'}")])
    title = phrase("kit.for_teachers" if answers else "kit.for_learners")
    listed = rows([phrase("kit.page"), phrase("kit.what_it_is")], lines, "full left")
    return page(title, f"<h1>{title}</h1><p>{phrase('kit.index_how')}</p>{listed}", answers)


def build(folder=KIT, pdf=True, tell=print):
    """Build the kit anew and check it; a fault is a `KitError`, and leaves what was there before.

    It is printed too, unless `pdf` is False, where a browser is at hand; `tell` gets each step in one line.
    """
    folder = Path(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".kit-") as scratch:
        new = Path(scratch) / folder.name
        tell(phrase("kit.writing"))
        for name, html in everything().items():
            path = new / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(html, encoding="utf-8", newline="\n")
        tell(phrase("kit.looking"))
        check(new)
        lack = _printed(new, tell) if pdf else HOW
        shutil.rmtree(folder, ignore_errors=True)
        new.replace(folder)
    if lack:
        tell(lack)


def _printed(folder, tell):
    """Print the pages that are for paper; returns what is to be said where that was not possible."""
    if not (browser := browser_here()):
        return HOW
    apart, own = folder / "instructor" / "notebooks", folder / "learner" / "notebooks"
    pages = [p for p in sorted(folder.rglob("*.html")) if p.name != "index.html" and p.parent != apart]
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".book-") as scratch:
        try:
            book.build(Path(scratch, "book"), tell=tell)
        except book.BookError as fault:
            return phrase("kit.gave_up", fault=fault)
        own.mkdir()
        files = {p: p.with_suffix(".pdf") for p in pages}
        files |= {p: own / f"{p.stem}.pdf" for p in sorted(Path(scratch, "book", "notebooks").glob("*.html"))}
        tell(phrase("kit.printing", count=len(files)))
        fault = print_pages(files, browser)
    return fault and phrase("kit.gave_up", fault=fault)
