"""Builds the book: every notebook as stored, pages about the collection, and what Sphinx adds to find one's way."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from hashlib import sha256
from html import escape
from pathlib import Path

import pandas as pd
import yaml

from classroom.audit import REMOTE, leaks, outside
from classroom.hub.link import binder, cff, published
from utils.case import load_case, references
from utils.page import table
from utils.phrases import phrase
from utils.quiz import items, prompts
from utils.receipt import version
from utils.tables import CaseDataError, describe

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TOOLS = ROOT / ".venv" / "book"  # Sphinx and what it needs, put there by lab.py
REVIEWS = ROOT / "classroom" / "reviews.csv"
REVIEW = {"page": r"\d\d", "name": ".+", "role": ".+", "date": r"\d{4}-\d\d-\d\d",
          "state": "[0-9a-f]{12}"}  # fmt: skip
# What leads to the page before and after, or back to the top, where the book has its own ways; how to run the page.
WAYS = re.compile(r"(?m)^(?:← |\[Map\]\(|\[Back to the top\]).*$\n?|^\*\*To run this page:(?:.+\n)+")
ADDRESS = re.compile(r"\[([FUDP]\d+)\]\(#Look-up[^)]*\)")
KEYS = '<details class="keys"><summary><strong>'  # of no use on paper
ASKS = re.compile(r"^(?:ask|write|rank|sheet)\(", re.M)
PARTS = {"transfer": "book.transfer", "optional": "book.optional"}  # of the sidebar; other parts tell the case
ABOUT = "live doors glossary sources reuse functions data speed"


@cache
def _case():
    return load_case()  # each time it is held to its seal


class BookError(RuntimeError):
    """The book cannot be built; the message says why."""


FAULTS = (BookError, OSError, ValueError, LookupError, yaml.YAMLError)  # of what it is made of; each says it in words


def build(out, live=None, tell=print, builder="html"):
    """Build the book.

    Parameters
    ----------
    out : Path
        The folder to write; a book that stands there is replaced once the new one is whole, anything else is not.
    live : Path, optional
        A folder of live pages; it is moved into the book, each page of which then leads to its live twin.
    tell : callable
        Is given a line before the work begins.
    builder : {"html", "linkcheck"}
        Of Sphinx; the second asks for every address of the book in the network.

    Raises
    ------
    BookError
        Where Sphinx is missing or warns of anything, a page would give an answer away, or something would be lost.
    """
    out = out.resolve()
    ready(out)
    tell("Building the book: about ten seconds …")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".book-") as scratch:
        source, made = Path(scratch, "source"), Path(scratch, "made")
        write(source, live and "live")
        command = ["-m", "sphinx", "-q", "-W", "--keep-going", "-b", builder, "-d", f"{scratch}/cache"]
        env = dict(os.environ, PYTHONPATH=os.pathsep.join([str(TOOLS), str(ROOT)]))
        command = [sys.executable, *command, str(source), str(made)]
        done = subprocess.run(command, env=env, cwd=source, capture_output=True, encoding="utf-8", errors="replace")
        said = (done.stderr.strip() or done.stdout.strip()).replace(f"{source}{os.sep}", "")
        faults = [said] if done.returncode else [*leaks(made), *outside(made, REMOTE)]
        if faults:
            raise BookError("it is not as it should be:\n" + "\n".join(faults))
        if builder == "html":
            if live:
                live.replace(made / "live")
            shutil.rmtree(out, ignore_errors=True)
            made.replace(out)


def ready(out):
    """BookError where a book in this folder (Path) would take another's place, or Sphinx is missing."""
    ours = (out / "_static" / "book.css").exists() and not (out / ".git").exists()
    if out.exists() and not ours and (out.is_file() or any(out.iterdir())):
        raise BookError(f"{out} is there and is no book built before: name a new folder with --out, or empty that one")
    if not (TOOLS / "sphinx").exists():
        raise BookError("Sphinx is not here yet: python lab.py book adds it")


def write(source, live):
    """Write what Sphinx reads into a folder (Path); `live` is where the live pages lie below the book, or None."""
    shutil.copytree(HERE / "pages", source)
    for name in ("static", "templates"):
        shutil.copytree(HERE / name, source / name)
    shutil.copy(HERE / "conf.py", source)
    words = {"map": contents(), "here": phrase("book.here" if live else "book.not_here"),
             "citation": citation(), "reviewed": reviewed()}  # fmt: skip
    for name in ("index", "live", "reuse"):
        page = source / f"{name}.md"
        text = page.read_text(encoding="utf-8")
        for key, value in words.items():
            text = text.replace(f"{{{{ {key} }}}}", value)
        if not live:
            text = text.partition("\n## The live pages of this site")[0]
        page.write_text(text, encoding="utf-8")
    (source / "data.md").write_text(dictionary(), encoding="utf-8")
    (source / "sources.md").write_text(sources(), encoding="utf-8")
    (source / "notebooks").mkdir()
    for stop in _case().journey.itertuples():
        book = json.loads((ROOT / "notebooks" / stop.file).read_text(encoding="utf-8"))
        (source / "notebooks" / stop.file).write_text(json.dumps(page_of(book, stop, live)), encoding="utf-8")


