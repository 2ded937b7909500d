"""Figures, tables and explorers: what they say is what was computed."""

import base64
import re
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest

from tests.design import shown_html
from tests.drawings import drawing, words
from utils import explore, page, plots
from utils.case import CaseDataError, load_case
from utils.rules import evaluate
from utils.units import quantity

CASE = load_case()
REGIONAL, ADMISSION = (CASE.as_of(t) for t in ("regional_hospital", "admission"))


def dumbbell(first, second):
    return plots.dumbbell(
        evaluate("mas_2016", first),
        evaluate("mas_2016", second),
        ("regional hospital", "admission"),
        {"fibrinogen": (150, 450)},
        "Test.",
    )


def test_a_figure_carries_its_description_as_text_and_as_alt():
    shown = dumbbell(REGIONAL, ADMISSION)._repr_mimebundle_()
    alt = re.search(r'alt="([^"]+)"', shown["text/html"])[1]
    assert shown["text/plain"] == "Figure. " + alt.replace("&gt;", ">").replace("&lt;", "<")
    assert "fibrinogen (≤ 360 mg/dL), regional hospital: not reported, undetermined" in shown["text/plain"]
    assert "triglycerides (> 156 mg/dL), admission: 2.86 mmol/L = 253.3 mg/dL, met" in shown["text/plain"]
    png = re.search(r"base64,([^\"]+)", shown["text/html"])[1]
    assert (
        base64.b64decode(png).startswith(b"\x89PNG")
        and "CC BY" in shown["text/html"]
        and b"Not for clinical use" in base64.b64decode(png)  # it travels with the picture, and stands under none
        and "Not for clinical use" not in shown["text/html"]
    )


def test_the_description_changes_when_the_data_change():
    assert dumbbell(REGIONAL, REGIONAL).text != dumbbell(REGIONAL, ADMISSION).text


def test_a_limit_is_told_as_printed_and_has_no_place_on_the_axis():
    now = {**ADMISSION.inputs, "ferritin": quantity("> 40,000 ng/mL", "ferritin")}
    assert "ferritin (> 684 ng/mL), admission: > 40,000 ng/mL, met" in dumbbell(REGIONAL, now).text


def test_unknown_has_no_place_on_the_axis():
    fig = dumbbell(REGIONAL, ADMISSION).figure
    assert sum("not reported" in t.get_text() for t in fig.axes[0].texts) == 2
    assert (
        sum(len(c.get_offsets()) for c in fig.axes[0].collections if hasattr(c, "get_offsets") and len(c.get_offsets()))
        == 8
    )


def test_the_verdict_map_says_what_the_rule_says():
    shown = explore.what_if("mas_2016", REGIONAL, platelets=(0, 500, 250), fibrinogen=(0, 600, 400)).picture("Test.")
    assert (
        shown.text.count(": met") == 3 and shown.text.count("above 181 with fibrinogen (mg/dL) above 360: not met") == 1
    )
    root, _ = drawing(shown)
    assert sorted(w for w in words(root) if w.isupper()) == ["MET", "MET", "MET", "NOT MET"]


def test_a_verdict_map_does_not_draw_a_field_in_which_the_verdict_changes():
    x = y = np.linspace(0, 10, 11)
    status = np.full((11, 11), "met")
    plots.verdict_map(x, y, status, ("a", "b"), (5, 5), "Test.")
    status = status.astype(object)
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


def test_a_link_is_one_on_the_page_and_its_words_in_the_text():
    shown = page.table(pd.DataFrame({"A": [page.Link("<b>", 'https://x.org/?a="&b'), "1"]}, dtype=object), "T")
    link = '<a href="https://x.org/?a=&quot;&amp;b" target="_blank" rel="noopener">&lt;b&gt;</a>'
    assert link in shown.html and "x.org" not in shown.text and "<b>" in shown.text
    assert page.Link("up", "#map").html == '<a href="#map">up</a>' and page.Link("x", "a.ipynb#b").href == "a.ipynb#b"


@pytest.mark.parametrize(
    "href", ["", "javascript:alert(1)", " https://x.org", "//x.org/a.ipynb", "data:text/html,x", "a.html", "http://a b"]
)
def test_what_is_no_link_for_a_page_is_refused(href):
    with pytest.raises(ValueError, match="is no link for a page"):
        page.Link("x", href)


