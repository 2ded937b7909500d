"""What a learner writes and ranks: kept beside the answers, in the learner's own record, and never scored."""

import time
from functools import cache
from html import escape

import pandas as pd

from utils.cards import Card, find, noted, refresh, still, unsure, whom, word
from utils.explorer import Again
from utils.package import CASEDATA, read_entries, read_table
from utils.page import Shown, say, sendable, table, together
from utils.phrases import phrase
from utils.quiz import progress
from utils.record import keep, read

LONGEST = 2000  # characters of one field; more is a paste that went wrong
LEAST = 4  # hypotheses to rank: fewer is no differential


@cache
def prompts(folder=CASEDATA):
    """What is asked for in the learner's own words or order: a dict of id -> prompt (source: ``prompts.yaml``)."""
    return read_entries("prompts.yaml", _fault, folder)


def _fault(prompt):
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


def _find(name, kind):
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
    prompt = _find(name, "text")
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
    prompt, known = _find(name, "rank"), hypotheses()
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
