"""The teacher's kit: nothing that answers reaches a learner, no key is missing, and no story is told too early."""

import base64
import html
import re
import shutil
import sys
import time
from unittest.mock import Mock

import pytest

from classroom import __main__ as command
from classroom import kit
from classroom.audit import KitError, gaps, given_away, leaks, outside, secrets
from classroom.kit import case, deck, handouts, notebooks, pages, plans, printing
from tests.decks import read_deck
from tests.design import told_early
from utils.case import load_case
from utils.chapters import patient
from utils.page import BANNER
from utils.quiz import items, prompts
from utils.receipt import version
from utils.rules import RULES, evaluate
from utils.units import show

pytestmark = pytest.mark.slow  # the kit is built, which is some seconds' work

CASE = load_case()
WHY = items()["N3.2"]["options"][1]["why"]


def read(folder, name):
    return (folder / name).read_text(encoding="utf-8")


def seen(page):
    """What a reader reads of a page."""
    page = re.sub(r"<(style|script)>.*?</\1>", " ", page, flags=re.S)
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


# ---- nothing leaks --------------------------------------------------------------------------------------------------
def test_every_answer_would_be_found_on_a_page():
    assert len(secrets()) > 3 * len(items())
    assert [name for name, text in secrets() if not given_away(f"<p>{html.escape(text)}</p>")] == []


ESCAPED = html.escape(WHY)
DRAWN = base64.b64encode(f"<svg><text>{ESCAPED}</text></svg>".encode()).decode()
LEAKS = [
    f"<p>{html.escape(' '.join(WHY.split()[:16]))}</p>",
    f"<p>{html.escape(WHY.upper()).replace(' ', chr(10))}</p>",
    "<p>" + "".join(f"&#{ord(c)};" for c in WHY) + "</p>",
    f"<p>{WHY.replace(' ', ' <b></b>')}</p>", f"<p>{WHY.replace('g', 'g<wbr>')}</p>",
    f'<p title="{ESCAPED}">?</p>', f"<!-- {WHY} -->", f'<img alt="" src="data:image/svg+xml;base64,{DRAWN}">',
    "<li>met [<b>best supported</b>]</li>", "<p>The best  supported\nanswer is b.</p>", '<li class="best">met</li>',
]  # fmt: skip
FETCHED = [
    '<script src="https://cdn.example/x.js"></script>', "<img src=picture.png alt=''>", "<script>fetch('/x')</script>",
    '<link rel="stylesheet" href="x.css">', "<style>@import 'x.css';</style>", "<iframe srcdoc='x'></iframe>",
    "<style>p { background: url( 'https://x.example/a.png'); }</style>",
]  # fmt: skip


@pytest.mark.parametrize("look, plant", [*((leaks, p) for p in LEAKS), *((outside, p) for p in FETCHED)])
def test_what_is_planted_on_a_page_is_found(tmp_path, look, plant):
    page = pages.page("Plain", '<p><img src="data:image/png;base64,AAAA" alt=""><a href="https://doi.org/x">x</a></p>')
    (tmp_path / "plain.html").write_text(page, encoding="utf-8")
    assert list(look(tmp_path)) == []
    (tmp_path / "plain.html").write_text(page.replace("</main>", f"{plant}</main>"), encoding="utf-8")
    found = list(look(tmp_path))
    assert found and all(line.startswith("plain.html") for line in found)


def test_a_deck_or_a_bank_among_the_learners_pages_is_found(tmp_path):
    for name in ("50_minutes.pptx", "questions_qti21.zip", "questions.gift"):
        (tmp_path / name).write_bytes(b"")
        assert [*leaks(tmp_path)] == [f"{name} is a file for teachers"]
        (tmp_path / name).unlink()


def test_a_kit_that_gives_an_answer_away_is_not_built(tmp_path, monkeypatch):
    whole, old = pages.page("One", "<p>One.</p>"), tmp_path / "kit" / "index.html"
    made = {"learner/one.html": whole.replace("One.", WHY), "instructor/one.html": whole}
    monkeypatch.setattr(kit, "everything", lambda link: made)
    monkeypatch.setattr(kit.plans, "fronts", lambda pages, link: {})
    for there in ([], [old]):  # the kit of last week stays
        with pytest.raises(KitError, match=r"(?s)- one.html shows an answer to learners: N3.2, why b.*- .* lacks N3.2"):
            kit.build(tmp_path / "kit", pdf=False, tell=lambda line: None)
        assert [p for p in tmp_path.rglob("*") if p.is_file()] == there
        old.parent.mkdir(exist_ok=True), old.write_text("the one of last week")


