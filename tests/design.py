"""What a page and its questions must have: the design rules R1 to R14, as far as a program can check them.

``python lab.py rebuild`` says where one is broken. Each checker takes a book (`book`) and yields sentences. What a page
owes depends on its `part` in ``journey.csv``: a short page, whose part is ``optional``, owes only what stands in
`EVERYWHERE`; so do the pages before and after the story, and each of the others owes `IN_CORE` as well.
"""

import copy
import json
import re
from collections import Counter, namedtuple
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import nbformat

from classroom.kit.notebooks import aims
from classroom.kit.notebooks import shown as shown_html
from utils.case import load_case, references
from utils.quiz import UNSCORED, items, prompts
from utils.rules import RULES
from utils.units import variables

ROOT = Path(__file__).resolve().parent.parent
BOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MACHINE = re.compile(r"/(?:home|root|tmp|work|Users|opt|var)/|[A-Z]:\\\\|file://")
VIEW = "application/vnd.jupyter.widget-view+json"
PICTURE_CUT = r'base64,(?!([\w+/]{4})+([\w+/]{2}==|[\w+/]{3}=)?")'
WORDS = re.compile(r"[A-Za-z][A-Za-z'’-]+")
# Words of what became known after a notebook's moment; none may stand on its page. (The glossary of 00 explains ANA.)
LATER = {
    "picu": ["leak", "myocarditis", "immunoglobulin", "hypotension"],
    "ecmo": ["ECMO", "arrest", "resuscitation"],
    "recovery": ["neutropenia", "PRF1", "A91V"],
    "follow_up": ["canakinumab", "remission"],
}


def outputs(nb):
    return [o for c in nb.cells for o in c.get("outputs", [])]


def shown(nb):
    """Everything a reader can read: prose, and the text of every output."""
    text = [str(v) for o in outputs(nb) for v in (*o.get("data", {}).values(), o.get("text", ""))]
    return "\n".join([markdown(nb), *(re.sub(r"base64,[A-Za-z0-9+/=]+", "", t) for t in text)])


def markdown(nb):
    return "\n".join(c.source for c in nb.cells if c.cell_type == "markdown") + "\n"


def plain(nb, *more):
    """The prose without code, tags and addresses, and without whatever else is named."""
    return re.sub("|".join([r"```.*?```|<[^>]+>|https?://\S+", *more]), " ", markdown(nb), flags=re.S)


def prose_words(nb):
    """How many words of prose there are, without code, tags and the targets of links."""
    return len(WORDS.findall(plain(nb, r"\(#?[^)\s]*\)")))


def which(*pairs):
    return [words for wrong, words in pairs if wrong]


def faults(nb):
    """What is wrong with a stored notebook, in words that tell how to mend it."""
    code = [c for c in nb.cells if c.cell_type == "code"]
    yield from (words for c in code for words in cell_faults(c))
    yield from (words for o in outputs(nb) for words in output_faults(o))
    said, lines = plain(nb), sum(bool(line.strip()) for c in code for line in c.source.splitlines())
    ratio = prose_words(nb) / max(lines, 1)
    in_order = [c.execution_count for c in code] == list(range(1, len(code) + 1))
    signed = "Not for clinical use" in said and "10.3389/fped.2020.635080" in said
    yield from which(
        (not in_order, "not every code cell was run, once and in order: python lab.py refresh"),
        ("widgets" in nb.metadata, "stored widget state: python lab.py refresh"),
        (not signed, "the banner or the attribution is missing"),
        (ratio < 12, f"{ratio:.1f} words of prose a line of code; at least 12 are due"),
        (sum(shown_html(c).count("<img") for c in code) > 6, "more than six pictures"),
    )


def cell_faults(cell):
    lines = cell.source.strip().splitlines()
    shows = re.match(r"[\w.]+\(", lines[-1])
    yield from which(
        (not cell.get("outputs") and shows, f"a cell that shows something has no stored output: {lines[-1]}"),
        (len(lines) > 12, f"a code cell of more than 12 lines: {lines[0]}"),
        (lines[-1].endswith(";"), f"a cell ends with ';', which strict comparison does not understand: {lines[-1]}"),
    )


