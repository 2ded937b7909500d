"""The invented patient, and never a real one: whatever is shown of TP-01 says INVENTED."""

from functools import cache, cached_property
from types import SimpleNamespace

import pandas as pd

from utils import plots
from utils.page import Mark, Shown, headed, say, table, tabled, together
from utils.phrases import phrase, status_word
from utils.quiz import Card, noted, unsure, word
from utils.record import keep, read
from utils.rules import RULES, SIGNS, VERDICTS, evaluate
from utils.tables import CaseDataError, describe, read_table
from utils.units import Quantity, UnitError, among, factors, factors_in_use, quantity, show, variables

FOLDER = "teaching_patients/"
RULERS = ("mas_2016", "hscore", "hlh_2004", "ferritin_esr", "ms_score")  # what a patient is held against
NOBODY = phrase("capstone.nobody")
SETTLE = "Cheapest results that could settle it"
CLOSE = 0.01  # a value nearer than this to a threshold is listed as decided at it, whatever its digits


class Patient:
    """An invented patient: `rows` are what is known at a moment, `moments` have label, hours and laboratory."""

    def __init__(self, name, rows):
        self.name, self.rows, self.moments = name, rows, tables()["moments"].set_index("moment")

    def known_at(self, moment):
        """The rows of one moment, with those that hold on; CaseDataError for no such moment."""
        if moment not in self.moments.index:
            known = ", ".join(self.moments.index)
            raise CaseDataError("moments.csv", f"there is no moment '{moment}' of {self.name}: use one of {known}")
        order = self.moments["order"]
        before = self.rows["persists"] & (self.rows["moment"].map(order) < order[moment])
        return self.rows[before | (self.rows["moment"] == moment)].reset_index(drop=True)

    def as_of(self, moment):
        """What the rules may use at a moment (`inputs`, by variable): no later letter, and no earlier value."""
        return SimpleNamespace(inputs={r["variable"]: _input(r) for r in self.known_at(moment).to_dict("records")})

    @cached_property
    def _known(self):
        """What is known at every moment, read once."""
        return {moment: self.as_of(moment) for moment in self.moments.index}

    @cached_property
    def verdicts(self):
        """Every rule of `RULERS` at every moment: a dict of (rule, moment) -> Verdict."""
        return {(r, m): evaluate(r, known) for m, known in self._known.items() for r in RULERS}

    @cached_property
    def measured(self):
        """The same where a fever must have been measured, in each rule set that has this variant."""
        rules = [r for r in RULERS if "measured_fever" in RULES[r].variants]
        measured = {(r, m): evaluate(r, k, "measured_fever") for m, k in self._known.items() for r in rules}
        return self.verdicts | measured

    def mark(self, shown):
        """Something to show, under a line that says that the patient is invented."""
        line, style = phrase("invented.mark", name=self.name), "border-left:4px dashed #8a5a00;padding-left:.8em"
        html = f'<div style="{style}"><p><strong>{line}</strong></p>{shown.html}</div>'
        return Shown(html, f"{line}\n{shown.text}")


def tables():
    """The tables of the invented patients: a dict of name -> DataFrame; `load_case` does not hold them."""
    return {name: read_table(name) for name, r in describe().items() if r["path"].startswith(FOLDER)}


def _input(row):
    """One row as the rules take it: Quantity, True, False or None."""
    if row["state"]:
        return {"present": True, "absent": False}.get(row["state"])  # what decides nothing is open: unknown to a rule
    if row["status"] != "reported":
        return Quantity(row["variable"], None, status=row["status"])
    if not factors(row["variable"]):  # no rule asks for it
        return Quantity(row["variable"], row["value"], row["unit"])
    return quantity(row["as_printed"], row["variable"])


