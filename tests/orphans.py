"""Every passage of the collection, and the numbers in it that nobody can vouch for.

A passage is a paragraph, a list item, a line of a table: of a notebook, a question, a prompt, or a cell of casedata/.
What the case can vouch for is in `known_numbers`; all else is declared in ``tests/numbers.yaml``.
"""

import re
from functools import cache
from pathlib import Path

import nbformat
import pandas as pd
import yaml

from tests.known_numbers import (
    CASE,
    DECLARED,
    GIRL,
    MEND,
    NAMES,
    SILENT,
    appraised,
    card_lines,
    measured,
    measured_under,
    model_lines,
    moment_of,
    plain_text,
    provenance,
    vanished,
)
from tests.reading import read_numbers
from tests.rebuild import line_of
from utils import pk, plots
from utils.case import references
from utils.chapters import appraisal, bedside, route
from utils.chapters.bedside import growth_z, mean_arterial_pressure, weight_before
from utils.chapters.cohort import crowd
from utils.chapters.course import (
    amounts,
    count,
    courses,
    equivalents,
    in_words,
    last_added,
    last_day,
    milestones,
    running,
)
from utils.quiz import items, prompts
from utils.rules import RULES, evaluate, hscore_probability
from utils.units import factors, variables

ROOT = Path(__file__).resolve().parent.parent
BOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
ENTRIES = yaml.safe_load(DECLARED.read_text(encoding="utf-8"))
TRIED = re.compile(r"`\w+\.set\([^`]*`")  # a value to try in a line of code is no fact
WATERMARK = re.compile(r"\b(SIMULATED|INVENTED)\b")
APPRAISED = {f"appraisal-{x}" for x in "recovery rivals severity causes naranjo people evidence ribbon".split()}
APPRAISED |= {"appraisal-audit", "appraisal-register", "appraisal-home"}


# ---- pages ----------------------------------------------------------------------------------------------------------
class Passage:
    """A paragraph, a list item or a line of a table, with what stands around it and the names by which it is called."""

    def __init__(self, text, where, names, moment, head="", prose=True):
        self.text, self.where, self.names, self.moment = text, where, names, moment
        self.head, self.prose = head, prose

    def place(self, reading):
        """File and line of a reading, as in ``casedata/items.yaml:731``."""
        if self.where.startswith("casedata/"):
            return self.where.partition(",")[0]
        file, _, name = self.where.partition(", ")
        path = ROOT / "casedata" / file if file.endswith(".yaml") else ROOT / "notebooks" / f"{file}.ipynb"
        lines, first = path.read_text(encoding="utf-8").splitlines(), line_of(path, name.removeprefix("cell "))
        near = {*re.findall(r"\w+", reading.context)}
        fits = [
            len(near & {*re.findall(r"\w+", line)}) * (reading.text in line) for line in lines[first - 1 : first + 199]
        ]
        return f"{path.relative_to(ROOT)}:{first + fits.index(max(fits))}"


def numbers_of(line):
    return tuple((r.text, r.unit) for r in read_numbers(line))


def output_texts(cell):
    """The texts of a cell's outputs: the plain one, and of the HTML the lines whose numbers are not in it."""
    for output in cell.get("outputs", []):
        data = output.get("data", {"text/plain": output.get("text", "")})
        first, page = data.get("text/plain", ""), plain_text(data.get("text/html", ""))
        seen = set(map(numbers_of, first.splitlines()))
        more = [x for x in page.splitlines() if numbers_of(x) not in {(), *seen}]
        text = re.sub(" {3,}", "  ", "\n".join([first, *more]))
        if not WATERMARK.search(first + page):  # drawn by a seeded simulation, or invented: no number of the case
            yield text


def cell_text(cell):
    return cell.source if cell.cell_type == "markdown" else "\n".join(output_texts(cell))


