"""What learners fill in on paper: votes, a blank for each core notebook, the ruler sheets, a readiness test, cards.

The teacher's copy of each has the same blank filled in: by the rules, or by the picture that the notebook ends with.
"""

from html import escape

from classroom.kit.notebooks import asked, figure, stem, title
from classroom.kit.pages import LINE, markdown, page, rows, text
from utils.case import load_case
from utils.chapters.patient import rule_items, rule_line
from utils.phrases import phrase, status_word
from utils.plots import canvas, finish
from utils.quiz import items
from utils.rules import RULES, evaluate
from utils.units import show

CORE = [f"{n:02}" for n in range(1, 10)]
READINESS = ("R1.2", "R2.1", "R2.2", "R3.1", "R4.2")  # of 00 and 01; the last is of 02, for the plan of 90 minutes
RULERS = ("mas_2016", "hlh_2004", "hlh_2024", "hscore", "ms_score", "ferritin_esr")  # those of 04
BOX = "☐"
SHAPES = {  # told apart by letter and by shape, at the other end of a room and without colour
    "A": '<circle cx="50" cy="50" r="44"/>',
    "B": '<rect x="8" y="8" width="84" height="84"/>',
    "C": '<path d="M50 6 L96 92 L4 92 Z"/>',
}


def strip(item, marks, teacher=False):
    """A question with its options, the best one marked for a teacher, and what is to be marked on paper."""
    best, listed = item.get("best") if teacher else None, ""
    for o in item["options"]:
        words = f"{escape(o['key'])}) {escape(o['text'])}</li>"
        listed += f'<li class="best">✔ {words}' if o["key"] == best else f"<li>{words}"
    votes = "".join(f"<span>{mark}</span>" for mark in marks)
    head = f"<p><strong>{item['id']}</strong> {escape(item['stem'])}</p><ul>{listed}</ul>"
    return f'<section class="strip">{head}<div class="votes">{votes}</div></section>'


def boxed(item, *names):
    """A box for each option, behind each name."""
    boxes = " ".join(f"{BOX} {o['key']}" for o in item["options"])
    return [f"<strong>{phrase(f'kit.{name}')}</strong> {boxes}" for name in names]


def handout(number, teacher=False):
    """The hand-out of a core notebook: its votes, then a blank to fill in; for a teacher both with answers (str)."""
    strips = ""
    for item in asked(number, "decision"):
        first, second = boxed(item, "vote_1", "vote_2")
        strips += strip(item, (first, phrase("kit.sure"), phrase("kit.talk"), second), teacher)
    advice = markdown(text("handouts.md").split(f"## {number}\n")[1].split("\n## ")[0])
    blank = figure(number)[0] if teacher else BLANKS[number]()
    head = f"<h1>{escape(phrase('kit.handout_head', title=title(number)))}</h1><p>{phrase('kit.handout_how')}</p>"
    body = f'{head}{strips}<div class="new-page">{advice}{blank}</div>'
    return page(phrase("kit.handout_title", title=title(number)), body, teacher)


# ---- blanks ---------------------------------------------------------------------------------------------------------
def matrix():
    """Findings by hypotheses, empty; those that a question asks for are left to be written in."""
    case = load_case()
    given, empty = case.board_findings, [""] * len(case.hypotheses)
    labels = given["label"][given["stage"] != given["stage"].unique()[-1]]
    lines = [[label, *empty] for label in [*map(escape, labels), LINE, LINE, LINE]]
    head = [phrase("kit.finding"), *map(escape, case.hypotheses["short"])]
    return f"<p>{phrase('kit.signs')}</p>{rows(head, lines)}"


def criteria(rules, moments, filled=False):
    """Rule sets to go through by hand, for each moment: what is given, the threshold, and boxes."""
    return "".join(ruler(name, moment, filled) for name in rules for moment in moments)


def ruler(name, moment, filled):
    """One rule set at one moment. Thresholds are read from ``rules.csv``, values from the case; unknown stays blank."""
    verdict = evaluate(name, load_case().as_of(moment))
    items = rule_items(name).merge(verdict.items, on="item", how="left").fillna({"as_given": ""})
    scored, lines = verdict.score is not None and items["Points"].any(), []
    for row in items.to_dict("records"):
        given, points = escape(row["as_given"]) or "–", [escape(row["Points"]) or "–"] if scored else []
        if given in (status_word("unknown"), status_word("not reported")):
            given = f"{given} {LINE}"
        lines.append(
            [escape(row["Item"]), given, escape(row["Met where"]) or "–", *points, *_ends(row, scored, filled)]
        )
    ends = ("points", "lowest", "highest") if scored else ("met", "not_met", "unknown")
    answer = phrase("kit.verdict", line=LINE)
    if verdict.score is not None:
        answer = phrase("kit.total", line=LINE, verdict=answer)
    answer = f"<strong>{escape(str(verdict))}</strong>" if filled else answer
    line = escape(phrase("capstone.made_for", rule=rule_line(name), population=RULES[name].about["population"]))
    moment = load_case().time_points.set_index("time_point").at[moment, "label"]
    head = f'<h3>{escape(RULES[name].short)}: {escape(moment.lower())}</h3><p class="small">{line}</p>'
    table, kind = rows(heads("item", "given", "met_where", *ends), lines), "together" if len(lines) < 20 else ""
    return f'<section class="{kind}">{head}{table}<p>{answer}</p></section>'


