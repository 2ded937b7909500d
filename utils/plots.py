"""One function a figure: matplotlib and seaborn draw what is measured; what is a table with marks is an HTML table.

Each returns something a notebook shows, with a short alternative text; where no table says what it shows, words do. The
two libraries are loaded when a picture is first asked for.
"""

import io
import threading
from contextlib import contextmanager
from itertools import product
from textwrap import shorten, wrap

import numpy as np
import pandas as pd

from utils.page import BANNER, Mark, figure, headed, tabled, with_heads
from utils.phrases import phrase, status_word
from utils.units import show

INK, MET, OPEN, NOT = "#1a1a1a", "#0b4f8a", "#8a5a00", "#5c5c5c"  # dark enough on white; words carry the meaning
BAND, GRID, SHADE = "#dce9f5", "#dfe5ea", "#9db8d2"
SOURCE = phrase("plots.source")
WORDS = {state: phrase(f"plots.{state}") for state in ("fits", "does_not_fit", "expected_but_absent")}
WORDS["unknown"] = status_word("unknown")
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
    "text.hinting": "none",  # else words are measured in whole pixels, and a browser draws them wider
}
BOLD = {"weight": "bold"}  # a row in bold that has no words on its right is a heading
FAINT = {"ha": "center", "color": "#dde2e7", "zorder": 0, **BOLD}  # across a picture
DASHES = ("-", (0, (5, 3)), (0, (1, 1.5)), "-.")
BARS = {"full": {}, "hollow": {}, "broken": {"ls": (0, (4, 2))}, "hatched": {"hatch": "//////"}}
ALONE = threading.RLock()  # JupyterLab has controls answered in a thread of their own; style and figures are shared
KEPT = {}  # name -> figure


@contextmanager
def _styled():
    """The collection's style, whatever style the notebook has set."""
    import matplotlib

    with ALONE, matplotlib.rc_context(LOOK):
        yield


