"""Drawn figures on findings, rules and thresholds."""

import numpy as np
import pandas as pd

from utils.phrases import phrase, status_word
from utils.plots.drawing import INK, MET, NOT, OPEN, PALE, SOURCE, WORDS, Drawing, cell, cut_off, span, strokes
from utils.units import show

SIDES = ("plots.up_to", "plots.above")


def matrix(states, rows, columns, caption, words=WORDS, source=SOURCE):
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
    source : str
        What the picture was made from.
    """
    left, step, height, top = 40 + 7.6 * max(map(len, rows.values())), 120, 27, 44
    picture = Drawing(int(left + step * len(columns)), top + height * len(rows) + 34)
    for c, label in enumerate(columns.values()):
        picture.text(left + step * (c + 0.5), 28, label, "middle", font_weight="bold")
    told = []
    for r, (row, label) in enumerate(rows.items()):
        y = top + height * (r + 0.5)
        if r % 2 == 0:
            picture.add("rect", x=0, y=float(y - height / 2), width=picture.width, height=height, fill=PALE)
        picture.text(left - 12, y + 4.5, label, "end")
        for c, name in enumerate(columns):
            cell(picture, left + step * (c + 0.5), y, states.get((row, name)))
        said = [f"{h} {words[states[row, n]]}" for n, h in columns.items() if (row, n) in states]
        told.append(f"{label}: {', '.join(said) or phrase('plots.not_filled_in')}")
    y, x = top + height * len(rows) + 20, 20
    for state, word in words.items():
        cell(picture, x, y, state)
        picture.text(x + 18, y + 4.5, word)
        x += 60 + 8.5 * len(word)
    return picture.shown(f"{caption} {'; '.join(told)}.", f"{caption} {source}")


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
        picture.text(20, top + row * (place - 0.5) + 4.5, phrase("plots.place", place=place))
    picture.text(20, top + row * (last - 0.5) + 4.5, phrase("forms.not_ranked"), fill=NOT)
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
    told = []
    for label, places in table.iterrows():
        said = [
            phrase("plots.stage_not_ranked" if pd.isna(p) else "plots.stage_place", stage=s, place=p)
            for s, p in zip(stages, places, strict=True)
        ]
        told.append(f"{label}: {', '.join(said)}")
    return picture.shown(f"{caption} {'; '.join(told)}.", caption)


def rulers(rows, moments, caption, source=SOURCE):
    """Several rules on one child: what each could still say, as its distance to its own cut-off.

    Parameters
    ----------
    rows : list of tuple of Verdict
        One tuple a rule, one verdict a moment, in the order of `moments`.
    moments : tuple of str
    caption, source : str
    """
    left, right, row, top = 215, 640, 28 + 22 * len(moments), 56
    middle, half = (left + right) / 2, (right - left) / 2
    picture = Drawing(1000, top + row * len(rows) + 34)
    picture.add("rect", x=float(middle), y=top - 22, width=half, height=row * len(rows) + 26, fill="#dce9f5")
    picture.text(middle - 8, 24, phrase("plots.below_cut_off"), "end", fill=NOT, font_weight="bold")
    picture.text(middle + 8, 24, phrase("plots.at_cut_off"), fill=MET, font_weight="bold")
    told = []
    for r, verdicts in enumerate(rows):
        y, close = top + row * r, []
        picture.line(10, y - 14, 990, y - 14, "#c9d2da", 1)
        picture.text(10, y + 6, verdicts[0].short, font_weight="bold")
        picture.text(10, y + 24, phrase("plots.cut_off_at", cut=cut_off(verdicts[0])), font_size=12)
        for m, verdict in enumerate(verdicts):
            newest, at = m == len(verdicts) - 1, y + 2 + 22 * m
            look = {"fill": MET} if newest else {"fill": "white", "stroke_dasharray": "5 3"}
            _reach(picture, verdict, at, lambda x, v=verdict: middle + half * v.reach.place(x), look)
            said = f"{moments[m]}: {span(verdict)}, {status_word(verdict.status)}"
            weight = "bold" if newest else "normal"
            picture.text(right + 24, at + 4.5, said, font_size=12.5, font_weight=weight)
            near = verdict.items.loc[verdict.items["near"], "label"]
            close += [f"{label} ({moments[m]})" for label in near]
            told.append(f"{verdict.short}, {phrase('plots.cut_off_at', cut=cut_off(verdict))}, {said}")
        if close and len(moments) < 3:  # three lines leave no room for a fourth; a table says it then
            labels = ", ".join(close)
            picture.text(right + 24, y + 43, phrase("plots.near", labels=labels), font_size=11, fill=OPEN)
            told[-1] += f"; {phrase('plots.near_told', labels=labels)}"
    picture.line(middle, top - 22, middle, top + row * len(rows) + 4, INK, 2)
    ends = ((left, "lowest_possible", "start"), (middle, "cut_off", "middle"), (right, "highest_possible", "end"))
    for x, words, anchor in ends:
        picture.text(x, top + row * len(rows) + 22, phrase(f"plots.{words}"), anchor, font_size=12)
    older = phrase("plots.and").join(moments[:-1]) or phrase("plots.none")
    key = phrase("plots.filled", newest=moments[-1], older=older)
    return picture.shown(f"{caption} {'; '.join(told)}.", f"{caption} {key} {source}")


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
    return picture.shown(f"{caption} {phrase('plots.in_all', total=total, told=told)}", caption)


def trade(swept, chosen, node, caption):
    """How sensitivity and specificity trade as one threshold moves.

    Parameters
    ----------
    swept : pandas.DataFrame
        Columns threshold, sensitivity and specificity, as from `utils.chapters.cohort.sweep`.
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
    picture.text(
        (left + right) / 2, 190, phrase("plots.simulated"), "middle", font_size=64, font_weight="bold", fill="#eef1f4"
    )
    for share in (0, 0.25, 0.5, 0.75, 1):
        picture.line(left, y(share), right, y(share), "#c9d2da", 1)
        picture.text(left - 8, y(share) + 4.5, f"{100 * share:.0f} %", "end")
    rounds = [m * 10.0**e for e in range(-2, 6) for m in (1, 2, 5) if ends[0] <= np.log(m * 10.0**e) <= ends[1]]
    for value in rounds:
        picture.line(x(value), bottom, x(value), bottom + 5)
        picture.text(x(value), bottom + 20, show(value), "middle")
    axis = phrase("plots.threshold_of", item=", ".join(filter(None, (node["label"], node["unit"]))))
    picture.text((left + right) / 2, bottom + 44, axis, "middle")
    looks = {
        "sensitivity": (phrase("plots.with_met"), MET, "none"),
        "specificity": (phrase("plots.without_not_met"), OPEN, "7 4"),
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
        picture.text(x(value), height, phrase(f"plots.{words}", value=show(value)), "middle", font_weight="bold")
    at = [int((swept["threshold"] - value).abs().idxmin()) for value in (node["threshold"], chosen)]
    told = []
    for words, i in zip(("at_published", "nearest_to_yours"), at, strict=True):
        met, spared = (f"{100 * swept[c].iloc[i]:.0f} %" for c in looks)
        told.append(f"{phrase(f'plots.{words}')}: {phrase('plots.shares', met=met, spared=spared)}")
    return picture.shown(f"{caption} {'; '.join(told)}.", caption)


def verdict_map(x, y, status, labels, cuts, caption):
    """Where a verdict flips while two inputs are unknown.

    Parameters
    ----------
    x, y : array of float, shapes (m,) and (n,)
        Trial values of the two inputs.
    status : array of str, shape (n, m)
        Verdict at each pair; the same all over each of the four fields between the thresholds.
    labels, cuts : tuple of (str, float)
        Axis labels and the thresholds on each axis.
    caption : str
    """
    left, right, top, bottom = 78.0, 690.0, 14.0, 400.0

    def across(value):
        return float(left + (right - left) * (value - x[0]) / (x[-1] - x[0]))

    def up(value):
        return float(bottom - (bottom - top) * (value - y[0]) / (y[-1] - y[0]))

    picture, told = Drawing(710, 452), []
    for i, side in enumerate((x <= cuts[0], x > cuts[0])):
        for j, level in enumerate((y <= cuts[1], y > cuts[1])):
            [word] = set(status[np.ix_(level, side)].ravel())
            x1, x2 = (left, across(cuts[0])) if i == 0 else (across(cuts[0]), right)
            y1, y2 = (up(cuts[1]), bottom) if j == 0 else (top, up(cuts[1]))
            if word == "met":
                picture.add("rect", x=x1, y=y1, width=x2 - x1, height=y2 - y1, fill="#dce9f5")
                strokes(picture, x1, x2, y1, y2, 22, "#9db8d2")
            colour = {"met": MET, "not met": NOT}.get(word, OPEN)
            word = status_word(word)
            middle, height = (x1 + x2) / 2, (y1 + y2) / 2
            half = 6.5 * len(word) + 6
            picture.add("rect", x=middle - half, y=height - 14, width=2 * half, height=26, fill="white")
            picture.text(middle, height + 5, word.upper(), "middle", font_size=16, font_weight="bold", fill=colour)
            across_at, up_at = (
                phrase(SIDES[k], name=n, cut=show(c)) for n, k, c in zip(labels, (i, j), cuts, strict=True)
            )
            told.append(phrase("plots.field", across=across_at, up=up_at, verdict=word))
    picture.line(across(cuts[0]), top, across(cuts[0]), bottom)
    picture.line(left, up(cuts[1]), right, up(cuts[1]))
    picture.text(across(cuts[0]) + 5, top + 12, show(cuts[0]))
    picture.text(right - 3, up(cuts[1]) - 5, show(cuts[1]), "end")
    picture.line(left, bottom, right, bottom)
    picture.line(left, top, left, bottom)
    for value in np.linspace(x[0], x[-1], 6):
        picture.text(across(value), bottom + 20, show(value), "middle")
    for value in np.linspace(y[0], y[-1], 7):
        picture.text(left - 8, up(value) + 5, show(value), "end")
    picture.text((left + right) / 2, bottom + 42, labels[0], "middle")
    turned = {"transform": f"rotate(-90 20 {(top + bottom) / 2:.0f})"}
    picture.text(20, (top + bottom) / 2, labels[1], "middle", **turned)
    return picture.shown(f"{caption} {'; '.join(told)}.", f"{caption} {SOURCE}")
