"""The explorers: thin skins over the rules. Each also works by calls alone, with `set` and `get`."""

import asyncio
import math
from contextlib import contextmanager
from html import escape
from pathlib import Path

import anywidget
import ipywidgets as widgets
import numpy as np
import pandas as pd
import traitlets

from utils import plots
from utils.page import Shown, say, sendable, table, together
from utils.phrases import phrase, status_word
from utils.rules import RULES, evaluate, evaluate_table, unknown_results
from utils.tables import CaseDataError
from utils.units import Quantity, UnitError, among, factors, quantity, show, variables

REACH = 6  # so many steps to either side of a control lie ready


class Result(anywidget.AnyWidget):
    """Where a result stands on the page."""

    _esm = Path(__file__).with_name("explorer.js")
    _css = Path(__file__).with_name("cards.css")
    shown = traitlets.Dict().tag(sync=True)  # html, what sliders say, and the state of the movers for which it holds
    movers = traitlets.Dict().tag(sync=True)  # name -> [model, its trait, the name in words]


def _room():
    """Room beside a field for the sentence that refuses what was typed there; it is kept, so that nothing moves."""
    room = widgets.HTML()
    room.add_class("casebook-refused")
    return room


class Number(widgets.HBox):
    """A number to move: a field, which bears the name and holds the value, with a slider beside it.

    Parameters
    ----------
    label, unit : str
        The name on the page.
    value, low, high, step : float
    whole : bool
        Whole numbers only.
    width : str
        Of the name, in CSS units.
    """

    def __init__(self, label, value, low, high, step=1, unit="", whole=False, width="19em"):
        self.label, self.low, self.high, self.step, self.unit, self.whole = label, low, high, step, unit, whole
        self.name = f"{label}, {unit}" if unit else label
        look = {"style": {"description_width": width}, "layout": {"width": f"calc({width} + 8em)"}}
        self.field = widgets.FloatText(value, step=step, description=self.name, **look)
        self.slider, self.refused = self._handle(value), _room()
        super().__init__([self.field, self.slider, self.refused], layout={"flex_flow": "row wrap"})
        self.slider.observe(lambda change: self._slid(change.new), "value")

    def _handle(self, value):
        ends = {"min": self.low, "max": self.high, "step": self.step}
        return widgets.FloatSlider(value, **ends, readout=False, layout={"width": "16em"})

    def _slid(self, at):
        beside = abs(at - self.field.value)  # a handle stands up to half a step beside a typed number
        if beside > 0.51 * self.step or self.refused.value:
            self.field.value = self.of(at)

    def of(self, at):
        """The number for a place of the slider."""
        return round(at) if self.whole else round(at, 6)

    def beside(self):
        """Places of the slider next to the present one, the nearest first."""
        steps = [k * self.step * side for k in range(1, REACH + 1) for side in (1, -1)]
        return [at for s in steps if self.low <= (at := round(self.slider.value + s, 6)) <= self.high]

    def spoken(self, number):
        """A number with its unit, as the slider says it."""
        return f"{show(number)} {self.unit}".rstrip()

    @property
    def value(self):
        """What stands in the field."""
        typed = self.field.value
        return int(typed) if self.whole and math.isfinite(typed) and typed % 1 == 0 else typed

    @value.setter
    def value(self, number):
        self.field.value = number
        low, high = self._ends
        if self.of(self.slider.value) != number:  # else it would pull back a handle that has already gone on
            self.slider.value = min(max(number, low), high)

    @property
    def _ends(self):
        return self.slider.min, self.slider.max

    def check(self, number):
        """UnitError for a number that cannot stand here; it says what can."""
        ends = {"low": show(self.low), "high": self.spoken(self.high)}
        choose = phrase("explorer.choose_whole" if self.whole else "explorer.choose", **ends)
        try:
            finite = math.isfinite(number)
        except (TypeError, ValueError, OverflowError):  # no number, or one with hundreds of digits
            finite = False
        if not finite:
            raise UnitError(phrase("explorer.no_number", choose=choose))
        if self.whole and number % 1:
            raise UnitError(phrase("explorer.not_whole", number=number, choose=choose))
        if not self.low <= number <= self.high:
            given = f"{number:g} {self.unit}".rstrip()
            raise UnitError(phrase("explorer.outside", given=given, choose=choose))


