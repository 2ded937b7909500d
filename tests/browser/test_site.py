"""The site, in a browser that reaches nothing but it: from the book to a live page, an answer, a slider."""

import subprocess
import sys

import pytest

from tests.browser.session import ROOT, confine, run_all, serve_files, settle
from tests.browser.walks import card, choose, errors, shows
from tests.test_setup import outside

pytestmark = [pytest.mark.browser, pytest.mark.slow]
IN_WORKER = """source => new Promise((done) => {
  new Worker(URL.createObjectURL(new Blob([source]))).onmessage = () => done(); })"""
PICTURE = "() => [...document.querySelectorAll('.casebook-result')].map((e) => e.innerHTML).join('')"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site as the README's command builds it, from the package indexes, served at an address below the root."""
    folder = tmp_path_factory.mktemp("host")
    command = [sys.executable, "lab.py", "site", "--out", str(folder / "course" / "casebook")]
    built = subprocess.run(command, cwd=ROOT, env=outside(), capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    with serve_files(folder) as address:
        yield f"{address}/course/casebook"


@pytest.fixture(scope="module")
def page(site, chromium, tmp_path_factory):
    with confine(chromium, tmp_path_factory.mktemp("profile")) as context:
        yield context.pages[0]
        assert context.outside == [], "something left this machine"


def run_whole(page):
    settle(page)
    run_all(page)
    assert errors(page) == []


def test_a_reader_of_the_book_answers_a_question_of_03_live(page, site):
    page.goto(f"{site}/")
    page.get_by_role("link", name="03 Flare, sepsis or MAS?").first.click()
    with page.expect_popup() as opened:
        page.locator(".question", has_text="N3.2.").get_by_role("link", name="Open this page live").click()
    run_whole(opened.value)
    choose(card(opened.value, "N3.2"), 1, "You chose b.")
    opened.value.close()


def test_07_runs_knows_what_was_answered_in_03_and_moves_a_slider_by_keyboard(page, site):
    page.goto(f"{site}/live/lab/index.html?workspace=07&path=07_why_the_vein.ipynb")
    run_whole(page)
    shows(page, "You have answered 1 of ")  # it lies in the browser's store, not in a kernel
    slider = page.get_by_role("slider").first
    before = page.evaluate(PICTURE)
    slider.press("ArrowLeft")
    page.wait_for_function(f"before => ({PICTURE})() !== before", arg=before)
    assert errors(page) == []


def test_a_request_that_would_leave_is_seen(page):
    """The guard of this file sees what a page and what a worker ask for."""
    seen = page.context.outside
    assert seen == []
    ask = "fetch('http://elsewhere.example/x').catch(() => 0)"
    page.evaluate(f"() => {ask}")
    page.evaluate(IN_WORKER, f"{ask}.then(() => postMessage(0))")
    assert len(seen) >= 2 and all("elsewhere.example" in line for line in seen)
    seen.clear()
