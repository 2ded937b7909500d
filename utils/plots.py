"""One function a figure: matplotlib and seaborn draw what is measured; what is a table with marks is an HTML table.

Each returns something a notebook shows, with a short alternative text and, in words, all that the picture says. The two
libraries are loaded when a picture is first asked for. Where a picture follows a control, its docstring says how long
it takes to make (median of 30 in one process, two cores with a load of 4).
"""

import io
import threading
from functools import wraps
from textwrap import shorten, wrap

import numpy as np
import pandas as pd

from utils.page import BANNER, Mark, figure, table, tabled
from utils.phrases import phrase, status_word
from utils.units import show

INK, MET, OPEN, NOT = "#1a1a1a", "#0b4f8a", "#8a5a00", "#5c5c5c"  # dark enough on white; words carry the meaning
BAND, GRID, SHADE = "#dce9f5", "#dfe5ea", "#9db8d2"
SOURCE = phrase("plots.source")
WORDS = {state: phrase(f"plots.{state}") for state in ("fits", "does_not_fit", "expected_but_absent")}
WORDS["unknown"] = status_word("unknown")
USUAL = phrase("plots.usual")
VERDICTS = {v: status_word(v) for v in ("met", "not met", "undetermined")} | {"": phrase("plots.not_asked")}
SIGNS = {"fits": "●", "met": "●", "does_not_fit": "✕", "not met": "✕", "expected_but_absent": "⊘", "": "–"}
FULL, HOLLOW, HATCHED, POINT = "■", "□", "▨", "◆"
PER_INCH, ROW, ALT = 108, 0.22, 200  # CSS pixels; inches; the most letters of an alternative text
LOOK = {
    **dict.fromkeys(("font.size", "axes.labelsize", "axes.titlesize", "xtick.labelsize", "ytick.labelsize"), 9),
    **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK),
    **dict.fromkeys(("axes.spines.top", "axes.spines.right", "axes.grid", "text.parse_math"), False),
    **{"font.family": "sans-serif", "font.sans-serif": ["DejaVu Sans", "Verdana", "sans-serif"]},
    **{"svg.fonttype": "none", "svg.hashsalt": "casebook"},  # words stay words, and one picture has the same bytes
}
BOLD = {"weight": "bold"}
FAINT = {"ha": "center", "color": "#dde2e7", "zorder": 0, **BOLD}  # across a picture
DASHES = ("-", (0, (5, 3)), (0, (1, 1.5)), (0, (6, 2, 2, 2)), (0, (1, 4)))
HOLE = {"facecolor": "white"}
BARS = {"full": {}, "hollow": HOLE, "broken": HOLE | {"ls": (0, (4, 2))}, "hatched": HOLE | {"hatch": "//////"}}


ALONE = threading.RLock()  # JupyterLab has controls answered in a thread of their own, and the style is everybody's


def _styled(make):
    """A figure in the collection's style, whatever style the notebook has set."""

    @wraps(make)
    def made(*args, **given):
        import matplotlib

        with ALONE, matplotlib.rc_context(LOOK):
            return make(*args, **given)

    return made


