"""Colours: readable on their ground, and told apart in grey and by people who see fewer of them, or by a shape."""

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from utils.plots import drawing

CSS = Path(drawing.__file__).parents[1].joinpath("cards.css").read_text(encoding="utf-8")
WHITE, DARK, BAND, HATCH = "#ffffff", "#111111", "#dce9f5", "#9db8d2"  # JupyterLab's grounds; the band; the hatching
# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
SEEN = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    "grey": [[0.2126, 0.7152, 0.0722]] * 3,
    "all colours": np.eye(3),
}
# Pairs too much alike for some eyes, and what tells them apart besides.
BESIDES = {
    ("MET", "INK"): "a broken line against a plain one, a full bar against a hollow one, and words",
    ("MET", "NOT"): "circle against cross, filled against outline, broken against plain line, and words",
    ("MET", "OPEN"): "circle against question mark; a broken line against a plain one in the trade of a threshold",
    ("OPEN", "NOT"): "question mark against cross; diamonds against lines, and words",
    ("OPEN", "INK"): "question mark against broken circle, and words",
    ("NOT", "INK"): "a broken line against a plain one, and words",
}


def linear(colour):
    """The three channels of #rrggbb or #rgb, linear."""
    digits = colour.lstrip("#")
    digits = digits if len(digits) == 6 else "".join(2 * d for d in digits)
    parts = np.array([int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)])
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
    return {
        (a, b) for a, b in combinations(colours, 2) if min(apart(colours[a], colours[b], e) for e in SEEN) < 20
    }  # fmt: skip


NAMED = {name: getattr(drawing, name) for name in ("MET", "OPEN", "NOT", "INK")}


def test_the_measures_agree_with_known_values():
    assert contrast("#000", "#fff") == pytest.approx(21) and contrast("#767676", "#fff") == pytest.approx(
        4.54, abs=0.01
    )
    assert apart("#fff", "#000", "all colours") == pytest.approx(100, abs=0.1)
    red, green = "#d62728", "#2ca02c"  # two colours that look alike to many are seen to come closer
    assert apart(red, green, "all colours") > 100 > 45 > apart(red, green, "deuteranopia")
    assert close({"a": "#777777", "b": "#7d7d7d"}) == {("a", "b")}
    assert apart("#0000ff", "#008000", "tritanopia") < apart("#0000ff", "#008000", "all colours")


@pytest.mark.parametrize("ground", [WHITE, BAND, drawing.PALE])
@pytest.mark.parametrize("name", NAMED)
def test_words_of_a_figure_can_be_read(name, ground):
    assert contrast(NAMED[name], ground) >= 4.5


def test_no_two_colours_stand_for_different_things_by_colour_alone():
    assert close(NAMED) <= set(BESIDES), "give it a shape, a dash or a word of its own, and say so in BESIDES"


def test_shapes_carry_the_meaning_without_any_colour():
    """Each state is drawn as an outline of its own, so that taking away all colour leaves them different."""
    drawn = {}
    for state in ("fits", "does_not_fit", "expected_but_absent", "unknown", ""):
        picture = drawing.Drawing(40, 40)
        drawing.cell(picture, 20, 20, state)
        looks = [(e.tag, e.get("stroke-dasharray"), e.text, e.get("fill") == "none") for e in picture.root[1:]]
        drawn[state] = tuple(looks)
    assert len(set(drawn.values())) == len(drawn)


def test_lines_and_frames_of_a_card_can_be_seen_on_both_themes():
    frames = set(re.findall(r"(?:border|border-left): [^;]*?(#[0-9a-f]{3,6})", CSS)) - {"#0b4f8a"}  # that of a button
    rings = set(re.findall(r"outline: [^;]*?(#[0-9a-f]{3,6})", CSS))
    assert frames and rings
    assert [(c, g) for c in frames | rings for g in (WHITE, DARK) if contrast(c, g) < 3] == []
    inside, ground = "#fff", "#0b4f8a"
    assert f"background: {ground}; color: {inside}" in CSS and contrast(inside, ground) >= 4.5
