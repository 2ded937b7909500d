"""The questions as a question bank in Moodle's GIFT format.

Source of the rules of the format: the page "GIFT format" of the Moodle documentation.
"""

import re

from utils.case import load_case
from utils.quiz import items, voices

ABOUT = """\
Teaching material about one published case. Not for clinical use. The keys await review by clinicians.
The case: Meneghel et al., Front Pediatr 2021;8:635080, doi 10.3389/fped.2020.635080, CC BY; paraphrased.
Text: CC BY 4.0, the MAS Casebook contributors."""
HEAD = """\
MAS Casebook: the questions of the notebooks, for a learning platform that reads Moodle's GIFT format.
Made by "python lab.py classroom" from casedata/items.yaml; a change here is lost at the next run.
{about}
Each notebook is a category, each question has its id of the collection ([id:...]) and its kind as a tag.
Some stems speak of what stands on the notebook's page. Letters such as F06 or D14 are addresses in casedata.
Pretest questions are for before the notebook: their names say so, and the collection never scores them.
Left out, since they have no best answer and are for talking about: {left}."""


def escape(text):
    """Text as it may stand in a GIFT file (str): control characters and line breaks escaped, the ends trimmed."""
    text = re.sub(r"([\\~=#{}:])", r"\\\1", "\n".join(text.strip(" \t\n\r\0\x0b").splitlines()))
    return text.replace("\n", "\\n")


def part(text):
    """An option or a feedback (str); one that would start like a format or a weight gets its format written out."""
    return ("[plain]" if text.lstrip().startswith(("[", "%")) else "") + escape(text)


def question(item):
    """One question in GIFT.

    Parameters
    ----------
    item : dict
        As in ``items.yaml``, with a best answer.

    Returns
    -------
    str
        Without a blank line, which would end it.
    """
    named = f"{item['id']} (pretest)" if item["kind"] == "pretest" else item["id"]
    lines = [f"// [id:{item['id']}] [tag:{item['kind']}] [tag:notebook {item['notebook']}]"]
    lines.append(f"::{named}::[plain]{escape(item['stem'])}{{")
    for option in item["options"]:
        told = f"{option['why']} (Rests on {', '.join(option['rests_on'])}.)"
        sign = "=" if option["key"] == item["best"] else "~"
        lines.append(f"\t{sign}{part(option['text'])}#{part(told)}")
    if told := [f"{label}: {words}" for label, words in voices(item)]:
        lines.append("\t####" + part("\n".join(told)))
    return "\n".join([*lines, "}"])


def bank():
    """The whole question bank (str): what it is, for who reads the file and who imports it; a category a notebook."""
    titles = load_case().journey.set_index("notebook")["title"]
    asked = {k: i for k, i in items().items() if i.get("best")}
    left = [k for k in items() if k not in asked]
    head = HEAD.format(about=ABOUT, left=", ".join(left)).splitlines()
    blocks, notebook = ["\n".join("// " + line for line in head), "$CATEGORY: MAS Casebook"], None
    blocks.append(f"::About this collection::[plain]{escape(ABOUT)}")  # without braces: no question
    for item in sorted(asked.values(), key=lambda i: i["notebook"]):
        if item["notebook"] != notebook:
            notebook = item["notebook"]
            title = titles[notebook].replace("/", "//")  # a single one would open a category within it
            blocks.append(f"$CATEGORY: MAS Casebook/{notebook} {title}")
        blocks.append(question(item))
    return "\n\n".join(blocks) + "\n"
