"""Questions, texts to write and lists to rank: cards to fill in on the page, kept in the learner's record."""

import hashlib
from functools import cache
from html import escape
from pathlib import Path

import anywidget
import pandas as pd
import traitlets

from utils.explore import again, button
from utils.page import Shown, say, sendable, table, together
from utils.phrases import phrase, section, status_word
from utils.record import SHELVES, change, keep, read, record_path, refresh, switched, watchers
from utils.tables import CASEDATA, CaseDataError, read_entries, read_table
from utils.units import among, suggestion

__all__ = ["answer", "ask", "my_page", "notes", "progress", "rank", "record_path", "reset", "reveal", "write"]
CONFIDENCE, VOICES, UNSCORED = ("low", "medium", "high"), ("authors", "data", "later"), ("pretest", "discussion")
LEAST = 4  # hypotheses of a differential
_others = {}  # the questions of other cases, once one of them was asked


# ---- the card -------------------------------------------------------------------------------------------------------
class Card(anywidget.AnyWidget):
    """A card with a form. Before it is run, a reader sees `still`; after a commit, what the record says.

    `item` is what the page needs, and never an answer. A subclass has ``commit(given)``, which puts what was given into
    the record and returns the reply, and ``shown(entry)``: the controls' values and the feedback for an entry of it.
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

    def __init__(self, item, note="", lines=None):
        levels = {level: status_word(level) for level in CONFIDENCE}
        super().__init__(item={"locks": True, **item}, words={**section("cards"), "levels": levels})
        head = item["stem"] if item["kind"] == "grid" else f"{item['id']}. {item['stem']}"
        lines = lines or [text for _, text, *_ in item.get("fields", item.get("options"))]
        listed = "".join(f"<li>{escape(line)}</li>" for line in lines)
        html = f"<ul style='list-style:none'>{listed}</ul><p><em>{escape(note)}</em></p>"
        self.still = Shown(f"<p><strong>{escape(head)}</strong></p>{html}", "\n  ".join([head, *lines]))
        self.refresh()
        watchers.add(self)

    def refresh(self, note=""):
        """Show what the record says, after a sentence where there is one."""
        entries, warning = read(self.shelf)
        entry = entries.get(self.item["id"])
        stage, waits = _stage(self.item["id"]) if self.shelf == "answers" else ({}, "")
        values, feedback = self.shown(entry) if entry else ({}, Shown("", ""))
        with self.hold_sync():
            self.item, self.committed = {**self.item, **stage}, values
            self.feedback = noted((note or warning) + waits, feedback).html

    @traitlets.observe("given")
    def _given(self, change):
        given = dict(change.new)
        if given and not (self.committed and self.item["locks"]):
            reply = self.commit(given)
            if not self.feedback or not self.committed:  # refused: nothing was recorded that could be shown
                self.feedback = reply.html
        self.reply = given.get("at", 0)

    def _repr_mimebundle_(self, **kwargs):
        data, meta = super()._repr_mimebundle_(**kwargs)
        return {**data, "text/html": self.still.html, "text/plain": self.still.text}, meta


def _find(name, kind="choice"):
    """The question, or the prompt of that kind, of that id; or the sentence that says there is none."""
    known = items() | _others if kind == "choice" else {k: p for k, p in prompts().items() if p["kind"] == kind}
    missing = phrase(f"cards.no_{kind}", name=name, hint=suggestion(name, known) or ".")
    return known.get(name if isinstance(name, str) else None) or say(missing)


def invented(asked):
    """The words before whatever is said of a question or prompt about an invented patient; empty for any other."""
    return phrase("cards.invented", name=asked["invented"]) + " " if "invented" in asked else ""


def word(given):
    """A word as lists have it: whoever passes it by code may write capitals, or blanks around it."""
    return given.strip().casefold() if isinstance(given, str) else given


def unsure(confidence):
    """What is wrong with a confidence, as a sentence; empty where nothing is, or none was given."""
    return (
        ""
        if confidence is None or among(confidence, CONFIDENCE)
        else phrase("cards.no_confidence", given=repr(confidence))
    )


def noted(note, shown):
    """Something to show with a sentence before it, where there is one."""
    return _joined([_line(note), shown]) if note else shown


def _line(words, lead="", attributes=""):
    """A paragraph, its lead in bold."""
    bold = f"<strong>{escape(lead)}</strong>" if lead else ""
    html = f"<p{attributes}>{bold}{' ' if lead and words else ''}{escape(words)}</p>"
    return Shown(html, f"{lead} {words}".strip())


def _joined(parts, tag="{}"):
    return Shown(tag.format("".join(part.html for part in parts)), "\n".join(part.text for part in parts))


# ---- questions ------------------------------------------------------------------------------------------------------
@cache
def items(folder=CASEDATA):
    """The questions as a dict of id -> item, in order; CaseDataError for one that cannot be asked."""
    return read_entries("items.yaml", _fault, folder)


def _fault(item):
    """What keeps a question from being asked; the rest of its form is held in tests/check_questions.py."""
    options, texts = item["options"], [item["notebook"], item["kind"], item["stem"]]
    texts += [option[key] for option in options for key in ("text", "why")]
    keys = [option["key"] for option in options if isinstance(option["rests_on"], list)]
    known = item.get("best") in (None, *"abc") and {*item.get("voices", {})} <= {*VOICES}
    return "" if keys == [*"abc"] and known and all(text.strip() for text in texts) else phrase("quiz.not_whole")


def revision(item):
    """Eight characters that change with the stem, the options or the key of a question or prompt, and nothing else."""
    asked = [item["stem"], *(option["text"] for option in item.get("options", [])), item.get("best") or ""]
    return hashlib.sha256("\0".join(asked).encode()).hexdigest()[:8]


@cache
def _pairs(name, *columns):
    return dict(read_table(name)[[*columns]].itertuples(index=False))


def changed_since(item, entry):
    """Whether a question was changed after it was answered; what an older record answered is the first revision."""
    now = revision(item)
    return (entry.get("revision") or _pairs("revisions", "id", "first").get(item["id"], now)) != now


class Question(Card):
    """One question on the page. It knows the stem and the options; the feedback comes only after a commit."""

    def __init__(self, item):
        self._question, options = item, [[o["key"], f"{o['key']}) {o['text']}"] for o in item["options"]]
        about = {"id": item["id"], "stem": item["stem"], "options": options, "kind": "choice", "confidence": True}
        super().__init__(about, phrase("quiz.run_first"))

    def commit(self, given):
        second = given.get("vote") == 2
        return answer(self.item["id"], given.get("choice"), given.get("confidence") or None, second)

    def shown(self, entry):
        changed = changed_since(self._question, entry)  # its letter may stand before another option now
        choice = "" if changed else entry["choice"]
        return {"choice": choice, "confidence": entry.get("confidence", "")}, explained(self._question, entry)


def _stage(name):
    """What a question's card shows of its stage (the first vote, what a commit would be), and what is said of it."""
    vote = read("votes")[0].get(name, {})
    waiting = bool(vote) and name not in read()[0]
    what = "second_vote" if waiting else "first_vote" if switched("two_votes") else "answer"
    stage = {"first": vote.get("choice", ""), "button": phrase(f"quiz.commit_{what}", id=name)}
    return stage, phrase("quiz.first_vote_is_in", id=name, choice=vote["choice"]) if waiting else ""


