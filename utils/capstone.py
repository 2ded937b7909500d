"""The new patient: what she is given, what the learner commits to, and what the rules say of it afterwards.

Every answer shown here is computed when it is asked for. Nothing returns a dose, and no verdict ends in a treatment.
"""

from functools import cache, lru_cache

import ipywidgets as widgets
import numpy as np
import pandas as pd

from utils import plots
from utils.cards import Card, noted, refresh, still, unsure
from utils.explorer import Explorer, whole_number
from utils.forms import keep_first
from utils.invented import RULERS, load_patient, variant
from utils.package import read_table
from utils.page import say, table, together
from utils.record import change, read
from utils.rules import RULES, SIGNS, VERDICTS, evaluate
from utils.units import UnitError, factors, factors_in_use, quantity, show, variables

NOBODY = "An invented patient: the values are made up, and nothing here comes from a real child."
SHEETS = {"C9.1": "T0", "V9.2": "T1"}  # verdicts to commit, by the moment they are asked of
CONVERSIONS = {  # what to convert: moment, variable, the unit that a rule was published in
    "U9.1": (("T0", "ferritin", "ng/mL"), ("T0", "ast", "U/L"), ("T0", "age_at_onset", "years")),
    "U9.2": (("T2", "ferritin", "ng/mL"), ("T2", "triglycerides", "mg/dL"), ("T2", "fibrinogen", "mg/dL")),
}
RUBRIC = {  # the points there are: 30 in all
    "verdicts": ("verdicts, undetermined ones among them (C9.1, V9.2; the page counts them)", 12),
    "units": ("units (U9.1, U9.2; the page counts them)", 6),
    "test": ("one test, with a reason that works in both directions (W9.1)", 4),
    "rival": ("one rival kept alive, with what would remove it (F9.1)", 3),
    "handover": ("the hand-over: known, unknown and inferred apart, in sixty words (C9.7)", 5),
}
CLOSE = 0.01  # a value nearer than this to a threshold is listed as decided at it, whatever its digits
FAR = 500  # a value so many times off was read otherwise than it was meant
LONGEST = 40  # characters of one value


def _label(name):
    return variables().at[name, "label"]


# ---- what is given --------------------------------------------------------------------------------------------------
def letter(patient, moment):
    """What becomes known at a moment, as that laboratory prints it: a table; what is not known says in which way."""
    rows = patient.told(moment)
    printed = [r["as_printed"] or r["status"].replace("_", " ") for r in rows.to_dict("records")]
    columns = {"Item": rows["variable"].map(_label), "As printed": printed}
    if rows["note"].any():
        columns["Remark"] = rows["note"]
    about = patient.moments.loc[moment]
    return patient.mark(table(pd.DataFrame(columns), f"{moment}, {about['label']}: {about['laboratory']}"))


def rule_cards():
    """The six rule sets as they were published, to have at hand: their items, thresholds, points and factors."""
    cards = []
    for name in RULERS:
        rule, blank = RULES[name], evaluate(name, {})
        nodes = rule.nodes()
        labels = {n: r["label"] for n, r in nodes.items()}
        told = {"sum": "points are added up", "ratio": "the first is divided by the second"}
        how = told.get(nodes[name]["kind"], nodes[name]["label"])
        top = {n for n, r in nodes.items() if n in nodes[name]["members"].split() or not pd.isna(r["points"])}
        rows = [  # a dot before what only serves another item
            (f"{'' if n in top else '· '}{r['label']}", _where(r, blank, labels), _worth(r))
            for n, r in nodes.items()
            if n != name and r["kind"] not in ("highest", "category")
        ]
        sign = SIGNS.get(nodes[name]["comparator"], "")
        cut = f"; met at {sign} {plots.cut_off(blank)}" if blank.score is not None else ""
        frame = pd.DataFrame(rows, columns=["Item", "Met where", "Points"])
        if not frame["Points"].any():
            frame = frame.drop(columns="Points")
        line = f"{rule.short}: {how}{cut}. Made for: {rule.about['population']}."
        cards.append(together(say(line), table(frame, rule.short)))
    return together(*cards, _factor_card())


