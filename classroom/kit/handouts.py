"""What learners fill in on paper: votes, a blank for each core notebook, the ruler sheets, a readiness test, cards.

The teacher's copy of each has the same blank filled in: by the rules, or by the picture that the notebook ends with.
"""

from html import escape

from classroom.kit.notebooks import figure, stem, title
from classroom.kit.pages import LINE, markdown, page, rows, text
from utils.case import load_case
from utils.chapters.patient import rule_items, rule_line
from utils.phrases import phrase, status_word
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


def options(item, teacher=False):
    """The options of a question as a list; for a teacher the best one is marked."""
    best, out = item.get("best") if teacher else None, []
    for o in item["options"]:
        told = f"{escape(o['key'])}) {escape(o['text'])}</li>"
        out.append(f'<li class="best">✔ {told}' if o["key"] == best else f"<li>{told}")
    return f"<ul>{''.join(out)}</ul>"


def vote(item, teacher=False):
    """One strip: vote, talk, vote again."""
    boxes = " ".join(f"{BOX} {o['key']}" for o in item["options"])
    first, second = (f"<strong>{phrase(f'kit.vote_{n}')}</strong> {boxes}" for n in (1, 2))
    votes = "".join(f"<span>{told}</span>" for told in (first, phrase("kit.sure"), phrase("kit.talk"), second))
    head = f"<p><strong>{item['id']}</strong> {escape(item['stem'])}</p>"
    return f'<section class="strip">{head}{options(item, teacher)}<div class="votes">{votes}</div></section>'


def decisions(number):
    """The decision questions of a notebook, in its order (list of dict)."""
    return [i for i in items().values() if i["notebook"] == number and i["kind"] == "decision"]


def handout(number, teacher=False):
    """The hand-out of a core notebook: its votes, then a blank to fill in; for a teacher both with answers (str)."""
    strips = "".join(vote(i, teacher) for i in decisions(number))
    told = markdown(text("handouts.md").split(f"## {number}\n")[1].split("\n## ")[0])
    blank = figure(number)[0] if teacher else BLANKS[number]()
    head = f"<h1>{escape(phrase('kit.handout_head', title=title(number)))}</h1><p>{phrase('kit.handout_how')}</p>"
    body = f'{head}{strips}<div class="new-page">{told}{blank}</div>'
    return page(phrase("kit.handout_title", title=title(number)), body, teacher)


# ---- blanks ---------------------------------------------------------------------------------------------------------
def matrix():
    """Findings by hypotheses, empty; those that a question asks for are left to be written in."""
    case = load_case()
    stages = list(dict.fromkeys(case.board_findings["stage"]))
    given = case.board_findings[case.board_findings["stage"] != stages[-1]]
    lines = [[escape(label), *[""] * len(case.hypotheses)] for label in given["label"]]
    lines += [[LINE, *[""] * len(case.hypotheses)] for _ in range(3)]
    head = [phrase("kit.finding"), *map(escape, case.hypotheses["short"])]
    return f"<p>{phrase('kit.signs')}</p>{rows(head, lines)}"


def criteria(rules, moments, filled=False):
    """Rule sets to go through by hand, for each moment: what is given, the threshold, and boxes."""
    return "".join(ruler(name, load_case().as_of(moment), moment, filled) for name in rules for moment in moments)


def ruler(name, case, moment, filled=False):
    """One rule set at one moment. Thresholds are read from ``rules.csv``, values from the case; unknown stays blank."""
    verdict, asked = evaluate(name, case), rule_items(name)
    found = verdict.items.set_index("item")
    scored = verdict.score is not None and asked["Points"].any()
    tails = ("lowest", "highest") if scored else ("met", "not_met", "unknown")
    lines, kinds, blank = [], RULES[name].nodes(), (status_word("unknown"), status_word("not reported"))
    for row in asked.itertuples(index=False, name=None):
        given = found.at[row[0], "as_given"] if row[0] in found.index else ""
        printed = f"{given} {LINE}" if given in blank else escape(given) or "–"
        ends = _ends(row, kinds[row[0]]["kind"], found if filled else None, scored)
        points = [escape(row[3]) or "–"] if scored else []
        lines.append([escape(row[1]), printed, escape(row[2]) or "–", *points, *ends])
    moment = load_case().time_points.set_index("time_point").at[moment, "label"]
    columns = heads("item", "given", "met_where", *(["points"] if scored else []), *tails)
    answer = phrase("kit.verdict", line=LINE)
    if verdict.score is not None:
        answer = phrase("kit.total", line=LINE, verdict=answer)
    answer = f"<strong>{escape(str(verdict))}</strong>" if filled else answer
    line = escape(phrase("capstone.made_for", rule=rule_line(name), population=RULES[name].about["population"]))
    kind, name = "together" if len(lines) < 20 else "", f"{escape(RULES[name].short)}: {escape(moment.lower())}"
    head = f'<h3>{name}</h3><p class="small">{line}</p>'
    return f'<section class="{kind}">{head}{rows(columns, lines)}<p>{answer}</p></section>'


