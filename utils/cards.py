"""What can be filled in on the page and is kept in the learner's record: the widget alone, without any question."""

from html import escape
from pathlib import Path

import anywidget
import traitlets

from utils.page import Shown, say
from utils.phrases import phrase, section, status_word
from utils.record import read, watchers
from utils.units import suggestion

CONFIDENCE = ("low", "medium", "high")


class Card(anywidget.AnyWidget):
    """A card with a form. Before it is run, a reader sees its text; after a commit, what the record says.

    Parameters
    ----------
    item : dict
        What the page needs: id, stem, kind (``choice``, ``text``, ``rank`` or ``grid``), its controls, the words on
        the button, whether it `locks` after the first commit, and a `first` vote. No answer may be in it.
    still : Shown
        How the card reads before anything is run.
    """

    _esm = Path(__file__).with_name("cards.js")
    _css = Path(__file__).with_name("cards.css")
    shelf = "answers"
    item = traitlets.Dict().tag(sync=True)
    words = traitlets.Dict().tag(sync=True)
    given = traitlets.Dict().tag(sync=True)
    committed = traitlets.Dict().tag(sync=True)
    feedback = traitlets.Unicode().tag(sync=True)
    reply = traitlets.Any(0).tag(sync=True)

    def __init__(self, item, still):
        sure = {level: status_word(level) for level in CONFIDENCE}
        super().__init__(item={"locks": True, **item}, words={**section("cards"), "levels": sure})
        self._still = still
        self.refresh()
        watchers.add(self)

    def commit(self, given):
        """Put what was given into the record; returns what is to be said about it (Shown)."""
        raise NotImplementedError

    def shown(self, entry):
        """The controls' values and the feedback for an entry of the record: (dict of str, Shown)."""
        raise NotImplementedError

    def refresh(self, note=""):
        """Show what the record says, after a sentence where there is one to say."""
        entries, warning = read(self.shelf)
        entry = entries.get(self.item["id"])
        values, told = self.shown(entry) if entry else ({}, Shown("", ""))
        with self.hold_sync():
            self.committed, self.feedback = values, noted(note or warning, told).html

    @traitlets.observe("given")
    def _given(self, change):
        given = dict(change.new)
        if given and not (self.committed and self.item["locks"]):
            told = self.commit(given)
            if not self.feedback or not self.committed:  # refused: nothing was recorded that could be shown
                self.feedback = told.html
        self.reply = given.get("at", 0)

    def _repr_mimebundle_(self, **kwargs):
        data, meta = super()._repr_mimebundle_(**kwargs)
        return {**data, "text/html": self._still.html, "text/plain": self._still.text}, meta


def still(head, lines, note):
    """How a card reads before it is run: its heading, its options or fields, and what to do."""
    listed = "".join(f"<li>{escape(line)}</li>" for line in lines)
    html = (
        f"<p><strong>{escape(head)}</strong></p><ul style='list-style:none'>{listed}</ul><p><em>{escape(note)}</em></p>"
    )
    return Shown(html, "\n".join([head, *("  " + line for line in lines)]))


def find(name, known, missing):
    """What has that id among those known, or the sentence that says there is none: `missing`, then the name."""
    return known.get(name if isinstance(name, str) else None) or say(
        phrase("cards.none_such", missing=missing, name=name, hint=suggestion(name, known) or ".")
    )


def whom(asked):
    """The words that go before what is said of a question or prompt about an invented patient; empty for any other."""
    return phrase("cards.invented", name=asked["invented"]) + " " if "invented" in asked else ""


def word(given):
    """A word as lists have it: whoever passes it by code may write capitals, or blanks around it."""
    return given.strip().casefold() if isinstance(given, str) else given


def unsure(confidence):
    """What is wrong with a confidence that was given, as a sentence; empty where nothing is, or none was given."""
    if confidence is None or (isinstance(confidence, str) and confidence in CONFIDENCE):
        return ""
    return phrase("cards.no_confidence", given=repr(confidence))


def noted(note, told):
    """Something to show with a sentence before it, where there is one."""
    return Shown(f"<p>{escape(note)}</p>{told.html}", f"{note}\n{told.text}") if note else told


def refresh(item_id=None, note=""):
    """Let every card on the page, or those of one id, show what the record says now."""
    for card in list(watchers):
        if item_id in (None, card.item["id"]):
            card.refresh(note)
