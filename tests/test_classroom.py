"""The teachers' files: each is what the command makes, says what its source says, and is read by another's reader."""

import json
import re
from copy import deepcopy

import pandas as pd
import pedigree_ga4gh
import pytest
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st
from phenopackets.schema.v2.phenopackets_pb2 import Phenopacket

from classroom import gift, phenopacket, review
from classroom.__main__ import FILES, HERE, build
from utils.case import load_case
from utils.forms import prompts
from utils.package import CASEDATA
from utils.quiz import items

CASE = load_case()
PACKET, LEFT = phenopacket.packet()


@pytest.mark.parametrize("name", FILES)
def test_what_is_committed_is_what_the_command_makes(tmp_path, name):
    build(tmp_path)
    assert (tmp_path / name).read_bytes() == (HERE / name).read_bytes(), "run: python lab.py classroom"


def test_a_changed_question_changes_bank_and_checklist(tmp_path, monkeypatch):
    changed = items.__wrapped__(CASEDATA)
    changed["N3.2"]["options"][1]["why"] += " And so on."
    for module in (gift, review):
        monkeypatch.setattr(module, "items", lambda: changed)
    build(tmp_path)
    differs = [name for name in FILES if (tmp_path / name).read_bytes() != (HERE / name).read_bytes()]
    assert differs == ["question_bank.gift", "clinical_review.md"]


# The question bank. The reader below follows the documentation of the format and what Moodle's importer does with
# it: marks are looked for only where no backslash stands before them.


def plain(text):
    """A part of a question as a learner sees it."""
    text = text.strip(" \t\n\r\0\x0b")
    named = re.match(r"\[(html|moodle|plain|markdown)\]", text)
    text = text[named.end() :] if named else text
    return re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], text, flags=re.S).strip(" \t\n\r\0\x0b")


def cut(text, mark):
    """Text at each unescaped mark."""
    found, at = [""], 0
    while at < len(text):
        step = 2 if text[at] == "\\" else 1
        if text.startswith(mark, at):
            found.append("")
            step = len(mark)
        else:
            found[-1] += text[at : at + step]
        at += step
    return found


def read_gift(text):
    """Questions of a GIFT file as a list of dict, and the comments that stand alone."""
    found, comments, category = [], [], ""
    for block in re.split(r"\n[ \t]*\n", text):
        lines = block.split("\n")
        notes = [line.strip() for line in lines if line.strip().startswith("//")]
        body = "\n".join(line for line in lines if not line.strip().startswith("//")).strip()
        if body.startswith("$CATEGORY:"):
            category = body.removeprefix("$CATEGORY:").strip()
        elif not body:
            comments += notes
        else:
            empty, name, body = cut(body, "::")
            stem, answers = cut(body, "{")
            answers, end = cut(answers, "}")
            assert empty == end == ""
            options, *general = cut(answers, "####")
            chosen = []
            for piece in cut(options.replace("\n\t=", "\n\t~="), "~")[1:]:
                weighted = re.match(r"%-?\d{1,2}\.?\d*%", piece)
                assert not weighted, "no question here has weights"
                answer, feedback = cut(piece.removeprefix("="), "#")
                chosen.append((piece.startswith("="), plain(answer), plain(feedback)))
            about = {"id": re.search(r"\[id:([^]]*)\]", notes[0])[1], "tags": re.findall(r"\[tag:([^]]*)\]", notes[0])}
            about |= {"category": category, "name": plain(name), "stem": plain(stem), "options": chosen}
            found.append({**about, "general": plain(general[0]) if general else ""})
    return found, comments


BANK, HEAD = read_gift((HERE / "question_bank.gift").read_text(encoding="utf-8"))


def test_every_question_with_a_best_answer_is_in_the_bank_once_and_whole():
    assert sorted(q["id"] for q in BANK) == sorted(k for k, i in items().items() if i.get("best"))
    for q in BANK:
        item = items()[q["id"]]
        assert q["stem"] == item["stem"].strip() and item["kind"] in q["tags"]
        assert [key for key, (right, _, _) in zip("abc", q["options"], strict=True) if right] == [item["best"]]
        for (_, text, feedback), option in zip(q["options"], item["options"], strict=True):
            assert text == option["text"].strip() and feedback.startswith(option["why"].strip())
            assert all(address in feedback for address in option["rests_on"])
        assert all(words.strip() in q["general"] for words in item.get("voices", {}).values())
        assert "later" not in item.get("voices", {}) or f"guidance says ({item['later_date']})" in q["general"]
        assert bool(q["general"]) == bool(item.get("voices"))
        assert q["category"].startswith(f"MAS Casebook/{item['notebook']} ")
        assert ("pretest" in q["name"]) == (item["kind"] == "pretest")


