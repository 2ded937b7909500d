"""The data package: valid by its own library, complete, traceable to the article, and held to its seal.

The code knows no case: an invented second one runs through it, and the shared rooms name no fact of the first.
"""

import ast
import io
import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.check_casedata import check, seal
from utils import explore
from utils.case import CaseDataError, load_case, references
from utils.quiz import ask, items, reveal
from utils.rules import RULES, evaluate
from utils.tables import CASEDATA, check_seal, describe, read_table
from utils.units import variables

CASE = load_case()
SOURCED = ("observations", "findings", "treatments", "events", "claims", "discrepancies", "reference_ranges")
PRINTED = [CASE.tables[name] for name in SOURCED]
FACTS = set().union(*(set(t["fact"]) for t in CASE.tables.values() if "fact" in t)) | set(CASE.discrepancies["id"])
SECOND = Path(__file__).with_name("second_case")
CHAPTERS = CASEDATA.parent / "utils" / "chapters"  # a room of one page may name what it tells of
SHARED = sorted(p for p in CHAPTERS.parent.rglob("*.py") if CHAPTERS not in p.parents)
ALSO_WORDS = {"discussion", "recovery", "follow_up"}  # a kind of question, and names of figures


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(CASEDATA, tmp_path / "casedata")


def change(file, old, new):
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


# ---- what is in it ---------------------------------------------------------------------------------------------------
@pytest.mark.slow
def test_the_package_is_valid_by_our_check_and_by_the_frictionless_library(folder):
    frictionless = pytest.importorskip("frictionless")
    assert {*CASE.tables} < {*describe()} <= {*check()}  # those of invented patients are not the case's
    report = frictionless.validate(str(CASEDATA / "datapackage.json"))
    assert report.valid, report.flatten(["name", "rowNumber", "fieldName", "note"])
    change(folder / "time_points.csv", "\nadmission,", "\nregional_hospital,")
    assert not frictionless.validate(str(folder / "datapackage.json")).valid


def test_nothing_of_the_article_is_missing_and_every_source_and_variable_is_known():
    assert {f"F{n:02}" for n in range(1, 62)} <= FACTS
    assert list(CASE.discrepancies["id"]) == [f"D{n:02}" for n in range(1, 35)]
    assert {str(n) for n in range(1, 22)} <= {str(w.get("citation-number")) for w in references().values()}
    assert "R" not in set(CASE.discrepancies["tag"]) | set(CASE.reference_ranges["tag"])  # no unconfirmed fact
    used = {r for cell in CASE.claims["cites"] for r in cell.split()} | set(CASE.reference_ranges["source"])
    used |= {r for name in ("rules", "rule_sets") for r in read_table(name)["source"]}
    assert used - {""} <= {*references()}
    for name, item in items().items():
        for option in item["options"]:
            assert {*option["rests_on"]} <= {*FACTS, *references(), "arithmetic"}, (name, option["key"])
    asked = {x for rule in RULES.values() for variant in rule.variants for x in rule.inputs(variant)}
    assert asked | set(CASE.findings["variable"]) <= set(variables().index)


def fragments(table):
    for row in table.to_dict("records"):
        for words in filter(None, (w.strip() for w in row["as_printed"].split("|"))):
            yield row.get("fact", row.get("id")), words


def test_every_printed_figure_is_in_the_article(article):
    odd = CASE.observations.copy()
    odd.loc[odd["fact"] == "F29", "as_printed"] = "ferritin 2,300 ug/L"
    found = [(fact, words) for t in (*PRINTED, odd) for fact, words in fragments(t) if words not in article]
    assert found == [("F29", "ferritin 2,300 ug/L")]  # and no other


def test_nothing_longer_than_a_few_words_is_taken_from_the_article():
    assert not [w for table in PRINTED for _, w in fragments(table) if len(w.split()) > 8]


def test_no_sentence_of_the_article_stands_in_the_collection(article):
    """Twelve words in a row, figures apart, would be a sentence taken over."""

    def words(text):
        return re.findall(r"[a-z]+", text.lower())

    text, root = " ".join(words(article.split(" REFERENCES ")[0])), CASEDATA.parent  # naming the works cited is a duty
    assert len(text) > 5000
    title = " ".join(words(references()["meneghel2021"]["title"]))
    files = {*CASEDATA.glob("*.*"), *root.glob("notebooks/*.ipynb"), root / "README.md"}
    for file in files - {CASEDATA / "references.json"}:  # titles are citations
        found = words(file.read_text(encoding="utf-8"))
        runs = {" ".join(found[i : i + 12]) for i in range(len(found) - 11)}
        assert not [r for r in runs if r in text and r not in title], file.name


# ---- as of -----------------------------------------------------------------------------------------------------------
def test_later_facts_are_not_in_an_earlier_view():
    order = dict(zip(CASE.time_points["time_point"], CASE.time_points["order"], strict=True))
    for moment in order:
        for name, table in CASE.as_of(moment).tables.items():
            if "time_point" in table and name != "journey":
                assert all(order[t] <= order[moment] for t in table["time_point"] if t), (moment, name)
    early = CASE.as_of("admission")
    assert not early.treatments["end_known_at"].map(lambda t: t != "" and order[t] > order["admission"]).any()
    assert CASE.as_of("recovery").inputs["haemophagocytosis"] is True
    assert not early.codes["label"].str.contains("arrest|shock|Myocarditis|leak", case=False).any()
    assert not CASE.as_of("picu").treatments["as_printed"].str.contains("5 days").any()


def test_a_view_is_a_copy_and_cannot_look_ahead_again():
    early = CASE.as_of("admission")
    early.rules.loc[:, "threshold"] = 0.0
    assert CASE.rules["threshold"].max() > 1000
    with pytest.raises(CaseDataError, match="no moment 'recovery' .* use one of regional_hospital"):
        early.as_of("recovery")


def test_laboratory_values_do_not_carry_forward_and_the_later_marrow_would_change_the_verdict():
    inputs = CASE.as_of("admission").inputs
    assert not inputs["esr"].known and not inputs["wbc"].known
    assert inputs["sjia_known_or_suspected"] is True and inputs["age_at_onset"].known
    assert evaluate("hlh_2004", inputs).status != evaluate("hlh_2004", {**inputs, "haemophagocytosis": True}).status


def test_every_address_leads_somewhere():
    assert CASE.address(*sorted(FACTS))[["What", "Where", "Printed words"]].all(axis=None)
    with pytest.raises(CaseDataError, match="no address 'F45' that is known at admission"):
        CASE.as_of("admission").address("F45")
    regional = CASE.as_of("regional_hospital")  # a reading of ours is not shown as printed
    assert "age at onset" not in set(regional.sheet()["Item"]) and regional.inputs["age_at_onset"].known


def test_a_limit_of_an_assay_is_read_as_one(folder):
    printed = CASE.observations.set_index("fact").at["F27", "as_printed"].removeprefix("CRP ")
    change(folder / "observations.csv", f",CRP {printed},", f",CRP <= {printed},")
    seal(folder)
    admission = load_case(folder).as_of("admission")
    crp = admission.inputs["crp"]
    assert str(crp) == f"≤ {printed}" in admission.sheet().astype(str).to_string() and crp.high != crp.value


# ---- faults that only this package can have; of all others: test_mutations -------------------------------------------
@pytest.mark.parametrize(
    "file, old, new, says",
    [
        ("observations.csv", ",25990,,/mm³,25.99,", ",26990,,/mm³,26.99,", "column value: 26990 is not in the printed"),
        ("observations.csv", ",g/L,160,", ",g/L,161,", "column canonical_value: 161 is not 1.6 g/L"),
        ("observations.csv", ",1.6,,g/L,160,", ",1.6,,mg/dL,1.6,", "column unit: mg/dL is not in the printed words"),
        ("observations.csv", ",reported,", ",pending,", "column value: is filled while the status is pending"),
        ("findings.csv", ",splenomegaly,present,", ",splenomegaly,,", "column state: is empty while the status is rep"),
        ("findings.csv", "\nF21,", "\nF02,admission,splenomegaly,absent,reported,fever,CR1,,false,\nF21,",
         "column variable: splenomegaly is given twice for admission"),
    ],
)  # fmt: skip
def test_a_fault_is_named_with_its_place_and_not_sealed(folder, file, old, new, says):
    before = (folder / "datapackage.json").read_bytes()
    change(folder / file, old, new)
    with pytest.raises(CaseDataError, match=rf"{file}, row \d+.*{re.escape(says)}"):
        seal(folder)
    assert (folder / "datapackage.json").read_bytes() == before


