"""What was given when: courses with their certain and uncertain days, amounts a day, and the explorers of the ladder.

Days are those of the report, admission being day 1. Readings of ours fill what it leaves open, and every picture says
so (`READINGS`). By the same reading an end without an earliest day may come as soon as it is told.
"""

import re
from dataclasses import dataclass
from string import ascii_uppercase

import ipywidgets as widgets
import pandas as pd

from utils import plots
from utils.explorer import Explorer, Number, none_such, values
from utils.package import CaseDataError
from utils.page import folded, say, table, together
from utils.phrases import phrase
from utils.units import UnitError, show

MILESTONES = "admission leak_begins picu_admission cardiac_arrest ecmo_begins first_improvement ecmo_ends".split()
MILESTONES += "neutropenia_found picu_discharge anakinra_stopped home".split()
READINGS = phrase("ladder.readings")


@dataclass(frozen=True)
class Course:
    """One course of a drug, a support or a procedure.

    Attributes
    ----------
    name, label, kind, amount : str
        As in ``treatments.csv``; the amount with its unit and route, or what of it is not printed.
    drug : str
        What is counted once however often it stands there: the ATC code, or the course's own name.
    first, last : int
        The first and the last day on which it may have run; 0 stands for the time before admission.
    sure : (int, int) or None
        The first and the last day on which it ran for certain; None where there is no such day.
    end_stated : bool
    dated : bool
        Whether both the earliest and the latest day of its start are printed.
    """

    name: str
    label: str
    kind: str
    amount: str
    drug: str
    first: int
    sure: tuple | None
    last: int
    end_stated: bool
    dated: bool

    def on(self, day):
        """``certain`` or ``perhaps`` where it ran, or may have run, on a day; else nothing."""
        if self.sure and self.sure[0] <= day <= self.sure[1]:
            return "certain"
        return "perhaps" if self.first <= day <= self.last else ""

    def doubt(self, day):
        """Why it is not certain that it ran on a day, in words."""
        if self.sure and day < self.sure[0]:
            return phrase("ladder.start_not_exact")
        if self.end_stated:
            return phrase("ladder.end_not_exact")
        return phrase("ladder.end_not_stated" if self.sure or self.first == 0 else "ladder.days_not_printed")

    @property
    def told(self):
        """Its days in words."""
        end = [] if self.end_stated else [phrase("ladder.end_not_stated")]
        if self.first == 0:
            return "; ".join([phrase("ladder.before_admission"), *end])
        if not self.sure:
            return phrase("ladder.from_day", day=self.first)
        a, b = self.sure
        days = [phrase("ladder.perhaps_from", day=self.first)] * (self.first < a)
        days += [phrase("ladder.certain_on" if a == b else "ladder.certain_from", first=a, last=b)]
        days += [phrase("ladder.perhaps_until", day=self.last)] * (self.end_stated and self.last > b)
        return "; ".join([", ".join(days), *end])


def courses(case):
    """The courses of a case, in the order of ``treatments.csv``, up to its last moment that has days.

    Parameters
    ----------
    case : Case
        The case as of a moment from admission on; of a later one, what lies beyond the last dated moment is left out.

    Returns
    -------
    list of Course
    """
    case, moments = _dated(case)
    end = int(moments["last_day"].max())
    leaves = case.events.set_index("event")["day_high"].get("picu_discharge")
    found = []
    for row in case.treatments.query("status == 'reported'").to_dict("records"):
        told, (low, high) = moments["first_day"][row["time_point"]], (row["start_low"], row["start_high"])
        before = pd.isna(told)  # told of the time before admission, which has no days
        first = 0 if before else int(told if pd.isna(low) else low)
        stated, sure = bool(row["end_known_at"]), None
        last = 0 if before and stated else end
        if not before and not stated and row["kind"] == "support" and leaves and not pd.isna(leaves):
            last = int(leaves)
        if not before and not pd.isna(high):
            until = high
            if stated:
                told_end = moments["first_day"][row["end_known_at"]]
                until = max(high, told_end - 1 if pd.isna(row["end_low"]) else row["end_low"])
                last = int(row["end_high"])
            sure = (int(high), int(until))
        drug, dated = row["atc"] or row["treatment"], not (pd.isna(low) or pd.isna(high))
        names = (row["treatment"], row["label"], row["kind"], amount(row), drug)
        found.append(Course(*names, first, sure, last, stated, dated))
    return found


def _dated(case):
    """The case, no later than its last moment that has days, and the moments by name."""
    moments = case.time_points.set_index("time_point").sort_values("order")
    if moments["last_day"].isna().all():
        raise CaseDataError("time_points.csv", "no day is told by then: take the case as of admission, or later")
    last = moments.index[moments["last_day"].notna()][-1]
    return (case if case.time_point == last else case.as_of(last)), moments.loc[:last]


