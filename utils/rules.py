"""Three-valued rules: every verdict is *met*, *not met* or *undetermined*, and every score is a range.

One engine serves one patient and a million rows. A rule set is a small tree whose nodes are rows of ``rules.csv``;
truth values are pandas nullable booleans (Kleene logic), numbers are intervals, and an unknown number is the interval
from zero to infinity. So an unknown is never read as normal: it leaves open what it could still change.
"""

import math
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property, reduce
from itertools import combinations, product
from operator import and_, or_
from typing import NamedTuple

import numpy as np
import pandas as pd

from utils.phrases import phrase, status_word
from utils.tables import CaseDataError, check_seal, read_table
from utils.units import (
    SAME,
    SIGNS,
    Quantity,
    UnitError,
    converted,
    factors,
    meant,
    plain,
    quantity,
    show,
    slips,
    suggestion,
    variables,
)

VERDICTS = ("not met", "undetermined", "met")
NEAR = 0.05  # a value within 5 % of a threshold is flagged: another laboratory might have printed the other side
FIXED = ("flag", "answer", "category")  # kinds of items whose threshold is no number that could be moved
UNJUDGED = ("weight", "value", "highest")  # kinds of items that carry a number but no verdict of their own


class Interval(NamedTuple):
    """Lowest and highest possible value, one a patient: two float arrays of shape (n,)."""

    low: np.ndarray
    high: np.ndarray


def _truth(true, false):
    """Nullable booleans of shape (n,): True where certain, False where excluded, else missing."""
    return pd.arrays.BooleanArray(np.asarray(true, dtype=bool), ~(np.asarray(true) | np.asarray(false)))


def compare(interval, sign, threshold):
    """Three-valued comparison of an interval with a threshold interval; numbers equal but for rounding are equal."""

    def room(t):
        return np.where(np.isfinite(t), SAME * np.abs(t), 0.0)

    (low, high), (least, most) = interval, threshold
    if sign == ">":
        return _truth(low > most + room(most), high <= least + room(least))
    if sign == ">=":
        return _truth(low >= most - room(most), high < least - room(least))
    return ~compare(interval, {"<": ">=", "<=": ">"}[sign], threshold)


@dataclass(frozen=True)
class RuleSet:
    """One published rule set: what it is for, where it comes from, and its tree of items."""

    name: str
    about: dict = field(repr=False, compare=False)
    variants: tuple = field(repr=False, compare=False)

    @property
    def title(self):
        return self.about["title"]

    @property
    def short(self):
        return self.about["short"]

    @cache  # noqa: B019 - a rule set lives as long as the module
    def nodes(self, variant=None):
        """The items as a dict of name -> row of ``rules.csv``, root first, for one published variant."""
        variant = variant or self.variants[0]
        if variant not in self.variants:
            raise CaseDataError(
                "rules.csv", f"{self.name} has no variant '{variant}': use one of {', '.join(self.variants)}"
            )
        base = RULES[self.about["based_on"]].nodes(variant) if self.about["based_on"] else {}
        table = _table("rules")
        mine = table[(table["rule"] == self.name) & table["variant"].map(lambda v: v == "" or variant in v.split("|"))]
        found = {
            **{row["item"]: row for row in mine.to_dict("records")},
            **{n: r for n, r in base.items() if n != self.about["based_on"]},
        }
        reached = self._reached(found, self.name)
        if len(reached) == 1:
            why = "the row of the rule itself joins other items: let its kind be 'all', and give the limit its own row"
            raise CaseDataError("rules.csv", f"{self.name}: {why}")
        labels = {n: r for n, r in found.items() if r["kind"] == "category"}
        return {n: found[n] for n in reached} | labels

    def _reached(self, nodes, name):
        if name not in nodes:
            raise CaseDataError("rules.csv", f"{self.name} names the item '{name}' but has no row for it: add the row")
        order = [name]
        for member in nodes[name]["members"].split():
            order += [n for n in self._reached(nodes, member) if n not in order]
        return order

    def inputs(self, variant=None):
        """The variables that this rule set asks for, in the order of its items."""
        rows = self.nodes(variant).values()
        return list(dict.fromkeys(x for r in rows for x in (r["input"], r["slope_input"]) if x))


@cache
def _table(name):
    return read_table(name)


def _rule_sets():
    check_seal()  # no verdict from a threshold that was changed unawares
    rows = _table("rule_sets").to_dict("records")
    return {r["rule"]: RuleSet(r["rule"], r, tuple(r["variants"].split("|"))) for r in rows}


