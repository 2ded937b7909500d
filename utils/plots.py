"""One function a figure. Each returns something a notebook shows, with an alternative text and direct labels.

What stands still is drawn with seaborn and matplotlib; what follows a control is drawn as SVG, which is ready in a
few milliseconds, stays sharp at any zoom and is the same on every machine.
"""

import io
import textwrap
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from utils.page import BANNER, figure
from utils.units import show

INK, MET, OPEN, NOT = "#1a1a1a", "#0b4f8a", "#8a5a00", "#5c5c5c"  # dark enough on white; words carry the meaning
SOURCE = "Derived from values in Meneghel et al. 2021 (CC BY 4.0); changes: units converted, redrawn."
SIDES = ("up to", "above")
LOOK = {
    "axes.grid": False,
    "axes.edgecolor": INK,
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "hatch.color": "#9db8d2",
    "hatch.linewidth": 0.8,
    "font.family": "DejaVu Sans",
}


def canvas(width, height):
    """An empty figure in the collection's style: (Figure, Axes), sizes in inches."""
    with (
        sns.axes_style("white", rc=LOOK),
        sns.plotting_context("notebook", font_scale=0.9),
        matplotlib.rc_context(LOOK),
    ):
        fig = Figure(figsize=(width, height), dpi=150, layout="constrained")
        FigureCanvasAgg(fig)
        return fig, fig.subplots()


def finish(fig, alt, caption):
    """The figure as something to show; its sentence `alt` is what a screen reader says and what is compared."""
    out = io.BytesIO()
    with matplotlib.rc_context(LOOK):
        fig.savefig(out, format="png", metadata={"Software": None}, facecolor="white")
    small = io.BytesIO()  # a few dozen colours are enough for a figure, and a third of the bytes
    Image.open(out).convert("RGB").quantize(128).save(small, "PNG", optimize=True)
    shown = figure(small.getvalue(), alt, f"{caption} {BANNER}", int(fig.get_figwidth() * 100))
    shown.figure = fig
    return shown


def journey(stops):
    """The map of the journey.

    Parameters
    ----------
    stops : pandas.DataFrame
        One row a notebook, with columns notebook, title, question, part and here (bool: is it in this copy).
    """
    fig, ax = canvas(9.2, 4.0)
    across = 5
    for i, stop in enumerate(stops.itertuples()):
        row, column = divmod(i, across)
        x, y = column, 1 - row
        ax.text(
            x,
            y,
            f"{stop.notebook}\n" + textwrap.fill(stop.title, 15),
            ha="center",
            va="center",
            fontsize=10.5,
            fontweight="bold",
            bbox={
                "boxstyle": "round,pad=0.55",
                "fc": "white",
                "ec": MET,
                "lw": 2 if stop.here else 1,
                "ls": "-" if stop.here else (0, (4, 3)),
            },
        )
        ax.text(x, y - 0.29, textwrap.fill(stop.question, 20), ha="center", va="top", fontsize=8.5)
        if column:
            ax.annotate("", (x - 0.39, y), (x - 0.61, y), arrowprops={"arrowstyle": "->", "color": INK})
    ax.plot([4.42, 4.47, 4.47, -0.55, -0.55], [1, 1, 0.4, 0.4, 0], color=INK, lw=1)
    ax.annotate("", (-0.4, 0), (-0.56, 0), arrowprops={"arrowstyle": "->", "color": INK})
    ax.set(xlim=(-0.62, 4.6), ylim=(-0.55, 1.3))
    ax.axis("off")
    listed = "; ".join(f"{s.notebook} {s.title}, {s.part}" for s in stops.itertuples())
    return finish(
        fig,
        f"Map of the journey, {len(stops)} stops in order: {listed}.",
        "The journey. A solid frame is in this copy of the collection; a broken frame is a later part.",
    )


def dumbbell(first, second, moments, ranges, caption):
    """Values at two moments as distances to their published cut-offs, on one axis; right of the line meets the item.

    Parameters
    ----------
    first, second : Verdict
        The same rule at the two moments; its numeric items are drawn.
    moments : tuple of str
        Names of the two moments.
    ranges : dict of str -> (float, float)
        Reference range of an item, in the unit in which its cut-off was published.
    caption : str
    """
    pairs = [
        (a, b)
        for a, b in zip(first.items.to_dict("records"), second.items.to_dict("records"), strict=True)
        if a["unit"]
    ]
    fig, ax = canvas(9, 0.85 * len(pairs) + 1.5)
    ax.axvspan(1, 200, color="#dce9f5", zorder=0)
    ax.axvline(1, color=INK, lw=1.5)
    told = []
    for y, (a, b) in zip(range(len(pairs), 0, -1), pairs, strict=True):

        def place(x, item=a):
            return float(x / item["threshold"] if item["comparator"].startswith(">") else item["threshold"] / x)

        if a["item"] in ranges:
            ax.plot(
                [place(x) for x in ranges[a["item"]]], [y - 0.27] * 2, color=NOT, lw=3, solid_capstyle="butt", zorder=2
            )
        spots = [None if row["value"] is None else place(row["value"]) for row in (a, b)]
        if None not in spots:
            ax.annotate(
                "",
                (spots[1], y),
                (spots[0], y),
                arrowprops={"arrowstyle": "->", "color": INK, "shrinkA": 6, "shrinkB": 6},
            )
        sides = (
            ("center", "center") if None in spots else ("right", "left") if spots[0] < spots[1] else ("left", "right")
        )
        for spot, row, moment, marker, fill, side in zip(
            spots, (a, b), moments, "os", ("white", MET), sides, strict=True
        ):
            text = _both_units(row)
            told.append(f"{a['label']} ({a['rule']}), {moment}: {text}, {row['status']}")
            if spot is None:
                ax.text(
                    0.135, y, f"?  {moment}: not reported", va="center", fontsize=9.5, color=OPEN, fontweight="bold"
                )
            else:
                sns.scatterplot(
                    x=[spot],
                    y=[y],
                    marker=marker,
                    s=80,
                    color=fill,
                    edgecolor=MET,
                    linewidth=2,
                    ax=ax,
                    zorder=3,
                    legend=False,
                )
                ax.text(spot, y + 0.17, text, ha=side, va="bottom", fontsize=9)
        ax.text(0.115, y, f"{a['label']}\n{a['rule']}", ha="right", va="center", fontsize=10)
    ax.set(xscale="log", xlim=(0.12, 9), ylim=(0.4, len(pairs) + 1.0), yticks=[])
    ax.set_xticks(
        [0.125, 0.25, 0.5, 1, 2, 4, 8], ["8-fold", "4-fold", "2-fold", "cut-off", "2-fold", "4-fold", "8-fold"]
    )
    ax.minorticks_off()
    ax.set_xlabel("distance to the published cut-off, on either side")
    ax.text(0.96, len(pairs) + 0.7, "does not meet the item", ha="right", fontsize=9.5, color=NOT, fontweight="bold")
    ax.text(1.04, len(pairs) + 0.7, "meets the item", ha="left", fontsize=9.5, color=MET, fontweight="bold")
    sns.despine(ax=ax, left=True)
    return finish(
        fig,
        f"{caption} {'; '.join(told)}.",
        f"{caption} Circle: {moments[0]}. Square: {moments[1]}. Grey bar: reference range. {SOURCE}",
    )


