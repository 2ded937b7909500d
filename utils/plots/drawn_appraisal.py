"""Drawn for the appraisal: a recovery, a score among its bands, dated guidance, claims weighed, one's calibration."""

from textwrap import wrap

import pandas as pd

from utils.phrases import phrase, status_word
from utils.plots.drawing import INK, MET, NOT, OPEN, PALE, SOURCE, Drawing, hatch
from utils.units import show


def recovery(marks, span, boxes, loose, caption):
    """Events of the recovery on a scale of days, and below it the follow-up as boxes whose widths mean nothing.

    `marks` are (first day, last day, what, when in words), days missing where not dated; `span` is the first and last
    day of the scale; `boxes` are (when, list of what) in order, and `loose` is one that came before the second of them.
    """
    left, right, row, (first, last) = 40, 620, 24, span
    bottom = 46 + row * len(marks)
    picture = Drawing(1000, bottom + 250)

    def x(day):
        return float(left + (right - left) * (day - first) / (last - first))

    for day in (first, 10, 16, 22, 30, 40, last):
        picture.text(x(day), 20, f"{day}", "middle", font_weight="bold", font_size=12)
        picture.line(x(day), 28, x(day), bottom - 12, "#dfe5ea", 1)
    picture.text(right + 24, 20, phrase("plots.day_of_report"), font_size=12)
    told = []
    for n, (low, high, words, when) in enumerate(marks):
        y, open_low, open_high = 46.0 + row * n, pd.isna(low), pd.isna(high)
        a, b = x(first if open_low else low), x(last if open_high else min(high, last))
        if not open_low and low == high:
            picture.add("path", d=f"M{a - 6:.1f},{y - 4} l6,-6 l6,6 l-6,6 z", fill=INK)
        elif open_low or open_high:
            picture.line(a, y - 4, b, y - 4, OPEN, 2, stroke_dasharray="2 5")
            if not open_low:
                picture.add("circle", cx=a, cy=y - 4, r=4, fill=OPEN)
        else:
            hatch(picture, a, b, y - 4, 5, INK)
        picture.text(right + 24, y, f"{'? ' * (open_low or open_high)}{words}", font_size=12)
        told.append(f"{when}: {words}")
    y = bottom + 14
    picture.text(10, y, phrase("plots.follow_up"), font_weight="bold")
    wide, gap, top = 222, 24, y + 16
    for n, (when, what) in enumerate(boxes):
        at = 10 + (wide + gap) * n
        _box(picture, at, top, wide, 98, when, what)
        if n:
            picture.line(at - gap + 3, top + 49, at - 4, top + 49, INK, 2)
            picture.add("path", d=f"M{at - 4:.1f},{top + 49} l-7,-4 l0,8 z", fill=INK)
        told.append(f"{when}: {', '.join(what)}")
    _box(picture, 10, top + 112, wide * 2 + gap, 62, loose[0], loose[1], "6 4", 62)
    side = 2 * (wide + gap) + 22
    picture.lines(side, top + 132, phrase("plots.broken_frame"), 62, font_size=12, fill=OPEN)
    told.append(phrase("plots.loose", when=loose[0], what=", ".join(loose[1])))
    return picture.shown(f"{caption} {'; '.join(told)}.", f"{caption} {phrase('plots.recovery_key')} {SOURCE}")


def _box(picture, x, y, wide, high, when, what, dash="none", letters=29):
    look = {"fill": PALE, "stroke": INK, "stroke_width": 1.5, "stroke_dasharray": dash}
    picture.add("rect", x=x, y=y, width=wide, height=high, rx=4, **look)
    at = picture.lines(x + 10, y + 19, when, letters, font_weight="bold", font_size=12)
    for words in what:
        at = picture.lines(x + 10, at + 1, words, letters + 2, font_size=12)


def scale(bands, spans, caption):
    """A score among its bands (lowest, highest, name), with spans of it (words, lowest, highest) as marks and bars."""
    left, step = 210, 42
    least = bands[0][0]

    def x(score):
        return float(left + step * (score - least + 0.5))

    picture = Drawing(1000, 92 + 30 * len(spans))
    for n, (low, high, name) in enumerate(bands):
        look = {"fill": PALE if n % 2 else "white", "stroke": "#b4bec7"}
        a, b = x(low) - step / 2, x(high) + step / 2
        picture.add("rect", x=a, y=10, width=b - a, height=58 + 30 * len(spans), **look)
        picture.text((a + b) / 2, 28, name, "middle", font_weight="bold")
        for score in range(int(low), int(high) + 1):
            picture.text(x(score), 50, show(score).replace("-", "\u2212"), "middle", font_size=12)
    told = []
    for n, (words, low, high) in enumerate(spans):
        y = 78.0 + 30 * n
        picture.text(left - 14, y + 4.5, words, "end")
        if low == high:
            picture.add("path", d=f"M{x(low) - 9:.1f},{y} l9,-9 l9,9 l-9,9 z", fill=MET)
        else:
            hatch(picture, x(low) - 12, x(high) + 12, y, 7, MET)
        reach = show(low) if low == high else phrase("plots.range", low=show(low), high=show(high))
        told.append(f"{words}: {reach}")
    names = (phrase("plots.band", name=name, low=show(low), high=show(high)) for low, high, name in bands)
    return picture.shown(f"{caption} {phrase('plots.bands', bands=', '.join(names))} {'; '.join(told)}.", caption)


