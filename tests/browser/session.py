"""A JupyterLab of a learner and a real browser on it, both on loopback only: for the walk and for the bench.

What waits for a page stands here: a test asks a page for nothing before it shows it, by `expect` or by one of these.
"""

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
from contextlib import contextmanager, suppress
from pathlib import Path

import requests
from playwright.sync_api import expect, sync_playwright

from lab import BROWSERS
from tests.injection import PAYLOADS

ROOT = Path(__file__).resolve().parents[2]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",  # nothing it asks of itself leaves either
]
# What Chromium asks for by itself, flags or not; the page cannot make it do so.
ITS_OWN = ("update.googleapis.com", "accounts.google.com", "content-autofill.googleapis.com")
VIEW = {"width": 1280, "height": 1000}
PATIENCE = 600  # seconds until what does not come counts as missing; a loaded machine is slow
THROTTLE = float(os.environ.get("MAS_CASEBOOK_THROTTLE", 1))  # 6: each page sixfold slower, to find what does not wait
READY = """(() => { const w = window.jupyterapp?.shell.currentWidget, kernel = w?.sessionContext?.session?.kernel;
  return w?.context?.isReady && kernel?.connectionStatus === 'connected' && kernel.status === 'idle'; })()"""
# JupyterLab draws the cells outside the window when it has nothing else to do, and a widget when its model has come.
DRAWN = """(() => { const { widgets, node } = window.jupyterapp.shell.currentWidget.content;
  return widgets.length && widgets.every((cell) => cell.isAttached && !cell.isPlaceholder())
    && [...node.querySelectorAll('.jp-OutputArea-output')].every((e) => e.firstChild?.data !== 'Loading widget...')
    && [...node.querySelectorAll('img')].every((picture) => picture.complete); })()"""
KERNEL = "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"
RUN = """() => { window.casebookRan = undefined;
  window.jupyterapp.commands.execute('notebook:run-all-cells').then((ran) => (window.casebookRan = ran)); }"""
TURN = """async (path) => { const { commands, shell } = window.jupyterapp;
  [...shell.widgets('main')].forEach((widget) => widget.dispose());
  await commands.execute('docmanager:open', { path, factory: 'Notebook' }); }"""
SETTINGS = {"@jupyterlab/docmanager-extension/plugin": {"autosave": False}}  # each test finds the notebooks as they are


def find_chromium():
    """The path of a Chromium or Chrome on this machine, or None."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


@contextmanager
def serve(home):
    """A JupyterLab of a learner: own copy of the notebooks in `home`, own settings, own record; yields its address."""
    shutil.copytree(ROOT / "notebooks", home / "notebooks", ignore=shutil.ignore_patterns(".*"))
    for name, settings in SETTINGS.items():
        file = home / "config" / "lab" / "user-settings" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(settings))
    env = {
        **os.environ,
        "PYTHONPATH": os.environ.get("PYTHONPATH") or str(ROOT),  # the tests' own brings their guard
        "HOME": str(home),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "MAS_CASEBOOK_RECORD": str(home / "answers.json"),
    }
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        "--ip=127.0.0.1",
        "--port=0",  # one that is free; the server writes down which
        "--IdentityProvider.token=learner",
        "--LabApp.expose_app_in_browser=True",
        f"--ServerApp.root_dir={home / 'notebooks'}",
        "--allow-root",
    ]
    with open(home / "lab.log", "w") as log:
        server = subprocess.Popen(command, env=env, stdout=log, stderr=log)
    try:
        yield wait_for(server, home)
    finally:
        server.terminate()
        server.wait(PATIENCE)


def wait_for(server, home):
    """Wait until the server answers; returns its address."""
    told, end = home / "runtime" / f"jpserver-{server.pid}.json", time.monotonic() + PATIENCE
    while server.poll() is None and time.monotonic() < end:
        with suppress(OSError, ValueError):  # not written yet, or half; not answering yet
            address = json.loads(told.read_text())["url"].rstrip("/")
            requests.get(f"{address}/api?token=learner", timeout=PATIENCE).raise_for_status()
            return address
        time.sleep(0.1)
    raise RuntimeError((home / "lab.log").read_text())


@contextmanager
def launch(chromium, profile, *flags):
    """A browser with one page, in which everything waits with patience; yields its context."""
    with sync_playwright() as p:
        context = p.chromium.launch_persistent_context(
            str(profile), executable_path=chromium, headless=True, args=[*FLAGS, *flags], viewport=VIEW
        )
        context.set_default_timeout(1000 * PATIENCE)
        expect.set_options(timeout=1000 * PATIENCE)
        context.outside = []

        def throttle(page):
            context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": THROTTLE})

        if THROTTLE > 1:
            throttle(context.pages[0])
            context.on("page", throttle)
        try:
            yield context
        finally:
            context.close()


@contextmanager
def browse(address, chromium, profile):
    """A browser of which every request that would leave `address` is counted; yields its context.

    ``context.outside`` lists them. By `FLAGS` none finds its way out of this machine; to stop each and let it go on, as
    a route does, would take the cache away, and every page would read JupyterLab anew.
    """
    inside = tuple(scheme + address.removeprefix("http") for scheme in ("http", "ws"))
    with launch(chromium, profile) as context:

        def note(asked):
            if asked.url.startswith(("http", "ws")) and not asked.url.startswith(inside):
                context.outside.append(asked.url)

        context.on("request", note)
        for page in context.pages:
            page.on("websocket", note)
        context.on("page", lambda page: page.on("websocket", note))
        yield context


@contextmanager
def confine(chromium, profile):
    """A browser of which whatever leaves this machine, by page or by worker, ends at a proxy that refuses it.

    Yields its context; ``context.outside`` lists what was refused, but for `ITS_OWN`. Requests on loopback are
    not touched, since a service worker answers some of them.
    """
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
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def settle(page):
    """Wait until the notebook on the page is drawn and its kernel has nothing to do."""
    page.wait_for_function(f"{READY} && {DRAWN}", polling=100)


def open_notebook(context, address, name):
    """Open a notebook as a learner does and wait for its kernel; returns the page."""
    page = context.pages[0] if context.pages else context.new_page()
    page.goto(f"{address}/lab/tree/{name}?reset&token=learner")
    settle(page)
    return page


def turn_to(context, address, name):
    """Open a notebook in the first page; where JupyterLab stands there it need not load again, and drops what it shows.

    Returns the page.
    """
    page = context.pages[0]
    if not page.url.startswith(address):
        return open_notebook(context, address, name)
    page.bring_to_front()  # one behind another is not drawn
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
    page.evaluate(f"{KERNEL}.restart()")
    page.evaluate("window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
    settle(page)


def whole(page):
    """Let the text of every cell be read: the browser holds none of those that lie outside the window."""
    page.add_style_tag(content=".jp-Cell { content-visibility: visible !important; }")


def card(page, item):
    """A question's card on the page."""
    found = page.locator("form.casebook-card", has_text=f"{item}. ").first
    found.scroll_into_view_if_needed()
    return found


