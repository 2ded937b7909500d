"""Drawn figures on the course: limits by age, weights, days, treatments, and concentrations by two routes."""

import numpy as np
import pandas as pd

from utils.phrases import phrase
from utils.plots.drawing import INK, MET, NOT, OPEN, PALE, SOURCE, Drawing, hatch
from utils.units import show


def limits(rows, groups, axes, caption):
    """Published limits, one line each, with the value that is compared; what was made for another age is broken.

    Parameters
    ----------
    rows : pandas.DataFrame
        As `utils.chapters.bedside.age_limits`, with columns value, limit (in words) and said (where the value lies).
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
    return picture.shown(f"{caption} {'; '.join(told)}.", f"{caption} {phrase('plots.limits_key')}")


def day_strip(rows, last, caption):
    """A strip of days: what begins, what happens, what was measured, and what is not reported on any of them.

    Parameters
    ----------
    rows : pandas.DataFrame
        As from `utils.chapters.bedside.days`.
    last : int
        The last day of the page; what becomes of something after it is not told.
    caption : str
    """
    left, step, height = 345, 92, 26
    parts = list(dict.fromkeys(rows["part"]))
    picture = Drawing(left + step * last + 20, 40 + height * len(rows) + 30 * len(parts))
    bottom = picture.root.get("height")
    for day in range(1, last + 1):
        picture.text(left + step * (day - 0.5), 22, phrase("plots.day", day=day), "middle", font_weight="bold")
        picture.line(left + step * (day - 1), 32, left + step * (day - 1), float(bottom), "#dfe5ea", 1)
    y, told = 34, []
    for part in parts:
        heading = phrase(f"plots.{part.replace(' ', '_')}").upper()
        picture.text(10, y + 20, heading, font_size=11, font_weight="bold", fill=NOT)
        y += 28
        for row in rows[rows["part"] == part].itertuples():
            middle = y + height / 2
            picture.text(left - 12, middle + 4.5, row.label, "end", font_size=12)
            if pd.isna(row.first):
                picture.add("rect", x=left + 4, y=middle - 9, width=step * last - 8, height=18, fill="#f4efe3")
                said = phrase("plots.not_reported")
                picture.text(left + step * last / 2, middle + 4.5, f"?  {said}", "middle", font_size=12, fill=OPEN)
            else:
                at, end = left + step * (row.first - 0.5), left + step * (row.last - 0.5)
                said = phrase(f"plots.{'day_to' if row.last > row.first else 'day'}", day=row.first, last=row.last)
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
    return picture.shown(f"{caption} {'; '.join(told)}.", f"{caption} {phrase('plots.strip_key')} {SOURCE}")


CURSOR, DAY_SIZE = "#ffe9a8", 11  # the ground of the day that is marked; type of the day labels
WIDE = 22  # days drawn wide: most begins and ends lie there, and one course is at its end


def swimmer(courses, marks, last, caption, cursor=None):
    """Courses of treatment as bars over the days, uncertain starts and ends hatched, unstated ends fading out.

    Parameters
    ----------
    courses : list of utils.chapters.course.Course
        Drawn under a heading for each kind, in the order given.
    marks : list of (int, int, str, bool)
        Events above the bars: first and last day, words, and whether they are dated.
    last : int
        The last day.
    caption : str
    cursor : int, optional
        A day to mark.
    """
    left, zone, row = 300, 78, 31
    start, wide, narrow = left + zone, 23 if last > 10 else 92, 4  # few days have room for the words on their bars

    def edge(day):  # where a day begins
        return float(start + wide * (min(day, WIDE + 1) - 1) + narrow * max(day - WIDE - 1, 0)) if day else float(left)

    kinds = [k for k in ("drug", "support", "procedure") if any(c.kind == k for c in courses)]
    top = 30 + 19 * len(marks) + 34
    bottom = top + 24 * len(kinds) + row * len(courses)
    picture = Drawing(max(int(edge(last + 1)) + 46, 990), bottom + 74)
    picture.add("rect", x=left, y=top - 6, width=zone - 6, height=bottom - top + 8, fill=PALE)
    look = {"anchor": "middle", "font_size": 11, "fill": NOT}
    picture.lines(left + zone / 2 - 3, top - 42, phrase("plots.zone"), 10, 13, **look)
    if cursor:
        box = {"x": edge(cursor), "y": top - 30, "width": edge(cursor + 1) - edge(cursor), "height": bottom - top + 32}
        picture.add("rect", fill=CURSOR, stroke=OPEN, stroke_width=1, **box)
    for day in range(1, last + 1):
        if day <= WIDE or not day % 10 or day == last:
            weight = "bold" if day == cursor else "normal"
            middle = (edge(day) + edge(day + 1)) / 2
            picture.text(middle, top - 12, str(day), "middle", font_size=DAY_SIZE, font_weight=weight)
            picture.line(edge(day), top - 6, edge(day), bottom, "#e3e8ec", 1)
    told = _marks(picture, marks, edge, bottom, top)
    y = top
    for kind in kinds:
        y += 24
        picture.text(10, y - 6, phrase(f"plots.{kind}s"), font_weight="bold")
        picture.line(10, y - 1, picture.width - 10, y - 1, "#c9d2da", 1)
        for course in (c for c in courses if c.kind == kind):
            picture.text(left - 12, y + row / 2 + 6, course.label, "end", font_size=12.5)
            _course(picture, course, y + row / 2 + 4, edge)
            if course.amount:
                picture.text(edge(course.first) + 2, y + row / 2 - 5, course.amount, font_size=10.5, fill=INK)
            about = ", ".join(filter(None, (phrase(f"plots.{kind}"), course.amount)))
            told.append(f"{course.label} ({about}): {course.told}")
            y += row
    _key(picture, kinds, bottom + 22)
    drawn = "drawn_narrow" if last > WIDE else "drawn_wide"
    axis = phrase(f"plots.{drawn}", wide=min(last, WIDE), narrow=WIDE + 1, last=last)
    picture.text(10, bottom + 62, axis, font_size=12)
    return picture.shown(f"{caption} {'; '.join(told)}.", f"{caption} {SOURCE}")


def _marks(picture, marks, edge, bottom, top):
    """Events above the bars, one line each, with a thread down to the bars; what they say."""
    told = []
    for n, (a, b, words, dated) in enumerate(marks):
        y, x1, x2 = 30 + 19 * n, (edge(a) + edge(a + 1)) / 2, (edge(b) + edge(b + 1)) / 2
        if not dated:
            picture.line(x1, y - 4, x2, y - 4, OPEN, 1.5, stroke_dasharray="2 4")
            words, x2 = f"? {phrase('plots.event_not_dated', event=words)}", x1 - 12
            picture.add("rect", x=x1 - 3, y=y - 11, width=7.0 * len(words), height=14, fill="white")
        elif a == b:
            picture.line(x1, y + 2, x1, bottom, "#b4bec7", 1, stroke_dasharray="1 3")
            picture.add("path", d=f"M{x1 - 6:.1f},{y - 4} l6,-6 l6,6 l-6,6 z", fill=INK)
        else:
            hatch(picture, edge(a), edge(b + 1), y - 4, 5, INK)
            x2 = edge(b + 1)
        right = x2 + 12 + 7 * len(words) > picture.width
        picture.text(edge(a) - 6 if right else x2 + 12, y, words, "end" if right else "start", font_size=12)
        days = phrase("plots.days", first=a, last=b) if b > a else phrase("plots.day", day=a)
        told.append(f"{days}: {words.removeprefix('? ')}")
    return told


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
        hatch(picture, ends[0], a, y, half, colour)
    if course.sure:
        _solid(picture, course.kind, a, b, y, half, colour)
    if course.end_stated:
        if course.first and ends[1] > b:
            hatch(picture, b, ends[1], y, half, colour)
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
        picture.text(x + 33, y + 4.5, phrase("plots.for_certain", kind=phrase(f"plots.{kind}")), font_size=11.5)
        x += 172
    hatch(picture, x, x + 30, y, 6, NOT)
    picture.text(x + 37, y + 4.5, phrase("plots.begins_or_ends"), font_size=11.5)
    picture.line(x + 190, y, x + 220, y, NOT, 2.5, stroke_dasharray="7 5")
    picture.text(x + 225, y + 5, "?", font_size=14, font_weight="bold", fill=OPEN)
    picture.text(x + 238, y + 4.5, phrase("plots.end_not_stated"), font_size=11.5)


LINES = (("none", INK), ("9 5", MET), ("2 4", MET), ("10 4 2 4", NOT))
BAND = {"fill": "#9db8d2", "fill_opacity": 0.55, "stroke": NOT, "stroke_dasharray": "2 3"}
USUAL = phrase("plots.usual")


def course(hours, curves, splits, title, supposed, caption, between=None, usual=USUAL):
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
    usual : str
        What stands on the picture where nothing is supposed.
    """
    left, right, top, bottom = 58, 560, 74, 330
    highest = max([float(np.max(v)) for _, v in curves] + [0.1])
    step = next(s for s in (0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, 1e9) if highest / s <= 6)
    most = step * np.ceil(highest / step + 0.05)
    picture = Drawing(1000, 400)
    if supposed:
        look = {"font_size": 54, "font_weight": "bold", "fill": "#e9edf1"}
        picture.text((left + right) / 2, 217, phrase("plots.hypothetical"), "middle", **look)

    def x(h):
        return left + (right - left) * h / float(hours[-1])

    def y(level):
        return bottom - (bottom - top) * level / most

    def path(levels):
        return [f"{x(h):.1f},{y(v):.1f}" for h, v in zip(hours, levels, strict=True)]

    picture.text(10, 20, title, font_weight="bold")
    head = phrase("plots.supposed", supposed=supposed) if supposed else usual
    picture.text(10, 40, head, fill=OPEN)
    for level in np.arange(0, most + step / 2, step):
        picture.line(left, y(level), right, y(level), "#c9d2da", 1)
        picture.text(left - 8, y(level) + 4.5, show(float(level)), "end")
    for hour in range(0, round(hours[-1]) + 1, 6):
        picture.line(x(hour), bottom, x(hour), bottom + 5)
        picture.text(x(hour), bottom + 20, f"{hour}", "middle")
    picture.text((left + right) / 2, bottom + 40, phrase("plots.hours"), "middle")
    picture.text(left - 44, top - 14, "mg/L")
    told, at = [], top + 12
    if between:  # drawn first, so that the curves lie on it
        points = " ".join(path(between[1]) + path(between[2])[::-1])
        picture.add("polygon", points=points, stroke_width=1, **BAND)
    for (words, levels), (dash, colour) in zip(curves, LINES, strict=False):
        look = {"stroke": colour, "stroke_width": 2.4, "stroke_dasharray": dash}
        picture.add("polyline", points=" ".join(path(levels)), fill="none", **look)
        picture.line(right + 14, at - 4, right + 54, at - 4, colour, 2.4, stroke_dasharray=dash)
        picture.text(right + 60, at, words)
        told.append(phrase("plots.curve_told", curve=words, highest=np.max(levels), end=levels[-1]))
        at += 22
    if between:
        picture.add("rect", x=right + 14, y=float(at - 12), width=40, height=14, **BAND)
        picture.text(right + 60, at, between[0])
        low, high = (np.max(levels) for levels in between[1:])
        told.append(phrase("plots.band_told", band=between[0], low=low, high=high))
        at += 22
    at += 16
    for words, parts in splits:
        told.append(_shares(picture, right + 14, at, 410, words, parts))
        at += 68 + 20 * (len(parts) - 2)
    return picture.shown(f"{caption} {title}. {f'{head} ' if supposed else ''}{'; '.join(told)}.", caption)


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
        factor = {"factor": phrase(f"plots.{name}"), "times": row["times"], "share": 100 * row["share"]}
        said.append(phrase("plots.factor_share" if shared else "plots.factor", **factor))
        picture.text(left + 20, at, said[-1])
    if not shared:
        picture.text(left, top + 22, phrase("plots.nothing_to_share"), fill=OPEN)
    return f"{words} × {total:.2f}: {', '.join(said)}"