@_styled
def canvas(width, height, panels=1):
    """An empty figure: (Figure, Axes, or an array of them); the size is that of the axes, in inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    fig = FigureCanvasAgg(Figure((width, height), dpi=72)).figure
    return fig, fig.subplots(1, panels, gridspec_kw={"left": 0, "right": 1, "bottom": 0, "top": 1})


KEPT = {}


def _again(name, width, height):
    """The one figure that is drawn again and again by this name: a new one takes a third of the time of a picture."""
    name = name, threading.get_ident()
    fig, ax = KEPT[name] = KEPT.get(name) or canvas(1, 1)
    for artist in [*ax.texts, *ax.lines, *ax.patches, *ax.collections, *ax.artists]:
        artist.remove()
    fig.set_size_inches(width, height)
    return fig, ax


@_styled
def finish(fig, alt, caption, told=(), key="", below=None):
    """The figure as something to show, a `utils.page.Figure`.

    `alt` (str) is its main message, said behind the caption; `caption` and `key` (str) stand below it, `below` (Shown)
    between; `told` (list of str) is all that it shows, in words, where no table says it.
    """
    out, box = io.BytesIO(), fig.get_tightbbox().padded(0.08)
    fig.savefig(out, format="svg", bbox_inches=box, metadata={"Date": None, "Description": BANNER})
    alt = shorten(alt, ALT - 40, placeholder="…")
    alt = f"{shorten(caption, ALT - 1 - len(alt), placeholder='…')} {alt}"
    words, width = f"{caption} {'; '.join(told)}." if told else "", round(PER_INCH * box.width)
    return figure(out.getvalue(), alt, f"{caption} {key}".rstrip(), width, words, below)


@_styled
def _strip(rows, low, high, ticks=None, width=3.4, shade=None):
    """A Figure of rows (words left, words right, marks, look of the words) on one scale, with `ticks` place -> words.

    A mark is (kind, from, to, colour): a bar (see `BARS`), a line (``:``), ``|``, a stroke down so many rows, ``?``, or
    a point, one of matplotlib's markers, at `from`. A bold row without words on its right is a heading.
    """
    from matplotlib.lines import Line2D
    from matplotlib.patches import Rectangle

    fig, ax = _again("strip", width, ROW * len(rows))
    ax.axis("off")
    ax.set(xlim=(low, high), ylim=(len(rows) - 0.5, -0.5))
    ticks, at = ticks or {}, ax.get_yaxis_transform()
    if shade:
        ax.axvspan(*shade, color=BAND, zorder=-1)
    ax.vlines([*ticks], -0.5, len(rows) - 0.5, color=GRID, lw=0.8, zorder=0)
    for x, words in ticks.items():
        ax.text(x, -0.7, words, ha="center", va="bottom")
    for y, (left, right, marks, look) in enumerate(rows):
        if left:
            ax.text(-0.03, y, left, ha="right", va="center", transform=at, **({} if right else look))
        if right:
            ax.text(1.03, y, right, va="center", transform=at, **look)
        elif look is BOLD:
            ax.add_artist(Line2D([low, high], [y - 0.5] * 2, color=GRID, lw=0.8, zorder=0, in_layout=False))
        for kind, a, b, colour in marks:
            line = {"color": colour, "clip_on": False, "lw": 2, "zorder": 2.5, "in_layout": False}
            if kind in BARS:
                look = {"facecolor": colour, "edgecolor": colour, "lw": 1.3, "in_layout": False, **BARS[kind]}
                ax.add_artist(Rectangle((a, y - 0.25), b - a, 0.5, **look))
            elif kind == "?":
                ax.text(a, y, kind, ha="center", va="center", color=colour, **BOLD)
            else:
                drawn = {":": ([a, b], [y, y], {"ls": ":"}), "|": ([a, a], [y, y + b + 0.5], {})}
                point = {"marker": kind[0], "ms": 7, "mew": 1.5, "mfc": "white" if kind[1:] else colour}
                across, down, more = drawn.get(kind, ([a], [y], point))
                ax.add_artist(Line2D(across, down, **line, **more))
    return fig


def cut_off(verdict):
    """A ruler's cut-off in words, and whether it could not be confirmed."""
    reach = verdict.reach
    words = phrase("plots.of", part=show(reach.cut), whole=show(reach.most)) if verdict.counts else show(reach.cut)
    return words if verdict.confirmed else phrase("plots.unconfirmed", what=words)


def span(verdict):
    """What a ruler can still say, in words: a number, two numbers, or a range."""
    low, high = verdict.reach.low, verdict.reach.high
    few = [low] if low == high else verdict.possible or []
    if 0 < len(few) < 3:
        return phrase("plots.or").join(map(show, few))
    kind = {(0, 0): "range", (0, 1): "or_more", (1, 0): "at_most", (1, 1): "any_value"}[np.isinf(low), np.isinf(high)]
    return phrase(f"plots.{kind}", low=show(low), high=show(high))


def matrix(states, rows, columns, caption, words=WORDS, source=SOURCE):
    """Findings against hypotheses, or items of rule sets against their verdicts: a sign and a word in each cell.

    `states` is (row, column) -> state, where known; `rows` and `columns` are name -> label, `words` state -> words.
    """
    marks = {key: Mark(words[state], SIGNS.get(state, "?")) for key, state in states.items()}
    found = [[label, *(marks.get((row, name), "") for name in columns)] for row, label in rows.items()]
    return tabled(pd.DataFrame(found, columns=["", *columns.values()]), caption, source)


def icons(counts, caption, columns=20):
    """A crowd as one sign a person, `columns` in a line.

    `counts` is label -> how many, and the sign: a circle has the disease, a square has not; a full one meets the rule.
    """
    signs = {"circle full": "●", "circle": "○", "square full": FULL, "square": HOLLOW}
    rows = [(x, Mark(f"{n}", "\n".join(wrap(n * signs[look], columns)))) for x, (n, look) in counts.items()]
    told = "; ".join(f"{n} {label}" for label, (n, _) in counts.items())
    told = phrase("plots.in_all", total=sum(n for n, _ in counts.values()), told=told)
    return tabled(pd.DataFrame(rows, columns=["", phrase("plots.people")]), caption, words=f"{caption} {told}")


