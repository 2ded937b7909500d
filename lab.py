#!/usr/bin/env python3
"""Sets the casebook up and opens it.

    python lab.py                set up (once, about a minute), then open JupyterLab; options (--no-browser) go to it
    python lab.py setup          set up and stop there; --replace puts our .venv in the place of another
    python lab.py test           run all tests ("test quick": the fast ones, no browser); options go to pytest
    python lab.py classroom      build the teachers' kit; --pdf adds what prints it, --receipts FOLDER reports on a class
    python lab.py book           build the book: every page to read in a browser, in build/book/
    python lab.py site           build the book with its live pages, which need no install; "site --help" tells more
    python lab.py rebuild        after any change: make anew what it concerns, and say what is left (--all: everything)
    python lab.py refresh        run the notebooks again (or those named) and store their outputs
    python lab.py bench          measure speed, memory and a class on a hub ("bench hub": just that) for the book

Needs Python 3.11 to 3.14 and nothing else. Everything goes into .venv beside this file; delete that to start afresh.
"""
# Only the standard library, and a grammar that Python 3.6 can read: an old Python is to get a sentence to act on.
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ENV = ROOT / ".venv"
PYTHON = str(ENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
LOCK = ROOT / "requirements.lock"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
COMMANDS = ("lab", "setup", "test", "classroom", "book", "site", "rebuild", "refresh", "bench")  # all but two: tests/tools.py
IMPORTS = "import anywidget, ipywidgets, jupyterlab, nbval, pandas, seaborn, yaml"
CHECK = IMPORTS + r"""
import importlib.metadata, re, sys
for name, pin, marker in re.findall(r"(?m)^([\w.-]+)(?:\[.*?\])?==([^\s;]+)( *;)?", open(sys.argv[1]).read()):
    assert marker or importlib.metadata.version(name) == pin  # one with a marker may be for other computers
"""
# The first gives the arrow keys back to radio buttons and lists; by the second a cell names the one to run before it.
SETTINGS = {"overrides.json": "share/jupyter/lab/settings", "ipython_kernel_config.py": "etc/ipython"}
# These would bring other packages, or another Python, into ours, or have every kernel compile anew what it loads.
STRANGERS = ("PYTHONPATH", "PYTHONHOME", "PYTHONNOUSERSITE", "PYTHONUSERBASE", "PYTHONSTARTUP", "PYTHONSAFEPATH",
             "PYTHONEXECUTABLE", "__PYVENV_LAUNCHER__", "CONDA_PREFIX", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE")
CLEAN = {k: v for k, v in os.environ.items() if k not in STRANGERS}
AGAIN = "Nothing half done will be used: just start lab.py again."
NO_VENV = """This Python can neither make an environment with pip in it nor lend its own pip. Start lab.py again
after this: on Debian or Ubuntu  sudo apt install python3-venv  elsewhere a new install of Python, which brings both."""
NOT_OURS = """lab.py did not make .venv, and something is missing in it. To put lab.py's own in its place, which deletes
what is in it, or of a link just the link:  {} lab.py setup --replace"""
STOP = "Ctrl-C" if os.name == "nt" else "Ctrl-C twice"  # on Windows JupyterLab does not ask whether that was meant
WAIT = f"Waiting for another lab.py: it sets this folder up, or JupyterLab is open from it ({STOP} stops that)."
OPENS = f"""JupyterLab opens in your browser; to come back to it, open one of the addresses below.
What you commit is kept. To stop, press {STOP} in this window."""
# What Python or pip says where something fails, and what helps.
ADVICE = {
    "No module named .?(venv|ensurepip)": NO_VENV,
    "No space left|quota exceeded": "The disk is full, and the set-up needs 700 MB: free some, and start lab.py again.",
    "Permission denied|Access is denied|Read-only file system": "You may not write there, or it is in use. Close "
    "JupyterLab, or copy the whole folder to a place of your own, such as your home folder, and start lab.py there.",
    "DO NOT MATCH THE HASHES": "A package arrived changed, perhaps by a proxy or a mirror: try on another network.",
    "NewConnectionError|onnection (?:re|to|broken)|name resolution|timed out|ProxyError|SSLError|HTTP error": "There"
    " is no way to the package index. Look to your network, or to the proxy and index of pip, and start lab.py again.",
    "No matching distribution": "The packages are ready-made for Python 3.11 to 3.14: start lab.py with one of these.",
}


def ask(*command, must=False):
    """What a command prints, None where it fails; where it must not, what helps is said and all ends."""
    try:
        done = subprocess.run(command, env=CLEAN, stdout=subprocess.PIPE, stderr=subprocess.PIPE, close_fds=False)
    except OSError:
        return None
    if done.returncode and must:
        sys.exit(f"This did not work. {advise(done.stderr.decode('utf-8', 'replace'))}")
    return None if done.returncode else done.stdout.decode("utf-8", "replace")


def advise(heard):
    """What helps against what Python or pip said; that itself, where nothing is known."""
    return next((advice for signs, advice in ADVICE.items() if re.search(signs, heard)), f"{heard.strip()}\n{AGAIN}")


def stamp(lock):
    """The file that says that a lock is installed, and what it must hold to be believed."""
    made_of = hashlib.sha256(lock.read_bytes() + str(ROOT).encode("utf-8", "replace")).hexdigest()
    version = ask(PYTHON, "-I", "-c", "import sys; print('%d.%d' % sys.version_info[:2])") or ""
    return ENV / (lock.name + ".stamp"), made_of + " " + version.strip()


def installed(lock):
    path, text = stamp(lock)
    return path.exists() and path.read_text() == text


def ready():
    """True where the notebooks can be opened as it is; what uv or its owner put into .venv serves as well."""
    if not installed(LOCK):
        path, text = stamp(LOCK)
        if path.exists() or ask(PYTHON, "-I", "-c", CHECK, str(LOCK)) is None:
            return False
        with suppress(OSError):  # it is looked at anew next time
            path.write_text(text)
    return True


def lock_file(file, shared):
    """Lock an open file, or return False where another holds it; the system frees it when its holder ends."""
    try:
        if os.name == "nt":
            import msvcrt
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError as fault:  # a file system without locks does not stop us
        return not isinstance(fault, (BlockingIOError, PermissionError))
    return True


@contextmanager
def hold(shared=False):
    """Hold this folder, alone to change .venv or with others to use it; wait where another has it."""
    if shared and (os.name == "nt" or not os.access(str(ROOT), os.W_OK)):
        yield  # Windows itself keeps what is open; what an administrator installed is theirs
        return
    with open(ENV.with_name(".venv.lock"), "ab") as file:
        if not lock_file(file, shared):
            print(WAIT, flush=True)
            while not lock_file(file, shared):
                time.sleep(0.5)
        os.set_inheritable(file.fileno(), True)  # what outlives a killed lab.py holds it on
        yield


def setup(replace=False):
    """Make .venv with all that the notebooks need; a moment's work where that is done already."""
    if sys.version_info < (3, 11):
        sys.exit("Python 3.11 or newer is needed, and this is Python %s.\nInstall one unless it is there, and start "
                 "lab.py with it, as in:  python3.13 lab.py" % sys.version.split()[0])
    if replace or not ready():
        with hold():
            if replace or not ready():  # it may have been made while this one waited
                build(replace)
    for name, place in SETTINGS.items():  # they may be newer than this .venv
        ours, there = ROOT / "utils" / "settings" / name, ENV / place / name
        if not there.exists() or there.read_bytes() != ours.read_bytes():
            with suppress(OSError):  # an install that others keep: it starts all the same
                there.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ours, there)


def build(replace):
    """Build .venv, where it is ours to build; where that fails, what was there before is put back."""
    if Path(sys.prefix).resolve() == ENV.resolve():
        sys.exit('This Python is part of .venv, which is out of date. Type "deactivate" and start lab.py again.')
    ours = stamp(LOCK)[0].exists() and not ENV.is_symlink() or ENV.is_dir() and not os.listdir(str(ENV))
    if os.path.lexists(str(ENV)) and not ours and not replace:
        sys.exit(NOT_OURS.format(Path(sys.executable).name))
    print(f"Setting up in {ENV}: about a minute, only this once.", flush=True)
    start, past = time.time(), ENV.with_name(".past")
    shutil.rmtree(str(past), ignore_errors=True)
    if ENV.is_symlink() or ENV.is_file():
        ENV.unlink()  # never what a link leads to
    elif ENV.exists():
        ENV.rename(past)
    try:
        ENV.mkdir()
        stamp(LOCK)[0].touch()  # ours, and half done
        ask(sys.executable, "-m", "venv", "--without-pip", str(ENV), must=True)
        site = next(ENV.rglob("site-packages"))
        # "import utils" works from any folder; Python 3.11 on Windows cannot read a path that is not ASCII there.
        Path(site, "mas-casebook.pth").write_text(os.path.relpath(str(ROOT), str(site)) + "\n")
        install(LOCK)
        if ask(PYTHON, "-I", "-c", CHECK, str(LOCK)) is None:
            sys.exit(f"This did not work: not all of {IMPORTS[7:]} can be imported.\n{AGAIN}")
    except BaseException:
        shutil.rmtree(str(ENV), ignore_errors=True)  # a full disk needs the room
        if past.exists():
            past.rename(ENV)
        raise
    shutil.rmtree(str(past), ignore_errors=True)
    print(f"Ready after {time.time() - start:.0f} seconds.", flush=True)


def install(lock, folder="", *options):
    """Put a lock into .venv, or into a folder apart, and note it."""
    pip = [sys.executable, "-m", "pip", "--python", PYTHON]
    if not ask(*pip, "--version"):  # this Python has none to lend: one is put there, which takes longer
        ask(PYTHON, "-I", "-m", "ensurepip", "--default-pip", must=True)
        pip = [PYTHON, "-I", "-m", "pip"]
    # A person's own settings of pip say where packages come from, and not where they go.
    there = ["--no-user", "--prefix", "" if folder else str(ENV), "--target", str(folder), *options, "-r", str(lock)]
    ask(*pip, "install", "-q", "--require-hashes", "--only-binary", ":all:", *there, must=True)
    path, text = stamp(lock)
    path.write_text(text)


def hand_over(*arguments, **options):
    """Run .venv's Python and return its exit code; no other "utils" and no other kernel python3 come first."""
    signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C reaches the child too, and is its affair
    env = dict(CLEAN, PYTHONPATH=str(ROOT), JUPYTER_PREFER_ENV_PATH="1")
    child = subprocess.Popen([PYTHON, *arguments], env=env, **options)
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    return child.wait()


def lab(arguments):
    """Open JupyterLab on the first notebook."""
    root = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []  # of a container, often
    print(OPENS, flush=True)
    with hold(shared=True):
        return hand_over("-m", "jupyterlab", "--log-level=ERROR", "--LabApp.log_level=ERROR", "--LabApp.default_url="
                         "/lab/tree/00_start_here.ipynb", f"--ServerApp.root_dir={ROOT / 'notebooks'}", *root,
                         *arguments, close_fds=False)


def main(arguments):
    """Do what the first argument says; open JupyterLab where it is an option or missing."""
    if arguments[:1] in (["-h"], ["--help"]):
        return print(__doc__.strip()) or 0
    command, *arguments = arguments if arguments and arguments[0][0:1] != "-" else ["lab", *arguments]
    if command not in COMMANDS:
        return f'There is no command "{command}". There are: {", ".join(COMMANDS)}; "lab.py --help" explains them.'
    try:
        setup(replace=command == "setup" and "--replace" in arguments)
        if command in ("lab", "setup"):
            return lab(arguments) if command == "lab" else 0
        sys.path.insert(0, str(ROOT))
        from tests import tools
        return tools.run(command, arguments)
    except KeyboardInterrupt:
        return f"\nStopped. {AGAIN}"
    except (OSError, subprocess.CalledProcessError) as fault:
        return f"This did not work: {fault}\n{advise(str(fault))}"


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        getattr(stream, "reconfigure", dict)(errors="replace")  # a console that has no ü shows ?
    sys.exit(main(sys.argv[1:]))
