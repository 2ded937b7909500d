"""The data package: valid by its own library, complete, traceable to the article, and loud when it is damaged."""

import io
import json
import re
import shutil
import sys

import pandas as pd
import pytest
import yaml

from tests import check_questions
from utils.case import CaseDataError, load_case
from utils.quiz import items
from utils.rules import RULES, evaluate
from utils.tables import CASEDATA, WORDS, check_seal, describe, read_table, seal
from utils.units import variables

CASE = load_case()
PRINTED = ["observations", "findings", "treatments", "events", "claims", "discrepancies", "reference_ranges"]


def test_the_frictionless_library_finds_the_package_valid():
    frictionless = pytest.importorskip("frictionless")
    report = frictionless.validate(str(CASEDATA / "datapackage.json"))
    assert report.valid, report.flatten(["name", "rowNumber", "fieldName", "note"])


def test_the_frictionless_library_would_find_a_fault(tmp_path):
    frictionless = pytest.importorskip("frictionless")
    folder = shutil.copytree(CASEDATA, tmp_path / "casedata")
    file = folder / "time_points.csv"
    file.write_text(file.read_text(encoding="utf-8").replace("admission", "regional_hospital"), encoding="utf-8")
    assert not frictionless.validate(str(folder / "datapackage.json")).valid


def test_every_fact_and_every_discrepancy_is_there():
    told = set().union(*(set(CASE.tables[t]["fact"]) for t in PRINTED if "fact" in CASE.tables[t]))
    assert {f"F{n:02}" for n in range(1, 62)} <= told
    assert list(CASE.discrepancies["id"]) == [f"D{n:02}" for n in range(1, 35)]


def test_every_reference_of_the_article_is_there_and_every_source_is_known():
    works = json.loads((CASEDATA / "references.json").read_text(encoding="utf-8"))
    known = {w["id"] for w in works}
    assert len(known) == len(works)
    assert {str(n) for n in range(1, 22)} <= {str(w.get("citation-number")) for w in works}
    used = (
        set(read_table("rules")["source"])
        | set(read_table("rule_sets")["source"])
        | set(CASE.reference_ranges["source"])
    )
    used |= {r for cell in CASE.claims["cites"] for r in cell.split()}
    assert used - {""} <= known, sorted(used - known)


def fragments(table):
    for row in table.to_dict("records"):
        for words in filter(None, (w.strip() for w in row["as_printed"].split("|"))):
            yield row, words


def unprinted(table, text):
    return [(row.get("fact", row.get("id")), words) for row, words in fragments(table) if words not in text]


@pytest.mark.parametrize("name", PRINTED)
def test_every_printed_figure_is_in_the_article(name, article):
    assert not unprinted(CASE.tables[name], article)


def test_a_figure_that_is_not_printed_would_be_found(article):
    table = CASE.observations.copy()
    table.loc[table["fact"] == "F29", "as_printed"] = "ferritin 2,300 ug/L"
    assert unprinted(table, article) == [("F29", "ferritin 2,300 ug/L")]


@pytest.mark.parametrize("name", PRINTED)
def test_nothing_longer_than_a_few_words_is_taken_from_the_article(name):
    assert not [w for _, w in fragments(CASE.tables[name]) if len(w.split()) > 8]


def test_no_sentence_of_the_article_stands_in_the_collection(article):
    """Twelve words in a row, figures apart, would be a sentence taken over."""

    def plain(words):
        return " ".join(re.findall(r"[a-z]+", words.lower()))

    text, folder = plain(article.split(" REFERENCES ")[0]), CASEDATA.parent  # naming the works it cites is a duty
    assert len(text) > 5000
    title = plain(json.loads((CASEDATA / "references.json").read_text(encoding="utf-8"))[0]["title"])
    for file in [*CASEDATA.glob("*.*"), *folder.glob("notebooks/*.ipynb"), folder / "README.md"]:
        if file.name == "references.json":  # titles are citations
            continue
        words = re.findall(r"[a-z]+", file.read_text(encoding="utf-8").lower())
        runs = {" ".join(words[i : i + 12]) for i in range(len(words) - 11)}
        assert not [r for r in runs if r in text and r not in title], file.name


def test_status_is_written_wherever_a_value_is_not():
    for table in (CASE.observations, CASE.findings):
        assert set(table["status"]) <= {"reported", "not_reported", "not_done", "pending"}
        assert (table["status"] != "reported").sum() > 20
    assert (
        CASE.observations.loc[
            CASE.observations["status"] == "reported", ["value", "unit", "canonical_value", "canonical_unit"]
        ]
        .notna()
        .all()
        .all()
    )


