"""The new patient: what is told of her, and what the rules say of it.

Every answer shown here is computed when it is asked for. Nothing returns a dose, and no verdict ends in a treatment.
"""

from functools import cache

import numpy as np
import pandas as pd

from utils import plots
from utils.invented import RULERS, load_patient
from utils.page import say, table, together
from utils.phrases import phrase, status_word
from utils.rules import RULES, SIGNS, VERDICTS, evaluate
from utils.units import factors, factors_in_use, show, variables

NOBODY = phrase("capstone.nobody")
CLOSE = 0.01  # a value nearer than this to a threshold is listed as decided at it, whatever its digits


@cache
def girl():
    """TP-01; one for all that is shown of her, since her verdicts are kept with her."""
    return load_patient("TP-01")


def label(name):
    return variables().at[name, "label"]


# ---- what is given --------------------------------------------------------------------------------------------------
def letter(patient, moment):
    """What becomes known at a moment, as that laboratory prints it: a table; what is not known says in which way."""
    rows = patient.told(moment)
    printed = [r["as_printed"] or status_word(r["status"]) for r in rows.to_dict("records")]
    columns = {"Item": rows["variable"].map(label), "As printed": printed}
    if rows["note"].any():
        columns[phrase("capstone.remark")] = rows["note"]
    about = patient.moments.loc[moment]
    return patient.mark(table(pd.DataFrame(columns), f"{moment}, {about['label']}: {about['laboratory']}"))


def rule_cards():
    """The rule sets as they were published, to have at hand: their items, thresholds, points and factors."""
    return together(*map(_rule_card, RULERS), _factor_card())


def _rule_card(name):
    rule, frame = RULES[name], rule_items(name).drop(columns="item")
    frame = frame if frame["Points"].any() else frame.drop(columns="Points")
    made_for = phrase("capstone.made_for", rule=rule_line(name), population=rule.about["population"])
    return together(say(made_for), table(frame, rule.short))


def rule_line(name):
    """How the items of a rule set are counted, and where it is met (str)."""
    rule, blank = RULES[name], evaluate(name, {})
    root = rule.nodes()[name]
    counted = phrase(f"capstone.{root['kind']}") if root["kind"] in ("sum", "ratio") else root["label"]
    if blank.score is None:
        return phrase("capstone.rule_line", rule=rule.short, counted=counted)
    cut = f"{SIGNS.get(root['comparator'], '')} {plots.cut_off(blank)}"
    return phrase("capstone.rule_line_met_at", rule=rule.short, counted=counted, cut=cut)


def rule_items(name):
    """What a rule set asks for, as published: a DataFrame of item (its name), Item, Met where, Points."""
    nodes, conditions = RULES[name].nodes(), evaluate(name, {}).items.set_index("item")["rule"]
    labels = {n: r["label"] for n, r in nodes.items()}
    top = {n for n, r in nodes.items() if n in nodes[name]["members"].split() or not pd.isna(r["points"])}
    rows = [  # a dot before what only serves another item
        (n, f"{'' if n in top else '· '}{r['label']}", _where(r, conditions, labels), _worth(r))
        for n, r in nodes.items()
        if n != name and r["kind"] not in ("highest", "category")
    ]
    return pd.DataFrame(rows, columns=["item", "Item", "Met where", "Points"])


def _factor_card():
    """How to get from the units of the letters to those of the rules: a table of factors."""
    asked = [(r["input"], r["unit"]) for rule in RULERS for r in RULES[rule].nodes().values() if r["unit"]]
    printed, rows = girl().rows[["variable", "unit"]].itertuples(index=False, name=None), []
    for name, unit in dict.fromkeys(pair for pair in printed if pair[1]):
        by = factors(name)
        for wanted in dict.fromkeys(u for n, u in asked if n == name):
            if by[unit] != by[wanted]:
                used = [f / by[wanted] for f in factors_in_use(name, unit) if sound(f, by[unit])]
                rows.append((label(name), unit, wanted, "× " + phrase("capstone.or").join(f"{f:.6g}" for f in used)))
    heads = ["Item", *(phrase(f"capstone.{head}") for head in ("from", "to", "factor"))]
    return table(pd.DataFrame(rows, columns=heads), phrase("capstone.factors"))


