"""What is typed into a page is text there, in a real browser: nothing of it runs, or becomes an element."""

import pytest
from playwright.sync_api import expect

from tests.browser.session import card, restart, run_all, says, shows
from tests.injection import PAYLOADS

pytestmark = pytest.mark.browser
ALL = "\n".join(PAYLOADS)
HARM = """() => [window.__hit === undefined ? '' : 'it ran',
  ...[...document.querySelectorAll('.jp-Notebook *')].filter(e => [...e.attributes].some(a => a.name.startsWith('on')
    || /^\\s*javascript:/i.test(a.value) || (a.name === 'src' && a.value === 'x'))
    || (e.closest('.jp-OutputArea') && ['SCRIPT', 'IFRAME', 'OBJECT', 'ANIMATE', 'MATH', 'VIDEO'].includes(e.tagName)))
    .map(e => e.outerHTML.slice(0, 120))].filter(x => x)"""


# What loads in vain says so a moment later: this picture, asked for last, says so after the others.
IN_VAIN = "() => new Promise((said) => { Object.assign(new Image(), { onerror: said, src: 'x?last' }); })"


def harmless(page):
    page.evaluate(f"async () => {{ await ({IN_VAIN})(); }}")
    assert page.evaluate(HARM) == []


def test_what_is_written_on_a_card_stays_text_after_a_restart_too(open_page):
    page = open_page("01_month_of_fever.ipynb")
    run_all(page)
    harmless(page)
    assert len(ALL) < 2000  # as much as one field takes
    form = card(page, "F1.1")
    for field, text in zip(form.locator("textarea").all(), (ALL, PAYLOADS[7], PAYLOADS[2]), strict=True):
        field.fill(text)
    form.locator("button").click()
    says(form, "F1.1 is kept.")
    harmless(page)
    restart(page)
    run_all(page)
    again = card(page, "F1.1")
    says(again, "F1.1 is kept.")
    expect(again.locator("textarea").first).to_have_value(ALL)
    harmless(page)


def test_what_is_typed_into_an_explorer_stays_text(open_page):
    page = open_page("00_start_here.ipynb")
    run_all(page)
    field = page.get_by_label("Value, unit").first
    for number, text in enumerate(PAYLOADS):
        field.fill(f"x{number} {text}")
        field.press("Enter")
        page.locator(".casebook-refused", has_text=f"Refused. 'x{number} ").first.wait_for()
        assert page.evaluate("window.__hit") is None
    harmless(page)


def test_what_is_searched_for_stays_text(open_page):
    page = open_page("08_did_it_work.ipynb")
    run_all(page)
    field = page.get_by_label("search for").first
    field.fill(ALL.replace("\n", " "))
    field.press("Enter")
    shows(page, "No entry fits")
    harmless(page)
