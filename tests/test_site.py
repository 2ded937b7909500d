"""The page without an install: what may go into it, and what is refused. The page itself is in tests/browser."""

import hashlib
import json
import shutil

import pytest
import yaml

from classroom.site import __main__ as command
from classroom.site import build, source
from classroom.site.source import SiteError


def wheel(folder, name, imports=None, tag="py3-none-any", asks=(), code=""):
    """A wheel of one package, with a command of its name; returns the entry that Pyodide's lock would have for it."""
    imports = imports or name
    files = {f"{imports}/__init__.py": code + "\ndef main(): print('called')\n",
             f"{name}-1.0.dist-info/entry_points.txt": f"[console_scripts]\n{name}={imports}:main\n"}  # fmt: skip
    file = build.wheel(folder, name, "1.0", files, tag, "".join(f"Requires-Dist: {a}\n" for a in asks))
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    return {"name": name, "file_name": file.name, "sha256": sha256, "imports": [imports], "depends": []}


@pytest.fixture
def official(tmp_path):
    """A folder as Pyodide releases one, with small stand-ins for runtime and wheels."""
    folder = tmp_path / "release" / "pyodide"
    folder.mkdir(parents=True)
    packages = {n: wheel(folder, n, tag="cp314-cp314-wasm32") for n in source.BINARY}
    packages["left-out"] = {**packages["numpy"], "file_name": "left_out-1.0.whl"}
    lock = {"info": {"abi_version": source.ABI, "python": "3.14.0"}, "packages": packages}
    (folder / source.LOCK).write_text(json.dumps(lock))
    for name in source.RUNTIME:
        (folder / name).write_text(name)
    return folder


def test_a_release_is_taken_as_a_folder_and_as_an_archive(official, tmp_path):
    assert source.given(official.parent, tmp_path) == official
    archive = shutil.make_archive(tmp_path / "pyodide", "bztar", official.parent, "pyodide")
    unpacked = source.given(archive, tmp_path / "cache")
    assert sorted(f.name for f in unpacked.iterdir()) == sorted(f.name for f in official.iterdir())


def test_what_is_no_release_or_one_for_another_kernel_is_refused_and_a_wheel_must_be_what_the_lock_says(official):
    (official.parent / "none").mkdir()
    (official.parent / "text").write_text("no archive")
    for name, words in (("none", "holds no pyodide-lock.json"), ("text", "cannot be unpacked")):
        with pytest.raises(SiteError, match=words):
            source.given(official.parent / name, official.parent / "cache")
    entry = source.locked(official)["numpy"]
    file = source.checked(official, entry)
    file.write_bytes(file.read_bytes() + b"\0")
    with pytest.raises(SiteError, match=f"{file.name} is not what Pyodide's lock says"):
        source.checked(official, entry)
    file.unlink()
    with pytest.raises(SiteError, match=f"lacks {file.name}"):
        source.checked(official, entry)
    lock = (official / source.LOCK).read_text()
    (official / source.LOCK).write_text(lock.replace(source.ABI, "2025_0"))
    with pytest.raises(SiteError, match="ABI 2025_0"):
        source.locked(official)


def test_the_page_gets_a_lock_in_which_an_import_finds_its_package_and_what_that_needs(official, tmp_path):
    locked = source.locked(official)
    wheels = [(official / e["file_name"], e) for n, e in locked.items() if n != "left-out"]
    asks = ["numpy>=2", "jupyterlab", 'pandas; sys_platform == "emscripten"', 'pillow; sys_platform == "win32"']
    ours = wheel(tmp_path, "mas_casebook", "utils", asks=asks)
    build.own_pyodide(official, [*wheels, (tmp_path / ours["file_name"], None)], tmp_path / "out")
    made = json.loads((tmp_path / "out" / source.LOCK).read_text())
    assert made["info"]["abi_version"] == source.ABI
    package = made["packages"]["mas-casebook"]
    assert package["imports"] == ["utils"] and package["depends"] == ["numpy", "pandas"]  # no JupyterLab in a browser
    for entry in source.locked(tmp_path / "out").values():
        source.checked(tmp_path / "out", entry)


def site(folder, url="./static/pyodide/pyodide.mjs"):
    """A folder with what `inspect` looks at."""
    pyodide = folder / "static" / "pyodide"
    pyodide.mkdir(parents=True)
    packages = {"numpy": wheel(pyodide, "numpy")}
    (pyodide / source.LOCK).write_text(json.dumps({"info": {"abi_version": source.ABI}, "packages": packages}))
    kernel = {"pyodideUrl": url} if url else {}
    page = {"jupyter-config-data": {"litePluginSettings": {f"{build.KERNEL}:kernel": kernel}}}
    (folder / "jupyter-lite.json").write_text(json.dumps(page))
    return folder


def test_a_built_site_is_held_to_what_it_promises(tmp_path):
    build.inspect(site(tmp_path / "whole"))
    for n, url in enumerate((None, "https://elsewhere.example/pyodide.mjs")):
        with pytest.raises(SiteError, match="from elsewhere"):
            build.inspect(site(tmp_path / str(n), url))
    next((tmp_path / "whole" / "static" / "pyodide").glob("*.whl")).write_bytes(b"another")
    with pytest.raises(SiteError, match="is not what Pyodide's lock says"):
        build.inspect(tmp_path / "whole")


def test_live_pages_are_there_once_they_are_whole(official, tmp_path, monkeypatch):
    made = tmp_path / "site"
    taken = next(official.glob("pandas-*")).rename(tmp_path / "taken")
    with pytest.raises(SiteError, match="lacks pandas"):
        build.build(made, official, cache=tmp_path / "cache", tell=lambda line: None)
    assert not made.exists() and not list(tmp_path.glob(".site*"))
    taken.rename(official / "pandas-1.0-cp314-cp314-wasm32.whl")
    monkeypatch.setattr(build, "gather", lambda *_: [])
    monkeypatch.setattr(build, "tool", lambda *_, cwd: site(cwd / "_output"))
    build.build(made, official, cache=tmp_path / "cache", tell=lambda line: None)
    assert (made / "index.html").exists()


def test_the_command_says_in_words_what_went_wrong(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["site", "--pyodide", str(tmp_path / "none"), "--out", str(tmp_path / "out")])
    assert command.main().startswith("No site was built: ") and not (tmp_path / "out").exists()


def test_what_is_put_on_a_host_was_tested_before():
    jobs = yaml.safe_load((build.ROOT / ".github/workflows/tests.yml").read_text(encoding="utf-8"))["jobs"]
    steps = jobs["deploy"]["steps"]
    assert jobs["deploy"]["needs"] == "linux" and {"run": ".ci/run"} in jobs["linux"]["steps"]
    assert {"run": "python lab.py site"} in steps
    assert [s["with"]["path"] for s in steps if "upload-pages" in s.get("uses", "")] == ["build/site"]


def test_the_page_on_live_pages_tells_how_to_take_work_along():
    text = (build.ROOT / "classroom/book/pages/live.md").read_text(encoding="utf-8")
    for words in ("half a minute", "Download", "fresh copy", "delete it in the list"):
        assert words in text