@_styled()
def canvas(width, height, panels=1):
    """An empty figure: (Figure, Axes, or an array of them); the size is that of the axes, in inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    fig = FigureCanvasAgg(Figure((width, height), dpi=72)).figure
    return fig, fig.subplots(1, panels, gridspec_kw={"left": 0, "right": 1, "bottom": 0, "top": 1})


def _again(name, width, height):
    """The one figure that is drawn again by this name, within `_styled`: a new one takes a third of the time."""
    fig, ax = KEPT[name] = KEPT.get(name) or canvas(1, 1)
    for artist in [*ax.texts, *ax.lines, *ax.patches, *ax.collections, *ax.artists]:
        artist.remove()
    fig.set_size_inches(width, height)
    return fig, ax


@_styled()
def finish(fig, alt, caption, lines=(), key="", below=None):
    """The figure as something to show, a `utils.page.Shown`.

    `alt` (str) is its main message, said behind the caption; `caption` and `key` (str) stand below it, `below` (Shown)
    between; `lines` (list of str) are all that it shows, in words, where no table says it.
    """
    out, box = io.BytesIO(), fig.get_tightbbox().padded(0.08)
    fig.savefig(out, format="svg", bbox_inches=box, metadata={"Date": None, "Description": BANNER})
    alt = shorten(alt, ALT - 40, placeholder="…")
    alt = f"{shorten(caption, ALT - 1 - len(alt), placeholder='…')} {alt}"
    words, width = f"{caption} {'; '.join(lines)}." if lines else "", round(PER_INCH * box.width)
    return figure(out.getvalue(), alt, f"{caption} {key}".rstrip(), width, words, below)


@_styled()
def _strip(rows, ends, alt, caption, key="", lines=(), below=None, ticks=(), width=3.4, shade=None):
    """Rows of (words left, words right, marks, look of the words) on one scale from end to end, as `finish` shows them.

    A mark is (kind, from, to, colour): a bar (see `BARS`), a line (``:``), ``|``, a stroke down so many rows, ``?``,
    or a point, one of matplotlib's markers, at `from`. `ticks` is place -> words; `shade` is a part of the scale.
    """
    from matplotlib.lines import Line2D
    from matplotlib.patches import Rectangle

    fig, ax = _again("strip", width, ROW * len(rows))
    ax.axis("off")
    ax.set(xlim=ends, ylim=(len(rows) - 0.5, -0.5))
    ticks, at, head, spoken = dict(ticks), ax.get_yaxis_transform(), "", []
    if shade:
        ax.axvspan(*shade, color=BAND, zorder=-1)
    ax.vlines([*ticks], -0.5, len(rows) - 0.5, color=GRID, lw=0.8, zorder=0)
    for x, words in ticks.items():
        ax.text(x, -0.7, words, ha="center", va="bottom")
    for y, (left, right, marks, look) in enumerate(rows):
        heading = look is BOLD and not right
        if left:
            ax.text(-0.03, y, left, ha="right", va="center", transform=at, **(BOLD if heading else {}))
        if right:
            ax.text(1.03, y, right, va="center", transform=at, **look)
            spoken.append(f"{head}{left}: {right}")
        elif heading:
            head = f"{left}, "
            ax.add_artist(Line2D(ends, [y - 0.5] * 2, color=GRID, lw=0.8, zorder=0, in_layout=False))
        for kind, a, b, colour in marks:
            if kind in BARS:
                look = {"facecolor": colour if kind == "full" else "white", "lw": 1.3, **BARS[kind]}
                ax.add_artist(Rectangle((a, y - 0.25), b - a, 0.5, edgecolor=colour, in_layout=False, **look))
            elif kind == "?":
                ax.text(a, y, kind, ha="center", va="center", color=colour, in_layout=False, **BOLD)
            else:
                drawn = {":": ([a, b], [y, y], {"ls": ":"}), "|": ([a, a], [y, y + b + 0.5], {})}
                point = {"marker": kind[0], "ms": 7, "mew": 1.5, "mfc": "white" if kind[1:] else colour}
                across, down, more = drawn.get(kind, ([a], [y], point))
                line = {"color": colour, "clip_on": False, "lw": 2, "zorder": 2.5, "in_layout": False}
                ax.add_artist(Line2D(across, down, **line, **more))
    return finish(fig, alt, caption, lines or spoken, key, below)


def cut_off(verdict):
    """A ruler's cut-off in words, and whether it could not be confirmed."""
    reach = verdict.reach
    words = phrase("plots.of", part=show(reach.cut), whole=show(reach.most)) if verdict.counts else show(reach.cut)
    return words if verdict.confirmed else phrase("plots.unconfirmed", what=words)


def _few(verdict):
    """The one or two scores that a ruler can still say; empty where there are more, or a range."""
    low, high = verdict.reach.low, verdict.reach.high
    few = [low] if low == high else verdict.possible or []
    return few if len(few) < 3 else []


def span(verdict):
    """What a ruler can still say, in words: a number, two numbers, or a range."""
    if few := _few(verdict):
        return phrase("plots.or").join(map(show, few))
    low, high = verdict.reach.low, verdict.reach.high
    kind = {(0, 0): "range", (0, 1): "or_more", (1, 0): "at_most", (1, 1): "any_value"}[np.isinf(low), np.isinf(high)]
    return phrase(f"plots.{kind}", low=show(low), high=show(high))


def matrix(states, rows, columns, caption, words=WORDS, source=SOURCE):
    """A sign and a word in each cell: (row, column) -> state; the others are name -> words."""
    marks = {key: Mark(words[state], SIGNS.get(state, "?")) for key, state in states.items()}
    found = [[label, *(marks.get((row, name), "") for name in columns)] for row, label in rows.items()]
    return tabled(pd.DataFrame(found, columns=["", *columns.values()]), caption, source)


def icons(counts, caption, columns=20):
    """A crowd as one sign a person: `counts` is label -> how many, and "circle" or "square", "full" or not."""
    signs = {"circle full": "●", "circle": "○", "square full": FULL, "square": HOLLOW}
    rows = [(x, Mark(f"{n}", "\n".join(wrap(n * signs[look], columns)))) for x, (n, look) in counts.items()]
    return tabled(pd.DataFrame(rows, columns=["", phrase("plots.people")]), caption)


def claims(rows, most, caption):
    """Claims and how far each may be trusted: rows of claim, squares (of `most`), the same in words, and a sentence."""
    rows = [(claim, Mark(words, FULL * n + HOLLOW * (most - n)), write) for claim, n, words, write in rows]
    return tabled(with_heads(rows, "plots", "claim confidence_from_case can_carry"), caption, SOURCE)