def _ends(row, scored, filled):
    """The two ends of a score, or three boxes, to fill in or filled; none where there is nothing to judge."""
    if scored:
        blank, answers = "", [show(row[end]) if row[end] == row[end] else "–" for end in ("points_low", "points_high")]
    else:
        blank, answers = BOX, ["✔" if row["status"] == s else "–" for s in ("met", "not met", "undetermined")]
    judged = row["Points"] if scored else row["status"] != ""
    return answers if filled else [blank if judged else "–"] * len(answers)


def heads(*names):
    return [phrase(f"kit.{name}") for name in names]


def lined(count, *names):
    """An empty table with these heads, each row with a line to write on."""
    return rows(heads(*names), [[LINE, *[""] * (len(names) - 1)]] * count)


def timeline():
    """Days across, and a row for whatever is put on it."""
    head = [*heads("what_given", "before"), "1", "2", "3", "4", phrase("kit.later")]
    return rows(head, [[LINE, *[""] * 6]] * 14)


def curves():
    """Empty axes, and the three kinds of reason."""
    fig, ax = canvas(6, 2)
    ax.set(xlim=(0, 48), xticks=range(0, 49, 6), yticks=[])
    ax.set(xlabel=phrase("kit.hours"), ylabel=phrase("kit.concentration"))
    kinds = [[kind, "", ""] for kind in heads("stated", "cited", "inferred")] * 2
    table = rows(heads("kind_of_reason", "what_is_said", "rests_on_what"), kinds)
    return finish(fig, phrase("kit.axes"), phrase("kit.axes_caption")).html + table


def claims():
    head, boxes = heads("claim", "speaks_for_it", "missing", "confidence"), phrase("kit.confidences")
    return rows(head, [[escape(label), "", "", boxes] for label in load_case().weighed["label"]])


BLANKS = {
    "01": matrix,
    "02": lambda: criteria(("ilar_sjia", "printo_sjia"), ("regional_hospital",)),
    "03": lambda: criteria(("mas_2016",), ("regional_hospital", "admission")),
    "04": lambda: "",
    "05": lambda: lined(10, "finding", "speaks_for_leak", "speaks_for_pump", "speaks_for_obstruction", "not_reported"),
    "06": timeline,
    "07": curves,
    "08": claims,
    # The verbs that keep a sentence honest.
    "09": lambda: lined(8, "sentence", "observed", "inferred", "hoped"),
}


# ---- other sheets ---------------------------------------------------------------------------------------------------
def bench(teacher=False):
    """The rulers on the day of admission, to fill in by hand where no screen is at hand (str)."""
    name, sheet = phrase("kit.bench_on_paper"), criteria(RULERS, ("admission",), teacher)
    body = f"<h1>{name}</h1>{markdown(text('bench.md'))}<h2>{phrase('kit.rulers')}</h2>{sheet}"
    return page(name, body, teacher)


def readiness(teacher=False):
    """The readiness test: alone, then as a team (str)."""
    out = ""
    for item in (items()[name] for name in READINESS):
        out += f"<p><em>{phrase('kit.where_read')}</em></p>" if item["origin"] == "02" else ""
        out += strip(item, boxed(item, "alone", "team"), teacher)
        whys = "".join(f"<p>{o['key']}) {escape(o['why'])}</p>" for o in item["options"])
        out += f'<div class="answer">{whys}</div>' if teacher else ""
    name = phrase("kit.readiness_test")
    return page(name, f"<h1>{name}</h1>{markdown(text('readiness.md'))}{out}", teacher)


def cards():
    """Three cards to cut out, on one page (str)."""
    drawn = ""
    for letter, shape in SHAPES.items():
        label = escape(phrase("kit.sign_of_card", letter=letter))
        drawn += f'<div>{letter}<svg viewBox="0 0 100 100" role="img" aria-label="{label}">'
        drawn += f'<g fill="none" stroke="#111" stroke-width="8">{shape}</g></svg></div>'
    name, how = phrase("kit.voting_cards"), phrase("kit.cut_cards")
    return page(name, f'<h1>{name}</h1><p>{how}</p><div class="cards">{drawn}</div>')


def sheets(teacher=False):
    """Every sheet for paper: a dict of file name (without ending) -> page."""
    made = {f"handouts/{stem(n)}": handout(n, teacher) for n in CORE}
    return made | {"bench_sheet": bench(teacher), "readiness": readiness(teacher)}