def sound(factor, ours):
    """Whether a factor in use is one to convert with, and not one that was rounded to show what is lost."""
    return abs(factor / ours - 1) < 0.005


def _where(row, conditions, labels):
    """When an item is met, in words; nothing for a number that is only weighed or divided."""
    members, kind = ", ".join(labels[m] for m in row["members"].split()), row["kind"]
    if kind == "at_least":
        return phrase("rules.item_at_least", least=show(row["threshold"]), members=members)
    if members:
        return phrase("capstone.one_of" if kind == "any" else "rules.item_all", members=members)
    if kind in ("weight", "value"):
        return phrase("capstone.in_unit", unit=row["unit"])
    also = phrase("capstone.also_printed", printed=row["also_printed"]) if row["also_printed"] else ""
    return conditions[row["item"]] + also


def _worth(row):
    """What an item is worth, in words; of a weight, for each unit; of the higher of two bands, instead of the lower."""
    if pd.isna(row["points"]):
        return ""
    points = f"{row['points']:g}".replace("-", "\u2212")
    return phrase("capstone.for_each", points=points, unit=row["unit"]) if row["kind"] == "weight" else points


# ---- what the rules say ---------------------------------------------------------------------------------------------
def judged(patient, moment):
    """The verdicts at a moment, in words: a DataFrame of rule, verdict, where it stands, what would settle it."""
    patient.told(moment)  # an unknown moment is told in words
    return pd.DataFrame([_reading(patient.verdicts[r, moment], patient, moment) for r in RULERS])


def _reading(verdict, patient, moment):
    stands = phrase("capstone.stands", span=plots.span(verdict), cut=plots.cut_off(verdict))
    if "measured_fever" in RULES[verdict.rule].variants:
        measured = evaluate(verdict.rule, patient.as_of(moment), "measured_fever")
        if measured.score != verdict.score:
            limit = RULES[verdict.rule].nodes("measured_fever")["fever"]["threshold"]
            other = "" if measured.status == verdict.status else f" ({status_word(measured.status)})"
            stands += phrase("capstone.measured", span=f"{plots.span(measured)}{other}", limit=show(limit))
    settled = dict.fromkeys(phrase("capstone.and").join(map(label, names)) for names in verdict.cheapest["inputs"])
    return {
        "rule": verdict.rule,
        "Rule set": verdict.short,
        "By the rules": verdict.status,
        "Where it stands": stands,
        "Cheapest results that could settle it": phrase("explore.or_way").join(settled)
        or ("" if verdict.status != "undetermined" else phrase("capstone.no_single_one")),
    }


def compared(patient, moment, said):
    """The verdicts of a learner, in the order of `RULERS`, beside those of the rules: how many agree; a table.

    What could settle a rule set is left out: that is the next question.
    """
    found = judged(patient, moment).drop(columns="Cheapest results that could settle it")
    found.insert(2, "You", list(said))
    line = say(phrase("capstone.agree", same=(found["You"] == found["By the rules"]).sum(), of=len(RULERS)))
    shown = _worded(found, "You", "By the rules").drop(columns="rule")
    return together(line, table(shown, phrase("capstone.you_and_rules", moment=moment)))


def _worded(frame, *columns):
    """A table with its statuses in the catalogue's words."""
    return frame.assign(**{c: frame[c].map(status_word) for c in columns})


def verdicts(patient, moment):
    """The verdicts at a moment, as a table."""
    found = judged(patient, moment).drop(columns="rule")
    return patient.mark(table(_worded(found, "By the rules"), phrase("capstone.each_rule_set", moment=moment)))


