"""Restart and reopen in a real browser: what was committed comes back, as text; a page without its kernel says so."""

import os
import signal
from types import SimpleNamespace

import pytest
from playwright.sync_api import expect

from tests.browser.session import card, enter, open_notebook, press, restart, run_all, says, settle, shows, tells
from tests.injection import PAYLOADS
from utils.quiz import items

pytestmark = pytest.mark.browser
FOUR = ("1", "2", "3", "4")
KERNEL = "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"
AFTER = "e => getComputedStyle(e, '::after').content"


def commit(form, choice=None, text=None):
    """Choose or write, and press the button by keyboard."""
    if choice:
        form.locator(f"input[name=choice][value={choice}]").check()
    for field in form.locator("textarea").all() if text else ():
        field.fill(text)
    form.locator("button").focus()
    press(form.page, "Enter")


def choose(page, form, downs):
    """Choose by keyboard and press the button: the first option, and so many down from it."""
    form.locator("input").first.focus()
    press(page, "Space", *["ArrowDown"] * downs, "Tab", "Tab", "Enter")


def kill(page):
    """Kill the page's kernel, whose process it names itself."""
    pid = page.evaluate(f"""async () => {{
      const future = {KERNEL}.requestExecute({{code: 'import os; os.getpid()', store_history: false}});
      let said;
      future.onIOPub = (m) => {{ said = m.content.data?.['text/plain'] ?? said; }};
      await future.done;
      return Number(said);
    }}""")
    os.kill(pid, signal.SIGKILL)
    dialog = page.locator(".jp-Dialog", has_text="appears to have died")
    dialog.get_by_role("button", name="Ok").click()


def faults(page):
    """Whatever went wrong in a cell or a widget of the page, in the page's own words."""
    return page.evaluate("""() => [...document.querySelectorAll('.jp-RenderedText[data-mime-type*="stderr"]')]
      .map(e => e.textContent)
      .concat(window.jupyterapp.shell.currentWidget.content.widgets.filter(c => c.model.type === 'code')
        .flatMap(c => c.model.outputs.toJSON()).filter(o => o.output_type === 'error').map(o => o.evalue))
      .concat(/model not found|Error displaying widget/.test(document.body.textContent) ? ['no widget'] : [])""")


BOARD = {"name": "platelets leukaemia", "exact": True}
STORY = "A boy of two with a month of fever"


def fill_first(page):
    """Commit a question, a text, a ranking and a board in notebook 01."""
    question, text, ranking = (card(page, name) for name in ("N1.1", "W1.1", "D1.1"))
    commit(question, choice="b")
    says(question, "You chose b")
    commit(text, text=STORY)
    says(text, "W1.1 is kept.")
    for place, choice in zip(FOUR, ranking.locator("select").all(), strict=False):
        choice.select_option(place)
    commit(ranking)
    says(ranking, "Your order: 1 systemic")
    page.get_by_role("combobox", **BOARD).select_option("unknown")
    page.get_by_role("button", name="Compare with the reading").click()
    page.get_by_text("1 cell filled").first.wait_for()


def find_first(page):
    """All of that is there again, and shut where a first commit stays."""
    run_all(page)
    for name, words in (("N1.1", "You chose b"), ("W1.1", "W1.1 is kept."), ("D1.1", "Your order: 1 systemic")):
        form = card(page, name)
        says(form, words)
        expect(form.locator("input:enabled, textarea:enabled, select:enabled")).to_have_count(0)
        expect(form.locator("button")).to_be_hidden()
    expect(card(page, "W1.1").locator("textarea")).to_have_value(STORY)
    for place, choice in zip(FOUR, card(page, "D1.1").locator("select").all(), strict=False):
        expect(choice).to_have_value(place)
    cell = page.get_by_role("combobox", **BOARD)
    expect(cell).to_have_value("unknown")
    expect(cell).to_be_enabled()
    tells(page, "acute leukaemia: story and examination place 2")
    assert faults(page) == []


def test_answers_texts_rankings_and_a_board_come_back_where_page_and_kernel_are_gone(open_page, context, lab):
    page = open_page("01_month_of_fever.ipynb")
    run_all(page)
    fill_first(page)
    kill(page)
    page.close()
    find_first(open_notebook(context, lab, "01_month_of_fever.ipynb"))


