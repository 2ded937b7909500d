"""A learner's walk in a real browser, by keyboard: open, run, answer, read, restart, and the answer is still there."""

import os
import sys
from pathlib import Path

import pytest

from tests.browser.session import restart, run_all

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
    page.wait_for_function("start => window.__heard.at(-1)?.startsWith(start)", arg=sentence, timeout=15_000)
    told = page.locator(f"[id='{field.get_attribute('aria-describedby')}']")
    assert [h for h in page.evaluate("window.__heard") if h.startswith("Refused")] == [told.inner_text()]
    assert field.get_attribute("aria-invalid") == "true" and field.input_value() == typed
    assert field.evaluate(LAID) == before
    field.fill(was)
    field.press("Enter")
    page.wait_for_function("() => !window.__heard.at(-1).startsWith('Refused')", timeout=15_000)
    assert told.inner_text() == "" and field.get_attribute("aria-invalid") == "false"
    assert field.evaluate(LAID) == before


def card(page, item):
    found = page.locator("form.casebook-card", has_text=f"{item}. ")
    found.first.scroll_into_view_if_needed(timeout=30_000)
    return found.first


def test_answer_by_keyboard_and_find_it_after_a_restart(open_page):
    page = open_page("00_start_here.ipynb")
    assert page.get_by_text("Run the notebook to commit an answer").count() >= 1  # readable before it is run
    assert page.get_by_text("model not found").count() == 0
    run_all(page)
    question = card(page, "N0.2")
    assert question.locator("input:checked").count() == 0
    question.locator("button").focus()
    page.keyboard.press("Enter")
    assert question.locator("[role=status]").inner_text() == "Choose an answer first."
    question.locator("input").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")  # the second option; JupyterLab must not take the arrow
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    status = question.locator("[role=status]")
    status.get_by_text("You chose b. That is the best supported answer.").wait_for(timeout=15_000)
    assert question.locator("input:enabled").count() == 0
    shot(page, "00-answered")
    restart(page)
    run_all(page)
    again = card(page, "N0.2")
    again.locator("[role=status]").get_by_text("You chose b.").wait_for(timeout=15_000)
    assert again.locator("input:checked").first.get_attribute("value") == "b"
    assert card(page, "N0.3").locator("input:enabled").count() > 0


def test_the_unit_bench_refuses_a_bare_number_and_takes_a_value(open_page):
    page = open_page("00_start_here.ipynb")
    run_all(page)
    field = page.get_by_label("Value, unit").first
    field.scroll_into_view_if_needed()
    page.locator(".casebook-refused", has_text="Refused. 1.5 is a bare number").wait_for(timeout=15_000)
    first = field.evaluate(LAID)
    field.fill("1.5 mmol/L")
    field.press("Enter")
    page.locator(".casebook-result", has_text="132.9 mg/dL").wait_for(timeout=15_000)
    assert field.evaluate(LAID)[0] == first[0]  # the values have come into a table that stood there
    refuse(page, field, "7", "Refused. 7 is a bare number")
    shot(page, "00-bench")


def test_the_arrow_keys_belong_to_a_list_and_no_news_pops_up(open_page):
    if not (Path(sys.prefix) / "share" / "jupyter" / "lab" / "settings" / "overrides.json").exists():
        pytest.skip("needs the settings that lab.py puts into .venv")
    page = open_page("00_start_here.ipynb")
    run_all(page)
    choice = page.get_by_label("Laboratory test").first
    choice.scroll_into_view_if_needed()
    choice.focus()
    page.keyboard.press("ArrowDown")
    page.wait_for_timeout(500)
    assert choice.evaluate("e => e.options[e.selectedIndex].text") == "fibrinogen"
    assert choice.evaluate("e => e === document.activeElement")
    assert page.get_by_text("Jupyter news").count() == 0


def test_a_cell_run_too_early_names_the_one_to_run_first(open_page):
    page = open_page("03_flare_sepsis_or_mas.ipynb")  # which no test has run yet: kernels outlive their page
    page.evaluate(
        """() => { const w = window.jupyterapp.shell.currentWidget, c = w.content;
        c.activeCellIndex = c.widgets.findIndex(x => x.model.sharedModel.source.startsWith('bench.picture('));
        return window.jupyterapp.commands.execute('notebook:run-cell'); }"""
    )
    cell = page.locator(".jp-CodeCell", has_text="bench is made further up, in the cell that begins")
    cell.first.wait_for(timeout=30_000)
    cell.first.scroll_into_view_if_needed()
    picture, advice = cell.first.locator(".jp-OutputArea-output").all()  # the stored picture is still there
    assert picture.locator('img[alt^="MAS-2016 at the regional hospital"]').count() == 1
    assert "bench = explore.what_if(" in advice.locator("p code").nth(1).inner_text()
    assert page.get_by_text("Traceback").count() == page.locator("[data-mime-type*='stderr']").count() == 0
    shot(page, "03-too-early")


