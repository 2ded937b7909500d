"""python lab.py bench: measures every section, or those named, and writes its table on a page of the book."""

import os
import platform
import sys
import tempfile
from pathlib import Path

import numpy as np

from tests.bench import hub, pages, rules, site, sliders

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "classroom" / "book" / "pages" / "speed.md"
MARKS = ("<!-- bench {}: written by python lab.py bench -->", "<!-- end of bench {} -->")
MACHINE = f"measured in one run on {os.cpu_count()} cores, Python {platform.python_version()}"
LEARNERS, MORE = 24, 200


def about(x):
    """Two digits, with thousands apart: what a reader remembers."""
    return f"{float(f'{x:.2g}'):,.0f}" if x >= 10 else f"{x:.2g}"


def markdown(heads, lines):
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (heads, ["---"] * len(heads), *lines))


def named(book):
    return "**a bare page**" if book == "bare.ipynb" else book.removesuffix(".ipynb").replace("_", " ")


def put(tables):
    """Put each table between its two marks on the page; SystemExit where it has no place."""
    page = PAGE.read_text(encoding="utf-8")
    for name, text in tables.items():
        begin, end = (mark.format(name) for mark in MARKS)
        if begin not in page:
            sys.exit(f"{PAGE.name} has no place for a table: put the lines {begin} and {end} where it should stand.")
        before, _, after = page.partition(begin)
        page = f"{before}{begin}\n{text}\n{end}{after.partition(end)[2]}"
        print(text)
    PAGE.write_text(page, encoding="utf-8", newline="\n")


def computed(kinetic, ruled, memory):
    """The lines of what computes: what, here (lowest to highest of the repeats), floor or peer, ratio."""
    for route, words in (("sc", "one subcutaneous dose"), ("iv", "four IV doses")):
        ours, steps = kinetic[route]
        yield (f"Concentration curves a second, {words}, 97 points each",
               "{} ({} to {})".format(*map(about, ours)),
               f"scipy's `solve_ivp`: {about(steps[1e-6])} at a tolerance of 10⁻⁶, {about(steps[1e-11])} at 10⁻¹¹",
               f"{about(ours[0] / steps[1e-6])} times as many")  # fmt: skip
    for rule, (n, (middle, low, high), plain) in ruled.items():
        yield (f"Patients a second, {rules.RULES[rule].short}, of {n:,}",
               "{} ({} to {})".format(*(about(n / seconds) for seconds in (middle, high, low))),
               f"a plain NumPy expression that knows no *unknown*: {about(n / plain[0])}",
               f"takes {about(middle / plain[0])} times as long")  # fmt: skip
    what, (ours, plain) = "Memory at the peak of one evaluation, MAS-2016, a patient", memory
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


def speed_tables(at_keys, at_pages, strict, kinetic, ruled, memory):
    heads = "first picture", "times the bare one", "memory", "times the bare one"
    return {
        "keys": markdown(("explorer", "median", "95 % within", "longest", "times as fast as the plain way"), at_keys),
        "pages": markdown(("notebook", *heads), at_pages)
        + f"\n\nThe whole collection under strict nbval on two cores: {strict:.0f} s.",
        "rules": markdown(("what", "here", "floor or peer, in the same run", "ratio"), computed(kinetic, ruled, memory))
        + f"\n\nM{MACHINE[1:]}: medians (lowest to highest of seven, or of five for notebooks).",
    }


def speed():
    at_keys = moved(sliders.measure())
    with tempfile.TemporaryDirectory() as folder:
        at_pages = opened(pages.measure(Path(folder) / "answers.json"))
    return speed_tables(at_keys, at_pages, pages.strict(), rules.kinetics(), rules.measure(), rules.memory())


def attended(trial):
    """The lines of the table of a class: what each learner waited for, and what it took."""
    for step, seconds in trial.waits.items():
        yield step, f"{seconds.median():.1f} s", f"{seconds.max():.1f} s"
    for kind, mib in trial.uses.groupby("kind")["MiB"]:
        yield f"Memory: {kind}", f"{mib.median():.0f} MiB", f"{mib.max():.0f} MiB"
    processor = trial.uses["seconds"].sum() / len(trial.waits)
    yield "Processor time a learner, from the first click to the last cell", f"{processor:.1f} s", ""


def attendance():
    """Let a class work on a real hub; what went wrong ends the bench."""
    trial = hub.measure(LEARNERS)
    if trial.faults:
        sys.exit("\n".join(trial.faults))
    mib = trial.uses.groupby("kind")["MiB"].mean()
    memory = (mib["hub"] + mib["proxy"] + MORE * (mib["server"] + mib["kernel"])) / 1024
    processor = MORE * trial.uses["seconds"].sum() / len(trial.waits)
    return {
        "hub": f"{markdown(('each step by itself', 'median', 'longest, or most'), attended(trial))}\n\n"
        f"All {len(trial.waits)} in {trial.seconds:.0f} s, {MACHINE}.\n\n"
        f"**Arithmetic, not measured:** {MORE} learners with one notebook open each come to {memory:.0f} GiB. All "
        f"at once they need {processor:,.0f} s of processor time: {processor / 8 / 60:.1f} minutes on 8 cores, "
        f"{processor / 32 / 60:.1f} on 32, where it divides perfectly."
    }


def first_visits():
    found = site.measure()
    bare = found["bare.ipynb"][0][2]
    lines = [
        (named(name), *(f"{s:.1f} s" for s in seconds), f"{seconds[2] / bare:.2f}", f"{megabytes:.1f} MB")
        for name, (seconds, megabytes) in found.items()
    ]
    heads = ("first visit of", "page", "kernel", "first picture", "times the bare one", "loaded until then")
    return {"site": f"{markdown(heads, lines)}\n\nMedians of {site.REPEATS}, {MACHINE}. Nothing left the machine."}


SECTIONS = {"speed": speed, "site": first_visits, "hub": attendance}


def main(names):
    if odd := [name for name in names if name not in SECTIONS]:
        sys.exit(f'There is no section "{odd[0]}". There are: {", ".join(SECTIONS)}.')
    for name in names or SECTIONS:
        browser = "" if sliders.find_chromium() else "It is measured in Chromium or Chrome, and none is on the PATH."
        if lack := hub.missing() if name == "hub" else browser:
            sys.exit(lack)
        print(f"Measuring {name}: two to ten minutes …", flush=True)
        put(SECTIONS[name]())


if __name__ == "__main__":
    main(sys.argv[1:])
