"""The appraisal: what 08 says of claims, harm, a variant, checklist and literature, against independent grounds."""

import re
from itertools import product

import nbformat
import pytest

from tests.design import BOOKS
from tests.moving import by_first, clean, named, rows_of
from tests.reading import forbidden
from utils.case import load_case, references
from utils.chapters import appraisal
from utils.quiz import answer, items, prompts
from utils.record import change
from utils.rules import evaluate

CASE = load_case()


# ---- the tables -----------------------------------------------------------------------------------------------------
TABLES = "naranjo_answers neutropenia_causes variant care guidance anakinra_evidence weighed".split()


def test_every_row_rests_on_something_that_is_there():
    addresses = set().union(*(t["fact"] for t in CASE.tables.values() if "fact" in t)) | set(CASE.discrepancies["id"])
    for name in TABLES:
        for row in CASE.tables[name].to_dict("records"):
            assert set(row.get("facts", "").split()) <= addresses, row
            assert len(CASE.cited(*row["source"].split())) == len(row["source"].split())
            assert row.get("facts") or row["source"], "rests on nothing"
    with pytest.raises(ValueError, match="has no 'nobody2020'"):  # what is not there would be found
        CASE.cited("nobody2020")


# ---- Naranjo and the neutropenia ------------------------------------------------------------------------------------
POINTS = {  # yes, no; "do not know" scores nothing (criteria.md, section 10)
    "q1": (1, 0), "q2": (2, -1), "q3": (1, 0), "q4": (2, -1), "q5": (-1, 2),
    "q6": (-1, 1), "q7": (1, 0), "q8": (1, 0), "q9": (1, 0), "q10": (1, 0),
}  # fmt: skip


def by_hand(given):
    return sum(0 if a == "do not know" else POINTS[q][a == "no"] for q, a in zip(POINTS, given, strict=True))


def test_our_answers_score_three_others_one_to_seven_and_the_bands_leave_no_score_out():
    rows = CASE.naranjo_answers
    assert [*rows["question"]] == [*POINTS] and by_hand(rows["ours"]) == 3
    every = [by_hand(a) for a in product(*([r.ours, *filter(None, r.others.split("|"))] for r in rows.itertuples()))]
    assert appraisal.defensible() == (min(every), max(every)) == (1, 7)
    bands = appraisal.bands()
    assert [(low, high) for low, high, _ in bands] == [(-4, 0), (1, 4), (5, 8), (9, 13)]
    tried = {by_hand(given): given for given in [*product(appraisal.TRUTH, repeat=10)][::-1]}
    assert sorted(tried) == [*range(-4, 14)]
    for score, given in tried.items():
        found = evaluate("naranjo", {q: appraisal.TRUTH[a] for q, a in zip(POINTS, given, strict=True)})
        assert [found.category] == [name for low, high, name in bands if low <= score <= high]


def test_the_worked_scale_and_the_severity_are_those_of_the_rules():
    shown, grades = appraisal.naranjo("x"), appraisal.severity(CASE)
    assert "Naranjo: 3, possible. With other answers that can be defended, 1 to 7: possible to probable." in shown.text
    rows = {question.partition(".")[0]: cells for question, *cells in rows_of(shown)}
    assert rows["5"][0] == "yes (−1)" and rows["5"][2] == "no (+2); do not know (0)" and rows["8"][0] == "no (0)"
    assert "grade 4 of 4, by version 5 of 2017. By version 6 of 2025: grade 3 to 4." in grades.text
    assert [r[3] for r in rows_of(grades)[1:]] == ["undetermined", "met", "met", "met"]


# ---- course and rivals ----------------------------------------------------------------------------------------------
def test_the_recovery_invents_no_date():
    shown = appraisal.recovery(CASE, "x")
    when, undated = {what: when for when, what, *_ in rows_of(shown)}, "not dated, by day 22"
    assert when["echocardiography begins to improve"] == "day 7" and when["VA-ECMO weaned off"] == "day 10"
    assert when["severe neutropenia found"] == undated and when["genetic analysis reported"] == "not dated"
    assert when["intravenous anakinra reduced step by step"] == undated  # it was stopped on day 22
    labels = CASE.events.query("status == 'reported' and time_point in ['recovery', 'follow_up']")["label"]
    assert set(labels) <= set(when) and clean(shown)


