"""The invented patient, and never a real one: whatever is shown of TP-01 says INVENTED."""

import re
from functools import cache, cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd

from utils import plots
from utils.page import Shown, say, table, together
from utils.phrases import phrase, status_word
from utils.quiz import Card, keep_first, noted, still, unsure, word
from utils.record import read
from utils.rules import RULES, SIGNS, VERDICTS, evaluate
from utils.tables import CaseDataError, describe, read_table
from utils.units import Quantity, UnitError, factors, factors_in_use, quantity, show, sign_before, variables

FOLDER = "teaching_patients/"
RULERS = ("mas_2016", "hscore", "hlh_2004", "ferritin_esr", "ms_score")  # what a patient is held against
STATES = {"present": True, "absent": False}  # a finding that is told and decides nothing is open: unknown to a rule


class Snapshot(NamedTuple):
    """What is known of an invented patient at one moment; `evaluate` takes it as it takes a case."""

    patient: str
    moment: str
    inputs: dict


class Patient:
    """An invented patient.

    Attributes
    ----------
    name : str
    rows : pandas.DataFrame
        One row a thing told at a moment, as in ``teaching_patients/tp_01.csv``.
    moments : pandas.DataFrame
        The moments by name, with label, hours and laboratory.
    """

    def __init__(self, name, rows):
        self.name, self.rows = name, rows
        self.moments = tables()["moments"].set_index("moment")

    def __repr__(self):
        return phrase("invented.told", name=self.name, count=len(self.rows), moments=", ".join(self.moments.index))

    def told(self, moment):
        """The rows of one moment, with those that hold on; CaseDataError for no such moment."""
        if moment not in self.moments.index:
            known = ", ".join(self.moments.index)
            raise CaseDataError("moments.csv", f"there is no moment '{moment}' of {self.name}: use one of {known}")
        order = self.moments["order"]
        before = self.rows["moment"].map(order) < order[moment]
        return self.rows[(self.rows["moment"] == moment) | (before & self.rows["persists"])].reset_index(drop=True)

    def as_of(self, moment):
        """What the rules may use at a moment: a `Snapshot` without later letters and without earlier values."""
        return Snapshot(self.name, moment, {r["variable"]: _input(r) for r in self.told(moment).to_dict("records")})

    @cached_property
    def verdicts(self):
        """Every rule of `RULERS` at every moment: a dict of (rule, moment) -> Verdict."""
        known = {m: self.as_of(m) for m in self.moments.index}
        return {(r, m): evaluate(r, known[m]) for m in known for r in RULERS}

    def mark(self, shown):
        """Something to show, under a line that says that the patient is invented."""
        line = phrase("invented.mark", name=self.name)
        html = (
            f'<div style="border-left:4px dashed #8a5a00;padding-left:.8em"><p><strong>{line}</strong></p>{shown.html}'
        )
        return Shown(f"{html}</div>", f"{line}\n{shown.text}")


@cache
def tables():
    """The tables of the invented patients: a dict of name -> DataFrame; `load_case` has them not."""
    return {n: read_table(n) for n, r in describe().items() if r["path"].startswith(FOLDER)}


def _input(row):
    """One row as the rules take it: Quantity, True, False or None."""
    if row["state"]:
        return STATES.get(row["state"])
    if row["status"] != "reported":
        return Quantity(row["variable"], None, status=row["status"])
    decimals = len(re.match(r"[<>≤≥=\s]*[\d,]*\.?(\d*)", row["as_printed"])[1])
    sign = sign_before(row["value"], row["as_printed"])
    return Quantity(row["variable"], row["value"], row["unit"], decimals=decimals, sign=sign)


def load_patient(name="TP-01"):
    """A teaching patient of the collection.

    Raises
    ------
    CaseDataError
        Where there is none of that name, or its table is not as described.
    """
    stem = str(name).lower().replace("-", "_")
    if "patient" not in tables().get(stem, ()):
        raise CaseDataError(FOLDER, f"holds no patient '{name}': there is TP-01")
    return Patient(name, tables()[stem])


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