RULES = _rule_sets()


class Reach(NamedTuple):
    """Where a verdict lies on its rule's own ruler, in the units of its score."""

    low: float
    high: float
    cut: float
    least: float
    most: float

    def place(self, score):
        """A score on the axis that all rulers share: -1 the ruler's lowest end, 0 its cut-off, 1 its highest end.

        Where a ruler has no highest end, 1 stands for twice the cut-off and all above it.
        """
        if score < self.cut:
            return max(-1.0, (score - self.cut) / (self.cut - self.least))
        top = self.most if np.isfinite(self.most) else 2 * self.cut
        return min(1.0, (score - self.cut) / (top - self.cut))


class _Engine:
    """Evaluates the nodes of one rule set for n patients at once, each node once."""

    def __init__(self, nodes, columns, size):
        self.nodes, self.columns, self.size, self.known = nodes, columns, size, {}

    def number(self, name, unit):
        """A numeric input in the unit in which its threshold was published; unknown: zero to infinity."""
        found = self.columns.get(name) or Interval(np.zeros(self.size), np.full(self.size, np.inf))
        return Interval(*(converted(x, name, _canonical(name), unit) for x in found)) if unit else found

    def flag(self, name):
        if name in self.columns:
            return self.columns[name]
        return pd.array([pd.NA], dtype="boolean").take(np.zeros(self.size, dtype=int))

    def threshold(self, row):
        fixed = np.full(1, float(row["threshold"]))  # one for all patients, unless it follows an input of theirs
        if not row["slope_input"]:
            return Interval(fixed, fixed)
        by = self.number(row["slope_input"], None)
        return Interval(fixed + row["slope"] * by.low, fixed + row["slope"] * by.high)

    def count(self, name):
        members = [self.truth(m) for m in self.nodes[name]["members"].split()]
        return Interval(*(sum(m.to_numpy(float, na_value=open_) for m in members) for open_ in (0.0, 1.0)))

    def truth(self, name):
        """The node's truth value: nullable booleans of shape (n,)."""
        if name not in self.known:
            self.known[name] = self._truth_of(name, self.nodes[name])
        return self.known[name]

    def _truth_of(self, name, row):
        kind, members = row["kind"], row["members"].split()
        if kind in ("flag", "answer"):
            return self.flag(row["input"])
        if kind == "number":
            return compare(self.number(row["input"], row["unit"]), row["comparator"], self.threshold(row))
        if kind in ("all", "any", "none"):
            found = reduce(and_ if kind == "all" else or_, [self.truth(m) for m in members])
            return ~found if kind == "none" else found
        score = self.count(name) if kind == "at_least" else self.points(name)
        found = compare(score, ">=", self.threshold(row))
        if kind == "sum" and all(self.nodes[m]["kind"] == "answer" for m in members):
            found[np.all([self.truth(m).isna() for m in members], axis=0)] = pd.NA  # nobody has answered a question
        return found

    def verdict(self, rule):
        """Truth of the root, and its score's interval or None."""
        scored = self.nodes[rule]["kind"] in ("at_least", "sum", "highest", "ratio")
        return self.truth(rule), self.points(rule) if scored else None

    def points(self, name):
        """What the node adds to a score: lowest and highest."""
        row, kind = self.nodes[name], self.nodes[name]["kind"]
        members = row["members"].split()
        if kind == "at_least" and np.isnan(row["points"]):
            return self.count(name)
        if kind == "weight":
            ends = [row["points"] * x for x in self.number(row["input"], row["unit"])]
            return Interval(np.minimum(*ends), np.maximum(*ends))
        if kind == "sum":
            return Interval(*(sum(x) for x in zip(*map(self.points, members), strict=True)))
        if kind == "highest":
            return Interval(*(np.maximum.reduce(x) for x in zip(*map(self.points, members), strict=True)))
        if kind == "ratio":
            top, base = (self.number(self.nodes[m]["input"], self.nodes[m]["unit"]) for m in members)
            nothing = base.high == 0  # nobody can divide by a rate of zero: such a ratio stays unknown
            with np.errstate(all="ignore"):
                high = np.where(base.low > 0, top.high / base.low, np.where(top.high > 0, np.inf, 0.0))
                return Interval(top.low / np.where(nothing, np.inf, base.high), high)
        truth, worth = self.truth(name), row["points"]
        other = 0.0 if np.isnan(row["otherwise"]) else row["otherwise"]
        ends = min(worth, other), max(worth, other)
        unknown = (0.0, 0.0) if kind == "answer" else ends  # only Naranjo's "do not know" is a published answer
        yes = truth.to_numpy(bool, na_value=False)
        return Interval(*(np.where(truth.isna(), u, np.where(yes, worth, other)) for u in unknown))


