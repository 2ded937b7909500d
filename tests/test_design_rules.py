"""The design rules R1 to R15, as far as a program can check them; each checker must find the faults planted for it.

Held elsewhere: three options, each with 15 words and something it rests on, no best answer of a discussion, a date
for later guidance (test_a_faulty_question_is_named); that the addresses exist
(test_every_question_rests_on_something_that_exists);
R1 for questions (test_a_reveal_before_the_commit_gives_nothing_away, test_a_card_holds_no_answer_and_selects_nothing);
questions asked once (test_every_question_of_a_notebook_is_asked_in_it_and_no_answer_is_stored); number and descriptions
of pictures (test_the_stored_notebook_is_whole_and_clean); R13 and the counting of R10
(test_progress_counts_and_never_scores_confidence_or_discussion). R5, R12 and the misconceptions that nobody uses are in
test_design_data. R15, voting twice, has no code to check yet.
"""

import copy
import re
from collections import Counter, namedtuple
from functools import cache
from types import SimpleNamespace

import nbformat
import pytest

from tests.test_notebooks import BOOKS, LATER, shown
from utils.case import load_case, references
from utils.forms import Form, prompts
from utils.quiz import UNSCORED, items
from utils.rules import RULES
from utils.units import variables

CASE = load_case()
STOPS = CASE.journey.set_index("notebook")
ORDER = dict(zip(CASE.time_points["time_point"], CASE.time_points["order"], strict=True))
SET_OF = {rule.about["source"]: name for name, rule in RULES.items()}  # a work -> the rule set that it published
FILES = {p.name[:2]: p for p in BOOKS}
CORE = [n for n in FILES if STOPS.at[n, "part"] not in ("before you begin", "transfer")]
BIASES = r"anchoring|premature closure|availability (?:bias|heuristic)|(?:confirmation|cognitive) bias"
EVERYDAY = set(  # long words of later labels that tell nothing of this child
    "admission analysis arterial bilateral clinical congress conventional corticosteroid degradation discharge "
    "gradually improvement involvement laboratory mechanical medication product reported suspicion "
    "tapering treatment".split()
)
Step = namedtuple("Step", "kind what section")


@cache
def stored(number):
    return nbformat.read(FILES[number], 4)


def book(number):
    """A stored notebook with its questions and prompts: a copy, which may be spoiled."""
    asked, told = ({k: x for k, x in of.items() if x["notebook"] == number} for of in (items(), prompts()))
    return copy.deepcopy(SimpleNamespace(number=number, nb=stored(number), items=asked, prompts=told))


def moment(b):
    """What may be known: in 00 what can be looked up there, and after the story everything."""
    return STOPS.at[b.number, "time_point"] or ("regional_hospital" if b.number == "00" else "discussion")


def prose(b):
    return "\n".join(c.source for c in b.nb.cells if c.cell_type == "markdown") + "\n"


def walk(b):
    """What a reader meets in order: a heading, a card (ask, write, rank) with its id, or the HTML of another output."""
    section = ""
    for cell in b.nb.cells:
        if cell.cell_type == "markdown":
            for section in re.findall(r"(?m)^## (.+)", cell.source):
                yield Step("heading", section, section)
        elif cards := re.findall(r'(?m)^(ask|write|rank)\("([^"]+)"\)$', cell.source):
            yield from (Step(kind, name, section) for kind, name in cards)
        elif cell.outputs:
            yield Step("output", "".join(o.get("data", {}).get("text/html", "") for o in cell.outputs), section)


def cards(b, section):
    return [s.what for s in walk(b) if s.section == section and s.kind not in ("heading", "output")]


def of_kind(b, kind):
    return [i for i in b.items.values() if i["kind"] == kind]


def right(item):
    return next(o for o in item["options"] if o["key"] == item["best"])


def size(text):
    return len(text.split())


def which(*pairs):
    return [words for wrong, words in pairs if wrong]


