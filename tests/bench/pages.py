"""What a notebook costs: seconds to its first picture and memory, beside a bare one; and strict comparison of all."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import nbformat
from jupyter_client.manager import run_kernel

ROOT = Path(__file__).resolve().parents[2]
EVERY = sorted((ROOT / "notebooks").glob("*.ipynb"))
BOOKS = [b for b in EVERY if "<img" in b.read_text(encoding="utf-8")]  # the others have no picture to wait for
PEER = """import ipywidgets as widgets
import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
%matplotlib inline
table = pd.DataFrame({"day": range(1, 31), "value": [x * x % 17 for x in range(30)]})
sns.lineplot(table, x="day", y="value")
plt.show()
widgets.IntSlider()"""


def run(cells, record):
    """Run cells in a new kernel; returns seconds from its start to the first picture, and its peak memory in MiB."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "MAS_CASEBOOK_RECORD": str(record)}
    begun, first = time.perf_counter(), []
    where = {"cwd": ROOT / "notebooks", "stderr": subprocess.DEVNULL}

    def hear(message):
        if message["msg_type"] == "error":
            raise RuntimeError(message["content"]["evalue"])
        if re.search("<img|image/png", str(message["content"].get("data"))):
            first.append(time.perf_counter() - begun)

    with run_kernel(kernel_name="python3", env=env, **where) as client:
        for source in cells:
            client.execute_interactive(source, output_hook=hear, timeout=120)
        status = Path(f"/proc/{client.parent.provisioner.pid}/status").read_text()
    return first[0], int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024


def measure(record, repeats=5):
    """A dict of notebook -> list of (seconds to the first picture, MiB); the bare one stands under "bare".

    In turn, so that a slow minute of the machine falls on all of them.
    """
    books = {b.stem: [c.source for c in nbformat.read(b, 4).cells if c.cell_type == "code"] for b in BOOKS}
    books = {"bare": [PEER], **books}
    found = [{name: run(cells, record) for name, cells in books.items()} for _ in range(repeats)]
    return {name: [one[name] for one in found] for name in books}


def strict():
    """Seconds of the whole collection under strict nbval on two cores."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval", "--nbval-current-env"]
    command += ["--nbval-sanitize-with", "tests/sanitize.cfg", "-n", "2", "--dist", "loadfile", "notebooks"]
    begun = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun
