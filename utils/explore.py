"""Explorers: controls above what a function makes of their values; and the benches that several pages use.

A result depends on nothing but what the controls say. So the results next to the present one are made while nothing
else is to do and lie ready on the page: a key that is pressed shows the next one at once, and the kernel confirms it.
"""

import asyncio
import math
from contextlib import suppress
from html import escape
from numbers import Real
from operator import itemgetter
from pathlib import Path

import anywidget
import ipywidgets as widgets
import numpy as np
import pandas as pd
import traitlets

from utils import plots
from utils.page import Shown, headed, say, sendable, table, together
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


class Control:
    """What controls share: `field` bears the name and holds the value, `widget` is what stands on the page.

    `mover` is what the page moves in steps: (model, its trait, its name in words); `room`, beside a field that is typed
    into, is for the sentence that refuses, and kept so that nothing moves; `spoken` is how a slider says a value.
    """

    mover = room = spoken = None

    def __init__(self, kind, label, *beside, typed=False, **traits):
        self.label, self.field = label, kind(**{"description": label, **traits})
        self.room = widgets.HTML().add_class("casebook-refused") if typed else None
        self.widget = widgets.HBox([self.field, *beside, self.room]) if typed else self.field

    def fit(self, state, value):  # say a value of a state
        self.field.value = value

    def check(self, value):  # a value that was typed or chosen; UnitError says what can stand here
        return value

    def read(self, given):  # the value that `set` was given
        return self.check(given)


class Number(Control):
    """A number: a field that is typed into, with a slider beside it.

    Of a `variable` of ``variables.csv``, `set` takes a value with its unit. With `log` the slider goes over the
    logarithm, in 200 steps. In a state, `enabled` says whether it can be moved, `ends` its (lowest, highest, unit).
    """

    def __init__(
        self, label, value, low, high, step=1, unit="", *, variable="", whole=False, log=False, enabled=None, ends=None
    ):
        self.low, self.high, self.unit, self.variable, self.whole, self.log = low, high, unit, variable, whole, log
        self._enabled, self._ends = enabled or (lambda state: True), ends or (lambda state: (low, high, unit))
        self.slider, name = widgets.FloatSlider(step=step, readout=False), f"{label}, {unit}" if unit else label
        super().__init__(widgets.FloatText, label, self.slider, typed=True, description=name, value=value, step=step)
        self.mover = self.slider, "value", phrase("explorer.slider", name=name)
        self.slider.observe(self._slid, "value")

    def _place(self, number):
        return math.log10(max(number, 1e-9)) if self.log else number

    def _nearest(self):
        return min(max(self._place(self.field.value), self.slider.min), self.slider.max)

    def _slid(self, change):  # the handle stands up to half a step beside what was typed
        if abs(change.new - self._nearest()) > 0.51 * self.slider.step or self.room.value:
            self.field.value = self.of(change.new)

    def of(self, at):  # the value at a place of the mover
        return float(f"{10**at:.3g}") if self.log else round(at) if self.whole else round(at, 6)

    def beside(self):  # places of the mover next to the present one, the nearest first
        low, step = self.slider.min, self.slider.step
        here = round((self.slider.value - low) / step)
        places = [round(low + (here + k * side) * step, 6) for k in range(1, REACH + 1) for side in (1, -1)]
        return [at for at in places if low <= at <= self.slider.max]

    def spoken(self, number):
        return f"{show(number)} {self.unit}".rstrip()

    def fit(self, state, value):
        low, high, self.unit = self._ends(state)
        with self.slider.hold_trait_notifications():  # a slider refuses a low above its high, even for a moment
            self.slider.min, self.slider.max = self._place(low), self._place(high)
        self.slider.step = (self.slider.max - self.slider.min) / 200 if self.log else self.slider.step
        self.field.value = value
        if self.of(self.slider.value) != value:  # else it would pull back a handle that has already gone on
            self.slider.value = self._nearest()
        self.field.disabled = self.slider.disabled = not self._enabled(state)

    def check(self, value):
        number = isinstance(value, Real) and not isinstance(value, bool) and self.low <= value <= self.high
        if not number or (self.whole and value % 1):
            words = "explorer.whole_number" if self.whole else "explorer.number"
            raise UnitError(phrase(words, name=self.label, low=show(self.low), high=self.spoken(self.high)))
        return int(value) if self.whole else float(value)

    def read(self, given):
        if self.variable and given is not None:
            given = quantity(given, self.variable).to(self.unit).single()
        return self.check(given)


class Choice(Control):
    """A list to choose from, at first `value` or the first.

    `options` are a list or a dict of words -> value, none of them None, or a function of a state (at first empty) that
    gives them. `read` makes a value of what `set` was given; by default it is looked for on the list.
    """

    def __init__(self, label, options, value=None, read=None):
        self._options = options
        super().__init__(widgets.Dropdown, label, options=self._listed({}))
        self.field.value = self.of(0) if value is None else value
        self.read, self.mover = read or self._look_up, (self.field, "index", "")  # a list has a name of its own

    def _listed(self, state):
        options = self._options(state) if callable(self._options) else self._options
        return [*options.items()] if isinstance(options, dict) else [(str(o), o) for o in options]

    def fit(self, state, value):
        if (listed := self._listed(state)) != [*self.field.options]:
            self.field.options = listed
        self.field.value = value

    def of(self, at):
        return self.field.options[at][1]

    def beside(self):
        return sorted(range(len(self.field.options)), key=lambda n: abs(n - self.field.index))[1 : 2 * REACH]

    def _look_up(self, given):
        for words, value in self.field.options:
            alike = type(given) in (type(value), str) or {type(given), type(value)} == {int, float}
            if given is value or (alike and given in (value, words)):
                return value
        known = ", ".join(str(value) for _, value in self.field.options)
        raise UnitError(phrase("explorer.not_listed", value=given, name=self.label, known=known))


class Tick(Control):
    """A box to tick."""

    def __init__(self, label, value=False):
        super().__init__(widgets.Checkbox, label, value=value, indent=False)
        self.mover, self.of, self.beside = (self.field, "value", ""), bool, lambda: [not self.field.value]

    def check(self, value):
        if isinstance(value, bool):
            return value
        raise UnitError(phrase("explorer.not_listed", value=value, name=self.label, known="True, False"))


class Text(Control):
    """Words to type; what they may be is for the function to say. They count at Enter, or if `live` at each letter."""

    def __init__(self, label, value="", live=False):
        super().__init__(widgets.Text, label, typed=True, value=sendable(value), continuous_update=live)

    check = staticmethod(sendable)


