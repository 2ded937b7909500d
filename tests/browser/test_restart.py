"""Restart and reopen in a real browser: what was committed comes back, as text; a page without its kernel says so."""

import os
import signal
from types import SimpleNamespace

import pytest
from playwright.sync_api import expect

from tests.browser.session import (
    ALL,
    KERNEL,
    card,
    choose,
    commit,
    faults,
    harmless,
    open_notebook,
    press,
    restart,
    run_all,
    says,
    settle,
    tells,
)
from tests.injection import PAYLOADS
from utils.quiz import items

pytestmark = pytest.mark.browser
FOUR = ("1", "2", "3", "4")
AFTER = "e => getComputedStyle(e, '::after').content"


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


BOARD = {"name": "platelets leukaemia", "exact": True}
STORY = "A boy of two with a month of fever"


def fill_first(page):
    """Commit a question, a text, a ranking, a board and a form full of what must stay text in notebook 01."""
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
    assert len(ALL) < 2000  # as much as one field takes
    form = card(page, "F1.1")
    for field, typed in zip(form.locator("textarea").all(), (ALL, PAYLOADS[7], PAYLOADS[2]), strict=True):
        field.fill(typed)
    commit(form)
    says(form, "F1.1 is kept.")
    harmless(page)


def find_first(page):
    """All of that is there again, and shut where a first commit stays."""
    run_all(page)
    said = {"N1.1": "You chose b", "W1.1": "W1.1 is kept.", "D1.1": "Your order: 1 systemic", "F1.1": "F1.1 is kept."}
    for name, words in said.items():
        form = card(page, name)
        says(form, words)
        expect(form.locator("input:enabled, textarea:enabled, select:enabled")).to_have_count(0)
        expect(form.locator("button")).to_be_hidden()
    expect(card(page, "W1.1").locator("textarea")).to_have_value(STORY)
    expect(card(page, "F1.1").locator("textarea").first).to_have_value(ALL)
    for place, choice in zip(FOUR, card(page, "D1.1").locator("select").all(), strict=False):
        expect(choice).to_have_value(place)
    cell = page.get_by_role("combobox", **BOARD)
    expect(cell).to_have_value("unknown")
    expect(cell).to_be_enabled()
    tells(page, "acute leukaemia: story and examination place 2")
    harmless(page)
    assert faults(page) == []


def test_answers_texts_rankings_and_a_board_come_back_where_page_and_kernel_are_gone(open_page, context, lab):
    page = open_page("01_month_of_fever.ipynb")
    run_all(page)
    fill_first(page)
    kill(page)
    page.close()
    find_first(open_notebook(context, lab, "01_month_of_fever.ipynb"))


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
    choose(question, 0)
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
    choose(question, 1)
    says(question, "You changed from a to b.")
    heard = b"".join(sent)
    assert all(why in heard for why in whys)
    expect(question.locator("input:enabled")).to_have_count(0)
    choose(other, 2)
    says(other, "vote 1 is in, c.")
    restart(page)
    run_all(page)
    says(card(page, "N3.2"), "You changed from a to b.")
    says(card(page, "N3.3"), "vote 1 is in, c.")
    choose(card(page, "N3.3"), 2)
    says(card(page, "N3.3"), "You stayed with c.")
    assert faults(page) == []
