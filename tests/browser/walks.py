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
# Everything that the kernel sends, as text.
LISTEN = f"""() => {{ window.__sent = '';
  {KERNEL}.anyMessage.connect((_, {{ msg, direction }}) => {{
    if (direction === 'recv') window.__sent += JSON.stringify(msg.content); }}); }}"""
NUMBERS = {  # the label of a field, what is typed, what is shown then, and what is refused
    "00": ("Value, unit", "1.5 mmol/L", "132.9 mg/dL", "7"),
    "04": ("Of 100, have the disease", "20", "Of 100 adults, 20 have the disease", "101"),
    "06": ("Day", "4", "Day 4: 4 for certain", "0.8"),
    "08": ("Suppose the heart improved on day", "6", "Suppose the heart had first improved on day 6.", "0"),
    "12": ("Your threshold", "2000", "yours: > 2,000 ng/mL", "-1"),
}
MAP = 'img[alt^="MAS-2016 at the regional hospital"]'
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


def commit(form, reply, choice=None, text=None):
    """Choose or write, press the button by keyboard, and wait until the card says these words."""
    if choice:
        form.locator(f"input[name=choice][value={choice}]").check()
    for field in form.locator("textarea").all() if text else ():
        field.fill(text)
    form.locator("button").press("Enter")
    says(form, reply)


def choose(form, downs, reply):
    """Choose by keyboard, the first option and so many down from it, and press the button; wait for these words."""
    form.locator("input").first.focus()
    press(form.page, "Space", *["ArrowDown"] * downs, "Tab", "Tab", "Enter")
    says(form, reply)


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
    sentence = page.locator(f"[id='{field.get_attribute('aria-describedby')}']")
    assert [h for h in page.evaluate("window.__heard") if h.startswith("Refused")] == [sentence.inner_text()]
    assert field.get_attribute("aria-invalid") == "true" and field.input_value() == typed
    assert field.evaluate(LAID) == before
    enter(field, was)
    page.wait_for_function("() => !window.__heard.at(-1).startsWith('Refused')")
    assert sentence.inner_text() == "" and field.get_attribute("aria-invalid") == "false"
    assert field.evaluate(LAID) == before


def move(page, label, typed, words, odd):
    """Type a number, see what is made of it, and type one that cannot be."""
    field = page.get_by_label(label, exact=True).first
    enter(field, typed)
    shows(page, words)
    refuse(page, field, odd)


def button(page, name):
    page.get_by_role("button", name=name).press("Enter")


def walk_00(page):
    """An answer is there again after a restart; what is typed stays text; the start check looks for a slider."""
    question, typed = card(page, "N0.2"), page.get_by_label("Value, unit").first
    commit(question, "Choose an answer first.")
    choose(question, 1, "You chose b. That is the best supported answer.")  # JupyterLab must not take the arrow
    expect(question.locator("input:enabled")).to_have_count(0)
    page.locator("[role=status]", has_text="A slider shows on this page, and the kernel hears of it.").wait_for()
    for number, text in enumerate(PAYLOADS):
        enter(typed, f"x{number} {text}")
        page.locator(".casebook-refused", has_text=f"Refused. 'x{number} ").first.wait_for()
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
    press(page, "Tab", "ArrowDown")
    expect(neighbour).to_be_focused()
    expect(neighbour).to_have_value("fits")
    button(page, "Compare with the reading")
    page.get_by_text("2 cells filled, 1 as in our reading").first.wait_for()
    question, sentence, ranking, form = (card(page, name) for name in ("N1.1", "W1.1", "D1.1", "F1.1"))
    commit(question, "You chose b", choice="b")
    story = "Toddler, a month of fever, <b>limp</b> and rash"
    sentence.locator("textarea").press_sequentially(story)
    press(page, "Tab", "Enter")
    says(sentence, "W1.1 is kept.")
    places = ranking.locator("select").all()
    for place, choice in zip("1231", places, strict=False):
        choice.press(place)
    commit(ranking, "have the same place")
    places[3].press("4")
    commit(ranking, "Your order: 1 systemic")
    for before, now in {"You have not ranked yet": "place 4", "You have written nothing on this page": story}.items():
        page.locator(".casebook-explorer", has_text=before).get_by_role("button", name="up to date").press("Enter")
        shows(page, now)
    for area, typed in zip(form.locator("textarea").all(), (ALL, PAYLOADS[7], PAYLOADS[2]), strict=True):
        area.fill(typed)
    commit(form, "F1.1 is kept.")
    harmless(page)

    kill(page)
    open_notebook(page, page.url, "01_month_of_fever.ipynb")
    run_all(page)
    replies = ("You chose b", "W1.1 is kept.", "Your order: 1 systemic", "F1.1 is kept.")
    for again, words in zip((question, sentence, ranking, form), replies, strict=True):
        says(again, words)
        expect(again.locator("input:enabled, textarea:enabled, select:enabled")).to_have_count(0)  # the first stays
        expect(again.locator("button")).to_be_hidden()
    expect(sentence.locator("textarea")).to_have_value(story)
    expect(form.locator("textarea").first).to_have_value(ALL)
    expect(places[3]).to_have_value("4")
    expect(cell).to_have_value("unknown")
    tells(page, "acute leukaemiaplace 2")  # two cells of a row
    harmless(page)


