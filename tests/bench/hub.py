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
import pandas as pd
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
STEPS = ("The learner's own server starts", "nbgitpuller fetches the course", "Notebook 03 opens and every cell runs")
PATIENCE = 300  # seconds until what does not come counts as missing
MARKS = {"jupyterhub.singleuser": "server", "ipykernel_launcher": "kernel", "configurable-http-proxy": "proxy"}

# waits: seconds of each learner (rows) for each of STEPS; uses: MiB and processor seconds of each process.
Trial = namedtuple("Trial", "waits faults seconds uses")


def missing():
    """What the trial needs and does not find, in words; empty where all is there."""
    there = [PROXY.exists(), shutil.which("node"), shutil.which("git"), Path("/proc/self/smaps_rollup").exists()]
    needs = "Linux, node and git (sudo apt install nodejs git), and a hub: python lab.py bench hub puts that there"
    return "" if all(there) else f"The trial needs {needs}."


class Hub:
    """A running hub; what the driver asks of it, it asks as a service that may act for every learner."""

    def __init__(self, folder, port):
        self.address, self.homes, self.log = f"http://127.0.0.1:{port}", folder / "homes", folder / "hub.log"
        self.repository, self.token = (folder / f"{FOLDER}.git").as_uri(), secrets.token_hex(16)
        self.headers = {"Authorization": f"token {self.token}"}

    def ask(self, verb, path, **options):
        """A request; RuntimeError with the answer where it is refused."""
        answer = requests.request(verb, self.address + path, headers=self.headers, timeout=PATIENCE, **options)
        if not answer.ok:
            raise RuntimeError(f"{verb} {path}: {answer.status_code} {answer.text[:300]}")
        return answer

    def follow(self, path, wanted, **options):
        """Follow a stream of events to its end, as a page does; RuntimeError where that is not the wanted one."""
        lines = self.ask("GET", path, stream=True, **options).iter_lines()
        event = [json.loads(line[5:]) for line in lines if line.startswith(b"data:")][-1]
        if not (event.get(wanted) or event.get("phase") == wanted):
            raise RuntimeError(f"{path}: {event}")

    def open(self, name, book):
        """Open a notebook as JupyterLab does and start its kernel; returns the code cells and the kernel's socket."""
        at, path = f"/user/{name}", f"{FOLDER}/{book}"
        self.ask("GET", f"{at}/lab/tree/{path}")
        notebook = self.ask("GET", f"{at}/api/contents/{path}?type=notebook&content=1").json()["content"]
        session = {"path": path, "name": "", "type": "notebook", "kernel": {"name": "python3"}}
        kernel = self.ask("POST", f"{at}/api/sessions", json=session).json()["kernel"]["id"]
        channels = f"{self.address.replace('http', 'ws', 1)}{at}/api/kernels/{kernel}/channels"
        socket = websocket.create_connection(channels, header=self.headers, timeout=PATIENCE)
        return [c["source"] for c in notebook["cells"] if c["cell_type"] == "code"], socket


def run(socket, source):
    """Run a cell through the kernel's socket and return what it prints; RuntimeError where anything shows an error."""
    request = Session().msg("execute_request", {"code": source, "silent": False, "store_history": True})
    socket.send(json.dumps({**request, "channel": "shell"}, default=str))
    text, waiting = "", {"execute_reply", "idle"}  # two channels, in either order
    while waiting:
        message = json.loads(socket.recv())
        if message["parent_header"].get("msg_id") != request["header"]["msg_id"]:
            continue
        kind, content = message["msg_type"], message["content"]
        if kind == "error" or content.get("status") == "error":
            raise RuntimeError(f"{content['ename']}: {content['evalue']} in {source[:60]!r}")
        text += content["text"] if kind == "stream" else ""
        waiting -= {kind, content.get("execution_state")}
    return text


