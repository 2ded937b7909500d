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
    parser.addoption("--article", help="text of the published article, to check every printed figure against")


def pytest_configure(config):
    folder, inherited = tempfile.mkdtemp(prefix="casebook-"), os.environ.get("PYTHONPATH", "").split(os.pathsep)
    paths = [str(GUARD), str(ROOT), *filter(None, inherited)]  # kernels inherit them
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(paths))
    # Notebooks are checked as a newcomer sees them: with no answers given yet.
    os.environ["MAS_CASEBOOK_RECORD"] = os.path.join(folder, "answers.json")
    if not hasattr(config, "workerinput"):  # the workers of a run share its list
        os.environ["MAS_CASEBOOK_REFUSED"] = os.path.join(folder, "refused.txt")
    runpy.run_path(str(GUARD / "sitecustomize.py"))


def pytest_collection_modifyitems(items):
    """Files with slow tests come first, so that no worker is left alone with one at the end."""
    slow = {item.path for item in items if any(map(item.get_closest_marker, ("slow", "browser")))}
    items.sort(key=lambda item: item.path not in slow)


def refused():
    """What was refused in this run, one line each."""
    path = Path(os.environ["MAS_CASEBOOK_REFUSED"])
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def pytest_sessionfinish(session):
    if refused() and not hasattr(session.config, "workerinput"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter):
    terminalreporter.write_line("\n".join([*refused(), f"requests beyond this machine: {len(refused())}"]))