def none_such(other, *known):
    """What is said to a name that nothing here has."""
    return say(phrase("explorer.none_such", name=next(iter(other)), known=", ".join(known)))


def values(listed):
    """The values of a list, in its order."""
    return [o[1] if isinstance(o, tuple) else o for o in listed.options]


class Explorer(widgets.VBox):
    """Controls above a result. Before it is run, a reader sees the result as it first was.

    A class below gives `_view`, which makes the result of a state (dict of name -> value) and reads no control. Where
    it raises UnitError the state is refused: a sentence at the field says why, what was typed stays to be mended, and
    the result stays as it was. An explorer that can refuse has a `Number`, or a text field among its rows.

    Parameters
    ----------
    rows : list of widgets
        What stands above the result.
    controls : dict of str -> widget
        Each `Number`, list, tick or text field by the name it has in a state.
    """

    note = phrase("explorer.note")
    slow = ()  # names of controls whose results take too long to be made before they are asked for

    def __init__(self, rows, controls):
        self._controls, self._setting, self._near, self._sent = controls, False, None, None
        self._movers = {n: m for n, c in controls.items() if (m := _mover(c))}
        self._numbers = {n: c for n, c in controls.items() if isinstance(c, Number)}
        texts = {n: (c, _room()) for n, c in controls.items() if isinstance(c, widgets.Text)}
        self._rooms = {n: room for n, (_, room) in texts.items()} | {n: c.refused for n, c in self._numbers.items()}
        for text, room in texts.values():
            rows = [widgets.HBox([r, room], layout={"flex_flow": "row wrap"}) if r is text else r for r in rows]
        sides = {n: [f"IPY_MODEL_{m.model_id}", trait, words] for n, (m, trait, words) in self._movers.items()}
        self._results = [*(r for r in rows if isinstance(r, Result)), Result()]
        super().__init__([*rows, self._results[-1]])
        self.add_class("casebook-explorer")
        self._used = self._read()
        self._show(self._parts(self._used))
        for result in self._results:
            result.movers = sides
            result.on_msg(lambda _, content, __: self._approached(content.get("near")))
        for name, control in controls.items():
            field = control.field if isinstance(control, Number) else control
            field.observe(lambda _, name=name: self._changed(name), "value")

    # ---- from a state to what is shown ------------------------------------------------------------------------------
    def _view(self, now):
        """What is shown of a state (Shown); UnitError where there is no such state."""
        raise NotImplementedError

    def _parts(self, now):
        """One `Shown` for each place of a result."""
        return (self._view(now),)

    def _settled(self, now, name):
        """The state after the control `name` was moved: others may have to follow."""
        return now

    def _place(self, now):
        """Let the controls say a state."""
        for name, value in now.items():
            self._controls[name].value = value

    def _check(self, now):
        for name, control in self._numbers.items():
            control.check(now[name])

    def _read(self):
        return {name: control.value for name, control in self._controls.items()}

    def _show(self, parts, refused="", name=None):
        """Put the parts on the page; where a control was refused, the sentence at its field."""
        told = [say(refused)] if refused else []
        self._shown, self._last = parts, together(*told, *parts)
        at = name if name in self._rooms else next(iter(self._rooms), None)  # a list has no room of its own
        for field, room in self._rooms.items():
            if not refused or field == at:
                room.value = "".join(escape(t.text) for t in told)
        for result, part in zip(self._results[-len(parts) :], parts, strict=True):
            result.shown = {"html": part.html, "spoken": self._spoken(self._used), "state": self._state()}

    def _spoken(self, now):
        return {name: number.spoken(now[name]) for name, number in self._numbers.items()}

    # ---- moved on the page, or by call ------------------------------------------------------------------------------
    @contextmanager
    def _at_once(self):
        """Inside it controls can be moved one after the other without anything being drawn in between."""
        self._setting = True
        try:
            yield
        finally:
            self._setting = False

    def _changed(self, name):
        if self._setting:
            return
        # As all controls stand; where another one was refused before and still waits to be mended, without that one.
        for now in (self._read(), {**self._used, name: self._controls[name].value}):
            try:
                self._check(now)
                self._take(self._settled(now, name))
                break
            except UnitError as fault:
                refused = phrase("explorer.refused", why=fault)
        else:
            self._show(self._shown, refused, name)
        self._prepare()

    def _move(self, **wanted):
        """Move controls by call, all or none; returns what is shown."""
        try:
            now = {**self._used, **wanted}
            self._check(now)
            for name, value in wanted.items():
                if value != self._used[name]:
                    now = {**self._settled(now, name), **wanted}
            self._take(now)
        except UnitError as refused:
            return say(phrase("explorer.refused", why=refused))
        return self._last

    def _take(self, now):
        parts = self._parts(now)
        with self._at_once():
            self._place(now)
        self._used = now
        self._show(parts)

    # ---- what lies ready on the page --------------------------------------------------------------------------------
    def _state(self):
        """Where the page holds each control that can be moved in steps."""
        return {name: getattr(model, trait) for name, (model, trait, _) in self._movers.items()}

    def _approached(self, name):
        self._near = name if name in self._movers and name not in self.slow else None
        self._prepare()

    def _prepare(self):
        """Make the results beside the present one, one at a time, and put them on the page."""
        try:
            loop, name = asyncio.get_running_loop(), self._near
        except RuntimeError:  # nobody's page: a test, or a script
            return
        if name is None:
            return
        base, used = self._state(), self._used
        elsewhere = (name, {n: v for n, v in base.items() if n != name})
        if self._sent is None or self._sent[0] != elsewhere:
            self._sent = (elsewhere, set())
        steps = [at for at in self._steps(name) if at not in self._sent[1]]

        def one():
            if steps and self._state() == base and self._used is used:
                at = steps.pop(0)
                self._sent[1].add(at)
                self._offer(name, at, base)
                loop.call_soon(one)

        loop.call_soon(one)

    def _steps(self, name):
        control = self._controls[name]
        if isinstance(control, Number):
            return control.beside()
        if isinstance(control, widgets.Dropdown):
            here = control.index or 0
            return sorted(range(len(control.options)), key=lambda n: abs(n - here))[1 : 2 * REACH]
        return [not control.value]

    def _offer(self, name, at, base):
        control = self._controls[name]
        value = control.of(at) if isinstance(control, Number) else at
        value = values(control)[at] if isinstance(control, widgets.Dropdown) else value
        try:
            now = self._settled({**self._used, name: value}, name)
            parts = self._parts(now)
        except UnitError:
            return  # it will be refused in words if it is asked for
        for result, part in zip(self._results, parts, strict=True):
            result.send({"name": name, "at": at, "base": base, "html": part.html, "spoken": self._spoken(now)})

    def get(self):
        """What the controls say: dict of name -> value."""
        return dict(self._used)

    def _repr_mimebundle_(self, **kwargs):
        data = super()._repr_mimebundle_(**kwargs)
        first = together(Shown(f"<p><em>{self.note}</em></p>", self.note), self._last)
        return {**data, "text/html": first.html, "text/plain": first.text}