def _both_units(row):
    """A value as printed and, where the rule's unit differs, converted."""
    if row["value"] is None:
        return "not reported"
    same = row["as_given"].endswith(row["unit"]) or row["as_given"].split()[0] == show(row["value"])
    return row["as_given"] + ("" if same else f" = {show(row['value'])} {row['unit']}")


def verdict_map(x, y, status, labels, cuts, caption):
    """Where a verdict flips while two inputs are unknown.

    Parameters
    ----------
    x, y : array of float, shapes (m,) and (n,)
        Trial values of the two inputs.
    status : array of str, shape (n, m)
        Verdict at each pair.
    labels, cuts : tuple of (str, float)
        Axis labels and the thresholds on each axis.
    caption : str
    """
    fig, ax = canvas(7, 4.6)
    met = status == "met"
    ax.contourf(x, y, met.astype(float), levels=[-0.5, 0.5, 1.5], colors=["white", "#dce9f5"])
    ax.contourf(x, y, met.astype(float), levels=[0.5, 1.5], colors="none", hatches=["//"])
    ax.axvline(cuts[0], color=INK, lw=1.5)
    ax.axhline(cuts[1], color=INK, lw=1.5)
    told = []
    for i, across in enumerate(((x[0], cuts[0]), (cuts[0], x[-1]))):
        for j, up in enumerate(((y[0], cuts[1]), (cuts[1], y[-1]))):
            at, word = (
                (np.mean(across), np.mean(up)),
                str(status[np.searchsorted(y, np.mean(up)), np.searchsorted(x, np.mean(across))]),
            )
            ax.text(
                *at,
                word.upper(),
                ha="center",
                va="center",
                fontsize=13,
                fontweight="bold",
                color=MET if word == "met" else NOT,
                bbox={"fc": "white", "ec": "none", "pad": 3},
            )
            where = [f"{n} {w} {show(c)}" for n, w, c in zip(labels, (SIDES[i], SIDES[j]), cuts, strict=True)]
            told.append(f"{' with '.join(where)}: {word}")
    ax.text(cuts[0], y[-1], f" {show(cuts[0])}", ha="left", va="top", fontsize=10)
    ax.text(x[-1], cuts[1], f"{show(cuts[1])} ", ha="right", va="bottom", fontsize=10)
    ax.set(xlabel=labels[0], ylabel=labels[1], xlim=(x[0], x[-1]), ylim=(y[0], y[-1]))
    sns.despine(ax=ax)
    return finish(fig, f"{caption} {'; '.join(told)}.", f"{caption} {SOURCE}")


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

    def line(self, x1, y1, x2, y2, colour=INK, width=1.5, **look):
        self.add(
            "line", x1=float(x1), y1=float(y1), x2=float(x2), y2=float(y2), stroke=colour, stroke_width=width, **look
        )

    def shown(self, alt, caption):
        """The drawing as something to show; `alt` is what a screen reader says and what is compared."""
        return figure(ElementTree.tostring(self.root), alt, f"{caption} {BANNER}", self.width, "svg+xml")


WORDS = {
    "fits": "fits",
    "does_not_fit": "does not fit",
    "expected_but_absent": "expected but absent",
    "unknown": "unknown",
}
VERDICTS = {"met": "met", "not met": "not met", "undetermined": "undetermined", "": "not asked"}


def _cell(drawing, x, y, state):
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


def matrix(states, rows, columns, caption, words=WORDS):
    """A table of shapes: findings against hypotheses, or the items of rule sets against their verdicts.

    Parameters
    ----------
    states : dict of (str, str) -> str
        State by row and column; a cell that is missing stays empty.
    rows, columns : dict of str -> str
        Names and labels, in order.
    caption : str
    words : dict of str -> str
        The states there are, and how to say them.
    """
    left, step, height, top = 40 + 7.6 * max(map(len, rows.values())), 120, 27, 44
    picture = Drawing(int(left + step * len(columns)), top + height * len(rows) + 34)
    for c, label in enumerate(columns.values()):
        picture.text(left + step * (c + 0.5), 28, label, "middle", font_weight="bold")
    told = []
    for r, (row, label) in enumerate(rows.items()):
        y = top + height * (r + 0.5)
        if r % 2 == 0:
            picture.add("rect", x=0, y=float(y - height / 2), width=picture.width, height=height, fill="#f1f4f7")
        picture.text(left - 12, y + 4.5, label, "end")
        for c, name in enumerate(columns):
            _cell(picture, left + step * (c + 0.5), y, states.get((row, name)))
        said = [f"{h} {words[states[row, n]]}" for n, h in columns.items() if (row, n) in states]
        told.append(f"{label}: {', '.join(said) or 'not filled in'}")
    y, x = top + height * len(rows) + 20, 20
    for state, word in words.items():
        _cell(picture, x, y, state)
        picture.text(x + 18, y + 4.5, word)
        x += 60 + 8.5 * len(word)
    return picture.shown(f"{caption} {'; '.join(told)}.", f"{caption} {SOURCE}")


def ranks(table, caption):
    """How a ranked list moved: one line a hypothesis, one column a stage.

    Parameters
    ----------
    table : pandas.DataFrame
        Places (1 is the likeliest) by hypothesis and stage; missing where not ranked.
    caption : str
    """
    stages, last = list(table.columns), len(table) + 1
    left, step, row, top = 120, 230, 34, 50
    picture = Drawing(left + step * (len(stages) - 1) + 440, top + row * last + 10)
    for c, stage in enumerate(stages):
        picture.text(left + step * c, 24, stage, "middle", font_weight="bold")
    for place in range(1, last):
        picture.text(20, top + row * (place - 0.5) + 4.5, f"place {place}")
    picture.text(20, top + row * (last - 0.5) + 4.5, "not ranked", fill=NOT)
    taken = {}
    for n, (label, places) in enumerate(table.iterrows()):
        spots = [(left + step * c, top + row * (float(p) - 0.5)) for c, p in enumerate(places) if not pd.isna(p)]
        dash = ("none", "7 4", "2 3", "10 3 2 3", "1 5")[n % 5]
        for (x1, y1), (x2, y2) in zip(spots, spots[1:], strict=False):
            picture.line(x1, y1, x2, y2, MET, 2, stroke_dasharray=dash)
        for x, y in spots:
            picture.add("circle", cx=x, cy=y, r=6, fill="white", stroke=MET, stroke_width=2)
        if spots:
            taken[label] = spots[-1]
    for label, (x, y) in taken.items():
        picture.text(x + 14, y + 4.5, label)
    told = [
        f"{label}: "
        + ", ".join(f"{s} {'not ranked' if pd.isna(p) else f'place {p}'}" for s, p in zip(stages, places, strict=True))
        for label, places in table.iterrows()
    ]
    return picture.shown(f"{caption} {'; '.join(told)}.", caption)


