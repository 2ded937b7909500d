"""A class on a real hub: each learner's server fetches the course, runs a notebook and answers; nothing is mixed up.

JupyterHub, its proxy and a process for each learner, all on loopback; ``lab.py`` puts them into ``.venv/hub``. Memory
and processor time are read from ``/proc``, so this is for Linux.
"""

import json
import os
import random
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import psutil
import requests
import websocket
from jupyter_client.session import Session

from classroom.hub.link import FOLDER

ROOT = Path(__file__).resolve().parents[2]
HUB = ROOT / ".venv" / "hub"
PROXY = HUB / "node" / "node_modules" / ".bin" / "configurable-http-proxy"
SETTINGS = ROOT / "classroom" / "hub" / "jupyterhub_config.py"
BOOK = "notebooks/03_flare_sepsis_or_mas.ipynb"
QUESTIONS = ("N3.1", "N3.2", "N3.3", "N3.4", "N3.5")  # three options each: 243 learners can all answer differently
LEARNERS, MORE = 24, 200
PATIENCE = 300  # seconds until what does not come counts as missing


# The seconds that one learner waited for each step.
Learner = namedtuple("Learner", "ready fetched finished")
# Memory in MiB, shared pages divided among those who share them (PSS), and processor seconds so far.
Use = namedtuple("Use", "memory processor")
# A class at once: what each learner took, what went wrong (in words), seconds in all, and uses() at the end.
Trial = namedtuple("Trial", "learners faults seconds uses")


def missing():
    """What the trial needs and does not find, in words; empty where all is there."""
    if not (HUB / "jupyterhub").is_dir() or not PROXY.exists():
        return "There is no hub in .venv/hub: python lab.py bench hub puts it there."
    if not all(map(shutil.which, ("node", "git"))):
        return "The hub's proxy needs node, and nbgitpuller git: install both (Debian: sudo apt install nodejs git)."
    return "" if Path("/proc/self/smaps_rollup").exists() else "The trial reads /proc, which only Linux has."


def course(folder):
    """A bare repository with the working tree's notebooks in it, as a teacher's would be; returns its address."""
    work, bare = folder / "work", folder / f"{FOLDER}.git"
    shutil.copytree(ROOT / "notebooks", work / "notebooks", ignore=shutil.ignore_patterns(".*"))
    author = ("-c", "user.name=teacher", "-c", "user.email=teacher@localhost")
    for step in (("init", "-q", "-b", "main"), ("add", "."), (*author, "commit", "-q", "-m", "course")):
        subprocess.run(["git", *step], cwd=work, check=True)
    subprocess.run(["git", "clone", "-q", "--bare", str(work), str(bare)], check=True)
    return bare.as_uri()


def is_free(port):
    with suppress(OSError), socket.create_server(("127.0.0.1", port)):
        return True


