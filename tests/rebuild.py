"""Makes anew whatever a change concerns: python lab.py rebuild [--all] [--seen]

It seals the data package, runs the notebooks concerned and stores their outputs, makes the teachers' files, checks each
page, question and number, and runs the tests concerned. It says what it did and, by file and line, what is left to do
by hand. What changed is told by the state of the last complete rebuild, kept in ``build/rebuilt/``; before the first
one by the last commit; and where there is none either, everything counts as changed. With ``--seen`` you say that the
sentences it asked about are right as they stand.
"""

import hashlib
import io
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.check_casedata import seal
from utils.tables import CASEDATA, WORDS, CaseDataError, read_entries, read_table

ROOT = CASEDATA.parent
DONE, BOOKS = ROOT / "build" / "rebuilt", ROOT / "notebooks"
KEPT = ("casedata", "notebooks", "utils", "classroom", "tests/numbers.yaml")  # what the state of a rebuild consists of
ARCHIVE = ["git", "archive", "HEAD", *KEPT]
SUFFIXES = (".py", ".js", ".css", ".yaml", ".csv", ".json", ".md", ".ipynb")
GENERATED = ("datapackage.json", "question_bank.gift", "case.phenopacket.json", "clinical_review.md")
BARE = " has no source"
ASKED = "; is it still right?"  # what only a reader can tell; --seen says that it is
# What a change is held to, beside the tests of the modules that changed.
WORDED, OF_KIT = (
    ["test_quiz.py", "test_notebooks.py", "test_pages.py"],
    ["test_kit.py", "test_classroom.py", "test_report.py"],
)
TABLED = [*WORDED, *OF_KIT, "test_casedata.py", "test_rules.py", "test_patient.py", "test_bench.py"]
TABLED += ["test_design_data.py"]
CONCERNS = {"casedata": TABLED, "classroom": OF_KIT, "utils": ["test_quiz.py", "test_explorer.py", "test_phrases.py"]}


# ---- what has changed ------------------------------------------------------------------------------------------------
def inputs(root):
    """The digest of each file that people write: a dict of path -> digest; of a notebook without its outputs."""
    found = {}
    for path in sorted(p for k in KEPT for p in [root / k, *(root / k).rglob("*")] if p.suffix in SUFFIXES):
        if path.name not in GENERATED and "__pycache__" not in path.parts:
            raw = path.read_bytes()
            if path.suffix == ".ipynb":
                with suppress(ValueError):
                    raw = "\0".join(c["cell_type"] + "".join(c["source"]) for c in json.loads(raw)["cells"]).encode()
            found[path.relative_to(root).as_posix()] = hashlib.sha256(raw).hexdigest()
    return found


@contextmanager
def as_it_was():
    """The folder with the state before the change; None where there is none."""
    with tempfile.TemporaryDirectory() as folder:
        if DONE.exists():
            yield DONE
        elif shutil.which("git") and (done := subprocess.run(ARCHIVE, cwd=ROOT, capture_output=True)).returncode == 0:
            with tarfile.open(fileobj=io.BytesIO(done.stdout)) as tar:
                tar.extractall(folder, filter="data")
            yield Path(folder)
        else:
            yield None


def keep(root=ROOT):
    """Keep the state of a rebuild, to know the next time what has changed."""
    done = root / DONE.relative_to(ROOT)
    shutil.rmtree(done, ignore_errors=True)
    for name in [*inputs(root), "casedata/datapackage.json"]:
        (done / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / name, done / name)


def entries(root):
    """The questions and prompts as they stand: a dict of id -> entry; empty where they cannot be read."""
    found = {}
    for file in WORDS:
        with suppress(CaseDataError):
            found |= read_entries(file, folder=root / "casedata")
    return found


def concerned(changed, old, new):
    """The notebooks whose outputs may differ now (list of Path)."""
    everywhere = re.compile(r"utils/|casedata/(?!items|prompts|revisions|journey)")
    books = sorted(BOOKS.glob("*.ipynb"))
    if any(map(everywhere.match, changed)):
        return books
    reworded = {name for name in {*old, *new} if old.get(name) != new.get(name)}
    numbers = {e.get(name, {}).get("notebook") for e in (old, new) for name in reworded}
    maps = {p.name for p in books if "casedata/journey.csv" in changed and "journey" in p.read_text(encoding="utf-8")}
    return [p for p in books if f"notebooks/{p.name}" in changed or p.name[:2] in numbers or p.name in maps]


# ---- where something stands ------------------------------------------------------------------------------------------
def line_of(file, name):
    """The line at which an entry or a cell of this id begins, or 1."""
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    return next((n for n, line in enumerate(lines, 1) if re.match(rf"\W*id\W+{re.escape(name)}(?![\w-])", line)), 1)


