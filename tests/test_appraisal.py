"""The appraisal: what 08 says of claims, harm, a variant, checklist and literature, against independent grounds."""

import re
from itertools import product

import ipywidgets as widgets
import nbformat
import pytest

from tests.design import BOOKS
from tests.drawings import clean, drawing, shapes, words
from tests.reading import forbidden
from utils import plots
from utils.case import load_case, references
from utils.chapters import appraisal
from utils.chapters.course import count, courses, running
from utils.quiz import answer, items
from utils.rules import RULES, evaluate

CASE = load_case()
PAGE = next(p for p in BOOKS if p.name.startswith("08"))
NEW = ("naranjo_answers", "neutropenia_causes", "variant", "care", "guidance", "anakinra_evidence", "weighed")


def cells(shown):
    """Rows of what is shown below a picture, each a list of cells; the heads left out."""
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in re.findall(r"<tr>(.*?)</tr>", shown.html)]


# ---- the tables -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", NEW)
def test_every_row_rests_on_something_that_is_there(name):
    addresses = set().union(*(t["fact"] for t in CASE.tables.values() if "fact" in t)) | set(CASE.discrepancies["id"])
    rows = CASE.tables[name]
    assert set(rows["tag"]) <= {"P", "S", "C", "ours"}  # what is recalled is not shown
    for row in rows.to_dict("records"):
        assert set(row.get("facts", "").split()) <= addresses, row
        assert len(CASE.cited(*row["source"].split())) == len(row["source"].split())
        assert row.get("facts") or row["source"], "rests on nothing"


def test_an_address_that_is_not_there_would_be_found():
    with pytest.raises(ValueError, match="has no 'nobody2020'"):
        CASE.cited("nobody2020")


# ---- Naranjo --------------------------------------------------------------------------------------------------------
POINTS = {  # yes, no; "do not know" scores nothing (criteria.md, section 10)
    "q1": (1, 0), "q2": (2, -1), "q3": (1, 0), "q4": (2, -1), "q5": (-1, 2),
    "q6": (-1, 1), "q7": (1, 0), "q8": (1, 0), "q9": (1, 0), "q10": (1, 0),
}  # fmt: skip


def by_hand(given):
    return sum(0 if a == "do not know" else POINTS[q][a == "no"] for q, a in given.items())


def test_our_answers_score_three_and_others_one_to_seven():
    rows = CASE.naranjo_answers
    ours = dict(zip(rows["question"], rows["ours"], strict=True))
    assert evaluate("naranjo", appraisal.answers()).score == (3.0, 3.0) and by_hand(ours) == 3
    choices = [[r.ours, *filter(None, r.others.split("|"))] for r in rows.itertuples()]
    every = [by_hand(dict(zip(rows["question"], c, strict=True))) for c in product(*choices)]
    assert appraisal.defensible() == (min(every), max(every)) == (1, 7)
    assert all(set(c) <= {*appraisal.TRUTH} and len(set(c)) == len(c) for c in choices)


def test_the_bands_leave_no_score_out():
    bands = appraisal.bands()
    assert [(low, high) for low, high, _ in bands] == [(-4, 0), (1, 4), (5, 8), (9, 13)]
    assert [appraisal.band(s) for s in (0, 3, 7)] == ["doubtful", "possible", "probable"]
    for score in range(-4, 14):
        assert evaluate("naranjo", _answers_of(score)).category == appraisal.band(score)


def _answers_of(score):
    """Some answers with that score, found by trying."""
    for combination in product(("yes", "no", "do not know"), repeat=10):
        given = dict(zip(POINTS, combination, strict=True))
        if by_hand(given) == score:
            return {q: appraisal.TRUTH[a] for q, a in given.items()}
    raise AssertionError(score)


def test_the_worked_scale_says_score_range_and_bands():
    shown = appraisal.naranjo("x")
    assert "Naranjo: 3, possible. With other answers that can be defended, 1 to 7: possible to probable." in shown.text
    root, alt = drawing(shown)
    assert "our answers: 3; defensible: 1 to 7" in alt and clean(shown)
    assert {"doubtful", "possible", "probable", "definite"} <= set(words(root))
    rows = {r[0].partition(".")[0]: r for r in cells(shown)[1:]}
    assert rows["5"][1] == "yes (−1)" and rows["5"][3] == "no (+2); do not know (0)" and rows["8"][1] == "no (0)"


def test_the_severity_is_that_of_the_rule():
    assert "grade 4 of 4, by version 5 of 2017. By version 6 of 2025: grade 3 to 4." in appraisal.severity(CASE).text
    assert [r[3] for r in cells(appraisal.severity(CASE))[1:]] == ["undetermined", "met", "met", "met"]


# ---- course and rivals ----------------------------------------------------------------------------------------------
def test_the_recovery_invents_no_date():
    shown = appraisal.recovery(CASE, "x")
    root, alt = drawing(shown)
    assert "day 7: echocardiography begins to improve; day 10: VA-ECMO weaned off; day 16 to day 18" in alt
    assert "not dated, by day 22: severe neutropenia found" in alt and "not dated: genetic analysis reported" in alt
    assert "not dated, by day 22: intravenous anakinra reduced step by step" in alt  # it was stopped on day 22
    assert alt.index("4 months after discharge") < alt.index("6 months after discharge") < alt.index("after 24 months")
    assert not [w for w in words(root) if w and re.search(r"\b(?:month|week) \d", w)] and clean(shown)
    exact = CASE.events.query("status == 'reported' and day_low == day_high and day_low >= 7")
    assert len(shapes(root, "path", fill="#1a1a1a")) == len(exact) + 3  # a diamond each, and three arrows
    told = CASE.events.query("status == 'reported' and time_point in ['recovery', 'follow_up']")
    assert all(any(label in c for row in cells(shown) for c in row) for label in told["label"])


def test_rivals_are_what_ran_or_had_just_ended():
    shown = appraisal.rivals(CASE)
    assert "2 treatments ran for certain and 10 at most" in shown.text
    assert count(running(courses(CASE), 7)) == (2, 10)
    rows = {r[0]: r for r in cells(shown)[1:]}
    assert rows["veno-arterial ECMO"][2:] == ["3 days before", "certain"]  # 7 - 4
    assert rows["intravenous immunoglobulin"][3].startswith("over, by day 6")
    assert rows["high-dose intravenous anakinra"][2] == "3 days before"  # day 4, by our count
    reduced_or_not = "certain, in one of its two forms"
    assert rows["high-dose intravenous anakinra"][3] == reduced_or_not
    assert rows["oral ciclosporin"][3] == "perhaps, its end is not stated"
    assert rows["intravenous teicoplanin"][2:] == ["before admission", "perhaps, its end is not stated"]
    assert "cardiopulmonary resuscitation" not in rows and "subcutaneous anakinra, after step-down" not in rows
    assert "intravenous methylprednisolone pulses" not in rows  # over before admission


# ---- the variant ----------------------------------------------------------------------------------------------------
def test_five_to_seven_in_a_hundred_carry_one_copy():
    assert appraisal.carriers(0.0354) == pytest.approx(0.0683, abs=5e-5)  # 2 x 0.0354 x 0.9646
    assert appraisal.carriers(0.02791) == pytest.approx(0.0543, abs=5e-5)  # 2 x 0.02791 x 0.97209
    assert appraisal.carriers(0) == appraisal.carriers(1) == 0 and appraisal.carriers(0.5) == 0.5
    root, alt = drawing(appraisal.people(CASE, "x"))
    counts = [int(n) for n in re.search(r"100 in all: (\d+) .*?; (\d+) .*?; (\d+) ", alt).groups()]
    assert counts == [5, 2, 93] and sum(counts) == 100
    assert len(shapes(root, "circle")) == 7 + 2 and len(shapes(root, "rect", width="15")) == 93 + 1  # and the key


@pytest.mark.parametrize("wrong", [-0.1, 1.1, float("nan")])
def test_no_share_of_people_without_a_frequency(wrong):
    with pytest.raises(ValueError, match="is no frequency"):
        appraisal.carriers(wrong)


def test_what_is_only_recalled_of_the_variant_is_not_told():
    page = "".join(b.read_text(encoding="utf-8") for b in BOOKS)
    assert not re.search(r"4/41|4 of 41|9\.8 %|Fisher's|p = 0?\.37", page) and "3 of the 15" in page


# ---- claims, checklist, literature ----------------------------------------------------------------------------------
def test_confidence_is_said_in_words_and_in_squares():
    root, alt = drawing(appraisal.weighed(CASE, "x"))
    level = {"high": 3, "moderate": 2, "low": 1, "none from this case": 0}
    full = [r for r in shapes(root, "rect", width="16") if r.get("fill") != "white"]
    assert len(full) == sum(level[c] for c in CASE.weighed["confidence"])
    assert "Safe: none from this case" in alt and "The child recovered: high" in alt
    assert not set(CASE.weighed.query("claim in ['safe', 'covid', 'vein']")["confidence"]) - {"none from this case"}


