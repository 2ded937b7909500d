"""The checklist of the clinicians who review the answer keys and the claims: everything to sign, once each."""

import hashlib
import json
import re
import time
from collections import defaultdict
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
# The sections, each written by the method of its name. The head links to the parts, so it is written last.
HEAD = ("signatures", "who_reads_what", "read_first", "tags", "contents")
PARTS = ("keys", "computed", "rows", "prompts", "works")
HIDDEN = {"rules": ("rule", "item"), "claims": ("claim", "status"), "discrepancies": ("facts", "as_printed")}
READ = r"^reading:|presumably|as the narrative reads"  # so a row says that it holds a reading of ours


def _cell(text):
    """Text for a cell of a table, or a line: no line break, and nothing that Markdown would take for its own."""
    return re.sub(r"([|*`<~$\\])", r"\\\1", " ".join(str(text).split()))


def _link(text, heading):
    """A link to a heading, by the address that a Markdown page gives it."""
    address = re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
    return f"[{text}](#{address})"


def seal():
    """Twelve digits that change with any table, question, prompt or reference (str): what a signature is for."""
    package = json.loads((CASEDATA / "datapackage.json").read_text(encoding="utf-8"))
    return hashlib.sha256("".join(r["hash"] for r in package["resources"]).encode()).hexdigest()[:12]


def stamp():
    """Which state of the collection a page was made from, and on which day (str)."""
    return phrase("kit.stamp", version=version(), seal=seal(), day=time.strftime("%Y-%m-%d"))


def _own(table):
    """Which rows hold a reading of ours: a note or a word says so, or a code is not just what is printed."""
    text = table.select_dtypes(object).apply(lambda column: column.astype(str).str.contains(READ)).any(axis=1)
    return text | (table["match"] != "exact") if "match" in table else text


def _tags(tables):
    """The tags of each work: how its note begins, and those of the rows that cite it, but for readings of ours."""
    rows = pd.concat([t[["source", "tag"]] for t in tables.values() if {"source", "tag"} <= set(t)])
    cited = rows[rows["tag"] != "ours"].groupby("source")["tag"].agg(set)
    return {k: {*re.findall(r"^[PSC]\b", work["note"]), *cited.get(k, ())} for k, work in references().items()}


def _condensed(row, hidden):
    """A row in words: its label first, a threshold as one condition, then whatever else it holds."""
    row = {k: v for k, v in row.items() if k not in hidden and not pd.isna(v) and v != ""}
    row = {k: f"{v:.10g}" if isinstance(v, float) else str(v) for k, v in row.items()}
    head = next((f"**{_cell(row.pop(k))}**. " for k in ("label", "title") if k in row), "")
    if "members" in row:
        row["members"] = row["members"].replace(" ", ", ")
    if "comparator" in row:
        row.pop("kind")
        words = " ".join(row.pop(k) for k in ("input", "comparator", "threshold", "unit") if k in row)
        words = words.replace("<=", "≤").replace(">=", "≥").replace(" is 1", f" {phrase('kit.is_present')}")
        row = {phrase("kit.condition"): words, **row}
    rest = "; ".join(f"{k}: {v}" for k, v in row.items())
    return head + _cell(re.sub(r"(?<=[a-z0-9])_(?=[a-z0-9])", " ", rest))  # names of columns and variables