def test_what_if_by_keyboard(open_page):
    page = open_page("03_flare_sepsis_or_mas.ipynb")
    run_all(page)
    box = page.get_by_label("platelets: suppose it is known").first
    box.scroll_into_view_if_needed()
    result = page.locator(".casebook-result", has_text="classification criteria for MAS")
    result.locator("strong", has_text="JIA: UNDETERMINED").wait_for(timeout=15_000)
    box.focus()
    page.keyboard.press("Space")
    field = page.get_by_label("platelets, ×10⁹/L").first
    field.fill("181")
    field.press("Enter")
    result.locator("strong", has_text="JIA: MET").wait_for(timeout=15_000)
    page.locator(".noUi-handle").first.focus()
    page.keyboard.press("ArrowRight")  # 182, on the other side of the cut-off
    result.locator("strong", has_text="JIA: UNDETERMINED").wait_for(timeout=15_000)
    refuse(page, field, "999", "Refused. 999 ×10⁹/L is outside this bench")
    picture = page.locator('img[alt^="MAS-2016 at the regional hospital"]')
    assert "not met" in picture.first.get_attribute("alt")  # the description reaches the page, not only the file
    shot(page, "03-what-if")


def test_the_board_by_keyboard_and_after_a_restart(open_page):
    page = open_page("01_month_of_fever.ipynb")
    unrun = page.locator('img[alt^="The board with one row filled in"]')  # a picture and a table stand there unrun
    unrun.first.wait_for(state="attached", timeout=15_000)
    assert page.get_by_text("Run the notebook to fill the board").count() == 1
    run_all(page)
    cell = page.get_by_role("combobox", name="platelets leukaemia", exact=True)
    cell.scroll_into_view_if_needed(timeout=30_000)
    cell.focus()
    page.keyboard.press("u")  # the states are chosen by their first letter, or by the arrows
    assert cell.evaluate("e => e.value") == "unknown"
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    neighbour = page.get_by_role("combobox", name="platelets deep infection", exact=True)
    assert neighbour.evaluate("e => e === document.activeElement && e.value") == "fits"
    button = page.get_by_role("button", name="Compare with the reading")
    button.focus()
    page.keyboard.press("Enter")
    page.get_by_text("2 cells filled, 1 as in our reading").first.wait_for(timeout=15_000)
    shot(page, "01-board")
    restart(page)
    run_all(page)
    again = page.get_by_role("combobox", name="platelets leukaemia", exact=True)
    again.scroll_into_view_if_needed(timeout=30_000)
    assert again.evaluate("e => e.value") == "unknown" and not again.is_disabled()


def test_write_and_rank_by_keyboard_and_look_back(open_page):
    page = open_page("01_month_of_fever.ipynb")
    run_all(page)
    sentence = card(page, "W1.1")
    sentence.locator("textarea").focus()
    page.keyboard.type("Toddler, a month of fever, <b>limp</b> and rash")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    sentence.locator("[role=status]").get_by_text("W1.1 is kept.").wait_for(timeout=15_000)
    assert sentence.locator("textarea").is_disabled() and sentence.locator("b").count() == 0
    ranking = card(page, "D1.1")
    for place, choice in zip("1231", ranking.locator("select").all(), strict=False):
        choice.focus()
        page.keyboard.press(place)
    ranking.locator("button").focus()
    page.keyboard.press("Enter")
    ranking.locator("[role=status]").get_by_text("have the same place").wait_for(timeout=15_000)
    ranking.locator("select").nth(3).focus()
    page.keyboard.press("4")
    ranking.locator("button").focus()
    page.keyboard.press("Enter")
    ranking.locator("[role=status]").get_by_text("Your order: 1 systemic").wait_for(timeout=15_000)
    run_all(page)
    picture = page.locator('img[alt^="How your ranking moved"]').first
    picture.scroll_into_view_if_needed(timeout=30_000)
    assert "acute leukaemia: story and examination place 2" in picture.get_attribute("alt")
    shot(page, "01-replay")