def contents():
    """The pages in reading order: a table, and what stands in the sidebar (Markdown)."""
    parts, lines = {}, [phrase("book.head"), "| --- | --- | ---: |"]
    for stop in _case().journey.itertuples():
        page = f"notebooks/{Path(stop.file).stem}"
        parts.setdefault(phrase(PARTS.get(stop.part, "book.case")), []).append(f"{stop.notebook} {stop.title} <{page}>")
        lines.append(f"| [{stop.notebook} {stop.title}]({page}.ipynb) | {stop.question} | {stop.minutes} |")
    parts[phrase("book.about")] = ABOUT.split()
    for name, pages in parts.items():
        lines += ["", "```{toctree}", ":hidden:", f":caption: {name}", "", *pages, "```"]
    return "\n".join(lines)


# ---- one notebook ---------------------------------------------------------------------------------------------------
def page_of(book, stop, live):
    """A notebook (dict, changed in place) as the book shows it: `stop` is its row of ``journey.csv``."""
    twin = f"../{live}/lab/index.html?workspace={stop.notebook}&path={stop.file}" if live else "../live.html"
    new = ' target="_blank" rel="noopener"' if live else ""  # a way back: JupyterLab keeps its tab to itself
    opened = f'<a class="by-web" href="{escape(twin)}"{new}>{phrase("book.open" if live else "book.where")}</a>'
    opened += f'<a class="by-file" href="../live.html">{phrase("book.where")}</a>'
    texts = ["".join(c["source"]) for c in book["cells"]]
    names = list(dict.fromkeys(ADDRESS.findall("".join(texts))))
    mine = [n for n, t in enumerate(texts) if t.startswith("my_page(")]  # what a learner wrote
    mine += [n - 1 for n in mine if re.fullmatch(r"## .*", texts[n - 1])]  # a heading alone over it
    book["cells"] = [c for n, c in enumerate(book["cells"]) if n not in mine]
    for cell in book["cells"]:
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            text = ADDRESS.sub(r'<a href="#address-\1">\1</a>', WAYS.sub("", text))
            text = text.replace(f"<details><summary><strong>{phrase('book.keys')}", KEYS + phrase("book.keys"))
            text = re.sub(r"\]\((\w+\.ipynb)?#[^)]+\)", lambda m: m[0].lower(), text)
        elif cell["cell_type"] == "code":
            shown = [o["data"] for o in cell.get("outputs", []) if "text/html" in o.get("data", {})]
            if "explore.look_up(" in text and names and shown:
                shown[0]["text/html"] = addresses(names, stop)
            for data in shown:
                html = re.sub(r'href="(\w+)\.ipynb', r'href="\1.html', "".join(data["text/html"]))
                html = html.replace(f"<p><em>{phrase('book.run')}", f'<p class="go-live"><em>{opened}')
                data["text/html"] = f'<div class="question">{html}</div>' if ASKS.search(text) else html
            if cell["metadata"].get("jupyter", {}).get("source_hidden"):
                hidden = "hide-input" if shown and not ASKS.search(text) else "remove-input"
                cell["metadata"].setdefault("tags", []).append(hidden)
        cell["source"] = text
    told = {"id": "live", "cell_type": "markdown", "metadata": {}, "source": about(stop, opened, live)}
    book["cells"].insert(1, told)
    return book


def about(stop, opened, live):
    """The box at the head of a page: its live twin, who reviewed it, where to report an error (HTML)."""
    lines, (repository, _) = [f"<strong>{phrase('book.live', link=opened)}</strong>"], published()
    if live:
        lines[0] += f' <span class="by-web">{phrase("book.wait")}</span>'
    trust = escape(reviewers(stop.notebook))
    if repository:
        where = f"{repository}/issues/new?template=wrong-fact.yml&page={stop.notebook}"
        trust += f' <a href="{escape(where)}">{phrase("book.report")}</a>'
        trust += f' <a href="{escape(binder(repository, file=f"notebooks/{stop.file}"))}">{phrase("book.binder")}</a>'
    lines.append(f'<span class="whence">{trust}</span>')
    paper = "".join(f' data-{key}="{escape(phrase(f"book.{key}"))}"' for key in ("folded", "there"))
    return f'<p class="live"{paper}>{"<br>".join(lines)}</p>'


