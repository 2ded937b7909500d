"""A small class on a real hub, and the link that brings a learner to notebook 00 there."""

import re

import pytest
from playwright.sync_api import expect

from classroom.hub import link
from tests.bench import hub

pytestmark = [pytest.mark.slow, pytest.mark.browser]
NEWS = "/user/learner-0/lab/api/settings/@jupyterlab/apputils-extension:notification"


@pytest.fixture(scope="module")
def engine(hub_installed, tmp_path_factory):
    with hub.serve(tmp_path_factory.mktemp("hub")) as engine:
        yield engine


def test_two_learners_work_at_once_and_each_keeps_to_the_own_home(engine):
    trial = hub.attend(engine, 2)
    assert trial.faults == []
    assert trial.uses["kind"].value_counts().to_dict() == {"hub": 1, "proxy": 1, "server": 2, "kernel": 2}
    assert trial.uses["MiB"].min() > 20 and trial.uses["seconds"].min() > 0
    unknown = re.findall(r"option `(\w+)` not recognized", engine.log.read_text())
    assert {*unknown} == {"not_a_setting", "nor_this_one"}  # of hub_config.py, and none of classroom's own
    fetched = engine.ask("GET", NEWS).json()["schema"]["properties"]["fetchNews"]
    assert fetched["default"] == "false"  # utils/settings/overrides.json counts there
    _, line = engine.open("learner-0", link.FIRST)
    loaded = hub.run(line, "print('utils.start' in get_ipython().extension_manager.loaded)")
    assert loaded == "True\n"  # so does utils/settings/ipython_kernel_config.py
    with pytest.raises(RuntimeError, match="ZeroDivisionError: division by zero in '1 / 0'"):
        hub.run(line, "1 / 0")  # what goes wrong in a cell is a fault of the trial
    line.close()


def test_the_link_leads_a_newcomer_through_the_login_to_the_first_notebook(engine, browser):
    page = browser.new_page()
    page.goto(link.pull(engine.address, engine.repository))
    page.get_by_label("Username").fill("newcomer")
    page.get_by_label("Password").fill("any")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector(".jp-Notebook h1")
    expect(page).to_have_url(re.compile(f"/user/newcomer/lab/tree/{link.FOLDER}/{link.FIRST}$"))
    assert (engine.homes / "newcomer" / link.FOLDER / link.FIRST).exists()
    page.close()
    assert browser.outside == []
