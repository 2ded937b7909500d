"""Every notebook in a real browser, opened and run once, and looked at by one test after the other."""

from types import SimpleNamespace

import nbformat
import pytest
from playwright.sync_api import expect

from tests.browser import access, walks
from tests.browser.session import BOOKS, VIEW, forget, run_all, settle, turn_to, whole
from tests.browser.walks import card, enter, errors, shows

pytestmark = pytest.mark.browser
BROKEN = ("model not found", "VBox(children", "Error displaying widget", "Traceback")
# In 03 the map of verdicts says in its four words and in its description what the bench above says in its table.
NO_TABLE = ("MAS-2016 at the regional hospital, for every platelet count",)
FEW = {"12": 3, "13": 10}  # pages with fewer controls than the others have
SHORT = {"12": 50}  # and one with fewer texts to hold against their ground
BOTH = "00"  # the notebook looked at in both themes: it has cards, a list, a field and a slider
# What each slider says, the number and the name of the field beside it, and whether it can be moved.
SPOKEN = """() => [...document.querySelectorAll('.casebook-explorer [role=slider]')].map((handle) => {
  const row = handle.closest('.widget-hbox') ?? handle.closest('.widget-slider'), name = row.querySelector('label');
  const field = row.querySelector('input') ?? row.querySelector('.widget-readout');
  return [handle.ariaValueText, Number(field.value ?? field.textContent), name.textContent, !field.disabled]; })"""
MOVED = f"([n, was, field]) => {{ const [said, now] = ({SPOKEN})()[n]; return said !== was && now !== field; }}"
AGREED = f"() => ({SPOKEN})().every(([said, now]) => parseFloat(said.replaceAll(',', '')) === now)"
BARE = ("a slider to try", "Day", "Suppose the heart improved on day", "Of 100, have the disease")
CHOOSE = """() => document.querySelectorAll('form.casebook-card').forEach((form) => {
  form.querySelector('input[name=choice]')?.click();
  form.querySelectorAll('textarea').forEach((field) => (field.value = 'Some words'));
  form.querySelectorAll('select').forEach((list, n) => (list.selectedIndex = Math.min(1 + n, list.length - 1)));
  form.querySelector('button').click();
})"""
ANSWERED = """() => [...document.querySelectorAll('form.casebook-card [role=status]')].every((said) =>
  said.textContent && !/^(Saving|No reply)/.test(said.textContent))"""
THEMED = """(dark) => document.body.dataset.jpThemeLight === String(!dark)
  && (getComputedStyle(document.body).getPropertyValue('--jp-layout-color0').trim() !== 'white') === dark
  && !document.getElementById('jupyterlab-splash')  // it covers the page while a theme is loaded, and a moment more
  && document.getAnimations().every((a) => a.playState !== 'running')"""
FRONT = ".jp-NotebookPanel:not(.lm-mod-hidden)"  # of several that are open
PANEL = "document.querySelector('.jp-WindowedPanel-outer')"


@pytest.fixture(scope="module", params=BOOKS, ids=lambda path: path.stem)
def visit(request, browser, lab, home):
    """A notebook's `number`, what each cell showed as it was opened (`unrun`), and its `page` after Run All."""
    page, number = turn_to(browser, lab, request.param.name), request.param.stem[:2]
    theme(page, "Light" if number == BOTH else "Dark")
    whole(page)
    unrun = page.evaluate(access.SHOWN)
    whole(page, False)
    run_all(page)
    yield SimpleNamespace(path=request.param, number=number, unrun=unrun, page=page)
    page.set_viewport_size(VIEW)
    forget(lab, home)
    assert browser.outside == [], "a page asked for something outside this machine"


def theme(page, name):
    if (name == "Dark") != (page.evaluate("document.body.dataset.jpThemeLight") == "false"):
        change = "theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })"
        page.evaluate(change, f"JupyterLab {name}")
        page.wait_for_function(THEMED, arg=name == "Dark", polling=100)


