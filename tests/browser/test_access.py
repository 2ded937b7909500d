"""By keyboard, by ear and in the dark: every notebook unrun, exported and live, held to what a learner needs there."""

import html

import nbformat
import pytest

from tests.browser.access import COLOURS, CONTROLS, OTHERS, OUTPUTS, PAGE, PICTURES, faults, lay_out, walk
from tests.browser.session import ROOT, VIEW, forget, run_all, turn_to, whole

pytestmark = pytest.mark.browser
BOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
BROKEN = ("model not found", "VBox(children", "Error displaying widget", "Traceback")
# In 03 the map of verdicts says in its four words and in its description what the bench above says in its table.
NO_TABLE = ("MAS-2016 at the regional hospital, for every platelet count",)
FEW = {"12_behind_the_rulers": 3, "13_the_report_itself": 10}  # pages with fewer controls than the others have
SHORT = {"12_behind_the_rulers": 50}  # and one with fewer texts to hold against their ground
LIGHT = "00"  # the notebook looked at in the light theme as well: it has cards, a list, a field and a slider
USED, DONE = set(), set()
SHOWN = """() => [...document.querySelectorAll('.jp-CodeCell')].map((cell) => {
  const out = cell.querySelector('.jp-OutputArea');
  return [cell.querySelector('.jp-InputArea')?.innerText.slice(0, 60), out?.innerText.trim() ?? '',
    out?.querySelectorAll('img, table').length ?? 0];
})"""
# What each slider says, the number and the name of the field beside it, and whether it can be moved.
SPOKEN = """() => [...document.querySelectorAll('.casebook-explorer [role=slider]')].map((handle) => {
  const row = handle.closest('.widget-hbox') ?? handle.closest('.widget-slider'), name = row.querySelector('label');
  const field = row.querySelector('input') ?? row.querySelector('.widget-readout');
  return [handle.ariaValueText, Number(field.value ?? field.textContent), name.textContent, !field.disabled]; })"""
MOVED = f"([n, was, field]) => {{ const [said, now] = ({SPOKEN})()[n]; return said !== was && now !== field; }}"
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


@pytest.fixture(scope="module")
def context(browser):
    yield browser
    assert browser.outside == [], "the page asked for something outside this machine"


@pytest.fixture(scope="module", params=BOOKS, ids=lambda p: p.stem)
def unrun_and_live(request, lab, home, context):
    """A notebook as it was opened (what each cell showed), and its page after Run All."""
    page = turn_to(context, lab, request.param.name)
    theme(page, "Dark")
    whole(page)
    unrun = page.evaluate(SHOWN)
    run_all(page)
    yield unrun, page
    page.set_viewport_size(VIEW)
    forget(lab, home)


def theme(page, name):
    """Change to the light or the dark theme of JupyterLab, where it is not the one there."""
    dark = name == "Dark"
    if page.evaluate("document.body.dataset.jpThemeLight") != str(not dark).lower():
        change = "theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })"
        page.evaluate(change, f"JupyterLab {name}")
        page.wait_for_function(THEMED, arg=dark, polling=100)


def code_cells(name):
    """The code cells of a notebook as stored, of a test's id or of a name."""
    book = next(b for b in BOOKS if b.stem in name)
    return [c for c in nbformat.read(book, 4).cells if c.cell_type == "code"]


def empty(words, things):
    """Whether a cell shows neither a picture, nor a table, nor a sentence."""
    return len(words) < 20 and not things


def test_an_unrun_cell_shows_a_picture_a_table_or_words(unrun_and_live, request):
    unrun, page = unrun_and_live
    live = page.evaluate(SHOWN)
    assert len(unrun) == len(live) == len(code_cells(request.node.callspec.id))
    later = [words for _, words, _ in live]
    assert [cell for (cell, *what), said in zip(unrun, later, strict=True) if said and empty(*what)] == []
    assert [words for _, words, _ in unrun + live if any(b in words for b in BROKEN)] == []


def test_every_control_has_a_name_that_can_be_seen_and_is_reached_by_tab(unrun_and_live, request):
    page = unrun_and_live[1]
    lay_out(page)
    controls = page.evaluate(CONTROLS)
    assert len(controls) > FEW.get(request.node.callspec.id, 15)
    nameless = [f"{c['name']!r}: {c['html']}" for c in controls if not c["name"] or not c["seen"]]
    assert nameless == []
    reached, bare = walk(page)
    assert [c["html"] for c in controls if c["stop"] not in reached] == []
    assert bare == []