def walk_02(page):
    """Without its kernel a page says so, and the answer can be committed after all."""
    text, written = card(page, "W2.1"), "Hepatitis, or more than that"
    kill(page)
    commit(text, "No reply", text=written)
    expect(text.locator("textarea").first).to_have_value(written)  # to be copied
    settle(page)
    run_all(page)  # as the page advises
    commit(card(page, "W2.1"), "W2.1 is kept.", text=written)


def walk_03(page):
    """What if; a card while the kernel is busy; and a room that votes twice hears no reason before its second vote."""
    page.evaluate(LISTEN)
    shows(page, "JIA: UNDETERMINED")
    page.get_by_label("platelets: suppose it is known").first.press("Space")
    platelets = page.get_by_label("platelets, ×10⁹/L").first
    enter(platelets, "181")
    shows(page, "JIA: MET")
    page.locator(".noUi-handle").first.press("ArrowRight")  # 182, on the other side of the cut-off
    shows(page, "JIA: UNDETERMINED")
    refuse(page, platelets, "999")
    assert "not met" in page.locator(MAP).first.get_attribute("alt")  # it reaches the page, not only the file
    busy, question, other = (card(page, name) for name in ("N3.1", "N3.2", "N3.3"))
    ask(page, "import time; time.sleep(3600)")
    commit(busy, "If the kernel is busy, wait.", choice="b")
    page.evaluate(f"{KERNEL}.interrupt()")
    says(busy, "You chose b")

    ask(page, "from utils.quiz import two_votes; two_votes(True)")
    whys = [o["why"][:30] for o in items()["N3.2"]["options"]]
    expect(question.locator("button")).to_have_text("Commit first vote N3.2")
    choose(question, 0, "vote 1 is in, a. Talk with your neighbour")
    sent, content = page.evaluate("window.__sent"), page.content()
    assert "vote 1 is in, a" in sent and not any(why in sent or why in content for why in whys)
    press(page, "Enter")  # still on the button: a second press alone is no second vote
    says(question, "Choose an answer first.")
    expect(question.locator("button")).to_have_text("Commit second vote N3.2")
    choose(question, 1, "You changed from a to b.")
    sent = page.evaluate("window.__sent")
    assert all(why in sent for why in whys)
    choose(other, 2, "vote 1 is in, c.")
    restart(page)
    says(question, "You changed from a to b.")
    says(other, "vote 1 is in, c.")
    choose(other, 2, "You stayed with c.")


