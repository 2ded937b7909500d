"""python lab.py bench: measures everything, writes the table of the README and the picture of the growth curves."""

import os
import platform
import re
import sys
from pathlib import Path

import seaborn as sns

from tests.bench import kinetics, rules
from utils import plots

ROOT = Path(__file__).resolve().parent.parent.parent
README, PICTURE = ROOT / "README.md", ROOT / "classroom" / "bench-growth.png"
BEGIN, END = "<!-- bench: written by python lab.py bench -->", "<!-- end of bench -->"


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


def write(lines, told):
    """Put the table and the picture's description between the two marks of the README."""
    table = "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, medians (lowest to highest of seven)"
    text = f"{BEGIN}\n| what | here | floor or peer, in the same run | ratio |\n| --- | --- | --- | --- |\n{table}\n\n"
    text += f"Measured in one run on {machine}.\n\n![Growth: {told}](classroom/{PICTURE.name})\n{END}"
    page = README.read_text(encoding="utf-8")
    README.write_text(re.sub(f"{BEGIN}.*?{END}", lambda _: text, page, flags=re.DOTALL), encoding="utf-8", newline="\n")


def main():
    if BEGIN not in README.read_text(encoding="utf-8"):
        sys.exit(f"README.md has no place for the table: put the two lines {BEGIN} and {END} where it should stand.")
    print("Concentration curves …", flush=True)
    kinetic = kinetics.measure()
    print("Rules over 1,000 to 1,000,000 simulated patients …", flush=True)
    ruled = rules.measure()
    lines = list(rows(kinetic, ruled, rules.memory()))
    write(lines, draw(ruled))
    print("\n".join("  ".join(cells) for cells in lines))


if __name__ == "__main__":
    main()
