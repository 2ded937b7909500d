"""The teachers' files: each is what the command makes, says what its source says, and is read by another's reader."""

import json
import re
import shutil
from collections import Counter
from copy import deepcopy
from hashlib import sha256

import pandas as pd
import pedigree_ga4gh
import pytest
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st
from phenopackets.schema.v2.phenopackets_pb2 import Phenopacket

from classroom import gift, phenopacket, review
from classroom.__main__ import FILES, HERE, build
from tests.check_casedata import seal
from utils.case import load_case, references
from utils.chapters import patient
from utils.quiz import items, prompts
from utils.tables import CASEDATA

CASE = load_case()
PACKET, LEFT = phenopacket.packet()


def test_what_is_committed_is_what_the_command_makes_and_a_changed_question_changes_it(tmp_path, monkeypatch):
    def differ():
        build(tmp_path)
        return [name for name in FILES if (tmp_path / name).read_bytes() != (HERE / name).read_bytes()]

    assert differ() == [], "run: python lab.py classroom"
    assert all(f"`{name}`" in (HERE / "README.md").read_text(encoding="utf-8") for name in FILES)
    changed = items.__wrapped__(CASEDATA)
    changed["N3.2"]["options"][1]["why"] += " And so on."
    for module in (gift, review):
        monkeypatch.setattr(module, "items", lambda: changed)
    assert differ() == ["question_bank.gift", "clinical_review.md"]


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
        lines = block.split("\n")
        notes = [line.strip() for line in lines if line.strip().startswith("//")]
        body = "\n".join(line for line in lines if not line.strip().startswith("//")).strip()
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
    about = {"name": read_part(name)[0], "stem": stem, "forms": {form}, "general": ""}
    assert empty == "" and len(answers) <= 1
    if not answers:
        return about
    answers, end = cut(answers[0], "}")
    options, *general = cut(answers, "####")
    general, chosen = [read_part(g, form) for g in general], []
    for piece in cut(options.replace("\n\t=", "\n\t~="), "~")[1:]:
        assert end == "" and not re.match(r"%-?\d{1,2}\.?\d*%", piece), "no question here has weights"
        both = [read_part(p, form) for p in cut(piece.removeprefix("="), "#")]
        chosen.append((piece.startswith("="), *(text for text, _ in both)))
        about["forms"] |= {form for _, form in [*both, *general]}
    about |= {"id": re.search(r"\[id:([^]]*)\]", notes[0])[1], "tags": re.findall(r"\[tag:([^]]*)\]", notes[0])}
    return about | {"options": chosen, "general": general[0][0] if general else ""}


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
    assert ABOUT["category"] == "MAS Casebook" and ABOUT["name"] == "About this collection"
    assert ABOUT["forms"] == {"plain"} and "options" not in ABOUT
    for text in (ABOUT["stem"], " ".join(HEAD)):
        assert all(x in text for x in ("Not for clinical use", "10.3389/fped.2020.635080, CC BY", "Meneghel")), text
    left = {k for k, i in items().items() if not i.get("best")}
    assert left and set(re.findall(r"\b[A-Z]\d\.\d\b", HEAD[-1])) == left


def test_a_title_with_a_slash_opens_no_category_within_it(monkeypatch):
    other = load_case()
    other.tables["journey"].loc[other.journey["notebook"] == "03", "title"] = "a/b"
    monkeypatch.setattr(gift, "load_case", lambda: other)
    categories = {q["category"] for q in read_gift(gift.bank())[0]}
    assert "MAS Casebook/03 a//b" in categories and max(c.replace("//", "").count("/") for c in categories) == 1


NASTY = ["[html]x", "%50%half", "//no comment", "#### x", "a\\", "\\n", "::name::", "a\r\nb", "$CATEGORY: x", "a\n\nb",
         "a\n//b"]  # fmt: skip
MARKS = st.text(st.sampled_from("~=#{}:\\\n\r\t %[]/n->a$&0;é∼"), min_size=1)
TEXT = (MARKS | st.text(min_size=1) | st.sampled_from(NASTY)).filter(lambda text: text.strip(BLANK))


