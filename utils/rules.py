"""Three-valued rules: every verdict is *met*, *not met* or *undetermined*, and every score is a range.

One engine serves one patient and a million rows. A rule set is a small tree whose items are rows of ``rules.csv``. A
number is known from its lowest to its highest possible value, a truth as *certain* and *possible*: an unknown number
lies between zero and infinity, an unknown finding is possible and not certain. So an unknown is never read as normal.
"""

import math
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache, cached_property, reduce
from itertools import combinations, product
from numbers import Real
from operator import and_, or_
from typing import NamedTuple

import numpy as np
import pandas as pd

from utils import units
from utils.phrases import phrase, status_word
from utils.tables import CaseDataError, check_seal, read_table
from utils.units import SAME, SIGNS, Quantity, UnitError, show, suggestion, variables

KIND, CANONICAL = variables()["kind"].to_dict(), variables()["canonical_unit"].to_dict()
VERDICTS = ("not met", "undetermined", "met")
NEAR = 0.05  # a value within 5 % of a threshold is flagged: another laboratory might have printed the other side
FIXED = ("flag", "answer", "category")  # kinds of items whose threshold is no number that could be moved
UNJUDGED = ("weight", "value", "highest")  # kinds of items that carry a number but no verdict of their own


class Interval(NamedTuple):
    """Of a number the lowest and highest possible value (float), of a truth whether it is certain and possible (bool).

    Two arrays of shape (n,), or of shape (1,) where they hold for every patient.
    """

    low: np.ndarray
    high: np.ndarray

    def each(self, change):
        """The same change made at both ends; where they are one array, once."""
        low = change(self.low)
        return Interval(low, low if self.high is self.low else change(self.high))


UNKNOWN = Interval(np.zeros(1), np.full(1, np.inf))
OPEN = Interval(np.zeros(1, dtype=bool), np.ones(1, dtype=bool))


def _not(truth):
    return Interval(~truth.high, ~truth.low)


def _joined(join, intervals):
    """All intervals joined by one operation, at their lower and at their upper ends."""
    return Interval(*(reduce(join, ends) for ends in zip(*intervals, strict=True)))


def compare(interval, sign, threshold):
    """The truth of a comparison of an interval with a threshold interval; numbers equal but for rounding are equal."""
    if sign in ("<", "<="):
        return _not(compare(interval, {"<": ">=", "<=": ">"}[sign], threshold))
    above, side = (np.greater, 1) if sign == ">" else (np.greater_equal, -1)
    limit = threshold.each(lambda t: t + side * np.where(np.isfinite(t), SAME * np.abs(t), 0.0))
    certain = above(interval.low, limit.high)
    one = interval.low is interval.high and limit.low is limit.high
    return Interval(certain, certain if one else above(interval.high, limit.low))


@dataclass(frozen=True)
class RuleSet:
    """One published rule set: `about` is its row of ``rule_sets.csv``, `rows` are its own rows of ``rules.csv``."""

    name: str
    title: str
    short: str
    variants: tuple
    about: dict = field(repr=False, compare=False)
    rows: pd.DataFrame = field(repr=False, compare=False)

    @cache  # noqa: B019 - a rule set lives as long as the module
    def nodes(self, variant=None):
        """The items as a dict of name -> row of ``rules.csv``, root first, for one published variant."""
        variant = variant or self.variants[0]
        if variant not in self.variants:
            raise CaseDataError("rules.csv", f"{self.name} has no variant '{variant}' but {', '.join(self.variants)}")
        base = RULES[self.about["based_on"]].nodes(variant) if self.about["based_on"] else {}
        mine = self.rows[self.rows["variant"].map(lambda v: v == "" or variant in v.split("|"))]
        found = {row["item"]: row for row in mine.to_dict("records")}
        found |= {n: r for n, r in base.items() if n != self.about["based_on"]}
        if not found[self.name]["members"] or {m for r in found.values() for m in r["members"].split()} - {*found}:
            raise CaseDataError("rules.csv", f"{self.name}: its own row joins items, and each has a row of its own")

        def below(item):
            return [item, *(n for m in found[item]["members"].split() for n in below(m))]

        return {n: found[n] for n in below(self.name)} | {n: r for n, r in found.items() if r["kind"] == "category"}

    def inputs(self, variant=None):
        """The variables that this rule set asks for, in the order of its items."""
        rows = self.nodes(variant).values()
        return list(dict.fromkeys(x for r in rows for x in (r["input"], r["slope_input"]) if x))


