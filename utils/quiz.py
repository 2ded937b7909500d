"""Commit first, then reveal. The learner's answers lie in one small file of their own and go nowhere else."""

import time
from functools import cache
from html import escape

import pandas as pd

from utils.cards import Card, find, noted, refresh, still, unsure, whom, word
from utils.package import CASEDATA, read_entries
from utils.page import Shown, say, table
from utils.record import SHELVES, change, keep, one_moment, read, record_path, switched

__all__ = ["answer", "ask", "items", "progress", "record_path", "reset", "reveal", "two_votes"]
KINDS = ("pretest", "retrieval", "completion", "decision", "error", "discussion", "check")
VOICES = {
    "authors": "What the authors did or said",
    "data": "What the printed data support",
    "later": "What later guidance says",
}
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


def _texts(given):
    """Whether it is a list of texts, and not an empty one."""
    return isinstance(given, list) and bool(given) and all(isinstance(x, str) and x for x in given)


class Question(Card):
    """One question on the page. It knows the stem and the options; the feedback comes only after a commit."""

    def __init__(self, item):
        self._question = item
        options = [[o["key"], f"{o['key']}) {o['text']}"] for o in item["options"]]
        about = {"id": item["id"], "stem": item["stem"], "options": options, "kind": "choice", "confidence": True}
        note = "Run the notebook to commit an answer and see the feedback."
        head = f"{item['id']}. {item['stem']}"
        with one_moment():
            super().__init__({**about, **_stage(item["id"])}, still(head, [o[1] for o in options], note))

    def commit(self, given):
        sure = given.get("confidence") or None
        return _answer(self.item["id"], given.get("choice"), sure, second=given.get("vote") == 2)

    def refresh(self, note=""):
        name = self.item["id"]
        with self.hold_sync(), one_moment():
            votes, warning = read("votes")
            self.item = {**self.item, **_stage(name)}
            super().refresh((note or warning) + (_waits(name, votes[name]) if _waiting(name) else ""))

    def shown(self, entry):
        return {k: entry.get(k, "") for k in ("choice", "confidence")}, explained(self._question, entry)


def _waiting(name):
    """Whether a first vote is in, and no answer yet."""
    return name in read("votes")[0] and name not in read()[0]


def _stage(name):
    """What the card of a question shows of its stage: the first vote, and what a commit would be."""
    what = "second vote" if _waiting(name) else "first vote" if switched("two_votes") else "answer"
    return {"first": read("votes")[0].get(name, {}).get("choice", ""), "button": f"Commit {what} {name}"}


def _find(item_id):
    """The item, or the sentence that says there is none."""
    return find(item_id, items(), "There is no question")


def ask(item_id):
    """The question as a card: nothing is pre-selected, and the first answer stays.

    Parameters
    ----------
    item_id : str
        Such as ``"N3.1"``.
    """
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
    return _answer(item_id, choice, confidence)


def _answer(item_id, choice, confidence, second=True):
    """The same; `second` is whether whoever commits knows of a first vote where there is one."""
    item = _find(item_id)
    if isinstance(item, Shown):
        return item
    choice, confidence = word(choice), word(confidence)
    if not isinstance(choice, str) or choice not in ("a", "b", "c"):
        return say(f"{item_id} has the options a, b and c; {choice!r} is none of them. Nothing was recorded.")
    if wrong := unsure(confidence):
        return say(f"{wrong} Nothing was recorded.")
    given = {"choice": choice, "confidence": confidence or "", "at": time.strftime("%Y-%m-%dT%H:%M:%S")}
    voted = second and item_id in read("votes")[0]
    shelf = "votes" if switched("two_votes") and not voted and item_id not in read()[0] else "answers"
    kept, note = keep(shelf, item_id, given)
    if not note and kept != given:
        done = "answered" if shelf == "answers" else "voted on"
        note = f'{item_id} is {done} already: {kept["choice"]}. It stays; reset("{item_id}") clears it. '
    refresh(item_id, note)
    return noted(note, explained(item, kept) if shelf == "answers" else say(_waits(item_id, kept)))


def _waits(item_id, vote):
    """What is said between the first vote and the second."""
    return (
        f"{item_id}: vote 1 is in, {vote['choice']}. Talk with your neighbour, then vote again; the same choice is "
        "fine. The explanation follows your second vote."
    )


