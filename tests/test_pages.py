"""Figures, tables and explorers: what they say is what was computed."""

import base64
import html
import re

import numpy as np
import pandas as pd
import pytest

from utils import explore, page, plots
from utils.case import CaseDataError, load_case
from utils.rules import evaluate
from utils.units import quantity

CASE = load_case()
REGIONAL, ADMISSION = (CASE.as_of(t) for t in ("regional_hospital", "admission"))


def test_a_figure_carries_its_description_as_text_and_as_alt():
    verdicts = [evaluate("mas_2016", data) for data in (REGIONAL, ADMISSION)]
    moments, ranges = ("regional hospital", "admission"), {"fibrinogen": (150, 450)}
    shown = plots.dumbbell(*verdicts, moments, ranges, "Test.")._repr_mimebundle_()
    words, alt = shown["text/plain"], html.unescape(re.search(r'alt="([^"]+)"', shown["text/html"])[1])
    assert words.startswith("Figure. ") and alt.startswith("Test.") and len(alt) > 40
    assert "fibrinogen (≤ 360 mg/dL), regional hospital: ? not reported, undetermined" in words
    assert "triglycerides (> 156 mg/dL), admission: 2.86 mmol/L = 253.3 mg/dL, met" in words
    beyond = {**ADMISSION.inputs, "ferritin": quantity("> 40,000 ng/mL", "ferritin")}
    other = plots.dumbbell(verdicts[0], evaluate("mas_2016", beyond), moments, ranges, "Test.")
    assert "ferritin (> 684 ng/mL), admission: > 40,000 ng/mL, met" in other.text
    drawn = base64.b64decode(re.search(r"base64,([^\"]+)", shown["text/html"])[1])
    assert b"Not for clinical use" in drawn  # it travels with the picture, and stands under none
    assert "Not for clinical use" not in shown["text/html"] and "CC BY" in shown["text/html"]


def test_a_verdict_map_does_not_draw_a_field_in_which_the_verdict_changes():
    x = y = np.linspace(0, 10, 11)
    status = np.full((11, 11), "met", dtype=object)
    assert plots.verdict_map(x, y, status, ("a", "b"), (5, 5), "Test.").text.count(": met") == 4
    status[0, 0] = "undetermined"
    with pytest.raises(ValueError):
        plots.verdict_map(x, y, status, ("a", "b"), (5, 5), "Test.")


def test_the_map_leads_to_every_page_that_is_here(monkeypatch):
    shown = page.table(CASE.map(), "The pages")
    assert shown.html.count("<a href=") == len(CASE.journey) and "<a href" not in shown.text
    assert '<a href="03_flare_sepsis_or_mas.ipynb">Flare, sepsis or MAS?</a>' in shown.html
    assert re.search("03 +Flare, sepsis or MAS\\?", shown.text) and ".ipynb" not in shown.text
    monkeypatch.setitem(CASE.tables, "journey", CASE.journey.replace("03_flare_sepsis_or_mas.ipynb", "99.ipynb"))
    assert "Flare, sepsis or MAS?</td>" in page.table(CASE.map(), "One is not here").html


HREFS = ["", "javascript:alert(1)", " https://x.org", "//x.org/a.ipynb", "data:text/html,x", "a.html", "http://a b"]


def test_a_link_is_one_on_the_page_and_its_words_in_the_text():
    shown = page.table(pd.DataFrame({"A": [page.Link("<b>", 'https://x.org/?a="&b'), "1"]}, dtype=object), "T")
    link = '<a href="https://x.org/?a=&quot;&amp;b" target="_blank" rel="noopener">&lt;b&gt;</a>'
    assert link in shown.html and "x.org" not in shown.text and "<b>" in shown.text
    assert page.Link("up", "#map").html == '<a href="#map">up</a>' and page.Link("x", "a.ipynb#b").href == "a.ipynb#b"
    for href in HREFS:
        with pytest.raises(ValueError, match="is no link for a page"):
            page.Link("x", href)


def test_a_work_is_cited_shortly_and_its_doi_opens():
    frame = CASE.cited("ravelli2016", "petty2004")
    assert frame["Work"].iloc[0] == "Ravelli et al. 2016"
    assert "second revision, Edmonton" in frame["Work"].iloc[1]  # nothing but its title leads to it
    shown, doi = page.table(frame, "Works"), "10.1136/annrheumdis-2015-208982"
    assert f'<a href="https://doi.org/{doi}" target="_blank" rel="noopener">{doi}</a>' in shown.html
    assert doi in shown.text and "https" not in shown.text and shown.html.count("<a ") == 1
    odd = page.table(pd.DataFrame({"DOI": ["10.1002/(SICI)1<1::AID>3.0", "10.5", "10.5 mg"]}), "T").html
    assert 'href="https://doi.org/10.1002/%28SICI%291%3C1%3A%3AAID%3E3.0"' in odd and odd.count("<a ") == 1


