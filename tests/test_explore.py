"""The explorers of 02 and 04: every move says what the rules say, and nonsense is refused in words."""

import gc
import itertools
import math
import operator
import re
import weakref
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.drawings import clean, drawing, shapes, words
from tests.test_rules import patients, worded
from utils import explore, plots
from utils.case import load_case
from utils.chapters import cohort
from utils.rules import RULES, Reach, _pieces, evaluate, evaluate_table, unknown_results
from utils.units import Quantity, UnitError, factors, quantity, variables

CASE = load_case()
REGIONAL, ADMISSION = (CASE.as_of(t) for t in ("regional_hospital", "admission"))
RULERS = ["mas_2016", "hlh_2004", "hlh_2024", "hscore", "ms_score", "mh_score", "ferritin_esr"]
COUNTED = [r for r in RULES if evaluate(r, {}).reach]
SIGNS = {"<": operator.lt, "≤": operator.le, ">": operator.gt, "≥": operator.ge, "below": operator.lt}
SIGNS |= {"up to": operator.le}
few = settings(max_examples=10, deadline=None)


def ruler_bench():
    return explore.ruler_bench(ADMISSION, RULERS, beside=REGIONAL, trials={"esr": ["20 mm/h", "150 mm/h"]})


@pytest.fixture
def bench():
    return ruler_bench()


def judged(bench):
    """What `evaluate` says of the child that the bench supposes."""
    return [
        evaluate(r, {**ADMISSION.inputs, **{k: v for k, v in bench.get().items() if v is not None}}) for r in RULERS
    ]


def said(bench):
    """The verdict on day 1 of every rule, as the picture tells it."""
    alt = drawing(bench._last)[1]
    names = "|".join(re.escape(RULES[r].short) for r in RULERS)
    found = re.findall(rf"; ({names}), cut-off [^;]+?, day 1: ([^;]+?), (met|not met|undetermined)[;.]", alt)
    return {name: (could, status) for name, could, status in found}


def rows(shown, columns):
    """The first cells of each row of the last table in what is shown."""
    body = shown.html.rpartition("<tbody>")[2]
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in re.findall(r"<tr>(.*?)</tr>", body)]
    return [tuple(row[:columns]) for row in cells]


# ---- the ruler bench ----------------------------------------------------------------------------------------------


@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_the_bench_says_what_the_rules_say_of_the_same_child(data):
    bench = BENCH
    for control in bench._controls.values():  # as on the page: by the place on the list
        control.index = data.draw(st.integers(0, len(control.options) - 1))
    verdicts = judged(bench)
    assert {v.short: v.status for v in verdicts} == {k: status for k, (_, status) in said(bench).items()}
    assert rows(bench._last, 2) == [(v.short, v.status) for v in verdicts]
    lead = bench._last.text.split("\n")[0]
    for v, rule in zip(verdicts, RULERS, strict=True):
        was = evaluate(rule, ADMISSION).status
        assert (f"{v.short}: {was} as reported, now {v.status}" in lead) == (was != v.status)
    for name, value in bench.get().items():
        assert (variables().at[name, "label"] + " " in lead) == (value is not None)
    assert clean(bench._last)


BENCH = ruler_bench()


def test_unknown_stands_first_on_every_list_and_is_what_the_page_shows(bench):
    for control in bench._controls.values():
        assert control.index == 0 and control.label == "unknown, as reported"
        control.index = 1
        control.set_state({"index": 0})  # what the page sends
        assert control.index == 0 and control.label == "unknown, as reported"
    assert set(bench.get().values()) == {None}


def test_the_bench_follows_a_list_and_goes_back(bench):
    first = bench._last.text
    marrow = bench._controls["haemophagocytosis"]
    marrow.value = True
    assert bench.get()["haemophagocytosis"] is True and said(bench)["HLH-2004"] == ("5 to 7", "met")
    marrow.value = False
    assert "absent" in bench._last.text and said(bench)["HLH-2004"] == ("4 to 6", "undetermined")
    bench.set(haemophagocytosis=None)
    assert bench._last.text == first


