"""What a teacher reads: session plans, facilitation notes for each notebook, and the answer key."""

import re
from html import escape

from classroom.kit.handouts import decisions
from classroom.kit.notebooks import ASKED, book, exemplar, figure, filled, numbers, stem, title
from classroom.kit.pages import markdown, page, rows, text
from utils import sheets
from utils.case import load_case
from utils.forms import prompts
from utils.package import read_table
from utils.quiz import items, voices

HOW = """Untried: the minutes are our guess. Votes go by paper strips or by the A, B and C cards; nobody shows a card
before all do. More about each notebook stands in its facilitation notes."""
MINUTES = {"decision": 5, "discussion": 5, "error": 3, "completion": 3, "retrieval": 1, "check": 1, "pretest": 1}


def plans():
    """The session plans as written: a dict of title -> Markdown; the last is for when something fails."""
    parts = text("plans.md").removeprefix("# ").split("\n# ")
    return {part.partition("\n")[0]: part.partition("\n")[2].strip() for part in parts}


def asked_in(plan):
    """The ids of the questions and prompts of a plan, each once, in order."""
    return list(dict.fromkeys(re.findall(r"\b[A-Z]\d\.\d\b", plan)))


def sessions():
    """A page for each plan: the plan, then what its questions need, in the order in which they come (dict)."""
    *timed, (failing, help_) = plans().items()
    out = {}
    for name, plan in timed:
        asked = [decision(items()[k]) if k in items() else own(k) for k in asked_in(plan)]
        body = f"<h1>{escape(name)}</h1><p>{HOW}</p>{markdown(plan)}<h2>{escape(failing)}</h2>{markdown(help_)}"
        body += f'<div class="new-page"><h2>The questions of this plan, in order</h2>{"".join(asked)}</div>'
        out[f"sessions/{name[:2]}_minutes"] = page(f"Session plan, {name}", body, teacher=True)
    return out


def own(name):
    """A prompt, with what to look for (HTML)."""
    asked = prompts()[name]
    return (
        f'<section class="question"><p>{escape(asked["stem"])}</p><div class="answer">{exemplar(asked)}</div></section>'
    )


def of(number, *kinds):
    """The questions of a notebook that are of these kinds (list of dict)."""
    return [i for i in items().values() if i["notebook"] == number and i["kind"] in kinds]


def written(number):
    """What a notebook asks to be written (list of dict)."""
    return [p for p in prompts().values() if p["notebook"] == number and p["kind"] == "text"]


# ---- facilitation ---------------------------------------------------------------------------------------------------
def facilitation(number):
    """The notes for one notebook (str)."""
    journey = load_case().journey.set_index("notebook").loc[number]
    votes, talk = decisions(number), of(number, "discussion")
    spent = sum(MINUTES[i["kind"]] for i in votes)
    plan = f"{journey['minutes']} minutes alone at a screen."
    if votes:
        plan += (
            f" In class about {MINUTES['decision']} minutes a vote, {spent} for all {len(votes)} (our guess, untried)."
        )
    advice = text("facilitation.md").split(f"## {number}\n")[1].split("\n## ")[0]
    parts = [f"<h1>{escape(title(number))}: facilitation notes</h1>", f"<p><strong>Time.</strong> {plan}</p>"]
    parts += [markdown(advice), aims(number)]
    parts += ["<h2>Votes</h2>" if votes else "", *map(decision, votes)]
    parts += ["<h2>For talking about: no best answer, never scored</h2>" if talk else "", *map(discussion, talk)]
    more = "<em>Look for, and one way to put it: answer key.</em>"
    parts += [f"<p><strong>{p['id']}</strong> {escape(p['stem'])} {more}</p>" for p in written(number)]
    if error := of(number, "error"):
        parts += ["<h2>Spot the error</h2>", *map(decision, error)]
    parts += ["<h2>The picture to take home: what to say</h2>", markdown(figure(number)[1])]
    return page(f"Facilitation notes {title(number)}", "".join(parts), teacher=True)


def aims(number):
    """What learners can do afterwards, and the look-alike, as the notebook says it (HTML)."""
    told = [c.source for c in book(number).cells[:4] if c.cell_type == "markdown"]
    goals = [s[s.index("**Afterwards") :] for s in told if "**Afterwards" in s]
    alike = [re.sub(r"^> ?", "", s, flags=re.M) for s in told if "look-alike" in s]
    return markdown("\n\n".join(goals + alike))


def decision(item):
    """One question: the best answer first, then each wrong one with what to say, the voices, a table for counts."""
    known = read_table("misconceptions").set_index("misconception")["text"]
    best = item.get("best")
    lines = []
    for o in sorted(item["options"], key=lambda o: o["key"] != best):
        head = f"{o['key']}) {escape(o['text'])}"
        behind = f"<br><em>behind it: {escape(known[o['misconception']])}</em>" if o.get("misconception") else ""
        head = f'<span class="best">✔ {head}</span>' if o["key"] == best else head + behind
        lines.append([head, escape(o["why"])])
    none = "" if best else "<p><em>No best answer: the page cannot settle it.</em></p>"
    said = "".join(f'<p class="casebook-voice"><strong>{escape(k)}:</strong> {escape(v)}</p>' for k, v in voices(item))
    count = tally(item) if item["kind"] == "decision" else ""
    head = f"<h3>{item['id']}</h3><p>{escape(item['stem'])}</p>"
    told = rows(["Answer", "What to say"], lines, "grid full said")
    return f'<section class="question">{head}{none}{told}{said}{count}</section>'


def tally(item):
    """An empty table for the counts of both votes."""
    keys = [o["key"].upper() + (" ✔" if o["key"] == item.get("best") else "") for o in item["options"]]
    return rows(["Counted", *keys, "of"], [["Vote 1", "", "", "", ""], ["Vote 2", "", "", "", ""]], "grid tally")


def discussion(item):
    """A question for talking about: what may be argued for each answer."""
    lines = [[f"{o['key']}) {escape(o['text'])}", escape(o["why"])] for o in item["options"]]
    return f"<p><strong>{item['id']}</strong> {escape(item['stem'])}</p>" + rows(["Answer", "One may say"], lines)


# ---- key ------------------------------------------------------------------------------------------------------------
def key():
    """The answer key: one table a notebook, then the exemplars (str)."""
    parts = ["<h1>Answer key</h1>", f"<p>{', '.join(f'<a href=#n{n}>{n}</a>' for n in numbers())}</p>"]
    for number in numbers():
        lines = [[i["id"], i["kind"], best(i)] for i in items().values() if i["notebook"] == number]
        parts += [
            f'<h2 id="n{number}">{escape(title(number))}</h2>',
            rows(["Question", "Kind", "Best supported"], lines),
        ]
        parts += [f'<div class="answer">{exemplar(p)}</div>' for p in written(number)]
        asked = [name for c in book(number).cells for call, name in ASKED.findall(c.source) if call == "sheet"]
        parts += [filled(name) for name in dict.fromkeys(asked) if name in sheets.names()]
    return page("Answer key", "".join(parts), teacher=True)


def best(item):
    """The best supported answer of a question, in words (HTML)."""
    for o in item["options"]:
        if o["key"] == item.get("best"):
            return f"<strong>{o['key']})</strong> {escape(o['text'])} <em>[{escape(', '.join(o['rests_on']))}]</em>"
    return "none: for talking about" if item["kind"] == "discussion" else "none: the page cannot settle it"


def papers():
    """Every page for the teacher alone: a dict of file name (without ending) -> page."""
    return {**sessions(), "answer_key": key()} | {f"facilitation/{stem(n)}": facilitation(n) for n in numbers()}
