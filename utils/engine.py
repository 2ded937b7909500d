"""The engine of all explorers: controls above what a function makes of their values.

A result depends on nothing but what the controls say. So the results next to the present one are made while nothing
else is to do and lie ready on the page: a key that is pressed shows the next one at once, and the kernel confirms it.
"""

import asyncio
import math
from html import escape
from pathlib import Path

import anywidget
import ipywidgets as widgets
import traitlets

from utils.page import Shown, say, together
from utils.phrases import phrase
from utils.units import UnitError, quantity, show

REACH = 6  # so many steps to either side of a control lie ready
ROW = {"flex_flow": "row wrap"}


class Result(anywidget.AnyWidget):
    """Where a result stands on the page."""

    _esm = Path(__file__).with_name("explorer.js")
    _css = Path(__file__).with_name("cards.css")
    shown = traitlets.Dict().tag(sync=True)  # html, what sliders say, and the state of the movers for which it holds
    movers = traitlets.Dict().tag(sync=True)  # name -> [model, its trait, the name in words]


class Control:
    """What all controls share: `field` bears the name and holds the value, `widget` is what stands on the page."""

    mover = None  # what the page moves in steps: (model, its trait, its name in words)
    room = None  # beside a field that is typed into: room for the sentence that refuses, kept so that nothing moves
    spoken = None  # how a slider says a value

    def _with_room(self, *parts):
        self.room = widgets.HTML()
        self.room.add_class("casebook-refused")
        return widgets.HBox([*parts, self.room], layout=ROW)

    @property
    def value(self):
        return self.field.value

    @value.setter
    def value(self, new):
        self.field.value = new

    def fit(self, state):
        """Fit the control to a state before it is told its value."""


