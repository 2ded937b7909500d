"""Anything, given to whatever takes something: a value, a verdict, or a sentence, and never a traceback.

A few hundred examples run with all other tests. The long run draws a hundred thousand, spread over the targets by what
one example costs; the number is the total:

    MAS_CASEBOOK_FUZZ=100000 .venv/bin/python -m pytest -q -n 2 tests/test_fuzz.py
"""

import math
import operator
import os
import re
from functools import cache

import ipywidgets as widgets
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.moving import ADMISSION, MAKE, REGIONAL, clean, everything
from utils import explore, quiz
from utils.chapters import board, patient
from utils.explore import Explorer
from utils.page import Shown
from utils.rules import RULES, VERDICTS, evaluate
from utils.units import STATUSES, Quantity, UnitError, factors, quantity, variables

pytestmark = pytest.mark.usefixtures("record")  # into which calls and the board write
TOTAL = int(os.environ.get("MAS_CASEBOOK_FUZZ", 500))
NAMES = [*variables().index]
ITEMS, PROMPTS = [*quiz.items()], [*quiz.prompts()]


def share(part, least=2):
    """Settings for a test that gets a part of all examples."""
    slow = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]
    return settings(max_examples=max(least, round(TOTAL * part)), deadline=None, suppress_health_check=slow)


UGLY = [
    "", " ", "\u200b", "\u202e5 mg/dL", "١٢ ng/mL", "１２ ng/mL", "5\u00a0mg/dL", "∞ ng/mL", "nan", "nan mg/dL",
    "inf mg/dL", "-0 mg/dL", "1e308 mg/dL", "1e-320 ng/mL", "1e400 mg/dL", "9" * 5000, "9" * 5000 + " mg/dL",
    "1-2-3 mg/dL", "5–1 mg/dL", "0–100 /mm³", "1,5 mmol/L", "1,000,00 ng/mL", "1. ng/mL", ".5 ng/mL", "5 ng/mL\n",
    "\x00", "5 mg/dL\x00", "\ud83d", "²5 mg/dL", "<script>alert(1)</script>", "5 <b>mg/dL</b>", "None", "{}", "%s",
    "{0}", "\\", "'; drop", "e\u0301", "🩸" * 40, "unknown", "met",
]  # fmt: skip
NUMBERS = [10**400, -(10**30), math.nan, math.inf, -math.inf, 0, -0.0, 1e308]
NUMBERS += [np.float64("nan"), np.int64(3), np.bool_(1)]
ODD = [pd.NA, pd.NaT, np.array([1, 2]), np.array([True]), pd.Series([1]), object(), int, b"5", ...]
ODD += [[], [1], (), {1}, {1: 2}]
MEASURED = [n for n in NAMES if factors(n)]
TEXT = st.text(max_size=20) | st.sampled_from(UGLY)
VALUED = st.builds(  # what nearly is a value
    lambda x, unit, tail, sign: f"{sign}{x}{tail}{unit}",
    st.floats() | st.integers() | st.floats(0, 1000),
    st.sampled_from(sorted({u for n in MEASURED for u in factors(n)})),
    st.sampled_from(["", " ", "  ", "\u00a0", "-2 ", "–3 ", " 000 ", ".000 ", ",500 "]),
    st.sampled_from(["", "", ">", "≤ ", "<=", "+"]),
)


def made(*given):
    """A Quantity that somebody made by hand; the refusal where it cannot be one."""
    try:
        return Quantity(*given)
    except UnitError as refused:
        assert len(str(refused)) > 20
        return str(refused)


MADE = st.builds(
    made,
    st.sampled_from(NAMES) | TEXT,
    st.none() | st.floats() | st.sampled_from(NUMBERS),
    st.sampled_from(["", "mg/dL", "ng/mL", "×10⁹/L", "furlongs"]),
    st.none() | st.floats(),
    st.sampled_from([*STATUSES, "odd"]),
    st.none() | st.integers(-3, 30),
    st.sampled_from(["", "", "<", "≤", ">", "≥", "~"]),
)
ANY = TEXT | VALUED | MADE | st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from([*NUMBERS, *ODD])


@cache  # as are the next two: a strategy that is made anew for each example costs more than what it draws
def known(name):
    """A right value of a variable, or None: printed, as a range, not known in one of the ways there are."""
    if variables().at[name, "kind"] == "flag":
        return st.sampled_from([True, False, None, np.bool_(True)])
    units, top = sorted(factors(name)), float(variables().at[name, "plausible_high"])
    if not units:
        return st.none()
    low, wide, unit = st.floats(0, top), st.none() | st.floats(0, top), variables().at[name, "canonical_unit"]
    one = st.builds(lambda x, w: Quantity(name, x, unit, None if w is None else x + w), low, wide)
    one |= st.builds(lambda x, s: Quantity(name, x, unit, sign=s), st.floats(1e-6, top), st.sampled_from("<≤>≥"))
    one = st.builds(lambda q, u: q.to(u), one, st.sampled_from(units))
    return one | st.none() | st.sampled_from([Quantity(name, None, status=s) for s in STATUSES[1:]])


