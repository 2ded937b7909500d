"""What is hard to reach without eyes, mouse or light on a page: found by axe-core and by a few looks of our own."""

from axe_playwright_python.base import AXE_SCRIPT

from tests.browser.session import VIEW, whole

OTHERS = {  # only what is named here by rule *and* element is somebody else's: (rule, element) -> whose it is
    ("aria-required-children", ".jp-WindowedPanel-viewport"): "JupyterLab: its list of cells is called a feed",
    ("button-name", ".jp-collapseHeadingButton"): "JupyterLab: the arrow that folds a heading away",
    ("link-in-text-block", ".jp-RenderedMarkdown a"): "JupyterLab: links without a line below them",
}
COLOURS = ["color-contrast", "link-in-text-block"]  # the rules that look at colours
PLANTED = {  # fault -> the rule that has to report it; put at the very end of every page that is looked at
    "<p style='color:#999;background:#aaa'>pale words</p>": "color-contrast",
    "<img src='data:image/gif;base64,R0lGODlhAQABAAAAACw=' width='40' height='40'>": "image-alt",
    "<input type='text'>": "label",
    "<select><option>one</option></select>": "select-name",
    "<button></button>": "button-name",
    "<div role='slider' tabindex='0' aria-valuenow='1' aria-valuemin='0' aria-valuemax='2'>.</div>": "aria-input-field",
    "<table><thead><tr><th></th><th>b</th></tr></thead><tr><td>1</td><td>2</td></tr></table>": "empty-table-header",
    "<button>a <a href='#x'>b</a></button>": "nested-interactive",
    "<div style='height:2em;width:9em;overflow:auto'><p>much<br>more<br>than<br>fits</p></div>": "scrollable-region",
}
PLANT = """([faults, where]) => { const box = document.createElement('div');
  box.id = 'casebook-planted';
  box.innerHTML = faults.join('');
  const place = [...document.querySelectorAll(where)].at(-1);
  ([...place.querySelectorAll('.jp-RenderedMarkdown')].at(-1) ?? place).append(box); }"""
PAGE, OUTPUTS = ".jp-Notebook, body > main", ".jp-OutputArea-output"  # where to look
FOUND = """async ([others, only, where]) => {
  const options = { preload: false, elementRef: true, selectors: false, ...(only && { runOnly: only }) };
  const place = { include: [[where]], exclude: [['.cm-editor']] };  // the editor is JupyterLab's
  const found = await axe.run(place, options);
  const ours = [], planted = [];
  for (const { id, impact, nodes } of found.violations) for (const { element, html, failureSummary } of nodes) {
    if (element.closest('#casebook-planted')) planted.push(id);
    else if (!others.some(([rule, place]) => rule === id && element.matches(place)))
      ours.push(`${id} (${impact}): ${html.slice(0, 160)} ${failureSummary.replace(/\\s+/g, ' ').slice(0, 200)}`);
  }
  const checked = found.passes.filter((r) => r.id === 'color-contrast').flatMap((r) => r.nodes).length;
  document.querySelector('#casebook-planted').remove();
  return [ours, checked, planted];
}"""
HEIGHT = """() => {
  document.body.style.overflow = 'visible';
  return (document.querySelector('.jp-WindowedPanel-inner') ?? document.body).scrollHeight;
}"""
FITS = """() => { const outer = document.querySelector('.jp-WindowedPanel-outer');
  if (!outer) return true;
  outer.scrollTop = 0;
  return outer.firstElementChild.scrollHeight < outer.clientHeight; }"""
