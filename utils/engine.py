"""The engine of all explorers: controls above what a function makes of their values.

A result depends on nothing but what the controls say. So the results next to the present one are made while nothing
else is to do and lie ready on the page: a key that is pressed shows the next one at once, and the kernel confirms it.
"""

import asyncio
import math
from html import escape
from numbers import Real
from pathlib import Path

import anywidget
import ipywidgets as widgets
import traitlets

from utils.page import Shown, say, sendable, together
from utils.phrases import phrase
from utils.units import UnitError, quantity, show

REACH = 6  # so many steps to either side of a control lie ready


class Result(anywidget.AnyWidget):
    """Where a result stands on the page."""

    _esm = Path(__file__).with_name("explorer.js")
    _css = Path(__file__).with_name("cards.css")
    shown = traitlets.Dict().tag(sync=True)  # html, what sliders say, and the state of the movers for which it holds
    movers = traitlets.Dict().tag(sync=True)  # name -> [model, its trait, the name in words]


class Control:
    """What controls share: `field` bears the name and holds the value, `widget` is what stands on the page."""

    mover = None  # what the page moves in steps: (model, its trait, its name in words)
    room = None  # beside a field that is typed into: for the sentence that refuses, and kept so that nothing moves
    spoken = None  # how a slider says a value

    def __init__(self, kind, label, *beside, typed=False, **traits):
        self.label = label
        self.field = self.widget = kind(description=label, **traits)
        if typed:
            self.room = widgets.HTML()
            self.room.add_class("casebook-refused")
            self.widget = widgets.HBox([self.field, *beside, self.room])

    def fit(self, state, value):
        """Say a value, fitted to the state that it is part of."""
        self.field.value = value

    def of(self, at):
        """The value at a place of what is moved."""
        return at

    def check(self, value):
        """A value that was typed or given; UnitError that says what can stand here."""
        return value

    def read(self, given):
        """What `set` was given, as a value; UnitError as `check`."""
        return self.check(given)


class Number(Control):
    """A number: a field that is typed into, with a slider beside it.

    Parameters
    ----------
    label, unit : str
        The name on the page.
    value, low, high, step : float
    variable : str
        A name of ``variables.csv``: then `set` takes a value with its unit.
    whole, log : bool
        Whole numbers only; a slider that goes over the logarithm, in 200 steps.
    enabled, ends : callable, optional
        Take a state: whether the number can be moved in it; (lowest, highest, unit) of the slider in it.
    """

    def __init__(
        self, label, value, low, high, step=1, unit="", *, variable="", whole=False, log=False, enabled=None, ends=None
    ):
        self.low, self.high, self.unit, self.variable, self.whole, self.log = low, high, unit, variable, whole, log
        self._enabled, self._ends = enabled, ends or (lambda state: (low, high, unit))
        self.slider = widgets.FloatSlider(step=step, readout=False)
        name = f"{label}, {unit}" if unit else label
        super().__init__(widgets.FloatText, name, self.slider, typed=True, value=value, step=step)
        self.mover = self.slider, "value", phrase("explorer.slider", name=name)
        self.slider.observe(lambda change: self._slid(change.new), "value")

    def _place(self, number):
        return math.log10(max(number, 1e-9)) if self.log else number

    def _nearest(self):
        return min(max(self._place(self.field.value), self.slider.min), self.slider.max)

    def _slid(self, at):
        if abs(at - self._nearest()) > 0.51 * self.slider.step or self.room.value:  # it stands up to half a step beside
            self.field.value = self.of(at)

    def of(self, at):
        return float(f"{10**at:.3g}") if self.log else round(at) if self.whole else round(at, 6)

    def beside(self):
        """Places of what is moved next to the present one, the nearest first."""
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
        if self._enabled:
            self.field.disabled = self.slider.disabled = not self._enabled(state)

    def check(self, value):
        number = isinstance(value, Real) and not isinstance(value, bool) and self.low <= value <= self.high
        if not number or (self.whole and value % 1):
            words = "explorer.whole_number" if self.whole else "explorer.number"
            raise UnitError(phrase(words, name=self.label, low=show(self.low), high=self.spoken(self.high)))
        return int(value) if self.whole else float(value)

    def read(self, given):
        return self.check(quantity(given, self.variable).to(self.unit).single() if self.variable else given)


