"""Every passage of the collection, and the numbers in it that nobody can vouch for.

A passage is a paragraph, a list item, a line of a table: of a notebook, a question, a prompt, or a cell of casedata/.
What the case can vouch for is in `known_numbers`; all else is declared in ``tests/numbers.yaml``.
"""

import html
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import nbformat
import numpy as np
import yaml

from tests.known_numbers import CASE, GIRL, MEND, NAMES, SILENT, STOPS, measured, measured_under, provenance, vanished
from tests.reading import read_numbers
from tests.rebuild import line_of
from utils import pk
from utils.case import references
from utils.chapters import appraisal, bedside, cohort, course, patient, route
from utils.quiz import items, prompts
from utils.rules import NEAR, RULES, evaluate, hscore_probability
from utils.units import converted, factors, variables

ROOT = Path(__file__).resolve().parent.parent
BOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
DECLARED = Path(__file__).with_name("numbers.yaml")
ENTRIES = yaml.safe_load(DECLARED.read_text(encoding="utf-8"))
TRIED = re.compile(r"`\w+\.set\([^`]*`")  # a value to try in a line of code is no fact
WATERMARK = re.compile(r"\b(SIMULATED|INVENTED)\b")
# Cells that compute what no table holds; the strict comparison (nbval) holds each to a new run.
COMPUTED = set(
    "month-17 month-35 five-bench five-read-off second-age-bench second-strip new-rules new-rules-again 06 07 "
    "appraisal-recovery appraisal-rivals appraisal-severity appraisal-causes appraisal-naranjo appraisal-people "
    "appraisal-evidence appraisal-ribbon appraisal-audit appraisal-register appraisal-another-day-field".split()
)


# ---- pages ----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Passage:
    """A paragraph, a list item or a line of a table, with what stands around it and the names by which it is called."""

    text: str
    where: str
    names: frozenset
    moment: tuple | None
    head: str = ""
    prose: bool = True

    @property
    def computed(self):
        return not self.prose and bool(self.names & COMPUTED)

    def place(self, reading):
        """File and line of a reading, as in ``casedata/items.yaml:731``."""
        if self.where.startswith("casedata/"):
            return self.where.partition(",")[0]
        file, _, name = self.where.partition(", ")
        path = ROOT / "casedata" / file if file.endswith(".yaml") else ROOT / "notebooks" / f"{file}.ipynb"
        first, near = line_of(path, name.removeprefix("cell ")), {*re.findall(r"\w+", reading.context)}
        lines = path.read_text(encoding="utf-8").splitlines()[first - 1 : first + 199]
        fits = [len(near & {*re.findall(r"\w+", line)}) * (reading.text in line) for line in lines]
        return f"{path.relative_to(ROOT)}:{first + fits.index(max(fits))}"


def plain_text(page):
    """What a reader sees of HTML: rows as lines, cells apart, the description of a picture; no pixels."""
    page = re.sub(r"(?s)<tr.*?</tr>", lambda row: row[0].replace("\n", ""), page)  # of pandas, a line for each cell
    page = re.sub(r'<img[^>]*?alt="([^"]*)"[^>]*>', r"\n\1\n", re.sub(r"base64,[A-Za-z0-9+/=]+", "", page))
    page = re.sub(r"</(tr|p|li|ul|caption|summary|table|figcaption|div)>|<br */?>", "\n", page)
    return html.unescape(re.sub(r"<[^>]+>", "  ", page))


def output_texts(cell):
    """The texts of a cell's outputs: the plain one, and of the HTML the lines whose numbers are not in it."""

    def numbers_of(line):
        return tuple((r.text, r.unit) for r in read_numbers(line))

    for output in cell.get("outputs", []):
        data = output.get("data", {"text/plain": output.get("text", "")})
        first, page = data.get("text/plain", ""), plain_text(data.get("text/html", ""))
        seen = {(), *map(numbers_of, first.splitlines())}
        if not WATERMARK.search(first + page):  # drawn by a seeded simulation, or invented: no number of the case
            more = [line for line in page.splitlines() if numbers_of(line) not in seen]
            yield re.sub(" {3,}", "  ", "\n".join([first, *more]))