def test_a_value_that_is_not_on_the_list_is_taken_and_shown_on_it(bench):
    shown = bench.set(neutrophils="1.5 ×10⁹/L", esr="68 mm/h", haemophagocytosis=True)
    assert "neutrophils 1.5 ×10⁹/L" in shown.text and "(ESR) 68 mm/h" in shown.text
    assert bench._controls["neutrophils"].label == "1.5 ×10⁹/L, by call"
    assert [v.status for v in judged(bench)] == [s for _, s in said(bench).values()]
    bench._controls["neutrophils"].index = 1
    assert bench.get()["neutrophils"] == bench._listed["neutrophils"][1][1]
    bench.set(neutrophils="1.6 ×10⁹/L")
    assert len(bench._controls["neutrophils"].options) == len(bench._listed["neutrophils"]) + 1


def test_what_get_gives_set_takes(bench):
    bench.set(neutrophils="1.5 ×10⁹/L", haemophagocytosis=False)
    kept, text = bench.get(), bench._last.text
    bench.set(**dict.fromkeys(kept))
    assert bench.set(**kept).text == text and bench.get() == kept


def test_all_unknown_again_by_one_button_and_one_weighing(bench, monkeypatch):
    first = bench._last.text
    for control in bench._controls.values():
        control.index = 1
    assert None not in bench.get().values()
    weighed = []
    monkeypatch.setattr(bench, "_view", lambda now, view=bench._view: weighed.append(1) or view(now))
    (button,) = [c for c in bench.children if getattr(c, "description", "") == "All unknown again"]
    button.click()
    assert bench._last.text == first and set(bench.get().values()) == {None} and len(weighed) == 1
    bench._controls["haemophagocytosis"].value = True  # and the lists still work
    assert len(weighed) == 2


@pytest.mark.parametrize(
    "values, says",
    [
        ({"ferritin": "1 µg/L"}, "'ferritin' is not an unknown of this bench"),
        ({"neutrophils": "3"}, "bare number"),
        ({"neutrophils": 3}, "bare number"),
        ({"neutrophils": "3 mg/dL"}, "not a unit of neutrophils"),
        ({"neutrophils": "-3 ×10⁹/L"}, "negative"),
        ({"neutrophils": quantity("3 ×10⁹/L", "wbc")}, "neutrophils was given wbc"),
        ({"neutrophils": Quantity("neutrophils", None, status="pending")}, "neutrophils, pending: give a value"),
        ({"haemophagocytosis": "yes"}, "True, False or None (unknown)"),
        ({"haemophagocytosis": 1}, "True, False or None (unknown)"),
        ({"haemophagocytosis": np.array([True, False])}, "True, False or None (unknown)"),
        ({"haemophagocytosis": True, "esr": "many"}, "does not begin with a number"),
    ],
)
def test_the_bench_refuses_in_words_and_changes_nothing(bench, values, says):
    bench.set(nk_activity_low=True)
    before, text = bench.get(), bench._last.text
    refused = bench.set(**values).text
    assert refused.startswith("Refused. ") and says in refused
    assert bench.get() == before and bench._last.text == text


def test_the_first_view_needs_no_kernel(bench):
    bench.set(haemophagocytosis=True)
    data = ruler_bench()._repr_mimebundle_()
    assert "first view" in data["text/html"] and "first view" in data["text/plain"]
    assert "Nothing is supposed" in data["text/plain"] and "HLH-2004, cut-off 5 of 8" in data["text/html"]
    assert data["text/html"].count("<table") == 1 and data["text/html"].count("<img") == 1


def test_two_benches_do_not_move_each_other(bench):
    other = ruler_bench()
    bench.set(haemophagocytosis=True)
    assert set(other.get().values()) == {None} and "Nothing is supposed" in other._last.text
    assert evaluate("hlh_2004", ADMISSION).status == "undetermined"


def test_what_stands_beside_never_moves(bench):
    def beside():
        return re.findall(r"regional hospital: [^;]+", drawing(bench._last)[1])

    first = beside()
    for told, rule in zip(first, RULERS, strict=True):
        assert told.endswith(f", {evaluate(rule, REGIONAL).status}")
    bench.set(haemophagocytosis=True, neutrophils="0.2 ×10⁹/L")
    assert len(first) == len(RULERS) and beside() == first


def test_only_an_unknown_can_be_tried():
    with pytest.raises(UnitError, match="ferritin: no unknown"):
        explore.ruler_bench(ADMISSION, RULERS, trials={"ferritin": ["1 µg/L"]})


