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

from utils import engine as new
from utils import plots
from utils.page import Shown, say, table, together
from utils.phrases import phrase, status_word
from utils.rules import RULES, evaluate, evaluate_table, unknown_results
from utils.tables import CaseDataError
from utils.units import Quantity, UnitError, factors, quantity, show, variables

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
    why = phrase("explorer.none_such", name=next(iter(other)), known=", ".join(known))
    return say(phrase("explorer.refused", why=why))


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


def unit_bench(analyte="triglycerides", text="1.5"):
    """Type a value: a bare number is refused, a value with its unit is shown in every unit of that analyte.

    It begins with what is refused; until a value is accepted, the units of that analyte stand there without values.
    """

    def view(text, analyte):
        q = quantity(text, analyte) if text else None
        rows = [
            (unit, str(q.to(unit)) if q else "", f"× {show(factor)}" if factor != 1 else phrase("explore.compared_in"))
            for unit, factor in factors(analyte).items()
        ]
        title = phrase("explore.accepted" if q else "explore.units", value=q, analyte=analyte)
        heads = [*map(phrase, ("explore.unit", "explore.value", "explore.factor"))]
        sheet = table(pd.DataFrame(rows, columns=heads), title)
        return together(sheet, say(q.warning)) if q and q.warning else sheet

    known = ("triglycerides", "fibrinogen", "ferritin", "platelets", "ast")
    controls = {
        "text": new.Text(phrase("explore.value_unit")),
        "analyte": new.Choice(phrase("explore.analyte"), {variables().at[n, "label"]: n for n in known}, analyte),
    }
    made = new.explorer(view, rows=[["analyte"], ["text"]], **controls)
    controls["text"].field.value = text
    return made


def _statuses(rule, given, **trials):
    """Verdicts (array of str) with some inputs replaced by arrays of trial values, in canonical units."""
    plain = {n: v.canonical().value if isinstance(v, Quantity) and v.high is None else v for n, v in given.items()}
    frame = pd.DataFrame(plain, index=range(len(next(iter(trials.values()))))).assign(**trials)
    return evaluate_table(rule, frame)["status"].astype(str).to_numpy()


def _nodes(rule, names):
    """The first threshold or weight of each number in the rule: dict of name -> row; UnitError where there is none."""
    rows = [r for r in RULES[rule].nodes().values() if r["unit"]]
    found = {r["input"]: r for r in reversed(rows)}
    if strangers := ", ".join(sorted(set(names) - set(found))):
        raise UnitError(phrase("explore.no_such_number", names=strangers, rule=RULES[rule].short))
    return {n: found[n] for n in names}


def what_if(rule, case, **ranges):
    """What if an unknown had been reported? One slider an unknown number; unticked means still unknown.

    Parameters
    ----------
    rule : str
        A name of `RULES`.
    case : Case
        The case as of a moment.
    **ranges : (float, float, float)
        For each unknown number, by name, as in ``platelets=(0, 500, 250)``: lowest and highest trial value and the
        value to start from, in the published unit. `set` takes a value with its unit, or None for unknown.
    """
    units = {n: row["unit"] for n, row in _nodes(rule, ranges).items()}
    labels = variables()["label"]

    def supposed(state):
        return {n: Quantity(n, state[n], unit) if state[f"{n} known"] else None for n, unit in units.items()}

    def flips(name, given):
        """Verdict along one input, everything else as supposed: '0 to 181: met; 182 to 500: undetermined'."""
        trial = np.arange(ranges[name][0], ranges[name][1] + 1)
        status = _statuses(rule, given, **{name: trial * factors(name)[units[name]]})
        starts = [0, *np.flatnonzero(status[1:] != status[:-1]) + 1]
        spans = zip(starts, [*starts[1:], len(trial)], strict=True)
        words = [(trial[a], f"{show(trial[b - 1])} {units[name]}", status_word(status[a])) for a, b in spans]
        return "; ".join(phrase("explore.flip", low=show(low), high=high, status=word) for low, high, word in words)

    def view(**state):
        given = {**case.inputs, **supposed(state)}
        verdict = evaluate(rule, given)
        words = phrase("explore.verdict", rule=verdict.title, status=status_word(verdict.status).upper())
        told = [say(phrase("explore.varying", label=labels[n], flips=flips(n, given))) for n in ranges]
        strong = Shown(f"<p><strong>{escape(words)}</strong></p>", words)
        return together(strong, *told, table(verdict.sheet(), phrase("explore.items")))

    def accept(values):
        for name in values.keys() - ranges.keys():
            raise UnitError(phrase("explorer.none_such", name=name, known=", ".join(ranges)))
        ticks = {f"{n} known": v is not None for n, v in values.items()}
        return ticks | {n: v for n, v in values.items() if v is not None}

    controls = {}
    for n, (low, high, start) in ranges.items():
        known = lambda state, tick=f"{n} known": state[tick]  # noqa: E731
        controls[f"{n} known"] = new.Tick(phrase("explore.suppose", label=labels[n]))
        controls[n] = new.Number(labels[n], start, low, high, unit=units[n], variable=n, enabled=known)
    rows = [[f"{n} known", n] for n in ranges]
    return new.explorer(view, rows=rows, accept=accept, tell=supposed, **controls)


def flip_map(rule, case, caption, **ranges):
    """Where the verdict flips over two unknown numbers: ``platelets=(0, 500)``, ends in the published unit (Figure)."""
    nodes = _nodes(rule, ranges)
    axes = {n: np.linspace(*ends, 201) for n, ends in ranges.items()}
    grid = np.meshgrid(*(axis * factors(n)[nodes[n]["unit"]] for n, axis in axes.items()))
    status = _statuses(rule, case.inputs, **{n: g.ravel() for n, g in zip(axes, grid, strict=True)})
    labels = [f"{variables().at[n, 'label']} ({row['unit']})" for n, row in nodes.items()]
    cuts = [row["threshold"] for row in nodes.values()]
    return plots.verdict_map(*axes.values(), status.reshape(201, 201), labels, cuts, caption)


