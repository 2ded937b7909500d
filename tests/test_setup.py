"""One list of dependencies, said the same way everywhere, and a set-up that explains itself."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import lab as lab_py
from classroom.site.source import CARRIER
from classroom.site.source import HERE as SITE
from tests import tools

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
PROJECT = tomllib.loads(PYPROJECT)["project"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
OLDEST = ROOT / "tests" / "locks" / "requirements-oldest.lock"
SETTINGS = [f"{place}/{name}" for name, place in lab_py.SETTINGS.items()]
# Put together only here, so that this file does not name them either.
ENDS = "pypi org,pythonhosted org,pypi python org,anaconda org,anaconda com,npmjs org,npmjs com,yarnpkg com,prefix dev"
HOSTS = [".".join(words.split()) for words in ENDS.split(",")]
ENTRY = re.compile(r"([\w.-]+)(?:\[[\w-]+\])?==([^\s*,]+)( ; [^\\\n]+)?(?: \\\n    --hash=sha256:[0-9a-f]{2,64})+")


# ---- what pyproject.toml, environment.yml and the locks say: each checker is also given something to complain of -----
def wanted_by(group):
    """What the project asks for, name -> Requirement: ``dependencies``, or a group beside it."""
    groups = {**PROJECT, **PROJECT["optional-dependencies"], **tomllib.loads(PYPROJECT)["dependency-groups"]}
    return {canonicalize_name(r.name): r for r in map(Requirement, groups[group])}


def lock_faults(lock, wanted, forbidden=()):
    """Entries that are not one exact version with its hashes (a place is none), and bounds that are not kept."""
    found = {entry: ENTRY.fullmatch(entry) for entry in re.split(r"\n(?! )", lock.strip())}
    yield from (f"no exact version, or no hash: {entry}" for entry, pin in found.items() if not pin)
    versions = [pin.group(1, 2) for pin in found.values() if pin]
    yield from (f"{n}=={v} is outside" for n, v in versions if n in wanted and not wanted[n].specifier.contains(v))
    yield from (f"{name} must not be in it" for name, _ in versions if name in forbidden)
    yield from (f"{name} is missing" for name in wanted.keys() - dict(versions))


def reason_faults(pyproject):
    """Dependencies without a comment on their line that says what they are for."""
    names = [*wanted_by("dependencies"), *wanted_by("test")]
    return [name for name in names if not re.search(rf'^\s*"{name}\b[^"]*",\s*#\s*\w+', pyproject, re.MULTILINE)]


def test_environment_repeats_pyproject_and_every_dependency_has_its_reason():
    lines = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    assert lines == ["python=3.12", *PROJECT["dependencies"], "pip", {"pip": ["-e ."]}]
    assert reason_faults(PYPROJECT) == []
    assert reason_faults(re.sub(r"#  ?the case is.*", "", PYPROJECT)) == ["pandas"]


def test_locks_are_whole_and_name_no_place():
    """seaborn loads scipy wherever it is installed, at half as much memory again for each kernel."""
    run_time, names = wanted_by("dependencies"), {name for name, *_ in ENTRY.findall(LOCK)}
    assert len(names) > 50
    assert "jsonschema[format-nongpl]==" in LOCK  # without it an older pip takes only the newest version
    assert {*ENTRY.findall(LOCK)} <= {*ENTRY.findall(tools.TEST_LOCK.read_text(encoding="utf-8"))}
    wheels = (SITE / "wheels.in").read_text(encoding="utf-8").splitlines()
    for lock, wanted, forbidden in (
        (lab_py.LOCK, run_time, ["scipy"]),
        (tools.TEST_LOCK, run_time | wanted_by("test"), ["scipy"]),
        (OLDEST, run_time, ["scipy"]),
        (tools.REFERENCE_LOCK, wanted_by("reference"), []),
        (tools.HUB_LOCK, wanted_by("hub"), names),  # two of one kind would stand on one path
        (tools.KIT_LOCK, wanted_by("kit"), names),
        (tools.BOOK_LOCK, wanted_by("book"), names),
        (tools.SITE_LOCK, wanted_by("site"), names),
        (SITE / "wheels.lock", {name: Requirement(name) for name in wheels if name[0] != "#"}, []),
        (SITE / "carrier.lock", {CARRIER: Requirement(CARRIER)}, []),
    ):
        assert [*lock_faults(lock.read_text(encoding="utf-8"), wanted, forbidden)] == []
    oldest = {name: version for name, version, _ in ENTRY.findall(OLDEST.read_text(encoding="utf-8"))}
    for name, requirement in run_time.items():
        lowest = min(s.version for s in requirement.specifier if s.operator == ">=")
        assert oldest[name] in SpecifierSet(f"~={lowest}.0"), f"{name} is not the oldest allowed"


GOOD = "pandas==3.1.1 \\\n    --hash=sha256:00ff\nseaborn==0.13.2 \\\n    --hash=sha256:11ff\n"


@pytest.mark.parametrize(
    "bad, fault",
    [
        (GOOD.replace(" \\\n    --hash=sha256:00ff", ""), "no hash: pandas"),
        (GOOD.replace("pandas==3.1.1", "pandas>=3.1.1"), "no exact version"),
        (GOOD.replace("pandas==3.1.1", "pandas==2.2.0"), "pandas==2.2.0 is outside"),
        (GOOD.split("seaborn")[0], "seaborn is missing"),
        (GOOD.replace("pandas", "scipy"), "scipy must not be in it"),
        ("--extra-index-url somewhere\n" + GOOD, "somewhere"),
    ],
)
def test_lock_check_can_fail(bad, fault):
    wanted = {name: wanted_by("dependencies")[name] for name in ("pandas", "seaborn")}
    assert [*lock_faults(GOOD, wanted, ["scipy"])] == []
    assert fault in "; ".join(lock_faults(bad, wanted, ["scipy"]))


# ---- lab.py ----------------------------------------------------------------------------------------------------------
def test_lab_can_be_read_by_an_old_python():
    ast.parse((ROOT / "lab.py").read_text(encoding="utf-8"), feature_version=(3, 6))
    with pytest.raises(SyntaxError):
        ast.parse("if (n := 1): pass", feature_version=(3, 6))


@pytest.mark.parametrize("version", [f"3.{minor}" for minor in range(6, 11)])
def test_an_old_python_gets_a_sentence(version):
    folders = [*map(str, Path.home().glob(".pyenv/versions/3.*/bin")), *os.environ["PATH"].split(os.pathsep)]
    old = shutil.which(f"python{version}", path=os.pathsep.join(folders)) or pytest.skip(f"no Python {version} here")
    done = subprocess.run([old, str(ROOT / "lab.py"), "setup"], capture_output=True, text=True, env=outside())
    assert done.returncode == 1 and done.stdout == ""
    assert re.match(rf"Python 3.11 or newer is needed, and this is Python {version}\.\d+\.\n.+ lab.py\n$", done.stderr)


INSTALL = lab_py.install


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """lab.py with .venv in an empty folder: it installs nothing there, believes that it did, and notes it in `ran`."""

    def install(lock, folder="", *options):
        lab_py.ran.append((lock.name, getattr(folder, "name", folder)))
        path, text = lab_py.stamp(lock)
        path.write_text(text)
        monkeypatch.setattr(lab_py, "CHECK", "import os")

    there = {"ENV": tmp_path / ".venv", "PYTHON": str(tmp_path / Path(lab_py.PYTHON).relative_to(ROOT)), "ran": []}
    for name, value in {**there, "CHECK": "import nothing_of_this_name", "install": install}.items():
        monkeypatch.setattr(lab_py, name, value, raising=False)
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    return lab_py


def test_pip_of_this_python_is_lent_or_one_is_put_there_and_a_python_without_gets_a_sentence(lab, monkeypatch):
    """What is run with the Python of .venv, where this one's pip cannot be lent, and where it has no venv either."""
    ran, has = [], {"ensurepip", "venv"}

    def run(command, **_):
        lacks = {"--python", "ensurepip", "venv"} & {*command} - has
        ran.extend({"install", "ensurepip"} & {*command} if command[0] == lab.PYTHON else ())
        return subprocess.CompletedProcess(command, len(lacks), b"yes", f"No module named {''.join(lacks)}".encode())

    lab.ENV.mkdir()
    monkeypatch.setattr(subprocess, "run", run)
    INSTALL(lab.LOCK)
    assert ran == ["ensurepip", "install"]
    has.clear()
    lab.stamp(lab.LOCK)[0].write_text("an older lock")
    for call in (lambda: INSTALL(lab.LOCK), lab.setup):
        with pytest.raises(SystemExit, match="sudo apt install python3-venv"):
            call()
    assert lab.stamp(lab.LOCK)[0].read_text() == "an older lock"  # the environment was put back