# ---- values ---------------------------------------------------------------------------------------------------------
@share(0.4)
@given(ANY, st.sampled_from(MEASURED) | st.sampled_from(NAMES) | ANY, st.just("reported") | ANY)
def test_anything_is_a_quantity_or_a_sentence(text, variable, status):
    try:
        q = quantity(text, variable, status)
    except UnitError as refused:
        assert len(str(refused)) > 20 and "Traceback" not in str(refused)
        return
    assert q.variable == variable and q.status in STATUSES
    if q.known:
        for unit in factors(variable):
            assert math.isfinite(q.to(unit).value) and q.to(unit).value >= 0 and q.to(unit).sign == q.sign
        assert not re.search("nan|inf|None", f"{q} {q.warning}".replace(q.unit, ""))
        assert q.high is None or q.high >= q.value


# ---- verdicts -------------------------------------------------------------------------------------------------------
@cache
def mostly_right(rule):
    right = {n: st.one_of(known(n), known(n), known(n), ANY) for n in RULES[rule].inputs()}
    more = st.just({}) | st.dictionaries(st.sampled_from(NAMES) | TEXT, ANY, max_size=1)
    return st.builds(operator.or_, st.fixed_dictionaries({}, optional=right), more)


@cache
def forgetful(rule):
    """A child of whom all is right that the rule asks for, and what of it is forgotten."""
    asked = RULES[rule].inputs()
    gone = st.lists(st.sampled_from(asked), min_size=1, max_size=4, unique=True)
    return st.tuples(st.fixed_dictionaries({n: known(n) for n in asked}), gone)


@pytest.mark.parametrize("rule", RULES)
@share(0.3 / len(RULES) / 2)
@given(data=st.data())
def test_whatever_a_rule_is_given_it_judges_or_says_why_not(rule, data):
    try:
        verdict = evaluate(rule, data.draw(mostly_right(rule)))
    except UnitError as refused:
        assert len(str(refused)) > 20
        return
    assert verdict.status in VERDICTS
    assert verdict.score is None or (not any(map(math.isnan, verdict.score)) and verdict.score[0] <= verdict.score[1])
    told = f"{verdict!r} {verdict.category or ''} {verdict.sheet().to_string()} {verdict.reach or ''}"
    assert not re.search(r"\bnan\b|NaN|<NA>|Traceback", told)


def forget(rule, whole, gone, judge=evaluate):
    """A verdict must not turn into its contrary where something known is forgotten, and no score may get narrower."""
    before, after = judge(rule, whole), judge(rule, {n: None if n in gone else v for n, v in whole.items()})
    assert {before.status, after.status} != {"met", "not met"}
    assert before.status != "undetermined" or after.status == "undetermined"
    if before.score:
        assert after.score[0] - 1e-9 <= before.score[0] <= before.score[1] <= after.score[1] + 1e-9
    assert not before.possible or not after.possible or {*before.possible} <= {*after.possible}


@pytest.mark.parametrize("rule", [r for r in RULES if r != "naranjo"])  # there, do not know is a published answer
@share(0.3 / len(RULES) / 2, least=30)
@given(data=st.data())
def test_forgetting_never_turns_one_verdict_into_the_other(rule, data):
    forget(rule, *data.draw(forgetful(rule)))


def test_a_rule_that_reads_unknown_as_zero_would_be_found():
    whole = {n: True for n in RULES["mas_2016"].inputs() if variables().at[n, "kind"] == "flag"}
    for text, name in (("2000 ng/mL", "ferritin"), ("100 ×10⁹/L", "platelets"), ("100 U/L", "ast")):
        whole[name] = quantity(text, name)
    forget("mas_2016", whole, ["ferritin"])

    def reads_zero(rule, given_):
        zero = {n: quantity(f"0 {next(iter(factors(n)))}", n) for n in ("ferritin",) if given_[n] is None}
        return evaluate(rule, given_ | zero)

    with pytest.raises(AssertionError):
        forget("mas_2016", whole, ["ferritin"], reads_zero)


# ---- questions, by call ---------------------------------------------------------------------------------------------
ID = st.sampled_from(ITEMS + PROMPTS + patient.names()) | ANY
FIELDS = st.dictionaries(st.sampled_from(["sentence", "for", "against", "missing", "answer"]) | TEXT, ANY, max_size=4)
CALLS = {
    quiz.answer: (st.sampled_from(ITEMS) | ID, st.sampled_from("abc") | ANY, st.sampled_from(["low"]) | ANY),
    quiz.reveal: (ID,),
    quiz.ask: (ID,),
    quiz.reset: (ID,),
    quiz.write: (st.sampled_from(PROMPTS) | ID, FIELDS | ANY),
    quiz.rank: (ID, st.lists(st.sampled_from([*quiz.hypotheses()]) | ANY, max_size=6) | ANY, ANY),
    quiz.notes: (st.sampled_from(["01", "03"]) | ANY,),
    board.replay: (st.sampled_from(["01", "03"]) | ANY,),
    quiz.my_page: (st.sampled_from(["01", "03"]) | ANY,),
    patient.sheet: (st.sampled_from(patient.names()) | ID, FIELDS | ANY, ANY),
    explore.look_up: (st.just(ADMISSION), ANY),
}


