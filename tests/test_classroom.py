"""The teachers' files: each is what the command makes, says what its source says, and is read by another's reader."""

import io
import json
import os
import re
import subprocess
import sys
import zipfile
from hashlib import sha256
from xml.etree import ElementTree

import pandas as pd
import pedigree_ga4gh
import pytest
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st
from phenopackets.schema.v2.phenopackets_pb2 import Phenopacket

from classroom import gift, phenopacket, qti, review
from classroom.__main__ import FILES, HERE, build
from classroom.kit.deck import find_library
from tests.step_by_step import REFERENCE
from utils.case import load_case, references
from utils.chapters import patient
from utils.quiz import items, prompts
from utils.tables import CASEDATA

CASE = load_case()
PACKET, LEFT = phenopacket.packet()


def test_what_is_committed_is_what_the_command_makes_and_a_changed_question_changes_it(tmp_path, monkeypatch):
    changed, more = items.__wrapped__(CASEDATA), " And so on."
    changed["N3.2"]["options"][1]["why"] = changed["N3.2"]["options"][1]["why"].rstrip() + more
    for module in (gift, review):
        monkeypatch.setattr(module, "items", lambda: changed)
    build(tmp_path)
    made = {name: (tmp_path / name).read_bytes() for name in FILES}
    assert [name for name in FILES if more.encode() in made[name]] == ["question_bank.gift", "clinical_review.md"]
    stale = [name for name in FILES if made[name].replace(more.encode(), b"") != (HERE / name).read_bytes()]
    assert stale == [], "run: python lab.py classroom"
    assert all(f"`{name}`" in (HERE / "README.md").read_text(encoding="utf-8") for name in FILES)


# ---- the question bank: the reader follows the documentation of the format and what the importer of Moodle does -----
BLANK = " \t\n\r\0\x0b"


def read_part(text, form="moodle"):
    """A part of a question as a learner sees it, and its format: the one named, or what is usual there."""
    named = re.match(r"\[(html|moodle|plain|markdown)\]", text := text.strip(BLANK))
    text, form = (text[named.end() :], named[1]) if named else (text, form)
    return re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], text, flags=re.S).strip(BLANK), form


def cut(text, mark):
    """Text at each mark before which no backslash stands."""
    parts = re.split(rf"(\\.|{re.escape(mark)})", text, flags=re.S)
    return "".join("\0\0" if part == mark else part for part in parts).split("\0\0")


def read_gift(text):
    """Questions and descriptions of a GIFT file as a list of dict, and the comments that stand alone."""
    found, comments, category = [], [], ""
    for block in re.split(r"\n[ \t]*\n", text):
        notes = re.findall(r"(?m)^\s*(//.*?)\s*$", block)
        body = re.sub(r"(?m)^\s*//.*\n?", "", block).strip()
        if body.startswith("$CATEGORY:"):
            category = body.removeprefix("$CATEGORY:").strip()
        elif body:
            found.append({"category": category, **read_question(body, notes)})
        else:
            comments += notes
    return found, comments


def read_question(body, notes):
    empty, name, body = cut(body, "::")
    stem, *answers = cut(body, "{")
    stem, form = read_part(stem)
    about = {"name": read_part(name)[0], "stem": stem, "forms": {form}}
    assert empty == "" and len(answers) <= 1
    if not answers:
        return about
    answers, end = cut(answers[0], "}")
    options, *general = cut(answers, "####")
    chosen, parts = [], [read_part(g, form) for g in general]
    about["general"] = parts[0][0] if parts else ""
    for piece in cut(options.replace("\n\t=", "\n\t~="), "~")[1:]:
        assert end == "" and not re.match(r"%-?\d{1,2}\.?\d*%", piece), "no question here has weights"
        parts += (both := [read_part(p, form) for p in cut(piece.removeprefix("="), "#")])
        chosen.append((piece.startswith("="), *(text for text, _ in both)))
    about |= {"id": re.search(r"\[id:([^]]*)\]", notes[0])[1], "tags": re.findall(r"\[tag:([^]]*)\]", notes[0])}
    return about | {"options": chosen, "forms": {form, *(form for _, form in parts)}}


(ABOUT, *BANK), HEAD = read_gift((HERE / "question_bank.gift").read_text(encoding="utf-8"))


