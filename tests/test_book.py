"""The book: every page is there, leads where it says, answers nothing, tells nothing early, says who vouches for it."""

import html
import json
import re
from urllib.parse import unquote

import nbformat
import pytest

from classroom.__main__ import MARKS, put_launch
from classroom.book import __main__ as command
from classroom.book import build
from classroom.hub import link
from classroom.kit import notebooks
from classroom.review import stamp
from tests import design
from utils.case import load_case
from utils.page import BANNER
from utils.quiz import items
from utils.tables import describe

STOPS = list(load_case().journey.itertuples())
WHY = items()["N3.2"]["options"][1]["why"]


def page_of(stop, live=None):
    stored = json.loads((build.ROOT / "notebooks" / stop.file).read_text(encoding="utf-8"))
    return nbformat.from_dict(build.page_of(stored, stop, live))


@pytest.fixture(scope="module")
def pages(bound):
    """Every page of the built book: name -> HTML."""
    return {
        p.relative_to(bound).as_posix(): p.read_text(encoding="utf-8")
        for p in bound.rglob("*.html")
        if p.parent.name != "_static"
    }


# ---- what a page holds ----------------------------------------------------------------------------------------------
@pytest.mark.slow
def test_every_notebook_is_a_page_with_each_question_its_options_and_where_to_answer(pages):
    for stop in STOPS:
        page = pages[f"notebooks/{stop.file.removesuffix('.ipynb')}.html"]
        stored = [
            c for c in notebooks.book(stop.notebook).cells if c.get("outputs") and not c.source.startswith("my_page(")
        ]
        assert page.count('class="cell_output docutils container"') == len(stored)  # each output, question or not
        assert page.count("<figure") == sum(notebooks.shown(c).count("<figure") for c in stored)
        asked = re.findall(r'<div class="question">(.*?)</div>', page, re.S)
        due = {name: i for name, i in items().items() if i["notebook"] == stop.notebook}
        found = {m[1]: q for q in asked if (m := re.search(r"<strong>([A-Z]\d\.\d+)\.", q))}
        assert [name for name in due if name not in found] == []
        for name, item in due.items():
            text = html.unescape(found[name])
            assert all(o["text"] in text for o in item["options"]) and 'href="../live.html"' in text, name


@pytest.mark.slow
def test_every_page_says_what_it_is_whose_the_case_is_and_of_which_state(pages):
    for name, page in pages.items():
        for words in (BANNER, "10.3389/fped.2020.635080", "CC BY 4.0", html.escape(stamp())):
            assert words in page, (name, words)


def dead_ends(pages):
    """Links within the book that lead to no page, or to no place on it."""
    for name, page in pages.items():
        for to in re.findall(r'<a [^>]*?href="([^"]*)"', page):
            if not re.match(r"https?:|mailto:", to):
                file, _, place = unquote(html.unescape(to)).partition("#")
                parts = [*name.split("/")[:-1], *file.split("/")] if file else name.split("/")
                while ".." in parts[1:]:
                    at = parts.index("..")
                    parts[at - 1 : at + 1] = []
                there = pages.get("/".join(parts))
                if there is None or place and f'id="{place}"' not in there:
                    yield f"{name} -> {to}"


@pytest.mark.slow
def test_every_link_of_the_book_leads_to_a_place(pages):
    assert list(dead_ends(pages)) == []
    spoilt = {**pages, "index.html": '<a href="none.html">x</a><a class="y" href="data.html#none">x</a>'}
    assert list(dead_ends(spoilt)) == ["index.html -> none.html", "index.html -> data.html#none"]


