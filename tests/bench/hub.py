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
import subprocess
import sys
import tempfile
import time
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
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
MARKS = {"jupyterhub.singleuser": "server", "ipykernel_launcher": "kernel", "configurable-http-proxy": "proxy"}

Learner = namedtuple("Learner", "ready fetched finished")  # the seconds that one learner waited for each step
Use = namedtuple("Use", "memory processor")  # MiB, shared pages divided among those who share them; seconds so far
Trial = namedtuple("Trial", "learners faults seconds uses")  # faults in words; uses: dict of kind -> list of Use


def missing():
    """What the trial needs and does not find, in words; empty where all is there."""
    if not (HUB / "jupyterhub").is_dir() or not PROXY.exists():
        return "There is no hub in .venv/hub: python lab.py bench hub puts it there."
    there = all(map(shutil.which, ("node", "git"))) and Path("/proc/self/smaps_rollup").exists()
    return "" if there else "The trial needs node, git and Linux (Debian: sudo apt install nodejs git)."


class Hub:
    """A running hub; what the driver asks of it, it asks as a service that may act for every learner."""

    def __init__(self, address, folder, process, token):
        self.address, self.homes, self.process = address, folder / "homes", process
        self.repository = (folder / f"{FOLDER}.git").as_uri()
        self.headers = {"Authorization": f"token {token}"}

    def ask(self, verb, path, **options):
        """A request; RuntimeError with the answer where it is refused."""
        answer = requests.request(verb, self.address + path, headers=self.headers, timeout=PATIENCE, **options)
        if not answer.ok:
            raise RuntimeError(f"{verb} {path}: {answer.status_code} {answer.text[:300]}")
        return answer

    def last(self, path, wanted, **options):
        """Wait for the end of a stream of events, as a page does; RuntimeError where it is not the wanted one."""
        lines = self.ask("GET", path, stream=True, **options).iter_lines()
        event = [json.loads(line[5:]) for line in lines if line.startswith(b"data:")][-1]
        if not (event.get(wanted) or event.get("phase") == wanted):
            raise RuntimeError(f"{path}: {event}")

    def start(self, name):
        """Start a learner's server and wait until it answers."""
        at = f"/hub/api/users/{name}"
        self.ask("POST", at), self.ask("POST", f"{at}/server")
        self.last(f"{at}/server/progress", "ready")

    def fetch(self, name):
        """Let nbgitpuller bring the course into the learner's home, as its page does."""
        asked = {"repo": self.repository, "branch": "main", "targetpath": FOLDER}
        self.last(f"/user/{name}/git-pull/api", "finished", params=asked)

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
    """Run a cell through the kernel's socket and return what it prints; RuntimeError where anything shows an error.

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


def learn(hub, number):
    """One learner from the link to the last answer; RuntimeError where the record holds anything but these answers."""
    name, times = f"learner-{number}", [time.perf_counter()]
    for step in (hub.start, hub.fetch):
        step(name)
        times.append(time.perf_counter())
    cells, line = hub.open(name, BOOK)
    with closing(line):
        for source in cells:
            run(line, source)
        times.append(time.perf_counter())
        for question, choice in choices(number).items():
            run(line, f"_ = answer({question!r}, {choice!r}, confidence='low')")
    record = json.loads((hub.homes / name / ".mas-casebook" / "answers.json").read_text(encoding="utf-8"))
    given = {question: entry["choice"] for question, entry in record["answers"].items()}
    if given != choices(number):
        raise RuntimeError(f"{name} answered {choices(number)}, and the record holds {given}")
    return Learner(*np.diff(times))


def uses(process):
    """What hub, proxy, servers and kernels take; what their own children took counts once these have ended."""
    found = {"hub": [], "proxy": [], "server": [], "kernel": []}
    for each in (process, *process.children(recursive=True)):
        kind = next((kind for mark, kind in MARKS.items() if mark in " ".join(each.cmdline())), "hub")
        found[kind].append(Use(each.memory_full_info().pss / 2**20, sum(each.cpu_times()[:4])))
    return found


@contextmanager
def serve(folder):
    """A hub with its proxy on loopback, with learners' homes and the course's repository in `folder`; yields a Hub."""
    work = folder / f"{FOLDER}.git"
    shutil.copytree(ROOT / "notebooks", work / "notebooks")
    for step in ("init -q -b main", "add .", "-c user.name=teacher -c user.email=t@localhost commit -q -m course"):
        subprocess.run(["git", *step.split()], cwd=work, check=True)
    ports = random.sample(range(20_000, 32_000), 3)  # below those that the system gives to whoever asks for any
    hub = Hub(f"http://127.0.0.1:{ports[0]}", folder, None, secrets.token_hex(16))
    hub.homes.mkdir()
    sockets = tempfile.mkdtemp()  # of the kernels, which need a short path
    told = [*map(str, (SETTINGS, PROXY, hub.homes, sockets)), hub.headers["Authorization"].split()[1], *ports]
    path = [os.environ.get("PYTHONPATH") or str(ROOT), str(HUB)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(path), "TRIAL": json.dumps(told)}
    env["JUPYTER_CONFIG_PATH"] = str(HUB / "etc" / "jupyter")  # switches nbgitpuller on
    command = [sys.executable, "-m", "jupyterhub", "-f", str(Path(__file__).with_name("hub_config.py"))]
    with open(folder / "hub.log", "w") as log:
        hub.process = psutil.Popen(command, env=env, cwd=folder, stdout=log, stderr=log)
    try:
        end = time.monotonic() + PATIENCE
        while hub.process.poll() is None and time.monotonic() < end:
            with suppress(OSError, RuntimeError):
                hub.ask("GET", "/hub/api/users")
                break
            time.sleep(0.25)
        else:
            raise RuntimeError(f"the hub did not start: {(folder / 'hub.log').read_text()[-3000:]}")
        yield hub
    finally:
        family = hub.process.children(recursive=True) if hub.process.is_running() else []
        with suppress(psutil.Error):
            hub.process.terminate()  # it ends its servers and its proxy
            hub.process.wait(PATIENCE)
        for left in psutil.wait_procs(family, 10)[1]:
            left.kill()
        shutil.rmtree(sockets, ignore_errors=True)


def attend(hub, count):
    """Let `count` learners start at once, each with a server and a home of their own; returns a Trial."""
    begun = time.perf_counter()
    with ThreadPoolExecutor(count) as pool:
        asked = [pool.submit(learn, hub, number) for number in range(count)]
    seconds = time.perf_counter() - begun
    faults = [f"learner-{n}: {fault}" for n, each in enumerate(asked) if (fault := each.exception())]
    records = sorted(str(path.relative_to(hub.homes)) for path in hub.homes.rglob("answers.json"))
    if not faults and records != sorted(f"learner-{n}/.mas-casebook/answers.json" for n in range(count)):
        faults.append(f"there are these records: {', '.join(records)}")
    return Trial([each.result() for each in asked if not each.exception()], faults, seconds, uses(hub.process))


def measure():
    """A Trial of a whole class."""
    with tempfile.TemporaryDirectory() as name, serve(Path(name)) as hub:
        trial = attend(hub, LEARNERS)
        log = (Path(name) / "hub.log").read_text().splitlines() if trial.faults else []
        trial.faults.extend([line for line in log if re.match(r"\[[WEC] ", line)][-20:])
        return trial


def arithmetic(trial, count=MORE):
    """What the measured numbers come to for `count` learners: GiB, and processor seconds from the start to the end."""
    server, kernel, hub, proxy = (np.mean(trial.uses[kind], axis=0) for kind in ("server", "kernel", "hub", "proxy"))
    each, shared = server + kernel, hub + proxy
    return (shared[0] + count * each[0]) / 1024, count * (each[1] + shared[1] / len(trial.learners))