def test_the_bench_by_keyboard(open_page):
    page = open_page("04_five_rulers.ipynb")
    unrun = page.locator('img[alt*="HLH-2004, cut-off 5 of 8, day 1: 4 to 7, undetermined"]')
    unrun.first.wait_for(state="attached", timeout=15_000)
    run_all(page)
    marrow = page.get_by_label("haemophagocytosis").first
    marrow.scroll_into_view_if_needed(timeout=30_000)
    marrow.focus()
    page.keyboard.press("p")
    result = page.locator(".casebook-result", has_text="Supposed: haemophagocytosis present")
    result.get_by_text("HLH-2004: undetermined as reported, now met").wait_for(timeout=15_000)
    assert marrow.evaluate("e => e === document.activeElement")
    assert "day 1: 5 to 7, met" in result.locator("img").first.get_attribute("alt")
    shot(page, "04-bench")
    spoken = page.locator(".casebook-said[role=status]", has_text="Supposed: haemophagocytosis present")
    spoken.first.wait_for(state="attached", timeout=15_000)  # one sentence for the ear, not the whole table
    assert "Cheapest" not in spoken.first.inner_text()
    clear = page.get_by_role("button", name="All unknown again")
    clear.focus()
    page.keyboard.press("Enter")
    page.locator(".casebook-result", has_text="Nothing is supposed").first.wait_for(timeout=15_000)


def test_count_people_and_move_a_threshold_by_keyboard(open_page):
    page = open_page("04_five_rulers.ipynb")
    run_all(page)
    prior = page.get_by_label("Of 100, have the disease").first
    prior.scroll_into_view_if_needed(timeout=30_000)
    prior.fill("2")
    prior.press("Enter")
    page.locator(".casebook-result", has_text="Of 100 adults, 2 have the disease").first.wait_for(timeout=15_000)
    field = page.get_by_label("Your threshold").first
    field.scroll_into_view_if_needed(timeout=30_000)
    field.fill("2000")
    field.press("Enter")
    page.locator(".casebook-result", has_text="yours: > 2,000 ng/mL").first.wait_for(timeout=15_000)
    refuse(page, field, "-1", "Refused. -1 is not a threshold")
    page.get_by_label("SIMULATED children").first.select_option("500,000")
    bar = page.locator(".widget-hprogress, .jupyter-widget-progress, .progress")
    bar.first.wait_for(state="visible", timeout=15_000)
    page.locator(".casebook-result", has_text="500,000 invented children").first.wait_for(timeout=60_000)
    shot(page, "04-threshold")


def test_the_day_cursor_by_keyboard(open_page):
    page = open_page("05_ladder.ipynb")
    page.locator('img[alt*="veno-arterial ECMO (support): certain from day 4 to day 10"]').first.wait_for(
        state="attached", timeout=15_000
    )  # readable before it is run
    run_all(page)
    day = page.get_by_label("Day", exact=True).first
    day.scroll_into_view_if_needed(timeout=30_000)
    result = page.locator(".casebook-result", has_text="for certain")
    result.get_by_text("Day 1: 2 for certain, 4 at most").first.wait_for(timeout=15_000)
    day.focus()
    for _ in range(3):
        page.keyboard.press("ArrowUp")  # a number field: one day on at each press
    page.keyboard.press("Enter")
    result.get_by_text("Day 4: 4 for certain").first.wait_for(timeout=15_000)
    refuse(page, day, "0.8", "Refused. 0.8 is not a whole number")
    assert result.get_by_role("row", name="cardiopulmonary resuscitation").count() >= 1
    supposed = page.get_by_label("Suppose the heart improved on day").first
    supposed.fill("3")
    supposed.press("Enter")
    result.get_by_text("would then credit: intravenous immunoglobulin and subcutaneous anakinra").first.wait_for(
        timeout=15_000
    )
    shot(page, "05-cursor")
    letter = page.get_by_label("D", exact=True).first
    letter.scroll_into_view_if_needed(timeout=30_000)
    letter.select_option("intravenous immunoglobulin")
    page.locator(".casebook-result", has_text="1 of 9 named, 1 right").first.wait_for(timeout=15_000)
    shot(page, "05-names")