def test_setup_makes_utils_importable_and_frees_the_arrow_keys(lab):
    for _ in range(2):  # anew, and in a .venv made before a setting was
        lab.setup()
        assert has_our_settings(lab.ENV)
        (lab.ENV / SETTINGS[0]).unlink()
    command = [lab.PYTHON, "-c", "import utils; print(utils.__file__)"]
    found = subprocess.check_output(command, text=True, cwd=lab.ENV, env=outside())
    assert Path(found.strip()).parent == ROOT / "utils"


@pytest.mark.skipif(os.name == "nt", reason="Windows itself keeps what is open")
def test_environment_is_not_renewed_from_inside_nor_while_jupyterlab_runs_on_it(lab, tmp_path, monkeypatch, capsys):
    lab.setup()
    (tmp_path / "requirements.lock").write_text(LOCK + "\n")
    monkeypatch.setattr(lab, "LOCK", tmp_path / "requirements.lock")
    with monkeypatch.context() as patch, pytest.raises(SystemExit, match="deactivate"):
        patch.setattr(sys, "prefix", str(lab.ENV))
        lab.setup()
    jupyterlab = lab.hold(shared=True)  # as JupyterLab has it that lab.py opens
    jupyterlab.__enter__()
    with lab.hold(shared=True):  # it may be opened twice
        assert "Waiting" not in capsys.readouterr().out and len(lab.ran) == 1
    monkeypatch.setattr(lab.time, "sleep", lambda seconds: jupyterlab.__exit__(None, None, None))  # stopped by now
    lab.setup()
    assert "JupyterLab is open from it (Ctrl-C twice stops that)" in capsys.readouterr().out and len(lab.ran) == 2


