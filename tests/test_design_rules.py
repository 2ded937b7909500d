"""Each page keeps the design rules (`tests.design`), and each checker finds the faults planted for it.

Held elsewhere: the form of a question, and that its addresses exist (check_questions); R1 for pages (test_kit), and for
questions and forms, R13 and the counting of R10 (test_quiz); R5, R12 and unused misconceptions (test_design_data).
"""

import re

import pytest

from tests import design
from tests.design import FILES, book, complaints, right


@pytest.mark.parametrize("number", FILES)
def test_a_notebook_keeps_the_rules(number):
    assert list(complaints(book(number))) == []


# ---- the faults that must be found, planted in 04 -------------------------------------------------------------------
def swap(old, new):
    return lambda b: [c.update(source=c.source.replace(old, new)) for c in b.nb.cells]


def add(words):
    return lambda b: b.nb.cells[1].update(source=f"{b.nb.cells[1].source}\n{words}\n")


def put(name, key=None, **more):
    """Another value in a question or prompt or, with a key, in one of its options."""

    def spoil(b):
        entry = {**b.items, **b.prompts}[name]
        (entry["options"]["abc".index(key)] if key else entry).update(more)

    return spoil


def each(change):
    return lambda b: [change(i) for i in b.items.values() if i.get("best")]


def without_tables(b):
    for data in (o["data"] for c in b.nb.cells for o in c.get("outputs", []) if "data" in o):
        data["text/html"] = data.get("text/html", "").replace("<table", "<div")


def b_card(b):
    """The words after the second lead of the card."""
    card = next(c.source for c in b.nb.cells if "> ## The look" in c.source)
    return re.search(r"(?s)What helps to tell them apart:\*\* (.+?)$", card)[1]


