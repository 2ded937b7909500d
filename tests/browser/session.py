"""A JupyterLab of a learner and a real browser on it, both on loopback only: for the walk and for the bench."""

import functools
import http.server
import os
import shutil
import socket
import socketserver
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

from lab import BROWSERS

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
READY = """(() => { const w = window.jupyterapp?.shell.currentWidget;
  return w?.context?.isReady && w.sessionContext?.session?.kernel?.status === 'idle'; })()"""
RUN = """(() => { const w = window.jupyterapp.shell.currentWidget;
  return w.content.widgets.filter(c => c.model.type === 'code').every(c => c.model.executionCount)
    && w.sessionContext.session.kernel.status === 'idle'; })()"""


def find_chromium():
    """The path of a Chromium or Chrome on this machine, or None."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


@contextmanager
def serve(home):
    """A JupyterLab of a learner: own copy of the notebooks in `home`, own settings, own record; yields its address."""
    shutil.copytree(ROOT / "notebooks", home / "notebooks", ignore=shutil.ignore_patterns(".*"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
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
        f"--port={port}",
        "--ServerApp.port_retries=0",
        "--IdentityProvider.token=learner",
        "--LabApp.expose_app_in_browser=True",
        f"--ServerApp.root_dir={home / 'notebooks'}",
        "--allow-root",
    ]
    with open(home / "lab.log", "w") as log:
        server = subprocess.Popen(command, env=env, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(f"{address}/api?token=learner", timeout=1)
                break
            except OSError:
                time.sleep(0.25)
                if server.poll() is not None:
                    raise RuntimeError((home / "lab.log").read_text()) from None
        yield address
    finally:
        server.terminate()
        server.wait(20)


@contextmanager
def browse(address, chromium, profile):
    """A browser of which every request that leaves `address` is refused and counted; yields its context.

    ``context.outside`` lists what was refused.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as p:
        context = p.chromium.launch_persistent_context(
            str(profile), executable_path=chromium, headless=True, args=FLAGS, viewport=VIEW
        )
        context.outside = []

        def guard(route):
            if route.request.url.startswith(address):
                return route.continue_()
            context.outside.append(route.request.url)
            return route.abort()

        def guard_socket(socket):  # only those that leave come here
            context.outside.append(socket.url)
            socket.close()

        context.route(lambda url: url.startswith("http"), guard)
        context.route_web_socket(lambda url: not url.startswith(address.replace("http", "ws", 1)), guard_socket)
        try:
            yield context
        finally:
            context.close()


@contextmanager
def confine(chromium, profile):
    """A browser of which whatever leaves this machine, by page or by worker, ends at a proxy that refuses it.

    Yields its context; ``context.outside`` lists what was refused, but for `ITS_OWN`. Requests on loopback are
    not touched, since a service worker answers some of them.
    """
    from playwright.sync_api import sync_playwright

    outside = []

    class Refuse(socketserver.StreamRequestHandler):
        def handle(self):
            asked = self.rfile.readline().decode("ascii", "replace").strip()
            if not any(host in asked for host in ITS_OWN):
                outside.append(asked)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Refuse) as proxy, sync_playwright() as p:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        arguments = [*FLAGS, f"--proxy-server=127.0.0.1:{proxy.server_address[1]}"]
        context = p.chromium.launch_persistent_context(
            str(profile), executable_path=chromium, headless=True, args=arguments, viewport=VIEW
        )
        context.outside = outside
        try:
            yield context
        finally:
            context.close()
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


def open_notebook(context, address, name):
    """Open a notebook as a learner does and wait for its kernel; returns the page."""
    page = context.pages[0] if context.pages else context.new_page()
    page.goto(f"{address}/lab/tree/{name}?reset&token=learner")
    page.wait_for_function("window.jupyterapp && document.querySelector('.jp-Notebook')", timeout=90_000)
    page.wait_for_function(READY, timeout=90_000)
    return page


def run_all(page, timeout=120_000):
    page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
    page.wait_for_function(RUN, timeout=timeout)


def restart(page):
    page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    page.evaluate("window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
    page.wait_for_function(READY, timeout=60_000)
