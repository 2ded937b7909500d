"""Runs the notebooks again and stores their outputs: python lab.py refresh [NOTEBOOK ...]

What is random in an output is left out or made the same in every run: where the code is unchanged, a second run changes
no byte.
"""

import os
import re
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

ROOT = Path(__file__).resolve().parent.parent
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
# Of a picture no byte is touched, though some may read as one of the random things: an address, or a styled table's id.
VIEW = "application/vnd.jupyter.widget-view+json"  # without its kernel an error; without this entry, picture or text
RANDOM = re.compile(r"(data:image/[\w+]+;base64,[\w+/=]+)|0x[0-9a-fA-F]{6,}|\bT_[0-9a-f]{5}(?=[_\" ])")


def tidied(output):
    """An output without what is random."""
    if isinstance(output, str):
        return RANDOM.sub(lambda m: m[1] or ("0xADDRESS" if m[0][0] == "0" else "T_00000"), output)
    return {kind: tidied(value) if isinstance(value, str) else value for kind, value in output.items() if kind != VIEW}


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
    new = nbformat.reads(text, 4)
    execute(new, path.resolve().parent)
    new.metadata = nbformat.from_dict(METADATA)
    for cell in new.cells:
        for key in ("execution", "collapsed", "scrolled"):
            cell.metadata.pop(key, None)
        for output in cell.get("outputs", []):
            if "text" in output:
                output.text = tidied(output.text)
            if "data" in output:
                output.data = nbformat.from_dict(tidied(output.data))
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
