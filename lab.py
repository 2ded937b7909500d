#!/usr/bin/env python3
"""Sets the casebook up and opens it.

    python lab.py                set up (once, about a minute), then open JupyterLab
    python lab.py --no-browser   the same; options that follow go to JupyterLab
    python lab.py test           run all tests; options that follow go to pytest
    python lab.py test quick     leave out the slow tests and those in a browser (under two minutes)
    python lab.py rebuild        after any change: seal casedata, run the notebooks concerned, make the teachers' files
                                 anew, check pages and numbers, run the tests concerned (--all: everything anew)
    python lab.py refresh        run the notebooks again (or those named) and store their outputs
    python lab.py bench          measure speed, memory and a class on a hub ("bench hub": just that) for the README
    python lab.py classroom      build the teachers' files anew, and their kit; --pdf adds what prints it
    python lab.py site           build the page that needs no install; "site --help" tells more
    python lab.py setup          set up and stop there; --replace puts our .venv in the place of another

Needs Python 3.11 to 3.14 and nothing else. Everything goes into the folder .venv beside this
file; delete that folder to start afresh. "test --article FILE" also compares the case with the
text of the article.
"""
# Only the standard library, and a grammar that Python 3.6 can read: an old Python is to get a
# sentence to act on, not a syntax error.
import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C while the lines below are loaded shows nothing

import ast
import errno
import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ENV = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
TEST_LOCK = ROOT / "requirements-test.lock"
REFERENCE_LOCK = ROOT / "requirements-reference.lock"
SITE_LOCK = ROOT / "requirements-site.lock"
HUB_LOCK = ROOT / "requirements-hub.lock"
PROXY = "configurable-http-proxy@5.3.0"  # the hub's own, in JavaScript
ARTICLE = ROOT.parent / "shared" / "source" / "article.txt"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
NEWEST = (3, 14)  # for newer ones the lock holds no ready-made packages
# Of pip's settings only those that say where packages come from, and how to reach them, are kept.
SOURCES = ("config-file", "index-url", "extra-index-url", "find-links", "no-index", "trusted-host", "cert",
           "client-cert", "proxy", "timeout", "default-timeout", "retries", "cache-dir", "no-cache-dir",
           "keyring-provider", "use-feature")
# Of Python's own settings these would bring other packages, or another Python, into ours; with the last, which many
# containers have, every kernel and every test would compile anew what it loads.
STRANGERS = ("PYTHONPATH", "PYTHONHOME", "PYTHONNOUSERSITE", "PYTHONUSERBASE", "PYTHONSTARTUP", "PYTHONSAFEPATH",
             "PYTHONEXECUTABLE", "__PYVENV_LAUNCHER__", "CONDA_PREFIX", "VIRTUAL_ENV",
             "PYTHONDONTWRITEBYTECODE")
NO_VENV = """This Python can neither make a virtual environment with pip in it nor lend its own pip.
On Debian or Ubuntu run
    sudo apt install python3-venv
and start lab.py again. On other systems install Python anew: the usual installers bring both."""
AGAIN = "Nothing half done will be used: just start lab.py again."
IN_USE = """JupyterLab is open from this folder, and what it runs on is out of date.
Stop it first (Ctrl-C twice in its window), then start lab.py again."""
# What Python or pip says where something fails, and what helps.
ADVICE = (
    ("No space left|quota exceeded", "The disk is full, and the set-up needs about 700 MB: free some, then start "
                                     "lab.py again."),
    ("Permission denied|Access is denied|Read-only file system", "You may not write there. Copy the whole folder "
     "to a place of your own, such as your home folder, and start lab.py there."),
    ("DO NOT MATCH THE HASHES", "A package arrived changed, perhaps by a proxy or a mirror, and was not used. Try "
                                "again on another network."),
    ("NewConnectionError|onnection (?:re|to|broken)|name resolution|timed out|ProxyError|SSLError|HTTP error",
     "The packages could not be fetched: there is no way to the package index. Look to your network, or to the "
     "proxy and index named in pip's settings, and start lab.py again."),
)
# Run by an environment's own Python: each package of a lock is there in its version, and can be imported.
CHECK = r"""
import importlib, re, sys, time
from importlib import metadata
sys.path[:0] = sys.argv[2:]
for trial in range(20):
    packages = metadata.packages_distributions()
    if all(map(all, packages.values())):
        break
    time.sleep(0.5)  # one without a name: another pip puts it there just now
modules = {}
for module, names in packages.items():
    for name in filter(None, names):
        modules.setdefault(re.sub("[-_.]+", "-", name).lower(), set()).add(module)
pins = {}
with open(sys.argv[1], encoding="utf-8") as lock:
    for name, pin, marker in re.findall(r"(?m)^([\w.-]+)(?:\[.*?\])?==([^\s;]+)( *;)?", lock.read()):
        pins.setdefault(name, {})[pin] = bool(marker)
for name, wanted in pins.items():
    try:
        if metadata.version(name) not in wanted:
            sys.exit(f"{name} is there in another version")
        for module in modules.get(re.sub("[-_.]+", "-", name).lower(), ()):
            importlib.import_module(module)
    except metadata.PackageNotFoundError:
        if not all(wanted.values()):  # one with a marker may be for other computers
            sys.exit(f"{name} is missing")
    except Exception as fault:
        sys.exit(f"{name} cannot be imported ({fault})")
"""


def python(env):
    """The path of an environment's Python."""
    return str(env / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))


PYTHON = python(ENV)


# ---- what is there, without writing anything -----------------------------------------------------


def clean():
    """The environment for what runs in .venv: nothing that would bring in other packages."""
    strange = {k for k in os.environ if k.startswith("PIP_") and k[4:].lower().replace("_", "-") not in SOURCES}
    return {k: v for k, v in os.environ.items() if k not in strange.union(STRANGERS)}


def ask(*command):
    """What a command prints, None where it cannot be run or fails; it shows nothing."""
    try:
        return subprocess.check_output(command, env=clean(), stderr=subprocess.DEVNULL).decode("utf-8", "replace")
    except (OSError, subprocess.CalledProcessError):
        return None


def version_of(env):
    """The version of an environment's Python, as in "3.12"; empty where it does not start."""
    return (ask(python(env), "-I", "-c", "import sys; print('%d.%d' % sys.version_info[:2])") or "").strip()


def stamp(lock, env=None):
    """The file that says that a lock is installed, and what it must hold to be believed."""
    made_of = lock.read_bytes() + str(ROOT).encode("utf-8", "replace")
    return (env or ENV) / f"{lock.name}.stamp", hashlib.sha256(made_of).hexdigest()


def installed(lock):
    """True where the lock is in .venv, whole and unchanged, for this place and for the Python that is there."""
    path, text = stamp(lock)
    return path.exists() and path.read_text() == f"{text} {version_of(ENV)}"