@pytest.mark.skipif(os.name == "nt", reason="links of POSIX")
@pytest.mark.parametrize("way", ["a folder", "a link", "a file"])
def test_what_stands_in_the_way_is_replaced_only_when_its_owner_says_so(lab, way):
    elsewhere = lab.ENV.with_name("elsewhere")
    elsewhere.mkdir()
    (elsewhere / "precious").touch()
    {"a folder": elsewhere.rename, "a link": lambda env: env.symlink_to(elsewhere), "a file": Path.touch}[way](lab.ENV)
    before = (lab.ENV.lstat().st_ino, lab.ENV.lstat().st_mtime_ns)  # not the time of reading, which others move
    with pytest.raises(SystemExit, match=r"did not make .venv[\s\S]+lab.py setup --replace"):
        lab.setup()
    assert (lab.ENV.lstat().st_ino, lab.ENV.lstat().st_mtime_ns) == before and lab.ran == []
    assert lab.main(["setup", "--replace"]) == 0
    assert lab.installed(lab.LOCK) and not lab.ENV.is_symlink() and not (lab.ENV / "precious").exists()
    assert (elsewhere / "precious").exists() == (way != "a folder")


# ---- its commands ----------------------------------------------------------------------------------------------------
@pytest.fixture
def handed(lab, monkeypatch):
    """lab.py set up already; what it would install, and hand over to .venv's Python, in order."""
    monkeypatch.setattr(lab, "setup", lambda replace: None)
    lab.ENV.mkdir()
    for name in ("hub", "browser"):
        monkeypatch.setattr(tools, f"add_{name}", lambda name=name: lab.ran.append(name))
    monkeypatch.setattr(lab, "ask", lambda *command: lab.ran.append("pip") if "ensurepip" in command else "3.11")
    monkeypatch.setattr(tools, "ARTICLE", lab.ENV / "no article")
    monkeypatch.setattr(lab, "hand_over", lambda *words, **_: lab.ran.append([*words]) or 0)
    return lab