class Switch(Card):
    """One vote for each question, or two. It can be changed at any time."""

    def __init__(self):
        options = [["one", "one: the explanation follows at once"]]
        options += [["two", "two: vote, talk with your neighbour, vote again; then the explanation follows"]]
        about = {"id": "Votes", "stem": "How many for each question?", "options": options, "kind": "choice"}
        about |= {"locks": False, "button": "Set votes"}
        note = "Run the notebook to choose."
        super().__init__(about, still(f"Votes. {about['stem']}", [o[1] for o in options], note))

    def commit(self, given):
        return two_votes(given.get("choice") == "two")

    def refresh(self, note=""):
        on = switched("two_votes")
        with self.hold_sync():
            self.committed, self.feedback = {"choice": "two" if on else "one"}, noted(note, _votes(on)).html


def _votes(on):
    """What a mode means, in a sentence."""
    if on:
        return say("Two votes: your first commit is vote 1; talk, vote again, and the explanation follows.")
    return say("One vote: the explanation follows your commit.")


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
        return say(f"two_votes takes True or False; {on!r} is neither. Nothing was changed.")
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
        return say(f'{warning}{item_id} is locked: commit first, in the card or with answer("{item_id}", "a").')
    return explained(item, answers[item_id])


def voices(item):
    """What the voices of an item say, each with its label, later guidance with its date: a list of (label, words)."""
    told = item.get("voices", {}).items()
    return [(VOICES[v] + (f" ({item['later_date']})" if v == "later" else ""), words) for v, words in told]


def explained(item, given):
    """Explanation of every option, the voices kept apart, and what it rests on; also where nothing is given."""
    best, chosen = item.get("best"), given.get("choice")
    right = "That is the best supported answer." if chosen == best else f"The best supported answer is {best}."
    you = f"You chose {chosen}. " if chosen else ""
    verdict = f"{whom(item)}{you}{right if best else 'This question has no single best answer.'}"
    html, text = [f"<p><strong>{verdict}</strong></p>"], [f"{item['id']}. {verdict}"]
    if chosen and (vote := read("votes")[0].get(item["id"])):
        first = vote["choice"]
        text.append(f"You stayed with {first}." if first == chosen else f"You changed from {first} to {chosen}.")
        html.append(f"<p>{text[-1]}</p>")
    html.append("<ul>")
    for option in item["options"]:
        mark = "best supported" if option["key"] == best else "your choice" if option["key"] == chosen else ""
        mark, basis = f" [{mark}]" if mark else "", "rests on " + ", ".join(option["rests_on"])
        head = escape(f"{option['key']}) {option['text']}{mark}")
        html.append(f"<li><strong>{head}</strong><br>{escape(option['why'])} ({escape(basis)})</li>")
        text.append(f"{option['key']}) {option['text']}{mark}: {option['why']} ({basis})")
    html.append("</ul>")
    for label, words in voices(item):
        html.append(f'<p class="casebook-voice"><strong>{label}:</strong> {escape(words)}</p>')
        text.append(f"{label}: {words}")
    return Shown("".join(html), "\n".join(text))


def progress():
    """How far you are: a row a notebook, and where your record lies. Confidence is never scored."""
    answers, warning = read()
    rows = pd.DataFrame(items().values()).reindex(columns=["id", "notebook", "kind", "best"])
    given = rows["id"].map(lambda name: answers.get(name, {}).get("choice"))
    scored = given.notna() & rows["best"].notna() & ~rows["kind"].isin(UNSCORED)
    right = scored & (given == rows["best"])
    counts = pd.DataFrame({"Questions": 1, "Answered": given.notna(), "right": right, "scored": scored})
    summed = counts.groupby(rows["notebook"]).sum().rename_axis("Notebook").reset_index()
    summed["Best supported"] = [f"{r} of {s}" for r, s in zip(summed.pop("right"), summed.pop("scored"), strict=True)]
    told = f"{warning}Your progress. Your record is one small file of your own; record_path() says where."
    return table(summed, told)


def reset(item_id=None):
    """Forget one entry, or all of them; the old record is kept beside the new one as a backup.

    Parameters
    ----------
    item_id : str, optional
        A question, something written or ranked, or a board; everything where it is left out.
    """
    if item_id is not None and item_id not in [name for shelf in SHELVES for name in read(shelf)[0]]:
        return say(f"{item_id} has no answer to forget.")

    def forget(record):
        for shelf in SHELVES:
            record[shelf].pop(item_id, None) if item_id else record[shelf].clear()

    note = change(forget, backup=True)
    refresh()
    done = f"{item_id} is open again." if item_id else "All answers are forgotten; a backup lies beside your record."
    return say(note or done)
