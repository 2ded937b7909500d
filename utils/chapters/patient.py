"""The invented patient, and never a real one: whatever is shown of TP-01 says INVENTED."""

import re
from functools import cache, cached_property
from types import SimpleNamespace

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
STATES = {"present": True, "absent": False}  # a finding that decides nothing is open: unknown to a rule
NOBODY = phrase("capstone.nobody")
CLOSE = 0.01  # a value nearer than this to a threshold is listed as decided at it, whatever its digits


class Patient:
    """An invented patient: `rows` are what is known at a moment, `moments` have label, hours and laboratory."""

    def __init__(self, name, rows):
        self.name, self.rows = name, rows
        self.moments = tables()["moments"].set_index("moment")

    def told(self, moment):
        """The rows of one moment, with those that hold on; CaseDataError for no such moment."""
        if moment not in self.moments.index:
            known = ", ".join(self.moments.index)
            raise CaseDataError("moments.csv", f"there is no moment '{moment}' of {self.name}: use one of {known}")
        order = self.moments["order"]
        before = self.rows["moment"].map(order) < order[moment]
        return self.rows[(self.rows["moment"] == moment) | (before & self.rows["persists"])].reset_index(drop=True)

    def as_of(self, moment):
        """What the rules may use at a moment (`inputs`, by variable): no later letter, and no earlier value."""
        return SimpleNamespace(inputs={r["variable"]: _input(r) for r in self.told(moment).to_dict("records")})

    @cached_property
    def verdicts(self):
        """Every rule of `RULERS` at every moment: a dict of (rule, moment) -> Verdict."""
        known = {m: self.as_of(m) for m in self.moments.index}
        return {(r, m): evaluate(r, known[m]) for m in known for r in RULERS}

    def across(self, rule):
        return tuple(self.verdicts[rule, m] for m in self.moments.index)

    def measured(self, rule, moment):
        """The verdict where a fever must have been measured; None for a rule set without that variant."""
        if "measured_fever" in RULES[rule].variants:
            return evaluate(rule, self.as_of(moment), "measured_fever")

    def mark(self, shown):
        """Something to show, under a line that says that the patient is invented."""
        line = phrase("invented.mark", name=self.name)
        style = "border-left:4px dashed #8a5a00;padding-left:.8em"
        html = f'<div style="{style}"><p><strong>{line}</strong></p>{shown.html}</div>'
        return Shown(html, f"{line}\n{shown.text}")


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


@cache
def load_patient(name="TP-01"):
    """A teaching patient of the collection, with verdicts kept; CaseDataError where there is none of that name."""
    stem = str(name).lower().replace("-", "_")
    if "patient" not in tables().get(stem, ()):
        raise CaseDataError(FOLDER, f"holds no patient '{name}': there is TP-01")
    return Patient(name, tables()[stem])


girl = load_patient


def label(name):
    return variables().at[name, "label"]


def _sheet(rows, title, *heads):
    return table(pd.DataFrame(rows, columns=heads), title)


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
    cards = []
    for name in RULERS:
        rule, frame = RULES[name], rule_items(name).drop(columns="item")
        made_for = phrase("capstone.made_for", rule=rule_line(name), population=rule.about["population"])
        frame = frame if frame["Points"].any() else frame.drop(columns="Points")
        cards += [say(made_for), table(frame, rule.short)]
    return together(*cards, _factor_card())


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


def _factor_card():
    """How to get from the units of the letters to those of the rules: a table of factors."""
    asked = [(r["input"], r["unit"]) for rule in RULERS for r in RULES[rule].nodes().values() if r["unit"]]
    printed, rows = load_patient().rows[["variable", "unit"]].itertuples(index=False, name=None), []
    for name, unit in dict.fromkeys(pair for pair in printed if pair[1]):
        by = factors(name)
        for wanted in dict.fromkeys(u for n, u in asked if n == name):
            if by[unit] != by[wanted]:
                sound = [f for f in factors_in_use(name, unit) if abs(f / by[unit] - 1) < 0.005]  # none too rounded
                used = [f / by[wanted] for f in sound]
                rows.append((label(name), unit, wanted, "× " + phrase("capstone.or").join(f"{f:.6g}" for f in used)))
    heads = (phrase(f"capstone.{head}") for head in ("from", "to", "factor"))
    return _sheet(rows, phrase("capstone.factors"), "Item", *heads)


