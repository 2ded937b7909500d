"""One page of the kit: a whole file of HTML that needs nothing beside it, no network and no other file."""

import re
from html import escape
from pathlib import Path

from nbconvert.filters import markdown2html

from classroom.review import stamp
from utils.page import BANNER
from utils.phrases import phrase

HERE = Path(__file__).resolve().parent
# Without the article's title, which tells the ending.
CASE = phrase("kit.case")
TEACHER = phrase("kit.instructor_copy")
LINE = '<span class="line"></span>'  # to write on
# What is folded up is printed open; what is only for the eye of the speaker is not.
OPEN = """addEventListener("beforeprint", () =>
  document.querySelectorAll("details:not(.notes)").forEach((fold) => { fold.open = true; }));"""
WHOLE = """<!doctype html>
<html lang="{lang}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>{style}</style></head>
<body class="{kind}">
<header>{head}</header>
<main>
{body}
</main>
<footer class="foot"><p>{case}</p><p>{stamp}</p></footer>
<script>{script}</script>
</body></html>
"""


def page(title, body, teacher=False, kind=""):
    """A whole page (str); a teacher's says at its head that it holds answers.

    `body` is HTML, `kind` its class.
    """
    head = f'<div class="head"><p>{BANNER}</p></div>'
    if teacher:
        head = f'<p class="head teacher">{TEACHER}</p>{head}'
    style = (HERE / "kit.css").read_text(encoding="utf-8")
    parts = {"title": escape(title), "style": style, "kind": kind, "head": head, "script": OPEN, "body": body}
    return WHOLE.format(**parts, lang=phrase("kit.lang"), case=escape(CASE), stamp=escape(stamp()))


def markdown(text):
    """Markdown as HTML; no heading gets a link to itself."""
    html = re.sub(r'<a class="anchor-link".*?</a>', "", markdown2html(text))
    return html.replace("<table>", '<table class="grid full">').replace("<th>", '<th scope="col">')


def text(name):
    """A text that lies in ``texts/``, as written."""
    return (HERE / "texts" / name).read_text(encoding="utf-8")


def passage(name, heading):
    """What stands in a text in ``texts/`` under a heading (str); empty where it has none."""
    return f"\n{text(name)}".partition(f"\n## {heading}\n")[2].partition("\n## ")[0].strip()


def rows(head, lines, kind="grid full"):
    """A table of HTML cells: its head, and its lines, each beginning with the header of its row, if that has a name."""
    body, top = "", "".join(f'<th scope="col">{cell}</th>' for cell in head)
    for first, *rest in lines:
        body += f"<tr><td>{LINE}</td>" if first == LINE else f'<tr><th scope="row">{first}</th>'
        body += "".join(f"<td>{cell}</td>" if cell else '<td class="blank"></td>' for cell in rest) + "</tr>"
    return f'<table class="{kind}"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>'