def test_rules_that_count_nothing_are_told_as_a_table_of_shapes():
    bench = explore.ruler_bench(REGIONAL, ["ilar_sjia", "printo_sjia"], trials={"arthritis_duration": ["5 weeks"]})
    assert "Could be" not in bench._last.text and "THE WHOLE SET: ILAR undetermined" in drawing(bench._last)[1]
    shown = bench.set(arthritis_duration="5 weeks")
    assert "ILAR: undetermined as reported, now not met" in shown.text
    assert "THE WHOLE SET: ILAR not met, PRINTO-2019 undetermined" in drawing(shown)[1]
    assert "duration of arthritis: ILAR not met, PRINTO-2019 not asked" in drawing(shown)[1] and clean(shown)


def test_the_cheapest_column_names_results_that_do_settle_it(bench):
    told = {row[0]: row[4] for row in rows(bench._last, 5)}
    for rule in RULERS:
        v = evaluate(rule, ADMISSION)
        assert (told[v.short] == "settled") == (v.status != "undetermined")
    assert told["HLH-2004"].count("; or ") == 1 and "haemophagocytosis" not in told["HLH-2004"]  # the marrow costs most
    assert "NK-cell activity present (met)" in told["HLH-2004"] and "2,400 U/mL (met)" in told["HLH-2004"]
    assert evaluate("hlh_2004", {**ADMISSION.inputs, "nk_activity_low": True}).status == "met"


def test_many_moves_leave_nothing_behind(bench):
    def things():
        gc.collect()  # pandas keeps a few hundred weak references to each table and clears them itself
        return sum(not isinstance(x, weakref.ref) for x in gc.get_objects())

    def move(times):
        for i in range(times):
            bench.set(haemophagocytosis=bool(i % 2), neutrophils=f"{i % 7}.5 ×10⁹/L")

    move(10)
    before = things()
    move(40)
    assert things() - before < 40 * 2  # a verdict that was kept would leave hundreds of objects a move


# ---- rulers: reach, place, possible, cheapest ---------------------------------------------------------------------


@pytest.mark.parametrize("rule", COUNTED)
@few
@given(data=st.data())
def test_a_ruler_reaches_its_cut_off_exactly_where_the_rule_is_met(rule, data):
    v = evaluate(rule, worded(data.draw(patients(rule))))
    if rule == "naranjo":  # there nothing answered is no score at all, though "do not know" is worth 0
        assume(set(v.missing) < set(RULES[rule].inputs()))
    r = v.reach
    assert r.least <= r.low <= r.high <= r.most or rule == "ms_score"  # its published ends are those of real patients
    assert (r.low >= r.cut) == (v.status == "met") and (r.high < r.cut) == (v.status == "not met")
    assert v.score is None or v.score == (r.low, r.high)
    assert -1 <= r.place(r.low) <= r.place(r.high) <= 1
    assert (r.place(r.low) >= 0) == (v.status == "met") and (r.place(r.high) < 0) == (v.status == "not met")


@pytest.mark.parametrize("rule", COUNTED)
def test_the_common_axis_has_the_cut_off_in_its_middle(rule):
    r = evaluate(rule, {}).reach
    assert r.place(r.cut) == 0 and r.place(-math.inf) == -1 and r.place(math.inf) == 1
    assert r.place(r.least) == -1 and r.place(r.most) == 1 and r.least < r.cut <= r.most


@few
@given(
    ends=st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3, unique=True).map(sorted),
    scores=st.lists(st.floats(-1e7, 1e7) | st.sampled_from([-math.inf, math.inf]), min_size=2, max_size=9).map(sorted),
    endless=st.booleans(),
)
def test_the_common_axis_keeps_the_order(ends, scores, endless):
    least, cut, most = ends
    assume(not endless or cut > 0)
    r = Reach(0, 0, cut, least, math.inf if endless else most)
    places = [r.place(x) for x in scores]
    assert places == sorted(places) and all(-1 <= p <= 1 for p in places)
    assert r.place(2 * cut if endless else most) == 1  # where there is no highest end, twice the cut-off stands for it
    assert [p < 0 for p in places] == [x < cut and (x - cut) / (cut - least) < 0 for x in scores]