FAULTS = [
    ("is_clean", lambda b: b.nb.metadata.update(widgets={}), "widget state"),
    ("shows_each_card_once", swap('ask("R4.1")', "progress()"), 'ask("R4.1") stands 0 times'),
    ("shows_each_card_once", swap('ask("R4.1")', 'ask("N4.1")'), 'ask("N4.1") stands 2 times'),
    ("is_ready_for_class", lambda b: setattr(b, "number", "12"), "no section '## 12'"),
    ("says_the_lines_of_code_once", swap("people.set(", ""), "lacks the line `people.set(…)`"),
    ("says_the_lines_of_code_once", swap("`answer(", ""), "lacks the line `answer(…)`"),
    ("says_the_lines_of_code_once", add("Then press Shift and Enter."), "says 'Shift and Enter'"),
    ("says_the_lines_of_code_once", add("<strong>By keyboard, or by a line of code</strong>"), "2 folds"),
    ("is_clean", lambda b: b.nb.cells[2].metadata.clear(), "is not folded"),
    ("serves_an_aim", put("N4.1", aim="04.9"), "N4.1: its aim, '04.9', is none of a page"),
    ("serves_an_aim", put("N4.1", aim="4"), "N4.1: its aim, '4', is none of a page"),
    ("serves_an_aim", lambda b: swap("5. pick", "5. be kind,\n6. pick")(b), "no question serves aim 04.6"),
    ("takes_the_minutes_it_says", add("word " * 200), "by the formula"),
    ("takes_the_minutes_it_says", add("word " * 2000), "at most 45"),
    ("takes_the_minutes_it_says", add("word " * 2000), "more than 2,600 words"),
    ("takes_the_minutes_it_says", swap("**Time:** about ", "**Time:** about 1"), "the page says ['1"),
    ("rests_on_what_was_known", put("N4.1", "a", rests_on=["F45"]), "N4.1 rests on F45, which is not open at"),
    ("rests_on_what_was_known", put("W4.1", rests_on=["D18"]), "W4.1 rests on D18"),
    ("rests_on_what_was_known", lambda b: b.prompts["W4.1"].pop("rests_on"), "W4.1 rests on nothing"),
    ("has_no_spoiler", put("N4.2", stem="Before the transfusions, which verdict?"), "N4.2 has 'transfusion'"),
    ("has_no_spoiler", put("F4.1", look_for=["he needed ECMO"]), "F4.1 has 'ECMO'"),
    ("has_no_spoiler", add("Anakinra was given."), "cell five-aims has 'anakinra'"),
    ("has_no_spoiler", lambda b: (add("Then ECMO.")(b), setattr(b, "number", "10")), "has 'ECMO': a page without"),
    ("has_no_spoiler", add("Beware of anchoring."), "'anchoring'"),
    ("has_a_table_beside_a_picture", without_tables, "has no table"),
    ("has_a_table_beside_a_picture", add("![a child in a bed](child.png)"), "an image in the prose"),
    ("leads_on", swap("[05 The second day]", "[05]"), "has no link [05 The second day](05_second_day.ipynb)"),
    ("leads_on", swap("[Back to the top]", "[Up]"), "has no link [Back to the top]"),
    ("leads_on", swap("## References", "## Works"), "no references"),
    ("leads_on", swap("## What is still unknown", "## Unknown"), "no '## What is still unknown'"),
    ("shows_each_card_once", swap('write("W4.1")', 'write("W4.2")'), 'write("W4.2"): this notebook has no such'),
    ("shows_each_card_once", put("W4.1", words=45), "the exemplar has 46 words"),
    ("fades", swap("## Worked example", "## An example"), "0 '## Worked example'"),
    ("fades", put("K4.3", kind="completion"), "2 completion items"),
    ("fades", swap('ask("R4.1")', 'ask("C4.1")'), "stands before the worked example"),
    ("fades", swap('ask("R4.1")', 'ask("N4.1")'), "N4.1 stands before the completion item"),
    ("has_one_error", put("K4.3", kind="error"), "the one item of kind error"),
    ("has_one_error", swap("## For discussion", "### For discussion"), "holds ['E4.2', 'S4.1', 'F4.1']"),
    ("has_one_error", put("E4.2", "a", why="It was invented."), "E4.2: explain the error"),
    ("keeps_to_few_rule_sets", lambda b: setattr(b, "number", "02"), "too many sets"),
    ("keeps_to_few_rule_sets", lambda b: setattr(b, "items", {k: b.items[k] for k in ("N4.2", "N4.4")}), "compare 2"),
    ("has_a_form", put("F4.1", fields={"for": "For", "against": "Against"}), "fields for, against and missing"),
    ("has_a_form", put("F4.1", fields={"for": "For", "against": " ", "missing": "Missing"}), "each with a label"),
    ("has_a_form", swap('write("F4.1")', "take_a_sheet_of_paper()"), "form is not on the page"),
    ("has_a_form", swap('my_page("04")', "progress()"), "show what was written"),
    ("has_one_prebunk", swap("> ## The look-alike", "> ## A look-alike"), "one block quote is due"),
    ("has_one_prebunk", add("> ## The look-alike that fools people here"), "one block quote is due"),
    ("has_one_prebunk", swap("**What helps to tell them apart:**", "**Remember:**"), "**What helps to tell them"),
    ("has_one_prebunk", lambda b: swap(b_card(b), "Look.")(b), "at least 12 words"),
    ("opens_with_retrieval", swap('ask("R4.1")', 'ask("K4.1")'), "just two retrieval items: ['R4.1', 'R4.2']"),
    ("opens_with_retrieval", put("R4.1", origin="04"), "R4.1: its 'origin' names no earlier notebook"),
    ("discusses_without_a_key", put("S4.1", kind="check"), "0 discussion items"),
    ("discusses_without_a_key", put("S4.1", stem="You learn something."), "'never scored'"),
    ("discusses_without_a_key", put("S4.1", "b", text="hard to tell"), "about as likely"),
    ("has_honest_options", put("N4.1", "b", misconception="M99"), "N4.1, option b"),
    ("has_honest_options", put("N4.1", "a", misconception="M8"), "the right one none"),
    ("has_honest_options", put("N4.1", voices={"data": "…"}), "authors and data are both due"),
    ("has_honest_options", each(lambda i: i.update(best="b")), "right letters {'b': 11}"),
    ("has_honest_options", each(lambda i: right(i).update(text="x" * 99)), "the longest in 11 of 11"),
    ("is_ready_for_class", swap("## The picture to take home", "## The end"), "no figure"),
    ("leaves_the_work_to_the_learner", lambda b: b.nb.cells[1].update(source="## Worked example: T0"), "no worked ex"),
    ("leaves_the_work_to_the_learner", put("C9.8", level="completion"), "C9.8: its level is open"),
]


@pytest.mark.parametrize("rule, spoil, says", FAULTS, ids=lambda x: x if isinstance(x, str) else "")
def test_each_fault_is_found(rule, spoil, says):
    check, b = getattr(design, rule), book("11" if rule == "leaves_the_work_to_the_learner" else "04")
    assert list(check(b)) == []
    spoil(b)
    assert any(says in complaint for complaint in check(b)), list(check(b))


def test_every_checker_is_tried():
    every = {*design.EVERYWHERE, *design.IN_CORE, *design.IN_TRANSFER}
    assert {rule for rule, *_ in FAULTS} == {check.__name__ for check in every}
