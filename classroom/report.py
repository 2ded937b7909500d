"""What a class did, from its receipts: a gradebook that knows no right answers, and votes, confidence and minutes."""

import re
from pathlib import Path

import pandas as pd

from classroom.kit.notebooks import stops
from classroom.kit.pages import page
from classroom.kit.plans import asked_in, plans
from classroom.receipts import FORMULA, chosen, current, read_receipts
from utils.page import table
from utils.phrases import phrase
from utils.plots import BOLD, INK, MET, canvas, finish
from utils.quiz import items

PAUSE = 20  # minutes between two answers after which somebody was elsewhere
INVENTED = "invented"  # how the names of receipts begin that nobody gave


class ReportError(Exception):
    """Why there is no report."""


def counting(receipts, plan=None):
    """The decision questions that count (list of ids): of the plan of so many minutes, or of the pages answered on."""
    decisions = {k: i["notebook"] for k, i in items().items() if i["kind"] == "decision"}
    if plan is None:
        return [k for k, page in decisions.items() if page in {*receipts["notebook"]}]
    found = {p["name"].split()[0]: p for p in plans()}
    if str(plan) not in found:
        raise ReportError(phrase("kit.no_plan", given=plan, known=", ".join(found)))
    return [k for k in asked_in(found[str(plan)]) if k in decisions]


def gradebook(receipts, asked):
    """A line for each code: how many of the questions asked (ids) it answered, right or wrong (DataFrame)."""
    done = receipts[receipts["item"].isin(asked)].groupby("code")["item"].nunique()
    answered = done.reindex(receipts["code"].unique(), fill_value=0)
    book = pd.DataFrame({"asked": len(asked), "answered": answered, "percent": (100 * answered / len(asked)).round()})
    return book.astype(int).rename_axis("code").reset_index()


def counts(receipts, asked):
    """How often each answer was given, as first and as second vote (DataFrame, by item and option).

    Who gave one vote stands under the first. An answer to a question that has been changed since is not counted.
    """
    given = current(receipts[receipts["item"].isin(asked)])
    given = given.assign(first=given["first_vote"].where(given["first_vote"] != "", given["answer"]))
    both = given[given["first_vote"] != ""]
    names = [name for name in asked if name in {*given["item"]}]
    return chosen(names, first=(given, "first"), second=(both, "answer"))


def questions(receipts, asked):
    """For each question with a best answer: who voted, per cent right at each vote, and who was sure and wrong."""
    given, rows = current(receipts), []
    for name, votes in counts(receipts, asked).groupby(level=0, sort=False):
        if not (best := items()[name].get("best")):
            continue
        share = {k: 100 * votes.loc[(name, best), k] / n if (n := votes[k].sum()) else None for k in votes}
        sure = given[(given["item"] == name) & (given["confidence"] == "high") & (given["answer"] != best)]
        rows.append((name, votes["first"].sum(), share["first"], votes["second"].sum(), share["second"], len(sure)))
    frame = pd.DataFrame(
        rows, columns=["question", "voted", "right_first", "voted_twice", "right_second", "sure_and_wrong"]
    )
    whole = {"right_first": "Int64", "right_second": "Int64"}
    return frame.astype(dict.fromkeys(whole, "Float64")).round(0).astype(whole)


def minutes(receipts):
    """For each page: how many answered more than once on it, and the middle of their minutes from first to last."""
    when = receipts[receipts["when"] != ""].assign(when=lambda t: pd.to_datetime(t["when"])).sort_values("when")
    gaps = when.groupby(["code", "notebook"])["when"].diff().dt.total_seconds() / 60
    spent = gaps[gaps <= PAUSE].groupby([when["code"], when["notebook"]]).sum()
    rows = [
        (n, len(x), x.median(), stops().at[n, "minutes"]) for n, x in spent.groupby("notebook") if n in stops().index
    ]
    return pd.DataFrame(rows, columns=["page", "learners", "median_minutes", "page_says"]).round(1)


def picture(votes):
    """Each question with two bars, first and second vote; the best answer is filled (Shown)."""
    names = list(dict.fromkeys(votes.index.get_level_values(0)))
    fig, ax = canvas(5, 0.5 * len(names))
    most = max(1, int(votes.groupby(level=0).sum().to_numpy().max()))
    spoken = []
    for n, name in enumerate(names):
        best, said = items()[name].get("best"), []
        for number, (vote, y) in enumerate((("first", n - 0.18), ("second", n + 0.18)), 1):
            left = 0
            for answer, count in votes.loc[name, vote].items():
                if count:
                    right = answer == best
                    look = {"facecolor": MET if right else "white", "edgecolor": MET if right else INK}
                    ax.barh(y, count, 0.32, left, **look)
                    words = f"{'✔ ' if right else ''}{answer.upper()} {count}"
                    ax.text(left + count / 2, y, words, ha="center", va="center", color="white" if right else INK)
                    left += count
                    said.append(f"{phrase(f'kit.vote_{number}')} {words}")
        ax.text(-0.02 * most, n, name, ha="right", va="center", **BOLD)
        spoken.append(f"{name}: {', '.join(said)}")
    ax.set(xlim=(0, most), ylim=(len(names) - 0.5, -0.5), yticks=[], xlabel=phrase("kit.learners"))
    ax.spines["left"].set_visible(False)
    return finish(fig, phrase("kit.votes_alt"), phrase("kit.votes_caption"), spoken)


def write(folder, plan=None, tell=print):
    """Write the report of a folder of receipts into ``report`` in it; `ReportError` says why there is none.

    `plan` is that of `counting`; `tell` gets what is to be said.
    """
    receipts = read_receipts(folder)
    asked = counting(receipts, plan)
    if receipts.empty:
        raise ReportError(phrase("kit.no_receipts", folder=folder))
    codes = [Path(name).stem for name in receipts["file"]]
    receipts["code"] = [f"'{code}" if code.startswith(FORMULA) else code for code in codes]
    votes, out = counts(receipts, asked), Path(folder).expanduser() / "report"
    made = {
        "gradebook": gradebook(receipts, asked),
        "questions": questions(receipts, asked),
        "minutes": minutes(receipts),
    }
    out.mkdir(exist_ok=True)
    for name, frame in made.items():
        frame.to_csv(out / f"{name}.csv", index=False)
    head, shown = phrase("kit.report", n=receipts["code"].nunique()), ""
    if all(re.match(INVENTED, code) for code in receipts["code"]):
        shown += f"<p><strong>{phrase('kit.invented')}</strong></p>"
    shown += picture(votes).html if len(votes) else f"<p>{phrase('kit.no_votes')}</p>"
    for name in ("questions", "minutes"):
        frame = made[name].rename(columns=lambda c: phrase(f"kit.column_{c}"))
        shown += table(frame.astype(object).where(frame.notna(), "–"), phrase(f"kit.report_{name}", pause=PAUSE)).html
    (out / "report.html").write_text(
        page(head, f"<h1>{head}</h1>{shown}", teacher=True), encoding="utf-8", newline="\n"
    )
    tell(phrase("kit.reported", folder=out, files=", ".join([*(f"{name}.csv" for name in made), "report.html"])))