def scale(bands, spans, caption):
    """A score among its bands (lowest, highest, name), with a column for each span of it (words, lowest, highest)."""

    def span_words(low, high):
        return show(low) if low == high else phrase("plots.range", low=show(low), high=show(high))

    rows = []
    for low, high, name in bands:
        parts = [(max(a, low), min(b, high), POINT if a == b else HATCHED) for _, a, b in spans]
        rows.append(
            (name, span_words(low, high), *(Mark(span_words(a, b), sign) if a <= b else "" for a, b, sign in parts))
        )
    heads = [phrase("plots.band"), phrase("plots.score"), *(words for words, *_ in spans)]
    return tabled(pd.DataFrame(rows, columns=heads), caption)


def ribbon(rows, caption):
    """Documents by year, in order: rows of date (year, or year and month), label, what it bears on."""
    years, found = range(int(min(rows)[0][:4]), int(max(rows)[0][:4]) + 1), []
    for date, label, bears in rows:
        mark = Mark(date, POINT if date[4:] else HATCHED)
        found.append([label, *(mark if int(date[:4]) == year else "" for year in years), bears])
    heads = [phrase("plots.document"), *map(str, years), phrase("plots.bears_on")]
    return tabled(pd.DataFrame(found, columns=heads), caption, phrase("plots.ribbon_key"))


def calibration(rows, caption):
    """Rows of confidence, answered, and best supported among them: twenty squares, filled as far as they were."""
    found = []
    for confidence, answered, best in rows:
        words = phrase("plots.best_supported" if answered else "plots.no_answer", best=best, answered=answered)
        found.append((status_word(confidence), Mark(words, _squares([best, answered - best]))))
    return tabled(with_heads(found, "plots", "how_sure how_often"), caption)


def _squares(parts):
    """Twenty squares shared out among up to three parts, each in a look of its own; none where there is nothing."""
    ends = np.round(20 * np.cumsum([0, *parts]) / (sum(parts) or np.inf)).astype(int)
    return "".join(sign * n for sign, n in zip((FULL, HOLLOW, HATCHED), np.diff(ends), strict=False))


def rulers(rows, moments, caption, source=SOURCE):
    """Several rules (rows of a verdict a moment) on one child: how far each still reaches beside its cut-off."""
    found, newest = [], moments[-1]
    for verdicts in rows:
        found.append((f"{verdicts[0].short}, {phrase('plots.cut_off_at', cut=cut_off(verdicts[0]))}", "", [], BOLD))
        for moment, v in zip(moments, verdicts, strict=True):
            last = moment == newest
            found.append((moment, f"{span(v)}, {status_word(v.status)}", _reach(v, last), BOLD if last else {}))
    ticks = {-1: phrase("plots.lowest_possible"), 0: phrase("plots.cut_off"), 1: phrase("plots.highest_possible")}
    brief = ", ".join(f"{line[-1].short} {status_word(line[-1].status)}" for line in rows)
    key = phrase("plots.filled", newest=newest, older=phrase("plots.and").join(moments[:-1]) or phrase("plots.none"))
    ends, more = (-1.1, 1.1), {"ticks": ticks, "width": 3, "shade": (0, 1.1)}
    return _strip(found, ends, f"{newest}: {brief}.", caption, f"{key} {source}", **more)


def _reach(verdict, newest):
    """One bar of a ruler, from the lowest to the highest score that is still possible, or the two that are."""
    reach, shape = verdict.reach, "s" if newest else "s white"
    low, high = reach.place(reach.low), reach.place(reach.high)
    if few := _few(verdict):
        return [(":", low, high, MET), *((shape, reach.place(x), 0, MET) for x in few)]
    tips = ((reach.low, low - 0.05, "<"), (reach.high, high + 0.05, ">"))
    tips = [(tip, x, x, MET) for end, x, tip in tips if np.isinf(end)]
    return [("full" if newest else "broken", low, high, MET), *tips]