def test_units_stand_as_printed_and_canonical():
    row = CASE.observations.query("fact == 'F10'").iloc[0]
    assert (row["value"], row["unit"], row["canonical_unit"]) == (1.5, "mmol/L", "mg/dL") and row[
        "canonical_value"
    ] == pytest.approx(132.855)


def test_every_input_of_a_rule_is_a_variable_and_every_finding_too():
    for rule in RULES.values():
        for variant in rule.variants:
            assert set(rule.inputs(variant)) <= set(variables().index)
    assert set(CASE.findings["variable"]) <= set(variables().index)


def test_no_unconfirmed_fact_stands_in_the_case():
    assert "R" not in set(CASE.discrepancies["tag"]) | set(CASE.reference_ranges["tag"])


# ---- as of ----------------------------------------------------------------------------------------------------------
def test_later_facts_are_not_in_an_earlier_view():
    order = dict(zip(CASE.time_points["time_point"], CASE.time_points["order"], strict=True))
    for moment in order:
        view = CASE.as_of(moment)
        for name, table in view.tables.items():
            if "time_point" in table and name != "journey":
                assert all(order[t] <= order[moment] for t in table["time_point"] if t), (moment, name)
    early = CASE.as_of("admission")
    assert not early.treatments["end_known_at"].map(lambda t: t != "" and order[t] > order["admission"]).any()
    assert "haemophagocytosis" not in {k for k, v in early.inputs.items() if v is True}
    assert CASE.as_of("recovery").inputs["haemophagocytosis"] is True
    assert not early.codes["label"].str.contains("arrest|shock|Myocarditis|leak", case=False).any()
    assert not CASE.as_of("picu").treatments["as_printed"].str.contains("5 days").any()


def test_a_view_is_a_copy():
    rules = CASE.as_of("admission").rules
    rules.loc[:, "threshold"] = 0.0
    assert CASE.rules["threshold"].max() > 1000


def test_a_view_cannot_look_ahead_again():
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


@pytest.mark.parametrize(
    "name", sorted({n for t in CASE.tables.values() if "fact" in t for n in t["fact"]} | set(CASE.discrepancies["id"]))
)
def test_every_address_leads_somewhere(name):
    rows = CASE.address(name)
    assert len(rows) and all(rows["What"]) and all(rows["Where"]) and all(rows["Printed words"])


def test_an_address_of_the_future_is_unknown():
    with pytest.raises(CaseDataError, match="no address 'F45' that is known at admission"):
        CASE.as_of("admission").address("F45")


def test_a_reading_of_ours_is_not_shown_as_printed():
    assert "age at onset" not in set(CASE.as_of("regional_hospital").sheet()["Item"])
    assert CASE.as_of("regional_hospital").inputs["age_at_onset"].known


# ---- damage ---------------------------------------------------------------------------------------------------------
@pytest.fixture
def damaged(tmp_path):
    folder = shutil.copytree(CASEDATA, tmp_path / "casedata")

    def change(file, old, new, raw=False):
        path = folder / file
        before = path.read_bytes()
        after = before.replace(old.encode(), new if raw else new.encode(), 1)
        assert after != before, "the damage did nothing"
        path.write_bytes(after)
        with pytest.raises(CaseDataError) as caught:
            load_case(folder)
        return caught.value

    return change


@pytest.mark.parametrize(
    "file, old, new, where, says",
    [
        ("observations.csv", "canonical_unit,", "", ("observations.csv", 1, "canonical_unit"), "missing"),
        ("observations.csv", ",25990,", ",many,", ("observations.csv", None, "value"), "not a plain number"),
        ("observations.csv", ",25990,", ",26990,", ("observations.csv", None, None), "26990"),
        ("observations.csv", ",25990,", ",nan,", ("observations.csv", None, "value"), "not a plain number"),
        ("observations.csv", ",8.5,", ",8.6,", ("observations.csv", None, None), "8.6"),
        ("observations.csv", ",g/dL,", ",g/L,", ("observations.csv", None, None), "g/L"),
        (
            "observations.csv",
            "F06,regional_hospital",
            "F06,regional_clinic",
            ("observations.csv", None, "time_point"),
            "regional_clinic",
        ),
        ("findings.csv", ",present,", ",perhaps,", ("findings.csv", None, "state"), "not one of"),
        ("findings.csv", "HP:", "HQ:", ("findings.csv", None, "hpo"), "HQ:"),
        ("variables.csv", "\nplatelets,", "\nferritin,", ("variables.csv", None, "variable"), "repeats"),
    ],
)
def test_damage_is_named_with_file_row_and_column(damaged, file, old, new, where, says):
    error = damaged(file, old, new)
    assert error.file == where[0] and says in str(error)
    assert where[1] is None or error.row == where[1]
    assert where[2] is None or error.column == where[2]