def _factor_card():
    """How to get from the units of the letters to those of the rules: a table of factors."""
    asked = [(r["input"], r["unit"]) for rule in RULERS for r in RULES[rule].nodes().values() if r["unit"]]
    printed, rows = _girl().rows[["variable", "unit"]].itertuples(index=False, name=None), []
    for name, unit in dict.fromkeys(pair for pair in printed if pair[1]):
        by = factors(name)
        for wanted in dict.fromkeys(u for n, u in asked if n == name):
            if by[unit] != by[wanted]:
                used = [f / by[wanted] for f in factors_in_use(name, unit) if _sound(f, by[unit])]
                rows.append((_label(name), unit, wanted, "× " + " or ".join(f"{f:.6g}" for f in used)))
    return table(pd.DataFrame(rows, columns=["Item", "From", "To", "Factor"]), "Factors, from the letters to the rules")


def _sound(factor, ours):
    """Whether a factor in use is one to convert with, and not one that was rounded to show what is lost."""
    return abs(factor / ours - 1) < 0.005


def _where(row, verdict, labels):
    """When an item is met, in words; nothing for a number that is only weighed or divided."""
    members, kind = ", ".join(labels[m] for m in row["members"].split()), row["kind"]
    if kind == "at_least":
        return f"at least {show(row['threshold'])} of: {members}"
    if members:
        return f"{'one' if kind == 'any' else 'all'} of: {members}"
    if kind in ("weight", "value"):
        return f"in {row['unit']}"
    return verdict._words(row) + (f" (also printed: {row['also_printed']})" if row["also_printed"] else "")


def _worth(row):
    """What an item is worth, in words; of a weight, for each unit; of the higher of two bands, instead of the lower."""
    if pd.isna(row["points"]):
        return ""
    points = f"{row['points']:g}".replace("-", "\u2212")
    return f"{points} for each {row['unit']}" if row["kind"] == "weight" else points


# ---- what the rules say ---------------------------------------------------------------------------------------------
def judged(patient, moment):
    """The six verdicts at a moment, in words: a DataFrame of rule, verdict, where it stands, what would settle it."""
    patient.told(moment)  # an unknown moment is told in words
    return pd.DataFrame([_reading(patient.verdicts[r, moment], patient, moment) for r in RULERS])


def _reading(verdict, patient, moment):
    stands = f"{plots.span(verdict)}, cut-off {plots.cut_off(verdict)}"
    if "measured_fever" in RULES[verdict.rule].variants:
        measured = evaluate(verdict.rule, patient.as_of(moment), "measured_fever")
        if measured.score != verdict.score:
            limit = RULES[verdict.rule].nodes("measured_fever")["fever"]["threshold"]
            other = "" if measured.status == verdict.status else f" ({measured.status})"
            stands += f"; {plots.span(measured)}{other} where {show(limit)} °C is demanded for fever"
    settled = dict.fromkeys(" and ".join(map(_label, names)) for names in verdict.cheapest["inputs"])
    return {
        "rule": verdict.rule,
        "Rule set": verdict.short,
        "By the rules": verdict.status,
        "Where it stands": stands,
        "Cheapest results that could settle it": "; or ".join(settled)
        or ("" if verdict.status != "undetermined" else "no single one"),
    }


def verdicts(patient, moment):
    """The six verdicts at a moment, as a table."""
    found = judged(patient, moment).drop(columns="rule")
    return patient.mark(table(found, f"{moment}: what each rule set says"))


def overview(patient, caption):
    """Where the rule sets agree and where they do not: a picture of verdicts by moment, and a table of the scores."""
    rules, moments = {r: RULES[r].short for r in RULERS}, {m: m for m in patient.moments.index}
    states = {key: v.status for key, v in patient.verdicts.items()}
    words = {v: v for v in VERDICTS}
    picture = plots.matrix(states, rules, moments, f"INVENTED, {patient.name}. {caption}", words, NOBODY)
    rows = [(RULES[r].short, *(f"{v.status}: {plots.span(v)}" for v in _across(patient, r))) for r in RULERS]
    return patient.mark(
        together(picture, table(pd.DataFrame(rows, columns=["Rule set", *moments]), "The same, with scores"))
    )


def ruler_picture(patient, caption):
    """Six rulers at three moments: how far from each cut-off the patient can still lie."""
    rows = [tuple(_across(patient, r)) for r in RULERS]
    moments = tuple(patient.moments.index)
    return patient.mark(plots.rulers(rows, moments, f"INVENTED, {patient.name}. {caption}", NOBODY))


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
            for item in v.items[v.items["margin"].notna()].to_dict("records"):
                if _close(item, patient.as_of(moment).inputs[item["input"]]):
                    here = f"{show(item['value'])} {item['unit']}"
                    told = (item["label"], moment, item["as_given"], here, item["rule"], item["status"])
                    rows.append((*told, v.short))
        if verdict.score and RULES[rule].nodes()[rule]["kind"] == "ratio" and np.isfinite(verdict.score[1]):
            cut = verdict.reach.cut
            if abs(verdict.score[0] / cut - 1) <= CLOSE:
                rows.append(
                    (verdict.title, moment, "", show(verdict.score[0]), f"≥ {show(cut)}", verdict.status, verdict.short)
                )
    names = ["Item", "Moment", "As printed", "In the rule's unit", "Rule", "Status", "Rule set"]
    found = pd.DataFrame(rows, columns=names).drop_duplicates()
    order = found["Item"].map(list(dict.fromkeys(found["Item"])).index)
    found = found.assign(order=order).sort_values(["order", "Moment"], kind="stable").drop(columns="order")
    return patient.mark(table(found, "Values on a limit, or within a printed digit of it"))


def _close(item, given):
    """Whether a value is at most one printed digit from its threshold, or 1 %."""
    step = 10.0**-given.decimals * factors(given.variable)[given.unit] / factors(given.variable)[item["unit"]]
    away = abs(item["value"] - item["threshold"])
    return away <= 1.001 * step or away <= CLOSE * item["threshold"]


def trend(patient, *names, until):
    """A few values up to a moment, each converted to one unit, so that they can be compared: a table."""
    moments = list(patient.moments.index)
    moments = moments[: moments.index(until) + 1]
    rows = []
    for name in names:
        given = [patient.as_of(m).inputs.get(name) for m in moments]
        shown = [str(q.canonical()) if q is not None and q.known else str(q or "not mentioned") for q in given]
        rows.append((_label(name), *shown))
    return patient.mark(table(pd.DataFrame(rows, columns=["Item", *moments]), "The same unit at each moment"))


# ---- what is committed ----------------------------------------------------------------------------------------------
class Sheet(Card):
    """Something of an invented patient to fill in; the first commit stays, and the rules answer it.

    Subclasses say in `fault` what is wrong with what was given, and in `told` what is said of it.
    """

    shelf = "forms"

    def __init__(self, name, patient, about, lines):
        self.patient, self.name = patient, name
        about = {"id": name, "button": f"Commit {name}", "confidence": False, **about}
        head = about["stem"] if about["kind"] == "grid" else f"{name}. {about['stem']}"  # a grid's caption is its stem
        first = still(head, lines, "Run the notebook to fill this in.")
        super().__init__(about, patient.mark(first))

    @property
    def boxes(self):
        """The names of the controls."""
        columns = self.item.get("columns") or [[""]]
        return ["|".join(filter(None, (row[0], column[0]))) for row in self.item["fields"] for column in columns]

    def commit(self, given):
        fields = {k: str(given.get(k, "")).strip() for k in self.boxes}
        fields = {k: v if self.item["kind"] == "text" else v.casefold() for k, v in fields.items()}
        if wrong := self.fault(fields) or unsure(given.get("confidence") or None):
            return say(f"{wrong} Nothing was kept.")
        kept, note = self.keep(fields, given.get("confidence") or "")
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
        short = {
            k.partition("|")[0] if self.item["kind"] == "grid" and len(self.item["columns"]) == 1 else k: k
            for k in self.boxes
        }
        if not isinstance(given, dict) or set(given) - {*short, *self.boxes}:
            return say(f"{self.name} asks for {', '.join(short)}: give a value for each. Nothing was kept.")
        return self.commit({**{short.get(k, k): v for k, v in given.items()}, "confidence": confidence})


