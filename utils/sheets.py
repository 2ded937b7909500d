"""What the learner commits to on the new patient's pages: sheets that the rules answer.

The first commit stays, as with a question; every answer is computed when it is asked for.
"""

import pandas as pd

from utils.capstone import compared, girl, label
from utils.cards import Card, noted, still, unsure, word
from utils.forms import keep_first
from utils.invented import RULERS
from utils.page import say, table, together
from utils.phrases import phrase, status_word
from utils.record import read
from utils.rules import RULES, VERDICTS
from utils.units import UnitError, factors, quantity, show

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
