"""What all tests share: the article's text where it is given, and a record of answers that is nobody's own."""

import os
import re
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab import lock_file


@pytest.fixture(scope="session")
def article(request):
    """The article's text with white space collapsed; the tests that need it are skipped where it is not at hand."""
    path = request.config.getoption("--article")
    if not path:
        pytest.skip("needs the article's text: --article PATH")
    return re.sub(r"\s+", " ", Path(path).read_text(encoding="utf-8"))


@pytest.fixture
def record(tmp_path, monkeypatch):
    """A learner's record in an empty folder, with no card of an earlier test to refresh."""
    from utils import record

    path = tmp_path / "answers.json"
    monkeypatch.setenv("MAS_CASEBOOK_RECORD", str(path))
    monkeypatch.setattr(record, "unsaved", {})
    record.watchers.clear()
    return path


@pytest.fixture(scope="session")
def hub_installed():
    """A hub in .venv/hub: `lab.py test` puts it there where it can, `lab.py test quick` does not."""
    from tests.bench import hub

    if lack := hub.missing():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(lack)


@contextmanager
def shared(tmp_path_factory, name):
    """A folder for all workers, for whoever comes first to fill; the others wait."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name / name
    folder.parent.mkdir(exist_ok=True)
    with open(folder.with_name("lock"), "ab") as file:
        while not lock_file(file, shared=False):
            time.sleep(0.2)
        yield folder


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """The folder of the teacher's kit, without its PDFs, built once for all workers."""
    from classroom import kit

    with shared(tmp_path_factory, "kit") as folder:
        if not folder.exists():
            kit.build(folder, pdf=False, tell=lambda line: None)
    return folder


@pytest.fixture(scope="session")
def bound(tmp_path_factory):
    """The folder of the book, built once for all workers."""
    from classroom.book import build

    with shared(tmp_path_factory, "book") as folder:
        if not folder.exists():
            build.build(folder, tell=lambda line: None)
    return folder