check_seal()  # no verdict from a threshold that was changed unawares
ROWS = dict(list(read_table("rules").groupby("rule")))
RULES = {
    name: RuleSet(name, about["title"], about["short"], tuple(about["variants"].split("|")), about, ROWS[name])
    for name, about in read_table("rule_sets").set_index("rule").to_dict("index").items()
}


class Reach(NamedTuple):
    """Where a verdict lies on its rule's own ruler, in the units of its score."""

    low: float
    high: float
    cut: float
    least: float
    most: float

    def place(self, score):
        """A score on the axis of all rulers: -1 the lowest end, 0 the cut-off, 1 the highest or twice the cut-off."""
        top = self.most if np.isfinite(self.most) else 2 * self.cut
        return float(np.interp(score, (self.least, self.cut, top), (-1, 0, 1)))


class _Engine:
    """Evaluates the items of one rule set for all patients at once, each item once."""

    def __init__(self, nodes, columns):
        self.nodes, self.columns, self.found = nodes, columns, {}

    def number(self, name, unit):
        """A numeric input in the unit in which its threshold was published."""
        found = self.columns.get(name, UNKNOWN)
        return found.each(lambda x: units.converted(x, name, CANONICAL[name], unit)) if unit else found

    def threshold(self, row):
        """One for all patients, unless it follows an input of theirs."""
        fixed = np.full(1, float(row["threshold"]))
        if not row["slope_input"]:
            return Interval(fixed, fixed)
        return self.number(row["slope_input"], None).each(lambda x: fixed + row["slope"] * x)

    def truths(self, name):
        return [self.truth(m) for m in self.nodes[name]["members"].split()]

    def count(self, name):
        return _joined(np.add, (t.each(lambda x: x.astype(np.int8)) for t in self.truths(name)))

    def truth(self, name):
        if name not in self.found:
            self.found[name] = self._truth_of(name, self.nodes[name])
        return self.found[name]

    def _truth_of(self, name, row):
        kind = row["kind"]
        if kind in ("flag", "answer"):
            return self.columns.get(row["input"], OPEN)
        if kind == "number":
            return compare(self.number(row["input"], row["unit"]), row["comparator"], self.threshold(row))
        if kind in ("all", "any", "none"):
            found = _joined(and_ if kind == "all" else or_, self.truths(name))
            return _not(found) if kind == "none" else found
        found = compare(self.count(name) if kind == "at_least" else self.points(name), ">=", self.threshold(row))
        if kind == "sum" and all(self.nodes[m]["kind"] == "answer" for m in row["members"].split()):
            nobody = reduce(and_, (possible & ~certain for certain, possible in self.truths(name)))
            return Interval(found.low & ~nobody, found.high | nobody)  # nobody has answered a question
        return found

    def points(self, name):
        """What an item adds to a score."""
        row, kind, members = self.nodes[name], self.nodes[name]["kind"], self.nodes[name]["members"].split()
        if kind == "at_least" and np.isnan(row["points"]):
            return self.count(name)
        if kind == "weight":
            ends = self.number(row["input"], row["unit"]).each(lambda x: row["points"] * x)
            return ends if row["points"] > 0 else Interval(ends.high, ends.low)
        if kind in ("sum", "highest"):
            return _joined(np.add if kind == "sum" else np.maximum, map(self.points, members))
        if kind == "ratio":
            return _ratio(*(self.number(self.nodes[m]["input"], self.nodes[m]["unit"]) for m in members))
        (certain, possible), worth = self.truth(name), row["points"]
        other = 0.0 if np.isnan(row["otherwise"]) else row["otherwise"]
        open_ = (0.0, 0.0) if kind == "answer" else sorted((worth, other))  # of Naranjo's "do not know" 0 is published
        return Interval(*(np.where(certain, worth, np.where(possible, x, other)) for x in open_))

    def score(self, rule):
        """The interval of a score, or None for a rule without one."""
        return self.points(rule) if self.nodes[rule]["kind"] in ("at_least", "sum", "highest", "ratio") else None