# ---- in every notebook ----------------------------------------------------------------------------------------------
def keeps_back(b, page=None):
    """R1: what follows a commit does not stand on the stored page, nor in what a card sends to it."""
    kept = [(k, words) for k, i in b.items.items() for words in i.get("voices", {}).values()]
    kept += [(k, words) for k, p in b.prompts.items() for words in (p.get("exemplar"), *p.get("look_for", [])) if words]
    page = shown(b.nb) if page is None else page
    return [f"{k} gives away before the commit: {words[:40]}" for k, words in kept if words[:40] in page]


@cache
def opened(when):
    """Addresses that open at a moment."""
    view = CASE.as_of(when)
    facts = set().union(*(t["fact"] for t in view.tables.values() if "fact" in t))
    return facts | set(view.discrepancies["id"])


def rests_on_what_was_known(b):  # R2
    told = {k: p for k, p in b.prompts.items() if "exemplar" in p or "look_for" in p}
    rests = [(k, r) for k, i in b.items.items() for o in i["options"] for r in o["rests_on"]]
    for name, basis in rests + [(k, r) for k, p in told.items() for r in p.get("rests_on", ["nothing"])]:
        if re.fullmatch(r"[FUPD]\d+", basis):
            if basis not in opened(moment(b)):
                yield f"{name} rests on {basis}, which is not open at {moment(b)}: name what was known then"
        elif basis not in {*references(), "arithmetic"}:
            yield f"{name} rests on {basis}: name facts, or a work of references.json"


def label_words(tables):
    labels = " ".join(x for t in tables for x in t.get("label", t.get("variable")).replace(variables()["label"]))
    return {re.sub("(?<![ius])s$", "", w) for w in re.findall("[a-z]{8,}", labels.lower())}


@cache
def later_words(when):
    """The words of test_notebooks, and each long word of a later label that no label known by then has."""
    tables = [CASE.tables[n] for n in ("findings", "treatments", "events", "observations")]
    after = [t[(t["status"] == "reported") & (t["time_point"].map(ORDER) > ORDER[when])] for t in tables]
    known = [t[t["time_point"].map(ORDER) <= ORDER[when]] for t in tables] + [CASE.rules]
    by_hand = {w for t, words in LATER.items() if ORDER[t] > ORDER[when] for w in words}
    return sorted(by_hand | (label_words(after) - label_words(known) - EVERYDAY))


def has_no_spoiler(b):
    page = re.sub(r"(?m)^\| ANA \|.*$", "", shown(b.nb))  # a short form that the glossary of 00 has to explain
    for where, text in {"the page": page, **b.items, **b.prompts}.items():
        for word in later_words(moment(b)):
            if re.search(rf"\b{word}", str(text), re.IGNORECASE if word.islower() else 0):
                yield f"{where} has '{word}', which is known only after {moment(b)}"


def lists_no_biases(b):  # R8: the look-alike and what separates it teach more than a name
    text = shown(b.nb) + str(b.items) + str(b.prompts)
    return [f"'{w}': say instead what fools people here" for w in re.findall(BIASES, text, re.IGNORECASE)]


def has_a_table_beside_a_picture(b):  # R14; beside: in the output itself, or just before or after it in the section
    put_out = [s for s in walk(b) if s.kind == "output"]
    for n, s in enumerate(put_out):
        beside = "".join(x.what for x in put_out[max(0, n - 1) : n + 2] if x.section == s.section)
        if "<img" in s.what and "<table" not in beside:
            yield f"a picture under '{s.section}' has no table in its output or next to it"
    if re.search(r"!\[|<img", prose(b)):
        yield "an image in the prose: figures are drawn from the case, and decoration is left out"


def leads_on(b):
    following = [f"**{n} {STOPS.at[n, 'title']}**" for n in STOPS.index if n > b.number][:1]
    return which(
        *((x not in prose(b).partition("## Next\n")[2], f"'## Next' does not name {x}") for x in following),
        (not re.search(r"(?m)^(## References$|\*\*References)", prose(b)), "there are no references"),
        (b.number in CORE and "## What is still unknown\n" not in prose(b), "there is no '## What is still unknown'"),
    )


