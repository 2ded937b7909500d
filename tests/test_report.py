"""The report of a class: credit that knows no right answers, both votes, confidence, minutes; on invented receipts."""

import json

import pandas as pd
import pytest

from classroom import __main__ as command
from classroom import report
from classroom.receipts import read_receipts
from utils.quiz import answer, items, revision, two_votes
from utils.receipt import save_receipt

pytestmark = pytest.mark.slow
ASKED = ["N3.2", "N3.3", "N4.4"]
BEST = {name: items()[name]["best"] for name in ASKED}
WRONG = {name: next(k for k in "abc" if k != best) for name, best in BEST.items()}


def put(folder, code, rows):
    """A receipt of (item, first vote, answer, confidence, minute of the day)."""
    made = []
    for name, first, given, sure, minute in rows:
        when = f"2026-01-01T{10 + minute // 60}:{minute % 60:02}:00"
        about = {"item": name, "notebook": items()[name]["notebook"], "kind": items()[name]["kind"], "field": ""}
        about |= {"answer": given, "confidence": sure, "when": when, "first_vote": first}
        made.append(about | {"revision": revision(items()[name])})
    whole = {"title": "MAS Casebook receipt", "version": "0.1.0", "made": "2026-01-01T12:00:00", "rows": made}
    (folder / f"{code}.json").write_text(json.dumps(whole), encoding="utf-8")


@pytest.fixture
def ten(tmp_path):
    """Ten invented receipts: first votes of which three are right at N3.2, second votes of which eight are."""
    for n in range(10):
        first, second = (BEST if n < 3 else WRONG)["N3.2"], (BEST if n < 8 else WRONG)["N3.2"]
        rows = [("N3.2", first, second, "high" if n > 6 else "low", 0), ("N3.3", "", BEST["N3.3"], "", 6 + n)]
        put(tmp_path, f"invented-{n}", rows + [("N4.4", "", WRONG["N4.4"], "high", 90)] * (n == 9))
    return tmp_path


@pytest.fixture
def receipts(ten):
    read = read_receipts(ten)
    return read.assign(code=[name.removesuffix(".json") for name in read["file"]])


def test_credit_is_for_taking_part_and_a_right_answer_changes_nothing(receipts):
    book = report.gradebook(receipts, ASKED)
    assert list(book) == ["code", "asked", "answered", "percent"]  # no column for what is right
    assert book["answered"].tolist() == [2] * 9 + [3] and book["percent"].tolist() == [67] * 9 + [100]
    assert report.gradebook(receipts.assign(answer="a"), ASKED).equals(book)
    assert report.gradebook(receipts, ["N7.5"])["percent"].tolist() == [0] * 10  # nobody is left out


def test_votes_are_counted_first_and_second_and_one_vote_stands_under_the_first(receipts):
    votes = report.counts(receipts, ASKED)
    assert votes.loc[("N3.2", BEST["N3.2"])].tolist() == [3, 8] and votes.loc[("N3.2", WRONG["N3.2"])].tolist() == [
        7,
        2,
    ]
    assert votes.loc[("N3.3", BEST["N3.3"])].tolist() == [10, 0]
    old = receipts.assign(revision="00000000")
    assert report.counts(old, ASKED).empty  # a question that was changed since


def test_a_question_tells_who_was_right_and_who_was_sure_and_wrong(receipts):
    row = report.questions(receipts, ASKED).set_index("question").loc["N3.2"]
    assert row.tolist() == [10, 30, 10, 80, 2]
    alone = report.questions(receipts, ASKED).set_index("question").loc["N3.3"]
    assert alone["right_first"] == 100 and alone["voted_twice"] == 0 and pd.isna(alone["right_second"])
    assert report.questions(receipts, ["N3.1"]).empty  # it has no best answer


def test_minutes_run_from_the_first_answer_of_a_page_to_the_last_without_a_pause(ten):
    put(ten, "invented-x", [("N3.2", "", "a", "", 0), ("N3.3", "", "a", "", 10), ("N3.4", "", "a", "", 10 + 21)])
    read = read_receipts(ten).assign(code=lambda t: t["file"])
    row = report.minutes(read).set_index("page").loc["03"]
    assert row["learners"] == 11 and row["median_minutes"] == 10  # 6 to 15, and 10: the gap of 21 is a pause
    assert "04" not in report.minutes(read)["page"].tolist()  # one answer has no length


def test_the_command_writes_tables_and_a_picture_and_says_that_invented_receipts_are_no_result(ten, capsys):
    assert command.main(["--receipts", str(ten), "--plan", "50"]) == 0
    out = ten / "report"
    assert {p.name for p in out.iterdir()} == {"gradebook.csv", "questions.csv", "minutes.csv", "report.html"}
    assert str(out) in capsys.readouterr().out
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "This is no result" in page and "<svg" not in page and "image/svg+xml" in page and "invented-" not in page
    best, wrong = BEST["N3.2"].upper(), WRONG["N3.2"].upper()
    assert f"Vote 1 ✔ {best} 3" in page and f"Vote 2 {wrong} 2" in page  # the picture in words
    book = pd.read_csv(out / "gradebook.csv")
    assert book["code"].tolist()[0] == "invented-0" and book["asked"].unique().tolist() == [5]
    put(ten, "=K07", [("N3.2", "", "a", "", 0)])
    assert command.main(["--receipts", str(ten)]) == 0  # again, over the first
    assert "This is no result" not in (out / "report.html").read_text(encoding="utf-8")
    book = pd.read_csv(out / "gradebook.csv")
    assert book["asked"].max() == 11 and "'=K07" in [*book["code"]]  # a spreadsheet may run what begins with =


def test_what_a_learner_saves_is_read_and_counted(record, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    two_votes(True)
    answer("N3.2", WRONG["N3.2"]), answer("N3.2", BEST["N3.2"], confidence="high")
    save_receipt(tmp_path / "K01")
    report.write(tmp_path, tell=lambda line: None)
    row = pd.read_csv(tmp_path / "report" / "questions.csv").set_index("question").loc["N3.2"]
    assert (row["right_first"], row["right_second"], row["sure_and_wrong"]) == (0, 100, 0)


@pytest.mark.parametrize(
    "words, said",
    [([], "no receipt was found in"), (["--plan", "45"], "there is no plan of 45 minutes; there are: 50, 60, 90")],
)
def test_what_cannot_be_reported_is_said_in_words_and_nothing_is_written(tmp_path, words, said):
    assert said in command.main(["--receipts", str(tmp_path), *words])
    assert list(tmp_path.iterdir()) == []
    assert said in command.main(["--receipts", str(tmp_path / "nowhere"), *words])
