"""One list of dependencies, said the same way everywhere, and a set-up that explains itself."""

import ast
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
import tomllib
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
ENVIRONMENT = (ROOT / "environment.yml").read_text(encoding="utf-8")
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
TEST_LOCK = (ROOT / "requirements-test.lock").read_text(encoding="utf-8")
SETTINGS = ("share/jupyter/lab/settings/overrides.json", "etc/ipython/ipython_kernel_config.py")
DOI = "10.3389/fped.2020.635080"

# Put together only here, so that this file does not name them either.
HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("pypi", "python", "org"),
        ("anaconda", "org"),
        ("anaconda", "com"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("prefix", "dev"),
    )
]


def load_lab():
    """lab.py as a fresh module."""
    spec = importlib.util.spec_from_file_location("lab", ROOT / "lab.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """lab.py with .venv in an empty folder, so that no test can spoil a real one."""
    module = load_lab()
    monkeypatch.setattr(module, "ENV", tmp_path / ".venv")
    monkeypatch.setattr(module, "PYTHON", str(tmp_path / ".venv" / "bin" / "python"))
    return module


# What pyproject.toml, environment.yml and the locks say. Each checker returns its complaints, and
# each is also given something to complain about.


def requirements(pyproject, extra=None):
    """Name -> Requirement of the run-time dependencies, or of an extra."""
    project = tomllib.loads(pyproject)["project"]
    lines = project["optional-dependencies"][extra] if extra else project["dependencies"]
    return {canonicalize_name(r.name): r for r in map(Requirement, lines)}


def environment_faults(environment, pyproject):
    """Where environment.yml says something else than pyproject.toml."""
    lines = yaml.safe_load(environment)["dependencies"]
    faults = [] if "python=3.12" in lines else ["python is not written python=3.12"]
    if lines[-2:] != ["pip", {"pip": ["-e ."]}]:
        faults.append("the end is not: pip, -e .")
    conda = {
        canonicalize_name(r.name): r
        for r in (Requirement(line) for line in lines if isinstance(line, str) and line not in ("pip", "python=3.12"))
    }
    wanted = requirements(pyproject)
    for name in sorted(conda.keys() | wanted.keys()):
        here, there = conda.get(name), wanted.get(name)
        if here is None or there is None or here.specifier != there.specifier:
            faults.append(f"{name}: {here} in environment.yml, {there} in pyproject.toml")
    return faults


def entries(lock):
    """(Requirement, number of hashes) of every entry of a lock."""
    for line in lock.replace("\\\n", " ").splitlines():
        if line.strip() and line[0] not in "#-":
            requirement, *hashes = line.split("--hash=sha256:")
            yield Requirement(requirement.strip()), len(hashes)


def versions(lock):
    """Name -> set of (pinned version, marker)."""
    found = {}
    for requirement, _ in entries(lock):
        name = canonicalize_name(requirement.name)
        found.setdefault(name, set()).add((str(requirement.specifier), str(requirement.marker)))
    return found


def lock_faults(lock, wanted, forbidden=()):
    """Entries without a hash or an exact version, bounds not kept, places named."""
    faults = [f"{r.name} has no hash" for r, hashes in entries(lock) if not hashes]
    faults += [
        f"{r.name} has no exact version" for r, _ in entries(lock) if not re.fullmatch(r"==[^*,]+", str(r.specifier))
    ]
    faults += [
        f"names a place: {line}" for line in lock.splitlines() if "://" in line or re.match(r"\s*-(?!-hash=)", line)
    ]
    pins = versions(lock)
    faults += [f"{name} must not be in it" for name in forbidden if name in pins]
    for name, requirement in wanted.items():
        if name not in pins:
            faults.append(f"{name} is missing")
        for specifier, _ in pins.get(name, ()):
            if not requirement.specifier.contains(specifier.removeprefix("==")):
                faults.append(f"{name}{specifier} is outside {requirement.specifier}")
    return faults


def pin_faults(lock, test_lock):
    """Pins of the run-time lock that the test lock does not share."""
    here, there = versions(lock), versions(test_lock)
    return [f"{name}: {here[name]} and {there.get(name)}" for name in here if here[name] != there.get(name)]


def extras_faults(lock):
    """Extras that a package here asks of another and that its line in the lock does not name.

    An older pip that checks hashes then takes only the newest version of such a package, and fails once there is one.
    """
    pins = {canonicalize_name(r.name): r.extras for r, _ in entries(lock)}
    here = [d for d in metadata.distributions() if canonicalize_name(d.name or "") in pins]
    asked = [(d.name, Requirement(text)) for d in here for text in d.requires or ()]
    return [
        f"{name} asks for {wanted.name}[{extra}]"
        for name, wanted in asked
        for extra in wanted.extras - pins.get(canonicalize_name(wanted.name), wanted.extras)
        if not wanted.marker or any(wanted.marker.evaluate({"extra": e}) for e in ("", *pins[canonicalize_name(name)]))
    ]


def test_a_lock_names_the_extras_that_its_packages_ask_for():
    assert extras_faults(LOCK) == []
    assert extras_faults(LOCK.replace("jsonschema[format-nongpl]", "jsonschema")) == [
        "jupyter-events asks for jsonschema[format-nongpl]"
    ]


def reason_faults(pyproject):
    """Dependencies without a comment on their line that says what they are for."""
    names = [*requirements(pyproject), *requirements(pyproject, "test")]
    return [name for name in names if not re.search(rf'^\s*"{name}\b[^"]*",\s*#\s*\w+', pyproject, re.MULTILINE)]


def test_environment_repeats_pyproject():
    assert environment_faults(ENVIRONMENT, PYPROJECT) == []


@pytest.mark.parametrize(
    "old, new",
    [
        ("python=3.12", "python>=3.12"),
        ("pandas>=3.0,<4", "pandas>=2.0,<4"),
        ("  - anywidget>=0.9.18,<1\n", ""),
        ("  - pip:\n", "  - scipy\n  - pip:\n"),
        ("-e .", "."),
    ],
)
def test_environment_check_can_fail(old, new):
    assert old in ENVIRONMENT
    assert environment_faults(ENVIRONMENT.replace(old, new), PYPROJECT)


def test_locks_are_whole_and_name_no_place():
    run_time = requirements(PYPROJECT)
    assert len(list(entries(LOCK))) > 50
    # seaborn loads scipy wherever it is installed, at half as much memory again for each kernel.
    assert lock_faults(LOCK, run_time, forbidden=["scipy"]) == []
    assert lock_faults(TEST_LOCK, run_time | requirements(PYPROJECT, "test"), ["scipy"]) == []
    assert pin_faults(LOCK, TEST_LOCK) == []
    oldest = (ROOT / "requirements-oldest.lock").read_text(encoding="utf-8")
    assert lock_faults(oldest, run_time, forbidden=["scipy"]) == []
    lowest = {name: min(s.version for s in r.specifier if s.operator == ">=") for name, r in run_time.items()}
    for name, version in lowest.items():
        [(pin, _)] = versions(oldest)[name]
        assert Version(pin.removeprefix("==")) in SpecifierSet(f"~={version}.0"), (
            f"{name}{pin} is not the oldest allowed"
        )
    [scipy] = map(Requirement, tomllib.loads(PYPROJECT)["dependency-groups"]["reference"])
    lock = (ROOT / "requirements-reference.lock").read_text(encoding="utf-8")
    assert lock_faults(lock, {"scipy": scipy}) == [] and set(versions(lock)) == {"scipy"}
    wanted = {r.name: r for r in map(Requirement, tomllib.loads(PYPROJECT)["dependency-groups"]["hub"])}
    lock = (ROOT / "requirements-hub.lock").read_text(encoding="utf-8")
    assert lock_faults(lock, wanted, forbidden=versions(LOCK)) == []  # two of one kind would stand on one path


GOOD = "pandas==3.1.1 \\\n    --hash=sha256:00ff\nseaborn==0.13.2 --hash=sha256:11ff\n"


@pytest.mark.parametrize(
    "bad, fault",
    [
        (GOOD.replace(" \\\n    --hash=sha256:00ff", ""), "pandas has no hash"),
        (GOOD.replace("pandas==3.1.1", "pandas>=3.1.1"), "pandas has no exact version"),
        (GOOD.replace("pandas==3.1.1", "pandas==2.2.0"), "pandas==2.2.0 is outside"),
        (GOOD.split("seaborn")[0], "seaborn is missing"),
        (GOOD + "scipy==1.0 --hash=sha256:22ff\n", "scipy must not be in it"),
        (GOOD + "# from https" + "://index.example/simple\n", "names a place"),
        ("--extra-index-url somewhere\n" + GOOD, "names a place"),
    ],
)
def test_lock_check_can_fail(bad, fault):
    wanted = {name: Requirement(line) for name, line in {"pandas": "pandas>=3.0,<4", "seaborn": "seaborn<1"}.items()}
    assert lock_faults(GOOD, wanted, ["scipy"]) == []
    assert any(fault in found for found in lock_faults(bad, wanted, ["scipy"]))


def test_pin_check_can_fail():
    assert pin_faults(GOOD, GOOD + "pytest==9.0 --hash=sha256:33ff\n") == []
    assert pin_faults(GOOD, GOOD.replace("3.1.1", "3.1.0"))
    assert pin_faults(GOOD, GOOD.split("seaborn")[0])


def test_every_dependency_has_its_reason():
    assert reason_faults(PYPROJECT) == []
    assert reason_faults(re.sub(r"#  ?the case is.*", "", PYPROJECT)) == ["pandas"]


# lab.py


def test_lab_can_be_read_by_an_old_python():
    ast.parse((ROOT / "lab.py").read_text(encoding="utf-8"), feature_version=(3, 6))
    with pytest.raises(SyntaxError):
        ast.parse("if (n := 1): pass", feature_version=(3, 6))


def old_python(version):
    """A Python of this machine that is too old; the test is skipped where it is not found."""
    folders = [*map(str, Path.home().glob(".pyenv/versions/3.*/bin")), *os.environ["PATH"].split(os.pathsep)]
    path = shutil.which(f"python{version}", path=os.pathsep.join(folders))
    return path or pytest.skip(f"no Python {version} here")


@pytest.mark.parametrize("version", [f"3.{minor}" for minor in range(6, 11)])
def test_an_old_python_gets_a_sentence(version):
    command = [old_python(version), str(ROOT / "lab.py"), "setup"]
    done = subprocess.run(command, capture_output=True, text=True, env=outside())
    assert done.returncode == 1 and done.stdout == ""
    assert re.match(rf"Python 3.11 or newer is needed, and this is Python {version}\.\d+\.\n.+ lab.py\n$", done.stderr)


def test_old_python_gets_a_sentence_and_no_environment(lab, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(sys, "version_info", (3, 10, 13))
        patch.setattr(sys, "version", "3.10.13 (main)")
        with pytest.raises(SystemExit) as stop:
            lab.setup()
    assert "Python 3.11 or newer is needed, and this is Python 3.10.13." in stop.value.code
    assert not lab.ENV.exists()


def test_python_without_venv_gets_a_sentence(lab, monkeypatch):
    monkeypatch.setitem(sys.modules, "venv", None)
    with pytest.raises(SystemExit) as stop:
        lab.setup()
    assert "sudo apt install python3-venv" in stop.value.code
    assert not lab.ENV.exists()


def test_python_without_pip_gets_a_sentence(lab, monkeypatch):
    monkeypatch.setattr(lab, "ask", lambda *command: None)
    with pytest.raises(SystemExit) as stop:
        lab.setup()
    assert "sudo apt install python3-venv" in stop.value.code
    assert not lab.ENV.exists()


@pytest.mark.parametrize("can", [["--python"], ["pip"], ["ensurepip"]])
def test_pip_of_this_python_is_lent_or_that_of_the_environment_serves(lab, monkeypatch, can):
    monkeypatch.setattr(lab, "ask", lambda *command: "pip 26" if {*can} & {command[3], *command[4:5]} else None)
    lent, own = [sys.executable, "-m", "pip", "--python", lab.PYTHON], [lab.PYTHON, "-I", "-m", "pip"]
    assert lab.find_pip() == (lent if can == ["--python"] else own)


@pytest.fixture
def dry(lab, monkeypatch):
    """lab.py that makes an empty .venv; what it would install and run is noted down."""
    lab.ran, lab.locks = [], []
    monkeypatch.setattr(lab, "install", lambda lock, **places: lab.locks.append((lock.name, places)))
    monkeypatch.setattr(lab, "lacks", lambda *_: "all of it")
    for name in ("call", "check_call"):
        monkeypatch.setattr(lab.subprocess, name, lambda command, **_: lab.ran.append([*map(str, command)]))
    monkeypatch.setattr(lab.shutil, "which", lambda name: None)
    monkeypatch.setattr(lab.sys, "prefix", sys.base_prefix)
    return lab


@pytest.mark.skipif(os.name == "nt", reason="looks into the folders that a POSIX .venv has")
def test_setup_makes_utils_importable_and_frees_the_arrow_keys(dry):
    dry.setup()
    code = "import utils; print(utils.__file__)"
    env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    found = subprocess.check_output([dry.PYTHON, "-c", code], text=True, cwd=dry.ENV, env=env)
    assert Path(found.strip()).parent == ROOT / "utils"
    for place in SETTINGS:
        copy = dry.ENV / place
        assert copy.read_bytes() == (ROOT / "classroom" / copy.name).read_bytes()
        copy.unlink()
    dry.setup()  # a .venv made before a setting was
    assert all((dry.ENV / place).exists() for place in SETTINGS)


def changed_lock(folder):
    """A lock of the same name that says something else."""
    (folder / "requirements.lock").write_text(LOCK + "\n")
    return folder / "requirements.lock"


def test_setup_is_done_once_and_anew_where_the_lock_has_changed(dry, tmp_path, monkeypatch, capsys):
    dry.setup()
    assert "about a minute" in capsys.readouterr().out and len(dry.locks) == 1
    dry.setup()
    assert len(dry.locks) == 1 and capsys.readouterr().out == ""
    monkeypatch.setattr(dry, "LOCK", changed_lock(tmp_path))
    (dry.ENV / "an old package").touch()
    dry.setup()
    assert len(dry.locks) == 2 and dry.installed(dry.LOCK) and not (dry.ENV / "an old package").exists()


def test_environment_is_not_renewed_from_inside_nor_while_jupyterlab_runs_on_it(dry, tmp_path, monkeypatch):
    dry.setup()
    monkeypatch.setattr(dry, "LOCK", changed_lock(tmp_path))
    with monkeypatch.context() as patch:
        patch.setattr(dry.sys, "prefix", str(dry.ENV))
        with pytest.raises(SystemExit) as stop:
            dry.setup()
    assert "deactivate" in stop.value.code and len(dry.locks) == 1
    with open(dry.ENV / "pyvenv.cfg", "rb") as sign:
        assert dry.lock_file(sign, shared=True)  # as JupyterLab does that lab.py opens
        with pytest.raises(SystemExit) as stop:
            dry.setup()
        assert "JupyterLab is open from this folder" in stop.value.code and len(dry.locks) == 1
    dry.setup()
    assert len(dry.locks) == 2


def by_uv(lab):
    lab.ENV.mkdir()
    (lab.ENV / "pyvenv.cfg").write_text("home = /usr/bin\nuv = 0.9.1\n")


def by_another_python(lab):
    lab.setup()
    os.unlink(lab.PYTHON)  # its Python is gone, or is another by now
    lab.locks.clear()


def by_a_link(lab):
    (lab.ENV.parent / "elsewhere").mkdir()
    (lab.ENV.parent / "elsewhere" / "precious").touch()
    lab.ENV.symlink_to(lab.ENV.parent / "elsewhere")


def by_somebody(lab):
    lab.ENV.mkdir()
    (lab.ENV / "precious").touch()


OTHERS = [
    (by_uv, "uv made"),
    (by_another_python, "another Python"),
    (by_a_link, "a link to"),
    (by_somebody, "not a virtual"),
]


@pytest.mark.skipif(os.name == "nt", reason="links of POSIX")
@pytest.mark.parametrize("make, named", OTHERS)
def test_what_stands_in_the_way_is_named_and_replaced_only_when_its_owner_says_so(dry, make, named):
    make(dry)
    before = sorted(p.name for p in dry.ENV.iterdir())
    with pytest.raises(SystemExit) as stop:
        dry.main(["setup"])
    assert named in stop.value.code and "lab.py setup --replace" in stop.value.code
    assert sorted(p.name for p in dry.ENV.iterdir()) == before and dry.locks == []
    assert dry.main(["setup", "--replace"]) == 0
    assert dry.installed(dry.LOCK) and not dry.ENV.is_symlink() and not (dry.ENV / "precious").exists()
    if make is by_a_link:
        assert (dry.ENV.parent / "elsewhere" / "precious").exists()


def test_an_environment_that_holds_all_of_the_lock_is_used_whoever_made_it(dry, monkeypatch):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(dry.ENV)], check=True)
    (dry.ENV / "theirs").touch()
    monkeypatch.setattr(dry, "lacks", lambda *_: "")
    dry.setup()
    assert dry.locks == [] and (dry.ENV / "theirs").exists() and dry.installed(dry.LOCK)


@pytest.mark.parametrize(
    "fault, advice",
    [
        (PermissionError(13, "Permission denied"), "Copy the whole folder"),
        (OSError(30, "Read-only file system"), "Copy the whole folder"),
        (OSError(28, "No space left on device"), "The disk is full"),
        (OSError(5, "Input/output error"), "just start lab.py again"),
    ],
)
def test_each_failure_gets_the_advice_that_fits_it(dry, monkeypatch, fault, advice):
    def fail(*_, **__):
        raise fault

    monkeypatch.setattr(dry, "install", fail)
    said = dry.main(["setup"])
    assert fault.strerror in said and advice in said and said.count("lab.py") == 1
    assert not dry.ENV.exists() and not dry.ENV.with_name(".next").exists()


@pytest.fixture
def handed(lab, monkeypatch):
    """lab.py set up already; what it would hand over to .venv's Python."""
    calls = []
    monkeypatch.setattr(lab, "setup", lambda replace: None)
    monkeypatch.setattr(lab, "install", lambda lock, folder=None: lab.locks.append((lock.name, folder and folder.name)))
    monkeypatch.setattr(lab, "mark", lambda lock: None)
    lab.ENV.mkdir()
    lab.locks = []
    monkeypatch.setattr(lab, "ensure_browser", lambda: calls.append("browser"))
    monkeypatch.setattr(lab, "add_hub", lambda: calls.append("hub"))
    monkeypatch.setattr(lab, "ensure_pip", lambda env: calls.append("pip"))
    monkeypatch.setattr(lab, "ARTICLE", lab.ENV / "no article")
    monkeypatch.setattr(lab, "hand_over", lambda *words, **_: calls.append(list(words)) or 0)
    lab.calls = calls
    return lab


def test_unknown_command_gets_a_sentence(handed, capsys):
    assert handed.main(["tset"]) == 2
    assert "test" in capsys.readouterr().err and handed.calls == []


def test_help_lists_every_command(handed, capsys):
    assert handed.main(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(
        f"lab.py {name}" in text for name in ("test", "test quick", "refresh", "bench", "classroom", "site", "setup")
    )


def test_teachers_files_are_built_by_their_package(handed):
    assert handed.main(["classroom"]) == 0 and handed.calls == [["-m", "classroom"]]
    assert handed.locks == []  # nothing beyond what the notebooks need


def test_what_prints_the_teachers_kit_is_added_where_it_is_asked_for(handed):
    assert handed.main(["classroom", "--pdf"]) == 0
    assert handed.calls == ["browser", ["-m", "classroom", "--pdf"]]
    assert ("requirements-test.lock", None) in handed.locks


def test_a_fault_of_a_translation_is_said_before_jupyterlab_starts(handed, monkeypatch, tmp_path):
    (tmp_path / "es.yaml").write_text("cards: {yuors: tuyo}", encoding="utf-8")
    monkeypatch.setenv("MAS_CASEBOOK_PHRASES", str(tmp_path / "es.yaml"))
    monkeypatch.setattr(handed, "PYTHON", sys.executable)
    assert handed.main([]) == f"{tmp_path}/es.yaml: there is no phrase 'cards.yuors': look for it in phrases.yaml"


@pytest.mark.parametrize("words", [[], ["lab"], ["--no-browser"], ["lab", "--no-browser"]])
@pytest.mark.parametrize("user, due", [(0, True), (1000, False)])
def test_jupyterlab_opens_on_the_first_notebook(handed, monkeypatch, capsys, words, user, due):
    def start(command, stdout, **_):
        handed.calls.append(command[1:])
        os.write(stdout, b"what the server says")
        return SimpleNamespace(poll=lambda: 7, returncode=7)

    monkeypatch.setattr(handed.subprocess, "Popen", start)
    monkeypatch.setattr(handed.signal, "signal", lambda *_: None)
    monkeypatch.setattr(handed.os, "geteuid", lambda: user, raising=False)
    (handed.ENV / "pyvenv.cfg").touch()
    assert handed.main(words) == 7 and capsys.readouterr().out == "what the server says"  # it has ended by itself
    [command] = handed.calls
    assert command[:2] == ["-m", "jupyterlab"]
    assert "--LabApp.default_url=/lab/tree/00_start_here.ipynb" in command
    assert ("--no-browser" in command) == ("--no-browser" in words)
    assert ("--allow-root" in command) == due  # in a container the only user is often root


def test_quick_tests_leave_out_slow_ones_and_the_browser(handed):
    assert handed.main(["test", "quick", "-x"]) == 0
    [command] = handed.calls
    assert command[-3:] == ["-m", "not slow and not browser", "-x"] and "--nbval" in command
    handed.calls.clear()
    assert handed.main(["test", "-x"]) == 0
    *tools, command = handed.calls
    assert sorted(tools) == ["browser", "hub"] and "-m" not in command[2:]


def test_what_goes_wrong_beside_another_job_is_told(handed, monkeypatch):
    monkeypatch.setattr(handed, "add_hub", lambda: sys.exit("no hub"))
    with pytest.raises(SystemExit, match="no hub"):
        handed.main(["test"])
    assert "browser" in handed.calls and not any(isinstance(call, list) for call in handed.calls)


SECTIONS = [([], ["hub", "pip"]), (["hub"], ["hub"]), (["site"], ["pip"]), (["speed"], [])]


@pytest.mark.parametrize("words, due", SECTIONS)
def test_a_bench_is_handed_its_sections_and_what_they_need(handed, words, due):
    assert handed.main(["bench", *words]) == 0
    assert handed.calls == [*due, ["-m", "tests.bench", *words]]


def test_a_site_is_built_by_its_own_tools_and_pip(handed):
    assert handed.main(["site", "--serve"]) == 0
    assert handed.locks == [("requirements-site.lock", "site")]
    assert handed.calls == ["pip", ["-m", "classroom.site", "--serve"]]


def test_what_tests_and_benches_need_is_put_apart(handed):
    """Among the other packages seaborn would find scipy, and load it into every kernel."""
    for words in (["test", "quick"], ["bench"]):
        handed.locks.clear()
        assert handed.main(words) == 0
        apart = [(f"requirements-{name}.lock", name) for name in ("reference", "site")]
        assert sorted(handed.locks) == [*apart, ("requirements-test.lock", None)]
    assert handed.calls[-1] == ["-m", "tests.bench"]


def test_article_is_handed_on_where_there_is_one(handed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    handed.main(["test", "quick"])
    assert not any("--article" in word for word in handed.calls[-1])
    handed.main(["test", "quick", "--article", "mine.txt", "-x"])
    assert handed.calls[-1][-2:] == [f"--article={tmp_path / 'mine.txt'}", "-x"]
    monkeypatch.setattr(handed, "ARTICLE", ROOT / "LICENSE")
    handed.main(["test", "quick"])
    assert f"--article={ROOT / 'LICENSE'}" in handed.calls[-1]


@pytest.mark.parametrize(
    "present, root, apt, said",
    [
        (["google-chrome"], True, 0, False),
        (["apt-get"], True, 2, True),
        (["apt-get"], False, 0, True),
        ([], True, 0, True),
    ],
)
def test_browser_is_looked_for_and_installed_only_by_root(dry, monkeypatch, capsys, present, root, apt, said):
    monkeypatch.setattr(dry.shutil, "which", lambda name: name if name in present else None)
    monkeypatch.setattr(dry.os, "geteuid", lambda: 0 if root else 1000, raising=False)
    dry.ensure_browser()
    assert [command[0] for command in dry.ran] == ["apt-get"] * apt
    assert ("apt install chromium" in capsys.readouterr().out) == said


def test_the_hub_is_put_apart_and_its_proxy_by_npm_or_a_sentence_says_what_is_missing(dry, monkeypatch, capsys):
    dry.setup()
    dry.add_hub()
    assert len(dry.locks) == 1 and "apt install npm" in capsys.readouterr().out  # nothing of use without it
    monkeypatch.setattr(dry.shutil, "which", lambda name: name if name == "npm" else None)
    (dry.ENV / "hub" / "node").mkdir(parents=True)
    (dry.ENV / "hub" / "old package").touch()

    def call(command, **_):  # npm makes the folder
        dry.ran.append([str(word) for word in command])
        (dry.ENV / "hub" / "node").mkdir(parents=True, exist_ok=True)

    monkeypatch.setattr(dry.subprocess, "check_call", call)
    dry.add_hub()
    assert dry.locks[-1] == (dry.HUB_LOCK.name, {"folder": dry.ENV / "hub"})
    assert dry.ran[-1][:2] == ["npm", "install"] and re.fullmatch(r"[\w-]+@\d+\.\d+\.\d+", dry.ran[-1][-1])
    assert "--no-package-lock" in dry.ran[-1]  # it would name the registry
    assert not (dry.ENV / "hub" / "old package").exists()
    ran = len(dry.ran)
    dry.add_hub()
    assert len(dry.ran) == ran  # done once


# The environment that runs these tests


def test_a_console_that_cannot_show_a_sign_shows_another():
    code = "from utils.units import quantity; print(quantity('65 10*9/L', 'platelets'))"
    env = {**os.environ, "PYTHONIOENCODING": "cp1252"}
    said = subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, env=env).decode("cp1252")
    assert said.split() == ["65", "×10?/L"]


def in_venv():
    """True where these tests run in the .venv that lab.py made."""
    return Path(sys.prefix).resolve() == ROOT / ".venv"


@pytest.mark.skipif(not in_venv(), reason="not run from the .venv that lab.py makes")
def test_settings_are_installed():
    for place in SETTINGS:
        copy = Path(sys.prefix, place)
        assert copy.read_bytes() == (ROOT / "classroom" / copy.name).read_bytes()


@pytest.mark.bench
@pytest.mark.skipif(not in_venv(), reason="not run from the .venv that lab.py makes")
def test_second_start_is_quick(capsys):
    assert load_lab().installed(ROOT / "requirements.lock")
    start = time.perf_counter()
    done = subprocess.run([sys.executable, str(ROOT / "lab.py"), "setup"], capture_output=True)
    seconds = time.perf_counter() - start
    assert done.returncode == 0 and done.stdout == b""
    with capsys.disabled():
        print(f"\nset-up on a second start: {seconds:.2f} s (goal: 0.5 s)")


def outside():
    """An environment without the guard, for the two tests below that use the package index on purpose."""
    return {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "MAS_CASEBOOK_REFUSED")}


UV = shutil.which("uv", path=os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]]))