def shows_each_prompt_once(b):  # an id that stands twice is refused by utils.forms.prompts
    there = Counter(s[:2] for s in walk(b) if s.kind in ("write", "rank"))
    due = {("write" if p["kind"] == "text" else "rank", k) for k, p in b.prompts.items()}
    yield from (f'{kind}("{k}") stands {there[kind, k]} times; once is due' for kind, k in due if there[kind, k] != 1)
    yield from (f'{kind}("{k}"): this notebook has no such prompt' for kind, k in there.keys() - due)
    for k, p in b.prompts.items():
        if (n := size(p.get("exemplar", ""))) > p.get("words", n):
            yield f"{k}: the exemplar has {n} words and asks others for at most {p['words']}"


# ---- in every core notebook -----------------------------------------------------------------------------------------
def fades(b):
    """R3: worked, then half worked, then open."""
    at = {s[:2]: n for n, s in reversed(list(enumerate(walk(b))))}
    worked = [n for (kind, what), n in at.items() if kind == "heading" and what.startswith("Worked example")]
    half = [at.get(("ask", i["id"]), -1) for i in of_kind(b, "completion")]
    if len(half) != 1 or not worked:
        yield f"{len(worked)} '## Worked example' and {len(half)} completion items: one or more, and just one, are due"
    elif half[0] < min(worked):
        yield "the completion item stands before the worked example"
    for i in of_kind(b, "decision"):
        if i.get("best") and at.get(("ask", i["id"]), -1) < max(half, default=-1):
            yield f"{i['id']} stands before the completion item; only an item with 'open' may"


def has_one_error(b):  # R4
    errors, there = of_kind(b, "error"), cards(b, "Spot the error")
    alone = len(there) == 1 and there == [i["id"] for i in errors]
    yield from which((not alone, f"'## Spot the error' holds {there}: the one item of kind error is due, and alone"))
    yield from (f"{i['id']}: explain the error in 40 words or more" for i in errors if size(right(i)["why"]) < 40)


def keeps_to_few_rule_sets(b):
    """R6: 02 and 03 teach two sets each, and their erroneous example may borrow a line of one more; 04 mixes four."""
    sets = {k: {SET_OF[r] for o in i["options"] for r in o["rests_on"] if r in SET_OF} for k, i in b.items.items()}
    borrowed = set().union(*(sets[i["id"]] for i in of_kind(b, "error")))
    taught = set().union(*(s for k, s in sets.items() if b.items[k]["kind"] != "error"))
    many = b.number in ("02", "03") and (len(taught) > 2 or len(borrowed) > 1)
    return which(
        (many, f"the questions rest on {sorted(taught | borrowed)}: too many sets while each is new"),
        (b.number in ("04", "09") and len(taught) < 4, f"the questions compare {len(taught)} rule sets; 4 are due"),
    )


def has_a_form(b):  # R7
    name = f"F{int(b.number)}.1"
    fields = b.prompts.get(name, {}).get("fields", {})
    wrong = list(fields) != ["for", "against", "missing"] or not all(map(str.strip, fields.values()))
    return which(
        (wrong, f"{name} needs the fields for, against and missing, each with a label"),
        (("write", name) not in [s[:2] for s in walk(b)], f'the form is not on the page: write("{name}")'),
        (not any(c.source == f'notes("{b.number}")' for c in b.nb.cells), "show what was written: notes(...)"),
    )


