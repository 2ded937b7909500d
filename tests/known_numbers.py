"""Which numbers the case can vouch for.

A number is known where ``casedata/`` holds it, or the rules compute it from there, with the same unit, and where what
it belongs to (ferritin, a rule, a drug) is named near it. Nearly right is wrong: a printed figure must be the same, a
computed one the same when rounded as shown. All else is declared in ``tests/numbers.yaml``.
"""

import re
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from tests.reading import key, near_words, read_numbers, words
from utils.case import Case, load_case, references
from utils.chapters.patient import load_patient
from utils.rules import RULES, evaluate, hscore_probability
from utils.tables import describe
from utils.units import converted, factors, variables

CASE = load_case()
GIRL = load_patient("TP-01")
STOPS = CASE.journey.set_index("notebook")
MEND = (
    "leave it out, or take it from casedata, with its unit and the name of what was measured near it; what is "
    "computed or converted, or needs no source, is declared in tests/numbers.yaml (its head says how)"
)


@dataclass(frozen=True)
class Known:
    """A number that the case vouches for; `exact` where it is printed, else it may be shown rounded."""

    value: tuple
    units: frozenset
    words: frozenset
    source: str
    exact: bool = True
    shared: int = 1  # so many of its words must stand near the number that is read
    decimals: int | None = None  # of a number in a sentence, which is printed no other way


IGNORED = {  # they tell nothing, or are right only in pairs (orphans.paired)
    "variables": ["plausible_low", "plausible_high", "burden"],
    "time_points": ["order"],
    "units": ["factor", "offset"],
    "score_probability": ["score", "percent"],
    "growth": ["l", "s"],
}
# Tables that are told in whole lines, which vouch for no number elsewhere.
WHOLE_LINES = set("codes board naranjo_answers neutropenia_causes variant care guidance anakinra_evidence".split())
WHOLE_LINES |= {"weighed"}
TELLING = {"mmhg", "kg", "point", "score no."}  # units that tell what is measured, whatever stands beside them
SILENT = set("first revision score_unit where source tag seen_in loinc hpo atc fact id file members cites".split())
NAMES = ["item", "variable", "input", "treatment", "event", "claim", "label", "title", "short"]


# ---- tables ---------------------------------------------------------------------------------------------------------
def _unit(column, row):
    """The unit of a numeric cell, from the columns beside it or from the column's name."""
    for name in (f"{column}_unit", f"{column.split('_')[0]}_unit", "unit"):
        if row.get(name) and column not in ("points", "otherwise", "slope"):
            return row[name]
    if re.search(r"(^|_)day($|_)|^(start|end)_", column):
        return "day no."
    hints = {"percent": "%", "minutes": "minutes", "interval_h": "h"}
    return next((u for hint, u in hints.items() if hint in column), "points")


def _number(value, unit, about, source, exact=True, variable=None, shared=1):
    """A number in its unit; of a variable in all its units, each of which is a computed figure."""
    units = {key(unit), key(unit.rpartition("/")[0])} if unit.count("/") == 2 else {key(unit)}
    units |= {"score no."} if units == {"point"} else set()
    yield Known((float(value),), frozenset(units), about, source, exact, shared)
    by = factors(variable) if variable in variables().index else {}
    for other in by if unit in by else ():
        same = converted(value, variable, unit, other)
        yield Known((same,), frozenset({key(other)}), about, source, by[other] == by[unit])


@cache
def measured_under():
    """What was measured under a fact: a dict of fact -> labels."""
    rows = CASE.observations.assign(label=CASE.observations["variable"].map(variables()["label"]))
    return rows.groupby("fact")["label"].agg(" ".join).to_dict()


@cache
def _measures():
    """What may be measured: the units of a numeric variable, the words of its label, and those of its name."""
    rows = variables()[variables()["canonical_unit"] != ""]
    return [({*map(key, factors(v))}, words(label), words(v)) for v, label in rows["label"].items()]


def measured(r, about=frozenset()):
    """Whether a reading is of something that is measured or scored; if so, no sentence vouches for it.

    Its home is an observation, a rule or a computation: a sentence that repeats it would vouch for itself.
    """
    near = near_words(r, 45) | about
    return r.unit in TELLING or any(
        (near & name or len(near & label) >= min(2, len(label))) and (r.unit in units or (not r.unit and r.telling))
        for units, label, name in _measures()
    )