def placed(complaint, file):
    """A sentence with the file and line that it is about: the entry that it names, else the page."""
    named = re.search(r"\b[A-Z]\d\.\d+\b", complaint)
    for words in WORDS:
        if named and (line := line_of(f"casedata/{words}", named[0])) > 1:
            file = f"casedata/{words}:{line}"
    if file.endswith(".ipynb") and (cell := re.search(r"\bcell ([\w-]+)", complaint)):
        file = f"{file}:{line_of(file, cell[1])}"
    return f"{file}: {complaint}"


def of_data(fault):
    """A CaseDataError as a sentence, with the place of what it is about."""
    file, about = f"casedata/{fault.file}", str(fault).partition(": ")[2]
    column = f"column {fault.column}: " if fault.column else ""
    return f"{file}:{fault.row}: {column}{about}" if fault.row else placed(about, file)


# ---- what is done ----------------------------------------------------------------------------------------------------
def number_ids():
    """Write the table of revisions; returns what is wrong with the ids, and writes nothing then."""
    from tests.check_questions import items, prompts
    from utils.quiz import revision

    now = {name: revision(entry) for name, entry in {**items(), **prompts()}.items()}
    known = read_table("revisions").set_index("id").to_dict("index")
    gone, wrong = {row["revision"]: name for name, row in known.items() if name not in now}, []
    for name, digest in now.items():
        if name in known and not known[name]["asked"]:
            wrong.append(f"{name} was asked before and dropped: an id is not given twice, so choose a new one")
        elif name not in known and digest in gone:
            wrong.append(f"{name} is what was {gone[digest]}: a question keeps its id, so call it {gone[digest]} again")
        known[name] = {"first": known.get(name, {}).get("first", digest), "revision": digest}
    if not wrong:
        lines = [f"{n},{r['first']},{r['revision']},{str(n in now).lower()}\n" for n, r in known.items()]
        text = "".join(["id,first,revision,asked\n", *lines])
        (CASEDATA / "revisions.csv").write_text(text, encoding="utf-8", newline="\n")
    return wrong


def sealed():
    """Check the data package and seal it; returns what is wrong with it, and leaves the old seal then."""
    file = CASEDATA / "datapackage.json"
    before = file.read_text(encoding="utf-8")
    try:
        seal()
        from utils.rules import RULES  # reads the tables

        [rule.nodes(variant) for rule in RULES.values() for variant in rule.variants]  # do its items hang together?
        wrong = number_ids()
        seal()
    except CaseDataError as fault:
        wrong = [of_data(fault)]
    if wrong:
        file.write_text(before, encoding="utf-8", newline="\n")
    elif file.read_text(encoding="utf-8") != before:
        print("Sealed casedata/.", flush=True)
    return [placed(w, "casedata/items.yaml") if not w.startswith("casedata/") else w for w in wrong]


def run(books):
    """Run notebooks, two at a time, and store their outputs; returns what went wrong."""

    def one(book):
        command = [sys.executable, str(ROOT / "tests" / "refresh_notebooks.py"), str(book)]
        done = subprocess.run(command, capture_output=True, text=True)
        print(done.stdout, end="", flush=True)
        return f"notebooks/{done.stderr.strip().splitlines()[0]}" if done.returncode else ""

    with ThreadPoolExecutor(2) as pool:
        return [wrong for wrong in pool.map(one, books) if wrong]


def journey_faults():
    """Pages and rows of the journey that do not belong together."""
    rows, there = [*read_table("journey")["file"]], {p.name for p in BOOKS.glob("*.ipynb")}
    for file in sorted({*rows} - there):
        at = f"casedata/journey.csv:{rows.index(file) + 2}"
        yield f"{at}: there is no notebooks/{file}: add the notebook, or take the row out"
    yield from (f"notebooks/{file}: casedata/journey.csv has no row for it: add one" for file in there - {*rows})


def page_faults(books):
    """What pages and their questions lack, each with its place."""
    from tests.design import book, complaints

    for file in (f"notebooks/{path.name}" for path in books):
        try:
            yield from [placed(complaint, file) for complaint in dict.fromkeys(complaints(book(file[10:12])))]
        except Exception as fault:  # a page unlike all others: still a sentence
            yield f"{file}: could not be checked ({type(fault).__name__}: {fault})"


def number_faults(before):
    """The numbers without a source, and those that another row vouched for before the change (`before`: its folder)."""
    from tests import orphans
    from utils.case import load_case

    used, wrong = set(), {}
    passages = [p for page in orphans.everything().values() for p in page]
    with suppress(CaseDataError):  # it was not whole before either
        for p, r, source in orphans.outdated(passages, load_case(before)) if before else ():
            wrong[p.place(r), r.text] = f"{orphans.stated(r)}, as {source} said before{ASKED}"
    for p, r in orphans.unvouched(passages, used=used):
        if p.prose or not (before and wrong):  # what outputs repeat is mended elsewhere
            key, shown = (p.place(r), p.prose and r.text), "" if p.prose else "shown by a cell: "
            wrong[key] = wrong.get(key, shown + orphans.stated(r)).removesuffix(ASKED).removesuffix(BARE) + BARE
    yield from (f"{place}: {words}" for (place, _), words in wrong.items())
    yield from (f"tests/{words}" for words in orphans.entry_faults(orphans.ENTRIES, used))