def test_the_age_limit_bench_by_keyboard_and_the_way_round_the_page(open_page):
    page = open_page("06_leak_pump_arrest.ipynb")
    page.get_by_role("link", name="what you need from here if you skip").click()
    page.get_by_role("heading", name="What you need from here if you skip").wait_for(state="visible", timeout=15_000)
    run_all(page)
    field = page.get_by_label("systolic pressure, mmHg").first
    field.scroll_into_view_if_needed(timeout=30_000)
    result = page.locator(".casebook-result", has_text="Mean pressure")
    result.get_by_text("No pressure lies below a limit that applies").wait_for(timeout=15_000)
    field.fill("74")
    field.press("Enter")
    result.get_by_text("(74 + 2 × 45) / 3 = 54.7 mmHg").wait_for(timeout=15_000)  # at the limit: still not below it
    page.get_by_role("slider", name="systolic pressure, mmHg, slider").first.focus()
    page.keyboard.press("ArrowLeft")  # 73, on the other side
    result.get_by_text("Below its limit: PALS, 1 to 10 years: 70 + 2 × age, 74 mmHg").wait_for(timeout=15_000)
    assert field.input_value() == "73"
    shot(page, "06-age-limits")
    refuse(page, field, "40", "Refused. The diastolic pressure lies above")
    age = page.get_by_label("age, months").first
    age.scroll_into_view_if_needed(timeout=30_000)
    age.fill("24")
    age.press("Enter")
    weights = page.locator(".casebook-result", has_text="weight before: 16.7 kg before, 21.7 kg after, z before +2.8")
    weights.first.wait_for(timeout=15_000)
    refuse(page, page.get_by_label("weight gained, share, %").first, "24", "Refused. 24 % is outside this bench")
    shot(page, "06-fluid")


def test_the_two_routes_by_keyboard_and_by_slider(open_page):
    page = open_page("07_why_the_vein.ipynb")
    unrun = page.locator('img[alt*="dose × 4.00, 96 % of the rise"]')
    unrun.first.wait_for(state="attached", timeout=15_000)
    run_all(page)
    share = page.get_by_label("absorbed under the skin, of the usual").first
    share.scroll_into_view_if_needed(timeout=30_000)
    share.fill("0.25")
    share.press("Enter")
    supposed = page.locator(".casebook-result img[alt*='HYPOTHETICAL: 25 % of what is usual is absorbed']")
    supposed.first.wait_for(state="attached", timeout=15_000)
    assert "route × 4.21, 51 % of the rise" in supposed.first.get_attribute("alt")
    shot(page, "07-bench")
    handles = page.locator(".noUi-handle")
    handles.nth(2).focus()  # the clearance
    page.keyboard.press("ArrowLeft")
    slower = page.locator(".casebook-result img[alt*='clearance is 95 % of the usual']")
    slower.first.wait_for(state="attached", timeout=15_000)
    clearance = page.get_by_label("clearance, of the usual").first
    assert clearance.input_value() == "0.95"
    refuse(page, clearance, "24", "Refused. 24 of the usual is outside this bench")
    box = handles.nth(3).bounding_box()  # the weight, dragged with the mouse
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] - 400, box["y"], steps=8)
    page.mouse.up()
    page.locator(".casebook-result img[alt*='steady state, 11.7 kg']").first.wait_for(state="attached", timeout=15_000)
    again = page.get_by_role("button", name="As usual again")
    again.focus()
    page.keyboard.press("Enter")
    plain = page.locator(".casebook-result img[alt*='Two routes, steady state, 16.7 kg. under']")
    plain.first.wait_for(state="attached", timeout=15_000)
    assert "HYPOTHETICAL" not in plain.first.get_attribute("alt")


