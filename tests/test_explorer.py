"""What all explorers share: a result is made from a state, and what lies ready is what the kernel would say."""

import html
import json
import re

import ipywidgets as widgets
import pytest

from tests.moving import MAKE, PICU, Page, everything, named, rows
from utils import explore
from utils.chapters import bedside, cohort
from utils.explore import REACH, Choice, Number, Text, Tick, explorer
from utils.page import say
from utils.units import UnitError

SLOW = {("thresholds", "item")}


@pytest.fixture(params=MAKE)
def made(request, record):
    made = MAKE[request.param]()
    made.which = request.param
    return made


@pytest.fixture
def days():
    return explorer(lambda day: say(f"Day {day}"), day=Number("Day", 1, 1, 49, whole=True))


# ---- what lies ready ------------------------------------------------------------------------------------------------
@pytest.mark.slow
def test_what_lies_ready_is_what_the_kernel_says_when_it_is_asked(made, monkeypatch):
    monkeypatch.setattr(explore, "REACH", 2)  # enough to say it, and three times as quick
    page, twin = Page(made), Page(MAKE[made.which]())  # for the twin nothing was made ready
    said = [words for _, trait, words in page.result.movers.values() if words]
    assert said == [f"{field.description}, slider" for field, *_ in rows(made, widgets.FloatText)]
    for name in [n for n in page.result.movers if (made.which, n) not in SLOW][:3]:
        here = page.result.shown["state"]
        page.approach(name)
        assert page.ready, f"nothing lies ready beside {name}"
        ready = page.ready[-1]
        assert json.loads(json.dumps(ready)) == ready and ready["base"] == here and ready["name"] == name
        page.move(name, ready["at"]), twin.move(name, ready["at"])
        for shown in (page.result.shown, twin.result.shown):
            assert {k: shown[k] for k in ("html", "spoken")}.items() <= ready.items()


def test_nothing_is_made_ready_twice_or_for_a_state_that_is_gone():
    dose, age = Number("Dose", 20, 1, 40), Number("Age", 2, 1, 10)
    page = Page(explorer(lambda dose, age: say(f"{dose} at {age}"), dose=dose, age=age))
    page.approach("dose")
    first = [ready["at"] for ready in page.ready]
    assert len(first) == len(set(first)) == 2 * REACH
    page.approach("dose")
    assert len(page.ready) == len(first)  # it lies there already
    page.move("age", 3.0)  # the page is still at the dose
    assert [ready["at"] for ready in page.ready[len(first) :]] == first  # for another age it is made anew
    assert {ready["base"]["age"] for ready in page.ready[len(first) :]} == {3.0}


def test_what_is_slow_unknown_or_would_be_refused_does_not_lie_ready():
    page = Page(cohort.threshold_explorer())
    for name in ("item", "no such control", None, 3):
        page.approach(name)
    assert page.ready == []

    def view(day):
        if day == 3:
            raise UnitError("No day 3.")
        return say(f"Day {day}")

    page = Page(explorer(view, day=Number("Day", 2, 1, 4, whole=True)))
    page.approach("day")
    assert {ready["at"] for ready in page.ready} == {1, 4}


def test_a_result_that_lies_ready_is_not_made_again():
    days = []
    page = Page(explorer(lambda day: days.append(day) or say(f"Day {day}"), day=Number("Day", 1, 1, 40, whole=True)))
    page.approach("day")
    for day in (2, 3, 4, 2, 1):
        page.move("day", day)
        assert page.result.shown["html"] == say(f"Day {day}").html
    assert sorted(days) == [1, *range(1, 5 + REACH)]  # the first alone is made again, to lie ready


# ---- refused --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("typed", [float("nan"), float("inf"), -1e300, 2.5, 0, 50])
def test_a_typed_number_that_cannot_be_is_refused_in_words_and_stays_to_be_mended(days, typed):
    [(field, slider, room)] = rows(days, widgets.FloatText)
    for mend in (field, slider):
        field.value = typed
        assert room.value and days.shown.text == "Refused. Day: choose a whole number, 1 to 49.\n\nDay 1"
        assert days.get() == {"day": 1} and field.value == pytest.approx(typed, nan_ok=True)
        mend.value = 4
        assert not room.value and days.shown.text == "Day 4" and days.get() == {"day": 4} and field.value == 4
        field.value = 1


