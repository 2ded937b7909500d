"""What a teacher begins with: the front page; each session plan, with laptops and with cards; what to send."""

from functools import cache
from html import escape

import yaml

from classroom.audit import KitError
from classroom.kit import case
from classroom.kit.handouts import CORE
from classroom.kit.notebooks import numbers, stem, stops, title
from classroom.kit.pages import LINE, markdown, page, passage, rows, text
from utils.case import load_case
from utils.phrases import phrase
from utils.quiz import items, prompts
from utils.rules import RULES

WAYS = ("laptops", "cards")
LEARNERS = 30  # for whom copies are counted
USES = {  # what is not of one session, and not of one page: its use -> pages, and files by their name
    "print": ([*case.PAGES.values(), "bench_sheet", "readiness", "cards"], {}),
    "prepare": (["answer_key", "bench_sheet", "readiness"], {"every_slide": "slides/everything.pptx"}),
    "after": (["receipts", "pilot"],
              {"bank_qti": "platform/questions_qti21.zip", "bank_gift": "platform/questions.gift"}),
}  # fmt: skip
KINDS = {"learner/handouts": "is_handouts", "instructor/handouts": "filled_in", "instructor/facilitation":
         "is_facilitation", "instructor/notebooks": "with_answers", "learner/notebooks": "as_read"}  # fmt: skip
