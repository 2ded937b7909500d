"""The refresh script stores what is new, leaves alone what is not, and never spoils a file."""

import base64
import io
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from PIL import Image

SCRIPT = Path(__file__).resolve().parent / "refresh_notebooks.py"
SOURCES = {
    "text": "print('one line')\nobject()",
    "picture": """
import io
from IPython.display import HTML, Image
from PIL import Image as Picture
raw = io.BytesIO()
Picture.new("RGB", (30, 20), (10, 120, 200)).save(raw, "PNG")
Image(raw.getvalue())""",
    "html": """
import base64
html = '<img alt="a plain field" src="data:image/png;base64,%s">'
HTML(html % base64.b64encode(raw.getvalue()).decode())""",
    "record": "import os\nprint('a record:', os.path.exists(os.environ['MAS_CASEBOOK_RECORD']))",
    "slider": "import ipywidgets\nipywidgets.IntSlider(3)",
}


def notebook(folder, **sources):
    """A notebook of these code cells, its cell ids their names, written into a folder."""
    cells = [new_code_cell(source, id=name) for name, source in sources.items()]
    path = folder / "small.ipynb"
    nbformat.write(new_notebook(cells=[new_markdown_cell("Title", id="title"), *cells]), path)
    return path


def run(path, **env):
    """Run the script on one notebook."""
    return subprocess.run(
        [sys.executable, str(SCRIPT), str(path)], capture_output=True, text=True, env=dict(os.environ, **env)
    )


def outputs(path, name):
    """The outputs of the cell of this id."""
    return next(c for c in nbformat.read(path, 4).cells if c.id == name).outputs


def repaint(path, colour, **options):
    """Replace both stored pictures by a plain field; returns it in base64."""
    raw = io.BytesIO()
    Image.new("RGB", (30, 20), colour).save(raw, "PNG", **options)
    png = base64.b64encode(raw.getvalue()).decode()
    book = nbformat.read(path, 4)
    cells = {c.id: c for c in book.cells}
    cells["picture"].outputs[0].data["image/png"] = png
    cells["html"].outputs[0].data["text/html"] = f'<img alt="a plain field" src="data:image/png;base64,{png}">'
    path.write_text(nbformat.writes(book).rstrip("\n") + "\n", encoding="utf-8", newline="\n")
    return png


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A notebook that has been refreshed once, as bytes, and what the script printed."""
    path = notebook(tmp_path_factory.mktemp("refresh"), **SOURCES)
    record = path.with_name("somebody's answers.json")
    record.write_text("{}")
    done = run(path, MAS_CASEBOOK_RECORD=str(record))
    assert done.returncode == 0, done.stderr
    assert record.read_text() == "{}"
    return path.read_bytes(), done.stdout


@pytest.fixture
def path(stored, tmp_path):
    """A copy of that notebook to work on."""
    file = tmp_path / "small.ipynb"
    file.write_bytes(stored[0])
    return file


def test_first_run_stores_outputs(stored, path):
    assert stored[1].split()[:2] == ["small.ipynb", "changed"]
    seconds, memory = float(stored[1].split()[2]), stored[1].split()[4]
    assert seconds > 0
    if Path("/proc/self/status").exists():
        assert 20 < int(memory) < 2000
    assert outputs(path, "text")[0].text == "one line\n"
    assert outputs(path, "text")[1].data["text/plain"] == "<object at 0xADDRESS>"
    assert "image/png" in outputs(path, "picture")[0].data
    assert outputs(path, "record")[0].text == "a record: False\n"


def test_nothing_random_is_stored(path):
    assert list(outputs(path, "slider")[0].data) == ["text/plain"]
    book = nbformat.read(path, 4)
    assert sorted(book.metadata) == ["kernelspec", "language_info"]
    assert not any("execution" in cell.metadata for cell in book.cells)


def test_second_run_changes_no_byte(stored, path):
    done = run(path)
    assert done.stdout.split()[:2] == ["small.ipynb", "same"]
    assert path.read_bytes() == stored[0]


@pytest.mark.slow
def test_changed_output_is_stored(path):
    path.write_bytes(path.read_bytes().replace(b"'one line'", b"'another line'"))
    assert run(path).stdout.split()[:2] == ["small.ipynb", "changed"]
    assert outputs(path, "text")[0].text == "another line\n"


@pytest.mark.slow
def test_picture_that_looks_the_same_is_kept(path):
    png = repaint(path, (12, 119, 200), compress_level=0)
    before = path.read_bytes()
    assert run(path).stdout.split()[:2] == ["small.ipynb", "same"]
    assert path.read_bytes() == before
    assert outputs(path, "picture")[0].data["image/png"] == png


@pytest.mark.slow
def test_picture_that_looks_different_is_replaced(stored, path):
    repaint(path, (200, 120, 10))
    assert run(path).stdout.split()[:2] == ["small.ipynb", "changed"]
    assert path.read_bytes() == stored[0]


@pytest.mark.slow
def test_failing_cell_leaves_the_file_alone(tmp_path):
    path = notebook(tmp_path, fine="print(1)", bad="1 / 0", never="print(2)")
    before = path.read_bytes()
    done = run(path)
    assert done.returncode == 1
    assert "small.ipynb: cell 3 (bad) raised ZeroDivisionError: division by zero" in done.stderr
    assert "Traceback" not in done.stderr
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["small.ipynb"]


def test_what_is_no_notebook_is_refused_in_words(tmp_path):
    file = tmp_path / "small.ipynb"
    file.write_text("not a notebook")
    done = run(file)
    assert done.returncode == 1 and "cannot be refreshed" in done.stderr
    assert "Traceback" not in done.stderr
    assert file.read_text() == "not a notebook"


def test_bytes_of_a_picture_that_look_like_an_address_stay_as_they_are():
    sys.path.insert(0, str(SCRIPT.parent))
    from refresh_notebooks import without_randomness

    text = '<A object at 0x7f00aabb1122> <img src="data:image/png;base64,AAAA0xBdffFE99/+0x123456=="> 0xabcdef12'
    assert without_randomness(text) == text.replace("0x7f00aabb1122", "0xADDRESS").replace("0xabcdef12", "0xADDRESS")
