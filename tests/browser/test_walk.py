"""A learner's walk in a real browser, by keyboard: open, run, answer, read, restart, and the answer is still there."""

import os
import re
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.session import (
    ALL,
    HARM,
    KERNEL,
    card,
    commit,
    enter,
    faults,
    harmless,
    press,
    restart,
    run_all,
    says,
    settle,
    shows,
    tells,
    whole,
)
from tests.injection import PAYLOADS

pytestmark = pytest.mark.browser
UNRUN = ".jp-OutputArea"


def shot(page, name):
    """A screenshot for a person to look at, where a folder for it is named."""
    if folder := os.environ.get("MAS_CASEBOOK_SHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png")


# Where everything of an explorer stands, and what its result shows.
LAID = """(field) => { const box = field.closest('.casebook-explorer'), top = box.getBoundingClientRect();
  const parts = box.querySelectorAll('input, select, .noUi-handle, .casebook-refused, .casebook-result');
  return [top.height, ...[...parts].map((e) => {
    const { x, y, width, height } = e.getBoundingClientRect(), shows = e.closest('.casebook-result')?.innerHTML;
    return [x - top.x, y - top.y, width, height, shows]; })]; }"""
HEARD = """(field) => { const box = field.closest('.casebook-explorer'); window.__heard = [];
  const said = box.lastElementChild.querySelector('[role=status]'), note = () => window.__heard.push(said.textContent);
  new MutationObserver(note).observe(said, { childList: true }); }"""


def refuse(page, field, typed):
    """Type what cannot be, and mend it: a sentence comes at the field, is heard once, and goes; nothing else moves."""
    before, was = field.evaluate(LAID), field.input_value()
    field.evaluate(HEARD)
    enter(field, typed)
    page.wait_for_function("() => window.__heard.at(-1)?.startsWith('Refused. ')")
    told = page.locator(f"[id='{field.get_attribute('aria-describedby')}']")
    assert [h for h in page.evaluate("window.__heard") if h.startswith("Refused")] == [told.inner_text()]
    assert field.get_attribute("aria-invalid") == "true" and field.input_value() == typed
    assert field.evaluate(LAID) == before
    enter(field, was)
    page.wait_for_function("() => !window.__heard.at(-1).startsWith('Refused')")
    assert told.inner_text() == "" and field.get_attribute("aria-invalid") == "false"
    assert field.evaluate(LAID) == before


def field(page, label):
    return page.get_by_label(label, exact=True).first


def push(page, name):
    """Press a button by keyboard."""
    button = page.get_by_role("button", name=name)
    button.focus()
    press(page, "Enter")


def test_answer_by_keyboard_and_find_it_after_a_restart(open_page):
    page = open_page("00_start_here.ipynb")
    expect(page.get_by_text("Run the notebook to commit an answer").first).to_be_visible()  # readable before it is run
    expect(page.get_by_text("model not found")).to_have_count(0)
    run_all(page)
    question = card(page, "N0.2")
    expect(question.locator("input:checked")).to_have_count(0)
    question.locator("button").focus()
    press(page, "Enter")
    says(question, "Choose an answer first.")
    question.locator("input").first.focus()
    # The second option; JupyterLab must not take the arrow.
    press(page, "Space", "ArrowDown", "Tab", "Space", "Tab", "Enter")
    says(question, "You chose b. That is the best supported answer.")
    expect(question.locator("input:enabled")).to_have_count(0)
    shot(page, "00-answered")
    restart(page)
    run_all(page)
    again = card(page, "N0.2")
    says(again, "You chose b.")
    expect(again.locator("input:checked").first).to_have_value("b")
    expect(card(page, "N0.3").locator("input").first).to_be_enabled()