@pytest.mark.parametrize("call", CALLS)
@share(0.2 / len(CALLS))
@given(data=st.data())
def test_a_call_with_anything_answers_in_words(call, data):
    shown = call(*[data.draw(s) for s in CALLS[call]])
    quiz.progress(), quiz.notes("01")
    assert isinstance(shown, Shown | Explorer) or hasattr(shown, "item")
    told = shown._repr_mimebundle_()
    told = told[0] if isinstance(told, tuple) else told
    assert told["text/plain"].strip() and "<script" not in told["text/html"]
    (told["text/html"] + told["text/plain"]).encode("utf-8")


# ---- explorers ------------------------------------------------------------------------------------------------------
RULERS = ["mas_2016", "hlh_2004", "hscore", "ms_score", "ferritin_esr"]
REASON = st.sampled_from(["fits", "does not fit", "unknown", "any", "yes", "met", "T1", "oral ciclosporin", 1, 0.5])
KINDS = st.sampled_from(["two accounts", "any"])
NEAR = {  # explorer -> keywords, with values that are near to what it takes
    "unit_bench": {"text": VALUED, "analyte": st.sampled_from(MEASURED)},
    "what_if": {n: known(n) for n in ("platelets", "fibrinogen", "ferritin")},
    "ruler_bench": {n: known(n) for n in ("neutrophils", "esr", "haemophagocytosis")},
    "board": {"finding": st.sampled_from(["ferritin", "platelets"]), "sjia": REASON, "kawasaki": REASON},
    "thresholds": {"threshold": VALUED, "item": st.sampled_from(["ferritin", "mas_2016"])},
    "chance": {"prior": st.integers(-2, 102), "rule": st.sampled_from([*RULES])},
    "age_limits": {"systolic": VALUED, "age": VALUED, "heart_rate": VALUED},
    "ladder": {"day": st.integers(-1, 60)}, "credit": {"improved": st.integers(-1, 60)}, "look_up": {"name": TEXT},
    "route": {"absorbed": st.floats(0, 1.2), "weight": st.floats(0, 30), "interval": st.integers(6, 8), "view": REASON},
    "register": {"kind": KINDS, "search": TEXT, "entry": st.sampled_from(["D01", "D99"])},
}  # fmt: skip
EXPLORERS = MAKE | {
    "ruler_bench": lambda: explore.ruler_bench(ADMISSION, RULERS, beside=REGIONAL, trials={"esr": ["20 mm/h"]}),
    "board": lambda: board.DifferentialBoard(REGIONAL),
}
explorer = cache(lambda name: EXPLORERS[name]())


@pytest.mark.parametrize("name", NEAR)
@share(0.1 / len(NEAR))
@given(data=st.data())
def test_an_explorer_set_to_anything_shows_it_or_refuses_and_stays(name, data):
    it, values = explorer(name), {k: st.one_of(v, v, ANY) for k, v in NEAR[name].items()}
    wanted = {k: values.pop(k) for k in {"board": ["finding"], "unit_bench": ["text"]}.get(name, [])}
    values["nothing"] = ANY
    call = data.draw(st.fixed_dictionaries(wanted, optional=values))
    if data.draw(st.integers(0, 3)):
        call.pop("nothing", None)
    before = repr(it.get())
    shown = it.set(**call)
    assert isinstance(shown, Shown) and shown.text.strip() and "<script" not in shown.html
    (shown.html + shown.text).encode("utf-8")
    if shown.text.startswith("Refused. "):  # it may repeat what was given
        assert name == "unit_bench" or repr(it.get()) == before
    else:
        assert name == "look_up" or clean(shown)  # it says again what was looked up


def extremes(control):
    """The values at the ends of what the page can send."""
    if getattr(control, "options", None):
        return [o[1] if isinstance(o, tuple) else o for o in (control.options[0], control.options[-1])]
    if hasattr(control, "min"):
        return [control.min, control.max]
    ends = {bool: [True, False], float: [0.0, -1.0, 1e308, 1e-308, -1e308, math.inf, math.nan]}
    return ends.get(type(control.value), ["", "x" * 5000, "<script>alert(1)</script>", "\u202e", "9" * 400 + " mg/dL"])


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in NEAR if n != "board"])
def test_every_control_at_its_ends_raises_nothing(name):
    it = EXPLORERS[name]()
    found = [w for w in everything(it) if hasattr(w, "value") and not isinstance(w, widgets.HTML) and not w.disabled]
    assert found
    for control in found[:12] if TOTAL < 10_000 else found:
        before = control.value
        for value in extremes(control):
            control.value = value
            assert "<script" not in it.shown.html
            says_again = it.shown.text.startswith("Refused. ") or name == "look_up"
            assert says_again or clean(it.shown), (control.description, value)
        control.value = before
