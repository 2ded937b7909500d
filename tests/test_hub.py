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
                except Exception as fault:
                    yield f"{section}.{name}: {fault}"

for file in sys.argv[1:]:
    config = PyFileConfigLoader(file).load_config()
    told = KeyValueConfigLoader(config.Spawner.pop("args").get_value([])).load_config()
    print(json.dumps([*faults(config, JupyterHub, Spawner), *faults(told, ServerApp, MappingKernelManager)]))
"""


@pytest.mark.slow
def test_every_setting_is_known_to_the_class_it_names(hub_installed, tmp_path):
    spoiled = {
        "Spawner.http_time_out": ("http_timeout", "http_time_out"),
        "Spawners.mem_limit": ("Spawner.mem_limit", "Spawners.mem_limit"),
        "MappingKernelManager.cull_after": ("cull_idle_timeout", "cull_after"),
        "JupyterHub.concurrent_spawn_limit: ": ("limit = 60", "limit = 'sixty'"),
        "Spawner.mem_guarantee: ": ('"256M"', '"256 megs"'),
        "ServerApp.shutdown_no_activity_timeout: ": ("activity_timeout=3600", "activity_timeout=soon"),
    }
    text = SETTINGS
    for old, new in spoiled.values():
        text = text.replace(old, new)
    (tmp_path / "spoiled.py").write_text(text, encoding="utf-8")
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([os.environ["PYTHONPATH"], str(hub.HUB)])}
    command = [sys.executable, "-W", "ignore", "-c", CHECK, str(hub.SETTINGS), str(tmp_path / "spoiled.py")]
    good, bad = map(json.loads, subprocess.check_output(command, env=env, text=True).splitlines())
    assert good == []
    pairs = zip(sorted(spoiled), sorted(bad), strict=True)
    assert [(fault, found) for fault, found in pairs if not found.startswith(fault)] == []
    # What a teacher has set beside ours is added to, not replaced.
    assert not re.search(r"c\.Spawner\.(environment|args) =", SETTINGS)


def test_kubernetes_is_told_the_same():
    """Its chart cannot load the file, so the notes repeat it."""
    notes = (hub.SETTINGS.parent / "README.md").read_text(encoding="utf-8")
    values = yaml.safe_load(notes.split("```yaml")[1].split("```")[0])
    one, spawner = values["singleuser"], values["hub"]["config"]["KubeSpawner"]
    noted = {
        "Spawner.start_timeout": one["startTimeout"],
        "Spawner.http_timeout": spawner["http_timeout"],
        "Spawner.mem_guarantee": one["memory"]["guarantee"],
        "Spawner.mem_limit": one["memory"]["limit"],
        "Spawner.default_url": one["defaultUrl"],
        "JupyterHub.concurrent_spawn_limit": values["hub"]["concurrentSpawnLimit"],
    }
    config = PyFileConfigLoader(str(hub.SETTINGS)).load_config()
    args, environment = config.Spawner.pop("args"), config.Spawner.pop("environment")
    assert noted == {f"{section}.{name}": value for section in config for name, value in config[section].items()}
    assert spawner["args"] == args.get_value([]) and one["extraEnv"] == environment.get_value({})


@pytest.mark.parametrize("repository", ["https://git.example/us/mas-casebook.git", "https://git.example/a b/c&d?e=f#g"])
@pytest.mark.parametrize("base", ["https://hub.example", "https://school.example/jupyter/"])
def test_the_links_say_what_to_fetch_or_build_and_open_the_first_notebook(base, repository):
    url = urlsplit(link.pull(base, repository, "spring/27"))
    assert f"{url.scheme}://{url.netloc}{url.path}" == base.rstrip("/") + "/hub/user-redirect/git-pull"
    opened = f"lab/tree/mas-casebook/{link.FIRST}"
    asked = {"repo": repository, "branch": "spring/27", "targetPath": "mas-casebook", "urlpath": opened}
    assert parse_qs(url.query) == {k: [v] for k, v in asked.items()} and url.fragment == ""
    assert (ROOT / link.FIRST).exists() and f'default_url = "/{opened}"' in SETTINGS  # one folder in both
    url = urlsplit(link.binder(repository, "spring/27", base))
    assert unquote(re.fullmatch(r".*/v2/git/([^/]+)/spring/27", url.path)[1]) == repository
    assert parse_qs(url.query) == {"urlpath": [f"lab/tree/{link.FIRST}"]}


def test_the_links_are_printed_and_a_wrong_address_gets_a_sentence():
    repository = "https://git.example/us/mas-casebook"
    for words in (["https://hub.example", repository, "main"], ["hub.example", repository], ["https://hub.example"]):
        command = [sys.executable, "-m", "classroom.hub.link", *words]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
        links = [link.pull("https://hub.example", repository), link.binder(repository)] if "main" in words else []
        assert done.stdout.split() == links and "Traceback" not in done.stderr
        assert (done.returncode == 0) == (done.stderr == "") == bool(links) and (links or "https://" in done.stderr)


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


def test_answers_go_home_where_the_course_folder_is_shared_and_shut():
    """One folder for all that only the teacher may write to; not under pytest's own, which lets no other in."""
    with tempfile.TemporaryDirectory() as folder:
        home, course = Path(folder) / "home", Path(folder) / "course"
        Path(folder).chmod(0o755)
        home.mkdir()
        course.mkdir(mode=0o555)
        env = {k: v for k, v in os.environ.items() if not k.startswith("MAS_CASEBOOK")} | {"HOME": str(home)}
        done = subprocess.run([sys.executable, "-c", SHUT], cwd=course, env=env, capture_output=True, text=True)
        record = json.loads((home / ".mas-casebook" / "answers.json").read_text(encoding="utf-8"))
    assert "PermissionError: [Errno 13] Permission denied: 'mine.txt'" in done.stderr, "the folder was not shut"
    assert "could not be saved" not in done.stdout and record["answers"]["N3.1"]["choice"] == "b"


# ---- the driver of the trial, which must see what goes wrong ---------------------------------------------------------
class School(SimpleNamespace):
    """A hub without one: cells run nowhere, and the record holds what it is made to hold."""

    def start(self, name):
        record = self.homes / name / ".mas-casebook" / "answers.json"
        record.parent.mkdir(parents=True)
        record.write_text(json.dumps({"answers": {q: {"choice": choice} for q, choice in self.holds.items()}}))

    def fetch(self, name):
        pass

    def open(self, name, book):
        return ["1"], SimpleNamespace(close=lambda: None)


@pytest.mark.parametrize(
    "holds, stray, fault",
    [
        (hub.choices(0), ".", ""),
        (hub.choices(1), ".", "learner-0 answered"),  # another's
        ({**hub.choices(0), "N1.1": "a"}, ".", "learner-0 answered"),
        (hub.choices(0), "answers.json", "answers.json, learner-0/.mas-casebook/answers.json"),  # where nobody lives
    ],
)
def test_a_record_with_anything_but_the_learners_own_answers_is_a_fault(tmp_path, monkeypatch, holds, stray, fault):
    assert len({tuple(hub.choices(number).values()) for number in range(243)}) == 243
    monkeypatch.setattr(hub, "run", lambda line, source: "")
    monkeypatch.setattr(hub, "uses", lambda process: {})
    (tmp_path / stray).touch()
    found = hub.attend(School(homes=tmp_path, holds=holds, process=None), 1)
    assert fault in found.faults[0] if fault else found.faults == [] and len(found.learners) == 1
