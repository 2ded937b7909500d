"""A virtual cohort, to see what a threshold does: SIMULATED children, none of whom exists.

Each is drawn from the distributions of ``cohort.csv``, which says of every one whether a source gives it or we chose
it. Such a cohort shows how sensitivity and specificity trade against each other, never how good a rule is.
"""

from functools import cache
from numbers import Integral, Real
from statistics import NormalDist

import ipywidgets as widgets
import numpy as np
import pandas as pd

from utils import plots
from utils.explore import REACH, Explorer, Number, none_such, values
from utils.page import say, table, together
from utils.phrases import phrase, status_word
from utils.rules import RULES, SIGNS, evaluate_table
from utils.tables import read_table
from utils.units import UnitError, among, factors, quantity, show, variables

WATERMARK = "SIMULATED"  # names the index of every table made here, so it stands on whatever is shown or saved
GROUPS = {"active": phrase("cohort.active"), "mas": phrase("cohort.mas")}
ONE_DRAW = {"neutrophils": "wbc"}  # drawn apart, one child in four would have more neutrophils than white cells
COUNTS = ["true_positive", "false_negative", "undetermined_mas"]
COUNTS += ["false_positive", "true_negative", "undetermined_active"]
QUARTILE = NormalDist().inv_cdf(0.75)


@cache
def _pairs():
    """``cohort.csv`` as a dict of variable -> its two rows in the order of GROUPS."""
    groups = read_table("cohort").set_index("group").groupby("variable", sort=False)
    return {name: rows.loc[list(GROUPS)] for name, rows in groups}


def simulate(n, share_mas=0.5, seed=2021):
    """Draw children, each with MAS or with active systemic JIA without MAS; the same seed draws the same children.

    Parameters
    ----------
    n : int
        How many, 1 to 1,000,000; ``round(n * share_mas)`` of them have MAS.
    share_mas : float
        0 to 1.
    seed : int
        Zero or more.

    Returns
    -------
    pandas.DataFrame
        Shape (n, 18): ``mas`` (bool), the truth, and the variables of ``cohort.csv``, as `evaluate_table` takes them:
        findings as bool, numbers in the canonical unit, held within the plausible limits of ``variables.csv``.

    Raises
    ------
    ValueError
        `n` or `seed` is no whole number in range, or `share_mas` lies outside 0 to 1.
    """
    for name, x, low, high in (("n, the number of children,", n, 1, 10**6), ("seed", seed, 0, 2**63 - 1)):
        if not isinstance(x, Integral) or isinstance(x, bool) or not low <= x <= high:
            raise ValueError(f"{name} is a whole number from {low} to {high:,}, not {x!r}")
    if not isinstance(share_mas, Real) or isinstance(share_mas, bool) or not 0 <= share_mas <= 1:
        raise ValueError(f"share_mas, the share of children with MAS, is a number from 0 to 1, not {share_mas!r}")
    rng = np.random.default_rng(seed)
    mas = rng.permutation(n) < round(n * share_mas)
    group, severity, noise, out = mas.astype(int), rng.standard_normal(n), {}, {"mas": mas}
    for name, rows in _pairs().items():
        if (draw := ONE_DRAW.get(name, name)) not in noise:
            noise[draw] = rng.standard_normal(n)
        loading = rows["loading"].to_numpy()
        z = loading[group] * severity + np.sqrt(1 - loading**2)[group] * noise[draw]
        out[name] = _values(name, rows, z, group)
    return pd.DataFrame(out, index=pd.RangeIndex(1, n + 1, name=WATERMARK))


def _values(name, rows, z, group):
    """Standard normal draws of shape (n,) as findings, or as numbers in the canonical unit."""
    if rows["kind"].iloc[0] == "share":
        limits = [NormalDist().inv_cdf(p) if 0 < p < 1 else (2 * p - 1) * np.inf for p in rows["share"]]
        return z < np.array(limits)[group]
    by = np.array([factors(name)[unit] for unit in rows["unit"]])
    median, q1, q3 = (rows[column].to_numpy() * by for column in ("median", "q1", "q3"))
    below, above = np.log(median / q1) / QUARTILE, np.log(q3 / median) / QUARTILE
    numbers = median[group] * np.exp(z * np.where(z < 0, below[group], above[group]))
    return np.clip(numbers, *variables().loc[name, ["plausible_low", "plausible_high"]])


