"""What a notebook costs: seconds to its first picture and memory, beside a bare one; and strict comparison of all."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from queue import Empty

import nbformat
from jupyter_client.manager import start_new_kernel

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
PICTURE = re.compile(r"<img|image/png")


def memory(pid):
    """Peak memory of a process so far, in MiB."""
    return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def run(cells, record):
    """Run cells in a new kernel; returns seconds from its start to the first picture, and its peak memory in MiB."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "MAS_CASEBOOK_RECORD": str(record)}
    begun, first = time.perf_counter(), None
    manager, client = start_new_kernel(
        kernel_name="python3", env=env, cwd=ROOT / "notebooks", stderr=subprocess.DEVNULL
    )
    try:
        pid = manager.provisioner.pid
        for source in cells:
            asked = client.execute(source)
            while True:
                try:
                    message = client.get_iopub_msg(timeout=120)
                except Empty:
                    raise RuntimeError(f"no answer to {source[:60]}") from None
                if message["parent_header"].get("msg_id") != asked:
                    continue
                kind, content = message["msg_type"], message["content"]
                if kind == "error":
                    raise RuntimeError(f"{content['evalue']}: {source[:60]}")
                if (
                    first is None
                    and kind in ("display_data", "execute_result")
                    and PICTURE.search(str(content["data"]))
                ):
                    first = time.perf_counter() - begun
                if kind == "status" and content["execution_state"] == "idle":
                    break
        return first, memory(pid)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def code(book):
    return [c.source for c in nbformat.read(book, 4).cells if c.cell_type == "code"]


def measure(record, repeats=5):
    """A dict of notebook -> list of (seconds to the first picture, MiB); the bare one stands under "bare".

    In turn, so that a slow minute of the machine falls on all of them.
    """
    found = {}
    for _ in range(repeats):
        for name, cells in [("bare", [PEER]), *((b.stem, code(b)) for b in BOOKS)]:
            found.setdefault(name, []).append(run(cells, record))
    return found


def strict():
    """Seconds of the whole collection under strict nbval on two cores."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval", "--nbval-current-env"]
    command += ["--nbval-sanitize-with", "tests/sanitize.cfg", "-n", "2", "--dist", "loadfile", "notebooks"]
    begun = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun
