"""The design rules that concern a table or a count and not one page: R5, R11 and R12; the others: test_design_rules."""

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.design import CASE, FILES, size, which
from utils.chapters.cohort import chance, crowd
from utils.quiz import items
from utils.tables import read_table


def test_every_misconception_of_these_notebooks_is_somebodys_answer():  # R11
    due = {*CASE.misconceptions[CASE.misconceptions["notebook"].isin(FILES)]["misconception"]}
    used = {o.get("misconception") for i in items().values() for o in i["options"]}
    assert due <= used and due - (used - {"M7"}) == {"M7"}


def board_faults(board, findings):
    """R5: look-alikes side by side, every cell with its reason, and what nobody reported unknown in every column."""
    pairs = Counter(zip(board["finding"], board["hypothesis"], strict=True))
    due = [(f, h) for f in findings["finding"] for h in CASE.hypotheses["hypothesis"]]
    yield from (f"{pair} stands {pairs[pair]} times; once is due" for pair in due if pairs[pair] != 1)
    few = board["hypothesis"].nunique() < 4 or board["state"].nunique() != 4
    yield from which((few, "the board needs four hypotheses or more, and all of its four states"))
    blank = dict(zip(findings["finding"], findings["facts"].str.fullmatch(r"(U\d+ ?)+"), strict=True))
    for c in board.itertuples():
        unsaid = c.state == "unknown" and not re.search("not (mentioned|reported|printed)", c.why)
        wrong = which(
            (not 8 <= size(c.why) <= 32, f"'why' has {size(c.why)} words; 8 to 32 are due"),
            (not c.sources and c.tag != "ours", "rests on nothing, and does not say that it is our reading"),
            (blank[c.finding] and c.state != "unknown", "not reported, and so unknown whatever the hypothesis"),
            (not blank[c.finding] and unsaid, "reported and yet unknown: say what is not mentioned"),
        )
        yield from (f"{c.finding}, {c.hypothesis}: {words}" for words in wrong)


@pytest.mark.parametrize(
    "where, change, says",
    [
        ("finding == 'limp'", {"finding": "fever"}, "('fever', 'sjia') stands 2 times"),
        ("finding == 'limp'", {"finding": "fever"}, "('limp', 'sjia') stands 0 times"),
        ("state == 'expected_but_absent'", {"state": "fits"}, "all of its four states"),
        ("hypothesis in ['kawasaki', 'infection']", {"hypothesis": "sjia"}, "four hypotheses or more"),
        ("finding == 'limp'", {"why": "It fits."}, "'why' has 2 words"),
        ("finding == 'limp'", {"sources": "", "tag": "P"}, "rests on nothing"),
        ("finding == 'platelets'", {"state": "fits"}, "not reported, and so unknown"),
        ("finding == 'ferritin'", {"state": "unknown"}, "reported and yet unknown"),
    ],
)
def test_the_board_keeps_its_rule_and_each_fault_of_it_is_found(where, change, says):
    board = CASE.board.copy()
    assert list(board_faults(board, CASE.board_findings)) == []
    board.loc[board.query(where).index, list(change)] = list(change.values())
    assert any(says in complaint for complaint in board_faults(board, CASE.board_findings))


# R12: people are whole, and all of them are counted
def counted(counts, n):
    return all(x >= 0 and x == int(x) for x in counts) and sum(counts) == n


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 100), st.integers(1, 10**6))
def test_a_crowd_is_everybody(sensitivity, specificity, prior, n):
    assert counted(crowd(sensitivity, specificity, prior, n).values(), n)


def adds_up(text):
    """Whether the table that counts people adds up: with, without and all of them; who meets, does not, and all."""
    rows = [[*map(int, row)] for row in re.findall(r"(?m)(\d+) +(\d+) +(\d+)$", text)[-3:]]
    return len(rows) == 3 and all(counted((a, b), both) for a, b, both in (*rows, *zip(*rows, strict=True)))


def test_a_picture_of_people_says_its_counts_and_wrong_ones_are_found():
    people = chance()
    for row in read_table("performance").dropna(subset=["sensitivity", "specificity"]).itertuples():
        for prior in (0, 2, 20, 100):
            text = people.set(prior=prior, rule=row.rule, study=row.study).text
            assert adds_up(text) and text.rstrip().endswith(" 100"), (row.rule, prior)
    assert not any(counted(wrong, 100) for wrong in ([18.5, 1.5, 11, 69], [-1, 21, 11, 69], [19, 2, 11, 69]))
    assert not adds_up("with 19 2 20\nwithout 11 69 80\nall 30 71 100") and not adds_up("Some people.")