def test_a_work_is_cited_shortly_and_its_doi_opens():
    frame = CASE.cited("ravelli2016", "petty2004", "kdarthritis2006")
    assert list(frame["Work"].str.len().lt(45)) == [True, False, True]
    assert frame["Work"].iloc[0] == "Ravelli et al. 2016"
    assert "second revision, Edmonton" in frame["Work"].iloc[1]  # nothing but its title leads to it
    shown = page.table(frame, "Works")
    doi = "10.1136/annrheumdis-2015-208982"
    assert f'<a href="https://doi.org/{doi}" target="_blank" rel="noopener">{doi}</a>' in shown.html
    assert doi in shown.text and "https" not in shown.text and shown.html.count("<a ") == 2
    odd = page.table(pd.DataFrame({"DOI": ["10.1002/(SICI)1<1::AID>3.0", "10.5", "10.5 mg"]}), "T").html
    assert 'href="https://doi.org/10.1002/%28SICI%291%3C1%3A%3AAID%3E3.0"' in odd and odd.count("<a ") == 1


def test_a_later_voice_is_heard_and_nothing_between():
    heard = load_case().as_of("ecmo", later_voice="discussion")
    assert heard.time_point == "ecmo" and len(heard.address("D12", "F57")) >= 2
    assert heard.inputs.keys() == load_case().as_of("ecmo").inputs.keys()
    for name, table in heard.tables.items():
        for column in {"time_point", "end_known_at"} & set(table):
            assert not set(table[column]) & {"recovery", "follow_up"}, name
    for between in ("F42", "F51"):
        with pytest.raises(CaseDataError):
            heard.address(between)
    with pytest.raises(CaseDataError):
        load_case().as_of("ecmo").address("D12")
    for moments in (("ecmo", "afterwards"), ("afterwards", "discussion"), (None, "discussion")):
        with pytest.raises(CaseDataError, match="no moment"):
            load_case().as_of(*moments)


def test_a_table_names_its_headers_and_never_shows_nan():
    shown = page.table(pd.DataFrame({"A": ["<x>", None], "B": [float("nan"), 1.5]}), "A <caption>")
    assert "nan" not in shown.html.lower() and shown.html.count("unknown") == 2 and "unknown" in shown.text
    assert "&lt;x&gt;" in shown.html and shown.html.count('scope="col"') == 2 and shown.html.count('scope="row"') == 2
    assert ">A &lt;caption&gt;</caption>" in shown.html


def test_a_fold_hides_nothing_from_whoever_opens_it():
    shown = page.folded("Open this later", page.say("the answer"))
    assert shown.html.startswith("<details><summary>") and "the answer" in shown.html and "the answer" in shown.text


def test_the_unit_bench_refuses_and_accepts():
    bench = explore.unit_bench()
    assert "Refused." in bench.get().text and "bare number" in bench.get().text
    assert "132.9 mg/dL" in bench.set("1.5 mmol/L", "triglycerides").text
    assert "Refused." in bench.set("1.5 mmHg").text and "Refused." in bench.set("1 g/L", "gold").text
    assert "right unit" in bench.set("160 g/L", "fibrinogen").text
    assert "&lt;script&gt;" in bench.set("<script>alert(1)</script>").html and "<script>" not in bench.get().html


def test_the_unit_bench_keeps_its_table_while_an_entry_waits_to_be_mended():
    bench = explore.unit_bench()
    field, list_ = bench._controls["text"], bench._controls["analyte"]
    assert field.value == "1.5" and bench._last.text.startswith("Refused. 1.5") and "Units of tri" in bench._last.text
    field.value = "1.5 mmol/L"
    accepted = bench._results[-1].shown["html"]
    assert "132.9 mg/dL" in accepted and not bench._last.text.startswith("Refused.")
    for typed in ("1.5", "<b>2</b>"):
        field.value = typed
        assert bench._results[-1].shown["html"] == accepted and field.value == typed
        assert bench.get().text.startswith(f"Refused. {typed[:1]}" if typed == "1.5" else "Refused. '<b>2")
        assert bench.get().text.endswith(bench.set("1.5 mmol/L").text)
    list_.value = "fibrinogen"  # which no mmol/L fits: it is told at the field
    assert "Refused." in bench.get().text and "132.9 mg/dL" in bench.get().text
    field.value = "2 g/L"
    assert "Accepted: 2 g/L of fibrinogen" in bench.get().text and "Refused." not in bench.get().text
    field.value = ""
    assert bench.get().text.startswith("Units of fibrinogen")


@pytest.fixture
def bench():
    return explore.what_if("mas_2016", REGIONAL, platelets=(0, 500, 250), fibrinogen=(0, 600, 400))


def test_what_if_starts_from_what_is_unknown(bench):
    assert bench.get() == {"platelets": None, "fibrinogen": None} and "UNDETERMINED" in bench._last.text
    assert "0 to 181 ×10⁹/L: met; 182 to 500 ×10⁹/L: undetermined" in bench._last.text


