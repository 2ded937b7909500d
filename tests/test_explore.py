"""The benches that several pages use: every move says what the rules say, and nonsense is refused in words."""

import itertools
import math
import operator
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.moving import cells, clean, everything, named
from tests.test_rules import patients, worded
from utils import explore, plots
from utils.case import load_case
from utils.page import say
from utils.rules import RULES, evaluate, evaluate_table, unknown_results
from utils.units import Quantity, UnitError, factors, quantity, variables

CASE = load_case()
REGIONAL, ADMISSION = (CASE.as_of(t) for t in ("regional_hospital", "admission"))
RULERS = ["mas_2016", "hlh_2004", "hlh_2024", "hscore", "ms_score", "mh_score", "ferritin_esr"]
COUNTED = [r for r in RULES if evaluate(r, {}).reach]
SIGNS = {"<": operator.lt, "below": operator.lt, "≤": operator.le, "up to": operator.le}
SIGNS |= {">": operator.gt, "≥": operator.ge}
few = settings(max_examples=10, deadline=None)


@pytest.fixture
def bench():
    return explore.ruler_bench(ADMISSION, RULERS, beside=REGIONAL, trials={"esr": ["20 mm/h", "150 mm/h"]})


def lists(bench):
    return [w for w in everything(bench) if hasattr(w, "options")]


def judged(bench):
    """What `evaluate` says of the child that the bench supposes."""
    supposed = {k: v for k, v in bench.get().items() if v is not None}
    return [evaluate(r, {**ADMISSION.inputs, **supposed}) for r in RULERS]


def status(bench, rule):
    return dict(cells(bench.shown, 2))[RULES[rule].short]


# ---- the bench of units ---------------------------------------------------------------------------------------------
def test_the_unit_bench_keeps_its_table_while_an_entry_waits_to_be_mended():
    bench = explore.unit_bench()
    field, analyte, result = named(bench, "Value"), named(bench, "Laboratory"), bench.children[-1]
    assert field.value == "1.5" and re.match(r"Refused\. 1\.5 is a bare number.*\n\nUnits of tri", bench.shown.text)
    field.value = "1.5 mmol/L"
    accepted = result.shown["html"]
    assert "132.9 mg/dL" in accepted and not bench.shown.text.startswith("Refused.")
    for typed in ("1.5", "<b>2</b>"):
        field.value = typed
        assert result.shown["html"] == accepted and field.value == typed and bench.shown.text.startswith("Refused. ")
    assert "<b>" not in bench.shown.html and bench.shown.text.endswith(bench.set("1.5 mmol/L").text)
    analyte.value = "fibrinogen"  # which no mmol/L fits: it is told at the field
    assert "Refused." in bench.shown.text and "132.9 mg/dL" in bench.shown.text
    field.value = "2 g/L"
    assert "Accepted: 2 g/L of fibrinogen" in bench.shown.text and "Refused." not in bench.shown.text
    field.value = ""
    assert bench.shown.text.startswith("Units of fibrinogen")


# ---- what if --------------------------------------------------------------------------------------------------------
def test_what_if_moves_by_its_controls_and_never_rounds_a_value_over_a_cut_off():
    bench = explore.what_if("mas_2016", REGIONAL, platelets=(0, 500, 250), fibrinogen=(0, 600, 400))
    platelets, fibrinogen = named(bench, "platelets, "), named(bench, "fibrinogen, ")
    assert platelets.disabled and fibrinogen.disabled
    named(bench, "platelets: suppose").value = True
    platelets.value = 100
    assert ": MET" in bench.shown.text and not platelets.disabled and fibrinogen.disabled
    assert "UNDETERMINED" in bench.set(platelets="181.4 G/L").text and "181.4" in bench.shown.text
    assert bench.set(**bench.get()).text == bench.shown.text
    assert "bare number" in bench.set(platelets=200).text and "181.4" in str(bench.get()["platelets"])


def test_along_an_unknown_a_limit_elsewhere_counts_as_it_does_in_the_verdict():
    for text, verdict in (("< 300 mg/dL", "met"), ("< 400 mg/dL", "undetermined")):  # MAS-2016: <= 360 mg/dL
        case = SimpleNamespace(inputs={**REGIONAL.inputs, "fibrinogen": quantity(text, "fibrinogen")})
        bench = explore.what_if("mas_2016", case, platelets=(0, 500, 250))
        bench.set(platelets="400 ×10⁹/L")
        assert f"500 ×10⁹/L: {verdict}" in bench.shown.text
        assert "> 400 ×10⁹/L is a range" in bench.set(platelets="> 400 ×10⁹/L").text