def accuracy(met, mas):
    """Hold verdicts against the truth, which only a simulation knows.

    Parameters
    ----------
    met, mas : array-like of bool, shape (n,)
        The column ``met`` of `evaluate_table`, missing where undetermined; and who has MAS.

    Returns
    -------
    dict
        Six counts that sum to n: true_positive, false_negative, undetermined_mas, false_positive, true_negative,
        undetermined_active; and ``sensitivity`` and ``specificity`` among the children with a verdict, else NaN.

    Raises
    ------
    ValueError
        Something else than truth values, or not one of both for each child.
    """
    try:
        met, mas = (pd.array(x, dtype="boolean") for x in (met, mas))
    except (TypeError, ValueError):
        raise ValueError("met and mas hold True or False for each child; only met may be missing") from None
    if len(met) != len(mas) or mas.isna().any():
        raise ValueError(f"met stands for {len(met)} children and mas for {(~mas.isna()).sum()}: give both for each")
    with_mas = mas.to_numpy(bool)
    yes, no = (x.to_numpy(bool, na_value=False) for x in (met, ~met))
    counts = [int((group & said).sum()) for group in (with_mas, ~with_mas) for said in (yes, no, ~(yes | no))]
    (tp, fn, _), (fp, tn, _) = counts[:3], counts[3:]
    rates = tp / (tp + fn) if tp + fn else np.nan, tn / (fp + tn) if fp + tn else np.nan
    return dict(zip(COUNTS, counts, strict=True)) | dict(zip(("sensitivity", "specificity"), rates, strict=True))


def sweep(rule, children, item, values, step=None):
    """Move one threshold of a rule set, all others as published, and count anew each time.

    Parameters
    ----------
    rule, item : str
        A name of `utils.rules.RULES`; and its item to move, or its own name for the cut-off of a score.
    children : pandas.DataFrame
        As from `simulate`: the column ``mas``, and what the rule asks for, in canonical units.
    values : iterable of float, shape (k,)
        Thresholds, in the unit in which the item's own was published.
    step : callable, optional
        Called as ``step(done, total)`` after each threshold, for a progress bar.

    Returns
    -------
    pandas.DataFrame
        Shape (k, 9): ``threshold``, then what `accuracy` returns.

    Raises
    ------
    UnitError
        An item without a threshold, or a threshold that is no finite number.
    ValueError
        No column ``mas``.
    """
    if "mas" not in getattr(children, "columns", ()):
        raise ValueError("sweep takes children as from simulate, a table with the column 'mas'")
    rows, values, asked = [], list(values), children.drop(columns="mas")
    for done, value in enumerate(values, 1):
        met = evaluate_table(rule, asked, thresholds={item: value})["met"]
        rows.append({"threshold": value} | accuracy(met, children["mas"]))
        if step:
            step(done, len(values))
    return pd.DataFrame(rows, columns=["threshold", *COUNTS, "sensitivity", "specificity"]).rename_axis(WATERMARK)


def described():
    """The distributions in words, ready to show: a DataFrame of Variable, Group, Distribution, Severity and Source."""
    found = []
    for row in pd.concat(_pairs().values()).reset_index().to_dict("records"):
        row["percent"] = 100 * row["share"]
        words = phrase("cohort.present" if row["kind"] == "share" else "cohort.spread", **row)
        severity = f"{row['loading']:+g}".replace("-", "\u2212") if row["loading"] else "0"
        source = phrase("cohort.ours") if row["source"] == "chosen" else f"{row['source']}: {row['population']}"
        found.append((variables().at[row["variable"], "label"], GROUPS[row["group"]], words, severity, source))
    columns = ["cohort.variable", "cohort.group", "cohort.distribution", "cohort.severity", "cohort.source"]
    return pd.DataFrame(found, columns=[*map(phrase, columns)]).rename_axis(WATERMARK)


def crowd(sensitivity, specificity, prior, n=100):
    """A sensitivity and a specificity as people counted.

    Parameters
    ----------
    sensitivity, specificity : float
        0 to 1.
    prior : float
        How many of 100 have the disease.
    n : int
        How many people in all.

    Returns
    -------
    dict of str -> int
        ``with, met``, ``with, not met``, ``without, met`` and ``without, not met``: whole people, n in all.
    """
    have = round(n * prior / 100)
    met, spared = round(have * sensitivity), round((n - have) * specificity)
    return {
        "with, met": met,
        "with, not met": have - met,
        "without, met": n - have - spared,
        "without, not met": spared,
    }