def test_the_unit_bench_takes_a_value_what_is_typed_stays_text_and_the_start_check_finds_a_slider(open_page):
    page = open_page("00_start_here.ipynb")
    run_all(page)
    page.locator("[role=status]", has_text="A slider shows on this page, and the kernel hears of it.").wait_for()
    told = page.locator(".casebook-explorer table", has_text="What the notebooks need").first.text_content()
    assert "answers.json" in told and "(needed: >=3.11)" in told
    typed, listed = page.get_by_label("Value, unit").first, page.get_by_label("Laboratory test").first
    page.locator(".casebook-refused", has_text="Refused. 1.5 is a bare number").wait_for()
    listed.focus()
    press(page, "ArrowDown")
    expect(listed.locator("option:checked")).to_have_text("fibrinogen")
    shows(page, "fibrinogen")
    expect(listed).to_be_focused()
    press(page, "ArrowUp")
    shows(page, "triglycerides")
    height = typed.evaluate(LAID)[0]
    enter(typed, "1.5 mmol/L")
    shows(page, "132.9 mg/dL")
    assert typed.evaluate(LAID)[0] == height  # the values have come into a table that stood there
    refuse(page, typed, "7")
    shot(page, "00-bench")
    if (Path(sys.prefix) / "share" / "jupyter" / "lab" / "settings" / "overrides.json").exists():  # put there by lab.py
        expect(page.get_by_text("Jupyter news")).to_have_count(0)
    for number, text in enumerate(PAYLOADS):
        enter(typed, f"x{number} {text}")
        page.locator(".casebook-refused", has_text=f"Refused. 'x{number} ").first.wait_for()
        assert page.evaluate("window.__hit") is None
    harmless(page)
    hidden = page.add_style_tag(content="[role=slider] { display: none }")
    run_all(page)
    page.locator("[role=status]", has_text="No slider shows on this page.").wait_for()
    hidden.evaluate("(style) => style.remove()")


RUN_PICTURE = """() => { const w = window.jupyterapp.shell.currentWidget, c = w.content;
  c.activeCellIndex = c.widgets.findIndex(x => x.model.sharedModel.source.includes('explore.flip_map('));
  return window.jupyterapp.commands.execute('notebook:run-cell'); }"""


BUSY = "import time; time.sleep(3600)"


def test_a_cell_run_too_early_names_the_one_to_run_first_what_if_by_keyboard_and_a_busy_kernel(open_page):
    page = open_page("03_flare_sepsis_or_mas.ipynb")
    page.evaluate(RUN_PICTURE)
    cell = page.locator(".jp-CodeCell", has_text="explore is made further up, in the cell that begins").first
    cell.scroll_into_view_if_needed()
    outputs = cell.locator(".jp-OutputArea-output")  # the stored picture is still there
    expect(outputs).to_have_count(2)
    expect(outputs.first.locator('img[alt^="MAS-2016 at the regional hospital"]')).to_have_count(1)
    expect(outputs.last.locator("p code").nth(1)).to_contain_text("from utils import explore")
    expect(page.get_by_text("Traceback")).to_have_count(0)
    expect(page.locator("[data-mime-type*='stderr']")).to_have_count(0)
    shot(page, "03-too-early")
    run_all(page)
    result = page.locator(".casebook-result", has_text="classification criteria for MAS")
    result.locator("strong", has_text="JIA: UNDETERMINED").wait_for()
    page.get_by_label("platelets: suppose it is known").first.focus()
    press(page, "Space")
    platelets = page.get_by_label("platelets, ×10⁹/L").first
    enter(platelets, "181")
    result.locator("strong", has_text="JIA: MET").wait_for()
    page.locator(".noUi-handle").first.focus()
    press(page, "ArrowRight")  # 182, on the other side of the cut-off
    result.locator("strong", has_text="JIA: UNDETERMINED").wait_for()
    refuse(page, platelets, "999")
    picture = page.locator('img[alt^="MAS-2016 at the regional hospital"]').first
    expect(picture).to_have_attribute("alt", re.compile("not met"))  # it reaches the page, not only the file
    shot(page, "03-what-if")
    question = card(page, "N3.1")  # while the kernel is busy, a card says to wait, and the answer arrives
    page.evaluate(f"() => {{ {KERNEL}.requestExecute({{ code: '{BUSY}', store_history: false }}); }}")
    commit(question, choice="b")
    says(question, "If the kernel is busy, wait.")
    page.evaluate(f"{KERNEL}.interrupt()")
    says(question, "You chose b")