def _ratio(top, base):
    """The interval of a ratio; nobody can divide by a rate of zero, so such a ratio stays unknown."""
    with np.errstate(all="ignore"):
        low = top.low / np.where(base.high == 0, np.inf, base.high)
        return Interval(low, np.where(base.low > 0, top.high / base.low, np.where(top.high > 0, np.inf, 0.0)))


def _rule_set(rule):
    if rule not in RULES:
        hint = suggestion(rule, RULES) or "."
        raise KeyError(f"there is no rule set '{rule}'{hint} The rule sets are: {', '.join(RULES)}")
    return RULES[rule]


def _moved(rule_set, nodes, thresholds):
    """The nodes with some thresholds replaced: copies, since every evaluation shares the nodes of a rule set."""
    movable = [n for n, r in nodes.items() if r["kind"] not in FIXED and not np.isnan(r["threshold"])]
    for item, number in thresholds.items():
        plain = isinstance(number, Real) and not isinstance(number, bool) and abs(number) <= 1e308
        if item not in movable or not plain:
            words = {"item": item, "given": repr(number), "rule": rule_set.short, "known": ", ".join(movable)}
            raise UnitError(phrase("rules.no_threshold", **words))
    return nodes | {n: {**nodes[n], "threshold": float(x)} for n, x in thresholds.items()}


def evaluate_table(rule, df, variant=None, thresholds=None):
    """Evaluate a rule set for every row of a table.

    Parameters
    ----------
    rule : str
        Its name in ``rule_sets.csv``.
    df : pandas.DataFrame
        One row a patient, columns named as in ``variables.csv``: numbers in the canonical unit (ferritin µg/L, counts
        ×10⁹/L, AST and LDH U/L, triglycerides and fibrinogen mg/dL, haemoglobin g/dL, temperature °C, ages in years) or
        a `Quantity`, such as a range; findings True, False or missing. A missing column is unknown for everybody.
    variant : str, optional
        One of those that ``rule_sets.csv`` lists for it; the first by default.
    thresholds : dict of str -> float, optional
        Item -> another threshold in the unit in which its own was published: no longer the published rule.

    Returns
    -------
    pandas.DataFrame
        With the same index: a nullable boolean for each item and ``met``, ``status`` (category), for a score
        ``score_low`` and ``score_high``, and ``warnings``: what is not plausible in a row, empty where all is.

    Raises
    ------
    UnitError
        No column that is asked for, or one misspelt; what is no number from zero up, no finding, no threshold.
    CaseDataError
        No such rule or variant.
    """
    rule_set = _rule_set(rule)
    asked, nodes = rule_set.inputs(variant), _moved(rule_set, rule_set.nodes(variant), thresholds or {})
    _check_names(rule_set, asked, df)
    columns = {name: _column(df[name]) for name in asked if name in df.columns}
    engine = _Engine(nodes, columns)

    def full(array):
        return array if len(array) == len(df) else np.repeat(array, len(df))

    out = {n: engine.truth(n) for n in _shown(nodes, rule) if nodes[n]["kind"] not in UNJUDGED}
    out["met"] = engine.truth(rule)
    codes = sum(full(x).astype(np.int8) for x in out["met"])
    out = {n: pd.arrays.BooleanArray(full(t.low), full(t.high & ~t.low)) for n, t in out.items()}
    out["status"] = pd.Categorical.from_codes(codes, VERDICTS, ordered=True)
    if score := engine.score(rule):
        out |= {"score_low": full(score.low.astype(float)), "score_high": full(score.high.astype(float))}
    out["warnings"] = _odd(columns, len(df))
    return pd.DataFrame(out, index=df.index)


def _check_names(rule_set, asked, df):
    """Refuse a misspelt column, whose values would count as unknown; warn of columns that no rule knows."""
    if not isinstance(df, pd.DataFrame) or df.columns.nlevels > 1 or df.columns.duplicated().any():
        raise UnitError(phrase("rules.no_table"))
    absent = [name for name in asked if name not in df.columns]
    strangers = [name for name in df.columns if name not in KIND]
    for name in strangers:
        first = re.split(r"[\W_]+", str(name))[0]  # a unit may follow
        if near := units.meant(name, absent) or units.meant(first, absent):
            values = CANONICAL[near] or "True, False"
            raise UnitError(phrase("rules.renamed", column=name, rule=rule_set.short, near=near, values=values))
    if absent == asked:
        raise UnitError(phrase("rules.no_column", rule=rule_set.short, known=", ".join(asked)))
    if strangers:
        warnings.warn(phrase("rules.strangers", columns=", ".join(map(str, strangers))), UserWarning, stacklevel=3)


