"""What one case can support: course, rivals, claims and their grounds, the neutropenia, one variant, the literature.

Tables, pictures and the register over the tables of ``casedata``; scores come from `utils.rules`.
"""

from collections import defaultdict
from functools import partial

import pandas as pd

from utils import page, plots
from utils.chapters.course import count, courses, last_added, running
from utils.explore import Choice, Text, again, explorer
from utils.page import say, together
from utils.phrases import phrase, status_word
from utils.quiz import CONFIDENCE, UNSCORED, items, prompts
from utils.record import read
from utils.rules import RULES, evaluate
from utils.tables import read_table
from utils.units import UnitError, show

TRUTH = {"yes": True, "no": False, "do not know": None}
ANY = "any"
headed = partial(page.headed, blank="–")
CLAIMS = ("none from this case", "low", "moderate", "high")


def _listed(facts, source=""):
    return ", ".join(f"{facts} {source}".split())


def _sourced(rows):
    return rows.assign(source=rows["source"] + ", " + rows["tag"])


def _places(case, cells):
    labels = case.locators.set_index("locator")["label"]
    return ["; ".join(labels[p.strip()] for p in cell.split("|") if p) for cell in cells]


# ---- the course -----------------------------------------------------------------------------------------------------
def recovery(case, caption):
    """Day 7 to discharge on a scale, and the follow-up as boxes in order: picture and table."""
    days = case.time_points.set_index("time_point").loc["recovery", ["first_day", "last_day"]].astype(int)
    events = case.events.query("status == 'reported'").astype({"day_low": float, "day_high": float})
    labels, given = events.set_index("event")["label"], case.treatments.set_index("treatment")
    marks = events.query("time_point == 'recovery' or event == 'first_improvement'")
    reduced = given.at["anakinra_iv", "end_high"]  # its steps came before the stop
    marks["day_high"] = marks["day_high"].mask(marks["event"] == "anakinra_reduced", reduced)
    marks = marks.loc[marks["day_low"].fillna(marks["day_high"]).sort_values(kind="stable").index]
    boxes = [  # in the order that the report gives
        (given.at["corticosteroid_taper", "end_text"], labels[["corticosteroid_stopped"]]),
        (given.at["canakinumab_4_weekly", "start_text"], labels[["ciclosporin_stopped", "canakinumab_switch"]]),
        (given.at["canakinumab_6_weekly", "start_text"], labels[["canakinumab_6_weekly"]]),
        (phrase("appraisal.at_24_months"), labels[["last_report"]]),
    ]
    loose = (phrase("appraisal.months_later"), labels[["relapse", "anakinra_restarted"]])
    marks["when"] = [*map(_when, marks["day_low"], marks["day_high"])]
    places = [*marks[["day_low", "day_high", "label", "when"]].itertuples(index=False)]
    later = events.query("time_point == 'follow_up'").assign(when=phrase("appraisal.after_discharge"))
    sheet = headed(pd.concat([marks, later]), "appraisal.recovery", "when label fact", phrase("page.as_table"))
    return together(plots.recovery(places, tuple(days), boxes, loose, caption), sheet)


def _when(low, high):
    if pd.isna(low):
        return phrase("appraisal.not_dated" if pd.isna(high) else "appraisal.not_dated_by", high=high)
    if pd.isna(high):
        return phrase("appraisal.on_its_end_not_dated", low=low)
    return phrase("plots.day", day=low) if low == high else phrase("plots.days", first=low, last=high)


def rivals(case):
    """What ran on the day of the first improvement, or had just ended, as rival explanations of it: words and table."""
    given, day = courses(case), int(case.events.set_index("event").at["first_improvement", "day_low"])
    frame, rows = running(given, day), []
    certain, most = count(frame)
    ran_then = {(r.drug, r.ran): r for r in frame.itertuples()}
    for c in sorted(given, key=lambda c: (c.first, c.kind != "drug")):
        if c.first < day and (c.on(day) or c.first and c.name != "cpr"):
            first, last = sorted((day - c.first, day - (c.sure or [c.first])[0]))
            before = "days_before" if first == last else "first_to_last_days_before"
            begun = phrase(f"appraisal.{before if c.first else 'before_admission'}", first=first, last=last)
            row, ran = ran_then.get((c.drug, c.on(day))), phrase("appraisal.over", day=c.last)
            if c.on(day):
                row = row or ran_then[c.drug, "certain"]  # a drug can be certain, and its form open
                one_form = row.ran == "certain" and row.what != c.label
                ran = phrase(f"appraisal.{'certain_in_one_form' if one_form else row.ran}", why=row.why)
            rows.append((c.label, phrase(f"plots.{c.kind}"), begun, ran))
    rows.append([phrase(f"appraisal.illness{x}") for x in ("", "_kind", "_begun", "_ran")])
    line = phrase("appraisal.ran", day=day, certain=certain, most=most, last=last_added(given, day))
    return together(say(line), headed(rows, "appraisal.rivals", "what kind begun ran", day=day))