def test_head_of_the_bank_names_what_is_left_out():
    left = [k for k, i in items().items() if not i.get("best")]
    assert left and set(re.findall(r"\b[A-Z]\d\.\d\b", HEAD[-1])) == set(left)
    assert "Not for clinical use" in " ".join(HEAD) and "CC BY" in " ".join(HEAD)


NASTY = ["[html]x", "%50%half", "//no comment", "#### x", "a\\", "\\n", "::name::", "a\r\nb", "$CATEGORY: x"]
MARKS = st.text(st.sampled_from("~=#{}:\\\n\r\t %[]/n->a$&0;é∼"), min_size=1)
TEXT = (MARKS | st.text(min_size=1) | st.sampled_from(NASTY)).filter(lambda text: text.strip(" \t\n\r\0\x0b"))


def as_shown(text):
    return "\n".join(text.strip(" \t\n\r\0\x0b").splitlines()).strip(" \t\n\r\0\x0b")


@given(st.lists(TEXT, min_size=8, max_size=8), st.sampled_from("abc"))
def test_any_text_comes_back_from_the_bank(texts, best):
    stem, voice, *rest = texts
    options = [
        {"key": k, "text": t, "why": w, "rests_on": ["F01"]} for k, t, w in zip("abc", rest, rest[3:], strict=False)
    ]
    item = {"id": "N9.9", "notebook": "09", "kind": "decision", "stem": stem, "options": options, "best": best}
    [back], _ = read_gift(gift.question({**item, "voices": {"authors": voice}}))
    assert back["stem"] == as_shown(stem)
    assert [o[1] for o in back["options"]] == [as_shown(o["text"]) for o in options]
    assert [o[0] for o in back["options"]] == [o["key"] == best for o in options]
    assert back["general"] == as_shown("What the authors did or said: " + voice)
    for (_, _, feedback), option in zip(back["options"], options, strict=True):
        assert feedback == as_shown(option["why"] + " (Rests on F01.)")


def test_without_escapes_the_bank_would_not_come_back(monkeypatch):
    monkeypatch.setattr(gift, "escape", str)
    item = deepcopy(items()["N3.2"]) | {"stem": "a {brace} = trouble"}
    with pytest.raises(ValueError):
        read_gift(gift.question(item))


# The phenopacket


def message(packet):
    return json_format.ParseDict(packet, Phenopacket())


def coded(packet):
    """Every code of a packet, as (id, label)."""
    if isinstance(packet, dict):
        if set(packet) == {"id", "label"}:
            yield packet["id"], packet["label"]
        for inner in packet.values():
            yield from coded(inner)
    elif isinstance(packet, list):
        for inner in packet:
            yield from coded(inner)


def test_packet_is_read_by_the_schemas_own_library_and_comes_back():
    text = (HERE / "case.phenopacket.json").read_text(encoding="utf-8")
    read = json_format.Parse(text, Phenopacket())
    assert json_format.MessageToDict(read) == json.loads(text) == PACKET
    assert Phenopacket.FromString(read.SerializeToString()) == read


@pytest.mark.parametrize(
    "spoil",
    [
        lambda p: p["subject"].update(sex="BOY"),
        lambda p: p["subject"].update(hospital="none"),
        lambda p: p["phenotypicFeatures"][0].update(excluded="perhaps"),
        lambda p: p["metaData"].update(created="last year"),
        lambda p: p["measurements"][0]["value"]["quantity"].update(value="high"),
        lambda p: p["phenotypicFeatures"][0]["onset"].update(age={"iso8601duration": "P2Y"}),  # two times at once
    ],
)
def test_a_wrong_packet_is_refused(spoil):
    packet = deepcopy(PACKET)
    spoil(packet)
    with pytest.raises(json_format.ParseError):
        message(packet)


