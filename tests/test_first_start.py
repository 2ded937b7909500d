"""The first start, for real: lab.py on its own with a small lock, real pip and real users, disks and interruptions."""

import base64
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NOBODY = 65534
posix = pytest.mark.skipif(os.name == "nt", reason="users, signals and links of POSIX")
as_root = pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root can become another user, or mount")
pytestmark = [pytest.mark.slow, posix]


def wheel(folder, name, code="", tag="py3-none-any"):
    """A package of one module, with a command of that name; returns its line in a lock."""
    path = folder / f"{name}-1.0-{tag}.whl"
    info = f"{name}-1.0.dist-info"
    files = {
        f"{name}.py": code + "\ndef main(): print('called')\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{name}={name}:main\n",
    }

    def digest(text):
        return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()

    record = "".join(f"{path},sha256={digest(text)},{len(text)}\n" for path, text in files.items())
    with zipfile.ZipFile(path, "w") as file:
        for place, text in {**files, f"{info}/RECORD": record + f"{info}/RECORD,,\n"}.items():
            file.writestr(place, text)
    return f"{name}==1.0 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


class Course:
    """A folder with lab.py and a lock of two small packages, which lie beside it."""

    def __init__(self, folder, **odd):
        self.folder, self.wheels = folder, folder.parent / "wheels"
        self.env = folder / ".venv"
        (folder / "classroom").mkdir(parents=True)
        self.wheels.mkdir(exist_ok=True)
        shutil.copy(ROOT / "lab.py", folder)
        for name in ("overrides.json", "ipython_kernel_config.py"):
            shutil.copy(ROOT / "classroom" / name, folder / "classroom")
        (folder / "requirements.lock").write_text(
            wheel(self.wheels, "casebook_one") + wheel(self.wheels, "casebook_two", **odd)
        )

    def start(self, *words, python=sys.executable, env=(), **options):
        """lab.py as a process of its own group, whose output is kept; pip finds its packages in a folder."""
        keep = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "MAS_CASEBOOK_REFUSED")}
        settings = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.wheels), **dict(env)}
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        command = [python, str(self.folder / "lab.py"), *words]
        options |= {**pipes, "text": True, "errors": "replace", "start_new_session": True}
        return subprocess.Popen(command, env={**keep, **settings}, **options)

    def run(self, *words, **options):
        """The exit code of lab.py and what it said."""
        child = self.start(*words, **options)
        said = child.communicate(timeout=300)[0]
        return child.returncode, said

    def whole(self):
        """Whether .venv is there with all of it, its commands work, and nothing half done lies beside it."""
        python = self.env / "bin" / "python"
        code = "import casebook_one, casebook_two, sys; print(sys.prefix)"
        found = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True).stdout.strip()
        command = subprocess.run([self.env / "bin" / "casebook_one"], capture_output=True, text=True).stdout
        beside = {p.name for p in self.folder.iterdir()} - {"lab.py", "classroom", "requirements.lock", ".venv"}
        return found == str(self.env) and command == "called\n" and beside <= {".venv.lock"}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A course that two learners set up at once, and what each of them was told."""
    course = Course(tmp_path_factory.mktemp("made") / "Müller Kurs (1)")
    both = [course.start("setup") for _ in range(2)]
    said = [child.communicate(timeout=300)[0] for child in both]
    return course, said, [child.returncode for child in both]


def test_of_two_first_starts_at_once_one_builds_and_the_other_waits(made):
    course, said, codes = made
    assert codes == [0, 0], said
    assert sorted("Setting up in" in text for text in said) == [False, True]
    assert sorted("waiting until it is done" in text for text in said) == [False, True]
    assert course.whole()
    assert course.run("setup") == (0, "")  # nothing is left to do or to say


def test_no_script_names_the_place_where_it_was_built(made):
    course, *_ = made
    scripts = [p for p in (course.env / "bin").iterdir() if p.is_file() and not p.is_symlink()]
    assert len(scripts) > 5
    assert [p for p in [*scripts, course.env / "pyvenv.cfg"] if b".next" in p.read_bytes()] == []
    code = f". '{course.env}/bin/activate' && casebook_two"
    assert subprocess.check_output(["bash", "-c", code], text=True) == "called\n"


SETTINGS = {"user": "true", "target": "/nowhere/a", "prefix": "/nowhere/b", "root": "/nowhere/c", "dry-run": "true"}


@pytest.mark.parametrize("by", ["file", "variables"])
def test_settings_of_pip_and_python_stay_outside_and_a_console_that_cannot_show_a_name_is_no_fault(tmp_path, by):
    course = Course(tmp_path / "Курс")
    (tmp_path / "strangers").mkdir()
    for name in ("pip", "casebook_one"):
        (tmp_path / "strangers" / f"{name}.py").write_text("raise SystemExit('not this one')")
    env = {"PYTHONPATH": str(tmp_path / "strangers"), "PYTHONNOUSERSITE": "1", "CONDA_PREFIX": "/nowhere/conda"}
    if by == "file":
        lines = [f"{name} = {value}" for name, value in SETTINGS.items()]
        (tmp_path / "pip.conf").write_text("\n".join(["[global]", *lines[:2], "[install]", *lines[2:]]))
        env["PIP_CONFIG_FILE"] = str(tmp_path / "pip.conf")
    else:
        env |= {f"PIP_{name.upper().replace('-', '_')}": value for name, value in SETTINGS.items()}
    code, said = course.run("setup", env={**env, "PYTHONIOENCODING": "cp1252"})
    assert code == 0 and "Ready" in said and "????" in said, said
    assert course.whole() and not Path("/nowhere").exists()


def test_what_cannot_be_imported_leaves_no_environment_and_no_stamp(tmp_path):
    course = Course(tmp_path / "course", code="import nothing_of_this_name")
    code, said = course.run("setup")
    assert code == 1 and "casebook_two cannot be imported" in said and "Traceback" not in said
    assert not course.env.exists() and not (course.folder / ".next").exists()


def test_a_python_too_new_for_the_packages_is_told_which_fit(tmp_path):
    course = Course(tmp_path / "course", tag="cp39-cp39-linux_x86_64")
    code, said = course.run("setup")
    assert code == 1 and "ready-made for Python 3.11 to 3.14" in said and " lab.py" in said
    assert "ERROR" not in said and "Traceback" not in said and not course.env.exists()


def test_where_no_network_is_the_advice_is_about_the_network(tmp_path):
    course = Course(tmp_path / "course")
    code, said = course.run("setup", env={"PIP_NO_INDEX": "0", "PIP_FIND_LINKS": "", "PIP_RETRIES": "1",
                                          "PIP_INDEX_URL": "http://127.0.0.1:9/simple"})  # fmt: skip
    assert code == 1 and "Look to your network" in said and "Traceback" not in said and not course.env.exists()


def readable_python():
    """A Python that fits and that anybody here may run."""
    for path in filter(None, (getattr(sys, "_base_executable", None), "/usr/bin/python3", shutil.which("python3"))):
        code = "import sys, venv, pip; sys.exit(sys.version_info < (3, 11))"
        try:
            if subprocess.run([path, "-c", code], user=NOBODY, stderr=subprocess.DEVNULL).returncode == 0:
                return path
        except OSError:
            pass
    pytest.skip("no Python 3.11 here that another user may run")


@as_root
def test_an_install_by_an_administrator_starts_for_whoever_may_only_read_it(request):
    python = readable_python()
    folder = Path(tempfile.mkdtemp(prefix="casebook-"))
    request.addfinalizer(lambda: shutil.rmtree(folder))
    folder.chmod(0o755)
    course = Course(folder / "course")
    other = {"python": python, "user": NOBODY, "group": NOBODY, "env": {"HOME": "/nonexistent"}}
    code, said = course.run("setup", **other)
    assert code == 1 and "You may not write there. Copy the whole folder" in said and "Traceback" not in said
    assert course.run("setup", python=python)[0] == 0
    before = {p: p.stat().st_mtime_ns for p in course.folder.rglob("*")}
    assert course.run("setup", **other) == (0, "")
    assert {p: p.stat().st_mtime_ns for p in course.folder.rglob("*")} == before


@as_root
def test_a_full_disk_is_named_and_nothing_stays_on_it(request, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=9m", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("no small disk can be made here")
    request.addfinalizer(lambda: subprocess.run(["umount", str(disk)], check=True))
    course = Course(disk / "course", code="#" * 5_000_000)  # there is room for its wheel and not for it
    code, said = course.run("setup")
    assert code == 1 and "The disk is full" in said and "Traceback" not in said, said
    assert not course.env.exists() and not (course.folder / ".next").exists()


@pytest.mark.parametrize("moment", range(10))
def test_ctrl_c_leaves_one_sentence_and_nothing_half_done(tmp_path, moment):
    course = Course(tmp_path / "course")
    child = course.start("setup")
    seen = child.stdout.readline()  # it is at work
    time.sleep(0.2 * moment)  # a moment, whatever it is busy with then
    os.killpg(child.pid, signal.SIGINT)
    said = seen + child.communicate(timeout=60)[0]
    if child.returncode == 0:  # it was quicker
        assert course.whole()
        return
    last = ["", "Stopped. Nothing half done will be used: just start lab.py again."]
    assert said.splitlines()[1:] == last and not course.env.exists(), said
    if moment == 5:
        assert course.run("setup")[0] == 0 and course.whole()


# JupyterLab as lab.py opens it


@pytest.mark.skipif(Path(sys.prefix).resolve() != ROOT / ".venv", reason="not run from the .venv that lab.py makes")
def test_jupyterlab_says_where_it_is_how_to_come_back_and_how_to_stop(tmp_path):
    env = {**os.environ, "HOME": str(tmp_path), "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime")}
    command = [sys.executable, str(ROOT / "lab.py"), "--no-browser"]
    child = subprocess.Popen(
        command, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    )
    said = "".join(child.stdout.readline() for _ in range(5))
    try:
        log = Path(re.search(r"What the server says goes to (.+\.log)$", said, re.M)[1])
        assert re.search(r"^    http://localhost:\d+/lab/tree/00_start_here\.ipynb\?token=\w+$", said, re.M)
        assert "come back" in said and "press Ctrl-C twice" in said and log.stat().st_mode & 0o77 == 0
        os.killpg(child.pid, signal.SIGINT)
        assert [child.stdout.readline() for _ in range(2)] == ["\n", "Press Ctrl-C once more to stop JupyterLab.\n"]
        assert child.poll() is None
        os.killpg(child.pid, signal.SIGINT)
        assert child.communicate(timeout=60)[0] == "\nStopping JupyterLab.\n" and child.returncode == 0
        assert "Shutting down" in log.read_text()
    finally:
        child.terminate()
    log.unlink()
