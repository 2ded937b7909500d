"""The first start, for real: lab.py on its own with a small lock, real pip and real users, disks and interruptions."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import pytest
import requests

import lab
from tests.test_setup import outside
from tests.test_site import wheel

ROOT = Path(__file__).resolve().parent.parent
NOBODY = 65534
PACKAGES = re.findall(r"\w+", lab.IMPORTS)[1:]
as_root = pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root can become another user, or mount")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name == "nt", reason="users, signals and links of POSIX")]


class Course:
    """A folder with lab.py and a lock of small packages, the last of them odd, which lie beside it."""

    def __init__(self, folder, **odd):
        self.folder, self.wheels, self.env = folder, folder.parent / "wheels", folder / ".venv"
        self.wheels.mkdir(exist_ok=True)
        shutil.copytree(ROOT / "utils" / "settings", folder / "utils" / "settings")
        shutil.copy(ROOT / "lab.py", folder)
        made = [wheel(self.wheels, name, **(odd if name == "yaml" else {})) for name in PACKAGES]
        lines = [f"{each['name']}==1.0 --hash=sha256:{each['sha256']}\n" for each in made]
        (folder / "requirements.lock").write_text("".join(lines))
        self.given = {p.name for p in folder.iterdir()}

    def start(self, *words, python=sys.executable, env=(), **options):
        """lab.py as a process of its own group, whose output is kept; pip finds its packages in a folder."""
        env = {**outside(), "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.wheels), **dict(env)}
        options |= {"text": True, "errors": "replace", "start_new_session": True, "stdin": subprocess.DEVNULL}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        return subprocess.Popen([python, str(self.folder / "lab.py"), *words], env=env, **pipes, **options)

    def run(self, *words, **options):
        """The exit code of lab.py and what it printed; a traceback is never part of that."""
        child = self.start(*words, **options)
        printed = child.communicate(timeout=300)[0]
        assert "Traceback" not in printed
        return child.returncode, printed

    def left(self):
        """What stands in the folder that was not given."""
        return {p.name for p in self.folder.iterdir()} - self.given

    def whole(self):
        """Whether .venv is there with all of it, its commands work, and nothing half done lies beside it."""
        code = f"{lab.IMPORTS}, sys; print(sys.prefix)"
        found = subprocess.run([self.env / "bin" / "python", "-I", "-c", code], capture_output=True, text=True).stdout
        called = subprocess.check_output(["bash", "-c", f". '{self.env}/bin/activate' && pandas"], text=True)
        return (found.strip(), called) == (str(self.env), "called\n") and self.left() <= {".venv", ".venv.lock"}


@pytest.fixture
def course(tmp_path):
    return Course(tmp_path / "course")


def test_of_two_starts_at_once_one_builds_whatever_pip_and_python_are_set_to(tmp_path):
    """In a folder whose name the console cannot show; one setting of pip stands in a file, the others in variables."""
    course = Course(tmp_path / "Курс (1)")
    (tmp_path / "strangers").mkdir()
    for name in ("pip", "pandas"):
        (tmp_path / "strangers" / f"{name}.py").write_text("raise SystemExit('not this one')")
    env = {"PYTHONPATH": str(tmp_path / "strangers"), "PYTHONNOUSERSITE": "1", "CONDA_PREFIX": "/nowhere/conda"}
    (tmp_path / "pip.conf").write_text("[install]\ntarget = /nowhere/a")
    env |= {"PIP_CONFIG_FILE": str(tmp_path / "pip.conf"), "PIP_USER": "true", "PIP_PREFIX": "/nowhere/b"}
    both = [course.start("setup", env={**env, "PYTHONIOENCODING": "cp1252"}) for _ in range(2)]
    printed = [child.communicate(timeout=300)[0] for child in both]
    assert [child.returncode for child in both] == [0, 0] and "????" in "".join(printed), printed
    for words in ("Setting up in", "Ready after", "Waiting for another lab.py"):
        assert sum(words in text for text in printed) == 1, printed
    assert course.whole() and not Path("/nowhere").exists()
    assert course.run("setup") == (0, "")  # nothing is left to do or to say


@pytest.mark.parametrize(
    "odd, env, advice",
    [
        ({"code": "import nothing_of_this_name"}, {}, "seaborn, yaml can be imported"),
        ({"tag": "cp39-cp39-linux_x86_64"}, {}, "ready-made for Python 3.11 to 3.14"),
        ({}, {"PIP_NO_INDEX": "0", "PIP_FIND_LINKS": "", "PIP_RETRIES": "1",
              "PIP_INDEX_URL": "http://127.0.0.1:9/simple"}, "Look to your network"),
    ],
    ids=["a module that cannot be imported", "a Python too new for the packages", "no network"],
)  # fmt: skip
def test_what_goes_wrong_is_told_and_leaves_no_environment(tmp_path, odd, env, advice):
    course = Course(tmp_path / "course", **odd)
    code, printed = course.run("setup", env=env)
    assert code == 1 and advice in printed and "ERROR" not in printed
    assert course.left() == {".venv.lock"}


def test_a_changed_lock_is_installed_anew_and_where_that_fails_the_old_environment_is_put_back(course):
    assert course.run("setup")[0] == 0
    lock, old = course.folder / "requirements.lock", course.env / "an old package"
    text = lock.read_text()
    old.touch()
    lock.write_text(text.replace("yaml==1.0", "yaml==2.0"))
    assert course.run("setup")[0] == 1 and old.exists() and course.whole()
    lock.write_text(text + "\n")
    assert course.run("setup")[0] == 0 and not old.exists() and course.whole()


@as_root
def test_an_install_by_an_administrator_starts_for_whoever_may_only_read_it(request):
    python = next(filter(fits_anybody, ("/usr/bin/python3", sys.executable, shutil.which("python3"))), None)
    if not python:
        pytest.skip("no Python 3.11 here that another user may run")
    folder = Path(tempfile.mkdtemp(prefix="casebook-"))
    request.addfinalizer(lambda: shutil.rmtree(folder))
    folder.chmod(0o755)
    course = Course(folder / "course")
    other = {"python": python, "user": NOBODY, "group": NOBODY, "env": {"HOME": "/nonexistent"}}
    code, printed = course.run("setup", **other)
    assert code == 1 and "You may not write there" in printed and "copy the whole folder" in printed
    assert course.run("setup", python=python)[0] == 0
    before = {p: p.stat().st_mtime_ns for p in course.folder.rglob("*")}
    assert course.run("setup", **other) == (0, "")
    assert {p: p.stat().st_mtime_ns for p in course.folder.rglob("*")} == before


def fits_anybody(python):
    """Whether it is new enough, and anybody here may run it."""
    code = "import sys, venv, pip; sys.exit(sys.version_info < (3, 11))"
    with suppress(OSError, TypeError):
        return subprocess.run([python, "-c", code], user=NOBODY, stderr=subprocess.DEVNULL).returncode == 0


@as_root
def test_a_full_disk_is_named_and_nothing_stays_on_it(request, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=9m", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("no small disk can be made here")
    request.addfinalizer(lambda: subprocess.run(["umount", str(disk)], check=True))
    course = Course(disk / "course", code="#" * 10_000_000)  # there is room for its wheel and not for it
    code, printed = course.run("setup")
    assert code == 1 and "The disk is full" in printed, printed
    assert not course.env.exists()


SITE = "lib/*/site-packages"
MOMENTS = ("", "pyvenv.cfg", "bin/python", f"{SITE}/*.pth", f"{SITE}/pandas")  # "": it has begun
STOPS = [*((signal.SIGINT, moment) for moment in MOMENTS), (signal.SIGKILL, MOMENTS[-1])]


@pytest.mark.parametrize("by, moment", STOPS)
def test_who_stops_it_gets_one_sentence_and_nothing_half_done_is_used(course, by, moment):
    """At the moment when something is there in .venv. A kill leaves what it leaves, and that is built anew."""
    child = course.start("setup")
    printed = child.stdout.readline()
    while moment and not any(course.env.glob(moment)) and child.poll() is None:
        time.sleep(0.01)
    os.killpg(child.pid, by)
    printed += child.communicate(timeout=60)[0]
    if by == signal.SIGINT and "Ready" not in printed:  # it was not quicker
        last = ["", "Stopped. Nothing half done will be used: just start lab.py again."]
        assert printed.splitlines()[1:] == last and not course.env.exists(), printed
    else:
        assert course.run("setup")[0] == 0 and course.whole()


def answers(address):
    with suppress(OSError):
        return requests.get(address, timeout=60).ok


@pytest.mark.skipif(Path(sys.prefix).resolve() != ROOT / ".venv", reason="not run from the .venv that lab.py makes")
def test_jupyterlab_says_where_it_is_and_ctrl_c_twice_stops_it(tmp_path):
    import pty  # of POSIX

    env = {**os.environ, "HOME": str(tmp_path), "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime")}
    ours, theirs = pty.openpty()  # it asks whether to stop where somebody can answer
    command = [sys.executable, str(ROOT / "lab.py"), "--no-browser"]
    child = subprocess.Popen(command, env=env, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    try:
        for pattern, words in (
            (r"http://localhost:\d+/lab/tree/00_start_here\.ipynb\?token=\w+\s", "press Ctrl-C twice"),
            ("Shut down this Jupyter server", "y/[n]"),
        ):
            printed = ""
            while not (found := re.search(pattern, printed)):
                printed += os.read(ours, 1000).decode()
            assert words in printed and child.poll() is None
            address = found[0].strip().replace("localhost", "127.0.0.1")
            while address.startswith("http") and not answers(address):  # told to stop while it starts, it may not
                assert child.poll() is None
                time.sleep(0.1)
            os.killpg(child.pid, signal.SIGINT)
        assert child.wait(60) == 0
    finally:
        child.terminate()
        os.close(ours)