def moment_of(number):
    """From when a page is told (tuple): its moment, and the later voice it quotes; or of whom, if not of the child."""
    if number in patient.PAGES.values():
        return (GIRL.name,)
    return tuple(filter(None, STOPS.loc[number, ["time_point", "later_voice"]])) if number in STOPS.index else ()


def book_passages(nb, stem):
    """Every passage of a notebook."""
    moment, heading = moment_of(stem[:2]), ""
    for cell in nb.cells:
        names = {stem, stem[:2], cell.get("id")}
        names |= set(re.findall(r'ask\("([^"]+)"\)', cell.source)) if cell.cell_type == "code" else set()
        common = (f"{stem}, cell {cell.get('id')}", frozenset(names), moment)
        if cell.cell_type == "markdown":
            text = TRIED.sub(lambda m: re.sub(r"\d", "x", m[0]), cell.source)
            text = re.sub(r"\]\([^)]*\)", "]", text)  # where a link leads to is no fact
            text = re.sub(r"(?m)^> ?", "", re.sub(r"<[^>]+>|[`*]", " ", text))
            top, inside = "", False  # the uppermost row of a table names what stands below it
            for block in re.split(r"\n\s*\n|\n(?=\s*(?:[-+]|\d+\.)\s)|\n(?=\s*\|)", text):
                heading = block if block.lstrip().startswith("#") else heading
                row = block.lstrip().startswith("|")
                top, inside = block if row and not inside else top if row else "", row
                yield Passage(re.sub(r"\s*\n\s*", " ", block).strip(), *common, f"{heading} {top}")
        else:
            for block in re.split(r"\n\s*\n", "\n".join(output_texts(cell))):
                lines = block.splitlines()
                top = " ".join(lines[:2]) if len(lines) > 2 else ""  # a table's caption and its header
                for line in lines:
                    yield Passage(line, *common, top, prose=False)


def entry_passages(file, entries):
    """Every passage of the questions, or of the prompts."""
    for name, entry in entries.items():
        texts = [entry["stem"], *(o[k] for o in entry.get("options", []) for k in ("text", "why"))]
        texts += [*entry.get("voices", {}).values(), *(entry.get(k, "") for k in ("open", "exemplar"))]
        names, moment = frozenset({file, name, entry["notebook"]}), moment_of(entry["notebook"])
        for text in [*texts, *entry.get("look_for", [])]:
            yield Passage(str(text), f"{file}.yaml, {name}", names, moment, str(entry["stem"]))


def table_passages(case):
    """Every sentence of the tables, and what its row is about."""
    labels, seen = variables()["label"], measured_under()
    for name, table in case.tables.items():
        for number, row in enumerate(table.to_dict("records"), 2):
            called = row.get("id") or row.get("fact") or ""
            about = [str(row[c]) for c in NAMES if c in row] + [labels.get(row.get("variable") or row.get("input"), "")]
            about += [seen.get(f, "") for f in f"{row.get('fact', '')} {row.get('facts', '')}".split()]
            for column, cell in row.items():
                if isinstance(cell, str) and column not in SILENT:
                    where = f"casedata/{name}.csv:{number}, column {column}" + f" ({called})" * bool(called)
                    yield Passage(cell, where, frozenset({name, called}), None, " ".join(about))


# ---- what is declared -----------------------------------------------------------------------------------------------
def value(fact, unit=None, variable=None):
    """An observation by its fact, in a unit of its variable; the variable is named where a fact holds several."""
    rows = CASE.observations.query("fact == @fact")
    rows = rows[rows["variable"] == variable] if variable else rows
    if len(rows) != 1:
        raise ValueError(f"{fact} holds {len(rows)} values: name one of {', '.join(rows['variable'])}")
    [row] = rows.to_dict("records")
    return converted(row["value"], row["variable"], row["unit"], unit or row["unit"])


def limit(rule, item, unit=None):
    """A threshold of a rule, in its published unit or in another one of the variable."""
    row = RULES[rule].nodes()[item]
    return converted(row["threshold"], row["input"], row["unit"], unit) if unit else row["threshold"]