@cache
def load_patient(name="TP-01"):
    """A teaching patient of the collection, with verdicts kept; CaseDataError where there is none of that name."""
    patients = {t.at[0, "patient"]: t for t in tables().values() if "patient" in t}
    if name not in patients:
        raise CaseDataError(FOLDER, f"holds no patient '{name}': there is {', '.join(patients)}")
    return Patient(name, patients[name])


def label(name):
    return variables().at[name, "label"]


# ---- what is given --------------------------------------------------------------------------------------------------
def letter(patient, moment):
    """What becomes known at a moment, as that laboratory prints it: a table; what is not known says in which way."""
    rows, about = patient.known_at(moment), patient.moments.loc[moment]
    printed = rows["as_printed"].where(rows["as_printed"] != "", rows["status"].map(status_word))
    columns = {"Item": rows["variable"].map(label), "As printed": printed}
    columns |= {phrase("capstone.remark"): rows["note"]} if rows["note"].any() else {}
    return patient.mark(table(pd.DataFrame(columns), f"{moment}, {about['label']}: {about['laboratory']}"))


def rule_cards():
    """The rule sets as they were published, to have at hand: their items, thresholds, points and factors."""
    cards = []
    for name in RULERS:
        rule, frame = RULES[name], rule_items(name).drop(columns="item")
        made_for = phrase("capstone.made_for", rule=rule_line(name), population=rule.about["population"])
        cards += [say(made_for), table(frame if frame["Points"].any() else frame.drop(columns="Points"), rule.short)]
    asked = [(r["input"], r["unit"]) for rule in RULERS for r in RULES[rule].nodes().values() if r["unit"]]
    asked, rows = pd.DataFrame(asked, columns=["variable", "wanted"]).drop_duplicates(), []
    printed = load_patient().rows.query("unit != ''")[["variable", "unit"]].drop_duplicates()
    for name, unit, wanted in printed.merge(asked, on="variable").itertuples(index=False):
        by = factors(name)
        used = [f for f in factors_in_use(name, unit) if abs(f / by[unit] - 1) < 0.005]  # none that is too rounded
        used = phrase("capstone.or").join(f"{f / by[wanted]:.6g}" for f in used)
        rows += [(label(name), unit, wanted, f"× {used}")] * (by[wanted] != by[unit])
    return together(*cards, headed(rows, "capstone", "item from to factor", phrase("capstone.factors")))


def rule_line(name):
    """How the items of a rule set are counted, and where it is met (str)."""
    rule, blank, root = RULES[name], evaluate(name, {}), RULES[name].nodes()[name]
    counted = phrase(f"capstone.{root['kind']}") if root["kind"] in ("sum", "ratio") else root["label"]
    cut = "" if blank.score is None else f"{SIGNS.get(root['comparator'], '')} {plots.cut_off(blank)}"
    return phrase(f"capstone.rule_line{'_met_at' if cut else ''}", rule=rule.short, counted=counted, cut=cut)


def rule_items(name):
    """What a rule set asks for, as published: a DataFrame of item (its name), Item, Met where, Points."""
    nodes, rows = RULES[name].nodes(), []
    conditions = evaluate(name, {}).items.set_index("item")["rule"]
    for n, r in nodes.items():
        kind, members = r["kind"], ", ".join(nodes[m]["label"] for m in r["members"].split())
        points = "" if pd.isna(r["points"]) else f"{r['points']:g}".replace("-", "\u2212")
        where = conditions.get(n, "")
        if members:
            words = {"at_least": "rules.item_at_least", "any": "capstone.one_of"}.get(kind, "rules.item_all")
            where = phrase(words, least=f"{r['threshold']:.0f}", members=members)
        elif r["also_printed"]:
            where += phrase("capstone.also_printed", printed=r["also_printed"])
        elif kind in ("weight", "value"):  # a number that is only weighed or divided
            where = phrase("capstone.in_unit", unit=r["unit"])
            points = points and phrase("capstone.for_each", points=points, unit=r["unit"])
        inner = not points and n not in nodes[name]["members"].split()  # it only serves another item
        if n != name and kind not in ("highest", "category"):
            rows.append((n, f"{'· ' * inner}{r['label']}", where, points))
    return pd.DataFrame(rows, columns=["item", "Item", "Met where", "Points"])