def has_one_prebunk(b):
    """R8: one card that names a rival and what separates it."""
    head = "> ## The look-alike that fools people here\n"
    quotes = [c.source for c in b.nb.cells if c.cell_type == "markdown" and head in c.source + "\n"]
    if len(quotes) != 1 or not all(line.startswith(">") for line in quotes[0].splitlines()):
        return [f"one block quote is due that begins: {head}"]
    paragraphs = re.sub("(?m)^> ?", "", quotes[0]).split("\n\n")[1:]
    leads = [re.fullmatch(r"(?s)\*\*([^*]+)\*\*(.+)", p.strip()) for p in paragraphs]
    well = len(leads) == 2 and all(leads) and leads[1][1].startswith("What ") and quotes[0].count("**") == 4
    short = well and min(size(lead[2]) for lead in leads) < 12
    return which(
        (not well, "the card has two paragraphs with bold leads: **the rival**, and **What helps to tell them apart**"),
        (short, "each lead of the card needs at least 12 words after it"),
    )


def opens_with_retrieval(b):  # R9
    first = next(s.what for s in walk(b) if s.kind == "heading")
    due, stops = [i["id"] for i in of_kind(b, "retrieval")], list(STOPS.index)
    earlier = stops[: stops.index(b.number)]
    yield from which((len(due) != 2 or cards(b, first) != due, f"before the story, just two retrieval items: {due}"))
    yield from (f"{i['id']} is from no earlier notebook" for i in of_kind(b, "retrieval") if i["origin"] not in earlier)


def discusses_without_a_key(b):  # R10
    talk = of_kind(b, "discussion")
    yield from which((len(talk) != 1, f"{len(talk)} discussion items; one is due"))
    for i in talk:
        asked = [o["text"] for o in i["options"]] == ["less likely", "about as likely", "more likely"]
        yield from which(
            ("never scored" not in i["stem"], f"{i['id']}: its stem has to say 'never scored'"),
            (not asked, f"{i['id']} asks: less likely, about as likely, or more likely?"),
        )


def keeps_the_voices_apart(b):
    for i in (i for i in of_kind(b, "decision") if i.get("best")):
        if not {"authors", "data"} <= i.get("voices", {}).keys():
            yield f"{i['id']}: the voices authors and data are both due"


def has_honest_options(b):
    """R11: a wrong option is a thought that people have, and neither letter nor length tells which is right."""
    for i in (i for i in of_kind(b, "decision") if i.get("best")):
        for o in i["options"]:
            known = o.get("misconception") in set(CASE.misconceptions["misconception"])
            if known == (o["key"] == i["best"]):
                yield f"{i['id']}, option {o['key']}: a wrong one needs a misconception of the list, the right one none"
    scored = [i for i in b.items.values() if i.get("best") and i["kind"] not in UNSCORED]
    letters = Counter(i["best"] for i in scored)
    longest = [all(len(o["text"]) < len(right(i)["text"]) for o in i["options"] if o is not right(i)) for i in scored]
    yield from which(
        (
            max(letters.values()) > len(scored) / 2,
            f"right letters {dict(letters)}: none in more than half of the items",
        ),
        (sum(longest) > 0.6 * len(scored), f"the right option is the longest in {sum(longest)} of {len(scored)} items"),
    )


def has_a_picture_to_take_home(b):
    home = "".join(s.what for s in walk(b) if s.section == "The picture to take home")
    return which(("<img" not in home, "there is no figure under '## The picture to take home'"))


# ---- in the notebook of the new patient -----------------------------------------------------------------------------
def leaves_the_work_to_the_learner(b):  # R3: nothing is worked here, and every question is open
    worked = [s.what for s in walk(b) if s.kind == "heading" and "orked example" in s.what]
    yield from which((worked, f"'{worked and worked[0]}': there is no worked example here"))
    yield from (f"{i['id']}: its level is open" for i in b.items.values() if i.get("level") != "open")


EVERYWHERE = [keeps_back, rests_on_what_was_known, has_no_spoiler, lists_no_biases, has_a_table_beside_a_picture]
EVERYWHERE += [leads_on, shows_each_prompt_once]
IN_CORE = [fades, has_one_error, keeps_to_few_rule_sets, has_a_form, has_one_prebunk, opens_with_retrieval]
IN_CORE += [discusses_without_a_key, keeps_the_voices_apart, has_honest_options, has_a_picture_to_take_home]
IN_TRANSFER = [leaves_the_work_to_the_learner, keeps_to_few_rule_sets, has_honest_options]


