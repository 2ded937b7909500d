"""The checklist of the clinicians who review the answer keys and the claims: everything to sign, once each."""

import re

import pandas as pd

from utils.case import CaseDataError, load_case, references
from utils.forms import prompts
from utils.package import describe
from utils.quiz import VOICES, items

TAGS = {
    "P": "seen in the primary publication's own text",
    "S": "seen in a secondary source that reproduces it; the original was not seen",
    "C": "computed from P or S",
    "R": "recalled and not confirmed: needs a source or has to go",
    "ours": "a reading, or a number, of our own",
    "definition": "by definition",
    "none": "no tag of its own",
}
SIGN = "☐ agree ☐ change ☐ comment: ______________________________"
WIDE = " " + "_" * 14  # room to write by hand
ROLES = ("Paediatric rheumatologist", "Paediatric intensivist", "Pharmacist")
HEAD = """# Clinical review: every answer key and every claim

Built by `python lab.py classroom` from `casedata/`; do not write into this file, it is made anew. Print it, or copy
it and write into the copy. It holds all answers: not for learners.

**What is asked of you.** Go through the lines of your field. Tick *agree* or *change* for each and write what should
stand there instead. A line tagged **R** is recalled, one tagged **ours** is a reading or a number of our own: both
need your eye most. Letters such as F06 (a fact), U02 (not reported) and D14 (an open question) are addresses in
`casedata/`; a name such as *rules:2* in the left column is a row of a table there, counted as a spreadsheet does.
This is teaching material about one published case and not for clinical use; your signature says that the teaching is
sound, not that it may guide treatment.
"""


def _cell(text):
    """Text for a cell of a table, or a line: no line break, and nothing that Markdown would take for its own."""
    return re.sub(r"([|*`<~$\\])", r"\\\1", re.sub(r"\s+", " ", str(text)).strip())


def _value(x):
    return "" if x is None or x != x else f"{x:.10g}" if isinstance(x, float) else str(x)


def _works(tables):
    """Each work: its tags, its citation and the note. A tag is how the note begins, or that of a row which cites it."""
    found, case = {}, load_case()
    rows = pd.concat([t[["source", "tag"]] for t in tables.values() if {"source", "tag"} <= set(t)])
    for name, work in references().items():
        begins = re.match(r"[PSC]\b", work["note"])
        tags = {begins.group()} if begins else set()
        found[name] = (tags | set(rows["tag"][rows["source"] == name]), case.cited(name)["Work"].iloc[0], work["note"])
    return found


def _said(row, hide):
    """A row in words: its label first, a threshold as one condition, then whatever else it holds."""
    row = {k: _value(v) for k, v in row.items() if k not in hide}
    head = next((row.pop(k) for k in ("label", "title") if row.get(k)), "")
    if "members" in row:
        row["members"] = ", ".join(row["members"].split())
    if row.get("comparator"):
        words = [row.pop(k) for k in ("input", "comparator", "threshold", "unit", "kind")][:4]
        told = " ".join(filter(None, words)).replace("<=", "≤").replace(">=", "≥")
        row = {"condition": told.replace(" is 1", " is present"), **row}
    rest = "; ".join(f"{k}: {v}" for k, v in row.items() if v)
    rest = re.sub(r"(?<=[a-z0-9])_(?=[a-z0-9])", " ", rest)  # names of columns and variables
    return (f"**{_cell(head)}**. " if head else "") + _cell(rest)


