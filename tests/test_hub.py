"""A class on a hub: the settings are ones a hub knows, the links decode, and nothing of one learner is another's."""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import yaml
from traitlets.config.loader import PyFileConfigLoader

from classroom.hub import link
from tests.bench import hub

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = hub.SETTINGS.read_text(encoding="utf-8")
# For each file: what in it no class of the hub or of a learner's server knows, or takes. Run where these classes are.
CHECK = """
import json, sys
from jupyter_server.serverapp import ServerApp
from jupyter_server.services.kernels.kernelmanager import MappingKernelManager
from jupyterhub.app import JupyterHub
from jupyterhub.spawner import Spawner
from traitlets import TraitError
from traitlets.config import Config
from traitlets.config.loader import KeyValueConfigLoader, PyFileConfigLoader

def faults(config, *classes):
    known = {c.__name__: c for c in classes}
    for section, options in config.items():
        for name, value in options.items():
            if section not in known or name not in known[section].class_trait_names(config=True):
                yield f"{section}.{name}"
            else:
                try:
                    known[section](config=Config({section: {name: value}}))
                except (TraitError, ValueError) as fault:
                    yield f"{section}.{name}: {fault}"

found = []
for file in sys.argv[1:]:
    config = PyFileConfigLoader(file).load_config()
    arguments = config.get("Spawner", {}).pop("args", None)
    told = KeyValueConfigLoader(arguments.get_value([]) if arguments else []).load_config()
    found.append([*faults(config, JupyterHub, Spawner), *faults(told, ServerApp, MappingKernelManager)])
print(json.dumps(found))
"""


def checked(folder, *texts):
    """The faults of each text as a hub's settings."""
    files = [folder / f"{n}.py" for n in range(len(texts))]
    for file, text in zip(files, texts, strict=True):
        file.write_text(text, encoding="utf-8")
    path = os.pathsep.join([os.environ["PYTHONPATH"], str(hub.HUB)])
    command = [sys.executable, "-W", "ignore", "-c", CHECK, *map(str, files)]
    return json.loads(subprocess.check_output(command, env={**os.environ, "PYTHONPATH": path}, text=True))


def test_every_setting_is_known_to_the_class_it_names(hub_installed, tmp_path):
    spoiled = {
        "Spawner.http_time_out": ("http_timeout", "http_time_out"),
        "Spawners.mem_limit": ("Spawner.mem_limit", "Spawners.mem_limit"),
        "MappingKernelManager.cull_after": ("cull_idle_timeout", "cull_after"),
        "JupyterHub.concurrent_spawn_limit: ": ("limit = 60", "limit = 'sixty'"),
        "Spawner.mem_guarantee: ": ('"256M"', '"256 megs"'),
        "ServerApp.shutdown_no_activity_timeout: ": ("activity_timeout=3600", "activity_timeout=soon"),
    }
    assert all(SETTINGS.count(old) >= 1 for old, _ in spoiled.values())
    good, *bad = checked(tmp_path, SETTINGS, *(SETTINGS.replace(old, new) for old, new in spoiled.values()))
    assert good == []
    for fault, found in zip(spoiled, bad, strict=True):
        assert len(found) == 1 and found[0].startswith(fault), (fault, found)


def test_a_hub_keeps_what_a_teacher_has_set_beside_ours():
    """Environment and arguments are added to, not replaced."""
    assert not re.search(r"c\.Spawner\.(environment|args) =", SETTINGS)


def test_kubernetes_is_told_the_same():
    """Its chart cannot load the file, so the notes repeat it."""
    notes = (hub.SETTINGS.parent / "README.md").read_text(encoding="utf-8")
    values = yaml.safe_load(notes.split("```yaml")[1].split("```")[0])
    one, spawner = values["singleuser"], values["hub"]["config"]["KubeSpawner"]
    told = {
        "Spawner.start_timeout": one["startTimeout"],
        "Spawner.http_timeout": spawner["http_timeout"],
        "Spawner.mem_guarantee": one["memory"]["guarantee"],
        "Spawner.mem_limit": one["memory"]["limit"],
        "Spawner.default_url": one["defaultUrl"],
        "JupyterHub.concurrent_spawn_limit": values["hub"]["concurrentSpawnLimit"],
    }
    config = PyFileConfigLoader(str(hub.SETTINGS)).load_config()
    args, environment = config.Spawner.pop("args"), config.Spawner.pop("environment")
    assert told == {f"{section}.{name}": value for section in config for name, value in config[section].items()}
    assert spawner["args"] == args.get_value([]) and one["extraEnv"] == environment.get_value({})