def book_passages(nb, stem):
    """Every passage of a notebook."""
    moment = moment_of(stem[:2])
    texts, heading = [cell_text(c) for c in nb.cells], ""
    for i, cell in enumerate(nb.cells):
        names = {stem, stem[:2], cell.get("id")}
        names |= set(re.findall(r'ask\("([^"]+)"\)', cell.source)) if cell.cell_type == "code" else set()
        common = (f"{stem}, cell {cell.get('id')}", names, moment)
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
            for block in re.split(r"\n\s*\n", texts[i]):
                lines = block.splitlines()
                top = " ".join(lines[:2]) if len(lines) > 2 else ""  # a table's caption and its header
                for line in lines:
                    yield Passage(line, *common, top, prose=False)


def item_passages(listed):
    """Every passage of the questions."""
    for name, item in listed.items():
        texts = [item["stem"], *(o[k] for o in item["options"] for k in ("text", "why")), item.get("open", "")]
        texts += item.get("voices", {}).values()
        for text in map(str, texts):
            moment = moment_of(item["notebook"])
            yield Passage(text, f"items.yaml, {name}", {"items", name, item["notebook"]}, moment, str(item["stem"]))


def prompt_passages(listed):
    """Every passage of the prompts."""
    for name, prompt in listed.items():
        for text in (prompt["stem"], prompt.get("exemplar", ""), *prompt.get("look_for", [])):
            moment = moment_of(prompt["notebook"])
            yield Passage(text, f"prompts.yaml, {name}", {"prompts", name, prompt["notebook"]}, moment, prompt["stem"])


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
                    yield Passage(cell, where, {name, called}, None, " ".join(about))


# ---- what is declared -----------------------------------------------------------------------------------------------
def value(fact, unit=None, variable=None):
    """An observation by its fact, in a unit of its variable; the variable is named where a fact holds several."""
    rows = CASE.observations.query("fact == @fact")
    rows = rows[rows["variable"] == variable] if variable else rows
    if len(rows) != 1:
        raise ValueError(f"{fact} holds {len(rows)} values: name one of {', '.join(rows['variable'])}")
    row = rows.iloc[0]
    return row["value"] * (factors(row["variable"])[row["unit"]] / factors(row["variable"])[unit] if unit else 1)


def limit(rule, item, unit=None):
    """A threshold of a rule, in its published unit or in another one of the variable."""
    row = RULES[rule].nodes()[item]
    by = factors(row["input"])[row["unit"]] / factors(row["input"])[unit] if unit else 1
    return row["threshold"] * by


def margin(rule, moment, item):
    """How far a value lies from its threshold, in per cent of it, positive on the side that meets the item."""
    return 100 * evaluate(rule, CASE.as_of(moment)).items.set_index("item").at[item, "margin"]


def share(rule, what, study=None):
    """A published sensitivity or specificity of a rule; the study is named where there are several."""
    rows = CASE.performance.query("rule == @rule")
    [found] = rows.loc[rows["study"] == study if study else rows["rule"] == rule, what]
    return found


SPACE = {
    **{f.__name__: f for f in (value, limit, margin, abs, min, max, sum, round)},
    "points": lambda rule, item: RULES[rule].nodes()[item]["points"],
    "score": lambda rule, moment=None: evaluate(rule, CASE.as_of(moment) if moment else {}).score,
    "share": share,
    "part": lambda rule, moment, item: (
        evaluate(rule, CASE.as_of(moment)).items.set_index("item").at[item, "points_low"]
    ),
    "people": lambda rule, prior: crowd(share(rule, "sensitivity"), share(rule, "specificity"), prior),
    "percent": lambda score: hscore_probability(score)[0],
    "factor": lambda variable, unit: factors(variable)[unit],
    "reference": lambda work: int(references()[work]["citation-number"]),
    "rows": lambda table: len(CASE.tables[table]),
    "amount": lambda treatment, what: equivalents(CASE.treatments.set_index("treatment").loc[treatment])[what],
    "ran": lambda day: count(running(courses(CASE), day)),
    "mean_pressure": mean_arterial_pressure,
    "before": weight_before,
    "z": growth_z,
    "printed": lambda way: route.printed()[way][0],
    "hours": lambda way: route.printed()[way][1],
    "weight": lambda reading: route.weights()[reading],
    "auc": lambda way, hours, kg=16.7: pk.exposure(pk.parameters(kg), 2 * kg, hours, way)["auc_24"],
    "gain": lambda part, what="times", f=1: pk.split_gain(pk.parameters(16.7, bioavailability=f), 33.4).at[part, what],
    "our_naranjo": lambda: evaluate("naranjo", appraisal.answers()).score[0],
    "naranjo": lambda end: appraisal.defensible()[end],
    "variant": lambda item, what: int(CASE.variant.set_index("item").at[item, what]),
    "kinetics": lambda name: pk.constants()[name],
    "girl": lambda moment, name, unit=None: (
        GIRL.as_of(moment).inputs[name].to(unit).value if unit else GIRL.as_of(moment).inputs[name].value
    ),
    "hours_later": lambda moment: GIRL.moments.at[moment, "after_h"],
    "girls_score": lambda rule, moment: GIRL.verdicts[rule, moment].score,
}


