"""python lab.py bench: measures every section, or those named, and writes each table between its marks in README."""

import os
import platform
import sys
import tempfile
from pathlib import Path

import numpy as np

from tests.bench import hub, pages, rules, site, sliders
from utils import plots

ROOT = Path(__file__).resolve().parent.parent.parent
README, PICTURE = ROOT / "README.md", ROOT / "classroom" / "bench-growth.png"
MARKS = ("<!-- bench {}: written by python lab.py bench -->", "<!-- end of bench {} -->")
MACHINE = f"{os.cpu_count()} cores, Python {platform.python_version()}"


def about(x):
    """Two digits, with thousands apart: what a reader remembers."""
    return f"{float(f'{x:.2g}'):,.0f}" if x >= 10 else f"{x:.2g}"


def markdown(heads, lines):
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (heads, ["---"] * len(heads), *lines))


def named(book):
    return "**a bare page**" if book == "bare.ipynb" else book.removesuffix(".ipynb").replace("_", " ")


def put(tables):
    """Put each table between its two marks in the README; SystemExit where it has no place."""
    page = README.read_text(encoding="utf-8")
    for name, text in tables.items():
        begin, end = (mark.format(name) for mark in MARKS)
        if begin not in page:
            sys.exit(f"README.md has no place for a table: put the lines {begin} and {end} where it should stand.")
        before, _, after = page.partition(begin)
        page = f"{before}{begin}\n{text}\n{end}{after.partition(end)[2]}"
        print(text)
    README.write_text(page, encoding="utf-8", newline="\n")


# ---- notebooks, their explorers and what computes --------------------------------------------------------------------
def rows(kinetic, ruled, bytes_each):
    """The lines of the table: what, here (lowest to highest of the repeats), floor or peer, ratio."""
    for route, words in (("sc", "one subcutaneous dose"), ("iv", "four IV doses")):
        ours, steps = kinetic[route]
        yield (f"Concentration curves a second, {words}, 97 points each",
               "{} ({} to {})".format(*map(about, ours)),
               f"scipy's `solve_ivp`: {about(steps[1e-6])} at a tolerance of 10⁻⁶, {about(steps[1e-11])} at 10⁻¹¹",
               f"{about(ours[0] / steps[1e-6])} times as many")  # fmt: skip
    for rule, (*_, (n, (middle, low, high), plain)) in ruled.items():
        yield (f"Patients a second, {rules.RULES[rule].short}, of {n:,}",
               "{} ({} to {})".format(*(about(n / seconds) for seconds in (middle, high, low))),
               f"a plain NumPy expression that knows no *unknown*: {about(n / plain[0])}",
               f"takes {about(middle / plain[0])} times as long")  # fmt: skip
    what, (ours, plain) = "Memory at the peak of one evaluation, MAS-2016, a patient", bytes_each
    yield what, f"{ours:.0f} bytes", f"the plain expression: {plain:.0f} bytes", f"{about(ours / plain)} times"


def moved(found):
    """The lines of the table of explorers: milliseconds from a key to the new picture, beside the plain way."""
    for words, ms in found.items():
        ratio = about(np.median(found["plain"]) / np.median(ms))
        words = "**the plain way**: one figure drawn anew by seaborn into an Output" if words == "plain" else words
        yield words, *(f"{x:.0f}" for x in (np.median(ms), np.quantile(ms, 0.95), ms.max())), ratio


def opened(found):
    """The lines of the table of notebooks: seconds to the first picture and memory, beside a bare notebook."""
    bare = np.median(found["bare"], axis=0)
    for name, runs in found.items():
        (seconds, memory), (low, _), (high, _) = (f(runs, axis=0) for f in (np.median, np.min, np.max))
        name = "**bare**: pandas, seaborn, ipywidgets, one plot" if name == "bare" else named(name)
        spread = f"{seconds:.2f} s ({low:.2f} to {high:.2f})"
        yield name, spread, f"{seconds / bare[0]:.2f}", f"{memory:.0f} MiB", f"{memory / bare[1]:.2f}"


def draw(ruled):
    """Seconds against patients, ours and the plain expression; returns what the picture says in words."""
    import seaborn as sns  # a second, which tests of the rest need not wait

    fig, ax = plots.canvas(7.6, 4)
    alt = []
    for (rule, found), marker in zip(ruled.items(), "os", strict=True):
        for which, dash, colour, words in ((1, "-", plots.MET, "three answers"), (2, "--", plots.NOT, "plain NumPy")):
            sizes, seconds = [f[0] for f in found], [f[which][0] for f in found]
            sns.lineplot(x=sizes, y=seconds, ax=ax, marker=marker, ls=dash, color=colour, lw=2)
            label = f"{rules.RULES[rule].short}, {words}"
            ax.text(sizes[-1] * 1.15, seconds[-1], label, va="center", fontsize=9, color=colour)
            alt.append(f"{label}: {seconds[0]:.2g} s for {sizes[0]:,}, {seconds[-1]:.2g} s for {sizes[-1]:,}")
    ax.set(xscale="log", yscale="log", xlabel="simulated patients", ylabel="seconds", xlim=(700, 3e7), xticks=sizes)
    sns.despine(ax=ax)
    fig.savefig(PICTURE, format="png", metadata={"Software": None}, facecolor="white", dpi=110, bbox_inches="tight")
    return "; ".join(alt)


