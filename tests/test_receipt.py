"""The receipt: what is in it, what never is, and that no file is lost for it; a class's receipts, read by a teacher."""

import json

import pytest

from classroom.receipts import LATER, read_receipts, votes
from utils.chapters import patient
from utils.quiz import answer, hypotheses, items, prompts, rank, two_votes, write
from utils.receipt import HEAD, NAME, ROW, TITLE, offer_receipt, save_receipt, version


@pytest.fixture
def desk(record, tmp_path, monkeypatch):
    """An empty folder to stand in, with two answers and a text in the record."""
    (tmp_path / "desk").mkdir()
    monkeypatch.chdir(tmp_path / "desk")
    answer("N3.1", "b", confidence="high")
    answer("N0.1", "c")
    write("W1.1", "Ada's words")
    return tmp_path / "desk"


def saved(folder):
    return sorted(p.name for p in folder.iterdir())


def spoil(file, edit=lambda whole: None):
    """Change what a JSON file holds; what it holds then."""
    whole = json.loads(file.read_text(encoding="utf-8"))
    edit(whole)
    file.write_text(json.dumps(whole), encoding="utf-8")
    return whole


# ---- what is in it --------------------------------------------------------------------------------------------------
def test_receipt_lies_beside_the_notebook_and_says_what_it_holds(desk, tmp_path):
    text, whole = save_receipt().text, spoil(desk / NAME)
    for words in (f"Your receipt is {NAME}:", "2 answers", "sent nowhere", "No name and no machine is in it."):
        assert words in text
    assert set(whole) == {"title", "version", "made", "rows"} and whole["version"] == version()
    first, second = whole["rows"]
    assert list(first) == ROW and (first["item"], first["answer"], first["confidence"]) == ("N0.1", "c", "")
    wanted = {"item": "N3.1", "notebook": "03", "answer": "b", "confidence": "high", "kind": items()["N3.1"]["kind"]}
    assert wanted.items() <= second.items() and len(second["when"]) == 19
    elsewhere = save_receipt(tmp_path / "elsewhere").text
    assert "Your receipt is …/elsewhere.json:" in elsewhere and str(tmp_path) not in elsewhere


def test_nothing_written_no_name_and_no_place_is_in_it(desk, record):
    stranger = {"choice": "a", "confidence": "", "at": "2026-01-01T00:00:00"}
    spoil(record, lambda whole: whole["answers"].update({"Ada Lovelace": stranger}))
    spoil(record, lambda whole: whole["answers"]["N0.1"].update(at="at Ada's", host="ada-laptop"))
    save_receipt()
    text = (desk / NAME).read_text(encoding="utf-8")
    assert "N3.1" in text and "N0.1" in text
    assert not any(word in text for word in ("Ada", "ada-laptop", str(desk), "/", "\\"))


def test_own_words_are_in_it_only_where_asked_for(desk, record):
    rank("D1.1", list(hypotheses())[:4], "high")
    spoil(record, lambda whole: whole["forms"]["W1.1"]["fields"].update(diary="Ada's"))
    text = save_receipt(written=True).text
    assert "5 fields that" in text and "no name but what you wrote" in text
    rows = read_receipts(desk).set_index("item")
    assert rows.loc["W1.1", "words"] == "Ada's words" and rows.loc["W1.1", "field"] in prompts()["W1.1"]["fields"]
    assert list(rows.loc["D1.1", "confidence"]) == ["high"] * 4 and list(rows.loc["D1.1", "words"]) == list("1234")
    assert "diary" not in list(rows["field"])