def compute(expression):
    """The value of an entry's computation: numbers, arithmetic and the few names of `SPACE`, and nothing else."""
    if "__" in str(expression) or re.search(r"[A-Za-z_]\w*\s*\.|lambda|\bfor\b", str(expression)):
        raise ValueError("only arithmetic and the names in SPACE are allowed")
    return eval(str(expression), {"__builtins__": {}}, dict(SPACE))


def declares(entry, reading, passage):
    if entry["text"] != reading.text:
        return False
    where = entry["where"] if isinstance(entry["where"], list) else [entry["where"]]
    unit = entry.get("unit")
    same_unit = unit is None or reading.unit in (unit, next((r.unit for r in read_numbers(f"1 {unit}")), unit))
    return bool(passage.names & set(where)) and same_unit


def entry_faults(entries, used):
    """What is wrong with the declared numbers themselves."""
    lines = DECLARED.read_text(encoding="utf-8").splitlines() if entries is ENTRIES else []
    at = [n for n, line in enumerate(lines, 1) if line.startswith("- ")] or [""] * len(entries)
    for number, entry in enumerate(entries):
        told = f"numbers.yaml:{at[number]}: {entry.get('where')}, '{entry.get('text')}'"
        if not isinstance(entry.get("text"), str) or "where" not in entry:
            yield f"{told} needs 'where' and 'text', the text between quotation marks"
        elif ("is" in entry) == bool(str(entry.get("reason", "")).strip()):
            yield f"{told} needs either a computation ('is') or a reason"
        elif number not in used:
            yield f"{told} stands nowhere on that page any more: take the entry out"
        elif "is" in entry:
            try:
                due = compute(entry["is"])
                [reading] = read_numbers(entry["text"]) or read_numbers(f"{entry['text']} points")
                if abs(due - reading.value[0]) > 0.5 * 10**-reading.decimals + 1e-9:
                    yield f"{told} is {due:.6g} by its computation {entry['is']}"
            except Exception as fault:
                yield f"{told}: the computation {entry['is']} fails ({fault})"


@cache
def curve_points():
    """A probability belongs to its score: the pairs of the published table and of the open curves."""
    tables = [CASE.score_probability[["score", "percent"]], CASE.hscore_curves[["score", "percent"]]]
    read = [(float(s), float(round(hscore_probability(s)[0]))) for s in set(tables[1]["score"])]
    return {*pd.concat(tables).itertuples(index=False, name=None), *read}


@cache
def ruler_phrases():
    """What a ruler says of the child: "HLH-2004, cut-off 5 of 8, day 1: 4 to 7, undetermined", in all its forms."""
    found = set()
    for moment in ("regional_hospital", "admission"):
        told = CASE.time_points.set_index("time_point").at[moment, "short"]
        for v in (evaluate(name, CASE.as_of(moment)) for name in RULES):
            if v.reach:
                span, cut = plots.span(v), plots.cut_off(v)
                found |= {
                    f"{v.short}, cut-off {cut}, {told}: {span}, {v.status}",
                    f"{v.short} {v.status} {span} {cut} ",
                }
            found.add(repr(v))
    return found


