"""One change is one change: what `lab.py rebuild` says, by file and line, of changes of every kind."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from tests import rebuild
from tests.check_casedata import seal
from utils.tables import read_table


@pytest.fixture
def copy(tmp_path):
    """A copy of the collection, just rebuilt: a callable that changes one of its files and says what rebuild says."""
    for folder in (*rebuild.KEPT[:-1], "tests"):
        shutil.copytree(rebuild.ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    rebuild.keep(tmp_path)

    def change(file, old, new):
        text = (tmp_path / file).read_text(encoding="utf-8")
        assert len(re.findall(old, text)) == 1
        (tmp_path / file).write_text(re.sub(old, new, text), encoding="utf-8", newline="\n")
        env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
        command = [sys.executable, "-m", "tests.rebuild"]
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        assert done.returncode == ("Left to do by hand" in done.stdout), done.stdout + done.stderr
        return done.stdout

    change.folder = tmp_path
    return change


def line(copy, file, words):
    """Where a text stands, as rebuild tells it."""
    lines = (copy.folder / file).read_text(encoding="utf-8").splitlines()
    return f"{file}:{next(n for n, found in enumerate(lines, 1) if words in found)}"


def test_a_cell_that_its_schema_refuses_is_named(copy):
    printed = copy("casedata/observations.csv", r"F27,admission,crp,\d+", "F27,admission,crp,1OO")
    assert f"{line(copy, 'casedata/observations.csv', 'F27,')}: column value: '1OO' is not a plain number" in printed


@pytest.mark.slow
def test_an_id_stays_with_its_question(copy):
    printed = copy("casedata/items.yaml", r"- id: K3\.2\n", "- id: K3.9\n")
    assert "K3.9 is what was K3.2: a question keeps its id" in printed
    ledger = copy.folder / "casedata" / "revisions.csv"
    text = ledger.read_text(encoding="utf-8")
    assert "K3.9" not in text
    ledger.write_text(re.sub(r"(?m)^(K3\.2,.*),true$", r"\1,false", text), encoding="utf-8")
    printed = copy("casedata/items.yaml", r"- id: K3\.9\n", "- id: K3.2\n")
    assert "K3.2 was asked before and dropped: an id is not given twice" in printed


@pytest.mark.slow
def test_a_page_and_its_row_belong_together(copy):
    printed = copy("casedata/journey.csv", r"(?s)\n11,.*", "\n")
    assert "notebooks/11_the_next_day.ipynb: casedata/journey.csv has no row for it" in printed
    (copy.folder / "notebooks" / "08_safe_and_effective.ipynb").rename(copy.folder / "notebooks" / "08_other.ipynb")
    printed = copy("casedata/journey.csv", r"Safe and effective\?,", "Did it?,")
    assert "there is no notebooks/08_safe_and_effective.ipynb" in printed and "notebooks/08_other.ipynb: " in printed


@pytest.mark.slow
def test_what_a_new_value_and_a_question_leave_to_do_is_named_by_file_and_line(copy):
    data = copy.folder / "casedata"
    for book in (p for p in (copy.folder / "notebooks").iterdir() if not p.name.startswith("03_")):
        book.unlink()  # one page, which needs a kernel, stands for all
    rows = (data / "journey.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    kept = "".join(row for row in rows if row[:3] in ("not", "03,"))
    (data / "journey.csv").write_text(kept, encoding="utf-8", newline="\n")
    seal(data)
    rebuild.keep(copy.folder)
    old = r"(?s)(- id: N3\.2\n.*?)voices:\n.*?(?=\n- id)"
    text = (data / "items.yaml").read_text(encoding="utf-8")
    text, spoiled = re.subn(old, r"\1voices: {data: A single voice.}", text)
    (data / "items.yaml").write_text(text, encoding="utf-8", newline="\n")
    crp = int(read_table("observations").set_index("fact").at["F27", "value"])
    row = "crp,{0},,mg/L,{0},,mg/L,reported,CRP {0}"
    printed = copy("casedata/observations.csv", row.format(crp), row.format(crp + 10))
    question = line(copy, "casedata/items.yaml", "id: N3.2")
    assert spoiled == 1 and f"{question}: N3.2: the voices authors and data are both due" in printed
    places = re.findall(rf"(?m)^  (\S+:\d+): {crp} \(mg/l\)", printed)
    assert line(copy, "casedata/discrepancies.csv", "D06,") in places
    assert line(copy, "casedata/items.yaml", f"with a CRP of {crp} mg/L") in places
    assert line(copy, "notebooks/03_flare_sepsis_or_mas.ipynb", f"The CRP is {crp} mg/L") in places
    assert printed.count("as observations.csv F27 said before") == len(places) and "test_rebuild.py" not in printed
    assert re.search(r"03_flare_sepsis_or_mas.ipynb +changed", printed) and "Not yet rebuilt (" in printed


def test_what_a_change_concerns_are_the_pages_and_tests_that_use_it():
    old = rebuild.entries(rebuild.ROOT)
    new = {**old, "N2.9": {"id": "N2.9", "notebook": "02"}}
    changed = {"casedata/items.yaml", "casedata/revisions.csv", "notebooks/02_naming_it.ipynb"}
    assert [p.name for p in rebuild.concerned(changed, old, new)] == ["02_naming_it.ipynb"]
    assert rebuild.concerned({"casedata/rules.csv"}, old, old) == sorted(rebuild.BOOKS.glob("*.ipynb"))
    chosen = rebuild.tests_of({"utils/chapters/route.py"})
    assert "tests/test_route.py" in chosen and "tests/test_units.py" not in chosen
    assert "tests/test_rules.py" in rebuild.tests_of({"casedata/rules.csv"})
    for name in (*rebuild.TABLED, *rebuild.tests_of({"classroom/gift.py", "utils/cards.js"})):
        assert (rebuild.ROOT / "tests" / name.removeprefix("tests/")).exists()
