"""What the browser tests share: one JupyterLab, browser and page for each file; each test opens its notebook anew."""

import os

import pytest

from tests.browser.session import browse, find_chromium, forget, serve, turn_to


@pytest.fixture(scope="session")
def chromium():
    path = find_chromium()
    if path is None and os.environ.get("CI"):
        pytest.fail("no Chromium here: lab.py installs it where it may, and the walk must not be skipped")
    if path is None:
        pytest.skip("no Chromium on this machine: install it to walk through the notebooks in a real browser")
    return path


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("learner")


@pytest.fixture(scope="module")
def lab(home):
    with serve(home) as address:
        yield address


@pytest.fixture(scope="module")  # it has JupyterLab at hand from the second page on
def browser(lab, chromium, tmp_path_factory):
    with browse(lab, chromium, tmp_path_factory.mktemp("profile")) as context:
        yield context


@pytest.fixture
def context(browser, lab, home):
    """The browser with one page; what a test has opened, run or committed is not the next one's.

    Outside addresses are refused, and counted.
    """
    yield browser
    outside = [browser.outside.pop() for _ in [*browser.outside]]
    for page in browser.pages[1:]:
        page.close()
    forget(lab, home)
    assert outside == [], "the page asked for something outside this machine"


@pytest.fixture
def open_page(context, lab):
    """Opens a notebook as a learner does; returns the page."""
    return lambda name: turn_to(context, lab, name)
