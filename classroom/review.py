"""The checklist of the clinicians who review the answer keys and the claims: everything to sign, once each."""

import hashlib
import json
import re
from functools import cache
from itertools import groupby

import pandas as pd

from utils.case import load_case, references
from utils.chapters import patient
from utils.phrases import phrase, status_word
from utils.quiz import items, prompts, voices
from utils.receipt import version
from utils.tables import CASEDATA, describe

TAGS = {tag: phrase(f"kit.tag_{tag.lower()}") for tag in ("P", "S", "C", "R", "ours", "none")}
SIGN = phrase("kit.sign")
WIDE = " " + "_" * 14  # room to write by hand
ROLES = {  # role: its notebooks, and its tables
    "rheumatologist": """00 01 02 03 04 08 09 10 11 | rules rule_sets reference_ranges score_probability performance
        claims discrepancies observations findings codes cohort board variant care guidance weighed
        anakinra_evidence""",
    "intensivist": "05 06 10 11 | rules leak_pump age_limits growth treatments events discrepancies",
    "pharmacist": """06 07 08 09 11 | rules units kinetics kinetics_changes kinetics_evidence kinetics_checks
        anakinra_evidence naranjo_answers neutropenia_causes treatments""",
}
READ = r"^reading:|presumably|as the narrative reads"  # so a row says that it holds a reading of ours


def _cell(text):
    """Text for a cell of a table, or a line: no line break, and nothing that Markdown would take for its own."""
    return re.sub(r"([|*`<~$\\])", r"\\\1", re.sub(r"\s+", " ", str(text)).strip())


def _link(text, heading):
    """A link to a heading, by the address that a Markdown page gives it."""
    address = re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
    return f"[{text}](#{address})"


def seal():
    """Twelve digits that change with any table, question, prompt or reference (str): what a signature is for."""
    package = json.loads((CASEDATA / "datapackage.json").read_text(encoding="utf-8"))
    return hashlib.sha256("".join(r["hash"] for r in package["resources"]).encode()).hexdigest()[:12]


def _own(table):
    """Which rows hold a reading of ours: a note or a word says so, or a code is not just what is printed."""
    told = table.select_dtypes(object).apply(lambda column: column.astype(str).str.contains(READ)).any(axis=1)
    return told | (table["match"] != "exact") if "match" in table else told


def _works(tables):
    """Each work: its tags, citation, DOI and note. A tag is how the note begins, or that of a row which cites it."""
    found, case = {}, load_case()
    rows = pd.concat([t[["source", "tag"]] for t in tables.values() if {"source", "tag"} <= set(t)])
    for name, work in references().items():
        begins = re.match(r"[PSC]\b", work["note"])
        tags = {begins.group()} if begins else set()
        tags |= set(rows["tag"][rows["source"] == name]) - {"ours"}  # our reading of a work is no lack of the work
        found[name] = (tags, case.cited(name)["Work"].iloc[0], work.get("DOI"), work["note"])
    return found


def _said(row, hide):
    """A row in words: its label first, a threshold as one condition, then whatever else it holds."""
    row = {
        k: f"{v:.10g}" if isinstance(v, float) else str(v) for k, v in row.items() if k not in hide and not pd.isna(v)
    }
    head = next((row.pop(k) for k in ("label", "title") if row.get(k)), "")
    if "members" in row:
        row["members"] = ", ".join(row["members"].split())
    if row.get("comparator"):
        words = [row.pop(k) for k in ("input", "comparator", "threshold", "unit", "kind")][:4]
        told = " ".join(filter(None, words)).replace("<=", "≤").replace(">=", "≥")
        row = {phrase("kit.condition"): told.replace(" is 1", f" {phrase('kit.is_present')}"), **row}
    rest = "; ".join(f"{k}: {v}" for k, v in row.items() if v)
    rest = re.sub(r"(?<=[a-z0-9])_(?=[a-z0-9])", " ", rest)  # names of columns and variables
    return (f"**{_cell(head)}**. " if head else "") + _cell(rest)


