"""What computes: patients a second through a rule set, against a plain NumPy expression of the same rule that knows no
unknown; and profiles a second of `utils.pk`, against the same equations solved step by step by scipy."""

import time
import tracemalloc
from statistics import median

import numpy as np

from tests import step_by_step
from utils import pk
from utils.chapters import cohort
from utils.rules import RULES, evaluate_table
from utils.units import factors

HOURS, PROFILES = np.linspace(0, 24, 97), 10_000  # every quarter of an hour


def spread(work, repeats=7):
    """Seconds of one call: (median, lowest, highest) of `repeats`, after one that is not counted."""
    work()
    seconds = []
    for _ in range(repeats):
        begun = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begun)
    return median(seconds), min(seconds), max(seconds)


def mas_2016(t, limit):
    """MAS-2016 of complete patients, as one would write it in NumPy: shape (n,), bool."""
    four = (t["platelets"] <= limit["platelets"]).astype(np.int8)
    four += t["ast"] > limit["ast"]
    four += t["triglycerides"] > limit["triglycerides"]
    four += t["fibrinogen"] <= limit["fibrinogen"]
    return t["fever"] & t["sjia_known_or_suspected"] & (t["ferritin"] > limit["ferritin"]) & (four >= 2)


def ferritin_esr(t, limit):
    """The ratio of ferritin to ESR against its cut-off: shape (n,), bool."""
    return t["ferritin"] / t["esr"] >= limit["ferritin_esr"]


PEERS = {"mas_2016": mas_2016, "ferritin_esr": ferritin_esr}


def both(rule, n):
    """A call of our rule on `n` simulated patients, and one of its peer, with thresholds in the table's units."""
    children = cohort.simulate(n).drop(columns="mas")
    arrays, nodes = {c: children[c].to_numpy() for c in children}, RULES[rule].nodes().items()
    by = {name: factors(r["input"])[r["unit"]] if r["input"] and r["unit"] else 1 for name, r in nodes}
    limit, peer = {name: r["threshold"] * by[name] for name, r in nodes}, PEERS[rule]
    return lambda: evaluate_table(rule, children)["met"].to_numpy(bool), lambda: peer(arrays, limit)


def measure(n=1_000_000, repeats=7):
    """A dict of rule -> (patients, seconds ours, seconds of the peer), the last two each a (median, low, high)."""
    found = {}
    for rule in PEERS:
        ours, plain = both(rule, n)
        if not (ours() == plain()).all():
            raise AssertionError(f"{rule}: the peer is not the same rule, so there is nothing to compare")
        found[rule] = n, spread(ours, repeats), spread(plain, repeats)
    return found


def memory(rule="mas_2016", n=100_000):
    """Bytes a patient at the peak of one evaluation, and of the plain expression."""
    peaks = []
    for work in both(rule, n):
        tracemalloc.start()
        work()
        peaks.append(tracemalloc.get_traced_memory()[1] / n)
        tracemalloc.stop()
    return peaks


def kinetics(repeats=7, seconds=3.0):
    """A dict of route -> profiles a second: ours as (median, low, high), and scipy's at two tolerances."""
    found = {}
    for route, doses, every in (("sc", 1, 24.0), ("iv", 4, 6.0)):
        p = pk.parameters(np.linspace(10, 30, PROFILES))
        taken = spread(lambda p=p, r=route, d=doses, e=every: pk.concentration(HOURS, p, 33.4, e, r, doses=d), repeats)
        asked = [step_by_step.scenario(pk.parameters(16.7), HOURS, 33.4, every, route, doses)]
        steps = {rtol: step_by_step.ask(asked, "--time", seconds, "--rtol", rtol) for rtol in (1e-6, 1e-11)}
        found[route] = tuple(PROFILES / s for s in (taken[0], taken[2], taken[1])), steps
    return found