# ---- what the rules say ---------------------------------------------------------------------------------------------
def judged(patient, moment):
    """The verdicts at a moment, in words: a DataFrame of rule, verdict, where it stands, what would settle it."""
    rows, _ = [], patient.known_at(moment)  # CaseDataError for an unknown moment
    for rule in RULERS:
        verdict, measured = patient.verdicts[rule, moment], patient.measured[rule, moment]
        stands = phrase("capstone.stands", span=plots.span(verdict), cut=plots.cut_off(verdict))
        if measured.score != verdict.score:
            limit = show(RULES[rule].nodes("measured_fever")["fever"]["threshold"])
            other = "" if measured.status == verdict.status else f" ({status_word(measured.status)})"
            stands += phrase("capstone.measured", span=f"{plots.span(measured)}{other}", limit=limit)
        settled = dict.fromkeys(phrase("capstone.and").join(map(label, names)) for names in verdict.cheapest["inputs"])
        none = phrase("capstone.no_single_one") if verdict.status == "undetermined" else ""
        settle = phrase("explore.or_way").join(settled) or none
        rows.append((rule, verdict.short, status_word(verdict.status), stands, settle))
    return pd.DataFrame(rows, columns=["rule", "Rule set", "By the rules", "Where it stands", SETTLE])


def verdicts(patient, moment):
    """The verdicts at a moment, as a table."""
    found = judged(patient, moment).drop(columns="rule")
    return patient.mark(table(found, phrase("capstone.each_rule_set", moment=moment)))


def overview(patient, caption):
    """Where the rule sets agree and where they do not: a table of verdicts, with their scores, by moment."""
    found = pd.Series(patient.verdicts).unstack().loc[[*RULERS]]  # a row for each rule set, a column for each moment
    marks = found.map(lambda v: Mark(f"{status_word(v.status)}: {plots.span(v)}", plots.SIGNS.get(v.status, "?")))
    marks.insert(0, "Rule set", [RULES[r].short for r in RULERS])
    return patient.mark(tabled(marks, phrase("capstone.caption", name=patient.name, caption=caption), NOBODY))


def ruler_picture(patient, caption):
    """The rulers at three moments: how far from each cut-off the patient can still lie."""
    caption = phrase("capstone.caption", name=patient.name, caption=caption)
    rows = [tuple(patient.verdicts[r, m] for m in patient.moments.index) for r in RULERS]
    return patient.mark(plots.rulers(rows, tuple(patient.moments.index), caption, NOBODY))


def edges(patient):
    """Values on a threshold or just beside it, 1 % or one step of the last printed digit, and their side: a table."""
    rows = []
    for (rule, moment), verdict in patient.verdicts.items():
        inputs, both = patient.as_of(moment).inputs, [verdict.items, patient.measured[rule, moment].items]
        for item in pd.concat(both).dropna(subset=["margin", "value"]).to_dict("records"):
            by, given, cut = factors(item["input"]), inputs[item["input"]], item["threshold"]
            step = 10.0**-given.decimals * by[given.unit] / by[item["unit"]]
            if abs(item["value"] - cut) <= max(1.001 * step, CLOSE * cut):
                here, status = f"{show(item['value'])} {item['unit']}", status_word(item["status"])
                rows.append((item["label"], moment, item["as_given"], here, item["rule"], status, verdict.short))
        low, cut = verdict.score[0] if verdict.score else 0, verdict.reach.cut
        if RULES[rule].nodes()[rule]["kind"] == "ratio" and abs(low / cut - 1) <= CLOSE:
            status = status_word(verdict.status)
            rows.append((verdict.title, moment, "", show(low), f"≥ {show(cut)}", status, verdict.short))
    heads = ["Item", "Moment", "As printed", "In the rule's unit", "Rule", "Status", "Rule set"]
    found = pd.DataFrame(rows, columns=heads).drop_duplicates()
    found = found.sort_values(heads[:2], key=lambda column: pd.factorize(column)[0])  # by what comes first
    return patient.mark(table(found, phrase("capstone.edges")))


