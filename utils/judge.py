"""Two explorers for judging a report: ten questions on a drug, and the register of discrepancies."""

import ipywidgets as widgets
import pandas as pd

from utils import plots
from utils.appraisal import TRUTH, answers, band, bands, defensible, label, points, signed
from utils.cards import word
from utils.explorer import Explorer, none_such, values
from utils.forms import prompts
from utils.page import say, table, together
from utils.quiz import items
from utils.rules import evaluate
from utils.units import among, show

WORD = {v: k for k, v in TRUTH.items()}
ANY = "any"


class NaranjoBench(Explorer):
    """The ten questions to answer; score, published band, what open ones could change, and, when asked for, ours."""

    def __init__(self):
        style = {"style": {"description_width": "30em"}, "layout": {"width": "43em"}}
        controls = {
            q: widgets.Dropdown(options=[*TRUTH], value=WORD[None], description=f"{q[1:]}. {label(q)}", **style)
            for q in answers()
        }
        controls["ours"] = widgets.ToggleButton(description="Compare with our answers", layout={"width": "16em"})
        super().__init__([*controls.values()], controls)

    def _view(self, now):
        given, beside = {q: TRUTH[now[q]] for q in answers()}, now["ours"]
        score, ours = (evaluate("naranjo", those).score[0] for those in (given, answers()))
        unknown = [q for q, a in given.items() if a is None]
        low, high = (score + sum(f(points(q, True), points(q, False)) for q in unknown) for f in (min, max))
        line = f"Score {show(score)}: {band(score)}." if len(unknown) < len(given) else "Nothing is answered yet."
        if beside:
            line += " As ours." if score == ours else f" {signed(score - ours)} from ours, which is {show(ours)}."
        line += f" Open questions: {len(unknown)}."
        spans = [("your answers", score, score)]
        if unknown:
            ends = dict.fromkeys(band(x) for x in (low, high))
            line += f" Answered, they could make it {show(low)} to {show(high)}: {' to '.join(ends)}."
            spans.append(("open ones answered", low, high))
        spans += [("our answers", ours, ours), ("defensible", *defensible())] if beside else []
        picture = plots.scale(bands(), spans, "Your answers among the published bands.")
        rows = [
            (f"{q[1:]}. {label(q)}", WORD[a], signed(points(q, a)), "" if a == answers()[q] else WORD[answers()[q]])
            for q, a in given.items()
        ]
        heads = ["Question", "Your answer", "Points", "Ours, where another"]
        sheet = pd.DataFrame(rows, columns=heads)
        return together(say(line), picture, table(sheet if beside else sheet[heads[:3]], "Your answers"))

    def set(self, **given):
        """Answer by call: ``set(q5="no", q8="do not know")``; True, False and None stand for the three as well."""
        wanted = {}
        for name, answer in given.items():  # all are read before any is moved, so that a refusal changes nothing
            if name not in answers():
                return say(f"Refused. There is no question '{name}': choose q1 to q{len(answers())}.")
            wanted[name] = WORD[answer] if answer is None or isinstance(answer, bool) else word(answer)
            if not among(wanted[name], TRUTH):
                return say(f"Refused. {answer!r} is no answer to {name}: choose {', '.join(TRUTH)}.")
        return self._move(**wanted)

    def compare(self, beside=True):
        """Show our answers beside yours, or take them away again."""
        return self._move(ours=bool(beside))

    def get(self):
        """Your answers: dict of q1 … q10 -> yes, no or do not know."""
        return {q: self._used[q] for q in answers()}


def asked_in():
    """Where each entry of the register is asked about: dict of id -> set of notebooks whose questions rest on it."""
    found = {}
    for one in [*items().values(), *prompts().values()]:
        rests = [r for o in one.get("options", []) for r in o["rests_on"]] + list(one.get("rests_on", []))
        for name in (r for r in rests if r.startswith("D")):
            found.setdefault(name, set()).add(one["notebook"])
    return found