def ruler_bench(case, rules, beside=None, trials=None):
    """Several rules on one child, side by side; every unknown of theirs has a list of what it could turn out to be.

    Parameters
    ----------
    case : Case
        The case as of a moment; its unknowns can be supposed. `set` takes a value with its unit, a finding as True or
        False, or None for unknown.
    rules : sequence of str
        Names of `RULES`.
    beside : Case, optional
        An earlier moment, drawn beside it and never changed.
    trials : dict of str -> list of str, optional
        Values to offer for an unknown number that no threshold cuts into pieces, as in ``{"esr": ["20 mm/h"]}``.
    """
    printed, before = ([evaluate(r, c) for r in rules] if c else [] for c in (case, beside))
    moments = [c.time_points.set_index("time_point").at[c.time_point, "short"] for c in (beside, case) if c]
    results, labels = unknown_results(printed), variables()["label"]
    for name, texts in (trials or {}).items():
        if not any(name in v.missing for v in printed):
            asking = ", ".join(v.short for v in printed)
            raise UnitError(phrase("explore.no_such_unknown", name=name, rules=asking))
        results[name] = [(str(quantity(x, name)), quantity(x, name)) for x in texts]

    def tell(state):
        return {n: None if v == UNKNOWN else v for n, v in state.items()}

    def word(value):
        return phrase("explore.present" if value else "explore.absent") if isinstance(value, bool) else str(value)

    def view(**state):
        supposed = {n: v for n, v in state.items() if v != UNKNOWN}
        verdicts = [evaluate(r, {**case.inputs, **supposed}) for r in rules]
        moved = [
            phrase("explore.moved", rule=v.short, was=status_word(p.status), now=status_word(v.status))
            for v, p in zip(verdicts, printed, strict=True)
            if v.status != p.status
        ]
        line = "explore.supposed_moved" if moved else "explore.supposed" if supposed else "explore.nothing_supposed"
        told = "; ".join(f"{labels[n]} {word(v)}" for n, v in supposed.items())
        pairs = [*zip(before, verdicts, strict=True)] if beside else [(v,) for v in verdicts]
        caption = phrase("explore.rulers")
        counted = all(v.reach for v in verdicts)
        picture = plots.rulers(pairs, moments, caption) if counted else _matrix(verdicts, caption)
        return together(say(phrase(line, told=told, moved="; ".join(moved))), picture, _verdicts(verdicts))

    def listed(name):
        offered = {phrase("explore.unknown"): UNKNOWN, **dict(results[name])}

        def options(state):  # what is supposed by call is put on the list, so that the page says it
            value = state.get(name, UNKNOWN)
            return offered if value in offered.values() else {**offered, phrase("explore.by_call", value=value): value}

        def read(given):
            if given is None:
                return UNKNOWN
            if variables().at[name, "kind"] != "flag":
                return quantity(given, name)
            if not isinstance(given, bool | np.bool_):
                raise UnitError(phrase("explore.not_a_finding", name=name, given=repr(given)))
            return bool(given)

        return new.Choice(labels[name], options, read=read)

    controls = {n: listed(n) for n in results}
    return new.explorer(view, rows=[[*controls]], reset=phrase("explore.clear"), tell=tell, **controls)


def _matrix(verdicts, caption):
    """The items of rules that do not count, as a table of shapes."""
    asked = [(r.input, v.rule, r.status) for v in verdicts for r in v.items.itertuples() if r.input and r.status]
    rows, columns = {n: variables().at[n, "label"] for n, _, _ in asked}, {v.rule: v.short for v in verdicts}
    states = {(r, c): "" for r in rows for c in columns}
    states |= {(n, rule): status for n, rule, status in reversed(asked)}  # the first item of an input counts
    states |= {("", v.rule): v.status for v in verdicts}
    return plots.matrix(states, {**rows, "": phrase("explore.whole_set")}, columns, caption, plots.VERDICTS)


def _verdicts(verdicts):
    """What each rule could still be, and which result would settle it at the least cost."""
    rows = []
    for v in verdicts:
        scored = (plots.span(v), plots.cut_off(v)) if v.reach else ("", "")
        ways = [f"{r.result} ({status_word(r.verdict)})" for r in v.cheapest.itertuples()]
        ways = phrase("explore.or_way").join(ways) or phrase("explore.settled")
        rows.append((v.short, status_word(v.status), *scored, ways))
    names = ("explore.rule", "explore.status", "explore.could_be", "explore.cut_off", "explore.cheapest")
    frame = pd.DataFrame(rows, columns=[*map(phrase, names)])
    return table(frame.loc[:, (frame != "").any()], phrase("explore.verdicts"))


def look_up(case, name):
    """Type an address such as F09: what stands behind it, or a sentence where it does not open at this moment."""

    def view(address):
        name = address.strip()
        try:
            return table(case.address(name.upper()), phrase("explore.address", address=name.upper()))
        except CaseDataError:
            return say(phrase("explore.closed", name=name, moment=case.time_point.replace("_", " ")))

    return new.explorer(view, address=new.Text(phrase("explore.address_label"), name))


def again(show):
    """A button above what `show` (without arguments) gives now: it brings that up to date without running its cell."""
    return new.explorer(show, reset=phrase("explorer.again"), note=phrase("explorer.again_note"))