class Explorer(widgets.VBox):
    """Controls above what `view` makes of their values; ``shown`` is what is shown now.

    `view` takes the values by name and returns what is shown (Shown). Where it raises UnitError, a sentence at the
    field says why, what was typed stays to be mended, and the result stays as it was. `rows` lists the controls of each
    row; `slow` those whose results take too long to be made before they are asked for. `follow` takes a state (dict of
    name -> value) and the name that was moved, and returns the state after others followed. `accept` makes values by
    name of control of what `set` is given (UnitError to refuse), `tell` makes of a state what `get` gives. `reset`:
    words on a button that goes back to the first state; `note`: what is read before the notebook is run.
    """

    def __init__(
        self, view, /, *, rows=None, follow=None, slow=(), reset="", accept=dict, tell=dict, note="", **controls
    ):
        self._view, self._controls, self._slow, self._accept, self._tell = view, controls, slow, accept, tell
        self._follow, self._note = follow or (lambda state, moved: state), note or phrase("explorer.note")
        self._setting, self._near, self._sent, self._making, self._result = False, None, (None, {}), None, Result()
        self._movers = {n: c.mover for n, c in controls.items() if c.mover}
        self._result.movers = {n: [f"IPY_MODEL_{m.model_id}", t, w] for n, (m, t, w) in self._movers.items()}
        above = [widgets.Box([controls[n].widget for n in row]) for row in rows or [[n] for n in controls]]
        if reset:
            above.append(widgets.Button(description=reset))
            above[-1].on_click(lambda _: self._take(self._first))
        super().__init__([*above, self._result])
        self.add_class("casebook-explorer")
        self._first = {n: c.check(c.field.value) for n, c in controls.items()}
        self._take(self._first)
        self._result.on_msg(lambda _, content, __: self._prepare(content.get("near")))
        for name, control in controls.items():
            control.field.observe(lambda _, name=name: self._moved(name), "value")

    def set(self, *values, **named):
        """Move controls by call, all or none: ``set(prior=5)``; returns what is shown, or why it was refused."""
        try:
            values = self._accept(dict(zip(self._controls, values, strict=False)) | named)
            for name in values.keys() - self._controls.keys():
                raise UnitError(phrase("explorer.none_such", name=name, known=", ".join(self.get())))
            values, now = {n: self._controls[n].read(v) for n, v in values.items()}, self._now
            for name in [n for n, v in values.items() if v != self._now[n]]:
                now = self._follow({**now, name: values[name]}, name)
            return self._take({**now, **values})
        except UnitError as refused:
            return say(phrase("explorer.refused", why=refused))

    def get(self):
        """What the controls say: dict of name -> value."""
        return self._tell(dict(self._now))

    def _moved(self, name):
        if self._setting:
            return
        # As all controls stand; where another one was refused before and still waits to be mended, without that one.
        typed = {n: c.field.value for n, c in self._controls.items()}
        for now in (typed, {**self._now, name: typed[name]}):
            try:
                self._take(self._follow({n: self._controls[n].check(v) for n, v in now.items()}, name))
                break
            except UnitError as fault:
                refused = phrase("explorer.refused", why=fault)
        else:
            self._show(self._last, refused, name)
        self._prepare(self._near)

    def _take(self, now):
        ready = (shown for state, shown in filter(None, self._sent[1].values()) if state == now)
        shown = next(ready, None) or self._view(**now)
        self._setting, self._now = True, now
        for name, control in self._controls.items():
            control.fit(now, now[name])
        self._setting = False
        self._show(shown)
        return shown

    def _show(self, shown, refused="", name=None):
        self._last, self.shown = shown, together(say(refused), shown) if refused else shown
        rooms = {n: c.room for n, c in self._controls.items() if c.room}
        at = [name] if name in rooms else [*rooms][:1]  # a list has no room of its own
        for n in at if refused else rooms:
            rooms[n].value = escape(refused)
        self._result.shown = {**self._drawn(shown, self._now), "state": self._state()}

    def _drawn(self, shown, now):
        return {"html": shown.html, "spoken": {n: c.spoken(now[n]) for n, c in self._controls.items() if c.spoken}}

    def _state(self):
        return {name: getattr(model, trait) for name, (model, trait, _) in self._movers.items()}

    def _prepare(self, near):
        self._near = near if near in self._movers and near not in self._slow else None
        if self._making:
            self._making.cancel()
        self._making = asyncio.create_task(self._make_ready(near)) if self._near else None

    async def _make_ready(self, name):
        """Make the results beside the present one, one at a time, and put them on the page."""
        base, now, control = self._state(), self._now, self._controls[name]
        elsewhere = {**base, name: None}
        if self._sent[0] != elsewhere:
            self._sent = elsewhere, {}  # place -> (state, what is shown in it), or None where it is refused
        for at in [at for at in control.beside() if at not in self._sent[1]]:
            await asyncio.sleep(0)
            if self._state() != base or self._now is not now:
                return
            self._sent[1][at] = None
            with suppress(UnitError):  # it will be refused in words if it is asked for
                state = self._follow({**now, name: control.of(at)}, name)
                shown = self._view(**state)
                self._sent[1][at] = state, shown
                self._result.send({"name": name, "at": at, "base": base, **self._drawn(shown, state)})

    def _repr_mimebundle_(self, **kwargs):
        first = together(Shown(f"<p><em>{self._note}</em></p>", self._note), self.shown)
        return {**super()._repr_mimebundle_(**kwargs), "text/html": first.html, "text/plain": first.text}


explorer = Explorer


def again(show):
    """Something shown, with a button that brings it up to date: running the cell would do the same."""
    return explorer(show, reset=phrase("explorer.again"), note=phrase("explorer.again_note"))


def button(words, press, first, note):
    """A button with these words, above what is shown `first` and then what each press gives."""
    waiting = iter([first])
    return explorer(lambda: next(waiting, None) or press(), reset=words, note=note)


def unit_bench(analyte="triglycerides", text="1.5"):
    """Type a value: a bare number is refused, as at first; one with its unit is shown in every unit of that analyte."""

    def view(text, analyte):
        q = quantity(text, analyte) if text else None
        words = {u: f"× {show(f)}" if f != 1 else phrase("explore.compared_in") for u, f in factors(analyte).items()}
        rows = [(unit, q.to(unit) if q else "", by) for unit, by in words.items()]
        title = phrase("explore.accepted" if q else "explore.units", value=q, analyte=analyte)
        sheet = headed(rows, "explore", "unit value factor", title)
        return together(sheet, say(q.warning)) if q and q.warning else sheet

    known = ("triglycerides", "fibrinogen", "ferritin", "platelets", "ast")
    typed, labels = Text(phrase("explore.value_unit")), {variables().at[n, "label"]: n for n in known}
    listed = Choice(phrase("explore.analyte"), labels, analyte)
    made = explorer(view, rows=[["analyte"], ["text"]], text=typed, analyte=listed)
    typed.field.value = text
    return made