def areas(table, caption):
    """Exposure a day of several regimens, as bars.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns label and auc_24 (mg·h/L), and note, printed after the number. In pairs, the second of which is hatched.
    caption : str
    """
    left, row, foot = 230.0, 46, 46 * len(table) + 10.0
    most = 10 * np.ceil(table["auc_24"].max() / 10)
    step, told = 480 / most, []
    picture = Drawing(860, int(foot) + 50)
    for n, r in enumerate(table.itertuples()):
        y, end = row * n + 32.0, left + step * r.auc_24
        picture.text(left - 10, y + 5, r.label, "end")
        if n % 2:
            hatch(picture, left, end, y, 14, MET)
        else:
            picture.add("rect", x=left, y=y - 14, width=end - left, height=28, fill="#9dbfdd", stroke=INK)
        picture.text(end + 10, y + 5, f"{r.auc_24:.1f} {r.note}".strip())
        told.append(f"{r.label}: {r.auc_24:.1f} mg·h/L {r.note}".strip())
    picture.line(left, foot, left + step * most, foot)
    for value in np.arange(0, most + 1, 10):
        picture.text(left + step * value, foot + 18, show(value), "middle", font_size=12)
    picture.text(left + step * most / 2, foot + 38, phrase("plots.area"), "middle")
    return picture.shown(f"{caption} {'; '.join(told)}.", caption)
