"""Where a reader stands: N0.1 is near, and after Run All a link leads back to the top."""

import pytest
from playwright.sync_api import expect

from tests.browser.session import card, run_all, settle, shows, whole

pytestmark = pytest.mark.browser
LAPTOP = {"width": 1366, "height": 768}
FRONT = ".jp-NotebookPanel:not(.lm-mod-hidden)"  # of several that are open
PANEL = "document.querySelector('.jp-WindowedPanel-outer')"


def run_by_menu(page):
    """Run, Run All Cells, as 00 says; comes back when the last cell was run and is in sight."""
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.get_by_role("button", name="Bring up to date").last.wait_for(state="attached")  # in one of the last cells
    settle(page)
    link = page.get_by_role("link", name="Back to the top")
    expect(link).to_be_in_viewport()
    return link


def test_the_first_question_comes_within_a_screen_and_a_half(open_page):
    page = open_page("00_start_here.ipynb")
    page.set_viewport_size(LAPTOP)
    run_all(page)
    page.evaluate(f"{PANEL}.scrollTo(0, 0)")
    question = card(page, "N0.1")
    question.locator("input").first.wait_for()
    assert question.bounding_box()["y"] + question.bounding_box()["height"] < 1.5 * LAPTOP["height"]


@pytest.mark.parametrize("name", ["00_start_here.ipynb", "03_flare_sepsis_or_mas.ipynb"])
def test_after_run_all_the_link_leads_back_to_the_top(open_page, name):
    page = open_page(name)
    page.set_viewport_size(LAPTOP)
    link = run_by_menu(page)
    assert page.evaluate(f"{PANEL}.scrollTop") > LAPTOP["height"]
    link.click()
    expect(page.get_by_role("heading", level=1).first).to_be_in_viewport()


def follow(page, name, to):
    """Follow the first link of that name on the notebook in front; comes back when the heading it names is in sight."""
    front = page.locator(FRONT)
    front.get_by_role("link", name=name, exact=True).first.click()
    expect(front.get_by_role("heading", name=to).first).to_be_in_viewport()
    settle(page)


def test_a_page_leads_to_its_neighbour_and_to_the_map(open_page):
    page = open_page("00_start_here.ipynb")
    whole(page)  # JupyterLab guesses how high a cell is that nobody has looked at yet, and a far jump lands short
    follow(page, "01 A month of fever", to="01 A month of fever")
    expect(page.locator(".lm-TabBar-tabLabel", has_text="01_month_of_fever.ipynb")).to_be_visible()
    follow(page, "Map", to="The map")
    follow(page, "01 A month of fever", to="01 A month of fever")
    follow(page, "02 Naming it", to="02 Naming it")
    expect(page.locator(".lm-TabBar-tabLabel", has_text="02_naming_it.ipynb")).to_be_visible()


def test_an_address_leads_to_its_field_whatever_else_is_open(open_page):
    """Of a name that two open pages give to a heading, JupyterLab finds the one opened first, in sight or not."""
    page = open_page("01_month_of_fever.ipynb")
    follow(page, "02 Naming it", to="02 Naming it")
    run_all(page)
    whole(page)
    follow(page, "F02", to="Look up an address")
    address = page.locator(FRONT).get_by_label("Address", exact=True)
    address.fill("F02")
    address.press("Enter")
    shows(page, "What stands behind F02")