def _text(text, about, source, computed=False, subject=frozenset()):
    """The numbers of a sentence in casedata; there the words near a number say what it belongs to."""
    for r in read_numbers(text):
        if computed or not measured(r, subject):
            near = near_words(r, 45) | about
            yield Known(r.value, frozenset({r.unit}), near, source, True, min(2, len(near)), r.decimals)


def table_numbers(case, modelled=True):
    """The numbers of every table, those of tables yet to come included; drawn and invented patients left out."""
    for name, table in case.tables.items():
        described = describe().get(name, {})
        drawn = re.search("(?i)simulated|invented", f"{described.get('title')} {described.get('description')}")
        # What the model rests on vouches for the page on the model, and for no earlier one.
        if not drawn and name not in WHOLE_LINES and (modelled or not name.startswith("kinetics")):
            for row in table.to_dict("records"):
                yield from _row_numbers(name, row, case.time_point)


def _row_numbers(name, row, moment):
    source = f"{name}.csv {row.get('fact') or row.get('id') or row.get('item') or ''}".strip()
    variable = row.get("variable") or row.get("input")
    named, shared = [str(row[c]) for c in NAMES if c in row], 1
    if not named:  # a table of figures: its rule, its population, its measure; two of them must be named
        named, shared = [name, *(v for c, v in row.items() if isinstance(v, str) and c not in SILENT)], 2
    if (rule := RULES.get(row.get("rule"))) and row.get("item", row["rule"]) == row["rule"]:
        named += [rule.short, rule.title]  # a cut-off belongs to its score, a threshold to what is measured
    about = words(" ".join([*named, variables()["label"].get(variable, "")]))
    if name == "observations":  # also by the short form that is printed, and a pressure by its unit alone
        about |= words(f"{row['as_printed']} {row['unit']}") - {"mm3"}
    facts = f"{row.get('fact', '')} {row.get('facts', '')}".split()
    subject = words(" ".join(measured_under().get(fact, "") for fact in facts))
    for column, cell in row.items():
        if isinstance(cell, str):
            yield from _text(cell, about, source, subject=subject) if column not in SILENT else ()
        elif column == "threshold" and (row["comparator"] == "is" or not cell):
            continue  # yes or no
        elif not isinstance(cell, bool) and not pd.isna(cell) and column not in IGNORED.get(name, ()):
            unit = _unit(column, row)
            yield from _number(cell, unit, about, source, True, variable, 3 if name == "age_limits" else shared)
            if row.get("time_point") == moment and row.get("first_day") == row.get("last_day", ""):
                yield Known((float(cell),), frozenset({unit}), about, source, True, 0)  # the page's only day
    if name == "units" and row["factor"] != 1:
        yield from _number(row["factor"], "", about, source)


# ---- rules ----------------------------------------------------------------------------------------------------------
@cache
def _verdicts(moment, of):
    """Scores, counts of items, margins and probabilities at one moment, of a case, an invented patient, or nobody."""
    inputs, found = of.as_of(moment).inputs if of else {}, []
    for name, rule in RULES.items():
        about = words(f"{rule.short} {rule.title}")
        for variant in rule.variants:
            verdict = evaluate(name, inputs, variant)
            found += _scores(rule, verdict.score or (), about, f"{name} at {moment}")
            found += _items(rule.nodes(variant), verdict.items, about, f"{name} at {moment}")
    return found


def _scores(rule, ends, about, source):
    kind = "grade no." if rule.about["score_unit"].startswith("grade") else "score no."
    for end in filter(np.isfinite, ends):
        yield Known((end,), frozenset({kind, "point", key("ng/mL per mm/h"), ""}), about, source, False)
        if rule.name == "hscore":
            likely = hscore_probability(end)[0]
            yield from _number(likely, "%", about | words("probability"), source, False, None, 2)


def _items(nodes, items, about, source):
    status = dict(zip(items["item"], items["status"], strict=True))
    for row in (r for r in nodes.values() if r["kind"] == "at_least"):
        found = [status.get(m) for m in row["members"].split()]
        low = found.count("met")
        for end in {low, len(found) - found.count("not met")}:
            yield Known((float(end), float(len(found))), frozenset({"of"}), about | words(row["label"]), source)
    for item in items.to_dict("records"):
        near = words(item["label"]) or about
        yield from _text(f"{item['label']} {item['as_given']} {item['rule']}", near, source, computed=True)
        for value in filter(pd.notna, (item.get("points_low"), item.get("points_high"))):
            yield Known((value,), frozenset({"point", ""}), near, source, False)
        if not pd.isna(item["margin"]):
            yield from _number(100 * item["margin"], "%", near, source, False)