def test_the_board_a_text_and_a_ranking_by_keyboard(open_page):
    page = open_page("01_month_of_fever.ipynb")
    tells(page, "The board with one row filled in", UNRUN)  # a picture and a table stand there unrun
    expect(page.get_by_text("Run the notebook to fill the board")).to_have_count(1)
    run_all(page)
    cell, neighbour = (
        page.get_by_role("combobox", name=f"platelets {name}", exact=True) for name in ("leukaemia", "deep infection")
    )
    cell.focus()
    press(page, "u")  # the states are chosen by their first letter, or by the arrows
    expect(cell).to_have_value("unknown")
    press(page, "Tab", "ArrowDown")
    expect(neighbour).to_be_focused()
    expect(neighbour).to_have_value("fits")
    push(page, "Compare with the reading")
    page.get_by_text("2 cells filled, 1 as in our reading").first.wait_for()
    shot(page, "01-board")
    sentence = card(page, "W1.1")
    sentence.locator("textarea").focus()
    page.keyboard.type("Toddler, a month of fever, <b>limp</b> and rash")
    press(page, "Tab", "Enter")
    says(sentence, "W1.1 is kept.")
    expect(sentence.locator("textarea")).to_be_disabled()
    expect(sentence.locator("b")).to_have_count(0)
    ranking = card(page, "D1.1")
    for place, choice in zip("1231", ranking.locator("select").all(), strict=False):
        choice.focus()
        press(page, place)
    for fourth, said in ((None, "have the same place"), ("4", "Your order: 1 systemic")):
        if fourth:
            ranking.locator("select").nth(3).focus()
            press(page, fourth)
        ranking.locator("button").focus()
        press(page, "Enter")
        says(ranking, said)
    for behind, now in (
        ("You have not ranked yet", "place 4"),
        ("You have written nothing on this page yet", "Toddler, a month of fever, <b>limp</b> and rash"),
    ):
        again = page.locator(".casebook-explorer", has_text=behind).get_by_role("button", name="Bring up to date")
        again.focus()
        press(page, "Enter")
        expect(page.locator(".casebook-result", has_text=behind)).to_have_count(0)
        shows(page, now)
    tells(page, "acute leukaemia: story and examination place 2")
    shot(page, "01-replay")


def test_the_bench_and_people_by_keyboard(open_page):
    page = open_page("04_five_rulers.ipynb")
    tells(page, "HLH-2004, cut-off 5 of 8, day 1: 4 to 7, undetermined", UNRUN)
    run_all(page)
    marrow = page.get_by_label("haemophagocytosis").first
    marrow.focus()
    press(page, "p")
    shows(page, "Supposed: haemophagocytosis present")
    shows(page, "HLH-2004: undetermined as reported, now met")
    expect(marrow).to_be_focused()
    tells(page, "day 1: 5 to 7, met")
    shot(page, "04-bench")
    spoken = page.locator(".casebook-said[role=status]", has_text="Supposed: haemophagocytosis present").first
    spoken.wait_for(state="attached")  # one sentence for the ear, not the whole table
    expect(spoken).not_to_contain_text("Cheapest")
    push(page, "All unknown again")
    shows(page, "Nothing is supposed")
    prior = page.get_by_label("Of 100, have the disease").first
    shows(page, "Of 100 adults, 2 have the disease")
    enter(prior, "20")
    shows(page, "Of 100 adults, 20 have the disease")
    refuse(page, prior, "101")
    shot(page, "04-people")


def test_a_threshold_by_keyboard(open_page):
    page = open_page("12_behind_the_rulers.ipynb")
    tells(page, "SIMULATED. MAS-2016, ferritin moved alone", UNRUN)
    run_all(page)
    threshold = page.get_by_label("Your threshold").first
    enter(threshold, "2000")
    shows(page, "yours: > 2,000 ng/mL")
    refuse(page, threshold, "-1")
    shot(page, "12-threshold")


def test_the_day_cursor_by_keyboard(open_page):
    page = open_page("06_ladder.ipynb")
    tells(page, "veno-arterial ECMO (support): certain on day 4", UNRUN)  # readable before it is run
    run_all(page)
    day = field(page, "Day")
    shows(page, "Day 1: 2 for certain, 4 at most")
    day.focus()
    press(page, *["ArrowUp"] * 3, "Enter")  # a number field: one day on at each press
    result = shows(page, "Day 4: 4 for certain")
    refuse(page, day, "0.8")
    expect(result.get_by_role("row", name="cardiopulmonary resuscitation").first).to_be_visible()
    shot(page, "06-cursor")


