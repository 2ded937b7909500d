"""What one case can support: course, rivals, claims and their grounds, the neutropenia, one variant, the literature.

Tables, pictures and the register over the tables of ``casedata``; scores come from `utils.rules`.
"""

from functools import cache

import pandas as pd

from utils import plots
from utils.chapters.course import count, courses, in_words, last_added, running
from utils.engine import Choice, Text, explorer
from utils.page import say, table, together
from utils.phrases import phrase, status_word
from utils.quiz import CONFIDENCE, UNSCORED, items, prompts
from utils.record import read
from utils.rules import RULES, evaluate
from utils.tables import read_table
from utils.units import UnitError, show

TRUTH = {"yes": True, "no": False, "do not know": None}
CLAIMS = ("none from this case", "low", "moderate", "high")


def _sheet(rows, name, *columns, title=None, **values):
    """Some columns of a table, its title the phrase ``name``, its heads ``name_column``; "–" where nothing is told."""
    heads = [phrase(f"appraisal.{name}_{column}", **values) for column in columns]
    return table(rows[[*columns]].replace("", "–").set_axis(heads, axis=1), title or phrase(f"appraisal.{name}"))


def _word(kind, code):
    return phrase(f"appraisal.{kind}_{code.replace(' ', '_')}")


def _listed(facts, source=""):
    return ", ".join(f"{facts} {source}".split())


def _sourced(rows):
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
        (phrase("appraisal.at_24_months"), labels[["last_report"]]),
    ]
    loose = (phrase("appraisal.months_later"), labels[["relapse", "anakinra_restarted"]])
    marks["when"] = [*map(_when, marks["day_low"], marks["day_high"])]
    places = [*marks[["day_low", "day_high", "label", "when"]].itertuples(index=False)]
    picture = plots.recovery(places, tuple(days), boxes, loose, caption)
    rows = marks[["when", "label", "fact"]].values.tolist()
    after = told[told["time_point"] == "follow_up"]
    rows += [(phrase("appraisal.after_discharge"), r.label, r.fact) for r in after.itertuples()]
    columns = ["when", "what", "fact"]
    sheet = _sheet(pd.DataFrame(rows, columns=columns), "recovery", *columns, title=phrase("page.as_table"))
    return together(picture, sheet)


def _when(low, high):
    if pd.isna(low):
        return phrase("appraisal.not_dated" if pd.isna(high) else "appraisal.not_dated_by", high=high)
    if pd.isna(high):
        return phrase("appraisal.on_its_end_not_dated", low=low)
    return phrase("plots.day", day=low) if low == high else phrase("plots.days", first=low, last=high)


def rivals(case):
    """What ran on the day of the first improvement, or had just ended, as rival explanations of it: words and table."""
    given = courses(case)
    day = int(case.events.set_index("event").at["first_improvement", "day_low"])
    frame, rows = running(given, day), []
    certain, most = count(frame)
    by = {(r.drug, r.ran): r for r in frame.itertuples()}
    for c in sorted(given, key=lambda c: (c.first, c.kind != "drug")):
        if c.first < day and (c.on(day) or c.first and c.name != "cpr"):
            first, last = sorted((day - c.first, day - (c.sure or [c.first])[0]))
            before = "days_before" if first == last else "first_to_last_days_before"
            begun = phrase(f"appraisal.{before if c.first else 'before_admission'}", first=first, last=last)
            if not c.on(day):
                ran = phrase("appraisal.over", day=c.last)
            elif c.on(day) == "perhaps" and (c.drug, "perhaps") in by:
                ran = phrase("appraisal.perhaps", why=by[c.drug, "perhaps"].why)
            else:  # a drug can be certain, and its form open
                alone = by[c.drug, "certain"].what == c.label
                ran = phrase("appraisal.certain" if alone else "appraisal.certain_in_one_form")
            rows.append((c.label, phrase(f"plots.{c.kind}"), begun, ran))
    rows.append([phrase(f"appraisal.illness{x}") for x in ("", "_kind", "_begun", "_ran")])
    last = in_words(last_added(given, day))
    columns = ["what", "kind", "begun", "ran"]
    sheet = _sheet(pd.DataFrame(rows, columns=columns), "rivals", *columns, day=day)
    return together(say(phrase("appraisal.ran", day=day, certain=certain, most=most, last=last)), sheet)