STEPS = 60  # thresholds of a sweep
SLOW = 100_000  # children from which a sweep of all steps may take more than two seconds, so that a bar is shown
STYLE = {"style": {"description_width": "13em"}, "layout": {"width": "32em"}}


class Chance(Explorer):
    """Children, or adults, counted: who has the disease, and who meets the rule.

    Parameters
    ----------
    rule, study : str
        A row of ``performance.csv`` that has both a sensitivity and a specificity.
    prior : int
        How many of 100 have the disease, to begin with; chosen by us.
    """

    def __init__(self, rule="hscore", study="derivation", prior=20):
        known = read_table("performance").dropna(subset=["sensitivity", "specificity"])
        self._rows = {(r.rule, r.study): r for r in known.itertuples()}
        options = [(f"{RULES[r].short}: {s}", (r, s)) for r, s in self._rows]
        controls = {
            "study": widgets.Dropdown(
                options=options, value=(rule, study), description=phrase("thresholds.study"), **STYLE
            ),
            "prior": Number(phrase("thresholds.prior"), prior, 0, 100, whole=True, width="13em"),
        }
        super().__init__([*controls.values()], controls)

    def _view(self, now):
        row = self._rows[now["study"]]
        n = crowd(row.sensitivity, row.specificity, now["prior"])
        who = phrase("thresholds.adults" if row.population == "adults" else "thresholds.children")
        yes, no = n["with, met"] + n["with, not met"], n["without, met"] + n["without, not met"]
        met = n["with, met"] + n["without, met"]
        told = {"yes": yes, "no": no, "met": met, "yes_met": n["with, met"], "no_met": n["without, met"]}
        said = [
            phrase("thresholds.have_it", who=who, yes=yes, disease=row.with_disease),
            phrase("thresholds.meet_it", **told),
            phrase("thresholds.of_those" if met else "thresholds.nobody", **told),
        ]
        shares = ((row.sensitivity, yes, n["with, not met"]), (row.specificity, no, n["without, met"]))
        if any(share < 1 and people and not wrong for share, people, wrong in shares):
            said.append(phrase("thresholds.rounded"))
        counts = {
            phrase("thresholds.with_met"): (n["with, met"], "circle full"),
            phrase("thresholds.with_not_met"): (n["with, not met"], "circle"),
            phrase("thresholds.without_met"): (n["without, met"], "square full"),
            phrase("thresholds.without_not_met"): (n["without, not met"], "square"),
        }
        known = {"rule": RULES[row.rule].short, "source": row.source, "study": row.study}
        caption = phrase("thresholds.counted", **known, who=who)
        rows = [
            (phrase("thresholds.with"), n["with, met"], n["with, not met"], yes),
            (phrase("thresholds.without"), n["without, met"], n["without, not met"], no),
            (phrase("thresholds.all_rows"), met, 100 - met, 100),
        ]
        heads = map(phrase, ("thresholds.meet", "thresholds.do_not", "thresholds.all"))
        frame = pd.DataFrame(rows, columns=[phrase("thresholds.of_100", who=who), *heads])
        rates = {"sensitivity": 100 * row.sensitivity, "specificity": 100 * row.specificity}
        title = phrase("thresholds.counted_from", **rates)
        return together(say(" ".join(said)), plots.icons(counts, caption).whole, table(frame, title))

    def set(self, prior=None, rule=None, study=None, **other):
        """The same by call: ``set(prior=5)``, ``set(rule="mas_2016", study="validation")``; returns what is shown."""
        if other:
            return none_such(other, "prior", "rule", "study")
        wanted = tuple(now if new is None else new for new, now in zip((rule, study), self._used["study"], strict=True))
        if not all(isinstance(w, str) for w in wanted) or wanted not in self._rows:
            listed = "; ".join(f"{r}, {s}" for r, s in self._rows)
            return say(phrase("thresholds.no_study", given=", ".join(map(str, wanted)), known=listed))
        if prior is not None and (isinstance(prior, bool) or not isinstance(prior, int) or not 0 <= prior <= 100):
            return say(phrase("thresholds.no_prior", given=repr(prior)))
        return self._move(study=wanted, prior=self._used["prior"] if prior is None else prior)

    def get(self):
        """What is counted now: dict of rule, study and prior (of 100)."""
        rule, study = self._used["study"]
        return {"rule": rule, "study": study, "prior": self._used["prior"]}