def teachers_files():
    """Make the teachers' files and the pages of the kit anew; returns what is wrong with the kit."""
    from classroom import __main__ as files
    from classroom import kit

    files.build()
    printed = any(kit.KIT.rglob("*.pdf"))
    try:
        kit.build(pdf=printed, tell=lambda line: None)
    except kit.KitError as fault:
        return [str(fault)]
    print(f"Built classroom/ and build/kit/{'' if printed else ' (its PDFs: lab.py classroom --pdf)'}.", flush=True)
    return []


def tests_of(changed):
    """The files of tests that a change concerns (list of str)."""
    chosen, tests = set(), {p.name: p.read_text(encoding="utf-8") for p in (ROOT / "tests").glob("test_*.py")}
    for path in map(Path, changed):
        if path.parts[0] == "notebooks" or path.name in (*WORDS, "revisions.csv"):
            chosen |= {*WORDED}
        elif path.suffix == ".py" and path.parts[0] == "utils":
            used = re.compile(rf"from utils(\.\w+)?(\.{path.stem}\b| import [^\n]*\b{path.stem}\b)")
            chosen |= {name for name, text in tests.items() if used.search(text)}
        else:
            chosen |= {*CONCERNS.get(path.parts[0], ())}
    # test_fuzz tries other things in each run
    return [f"tests/{name}" for name in sorted(chosen & tests.keys() - {"test_fuzz.py"})]


def run_tests(files):
    """Run the quick tests of these files; returns the places that failed."""
    options = ["-q", "-n", "2", "--tb=line", "-rfE", "-m", "not slow and not browser", "-p", "no:cacheprovider"]
    done = subprocess.run([sys.executable, "-m", "pytest", *options, *files], cwd=ROOT, capture_output=True, text=True)
    counted = re.findall(r"[0-9]+ (?:passed|failed|errors?)", done.stdout)
    print(f"Tests: {', '.join(counted) or 'none ran'}.", flush=True)
    if done.returncode in (0, 5):
        return []
    places = re.findall(rf"(?m)^{re.escape(str(ROOT))}/(\S+?:\d+: .+)$", done.stdout)
    names = [line.partition(" ")[2] for line in done.stdout.splitlines() if line.startswith(("FAILED ", "ERROR "))]
    return [*places, *names] or [done.stdout[-1500:] + done.stderr[-500:]]


def main(arguments):
    """Do all of it; the exit code, 1 where something is left to be done by hand."""
    if {*arguments} - {"--all", "--seen"}:
        print(__doc__.strip())
        return int("--help" not in arguments)
    start = time.perf_counter()
    with as_it_was() as root:
        then = inputs(root) if root and "--all" not in arguments else {}
        now = inputs(ROOT)
        changed = {name for name in {*then, *now} if then.get(name) != now.get(name)}
        old, new = entries(root) if then else {}, entries(ROOT)
        left = sealed() or list(journey_faults())
        if left:
            return report(left, start)
        if not changed:
            since = "last rebuild" if root == DONE else "last commit"
            print(f"Nothing has changed since the {since}; --all does everything anew.")
        books = concerned(changed, old, new)
        tables = any(re.match(r"casedata/(?!revisions).*\.csv", name) for name in changed)
        left = run(books)
        if changed and not left:
            pages = sorted(BOOKS.glob("*.ipynb")) if "casedata/journey.csv" in changed else books
            left = [*page_faults(pages), *number_faults(root / "casedata" if root and tables else None)]
            left = [line for line in left if not (line.endswith(ASKED) and "--seen" in arguments)]
        if changed and not left:
            left = teachers_files()
        if not left and (files := tests_of(changed)):
            left = run_tests(files)
    if not left:
        keep()
    return report(left, start)


def report(left, start):
    """Say what is left to do by hand; the exit code."""
    if left:
        print(f"Left to do by hand ({len(left)}); then rebuild again:")
        print("".join(f"  {line}\n" for line in left), end="")
        if any(line.endswith(BARE) for line in left):
            from tests.known_numbers import MEND

            print(f"A number without a source: {MEND}.")
        if any(line.endswith(ASKED) for line in left):
            print("Where all that is asked about is right as it stands: lab.py rebuild --seen")
    print(f"{'Not yet rebuilt' if left else 'Rebuilt'} ({time.perf_counter() - start:.0f} s).")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