@pytest.mark.parametrize("rule", ["hlh_2004", "hlh_2024", "hscore", "mh_score", "ctcae_neutrophils"])
@few
@given(data=st.data())
def test_possible_scores_are_those_that_filling_in_gives(rule, data):
    full = worded(data.draw(patients(rule)))
    gone = data.draw(st.lists(st.sampled_from(RULES[rule].inputs()), max_size=4, unique=True))
    child = {k: v for k, v in full.items() if k not in gone and v is not None}
    v = evaluate(rule, child)
    trials = [_around(rule, name) for name in v.missing]
    if math.prod(map(len, trials)) > 5_000:
        return
    table = pd.DataFrame(list(itertools.product(*trials)), columns=v.missing)
    for name, value in child.items():
        table[name] = value.canonical().value if isinstance(value, Quantity) else value
    said = evaluate_table(rule, table)
    scores = sorted({*said["score_low"], *said["score_high"]} if v.missing else {*v.score})
    assert v.possible is None or v.possible == pytest.approx(scores)
    assert v.possible is None or v.score[0] <= v.possible[0] and v.possible[-1] <= v.score[1]


def _around(rule, name):
    """Values of an input below, at and above each of its thresholds; both answers of a finding."""
    if variables().at[name, "kind"] == "flag":
        return [True, False]
    cuts = [r for r in RULES[rule].nodes().values() if r["input"] == name and r["kind"] == "number"]
    at = [r["threshold"] * factors(name)[r["unit"]] for r in cuts]
    return sorted({0, variables().at[name, "plausible_high"]} | {x * by for x in at for by in (0.999, 1, 1.001)})


def test_a_limit_of_an_assay_can_be_supposed_and_is_shown_as_printed(bench):
    bench.set(neutrophils="< 1 ×10⁹/L")
    assert str(bench.get()["neutrophils"]) == "< 1 ×10⁹/L" and "neutrophils < 1 ×10⁹/L" in bench._last.text
    given = {**ADMISSION.inputs, "neutrophils": quantity("< 1 ×10⁹/L", "neutrophils")}
    assert said(bench)[RULES["mh_score"].short][1] == evaluate("mh_score", given).status == "met"
    assert "> 40,000 ng/mL" in explore.unit_bench().set("> 40,000 ng/mL", "ferritin").text


def test_along_an_unknown_a_limit_elsewhere_counts_as_it_does_in_the_verdict():
    for text, status in (("< 300 mg/dL", "met"), ("< 400 mg/dL", "undetermined")):  # MAS-2016: <= 360 mg/dL
        case = SimpleNamespace(inputs={**REGIONAL.inputs, "fibrinogen": quantity(text, "fibrinogen")})
        bench = explore.what_if("mas_2016", case, platelets=(0, 500, 250))
        bench.set(platelets="400 ×10⁹/L")
        assert f"500 ×10⁹/L: {status}" in bench._last.text
        assert "> 400 ×10⁹/L is a range" in bench.set(platelets="> 400 ×10⁹/L").text


def test_possible_is_none_where_a_score_has_no_steps():
    assert evaluate("ms_score", ADMISSION).possible is None and evaluate("mas_2016", ADMISSION).possible is None
    assert evaluate("mh_score", ADMISSION).possible == [23, 60]


@pytest.mark.parametrize("rule", ["mas_2016", "ilar_sjia", "printo_sjia", "hlh_2004", "hlh_2024", "hscore", "mh_score"])
@few
@given(data=st.data())
def test_the_cheapest_ways_are_ways_and_none_is_cheaper(rule, data):
    v = evaluate(rule, worded(data.draw(patients(rule))))
    cheapest, ways = v.cheapest, v.settling
    assert list(cheapest.columns) == ["inputs", "result", "verdict"] and cheapest.index.isin(ways.index).all()
    assert cheapest.equals(ways.loc[cheapest.index]) and cheapest.empty == ways.empty
    cost = [sum(variables().at[n, "burden"] for n in names) for names in ways["inputs"]]
    assert [i in cheapest.index for i in ways.index] == [c == min(cost) for c in cost]


def test_what_counts_items_says_out_of_how_many():
    counts = {r: evaluate(r, {}).counts for r in RULERS}
    assert [r for r, is_count in counts.items() if is_count] == ["mas_2016", "hlh_2004", "hlh_2024"]
    assert plots.cut_off(evaluate("mas_2016", {})) == "2 of 4" and plots.cut_off(evaluate("hscore", {})) == "169"