def weighed(case, caption, without=()):
    """Claims of the report with our confidence in them, picture and table. Some may be left out."""
    rows = case.weighed[~case.weighed["claim"].isin(without)]
    rows = rows.assign(level=rows["confidence"].map(CLAIMS.index), facts=rows["facts"].map(_listed))
    rows["confidence"] = rows["confidence"].map(status_word)
    picture = plots.claims([*rows[["label", "level", "confidence", "write"]].itertuples(index=False)], 3, caption)
    return together(picture, headed(rows, "appraisal.claims", "label ground lacks confidence facts"))


# ---- the neutropenia ------------------------------------------------------------------------------------------------
def severity(case):
    """The neutrophils of the recovery against the grades of CTCAE, in two versions: a sentence and a table."""
    then = case.as_of("recovery")
    found, later = (evaluate("ctcae_neutrophils", then, version) for version in ("v5", "v6"))
    grades = dict(zip(("grade", "later_low", "later_high"), map(show, (found.score[0], *later.score)), strict=True))
    line = phrase("appraisal.neutrophils", value=then.inputs["neutrophils"], **grades)
    rows = found.items.assign(status=found.items["status"].map(status_word))
    rows.loc[0, "rule"] = phrase("appraisal.begins_below_limit")
    return together(say(line), headed(rows, "appraisal.severity", "label rule as_given status", found.title))


def answers():
    """Our answers to the ten questions, as the rules take them: dict of q1 … q10 -> True, False or None."""
    return {r.question: TRUTH[r.ours] for r in read_table("naranjo_answers").itertuples()}


def _allowed():
    """Rows of ``naranjo_answers.csv``, each with the points of our answer and of those that can be defended too."""
    for row in read_table("naranjo_answers").itertuples():
        node = RULES["naranjo"].nodes()[row.question]
        points = {"yes": float(node["points"]), "no": float(node["otherwise"])}
        yield row, {a: points.get(a, 0.0) for a in [row.ours, *filter(None, row.others.split("|"))]}


def defensible():
    """The lowest and highest score of all answers that ``naranjo_answers.csv`` allows."""
    points = [each.values() for _, each in _allowed()]
    return sum(map(min, points)), sum(map(max, points))


def bands():
    """The published bands of the Naranjo score: a list of (lowest, highest, name), from the lowest on."""
    starts = sorted((r["threshold"], r["label"]) for r in RULES["naranjo"].nodes().values() if r["kind"] == "category")
    ends = [low - 1 for low, _ in starts[1:]] + [evaluate("naranjo", {}).reach.most]
    return [(low, high, name) for (low, name), high in zip(starts, ends, strict=True)]


def naranjo(caption):
    """The ten questions worked: score with the defensible range among the published bands, and why; picture, table."""
    verdict, (low, high), rows = evaluate("naranjo", answers()), defensible(), []
    for r, points in _allowed():
        points = {a: f"{x:+g}".replace("-", "\u2212").replace("+0", "0") for a, x in points.items()}
        ours, *others = (f"{status_word(a)} ({x})" for a, x in points.items())
        others = "; ".join(others) or phrase("appraisal.no_other")
        question = f"{r.question[1:]}. {RULES['naranjo'].nodes()[r.question]['label']}"
        rows.append((question, ours, r.why, others, r.other_why, _listed(r.facts, r.source)))
    score, band = verdict.score[0], {x: name for a, b, name in bands() for x in (low, high) if a <= x <= b}
    scores = {"score": show(score), "low": show(low), "high": show(high)}
    line = phrase("appraisal.score", **scores, band=verdict.category, low_band=band[low], high_band=band[high])
    spans = [(phrase("appraisal.our_answers"), score, score), (phrase("appraisal.defensible"), low, high)]
    sheet = headed(rows, "appraisal.naranjo", "question ours why others other_why rests")
    return together(say(line), plots.scale(bands(), spans, caption), sheet)


def causes(case):
    """What else could have caused the neutropenia: a table."""
    rows = case.neutropenia_causes.assign(rests=lambda t: [*map(_listed, t["facts"], t["source"])])
    return headed(rows, "appraisal.causes", "label days pro contra rests")


def people(case, caption):
    """A hundred people and how many of them carry one copy of the variant: picture, and what is known as a table."""
    frequency = case.variant.set_index("item")["frequency"]
    low, high = (round(200 * p * (1 - p)) for p in frequency[["alleles_low", "alleles_high"]])  # 2pq, Hardy-Weinberg
    many = {"one_copy": (low, "circle full"), "more_copies": (high - low, "circle"), "no_copy": (100 - high, "square")}
    picture = plots.icons({phrase(f"appraisal.{name}"): of for name, of in many.items()}, caption)
    return together(picture, headed(_sourced(case.variant), "appraisal.variant", "label words says source"))