# ---- claims ---------------------------------------------------------------------------------------------------------
def weighed(case, caption, without=()):
    """Claims of the report with our confidence in them, picture and table. Some may be left out."""
    rows = case.weighed[~case.weighed["claim"].isin(without)]
    rows = rows.assign(
        facts=rows["facts"].map(_listed),
        level=[CLAIMS.index(c) for c in rows["confidence"]],
        confidence=[_word("confidence", c) for c in rows["confidence"]],
    )
    picture = plots.claims([*rows[["label", "level", "confidence", "write"]].itertuples(index=False)], 3, caption)
    return together(picture, _sheet(rows, "claims", "label", "ground", "lacks", "confidence", "facts"))


# ---- the neutropenia ------------------------------------------------------------------------------------------------
def severity(case):
    """The neutrophils of the recovery against the grades of CTCAE, in two versions: a sentence and a table."""
    then = case.as_of("recovery")
    found, later = (evaluate("ctcae_neutrophils", then, version) for version in ("v5", "v6"))
    said = dict(zip(("grade", "later_low", "later_high"), map(show, (found.score[0], *later.score)), strict=True))
    value = then.inputs["neutrophils"]
    begins = [phrase("appraisal.begins_below_limit"), *found.items["rule"][1:]]
    rows = found.items.assign(rule=begins, status=found.items["status"].map(status_word))
    sheet = _sheet(rows, "severity", "label", "rule", "as_given", "status", title=found.title)
    return together(say(phrase("appraisal.neutrophils", value=value, **said)), sheet)


def _points(question, answer):
    """What yes, no or "do not know" scores (source: rules.csv, naranjo)."""
    node = RULES["naranjo"].nodes()[question]
    return {"yes": float(node["points"]), "no": float(node["otherwise"])}.get(answer, 0.0)


def _allowed(row):
    """Our answer, and the others that can be defended."""
    return [row.ours, *filter(None, row.others.split("|"))]


@cache
def answers():
    """Our answers to the ten questions, as the rules take them: dict of q1 … q10 -> True, False or None."""
    return {r.question: TRUTH[r.ours] for r in read_table("naranjo_answers").itertuples()}


@cache
def defensible():
    """The lowest and highest score of all answers that ``naranjo_answers.csv`` allows: two floats."""
    scores = [[_points(r.question, a) for a in _allowed(r)] for r in read_table("naranjo_answers").itertuples()]
    return sum(map(min, scores)), sum(map(max, scores))


@cache
def bands():
    """The published bands of the Naranjo score: a list of (lowest, highest, name), from the lowest on."""
    starts = sorted((r["threshold"], r["label"]) for r in RULES["naranjo"].nodes().values() if r["kind"] == "category")
    every = [[_points(q, a) for a in TRUTH] for q in answers()]
    lows = [max(low, sum(map(min, every))) for low, _ in starts]
    highs = [low - 1 for low, _ in starts[1:]] + [sum(map(max, every))]
    return [(low, high, name) for low, high, (_, name) in zip(lows, highs, starts, strict=True)]


def band(score):
    return next(name for low, high, name in bands() if low <= score <= high)