def _rule_set(rule):
    if rule not in RULES:
        raise KeyError(
            f"there is no rule set '{rule}'{suggestion(rule, RULES) or '.'} The rule sets are: {', '.join(RULES)}"
        )
    return RULES[rule]


def _moved(rule_set, nodes, thresholds):
    """The nodes with some thresholds replaced: copies, since every evaluation shares the nodes of a rule set."""
    if not isinstance(thresholds, Mapping):
        raise UnitError(phrase("rules.no_dict"))
    movable = [n for n, r in nodes.items() if r["kind"] not in FIXED and not np.isnan(r["threshold"])]
    for item, number in thresholds.items():
        if item not in movable:
            told = {"item": item, "rule": rule_set.short, "hint": suggestion(item, movable) or "."}
            raise UnitError(phrase("rules.no_threshold", **told, known=", ".join(movable)))
        try:
            finite = math.isfinite(number) and not isinstance(number, bool | np.bool_)
        except (TypeError, ValueError, OverflowError):
            finite = False
        if not finite:
            unit = nodes[item]["unit"] or phrase("rules.points")
            raise UnitError(phrase("rules.not_finite", item=item, unit=unit, given=repr(number)))
    return nodes | {n: {**nodes[n], "threshold": float(x)} for n, x in thresholds.items()}


def evaluate_table(rule, df, variant=None, thresholds=None):
    """Evaluate a rule set for every row of a table.

    Parameters
    ----------
    rule : str
        A name of `RULES`.
    df : pandas.DataFrame
        One row a patient. Columns are named as the variables of ``variables.csv``: numbers in the canonical unit
        (ferritin µg/L, counts ×10⁹/L, AST and LDH U/L, triglycerides and fibrinogen mg/dL, haemoglobin g/dL,
        temperature °C, ages in years), findings True, False or missing. A missing column is unknown for everybody.
        A cell may hold a `Quantity`, so that a range or a value beyond its assay's limit has a way into a table.
    variant : str, optional
        A published variant of the rule set, such as ``"i"`` of ``mas_2005``.
    thresholds : dict of str -> float, optional
        Item -> another threshold in the unit in which its own was published, for this call only: what would a
        different cut-off do? The verdict is then no longer that of the published rule.

    Returns
    -------
    pandas.DataFrame
        Same index: one nullable boolean a item, ``met`` (nullable boolean), ``status`` (category), for a score
        ``score_low`` and ``score_high``, and ``warnings``: what is not plausible in a row, empty where all is.
        ``attrs["unused_columns"]`` lists what this rule set does not ask for; what no rule knows is warned of as well.

    Raises
    ------
    UnitError
        A column under another name, a table without any column that is asked for, a negative or infinite number,
        text where a number or a finding is due; a threshold for an item that has none, or no finite number.
    """
    rule_set = _rule_set(rule)
    nodes, known, asked = rule_set.nodes(variant), variables(), rule_set.inputs(variant)
    nodes = nodes if thresholds is None else _moved(rule_set, nodes, thresholds)
    if not isinstance(df, pd.DataFrame):
        raise UnitError(phrase("rules.no_table", given=type(df).__name__))
    if df.columns.nlevels > 1:
        raise UnitError(phrase("rules.levels", levels=df.columns.nlevels, name=asked[0]))
    if df.columns.duplicated().any():
        raise UnitError(phrase("rules.twice", column=df.columns[df.columns.duplicated()][0]))
    unused = [name for name in df.columns if name not in asked]
    for name in unused:  # another name would otherwise turn a measured value into unknown
        near = "" if name in known.index else _renamed(str(name), [n for n in asked if n not in df.columns])
        if near:
            renamed = "rules.renamed_in" if (unit := known.at[near, "canonical_unit"]) else "rules.renamed"
            raise UnitError(phrase(renamed, column=name, rule=rule_set.short, near=near, unit=unit))
    if len(unused) == len(df.columns):
        raise UnitError(phrase("rules.no_column", rule=rule_set.short, known=", ".join(asked)))
    if strangers := [str(name) for name in unused if name not in known.index]:
        warnings.warn(phrase("rules.strangers", columns=", ".join(strangers)), UserWarning, stacklevel=2)
    columns = {name: _column(df[name], known.at[name, "kind"]) for name in asked if name in df.columns}
    engine = _Engine(nodes, columns, len(df))
    truth, score = engine.verdict(rule)
    out = {n: engine.truth(n) for n in _shown(nodes, rule) if nodes[n]["kind"] not in UNJUDGED}
    out["met"] = truth
    codes = np.where(truth.isna(), 1, np.where(truth.to_numpy(bool, na_value=False), 2, 0))
    out["status"] = pd.Categorical.from_codes(codes, VERDICTS, ordered=True)
    if score is not None:
        out |= {"score_low": score.low, "score_high": score.high}
    out["warnings"] = _odd(columns, df)
    found = pd.DataFrame(out, index=df.index)
    found.attrs["unused_columns"] = unused
    return found


