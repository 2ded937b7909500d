"""The route: under the skin or into a vein, with what is supposed about absorption, kidney and weight in the open.

Tables, pictures and one explorer over `utils.pk`. Every curve into a vein stands in both readings, and whatever differs
from normal absorption and healthy kidneys says that it is hypothetical. Nothing here is an amount for a patient.
"""

from dataclasses import replace
from functools import cache

import ipywidgets as widgets
import numpy as np
import pandas as pd

from utils import plots
from utils.case import load_case
from utils.chapters.bedside import weight_before
from utils.explore import Explorer, Number, none_such, values
from utils.page import folded, say, table, together
from utils.phrases import phrase
from utils.pk import DAY, READINGS, concentration, exposure, first_day, parameters, split_gain
from utils.tables import read_table
from utils.units import among, show

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
    return tuple(round(x, 1) for x in (light, heavy, float(heavy + gain)))


def often(hours):
    return phrase("route.once_a_day") if hours == DAY else phrase("route.every", hours=hours)


def _three(x):
    """Three significant digits, ready to show."""
    return show(float(f"{float(x):.3g}"))


def _dose(route, weight_kg):
    return printed()[route][0] * weight_kg


def four(caption):
    """Two routes and two intervals at the same size of each dose: exposure a day as bars, and as a table."""
    weight, rows, base = weights()[1], [], None
    for hours in (printed()["sc"][1], printed()["iv"][1]):
        for way in WAYS:
            e = exposure(parameters(weight), _dose(way, weight), hours, way)  # area and average: one in both readings
            base = base or e["auc_24"]
            note = f"(× {e['auc_24'] / base:.2f})" if rows else ""
            label = f"{WAYS[way]}, {often(hours)}"
            rows.append((label, e["auc_24"], note, e["c_avg"], printed()[way][0] * DAY / hours))
    found = pd.DataFrame(rows, columns=["label", "auc_24", "note", "c_avg", "daily"])
    columns = [phrase(f"route.{h}") for h in ("regimen", "daily", "area", "average", "against")]
    told = [
        (r.label, show(r.daily), f"{r.auc_24:.1f}", f"{r.c_avg:.2f}", r.note[1:-1] or phrase("route.the_first"))
        for r in found.itertuples()
    ]
    return together(plots.areas(found, caption), table(pd.DataFrame(told, columns=columns), phrase("page.as_table")))


def _asked(row, reading):
    """What the model gives where others observed something: one number in the unit of ``kinetics_checks.csv``."""
    p = parameters(row["weight_kg"], reading)
    dose = row["dose_mg"] if not pd.isna(row["dose_mg"]) else row["dose_mg_per_kg"] * row["weight_kg"]
    measure, per_minute = row["measure"], 1000 / 60
    if measure in ("c_max", "c_trough"):
        return exposure(p, dose, row["interval_h"], row["route"])[measure]
    if measure == "c_max_single":
        return first_day(p, dose, DAY, row["route"])["c_max"]
    if measure == "half_life_sc":  # the fall after an injection shows the slower of the two rates, whichever it is
        return np.log(2) / min(p.absorption_rate, p.elimination_rate)
    if measure == "clearance_f":
        return p.clearance / p.bioavailability * per_minute
    if measure == "clearance_scaled":
        return p.clearance / p.bioavailability
    hours, pump = row["at_h"], {"interval_h": 1.0, "route": "iv", "infusion_h": 1.0}
    flow = concentration(hours, p, dose, doses=int(np.ceil(hours)), **pump)
    return flow + (concentration(hours, p, row["bolus_mg"], route="iv") if row["bolus_mg"] > 0 else 0.0)


@cache
def checked():
    """Every observation of ``kinetics_checks.csv`` with the model's value in both readings: a DataFrame."""
    rows = read_table("kinetics_checks")
    found = {r: [float(_asked(row, r)) for row in rows.to_dict("records")] for r in READINGS}
    return rows.assign(**{f"model_{r}": v for r, v in found.items()})


def _verdict(ratio):
    if 1 / CLOSE <= ratio <= CLOSE:
        return phrase("route.close")
    return phrase("route.too_high", times=ratio) if ratio > 1 else phrase("route.too_low", times=1 / ratio)


def checks(caption):
    """The model against observations that were not used to set it, misfits included: picture and table."""
    rows = checked()
    ratio = {r: rows[f"model_{r}"] / rows["observed"] for r in READINGS}
    picture = pd.DataFrame({"label": rows["label"], **ratio, "confirmed": rows["tag"] != "R"})
    told = []
    for n, row in rows.iterrows():
        values = [row[f"model_{r}"] for r in READINGS]
        same = np.isclose(*values)
        seen = _three(row["observed"])
        if not pd.isna(row["low"]):
            seen = phrase("route.between", observed=seen, low=_three(row["low"]), high=_three(row["high"]))
        words = [_verdict(ratio[r][n]) for r in READINGS]
        fit = words[0] if words[0] == words[1] else phrase("route.two_verdicts", published=words[0], twin=words[1])
        told.append(
            (row["label"], f"{seen} {row['unit']}",
             _three(values[0]) if same else phrase("route.two", published=_three(values[0]), twin=_three(values[1])),
             fit, f"{row['source']}, {phrase('route.unconfirmed') if row['tag'] == 'R' else row['tag']}", row["note"])
        )  # fmt: skip
    columns = [phrase(f"route.{h}") for h in ("what_observed", "observed", "model", "verdict", "evidence", "remark")]
    sheet = table(pd.DataFrame(told, columns=columns), phrase("route.checks_title"))
    return together(plots.ratios(picture, caption, CLOSE), folded(phrase("route.checks_folded"), sheet))