def new_environment(folder, *wanted):
    """A new environment with these put in, by uv where it is and works; returns its Python."""
    subprocess.check_call([sys.executable, "-m", "venv", "--without-pip", str(folder)], env=outside())
    python = str(folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
    if not UV or subprocess.call([UV, "pip", "install", "-q", "--python", python, *wanted], env=outside()):
        pip = [sys.executable, "-m", "pip", "--python", python]
        subprocess.check_call([*pip, "install", "-q", *wanted], env=outside())
    return python


@pytest.mark.slow
def test_environment_can_be_made_from_its_names_and_bounds(tmp_path):
    """What conda does with environment.yml, as far as it can be done with the package index."""
    lines = yaml.safe_load(ENVIRONMENT)["dependencies"]
    specifications = [x for x in lines if isinstance(x, str) and not re.match(r"(python|pip)\b", x)]
    python = new_environment(tmp_path / "env", *specifications, "-e", str(ROOT))
    code = "import jupyterlab, pandas, seaborn, ipywidgets, nbval, anywidget, yaml, utils; print(utils.__file__)"
    found = subprocess.check_output([python, "-c", code], text=True, cwd=tmp_path, env=outside())
    assert Path(found.strip()).parent == ROOT / "utils"
    assert (tmp_path / "env/share/jupyter/lab/settings/overrides.json").exists()
    assert (tmp_path / "env/etc/ipython/ipython_kernel_config.py").exists()


@pytest.mark.slow
def test_the_door_of_uv_opens_and_lab_py_leaves_what_uv_made(tmp_path):
    """The commands of the README, from the learner's own lock, in a copy of what is kept by git."""
    if not UV:
        pytest.skip("needs uv: it is among the test tools")
    listed = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT).decode().split("\0")
    for name in filter(os.path.isfile, (ROOT / name for name in listed if name)):
        copy = tmp_path / "course" / name.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(name, copy)
    env = {key: value for key, value in outside().items() if key != "VIRTUAL_ENV"}
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for command in (f"uv venv --python {sys.executable}", "uv pip sync --require-hashes requirements.lock",
                    "uv pip install --no-deps -e ."):  # fmt: skip
        assert command.split(" --python")[0] in readme
        subprocess.check_call([UV, *command.split()[1:]], cwd=tmp_path / "course", env=env)
    python = tmp_path / "course" / ".venv" / "bin" / "python"
    made = python.lstat().st_ctime_ns
    assert "uv run --no-sync jupyter lab notebooks" in readme
    subprocess.check_call([UV, "run", "--no-sync", "jupyter", "lab", "--version"], cwd=tmp_path / "course", env=env)
    done = subprocess.run([sys.executable, "lab.py", "setup"], cwd=tmp_path / "course", env=env, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"") and python.lstat().st_ctime_ns == made
    assert all((tmp_path / "course" / ".venv" / place).exists() for place in SETTINGS)