def _statuses(rule, given, **trials):
    """Verdicts (array of str) with some inputs replaced by arrays of trial values, in canonical units."""
    plain = {n: v.canonical().value if isinstance(v, Quantity) and v.high is None else v for n, v in given.items()}
    frame = pd.DataFrame(plain, index=range(len(next(iter(trials.values()))))).assign(**trials)
    return evaluate_table(rule, frame)["status"].astype(str).to_numpy()


def what_if(rule, case, **ranges):
    """What if an unknown had been reported? One slider an unknown number; unticked means still unknown.

    `ranges` say for each, as in ``platelets=(0, 500, 250)``, the lowest and the highest trial value and the value to
    start from, in the published unit. `set` takes a value with its unit, or None for unknown.
    """
    nodes = reversed(RULES[rule].nodes().values())
    nodes = {row["input"]: row for row in nodes if row["unit"]}  # the first threshold or weight of each number
    if strangers := ", ".join(sorted(ranges.keys() - nodes.keys())):
        raise UnitError(phrase("explore.no_such_number", names=strangers, rule=RULES[rule].short))
    units, labels, reported = {n: nodes[n]["unit"] for n in ranges}, variables()["label"], case.inputs

    def supposed(state):
        return {n: Quantity(n, state[n], unit) if state[f"{n} known"] else None for n, unit in units.items()}

    def flips(name, given):
        """Verdict along one input, everything else as supposed: '0 to 181: met; 182 to 500: undetermined'."""
        trial, unit = np.arange(ranges[name][0], ranges[name][1] + 1), units[name]
        status = pd.Series(_statuses(rule, given, **{name: trial * factors(name)[unit]}), trial)
        spans = [(x.index, status_word(x.iloc[0])) for _, x in status.groupby((status != status.shift()).cumsum())]
        ends = ({"low": show(at[0]), "high": f"{show(at[-1])} {unit}", "status": word} for at, word in spans)
        return "; ".join(phrase("explore.flip", **span) for span in ends)

    def view(**state):
        given = {**reported, **supposed(state)}
        verdict = evaluate(rule, given)
        words = phrase("explore.verdict", rule=verdict.title, status=status_word(verdict.status).upper())
        varying = [say(phrase("explore.varying", label=labels[n], flips=flips(n, given))) for n in ranges]
        strong = Shown(f"<p><strong>{escape(words)}</strong></p>", words)
        return together(strong, *varying, table(verdict.sheet(), phrase("explore.items")))

    def picture(caption):
        """Where the verdict flips over both unknowns, everything else as reported."""
        axes = {n: np.linspace(low, high, 201) for n, (low, high, _) in ranges.items()}
        grid = np.meshgrid(*(axis * factors(n)[units[n]] for n, axis in axes.items()))
        status = _statuses(rule, reported, **{n: g.ravel() for n, g in zip(axes, grid, strict=True)})
        names, cuts = [f"{labels[n]} ({units[n]})" for n in axes], [nodes[n]["threshold"] for n in axes]
        return plots.verdict_map(*axes.values(), status.reshape(201, 201), names, cuts, caption)

    def accept(values):
        ticks = {f"{n} known": v is not None for n, v in values.items() if n in ranges}
        return ticks | {n: v for n, v in values.items() if v is not None}

    controls = {}
    for n, (low, high, start) in ranges.items():
        known = f"{n} known"
        controls[known] = Tick(phrase("explore.suppose", label=labels[n]))
        controls[n] = Number(labels[n], start, low, high, unit=units[n], variable=n, enabled=itemgetter(known))
    made = explorer(view, rows=[[f"{n} known", n] for n in ranges], accept=accept, tell=supposed, **controls)
    made.picture = picture
    return made