class Again(Explorer):
    """A button above what a function shows now, so that it can be brought up to date without running its cell.

    Parameters
    ----------
    show : callable
        Without arguments; returns a Shown.
    """

    note = phrase("explorer.again_note")

    def __init__(self, show):
        self._now, button = show, widgets.Button(description=phrase("explorer.again"), layout={"width": "12em"})
        super().__init__([button], {})
        button.on_click(lambda _: self._take({}))

    def _view(self, now):
        return self._now()

    def get(self):
        """What is shown."""
        return self._last


def _mover(control):
    """What the page moves in steps: (model, its trait on the page, its name in words); None for what is typed."""
    if isinstance(control, Number):
        return control.slider, "value", phrase("explorer.slider", name=control.name)
    if isinstance(control, widgets.Dropdown):
        return control, "index", ""  # lists and ticks have a name of their own
    if isinstance(control, widgets.Checkbox | widgets.ToggleButton):
        return control, "value", ""
    return None


UNKNOWN = "unknown"  # a list shows no entry whose value is None: it would stand empty on the page


class UnitBench(Explorer):
    """Type a value: a bare number is refused, a value with its unit is shown in every unit of that analyte.

    It begins with what is refused; until a value is accepted, the units of that analyte stand there without values.
    """

    def __init__(self, analyte="triglycerides", text="1.5"):
        known = [
            (variables().at[n, "label"], n) for n in ("triglycerides", "fibrinogen", "ferritin", "platelets", "ast")
        ]
        style = {"description_width": "9em"}
        controls = {
            "analyte": widgets.Dropdown(
                options=known, value=analyte, description=phrase("explore.analyte"), style=style
            ),
            "text": widgets.Text(description=phrase("explore.value_unit"), style=style, continuous_update=False),
        }
        super().__init__([*controls.values()], controls)
        controls["text"].value = text

    def _view(self, now):
        q = quantity(now["text"], now["analyte"]) if now["text"] else None
        rows = [
            (unit, str(q.to(unit)) if q else "", f"× {show(factor)}" if factor != 1 else phrase("explore.compared_in"))
            for unit, factor in factors(now["analyte"]).items()
        ]
        title = phrase("explore.accepted" if q else "explore.units", value=q, analyte=now["analyte"])
        heads = [*map(phrase, ("explore.unit", "explore.value", "explore.factor"))]
        sheet = table(pd.DataFrame(rows, columns=heads), title)
        return together(sheet, say(q.warning)) if q and q.warning else sheet

    def set(self, text, analyte=None, **other):
        """The same by call: ``set("1.5 mmol/L", "triglycerides")``; returns what is shown."""
        if other:
            return none_such(other, "text", "analyte")
        known = values(self._controls["analyte"])
        if analyte is not None and not among(analyte, known):
            return say(phrase("explore.no_analyte", analyte=analyte, known=", ".join(known)))
        return self._move(text=sendable(text), analyte=analyte or self._used["analyte"])

    def get(self):
        """What is shown now."""
        return self._last


