"""Profiles a second of the closed form in utils.pk, against the same equations solved step by step by scipy."""

import json
import subprocess
import sys

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
        p = pk.children(N, 16.7)
        taken = spread(lambda p=p, r=route, d=doses, e=every: pk.concentration(HOURS, p, 33.4, e, r, doses=d), repeats)
        one = pk.parameters(16.7)
        four = {"f": one.bioavailability, "ka": one.absorption_rate, "cl": one.clearance, "v": one.volume}
        asked = {"t": list(HOURS), **{k: float(x) for k, x in four.items()}, "dose": 33.4, "every": every}
        asked |= {"route": route, "doses": doses, "over": 0.0}
        steps = {rtol: _solved(asked, rtol, seconds) for rtol in (1e-6, 1e-11)}
        found[route] = tuple(N / s for s in (taken[0], taken[2], taken[1])), steps
    return found


def _solved(scenario, rtol, seconds):
    """Profiles a second that scipy solves, in a process of its own, since no other may load it."""
    out = subprocess.run(
        [sys.executable, step_by_step.__file__, "--time", str(seconds), "--rtol", str(rtol)],
        input=json.dumps([scenario]),
        text=True,
        capture_output=True,
        check=True,
    )
    return json.loads(out.stdout)
