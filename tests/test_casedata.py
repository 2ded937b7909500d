"""The data package: valid by its own library, complete, traceable to the article, and held to its seal."""

import io
import re
import shutil
import sys

import pandas as pd
import pytest

from tests.check_casedata import check, seal
from utils.case import CaseDataError, load_case, references
from utils.quiz import items
from utils.rules import RULES, evaluate
from utils.tables import CASEDATA, WORDS, check_seal, describe, read_table
from utils.units import variables

CASE = load_case()
PRINTED = ["observations", "findings", "treatments", "events", "claims", "discrepancies", "reference_ranges"]
FACTS = set().union(*(set(t["fact"]) for t in CASE.tables.values() if "fact" in t)) | set(CASE.discrepancies["id"])


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(CASEDATA, tmp_path / "casedata")


def change(file, old, new):
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


# ---- what is in it ---------------------------------------------------------------------------------------------------
def test_the_package_is_valid_by_our_check_and_by_the_frictionless_library(folder):
    frictionless = pytest.importorskip("frictionless")
    assert len(check()) == len(describe())
    report = frictionless.validate(str(CASEDATA / "datapackage.json"))
    assert report.valid, report.flatten(["name", "rowNumber", "fieldName", "note"])
    change(folder / "time_points.csv", "\nadmission,", "\nregional_hospital,")
    assert not frictionless.validate(str(folder / "datapackage.json")).valid


def test_nothing_of_the_article_is_missing():
    assert {f"F{n:02}" for n in range(1, 62)} <= FACTS
    assert list(CASE.discrepancies["id"]) == [f"D{n:02}" for n in range(1, 35)]
    assert {str(n) for n in range(1, 22)} <= {str(w.get("citation-number")) for w in references().values()}
    assert "R" not in set(CASE.discrepancies["tag"]) | set(CASE.reference_ranges["tag"])  # no unconfirmed fact


def test_every_source_is_known():
    used = {r for cell in CASE.claims["cites"] for r in cell.split()} | set(CASE.reference_ranges["source"])
    used |= {r for name in ("rules", "rule_sets") for r in read_table(name)["source"]}
    assert used - {""} <= {*references()}
    for name, item in items().items():
        for option in item["options"]:
            assert {*option["rests_on"]} <= {*FACTS, *references(), "arithmetic"}, (name, option["key"])


def test_every_variable_that_is_used_is_known():
    asked = {x for rule in RULES.values() for variant in rule.variants for x in rule.inputs(variant)}
    assert asked | set(CASE.findings["variable"]) <= set(variables().index)


def fragments(table):
    for row in table.to_dict("records"):
        for words in filter(None, (w.strip() for w in row["as_printed"].split("|"))):
            yield row.get("fact", row.get("id")), words


def unprinted(table, text):
    return [(name, words) for name, words in fragments(table) if words not in text]


@pytest.mark.parametrize("name", PRINTED)
def test_every_printed_figure_is_in_the_article(name, article):
    assert not unprinted(CASE.tables[name], article)


def test_a_figure_that_is_not_printed_would_be_found(article):
    table = CASE.observations.copy()
    table.loc[table["fact"] == "F29", "as_printed"] = "ferritin 2,300 ug/L"
    assert unprinted(table, article) == [("F29", "ferritin 2,300 ug/L")]


def test_nothing_longer_than_a_few_words_is_taken_from_the_article():
    assert not [w for name in PRINTED for _, w in fragments(CASE.tables[name]) if len(w.split()) > 8]


def test_no_sentence_of_the_article_stands_in_the_collection(article):
    """Twelve words in a row, figures apart, would be a sentence taken over."""

    def words(text):
        return re.findall(r"[a-z]+", text.lower())

    text, root = " ".join(words(article.split(" REFERENCES ")[0])), CASEDATA.parent  # naming the works cited is a duty
    assert len(text) > 5000
    title = " ".join(words(references()["meneghel2021"]["title"]))
    for file in [*CASEDATA.glob("*.*"), *root.glob("notebooks/*.ipynb"), root / "README.md"]:
        found = (
            words(file.read_text(encoding="utf-8")) if file.name != "references.json" else []
        )  # titles are citations
        runs = {" ".join(found[i : i + 12]) for i in range(len(found) - 11)}
        assert not [r for r in runs if r in text and r not in title], file.name