def complaints(packet):
    return [f.message for f in pedigree_ga4gh.validate(packet, kind="phenopacket")]


def test_strict_check_misses_nothing_but_dates_that_are_not_printed():
    doses = [a for a in PACKET["medicalActions"] if "doseIntervals" in a["treatment"]]
    assert set(complaints(PACKET)) == {"DoseInterval is missing 'interval', which is required"}
    assert len(complaints(PACKET)) == len(doses)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda p: p["metaData"]["resources"].pop(0),
        lambda p: p["metaData"].pop("createdBy"),
        lambda p: p["phenotypicFeatures"][3].pop("type"),
        lambda p: p["phenotypicFeatures"][3]["type"].update(id="rash"),
    ],
)
def test_strict_check_can_fail(spoil):
    packet = deepcopy(PACKET)
    spoil(packet)
    assert len(complaints(packet)) > len(complaints(PACKET))


def test_nothing_that_is_not_reported_is_in_the_packet():
    text = json.dumps(PACKET)
    assert not re.search(r"\bU\d\d\b", text)
    seen = CASE.as_of("follow_up")
    for table, key, code in (("findings", "phenotypicFeatures", "type"), ("observations", "measurements", "assay")):
        rows = seen.tables[table]
        told = rows[rows["status"] == "reported"]
        for entry in PACKET[key]:
            facts = set(re.findall(r"\b[FP]\d\d\b", entry["description"]))
            column = told["hpo" if key == "phenotypicFeatures" else "loinc"]
            assert facts & set(told["fact"][column == entry[code]["id"].removeprefix("LOINC:")]), entry


def test_a_case_that_reports_nothing_gives_no_feature_and_no_measurement():
    silent = load_case()
    for name in ("findings", "observations", "treatments"):
        silent.tables[name]["status"] = "not_reported"
    bare, left = phenopacket.packet(silent)
    assert bare["phenotypicFeatures"] == bare["measurements"] == bare["medicalActions"] == left == []


def test_excluded_stands_only_where_the_article_denies():
    findings = CASE.findings
    denied = findings[(findings["state"] == "absent") & (findings["status"] == "reported")]
    excluded = [f for f in PACKET["phenotypicFeatures"] if f.get("excluded")]
    assert [f["type"]["id"] for f in excluded] == ["HP:0001369"]  # "No arthritis was detected", and nothing else
    for feature in excluded:
        row = denied[denied["hpo"] == feature["type"]["id"]].iloc[0]
        assert row["as_printed"] in feature["description"] and row["fact"] in feature["description"]
        assert "onset" not in feature
    assert not any("excluded" in d for d in PACKET["diseases"])


def test_what_has_gone_is_resolved_and_not_denied():
    gone = {
        f["type"]["id"]: f["resolution"]["ontologyClass"]["id"]
        for f in PACKET["phenotypicFeatures"]
        if "resolution" in f
    }
    assert gone == {"HP:0006530": "casebook:recovery", "HP:0032177": "casebook:recovery"}  # the two films (P04)


def test_every_code_is_verified_and_labelled_as_in_the_table():
    table = CASE.codes[CASE.codes["status"] == "verified"].set_index("code")["label"]
    seen = set()
    for code, label in coded(PACKET):
        prefix, _, name = code.partition(":")
        seen.add(prefix)
        if prefix in ("HP", "MONDO"):
            assert table[code] == label
        elif prefix in ("LOINC", "ATC"):
            assert table[name] == label
        else:
            assert prefix in ("UCUM", "casebook") or (code, label) == ("GENO:0000135", "heterozygous")
    assert seen == {r["namespacePrefix"] for r in PACKET["metaData"]["resources"]} - {"HGNC"}
    pinned = {r["namespacePrefix"]: r["version"] for r in PACKET["metaData"]["resources"]}
    releases = CASE.codes.groupby("system")["release"].first()
    assert all(pinned["HP" if s == "HPO" else s] == r for s, r in releases.items() if s != "ORPHA")


def test_a_code_that_is_not_verified_is_left_out():
    doubtful = load_case()
    doubtful.tables["codes"].loc[doubtful.codes["code"] == "HP:0001945", "status"] = "R"
    less, left = phenopacket.packet(doubtful)
    assert "HP:0001945" in json.dumps(PACKET) and "HP:0001945" not in json.dumps(less)
    assert sorted(set(left) - set(LEFT)) == ["F02 fever: no code", "F20 fever: no code", "F51 fever: no code"]


