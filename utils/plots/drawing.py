"""What every drawn figure is made of: colours, words, and an SVG drawing of a few shapes.

Drawn figures follow a control: they are ready in a few milliseconds, stay sharp at any zoom and are the same on every
machine. No plotting library is loaded for them.
"""

from textwrap import wrap
from xml.etree import ElementTree

import numpy as np

from utils.page import BANNER, figure
from utils.phrases import phrase, status_word
from utils.units import show

INK, MET, OPEN, NOT = "#1a1a1a", "#0b4f8a", "#8a5a00", "#5c5c5c"  # dark enough on white; words carry the meaning
PALE = "#f1f4f7"  # behind every second row
SOURCE = phrase("plots.source")
WORDS = {state: phrase(f"plots.{state}") for state in ("fits", "does_not_fit", "expected_but_absent")}
WORDS["unknown"] = status_word("unknown")
VERDICTS = {v: status_word(v) for v in ("met", "not met", "undetermined")} | {"": phrase("plots.not_asked")}


class Drawing:
    """A picture of a few shapes and words. Places are in pixels, from the upper left corner."""

    def __init__(self, width, height):
        size = {"width": f"{width}", "height": f"{height}", "viewBox": f"0 0 {width} {height}"}
        font = {"font-family": "DejaVu Sans, Verdana, sans-serif", "font-size": "13", "fill": INK}
        self.width, self.root = (
            width,
            ElementTree.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", **size, **font}),
        )
        self.add("rect", width=width, height=height, fill="white")

    def add(self, shape, words=None, **look):
        """One SVG element; numbers are rounded to a tenth of a pixel, and ``_`` in a name stands for ``-``."""
        text = {k.replace("_", "-"): f"{v:.1f}" if isinstance(v, float) else str(v) for k, v in look.items()}
        ElementTree.SubElement(self.root, shape, text).text = words

    def text(self, x, y, words, anchor="start", **look):
        self.add("text", words, x=float(x), y=float(y), text_anchor=anchor, **look)

    def lines(self, x, y, words, wide, step=15, **look):
        """Words broken into lines of so many characters; returns the height below the last line."""
        broken = wrap(words, wide)
        for n, line in enumerate(broken):
            self.text(x, y + step * n, line, **look)
        return y + step * len(broken)

    def line(self, x1, y1, x2, y2, colour=INK, width=1.5, **look):
        self.add(
            "line", x1=float(x1), y1=float(y1), x2=float(x2), y2=float(y2), stroke=colour, stroke_width=width, **look
        )

    def shown(self, alt, caption):
        """The drawing as something to show; `alt` is what a screen reader says and what is compared.

        What it is for travels with the picture when it is saved out of the page.
        """
        self.add("metadata", BANNER)
        return figure(ElementTree.tostring(self.root), alt, caption, self.width, "svg+xml")


def cell(drawing, x, y, state):
    """One state as a shape of its own; nothing where a cell of the board is not filled in."""
    if state in ("fits", "met"):
        drawing.add("circle", cx=float(x), cy=float(y), r=8, fill=MET)
    elif state in ("does_not_fit", "not met"):
        for slope in (-1, 1):
            drawing.line(x - 7, y - 7 * slope, x + 7, y + 7 * slope, NOT, 3)
    elif state == "expected_but_absent":
        look = {"fill": "none", "stroke": INK, "stroke_width": 2, "stroke_dasharray": "4 2.5"}
        drawing.add("circle", cx=float(x), cy=float(y), r=8, **look)
        drawing.line(x - 11, y + 9, x + 11, y - 9, INK, 2)
    elif state in ("unknown", "undetermined"):
        drawing.text(x, y + 6, "?", "middle", font_size=18, font_weight="bold", fill=OPEN)
    elif state == "":
        drawing.text(x, y + 5, "–", "middle", fill=NOT)


def hatch(picture, x1, x2, y, half, colour):
    """A stretch in which something begins or ends, nobody knows when: an outline with slanting strokes."""
    look = {"fill": "white", "stroke": colour}
    picture.add("rect", x=float(x1), y=float(y - half), width=float(x2 - x1), height=2 * half, **look)
    strokes(picture, x1, x2, y - half, y + half, 5, colour)


def strokes(picture, x1, x2, y1, y2, step, colour):
    """Slanting strokes all over a field, cut at its edges."""
    for at in np.arange(x1 + y1 + step, x2 + y2, step):  # along x + y = at
        a, b = max(x1, at - y2), min(x2, at - y1)
        picture.line(a, at - a, b, at - b, colour, 1)


def cut_off(verdict):
    """A ruler's cut-off in words, and whether it could not be confirmed."""
    reach = verdict.reach
    words = phrase("plots.of", part=show(reach.cut), whole=show(reach.most)) if verdict.counts else show(reach.cut)
    return words if verdict.confirmed else phrase("plots.unconfirmed", what=words)


def span(verdict):
    """What a ruler can still say, in words: a number, two numbers, or a range."""
    if verdict.possible is not None and len(verdict.possible) < 3:
        return phrase("plots.or").join(map(show, verdict.possible))
    low, high = verdict.reach.low, verdict.reach.high
    if low == high:
        return show(low)
    if np.isinf(low) and np.isinf(high):
        return phrase("plots.any_value")
    kind = "or_more" if np.isinf(high) else "at_most" if np.isinf(low) else "range"
    return phrase(f"plots.{kind}", low=show(low), high=show(high))
