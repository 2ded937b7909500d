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

from tests.refresh_notebooks import tidied

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
    command = [sys.executable, str(SCRIPT), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ, **env))
    assert "Traceback" not in done.stderr
    return done


def outputs(path, name):
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
    """A notebook that has been refreshed once, as bytes; somebody's record is left alone."""
    path = notebook(tmp_path_factory.mktemp("refresh"), **SOURCES)
    record = path.with_name("somebody's answers.json")
    record.write_text("{}")
    done = run(path, MAS_CASEBOOK_RECORD=str(record))
    assert done.stdout.split()[:2] == ["small.ipynb", "changed"] and record.read_text() == "{}"
    return path.read_bytes()


@pytest.fixture
def path(stored, tmp_path):
    """A copy of that notebook to work on."""
    file = tmp_path / "small.ipynb"
    file.write_bytes(stored)
    return file


def test_first_run_stores_outputs_and_nothing_random(path):
    assert outputs(path, "text")[0].text == "one line\n"
    assert outputs(path, "text")[1].data["text/plain"] == "<object at 0xADDRESS>"
    assert "image/png" in outputs(path, "picture")[0].data
    assert outputs(path, "record")[0].text == "a record: False\n"
    assert list(outputs(path, "slider")[0].data) == ["text/plain"]
    book = nbformat.read(path, 4)
    assert sorted(book.metadata) == ["kernelspec", "language_info"]
    assert not any("execution" in cell.metadata for cell in book.cells)


def test_second_run_changes_no_byte(stored, path):
    assert run(path).stdout.split()[:2] == ["small.ipynb", "same"] and path.read_bytes() == stored


@pytest.mark.slow
def test_what_has_changed_is_stored_and_a_picture_that_looks_the_same_is_kept(stored, path):
    png = repaint(path, (12, 119, 200), compress_level=0)
    before = path.read_bytes()
    assert run(path).stdout.split()[:2] == ["small.ipynb", "same"] and path.read_bytes() == before
    assert outputs(path, "picture")[0].data["image/png"] == png
    repaint(path, (200, 120, 10))
    assert run(path).stdout.split()[:2] == ["small.ipynb", "changed"] and path.read_bytes() == stored
    path.write_bytes(stored.replace(b"'one line'", b"'another line'"))
    assert run(path).stdout.split()[:2] == ["small.ipynb", "changed"]
    assert outputs(path, "text")[0].text == "another line\n"


@pytest.mark.slow
def test_failing_cell_leaves_the_file_alone(tmp_path):
    path = notebook(tmp_path, fine="print(1)", bad="1 / 0", never="print(2)")
    before, done = path.read_bytes(), run(path)
    assert done.returncode == 1
    assert "small.ipynb: cell 3 (bad) raised ZeroDivisionError: division by zero" in done.stderr
    assert path.read_bytes() == before and [file.name for file in tmp_path.iterdir()] == ["small.ipynb"]


def test_what_is_no_notebook_is_refused_in_words(tmp_path):
    file = tmp_path / "small.ipynb"
    file.write_text("not a notebook")
    done = run(file)
    assert done.returncode == 1 and "The file is left as it was." in done.stderr
    assert file.read_text() == "not a notebook"


def test_bytes_of_a_picture_that_look_like_an_address_stay_as_they_are():
    text = '<A object at 0x7f00aabb1122> <img src="data:image/png;base64,AAAA0xBdffFE99/+0x123456=="> 0xabcdef12'
    made = text.replace("0x7f00aabb1122", "0xADDRESS").replace("0xabcdef12", "0xADDRESS")
    assert tidied(text, "") == made and tidied('id="T_0a1b2"', "") == 'id="T_00000"'
