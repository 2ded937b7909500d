"""The invented patient: TP-01 gives what was agreed, and says INVENTED."""

import pytest

from utils.case import CaseDataError, load_case
from utils.chapters import patient
from utils.chapters.patient import Patient, load_patient
from utils.rules import evaluate
from utils.tables import CASEDATA, describe
from utils.units import factors_in_use

GIRL = load_patient("TP-01")
MOMENTS = ["T0", "T1", "T2"]

# By hand, from the published thresholds, as it was agreed before there was code: (moment, rule, verdict, score).
EXPECTED = [
    ("T0", "mas_2016", "undetermined", None),
    ("T0", "hscore", "undetermined", (99, 261)),
    ("T0", "hlh_2004", "undetermined", (3, 7)),
    ("T0", "ms_score", "undetermined", None),
    ("T1", "mas_2016", "met", None),
    ("T1", "hscore", "undetermined", (158, 211)),
    ("T1", "hlh_2004", "undetermined", (3, 6)),
    ("T1", "ms_score", "undetermined", None),
    ("T2", "mas_2016", "met", None),
    ("T2", "hscore", "met", (233, 286)),
    ("T2", "hlh_2004", "met", (5, 8)),
    ("T2", "ferritin_esr", "undetermined", None),
    ("T2", "ms_score", "met", None),
]


@pytest.mark.parametrize("moment, rule, status, score", EXPECTED)
def test_the_expected_results_reproduce(moment, rule, status, score):
    verdict = GIRL.verdicts[rule, moment]
    assert verdict.status == status and (score is None or verdict.score == score)


def items(rule, moment, variant=None):
    return evaluate(rule, GIRL.as_of(moment), variant).items.set_index("item")


def test_where_the_expected_results_are_finer_than_a_verdict():
    assert evaluate("hlh_2004", GIRL.as_of("T0"), "measured_fever").score == (2, 6)
    ratio = GIRL.verdicts["ferritin_esr", "T0"], GIRL.verdicts["ferritin_esr", "T1"]
    assert [v.status for v in ratio] == ["not met", "met"]
    assert [round(v.score[0], 2) for v in ratio] == [21.42, 99.95]
    low = GIRL.verdicts["ms_score", "T1"].score[0], GIRL.verdicts["ms_score", "T2"].score[0]
    assert [round(x, 2) for x in low] == [-2.97, -1.60]  # arthritis present, nothing else known to add
    assert [GIRL.as_of(m).inputs["ferritin"].to("ng/mL").value for m in MOMENTS] == pytest.approx(
        [685.36, 1999, 6000], abs=0.01
    )
    assert {frozenset(s) for s in GIRL.verdicts["mas_2016", "T0"].settled_by} == {
        frozenset({"triglycerides"}),
        frozenset({"fibrinogen"}),
    }


def test_a_boundary_is_met_or_not_as_its_sign_says():
    status = {(m, r, i): items(r, m).at[i, "status"] for m, r, i in [
        ("T0", "mas_2016", "platelets"), ("T0", "mas_2016", "ast"), ("T0", "mas_2016", "ferritin"),
        ("T1", "mas_2016", "triglycerides"), ("T1", "mas_2016", "fibrinogen"), ("T1", "hscore", "temperature_39_4"),
        ("T1", "hscore", "ferritin_2000"), ("T2", "hscore", "ferritin_6000"), ("T2", "hlh_2004", "neutrophils"),
        ("T2", "hlh_2004", "triglycerides"), ("T2", "hlh_2004", "fibrinogen"), ("T0", "hscore", "haemoglobin"),
        ("T0", "hscore", "wbc"), ("T0", "hscore", "temperature_38_4"),
    ]}  # fmt: skip
    met = {k[2] + k[0] for k, s in status.items() if s == "met"}
    assert met == {
        "plateletsT0",
        "ferritinT0",
        "triglyceridesT2",
        "fibrinogenT2",
        "haemoglobinT0",
        "wbcT0",
        "temperature_38_4T0",
    }
    assert set(status.values()) == {"met", "not met"}


def test_another_factor_would_lose_the_haemoglobin():
    first, other = factors_in_use("haemoglobin", "mmol/L")
    assert 5.71 * first <= 9.2 < 5.71 * other


def test_a_later_letter_is_not_known_and_an_earlier_value_is_not_todays():
    early, late = GIRL.as_of("T0").inputs, GIRL.as_of("T2").inputs
    assert str(early["triglycerides"]) == "not done" and str(late["scd25"]) == "pending"
    assert str(early["neutrophils"]) == "not reported" and not late["esr"].known
    assert late["age_at_onset"].value == 19 and late["immunosuppression"] is None
    assert "ldh" not in late and "creatinine_clearance" not in early
    with pytest.raises(CaseDataError, match="no moment 'T3' of TP-01: use one of T0, T1, T2"):
        GIRL.as_of("T3")


def test_invented_patients_are_no_part_of_the_case_and_every_row_says_so():
    assert not {"tp_01", "moments"} & set(load_case().tables)
    for name in ("tp_01", "moments"):
        lines = (CASEDATA / describe()[name]["path"]).read_text(encoding="utf-8").splitlines()
        assert lines[0].startswith("invented,") and all(line.startswith("INVENTED,") for line in lines[1:])


def test_an_unknown_patient_is_named():
    for name in ("TP-02", "moments", None, "../rules"):
        with pytest.raises(CaseDataError, match="holds no patient"):
            load_patient(name)


def test_a_letter_may_print_the_limit_of_an_assay():
    rows = GIRL.rows.copy()
    rows.loc[(rows["moment"] == "T2") & (rows["variable"] == "ferritin"), ["value", "as_printed"]] = 6, "> 6 mg/L"
    girl = Patient("TP-01", rows)
    assert "> 6 mg/L" in patient.letter(girl, "T2").text and str(girl.as_of("T2").inputs["ferritin"]) == "> 6 mg/L"
    assert "> 6,000 µg/L" in patient.trend(girl, "ferritin").text
    item = girl.verdicts["hscore", "T2"].items.set_index("item").loc["ferritin_6000"]  # > 6,000 ng/mL
    assert item["status"] == "met" and "> 6 mg/L" not in patient.edges(girl).text  # a limit lies beside no other
