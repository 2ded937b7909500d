"""The teacher's kit in a real browser, opened from its folder: nothing is asked for, nothing is cut off on paper."""

import re
from concurrent.futures import ThreadPoolExecutor

import nbformat
import pytest
from playwright.sync_api import expect

from classroom.kit import notebooks, printing
from tests.browser.access import SHOWN, faults, lay_out
from tests.browser.session import BOOKS, VIEW

pytestmark = pytest.mark.browser
BROKEN = ("model not found", "VBox(children", "Error displaying widget", "Traceback", "undefined", "[object")
# Whether each fold in a place, that is in no other, is open.
OPENED = """place => [...document.querySelectorAll(place)]
  .flatMap((e) => [...(e.matches('details') ? [e] : []), ...e.querySelectorAll('details')])
  .filter((e) => !e.matches('.notes') && !e.parentElement.closest('details')).map((e) => e.open)"""
# Of other pages than notebooks, one of each kind is held to the rules of access.
KINDS = [f"learner/{name}" for name in ("index", "handouts/01_month_of_fever", "handouts/07_why_the_vein", "cards")]
KINDS += ["learner/bench_sheet", "instructor/readiness", "instructor/sessions/50_minutes", "instructor/answer_key"]
KINDS += [f"instructor/{name}" for name in ("facilitation/04_five_rulers", "slides", "notebooks/00_start_here")]
NOTEBOOKS = {f"learner/notebooks/{path.stem}": path for path in BOOKS}
CUT = """() => [...document.querySelectorAll('table, img, svg, pre')].filter((e) => e.checkVisibility()
  && e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.outerHTML.slice(0, 120))"""
TURNED = "(at) => Math.abs(document.querySelectorAll('.slide')[at].getBoundingClientRect().top) < 2"
NO_SLIDE = {"00", "10", "12", "13"}  # pages without a picture to take home; 04 has a second picture
SLIDES = 1 + len(set(notebooks.numbers()) - NO_SLIDE) + 1
END = SLIDES - 1
KEYS = (("ArrowRight", 1), ("PageDown", 2), ("ArrowLeft", 1), ("End", END), ("ArrowRight", END), ("ArrowLeft", END - 1))


@pytest.fixture(scope="module")
def page(browser):
    page = browser.new_page()
    yield page
    page.close()
    assert browser.outside == []


def test_every_page_opens_alone_and_is_not_cut_off_on_paper(built, page):
    files, asked = sorted(built.rglob("*.html")), []
    page.on("request", lambda request: asked.append(request.url))
    for path in files:
        page.set_viewport_size({"width": 718, "height": 1000})  # A4 at 96 pixels an inch, without its margins
        page.emulate_media(media="print")
        page.goto(path.as_uri())
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        here, last = (page.evaluate(OPENED, place) for place in ("main > :not(.folds)", ".folds"))
        if "learner" in path.parts:  # there a fold is read after its question, at the end
            assert set(here) <= {False} and len(here) == len(last) and all(last), path.name
        elif path.stem != "slides":
            assert all(here) and not last, path.name
        if path.stem != "slides":
            assert page.evaluate(CUT) == [], path.name
        text = page.inner_text("body")
        found = [b for b in BROKEN if b in text]
        assert found in ([], ["Error displaying widget"] if path.name.startswith("00") else []), path.name
    page.emulate_media(media="screen")
    assert [url for url in asked if not url.startswith("data:")] == [path.as_uri() for path in files]


def test_a_page_that_asks_for_something_would_be_counted(built, page, tmp_path):
    whole = (built / "learner" / "cards.html").read_text(encoding="utf-8")
    (tmp_path / "odd.html").write_text(whole.replace("</main>", "<img src='http://x.example/a.png' alt=''></main>"))
    page.goto((tmp_path / "odd.html").as_uri())
    counted, page.context.outside[:] = page.context.outside[:], []
    assert counted == ["http://x.example/a.png"]


@pytest.mark.parametrize("name", [*KINDS, *NOTEBOOKS])
def test_axe_finds_nothing_of_ours(built, page, name):
    page.set_viewport_size(VIEW)
    page.goto((built / f"{name}.html").as_uri())
    if name in NOTEBOOKS:
        stored = [row for row in page.evaluate(SHOWN) if row[1] or row[2]]
        assert len(stored) == sum(bool(cell.get("outputs")) for cell in nbformat.read(NOTEBOOKS[name], 4).cells)
        assert [cell for cell, words, things in stored if len(words) < 20 and not things] == []
    lay_out(page)
    ours, checked = faults(page)
    assert ours == []
    assert checked > (2 if name in KINDS else 50 if "12_" in name else 150)  # fewer, and the page was not looked at


def test_what_was_put_last_for_the_printer_is_taken_away_again(built, page):
    page.goto((built / "learner" / "notebooks" / "04_five_rulers.html").as_uri())
    page.evaluate("['beforeprint', 'afterprint'].forEach((name) => dispatchEvent(new Event(name)))")
    expect(page.locator(".folds")).to_have_count(0)
    assert page.locator("details:not(.notes)").count() > 3


def test_slides_turn_by_keys_and_say_their_notes(built, page):
    page.set_viewport_size({"width": 1280, "height": 720})
    page.goto((built / "instructor" / "slides.html").as_uri())
    for key, at in (*KEYS, ("Home", 0)):
        page.keyboard.press(key)
        page.wait_for_function(TURNED, arg=at)
    page.keyboard.press("n")
    expect(page.locator(".slide").first).to_contain_text("Say it in a minute", use_inner_text=True)


def test_pdfs_are_tagged_a_slide_a_page_and_cards_on_one(built, chromium):
    names = ("instructor/slides", "learner/cards", "learner/handouts/03_flare_sepsis_or_mas")
    paths = [built / f"{name}.html" for name in names]
    with ThreadPoolExecutor(1) as apart:  # this thread has a browser open already
        assert apart.submit(printing.print_pages, paths, chromium).result() == ""
    counts = []
    for path in paths:
        data = path.with_suffix(".pdf").read_bytes()
        assert b"/StructTreeRoot" in data and b"/Lang" in data
        counts.append(len(re.findall(rb"/Type\s*/Page\b", data)))
    assert counts == [SLIDES, 2, 2]