def _renamed(name, known):
    """The variable that stands under another name: a synonym, nearly its own, or one with a unit at its end."""
    if near := meant(name, known):
        return near
    for gap in re.finditer(r"[\W_]+", name):
        near, tail = meant(name[: gap.start()], known), re.sub(r"[\W_]+", "/", name[gap.end() :])
        if near and _letters(tail) in map(_letters, factors(near)):
            return near
    return ""


def _letters(unit):
    return re.sub(r"\W", "", plain(unit))


@cache
def _canonical(name):
    return variables().at[name, "canonical_unit"]


def _odd(columns, df):
    """For each row, what is odd about its numbers: a categorical of text, empty where all are plausible."""
    told = []
    for name, column in columns.items():
        odd, other = slips(name, _canonical(name), *column) if isinstance(column, Interval) else ((), ())
        for i in np.flatnonzero(odd) if df[name].dtype == object else ():
            if isinstance(df[name].iat[i], Quantity):  # it says itself what is odd, in the unit that is printed
                told.append((i, f"{df[name].iat[i].warning} "))
                odd[i] = False
        for unit in np.unique(other[odd]) if np.any(odd) else ():
            said = phrase("rules.odd_but" if unit else "rules.odd", name=name, unit=_canonical(name), instead=unit)
            told.append((np.flatnonzero(odd & (other == unit)), f"{said} "))
    codes = np.zeros(len(df), dtype=int)
    if not told:
        return pd.Categorical.from_codes(codes, [""])
    rows = np.unique(np.concatenate([np.atleast_1d(at) for at, _ in told]))
    words = np.full(len(rows), "", dtype=object)
    for at, sentence in told:
        words[np.searchsorted(rows, at)] += sentence
    codes[rows], found = pd.factorize(words)
    codes[rows] += 1
    return pd.Categorical.from_codes(codes, ["", *(text.strip() for text in found)])


def _column(values, kind):
    """One column as the engine takes it, or UnitError naming column and row."""
    if kind == "flag":
        try:
            return values.astype("boolean").array
        except (TypeError, ValueError):
            given = repr(values.dropna().iloc[0])
            raise UnitError(phrase("rules.no_findings", column=values.name, given=given)) from None
    name, unit, held = values.name, _canonical(values.name), {}
    if values.dtype == object:
        held = {i: _one(_check(name, x)) for i, x in enumerate(values) if isinstance(x, Quantity)}
        values = values.mask(np.isin(range(len(values)), [*held])) if held else values
    odd = values.dtype == bool or not pd.api.types.is_numeric_dtype(values)
    try:
        if odd and any(isinstance(x, str | bool | np.bool_) for x in values):
            raise TypeError("text and truth values are no measured values, even where pandas could read them so")
        numbers = values.astype("Float64").to_numpy(float, na_value=np.nan)
    except (TypeError, ValueError, OverflowError):
        raise UnitError(phrase("rules.no_numbers", column=name, unit=unit)) from None
    bad = (numbers < 0) | np.isinf(numbers)
    if bad.any():
        at, number = values.index[bad][0], f"{numbers[bad][0]:g}"
        raise UnitError(phrase("rules.not_measured", column=name, row=at, number=number))
    empty = np.isnan(numbers)
    ends = Interval(numbers, numbers)
    if empty.any():
        ends = Interval(np.where(empty, 0.0, numbers), np.where(empty, np.inf, numbers))
    for i, found in held.items():
        for end, value in zip(ends, found or (), strict=False):
            end[i] = value[0]
    return ends