@pytest.mark.parametrize("repository", ["https://git.example/us/mas-casebook.git", "https://git.example/a b/c&d?e=f#g"])
@pytest.mark.parametrize("base", ["https://hub.example", "https://school.example/jupyter/"])
def test_the_link_to_a_hub_says_what_to_fetch_and_opens_the_first_notebook(base, repository):
    url = urlsplit(link.pull(base, repository, "spring/27"))
    assert f"{url.scheme}://{url.netloc}{url.path}" == base.rstrip("/") + "/hub/user-redirect/git-pull"
    folder = "mas-casebook"
    told = {k: [v] for k, v in (("repo", repository), ("branch", "spring/27"), ("targetPath", folder))}
    assert parse_qs(url.query) == {**told, "urlpath": [f"lab/tree/{folder}/{link.FIRST}"]} and url.fragment == ""
    assert (ROOT / link.FIRST).exists()
    assert f'default_url = "/lab/tree/{folder}/{link.FIRST}"' in SETTINGS  # one folder in both


def test_the_link_to_binder_says_what_to_build_and_opens_the_first_notebook():
    url = urlsplit(link.binder("https://git.example/us/mas-casebook.git", "spring/27", "https://binder.example"))
    _, version, provider, repository, branch = url.path.split("/", 4)
    assert (version, provider, unquote(repository)) == ("v2", "git", "https://git.example/us/mas-casebook.git")
    assert branch == "spring/27" and parse_qs(url.query) == {"urlpath": [f"lab/tree/{link.FIRST}"]}


def test_the_links_are_printed_and_a_wrong_address_gets_a_sentence():
    def ask(*words):
        command = [sys.executable, "-m", "classroom.hub.link", *words]
        return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)

    repository = "https://git.example/us/mas-casebook"
    told = ask("https://hub.example", repository, "main")
    assert told.stdout.split() == [link.pull("https://hub.example", repository), link.binder(repository)]
    for words in (["hub.example", repository], ["https://hub.example"]):
        told = ask(*words)
        assert told.returncode and "https://" in told.stderr and "Traceback" not in told.stderr


SHUT = """
import os, pathlib
from utils.quiz import answer, reveal
reveal("N3.1")  # whatever is read only once
if os.geteuid() == 0:  # root may write anywhere
    os.chown(pathlib.Path.home(), 65534, 65534)
    os.seteuid(65534)
print(answer("N3.1", "b"))
open("mine.txt", "w")
"""


def test_answers_go_home_where_the_course_folder_is_shared_and_shut(shut):
    """One folder for all that only the teacher may write to."""
    home, course = shut / "home", shut / "course"
    env = {k: v for k, v in os.environ.items() if not k.startswith("MAS_CASEBOOK")}
    command = [sys.executable, "-c", SHUT]
    done = subprocess.run(command, cwd=course, env={**env, "HOME": str(home)}, capture_output=True, text=True)
    assert "PermissionError: [Errno 13] Permission denied: 'mine.txt'" in done.stderr, "the folder was not shut"
    assert "could not be saved" not in done.stdout
    record = json.loads((home / ".mas-casebook" / "answers.json").read_text(encoding="utf-8"))
    assert record["answers"]["N3.1"]["choice"] == "b"