class Hub:
    """A running hub; what the driver asks of it, it asks as a service that may act for every learner."""

    def __init__(self, address, homes, process, token):
        self.address, self.homes, self.process = address, homes, process
        self.headers = {"Authorization": f"token {token}"}

    def ask(self, verb, path, **options):
        """A request; RuntimeError with the answer where it is refused."""
        answer = requests.request(verb, self.address + path, headers=self.headers, timeout=PATIENCE, **options)
        if not answer.ok:
            raise RuntimeError(f"{verb} {path}: {answer.status_code} {answer.text[:300]}")
        return answer

    def events(self, path, **options):
        """The events of a stream, as a page gets them."""
        for line in self.ask("GET", path, stream=True, **options).iter_lines():
            if line.startswith(b"data:"):
                yield json.loads(line[5:])

    def start(self, name):
        """Start a learner's server and wait until it answers."""
        self.ask("POST", f"/hub/api/users/{name}")
        self.ask("POST", f"/hub/api/users/{name}/server")
        for event in self.events(f"/hub/api/users/{name}/server/progress"):
            if event.get("failed"):
                raise RuntimeError(f"the server of {name} did not start: {event['message']}")
            if event.get("ready"):
                return

    def fetch(self, name, repository):
        """Let nbgitpuller bring the course into the learner's home, as its page does."""
        asked = {"repo": repository, "branch": "main", "targetpath": FOLDER}
        *_, last = self.events(f"/user/{name}/git-pull/api", params=asked)
        if last["phase"] != "finished":
            raise RuntimeError(f"nbgitpuller, for {name}: {last}")

    def open(self, name, book):
        """Open a notebook as JupyterLab does and start its kernel; returns the code cells and the kernel's socket."""
        at = f"/user/{name}"
        self.ask("GET", f"{at}/lab/tree/{FOLDER}/{book}")
        notebook = self.ask("GET", f"{at}/api/contents/{FOLDER}/{book}?type=notebook&content=1").json()["content"]
        asked = {"path": f"{FOLDER}/{book}", "name": "", "type": "notebook", "kernel": {"name": "python3"}}
        kernel = self.ask("POST", f"{at}/api/sessions", json=asked).json()["kernel"]["id"]
        channels = f"{self.address.replace('http', 'ws', 1)}{at}/api/kernels/{kernel}/channels"
        line = websocket.create_connection(channels, header=self.headers, timeout=PATIENCE)
        return [c["source"] for c in notebook["cells"] if c["cell_type"] == "code"], line


def run(line, source):
    """Run a cell through the kernel's socket; RuntimeError where it fails or anything in it shows an error.

    Reply and end come on two channels in either order, so both are waited for.
    """
    asked = Session().msg("execute_request", {"code": source, "silent": False, "store_history": True})
    line.send(json.dumps({**asked, "channel": "shell"}, default=str))
    text, waiting = "", {"execute_reply", "idle"}
    while waiting:
        message = json.loads(line.recv())
        if message["parent_header"].get("msg_id") != asked["header"]["msg_id"]:
            continue
        kind, content = message["msg_type"], message["content"]
        if kind == "error" or content.get("status") == "error":
            raise RuntimeError(f"{content['ename']}: {content['evalue']} in {source[:60]!r}")
        text += content["text"] if kind == "stream" else ""
        waiting -= {kind, content.get("execution_state")}
    return text