def test_every_question_with_a_best_answer_is_in_the_bank_once_and_whole():
    assert sorted(q["id"] for q in BANK) == sorted(k for k, i in items().items() if i.get("best"))
    for q in BANK:
        item = items()[q["id"]]
        voices = item.get("voices", {})
        assert q["stem"] == item["stem"].strip() and q["forms"] == {"plain"}
        assert sorted(q["tags"]) == sorted([item["kind"], f"notebook {item['notebook']}"])
        assert [key for key, (right, _, _) in zip("abc", q["options"], strict=True) if right] == [item["best"]]
        for (_, text, feedback), option in zip(q["options"], item["options"], strict=True):
            assert text == option["text"].strip() and feedback.startswith(option["why"].strip())
            assert all(address in feedback for address in option["rests_on"])
        assert all(words.strip() in q["general"] for words in voices.values()) and bool(q["general"]) == bool(voices)
        assert "later" not in voices or f"guidance says ({item['later_date']})" in q["general"]
        assert q["category"].startswith(f"MAS Casebook/{item['notebook']} ")
        assert ("pretest" in q["name"]) == (item["kind"] == "pretest")


def test_an_import_and_the_head_say_what_the_collection_is_whose_the_case_is_and_what_is_left_out():
    assert ABOUT["category"] == "MAS Casebook" and ABOUT["forms"] == {"plain"} and "options" not in ABOUT
    for text in (ABOUT["stem"], " ".join(HEAD)):
        assert all(x in text for x in ("Not for clinical use", "10.3389/fped.2020.635080, CC BY", "Meneghel")), text
    assert set(re.findall(r"\b[A-Z]\d\.\d\b", HEAD[-1])) == {k for k, i in items().items() if not i.get("best")}


READ = """import sys; from pygiftparser import parser
for q in parser.parseFile(sys.stdin):
    answers = getattr(q.answers, "answers", [])
    print(q.title.split()[0], *(letter for letter, a in zip("abc", answers) if q.valid and a.fraction == 100))"""


def test_somebody_elses_reader_finds_each_question_and_its_key_in_the_bank():
    if not REFERENCE.exists():
        pytest.skip("needs pygiftparser in .venv/reference: python lab.py test puts it there")
    keys = {f"{name} {item['best']}" for name, item in items().items() if item.get("best")}
    bank, env = (HERE / "question_bank.gift").read_text(encoding="utf-8"), {**os.environ, "PYTHONPATH": str(REFERENCE)}
    run = [sys.executable, "-X", "utf8", "-W", "ignore", "-c", READ]
    for text, whole in ((bank, True), (bank.replace("\n\t=", "\n\t~", 1), False)):
        done = subprocess.run(run, input=text, env=env, capture_output=True, encoding="utf-8")
        assert (keys <= {*done.stdout.splitlines()}) == whole, done.stdout + done.stderr


NASTY = ["[html]x", "%50%half", "//no comment", "#### x", "a\\", "\\n", "::name::", "a\r\nb", "$CATEGORY: x", "a\n\nb",
         "a\n//b"]  # fmt: skip
MARKS = st.text(st.sampled_from("~=#{}:\\\n\r\t %[]/n->a$&0;é∼"), min_size=1)
TEXT = (MARKS | st.text(min_size=1) | st.sampled_from(NASTY)).filter(lambda text: text.strip(BLANK))


def as_shown(text):
    return "\n".join(text.strip(BLANK).splitlines()).strip(BLANK)


@given(st.lists(TEXT, min_size=8, max_size=8), st.sampled_from("abc"))
def test_any_text_comes_back_from_the_bank(texts, best):
    stem, voice, *rest = texts
    parts = zip("abc", rest, rest[3:], strict=False)
    options = [{"key": k, "text": t, "why": w, "rests_on": ["F01"]} for k, t, w in parts]
    item = {"id": "N9.9", "notebook": "09", "kind": "decision", "stem": stem, "options": options, "best": best}
    [back], _ = read_gift(gift.question({**item, "voices": {"authors": voice}}))
    assert back["stem"] == as_shown(stem) and back["forms"] == {"plain"}
    expected = [(o["key"] == best, as_shown(o["text"]), as_shown(o["why"] + " (Rests on F01.)")) for o in options]
    assert back["options"] == expected and back["general"] == as_shown("What the authors did or said: " + voice)