def milestones(case):
    """Events to mark above the courses: a list of (first day, last day, words, whether it is dated)."""
    case, moments = _dated(case)
    rows = case.events.set_index("event").loc[[m for m in MILESTONES if m in set(case.events["event"])]]
    found = {}
    for row in rows.itertuples():
        dated = not pd.isna(row.day_low)
        told = moments.loc[row.time_point, ["first_day", "last_day"]]
        days = [b if pd.isna(a) else a for a, b in zip((row.day_low, row.day_high), told, strict=True)]
        found.setdefault((int(days[0]), int(days[1]), dated), []).append(row.label)
    return [(a, b, "; ".join(labels), dated) for (a, b, dated), labels in sorted(found.items())]


def running(given, day):
    """What ran on a day, from a list of `Course`: a DataFrame of what, amount, ran (certain or perhaps), why and drug.

    One row a drug and certainty. Where one form of a drug passes into another on a day that is not printed, the drug
    itself is certain on the days between, and only its form is open.
    """
    rows, groups = [], {}
    for course in given:
        if course.on(day):
            groups.setdefault(course.drug, []).append(course)
    for drug, group in groups.items():
        by = {ran: [c for c in group if c.on(day) == ran] for ran in ("certain", "perhaps")}
        if not by["certain"] and any(_passes(a, b) for a in group for b in group):
            rows.append((*_joined(group), "certain", phrase("ladder.which_of_two"), drug))
        else:
            rows += [
                (*_joined(these), ran, "" if ran == "certain" else these[0].doubt(day), drug)
                for ran, these in by.items()
                if these
            ]
    rows.sort(key=lambda r: r[2] != "certain")
    return pd.DataFrame(rows, columns=["what", "amount", "ran", "why", "drug"])


def _joined(group):
    both = phrase("ladder.or")
    return both.join(c.label for c in group), both.join(dict.fromkeys(c.amount for c in group if c.amount))


def _passes(a, b):
    """Whether a course passes into another of the same drug: it ends in the very days in which the other begins."""
    if a.drug != b.drug or not (a.end_stated and a.sure and b.sure):
        return False
    return a.sure[1] in (b.first - 1, b.first) and a.last == b.sure[0]


def count(frame):
    """How many treatments ran: (for certain, at most), from what `running` returns; a drug in two forms counts once."""
    return frame.loc[frame["ran"] == "certain", "drug"].nunique(), frame["drug"].nunique()


def last_added(given, day, kind="drug"):
    """The drugs (or supports) begun last before a day, among those whose start is dated.

    Parameters
    ----------
    given : list of Course
    day : int
    kind : {"drug", "support"}

    Returns
    -------
    (list of str, list of str)
        Labels of those begun last for certain, and of those perhaps begun later still.
    """
    those = [c for c in given if c.kind == kind and c.dated and c.first < day]
    latest = max((c.sure[0] for c in those if c.sure[0] < day), default=0)
    sure = [c.label for c in those if c.sure[0] == latest]
    return sure, [c.label for c in those if c.sure[0] >= day and c.sure[0] > latest]


# ---- amounts --------------------------------------------------------------------------------------------------------
def amount(row):
    """A printed amount in words, with its interval and route; for a drug, what of it is not printed."""
    if row["kind"] != "drug":
        return ""
    words = phrase("ladder.dose_not_printed")
    if not pd.isna(row["dose"]):
        words = f"{show(row['dose'])} {row['dose_unit']}"
        if row["dose_unit"] == "mg/kg/dose":
            words = phrase("ladder.dose_every", dose=show(row["dose"]), hours=show(row["interval_h"]))
    return f"{words}, {row['route'] or phrase('ladder.route_not_printed')}"


def equivalents(row):
    """What a printed dose comes to in a day and over its course, per kilogram.

    Parameters
    ----------
    row : mapping
        A row of ``treatments.csv``, or a mapping with some of its keys: ``dose``; ``dose_unit`` (``mg/kg/day`` or
        ``mg/kg/dose``); ``interval_h``, asked for where the dose is one of several; ``end_text``, which gives the
        length of a course where it begins with "after 5 days".

    Returns
    -------
    dict of str -> float or None
        ``doses_a_day`` (None where a day's amount is printed, since how it was divided is not), ``per_day``
        (mg/kg/day), ``days`` (the printed length) and ``course`` (mg/kg). None means unknown: dose, interval or length
        is not printed.

    Raises
    ------
    UnitError
        For a unit that is not per kilogram, and for a dose or an interval that is not above zero. There is no way to
        milligrams: no weight is taken.
    """
    dose, unit, every = (row.get(k) for k in ("dose", "dose_unit", "interval_h"))
    dose, every = (None if x is None or pd.isna(x) else float(x) for x in (dose, every))
    if dose is not None and unit not in ("mg/kg/day", "mg/kg/dose"):
        raise UnitError(phrase("ladder.not_per_kilogram", unit=unit))
    if any(x is not None and not 0 < x < float("inf") for x in (dose, every)):
        raise UnitError(phrase("ladder.no_dose", dose=dose, hours=every))
    doses = 24 / every if unit == "mg/kg/dose" and every else None
    per_day = None if dose is None else dose if unit == "mg/kg/day" else doses and dose * doses
    length = re.match(r"after (\d+) days?\b", str(row.get("end_text") or ""))
    days = int(length[1]) if length else None
    return {"doses_a_day": doses, "per_day": per_day, "days": days, "course": per_day and days and per_day * days}