# ---- nothing is missing ---------------------------------------------------------------------------------------------
FLARE, GENE = "03_flare_sepsis_or_mas", "09_gene_return_guidance"
OMISSIONS = [  # page, what is taken out, what stands there instead, what is said then
    (FLARE, ESCAPED, "", "notebook 03 lacks N3.2, why b"),
    ("04_five_rulers", html.escape(prompts()["W4.1"]["exemplar"]), "", "notebook 04 lacks W4.1, exemplar"),
    (FLARE, html.escape(items()["N3.2"]["voices"]["data"]), "", "lacks N3.2, What the printed data support"),
    (GENE, "The best supported answer is b.", "The best supported answer is c.", "lacks the key of N8.3"),
    ("02_naming_it", "<strong>The best supported answer is b.</strong>", "", "notebook 02 lacks the key of"),
]
ALONE = "learner/handouts/06_ladder-new.html"


def test_whatever_is_missing_for_the_teacher_is_found(built, tmp_path):
    copy = shutil.copytree(built, tmp_path / "kit")
    for name, old, new, _ in OMISSIONS:
        page = copy / "instructor" / "notebooks" / f"{name}.html"
        text = page.read_text(encoding="utf-8")
        assert old in text
        page.write_text(text.replace(old, new), encoding="utf-8")
    (copy / ALONE).write_text("<p>☐ New.</p>", encoding="utf-8")
    found, says = (
        [*gaps(copy)],
        [*(s for *_, s in OMISSIONS), f"{ALONE} is filled in, and has no counterpart for the teacher"],
    )
    assert [s for s in says if not any(s in gap for gap in found)] == []


def test_the_teachers_pages_hold_every_key_sheet_and_what_to_say_to_each_answer(built):
    key = read(built, "instructor/answer_key.html")
    for name, item in items().items():
        row = seen(key.split(f'<th scope="row">{name}</th>')[1].split("</tr>")[0])
        best = next((o["text"] for o in item["options"] if o["key"] == item.get("best")), "none:")
        assert " ".join(best.split()) in row, name
    for number in notebooks.numbers():
        page = seen(read(built, f"instructor/facilitation/{notebooks.stem(number)}.html"))
        for item in notebooks.asked(number, "decision", "discussion", "error"):
            words = [item["stem"], *(o[k] for o in item["options"] for k in ("text", "why"))]
            words += [*item.get("voices", {}).values()]
            assert [w for w in words if " ".join(w.split()) not in page] == [], item["id"]
            assert item["kind"] != "decision" or "Counted A" in page
    page, key = seen(read(built, "instructor/notebooks/10_a_new_patient.html")), seen(key)
    converted = " ".join(patient.sheet("U9.1").converted("ferritin").split())
    assert converted in page and converted in key
    assert all(f"{moment}: what each rule set says" in key for moment in patient.SHEETS.values())


# ---- what every page says -------------------------------------------------------------------------------------------
def test_every_page_says_what_it_is_and_of_which_state(built):
    files = sorted(built.rglob("*.html"))
    assert len(files) > 4 * len(notebooks.numbers())
    for path in files:
        page = seen(path.read_text(encoding="utf-8"))
        for words in (BANNER, "10.3389/fped.2020.635080", "CC BY 4.0", version(), time.strftime("%Y-%m")):
            assert words in page, (path.name, words)
        assert ("The keys await review by clinicians" in page) == ("instructor" in path.parts), path.name


