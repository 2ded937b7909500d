"""What cards, explorers, figures, sheets and the kit say: one catalogue, ``phrases.yaml``, in one language."""

import os
from functools import cache
from pathlib import Path
from string import Formatter

import yaml

CATALOGUE = Path(__file__).with_name("phrases.yaml")


def places(text):
    """The names of the places of a phrase, in all its forms."""
    whole = "".join(text.values()) if isinstance(text, dict) else text
    return {name for _, name, *_ in Formatter().parse(whole) if name is not None}


@cache
def catalogue():
    """The phrases by section. A translation may lack some, which stay English; ValueError where it has others."""
    loader, other = getattr(yaml, "CSafeLoader", yaml.SafeLoader), os.environ.get("MAS_CASEBOOK_PHRASES")
    ours = yaml.load(CATALOGUE.read_text(encoding="utf-8"), loader)
    try:
        theirs = yaml.load((CATALOGUE.parent.parent / other).read_text(encoding="utf-8"), loader) if other else {}
        texts = [(group, *pair) for group, phrases in theirs.items() for pair in phrases.items()]
    except (OSError, ValueError, AttributeError, yaml.YAMLError) as fault:
        lack = f"it does not hold phrases by section, as {CATALOGUE.name} does"
        why = lack if isinstance(fault, AttributeError) else " ".join(str(fault).split())
        raise ValueError(f"{other} cannot be read: {why}") from None
    for group, name, text in texts:
        if name not in ours.get(group, {}):
            raise ValueError(f"{other}: there is no phrase '{group}.{name}': look for it in {CATALOGUE.name}")
        if strange := places(text) - places(ours[group][name]):
            raise ValueError(f"{other}: '{group}.{name}' has the place {{{strange.pop()}}}, which is never filled")
        ours[group][name] = text
    return ours


def section(name):
    """All phrases of one section, such as ``"quiz"``: a dict of key -> text."""
    return catalogue()[name]


def phrase(key, **values):
    """The phrase of a key such as ``"cards.saving"`` with its {places} filled; KeyError where it or a value is missing.

    Where it has the forms ``one`` and ``other``, the value `count` chooses.
    """
    group, name = key.split(".")
    text = section(group)[name]
    if isinstance(text, dict):
        text = text["one" if values["count"] == 1 else "other"]
    return text.format(**values) if values else text


def status_word(status):
    """How a page shows a status, such as ``"not met"``, that code keeps in English; any other word as it is."""
    return section("status").get(status.replace(" ", "_"), status)