def _shown(nodes, rule):
    """Items a reader cares about: inputs, and groups that count as one item or carry points."""
    counted = {
        m for r in nodes.values() if r["kind"] in ("at_least", "sum", "highest", "none") for m in r["members"].split()
    }
    return [n for n, r in nodes.items() if n != rule and r["kind"] != "category" and (r["input"] or n in counted)]


class Verdict:
    """What a rule set says of one patient.

    Attributes
    ----------
    status : str
        ``met``, ``not met`` or ``undetermined``.
    score : tuple of float or None
        Lowest and highest possible score; None for a rule without one.
    items : pandas.DataFrame
        One row an item: item, label, input, value and unit (as compared), as_given, rule, comparator, threshold,
        status, margin (share of the threshold, positive on the side that meets it), near (within 5 %), straddles (the
        printed precision spans the threshold), points_low, points_high, source, tag.
    category : str or None
        The published band of the score, where there are bands.
    missing : list of str
        Inputs of the rule set that are unknown here.
    note : str
        What this verdict cannot say.
    warnings : tuple of str
        What is odd about the values that the rule set asked for: a slip of unit is likely.
    """

    def __init__(self, rule_set, variant, given):
        self.rule, self.title, self.short = rule_set.name, rule_set.title, rule_set.short
        self.variant, self.note, self._given = variant or rule_set.variants[0], rule_set.about["caveat"], given
        self._nodes, asked = rule_set.nodes(variant), rule_set.inputs(variant)
        columns = {n: _one(given.get(n)) for n in asked}
        self._engine = _Engine(self._nodes, {n: c for n, c in columns.items() if c is not None}, 1)
        self.missing = [n for n, c in columns.items() if c is None]
        truth, score = self._engine.verdict(self.rule)
        self.status = _word(truth[0])
        self.score = None if score is None else (float(score.low[0]), float(score.high[0]))
        values = [given.get(n) for n in asked]
        self._odd = {q.variable: q.warning for q in values if isinstance(q, Quantity) and q.warning}
        self.warnings = tuple(self._odd.values())

    @cached_property
    def items(self):
        return pd.DataFrame([self._item(n, self._nodes[n]) for n in _shown(self._nodes, self.rule)])

    def sheet(self):
        """The items in words, ready to show: a DataFrame; the margin is positive on the side that meets the item."""
        unknown = status_word("unknown")

        def words(row):
            if row["comparator"] not in SIGNS:
                return ""
            return unknown if np.isnan(row["margin"]) else f"{100 * row['margin']:+.0f} %".replace("-", "\u2212")

        margin, near = self.items.apply(words, axis=1), self.items["near"]
        near = near.map({True: phrase("rules.within"), False: phrase("rules.not_within")})
        near = near.where(~margin.isin(["", unknown]), "")
        status = self.items["status"].replace({s: status_word(s) for s in VERDICTS})
        shown = self.items[["label", "as_given", "rule"]].assign(status=status, margin=margin, near=near)
        heads = ["Item", "Given", "Rule", "Status", phrase("rules.head_margin"), phrase("rules.head_within")]
        shown = shown.set_axis(heads, axis=1)
        return shown.assign(Warning=self.items["input"].map(self._odd).fillna("")) if self._odd else shown

    def _item(self, name, row):
        given, kind = self._given.get(row["input"]), row["kind"]
        out = {
            "item": name,
            "label": row["label"],
            "input": row["input"],
            "value": None,
            "unit": row["unit"],
            "rule": self._words(row),
        }
        out |= {"as_given": _text(given) if row["input"] else "", "comparator": row["comparator"]}
        out |= {"threshold": row["threshold"], "margin": np.nan, "near": False, "straddles": False}
        out["status"] = "" if kind in UNJUDGED else _word(self._engine.truth(name)[0])
        if isinstance(given, Quantity) and given.known:
            here = given.to(row["unit"]) if row["unit"] else given
            out["value"] = here.value if here.high is None else None  # of a range, no end is the value
            if kind == "number" and SAME < (limit := self._engine.threshold(row)).low[0] == limit.high[0]:
                out |= _distance(given, here, row["comparator"], limit)
        elif given is not None and not isinstance(given, Quantity):
            out["value"] = bool(given)
        if not np.isnan(row["points"]) or kind == "highest":
            out["points_low"], out["points_high"] = (float(x[0]) for x in self._engine.points(name))
        return out | {"source": row["source"], "tag": row["tag"]}

    def _words(self, row):
        if row["kind"] == "number":
            extra = f" + {show(row['slope'])} × {row['slope_input']}" if row["slope_input"] else ""
            return f"{SIGNS[row['comparator']]} {show(row['threshold'])}{extra} {row['unit']}"
        members = ", ".join(self._nodes[m]["label"] for m in row["members"].split())
        if row["kind"] in ("weight", "value"):
            return ""
        return phrase(f"rules.item_{row['kind']}", members=members, least=f"{row['threshold']:.0f}")

    @property
    def category(self):
        bands = sorted((r["threshold"], n) for n, r in self._nodes.items() if r["kind"] == "category")
        if not bands or self.status == "undetermined":  # an unanswered form has a number, but no band
            return None
        ends = [next(n for t, n in reversed(bands) if s >= t) for s in self.score]
        return _span(*ends)

    @cached_property
    def reach(self):
        """The `Reach` of this verdict, or None for a rule that counts nothing.

        A plain rule that asks for some of its items lies at their number, and at 0 as long as what it demands besides
        is not certain; so it reaches its cut-off exactly where it is met.
        """
        root = self._nodes[self.rule]
        if self.score is not None:
            ends = [(low if np.isfinite(low) else fall) for low, fall in zip(*self._ends(), strict=True)]
            return Reach(*self.score, root["threshold"], *ends)
        groups = [m for m in root["members"].split() if self._nodes[m]["kind"] == "at_least"]
        if root["kind"] != "all" or len(groups) != 1:
            return None
        count = self._engine.count(groups[0])
        besides = reduce(and_, [self._engine.truth(m) for m in root["members"].split() if m != groups[0]])
        low = count.low[0] if besides[0] is not pd.NA and besides[0] else 0
        high = 0 if besides[0] is not pd.NA and not besides[0] else count.high[0]
        inside = self._nodes[groups[0]]
        return Reach(float(low), float(high), inside["threshold"], 0.0, float(len(inside["members"].split())))

    @property
    def confirmed(self):
        """False where the cut-off is recalled (tag R), and was not seen in any source."""
        return self._nodes[self.rule]["tag"] != "R"

    @property
    def counts(self):
        """Whether the score is a number of items, out of so many."""
        return self._nodes[self.rule]["kind"] in ("at_least", "all")

    def _ends(self):
        """The ends of the ruler: those of an empty patient, and those published for a score without ends."""
        about = RULES[self.rule].about
        asked = {n: {**r, "kind": "flag"} if r["kind"] == "answer" else r for n, r in self._nodes.items()}
        empty = _Engine(asked, {}, 1).points(self.rule)  # a question that nobody answered could be answered either way
        published = [np.inf if np.isnan(about[k]) else about[k] for k in ("scale_low", "scale_high")]
        return [float(x[0]) for x in empty], published

    @cached_property
    def possible(self):
        """Every score that is still possible, as a sorted list; None where a score has no steps, or far too many."""
        regions = [self._regions(n) for n in self.missing]
        steps = self.score is not None and not any(r["kind"] in ("weight", "ratio") for r in self._nodes.values())
        if not steps or (size := int(np.prod([len(r) for r in regions]))) > 5000:
            return None
        found = self._suppose(self.missing, [[r[0][0] for r in trial] for trial in product(*regions)], size)
        scores = found.points(self.rule)
        return sorted({float(x) for x in np.concatenate(scores)})

    @property
    def cheapest(self):
        """Rows of `settling` that ask least of the child: by the burden of their inputs, an order chosen by us."""
        cost = self.settling["inputs"].map(lambda names: sum(variables()["burden"][list(names)]))
        return self.settling[cost == cost.min()]

    @cached_property
    def settling(self):
        """The smallest sets of unknown inputs that could settle the verdict, and what each would push it to.

        A DataFrame with columns inputs (tuple), result (what would have to be found) and verdict.
        """
        rows = []
        if self.status != "undetermined":
            return pd.DataFrame(rows, columns=["inputs", "result", "verdict"])
        regions = {n: self._regions(n) for n in self.missing}
        for size in range(1, min(5, len(regions)) + 1):
            for names in combinations(regions, size):
                rows += self._settlers(names, [regions[n] for n in names])
            if rows:
                break
        return pd.DataFrame(rows, columns=["inputs", "result", "verdict"])

    @property
    def settled_by(self):
        """The smallest sets of missing inputs that could settle it: a list of frozensets, empty once it is settled."""
        return list(dict.fromkeys(map(frozenset, self.settling["inputs"])))

    def _regions(self, name):
        """What could still be found for an unknown input: (its lowest and highest value, words) between thresholds."""
        return _pieces(name, self._cuts(name)) or [
            ((SAME,), phrase("rules.low_enough")),  # no threshold of its own: a part of a score or of a ratio
            ((variables().at[name, "plausible_high"],), phrase("rules.high_enough")),
        ]

    def _cuts(self, name):
        """Thresholds of an input in its canonical unit: (value, whether it belongs to the lower side, words)."""
        for r in self._nodes.values():
            limit = self._engine.threshold(r) if r["input"] == name and r["kind"] == "number" else None
            if limit and limit.low[0] == limit.high[0]:  # a limit that slopes with an unknown is no fixed cut
                value, unit = float(limit.low[0]), r["unit"]
                at = converted(value, name, unit, _canonical(name))
                yield at, r["comparator"] in ("<=", ">"), f"{show(value)} {unit}"

    def _settlers(self, names, regions):
        """The results for these inputs that settle the verdict: those where every corner says the same."""
        trials = list(product(*regions))
        corners = [(i, corner) for i, trial in enumerate(trials) for corner in product(*(r[0] for r in trial))]
        truth = self._suppose(names, [corner for _, corner in corners], len(corners)).truth(self.rule)
        said = [set() for _ in trials]
        for (i, _), found in zip(corners, truth, strict=True):
            said[i].add(_word(found))
        labels = [variables().at[n, "label"] for n in names]
        both = phrase("rules.and")
        told = [both.join(f"{label} {r[1]}" for label, r in zip(labels, trial, strict=True)) for trial in trials]
        return [(names, t, *s) for t, s in zip(told, said, strict=True) if len(s) == 1 and s != {"undetermined"}]

    def _suppose(self, names, trials, size):
        """An engine for `size` patients like this one, each with one trial's values for the inputs named."""
        columns = {n: _repeat(c, size) for n, c in self._engine.columns.items()}
        for j, name in enumerate(names):
            columns[name] = _column(pd.Series([t[j] for t in trials], name=name), variables().at[name, "kind"])
        return _Engine(self._nodes, columns, size)

    def __repr__(self):
        told = {"rule": self.short, "status": status_word(self.status)}
        if self.score is None:
            return phrase("rules.verdict", **told)
        score, band = _span(*map(show, self.score)), self.category
        return phrase("rules.banded" if band else "rules.scored", **told, score=score, band=band)