def limits(rows, groups, axes, caption):
    """Published limits, one line each, with the value that is compared; what was made for another age is broken.

    Parameters
    ----------
    rows : pandas.DataFrame
        As `utils.physiology.age_limits`, with columns value, limit (in words) and said (where the value lies).
    groups : dict of str -> str
        Variable -> what its part of the picture is called, in order.
    axes : dict of str -> (float, float)
        Variable -> ends of its axis.
    caption : str
    """
    left, right, height, y = 300, 610, 25, 8
    picture = Drawing(930, height * (len(rows) + len(groups)) + 16 * len(groups) + 16)
    told = []
    for name, title in groups.items():
        part = rows[rows["variable"] == name]
        value, unit, (low, high) = part["value"].iloc[0], part["unit"].iloc[0], axes[name]

        def x(number, low=low, high=high):
            return float(left + (right - left) * np.clip((number - low) / (high - low), 0, 1))

        head = f"{title} {f'{value:.1f}'.removesuffix('.0')} {unit}"
        picture.text(10, y + 19, head, font_weight="bold")
        top = y + height
        for row in part.to_dict("records"):
            y += height
            middle, dash = y + height / 2, {} if row["applies"] else {"stroke_dasharray": "3 3"}
            colour = INK if row["applies"] else NOT
            picture.text(left - 12, middle + 4.5, row["label"], "end", font_size=12, fill=colour)
            picture.line(left, middle, right, middle, "#dfe5ea", 1)
            if row["kind"] == "range":
                look = {"fill": "#dce9f5" if row["applies"] else "none", "stroke": colour, **dash}
                ends = x(row["low"]), x(row["high"])
                picture.add("rect", x=ends[0], y=middle - 6, width=ends[1] - ends[0], height=12, **look)
            elif row["kind"] == "median":
                picture.add("circle", cx=x(row["low"]), cy=middle, r=5, fill="white", stroke=colour, stroke_width=2)
            else:
                picture.line(x(row["low"]), middle - 8, x(row["low"]), middle + 8, colour, 3, **dash)
            said = f"{row['limit']}: {row['said']}"
            weight = "bold" if row["applies"] else "normal"
            picture.text(right + 16, middle + 4.5, said, font_size=12, fill=colour, font_weight=weight)
            told.append(f"{head}, {row['label']}, {said}")
        picture.line(x(value), top - 4, x(value), y + height, MET, 2)
        tip = f"{x(value) - 6:.1f},{top - 12} {x(value) + 6:.1f},{top - 12} {x(value):.1f},{top - 3}"
        picture.add("polygon", points=tip, fill=MET)
        y += height + 16
    key = "Long line: the value. Bar: a lower limit. Box: a range. Circle: a median, no limit. Broken: for another age."
    return picture.shown(f"{caption} {'; '.join(told)}.", f"{caption} {key}")


def two_weights(readings, age, months, curves, caption):
    """Two readings of one gain of weight, each as a bar from the weight before to the weight after, on growth curves.

    Parameters
    ----------
    readings : pandas.DataFrame
        Two rows with columns reading, before, after (kg) and z (of the weight before, in words).
    age : float
        In months.
    months : array of float, shape (n,)
    curves : dict of int -> array of float, shape (n,)
        z-score -> weight at each age, kg.
    caption : str
    """
    left, right, top, bottom, low, high = 60, 440, 36, 340, 8, 26
    picture = Drawing(930, 395)

    def x(month):
        return float(left + (right - left) * (month - months[0]) / (months[-1] - months[0]))

    def y(weight):
        return float(bottom - (bottom - top) * (weight - low) / (high - low))

    for weight in range(low, high + 1, 2):
        picture.line(left, y(weight), right, y(weight), "#e8ecef", 1)
        picture.text(left - 8, y(weight) + 4.5, f"{weight}", "end", font_size=12)
    for month in months[::2]:
        picture.line(x(month), bottom, x(month), bottom + 5)
        picture.text(x(month), bottom + 20, f"{month:g}", "middle", font_size=12)
    picture.text((left + right) / 2, bottom + 42, "age, months", "middle")
    picture.text(8, 14, "weight, kg", font_size=12)
    for z, weights in curves.items():
        points = " ".join(f"{x(m):.1f},{y(w):.1f}" for m, w in zip(months, weights, strict=True))
        dash = "none" if z == 0 else "6 4" if abs(z) == 2 else "2 4"
        picture.add("polyline", points=points, fill="none", stroke=NOT, stroke_width=1.5, stroke_dasharray=dash)
        name = f"z {z:+d}".replace("-", "\u2212") if z else "median"
        picture.text(right + 8, y(weights[-1]) + 4.5, name, font_size=12, fill=NOT)
    looks = ({"fill": MET}, {"fill": "white", "stroke_dasharray": "4 3"})
    told = []
    for n, (row, look) in enumerate(zip(readings.itertuples(), looks, strict=True)):
        at, letter = x(age) + (-9, 9)[n], "AB"[n]
        edge = {"stroke": MET, "stroke_width": 2, **look}
        picture.add("rect", x=at - 6, y=y(row.after), width=12, height=y(row.before) - y(row.after), **edge)
        picture.text(at, y(row.after) - 7, letter, "middle", font_weight="bold")
        place = 90 + 110 * n
        picture.add("rect", x=530, y=place - 11, width=12, height=12, **edge)
        picture.text(550, place, f"{letter}  {row.reading}", font_weight="bold")
        picture.text(550, place + 22, f"{row.before:.1f} kg before, {row.after:.1f} kg after")
        picture.text(550, place + 44, f"z-score before: {row.z}")
        told.append(f"{letter}, {row.reading}: {row.before:.1f} kg before, {row.after:.1f} kg after, z before {row.z}")
    key = "Foot of a bar: the weight before. Top: the weight after. Lines: WHO weight for age, boys (whoanthro)."
    return picture.shown(f"{caption} At {show(age)} months. {'; '.join(told)}.", f"{caption} {key}")


def day_strip(rows, last, caption):
    """A strip of days: what begins, what happens, what was measured, and what is not reported on any of them.

    Parameters
    ----------
    rows : pandas.DataFrame
        As from `utils.physiology.days`.
    last : int
        The last day of the page; what becomes of something after it is not told.
    caption : str
    """
    left, step, height = 345, 92, 26
    parts = list(dict.fromkeys(rows["part"]))
    picture = Drawing(left + step * last + 20, 40 + height * len(rows) + 30 * len(parts))
    bottom = picture.root.get("height")
    for day in range(1, last + 1):
        picture.text(left + step * (day - 0.5), 22, f"day {day}", "middle", font_weight="bold")
        picture.line(left + step * (day - 1), 32, left + step * (day - 1), float(bottom), "#dfe5ea", 1)
    y, told = 34, []
    for part in parts:
        picture.text(10, y + 20, part.upper(), font_size=11, font_weight="bold", fill=NOT)
        y += 28
        for row in rows[rows["part"] == part].itertuples():
            middle = y + height / 2
            picture.text(left - 12, middle + 4.5, row.label, "end", font_size=12)
            said = "not reported"
            if pd.isna(row.first):
                picture.add("rect", x=left + 4, y=middle - 9, width=step * last - 8, height=18, fill="#f4efe3")
                picture.text(left + step * last / 2, middle + 4.5, "?  not reported", "middle", font_size=12, fill=OPEN)
            else:
                at, end = left + step * (row.first - 0.5), left + step * (row.last - 0.5)
                said = f"day {row.first:g}" + (f" to {row.last:g}" if row.last > row.first else "")
                if part == "begins":
                    picture.line(end, middle, left + step * last - 4, middle, MET, 2, stroke_dasharray="2 5")
                if row.last > row.first:
                    look = {"fill": "white", "stroke": MET, "stroke_width": 2, "stroke_dasharray": "4 3"}
                    picture.add("rect", x=at - 6, y=middle - 6, width=end - at + 12, height=12, **look)
                elif part == "measured":
                    picture.add("rect", x=at - 6, y=middle - 6, width=12, height=12, fill=MET)
                else:
                    picture.add("circle", cx=at, cy=middle, r=7, fill=MET)
                picture.text(at + 14, middle + 4.5, row.words, font_size=12)
            told.append(f"{row.label}{', ' * bool(row.words)}{row.words}: {said}")
            y += height
    key = "Dotted: from here on; when it ended is not told up to this day. Broken frame: some time within these days."
    return picture.shown(f"{caption} {'; '.join(told)}.", f"{caption} {key} {SOURCE}")


