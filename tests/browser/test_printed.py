"""Kit and book in a real browser, opened from their folders: nothing is asked for, nothing is cut off on paper."""

import pytest
from playwright.sync_api import expect

from classroom.kit import SCREEN, case, printing
from tests.browser.access import COLOURS, faults, lay_out
from tests.browser.session import BOOKS, VIEW

pytestmark = pytest.mark.browser
BROKEN = ("model not found", "VBox(children", "Error displaying widget", "Traceback", "undefined", "[object")
# Whether each fold that is in no other is open.
OPENED = """() => [...document.querySelectorAll('main details:not(.notes)')]
  .filter((e) => !e.parentElement.closest('details')).map((e) => e.open)"""
# One page of each kind is held to the rules of access.
KINDS = ["index", "learner/handouts/07_why_the_vein", "learner/cards", "learner/case/1_first_hospital"]
KINDS += ["learner/before/50_minutes_laptops", "instructor/sessions/50_minutes_laptops", "instructor/readiness"]
KINDS += [f"instructor/{name}" for name in ("sessions/50_minutes_questions", "answer_key", "notebooks/00_start_here")]
PAGES = [f"notebooks/{path.stem}" for path in BOOKS]  # of the book
OTHERS = ["index", "doors", "glossary", "live", "sources", "reuse", "functions", "data", "speed"]
FOLDS = """() => [...document.querySelectorAll('article details:not(.hide, .keys)')]
  .filter((e) => !e.parentElement.closest('details')).map((e) => [!!e.closest('.folds'), e.open])"""
# Each fold left in its place points to the end.
POINTERS = """() => [...document.querySelectorAll('article details:not(.hide, .keys) > summary')]
  .filter((e) => e.checkVisibility() && !e.closest('.folds'))
  .every((e) => getComputedStyle(e, '::after').content.includes('(at the end)'))"""
SEEN = """() => [...document.querySelectorAll('.live, .cell details.hide, .keys, .bd-sidebar, nav')]
  .some((e) => e.checkVisibility())"""
# In the dark the theme once took the words of captions away, and axe did not see it.
CAPTIONS = """() => { const like = getComputedStyle(document.querySelector('article')).color;
  return [...document.querySelectorAll('article :is(caption, figcaption, td)')].filter((e) => e.textContent
    && (getComputedStyle(e).color !== like && !e.querySelector('a')
    || getComputedStyle(e.closest('.output') ?? e).backgroundColor !== 'rgba(0, 0, 0, 0)'))
    .map((e) => e.outerHTML.slice(0, 120)); }"""
THEME = "(mode) => { document.documentElement.dataset.mode = document.documentElement.dataset.theme = mode; }"
CUT = """() => [...document.querySelectorAll('table, img, svg, pre')].filter((e) => e.checkVisibility()
  && e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.outerHTML.slice(0, 120))"""


@pytest.fixture(scope="module")
def page(browser):
    page = browser.new_page()
    yield page
    page.close()
    assert browser.outside == []


def test_every_page_opens_alone_and_is_not_cut_off_on_paper(built, page):
    screen = [built / "instructor" / kind for kind in SCREEN]
    files, asked = [p for p in sorted(built.rglob("*.html")) if p.parent not in screen], []
    page.on("request", lambda request: asked.append(request.url))
    page.set_viewport_size({"width": 718, "height": 1000})  # A4 at 96 pixels an inch, without its margins
    page.emulate_media(media="print")
    for path in files:
        page.goto(path.as_uri())
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert all(page.evaluate(OPENED)), path.name
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


@pytest.mark.parametrize("name", KINDS)
def test_axe_finds_nothing_of_ours(built, page, name):
    page.set_viewport_size(VIEW)
    page.goto((built / f"{name}.html").as_uri())
    lay_out(page)
    ours, checked = faults(page)
    assert ours == [] and checked > 2  # fewer, and the page was not looked at


# ---- the book, from its folder --------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", [*PAGES[::7], *OTHERS[:3]])
def test_axe_finds_nothing_of_ours_on_a_page_of_the_book_by_day_or_night(bound, page, name):
    page.set_viewport_size(VIEW)
    page.goto((bound / f"{name}.html").as_uri())
    page.evaluate(THEME, "light")
    lay_out(page)
    ours, checked = faults(page, where="article.bd-article")
    assert ours == [] and checked > (50 if name in PAGES else 5)
    page.evaluate(THEME, "dark")
    assert faults(page, COLOURS, "article.bd-article")[0] == []


def test_every_page_of_the_book_fits_a_phone_and_keeps_its_captions_in_the_dark(bound, page):
    page.set_viewport_size({"width": 390, "height": 800})
    for name in (*PAGES, *OTHERS):
        page.goto((bound / f"{name}.html").as_uri())
        page.evaluate(THEME, "dark")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
        assert page.evaluate(CAPTIONS) == [], name
    pale = "<table><caption style=color:#999>x</caption></table>"
    page.evaluate("pale => { document.querySelector('article').innerHTML += pale; }", pale)
    assert len(page.evaluate(CAPTIONS)) == 1


def test_the_book_is_searched_without_a_network_and_hits_stand_in_reading_order(bound, page):
    page.goto((bound / "search.html").as_uri() + "?q=ECMO")
    page.get_by_text("Search finished").wait_for()
    found = [a.inner_text() for a in page.locator("#search-results li > a").all()]
    numbers = [words[:2] for words in found if words[:2].isdigit()]
    assert found[0].startswith("Glossary") and numbers == sorted(numbers) and numbers[0] >= "05"
    expect(page.get_by_text("Results may reveal later events")).to_be_visible()
    assert "arrest" not in page.inner_text("#search-results")  # a hit tells its page, and no more


def test_on_paper_a_page_of_the_book_is_text_tables_and_pictures_and_what_is_folded_comes_last(bound, page):
    page.set_viewport_size({"width": 718, "height": 1000})
    for name in PAGES:
        page.goto((bound / f"{name}.html").as_uri())
        assert page.evaluate(SEEN) and [b for b in BROKEN if b in page.inner_text("article")] in ([], [BROKEN[2]]), name
        page.emulate_media(media="print")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        folds = page.evaluate(FOLDS)
        assert [opened for last, opened in folds] == [last for last, _ in folds], name
        assert 2 * sum(last for last, _ in folds) == len(folds) and not page.evaluate(SEEN), name
        assert page.evaluate(POINTERS), name
        assert page.evaluate(CUT) == [], name
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        expect(page.locator(".folds")).to_have_count(0)
        page.emulate_media(media="screen")


def test_pdfs_are_tagged_and_what_is_to_be_one_page_is_one(built, chromium, tmp_path):
    cases = [f"learner/case/{stage}_{name}" for stage, (name, *_) in case.STAGES.items()]
    names = [*cases, "learner/cards", "learner/before/50_minutes_laptops", "instructor/pilot"]
    names += ["learner/handouts/03_flare_sepsis_or_mas", "instructor/sessions/50_minutes_laptops"]
    files = {built / f"{name}.html": tmp_path / f"{n}.pdf" for n, name in enumerate(names)}
    assert printing.print_pages(files, chromium) == ""
    for pdf in files.values():
        assert b"/StructTreeRoot" in (data := pdf.read_bytes()) and b"/Lang" in data
    assert [printing.page_count(pdf) for pdf in files.values()] == [1] * (len(names) - 2) + [2, 2]
