"""A page's side of an explorer: it moves controls as a page does, keeps what is sent, and reads what is shown."""

import asyncio
import base64
import re
from html import unescape

from utils import explore
from utils.case import load_case
from utils.chapters import appraisal, bedside, board, cohort, course, route
from utils.explore import REACH

CASE = load_case()
REGIONAL, ADMISSION, PICU = map(CASE.as_of, ("regional_hospital", "admission", "picu"))


def supposed():
    bench = explore.what_if("mas_2016", REGIONAL, platelets=(0, 500, 250), fibrinogen=(0, 600, 400))
    bench.set(platelets="250 ×10⁹/L", fibrinogen="400 mg/dL")
    return bench


MAKE = {  # every explorer
    "unit_bench": explore.unit_bench,
    "what_if": supposed,
    "ruler_bench": lambda: explore.ruler_bench(ADMISSION, ["mas_2016", "hlh_2004"], beside=REGIONAL),
    "chance": cohort.chance,
    "thresholds": cohort.threshold_explorer,
    "ladder": lambda: course.ladder(CASE),
    "credit": lambda: course.credit(CASE),
    "age_limits": lambda: bedside.age_limit_bench(PICU),
    "route": route.route_bench,
    "look_up": lambda: explore.look_up(ADMISSION, "F09"),
    "replay": lambda: board.replay("01"),
    "register": lambda: appraisal.register(CASE),
}


def everything(widget):
    """A widget and all that stand in it."""
    return [widget, *(found for child in getattr(widget, "children", ()) for found in everything(child))]


def named(explorer, name):
    """The control whose name on the page begins with these words."""
    return next(w for w in everything(explorer) if getattr(w, "description", "").startswith(name))


def rows(explorer, kind):
    """The rows whose field is of that kind: (the field, the slider or nothing, the room for a refusal)."""
    found = [w.children for w in everything(explorer) if isinstance(getattr(w, "children", (0,))[0], kind)]
    return [(row[0], *row[1:-1], row[-1]) for row in found]


class Page:
    def __init__(self, explorer):
        self.result, self.ready, self.loop = explorer.children[-1], [], asyncio.new_event_loop()
        self.result.send = lambda content, buffers=None: self.ready.append(content)
        self.models = {f"IPY_MODEL_{w.model_id}": w for w in everything(explorer)}

    def do(self, act):
        """Something that a page does, after which the kernel has a while with nothing else to do."""

        async def go():
            act()
            for _ in range(8 * REACH):
                await asyncio.sleep(0)

        self.loop.run_until_complete(go())

    def approach(self, name):
        """Somebody comes to a control."""
        message = {"data": {"method": "custom", "content": {"near": name}}}
        self.do(lambda: self.result.comm.handle_msg({"content": message, "buffers": []}))

    def move(self, name, at):
        """Somebody moves a control by a step."""
        model, trait, _ = self.result.movers[name]
        self.do(lambda: self.models[model].set_state({trait: at}))


def clean(shown):
    """Whether the reader is spared what only a programmer would understand: in words, on the page, in a picture."""
    pictures = [base64.b64decode(data).decode() for data in re.findall(r"svg\+xml;base64,([^\"]+)", shown.html)]
    text = " ".join([re.sub(r"base64,[^\"]+", "", shown.html), shown.text, *pictures])
    return not re.search(r"\b(nan|None|NaT|Traceback|inf)\b|<NA>|&lt;NA&gt;|Quantity\(|<script", text)


def rows_of(shown, last=False):
    """Rows of all tables, heads included, or of the last without: lists of cells, without the signs before words."""
    html = re.sub(r'<span aria-hidden="true".*?</span> ', "", shown.html)
    found = re.findall(r"<tr>(.*?)</tr>", html.rpartition("<tbody>")[2] if last else html)
    return [[unescape(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)] for row in found]


def by_first(shown):
    """The same rows: dict of first cell -> other cells."""
    return {first: rest for first, *rest in rows_of(shown)}


def cells(shown, columns):
    """The first cells of each row of the last table in what is shown."""
    return [tuple(row[:columns]) for row in rows_of(shown, last=True)]