@pytest.mark.slow
def test_the_first_use_of_a_word_leads_to_the_glossary_and_only_the_first(pages):
    link = re.compile(r'class="[^"]*term-link[^"]*" href="\.\./glossary.html#([^"]+)"')
    links = {name: link.findall(page) for name, page in pages.items()}
    for number, entry in (("01", "HLH"), ("02", "ILAR"), ("04", "HScore"), ("05", "ECMO"), ("03", "MAS")):
        [page] = [n for n in pages if n.startswith(f"notebooks/{number}")]
        assert f"term-{entry}" in links[page], (number, entry)
    assert all(len(found) == len(set(found)) for found in links.values())
    assert not any(found for name, found in links.items() if not name.startswith("notebooks/"))


@pytest.mark.slow
def test_the_pages_for_reuse_hold_each_public_function_and_each_column(pages):
    for name in ("utils.case.load_case", "utils.units.quantity", "utils.rules.evaluate_table", "utils.pk.split_gain",
                 "utils.quiz.ask", "utils.explore.explorer", "utils.receipt.save_receipt"):  # fmt: skip
        assert f'id="{name}"' in pages["functions.html"]
    assert ">Type<" not in pages["functions.html"]  # Sphinx takes what stands before a colon for one
    assert str(build.ROOT) not in "".join(pages.values())  # nor where this machine keeps it
    for name, resource in describe().items():
        for field in resource.get("schema", {}).get("fields", ()):
            assert f">{field['name']}<" in pages["data.html"].partition(f'id="{name}"')[2], (name, field["name"])


@pytest.mark.parametrize("stop", STOPS, ids=lambda s: s.notebook)
def test_what_the_book_adds_to_a_page_tells_nothing_early(stop):
    page = design.book(stop.notebook)
    page.nb = page_of(stop, "live")
    assert list(design.has_no_spoiler(page)) == []


def test_an_address_leads_to_what_is_printed_there_as_far_as_the_moment():
    shown = design.shown(page_of(STOPS[3]))
    assert '<a href="#address-F29">F29</a>' in shown and 'id="address-F29"' in shown and "2,200 ug/L" in shown
    assert "closed at this moment" in build.addresses(["F45"], STOPS[3])


def test_with_live_pages_each_question_leads_to_its_live_twin():
    shown = "".join(map(notebooks.shown, page_of(STOPS[3], "live").cells))
    assert 'href="../live/lab/index.html?workspace=03&amp;path=03_flare_sepsis_or_mas.ipynb"' in shown
    assert "Run the notebook" not in shown and shown.count("Open this page live") > shown.count('class="question"') > 10


# ---- trust ----------------------------------------------------------------------------------------------------------
def test_a_review_counts_for_the_state_that_was_reviewed(tmp_path, monkeypatch):
    assert build.reviewers("03") == f"Clinical review of version {build.state('03')}: nobody yet."
    monkeypatch.setattr(build, "REVIEWS", tmp_path / "reviews.csv")
    rows = f"page,name,role,date,state\n03,A,doctor,2026-12-01,{build.state('03')}\n04,B,doctor,2026-12-01,{'0' * 12}\n"
    build.REVIEWS.write_text(rows, encoding="utf-8")
    assert build.reviewers("03").endswith(": A, doctor, 2026-12-01.")
    assert build.reviewers("04").endswith(": nobody yet; earlier, of version 000000000000: B, doctor, 2026-12-01.")
    assert "so far: 1 of 14" in build.reviewed()
    before = build.state("03"), build.state("04")
    changed = {**items(), "N3.2": {**items()["N3.2"], "best": "a"}}
    monkeypatch.setattr(build, "items", lambda: changed)
    assert build.state("03") != before[0] and build.state("04") == before[1]


