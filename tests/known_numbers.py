"""Which numbers the case can vouch for.

A number is known where ``casedata/`` holds it, or the rules compute it from there, with the same unit, and where what
it belongs to (ferritin, a rule, a drug) is named near it. Nearly right is wrong: a printed figure must be the same, a
computed one the same when rounded as shown. All else is declared in ``tests/numbers.yaml``.
"""

import re
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
import pandas as pd

from tests.reading import key, near_words, read_numbers, words
from utils import pk
from utils.case import Case, load_case, references
from utils.chapters import bedside, route
from utils.chapters.patient import load_patient
from utils.rules import NEAR, RULES, evaluate, hscore_probability
from utils.tables import describe
from utils.units import UnitError, converted, factors, variables

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


IGNORED = {
    "variables": ["plausible_low", "plausible_high", "burden"],
    "time_points": ["order"],
    "units": ["factor", "offset"],
    "score_probability": ["score", "percent"],  # right only in pairs, see orphans.paired
    "growth": ["l", "s"],  # powers and spreads, which no page prints
}
# Tables that are told in whole lines, which vouch for no number elsewhere.
TOLD = set("codes board naranjo_answers neutropenia_causes variant care guidance anakinra_evidence weighed".split())
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
    """What may be measured: pairs of the units and of the words of a numeric variable, one of which is its name."""
    rows = variables()[variables()["canonical_unit"] != ""]
    return [(frozenset(map(key, factors(v))), words(rows.at[v, "label"]), words(v)) for v in rows.index]


def measured(r, about=frozenset()):
    """Whether a reading is of something that is measured or scored; if so, no sentence vouches for it.

    Its home is an observation, a rule or a computation: a sentence that repeats it would vouch for itself.
    """
    near = near_words(r, 45) | about
    if r.unit in TELLING:
        return True
    for units, label, name in _measures():
        if r.unit in units or (not r.unit and r.telling):
            if near & name or len(near & label) >= min(2, len(label)):
                return True
    return False


def _text(text, about, source, computed=False, subject=frozenset()):
    """The numbers of a sentence in casedata; there the words near a number say what it belongs to."""
    for r in read_numbers(text):
        if measured(r, subject) and not computed:
            continue
        near = near_words(r, 45) | about
        yield Known(r.value, frozenset({r.unit}), near, source, True, min(2, len(near)), r.decimals)


def table_numbers(case, modelled=True):
    """The numbers of every table, those of tables yet to come included; drawn and invented patients left out."""
    for name, table in case.tables.items():
        if name.startswith("kinetics") and not modelled:
            continue  # what the model rests on vouches for the page on the model, and for no earlier one
        described = describe().get(name, {})
        if re.search("simulated|invented", f"{described.get('title')} {described.get('description')}", re.IGNORECASE):
            yield Known((float(len(table)),), frozenset({""}), words(name), f"{name}.csv, its rows")
            continue  # a patient who was drawn or invented vouches for nothing
        ignored = IGNORED.get(name, ())
        for row in table.to_dict("records") if name not in TOLD else ():
            source = f"{name}.csv {row.get('fact') or row.get('id') or row.get('item') or ''}".strip()
            variable = row.get("variable") or row.get("input")
            told, shared = [str(row[c]) for c in NAMES if c in row], 1
            if not told:  # a table of figures: its rule, its population, its measure; two of them must be named
                told, shared = [name, *(v for c, v in row.items() if isinstance(v, str) and c not in SILENT)], 2
            shared = 3 if name == "age_limits" else shared  # many limits of one variable: whose it is must be named too
            if (rule := RULES.get(row.get("rule"))) and row.get("item", row["rule"]) == row["rule"]:
                told += [rule.short, rule.title]  # a cut-off belongs to its score, a threshold to what is measured
            about = words(" ".join([*told, variables()["label"].get(variable, "")]))
            if name == "observations":  # also by the short form that is printed, and a pressure by its unit alone
                about |= words(f"{row['as_printed']} {row['unit']}") - {"mm3"}
            facts = f"{row.get('fact', '')} {row.get('facts', '')}".split()
            subject = words(" ".join([str(row.get("title", "")), *(measured_under().get(fact, "") for fact in facts)]))
            for column, cell in row.items():
                if isinstance(cell, str) and column not in SILENT:
                    yield from _text(cell, about, source, subject=subject)
                elif isinstance(cell, (int, float)) and not isinstance(cell, bool) and not pd.isna(cell):
                    truth = column == "threshold" and (row["comparator"] == "is" or not cell)
                    if column not in ignored and not truth:
                        unit = _unit(column, row)
                        yield from _number(cell, unit, about, source, True, variable, shared)
                        one = name == "time_points" and row["first_day"] == row["last_day"]
                        if one and row["time_point"] == case.time_point:  # the page's only day needs no name
                            yield Known((float(cell),), frozenset({unit}), about, source, True, 0)
            if name == "units" and row["factor"] != 1:
                yield from _number(row["factor"], "", about, source)
            if row.get("kind") == "at_least":
                members = len(row["members"].split())
                yield Known((row["threshold"], float(members)), frozenset({"of"}), about, source)