class Verdicts(Sheet):
    """Six verdicts at one moment."""

    def __init__(self, name, patient, moment):
        self.moment = moment
        stem = f"{name}. {patient.name} (INVENTED) at {moment}: what does each rule set say?"
        about = {"stem": stem, "kind": "grid", "corner": "Rule set", "columns": [["verdict", "Your verdict"]]}
        about |= {"fields": [[r, RULES[r].short] for r in RULERS], "confidence": True}
        about |= {"options": [["", "–"], *[[v, v] for v in reversed(VERDICTS)]]}
        super().__init__(name, patient, about, [f"{RULES[r].short}: met, not met, or undetermined?" for r in RULERS])

    def fault(self, fields):
        if odd := [v for v in fields.values() if v and v not in VERDICTS]:
            return f"'{odd[0]}' is no verdict: choose met, not met or undetermined."
        left = [RULES[k.partition("|")[0]].short for k, v in fields.items() if not v]
        return f"Still open: {', '.join(left)}. Choose a verdict for each." if left else ""

    def right(self, fields):
        """How many of the six are as by the rules."""
        return sum(fields.get(f"{r}|verdict") == self.patient.verdicts[r, self.moment].status for r in RULERS)

    def told(self, fields):
        found = judged(self.patient, self.moment)
        found.insert(2, "You", [fields[f"{r}|verdict"] for r in found["rule"]])
        line = say(f"{self.right(fields)} of {len(RULERS)} are as the rules say.")
        found = found.drop(columns=["rule", "Cheapest results that could settle it"])  # that is the next question
        return together(line, table(found, f"{self.moment}: you and the rules"))


class Conversions(Sheet):
    """Three values to convert into the unit in which a rule was published."""

    def __init__(self, name, patient):
        self.asked = {v: (patient.as_of(m).inputs[v], unit) for m, v, unit in CONVERSIONS[name]}
        moment = CONVERSIONS[name][0][0]
        stem = f"{patient.name} (INVENTED) at {moment}: convert, and write each value with its unit."
        fields = [[v, f"{_label(v)}, {given}, in {unit}", 1] for v, (given, unit) in self.asked.items()]
        super().__init__(name, patient, {"stem": stem, "kind": "text", "fields": fields}, [f[1] for f in fields])

    def read(self, name, text):
        """What was written, in the unit that is asked for; UnitError that says how to write it."""
        unit, text = self.asked[name][1], text.strip().strip("~≈=").rstrip(".").strip()
        how = f"Write it as in 123.4 {unit}."
        if not text or len(text) > LONGEST:
            raise UnitError(f"{_label(name)} is {'still empty' if not text else 'too long'}. {how}")
        try:
            given = quantity(text, name)
        except UnitError as refused:
            raise UnitError(f"{_label(name)}: {refused} {how}") from None
        if factors(name)[given.unit] != factors(name)[unit]:  # µg/L and ng/mL, or IU/L and U/L, are the same size
            raise UnitError(f"{_label(name)}: {given.unit} is not {unit}, the unit that is asked for. {how}")
        if given.high is not None:
            raise UnitError(f"{_label(name)}: {text} is a range; one value is asked for. {how}")
        if not 1 / FAR < given.value / self.due(name)[0] < FAR:  # read otherwise than it was meant, or typed otherwise
            raise UnitError(
                f"{_label(name)}: {text} is read as {given}, which is far off. A comma groups thousands, and a point "
                f"marks decimals. {how}"
            )
        return given

    def fault(self, fields):
        for name, text in fields.items():
            try:
                self.read(name, text)
            except UnitError as refused:
                return str(refused)
        return ""

    def due(self, name):
        """The converted value, by every factor in use: a list of float; a factor rounded to show a loss is left out."""
        given, unit = self.asked[name]
        first, *others = factors_in_use(name, given.unit)
        return [given.to(unit).value * f / first for f in (first, *others) if _sound(f, first)]

    def same(self, name, text):
        """Whether what was written is the value, as far as it was written out."""
        try:
            given = self.read(name, text)
        except UnitError:
            return False
        half = 0.5 * 10 ** -(given.decimals or 0)
        small = any(abs(d) < 10 * half for d in self.due(name))  # one digit alone would be no conversion
        return not small and any(abs(given.value - d) <= half * 1.001 for d in self.due(name))

    def right(self, fields):
        return sum(self.same(n, fields.get(n, "")) for n in self.asked)

    def told(self, fields):
        rows = []
        for name, (given, unit) in self.asked.items():
            verdict = "the same" if self.same(name, fields[name]) else "look again"
            by = factors(name)[given.unit] / factors(name)[unit]
            due = f"{show(self.due(name)[0])} {unit}"
            rows.append((_label(name), str(given), f"× {by:.6g}", due, fields[name], verdict))
        line = say(f"{self.right(fields)} of {len(self.asked)} are the same.")
        return together(
            line,
            table(pd.DataFrame(rows, columns=["Item", "Printed", "Factor", "Converted", "You", "So"]), "Converted"),
        )


