"""What can be filled in on the page and is kept in the learner's record: the widget alone, without any question."""

import hashlib
import time
from functools import cache
from html import escape
from pathlib import Path

import anywidget
import pandas as pd
import traitlets

from utils.explore import Again
from utils.page import Shown, say, sendable, table, together
from utils.phrases import phrase, section, status_word
from utils.record import SHELVES, change, keep, one_moment, read, record_path, switched, watchers
from utils.tables import CASEDATA, CaseDataError, read_entries, read_table
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


__all__ = ["answer", "ask", "items", "progress", "record_path", "reset", "reveal", "two_votes"]
KINDS = ("pretest", "retrieval", "completion", "decision", "error", "discussion", "check")
VOICES = ("authors", "data", "later")
UNSCORED = ("pretest", "discussion")


@cache
def items(folder=CASEDATA):
    """The questions as a dict of id -> item, in order, each held to the form that every question must have."""
    return read_entries("items.yaml", _fault, folder)


def _fault(item):
    """What is wrong with an item, in words; nothing where it is right."""
    for key in ("notebook", "kind", "stem"):
        if not isinstance(item.get(key), str) or not item[key].strip():
            return f"'{key}' is missing, or is no text"
    if item["kind"] not in KINDS:
        return f"kind '{item['kind']}' is not one of {', '.join(KINDS)}"
    if [o.get("key") for o in item["options"]] != ["a", "b", "c"]:
        return "there must be three options, a, b and c"
    for option in item["options"]:
        if odd := {*option} - {"key", "text", "why", "rests_on", "misconception"}:
            return f"option {option['key']} has '{odd.pop()}', which is no part of an option: quote a text with a comma"
        if not isinstance(option.get("text"), str) or not option["text"].strip():
            return f"option {option['key']} has no 'text'"
        if len(str(option.get("why", "")).split()) < 15:
            return f"option {option['key']} needs an explanation ('why') of at least 15 words"
        if not _texts(option.get("rests_on")):
            return f"option {option['key']} does not say what it rests on ('rests_on')"
    if (best := item.get("best")) not in (None, "a", "b", "c") or (best is None) != (
        item["kind"] == "discussion" or "open" in item
    ):
        return "'best' must be a, b or c; only a discussion item, or one with 'open', has none"
    if extra := set(item.get("voices", {})) - set(VOICES):
        return f"there is no voice '{extra.pop()}'"
    if "later" in item.get("voices", {}) and not item.get("later_date"):
        return "later guidance needs its date ('later_date')"
    if "voices" in item and not _texts([*item["voices"].values()]):
        return "a voice ('voices') has no words"
    return ""


def revision(item):
    """Eight characters that change with the stem, the options or the key of a question or prompt, and nothing else."""
    asked = [item["stem"], *(option["text"] for option in item.get("options", [])), item.get("best") or ""]
    return hashlib.sha256("\0".join(asked).encode()).hexdigest()[:8]


@cache
def _first():
    """The revision of each question as it stood when revisions began to be kept: what older records answered."""
    return dict(read_table("revisions")[["id", "first"]].itertuples(index=False))


def changed_since(item, entry):
    """Whether a question was changed after somebody answered it; an entry of the record says which one it was."""
    now = revision(item)
    return (entry.get("revision") or _first().get(item["id"], now)) != now


def _texts(given):
    """Whether it is a list of texts, and not an empty one."""
    return isinstance(given, list) and bool(given) and all(isinstance(x, str) and x for x in given)


class Question(Card):
    """One question on the page. It knows the stem and the options; the feedback comes only after a commit."""

    def __init__(self, item):
        self._question = item
        options = [[o["key"], f"{o['key']}) {o['text']}"] for o in item["options"]]
        about = {"id": item["id"], "stem": item["stem"], "options": options, "kind": "choice", "confidence": True}
        note = phrase("quiz.run_first")
        head = f"{item['id']}. {item['stem']}"
        with one_moment():
            super().__init__({**about, **_stage(item["id"])}, still(head, [o[1] for o in options], note))

    def commit(self, given):
        sure = given.get("confidence") or None
        return _answer(self._question, given.get("choice"), sure, second=given.get("vote") == 2)

    def refresh(self, note=""):
        name = self.item["id"]
        with self.hold_sync(), one_moment():
            votes, warning = read("votes")
            self.item = {**self.item, **_stage(name)}
            super().refresh((note or warning) + (_waits(name, votes[name]) if _waiting(name) else ""))

    def shown(self, entry):
        given = {k: entry.get(k, "") for k in ("choice", "confidence")}
        if changed_since(self._question, entry):
            given["choice"] = ""  # its letter may stand before another option now
        return given, explained(self._question, entry)


def _waiting(name):
    """Whether a first vote is in, and no answer yet."""
    return name in read("votes")[0] and name not in read()[0]


def _stage(name):
    """What the card of a question shows of its stage: the first vote, and what a commit would be."""
    what = "second_vote" if _waiting(name) else "first_vote" if switched("two_votes") else "answer"
    first = read("votes")[0].get(name, {}).get("choice", "")
    return {"first": first, "button": phrase(f"quiz.commit_{what}", id=name)}


_others = {}  # the questions of other cases, once one of them was asked


def _of_another_case(folder):
    """The questions of another case, for `answer` and `reveal` too; their ids must not be ours."""
    found = items(Path(folder))
    if twice := found.keys() & items().keys():
        raise CaseDataError("items.yaml", f"{min(twice)} is an id of the collection: give the question another")
    _others.update(found)


def _find(item_id):
    """The item, or the sentence that says there is none."""
    return find(item_id, items() | _others, phrase("quiz.no_question"))


def ask(item_id, folder=None):
    """The question as a card: nothing is pre-selected, and the first answer stays.

    Parameters
    ----------
    item_id : str
        Such as ``"N3.1"``. The record knows a question by its id alone, so those of another case need others.
    folder : str or Path, optional
        Of another case, with an ``items.yaml`` of its own (CaseDataError where that cannot be used).
    """
    if folder:
        _of_another_case(folder)
    item = _find(item_id)
    return item if isinstance(item, Shown) else Question(item)


def answer(item_id, choice, confidence=None):
    """Commit an answer without the card; the same record, the same feedback.

    Where `two_votes` is on, the first call is the first vote, and the next one the answer.

    Parameters
    ----------
    item_id : str
    choice : {"a", "b", "c"}
    confidence : {"low", "medium", "high"}, optional
        Kept for your own calibration, never scored.

    Returns
    -------
    Shown
        The feedback, or a sentence that says why nothing was recorded.
    """
    item = _find(item_id)
    return item if isinstance(item, Shown) else _answer(item, choice, confidence)


def _answer(item, choice, confidence, second=True):
    """The same; `second` is whether whoever commits knows of a first vote where there is one."""
    item_id, choice, confidence = item["id"], word(choice), word(confidence)
    if not isinstance(choice, str) or choice not in ("a", "b", "c"):
        return say(phrase("quiz.no_option", id=item_id, choice=repr(choice)))
    if wrong := unsure(confidence):
        return say(phrase("quiz.not_recorded", why=wrong))
    given = {"choice": choice, "confidence": confidence or "", "at": time.strftime("%Y-%m-%dT%H:%M:%S")}
    given["revision"] = revision(item)
    voted = second and item_id in read("votes")[0]
    shelf = "votes" if switched("two_votes") and not voted and item_id not in read()[0] else "answers"
    kept, note = keep(shelf, item_id, given)
    if not note and kept != given:
        note = phrase(
            "quiz.answered_already" if shelf == "answers" else "quiz.voted_already", id=item_id, choice=kept["choice"]
        )
    refresh(item_id, note)
    return noted(note, explained(item, kept) if shelf == "answers" else say(_waits(item_id, kept)))


def _waits(item_id, vote):
    """What is said between the first vote and the second."""
    return phrase("quiz.first_vote_is_in", id=item_id, choice=vote["choice"])


class Switch(Card):
    """One vote for each question, or two. It can be changed at any time."""

    def __init__(self):
        options = [[n, phrase(f"quiz.votes_{n}")] for n in ("one", "two")]
        about = {"id": "Votes", "stem": phrase("quiz.votes_stem"), "options": options, "kind": "choice"}
        about |= {"locks": False, "button": phrase("quiz.votes_button")}
        super().__init__(about, still(f"Votes. {about['stem']}", [o[1] for o in options], phrase("quiz.votes_run")))

    def commit(self, given):
        return two_votes(given.get("choice") == "two")

    def refresh(self, note=""):
        on = switched("two_votes")
        with self.hold_sync():
            self.committed, self.feedback = {"choice": "two" if on else "one"}, noted(note, _votes(on)).html


def _votes(on):
    """What a mode means, in a sentence."""
    return say(phrase("quiz.two_votes_on" if on else "quiz.two_votes_off"))