def naranjo(caption):
    """The ten questions worked: score with the defensible range among the published bands, and why; picture, table."""
    verdict, (low, high), rows = evaluate("naranjo", answers()), defensible(), []
    for r in read_table("naranjo_answers").itertuples():
        ours, *others = (f"{_word('answer', a)} ({_signed(_points(r.question, a))})" for a in _allowed(r))
        others = "; ".join(others) or phrase("appraisal.no_other")
        question = f"{r.question[1:]}. {RULES['naranjo'].nodes()[r.question]['label']}"
        rows.append((question, ours, r.why, others, r.other_why, _listed(r.facts, r.source)))
    score = verdict.score[0]
    said = {"score": show(score), "band": verdict.category, "low": show(low), "high": show(high)}
    line = phrase("appraisal.score", **said, low_band=band(low), high_band=band(high))
    spans = [(phrase("appraisal.our_answers"), score, score), (phrase("appraisal.defensible"), low, high)]
    columns = ["question", "ours", "why", "others", "other_why", "rests"]
    sheet = _sheet(pd.DataFrame(rows, columns=columns), "naranjo", *columns)
    return together(say(line), plots.scale(bands(), spans, caption), sheet)


def _signed(x):
    return "0" if x == 0 else f"{x:+g}".replace("-", "\u2212")


def causes(case):
    """What else could have caused the neutropenia: a table."""
    rows = case.neutropenia_causes.assign(rests=lambda t: [*map(_listed, t["facts"], t["source"])])
    return _sheet(rows, "causes", "label", "days", "pro", "contra", "rests")


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
    counts = {phrase("appraisal.one_copy"): (low, "circle full")}
    counts |= {phrase("appraisal.more_copies"): (high - low, "circle")}
    counts |= {phrase("appraisal.no_copy"): (100 - high, "square")}
    sheet = _sheet(_sourced(case.variant), "variant", "label", "words", "says", "source")
    return together(plots.icons(counts, caption), sheet)


# ---- the report and the literature ----------------------------------------------------------------------------------
def audit(case):
    """The report against CARE 2013, all sub-items: what is printed, counted, and a table."""
    rows, places = case.care, dict(case.locators[["locator", "label"]].itertuples(index=False))
    counted = ", ".join(f"{n} {state}" for state, n in rows["state"].value_counts().items())
    where = ["; ".join(places[p.strip()] for p in w.split("|")) if w else "" for w in rows["where"]]
    told = rows.assign(where=where, facts=rows["facts"].map(_listed))
    line = phrase("appraisal.care_counted", total=len(rows), counted=counted)
    return together(say(line), _sheet(told, "care", "item", "label", "state", "where", "facts", "note"))


def ribbon(case, caption):
    """Guidance that came with and after the article, by its date: picture and table."""
    picture = plots.ribbon([*case.guidance[["published", "label", "bears_on"]].itertuples(index=False)], caption)
    return together(picture, _sheet(_sourced(case.guidance), "guidance", "published", "label", "says", "source"))


def evidence(case):
    """What was published on anakinra in MAS, as far as it was seen: how the rows point, and a table."""
    rows, n = _sourced(case.anakinra_evidence), case.anakinra_evidence["direction"].value_counts()
    rows["direction"] = [_word("points", d) for d in rows["direction"]]
    line = phrase("appraisal.points", total=len(rows), pro=n["for"], open=n["open"], contra=n["against"])
    return together(say(line), _sheet(rows, "evidence", "people", "design", "way", "result", "direction", "source"))


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
    """Your calibration as a picture and a table, with a button that brings it up to date."""
    note = phrase("explorer.again_note")
    return explorer(lambda: _calibrated(caption), reset=phrase("explorer.again"), note=note)


def _calibrated(caption):
    found = calibration()
    if not found["answered"].sum():
        return say(phrase("appraisal.nothing_to_plot"))
    words = [phrase("plots.of", part=r.best, whole=r.answered) for r in found.itertuples()]
    rows = pd.DataFrame({"sure": found.index.map(status_word), "best": words})
    sheet = _sheet(rows, "calibration", "sure", "best", title=phrase("page.as_table"))
    return together(plots.calibration([*found[["answered", "best"]].itertuples(name=None)], caption), sheet)


