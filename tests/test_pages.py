"""Figures and tables: what they say is what was computed."""

import html
import re

import numpy as np
import pandas as pd
import pytest

from utils import page, plots
from utils.case import Case, CaseDataError, load_case
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
    assert "CC BY" in shown["text/html"]


def test_a_verdict_map_does_not_draw_a_field_in_which_the_verdict_changes():
    x = y = np.linspace(0, 10, 11)
    status = np.full((11, 11), "met", dtype=object)
    assert plots.verdict_map(x, y, status, ("a", "b"), (5, 5), "Test.").text.count(": met") == 4
    status[0, 0] = "undetermined"
    with pytest.raises(ValueError):
        plots.verdict_map(x, y, status, ("a", "b"), (5, 5), "Test.")


def test_the_map_leads_to_every_page_that_is_here():
    shown = page.table(CASE.map(), "The pages")
    assert shown.html.count("<a href=") == len(CASE.journey) and "<a href" not in shown.text
    assert '<a href="03_flare_sepsis_or_mas.ipynb">Flare, sepsis or MAS?</a>' in shown.html
    assert re.search("03 +Flare, sepsis or MAS\\?", shown.text) and ".ipynb" not in shown.text
    journey = CASE.journey.replace("03_flare_sepsis_or_mas.ipynb", "99.ipynb")
    one_gone = Case({**CASE.tables, "journey": journey}, CASE.time_point)
    assert "Flare, sepsis or MAS?</td>" in page.table(one_gone.map(), "One is not here").html


HREFS = ["", "javascript:alert(1)", " https://x.org", "//x.org/a.ipynb", "data:text/html,x", "a.html", "http://a b"]


def test_a_link_is_one_on_the_page_and_its_words_in_the_text():
    shown = page.table(pd.DataFrame({"A": [page.Link("<b>", 'https://x.org/?a="&b'), "1"]}, dtype=object), "T")
    link = '<a href="https://x.org/?a=&quot;&amp;b" target="_blank" rel="noopener">&lt;b&gt;</a>'
    assert link in shown.html and "x.org" not in shown.text and "<b>" in shown.text
    for href in ("#map", "a.ipynb#b"):
        assert page.Link("up", href).html == f'<a href="{href}">up</a>'
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
