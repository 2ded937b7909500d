"""What all explorers share: a result is made from a state, and what lies ready is what the kernel would say."""

import asyncio
import html
import json

import pytest

from utils import explore
from utils.case import load_case
from utils.chapters import appraisal, bedside, cohort, course, route
from utils.explore import REACH, Again, Number
from utils.page import say

CASE = load_case()
REGIONAL, ADMISSION, PICU = (CASE.as_of(moment) for moment in ("regional_hospital", "admission", "picu"))
MAKE = {
    "unit_bench": explore.unit_bench,
    "what_if": lambda: explore.what_if("mas_2016", REGIONAL, platelets=(0, 500, 250), fibrinogen=(0, 600, 400)),
    "ruler_bench": lambda: explore.ruler_bench(ADMISSION, ["mas_2016", "hlh_2004"], beside=REGIONAL),
    "chance": cohort.chance,
    "thresholds": cohort.threshold_explorer,
    "ladder": lambda: course.ladder(CASE),
    "credit": lambda: course.credit(CASE),
    "age_limits": lambda: bedside.age_limit_bench(PICU),
    "route": route.route_bench,
    "look_up": lambda: explore.look_up(REGIONAL, "F09"),
    "again": lambda: Again(lambda: say("A moment.")),
    "register": lambda: appraisal.register(CASE),
}


class Page:
    """A page's side of an explorer: what was sent to lie ready, and where it holds each control."""

    def __init__(self, explorer):
        self.explorer, self.sent = explorer, []
        for place, result in enumerate(explorer._results):
            result.send = lambda content, buffers=None, place=place: self.sent.append((place, content))

    def approach(self, name):
        """Somebody comes to a control; the kernel has a while with nothing else to do."""

        async def wait():
            self.explorer._approached(name)
            while asyncio.all_tasks() - {asyncio.current_task()}:
                await asyncio.sleep(0)
            for _ in range(8 * REACH):
                await asyncio.sleep(0)

        asyncio.run(wait())


def go(explorer, name, at):
    """Move a control as the page does: a slider, or a place on a list."""
    control, (model, trait, _) = explorer._controls[name], explorer._movers[name]
    setattr(model, trait, at)
    return control


def made(which):
    explorer = MAKE[which]()
    if which == "what_if":
        explorer.set(platelets="250 ×10⁹/L", fibrinogen="400 mg/dL")
    return explorer


@pytest.fixture(params=MAKE)
def explorer(request):
    return made(request.param)


@pytest.mark.parametrize("which", MAKE)
def test_what_lies_ready_is_what_the_kernel_says_when_it_is_asked(which):
    for number in range(3):
        page = Page(explorer := made(which))
        if number >= len(quick := [n for n in explorer._movers if n not in explorer.slow]):
            break
        page.approach(name := quick[number])
        here, places = explorer._state(), len(explorer._results)
        assert len(page.sent) >= places, f"nothing lies ready beside {name}"
        for place, ready in page.sent[-places:]:
            assert json.loads(json.dumps(ready)) == ready and ready["base"] == here and ready["name"] == name
            go(explorer, name, ready["at"])
            assert {k: explorer._results[place].shown[k] for k in ("html", "spoken")}.items() <= ready.items()


def test_the_state_goes_with_every_result(explorer):
    for result in explorer._results:
        assert result.shown["state"] == explorer._state() and set(result.movers) == set(explorer._movers)


def test_every_slider_has_the_name_of_its_field(explorer):
    for name, control in explorer._controls.items():
        if isinstance(control, Number):
            assert explorer._movers[name][2] == f"{control.field.description}, slider"


def test_nothing_is_made_ready_twice_or_for_a_state_that_is_gone():
    bench = bedside.age_limit_bench(PICU)
    page = Page(bench)
    page.approach("systolic")
    first = [ready["at"] for _, ready in page.sent]
    assert len(first) == len(set(first)) == 2 * REACH
    page.approach("systolic")
    assert len(page.sent) == len(first)  # it lies there already
    go(bench, "age", 3.0)
    page.approach("systolic")
    assert [ready["at"] for _, ready in page.sent[len(first) :]] == first  # for another age it has to be made anew
    assert {ready["base"]["age"] for _, ready in page.sent[len(first) :]} == {3.0}


def test_what_is_slow_or_unknown_is_not_made_before_it_is_asked_for():
    page = Page(cohort.threshold_explorer())
    for name in ("item", "n", "no such control", None, 3):
        page.approach(name)
    assert page.sent == []