def claims(rows, most, caption):
    """Claims and how far each may be trusted: rows of claim, squares (of `most`), the same in words, and a sentence."""
    rows = [(claim, Mark(words, FULL * n + HOLLOW * (most - n)), write) for claim, n, words, write in rows]
    heads = [phrase(f"plots.{head}") for head in ("claim", "confidence_from_case", "can_carry")]
    return tabled(pd.DataFrame(rows, columns=heads), caption, SOURCE)


def scale(bands, spans, caption):
    """A score among its bands (lowest, highest, name), with a column for each span of it (words, lowest, highest)."""

    def reach(low, high):
        return show(low) if low == high else phrase("plots.range", low=show(low), high=show(high))

    rows = [[name, reach(low, high)] for low, high, name in bands]
    for row, (low, high, _) in zip(rows, bands, strict=True):
        inside = [(a, b, max(a, low), min(b, high)) for _, a, b in spans]
        row += [Mark(reach(x, y), POINT if a == b else HATCHED) if x <= y else "" for a, b, x, y in inside]
    heads = [phrase("plots.band"), phrase("plots.score"), *(words for words, *_ in spans)]
    return tabled(pd.DataFrame(rows, columns=heads), caption)


def ribbon(rows, caption):
    """Documents by year, in order: rows of date (year, or year and month), label, what it bears on."""
    years = range(min(int(date[:4]) for date, *_ in rows), max(int(date[:4]) for date, *_ in rows) + 1)
    found = [
        [label, *(Mark(date, POINT if date[4:] else HATCHED) if int(date[:4]) == year else "" for year in years), bears]
        for date, label, bears in rows
    ]
    heads = [phrase("plots.document"), *map(str, years), phrase("plots.bears_on")]
    return tabled(pd.DataFrame(found, columns=heads), caption, phrase("plots.ribbon_key"))


def calibration(rows, caption):
    """Rows of confidence, answered, and best supported among them: twenty squares, filled as far as they were."""
    found = []
    for confidence, answered, best in rows:
        words = phrase("plots.best_supported" if answered else "plots.no_answer", best=best, answered=answered)
        found.append((status_word(confidence), Mark(words, _squares([best, answered - best]))))
    return tabled(pd.DataFrame(found, columns=[phrase("plots.how_sure"), phrase("plots.how_often")]), caption)


def _squares(parts):
    """Twenty squares shared out among up to three parts, each in a look of its own; none where there is nothing."""
    ends = np.round(20 * np.cumsum([0, *parts]) / (sum(parts) or np.inf)).astype(int)
    return "".join(sign * n for sign, n in zip((FULL, HOLLOW, HATCHED), np.diff(ends), strict=False))


@_styled
def ranks(places, caption):
    """How a ranked list moved: places (1 is the likeliest) by hypothesis and stage, missing where not ranked."""
    stages = dict(enumerate(places.columns))
    rows = [(phrase("plots.place", place=n + 1), "", [], {}) for n in range(len(places))]
    fig = _strip(rows, 0, max(stages) or 1, stages, 1.7 * (max(stages) or 1))
    ax = fig.axes[0]
    for n, (label, line) in enumerate(places.iterrows()):
        line = line.set_axis([*stages]).dropna().astype(float) - 1
        ax.plot(line, color=MET, ls=DASHES[n % 5], lw=1.8, marker="o", mfc="white", clip_on=False)
        if len(line):
            ax.annotate(label, (line.index[-1], line.iloc[-1]), (9, 0), textcoords="offset points", va="center")
    first = phrase("plots.or").join(places.index[places.iloc[:, -1].eq(1).fillna(False)]) or phrase("plots.none")
    return finish(fig, phrase("plots.alt_ranks", n=len(places), last=places.columns[-1], first=first), caption)