def test_rivals_are_what_ran_or_had_just_ended():
    shown = appraisal.rivals(CASE)
    assert "2 treatments ran for certain and 10 at most" in shown.text
    rows = {what: cells[1:] for what, cells in by_first(shown).items()}
    assert rows["veno-arterial ECMO"] == ["3 days before", "certain"]  # 7 - 4
    assert rows["intravenous immunoglobulin"][1].startswith("over, by day 6")
    assert rows["high-dose intravenous anakinra"] == ["3 days before", "certain, in one of its two forms"]  # our day 4
    assert rows["oral ciclosporin"][1] == "perhaps, its end is not stated"
    assert rows["intravenous teicoplanin"] == ["before admission", "perhaps, its end is not stated"]
    never = {"cardiopulmonary resuscitation", "subcutaneous anakinra, after step-down"}
    assert not set(rows) & (never | {"intravenous methylprednisolone pulses"})  # those were over before admission


# ---- the variant ----------------------------------------------------------------------------------------------------
def test_five_to_seven_in_a_hundred_carry_one_copy_and_confidence_is_said_in_words():
    """2pq: 2 x 0.02791 x 0.97209 = 0.054, and 2 x 0.0354 x 0.9646 = 0.068."""
    told = appraisal.people(CASE, "x").html
    assert [told.count(sign) for sign in "●○□"] == [5, 2, 93]
    rows = by_first(appraisal.weighed(CASE, "x"))
    assert rows["Safe"][-2] == "none from this case" and rows["The child recovered"][-2] == "high"


def test_what_is_only_recalled_is_not_told():
    page = "".join(b.read_text(encoding="utf-8") for b in BOOKS)
    assert not re.search(r"4/41|4 of 41|9\.8 %|Fisher's|p = 0?\.37", page) and "3 of the 15" in page  # of the variant
    rows = CASE.anakinra_evidence
    assert not {"bruck2011", "reffeiner2011", "movva2013"} & set(rows["source"])
    assert "surviv" not in rows.set_index("study").at["rajasekaran2014", "result"]
    said = f"{len(rows)} rows: 7 point for it, 13 leave it open, 2 point against it."  # what points the other way too
    assert said in appraisal.evidence(CASE).text


# ---- claims, checklist, literature ----------------------------------------------------------------------------------
def test_the_checklist_is_whole_and_its_gaps_are_those_of_the_reference():
    whole = "1 2 3a 3b 3c 3d 4 5a 5b 5c 5d 6 7 8a 8b 8c 8d 9a 9b 9c 10a 10b 10c 10d 11a 11b 11c 11d 12 13".split()
    state = CASE.care.set_index("item")["state"]
    assert list(state.index) == whole and len(whole) == 30
    assert set(state[state == "not in the text"].index) == {"11a", "12"}
    assert state["8c"] == state["9c"] == state["13"] == "partly" and state["10d"] == "printed"
    shown = appraisal.audit(CASE)
    assert sum(map(int, re.findall(r"(\d+) (?:printed|partly|not)", shown.text.partition("\n")[0]))) == 30


def test_guidance_is_dated_in_order_and_gives_no_dose():
    rows, told = CASE.guidance, rows_of(appraisal.ribbon(CASE, "x"))
    assert list(rows["published"]) == sorted(rows["published"]) and rows["document"].iloc[0] == "article"
    assert not re.search(r"\bmg\b|mg/kg|\bdose", " ".join(rows["says"] + rows["bears_on"]).replace("high-dose", ""))
    for r in rows.itertuples():
        assert r.published[:4] == str(references()[r.source]["issued"]["date-parts"][0][0])
        assert [r.published, r.label] in [cells[:2] for cells in told]