def shown_of(rule, moment, item, column):
    return evaluate(rule, CASE.as_of(moment)).items.set_index("item").at[item, column]


def share(rule, what, study=None):
    """A published sensitivity or specificity of a rule; the study is named where there are several."""
    rows = CASE.performance.query("rule == @rule")
    [found] = rows.loc[rows["study"] == study if study else rows["rule"] == rule, what]
    return found


def exposure(what, way, hours, kg=16.7, reading="published"):
    return pk.exposure(pk.parameters(kg, reading), 2 * kg, hours, way)[what]


def gain(part, what="times", f=1, reading="published", day_1=False):
    return pk.split_gain(pk.parameters(16.7, reading, bioavailability=f), 33.4, day_1=day_1).at[part, what]


def z_score(weight, months):
    """A boy's weight (kg) as a z-score, ((weight / M)^L − 1) / (L S). Source: WHO (whoanthro), ``growth.csv``."""
    power, median, spread = (np.interp(months, CASE.growth["age"], CASE.growth[c]) for c in ("l", "median", "s"))
    return ((weight / median) ** power - 1) / (power * spread)


def girl(moment, name, unit=None):
    given = GIRL.as_of(moment).inputs[name]
    return (given.to(unit) if unit else given).value


SPACE = {
    **{f.__name__: f for f in (value, limit, share, exposure, gain, girl, round)},
    "points": lambda rule, item: RULES[rule].nodes()[item]["points"],
    "score": lambda rule, moment=None: evaluate(rule, CASE.as_of(moment) if moment else {}).score,
    "margin": lambda rule, moment, item: 100 * shown_of(rule, moment, item, "margin"),
    "part": lambda rule, moment, item: shown_of(rule, moment, item, "points_low"),
    "people": lambda rule, prior: cohort.crowd(share(rule, "sensitivity"), share(rule, "specificity"), prior),
    "percent": lambda score: hscore_probability(score)[0],
    "factor": lambda variable, unit: factors(variable)[unit],
    "reference": lambda work: int(references()[work]["citation-number"]),
    "amount": lambda treatment, what: course.equivalents(CASE.treatments.set_index("treatment").loc[treatment])[what],
    "ran": lambda day: course.count(course.running(course.courses(CASE), day)),
    "mean_pressure": bedside.mean_arterial_pressure,
    "printed": lambda way: route.printed()[way][0],
    "hours": lambda way: route.printed()[way][1],
    "weight": lambda reading: route.weights()[reading],
    "near": NEAR,
    "z": z_score,
    "median": lambda months: CASE.growth.set_index("age").at[months, "median"],
    "half_life": lambda reading: pk.parameters(16.7, reading).half_life,
    "our_naranjo": lambda: evaluate("naranjo", appraisal.answers()).score[0],
    "naranjo": lambda end: appraisal.defensible()[end],
    "variant": lambda item, what: int(CASE.variant.set_index("item").at[item, what]),
    "kinetics": lambda name: pk.constants()[name],
    "hours_later": lambda moment: GIRL.moments.at[moment, "after_h"],
}


def compute(expression):
    """The value of an entry's computation: numbers, arithmetic and the few names of `SPACE`, and nothing else."""
    if "__" in str(expression) or re.search(r"[A-Za-z_]\w*\s*\.|lambda|\bfor\b", str(expression)):
        raise ValueError("only arithmetic and the names in SPACE are allowed")
    return eval(str(expression), {"__builtins__": {}}, dict(SPACE))


def declares(entry, reading, passage):
    """Whether an entry is about this reading: the same words, the same unit where it names one, at its place."""
    if entry["text"] != reading.text:
        return False
    unit, where = entry.get("unit", reading.unit), entry["where"]
    same = reading.unit in (unit, *(r.unit for r in read_numbers(f"1 {unit}")))
    return same and passage.names & ({where} if isinstance(where, str) else {*where})