def test_sheets_of_the_new_patient_are_in_it_unless_they_were_spoilt(desk, record):
    filled = {name: dict.fromkeys(patient.RULERS, "met") for name in patient.SHEETS}
    for name, fields in {**filled, "U9.1": {"ferritin": "=685 ng/mL", "ast": "48 U/L", "age": "1.7 years"}}.items():
        assert "Nothing was kept" not in patient.sheet(name, fields, "low").text
    assert "5 answers" in save_receipt().text  # two questions and three sheets
    frame = read_receipts(desk)
    assert frame.attrs["skipped"] == [] and len(frame) == 2 + 5 + 5 + 3
    rows = frame.set_index(["item", "field"])
    assert rows.loc[("U9.1", "ferritin"), "answer"] == "685 ng/mL"  # no spreadsheet takes it for a formula
    assert rows.loc[("C9.1", "hscore|verdict"), "answer"] == "met" and set(rows.loc["V9.2", "notebook"]) == {"11"}
    assert (rows.loc["C9.1", ["notebook", "confidence", "kind"]] == ["10", "low", "sheet"]).all(axis=None)
    spoil(record, lambda whole: whole["forms"]["C9.1"]["fields"].update({"hscore|verdict": "Ada says met"}))
    save_receipt("later")
    frame = read_receipts(desk)
    assert "C9.1" not in set(frame.loc[frame["file"] == "later.json", "item"])


# ---- where it is put ------------------------------------------------------------------------------------------------
def test_run_all_saves_nothing_until_the_button_is_pressed_and_then_keeps_a_receipt_that_holds_more(desk):
    offer = offer_receipt()
    assert saved(desk) == [] and "No receipt is saved yet." in offer.shown.text
    offer.children[0].click(), offer.children[0].click()
    assert saved(desk) == [NAME] and NAME in offer.shown.text
    answer("N3.2", "a"), save_receipt()  # the new one holds the old one's rows and one more
    save_receipt(written=True)
    assert saved(desk) == [NAME] and len(spoil(desk / NAME)["rows"]) == 4
    save_receipt()  # without the words: the one that is there holds more
    assert saved(desk) == ["mas-casebook-receipt-2.json", NAME]
    other = spoil(desk / NAME, lambda whole: whole["rows"][0].update(answer="a"))  # somebody else's, by an answer
    save_receipt(written=True)
    assert spoil(desk / NAME) == other


def test_no_file_is_overwritten_and_no_link_is_followed(desk, tmp_path):
    mine = [desk / NAME, desk / "mas-casebook-receipt-2.json", tmp_path / "target.json"]
    for file in mine:
        file.write_text("mine")
    for name, target in (("dangling.json", "nowhere.json"), ("link.json", tmp_path / "target.json")):
        (desk / name).symlink_to(target)
        save_receipt(name)
    save_receipt()
    assert {file.read_text() for file in mine} == {"mine"} and not (desk / "nowhere.json").exists()
    assert {"mas-casebook-receipt-3.json", "dangling-2.json", "link-2.json"} < set(saved(desk))


@pytest.mark.parametrize("name, file", [("r", "r.json"), ("a.csv", "a.csv.json"), ("", NAME), ("~", NAME)])
def test_every_receipt_has_an_ending_that_is_read(desk, monkeypatch, name, file):
    monkeypatch.setenv("HOME", str(desk))
    monkeypatch.setenv("USERPROFILE", str(desk))
    save_receipt(name)
    assert saved(desk) == [file] and len(read_receipts("~")) == 2


@pytest.mark.parametrize("path", ["no/such/folder/a.json", 7, "~nobodyatall/a.json", "a\0b"])
def test_a_place_that_cannot_be_is_named(desk, record, path):
    assert "could not be saved" in save_receipt(path).text and saved(desk) == []
    record.write_text("{broken")
    assert "damaged" in save_receipt().text
    record.unlink()
    assert "Nothing was saved" in save_receipt().text and saved(desk) == []


# ---- a class --------------------------------------------------------------------------------------------------------
ROWS = [  # spoilt rows: column, what stands in it
    ("answer", "d"), ("item", "Ada"), ("item", "W1.1"), ("item", "C9.1"), ("field", "x"), ("confidence", "sure"),
    ("when", "at night"), ("made", "at noon"), ("made", "=1+1"), ("version", "=HYPERLINK(1)"), ("kind", "@SUM(A1)"),
    ("notebook", "-2+3"), ("notebook", "\ud800"), ("words", "none belong here"),
    ("first_vote", "d"), ("first_vote", "=a"), ("revision", "new"), ("revision", None),
]  # fmt: skip