def amounts(case, *names):
    """What the printed doses of some treatments come to: a DataFrame to show, unknown where too little is printed."""
    rows, known = [], _dated(case)[0].treatments.set_index("treatment", drop=False)
    for row in known.loc[list(names)].to_dict("records"):
        due = equivalents(row)
        day = due["per_day"] and f"{show(due['per_day'])} mg/kg/day"
        days = due["days"] and phrase("ladder.days_long", days=due["days"])
        whole = due["course"] and f"{show(due['course'])} mg/kg"
        rows.append((row["label"], amount(row), day, days, whole))
    heads = ["ladder.treatment", "ladder.printed", "ladder.in_a_day", "ladder.length", "ladder.in_the_course"]
    return pd.DataFrame(rows, columns=[*map(phrase, heads)])


# ---- on the page ----------------------------------------------------------------------------------------------------
class Ladder(Explorer):
    """A day cursor over all that was given, and what would have been credited had the heart improved on another day.

    Parameters
    ----------
    case : Case
        The case as of a moment from admission on.
    """

    def __init__(self, case):
        self._case, self._given, self._marks = case, courses(case), milestones(case)
        self._end = int(_dated(case)[1]["last_day"].max())
        improved = case.events.set_index("event")["day_low"].get("first_improvement")
        self._printed = None if improved is None else int(improved)
        self._every = self._credit_of_every_day()
        supposed = phrase("ladder.supposed")
        controls = {
            "day": Number(phrase("ladder.day_label"), 1, 1, self._end, whole=True),
            "improved": Number(supposed, self._printed or 1, 1, self._end, whole=True),
        }
        super().__init__([*controls.values()], controls)

    def _view(self, now):
        day = now["day"]
        frame = running(self._given, day)
        certain, most = count(frame)
        drug, support = (in_words(last_added(self._given, day, kind)) for kind in ("drug", "support"))
        line = phrase("ladder.ran", day=day, certain=certain, most=most, drug=drug, support=support)
        words = frame.drop(columns="drug").replace({"ran": {r: phrase(f"ladder.{r}") for r in ("certain", "perhaps")}})
        heads = ["ladder.what", "ladder.printed_amount", "ladder.ran_that_day", "ladder.why_not_certain"]
        listed = table(words.set_axis([*map(phrase, heads)], axis=1), phrase("ladder.what_ran"))
        picture = self.picture(phrase("ladder.all_by_day"), day)
        return together(say(line), listed, self._credit(now["improved"]), self._every, picture)

    def _credit(self, day):
        """What the thought "the last drug did it" would credit, for the supposed day."""
        told = "ladder.credit_as_printed" if day == self._printed else "ladder.credit"
        return say(phrase(told, day=day, drug=in_words(last_added(self._given, day))))

    def _credit_of_every_day(self):
        """The same for every day, folded; it depends on no control."""
        named = {d: in_words(last_added(self._given, d)) for d in range(2, self._end + 1)}
        starts = [d for d in named if named[d] != named.get(d - 1)]
        ends = [d - 1 for d in starts[1:]] + [self._end] * bool(starts)
        spans = zip(starts, ends, strict=True)
        rows = [(phrase("ladder.days" if b > a else "ladder.day", first=a, last=b), named[a]) for a, b in spans]
        heads = [phrase("ladder.had_it_improved"), phrase("ladder.last_drug")]
        every = table(pd.DataFrame(rows, columns=heads), phrase("ladder.last_drug_by_day"))
        return folded(phrase("ladder.every_day"), every)

    def picture(self, caption, day=None):
        """The swimmer plot of all courses, with a day marked where one is given."""
        return plots.swimmer(self._given, self._marks, self._end, f"{caption} {READINGS}", day)

    def sheet(self):
        """The same rows as a table: what, dose and route, begins, ends, and where it is printed."""
        return table(sheet(self._case), phrase("ladder.all_given"))

    def set(self, day=None, improved=None, **other):
        """The same by call: ``set(day=5)``, ``set(improved=3)``; returns what is shown."""
        if other:
            return none_such(other, "day", "improved")
        for value in (day, improved):
            whole = isinstance(value, int) and not isinstance(value, bool)
            if value is not None and not (whole and 1 <= value <= self._end):
                return say(phrase("ladder.no_such_day", value=value, last=self._end))
        wanted = {"day": day, "improved": improved}
        return self._move(**{n: v for n, v in wanted.items() if v is not None})


