"""Builds the live pages: one folder of files for any static host, which asks for nothing outside itself."""

import hashlib
import json
import os
import re
import shutil
import sys
import tarfile
import tempfile
import zipfile
from importlib.metadata import PathDistribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from classroom.site import source
from classroom.site.source import HERE, SiteError

ROOT = HERE.parent.parent
IN_BROWSER = {"sys_platform": "emscripten", "platform_system": "Emscripten", "python_version": "3.14", "extra": ""}
# What a kernel loads first.
AT_START = ("micropip", "piplite", "ipykernel", "comm", "pyodide-kernel", "jedi", "ipython")
TOOLS = ROOT / ".venv" / "site"  # JupyterLite and what packs a wheel, put there by lab.py
EXTENSIONS = TOOLS / "share" / "jupyter" / "labextensions"
KERNEL = "@jupyterlite/pyodide-kernel-extension"


def build(out, pyodide=None, notebooks=ROOT / "notebooks", cache=ROOT / ".venv" / "pyodide", tell=print):
    """Build the live pages.

    Parameters
    ----------
    out : Path
        The folder to write, once all is whole.
    pyodide : str or Path, optional
        An official distribution, as a folder or as the archive that Pyodide releases; else it is fetched from the
        package indexes.
    notebooks, cache : Path
        The folder of notebooks, taken as they are; where what was fetched is kept.
    tell : callable
        Is given a line before each step that takes a while.

    Raises
    ------
    SiteError
        Where something is missing, is not what its lock says, or would be lost.
    """
    tell("Fetching Pyodide and its packages, unless they lie here already: 110 MB the first time …")
    cache.mkdir(parents=True, exist_ok=True)
    official = source.given(pyodide, cache) if pyodide else source.from_indexes(cache)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".site-") as scratch:
        lite = Path(scratch)
        wheels = gather(official, cache, lite)
        own_pyodide(official, wheels, lite / "static" / "pyodide")
        settings(lite, notebooks)
        tell("Building the live pages: about ten seconds …")
        tool("jupyterlite_core", "build", cwd=lite)
        made = lite / "_output"
        shutil.copy(HERE / "index.html", made)
        inspect(made)
        os.replace(made, out)


def gather(official, cache, scratch):
    """Every wheel that the browser may load: a list of (Path, entry of Pyodide's lock or None)."""
    locked, lock = source.locked(official), HERE / "wheels.lock"
    taken = [(source.checked(official, locked[name]), locked[name]) for name in source.BINARY]
    pure = cache / hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
    if not (pure / "whole").exists():
        shutil.rmtree(pure, ignore_errors=True)
        source.download(lock, pure, "--only-binary", ":all:", "--no-binary", "pyyaml", *source.PURE)
        (pure / "whole").touch()
    taken.append((plain_yaml(next(pure.glob("pyyaml-*.tar.gz")), scratch), None))
    taken += [(w, None) for folder in (pure, EXTENSIONS / KERNEL / "static" / "pypi") for w in folder.glob("*.whl")]
    # The kernel asks for jedi at its start. Completion works without, and it would be 5 MB of every first visit.
    return [*taken, (wheel(scratch, "jedi", "0", {}), None), (own_wheel(scratch), None)]


def plain_yaml(sdist, folder):
    """PyYAML without its part in C, which no package index has for the browser: a wheel of its own sources."""
    with tarfile.open(sdist) as archive:
        found = {m: re.search(r"/lib/(yaml/\w+\.py)$", m) for m in archive.getnames()}
        files = {where[1]: archive.extractfile(m).read() for m, where in found.items() if where}
    return wheel(folder, "pyyaml", re.search(r"-([\d.]+)\.tar", sdist.name)[1], files)