def rulers(rows, moments, caption, source=SOURCE):
    """Several rules on one child: what each could still say, as its distance to its own cut-off. It takes 55 ms.

    `rows` holds one tuple a rule, with one verdict a moment, in the order of `moments`.
    """
    found, told = [], []
    for verdicts in rows:
        cut, close = phrase("plots.cut_off_at", cut=cut_off(verdicts[0])), []
        found.append((f"{verdicts[0].short}, {cut}", "", [], BOLD))
        for m, v in enumerate(verdicts):
            said, newest = f"{span(v)}, {status_word(v.status)}", m == len(verdicts) - 1
            found.append((moments[m], said, _reach(v, newest), BOLD if newest else {}))
            close += [f"{label} ({moments[m]})" for label in v.items.loc[v.items["near"], "label"]]
            told.append(f"{v.short}, {cut}, {moments[m]}: {said}")
        if close and len(moments) < 3:  # three moments would name too many
            found.append(("", phrase("plots.near", labels=", ".join(close)), [], {"color": OPEN}))
            told[-1] += f"; {phrase('plots.near_told', labels=', '.join(close))}"
    ends = {-1: phrase("plots.lowest_possible"), 0: phrase("plots.cut_off"), 1: phrase("plots.highest_possible")}
    fig = _strip(found, -1.1, 1.1, ends, 3, (0, 1.1))
    older = phrase("plots.and").join(moments[:-1]) or phrase("plots.none")
    brief = ", ".join(f"{line[-1].short} {status_word(line[-1].status)}" for line in rows)
    key = f"{phrase('plots.filled', newest=moments[-1], older=older)} {source}"
    return finish(fig, f"{moments[-1]}: {brief}.", caption, told, key)


def _reach(verdict, newest):
    """One bar of a ruler, from the lowest to the highest score that is still possible, or the two that are."""
    reach, shape = verdict.reach, "s" if newest else "s white"
    low, high = reach.place(reach.low), reach.place(reach.high)
    if low == high:
        return [(shape, low, low, MET)]
    if len(verdict.possible or []) == 2:
        return [(":", low, high, MET), *((shape, reach.place(x), 0, MET) for x in verdict.possible)]
    tips = ((reach.low, low - 0.05, "<"), (reach.high, high + 0.05, ">"))
    tips = [(tip, x, x, MET) for end, x, tip in tips if np.isinf(end)]
    return [("full" if newest else "broken", low, high, MET), *tips]


@_styled
def trade(swept, chosen, node, caption):
    """How sensitivity and specificity trade as one threshold moves from the published one to the `chosen`: 37 ms.

    `swept` has the columns threshold, sensitivity and specificity, as from `utils.chapters.cohort.sweep`; `node` is the
    item, with its label, unit and published threshold.
    """
    fig, ax = _again("trade", 5.2, 2.4)
    low, high = swept["threshold"].iloc[[0, -1]]
    ax.text(0.5, 0.4, phrase("plots.simulated"), transform=ax.transAxes, size=32, **FAINT)
    lines = {"sensitivity": ("with_met", MET, "-"), "specificity": ("without_not_met", OPEN, "--")}
    upper = swept[[*lines]].iloc[-1].idxmax()
    for column, (words, colour, style) in lines.items():
        ax.plot(swept["threshold"], swept[column], color=colour, ls=style, lw=2, clip_on=False)
        end, side = (high * 1.03, swept[column].iloc[-1]), "bottom" if column == upper else "top"
        ax.text(*end, phrase(f"plots.{words}"), va=side, color=colour, **BOLD)
    told, published, sides = [], node["threshold"], ("right", "left")
    marks = (("published", "at_published", published, ":"), ("yours", "nearest_to_yours", chosen, "-"))
    for (short, long, at, style), side in zip(marks, sides if chosen >= published else sides[::-1], strict=True):
        if short == "published" or at != published:
            ax.axvline(np.clip(at, low, high), color=INK, ls=style, lw=1.5)
            ax.text(np.clip(at, low, high), 1.06, phrase(f"plots.{short}", value=show(at)), ha=side, **BOLD)
        row = swept.iloc[(swept["threshold"] - at).abs().argmin()]
        met, spared = (f"{100 * row[column]:.0f} %" for column in lines)
        told.append(f"{phrase(f'plots.{long}')}: {phrase('plots.shares', met=met, spared=spared)}")
    axis = phrase("plots.threshold_of", item=", ".join(filter(None, (node["label"], node["unit"]))))
    ax.set(xscale="log", xlim=(low, high), ylim=(0, 1), xlabel=axis)
    _decades(ax, low, high, (1, 2, 5))
    ax.set_yticks([0, 0.5, 1], ["0 %", "50 %", "100 %"])
    return finish(fig, f"{told[-1]}.", caption, told)


def _decades(ax, low, high, steps=(1,)):
    """Round numbers on a logarithmic axis, written out."""
    ticks = [step * 10.0**e for e in range(-3, 7) for step in steps if low <= step * 10.0**e <= high]
    ax.set_xticks([], minor=True)
    ticks = ticks[:: 2 if len(steps) == 1 and len(ticks) > 3 else 1]
    ax.set_xticks(ticks, map(show, ticks))