def addresses(names, stop):
    """What stands behind the addresses of a page, as far as its moment (HTML)."""
    case, rows = _case(), []
    known = case.as_of(stop.time_point or case.time_points["time_point"].iloc[0], stop.later_voice or None)
    for name in names:
        try:
            rows += [(name, *row) for row in known.address(name).itertuples(index=False)]
        except CaseDataError:
            rows.append((name, phrase("book.closed"), "", "", ""))
    rows = pd.DataFrame(rows, columns=["Address", "What", "Printed words", "Where", "To note"])
    html = table(rows, phrase("book.addresses")).html
    return re.sub(r'<th (scope="row"[^>]*)>(\w+)</th>', r'<th id="address-\2" \1>\2</th>', html)


# ---- trust ----------------------------------------------------------------------------------------------------------
def state(number):
    """Twelve digits that change with a page, its outputs, questions or prompts (str): what a review is bound to."""
    file = _case().journey.set_index("notebook").at[number, "file"]
    asked = [x for x in (*items().values(), *prompts().values()) if x["notebook"] == number]
    whole = (ROOT / "notebooks" / file).read_text(encoding="utf-8") + json.dumps(asked, sort_keys=True, default=str)
    return sha256(whole.encode()).hexdigest()[:12]


@cache
def reviews(file):
    """The rows of ``reviews.csv`` (list of dict); BookError names one that is not as it should be."""
    with open(file, encoding="utf-8", newline="") as opened:
        rows = [*csv.DictReader(opened)]
    for number, row in enumerate(rows, 2):
        if [*row] != [*REVIEW] or not (
            all(re.fullmatch(REVIEW[k], str(row[k])) for k in REVIEW) and row["page"] in {*_case().journey["notebook"]}
        ):
            raise BookError(f"{file.name}, row {number}: give {', '.join(REVIEW)}, as in 03,A. Name,paediatrician,"
                            f"2026-12-01,{'0' * 12}; a cell that holds a comma stands in quotation marks")  # fmt: skip
    return rows


def reviewers(number):
    """Of which version a page is, and who has reviewed that, or an earlier one, clinically (str)."""
    now, rows = state(number), [row for row in reviews(REVIEWS) if row["page"] == number]
    here = [phrase("book.reviewer", **row) for row in rows if row["state"] == now]
    then = [phrase("book.reviewer_then", **row) for row in rows if row["state"] != now]
    return phrase("book.reviewed", state=now, who="; ".join([*(here or [phrase("book.nobody")]), *then]))


def reviewed():
    """How many pages somebody has reviewed as they are (str)."""
    stops = _case().journey["notebook"]
    return phrase(
        "book.count", n=len({r["page"] for r in reviews(REVIEWS) if r["state"] == state(r["page"])}), of=len(stops)
    )


# ---- the pages about the collection ---------------------------------------------------------------------------------
def citation():
    """How to cite the collection, from ``CITATION.cff`` (str)."""
    work = cff()
    people = (a.get("name") or f"{a.get('family-names', '')} {a.get('given-names', '')}" for a in work["authors"])
    where = work.get("doi") or work.get("url") or work.get("repository-code", "")
    return f"{', '.join(people)}. {work['title']}. Version {version()}. {where}".strip()


def dictionary():
    """The data dictionary of ``casedata/`` (Markdown)."""
    tables = {name: resource for name, resource in describe().items() if "schema" in resource}
    lines = ["# Data", "", phrase("book.data"), "", ", ".join(f"[{name}](#{name})" for name in tables), ""]
    for name, resource in tables.items():
        lines += [f"## {name}", "", f"`{resource['path']}`. {resource.get('description') or resource['title']}", ""]
        lines += ["| column | type | what it holds |", "| --- | --- | --- |"]
        for field in resource["schema"]["fields"]:
            allowed = ", ".join(f"*{x}*" for x in field.get("constraints", {}).get("enum", []))
            words = field.get("description", "").replace("|", "\\|") + (f" ({allowed})" if allowed else "")
            lines.append(f"| `{field['name']}` | {field['type']} | {words} |")
        lines.append("")
    return "\n".join(lines)


def sources():
    """Every work that a page or a table cites (Markdown)."""
    lines = ["# Sources", "", phrase("book.sources"), ""]
    for name, work in sorted(references().items()):
        dead = "does not resolve" in work["note"]  # it is kept as the article prints it
        doi = f" [{work['DOI']}](https://doi.org/{work['DOI']})" if work.get("DOI") and not dead else ""
        who = f"{_case().cited(name)['Work'][0]}. " if doi and work.get("author") else ""
        text = f"{who}{work['title'].rstrip('.')}. {work.get('container-title', '')}".rstrip(". ")
        lines.append(f"- **{name}**: {text}.{doi} *{work['note'].replace('*', '').strip()}*")
    return "\n".join(lines)
