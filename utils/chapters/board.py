"""The differential: a board of findings and hypotheses to fill, and how a ranking moved from stage to stage."""

from utils import plots
from utils.explore import again
from utils.page import Shown, headed, say, table, together
from utils.phrases import phrase
from utils.quiz import Card, rankings, word
from utils.record import change, read, refresh
from utils.units import among

STATES = {v: k for k, v in plots.WORDS.items()}


class DifferentialBoard(Card):
    """The differential board on the page: a list of four states in every cell. It can be changed at any time."""

    shelf = "forms"

    def __init__(self, case):
        self._findings = dict(case.board_findings[["finding", "label"]].itertuples(index=False))
        self._columns = dict(case.hypotheses[["hypothesis", "short"]].itertuples(index=False))
        self._reading = {(r.finding, r.hypothesis): r for r in case.board.itertuples()}
        about = {"id": "B1.1", "kind": "grid", "locks": False, "button": phrase("differential.compare")}
        about |= {"stem": phrase("differential.stem"), "corner": phrase("differential.finding")}
        about |= {"fields": [[*x] for x in self._findings.items()], "columns": [[*x] for x in self._columns.items()]}
        about |= {"options": [["", "–"], *[[state, plots.WORDS[state]] for state in STATES.values()]]}
        super().__init__(about)
        worked = {k: r.state for k, r in self._reading.items() if k[0] == "ferritin"}
        picture = plots.matrix(worked, self._findings, self._columns, phrase("differential.example_caption"))
        note = Shown(f"<p><em>{phrase('differential.run_example')}</em></p>", phrase("differential.run"))
        self.still = together(note, picture, self.why("ferritin"))

    def _cells(self, rows, heads, caption):
        """A table of cells, each a finding, a hypothesis and what is said of both."""
        rows = [(self._findings[f], self._columns[h], *rest) for f, h, *rest in rows]
        return headed(rows, "differential", heads, caption)

    def why(self, finding=None, hypothesis=None):
        """The reading of a row or a column in words: a table of cells, why, and what it rests on."""
        rows = [r for k, r in self._reading.items() if finding in (None, k[0]) and hypothesis in (None, k[1])]
        if not rows:
            known = {"rows": ", ".join(self._findings), "columns": ", ".join(self._columns)}
            return say(phrase("differential.no_such_cell", row=finding, column=hypothesis, **known))
        ours = phrase("differential.rests_on_us")
        cells = [(r.finding, r.hypothesis, plots.WORDS[r.state], r.why, r.sources or ours) for r in rows]
        title = self._findings.get(finding) or self._columns.get(hypothesis) or phrase("differential.whole")
        heads = "finding hypothesis reading why rests_on"
        return self._cells(cells, heads, phrase("differential.title", title=title))

    def set(self, finding, **cells):
        """Fill cells of a row by call: ``set("ferritin", sjia="fits", kawasaki="does not fit")``; None empties one."""
        if not among(finding, self._findings):
            return say(phrase("differential.no_row", row=finding, known=", ".join(self._findings)))
        given = {}
        for name, state in cells.items():
            state = word(state)
            if name not in self._columns:
                return say(phrase("differential.no_column", column=name, known=", ".join(self._columns)))
            if state is not None and not among(state, [*STATES, *STATES.values()]):
                return say(phrase("differential.no_state", state=state, known=", ".join(STATES)))
            given[f"{finding}|{name}"] = STATES.get(state, state) or ""
        return self.commit({**self.committed, **given})

    def get(self):
        """Your board: dict of (finding, hypothesis) -> state, where you filled a cell."""
        fields = read("forms")[0].get("B1.1", {}).get("fields", {})
        return {k: s for k in self._reading if (s := fields.get("|".join(k))) in STATES.values()}

    def commit(self, given):
        kept = {k: s for k, s in given.items() if "|" in k and s}
        note = change(lambda record: record["forms"].update({"B1.1": {"fields": kept}}))
        refresh(self.item["id"], note)  # every board on the page, since the next commit sends the whole of it
        return self.shown({"fields": kept})[1]

    def shown(self, entry):
        mine = self.get()
        other = [(k, s, self._reading[k]) for k, s in mine.items() if self._reading[k].state != s]
        words = say(phrase("differential.filled", count=len(mine), same=len(mine) - len(other)))
        if other:
            cells = [(*k, plots.WORDS[s], plots.WORDS[r.state], r.why) for k, s, r in other]
            heads = "finding hypothesis you our_reading why"
            words = together(words, self._cells(cells, heads, phrase("differential.differ")))
        return dict(entry["fields"]), words if mine else say(phrase("differential.empty"))

    def picture(self, caption, mine=False):
        """The board as a table of signs and words: our reading, or your own."""
        states = {key: r.state for key, r in self._reading.items()}
        return plots.matrix(self.get() if mine else states, self._findings, self._columns, caption)


def replay(notebook):
    """How your ranking moved from stage to stage, with a button that brings it up to date."""

    def view():
        places = rankings(notebook)
        words = places.astype(object).map(lambda p: phrase("differential.place", place=p), na_action="ignore")
        words = words.fillna(phrase("forms.not_ranked")).rename_axis(phrase("differential.hypothesis")).reset_index()
        line = [] if places.notna().any(axis=None) else [say(phrase("differential.no_ranking"))]
        return together(*line, table(words, phrase("differential.ranking")))

    return again(view)
