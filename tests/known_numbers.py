"""Which numbers the case can vouch for.

A number is known where ``casedata/`` holds it, or the rules compute it from there, with the same unit, and where what
it belongs to (ferritin, a rule, a drug) is named near it. Nearly right is wrong: a printed figure must be the same, a
computed one the same when rounded as shown. All else is declared in ``tests/numbers.yaml``.
(Not called numbers.py: scripts of this folder would then import it in place of Python's own module of that name.)
"""

import html
import re
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from tests.reading import key, near_words, read_numbers, words
from utils import pk
from utils.case import Case, load_case, references
from utils.chapters import appraisal, bedside, patient, route
from utils.chapters.patient import load_patient
from utils.rules import NEAR, RULES, evaluate, hscore_probability
from utils.tables import describe
from utils.units import UnitError, converted, factors, variables

DECLARED = Path(__file__).with_name("numbers.yaml")
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
}
IGNORED |= {"score_probability": ["score", "percent"]}  # these are right only in pairs: see pairs() in test_numbers
IGNORED |= {"hscore_curves": ["score", "percent", "intercept", "slope"]}
IGNORED |= {"growth": ["l", "s"]}  # powers and spreads, which no page prints
# Tables that are told in whole lines, which vouch for no number elsewhere (pairs() in test_numbers).
TOLD = {"codes", "board", "naranjo_answers", "neutropenia_causes", "variant", "care", "guidance", "anakinra_evidence"}
TOLD |= {"weighed"}
TELLING = {"mmhg", "kg", "point", "score no."}  # units that tell what is measured, whatever stands beside them
SILENT = {
    "first",
    "revision",
    "score_unit",
    "where",
    "source",
    "tag",
    "seen_in",
    "loinc",
    "hpo",
    "atc",
    "fact",
    "id",
    "file",
    "members",
    "cites",
}
NAMES = ["item", "variable", "input", "treatment", "event", "claim", "label", "title", "short"]


def _unit(column, row):
    """The unit of a numeric cell, from the columns beside it or from the column's name."""
    if column in ("points", "otherwise", "slope"):
        return "points"
    for name in (f"{column}_unit", f"{column.split('_')[0]}_unit", "unit"):
        if row.get(name):
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


def _moments(case):
    """The case at every moment up to the page's own."""
    told = set(case.observations["time_point"])
    return {t: case.as_of(t) for t in case.time_points["time_point"] if t in told}


def _verdicts(seen):
    """Scores, counts of items, margins and probabilities of a patient at several moments: a dict of name -> patient."""
    patients = {"nobody": {}} | seen
    for name, rule in RULES.items():
        about = words(f"{rule.short} {rule.title}")
        for variant in rule.variants:
            for moment, snapshot in patients.items():
                v, source = evaluate(name, snapshot, variant), f"{name} at {moment}"
                for end in v.score or ():
                    if np.isfinite(end):
                        kind = "grade no." if rule.about["score_unit"].startswith("grade") else "score no."
                        units = {kind, "point", key("ng/mL per mm/h"), ""}
                        yield Known((end,), frozenset(units), about, source, False)
                        if name == "hscore":
                            likely = about | words("probability")
                            yield from _number(hscore_probability(end)[0], "%", likely, source, False, None, 2)
                for node in (n for n, r in rule.nodes(variant).items() if r["kind"] == "at_least"):
                    of = len(rule.nodes(variant)[node]["members"].split())
                    for end in {float(x[0]) for x in v._engine.count(node)}:
                        near = about | words(rule.nodes(variant)[node]["label"])
                        yield Known((end, float(of)), frozenset({"of"}), near, source)
                for item in v.items.to_dict("records"):
                    near = words(item["label"]) or about
                    yield from _text(f"{item['label']} {item['as_given']} {item['rule']}", near, source, computed=True)
                    for value in (item.get("points_low"), item.get("points_high")):
                        if value is not None and np.isfinite(value):
                            yield Known((value,), frozenset({"point", ""}), near, source, False)
                    if not pd.isna(item["margin"]):
                        yield from _number(100 * item["margin"], "%", near, source, False)


def _computed(value, unit, about, source):
    """A figure of the model of anakinra as prose may show it: with one or two decimals, or a large one with none."""
    for n in (0, 1) if abs(value) >= 10 else (1, 2):
        yield Known((round(float(value), n),), frozenset({key(unit)}), words(about), source, True, 1, n)


def _model():
    """What utils.pk computes for the regimens of this case, for prose; its tables are computed anew (`model_lines`)."""
    light, weight, _ = route.weights()
    units = {"c_max": "mg/L", "c_trough": "mg/L", "c_avg": "mg/L", "auc_24": "mg·h/L"}
    about = {"c_max": "highest peak", "c_trough": "lowest fall fell", "c_avg": "average", "auc_24": "area"}
    for reading, kg, (way, hours) in product(pk.READINGS, (light, weight), product(pk.ROUTES, (24, 6))):
        found = pk.exposure(pk.parameters(kg, reading), 2 * kg, hours, way)
        for name, unit in units.items():
            yield from _computed(found[name], unit, about[name], f"utils.pk, {name}")
    for reading, g in product(pk.READINGS, (1, 0.5, 0.25)):
        first = pk.first_day(pk.parameters(weight, reading, absorption_rate=g), 2 * weight)
        yield from _computed(first["auc_24"], "", "area speed", "utils.pk, first_day")
    for f, reading, day_1 in product((1, 0.25), pk.READINGS, (False, True)):
        parts = pk.split_gain(pk.parameters(weight, reading, f), 2 * weight, day_1=day_1)
        for name, row in parts.iterrows():
            yield from _computed(row["times"], "", "rise rose together multiply", f"utils.pk, split_gain {name}")
            if name != "total":
                yield Known((round(100 * row["share"]),), frozenset({"%"}), words("rise"), "utils.pk, split_gain")
    for reading in pk.READINGS:
        p = pk.parameters(weight, reading)
        yield from _computed(p.half_life, "h", "half-life elimination falls", "utils.pk")
    for factor in CASE.kinetics_changes.query("change == 'kidney' and factor < 1")["factor"]:
        yield from _computed(1 / factor, "", "clearance", "kinetics_changes.csv")


def _bedside(case):
    """What follows from the pressure and the weight gain that are printed, where both are known by then."""
    now = case.observations.query("status == 'reported'").drop_duplicates("variable").set_index("variable")["value"]
    if {"weight_gain", "weight_gain_percent", "systolic_bp", "age"} - {*now.index}:
        return
    gain, share = now["weight_gain"], now["weight_gain_percent"] / 100
    light, heavy = (bedside.weight_before(gain, share, of) for of in ("after", "before"))
    kilograms = [light, heavy, heavy + gain, *(round(gain / (share + x), 1) for x in (-0.05, 0.05))]
    for value in kilograms:
        yield from _number(
            round(value, 1), "kg", words("weight kg gain swollen leak"), "utils.chapters.bedside, weight_before"
        )
    for months in (24, 30, 35):
        for weight in (light, heavy):
            with suppress(UnitError):  # too far from the median for a z-score
                z = round(bedside.growth_z(weight, months), 1)
                about = words("z-score taking")
                yield Known((z,), frozenset({"", "score no."}), about, "utils.chapters.bedside, growth_z", True, 1, 1)
        part = 100 * gain / bedside.growth_lms(months)[1]
        yield from _number(round(part), "%", words("median"), "utils.chapters.bedside, growth_lms")
    mean = bedside.mean_arterial_pressure(now["systolic_bp"], now["diastolic_bp"])
    yield from _number(round(mean, 1), "mmHg", words("mean lies"), "utils.chapters.bedside, mean_arterial_pressure")
    limit = bedside.age_limits(now["age"]).iloc[0]["low"]
    yield from _number(limit, "mmHg", words("limit mmhg below"), "utils.chapters.bedside, age_limits")


