"""The code knows no case: an invented second one runs through it, and the shared rooms name no fact of the first."""

import ast
import re
import shutil
from pathlib import Path

import pytest

from tests.check_casedata import seal
from utils import explore
from utils.case import CaseDataError, load_case, references
from utils.quiz import ask, reveal
from utils.rules import evaluate
from utils.tables import CASEDATA

FOLDER = Path(__file__).with_name("second_case")
CHAPTERS = CASEDATA.parent / "utils" / "chapters"  # a room of one page may name what it tells of
FIGURES = {"drawn_appraisal", "drawn_course"}  # as may a figure of one
SHARED = sorted(p for p in CHAPTERS.parent.rglob("*.py") if CHAPTERS not in p.parents and p.stem not in FIGURES)
ALSO_WORDS = {"discussion", "recovery"}  # a kind of question, and the name of a figure


# ---- a second case ---------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def ward():
    return load_case(FOLDER).as_of("ward")


def test_a_moment_shows_what_was_known_by_then(ward):
    assert len(load_case(FOLDER).observations) == 3 and len(ward.observations) == 2 and len(ward.treatments) == 0
    assert "700 ng/mL" in ward.sheet().to_string() and "150" not in ward.sheet().to_string()
    assert "150" in load_case(FOLDER).as_of("next_day").sheet().to_string()
    with pytest.raises(CaseDataError, match="use one of ward"):
        ward.as_of("admission")


def test_rules_and_explorers_take_it(ward):
    verdict = evaluate("mas_2016", ward)
    assert verdict.status == "undetermined" and "met" in verdict.items.set_index("item").at["ferritin", "status"]
    bench = explore.what_if("mas_2016", ward, platelets=(0, 500, 250))
    assert "Varying platelets alone" in repr(bench.set(platelets="150 ×10⁹/L"))
    later = evaluate("mas_2016", load_case(FOLDER).as_of("next_day"))
    assert later.items.set_index("item").at["platelets", "status"] == "met"


def test_its_question_is_asked(record):
    assert "no question 'X1.1'" in ask("X1.1").text
    card = ask("X1.1", FOLDER)
    assert "Which result is missing" in card.item["stem"]
    card.given = {"choice": "b", "confidence": "", "at": 1}
    assert card.committed["choice"] == "b" and "That is the best supported answer." in card.feedback
    assert "X1.1" in record.read_text() and "best supported answer" in reveal("X1.1").text


def test_what_is_wrong_with_a_folder_is_said(tmp_path):
    folder = shutil.copytree(FOLDER, tmp_path / "case")
    text = (folder / "items.yaml").read_text(encoding="utf-8")
    (folder / "items.yaml").write_text(text.replace("X1.1", "N3.1"), encoding="utf-8")
    with pytest.raises(CaseDataError, match="N3.1 is an id of the collection"):
        ask("N3.1", folder)
    (folder / "treatments.csv").unlink()
    with pytest.raises(CaseDataError, match="treatments.csv: cannot be read"):
        seal(folder)


# ---- the shared rooms ------------------------------------------------------------------------------------------------
def known_names():
    """What belongs to the report: moments, courses, drugs, and works cited."""
    case = load_case()
    return {*case.time_points["time_point"], *case.treatments["treatment"], "anakinra", *references()} - ALSO_WORDS


def facts_in(source):
    """The lines of code that name a fact, a moment, a drug or a work of the report; docstrings name their sources."""
    named = re.compile(rf"\b([FPUD]\d\d|{'|'.join(map(re.escape, sorted(known_names())))})\b")
    tree = ast.parse(source)
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield from ((node.lineno, m[0]) for m in named.finditer(node.value))


@pytest.mark.parametrize("path", SHARED, ids=lambda p: p.stem)
def test_a_shared_room_names_nothing_of_the_report(path):
    assert list(facts_in(path.read_text(encoding="utf-8"))) == []


def test_a_name_of_the_report_would_be_found():
    planted = 'def f(case):\n    """Rests on D03 (ravelli2016)."""\n    return case.as_of("admission").address("F09")\n'
    assert [name for _, name in facts_in(planted)] == ["F09", "admission"]