class WhatIf(Explorer):
    """What if an unknown had been reported? One slider an unknown number; unticked means still unknown.

    Parameters
    ----------
    rule : str
        A name of `RULES`.
    case : Case
        The case as of a moment.
    **ranges : (float, float, float)
        For each unknown number, by name, as in ``platelets=(0, 500, 250)``: lowest and highest trial value and the
        value to start from, in the published unit.
    """

    def __init__(self, rule, case, **ranges):
        self._rule, self._given, self._ranges = rule, dict(case.inputs), ranges
        self._node, controls, rows = {}, {}, []
        for row in RULES[rule].nodes().values():  # the first threshold or weight of each number
            if row["input"] in ranges and row["unit"]:
                self._node.setdefault(row["input"], row)
        if strangers := set(ranges) - set(self._node):
            names = ", ".join(sorted(strangers))
            raise UnitError(phrase("explore.no_such_number", names=names, rule=RULES[rule].short))
        for name, (low, high, start) in ranges.items():
            label = variables().at[name, "label"]
            tick = widgets.Checkbox(
                value=False, description=phrase("explore.suppose", label=label), indent=False, layout={"width": "19em"}
            )
            number = Number(label, start, low, high, unit=self._unit(name), width="10em")
            number.layout.flex, number.slider.layout.width = "1 1 45em", "12em"  # in one row with the tick
            for part in (number.field, number.slider):
                part.disabled = True
            controls |= {f"{name} known": tick, name: number}
            rows.append(widgets.HBox([tick, number], layout={"flex_flow": "row wrap"}))
        super().__init__(rows, controls)

    def _unit(self, name):
        return self._node[name]["unit"]

    def _supposed(self, now):
        return {n: Quantity(n, now[n], self._unit(n)) if now[f"{n} known"] else None for n in self._ranges}

    def _place(self, now):
        super()._place(now)
        for name in self._ranges:
            for part in (self._controls[name].field, self._controls[name].slider):
                part.disabled = not now[f"{name} known"]

    def _view(self, now):
        """The verdict in words, where it flips along each unknown, and the items."""
        given = {**self._given, **self._supposed(now)}
        verdict = evaluate(self._rule, given)
        words = phrase("explore.verdict", rule=verdict.title, status=status_word(verdict.status).upper())
        line = Shown(f"<p><strong>{escape(words)}</strong></p>", words)
        labels = variables()["label"]
        flips = [say(phrase("explore.varying", label=labels[n], flips=self._flips(n, given))) for n in self._ranges]
        return together(line, *flips, table(verdict.sheet(), phrase("explore.items")))

    def _verdicts(self, given, **trials):
        """Verdicts with some inputs replaced by arrays of trial values in the published unit."""
        size = len(next(iter(trials.values())))
        frame = pd.DataFrame({n: _canonical(v) for n, v in given.items()}, index=range(size))
        frame = frame.assign(**{n: values * factors(n)[self._unit(n)] for n, values in trials.items()})
        return evaluate_table(self._rule, frame)["status"].astype(str).to_numpy()

    def _flips(self, name, given):
        """Verdict along one input, everything else as supposed: '0 to 181: met; 182 to 500: undetermined'."""
        trial = np.arange(self._ranges[name][0], self._ranges[name][1] + 1)
        status = self._verdicts(given, **{name: trial})
        edges = np.flatnonzero(status[1:] != status[:-1])
        ends = zip([0, *(edges + 1)], [*edges, len(trial) - 1], strict=True)
        spans = [(show(trial[a]), f"{show(trial[b])} {self._unit(name)}", status_word(status[a])) for a, b in ends]
        return "; ".join(phrase("explore.flip", low=low, high=high, status=word) for low, high, word in spans)

    def picture(self, caption):
        """Where the verdict flips over the first two unknowns, everything else as reported."""
        names = list(self._ranges)[:2]
        axes = [np.linspace(self._ranges[n][0], self._ranges[n][1], 201) for n in names]
        grid = [g.ravel() for g in np.meshgrid(*axes)]
        status = self._verdicts(self._given, **dict(zip(names, grid, strict=True))).reshape(201, 201)
        labels = [f"{variables().at[n, 'label']} ({self._unit(n)})" for n in names]
        return plots.verdict_map(*axes, status, labels, [self._node[n]["threshold"] for n in names], caption)

    def set(self, **values):
        """Suppose values by call: ``set(platelets="150 ×10⁹/L")``, or None for unknown; returns what is shown."""
        wanted = {}
        for name, text in values.items():  # all are read before any is moved, so that a refusal changes nothing
            if name not in self._ranges:
                return say(phrase("explore.not_supposed", name=name, known=phrase("explore.or").join(self._ranges)))
            try:
                wanted[name] = None if text is None else quantity(text, name).to(self._unit(name)).single()
            except UnitError as refused:
                return say(phrase("explorer.refused", why=refused))
            low, high, _ = self._ranges[name]
            if text is not None and not low <= wanted[name] <= high:
                ends = {"low": show(low), "high": f"{show(high)} {self._unit(name)}"}
                return say(phrase("explore.outside", given=text, **ends))
        known = {f"{name} known": value is not None for name, value in wanted.items()}
        return self._move(**known, **{name: value for name, value in wanted.items() if value is not None})

    def get(self):
        """What is supposed now: dict of name -> Quantity, or None where it is left unknown."""
        return self._supposed(self._used)