# ---- the register ---------------------------------------------------------------------------------------------------
ANY = "any"


def asked_in():
    """Where each entry of the register is asked about: dict of id -> set of notebooks whose questions rest on it."""
    found = {}
    for one in [*items().values(), *prompts().values()]:
        rests = [r for o in one.get("options", []) for r in o["rests_on"]] + list(one.get("rests_on", []))
        for name in (r for r in rests if r.startswith("D")):
            found.setdefault(name, set()).add(one["notebook"])
    return found


def register(case):
    """The register of discrepancies of the whole case, to choose from and to search; one is open, all are listed.

    ``set(kind="two accounts")``, ``set(search="dose")``, ``set(entry="D07")``.
    """
    places, used = dict(case.locators[["locator", "label"]].itertuples(index=False)), asked_in()
    moments = dict(case.time_points[["time_point", "label"]].itertuples(index=False))
    rows = case.discrepancies.set_index("id", drop=False)
    rows["moment"] = rows["time_point"].map(moments)
    rows["place"] = ["; ".join(places[p.strip()] for p in w.split("|")) for w in rows["where"]]
    rows["text"] = rows.astype(str).agg(" ".join, axis=1).str.casefold()  # all that is told of an entry
    rows["books"] = [", ".join(sorted(used.get(name, ()))) or "–" for name in rows["id"]]
    lists = {"kind": rows["kind"].unique(), "notebook": sorted(set().union(*used.values()))}
    lists["moment"] = [m for m in moments.values() if m in set(rows["moment"])]

    def matching(kind, notebook, moment, search, entry=None):
        fit = rows["text"].str.contains(search.strip().casefold(), regex=False)
        fit &= rows["books"].str.contains("" if notebook == ANY else notebook, regex=False)
        for column, chosen in (("kind", kind), ("moment", moment)):
            fit &= (chosen == ANY) | (rows[column] == chosen)
        return rows[fit]

    def follow(now, moved):
        fit = matching(**now).index
        return now if now["entry"] in fit else {**now, "entry": fit[0] if len(fit) else None}

    def entry(given):
        if given not in [*rows.index]:
            known = ", ".join(rows.index)
            raise UnitError(phrase("explorer.not_listed", value=given, name=phrase("judge.entry"), known=known))
        return given

    def view(**now):
        fit, at = matching(**now), now["entry"]
        line = say(phrase("judge.entries_fit", n=len(fit), total=len(rows)))
        if at is None:
            return together(line, say(phrase("judge.none_fits")))
        if at not in fit.index:
            raise UnitError(phrase("judge.does_not_fit", entry=at))
        r = fit.loc[at]
        quoted = [phrase("judge.quoted", words=w.strip()) for w in r["as_printed"].split("|") if r["as_printed"]]
        one = {"printed": r["printed"], "printed_words": "; ".join(quoted) or phrase("judge.none"), "where": r["place"]}
        one |= {"asks": r["question"], "handled": r["handling"], "facts": _listed(r["facts"])}
        parts = {phrase("judge.part"): [phrase(f"judge.{k}") for k in one], phrase("judge.told"): one.values()}
        heads = {k: phrase(f"judge.{k}") for k in ("id", "title", "kind", "moment", "books")}
        listed = table(fit[[*heads]].rename(columns=heads), phrase("judge.listed"))
        return together(line, table(pd.DataFrame(parts), f"{at}. {r['title']}"), listed)

    controls = {
        n: Choice(phrase(f"judge.by_{n}"), {phrase("judge.any"): ANY} | {x: x for x in known})
        for n, known in lists.items()
    }
    controls["search"] = Text(phrase("judge.search"))
    controls["entry"] = Choice(
        phrase("judge.entry"), lambda now: [*(matching(**now) if now else rows).index], read=entry
    )
    return explorer(view, follow=follow, reset=phrase("judge.show_all"), **controls)
