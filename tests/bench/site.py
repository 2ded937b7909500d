"""The page without an install: what a first visit loads, and seconds to a first picture beside a bare page's."""

import gzip
import shutil
import tempfile
import time
from pathlib import Path

import nbformat
import numpy as np

from classroom.site.build import build
from tests.browser.session import READY, ROOT, confine, find_chromium, serve_files
from tests.refresh_notebooks import METADATA

SHOWN = ("03_flare_sepsis_or_mas.ipynb", "07_why_the_vein.ipynb")
REPEATS = 3
BARE = """import matplotlib.pyplot as plt
import pandas as pd
pd.DataFrame({"day": range(1, 31), "value": [x * x % 17 for x in range(30)]}).plot(x="day")
plt.show()"""
COMPRESSED = {".js", ".mjs", ".json", ".css", ".html", ".wasm", ".ipynb", ".svg"}  # what a static host sends as gzip
OPEN = "() => document.querySelector('.jp-Notebook')"
PICTURE = "() => document.querySelector('.jp-CodeCell .jp-OutputArea img')"


def visit(address, site, name):
    """One first visit: seconds to the page, to a kernel and to the first picture, and megabytes until then."""
    with tempfile.TemporaryDirectory() as profile, confine(find_chromium(), profile) as context:
        asked, page = set(), context.pages[0]
        context.on("request", lambda request: asked.add(request.url.partition("?")[0]))
        begun, times = time.perf_counter(), []
        page.goto(f"{address}/lab/index.html?workspace={name[:2]}&path={name}")
        for shown, then in ((OPEN, "clear-all-cell-outputs"), (READY, "run-all-cells"), (PICTURE, "")):
            page.wait_for_function(shown, timeout=240_000)
            times.append(time.perf_counter() - begun)
            if then:
                page.evaluate(f"window.jupyterapp.commands.execute('notebook:{then}')")
        if context.outside:
            raise RuntimeError(f"the page asked for {context.outside[0]}")
    files = [site / url.removeprefix(f"{address}/") for url in asked if url.startswith(address)]
    read = [(f.suffix in COMPRESSED, f.read_bytes()) for f in files if f.is_file()]
    sent = [gzip.compress(content, 6) if shrinks else content for shrinks, content in read]
    return times, sum(map(len, sent)) / 1e6


def measure():
    """A dict of notebook -> (medians of seconds to page, kernel and picture; megabytes of the first visit).

    Of the site with a bare notebook beside ours, built by the code that the README's command runs.
    """
    found = {}
    with tempfile.TemporaryDirectory() as name:
        site, books = Path(name) / "site", Path(shutil.copytree(ROOT / "notebooks", Path(name) / "notebooks"))
        bare = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(BARE)], metadata=METADATA)
        nbformat.write(bare, books / "bare.ipynb")
        build(site, notebooks=books)
        with serve_files(site) as address:
            for name in ("bare.ipynb", *SHOWN):
                times, megabytes = zip(*(visit(address, site, name) for _ in range(REPEATS)), strict=True)
                found[name] = np.median(times, axis=0), megabytes[0]
    return found
