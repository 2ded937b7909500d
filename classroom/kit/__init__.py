"""The teacher's kit: pages for learners and for teachers, all made from the notebooks, casedata and the texts here."""

import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from classroom import gift, qti
from classroom.audit import KitError, check
from classroom.book import build as book
from classroom.hub.link import live
from classroom.kit import case, handouts, notebooks, plans, slides, teacher
from classroom.kit.printing import HOW, browser_here, page_count, print_pages
from utils.phrases import phrase

__all__ = ["KIT", "KitError", "build", "everything"]
SCREEN = ("notebooks", "handouts", "facilitation")  # of a teacher: a browser prints them, should anybody want it
KIT = Path(__file__).resolve().parents[2] / "build" / "kit"


def everything(link=""):
    """What the kit holds beside its front pages: a dict of path below the kit's folder -> HTML, or bytes."""
    made = {
        "learner": handouts.sheets() | case.sheets() | plans.sent(link) | {"cards": handouts.cards()},
        "instructor": handouts.sheets(teacher=True) | teacher.papers(),
    }
    made["instructor"] |= {f"notebooks/{notebooks.stem(n)}": notebooks.export(n) for n in notebooks.numbers()}
    made = {f"{folder}/{name}.html": html for folder, pages in made.items() for name, html in pages.items()}
    files = {**slides.decks(), "platform/questions_qti21.zip": qti.package(), "platform/questions.gift": gift.bank()}
    return made | {f"instructor/{name}": file for name, file in files.items()}


def build(folder=KIT, pdf=True, tell=print, link=""):
    """Build the kit anew and check it; a fault is a `KitError`, and leaves what was there before.

    It is printed too, unless `pdf` is False, where a browser is at hand; `tell` gets each step in one line; `link` is
    where students open the notebooks, by default on the published site.
    """
    folder, browser, link = Path(folder), browser_here() if pdf else None, link or live()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".kit-") as scratch, ThreadPoolExecutor(1) as beside:
        new = Path(scratch, folder.name)
        binding = beside.submit(_bound, Path(scratch, "book"), tell) if browser else None  # as long as all the rest
        tell(phrase("kit.writing"))
        put(new, everything(link))
        fronts = put(new, plans.fronts({}, link))
        tell(phrase("kit.looking"))
        check(new)
        lack = _printed(new, fronts, link, browser, binding, tell) if browser else HOW
        shutil.rmtree(folder, ignore_errors=True)
        new.replace(folder)
    if lack:
        tell(lack)


def put(folder, made):
    """Write files (dict of path -> str or bytes) below a folder; returns where they are (list of Path)."""
    for name, content in made.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return [folder / name for name in made]


def _bound(folder, tell):
    """The pages of the notebooks in a book that is built here (list of Path)."""
    book.build(folder, tell=tell)
    return sorted((folder / "notebooks").glob("*.html"))


def _printed(folder, fronts, link, browser, binding, tell):
    """Print what is for paper, count the pages, and print the plans, which tell it; returns why not, if so."""
    screen, own = [folder / "instructor" / kind for kind in SCREEN], folder / "learner" / "notebooks"
    paper = [p for p in sorted(folder.rglob("*.html")) if p not in fronts and p.parent not in screen]
    files = {p: p.with_suffix(".pdf") for p in paper}
    try:
        files |= {p: own / f"{p.stem}.pdf" for p in binding.result()}
    except book.BookError as fault:
        return phrase("kit.gave_up", fault=fault)
    own.mkdir()
    tell(phrase("kit.printing", count=len(files) + len(fronts) - 1))
    if not (fault := print_pages(files, browser)):
        plans_here = {p: p.with_suffix(".pdf") for p in fronts if p.name != "index.html"}
        # Nobody asks how many pages a plan has; that it is there makes its link lead to the PDF.
        counts = {p: page_count(p) for p in files.values()} | dict.fromkeys(plans_here.values(), 0)
        named = {p.relative_to(folder).with_suffix("").as_posix(): n for p, n in counts.items()}
        put(folder, plans.fronts(named, link))
        fault = print_pages(plans_here, browser)
    return fault and phrase("kit.gave_up", fault=fault)