@_styled()
def trade(swept, chosen, node, caption):
    """Sensitivity and specificity, as in `swept`, from the published threshold of a node to the `chosen`."""
    fig, ax = _again("trade", 5.2, 2.4)
    low, high = swept["threshold"].iloc[[0, -1]]
    ax.text(0.5, 0.4, phrase("plots.simulated"), transform=ax.transAxes, size=32, **FAINT)
    lines = {"sensitivity": ("with_met", MET, "-"), "specificity": ("without_not_met", OPEN, "--")}
    upper = swept[[*lines]].iloc[-1].idxmax()
    for column, (words, colour, style) in lines.items():
        ax.plot(swept["threshold"], swept[column], color=colour, ls=style, lw=2, clip_on=False)
        end, side = (high * 1.03, swept[column].iloc[-1]), "bottom" if column == upper else "top"
        ax.text(*end, phrase(f"plots.{words}"), va=side, color=colour, **BOLD)
    published, sides = node["threshold"], ("right", "left") if chosen >= node["threshold"] else ("left", "right")
    for name, at, style, side in zip(("published", "yours"), (published, chosen), ":-", sides, strict=True):
        if name == "published" or at != published:
            ax.axvline(np.clip(at, low, high), color=INK, ls=style, lw=1.5)
            ax.text(np.clip(at, low, high), 1.06, phrase(f"plots.{name}", value=show(at)), ha=side, **BOLD)
    nearest = swept.iloc[(swept["threshold"] - chosen).abs().argmin()]
    met, spared = (f"{100 * nearest[column]:.0f} %" for column in lines)
    axis = phrase("plots.threshold_of", item=", ".join(filter(None, (node["label"], node["unit"]))))
    ax.set(xscale="log", xlim=(low, high), ylim=(0, 1), xlabel=axis)
    _decades(ax, low, high, (1, 2, 5))
    ax.set_yticks([0, 0.5, 1], ["0 %", "50 %", "100 %"])
    return finish(fig, phrase("plots.alt_trade", met=met, spared=spared), caption)


def _decades(ax, low, high, steps=(1,)):
    """Round numbers on a logarithmic axis, written out."""
    ticks = [step * 10.0**e for e in range(-3, 7) for step in steps if low <= step * 10.0**e <= high]
    ax.set_xticks([], minor=True)
    ticks = ticks[:: 2 if len(steps) == 1 and len(ticks) > 3 else 1]
    ax.set_xticks(ticks, map(show, ticks))


@_styled()
def verdict_map(x, y, status, labels, cuts, caption):
    """Where a verdict flips over two unknown inputs, `labels`, of trial values `x` and `y`, shapes (m,) and (n,).

    `status` is the verdict at each pair, shape (n, m): one in each of four fields between `cuts`, else ValueError.
    """
    fig, ax = canvas(4.8, 3)
    lines, verdicts, shown = [], [], [*map(show, cuts)]
    fields = [((z[0], cut, "up_to"), (cut, z[-1], "above")) for z, cut in zip((x, y), cuts, strict=True)]
    for (*across, left), (*up, low) in product(*fields):
        [verdict] = {*status[np.ix_((y > cuts[1]) == (low == "above"), (x > cuts[0]) == (left == "above"))].ravel()}
        ax.fill_between(across, *up, facecolor=BAND if verdict == "met" else "white")
        verdicts.append(status_word(verdict))
        ax.text(np.mean(across), np.mean(up), verdicts[-1].upper(), ha="center", va="center", **BOLD)
        sides = (phrase(f"plots.{w}", name=labels[n], cut=shown[n]) for n, w in enumerate((left, low)))
        lines.append(phrase("plots.field", **dict(zip(("across", "up"), sides, strict=True)), verdict=verdicts[-1]))
    ax.axvline(cuts[0], color=INK)
    ax.axhline(cuts[1], color=INK)
    ax.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]), xlabel=labels[0], ylabel=labels[1])
    ax.text(cuts[0], y[-1], shown[0], ha="center", va="bottom")
    ax.text(x[-1] + 0.02 * (x[-1] - x[0]), cuts[1], shown[1], va="center")
    return finish(fig, phrase("plots.alt_fields", fields=", ".join(verdicts)), caption, lines, SOURCE)