def test_without_escapes_the_bank_would_not_come_back(monkeypatch):
    monkeypatch.setattr(gift, "escape", str)
    with pytest.raises((ValueError, AssertionError)):
        read_gift(gift.question(items()["N3.2"] | {"stem": "a {brace} = trouble"}))


# ---- the same as QTI ------------------------------------------------------------------------------------------------
def read_qti(file):
    """Files of a QTI package by name, parsed, and how its elements are called."""
    with zipfile.ZipFile(io.BytesIO(file)) as packed:
        return {name: ElementTree.fromstring(packed.read(name)) for name in packed.namelist()}


def local(root, name):
    """The elements of a name below another, whatever their space."""
    return [e for e in root.iter() if e.tag.rpartition("}")[2] == name]


def test_every_question_of_the_bank_is_in_the_qti_package_once_and_whole_and_two_runs_agree():
    files = read_qti(qti.package())
    assert qti.package() == qti.package()
    manifest, whole = files.pop("imsmanifest.xml"), files.pop("test.xml")
    named = {e.get("href") for e in local(manifest, "file")}
    assert named == {*files, "test.xml"} and [e.get("href") for e in local(whole, "assessmentItemRef")] == [*files]
    assert len(files) == len(BANK)
    for q in BANK:
        root, item = files[f"items/{q['id']}.xml"], items()[q["id"]]
        assert [e.text for e in local(local(root, "correctResponse")[0], "value")] == [item["best"]]
        assert local(root, "prompt")[0].text == item["stem"] and ("pretest" in root.get("title")) == (
            "pretest" in q["name"]
        )
        chosen = {e.get("identifier"): e.text for e in local(root, "simpleChoice")}
        assert chosen == {o["key"]: o["text"] for o in item["options"]}
        said = {e.get("identifier"): " ".join(p.text for p in local(e, "p")) for e in local(root, "modalFeedback")}
        for o in item["options"]:
            assert o["why"] in said[o["key"]] and all(address in said[o["key"]] for address in o["rests_on"])
            assert all(words in said[o["key"]] for words in item.get("voices", {}).values())


@given(st.lists(TEXT.filter(lambda text: not re.search("[^\t\n -\ud7ff]", text)), min_size=7, max_size=7))
def test_any_text_comes_back_from_the_qti_package(texts):
    stem, *rest = texts
    options = [
        {"key": k, "text": t, "why": w, "rests_on": []} for k, t, w in zip("abc", rest[:3], rest[3:], strict=True)
    ]
    item = {"id": "N9.9", "notebook": "09", "kind": "decision", "stem": stem, "options": options, "best": "b"}
    root = ElementTree.fromstring(qti.item(item))
    assert [e.text for e in (*local(root, "prompt"), *local(root, "simpleChoice"))] == [stem, *rest[:3]]


def test_the_qti_package_is_valid_by_the_schemas_of_its_makers(request):
    """With --qti-schema, a folder with qtiv2p1/imsqti_v2p1.xsd and imscp_v1p1.xsd; they are not ours to give."""
    if not (folder := request.config.getoption("--qti-schema")):
        pytest.skip("needs --qti-schema FOLDER")
    find_library()  # it brings lxml
    from lxml import etree

    files = {"imsmanifest.xml": "imscp_v1p1.xsd", "test.xml": "qtiv2p1/imsqti_v2p1.xsd"}
    schemas = {name: etree.XMLSchema(etree.parse(os.path.join(folder, name))) for name in {*files.values()}}
    with zipfile.ZipFile(io.BytesIO(qti.package())) as packed:
        for name in packed.namelist():
            schema, text = schemas[files.get(name, files["test.xml"])], packed.read(name)
            assert schema.validate(etree.fromstring(text)), (name, schema.error_log)
            assert not schema.validate(etree.fromstring(text.replace(b" identifier=", b" name=", 1))), name


# ---- the phenopacket ------------------------------------------------------------------------------------------------
def test_packet_is_read_by_the_schemas_own_library_and_the_strict_check_misses_only_dates_that_are_not_printed():
    [cited] = PACKET["metaData"]["externalReferences"]
    title = "Case Report: Life-Threatening Macrophage Activation Syndrome With Fulminant Myocarditis"
    assert all(w in cited["description"] for w in (title, "Meneghel", "CC BY", "Changes: ", "Not for clinical use"))
    text = (HERE / "case.phenopacket.json").read_text(encoding="utf-8")
    read = json_format.Parse(text, Phenopacket())
    assert json_format.MessageToDict(read) == json.loads(text) == PACKET
    assert Phenopacket.FromString(read.SerializeToString()) == read
    doses = [a for a in PACKET["medicalActions"] if "doseIntervals" in a["treatment"]]
    found = [fault.message for fault in pedigree_ga4gh.validate(PACKET, kind="phenopacket")]
    assert found == ["DoseInterval is missing 'interval', which is required"] * len(doses) and len(doses) > 10


