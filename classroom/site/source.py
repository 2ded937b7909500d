"""Where Pyodide comes from: an official distribution that somebody has, or the package indexes alone.

Either way it ends as one folder with the runtime, Pyodide's own lock and wheels; `checked` lets nothing else pass.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ABI = "2026_0"  # what the kernel of the pinned JupyterLite was made for
RUNTIME = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")
BINARY = ("contourpy", "kiwisolver", "matplotlib", "numpy", "pandas", "pillow", "pytz")
LOCK = "pyodide-lock.json"
PURE = "--platform pyemscripten_2026_0_wasm32 --implementation py --abi none --python-version 3.14".split()
# The second source. Pyodide's own release is on no package index, but its runtime and lock are on npm, and one package
# on the Python index carries its wheels. What the lock does not vouch for is not taken from there.
NPM = "pyodide@314.0.3"
NPM_SHA256 = "d7f7d24f8db486c7eda7280f3b0f7517524c8e43e8b086c6ee6ae8016658b484"
CARRIER, INSIDE = "open-webui", "open_webui/frontend/pyodide/"


class SiteError(RuntimeError):
    """The site cannot be built; the message says why, and how to mend it."""


def given(path, cache):
    """The official distribution at `path`, a folder or the archive as released; returns its folder (Path)."""
    path = Path(path)
    if path.is_file():
        folder = cache / "given"
        shutil.rmtree(folder, ignore_errors=True)
        try:
            shutil.unpack_archive(path, folder, filter="data")
        except (shutil.ReadError, tarfile.TarError, OSError) as fault:
            raise SiteError(f"{path} cannot be unpacked ({fault}): give the .tar.bz2 as released") from None
        path = folder
    if not (found := sorted(path.rglob(LOCK))):
        raise SiteError(f"{path} holds no {LOCK}: give the folder or the archive of a Pyodide release")
    return found[0].parent


def from_indexes(cache):
    """The same from npm and the Python index, kept in `cache` (Path) for the next time; returns its folder."""
    folder = cache / NPM.replace("@", "-")
    if (folder / "whole").exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if not (npm := shutil.which("npm")):
        raise SiteError("npm was not found: install Node.js, or give an official Pyodide with --pyodide")
    run(npm, "pack", "--silent", "--pack-destination", str(folder), NPM)
    package = next(folder.glob("*.tgz"))
    if hashlib.sha256(package.read_bytes()).hexdigest() != NPM_SHA256:
        raise SiteError(f"{NPM} from npm is not the file it was: nothing is built from it")
    with tarfile.open(package) as archive:
        for name in (*RUNTIME, LOCK):
            (folder / name).write_bytes(archive.extractfile(f"package/{name}").read())
    download(HERE / "carrier.lock", folder)
    carrier = next(folder.glob(f"{CARRIER.replace('-', '_')}-*.whl"))
    with zipfile.ZipFile(carrier) as wheel:
        for file in (locked(folder)[name]["file_name"] for name in BINARY):
            (folder / file).write_bytes(wheel.read(INSIDE + file))
    package.unlink(), carrier.unlink()
    (folder / "whole").touch()
    return folder


def download(lock, folder, *options):
    """Put what a lock of requirements names into a folder; pip refuses whatever has another hash."""
    run(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
        "--require-hashes", "-r", str(lock), "-d", str(folder), *options)  # fmt: skip


def run(*command, **options):
    """Run a command; SiteError with what it printed where it fails."""
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode:
        raise SiteError(f"{' '.join(command[:4])} … failed: {(done.stderr or done.stdout).strip()[-1500:]}")


def locked(folder):
    """The packages of Pyodide's own lock, as a dict of name -> entry."""
    lock = json.loads((folder / LOCK).read_text(encoding="utf-8"))
    if (abi := lock["info"]["abi_version"]) != ABI:
        raise SiteError(f"{folder} is Pyodide for ABI {abi}, and this JupyterLite needs {ABI}: give a release 314.0.x")
    return lock["packages"]


def checked(folder, entry):
    """The wheel of an entry of the lock, as Path, once its hash is what the lock says."""
    wheel = folder / entry["file_name"]
    if not wheel.is_file():
        raise SiteError(f"{folder} lacks {wheel.name}, which its lock names: unpack the whole distribution")
    if hashlib.sha256(wheel.read_bytes()).hexdigest() != entry["sha256"]:
        raise SiteError(f"{wheel.name} is not what Pyodide's lock says: nothing is built from it; fetch it anew")
    return wheel