@cache
def ladder_phrases():
    """What the ladder says of its bars, its events and its days, and the rows of its tables, with single spaces."""
    drawn, rows, case = set(), set(), CASE.as_of("recovery")
    for known in (case, case.as_of("ecmo")):
        given = courses(known)
        for c in given:
            about = f"{c.kind}, {c.amount}" if c.amount else c.kind
            first = c.told.partition(";")[0]
            drawn |= {f"{c.label} ({about}): {first}", f"({c.kind}): {first}", first}
        for a, b, words, dated in milestones(known):
            drawn.add(
                f"day {a}" + f" to day {b}" * (b > a) + f": {words}{': not dated' * (not dated)}".partition(";")[0]
            )
        for d in range(1, last_day(known) + 1):
            drawn.add("Day {}: {} for certain, {} at most".format(d, *count(running(given, d))))
        frames = [amounts(known, *(c.name for c in given if c.kind == "drug")).fillna("unknown")]
        frames += [running(given, 1).drop(columns="drug").replace("certain", "for certain")]
        rows |= {" ".join(" ".join(map(str, r)).split()) for f in frames for r in f.itertuples(index=False)}
    given = courses(case)
    credit = {d: in_words(last_added(given, d)) for d in range(2, 23)}
    drawn |= {f"improved on day {d}" + ", as is printed" * (d == 7) for d in range(1, 23)}
    return drawn, rows, credit, tuple(c.label for c in given)


def ladder_pairs(text, head):
    """Days and amounts of the ladder, right only together with the bar, event or row that they belong to."""
    drawn, rows, credit, labels = ladder_phrases()
    events = "|".join(re.escape(x.partition(": ")[2]) for x in drawn if x.startswith("day "))
    flat = " ".join(text.split())
    if re.search("In a day|printed doses come to|Why not certain", head):
        if flat.startswith(labels):
            yield (0, len(text)), flat in rows
    if m := re.match(r"\s*day (\d+)(?: to day (\d+))?\s+(\D.*)$", text if "last drug begun before" in head else ""):
        a, b, same = int(m[1]), int(m[2] or m[1]), " ".join(m[3].split())
        yield m.span(), [d for d, words in credit.items() if words == same] == [*range(a, b + 1)]
    said = r"[a-zA-Z][^;:(.]* \((?:drug|support|procedure)[^)]*\): [^;]*?(?=[;.](?:\s|$)|$)"
    said += rf"|day \d+(?: to day \d+)?: (?:{events})"
    said += r"|Day \d+: \d+ for certain, \d+ at most|improved on day \d+(?:, as is printed)?"
    said += r"|(?:perhaps from day \d+, )?certain (?:on day \d+|from day \d+ to day \d+)(?:, perhaps until day \d+)?"
    for m in re.finditer(said, text):
        yield m.span(), m[0].strip() in drawn


def pieces(text):
    """What stands between full stops, semicolons and ends of lines: its place, and its words without their spacing."""
    for m in re.finditer(r"(?:(?!; |\. |\n).)+", text):
        yield m.span(), " ".join(m[0].split()).rstrip(".;")


@cache
def bedside_words():
    """All that the bench and the strip of 05 say as they first stand; test_bedside holds them to the case."""
    picu, ecmo = CASE.as_of("picu"), CASE.as_of("ecmo")
    begun = ecmo.events.dropna(subset="day_low")["event"]
    measured = ["weight_gain", "systolic_bp", "diastolic_bp", "heart_rate"]
    strip = bedside.strip(ecmo, "", lasting=[], events=begun, measured=measured, missing=[])
    shown = [bedside.age_limit_bench(picu).shown, strip]
    return {words for s in shown for _, words in pieces(plain_text(s.html))}