class RouteFacts(Sheet):
    """Five facts: is each a reason for the vein, and does a label statement speak of it?"""

    def __init__(self, patient):
        self.facts = read_table("tp_01_route")
        stem = f"C9.5. {patient.name} (INVENTED) at T2: sort five facts. No dose is asked for."
        columns = [["vein", "A reason for the vein?"], ["statement", "Does a label statement speak of it?"]]
        fields = [[r.fact, r.label] for r in self.facts.itertuples()]
        about = {"stem": stem, "kind": "grid", "corner": "Fact", "columns": columns, "fields": fields}
        about |= {"options": [["", "–"], ["yes", "yes"], ["no", "no"]]}
        super().__init__("C9.5", patient, about, [f"{f[1]}: a reason for the vein? a label statement?" for f in fields])

    def fault(self, fields):
        if odd := [v for v in fields.values() if v not in ("", "yes", "no")]:
            return f"'{odd[0]}' is neither yes nor no."
        return "Fill every cell: yes or no." if "" in fields.values() else ""

    def told(self, fields):
        rows = [
            (
                r.label,
                fields[f"{r.fact}|vein"],
                r.vein,
                fields[f"{r.fact}|statement"],
                r.statement,
                f"{r.why} ({r.source})",
            )
            for r in self.facts.itertuples()
        ]
        same = sum((mine == ours) + (said == due) for _, mine, ours, said, due, _ in rows)
        names = ["Fact", "You: vein", "Our reading", "You: label", "Label copies", "Why"]
        line = say(f"{same} of {2 * len(rows)} as in our reading. A difference is a reason to look again.")
        return together(line, table(pd.DataFrame(rows, columns=names), "Five facts"))


class Rubric(Sheet):
    """Thirty points, given by the learner to the learner. It can be changed at any time."""

    def __init__(self, patient):
        most = max(points for _, points in RUBRIC.values())
        fields = [[name, f"of {points}: {label}"] for name, (label, points) in RUBRIC.items()]
        stem = f"{patient.name} (INVENTED): score yourself, {sum(p for _, p in RUBRIC.values())} points in all."
        about = {"stem": stem, "kind": "rank", "fields": fields, "locks": False, "button": "Add up Q9.1"}
        about |= {"options": [["", "–"], *[[str(n), str(n)] for n in range(most + 1)]]}
        super().__init__("Q9.1", patient, about, [f[1] for f in fields])

    def fault(self, fields):
        for name, given in fields.items():
            most = RUBRIC[name][1]
            if given and not (given.isdecimal() and int(given) <= most):
                return f"{given} for '{name}': there are 0 to {most} points."
        return "" if any(fields.values()) else "No line is filled in."

    def keep(self, fields, confidence):
        note = change(lambda record: record["forms"].update({self.name: {"fields": fields}}))
        refresh(self.name, note)
        return {"fields": fields}, note

    def told(self, fields):
        counted, rows = count(self.patient), []
        for name, (label, most) in RUBRIC.items():
            page = counted.get(name)
            if not fields[name] and page is not None:  # the page's own count, unless the learner says otherwise
                fields = {**fields, name: str(page)}
            rows.append((label, fields[name] or "not scored", "" if page is None else str(page), str(most)))
        given = [int(v) for v in fields.values() if v.isdecimal()]
        line = f"{sum(given)} of {sum(p for _, p in RUBRIC.values())}, {len(given)} of {len(RUBRIC)} lines scored."
        return together(say(line), table(pd.DataFrame(rows, columns=["Line", "You", "Counted", "Of"]), "Your score"))


@cache
def _girl():
    return load_patient("TP-01")  # one for all sheets, since her verdicts are kept with her


def count(patient):
    """What the page can count from your record: a dict of rubric line -> points."""
    kept = read("forms")[0]

    def fields(name):
        return kept.get(name, {}).get("fields", {})

    said = sum(Verdicts(n, patient, m).right(fields(n)) for n, m in SHEETS.items())
    return {"verdicts": said, "units": sum(Conversions(n, patient).right(fields(n)) for n in CONVERSIONS)}


