"""What all explorers share: controls above a result, and what a reader sees before anything is run.

A result depends on nothing but what the controls say. So the results next to the present one are made while nothing
else is to do and lie ready on the page: a key that is pressed shows the next one at once, and the kernel confirms it.
"""

import asyncio
import math
from contextlib import contextmanager
from html import escape
from pathlib import Path

import anywidget
import ipywidgets as widgets
import traitlets

from utils.page import Shown, say, together
from utils.phrases import phrase
from utils.units import UnitError, show

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