class Number(Control):
    """A number to move: a field, which bears the name and holds the value, with a slider beside it.

    Parameters
    ----------
    label, unit : str
        The name on the page.
    value, low, high, step : float
    variable : str
        A name of ``variables.csv``: then `set` takes a value with its unit, and `get` gives a Quantity.
    whole : bool
        Whole numbers only.
    log : bool
        The slider goes over the logarithm, in 200 steps.
    enabled : callable, optional
        Takes a state; whether the number can be moved in it.
    width : str
        Of the name, in CSS units.
    """

    def __init__(
        self, label, value, low, high, step=1, unit="", variable="", whole=False, log=False, enabled=None, width="19em"
    ):
        self.label, self.low, self.high, self.step, self.unit = label, low, high, step, unit
        self.variable, self.whole, self.log, self.enabled = variable, whole, log, enabled
        name = f"{label}, {unit}" if unit else label
        look = {"style": {"description_width": width}, "layout": {"width": f"calc({width} + 8em)"}}
        self.field = widgets.FloatText(value, step=step, description=name, **look)
        slider, ends = (widgets.FloatLogSlider, (-9, 9)) if log else (widgets.FloatSlider, (low, high))
        self.slider = slider(value, min=ends[0], max=ends[1], step=step, readout=False, layout={"width": "16em"})
        if log:
            self.stretch(low, high)
        self.widget = self._with_room(self.field, self.slider)
        self.mover = self.slider, "value", phrase("explorer.slider", name=name)
        self.slider.observe(lambda change: self._slid(change.new), "value")

    def stretch(self, low, high):
        """Let a slider over the logarithm go from `low` to `high`; a typed number may go beyond."""
        low, high = math.log10(low), math.log10(high)
        self.slider.min, self.slider.max = -9.0, high  # widened first: a slider refuses a low above its high
        self.slider.min, self.slider.step = low, (high - low) / 200

    def _place(self, number):
        """Where the handle stands for a number, counted in steps."""
        return (math.log10(number) if self.log else number) / self.slider.step

    def _ends(self):
        return (10.0**self.slider.min, 10.0**self.slider.max) if self.log else (self.slider.min, self.slider.max)

    def _slid(self, at):
        mine = min(max(self.field.value, self._ends()[0]), self._ends()[1])
        if (
            abs(self._place(at) - self._place(mine)) > 0.51 or self.room.value
        ):  # a handle stands up to half a step beside
            self.field.value = self.of(at)

    def of(self, at):
        """The number for a place of the slider."""
        return float(f"{at:.3g}") if self.log else round(at) if self.whole else round(at, 6)

    def beside(self):
        """Places of the slider next to the present one, the nearest first."""
        steps = [k * side for k in range(1, REACH + 1) for side in (1, -1)]
        here, (low, high), step = self.slider.value, self._ends(), self.slider.step
        places = [here * 10 ** (k * step) if self.log else round(here + k * step, 6) for k in steps]
        return [at for at in places if low <= at <= high]

    def spoken(self, number):
        """A number with its unit, as the slider says it."""
        return f"{show(number)} {self.unit}".rstrip()

    @property
    def value(self):
        typed = self.field.value
        return int(typed) if self.whole and math.isfinite(typed) and typed % 1 == 0 else typed

    @value.setter
    def value(self, number):
        self.field.value = number
        if self.of(self.slider.value) != number:  # else it would pull back a handle that has already gone on
            self.slider.value = min(max(number, self._ends()[0]), self._ends()[1])

    def fit(self, state):
        if self.enabled:
            self.field.disabled = self.slider.disabled = not self.enabled(state)

    def read(self, given):
        """What was typed or given, as a number that can stand here; UnitError that says what can."""
        choose = "explorer.choose_whole" if self.whole else "explorer.choose"
        choose = phrase(choose, low=show(self.low), high=self.spoken(self.high))
        if self.variable and not isinstance(given, float | int):
            given = quantity(given, self.variable).to(self.unit).single()
        try:
            number = not isinstance(given, bool) and math.isfinite(given)
        except (TypeError, ValueError, OverflowError):  # no number, or one with hundreds of digits
            number = False
        if not number:
            raise UnitError(phrase("explorer.no_number", choose=choose))
        if self.whole and given % 1:
            raise UnitError(phrase("explorer.not_whole", number=given, choose=choose))
        if not self.low <= given <= self.high:
            raise UnitError(phrase("explorer.outside", given=f"{given:g} {self.unit}".rstrip(), choose=choose))
        return int(given) if self.whole else given


class Choice(Control):
    """A list to choose from.

    Parameters
    ----------
    label : str
    options : list, or dict of words -> value, or callable
        A callable takes a state and gives the list that fits it; of the first state it is given an empty dict.
    value : object, optional
        To begin with; the first by default.
    """

    def __init__(self, label, options, value=None, width="19em"):
        self.label, self.source = label, options if callable(options) else lambda state: options
        look = {
            "style": {"description_width": width},
            "layout": {"width": f"calc({width} + 15em)", "max_width": "100%"},
        }
        self.field = self.widget = widgets.Dropdown(options=self._listed({}), description=label, **look)
        self.field.value = self.known[0] if value is None else value
        self.mover = self.field, "index", ""  # a list has a name of its own

    def _listed(self, state):
        options = self.source(state)
        return [*options.items()] if isinstance(options, dict) else [(str(o), o) for o in options]

    @property
    def known(self):
        """The values of the list, in its order."""
        return [value for _, value in self.field.options]

    def fit(self, state):
        if (listed := self._listed(state)) != [*self.field.options]:
            self.field.options = listed

    def of(self, at):
        return self.known[at]

    def beside(self):
        here = self.field.index or 0
        return sorted(range(len(self.known)), key=lambda n: abs(n - here))[1 : 2 * REACH]

    def read(self, given):
        for words, value in self.field.options:
            if given is value or (type(given) in (type(value), str) and given in (value, words)):
                return value
        known = ", ".join(map(str, self.known))
        raise UnitError(phrase("explorer.not_on_the_list", value=given, name=self.label, known=known))


