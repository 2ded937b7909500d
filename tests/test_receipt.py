"""The receipt: what is in it, what never is, and that no file is lost for it."""

import json
import os
import tempfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from utils import receipt
from utils.chapters import patient
from utils.quiz import answer, items, prompts, rank, two_votes, write
from utils.receipt import HEAD, NAME, OLD, ROW, read_receipts, save_receipt, votes

ASKED = list(items())
ENTRY = st.fixed_dictionaries(
    {
        "choice": st.sampled_from("abc"),
        "confidence": st.sampled_from(["", "low", "medium", "high"]),
        "at": st.datetimes().map(lambda t: t.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")),
    }
)


@pytest.fixture
def answered(record, tmp_path, monkeypatch):
    """Two answers and a text in the record, and an empty folder to stand in."""
    (tmp_path / "desk").mkdir()
    monkeypatch.chdir(tmp_path / "desk")
    answer("N3.1", "b", confidence="high")
    answer("N0.1", "c")
    write("W1.1", "Ada's words")
    return tmp_path / "desk"


def test_receipt_lies_beside_the_notebook_and_says_what_it_holds(answered):
    told = save_receipt().text
    whole = json.loads((answered / NAME).read_text(encoding="utf-8"))
    assert f"Your receipt is {NAME}:" in told and "2 answers" in told and "sent nowhere" in told
    assert "No name and no machine is in it." in told
    assert set(whole) == {"title", "version", "made", "rows"} and whole["version"] == "0.1.0"
    first, second = whole["rows"]
    assert list(first) == ROW  # and nothing else
    assert (first["item"], first["answer"], first["confidence"]) == ("N0.1", "c", "")
    assert (second["item"], second["notebook"], second["answer"], second["confidence"]) == ("N3.1", "03", "b", "high")
    assert second["kind"] == items()["N3.1"]["kind"] and len(second["when"]) == 19


def test_nothing_written_no_name_and_no_place_is_in_it(answered, record):
    spoilt = json.loads(record.read_text())
    spoilt["answers"]["Ada Lovelace"] = {"choice": "a", "confidence": "", "at": "2026-01-01T00:00:00"}
    spoilt["answers"]["N0.1"] |= {"at": "at Ada's", "host": "ada-laptop"}
    record.write_text(json.dumps(spoilt))
    for name in ("plain.json", "table.csv"):
        save_receipt(name)
        text = (answered / name).read_text(encoding="utf-8")
        assert "N3.1" in text and "N0.1" in text
        assert not any(word in text for word in ("Ada", "ada-laptop", str(answered), "/", "\\"))


def test_own_words_are_in_it_only_where_asked_for(answered):
    told = save_receipt("with.json", written=True).text
    assert "1 field that" in told and "no name but what you wrote" in told
    [row] = [r for r in json.loads((answered / "with.json").read_text())["rows"] if "words" in r]
    assert row["item"] == "W1.1" and row["words"] == "Ada's words" and row["field"] in prompts()["W1.1"]["fields"]
    assert "Nothing was saved" in save_receipt("with.csv", written=True).text  # a spreadsheet runs "=…"
    assert not (answered / "with.csv").exists()
    assert list(read_receipts(answered)["words"].dropna()) == ["Ada's words"]


def test_no_file_is_overwritten_unless_told(answered):
    (answered / NAME).write_text("mine")
    (answered / "mas-casebook-receipt-2.json").write_text("mine too")
    save_receipt()
    assert (answered / NAME).read_text() == "mine"
    assert (answered / "mas-casebook-receipt-2.json").read_text() == "mine too"
    assert json.loads((answered / "mas-casebook-receipt-3.json").read_text())["title"]
    save_receipt(replace=True)
    assert json.loads((answered / NAME).read_text())["title"]
    assert (answered / "mas-casebook-receipt-2.json").read_text() == "mine too"


def saved(folder):
    return sorted(p.name for p in folder.iterdir())


def test_run_all_renews_the_receipt_and_keeps_one_that_holds_more(answered, record):
    for name in (NAME, "table.csv"):
        save_receipt(name)
    save_receipt()
    answer("N3.2", "a")
    for name in (NAME, "table.csv"):
        save_receipt(name)  # the new one holds the old one's rows and one more
    assert saved(answered) == [NAME, "table.csv"]
    assert len(json.loads((answered / NAME).read_text())["rows"]) == 3
    save_receipt(written=True)
    assert saved(answered) == [NAME, "table.csv"]
    save_receipt()  # without the words: the one that is there holds more
    assert saved(answered) == ["mas-casebook-receipt-2.json", NAME, "table.csv"]
    spoilt = json.loads((answered / NAME).read_text())
    spoilt["rows"][0]["answer"] = "a"
    (answered / NAME).write_text(json.dumps(spoilt))  # somebody else's, by an answer
    save_receipt(written=True)
    assert json.loads((answered / NAME).read_text()) == spoilt


def test_a_link_is_neither_followed_nor_replaced(answered, tmp_path):
    (tmp_path / "target.json").write_text("mine")
    for name, target in (("dangling.json", "nowhere.json"), ("link.json", tmp_path / "target.json")):
        (answered / name).symlink_to(target)
        for replace in (False, True):
            save_receipt(name, replace=replace)
        assert (answered / name).is_symlink()
    assert (tmp_path / "target.json").read_text() == "mine" and not (answered / "nowhere.json").exists()
    assert saved(answered) == ["dangling-2.json", "dangling.json", "link-2.json", "link.json"]
    (answered / "link-2.json").write_text("mine too")
    save_receipt("link.json", replace=True)  # only what is named may be replaced
    assert (answered / "link-2.json").read_text() == "mine too" and (answered / "link-3.json").exists()


@pytest.mark.parametrize("name", ["thesis", "thesis.json", "*", "?"])
def test_other_peoples_files_stay(answered, name):
    for other in ("thesis-draft.tmp", "thesis.json-x.tmp"):
        (answered / other).write_text("ours")
        os.utime(answered / other, (0, 0))
    save_receipt(name)
    assert {"thesis-draft.tmp", "thesis.json-x.tmp"} <= set(saved(answered))


def test_what_a_killed_change_left_is_swept_beside_the_record_alone(record):
    left = [record.parent / f"{record.name}{end}" for end in ("abc.tmp", "new.tmp")]
    for file in left:
        file.write_text("")
    os.utime(left[0], (0, 0))
    record.with_name("answers-mine.tmp").write_text("")
    os.utime(record.with_name("answers-mine.tmp"), (0, 0))
    answer("N3.1", "b")
    assert [file.exists() for file in left] == [False, True] and record.with_name("answers-mine.tmp").exists()


def test_a_record_whose_name_has_brackets_sweeps_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("MAS_CASEBOOK_RECORD", str(tmp_path / "x[1].json"))
    for name in ("x[1].jsonabc.tmp", "x1.jsonabc.tmp"):
        (tmp_path / name).write_text("")
        os.utime(tmp_path / name, (0, 0))
    answer("N3.1", "b")
    assert saved(tmp_path) == ["x1.jsonabc.tmp", "x[1].json"]


@pytest.mark.skipif(os.name == "nt", reason="modes are those of POSIX")
def test_a_receipt_can_be_read_like_any_new_file_and_the_record_by_its_owner(answered, record):
    for mask, due in ((0o022, 0o644), (0o077, 0o600)):
        old = os.umask(mask)
        try:
            save_receipt(f"{mask}.json")
            assert os.umask(mask) == mask
        finally:
            os.umask(old)
        assert (answered / f"{mask}.json").stat().st_mode & 0o777 == due
    assert record.stat().st_mode & 0o777 == 0o600


def test_the_place_is_told_without_the_home_folder(answered, tmp_path):
    told = save_receipt(tmp_path / "elsewhere.json").text
    assert "Your receipt is …/elsewhere.json:" in told and str(tmp_path) not in told


@pytest.mark.parametrize(("name", "due"), [("r", "r.json"), ("class.v2", "class.v2.json"), ("a.CSV", "a.CSV")])
def test_every_receipt_has_an_ending_that_is_read(answered, name, due):
    save_receipt(name)
    assert saved(answered) == [due] and not read_receipts(answered).empty


ODD = [
    "a:b",
    "a?",
    "a*.json",
    "x|y",
    'q"',
    "<",
    "a\\b",
    "tab\t",
    "a\0b",
    "end.",
    "end ",
    "con",
    "NUL.json",
    "com1.t.json",
]


@pytest.mark.parametrize("name", ODD)
def test_a_name_that_windows_refuses_is_refused_here(answered, name):
    assert "cannot be named" in save_receipt(name).text
    assert saved(answered) == []


SHEETS = {  # each sheet of the new patient filled in: what is given
    "C9.1": dict.fromkeys(patient.RULERS, "met"),
    "V9.2": dict.fromkeys(patient.RULERS, "undetermined"),
    "U9.1": {"ferritin": "=685 ng/mL", "ast": "48 U/L", "age": "1.7 years"},
}


def test_sheets_of_the_capstone_are_on_the_receipt(answered, record):
    assert set(SHEETS) == set(patient.names())
    for name, filled in SHEETS.items():
        assert "Nothing was kept" not in patient.sheet(name, filled, "low").text
    assert "5 answers" in save_receipt("all.csv").text  # two questions and three sheets
    save_receipt("all.json")
    frame = read_receipts(answered)
    assert frame.attrs["skipped"] == [] and len(frame) == 2 * (2 + 5 + 5 + 3)
    rows = frame[frame["file"] == "all.csv"].set_index(["item", "field"])
    assert rows.loc[("U9.1", "ferritin"), "answer"] == "685 ng/mL"  # no spreadsheet takes it for a formula
    assert rows.loc[("C9.1", "hscore|verdict"), "answer"] == "met"
    assert set(rows.loc["C9.1", "notebook"]) == {"10"} and set(rows.loc["V9.2", "notebook"]) == {"11"}
    assert (rows.loc["C9.1", "confidence"] == "low").all() and (rows.loc["C9.1", "kind"] == "sheet").all()
    assert rows.loc[("N3.1", ""), "answer"] == "b"


def test_a_sheet_that_was_spoilt_is_left_out(answered, record):
    patient.sheet("C9.1", SHEETS["C9.1"])
    spoilt = json.loads(record.read_text())
    spoilt["forms"]["C9.1"]["fields"]["hscore|verdict"] = "Ada says met"
    record.write_text(json.dumps(spoilt))
    save_receipt()
    assert set(read_receipts(answered)["item"]) == {"N0.1", "N3.1"}


def test_written_rankings_keep_their_confidence_and_only_what_is_asked(answered, record):
    rank("D1.1", list(receipt.hypotheses())[:4], "high")
    spoilt = json.loads(record.read_text())
    spoilt["forms"]["W1.1"]["fields"]["diary"] = "Ada's"
    record.write_text(json.dumps(spoilt))
    save_receipt(written=True)
    rows = read_receipts(answered).set_index("item")
    assert list(rows.loc["D1.1", "confidence"]) == ["high"] * 4 and list(rows.loc["D1.1", "words"]) == list("1234")
    assert "diary" not in list(rows["field"])


ROWS = [  # spoilt rows: column, what stands in it
    ("answer", "d"), ("answer", ""), ("item", "Ada"), ("item", "W1.1"), ("item", "C9.1"), ("field", "x"),
    ("confidence", "sure"), ("when", "at night"), ("made", "=1+1"), ("version", "=HYPERLINK(1)"), ("kind", "@SUM(A1)"),
    ("notebook", "-2+3"), ("notebook", "\ud800"), ("words", "no words are due"), ("made", "at noon"),
    ("first_vote", "d"), ("first_vote", "=a"), ("first_vote", None), ("revision", "new"), ("revision", None),
]  # fmt: skip


@pytest.mark.parametrize(("column", "text"), ROWS)
def test_a_row_that_is_not_written_here_spoils_the_receipt(answered, column, text):
    save_receipt()
    whole = json.loads((answered / NAME).read_text())
    (whole if column in HEAD else whole["rows"][0])[column] = text
    (answered / NAME).write_text(json.dumps(whole))
    frame = read_receipts(answered)
    assert frame.empty and ("'Ada' is not asked here" in frame.attrs["skipped"][0]) == (text == "Ada")


def test_an_answer_twice_a_large_file_and_what_is_no_file_are_skipped(answered):
    save_receipt()
    whole = json.loads((answered / NAME).read_text())
    (answered / "twice.json").write_text(json.dumps(whole | {"rows": whole["rows"] * 2}))
    (answered / "large.json").write_text(json.dumps(whole) + " " * 2_000_000)
    (answered / "folder.json").mkdir()
    if not hasattr(os, "mkfifo"):
        pytest.skip("no pipes with names here")
    os.mkfifo(answered / "pipe.json")  # opening it would wait for ever
    frame = read_receipts(answered)
    assert set(frame["file"]) == {NAME} and len(frame.attrs["skipped"]) == 4


@pytest.mark.parametrize("path", ["", ".", "~"])
def test_a_folder_gets_the_usual_name(answered, monkeypatch, path):
    monkeypatch.setenv("HOME", str(answered))
    monkeypatch.setenv("USERPROFILE", str(answered))
    save_receipt(path)
    assert (answered / NAME).exists()


@pytest.mark.parametrize("path", ["no/such/folder/a.json", 7, "~nobodyatall/a.json"])
def test_a_place_that_cannot_be_is_told(answered, path):
    assert "could not be saved" in save_receipt(path).text
    assert list(answered.iterdir()) == []


def test_a_folder_that_is_read_only_stays_as_it_is(answered, monkeypatch):
    def shut(*_, **__):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr("tempfile.mkstemp", shut)
        assert "(Permission denied)" in save_receipt().text
    with monkeypatch.context() as patch:
        patch.setattr("os.replace", shut)  # as when it breaks off between writing and moving
        assert "(Permission denied)" in save_receipt().text
    assert list(answered.iterdir()) == []


def test_an_empty_record_makes_no_file(record, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "Nothing was saved" in save_receipt().text
    record.write_text("{broken")
    assert "damaged" in save_receipt().text
    assert not (tmp_path / NAME).exists()


def test_receipts_of_a_class_are_read_and_bad_files_named(answered, capsys):
    save_receipt("ann.json")
    save_receipt("bob.csv")
    (answered / "bob.csv").write_bytes(b"\xef\xbb\xbf" + (answered / "bob.csv").read_bytes())  # as a spreadsheet saves
    bad = {
        "a.json": "{", "b.json": "[1]", "c.csv": "x,y\n1,2\n", "d.json": '{"title": "another", "rows": [{}]}',
        "e.json": '{"title": "MAS Casebook receipt", "version": "1", "made": "", "rows": [7]}',
        "f.csv": "\0", "g.json": "[" * 100_000,
    }  # fmt: skip
    for name, text in bad.items():
        (answered / name).write_text(text)
    spoilt = json.loads((answered / "ann.json").read_text())
    spoilt["rows"][0]["answer"] = "d"
    (answered / "h.json").write_text(json.dumps(spoilt))
    (answered / "notes.txt").write_text("not asked for")
    frame = read_receipts(answered)
    assert list(frame.columns) == ["file", *ROW, "version", "made"]
    assert list(frame["file"]) == ["ann.json"] * 2 + ["bob.csv"] * 2
    ann, bob = (frame[frame["file"] == name].drop(columns=["file", "made"]).to_dict("records") for name in
                ("ann.json", "bob.csv"))  # fmt: skip
    assert ann == bob
    skipped = frame.attrs["skipped"]
    assert capsys.readouterr().out.splitlines() == skipped
    assert [line.split()[0] for line in skipped] == [*bad, "h.json"]
    assert all("was skipped, it is not a receipt: " in line for line in skipped)


def test_a_folder_without_receipts_gives_an_empty_table(tmp_path, capsys):
    for folder in (tmp_path, tmp_path / "nowhere", 7, "a\0b", "~nobodyatall"):
        frame = read_receipts(folder)
        assert frame.empty and "item" in frame
    told = capsys.readouterr().out
    assert "nowhere cannot be read (No such file" in told and told.count(" cannot be read (") == 4


def test_the_home_folder_can_be_named(answered, monkeypatch):
    monkeypatch.setenv("HOME", str(answered))
    save_receipt()
    assert len(read_receipts("~")) == 2


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(ASKED), ENTRY, min_size=1), st.sampled_from([".json", ".csv", ".CSV", ""]))
def test_what_was_answered_comes_back(record, answers, ending):
    record.write_text(json.dumps({"version": 1, "answers": answers, "forms": {}}))
    with tempfile.TemporaryDirectory() as folder:
        save_receipt(Path(folder) / f"r{ending}")
        frame = read_receipts(folder)
    back = {r["item"]: {"choice": r["answer"], "confidence": r["confidence"], "at": r["when"]} for r in
            frame.to_dict("records")}  # fmt: skip
    assert back == answers
    assert list(frame["item"]) == [name for name in ASKED if name in answers]
    assert isinstance(frame, pd.DataFrame) and set(frame["version"]) == {receipt.version()}