class Threshold(Number):
    """A threshold to move: a slider over the logarithm, in 200 steps, and a field that may go beyond it."""

    def __init__(self, value):
        super().__init__(phrase("thresholds.threshold"), value, 0, np.inf, width="13em")

    def _handle(self, value):
        return widgets.FloatLogSlider(value, readout=False, min=-1, max=6, layout={"width": "16em"})

    def fit(self, low, high, node):
        """Let the slider go from `low` to `high`."""
        low, high = np.log10([low, high])
        self.slider.min, self.slider.max = -9.0, float(high)  # widened first: a slider refuses a low above its high
        self.slider.min, self.slider.step = float(low), (high - low) / 200
        self.value, self.unit = float(node["threshold"]), node["unit"]

    def _slid(self, at):
        mine = np.clip(self.field.value, *self._ends)
        beside = abs(np.log10(at / mine))  # on the page the handle stands up to half a step beside
        if beside > 0.4 * self.slider.step or self.refused.value:
            self.field.value = self.of(at)

    @property
    def _ends(self):
        return 10.0**self.slider.min, 10.0**self.slider.max

    def of(self, at):
        return float(f"{at:.3g}")

    def beside(self):
        here, ends = np.log10(self.slider.value), (self.slider.min, self.slider.max)
        steps = [here + k * self.slider.step * side for k in range(1, REACH + 1) for side in (1, -1)]
        return [float(10**s) for s in steps if ends[0] <= s <= ends[1]]

    def check(self, number, node):
        if not 0 < number <= _top(node):
            raise UnitError(phrase("thresholds.not_a_threshold", number=number, highest=_highest(node)))


class Thresholds(Explorer):
    """Move one threshold of a rule, all others as published, and see what it does to SIMULATED children.

    Parameters
    ----------
    rules : sequence of str
        Names of `RULES`. What can be moved: the thresholds of numbers, and the cut-off of a score above zero.
    item : str, optional
        The item to begin with; the first by default.
    n : int
        How many children to simulate at first.
    """

    slow = ("item", "n")

    def __init__(self, rules=("mas_2016", "ferritin_esr"), item=None, n=2000):
        self._swept, self._drawn, self._nodes, drawn = {}, {}, {}, simulate(1)
        for rule in rules:
            for name, row in RULES[rule].nodes().items():
                if (row["kind"] == "number" and row["input"] in drawn) or (name == rule and row["threshold"] > 0):
                    self._nodes.setdefault(name, {**row, "rule": rule})
        options = [
            (phrase("thresholds.item_published", item=_named(r), limit=_limit(r, r["threshold"])), k)
            for k, r in self._nodes.items()
        ]
        item = item or options[0][1]
        listed = widgets.Dropdown(options=options, value=item, description=phrase("thresholds.item"), **STYLE)
        sizes = [(f"{x:,}", x) for x in sorted({n, 2000, 20_000, 500_000})]
        size = widgets.Dropdown(options=sizes, value=n, description=phrase("thresholds.size"), **STYLE)
        self._bar = widgets.IntProgress(
            0, 0, STEPS, description=phrase("thresholds.counting"), layout={"display": "none"}
        )
        controls = {"item": listed, "n": size, "threshold": Threshold(float(self._nodes[item]["threshold"]))}
        self._begin(controls["threshold"], item)
        super().__init__([*controls.values(), self._bar], controls)

    def _begin(self, number, item):
        """Fit the slider to an item: over the range of this cohort, and the values that can be typed."""
        grid = self._grid(self._nodes[item])
        number.fit(grid[0], grid[-1], self._nodes[item])

    def _settled(self, now, name):
        return {**now, "threshold": float(self._nodes[now["item"]]["threshold"])} if name == "item" else now

    def _place(self, now):
        if now["item"] != self._used["item"]:
            self._begin(self._controls["threshold"], now["item"])
        super()._place(now)

    def _check(self, now):
        self._controls["threshold"].check(now["threshold"], self._nodes[now["item"]])

    def _children(self, n):
        if n not in self._drawn:
            self._drawn = {n: simulate(n)}  # one size at a time: they are large
            self._swept = {}
        return self._drawn[n]

    def _grid(self, node):
        """Thresholds of the sweep in the published unit: over the range of this cohort, evenly in the logarithm."""
        few = simulate(2000)
        if node["input"]:
            values = few[node["input"]] / factors(node["input"])[node["unit"]]
        else:
            values = evaluate_table(node["rule"], few.drop(columns="mas"))["score_low"]
        low, high = np.quantile(values, [0.02, 0.98])
        grid = np.geomspace(min(low, node["threshold"] / 1.5), max(high, node["threshold"] * 1.5), STEPS)
        return np.unique([*[float(f"{x:.3g}") for x in grid], node["threshold"]])

    def _sweep(self, item, children):
        """Sensitivity and specificity at every threshold of the grid; counted once for an item and a size."""
        if item not in self._swept:
            node = self._nodes[item]
            slow, grid = len(children) >= SLOW, self._grid(node)
            self._bar.max, self._bar.value, self._bar.layout.display = len(grid), 0, "flex" if slow else "none"

            def step(done, total):
                self._bar.value, self._bar.description = done, phrase("thresholds.done", done=done, total=total)

            self._swept[item] = sweep(node["rule"], children, item, grid, step if slow else None)
            self._bar.layout.display = "none"
        return self._swept[item]

    def _view(self, now):
        node, children, chosen = self._nodes[now["item"]], self._children(now["n"]), now["threshold"]
        swept = self._sweep(now["item"], children)
        pair = sweep(node["rule"], children, now["item"], [node["threshold"], chosen])
        settled = [c for c in COUNTS if "undetermined" not in c]  # nothing is missing in a simulated child
        rows = [
            (phrase(whose, limit=_limit(node, r["threshold"])), *_rates(r), *[f"{r[c]:,}" for c in settled])
            for whose, r in zip(("thresholds.published", "thresholds.yours"), pair.to_dict("records"), strict=True)
        ]
        heads = ["thresholds.head", "thresholds.sensitivity", "thresholds.specificity", "thresholds.mas_met"]
        heads += ["thresholds.mas_missed", "thresholds.no_mas_met", "thresholds.no_mas_not_met"]
        moved = {"rule": RULES[node["rule"]].short, "item": node["label"]}
        title = phrase("thresholds.moved_table", **moved, n=len(children))
        picture = plots.trade(swept, chosen, node, phrase("thresholds.moved", **moved))
        return together(picture, table(pd.DataFrame(rows, columns=[*map(phrase, heads)]), title))

    def set(self, threshold=None, item=None, n=None, **other):
        """The same by call: ``set("1,000 ng/mL", item="ferritin")``, ``set(n=500_000)``; returns what is shown."""
        if other:
            return none_such(other, "threshold", "item", "n")
        if item is not None and not among(item, self._nodes):
            return say(phrase("thresholds.no_item", item=item, known=", ".join(self._nodes)))
        if n is not None and not among(n, values(self._controls["n"])):
            known = ", ".join(map(str, values(self._controls["n"])))
            return say(phrase("thresholds.no_size", given=repr(n), known=known))
        item = item or self._used["item"]
        try:
            wanted = {} if threshold is None else {"threshold": _read(threshold, self._nodes[item])}
        except UnitError as refused:
            return say(phrase("explorer.refused", why=refused))
        return self._move(item=item, n=n or self._used["n"], **wanted)

    def get(self):
        """What is shown now: dict of rule, item, threshold, unit and n."""
        node = self._nodes[self._used["item"]]
        return {"rule": node["rule"], **self._used, "unit": node["unit"]}