def lines_with_numbers(shown):
    """Every line with a digit that is said by what is shown, with single spaces, without the word before a picture."""
    lines = {" ".join(line.split()) for s in shown for x in (s.text, plain_text(s.html)) for line in x.splitlines()}
    return {line.removeprefix("Figure. ").strip() for line in lines if re.search(r"\d", line)}


@cache
def appraisal_lines():
    """Every line with a number of the tables and pictures of 08, 09 and 13, computed anew: (short ones, long ones)."""
    shown = [appraisal.recovery(CASE, ""), appraisal.rivals(CASE), appraisal.severity(CASE), appraisal.causes(CASE)]
    shown += [appraisal.naranjo(""), appraisal.people(CASE, ""), appraisal.evidence(CASE), appraisal.ribbon(CASE, "")]
    shown += [appraisal.audit(CASE), appraisal.weighed(CASE, "", ["relapse", "variant", "covid"])]
    found = lines_with_numbers([*shown, appraisal.register(CASE).set(kind="two accounts")])
    return {x for x in found if len(x) < 60}, tuple(x for x in found if len(x) >= 60)


def appraised(line):
    """Whether a line is one that these pages say; a long one may stand behind the caption of its picture."""
    short, long = appraisal_lines()
    return line.removeprefix("Figure. ") in short or line.endswith(long)


@cache
def model_lines():
    """Every line that a table or a picture of utils.chapters.route says, computed anew; a stored line must be one of them."""
    shown = [route.four(""), route.checks(""), route.card(), route.picture("")]
    shown += [route.absorbed(), route.route_bench()._last]
    return lines_with_numbers(shown)


@cache
def card_lines():
    """Every line of the new patient's rule cards."""
    return lines_with_numbers([patient.rule_cards()])


def plain_text(page):
    """What a reader sees of HTML: rows as lines, cells apart, the description of a picture; no pixels."""
    page = re.sub(r"(?s)<tr.*?</tr>", lambda row: row[0].replace("\n", ""), page)  # of pandas, a line for each cell
    page = re.sub(r'<img[^>]*?alt="([^"]*)"[^>]*>', r"\n\1\n", re.sub(r"base64,[A-Za-z0-9+/=]+", "", page))
    page = re.sub(r"</(tr|p|li|ul|caption|summary|table|figcaption|div)>|<br */?>", "\n", page)
    return html.unescape(re.sub(r"<[^>]+>", "  ", page))


def _invented():
    """What is told of TP-01, in every unit of it: on her page nothing else is known of anybody."""
    for row in GIRL.rows.to_dict("records"):
        about, source = words(variables().at[row["variable"], "label"]), f"tp_01.csv {row['moment']}"
        if row["value"] == row["value"]:
            yield from _number(row["value"], row["unit"], about, source, True, row["variable"])
    yield from (Known((h,), frozenset({"h"}), words("later"), "moments.csv") for h in GIRL.moments["after_h"])


def moment_of(number):
    """From when a page is told (tuple): its moment, and the later voice it quotes; or of whom, if not of the child."""
    if number in patient.PAGES.values():
        return (GIRL.name,)
    return tuple(filter(None, STOPS.loc[number, ["time_point", "later_voice"]])) if number in STOPS.index else ()


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
        found += _verdicts({m: GIRL.as_of(m) for m in GIRL.moments.index})
    else:
        case = whole.as_of(*moment) if moment else whole
        found = [*table_numbers(case, modelled), *_verdicts(_moments(case)), *_bedside(case)]
    found += _model() if modelled else ()
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
    unsigned = r.text[0].isdigit() and r.unit == "%"  # a share may be told without its sign: "15 % below"
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
    near = near_words(r, len(r.passage) if prose and (r.unit or r.telling) else 90) | words(head)
    near |= words(" ".join(measured_under().get(fact, "") for fact in re.findall(r"\bF\d\d\b", r.passage)))
    if re.match(r"[+−-]?0\d", r.text):
        return None  # no number is written so
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
