"""Patients a second through a rule set, against a plain NumPy expression of the same rule that knows no unknown."""

import tracemalloc

import numpy as np

from tests.bench.clock import spread
from utils.chapters import cohort
from utils.rules import RULES, evaluate_table
from utils.units import factors

SIZES = (1_000, 10_000, 100_000, 1_000_000)


def mas_2016(t, limit):
    """MAS-2016 of complete patients, as one would write it in NumPy: shape (n,), bool."""
    four = np.zeros(len(t["ferritin"]), dtype=np.int8)
    four += t["platelets"] <= limit["platelets"]
    four += t["ast"] > limit["ast"]
    four += t["triglycerides"] > limit["triglycerides"]
    four += t["fibrinogen"] <= limit["fibrinogen"]
    return t["fever"] & t["sjia_known_or_suspected"] & (t["ferritin"] > limit["ferritin"]) & (four >= 2)


def ferritin_esr(t, limit):
    """The ratio of ferritin to ESR against its cut-off: shape (n,), bool."""
    return t["ferritin"] / t["esr"] >= limit["ferritin_esr"]


PEERS = {"mas_2016": mas_2016, "ferritin_esr": ferritin_esr}


def thresholds(rule):
    """Thresholds of a rule's items in the canonical units of a table of patients."""
    by = {n: factors(r["input"])[r["unit"]] if r["input"] and r["unit"] else 1 for n, r in RULES[rule].nodes().items()}
    return {n: r["threshold"] * by[n] for n, r in RULES[rule].nodes().items()}


def measure(sizes=SIZES, repeats=7):
    """A dict of rule -> list of (patients, seconds ours, seconds of the peer), each a (median, low, high)."""
    found = {rule: [] for rule in PEERS}
    for n in sizes:
        children = cohort.simulate(n).drop(columns="mas")
        arrays = {c: children[c].to_numpy() for c in children}
        for rule, peer in PEERS.items():
            limit = thresholds(rule)
            met = evaluate_table(rule, children)["met"].to_numpy(bool)
            if not (met == peer(arrays, limit)).all():
                raise AssertionError(f"{rule}: the peer is not the same rule, so there is nothing to compare")
            ours = spread(lambda rule=rule, children=children: evaluate_table(rule, children), repeats)
            plain = spread(lambda peer=peer, limit=limit, arrays=arrays: peer(arrays, limit), repeats)
            found[rule].append((n, ours, plain))
    return found


def memory(rule="mas_2016", n=100_000):
    """Bytes a patient at the peak of one evaluation, and of the plain expression."""
    children = cohort.simulate(n).drop(columns="mas")
    arrays, limit, peaks = {c: children[c].to_numpy() for c in children}, thresholds(rule), []
    for work in (lambda: evaluate_table(rule, children), lambda: PEERS[rule](arrays, limit)):
        tracemalloc.start()
        work()
        peaks.append(tracemalloc.get_traced_memory()[1] / n)
        tracemalloc.stop()
    return peaks