# ---- the seal --------------------------------------------------------------------------------------------------------
def test_a_change_that_reads_well_breaks_the_seal(folder):
    change(folder / "units.csv", "\nferritin,ng/mL,1,", "\nferritin,ng/mL,2,")
    for read in (load_case, lambda folder: read_table("units", folder)):
        with pytest.raises(CaseDataError, match="units.csv: is not as it was sealed"):
            read(folder)
    seal(folder)
    check_seal(folder)  # a change that is meant can be sealed anew


def test_a_table_that_nothing_describes_is_named(folder):
    (folder / "more.csv").write_text("a\n1\n", encoding="utf-8")
    with pytest.raises(CaseDataError, match="datapackage.json: does not describe more.csv"):
        check(folder)


def test_a_changed_word_warns_whoever_runs_the_server_and_nobody_else(folder, capsys, monkeypatch):
    log = io.StringIO()
    monkeypatch.setattr(sys, "__stderr__", log)
    assert load_case(folder) and log.getvalue() == ""
    change(folder / "items.yaml", "Which", "What")
    assert load_case(folder) and "lab.py rebuild" in log.getvalue()
    assert capsys.readouterr() == ("", "")


# ---- a second case -------------------------------------------------------------------------------------------------
def test_a_moment_shows_what_was_known_by_then_and_rules_and_explorers_take_it():
    whole = load_case(SECOND)
    ward, later = whole.as_of("ward"), whole.as_of("next_day")
    assert (len(whole.observations), len(ward.observations), len(ward.treatments)) == (3, 2, 0)
    sheet = ward.sheet().to_string()
    assert "700 ng/mL" in sheet and "150" not in sheet and "150" in later.sheet().to_string()
    verdict = evaluate("mas_2016", ward)
    assert verdict.status == "undetermined" and "met" in verdict.items.set_index("item").at["ferritin", "status"]
    assert evaluate("mas_2016", later).items.set_index("item").at["platelets", "status"] == "met"
    bench = explore.what_if("mas_2016", ward, platelets=(0, 500, 250))
    assert "Varying platelets alone" in repr(bench.set(platelets="150 ×10⁹/L"))


def test_its_question_is_asked_under_an_id_of_its_own(record, tmp_path):
    assert "no question 'X1.1'" in ask("X1.1").text
    card = ask("X1.1", SECOND)
    card.given = {"choice": "b", "confidence": "", "at": 1}
    assert "That is the best supported answer." in card.feedback
    assert "X1.1" in record.read_text() and "best supported answer" in reveal("X1.1").text


def test_an_id_of_the_collection_is_refused(tmp_path):
    folder = shutil.copytree(SECOND, tmp_path / "case")
    change(folder / "items.yaml", "X1.1", "N3.1")
    with pytest.raises(CaseDataError, match="N3.1 is an id of the collection"):
        ask("N3.1", folder)


# ---- the shared rooms ------------------------------------------------------------------------------------------------
def facts_in(source):
    """Where code names a fact, a moment, a course, a drug or a work of the report; docstrings name their sources."""
    names = {*CASE.time_points["time_point"], *CASE.treatments["treatment"], "anakinra", *references()} - ALSO_WORDS
    named = re.compile(rf"\b([FPUD]\d\d|{'|'.join(map(re.escape, names))})\b")
    nodes = [*ast.walk(ast.parse(source))]
    docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield from ((node.lineno, m[0]) for m in named.finditer(node.value))


@pytest.mark.parametrize("path", SHARED, ids=lambda p: p.stem)
def test_a_shared_room_names_nothing_of_the_report(path):
    assert list(facts_in(path.read_text(encoding="utf-8"))) == []


def test_a_name_of_the_report_would_be_found():
    planted = 'def f(case):\n    """Rests on D03 (ravelli2016)."""\n    return case.as_of("admission").address("F09")\n'
    assert [name for _, name in facts_in(planted)] == ["F09", "admission"]
