"""A stopwatch."""

import time

import numpy as np


def spread(work, repeats=7):
    """Seconds of one call: (median, lowest, highest) of `repeats`, after one that is not counted."""
    work()
    seconds = []
    for _ in range(repeats):
        begun = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begun)
    return float(np.median(seconds)), min(seconds), max(seconds)