SHEETS = {"C9.1": "T0", "V9.2": "T1"}  # verdicts to commit, by the moment they are asked of
CONVERSIONS = {  # what to convert: moment, variable, the unit that a rule was published in
    "U9.1": (("T0", "ferritin", "ng/mL"), ("T0", "ast", "U/L"), ("T0", "age", "years"))
}
PAGES = {"U9.1": "10", "C9.1": "10", "V9.2": "11"}  # the notebook of each sheet
FAR = 500  # a value so many times off was read otherwise than it was meant
LONGEST = 40  # characters of one value


class Sheet(Card):
    """Something of an invented patient to fill in; the first commit stays, and the rules answer it.

    Subclasses say in `fault` what is wrong with what was given, and in `told` what is said of it.
    """

    shelf = "forms"

    def __init__(self, name, patient, about, lines):
        self.patient, self.name = patient, name
        about = {"id": name, "button": phrase("sheets.commit", id=name), "confidence": False, **about}
        head = about["stem"] if about["kind"] == "grid" else f"{name}. {about['stem']}"  # a grid's caption is its stem
        first = still(head, lines, phrase("sheets.run"))
        super().__init__(about, patient.mark(first))

    @property
    def boxes(self):
        """The names of the controls."""
        columns = self.item.get("columns") or [[""]]
        return ["|".join(filter(None, (row[0], column[0]))) for row in self.item["fields"] for column in columns]

    def commit(self, given):
        fields = {k: str(given.get(k, "")).strip() for k in self.boxes}
        fields = {k: v if self.item["kind"] == "text" else v.casefold() for k, v in fields.items()}
        sure = word(given.get("confidence")) or ""
        if wrong := self.fault(fields) or unsure(sure or None):
            return say(phrase("forms.not_kept", why=wrong))
        kept, note = self.keep(fields, sure)
        return noted(note, self.shown(kept)[1])

    def keep(self, fields, confidence):
        return keep_first(self.name, fields, confidence=confidence)

    def shown(self, entry):
        fields = {k: entry["fields"].get(k, "") for k in self.boxes}
        return {**fields, "confidence": entry.get("confidence", "")}, self.patient.mark(self.told(fields))

    def fault(self, fields):
        """What is wrong with what was given, as a sentence; empty where nothing is."""
        raise NotImplementedError

    def told(self, fields):
        """What is said of it (Shown)."""
        raise NotImplementedError

    def by_call(self, given, confidence=None):
        """The same without the card; names may be left short, as in ``{"mas_2016": "met"}``."""
        short = {k.partition("|")[0]: k for k in self.boxes}
        if not isinstance(given, dict) or set(given) - {*short, *self.boxes}:
            return say(phrase("sheets.asks_for", id=self.name, names=", ".join(short)))
        return self.commit({**{short.get(k, k): v for k, v in given.items()}, "confidence": confidence})


class Verdicts(Sheet):
    """A verdict for each rule set at one moment."""

    def __init__(self, name, patient, moment):
        self.moment = moment
        stem = phrase("sheets.verdicts_stem", id=name, name=patient.name, moment=moment)
        about = {"stem": stem, "kind": "grid", "corner": phrase("sheets.rule_set")}
        about |= {"columns": [["verdict", phrase("sheets.your_verdict")]], "confidence": True}
        about |= {"fields": [[r, RULES[r].short] for r in RULERS]}
        about |= {"options": [["", "–"], *[[v, status_word(v)] for v in reversed(VERDICTS)]]}
        super().__init__(name, patient, about, [phrase("sheets.which_verdict", rule=RULES[r].short) for r in RULERS])

    def fault(self, fields):
        if odd := [v for v in fields.values() if v and v not in VERDICTS]:
            return phrase("sheets.no_verdict", given=odd[0])
        left = [RULES[k.partition("|")[0]].short for k, v in fields.items() if not v]
        return phrase("sheets.still_open", rules=", ".join(left)) if left else ""

    def right(self, fields):
        """How many are as by the rules."""
        return sum(fields.get(f"{r}|verdict") == self.patient.verdicts[r, self.moment].status for r in RULERS)

    def told(self, fields):
        said = [fields[f"{r}|verdict"] for r in RULERS]
        return compared(self.patient, self.moment, said)


