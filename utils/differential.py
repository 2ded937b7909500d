"""The differential: a board of findings and hypotheses to fill, and how a ranking moved from stage to stage."""

import pandas as pd

from utils import plots
from utils.cards import Card, refresh, still, word
from utils.forms import rankings
from utils.page import Shown, say, table, together
from utils.record import change, read
from utils.units import among

STATES = {v: k for k, v in plots.WORDS.items()}


class Board(Card):
    """The differential board on the page: a list of four states in every cell. It can be changed at any time."""

    shelf = "forms"

    def __init__(self, case):
        self._case = case
        self._findings = dict(case.board_findings[["finding", "label"]].itertuples(index=False))
        self._columns = dict(case.hypotheses[["hypothesis", "short"]].itertuples(index=False))
        about = {"id": "B1.1", "kind": "grid", "locks": False, "button": "Compare with the reading of this collection"}
        about |= {"stem": "Your board: what does each finding say of each hypothesis?", "corner": "Finding"}
        about |= {"fields": [[*x] for x in self._findings.items()], "columns": [[*x] for x in self._columns.items()]}
        about |= {"options": [["", "–"], *[[state, plots.WORDS[state]] for state in STATES.values()]]}
        super().__init__(about, still(about["stem"], [], ""))
        first = self._example()
        note = Shown(
            "<p><em>Run the notebook to fill the board; one row is filled as an example.</em></p>",
            "Run the notebook to fill the board.",
        )
        self._still = together(note, first)

    def _reading(self):
        return {(r.finding, r.hypothesis): r for r in self._case.board.itertuples()}

    def _example(self):
        """What stands on the page before it is run: the worked row, as a picture and as a table."""
        worked = {k: r.state for k, r in self._reading().items() if k[0] == "ferritin"}
        picture = plots.matrix(worked, self._findings, self._columns, "The board with one row filled in.")
        return together(picture, self.why("ferritin"))

    def why(self, finding=None, hypothesis=None):
        """The reading of a row or a column in words: a table of cells, why, and what it rests on."""
        rows = [r for k, r in self._reading().items() if finding in (None, k[0]) and hypothesis in (None, k[1])]
        if not rows:
            names = f"rows {', '.join(self._findings)}; columns {', '.join(self._columns)}"
            return say(f"The board has no row '{finding}' or no column '{hypothesis}': {names}.")
        cells = [
            (
                self._findings[r.finding],
                self._columns[r.hypothesis],
                plots.WORDS[r.state],
                r.why,
                r.sources or "our reading",
            )
            for r in rows
        ]
        title = self._findings.get(finding) or self._columns.get(hypothesis) or "The whole board"
        return table(
            pd.DataFrame(cells, columns=["Finding", "Hypothesis", "Reading", "Why", "Rests on"]),
            f"{title}: our reading",
        )

    def set(self, finding, **cells):
        """Fill cells of a row by call: ``set("ferritin", sjia="fits", kawasaki="does not fit")``; None empties one."""
        if not among(finding, self._findings):
            return say(f"Refused. There is no row '{finding}': choose {', '.join(self._findings)}.")
        cells = {name: word(state) for name, state in cells.items()}
        for name, state in cells.items():
            if name not in self._columns:
                return say(f"Refused. There is no column '{name}': choose {', '.join(self._columns)}.")
            if state is not None and not among(state, [*STATES, *STATES.values()]):
                return say(f"Refused. '{state}' is not a state: choose {', '.join(STATES)}, or None.")
        new = {f"{finding}|{n}": STATES.get(s, s) or "" for n, s in cells.items()}
        return self.commit({**self.committed, **new})

    def get(self):
        """Your board: dict of (finding, hypothesis) -> state, where you filled a cell."""
        fields = read("forms")[0].get("B1.1", {}).get("fields", {})
        known = {f"{f}|{h}": (f, h) for f in self._findings for h in self._columns}
        return {known[k]: s for k, s in fields.items() if k in known and s in STATES.values()}

    def commit(self, given):
        kept = {k: s for k, s in given.items() if "|" in k and s}
        note = change(lambda record: record["forms"].update({"B1.1": {"fields": kept}}))
        refresh(self.item["id"], note)  # every board on the page, since the next commit sends the whole of it
        return self.shown({"fields": kept})[1]

    def shown(self, entry):
        mine, reading = self.get(), self._reading()
        same = [k for k, s in mine.items() if reading[k].state == s]
        if not mine:
            told = say("The board is empty: fill a row or a column, then compare.")
        else:
            other = [
                (
                    self._findings[f],
                    self._columns[h],
                    plots.WORDS[s],
                    plots.WORDS[reading[f, h].state],
                    reading[f, h].why,
                )
                for (f, h), s in mine.items()
                if (f, h) not in same
            ]
            names = ["Finding", "Hypothesis", "You", "Our reading", "Why"]
            filled = f"{len(mine)} cell{'s' * (len(mine) != 1)} filled, {len(same)} as in our reading."
            line = say(f"{filled} A difference is a reason to look again.")
            told = together(line, table(pd.DataFrame(other, columns=names), "Where we differ")) if other else line
        return dict(entry["fields"]), told

    def picture(self, caption, mine=False):
        """The board as a picture: our reading, or your own."""
        states = self.get() if mine else {k: r.state for k, r in self._reading().items()}
        return plots.matrix(states, self._findings, self._columns, caption)


def replay(notebook):
    """How your ranking moved from stage to stage, as a picture and a table; before you ranked, what is still open."""
    places = rankings(notebook)
    words = places.map(lambda p: "not ranked" if pd.isna(p) else f"place {p}").rename_axis("Hypothesis").reset_index()
    shown = table(words, "Your ranking at each stage")
    if places.notna().any().sum() == 0:
        return together(say("You have not ranked yet: go back to the first ranking, or use rank(...)."), shown)
    return together(plots.ranks(places, "How your ranking moved."), shown)