def test_status_and_unit_are_written_wherever_a_value_is_not():
    for table in (CASE.observations, CASE.findings):
        assert set(table["status"]) <= {"reported", "not_reported", "not_done", "pending"}
        assert (table["status"] != "reported").sum() > 20
    due = ["value", "unit", "canonical_value", "canonical_unit"]
    assert CASE.observations.query("status == 'reported'")[due].notna().all(axis=None)
    row = CASE.observations.query("fact == 'F10'").iloc[0]
    assert (row["value"], row["unit"], row["canonical_unit"]) == (1.5, "mmol/L", "mg/dL")
    assert row["canonical_value"] == pytest.approx(132.855)


# ---- as of -----------------------------------------------------------------------------------------------------------
def test_later_facts_are_not_in_an_earlier_view():
    order = dict(zip(CASE.time_points["time_point"], CASE.time_points["order"], strict=True))
    for moment in order:
        for name, table in CASE.as_of(moment).tables.items():
            if "time_point" in table and name != "journey":
                assert all(order[t] <= order[moment] for t in table["time_point"] if t), (moment, name)
    early = CASE.as_of("admission")
    assert not early.treatments["end_known_at"].map(lambda t: t != "" and order[t] > order["admission"]).any()
    assert "haemophagocytosis" not in {k for k, v in early.inputs.items() if v is True}
    assert CASE.as_of("recovery").inputs["haemophagocytosis"] is True
    assert not early.codes["label"].str.contains("arrest|shock|Myocarditis|leak", case=False).any()
    assert not CASE.as_of("picu").treatments["as_printed"].str.contains("5 days").any()


def test_a_view_is_a_copy_and_cannot_look_ahead_again():
    rules = CASE.as_of("admission").rules
    rules.loc[:, "threshold"] = 0.0
    assert CASE.rules["threshold"].max() > 1000
    with pytest.raises(CaseDataError, match="no moment 'recovery'"):
        CASE.as_of("admission").as_of("recovery")
    with pytest.raises(CaseDataError, match="use one of regional_hospital"):
        CASE.as_of("day 3")


def test_laboratory_values_do_not_carry_forward():
    inputs = CASE.as_of("admission").inputs
    assert not inputs["esr"].known and not inputs["wbc"].known
    assert inputs["sjia_known_or_suspected"] is True and inputs["age_at_onset"].known


def test_the_later_marrow_would_change_the_verdict():  # so leaving it out is not idle
    s1 = CASE.as_of("admission")
    assert evaluate("hlh_2004", s1).status != evaluate("hlh_2004", {**s1.inputs, "haemophagocytosis": True}).status


def test_every_address_leads_somewhere():
    for name in sorted(FACTS):
        rows = CASE.address(name)
        assert len(rows) and all(rows["What"]) and all(rows["Where"]) and all(rows["Printed words"]), name
    with pytest.raises(CaseDataError, match="no address 'F45' that is known at admission"):
        CASE.as_of("admission").address("F45")


def test_a_reading_of_ours_is_not_shown_as_printed():
    regional = CASE.as_of("regional_hospital")
    assert "age at onset" not in set(regional.sheet()["Item"]) and regional.inputs["age_at_onset"].known


@pytest.mark.parametrize("sign, shown", [(">", ">"), ("<=", "≤")])
def test_a_limit_of_an_assay_is_read_as_one(folder, sign, shown):
    printed = CASE.observations.set_index("fact").at["F27", "as_printed"].removeprefix("CRP ")
    change(folder / "observations.csv", f",CRP {printed},", f",CRP {sign} {printed},")
    seal(folder)
    admission = load_case(folder).as_of("admission")
    assert str(admission.inputs["crp"]) == f"{shown} {printed}"
    assert admission.inputs["crp"].high != admission.inputs["crp"].value
    assert f"{shown} {printed}" in admission.sheet().astype(str).to_string()


def test_the_case_has_every_table_but_those_of_invented_patients():
    assert {r["path"] for r in describe().values()} == {
        p.relative_to(CASEDATA).as_posix() for p in CASEDATA.rglob("*.csv")
    }
    invented = {n for n, r in describe().items() if r["path"].startswith("teaching_patients/")}
    assert set(CASE.tables) == set(describe()) - invented
    assert all(isinstance(t, pd.DataFrame) for t in CASE.tables.values())


# ---- faults that only this package can have; of all others: test_mutations -------------------------------------------
@pytest.mark.parametrize(
    "file, old, new, says",
    [
        ("observations.csv", ",25990,", ",26990,", "column canonical_value: 25.99 is not 26990"),
        ("observations.csv", ",g/L,160,", ",g/L,161,", "column canonical_value: 161 is not 1.6 g/L"),
        ("observations.csv", ",1.6,,g/L,160,", ",1.6,,mg/dL,1.6,", "column unit: mg/dL is not in the printed words"),
        ("observations.csv", "F06,regional_hospital", "F06,regional_clinic", "column time_point: 'regional_clinic'"),
        ("observations.csv", ",reported,", ",pending,", "column value: is filled while the status is pending"),
        ("findings.csv", ",splenomegaly,present,", ",splenomegaly,,", "column state: is empty while the status is rep"),
        ("reference_ranges.csv", ",1,10,mm/h,", ",1,10,mg/L,", "column unit: 'esr, mg/L' is not in units.csv"),
        ("findings.csv", "\nF21,", "\nF02,admission,splenomegaly,absent,reported,fever,CR1,,false,\nF21,",
         "column variable: splenomegaly is given twice for admission"),
        ("items.yaml", "  kind: ", "  kind: error\n  kind: ", "'kind' stands twice"),
        ("references.json", '"id": ', '"id" ', "cannot be read"),
    ],
)  # fmt: skip
def test_a_fault_is_named_with_its_place_and_not_sealed(folder, file, old, new, says):
    before = (folder / "datapackage.json").read_bytes()
    change(folder / file, old, new)
    for run in (check, seal):
        with pytest.raises(CaseDataError, match=rf"{file}, row \d+.*{re.escape(says)}"):
            run(folder)
    assert (folder / "datapackage.json").read_bytes() == before


def test_a_table_that_nothing_describes_is_named(folder):
    (folder / "more.csv").write_text("a\n1\n", encoding="utf-8")
    with pytest.raises(CaseDataError, match="datapackage.json: does not describe more.csv"):
        check(folder)


# ---- the seal --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "file, old, new",
    [
        ("rules.csv", "mas_2016,,ast,AST,number,ast,>,", "mas_2016,,ast,AST,number,ast,>=,"),
        ("units.csv", "\nferritin,ng/mL,1,", "\nferritin,ng/mL,2,"),
        ("score_probability.csv", "hscore,170,,54,", "hscore,170,,45,"),
        ("references.json", '"Ravelli"', '"Ravalli"'),
    ],
)
def test_a_change_that_reads_well_breaks_the_seal(folder, file, old, new):
    change(folder / file, old, new)
    for read in (load_case, *([lambda f: read_table(file.removesuffix(".csv"), f)] if file.endswith(".csv") else [])):
        with pytest.raises(CaseDataError, match=f"{file}: is not as it was sealed"):
            read(folder)
    seal(folder)
    check_seal(folder)  # a change that is meant can be sealed anew


@pytest.mark.parametrize("file", sorted({p.name for p in CASEDATA.glob("*.*")} - {"datapackage.json", *WORDS}))
def test_rows_lost_at_the_end_and_lost_files_never_pass(folder, file):
    lines = (folder / file).read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / file).write_text("".join(lines[:-1]), encoding="utf-8")
    with pytest.raises(CaseDataError, match=f"{file}: is not as it was sealed"):
        load_case(folder)
    (folder / file).unlink()
    with pytest.raises(CaseDataError, match=f"{file}: cannot be read in casedata/ "):
        load_case(folder)


def test_a_folder_without_a_package_is_named(tmp_path):
    with pytest.raises(CaseDataError, match="datapackage.json: cannot be read in "):
        load_case(tmp_path)


def test_a_changed_word_warns_whoever_runs_the_server_and_nobody_else(folder, capsys, monkeypatch):
    log = io.StringIO()
    monkeypatch.setattr(sys, "__stderr__", log)
    assert load_case(folder) and log.getvalue() == ""
    change(folder / "items.yaml", "Which", "What")
    assert load_case(folder) and "lab.py rebuild" in log.getvalue()
    assert capsys.readouterr() == ("", "")