def two_votes(on=None):
    """Vote, talk, vote again: whether each question takes two votes before its explanation, in all notebooks.

    Parameters
    ----------
    on : bool, optional
        Switches it on or off, and it stays so; a card to choose on where it is left out.

    Returns
    -------
    Switch or Shown
    """
    if on is None:
        return Switch()
    if not isinstance(on, bool):
        return say(phrase("quiz.two_votes_refused", given=repr(on)))
    note = change(lambda record: record.update(two_votes=on))
    refresh(), refresh("Votes", note)
    return noted(note, _votes(on))


def reveal(item_id):
    """The explanation of every option, once you have committed; before that, a reminder to commit first."""
    item = _find(item_id)
    if isinstance(item, Shown):
        return item
    answers, warning = read()
    if item_id not in answers:
        if vote := read("votes")[0].get(item_id):
            return say(f"{warning}{_waits(item_id, vote)}")
        return say(warning + phrase("quiz.locked", id=item_id))
    return explained(item, answers[item_id])


def voices(item):
    """What the voices of an item say, each with its label, later guidance with its date: a list of (label, words)."""
    told = item.get("voices", {}).items()
    dated = phrase("quiz.dated", date=item.get("later_date"))
    return [(phrase(f"quiz.voice_{v}") + (dated if v == "later" else ""), words) for v, words in told]


def explained(item, given):
    """Explanation of every option, the voices kept apart, and what it rests on; also where nothing is given.

    What was given to an earlier form of the question is told, and not judged.
    """
    best, chosen, old = item.get("best"), given.get("choice"), ""
    if chosen and changed_since(item, given):
        old, chosen = phrase("quiz.question_changed", id=item["id"], choice=chosen) + " ", None
    right = phrase("quiz.right") if chosen == best else phrase("quiz.best_is", best=best)
    you = phrase("quiz.you_chose", choice=chosen) if chosen else ""
    verdict = f"{whom(item)}{old}{you}{right if best else phrase('quiz.no_best')}"
    html, text = [f"<p><strong>{verdict}</strong></p>"], [f"{item['id']}. {verdict}"]
    vote = read("votes")[0].get(item["id"])
    if chosen and vote and not changed_since(item, vote):
        first = vote["choice"]
        text.append(phrase("quiz.stayed" if first == chosen else "quiz.changed", first=first, choice=chosen))
        html.append(f"<p>{text[-1]}</p>")
    html.append("<ul>")
    for option in item["options"]:
        mark = "best" if option["key"] == best else "yours" if option["key"] == chosen else ""
        mark, basis = mark and phrase(f"quiz.mark_{mark}"), phrase("quiz.rests_on", basis=", ".join(option["rests_on"]))
        head = escape(f"{option['key']}) {option['text']}{mark}")
        html.append(f"<li><strong>{head}</strong><br>{escape(option['why'])} ({escape(basis)})</li>")
        text.append(f"{option['key']}) {option['text']}{mark}: {option['why']} ({basis})")
    html.append("</ul>")
    for label, words in voices(item):
        html.append(f'<p class="casebook-voice"><strong>{label}:</strong> {escape(words)}</p>')
        text.append(f"{label}: {words}")
    return Shown("".join(html), "\n".join(text))


def progress():
    """How far you are, in a sentence: answered, and best supported at the first commit. Confidence is never scored.

    An answer to a question that was changed since is counted, and not scored.
    """
    answers, warning = read()
    given = [(item, answers[name]) for name, item in items().items() if name in answers]
    if not given:
        return say(warning + phrase("quiz.nothing_answered"))
    scored = [
        entry["choice"] == item["best"]
        for item, entry in given
        if item.get("best") and item["kind"] not in UNSCORED and not changed_since(item, entry)
    ]
    told = {"answered": len(given), "asked": len(items()), "right": sum(scored), "scored": len(scored)}
    return say(warning + phrase("quiz.progress", **told))


def reset(item_id=None):
    """Forget one entry, or all of them; the old record is kept beside the new one as a backup.

    Parameters
    ----------
    item_id : str, optional
        A question, something written or ranked, or a board; everything where it is left out.
    """
    if item_id is not None and item_id not in [name for shelf in SHELVES for name in read(shelf)[0]]:
        return say(phrase("quiz.nothing_to_forget", id=item_id))

    def forget(record):
        for shelf in SHELVES:
            record[shelf].pop(item_id, None) if item_id else record[shelf].clear()

    note = change(forget, backup=True)
    refresh()
    return say(note or (phrase("quiz.open_again", id=item_id) if item_id else phrase("quiz.all_forgotten")))


LONGEST = 2000  # characters of one field; more is a paste that went wrong
LEAST = 4  # hypotheses to rank: fewer is no differential


