"""python lab.py bench: measures every section, or those named, and writes its table between its marks in the README."""

import os
import platform
import re
import sys
import tempfile
from pathlib import Path

import numpy as np

from tests.bench import hub, kinetics, pages, rules, site, sliders
from utils import plots

ROOT = Path(__file__).resolve().parent.parent.parent
README, PICTURE = ROOT / "README.md", ROOT / "classroom" / "bench-growth.png"
MARKS = ("<!-- bench {0}: written by python lab.py bench {0} -->", "<!-- end of bench {0} -->")
HEADS = ("what", "here", "floor or peer, in the same run", "ratio")


def about(x):
    """Two digits, with thousands apart: what a reader remembers."""
    return f"{float(f'{x:.2g}'):,.0f}" if x >= 10 else f"{x:.2g}"


def rows(kinetic, ruled, bytes_each):
    """The lines of the table: what, here (lowest to highest of the repeats), floor or peer, ratio."""
    for route, words in (("sc", "one subcutaneous dose"), ("iv", "four IV doses")):
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
    import seaborn as sns  # a second, which tests of the rest need not wait

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
    fig.savefig(PICTURE, format="png", metadata={"Software": None}, facecolor="white", dpi=110, bbox_inches="tight")
    return "; ".join(told)


def put(section, parts):
    """Put a section's table, and what belongs to it, between its two marks in the README."""
    begin, end = (mark.format(section) for mark in MARKS)
    page = README.read_text(encoding="utf-8")
    text = f"{begin}\n" + "\n\n".join(parts) + f"\n{end}"
    README.write_text(re.sub(f"{begin}.*?{end}", lambda _: text, page, flags=re.DOTALL), encoding="utf-8", newline="\n")


def machine():
    return f"{os.cpu_count()} cores, Python {platform.python_version()}"


def written(lines, told, at_keys, at_pages, strict):
    """What the section of speed says: its tables, and the picture with its description."""
    return [
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
        f"Measured in one run on {machine()}: medians (lowest to highest of seven, or of five for notebooks).",
        f"![Growth: {told}](classroom/{PICTURE.name})",
    ]


def speed():
    """Measure the notebooks, their explorers and what computes."""
    if not sliders.find_chromium():
        sys.exit("The slider times need Chromium or Chrome on the PATH.")
    print("From a key to the new picture, in a browser: about four minutes …", flush=True)
    at_keys = list(moved(sliders.measure()))
    print("First pictures and memory of each notebook: about two minutes …", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        at_pages = list(opened(pages.measure(Path(folder) / "answers.json")))
    print("All notebooks under strict comparison …", flush=True)
    strict = pages.strict()
    print("Concentration curves …", flush=True)
    kinetic = kinetics.measure()
    print("Rules over 1,000 to 1,000,000 simulated patients …", flush=True)
    ruled = rules.measure()
    lines = list(rows(kinetic, ruled, rules.memory()))
    return written(lines, draw(ruled), at_keys, at_pages, strict)


def attended(trial):
    """The lines of the table of a class: what each learner waited for, and what it took."""
    for words, name in (
        ("The learner's own server starts", "ready"),
        ("nbgitpuller fetches the course", "fetched"),
        ("Notebook 03 opens and every cell runs", "finished"),
    ):
        seconds = [getattr(learner, name) for learner in trial.learners]
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
    return class_told(trial)


def class_told(trial):
    """What the section of the hub says."""
    count, (memory, processor) = len(trial.learners), hub.arithmetic(trial)
    return [
        f"**A class on JupyterHub**: {count} learners press the link at once, each with a server and a home of their "
        "own, on one machine with the hub, its proxy and what plays the learners. Each fetches the course, opens "
        "notebook 03, runs all its cells and answers five questions as nobody else does.",
        markdown(("each step by itself", "median", "longest, or most"), attended(trial)),
        f"All {count} in {trial.seconds:.0f} s. No cell failed; each record lay in its learner's own home and held "
        "that learner's answers alone. Pages of memory that several share are divided among them (PSS).",
        f"**Arithmetic, not measured:** {hub.MORE} learners with one notebook open each come to {memory:.0f} GiB. All "
        f"at once they need {processor:,.0f} s of processor time: {processor / 8 / 60:.1f} minutes on 8 cores, "
        f"{processor / 32 / 60:.1f} on 32, where it divides perfectly.",
        f"Measured in one run on {machine()}.",
    ]


def first_visits():
    """Visit the page without an install for the first time, several times over."""
    if not site.find_chromium():
        sys.exit("The page without an install is measured in Chromium or Chrome, and none is on the PATH.")
    print("First visits of the page without an install: about five minutes …", flush=True)
    return visited(site.measure())


def visited(found):
    """What the section of the site says; `found` as `site.measure` returns it."""
    bare = found["bare.ipynb"][0][2]
    lines = [
        (words(name), *(f"{s:.1f} s" for s in seconds), f"{seconds[2] / bare:.2f}", f"{megabytes:.1f} MB")
        for name, (seconds, megabytes) in found.items()
    ]
    heads = ("first visit of", "page", "kernel", "first picture", "times the bare one", "loaded until then")
    return [
        "**The page without an install**, in Chromium on this machine, with an empty profile: seconds from the click "
        "to the notebook on screen, to a Python that answers, and to the first picture drawn in it, beside a page that "
        "imports pandas and draws. Loaded as a static host sends it, text and WebAssembly compressed; the network "
        "itself is not in the seconds.",
        markdown(heads, lines),
        f"Medians of {site.REPEATS}, measured in one run on {machine()}. Nothing left the machine.",
    ]


def words(name):
    return "**a bare page**" if name == "bare.ipynb" else name.removesuffix(".ipynb").replace("_", " ")


SECTIONS = {"speed": speed, "site": first_visits, "hub": attendance}


def main(names):
    unknown = [name for name in names if name not in SECTIONS]
    if unknown:
        sys.exit(f'There is no section "{unknown[0]}". There are: {", ".join(SECTIONS)}.')
    for name in names or SECTIONS:
        begin, end = (mark.format(name) for mark in MARKS)
        if begin not in README.read_text(encoding="utf-8"):
            sys.exit(f"README.md has no place for the table: put the lines {begin} and {end} where it should stand.")
        parts = SECTIONS[name]()
        put(name, parts)
        print("\n\n".join(parts))


if __name__ == "__main__":
    main(sys.argv[1:])
