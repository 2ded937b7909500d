"""A virtual cohort, to see what a threshold does: SIMULATED children, none of whom exists.

Each is drawn from the distributions of ``cohort.csv``, which says of every one whether a source gives it or we chose
it. Such a cohort shows how sensitivity and specificity trade against each other, never how good a rule is.
"""

from functools import cache
from itertools import product
from statistics import NormalDist

import numpy as np
import pandas as pd

from utils import plots
from utils.explore import Choice, Number, explorer
from utils.page import headed, say, together
from utils.phrases import phrase
from utils.rules import RULES, SIGNS, evaluate_table
from utils.tables import read_table
from utils.units import factors, quantity, show, variables

WATERMARK = "SIMULATED"  # names the index of every table made here, so it stands on whatever is shown or saved
ONE_DRAW = {"neutrophils": "wbc"}  # drawn apart, one child in four would have more neutrophils than white cells
COUNTS = ["true_positive", "false_negative", "undetermined_mas"]
COUNTS += ["false_positive", "true_negative", "undetermined_active"]
QUARTILE = NormalDist().inv_cdf(0.75)
STEPS = 60  # thresholds of a sweep


@cache
def simulate(n, seed=2021):
    """Draw `n` children, half of them with MAS, half with active systemic JIA without; a seed draws the same again.

    A DataFrame of shape (n, 18): ``mas`` (bool), the truth, and the variables of ``cohort.csv``, as `evaluate_table`
    takes them: findings as bool, numbers in the canonical unit, within the plausible limits of ``variables.csv``.
    """
    rng = np.random.default_rng(seed)
    mas = rng.permutation(n) < round(n / 2)
    group, severity, noise, out = mas.astype(int), rng.standard_normal(n), {}, {"mas": mas}
    for name, rows in read_table("cohort").set_index("group").groupby("variable", sort=False):
        if (draw := ONE_DRAW.get(name, name)) not in noise:
            noise[draw] = rng.standard_normal(n)
        rows = rows.loc[["active", "mas"]]
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
    """Hold verdicts (missing where undetermined) against who has MAS, which only a simulation knows.

    A dict of `COUNTS`, which sum to all; ``sensitivity`` and ``specificity`` among those with a verdict, else NaN.
    """
    met, mas = pd.array(met, dtype="boolean"), np.asarray(mas, dtype=bool)
    yes, no = (x.to_numpy(bool, na_value=False) for x in (met, ~met))
    cells = product((mas, ~mas), (yes, no, ~(yes | no)))
    found = {name: int((group & verdict).sum()) for name, (group, verdict) in zip(COUNTS, cells, strict=True)}
    tp, fn, _, fp, tn, _ = found.values()
    return found | {"sensitivity": tp / (tp + fn or np.nan), "specificity": tn / (fp + tn or np.nan)}


def sweep(rule, children, item, values):
    """Move one threshold of a rule set, all others as published, and count anew for each of k `values`.

    `item` is one of the rule set, or its own name for the cut-off of a score; `children` are as from `simulate`, the
    values in the unit of the published one (else UnitError). A DataFrame of shape (k, 9): ``threshold``, then what
    `accuracy` returns.
    """
    asked, rows = children.drop(columns="mas"), []
    for value in values:
        met = evaluate_table(rule, asked, thresholds={item: value})["met"]
        rows.append({"threshold": value} | accuracy(met, children["mas"]))
    return pd.DataFrame(rows).rename_axis(WATERMARK)


def crowd(sensitivity, specificity, prior, n=100):
    """A sensitivity and a specificity (0 to 1) as `n` whole people, of whom `prior` in 100 have the disease: a dict."""
    have = round(n * prior / 100)
    met, spared = round(have * sensitivity), round((n - have) * specificity)
    counts = {"with_met": met, "with_not_met": have - met}
    return counts | {"without_met": n - have - spared, "without_not_met": spared}