@pytest.mark.slow
def test_an_ordinary_install_brings_the_case_and_the_settings(tmp_path):
    """What a hub's environment gets: nothing of it leads back to this folder."""
    python = new_environment(tmp_path / "env", "--no-deps", str(ROOT))
    code = "import utils; from utils.case import CASEDATA, load_case; load_case(); print(utils.__file__, CASEDATA)"
    env = {**outside(), "PYTHONPATH": sysconfig.get_path("purelib")}  # the dependencies are lent
    found = subprocess.check_output([python, "-c", code], text=True, cwd=tmp_path, env=env).split()
    assert all(Path(path).is_relative_to(tmp_path / "env") for path in found)
    for place in SETTINGS:
        assert (tmp_path / "env" / place).read_bytes() == (ROOT / "classroom" / Path(place).name).read_bytes()


@pytest.mark.slow
def test_notebooks_show_the_same_with_the_oldest_versions_allowed(tmp_path):
    python = new_environment(tmp_path / "env", "--require-hashes", "-r", str(ROOT / "requirements-oldest.lock"))
    options = ["--nbval", "--nbval-current-env", "--nbval-sanitize-with", "tests/sanitize.cfg"]
    books = [f"notebooks/{name}.ipynb" for name in ("00_start_here", "04_five_rulers", "07_why_the_vein")]
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, *books]
    done = subprocess.run(command, cwd=ROOT, env=outside(), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:]
    assert "requests beyond this machine: 0" in done.stdout