def test_nothing_that_is_not_reported_and_no_date_is_in_the_packet():
    text = json.dumps(PACKET)
    assert not re.search(r"\bU\d\d\b", text) and text.count("iso8601duration") == 2
    assert PACKET["subject"] == {"id": "mas-casebook-case", "sex": "MALE"}
    # One date, set by hand, and so the same at each run.
    assert re.findall(r"\d{4}-\d\d-\d\dT", text) == [PACKET["metaData"]["created"][:11]]


# What the article prints, read from it by hand, by the moment by which it was known, which is never an onset.
DAILY = "an amount a day; into how many doses it was divided is not printed"
FEATURES = [  # code, moment, printed words, and those of its end; the last two are denied, or tell no moment
    ("0001945", "regional-hospital", "1 month history of fever"), ("0001945", "follow-up", "he relapsed with fever"),
    ("0001744", "admission", "mild hepato-splenomegaly"), ("0012819", "picu", "consistent with acute myocarditis"),
    ("0006530", "ecmo", "Severe bilateral interstitial thickening", "Complete resolution of the pattern"),
    ("0032177", "ecmo", "right perihilar consolidation", "Complete resolution of the pattern"),
    ("0001875", "recovery", "severe neutropenia (PMNs 0–100", "neutropenia gradually resolved"),
    ("0002615", "ecmo", "acute hypotension"),
    ("0001369", None, "No arthritis was detected"), ("0031275", None, "distributive and cardiogenic shock"),
]  # fmt: skip
MEASURED = [  # code, moment, value, unit
    ("6690-2", "regional-hospital", 25990, "/mm3"), ("2276-4", "admission", 2200, "ug/L"),
    ("14927-8", "admission", 2.86, "mmol/L"), ("8480-6", "picu", 85, "mm[Hg]"), ("8867-4", "picu", 160, "/min"),
]  # fmt: skip
DRUGS = [  # code, route, dose, unit, how often, number of the time point, printed words
    ("H02AB07", "oral", 1, "mg/kg/d", DAILY, 1, "oral prednisone (1 mg/kg/day)"),
    ("L04AD01", "oral", 2, "mg/kg/d", DAILY, 2, "oral Cyclosporin A (CSA, 2 mg/Kg/day)"),
    ("L04AC03", "subcutaneous", 2, "mg/kg/d", DAILY, 3, "subcutaneous ANA (2 mg/Kg/day)"),
    ("L04AC03", "intravenous", 2, "mg/kg", "every 6 hours", 4, "HDIV-ANA, 2 mg/Kg q6h"),
    ("L04AC08", None, 4, "mg/kg", "every 4 weeks", 6, "Canakinumab”, “4 mg/Kg q4wk"),
    ("L04AC08", None, 4, "mg/kg", "every 6 weeks", 6, "Canakinumab 4 mg/Kg q6wk"),
]


def moment(found):
    """The time point of an entry, or None."""
    if found:
        assert found["ontologyClass"]["label"].startswith("known by time point ")
        return found["ontologyClass"]["id"].removeprefix("casebook:known-by-")


def test_features_and_measurements_are_those_that_the_article_prints():
    features, measured = PACKET["phenotypicFeatures"], PACKET["measurements"]
    assert (len(features), len(measured)) == (30, 20)
    for code, when, words, *end in FEATURES:
        [feature] = [f for f in features if (f["type"]["id"], moment(f.get("onset"))) == (f"HP:{code}", when)]
        first, *later = feature["description"].split(" Later: ")
        assert f"“{words}" in first and ("excluded" in feature) == words.startswith("No ")
        assert [e in words for e, words in zip(end, later, strict=True)] == [True] * len(end)
        assert moment(feature.get("resolution")) == ("recovery" if end else None)
    for code, when, value, unit in MEASURED:
        found = [m for m in measured if (m["assay"]["id"], moment(m["timeObserved"])) == (f"LOINC:{code}", when)]
        [quantity] = [m["value"]["quantity"] for m in found]
        assert (quantity["value"], quantity["unit"]["id"]) == (value, f"UCUM:{unit}")
    rows = CASE.observations.set_index(["fact", "loinc"])
    for entry in measured:
        row = rows.loc[re.search(r"; (F\d\d)\)", entry["description"])[1], entry["assay"]["id"].removeprefix("LOINC:")]
        assert entry["value"]["quantity"]["value"] == row["value"] and f"“{row['as_printed']}”" in entry["description"]