def test_the_age_limit_bench_by_keyboard_and_the_way_round_the_page(open_page):
    page = open_page("05_second_day.ipynb")
    run_all(page)
    whole(page)  # see test_way: a jump over cells that nobody has looked at lands short
    page.get_by_role("link", name="F32", exact=True).first.click()
    expect(page.get_by_role("heading", name="Look up an address")).to_be_in_viewport()
    enter(field(page, "Address"), "F32")
    shows(page, "What stands behind F32")
    pressure = page.get_by_label("systolic pressure, mmHg").first
    shows(page, "No pressure lies below a limit that applies")
    enter(pressure, "74")
    shows(page, "(74 + 2 × 45) / 3 = 54.7 mmHg")  # at the limit: still not below it
    page.get_by_role("slider", name="systolic pressure, mmHg, slider").first.focus()
    press(page, "ArrowLeft")  # 73, on the other side
    shows(page, "Below its limit: PALS, 1 to 10 years: 70 + 2 × age, 74 mmHg")
    expect(pressure).to_have_value("73")
    shot(page, "05-age-limits")
    refuse(page, pressure, "40")


def test_the_two_routes_by_keyboard_and_by_slider(open_page):
    page = open_page("07_why_the_vein.ipynb")
    tells(page, "dose × 4.00, 96 % of the rise", UNRUN)
    run_all(page)
    enter(page.get_by_label("fraction absorbed, of the usual").first, "0.25")
    tells(page, "HYPOTHETICAL: 25 % of what is usual is absorbed")
    tells(page, "route × 4.21, 51 % of the rise")
    shot(page, "07-bench")
    handles, clearance = page.locator(".noUi-handle"), page.get_by_label("clearance, of the usual").first
    handles.nth(2).focus()  # the clearance
    press(page, "ArrowLeft")
    tells(page, "clearance is 95 % of the usual")
    expect(clearance).to_have_value("0.95")
    refuse(page, clearance, "24")
    handles.nth(3).hover()  # the weight, dragged with the mouse
    box = handles.nth(3).bounding_box()
    page.mouse.down()
    page.mouse.move(box["x"] - 400, box["y"], steps=8)
    page.mouse.up()
    tells(page, "11.7 kg")
    push(page, "As usual again")
    tells(page, "steady state, 16.7 kg")
    expect(page.locator(".casebook-result", has=page.locator("img[alt*=HYPOTHETICAL]"))).to_have_count(0)


PLANT = """at => at.insertAdjacentHTML('beforeend', "<img src='x' onerror='window.__hit = 1'>")"""
CELLS = "window.jupyterapp.shell.currentWidget.content.widgets.length"


def test_another_day_is_supposed_by_keyboard_and_not_kept_after_a_restart(open_page):
    page = open_page("08_safe_and_effective.ipynb")
    page.get_by_text("Suppose the heart had first improved on day 7, as is printed.").first.wait_for()  # unrun
    run_all(page)
    day = field(page, "Suppose the heart improved on day")
    day.focus()
    press(page, "ArrowDown", "Enter")
    shows(page, 'Suppose the heart had first improved on day 6. "The last drug did it" would then credit:')
    refuse(page, day, "0")
    shot(page, "08-credit")
    restart(page)
    run_all(page)
    shows(page, "Suppose the heart had first improved on day 7, as is printed.")
    expect(day).to_have_value("7")
    assert faults(page) == []


def test_the_register_by_keyboard_and_what_is_searched_for_stays_text(open_page):
    page = open_page("13_the_report_itself.ipynb")
    page.get_by_text("5 of 34 entries fit.").first.wait_for()  # before it is run
    run_all(page)
    cells, kind = page.evaluate(CELLS), field(page, "kind")
    expect(kind.locator("option:checked")).to_have_text("two accounts")
    kind.focus()
    press(page, "e")  # to easily misread, by its first letter
    shows(page, "4 of 34 entries fit.")
    press(page, *"ddmyabx")  # letters that are commands on a cell, where JupyterLab gets to hear of them
    kind.select_option("spelling and references")
    shows(page, "2 of 34 entries fit.")
    enter(field(page, "search for"), "DOI")
    shows(page, "1 of 34 entries fit.")
    push(page, "Show all again")
    shows(page, "34 of 34 entries fit.")
    assert page.evaluate(CELLS) == cells
    shot(page, "13-register")
    search = field(page, "search for")
    enter(search, ALL.replace("\n", " "))
    shows(page, "No entry fits")
    harmless(page)
    page.locator(".jp-OutputArea", has=search).first.evaluate(PLANT)
    page.wait_for_function("window.__hit === 1")
    ran, element = page.evaluate(HARM)  # the look finds harm where there is some
    assert ran == "it ran" and element.startswith("<img")


