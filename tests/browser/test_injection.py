"""What is typed into a page is text there, in a real browser: nothing of it runs, or becomes an element."""

import pytest

from tests.browser.session import restart, run_all
from tests.injection import PAYLOADS

pytestmark = pytest.mark.browser
ALL = "\n".join(PAYLOADS)
HARM = """() => [window.__hit === undefined ? '' : 'it ran',
  ...[...document.querySelectorAll('.jp-Notebook *')].filter(e => [...e.attributes].some(a => a.name.startsWith('on')
    || /^\\s*javascript:/i.test(a.value) || (a.name === 'src' && a.value === 'x'))
    || (e.closest('.jp-OutputArea') && ['SCRIPT', 'IFRAME', 'OBJECT', 'ANIMATE', 'MATH', 'VIDEO'].includes(e.tagName)))
    .map(e => e.outerHTML.slice(0, 120))].filter(x => x)"""


def harmless(page):
    page.wait_for_timeout(300)  # what loads in vain says so a moment later
    assert page.evaluate(HARM) == []


def test_what_is_written_on_a_card_stays_text_after_a_restart_too(open_page):
    page = open_page("01_month_of_fever.ipynb")
    run_all(page)
    harmless(page)
    assert len(ALL) < 2000  # as much as one field takes
    card = page.locator("form.casebook-card", has_text="F1.1. ").first
    card.scroll_into_view_if_needed(timeout=30_000)
    for field, text in zip(card.locator("textarea").all(), (ALL, PAYLOADS[7], PAYLOADS[2]), strict=True):
        field.fill(text)
    card.locator("button").click()
    card.locator("[role=status]").get_by_text("F1.1 is kept.").wait_for(timeout=15_000)
    harmless(page)
    restart(page)
    run_all(page)
    again = page.locator("form.casebook-card", has_text="F1.1. ").first
    again.scroll_into_view_if_needed(timeout=30_000)
    again.locator("[role=status]").get_by_text("F1.1 is kept.").wait_for(timeout=15_000)
    assert again.locator("textarea").first.input_value() == ALL
    harmless(page)


def test_what_is_typed_into_an_explorer_stays_text(open_page):
    page = open_page("00_start_here.ipynb")
    run_all(page)
    field = page.get_by_label("Value, unit").first
    field.scroll_into_view_if_needed()
    for number, text in enumerate(PAYLOADS):
        field.fill(f"x{number} {text}")
        field.press("Enter")
        page.locator(".casebook-refused", has_text=f"Refused. 'x{number} ").first.wait_for(timeout=15_000)
        assert page.evaluate("window.__hit") is None
    harmless(page)


def test_what_is_searched_for_stays_text(open_page):
    page = open_page("08_did_it_work.ipynb")
    run_all(page)
    field = page.get_by_label("search for").first
    field.scroll_into_view_if_needed(timeout=30_000)
    field.fill(ALL.replace("\n", " "))
    field.press("Enter")
    page.locator(".casebook-result", has_text="No entry fits").first.wait_for(timeout=15_000)
    harmless(page)