def rulers(rows, moments, caption):
    """Several rules on one child: what each could still say, as its distance to its own cut-off.

    Parameters
    ----------
    rows : list of tuple of Verdict
        One tuple a rule, one verdict a moment, in the order of `moments`.
    moments : tuple of str
    caption : str
    """
    left, right, row, top = 215, 640, 28 + 22 * len(moments), 56
    middle, half = (left + right) / 2, (right - left) / 2
    picture = Drawing(1000, top + row * len(rows) + 34)
    picture.add("rect", x=float(middle), y=top - 22, width=half, height=row * len(rows) + 26, fill="#dce9f5")
    picture.text(middle - 8, 24, "below the cut-off", "end", fill=NOT, font_weight="bold")
    picture.text(middle + 8, 24, "at the cut-off or above", fill=MET, font_weight="bold")
    told = []
    for r, verdicts in enumerate(rows):
        y, close = top + row * r, []
        picture.line(10, y - 14, 990, y - 14, "#c9d2da", 1)
        picture.text(10, y + 6, verdicts[0].short, font_weight="bold")
        picture.text(10, y + 24, f"cut-off {cut_off(verdicts[0])}", font_size=12)
        for m, verdict in enumerate(verdicts):
            newest, at = m == len(verdicts) - 1, y + 2 + 22 * m
            look = {"fill": MET} if newest else {"fill": "white", "stroke_dasharray": "5 3"}
            _reach(picture, verdict, at, lambda x, v=verdict: middle + half * v.reach.place(x), look)
            said = f"{moments[m]}: {span(verdict)}, {verdict.status}"
            weight = "bold" if newest else "normal"
            picture.text(right + 24, at + 4.5, said, font_size=12.5, font_weight=weight)
            near = verdict.items.loc[verdict.items["near"], "label"]
            close += [f"{label} ({moments[m]})" for label in near]
            told.append(f"{verdict.short}, cut-off {cut_off(verdict)}, {said}")
        if close:
            picture.text(right + 24, y + 43, f"◇ within 5 %: {', '.join(close)}", font_size=11, fill=OPEN)
            told[-1] += f"; within 5 % of a threshold: {', '.join(close)}"
    picture.line(middle, top - 22, middle, top + row * len(rows) + 4, INK, 2)
    for x, words, anchor in (
        (left, "lowest possible", "start"),
        (middle, "cut-off", "middle"),
        (right, "highest possible", "end"),
    ):
        picture.text(x, top + row * len(rows) + 22, words, anchor, font_size=12)
    return picture.shown(
        f"{caption} {'; '.join(told)}.", f"{caption} Filled: {moments[-1]}. Broken outline: {moments[0]}. {SOURCE}"
    )


def _reach(picture, verdict, y, place, look):
    """One bar of a ruler: from the lowest to the highest score that is still possible, or the two that are."""
    reach, edge = verdict.reach, {"stroke": MET, "stroke_width": 2, **look}
    few = verdict.possible if verdict.possible is not None and len(verdict.possible) == 2 else []
    a, b = place(reach.low), place(reach.high)
    for score in few:
        picture.add("rect", x=float(place(score) - 6), y=float(y - 6), width=12, height=12, **edge)
    if few:
        return picture.line(a + 8, y, b - 8, y, MET, 1.5, stroke_dasharray="2 4")
    picture.add("rect", x=float(a - 3), y=float(y - 6), width=float(b - a + 6), height=12, **edge)
    for end, side, at in ((reach.low, -1, a), (reach.high, 1, b)):
        if np.isinf(end):  # no end on this side
            base = at + 3 * side
            tip = f"{base:.1f},{y - 9:.1f} {base:.1f},{y + 9:.1f} {base + 11 * side:.1f},{y:.1f}"
            picture.add("polygon", points=tip, fill=MET)


def cut_off(verdict):
    """A ruler's cut-off in words, and whether it could not be confirmed."""
    reach = verdict.reach
    words = f"{show(reach.cut)} of {show(reach.most)}" if verdict.counts else show(reach.cut)
    return words if verdict.confirmed else f"{words} (unconfirmed)"


def span(verdict):
    """What a ruler can still say, in words: a number, two numbers, or a range."""
    if verdict.possible is not None and len(verdict.possible) < 3:
        return " or ".join(map(show, verdict.possible))
    low, high = verdict.reach.low, verdict.reach.high
    if low == high:
        return show(low)
    if np.isinf(low) and np.isinf(high):
        return "any value"
    if np.isinf(high):
        return f"{show(low)} or more"
    return f"up to {show(high)}" if np.isinf(low) else f"{show(low)} to {show(high)}"