def test_drugs_are_those_that_the_article_prints_and_each_course_can_be_told_from_the_others():
    given = [action["treatment"] for action in PACKET["medicalActions"]]
    assert len(given) == 15
    [undosed] = [t for t in given if "doseIntervals" not in t]  # "IV teicoplanin was started", and no dose
    assert undosed["agent"]["id"] == "ATC:J01XA02" and undosed["routeOfAdministration"]["label"] == "intravenous"
    courses = {i["scheduleFrequency"]["id"]: (t, i) for t in given for i in t.get("doseIntervals", [])}
    assert len(courses) == 14
    for code, route, dose, unit, often, when, words in DRUGS:
        [(treatment, interval)] = [c for c in courses.values() if f": “{words}" in c[1]["scheduleFrequency"]["label"]]
        quantity, label = interval["quantity"], interval["scheduleFrequency"]["label"]
        assert treatment["agent"]["id"] == f"ATC:{code}" and label.startswith(f"{often}. ")
        assert treatment.get("routeOfAdministration", {}).get("label") == route
        assert (quantity["value"], quantity["unit"]["id"]) == (dose, f"UCUM:{unit}")
        assert f"known by time point {when}: " in label and re.search(r"; F\d\d\)\.$", label)


def test_variant_and_diagnoses_say_no_more_than_the_article():
    [interpretation] = PACKET["interpretations"]
    assert set(interpretation) == {"id", "diagnosis", "summary"}  # and no progress status, which nobody printed
    where = "(Case report, laboratory and course: day 7 to day 49; F48)."
    assert interpretation["summary"] == f"The authors: “reported in sJIA-related MAS” {where}"
    assert interpretation["diagnosis"]["disease"]["id"] == "MONDO:0015545"
    [genomic] = interpretation["diagnosis"]["genomicInterpretations"]
    assert genomic["interpretationStatus"] == "CANDIDATE"
    variant = genomic["variantInterpretation"]["variationDescriptor"]
    assert variant["geneContext"]["symbol"] == "PRF1" and variant["label"] == "PRF1 c.272C>T p.(Ala91Val)"
    assert variant["allelicState"]["label"] == "heterozygous"  # "in heterozygosis"
    assert "“c.(272C>T) p.(Ala91Val)”, “in heterozygosis”" in variant["description"]
    # Two years and 0 to 11 months at presentation, a month of fever before it.
    ages = {"start": {"iso8601duration": "P1Y11M"}, "end": {"iso8601duration": "P2Y11M"}}
    first, second = PACKET["diseases"]
    assert first == {"term": first["term"], "onset": {"ageRange": ages}} and first["term"]["id"] == "MONDO:0019434"
    assert second["term"]["id"] == "MONDO:0015545" and moment(second["onset"]) == "admission"
    known = "known by time point 2: Admission to the rheumatology unit (day 1)"
    assert second["onset"]["ontologyClass"]["label"] == known


def test_what_is_uncertain_is_left_out_and_named():
    assert "F45 few neutrophils in the marrow, mainly promyelocytes: the code says more than the text" in LEFT
    assert any(line.startswith("F16 arthritis at any time: a reading of ours") for line in LEFT)
    other = load_case()
    other.observations.loc[other.observations["fact"] == "F27", ["as_printed", "value"]] = "CRP >210 mg/L", 210.0
    other.codes.loc[other.codes["code"] == "HP:0001945", "status"] = "R"
    packet, left = phenopacket.packet(other)
    limit = "F27 C-reactive protein (CRP): a range, and a measurement holds one number"
    assert set(left) - set(LEFT) == {limit, "F02 fever: no code", "F20 fever: no code", "F51 fever: no code"}
    assert "HP:0001945" in json.dumps(PACKET) and "HP:0001945" not in json.dumps(packet)