def _odd(columns, n):
    """For each row, which numbers are not plausible: a categorical of text, empty where all are."""
    found = {}
    for name in [name for name, column in columns.items() if column.low.dtype != bool]:
        for i in np.flatnonzero(units.odd(name, CANONICAL[name], *columns[name])):
            found.setdefault(i, []).append(phrase("rules.odd", name=name, unit=CANONICAL[name]))
    words = {i: " ".join(sentences) for i, sentences in found.items()}
    codes, choices = np.zeros(n, dtype=int), ["", *dict.fromkeys(words.values())]
    codes[[*words]] = [choices.index(w) for w in words.values()]
    return pd.Categorical.from_codes(codes, choices)


def _column(values):
    """One column as the engine takes it, or UnitError naming column and row."""
    name = values.name
    try:
        if KIND[name] == "flag":
            if values.dtype == object:
                values = values.map(lambda x: _one(_check(name, x)) if isinstance(x, Quantity) else x)
            known = values.astype("boolean")
            certain = known.to_numpy(bool, na_value=False)
            return Interval(certain, known.to_numpy(bool, na_value=True) if known.hasnans else certain)
        if values.dtype.kind in "iuf":
            low = high = values.to_numpy(float, na_value=np.nan)
        else:
            low, high = np.array([_ends(name, x) for x in values]).reshape(-1, 2).T
    except (TypeError, ValueError, OverflowError):
        words = "rules.no_findings" if KIND[name] == "flag" else "rules.no_numbers"
        raise UnitError(phrase(words, column=name, unit=CANONICAL[name])) from None
    bad = (low < 0) | np.isinf(low)
    if bad.any():
        row, number = values.index[bad][0], f"{low[bad][0]:g}"
        raise UnitError(phrase("rules.not_measured", column=name, row=row, number=number))
    empty = np.isnan(low)
    if low is high and not empty.any():
        return Interval(low, low)
    return Interval(np.where(empty, 0.0, low), np.where(empty, np.inf, high))


def _ends(name, cell):
    """The lowest and the highest value of a cell, NaN where it is unknown; text and truth values are no number."""
    if isinstance(cell, Real | Decimal) and not isinstance(cell, bool):
        return float(cell), float(cell)
    known = _one(_check(name, cell))
    return (known.low[0], known.high[0]) if known else (np.nan, np.nan)


def _shown(nodes, rule):
    """Items a reader cares about: inputs, and groups that count as one item or carry points."""
    groups = [r for r in nodes.values() if r["kind"] in ("at_least", "sum", "highest", "none")]
    counted = {m for r in groups for m in r["members"].split()}
    return [n for n, r in nodes.items() if n != rule and r["kind"] != "category" and (r["input"] or n in counted)]


