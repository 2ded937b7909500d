"""A learner's walk by keyboard through the page of each notebook, new and run: answer, move, restart, find it again."""

from playwright.sync_api import expect

from tests.browser.session import KERNEL, open_notebook, restart, run_all, settle
from tests.injection import PAYLOADS
from utils.quiz import items

ALL = "\n".join(PAYLOADS)
TELLS = """([where, words]) => [...document.querySelectorAll(where)].some((e) =>
  [e.textContent, ...[...e.querySelectorAll('img')].map((picture) => picture.alt)].join(' ').includes(words))"""
# What of what was typed did run, or become an element.
HARM = """() => [window.__hit === undefined ? '' : 'it ran',
  ...[...document.querySelectorAll('.jp-Notebook *')].filter(e => [...e.attributes].some(a => a.name.startsWith('on')
    || /^\\s*javascript:/i.test(a.value) || (a.name === 'src' && a.value === 'x'))
    || (e.closest('.jp-OutputArea') && ['SCRIPT', 'IFRAME', 'OBJECT', 'ANIMATE', 'MATH', 'VIDEO'].includes(e.tagName)))
    .map(e => e.outerHTML.slice(0, 120))].filter(x => x)"""
# What loads in vain says so a moment later: this picture, asked for last, says so after the others.
IN_VAIN = "() => new Promise((said) => { Object.assign(new Image(), { onerror: () => said(), src: 'x?last' }); })"
# Where everything of an explorer stands, and what its result shows.
LAID = """(field) => { const box = field.closest('.casebook-explorer'), top = box.getBoundingClientRect();
  const parts = box.querySelectorAll('input, select, .noUi-handle, .casebook-refused, .casebook-result');
  return [top.height, ...[...parts].map((e) => {
    const { x, y, width, height } = e.getBoundingClientRect(), shows = e.closest('.casebook-result')?.innerHTML;
    return [x - top.x, y - top.y, width, height, shows]; })]; }"""
HEARD = """(field) => { const box = field.closest('.casebook-explorer'); window.__heard = [];
  const said = box.lastElementChild.querySelector('[role=status]'), note = () => window.__heard.push(said.textContent);
  new MutationObserver(note).observe(said, { childList: true }); }"""
RUN_PICTURE = """() => { const w = window.jupyterapp.shell.currentWidget, c = w.content;
  c.activeCellIndex = c.widgets.findIndex(x => x.model.sharedModel.source.includes('bench.picture('));
  return window.jupyterapp.commands.execute('notebook:run-cell'); }"""
# Everything that the kernel sends, as text.
LISTEN = f"""() => {{ window.__sent = '';
  {KERNEL}.anyMessage.connect((_, {{ msg, direction }}) => {{
    if (direction === 'recv') window.__sent += JSON.stringify(msg.content); }}); }}"""
NUMBERS = {  # the label of a field, what is typed, what is shown then, and what is refused
    "04": ("Of 100, have the disease", "20", "Of 100 adults, 20 have the disease", "101"),
    "06": ("Day", "4", "Day 4: 4 for certain", "0.8"),
    "08": ("Suppose the heart improved on day", "6", "Suppose the heart had first improved on day 6.", "0"),
    "12": ("Your threshold", "2000", "yours: > 2,000 ng/mL", "-1"),
}
MAP = 'img[alt^="MAS-2016 at the regional hospital"]'
AFTER = "e => getComputedStyle(e, '::after').content"
COPY = "window.jupyterapp.serviceManager.contents.copy('02_naming_it.ipynb', '').then(m => m.path)"
PLANT = """at => at.insertAdjacentHTML('beforeend', "<img src='x' onerror='window.__hit = 1'>")"""
CELLS = "window.jupyterapp.shell.currentWidget.content.widgets.length"
# Every state that was drawn while a key was held, by the number that stands in its table's caption.
STATES = """() => { const result = document.querySelector('.casebook-explorer .casebook-result'); window.__drawn = [];
  const note = () => window.__drawn.push(+result.innerText.match(/at the age of ([\\d.]+) year/)[1]);
  new MutationObserver(note).observe(result, { childList: true }); }"""


def card(page, item):
    found = page.locator("form.casebook-card", has_text=f"{item}. ").first
    found.scroll_into_view_if_needed()
    return found