def test_ten_answers_and_the_register_by_keyboard(open_page):
    page = open_page("08_did_it_work.ipynb")
    page.locator('img[alt*="5 carry one copy"]').first.wait_for(state="attached", timeout=15_000)
    run_all(page)
    cells = page.evaluate("window.jupyterapp.shell.currentWidget.content.widgets.length")
    fifth = page.get_by_label("5. other causes could explain the event").first
    fifth.scroll_into_view_if_needed(timeout=30_000)
    fifth.focus()
    page.keyboard.press("n")  # to no, by its first letter
    page.locator(".casebook-result", has_text="Score 2: possible.").first.wait_for(timeout=15_000)
    for key in "ddmyabx":  # letters that are commands on a cell, where JupyterLab gets to hear of them
        page.keyboard.press(key)
    assert page.evaluate("window.jupyterapp.shell.currentWidget.content.widgets.length") == cells and fifth.is_visible()
    fifth.select_option("no")
    ours = page.get_by_role("button", name="Compare with our answers")
    ours.focus()
    page.keyboard.press("Space")
    page.locator(".casebook-result", has_text="1 from ours, which is 3").first.wait_for(timeout=15_000)
    shot(page, "08-naranjo")
    kind = page.get_by_label("kind", exact=True).first
    kind.scroll_into_view_if_needed(timeout=30_000)
    kind.select_option("spelling and references")
    listed = page.locator(".casebook-result", has_text="2 of 34 entries fit.")
    listed.first.wait_for(timeout=15_000)
    word = page.get_by_label("search for", exact=True).first
    word.fill("DOI")  # it follows while one types
    page.locator(".casebook-result", has_text="1 of 34 entries fit.").first.wait_for(timeout=15_000)
    again = page.get_by_role("button", name="Show all again")
    again.focus()
    page.keyboard.press("Enter")
    page.locator(".casebook-result", has_text="34 of 34 entries fit.").first.wait_for(timeout=15_000)
    shot(page, "08-register")


def test_six_verdicts_by_keyboard_and_a_patient_of_ones_own(open_page):
    page = open_page("09_capstone.ipynb")
    assert page.get_by_text("INVENTED, TP-01: not a real child.").count() >= 1  # before anything is run
    run_all(page)
    first = page.get_by_role("combobox", name="MAS-2016 Your verdict", exact=True).first
    first.scroll_into_view_if_needed(timeout=30_000)
    first.focus()
    for rule in ("MAS-2016", "HScore", "HLH-2004", "MH score", "Ferritin:ESR", "MS score"):
        at = page.get_by_role("combobox", name=f"{rule} Your verdict", exact=True).first
        assert at.evaluate("e => e === document.activeElement")  # Tab goes from one to the next
        page.keyboard.press("u" if rule != "Ferritin:ESR" else "n")
        page.keyboard.press("Tab")
    page.get_by_role("button", name="Commit C9.1").focus()
    page.keyboard.press("Enter")
    page.get_by_text("6 of 6 are as the rules say").first.wait_for(timeout=15_000)
    assert first.is_disabled()
    shot(page, "09-verdicts")
    number = page.get_by_label("Number of the patient").first
    number.scroll_into_view_if_needed(timeout=30_000)
    number.fill("12")
    number.press("Enter")
    page.locator(".casebook-result", has_text="INVENTED, TV-0012: not a real child.").first.wait_for(timeout=15_000)
    shot(page, "09-own")
    save = page.get_by_role("button", name="Save a receipt")
    save.scroll_into_view_if_needed(timeout=30_000)
    page.locator(".casebook-result", has_text="No receipt is saved yet.").first.wait_for(timeout=15_000)
    save.focus()
    page.keyboard.press("Space")
    page.locator(".casebook-result", has_text="mas-casebook-receipt.json").first.wait_for(timeout=15_000)


# Every state that was drawn while a key was held, by the number that stands in its table's caption.
DRAWN = """() => { const result = document.querySelector('.casebook-explorer .casebook-result'); window.__drawn = [];
  const note = () => window.__drawn.push(+result.innerText.match(/at the age of ([\\d.]+) year/)[1]);
  new MutationObserver(note).observe(result, { childList: true }); }"""


def test_a_key_that_is_held_never_draws_backwards_and_the_kernel_has_the_last_word(open_page):
    page = open_page("06_leak_pump_arrest.ipynb")
    run_all(page)
    age = page.get_by_role("slider", name="age, years, slider").first
    age.scroll_into_view_if_needed(timeout=30_000)
    age.focus()
    page.wait_for_timeout(1000)  # the next results come to lie ready
    page.evaluate(DRAWN)
    for _ in range(14):
        page.keyboard.press("ArrowRight", delay=15)
    page.get_by_text("Limits at the age of 9 years").first.wait_for(timeout=15_000)
    page.wait_for_timeout(1000)
    drawn = page.evaluate("window.__drawn")
    assert drawn == sorted(set(drawn)) and drawn[-1] == 9 and len(drawn) > 3, drawn
    page.keyboard.press("End")
    page.get_by_text("Limits at the age of 10 years").first.wait_for(timeout=15_000)  # far from what lies ready
