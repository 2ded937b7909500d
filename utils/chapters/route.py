"""The route: subcutaneous or intravenous, with what is supposed about absorption, kidney and weight in the open.

Every intravenous curve stands in both readings, and whatever differs from normal absorption and healthy kidneys says
that it is hypothetical. Nothing here is an amount for a patient.
"""

from functools import cache
from itertools import product

import numpy as np
import pandas as pd

from utils import plots
from utils.case import load_case
from utils.chapters.bedside import weight_before
from utils.explore import Choice, Number, explorer
from utils.page import Mark, folded, headed, together
from utils.phrases import phrase
from utils.pk import DAY, READINGS, concentration, exposure, first_day, parameters, split_gain
from utils.tables import read_table
from utils.units import show

NAMES = {r: phrase(f"route.{r}") for r in READINGS}
WAYS = {way: phrase(f"route.{way}") for way in ("sc", "iv")}
BEFORE = np.array([6, 8, 12, 16, 18, 24]) - 1e-6  # the moments before a dose, where a level is lowest
HOURS = np.unique(np.concatenate([np.linspace(0.0, DAY, 193)[:-1], BEFORE]))
CLOSE = 1.25  # a model within this factor of an observation is called close


@cache
def printed():
    """Both courses as printed: dict of route -> (mg/kg of each dose, interval in hours)."""
    rows = load_case().treatments.set_index("treatment")
    courses = {"sc": "anakinra_sc", "iv": "anakinra_iv"}
    return {way: tuple(map(float, rows.loc[name, ["dose", "interval_h"]])) for way, name in courses.items()}


@cache
def weights():
    """Weight before the leak in the two readings of "+ 5Kg, ∼30% BW", kg: the lighter, the heavier, and it swollen."""
    rows = load_case().observations.set_index("variable")["value"]
    gain, share = rows["weight_gain"], rows["weight_gain_percent"] / 100
    light, heavy = (weight_before(gain, share, of) for of in ("after", "before"))
    return tuple(round(float(x), 1) for x in (light, heavy, heavy + gain))


def _often(hours):
    return phrase("route.once_a_day") if hours == DAY else phrase("route.every", hours=hours)


def _curve(way, hours, p, weight, *name, doses=None):
    levels = concentration(HOURS, p, printed()[way][0] * weight, hours, way, doses=doses)
    return ", ".join([WAYS[way], _often(hours), *name]), levels


# ---- tables and pictures --------------------------------------------------------------------------------------------
def four(caption):
    """Two routes and two intervals at the same size of each dose: a table, with exposure a day as bars too."""
    weight, rows, first = weights()[1], [], None
    for hours, way in product((printed()["sc"][1], printed()["iv"][1]), WAYS):
        dose = printed()[way][0]
        e = exposure(parameters(weight), dose * weight, hours, way)  # the same in both readings
        times = phrase("route.the_first") if first is None else f"× {e['auc_24'] / first:.2f}"
        first = first or e["auc_24"]
        area = Mark(f"{e['auc_24']:.1f}", plots.FULL * round(8 * e["auc_24"] / first))
        rows.append((f"{WAYS[way]}, {_often(hours)}", show(dose * DAY / hours), area, f"{e['c_avg']:.2f}", times))
    return headed(rows, "route", "regimen daily area average against", caption)


def _modelled(row, reading):
    """What the model gives where others observed something, in the unit of ``kinetics_checks.csv``."""
    p, measure = parameters(row["weight_kg"], reading), row["measure"]
    dose = row["dose_mg"] if not pd.isna(row["dose_mg"]) else row["dose_mg_per_kg"] * row["weight_kg"]
    if measure in ("c_max", "c_trough"):
        return exposure(p, dose, row["interval_h"], row["route"])[measure]
    if measure == "c_max_single":
        return first_day(p, dose, DAY, row["route"])["c_max"]
    if measure == "half_life_sc":  # the fall after an injection shows the slower of the two rates, whichever it is
        return np.log(2) / min(p.absorption_rate, p.elimination_rate)
    if measure.startswith("clearance"):  # mL/min, or scaled to a child in L/h
        return p.clearance / p.bioavailability * (1000 / 60 if measure == "clearance_f" else 1)
    hours, pump = row["at_h"], {"interval_h": 1.0, "route": "iv", "infusion_h": 1.0}
    flow = concentration(hours, p, dose, doses=int(np.ceil(hours)), **pump)
    return flow + (concentration(hours, p, row["bolus_mg"], route="iv") if row["bolus_mg"] > 0 else 0.0)