def test_a_sheet_comes_back_after_a_restart(open_page):
    page = open_page("10_a_new_patient.ipynb")
    run_all(page)
    for rule in ("MAS-2016", "HScore", "HLH-2004", "Ferritin:ESR", "MS score"):
        verdict = page.get_by_role("combobox", name=f"{rule} Your verdict", exact=True).first
        verdict.select_option("undetermined")
    page.get_by_role("button", name="Commit C9.1").click()
    page.get_by_text("of 5 are as the rules say").first.wait_for()
    restart(page)
    run_all(page)
    page.get_by_text("of 5 are as the rules say").first.wait_for()
    expect(verdict).to_have_value("undetermined")
    expect(verdict).to_be_disabled()
    expect(page.get_by_role("button", name="Commit C9.1")).to_have_count(0)  # hidden: it cannot be committed anew
    assert faults(page) == []


def test_an_explorer_starts_afresh_after_a_restart(open_page):
    page = open_page("08_safe_and_effective.ipynb")
    run_all(page)
    day = page.get_by_label("Suppose the heart improved on day", exact=True).first
    first = day.input_value()
    enter(day, "12")
    shows(page, "Suppose the heart had first improved on day 12.")
    restart(page)
    run_all(page)
    shows(page, f"Suppose the heart had first improved on day {first}, as is printed.")
    expect(day).to_have_value(first)  # not kept
    assert faults(page) == []


def test_a_page_without_its_kernel_says_so_and_the_answer_can_be_committed_after_all(open_page):
    page, written = open_page("02_naming_it.ipynb"), "Hepatitis, or more than that"
    run_all(page)
    text = card(page, "W2.1")
    kill(page)
    commit(text, text=written)
    says(text, "No reply")
    expect(text.locator("textarea").first).to_have_value(written)  # to be copied
    settle(page)
    run_all(page)  # as the page advises
    text = card(page, "W2.1")
    commit(text, text=written)
    says(text, "W2.1 is kept.")


def test_a_page_whose_kernel_is_busy_says_to_wait_and_the_answer_arrives(open_page):
    page = open_page("03_flare_sepsis_or_mas.ipynb")
    run_all(page)
    question = card(page, "N3.1")
    page.evaluate(
        f"() => {{ {KERNEL}.requestExecute({{code: 'import time; time.sleep(3600)', store_history: false}}); }}"
    )
    commit(question, choice="b")
    says(question, "If the kernel is busy, wait.")
    page.evaluate(f"{KERNEL}.interrupt()")
    says(question, "You chose b")


def test_of_two_pages_with_a_kernel_each_the_first_answer_stays(open_page, context, lab):
    one = open_page("02_naming_it.ipynb")
    copied = one.evaluate("window.jupyterapp.serviceManager.contents.copy('02_naming_it.ipynb', '').then(m => m.path)")
    two = open_notebook(SimpleNamespace(pages=[context.new_page()]), lab, copied)
    run_all(one), run_all(two)
    first, second = card(one, "N2.1"), card(two, "N2.1")
    second.locator("input[name=choice][value=b]").check()
    commit(first, choice="a")
    says(first, "You chose a")
    commit(second)
    says(second, "N2.1 is answered already: a. It stays")
    expect(second.locator("input[name=choice]:checked")).to_have_value("a")
    expect(second.locator("input:enabled")).to_have_count(0)
    assert faults(one) == faults(two) == []


def test_a_room_votes_twice_by_keyboard_alone(open_page, context):
    sent, whys = [], [o["why"][:30].encode() for o in items()["N3.2"]["options"]]

    def note(frame):
        sent.append(frame if isinstance(frame, bytes) else frame.encode())

    context.pages[0].on("websocket", lambda socket: socket.on("framereceived", note))
    page = open_page("00_start_here.ipynb")
    run_all(page)
    switch = card(page, "Votes")
    switch.locator("input:checked").focus()
    press(page, "ArrowDown", "Tab", "Enter")
    says(switch, "Two votes: your first commit is vote 1")
    page = open_page("03_flare_sepsis_or_mas.ipynb")
    run_all(page)
    question, other = card(page, "N3.2"), card(page, "N3.3")
    expect(question.locator("button")).to_have_text("Commit first vote N3.2")
    choose(page, question, 0)
    says(question, "vote 1 is in, a. Talk with your neighbour")
    heard = b"".join(sent)
    assert b"vote 1 is in, a" in heard and not any(why in heard or why.decode() in page.content() for why in whys)
    assert "(your first vote)" in question.locator("label").first.evaluate(AFTER)
    button = question.get_by_role("button", name="Commit second vote N3.2")
    expect(question.locator("input:checked")).to_have_count(0)
    expect(question.locator("input:disabled")).to_have_count(0)
    press(page, "Enter")  # still on the button: a second press alone is no second vote
    says(question, "Choose an answer first.")
    says(question, "vote 1 is in, a")
    expect(button).to_be_visible()
    choose(page, question, 1)
    says(question, "You changed from a to b.")
    heard = b"".join(sent)
    assert all(why in heard for why in whys)
    expect(question.locator("input:enabled")).to_have_count(0)
    choose(page, other, 2)
    says(other, "vote 1 is in, c.")
    restart(page)
    run_all(page)
    says(card(page, "N3.2"), "You changed from a to b.")
    says(card(page, "N3.3"), "vote 1 is in, c.")
    choose(page, card(page, "N3.3"), 2)
    says(card(page, "N3.3"), "You stayed with c.")
    assert faults(page) == []