def speed_tables(lines, alt, at_keys, at_pages, strict):
    return {
        "keys": markdown(("explorer", "median", "95 % within", "longest", "times as fast as the plain way"), at_keys),
        "pages": markdown(("notebook", "first picture", "times the bare one", "memory", "times the bare one"), at_pages)
        + f"\n\nThe whole collection under strict nbval on two cores: {strict:.0f} s.",
        "rules": markdown(("what", "here", "floor or peer, in the same run", "ratio"), lines)
        + f"\n\nMeasured in one run on {MACHINE}: medians (lowest to highest of seven, or of five for notebooks).\n\n"
        f"![Growth: {alt}](classroom/{PICTURE.name})",
    }


def speed():
    if not sliders.find_chromium():
        sys.exit("The slider times need Chromium or Chrome on the PATH.")
    print("Explorers in a browser, first pictures, strict comparison, computation: about ten minutes …", flush=True)
    at_keys = moved(sliders.measure())
    with tempfile.TemporaryDirectory() as folder:
        at_pages = opened(pages.measure(Path(folder) / "answers.json"))
    strict, kinetic, ruled = pages.strict(), rules.kinetics(), rules.measure()
    return speed_tables(rows(kinetic, ruled, rules.memory()), draw(ruled), at_keys, at_pages, strict)


# ---- a class on a hub ------------------------------------------------------------------------------------------------
STEPS = ("The learner's own server starts", "nbgitpuller fetches the course", "Notebook 03 opens and every cell runs")


def attended(trial):
    """The lines of the table of a class: what each learner waited for, and what it took."""
    for words, seconds in zip(STEPS, zip(*trial.learners, strict=True), strict=True):
        yield words, f"{np.median(seconds):.1f} s", f"{max(seconds):.1f} s"
    for kind in ("server", "kernel", "hub", "proxy"):
        mib = [use.memory for use in trial.uses[kind]]
        yield f"Memory: {kind}", f"{np.median(mib):.0f} MiB", f"{max(mib):.0f} MiB"
    cpu = hub.arithmetic(trial, 1)[1]
    yield "Processor time a learner, from the first click to the last cell", f"{cpu:.1f} s", ""


def attendance():
    """Let a class work on a real hub; what went wrong ends the bench."""
    if lack := hub.missing():
        sys.exit(lack)
    print(f"{hub.LEARNERS} learners at once on a hub: about two minutes …", flush=True)
    trial = hub.measure()
    if trial.faults:
        sys.exit("\n".join(trial.faults))
    memory, processor = hub.arithmetic(trial)
    return {
        "hub": f"{markdown(('each step by itself', 'median', 'longest, or most'), attended(trial))}\n\n"
        f"All {len(trial.learners)} in {trial.seconds:.0f} s, measured in one run on {MACHINE}.\n\n"
        f"**Arithmetic, not measured:** {hub.MORE} learners with one notebook open each come to {memory:.0f} GiB. All "
        f"at once they need {processor:,.0f} s of processor time: {processor / 8 / 60:.1f} minutes on 8 cores, "
        f"{processor / 32 / 60:.1f} on 32, where it divides perfectly."
    }


# ---- the page without an install -------------------------------------------------------------------------------------
def first_visits():
    if not site.find_chromium():
        sys.exit("The page without an install is measured in Chromium or Chrome, and none is on the PATH.")
    print("First visits of the page without an install: about five minutes …", flush=True)
    found = site.measure()
    bare = found["bare.ipynb"][0][2]
    lines = [
        (named(name), *(f"{s:.1f} s" for s in seconds), f"{seconds[2] / bare:.2f}", f"{megabytes:.1f} MB")
        for name, (seconds, megabytes) in found.items()
    ]
    heads = ("first visit of", "page", "kernel", "first picture", "times the bare one", "loaded until then")
    note = f"Medians of {site.REPEATS}, measured in one run on {MACHINE}. Nothing left the machine."
    return {"site": f"{markdown(heads, lines)}\n\n{note}"}


SECTIONS = {"speed": speed, "site": first_visits, "hub": attendance}


def main(names):
    if odd := [name for name in names if name not in SECTIONS]:
        sys.exit(f'There is no section "{odd[0]}". There are: {", ".join(SECTIONS)}.')
    for name in names or SECTIONS:
        put(SECTIONS[name]())


if __name__ == "__main__":
    main(sys.argv[1:])