def says(form, words):
    form.locator("[role=status]", has_text=words).wait_for()


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def enter(field, words):
    field.fill(words)
    field.press("Enter")


def tells(page, words):
    """Wait until an explorer's result says these words, in its text or in the description of a picture."""
    page.wait_for_function(TELLS, arg=[".casebook-result", words], polling=100)


def shows(page, words):
    """Wait until the result of an explorer shows these words; returns it."""
    result = page.locator(".casebook-result", has_text=words).first
    result.wait_for()
    return result


def commit(form, said, choice=None, text=None):
    """Choose or write, press the button by keyboard, and wait until the card says these words."""
    if choice:
        form.locator(f"input[name=choice][value={choice}]").check()
    for field in form.locator("textarea").all() if text else ():
        field.fill(text)
    form.locator("button").press("Enter")
    says(form, said)


def choose(form, downs, said):
    """Choose by keyboard, the first option and so many down from it, and press the button; wait for these words."""
    form.locator("input").first.focus()
    press(form.page, "Space", *["ArrowDown"] * downs, "Tab", "Tab", "Enter")
    says(form, said)


def errors(page):
    """Whatever went wrong in a cell or a widget of the page, in the page's own words."""
    return page.evaluate("""() => [...document.querySelectorAll('.jp-RenderedText[data-mime-type*="stderr"]')]
      .map(e => e.textContent)
      .concat(window.jupyterapp.shell.currentWidget.content.widgets.filter(c => c.model.type === 'code')
        .flatMap(c => c.model.outputs.toJSON()).filter(o => o.output_type === 'error').map(o => o.evalue))
      .concat([...document.querySelectorAll('.jp-OutputArea')]
        .filter((e) => /model not found|Error displaying widget/.test(e.textContent)).map(() => 'no widget'))""")


def harmless(page):
    page.evaluate(IN_VAIN)
    assert page.evaluate(HARM) == []


def ask(page, code):
    page.evaluate(f"(code) => {{ {KERNEL}.requestExecute({{ code, store_history: false }}); }}", code)


def kill(page):
    ask(page, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    page.locator(".jp-Dialog", has_text="appears to have died").get_by_role("button", name="Ok").click()


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


def move(page, label, typed, told, odd):
    """Type a number, see what is made of it, and type one that cannot be."""
    field = page.get_by_label(label, exact=True).first
    enter(field, typed)
    shows(page, told)
    refuse(page, field, odd)


def walk_00(page):
    """An answer is there again after a restart; what is typed stays text; the start check looks for a slider."""
    question = card(page, "N0.2")
    expect(question.locator("input:checked")).to_have_count(0)
    commit(question, "Choose an answer first.")
    question.locator("input").first.focus()
    # The second option; JupyterLab must not take the arrow.
    press(page, "Space", "ArrowDown", "Tab", "Space", "Tab", "Enter")
    says(question, "You chose b. That is the best supported answer.")
    expect(question.locator("input:enabled")).to_have_count(0)
    page.locator("[role=status]", has_text="A slider shows on this page, and the kernel hears of it.").wait_for()
    typed = page.get_by_label("Value, unit").first
    page.locator(".casebook-refused", has_text="Refused. 1.5 is a bare number").wait_for()
    height = typed.evaluate(LAID)[0]
    enter(typed, "1.5 mmol/L")
    shows(page, "132.9 mg/dL")
    assert typed.evaluate(LAID)[0] == height  # the values have come into a table that stood there
    refuse(page, typed, "7")
    for number, text in enumerate(PAYLOADS):
        enter(typed, f"x{number} {text}")
        page.locator(".casebook-refused", has_text=f"Refused. 'x{number} ").first.wait_for()
        assert page.evaluate("window.__hit") is None
    harmless(page)
    hidden = page.add_style_tag(content="[role=slider] { display: none }")
    restart(page)
    page.locator("[role=status]", has_text="No slider shows on this page.").wait_for()
    hidden.evaluate("(style) => style.remove()")
    run_all(page)
    says(card(page, "N0.2"), "You chose b.")
    expect(card(page, "N0.2").locator("input:checked").first).to_have_value("b")
    expect(card(page, "N0.3").locator("input").first).to_be_enabled()
    page.get_by_role("button", name="Change between one vote and two").press("Enter")
    shows(page, "Two votes: your first commit is vote 1")


def walk_01(page):
    """A board, a text, a ranking and a form, all of it there again where page and kernel are gone."""
    names = ("platelets leukaemia", "platelets deep infection")
    cell, neighbour = (page.get_by_role("combobox", name=name, exact=True) for name in names)
    cell.press("u")  # the states are chosen by their first letter, or by the arrows
    expect(cell).to_have_value("unknown")
    press(page, "Tab", "ArrowDown")
    expect(neighbour).to_be_focused()
    expect(neighbour).to_have_value("fits")
    page.get_by_role("button", name="Compare with the reading").press("Enter")
    page.get_by_text("2 cells filled, 1 as in our reading").first.wait_for()
    question, sentence, ranking, form = (card(page, name) for name in ("N1.1", "W1.1", "D1.1", "F1.1"))
    commit(question, "You chose b", choice="b")
    sentence.locator("textarea").focus()
    story = "Toddler, a month of fever, <b>limp</b> and rash"
    page.keyboard.type(story)
    press(page, "Tab", "Enter")
    says(sentence, "W1.1 is kept.")
    expect(sentence.locator("b")).to_have_count(0)
    places = ranking.locator("select").all()
    for place, choice in zip("1231", places, strict=False):
        choice.press(place)
    commit(ranking, "have the same place")
    places[3].press("4")
    commit(ranking, "Your order: 1 systemic")
    nothing = {"You have not ranked yet": "place 4", "You have written nothing on this page yet": story}
    for behind, now in nothing.items():
        again = page.locator(".casebook-explorer", has_text=behind)
        again.get_by_role("button", name="Bring up to date").press("Enter")
        expect(page.locator(".casebook-result", has_text=behind)).to_have_count(0)
        shows(page, now)
    tells(page, "acute leukaemiaplace 2")  # two cells of a row
    assert len(ALL) < 2000  # as much as one field takes
    for area, typed in zip(form.locator("textarea").all(), (ALL, PAYLOADS[7], PAYLOADS[2]), strict=True):
        area.fill(typed)
    commit(form, "F1.1 is kept.")
    harmless(page)

    kill(page)
    open_notebook(page, page.url, "01_month_of_fever.ipynb")
    run_all(page)
    said = {"N1.1": "You chose b", "W1.1": "W1.1 is kept.", "D1.1": "Your order: 1 systemic", "F1.1": "F1.1 is kept."}
    for name, words in said.items():
        again = card(page, name)
        says(again, words)
        expect(again.locator("input:enabled, textarea:enabled, select:enabled")).to_have_count(0)  # the first stays
        expect(again.locator("button")).to_be_hidden()
    expect(sentence.locator("textarea")).to_have_value(story)
    expect(form.locator("textarea").first).to_have_value(ALL)
    for place, choice in zip("1234", places, strict=False):
        expect(choice).to_have_value(place)
    expect(cell).to_have_value("unknown")
    expect(cell).to_be_enabled()
    tells(page, "acute leukaemiaplace 2")  # two cells of a row
    harmless(page)


def walk_02(page):
    """Without its kernel a page says so, and the answer can be committed after all; of two pages the first stays."""
    text, written = card(page, "W2.1"), "Hepatitis, or more than that"
    kill(page)
    commit(text, "No reply", text=written)
    expect(text.locator("textarea").first).to_have_value(written)  # to be copied
    settle(page)
    run_all(page)  # as the page advises
    commit(card(page, "W2.1"), "W2.1 is kept.", text=written)
    other = page.context.new_page()
    open_notebook(other, page.url, page.evaluate(COPY))
    run_all(other)
    first, second = card(page, "N2.1"), card(other, "N2.1")
    second.locator("input[name=choice][value=b]").check()
    commit(first, "You chose a", choice="a")
    commit(second, "N2.1 is answered already: a. It stays")
    expect(second.locator("input[name=choice]:checked")).to_have_value("a")
    expect(second.locator("input:enabled")).to_have_count(0)
    assert errors(other) == []
    other.close()


def early_03(page):
    """A cell run too early names the one to run first. From here on all that the kernel sends is noted."""
    page.evaluate(LISTEN)
    page.evaluate(RUN_PICTURE)
    cell = page.locator(".jp-CodeCell", has_text="bench is made further up, in the cell that begins").first
    cell.scroll_into_view_if_needed()
    outputs = cell.locator(".jp-OutputArea-output")  # the stored picture is still there
    expect(outputs).to_have_count(2)
    expect(outputs.first.locator(MAP)).to_have_count(1)
    expect(outputs.last.locator("p code").nth(1)).to_contain_text("bench = explore.what_if(")
    expect(page.get_by_text("Traceback")).to_have_count(0)
    expect(page.locator("[data-mime-type*='stderr']")).to_have_count(0)


def walk_03(page):
    """What if; a card while the kernel is busy; and a room that votes twice hears no reason before its second vote."""
    result = page.locator(".casebook-result", has_text="classification criteria for MAS")
    result.locator("strong", has_text="JIA: UNDETERMINED").wait_for()
    page.get_by_label("platelets: suppose it is known").first.press("Space")
    platelets = page.get_by_label("platelets, ×10⁹/L").first
    enter(platelets, "181")
    result.locator("strong", has_text="JIA: MET").wait_for()
    page.locator(".noUi-handle").first.press("ArrowRight")  # 182, on the other side of the cut-off
    result.locator("strong", has_text="JIA: UNDETERMINED").wait_for()
    refuse(page, platelets, "999")
    assert "not met" in page.locator(MAP).first.get_attribute("alt")  # it reaches the page, not only the file
    busy = card(page, "N3.1")
    ask(page, "import time; time.sleep(3600)")
    commit(busy, "If the kernel is busy, wait.", choice="b")
    page.evaluate(f"{KERNEL}.interrupt()")
    says(busy, "You chose b")

    ask(page, "from utils.quiz import two_votes; two_votes(True)")
    question, other = card(page, "N3.2"), card(page, "N3.3")
    whys = [o["why"][:30] for o in items()["N3.2"]["options"]]
    expect(question.locator("button")).to_have_text("Commit first vote N3.2")
    choose(question, 0, "vote 1 is in, a. Talk with your neighbour")
    sent, content = page.evaluate("window.__sent"), page.content()
    assert "vote 1 is in, a" in sent and not any(why in sent or why in content for why in whys)
    assert "(your first vote)" in question.locator("label").first.evaluate(AFTER)
    expect(question.locator("input:checked, input:disabled")).to_have_count(0)
    press(page, "Enter")  # still on the button: a second press alone is no second vote
    says(question, "Choose an answer first.")
    says(question, "vote 1 is in, a")
    expect(question.get_by_role("button", name="Commit second vote N3.2")).to_be_visible()
    choose(question, 1, "You changed from a to b.")
    sent = page.evaluate("window.__sent")
    assert all(why in sent for why in whys)
    expect(question.locator("input:enabled")).to_have_count(0)
    choose(other, 2, "vote 1 is in, c.")
    restart(page)
    says(question, "You changed from a to b.")
    says(other, "vote 1 is in, c.")
    choose(other, 2, "You stayed with c.")


def walk_04(page):
    """The bench of five rulers."""
    marrow = page.get_by_label("haemophagocytosis").first
    marrow.press("p")
    shows(page, "Supposed: haemophagocytosis present")
    shows(page, "HLH-2004: undetermined as reported, now met")
    expect(marrow).to_be_focused()
    tells(page, "day 1: MAS-2016 met, HLH-2004 met")
    spoken = page.locator(".casebook-said[role=status]", has_text="Supposed: haemophagocytosis present").first
    spoken.wait_for(state="attached")  # one sentence for the ear, not the whole table
    expect(spoken).not_to_contain_text("Cheapest")
    page.get_by_role("button", name="All unknown again").press("Enter")
    shows(page, "Nothing is supposed")


def walk_05(page):
    """The age limits, and a key that is held: nothing is drawn backwards, the kernel has the last word."""
    pressure = page.get_by_label("systolic pressure, mmHg").first
    shows(page, "No pressure lies below a limit that applies")
    enter(pressure, "74")
    shows(page, "(74 + 2 × 45) / 3 = 54.7 mmHg")  # at the limit: still not below it
    page.get_by_role("slider", name="systolic pressure, mmHg, slider").first.press("ArrowLeft")
    shows(page, "Below its limit: PALS, 1 to 10 years: 70 + 2 × age, 74 mmHg")
    expect(pressure).to_have_value("73")
    refuse(page, pressure, "40")
    page.evaluate(LISTEN)
    page.get_by_role("slider", name="age, years, slider").first.focus()
    page.wait_for_function("""() => window.__sent.split('"method":"custom"').length > 6""")  # what lies ready
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


def walk_07(page):
    """The two routes, by key and by mouse."""
    enter(page.get_by_label("fraction absorbed, of the usual").first, "0.25")
    tells(page, "HYPOTHETICAL: 25 % of what is usual is absorbed")
    tells(page, "route × 4.21, 51 % of the rise")
    handles, clearance = page.locator(".noUi-handle"), page.get_by_label("clearance, of the usual").first
    handles.nth(2).press("ArrowLeft")  # the clearance
    tells(page, "clearance is 95 % of the usual")
    expect(clearance).to_have_value("0.95")
    refuse(page, clearance, "24")
    handles.nth(3).hover()  # the weight, dragged with the mouse
    box = handles.nth(3).bounding_box()
    page.mouse.down()
    page.mouse.move(box["x"] - 400, box["y"], steps=8)
    page.mouse.up()
    tells(page, "11.7 kg")
    page.get_by_role("button", name="As usual again").press("Enter")
    tells(page, "steady state, 16.7 kg")
    expect(page.locator(".casebook-result", has=page.locator("img[alt*=HYPOTHETICAL]"))).to_have_count(0)


def walk_08(page):
    """That another day was supposed is not kept after a restart."""
    restart(page)
    shows(page, "Suppose the heart had first improved on day 7, as is printed.")
    expect(page.get_by_label("Suppose the heart improved on day", exact=True).first).to_have_value("7")


def walk_10(page):
    """Verdicts, and the same after a restart."""
    rules = ("MAS-2016", "HScore", "HLH-2004", "Ferritin:ESR", "MS score")
    verdicts = [page.get_by_role("combobox", name=f"{rule} Your verdict", exact=True).first for rule in rules]
    verdicts[0].focus()
    for rule, verdict in zip(rules, verdicts, strict=True):
        expect(verdict).to_be_focused()  # Tab goes from one to the next
        press(page, "n" if rule == "Ferritin:ESR" else "u", "Tab")
    page.get_by_role("button", name="Commit C9.1").press("Enter")
    page.get_by_text("5 of 5 are as the rules say").first.wait_for()
    restart(page)
    page.get_by_text("5 of 5 are as the rules say").first.wait_for()
    expect(verdicts[-1]).to_have_value("undetermined")
    expect(verdicts[-1]).to_be_disabled()
    expect(page.get_by_role("button", name="Commit C9.1")).to_have_count(0)  # hidden: it cannot be committed anew


def walk_11(page):
    """A receipt is saved."""
    shows(page, "No receipt is saved yet.")
    page.get_by_role("button", name="Save a receipt").press("Space")
    shows(page, "There is nothing in your record to put on a receipt yet.")
    choose(card(page, "C9.2"), 0, "You chose a.")
    page.get_by_role("button", name="Save a receipt").press("Space")
    shows(page, "mas-casebook-receipt.json")


def walk_13(page):
    """The register; what is searched for counts at each letter, and stays text."""
    cells, kind, search = (
        page.evaluate(CELLS),
        page.get_by_label("kind", exact=True).first,
        page.get_by_label("search for", exact=True).first,
    )
    expect(kind.locator("option:checked")).to_have_text("two accounts")
    kind.press("e")  # to easily misread, by its first letter
    shows(page, "4 of 34 entries fit.")
    press(page, *"ddmyabx")  # letters that are commands on a cell, where JupyterLab gets to hear of them
    kind.select_option("spelling and references")
    shows(page, "2 of 34 entries fit.")
    search.press_sequentially("DOI")
    shows(page, "1 of 34 entries fit.")
    page.get_by_role("button", name="Show all again").press("Enter")
    shows(page, "34 of 34 entries fit.")
    assert page.evaluate(CELLS) == cells
    search.fill(ALL.replace("\n", " "))
    shows(page, "No entry fits")
    harmless(page)
    output = page.locator(".jp-OutputArea", has=search).first
    output.evaluate(PLANT)
    page.wait_for_function("window.__hit === 1")
    ran, element = page.evaluate(HARM)  # the look finds harm where there is some
    assert ran == "it ran" and element.startswith("<img")
    page.evaluate("() => { delete window.__hit; document.querySelector('img[src=x]').remove(); }")
    page.get_by_role("button", name="Show all again").press("Enter")
    shows(page, "34 of 34 entries fit.")