def overview(patient, caption):
    """Where the rule sets agree and where they do not: a picture of verdicts by moment, and a table of the scores."""
    rules, moments = {r: RULES[r].short for r in RULERS}, {m: m for m in patient.moments.index}
    states = {key: v.status for key, v in patient.verdicts.items()}
    words = {v: status_word(v) for v in VERDICTS}
    picture = plots.matrix(states, rules, moments, _caption(patient, caption), words, NOBODY)
    rows = [(RULES[r].short, *(f"{words[v.status]}: {plots.span(v)}" for v in _across(patient, r))) for r in RULERS]
    sheet = table(pd.DataFrame(rows, columns=["Rule set", *moments]), phrase("capstone.with_scores"))
    return patient.mark(together(picture, sheet))


def _caption(patient, caption):
    return phrase("capstone.caption", name=patient.name, caption=caption)


def ruler_picture(patient, caption):
    """The rulers at three moments: how far from each cut-off the patient can still lie."""
    rows = [tuple(_across(patient, r)) for r in RULERS]
    moments = tuple(patient.moments.index)
    return patient.mark(plots.rulers(rows, moments, _caption(patient, caption), NOBODY))


def _across(patient, rule):
    return [patient.verdicts[rule, m] for m in patient.moments.index]


def edges(patient):
    """Values that lie on a threshold or just beside it, with the side they fall on: a table.

    Just beside: at most one step of the last printed digit away, or 1 %; and the ratio, which is printed nowhere.
    """
    rows = []
    for (rule, moment), verdict in patient.verdicts.items():
        measured = "measured_fever" in RULES[rule].variants
        for v in (verdict, *([evaluate(rule, patient.as_of(moment), "measured_fever")] if measured else [])):
            for item in v.items.dropna(subset=["margin", "value"]).to_dict("records"):
                if _close(item, patient.as_of(moment).inputs[item["input"]]):
                    here = f"{show(item['value'])} {item['unit']}"
                    told = (item["label"], moment, item["as_given"], here, item["rule"], status_word(item["status"]))
                    rows.append((*told, v.short))
        if verdict.score and RULES[rule].nodes()[rule]["kind"] == "ratio" and np.isfinite(verdict.score[1]):
            cut = verdict.reach.cut
            if abs(verdict.score[0] / cut - 1) <= CLOSE:
                status = status_word(verdict.status)
                rows.append(
                    (verdict.title, moment, "", show(verdict.score[0]), f"≥ {show(cut)}", status, verdict.short)
                )
    names = ["Item", "Moment", "As printed", "In the rule's unit", "Rule", "Status", "Rule set"]
    found = pd.DataFrame(rows, columns=names).drop_duplicates()
    order = found["Item"].map(list(dict.fromkeys(found["Item"])).index)
    found = found.assign(order=order).sort_values(["order", "Moment"], kind="stable").drop(columns="order")
    return patient.mark(table(found, phrase("capstone.edges")))


def _close(item, given):
    """Whether a value is at most one printed digit from its threshold, or 1 %."""
    step = 10.0**-given.decimals * factors(given.variable)[given.unit] / factors(given.variable)[item["unit"]]
    away = abs(item["value"] - item["threshold"])
    return away <= 1.001 * step or away <= CLOSE * item["threshold"]


def trend(patient, *names):
    """A few values at each moment, converted to one unit, so that they can be compared: a table."""
    moments, rows = patient.moments.index, []
    for name in names:
        given = [patient.as_of(m).inputs.get(name) for m in moments]
        shown = [
            str(q.canonical()) if q is not None and q.known else str(q or phrase("capstone.not_mentioned"))
            for q in given
        ]
        rows.append((label(name), *shown))
    return patient.mark(table(pd.DataFrame(rows, columns=["Item", *moments]), phrase("capstone.same_unit")))