def test_a_later_voice_is_heard_and_nothing_between():
    heard = load_case().as_of("ecmo", later_voice="discussion")
    assert heard.time_point == "ecmo" and len(heard.address("D12", "F57")) >= 2
    assert heard.inputs.keys() == load_case().as_of("ecmo").inputs.keys()
    for name, table in heard.tables.items():
        for column in {"time_point", "end_known_at"} & set(table):
            assert not set(table[column]) & {"recovery", "follow_up"}, name
    for view, address in ((heard, "F42"), (heard, "F51"), (load_case().as_of("ecmo"), "D12")):
        with pytest.raises(CaseDataError):
            view.address(address)
    for moments in (("ecmo", "afterwards"), ("afterwards", "discussion"), (None, "discussion")):
        with pytest.raises(CaseDataError, match="no moment"):
            load_case().as_of(*moments)


def test_a_table_names_its_headers_never_shows_nan_and_a_fold_hides_nothing():
    shown = page.table(pd.DataFrame({"A": ["<x>", None], "B": [float("nan"), 1.5]}), "A <caption>")
    assert "nan" not in shown.html.lower() and shown.html.count("unknown") == 2 and "unknown" in shown.text
    assert "&lt;x&gt;" in shown.html and shown.html.count('scope="col"') == 2 and shown.html.count('scope="row"') == 2
    assert ">A &lt;caption&gt;</caption>" in shown.html
    flush = page.table(pd.DataFrame({"A": ["x", "y"], "B": ["one", "two"], "C": ["1 U/L", "not reported"]}), "T").html
    assert flush.count("text-align:left") == 1 + 2 + 4 and '<th scope="col">C' in flush and "<td>1 U/L" in flush
    fold = page.folded("Open this later", page.say("the answer"))
    assert fold.html.startswith("<details><summary>") and "the answer" in fold.html and "the answer" in fold.text


# ---- explorers that several pages use -------------------------------------------------------------------------------
UNITS = [
    ("1.5 mmol/L", "triglycerides", "132.9 mg/dL"), ("160 g/L", "fibrinogen", "right unit"),
    ("1.5", "triglycerides", "bare number"), ("1.5 mmHg", "triglycerides", "Refused."), ("1 g/L", "gold", "Refused."),
]  # fmt: skip
NONSENSE = [
    ("bare number", {"platelets": "200"}), ("0 to 500", {"platelets": "900 G/L"}),
    ("negative", {"platelets": "-1 G/L"}), ("nonsense", {"platelets": "100 G/L", "fibrinogen": "nonsense"}),
]  # fmt: skip


def test_the_unit_bench_refuses_and_accepts():
    for text, analyte, says in UNITS:
        assert says in explore.unit_bench().set(text=text, analyte=analyte).text, text


@pytest.fixture
def bench():
    return explore.what_if("mas_2016", REGIONAL, platelets=(0, 500, 250), fibrinogen=(0, 600, 400))


def test_an_explorer_reads_before_it_is_run_begins_with_what_is_unknown_and_follows_the_rule(bench):
    assert bench.get() == {"platelets": None, "fibrinogen": None}
    first = bench._repr_mimebundle_()
    assert "0 to 181 ×10⁹/L: met; 182 to 500 ×10⁹/L: undetermined" in first["text/plain"]
    assert "first view" in first["text/plain"] and "UNDETERMINED" in first["text/html"]
    for platelets, fibrinogen, word in (("182 G/L", "361 mg/dL", "NOT MET"), ("182 G/L", "3.6 g/L", ": MET")):
        assert word in bench.set(platelets=platelets, fibrinogen=fibrinogen).text
    assert "UNDETERMINED" in bench.set(platelets=None, fibrinogen=None).text


def test_what_if_refuses_nonsense_in_words_and_changes_nothing(bench):
    for says, values in NONSENSE:
        refused = bench.set(**values).text
        assert refused.startswith("Refused") and says in refused and set(bench.get().values()) == {None}, says


def test_what_if_asks_for_numbers_of_the_rule_set():
    shown = explore.what_if("hscore", ADMISSION, temperature=(35, 42, 38)).set(temperature="39.5 °C").text
    assert ": met." in shown and "Varying highest body temperature alone" in shown
    with pytest.raises(explore.UnitError, match="fever: no number that HScore asks for"):
        explore.what_if("hscore", ADMISSION, fever=(0, 1, 0))


def test_an_address_opens_or_says_why_not():
    behind = explore.look_up(REGIONAL, "f09 ")
    assert "1,259" in behind._repr_mimebundle_()["text/plain"]
    for name in ("F29", "D14", "ravelli2016", ""):
        told = behind.set(address=name).text
        assert "does not open here" in told and "1,259" not in told
    assert behind.set(address=" u02").text.startswith("What stands behind U02")