def test_values_and_doses_are_those_that_are_printed():
    seen = CASE.as_of("follow_up")
    values = [(m["assay"]["id"], m["value"]["quantity"]) for m in PACKET["measurements"]]
    values = [(code, q["value"], q["unit"]["id"]) for code, q in values if code in ("LOINC:2276-4", "LOINC:777-3")]
    # "ferritin 1,259 ug/L", "PLT 44,000/mm3", "ferritin 2,200 ug/L"
    ferritin = [("LOINC:2276-4", x, "UCUM:ug/L") for x in (1259, 2200)]
    assert sorted(values) == sorted([*ferritin, ("LOINC:777-3", 44000, "UCUM:/mm3")])
    doses = []
    for treatment in (action["treatment"] for action in PACKET["medicalActions"]):
        for dose in treatment.get("doseIntervals", []):
            amount = (dose["quantity"]["value"], dose["quantity"]["unit"]["id"])
            doses.append((treatment["agent"]["label"], *amount, dose["scheduleFrequency"]["label"]))
    assert ("anakinra", 2, "UCUM:mg/kg", "every 6 hours") in doses  # "2 mg/Kg q6h"
    assert ("canakinumab", 4, "UCUM:mg/kg", "every 4 weeks") in doses  # "4 mg/Kg q4wk"
    amounts = [dose[:3] for dose in doses]
    assert ("anakinra", 2, "UCUM:mg/kg/d") in amounts  # "subcutaneous ANA (2 mg/Kg/day)"
    assert ("methylprednisolone", 30, "UCUM:mg/kg/d") in amounts  # "30 mg/Kg/day"
    assert all("not printed" in often for _, _, unit, often in doses if unit == "UCUM:mg/kg/d")
    given_doses = seen.treatments.query("status == 'reported' and atc != '' and dose.notna()")
    assert len(doses) == len(given_doses)


def test_no_date_no_name_and_no_place_is_in_the_packet():
    dates = re.findall(r"\d{4}-\d\d-\d\dT", json.dumps(PACKET))
    assert dates == ["2026-08-01T"] == [PACKET["metaData"]["created"][:11]]  # the newest release in codes.csv
    assert PACKET["subject"] == {"id": "mas-casebook-case", "sex": "MALE"}
    assert json.dumps(PACKET).count("iso8601duration") == 2
    assert PACKET["diseases"][0]["onset"]["ageRange"]["start"]["iso8601duration"] == "P1Y11M"  # two years less a month


def test_every_reported_row_is_in_the_packet_or_named_as_left_out():
    seen, text = CASE.as_of("follow_up"), json.dumps(PACKET, ensure_ascii=False)
    labels = seen.variables.set_index("variable")["label"]
    for name in ("findings", "observations"):
        for row in seen.tables[name].query("status == 'reported'").to_dict("records"):
            label = labels[row["variable"]]
            named = any(line.startswith(f"{row['fact']} {label}: ") for line in LEFT)
            assert named or f"{label}: “" in text or row["variable"] in phenopacket.ELSEWHERE, row
    listed = len(PACKET["medicalActions"]) + sum(any(line.startswith(f"{r['fact']} {r['label']}: ") for line in LEFT)
        for r in seen.treatments.to_dict("records") if r["status"] == "reported")  # fmt: skip
    assert listed == len(seen.treatments.query("status == 'reported'"))


# The checklist


TEXTED = (HERE / "clinical_review.md").read_text(encoding="utf-8")
LINES = TEXTED.splitlines()


def tagged(tables):
    """The addresses of all rows that carry a tag or a source, and of the claims."""
    for name, table in tables.items():
        if {"tag", "source"} & set(table) or name == "claims":
            yield from (f"{name}:{line}" for line in range(2, len(table) + 2))


def rows_of(text):
    return re.findall(r"^\| ([a-z_]+:\d+) \|", text, re.MULTILINE)


