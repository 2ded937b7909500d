"""Figures: colours that can be read and told apart, and what every figure owes its reader."""

import base64
import re
from html import unescape
from itertools import combinations
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from tests.moving import clean
from utils import page, plots
from utils.case import load_case
from utils.rules import evaluate

CSS = Path(page.__file__).with_name("cards.css").read_text(encoding="utf-8")
WHITE, DARK = "#ffffff", "#111111"  # JupyterLab's grounds
# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
SEEN = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    "grey": [[0.2126, 0.7152, 0.0722]] * 3,
    "all colours": np.eye(3),
}
# Pairs too much alike for some eyes: dashes, filled against hollow, question marks and words tell them apart besides.
BESIDES = {("MET", "INK"), ("MET", "NOT"), ("MET", "OPEN"), ("OPEN", "NOT"), ("OPEN", "INK"), ("NOT", "INK")}
NAMED = {name: getattr(plots, name) for name in ("MET", "OPEN", "NOT", "INK")}


def linear(colour):
    """The three channels of a colour, linear."""
    parts = np.array(to_rgb(colour))
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    light, dark = sorted((float(linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def lab(channels):
    """Linear RGB as CIELAB."""
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = np.array(to_xyz) @ np.clip(channels, 0, 1) / [0.9505, 1, 1.089]
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def apart(one, other, eyes):
    """How far two colours are from each other for some eyes, as CIE 1976 delta E."""
    return float(np.linalg.norm(np.subtract(*(lab(np.array(SEEN[eyes]) @ linear(c)) for c in (one, other)))))


def close(colours):
    """Pairs of a dict that some eyes see less than 20 apart."""
    return {(a, b) for a, b in combinations(colours, 2) if min(apart(colours[a], colours[b], e) for e in SEEN) < 20}


def test_the_measures_agree_with_known_values():
    assert contrast("#000", "#fff") == pytest.approx(21)
    assert contrast("#767676", "#fff") == pytest.approx(4.54, abs=0.01)
    red, green = "#d62728", "#2ca02c"  # two colours that look alike to many are seen to come closer
    assert apart(red, green, "all colours") > 100 > 45 > apart(red, green, "deuteranopia")
    assert close({"a": "#777777", "b": "#7d7d7d"}) == {("a", "b")}


def test_colours_can_be_read_and_none_stands_for_a_thing_alone():
    assert [(n, g) for n, c in NAMED.items() for g in (WHITE, plots.BAND) if contrast(c, g) < 4.5] == []
    assert close(NAMED) <= BESIDES, "give it a shape, a dash or a word of its own, and add it to BESIDES"
    assert len({plots.SIGNS.get(s, "?") for s in plots.WORDS}) == len(plots.WORDS)  # a sign of its own for each state
    frames = set(re.findall(r"(?:border|border-left): [^;]*?(#[0-9a-f]{3,6})", CSS)) - {plots.MET}  # that of a button
    rings = set(re.findall(r"outline: [^;]*?(#[0-9a-f]{3,6})", CSS))
    assert frames and rings and [(c, g) for c in frames | rings for g in (WHITE, DARK) if contrast(c, g) < 3] == []
    assert f"background: {plots.MET}; color: #fff" in CSS  # a button


ODD = 'a<b> & $"c"$'
CAPTION = f"{ODD}. {'A caption that goes on. ' * 20}"
VERDICTS = [
    tuple(evaluate(r, load_case().as_of(m)) for m in ("regional_hospital", "admission"))
    for r in ("mas_2016", "ms_score")
]
SWEPT = pd.DataFrame({"threshold": [100.0, 500.0, 1000.0], "sensitivity": [1, 0.8, 0.5], "specificity": [0, 0.5, 1]})
SPLIT = pd.DataFrame({"times": [4.0, 1.25, 5.0], "share": [0.9, 0.1, 1.0]}, index=["dose", "route", "total"])
BANDS = [(-4.0, 0.0, ODD), (1.0, 9.0, "high")], [("ours", 3.0, 3.0), ("all", -1.0, 2.0)]
DRAWN = {
    "rulers": (VERDICTS, ["before", ODD], CAPTION),
    "trade": (SWEPT, 800.0, {"label": ODD, "unit": "ng/mL", "threshold": 500.0}, ODD),
    "dumbbell": (*VERDICTS[0], ["before", ODD], {"fibrinogen": (150, 450)}, CAPTION),
    "course": (np.arange(25.0), [(ODD, np.ones(25))], [(ODD, SPLIT)], "", "less", CAPTION),
}
TABLES = {
    "matrix": ({("r", "c"): "fits"}, {"r": ODD, "s": "not filled in"}, {"c": "c"}, CAPTION),
    "icons": ({ODD: (23, "circle full"), "none": (0, "square")}, CAPTION),
    "scale": (*BANDS, CAPTION),
    "ribbon": ([("2021-01", ODD, "x"), ("2023", "later", "y")], CAPTION),
    "claims": ([(ODD, 2, "some", "x")], 3, CAPTION),
}


@pytest.mark.parametrize("name", DRAWN)
def test_a_picture_is_described_marked_and_the_same_again(name):
    shown = getattr(plots, name)(*DRAWN[name])
    data, alt = re.search(r'<img src="data:image/svg\+xml;base64,([^"]+)" alt="([^"]*)"', shown.html).groups()
    assert 40 <= len(unescape(alt)) <= 200 and clean(shown) and "<b>" not in shown.html and ODD in shown.text
    assert page.BANNER in base64.b64decode(data).decode() and page.BANNER not in shown.html  # inside the file alone
    with matplotlib.rc_context({"font.size": 30, "axes.grid": True}):  # whatever style a notebook has set
        assert getattr(plots, name)(*DRAWN[name]).html == shown.html


@pytest.mark.parametrize("name", TABLES)
def test_a_table_of_marks_says_in_words_what_its_signs_show(name):
    shown = getattr(plots, name)(*TABLES[name])
    words = re.sub(r'<span aria-hidden="true".*?</span>', "", shown.html, flags=re.S)
    assert "<img" not in shown.html and 'scope="row"' in shown.html and "<b>" not in shown.html and clean(shown)
    assert ODD in shown.text and words != shown.html and not re.search("[●○■□▨◆✕⊘]", words)
    assert shown.html.count("●") == {"icons": 23, "matrix": 1}.get(name, 0)
    if name == "scale":
        assert re.findall("[◆▨]</span> ([^<]+)", shown.html) == ["−1 to 0", "3", "1 to 2"]
