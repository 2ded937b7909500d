"""Cells run alone, in any order and twice: the stored result, or a sentence that says what to run first."""

import random
import re
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell, new_notebook

from utils.start import advice

ROOT = Path(__file__).resolve().parent.parent
BOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SENTENCE = re.compile(
    r"^`(\w+)` is made (?:further up, )?in the cell that begins `(.+)`: run that one first, "
    r"or choose Run, Run All Above Selected Cell\.$"
)
FORGET = "import ipywidgets\nipywidgets.Widget.close_all()\nget_ipython().reset(new_session=True)"
# To another notebook in the same kernel; what is loaded by then need not be looked through at each FORGET.
MOVE = """import gc, os
gc.freeze()
os.chdir({0!r})
os.environ["MAS_CASEBOOK_RECORD"] = {0!r} + "/answers.json"
os.environ.pop("JPY_SESSION_NAME", None)
"""
SANITIZERS = [
    (re.compile(pattern), new)
    for pattern, new in re.findall(r"^regex: (.*)\nreplace: (.*)$", (ROOT / "tests/sanitize.cfg").read_text(), re.M)
]
settled = pytest.mark.skipif(
    not Path(sys.prefix, "etc/ipython/ipython_kernel_config.py").exists(),
    reason="needs the settings that lab.py puts into .venv",
)


def shown(cell):
    """What is compared of a cell's outputs: their text, after the strict comparison's own sanitiser."""
    found = []
    for output in cell.outputs:
        data = output.get("data", {"text/plain": output.get("text", output.get("evalue"))})
        for kind in sorted(data.keys() & {"text/plain", "text/html"}):
            text = data[kind]
            for pattern, new in SANITIZERS:
                text = pattern.sub(new, text)
            found.append((output.output_type, kind, text))
    return found


class Reader:
    """A reader of one notebook that lies alone in a folder: runs cells and does what the sentences say."""

    def __init__(self, client, folder, path=BOOKS[3]):
        shutil.copy(path, folder)
        self.cells, self.advised = [c for c in nbformat.read(path, 4).cells if c.cell_type == "code"], 0
        self.client = client
        self.run(MOVE.format(str(folder)) + FORGET)

    def run(self, source, page=None):
        """Run a cell; as a page does, which tells its id, where one is given."""
        cell, session = new_code_cell(source), self.client.kc.session
        self.client.nb.cells = [cell]
        if page:
            session.metadata = {"cellId": page}
        self.client.execute_cell(cell, 0)
        session.metadata = {}
        return cell

    def follow(self, wanted, depth=0):
        """Run a cell as a reader who heeds each sentence; returns what it shows in the end."""
        for _ in range(20):
            done = self.run(wanted.source)
            errors = [o for o in done.outputs if o.output_type == "error"]
            if not errors:
                return shown(done)
            [sentence] = errors[0].traceback
            match = SENTENCE.match(sentence)
            assert match and errors[0].ename == "NameError", f"{wanted.source}\n{sentence}"
            [named] = [c for c in self.cells if c.source.startswith(match[2])]
            assert named is not wanted and depth < 10
            self.advised += 1
            self.follow(named, depth + 1)
        raise AssertionError(f"no end of advice: {wanted.source}")

    def faults(self, cells):
        """The cells, run in this order, whose result is not the stored one."""
        return [cell.source for cell in cells if self.follow(cell) != shown(cell)]


@contextmanager
def kernel(folder):
    """A client of a kernel of its own."""
    where, quiet = {"metadata": {"path": str(folder)}}, ["--log-level=ERROR"]
    options = {"resources": where, "extra_arguments": quiet, "allow_errors": True, "store_widget_state": False}
    client = NotebookClient(new_notebook(), timeout=120, kernel_name="python3", **options)
    with client.setup_kernel():
        yield client


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with kernel(tmp_path_factory.mktemp("kernel")) as client:
        yield client


@pytest.fixture
def reader(request, shared, tmp_path):
    """A Reader of the fourth notebook, or of the one that a test names, with an empty session."""
    return Reader(shared, tmp_path, getattr(request, "param", BOOKS[3]))


@pytest.mark.slow
@settled
@pytest.mark.parametrize("reader", BOOKS, indirect=True, ids=lambda path: path.stem)
def test_every_cell_in_every_order(reader):
    """Every order begins with an empty session."""
    wrong = []
    for cell in reader.cells:
        reader.run(FORGET)
        wrong += [("alone", fault) for fault in reader.faults([cell])]
    assert reader.advised >= len(reader.cells) - 1  # each but the imports was told what to run
    reader.run(FORGET)
    before, shuffled = reader.advised, random.Random(1).sample(reader.cells, len(reader.cells))
    wrong += [("shuffled, each twice", fault) for fault in reader.faults([c for c in shuffled for _ in range(2)])]
    assert wrong == [] and reader.advised > before