class _Checklist:
    """Sections of lines; every line is counted where it is written."""

    def __init__(self, tables, titles):
        self.tables, self.titles, self.case, self.works = tables, titles, load_case(), _works(tables)
        self.basis = cache(self._basis)
        self.counts = []  # (section, tags of its lines)
        self.heads = {"rules": f"3. {phrase('kit.part_thresholds')}"}  # table: its first heading
        self.first = {"R": {}, "ours": {}}  # tag: section: links to its lines

    def headed(self, title, name, table, hide=(), tag="none"):
        """Rows of a table under a heading; they keep their numbers in the file, where the header is row 1."""
        self.heads.setdefault(name, title)
        table = table[table["tag"] != "definition"] if "tag" in table else table
        out = [phrase("kit.row_heads", wide=WIDE), "| --- " * 7 + "|"]
        tags, last = [], ""
        for number, row in zip(table.index + 2, table.to_dict("records"), strict=True):
            source, seen = row.get("source") or row.get("sources") or row.get("where") or "", row.get("seen_in", "")
            if seen:
                source = phrase("kit.seen_too" if seen == last else "kit.seen_in", source=source, seen=seen)
            last = seen
            said = _said(row, {"tag", "source", "sources", "seen_in", "time_point", "where", *hide})
            tags.append(row.get("tag") or tag)
            told, at = "" if tags[-1] == "none" else tags[-1], ""
            if told in self.first:
                told, at = f"**{told}**", f'<a id="{name}-{number}"></a>'
                self.first[tags[-1]].setdefault(name, []).append(f"[{number}](#{name}-{number})")
            out.append(f"| {at}{name}:{number} | {said} | {_cell(source)} | {told} | ☐ | ☐ |  |")
        self.counts.append((title, tags))
        return [f"### {_cell(title)}", "", *out, ""]

    def _basis(self, address):
        """What stands behind an address, and its tags."""
        if address in self.works:
            tags = self.works[address][0]
            return [f"{address} ({', '.join(sorted(tags)) or phrase('kit.not_seen')})"], tags
        if address == "arithmetic":
            return [phrase("kit.arithmetic")], {"C"}
        lines, tags = [], set(self.case.discrepancies.query("id == @address")["tag"]) or {"P"}
        for row in self.case.address(address).to_dict("records"):
            told = {"what": row["What"], "words": row["Printed words"], "where": row["Where"]}
            line = phrase("kit.fact_said", address=address, **told)
            lines.append(phrase("kit.fact_question", fact=line, question=row["To note"]) if address[0] == "D" else line)
            tags |= {"ours"} if str(row["To note"]).startswith("reading:") else set()
        return list(dict.fromkeys(lines)), tags

    def item(self, item):
        """One question: what is asked, the key and what it rests on."""
        best = item.get("best")
        out = [f"#### {item['id']} ({phrase('kit.kind_' + item['kind'])})", "", _cell(item["stem"]), ""]
        for option in item["options"]:
            mark = f" **{phrase('kit.key')}**" if option["key"] == best else ""
            rests = ", ".join(option["rests_on"])
            why = f"*{phrase('kit.why_so')}* {_cell(option['why'])}"
            out.append(f"- {option['key']}){mark} {_cell(option['text'])}. {why} [{rests}]")
        out += [f"- *{label}:* {_cell(words)}" for label, words in voices(item)]
        # Without a best answer it is all of them that the talk rests on.
        used = [a for o in item["options"] if best in (None, o["key"]) for a in o["rests_on"]]
        lines, tags = zip(*map(self.basis, dict.fromkeys(used)), strict=True)
        tags = set().union(*tags)
        for t in self.first.keys() & tags:
            self.first[t].setdefault(phrase("kit.keys"), []).append(_link(item["id"], out[0][5:]))
        flags = (f"**{t}: {TAGS[t]}**" for t in ("R", "ours") if t in tags)
        told = "; ".join([", ".join(sorted(tags)) or phrase("kit.no_tags"), *flags])
        out += ["", phrase("kit.key_rests" if best else "kit.no_key_rests", best=best, tags=told), ""]
        out += [f"- {_cell(line)}" for found in lines for line in found]
        return [*out, "", SIGN, ""], tags

    def keys(self):
        titles, out, tags = self.case.journey.set_index("notebook")["title"], [], []
        for number, asked in groupby(sorted(items().values(), key=lambda i: i["notebook"]), lambda i: i["notebook"]):
            out += [f"### {phrase('kit.review_notebook', number=number, title=titles[number])}", ""]
            for lines, found in map(self.item, asked):
                out += lines
                tags.append(next((t for t in ("R", "ours", "S", "C", "P") if t in found), "none"))
        self.counts.append((phrase("kit.keys_by_tag"), tags))
        return out

    def computed(self):
        """What the pages 10 and 11 compute and hold the sheets of the learner against, and their rubric."""
        girl, given, lines = patient.load_patient(), [], []
        labels = self.tables["variables"].set_index("variable")["label"]
        recalled = set(self.tables["rules"].query("tag == 'R'")["rule"])
        for moment in girl.moments.index:
            rows = girl.told(moment).itertuples()
            told = "; ".join(f"{labels[r.variable]}: {r.as_printed or status_word(r.status)}" for r in rows)
            given.append(f"- {phrase('kit.told_at', moment=moment, told=_cell(told.replace('_', ' ')))}")
        for name, moment in patient.SHEETS.items():
            for row in patient.judged(girl, moment).to_dict("records"):
                status = status_word(girl.verdicts[row["rule"], moment].status)
                key = f"{row['Rule set']}: {status} ({row['Where it stands']})"
                lines.append((phrase("kit.name_at", name=name, moment=moment), key, "RC"[row["rule"] not in recalled]))
        for name in patient.CONVERSIONS:
            sheet = patient.sheet(name)
            for field, (value, _) in sheet.asked.items():
                told = phrase("kit.is_due", label=labels[field], value=value, due=sheet.converted(field))
                lines.append((name, told, "C"))
        part = phrase("kit.part_computed")
        self.counts.append((part, [tag for *_, tag in lines]))
        links = [_link(name, f"2. {part}") for name, _, tag in lines if tag == "R"]
        self.first["R"] |= {phrase("kit.computed"): links} if links else {}
        return [*given, "", *(f"- {_cell(f'{name}, {key}')} ({tag}) {SIGN}" for name, key, tag in lines), ""]

    def thresholds(self):
        out, sets = [], self.tables["rule_sets"].set_index("rule")["title"]
        for name, group in self.tables["rules"].groupby("rule", sort=False):
            out += self.headed(sets.get(name, name), "rules", group, hide=("rule", "item"))
        return out

    def claims(self):
        table = self.tables["claims"]
        return self.headed(phrase("kit.each_claim"), "claims", table[~_own(table)], hide=("claim", "status"))

    def discrepancies(self):
        table = self.tables["discrepancies"]
        return self.headed(phrase("kit.each_discrepancy"), "discrepancies", table, hide=("facts", "as_printed"))

    def others(self, tagged=True):
        """Every other table with a tag or a source, new ones included; or of those without, the readings of ours."""
        out = []
        for name, table in self.tables.items():
            title, has = self.titles.get(name, name), bool({"tag", "source"} & set(table))
            if has and tagged and name not in ("rules", "discrepancies", "claims"):
                out += self.headed(title, name, table)
            elif not has and not tagged and _own(table).any():
                out += self.headed(phrase("kit.readings_in", table=title), name, table[_own(table)], tag="ours")
        return out

    def prompts(self):
        for name, prompt in prompts().items():
            asked = [*prompt["fields"].values()] if prompt["kind"] == "text" and len(prompt["fields"]) > 1 else []
            head = phrase("kit.prompt_of", name=name, number=prompt["notebook"])
            told = [*(("asks", a) for a in asked), *(("look_for", line) for line in prompt.get("look_for", []))]
            told[len(asked) : len(asked)] = [("exemplar", prompt["exemplar"])] if "exemplar" in prompt else []
            said = [f"- {phrase(f'kit.prompt_{kind}', text=_cell(words))}" for kind, words in told]
            if rests := ", ".join(prompt.get("rests_on", [])):
                said += [f"- {phrase('kit.prompt_rests', text=rests)}"]
            yield from [f"#### {head}", "", _cell(prompt["stem"]), "", *said, *([""] if said else []), SIGN, ""]
        self.counts.append((phrase("kit.part_prompts"), ["none"] * len(prompts())))

    def bibliography(self):
        for name, (tags, work, doi, note) in sorted(self.works.items()):
            seen = ", ".join(sorted(tags)) or phrase("kit.not_seen")
            at = f" [doi {doi}](https://doi.org/{doi})." if doi else ""
            yield f"- **{name}** ({seen}): {_cell(work)}{at} *{_cell(note)}*"

    def read_first(self):
        """Links to what needs the reader's eye most."""
        for tag, sections in self.first.items():
            count = sum(map(len, sections.values()))
            yield from (phrase("kit.eye_most", tag=tag, meaning=TAGS[tag], lines=count), "")
            yield from [*(f"- {name}: {', '.join(dict.fromkeys(links))}" for name, links in sections.items()), ""]

    def roles(self):
        """Who reads what; a page with questions, or a table, that no role names is for all of them."""
        titles, named = self.case.journey.set_index("notebook")["title"], " ".join(ROLES.values()).split()
        asked = {item["notebook"] for item in items().values()}
        new_pages = [n for n in titles.index if n in asked and n not in named]
        new_tables = [n for n in self.heads if n not in named]
        yield from (phrase("kit.role_heads"), "| --- | --- | --- |")
        for role, about in ROLES.items():
            notebooks, names = (part.split() for part in about.split("|"))
            notebooks = [*notebooks, *new_pages]
            links = [_link(n, phrase("kit.review_notebook", number=n, title=titles[n])) for n in notebooks]
            tables = [_link(n, self.heads[n]) for n in [*names, *new_tables] if n in self.heads]
            yield f"| {phrase(f'kit.{role}')} | {', '.join(links)} | {', '.join(tables)} |"

    def summary(self):
        every = [tag for _, tags in self.counts for tag in tags]
        known = [*TAGS, *sorted(set(every) - set(TAGS))]
        out = [phrase("kit.count_heads", tags=" | ".join(known)), "| --- |" + " ---: |" * (len(known) + 1)]
        for title, tags in [*self.counts, (phrase("kit.all"), every)]:
            counts = [str(tags.count(t) or "") for t in known]
            out.append(f"| {_cell(title)} | {len(tags)} | {' | '.join(counts)} |")
        return [*out, "", *(f"- **{t}**: {words}" for t, words in TAGS.items()), ""]