def chance(rule="hscore", study="derivation", prior=20):
    """A hundred children, or adults, counted: who has the disease, and who meets the rule.

    `rule` and `study` name a row of ``performance.csv`` that has both a sensitivity and a specificity; `prior` is how
    many of 100 have the disease to begin with, which we chose.
    """
    known = read_table("performance").dropna(subset=["sensitivity", "specificity"])
    studies = {f"{r.rule}: {r.study}": r for r in known.itertuples()}

    def view(study, prior):
        row = studies[study]
        n, rates = crowd(row.sensitivity, row.specificity, prior), (row.sensitivity, row.specificity)
        (yes_met, yes_not, no_met, no_not), met = n.values(), n["with_met"] + n["without_met"]
        who = phrase("thresholds.adults" if row.population == "adults" else "thresholds.children")
        sentences = ["have_it", "meet_it", "of_those" if met else "nobody"]
        parts = zip(rates, (prior, 100 - prior), (yes_not, no_met), strict=True)
        sentences += ["rounded"] * any(rate < 1 and people and not wrong for rate, people, wrong in parts)
        words = {"who": who, "disease": row.with_disease, "yes": prior, "no": 100 - prior, "met": met, **n}
        line = " ".join(phrase(f"thresholds.{sentence}", **words) for sentence in sentences)
        signs = zip(n.items(), ("circle full", "circle", "square full", "square"), strict=True)
        counts = {phrase(f"thresholds.{name}"): (people, sign) for (name, people), sign in signs}
        caption = phrase("thresholds.counted", rule=RULES[row.rule].short, source=row.source, study=row.study, who=who)
        rows = [("with", yes_met, yes_not), ("without", no_met, no_not), ("all_rows", met, 100 - met)]
        rows = [(phrase(f"thresholds.{name}"), a, b, a + b) for name, a, b in rows]
        title = phrase("thresholds.counted_from", sensitivity=100 * rates[0], specificity=100 * rates[1])
        sheet = headed(rows, "thresholds", "of_100 meet do_not all", title, who=who)
        return together(say(line), plots.icons(counts, caption).whole, sheet)

    def tell(state):
        row = studies[state["study"]]
        return {"rule": row.rule, "study": row.study, "prior": state["prior"]}

    def accept(values):
        wanted = made.get() | values
        return wanted | {"study": f"{wanted.pop('rule')}: {wanted.pop('study')}"}

    options = {f"{RULES[r.rule].short}: {r.study}": name for name, r in studies.items()}
    listed = Choice(phrase("thresholds.study"), options, f"{rule}: {study}")
    number = Number(phrase("thresholds.prior"), prior, 0, 100, whole=True)
    made = explorer(view, accept=accept, tell=tell, study=listed, prior=number)
    return made


def threshold_explorer(rules=("mas_2016", "ferritin_esr"), n=2000):
    """Move one threshold of a rule, all others as published, and see what it does to `n` SIMULATED children.

    What can be moved: the thresholds of numbers, and the cut-off of a score above zero.
    """
    children, nodes = simulate(n), {}
    for rule in rules:
        for name, row in RULES[rule].nodes().items():
            if (row["kind"] == "number" and row["input"] in children) or (name == rule and row["threshold"] > 0):
                nodes.setdefault(name, {**row, "rule": rule, "threshold": float(row["threshold"])})

    @cache
    def swept(item):
        """Sensitivity and specificity over the range of this cohort, evenly in the logarithm."""
        node = nodes[item]
        if node["input"]:
            values = children[node["input"]] / factors(node["input"])[node["unit"]]
        else:
            values = evaluate_table(node["rule"], children.drop(columns="mas"))["score_low"]
        low, high = np.quantile(values, [0.02, 0.98])
        grid = np.geomspace(min(low, node["threshold"] / 1.5), max(high, node["threshold"] * 1.5), STEPS)
        grid = np.unique([*[float(f"{x:.3g}") for x in grid], node["threshold"]])
        return sweep(node["rule"], children, item, grid)

    def ends(state):
        grid = swept(state["item"])["threshold"]
        return float(grid.min()), float(grid.max()), nodes[state["item"]]["unit"]

    def limit(node, value):
        return f"{SIGNS[node['comparator']]} {show(value)} {node['unit']}".rstrip()

    def view(threshold, item):
        node, rows = nodes[item], []
        pair = sweep(node["rule"], children, item, [node["threshold"], threshold])
        for whose, r in zip(("published", "yours"), pair.to_dict("records"), strict=True):
            rates = [f"{100 * r[c]:.1f} %" for c in ("sensitivity", "specificity")]
            counts = [f"{r[c]:,}" for c in COUNTS if "undetermined" not in c]  # nothing is missing in a simulated child
            rows.append((phrase(f"thresholds.{whose}", limit=limit(node, r["threshold"])), *rates, *counts))
        heads = "head sensitivity specificity mas_met mas_missed no_mas_met no_mas_not_met"
        moved = {"rule": RULES[node["rule"]].short, "item": node["label"]}
        picture = plots.trade(swept(item), threshold, node, phrase("thresholds.moved", **moved))
        return together(picture, headed(rows, "thresholds", heads, phrase("thresholds.moved_table", **moved, n=n)))

    def follow(state, moved):
        return {**state, "threshold": nodes[state["item"]]["threshold"]} if moved == "item" else state

    def accept(values):  # a measured value needs its unit, a score has none
        node = nodes[controls["item"].read(values.get("item", made.get()["item"]))]
        if node["input"] and "threshold" in values:
            values |= {"threshold": quantity(values["threshold"], node["input"]).to(node["unit"]).single()}
        return values

    def named(node):
        label = node["label"] if node["input"] else phrase("thresholds.whole", rule=RULES[node["rule"]].short)
        return phrase("thresholds.item_published", item=label, limit=limit(node, node["threshold"]))

    first = next(iter(nodes.values()))["threshold"]
    controls = {"item": Choice(phrase("thresholds.item"), {named(node): name for name, node in nodes.items()})}
    number = Number(phrase("thresholds.threshold"), first, 0.1, 1e6, log=True, ends=ends)
    made = explorer(view, follow=follow, accept=accept, slow=("item",), rows=[["item"], ["threshold"]],
                    threshold=number, **controls)  # fmt: skip
    return made