def as_shown(text):
    return "\n".join(text.strip(BLANK).splitlines()).strip(BLANK)


@given(st.lists(TEXT, min_size=8, max_size=8), st.sampled_from("abc"))
def test_any_text_comes_back_from_the_bank(texts, best):
    stem, voice, *rest = texts
    told = zip("abc", rest, rest[3:], strict=False)
    options = [{"key": k, "text": t, "why": w, "rests_on": ["F01"]} for k, t, w in told]
    item = {"id": "N9.9", "notebook": "09", "kind": "decision", "stem": stem, "options": options, "best": best}
    [back], _ = read_gift(gift.question({**item, "voices": {"authors": voice}}))
    assert back["stem"] == as_shown(stem) and back["forms"] == {"plain"}
    due = [(o["key"] == best, as_shown(o["text"]), as_shown(o["why"] + " (Rests on F01.)")) for o in options]
    assert back["options"] == due and back["general"] == as_shown("What the authors did or said: " + voice)


def test_without_escapes_the_bank_would_not_come_back(monkeypatch):
    monkeypatch.setattr(gift, "escape", str)
    with pytest.raises((ValueError, AssertionError)):
        read_gift(gift.question(deepcopy(items()["N3.2"]) | {"stem": "a {brace} = trouble"}))


# ---- the phenopacket ------------------------------------------------------------------------------------------------
def complaints(packet):
    return [f.message for f in pedigree_ga4gh.validate(packet, kind="phenopacket")]


def test_packet_is_read_by_the_schemas_own_library_and_the_strict_check_misses_only_dates_that_are_not_printed():
    [cited] = PACKET["metaData"]["externalReferences"]
    title = "Case Report: Life-Threatening Macrophage Activation Syndrome With Fulminant Myocarditis"
    assert all(w in cited["description"] for w in (title, "Meneghel", "CC BY", "Changes: ", "Not for clinical use"))
    text = (HERE / "case.phenopacket.json").read_text(encoding="utf-8")
    read = json_format.Parse(text, Phenopacket())
    assert json_format.MessageToDict(read) == json.loads(text) == PACKET
    assert Phenopacket.FromString(read.SerializeToString()) == read
    doses = [a for a in PACKET["medicalActions"] if "doseIntervals" in a["treatment"]]
    assert complaints(PACKET) == ["DoseInterval is missing 'interval', which is required"] * len(doses)


def test_a_wrong_packet_is_refused():
    for spoil in (
        lambda p: p["subject"].update(sex="BOY"),
        lambda p: p["phenotypicFeatures"][0].update(excluded="perhaps"),
        lambda p: p["measurements"][0]["value"]["quantity"].update(value="high"),
        lambda p: p["phenotypicFeatures"][0]["onset"].update(age={"iso8601duration": "P2Y"}),  # two times
    ):
        spoil(packet := deepcopy(PACKET))
        with pytest.raises(json_format.ParseError):
            json_format.ParseDict(packet, Phenopacket())
    for spoil in (
        lambda p: p["metaData"]["resources"].pop(0),  # a prefix that is not declared
        lambda p: p["phenotypicFeatures"][3].pop("type"),
        lambda p: p["phenotypicFeatures"][3]["type"].update(id="rash"),
    ):
        spoil(packet := deepcopy(PACKET))
        assert len(complaints(packet)) > len(complaints(PACKET))


def test_nothing_that_is_not_reported_and_no_date_is_in_the_packet():
    text = json.dumps(PACKET)
    assert not re.search(r"\bU\d\d\b", text) and text.count("iso8601duration") == 2
    assert PACKET["subject"] == {"id": "mas-casebook-case", "sex": "MALE"}
    # One date, set by hand, and so the same at each run.
    assert re.findall(r"\d{4}-\d\d-\d\dT", text) == [PACKET["metaData"]["created"][:11]]
    silent = load_case()
    for name in ("findings", "observations", "treatments"):
        silent.tables[name]["status"] = "not_reported"
    bare, left = phenopacket.packet(silent)
    assert bare["phenotypicFeatures"] == bare["measurements"] == bare["medicalActions"] == left == []