def test_every_item_prompt_and_tagged_row_is_listed_exactly_once():
    headed = re.findall(r"^#### (\S+) \(", TEXTED, re.MULTILINE)
    assert sorted(headed) == sorted([*items(), *prompts()])
    rows = rows_of(TEXTED)
    readings = [f"{name}:{line + 2}" for name, table in CASE.tables.items() if "note" in table and "tag" not in table
                for line in table.index[table["note"].str.startswith("reading:")]]  # fmt: skip
    assert readings and sorted(rows) == sorted({*tagged(CASE.tables), *readings})
    assert TEXTED.count("☐ agree ☐ change ☐ comment") == len(headed)


def test_a_new_table_gets_in_by_itself_with_its_own_tag():
    made_up = pd.DataFrame({"what": ["one", "two | three"], "source": ["x", ""], "tag": ["R", "guess"]})
    text = review.text({**CASE.tables, "made_up": made_up})
    assert set(rows_of(text)) - set(rows_of(TEXTED)) == {"made_up:2", "made_up:3"}
    assert "| made_up:3 | what: two \\| three |  | guess | ☐ | ☐ |  |" in text
    assert "| made_up | 2 |" in text and "| guess |" in text.split("## Counts")[1].splitlines()[2]


def test_counts_at_the_top_are_those_of_the_rows():
    table = {
        c[0]: c for c in ([x.strip() for x in line.strip("|").split("|")] for line in LINES if line.startswith("| "))
    }
    head = table["Section"]
    recalled = sum((t["tag"] == "R").sum() for t in CASE.tables.values() if "tag" in t)
    keys = table["Answer keys (by the weakest tag behind each)"]
    at = head.index("R")
    assert int(keys[1]) == len(items())
    assert int(table["All"][at]) - int(keys[at]) == recalled > 0
    assert int(table["Differential board"][head.index("ours")]) == (CASE.board["tag"] == "ours").sum()


def test_a_key_says_what_it_rests_on_and_where_that_is_weak():
    blocks = dict(re.findall(r"^#### (\S+) \([^\n]*\n(.*?)(?=^#{2,4} )", TEXTED, re.MULTILINE | re.DOTALL))
    for name, item in items().items():
        basis = blocks[name].split("rests on (tags")[1]
        used = [a for o in item["options"] if item.get("best") in (None, o["key"]) for a in o["rests_on"]]
        assert all(re.search(rf"^- {a}\b", basis, re.MULTILINE) for a in used), name
        told = re.sub(r"\\(.)", r"\1", blocks[name])
        assert all(" ".join(str(words).split()) in told for o in item["options"] for words in (o["text"], o["why"]))
        assert (f" {item['best']}) **KEY**" if item.get("best") else "No key: for talking about") in f" {told}", name
    assert "- F29 ferritin: “ferritin 2,200 ug/L” (Case report, laboratory and course: admission laboratory)" in TEXTED
    weak = [name for name, block in blocks.items() if "**R: recalled" in block]
    # kineretlabel, ravelli2005 and minoia2017 are cited by rows tagged R.
    cites = {"kineretlabel", "ravelli2005", "minoia2017"}
    due = [name for name, i in items().items() for o in i["options"]
           if o["key"] == i.get("best") and cites & set(o["rests_on"])]  # fmt: skip
    assert set(weak) >= set(due) and due


def test_an_address_outside_the_article_is_told_and_not_a_fault():
    listed = review._Checklist(CASE.tables, {})
    assert listed.basis("T99") == (["T99: not of the article"], {"ours"})
    assert listed.basis("F29")[1] == {"P"} and "ours" in listed.basis("F06")[1]  # neutrophilia is a reading


def test_checklist_can_be_signed_and_its_contents_lead_somewhere():
    assert all(
        f"| {role} |" in TEXTED for role in ("Paediatric rheumatologist", "Paediatric intensivist", "Pharmacist")
    )
    links = re.findall(r"^- \[[^]]*\]\(#([^)]*)\)", TEXTED, re.MULTILINE)
    heads = [
        re.sub(r"[^a-z0-9 -]", "", h.lower()).replace(" ", "-") for h in re.findall(r"^## (.*)", TEXTED, re.MULTILINE)
    ]
    assert len(links) == 8 and set(links) <= set(heads)
    assert not re.search(r"\bnan\b|: None\b|<NA>", TEXTED)


def test_readme_names_every_file():
    text = (HERE / "README.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in text for name in FILES)
