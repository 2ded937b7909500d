"""Where a reader stands: links lead to the neighbour, to the map and to a field, whatever else is open."""

import pytest
from playwright.sync_api import expect

from tests.browser.session import forget, run_all, settle, turn_to, whole
from tests.browser.walks import enter, shows

pytestmark = pytest.mark.browser
FRONT = ".jp-NotebookPanel:not(.lm-mod-hidden)"  # of several that are open


def follow(page, name, to):
    """Follow the first link of that name on the notebook in front; comes back when the heading it names is in sight."""
    front = page.locator(FRONT)
    front.get_by_role("link", name=name, exact=True).first.click()
    expect(front.get_by_role("heading", name=to).first).to_be_in_viewport()
    settle(page)


def test_links_lead_to_the_neighbour_the_map_and_an_address_whatever_else_is_open(browser, lab, home):
    """Of a name that two open pages give to a heading, JupyterLab finds the one opened first, in sight or not."""
    page = turn_to(browser, lab, "00_start_here.ipynb")
    whole(page)  # JupyterLab guesses how high a cell is that nobody has looked at yet, and a far jump lands short
    follow(page, "01 A month of fever", to="01 A month of fever")
    expect(page.locator(".lm-TabBar-tabLabel", has_text="01_month_of_fever.ipynb")).to_be_visible()
    follow(page, "Map", to="The map")
    follow(page, "01 A month of fever", to="01 A month of fever")
    follow(page, "02 Naming it", to="02 Naming it")
    expect(page.locator(".lm-TabBar-tabLabel", has_text="02_naming_it.ipynb")).to_be_visible()
    run_all(page)
    follow(page, "F02", to="Look up an address")
    enter(page.locator(FRONT).get_by_label("Address", exact=True), "F02")
    shows(page, "What stands behind F02")
    assert browser.outside == []
    forget(lab, home)