def dumbbell(first, second, moments, ranges, caption):
    """Two verdicts of one rule as distances to its cut-offs, and item -> reference range (low, high) in their unit."""
    rows = []
    for pair in zip(*(v.items[v.items["unit"] != ""].to_dict("records") for v in (first, second)), strict=True):
        rows.append((f"{pair[0]['label']} ({pair[0]['rule']})", "", [], BOLD))
        for row, moment, shape in zip(pair, moments, ("o white", "s"), strict=True):
            printed, value, sign = row["as_given"], row["value"], 1 if row["comparator"].startswith(">") else -1
            place = [x and sign * np.log(x / row["threshold"]) for x in (value, *ranges.get(row["item"], ()))]
            marks = [("hollow", *sorted(place[1:]), NOT)] * bool(place[1:])
            if value is not None:
                marks.append((shape, place[0], 0, MET))
                converted = not printed.endswith(row["unit"]) and printed.split()[0] != show(value)
                printed += f" = {show(value)} {row['unit']}" * converted
            elif row["status"] == "undetermined":  # it has no place on the scale
                printed = f"? {printed}"
            rows.append((moment, f"{printed}, {status_word(row['status'])}", marks, {}))
    end = np.log(9)
    ticks = {sign * np.log(n): phrase("plots.fold", n=n) for n in (2, 4, 8) for sign in (-1, 1)}
    ticks |= {0: phrase("plots.cut_off")}
    brief = phrase("plots.alt_dumbbell", first=status_word(first.status), then=status_word(second.status))
    key = f"{phrase('plots.dumbbell_key', first=moments[0], second=moments[1])} {SOURCE}"
    return _strip(rows, (-end, end), brief, caption, key, ticks=ticks, shade=(0, end))


@_styled()
def spread(children, names, cuts, caption):
    """Two groups of simulated children, a panel a variable: names are variable -> axis label, cuts -> threshold."""
    import seaborn as sns

    fig, axes = canvas(7.4, 1.9, len(names))
    lines, groups = [], ((False, INK, "--", phrase("plots.active_jia")), (True, MET, "-", phrase("plots.mas")))
    for ax, (name, label) in zip(np.atleast_1d(axes), names.items(), strict=True):
        for group, colour, style, words in groups:
            values = children.loc[children["mas"] == group, name]
            look = {"color": colour, "ls": style, "label": words, "gridsize": 80}
            sns.kdeplot(x=values, ax=ax, log_scale=True, **look)
            median = show(float(f"{values.median():.3g}"))
            lines.append(phrase("plots.median_words", label=label, group=words, value=median))
        ax.text(0.5, 0.4, phrase("plots.simulated"), transform=ax.transAxes, size=16, **FAINT)
        _decades(ax, *ax.get_xlim())
        ax.axvline(cuts[name], color=INK, ls=":")
        ax.set(xlabel=label, ylabel="", yticks=[], title=phrase("plots.threshold", value=show(cuts[name])))
    ax.legend(bbox_to_anchor=(1, 1), loc="upper left", frameon=False)
    return finish(fig, f"{lines[0]}; {lines[1]}.", caption, lines)


def limits(rows, groups, axes, caption):
    """Rows of `bedside.age_limits` with value, limit, outcome (words), on axes (variable -> ends) of their own."""
    found, heads = [], []
    for name, title in groups.items():
        part, ends = rows[rows["variable"] == name].to_dict("records"), axes[name]
        heads.append(f"{title} {show(round(part[0]['value'], 1))} {part[0]['unit']}")
        value = np.interp(part[0]["value"], ends, (0, 1))
        found.append((heads[-1], "", [(kind, value, len(part), MET) for kind in "v|"], BOLD))
        for r in part:
            a, b = np.interp([r["low"], r["high"]], ends, (0, 1))
            colour, kind = (INK, "hollow") if r["applies"] else (NOT, "broken")
            mark = {"range": (kind, a, b), "median": ("o white", a, a)}.get(r["kind"], (kind, a - 0.008, a + 0.008))
            found.append((r["label"], f"{r['limit']}: {r['outcome']}", [(*mark, colour)], {"color": colour}))
    brief = phrase("plots.alt_limits", n=len(rows), values=", ".join(heads), others=int((~rows["applies"]).sum()))
    return _strip(found, (0, 1), brief, caption, phrase("plots.limits_key"), width=2.6)