def trend(patient, *names):
    """A few values at each moment, converted to one unit, so that they can be compared: a table."""
    moments, none = patient.moments.index, phrase("capstone.not_mentioned")
    given = [patient.as_of(m).inputs for m in moments]
    rows = [(label(n), *(str(known[n].canonical()) if n in known else none for known in given)) for n in names]
    return patient.mark(table(pd.DataFrame(rows, columns=["Item", *moments]), phrase("capstone.same_unit")))


# ---- sheets to fill in ----------------------------------------------------------------------------------------------
SHEETS = {"C9.1": "T0", "V9.2": "T1"}  # verdicts to commit, by the moment they are asked of
CONVERSIONS = {"U9.1": ("T0", {"ferritin": "ng/mL", "ast": "U/L", "age": "years"})}  # into units of published rules
PAGES = {"U9.1": "10", "C9.1": "10", "V9.2": "11"}  # the notebook of each sheet
FAR = 500  # a value so many times off was read otherwise than it was meant


class Sheet(Card):
    """Something to fill in: a subclass says what is wrong with it (``fault``), and what the rules say (``checked``)."""

    shelf = "forms"

    def __init__(self, name, boxes, lines, **about):
        self.boxes, about = boxes, {"id": name, "button": phrase("sheets.commit", id=name), **about}
        super().__init__(about, phrase("sheets.run"), lines)
        self.still = load_patient().mark(self.still)

    def commit(self, given):
        fields = {k: str(given.get(k, "")).strip() for k in self.boxes}
        sure = word(given.get("confidence"))
        sure = "" if sure is None else sure
        if wrong := self.fault(fields) or unsure(None if among(sure, [""]) else sure):
            return say(phrase("forms.not_kept", why=wrong))
        kept, note = keep("forms", self.item["id"], fields=fields, confidence=sure)
        return noted(note, self.shown(kept)[1])

    def shown(self, entry):
        fields = {k: entry["fields"].get(k, "") for k in self.boxes}
        return {**fields, "confidence": entry.get("confidence", "")}, load_patient().mark(self.checked(fields))


class Verdicts(Sheet):
    """A verdict for each rule set at one moment."""

    def __init__(self, name):
        self.moment, shorts = SHEETS[name], {r: RULES[r].short for r in RULERS}
        stem = phrase("sheets.verdicts_stem", id=name, name=load_patient().name, moment=self.moment)
        about = {"stem": stem, "kind": "grid", "corner": phrase("sheets.rule_set"), "confidence": True}
        about |= {"fields": [[*x] for x in shorts.items()], "columns": [["verdict", phrase("sheets.your_verdict")]]}
        about |= {"options": [["", "–"], *[[v, status_word(v)] for v in reversed(VERDICTS)]]}
        lines = [phrase("sheets.which_verdict", rule=short) for short in shorts.values()]
        super().__init__(name, [f"{r}|verdict" for r in RULERS], lines, **about)  # a grid's caption is its stem

    def fault(self, fields):
        left = [RULES[k.partition("|")[0]].short for k, v in fields.items() if v not in VERDICTS]
        return phrase("sheets.still_open", rules=", ".join(left)) if left else ""

    def checked(self, fields):
        found = judged(load_patient(), self.moment).drop(columns=["rule", SETTLE])  # what could settle it is asked next
        found.insert(1, "You", [*map(status_word, fields.values())])
        same = sum(fields[f"{r}|verdict"] == load_patient().verdicts[r, self.moment].status for r in RULERS)
        shown = table(found, phrase("capstone.you_and_rules", moment=self.moment))
        return together(say(phrase("capstone.agree", same=same, of=len(RULERS))), shown)


