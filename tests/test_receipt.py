"""The receipt: what is in it, what never is, and that no file is lost for it."""

import json
import tempfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from utils import receipt
from utils.forms import prompts, write
from utils.quiz import answer, items
from utils.receipt import NAME, ROW, read_receipts, save_receipt

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
    assert str(answered / NAME) in told and "2 answers" in told and "sent nowhere" in told
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


@pytest.mark.parametrize("path", ["", ".", "~"])
def test_a_folder_gets_the_usual_name(answered, monkeypatch, path):
    monkeypatch.setenv("HOME", str(answered))
    monkeypatch.setenv("USERPROFILE", str(answered))
    save_receipt(path)
    assert (answered / NAME).exists()


@pytest.mark.parametrize("path", ["no/such/folder/a.json", "a\0b.json", 7, "~nobodyatall/a.json"])
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
    for folder in (tmp_path, tmp_path / "nowhere"):
        frame = read_receipts(folder)
        assert frame.empty and "item" in frame
    assert "nowhere cannot be read (No such file" in capsys.readouterr().out


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(ASKED), ENTRY, min_size=1), st.sampled_from([".json", ".csv", ".CSV", ""]))
def test_what_was_answered_comes_back(record, answers, ending):
    record.write_text(json.dumps({"version": 1, "answers": answers, "forms": {}}))
    with tempfile.TemporaryDirectory() as folder:
        save_receipt(Path(folder) / f"r{ending}")
        if not ending:
            (Path(folder) / "r").rename(Path(folder) / "r.json")
        frame = read_receipts(folder)
    back = {r["item"]: {"choice": r["answer"], "confidence": r["confidence"], "at": r["when"]} for r in
            frame.to_dict("records")}  # fmt: skip
    assert back == answers
    assert list(frame["item"]) == [name for name in ASKED if name in answers]
    assert isinstance(frame, pd.DataFrame) and set(frame["version"]) == {receipt._version()}
