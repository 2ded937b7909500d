"""What strict comparison cannot see: that every cell was run, and that nothing is stored which should not be."""

import re
import subprocess
import sys

import nbformat
import pytest

from tests.design import BOOKS, faults, outputs


def test_file_size_stays_small():
    assert not [p.name for p in BOOKS if p.stat().st_size > 400_000]


def good():
    """A notebook that is told from the day of admission, as the spoilers below expect."""
    return nbformat.read(next(b for b in BOOKS if b.name.startswith("04")), 4)


def spoil(path, value):
    def change(nb):
        cells = [c for c in nb.cells if c.cell_type == "code" and c.outputs]
        target = {"cell": cells[-1], "output": cells[-1].outputs[0], "nb": nb}[path]
        value(target)

    return change


@pytest.mark.parametrize(
    "path, value, says",
    [
        ("cell", lambda c: c.update(execution_count=None), "not every code cell was run"),
        ("cell", lambda c: c.update(outputs=[]), "no stored output"),
        ("cell", lambda c: c.update(source="x = 1\n" * 13), "more than 12 lines"),
        ("cell", lambda c: c.update(source=c.source + ";"), "ends with ';'"),
        ("output", lambda o: o.update(output_type="error", ename="E", evalue="e", traceback=[]), "stored error"),
        ("output", lambda o: o.update(name="stderr"), "stored stderr"),
        ("output", lambda o: o["data"].update({"application/vnd.jupyter.widget-view+json": {}}), "widget view"),
        ("output", lambda o: o["data"].update({"image/png": "x"}), "bare picture"),
        ("output", lambda o: o["data"].update({"text/plain": "/home/someone/answers.json"}), "path of this machine"),
        ("output", lambda o: o["data"].update({"text/html": '<img src="x" alt="">'}), "without a description"),
        ("output", lambda o: o["data"].update({"text/html": "<td>nan</td>"}), "shown as nan"),
        (
            "output",
            lambda o: o["data"].update({"text/html": '<img src="data:image/png;base64,AAAA0xADDRESS">'}),
            "cannot be shown",
        ),
        ("nb", lambda n: n.metadata.update(widgets={}), "widget state"),
        ("nb", lambda n: n.cells.pop(0), "banner or the attribution"),
        ("nb", lambda n: n.update(cells=[c for c in n.cells if c.cell_type == "code"]), "words of prose"),
        (
            "nb",
            lambda n: n.cells[1].update(source=n.cells[1].source + "\n![](x.png)"),
            "in the text without a description",
        ),
        (
            "nb",
            lambda n: n.cells[-2].update(
                outputs=[
                    o
                    for c in n.cells
                    if c.cell_type == "code"
                    for o in c.outputs
                    if "<img" in o.get("data", {}).get("text/html", "")
                ]
                * 7
            ),
            "more than six",
        ),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_each_fault_is_found(path, value, says):
    nb = good()
    spoil(path, value)(nb)
    assert any(says in f for f in faults(nb)), list(faults(nb))


@pytest.mark.slow
@pytest.mark.parametrize(
    "pattern, new, passes, book",
    [
        (r"xml;base64,[A-Za-z0-9+/=]{40}", "xml;base64,AAAA", True, 3),  # pixels alone may differ between machines
        (r"xml;base64,[A-Za-z0-9+/=]{40}", "xml;base64,AAAA", False, 1),  # a drawing may not: it has no pixels
        (r"1,259 ug/L", "1,258 ug/L", False, 0),  # nor a number that is shown
        (r"board with one row", "board with two rows", False, 1),  # nor what a figure says of itself
    ],
)
def test_the_strict_comparison_sees_what_it_should(tmp_path, pattern, new, passes, book):
    root, copy_ = BOOKS[book].parent.parent, tmp_path / BOOKS[book].name
    nb = nbformat.read(BOOKS[book], 4)
    for o in outputs(nb):
        for kind in ("text/html", "text/plain"):
            if kind in o.get("data", {}):
                o["data"][kind] = re.sub(pattern, new, o["data"][kind])
    assert nb != nbformat.read(BOOKS[book], 4)
    nbformat.write(nb, copy_)
    options = ["--nbval", "--nbval-current-env", "--nbval-sanitize-with", str(root / "tests" / "sanitize.cfg")]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, copy_.name]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode == 0) == passes, done.stdout[-2000:]
    assert "passed" in done.stdout  # it did run the cells