class Verdict:
    """What a rule set says of one patient: its `status` is met, not met or undetermined.

    `score` is the lowest and the highest that is possible, or None; `missing` the inputs that are unknown; `note` what
    the verdict cannot say; `warnings` what is odd about the values given. `items` is a DataFrame, one row an item as in
    ``rules.csv``, with its status, its value as compared, the margin (share of the threshold, positive on the side that
    meets it), whether that is near (within 5 %), and the fewest and most points.
    """

    def __init__(self, rule_set, variant, given):
        self.rule, self.title, self.short = rule_set.name, rule_set.title, rule_set.short
        self.variant, self.note, self._given = variant or rule_set.variants[0], rule_set.about["caveat"], given
        self._nodes, asked = rule_set.nodes(variant), rule_set.inputs(variant)
        self.confirmed = self._nodes[self.rule]["tag"] != "R"  # else its cut-off is recalled, and seen in no source
        self.counts = self._nodes[self.rule]["kind"] in ("at_least", "all")  # its score is a number of items
        known = {n: _one(given[n]) for n in asked if n in given}
        self._engine = _Engine(self._nodes, {n: c for n, c in known.items() if c})
        self.missing = [n for n in asked if n not in self._engine.columns]
        self.status = self._word(self.rule)
        score = self._engine.score(self.rule)
        self.score = score and (float(score.low[0]), float(score.high[0]))
        self._odd = {n: given[n].warning for n in known if isinstance(given[n], Quantity) and given[n].warning}
        self.warnings = tuple(self._odd.values())

    def _word(self, item):
        return VERDICTS[sum(int(x[0]) for x in self._engine.truth(item))]

    @cached_property
    def items(self):
        return pd.DataFrame([self._item(n, self._nodes[n]) for n in _shown(self._nodes, self.rule)])

    def sheet(self):
        """The items in words, ready to show: a DataFrame; the margin is positive on the side that meets the item."""
        items, unknown = self.items, status_word("unknown")
        margin = items["margin"].map(lambda m: unknown if np.isnan(m) else f"{100 * m:+.0f} %".replace("-", "\u2212"))
        margin = margin.where(items["comparator"].isin([*SIGNS]), "")
        near = items["near"].map({True: phrase("rules.within"), False: phrase("rules.not_within")})
        shown = items[["label", "as_given", "rule"]].set_axis(["Item", "Given", "Rule"], axis=1)
        shown["Status"] = items["status"].replace({s: status_word(s) for s in VERDICTS})
        shown[phrase("rules.head_margin")] = margin
        shown[phrase("rules.head_within")] = near.where(~margin.isin(["", unknown]), "")
        return shown.assign(Warning=items["input"].map(self._odd).fillna("")) if self._odd else shown

    def _item(self, name, row):
        given, limit = self._given.get(row["input"]), self._engine.threshold(row)
        status = "" if row["kind"] in UNJUDGED else self._word(name)
        out = {**row, "value": given, "margin": np.nan, "near": False, "status": status, "rule": self._words(row)}
        plain = {None: status_word("unknown"), True: phrase("rules.present"), False: phrase("rules.absent")}
        out["as_given"] = plain.get(given, str(given)) if row["input"] else ""
        if isinstance(given, Quantity):
            here = given.to(row["unit"]) if row["unit"] else given
            out["value"] = here.value if here.high is None else None  # of a range, no end is the value
            if here.known and row["kind"] == "number" and SAME < limit.low[0] == limit.high[0]:
                away = min((x / limit.low[0] - 1 for x in (here.value, here.high) if x is not None), key=abs)
                on_both_sides = status == "undetermined"  # such a range has no distance
                out["margin"] = np.nan if on_both_sides else away if row["comparator"].startswith(">") else -away
                out["near"] = on_both_sides or bool(abs(away) <= NEAR + SAME)
        if not np.isnan(row["points"]) or row["kind"] == "highest":
            out["points_low"], out["points_high"] = (float(x[0]) for x in self._engine.points(name))
        return out

    def _words(self, row):
        if row["kind"] == "number":
            extra = f" + {show(row['slope'])} × {row['slope_input']}" if row["slope_input"] else ""
            return f"{SIGNS[row['comparator']]} {show(row['threshold'])}{extra} {row['unit']}"
        if row["kind"] in ("weight", "value"):
            return ""
        members = ", ".join(self._nodes[m]["label"] for m in row["members"].split())
        return phrase(f"rules.item_{row['kind']}", members=members, least=f"{row['threshold']:.0f}")

    @property
    def category(self):
        """The published band of the score, or None where there are no bands, or nothing is answered."""
        bands = sorted((r["threshold"], n) for n, r in self._nodes.items() if r["kind"] == "category")
        if not bands or self.status == "undetermined":
            return None
        return _span(*(next(n for t, n in reversed(bands) if s >= t) for s in self.score))

    @cached_property
    def reach(self):
        """The `Reach` of this verdict, or None for a rule that counts nothing.

        A plain rule that asks for some of its items lies at their number, and at 0 as long as what it demands besides
        is not certain; so it reaches its cut-off exactly where it is met.
        """
        root, members = self._nodes[self.rule], self._nodes[self.rule]["members"].split()
        if self.score is not None:
            asked = {n: {**r, "kind": "flag"} if r["kind"] == "answer" else r for n, r in self._nodes.items()}
            ends, about = _Engine(asked, {}).points(self.rule), RULES[self.rule].about
            least = ends.low[0] if np.isfinite(ends.low[0]) else about["scale_low"]  # else the published end
            most = ends.high[0] if np.isfinite(ends.high[0]) else about["scale_high"]
            return Reach(*self.score, root["threshold"], float(least), np.inf if np.isnan(most) else float(most))
        groups = [m for m in members if self._nodes[m]["kind"] == "at_least"]
        if root["kind"] != "all" or len(groups) != 1:
            return None
        certain, possible = _joined(and_, (self._engine.truth(m) for m in members if m not in groups))
        (low,), (high,) = self._engine.count(groups[0])
        inside = self._nodes[groups[0]]
        most = float(len(inside["members"].split()))
        return Reach(float(low * certain[0]), float(high * possible[0]), inside["threshold"], 0.0, most)

    @cached_property
    def _results(self):
        """By unknown input, what could still be found: a list as of `_pieces`, never empty."""
        ends = {n: ((SAME,), (variables().at[n, "plausible_high"],)) for n in self.missing}
        some = [phrase("rules.low_enough"), phrase("rules.high_enough")]  # of what is a part of a score or of a ratio
        return {n: _pieces(n, [self]) or [*zip(some, ends[n], strict=True)] for n in self.missing}

    @cached_property
    def possible(self):
        """Every score that is still possible, as a sorted list; None where a score has no steps, or far too many."""
        steps = self.score is not None and not any(r["kind"] in ("weight", "ratio") for r in self._nodes.values())
        # Where each piece begins, and no end: a limit that is itself not known cuts nothing into pieces.
        ends = {n: {np.inf} if KIND[n] == "number" else set() for n in self.missing}
        tried = [{*(piece[0] for _, piece in pieces), *ends[n]} for n, pieces in self._results.items()]
        if not steps or math.prod(map(len, tried)) > 50_000:
            return None
        found = self._suppose(self.missing, product(*tried)).points(self.rule)
        return sorted({float(x) for x in np.concatenate(found)})

    @cached_property
    def settling(self):
        """The smallest sets of unknown inputs that could settle the verdict, and what each would push it to.

        A DataFrame with columns inputs (tuple), result (what would have to be found) and verdict.
        """
        asked = self.missing if self.status == "undetermined" else []
        by_size = ([row for names in combinations(asked, n) for row in self._settlers(names)] for n in range(1, 6))
        return pd.DataFrame(next(filter(None, by_size), []), columns=["inputs", "result", "verdict"])

    @property
    def cheapest(self):
        """Rows of `settling` that ask least of the child, by the burden of their inputs, an order chosen by us."""
        cost = self.settling["inputs"].map(lambda names: sum(variables()["burden"][list(names)]))
        return self.settling[cost == cost.min()]

    @property
    def settled_by(self):
        """The smallest sets of missing inputs that could settle it, a list of frozensets, empty once it is settled."""
        return list(dict.fromkeys(map(frozenset, self.settling["inputs"])))

    def _settlers(self, names):
        """The results for these inputs that settle the verdict: those where every corner says the same."""
        trials = list(product(*(self._results[n] for n in names)))
        corners = [corner for trial in trials for corner in product(*(ends for _, ends in trial))]
        truth = self._suppose(names, corners).truth(self.rule)
        codes = np.broadcast_to(sum(x.astype(int) for x in truth), len(corners)).reshape(len(trials), -1)
        for trial, low, high in zip(trials, codes.min(axis=1), codes.max(axis=1), strict=True):
            if low == high != 1:
                words = (f"{variables().at[n, 'label']} {result}" for n, (result, _) in zip(names, trial, strict=True))
                yield names, phrase("rules.and").join(words), VERDICTS[low]

    def _suppose(self, names, trials):
        """An engine for patients like this one, each with one trial's values for the inputs named."""
        columns = {n: Interval(x, x) for n, x in zip(names, map(np.array, zip(*trials, strict=True)), strict=False)}
        return _Engine(self._nodes, self._engine.columns | columns)

    def __repr__(self):
        words = {"rule": self.short, "status": status_word(self.status)}
        if self.score is None:
            return phrase("rules.verdict", **words)
        score, band = _span(*map(show, self.score)), self.category
        return phrase("rules.banded" if band else "rules.scored", **words, score=score, band=band)


def _span(low, high):
    return low if low == high else phrase("rules.span", low=low, high=high)


def _pieces(name, verdicts):
    """What an input could be, cut at each threshold of these verdicts; empty where nothing cuts a number.

    A list of (words, what stands for them: True or False, or the lowest and the highest value in its canonical unit).
    """
    row, cuts = variables().loc[name], {}  # (threshold, whether it belongs to the lower side) -> words
    if row["kind"] == "flag":
        return [(phrase("rules.present"), (True,)), (phrase("rules.absent"), (False,))]
    for v in verdicts:
        for r in v._nodes.values():
            limit = v._engine.threshold(r) if r["input"] == name and r["kind"] == "number" else None
            if limit and limit.low[0] == limit.high[0]:  # a limit that slopes with an unknown is no fixed cut
                at = units.converted(limit.low[0], name, r["unit"], row["canonical_unit"])
                cut = float(f"{at:.12g}"), r["comparator"] in ("<=", ">")
                cuts.setdefault(cut, f"{show(limit.low[0])} {r['unit']}")
    found, start, above = [], 0.0, ""
    for (t, belongs_below), words in sorted(cuts.items()):
        upto = ("≤ " if belongs_below else "< ") + words
        if above:
            upto = phrase("rules.up_to" if belongs_below else "rules.below", start=above, end=words)
        found.append((upto, (start, t if belongs_below else t * (1 - 1e-6))))
        start, above = t * (1 + 1e-6) if belongs_below else t, ("> " if belongs_below else "≥ ") + words
    return [*found, (above, (start, max(row["plausible_high"], 2 * start)))] if found else []


def unknown_results(verdicts):
    """What the unknowns of several verdicts on one patient could turn out to be, cut at each threshold of any of them.

    By input: a list of (words, a bool or `Quantity` that stands for them); what no threshold cuts is left out.
    """
    found = {n: _pieces(n, verdicts) for n in dict.fromkeys(n for v in verdicts for n in v.missing)}
    return {n: [(words, _middle(n, ends)) for words, ends in pieces] for n, pieces in found.items() if pieces}


def _middle(name, ends):
    return ends[0] if KIND[name] == "flag" else Quantity(name, sum(ends) / 2, CANONICAL[name])


def _one(value):
    """One patient's input as a column of length 1; None where it is unknown."""
    if isinstance(value, Quantity):
        return Interval(*np.array(value.canonical().bounds())[:, None]) if value.known else None
    return None if value is None else Interval(*[np.array([value])] * 2)


def _check(name, value):
    """One input of a dict, or UnitError that says how to write it."""
    choices, number = units.accepted(name), KIND[name] == "number"
    if value is None or value is pd.NA:
        return None
    if isinstance(value, Quantity) and value.variable == name and (number or not value.known):
        return value
    if isinstance(value, bool | np.bool_) and not number:
        return bool(value)
    words = "rules.no_quantity" if number else "rules.no_finding"
    raise UnitError(phrase(words, name=name, given=repr(value), choices=choices))


def evaluate(rule, data, variant=None):
    """Evaluate a rule set, or a published variant of it, for one patient: a `Verdict`.

    `data` is a case as of a moment, or a dict of variable -> Quantity, True, False or None; missing means unknown.
    KeyError: no such rule set. UnitError: an unknown variable, a bare number, text for a finding.
    """
    rule_set = _rule_set(rule)
    given = data if isinstance(data, Mapping) else getattr(data, "inputs", None)
    if given is None:
        raise UnitError(phrase("rules.no_patient", given=type(data).__name__))
    return Verdict(rule_set, variant, {n: _check(n, v) for n, v in given.items()})


def hscore_probability(score):
    """The published probability of haemophagocytic syndrome at an HScore: (per cent, the words to print).

    Between the printed points we interpolate on the logit: no formula was published (source: fardet2014, table seen in
    a reproduction). Beyond its ends the words are ``"<1 %"`` and ``">99 %"``.
    """
    table = read_table("score_probability").set_index("score")
    first, last = table.index[[0, -1]]  # beyond the last exact figures only a bound is printed
    if not first < score < last:
        end = table.loc[first if score <= first else last]
        return float(end["percent"]), f"{end['bound']}{end['percent']:.0f} %"
    exact = table[table["bound"] == ""]["percent"] / 100
    percent = float(100 / (1 + np.exp(-np.interp(score, exact.index, np.log(exact / (1 - exact))))))
    if score in exact.index:
        return percent, f"{percent:.0f} %"
    inside = exact.index[0] <= score <= exact.index[-1]
    words = "about" if inside else "at_most" if percent < 50 else "at_least"
    return percent, phrase(f"rules.{words}", percent=f"{percent:.0f} %")