# ---- the bench of rulers --------------------------------------------------------------------------------------------
@settings(few, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_bench_says_what_the_rules_say_of_the_same_child(bench, data):
    for control in lists(bench):  # as on the page: by the place on the list
        control.index = data.draw(st.integers(0, len(control.options) - 1))
    verdicts, lead = judged(bench), bench.shown.text.split("\n")[0]
    assert cells(bench.shown, 2) == [(v.short, v.status) for v in verdicts]
    for v, rule in zip(verdicts, RULERS, strict=True):
        was = evaluate(rule, ADMISSION).status
        assert (f"{v.short}: {was} as reported, now {v.status}" in lead) == (was != v.status)
    for name, value in bench.get().items():
        assert (variables().at[name, "label"] + " " in lead) == (value is not None)
    assert clean(bench.shown)


def test_unknown_stands_first_on_every_list_and_goes_back(bench):
    first, marrow = bench.shown.text, named(bench, "haemophagocytosis")
    assert all(control.index == 0 and control.label == "unknown, as reported" for control in lists(bench))
    marrow.value = True
    assert bench.get()["haemophagocytosis"] is True and status(bench, "hlh_2004") == "met"
    marrow.value = False
    assert "haemophagocytosis absent" in bench.shown.text and status(bench, "hlh_2004") == "undetermined"
    marrow.set_state({"index": 0})  # what the page sends
    assert set(bench.get().values()) == {None} and bench.shown.text == first
    bench.set(neutrophils="1.5 ×10⁹/L", haemophagocytosis=False)
    kept, text = bench.get(), bench.shown.text
    named(bench, "All unknown again").click()
    assert bench.shown.text == first and set(bench.get().values()) == {None}
    assert bench.set(**kept).text == text and bench.get() == kept  # what get gives set takes


def test_a_value_that_is_not_on_the_list_is_taken_and_shown_on_it(bench):
    neutrophils = named(bench, "neutrophils")
    offered = neutrophils.options
    shown = bench.set(neutrophils="1.5 ×10⁹/L", esr="68 mm/h", haemophagocytosis=True)
    assert "neutrophils 1.5 ×10⁹/L" in shown.text and "(ESR) 68 mm/h" in shown.text
    assert neutrophils.label == "1.5 ×10⁹/L, by call"
    assert [v.status for v in judged(bench)] == [word for _, word in cells(shown, 2)]
    neutrophils.index = 1
    assert bench.get()["neutrophils"] == offered[1][1] and neutrophils.options == offered
    bench.set(neutrophils="< 1 ×10⁹/L")  # the limit of an assay is shown as printed
    assert str(bench.get()["neutrophils"]) == "< 1 ×10⁹/L" and "neutrophils < 1 ×10⁹/L" in bench.shown.text
    assert status(bench, "mh_score") == "met" and len(neutrophils.options) == len(offered) + 1


REFUSED = [
    ({"ferritin": "1 µg/L"}, "There is no 'ferritin' here: choose"), ({"neutrophils": "3"}, "bare number"),
    ({"neutrophils": 3}, "bare number"), ({"neutrophils": "3 mg/dL"}, "not a unit of neutrophils"),
    ({"neutrophils": "-3 ×10⁹/L"}, "negative"),
    ({"neutrophils": quantity("3 ×10⁹/L", "wbc")}, "neutrophils was given wbc"),
    ({"neutrophils": Quantity("neutrophils", None, status="pending")}, "neutrophils, pending: give a value"),
    ({"haemophagocytosis": "yes"}, "True, False or None (unknown)"),
    ({"haemophagocytosis": 1}, "True, False or None (unknown)"),
    ({"haemophagocytosis": np.array([True, False])}, "True, False or None (unknown)"),
    ({"haemophagocytosis": True, "esr": "many"}, "does not begin with a number"),
]  # fmt: skip


@pytest.mark.parametrize("values, says", REFUSED)
def test_the_bench_refuses_in_words_and_changes_nothing(bench, values, says):
    bench.set(nk_activity_low=True)
    before, text = bench.get(), bench.shown.text
    refused = bench.set(**values).text
    assert refused.startswith("Refused. ") and says in refused and (bench.get(), bench.shown.text) == (before, text)


def test_what_stands_beside_never_moves_and_only_an_unknown_can_be_tried(bench, monkeypatch):
    drawn = []
    monkeypatch.setattr(plots, "rulers", lambda pairs, moments, caption: drawn.append(pairs) or say(str(moments)))
    bench.set(haemophagocytosis=True, neutrophils="0.2 ×10⁹/L")
    [pairs] = drawn
    assert [before.status for before, _ in pairs] == [evaluate(r, REGIONAL).status for r in RULERS]
    assert [v.status for _, v in pairs] == [v.status for v in judged(bench)]
    with pytest.raises(UnitError, match="ferritin: no unknown"):
        explore.ruler_bench(ADMISSION, RULERS, trials={"ferritin": ["1 µg/L"]})


def test_rules_that_count_nothing_are_shown_as_a_table_of_shapes(monkeypatch):
    drawn, asked = [], "arthritis_duration"
    monkeypatch.setattr(plots, "matrix", lambda states, *_: drawn.append(states) or say("Drawn."))
    bench = explore.ruler_bench(REGIONAL, ["ilar_sjia", "printo_sjia"], trials={asked: ["5 weeks"]})
    assert "Could be" not in bench.shown.text and drawn[-1]["", "ilar_sjia"] == "undetermined"
    assert "ILAR: undetermined as reported, now not met" in bench.set(arthritis_duration="5 weeks").text
    last = [drawn[-1][row, rule] for row in ("", asked) for rule in ("ilar_sjia", "printo_sjia")]
    assert last == ["not met", "undetermined", "not met", ""]


def test_the_cheapest_column_names_results_that_do_settle_it(bench):
    told = {row[0]: row[4] for row in cells(bench.shown, 5)}
    for rule in RULERS:
        v = evaluate(rule, ADMISSION)
        assert (told[v.short] == "settled") == (v.status != "undetermined")
    assert told["HLH-2004"].count("; or ") == 1 and "haemophagocytosis" not in told["HLH-2004"]  # the marrow costs most
    assert "NK-cell activity present (met)" in told["HLH-2004"] and "2,400 U/mL (met)" in told["HLH-2004"]
    assert evaluate("hlh_2004", {**ADMISSION.inputs, "nk_activity_low": True}).status == "met"


# ---- rulers: reach, place, possible, cheapest -----------------------------------------------------------------------
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
    whole = evaluate(rule, {}).reach  # the common axis has the cut-off in its middle
    places = [whole.place(at) for at in (-math.inf, whole.least, whole.cut, whole.most, math.inf)]
    assert places == [-1, -1, 0, 1, 1] and whole.least < whole.cut <= whole.most
    assert whole.most < math.inf or whole.place(2 * whole.cut) == 1  # without a highest end, twice the cut-off is it


@pytest.mark.parametrize("rule", ["hlh_2004", "hlh_2024", "hscore", "mh_score", "ctcae_neutrophils"])
@few
@given(data=st.data())
def test_possible_scores_are_those_that_filling_in_gives(rule, data):
    gone = data.draw(st.lists(st.sampled_from(RULES[rule].inputs()), max_size=4, unique=True))
    row = {k: v for k, v in data.draw(patients(rule)).items() if k not in gone and v is not None}
    v = evaluate(rule, worded(row))
    trials = [around(rule, name) for name in v.missing]
    if math.prod(map(len, trials)) > 5_000 or v.possible is None:
        return
    said = evaluate_table(rule, pd.DataFrame(list(itertools.product(*trials)), columns=v.missing).assign(**row))
    assert v.possible == pytest.approx(sorted({*said["score_low"], *said["score_high"]} if v.missing else {*v.score}))
    assert v.score[0] <= v.possible[0] and v.possible[-1] <= v.score[1]


def around(rule, name):
    """Values of an input below, at and above each of its thresholds; both answers of a finding."""
    if variables().at[name, "kind"] == "flag":
        return [True, False]
    cuts = [r for r in RULES[rule].nodes().values() if r["input"] == name and r["kind"] == "number"]
    at = [r["threshold"] * factors(name)[r["unit"]] for r in cuts]
    return sorted({0, variables().at[name, "plausible_high"]} | {x * by for x in at for by in (0.999, 1, 1.001)})


def test_possible_is_none_where_a_score_has_no_steps_and_counts_say_out_of_how_many():
    assert evaluate("ms_score", ADMISSION).possible is None and evaluate("mas_2016", ADMISSION).possible is None
    assert evaluate("mh_score", ADMISSION).possible == [23, 60]
    assert [r for r in RULERS if evaluate(r, {}).counts] == ["mas_2016", "hlh_2004", "hlh_2024"]
    assert plots.cut_off(evaluate("mas_2016", {})) == "2 of 4" and plots.cut_off(evaluate("hscore", {})) == "169"


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


@pytest.mark.parametrize("rules", [[r] for r in RULES] + [RULERS, [*RULES]], ids="+".join)
def test_offered_results_lie_in_their_piece_and_cover_every_threshold(rules):
    for name, results in unknown_results([evaluate(r, {}) for r in rules]).items():
        if variables().at[name, "kind"] == "flag":
            assert results == [("present", True), ("absent", False)]
            continue
        values = [value.value for _, value in results]
        assert values == sorted(values) and all(v.unit == variables().at[name, "canonical_unit"] for _, v in results)
        for words, value in results:
            for part in words.split(", "):
                sign, limit = re.fullmatch(r"(<|≤|>|≥|below|up to) ([\d,.]+ .+)", part).groups()
                assert SIGNS[sign](value.value, quantity(limit, name).canonical().value)
        nodes = [r for rule in rules for r in RULES[rule].nodes().values() if r["input"] == name]
        nodes = [r for r in nodes if r["kind"] == "number" and not r["slope_input"]]
        by = factors(name)  # one limit in two units is cut once
        cuts = {(float(f"{r['threshold'] * by[r['unit']]:.9g}"), r["comparator"] in ("<=", ">")) for r in nodes}
        assert len(results) == len(cuts) + 1
        for t, below in cuts:  # one offered value on either side, and none that sits on the fence
            assert any(x <= t if below else x < t for x in values) and any(x > t if below else x >= t for x in values)


# ---- pictures say in words what they show ---------------------------------------------------------------------------
def test_pictures_say_their_marks_and_numbers():
    states = ["fits", "does not fit", "expected but absent", "unknown"]
    marks = {(f"r{n}", "c"): state.replace(" ", "_") for n, state in enumerate(states)}
    said = plots.matrix(marks, {f"r{n}": f"row {n}" for n in range(5)}, {"c": "column"}, "Test.").text
    assert all(re.search(rf"row {n}\b[^;\n]*\b{state}\b", said) for n, state in enumerate(states))
    crowd = plots.icons({"a": (7, "circle full"), "b": (0, "circle"), "c": (30, "square")}, "Test.").text
    assert re.findall(r"([abc]) +(\d+)", crowd) == [("a", "7"), ("b", "0"), ("c", "30")]
    pairs = [(evaluate(r, REGIONAL), evaluate(r, ADMISSION)) for r in ("mas_2016", "hlh_2004", "mh_score", "ms_score")]
    said = plots.rulers(pairs, ["before", "after"], "Test.").text
    for moment, v in [(moment, v) for pair in pairs for moment, v in zip(("before", "after"), pair, strict=True)]:
        assert f"{v.short}, cut-off {plots.cut_off(v)}, {moment}: {plots.span(v)}, {v.status}" in said


def test_a_trade_and_a_spread_say_simulated_and_their_numbers():
    swept = pd.DataFrame({"threshold": [100.0, 500, 1000], "sensitivity": [1, 0.8, 0.5], "specificity": [0, 0.5, 1]})
    node = {"label": "ferritin", "unit": "ng/mL", "threshold": 500.0}
    said = plots.trade(swept, 1000.0, node, "SIMULATED.").text
    assert "Nearest to your threshold: 50 % of those with MAS met, 100 %" in said and "SIMULATED" in said
    cut, dice = {"ferritin": 684.0, "platelets": 181.0}, np.random.default_rng(1)
    children = pd.DataFrame({name: dice.lognormal(6, 1, 400) for name in cut}).assign(mas=np.arange(400) < 100)
    said = plots.spread(children, {name: f"{name}, unit" for name in cut}, cut, "SIMULATED.").text
    for name, group in itertools.product(cut, (True, False)):
        median = re.search(rf"{name}, [^,;]+, {'MAS' if group else 'active JIA'}: median ([\d,.]+)", said)[1]
        number = float(median.rstrip(".").replace(",", ""))
        assert number == pytest.approx(children.loc[children["mas"] == group, name].median(), rel=0.01)