def output_faults(output):
    data = output.get("data", {})
    html = data.get("text/html", "")
    wrong = output.output_type == "error" or output.get("name") == "stderr"
    kept = json.dumps({**data, "text": output.get("text", "")}).split("base64,")[0]
    yield from which(
        (wrong, f"stored {output.get('name', 'error')}: {str(output.get('evalue', output.get('text')))[:60]}"),
        (VIEW in data, "a stored widget view, which shows 'model not found' without a kernel: python lab.py refresh"),
        ("image/png" in data, "a bare picture, whose description never reaches JupyterLab: show it by utils.plots"),
        (MACHINE.search(kept), "a path of this machine in an output"),
        (re.search(PICTURE_CUT, html), "a picture that cannot be shown: lab.py refresh"),
        ("<img" in html and not re.search(r'<img[^>]+alt="[^"]{40,}"', html), "a picture without a description"),
        (re.search(r">\s*(nan|NaN|None|<NA>)\s*<", html), "a missing value shown as nan: unknown has its own word"),
    )


CASE = load_case()
STOPS = CASE.journey.set_index("notebook")
ORDER = dict(zip(CASE.time_points["time_point"], CASE.time_points["order"], strict=True))
SET_OF = {rule.about["source"]: name for name, rule in RULES.items()}  # a work -> the rule set that it published
FILES = {p.name[:2]: p for p in BOOKS}
CORE = [n for n in FILES if STOPS.at[n, "part"] not in ("before you begin", "transfer", "optional")]
BIASES = r"anchoring|premature closure|availability (?:bias|heuristic)|(?:confirmation|cognitive) bias"
# Long words of later labels that tell nothing of this child.
EVERYDAY = """admission analysis arterial bilateral clinical congress conventional corticosteroid degradation discharge
gradually improvement involvement laboratory mechanical medication product reported suspicion tapering treatment"""
Step = namedtuple("Step", "kind what section")


@cache
def stored(number):
    return nbformat.read(FILES[number], 4)


def book(number):
    """A stored notebook with its questions and prompts: a copy, which may be spoiled."""
    asked, form = ({k: x for k, x in of.items() if x["notebook"] == number} for of in (items(), prompts()))
    return copy.deepcopy(SimpleNamespace(number=number, nb=stored(number), items=asked, prompts=form))


def moment(b):
    """What may be known: in 00 what can be looked up there, and after the story everything."""
    return STOPS.at[b.number, "time_point"] or ("regional_hospital" if b.number == "00" else "discussion")


def explained(asked):
    """Words in the explanations of all options of some questions (dict of id -> item)."""
    return sum(size(o["why"]) for i in asked.values() for o in i["options"])


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
            yield Step("output", shown_html(cell), section)


def cards(b, section):
    return [s.what for s in walk(b) if s.section == section and s.kind not in ("heading", "output")]


def of_kind(b, kind):
    return [i for i in b.items.values() if i["kind"] == kind]


def asked_in_order():
    """All questions, page by page, in the order in which a reader meets them."""
    for number in FILES:
        b = book(number)
        yield from (b.items[s.what] for s in walk(b) if s.kind == "ask" and s.what in b.items)


def right(item):
    return next((o for o in item["options"] if o["key"] == item.get("best")), {"why": "", "text": ""})


def size(text):
    return len(text.split())


# ---- in every notebook ----------------------------------------------------------------------------------------------
@cache
def opened(when, later_voice=None):
    """Addresses that open at a moment, and those of the later voice that a page quotes."""
    view = CASE.as_of(when, later_voice)
    facts = set().union(*(t["fact"] for t in view.tables.values() if "fact" in t))
    return facts | set(view.discrepancies["id"])


def rests_on_what_was_known(b):  # R2
    rests = [(k, r) for k, i in b.items.items() for o in i["options"] for r in o["rests_on"]]
    answered = {k: p.get("rests_on", ["nothing"]) for k, p in b.prompts.items() if {"exemplar", "look_for"} & {*p}}
    for name, basis in rests + [(k, r) for k, given in answered.items() for r in given]:
        if re.fullmatch(r"[FUPD]\d+", basis):
            if basis not in opened(moment(b), STOPS.at[b.number, "later_voice"] or None):
                yield f"{name} rests on {basis}, which is not open at {moment(b)}: name what was known then"
        elif basis not in {*references(), "arithmetic"}:
            yield f"{name} rests on {basis}: name facts, or a work of references.json"


def label_words(tables):
    labels = " ".join(x for t in tables for x in t.get("label", t.get("variable")).replace(variables()["label"]))
    return {re.sub("(?<![ius])s$", "", w) for w in re.findall("[a-z]{8,}", labels.lower())}


def by_hand(when):
    """The words of `LATER` that belong to a moment after this one; all of them where there is none ("")."""
    return {w for t, words in LATER.items() if ORDER[t] > ORDER.get(when, 0) for w in words}