def test_a_unit_that_is_not_the_printed_one_is_named(tmp_path):
    folder = shutil.copytree(CASEDATA, tmp_path / "casedata")
    file = folder / "observations.csv"
    text = file.read_text(encoding="utf-8")
    assert text.count("fibrinogen,1.6,,g/L,160,") == 1
    file.write_text(text.replace("fibrinogen,1.6,,g/L,160,", "fibrinogen,1.6,,mg/dL,1.6,"), encoding="utf-8")
    with pytest.raises(
        CaseDataError, match=r"observations.csv, row \d+, column unit: mg/dL is not in the printed words"
    ):
        load_case(folder)


def test_a_key_of_two_columns_is_held_as_one(tmp_path):
    folder = shutil.copytree(CASEDATA, tmp_path / "casedata")
    file = folder / "reference_ranges.csv"
    text = file.read_text(encoding="utf-8")
    assert text.count("\nesr,1,10,mm/h,") == 1
    file.write_text(text.replace("\nesr,1,10,mm/h,", "\nesr,1,10,mg/L,"), encoding="utf-8")  # a unit, but not of ESR
    with pytest.raises(
        CaseDataError, match=r"reference_ranges.csv, row \d+, column unit: 'esr, mg/L' is not in units.csv"
    ):
        load_case(folder)


def test_a_variable_told_twice_for_one_moment_is_named(tmp_path):
    folder = shutil.copytree(CASEDATA, tmp_path / "casedata")
    with open(folder / "findings.csv", "a", encoding="utf-8") as file:
        file.write("F02,admission,splenomegaly,absent,reported,1 month history of fever,CR1,,false,\n")
    with pytest.raises(CaseDataError, match="findings.csv, row .*splenomegaly is told twice for admission"):
        load_case(folder)


def test_a_duplicated_row_is_named(tmp_path):
    folder = shutil.copytree(CASEDATA, tmp_path / "casedata")
    lines = (folder / "observations.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / "observations.csv").write_text("".join([*lines, lines[1]]), encoding="utf-8")
    with pytest.raises(CaseDataError, match=f"observations.csv, row {len(lines) + 1}, .*repeats"):
        load_case(folder)


def test_a_wrong_encoding_is_named(tmp_path):
    folder = shutil.copytree(CASEDATA, tmp_path / "casedata")
    text = (folder / "units.csv").read_text(encoding="utf-8")
    (folder / "units.csv").write_bytes(text.encode("latin-1", "replace"))
    with pytest.raises(CaseDataError, match=r"units.csv, row \d+: is not UTF-8"):
        load_case(folder)


@pytest.mark.parametrize("sign, shown", [(">", ">"), ("<=", "≤")])
def test_a_limit_of_an_assay_is_read_as_one(tmp_path, sign, shown):
    folder = shutil.copytree(CASEDATA, tmp_path / "casedata")
    file = folder / "observations.csv"
    text = file.read_text(encoding="utf-8")
    printed = CASE.observations.set_index("fact").at["F27", "as_printed"].removeprefix("CRP ")
    shown = f"{shown} {printed}"
    assert text.count(f",CRP {printed},") == 1
    file.write_text(text.replace(f",CRP {printed},", f",CRP {sign} {printed},"), encoding="utf-8")
    seal(folder)
    admission = load_case(folder).as_of("admission")
    assert str(admission.inputs["crp"]) == shown and admission.inputs["crp"].high != admission.inputs["crp"].value
    assert shown in admission.sheet().astype(str).to_string()


def test_a_cut_file_and_a_missing_file_are_named(tmp_path):
    folder = shutil.copytree(CASEDATA, tmp_path / "casedata")
    (folder / "events.csv").write_bytes((folder / "events.csv").read_bytes()[:-40])
    with pytest.raises(CaseDataError, match="events.csv, row .*cut off"):
        load_case(folder)
    (folder / "events.csv").unlink()
    with pytest.raises(CaseDataError, match="events.csv: is missing"):
        load_case(folder)
    with pytest.raises(CaseDataError, match="datapackage.json: not found"):
        load_case(tmp_path)


# ---- questions ------------------------------------------------------------------------------------------------------
def test_every_question_rests_on_something_that_exists():
    facts = set().union(*(set(t["fact"]) for t in CASE.tables.values() if "fact" in t)) | set(CASE.discrepancies["id"])
    works = {w["id"] for w in json.loads((CASEDATA / "references.json").read_text(encoding="utf-8"))}
    for name, item in items().items():
        for option in item["options"]:
            assert set(option["rests_on"]) <= facts | works | {"arithmetic"}, (name, option["key"], option["rests_on"])


@pytest.mark.parametrize(
    "change, says",
    [
        (lambda i: i["options"].pop(), "three options"),
        (lambda i: i["options"][0].update(why="Too short."), "at least 15 words"),
        (lambda i: i["options"][0].update({"in the evening.": None}), "has 'in the evening.', which is no part"),
        (lambda i: i["options"][1].pop("rests_on"), "what it rests on"),
        (lambda i: i.update(kind="exam"), "kind 'exam'"),
        (lambda i: i.update(best="d"), "'best' must be"),
        (lambda i: i.pop("stem"), "'stem' is missing"),
        (lambda i: i.update(voices={"rumour": "…"}), "no voice 'rumour'"),
        (lambda i: i.update(voices={"later": "…"}, later_date=None), "needs its date"),
    ],
)
def test_a_faulty_question_is_named(tmp_path, change, says):
    questions = yaml.safe_load((CASEDATA / "items.yaml").read_text(encoding="utf-8"))
    change(next(q for q in questions if q["id"] == "R3.1"))
    (tmp_path / "items.yaml").write_text(yaml.safe_dump(questions), encoding="utf-8")
    with pytest.raises(CaseDataError, match=f"items.yaml: R3.1: .*{says}"):
        check_questions.items(tmp_path)


def test_describe_lists_every_table_in_the_folder():
    there = {p.relative_to(CASEDATA).as_posix() for p in CASEDATA.rglob("*.csv")}
    assert {r["path"] for r in describe().values()} == there
    invented = {n for n, r in describe().items() if r["path"].startswith("teaching_patients/")}
    assert set(CASE.tables) == set(describe()) - invented  # who was invented is no part of the case
    assert all(isinstance(t, pd.DataFrame) for t in CASE.tables.values())


# ---- the seal: what reads well and is still wrong -------------------------------------------------------------------
@pytest.mark.parametrize(
    "file, old, new",
    [
        ("rules.csv", ",684,", ",694,"),
        ("rules.csv", "mas_2016,,ast,AST,number,ast,>,", "mas_2016,,ast,AST,number,ast,>=,"),
        ("units.csv", "ferritin,ng/mL,1,", "ferritin,ng/mL,2,"),
        ("score_probability.csv", "hscore,170,,54,", "hscore,170,,45,"),
        ("findings.csv", "F21,admission,splenomegaly,present,", "F21,admission,splenomegaly,absent,"),
        ("references.json", '"Ravelli"', '"Ravalli"'),
    ],
)
def test_a_change_that_reads_well_breaks_the_seal(tmp_path, file, old, new):
    folder = shutil.copytree(CASEDATA, tmp_path / "casedata")
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CaseDataError, match=f"{file}.*is not the file that datapackage.json describes"):
        load_case(folder)
    seal(folder)
    check_seal(folder)  # a change that is meant can be sealed anew