@_styled
def verdict_map(x, y, status, labels, cuts, caption):
    """Where a verdict flips while two inputs are unknown, of trial values `x` and `y`, shapes (m,) and (n,).

    `status` is the verdict at each pair, shape (n, m): one all over each of the four fields between the thresholds
    `cuts`, else ValueError. `labels` are those of the axes.
    """
    fig, ax = canvas(4.8, 3)
    told, verdicts = [], []
    for i, across in enumerate(((x[0], cuts[0]), (cuts[0], x[-1]))):
        for j, up in enumerate(((y[0], cuts[1]), (cuts[1], y[-1]))):
            [verdict] = {*status[np.ix_((y > cuts[1]) == j, (x > cuts[0]) == i)].ravel()}
            look = {"ha": "center", "va": "center", "bbox": {"facecolor": "white", "edgecolor": "none"}, **BOLD}
            if verdict == "met":
                ax.fill_between(across, *up, facecolor=BAND, edgecolor=SHADE, hatch="//")
            verdicts.append(status_word(verdict))
            ax.text(np.mean(across), np.mean(up), verdicts[-1].upper(), **look)
            sides = zip(labels, cuts, (i, j), strict=True)
            sides = [phrase(f"plots.{('up_to', 'above')[k]}", name=name, cut=show(cut)) for name, cut, k in sides]
            told.append(phrase("plots.field", across=sides[0], up=sides[1], verdict=verdicts[-1]))
    ax.axvline(cuts[0], color=INK)
    ax.axhline(cuts[1], color=INK)
    ax.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]), xlabel=labels[0], ylabel=labels[1])
    ax.text(cuts[0], y[-1], show(cuts[0]), ha="center", va="bottom")
    ax.text(x[-1], cuts[1], f" {show(cuts[1])}", va="center")
    return finish(fig, phrase("plots.alt_fields", fields=", ".join(verdicts)), caption, told, SOURCE)


@_styled
def dumbbell(first, second, moments, ranges, caption):
    """Values in two verdicts of one rule as distances to their published cut-offs; right of the line meets the item.

    `ranges` is item -> reference range (low, high), in the unit in which its cut-off was published.
    """
    rows, told = [], []
    for pair in zip(*(v.items[v.items["unit"] != ""].to_dict("records") for v in (first, second)), strict=True):
        rows.append((f"{pair[0]['label']} {pair[0]['rule']}", "", [], BOLD))
        for row, moment, shape in zip(pair, moments, ("o white", "s"), strict=True):
            printed, value, sign = row["as_given"], row["value"], 1 if row["comparator"].startswith(">") else -1
            place = [x and sign * np.log(x / row["threshold"]) for x in (value, *ranges.get(row["item"], ()))]
            marks = [("hollow", *sorted(place[1:]), NOT)] * bool(place[1:])
            if value is not None:
                marks.append((shape, place[0], 0, MET))
                converted = not printed.endswith(row["unit"]) and printed.split()[0] != show(value)
                printed += f" = {show(value)} {row['unit']}" * converted
            rows.append((moment, printed, marks, {}))
            told.append(f"{row['label']} ({row['rule']}), {moment}: {printed}, {status_word(row['status'])}")
    ticks = {sign * np.log(n): phrase("plots.fold", n=n) for n in (2, 4, 8) for sign in (-1, 1)}
    ticks |= {0: phrase("plots.cut_off")}
    fig = _strip(rows, -np.log(9), np.log(9), ticks, shade=(0, np.log(9)))
    brief = phrase("plots.alt_dumbbell", first=status_word(first.status), then=status_word(second.status))
    key = phrase("plots.dumbbell_key", first=moments[0], second=moments[1])
    return finish(fig, brief, caption, told, f"{key} {SOURCE}")