class Register(Explorer):
    """The register of discrepancies of the whole case, to choose from and to search; one is open, all are listed."""

    def __init__(self, case):
        places, used = dict(case.locators[["locator", "label"]].itertuples(index=False)), asked_in()
        moments = dict(case.time_points[["time_point", "label"]].itertuples(index=False))
        rows = case.discrepancies
        self._rows = rows.assign(
            moment=rows["time_point"].map(moments),
            place=["; ".join(places[p.strip()] for p in w.split("|")) for w in rows["where"]],
            books=[used.get(name, set()) for name in rows["id"]],
        ).set_index("id")
        style = {"style": {"description_width": "10em"}, "layout": {"width": "34em"}}
        lists = {"kind": self._rows["kind"].unique(), "notebook": sorted(set().union(*self._rows["books"]))}
        lists["moment"] = [m for m in moments.values() if m in set(self._rows["moment"])]
        controls = {n: widgets.Dropdown(options=[ANY, *x], description=n, **style) for n, x in lists.items()}
        controls["search"] = widgets.Text(description="search for", **style)
        controls["entry"] = widgets.Dropdown(options=[*self._rows.index], description="open entry", **style)
        every = widgets.Button(description="Show all again", layout={"width": "12em"})
        super().__init__([*controls.values(), every], controls)
        every.on_click(lambda _: self.set(kind=ANY, moment=ANY, notebook=ANY, search=""))

    def _matching(self, now):
        """The ids that fit every choice; a search goes through all that is told of an entry."""
        text = now["search"].strip().casefold()
        return [
            name
            for name, r in self._rows.iterrows()
            if now["kind"] in (ANY, r["kind"]) and now["moment"] in (ANY, r["moment"])
            and (now["notebook"] == ANY or now["notebook"] in r["books"])
            and text in " ".join([name, *map(str, r.drop("books"))]).casefold()
        ]  # fmt: skip

    def _settled(self, now, name):
        names = self._matching(now)
        return now if now["entry"] in names else {**now, "entry": names[0] if names else None}

    def _place(self, now):
        if values(entry := self._controls["entry"]) != (names := self._matching(now)):
            entry.options = names
        super()._place(now)

    def _view(self, now):
        names, at = self._matching(now), now["entry"]
        line = say(f"{len(names)} of {len(self._rows)} entries fit.")
        if not names:
            return together(line, say("No entry fits: choose any in a list, or search for something shorter."))
        r = self._rows.loc[at]
        words = "; ".join(f"“{w.strip()}”" for w in r["as_printed"].split("|")) if r["as_printed"] else "none"
        one = [("What is printed", r["printed"]), ("Printed words", words), ("Where", r["place"])]
        one += [
            ("The question", r["question"]),
            ("Handled here", r["handling"]),
            ("Facts", r["facts"].replace(" ", ", ")),
        ]
        opened = table(pd.DataFrame(one, columns=["Part", "Told"]), f"{at}. {r['title']}")
        listed = self._rows.loc[names].reset_index()
        listed["books"] = [", ".join(sorted(b)) or "–" for b in listed["books"]]
        heads = {"id": "Id", "title": "Title", "kind": "Kind", "moment": "Moment", "books": "Asked about in"}
        return together(line, opened, table(listed[[*heads]].set_axis([*heads.values()], axis=1), "Entries that fit"))

    def set(self, **given):
        """Choose by call: ``set(kind="two accounts")``, ``set(search="dose")``, ``set(entry="D07")``."""
        now = {**self.get(), **given}
        for name, value in given.items():
            if name not in self._controls:
                return none_such([name], *self._controls)
            known = [*self._rows.index] if name == "entry" else getattr(self._controls[name], "options", None)
            if not isinstance(value, str) or (known is not None and value not in known):
                listed = f": choose {', '.join(known)}." if known else ": give words."
                return say(f"Refused. {value!r} is not on the list of {name}{listed}")
        if "entry" in given and given["entry"] not in self._matching(now):
            return say(f"Refused. {given['entry']} does not fit the other choices: choose any in them first.")
        return self._move(**given)


naranjo_bench, register = NaranjoBench, Register
