"""python lab.py bench: measures everything, writes the table of the README and the picture of the growth curves."""

import os
import platform
import re
import sys
import tempfile
from pathlib import Path

import numpy as np
import seaborn as sns

from tests.bench import kinetics, pages, rules, sliders
from utils import plots

ROOT = Path(__file__).resolve().parent.parent.parent
README, PICTURE = ROOT / "README.md", ROOT / "classroom" / "bench-growth.png"
BEGIN, END = "<!-- bench: written by python lab.py bench -->", "<!-- end of bench -->"
HEADS = ("what", "here", "floor or peer, in the same run", "ratio")


def about(x):
    """Two digits, with thousands apart: what a reader remembers."""
    return f"{float(f'{x:.2g}'):,.0f}" if x >= 10 else f"{x:.2g}"


def rows(kinetic, ruled, bytes_each):
    """The lines of the table: what, here (lowest to highest of the repeats), floor or peer, ratio."""
    for route, words in (("sc", "one dose under the skin"), ("iv", "four doses into a vein")):
        (middle, low, high), steps = kinetic[route]
        yield (
            f"Concentration curves a second, {words}, 97 points each",
            f"{about(middle)} ({about(low)} to {about(high)})",
            f"scipy's `solve_ivp`: {about(steps[1e-6])} at a tolerance of 10⁻⁶, {about(steps[1e-11])} at 10⁻¹¹",
            f"{about(middle / steps[1e-6])} times as many",
        )
    for rule, found in ruled.items():
        n, ours, plain = found[-1]
        yield (
            f"Patients a second, {rules.RULES[rule].short}, of {n:,}",
            f"{about(n / ours[0])} ({about(n / ours[2])} to {about(n / ours[1])})",
            f"a plain NumPy expression that knows no *unknown*: {about(n / plain[0])}",
            f"takes {about(ours[0] / plain[0])} times as long",
        )
    yield (
        "Memory at the peak of one evaluation, MAS-2016, a patient",
        f"{bytes_each[0]:.0f} bytes",
        f"the plain expression: {bytes_each[1]:.0f} bytes",
        f"{about(bytes_each[0] / bytes_each[1])} times",
    )


def moved(found):
    """The lines of the table of explorers: milliseconds from a key to the new picture, beside the plain way."""
    plain = found["plain"]
    yield "**the plain way**: one figure drawn anew by seaborn into an Output", *_spread(plain), "1"
    for words, ms in found.items():
        if words != "plain":
            yield words, *_spread(ms), about(np.median(plain) / np.median(ms))


def _spread(ms):
    return [f"{x:.0f}" for x in (np.median(ms), np.quantile(ms, 0.95), ms.max())]


def opened(found):
    """The lines of the table of notebooks: seconds to the first picture and memory, beside a bare notebook."""
    bare = {k: np.median(v) for k, v in zip(("seconds", "memory"), zip(*found["bare"], strict=True), strict=True)}
    for name, runs in found.items():
        seconds, memory = zip(*runs, strict=True)
        first, most = np.median(seconds), np.median(memory)
        name = "**bare**: pandas, seaborn, ipywidgets, one plot" if name == "bare" else name.replace("_", " ")
        spread = f"{first:.2f} s ({min(seconds):.2f} to {max(seconds):.2f})"
        yield name, spread, f"{first / bare['seconds']:.2f}", f"{most:.0f} MiB", f"{most / bare['memory']:.2f}"


def markdown(heads, lines):
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (heads, ["---"] * len(heads), *lines))


def draw(ruled):
    """Seconds against patients, ours and the plain expression; returns what the picture says in words."""
    fig, ax = plots.canvas(7.6, 4)
    told = []
    for (rule, found), marker in zip(ruled.items(), "os", strict=True):
        for which, dash, colour, words in ((1, "-", plots.MET, "three answers"), (2, "--", plots.NOT, "plain NumPy")):
            sizes, seconds = [f[0] for f in found], [f[which][0] for f in found]
            sns.lineplot(x=sizes, y=seconds, ax=ax, marker=marker, ls=dash, color=colour, lw=2)
            label = f"{rules.RULES[rule].short}, {words}"
            ax.text(sizes[-1] * 1.15, seconds[-1], label, va="center", fontsize=9, color=colour)
            told.append(f"{label}: {seconds[0]:.2g} s for {sizes[0]:,}, {seconds[-1]:.2g} s for {sizes[-1]:,}")
    ax.set(xscale="log", yscale="log", xlabel="simulated patients", ylabel="seconds", xlim=(700, 3e7))
    ax.set_xticks([f[0] for f in next(iter(ruled.values()))])
    sns.despine(ax=ax)
    fig.savefig(PICTURE, format="png", metadata={"Software": None}, facecolor="white", dpi=110)
    return "; ".join(told)


def write(lines, told, at_keys, at_pages, strict):
    """Put the tables and the picture's description between the two marks of the README."""
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}"
    parts = [
        f"**From a key on a control to the new picture on screen**, milliseconds over {sliders.CHANGES} changes each, "
        "in Chromium with JupyterLab, one key at a time; beside it a figure and table that a callback makes anew in an "
        "Output. The results next to the present one lie ready on the page; from end to end, the kernel is waited for.",
        markdown(("explorer", "median", "95 % within", "longest", "times as fast as the plain way"), at_keys),
        "**A notebook's first picture**, counted from the start of its kernel, and the kernel's memory at its peak "
        "when the whole notebook was run.",
        markdown(("notebook", "first picture", "times the bare one", "memory", "times the bare one"), at_pages),
        f"The whole collection under strict nbval on two cores: {strict:.0f} s.",
        "**Rules and kinetics**",
        markdown(HEADS, lines),
        f"Measured in one run on {machine}: medians (lowest to highest of seven, or of five for notebooks).",
        f"![Growth: {told}](classroom/{PICTURE.name})",
    ]
    page = README.read_text(encoding="utf-8")
    text = f"{BEGIN}\n" + "\n\n".join(parts) + f"\n{END}"
    README.write_text(re.sub(f"{BEGIN}.*?{END}", lambda _: text, page, flags=re.DOTALL), encoding="utf-8", newline="\n")


def main():
    if BEGIN not in README.read_text(encoding="utf-8"):
        sys.exit(f"README.md has no place for the table: put the two lines {BEGIN} and {END} where it should stand.")
    if not sliders.find_chromium():
        sys.exit("The slider times need Chromium or Chrome on the PATH.")
    print("From a key to the new picture, in a browser: about four minutes …", flush=True)
    at_keys = list(moved(sliders.measure()))
    print("First pictures and memory of ten notebooks: about two minutes …", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        at_pages = list(opened(pages.measure(Path(folder) / "answers.json")))
    print("All notebooks under strict comparison …", flush=True)
    strict = pages.strict()
    print("Concentration curves …", flush=True)
    kinetic = kinetics.measure()
    print("Rules over 1,000 to 1,000,000 simulated patients …", flush=True)
    ruled = rules.measure()
    lines = list(rows(kinetic, ruled, rules.memory()))
    write(lines, draw(ruled), at_keys, at_pages, strict)
    print("\n".join("  ".join(cells) for cells in (*at_keys, *at_pages, *lines)))


if __name__ == "__main__":
    main()