# ---- what the rules say ---------------------------------------------------------------------------------------------
def judged(patient, moment):
    """The verdicts at a moment, in words: a DataFrame of rule, verdict, where it stands, what would settle it."""
    rows, _ = [], patient.told(moment)  # CaseDataError for an unknown moment
    for rule in RULERS:
        verdict, measured = patient.verdicts[rule, moment], patient.measured(rule, moment)
        stands = phrase("capstone.stands", span=plots.span(verdict), cut=plots.cut_off(verdict))
        if measured and measured.score != verdict.score:
            limit = show(RULES[rule].nodes("measured_fever")["fever"]["threshold"])
            other = "" if measured.status == verdict.status else f" ({status_word(measured.status)})"
            stands += phrase("capstone.measured", span=f"{plots.span(measured)}{other}", limit=limit)
        settled = dict.fromkeys(phrase("capstone.and").join(map(label, names)) for names in verdict.cheapest["inputs"])
        none = phrase("capstone.no_single_one") if verdict.status == "undetermined" else ""
        settle = phrase("explore.or_way").join(settled) or none
        rows.append((rule, verdict.short, status_word(verdict.status), stands, settle))
    heads = ["rule", "Rule set", "By the rules", "Where it stands", "Cheapest results that could settle it"]
    return pd.DataFrame(rows, columns=heads)


def verdicts(patient, moment):
    """The verdicts at a moment, as a table."""
    found = judged(patient, moment).drop(columns="rule")
    return patient.mark(table(found, phrase("capstone.each_rule_set", moment=moment)))


def overview(patient, caption):
    """Where the rule sets agree and where they do not: verdicts by moment, and a table of the scores."""
    rules, moments = {r: RULES[r].short for r in RULERS}, {m: m for m in patient.moments.index}
    states, words = {key: v.status for key, v in patient.verdicts.items()}, {v: status_word(v) for v in VERDICTS}
    caption = phrase("capstone.caption", name=patient.name, caption=caption)
    picture = plots.matrix(states, rules, moments, caption, words, NOBODY)
    rows = [(rules[r], *(words[v.status] + f": {plots.span(v)}" for v in patient.across(r))) for r in RULERS]
    return patient.mark(together(picture, _sheet(rows, phrase("capstone.with_scores"), "Rule set", *moments)))


def ruler_picture(patient, caption):
    """The rulers at three moments: how far from each cut-off the patient can still lie."""
    caption = phrase("capstone.caption", name=patient.name, caption=caption)
    rows = [patient.across(r) for r in RULERS]
    return patient.mark(plots.rulers(rows, tuple(patient.moments.index), caption, NOBODY))


def edges(patient):
    """Values that lie on a threshold or just beside it, with the side they fall on: a table.

    Just beside: at most one step of the last printed digit away, or 1 %; and the ratio, which is printed nowhere.
    """
    rows = []
    for (rule, moment), verdict in patient.verdicts.items():
        inputs = patient.as_of(moment).inputs
        for v in filter(None, (verdict, patient.measured(rule, moment))):
            for item in v.items.dropna(subset=["margin", "value"]).to_dict("records"):
                if _close(item, inputs[item["input"]]):
                    here, status = f"{show(item['value'])} {item['unit']}", status_word(item["status"])
                    rows.append((item["label"], moment, item["as_given"], here, item["rule"], status, v.short))
        if verdict.score and RULES[rule].nodes()[rule]["kind"] == "ratio" and np.isfinite(verdict.score[1]):
            low, cut, status = verdict.score[0], verdict.reach.cut, status_word(verdict.status)
            if abs(low / cut - 1) <= CLOSE:
                rows.append((verdict.title, moment, "", show(low), f"≥ {show(cut)}", status, verdict.short))
    first = {name: n for n, (name, *_) in reversed([*enumerate(rows)])}
    rows = sorted(dict.fromkeys(rows), key=lambda row: (first[row[0]], row[1]))
    heads = ("Item", "Moment", "As printed", "In the rule's unit", "Rule", "Status", "Rule set")
    return patient.mark(_sheet(rows, phrase("capstone.edges"), *heads))


def _close(item, given):
    """Whether a value is at most one printed digit from its threshold, or 1 %."""
    step = 10.0**-given.decimals * factors(given.variable)[given.unit] / factors(given.variable)[item["unit"]]
    away = abs(item["value"] - item["threshold"])
    return away <= 1.001 * step or away <= CLOSE * item["threshold"]