def _sheets():
    girl = _girl()
    made = {n: lambda n=n, m=m: Verdicts(n, girl, m) for n, m in SHEETS.items()}
    made |= {n: lambda n=n: Conversions(n, girl) for n in CONVERSIONS}
    return made | {"C9.5": lambda: RouteFacts(girl), "Q9.1": lambda: Rubric(girl)}


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
    name : {"C9.1", "U9.1", "V9.2", "U9.2", "C9.5", "Q9.1"}
    given : dict of str -> str, optional
        Such as ``{"mas_2016": "met", …}`` or ``{"ferritin": "700 ng/mL", …}``.
    confidence : {"low", "medium", "high"}, optional

    Returns
    -------
    Sheet or Shown
    """
    made = _sheets()
    if not isinstance(name, str) or name not in made:
        return say(f"There is no sheet '{name}': there are {', '.join(made)}.")
    card = made[name]()
    return card if given is None else card.by_call(given, confidence)


# ---- a patient of one's own -----------------------------------------------------------------------------------------
_drawn = lru_cache(64)(variant)


class OwnPatient(Explorer):
    """Another invented patient for every number: read the letter, choose six verdicts, compare."""

    note = "Run the notebook to choose a number; this is the first view."

    def __init__(self, number=1, moment="T0"):
        style = {"description_width": "13em"}
        self._number, row = whole_number(
            "Number of the patient", number, 0, 9999, style=style, layout={"width": "20em"}
        )
        moments = [(f"{m}, {label}", m) for m, label in _girl().moments["label"].items()]
        self._moment = widgets.Dropdown(
            options=moments, value=moment, description="Moment", style=style, layout={"width": "26em"}
        )
        self._letter = widgets.HTML().add_class("jp-RenderedHTMLCommon")  # above the lists: one reads while choosing
        choices = [("–", ""), *((v, v) for v in reversed(VERDICTS))]
        style = {"style": {"description_width": "8em"}, "layout": {"width": "20em"}}
        self._said = {
            r: widgets.Dropdown(options=choices, value="", description=RULES[r].short, **style) for r in RULERS
        }
        box = widgets.Box([*self._said.values()], layout={"flex_flow": "row wrap"})
        super().__init__([row, self._moment, self._letter, box], self._view())
        for control in (self._number, self._moment):
            control.observe(lambda _: self._turn(), "value")
        for control in self._said.values():
            control.observe(lambda _: self._moved(), "value")

    def _turn(self):
        """Another patient or moment: the old verdicts do not belong to it."""
        if not self._setting:
            with self._at_once():
                for control in self._said.values():
                    control.value = ""
            self._moved()

    def _moved(self):
        if not self._setting:
            self._show(self._view())

    def _show(self, shown):
        told = letter(self.get(), self._moment.value)
        self._letter.value = told.html
        super()._show(shown)
        self._last = together(told, shown)

    def _view(self):
        patient, moment = self.get(), self._moment.value
        said = {r: c.value for r, c in self._said.items()}
        if left := [RULES[r].short for r, v in said.items() if not v]:
            return patient.mark(say(f"Verdicts still to choose: {', '.join(left)}. Then the rules answer."))
        found = judged(patient, moment)
        found.insert(2, "You", list(said.values()))
        same = (found["You"] == found["By the rules"]).sum()
        line = say(f"{same} of {len(RULERS)} are as the rules say.")
        return patient.mark(together(line, table(found.drop(columns="rule"), f"{moment}: you and the rules")))

    def set(self, number=None, moment=None, **verdicts):
        """The same by call: ``set(number=7, moment="T1", mas_2016="met")``; returns what is shown."""
        if number is not None and (isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= 9999):
            return say(f"Refused. The number of a patient is a whole number from 0 to 9999, not {number!r}.")
        if moment is not None and moment not in [m for _, m in self._moment.options]:
            return say(
                f"Refused. There is no moment {moment!r}: choose {', '.join(m for _, m in self._moment.options)}."
            )
        verdicts = {r: v.strip().casefold() if isinstance(v, str) else v for r, v in verdicts.items()}
        for rule, verdict in verdicts.items():
            if rule not in self._said or verdict not in ("", *VERDICTS):
                known = f"the rule sets are {', '.join(RULERS)}, the verdicts {', '.join(VERDICTS)}"
                return say(f"Refused. {rule}={verdict!r}: {known}.")
        other = (number not in (None, self._number.value)) or moment not in (None, self._moment.value)
        with self._at_once():
            self._number.value = self._number.value if number is None else number
            self._moment.value = moment or self._moment.value
            for rule, control in self._said.items():
                control.value = verdicts.get(rule, "" if other else control.value)
        self._moved()
        return self._last

    def get(self):
        """The invented patient that is shown now; `evaluate` takes ``own.get().as_of("T0")``."""
        return _drawn(self._number.value)
