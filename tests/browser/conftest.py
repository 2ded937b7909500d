"""What the browser tests share: one JupyterLab and one browser for each worker."""

import os

import pytest

from tests.browser.session import browse, find_chromium, serve


@pytest.fixture(scope="session")
def chromium():
    path = find_chromium()
    if path is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("needs Chromium: lab.py installs it where it may")
    return path


@pytest.fixture(scope="package")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("learner")


@pytest.fixture(scope="package")
def lab(home):
    with serve(home) as address:
        yield address


# JupyterLab draws the cells outside the window when a browser is idle, which on a loaded machine it hardly ever is.
AT_ONCE = """window.cancelIdleCallback = clearTimeout;
  window.requestIdleCallback = (run) => setTimeout(() => run({ didTimeout: true, timeRemaining: () => 50 }));"""


@pytest.fixture(scope="package")  # JupyterLab lies at hand from the second page on; asyncio is free again behind it
def browser(chromium, tmp_path_factory):
    with browse(chromium, tmp_path_factory.mktemp("profile")) as context:
        context.add_init_script(AT_ONCE)
        yield context