@pytest.mark.parametrize("number", FILES)
def test_a_notebook_keeps_the_rules(number):
    rules = EVERYWHERE + (IN_CORE if number in CORE else IN_TRANSFER if STOPS.at[number, "part"] == "transfer" else [])
    assert [f"{number}: {complaint}" for rule in rules for complaint in rule(book(number))] == []


# ---- the faults that must be found, planted in 04 -------------------------------------------------------------------
def swap(old, new):
    return lambda b: [c.update(source=c.source.replace(old, new)) for c in b.nb.cells]


def add(words):
    return lambda b: b.nb.cells[1].update(source=f"{b.nb.cells[1].source}\n{words}\n")


def put(name, key=None, **more):
    """Another value in a question or prompt or, with a key, in one of its options."""

    def spoil(b):
        entry = {**b.items, **b.prompts}[name]
        (entry["options"]["abc".index(key)] if key else entry).update(more)

    return spoil


def each(change):
    return lambda b: [change(i) for i in b.items.values() if i.get("best")]


def without_tables(b):
    for data in (o["data"] for c in b.nb.cells for o in c.get("outputs", []) if "data" in o):
        data["text/html"] = data.get("text/html", "").replace("<table", "<div")


def b_card(b):
    """The words after the second lead of the card."""
    card = next(c.source for c in b.nb.cells if "> ## The look" in c.source)
    return re.search(r"(?s)What helps to tell them apart:\*\* (.+?)$", card)[1]