def test_no_sheet_tells_what_became_known_later_and_a_spoiler_is_found(built):
    journey = CASE.journey.set_index("notebook")["time_point"]
    moments = {f"handouts/{notebooks.stem(n)}": journey[n] for n in handouts.CORE}
    moments |= {
        "bench_sheet": "admission",
        "readiness": "regional_hospital",
        "cards": "",
        **dict.fromkeys(plans.sent(), ""),
    }
    moments |= {f"case/{stage}_{name}": moment for stage, (name, moment, _) in case.STAGES.items()}
    listed = {p.relative_to(built / "learner").with_suffix("").as_posix() for p in built.rglob("learner/**/*.html")}
    assert listed == set(moments)
    early = {name: told_early(seen(read(built, f"learner/{name}.html")), when) for name, when in moments.items()}
    assert not any(early.values()), early
    assert told_early(pages.page("Plain", ""), "") == []  # the frame of a page: the article's title would
    assert told_early(seen(pages.page("Plain", "Then came ECMO.")), "admission") == ["ECMO"]


# ---- sheets ---------------------------------------------------------------------------------------------------------
def test_the_ruler_sheet_holds_thresholds_and_given_values_and_no_verdict(built):
    blank, filled = (seen(read(built, f"{who}/bench_sheet.html")) for who in ("learner", "instructor"))
    for verdict in (evaluate(name, CASE.as_of("admission")) for name in handouts.RULERS):
        numbers = [row for row in RULES[verdict.rule].nodes().values() if row["kind"] == "number"]
        printed = [f"{show(row['threshold'])} {row['unit']}" for row in numbers] + [*verdict.items["as_given"]]
        assert [words for words in printed if words not in blank] == []
        assert str(verdict) in filled and str(verdict) not in blank
    assert "✔" not in blank and "✔" in filled and "HScore: met, score 190 to 302" in filled


def test_a_hand_out_has_a_strip_for_each_vote_and_a_blank_or_the_picture_of_its_notebook(built):
    for number in handouts.CORE:
        page, filled = (read(built, f"{w}/handouts/{notebooks.stem(number)}.html") for w in ("learner", "instructor"))
        strips = re.findall(r'<section class="strip">.*?</section>', page)
        for strip, item in zip(strips, notebooks.asked(number, "decision"), strict=True):
            assert item["id"] in strip and all(html.escape(o["text"]) in strip for o in item["options"])
            assert strip.count("☐") == 9 and "Vote 1" in strip and "Vote 2" in strip
        rest = page.rpartition("</section>")[2]
        assert len(strips) > 2 and notebooks.figure(number)[0] in filled
        assert rest.count('<td class="blank">') + rest.count("☐") > 3 or number in ("02", "03", "04")


# ---- the case on paper ----------------------------------------------------------------------------------------------
def test_a_page_of_the_case_holds_what_is_printed_of_its_moment_and_nothing_that_is_not(built):
    for stage, (name, moment, parts) in case.STAGES.items():
        page = seen(read(built, f"learner/case/{stage}_{name}.html"))
        sheet = CASE.as_of(moment).sheet()
        told = [str(given) in page for given in sheet["Printed"] if given.known]
        assert all(told) if "values" in parts else not any(told) or moment == "ecmo"
        assert page.count("not reported") == 1 and read(built, f"learner/case/{stage}_{name}.html").count('"ruled"') > 5
    assert "44,000 /mm³" in seen(read(built, "learner/case/3_admission_results.html"))
    assert "unremitting high-grade fever" in seen(read(built, "learner/case/2_admission_examination.html"))
    last = seen(read(built, "learner/case/5_day_4.html"))
    assert "subcutaneous anakinra 2 mg/kg/day" in last and "blood transfusions –" in last


# ---- plans ----------------------------------------------------------------------------------------------------------
HEADINGS = " ".join(c.source for n in notebooks.numbers() for c in notebooks.book(n).cells if c.cell_type == "markdown")


@pytest.mark.parametrize("plan", plans.plans(), ids=plans.name_of)
def test_a_plan_fills_its_time_and_names_only_what_there_is(built, plan):
    assert sum(row["minutes"] for row in plan["rows"]) == int(plan["name"].split()[0])
    assert {*plans.asked_in(plan)} <= {**items(), **prompts()}.keys()
    for way in plans.WAYS:
        page = seen(read(built, f"instructor/sessions/{plans.name_of(plan)}_{way}.html"))
        assert "No class has used this plan" in page and plan["leave"].strip() in page
        assert all((built / "learner" / f"{name}.html").exists() for name in plan["print"][way])
        assert {*plan["print"][way].values()} <= {*plans.COPIES}
        named = re.findall(r"\*([^*]+)\*", " ".join(row[way] for row in plan["rows"]))
        assert [words for words in named if f"# {words}" not in HEADINGS] == []
    said = " ".join([row["expect"] for row in plan["rows"] if "expect" in row])
    assert not re.search(r"[A-Z]\d\.\d", said)  # a guess stands in the row of its question, and nowhere else