class Choice(Control):
    """A list to choose from.

    Parameters
    ----------
    label : str
    options : list, or dict of words -> value, or callable
        A callable takes a state and gives the list that fits it; of the first state it is given an empty dict. No value
        is None, which would stand empty on the page.
    value : object, optional
        To begin with; the first by default.
    read : callable, optional
        Takes what `set` was given and returns a value, or raises UnitError; by default it is looked for on the list.
    """

    def __init__(self, label, options, value=None, read=None):
        self._options = options if callable(options) else lambda state: options
        super().__init__(widgets.Dropdown, label, options=self._listed({}))
        self.field.value = self.of(0) if value is None else value
        self.read, self.mover = read or self.read, (self.field, "index", "")  # a list has a name of its own

    def _listed(self, state):
        options = self._options(state)
        return [*options.items()] if isinstance(options, dict) else [(str(o), o) for o in options]

    def fit(self, state, value):
        if (listed := self._listed(state)) != [*self.field.options]:
            self.field.options = listed
        self.field.value = value

    def of(self, at):
        return self.field.options[at][1]

    def beside(self):
        return sorted(range(len(self.field.options)), key=lambda n: abs(n - self.field.index))[1 : 2 * REACH]

    def read(self, given):
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
        self.mover = self.field, "value", ""

    def beside(self):
        return [not self.field.value]

    def read(self, given):
        if not isinstance(given, bool):
            raise UnitError(phrase("explorer.not_listed", value=given, name=self.label, known="True, False"))
        return given


class Text(Control):
    """Words to type; what they may be is for the function to say."""

    def __init__(self, label, value=""):
        super().__init__(widgets.Text, label, typed=True, value=sendable(value), continuous_update=False)

    def check(self, value):
        return sendable(value)


class Explorer(widgets.VBox):
    """Controls above what `view` makes of their values; ``shown`` is what is shown now.

    Parameters
    ----------
    view : callable
        Takes the values by name and returns what is shown (Shown). Where it raises UnitError, a sentence at the field
        says why, what was typed stays to be mended, and the result stays as it was.
    rows : list of list of str, optional
        Names of controls that stand in one row; each control has its own by default.
    follow : callable, optional
        Takes a state (dict of name -> value) and the name that was moved; returns the state after others followed.
    slow : sequence of str
        Controls whose results take too long to be made before they are asked for.
    reset : str
        Words on a button that goes back to the first state; no button where empty.
    accept, tell : callable
        What `set` is given -> values by name of control, UnitError to refuse; a state -> what `get` gives.
    note : str
        What a reader is told before the notebook is run.
    **controls : Number, Choice, Tick or Text
    """

    def __init__(
        self, view, /, *, rows=None, follow=None, slow=(), reset="", accept=dict, tell=dict, note="", **controls
    ):
        self._view, self._controls, self._slow, self._accept, self._tell = view, controls, slow, accept, tell
        self._follow, self._note = follow or (lambda state, moved: state), note or phrase("explorer.note")
        self._setting, self._near, self._sent, self._making, self._result = False, None, (None, set()), None, Result()
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
                raise UnitError(phrase("explorer.none_such", name=name, known=", ".join(self._controls)))
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
        shown = self._view(**now)
        self._setting = True
        try:
            for name, control in self._controls.items():
                control.fit(now, now[name])
        finally:
            self._setting = False
        self._now = now
        self._show(shown)
        return shown

    def _show(self, shown, refused="", name=None):
        self._last, self.shown = shown, together(say(refused), shown) if refused else shown
        rooms = {n: c.room for n, c in self._controls.items() if c.room}
        name = name if name in rooms else next(iter(rooms), None)  # a list has no room of its own
        for field, room in rooms.items():
            room.value = escape(refused) if not refused or field == name else room.value
        self._result.shown = {"html": shown.html, "spoken": self._spoken(self._now), "state": self._state()}

    def _spoken(self, now):
        return {name: c.spoken(now[name]) for name, c in self._controls.items() if c.spoken}

    def _state(self):
        return {name: getattr(model, trait) for name, (model, trait, _) in self._movers.items()}

    def _prepare(self, near):
        self._near = near if near in self._movers and near not in self._slow else None
        if self._making:
            self._making.cancel()
        try:
            self._making = asyncio.get_running_loop().create_task(self._make_ready(near)) if self._near else None
        except RuntimeError:  # nobody's page: a test, or a script
            return

    async def _make_ready(self, name):
        """Make the results beside the present one, one at a time, and put them on the page."""
        base, now, control = self._state(), self._now, self._controls[name]
        elsewhere = (name, {n: v for n, v in base.items() if n != name})
        if self._sent[0] != elsewhere:
            self._sent = (elsewhere, set())
        for at in [at for at in control.beside() if at not in self._sent[1]]:
            await asyncio.sleep(0)
            if self._state() != base or self._now is not now:
                return
            self._sent[1].add(at)
            try:
                state = self._follow({**now, name: control.of(at)}, name)
                ready = {"html": self._view(**state).html, "spoken": self._spoken(state)}
            except UnitError:
                continue  # it will be refused in words if it is asked for
            self._result.send({"name": name, "at": at, "base": base, **ready})

    def _repr_mimebundle_(self, **kwargs):
        first = together(Shown(f"<p><em>{self._note}</em></p>", self._note), self.shown)
        return {**super()._repr_mimebundle_(**kwargs), "text/html": first.html, "text/plain": first.text}


explorer = Explorer