def card():
    """The parameter card: every number of the model with what it is, where it is from and how well it was seen."""
    weight = weights()[1]
    rows = [
        (
            r.label + (f" ({r.symbol})" if r.symbol else ""),
            f"{r.value:g} {r.unit}".strip(),
            f"{r.source}, {r.tag}",
            r.note,
        )
        for r in read_table("kinetics").itertuples()
    ]
    for reading, name in NAMES.items():
        p = parameters(weight, reading)
        found = {"clearance": _three(p.clearance), "volume": _three(p.volume), "hours": p.half_life}
        what, value = phrase("route.card_what", weight=weight, reading=name), phrase("route.card_value", **found)
        rows.append((what, value, phrase("route.computed"), f"{p.volume / weight:.2f} L/kg"))
    heads = [phrase(f"route.{h}") for h in ("what", "value", "evidence", "remark")]
    return table(pd.DataFrame(rows, columns=heads), phrase("route.card_title"))


def absorbed():
    """What was measured of absorption, and in whom: a table of ``kinetics_evidence.csv``."""
    rows = read_table("kinetics_evidence")
    rows["source"] += ", " + rows["tag"]
    rows = rows[["drug", "people", "contrast", "result", "says", "source"]]
    heads = [phrase(f"route.{h}") for h in ("drug", "who", "compared", "result", "says", "source")]
    return table(rows.set_axis(heads, axis=1), phrase("route.absorbed_title"))


def ledger(case):
    """The authors' reasons: what they state, what they cite for it, and what they infer; printed words kept short."""
    rows = case.claims[case.claims["fact"].isin(["F56", "F57", "F58", "F59", "P07"])]
    told = rows[["kind", "label"]].assign(
        words=rows["as_printed"].str.replace(" | ", "; "),
        cites=rows["cites"].str.replace(" ", ", ").replace("", phrase("route.no_reference")),
        fact=rows["fact"],
    )
    heads = [phrase(f"route.{h}") for h in ("kind", "what_is_said", "printed_words", "cites", "fact")]
    return table(told.set_axis(heads, axis=1), phrase("route.ledger_title"))


VIEWS = {"steady state": False, "first 24 hours": True}


