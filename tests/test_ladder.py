"""The ladder: who ran when, hand-checked against the report; amounts a day; the swimmer plot; the two explorers."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.drawings import clean, drawing, shapes, words
from utils import plots
from utils.case import CaseDataError, load_case
from utils.chapters import course
from utils.chapters.course import READINGS, amounts, count, courses, equivalents, last_added, milestones, running, sheet
from utils.plots.drawn_course import CURSOR
from utils.units import UnitError

CASE = load_case().as_of("recovery")
GIVEN = courses(CASE)
NAMED = {c.name: c for c in GIVEN}
BEFORE = {"prednisone_maintenance", "teicoplanin"}  # begun before admission, and no end is stated
BLOOD = {"blood_transfusions", "platelet_transfusions"}  # from day 2 in the narrative, days not printed
CARE = {"inotropes_vasoactives", "mechanical_ventilation"}
DAY_ONE = {"methylprednisolone_high_dose", "ciclosporin"}
LEAVING = {"prednisone_discharge", "ciclosporin_discharge"}  # by discharge, told for day 7 or later


# ---- who ran when: read from the article by hand ---------------------------------------------------------------------
@pytest.mark.parametrize(
    "day, certain, perhaps",
    [
        (1, DAY_ONE, BEFORE),
        (2, {"inotropes_vasoactives", "ivig", "anakinra_sc"}, BEFORE | DAY_ONE | BLOOD | {"mechanical_ventilation"}),
        (4, {"ivig", "anakinra_sc", "anakinra_iv", "cpr", "va_ecmo"}, BEFORE | DAY_ONE | BLOOD | CARE),
        (5, {"ivig", "anakinra_iv", "va_ecmo"}, BEFORE | DAY_ONE | BLOOD | CARE),
        (6, {"ivig", "anakinra_iv", "va_ecmo"}, BEFORE | DAY_ONE | BLOOD | CARE),
        # from day 7 on the anakinra may have been on its way down: the drug is certain, its form and route are not
        (7, {"va_ecmo"}, BEFORE | DAY_ONE | BLOOD | CARE | LEAVING | {"anakinra_iv", "anakinra_sc_reduced"}),
        (11, set(), BEFORE | DAY_ONE | BLOOD | CARE | LEAVING | {"anakinra_iv", "anakinra_sc_reduced"}),
        (22, {"anakinra_sc_reduced"}, BEFORE | DAY_ONE | BLOOD | LEAVING | {"anakinra_iv"}),
        (30, set(), BEFORE | DAY_ONE | BLOOD | LEAVING),
    ],
)
def test_who_ran_on_a_day(day, certain, perhaps):
    assert {n for n, c in NAMED.items() if c.on(day) == "certain"} == certain
    assert {n for n, c in NAMED.items() if c.on(day) == "perhaps"} == perhaps


@pytest.mark.parametrize("day, numbers", [(1, (2, 4)), (2, (3, 10)), (7, (2, 10)), (11, (1, 9)), (30, (0, 6))])
def test_a_drug_in_two_forms_counts_once(day, numbers):
    # day 7: anakinra, ECMO; prednisone, teicoplanin, methylprednisolone, ciclosporin, vasoactives, ventilation,
    # transfusions of blood and of platelets
    assert count(running(GIVEN, day)) == numbers


def test_the_drug_is_certain_while_only_its_form_is_open():
    assert running(GIVEN, 7).set_index("drug").loc["L04AC03", "ran"] == "certain"
    rows = running(GIVEN, 11).set_index("drug")
    row = rows.loc["L04AC03"]
    assert row["ran"] == "certain" and "step-down" in row["what"] and "intravenous" in row["what"]
    assert row["why"] == "which of the two, is not printed"
    assert rows.loc["L04AD01", "ran"] == "perhaps"  # no break is printed and none is denied: two rows make no certainty


def test_discrepancies_are_drawn_and_not_settled():
    assert (NAMED["anakinra_iv"].first, NAMED["anakinra_iv"].sure[0]) == (4, 4)  # D26
    assert (16, 18, "discharge from intensive care", True) in milestones(CASE)  # D02
    pulses = NAMED["methylprednisolone_high_dose"]
    assert pulses.sure == (1, 1) and not pulses.end_stated  # U73
    assert not [m for m in milestones(CASE) if "neutropenia" in m[2] and m[3]]  # found, and not dated


def test_what_is_before_admission_has_no_day():
    early = [c for c in GIVEN if c.first == 0]
    assert {c.name for c in early} == BEFORE | {"prednisone_short_course", "methylprednisolone_pulses"}
    assert all(c.sure is None for c in early)
    assert {c.name for c in early if c.last == 0} == {"prednisone_short_course", "methylprednisolone_pulses"}


@pytest.mark.parametrize("course", GIVEN, ids=lambda c: c.name)
def test_a_course_hangs_together(course):
    assert 0 <= course.first <= course.last <= 49
    if course.sure:
        assert course.first <= course.sure[0] <= course.sure[1] <= course.last
    for day in range(1, 50):
        assert course.on(day) in ("certain", "perhaps", "")
        if course.on(day) == "perhaps":
            assert course.doubt(day).startswith("its ")


def test_every_reported_treatment_is_there_once_and_nothing_of_follow_up():
    reported = CASE.treatments.query("status == 'reported'")["treatment"].tolist()
    assert [c.name for c in GIVEN] == reported == [c.name for c in courses(load_case())]
    assert len(sheet(load_case())) == len(reported)
    assert "canakinumab" not in str([GIVEN, sheet(load_case()).to_dict(), milestones(load_case())])


def test_an_earlier_view_knows_no_later_end():
    seen = {c.name: c for c in courses(CASE.as_of("ecmo"))}
    assert not seen["va_ecmo"].end_stated and seen["va_ecmo"].last == 4 and "anakinra_sc_reduced" not in seen
    assert "home" not in str(milestones(CASE.as_of("ecmo"))) and "improve" not in str(milestones(CASE.as_of("ecmo")))
    assert not {c.name: c for c in courses(CASE.as_of("picu"))}["ivig"].end_stated


@pytest.mark.parametrize("moment, last", [("admission", 1), ("picu", 3), ("ecmo", 4), ("recovery", 49)])
def test_a_ladder_ends_with_the_last_event_that_is_known(moment, last):
    days = course.ladder(CASE.as_of(moment))
    assert days.set(day=last).text.startswith(f"Day {last}: ")
    assert days.set(day=last + 1).text.endswith(f"choose a whole number, 1 to {last}.")
    told = (days.set(day=last).text + days.picture("Test.").text + days.sheet().text).replace(READINGS, "")
    beyond = {int(d) for d in re.findall(r"day (\d+)", told) if int(d) > last}
    assert beyond == ({6} if moment == "ecmo" else set())  # five days of immunoglobulin are told with their end
    later = set(load_case().treatments["label"]) - set(CASE.as_of(moment).treatments["label"])
    assert not [label for label in later if label in told] and clean(days._last)


def test_without_a_day_there_is_no_ladder():
    with pytest.raises(CaseDataError, match="no day is told by then"):
        courses(CASE.as_of("regional_hospital"))


# ---- the last drug added ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "day, sure, perhaps",
    [
        (1, set(), set()),
        (2, {"methylprednisolone_high_dose", "ciclosporin"}, set()),
        (3, {"ivig", "anakinra_sc"}, set()),
        (4, {"ivig", "anakinra_sc"}, set()),
        (5, {"anakinra_iv"}, set()),
        (6, {"anakinra_iv"}, set()),
        (49, {"anakinra_iv"}, set()),  # steps down and undated changes are no additions
    ],
)
def test_the_last_drug_added(day, sure, perhaps):
    found = last_added(GIVEN, day)
    assert [{NAMED[n].label for n in names} for names in (sure, perhaps)] == [set(x) for x in found]


def test_the_same_thought_would_credit_the_ecmo():
    assert last_added(GIVEN, 7, "support") == ([NAMED["va_ecmo"].label], [])


# ---- amounts ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "row, per_day, course",
    [
        ({"dose": 2, "dose_unit": "mg/kg/dose", "interval_h": 6}, 8, None),  # four doses of 2
        ({"dose": 2, "dose_unit": "mg/kg/day", "interval_h": 24}, 2, None),
        ({"dose": 400, "dose_unit": "mg/kg/day", "end_text": "after 5 days (2 g/kg in all)"}, 400, 2000),
        ({"dose": 30, "dose_unit": "mg/kg/day", "end_text": "after 2 days"}, 30, 60),
        ({"dose": 3, "dose_unit": "mg/kg/dose", "interval_h": 8, "end_text": "after 4 days"}, 9, 36),
        ({"dose": 2, "dose_unit": "mg/kg/dose"}, None, None),  # no interval
        ({"dose": 2, "dose_unit": "mg/kg/dose", "end_text": "after 4 days"}, None, None),
        ({"dose": None, "interval_h": 6, "end_text": "after 4 days"}, None, None),  # no dose
        ({"dose": math.nan, "dose_unit": "", "interval_h": math.nan}, None, None),
        ({"dose": 2, "dose_unit": "mg/kg/day", "end_text": "the end is not stated"}, 2, None),
        ({}, None, None),
    ],
)
def test_what_a_dose_comes_to(row, per_day, course):
    found = equivalents(row)
    assert (found["per_day"], found["course"]) == (per_day, course)


def test_the_rows_of_the_case():
    rows = CASE.treatments.set_index("treatment")
    assert equivalents(rows.loc["anakinra_iv"])["per_day"] / equivalents(rows.loc["anakinra_sc"])["per_day"] == 4
    assert equivalents(rows.loc["ivig"])["course"] == 2000
    for name in ("teicoplanin", "methylprednisolone_high_dose", "ciclosporin", "prednisone_maintenance", "va_ecmo"):
        assert equivalents(rows.loc[name])["course"] is None
    shown = amounts(CASE, "ivig", "teicoplanin").set_index("Treatment")
    assert shown.loc["intravenous immunoglobulin", "In the whole course"] == "2,000 mg/kg"
    assert shown.loc["intravenous teicoplanin"].drop("Printed").isna().all()


@pytest.mark.parametrize(
    "row",
    [
        {"dose": 2, "dose_unit": "mg/day"},
        {"dose": 33.4, "dose_unit": "mg"},
        {"dose": 2},
        {"dose": -2, "dose_unit": "mg/kg/day"},
        {"dose": 2, "dose_unit": "mg/kg/dose", "interval_h": 0},
        {"dose": math.inf, "dose_unit": "mg/kg/day"},
    ],
)
def test_what_is_not_per_kilogram_or_no_amount_is_refused(row):
    with pytest.raises(UnitError):
        equivalents(row)


@given(st.floats(0.01, 1000), st.integers(1, 48), st.integers(1, 60))
def test_dose_interval_and_length_multiply(dose, every, days):
    row = {"dose": dose, "dose_unit": "mg/kg/dose", "interval_h": every, "end_text": f"after {days} days"}
    found = equivalents(row)
    assert found["per_day"] * every == pytest.approx(24 * dose)
    assert found["course"] == pytest.approx(found["per_day"] * days)
    assert equivalents({**row, "interval_h": 2 * every})["per_day"] == pytest.approx(found["per_day"] / 2)


# ---- the picture -----------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def days():
    return course.ladder(CASE)


def test_every_bar_has_its_name_amount_and_days_in_the_picture(days):
    root, alt = drawing(days.picture("Test."))
    for one in GIVEN:
        assert one.label in words(root) and f"{one.told}" in alt
        assert not one.amount or one.amount in words(root)
    assert {"Drugs", "Supports", "Procedures"} <= set(words(root))
    assert "Days 1 to 22 are drawn wide, days 23 to 49 narrow" in " ".join(words(root))
    assert sum("not dated" in w for w in words(root)) == 2  # the zone before admission, and the neutropenia


def one(course):
    return drawing(plots.swimmer([course], [], 49, "Test."))[0]


def strokes(name):
    """Hatching strokes of one course, beyond those of the key."""
    bare = shapes(one(NAMED["cpr"]), "line", stroke=plots.MET, stroke_width="1")
    return len(shapes(one(NAMED[name]), "line", stroke=plots.MET, stroke_width="1")) - len(bare)


def asked(name):
    """Question marks of one course, beyond that of the key."""
    return sum(w == "?" for w in words(one(NAMED[name]))) - 1


@pytest.mark.parametrize(
    "name, hatched, open_ended",
    [
        ("ivig", False, False),
        ("anakinra_sc", False, False),
        ("anakinra_iv", True, False),
        ("ciclosporin", False, True),
        ("methylprednisolone_high_dose", False, True),
        ("prednisone_discharge", True, True),
        ("teicoplanin", False, True),
        ("methylprednisolone_pulses", False, False),
    ],
)
def test_uncertain_is_hatched_and_unstated_fades(name, hatched, open_ended):
    assert (strokes(name) > 0) == hatched and (asked(name) == 1) == open_ended
    fading = [e for e in shapes(one(NAMED[name]), "line") if "stroke-opacity" in e.attrib]
    assert (len(fading) == 3) == (open_ended and name != "prednisone_discharge")  # that one begins on the last day


def test_a_certain_stretch_is_as_long_as_its_days():
    [bar] = [e for e in shapes(one(NAMED["ivig"]), "rect", fill=plots.MET) if float(e.get("width")) > 30]
    [other] = [e for e in shapes(one(NAMED["anakinra_iv"]), "rect", fill=plots.MET) if float(e.get("width")) > 30]
    assert float(bar.get("width")) / 5 == float(other.get("width")) / 3 == 23  # days 2 to 6; days 4 to 6


def test_kinds_differ_in_shape_and_not_only_in_colour():
    drug, support, procedure = (one(NAMED[n]) for n in ("ivig", "va_ecmo", "cpr"))
    assert shapes(support, "rect", fill="white", stroke=plots.INK) and not shapes(drug, "rect", stroke=plots.INK)
    assert len(shapes(procedure, "path")) == 2 and not shapes(drug, "path")  # the bar, and its key


# ---- the explorers ---------------------------------------------------------------------------------------------------
def test_the_cursor_lists_what_ran_and_is_drawn(days):
    shown = days.set(day=11)
    assert shown.text.startswith("Day 11: 1 for certain, 9 at most") and clean(shown)
    assert days.get() == {"day": 11} and days.set() is shown
    [box] = shapes(drawing(shown)[0], "rect", fill=CURSOR)
    days.set(day=12)
    [next_box] = shapes(drawing(days._last)[0], "rect", fill=CURSOR)
    assert float(next_box.get("x")) - float(box.get("x")) == 23


def test_on_the_first_day_there_is_a_ladder_and_nothing_to_credit():
    assert "What ran that day" in repr(course.ladder(load_case().as_of("admission"))._last)


def test_another_day_would_have_credited_another_drug():
    credit = course.credit(CASE)
    first = credit._repr_mimebundle_()["text/plain"]
    assert "first improved on day 7, as is printed" in first and "day 5 to day 22" in first  # before anything is run
    told = [credit.set(improved=d).text.partition("would then credit: ")[2].partition(".")[0] for d in (2, 3, 7)]
    assert len(set(told)) == 3 and "as is printed" not in credit.set(improved=8).text
    assert told[1] == " and ".join(NAMED[n].label for n in ("ivig", "anakinra_sc"))
    assert credit.set(day=3).text.startswith("Refused. There is no 'day'") and credit.get() == {"improved": 8}


def test_before_the_improvement_is_told_its_day_is_not_known():
    credit = course.credit(CASE.as_of("ecmo"))
    assert credit.get() == {"improved": 1} and "as is printed" not in credit.set(improved=4).text
    assert "1 to 4" in credit.set(improved=7).text


def test_moving_a_control_is_the_same_as_a_call():
    days = course.ladder(CASE)
    days.children[0].children[1].value = 4  # the slider
    assert days.get()["day"] == 4 and days._last.text.startswith("Day 4: 4 for certain")
    assert "Day 4: 4 for certain" in days._results[-1].shown["html"]


@pytest.mark.parametrize("wrong", [0, 50, -1, 2.5, "4", True, [4], math.nan])
def test_a_day_that_is_none_is_refused_and_nothing_changes(days, wrong):
    for explorer, name, last in ((days, "day", 49), (course.credit(CASE), "improved", 22)):
        before = explorer.get()
        assert re.match(f"Refused.*choose a whole number, 1 to {last}", explorer.set(**{name: wrong}).text)
        assert explorer.get() == before