# What the article prints, read from it by hand, by the moment by which it was known.
HOSPITAL, ADMISSION, PICU, ECMO, RECOVERY, FOLLOW_UP = (
    f"casebook:known-by-{name}" for name in ("regional-hospital", "admission", "picu", "ecmo", "recovery", "follow-up")
)
FEATURES = {  # HPO code and printed words
    HOSPITAL: "0001945 1 month history of fever; 0031955 limping gait; 0025289 cervical lymphadenopathy; "
    "0000988 evanescent skin rash; 0100769 synovial membrane hypertrophy and effusion; "
    "0100658 cellulitis of the right hand; 0032326 methicillin-resistant staphylococcus aureus",
    ADMISSION: "0001945 unremitting high-grade fever; 0010783 erythematous skin rash; "
    "0002240 mild hepato-splenomegaly; 0001744 mild hepato-splenomegaly",
    PICU: "0030005 systemic capillary leak syndrome (SCLS); 0002615 persistent hypotension (85/45 mmHg); "
    "0001649 tachycardia (160/min); 0100520 oliguria; 0012819 consistent with acute myocarditis; "
    "0001903 severe anemia and thrombocytopenia; 0001873 severe anemia and thrombocytopenia",
    ECMO: "0002615 acute hypotension; 0001662 bradycardia and oxygen desaturation; "
    "0012418 bradycardia and oxygen desaturation; 0001695 led to cardiac arrest; "
    "0006530 Severe bilateral interstitial thickening; 0032177 right perihilar consolidation",
    RECOVERY: "0001875 severe neutropenia (PMNs 0–100/mm3); 0012156 rare residual aspects of hemophagocytosis",
    FOLLOW_UP: "0001945 he relapsed with fever",
    # Denied; and of the introduction, without a moment.
    None: "0001369 No arthritis was detected; 0031275 distributive and cardiogenic shock; "
    "0030149 distributive and cardiogenic shock",
}
RESOLVED = dict.fromkeys(["HP:0006530", "HP:0032177"], "Complete resolution of the pattern")
RESOLVED["HP:0001875"] = "neutropenia gradually resolved"
MEASURED = {  # LOINC code, fact, UCUM unit
    HOSPITAL: "6690-2 F06 /mm3; 751-8 F06 /mm3; 1988-5 F07 mg/L; 4537-7 F08 mm/h; 2276-4 F09 ug/L; 14927-8 F10 mmol/L; "
    "1920-8 F11 U/L; 1742-6 F11 U/L",
    ADMISSION: "718-7 F23 g/dL; 777-3 F24 /mm3; 30226-5 F25 ug/L; 3255-7 F26 g/L; 1988-5 F27 mg/L; 1920-8 F28 U/L; "
    "1742-6 F28 U/L; 2276-4 F29 ug/L; 14927-8 F30 mmol/L",
    PICU: "8480-6 F33 mm[Hg]; 8462-4 F33 mm[Hg]; 8867-4 F34 /min",
}
DAILY = "an amount a day; into how many doses it was divided is not printed"
DRUGS = [  # ATC code, route, dose, UCUM unit, how often, moment, printed words
    ("H02AB07", "oral", 1, "mg/kg/d", DAILY, HOSPITAL, "oral prednisone (1 mg/kg/day)"),
    ("H02AB04", "intravenous", 30, "mg/kg/d", DAILY, HOSPITAL, "methylprednisolone (MPDN, 30 mg/Kg/day)”, “given for"),
    ("H02AB07", None, 2, "mg/kg/d", DAILY, HOSPITAL, "prednisone maintenance dose (2 mg/Kg/day)"),
    ("J01XA02", "intravenous", None, None, None, None, None),  # "IV teicoplanin was started", and no dose
    ("H02AB04", "intravenous", 30, "mg/kg/d", DAILY, ADMISSION, "high doses IV MDPN”, “30 mg/Kg/die iv"),
    ("L04AD01", "oral", 2, "mg/kg/d", DAILY, ADMISSION, "oral Cyclosporin A (CSA, 2 mg/Kg/day)"),
    ("J06BA02", "intravenous", 400, "mg/kg/d", DAILY, PICU, "IVIG 400 mg/Kg/day"),
    ("L04AC03", "subcutaneous", 2, "mg/kg/d", DAILY, PICU, "subcutaneous ANA (2 mg/Kg/day)"),
    ("L04AC03", "intravenous", 2, "mg/kg", "every 6 hours", ECMO, "HDIV-ANA, 2 mg/Kg q6h"),
    ("L04AC03", "subcutaneous", 2, "mg/kg/d", DAILY, RECOVERY, "maintenance subcutaneous dose of 2 mg/kg/day"),
    ("H02AB07", "oral", 1, "mg/kg/d", DAILY, RECOVERY, "oral PDN (1 mg/Kg/day)"),
    ("L04AD01", "oral", 2, "mg/kg/d", DAILY, RECOVERY, "CSA (2 mg/Kg/day)"),
    ("L04AC03", "subcutaneous", 2, "mg/kg/d", DAILY, FOLLOW_UP, "Subcutaneous ANA (2 mg/Kg/day) was restarted"),
    ("L04AC08", None, 4, "mg/kg", "every 4 weeks", FOLLOW_UP, "Canakinumab”, “4 mg/Kg q4wk"),
    ("L04AC08", None, 4, "mg/kg", "every 6 weeks", FOLLOW_UP, "Canakinumab 4 mg/Kg q6wk"),
]
LABELS = {  # never an onset, but by when it was known
    HOSPITAL: "1: Regional hospital (before admission; not dated)",
    ADMISSION: "2: Admission to the rheumatology unit (day 1)",
    PICU: "3: Paediatric intensive care (day 2 to day 3)",
    ECMO: "4: Cardiac arrest and VA-ECMO (day 4 to day 6)",
    RECOVERY: "5: Recovery and discharge (day 7 to day 49)",
    FOLLOW_UP: "6: Follow-up (after discharge; the last report is after 24 months, and does not say of what)",
}