def ribbon(rows, caption):
    """Documents along a line of years, in order: rows of date (year, or year and month), label, what it bears on."""
    years = sorted({int(date[:4]) for date, *_ in rows})
    left, step, row = 30, 205, 44
    picture = Drawing(1000, 60 + row * len(rows))

    def x(date):  # the middle of its month, or of its year
        return left + step * (int(date[:4]) - years[0] + (float(date[5:]) - 0.5 if date[5:] else 6) / 12)

    for year in range(years[0], years[-1] + 1):
        at = float(left + step * (year - years[0]))
        picture.line(at, 34, at, 56 + row * len(rows), "#dfe5ea", 1)
        picture.text(at + 6, 26, f"{year}", font_weight="bold")
    picture.line(20, 36, 990, 36, INK, 2)
    told = []
    for n, (date, label, bears) in enumerate(rows):
        at, y = float(x(date)), 66.0 + row * n
        exact = len(date) > 4
        if exact:
            picture.add("path", d=f"M{at - 7:.1f},{y - 4} l7,-7 l7,7 l-7,7 z", fill=MET if n else INK)
        else:
            hatch(picture, at - step / 2 + 2, at + step / 2 - 2, y - 4, 5, MET)
        end = at + (14 if exact else step / 2 + 8)
        right = end + 7.2 * max(len(label), len(bears)) > 990
        side, place = ("end", at - (14 if exact else step / 2 + 8)) if right else ("start", end)
        picture.text(place, y, label, side, font_weight="bold", font_size=12)
        picture.text(place, y + 16, bears, side, font_size=12)
        told.append(f"{date}: {label}")
    return picture.shown(f"{caption} {'; '.join(told)}.", f"{caption} {phrase('plots.ribbon_key')}")


def claims(rows, most, caption):
    """Claims and how far each may be trusted: rows of claim, squares (of `most`), the same in words, and a sentence."""
    row = 44
    picture = Drawing(1000, 44 + row * len(rows))
    for at, head in ((16, "claim"), (290, "confidence_from_case"), (530, "can_carry")):
        picture.text(at, 24, phrase(f"plots.{head}"), font_weight="bold")
    told = []
    for n, (claim, level, words, write) in enumerate(rows):
        y = 36.0 + row * n
        if n % 2 == 0:
            picture.add("rect", x=0, y=y, width=1000, height=row, fill=PALE)
        picture.lines(16, y + 26, claim, 34)
        for k in range(most):
            look = {"fill": MET if k < level else "white", "stroke": MET if level else NOT, "stroke_width": 1.5}
            picture.add("rect", x=290 + 22 * k, y=y + 14, width=16, height=16, **look)
        picture.text(290 + 22 * most + 8, y + 27, words, font_size=12)
        lines = wrap(write, 64)
        picture.lines(530, y + (26 if len(lines) == 1 else 18), write, 64, 16, font_size=12.5)
        told.append(f"{claim}: {words}; {write.rstrip('.')}")
    return picture.shown(f"{caption} {'; '.join(told)}.", f"{caption} {SOURCE}")


def calibration(rows, caption):
    """Rows of confidence, answered, and best supported among them: one bar each, filled as far as they were."""
    picture, told = Drawing(760, 30 + 46 * len(rows)), []
    for n, (confidence, answered, best) in enumerate(rows):
        y = 20.0 + 46 * n
        confidence = status_word(confidence)
        picture.text(120, y + 19, confidence, "end", font_weight="bold")
        if answered:
            picture.add("rect", x=134, y=y, width=400, height=28, fill="white", stroke=MET, stroke_width=1.5)
            picture.add("rect", x=134, y=y, width=400.0 * best / answered, height=28, fill=MET)
        words = phrase("plots.best_supported" if answered else "plots.no_answer", best=best, answered=answered)
        picture.text(548 if answered else 134, y + 19, words)
        told.append(phrase("plots.confidence", confidence=confidence, said=words))
    return picture.shown(f"{caption} {'; '.join(told)}.", caption)