def test_where_the_address_is_known_errors_are_reported_and_pages_opened_there(tmp_path, monkeypatch):
    readme, before = tmp_path / "README.md", (build.ROOT / "README.md").read_text(encoding="utf-8")
    for name in ("REPOSITORY", "SITE"):
        monkeypatch.setenv(f"MAS_CASEBOOK_{name}", "")
    readme.write_text(before, encoding="utf-8")
    put_launch(readme)
    assert link.published() == ("", "") and "\n".join(MARKS) in readme.read_text(encoding="utf-8")
    assert "issues/new" not in design.shown(page_of(STOPS[3]))
    monkeypatch.setenv("MAS_CASEBOOK_REPOSITORY", "https://git.example/us/book/")
    monkeypatch.setenv("MAS_CASEBOOK_SITE", "https://us.example")
    shown = html.unescape(design.shown(page_of(STOPS[3])))
    assert "https://git.example/us/book/issues/new?template=wrong-fact.yml&page=03" in shown
    assert "tree%2Fnotebooks%2F03_flare_sepsis_or_mas.ipynb" in shown
    put_launch(readme)
    assert "](https://us.example/live.html) or [on Binder](https://mybinder.org/v2/git/https%3A" in readme.read_text()
    monkeypatch.setenv("MAS_CASEBOOK_REPOSITORY", "ours")
    with pytest.raises(ValueError, match="'ours' is no web address"):
        link.published()


ROWS = ["3,A,doctor,2026-12-01,{0}", "99,A,doctor,2026-12-01,{0}", "03,A, B,doctor,2026-12-01,{0}",
        "03,A,doctor,1 May,{0}", "03;A;doctor;2026-12-01;{0}", "03,A,doctor,2026-12-01,x"]  # fmt: skip


@pytest.mark.parametrize("row", ROWS)
def test_a_review_that_would_not_count_is_refused(tmp_path, monkeypatch, row):
    monkeypatch.setattr(build, "REVIEWS", tmp_path / "reviews.csv")
    build.REVIEWS.write_text(f"page,name,role,date,state\n{row.format('0' * 12)}\n", encoding="utf-8")
    with pytest.raises(build.BookError, match="reviews.csv, row 2: give page, name, role, date, state, as in 03,"):
        build.reviewers("03")


# ---- what is refused ------------------------------------------------------------------------------------------------
@pytest.mark.slow
def test_a_book_with_a_warning_or_an_answer_is_not_built_and_the_old_one_stays(tmp_path, monkeypatch, capsys):
    out = tmp_path / "book"
    (out / "_static").mkdir(parents=True)
    (out / "_static" / "book.css").touch()
    whole = build.write

    def spoil(source, live, words):
        whole(source, live)
        for page in [*source.glob("notebooks/*"), *source.glob("[dfgs]*.md")]:
            page.unlink()
        (source / "reuse.md").write_text(f"# One\n\n{'' if words == 'Whole.' else WHY}", encoding="utf-8")
        (source / "index.md").write_text(f"# Book\n\n{words}\n\n```{{toctree}}\nreuse\nlive\n```", encoding="utf-8")

    monkeypatch.setattr("sys.argv", ["book", "--out", str(out)])
    two = ("reuse.html shows an answer to learners: N3.2, why b", "outside itself: <img")
    for words, faults in (("![x](https://x.example/a.png)", two), ("[x](y.md)", ["y.md"])):
        monkeypatch.setattr(build, "write", lambda source, live, words=words: spoil(source, live, words))
        said = command.main()
        assert [fault for fault in faults if fault not in said] == []
        assert [p.name for p in out.iterdir()] == ["_static"] and [*tmp_path.iterdir()] == [out]
    monkeypatch.setattr(build, "write", lambda source, live: spoil(source, live, "Whole."))
    assert command.main() == 0 and (out / "_static" / "book.css").stat().st_size and (out / "reuse.html").exists()


def test_nothing_but_a_book_is_replaced(tmp_path, monkeypatch):
    (tmp_path / "thesis.txt").touch()
    for mine in (tmp_path, tmp_path / "thesis.txt"):
        with pytest.raises(build.BookError, match="is no book built before: name a new folder"):
            build.ready(mine)
    monkeypatch.setattr(build, "TOOLS", tmp_path / "none")
    with pytest.raises(build.BookError, match="python lab.py book adds it"):
        build.ready(tmp_path / "new")