def test_after_run_all_a_link_leads_back_to_the_top_and_the_first_question_is_near(visit):
    page, link = visit.page, visit.page.get_by_role("link", name="Back to the top")
    expect(link).to_be_in_viewport()
    assert page.evaluate(f"{PANEL}.scrollTop") > VIEW["height"]
    link.click()
    expect(page.get_by_role("heading", level=1).first).to_be_in_viewport()
    if visit.number == "00":
        page.evaluate(f"{PANEL}.scrollTo(0, 0)")
        card(page, "N0.1").locator("input").first.wait_for()
        box = card(page, "N0.1").bounding_box()
        assert box["y"] + box["height"] < 1.5 * VIEW["height"]


def test_a_cell_shows_a_picture_a_table_or_words_before_it_is_run_and_a_picture_is_told_in_words(visit):
    whole(visit.page)
    live = visit.page.evaluate(access.SHOWN)
    cells = nbformat.read(visit.path, 4).cells
    assert len(visit.unrun) == len(live) == sum(cell.cell_type == "code" for cell in cells)
    later = [words for _, words, _ in live]
    both = zip(visit.unrun, later, strict=True)
    assert [cell for (cell, words, things), said in both if said and len(words) < 20 and not things] == []
    assert [words for _, words, _ in visit.unrun + live if any(b in words for b in BROKEN)] == []
    told = visit.page.evaluate(access.PICTURES)  # and has a table beside it
    assert [alt for alt, table in told if len(alt) < 40 or not table and not alt.startswith(NO_TABLE)] == []


def test_every_control_has_a_name_that_can_be_seen_is_reached_by_tab_and_fits_a_phone(visit):
    page = visit.page
    access.unfold(page)
    controls = page.evaluate(access.CONTROLS)
    assert len(controls) > FEW.get(visit.number, 15)
    assert [f"{c['name']!r}: {c['html']}" for c in controls if not c["name"] or not c["seen"]] == []
    page.evaluate("window.jupyterapp.shell.collapseLeft()")
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function(f"{PANEL}.clientWidth < 390", polling=100)
    assert page.evaluate(access.WIDE) == [access.PLANTED_WIDE]  # nothing but what was planted
    page.set_viewport_size(VIEW)
    reached, bare = access.tab(page)
    assert [c["html"] for c in controls if c["stop"] not in reached] == []
    assert bare == []


def test_it_is_walked_by_keyboard(visit):
    if visit.number in walks.NUMBERS:
        walks.move(visit.page, *walks.NUMBERS[visit.number])
    getattr(walks, f"walk_{visit.number}", str)(visit.page)
    assert errors(visit.page) == []


def test_every_slider_says_its_number_and_unit_and_follows_the_keys(visit):
    page = visit.page
    page.wait_for_function(AGREED, polling=100)
    sliders = page.evaluate(SPOKEN)
    fields = ".casebook-explorer input[type=number], .casebook-explorer .widget-readout:visible"
    assert len(sliders) == page.locator(fields).count()
    for n, (said, number, _, enabled) in enumerate(sliders):
        if enabled:
            handle = page.locator(".casebook-explorer [role=slider]").nth(n)
            at_end = handle.evaluate("e => e.ariaValueNow === e.ariaValueMax")
            handle.press("ArrowLeft" if at_end else "ArrowRight")
            page.wait_for_function(MOVED, arg=[n, said, number], polling=100)
            page.wait_for_function(AGREED, polling=100)
    for said, _, name, _ in [*sliders, *page.evaluate(SPOKEN)]:
        unit = said.partition(" ")[2]
        assert (name in BARE) == (not unit), (name, said)
        assert name.endswith(f", {unit}") or name in BARE or (name, unit) == ("Your threshold", "ng/mL")


def test_axe_finds_nothing_of_ours(visit):
    page, both = visit.page, visit.number == BOTH
    page.evaluate(CHOOSE)
    page.wait_for_function(ANSWERED, polling=100)
    access.lay_out(page)
    looks = [access.faults(page, where=access.PAGE if both else access.OUTPUTS)]  # exported pages show the text between
    if both:
        theme(page, "Dark")  # only colours can be otherwise; every exported page is looked at in the light one
        looks.append(access.faults(page, only=access.COLOURS))
    for ours, checked in looks:
        assert ours == []
        assert checked > SHORT.get(visit.number, 150)  # fewer, and the page was not looked at


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
