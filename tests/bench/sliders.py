"""From a key on a control to the new picture on screen, in a real browser, beside the plain way in the same run."""

import tempfile
from collections import namedtuple
from contextlib import ExitStack
from pathlib import Path

import nbformat
import numpy as np

from tests.browser.session import browse, find_chromium, open_notebook, run_all, serve
from tests.refresh_notebooks import METADATA

CHANGES = 40
SETTLED = 250  # milliseconds without a further change, after which the picture counts as final

# Its notebook, the words for the table, how to find it, the keys that go to and fro, a box to tick before it moves.
Control = namedtuple("Control", "notebook words place keys first", defaults=(("ArrowRight", "ArrowLeft"), ""))
ENDS = ("Home", "End")  # too far apart for the next result to lie ready, so that the kernel is waited for
DOWN, LIST = ("ArrowLeft", "ArrowRight"), ("ArrowDown", "ArrowUp")
# The handle of the slider in the row whose field bears that name, and a list.
handle = ".widget-hbox:has(label:text-is('{}')) .noUi-handle".format
listed = ".widget-dropdown:has(label:text-is('{}')) select".format
CONTROLS = (
    Control("00_start_here", "A value and its units", listed("Laboratory test"), LIST),
    Control("03_flare_sepsis_or_mas", "What if it had been known", handle("platelets, ×10⁹/L"),
            first="label:has-text('platelets: suppose it is known') input"),
    Control("04_five_rulers", "A hundred people counted", handle("Of 100, have the disease")),
    Control("04_five_rulers", "Ruler bench", listed("haemophagocytosis"), LIST),
    Control("12_behind_the_rulers", "A threshold moved", handle("Your threshold")),
    Control("06_ladder", "The ladder by day", handle("Day")),
    Control("05_second_day", "Limits by age", handle("systolic pressure, mmHg")),
    Control("07_why_the_vein", "Two routes", handle("clearance, of the usual"), DOWN),
    Control("07_why_the_vein", "Two routes, from end to end", handle("clearance, of the usual"), ENDS),
    Control("13_the_report_itself", "The register", listed("open entry"), LIST),
)  # fmt: skip

# For each key, the time until the last change of the explorer's result is painted: pictures decoded, two frames.
WATCH = """(control) => {
  const box = control.closest('.casebook-explorer, .jp-OutputArea-output');
  const result = box.querySelector('.casebook-result') ?? box;
  const w = window.__watch = { at: null, painted: [], box };
  control.addEventListener('keydown', (e) => { w.at = e.timeStamp; }, true);
  new MutationObserver(() => {
    const at = w.at;
    if (at === null) return;
    const images = [...box.querySelectorAll('img')];
    Promise.all(images.map((i) => i.decode().catch(() => 0))).then(() =>
      requestAnimationFrame(() => requestAnimationFrame(() => w.painted.push([at, performance.now() - at]))));
  }).observe(result, { childList: true, subtree: true, attributes: true, attributeFilter: ['src'] });
}"""
# What is shown now: the explorer's result, or, of the plain way, its picture.
SHOWN = """() => { const { box } = window.__watch; const result = box.querySelector('.casebook-result');
  return result ? result.innerHTML : [...box.querySelectorAll('img')].map((i) => i.src).join(); }"""
NEW = "(before) => { const now = (" + SHOWN + ")(); return now && now !== before; }"
LAST = """() => { const w = window.__watch; const mine = w.painted.filter(([at]) => at === w.at);
  return mine.length ? Math.max(...mine.map((m) => m[1])) : null; }"""

# Two curves, the split of the rise and a table, as in the explorer of two routes, made anew in an Output widget.
PEER = """import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
import ipywidgets as widgets
from IPython.display import display
from utils.pk import concentration, exposure, parameters, split_gain

hours = np.linspace(0, 24, 193)

def draw(absorbed):
    courses, rows = [], []
    for way, route, every in (("subcutaneous", "sc", 24.0), ("IV", "iv", 6.0)):
        p = parameters(16.7, "published", absorbed)
        levels = concentration(hours, p, 33.4, every, route, doses=None)
        courses.append(pd.DataFrame({"hours": hours, "mg/L": levels, "route": way}))
        rows.append({"route": way, **exposure(p, 33.4, every, route)})
    gain = split_gain(parameters(16.7, bioavailability=absorbed), 33.4, (24.0, 6.0))
    fig, (above, below) = plt.subplots(2, 1, figsize=(7.6, 5), height_ratios=(4, 1), layout="constrained")
    sns.lineplot(pd.concat(courses), x="hours", y="mg/L", hue="route", ax=above)
    sns.barplot(x=gain["share"][:2], y=gain.index[:2], ax=below)
    plt.show()
    display(pd.DataFrame(rows))

widgets.interact(draw, absorbed=(0.1, 1, 0.05));"""


def moved(page, place, keys):
    """Milliseconds from each key to the picture it makes, shape (CHANGES,)."""
    control = page.locator(place).first
    control.scroll_into_view_if_needed(timeout=30_000)
    control.focus()
    control.evaluate(WATCH)
    times, stride = [], 1 if keys is ENDS or "select" in place else 3  # a list, and a ladder, may be short
    for n in range(CHANGES + 2):
        before = page.evaluate(SHOWN)
        page.keyboard.press(keys[n // stride % 2])
        page.wait_for_function(NEW, arg=before, timeout=10_000)  # a key that changes nothing is a fault
        page.wait_for_timeout(SETTLED)
        times.append(page.evaluate(LAST))
    return np.array(times[2:])  # the first two warm up what is loaded at first use


def measure():
    """A dict of words -> milliseconds, shape (CHANGES,); the plain way stands under "plain"."""
    found, now = {}, None
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        address = stack.enter_context(serve(home))
        peer = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(PEER)], metadata=METADATA)
        nbformat.write(peer, home / "notebooks" / "peer.ipynb")
        context = stack.enter_context(browse(find_chromium(), home / "profile"))
        for c in (Control("peer", "plain", ".noUi-handle"), *CONTROLS):
            if now != c.notebook:
                page = open_notebook(context.pages[0], address, f"{c.notebook}.ipynb")
                run_all(page)
                now = c.notebook
            if c.first:
                page.locator(c.first).first.check()
                page.wait_for_timeout(500)
            found[c.words] = moved(page, c.place, c.keys)
    return found