def in_words(found):
    """The last drugs begun, in words."""
    sure, perhaps = (phrase("ladder.and").join(x) for x in found)
    sure = sure or phrase("ladder.none_with_a_day")
    return phrase("ladder.or_if_begun", sure=sure, perhaps=perhaps) if perhaps else sure


def sheet(case):
    """All that was given, as a DataFrame to show: what, kind, dose and route, begins, ends, fact, where printed."""
    case, _ = _dated(case)
    places, rows = dict(case.locators.itertuples(index=False)), []
    for row in case.treatments.query("status == 'reported'").to_dict("records"):
        days = row["start_text"] or phrase("ladder.not_stated"), row["end_text"] or phrase("ladder.not_stated_by_then")
        where = "; ".join(places[p] for p in row["where"].split(" | "))
        kind, dose = phrase(f"ladder.{row['kind']}"), amount(row) or phrase("ladder.none_printed")
        rows.append((row["label"], kind, dose, *days, row["fact"], where))
    heads = ["ladder.what", "ladder.kind", "ladder.dose_and_route", "ladder.begins", "ladder.ends", "ladder.fact"]
    return pd.DataFrame(rows, columns=[*map(phrase, [*heads, "ladder.where_printed"])])


class Nameless(Explorer):
    """The same bars with letters for names, to be named from memory. It counts, and keeps no score.

    The letters stand in the order of the days. Names are offered in the order of the alphabet, and nothing that is sent
    to the page ties a letter to a name.
    """

    def __init__(self, case):
        marks = case.events.set_index("event")
        home = marks["day_high"].get("home", float("inf"))
        those = [c for c in courses(case) if c.kind != "procedure" and c.first and c.sure and c.sure[0] < home]
        those.sort(key=lambda c: (c.kind, c.first, c.sure, c.last))
        self._bars = dict(zip(ascii_uppercase, those, strict=False))
        self._end = int(_dated(case)[1]["last_day"].max())
        names = sorted(c.label for c in those)
        layout = {"style": {"description_width": "2em"}, "layout": {"width": "24em"}}
        options = [(phrase("ladder.choose_a_name"), ""), *[(n, n) for n in names]]
        controls = {x: widgets.Dropdown(options=options, description=x, **layout) for x in self._bars}
        grid = widgets.Box(list(controls.values()), layout={"flex_flow": "row wrap"})
        super().__init__([grid], controls)

    def _view(self, now):
        named = {letter: name for letter, name in now.items() if name}
        right = 0
        for look in {_look(c) for c in self._bars.values()}:  # bars that look the same may be named either way round
            mine = {named.get(letter) for letter, c in self._bars.items() if _look(c) == look}
            right += len(mine & {c.label for c in self._bars.values() if _look(c) == look})
        line = phrase("ladder.named", named=len(named), bars=len(self._bars), right=right)
        caption, unnamed = phrase("ladder.names_hidden"), phrase("ladder.not_named")
        picture = plots.swimmer([*self._bars.values()], [], self._end, caption, letters=[*self._bars])
        rows = [(x, phrase(f"ladder.{c.kind}"), named.get(x, unnamed), c.told) for x, c in self._bars.items()]
        heads = ["ladder.bar", "ladder.kind", "ladder.your_name", "ladder.its_days"]
        listed = pd.DataFrame(rows, columns=[*map(phrase, heads)])
        return together(say(line), picture, table(listed, phrase("ladder.bars")))

    def set(self, **names):
        """Name bars by call: ``set(A="oral ciclosporin")``; None takes a name back; returns what is shown."""
        listed = {n.casefold(): n for n in values(next(iter(self._controls.values()))) if n}
        for letter, name in names.items():  # all are read before any is moved, so that a refusal changes nothing
            if letter not in self._controls:
                return say(phrase("ladder.no_such_bar", bar=letter, bars=", ".join(self._controls)))
            if name is not None and str(name).casefold() not in listed:
                return say(phrase("ladder.no_such_name", name=name, names="; ".join(listed.values())))
        return self._move(**{x: "" if name is None else listed[str(name).casefold()] for x, name in names.items()})

    def get(self):
        """The names given so far: dict of letter -> name, or None."""
        return {letter: name or None for letter, name in self._used.items()}


def _look(course):
    return course.kind, course.first, course.sure, course.last, course.end_stated