def says(form, words):
    """Wait until a card says these words."""
    form.locator("[role=status]", has_text=words).wait_for()


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def enter(field, words):
    """Type into a field, and Enter."""
    field.fill(words)
    field.press("Enter")


TELLS = """([where, words]) => [...document.querySelectorAll(where)].some((e) =>
  [e.textContent, ...[...e.querySelectorAll('img')].map((picture) => picture.alt)].join(' ').includes(words))"""


def tells(page, words, where=".casebook-result"):
    """Wait until something there says these words, in its text or in the description of a picture."""
    page.wait_for_function(TELLS, arg=[where, words], polling=100)


def shows(page, words):
    """Wait until the result of an explorer shows these words; returns it."""
    result = page.locator(".casebook-result", has_text=words).first
    result.wait_for()
    return result


def commit(form, choice=None, text=None):
    """Choose or write, and press the button by keyboard."""
    if choice:
        form.locator(f"input[name=choice][value={choice}]").check()
    for field in form.locator("textarea").all() if text else ():
        field.fill(text)
    form.locator("button").focus()
    press(form.page, "Enter")


def choose(form, downs):
    """Choose by keyboard and press the button: the first option, and so many down from it."""
    form.locator("input").first.focus()
    press(form.page, "Space", *["ArrowDown"] * downs, "Tab", "Tab", "Enter")


def faults(page):
    """Whatever went wrong in a cell or a widget of the page, in the page's own words."""
    return page.evaluate("""() => [...document.querySelectorAll('.jp-RenderedText[data-mime-type*="stderr"]')]
      .map(e => e.textContent)
      .concat(window.jupyterapp.shell.currentWidget.content.widgets.filter(c => c.model.type === 'code')
        .flatMap(c => c.model.outputs.toJSON()).filter(o => o.output_type === 'error').map(o => o.evalue))
      .concat(/model not found|Error displaying widget/.test(document.body.textContent) ? ['no widget'] : [])""")


# ---- what is typed is text: nothing of it runs, or becomes an element -----------------------------------------------
ALL = "\n".join(PAYLOADS)
HARM = """() => [window.__hit === undefined ? '' : 'it ran',
  ...[...document.querySelectorAll('.jp-Notebook *')].filter(e => [...e.attributes].some(a => a.name.startsWith('on')
    || /^\\s*javascript:/i.test(a.value) || (a.name === 'src' && a.value === 'x'))
    || (e.closest('.jp-OutputArea') && ['SCRIPT', 'IFRAME', 'OBJECT', 'ANIMATE', 'MATH', 'VIDEO'].includes(e.tagName)))
    .map(e => e.outerHTML.slice(0, 120))].filter(x => x)"""


# What loads in vain says so a moment later: this picture, asked for last, says so after the others.
IN_VAIN = "() => new Promise((said) => { Object.assign(new Image(), { onerror: () => said(), src: 'x?last' }); })"


def harmless(page):
    page.evaluate(IN_VAIN)
    assert page.evaluate(HARM) == []
