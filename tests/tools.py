"""What the words of lab.py for teachers and maintainers need, put into .venv once: tests, benches, kit, site, hub."""

import os
import shutil
import subprocess

import lab

ROOT = lab.ROOT
TEST_LOCK = ROOT / "tests" / "locks" / "requirements-test.lock"
REFERENCE_LOCK = (
    ROOT / "tests" / "locks" / "requirements-reference.lock"
)  # scipy, which seaborn is not to find, and a reader of GIFT
KIT_LOCK = ROOT / "classroom" / "kit" / "requirements-kit.lock"
BOOK_LOCK = ROOT / "classroom" / "book" / "requirements-book.lock"
SITE_LOCK = ROOT / "classroom" / "site" / "requirements-site.lock"
HUB_LOCK = ROOT / "classroom" / "hub" / "requirements-hub.lock"
OWN = {"classroom": [KIT_LOCK], "book": [BOOK_LOCK], "site": [BOOK_LOCK, SITE_LOCK]}
TESTED = (TEST_LOCK, REFERENCE_LOCK, KIT_LOCK, BOOK_LOCK, SITE_LOCK)
MODULES = {"refresh": "tests.refresh_notebooks", "rebuild": "tests.rebuild", "bench": "tests.bench",
           "classroom": "classroom", "book": "classroom.book", "site": "classroom.site"}  # fmt: skip
PROXY = "configurable-http-proxy@5.3.0"  # the hub's own, in JavaScript
APART = ("--no-deps", "--no-binary", "pygiftparser,yattag")  # the two are only to be had as sources
ARTICLE = ROOT.parent / "shared" / "source" / "article.txt"


def add(*locks):
    """Install each lock that is not there yet: what runs tests into .venv, anything else into a folder apart in it.

    Only what asks for such a folder looks into it. Returns the folder of the last.
    """
    for lock in locks:
        folder = "" if lock == TEST_LOCK else lab.ENV / lock.stem.split("-")[1]
        if not lab.installed(lock):
            with lab.hold():
                print(f"Adding {lock.name}: less than a minute, only this once.", flush=True)
                if folder:
                    shutil.rmtree(folder, ignore_errors=True)  # pip leaves an old version where one is
                lab.install(lock, folder, "--no-compile", *(APART if folder else []))
    return folder


def add_hub():
    """Install what the trial of a class needs: a hub, its proxy. JupyterHub is not for Windows."""
    if os.name == "nt" or lab.installed(HUB_LOCK) and (lab.ENV / "hub" / "node" / PROXY).exists():
        return
    if not (npm := shutil.which("npm")):
        print("A class on a hub cannot be tried: its proxy needs npm on the PATH (sudo apt install npm).", flush=True)
        return
    node = add(HUB_LOCK) / "node"
    options = ["--silent", "--no-package-lock", "--no-audit", "--no-fund"]
    subprocess.check_call([npm, "install", *options, "--prefix", str(node), PROXY], env=lab.CLEAN)
    (node / PROXY).touch()


def add_browser():
    """See to a browser for the browser tests, or say how to get one."""
    if not any(map(shutil.which, lab.BROWSERS)) and shutil.which("apt-get") and os.geteuid() == 0:
        print("Installing Chromium for the browser tests: about half a minute.", flush=True)
        env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
        for step in ("update", "install -y --no-install-recommends chromium fonts-dejavu-core"):
            subprocess.call(["apt-get", "-qq", *step.split()], env=env, stdout=subprocess.DEVNULL)
    if not any(map(shutil.which, lab.BROWSERS)):
        print("The browser tests need Chromium or Chrome: sudo apt install chromium fonts-dejavu-core", flush=True)


def test(arguments):
    """Run the tests under tests/ and compare every notebook with its stored outputs; the quick ones leave that out."""
    options = "-n 2 --dist loadfile --no-loadscope-reorder".split()
    add(*TESTED)
    if arguments[:1] == ["quick"]:
        arguments = arguments[1:]
        options += ["-m", "not slow and not browser"]
    else:
        options += "--nbval --nbval-current-env --nbval-sanitize-with tests/sanitize.cfg".split()
        add_hub()
        add_browser()
    if "--article" in arguments[:-1]:  # one word, or pytest takes the file for a test to run
        at = arguments.index("--article")
        arguments[at : at + 2] = [f"--article={os.path.abspath(arguments[at + 1])}"]
    elif ARTICLE.exists():
        options += [f"--article={ARTICLE}"]
    return lab.hand_over("-m", "pytest", *options, *arguments, cwd=ROOT)


def run(word, arguments):
    """Add what a word of lab.py needs, and hand it on to the module that does it."""
    if word == "test":
        return test(arguments)
    parts = (arguments or ["hub", "site"]) if word == "bench" else [word]
    if word in ("rebuild", "bench") or "--pdf" in arguments:
        add(*TESTED)
    if word in OWN:
        add(*OWN[word])
    if "hub" in parts:
        add_hub()
    if "site" in parts:  # it is built of what pip fetches
        lab.ask(lab.PYTHON, "-I", "-m", "ensurepip", "--default-pip")
    if "--pdf" in arguments:
        add_browser()
    folder = (
        None if word in ("refresh", "classroom", "book", "site") else ROOT
    )  # what is named to it is looked for where you are
    return lab.hand_over("-m", MODULES[word], *arguments, cwd=folder)