@cache
def prompts(folder=CASEDATA):
    """What is asked for in the learner's own words or order: a dict of id -> prompt (source: ``prompts.yaml``)."""
    return read_entries("prompts.yaml", _prompt_fault, folder)


def _prompt_fault(prompt):
    """What is wrong with a prompt, in words; nothing where it is right."""
    needed = {"text": "fields", "rank": "stage"}.get(prompt.get("kind"))
    if not needed or not prompt.get(needed):
        return "kind is text (with 'fields') or rank (with 'stage')"
    words = [prompt.get("stem"), prompt.get("notebook"), prompt.get("exemplar", "-"), *prompt.get("look_for", [])]
    words += [*prompt["fields"].values()] if needed == "fields" else [prompt["stage"]]
    if not all(isinstance(w, str) and w.strip() for w in words):
        return "'stem', 'notebook', or one of its lines, is missing, or is no text"
    return ""


def hypotheses():
    """The diagnoses that are ranked: a dict of name -> label."""
    return dict(read_table("hypotheses")[["hypothesis", "label"]].itertuples(index=False))


def _places(fields):
    """What is ranked, as a dict of hypothesis -> place; what is no place on the list is left out."""
    known = hypotheses()
    allowed = {str(n): n for n in range(1, len(known) + 1)}
    return {k: allowed[fields[k]] for k in known if fields.get(k) in allowed}


class Form(Card):
    """A text to write or a list to rank; the first commit stays, so that you can look back at it."""

    shelf = "forms"

    def __init__(self, prompt):
        self._prompt, ranks = prompt, prompt["kind"] == "rank"
        known = hypotheses()
        fields = [[k, v] for k, v in known.items()] if ranks else [[k, v, 2] for k, v in prompt["fields"].items()]
        places = [["", phrase("forms.not_ranked")], *[[str(n), str(n)] for n in range(1, len(known) + 1)]]
        about = {"id": prompt["id"], "stem": prompt["stem"], "kind": prompt["kind"], "fields": fields}
        about |= {"options": places, "confidence": ranks, "button": phrase("forms.keep", id=prompt["id"])}
        note = phrase("forms.run_to_rank" if ranks else "forms.run_to_write")
        super().__init__(about, still(f"{prompt['id']}. {prompt['stem']}", [f[1] for f in fields], note))

    def commit(self, given):
        fields = {k: v for k, v in given.items() if k not in ("at", "confidence")}
        if self._prompt["kind"] == "text":
            return write(self._prompt["id"], fields)
        places = _places(fields)
        if len(set(places.values())) < len(places):
            return say(phrase("forms.same_place"))
        return rank(self._prompt["id"], sorted(places, key=places.get), given.get("confidence") or None)

    def shown(self, entry):
        return {**entry["fields"], "confidence": entry.get("confidence", "")}, _told(self._prompt, entry)


def _told(prompt, entry):
    """What is said after a commit: one way to put it, and what to look for in one's own."""
    kept = whom(prompt) + phrase("forms.kept", id=prompt["id"])
    html, text = [f"<p><strong>{kept}</strong></p>"], [kept]
    if prompt["kind"] == "rank":
        known, places = hypotheses(), _places(entry["fields"])
        order = ", ".join(f"{places[k]} {known[k]}" for k in sorted(places, key=places.get))
        text.append(phrase("forms.your_order", order=order))
        html.append(f"<p>{escape(text[-1])}</p>")
    elif "words" in prompt:
        count = len(" ".join(entry["fields"].values()).split())
        text.append(phrase("forms.words_used", used=count, most=prompt["words"]))
        html.append(f"<p>{escape(text[-1])}</p>")
    if "exemplar" in prompt:
        way = phrase("forms.one_way")
        text.append(f"{way} {prompt['exemplar']}")
        html.append(f"<p><strong>{escape(way)}</strong> {escape(prompt['exemplar'])}</p>")
    if "look_for" in prompt:
        look = phrase("forms.look_at_yours")
        text += [look, *[f"  - {line}" for line in prompt["look_for"]]]
        listed = "".join(f"<li>{escape(line)}</li>" for line in prompt["look_for"])
        html.append(f"<p><strong>{escape(look)}</strong></p><ul>{listed}</ul>")
    return Shown("".join(html), "\n".join(text))


def _find_prompt(name, kind):
    """The prompt of that kind, or the sentence that says there is none."""
    of_kind = {k: p for k, p in prompts().items() if p["kind"] == kind}
    return find(name, of_kind, phrase(f"forms.none_to_{'write' if kind == 'text' else 'rank'}"))


