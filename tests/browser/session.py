"""A JupyterLab of a learner and a real browser on it, both on loopback only, and what waits until a page has come."""

import functools
import http.server
import json
import os
import shutil
import socketserver
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

import requests
from playwright.sync_api import expect, sync_playwright

from lab import BROWSERS

ROOT = Path(__file__).resolve().parents[2]
BOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
FLAGS = """--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
    --disable-component-update --disable-sync --disable-dev-shm-usage""".split()
FLAGS.append("--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1")  # nothing it asks of itself leaves either
# What Chromium asks for by itself, flags or not; the page cannot make it do so.
ITS_OWN = ("update.googleapis.com", "accounts.google.com", "content-autofill.googleapis.com")
VIEW = {"width": 1366, "height": 768}  # a laptop's
PATIENCE = 600  # seconds until what does not come counts as missing; a loaded machine is slow
READY = """(() => { const w = window.jupyterapp?.shell.currentWidget, kernel = w?.sessionContext?.session?.kernel;
  return w?.context?.isReady && kernel?.connectionStatus === 'connected' && kernel.status === 'idle'; })()"""
# JupyterLab draws the cells outside the window when it has nothing else to do, and a widget when its model has come.
DRAWN = """(() => { const { widgets, node } = window.jupyterapp.shell.currentWidget.content;
  return widgets.length && widgets.every((cell) => cell.isAttached && !cell.isPlaceholder())
    && [...node.querySelectorAll('.jp-OutputArea-output')].every((e) => e.firstChild?.data !== 'Loading widget...')
    && [...node.querySelectorAll('img')].every((picture) => picture.complete); })()"""
KERNEL = "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"
RUN = """() => { window.casebookRan = undefined;
  window.jupyterapp.commands.execute('notebook:run-all-cells').then((ran) => { window.casebookRan = ran; }); }"""
TURN = """async (path) => { const { commands, shell } = window.jupyterapp;
  [...shell.widgets('main')].forEach((widget) => widget.dispose());
  await commands.execute('docmanager:open', { path, factory: 'Notebook' }); }"""
RUNNING = []  # Playwright, once for each browser that is open: a thread can hold no second


def find_chromium():
    """The path of a Chromium or Chrome on this machine, or None."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


@contextmanager
def serve(home):
    """A JupyterLab of a learner: own copy of the notebooks in `home`, own settings, own record; yields its address."""
    shutil.copytree(ROOT / "notebooks", home / "notebooks", ignore=shutil.ignore_patterns(".*"))
    settings = home / "config/lab/user-settings/@jupyterlab/docmanager-extension/plugin.jupyterlab-settings"
    settings.parent.mkdir(parents=True)
    settings.write_text('{"autosave": false}')  # each test finds the notebooks as they are
    env = dict(os.environ, HOME=str(home), MAS_CASEBOOK_RECORD=str(home / "answers.json"))
    env.setdefault("PYTHONPATH", str(ROOT))  # the tests' own brings their guard
    env |= {f"JUPYTER_{name.upper()}_DIR": str(home / name) for name in ("config", "data", "runtime")}
    options = "-m jupyterlab --no-browser --allow-root --ip=127.0.0.1 --port=0 --IdentityProvider.token=learner"
    command = [*options.split(), "--LabApp.expose_app_in_browser=True", f"--ServerApp.root_dir={home / 'notebooks'}"]
    log = open(home / "lab.log", "w")
    with log, subprocess.Popen([sys.executable, *command], env=env, stdout=log, stderr=log) as server:
        try:
            yield wait_for(server, home)
        finally:
            server.terminate()


def wait_for(server, home):
    """The server's address, once it answers at the port that it found free."""
    file, end = home / "runtime" / f"jpserver-{server.pid}.json", time.monotonic() + PATIENCE
    while server.poll() is None and time.monotonic() < end:
        with suppress(OSError, ValueError):  # not written yet, or half; not answering yet
            address = json.loads(file.read_text())["url"].rstrip("/")
            requests.get(f"{address}/api?token=learner", timeout=PATIENCE).raise_for_status()
            return address
        time.sleep(0.1)
    raise RuntimeError((home / "lab.log").read_text())