def _named(node):
    return node["label"] if node["input"] else phrase("thresholds.whole", rule=RULES[node["rule"]].short)


def _limit(node, value):
    return f"{SIGNS[node['comparator']]} {show(value)} {node['unit']}".rstrip()


def _top(node):
    """The highest threshold that is taken: where the plausible ends; for a score, which has no such end, a million."""
    if not node["input"]:
        return 1e6
    return float(variables().at[node["input"], "plausible_high"] / factors(node["input"])[node["unit"]])


def _highest(node):
    return f"{show(_top(node))} {node['unit']}".rstrip()


def _read(threshold, node):
    """One threshold in the published unit, or UnitError: a measured value needs its unit, a score has none."""
    if node["input"]:
        value = quantity(threshold, node["input"]).to(node["unit"]).single()
    else:
        try:
            value = float(str(threshold))
        except ValueError:
            rule = RULES[node["rule"]].short
            raise UnitError(phrase("thresholds.not_a_number", given=threshold, rule=rule)) from None
    if not 0 < value <= _top(node):
        raise UnitError(phrase("thresholds.not_one_threshold", given=threshold, highest=_highest(node)))
    return value


def _rates(row):
    """Sensitivity and specificity as per cent, in words."""
    rates = row["sensitivity"], row["specificity"]
    return [status_word("unknown") if np.isnan(rate) else f"{100 * rate:.1f} %" for rate in rates]


threshold_explorer, chance = Thresholds, Chance