def keep_first(name, fields, **more):
    """Put what was filled in into the record where there is nothing yet: (what stands there now, a sentence or "")."""
    entry = {"fields": fields, **more, "at": time.strftime("%Y-%m-%dT%H:%M:%S")}
    kept, note = keep("forms", name, entry)
    if not note and kept != entry:
        note = phrase("forms.kept_already", id=name) + " "
    refresh(name, note)
    return kept, note


def _keep(prompt, fields, **more):
    """Keep the first entry, and say what is there."""
    kept, note = keep_first(prompt["id"], fields, **more)
    return noted(note, _told(prompt, kept))


def write(name, given=None):
    """Something to write: the form, or, with text, the same by call.

    Parameters
    ----------
    name : str
        Such as ``"W1.1"``.
    given : str or dict of str -> str, optional
        Your words; a dict of field -> words where there are several fields.

    Returns
    -------
    Form or Shown
    """
    prompt = _find_prompt(name, "text")
    if isinstance(prompt, Shown) or given is None:
        return prompt if isinstance(prompt, Shown) else Form(prompt)
    wanted = list(prompt["fields"])
    fields = {wanted[0]: given} if isinstance(given, str) and len(wanted) == 1 else given
    if not isinstance(fields, dict) or set(fields) - set(wanted):
        return say(phrase("forms.no_fields", id=name, fields=", ".join(wanted)))
    empty = [f for f in wanted if not isinstance(fields.get(f), str) or not fields[f].strip()]
    if empty:
        return say(phrase("forms.empty", id=name, fields=", ".join(prompt["fields"][f] for f in empty)))
    if max(map(len, fields.values())) > LONGEST:
        return say(phrase("forms.too_long", id=name, most=f"{LONGEST:,}"))
    return _keep(prompt, {f: sendable(fields[f].strip()) for f in wanted})


def rank(name, order=None, confidence=None):
    """Hypotheses to rank: the form, or, with an order, the same by call.

    Parameters
    ----------
    name : str
        Such as ``"D1.1"``.
    order : list of str, optional
        Hypotheses, likeliest first; at least four of `hypotheses`.
    confidence : {"low", "medium", "high"}, optional

    Returns
    -------
    Form or Shown
    """
    prompt, known = _find_prompt(name, "rank"), hypotheses()
    if isinstance(prompt, Shown) or order is None:
        return prompt if isinstance(prompt, Shown) else Form(prompt)
    order = list(order) if isinstance(order, list | tuple) else [order]
    for one in order:
        if not isinstance(one, str) or one not in known:
            return say(phrase("forms.not_on_the_list", given=repr(one), known=", ".join(known)))
    if len(set(order)) < len(order):
        return say(phrase("forms.ranked_twice"))
    if len(order) < LEAST:
        return say(phrase("forms.rank_more", least=LEAST, of=len(known)))
    if wrong := unsure(confidence := word(confidence)):
        return say(phrase("forms.not_kept", why=wrong))
    return _keep(prompt, {k: str(n) for n, k in enumerate(order, 1)}, confidence=confidence or "")


def rankings(notebook):
    """Your rankings in a notebook: a DataFrame of places, one row a hypothesis, one column a stage."""
    kept, _ = read("forms")
    stages = [p for p in prompts().values() if p["kind"] == "rank" and p["notebook"] == str(notebook)]
    given = {p["stage"]: _places(kept.get(p["id"], {}).get("fields", {})) for p in stages}
    places = {stage: [found.get(k) for k in hypotheses()] for stage, found in given.items()}
    return pd.DataFrame(places, index=list(hypotheses().values()), dtype="Int64")


def notes(notebook):
    """Everything that you wrote in a notebook, to read again or to copy: a table, or a line where it is nothing."""
    kept, warning = read("forms")
    asked = [p for p in prompts().values() if p["notebook"] == str(notebook) and p["kind"] == "text"]
    rows = []
    for prompt in asked:
        fields = kept.get(prompt["id"], {}).get("fields", {})
        rows += [(prompt["id"], label, str(fields[k])) for k, label in prompt["fields"].items() if k in fields]
    about = "".join(dict.fromkeys(map(whom, asked)))
    if not rows:
        return say(warning + about + phrase("forms.nothing_written"))
    heads = [phrase("forms.head_id"), "What", phrase("forms.head_words")]
    return table(pd.DataFrame(rows, columns=heads), warning + about + phrase("forms.what_you_wrote"))


def my_page(notebook):
    """What you wrote in a notebook and how far you are, with a button that brings both up to date (an `Again`)."""
    return Again(lambda: together(notes(notebook), progress()))