def ask(item_id, folder=None):
    """The question, such as ``"N3.1"``, as a card: nothing is pre-selected, and the first answer stays.

    `folder` is that of another case, with an ``items.yaml`` of its own and none of our ids (else CaseDataError).
    """
    found = items(Path(folder)) if folder else {}
    if twice := found.keys() & items().keys():
        raise CaseDataError("items.yaml", f"{min(twice)} is an id of the collection: give the question another")
    _others.update(found)
    item = _find(item_id)
    return item if isinstance(item, Shown) else Question(item)


def answer(item_id, choice, confidence=None, second=True):
    """Commit an answer without the card; returns the feedback, or why nothing was recorded (Shown).

    Where `two_votes` is on, the first call is the first vote, and the next one the answer; `second` is whether this
    may be that one, which a card that was drawn before the first vote does not know. Confidence is never scored.
    """
    item, choice, confidence = _find(item_id), word(choice), word(confidence)
    if isinstance(item, Shown):
        return item
    if wrong := unsure(confidence) if among(choice, ("a", "b", "c")) else phrase("quiz.no_option", choice=repr(choice)):
        return say(phrase("quiz.not_recorded", id=item_id, why=wrong))
    first = switched("two_votes") and item_id not in read()[0] and not (second and item_id in read("votes")[0])
    given = {"choice": choice, "confidence": confidence or "", "revision": revision(item)}
    kept, note = keep("votes" if first else "answers", item_id, **given)
    return noted(note, say(_stage(item_id)[1]) if first else explained(item, kept))


def two_votes(on=None):
    """Vote, talk, vote again: switch two votes for each question on or off; without `on`, a button that changes it."""
    if on is None:
        now, note = phrase(f"quiz.two_votes_{switched('two_votes')}"), phrase("quiz.votes_run")
        return button(phrase("quiz.votes_button"), lambda: two_votes(not switched("two_votes")), say(now), note)
    if not isinstance(on, bool):
        return say(phrase("quiz.two_votes_refused", given=repr(on)))
    note = change(lambda record: record.update(two_votes=on))
    refresh()
    return noted(note, say(phrase(f"quiz.two_votes_{on}")))


def reveal(item_id):
    """The explanation of every option, once you have committed; before that, a reminder to commit first."""
    item, (answers, warning) = _find(item_id), read()
    if isinstance(item, Shown):
        return item
    if item_id in answers:
        return explained(item, answers[item_id])
    return say(warning + (_stage(item_id)[1] or phrase("quiz.locked", id=item_id)))


def voices(item):
    """What the voices of an item say, each with its label, later guidance with its date: a list of (label, words)."""
    date = item.get("later_date")
    return [(phrase(f"quiz.voice_{voice}", date=date), words) for voice, words in item.get("voices", {}).items()]


def explained(item, given):
    """The reason of every option, the voices kept apart; an answer to an earlier form of the question is not judged."""
    best, chosen, old = item.get("best"), given.get("choice"), ""
    if chosen and changed_since(item, given):
        old, chosen = phrase("quiz.question_changed", id=item["id"], choice=chosen) + " ", None
    right = phrase("quiz.no_best" if not best else "quiz.right" if chosen == best else "quiz.best_is", best=best)
    you = phrase("quiz.you_chose", choice=chosen) if chosen else ""
    verdict = _line("", f"{invented(item)}{old}{you}{right}")
    parts = [Shown(verdict.html, f"{item['id']}. {verdict.text}")]
    vote = read("votes")[0].get(item["id"])
    if chosen and vote and not changed_since(item, vote):
        moved = "stayed" if vote["choice"] == chosen else "changed"
        parts.append(_line(phrase(f"quiz.{moved}", first=vote["choice"], choice=chosen)))
    marks, listed = {chosen: phrase("quiz.mark_yours"), best: phrase("quiz.mark_best")}, []
    for option in item["options"]:
        head = f"{option['key']}) {option['text']}{marks.get(option['key'], '')}"
        why = f"{option['why']} ({phrase('quiz.rests_on', basis=', '.join(option['rests_on']))})"
        listed.append(Shown(f"<li><strong>{escape(head)}</strong><br>{escape(why)}</li>", f"{head}: {why}"))
    spoken = [_line(words, f"{label}:", ' class="casebook-voice"') for label, words in voices(item)]
    return _joined([*parts, _joined(listed, "<ul>{}</ul>"), *spoken])


def progress():
    """How far you are, in a sentence. Neither confidence nor an answer to a question that was changed is scored."""
    answers, warning = read()
    given = [(item, answers[name]) for name, item in items().items() if name in answers]
    if not given:
        return say(warning + phrase("quiz.nothing_answered"))
    scored = [(i, e) for i, e in given if i.get("best") and i["kind"] not in UNSCORED and not changed_since(i, e)]
    counts = {"right": sum(e["choice"] == i["best"] for i, e in scored), "scored": len(scored)}
    return say(warning + phrase("quiz.progress", answered=len(given), asked=len(items()), **counts))


def reset(item_id=None):
    """Forget what was answered, written, ranked or put on a board under one id, or all; a backup is kept beside it."""
    if item_id is not None and item_id not in [name for shelf in SHELVES for name in read(shelf)[0]]:
        return say(phrase("quiz.nothing_to_forget", id=item_id))

    def forget(record):
        for shelf in SHELVES:
            record[shelf].pop(item_id, None) if item_id else record[shelf].clear()

    note = change(forget, backup=True)
    refresh()
    return say(note or (phrase("quiz.open_again", id=item_id) if item_id else phrase("quiz.all_forgotten")))


# ---- what is written and ranked -------------------------------------------------------------------------------------
@cache
def prompts(folder=CASEDATA):
    """What is asked for in the learner's own words or order: a dict of id -> prompt (source: ``prompts.yaml``)."""
    return read_entries("prompts.yaml", folder=folder)


def hypotheses():
    """The diagnoses that are ranked: a dict of name -> label."""
    return _pairs("hypotheses", "hypothesis", "label")


def _places(fields):
    """What is ranked, as a dict of hypothesis -> place; what is no place on the list is left out."""
    allowed = {str(n): n for n in range(1, len(hypotheses()) + 1)}
    return {k: allowed[fields[k]] for k in hypotheses() if fields.get(k) in allowed}


class Form(Card):
    """A text to write or a list to rank; the first commit stays, to look back at."""

    shelf = "forms"

    def __init__(self, prompt):
        self._prompt, ranks = prompt, prompt["kind"] == "rank"
        fields = [[k, label, 2] for k, label in (hypotheses() if ranks else prompt["fields"]).items()]
        places = [["", phrase("forms.not_ranked")], *([str(n), str(n)] for n in range(1, len(hypotheses()) + 1))]
        about = {key: prompt[key] for key in ("id", "stem", "kind")} | {"fields": fields, "options": places}
        about |= {"confidence": ranks, "button": phrase("forms.keep", id=prompt["id"])}
        super().__init__(about, phrase("forms.run_to_rank" if ranks else "forms.run_to_write"))

    def commit(self, given):
        if self._prompt["kind"] == "text":
            return write(self._prompt["id"], {k: v for k, v in given.items() if k not in ("at", "confidence")})
        places = _places(given)
        if len(set(places.values())) < len(places):
            return say(phrase("forms.same_place"))
        return rank(self._prompt["id"], sorted(places, key=places.get), given.get("confidence") or None)

    def shown(self, entry):
        return {**entry["fields"], "confidence": entry.get("confidence", "")}, _kept(self._prompt, entry)


def _kept(prompt, entry):
    """What is said after a commit: one way to put it, and what to look for in one's own."""
    parts = [_line("", invented(prompt) + phrase("forms.kept", id=prompt["id"]))]
    if prompt["kind"] == "rank":
        known, places = hypotheses(), _places(entry["fields"])
        order = ", ".join(f"{places[k]} {known[k]}" for k in sorted(places, key=places.get))
        parts.append(_line(phrase("forms.your_order", order=order)))
    elif "words" in prompt:
        count = len(" ".join(entry["fields"].values()).split())
        parts.append(_line(phrase("forms.words_used", used=count, most=prompt["words"])))
    if "exemplar" in prompt:
        parts.append(_line(prompt["exemplar"], phrase("forms.one_way")))
    if "look_for" in prompt:
        listed = [Shown(f"<li>{escape(line)}</li>", f"  - {line}") for line in prompt["look_for"]]
        parts += [_line("", phrase("forms.look_at_yours")), _joined(listed, "<ul>{}</ul>")]
    return _joined(parts)


