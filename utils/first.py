"""Says which cell to run first where a cell needs a name that no cell has made yet, instead of a traceback.

IPython loads this room as an extension at each kernel's start (``classroom/ipython_kernel_config.py``), so nothing
heavy is imported here. The error stays an error, for whatever runs a notebook without a reader.
"""

import ast
import json
import os
from pathlib import Path


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
    except (OSError, ValueError, KeyError, TypeError):  # a notebook that cannot be read: Python's message is left
        sentence = ""
    if sentence:
        error._render_traceback_ = lambda: [sentence]
    shell.showtraceback((kind, error, error.__traceback__), tb_offset=tb_offset)


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
    where = "further up, " if all(above for above, _ in likely) else ""
    return begins and (
        f"`{name}` is made {where}in the cell that begins `{begins}`: run that one first, "
        "or choose Run, Run All Above Selected Cell."
    )


def _notebooks():
    """The notebook of this kernel where the server tells it, else all in the folder, which is the notebook's own."""
    told = Path(os.environ.get("JPY_SESSION_NAME", ""))
    return [told] if told.suffix == ".ipynb" and told.is_file() else sorted(Path.cwd().glob("*.ipynb"))


def _cells(notebook):
    """The source of each code cell."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]


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