# ---- the report and the literature ----------------------------------------------------------------------------------
def audit(case):
    """The report against CARE 2013, all sub-items: what is printed, counted, and a table."""
    counted = ", ".join(f"{n} {state}" for state, n in case.care["state"].value_counts().items())
    rows = case.care.assign(where=_places(case, case.care["where"]), facts=case.care["facts"].map(_listed))
    line = phrase("appraisal.care_counted", total=len(rows), counted=counted)
    return together(say(line), headed(rows, "appraisal.care", "item label state where facts note"))


def ribbon(case, caption):
    """Guidance that came with and after the article, by its date: picture and table."""
    picture = plots.ribbon([*case.guidance[["published", "label", "bears_on"]].itertuples(index=False)], caption)
    return together(picture, headed(_sourced(case.guidance), "appraisal.guidance", "published label says source"))


def evidence(case):
    """What was published on anakinra in MAS, as far as it was seen: how the rows point, and a table."""
    rows, n = _sourced(case.anakinra_evidence), case.anakinra_evidence["direction"].value_counts()
    rows["direction"] = rows["direction"].map(status_word)
    line = phrase("appraisal.points", total=len(rows), pro=n["for"], open=n["open"], contra=n["against"])
    return together(say(line), headed(rows, "appraisal.evidence", "people design way result direction source"))


# ---- one's own record -----------------------------------------------------------------------------------------------
def my_calibration(caption):
    """How often your scored answers were best supported, by how sure you were; a button brings it up to date."""

    def view():
        best = {name: i["best"] for name, i in items().items() if i.get("best") and i["kind"] not in UNSCORED}
        given = [(e.get("confidence"), e["choice"] == best[name]) for name, e in read()[0].items() if name in best]
        counted = pd.DataFrame(given, columns=["sure", "best"]).groupby("sure")["best"].agg(["size", "sum"])
        counted = counted.reindex(CONFIDENCE, fill_value=0)
        if not counted["size"].any():
            return say(phrase("appraisal.nothing_to_plot"))
        return plots.calibration([*counted.itertuples(name=None)], caption)

    return again(view)


# ---- the register ---------------------------------------------------------------------------------------------------
def register(case):
    """The discrepancies of the whole case, to choose from and to search: ``set(search="dose", kind="any")``."""
    used = defaultdict(set)
    for one in [*items().values(), *prompts().values()]:
        for name in sum((o["rests_on"] for o in one.get("options", [])), [*one.get("rests_on", [])]):
            used[name].add(one["notebook"])
    moments = case.time_points.set_index("time_point")["label"]
    rows = case.discrepancies.set_index("id", drop=False)
    rows["moment"], rows["place"] = rows["time_point"].map(moments), _places(case, rows["where"])
    rows["text"] = rows.astype(str).agg(" ".join, axis=1).str.casefold()  # all that is told of an entry
    rows["notebook"] = [", ".join(sorted(used[name])) or "–" for name in rows["id"]]
    rows["facts"] = rows["facts"].map(_listed)
    rows["as_printed"] = [
        "; ".join(phrase("judge.quoted", words=w.strip()) for w in cell.split("|") if cell) or phrase("judge.none")
        for cell in rows["as_printed"]
    ]
    books = sorted({book for name in rows["id"] for book in used[name]})
    lists = {"kind": rows["kind"].unique(), "notebook": books, "moment": moments[moments.isin(rows["moment"])]}
    lists = {name: {phrase("judge.any"): ANY} | {x: x for x in known} for name, known in lists.items()}

    def matching(search="", entry=None, **chosen):
        fit = rows["text"].str.contains(search.strip().casefold(), regex=False)
        for column, value in chosen.items():
            fit &= rows[column].str.contains("" if value == ANY else value, regex=False)
        return rows[fit]

    def follow(now, moved):
        fit = matching(**now).index
        return now if moved == "entry" or now["entry"] in fit else {**now, "entry": next(iter(fit), None)}

    def view(**now):
        fit, at = matching(**now), now["entry"]
        line = say(phrase("judge.entries_fit", n=len(fit), total=len(rows)))
        if fit.empty and at is None:
            return together(line, say(phrase("judge.none_fits")))
        if at not in fit.index:
            known = ", ".join(fit.index) or phrase("judge.none")
            raise UnitError(phrase("explorer.not_listed", value=at, name=phrase("judge.entry"), known=known))
        parts = "printed as_printed place question handling facts".split()
        one = [(phrase(f"judge.{part}"), fit.at[at, part]) for part in parts]
        listed = headed(fit, "judge", "id title kind moment notebook", phrase("judge.listed"))
        return together(line, headed(one, "judge", "part told", f"{at}. {fit.at[at, 'title']}"), listed)

    controls = {name: Choice(phrase(f"judge.by_{name}"), known) for name, known in lists.items()}
    controls["search"] = Text(phrase("judge.search"), live=True)
    controls["entry"] = Choice(phrase("judge.entry"), lambda now: [*matching(**now).index], read=str)
    return explorer(view, follow=follow, reset=phrase("judge.show_all"), **controls)