@cache
def later_words(when):
    """The words of `LATER`, and each long word of a later label that no label known by then has."""
    tables = [CASE.tables[n] for n in ("findings", "treatments", "events", "observations")]
    after = [t[(t["status"] == "reported") & (t["time_point"].map(ORDER) > ORDER[when])] for t in tables]
    known = [t[t["time_point"].map(ORDER) <= ORDER[when]] for t in tables] + [CASE.rules]
    return sorted(by_hand(when) | (label_words(after) - label_words(known) - {*EVERYDAY.split()}))


def spoilers(text, listed):
    """The words of a list that a text has; one with a capital letter counts only so."""
    return [w for w in listed if re.search(rf"\b{w}", str(text), re.IGNORECASE if w.islower() else 0)]


def told_early(text, when):
    """What a text tells before its moment, by the words of `LATER`."""
    return spoilers(text, sorted(by_hand(when)))


def has_no_spoiler(b):  # R8: the look-alike and what separates it teach more than the name of a bias
    cells = {f"cell {c.id}": shown(SimpleNamespace(cells=[c])) for c in b.nb.cells}
    for where, text in {**cells, **b.items, **b.prompts}.items():
        text = re.sub(r"(?m)^\| ANA \|.*$", "", str(text))  # a short form that the glossary of 00 has to explain
        for word in spoilers(text, later_words(moment(b))):
            yield f"{where} has '{word}', which is known only after {moment(b)}"
        for word in told_early(text, "") if where in cells and not STOPS.at[b.number, "time_point"] else ():
            yield f"{where} has '{word}': a page without a time_point (journey.csv) tells nothing of the child's course"
        yield from (f"'{w}': say instead what fools people here" for w in re.findall(BIASES, text, re.IGNORECASE))


def has_a_table_beside_a_picture(b):  # R14; beside: in the output itself, or just before or after it in the section
    put_out = [s for s in walk(b) if s.kind == "output"]
    for n, s in enumerate(put_out):
        beside = "".join(x.what for x in put_out[max(0, n - 1) : n + 2] if x.section == s.section)
        if "<img" in s.what and "<table" not in beside:
            yield f"a picture under '{s.section}' has no table in its output or next to it"
    if re.search(r"!\[|<img", markdown(b.nb)):
        yield "an image in the prose: figures are drawn from the case, and decoration is left out"


def neighbours(number):
    """The pages before and after (each str or None); an optional page stands behind the one that it belongs to."""
    along = [n for n in STOPS.index if STOPS.at[n, "part"] != "optional"]
    of = STOPS.at[number, "after"]
    before, at = (of, along.index(of)) if of else (None, along.index(number))
    return before or (along[at - 1] if at else None), along[at + 1] if at + 1 < len(along) else None


def leads_on(b):
    """Top and bottom link to the pages before and after, and the bottom back to the top."""
    first, *_, last = (c.source for c in b.nb.cells if c.cell_type == "markdown")
    for n in filter(None, neighbours(b.number)):
        link = f"[{n} {STOPS.at[n, 'title']}]({STOPS.at[n, 'file']})"
        places = (("the top", first), ("'## Next'", last))
        yield from (f"{where} has no link {link}" for where, text in places if link not in text)
    top = re.match("# (.+)", first)[1].replace(" ", "-")
    open_ended = b.number not in CORE or "## What is still unknown\n" in markdown(b.nb)
    yield from which(
        (f"[Back to the top](#{top})" not in last, f"the end has no link [Back to the top](#{top})"),
        (not re.search(r"(?m)^(## References$|\*\*References)", markdown(b.nb)), "there are no references"),
        (not open_ended, "there is no '## What is still unknown'"),
    )


def takes_the_minutes_it_says(b):
    """60 words a minute, of prose and of what options explain; ten minutes a sheet, one for five rows."""
    words, rows = prose_words(b.nb) + explained(b.items), STOPS["rows"].fillna(0)[b.number]
    sheets = sum(len(re.findall(r'(?m)^sheet\("', c.source)) for c in b.nb.cells if c.cell_type == "code")
    minutes, stated = round(words / 60 + 10 * sheets + rows / 5), re.findall(r"\*Time:\*\* about (\d+)", markdown(b.nb))
    yield from which(
        (minutes > 45, f"{minutes} minutes by the formula; at most 45: shorten, or make two pages of it"),
        (STOPS.at[b.number, "minutes"] != minutes, f"casedata/journey.csv: the minutes are {minutes} by the formula"),
        (stated not in ([str(minutes)], []), f"the page says {stated} minutes; by the formula they are {minutes}"),
        (words > 2600, "more than 2,600 words, with the explanations"),
    )