def _ends(row, kind, found, scored):
    """The two ends of a score, or three boxes, to fill in or (from `found`) filled; none for a divided number."""
    if found is None:
        return (["", ""] if row[3] else ["–", "–"]) if scored else ["–" if kind in ("weight", "value") else BOX] * 3
    if row[0] not in found.index:
        return ["–"] * (2 if scored else 3)
    if scored:
        return [show(e) if e == e else "–" for e in found.loc[row[0], ["points_low", "points_high"]]]
    return ["✔" if found.at[row[0], "status"] == s else "–" for s in ("met", "not met", "undetermined")]


def heads(*names):
    return [phrase(f"kit.{name}") for name in names]


def timeline():
    """Days across, and a row for whatever is put on it."""
    head = [*heads("what_given", "before"), "1", "2", "3", "4", phrase("kit.later")]
    return rows(head, [[LINE, *[""] * 6] for _ in range(14)])


def curves():
    """Empty axes, and the three kinds of reason."""
    marks = "".join(f'<path d="M{60 + 70 * n} 190 v8"/>' for n in range(9))
    told = [(60 + 70 * n, phrase("kit.hours", n=6 * n)) for n in range(9)]
    axes = (
        f'<svg viewBox="0 0 640 230" role="img" aria-label="{escape(phrase("kit.axes"))}">'
        f'<g fill="none" stroke="#111"><path d="M60 10 V190 H620" stroke-width="2"/>{marks}</g><g font-size=\'13\'>'
        + "".join(f'<text x="{x}" y="213" text-anchor="middle">{hours}</text>' for x, hours in told)
        + '<text x="20" y="105" transform="rotate(-90 20 105)" text-anchor="middle">'
        + f"{phrase('kit.concentration')}</text></g></svg>"
    )
    ledger = [[phrase(f"kit.{kind}"), "", ""] for kind in ("stated", "cited", "inferred")] * 2
    return axes + rows(heads("kind_of_reason", "what_is_said", "rests_on_what"), ledger)


def claims():
    labels = [escape(label) for label in load_case().weighed["label"]]
    head = heads("claim", "speaks_for_it", "missing", "confidence")
    return rows(head, [[label, "", "", phrase("kit.confidences")] for label in labels])


LEAK = ("finding", "speaks_for_leak", "speaks_for_pump", "speaks_for_obstruction", "not_reported")
BLANKS = {
    "01": matrix,
    "02": lambda: criteria(("ilar_sjia", "printo_sjia"), ("regional_hospital",)),
    "03": lambda: criteria(("mas_2016",), ("regional_hospital", "admission")),
    "04": lambda: "",
    "05": lambda: rows(heads(*LEAK), [[LINE, "", "", "", ""]] * 10),
    "06": timeline,
    "07": curves,
    "08": claims,
    # The verbs that keep a sentence honest.
    "09": lambda: rows(heads("sentence", "observed", "inferred", "hoped"), [[LINE, "", "", ""]] * 8),
}


# ---- other sheets ---------------------------------------------------------------------------------------------------
def bench(teacher=False):
    """The rulers on the day of admission, to fill in by hand where no screen is at hand (str)."""
    name, sheet = phrase("kit.bench_on_paper"), criteria(RULERS, ("admission",), teacher)
    body = f"<h1>{name}</h1>{markdown(text('bench.md'))}<h2>{phrase('kit.rulers')}</h2>{sheet}"
    return page(name, body, teacher)


def readiness(teacher=False):
    """The readiness test: alone, then as a team (str)."""
    out = []
    for name in READINESS:
        item = items()[name]
        boxes = " ".join(f"{BOX} {o['key']}" for o in item["options"])
        extra = f"<p><em>{phrase('kit.where_read')}</em></p>" if item["origin"] == "02" else ""
        whole = f"{extra}<p><strong>{name}</strong> {escape(item['stem'])}</p>{options(item, teacher)}"
        marks = (f"<span><strong>{phrase(f'kit.{who}')}</strong> {boxes}</span>" for who in ("alone", "team"))
        told = "".join(f"<p>{o['key']}) {escape(o['why'])}</p>" for o in item["options"]) if teacher else ""
        told = f'<div class="answer">{told}</div>' if told else ""
        out.append(f'<section class="strip">{whole}<div class="votes">{"".join(marks)}</div>{told}</section>')
    name = phrase("kit.readiness_test")
    return page(name, f"<h1>{name}</h1>{markdown(text('readiness.md'))}{''.join(out)}", teacher)


def cards(teacher=False):
    """Three cards to cut out, one page (str); there is nothing to answer in them."""
    drawn = "".join(
        f'<div>{letter}<svg viewBox="0 0 100 100" role="img" '
        f'aria-label="{escape(phrase("kit.sign_of_card", letter=letter))}">'
        f'<g fill="none" stroke="#111" stroke-width="8">{shape}</g></svg></div>'
        for letter, shape in SHAPES.items()
    )
    name, how = phrase("kit.voting_cards"), phrase("kit.cut_cards")
    return page(name, f'<h1>{name}</h1><p>{how}</p><div class="cards new-page">{drawn}</div>', teacher)


def sheets(teacher=False):
    """Every sheet for paper: a dict of file name (without ending) -> page."""
    made = {f"handouts/{stem(n)}": handout(n, teacher) for n in CORE}
    return made | {"bench_sheet": bench(teacher), "readiness": readiness(teacher), "cards": cards(teacher)}
