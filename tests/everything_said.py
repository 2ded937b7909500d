"""All that code says, as JSON: each output of the notebooks, each widget, each refusal, each page of the kit.

Run as a process of its own, with ``MAS_CASEBOOK_PHRASES`` naming the catalogue to say it with.
"""

import ast
import json
import re
import sys
from functools import cache
from pathlib import Path

import ipywidgets as widgets
import nbformat
from bs4 import BeautifulSoup
from IPython.core.formatters import DisplayFormatter

ROOT = Path(__file__).resolve().parent.parent


@cache
def visible(page):
    """What is read or read aloud of HTML, a list of texts."""
    soup = BeautifulSoup(page, "html.parser")
    for silent in soup(["script", "style", "code", "pre"]):
        silent.decompose()
    read_aloud = [tag.get(name) for tag in soup(True) for name in ("alt", "title", "placeholder", "aria-label")]
    return [text.strip() for text in (*filter(None, read_aloud), *soup.stripped_strings)]


SENT = {"description", "placeholder", "tooltip", "value", "_options_labels", "item", "words", "shown"}


def of_widget(widget):
    """The texts of a widget and of all in it, as they are sent to the page."""
    for child in getattr(widget, "children", ()):
        yield from of_widget(child)
    yield from of_state([getattr(widget, name) for name in SENT & {*widget.keys}])


def of_state(state):
    if isinstance(state, str):
        yield from visible(state)
    for inner in state.values() if isinstance(state, dict) else state if isinstance(state, list | tuple) else ():
        yield from of_state(inner)


def of_result(result):
    """The texts of what a cell shows."""
    inside = of_widget(result) if isinstance(result, widgets.Widget) else ()
    return [*inside, *visible(DisplayFormatter().format(result)[0].get("text/html", ""))]


def results(path):
    """Run a notebook here: yields the id of each cell that ends with an expression, and its value."""
    names = {}
    for cell in nbformat.read(path, 4).cells:
        if cell.cell_type == "code":
            body = ast.parse(cell.source).body
            last = ast.Expression(body.pop().value) if body and isinstance(body[-1], ast.Expr) else None
            exec(compile(ast.Module(body, []), cell.id, "exec"), names)
            if last:
                yield cell.id, eval(compile(last, cell.id, "eval"), names)


def of_notebook(path):
    """The texts of every cell that shows something, with its id; then of what each explorer refuses."""
    explorers = []
    for cell, result in results(path):
        if result is not None:
            yield from ((cell, text) for text in of_result(result))
            explorers += [result] if hasattr(result, "get") and hasattr(result, "set") else []
    for explorer in explorers:
        state = explorer.get()
        names = ["no_such_control", "text", *map(str, state if isinstance(state, dict) else ())]
        for name, value in ((n, x) for n in names for x in (-1e9, "~")):
            try:
                yield from ((f"{path.stem}, refused", text) for text in of_result(explorer.set(**{name: value})))
            except TypeError:  # its controls are named in its signature
                continue


def main():
    found = [pair for path in sorted((ROOT / "notebooks").glob("*.ipynb")) for pair in of_notebook(path)]
    from classroom import kit
    from tests.decks import read_deck

    stored = tuple(kit.notebooks.title(n) for n in kit.notebooks.numbers())
    kit.slides.numbers = list  # the plans' slides are enough
    kit.notebooks.export = lambda number: ""  # the outputs as they are stored, and so are the figures
    for name, page in {**kit.everything(), **kit.plans.fronts({})}.items():
        if name.endswith(".html"):
            found += [(name, text) for text in visible(re.sub(r"(?s)<figure.*?</figure>", "", page))]
        elif name.endswith(".pptx"):
            own = [slide for slide in read_deck(page) if not slide.title.startswith(stored)]
            found += [(name, text) for slide in own for text in slide.words]
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
