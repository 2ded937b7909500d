"""What one case can support: course, rivals, claims and their grounds, the neutropenia, one variant, the literature.

Tables and pictures over the tables of ``casedata``; scores come from `utils.rules`. The explorers are in `utils.judge`.
"""

from functools import cache
from itertools import product

import pandas as pd

from utils import plots
from utils.cards import CONFIDENCE
from utils.ladder import count, courses, in_words, last_added, running
from utils.package import read_table
from utils.page import say, table, together
from utils.quiz import UNSCORED, items
from utils.record import read
from utils.rules import RULES, evaluate, evaluate_table
from utils.units import show

TRUTH = {"yes": True, "no": False, "do not know": None}
CLAIMS = ("high", "moderate", "low", "none from this case")


def _sheet(rows, title, **heads):
    """Some columns of a table under new heads, which are given as ``column="Head"``; "–" where nothing is told."""
    return table(rows[[*heads]].replace("", "–").set_axis([*heads.values()], axis=1), title)


def _listed(facts, source):
    """Addresses and works of a row, in words."""
    return ", ".join(f"{facts} {source}".split())


def _sourced(rows):
    """A table with the evidence tag beside the source."""
    return rows.assign(source=rows["source"] + ", " + rows["tag"])


# ---- the course -----------------------------------------------------------------------------------------------------
def recovery(case, caption):
    """Day 7 to discharge on a scale, and the follow-up as boxes in order: picture and table."""
    days = case.time_points.set_index("time_point").loc["recovery", ["first_day", "last_day"]].astype(int)
    told = case.events[case.events["status"] == "reported"].astype({"day_low": float, "day_high": float})
    marks = told[(told["time_point"] == "recovery") | (told["event"] == "first_improvement")]
    reduced = case.treatments.set_index("treatment").at["anakinra_iv", "end_high"]  # its steps came before the stop
    marks["day_high"] = marks["day_high"].mask(marks["event"] == "anakinra_reduced", reduced)
    marks = marks.loc[marks["day_low"].fillna(marks["day_high"]).sort_values(kind="stable").index]
    labels = told.set_index("event")["label"]
    starts, ends = (case.treatments.set_index("treatment")[c] for c in ("start_text", "end_text"))
    boxes = [  # in the order that the report gives
        (ends["corticosteroid_taper"], labels[["corticosteroid_stopped"]]),
        (starts["canakinumab_4_weekly"], labels[["ciclosporin_stopped", "canakinumab_switch"]]),
        (starts["canakinumab_6_weekly"], labels[["canakinumab_6_weekly"]]),
        ("at 24 months, as printed", labels[["last_report"]]),
    ]
    loose = ("a few months later, not dated", labels[["relapse", "anakinra_restarted"]])
    marks["when"] = [*map(_when, marks["day_low"], marks["day_high"])]
    places = [*marks[["day_low", "day_high", "label", "when"]].itertuples(index=False)]
    picture = plots.recovery(places, tuple(days), boxes, loose, caption)
    rows = [*marks[["when", "label", "fact"]].itertuples(index=False)]
    rows += [("after discharge", r.label, r.fact) for r in told[told["time_point"] == "follow_up"].itertuples()]
    return together(picture, table(pd.DataFrame(rows, columns=["When", "What", "Fact"]), "The same as a table"))


def _when(low, high):
    if pd.isna(low):
        return "not dated" if pd.isna(high) else f"not dated, by day {high:g}"
    return f"day {low:g}" + ("" if low == high else " on, its end not dated" if pd.isna(high) else f" to day {high:g}")


def rivals(case):
    """What ran on the day of the first improvement, or had just ended, as rival explanations of it: words and table."""
    given = courses(case)
    day = int(case.events.set_index("event").at["first_improvement", "day_low"])
    frame, rows = running(given, day), []
    certain, most = count(frame)
    ran = {r.what: f"{r.ran}, {r.why}".rstrip(", ") for r in frame.itertuples()}
    ran |= {one: f"{r.ran}, in one of its two forms" if r.ran == "certain" else ran[r.what]
            for r in frame.itertuples() for one in r.what.split(" or ") if one != r.what}  # fmt: skip
    for c in sorted(given, key=lambda c: (c.first, c.kind != "drug")):
        if c.label in ran and c.first < day or 0 < c.first < day and c.name != "cpr":
            ago = sorted({day - c.first, day - (c.sure or [c.first])[0]})
            begun = " to ".join(map(str, ago)) + " days before" if c.first else "before admission"
            over = f"over, by day {c.last}; its effect may last longer"
            rows.append((c.label, c.kind, begun, ran.get(c.label, over)))
    rows.append(("the illness itself, turning unaided", "course", "not known", "cannot be seen in one child"))
    line = f"On day {day}, when the heart first improved, {certain} treatments ran for certain and {most} at most. "
    line += f"The last drug begun before: {in_words(last_added(given, day))}."
    heads = ["What", "Kind", "Begun", f"On day {day}"]
    return together(say(line), table(pd.DataFrame(rows, columns=heads), "What could have helped"))


