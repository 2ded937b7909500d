"""The benches that several pages use: every move says what the rules say, and nonsense is refused in words."""

import itertools
import operator
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.moving import cells, clean, everything, named
from utils import explore, plots
from utils.case import load_case
from utils.page import say
from utils.rules import RULES, evaluate, unknown_results
from utils.units import Quantity, UnitError, factors, quantity, variables

CASE = load_case()
REGIONAL, ADMISSION = (CASE.as_of(t) for t in ("regional_hospital", "admission"))
RULERS = ["mas_2016", "hlh_2004", "hlh_2024", "hscore", "ms_score", "mh_score", "ferritin_esr"]
SIGNS = {"<": operator.lt, "below": operator.lt, "≤": operator.le, "up to": operator.le}
SIGNS |= {">": operator.gt, "≥": operator.ge}


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


# ---- the bench of units, and addresses ------------------------------------------------------------------------------
def test_the_unit_bench_keeps_its_table_while_an_entry_waits_to_be_mended():
    bench = explore.unit_bench()
    field, analyte, result = named(bench, "Value"), named(bench, "Laboratory"), bench.children[-1]
    assert field.value == "1.5" and re.match(r"Refused\. 1\.5 is a bare number.*\n\nUnits of tri", bench.shown.text)
    field.value = "1.5 mmol/L"
    accepted, text = result.shown["html"], bench.shown.text
    field.value = "<b>2</b>"
    assert result.shown["html"] == accepted and field.value == "<b>2</b>" and "<b>" not in bench.shown.html
    assert bench.shown.text.startswith("Refused. ") and bench.shown.text.endswith(text) and "132.9 mg/dL" in text
    analyte.value = "fibrinogen"
    field.value = "2 g/L"
    assert bench.shown.text.startswith("Accepted: 2 g/L of fibrinogen")
    field.value = ""
    assert bench.shown.text.startswith("Units of fibrinogen")
    assert "right unit" in bench.set(text="160 g/L").text


def test_an_address_opens_or_says_why_not():
    behind = explore.look_up(REGIONAL, "f09 ")
    assert "1,259" in behind._repr_mimebundle_()["text/plain"]
    for name in ("F29", "D14", "ravelli2016", ""):
        text = behind.set(address=name).text
        assert "does not open here" in text and "1,259" not in text
    assert behind.set(address=" u02").text.startswith("What stands behind U02")


# ---- what if --------------------------------------------------------------------------------------------------------
@pytest.fixture
def supposed():
    return explore.what_if("mas_2016", REGIONAL, platelets=(0, 500, 250), fibrinogen=(0, 600, 400))


def test_what_if_reads_before_it_is_run_begins_with_what_is_unknown_and_follows_the_rule(supposed):
    assert supposed.get() == {"platelets": None, "fibrinogen": None}
    assert "choose 0 to 500" in supposed.set(platelets="900 G/L", fibrinogen="360 mg/dL").text
    first = supposed._repr_mimebundle_()  # nothing was moved
    assert "0 to 181 ×10⁹/L: met; 182 to 500 ×10⁹/L: undetermined" in first["text/plain"]
    assert "first view" in first["text/plain"] and "UNDETERMINED" in first["text/html"]
    for platelets, fibrinogen, word in (("182 G/L", "361 mg/dL", "NOT MET"), ("182 G/L", "3.6 g/L", ": MET")):
        assert word in supposed.set(platelets=platelets, fibrinogen=fibrinogen).text
    assert "UNDETERMINED" in supposed.set(platelets=None, fibrinogen=None).text
    platelets, fibrinogen = named(supposed, "platelets, "), named(supposed, "fibrinogen, ")
    assert platelets.disabled and fibrinogen.disabled
    named(supposed, "platelets: suppose").value = True
    platelets.value = 100
    assert ": MET" in supposed.shown.text and not platelets.disabled and fibrinogen.disabled
    assert supposed.set(**supposed.get()).text == supposed.shown.text


def test_what_if_asks_for_numbers_of_the_rule_set():
    shown = explore.what_if("hscore", ADMISSION, temperature=(35, 42, 38)).set(temperature="39.5 °C").text
    assert ": met." in shown and "Varying highest body temperature alone" in shown
    with pytest.raises(UnitError, match="fever: no number that HScore asks for"):
        explore.what_if("hscore", ADMISSION, fever=(0, 1, 0))