@pytest.mark.parametrize("rules", [[r] for r in RULES] + [RULERS, [*RULES]], ids="+".join)
def test_offered_results_lie_in_their_piece_and_cover_every_threshold(rules):
    verdicts = [evaluate(r, {}) for r in rules]
    for name, results in unknown_results(verdicts).items():
        if variables().at[name, "kind"] == "flag":
            assert results == [("present", True), ("absent", False)]
            continue
        values = [value.value for _, value in results]
        assert values == sorted(values) and all(v.unit == variables().at[name, "canonical_unit"] for _, v in results)
        for words_, value in results:
            for part in words_.split(", "):
                sign, limit = re.fullmatch(r"(<|≤|>|≥|below|up to) ([\d,.]+ .+)", part).groups()
                assert SIGNS[sign](value.value, quantity(limit, name).canonical().value)
        cuts = {
            (float(f"{r['threshold'] * factors(name)[r['unit']]:.9g}"), r["comparator"] in ("<=", ">"))
            for rule in rules
            for r in RULES[rule].nodes().values()
            if r["input"] == name and r["kind"] == "number" and not r["slope_input"]
        }
        assert len(results) == len(cuts) + 1
        for t, below in cuts:  # one offered value on either side, and none that sits on the fence
            assert any(x <= t if below else x < t for x in values) and any(x > t if below else x >= t for x in values)


def test_one_limit_in_two_units_is_cut_once():
    offered = [
        w for w, _ in unknown_results([evaluate(r, {}) for r in ("hlh_2004", "ctcae_neutrophils")])["neutrophils"]
    ]
    assert len([w for w in offered if w.startswith("≥ 1 ×10⁹/L") or w.startswith("≥ 1,000 /mm³")]) == 1
    apart = _pieces("neutrophils", [(1.0, False, "1 ×10⁹/L"), (1 + 2**-52, False, "1,000 /mm³")])  # by arithmetic alone
    assert [w for _, w in apart] == ["< 1 ×10⁹/L", "≥ 1 ×10⁹/L"]


# ---- people counted -----------------------------------------------------------------------------------------------


def test_people_are_counted_as_the_cohort_module_counts_them():
    people = cohort.chance()
    for (rule, study), row in people._rows.items():
        for prior in (0, 1, 20, 100):
            shown = people.set(prior=prior, rule=rule, study=study)
            n = cohort.crowd(row.sensitivity, row.specificity, prior)
            root, alt = drawing(shown)
            assert people.get() == {"rule": rule, "study": study, "prior": prior}
            assert rows(shown, 4)[0] == ("have the disease", f"{n['with, met']}", f"{n['with, not met']}", f"{prior}")
            assert rows(shown, 4)[1][1:] == (f"{n['without, met']}", f"{n['without, not met']}", f"{100 - prior}")
            met = n["with, met"] + n["without, met"]
            assert rows(shown, 4)[2] == ("all", f"{met}", f"{100 - met}", "100")
            assert len(shapes(root, "circle")) == prior + 2 and "100 in all" in alt  # and two of each in the legend
            assert len(shapes(root, "rect", width="15")) == 100 - prior + 2
            assert len(shapes(root, "circle", fill="white")) == n["with, not met"] + 1
            assert clean(shown) and ("adults" in shown.text) == (row.population == "adults")


def test_people_follow_their_controls():
    people = cohort.chance("hscore", "derivation", prior=20)
    people._controls["prior"].value = 5
    assert people.get()["prior"] == 5 and "Of 100 adults, 5 have the disease" in people._last.text
    people._controls["study"].value = next(k for k in people._rows if k[0] != "hscore")
    assert RULES[people.get()["rule"]].short in people._last.text
    assert "first view" in cohort.chance()._repr_mimebundle_()["text/plain"]


@pytest.mark.parametrize(
    "values, says",
    [
        ({"prior": 101}, "whole number from 0 to 100"),
        ({"prior": -1}, "whole number from 0 to 100"),
        ({"prior": 2.5}, "whole number from 0 to 100"),
        ({"prior": True}, "whole number from 0 to 100"),
        ({"prior": "20"}, "whole number from 0 to 100"),
        ({"rule": "hscore", "study": "nobody's", "prior": 5}, "choose rule and study"),
        ({"rule": ""}, "choose rule and study"),
        ({"rule": {1}}, "choose rule and study"),
        ({"rule": "pals_hypotension", "study": "derivation"}, "choose rule and study"),
    ],
)
def test_people_refuse_in_words_and_change_nothing(values, says):
    people = cohort.chance()
    before, text = people.get(), people._last.text
    refused = people.set(**values).text
    assert refused.startswith("Refused. ") and says in refused and (people.get(), people._last.text) == (before, text)


