"""What all explorers share: controls above a result, and what a reader sees before anything is run."""

from contextlib import contextmanager

import anywidget
import ipywidgets as widgets

from utils.page import Shown, together


class Keys(anywidget.AnyWidget):
    """Keeps what is typed into an explorer there: JupyterLab would take a letter for a command on the cell."""

    _esm = """export default { render: ({ el }) => {
      el.hidden = true;
      const listen = () => {
        const box = el.closest(".casebook-explorer");
        box ? box.addEventListener("keydown", (e) => e.stopPropagation()) : setTimeout(listen, 50);
      };
      listen();
    } };"""


class Explorer(widgets.VBox):
    """Controls above a result. Before it is run, a reader sees the result as it first was."""

    note = "Run the notebook to move the controls; this is the first view."
    _setting = False  # several controls are being moved; nothing is drawn until all have arrived

    def __init__(self, controls, result):
        self._result = widgets.HTML().add_class("jp-RenderedHTMLCommon")  # tables look as elsewhere on the page
        super().__init__([*controls, self._result, Keys()])
        self.add_class("casebook-explorer")
        self._show(result)

    def _show(self, shown):
        self._last = shown
        self._result.value = f'<div role="status" aria-live="polite">{shown.html}</div>'

    @contextmanager
    def _at_once(self):
        """Inside it controls can be moved one after the other without anything being drawn in between."""
        self._setting = True
        try:
            yield
        finally:
            self._setting = False

    def _repr_mimebundle_(self, **kwargs):
        data = super()._repr_mimebundle_(**kwargs)
        first = together(Shown(f"<p><em>{self.note}</em></p>", self.note), self._last)
        return {**data, "text/html": first.html, "text/plain": first.text}


def whole_number(label, value, low, high, **look):
    """A whole number to move: (the field, which bears the name and holds the value; field and slider in a row)."""
    field = widgets.BoundedIntText(value, min=low, max=high, description=label, **look)
    slider = widgets.IntSlider(value, min=low, max=high, readout=False)
    widgets.link((field, "value"), (slider, "value"))
    return field, widgets.HBox([field, slider])


def number(label, value, low, high, step):
    """A number to move: (the field, which bears the name and holds the value; field and slider in a row)."""
    style = {"style": {"description_width": "19em"}, "layout": {"width": "27em"}}
    limits = {"min": low, "max": high, "step": step}
    field = widgets.BoundedFloatText(value, description=label, **limits, **style)
    slider = widgets.FloatSlider(value, readout=False, **limits)
    field.observe(lambda change: setattr(slider, "value", change.new), "value")

    def slid(change):
        if abs(field.value - change.new) > 0.4 * step:  # a handle may stand beside a finer number that was typed
            field.value = round(change.new, 6)

    slider.observe(slid, "value")
    return field, widgets.HBox([field, slider], layout={"flex_flow": "row wrap"})
