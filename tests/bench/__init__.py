"""How fast, beside a floor or a peer measured in the same run: ratios, medians and spread. Nothing here is a test."""

import time
from statistics import median


def spread(work, repeats=7):
    """Seconds of one call: (median, lowest, highest) of `repeats`, after one that is not counted."""
    work()
    seconds = []
    for _ in range(repeats):
        begun = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begun)
    return median(seconds), min(seconds), max(seconds)
