"""Solves the equations of utils.pk step by step with scipy, which lies apart in .venv/reference: a program of its own.

Reads scenarios as JSON from standard input and writes, for each, concentrations (mg/L) and the area so far (mg·h/L) at
its times; with --time SECONDS --rtol TOLERANCE it measures how many profiles a second it solves.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

REFERENCE = Path(__file__).resolve().parent.parent / ".venv" / "reference"


def solve(t, f, ka, cl, v, dose, every, route, doses, over, rtol=1e-11):
    """One scenario: depot and blood in mg, and the area; solved from one dose or end of an infusion to the next."""
    import numpy as np
    from scipy.integrate import solve_ivp

    def change(_, y, rate):
        return [-ka * y[0], ka * y[0] - cl / v * y[1] + rate, y[1] / v]

    starts = [i * every for i in range(doses)]
    stops = sorted({0.0, *starts, *(s + over for s in starts), max(t)})
    one = np.array([f * dose, 0, 0] if route == "sc" else [0, 0 if over else dose, 0])  # an infusion comes as a rate
    y, found = np.zeros(3), []
    for a, b in zip(stops, stops[1:], strict=False):
        y = y + starts.count(a) * one
        running = route == "iv" and over and any(s <= a < s + over for s in starts)
        inside, rate = [x for x in t if a <= x < b], dose / over if running else 0.0
        out = solve_ivp(change, (a, b), y, "DOP853", t_eval=[*inside, b], args=(rate,), rtol=rtol, atol=0.01 * rtol)
        found += [(out.y[1, i] / v, out.y[2, i]) for i in range(len(inside))]
        y = out.y[:, -1]
    y = y + starts.count(max(t)) * one  # a dose due at the very end counts as given
    found.append((y[1] / v, y[2]))
    return [list(x) for x in zip(*found, strict=True)]


def scenario(p, t, dose, every, route, doses, over=0.0):
    """What `solve` takes, as plain numbers, for one profile of `utils.pk.Parameters`."""
    numbers = {"f": p.bioavailability, "ka": p.absorption_rate, "cl": p.clearance, "v": p.volume, "dose": dose}
    numbers = {k: float(x) for k, x in {**numbers, "every": every, "over": over}.items()}
    return {"t": list(t), **numbers, "route": route, "doses": doses}


def ask(scenarios, *options):
    """What this program answers, run as a process of its own, since no other may load scipy."""
    command = [sys.executable, __file__, *map(str, options)]
    out = subprocess.run(command, input=json.dumps(scenarios), text=True, capture_output=True, check=True)
    return json.loads(out.stdout)


def main():
    sys.path.append(str(REFERENCE))  # at the end: NumPy is that of .venv
    scenarios = json.load(sys.stdin)
    if "--time" in sys.argv:
        _, until, _, rtol = sys.argv[1:]
        solve(**scenarios[0])  # loads scipy, which is not counted
        begun, n = time.perf_counter(), 0
        while time.perf_counter() - begun < float(until):
            solve(**scenarios[n % len(scenarios)], rtol=float(rtol))
            n += 1
        return print(json.dumps(n / (time.perf_counter() - begun)))
    print(json.dumps([solve(**s) for s in scenarios]))


if __name__ == "__main__":
    main()