def test_every_reported_row_is_in_the_packet_or_named_as_left_out():
    seen, text = CASE.as_of("follow_up"), json.dumps(PACKET, ensure_ascii=False)
    labels, drugs = seen.variables.set_index("variable")["label"], seen.treatments.query("status == 'reported'")
    left = {line.rpartition(": ")[0] for line in LEFT}
    for row in pd.concat([seen.findings, seen.observations]).query("status == 'reported'").to_dict("records"):
        label, elsewhere = labels[row["variable"]], row["variable"] in phenopacket.ELSEWHERE
        assert f"{row['fact']} {label}" in left or f"{label}: “" in text or elsewhere, row
    named = sum(f"{row.fact} {row.label}" in left for row in drugs.itertuples())
    assert len(drugs) == len(PACKET["medicalActions"]) + named


# ---- the checklist --------------------------------------------------------------------------------------------------
TEXT = (HERE / "clinical_review.md").read_text(encoding="utf-8")
TABLES = {**CASE.tables, **patient.tables()}


def plain(text):
    """Markdown as a page shows it, with single spaces."""
    return " ".join(re.sub(r"\\(.)", r"\1", text).split())


PLAIN = plain(TEXT)


def part(heading):
    return TEXT.split(f"\n## {heading}")[1].split("\n## ")[0]


def cells_of(text):
    """The rows of the tables with an address: a dict of address -> cells."""
    lines = re.findall(r'(?m)^\| (?:<a id="[a-z0-9_]+-\d+"></a>)?([a-z0-9_]+:\d+) (\|.*)\|$', text)
    assert len(dict(lines)) == len(lines), "a row is listed twice"
    return {name: [re.sub(r"\\(.)", r"\1", c).strip() for c in re.split(r"(?<!\\)\|", row)] for name, row in lines}


ROWS = cells_of(TEXT)


def to_sign():
    """The rows that have to be signed: a dict of address -> tag."""
    found = {}
    for name, table in TABLES.items():
        for line, row in enumerate(table.to_dict("records"), 2):
            words = " ".join(map(str, row.values()))
            ours = str(row.get("note", "")).startswith("reading:") or row.get("match", "exact") != "exact"
            ours |= "presumably" in words or "as the narrative reads" in words
            if row.get("tag") != "definition" and ({"tag", "source"} & row.keys() or ours or name == "claims"):
                found[f"{name}:{line}"] = row.get("tag", "" if "source" in row or not ours else "ours")
    return found


def test_every_item_prompt_and_tagged_row_is_listed_exactly_once_with_its_tag():
    headed = re.findall(r"^#### (\S+) \(", TEXT, re.MULTILINE)
    assert sorted(headed) == sorted([*items(), *prompts()])
    assert {k: cells[3].strip("*") for k, cells in ROWS.items()} == to_sign()
    assert TEXT.count("☐ agree ☐ change ☐ comment") == len(headed) + 13  # of the capstone
    assert not re.search(r"\bnan\b|: None\b|<NA>", TEXT)


def test_all_that_is_taught_is_in_the_text():
    """Stems, voices, exemplars and what to look for; the source, the sign and the threshold of every row."""
    taught = [words for i in items().values() for words in (i["stem"], *i.get("voices", {}).values())]
    for p in prompts().values():
        fields = p["fields"].values() if p["kind"] == "text" and len(p["fields"]) > 1 else []
        taught += [p["stem"], p.get("exemplar", ""), *p.get("look_for", []), *fields]
    assert [words for words in taught if " ".join(words.split()) not in PLAIN] == []
    for address, cells in ROWS.items():
        name, line = address.split(":")
        row = TABLES[name].iloc[int(line) - 2]
        source = next((str(row[k]) for k in ("source", "sources", "where") if row.get(k)), "")
        assert cells[2].startswith(source), address
    signs = {"<=": "≤", "<": "<", ">=": "≥", ">": ">"}
    limits = TABLES["rules"].query("comparator in @signs and kind != 'ratio'")
    for line, row in limits.iterrows():
        limit = f"{row['input'].replace('_', ' ')} {signs[row['comparator']]} {row['threshold']:.10g}"
        assert limit in ROWS[f"rules:{line + 2}"][1], limit
    assert len(limits) > 50