@pytest.mark.slow
def test_an_error_stays_an_error_for_what_runs_without_a_reader(tmp_path):
    book = nbformat.read(BOOKS[3], 4)
    book.cells.sort(key=lambda c: "what_if(" in c.source)  # what others need is made last
    nbformat.write(book, tmp_path / "broken.ipynb")
    with pytest.raises(CellExecutionError) as stop:
        NotebookClient(book, kernel_name="python3", timeout=120, resources={"metadata": {"path": tmp_path}}).execute()
    assert stop.value.ename == "NameError" and stop.value.evalue == "name 'bench' is not defined"
    assert "`bench` is made in the cell that begins `bench = explore.what_if(" in str(stop.value)


@settled
def test_another_utils_beside_the_notebook_or_on_the_path_does_not_matter(tmp_path, monkeypatch):
    (tmp_path / "utils.py").write_text("raise SystemExit('not this one')")
    (tmp_path / "path" / "utils").mkdir(parents=True)
    (tmp_path / "path" / "utils" / "__init__.py").write_text("raise SystemExit('nor this one')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "path"))  # as at the doors that lab.py does not open
    with kernel(tmp_path) as client:
        reader = Reader(client, tmp_path)
        [output] = reader.run("import utils.case; utils.case.load_case().as_of('admission').time_point").outputs
        assert output.data["text/plain"] == "'admission'"
        assert "`bench` is made" in str(reader.run("bench").outputs)


@settled
def test_on_a_page_the_stored_output_stays_and_the_advice_is_prose_below_it(reader, tmp_path):
    replies = []
    reader.client.on_cell_error = lambda execute_reply, **_: replies.append(execute_reply["content"])
    early = next(c for c in reader.cells if re.match(r"(?!.*what_if\().*\bbench\b", c.source, re.S) and c.outputs)
    done = reader.run(early.source, page=early.id)
    [reply] = replies  # an error, for Run All and for whatever else reads replies
    assert (reply["status"], reply["ename"]) == ("error", "NameError") and SENTENCE.match(*reply["traceback"])
    *before, advice = done.outputs
    assert [x[1:] for x in shown(done)[: len(before) * 2]] == [x[1:] for x in shown(early)]
    assert advice.data["text/plain"] == reply["traceback"][0]
    assert advice.data["text/html"].startswith("<p") and "<code>bench</code>" in advice.data["text/html"]
    path = tmp_path / BOOKS[3].name
    book = nbformat.read(path, 4)
    next(c for c in book.cells if c.id == early.id).outputs = done.outputs
    nbformat.write(book, path)  # saved as it stands, and run again
    assert reader.run(early.source, page=early.id).outputs == done.outputs
    for source, page in ((f"{early.source} # mine", early.id), (early.source, "another")):
        [alone] = reader.run(source, page).outputs  # nothing is stored for it
        assert SENTENCE.match(alone.data["text/plain"])
    library = "import types; t = types.ModuleType('t'); exec('def go(): return bench', vars(t)); t.go()"
    for own in ("bensh", "1 / 0", "raise NameError('bench')", "def f():\n    len(bensh)\nf()", library):
        for page in (early.id, None):  # a slip of the pen, and what somebody's library misses, is Python's to tell
            [error] = reader.run(own, page).outputs
            assert error.output_type == "error" and "Traceback" in "".join(error.traceback)


@settled
def test_the_notebook_is_the_one_the_server_names_or_those_of_the_folder(reader, tmp_path):
    for name, last in (("a", "bench = 1\n%time 0"), ("b", "bench = 3\n%time 0")):
        cells = [new_code_cell(source) for source in ("bench = 2", last, "bench")]
        nbformat.write(new_notebook(cells=cells), tmp_path / f"{name}.ipynb")
    rows = (("a", "further up, in the cell that begins `bench = 1`"), ("b", "`bench = 3`"), ("", "Traceback"))
    for named, words in rows:  # without a name it may be either
        reader.run(f"import os; os.environ['JPY_SESSION_NAME'] = {named and str(tmp_path / named) + '.ipynb'!r}")
        assert words in str(reader.run("bench").outputs)
    (tmp_path / "b.ipynb").write_text("{")
    assert "Traceback" in str(reader.run("bench").outputs)  # no notebook, no advice


@pytest.mark.parametrize(
    "source, names",
    [
        ("a = b.c = d[0] = 1", "a"), ("import x.y, z as w\nfrom q import r as s", "xws"), ("class C:\n    m = 1", "C"),
        ("for i, (j, *k) in t: pass", "ijk"), ("def f(g):\n    h = 1", "f"), ("this is not Python", ""),
        ("[n for n in range(3)]; (lambda o: o)(1)", ""), ("with open(p) as q: (u := 1)", "qu"),
    ],
)  # fmt: skip
def test_the_names_that_a_cell_leaves_behind(source, names):
    letters = set(re.findall(r"\b\w\b", source))
    assert {name for name in letters if advice(name, ["last"], [[source, "last"]])} == {*names}