def day_strip(rows, last, caption):
    """What begins, happens, was measured, is not reported, by day up to the `last`: rows of `bedside.strip`."""
    found, unknown = [], f"? {phrase('plots.not_reported')}"
    for part, those in rows.groupby("part", sort=False):
        found.append((phrase(f"plots.{part.replace(' ', '_')}"), "", [], BOLD))
        for r in those.itertuples():
            if pd.isna(r.first):
                found.append((r.label, unknown, [("full", 0.5, last + 0.5, "#f4efe3")], {"color": OPEN}))
                continue
            point = ("s" if part == "measured" else "o", r.first, 0, MET)
            marks = [("broken", r.first - 0.15, r.last + 0.15, MET) if r.last > r.first else point]
            found.append((r.label, r.words, marks + [(":", r.last, last + 0.5, MET)] * (part == "begins"), {}))
    ticks = {day: phrase("plots.day", day=day) for day in range(1, last + 1)}
    brief = phrase("plots.alt_strip", missing=", ".join(rows.loc[rows["first"].isna(), "label"]))
    return _strip(found, (0.5, last + 0.5), brief, caption, f"{phrase('plots.strip_key')} {SOURCE}", ticks=ticks)


def recovery(marks, days, boxes, loose, caption):
    """Events of the recovery on a scale of days, and below it the follow-up in the order of the report, as a table.

    `marks` are (first day, last day, what, when), days missing where not dated; `days` are the ends of the scale;
    `boxes` are (when, list of what) in order, and `loose` is one that came before the second of them.
    """
    (first, last), found = days, []
    for low, high, words, _ in marks:
        a, b = first if pd.isna(low) else low, last if pd.isna(high) else min(high, last)
        drawn = [("hatched", a, b, INK) if low < high else ("D", a, a, INK)]
        if undated := pd.isna(low) or pd.isna(high):
            drawn = [(":", a, b, OPEN), *[("o", a, a, OPEN)] * (a == low)]
        found.append((f"{'? ' * undated}{words}", "", drawn, {}))
    rows = [(when, "; ".join(what)) for when, what in boxes]
    rows.insert(1, (f"? {loose[0]}", f"{'; '.join(loose[1])}. {phrase('plots.broken_frame')}"))
    below = headed(rows, "plots", "when what", phrase("plots.follow_up"))
    ticks = {d: f"{d}" for d in (first, *range(10, last - 4, 10))} | {last: phrase("plots.day", day=last)}
    brief = phrase("plots.alt_recovery", n=len(marks), first=first, last=last)
    key = f"{phrase('plots.recovery_key')} {SOURCE}"
    return _strip(found, (first - 1, last + 1), brief, caption, key, below=below, ticks=ticks)


def swimmer(courses, marks, last, caption, cursor=None):
    """Courses of treatment as bars over the days, an uncertain start or end hatched, an unstated end dotted.

    `courses` as from `utils.chapters.course`; `marks` are events: first and last day, words, and whether they are
    dated; `last` is the last day, `cursor` one to mark.
    """
    before = 0.28 * last  # what ran before admission has a place, and no scale
    rows, lines = [(phrase("plots.events"), "", [], BOLD)], []
    for a, b, words, dated in marks:
        bar = ("D", a + 0.5, b, INK) if a == b else ("hatched", a, b + 1, INK)
        words = words if dated else phrase("plots.event_not_dated", event=words)
        for n, line in enumerate(wrap(f"{'? ' * (not dated)}{words}", 48)):
            rows.append((line, "", [] if n else [bar if dated else (":", a + 0.5, b + 0.5, OPEN)], {}))
        lines.append(f"{phrase('plots.days' if b > a else 'plots.day', first=a, last=b, day=a)}: {words}")
    for kind in ("drug", "support", "procedure"):
        those = [c for c in courses if c.kind == kind]
        rows += [(phrase(f"plots.{kind}s"), "", [], BOLD)] * bool(those)
        rows += [(c.label, c.amount, [*_course(c, before)], {}) for c in those]
        about = phrase(f"plots.{kind}")
        lines += [f"{c.label} ({', '.join(filter(None, (about, c.amount)))}): {c.days}" for c in those]
    days = [d for d in range(1, last + 1) if last <= 10 or d in (1, last) or not d % 5 and d < last - 2]
    ticks = {1 - before / 2: "\n".join(wrap(phrase("plots.zone"), 10))} | {d + 0.5: f"{d}" for d in days}
    shade = (cursor, cursor + 1) if cursor else None
    ends, key = (1 - before, last + 1 + before / 3), f"{phrase('plots.swimmer_key')} {SOURCE}"
    return _strip(rows, ends, phrase("plots.alt_swimmer", last=last), caption, key, lines, ticks=ticks, shade=shade)


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


