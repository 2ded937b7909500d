"""The guard that keeps every test off the network: what it refuses is counted, and one request fails the run.

192.0.2.1 and ``.invalid`` are set aside for documentation: nothing answers there.
"""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from nbclient import execute
from nbformat.v4 import new_code_cell, new_notebook

ROOT = Path(__file__).resolve().parent.parent
ASK = """
import socket
for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
    try:
        socket.socket(socket.AF_INET, kind).connect(("192.0.2.1", 9))
    except OSError as fault:
        print(fault)
"""


@pytest.fixture
def refused(tmp_path, monkeypatch):
    """A list of its own, so that what is tried here on purpose does not fail the run."""
    path = tmp_path / "refused.txt"
    path.touch()
    monkeypatch.setenv("MAS_CASEBOOK_REFUSED", str(path))
    return path


def test_this_process_is_guarded(refused):
    there, nobody = ("192.0.2.1", 9), ("nobody.invalid", 443)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        attempts = [(s.connect, there), (s.connect_ex, there), (s.sendto, b"x", there),
                    *([(s.sendmsg, [b"x"], [], 0, there)] if hasattr(s, "sendmsg") else []),
                    (socket.getaddrinfo, *nobody), (socket.getaddrinfo, b"nobody.invalid", 443),
                    (socket.gethostbyname, "nobody.invalid"), (socket.create_connection, nobody)]  # fmt: skip
        for count, (attempt, *words) in enumerate(attempts, 1):
            with pytest.raises(OSError, match="keep off the network"):
                attempt(*words)
            assert len(refused.read_text().splitlines()) == count


def test_a_child_and_a_kernel_are_guarded(refused):
    book = execute(new_notebook(cells=[new_code_cell(ASK)]), kernel_name="python3")
    printed = book.cells[0].outputs[0].text + subprocess.check_output([sys.executable, "-c", ASK], text=True)
    assert printed.count("keep off the network") == 4
    assert refused.read_text().count("socket.connect ('192.0.2.1', 9)") == 4


@pytest.mark.parametrize("asks, more", [(True, []), (False, []), pytest.param(True, ["-n2"], marks=pytest.mark.slow)])
def test_one_request_fails_a_run_whose_tests_all_pass(tmp_path, asks, more):
    shutil.copytree(ROOT / "tests" / "guard", tmp_path / "tests" / "guard")
    shutil.copy(ROOT / "tests" / "plugin.py", tmp_path / "tests")
    (tmp_path / "test_it.py").write_text("def test_it():\n    " + (ASK if asks else "pass").replace("\n", "\n    "))
    env = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "MAS_CASEBOOK_REFUSED")}
    env["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # the others take longer than the test
    plugins = ["no:cacheprovider", "xdist", "tests.plugin"]
    command = [sys.executable, "-m", "pytest", "-q", *(f"-p{name}" for name in plugins), *more, "test_it.py"]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert "1 passed" in done.stdout and f"requests beyond this machine: {2 * asks}" in done.stdout, done.stdout
    assert done.returncode == asks
