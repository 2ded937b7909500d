"""One function a figure. Each returns something a notebook shows, with an alternative text and direct labels."""

import base64
import io
import textwrap

import matplotlib
import numpy as np
import seaborn as sns
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

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
    shown = figure(base64.b64encode(out.getvalue()).decode(), alt, f"{caption} {BANNER}", int(fig.get_figwidth() * 100))
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