@contextmanager
def launch(chromium, profile, *flags):
    """A browser with one page, in which everything waits with patience; yields its context."""
    with nullcontext(RUNNING[-1]) if RUNNING else sync_playwright() as p:
        RUNNING.append(p)
        options = dict(executable_path=chromium, args=[*FLAGS, *flags], viewport=VIEW)
        context = p.chromium.launch_persistent_context(str(profile), headless=True, **options)
        context.set_default_timeout(1000 * PATIENCE)
        expect.set_options(timeout=1000 * PATIENCE)
        context.outside = []
        try:
            yield context
        finally:
            context.close()
            RUNNING.pop()


@contextmanager
def browse(chromium, profile):
    """A browser's context; ``outside`` lists each request that would leave this machine, which `FLAGS` forbids."""
    inside = ("http://127.0.0.1:", "ws://127.0.0.1:", "file:", "data:", "blob:", "about:", "chrome")
    with launch(chromium, profile) as context:

        def note(asked):
            if not asked.url.startswith(inside):
                context.outside.append(asked.url)

        context.on("request", note)
        context.pages[0].on("websocket", note)
        context.on("page", lambda page: page.on("websocket", note))
        yield context


@contextmanager
def confine(chromium, profile):
    """The same where workers ask, too: what would leave ends at a proxy that refuses and lists it, save `ITS_OWN`."""
    outside = []

    class Refuse(socketserver.StreamRequestHandler):
        def handle(self):
            asked = self.rfile.readline().decode("ascii", "replace").strip()
            if not any(host in asked for host in ITS_OWN):
                outside.append(asked)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Refuse) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        try:
            with launch(chromium, profile, f"--proxy-server=127.0.0.1:{proxy.server_address[1]}") as context:
                context.outside = outside
                yield context
        finally:
            proxy.shutdown()


@contextmanager
def serve_files(folder):
    """Serve a folder of files on loopback; yields its address."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def settle(page):
    """Wait until the notebook on the page is drawn and its kernel has nothing to do."""
    page.wait_for_function(f"{READY} && {DRAWN}", polling=100)


def open_notebook(page, address, name):
    """Open a notebook as a learner does and wait for its kernel; `address` may be that of another. Returns the page."""
    page.goto(f"{address.split('/lab')[0]}/lab/tree/{name}?reset&token=learner")
    settle(page)
    return page


def turn_to(context, address, name):
    """Open a notebook alone in the first page, where JupyterLab need not load again; returns the page."""
    page = context.pages[0]
    if not page.url.startswith(address):
        return open_notebook(page, address, name)
    for other in context.pages[1:]:
        other.close()
    page.evaluate(TURN, name)
    settle(page)
    return page


def run_all(page):
    page.evaluate(RUN)
    page.wait_for_function("window.casebookRan !== undefined", polling=100)
    assert page.evaluate("window.casebookRan"), "a cell did not run"
    settle(page)


def forget(address, home):
    """End every kernel and forget what was committed: the next test finds the learner new."""
    for kernel in requests.get(f"{address}/api/kernels?token=learner", timeout=PATIENCE).json():
        requests.delete(f"{address}/api/kernels/{kernel['id']}?token=learner", timeout=PATIENCE).raise_for_status()
    (home / "answers.json").unlink(missing_ok=True)


def restart(page):
    """Restart the kernel, and run all."""
    page.evaluate(f"{KERNEL}.restart()")
    page.evaluate("window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
    settle(page)
    run_all(page)


WHOLE = """(on) => { document.querySelector('#casebook-whole')?.remove();
  if (on) document.head.insertAdjacentHTML('beforeend',
    '<style id="casebook-whole">.jp-Cell { content-visibility: visible !important; }</style>'); }"""


def whole(page, on=True):
    """Let the text of every cell be read: the browser holds none of those that lie outside the window."""
    page.evaluate(WHOLE, on)