def _verdict(ratio):
    fit = "close" if max(ratio, 1 / ratio) <= CLOSE else f"too_{'high' if ratio > 1 else 'low'}"
    return phrase(f"route.{fit}", times=max(ratio, 1 / ratio))


def checks(caption):
    """The model against observations that were not used to set it, misfits included: picture and table."""
    rows, shown = read_table("kinetics_checks"), []
    model = pd.DataFrame({r: [float(_modelled(row, r)) for row in rows.to_dict("records")] for r in READINGS})
    ratios = model.div(rows["observed"], axis=0)
    for n, row in rows.iterrows():
        seen = phrase("route.between" if row["low"] > 0 else "route.seen", **row[["observed", "low", "high", "unit"]])
        given = phrase("route.and").join(dict.fromkeys(f"{x:.3g}" for x in model.loc[n]))
        fit = phrase("route.and_twin").join(dict.fromkeys(map(_verdict, ratios.loc[n])))
        evidence = f"{row['source']}, {phrase('route.unconfirmed') if row['tag'] == 'R' else row['tag']}"
        shown.append((row["label"], seen, given, fit, evidence, row["note"]))
    picture = plots.ratios(ratios.assign(label=rows["label"], confirmed=rows["tag"] != "R"), caption, CLOSE)
    heads = "what_observed observed model verdict evidence remark"
    sheet = headed(shown, "route", heads, phrase("route.checks_title"))
    return together(picture, folded(phrase("route.checks_folded"), sheet))


def card():
    """The parameter card: every number of the model with what it is, where it is from and how well it was seen."""
    weight, rows = weights()[1], []
    for r in read_table("kinetics").itertuples():
        what, value = f"{r.label} ({r.symbol})".removesuffix(" ()"), f"{r.value:g} {r.unit}".strip()
        rows.append((what, value, f"{r.source}, {r.tag}", r.note))
    for reading, name in NAMES.items():
        p, what = parameters(weight, reading), phrase("route.card_what", weight=weight, reading=name)
        value = phrase("route.card_value", clearance=p.clearance, volume=p.volume, hours=p.half_life)
        rows.append((what, value, phrase("route.computed"), f"{p.volume / weight:.2f} L/kg"))
    return headed(rows, "route", "what value evidence remark", phrase("route.card_title"))


def absorbed():
    """What was measured of absorption, and in whom: a table of ``kinetics_evidence.csv``."""
    rows = read_table("kinetics_evidence").assign(source=lambda t: t["source"] + ", " + t["tag"])
    rows = rows.rename(columns={"people": "who", "contrast": "compared"})
    return headed(rows, "route", "drug who compared result says source", phrase("route.absorbed_title"))


def ledger(case):
    """The authors' reasons: what they state, what they cite for it, and what they infer; printed words kept short."""
    rows = case.claims[case.claims["fact"].isin(["F56", "F57", "F58", "F59", "P07"])]
    rows = rows.assign(what_is_said=rows["label"], printed_words=rows["as_printed"].str.replace(" | ", "; "))
    rows["cites"] = rows["cites"].str.replace(" ", ", ").replace("", phrase("route.no_reference"))
    return headed(rows, "route", "kind what_is_said printed_words cites fact", phrase("route.ledger_title"))


def picture(caption):
    """The picture to take home: both routes as printed, absorption as usual, and what less absorption would change."""
    weight, (dose, slow), (_, quick) = weights()[1], *printed().values()
    least = read_table("kinetics_changes").query("change == 'absorbed'")["factor"].min()
    each = {"usual": parameters(weight), "quarter": parameters(weight, bioavailability=least)}
    curves = [_curve("sc", slow, each["usual"], weight, phrase("route.as_usual"))]
    curves += [_curve("iv", quick, parameters(weight, r), weight, name) for r, name in NAMES.items()]
    between = phrase("route.band"), _curve("sc", slow, each["quarter"], weight)[1], curves[0][1]
    splits = [(phrase(f"route.rise_{n}"), split_gain(p, dose * weight, (slow, quick))) for n, p in each.items()]
    title, key = phrase("route.picture_title", weight=weight), phrase("route.picture_usual")
    return plots.course(HOURS, curves, splits, title, "", caption, between, key)