def choices(number):
    """Answers to the five questions that no other of 243 learners gives."""
    return {question: "abc"[number // 3**n % 3] for n, question in enumerate(QUESTIONS)}


def learn(hub, number, repository):
    """One learner from the link to the last answer; RuntimeError where the record holds anything but these answers."""
    begun, name = time.perf_counter(), f"learner-{number}"
    hub.start(name)
    ready = time.perf_counter()
    hub.fetch(name, repository)
    fetched = time.perf_counter()
    cells, line = hub.open(name, BOOK)
    for source in cells:
        run(line, source)
    finished = time.perf_counter()
    for question, choice in choices(number).items():
        run(line, f"_ = answer({question!r}, {choice!r}, confidence='low')")
    line.close()
    record = json.loads((hub.homes / name / ".mas-casebook" / "answers.json").read_text(encoding="utf-8"))
    given = {question: entry["choice"] for question, entry in record["answers"].items()}
    if given != choices(number):
        raise RuntimeError(f"{name} answered {choices(number)}, and the record holds {given}")
    return Learner(ready - begun, fetched - ready, finished - fetched)


def use(process):
    """What a process takes now; what its children took counts once they have ended."""
    return Use(process.memory_full_info().pss / 2**20, sum(process.cpu_times()[:4]))


def uses(process):
    """What hub, proxy, servers and kernels take, as a dict of list of Use."""
    kinds = {"jupyterhub.singleuser": "server", "ipykernel_launcher": "kernel", "configurable-http-proxy": "proxy"}
    found = {"hub": [use(process)], "proxy": [], "server": [], "kernel": []}
    for child in process.children(recursive=True):
        found[next(kind for mark, kind in kinds.items() if mark in " ".join(child.cmdline()))].append(use(child))
    return found


@contextmanager
def serve(folder, settings=SETTINGS):
    """A hub with its proxy on loopback, the learners' homes in `folder`; yields a Hub."""
    # Below those of which the system gives one to whoever asks for any.
    port, hub_port, proxy_port, *_ = filter(is_free, random.sample(range(20_000, 32_000), 20))
    address, homes, token = f"http://127.0.0.1:{port}", folder / "homes", secrets.token_hex(16)
    homes.mkdir()
    sockets = tempfile.mkdtemp()  # of the kernels, which need a short path
    env = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([os.environ.get("PYTHONPATH") or str(ROOT), str(HUB)]),
        "TRIAL": json.dumps(
            [str(settings or ""), address, hub_port, proxy_port, str(PROXY), str(homes), sockets, token]
        ),
        "JUPYTER_CONFIG_PATH": str(HUB / "etc" / "jupyter"),  # switches nbgitpuller on
    }
    command = [sys.executable, "-m", "jupyterhub", "-f", str(Path(__file__).with_name("hub_config.py"))]
    with open(folder / "hub.log", "w") as log:
        process = psutil.Popen(command, env=env, cwd=folder, stdout=log, stderr=log)
    hub = Hub(address, homes, process, token)
    try:
        end = time.monotonic() + PATIENCE
        while process.poll() is None and time.monotonic() < end:
            with suppress(OSError, RuntimeError):
                hub.ask("GET", "/hub/api/users")
                break
            time.sleep(0.25)
        else:
            raise RuntimeError(f"the hub did not start: {(folder / 'hub.log').read_text()[-3000:]}")
        yield hub
    finally:
        family = process.children(recursive=True) if process.is_running() else []
        with suppress(psutil.Error):
            process.terminate()  # it ends its servers and its proxy
            process.wait(PATIENCE)
        for left in psutil.wait_procs(family, 10)[1]:
            left.kill()
        shutil.rmtree(sockets, ignore_errors=True)


def attend(hub, repository, count):
    """Let `count` learners start at once, each with a server and a home of their own; returns a Trial."""
    with ThreadPoolExecutor(count) as pool:
        begun = time.perf_counter()
        asked = [pool.submit(learn, hub, number, repository) for number in range(count)]
        faults = [f"learner-{n}: {fault}" for n, each in enumerate(asked) if (fault := each.exception())]
        seconds = time.perf_counter() - begun
    records = sorted(str(path.relative_to(hub.homes)) for path in hub.homes.rglob("answers.json"))
    wanted = sorted(f"learner-{number}/.mas-casebook/answers.json" for number in range(count))
    if not faults and records != wanted:
        faults.append(f"there are these records: {', '.join(records)}")
    return Trial([each.result() for each in asked if not each.exception()], faults, seconds, uses(hub.process))


def measure(count=LEARNERS, settings=SETTINGS):
    """A Trial of a class of `count`; without `settings`, of the hub as it comes."""
    with tempfile.TemporaryDirectory() as name:
        repository = course(Path(name))
        with serve(Path(name), settings) as hub:
            trial = attend(hub, repository, count)
            if trial.faults:
                log = (Path(name) / "hub.log").read_text().splitlines()
                trial.faults.extend([line for line in log if re.match(r"\[[WEC] ", line)][-20:])
            return trial


def arithmetic(trial, count=MORE):
    """What the measured numbers come to for `count` learners: GiB, and processor seconds from the start to the end."""
    server, kernel, hub, proxy = (np.mean(trial.uses[kind], axis=0) for kind in ("server", "kernel", "hub", "proxy"))
    each, shared = server + kernel, hub + proxy
    memory = shared[0] + count * each[0]
    return memory / 1024, count * (each[1] + shared[1] / len(trial.learners))