def shows_each_card_once(b):  # an id that stands twice is refused by tests.check_questions
    there = Counter(s[:2] for s in walk(b) if s.kind in ("ask", "write", "rank"))
    ours = {("ask", k) for k in b.items}
    ours |= {("write" if p["kind"] == "text" else "rank", k) for k, p in b.prompts.items()}
    yield from (f'{kind}("{k}") stands {there[kind, k]} times; once is due' for kind, k in ours if there[kind, k] != 1)
    for kind, k in there.keys() - ours:
        yield f'{kind}("{k}"): this notebook has no such {"question" if kind == "ask" else "prompt"}'
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
        (b.number == "04" and len(taught) < 4, f"the questions compare {len(taught)} rule sets; 4 are due"),
    )


def has_a_form(b):  # R7
    name = next((k for k in b.prompts if k.startswith("F")), "F")
    fields = b.prompts.get(name, {}).get("fields", {})
    wrong = list(fields) != ["for", "against", "missing"] or not all(map(str.strip, fields.values()))
    return which(
        (wrong, f"{name} needs the fields for, against and missing, each with a label"),
        (("write", name) not in [s[:2] for s in walk(b)], f'the form is not on the page: write("{name}")'),
        (not any(c.source == f'my_page("{b.number}")' for c in b.nb.cells), "show what was written: my_page(...)"),
    )


def has_one_prebunk(b):
    """R8: one card that names a rival and what separates it."""
    head = "> ## The look-alike that fools people here\n"
    quotes = [c.source for c in b.nb.cells if c.cell_type == "markdown" and head in c.source + "\n"]
    if len(quotes) != 1 or not all(line.startswith(">") for line in quotes[0].splitlines()):
        return [f"one block quote is due that begins: {head}"]
    _, *parts = re.sub("(?m)^> ?", "", quotes[0]).split("**")  # lead, text, lead, text
    well = len(parts) == 4 and parts[2].startswith("What ") and [p.strip().count("\n\n") for p in parts] == [0] * 4
    return which(
        (not well, "the card has two paragraphs with bold leads: **the rival**, and **What helps to tell them apart**"),
        (well and min(map(size, parts[1::2])) < 12, "each lead of the card needs at least 12 words after it"),
    )


def opens_with_retrieval(b):  # R9
    first = next((s.what for s in walk(b) if s.kind == "heading"), "")
    ids, earlier = [i["id"] for i in of_kind(b, "retrieval")], [*STOPS.index[: STOPS.index.get_loc(b.number)]]
    yield from which((len(ids) != 2 or cards(b, first) != ids, f"before the story, just two retrieval items: {ids}"))
    late = [name for name in ids if b.items[name].get("origin") not in earlier]
    yield from (f"{name}: its 'origin' names no earlier notebook" for name in late)


def discusses_without_a_key(b):  # R10
    talk = of_kind(b, "discussion")
    yield from which((len(talk) != 1, f"{len(talk)} discussion items; one is due"))
    for i in talk:
        asked = [o["text"] for o in i["options"]] == ["less likely", "about as likely", "more likely"]
        yield from which(
            ("never scored" not in i["stem"], f"{i['id']}: its stem has to say 'never scored'"),
            (not asked, f"{i['id']} asks: less likely, about as likely, or more likely?"),
        )


def has_honest_options(b):
    """R11: a wrong option is a thought that people have, neither letter nor length tells which is right; two voices."""
    for i in (i for i in of_kind(b, "decision") if i.get("best")):
        apart = {"authors", "data"} <= i.get("voices", {}).keys() or b.number not in CORE
        yield from which((not apart, f"{i['id']}: the voices authors and data are both due"))
        for o in i["options"]:
            known = o.get("misconception") in set(CASE.misconceptions["misconception"])
            if known == (o["key"] == i["best"]):
                yield f"{i['id']}, option {o['key']}: a wrong one needs a misconception of the list, the right one none"
    scored = [i for i in b.items.values() if i.get("best") and i["kind"] not in UNSCORED]
    letters = Counter(i["best"] for i in scored)
    longest = sum(max(i["options"], key=lambda o: len(o["text"])) is right(i) for i in scored)
    yield from which(
        (max(letters.values(), default=0) > len(scored) / 2, f"right letters {dict(letters)}: none in more than half"),
        (longest > 0.6 * len(scored), f"the right option is the longest in {longest} of {len(scored)} items"),
    )


