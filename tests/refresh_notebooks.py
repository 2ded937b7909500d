"""Runs the notebooks again and stores their outputs: python lab.py refresh [NOTEBOOK ...]

What is random in an output is left out or made the same in every run, and a picture that looks as
before stays as it is stored. So where the code is unchanged, a second run changes no byte.
"""

import base64
import io
import os
import re
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import numpy as np
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
PNG = re.compile(r"(?<=data:image/png;base64,)[\w+/=]+|^iVBORw0K[\w+/=\n]+$")  # in a page, or an output by itself
# Of a picture no byte is touched, though some may read as one of the random things: an address, or a styled table's id.
RANDOM = re.compile(r"(data:image/[\w+]+;base64,[\w+/=]+)|0x[0-9a-fA-F]{6,}|\bT_[0-9a-f]{5}(?=[_\" ])")


def alike(old, new):
    """True where two base64 PNGs show the same.

    Only rounding in anti-aliased edges is let through (8 of 255 in one channel): one changed letter
    is few pixels, but each of them differs by far more.
    """
    try:
        a, b = (np.asarray(Image.open(io.BytesIO(base64.b64decode(png))).convert("RGBA"), int) for png in (old, new))
    except (ValueError, OSError):  # what is stored is no picture
        return False
    return a.shape == b.shape and int(abs(a - b).max()) <= 8


def tidied(text, stored):
    """An output without what is random; the stored one where they differ in pictures alone, and those are alike."""
    text = RANDOM.sub(lambda m: m[1] or ("0xADDRESS" if m[0][0] == "0" else "T_00000"), text)
    old, new = PNG.findall(stored), PNG.findall(text)
    same = PNG.split(stored) == PNG.split(text) and len(old) == len(new) and all(map(alike, old, new))
    return stored if same else text


def execute(notebook, folder):
    """Run a notebook as a learner who answers nothing; ValueError says in which cell it stopped, and why."""
    place, where = ["the kernel"], {"metadata": {"path": str(folder)}}
    options = {"timeout": 120, "record_timing": False, "store_widget_state": False}
    options["extra_arguments"] = ["--log-level=ERROR"]  # else each kernel warns of its own transport
    client = NotebookClient(notebook, kernel_name="python3", resources=where, **options)
    client.on_cell_start = lambda cell, cell_index: place.append(f"cell {cell_index + 1} ({cell.get('id', 'no id')})")
    with tempfile.TemporaryDirectory() as scratch:
        record = str(Path(scratch, "answers.json"))  # nobody's answers may get into the outputs
        try:
            client.execute(env=dict(os.environ, PYTHONPATH=str(ROOT), MAS_CASEBOOK_RECORD=record))
        except CellExecutionError as fault:
            raise ValueError(f"{place[-1]} raised {fault.ename}: {fault.evalue}") from None
        except (CellTimeoutError, DeadKernelError) as fault:
            raise ValueError(f"{place[-1]} did not finish: {str(fault).splitlines()[0]}") from None


def refresh(path):
    """Run one notebook and store its outputs; True where the file has changed."""
    text = path.read_text(encoding="utf-8")
    old, new = nbformat.reads(text, 4), nbformat.reads(text, 4)
    execute(new, path.resolve().parent)
    new.metadata = nbformat.from_dict(METADATA)
    for before, cell in zip(old.cells, new.cells, strict=True):
        for key in ("execution", "collapsed", "scrolled"):
            cell.metadata.pop(key, None)
        stored = before.get("outputs", [])
        for n, output in enumerate(cell.get("outputs", [])):
            known = stored[n].get("data", {}) if n < len(stored) else {}
            # A widget without its kernel shows an error; without this entry, its picture or text.
            output.get("data", {}).pop("application/vnd.jupyter.widget-view+json", None)
            if "text" in output:
                output.text = tidied(output.text, "")
            for kind, value in output.get("data", {}).items():
                if isinstance(value, str):
                    output.data[kind] = tidied(value, known.get(kind, ""))
    result = nbformat.writes(new).rstrip("\n") + "\n"
    if result != text:  # first whole beside the notebook, then in its place: never half a notebook
        beside = path.with_name(path.name + ".new")
        beside.write_text(result, encoding="utf-8", newline="\n")
        os.replace(beside, path)
    return result != text


def main(names):
    """Refresh the named notebooks, or all; stop at the first that fails."""
    for path in [Path(name) for name in names] or sorted((ROOT / "notebooks").glob("*.ipynb")):
        start = time.perf_counter()
        try:
            changed = refresh(path)
        except (OSError, ValueError) as fault:  # also what is no notebook
            return f"{path.name}: {fault}\nThe file is left as it was."
        print(f"{path.name:36} {'changed' if changed else 'same':8}{time.perf_counter() - start:6.1f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
