"""What a notebook shows: the same thing as HTML for the page and as text for a terminal, a test or a screen reader."""

import base64
import re
from functools import cached_property
from html import escape
from urllib.parse import quote

import pandas as pd

from utils.phrases import phrase, section, status_word

BANNER = phrase("page.banner")
DOI = re.compile(r"10\.\d{4,9}/\S+")
HREF = r"https?://\S+|([\w.-][\w./-]*\.ipynb)?(#\S+)?"  # the web, a notebook, a place: nothing that can run
LEFT = ' style="text-align:left"'  # JupyterLab sets tables flush right, which suits numbers but not names


def sendable(text):
    """Text that can be sent to a page: half a character, of a torn paste or a file, becomes "?"."""
    return str(text).encode("utf-8", "replace").decode()


class Shown:
    """Something to show; a notebook takes the HTML, everything else the text, or what makes it once it is asked for.

    `brief` (Shown) takes its place above a table that says the same; ``whole`` is never so replaced.
    """

    def __init__(self, html, text, brief=None):
        self.html, self._text, self.brief = sendable(html), text, brief
        self.whole = Shown(html, text) if brief else self

    @cached_property
    def text(self):
        return sendable(self._text() if callable(self._text) else self._text)

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/html": self.html, "text/plain": self.text}

    def __repr__(self):
        return self.text


class Mark(str):
    """Words that `table` shows behind a sign, such as ● or ■■□; as text they are the words alone."""

    def __new__(cls, words, sign):
        made = super().__new__(cls, words)
        made.html = f'<span aria-hidden="true" style="white-space:pre">{escape(sign)}</span> {escape(words)}'
        return made


class Link(str):
    """Words that `table` shows as a link to ``http(s)://…`` (a new tab), a notebook's file or ``#place``."""

    def __new__(cls, text, href):
        if not href or not re.fullmatch(HREF, href):
            raise ValueError(f"{href!r} is no link for a page: give http(s)://…, a notebook's file or #place")
        made, new = super().__new__(cls, text), ' target="_blank" rel="noopener"' if href.startswith("http") else ""
        made.html = f'<a href="{escape(href)}"{new}>{escape(text)}</a>'
        return made


def say(text):
    """One paragraph of plain text."""
    return Shown(f'<p role="note">{escape(text)}</p>', text)


def _cell(value):
    """A cell as text; a DOI as a link."""
    if hasattr(value, "html"):
        return value
    text = status_word("unknown") if pd.api.types.is_scalar(value) and pd.isna(value) else str(value)
    return Link(text, f"https://doi.org/{quote(text)}") if DOI.fullmatch(text) else text


def table(frame, caption):
    """A DataFrame without its index as a table; its first column heads the rows, missing cells read "unknown"."""
    words = [[_cell(x) for x in row] for row in frame.itertuples(index=False)]
    heads = [section("heads").get(str(name), str(name)) for name in frame.columns]
    blank = ("", status_word("unknown"), status_word("not reported"))

    def is_number(text):
        return not hasattr(text, "html") and (text[:1].isdigit() or text[:1] in "+\u2212" or text in blank)

    flush = ["" if n and words and all(is_number(row[n]) for row in words) else LEFT for n in range(len(heads))]

    def row(cells, first, tag):
        parts = zip([first, *[tag] * (len(cells) - 1)], flush, cells, strict=True)
        marked = [(kind if x else "td", at, getattr(x, "html", None) or escape(x)) for kind, at, x in parts]
        return f"<tr>{''.join(f'<{kind}{at}>{x}</{kind[:2]}>' for kind, at, x in marked)}</tr>"

    head, body = row(heads, *['th scope="col"'] * 2), "".join(row(cells, 'th scope="row"', "td") for cells in words)
    title = f'<caption style="text-align:left;font-weight:bold">{escape(caption)}</caption>'
    html = f"<table style='margin-left:0'>{title}<thead>{head}</thead><tbody>{body}</tbody></table>"
    return Shown(html, lambda: f"{caption}\n" + pd.DataFrame(words, columns=heads).to_string(index=False))


def with_heads(rows, key, columns, **values):
    """Rows, or these `columns` (str) of a DataFrame, as a DataFrame whose heads are phrases, filled with `values`.

    A head is the phrase ``key_column``, or ``key.column`` where `key` is a section.
    """
    heads = {c: phrase(f"{key}{'_' if '.' in key else '.'}{c}", **values) for c in columns.split()}
    frame = rows[[*heads]] if isinstance(rows, pd.DataFrame) else pd.DataFrame(rows, columns=[*heads])
    return frame.rename(columns=heads)


def headed(rows, key, columns, caption="", blank="", **values):
    """The same as a `table`: its caption is the phrase `key` where none is given, an empty cell reads `blank`."""
    frame = with_heads(rows, key, columns, **values)
    return table(frame.replace("", blank) if blank else frame, caption or phrase(key))


def figure(picture, alt, caption, width, words="", below=None):
    """The bytes of an SVG picture, `width` CSS pixels wide, on a white card.

    `words` say all that it shows, where the alternative text does not; `below` (Shown) is a table that belongs to it.
    """
    least = f"max(0px,min({0.82 * width:.0f}px,(600px - 100vw)*99))"  # on a narrow screen words stay readable
    look = f"background:#fff;border-radius:6px;max-width:100%;min-width:{least};height:auto"
    source = f"data:image/svg+xml;base64,{base64.b64encode(picture).decode()}"
    drawn = f'<img src="{source}" alt="{escape(alt)}" width="{width}" style="{look}">{below.html if below else ""}'
    fold = folded(phrase("page.in_words"), say(words)).html if words else ""
    return _framed(drawn, caption, lambda: words or alt, caption, fold)


def tabled(frame, caption, note=""):
    """A table of marks, framed as a picture is, a `note` below it."""
    made = table(frame, caption)
    return _framed(made.html, note, lambda: made.text, caption)


def _framed(inside, note, words, caption, fold=""):
    html = f'<figure style="margin:0">{inside}<figcaption>{escape(note)}</figcaption></figure>'
    brief = Shown(html, phrase("page.figure", alt=phrase("page.brief", caption=caption.rstrip("."))))
    return Shown(html + fold, lambda: phrase("page.figure", alt=words()), brief)


def folded(summary, *shown):
    """Things behind a line that opens them: what would give a question away, or what is long."""
    inside, line = together(*shown), f"<summary><strong>{escape(summary)}</strong></summary>"
    return Shown(f"<details>{line}{inside.html}</details>", lambda: f"{summary}\n{inside.text}")


def together(*shown):
    """Several things shown one below the other; as text, what a picture shows is said once, by the table below it."""
    last = max((n for n, s in enumerate(shown) if "<table" in s.html), default=-1)
    shown = [s.brief if s.brief and n < last else s for n, s in enumerate(shown)]
    return Shown("".join(s.html for s in shown), lambda: "\n\n".join(s.text for s in shown))
