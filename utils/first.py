"""Says which cell to run first where a cell needs a name that no cell has made yet, instead of a traceback.

IPython loads this room as an extension at each kernel's start (``classroom/ipython_kernel_config.py``), so nothing
heavy is imported here. On a page the stored output of the cell stays, with the advice below it. The error stays an
error: Run All stops, and whatever runs a notebook without a reader is told as usual.
"""

import ast
import json
import os
import re
from html import escape
from html.parser import HTMLParser
from pathlib import Path

ADVICE = {"casebook": "advice"}  # marks the advice among the outputs that a notebook keeps
KINDS = ("text/html", "text/plain", "image/png", "image/jpeg")
TAGS = set("a b br caption code details div em figcaption figure h1 h2 h3 h4 hr i img li ol p pre small span".split())
TAGS |= set("strong sub summary sup table tbody td th thead tr ul".split())
STYLES = "text-align|font-weight|list-style|margin(-left)?|max-width|padding-left|border-left"
HREF = r"https?://\S+|([\w.-][\w./-]*\.ipynb)?(#\S+)?"  # the web, a notebook, a place: nothing that can run
ATTRIBUTES = dict.fromkeys(("alt", "open", "role", "scope", "width"), ".*") | {
    "href": HREF,
    "target": "_blank",
    "rel": "noopener",
    "src": r"data:image/(png|svg\+xml);base64,[\w+/=]+",
    "style": rf"(({STYLES}):[\w\s.#%-]+;?)+",
}


def load_ipython_extension(shell):
    """Explain this shell's NameErrors from now on."""
    shell.set_custom_exc((NameError,), _explain)


def _explain(shell, kind, error, trace, tb_offset=None):
    try:
        while trace.tb_next:
            trace = trace.tb_next
        # A name missed in a library, or in a function's own lines, is no matter of order.
        of_a_cell = kind is NameError and trace.tb_frame.f_globals is shell.user_ns
        sentence = advice(error.name, shell.user_ns["In"], shell.transform_cell) if of_a_cell else ""
        request = shell.get_parent() if hasattr(shell, "get_parent") else {}
        cell = request.get("metadata", {}).get("cellId")  # only a page tells which cell it runs
        before = [*_stored(cell, request["content"]["code"])] if sentence and cell else []
    except (ImportError, OSError, ValueError, KeyError, TypeError):  # no notebook or no words: Python's message is left
        sentence = ""
    if sentence:
        error._render_traceback_ = lambda: [sentence]
    if not sentence or not cell:
        return shell.showtraceback((kind, error, error.__traceback__), tb_offset=tb_offset)
    for data in before:
        shell.display_pub.publish(data)
    words = re.sub("`(.+?)`", r"<code>\1</code>", escape(sentence))
    shell.display_pub.publish({"text/html": f'<p role="note">{words}</p>', "text/plain": sentence}, ADVICE)
    shell._last_traceback = [sentence]  # goes into the reply that ends the run, as it does where it is shown


def advice(name, ran, transform=str):
    """Which cell of the notebook to run first.

    Parameters
    ----------
    name : str
        What was missed.
    ran : list of str
        The cells run so far, the one that missed it last.
    transform : callable
        Makes plain Python of a cell's source, where that has commands of IPython in it.

    Returns
    -------
    str
        A sentence; empty where no other cell makes the name, so that a slip of the pen stays Python's to tell.
    """
    found = []  # (how many of the cells run so far are in this notebook, whether above, first line)
    for cells in map(_cells, _notebooks()):
        here = cells.index(ran[-1]) if ran[-1] in cells else len(cells)
        makers = [i for i, source in enumerate(cells) if i != here and name in _made(transform(source))]
        if makers:
            nearest = max((i for i in makers if i < here), default=makers[0])
            begins = cells[nearest].strip().splitlines()[0]
            found.append((len(set(cells) & set(ran)), here < len(cells) and nearest < here, begins))
    likely = [(above, begins) for count, above, begins in found if count == max(found)[0]]
    begins = os.path.commonprefix([begins for _, begins in likely]).strip()  # one that is true of each
    if not begins:
        return ""
    from utils.phrases import phrase  # here, since this room is loaded first, and where nothing else may be

    above = all(above for above, _ in likely)
    return phrase("first.made_above" if above else "first.made", name=name, begins=begins)


def _notebooks():
    """The notebook of this kernel where the server tells it, else all in the folder, which is the notebook's own."""
    told = Path(os.environ.get("JPY_SESSION_NAME", ""))
    return [told] if told.suffix == ".ipynb" and told.is_file() else sorted(Path.cwd().glob("*.ipynb"))


def _cells(notebook):
    """The source of each code cell."""
    return ["".join(c["source"]) for c in _coded(notebook)]


def _coded(notebook):
    return [c for c in json.loads(notebook.read_text(encoding="utf-8"))["cells"] if c["cell_type"] == "code"]


def _stored(cell, source):
    """What the notebook keeps of a cell's output, where its source is still the same; nothing of it can run."""
    for c in (c for notebook in _notebooks() for c in _coded(notebook)):
        if c.get("id") == cell and "".join(c["source"]) == source:
            for output in (o for o in c["outputs"] if o.get("metadata") != ADVICE):
                data = {kind: "".join(given) for kind, given in output.get("data", {}).items() if kind in KINDS}
                if "text/html" in data:
                    data["text/html"] = Still(data["text/html"]).html
                if data:
                    yield data


class Still(HTMLParser):
    """HTML written anew: text, tables, lists and the pictures in it; nothing that could run or fetch."""

    def __init__(self, source):
        super().__init__()
        self.html = ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag, attributes):
        kept = [
            f' {name}="{escape(value or "")}"'
            for name, value in attributes
            if name in ATTRIBUTES and re.fullmatch(ATTRIBUTES[name], value or "", re.DOTALL)
        ]
        self.html += f"<{tag}{''.join(kept)}>" * (tag in TAGS)

    def handle_endtag(self, tag):
        self.html += f"</{tag}>" * (tag in TAGS)

    def handle_data(self, text):
        self.html += escape(text)


def _made(source):
    """The names that a cell leaves behind; none where it is not yet Python."""
    try:
        names, nodes = set(), [ast.parse(source)]
    except SyntaxError:
        return set()
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif not isinstance(node, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            if isinstance(node, ast.alias):
                names.add((node.asname or node.name).partition(".")[0])
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                names.add(node.id)
            nodes.extend(ast.iter_child_nodes(node))
    return names