def test_the_button_saves_and_running_a_notebook_does_not(answered, record, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    offer = receipt.offer_receipt()
    assert list(tmp_path.glob("mas-casebook*")) == [] and "No receipt is saved yet." in offer._last.text
    offer.children[0].click()
    assert [p.name for p in tmp_path.glob("mas-casebook*")] == ["mas-casebook-receipt.json"]
    assert "mas-casebook-receipt.json" in offer._last.text


def test_both_votes_of_a_class_are_counted(answered, record):
    two_votes(True)
    for name, first, second in (("ann.json", "a", "b"), ("bob.csv", "c", "b"), ("cem.json", "b", "b")):
        record.write_text(json.dumps({"version": 1, "two_votes": True, "answers": {}}))
        answer("N3.2", first), answer("N3.2", second), answer("N3.3", "a")  # the last one still waits
        save_receipt(name)
    two_votes(False), answer("N3.1", "c")
    save_receipt("once.json")
    receipts = read_receipts(answered)
    assert receipts.attrs["skipped"] == [] and set(receipts["item"]) == {"N3.2", "N3.1"}
    assert list(receipts[receipts["item"] == "N3.2"]["first_vote"]) == ["a", "c", "b", "b"]
    counted = votes(receipts[receipts["file"] != "once.json"])
    assert counted.to_dict("index") == {
        ("N3.2", "a"): {"first": 1, "second": 0},
        ("N3.2", "b"): {"first": 1, "second": 3},
        ("N3.2", "c"): {"first": 1, "second": 0},
    }
    assert votes(receipts.iloc[:0]).empty
    receipts.loc[receipts["file"] == "bob.csv", "revision"] = "0" * 8  # he was asked an earlier form of it
    assert votes(receipts[receipts["file"] != "once.json"])["second"].sum() == 2


@pytest.mark.parametrize("old_row", OLD, ids=("before revisions", "before two votes"))
def test_older_receipts_are_read_and_renewed(answered, old_row):
    old = {"title": receipt.TITLE, "version": "0.1.0", "made": "2026-01-01T10:00:00"}
    save_receipt()
    save_receipt("table.csv")
    whole = json.loads((answered / NAME).read_text())
    rows = [{k: row[k] for k in old_row} for row in whole["rows"]]
    (answered / NAME).write_text(json.dumps({**old, "rows": rows}))
    frame = pd.read_csv(answered / "table.csv", dtype=str, keep_default_na=False)
    frame[[*old_row, *HEAD]].to_csv(answered / "table.csv", index=False)
    read = read_receipts(answered)
    assert len(read) == 4 and read.attrs["skipped"] == [] and set(read["first_vote"]) == {""} and votes(read).empty
    save_receipt()
    assert saved(answered) == [NAME, "table.csv"] and "first_vote" in (answered / NAME).read_text()