# ---- the register ---------------------------------------------------------------------------------------------------
def test_the_register_opens_one_and_can_be_narrowed():
    register = appraisal.register(CASE)
    assert "34 of 34 entries fit." in register.shown.text and "D01. " in register.shown.text
    shown, row = register.set(entry="D07"), CASE.discrepancies.set_index("id").loc["D07"]
    assert all(row[part] in shown.text for part in ("printed", "question", "handling")) and clean(shown)
    both = register.set(kind="two accounts", moment="Recovery and discharge")
    fitting = CASE.discrepancies.query("kind == 'two accounts' and time_point == 'recovery'")["id"]
    assert f"{len(fitting)} of 34" in both.text and register.get()["entry"] == fitting.iloc[0]
    register.set(kind="any", moment="any")
    assert "1 of 34 entries fit." in register.set(search="cyclosporin").text and register.get()["entry"] == "D29"
    assert "0 of 34 entries fit." in register.set(search="zebra").text and register.get()["entry"] is None
    assert "D31. " in register.set(search="", entry="D31").text
    rests = [(i["notebook"], r) for i in items().values() for o in i["options"] for r in o["rests_on"]]
    rests += [(p["notebook"], r) for p in prompts().values() for r in p.get("rests_on", [])]
    asked = {r for book, r in rests if book == "08" and r.startswith("D")}
    assert "D20" in asked and f"{len(asked)} of 34 entries fit." in register.set(notebook="08").text
    named(register, "Show all again").click()
    assert "34 of 34" in register.shown.text and register.get()["entry"] == "D01"
    refused = register.set(kind="two accounts", entry="D31").text  # it is of another kind
    assert "Refused. 'D31' is not on the list of open entry" in refused and register.get()["kind"] == "any"


def test_the_register_is_worded_without_blame():
    text = " ".join(CASE.discrepancies[["title", "printed", "question", "handling"]].agg(" ".join, axis=1))
    text += " ".join([*CASE.care["note"], *CASE.weighed[["label", "ground", "lacks", "write"]].agg(" ".join, axis=1)])
    assert not re.search(r"\b(?:wrong|mistake|failed|careless|should have|misleading|flaw|forgot|neglect)", text)


# ---- one's own record -----------------------------------------------------------------------------------------------
def test_calibration_counts_scored_answers_by_confidence(record):
    mine = appraisal.my_calibration("x")
    assert "nothing to plot yet" in mine.shown.text
    given = {"N8.1": (items()["N8.1"]["best"], "high"), "N8.2": ("b", "high"), "N8.3": ("b", "low")}
    for name, (choice, sure) in {**given, "S8.1": ("a", "high"), "N8.4": ("a", None)}.items():
        answer(name, choice, confidence=sure)
    change(lambda r: r["answers"].update(gone=r["answers"]["N8.1"]))  # a question that is no longer asked
    mine.children[0].click()
    found = [line.split(maxsplit=1) for line in mine.shown.text.splitlines()[-3:]]
    assert found == [["low", "1 of 1 best supported"], ["medium", "no answer yet"], ["high", "1 of 2 best supported"]]
    assert clean(mine.shown)


# ---- what 08 must not say -------------------------------------------------------------------------------------------
FORBIDDEN = {
    r"\b(?:proves|proved|proven)\b": "that something is proved",
    r"anakinra (?:saved|rescued|cured|healed)": "that the drug did it",
    r"(?:should|must) be (?:given|treated)": "an advice to treat",
}


def test_the_prose_claims_no_more_than_one_case_can_carry():
    page = nbformat.read(next(p for p in BOOKS if p.name.startswith("08")), 4)
    assert [c for cell in page.cells if cell.cell_type == "markdown" for c in forbidden(FORBIDDEN, cell.source)] == []
    assert len(forbidden(FORBIDDEN, "Anakinra saved him, as is proven, and should be given.")) == 3
