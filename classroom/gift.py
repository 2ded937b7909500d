"""The questions as a question bank in Moodle's GIFT format.

Source of the rules of the format: the page "GIFT format" of the Moodle documentation.
"""

import re

from utils.case import load_case
from utils.phrases import phrase
from utils.quiz import items, voices


def escape(text):
    """Text as it may stand in a GIFT file (str): control characters and line breaks escaped, the ends trimmed."""
    text = re.sub(r"([\\~=#{}:])", r"\\\1", "\n".join(text.strip(" \t\n\r\0\x0b").splitlines()))
    return text.replace("\n", "\\n")


def part(text):
    """An option or a feedback (str); one that would start like a format or a weight gets its format written out."""
    return ("[plain]" if text.lstrip().startswith(("[", "%")) else "") + escape(text)


def asked():
    """The questions that have a best answer, by notebook (list of dict); the others are for talking about."""
    return sorted((i for i in items().values() if i.get("best")), key=lambda i: i["notebook"])


def named(item):
    """What a platform calls a question (str)."""
    return phrase("kit.bank_pretest", id=item["id"]) if item["kind"] == "pretest" else item["id"]


def why(option):
    """The feedback of an option (str)."""
    return phrase("kit.bank_why", why=option["why"], rests_on=", ".join(option["rests_on"]))


def heard(item):
    """What the voices say of a question, a line each (list of str)."""
    return [f"{label}: {words}" for label, words in voices(item)]


def question(item):
    """One question in GIFT (str): an item as in ``items.yaml``, with a best answer. A blank line would end it."""
    tag = phrase("kit.bank_tag", number=item["notebook"])
    lines = [f"// [id:{item['id']}] [tag:{item['kind']}] [tag:{tag}]"]
    lines.append(f"::{named(item)}::[plain]{escape(item['stem'])}{{")
    for option in item["options"]:
        sign = "=" if option["key"] == item["best"] else "~"
        lines.append(f"\t{sign}{part(option['text'])}#{part(why(option))}")
    if general := heard(item):
        lines.append("\t####" + part("\n".join(general)))
    return "\n".join([*lines, "}"])


def bank():
    """The whole question bank (str): what it is, for who reads the file and who imports it; a category a notebook."""
    titles = load_case().journey.set_index("notebook")["title"]
    left = [k for k, i in items().items() if not i.get("best")]
    about, top = phrase("kit.bank_about"), phrase("kit.bank_category")
    head = phrase("kit.bank_head", about=about, left=", ".join(left)).splitlines()
    blocks, notebook = ["\n".join("// " + line for line in head), f"$CATEGORY: {top}"], None
    # Without braces it is no question.
    blocks.append(f"::{phrase('kit.bank_about_name')}::[plain]{escape(about)}")
    for item in asked():
        if item["notebook"] != notebook:
            notebook = item["notebook"]
            title = titles[notebook].replace("/", "//")  # a single one would open a category within it
            blocks.append(f"$CATEGORY: {top}/{notebook} {title}")
        blocks.append(question(item))
    return "\n\n".join(blocks) + "\n"