@_styled
def spread(children, names, cuts, caption):
    """Where simulated children (of `utils.chapters.cohort.simulate`) of two groups lie, one panel a variable.

    `names` is variable -> axis label with its unit, `cuts` variable -> published threshold in the canonical unit.
    """
    import seaborn as sns

    fig, axes = canvas(7.4, 1.9, len(names))
    told, groups = [], ((False, NOT, "--", phrase("plots.active_jia")), (True, MET, "-", phrase("plots.mas")))
    for ax, (name, label) in zip(np.atleast_1d(axes), names.items(), strict=True):
        for group, colour, style, words in groups:
            look = {"color": colour, "ls": style, "fill": group, "alpha": 0.6 if group else 1, "gridsize": 80}
            values = children.loc[children["mas"] == group, name]
            sns.kdeplot(x=values, ax=ax, log_scale=True, label=words, **look)
            median = show(float(f"{values.median():.3g}"))
            told.append(phrase("plots.median_told", label=label, group=words, value=median))
        ax.text(0.5, 0.4, phrase("plots.simulated"), transform=ax.transAxes, size=16, **FAINT)
        _decades(ax, *ax.get_xlim())
        ax.axvline(cuts[name], color=INK, ls=":")
        ax.set(xlabel=label, ylabel="", yticks=[], title=phrase("plots.threshold", value=show(cuts[name])))
    ax.legend(bbox_to_anchor=(1, 1), loc="upper left", frameon=False)
    return finish(fig, f"{told[0]}; {told[1]}.", caption, told)


def limits(rows, groups, axes, caption):
    """Published limits with the value that is compared; what was made for another age is broken. It takes 60 ms.

    `rows` as `utils.chapters.bedside.age_limits`, with columns value, limit (in words) and said (where the value lies);
    `groups` is variable -> name, in order, `axes` variable -> ends of its axis.
    """
    found, heads = [], []
    for name, title in groups.items():
        part, ends = rows[rows["variable"] == name], axes[name]
        value, low, high = (np.clip((part[c] - ends[0]) / (ends[1] - ends[0]), 0, 1) for c in ("value", "low", "high"))
        heads.append(f"{title} {show(round(part['value'].iloc[0], 1))} {part['unit'].iloc[0]}")
        at = value.iloc[0]
        found.append((heads[-1], "", [("v", at, at, MET), ("|", at, len(part), MET)], BOLD))
        for r, a, b in zip(part.to_dict("records"), low, high, strict=True):
            colour, kind = (INK, "hollow") if r["applies"] else (NOT, "broken")
            mark = {"range": (kind, a, b), "median": ("o white", a, a)}.get(r["kind"], (kind, a - 0.008, a + 0.008))
            found.append((r["label"], f"{r['limit']}: {r['said']}", [(*mark, colour)], {"color": colour}))
    brief = phrase("plots.alt_limits", n=len(rows), values=", ".join(heads), others=int((~rows["applies"]).sum()))
    return finish(_strip(found, 0, 1, width=2.6), brief, caption, key=phrase("plots.limits_key"))


def day_strip(rows, last, caption):
    """Days up to the `last`: what begins, happens, was measured, and what is not reported on any of them.

    `rows` as from `utils.chapters.bedside.days`; what becomes of something after the last day is not told.
    """
    found, unknown = [], f"? {phrase('plots.not_reported')}"
    for part, those in rows.groupby("part", sort=False):
        found.append((phrase(f"plots.{part.replace(' ', '_')}"), "", [], BOLD))
        for r in those.itertuples():
            point = ("s" if part == "measured" else "o", r.first, 0, MET)
            marks = [("broken", r.first - 0.15, r.last + 0.15, MET) if r.last > r.first else point]
            marks += [(":", r.last, last + 0.5, MET)] * (part == "begins")
            row = (r.label, r.words, marks, {})
            if pd.isna(r.first):
                row = (r.label, unknown, [("full", 0.5, last + 0.5, "#f4efe3")], {"color": OPEN})
            found.append(row)
    ticks = {day: phrase("plots.day", day=day) for day in range(1, last + 1)}
    brief = phrase("plots.alt_strip", missing=", ".join(rows.loc[rows["first"].isna(), "label"]))
    fig = _strip(found, 0.5, last + 0.5, ticks)
    return finish(fig, brief, caption, key=f"{phrase('plots.strip_key')} {SOURCE}")