@pytest.fixture
def shut():
    """A folder with a home and a course in which nobody may write; not under pytest's own, which lets no other in."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        (Path(folder) / "home").mkdir()
        (Path(folder) / "course").mkdir(mode=0o555)
        yield Path(folder)


# ---- the driver -----------------------------------------------------------------------------------------------------


def test_no_two_learners_of_a_class_answer_alike():
    assert len({tuple(hub.choices(number).values()) for number in range(243)}) == 243


class Line:
    """A kernel's socket that answers each cell with these messages."""

    def __init__(self, *messages):
        self.messages = messages

    def send(self, text):
        asked = json.loads(text)["header"]["msg_id"]
        other = [("error", {"ename": "E", "evalue": "of another cell"})]
        told = [(kind, content, asked) for kind, content in self.messages] + [(*m, "another") for m in other]
        self.queue = [
            json.dumps({"msg_type": kind, "content": content, "parent_header": {"msg_id": parent}})
            for kind, content, parent in told[-1:] + told[:-1]
        ]

    def recv(self):
        return self.queue.pop(0)


REPLY, IDLE = ("execute_reply", {"status": "ok"}), ("status", {"execution_state": "idle"})
BUSY, WORD = ("status", {"execution_state": "busy"}), ("stream", {"text": "hello"})
WRONG = {"ename": "NameError", "evalue": "no such name"}


@pytest.mark.parametrize("order", [(REPLY, WORD, IDLE), (WORD, IDLE, REPLY)])
def test_a_cell_is_over_when_reply_and_end_have_come_in_either_order(order):
    line = Line(BUSY, *order)
    assert hub.run(line, "pass") == "hello" and line.queue == []


@pytest.mark.parametrize("shown", [("error", WRONG), ("execute_reply", {"status": "error", **WRONG})])
def test_a_cell_that_fails_or_shows_an_error_is_told(shown):
    with pytest.raises(RuntimeError, match="NameError: no such name in 'x'"):
        hub.run(Line(BUSY, shown, REPLY, IDLE), "x")


class School(SimpleNamespace):
    """A hub without one: cells run nowhere, and the record holds what it is made to hold."""

    def start(self, name):
        record = self.homes / name / ".mas-casebook" / "answers.json"
        record.parent.mkdir(parents=True)
        held = {question: {"choice": choice} for question, choice in self.holds.items()}
        record.write_text(json.dumps({"answers": held}))

    def fetch(self, name, repository):
        pass

    def open(self, name, book):
        return ["1"], SimpleNamespace(close=lambda: None)


@pytest.mark.parametrize(
    "holds",
    [{}, hub.choices(1), {**hub.choices(0), "N1.1": "a"}, {q: c for q, c in hub.choices(0).items() if q != "N3.5"}],
    ids=["nothing", "another's", "one too many", "one lost"],
)
def test_a_record_with_anything_but_the_learners_own_answers_is_told(tmp_path, monkeypatch, holds):
    monkeypatch.setattr(hub, "run", lambda line, source: "")
    monkeypatch.setattr(hub, "uses", lambda process: {})
    good = hub.attend(School(homes=tmp_path / "good", holds=hub.choices(0), process=None), "", 1)
    assert good.faults == [] and len(good.learners) == 1
    bad = hub.attend(School(homes=tmp_path / "bad", holds=holds, process=None), "", 1)
    assert "learner-0 answered" in bad.faults[0] and bad.learners == []


def test_a_record_that_lies_where_nobody_lives_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(hub, "run", lambda line, source: "")
    monkeypatch.setattr(hub, "uses", lambda process: {})
    stray = tmp_path / "answers.json"
    stray.touch()
    told = hub.attend(School(homes=tmp_path, holds=hub.choices(0), process=None), "", 1)
    assert "answers.json, learner-0/.mas-casebook/answers.json" in told.faults[0]


def trial(count=4):
    use = {"server": hub.Use(100.0, 3.0), "kernel": hub.Use(60.0, 2.0)}
    uses = {kind: [each] * count for kind, each in use.items()}
    uses |= {"hub": [hub.Use(96.0, 3.0)], "proxy": [hub.Use(32.0, 1.0)]}
    learners = [hub.Learner(ready, 1.0, 5.0) for ready in range(10, 10 + count)]
    return hub.Trial(learners, [], 21.0, uses)


def test_arithmetic():
    """128 MiB for hub and proxy, 160 MiB a learner; 5 s a learner and, of the 4 s of hub and proxy, a share."""
    memory, processor = hub.arithmetic(trial(), 200)
    assert memory == pytest.approx((128 + 200 * 160) / 1024) and processor == pytest.approx(200 * (5 + 4 / 4))