def test_a_changed_word_warns_whoever_runs_the_server_and_nobody_else(tmp_path, capsys, monkeypatch):
    folder, log = shutil.copytree(CASEDATA, tmp_path / "casedata"), io.StringIO()
    monkeypatch.setattr(sys, "__stderr__", log)
    assert items(folder) and log.getvalue() == ""
    text = (folder / "items.yaml").read_text(encoding="utf-8")
    (folder / "items.yaml").write_text(text.replace("Which", "What", 1), encoding="utf-8")
    items.cache_clear()
    assert load_case(folder) and items(folder) and "lab.py rebuild" in log.getvalue()
    assert capsys.readouterr() == ("", "")
    items.cache_clear()


SEALED = {p.name for p in CASEDATA.glob("*.*")} - {"datapackage.json", *WORDS}


@pytest.mark.parametrize("file", sorted(SEALED))
def test_rows_lost_at_the_end_never_pass(tmp_path, file):
    folder = shutil.copytree(CASEDATA, tmp_path / "casedata")
    lines = (folder / file).read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / file).write_text("".join(lines[:-1]), encoding="utf-8")
    with pytest.raises(CaseDataError):
        load_case(folder)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: d["resources"].pop(3),
        lambda d: d["resources"][3].pop("schema"),
        lambda d: d["resources"][3]["schema"]["fields"][0].pop("type"),
        lambda d: d.pop("resources"),
        lambda d: d["resources"][5]["schema"]["fields"][0].update(constraints={"pattern": "("}),
    ],
)
def test_a_damaged_description_is_named(tmp_path, spoil):
    folder = shutil.copytree(CASEDATA, tmp_path / "casedata")
    described = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    spoil(described)
    (folder / "datapackage.json").write_text(json.dumps(described), encoding="utf-8")
    with pytest.raises(CaseDataError, match="datapackage.json"):
        load_case(folder)