def ruler_bench(case, rules, beside=None, trials=None):
    """Several rules on one child, side by side; every unknown of theirs has a list of what it could turn out to be.

    `set` takes a value with its unit, a finding as True or False, None for unknown. `beside` is an earlier moment of
    the case, drawn beside it and never changed; `trials` are values to offer for an unknown number that no threshold
    cuts into pieces, as in ``{"esr": ["20 mm/h"]}``.
    """
    unknown = "unknown"  # on a list, where None would be no choice
    reported = case.inputs
    printed, before = [evaluate(r, reported) for r in rules], [evaluate(r, beside.inputs) for r in rules if beside]
    moments = [c.time_points.set_index("time_point").at[c.time_point, "short"] for c in (beside, case) if c]
    results, labels = unknown_results(printed), variables()["label"]
    for name, texts in (trials or {}).items():
        if not any(name in v.missing for v in printed):
            raise UnitError(phrase("explore.no_such_unknown", name=name, rules=", ".join(v.short for v in printed)))
        results[name] = [(str(quantity(x, name)), quantity(x, name)) for x in texts]

    def tell(state):
        return {n: None if v == unknown else v for n, v in state.items()}

    def view(**state):
        supposed = {n: v for n, v in state.items() if v != unknown}
        verdicts = [evaluate(r, {**reported, **supposed}) for r in rules]
        changes = [(v.short, *(status_word(x.status) for x in (p, v))) for p, v in zip(printed, verdicts, strict=True)]
        moved = [phrase("explore.moved", rule=rule, was=was, now=now) for rule, was, now in changes if was != now]
        line = "explore.supposed_moved" if moved else "explore.supposed" if supposed else "explore.nothing_supposed"
        word = {True: phrase("explore.present"), False: phrase("explore.absent")}
        words = "; ".join(f"{labels[n]} {word.get(v, v)}" for n, v in supposed.items())
        pairs = [*zip(before, verdicts, strict=True)] if beside else [(v,) for v in verdicts]
        counted, caption = all(v.reach for v in verdicts), phrase("explore.rulers")
        picture = plots.rulers(pairs, moments, caption) if counted else _matrix(verdicts, caption)
        return together(say(phrase(line, supposed=words, moved="; ".join(moved))), picture, _verdicts(verdicts))

    def listed(name):
        offered = {phrase("explore.unknown"): unknown, **dict(results[name])}

        def options(state):  # what is supposed by call is put on the list, so that the page says it
            value = state.get(name, unknown)
            return offered if value in offered.values() else {**offered, phrase("explore.by_call", value=value): value}

        def read(given):
            finding = isinstance(given, bool | np.bool_)
            if given is not None and not finding and variables().at[name, "kind"] == "flag":
                raise UnitError(phrase("explore.not_a_finding", name=name, given=repr(given)))
            return unknown if given is None else bool(given) if finding else quantity(given, name)

        return Choice(labels[name], options, read=read)

    controls = {n: listed(n) for n in results}
    return explorer(view, rows=[[*controls]], reset=phrase("explore.clear"), tell=tell, **controls)


def _matrix(verdicts, caption):
    """The items of rules that do not count, as a table of shapes."""
    asked = [(r.input, v.rule, r.status) for v in verdicts for r in v.items.itertuples() if r.input and r.status]
    rows = {n: variables().at[n, "label"] for n, _, _ in asked} | {"": phrase("explore.whole_set")}
    states = {(n, v.rule): "" if n else v.status for n in rows for v in verdicts}
    states |= {(n, rule): status for n, rule, status in reversed(asked)}  # the first item of an input counts
    return plots.matrix(states, rows, {v.rule: v.short for v in verdicts}, caption, plots.VERDICTS)


def _verdicts(verdicts):
    """What each rule could still be, and which result would settle it at the least cost."""
    rows = []
    for v in verdicts:
        ways = [f"{r.result} ({status_word(r.verdict)})" for r in v.cheapest.itertuples()]
        row = {"rule": v.short, "status": status_word(v.status)}
        row |= {"could_be": plots.span(v), "cut_off": plots.cut_off(v)} if v.reach else {}
        rows.append({**row, "cheapest": phrase("explore.or_way").join(ways) or phrase("explore.settled")})
    columns = ["rule", "status", *(["could_be", "cut_off"] if any(v.reach for v in verdicts) else []), "cheapest"]
    return headed(pd.DataFrame(rows).fillna(""), "explore", " ".join(columns), phrase("explore.verdicts"))


def look_up(case, name):
    """Type an address such as F09: what stands behind it, or a sentence where it does not open at this moment."""

    def view(address):
        name = address.strip()
        try:
            return table(case.address(name.upper()), phrase("explore.address", address=name.upper()))
        except CaseDataError:
            return say(phrase("explore.closed", name=name, moment=case.time_point.replace("_", " ")))

    return explorer(view, address=Text(phrase("explore.address_label"), name))
