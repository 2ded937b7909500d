"""A virtual cohort, to see what a threshold does: SIMULATED children, none of whom exists.

Each is drawn from the distributions of ``cohort.csv``, which says of every one whether a source gives it or we chose
it. Such a cohort shows how sensitivity and specificity trade against each other, never how good a rule is.
"""

from functools import cache
from numbers import Integral, Real
from statistics import NormalDist

import numpy as np
import pandas as pd

from utils.package import read_table
from utils.phrases import phrase
from utils.rules import evaluate_table
from utils.units import factors, variables

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
