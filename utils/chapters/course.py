"""What was given when: courses with their certain and uncertain days, amounts a day, and the explorers of the ladder.

Days are those of the report, admission being day 1. Readings of ours fill what it leaves open, and every picture says
so (`READINGS`). By the same reading an end without an earliest day may come as soon as it is told.
"""

import re
from dataclasses import dataclass

import pandas as pd

from utils import plots
from utils.explore import Explorer, Number, none_such
from utils.page import say, table, together
from utils.phrases import phrase
from utils.tables import CaseDataError
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
    end = last_day(case)
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
            sure = (int(high), min(int(until), end))
        drug, dated = row["atc"] or row["treatment"], not (pd.isna(low) or pd.isna(high))
        names = (row["treatment"], row["label"], row["kind"], amount(row), drug)
        found.append(Course(*names, first, sure, min(last, end), stated, dated))
    return found


def last_day(case):
    """The last day of which a case tells an event; a course that is planned beyond it is drawn up to it."""
    return int(_dated(case)[0].events[["day_low", "day_high"]].max(axis=None))


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
class ByDay(Explorer):
    """One day of the story to move. A class below gives its name in a state, and what is shown."""

    name = "day"

    def __init__(self, label, day, last):
        self._last_day, number = last, Number(label, day, 1, last, whole=True)
        super().__init__([number], {self.name: number})

    def _to(self, day, other):
        if other:
            return none_such(other, self.name)
        if day is None:
            return self._last
        if not isinstance(day, int) or isinstance(day, bool) or not 1 <= day <= self._last_day:
            return say(phrase("ladder.no_such_day", value=day, last=self._last_day))
        return self._move(**{self.name: day})


class Ladder(ByDay):
    """A day cursor over all that was given.

    Parameters
    ----------
    case : Case
        The case as of a moment from admission on; its days end with the last event that is known then.
    """

    def __init__(self, case):
        self._case, self._given, self._marks = case, courses(case), milestones(case)
        super().__init__(phrase("ladder.day_label"), 1, last_day(case))

    def _view(self, now):
        day = now["day"]
        frame = running(self._given, day)
        certain, most = count(frame)
        line = phrase("ladder.ran", day=day, certain=certain, most=most)
        words = frame.drop(columns="drug").replace({"ran": {r: phrase(f"ladder.{r}") for r in ("certain", "perhaps")}})
        heads = ["ladder.what", "ladder.printed_amount", "ladder.ran_that_day", "ladder.why_not_certain"]
        listed = table(words.set_axis([*map(phrase, heads)], axis=1), phrase("ladder.what_ran"))
        picture = self.picture(phrase("ladder.all_by_day"), day)  # its words stay whole: the table is of one day
        return together(say(line), picture.whole, listed)

    def picture(self, caption, day=None):
        """The swimmer plot of all courses, with a day marked where one is given."""
        return plots.swimmer(self._given, self._marks, self._last_day, f"{caption} {READINGS}", day)

    def sheet(self):
        """The same rows as a table: what, dose and route, begins, ends, and where it is printed."""
        return table(sheet(self._case), phrase("ladder.all_given"))

    def set(self, day=None, **other):
        """The same by call: ``set(day=5)``; returns what is shown."""
        return self._to(day, other)


class Credit(ByDay):
    """What the thought "the last drug did it" would have credited, had the heart improved on another day.

    Parameters
    ----------
    case : Case
        The case as of a moment from admission on. It begins with the printed day of the first improvement where that is
        known, and ends with the day on which anakinra was stopped, or with the last event.
    """

    name = "improved"

    def __init__(self, case):
        told = case.events.set_index("event")["day_high"]
        self._given, self._printed = courses(case), told.get("first_improvement")
        last = int(told.get("anakinra_stopped", last_day(case)))
        named = {day: self._credited(day) for day in range(2, last + 1)}
        starts = [day for day in named if named[day] != named.get(day - 1)]
        ends = [day - 1 for day in starts[1:]] + [last] * bool(starts)
        spans = zip(starts, ends, strict=True)
        rows = [(phrase("ladder.days" if b > a else "ladder.day", first=a, last=b), named[a]) for a, b in spans]
        heads = [phrase("ladder.had_it_improved"), phrase("ladder.last_drug")]
        self._every = table(pd.DataFrame(rows, columns=heads), phrase("ladder.last_drug_by_day"))
        super().__init__(phrase("ladder.supposed"), int(self._printed or 1), last)

    def _credited(self, day):
        return in_words(last_added(self._given, day))

    def _view(self, now):
        day = now["improved"]
        told = "ladder.credit_as_printed" if day == self._printed else "ladder.credit"
        return together(say(phrase(told, day=day, drug=self._credited(day))), self._every)

    def set(self, improved=None, **other):
        """The same by call: ``set(improved=3)``; returns what is shown."""
        return self._to(improved, other)


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


ladder, credit = Ladder, Credit
