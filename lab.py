#!/usr/bin/env python3
"""Sets the casebook up and opens it.

    python lab.py                set up (once, about a minute), then open JupyterLab
    python lab.py --no-browser   the same; options that follow go to JupyterLab
    python lab.py test           run all tests; options that follow go to pytest
    python lab.py test quick     leave out the slow tests and those in a browser (under two minutes)
    python lab.py refresh        run the notebooks again (or those named) and store their outputs
    python lab.py bench          measure speed, memory and a class on a hub ("bench hub": just that) for the README
    python lab.py classroom      build the teachers' files anew, and their kit; --pdf adds what prints it
    python lab.py site           build the page that needs no install; "site --help" tells more
    python lab.py setup          set up and stop there

Needs Python 3.11 or newer and nothing else. Everything goes into the folder .venv beside this
file; delete that folder to start afresh. "test --article FILE" also compares the case with the
text of the article.
"""
# Only the standard library, and a grammar that Python 3.6 can read: an old Python is to get a
# sentence to act on, not a syntax error.
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ENV = ROOT / ".venv"
PYTHON = str(ENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
LOCK = ROOT / "requirements.lock"
TEST_LOCK = ROOT / "requirements-test.lock"
REFERENCE_LOCK = ROOT / "requirements-reference.lock"
SITE_LOCK = ROOT / "requirements-site.lock"
HUB_LOCK = ROOT / "requirements-hub.lock"
PROXY = "configurable-http-proxy@5.3.0"  # the hub's own, in JavaScript
ARTICLE = ROOT.parent / "shared" / "source" / "article.txt"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
NO_VENV = """This Python can neither make a virtual environment with pip in it nor lend its own pip.
On Debian or Ubuntu run
    sudo apt install python3-venv
and start lab.py again. On other systems install Python anew: the usual installers bring both."""
AGAIN = "Nothing half done will be used: just start lab.py again."


def works(*command):
    """True where the command can be run and succeeds; it shows nothing."""
    return subprocess.call(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0


def stamp(lock):
    """The file that says that a lock is installed, and what it must hold to be believed."""
    made_of = lock.read_bytes() + sys.version.encode() + str(ROOT).encode()
    return ENV / f"{lock.name}.stamp", hashlib.sha256(made_of).hexdigest()


def installed(lock):
    """True where the lock is in .venv, whole and unchanged, for this Python and this place."""
    path, text = stamp(lock)
    return path.exists() and path.read_text() == text and os.path.exists(PYTHON)


def install(lock, *options):
    """Put a lock into .venv; the stamp comes last, so what was interrupted never counts as done."""
    options = ["--quiet", "--require-hashes", "--only-binary", ":all:", "-r", str(lock), *options]
    uv = shutil.which("uv")  # not needed, but several times as fast
    by_uv = [uv, "pip", "install", "--python", PYTHON, "--compile-bytecode"]
    if not uv or subprocess.call(by_uv + options) != 0:
        if uv:
            print("uv could not do it (see above), so pip takes over.", flush=True)
        subprocess.check_call(find_pip() + ["install", "--disable-pip-version-check"] + options)
    path, text = stamp(lock)
    path.write_text(text)


def find_pip():
    """A pip that installs into .venv: the one in it, or that of the Python which runs this file."""
    inside = [PYTHON, "-I", "-m", "pip"]  # -I: what a PYTHONPATH holds is not installed here
    if works(*inside, "--version") or works(PYTHON, "-I", "-m", "ensurepip", "--default-pip"):
        return inside
    lent = [sys.executable, "-m", "pip", "--python", PYTHON]
    if works(*lent, "--version"):
        return lent
    sys.exit(NO_VENV)


def setup():
    """Make .venv with all that the notebooks need; a moment's work where that is done already."""
    if sys.version_info < (3, 11):
        sys.exit(f"Python 3.11 or newer is needed, and this is Python {sys.version.split()[0]}.\n"
                 "Install a newer one, or use one that you have:  python3.12 lab.py")
    if installed(LOCK):
        place_settings()  # they may be newer than this .venv
        return
    if Path(sys.prefix).resolve() == ENV:
        sys.exit("The environment .venv is out of date, and this Python is part of it. Type\n"
                 "    deactivate\nand start lab.py again.")
    try:
        import venv
    except ImportError:
        sys.exit(NO_VENV)
    print(f"Setting up in {ENV}: about a minute, only this once.", flush=True)
    start = time.time()
    venv.create(str(ENV), clear=True, symlinks=os.name != "nt")
    site = sysconfig.get_path("purelib", "venv", {"base": str(ENV), "platbase": str(ENV)})
    # With this line "import utils" works from any folder. The path is relative because Python 3.11
    # and 3.12 on Windows cannot be trusted with a folder name that is not ASCII.
    Path(site, "mas-casebook.pth").write_text(os.path.relpath(str(ROOT), site) + "\n")
    place_settings()
    install(LOCK)
    print(f"Ready after {time.time() - start:.0f} seconds.", flush=True)


def place_settings():
    """Put our settings where JupyterLab and IPython look for those of an environment."""
    # JupyterLab takes the arrow keys from radio buttons and lists, which the first file gives back;
    # with the second a cell run too early names the one to run first.
    for name, place in (("overrides.json", "share/jupyter/lab/settings"),
                        ("ipython_kernel_config.py", "etc/ipython")):
        (ENV / place).mkdir(parents=True, exist_ok=True)
        shutil.copy(str(ROOT / "classroom" / name), str(ENV / place))


def hand_over(*arguments, **options):
    """Run .venv's Python and return its exit code."""
    # No other "utils", and no other kernel called python3, shall come first.
    env = dict(os.environ, PYTHONPATH=str(ROOT), JUPYTER_PREFER_ENV_PATH="1")
    child = subprocess.Popen([PYTHON, *arguments], env=env, **options)
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            pass  # Ctrl-C has reached the child too, and JupyterLab asks before it stops


def lab(arguments):
    """Open JupyterLab on the first notebook."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # in a container the only user is often root
        arguments = ["--allow-root"] + arguments
    return hand_over("-m", "jupyterlab", f"--ServerApp.root_dir={ROOT / 'notebooks'}",
                     "--LabApp.default_url=/lab/tree/00_start_here.ipynb", *arguments)


def test(arguments):
    """Compare every notebook with its stored outputs and run the tests under tests/."""
    add_test_tools()
    options = ["--nbval", "--nbval-current-env", "--nbval-sanitize-with", "tests/sanitize.cfg",
               "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
    if arguments[:1] == ["quick"]:
        arguments = arguments[1:]
        options += ["-m", "not slow and not browser"]
    else:
        ensure_browser()
        add_hub()
    if "--article" in arguments:  # one word, or pytest takes the file for a test to run
        at = arguments.index("--article")
        file = "".join(arguments[at + 1:at + 2])
        arguments[at:at + 2] = [f"--article={os.path.abspath(file)}"]
    elif ARTICLE.exists():
        options += [f"--article={ARTICLE}"]
    return hand_over("-m", "pytest", *options, *arguments, cwd=str(ROOT))


def add_test_tools():
    """Install what tests and benches need beside what the notebooks need."""
    if not installed(TEST_LOCK):
        print("Adding the test tools: less than a minute, only this once.", flush=True)
        install(TEST_LOCK)
    install_apart(REFERENCE_LOCK)  # where seaborn does not find it, which would load it in every kernel
    install_apart(SITE_LOCK)


def install_apart(lock):
    """Put a lock into a folder of its own in .venv, which only what asks for it looks into; returns the folder."""
    folder = ENV / lock.stem.split("-")[1]
    if not installed(lock):
        shutil.rmtree(str(folder), ignore_errors=True)  # pip leaves an old version where one is
        install(lock, "--no-deps", "--target", str(folder))
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
    subprocess.check_call([npm, "install", *options, "--prefix", str(node), PROXY])
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


def bench(arguments):
    """Measure, and write what was measured into the README."""
    add_test_tools()
    if not arguments or "hub" in arguments:
        add_hub()
    if not arguments or "site" in arguments:
        find_pip()
    return hand_over("-m", "tests.bench", *arguments, cwd=str(ROOT))


def classroom(arguments):
    """Build the teachers' files in classroom/ from casedata/, and the kit in build/kit/."""
    if "--pdf" in arguments:
        add_test_tools()
        ensure_browser()
    return hand_over("-m", "classroom", *arguments, cwd=str(ROOT))


def site(arguments):
    """Build the page that needs no install."""
    install_apart(SITE_LOCK)
    find_pip()  # which fetches what the page itself will load
    return hand_over("-m", "classroom.site", *arguments, cwd=str(ROOT))


def main(arguments):
    """Do what the first argument says; open JupyterLab where it is an option or missing."""
    commands = {"lab": lab, "test": test, "refresh": refresh, "bench": bench, "classroom": classroom,
                "site": site}
    commands["setup"] = lambda _: 0
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
        setup()
        return commands[command](arguments)
    except KeyboardInterrupt:
        return f"\nStopped. {AGAIN}"
    except (OSError, subprocess.CalledProcessError) as fault:
        return f"This did not work: {fault}\n{AGAIN}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
