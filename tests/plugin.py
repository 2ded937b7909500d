"""A plugin of pytest (see pyproject.toml): options and environment before any test or notebook is collected.

No test may reach beyond this machine: tests/guard refuses and counts each attempt, and one attempt fails the whole run.
"""

import os
import runpy
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
GUARD = ROOT / "tests" / "guard"


def pytest_addoption(parser):
    parser.addoption(
        "--article", default=None, help="text of the published article, to check every printed figure against"
    )


def pytest_configure(config):
    folder = tempfile.mkdtemp(prefix="casebook-")
    os.environ["PYTHONPATH"] = os.pathsep.join(
        dict.fromkeys(filter(None, [str(GUARD), str(ROOT), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]))
    )  # kernels inherit it
    # Notebooks are checked as a newcomer sees them: with no answers given yet.
    os.environ["MAS_CASEBOOK_RECORD"] = os.path.join(folder, "answers.json")
    if not hasattr(config, "workerinput"):  # the workers of a run share its list
        os.environ["MAS_CASEBOOK_REFUSED"] = os.path.join(folder, "refused.txt")
    runpy.run_path(str(GUARD / "sitecustomize.py"))


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups
def pytest_collection_modifyitems(items):
    """What takes long comes first, so that no worker is left alone with it at the end.

    A worker takes over one group at a time: a slow test, a notebook in the browser (which names its own), or a file.
    """
    order = {}
    for item in items:
        slow, browser = (item.get_closest_marker(mark) for mark in ("slow", "browser"))
        if not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(item.nodeid if slow and not browser else str(item.path)))
        group = item.get_closest_marker("xdist_group").args[0]
        order[item] = (not (slow and browser), not slow, not browser, group if slow or browser else "")
    items.sort(key=order.get)


def refused():
    """What was refused in this run, one line each."""
    path = Path(os.environ["MAS_CASEBOOK_REFUSED"])
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def pytest_sessionfinish(session):
    if refused() and not hasattr(session.config, "workerinput"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter):
    lines = refused()
    if lines:
        terminalreporter.section("refused: this run asked for something outside this machine", red=True)
    terminalreporter.write_line("\n".join([*lines, f"requests beyond this machine: {len(lines)}"]))
