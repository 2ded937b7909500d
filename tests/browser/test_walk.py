"""A learner's walk in a real browser, by keyboard: open, run, answer, read, restart, and the answer is still there."""

import os
import re
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.session import card, restart, run_all, says, settle, shows, whole

pytestmark = pytest.mark.browser


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


def refuse(page, field, typed, sentence):
    """Type what cannot be, and mend it: a sentence comes at the field, is heard once, and goes; nothing else moves."""
    before, was = field.evaluate(LAID), field.input_value()
    field.evaluate(HEARD)
    field.fill(typed)
    field.press("Enter")
    page.wait_for_function("start => window.__heard.at(-1)?.startsWith(start)", arg=sentence)
    told = page.locator(f"[id='{field.get_attribute('aria-describedby')}']")
    assert [h for h in page.evaluate("window.__heard") if h.startswith("Refused")] == [told.inner_text()]
    assert field.get_attribute("aria-invalid") == "true" and field.input_value() == typed
    assert field.evaluate(LAID) == before
    field.fill(was)
    field.press("Enter")
    page.wait_for_function("() => !window.__heard.at(-1).startsWith('Refused')")
    assert told.inner_text() == "" and field.get_attribute("aria-invalid") == "false"
    assert field.evaluate(LAID) == before


def test_answer_by_keyboard_and_find_it_after_a_restart(open_page):
    page = open_page("00_start_here.ipynb")
    expect(page.get_by_text("Run the notebook to commit an answer").first).to_be_visible()  # readable before it is run
    expect(page.get_by_text("model not found")).to_have_count(0)
    run_all(page)
    question = card(page, "N0.2")
    expect(question.locator("input:checked")).to_have_count(0)
    question.locator("button").focus()
    page.keyboard.press("Enter")
    says(question, "Choose an answer first.")
    question.locator("input").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")  # the second option; JupyterLab must not take the arrow
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    says(question, "You chose b. That is the best supported answer.")
    expect(question.locator("input:enabled")).to_have_count(0)
    shot(page, "00-answered")
    restart(page)
    run_all(page)
    again = card(page, "N0.2")
    says(again, "You chose b.")
    expect(again.locator("input:checked").first).to_have_value("b")
    expect(card(page, "N0.3").locator("input").first).to_be_enabled()


def test_the_unit_bench_refuses_a_bare_number_and_takes_a_value(open_page):
    page = open_page("00_start_here.ipynb")
    run_all(page)
    field = page.get_by_label("Value, unit").first
    page.locator(".casebook-refused", has_text="Refused. 1.5 is a bare number").wait_for()
    first = field.evaluate(LAID)
    field.fill("1.5 mmol/L")
    field.press("Enter")
    shows(page, "132.9 mg/dL")
    assert field.evaluate(LAID)[0] == first[0]  # the values have come into a table that stood there
    refuse(page, field, "7", "Refused. 7 is a bare number")
    shot(page, "00-bench")


def test_the_arrow_keys_belong_to_a_list_and_no_news_pops_up(open_page):
    if not (Path(sys.prefix) / "share" / "jupyter" / "lab" / "settings" / "overrides.json").exists():
        pytest.skip("needs the settings that lab.py puts into .venv")
    page = open_page("00_start_here.ipynb")
    run_all(page)
    choice = page.get_by_label("Laboratory test").first
    choice.focus()
    page.keyboard.press("ArrowDown")
    expect(choice.locator("option:checked")).to_have_text("fibrinogen")
    shows(page, "fibrinogen")
    expect(choice).to_be_focused()
    expect(page.get_by_text("Jupyter news")).to_have_count(0)