class _Checklist:
    """Sections of lines; every line is counted where it is written."""

    def __init__(self, tables, titles):
        self.tables, self.titles, self.case, self.works = tables, titles, load_case(), _works(tables)
        self.counts = []  # (section, tags of its lines)

    def rows(self, title, name, table, hide=()):
        """Rows of a table in Markdown; they keep the numbers that they have in the file, where the header is row 1."""
        out = [f"| Row | What it says | Source | Tag | Agree | Change | Comment{WIDE} |", "| --- " * 7 + "|"]
        tags, last = [], ""
        for number, row in zip(table.index + 2, table.to_dict("records"), strict=True):
            source = row.get("source") or row.get("sources") or row.get("where") or ""
            seen = row.get("seen_in", "")
            source += " (seen there too)" if seen and seen == last else f" (seen in {seen})" if seen else ""
            last = seen
            said = _said(row, {"tag", "source", "sources", "seen_in", "time_point", "where", *hide})
            tags.append(row.get("tag") or ("ours" if str(row.get("note", "")).startswith("reading:") else "none"))
            told = "" if tags[-1] == "none" else f"**{tags[-1]}**" if tags[-1] in ("R", "ours") else tags[-1]
            out.append(f"| {name}:{number} | {said} | {_cell(source)} | {told} | ☐ | ☐ |  |")
        self.counts.append((title, tags))
        return out + [""]

    def headed(self, title, *about, **hide):
        """The same under a heading."""
        return [f"### {_cell(title)}", "", *self.rows(title, *about, **hide)]

    def basis(self, address):
        """What stands behind an address, and its tags."""
        if address in self.works:
            tags, work, _ = self.works[address]
            return [f"{address} ({', '.join(sorted(tags)) or 'not seen'}): {work}"], tags
        if address == "arithmetic":
            return ["arithmetic (C)"], {"C"}
        try:
            behind = self.case.address(address).to_dict("records")
        except (CaseDataError, KeyError):  # of the invented patient, say: not a place in the article
            return [f"{address}: not of the article"], {"ours"}
        lines, tags = [], set(self.case.discrepancies.query("id == @address")["tag"]) or {"P"}
        for row in behind:
            question = f". Question: {row['To note']}" if address[0] == "D" else ""
            lines.append(f"{address} {row['What']}: “{row['Printed words']}” ({row['Where']}){question}")
            tags |= {"ours"} if str(row["To note"]).startswith("reading:") else set()
        return list(dict.fromkeys(lines)), tags

    def item(self, item):
        """One question: what is asked, the key and what it rests on."""
        best = item.get("best")
        out = [f"#### {item['id']} ({item['kind']})", "", _cell(item["stem"]), ""]
        for option in item["options"]:
            mark = " **KEY**" if option["key"] == best else ""
            rests = ", ".join(option["rests_on"])
            out.append(f"- {option['key']}){mark} {_cell(option['text'])}. *Why:* {_cell(option['why'])} [{rests}]")
        for voice, words in item.get("voices", {}).items():
            dated = f" ({item['later_date']})" if voice == "later" else ""
            out.append(f"- *{VOICES[voice]}{dated}:* {_cell(words)}")
        # Without a best answer it is all of them that the talk rests on.
        used = [a for o in item["options"] if best in (None, o["key"]) for a in o["rests_on"]]
        lines, tags = zip(*map(self.basis, dict.fromkeys(used)), strict=True)
        tags = set().union(*tags)
        flag = "; ".join(f"**{t}: {TAGS[t]}**" for t in ("R", "ours") if t in tags)
        what = f"The key ({best})" if best else "No key: for talking about. It"
        out += ["", f"{what} rests on (tags {', '.join(sorted(tags)) or 'none'}{'; ' + flag if flag else ''}):", ""]
        out += [f"- {_cell(line)}" for found in lines for line in found]
        return [*out, "", SIGN, ""], tags

    def keys(self):
        titles, out, notebook, tags = self.case.journey.set_index("notebook")["title"], [], None, []
        for item in sorted(items().values(), key=lambda i: i["notebook"]):
            if item["notebook"] != notebook:
                notebook = item["notebook"]
                out += [f"### Notebook {notebook}: {titles[notebook]}", ""]
            lines, found = self.item(item)
            out += lines
            tags.append(next((t for t in ("R", "ours", "S", "C", "P") if t in found), "none"))
        self.counts.append(("Answer keys (by the weakest tag behind each)", tags))
        return out

    def thresholds(self):
        out, sets = [], self.tables["rule_sets"].set_index("rule")["title"]
        for name, group in self.tables["rules"].groupby("rule", sort=False):
            out += self.headed(sets.get(name, name), "rules", group, hide=("rule", "item"))
        return out

    def claims(self):
        table = self.tables["claims"]
        table = table[~table["note"].str.startswith("reading:")]
        return self.rows("Claims of the article", "claims", table, hide=("claim", "status"))

    def discrepancies(self):
        return self.rows("Discrepancies", "discrepancies", self.tables["discrepancies"], hide=("facts", "as_printed"))

    def own(self):
        """Readings of ours in tables that carry no tag."""
        out = []
        for name, table in self.tables.items():
            if "note" in table and not {"tag", "source"} & set(table):
                kept = table[table["note"].str.startswith("reading:")]
                out += self.headed(f"Readings: {self.titles.get(name, name)}", name, kept) if len(kept) else []
        return out

    def others(self):
        """Every other table with a tag or a source, so that a new one comes in by itself."""
        out = []
        for name, table in self.tables.items():
            if {"tag", "source"} & set(table) and name not in ("rules", "discrepancies", "claims"):
                out += self.headed(self.titles.get(name, name), name, table)
        return out

    def prompts(self):
        out = []
        for name, prompt in prompts().items():
            asked = [*prompt["fields"].values()] if prompt["kind"] == "text" else []
            out += [f"#### {name} (notebook {prompt['notebook']})", "", _cell(prompt["stem"]), ""]
            out += [f"- asks for: {_cell(a)}" for a in asked if len(asked) > 1]
            out += [f"- **one way to put it:** {_cell(prompt['exemplar'])}"] if "exemplar" in prompt else []
            out += [f"- look for: {_cell(line)}" for line in prompt.get("look_for", [])]
            out += [f"- rests on: {', '.join(prompt['rests_on'])}"] if "rests_on" in prompt else []
            out += [*([""] if out[-1] else []), SIGN, ""]
        self.counts.append(("Prompts and exemplars", ["none"] * len(prompts())))
        return out

    def bibliography(self):
        works = self.works.items()
        return [f"- **{k}** ({', '.join(sorted(t)) or 'not seen'}): {_cell(w)} *{_cell(n)}*" for k, (t, w, n) in works]

    def summary(self):
        every = [tag for _, tags in self.counts for tag in tags]
        known = [*TAGS, *sorted(set(every) - set(TAGS))]
        out = [f"| Section | Lines | {' | '.join(known)} |", "| --- |" + " ---: |" * (len(known) + 1)]
        for title, tags in [*self.counts, ("All", every)]:
            counts = [str(tags.count(t) or "") for t in known]
            out.append(f"| {_cell(title)} | {len(tags)} | {' | '.join(counts)} |")
        return [*out, "", *(f"- **{t}**: {words}" for t, words in TAGS.items()), ""]