# ---- one threshold moved ------------------------------------------------------------------------------------------


@pytest.fixture
def lines():
    return cohort.threshold_explorer()


@pytest.mark.parametrize(
    "threshold, item", [("1,000 ng/mL", "ferritin"), ("150 ×10⁹/L", "platelets"), ("30", "ferritin_esr")]
)
def test_a_moved_threshold_counts_what_the_cohort_module_counts(lines, threshold, item):
    shown = lines.set(threshold, item=item)
    got = lines.get()
    assert got["item"] == item and got["n"] == 2000 and got["threshold"] == float(threshold.split()[0].replace(",", ""))
    published = RULES[got["rule"]].nodes()[item]["threshold"]
    swept = cohort.sweep(got["rule"], cohort.simulate(2000), item, [published, got["threshold"]])
    for row, told in zip(swept.to_dict("records"), rows(shown, 7), strict=True):
        assert told[1:3] == (f"{100 * row['sensitivity']:.1f} %", f"{100 * row['specificity']:.1f} %")
        counts = ("true_positive", "false_negative", "false_positive", "true_negative")
        assert told[3:] == tuple(f"{row[c]:,}" for c in counts)


def test_simulated_stands_on_every_picture_and_every_table(lines):
    for item in lines._nodes:
        shown = lines.set(item=item)
        root, alt = drawing(shown)
        (caption,) = re.findall(r"<caption[^>]*>(.*?)</caption>", shown.html)
        assert "SIMULATED" in words(root) and alt.startswith("SIMULATED.") and caption.startswith("SIMULATED.")
        assert lines.get()["threshold"] == RULES[lines.get()["rule"]].nodes()[item]["threshold"] and clean(shown)


def test_field_and_slider_follow_each_other(lines):
    lines._controls["threshold"].field.value = 1000.0
    assert lines._controls["threshold"].slider.value == 1000 and "> 1,000 ng/mL" in lines._last.text
    for by in (1, -1, 0.5, -0.5):  # a key moves the handle by one step, or by half of one where it stood beside
        lines.set("1,000 ng/mL")
        moved = 1000 * 10 ** (by * lines._controls["threshold"].slider.step)
        lines._controls["threshold"].slider.value = moved
        assert lines.get()["threshold"] == pytest.approx(moved, rel=0.005)
    highest = 10 ** lines._controls["threshold"].slider.max
    lines._controls["threshold"].field.value = 5 * highest  # the field may go where the slider cannot
    assert lines.get()["threshold"] == 5 * highest and lines._controls["threshold"].slider.value == pytest.approx(
        highest
    )


@pytest.mark.parametrize("typed", [-5.0, 0.0, 1_000_001.0, 1e200, math.nan, math.inf])
def test_a_field_that_is_refused_is_never_counted_with(lines, typed):
    lines.set("1,000 ng/mL")
    lines._controls["threshold"].field.value = typed
    assert lines._last.text.startswith("Refused. ") and lines.get()["threshold"] == 1000
    lines._controls["n"].value = 20_000
    assert "> 1,000 ng/mL" in lines._last.text and clean(lines._last) and lines.get()["n"] == 20_000


@pytest.mark.parametrize(
    "values, says",
    [
        ({"threshold": "1000"}, "bare number"),
        ({"threshold": "1-2 ng/mL"}, "is a range"),
        ({"threshold": "> 500 ng/mL"}, "> 500 ng/mL is a range"),
        ({"threshold": "0 ng/mL"}, "not one threshold"),
        ({"threshold": "1,001 mg/L"}, "at most 1,000,000 ng/mL"),
        ({"threshold": 1e200, "item": "ferritin_esr"}, "at most 1,000,000"),
        ({"threshold": "many", "item": "ferritin_esr"}, "not a number"),
        ({"threshold": "nan", "item": "ferritin_esr"}, "not one threshold"),
        ({"threshold": "1 ng/mL", "item": "platelets"}, "not a unit of"),
        ({"item": "fever"}, "has no threshold here"),
        ({"item": []}, "has no threshold here"),
        ({"n": 3}, "not a size on the list"),
        ({"n": True}, "not a size on the list"),
        ({"n": [2000], "item": "platelets"}, "not a size on the list"),
    ],
)
def test_thresholds_refuse_in_words_and_change_nothing(lines, values, says):
    lines.set("1,000 ng/mL")
    before, text = lines.get(), lines._last.text
    refused = lines.set(**values).text
    assert refused.startswith("Refused. ") and says in refused and (lines.get(), lines._last.text) == (before, text)