def trend(patient, *names):
    """A few values at each moment, converted to one unit, so that they can be compared: a table."""

    def value(given):
        return str(given.canonical() if given and given.known else given or phrase("capstone.not_mentioned"))

    moments = patient.moments.index
    rows = [(label(name), *(value(patient.as_of(m).inputs.get(name)) for m in moments)) for name in names]
    return patient.mark(_sheet(rows, phrase("capstone.same_unit"), "Item", *moments))


# ---- sheets to fill in ----------------------------------------------------------------------------------------------
SHEETS = {"C9.1": "T0", "V9.2": "T1"}  # verdicts to commit, by the moment they are asked of
CONVERSIONS = {  # what to convert: moment, variable, the unit that a rule was published in
    "U9.1": (("T0", "ferritin", "ng/mL"), ("T0", "ast", "U/L"), ("T0", "age", "years"))
}
PAGES = {"U9.1": "10", "C9.1": "10", "V9.2": "11"}  # the notebook of each sheet
FAR = 500  # a value so many times off was read otherwise than it was meant
LONGEST = 40  # characters of one value


class Sheet(Card):
    """Something of an invented patient to fill in; the first commit stays, and the rules answer it.

    A subclass says in ``fault(fields)`` what is wrong with what was given, and in ``reply(fields)`` what is shown then.
    """

    shelf = "forms"

    def __init__(self, name, boxes, about, lines):
        self.patient, self.boxes = load_patient(), boxes  # the names of the controls
        about = {"id": name, "button": phrase("sheets.commit", id=name), **about}
        head = about["stem"] if about["kind"] == "grid" else f"{name}. {about['stem']}"  # a grid's caption is its stem
        super().__init__(about, self.patient.mark(still(head, lines, phrase("sheets.run"))))

    def commit(self, given):
        fields = {k: str(given.get(k, "")).strip() for k in self.boxes}
        fields = {k: v if self.item["kind"] == "text" else v.casefold() for k, v in fields.items()}
        sure = word(given.get("confidence")) or ""
        if wrong := self.fault(fields) or unsure(sure or None):
            return say(phrase("forms.not_kept", why=wrong))
        kept, note = keep_first("forms", self.item["id"], fields=fields, confidence=sure)
        return noted(note, self.shown(kept)[1])

    def shown(self, entry):
        fields = {k: entry["fields"].get(k, "") for k in self.boxes}
        return {**fields, "confidence": entry.get("confidence", "")}, self.patient.mark(self.reply(fields))


class Verdicts(Sheet):
    """A verdict for each rule set at one moment."""

    def __init__(self, name):
        self.moment, stem = SHEETS[name], {"id": name, "name": load_patient().name, "moment": SHEETS[name]}
        about = {"stem": phrase("sheets.verdicts_stem", **stem), "kind": "grid", "corner": phrase("sheets.rule_set")}
        about |= {"columns": [["verdict", phrase("sheets.your_verdict")]], "confidence": True}
        about |= {"fields": [[r, RULES[r].short] for r in RULERS]}
        about |= {"options": [["", "–"], *[[v, status_word(v)] for v in reversed(VERDICTS)]]}
        boxes = [f"{r}|verdict" for r in RULERS]
        super().__init__(name, boxes, about, [phrase("sheets.which_verdict", rule=RULES[r].short) for r in RULERS])

    def fault(self, fields):
        if odd := [v for v in fields.values() if v and v not in VERDICTS]:
            return phrase("sheets.no_verdict", given=odd[0])
        left = [RULES[k.partition("|")[0]].short for k, v in fields.items() if not v]
        return phrase("sheets.still_open", rules=", ".join(left)) if left else ""

    def reply(self, fields):
        found = judged(self.patient, self.moment).drop(columns="Cheapest results that could settle it")  # asked next
        found.insert(2, "You", [status_word(fields[f"{r}|verdict"]) for r in RULERS])
        same = sum(fields[f"{r}|verdict"] == self.patient.verdicts[r, self.moment].status for r in RULERS)
        shown = table(found.drop(columns="rule"), phrase("capstone.you_and_rules", moment=self.moment))
        return together(say(phrase("capstone.agree", same=same, of=len(RULERS))), shown)