TESTS = [
    (f"requirements-{name}.lock", name.removeprefix("test")) for name in ("test", "reference", "kit", "book", "site")
]
BENCH = ["-m", "tests.bench"]


@pytest.mark.parametrize(
    "words, ran",
    [
        (["classroom"], [TESTS[2], ["-m", "classroom"]]),
        (["classroom", "--pdf"], [*TESTS, "browser", ["-m", "classroom", "--pdf"]]),
        (["bench"], [*TESTS, "hub", "pip", BENCH]),
        (["bench", "hub"], [*TESTS, "hub", [*BENCH, "hub"]]),
        (["bench", "site"], [*TESTS, "pip", [*BENCH, "site"]]),
        (["bench", "speed"], [*TESTS, [*BENCH, "speed"]]),
        (["rebuild", "--all"], [*TESTS, ["-m", "tests.rebuild", "--all"]]),
        (["refresh", "a.ipynb"], [["-m", "tests.refresh_notebooks", "a.ipynb"]]),
        (["book"], [TESTS[3], ["-m", "classroom.book"]]),
        (["site", "--serve"], [*TESTS[3:], "pip", ["-m", "classroom.site", "--serve"]]),
        (["setup"], []),
    ],
)
def test_a_command_adds_what_it_needs_and_is_handed_on(handed, words, ran):
    """What only tests and benches need is put apart: among the other packages seaborn would find scipy."""
    assert handed.main(words) == 0 and handed.ran == ran
    handed.ran.clear()
    assert handed.main(words) == 0 and [x for x in ran if isinstance(x, tuple)] + handed.ran == ran  # once


def test_tests_are_run_all_or_quick_with_the_article_where_it_is(handed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    handed.main(["test", "-x"])
    *added, command = handed.ran
    assert added == [*TESTS, "hub", "browser"] and command[-1] == "-x" and "-m" not in command[2:]
    assert "--nbval" in command and not any("--article" in word for word in command)
    handed.main(["test", "quick", "--article", "mine.txt", "-x"])
    assert handed.ran[-1][-4:] == ["-m", "not slow and not browser", f"--article={tmp_path / 'mine.txt'}", "-x"]
    monkeypatch.setattr(tools, "ARTICLE", ROOT / "LICENSE")
    handed.main(["test", "quick"])
    assert handed.ran[-1][-1] == f"--article={ROOT / 'LICENSE'}" and len(handed.ran) == len(added) + 3


def test_an_unknown_command_gets_a_sentence_and_help_lists_every_one(handed, capsys):
    assert "There are: lab, setup, test" in handed.main(["tset"]) and handed.ran == []
    assert handed.main(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(f"lab.py {name}" in text for name in handed.COMMANDS[1:]) and "test quick" in text


@pytest.mark.parametrize("has, user, apt", [("google-chrome", 0, 0), ("apt-get", 0, 2), ("apt-get", 1000, 0)])
def test_browser_is_looked_for_and_installed_only_by_root(lab, monkeypatch, capsys, has, user, apt):
    monkeypatch.setattr(shutil, "which", lambda name: name if name == has else None)
    monkeypatch.setattr(os, "geteuid", lambda: user, raising=False)
    monkeypatch.setattr(subprocess, "call", lambda command, **_: lab.ran.append(command[0]))
    tools.add_browser()
    assert lab.ran == ["apt-get"] * apt
    assert ("apt install chromium" in capsys.readouterr().out) == (has != "google-chrome")


# ---- the environment that runs these tests ---------------------------------------------------------------------------
def test_a_console_that_cannot_show_a_sign_shows_another():
    code = "from utils.units import quantity; print(quantity('65 10*9/L', 'platelets'))"
    env = {**os.environ, "PYTHONIOENCODING": "cp1252"}
    printed = subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, env=env).decode("cp1252")
    assert printed.split() == ["65", "×10?/L"]


def has_our_settings(env):
    ours = [(ROOT / "utils" / "settings" / Path(place).name).read_bytes() for place in SETTINGS]
    return [Path(env, place).read_bytes() for place in SETTINGS] == ours


def outside():
    """An environment without the guard, for the tests that use the package index, or a folder of wheels, on purpose."""
    return {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "MAS_CASEBOOK_REFUSED")}