FILLED = ("instructor/bench_sheet", "instructor/readiness")
COPIES = {"learner": LEARNERS, "pair": LEARNERS // 2, "team": -(-LEARNERS // 4), "spare": 3, "you": 1}


@cache
def plans():
    """The session plans as written (list of dict), do not change them; `KitError` says what is wrong with them."""
    try:
        found = yaml.safe_load(text("plans.yaml"))
        faults = [f"{plan['name']}: {fault}" for plan in found for fault in _faults(plan)]
    except (yaml.YAMLError, LookupError, TypeError, AttributeError, ValueError) as fault:
        faults = [" ".join(f"{type(fault).__name__}: {fault}".split())]
    if faults:
        raise KitError("\n".join(f"classroom/kit/texts/plans.yaml: {fault}" for fault in faults))
    return found


def _faults(plan):
    """What is wrong with a plan: yields a sentence for each."""
    whole, meant = sum(row["minutes"] for row in plan["rows"]), int(plan["name"].split()[0])
    if whole != meant:
        yield f"its rows take {whole} minutes and not {meant}"
    moments = load_case().time_points["time_point"]
    known = {"frame": [""], "case": case.STAGES, "picture": numbers(), "count": [*map(str, range(101))]}
    known |= {"rule": RULES, "ruler": [f"{rule} {moment}" for rule in RULES for moment in moments]}
    for row in plan["rows"]:
        for name in row.get("slides", []):
            kind, _, what = str(name).partition(" ")
            if not is_asked(name) and what not in known.get(kind, ()):
                yield f"there is no slide {name!r} ({row['do'][:40]} …)"
    sheets = [*USES["print"][0], *(f"handouts/{stem(n)}" for n in CORE)]
    for way in WAYS:
        [row[way] for row in plan["rows"]]  # each row has it
        for name, per in plan["print"][way].items():
            if name not in sheets or per not in COPIES:
                yield f"{name}: {per} is no sheet for {', '.join(COPIES)}"
    yield from (f"there is no page {n}" for n in plan["read"] if n not in numbers())


def name_of(plan):
    """The name of a plan's files, without an ending."""
    return plan["name"].replace(" ", "_")


def slides_of(plan):
    """The slides of a plan, in order (list of str)."""
    return [name for row in plan["rows"] for name in row.get("slides", [])]


def is_asked(name):
    """Whether a slide is that of a question or a prompt."""
    return name in items() or name in prompts()


def asked_in(plan):
    """The ids of the questions and prompts of a plan, each once, in order."""
    return list(dict.fromkeys(filter(is_asked, slides_of(plan))))


def letters(plan):
    """The versions of a plan for which students are sent a page (list of str)."""
    return [way for way in WAYS if way == "laptops" or plan["read"]]


def sheet_title(name):
    """What a page below learner/ or instructor/ is called (str)."""
    folder, _, last = name.rpartition("/")
    if folder.endswith("case"):
        return phrase("kit.case_page", title=case.heading(last[0]))
    if last.endswith("_questions"):
        return phrase("kit.session_questions", name=last.removesuffix("_questions").replace("_", " "))
    if folder.endswith("handouts"):
        return phrase("kit.handout_head", title=title(last[:2]))
    return phrase(f"kit.{last}_filled" if name in FILLED else f"kit.{last}")


def minutes(plan):
    """How long the pages that are read before take (int)."""
    return sum(int(stops().at[n, "minutes"]) for n in plan["read"])


def before(plan, way, link):
    """What students are sent (HTML page)."""
    pages = phrase("kit.and").join(title(n) for n in plan["read"])
    read = passage("before.md", "reading" if plan["read"] else "no reading").format(pages=pages, minutes=minutes(plan))
    words = passage("before.md", way).format(link=link or LINE, read=read)
    head = phrase("kit.before_head")
    return page(head, f"<h1>{head}</h1>{markdown(words)}")


def printing(plan, way, pages):
    """What is printed for a session (HTML): `pages` has how many each PDF has, by name, where that is known."""
    wanted = {f"instructor/sessions/{name_of(plan)}_questions": "you"}
    wanted |= {"instructor/bench_sheet": "you"} | {f"learner/{name}": per for name, per in plan["print"][way].items()}
    lines, whole = [], 0
    for name, per in wanted.items():
        each, copies = pages.get(name, 0), COPIES[per]
        whole += each * copies
        counts = [str(n or "?") for n in (each, copies, each * copies)]
        lines.append([link_to(name, "../../", pages), phrase(f"kit.per_{per}"), *counts])
    head = [phrase(f"kit.{k}") for k in ("print", "for_whom", "pages_each", "copies", "sheets")]
    total = phrase("kit.print_total", n=LEARNERS, total=whole) if pages else phrase("kit.print_unknown")
    return f"{rows(head, lines)}<p>{total}</p>"


def slide_name(name):
    """What a plan calls a slide (HTML)."""
    kind, _, what = name.partition(" ")
    if kind in ("rule", "ruler"):
        rule, _, moment = what.partition(" ")
        label = moment and load_case().time_points.set_index("time_point").at[moment, "short"]
        what = ", ".join(filter(None, (RULES[rule].short, label)))
    return phrase(f"kit.slide_{kind}", what=escape(what)) if not is_asked(name) else name


def link_to(name, up, pages, words=None):
    """A link to a page of the kit, to its PDF where there is one (HTML)."""
    ending = "pdf" if name in pages else "html"
    return f'<a href="{up}{name}.{ending}">{escape(words or sheet_title(name))}</a>'


def session(plan, way, pages, link):
    """A session plan in one of its versions (HTML page)."""
    done = phrase("kit.read_before", pages=", ".join(plan["read"]), minutes=minutes(plan))
    done = done if plan["read"] else phrase(f"kit.nothing_{way}")
    lines, now = [], 0
    for row in plan["rows"]:
        guess = f"<br><em>{phrase('kit.guess', words=row['expect'])}</em>" if "expect" in row else ""
        shown = ", ".join(map(slide_name, row.get("slides", []))) or "–"
        lines.append([f"{now}–{now + row['minutes']}", markdown(row["do"]) + guess, markdown(row[way]) or "–", shown])
        now += row["minutes"]
    heads = [phrase(f"kit.{k}") for k in ("minute", "what_you_do", f"with_{way}", "slides")]
    table = rows(heads, lines, "grid full plan")
    head = phrase(f"kit.plan_{way}", name=plan["name"])
    where = f"<p><strong>{phrase('kit.link')}</strong> {escape(link) or LINE}</p>" if way == "laptops" else ""
    parts = [f"<h1>{head}</h1><p>{escape(plan['about'])} {phrase('kit.untried')}</p>{where}", table]
    parts += [f"<h2>{phrase(f'kit.with_{way}')}</h2>", markdown(text(f"{way}.md").format(before=done))]
    parts += [f"<h2>{phrase('kit.to_print')}</h2>", printing(plan, way, pages)]
    parts += [f"<h2>{phrase('kit.when_it_fails')}</h2>", markdown(text("help.md").format(leave=plan["leave"]))]
    return page(head, "".join(parts), teacher=True)


def fronts(pages, link=""):
    """Every page on which others are counted or linked: a dict of path -> page."""
    made = {f"{name_of(p)}_{way}": session(p, way, pages, link) for p in plans() for way in WAYS}
    return {f"instructor/sessions/{name}.html": html for name, html in made.items()} | {"index.html": index(pages)}


def sent(link=""):
    """What is sent to students: a dict of path (without ending) -> page."""
    return {f"before/{name_of(p)}_{way}": before(p, way, link) for p in plans() for way in letters(p)}


# ---- the front page -------------------------------------------------------------------------------------------------
def index(pages):
    """The way to everything, beginning with a session next week (HTML page)."""
    lines = []
    for plan in plans():
        name = name_of(plan)
        ways = [link_to(f"instructor/sessions/{name}_{way}", "", pages, phrase("kit.plan")) for way in WAYS]
        asked = link_to(f"instructor/sessions/{name}_questions", "", pages, phrase("kit.questions"))
        deck = f'<a href="instructor/slides/{name}.pptx">{phrase("kit.deck")}</a>'
        sent_to = [link_to(f"learner/before/{name}_{w}", "", pages, phrase(f"kit.by_{w}")) for w in letters(plan)]
        about = f"<strong>{plan['name']}</strong><br>{escape(plan['about'])}"
        lines.append([about, *ways, asked, deck, ", ".join(sent_to)])
    head = [phrase(f"kit.{k}") for k in ("session", "by_laptops", "by_cards", "its_questions", "to_show", "to_send")]
    words = phrase("kit.front")
    body = f"<h1>{words}</h1><p>{phrase('kit.front_how')}</p>{rows(head, lines, 'grid full left')}"
    body += markdown(text("start.md")) + f"<h2>{phrase('kit.everything_else')}</h2>"
    for use, (names, files) in USES.items():
        folder = "learner" if use == "print" else "instructor"
        links = [link_to(f"{folder}/{name}", "", pages) for name in names]
        links += [f'<a href="{folder}/{file}">{phrase(f"kit.{name}")}</a>' for name, file in files.items()]
        body += f"<h3>{phrase(f'kit.use_{use}')}</h3><ul>{''.join(f'<li>{link}</li>' for link in links)}</ul>"
    return page(words, f"{body}<h3>{phrase('kit.by_page')}</h3>{by_page(pages)}{markdown(text('change.md'))}")


def by_page(pages):
    """What there is for each notebook (HTML table)."""
    lines = []
    for number in numbers():
        names = [f"{kind}/{stem(number)}" for kind in KINDS]
        there = [n in pages or (number in CORE if "handouts" in n else n.startswith("instructor")) for n in names]
        links = [link_to(n, "", pages, number) if x else "–" for n, x in zip(names, there, strict=True)]
        lines.append([escape(title(number)), *links])
    return rows([phrase(f"kit.{k}") for k in ("page", *KINDS.values())], lines, "grid full left")