def test_a_cell_run_too_early_names_the_one_to_run_first_and_what_if_by_keyboard(open_page):
    page = open_page("03_flare_sepsis_or_mas.ipynb")
    page.evaluate(
        """() => { const w = window.jupyterapp.shell.currentWidget, c = w.content;
        c.activeCellIndex = c.widgets.findIndex(x => x.model.sharedModel.source.startsWith('bench.picture('));
        return window.jupyterapp.commands.execute('notebook:run-cell'); }"""
    )
    cell = page.locator(".jp-CodeCell", has_text="bench is made further up, in the cell that begins").first
    cell.scroll_into_view_if_needed()
    outputs = cell.locator(".jp-OutputArea-output")  # the stored picture is still there
    expect(outputs).to_have_count(2)
    expect(outputs.first.locator('img[alt^="MAS-2016 at the regional hospital"]')).to_have_count(1)
    expect(outputs.last.locator("p code").nth(1)).to_contain_text("bench = explore.what_if(")
    expect(page.get_by_text("Traceback")).to_have_count(0)
    expect(page.locator("[data-mime-type*='stderr']")).to_have_count(0)
    shot(page, "03-too-early")
    run_all(page)
    box = page.get_by_label("platelets: suppose it is known").first
    result = page.locator(".casebook-result", has_text="classification criteria for MAS")
    result.locator("strong", has_text="JIA: UNDETERMINED").wait_for()
    box.focus()
    page.keyboard.press("Space")
    field = page.get_by_label("platelets, ×10⁹/L").first
    field.fill("181")
    field.press("Enter")
    result.locator("strong", has_text="JIA: MET").wait_for()
    page.locator(".noUi-handle").first.focus()
    page.keyboard.press("ArrowRight")  # 182, on the other side of the cut-off
    result.locator("strong", has_text="JIA: UNDETERMINED").wait_for()
    refuse(page, field, "999", "Refused. 999 ×10⁹/L is outside this bench")
    picture = page.locator('img[alt^="MAS-2016 at the regional hospital"]').first
    expect(picture).to_have_attribute("alt", re.compile("not met"))  # it reaches the page, not only the file
    shot(page, "03-what-if")


def test_the_board_by_keyboard_and_after_a_restart_a_text_and_a_ranking(open_page):
    page = open_page("01_month_of_fever.ipynb")
    unrun = page.locator('img[alt^="The board with one row filled in"]')  # a picture and a table stand there unrun
    unrun.first.wait_for(state="attached")
    expect(page.get_by_text("Run the notebook to fill the board")).to_have_count(1)
    run_all(page)
    cell = page.get_by_role("combobox", name="platelets leukaemia", exact=True)
    cell.focus()
    page.keyboard.press("u")  # the states are chosen by their first letter, or by the arrows
    expect(cell).to_have_value("unknown")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    neighbour = page.get_by_role("combobox", name="platelets deep infection", exact=True)
    expect(neighbour).to_be_focused()
    expect(neighbour).to_have_value("fits")
    button = page.get_by_role("button", name="Compare with the reading")
    button.focus()
    page.keyboard.press("Enter")
    page.get_by_text("2 cells filled, 1 as in our reading").first.wait_for()
    shot(page, "01-board")
    restart(page)
    run_all(page)
    again = page.get_by_role("combobox", name="platelets leukaemia", exact=True)
    expect(again).to_have_value("unknown")
    expect(again).to_be_enabled()
    write_and_rank(page)


def write_and_rank(page):
    """A text and a ranking by keyboard, and how the ranking moved."""
    sentence = card(page, "W1.1")
    sentence.locator("textarea").focus()
    page.keyboard.type("Toddler, a month of fever, <b>limp</b> and rash")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    says(sentence, "W1.1 is kept.")
    expect(sentence.locator("textarea")).to_be_disabled()
    expect(sentence.locator("b")).to_have_count(0)
    ranking = card(page, "D1.1")
    for place, choice in zip("1231", ranking.locator("select").all(), strict=False):
        choice.focus()
        page.keyboard.press(place)
    ranking.locator("button").focus()
    page.keyboard.press("Enter")
    says(ranking, "have the same place")
    ranking.locator("select").nth(3).focus()
    page.keyboard.press("4")
    ranking.locator("button").focus()
    page.keyboard.press("Enter")
    says(ranking, "Your order: 1 systemic")
    for behind, now in (
        ("You have not ranked yet", "place 4"),
        ("You have written nothing on this page yet", "Toddler, a month of fever, <b>limp</b> and rash"),
    ):
        again = page.locator(".casebook-explorer", has_text=behind).get_by_role("button", name="Bring up to date")
        again.focus()
        page.keyboard.press("Enter")
        expect(page.locator(".casebook-result", has_text=behind)).to_have_count(0)
        shows(page, now)
    picture = page.locator('img[alt^="How your ranking moved"]').first
    expect(picture).to_have_attribute("alt", re.compile("acute leukaemia: story and examination place 2"))
    shot(page, "01-replay")