def test_what_is_refused_is_told_at_its_field_and_the_last_view_stays(made):
    fields = rows(made, widgets.FloatText)
    drawn, state, told = made.children[-1].shown, made.get(), made.shown.text
    for field, _, room in fields:
        before, field.value = field.value, -1e300
        assert made.children[-1].shown == drawn and made.get() == state
        assert made.shown.text == f"{html.unescape(room.value)}\n\n{told}" and room.value.startswith("Refused. ")
        assert [r for *_, r in fields if r.value] == [room] and field.value == -1e300
        field.value = before
        assert not room.value and made.shown.text == told
    counts = {"what_if": 2, "age_limits": 4, "route": 5, "chance": 1, "thresholds": 1, "ladder": 1, "credit": 1}
    assert len(fields) == counts.get(made.which, 0)


def test_two_fields_that_are_allowed_only_together_can_be_typed_one_after_the_other():
    bench = bedside.age_limit_bench(PICU)
    systolic, diastolic, age = (named(bench, name) for name in ("systolic", "diastolic", "age"))
    diastolic.value = 95  # above the systolic: refused, for now
    assert re.match("Refused. .*lies above the systolic", bench.shown.text)
    systolic.value = 120
    assert bench.get()["diastolic"].value == 95
    diastolic.value = 500  # refused, and forgotten when another control moves on
    age.value = 3.0
    assert bench.get()["age"].value == 3 and diastolic.value == 95


def test_a_name_that_nothing_has_and_a_value_on_no_list_are_refused_and_nothing_is_moved(days):
    assert days.set(day=3, night=1).text == "Refused. There is no 'night' here: choose day."
    for wrong in ("abc", "3", None, [1], True, 10**400, {}):
        assert days.set(wrong).text == "Refused. Day: choose a whole number, 1 to 49." and days.get() == {"day": 1}
    assert days.set(4.0).text == "Day 4"
    kinds = {"which": Choice("Which", {"first": 1, "second": 2.5}), "sure": Tick("Sure"), "words": Text("Words")}
    made = explorer(lambda **state: say(str(state)), **kinds)
    assert made.set(which="third").text == "Refused. 'third' is not on the list of Which: choose 1, 2.5."
    for wrong in ([1], None, True, b"1"):
        assert "is not on the list of Which" in made.set(which=wrong, words="x").text
    assert "is not on the list of Sure: choose True, False" in made.set(sure=1).text and made.get()["words"] == ""
    made.set("second", True, "half \ud800")
    assert made.get() == {"which": 2.5, "sure": True, "words": "half ?"}
    assert made.set(which=1.0) and made.get()["which"] == 1


# ---- how controls follow --------------------------------------------------------------------------------------------
def test_a_control_can_follow_another_and_lists_and_ends_follow_the_state():
    ends = {"low": (1, 10, "mg"), "high": (100, 10_000, "µg")}
    made = explorer(
        lambda size, part, dose: say(f"{size}, {part}, {dose}"),
        follow=lambda state, moved: {**state, "part": state["size"][0], "dose": 5.0} if moved == "size" else state,
        size=Choice("Size", list(ends)),
        part=Choice("Part", lambda state: [state.get("size", "low")[0], "all"]),
        dose=Number("Dose", 5, 1, 1e6, log=True, ends=lambda s: ends[s["size"]], enabled=lambda s: s["part"] != "all"),
        reset="Start again",
    )
    [(field, slider, _)] = rows(made, widgets.FloatText)
    named(made, "Size").value = "high"
    assert made.shown.text == "high, h, 5.0" and [o for o, _ in named(made, "Part").options] == ["h", "all"]
    assert (slider.min, slider.max, slider.value) == (2, 4, 2)  # the logarithm; a typed number may lie beyond its ends
    slider.value = 3.0
    assert field.value == 1000 and made.children[-1].shown["spoken"] == {"dose": "1,000 µg"} and not field.disabled
    assert made.set(part="all", dose=300).text == "high, all, 300.0" and field.disabled and slider.disabled
    assert made.set(size="low", dose=7).text == "low, l, 7.0"  # what is given stays, whatever follows
    named(made, "Start again").click()
    assert made.shown.text == "low, l, 5.0"


def test_a_button_brings_up_to_date_and_controls_stand_in_the_rows_that_were_asked_for():
    said = iter("abc")
    again = explorer(lambda: say(next(said)), reset="Again", note="Run it.")
    assert again._repr_mimebundle_()["text/plain"] == "Run it.\n\na"
    named(again, "Again").click()
    assert again.shown.text == "b" and ">b<" in again.children[-1].shown["html"] and again.get() == {}
    made = explorer(lambda a, b, c: say(""), rows=[["c", "a"], ["b"]], **{n: Tick(n) for n in "abc"})
    assert [w.description for w in everything(made) if hasattr(w, "description")] == ["c", "a", "b"]