@_styled()
def course(hours, curves, splits, title, supposed, caption, between=None, usual=""):
    """Concentration over time by two routes, and below it where a rise in exposure comes from.

    `curves` are (words, levels in mg/L at the `hours`), `between` is the same with two levels for a band, `splits` are
    (words, a table as from `utils.pk.split_gain`). What is `supposed` makes it HYPOTHETICAL; else it says the `usual`.
    """
    fig, ax = _again("course", 4.4, 2.2)
    head, lines = phrase("plots.supposed", supposed=supposed) if supposed else usual or phrase("plots.usual"), []
    if supposed:
        ax.text(0.5, 0.4, phrase("plots.hypothetical"), transform=ax.transAxes, size=32, **FAINT)
    for (words, levels), colour, style in zip(curves, (INK, MET, MET, NOT), DASHES, strict=False):
        ax.plot(hours, levels, color=colour, ls=style, lw=2, label=words)
        lines.append(phrase("plots.curve_words", curve=words, highest=np.max(levels), end=levels[-1]))
    if between:
        ax.fill_between(hours, *between[1:], color=SHADE, alpha=0.55, zorder=0, label=between[0])
        low, high = map(np.max, between[1:])
        lines.append(phrase("plots.band_words", band=between[0], low=low, high=high))
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False, handlelength=4)
    top = 1.06 * max(0.1, *(np.max(levels) for _, levels in curves))
    ax.set(xlim=(0, hours[-1]), ylim=(0, top), xticks=range(0, round(hours[-1]) + 1, 6))
    ax.set(xlabel=phrase("plots.hours"), ylabel="mg/L")
    ax.set_title(f"{title}\n{head}", loc="left")
    rows = []
    for words, parts in splits:
        rise, parts = f"× {parts.at['total', 'times']:.2f}", parts.drop("total")
        shared = parts["share"].notna().all()
        line, each = "plots.factor_share" if shared else "plots.factor", parts.assign(share=100 * parts["share"])
        split = ", ".join(phrase(line, factor=phrase(f"plots.{n}"), **r) for n, r in each.to_dict("index").items())
        mark = Mark(split, _squares(parts["share"])) if shared else f"{split} ({phrase('plots.nothing_to_share')})"
        rows.append((f"{words}: {rise}", mark))
        lines.append(f"{words} {rise}: {split}")
    below = headed(rows, "plots", "rise made_of", phrase("plots.rise_from"))
    lines[0] = f"{title}. {f'{head} ' if supposed else ''}{lines[0]}"
    return finish(fig, f"{lines[-1]}.", caption, lines, below=below)


def ratios(checks, caption, close):
    """The model divided by what others observed, on a logarithmic axis; within the factor `close` of 1 it is shaded."""
    rows = []
    for r in checks.itertuples():
        a, b = np.log([r.published, r.flip_flop])
        twin = phrase("plots.published_and_twin", published=r.published, twin=r.flip_flop)
        printed = twin if abs(a - b) > 1e-6 else f"{r.published:.2f}"
        label = r.label if r.confirmed else phrase("plots.unconfirmed", what=r.label)
        rows.append((label, printed, [("o white", a, a, MET), (".", b, b, MET)], {}))
    words = {0.1: "a_tenth", 0.25: "a_quarter", 0.5: "half", 1: "equal", 2: "double", 4: "four_times"}
    ticks = {np.log(x): phrase(f"plots.{name}") for x, name in words.items()}
    near = int((np.log(checks["published"]).abs() <= np.log(close)).sum())
    brief = phrase("plots.alt_ratios", near=near, n=len(checks))
    shade, ends = (-np.log(close), np.log(close)), (np.log(0.09), np.log(4.3))
    return _strip(rows, ends, brief, caption, phrase("plots.ratios_key"), ticks=ticks, shade=shade)
