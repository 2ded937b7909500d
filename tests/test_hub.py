"""A class on a hub: the settings are ones a hub knows, the links decode, and nothing of one learner is another's."""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import yaml
from traitlets.config.loader import PyFileConfigLoader

from classroom.hub import link
from tests.bench import hub

SETTINGS = hub.SETTINGS.read_text(encoding="utf-8")


def test_kubernetes_is_told_the_same():
    """Its chart cannot load the file, so the notes repeat it."""
    notes = (hub.SETTINGS.parent / "README.md").read_text(encoding="utf-8")
    values = yaml.safe_load(notes.split("```yaml")[1].split("```")[0])
    one, spawner = values["singleuser"], values["hub"]["config"]["KubeSpawner"]
    config = PyFileConfigLoader(str(hub.SETTINGS)).load_config()
    assert config.keys() == {"JupyterHub", "Spawner"}  # whose names tests/browser has a hub look at
    # What a teacher has set beside ours is added to, not replaced.
    assert not re.search(r"c\.Spawner\.(environment|args) =", SETTINGS)
    assert config.JupyterHub == {"concurrent_spawn_limit": values["hub"]["concurrentSpawnLimit"]}
    lazy = {"args": spawner["args"], "environment": one["extraEnv"]}
    assert {name: config.Spawner.pop(name).get_value(type(value)()) for name, value in lazy.items()} == lazy
    assert config.Spawner == {
        "start_timeout": one["startTimeout"],
        "http_timeout": spawner["http_timeout"],
        "mem_guarantee": one["memory"]["guarantee"],
        "mem_limit": one["memory"]["limit"],
        "default_url": one["defaultUrl"],
    }


def test_the_links_say_what_to_fetch_or_build_and_open_the_first_notebook():
    base, repository = "https://school.example/jupyter/", "https://git.example/a b/c&d?e=f#g"
    command = [sys.executable, "-m", "classroom.hub.link"]
    printed = subprocess.check_output([*command, base, repository, "spring/27"], text=True, cwd=hub.ROOT)
    pull, binder = map(urlsplit, printed.split())
    assert pull._replace(query="").geturl() == f"{base}hub/user-redirect/git-pull"
    opened = f"lab/tree/mas-casebook/{link.FIRST}"
    wanted = {"repo": repository, "branch": "spring/27", "targetPath": "mas-casebook", "urlpath": opened}
    assert parse_qs(pull.query) == {k: [v] for k, v in wanted.items()}
    assert (hub.ROOT / link.FIRST).exists() and f'default_url = "/{opened}"' in SETTINGS  # one folder in both
    assert unquote(re.fullmatch(r"/v2/git/([^/]+)/spring/27", binder.path)[1]) == repository
    assert parse_qs(binder.query) == {"urlpath": [f"lab/tree/{link.FIRST}"]}
    for words in (["hub.example", repository], [base]):
        done = subprocess.run([*command, *words], capture_output=True, text=True, cwd=hub.ROOT)
        assert done.returncode == 1 and "https://" in done.stderr and "Traceback" not in done.stderr


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


@pytest.mark.skipif(os.name == "nt", reason="a hub is not for Windows")
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


@pytest.mark.parametrize(
    "place, holds, fault",
    [
        ("learner-0/.mas-casebook", hub.choices(0), False),
        ("learner-0/.mas-casebook", hub.choices(1), True),  # another's
        ("learner-0/.mas-casebook", {**hub.choices(0), "N1.1": "a"}, True),
        (".", hub.choices(0), True),  # where nobody lives
    ],
)
def test_a_record_with_anything_but_the_learners_own_answers_is_a_fault(tmp_path, place, holds, fault):
    assert len({tuple(hub.choices(number).values()) for number in range(243)}) == 243
    (tmp_path / place).mkdir(parents=True, exist_ok=True)
    record = {"answers": {question: {"choice": choice} for question, choice in holds.items()}}
    (tmp_path / place / "answers.json").write_text(json.dumps(record))
    assert bool([*hub.mixed_up(tmp_path, 1)]) == fault