def test_the_bench_and_people_by_keyboard(open_page):
    page = open_page("04_five_rulers.ipynb")
    unrun = page.locator('img[alt*="HLH-2004, cut-off 5 of 8, day 1: 4 to 7, undetermined"]')
    unrun.first.wait_for(state="attached")
    run_all(page)
    marrow = page.get_by_label("haemophagocytosis").first
    marrow.focus()
    page.keyboard.press("p")
    result = page.locator(".casebook-result", has_text="Supposed: haemophagocytosis present")
    result.get_by_text("HLH-2004: undetermined as reported, now met").wait_for()
    expect(marrow).to_be_focused()
    expect(result.locator("img").first).to_have_attribute("alt", re.compile("day 1: 5 to 7, met"))
    shot(page, "04-bench")
    spoken = page.locator(".casebook-said[role=status]", has_text="Supposed: haemophagocytosis present")
    spoken.first.wait_for(state="attached")  # one sentence for the ear, not the whole table
    expect(spoken.first).not_to_contain_text("Cheapest")
    clear = page.get_by_role("button", name="All unknown again")
    clear.focus()
    page.keyboard.press("Enter")
    shows(page, "Nothing is supposed")
    count_people(page)


def count_people(page):
    """Of a hundred, how many are ill, and how many of them meet the rule."""
    prior = page.get_by_label("Of 100, have the disease").first
    shows(page, "Of 100 adults, 2 have the disease")
    prior.fill("20")
    prior.press("Enter")
    shows(page, "Of 100 adults, 20 have the disease")
    refuse(page, prior, "101", "Refused. 101 is outside this bench")
    shot(page, "04-people")


# Whether an element that is hidden was shown for a while.
WATCHED = """(e) => { window.__seen = false;
  new MutationObserver(() => { window.__seen ||= e.checkVisibility(); }).observe(e, { attributes: true }); }"""


def test_a_threshold_by_keyboard_for_as_many_children_as_one_likes(open_page):
    page = open_page("12_behind_the_rulers.ipynb")
    page.locator('img[alt^="SIMULATED. MAS-2016, ferritin moved alone"]').first.wait_for(state="attached")
    run_all(page)
    field = page.get_by_label("Your threshold").first
    field.fill("2000")
    field.press("Enter")
    shows(page, "yours: > 2,000 ng/mL")
    refuse(page, field, "-1", "Refused. -1 is not a threshold")
    page.locator(".widget-hprogress").first.evaluate(WATCHED)
    page.get_by_label("SIMULATED children").first.select_option("500,000")
    shows(page, "500,000 invented children")
    assert page.evaluate("window.__seen"), "no bar was shown while the children were counted"
    shot(page, "12-threshold")


