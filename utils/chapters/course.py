"""What was given when: courses with their certain and uncertain days, daily doses, and the explorers of the ladder.

Days are those of the report, admission being day 1. What it leaves open is filled by readings that the picture states.
"""

import re
from collections import defaultdict
from itertools import groupby, permutations
from typing import NamedTuple

import pandas as pd

from utils import plots
from utils.explore import Number, explorer
from utils.page import headed, say, together
from utils.phrases import phrase
from utils.tables import CaseDataError
from utils.units import UnitError, show

MILESTONES = "admission leak_begins picu_admission cardiac_arrest ecmo_begins first_improvement ecmo_ends".split()
MILESTONES += "neutropenia_found picu_discharge anakinra_stopped home".split()


class Course(NamedTuple):
    """One course of a drug, a support or a procedure."""

    name: str  # this one, label and kind as in treatments.csv
    label: str
    kind: str
    amount: str  # with its unit and route, or what of it is not printed
    drug: str  # counted once, however many courses it has: the ATC code, or the course's own name
    first: int  # the first day on which it may have run; 0 is the time before admission
    sure: tuple | None  # the first and the last day on which it certainly ran
    last: int  # the last day on which it may have run
    end_stated: bool
    dated: bool  # whether both the earliest and the latest day of its start are printed

    def on(self, day):
        """``certain`` or ``perhaps`` where it ran, or may have run, on a day; else empty."""
        if self.sure and self.sure[0] <= day <= self.sure[1]:
            return "certain"
        return "perhaps" if self.first <= day <= self.last else ""

    def doubt(self, day):
        """Why it only perhaps ran on a day."""
        if self.sure and day < self.sure[0]:
            return phrase("ladder.start_not_exact")
        if self.end_stated:
            return phrase("ladder.end_not_exact")
        return phrase("ladder.end_not_stated" if self.sure or self.first == 0 else "ladder.days_not_printed")

    def passes_into(self, other):
        """Whether it ends in the very days in which another course of its drug begins."""
        known = self.end_stated and self.sure and other.sure
        return known and self.sure[1] in (other.first - 1, other.first) and self.last == other.sure[0]

    @property
    def days(self):
        """Its days in words."""
        if self.first and not self.sure:
            return phrase("ladder.from_day", day=self.first)
        days = [] if self.sure else [phrase("ladder.before_admission")]
        if self.sure:
            a, b = self.sure
            days += [phrase("ladder.perhaps_from", day=self.first)] * (self.first < a)
            days += [phrase("ladder.certain_on" if a == b else "ladder.certain_from", first=a, last=b)]
            days += [phrase("ladder.perhaps_until", day=self.last)] * (self.end_stated and self.last > b)
        return ", ".join(days) + ("" if self.end_stated else f"; {phrase('ladder.end_not_stated')}")


def courses(case):
    """The courses of a case, up to its last dated moment: a list of `Course`; CaseDataError where it has none."""
    case, moments, end = _dated(case)
    known_on = moments["first_day"]
    leaves = case.events.set_index("event")["day_high"].get("picu_discharge")
    found = []
    for row in case.treatments.query("status == 'reported'").to_dict("records"):
        day, low, high = known_on[row["time_point"]], row["start_low"], row["start_high"]
        stated, first, sure, last = bool(row["end_known_at"]), low, None, end
        if pd.isna(day):  # known before admission, which has no days
            first, last = 0, 0 if stated else end
        elif pd.notna(high):
            until = high
            if stated:  # an end without an earliest day may come on the day on which it is known
                until = known_on[row["end_known_at"]] - 1 if pd.isna(row["end_low"]) else row["end_low"]
                last = row["end_high"]
            sure = (int(high), min(int(max(high, until)), end))
        if pd.notna(day) and not stated and row["kind"] == "support" and pd.notna(leaves):
            last = leaves
        about = (row["treatment"], row["label"], row["kind"], _amount(row), row["atc"] or row["treatment"])
        dated = not (pd.isna(low) or pd.isna(high))
        found.append(Course(*about, int(day if pd.isna(first) else first), sure, min(int(last), end), stated, dated))
    return found


def _dated(case):
    """The case, no later than its last moment that has days; the moments by name; and the last day of an event."""
    moments = case.time_points.set_index("time_point").sort_values("order")
    if (last := moments["last_day"].last_valid_index()) is None:
        raise CaseDataError("time_points.csv", "no day is printed by then: take the case as of admission, or later")
    case = case.as_of(last)
    return case, moments.loc[:last], int(case.events[["day_low", "day_high"]].max(axis=None))


def milestones(case):
    """Events to mark above the courses: a list of (first day, last day, words, whether it is dated)."""
    case, moments, _ = _dated(case)
    rows = case.events[case.events["event"].isin(MILESTONES)].join(moments[["first_day", "last_day"]], on="time_point")
    first = rows["day_low"].fillna(rows["first_day"]).astype(int).rename("first")
    last = rows["day_high"].fillna(rows["last_day"]).astype(int).rename("last")
    words = rows["label"].groupby([first, last, rows["day_low"].notna()]).agg("; ".join)
    return [(a, b, labels, dated) for (a, b, dated), labels in words.items()]