class Conversions(Sheet):
    """Three values to convert into the unit in which a rule was published."""

    def __init__(self, name):
        her, moment = load_patient(), CONVERSIONS[name][0][0]
        self.asked = {v: (her.as_of(m).inputs[v], unit) for m, v, unit in CONVERSIONS[name]}
        self.due = {v: given.to(unit).value for v, (given, unit) in self.asked.items()}
        fields = [
            [v, phrase("sheets.convert", item=label(v), given=given, unit=unit), 1]
            for v, (given, unit) in self.asked.items()
        ]
        about = {"stem": phrase("sheets.convert_stem", name=her.name, moment=moment), "kind": "text", "fields": fields}
        super().__init__(name, [*self.asked], about, [f[1] for f in fields])

    def read(self, name, text):
        """What was written, in the unit that is asked for; UnitError that says how to write it."""
        unit, text = self.asked[name][1], text.strip().strip("~≈=").rstrip(".").strip()
        try:
            if not text or len(text) > LONGEST:
                raise UnitError(phrase("sheets.too_long" if text else "sheets.empty"))
            given = quantity(text, name)
            if factors(name)[given.unit] != factors(name)[unit]:  # µg/L and ng/mL, or IU/L and U/L, are the same size
                raise UnitError(phrase("sheets.other_unit", given=given.unit, unit=unit))
            if given.high is not None:
                raise UnitError(phrase("sheets.a_range", given=given))
            if not 1 / FAR < given.value / self.due[name] < FAR:
                raise UnitError(phrase("sheets.far_off", text=text, given=given))
        except UnitError as why:
            raise UnitError(phrase("sheets.refused", item=label(name), why=why, unit=unit)) from None
        return given

    def fault(self, fields):
        try:
            _ = [self.read(*field) for field in fields.items()]
            return ""
        except UnitError as refused:
            return str(refused)

    def converted(self, name):
        """The converted value, with its unit (str)."""
        return f"{show(self.due[name])} {self.asked[name][1]}"

    def same(self, name, text):
        """Whether what was written is the value, as far as it was written out."""
        try:
            given = self.read(name, text)
        except UnitError:
            return False
        half, due = 0.5 * 10 ** -(given.decimals or 0), self.due[name]
        return due >= 10 * half and abs(given.value - due) <= 1.001 * half  # one digit alone would be no conversion

    def reply(self, fields):
        same, rows = {name: self.same(name, fields[name]) for name in self.asked}, []
        for name, (given, unit) in self.asked.items():
            by = factors(name)[given.unit] / factors(name)[unit]
            verdict = phrase("sheets.same" if same[name] else "sheets.look_again")
            rows.append((label(name), str(given), f"× {by:.6g}", self.converted(name), fields[name], verdict))
        line = say(phrase("sheets.so_many_same", same=sum(same.values()), of=len(same)))
        heads = (phrase(f"sheets.{h}") for h in ("printed", "factor", "converted", "you", "so"))
        return together(line, _sheet(rows, phrase("sheets.converted"), "Item", *heads))


def names():
    """The ids of all sheets."""
    return [*SHEETS, *CONVERSIONS]


def committed():
    """The sheets of the record that can be used: yields (id, fields that are filled in, entry)."""
    kept, _ = read("forms")
    for name in names():
        if name in kept:
            card = sheet(name)
            fields = {k: kept[name]["fields"].get(k, "") for k in card.boxes}
            if not card.fault(fields):
                yield name, {k: v for k, v in fields.items() if v}, kept[name]


def sheet(name, given=None, confidence=None):
    """Something to fill in for TP-01, by its id: the card (Sheet), or, with values, the same by call (Shown).

    `given` is such as ``{"mas_2016": "met", …}`` or ``{"ferritin": "700 ng/mL", …}``; confidence low, medium or high.
    """
    if not isinstance(name, str) or name not in names():
        return say(phrase("sheets.no_sheet", name=name, known=", ".join(names())))
    card = Verdicts(name) if name in SHEETS else Conversions(name)
    if given is None:
        return card
    short = {k.partition("|")[0]: k for k in card.boxes}
    if not isinstance(given, dict) or set(given) - {*short, *card.boxes}:
        return say(phrase("sheets.asks_for", id=name, names=", ".join(short)))
    return card.commit({**{short.get(k, k): v for k, v in given.items()}, "confidence": confidence})