def test_the_checklist_is_whole_and_its_gaps_are_those_of_the_reference():
    due = "1 2 3a 3b 3c 3d 4 5a 5b 5c 5d 6 7 8a 8b 8c 8d 9a 9b 9c 10a 10b 10c 10d 11a 11b 11c 11d 12 13".split()
    state = CASE.care.set_index("item")["state"]
    assert list(state.index) == due and len(due) == 30
    assert set(state[state == "not in the text"].index) == {"11a", "12"}
    assert state["8c"] == state["9c"] == state["13"] == "partly" and state["10d"] == "printed"
    shown = appraisal.audit(CASE)
    counted = [int(n) for n in re.findall(r"(\d+) (?:printed|partly|not)", shown.text.partition("\n")[0])]
    assert sum(counted) == 30 and clean(shown)
    known = set(CASE.locators["locator"])
    assert all(p.strip() in known for w in CASE.care["where"] if w for p in w.split("|"))


def test_what_is_not_in_the_text_is_what_the_case_calls_not_reported():
    for row in CASE.care.query("state == 'not in the text'").itertuples():
        unreported = [f for f in row.facts.split() if f.startswith("U")]
        assert unreported and all(CASE.address(f)["Printed words"].item() == "not reported" for f in unreported)


def test_guidance_is_dated_in_order_and_gives_no_dose():
    rows = CASE.guidance
    assert list(rows["published"]) == sorted(rows["published"]) and rows["document"].iloc[0] == "article"
    assert not re.search(r"\bmg\b|mg/kg|\bdose", " ".join(rows["says"] + rows["bears_on"]).replace("high-dose", ""))
    years = {r.source: str(load_year(r.source)) for r in rows.itertuples()}
    assert all(r.published[:4] == years[r.source] for r in rows.itertuples())


def load_year(work):
    return references()[work]["issued"]["date-parts"][0][0]


def test_the_ribbon_says_every_document_with_its_date():
    _, alt = drawing(appraisal.ribbon(CASE, "x"))
    assert all(f"{r.published}: {r.label}" in alt for r in CASE.guidance.itertuples())


def test_the_evidence_holds_what_points_the_other_way_and_nothing_unconfirmed():
    rows = CASE.anakinra_evidence
    assert (rows["direction"] == "against").sum() == 2
    assert not {"bruck2011", "reffeiner2011", "movva2013"} & set(rows["source"])
    assert "surviv" not in rows.set_index("study").at["rajasekaran2014", "result"]  # recalled only
    assert f"{len(rows)} rows: 7 point for it, 13 leave it open, 2 point against it." in appraisal.evidence(CASE).text


# ---- the register ---------------------------------------------------------------------------------------------------
@pytest.fixture
def register():
    return appraisal.register(CASE)


def test_the_register_shows_all_and_opens_one(register):
    assert "34 of 34 entries fit." in register._last.text and "D01. " in register._last.text
    told = register.set(entry="D07")
    row = CASE.discrepancies.set_index("id").loc["D07"]
    assert row["printed"] in told.text and row["question"] in told.text and row["handling"] in told.text
    assert clean(told) and "34 of 34" in told.text


def test_the_register_can_be_narrowed(register):
    kinds = CASE.discrepancies["kind"].value_counts()
    for kind, n in kinds.items():
        assert f"{n} of 34 entries fit." in register.set(kind=kind).text
    assert f"{kinds['two accounts']} of 34" in register.set(kind="two accounts").text
    assert register.get()["entry"] in set(CASE.discrepancies.query("kind == 'two accounts'")["id"])
    both = register.set(moment="Recovery and discharge")
    due = CASE.discrepancies.query("kind == 'two accounts' and time_point == 'recovery'")["id"]
    assert f"{len(due)} of 34" in both.text and register.get()["entry"] == due.iloc[0]
    register.set(kind="any", moment="any")
    assert "1 of 34 entries fit." in register.set(search="cyclosporin").text and register.get()["entry"] == "D29"
    assert "0 of 34 entries fit." in register.set(search="zebra").text and register.get()["entry"] is None
    next(b for b in register.children if isinstance(b, widgets.Button)).click()
    assert "34 of 34" in register._last.text and register.get()["entry"] == "D01"


def test_the_notebooks_of_an_entry_are_those_that_ask_about_it(register):
    used = appraisal.asked_in()
    there = {i["notebook"] for i in items().values() for o in i["options"] if "D20" in o["rests_on"]}
    assert there <= used["D20"] and "08" in used["D20"]
    n = sum("08" in books for books in used.values())
    assert f"{n} of 34 entries fit." in register.set(notebook="08").text