CONTROLS = """() => {
  axe.setup(document.documentElement);
  const plain = (text) => text.replace(/\\s+/g, ' ').trim();
  const wordsIn = (box) => {
    const walk = document.createTreeWalker(box, NodeFilter.SHOW_TEXT), words = [];
    while (walk.nextNode()) {
      const at = walk.currentNode.parentElement;
      if (at.closest('select, textarea, script, style') || !at.checkVisibility({ visibilityProperty: true })) continue;
      if (at.getBoundingClientRect().width > 1) words.push(walk.currentNode.data);
    }
    return plain(words.join(' '));
  };
  const all = [...document.querySelectorAll(
    '.jp-OutputArea :is(input, select, textarea, button, summary, a[href], [role=slider])')];
  const listed = all.filter((e) => !e.disabled && e.checkVisibility({ visibilityProperty: true })).map((e, n) => {
    e.dataset.casebookStop = e.type === 'radio' ? `${e.closest('form').dataset.casebookForm ??= n} ${e.name}` : n;
    const name = plain(axe.commons.text.accessibleText(e));
    const there = wordsIn(e.closest('.jp-OutputArea-output'));
    const words = name.replace(/, slider$/, '').split(' ');
    const seen = words.every((w) => there.includes(w));
    return { stop: e.dataset.casebookStop, name, seen, html: e.outerHTML.slice(0, 120) };
  });
  axe.teardown();
  return listed;
}"""
# Notes what gets the focus, whether a ring shows it, and that the notebook was left.
WATCH = """() => { window.__reached = []; window.__left = false;
  document.addEventListener('focusin', ({ target: e }) => {
    window.__left ||= !e.closest('.jp-Notebook');
    const look = getComputedStyle(e), stop = e.dataset.casebookStop;
    const ring = (look.outlineStyle !== 'none' && parseFloat(look.outlineWidth) > 0) || look.boxShadow !== 'none';
    if (stop && !window.__left) window.__reached.push([stop, ring ? '' : e.outerHTML.slice(0, 120)]);
  }); }"""
SHOWN = """() => [...document.querySelectorAll('.jp-CodeCell')].map((cell) => {
  const out = cell.querySelector('.jp-OutputArea');
  return [cell.querySelector('.jp-InputArea')?.innerText.slice(0, 60), out?.innerText.trim() ?? '',
    out?.querySelectorAll('img, table').length ?? 0];
})"""
# What of the controls sticks out to the right, with one that is planted; a table may be moved to and fro in its frame.
PLANTED_WIDE = '<input id="casebook-wide" style="width: 999px">'
WIDE = f"""() => {{ const outer = document.querySelector('.jp-WindowedPanel-outer');
  const edge = outer.getBoundingClientRect().left + outer.clientWidth + 1;
  [...document.querySelectorAll('.jp-OutputArea')].at(-1).insertAdjacentHTML('beforeend', '{PLANTED_WIDE}');
  const all = document.querySelectorAll('.jp-OutputArea :is(input, select, textarea, button, summary, .noUi-target)');
  const wide = [...all].filter((e) => e.checkVisibility({{ visibilityProperty: true }}) && !e.closest('table')
    && e.getBoundingClientRect().right > edge).map((e) => e.outerHTML.slice(0, 120));
  document.querySelector('#casebook-wide').remove();
  return wide; }}"""
PICTURES = """() => [...document.querySelectorAll('.jp-OutputArea img')].map((picture) => {
  const outputs = [...document.querySelectorAll('.jp-CodeCell .jp-OutputArea')];
  const at = outputs.indexOf(picture.closest('.jp-OutputArea'));
  return [picture.alt, outputs.slice(at, at + 2).some((o) => o.querySelector('table'))];
})"""


def unfold(page):
    """Open every fold, and load axe."""
    whole(page)
    page.evaluate("document.querySelectorAll('details').forEach((d) => (d.open = true))")
    page.evaluate(AXE_SCRIPT)


def lay_out(page):
    """Unfold, and make the window as high as the notebook: axe passes over what a window or a body clips."""
    unfold(page)
    page.set_viewport_size({**VIEW, "height": page.evaluate(HEIGHT) + 900})
    page.wait_for_function(FITS, polling=100)


def faults(page, only=None, where=PAGE):
    """What axe finds that is ours, and how many texts it held against their ground.

    `only` names the rules to go by. Each look must also find the faults that are planted at its end for its time.
    """
    page.evaluate(PLANT, [list(PLANTED), where])
    ours, checked, planted = page.evaluate(FOUND, [[list(pair) for pair in OTHERS], only, where])
    missed = [rule for rule in PLANTED.values() if not any(found.startswith(rule) for found in planted)]
    assert [rule for rule in missed if not only or rule in only] == [], "axe does not look at the end of this page"
    return ours, checked


def tab(page):
    """Press Tab from the first cell to the end: (stops that were reached, those without a visible ring)."""
    page.evaluate("document.querySelector('.jp-Notebook .jp-Cell').focus()")
    page.evaluate(WATCH)
    for n in range(1, 3001):
        page.keyboard.press("Tab")
        if n % 10 == 0 and page.evaluate("window.__left"):
            break
    reached = page.evaluate("window.__reached")
    return {stop for stop, _ in reached}, [html for _, html in reached if html]