class Conversions(Sheet):
    """Three values to convert into the unit in which a rule was published."""

    def __init__(self, name, patient):
        self.asked = {v: (patient.as_of(m).inputs[v], unit) for m, v, unit in CONVERSIONS[name]}
        moment = CONVERSIONS[name][0][0]
        stem = phrase("sheets.convert_stem", name=patient.name, moment=moment)
        asked = self.asked.items()
        fields = [[v, phrase("sheets.convert", item=label(v), given=given, unit=unit), 1] for v, (given, unit) in asked]
        super().__init__(name, patient, {"stem": stem, "kind": "text", "fields": fields}, [f[1] for f in fields])

    def read(self, name, text):
        """What was written, in the unit that is asked for; UnitError that says how to write it."""
        unit, text = self.asked[name][1], text.strip().strip("~≈=").rstrip(".").strip()
        about = {"item": label(name), "how": phrase("sheets.write_as", unit=unit)}
        if not text or len(text) > LONGEST:
            raise UnitError(phrase("sheets.too_long" if text else "sheets.empty", **about))
        try:
            given = quantity(text, name)
        except UnitError as refused:
            raise UnitError(phrase("sheets.refused", why=refused, **about)) from None
        if factors(name)[given.unit] != factors(name)[unit]:  # µg/L and ng/mL, or IU/L and U/L, are the same size
            raise UnitError(phrase("sheets.other_unit", given=given.unit, unit=unit, **about))
        if given.high is not None:
            raise UnitError(phrase("sheets.a_range", given=given, **about))
        if not 1 / FAR < given.value / self.due(name) < FAR:  # read otherwise than it was meant, or typed otherwise
            raise UnitError(phrase("sheets.far_off", text=text, given=given, **about))
        return given

    def fault(self, fields):
        for name, text in fields.items():
            try:
                self.read(name, text)
            except UnitError as refused:
                return str(refused)
        return ""

    def due(self, name):
        """The converted value (float)."""
        given, unit = self.asked[name]
        return given.to(unit).value

    def converted(self, name):
        """The converted value, with its unit (str)."""
        return f"{show(self.due(name))} {self.asked[name][1]}"

    def same(self, name, text):
        """Whether what was written is the value, as far as it was written out."""
        try:
            given = self.read(name, text)
        except UnitError:
            return False
        half, due = 0.5 * 10 ** -(given.decimals or 0), self.due(name)
        return due >= 10 * half and abs(given.value - due) <= 1.001 * half  # one digit alone would be no conversion

    def right(self, fields):
        return sum(self.same(n, fields.get(n, "")) for n in self.asked)

    def told(self, fields):
        rows = []
        for name, (given, unit) in self.asked.items():
            verdict = phrase("sheets.same" if self.same(name, fields[name]) else "sheets.look_again")
            by = factors(name)[given.unit] / factors(name)[unit]
            rows.append((label(name), str(given), f"× {by:.6g}", self.converted(name), fields[name], verdict))
        line = say(phrase("sheets.so_many_same", same=self.right(fields), of=len(self.asked)))
        heads = ["Item", *(phrase(f"sheets.{h}") for h in ("printed", "factor", "converted", "you", "so"))]
        return together(line, table(pd.DataFrame(rows, columns=heads), phrase("sheets.converted")))


def _sheets():
    her = girl()
    made = {n: lambda n=n, m=m: Verdicts(n, her, m) for n, m in SHEETS.items()}
    return made | {n: lambda n=n: Conversions(n, her) for n in CONVERSIONS}


def names():
    """The ids of all sheets."""
    return [*_sheets()]


def committed():
    """The sheets of the record that can be used: yields (id, fields that are filled in, entry)."""
    kept, _ = read("forms")
    for name, made in _sheets().items():
        if name in kept:
            card = made()
            fields = {k: kept[name]["fields"].get(k, "") for k in card.boxes}
            if not card.fault(fields):
                yield name, {k: v for k, v in fields.items() if v}, kept[name]


def sheet(name, given=None, confidence=None):
    """Something to fill in for TP-01: the card, or, with values, the same by call.

    Parameters
    ----------
    name : {"U9.1", "C9.1", "V9.2"}
    given : dict of str -> str, optional
        Such as ``{"mas_2016": "met", …}`` or ``{"ferritin": "700 ng/mL", …}``.
    confidence : {"low", "medium", "high"}, optional

    Returns
    -------
    Sheet or Shown
    """
    made = _sheets()
    if not isinstance(name, str) or name not in made:
        return say(phrase("sheets.no_sheet", name=name, known=", ".join(made)))
    card = made[name]()
    return card if given is None else card.by_call(given, confidence)