def lacks(lock, env=None, folder=None):
    """What an environment lacks of a lock, in words; empty where each package is there and can be imported."""
    command = [python(env or ENV), "-I", "-c", CHECK, str(lock)] + ([str(folder)] if folder else [])
    done = subprocess.run(command, env=clean(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    heard = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return (heard or ["its Python does not start"])[-1] if done.returncode else ""


def ready():
    """True where the notebooks can be opened as it is."""
    if not installed(LOCK):
        # What uv or its owner made from the lock serves as well; one with a stamp of ours is out of date.
        if stamp(LOCK)[0].exists() or not version_of(ENV) or lacks(LOCK):
            return False
        try:
            mark(LOCK)
        except OSError:
            pass  # it is looked at anew next time
    place_settings(ENV)  # they may be newer than this .venv
    return True


# ---- setting up ----------------------------------------------------------------------------------


def lock_file(file, shared=False):
    """Lock an open file, or return False where another holds it; the system frees it when its holder ends."""
    try:
        if os.name == "nt":
            import msvcrt
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError as fault:
        return fault.errno not in (errno.EAGAIN, errno.EACCES)  # a file system without locks does not stop us
    return True


@contextmanager
def alone():
    """One lab.py at a time sets this folder up; any other waits here."""
    path = ENV.with_name(".venv.lock")
    try:
        file = open(str(path), "ab")
    except PermissionError:  # somebody else's folder, who may be setting it up just now
        if not path.exists():
            raise
        file = open(str(path), "rb")
    with file:
        told = False
        while not lock_file(file):
            if not told:
                print("Another lab.py is setting this folder up: waiting until it is done.", flush=True)
            told = True
            time.sleep(0.5)
        os.set_inheritable(file.fileno(), True)  # a pip that outlives a killed lab.py holds it on
        yield


def setup(replace=False):
    """Make .venv with all that the notebooks need; a moment's work where that is done already."""
    if sys.version_info < (3, 11):
        sys.exit(f"Python 3.11 or newer is needed, and this is Python {sys.version.split()[0]}.\n{other_python()}")
    if not replace and ready():
        return
    with alone():
        if replace or not ready():  # it may have been made while this one waited
            claim(replace)
            build()


def other_python():
    """How to start lab.py with a Python that fits."""
    names = [f"python3.{minor}" for minor in range(NEWEST[1], 10, -1)]
    here = [name for name in names if ask(name, "--version") is not None]
    return (f"Start lab.py with one that you have:  {here[0]} lab.py" if here else
            f"Install one of Python 3.11 to 3.{NEWEST[1]}, and start lab.py with it:  {names[1]} lab.py")


def claim(replace):
    """Stop with a sentence where .venv is in use, or is not ours to replace."""
    linked = ENV.is_symlink()
    if not linked and (not ENV.exists() or ENV.is_dir() and not any(ENV.iterdir())):
        return
    if Path(sys.prefix).resolve() == ENV.resolve():
        sys.exit("The environment .venv is out of date, and this Python is part of it. Type\n"
                 "    deactivate\nand start lab.py again.")
    config = ENV / "pyvenv.cfg"
    text = config.read_text(errors="replace") if config.exists() else ""
    if text and not linked:
        with open(str(config), "rb") as sign:
            if os.name != "nt" and not lock_file(sign):
                sys.exit(IN_USE)
    version = "%d.%d" % sys.version_info[:2]
    theirs = version_of(ENV)
    if replace or stamp(LOCK)[0].exists() and theirs == version and not linked:
        return
    what = (f"a link to {os.readlink(str(ENV))}" if linked else
            "not a virtual environment" if not text else
            f"an environment that uv made, with Python {theirs}" if re.search("^uv *=", text, re.M) else
            f"an environment of another Python, {theirs or 'which does not start any more'}" if theirs != version else
            "an environment that lab.py did not make")
    kept = "\nThe folder that it leads to stays as it is." if linked else "\nWhat is in .venv now is deleted then."
    sys.exit(f".venv is {what}, and it does not hold all of {LOCK.name}. To have lab.py's own in its place:\n"
             f"    {Path(sys.executable).name} lab.py setup --replace{kept}")


def build():
    """Build .venv aside, and put it in place when all of it is there and works."""
    try:
        import venv
    except ImportError:
        sys.exit(NO_VENV)
    print(f"Setting up in {ENV}: about a minute, only this once.", flush=True)
    start, aside = time.time(), ENV.with_name(".next")
    try:
        remove(aside)
        venv.create(str(aside), symlinks=os.name != "nt", prompt=ENV.name)
        site = sysconfig.get_path("purelib", "venv", {"base": str(aside), "platbase": str(aside)})
        # With this line "import utils" works from any folder. The path is relative because Python 3.11
        # and 3.12 on Windows cannot be trusted with a folder name that is not ASCII.
        Path(site, "mas-casebook.pth").write_text(os.path.relpath(str(ROOT), site) + "\n")
        place_settings(aside)
        install(LOCK, env=aside)
        mark(LOCK, aside)
        put_in_place(aside)
    except BaseException:
        shutil.rmtree(str(aside), ignore_errors=True)  # a full disk needs the room
        raise
    print(f"Ready after {time.time() - start:.0f} seconds.", flush=True)


def remove(path):
    """Remove a folder, or what stands where it is to be; never what a link leads to."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(str(path))
    elif path.exists() or path.is_symlink():
        path.unlink()


def put_in_place(aside):
    """Give the environment built aside the name .venv, also in its scripts."""
    old, new = (os.sep.encode() + name.encode() for name in (aside.name, ENV.name))  # of one length: see below
    for script in [aside / "pyvenv.cfg", *Path(python(aside)).parent.iterdir()]:
        if script.is_file() and not script.is_symlink():
            script.write_bytes(script.read_bytes().replace(old, new))  # holds in a launcher of Windows too
    past = ENV.with_name(".past")
    remove(past)
    try:
        if ENV.exists() or ENV.is_symlink():
            ENV.rename(past)
    except PermissionError:  # Windows keeps what is open
        sys.exit(IN_USE)
    aside.rename(ENV)
    remove(past)


def place_settings(env):
    """Put our settings where JupyterLab and IPython look for those of an environment, where they differ."""
    # JupyterLab takes the arrow keys from radio buttons and lists, which the first file gives back;
    # with the second a cell run too early names the one to run first.
    for name, place in (("overrides.json", "share/jupyter/lab/settings"),
                        ("ipython_kernel_config.py", "etc/ipython")):
        wanted, there = ROOT / "classroom" / name, env / place / name
        if there.exists() and there.read_bytes() == wanted.read_bytes():
            continue
        try:
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(str(wanted), str(there))
        except OSError:
            pass  # an install that others keep: it starts all the same


def find_pip(env=None):
    """A pip that installs into an environment: that of the Python which runs this file, or its own."""
    there = python(env or ENV)
    lent = [sys.executable, "-m", "pip", "--python", there]
    if ask(*lent, "--version"):
        return lent
    if ensure_pip(env or ENV):  # to put one there takes some seconds
        return [there, "-I", "-m", "pip"]
    sys.exit(NO_VENV)


def ensure_pip(env):
    """See to a pip in an environment; False where there is none and none can be put there."""
    command = [python(env), "-I", "-m"]
    return bool(ask(*command, "pip", "--version")) or ask(*command, "ensurepip", "--default-pip") is not None


def sources(pip):
    """The environment for pip: its settings from any file or variable, but only those of `SOURCES`."""
    env = dict(clean(), PYTHONIOENCODING="utf-8")
    listed = subprocess.run([*pip, "config", "list"], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if listed.returncode:
        sys.exit(f"This did not work. {advise(listed.stderr.decode('utf-8', 'replace'))}")
    found = re.findall(r"(?m)^(global|install|:env:)\.([\w-]+)=(.*?)\r?$", listed.stdout.decode("utf-8", "replace"))
    for _, name, value in sorted(found, key=lambda f: ("global", "install", ":env:").index(f[0])):
        if name in SOURCES:
            env["PIP_" + name.upper().replace("-", "_")] = ast.literal_eval(value)
    return dict(env, PIP_CONFIG_FILE=os.devnull, PIP_DISABLE_PIP_VERSION_CHECK="1")


def install(lock, env=None, folder=None):
    """Put a lock into .venv, or into a folder apart, and see that each of its packages can be imported."""
    pip = find_pip(env)
    command = [*pip, "install", "--quiet", "--require-hashes", "--only-binary", ":all:", "-r", str(lock)]
    command += ["--no-deps", "--target", str(folder)] if folder else []
    command += ["--no-compile"] if lock != LOCK else []  # of the tools of tests only some are ever loaded
    heard = []
    with subprocess.Popen(command, env=sources(pip), stderr=subprocess.PIPE, close_fds=False) as child:
        try:
            for line in child.stderr:
                heard.append(line.decode("utf-8", "replace"))
                if "Retrying" in heard[-1] and sum("Retrying" in line for line in heard) == 1:
                    print("The package index does not answer: trying again for a minute or two.", flush=True)
        except KeyboardInterrupt:
            child.terminate()
            raise
    said = "".join(line for line in heard if not line.startswith("WARNING: Location"))
    if child.returncode:
        sys.exit(f"This did not work. {advise(said, lock)}")
    fault = lacks(lock, env, folder)
    if fault:
        sys.exit(f"This did not work: {fault}.\n{AGAIN}")


def advise(said, lock=None):
    """What helps against what Python or pip said; that itself, where nothing is known."""
    for signs, advice in ADVICE:
        if re.search(signs, said):
            return advice
    if lock and "No matching distribution" in said:
        fits = f"What {lock.name} names is ready-made for Python 3.11 to 3.{NEWEST[1]} on the usual computers"
        return f"{fits}, and this is Python {sys.version.split()[0]} on {sysconfig.get_platform()}.\n{other_python()}"
    return f"{said.strip()}\n{AGAIN}"


def mark(lock, env=None):
    """Write the stamp of a lock that is there and works."""
    path, text = stamp(lock, env)
    path.write_text(f"{text} {version_of(env or ENV)}")


# ---- the commands --------------------------------------------------------------------------------


def surroundings():
    """The environment for our notebooks: no other "utils", and no other kernel called python3, comes first."""
    return dict(clean(), PYTHONPATH=str(ROOT), JUPYTER_PREFER_ENV_PATH="1")


def hand_over(*arguments, **options):
    """Run .venv's Python and return its exit code."""
    signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C reaches the child too, and is its affair
    child = subprocess.Popen([PYTHON, *arguments], env=surroundings(), **options)
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    return child.wait()


def lab(arguments):
    """Open JupyterLab on the first notebook; say where it is, how to come back and how to stop."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # in a container the only user is often root
        arguments = ["--allow-root"] + arguments
    if os.environ.get("MAS_CASEBOOK_PHRASES"):  # a fault of a translation is said here, not on every page
        read = subprocess.run([PYTHON, "-c", "from utils.phrases import section; section('cards')"],
                              env=surroundings(), stderr=subprocess.PIPE, universal_newlines=True)
        if read.returncode:
            return read.stderr.strip().rpartition("\n")[2].rpartition("ValueError: ")[2]
    command = [PYTHON, "-m", "jupyterlab", f"--ServerApp.root_dir={ROOT / 'notebooks'}",
               "--LabApp.default_url=/lab/tree/00_start_here.ipynb", *arguments]
    handle, log = tempfile.mkstemp(prefix="mas-casebook-", suffix=".log")
    presses, heard, stopping, address = [], 0, False, ""
    signal.signal(signal.SIGINT, lambda *_: presses.append(time.time()))
    # Ctrl-C is for this window alone: it also copies text, and must not end a class by a slip.
    apart = {"creationflags": 0x200} if os.name == "nt" else {"start_new_session": True}
    with open(str(ENV / "pyvenv.cfg"), "rb") as sign:
        if os.name != "nt":  # see claim
            lock_file(sign, shared=True)
            os.set_inheritable(sign.fileno(), True)
        env = dict(surroundings(), PYTHONIOENCODING="utf-8")
        child = subprocess.Popen(command, env=env, stdout=handle, stderr=handle, close_fds=False, **apart)
    os.close(handle)
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: child.terminate())
    while child.poll() is None:
        time.sleep(0.2)
        if not address:
            address = told(log, arguments)
        if len(presses) > heard:
            heard = len(presses)
            stopping = stopping or heard > 1 and presses[-1] - presses[-2] < 5
            print("\nStopping JupyterLab." if stopping else "\nPress Ctrl-C once more to stop JupyterLab.", flush=True)
            if stopping:
                child.terminate()
    if not address:  # it has ended by itself, and its log says why
        print(Path(log).read_text(encoding="utf-8", errors="replace"), end="", flush=True)
        os.unlink(log)
    return 0 if stopping else child.returncode


def told(log, arguments):
    """The address that JupyterLab has written into its log, told once; empty until then."""
    found = re.search(r"https?://\S+/lab\S*", Path(log).read_text(encoding="utf-8", errors="replace"))
    if not found:
        return ""
    opens = "Open this address in a browser" if "--no-browser" in arguments else "JupyterLab opens in your browser"
    print(f"{opens}:\n    {found.group()}\n"
          "To come back to it, open that address again. What you commit is kept.\n"
          "To stop, press Ctrl-C twice in this window.\n"
          f"What the server says goes to {log}", flush=True)
    return found.group()


def test(arguments):
    """Compare every notebook with its stored outputs and run the tests under tests/."""
    options = ["--nbval", "--nbval-current-env", "--nbval-sanitize-with", "tests/sanitize.cfg",
               "-n", "3",  # on two cores: tests in a browser often wait
               "--dist", "loadfile", "--no-loadscope-reorder"]
    if arguments[:1] == ["quick"]:
        together(*tools())
        arguments = arguments[1:]
        options += ["-m", "not slow and not browser"]
    else:
        together(*tools(), add_hub, ensure_browser)
    if "--article" in arguments:  # one word, or pytest takes the file for a test to run
        at = arguments.index("--article")
        file = "".join(arguments[at + 1:at + 2])
        arguments[at:at + 2] = [f"--article={os.path.abspath(file)}"]
    elif ARTICLE.exists():
        options += [f"--article={ARTICLE}"]
    return hand_over("-m", "pytest", *options, *arguments, cwd=str(ROOT))


def together(*jobs):
    """Do these jobs beside each other, while no other lab.py sets this folder up."""
    with alone(), ThreadPoolExecutor() as pool:
        for done in [pool.submit(job) for job in jobs]:
            done.result()


def tools():
    """The jobs that add what tests and benches need beside what the notebooks need."""
    return add_test_tools, add_reference, add_site_tools


def add_test_tools():
    """Install what runs the tests."""
    if not installed(TEST_LOCK):
        print("Adding the test tools: less than a minute, only this once.", flush=True)
        install(TEST_LOCK)
        mark(TEST_LOCK)


def add_reference():
    """Install scipy where seaborn does not find it, which would load it in every kernel."""
    install_apart(REFERENCE_LOCK)


def add_site_tools():
    """Install what builds the page that needs no install."""
    install_apart(SITE_LOCK)


def install_apart(lock):
    """Put a lock into a folder of its own in .venv, which only what asks for it looks into; returns the folder."""
    folder = ENV / lock.stem.split("-")[1]
    if not installed(lock):
        remove(folder)  # pip leaves an old version where one is
        install(lock, folder=folder)
        mark(lock)
    return folder


def add_hub():
    """Install what the trial of a class needs, apart: a hub, its proxy. JupyterHub is not for Windows."""
    npm = shutil.which("npm")
    if os.name == "nt" or installed(HUB_LOCK) and (ENV / "hub" / "node" / PROXY).exists():
        return
    if not npm:
        print("A class on a hub cannot be tried: its proxy needs node and npm on the PATH (Debian: "
              "sudo apt install npm).", flush=True)
        return
    print("Adding a hub for the trial of a class: a quarter of a minute, only this once.", flush=True)
    node = install_apart(HUB_LOCK) / "node"
    options = ["--silent", "--no-package-lock", "--no-audit", "--no-fund"]
    subprocess.check_call([npm, "install", *options, "--prefix", str(node), PROXY], env=clean())
    (node / PROXY).touch()


def ensure_browser():
    """See to a browser for the browser tests, or say how to get one."""
    if any(map(shutil.which, BROWSERS)):
        return
    if shutil.which("apt-get") and os.geteuid() == 0:
        print("Installing Chromium for the browser tests: about half a minute.", flush=True)
        env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
        packages = ["chromium", "fonts-dejavu-core"]
        for step in (["update"], ["install", "-y", "--no-install-recommends"] + packages):
            subprocess.call(["apt-get", "-qq"] + step, env=env, stdout=subprocess.DEVNULL)
    if not any(map(shutil.which, BROWSERS)):
        print("The browser tests need Chromium or Chrome on the PATH (Debian: "
              "sudo apt install chromium fonts-dejavu-core).", flush=True)


def refresh(arguments):
    """Run the notebooks again and store their outputs."""
    return hand_over(str(ROOT / "tests" / "refresh_notebooks.py"), *arguments)


def rebuild(arguments):
    """Make anew whatever a change concerns, and say what is left to do by hand."""
    together(*tools())
    return hand_over("-m", "tests.rebuild", *arguments, cwd=str(ROOT))


def bench(arguments):
    """Measure, and write what was measured into the README."""
    together(*tools(), *([add_hub] if not arguments or "hub" in arguments else []))
    if not arguments or "site" in arguments:
        ensure_pip(ENV)
    return hand_over("-m", "tests.bench", *arguments, cwd=str(ROOT))


def classroom(arguments):
    """Build the teachers' files in classroom/ from casedata/, and the kit in build/kit/."""
    if "--pdf" in arguments:
        together(*tools(), ensure_browser)
    return hand_over("-m", "classroom", *arguments, cwd=str(ROOT))


def site(arguments):
    """Build the page that needs no install."""
    together(add_site_tools)
    ensure_pip(ENV)  # it fetches what the page itself will load
    return hand_over("-m", "classroom.site", *arguments, cwd=str(ROOT))


def main(arguments):
    """Do what the first argument says; open JupyterLab where it is an option or missing."""
    commands = {"lab": lab, "test": test, "rebuild": rebuild, "refresh": refresh, "bench": bench, "classroom": classroom,
                "site": site, "setup": lambda _: 0}
    if arguments[:1] in (["-h"], ["--help"]):
        print(__doc__.strip())
        return 0
    named = arguments and not arguments[0].startswith("-")
    command, arguments = (arguments[0], arguments[1:]) if named else ("lab", arguments)
    if command not in commands:
        print(f'There is no command "{command}". There are: {", ".join(commands)}; '
              '"lab.py --help" explains them.', file=sys.stderr)
        return 2
    try:
        setup(replace=command == "setup" and "--replace" in arguments)
        return commands[command](arguments)
    except KeyboardInterrupt:
        return f"\nStopped. {AGAIN}"
    except (OSError, subprocess.CalledProcessError) as fault:
        return f"This did not work: {fault}\n{advise(str(fault))}"


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a console that has no ü shows ?
    sys.exit(main(sys.argv[1:]))