@pytest.mark.parametrize("slow, shown", [(1, {"flex"}), (10**9, {"none"})])
def test_the_bar_is_seen_only_while_a_large_cohort_is_counted(lines, monkeypatch, slow, shown):
    monkeypatch.setattr(cohort, "SLOW", slow)
    seen, done = [], []

    def sweep(rule, children, item, values, step=None, counted=cohort.sweep):
        if len(values) > 2:
            seen.append(lines._bar.layout.display)
        out = counted(rule, children, item, values, step)
        if step:
            done.append(lines._bar.value)
        return out

    monkeypatch.setattr(cohort, "sweep", sweep)
    lines.set(item="platelets", n=2000)
    assert set(seen) == shown and lines._bar.layout.display == "none"
    assert done == ([lines._bar.max] if slow == 1 else [])


def test_a_sweep_is_counted_once_for_an_item_and_a_size(lines, monkeypatch):
    counted = []
    monkeypatch.setattr(cohort, "sweep", lambda *a, sweep=cohort.sweep: counted.append(len(a[3])) or sweep(*a))
    lines.set("900 ng/mL"), lines.set("1,000 ng/mL")
    assert counted == [2, 2]
    lines.set(item="platelets")
    steps = len(lines._grid(lines._nodes["platelets"]))
    lines.set(item="ferritin"), lines.set(item="platelets")
    assert [n for n in counted if n > 2] == [steps]


# ---- nonsense -----------------------------------------------------------------------------------------------------

NONSENSE = st.one_of(
    st.text(max_size=12),
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.binary(max_size=3),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=1),
    st.sets(st.integers(), max_size=1),
    st.sampled_from(
        [10**400, -(10**30), "1e400 mg/dL", "nan", "<script>", "∞ ng/mL", "１２ ng/mL", "1e-320 ng/mL", "\u202e"]
    ),
    st.builds(
        lambda x, unit: f"{x} {unit}", st.floats() | st.integers(), st.sampled_from(["ng/mL", "mg/dL", "G/L", "mm/h"])
    ),
)
EXPLORERS = {
    "units": (explore.unit_bench(), {"analyte": NONSENSE}),
    "what if": (
        explore.what_if("mas_2016", REGIONAL, platelets=(0, 500, 250), fibrinogen=(0, 600, 400)),
        {"platelets": NONSENSE, "fibrinogen": NONSENSE, "ferritin": NONSENSE},
    ),
    "bench": (BENCH, {"neutrophils": NONSENSE, "esr": NONSENSE, "haemophagocytosis": NONSENSE, "x": NONSENSE}),
    "chance": (cohort.chance(), {"prior": NONSENSE, "rule": NONSENSE, "study": NONSENSE}),
    "thresholds": (cohort.threshold_explorer(), {"threshold": NONSENSE, "item": NONSENSE, "n": NONSENSE}),
}


def valid(name, explorer):
    got = explorer.get()
    if name == "units":
        return got is explorer._last
    if name == "what if":
        known = [v for v in got.values() if v is not None]
        return list(got) == ["platelets", "fibrinogen"] and all(0 <= v.value <= 600 for v in known)
    if name == "bench":
        return all(v is None or isinstance(v, bool) or v.known for v in got.values()) and judged(explorer)
    if name == "chance":
        return (got["rule"], got["study"]) in explorer._rows and 0 <= got["prior"] <= 100
    return got["item"] in explorer._nodes and math.isfinite(got["threshold"]) and got["threshold"] > 0


@pytest.mark.parametrize("name", EXPLORERS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_nonsense_never_raises_and_never_reaches_the_page(name, data):
    explorer, arguments = EXPLORERS[name]
    required = {} if name != "units" else {"text": NONSENSE}
    before = explorer.get()
    shown = explorer.set(**data.draw(st.fixed_dictionaries(required, optional=arguments)))
    assert "<script" not in shown.html and valid(name, explorer)
    if shown.text.startswith("Refused. "):  # it may repeat what was given
        assert name == "units" or explorer.get() == before
    else:
        assert clean(shown)
    assert name == "units" or clean(explorer._last)
