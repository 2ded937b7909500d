"""Options and environment that must stand before any test or notebook is collected."""

import os
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent


def pytest_addoption(parser):
    parser.addoption(
        "--article", default=None, help="text of the published article, to check every printed figure against"
    )


def pytest_configure(config):
    os.environ["PYTHONPATH"] = os.pathsep.join(
        filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])
    )  # kernels inherit it
    # Notebooks are checked as a newcomer sees them: with no answers given yet.
    os.environ["MAS_CASEBOOK_RECORD"] = os.path.join(tempfile.mkdtemp(prefix="casebook-"), "answers.json")
