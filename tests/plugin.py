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
    parser.addoption("--qti-schema", help="folder of the schemas of QTI 2.1, to check the question bank against")


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
    """What takes long comes first, so that no worker is left alone with it at the end."""
    long = {}
    for item in items:
        marks = [item.get_closest_marker(mark) is not None for mark in ("browser", "slow")]
        long[item.path] = max(marks, long.get(item.path, []))
    items.sort(key=lambda item: long[item.path], reverse=True)


@pytest.hookimpl(optionalhook=True)  # by pytest 9.2 the groups of xdist 3.8 (loadgroup) go unheeded
def pytest_xdist_make_scheduler(config, log):
    """A worker takes over one file at a time; of two files that take long, one notebook and one test."""
    from xdist.scheduler import LoadScopeScheduling

    class Groups(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file, _, test = nodeid.partition("::")
            apart = {"tests/browser/test_pages.py": test.partition("[")[2], "tests/test_setup.py": test}
            return apart.get(file) or file

    return Groups(config, log)


def refused():
    """What was refused in this run, one line each."""
    path = Path(os.environ["MAS_CASEBOOK_REFUSED"])
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def pytest_sessionfinish(session):
    if refused() and not hasattr(session.config, "workerinput"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter):
    terminalreporter.write_line("\n".join([*refused(), f"requests beyond this machine: {len(refused())}"]))