class Tick(Control):
    """A box to tick."""

    def __init__(self, label, value=False):
        self.label = label
        self.field = self.widget = widgets.Checkbox(value, description=label, indent=False, layout={"width": "19em"})
        self.mover = self.field, "value", ""

    def of(self, at):
        return at

    def beside(self):
        return [not self.field.value]

    def read(self, given):
        if not isinstance(given, bool):
            raise UnitError(phrase("explorer.not_on_the_list", value=given, name=self.label, known="True, False"))
        return given


class Text(Control):
    """Words to type; what they may be is for the function to say."""

    def __init__(self, label, value="", width="9em"):
        self.label = label
        style = {"description_width": width}
        self.field = widgets.Text(value=value, description=label, style=style, continuous_update=False)
        self.widget = self._with_room(self.field)

    def read(self, given):
        return str(given).encode("utf-8", "replace").decode()  # half a character cannot be sent to a page


class Explorer(widgets.VBox):
    """Made by `explorer`. Before it is run, a reader sees the result as it first was.

    Attributes
    ----------
    shown : Shown
        What is shown now.
    """

    def __init__(self, view, controls, rows, follow, slow, reset, accept, tell, note):
        self._view, self._controls, self._follow, self._slow = view, controls, follow, slow
        self._accept, self._tell = accept, tell
        self._note = note or phrase("explorer.note")
        self._setting, self._near, self._sent, self._result = False, None, None, Result()
        self._movers = {n: c.mover for n, c in controls.items() if c.mover}
        self._rooms = {n: c.room for n, c in controls.items() if c.room}
        self._result.movers = {n: [f"IPY_MODEL_{m.model_id}", t, w] for n, (m, t, w) in self._movers.items()}
        placed = [[controls[n].widget for n in row] for row in rows or [[n] for n in controls]]
        above = [row[0] if len(row) == 1 else widgets.Box(row, layout=ROW) for row in placed]
        if reset:
            above.append(widgets.Button(description=reset, layout={"width": "12em"}))
            above[-1].on_click(lambda _: self._take(self._first))
        super().__init__([*above, self._result])
        self.add_class("casebook-explorer")
        self._first = self._now = {n: c.value for n, c in controls.items()}
        self._take(self._now)
        self._result.on_msg(lambda _, content, __: self._approached(content.get("near")))
        for name, control in controls.items():
            control.field.observe(lambda _, name=name: self._moved(name), "value")

    # ---- moved on the page, or by call ------------------------------------------------------------------------------
    def set(self, **values):
        """Move controls by call, all or none: ``set(prior=5)``; returns what is shown, or why it was refused."""
        try:
            values = self._accept(values) if self._accept else values
            if odd := [name for name in values if name not in self._controls]:
                raise UnitError(phrase("explorer.none_such", name=odd[0], known=", ".join(self._controls)))
            wanted, now = {n: self._controls[n].read(v) for n, v in values.items()}, self._now
            for name in wanted:
                now = self._followed({**now, name: wanted[name]}, name) if wanted[name] != self._now[name] else now
            return self._take({**now, **wanted})
        except UnitError as refused:
            return say(phrase("explorer.refused", why=refused))

    def get(self):
        """What the controls say: dict of name -> value."""
        return self._tell(dict(self._now)) if self._tell else dict(self._now)

    def _moved(self, name):
        if self._setting:
            return
        # As all controls stand; where another one was refused before and still waits to be mended, without that one.
        for now in ({n: c.value for n, c in self._controls.items()}, {**self._now, name: self._controls[name].value}):
            try:
                now = {n: self._controls[n].read(v) for n, v in now.items()}
                self._take(self._followed(now, name))
                break
            except UnitError as fault:
                refused = phrase("explorer.refused", why=fault)
        else:
            self._show(self._last, refused, name)
        self._prepare()

    def _followed(self, now, name):
        """The state after the control `name` was moved: others may have to follow."""
        return self._follow(now, name) if self._follow else now

    def _take(self, now):
        shown = self._view(**now)
        self._setting = True
        try:
            for name, control in self._controls.items():
                control.fit(now)
                control.value = now[name]
        finally:
            self._setting = False
        self._now = now
        self._show(shown)
        return shown

    def _show(self, shown, refused="", name=None):
        """Put a result on the page; where a control was refused, the sentence at its field."""
        told = [say(refused)] if refused else []
        self._last, self.shown = shown, together(*told, shown) if told else shown
        at = name if name in self._rooms else next(iter(self._rooms), None)  # a list has no room of its own
        for field, room in self._rooms.items():
            if not refused or field == at:
                room.value = escape(refused)
        self._result.shown = {"html": shown.html, "spoken": self._spoken(self._now), "state": self._state()}

    def _spoken(self, now):
        return {name: c.spoken(now[name]) for name, c in self._controls.items() if c.spoken}

    # ---- what lies ready on the page --------------------------------------------------------------------------------
    def _state(self):
        """Where the page holds each control that can be moved in steps."""
        return {name: getattr(model, trait) for name, (model, trait, _) in self._movers.items()}

    def _approached(self, name):
        self._near = name if name in self._movers and name not in self._slow else None
        self._prepare()

    def _prepare(self):
        """Make the results beside the present one, one at a time, and put them on the page."""
        try:
            loop, name = asyncio.get_running_loop(), self._near
        except RuntimeError:  # nobody's page: a test, or a script
            return
        if name is None:
            return
        base, used = self._state(), self._now
        elsewhere = (name, {n: v for n, v in base.items() if n != name})
        if self._sent is None or self._sent[0] != elsewhere:
            self._sent = (elsewhere, set())
        steps = [at for at in self._controls[name].beside() if at not in self._sent[1]]

        def one():
            if steps and self._state() == base and self._now is used:
                at = steps.pop(0)
                self._sent[1].add(at)
                self._offer(name, at, base)
                loop.call_soon(one)

        loop.call_soon(one)

    def _offer(self, name, at, base):
        try:
            now = self._followed({**self._now, name: self._controls[name].of(at)}, name)
            ready = {"name": name, "at": at, "base": base, "html": self._view(**now).html, "spoken": self._spoken(now)}
        except UnitError:
            return  # it will be refused in words if it is asked for
        self._result.send(ready)

    def _repr_mimebundle_(self, **kwargs):
        first = together(Shown(f"<p><em>{self._note}</em></p>", self._note), self.shown)
        return {**super()._repr_mimebundle_(**kwargs), "text/html": first.html, "text/plain": first.text}


def explorer(view, *, rows=None, follow=None, slow=(), reset="", accept=None, tell=None, note="", **controls):
    """Controls above what `view` makes of their values.

    Parameters
    ----------
    view : callable
        Takes the values by name and returns what is shown (Shown); UnitError where there is no such state.
    rows : list of list of str, optional
        Names of controls that stand in one row; each control has its own by default.
    follow : callable, optional
        Takes a state (dict of name -> value) and the name that was moved; returns the state after others followed.
    slow : sequence of str
        Controls whose results take too long to be made before they are asked for.
    reset : str
        Words on a button that goes back to the first state; no button where empty.
    accept, tell : callable, optional
        What `set` is given -> values by name of control, UnitError to refuse; a state -> what `get` gives.
    note : str
        What a reader is told before the notebook is run.
    **controls : Number, Choice, Tick or Text

    Returns
    -------
    Explorer
        With ``set(**values)``, ``get()`` and ``shown``.

    Examples
    --------
    >>> from utils.page import say
    >>> days = explorer(lambda day: say(f"Day {day}"), day=Number("Day", 1, 1, 30, whole=True))
    >>> days.set(day=4)
    Day 4
    """
    return Explorer(view, controls, rows, follow, slow, reset, accept, tell, note)