def text(tables=None):
    """The checklist of all tables, those of the invented patients among them, as Markdown: every line to sign, once."""
    tables = tables or {**load_case().tables, **patient.tables()}
    listed = _Checklist(tables, {k: r.get("title", k) for k, r in describe().items()})
    parts = {
        "keys": listed.keys, "computed": listed.computed, "thresholds": listed.thresholds, "claims": listed.claims,
        "discrepancies": listed.discrepancies, "readings": lambda: listed.others(tagged=False),
        "others": listed.others, "prompts": listed.prompts, "works": listed.bibliography,
    }  # fmt: skip
    titles = [f"{n}. {phrase(f'kit.part_{name}')}" for n, name in enumerate(parts, 1)]
    written = [[f"## {title}", "", *make()] for title, make in zip(titles, parts.values(), strict=True)]
    signed = [
        phrase("kit.sign_heads", wide=WIDE),
        "| --- " * 6 + "|",
        *(f"| {phrase(f'kit.{r}')} |" + "  |" * 5 for r in ROLES),
    ]
    head = [phrase("kit.review_head", version=version(), seal=seal())]
    contents = [*(f"- {_link(title, title)}" for title in titles), ""]
    sections = {"signatures": [*signed, ""], "who_reads_what": [*listed.roles(), ""], "read_first": listed.read_first()}
    for name, lines in {**sections, "contents": contents, "counts": listed.summary()}.items():
        head += [f"## {phrase(f'kit.{name}')}", "", *lines]
    return "\n".join([*head, *(line for part in written for line in part)]).rstrip() + "\n"
