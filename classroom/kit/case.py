"""The case a stage at a time, for paper and for slides: what was found and measured by then, and nothing later."""

from functools import cache
from html import escape

from classroom.kit.pages import page, rows
from utils.case import load_case
from utils.phrases import phrase
from utils.units import show, variables

STAGES = {  # number -> name, moment, what of it
    "1": ("first_hospital", "regional_hospital", ("course", "findings", "values", "given")),
    "2": ("admission_examination", "admission", ("findings",)),
    "3": ("admission_results", "admission", ("values",)),
    "4": ("days_2_and_3", "picu", ("before", "course", "findings", "values")),
    "5": ("day_4", "ecmo", ("before", "course", "findings")),
}
PAGES = {stage: f"case/{stage}_{name}" for stage, (name, *_) in STAGES.items()}
LINES = 7  # to write on


def heading(stage):
    """What a stage is called (str)."""
    return phrase(f"kit.case_{STAGES[stage][0]}")


@cache
def tables(stage):
    """What a stage tells: a list of (title, rows of words)."""
    _, moment, parts = STAGES[stage]
    now, made = load_case().as_of(moment), {}
    of = {name: now.tables[name].query("status == 'reported'") for name in ("events", "findings", "treatments")}
    here = {name: t[(t["time_point"] == moment) & (t["where"] != "IN")] for name, t in of.items()}
    found = here["findings"][~here["findings"]["note"].str.startswith("reading:")]
    label = variables()["label"]
    made["course"] = [[event] for event in here["events"]["label"]]
    made["findings"] = []
    for f in found.itertuples():
        name = label[f.variable] if f.state == "present" else phrase("kit.no", what=label[f.variable])
        made["findings"].append([name, f"“{f.as_printed.replace(' | ', '”, “')}”"])
    sheet = [(v, str(v.Printed)) for v in now.sheet().itertuples() if v.Printed.known]
    printed = _ranges(now) if moment == "admission" else {}  # of the laboratory there
    made["values"] = [[v.Item, words, *([printed.get(v.Printed.variable, "–")] * bool(printed))] for v, words in sheet]
    order = now.time_points.set_index("time_point")["order"]
    last = of["treatments"][of["treatments"]["time_point"].map(order) == order[moment] - 1]
    for part, drugs in (("given", here["treatments"]), ("before", last)):
        doses = [f"{show(d.dose)} {d.dose_unit}" if d.dose == d.dose else "–" for d in drugs.itertuples()]
        made[part] = [[*line] for line in zip(drugs["label"], doses, strict=True)]
    return [(phrase(f"kit.case_{part}"), made[part]) for part in parts]


def _ranges(case):
    """The ranges that the report itself prints, in words: a dict of variable -> str."""
    own, found = case.reference_ranges.query("where != ''"), {}
    for row in own.itertuples():
        low = "< " if row.low != row.low else f"{show(row.low)}–"
        unclear = f"; {phrase('kit.unclear')}" if "ambiguous" in row.note else ""
        found[row.variable] = f"{low}{show(row.high)} {row.unit}{unclear}"
    return found


def head(part, rows):
    """The head of a table of `tables` (list of str)."""
    return [part, phrase("kit.as_printed"), phrase("kit.printed_range")][: len(rows[0])]


def sheets():
    """A page for each stage: a dict of file name (without ending) -> page."""
    made = {}
    for stage, name in PAGES.items():
        told = ""
        for part, lines in tables(stage):
            cells = [[escape(cell) for cell in line] for line in lines]
            told += rows([*map(escape, head(part, lines))], cells)
        top = f"<h1>{escape(heading(stage))}</h1><p>{phrase('kit.case_how')}</p>"
        notes = f"<h2>{phrase('kit.case_notes')}</h2>" + '<p class="ruled"></p>' * LINES
        made[name] = page(heading(stage), f'{top}<div class="stage">{told}</div>{notes}')
    return made