def icons(counts, caption, columns=20):
    """A crowd as one shape a person.

    Parameters
    ----------
    counts : dict of str -> (int, str)
        Label -> how many, and the shape: ``circle`` has the disease, ``square`` has not; ``full`` meets the rule.
        As in ``{"with the disease, rule met": (18, "circle full")}``.
    caption : str
    columns : int
        Shapes in a row.
    """
    total, size = sum(n for n, _ in counts.values()), 26
    rows = -(-total // columns)
    picture = Drawing(columns * size + 420, max(rows * size + 20, 34 * len(counts) + 30))

    def person(x, y, look):
        fill = {"fill": MET if "circle" in look else NOT} if "full" in look else {"fill": "white"}
        edge = {"stroke": MET if "circle" in look else NOT, "stroke_width": 2.5}
        if "circle" in look:
            picture.add("circle", cx=float(x), cy=float(y), r=8.5, **fill, **edge)
        else:
            picture.add("rect", x=float(x - 7.5), y=float(y - 7.5), width=15, height=15, **fill, **edge)

    looks = [look for n, look in counts.values() for _ in range(n)]
    for n, look in enumerate(looks):
        person(size * (n % columns + 0.5) + 4, size * (n // columns + 0.5) + 8, look)
    for n, (label, (count, look)) in enumerate(counts.items()):
        person(columns * size + 32, 30 + 34 * n, look)
        picture.text(columns * size + 50, 34.5 + 34 * n, f"{count}  {label}")
    told = "; ".join(f"{n} {label}" for label, (n, _) in counts.items())
    return picture.shown(f"{caption} {total} in all: {told}.", caption)


WIDE = 22  # days drawn wide: most begins and ends lie there, and one course is at its end


def swimmer(courses, marks, last, caption, cursor=None, letters=None):
    """Courses of treatment as bars over the days, uncertain starts and ends hatched, unstated ends fading out.

    Parameters
    ----------
    courses : list of utils.ladder.Course
        Drawn under a heading for each kind, in the order given.
    marks : list of (int, int, str, bool)
        Events above the bars: first and last day, words, and whether they are dated.
    last : int
        The last day.
    caption : str
    cursor : int, optional
        A day to mark.
    letters : list of str, optional
        Names to write in place of the courses' own; then no amount is printed either.
    """
    left, zone, row = (50 if letters else 300), (0 if letters else 78), (24 if letters else 31)
    start, wide, narrow = left + zone, 23, 4

    def edge(day):  # where a day begins
        return float(start + wide * (min(day, WIDE + 1) - 1) + narrow * max(day - WIDE - 1, 0)) if day else float(left)

    kinds = [k for k in ("drug", "support", "procedure") if any(c.kind == k for c in courses)]
    top = 30 + 19 * len(marks) + 34
    bottom = top + 24 * len(kinds) + row * len(courses)
    picture = Drawing(max(int(edge(last + 1)) + 46, 990), bottom + 74)
    if zone:
        picture.add("rect", x=left, y=top - 6, width=zone - 6, height=bottom - top + 8, fill="#f1f4f7")
        for n, words in enumerate(("before", "admission:", "not dated")):
            picture.text(left + zone / 2 - 3, top - 42 + 13 * n, words, "middle", font_size=11, fill=NOT)
    if cursor:
        box = {"x": edge(cursor), "y": top - 30, "width": edge(cursor + 1) - edge(cursor), "height": bottom - top + 32}
        picture.add("rect", fill="#ffe9a8", stroke=OPEN, stroke_width=1, **box)
    for day in range(1, last + 1):
        if day <= WIDE or not day % 10 or day == last:
            weight = "bold" if day == cursor else "normal"
            middle = (edge(day) + edge(day + 1)) / 2
            picture.text(middle, top - 12, str(day), "middle", font_size=11, font_weight=weight)
            picture.line(edge(day), top - 6, edge(day), bottom, "#e3e8ec", 1)
    told = _marks(picture, marks, edge, bottom, top)
    y = top
    names = dict(zip(courses, letters or [c.label for c in courses], strict=True))
    for kind in kinds:
        y += 24
        picture.text(10, y - 6, f"{kind.capitalize()}s", font_weight="bold")
        picture.line(10, y - 1, picture.width - 10, y - 1, "#c9d2da", 1)
        for course in (c for c in courses if c.kind == kind):
            picture.text(left - 12, y + row / 2 + 6, names[course], "end", font_size=12.5)
            _course(picture, course, y + row / 2 + 4, edge)
            said = "" if letters else course.amount
            if said:
                picture.text(edge(course.first) + 2, y + row / 2 - 5, said, font_size=10.5, fill=INK)
            about = f"{kind}, {said}" if said else kind
            told.append(f"{names[course]} ({about}): {course.told}")
            y += row
    _key(picture, kinds, bottom + 22)
    axis = f"Days from admission (day 1). Days 1 to {min(last, WIDE)} are drawn wide"
    axis += f", days {WIDE + 1} to {last} narrow." if last > WIDE else "."
    picture.text(10, bottom + 62, axis, font_size=12)
    return picture.shown(f"{caption} {'; '.join(told)}.", f"{caption} {SOURCE}")


def _marks(picture, marks, edge, bottom, top):
    """Events above the bars, one line each, with a thread down to the bars; what they say."""
    told = []
    for n, (a, b, words, dated) in enumerate(marks):
        y, x1, x2 = 30 + 19 * n, (edge(a) + edge(a + 1)) / 2, (edge(b) + edge(b + 1)) / 2
        if not dated:
            picture.line(x1, y - 4, x2, y - 4, OPEN, 1.5, stroke_dasharray="2 4")
            words, x2 = f"? {words}: not dated", x1 - 12
            picture.add("rect", x=x1 - 3, y=y - 11, width=7.0 * len(words), height=14, fill="white")
        elif a == b:
            picture.line(x1, y + 2, x1, bottom, "#b4bec7", 1, stroke_dasharray="1 3")
            picture.add("path", d=f"M{x1 - 6:.1f},{y - 4} l6,-6 l6,6 l-6,6 z", fill=INK)
        else:
            _hatch(picture, edge(a), edge(b + 1), y - 4, 5, INK)
            x2 = edge(b + 1)
        right = x2 + 12 + 7 * len(words) > picture.width
        picture.text(edge(a) - 6 if right else x2 + 12, y, words, "end" if right else "start", font_size=12)
        days = f"day {a}" + f" to day {b}" * (b > a)
        told.append(f"{days}: {words.removeprefix('? ')}")
    return told


def _hatch(picture, x1, x2, y, half, colour):
    """A stretch in which something begins or ends, nobody knows when: an outline with slanting strokes."""
    picture.add("rect", x=x1, y=float(y - half), width=x2 - x1, height=2 * half, fill="white", stroke=colour)
    for x in np.arange(x1, x2 - 2 * half + 1, 5):
        picture.line(x, y + half, x + 2 * half, y - half, colour, 1)


def _course(picture, course, y, edge):
    """One bar: certain days solid, an uncertain start or end hatched, an unstated end as a fading broken line."""
    colour, half = (MET, 6) if course.kind == "drug" else (INK, 6)
    ends = [edge(course.first), edge(course.last + 1) if course.last else edge(1) - 6]
    a, b = (edge(course.sure[0]), edge(course.sure[1] + 1)) if course.sure else (ends[0], ends[0])
    if course.first == 0:  # nobody knows how long: the bar fills the time before admission
        b = edge(1) - 6
        box = {"x": a + 2, "y": float(y - half), "width": b - a - 4, "height": 2 * half}
        picture.add("rect", fill="white", stroke=colour, stroke_width=1.5, stroke_dasharray="4 3", **box)
    if course.sure and a > ends[0]:
        _hatch(picture, ends[0], a, y, half, colour)
    if course.sure:
        _solid(picture, course.kind, a, b, y, half, colour)
    if course.end_stated:
        if course.first and ends[1] > b:
            _hatch(picture, b, ends[1], y, half, colour)
        return
    third = (ends[1] - b) / 3
    for n, fading in enumerate((1, 0.65, 0.35) if third else ()):
        look = {"stroke_dasharray": "7 5", "stroke_opacity": fading}
        picture.line(b + third * n, y, b + third * (n + 1), y, colour, 2.5, **look)
    picture.text(ends[1] + 9, y + 5, "?", "middle", font_size=14, font_weight="bold", fill=OPEN)


def _solid(picture, kind, a, b, y, half, colour):
    """The certain days, in the shape of the kind: a full bar, a hollow bar with a line in it, or diamonds."""
    if kind == "procedure":
        middle = (a + b) / 2
        diamond = f"M{middle - 8:.1f},{y:.1f} l8,-8 l8,8 l-8,8 z"
        picture.add("path", d=diamond, fill="white", stroke=colour, stroke_width=2)
        return
    look = {"fill": colour} if kind == "drug" else {"fill": "white", "stroke": colour, "stroke_width": 2}
    picture.add("rect", x=a, y=float(y - half), width=b - a, height=2 * half, **look)
    if kind == "support":
        picture.line(a, y, b, y, colour, 2)


def _key(picture, kinds, y):
    """What the shapes mean."""
    x = 10.0
    for kind in kinds:
        _solid(picture, kind, x, x + 26, y, 6, MET if kind == "drug" else INK)
        picture.text(x + 33, y + 4.5, f"{kind}, for certain", font_size=11.5)
        x += 172
    _hatch(picture, x, x + 30, y, 6, NOT)
    picture.text(x + 37, y + 4.5, "begins or ends in here", font_size=11.5)
    picture.line(x + 190, y, x + 220, y, NOT, 2.5, stroke_dasharray="7 5")
    picture.text(x + 225, y + 5, "?", font_size=14, font_weight="bold", fill=OPEN)
    picture.text(x + 238, y + 4.5, "the end (or the days) not stated", font_size=11.5)


def trade(swept, chosen, node, caption):
    """How sensitivity and specificity trade as one threshold moves.

    Parameters
    ----------
    swept : pandas.DataFrame
        Columns threshold, sensitivity and specificity, as from `utils.cohort.sweep`.
    chosen : float
        The threshold to mark beside the published one.
    node : dict
        The item: label, unit and published threshold.
    caption : str
    """
    left, right, top, bottom = 70, 700, 40, 290
    ends = np.log([swept["threshold"].iloc[0], swept["threshold"].iloc[-1]])

    def x(value):
        return float(left + (right - left) * np.clip((np.log(value) - ends[0]) / (ends[1] - ends[0]), 0, 1))

    def y(share):
        return float(bottom - (bottom - top) * share)

    picture = Drawing(900, 345)
    picture.text((left + right) / 2, 190, "SIMULATED", "middle", font_size=64, font_weight="bold", fill="#eef1f4")
    for share in (0, 0.25, 0.5, 0.75, 1):
        picture.line(left, y(share), right, y(share), "#c9d2da", 1)
        picture.text(left - 8, y(share) + 4.5, f"{100 * share:.0f} %", "end")
    rounds = [m * 10.0**e for e in range(-2, 6) for m in (1, 2, 5) if ends[0] <= np.log(m * 10.0**e) <= ends[1]]
    for value in rounds:
        picture.line(x(value), bottom, x(value), bottom + 5)
        picture.text(x(value), bottom + 20, show(value), "middle")
    picture.text(
        (left + right) / 2,
        bottom + 44,
        f"threshold of {node['label']}{', ' * bool(node['unit'])}{node['unit']}",
        "middle",
    )
    looks = {
        "sensitivity": ("of those with MAS, met", MET, "none"),
        "specificity": ("of those without, not met", OPEN, "7 4"),
    }
    spots = [y(swept[column].iloc[-1]) for column in looks]
    spots = spots if abs(spots[0] - spots[1]) > 18 else [min(spots) - 10, min(spots) + 10]
    for (column, (words, colour, dash)), place in zip(looks.items(), spots, strict=True):
        points = " ".join(f"{x(t):.1f},{y(v):.1f}" for t, v in zip(swept["threshold"], swept[column], strict=True))
        picture.add("polyline", points=points, fill="none", stroke=colour, stroke_width=2.5, stroke_dasharray=dash)
        picture.text(right + 10, place + 4.5, words, fill=colour, font_weight="bold")
    marks = [(node["threshold"], "published", "3 3", 16), (chosen, "yours", "none", 32)]
    for value, words, dash, height in marks[: 1 + (chosen != node["threshold"])]:
        picture.line(x(value), top - 6, x(value), bottom, INK, 1.5, stroke_dasharray=dash)
        picture.text(x(value), height, f"{words} {show(value)}", "middle", font_weight="bold")
    at = [int((swept["threshold"] - value).abs().idxmin()) for value in (node["threshold"], chosen)]
    told = []
    for words, i in zip(("at the published threshold", "nearest to yours"), at, strict=True):
        met, spared = (f"{100 * swept[c].iloc[i]:.0f} %" for c in looks)
        told.append(f"{words}: {met} of those with MAS met, {spared} of those without not met")
    return picture.shown(f"{caption} {'; '.join(told)}.", caption)


def spread(children, names, cuts, caption):
    """Where simulated children of two groups lie, one panel a variable, with the published threshold.

    Parameters
    ----------
    children : pandas.DataFrame
        As from `utils.cohort.simulate`.
    names : dict of str -> str
        Variable -> axis label with its unit.
    cuts : dict of str -> float
        Published thresholds in the canonical unit.
    caption : str
    """
    with sns.axes_style("white", rc=LOOK), matplotlib.rc_context(LOOK):
        fig = Figure(figsize=(9, 3.0), dpi=150, layout="constrained")
        FigureCanvasAgg(fig)
        axes = fig.subplots(1, len(names))
    told = []
    for ax, (name, label) in zip(np.atleast_1d(axes), names.items(), strict=True):
        medians = children.groupby("mas")[name].median()
        for group, colour, style, words in ((False, NOT, "--", "active JIA"), (True, MET, "-", "MAS")):
            values, lower = children.loc[children["mas"] == group, name], medians[group] == medians.min()
            sns.kdeplot(
                x=values, ax=ax, log_scale=True, color=colour, ls=style, lw=2, fill=group, alpha=0.35 if group else 0.9
            )
            ax.text(
                (min if lower else max)(medians[group], cuts[name]) * (0.8 if lower else 1.25),  # clear of the line
                1.0,
                words,
                transform=ax.get_xaxis_transform(),
                ha="right" if lower else "left",
                va="top",
                color=colour,
                fontweight="bold",
                fontsize=9,
            )
            told.append(f"{label}, {words}: median {show(float(f'{medians[group]:.3g}'))}")
        ax.text(
            0.5,
            0.45,
            "SIMULATED",
            transform=ax.transAxes,
            ha="center",
            fontsize=22,
            color=NOT,
            alpha=0.2,
            fontweight="bold",
        )
        ax.axvline(cuts[name], color=INK, lw=1.5, ls=":")
        ax.set(xlabel=label, ylabel="", yticks=[], ylim=(0, 1.12 * ax.get_ylim()[1]))
        ax.set_title(f"threshold {show(cuts[name])}", fontsize=9)
        sns.despine(ax=ax, left=True)
    return finish(fig, f"{caption} {'; '.join(told)}.", caption)


def score_curves(curves, published, marked, caption):
    """Curves of open code from a score to a probability, against the published points.

    Parameters
    ----------
    curves : pandas.DataFrame
        As ``hscore_curves.csv``: curve, label, score, percent, and intercept and slope of a logistic one.
    published : pandas.DataFrame
        Columns score and percent.
    marked : float
        The score at which the curves are read.
    caption : str
    """
    fig, ax = canvas(8.6, 4.4)
    scores, told = np.linspace(curves["score"].min(), curves["score"].max(), 161), []
    for (letter, rows), dash in zip(curves.groupby("curve"), ("--", "-.", ":"), strict=True):
        first = rows.iloc[0]
        percent = np.interp(scores, rows["score"], rows["percent"])
        if not np.isnan(first["slope"]):
            percent = 100 / (1 + np.exp(-(first["intercept"] + first["slope"] * scores)))
        sns.lineplot(x=scores, y=percent, ax=ax, color=NOT, ls=dash, lw=2, legend=False)
        here = rows.loc[rows["score"] == marked, "percent"].iloc[0]
        ax.plot(marked, here, "D", color=OPEN, ms=7, zorder=4)
        highest = (
            here == curves.loc[curves["score"] == marked, "percent"].max()
        )  # its label stands above, the others below
        place = {"xytext": (-12, 6), "ha": "right"} if highest else {"xytext": (14, -14), "ha": "left"}
        look = {"textcoords": "offset points", "fontsize": 10, "color": OPEN, "fontweight": "bold"}
        ax.annotate(f"{letter}: {here:g} % at {marked:g}", (marked, here), **place, **look)
        told.append(
            f"curve {letter} ({first['label']}) gives "
            + ", ".join(f"{p:g} % at {s:g}" for s, p in zip(rows["score"], rows["percent"], strict=True))
        )
    sns.scatterplot(data=published, x="score", y="percent", ax=ax, color=MET, s=55, zorder=3, legend=False)
    ax.text(201, 97, "published points", color=MET, fontweight="bold", fontsize=10, ha="right", va="center")
    ax.axvline(marked, color=INK, lw=1, ls=":")
    ax.set(xlabel="HScore, points", ylabel="probability, %", xlim=(85, 256), ylim=(-2, 103))
    sns.despine(ax=ax)
    points = ", ".join(f"{p:g} % at {s:g}" for s, p in zip(published["score"], published["percent"], strict=True))
    return finish(fig, f"{caption} {'; '.join(told)}; published points: {points}.", caption)


def areas(table, caption):
    """Exposure a day of several regimens, as bars.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns label and auc_24 (mg·h/L), and note, printed after the number.
    caption : str
    """
    fig, ax = canvas(8.6, 0.62 * len(table) + 0.9)
    sns.barplot(x=table["auc_24"], y=table["label"], ax=ax, color="#9dbfdd", edgecolor=INK, linewidth=1, width=0.62)
    for bar, row in zip(ax.patches, table.itertuples(), strict=True):
        bar.set_hatch("//" if "vein" in row.label else "")
        y = bar.get_y() + bar.get_height() / 2
        ax.text(row.auc_24 + 0.6, y, f"{row.auc_24:.1f}  {row.note}", va="center", fontsize=10)
    ax.set(xlabel="area under the curve in 24 hours, mg·h/L", ylabel="", xlim=(0, 1.3 * table["auc_24"].max()))
    ax.tick_params(axis="y", length=0)
    sns.despine(ax=ax, left=True)
    told = "; ".join(f"{r.label}: {r.auc_24:.1f} mg·h/L {r.note}".strip() for r in table.itertuples())
    return finish(fig, f"{caption} {told}.", caption)


def bands(panels, caption):
    """Curves with what lies between the lowest and the highest twentieth of children, one panel a reading.

    Parameters
    ----------
    panels : dict of str -> list of (str, array, array)
        Panel title -> curves: words, hours of shape (m,), and levels of shape (3, m): 5th, 50th and 95th centile, mg/L.
    caption : str
    """
    with sns.axes_style("white", rc=LOOK), matplotlib.rc_context(LOOK):
        fig = Figure(figsize=(9.4, 3.9), dpi=150, layout="constrained")
        FigureCanvasAgg(fig)
        axes = fig.subplots(1, len(panels), sharey=True)
    told, top = [], max(high.max() for curves in panels.values() for _, _, (_, _, high) in curves)
    for ax, (title, curves) in zip(axes, panels.items(), strict=True):
        for n, (words, hours, (low, middle, high)) in enumerate(curves):
            colour, dash, hatch = ((INK, "-", ""), (MET, "--", "//"))[n]
            ax.fill_between(hours, low, high, color=colour, alpha=0.16, lw=0, hatch=hatch)
            sns.lineplot(x=hours, y=middle, ax=ax, color=colour, ls=dash, lw=2.2, errorbar=None)
            look = {"color": colour, "fontsize": 9.5, "fontweight": "bold", "va": "bottom"}
            place = (9.5, high[np.searchsorted(hours, 12.1)] + 0.1) if n == 0 else (6.7, 0.93 * top)
            ax.text(*place, words, **look, bbox={"fc": "white", "ec": "none", "pad": 1.0, "alpha": 0.8})
            told.append(f"{title}, {words}: highest {middle.max():.2f} mg/L in the middle child, to {high.max():.2f}")
        ax.set_title(title, fontsize=10.5, fontweight="bold")
        ax.set(xlabel="hours of one day, at steady state", xticks=range(0, 25, 6), xlim=(0, 24), ylim=(0, 1.05 * top))
        sns.despine(ax=ax)
    axes[0].set_ylabel("concentration, mg/L")
    return finish(fig, f"{caption} {'; '.join(told)}.", caption)


def factors(table, caption):
    """What multiplies an exposure, as bars from 1 on a logarithmic axis.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns label, times (the factor) and ground: what it stands on (printed, measured elsewhere, hypothetical).
    caption : str
    """
    fig, ax = canvas(9, 0.5 * len(table) + 1.1)
    hatches = {"hypothetical": "//", "printed": "", "measured in adults": "..", "two readings": "xx"}
    for y, row in zip(range(len(table), 0, -1), table.itertuples(), strict=True):
        fill = MET if row.ground == "printed" else "#dce9f5"
        ax.barh(y, row.times - 1, left=1, height=0.55, fc=fill, ec=MET, hatch=hatches[row.ground])
        ax.text(max(row.times, 1) * 1.04, y, f"× {row.times:.2f}", va="center", fontsize=10)
        ax.text(0.68, y, f"{row.label}\n({row.ground})", va="center", ha="right", fontsize=9.5, linespacing=1.05)
    ax.axvline(1, color=INK, lw=1.5)
    ax.set(xscale="log", xlim=(0.7, 6.5), ylim=(0.4, len(table) + 0.6), yticks=[], xlabel="exposure, as a multiple")
    ax.set_xticks([1, 2, 4], ["the same", "double", "four times"])
    ax.minorticks_off()
    sns.despine(ax=ax, left=True)
    told = "; ".join(f"{r.label} ({r.ground}): times {r.times:.2f}" for r in table.itertuples())
    return finish(fig, f"{caption} {told}.", caption)


def ratios(table, caption):
    """The model against what others observed: model divided by observation, on a logarithmic axis.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns label, published and flip_flop (ratios), and confirmed (bool).
    caption : str
    """
    fig, ax = canvas(9, 0.42 * len(table) + 1.2)
    ax.axvspan(0.8, 1.25, color="#dce9f5", zorder=0)
    ax.axvline(1, color=INK, lw=1.5)
    told, heights = [], np.arange(len(table), 0, -1)
    look = {"ax": ax, "s": 70, "edgecolor": MET, "linewidth": 2, "legend": False, "zorder": 3}
    sns.scatterplot(x=table["published"], y=heights, marker="o", color="white", **look)
    sns.scatterplot(x=table["flip_flop"], y=heights, marker="D", color=MET, **{**look, "s": 34, "zorder": 4})
    for y, r in zip(heights, table.itertuples(), strict=True):
        words = f"{r.label}{'' if r.confirmed else ' (unconfirmed)'}"
        ax.text(0.055, y, words, va="center", ha="right", fontsize=9.5)
        apart = abs(np.log(r.published / r.flip_flop)) > 1e-6
        said = f"{r.published:.2f}" + (f" and {r.flip_flop:.2f}" if apart else "")
        ax.text(4.4, y, said, va="center", fontsize=9.5)
        told.append(f"{words}: {said}")
    ax.set(xscale="log", xlim=(0.06, 4), ylim=(0.3, len(table) + 0.7), yticks=[])
    ax.set_xticks([0.1, 0.25, 0.5, 1, 2, 4], ["a tenth", "a quarter", "half", "equal", "double", "four times"])
    ax.minorticks_off()
    ax.set_xlabel("model divided by observation")
    sns.despine(ax=ax, left=True)
    marks = "Circle: as published. Diamond: flip-flop twin, in the circle where both agree. Shaded: within a quarter."
    return finish(fig, f"{caption} Model divided by observation. {'; '.join(told)}.", f"{caption} {marks}")


DASHES = ("none", "9 5", "2 4", "10 4 2 4")


def course(hours, curves, splits, title, supposed, caption, between=None):
    """Concentration over time by two routes, and beside it where a rise in exposure comes from.

    Parameters
    ----------
    hours : array, shape (m,)
    curves : list of (str, array of shape (m,))
        Words and levels, mg/L; each gets a line style of its own.
    splits : list of (str, pandas.DataFrame)
        Words, and a table as from `utils.pk.split_gain`.
    title, caption : str
    supposed : str
        What differs from the usual, in words; empty where nothing does. It puts HYPOTHETICAL on the picture.
    between : (str, array, array), optional
        Words, and two levels of shape (m,) with a hatched band between them.
    """
    left, right, top, bottom = 58, 560, 74, 330
    highest = max([float(np.max(v)) for _, v in curves] + [0.1])
    step = next(s for s in (0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, 1e9) if highest / s <= 6)
    most = step * np.ceil(highest / step + 0.05)
    picture = Drawing(1000, 400)
    if supposed:
        picture.text(
            (left + right) / 2, 217, "HYPOTHETICAL", "middle", font_size=54, font_weight="bold", fill="#e9edf1"
        )

    def x(h):
        return left + (right - left) * h / float(hours[-1])

    def y(level):
        return bottom - (bottom - top) * level / most

    def path(levels):
        return [f"{x(h):.1f},{y(v):.1f}" for h, v in zip(hours, levels, strict=True)]

    picture.text(10, 20, title, font_weight="bold")
    picture.text(
        10, 40, f"HYPOTHETICAL: {supposed}." if supposed else "Absorption as usual, healthy kidneys.", fill=OPEN
    )
    for level in np.arange(0, most + step / 2, step):
        picture.line(left, y(level), right, y(level), "#c9d2da", 1)
        picture.text(left - 8, y(level) + 4.5, show(float(level)), "end")
    for hour in range(0, round(hours[-1]) + 1, 6):
        picture.line(x(hour), bottom, x(hour), bottom + 5)
        picture.text(x(hour), bottom + 20, f"{hour}", "middle")
    picture.text((left + right) / 2, bottom + 40, "hours", "middle")
    picture.text(left - 44, top - 14, "mg/L")
    if between:
        words, low, high = between
        points = " ".join(path(low) + path(high)[::-1])
        picture.add(
            "polygon",
            points=points,
            fill="#9db8d2",
            fill_opacity=0.55,
            stroke=NOT,
            stroke_width=1,
            stroke_dasharray="2 3",
        )
    told = []
    for (words, levels), dash, colour in zip(curves, DASHES, (INK, MET, MET, NOT), strict=False):
        picture.add(
            "polyline",
            points=" ".join(path(levels)),
            fill="none",
            stroke=colour,
            stroke_width=2.4,
            stroke_dasharray=dash,
        )
        told.append(f"{words}: highest {np.max(levels):.2f}, at the end {levels[-1]:.2f} mg/L")
    keys = [(w, d, c) for (w, _), d, c in zip(curves, DASHES, (INK, MET, MET, NOT), strict=False)]
    for n, (words, dash, colour) in enumerate(keys):
        at = top + 12 + 22 * n
        picture.line(right + 14, at - 4, right + 54, at - 4, colour, 2.4, stroke_dasharray=dash)
        picture.text(right + 60, at, words)
    if between:
        at = top + 12 + 22 * len(keys)
        picture.add(
            "rect",
            x=right + 14,
            y=float(at - 12),
            width=40,
            height=14,
            fill="#9db8d2",
            fill_opacity=0.55,
            stroke=NOT,
            stroke_dasharray="2 3",
        )
        picture.text(right + 60, at, between[0])
        told.append(f"band, {between[0]}: highest from {np.max(between[1]):.2f} to {np.max(between[2]):.2f} mg/L")
    at = top + 12 + 22 * (len(keys) + bool(between)) + 16
    for words, parts in splits:
        told.append(_shares(picture, right + 14, at, 410, words, parts))
        at += 68 + 20 * (len(parts) - 2)
    return picture.shown(
        f"{caption} {title}. {'HYPOTHETICAL: ' + supposed + '. ' if supposed else ''}{'; '.join(told)}.", caption
    )


def _shares(picture, left, top, width, words, parts):
    """One bar of what a rise is made of, with a line for each part; returns the same in words."""
    total = parts.at["total", "times"]
    picture.text(left, top, f"{words}: × {total:.2f}", font_weight="bold")
    looks = {"dose": {"fill": MET}, "route": {"fill": "white"}, "kidney": {"fill": "#b9b9b9"}}
    shared, start, said = not parts["share"].isna().any(), float(left), []
    for n, (name, row) in enumerate(parts.drop("total").iterrows()):
        edge = {"stroke": MET, "stroke_width": 1.5, "stroke_dasharray": "4 2" if name == "route" else "none"}
        if shared:
            long = width * float(row["share"])
            picture.add("rect", x=start, y=float(top + 8), width=max(long, 0.5), height=16, **looks[name], **edge)
            start += long
        at = top + 42 + 20 * n
        picture.add("rect", x=left, y=float(at - 11), width=12, height=12, **looks[name], **edge)
        share = f", {100 * row['share']:.0f} % of the rise" if shared else ""
        said.append(f"{name} × {row['times']:.2f}{share}")
        picture.text(left + 20, at, said[-1])
    if not shared:
        picture.text(left, top + 22, "opposite directions, or no rise: nothing to share out", fill=OPEN)
    return f"{words} × {total:.2f}: {', '.join(said)}"