def test_the_start_check_finds_a_slider_and_says_where_none_is(open_page):
    page = open_page("00_start_here.ipynb")
    run_all(page)
    page.locator("[role=status]", has_text="A slider shows on this page, and the kernel hears of it.").wait_for()
    told = page.locator(".casebook-explorer table", has_text="What the notebooks need").first.text_content()
    assert "answers.json" in told and "(needed: >=3.11)" in told
    hidden = page.add_style_tag(content="[role=slider] { display: none }")
    run_all(page)
    page.locator("[role=status]", has_text="No slider shows on this page.").wait_for()
    hidden.evaluate("(style) => style.remove()")


# ---- what is typed is text: nothing of it runs, or becomes an element ----
ALL = "\n".join(PAYLOADS)
HARM = """() => [window.__hit === undefined ? '' : 'it ran',
  ...[...document.querySelectorAll('.jp-Notebook *')].filter(e => [...e.attributes].some(a => a.name.startsWith('on')
    || /^\\s*javascript:/i.test(a.value) || (a.name === 'src' && a.value === 'x'))
    || (e.closest('.jp-OutputArea') && ['SCRIPT', 'IFRAME', 'OBJECT', 'ANIMATE', 'MATH', 'VIDEO'].includes(e.tagName)))
    .map(e => e.outerHTML.slice(0, 120))].filter(x => x)"""


# What loads in vain says so a moment later: this picture, asked for last, says so after the others.
IN_VAIN = "() => new Promise((said) => { Object.assign(new Image(), { onerror: () => said(), src: 'x?last' }); })"


def harmless(page):
    page.evaluate(IN_VAIN)
    assert page.evaluate(HARM) == []


def test_what_is_written_on_a_card_stays_text_after_a_restart_too(open_page):
    page = open_page("01_month_of_fever.ipynb")
    run_all(page)
    harmless(page)
    assert len(ALL) < 2000  # as much as one field takes
    form = card(page, "F1.1")
    for field, text in zip(form.locator("textarea").all(), (ALL, PAYLOADS[7], PAYLOADS[2]), strict=True):
        field.fill(text)
    commit(form)
    says(form, "F1.1 is kept.")
    harmless(page)
    restart(page)
    run_all(page)
    says(form, "F1.1 is kept.")
    expect(form.locator("textarea").first).to_have_value(ALL)
    harmless(page)


def test_what_is_typed_into_an_explorer_stays_text(open_page):
    page = open_page("00_start_here.ipynb")
    run_all(page)
    field = page.get_by_label("Value, unit").first
    for number, text in enumerate(PAYLOADS):
        enter(field, f"x{number} {text}")
        page.locator(".casebook-refused", has_text=f"Refused. 'x{number} ").first.wait_for()
        assert page.evaluate("window.__hit") is None
    harmless(page)


PLANT = """at => at.insertAdjacentHTML('beforeend', "<img src='x' onerror='window.__hit = 1'>")"""


def test_what_is_searched_for_stays_text(open_page):
    page = open_page("13_the_report_itself.ipynb")
    run_all(page)
    field = page.get_by_label("search for").first
    enter(field, ALL.replace("\n", " "))
    shows(page, "No entry fits")
    harmless(page)
    page.locator(".jp-OutputArea", has=field).first.evaluate(PLANT)
    page.wait_for_function("window.__hit === 1")
    ran, element = page.evaluate(HARM)  # the look finds harm where there is some
    assert ran == "it ran" and element.startswith("<img")
