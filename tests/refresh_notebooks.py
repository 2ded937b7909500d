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
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
PNG = "image/png"
EMBEDDED_PNG = re.compile(r"data:image/png;base64,([A-Za-z0-9+/=]+)")
ADDRESS = re.compile(r"0x[0-9a-fA-F]{6,}")
STYLER_ID = re.compile(r"\bT_[0-9a-f]{5}(?=[_\" ])")
SECONDS_A_CELL = 120


class CellFailed(Exception):
    """A cell that raised, took too long or ended its kernel."""


def alike(old, new):
    """True where two base64 PNGs show the same.

    Only rounding in anti-aliased edges is let through (8 of 255 in one channel): one changed letter
    is few pixels, but each of them differs by far more.
    """
    try:
        a, b = (
            np.asarray(Image.open(io.BytesIO(base64.b64decode(png))).convert("RGBA"), dtype=int) for png in (old, new)
        )
    except (ValueError, OSError):  # what is stored is no picture
        return False
    return a.shape == b.shape and int(abs(a - b).max()) <= 8


def alike_html(old, new):
    """True where two HTML texts differ in nothing but embedded pictures, and those are alike."""
    old, new = EMBEDDED_PNG.split(old), EMBEDDED_PNG.split(new)
    return old[::2] == new[::2] and all(map(alike, old[1::2], new[1::2]))


def without_randomness(text):
    """The text with addresses and the random ids of styled tables made the same in every run."""
    parts = re.split(r"(data:image/png;base64,[A-Za-z0-9+/=]+)", text)  # a picture's bytes may look like an address
    parts[::2] = [STYLER_ID.sub("T_00000", ADDRESS.sub("0xADDRESS", part)) for part in parts[::2]]
    return "".join(parts)


def tidy(output, stored):
    """Take out of an output what is random; keep the stored picture where the new one is alike."""
    if "text" in output:
        output.text = without_randomness(output.text)
    data, before = output.get("data", {}), stored.get("data", {})
    # A widget without its kernel shows an error; without this entry, its picture or text.
    data.pop(WIDGET_VIEW, None)
    for kind in data:
        if kind.startswith("text/"):
            data[kind] = without_randomness(data[kind])
    for kind, same in ((PNG, alike), ("text/html", alike_html)):
        if kind in data and kind in before and same(before[kind], data[kind]):
            data[kind] = before[kind]


def peak_memory(client):
    """The most memory that the client's kernel has held so far, in MiB; None where unknown."""
    try:
        status = Path(f"/proc/{client.km.provisioner.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s*(\d+) kB", status)[1]) // 1024
    except (OSError, AttributeError, TypeError):
        return None


def execute(notebook, folder):
    """Run a notebook as a learner who answers nothing; returns the kernel's peak memory in MiB."""
    place, memory = "the kernel", None

    def started(cell, cell_index):
        nonlocal place
        place = f"cell {cell_index + 1} ({cell.get('id', 'no id')})"

    def executed(**_):
        nonlocal memory
        memory = peak_memory(client)

    client = NotebookClient(
        notebook,
        timeout=SECONDS_A_CELL,
        kernel_name="python3",
        record_timing=False,
        store_widget_state=False,
        resources={"metadata": {"path": str(folder)}},
        on_cell_start=started,
        on_cell_executed=executed,
        extra_arguments=["--log-level=ERROR"],
    )  # else each kernel warns of its own transport
    with tempfile.TemporaryDirectory() as scratch:
        record = str(Path(scratch, "answers.json"))  # nobody's answers may get into the outputs
        try:
            client.execute(env=dict(os.environ, PYTHONPATH=str(ROOT), MAS_CASEBOOK_RECORD=record))
        except CellExecutionError as fault:
            raise CellFailed(f"{place} raised {fault.ename}: {fault.evalue}") from None
        except (CellTimeoutError, DeadKernelError) as fault:
            raise CellFailed(f"{place} did not finish: {str(fault).splitlines()[0]}") from None
    return memory


def refresh(path):
    """Run one notebook and store its outputs; True where the file has changed, and peak memory."""
    text = path.read_text(encoding="utf-8")
    old, new = nbformat.reads(text, 4), nbformat.reads(text, 4)
    memory = execute(new, path.resolve().parent)
    new.metadata = nbformat.from_dict(METADATA)
    for before, cell in zip(old.cells, new.cells, strict=True):
        for key in ("execution", "collapsed", "scrolled"):
            cell.metadata.pop(key, None)
        stored = before.get("outputs", [])
        for n, output in enumerate(cell.get("outputs", [])):
            tidy(output, stored[n] if n < len(stored) else {})
    result = nbformat.writes(new).rstrip("\n") + "\n"
    if result == text:
        return False, memory
    # First whole beside the notebook, then in its place: never half a notebook.
    beside = path.with_name(path.name + ".new")
    beside.write_text(result, encoding="utf-8", newline="\n")
    os.replace(beside, path)
    return True, memory


def main(names):
    """Refresh the named notebooks, or all; stop at the first that fails."""
    paths = [Path(name) for name in names] or sorted((ROOT / "notebooks").glob("*.ipynb"))
    for path in paths:
        start = time.perf_counter()
        try:
            changed, memory = refresh(path)
        except CellFailed as fault:
            return f"{path.name}: {fault}\nThe file is left as it was."
        except (OSError, ValueError) as fault:  # also what is no notebook
            return f"{path} cannot be refreshed: {fault}"
        print(
            f"{path.name:36} {'changed' if changed else 'same':8}"
            f"{time.perf_counter() - start:6.1f} s"
            f"{memory if memory is not None else '?':>7} MiB",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