def _span(low, high):
    return low if low == high else phrase("rules.span", low=low, high=high)


def _pieces(name, cuts):
    """An input cut at thresholds: a list of (lowest and highest value, words); empty where nothing cuts a number."""
    row = variables().loc[name]
    limits = {(float(f"{t:.12g}"), below): words for t, below, words in sorted(cuts, reverse=True)}  # in two units: one
    if row["kind"] == "flag":
        return [((True,), phrase("rules.present")), ((False,), phrase("rules.absent"))]
    found, start, word = [], 0.0, ""
    for (t, below), words in sorted(limits.items()):  # below: the threshold itself belongs to the lower side
        end, start_ = (t, t * (1 + 1e-6)) if below else (t * (1 - 1e-6), t)
        if word:
            upto = phrase("rules.up_to" if below else "rules.below", start=word, end=words)
        else:
            upto = ("≤ " if below else "< ") + words
        found.append(((start, end), upto))
        start, word = start_, ("> " if below else "≥ ") + words
    return [*found, ((start, max(row["plausible_high"], 2 * start)), word)] if found else []


def unknown_results(verdicts):
    """What the unknowns of several verdicts on one patient could turn out to be, cut at each threshold of any of them.

    Parameters
    ----------
    verdicts : list of Verdict

    Returns
    -------
    dict of str -> list of (str, bool or Quantity)
        By input, in order: words, and a value that stands for them. An input that no threshold cuts is left out.
    """
    found = {}
    for name in dict.fromkeys(n for v in verdicts for n in v.missing):
        pieces = _pieces(name, {c for v in verdicts for c in v._cuts(name)})
        unit = variables().at[name, "canonical_unit"]
        found[name] = [
            (words, ends[0] if isinstance(ends[0], bool) else Quantity(name, sum(ends) / 2, unit))
            for ends, words in pieces
        ]
    return {name: results for name, results in found.items() if results}