@pytest.mark.parametrize(
    "old, new, said",
    [
        ("minutes: 6\n", "minutes: 7\n", "50 minutes: its rows take 51 minutes and not 50"),
        ("[frame]", "[fram]", "50 minutes: there is no slide 'fram' (The frame:"),
        ("case 1, case 2", "case 1, case 9", "there is no slide 'case 9'"),
        ("bench_sheet: team", "bench_sheet: everybody", "bench_sheet: everybody is no sheet for learner, pair, team"),
        ('read: ["00", "01"]', 'read: ["99"]', "there is no page 99"),
        ("      cards: Hold up", "      card: Hold up", "KeyError: 'cards'"),
        ("- name: 50 minutes", "- name: [50 minutes", "ScannerError|ParserError"),
    ],
)
def test_a_slip_in_the_plans_is_said_in_words(monkeypatch, old, new, said):
    assert old in (whole := pages.text("plans.yaml"))
    monkeypatch.setattr(plans, "text", lambda name: whole.replace(old, new, 1))
    with pytest.raises(KitError, match=rf"^classroom/kit/texts/plans.yaml: .*({said})".replace("(The", r"\(The")):
        plans.plans.__wrapped__()


def test_the_pages_of_a_plan_are_counted_and_the_link_stands_where_it_is_needed():
    plan, link = plans.plans()[0], "https://class.example/live"
    pages = {f"learner/{name}": 2 for name in plan["print"]["cards"]} | {"instructor/sessions/50_minutes_questions": 5}
    page = seen(plans.session(plan, "cards", pages, link))
    copies = [plans.COPIES[per] for per in plan["print"]["cards"].values()]
    assert f"For 30 students {5 + 2 * sum(copies)} pages in all" in page and link not in page
    for way in plans.WAYS:
        assert (link in plans.before(plan, way, link)) == (way == "laptops")
    assert link in plans.session(plan, "laptops", {}, link) and "? " in seen(plans.session(plan, "laptops", {}, link))
    assert "about 61 minutes" in plans.before(plan, "cards", "")  # 23 and 38
    assert "about 0" not in plans.before(plans.plans()[1], "laptops", "")


def test_every_link_of_the_front_page_leads_to_a_file_and_nothing_of_the_kit_is_left_out(built):
    page = (built / "index.html").read_text(encoding="utf-8")
    links = {link for link in re.findall(r'href="([^"]+)"', page) if not link.startswith("https:")}
    assert [link for link in links if not (built / link).exists()] == []
    there = {p.relative_to(built).as_posix() for p in built.rglob("*.*")} - {"index.html"}
    assert there - links == set()


def test_a_question_of_a_plan_has_its_answers_on_one_page(built):
    for plan in plans.plans():
        page = seen(read(built, f"instructor/sessions/{plans.name_of(plan)}_questions.html"))
        named = [{**items(), **prompts()}[name] for name in plans.asked_in(plan)]
        words = [x["exemplar"] if "exemplar" in x else x["options"][0]["why"] for x in named]
        assert len(words) > 6 and all(" ".join(w.split()) in page for w in words)


# ---- slides ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("plan", plans.plans(), ids=plans.name_of)
def test_a_deck_follows_its_plan_and_answers_only_after_the_question(built, plan):
    shown = read_deck((built / "instructor" / "slides" / f"{plans.name_of(plan)}.pptx").read_bytes())
    asked, titles = [name for name in plans.asked_in(plan) if name in items()], [slide.title for slide in shown]
    assert [title for title in titles if title in asked] == asked
    for name in asked:
        at, item = titles.index(name), items()[name]
        question, answers = shown[at], " ".join(shown[at + 1].words)
        assert all(o["text"] in " ".join(question.words) for o in item["options"]) and "✔" not in " ".join(
            question.words
        )
        assert titles[at + 1].startswith(name) and all(o["why"] in answers for o in item["options"])
        assert re.findall(r"✔ (\w)", answers) == ([item["best"].upper()] if item["best"] else [])
        assert all(words in " ".join(shown[at + 2].words) for words in item.get("voices", {}).values())
        told = [" ".join(slide.words) for slide in shown[: at + 1]]
        assert not any(o["why"] in words for o in item["options"] for words in told)


