"""What a teacher reads: session plans, facilitation notes for each notebook, and the answer key."""

import re
from html import escape

from classroom.kit.notebooks import (
    ASKED,
    asked,
    blueprint,
    book,
    exemplar,
    figure,
    filled,
    numbers,
    options_of,
    stem,
    stops,
    title,
)
from classroom.kit.pages import markdown, page, passage, rows, text
from classroom.kit.plans import asked_in, name_of, plans
from utils.chapters import patient
from utils.phrases import phrase
from utils.quiz import items, prompts, voices

VOTE = 5  # minutes in class


def questions():
    """A page for each plan: what its questions need, in the order in which they come (dict)."""
    out = {}
    for plan in plans():
        asked = [decision(items()[k]) if k in items() else own(k) for k in asked_in(plan)]
        head = phrase("kit.session_questions", name=plan["name"])
        out[f"sessions/{name_of(plan)}_questions"] = page(
            head, f"<h1>{head}</h1><h2>{phrase('kit.in_order')}</h2>{''.join(asked)}", teacher=True
        )
    return out


def own(name):
    """A prompt, with what to look for (HTML)."""
    stem, answer = escape(prompts()[name]["stem"]), exemplar(prompts()[name])
    return f'<section class="question"><p>{stem}</p><div class="answer">{answer}</div></section>'


def written(number):
    """What a notebook asks to be written (list of dict)."""
    return [p for p in prompts().values() if p["notebook"] == number and p["kind"] == "text"]


# ---- facilitation ---------------------------------------------------------------------------------------------------
def facilitation(number):
    """The notes for one notebook (str)."""
    votes, talk = asked(number, "decision"), asked(number, "discussion")
    plan = phrase("kit.time", minutes=stops().at[number, "minutes"])
    if votes:
        plan += " " + phrase("kit.time_votes", minutes=VOTE, spent=VOTE * len(votes), votes=len(votes))
    advice = passage("facilitation.md", number)
    parts = [f"<h1>{escape(phrase('kit.facilitation_head', title=title(number)))}</h1>", f"<p>{plan}</p>"]
    parts += [markdown(advice), aims(number)]
    parts += [f"<h2>{phrase('kit.votes')}</h2>" if votes else "", *map(decision, votes)]
    parts += [f"<h2>{phrase('kit.talking')}</h2>" if talk else "", *map(decision, talk)]
    more = f"<em>{phrase('kit.look_in_key')}</em>"
    parts += [f"<p><strong>{p['id']}</strong> {escape(p['stem'])} {more}</p>" for p in written(number)]
    if error := asked(number, "error"):
        parts += [f"<h2>{phrase('kit.spot_error')}</h2>", *map(decision, error)]
    if words := figure(number)[1]:
        parts += [f"<h2>{phrase('kit.picture')}</h2>", markdown(words)]
    return page(phrase("kit.facilitation_title", title=title(number)), "".join(parts), teacher=True)


def aims(number):
    """What learners can do afterwards with the questions that test it, and the look-alike (HTML)."""
    served = [[escape(aim), ", ".join(names)] for aim, names in blueprint(number)]
    words = [c.source for c in book(number).cells if c.source.startswith("> ## The look-alike")]
    alike = [re.sub(r"^> ?", "", source, flags=re.M) for source in words]
    table = rows([phrase("kit.aim"), phrase("kit.tested_by")], served) if served else ""
    return table + markdown("\n\n".join(alike))


def decision(item):
    """One question: the best answer first, then each wrong one with what to say, the voices, a table for counts."""
    best, lines, talk = item.get("best"), [], item["kind"] == "discussion"
    for o, wrong in options_of(item):
        head = f"{o['key']}) {escape(o['text'])}"
        if o["key"] == best:
            head = f'<span class="best">✔ {head}</span>'
        elif wrong:
            head += f"<br><em>{escape(wrong)}</em>"
        lines.append([head, escape(o["why"])])
    none = "" if best or talk else f"<p><em>{phrase('kit.no_best')}</em></p>"
    heard = "".join(f'<p class="casebook-voice"><strong>{escape(k)}:</strong> {escape(v)}</p>' for k, v in voices(item))
    head = f"<h3>{item['id']}</h3><p>{escape(item['stem'])}</p>{none}"
    answers = rows([phrase("kit.answer"), phrase("kit.may_say" if talk else "kit.to_say")], lines, "grid full said")
    count = tally(item) if item["kind"] == "decision" else ""
    return f'<section class="question">{head}{answers}{heard}{count}</section>'


def tally(item):
    """An empty table for the counts of both votes."""
    keys = [o["key"].upper() + (" ✔" if o["key"] == item.get("best") else "") for o in item["options"]]
    votes = [[phrase(f"kit.vote_{n}"), "", "", "", ""] for n in (1, 2)]
    return rows([phrase("kit.counted"), *keys, phrase("kit.of")], votes, "grid tally")


# ---- key ------------------------------------------------------------------------------------------------------------
def key():
    """The answer key: one table a notebook, then the exemplars (str)."""
    parts = [f"<h1>{phrase('kit.answer_key')}</h1>", f"<p>{', '.join(f'<a href=#n{n}>{n}</a>' for n in numbers())}</p>"]
    head = [phrase(f"kit.{k}") for k in ("question", "kind", "best")]
    for number in numbers():
        lines = [[i["id"], phrase(f"kit.kind_{i['kind']}"), best(i)] for i in asked(number)]
        parts += [f'<h2 id="n{number}">{escape(title(number))}</h2>', rows(head, lines)]
        parts += [f'<div class="answer">{exemplar(p)}</div>' for p in written(number)]
        names = [name for c in book(number).cells for _, name in ASKED.findall(c.source) if name in patient.names()]
        parts += map(filled, dict.fromkeys(names))
    return page(phrase("kit.answer_key"), "".join(parts), teacher=True)


def best(item):
    """The best supported answer of a question, in words (HTML)."""
    for o in item["options"]:
        if o["key"] == item.get("best"):
            return f"<strong>{o['key']})</strong> {escape(o['text'])} <em>[{escape(', '.join(o['rests_on']))}]</em>"
    return phrase("kit.none_talking" if item["kind"] == "discussion" else "kit.none_settled")


def papers():
    """Every page for the teacher alone: a dict of file name (without ending) -> page."""
    words = {
        name: page(phrase(f"kit.{name}"), markdown(text(f"{name}.md")), teacher=True) for name in ("receipts", "pilot")
    }
    return {**questions(), **words, "answer_key": key()} | {
        f"facilitation/{stem(n)}": facilitation(n) for n in numbers()
    }