def test_the_day_cursor_by_keyboard(open_page):
    page = open_page("06_ladder.ipynb")
    unrun = page.locator('img[alt*="veno-arterial ECMO (support): certain on day 4"]')
    unrun.first.wait_for(state="attached")  # readable before it is run
    run_all(page)
    day = page.get_by_label("Day", exact=True).first
    result = page.locator(".casebook-result", has_text="for certain")
    result.get_by_text("Day 1: 2 for certain, 4 at most").first.wait_for()
    day.focus()
    for _ in range(3):
        page.keyboard.press("ArrowUp")  # a number field: one day on at each press
    page.keyboard.press("Enter")
    result.get_by_text("Day 4: 4 for certain").first.wait_for()
    refuse(page, day, "0.8", "Refused. 0.8 is not a whole number")
    expect(result.get_by_role("row", name="cardiopulmonary resuscitation").first).to_be_visible()
    shot(page, "06-cursor")


def test_the_age_limit_bench_by_keyboard_and_the_way_round_the_page(open_page):
    page = open_page("05_second_day.ipynb")
    run_all(page)
    whole(page)  # see test_way: a jump over cells that nobody has looked at lands short
    page.get_by_role("link", name="F32", exact=True).first.click()
    expect(page.get_by_role("heading", name="Look up an address")).to_be_in_viewport()
    address = page.get_by_label("Address", exact=True).first
    address.fill("F32")
    address.press("Enter")
    shows(page, "What stands behind F32")
    field = page.get_by_label("systolic pressure, mmHg").first
    result = page.locator(".casebook-result", has_text="Mean pressure")
    result.get_by_text("No pressure lies below a limit that applies").wait_for()
    field.fill("74")
    field.press("Enter")
    result.get_by_text("(74 + 2 × 45) / 3 = 54.7 mmHg").wait_for()  # at the limit: still not below it
    page.get_by_role("slider", name="systolic pressure, mmHg, slider").first.focus()
    page.keyboard.press("ArrowLeft")  # 73, on the other side
    result.get_by_text("Below its limit: PALS, 1 to 10 years: 70 + 2 × age, 74 mmHg").wait_for()
    expect(field).to_have_value("73")
    shot(page, "05-age-limits")
    refuse(page, field, "40", "Refused. The diastolic pressure lies above")


def test_the_two_routes_by_keyboard_and_by_slider(open_page):
    page = open_page("07_why_the_vein.ipynb")
    unrun = page.locator('img[alt*="dose × 4.00, 96 % of the rise"]')
    unrun.first.wait_for(state="attached")
    run_all(page)
    share = page.get_by_label("fraction absorbed, of the usual").first
    share.fill("0.25")
    share.press("Enter")
    supposed = page.locator(".casebook-result img[alt*='HYPOTHETICAL: 25 % of what is usual is absorbed']")
    supposed.first.wait_for(state="attached")
    expect(supposed.first).to_have_attribute("alt", re.compile("route × 4.21, 51 % of the rise"))
    shot(page, "07-bench")
    handles = page.locator(".noUi-handle")
    handles.nth(2).focus()  # the clearance
    page.keyboard.press("ArrowLeft")
    slower = page.locator(".casebook-result img[alt*='clearance is 95 % of the usual']")
    slower.first.wait_for(state="attached")
    clearance = page.get_by_label("clearance, of the usual").first
    expect(clearance).to_have_value("0.95")
    refuse(page, clearance, "24", "Refused. 24 of the usual is outside this bench")
    handles.nth(3).hover()  # the weight, dragged with the mouse
    box = handles.nth(3).bounding_box()
    page.mouse.down()
    page.mouse.move(box["x"] - 400, box["y"], steps=8)
    page.mouse.up()
    page.locator(".casebook-result img[alt*='steady state, 11.7 kg']").first.wait_for(state="attached")
    again = page.get_by_role("button", name="As usual again")
    again.focus()
    page.keyboard.press("Enter")
    plain = page.locator(".casebook-result img[alt*='Two routes, steady state, 16.7 kg. subcutaneous']")
    plain.first.wait_for(state="attached")
    expect(plain.first).not_to_have_attribute("alt", re.compile("HYPOTHETICAL"))


CELLS = "window.jupyterapp.shell.currentWidget.content.widgets.length"