def test_where_there_is_no_page_nothing_is_made_ready():
    bench = bedside.age_limit_bench(PICU)
    page = Page(bench)
    bench._near = "age"
    bench.set(age="3 years")  # by call, outside a kernel: there is no loop to wait in
    assert page.sent == []


@pytest.mark.parametrize("typed", [float("nan"), float("inf"), -1e300, 2.5, 0, 50])
def test_a_typed_number_that_cannot_be_is_refused_in_words_and_stays_to_be_mended(typed):
    days = course.ladder(CASE)
    days._controls["day"].field.value = typed
    assert days._last.text.startswith("Refused. ") and "whole number, 1 to 49" in days._last.text
    assert "nan" not in days._last.text.split("\n")[0] and days.get()["day"] == 1
    assert days._controls["day"].field.value == pytest.approx(typed, nan_ok=True)
    days._controls["day"].field.value = 4
    assert days._last.text.startswith("Day 4") and days.get()["day"] == 4


@pytest.mark.parametrize("given", ["abc", None, [1], 10**400])
def test_what_is_no_number_at_all_is_refused_in_words(given):
    days = course.ladder(CASE)
    told = "Refused. A number is needed: choose a whole number, 1 to 49."
    assert days._move(day=given).text == told and days.get()["day"] == 1


TYPED = ("what_if", "chance", "thresholds", "ladder", "credit", "age_limits", "route")


@pytest.mark.parametrize("which", TYPED)
def test_what_is_refused_is_told_at_its_field_and_the_last_view_stays(which):
    explorer = made(which)
    rooms = {name: c.refused for name, c in explorer._controls.items() if isinstance(c, Number)}
    drawn, used, told = [r.shown for r in explorer._results], explorer._used, explorer._last.text
    for name, room in rooms.items():
        field = explorer._controls[name].field
        before, field.value = field.value, -1e300
        assert [r.shown for r in explorer._results] == drawn and explorer._used == used
        assert explorer._last.text == f"{html.unescape(room.value)}\n\n{told}" and room.value.startswith("Refused. ")
        assert [n for n, r in rooms.items() if r.value] == [name] and field.value == -1e300
        field.value = before
        assert not room.value and explorer._last.text == told
    assert rooms


def test_a_slider_mends_what_was_typed_beside_it():
    days = course.ladder(CASE)
    number = days._controls["day"]
    for typed, at in ((1.6, 2), (float("nan"), 3), (0.8, 1)):
        number.field.value = typed
        assert number.refused.value and days.get()["day"] != at
        number.slider.value = at
        assert not number.refused.value and days.get()["day"] == number.field.value == at


def test_a_slider_says_its_number_with_its_unit():
    lines = cohort.threshold_explorer()
    lines.set("788 ng/mL", item="ferritin")
    assert lines._results[-1].shown["spoken"] == {"threshold": "788 ng/mL"}
    lines.set("150 ×10⁹/L", item="platelets")
    assert lines._results[-1].shown["spoken"] == {"threshold": "150 ×10⁹/L"}
    benched = route.route_bench()._results[-1].shown["spoken"]
    assert (
        benched["weight"] == "16.7 kg" and benched["clearance"] == "1 of the usual" and benched["litres"] == "0 litres"
    )
    assert course.ladder(CASE)._results[-1].shown["spoken"] == {"day": "1"}


def test_two_fields_that_are_allowed_only_together_can_be_typed_one_after_the_other():
    bench = bedside.age_limit_bench(PICU)
    bench._controls["diastolic"].field.value = 95  # above the systolic: refused, for now
    assert bench._last.text.startswith("Refused. ")
    bench._controls["systolic"].field.value = 120
    assert {n: q.value for n, q in bench.get().items()}["diastolic"] == 95
    bench._controls["diastolic"].field.value = 500  # refused, and forgotten when another control moves on
    bench._controls["age"].slider.value = 3.0
    assert bench.get()["age"].value == 3 and bench._controls["diastolic"].field.value == 95


def test_a_button_brings_up_to_date_what_was_shown():
    told = iter("abc")
    again = Again(lambda: say(next(told)))
    assert again._repr_mimebundle_()["text/plain"].split("\n\n") == [Again.note, "a"]
    again.children[0].click()
    assert again.get().text == "b" and ">b<" in again._results[-1].shown["html"]