def test_slides_are_read_from_the_last_row_and_say_what_they_are(built):
    shown = read_deck((built / "instructor" / "slides" / "everything.pptx").read_bytes())
    for slide in shown:
        foot = next(words for words in slide.words if BANNER in words)
        assert "10.3389/fped.2020.635080" in foot and version() in foot and slide.ends < 1, slide.title
        assert sorted(slide.sizes)[0] == 10 and sorted(slide.sizes)[1] >= 16, slide.title  # the foot is for the file
        assert slide.notes.strip(), slide.title
    drawn = [number for number in notebooks.numbers() if notebooks.figure(number)[0]]
    home = [[s for s in shown if s.title.startswith(f"{notebooks.title(n)}: the picture")] for n in drawn]
    assert all(home) and sum(bool(slide.pictures) for slides in home for slide in slides) > 5
    for number, slides in zip(drawn, home, strict=True):
        figure = notebooks.figure(number)[0]
        found = deck.DRAWN.search(figure)
        assert (
            bool(found) == any(slide.pictures for slide in slides)
            and notebooks.figure(number)[1].split()[0] in slides[0].notes
        )
        if found:
            wide, _ = deck.BOX.search(svg := base64.b64decode(found[1]).decode()).groups()
            scale = min(picture.width.pt for slide in slides for picture in slide.pictures) / float(wide)
            assert scale * min(map(float, deck.LETTERS.findall(svg))) >= deck.LEAST, number
            assert all(picture._element.nvPicPr.cNvPr.get("descr") for slide in slides for picture in slide.pictures)
        else:
            rows = [words for slide in slides for words in slide.words]
            assert [cell for row in deck.cells(figure) for cell in row if cell not in rows] == []


def test_a_tall_picture_is_cut_between_its_groups_and_a_small_one_is_not():
    line = '<path d="M 1 {y} \nL 9 {y} \n" style="fill: none; stroke: #dfe5ea"/>'
    svg = '<svg viewBox="0 0 600 {high}"><g style="font-size: 9px"/>' + "".join(line.format(y=y) for y in (20, 90, 240))
    assert deck.parts(svg.format(high=200)) == ([(0, 200)], 0)
    assert deck.parts(svg.format(high=420)) == ([(0, 240), (240, 420)], 20)


def test_without_the_library_a_sentence_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pptx", None)
    with pytest.raises(KitError, match="python lab.py classroom adds it"):
        deck.Deck("x")


# ---- the command ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("browser", [None, "no-browser"])
def test_without_a_browser_that_prints_the_pages_are_built_and_one_line_says_so(tmp_path, monkeypatch, browser):
    steps = []
    monkeypatch.setattr(kit, "everything", lambda link: {"learner/one.html": pages.page("One", "<p>One.</p>")})
    monkeypatch.setattr(kit.plans, "fronts", lambda pages, link: {})
    monkeypatch.setattr(kit, "check", lambda folder: None)
    monkeypatch.setattr(printing.shutil, "which", lambda name: browser and str(tmp_path / browser))
    monkeypatch.setattr(kit.book, "build", lambda folder, tell: None)
    kit.build(tmp_path / "kit", tell=steps.append)
    assert (tmp_path / "kit" / "learner" / "one.html").exists() and "\n" not in steps[-1]
    assert steps[-1].startswith("PDFs are missing (") if browser else steps[-1] == printing.HOW
    monkeypatch.setitem(sys.modules, "playwright.sync_api", None)
    assert printing.browser_here() is None and "--pdf" in printing.HOW


def test_a_link_is_a_web_address(capsys):
    with pytest.raises(SystemExit):
        command.main(["--link", "our page"])
    assert "--link: invalid address value: 'our page'" in capsys.readouterr().err


def test_the_command_tells_a_fault_in_words(monkeypatch, capsys):
    monkeypatch.setattr(command, "build", Mock())
    monkeypatch.setattr(command.kit, "build", Mock(side_effect=KitError("a line")))
    assert command.main([]) == "a line" and "build/kit" not in capsys.readouterr().out
