"""The refresh script stores what is new, leaves alone what is not, and never spoils a file."""

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tests.refresh_notebooks import main, tidied

SOURCES = {
    "text": "print('one line')\nobject()",
    "record": "import os\nprint('a record:', os.path.exists(os.environ['MAS_CASEBOOK_RECORD']))",
    "slider": "import ipywidgets\nipywidgets.IntSlider(3)",
}


def notebook(folder, sources):
    """A notebook of these code cells, its cell ids their names, written into a folder."""
    cells = [new_code_cell(source, id=name) for name, source in sources.items()]
    path = folder / "small.ipynb"
    nbformat.write(new_notebook(cells=[new_markdown_cell("Title", id="title"), *cells]), path)
    return path


def outputs(path):
    """The outputs of each cell by its id."""
    return {c.id: c.outputs for c in nbformat.read(path, 4).cells[1:]}


def test_what_is_new_is_stored_and_nothing_random_is(record, tmp_path, capsys):
    def run(state):
        assert main([str(path)]) == 0 and capsys.readouterr().out.split()[:2] == ["small.ipynb", state]
        return path.read_bytes()

    record.write_text("{}")
    path = notebook(tmp_path, SOURCES)
    stored = run("changed")
    book, out = nbformat.read(path, 4), outputs(path)
    assert out["text"][0].text == "one line\n"
    assert out["text"][1].data["text/plain"] == "<object at 0xADDRESS>"
    assert out["record"][0].text == "a record: False\n" and record.read_text() == "{}"  # somebody's is left alone
    assert list(out["slider"][0].data) == ["text/plain"]
    assert sorted(book.metadata) == ["kernelspec", "language_info"]
    assert not any("execution" in cell.metadata for cell in book.cells)
    assert run("same") == stored
    path.write_bytes(stored.replace(b"'one line'", b"'another line'"))
    run("changed")
    assert outputs(path)["text"][0].text == "another line\n"


def test_a_failing_cell_or_what_is_no_notebook_leaves_the_file_alone(tmp_path):
    path = notebook(tmp_path, {"fine": "print(1)", "bad": "1 / 0", "never": "print(2)"})
    before = path.read_bytes()
    assert "small.ipynb: cell 3 (bad) raised ZeroDivisionError: division by zero" in main([str(path)])
    assert path.read_bytes() == before
    path.write_text("not a notebook")
    assert "The file is left as it was." in main([str(path)])
    assert path.read_text() == "not a notebook" and [file.name for file in tmp_path.iterdir()] == ["small.ipynb"]


def test_bytes_of_a_picture_that_look_like_an_address_stay_as_they_are():
    text = '<A object at 0x7f00aabb1122> <img src="data:image/png;base64,AAAA0xBdffFE99/+0x123456=="> 0xabcdef12'
    made = text.replace("0x7f00aabb1122", "0xADDRESS").replace("0xabcdef12", "0xADDRESS")
    assert tidied(text) == made and tidied('id="T_0a1b2"') == 'id="T_00000"'
