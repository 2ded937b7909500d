"""What strict comparison cannot see: that every cell was run, and that nothing is stored which should not be."""

import re
import subprocess
import sys

import nbformat
import pytest

from tests.design import BOOKS, ROOT, faults, outputs


def test_file_size_stays_small():
    assert not [p.name for p in BOOKS if p.stat().st_size > 400_000]


def cell(**change):
    return lambda nb: [c for c in nb.cells if c.cell_type == "code" and c.outputs][-1].update(change)


def output(**change):
    return lambda nb: outputs(nb)[-1].update(change)


def data(kind, value):
    return lambda nb: outputs(nb)[-1]["data"].update({kind: value})


def pictures(nb):
    nb.cells[-2].update(outputs=7 * [o for o in outputs(nb) if "<img" in o.get("data", {}).get("text/html", "")])


VIEW, IMAGE = "application/vnd.jupyter.widget-view+json", '<img src="data:image/png;base64,AAAA0xADDRESS">'
FAULTS = [
    (cell(execution_count=None), "not every code cell was run"),
    (cell(outputs=[], source="progress()"), "no stored output"),
    (cell(source="x = 1\n" * 13), "more than 12 lines"),
    (cell(source="progress();"), "ends with ';'"),
    (output(output_type="error", ename="E", evalue="e", traceback=[]), "stored error"),
    (output(name="stderr"), "stored stderr"),
    (data(VIEW, {}), "widget view"),
    (data("image/png", "x"), "bare picture"),
    (data("text/plain", "/home/someone/answers.json"), "path of this machine"),
    (data("text/html", '<img src="x" alt="">'), "without a description"),
    (data("text/html", "<td>nan</td>"), "shown as nan"),
    (data("text/html", IMAGE), "cannot be shown"),
    (lambda nb: nb.metadata.update(widgets={}), "widget state"),
    (lambda nb: nb.cells.pop(0), "banner or the attribution"),
    (lambda nb: nb.update(cells=[c for c in nb.cells if c.cell_type == "code"]), "words of prose"),
    (pictures, "more than six"),
]


@pytest.mark.parametrize("spoil, says", FAULTS, ids=[says for _, says in FAULTS])
def test_each_fault_is_found(spoil, says):
    nb = nbformat.read(BOOKS[4], 4)
    spoil(nb)
    assert any(says in f for f in faults(nb)), list(faults(nb))


CHANGES = [  # a picture's bytes may differ; a number that is shown may not, nor what a figure says of itself
    (r"xml;base64,[A-Za-z0-9+/=]{40}", "xml;base64,AAAA", True, 3),
    (r"1,259 ug/L", "1,258 ug/L", False, 0), (r"board with one row", "board with two rows", False, 1),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("pattern, new, passes, book", CHANGES)
def test_the_strict_comparison_sees_what_it_should(tmp_path, pattern, new, passes, book):
    nb, kept, changed = nbformat.read(BOOKS[book], 4), [], 0
    while not changed:  # the cells up to the first that is changed
        kept.append(nb.cells[len(kept)])
        for o in kept[-1].get("outputs", []):
            for kind in {"text/html", "text/plain"} & o.get("data", {}).keys():
                o["data"][kind], times = re.subn(pattern, new, o["data"][kind])
                changed += times
    nb.cells = kept
    nbformat.write(nb, tmp_path / "changed.ipynb")
    options = ["--nbval", "--nbval-current-env", "--nbval-sanitize-with", str(ROOT / "tests" / "sanitize.cfg")]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, "changed.ipynb"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode == 0) == passes and "passed" in done.stdout, done.stdout[-2000:]  # it did run the cells