def test_computed_keys_of_the_capstone_are_those_of_hand_arithmetic():
    keys = plain(part("2. Computed keys"))
    assert keys.count("C9.1 at T0") == keys.count("V9.2 at T1") == 5
    assert "C9.1 at T0, Ferritin:ESR: not met (21.42," in keys  # 685.4 / 32 = 21.42, and 21.5 would meet it
    assert "U9.1, aspartate aminotransferase (AST): 0.80 µkat/L is 48 U/L" in keys  # times 60


def test_the_head_says_which_state_is_signed_whose_case_it_is_and_who_signs():
    package = json.loads((CASEDATA / "datapackage.json").read_text(encoding="utf-8"))
    digests = ["sha256:" + sha256((CASEDATA / r["path"]).read_bytes()).hexdigest() for r in package["resources"]]
    assert {"items.yaml", "prompts.yaml", "references.json"} <= {r["path"] for r in package["resources"]}
    digest, head = sha256("".join(digests).encode()).hexdigest()[:12], TEXT.split("## Signatures")[0]
    assert f"Version 0.1.0; seal of casedata {digest}\n" in head
    assert all(words in head for words in ("Meneghel A,", "CC BY;", "CC BY 4.0"))
    assert len(re.findall(r"(?m)^\| Role \|.*\| Signature _+ \| Seal signed _+ \|$", TEXT)) == 1
    assert all(f"\n| {r} |  |  |  |  |  |\n" in TEXT for r in ("Paediatric rheumatologist", "Pharmacist"))


def test_what_needs_the_eye_most_is_linked_at_the_head():
    for tag, listed in zip(("R", "ours"), part("Read first").split("**ours**"), strict=True):
        linked = {f"{name}:{line}" for name, line in re.findall(r"\]\(#([a-z0-9_]+)-(\d+)\)", listed)}
        assert linked & set(ROWS) == {k for k, t in to_sign().items() if t == tag}, tag
        assert "[S4.1](#s41-discussion)" in listed  # it rests on both


def test_every_link_leads_somewhere_and_every_page_and_table_has_a_reader():
    """By the rule of the pages that show Markdown: small letters, no marks, hyphens."""
    heads, places = re.findall(r"(?m)^#{1,6} (.*)", TEXT), set(re.findall(r'<a id="([^"]*)"', TEXT))
    places |= {"".join(c for c in plain(h).lower() if c.isalnum() or c in " -_").replace(" ", "-") for h in heads}
    links = re.findall(r"\]\(#([^)]*)\)", TEXT)
    assert len(links) > 250 and set(links) <= places
    works = dict(re.findall(r"(?m)^- \*\*(\S+)\*\* \((?:.*?)\): (.*)$", TEXT.split("\n## 5. Works\n")[1]))
    assert list(works) == sorted(references())
    assert all(references()[name].get("DOI", "") in plain(words) for name, words in works.items())
    read = set(re.findall(r"\[([a-z0-9_]+)\]\(", part("Who reads what")))
    assert read == {item["notebook"] for item in items().values()} | {k.split(":")[0] for k in ROWS}


def test_a_key_says_what_it_rests_on_and_where_that_is_weak():
    blocks = dict(re.findall(r"^#### (\S+) \([^\n]*\n(.*?)(?=^#{2,4} )", TEXT, re.MULTILINE | re.DOTALL))
    weak = {name for name, block in blocks.items() if "**R: recalled" in block}
    for name, item in items().items():
        best, basis, block = item.get("best"), blocks[name].split("rests on (tags")[1], plain(blocks[name])
        chosen = [o for o in item["options"] if best in (None, o["key"])]
        used = {address for o in chosen for address in o["rests_on"]}
        assert all(re.search(rf"^- {address}\b", basis, re.MULTILINE) for address in used), name
        assert all(" ".join(o[k].split()) in block for o in item["options"] for k in ("text", "why")), name
        assert (f" {best}) **KEY**" if best else "No key: for talking about") in f" {block}", name
        # These works are cited by rows tagged R.
        assert name in weak or not best or not used & {"kineretlabel", "ravelli2005", "minoia2017"}, name
    assert "- F29 ferritin: “ferritin 2,200 ug/L” (Case report, laboratory and course: admission laboratory)" in TEXT
    assert weak and "**ours: a reading" in blocks["C1.1"]  # neutrophilia is one of ours