def recovery(marks, days, boxes, loose, caption):
    """Events of the recovery on a scale of days, and below it the follow-up in the order of the report, as a table.

    `marks` are (first day, last day, what, when in words), days missing where not dated; `days` is the first and last
    day of the scale; `boxes` are (when, list of what) in order, and `loose` is one that came before the second of them.
    """
    (first, last), found = days, []
    for low, high, words, _ in marks:
        undated = pd.isna(low) or pd.isna(high)
        a, b = first if pd.isna(low) else low, last if pd.isna(high) else min(high, last)
        drawn = (":", a, b, OPEN) if undated else ("hatched", a, b, INK) if low < high else ("D", a, a, INK)
        drawn = [drawn, ("o", a, a, OPEN)] if undated and a == low else [drawn]
        found.append(("", f"{'? ' * undated}{words}", drawn, {}))
    rows = [(when, "; ".join(what)) for when, what in (boxes[0], loose, *boxes[1:])]
    rows[1] = (f"? {rows[1][0]}", f"{rows[1][1]}. {phrase('plots.broken_frame')}")
    below = table(pd.DataFrame(rows, columns=[phrase("plots.when"), phrase("plots.what")]), phrase("plots.follow_up"))
    fig = _strip(found, first - 1, last + 1, {d: f"{d}" for d in (first, *range(10, last - 4, 10), last)})
    brief = phrase("plots.alt_recovery", n=len(marks), first=first, last=last)
    return finish(fig, brief, caption, key=f"{phrase('plots.recovery_key')} {SOURCE}", below=below)


def swimmer(courses, marks, last, caption, cursor=None):
    """Courses of treatment as bars over the days, an uncertain start or end hatched, an unstated end dotted: 66 ms.

    `courses` (of `utils.chapters.course`) are drawn under a heading for each kind; `marks` are events: first and last
    day, words, and whether they are dated. `last` is the last day, `cursor` one to mark.
    """
    before = 0.28 * last  # what ran before admission has a place, and no scale
    rows, told = [(phrase("plots.events"), "", [], BOLD)], []
    for a, b, words, dated in marks:
        bar = ("D", a + 0.5, b, INK) if a == b else ("hatched", a, b + 1, INK)
        words = words if dated else phrase("plots.event_not_dated", event=words)
        line, *more = wrap(f"{'? ' * (not dated)}{words}", 48)
        rows.append((line, "", [bar if dated else (":", a + 0.5, b + 0.5, OPEN)], {}))
        rows += [(line, "", [], {}) for line in more]
        days = phrase("plots.days", first=a, last=b) if b > a else phrase("plots.day", day=a)
        told.append(f"{days}: {words}")
    for kind in ("drug", "support", "procedure"):
        those = [c for c in courses if c.kind == kind]
        rows += [(phrase(f"plots.{kind}s"), "", [], BOLD)] * bool(those)
        rows += [(c.label, c.amount, [*_course(c, before)], {}) for c in those]
        about = [", ".join(filter(None, (phrase(f"plots.{kind}"), c.amount))) for c in those]
        told += [f"{c.label} ({words}): {c.told}" for c, words in zip(those, about, strict=True)]
    days = [d for d in range(1, last + 1) if last <= 10 or d in (1, last) or not d % 5 and d < last - 2]
    ticks = {1 - before / 2: "\n".join(wrap(phrase("plots.zone"), 10))} | {d + 0.5: f"{d}" for d in days}
    shade = (cursor, cursor + 1) if cursor else None
    fig = _strip(rows, 1 - before, last + 1 + before / 3, ticks, shade=shade)
    brief = phrase("plots.alt_swimmer", last=last)
    return finish(fig, brief, caption, told, f"{phrase('plots.swimmer_key')} {SOURCE}")


def _course(course, before):
    """The marks of one course: its certain days, then what is uncertain before and after them."""
    colour, kind = (MET, "full") if course.kind == "drug" else (INK, "hollow")
    start, end = course.first or 1 - 0.9 * before, course.last + 1
    a, b = (course.sure[0], course.sure[1] + 1) if course.sure else (start, start)
    if course.first == 0:  # nobody knows how long: the bar fills the time before admission
        b = 1 - 0.1 * before
        yield "broken", start, b, colour
    elif course.sure:
        yield ("D white", (a + b) / 2, b, colour) if course.kind == "procedure" else (kind, a, b, colour)
    if start < a:
        yield "hatched", start, a, colour
    if course.end_stated and course.first and b < end:
        yield "hatched", b, end, colour
    if not course.end_stated:
        yield ":", b, end, colour
        yield "?", end + 0.15 * before, end, OPEN