class RulerBench(Explorer):
    """Several rules on one child, side by side; every unknown of theirs has a list of what it could turn out to be.

    Parameters
    ----------
    case : Case
        The case as of a moment; its unknowns can be supposed.
    rules : sequence of str
        Names of `RULES`.
    beside : Case, optional
        An earlier moment, drawn beside it and never changed.
    trials : dict of str -> list of str, optional
        Values to offer for an unknown number that no threshold cuts into pieces, as in ``{"esr": ["20 mm/h"]}``.
    """

    def __init__(self, case, rules, beside=None, trials=None):
        self._case, self._rules, self._beside = case, [*rules], beside
        self._printed = [evaluate(r, case) for r in rules]
        options = unknown_results(self._printed)
        for name, texts in (trials or {}).items():
            if not any(name in v.missing for v in self._printed):
                asking = ", ".join(v.short for v in self._printed)
                raise UnitError(phrase("explore.no_such_unknown", name=name, rules=asking))
            options[name] = [(str(quantity(x, name)), quantity(x, name)) for x in texts]
        self._before = [evaluate(r, beside) for r in rules] if beside else None
        controls = {}
        self._listed = {n: [(phrase("explore.unknown"), UNKNOWN), *results] for n, results in options.items()}
        for name, choices in self._listed.items():
            controls[name] = widgets.Dropdown(
                options=choices,
                description=variables().at[name, "label"],
                style={"description_width": "20em"},
                layout={"width": "35em"},
            )
        clear = widgets.Button(description=phrase("explore.clear"), layout={"width": "12em"})
        grid = widgets.Box(list(controls.values()), layout={"flex_flow": "row wrap"})
        super().__init__([grid, clear], controls)
        clear.on_click(lambda _: self.set(**dict.fromkeys(controls)))

    def _view(self, now):
        """Each rule as supposed: the picture, what moved, and the verdicts with what would settle them cheapest."""
        supposed = {n: v for n, v in now.items() if v != UNKNOWN}
        given = {**self._case.inputs, **supposed}
        verdicts = [evaluate(r, given) for r in self._rules]
        moved = [
            phrase("explore.moved", rule=v.short, was=status_word(p.status), now=status_word(v.status))
            for v, p in zip(verdicts, self._printed, strict=True)
            if v.status != p.status
        ]
        told = [f"{variables().at[n, 'label']} {_word(v)}" for n, v in supposed.items()]
        line = "explore.supposed_moved" if moved else "explore.supposed" if told else "explore.nothing_supposed"
        line = say(phrase(line, told="; ".join(told), moved="; ".join(moved)))
        return together(line, self.picture(phrase("explore.rulers"), verdicts), self.sheet(verdicts))

    def picture(self, caption, verdicts=None):
        """Rules that count something on their common axis; the items of rules that do not, as a table of shapes."""
        verdicts = verdicts or self._printed
        if not all(v.reach for v in verdicts):
            asked = [
                (r.input, v.rule, r.status) for v in verdicts for r in v.items.itertuples() if r.input and r.status
            ]
            rows, columns = {n: variables().at[n, "label"] for n, _, _ in asked}, {v.rule: v.short for v in verdicts}
            states = {**dict.fromkeys(((r, c) for r in rows for c in columns), "")}
            states |= {(n, rule): status for n, rule, status in reversed(asked)}  # the first item of an input counts
            states |= {("", v.rule): v.status for v in verdicts}
            return plots.matrix(states, {**rows, "": phrase("explore.whole_set")}, columns, caption, plots.VERDICTS)
        pairs = list(zip(self._before, verdicts, strict=True)) if self._before else [(v,) for v in verdicts]
        moments = [
            c.time_points.set_index("time_point").at[c.time_point, "short"] for c in (self._beside, self._case) if c
        ]
        return plots.rulers(pairs, moments, caption)

    def sheet(self, verdicts=None):
        """The verdicts as a table: what each could still be, and which result would settle it at the least cost."""
        rows = []
        for v in verdicts or self._printed:
            scored = (plots.span(v), plots.cut_off(v)) if v.reach else ("", "")
            ways = [f"{r.result} ({status_word(r.verdict)})" for r in v.cheapest.itertuples()]
            ways = phrase("explore.or_way").join(ways) or phrase("explore.settled")
            rows.append((v.short, status_word(v.status), *scored, ways))
        names = ("explore.rule", "explore.status", "explore.could_be", "explore.cut_off", "explore.cheapest")
        frame = pd.DataFrame(rows, columns=[*map(phrase, names)])
        return table(frame.loc[:, (frame != "").any()], phrase("explore.verdicts"))

    def set(self, **values):
        """Suppose by call: ``set(neutrophils="3.0 ×10⁹/L", haemophagocytosis=True)``; None stands for unknown."""
        wanted = {}
        for name, value in values.items():  # all are read before any is moved, so that a refusal changes nothing
            if name not in self._controls:
                return say(phrase("explore.not_unknown", name=name, known=", ".join(self._controls)))
            try:
                is_flag = variables().at[name, "kind"] == "flag"
                if is_flag and not isinstance(value, bool | np.bool_ | None):
                    raise UnitError(phrase("explore.not_a_finding", name=name, given=repr(value)))
                wanted[name] = value if is_flag or value is None else quantity(value, name)
            except UnitError as refused:
                return say(phrase("explorer.refused", why=refused))
        return self._move(**{name: UNKNOWN if v is None else v for name, v in wanted.items()})

    def _place(self, now):
        for name, value in now.items():
            listed, control = self._listed[name], self._controls[name]
            if value not in [v for _, v in listed]:  # it is put there, so that the page says what is supposed
                listed = [*listed, (phrase("explore.by_call", value=value), value)]
            if [*control.options] != listed:
                control.options = listed
            control.value = value

    def get(self):
        """What is supposed now: dict of name -> value, or None where it is left unknown."""
        return {n: None if v == UNKNOWN else v for n, v in self._used.items()}