def write(name, given=None):
    """Something to write, such as ``"W1.1"``: the form (Form) or, with words, the same by call (Shown).

    `given` is your words, or a dict of field -> words where there are several fields.
    """
    prompt = _find(name, "text")
    if isinstance(prompt, Shown) or given is None:
        return prompt if isinstance(prompt, Shown) else Form(prompt)
    wanted = list(prompt["fields"])
    fields = {wanted[0]: given} if isinstance(given, str) and len(wanted) == 1 else given
    if not isinstance(fields, dict) or set(fields) - set(wanted):
        return say(phrase("forms.no_fields", id=name, fields=", ".join(wanted)))
    if empty := [f for f in wanted if not isinstance(fields.get(f), str) or not fields[f].strip()]:
        return say(phrase("forms.empty", id=name, fields=", ".join(prompt["fields"][f] for f in empty)))
    kept, note = keep("forms", name, fields={f: sendable(fields[f].strip()) for f in wanted})
    return noted(note, _kept(prompt, kept))


def rank(name, order=None, confidence=None):
    """Hypotheses to rank, such as ``"D1.1"``: the form (Form) or, with an order, the same by call (Shown).

    `order` lists at least four of `hypotheses`, likeliest first; `confidence` is low, medium or high.
    """
    prompt, known = _find(name, "rank"), hypotheses()
    if isinstance(prompt, Shown) or order is None:
        return prompt if isinstance(prompt, Shown) else Form(prompt)
    order, confidence = list(order) if isinstance(order, list | tuple) else [order], word(confidence)
    if not all(isinstance(one, str) and one in known for one in order) or len({*order}) < len(order):
        return say(phrase("forms.no_ranking", given=repr(order), known=", ".join(known)))
    if len(order) < LEAST:
        return say(phrase("forms.rank_more", least=LEAST, of=len(known)))
    if wrong := unsure(confidence):
        return say(phrase("forms.not_kept", why=wrong))
    fields = {hypothesis: str(n) for n, hypothesis in enumerate(order, 1)}
    kept, note = keep("forms", name, fields=fields, confidence=confidence or "")
    return noted(note, _kept(prompt, kept))


def rankings(notebook):
    """Your rankings in a notebook: a DataFrame of places, one row a hypothesis, one column a stage."""
    kept, _ = read("forms")
    stages = [p for p in prompts().values() if p["kind"] == "rank" and p["notebook"] == str(notebook)]
    places = {p["stage"]: _places(kept.get(p["id"], {}).get("fields", {})) for p in stages}
    return pd.DataFrame(places, index=[*hypotheses()], dtype="Int64").rename(index=hypotheses())


def notes(notebook):
    """Everything that you wrote in a notebook, to read again or to copy: a table, or a line where it is nothing."""
    kept, warning = read("forms")
    asked, rows = [p for p in prompts().values() if p["notebook"] == str(notebook) and p["kind"] == "text"], []
    for prompt in asked:
        fields = kept.get(prompt["id"], {"fields": {}})["fields"]
        rows += [(prompt["id"], label, fields[k]) for k, label in prompt["fields"].items() if k in fields]
    about = warning + "".join(dict.fromkeys(map(invented, asked)))
    if not rows:
        return say(about + phrase("forms.nothing_written"))
    heads = [phrase("forms.head_id"), "What", phrase("forms.head_words")]
    return table(pd.DataFrame(rows, columns=heads), about + phrase("forms.what_you_wrote"))


def my_page(notebook):
    """What you wrote in a notebook and how far you are, with a button that brings both up to date."""
    return again(lambda: together(notes(notebook), progress()))