def running(given, day):
    """What ran on a day, from a list of `Course`: a DataFrame of what, amount, ran (certain or perhaps), why and drug.

    One row per drug and certainty. Where one form of a drug passes into another on a day that is not printed, the drug
    itself is certain on the days between, and only its form is open.
    """
    rows, groups, both = [], defaultdict(list), phrase("ladder.or")
    for course in given:
        groups[course.drug, course.on(day)].append(course)
    for (drug, ran), group in groups.items():
        if ran:
            passing = (drug, "certain") not in groups and any(a.passes_into(b) for a, b in permutations(group, 2))
            why = phrase("ladder.which_of_two") if passing else group[0].doubt(day) if ran == "perhaps" else ""
            amounts = both.join(dict.fromkeys(c.amount for c in group if c.amount))
            rows.append((both.join(c.label for c in group), amounts, "certain" if passing else ran, why, drug))
    rows.sort(key=lambda row: row[2] != "certain")
    return pd.DataFrame(rows, columns=["what", "amount", "ran", "why", "drug"])


def count(frame):
    """How many treatments ran: (for certain, at most), from what `running` returns; a drug in two forms counts once."""
    return frame.loc[frame["ran"] == "certain", "drug"].nunique(), frame["drug"].nunique()


def last_added(given, day):
    """The drugs with a dated start begun last before a day, and those perhaps begun later, in words (str)."""
    dated, both = [c for c in given if c.kind == "drug" and c.dated and c.first < day], phrase("ladder.and")
    latest = max((c.sure[0] for c in dated if c.sure[0] < day), default=0)
    sure = both.join(c.label for c in dated if c.sure[0] == latest) or phrase("ladder.none_with_a_day")
    perhaps = both.join(c.label for c in dated if c.sure[0] >= day)
    return phrase("ladder.or_if_begun", sure=sure, perhaps=perhaps) if perhaps else sure


def _amount(row):
    """A printed dose in words, with its interval and route, or what of it is not printed; empty for what is no drug."""
    if row["kind"] != "drug":
        return ""
    words = phrase("ladder.dose_not_printed")
    if not pd.isna(row["dose"]):
        words = f"{show(row['dose'])} {row['dose_unit']}"
        if row["dose_unit"] == "mg/kg/dose":
            words = phrase("ladder.dose_every", dose=show(row["dose"]), hours=show(row["interval_h"]))
    return f"{words}, {row['route'] or phrase('ladder.route_not_printed')}"


def equivalents(row):
    """What a printed dose comes to: ``per_day`` (mg/kg/day), ``days``, ``course`` (mg/kg); None if too little is known.

    Takes a row of ``treatments.csv`` or a dict with its ``dose``, ``dose_unit``, ``interval_h`` and ``end_text``, whose
    "after 5 days" gives the length. UnitError for what is not above zero, or not per kilogram (no weight is taken).
    """
    known = {name: cell for name, cell in row.items() if pd.notna(cell)}
    dose, unit, every = (known.get(name) for name in ("dose", "dose_unit", "interval_h"))
    per_kilogram = dose is None or unit in ("mg/kg/day", "mg/kg/dose")
    if not per_kilogram or any(x is not None and not 0 < x < float("inf") for x in (dose, every)):
        raise UnitError(phrase("ladder.no_dose", dose=dose, unit=unit, hours=every))
    doses = 1 if unit == "mg/kg/day" else every and 24 / every
    per_day, length = dose and doses and dose * doses, re.match(r"after (\d+) days?\b", known.get("end_text", ""))
    days = int(length[1]) if length else None
    return {"per_day": per_day, "days": days, "course": per_day and days and per_day * days}


def amounts(case, *names):
    """What the printed doses of some treatments come to: a DataFrame to show, unknown where too little is printed."""
    rows, known = [], case.treatments.set_index("treatment", drop=False)
    for row in known.loc[list(names)].to_dict("records"):
        per_day, days, whole = equivalents(row).values()
        day, length = per_day and f"{show(per_day)} mg/kg/day", days and phrase("ladder.days_long", days=days)
        rows.append((row["label"], _amount(row), day, length, whole and f"{show(whole)} mg/kg"))
    heads = "treatment printed in_a_day length in_the_course".split()
    return pd.DataFrame(rows, columns=[phrase(f"ladder.{head}") for head in heads])


def ladder(case):
    """An explorer that moves a ``day`` over all that was given, up to the last event that is known."""
    given, marks, (*_, last) = courses(case), milestones(case), _dated(case)
    caption = f"{phrase('ladder.all_by_day')} {phrase('ladder.readings')}"

    def view(day):
        frame = running(given, day)
        certain, most = count(frame)
        line = say(phrase("ladder.how_many", day=day, certain=certain, most=most))
        picture = plots.swimmer(given, marks, last, caption, day).whole  # the table below it is of one day only
        words = frame.assign(ran=[phrase(f"ladder.{ran}") for ran in frame["ran"]])
        return together(line, picture, headed(words, "ladder", "what amount ran why", phrase("ladder.what_ran")))

    return explorer(view, day=Number(phrase("ladder.day_label"), 1, 1, last, whole=True))


def credit(case):
    """An explorer of what "the last drug did it" would have credited, had the heart ``improved`` on another day."""
    events, given = case.events.set_index("event")["day_high"], courses(case)
    printed, last = events.get("first_improvement"), int(events.get("anakinra_stopped", _dated(case)[-1]))
    drugs, rows = {day: last_added(given, day) for day in range(1, last + 1)}, []
    for drug, days in groupby(range(2, last + 1), drugs.get):
        first, *more = days
        rows.append((phrase("ladder.days", first=first, last=[first, *more][-1], count=1 + len(more)), drug))
    every = headed(rows, "ladder", "had_it_improved last_drug", phrase("ladder.last_drug_by_day"))

    def view(improved):
        sentence = "ladder.credit_as_printed" if improved == printed else "ladder.credit"
        return together(say(phrase(sentence, day=improved, drug=drugs[improved])), every)

    return explorer(view, improved=Number(phrase("ladder.supposed"), int(printed or 1), 1, last, whole=True))