UV = shutil.which("uv", path=os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]]))


@pytest.mark.slow
def test_the_door_of_uv_opens_and_lab_py_leaves_what_uv_made_and_an_ordinary_install_leads_nowhere_else(tmp_path):
    """The commands of the book, from the learner's own lock, in a copy of this folder; then what a hub installs."""
    course, env = tmp_path / "course", {k: v for k, v in outside().items() if k != "VIRTUAL_ENV"}
    shutil.copytree(ROOT, course, ignore=shutil.ignore_patterns(".venv*", ".git", "build"))
    doors = (ROOT / "classroom/book/pages/doors.md").read_text(encoding="utf-8")
    for command in (f"uv venv --python {sys.executable}", "uv pip sync --require-hashes requirements.lock",
                    "uv pip install --no-deps -e .", "uv run --no-sync jupyter lab notebooks --version"):  # fmt: skip
        assert command.split(" --python")[0].removesuffix(" --version") in doors
        subprocess.check_call([UV, *command.split()[1:]], cwd=course, env=env)
    python = course / ".venv" / "bin" / "python"
    made = python.lstat().st_ctime_ns
    done = subprocess.run([sys.executable, "lab.py", "setup"], cwd=course, env=env, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"") and python.lstat().st_ctime_ns == made
    assert has_our_settings(course / ".venv")
    for place in SETTINGS:
        (course / ".venv" / place).unlink()
    # What a hub's environment gets, and conda's with the same names and bounds: all that it needs is there already.
    subprocess.check_call([UV, "pip", "install", "-q", "."], cwd=course, env=env)
    code = "import utils.chapters; from utils import case; case.load_case(); print(utils.__file__, case.CASEDATA)"
    found = subprocess.check_output([python, "-c", code], text=True, cwd=tmp_path, env=env).split()
    assert all(Path(path).is_relative_to(course / ".venv") for path in found) and has_our_settings(course / ".venv")


@pytest.mark.slow
def test_notebooks_show_the_same_with_the_oldest_versions_allowed(tmp_path):
    subprocess.check_call([UV, "venv", "-q", "--python", sys.executable, str(tmp_path / "env")], env=outside())
    python = str(tmp_path / "env" / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
    install = [UV, "pip", "install", "-q", "--python", python, "--require-hashes", "-r", str(OLDEST)]
    subprocess.check_call(install, env=outside())
    options = ["--nbval", "--nbval-current-env", "--nbval-sanitize-with", "tests/sanitize.cfg"]
    books = [f"notebooks/{name}.ipynb" for name in ("04_five_rulers", "07_why_the_vein")]
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, *books]
    done = subprocess.run(command, cwd=ROOT, env=outside(), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:]
    assert "requests beyond this machine: 0" in done.stdout


# ---- licence, citation, and no package index by name -----------------------------------------------------------------
def test_licence_covers_code_and_text_and_the_citation_names_the_article():
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    [article] = [entry for entry in citation["references"] if entry["type"] == "article"]
    assert citation["version"] == PROJECT["version"] and len(article["authors"]) == 6
    for words in ("Copyright 2026 The MAS Casebook contributors", "Redistributions of source code must retain",
                  "https://creativecommons.org/licenses/by/4.0/", article["doi"]):  # fmt: skip
        assert words in text


def files_naming(folder):
    """Files under a folder that name a package index; what git leaves out, too, is left out."""
    pattern = re.compile(b"|".join(re.escape(host.encode()) for host in HOSTS), re.IGNORECASE)
    for top, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in (".git", ".venv", "build")]
        yield from (n for n in files if Path(top, n).is_file() and pattern.search(Path(top, n).read_bytes()))


def test_no_file_names_a_package_index(tmp_path):
    assert list(files_naming(ROOT)) == []
    (tmp_path / ".venv").mkdir()
    for place, text in (("a", f"files.{HOSTS[1].upper()}/x"), ("b", "see the index"), (".venv/c", HOSTS[0])):
        (tmp_path / place).write_text(text)
    assert list(files_naming(tmp_path)) == ["a"]
