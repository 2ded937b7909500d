"""Options and environment that must stand before any test or notebook is collected."""
import os
import tempfile


def pytest_addoption(parser):
    parser.addoption("--article", default=None, help="text of the published article, to check every printed figure against")


def pytest_configure(config):
    # Notebooks are checked as a newcomer sees them: with no answers given yet.
    os.environ.setdefault("MAS_CASEBOOK_RECORD", os.path.join(tempfile.mkdtemp(prefix="casebook-"), "answers.json"))