# ---- all of it ------------------------------------------------------------------------------------------------------
def _invented():
    """What is known of TP-01, in every unit of it: on her page nothing else is known of anybody."""
    for row in GIRL.rows.dropna(subset="value").to_dict("records"):
        about, source = words(variables().at[row["variable"], "label"]), f"tp_01.csv {row['moment']}"
        yield from _number(row["value"], row["unit"], about, source, True, row["variable"])
    yield from (Known((h,), frozenset({"h"}), words("later"), "moments.csv") for h in GIRL.moments["after_h"])


@cache
def known(moment=None, whole=CASE):
    """Everything known by a moment (None: the whole case), a list of `Known`, and its values as an array.

    `moment` is as of `moment_of`. `whole` may be the case as it was before a change. On the page of an invented patient
    nothing of the child of the case vouches for a number.
    """
    modelled = not moment or "discussion" in moment
    if moment == (GIRL.name,):
        case = Case({n: t for n, t in whole.tables.items() if "time_point" not in t or n == "journey"}, GIRL.name)
        of, moments, found = GIRL, GIRL.moments.index, [*_invented()]
    else:
        case, found = whole.as_of(*moment) if moment else whole, []
        of, moments = whole, [t for t in case.time_points["time_point"] if t in {*case.observations["time_point"]}]
    found += [*table_numbers(case, modelled), *_verdicts("nobody", None)]
    found += [k for m in moments for k in _verdicts(m, of)]
    for work in references().values():
        found += _text(f"{work.get('title', '')} {work.get('note', '')}", words(work["id"]), "references.json")
    return as_known(found)


def as_known(found):
    found = list(dict.fromkeys(found))
    return found, np.array([k.value[0] for k in found])


@cache
def vanished(moment, before):
    """What the case vouched for before a change, and does not any more; as from `known`."""
    now = set(known(moment)[0])
    return as_known(k for k in known(moment, before)[0] if k not in now)


def _same(r, k, prose):
    """Whether a known number, as it would be shown with these decimals, is the number read."""
    if len(r.value) != len(k.value) or k.decimals not in (None, r.decimals):
        return False
    if r.unit not in k.units:  # prose may leave a unit out; in a table a bare count is a count
        if r.unit or not (k.exact and (prose or r.telling) or k.units & {"", "point", "min"}):
            return False
    unsigned = r.text[0].isdigit() and r.unit == "%"  # a share may be given without its sign: "15 % below"
    pairs = [(a, abs(b) if unsigned else b) for a, b in zip(r.value, k.value, strict=True)]
    if all(abs(a - b) <= 1e-9 * max(1, abs(b)) for a, b in pairs):
        return True
    digits = len(re.sub(r"\D", "", r.text).lstrip("0"))
    if k.exact or len(pairs) > 1 or (digits < 3 and r.unit not in ("%", "")):
        return False  # rounded to two digits, much too much would be known
    return abs(pairs[0][0] - pairs[0][1]) <= 0.5 * 10**-r.decimals + 1e-9


def provenance(r, moment=None, head="", prose=True, among=None):
    """Where the case holds a reading, in words; None where it does not (`among`: where another list of `Known` does).

    What it belongs to has to be named in `head`, the heading or question above it, or near it: within 90 characters, in
    prose anywhere in its paragraph, unless it is a count of one or two digits.
    """
    found, values = among or known(moment)
    if re.match(r"[+−-]?0\d", r.text):
        return None  # no number is written so
    near = near_words(r, len(r.passage) if prose and (r.unit or r.telling) else 90) | words(head)
    in_sheet = not prose and re.search(r"\sF\d\d\s+CR\d\w?$", r.passage.strip())  # where no value is a limit
    for i in np.flatnonzero(np.abs(np.abs(values) - abs(r.value[0])) <= 0.5 * 10**-r.decimals + 1e-9):
        k = found[i]
        needed = k.shared or not r.unit
        if not r.unit and not r.telling:  # a bare count of one or two digits is anybody's: two words must name it
            needed = min(max(needed, 2 if k.decimals is None else 3), len(k.words)) if k.words else 2
        if in_sheet and k.source.startswith(("age_limits", "reference_ranges", "rules.csv")):
            continue
        if _same(r, k, prose) and len(k.words & near) >= needed:
            return k.source
    return None
