"""Profiles a second of the closed form in utils.pk, against the same equations solved step by step by scipy."""

import numpy as np

from tests import step_by_step
from tests.bench.clock import spread
from utils import pk

HOURS = np.linspace(0, 24, 97)  # every quarter of an hour
N = 10_000


def measure(repeats=7, seconds=3.0):
    """A dict of route -> profiles a second: ours as (median, low, high), and scipy's at two tolerances."""
    found = {}
    for route, doses, every in (("sc", 1, 24.0), ("iv", 4, 6.0)):
        p = pk.parameters(np.linspace(10, 30, N))
        taken = spread(lambda p=p, r=route, d=doses, e=every: pk.concentration(HOURS, p, 33.4, e, r, doses=d), repeats)
        asked = [step_by_step.scenario(pk.parameters(16.7), HOURS, 33.4, every, route, doses)]
        steps = {rtol: step_by_step.ask(asked, "--time", seconds, "--rtol", rtol) for rtol in (1e-6, 1e-11)}
        found[route] = tuple(N / s for s in (taken[0], taken[2], taken[1])), steps
    return found
