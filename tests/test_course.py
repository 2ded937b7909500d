"""The ladder: who ran when, checked by hand against the report; daily doses; the two explorers."""

import math
import re

import pytest

from utils.case import CaseDataError, load_case
from utils.chapters import course
from utils.chapters.course import count, courses, equivalents, last_added, milestones, running
from utils.phrases import phrase
from utils.units import UnitError

CASE = load_case().as_of("recovery")
GIVEN = courses(CASE)
NAMED = {c.name: c for c in GIVEN}
BEFORE = {"prednisone_maintenance", "teicoplanin"}  # begun before admission, and no end is stated
BLOOD = {"blood_transfusions", "platelet_transfusions"}  # from day 2 in the narrative, days not printed
CARE = "inotropes_vasoactives", "mechanical_ventilation"
DAY_ONE = {"methylprednisolone_high_dose", "ciclosporin"}
LEAVING = {"prednisone_discharge", "ciclosporin_discharge"}  # by discharge, told for day 7 or later
STEPS = {"anakinra_iv", "anakinra_sc_reduced"}


# ---- who ran when: read from the article by hand ---------------------------------------------------------------------
OPEN, LATE = BEFORE | DAY_ONE | BLOOD, LEAVING | STEPS
RAN = [  # day, certain, perhaps, how many for certain and at most: a drug in two forms counts once
    (1, DAY_ONE, BEFORE, (2, 4)), (2, {CARE[0], "ivig", "anakinra_sc"}, OPEN | {CARE[1]}, (3, 10)),
    (4, {"ivig", "anakinra_sc", "anakinra_iv", "cpr", "va_ecmo"}, OPEN | {*CARE}, (4, 12)),
    *((day, {"ivig", "anakinra_iv", "va_ecmo"}, OPEN | {*CARE}, (3, 11)) for day in (5, 6)),
    # from day 7 on the anakinra may have been on its way down: the drug is certain, its form and route are not
    (7, {"va_ecmo"}, OPEN | {*CARE} | LATE, (2, 10)), (11, set(), OPEN | {*CARE} | LATE, (1, 9)),
    (22, {"anakinra_sc_reduced"}, OPEN | LEAVING | {"anakinra_iv"}, (1, 7)), (30, set(), OPEN | LEAVING, (0, 6)),
]  # fmt: skip


@pytest.mark.parametrize("day, certain, perhaps, numbers", RAN)
def test_who_ran_on_a_day(day, certain, perhaps, numbers):
    assert {n for n, c in NAMED.items() if c.on(day) == "certain"} == certain
    assert {n for n, c in NAMED.items() if c.on(day) == "perhaps"} == perhaps
    assert count(running(GIVEN, day)) == numbers


def test_the_drug_is_certain_while_only_its_form_is_open():
    rows = running(GIVEN, 11).set_index("drug")
    row = rows.loc["L04AC03"]
    assert row["ran"] == "certain" and "step-down" in row["what"] and "intravenous" in row["what"]
    assert row["why"] == "which of the two, is not printed"
    assert rows.loc["L04AD01", "ran"] == "perhaps"  # no break is printed and none is denied: two rows make no certainty


def test_discrepancies_are_shown_and_not_settled():
    assert (16, 18, "discharge from intensive care", True) in milestones(CASE)  # D02
    assert not [m for m in milestones(CASE) if "neutropenia" in m[2] and m[3]]  # found, and not dated


def test_each_course_is_there_once_hangs_together_and_says_why_it_is_not_certain():
    reported = CASE.treatments.query("status == 'reported'")
    assert [c.name for c in GIVEN] == reported["treatment"].tolist() == [c.name for c in courses(load_case())]
    assert "canakinumab" not in f"{courses(load_case())} {milestones(load_case())}"  # nothing of the follow-up
    for one in GIVEN:
        assert 0 <= one.first <= one.last <= 49, one
        assert one.sure is None or one.first <= one.sure[0] <= one.sure[1] <= one.last, one
    for day in range(1, 50):
        rows = running(GIVEN, day)
        assert rows.query("ran == 'perhaps'")["why"].str.match("its (start|end|days) ").all()
        assert set(rows.query("ran == 'certain'")["why"]) <= {"", "which of the two, is not printed"}


def test_an_earlier_view_knows_no_later_end():
    seen = {c.name: c for c in courses(CASE.as_of("ecmo"))}
    assert not seen["va_ecmo"].end_stated and not re.search("home|improve", str(milestones(CASE.as_of("ecmo"))))
    with pytest.raises(CaseDataError, match="no day is printed by then"):
        courses(CASE.as_of("regional_hospital"))