def moment(name):
    return name and {"ontologyClass": {"id": name, "label": f"known by time point {LABELS[name]}"}}


def printed(key, when, listed):
    """The entries of each moment, and what is listed for it: the parts of a line."""
    assert len(PACKET[key]) == sum(lines.count("; ") + 1 for lines in listed.values())
    for name, lines in listed.items():
        there = [entry for entry in PACKET[key] if entry.get(when) == moment(name)]
        yield from zip(there, lines.split("; "), strict=True)


def test_features_are_those_that_the_article_prints():
    for feature, line in printed("phenotypicFeatures", "onset", FEATURES):
        number, _, words = line.partition(" ")
        code = feature["type"]["id"]
        first, _, later = feature["description"].partition(" Later: ")
        assert code == f"HP:{number}" and f"“{words}" in first
        assert bool(feature.get("excluded")) == (words == "No arthritis was detected")
        assert f"“{RESOLVED[code]}”" in later if code in RESOLVED else later == ""
        assert feature.get("resolution") == (moment(RECOVERY) if code in RESOLVED else None)


def test_measurements_are_those_that_the_article_prints():
    rows = CASE.observations.set_index(["fact", "loinc"])
    for measured, line in printed("measurements", "timeObserved", MEASURED):
        code, fact, unit = line.split()
        row, quantity = rows.loc[(fact, code)], measured["value"]["quantity"]
        assert measured["assay"]["id"] == f"LOINC:{code}" and f"“{row['as_printed']}”" in measured["description"]
        assert (quantity["value"], quantity["unit"]["id"]) == (row["value"], f"UCUM:{unit}"), code