class _Checklist:
    """Sections of lines; every line to sign is noted where it is written."""

    def __init__(self, tables):
        self.tables, self.case, self.works_seen = tables, load_case(), _tags(tables)
        self.pages = self.case.journey.set_index("notebook")["title"]
        self.basis = cache(self._basis)
        self.first = {"R": defaultdict(list), "ours": defaultdict(list)}  # tag: section: links to its lines
        self.titles = {name: f"{n}. {phrase(f'kit.part_{name}')}" for n, name in enumerate(PARTS, 1)}
        self.heads = {}  # table: its first heading

    def headed(self, title, name, table):
        """Rows of a table under a heading; they keep their numbers in the file, where the header is row 1."""
        self.heads.setdefault(name, title)
        hidden = {"tag", "source", "sources", "seen_in", "time_point", "where", *HIDDEN.get(name, ())}
        yield from (f"### {_cell(title)}", "", phrase("kit.row_heads", wide=WIDE), "| --- " * 7 + "|")
        for number, row in zip(table.index + 2, table.to_dict("records"), strict=True):
            if (own := row.get("tag") or "none") == "definition":
                continue
            source = row.get("source") or row.get("sources") or row.get("where") or ""
            if row.get("seen_in"):
                source = phrase("kit.seen_in", source=source, seen=row["seen_in"])
            words = _condensed(row, hidden)
            shown, anchor = "" if own == "none" else own, ""
            if own in self.first:
                shown, anchor = f"**{own}**", f'<a id="{name}-{number}"></a>'
                self.first[own][name].append(f"[{number}](#{name}-{number})")
            yield f"| {anchor}{name}:{number} | {words} | {_cell(source)} | {shown} | ☐ | ☐ |  |"
        yield ""

    def _basis(self, address):
        """What stands behind an address, and its tags."""
        if address in self.works_seen:
            return [f"{address} ({self.seen(address)})"], self.works_seen[address]
        if address == "arithmetic":
            return [phrase("kit.arithmetic")], {"C"}
        lines, tags = [], set(self.case.discrepancies.query("id == @address")["tag"]) or {"P"}
        for row in self.case.address(address).to_dict("records"):
            about = {"what": row["What"], "words": row["Printed words"], "where": row["Where"]}
            line = phrase("kit.fact_said", address=address, **about)
            lines.append(phrase("kit.fact_question", fact=line, question=row["To note"]) if address[0] == "D" else line)
            tags |= {"ours"} if str(row["To note"]).startswith("reading:") else set()
        return list(dict.fromkeys(lines)), tags

    def seen(self, work):
        return ", ".join(sorted(self.works_seen[work])) or phrase("kit.not_seen")

    def item(self, item):
        """One question: what is asked, the key and what it rests on."""
        best, head = item.get("best"), f"{item['id']} ({phrase('kit.kind_' + item['kind'])})"
        yield from (f"#### {head}", "", _cell(item["stem"]), "")
        for o in item["options"]:
            mark = f" **{phrase('kit.key')}**" if o["key"] == best else ""
            why = f"*{phrase('kit.why_so')}* {_cell(o['why'])} [{', '.join(o['rests_on'])}]"
            yield f"- {o['key']}){mark} {_cell(o['text'])}. {why}"
        yield from (f"- *{label}:* {_cell(words)}" for label, words in voices(item))
        # Without a best answer it is all of them that the talk rests on.
        used = dict.fromkeys(a for o in item["options"] if best in (None, o["key"]) for a in o["rests_on"])
        tags = set().union(*(self.basis(address)[1] for address in used))
        weak = [tag for tag in self.first if tag in tags]
        for tag in weak:
            self.first[tag][phrase("kit.keys")].append(_link(item["id"], head))
        flags = [f"**{tag}: {TAGS[tag]}**" for tag in weak]
        flags = "; ".join([", ".join(sorted(tags)) or phrase("kit.no_tags"), *flags])
        yield from ("", phrase("kit.key_rests" if best else "kit.no_key_rests", best=best, tags=flags), "")
        yield from (f"- {_cell(line)}" for address in used for line in self.basis(address)[0])
        yield from ("", SIGN, "")

    def keys(self):
        asked = sorted(items().values(), key=lambda i: i["notebook"])
        for number, group in groupby(asked, lambda i: i["notebook"]):
            yield from (f"### {phrase('kit.review_notebook', number=number, title=self.pages[number])}", "")
            for item in group:
                yield from self.item(item)

    def computed(self):
        """What the pages 10 and 11 compute and hold the sheets of the learner against, and their rubric."""
        girl, keys = patient.load_patient(), []
        labels = self.tables["variables"].set_index("variable")["label"]
        for moment in girl.moments.index:
            rows = girl.known_at(moment).itertuples()
            given = "; ".join(f"{labels[r.variable]}: {r.as_printed or status_word(r.status)}" for r in rows)
            yield f"- {phrase('kit.known_at', moment=moment, given=_cell(given.replace('_', ' ')))}"
        recalled = set(self.tables["rules"].query("tag == 'R'")["rule"])
        for name, moment in patient.SHEETS.items():
            for row in patient.judged(girl, moment).to_dict("records"):
                status = status_word(girl.verdicts[row["rule"], moment].status)
                key = f"{row['Rule set']}: {status} ({row['Where it stands']})"
                keys.append((phrase("kit.name_at", name=name, moment=moment), key, "RC"[row["rule"] not in recalled]))
        for name in patient.CONVERSIONS:
            sheet = patient.sheet(name)
            for field, (value, _) in sheet.asked.items():
                key = phrase("kit.is_due", label=labels[field], value=value, due=sheet.converted(field))
                keys.append((name, key, "C"))
        yield from ["", *(f"- {_cell(f'{name}, {key}')} ({tag}) {SIGN}" for name, key, tag in keys), ""]

    def rows(self):
        """What is to sign of each table, new ones included: rows with a tag or a source, claims, readings of ours."""
        sets = self.tables["rule_sets"].set_index("rule")["title"]
        for name, table in self.tables.items():
            if name == "rules":
                for rule, group in table.groupby("rule", sort=False):
                    yield from self.headed(sets.get(rule, rule), name, group)
                continue
            if not {"tag", "source"} & set(table):
                table = table.assign(tag=_own(table).map({True: "ours", False: "none"}))
                table = table if name == "claims" else table.query("tag == 'ours'")
            if len(table):
                yield from self.headed(describe().get(name, {}).get("title", name), name, table)

    def prompts(self):
        for name, prompt in prompts().items():
            fields = prompt["fields"].values() if prompt["kind"] == "text" and len(prompt["fields"]) > 1 else []
            parts = {"asks": fields, "exemplar": [prompt.get("exemplar")], "look_for": prompt.get("look_for", [])}
            parts["rests"] = [", ".join(prompt.get("rests_on", []))]
            yield f"#### {phrase('kit.prompt_of', name=name, number=prompt['notebook'])}"
            yield from ("", _cell(prompt["stem"]), "")
            for kind, texts in parts.items():
                yield from (f"- {phrase(f'kit.prompt_{kind}', text=_cell(text))}" for text in texts if text)
            yield from ("", SIGN, "")

    def works(self):
        for name, work in sorted(references().items()):
            cited, doi = self.case.cited(name)["Work"].iloc[0], work.get("DOI")
            at = f" [doi {doi}](https://doi.org/{doi})." if doi else ""
            yield f"- **{name}** ({self.seen(name)}): {_cell(cited)}{at} *{_cell(work['note'])}*"

    def signatures(self):
        yield from (phrase("kit.sign_heads", wide=WIDE), "| --- " * 6 + "|")
        yield from [*(f"| {phrase(f'kit.{role}')} |" + "  |" * 5 for role in ROLES), ""]

    def who_reads_what(self):
        """Who reads what; a page with questions, or a table, that no role names is for all of them."""
        named, asked = " ".join(ROLES.values()).split(), {item["notebook"] for item in items().values()}
        new = [[k for k in keys if k not in named] for keys in (sorted(asked), self.heads)]
        heads = {n: phrase("kit.review_notebook", number=n, title=t) for n, t in self.pages.items()} | self.heads
        yield from (phrase("kit.role_heads"), "| --- | --- | --- |")
        for role, about in ROLES.items():
            listed = [[*part.split(), *more] for part, more in zip(about.split("|"), new, strict=True)]
            links = [", ".join(_link(k, heads[k]) for k in part if k in heads) for part in listed]
            yield f"| {phrase(f'kit.{role}')} | {' | '.join(links)} |"
        yield ""

    def read_first(self):
        """Links to what needs the reader's eye most."""
        for tag, groups in self.first.items():
            count = sum(map(len, groups.values()))
            yield from (phrase("kit.eye_most", tag=tag, meaning=TAGS[tag], lines=count), "")
            yield from [*(f"- {name}: {', '.join(links)}" for name, links in groups.items()), ""]

    def tags(self):
        yield from [*(f"- **{tag}**: {words}" for tag, words in TAGS.items()), ""]

    def contents(self):
        yield from [*(f"- {_link(title, title)}" for title in self.titles.values()), ""]


def text(tables=None):
    """The checklist of all tables, those of the invented patients among them, as Markdown: every line to sign, once."""
    listed = _Checklist(tables or {**load_case().tables, **patient.tables()})
    body = [line for name in PARTS for line in (f"## {listed.titles[name]}", "", *getattr(listed, name)())]
    head = [line for name in HEAD for line in (f"## {phrase(f'kit.{name}')}", "", *getattr(listed, name)())]
    first = phrase("kit.review_head", version=version(), seal=seal())
    return "\n".join([first, *head, *body]).rstrip() + "\n"