def pairs(passage):
    """Numbers that are right only together: their place, and whether they are; nothing where they stand alone."""
    text = passage.text
    if not passage.prose and passage.names & APPRAISED:
        yield (0, len(text)), appraised(" ".join(text.split()))
        return
    if passage.names & {"new-rules", "new-rules-again"}:
        yield (0, len(text)), " ".join(text.split()) in card_lines()
        return
    for m in re.finditer(r"(?<![\d.])(?<!y of )(\d[\d.]*) % at (\d+)", text):
        yield m.span(), (float(m[2]), float(m[1])) in curve_points()
    if not passage.prose and "01" in passage.names:
        for why in set(CASE.board["why"]):
            if (at := text.find(why)) >= 0:
                yield (at, at + len(why)), True
    if not passage.prose and "07" in passage.names and (line := " ".join(text.split())):
        for told in model_lines():  # a picture's description stands behind its caption
            if line.endswith(told):
                yield (len(text) - len(told) if line != told else 0, len(text)), True
    if not passage.prose and re.search(r"\bHScore\b.*\bpublished\b", passage.head, re.DOTALL):
        score, *shares = read_numbers(text) or [None]
        for r in [score, *shares] if score and text.strip().startswith(score.text) else ():
            pair = [p for s, p in curve_points() if s == score.value[0]]
            yield r.span, bool(pair) if r is score else r.value[0] in pair
    if not passage.prose:
        yield from ladder_pairs(text, passage.head)
        shorts = "|".join(re.escape(rule.short) for rule in sorted(RULES.values(), key=lambda x: -len(x.short)))
        said = rf"(?:{shorts}), cut-off [^;]*?: [^;]*?, (?:not met|met|undetermined)"
        told = rf"(?<![\w,] )(?:{shorts}): (?:not met|met|undetermined)(?:, score \S+(?: to \S+)?)?"
        for m in [*re.finditer(said, text), *re.finditer(told, text)]:
            yield m.span(), m[0] in ruler_phrases()
        if passage.names & {"second-age-bench", "second-strip"}:
            yield from ((span, words in bedside_words()) for span, words in pieces(text))
        if "Could be" in passage.head and (row := re.match(rf"\s*(?:{shorts})\s+(?:not met|met|undetermined)\s", text)):
            start = row.end()  # the score and the cut-off stand before the first word that is neither "or" nor "to"
            word = re.search(r"(?<!\S)(?!or\b|to\b|of\b|more\b)[^\W\d]", text[start:])
            end = start + word.start() if word else len(text)
            yield (start, end), " ".join(text[:end].split()) + " " in ruler_phrases()


# ---- faults ---------------------------------------------------------------------------------------------------------
def accepted(reading, passage, entries, used=None):
    """Where a number comes from, in words; None for an orphan."""
    for number, entry in enumerate(entries):
        if declares(entry, reading, passage):
            if used is not None:
                used.add(number)
            return entry.get("is", entry.get("reason"))
    for (start, end), right in pairs(passage):
        if start <= reading.span[0] and reading.span[1] <= end:
            return "computed for the pair" if right else None
    return provenance(reading, passage.moment, passage.head, passage.prose)


def unvouched(passages, entries=ENTRIES, used=None):
    """Each number that nobody can vouch for: (its passage, the reading)."""
    for p in passages:
        for r in read_numbers(p.text):
            if p.where.startswith("casedata/") and not measured(r):
                continue  # a sentence of a table is the home of what is not measured
            if accepted(r, p, entries, used) is None:
                yield p, r


def orphans(passages, entries=ENTRIES, used=None):
    """A sentence for each number that nobody can vouch for."""
    for p, r in unvouched(passages, entries, used):
        yield f"{p.where}: {stated(r)} is an orphan: {MEND}"


def stated(r):
    """A reading and what stands around it, in words."""
    return f"{r.text} ({r.unit or 'no unit'}) in '…{r.context}…'"


def outdated(passages, before):
    """Each number in prose that the case vouched for before a change: (passage, reading, what vouched for it).

    Parameters
    ----------
    passages : iterable of Passage
    before : Case
        The case before the change. A sentence may be right all the same, where another fact has that number.
    """
    for p in (p for p in passages if p.prose):
        if (gone := vanished(p.moment, before))[0]:
            for r in read_numbers(p.text):
                if source := provenance(r, p.moment, p.head, p.prose, gone):
                    yield p, r, source


@cache
def everything():
    """All passages of the collection as it is, by notebook, and the questions."""
    pages = {b.stem: list(book_passages(nbformat.read(b, 4), b.stem)) for b in BOOKS}
    asked = {"items": list(item_passages(items())), "prompts": list(prompt_passages(prompts()))}
    return pages | asked | {"tables": list(table_passages(CASE))}