def test_drugs_are_those_that_the_article_prints_and_each_course_can_be_told_from_the_others():
    courses = []
    for action, (code, route, dose, unit, often, when, words) in zip(PACKET["medicalActions"], DRUGS, strict=True):
        treatment = action["treatment"]
        assert treatment["agent"]["id"] == f"ATC:{code}"
        assert treatment.get("routeOfAdministration", {}).get("label") == route
        assert len(intervals := treatment.get("doseIntervals", [])) == (dose is not None)
        for interval in intervals:
            quantity, schedule = interval["quantity"], interval["scheduleFrequency"]
            assert (quantity["value"], quantity["unit"]["id"]) == (dose, f"UCUM:{unit}")
            assert schedule["label"].startswith(f"{often}. ") and re.search(r"; F\d\d\)\.$", schedule["label"])
            assert f"known by time point {LABELS[when]}: “{words}" in schedule["label"]
            courses.append(schedule["id"])
    assert len(set(courses)) == len(courses) == 14


def test_variant_and_diagnoses_say_no_more_than_the_article():
    [interpretation] = PACKET["interpretations"]
    assert set(interpretation) == {"id", "diagnosis", "summary"}  # and no progress status, which nobody printed
    where = "(Case report, laboratory and course: day 7 to day 49; F48)."
    assert interpretation["summary"] == f"The authors: “reported in sJIA-related MAS” {where}"
    assert interpretation["diagnosis"]["disease"]["id"] == "MONDO:0015545"
    [genomic] = interpretation["diagnosis"]["genomicInterpretations"]
    assert genomic["interpretationStatus"] == "CANDIDATE"
    variant = genomic["variantInterpretation"]["variationDescriptor"]
    assert variant["geneContext"] == {"valueId": "HGNC:9360", "symbol": "PRF1"}
    assert variant["allelicState"] == {"id": "GENO:0000135", "label": "heterozygous"}  # "in heterozygosis"
    assert variant["expressions"] == [{"syntax": "hgvs.c", "value": "NM_001083116.3:c.272C>T"}]
    assert variant["label"] == "PRF1 c.272C>T p.(Ala91Val)"
    assert "“c.(272C>T) p.(Ala91Val)”, “in heterozygosis”" in variant["description"]
    # Two years and 0 to 11 months at presentation, a month of fever before it.
    ages = {"start": {"iso8601duration": "P1Y11M"}, "end": {"iso8601duration": "P2Y11M"}}
    told = [(d["term"]["id"], d["onset"], "excluded" in d) for d in PACKET["diseases"]]
    assert told == [("MONDO:0019434", {"ageRange": ages}, False), ("MONDO:0015545", moment(ADMISSION), False)]


def test_what_is_uncertain_is_left_out_and_named():
    def left_when(table, which, **changes):
        other = load_case()
        other.tables[table].loc[other.tables[table].query(which).index, list(changes)] = list(changes.values())
        packet, left = phenopacket.packet(other)
        return sorted(set(left) - set(LEFT)), json.dumps(packet)

    assert "F45 few neutrophils in the marrow, mainly promyelocytes: the code says more than the text" in LEFT
    assert any(line.startswith("F16 arthritis at any time: a reading of ours") for line in LEFT)
    limit, _ = left_when("observations", "fact == 'F27'", as_printed="CRP >210 mg/L", value=210.0)
    assert limit == ["F27 C-reactive protein (CRP): a range, and a measurement holds one number"]
    doubtful, less = left_when("codes", "code == 'HP:0001945'", status="R")
    assert "HP:0001945" in json.dumps(PACKET) and "HP:0001945" not in less
    assert doubtful == ["F02 fever: no code", "F20 fever: no code", "F51 fever: no code"]


def test_every_reported_row_is_in_the_packet_or_named_as_left_out():
    seen, text = CASE.as_of("follow_up"), json.dumps(PACKET, ensure_ascii=False)
    labels = seen.variables.set_index("variable")["label"]

    def named(row, label):
        return any(line.startswith(f"{row['fact']} {label}: ") for line in LEFT)

    for name in ("findings", "observations"):
        for row in seen.tables[name].query("status == 'reported'").to_dict("records"):
            label = labels[row["variable"]]
            assert named(row, label) or f"{label}: “" in text or row["variable"] in phenopacket.ELSEWHERE, row
    drugs = seen.treatments.query("status == 'reported'").to_dict("records")
    assert len(drugs) == len(PACKET["medicalActions"]) + sum(named(row, row["label"]) for row in drugs)