def wheel(folder, name, version, files, tag="py3-none-any", more=""):
    """A wheel of files, a dict of name -> bytes or text; `more` goes into its METADATA. Returns its Path."""
    path, about = folder / f"{name}-{version}-{tag}.whl", f"{name}-{version}.dist-info"
    files = files | {
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{more}",
        f"{about}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    files[f"{about}/RECORD"] = "".join(f"{inside},,\n" for inside in [*files, f"{about}/RECORD"])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for inside, content in files.items():
            made.writestr(inside, content)
    return path


def own_wheel(folder):
    """`utils` and `casedata` as a wheel, so that a plain import finds both in the browser too."""
    tool("hatchling", "build", "-t", "wheel", "-d", str(folder), cwd=ROOT)
    return next(folder.glob("mas_casebook-*.whl"))


def own_pyodide(official, wheels, folder):
    """Put runtime and wheels into a folder, with a lock by which an import alone loads a package."""
    folder.mkdir(parents=True)
    packages, asked = {}, {}
    for path, entry in wheels:
        about = PathDistribution(next(p for p in zipfile.Path(path).iterdir() if p.name.endswith(".dist-info")))
        needs = [r for r in map(Requirement, about.requires or ()) if not r.marker or r.marker.evaluate(IN_BROWSER)]
        name = canonicalize_name(about.name)
        asked[name] = {canonicalize_name(n) for n in (entry["depends"] if entry else [r.name for r in needs])}
        packages[name] = {
            "name": name,
            "version": about.version,
            "file_name": path.name,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "install_dir": "site",
            "package_type": "package",
            "imports": entry["imports"] if entry else tops(path),
            "unvendored_tests": False,
        }
    for name, package in packages.items():
        package["depends"] = sorted(asked[name] & packages.keys())
    for path in [*(official / name for name in source.RUNTIME), *(path for path, _ in wheels)]:
        shutil.copy(path, folder)
    info = json.loads((official / source.LOCK).read_text(encoding="utf-8"))["info"]
    write(folder / source.LOCK, {"info": info, "packages": packages})


def tops(path):
    """What can be imported from a wheel: the folders and files of Python at its top."""
    inside = [n.split("/") for n in zipfile.ZipFile(path).namelist() if n.endswith(".py") and ".data/" not in n]
    return sorted({parts[0].removesuffix(".py") for parts in inside})


def settings(lite, notebooks):
    """Notebooks and settings, as `jupyter lite build` wants them."""
    shutil.copytree(notebooks, lite / "contents", ignore=shutil.ignore_patterns(".*", "mas-casebook-receipt*"))
    pyodide = {"lockFileURL": f"./static/pyodide/{source.LOCK}", "packages": AT_START}
    kernel = {f"{KERNEL}:kernel": {"disablePyPIFallback": True, "loadPyodideOptions": pyodide}}
    page = {"appName": "MAS Casebook", "exposeAppInBrowser": True, "litePluginSettings": kernel}
    write(lite / "jupyter-lite.json", {"jupyter-lite-schema-version": 0, "jupyter-config-data": page})
    shown = json.loads((ROOT / "utils" / "settings" / "overrides.json").read_text(encoding="utf-8"))
    # A copy saved in the browser hides the newer one of the site for good, so nothing is saved unasked.
    write(lite / "overrides.json", shown | {"@jupyterlab/docmanager-extension:plugin": {"autosave": False}})
    build = {"contents": ["contents"], "output_dir": "_output", "apps": ["lab"], "no_sourcemaps": True,
             "no_unused_shared_packages": True}  # fmt: skip
    paths = {"extra_labextensions_path": [str(EXTENSIONS)]}
    write(lite / "jupyter_lite_config.json", {"LiteBuildConfig": build, "FederatedExtensionAddon": paths})


def write(file, content):
    file.write_text(json.dumps(content, indent=1, sort_keys=True), encoding="utf-8")


def tool(*command, cwd):
    """Run a module of those in `TOOLS`."""
    path = os.pathsep.join([str(TOOLS), os.environ.get("PYTHONPATH", "")])
    source.run(sys.executable, "-m", *command, cwd=cwd, env=os.environ | {"PYTHONPATH": path})


def inspect(site):
    """Hold a site to what it promises: its own Pyodide, and every wheel as its lock says (SiteError)."""
    config = json.loads((site / "jupyter-lite.json").read_text(encoding="utf-8"))["jupyter-config-data"]
    kernel = config["litePluginSettings"][f"{KERNEL}:kernel"]
    if not kernel.get("pyodideUrl", "").startswith("./"):
        raise SiteError("the site would fetch Pyodide from elsewhere: build it anew from clean")
    folder = site / "static" / "pyodide"
    for entry in source.locked(folder).values():
        source.checked(folder, entry)
