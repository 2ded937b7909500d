"""One function a figure. Each returns something a notebook shows, with an alternative text and direct labels.

What follows a control is drawn as SVG (`drawing` and the modules `drawn_…`). What stands still is made with
seaborn and matplotlib (`still`), which cost a second and a hundred megabytes, so they are loaded only when a page asks
for such a figure.
"""

from utils.plots.drawing import INK, MET, NOT, OPEN, SOURCE, VERDICTS, WORDS, Drawing, cut_off, span
from utils.plots.drawn_appraisal import calibration, claims, recovery, ribbon, scale
from utils.plots.drawn_course import USUAL, areas, course, day_strip, limits, swimmer
from utils.plots.drawn_rules import icons, matrix, ranks, rulers, trade, verdict_map

STILL = ("canvas", "dumbbell", "finish", "ratios", "spread")
__all__ = [
    "INK", "MET", "NOT", "OPEN", "SOURCE", "USUAL", "VERDICTS", "WORDS", "Drawing", "areas", "calibration", "claims",
    "course", "cut_off", "day_strip", "icons", "limits", "matrix", "ranks", "recovery", "ribbon", "rulers",
    "scale", "span", "swimmer", "trade", "verdict_map", *STILL,
]  # fmt: skip


def __getattr__(name):
    if name not in STILL:
        raise AttributeError(f"there is no figure '{name}'; there are {', '.join(__all__)}")
    from utils.plots import still

    return getattr(still, name)