def test_another_day_is_supposed_by_keyboard(open_page):
    page = open_page("08_safe_and_effective.ipynb")
    page.get_by_text(
        "Suppose the heart had first improved on day 7, as is printed."
    ).first.wait_for()  # before it is run
    run_all(page)
    day = page.get_by_label("Suppose the heart improved on day", exact=True).first
    day.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    shows(page, 'Suppose the heart had first improved on day 6. "The last drug did it" would then credit:')
    refuse(page, day, "0", "Refused. 0 is outside this bench")
    shot(page, "08-credit")


def test_the_register_by_keyboard(open_page):
    page = open_page("13_the_report_itself.ipynb")
    page.get_by_text("5 of 34 entries fit.").first.wait_for()  # before it is run
    run_all(page)
    cells = page.evaluate(CELLS)
    kind = page.get_by_label("kind", exact=True).first
    expect(kind.locator("option:checked")).to_have_text("two accounts")
    kind.focus()
    page.keyboard.press("e")  # to easily misread, by its first letter
    shows(page, "4 of 34 entries fit.")
    for key in "ddmyabx":  # letters that are commands on a cell, where JupyterLab gets to hear of them
        page.keyboard.press(key)
    kind.select_option("spelling and references")
    shows(page, "2 of 34 entries fit.")
    word = page.get_by_label("search for", exact=True).first
    word.fill("DOI")  # it follows while one types
    shows(page, "1 of 34 entries fit.")
    again = page.get_by_role("button", name="Show all again")
    again.focus()
    page.keyboard.press("Enter")
    shows(page, "34 of 34 entries fit.")
    assert page.evaluate(CELLS) == cells
    shot(page, "13-register")


def test_the_verdicts_by_keyboard(open_page):
    page = open_page("10_a_new_patient.ipynb")
    page.get_by_text("INVENTED, TP-01: not a real child.").first.wait_for()  # before anything is run
    run_all(page)
    first = page.get_by_role("combobox", name="MAS-2016 Your verdict", exact=True).first
    first.focus()
    for rule in ("MAS-2016", "HScore", "HLH-2004", "Ferritin:ESR", "MS score"):
        at = page.get_by_role("combobox", name=f"{rule} Your verdict", exact=True).first
        expect(at).to_be_focused()  # Tab goes from one to the next
        page.keyboard.press("u" if rule != "Ferritin:ESR" else "n")
        page.keyboard.press("Tab")
    page.get_by_role("button", name="Commit C9.1").focus()
    page.keyboard.press("Enter")
    page.get_by_text("5 of 5 are as the rules say").first.wait_for()
    expect(first).to_be_disabled()
    shot(page, "10-verdicts")


def test_a_receipt_is_saved_by_keyboard(open_page, home):
    page = open_page("11_the_next_day.ipynb")
    run_all(page)
    save = page.get_by_role("button", name="Save a receipt")
    shows(page, "No receipt is saved yet.")
    save.focus()
    page.keyboard.press("Space")
    shows(page, "There is nothing in your record to put on a receipt yet.")
    choose = card(page, "C9.2")
    choose.locator("input").first.focus()
    for key in ("Space", "Tab", "Tab", "Enter"):
        page.keyboard.press(key)
    says(choose, "You chose a.")
    save.focus()
    page.keyboard.press("Space")
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
    age = page.get_by_role("slider", name="age, years, slider").first
    age.focus()
    page.wait_for_function("window.__ahead > 5")
    page.evaluate(STATES)
    for _ in range(14):
        page.keyboard.press("ArrowRight", delay=15)
    page.get_by_text("Limits at the age of 9 years").first.wait_for()
    settle(page)
    page.locator(".casebook-said", has_text="At 9 years").wait_for(state="attached")  # it has come to rest
    drawn = page.evaluate("window.__drawn")
    assert drawn == sorted(set(drawn)) and drawn[-1] == 9 and len(drawn) > 3, drawn
    page.keyboard.press("End")
    page.get_by_text("Limits at the age of 10 years").first.wait_for()  # far from what lies ready