def is_ready_for_class(b):
    home = "".join(s.what for s in walk(b) if s.section == "The picture to take home")
    advice = (ROOT / "classroom" / "kit" / "texts" / "facilitation.md").read_text(encoding="utf-8")
    head = f"## {b.number}"
    return which(
        ("<figure" not in home, "there is no figure under '## The picture to take home'"),
        (f"{head}\n" not in advice, f"classroom/kit/texts/facilitation.md has no section '{head}'"),
    )


# ---- in the notebook of the new patient -----------------------------------------------------------------------------
def leaves_the_work_to_the_learner(b):  # R3: nothing is worked here, and every question is open
    worked = [s.what for s in walk(b) if s.kind == "heading" and "orked example" in s.what]
    yield from which((worked, f"'{worked and worked[0]}': there is no worked example here"))
    yield from (f"{i['id']}: its level is open" for i in b.items.values() if i.get("level") != "open")


FOLD = "By keyboard, or by a line of code"
CALLS = {"ask": "answer", "write": "write", "rank": "rank", "sheet": "sheet", "offer_receipt": "save_receipt"}


def says_the_lines_of_code_once(b):
    """The ways by keyboard and by a line of code stand in one fold, and nowhere else; 00 explains them."""
    prose = [c for c in b.nb.cells if c.cell_type == "markdown"]
    folds = [c.source for c in prose if f"<strong>{FOLD}</strong>" in c.source] or [""]
    for code in (c for c in b.nb.cells if c.cell_type == "code"):
        lines = [call for card, call in CALLS.items() if re.search(rf"(?m)^{card}\(", code.source)]
        if "this is the first view" in shown_html(code):
            lines.append(f"{code.source.strip().splitlines()[-1]}.set")
        yield from (f"the fold '{FOLD}' lacks the line `{x}(…)`" for x in lines if f"{x}(" not in folds[0])
    for cell in prose if b.number != "00" else ():
        for words in re.findall(r"[Bb]y keyboard|[Bb]y a line of code|Shift and Enter", cell.source):
            if cell.source not in folds:
                yield f"cell {cell.id} says '{words}': that stands in the fold '{FOLD}'"
    yield from which((len(folds) > 1, f"{len(folds)} folds '{FOLD}'; one is due"))


def serves_an_aim(b):
    """The blueprint: each question serves an aim of a page, and each aim of a page is tested."""
    asked = [*(i for i in items().values() if i["kind"] != "pretest"), *prompts().values()]
    served = {entry.get("aim") for entry in asked}
    for k, i in b.items.items():
        page, _, n = str(i.get("aim", "")).partition(".")
        if page not in FILES or not n.isdigit() or not 1 <= int(n) <= len(aims(stored(page))):
            yield f"{k}: its aim, {i.get('aim')!r}, is none of a page ('03.2' is the second of page 03)"
    for n, aim in enumerate(aims(b.nb), 1):
        if f"{b.number}.{n}" not in served and b.number in CORE:
            yield f"no question serves aim {b.number}.{n}: {aim}"


def is_clean(b):
    yield from faults(b.nb)
    for c in b.nb.cells if b.number != "12" else ():  # there code is the subject
        if c.cell_type == "code" and not c.metadata.get("jupyter", {}).get("source_hidden"):
            yield f'the code of cell {c.id} is not folded: "jupyter": {{"source_hidden": true}}'


EVERYWHERE = [is_clean, shows_each_card_once, rests_on_what_was_known, has_no_spoiler, has_a_table_beside_a_picture]
EVERYWHERE += [leads_on, says_the_lines_of_code_once, takes_the_minutes_it_says, serves_an_aim]
IN_CORE = [fades, has_one_error, keeps_to_few_rule_sets, has_a_form, has_one_prebunk, opens_with_retrieval]
IN_CORE += [discusses_without_a_key, has_honest_options, is_ready_for_class]
IN_TRANSFER = [leaves_the_work_to_the_learner, keeps_to_few_rule_sets, has_honest_options]


def complaints(b):
    """A sentence for everything that a book lacks of what its part of the journey owes."""
    part = STOPS.at[b.number, "part"]
    for rule in EVERYWHERE + (IN_CORE if b.number in CORE else IN_TRANSFER if part == "transfer" else []):
        yield from rule(b)