# ---- rules ----------------------------------------------------------------------------------------------------------
@cache
def _verdicts(moment, of):
    """Scores, counts of items, margins and probabilities at one moment, of a case, an invented patient, or nobody."""
    inputs, found = of.as_of(moment).inputs if of else {}, []
    for name, rule in RULES.items():
        for variant in rule.variants:
            verdict, source = evaluate(name, inputs, variant), f"{name} at {moment}"
            found += [*_scores(name, rule, verdict, source), *_items(rule, rule.nodes(variant), verdict, source)]
    return found


def _scores(name, rule, verdict, source):
    about = words(f"{rule.short} {rule.title}")
    kind = "grade no." if rule.about["score_unit"].startswith("grade") else "score no."
    for end in filter(np.isfinite, verdict.score or ()):
        yield Known((end,), frozenset({kind, "point", key("ng/mL per mm/h"), ""}), about, source, False)
        if name == "hscore":
            likely = hscore_probability(end)[0]
            yield from _number(likely, "%", about | words("probability"), source, False, None, 2)


def _items(rule, nodes, verdict, source):
    about, items = words(f"{rule.short} {rule.title}"), verdict.items
    status = dict(zip(items["item"], items["status"], strict=True))
    for row in (r for r in nodes.values() if r["kind"] == "at_least"):
        found = [status.get(m) for m in row["members"].split()]
        low = found.count("met")
        for end in {low, len(found) - found.count("not met")}:
            yield Known((float(end), float(len(found))), frozenset({"of"}), about | words(row["label"]), source)
    for item in items.to_dict("records"):
        near = words(item["label"]) or about
        yield from _text(f"{item['label']} {item['as_given']} {item['rule']}", near, source, computed=True)
        for value in (item.get("points_low"), item.get("points_high")):
            if value is not None and np.isfinite(value):
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
        found = [*table_numbers(case, modelled), *_invented()]
        found += [*_verdicts("nobody", None), *(k for m in GIRL.moments.index for k in _verdicts(m, GIRL))]
    else:
        case = whole.as_of(*moment) if moment else whole
        seen = set(case.observations["time_point"])
        moments = [t for t in case.time_points["time_point"] if t in seen]
        found = [*table_numbers(case, modelled), *_verdicts("nobody", None)]
        found += [k for m in moments for k in _verdicts(m, whole)]
    found += _number(100 * NEAR, "%", words("near within"), "rules.py NEAR")
    found += [Known((n,), frozenset({"figure no."}), words("figure"), "locators.csv") for n in (1.0, 2.0)]
    for work in references().values():
        about = words(work["id"])
        found += _text(f"{work.get('title', '')} {work.get('note', '')}", about, "references.json")
        number = float(work.get("citation-number") or "nan")
        found += [Known((number,), frozenset({"reference no."}), about, "references.json")]
    found += [Known((float(len(whole.journey)),), frozenset({""}), words("stops journey"), "journey.csv")]
    found = list(dict.fromkeys(found))
    return found, np.array([k.value[0] for k in found])


@cache
def vanished(moment, before):
    """What the case vouched for before a change, and does not any more; as from `known`."""
    now = set(known(moment)[0])
    gone = [k for k in known(moment, before)[0] if k not in now]
    return gone, np.array([k.value[0] for k in gone])


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
    near |= words(" ".join(measured_under().get(fact, "") for fact in re.findall(r"\bF\d\d\b", r.passage)))
    measured = not prose and bool(re.search(r"\sF\d\d\s+CR\d\w?$", r.passage.strip()))  # the case's own sheet
    for i in np.flatnonzero(np.abs(np.abs(values) - abs(r.value[0])) <= 0.5 * 10**-r.decimals + 1e-9):
        k = found[i]
        due = k.shared or not r.unit
        if not r.unit and not r.telling:  # a bare count of one or two digits is anybody's: two words must name it
            due = min(max(due, 2 if k.decimals is None else 3), len(k.words)) if k.words else 2
        if measured and k.source.startswith(("age_limits", "reference_ranges", "rules.csv")):
            continue  # a limit in the row of a measured value would be a confusion
        if _same(r, k, prose) and len(k.words & near) >= due:
            return k.source
    return None