# ---- claims ---------------------------------------------------------------------------------------------------------
def weighed(case, caption):
    """Claims of the report with our confidence in them, from this case alone: picture and table."""
    rows = case.weighed.assign(facts=case.weighed["facts"].str.replace(" ", ", "))
    rows = rows.assign(level=[len(CLAIMS) - 1 - CLAIMS.index(c) for c in rows["confidence"]])
    picture = plots.claims([*rows[["label", "level", "confidence", "write"]].itertuples(index=False)], 3, caption)
    heads = {"label": "Claim", "ground": "Stands on", "lacks": "Missing, or against", "confidence": "Confidence"}
    return together(picture, _sheet(rows, "Claim, evidence, confidence", **heads, facts="Addresses"))


# ---- the neutropenia ------------------------------------------------------------------------------------------------
def severity(case):
    """The neutrophils of the recovery against the grades of CTCAE: a sentence and a table."""
    found = evaluate("ctcae_neutrophils", case.as_of("recovery"))
    line = f"Neutrophils {case.as_of('recovery').inputs['neutrophils']}: grade {show(found.score[0])} of 4."
    rows = found.items[["label", "rule", "as_given", "status"]].set_axis(["Grade", "Begins", "Here", "Verdict"], axis=1)
    rows["Begins"] = ["below the laboratory's own lower limit", *rows["Begins"][1:]]
    return together(say(line), table(rows, found.title))


def points(name, answer):
    """What an answer to a question scores; "do not know" scores nothing (source: rules.csv, naranjo)."""
    node = RULES["naranjo"].nodes()[name]
    return 0.0 if answer is None else float(node["points"] if answer else node["otherwise"])


@cache
def answers():
    """Our answers to the ten questions, as the rules take them: dict of q1 … q10 -> True, False or None."""
    return {r.question: TRUTH[r.ours] for r in read_table("naranjo_answers").itertuples()}


@cache
def defensible():
    """The lowest and highest score of all answers that ``naranjo_answers.csv`` allows, by the rules: two floats."""
    rows = read_table("naranjo_answers")
    choices = [[TRUTH[a] for a in filter(None, [r.ours, *r.others.split("|")])] for r in rows.itertuples()]
    frame = pd.DataFrame(product(*choices), columns=rows["question"]).astype("boolean")
    scores = evaluate_table("naranjo", frame)["score_low"]
    return float(scores.min()), float(scores.max())


@cache
def bands():
    """The published bands of the Naranjo score: a list of (lowest, highest, name), from the lowest on."""
    rows = RULES["naranjo"].nodes().values()
    starts = sorted((r["threshold"], r["label"]) for r in rows if r["kind"] == "category")
    least = sum(min(points(n, True), points(n, False), 0) for n in answers())
    most = sum(max(points(n, True), points(n, False), 0) for n in answers())
    ends = [low - 1 for low, _ in starts[1:]] + [most]
    return [(max(low, least), high, name) for (low, name), high in zip(starts, ends, strict=True)]


def band(score):
    return next(name for low, high, name in bands() if low <= score <= high)


def naranjo(caption):
    """The ten questions worked: score with the defensible range among the published bands, and why; picture, table."""
    verdict, (low, high), rows = evaluate("naranjo", answers()), defensible(), []
    for r in read_table("naranjo_answers").itertuples():
        others = [f"{o} ({signed(points(r.question, TRUTH[o]))})" for o in filter(None, r.others.split("|"))]
        ours = f"{r.ours} ({signed(points(r.question, TRUTH[r.ours]))})"
        why = r.other_why or "–", _listed(r.facts, r.source)
        rows.append((f"{r.question[1:]}. {label(r.question)}", ours, r.why, "; ".join(others) or "none", *why))
    score = verdict.score[0]
    line = f"Naranjo: {show(score)}, {verdict.category}. With other answers that can be defended, {show(low)} to "
    line += f"{show(high)}: {band(low)} to {band(high)}."
    heads = ["Question", "We answer", "Why", "Defensible too", "Why that", "Rests on"]
    picture = plots.scale(bands(), [("our answers", score, score), ("defensible", low, high)], caption)
    return together(say(line), picture, table(pd.DataFrame(rows, columns=heads), "Ten questions, worked"))


def label(question):
    return RULES["naranjo"].nodes()[question]["label"]


def signed(x):
    return "0" if x == 0 else f"{x:+g}".replace("-", "\u2212")