def _word(value):
    return phrase("explore.present" if value else "explore.absent") if isinstance(value, bool) else str(value)


def _canonical(value):
    """An input as a cell of a table: a plain number where it is one, which is much faster than a Quantity."""
    if not isinstance(value, Quantity) or value.high is not None:
        return value
    return value.canonical().value if value.known else None


class LookUp(Explorer):
    """Type an address such as F09: what stands behind it, or a sentence where it does not open at this moment.

    Parameters
    ----------
    case : Case
        The case as of a moment.
    name : str
        The address to begin with.
    """

    def __init__(self, case, name):
        self._case = case
        label = phrase("explore.address_label")
        text = widgets.Text(value=sendable(name), description=label, continuous_update=False)
        super().__init__([text], {"address": text})

    def _view(self, now):
        name = now["address"].strip()
        try:
            return table(self._case.address(name.upper()), phrase("explore.address", address=name.upper()))
        except CaseDataError:
            moment = self._case.time_point.replace("_", " ")
            return say(phrase("explore.closed", name=name, moment=moment))

    def set(self, address, **other):
        """The same by call: ``set("F09")``; returns what is shown."""
        return none_such(other, "address") if other else self._move(address=sendable(address))


unit_bench, what_if, ruler_bench, look_up = UnitBench, WhatIf, RulerBench, LookUp