FAULTS = [
    (keeps_back, add(prompts()["W4.1"]["exemplar"]), "W4.1 gives away"),
    (keeps_back, add(items()["N4.1"]["voices"]["data"]), "N4.1 gives away"),
    (rests_on_what_was_known, put("N4.1", "a", rests_on=["F45"]), "N4.1 rests on F45, which is not open at admission"),
    (rests_on_what_was_known, put("W4.1", rests_on=["D18"]), "W4.1 rests on D18"),
    (rests_on_what_was_known, lambda b: b.prompts["W4.1"].pop("rests_on"), "W4.1 rests on nothing"),
    (has_no_spoiler, put("N4.2", stem="Before the transfusions, which verdict?"), "N4.2 has 'transfusion'"),
    (has_no_spoiler, put("F4.1", look_for=["he needed ECMO"]), "F4.1 has 'ECMO'"),
    (has_no_spoiler, add("Anakinra was given."), "the page has 'anakinra'"),
    (lists_no_biases, add("Beware of anchoring."), "'anchoring'"),
    (has_a_table_beside_a_picture, without_tables, "has no table"),
    (has_a_table_beside_a_picture, add("![a child in a bed](child.png)"), "an image in the prose"),
    (leads_on, swap("05 The ladder", "05"), "does not name **05 The ladder**"),
    (leads_on, swap("## References", "## Works"), "no references"),
    (leads_on, swap("## What is still unknown", "## Unknown"), "no '## What is still unknown'"),
    (shows_each_prompt_once, swap('write("W4.1")', "progress()"), 'write("W4.1") stands 0 times'),
    (shows_each_prompt_once, swap('write("W4.1")', 'write("F4.1")'), 'write("F4.1") stands 2 times'),
    (shows_each_prompt_once, swap('write("W4.1")', 'write("W4.2")'), 'write("W4.2"): this notebook has no such'),
    (shows_each_prompt_once, put("W4.1", words=45), "the exemplar has 46 words"),
    (fades, swap("## Worked example", "## An example"), "0 '## Worked example'"),
    (fades, put("K4.1", kind="completion"), "2 completion items"),
    (fades, swap('ask("R4.1")', 'ask("C4.1")'), "stands before the worked example"),
    (fades, swap('ask("R4.1")', 'ask("N4.1")'), "N4.1 stands before the completion item"),
    (has_one_error, put("K4.1", kind="error"), "the one item of kind error"),
    (has_one_error, swap("## For discussion", "### For discussion"), "holds ['E4.1', 'S4.1', 'F4.1']"),
    (has_one_error, put("E4.1", "a", why="It was invented."), "E4.1: explain the error"),
    (keeps_to_few_rule_sets, lambda b: setattr(b, "number", "02"), "too many sets"),
    (
        keeps_to_few_rule_sets,
        lambda b: [b.items.pop(k) for k in list(b.items) if k not in ("N4.2", "N4.4")],
        "compare 2",
    ),
    (has_a_form, put("F4.1", fields={"for": "For", "against": "Against"}), "fields for, against and missing"),
    (has_a_form, put("F4.1", fields={"for": "For", "against": " ", "missing": "Missing"}), "each with a label"),
    (has_a_form, swap('write("F4.1")', "take_a_sheet_of_paper()"), "form is not on the page"),
    (has_a_form, swap('notes("04")', "progress()"), "show what was written"),
    (has_one_prebunk, swap("> ## The look-alike", "> ## A look-alike"), "one block quote is due"),
    (has_one_prebunk, add("> ## The look-alike that fools people here"), "one block quote is due"),
    (has_one_prebunk, swap("**What helps to tell them apart:**", "**Remember:**"), "**What helps to tell them apart**"),
    (has_one_prebunk, lambda b: swap(b_card(b), "Look.")(b), "at least 12 words"),
    (opens_with_retrieval, swap('ask("R4.1")', 'ask("K4.1")'), "just two retrieval items: ['R4.1', 'R4.2']"),
    (opens_with_retrieval, put("R4.1", origin="04"), "R4.1 is from no earlier notebook"),
    (discusses_without_a_key, put("S4.1", kind="check"), "0 discussion items"),
    (discusses_without_a_key, put("S4.1", stem="You learn something."), "'never scored'"),
    (discusses_without_a_key, put("S4.1", "b", text="hard to tell"), "about as likely"),
    (has_honest_options, put("N4.1", "b", misconception="M99"), "N4.1, option b"),
    (has_honest_options, put("N4.1", "a", misconception="M8"), "the right one none"),
    (keeps_the_voices_apart, put("N4.1", voices={"data": "…"}), "authors and data are both due"),
    (has_honest_options, each(lambda i: i.update(best="b")), "right letters {'b': 12}"),
    (has_honest_options, each(lambda i: right(i).update(text="x" * 99)), "the longest in 12 of 12"),
    (has_a_picture_to_take_home, swap("## The picture to take home", "## The end"), "no figure"),
]


@pytest.mark.parametrize("rule, spoil, says", FAULTS, ids=lambda x: getattr(x, "__name__", x))
def test_each_fault_is_found(rule, spoil, says):
    b = book("04")
    assert list(rule(b)) == []
    spoil(b)
    assert any(says in complaint for complaint in rule(b)), list(rule(b))


@pytest.mark.parametrize(
    "spoil, says",
    [
        (lambda b: b.nb.cells[1].update(source="## Worked example: T0"), "no worked example"),
        (put("C9.3", level="completion"), "C9.3: its level is open"),
    ],
)
def test_help_on_the_last_page_is_found(spoil, says):
    b = book("09")
    assert list(leaves_the_work_to_the_learner(b)) == []
    spoil(b)
    assert any(says in complaint for complaint in leaves_the_work_to_the_learner(b))


def test_every_checker_is_tried():
    assert {rule for rule, *_ in FAULTS} | {leaves_the_work_to_the_learner} == {*EVERYWHERE, *IN_CORE, *IN_TRANSFER}


# ---- what is not on one page ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("number", FILES)
def test_a_form_holds_nothing_that_follows_the_commit(record, number):  # R1
    b = book(number)
    for form in map(Form, b.prompts.values()):
        sent = str(form.get_state(["item", "committed", "feedback", "given"])) + str(form._repr_mimebundle_()[0])
        assert form.item["stem"][:20] in sent and keeps_back(b, sent) == []