DAYS = {
    "ivig": "certain from day 2 to day 6", "cpr": "certain on day 4",
    "anakinra_iv": "certain from day 4 to day 6, perhaps until day 22",
    "ciclosporin": "certain on day 1; its end is not stated",
    "prednisone_discharge": "perhaps from day 7, certain on day 49; its end is not stated",
    "blood_transfusions": "from day 2; its days are not printed",
    "teicoplanin": "before admission, not dated; its end is not stated",
    "methylprednisolone_pulses": "before admission, not dated",
}  # fmt: skip
LAST = {1: set(), 2: DAY_ONE, 3: {"ivig", "anakinra_sc"}, 4: {"ivig", "anakinra_sc"}}
LAST |= dict.fromkeys((5, 6, 49), {"anakinra_iv"})  # steps down and undated changes are no additions


def test_the_days_of_a_course_in_words_and_the_last_drug_added():
    assert {name: NAMED[name].days for name in DAYS} == DAYS
    for day, sure in LAST.items():
        expected = {NAMED[n].label for n in sure} or {phrase("ladder.none_with_a_day")}
        assert set(last_added(GIVEN, day).split(" and ")) == expected, day


# ---- amounts ---------------------------------------------------------------------------------------------------------
def dose(amount, unit="mg/kg/day", every=None, end=""):
    return {"dose": amount, "dose_unit": unit, "interval_h": every, "end_text": end}


AMOUNTS = [
    (dose(2, "mg/kg/dose", 6), 8, None),  # four doses of 2
    (dose(400, end="after 5 days (2 g/kg in all)"), 400, 2000), (dose(30, end="after 2 days"), 30, 60),
    (dose(3, "mg/kg/dose", 8, "after 4 days"), 9, 36), (dose(2, end="the end is not stated"), 2, None),
    (dose(2, "mg/kg/dose", end="after 4 days"), None, None),  # no interval
    (dose(None, "", 6, "after 4 days"), None, None), (dose(math.nan, "", math.nan), None, None), ({}, None, None),
]  # fmt: skip
REFUSED = [(2, "mg/day", 24), (2, None, 24), (-2, "mg/kg/dose", 24), (2, "mg/kg/dose", 0), (math.inf, "mg/kg/day", 24)]


def test_what_a_dose_comes_to_and_what_is_none_is_refused():
    for row, per_day, whole in AMOUNTS:
        found = equivalents(row)
        assert (found["per_day"], found["course"]) == (per_day, whole), row
    for given in REFUSED:
        with pytest.raises(UnitError, match="write mg/kg/day or mg/kg/dose, and numbers above zero"):
            equivalents(dose(*given))


# ---- the explorers ---------------------------------------------------------------------------------------------------
def test_the_day_lists_what_ran_and_all_is_told_in_words():
    days = course.ladder(CASE)
    shown = days.set(day=11)
    assert shown.text.startswith("Day 11: 1 for certain, 9 at most") and days.get() == {"day": 11}
    assert "All that was given, by day." in shown.html and phrase("ladder.readings") in shown.html
    words, _, table = shown.text.partition("What ran that day")
    assert "which of the two" in table and not re.search(r"\b(nan|None|NaT|inf)\b|<NA>", shown.text)
    assert all(f"{c.label} (" in words and c.amount in words and f"): {c.days}" in words for c in GIVEN)
    assert all(label in words for _, _, label, _ in milestones(CASE))


@pytest.mark.parametrize("moment, last", [("admission", 1), ("picu", 3), ("ecmo", 4), ("recovery", 49)])
def test_a_ladder_ends_with_the_last_event_that_is_known(moment, last):
    days = course.ladder(CASE.as_of(moment))
    text = days.set(day=last).text.replace(phrase("ladder.readings"), "")
    assert days.set(day=last + 1).text.endswith(f"choose a whole number, 1 to {last}.")
    assert not [int(d) for d in re.findall(r"day (\d+)", text) if int(d) > last]
    later = set(load_case().treatments["label"]) - set(CASE.as_of(moment).treatments["label"])
    assert not [label for label in later if label in text]


def test_another_day_would_have_credited_another_drug():
    credit = course.credit(CASE)
    first = credit.shown.text  # before anything is moved
    assert "first improved on day 7, as is printed" in first and "day 5 to day 22" in first
    named = [credit.set(improved=d).text.partition("would then credit: ")[2].partition(".")[0] for d in (2, 3, 7)]
    assert len(set(named)) == 3 and "as is printed" not in credit.set(improved=8).text
    assert named[1] == " and ".join(NAMED[n].label for n in ("ivig", "anakinra_sc"))
    assert credit.set(day=3).text.startswith("Refused. ") and credit.get() == {"improved": 8}
    credit = course.credit(CASE.as_of("ecmo"))  # before the improvement is told
    assert credit.get() == {"improved": 1} and "1 to 4" in credit.set(improved=7).text