@pytest.mark.parametrize(
    "platelets, fibrinogen, word",
    [
        ("181 G/L", None, ": MET"),
        ("182 G/L", None, "UNDETERMINED"),
        ("182 G/L", "361 mg/dL", "NOT MET"),
        ("182 G/L", "3.6 g/L", ": MET"),
        (None, None, "UNDETERMINED"),
    ],
)
def test_what_if_follows_the_rule(bench, platelets, fibrinogen, word):
    assert word in bench.set(platelets=platelets, fibrinogen=fibrinogen).text


@pytest.mark.parametrize(
    "values, says",
    [
        ({"platelets": "200"}, "bare number"),
        ({"platelets": "900 G/L"}, "outside this explorer"),
        ({"ferritin": "1 µg/L"}, "not an unknown"),
        ({"platelets": 200}, "bare number"),
        ({"platelets": "-1 G/L"}, "negative"),
        ({"platelets": "100-300 G/L"}, "is a range"),
    ],
)
def test_what_if_refuses_nonsense_in_words(bench, values, says):
    before = bench.get()
    assert says in bench.set(**values).text and bench.get() == before


def test_what_if_never_rounds_a_value_over_a_cut_off(bench):
    assert "UNDETERMINED" in bench.set(platelets="181.4 G/L").text and "181.4" in bench._last.text


def test_a_refusal_changes_nothing(bench):
    assert "Refused" in bench.set(platelets="100 G/L", fibrinogen="nonsense").text
    assert bench.get() == {"platelets": None, "fibrinogen": None}


def test_an_address_opens_or_says_why_not():
    behind = explore.look_up(REGIONAL, "f09 ")
    assert "1,259" in behind._repr_mimebundle_()["text/plain"]
    for name in ("F29", "D14", "ravelli2016", "", None, 7):
        assert "does not open here" in behind.set(name).text and "1,259" not in behind._results[-1].shown["html"]
        assert explore.look_up(REGIONAL, name)._last.text == behind._last.text
    behind.children[0].children[0].value = " u02"  # typed, and Enter
    assert behind._last.text.startswith("What stands behind U02") and behind.get() == {"address": " u02"}
    assert behind.set("F09", moment="recovery").text.startswith("Refused.") and behind.get() == {"address": " u02"}


def test_names_stand_flush_left_and_numbers_right():
    html = page.table(pd.DataFrame({"A": ["x", "y"], "B": ["one", "two"], "C": ["1 U/L", "not reported"]}), "T").html
    assert html.count("text-align:left") == 1 + 2 + 4 and '<th scope="col">C' in html and "<td>1 U/L" in html


def test_what_if_moves_by_its_controls(bench):
    bench._controls["platelets known"].value = True
    platelets, fibrinogen = (bench._controls[n].field for n in ("platelets", "fibrinogen"))
    platelets.value = 100
    assert ": MET" in bench._last.text and not platelets.disabled and fibrinogen.disabled


def test_explorers_read_before_they_are_run(bench):
    for explorer in (bench, explore.unit_bench()):
        data = explorer._repr_mimebundle_()
        assert "first view" in data["text/plain"]
        assert "<table" in data["text/html"] or "Refused" in data["text/html"]


def test_what_if_takes_any_number_of_a_rule_and_refuses_others_in_words():
    bench = explore.what_if("hscore", ADMISSION, temperature=(35, 42, 38))
    assert (
        ": met." in bench.set(temperature="39.5 °C").text
        and "Varying highest body temperature alone" in bench._last.text
    )
    with pytest.raises(explore.UnitError, match="fever: no number that HScore asks for"):
        explore.what_if("hscore", ADMISSION, fever=(0, 1, 0))


BOOKS = {b.stem: nbformat.read(b, 4) for b in sorted(Path(__file__).resolve().parents[1].glob("notebooks/*.ipynb"))}
NO_TABLE = ("MAS-2016 at the regional hospital, for every platelet count",)  # its four words stand in the alt text too


@pytest.mark.parametrize("stem", BOOKS)
def test_a_stored_picture_is_told_in_words_and_has_a_table_beside_it(stem):
    code = [shown_html(c) for c in BOOKS[stem].cells if c.cell_type == "code"]
    for n, shown in enumerate(code):
        for alt in re.findall(r'<img[^>]*alt="([^"]*)"', shown):
            assert len(alt) >= 40
            assert "<table" in "".join(code[n : n + 2]) or alt.startswith(NO_TABLE), alt[:80]