# ---- the checklist --------------------------------------------------------------------------------------------------
TEXT = (HERE / "clinical_review.md").read_text(encoding="utf-8")
TABLES = {**CASE.tables, **patient.tables()}


def plain(text):
    """Markdown as a page shows it, with single spaces."""
    return " ".join(re.sub(r"\\(.)", r"\1", text).split())


PLAIN = plain(TEXT)


def part(heading):
    """The text below a heading, up to the next of its kind."""
    return TEXT.split(f"\n## {heading}")[1].split("\n## ")[0]


def cells_of(text):
    """The rows of the tables with an address: a dict of address -> cells."""
    found = {}
    for line in text.splitlines():
        if row := re.match(r'\| (?:<a id="[a-z0-9_]+-\d+"></a>)?([a-z0-9_]+:\d+) \|', line):
            assert row[1] not in found, f"{row[1]} is listed twice"
            found[row[1]] = [re.sub(r"\\(.)", r"\1", c).strip() for c in re.split(r"(?<!\\)\|", line)[1:-1]]
    return found


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
    some = {"findings:10", "treatments:12", "events:23", "codes:5"}  # arthritis by MRI is findings:10
    assert some <= {k for k, tag in to_sign().items() if tag == "ours"} and "codes:2" not in to_sign()
    sign = "☐ agree ☐ change ☐ comment"
    assert TEXT.count(sign) == len(headed) + part("2. Computed keys").count(sign) == len(headed) + 13
    assert not re.search(r"\bnan\b|: None\b|<NA>", TEXT)


def test_all_that_is_taught_is_in_the_text():
    """Stems, voices, exemplars and what to look for; the source, the sign and the threshold of every row."""
    said = [words for i in items().values() for words in (i["stem"], *i.get("voices", {}).values())]
    for p in prompts().values():
        fields = p["fields"].values() if p["kind"] == "text" and len(p["fields"]) > 1 else []
        said += [p["stem"], p.get("exemplar", ""), *p.get("look_for", []), *fields]
    assert [words for words in said if " ".join(words.split()) not in PLAIN] == []
    for address, cells in ROWS.items():
        name, line = address.split(":")
        row = TABLES[name].iloc[int(line) - 2]
        source = next((str(row[k]) for k in ("source", "sources", "where") if row.get(k)), "")
        assert cells[2].startswith(source), address
    signs, met = {"<=": "≤", "<": "<", ">=": "≥", ">": ">"}, 0
    for line, row in enumerate(TABLES["rules"].to_dict("records"), 2):
        if row["comparator"] in signs and row["kind"] != "ratio":
            limit = f"{row['input'].replace('_', ' ')} {signs[row['comparator']]} {row['threshold']:.10g}"
            assert limit in ROWS[f"rules:{line}"][1], limit
            met += 1
    assert met > 50


def test_computed_keys_of_the_capstone_are_those_of_hand_arithmetic():
    keys = plain(part("2. Computed keys"))
    for key in (
        "C9.1 at T0, Ferritin:ESR: not met (21.42,",  # 685.4 / 32 = 21.42, and 21.5 is due
        "V9.2 at T1, Ferritin:ESR: met (99.95,",  # 1999 / 20
        "V9.2 at T1, MAS-2016: met (2, cut-off 2 of 4)",  # platelets 142 and AST 49; 156 and 361 are just not met
        "C9.1 at T0, MAS-2016: undetermined (1 to 3,",  # platelets 181 count, AST 48 does not, two are not known
        "U9.1, aspartate aminotransferase (AST): 0.80 µkat/L is 48 U/L",  # times 60
        "U9.1, age: 20 months is 1.667 years",
        "U9.1, ferritin: 1,540 pmol/L is 685.4 ng/mL",
    ):
        assert key in keys, key
    assert keys.count("C9.1 at T0") == keys.count("V9.2 at T1") == 5