def entry_faults(entries, used):
    """What is wrong with the declared numbers themselves."""
    lines = DECLARED.read_text(encoding="utf-8").splitlines()
    at = [n for n, line in enumerate(lines, 1) if line.startswith("- ")]
    for number, entry in enumerate(entries):
        place = f"numbers.yaml:{at[number]}: {entry.get('where')}, '{entry.get('text')}'"
        if not isinstance(entry.get("text"), str) or "where" not in entry:
            yield f"{place} needs 'where' and 'text', the text between quotation marks"
        elif ("is" in entry) == bool(str(entry.get("reason", "")).strip()):
            yield f"{place} needs either a computation ('is') or a reason"
        elif number not in used:
            yield f"{place} stands nowhere on that page any more: take the entry out"
        elif "is" in entry:
            try:
                right = compute(entry["is"])
                [reading] = read_numbers(entry["text"]) or read_numbers(f"{entry['text']} points")
                if abs(right - reading.value[0]) > 0.5 * 10**-reading.decimals + 1e-9:
                    yield f"{place} is {right:.6g} by its computation {entry['is']}: mend the sentence, or the entry"
            except Exception as fault:
                yield f"{place}: the computation {entry['is']} fails ({fault})"


def paired(passage):
    """Numbers that are right only together, a probability with its score: their place, and their source or None."""
    text = passage.text
    for m in re.finditer(r"(?<![\d.])(?<!y of )(\d[\d.]*) % at (\d+)", text):
        row = CASE.score_probability.query("score == @score", local_dict={"score": float(m[2])})
        due = {*row["percent"], round(hscore_probability(float(m[2]))[0])}
        yield m.span(), "score_probability.csv" if float(m[1]) in due else None
    if not passage.prose and re.search(r"\bHScore\b.*\bpublished\b", passage.head, re.DOTALL):
        score, *shares = read_numbers(text) or [None]
        for r in [score, *shares] if score and text.strip().startswith(score.text) else ():
            rows = CASE.score_probability.query("score == @score", local_dict={"score": score.value[0]})
            yield r.span, "score_probability.csv" if r is score or r.value[0] in set(rows["percent"]) else None


# ---- faults ---------------------------------------------------------------------------------------------------------
def accepted(reading, passage, entries, used=None):
    """Where a number comes from, in words; None for an orphan."""
    for number, entry in enumerate(entries):
        if declares(entry, reading, passage):
            if used is not None:
                used.add(number)
            return entry.get("is", entry.get("reason"))
    if passage.computed:
        return "its cell, which is run again to compare"
    for (start, end), source in paired(passage):
        if start <= reading.span[0] and reading.span[1] <= end:
            return source
    return provenance(reading, passage.moment, passage.head, passage.prose)


def unvouched(passages, entries=ENTRIES, used=None):
    """Each number that nobody can vouch for: (its passage, the reading)."""
    for p in passages:
        for r in read_numbers(p.text):
            if p.where.startswith("casedata/") and not measured(r):
                continue  # a sentence of a table is the home of what is not measured
            if accepted(r, p, entries, used) is None:
                yield p, r


def stated(r):
    """A reading and what stands around it, in words."""
    return f"{r.text} ({r.unit or 'no unit'}) in '…{r.context}…'"


def orphans(passages, entries=ENTRIES, used=None):
    """A sentence for each number that nobody can vouch for."""
    return [f"{p.where}: {stated(r)} is an orphan: {MEND}" for p, r in unvouched(passages, entries, used)]


def outdated(passages, before):
    """Each number in prose that a case vouched for before a change: (passage, reading, what vouched for it)."""
    for p in (p for p in passages if p.prose and vanished(p.moment, before)[0]):
        for r in read_numbers(p.text):
            if source := provenance(r, p.moment, p.head, p.prose, vanished(p.moment, before)):
                yield p, r, source


@cache
def everything():
    """All passages of the collection as it is, by notebook, and the questions."""
    found = {b.stem: list(book_passages(nbformat.read(b, 4), b.stem)) for b in BOOKS}
    found |= {file: list(entry_passages(file, of())) for file, of in (("items", items), ("prompts", prompts))}
    return {**found, "tables": list(table_passages(CASE))}