@pytest.mark.parametrize(("column", "text"), ROWS)
def test_a_row_that_is_not_written_here_spoils_the_receipt(desk, column, text):
    save_receipt()
    spoil(desk / NAME, lambda whole: (whole if column in HEAD else whole["rows"][0]).update({column: text}))
    frame = read_receipts(desk)
    assert frame.empty and ("'Ada' is not asked here" in frame.attrs["skipped"][0]) == (text == "Ada")


def test_receipts_of_a_class_are_read_and_bad_files_named(desk, capsys):
    save_receipt("ann"), save_receipt("bob")
    whole = json.loads((desk / "ann.json").read_text())
    bad = {
        "c.json": "{", "d.json": "[1]", "e.json": '{"title": "another", "rows": [{}]}', "f.json": "\0",
        "g.json": json.dumps({"title": TITLE, "version": "1", "made": "", "rows": [7]}), "h.json": "[" * 100_000,
        "i.json": json.dumps(whole | {"rows": whole["rows"] * 2}), "j.json": json.dumps(whole) + " " * 2_000_000,
    }  # fmt: skip
    for name, text in bad.items():
        (desk / name).write_text(text)
    (desk / "k.json").mkdir()
    (desk / "notes.txt").write_text("not asked for")
    frame = read_receipts(desk)
    assert list(frame.columns) == ["file", *ROW, "version", "made"]
    assert list(frame["file"]) == ["ann.json"] * 2 + ["bob.json"] * 2
    ann, bob = (part.drop(columns=["file", "made"]).to_dict("records") for _, part in frame.groupby("file"))
    assert ann == bob and capsys.readouterr().out.splitlines() == (skipped := frame.attrs["skipped"])
    assert [line.split()[0] for line in skipped] == [*bad, "k.json"]
    assert all("was skipped, it is not a receipt: " in line for line in skipped)


def test_a_folder_without_receipts_gives_an_empty_table(tmp_path, capsys):
    for folder in (tmp_path, tmp_path / "nowhere", 7, "a\0b", "~nobodyatall"):
        frame = read_receipts(folder)
        assert frame.empty and "item" in frame
    printed = capsys.readouterr().out
    assert "nowhere cannot be read (No such file" in printed and printed.count(" cannot be read (") == 4


def test_both_votes_of_a_class_are_counted(desk, record):
    two_votes(True)
    for name, first, second in (("ann", "a", "b"), ("bob", "c", "b"), ("cem", "b", "b")):
        record.write_text(json.dumps({"version": 1, "two_votes": True, "answers": {}}))
        answer("N3.2", first), answer("N3.2", second), answer("N3.3", "a")  # the last one still waits
        save_receipt(name)
    two_votes(False), answer("N3.1", "c")
    save_receipt("once")
    receipts = read_receipts(desk)
    assert receipts.attrs["skipped"] == [] and set(receipts["item"]) == {"N3.2", "N3.1"}
    assert list(receipts[receipts["item"] == "N3.2"]["first_vote"]) == ["a", "c", "b", "b"]
    counted = votes(receipts[receipts["file"] != "once.json"])
    assert counted.loc["N3.2"].to_dict("list") == {"first": [1, 1, 1], "second": [0, 3, 0]}
    assert votes(receipts.iloc[:0]).empty
    receipts.loc[receipts["file"] == "bob.json", "revision"] = "0" * 8  # he was asked an earlier form of it
    assert votes(receipts[receipts["file"] != "once.json"])["second"].sum() == 2


@pytest.mark.parametrize("lacks", [["revision"], list(LATER)], ids=("before revisions", "before two votes"))
def test_older_receipts_are_read(desk, lacks):
    save_receipt()
    spoil(desk / NAME, lambda whole: [row.pop(key) for row in whole["rows"] for key in lacks])
    receipts = read_receipts(desk)
    assert len(receipts) == 2 and receipts.attrs["skipped"] == [] and votes(receipts).empty