def choices(number):
    """Answers to five questions of three options each that no other of 243 learners gives."""
    return {f"N3.{n + 1}": "abc"[number // 3**n % 3] for n in range(5)}


def learn(hub, number):
    """One learner from the link to the last answer: the seconds that each of STEPS took."""
    name = f"learner-{number}"
    user, times = f"/hub/api/users/{name}", [time.perf_counter()]
    hub.ask("POST", user), hub.ask("POST", f"{user}/server")
    hub.follow(f"{user}/server/progress", "ready")
    times.append(time.perf_counter())
    course = {"repo": hub.repository, "branch": "main", "targetpath": FOLDER}
    hub.follow(f"/user/{name}/git-pull/api", "finished", params=course)
    times.append(time.perf_counter())
    cells, socket = hub.open(name, BOOK)
    with closing(socket):
        for source in cells:
            run(socket, source)
        times.append(time.perf_counter())
        for question, choice in choices(number).items():
            run(socket, f"_ = answer({question!r}, {choice!r}, confidence='low')")
    return np.diff(times)


def mixed_up(homes, count):
    """Records, in words, that are not where their learner lives, or hold anything but that learner's answers."""
    there = {str(p.relative_to(homes)): json.loads(p.read_text())["answers"] for p in homes.rglob("answers.json")}
    wanted = {f"learner-{n}/.mas-casebook/answers.json": choices(n) for n in range(count)}
    for path in sorted(there.keys() | wanted):
        found = {question: answer["choice"] for question, answer in there.get(path, {}).items()}
        if found != wanted.get(path):
            yield f"{path} holds {found} and should hold {wanted.get(path)}"


def uses(process):
    """What hub, proxy, servers and kernels take, and what their children took that have ended."""
    rows = []
    for each in (process, *process.children(recursive=True)):
        kind = next((kind for mark, kind in MARKS.items() if mark in " ".join(each.cmdline())), "hub")
        rows.append((kind, each.memory_full_info().pss / 2**20, sum(each.cpu_times()[:4])))
    return pd.DataFrame(rows, columns=["kind", "MiB", "seconds"])  # pages that several share are divided among them


@contextmanager
def serve(folder):
    """A hub with its proxy on loopback, with learners' homes and the course's repository in `folder`; yields a Hub."""
    work = folder / f"{FOLDER}.git"
    shutil.copytree(ROOT / "notebooks", work / "notebooks")
    for step in ("init -q -b main", "add .", "-c user.name=teacher -c user.email=t@localhost commit -q -m course"):
        subprocess.run(["git", *step.split()], cwd=work, check=True)
    ports = random.sample(range(20_000, 32_000), 3)  # below those that the system gives to whoever asks for any
    hub = Hub(folder, ports[0])
    hub.homes.mkdir()
    command = [sys.executable, "-m", "jupyterhub", "-f", str(Path(__file__).with_name("hub_config.py"))]
    with tempfile.TemporaryDirectory() as sockets, open(hub.log, "w") as log:  # of the kernels: a short path is needed
        env = {**os.environ, "JUPYTER_CONFIG_PATH": str(HUB / "etc" / "jupyter")}  # switches nbgitpuller on
        env["PYTHONPATH"] = os.pathsep.join([os.environ.get("PYTHONPATH") or str(ROOT), str(HUB)])
        env["TRIAL"] = json.dumps([*map(str, (SETTINGS, PROXY, hub.homes, sockets)), hub.token, *ports])
        hub.process = psutil.Popen(command, env=env, cwd=folder, stdout=log, stderr=log)
        try:
            end = time.monotonic() + PATIENCE
            while hub.process.poll() is None and time.monotonic() < end:
                with suppress(OSError, RuntimeError):
                    hub.ask("GET", "/hub/api/users")
                    break
                time.sleep(0.25)
            else:
                raise RuntimeError(f"the hub did not start: {hub.log.read_text()[-3000:]}")
            yield hub
        finally:
            with suppress(psutil.NoSuchProcess):
                family = [hub.process, *hub.process.children(recursive=True)]
                hub.process.terminate()  # it ends its servers and its proxy
                for left in psutil.wait_procs(family, 10)[1]:  # now and then one of them hangs
                    left.kill()


def attend(hub, count):
    """Let `count` learners start at once, each with a server and a home of their own; returns a Trial."""
    begun = time.perf_counter()
    with ThreadPoolExecutor(count) as pool:
        learners = [pool.submit(learn, hub, number) for number in range(count)]
    seconds = time.perf_counter() - begun
    faults = [f"learner-{n}: {fault}" for n, each in enumerate(learners) if (fault := each.exception())]
    if faults:
        faults += re.findall(r"(?m)^\[[WEC] .*", hub.log.read_text())[-20:]
    waits = pd.DataFrame([each.result() for each in learners if not each.exception()], columns=STEPS)
    return Trial(waits, [*faults, *mixed_up(hub.homes, count)], seconds, uses(hub.process))


def measure(count):
    """A Trial of a whole class on a hub of its own."""
    with tempfile.TemporaryDirectory() as name, serve(Path(name)) as hub:
        return attend(hub, count)