def text(tables=None):
    """The checklist as Markdown.

    Parameters
    ----------
    tables : dict of str -> DataFrame, optional
        The tables of the data package by default.
    """
    listed = _Checklist(tables or load_case().tables, {k: r.get("title", k) for k, r in describe().items()})
    parts = {
        "Answer keys": listed.keys,
        "Thresholds of the rules": listed.thresholds,
        "Claims of the article": listed.claims,
        "Discrepancies and how they are handled": listed.discrepancies,
        "Readings of our own": listed.own,
        "Other tables with a source or a tag": listed.others,
        "Prompts and exemplars": listed.prompts,
        "Works": listed.bibliography,
    }
    titles = [f"{n}. {title}" for n, title in enumerate(parts, 1)]
    written = [[f"## {title}", "", *make()] for title, make in zip(titles, parts.values(), strict=True)]
    links = [f"- [{t}](#{re.sub(r'[^a-z0-9 -]', '', t.lower()).replace(' ', '-')})" for t in titles]
    signed = [f"| Role | Name{WIDE} | Parts read{WIDE} | Date{WIDE} | Signature{WIDE} |", "| --- " * 5 + "|"]
    signed += [f"| {role} |  |  |  |  |" for role in ROLES]
    head = [HEAD, "## Signatures", "", *signed, "", "## Contents", "", *links, "", "## Counts", "", *listed.summary()]
    return "\n".join([*head, *(line for part in written for line in part)]).rstrip() + "\n"