# ---- the explorer ---------------------------------------------------------------------------------------------------
def route_bench():
    """The injections against the vein, in both readings: absorption, clearance, weight and interval to move.

    ``set(absorbed=0.25, speed=0.5)``, ``set(interval=6)``, ``set(view="first 24 hours")``. All else stays as usual.
    """
    light, weight, swollen = weights()
    shares = {"absorbed": 0.1, "speed": 0.1, "clearance": 0.25}  # the lowest that can be chosen
    shares = {n: Number(phrase(f"route.{n}"), 1, x, 1, 0.05, phrase("route.of_the_usual")) for n, x in shares.items()}
    return explorer(
        _bench,
        **shares,
        weight=Number(phrase("route.weight"), weight, light, swollen, 0.5, "kg"),
        litres=Number(phrase("route.fluid"), 0, 0, 5, 0.5, phrase("route.litres")),
        interval=Choice(phrase("route.injections"), {_often(h): h for h in (24, 12, 8, 6)}, int(printed()["sc"][1])),
        view=Choice(phrase("route.drawn"), [phrase("route.steady_state"), phrase("route.first_24_hours")]),
        reset=phrase("route.reset"),
    )


def _bench(absorbed, speed, clearance, weight, litres, interval, view):
    day_1, (dose, usually), (_, quick) = view == phrase("route.first_24_hours"), *printed().values()
    each = {r: parameters(weight, r, absorbed, speed, clearance, litres) for r in READINGS}
    usual = {r: parameters(weight, r, absorbed, speed, 1, litres) for r in READINGS}
    lines = [("sc", interval, each["published"]), *(("iv", quick, p, NAMES[r]) for r, p in each.items())]
    if speed != 1 or clearance != 1 or litres:  # else both readings give one curve of the injections
        lines[0] += (NAMES["published"],)
        lines.append(("sc", interval, each["flip_flop"], NAMES["flip_flop"]))
    if clearance != 1:  # where the rise is counted from
        lines.append(("sc", interval, usual["published"], phrase("route.but_normal")))
    curves, rows = [], []
    for way, hours, p, *name in lines:
        words, levels = _curve(way, hours, p, weight, *name, doses=int(DAY / hours) if day_1 else None)
        e = (first_day if day_1 else exposure)(p, printed()[way][0] * weight, hours, way)
        numbers = e["auc_24"] / DAY, e["c_max"], levels[-1]
        rows.append([words, f"{e['auc_24']:.1f}", *(f"{x:.2f}" for x in numbers)])
        curves.append((words, levels))
    rise = "route.rise_from_normal" if clearance != 1 else "route.rise"
    names = NAMES if day_1 else {"published": phrase("route.both_readings")}  # they differ on the first day alone
    split = {"dose_mg": dose * weight, "intervals": (interval, quick), "clearance": clearance, "day_1": day_1}
    splits = [(phrase(rise, reading=x), split_gain(usual[r], **split)) for r, x in names.items()]
    moved = {"absorbed": (100 * absorbed, 100), "speed": (100 * speed, 100), "clearance": (100 * clearance, 100)}
    moved |= {"fluid": (litres, 0), "weight": (weight, weights()[1]), "interval": (interval, usually)}
    supposed = [(name, x) for name, (x, as_usual) in moved.items() if x != as_usual]
    supposed = "; ".join(phrase(f"route.supposed_{name}", value=x, often=_often(x)) for name, x in supposed)
    title, caption = phrase("route.bench_title", view=view, weight=weight), phrase("route.bench_caption")
    picture = plots.course(HOURS, curves[:4], splits, title, supposed, caption)  # the fifth is in the table alone
    heads = f"each_dose area average highest {'at_the_end' if day_1 else 'lowest'}"
    return together(picture.whole, headed(rows, "route", heads, phrase("route.same_numbers")))