class RouteBench(Explorer):
    """The injections against the vein: absorption, clearance, weight and interval to move; both readings at once.

    The injections are the printed ones unless their interval is moved. The vein is as printed.
    """

    def __init__(self):
        light, weight, swollen = weights()
        controls = {
            "absorbed": Number(phrase("route.absorbed"), 1, 0.1, 1, 0.05, phrase("route.of_the_usual")),
            "speed": Number(phrase("route.speed"), 1, 0.1, 1, 0.05, phrase("route.of_the_usual")),
            "clearance": Number(phrase("route.clearance"), 1, 0.25, 1, 0.05, phrase("route.of_the_usual")),
            "weight": Number(phrase("route.weight"), weight, light, swollen, 0.5, "kg"),
            "litres": Number(phrase("route.fluid"), 0, 0, 5, 0.5, phrase("route.litres")),
        }
        style = {"style": {"description_width": "19em"}, "layout": {"width": "31em"}}
        options = [(often(h), float(h)) for h in (24, 12, 8, 6)]
        controls["interval"] = widgets.Dropdown(
            options=options, value=printed()["sc"][1], description=phrase("route.injections"), **style
        )
        controls["view"] = widgets.Dropdown(
            options=[(phrase("route." + v.replace(" ", "_")), v) for v in VIEWS],
            value="steady state",
            description=phrase("route.drawn"),
            **style,
        )
        clear = widgets.Button(description=phrase("route.reset"), layout={"width": "12em"})
        super().__init__([*controls.values(), clear], controls)
        self._usual = self.get()
        clear.on_click(lambda _: self.set(**self._usual))

    def _supposed(self, now):
        """What differs from the usual, in words."""
        shares = [k for k in ("absorbed", "speed", "clearance") if now[k] != 1]
        told = [phrase(f"route.supposed_{k}", percent=100 * now[k]) for k in shares]
        told += [phrase("route.supposed_fluid", litres=now["litres"])] * (now["litres"] > 0)
        told += [phrase("route.supposed_weight", weight=now["weight"])] * (now["weight"] != weights()[1])
        again = phrase("route.supposed_interval", often=often(now["interval"]))
        return "; ".join(told + [again] * (now["interval"] != printed()["sc"][1]))

    def _view(self, now):
        day_1, weight = VIEWS[now["view"]], now["weight"]
        plain = {
            r: parameters(weight, r, now["absorbed"], now["speed"], extra_volume_l=now["litres"]) for r in READINGS
        }
        each = {r: replace(p, clearance=p.clearance * now["clearance"]) for r, p in plain.items()}
        ways = [
            ("sc", now["interval"], each["published"], ""),
            ("iv", printed()["iv"][1], each["published"], f", {NAMES['published']}"),
        ]
        ways += [("iv", printed()["iv"][1], each["flip_flop"], f", {NAMES['flip_flop']}")]
        if now["speed"] != 1 or now["clearance"] != 1 or now["litres"]:  # else both readings are one curve
            ways[0] = (*ways[0][:3], f", {NAMES['published']}")
            ways.append(("sc", now["interval"], each["flip_flop"], f", {NAMES['flip_flop']}"))
        curves, rows = [], []
        for way, hours, p, name in ways:
            words, dose = f"{WAYS[way]}, {often(hours)}{name}", _dose(way, weight)
            levels = concentration(HOURS, p, dose, hours, way, doses=int(DAY / hours) if day_1 else None)
            curves.append((words, levels))
            e = first_day(p, dose, hours, way) if day_1 else exposure(p, dose, hours, way)
            low = levels[-1] if day_1 else e["c_trough"]
            rows.append((words, f"{e['auc_24']:.1f}", *(f"{x:.2f}" for x in (e["auc_24"] / DAY, e["c_max"], low))))
        if now["clearance"] != 1:  # where the rise is counted from
            e = (first_day if day_1 else exposure)(plain["published"], _dose("sc", weight), now["interval"])
            words = f"{WAYS['sc']}, {often(now['interval'])}, {phrase('route.but_normal')}"
            rows.append((words, f"{e['auc_24']:.1f}", f"{e['auc_24'] / DAY:.2f}", f"{e['c_max']:.2f}", ""))
        heads = ("each_dose", "area", "average", "highest", "at_the_end" if day_1 else "lowest")
        columns = [phrase(f"route.{h}") for h in heads]
        view = phrase("route." + now["view"].replace(" ", "_"))
        title, caption = phrase("route.bench_title", view=view, weight=weight), phrase("route.bench_caption")
        picture = plots.course(HOURS, curves, self._splits(now, day_1, plain), title, self._supposed(now), caption)
        return together(picture.whole, table(pd.DataFrame(rows, columns=columns), phrase("route.same_numbers")))

    def _splits(self, now, day_1, plain):
        """Where the rise from the injections to the vein comes from; on the first day the readings differ."""
        given = {"intervals": (now["interval"], printed()["iv"][1]), "clearance": now["clearance"], "day_1": day_1}
        found = []
        for reading in READINGS[: 1 + day_1]:
            words = NAMES[reading] if day_1 else phrase("route.both_readings")
            words = phrase("route.rise_from_normal" if now["clearance"] != 1 else "route.rise", reading=words)
            found.append((words, split_gain(plain[reading], _dose("sc", now["weight"]), **given)))
        return found

    def set(self, **given):
        """The same by call: ``set(absorbed=0.25, speed=0.5)``, ``set(interval=6)``, ``set(view="first 24 hours")``."""
        for name, value in given.items():
            if name not in self._controls:
                return none_such([name], *self._controls)
            control = self._controls[name]
            if isinstance(control, widgets.Dropdown):
                if isinstance(value, bool) or not among(value, values(control)):
                    known = ", ".join(map(str, values(control)))
                    return say(phrase("explorer.not_on_the_list", value=value, name=name, known=known))
            elif isinstance(value, bool) or not isinstance(value, int | float):
                return say(phrase("route.no_number", value=value, name=name, low=control.low, high=control.high))
        return self._move(**given)


def picture(caption):
    """The picture to take home: both routes as printed, absorption as usual, and what less absorption would change."""
    _, weight, _ = weights()
    (_, slow), (_, quick) = printed()["sc"], printed()["iv"]
    least = read_table("kinetics_changes").query("change == 'absorbed'")["factor"].min()
    sc, few = (
        concentration(HOURS, parameters(weight, bioavailability=f), _dose("sc", weight), slow, "sc", doses=None)
        for f in (1.0, least)
    )
    curves = [(f"{WAYS['sc']}, {often(slow)}, {phrase('route.as_usual')}", sc)]
    for reading, name in NAMES.items():
        levels = concentration(HOURS, parameters(weight, reading), _dose("iv", weight), quick, "iv", doses=None)
        curves.append((f"{WAYS['iv']}, {often(quick)}, {name}", levels))
    splits = [
        (phrase(rise), split_gain(parameters(weight, bioavailability=f), _dose("sc", weight), (slow, quick)))
        for rise, f in (("route.rise_usual", 1.0), ("route.rise_quarter", least))
    ]
    between, title = (phrase("route.band"), few, sc), phrase("route.picture_title", weight=weight)
    return plots.course(HOURS, curves, splits, title, "", caption, between, phrase("route.picture_usual"))


route_bench = RouteBench
