"""What each question and prompt of the collection must have: the maintainer's check, run by ``lab.py rebuild``.

At run time a question is held to what it takes to ask it (`utils.quiz.items`); here is all the rest.
"""

from utils.quiz import VOICES
from utils.tables import CASEDATA, read_entries

KINDS = ("pretest", "retrieval", "completion", "decision", "error", "discussion", "check")
OPTION = {"key", "text", "why", "rests_on", "misconception"}


def texts(given):
    """Whether it is a list of texts, and not an empty one."""
    return isinstance(given, list) and bool(given) and all(isinstance(x, str) and x.strip() for x in given)


def of_item(item):
    """What is wrong with a question, in words; empty where nothing is."""
    for key in ("notebook", "kind", "stem"):
        if not texts([item.get(key)]):
            return f"'{key}' is missing, or is no text"
    if item["kind"] not in KINDS:
        return f"kind '{item['kind']}' is not one of {', '.join(KINDS)}"
    if [o.get("key") for o in item["options"]] != ["a", "b", "c"]:
        return "there must be three options, a, b and c"
    for option in item["options"]:
        if odd := {*option} - OPTION:
            return f"option {option['key']} has '{odd.pop()}', which is no part of an option: quote a text with a comma"
        if not texts([option.get("text")]):
            return f"option {option['key']} has no 'text'"
        if len(str(option.get("why", "")).split()) < 15:
            return f"option {option['key']} needs an explanation ('why') of at least 15 words"
        if not texts(option.get("rests_on")):
            return f"option {option['key']} does not say what it rests on ('rests_on')"
    keyless = item["kind"] == "discussion" or "open" in item
    if item.get("best") not in ((None,) if keyless else ("a", "b", "c")):
        return "'best' must be a, b or c; only a discussion item, or one with 'open', has none"
    voices = item.get("voices", {})
    if extra := set(voices) - set(VOICES):
        return f"there is no voice '{extra.pop()}'"
    if "later" in voices and not item.get("later_date"):
        return "later guidance needs its date ('later_date')"
    if "voices" in item and not texts([*voices.values()]):
        return "a voice ('voices') has no words"
    return ""


def of_prompt(prompt):
    """What is wrong with a prompt, in words; empty where nothing is."""
    needed = {"text": "fields", "rank": "stage"}.get(prompt.get("kind"))
    if not needed or not prompt.get(needed):
        return "kind is text (with 'fields') or rank (with 'stage')"
    words = [prompt.get("stem"), prompt.get("notebook"), prompt.get("exemplar", "-"), *prompt.get("look_for", [])]
    if not texts(words + ([*prompt["fields"].values()] if needed == "fields" else [prompt["stage"]])):
        return "'stem', 'notebook', or one of its lines, is missing, or is no text"
    return ""


def items(folder=CASEDATA):
    """The questions of a folder as they are read, each held to its form; CaseDataError names the first fault."""
    return read_entries("items.yaml", of_item, folder)


def prompts(folder=CASEDATA):
    """The prompts of a folder, likewise."""
    return read_entries("prompts.yaml", of_prompt, folder)
