"""Commit first, then reveal. The learner's answers lie in one small file of their own and go nowhere else."""

import hashlib
import time
from functools import cache
from html import escape
from pathlib import Path

from utils.cards import Card, find, noted, refresh, still, unsure, whom, word
from utils.package import CASEDATA, CaseDataError, read_entries, read_table
from utils.page import Shown, say
from utils.phrases import phrase
from utils.record import SHELVES, change, keep, one_moment, read, record_path, switched

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