def walk_04(page):
    """The bench of five rulers."""
    marrow = page.get_by_label("haemophagocytosis").first
    marrow.press("p")
    shows(page, "HLH-2004: undetermined as reported, now met")
    expect(marrow).to_be_focused()
    tells(page, "day 1: MAS-2016 met, HLH-2004 met")
    spoken = page.locator(".casebook-said[role=status]", has_text="Supposed: haemophagocytosis present").first
    spoken.wait_for(state="attached")  # one sentence for the ear, not the whole table
    expect(spoken).not_to_contain_text("Cheapest")
    button(page, "All unknown again")
    shows(page, "Nothing is supposed")


def walk_05(page):
    """The age limits, and a key that is held: nothing is drawn backwards, the kernel has the last word."""
    pressure = page.get_by_label("systolic pressure, mmHg").first
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
    refuse(page, clearance, "24")
    handles.nth(3).hover()  # the weight, dragged with the mouse
    box = handles.nth(3).bounding_box()
    page.mouse.down()
    page.mouse.move(box["x"] - 400, box["y"], steps=8)
    page.mouse.up()
    tells(page, "11.7 kg")
    button(page, "As usual again")
    tells(page, "steady state, 16.7 kg")
    expect(page.locator(".casebook-result", has=page.locator("img[alt*=HYPOTHETICAL]"))).to_have_count(0)


def walk_10(page):
    """Verdicts, and the same after a restart."""
    rules = ("MAS-2016", "HScore", "HLH-2004", "Ferritin:ESR", "MS score")
    verdicts = [page.get_by_role("combobox", name=f"{rule} Your verdict", exact=True).first for rule in rules]
    verdicts[0].focus()
    for rule, verdict in zip(rules, verdicts, strict=True):
        expect(verdict).to_be_focused()  # Tab goes from one to the next
        press(page, "n" if rule == "Ferritin:ESR" else "u", "Tab")
    button(page, "Commit C9.1")
    page.get_by_text("5 of 5 are as the rules say").first.wait_for()
    restart(page)
    page.get_by_text("5 of 5 are as the rules say").first.wait_for()
    expect(verdicts[-1]).to_have_value("undetermined")
    expect(verdicts[-1]).to_be_disabled()
    expect(page.get_by_role("button", name="Commit C9.1")).to_have_count(0)  # hidden: it cannot be committed anew


def walk_11(page):
    """A receipt is saved."""
    button(page, "Save a receipt")
    shows(page, "There is nothing in your record to put on a receipt yet.")
    choose(card(page, "C9.2"), 0, "You chose a.")
    button(page, "Save a receipt")
    shows(page, "mas-casebook-receipt.json")


def walk_13(page):
    """The register; what is searched for counts at each letter, and stays text."""
    kind, search = (page.get_by_label(name, exact=True).first for name in ("kind", "search for"))
    cells = page.evaluate(CELLS)
    kind.press("e")  # to easily misread, by its first letter
    shows(page, "4 of 34 entries fit.")
    press(page, *"ddmyabx")  # letters that are commands on a cell, where JupyterLab gets to hear of them
    kind.select_option("spelling and references")
    shows(page, "2 of 34 entries fit.")
    search.press_sequentially("DOI")
    shows(page, "1 of 34 entries fit.")
    button(page, "Show all again")
    shows(page, "34 of 34 entries fit.")
    assert page.evaluate(CELLS) == cells
    search.fill(ALL.replace("\n", " "))
    shows(page, "No entry fits")
    harmless(page)
    page.locator(".jp-OutputArea", has=search).first.evaluate(PLANT)
    page.wait_for_function("window.__hit === 1")
    ran, element = page.evaluate(HARM)  # the look finds harm where there is some
    assert ran == "it ran" and element.startswith("<img")
    page.evaluate("() => { delete window.__hit; document.querySelector('img[src=x]').remove(); }")
    button(page, "Show all again")
    shows(page, "34 of 34 entries fit.")
