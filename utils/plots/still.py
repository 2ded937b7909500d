"""Figures that stand still, drawn with seaborn and matplotlib; these are loaded when one is first asked for."""

import io

import matplotlib
import numpy as np
import seaborn as sns
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from utils.page import BANNER, figure
from utils.phrases import phrase, status_word
from utils.plots.drawing import INK, MET, NOT, OPEN, SOURCE
from utils.units import show

DPI = 130  # sharp on most screens; a kernel's memory grows with its square
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
        fig = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
        FigureCanvasAgg(fig)
        return fig, fig.subplots()


def side_by_side(n, width, height, **share):
    """An empty figure of `n` panels in a row: (Figure, array of Axes), sizes in inches."""
    with sns.axes_style("white", rc=LOOK), matplotlib.rc_context(LOOK):
        fig = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
        FigureCanvasAgg(fig)
        return fig, np.atleast_1d(fig.subplots(1, n, **share))


def finish(fig, alt, caption):
    """The figure as something to show; its sentence `alt` is what a screen reader says and what is compared."""
    with matplotlib.rc_context(LOOK):
        fig.canvas.draw()
    height, width, _ = np.shape(fig.canvas.buffer_rgba())
    pixels = Image.frombuffer("RGBA", (width, height), fig.canvas.buffer_rgba(), "raw", "RGBA", 0, 1).convert("RGB")
    FigureCanvasAgg(fig)  # lets go of the large picture
    small, told = io.BytesIO(), PngInfo()
    told.add_text("Description", BANNER)  # it travels with the picture when that is saved out of the page
    pixels.quantize(128).save(small, "PNG", optimize=True, pnginfo=told)  # colours enough, and a third of the bytes
    shown = figure(small.getvalue(), alt, caption, int(fig.get_figwidth() * 100))
    shown.figure = fig
    return shown


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
            told.append(f"{a['label']} ({a['rule']}), {moment}: {text}, {status_word(row['status'])}")
            if spot is None:
                ax.text(0.135, y, f"?  {moment}: {text}", va="center", fontsize=9.5, color=OPEN, fontweight="bold")
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
    folds = [phrase("plots.fold", n=n) for n in (2, 4, 8)]
    ax.set_xticks([0.125, 0.25, 0.5, 1, 2, 4, 8], [*folds[::-1], phrase("plots.cut_off"), *folds])
    ax.minorticks_off()
    ax.set_xlabel(phrase("plots.distance"))
    look = {"fontsize": 9.5, "fontweight": "bold"}
    ax.text(0.96, len(pairs) + 0.7, phrase("plots.does_not_meet"), ha="right", color=NOT, **look)
    ax.text(1.04, len(pairs) + 0.7, phrase("plots.meets"), ha="left", color=MET, **look)
    sns.despine(ax=ax, left=True)
    key = phrase("plots.dumbbell_key", first=moments[0], second=moments[1])
    return finish(fig, f"{caption} {'; '.join(told)}.", f"{caption} {key} {SOURCE}")


def _both_units(row):
    """A value as printed and, where the rule's unit differs, converted."""
    if row["value"] is None:
        return row["as_given"]
    same = row["as_given"].endswith(row["unit"]) or row["as_given"].split()[0] == show(row["value"])
    return row["as_given"] + ("" if same else f" = {show(row['value'])} {row['unit']}")


def spread(children, names, cuts, caption):
    """Where simulated children of two groups lie, one panel a variable, with the published threshold.

    Parameters
    ----------
    children : pandas.DataFrame
        As from `utils.chapters.cohort.simulate`.
    names : dict of str -> str
        Variable -> axis label with its unit.
    cuts : dict of str -> float
        Published thresholds in the canonical unit.
    caption : str
    """
    fig, axes = side_by_side(len(names), 9, 3.0)
    told = []
    for ax, (name, label) in zip(axes, names.items(), strict=True):
        medians = children.groupby("mas")[name].median()
        for group, colour, style, words in ((False, NOT, "--", "active_jia"), (True, MET, "-", "mas")):
            words = phrase(f"plots.{words}")
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
            value = show(float(f"{medians[group]:.3g}"))
            told.append(phrase("plots.median_told", label=label, group=words, value=value))
        ax.text(
            0.5,
            0.45,
            phrase("plots.simulated"),
            transform=ax.transAxes,
            ha="center",
            fontsize=22,
            color=NOT,
            alpha=0.2,
            fontweight="bold",
        )
        ax.axvline(cuts[name], color=INK, lw=1.5, ls=":")
        ax.set(xlabel=label, ylabel="", yticks=[], ylim=(0, 1.12 * ax.get_ylim()[1]))
        ax.set_title(phrase("plots.threshold", value=show(cuts[name])), fontsize=9)
        sns.despine(ax=ax, left=True)
    return finish(fig, f"{caption} {'; '.join(told)}.", caption)


def ratios(table, caption, close):
    """The model against what others observed: model divided by observation, on a logarithmic axis.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns label, published and flip_flop (ratios), and confirmed (bool).
    caption : str
    close : float
        Within this factor of 1, either way, is shaded.
    """
    fig, ax = canvas(9, 0.42 * len(table) + 1.2)
    ax.axvspan(1 / close, close, color="#dce9f5", zorder=0)
    ax.axvline(1, color=INK, lw=1.5)
    told, heights = [], np.arange(len(table), 0, -1)
    look = {"ax": ax, "s": 70, "edgecolor": MET, "linewidth": 2, "legend": False, "zorder": 3}
    sns.scatterplot(x=table["published"], y=heights, marker="o", color="white", **look)
    sns.scatterplot(x=table["flip_flop"], y=heights, marker="D", color=MET, **{**look, "s": 34, "zorder": 4})
    for y, r in zip(heights, table.itertuples(), strict=True):
        words = r.label if r.confirmed else phrase("plots.unconfirmed", what=r.label)
        ax.text(0.055, y, words, va="center", ha="right", fontsize=9.5)
        apart = abs(np.log(r.published / r.flip_flop)) > 1e-6
        twin = phrase("plots.published_and_twin", published=r.published, twin=r.flip_flop)
        said = twin if apart else f"{r.published:.2f}"
        ax.text(4.4, y, said, va="center", fontsize=9.5)
        told.append(f"{words}: {said}")
    ax.set(xscale="log", xlim=(0.06, 4), ylim=(0.3, len(table) + 0.7), yticks=[])
    ticks = ("a_tenth", "a_quarter", "half", "equal", "double", "four_times")
    ax.set_xticks([0.1, 0.25, 0.5, 1, 2, 4], [phrase(f"plots.{x}") for x in ticks])
    ax.minorticks_off()
    ax.set_xlabel(phrase("plots.divided"))
    sns.despine(ax=ax, left=True)
    alt = f"{caption} {phrase('plots.divided_told')} {'; '.join(told)}."
    return finish(fig, alt, f"{caption} {phrase('plots.ratios_key')}")