def _distance(given, here, sign, limit):
    """How far a quantity, `here` in the unit of its threshold, lies from it: margin, near and straddles."""
    ends = [here.value, here.value if here.high is None else here.high]
    value = min(ends, key=lambda x: abs(x - limit.low[0]))  # of a range, the end nearest to the threshold
    away = (value - limit.low[0]) / limit.low[0]
    printed = converted(np.array(given.printed()), given.variable, given.unit, here.unit)
    low, high = np.split(printed, 2)  # the printed precision, in the unit of the threshold
    straddles = bool(compare(Interval(low, high), sign, limit).isna()[0])
    if straddles and given.high is not None:  # a range on both sides has no distance
        return {"margin": np.nan, "near": True, "straddles": True}
    margin = away if sign.startswith(">") else -away
    return {"margin": margin, "near": bool(abs(away) <= NEAR + SAME), "straddles": straddles}


def _word(truth):
    return "undetermined" if truth is pd.NA else "met" if truth else "not met"


def _text(given):
    if given is None:
        return status_word("unknown")
    return str(given) if isinstance(given, Quantity) else phrase("rules.present" if given else "rules.absent")


def _repeat(column, times):
    if isinstance(column, Interval):
        return Interval(*(np.repeat(x, times) for x in column))
    return column.take(np.zeros(times, dtype=int))