def test_the_verdicts_by_keyboard_come_back_after_a_restart(open_page):
    page = open_page("10_a_new_patient.ipynb")
    page.get_by_text("INVENTED, TP-01: not a real child.").first.wait_for()  # before anything is run
    run_all(page)
    rules = ("MAS-2016", "HScore", "HLH-2004", "Ferritin:ESR", "MS score")
    verdicts = [page.get_by_role("combobox", name=f"{rule} Your verdict", exact=True).first for rule in rules]
    verdicts[0].focus()
    for rule, verdict in zip(rules, verdicts, strict=True):
        expect(verdict).to_be_focused()  # Tab goes from one to the next
        press(page, "n" if rule == "Ferritin:ESR" else "u", "Tab")
    push(page, "Commit C9.1")
    page.get_by_text("5 of 5 are as the rules say").first.wait_for()
    expect(verdicts[0]).to_be_disabled()
    shot(page, "10-verdicts")
    restart(page)
    run_all(page)
    page.get_by_text("5 of 5 are as the rules say").first.wait_for()
    expect(verdicts[-1]).to_have_value("undetermined")
    expect(verdicts[-1]).to_be_disabled()
    expect(page.get_by_role("button", name="Commit C9.1")).to_have_count(0)  # hidden: it cannot be committed anew
    assert faults(page) == []


def test_a_receipt_is_saved_by_keyboard(open_page):
    page = open_page("11_the_next_day.ipynb")
    run_all(page)
    save = page.get_by_role("button", name="Save a receipt")
    shows(page, "No receipt is saved yet.")
    save.focus()
    press(page, "Space")
    shows(page, "There is nothing in your record to put on a receipt yet.")
    choose = card(page, "C9.2")
    choose.locator("input").first.focus()
    press(page, "Space", "Tab", "Tab", "Enter")
    says(choose, "You chose a.")
    save.focus()
    press(page, "Space")
    shows(page, "mas-casebook-receipt.json")
    shot(page, "11-receipt")


# Every state that was drawn while a key was held, by the number that stands in its table's caption.
STATES = """() => { const result = document.querySelector('.casebook-explorer .casebook-result'); window.__drawn = [];
  const note = () => window.__drawn.push(+result.innerText.match(/at the age of ([\\d.]+) year/)[1]);
  new MutationObserver(note).observe(result, { childList: true }); }"""
# How many results the kernel has sent ahead, to lie ready.
AHEAD = """() => { window.__ahead = 0;
  window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.anyMessage.connect((_, { msg, direction }) => {
    if (direction === 'recv' && msg.content.data?.method === 'custom') window.__ahead += 1; }); }"""


def test_a_key_that_is_held_never_draws_backwards_and_the_kernel_has_the_last_word(open_page):
    page = open_page("05_second_day.ipynb")
    run_all(page)
    page.evaluate(AHEAD)
    page.get_by_role("slider", name="age, years, slider").first.focus()
    page.wait_for_function("window.__ahead > 5")
    page.evaluate(STATES)
    for _ in range(14):
        page.keyboard.press("ArrowRight", delay=15)
    page.get_by_text("Limits at the age of 9 years").first.wait_for()
    settle(page)
    page.locator(".casebook-said", has_text="At 9 years").wait_for(state="attached")  # it has come to rest
    drawn = page.evaluate("window.__drawn")
    assert drawn == sorted(set(drawn)) and drawn[-1] == 9 and len(drawn) > 3, drawn
    press(page, "End")
    page.get_by_text("Limits at the age of 10 years").first.wait_for()  # far from what lies ready