def test_every_slider_says_its_number_and_unit_and_follows_the_keys(unrun_and_live):
    page = unrun_and_live[1]
    sliders = page.evaluate(SPOKEN)
    fields = ".casebook-explorer input[type=number], .casebook-explorer .widget-readout:visible"
    assert len(sliders) == page.locator(fields).count()
    for n, (said, number, _, enabled) in enumerate(sliders):
        if enabled:
            handle = page.locator(".casebook-explorer [role=slider]").nth(n)
            at_end = handle.evaluate("e => e.ariaValueNow === e.ariaValueMax")
            handle.press("ArrowLeft" if at_end else "ArrowRight")
            page.wait_for_function(MOVED, arg=[n, said, number], polling=100)
    for said, number, name, _ in [*sliders, *page.evaluate(SPOKEN)]:
        value, _, unit = said.partition(" ")
        assert float(value.replace(",", "")) == number and (name in BARE) == (not unit), (name, said)
        assert name.endswith(f", {unit}") or name in BARE or (name, unit) == ("Your threshold", "ng/mL")


def test_every_live_picture_is_told_in_words_and_has_a_table_beside_it(unrun_and_live):
    told = unrun_and_live[1].evaluate(PICTURES)
    assert [alt for alt, _ in told if len(alt) < 40] == []
    assert [alt for alt, table in told if not table and not alt.startswith(NO_TABLE)] == []


def test_axe_finds_nothing_of_ours(unrun_and_live, request):
    page = unrun_and_live[1]
    page.evaluate(CHOOSE)
    page.wait_for_function(ANSWERED, polling=100)
    lay_out(page)
    light = request.node.callspec.id.startswith(LIGHT)
    looks = [faults(page, where=PAGE if light else OUTPUTS)]  # the text between is looked at in the exported page
    if light:
        theme(page, "Light")  # only colours can be otherwise; every exported page is looked at in it, too
        looks.append(faults(page, only=COLOURS))
    for ours, used, checked in looks:
        USED.update(used)
        assert checked > SHORT.get(request.node.callspec.id, 150)  # fewer, and the page was not looked at
        assert ours == []
    DONE.add(request.node.name)


@pytest.fixture(scope="module")
def exported(context, tmp_path_factory):
    """Every notebook as the kit hands it to learners, a file of HTML each, in a tab of its own."""
    from classroom.kit.notebooks import export

    folder = tmp_path_factory.mktemp("exported")
    for book in BOOKS:
        (folder / f"{book.stem}.html").write_text(export(book.stem[:2]), encoding="utf-8")
    page = context.new_page()

    def opened(name):
        page.goto((folder / f"{name}.html").as_uri())
        return page

    yield opened
    page.close()


@pytest.mark.parametrize("name", [b.stem for b in BOOKS])
def test_an_exported_notebook_is_readable_and_axe_finds_nothing_of_ours(exported, name, request):
    page = exported(name)
    stored = [row for row in page.evaluate(SHOWN) if row[1] or row[2]]
    assert len(stored) == sum(1 for c in code_cells(name) if c.outputs)
    assert [cell for cell, *what in stored if empty(*what)] == []
    text = html.unescape(page.inner_text("body"))
    assert not [b for b in BROKEN if b in text.replace("*Error", "").replace("Error displaying widget, or a", "")] or (
        name.startswith("00") and text.count("Error displaying widget") == 1  # the page itself says what to do then
    )
    page.evaluate("document.querySelectorAll('details').forEach((d) => (d.open = true))")
    lay_out(page)
    ours, used, checked = faults(page)
    USED.update(used)
    DONE.add(request.node.name)
    assert checked > SHORT.get(name, 150)
    assert ours == []


def test_every_line_about_others_is_still_needed():
    if len(DONE) < 2 * len(BOOKS):
        pytest.skip("not every page was looked at in this run")
    by_chance = {("button-name", ".jp-collapseHeadingButton")}  # drawn only while the pointer is over a heading
    assert set(OTHERS) - USED - by_chance == set()


def test_a_print_cuts_nothing_off(exported):
    """On paper nothing can be scrolled: no table may be wider than the sheet."""
    page = exported("04_five_rulers")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 718, "height": 1000})  # A4 at 96 pixels an inch, without its margins
    wide = page.evaluate(
        """() => [...document.querySelectorAll('.jp-OutputArea :is(table, img)')].filter((e) => e.checkVisibility()
        && e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.outerHTML.slice(0, 120))"""
    )
    page.emulate_media(media="screen")
    assert wide == []