def _one(value):
    """One patient's input as a column of length 1; None where it is unknown."""
    if isinstance(value, Quantity):
        if not value.known:
            return None
        return Interval(*np.split(np.array(value.canonical().bounds()), 2))
    return None if value is None else pd.array([value], dtype="boolean")


@cache
def _kinds():
    """The kind of each variable."""
    return variables()["kind"].to_dict()


def _check(name, value):
    """One input of a dict, or UnitError that says how to write it."""
    if name not in _kinds():
        near = _renamed(str(name), variables().index)
        hint = phrase("units.did_you_mean", near=near) if near else "."
        raise UnitError(phrase("units.no_variable", name=name, hint=hint))
    kind = _kinds()[name]
    if value is None or value is pd.NA:
        return None
    if isinstance(value, Quantity):
        if value.variable != name:
            raise UnitError(phrase("rules.other_quantity", name=name, other=value.variable))
        return value
    if kind == "number":
        try:
            quantity(value, name)
        except UnitError as refused:
            raise UnitError(phrase("rules.refused_in_dict", why=refused, name=name)) from None
        raise UnitError(phrase("rules.text", name=name, given=repr(value), value=value))
    if not isinstance(value, bool | np.bool_):
        raise UnitError(phrase("rules.no_finding", name=name, given=repr(value)))
    return bool(value)


def evaluate(rule, data, variant=None):
    """Evaluate a rule set for one patient.

    Parameters
    ----------
    rule : str
        A name of `RULES`.
    data : Case or Mapping
        A case as of a moment, or a dict of variable -> Quantity, True, False or None. Missing means unknown.
    variant : str, optional
        A published variant of the rule set.

    Returns
    -------
    Verdict

    Raises
    ------
    KeyError
        An unknown rule set.
    UnitError
        An unknown variable, a bare number, text for a finding.
    """
    rule_set = _rule_set(rule)
    given = data if isinstance(data, Mapping) else getattr(data, "inputs", None)
    if given is None:
        raise UnitError(phrase("rules.no_patient", given=type(data).__name__))
    return Verdict(rule_set, variant, {n: _check(n, v) for n, v in given.items()})


def hscore_probability(score):
    """The published probability of haemophagocytic syndrome at an HScore, between the printed points on the logit.

    Parameters
    ----------
    score : float

    Returns
    -------
    tuple of (float, str)
        Per cent, and the words to print; the ends of the table are ``"<1 %"`` and ``">99 %"``.
        Interpolation is ours: no formula was published (source: fardet2014, table seen in a reproduction).
    """
    table = _table("score_probability")
    low, high = table.iloc[0], table.iloc[-1]  # beyond the last exact figures only a bound is printed
    if score <= low["score"] or score >= high["score"]:
        end = low if score <= low["score"] else high
        return float(end["percent"]), f"{end['bound']}{end['percent']:.0f} %"
    exact = table[table["bound"] == ""]
    p = exact["percent"] / 100
    percent = float(100 / (1 + np.exp(-np.interp(score, exact["score"], np.log(p / (1 - p))))))
    inside = exact["score"].min() <= score <= exact["score"].max()
    printed = f"{percent:.0f} %"
    if score in set(exact["score"]):
        return percent, printed
    words = "about" if inside else "at_most" if percent < 50 else "at_least"
    return percent, phrase(f"rules.{words}", percent=printed)