def test_along_an_unknown_a_limit_elsewhere_counts_as_it_does_in_the_verdict():
    for text, verdict in (("< 300 mg/dL", "met"), ("< 400 mg/dL", "undetermined")):  # MAS-2016: <= 360 mg/dL
        case = SimpleNamespace(inputs={**REGIONAL.inputs, "fibrinogen": quantity(text, "fibrinogen")})
        bench = explore.what_if("mas_2016", case, platelets=(0, 500, 250))
        bench.set(platelets="400 ×10⁹/L")
        assert f"500 ×10⁹/L: {verdict}" in bench.shown.text
        assert "> 400 ×10⁹/L is a range" in bench.set(platelets="> 400 ×10⁹/L").text


# ---- the bench of rulers --------------------------------------------------------------------------------------------
@pytest.mark.slow
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_bench_says_what_the_rules_say_of_the_same_child(bench, data):
    listed = zip(bench.get(), lists(bench), strict=True)
    chosen = {n: data.draw(st.sampled_from([value for _, value in c.options])) for n, c in listed}
    bench.set(**{n: None if value == "unknown" else value for n, value in chosen.items()})
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
    assert bench.shown.text == first
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
    neutrophils.index = 1
    assert neutrophils.options == offered
    bench.set(neutrophils="< 1 ×10⁹/L")  # the limit of an assay is shown as printed
    assert str(bench.get()["neutrophils"]) == "< 1 ×10⁹/L" and "neutrophils < 1 ×10⁹/L" in bench.shown.text


REFUSED = [
    ({"ferritin": "1 µg/L"}, "There is no 'ferritin' here: choose"), ({"neutrophils": 3}, "bare number"),
    ({"neutrophils": quantity("3 ×10⁹/L", "wbc")}, "neutrophils was given wbc"),
    ({"neutrophils": Quantity("neutrophils", None, status="pending")}, "neutrophils, pending: give a value"),
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


def test_offered_results_are_what_their_words_say_and_lie_on_both_sides_of_every_threshold():
    offered = unknown_results([evaluate(r, {}) for r in RULES])
    for name, results in offered.items():
        if variables().at[name, "kind"] == "flag":
            assert results == [("present", True), ("absent", False)]
            continue
        for words, value in results:
            for part in words.split(", "):
                sign, limit = re.fullmatch(r"(<|≤|>|≥|below|up to) ([\d,.]+ .+)", part).groups()
                assert SIGNS[sign](value.value, quantity(limit, name).canonical().value)
    for r in (r for rule in RULES.values() for r in rule.nodes().values() if r["kind"] == "number"):
        if not r["slope_input"]:
            at = r["threshold"] * factors(r["input"])[r["unit"]]
            assert {np.sign(value.value - at) for _, value in offered[r["input"]]} == {-1, 1}


# ---- pictures say in words what they show ---------------------------------------------------------------------------
def test_a_trade_and_a_spread_say_simulated_and_their_numbers():
    swept = pd.DataFrame({"threshold": [100.0, 500, 1000], "sensitivity": [1, 0.8, 0.5], "specificity": [0, 0.5, 1]})
    node = {"label": "ferritin", "unit": "ng/mL", "threshold": 500.0}
    said = plots.trade(swept, 1000.0, node, "SIMULATED.").text
    assert "Nearest to your threshold: 50 % of those with MAS met, 100 %" in said and "SIMULATED" in said
    cut, dice = {"ferritin": 684.0, "platelets": 181.0}, np.random.default_rng(1)
    children = pd.DataFrame({name: dice.lognormal(6, 1, 400) for name in cut}).assign(mas=np.arange(400) < 100)
    said = plots.spread(children, {name: f"{name}, unit" for name in cut}, cut, "SIMULATED.").text.replace(",", "")
    for name, group in itertools.product(cut, (True, False)):
        number = float(re.search(rf"{name} unit {'MAS' if group else 'active JIA'}: median (\d+\.?\d*)", said)[1])
        assert number == pytest.approx(children.loc[children["mas"] == group, name].median(), rel=0.01)