@pytest.mark.parametrize(
    "given, says",
    [({"colour": "x"}, "no 'colour' here: choose kind"), ({"kind": "grave"}, "'grave' is not on the list of kind"),
     ({"entry": "D99"}, "is not on the list of entry"), ({"search": 7}, "7 is not on the list of search: give words"),
     ({"kind": "two accounts", "entry": "D31"}, "D31 does not fit"), ({"entry": None}, "None is not on the list")],
)  # fmt: skip
def test_what_the_register_refuses_changes_nothing(register, given, says):
    before = register.get(), register._last.html
    told = register.set(**given)
    assert told.text.startswith("Refused.") and says in told.text
    assert (register.get(), register._last.html) == before


def test_the_register_follows_its_controls(register):
    register._controls["kind"].value = "not stated"
    assert "6 of 34" in register._last.text and register.get()["entry"] == "D15"
    register._controls["entry"].value = "D32"
    assert "D32. " in register._last.text


def test_the_register_is_worded_without_blame():
    text = " ".join(CASE.discrepancies[["title", "printed", "question", "handling"]].agg(" ".join, axis=1))
    text += " ".join([*CASE.care["note"], *CASE.weighed[["label", "ground", "lacks", "write"]].agg(" ".join, axis=1)])
    assert not re.search(r"\b(?:wrong|mistake|failed|careless|should have|misleading|flaw|forgot|neglect)", text)


# ---- one's own record -----------------------------------------------------------------------------------------------
def test_calibration_counts_scored_answers_by_confidence():
    best, other = items()["N8.1"]["best"], "a"
    given = {
        "N8.1": {"choice": best, "confidence": "high"}, "N8.2": {"choice": "b", "confidence": "high"},
        "N8.3": {"choice": "b", "confidence": "low"}, "N8.4": {"choice": other, "confidence": ""},
        "S8.1": {"choice": "a", "confidence": "high"}, "gone": {"choice": "a", "confidence": "low"},
    }  # fmt: skip
    found = appraisal.calibration(given)
    assert found.loc["high"].tolist() == [2, 1] and found.loc["low"].tolist() == [1, 1]
    assert found.loc["medium"].tolist() == [0, 0] and list(found.index) == ["low", "medium", "high"]


def test_an_empty_record_is_told_in_words_and_a_filled_one_drawn(record):
    mine = appraisal.my_calibration("x")
    assert "nothing to plot yet" in mine.get().text and "<img" not in mine.get().html
    answer("N8.1", "c", confidence="high")
    answer("N8.2", "b", confidence="high")
    mine.children[0].click()
    shown = mine.get()
    root, alt = drawing(shown)
    assert "high confidence: 1 of 2 best supported" in alt and "low confidence: no answer yet" in alt and clean(shown)
    bar = [r for r in shapes(root, "rect", fill="#0b4f8a")]
    assert [r.get("width") for r in bar] == ["200.0"]  # half of 400


# ---- what 08 must not say -------------------------------------------------------------------------------------------
FORBIDDEN = {
    r"\b(?:proves|proved|proven)\b": "that something is proved",
    r"anakinra (?:saved|rescued|cured|healed)": "that the drug did it",
    r"(?:should|must) be (?:given|treated)": "an advice to treat",
}


def test_the_prose_claims_no_more_than_one_case_can_carry():
    page = nbformat.read(PAGE, 4)
    texts = [c.source for c in page.cells if c.cell_type == "markdown"]
    assert [c for text in texts for c in forbidden(FORBIDDEN, text)] == []
    assert len(forbidden(FORBIDDEN, "Anakinra saved him, as is proven, and should be given.")) == 3


def test_rules_are_asked_and_not_copied():
    assert appraisal.label("q1") == RULES["naranjo"].nodes()["q1"]["label"]


def outside(root, width):
    """Words of a drawing that run over its edge, at about 7 pixels a letter."""
    for text in root.iter("{http://www.w3.org/2000/svg}text"):
        x, long = float(text.get("x")), 7 * len(text.text or "") * float(text.get("font-size", "13")) / 13
        left = x - long * {"end": 1, "middle": 0.5}.get(text.get("text-anchor"), 0)
        if left < 0 or left + long > width:
            yield text.text


def test_nothing_runs_over_the_edge_of_the_ribbon():
    root, _ = drawing(appraisal.ribbon(CASE, "x"))
    assert list(outside(root, 1000)) == []
    long = CASE.guidance.assign(bears_on="a sentence that is much too long to stand beside its bar on a picture " * 2)
    root, _ = drawing(plots.ribbon([*long[["published", "label", "bears_on"]].itertuples(index=False)], "x"))
    assert list(outside(root, 1000))