class Conversions(Sheet):
    """Three values to convert into the unit in which a rule was published."""

    def __init__(self, name):
        girl, (moment, units) = load_patient(), CONVERSIONS[name]
        self.asked = {v: (girl.as_of(moment).inputs[v], unit) for v, unit in units.items()}
        self.values = {v: given.to(unit).value for v, (given, unit) in self.asked.items()}
        stem = phrase("sheets.convert_stem", name=girl.name, moment=moment)
        lines = [phrase("sheets.convert", item=label(v), given=g, unit=u) for v, (g, u) in self.asked.items()]
        fields = [[v, line, 1] for v, line in zip(self.asked, lines, strict=True)]
        super().__init__(name, [*self.asked], lines, stem=stem, kind="text", fields=fields)

    def read(self, name, text):
        """What was written (Quantity or None), and how to write it where it cannot be used (str)."""
        unit, text, by = self.asked[name][1], text.strip().strip("~≈=").rstrip(".").strip(), factors(name)
        try:
            if not text:
                raise UnitError(phrase("sheets.empty"))
            given = quantity(text, name)
            if by[given.unit] != by[unit]:  # µg/L and ng/mL, or IU/L and U/L, are the same size
                raise UnitError(phrase("sheets.other_unit", given=given, unit=unit))
            if not 1 / FAR < given.single() / self.values[name] < FAR:
                raise UnitError(phrase("sheets.far_off", given=given, text=text))
            return given, ""
        except UnitError as why:
            return None, phrase("sheets.refused", item=label(name), why=why, unit=unit)

    def fault(self, fields):
        return next(filter(None, (self.read(*field)[1] for field in fields.items())), "")

    def converted(self, name):
        """The converted value, with its unit (str)."""
        return f"{show(self.values[name])} {self.asked[name][1]}"

    def checked(self, fields):
        rows, same = [], 0
        for name, (given, unit) in self.asked.items():
            mine, value, by = self.read(name, fields[name])[0], self.values[name], factors(name)
            half = 0.5 * 10 ** -(mine.decimals or 0) if mine else float("inf")  # as far as it was written out
            right = value >= 10 * half and abs(mine.value - value) <= 1.001 * half  # one digit alone is no conversion
            factor, verdict = by[given.unit] / by[unit], phrase(f"sheets.{'same' if right else 'look_again'}")
            rows.append((label(name), given, f"× {factor:.6g}", self.converted(name), fields[name], verdict))
            same += right
        shown = headed(rows, "sheets", "item printed factor converted you so", phrase("sheets.converted"))
        return together(say(phrase("sheets.so_many_same", same=same, of=len(rows))), shown)


def names():
    """The ids of all sheets."""
    return [*SHEETS, *CONVERSIONS]


def committed():
    """The sheets of the record that can be used: yields (id, fields, entry)."""
    kept, _ = read("forms")
    for name in filter(kept.get, names()):
        card = sheet(name)
        fields = {k: kept[name]["fields"].get(k, "") for k in card.boxes}
        if not card.fault(fields):
            yield name, fields, kept[name]


def sheet(name, given=None, confidence=None):
    """The card of an id, or, with values such as ``{"ferritin": "700 ng/mL", …}``, the same by call (Shown)."""
    if not among(name, names()):
        return say(phrase("sheets.no_sheet", name=name, known=", ".join(names())))
    card = Verdicts(name) if name in SHEETS else Conversions(name)
    if given is None:
        return card
    boxes = {k.partition("|")[0]: k for k in card.boxes}
    if not isinstance(given, dict) or set(given) - set(boxes):
        return say(phrase("sheets.asks_for", id=name, names=", ".join(boxes)))
    given = {boxes[k]: word(v) if name in SHEETS else v for k, v in given.items()}
    return card.commit({**given, "confidence": confidence})
