"""What each question and prompt of the collection must have: the maintainer's check, run by ``lab.py rebuild``.

At run time a question is held to what it takes to ask it (`utils.quiz.items`); here is all the rest.
"""

from utils.quiz import VOICES
from utils.tables import CASEDATA, read_entries

KINDS = ("pretest", "retrieval", "completion", "decision", "error", "discussion", "check")
OPTION = {"key", "text", "why", "rests_on"}


def texts(given):
    """Whether it is a list of texts, and not an empty one."""
    return isinstance(given, list) and bool(given) and all(isinstance(x, str) and x.strip() for x in given)


def of_item(item):
    """What is wrong with a question, in words; empty where nothing is."""
    options, voices = {option["key"]: option for option in item["options"]}, item.get("voices", {"data": "-"})
    whole = {key for key, o in options.items() if texts([o["text"], o["why"]]) and texts(o["rests_on"])}
    odd = [k for k, o in options.items() if k not in whole or {*o} - {"misconception"} != OPTION]
    few = [key for key in whole if len(options[key]["why"].split()) < 15]
    keyless = item["kind"] == "discussion" or "open" in item
    checks = {
        "'notebook', 'kind' or 'stem' is missing, or is no text": texts([*map(item.get, ("notebook", "kind", "stem"))]),
        f"kind '{item['kind']}' is not one of {', '.join(KINDS)}": item["kind"] in KINDS,
        "there must be three options, a, b and c": [o["key"] for o in item["options"]] == [*"abc"],
        f"option {odd} has not 'text', 'why' and 'rests_on' alone: quote a text with a comma": not odd,
        f"option {few} needs an explanation ('why') of at least 15 words": not few,
        "'best' must be a, b or c; only a discussion item, or one with 'open', has none": item.get("best")
        in ((None,) if keyless else ("a", "b", "c")),
        f"'voices' are words of {', '.join(VOICES)}": {*voices} <= {*VOICES} and texts([*voices.values()]),
        "later guidance needs its date ('later_date')": "later" not in voices or item.get("later_date"),
    }
    return next((why for why, fine in checks.items() if not fine), "")


def of_prompt(prompt):
    """What is wrong with a prompt, in words; empty where nothing is."""
    needed = {"text": "fields", "rank": "stage"}.get(prompt["kind"])
    if not prompt.get(needed):
        return "kind is text (with 'fields') or rank (with 'stage')"
    words = [prompt["stem"], prompt["notebook"], prompt.get("exemplar", "-"), *prompt.get("look_for", [])]
    fine = texts(words + ([*prompt["fields"].values()] if needed == "fields" else [prompt["stage"]]))
    return "" if fine else "'stem', 'notebook', or one of its lines, is no text"


def items(folder=CASEDATA):
    """The questions of a folder as they are read, each held to its form; CaseDataError names the first fault."""
    return read_entries("items.yaml", of_item, folder)


def prompts(folder=CASEDATA):
    """The prompts of a folder, likewise."""
    return read_entries("prompts.yaml", of_prompt, folder)