# Licence, citation, and no package index by name


def test_licence_covers_code_and_text():
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Copyright 2026 The MAS Casebook contributors" in text
    assert "BSD-3-Clause" in text and "Redistributions of source code must retain" in text
    assert "https://creativecommons.org/licenses/by/4.0/" in text and DOI in text


def test_citation_names_the_article():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["cff-version"] == "1.2.0"
    assert citation["version"] == tomllib.loads(PYPROJECT)["project"]["version"]
    [article] = [entry for entry in citation["references"] if entry["type"] == "article"]
    assert article["doi"] == DOI
    assert [author["family-names"] for author in article["authors"]] == [
        "Meneghel",
        "Martini",
        "Amigoni",
        "Pettenazzo",
        "Padalino",
        "Zulian",
    ]


def files_naming(hosts, folder):
    """Files under a folder that contain one of these names; what git leaves out, too, is left out."""
    pattern = re.compile(b"|".join(re.escape(host.encode()) for host in hosts), re.IGNORECASE)
    for top, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in (".git", ".venv", "build")]
        for name in files:
            path = Path(top, name)
            if path.is_file() and pattern.search(path.read_bytes()):
                yield str(path.relative_to(folder))


def test_no_file_names_a_package_index():
    assert list(files_naming(HOSTS, ROOT)) == []


def test_search_for_package_indexes_can_fail(tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("see https" + "://files." + HOSTS[1].upper() + "/x")
    (tmp_path / "notes" / "b.txt").write_text("see the package index")
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "c.txt").write_text(HOSTS[0])
    assert list(files_naming(HOSTS, tmp_path)) == [str(Path("notes", "a.txt"))]