def test_a_new_table_gets_in_by_itself_with_its_own_tag():
    made_up = pd.DataFrame({"what": ["one", "two | three"], "source": ["x", ""], "tag": ["R", "guess"]})
    text = review.text({**TABLES, "made_up": made_up})
    assert set(cells_of(text)) - set(ROWS) == {"made_up:2", "made_up:3"}
    assert "| made_up:3 | what: two \\| three |  | guess | ☐ | ☐ |  |" in text
    assert "| made_up | 2 |" in text and "| guess |" in text.split("## Counts")[1].splitlines()[2]


def test_the_head_says_which_state_is_signed_whose_case_it_is_and_who_signs(tmp_path, monkeypatch):
    package = json.loads((CASEDATA / "datapackage.json").read_text(encoding="utf-8"))
    digests = ["sha256:" + sha256((CASEDATA / r["path"]).read_bytes()).hexdigest() for r in package["resources"]]
    assert {"items.yaml", "prompts.yaml", "references.json"} <= {r["path"] for r in package["resources"]}
    digest, head = sha256("".join(digests).encode()).hexdigest()[:12], TEXT.split("## Signatures")[0]
    assert f"Version 0.1.0; seal of casedata {digest}\n" in head
    assert all(words in head for words in ("Meneghel A,", "CC BY;", "CC BY 4.0"))
    assert len(re.findall(r"(?m)^\| Role \|.*\| Signature _+ \| Seal signed _+ \|$", TEXT)) == 1
    assert all(f"\n| {r} |  |  |  |  |  |\n" in TEXT for r in ("Paediatric rheumatologist", "Pharmacist"))
    shutil.copytree(CASEDATA, tmp_path / "data")
    with (tmp_path / "data" / "prompts.yaml").open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    seal(tmp_path / "data")
    monkeypatch.setattr(review, "CASEDATA", tmp_path / "data")
    assert review.seal() != digest  # it changes with a question


def test_what_needs_the_eye_most_is_linked_at_the_head_and_counted():
    first = part("Read first")
    for tag, listed in zip(("R", "ours"), first.split("**ours**"), strict=True):
        linked = {f"{name}:{line}" for name, line in re.findall(r"\]\(#([a-z0-9_]+)-(\d+)\)", listed)}
        assert linked & set(ROWS) == {k for k, t in to_sign().items() if t == tag}, tag
    assert "[S4.1](#s41-discussion)" in first.split("**ours**")[0]
    lines = [[c.strip() for c in line.strip("|").split("|")] for line in part("Counts").splitlines()]
    counts = {line[0]: dict(zip(lines[2], line, strict=True)) for line in lines if len(line) == len(lines[2])}
    keys = counts["Answer keys (by the weakest tag behind each)"]
    recalled = sum((t["tag"] == "R").sum() for t in TABLES.values() if "tag" in t)
    assert int(keys["Lines"]) == len(items()) and int(counts["All"]["R"]) - int(keys["R"]) == recalled > 0


def test_every_link_leads_somewhere_and_every_page_and_table_has_a_reader():
    """By the rule of the pages that show Markdown: small letters, no marks, hyphens; the same again gets a number."""
    seen, places = Counter(), set(re.findall(r'<a id="([^"]*)"', TEXT))
    for head in re.findall(r"^#{1,6} (.*)", TEXT, re.MULTILINE):
        slug = "".join(c for c in plain(head).lower() if c.isalnum() or c in " -_").replace(" ", "-")
        places.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    links = re.findall(r"\]\(#([^)]*)\)", TEXT)
    assert len(links) > 250 and set(links) <= places
    assert len(re.findall(r"^- \[\d\. [^]]*\]\(#\d-", TEXT, re.MULTILINE)) == 9
    works = re.findall(r"(?m)^- \*\*(\S+)\*\* \((?:.*?)\): (.*)$", TEXT.split("\n## 9. Works\n")[1])
    assert [name for name, _ in works] == sorted(references())
    assert all(references()[name].get("DOI", "") in plain(told) for name, told in works)
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
