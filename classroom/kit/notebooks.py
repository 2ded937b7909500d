"""Every notebook as one page for a teacher, with all feedback in place; a learner reads the book."""

import re
from functools import cache
from html import escape
from pathlib import Path

import nbformat
import pandas as pd
from nbconvert import HTMLExporter

from classroom.kit.pages import page
from utils.case import load_case
from utils.chapters import patient
from utils.page import table
from utils.phrases import phrase
from utils.quiz import explained, items, prompts
from utils.tables import read_table

BOOKS = Path(__file__).resolve().parents[2] / "notebooks"
# The code of a cell that JupyterLab folds away is folded here too; nothing is fetched, so no script of nbconvert's.
TEMPLATE = """{% extends 'lab/base.html.j2' %}
{% block input %}{% if cell.metadata.get('jupyter', {}).get('source_hidden') %}
<details class="notes"><summary>CODE</summary>{{ super() }}</details>{% else %}{{ super() }}{% endif %}
{% endblock input %}
{% block codecell %}{{ super() }}<!--after {{ cell.id }}-->{% endblock codecell %}""".replace(
    "CODE", phrase("kit.code")
)
FIGURE = re.compile(r"<figure.*?</figure>", re.S)
HOME = "The picture to take home"
HEADINGS = {"11": "Looking back"}  # where the picture to take home has another heading
ASKED = re.compile(r'^(ask|write|sheet)\("([^"]+)"\)', re.M)


@cache
def book(number):
    """A notebook as stored; do not change it."""
    return nbformat.read(BOOKS / stops().at[number, "file"], 4)


@cache
def stops():
    """The rows of ``journey.csv``, by notebook."""
    return load_case().journey.set_index("notebook")


def numbers():
    """The notebooks' numbers in reading order (list of str)."""
    return [*stops().index]


def asked(number, *kinds):
    """The questions of a notebook, in its order, of these kinds or of all (list of dict)."""
    return [i for i in items().values() if i["notebook"] == number and i["kind"] in (kinds or (i["kind"],))]


def options_of(item):
    """The options of a question, the best one first, each with what is behind it where it is wrong (list of pairs)."""
    known = read_table("misconceptions").set_index("misconception")["text"]
    ordered = sorted(item["options"], key=lambda o: o["key"] != item.get("best"))
    return [
        (o, phrase("kit.behind", text=known[o["misconception"]]) if o.get("misconception") else "") for o in ordered
    ]


def context(name):
    """What a question's page says just before it asks (Markdown): its own section, without folds and addresses."""
    cells = book(items()[name]["notebook"]).cells
    at = next(n for n, c in enumerate(cells) if c.cell_type == "code" and f'ask("{name}")' in c.source)
    text = cells[at - 1].source if cells[at - 1].cell_type == "markdown" else ""
    text = re.split(r"(?m)^#+ .*$", re.sub(r"(?s)<details>.*?</details>", "", text))[-1]
    return re.sub(r" ?\(?\[[FUDP]\d+\]\(#[^)]*\)\)?", "", text).strip()


def title(number):
    """A notebook's number and title (str)."""
    return f"{number} {stops().at[number, 'title']}"


def stem(number):
    """The name of a notebook's pages, without an ending (str)."""
    return Path(stops().at[number, "file"]).stem


def shown(cell):
    """The HTML that a cell's stored outputs show (str)."""
    return "".join(o.get("data", {}).get("text/html", "") for o in cell.get("outputs", []))


def figure(number):
    """The picture to take home of a notebook, and the words above it.

    Returns
    -------
    picture, words : str
        The ``<figure>`` as stored, and Markdown; both empty where a page that is no core page has no such heading.
        Where a core page lacks one of them it is a ValueError.
    """
    heading = HEADINGS.get(number, HOME)
    cells, words = book(number).cells, []
    at = [n for n, c in enumerate(cells) if c.cell_type == "markdown" and f"## {heading}" in c.source.splitlines()]
    if not at and stops().at[number, "part"] in ("before you begin", "optional", "transfer"):
        return "", ""
    if len(at) != 1:
        raise ValueError(f"notebook {number} has {len(at)} headings '{heading}'; the kit needs one: see {__file__}")
    for n, cell in enumerate(cells[at[0] :]):
        if cell.cell_type == "markdown":
            if n and re.search(r"^##? ", cell.source, re.M):
                break
            words.append(cell.source)
        elif found := FIGURE.search(shown(cell)):
            return found.group(), "\n\n".join(words).partition(f"## {heading}\n")[2].strip()
    raise ValueError(f"notebook {number} shows no picture under '{heading}': see {__file__}")


def aims(nb):
    """The numbered aims of a notebook, under 'Afterwards you can' (list of str)."""
    text = "\n".join(c.source for c in nb.cells if c.cell_type == "markdown")
    listed = text.partition("**Afterwards you can**")[2].split("\n\n**")[0].split("\n## ")[0]
    return re.findall(r"(?m)^\d\. (.+)$", listed)


def blueprint(number):
    """Each aim of a notebook with the questions and prompts, of any page, that serve it: (aim, ids) in order."""
    served = {**items(), **prompts()}.items()
    return [
        (aim, [k for k, x in served if x.get("aim") == f"{number}.{n}"]) for n, aim in enumerate(aims(book(number)), 1)
    ]


def export(number):
    """The page of a notebook for a teacher (str), with the feedback of everything below it."""
    body = _body(number)
    for cell in book(number).cells:
        calls = ASKED.findall(cell.source) if cell.cell_type == "code" else ()
        answers = "".join(f'<div class="answer">{answer(name)}</div>' for _, name in calls)
        body = body.replace(f"<!--after {cell.id}-->", answers)
    return page(title(number), body, teacher=True, kind="jp-Notebook")


@cache
def _exporter():
    return HTMLExporter(raw_template=TEMPLATE, exclude_anchor_links=True)  # making it takes as long as a page


@cache
def _body(number):
    """A notebook as HTML, without the numbers of its cells, and with a mark behind each cell of code."""
    body, _ = _exporter().from_notebook_node(book(number))
    return re.sub(r'<div class="jp-(In|Out)putPrompt.*?</div>', "", body, flags=re.S)


def answer(name):
    """What is said of a question, a prompt or a sheet once it is committed (HTML)."""
    if name in items():
        return explained(items()[name], {}).html
    return exemplar(prompts()[name]) if name in prompts() else filled(name)


def exemplar(prompt):
    """One way to put it, and what to look for (HTML)."""
    out = f"<p><strong>{prompt['id']}</strong></p>"
    if "exemplar" in prompt:
        out += f"<p><strong>{phrase('forms.one_way')}</strong> {escape(prompt['exemplar'])}</p>"
    if "look_for" in prompt:
        listed = "".join(f"<li>{escape(line)}</li>" for line in prompt["look_for"])
        out += f"<p><strong>{phrase('kit.look_for')}</strong></p><ul>{listed}</ul>"
    return out


def filled(name):
    """A sheet of the new patient filled in as the rules have it (HTML)."""
    card = patient.sheet(name)
    if isinstance(card, patient.Verdicts):
        return patient.verdicts(patient.load_patient(), card.moment).html
    rows = [(patient.label(n), str(given), card.converted(n)) for n, (given, _) in card.asked.items()]
    return table(pd.DataFrame(rows, columns=[phrase(f"kit.{k}") for k in ("item", "printed", "converted")]), name).html