def causes(case):
    """What else could have caused the neutropenia: a table."""
    rows = case.neutropenia_causes.assign(rests=lambda t: [*map(_listed, t["facts"], t["source"])])
    heads = {"label": "Rival", "days": "Its days", "pro": "For it", "contra": "Against it, or open"}
    return _sheet(rows, "Rival causes of the neutropenia", **heads, rests="Rests on")


# ---- the variant ----------------------------------------------------------------------------------------------------
def carriers(frequency):
    """The share of people (0 to 0.5) with one copy of an allele of that frequency (0 to 1): 2pq, Hardy and Weinberg."""
    if not 0 <= frequency <= 1:
        raise ValueError(f"{frequency} is no frequency: give 0 to 1")
    return 2 * frequency * (1 - frequency)


def people(case, caption):
    """A hundred people and how many of them carry one copy of the variant: picture, and what is known as a table."""
    rows = case.variant.set_index("item")
    low, high = (round(100 * carriers(rows.at[f"alleles_{x}", "frequency"])) for x in ("low", "high"))
    counts = {"carry one copy, by both counts": (low, "circle full")}
    counts |= {"more, by the higher count": (high - low, "circle"), "do not": (100 - high, "square")}
    heads = {"label": "Of", "words": "Figure", "says": "What it says here", "source": "Source, evidence"}
    return together(plots.icons(counts, caption), _sheet(_sourced(case.variant), "One variant: what is known", **heads))


# ---- the report and the literature ----------------------------------------------------------------------------------
def audit(case):
    """The report against CARE 2013, all sub-items: what is printed, counted, and a table."""
    rows, places = case.care, dict(case.locators[["locator", "label"]].itertuples(index=False))
    counted = ", ".join(f"{n} {state}" for state, n in rows["state"].value_counts().items())
    where = ["; ".join(places[p.strip()] for p in w.split("|")) if w else "" for w in rows["where"]]
    told = rows.assign(where=where, facts=rows["facts"].str.replace(" ", ", "))
    heads = {"item": "Item", "label": "Asks for", "state": "Our reading", "where": "Where", "facts": "Addresses"}
    line = f"{len(rows)} sub-items: {counted}. Our reading, of the text used here."
    return together(say(line), _sheet(told, "CARE 2013, item by item", **heads, note="Remark"))


def ribbon(case, caption):
    """Guidance that came with and after the article, by its date: picture and table."""
    picture = plots.ribbon([*case.guidance[["published", "label", "bears_on"]].itertuples(index=False)], caption)
    heads = {"published": "Published", "label": "What", "says": "What was seen of it", "source": "Source, evidence"}
    return together(picture, _sheet(_sourced(case.guidance), "What later guidance says, with its date", **heads))


def evidence(case):
    """What was published on anakinra in MAS, as far as it was seen: how the rows point, and a table."""
    rows, n = _sourced(case.anakinra_evidence), case.anakinra_evidence["direction"].value_counts()
    line = f"{len(rows)} rows: {n['for']} point for it, {n['open']} leave it open, {n['against']} point against it."
    heads = {"people": "Whom", "design": "Design", "way": "How given", "result": "What came out", "direction": "Points"}
    return together(
        say(line),
        _sheet(
            rows,
            "Anakinra in MAS, in the heart and liver of systemic JIA, and as a suspect in neutropenia: what was seen",
            **heads,
            source="Source, evidence",
        ),
    )


# ---- one's own record -----------------------------------------------------------------------------------------------
def calibration(given=None):
    """How often answers were best supported, by how sure one was: a DataFrame of counts, answered and best.

    `given` is what `utils.record.read` gives, your own record where it is left out. Scored questions alone count.
    """
    given, known = read()[0] if given is None else given, items()
    rows = []
    for name, entry in given.items():
        item = known.get(name)
        if item and item.get("best") and item["kind"] not in UNSCORED and entry.get("confidence"):
            rows.append((entry["confidence"], entry["choice"] == item["best"]))
    found = pd.DataFrame(rows, columns=["confidence", "best"])
    counted = found.astype({"best": bool}).groupby("confidence")["best"].agg(["size", "sum"])
    return counted.reindex(CONFIDENCE, fill_value=0).set_axis(["answered", "best"], axis=1)


def my_calibration(caption):
    """Your calibration as a picture and a table; where no answer has a confidence, what will stand here."""
    found = calibration()
    if not found["answered"].sum():
        return say(
            "There is nothing to plot yet: your record holds no scored answer with a confidence. When it does, three "
            "bars will stand here, for low, medium and high confidence, each with how many were best supported."
        )
    words = [f"{r.best} of {r.answered}" for r in found.itertuples()]
    sheet = table(pd.DataFrame({"You were": found.index, "Best supported": words}), "The same as a table")
    return together(plots.calibration([*found[["answered", "best"]].itertuples(name=None)], caption), sheet)