@_styled
def course(hours, curves, splits, title, supposed, caption, between=None, usual=USUAL):
    """Concentration over time by two routes, and below it where a rise in exposure comes from. It takes 50 ms.

    `curves` are (words, levels in mg/L at the `hours`), `between` is the same with two levels for a band, `splits` are
    (words, a table as from `utils.pk.split_gain`). What is `supposed` makes it HYPOTHETICAL; else it says the `usual`.
    """
    fig, ax = _again("course", 4.4, 2.2)
    head, told = phrase("plots.supposed", supposed=supposed) if supposed else usual, []
    if supposed:
        ax.text(0.5, 0.4, phrase("plots.hypothetical"), transform=ax.transAxes, size=32, **FAINT)
    looks = [{"color": c, "ls": d, "lw": 2} for c, d in zip((INK, MET, MET, NOT), DASHES, strict=False)]
    for (words, levels), look in zip(curves, looks, strict=False):
        ax.plot(hours, levels, **look)
        told.append(phrase("plots.curve_told", curve=words, highest=np.max(levels), end=levels[-1]))
    if between:
        ax.fill_between(hours, *between[1:], color=SHADE, alpha=0.55, zorder=0)
        low, high = map(np.max, between[1:])
        told.append(phrase("plots.band_told", band=between[0], low=low, high=high))
        looks[len(curves) :] = [{"color": SHADE, "lw": 8, "solid_capstyle": "butt"}]
    for n, ((words, *_), look) in enumerate(zip([*curves, *[between] * bool(between)], looks, strict=False)):
        ax.plot([1.03, 1.13], [0.95 - 0.11 * n] * 2, transform=ax.transAxes, clip_on=False, **look)
        ax.text(1.15, 0.95 - 0.11 * n, words, transform=ax.transAxes, va="center")
    top = 1.06 * max(0.1, *(np.max(levels) for _, levels in curves))
    ax.set(xlim=(0, hours[-1]), ylim=(0, top), xticks=range(0, round(hours[-1]) + 1, 6), ylabel="mg/L")
    ax.set_xlabel(phrase("plots.hours"))
    ax.set_title(f"{title}\n{head}", loc="left")
    rows = []
    for words, parts in splits:
        rise, parts = f"× {parts.at['total', 'times']:.2f}", parts.drop("total")
        shared, said = not parts["share"].isna().any(), []
        for r in parts.itertuples():
            factor = {"factor": phrase(f"plots.{r.Index}"), "times": r.times, "share": 100 * r.share}
            said.append(phrase("plots.factor_share" if shared else "plots.factor", **factor))
        said = ", ".join(said)
        mark = Mark(said, _squares(parts["share"])) if shared else f"{said} ({phrase('plots.nothing_to_share')})"
        rows.append((f"{words}: {rise}", mark))
        told.append(f"{words} {rise}: {said}")
    heads = [phrase("plots.rise"), phrase("plots.made_of")]
    below = table(pd.DataFrame(rows, columns=heads), phrase("plots.rise_from")) if rows else None
    brief, told[0] = f"{told[-1]}.", f"{title}. {f'{head} ' if supposed else ''}{told[0]}"
    return finish(fig, brief, caption, told, below=below)


def areas(regimens, caption):
    """Exposure a day of several regimens, as bars of squares: label, auc_24 (mg·h/L), and a note after the number."""
    long = (30 * regimens["auc_24"] / regimens["auc_24"].max()).round().astype(int)
    words = [f"{area:.1f} {note}".strip() for area, note in zip(regimens["auc_24"], regimens["note"], strict=True)]
    rows = [*zip(regimens["label"], map(Mark, words, [FULL * n for n in long]), strict=True)]
    return tabled(pd.DataFrame(rows, columns=[phrase("plots.regimen"), phrase("plots.area")]), caption)


def ratios(checks, caption, close):
    """The model against what others observed: model divided by observation, on a logarithmic axis.

    `checks` has columns label, published, flip_flop (ratios) and confirmed; within the factor `close` of 1 is shaded.
    """
    rows = []
    for r in checks.itertuples():
        a, b = np.log([r.published, r.flip_flop])
        twin = phrase("plots.published_and_twin", published=r.published, twin=r.flip_flop)
        said = twin if abs(a - b) > 1e-6 else f"{r.published:.2f}"
        label = r.label if r.confirmed else phrase("plots.unconfirmed", what=r.label)
        rows.append((label, said, [("o white", a, a, MET), (".", b, b, MET)], {}))
    words = [phrase(f"plots.{x}") for x in ("a_tenth", "a_quarter", "half", "equal", "double", "four_times")]
    ticks = dict(zip(np.log([0.1, 0.25, 0.5, 1, 2, 4]), words, strict=True))
    fig = _strip(rows, np.log(0.09), np.log(4.3), ticks, shade=(-np.log(close), np.log(close)))
    near = int((np.log(checks["published"]).abs() <= np.log(close)).sum())
    brief, key = phrase("plots.alt_ratios", near=near, n=len(checks)), phrase("plots.ratios_key")
    return finish(fig, brief, caption, key=f"{phrase('plots.divided_told')} {key}")
