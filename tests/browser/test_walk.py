"""A learner's walk in a real browser, by keyboard: open, run, answer, read, restart, and the answer is still there."""

import os
import sys
from pathlib import Path

import pytest

from tests.browser.conftest import restart, run_all

pytestmark = pytest.mark.browser


def shot(page, name):
    """A screenshot for a person to look at, where a folder for it is named."""
    if folder := os.environ.get("MAS_CASEBOOK_SHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png")


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
    assert page.locator(".jupyter-widgets [role=status]", has_text="Refused. 1.5 is a bare number").count() == 1
    field.fill("1.5 mmol/L")
    field.press("Enter")
    page.locator(".jupyter-widgets [role=status]", has_text="132.9 mg/dL").wait_for(timeout=15_000)
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


def test_what_if_by_keyboard(open_page):
    page = open_page("03_flare_sepsis_or_mas.ipynb")
    run_all(page)
    box = page.get_by_label("platelets: suppose it is known").first
    box.scroll_into_view_if_needed()
    result = page.locator("[role=status]", has_text="classification criteria for MAS")
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
    picture = page.locator('img[alt^="MAS-2016 at the regional hospital"]')
    assert "not met" in picture.first.get_attribute("alt")  # the description reaches the page, not only the file
    shot(page, "03-what-if")
