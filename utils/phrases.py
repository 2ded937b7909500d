"""What cards, explorers, figures, sheets and the kit say: one catalogue, ``phrases.yaml``, in one language."""

import os
from functools import cache
from pathlib import Path
from string import Formatter

import yaml

CATALOGUE = Path(__file__).with_name("phrases.yaml")


def _read(file):
    return yaml.load(Path(file).read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def places(text):
    """The names of the places of a phrase, in all its forms."""
    forms = text.values() if isinstance(text, dict) else [text]
    return {name for form in forms for _, name, _, _ in Formatter().parse(form) if name is not None}


@cache
def _catalogue():
    """The phrases by section. A translation may lack some, which stay English; ValueError where it has others."""
    ours, other = _read(CATALOGUE), os.environ.get("MAS_CASEBOOK_PHRASES")
    try:
        theirs = _read(CATALOGUE.parent.parent / other) if other else {}
        if not (isinstance(theirs, dict) and all(isinstance(texts, dict) for texts in theirs.values())):
            raise ValueError(f"it does not hold phrases by section, as {CATALOGUE.name} does")
    except (OSError, ValueError, yaml.YAMLError) as fault:
        raise ValueError(f"{other} cannot be read: {' '.join(str(fault).split())}") from None
    for group, name, text in ((group, *pair) for group, texts in theirs.items() for pair in texts.items()):
        if name not in ours.get(group, {}):
            raise ValueError(f"{other}: there is no phrase '{group}.{name}': look for it in {CATALOGUE.name}")
        if strange := places(text) - places(ours[group][name]):
            raise ValueError(f"{other}: '{group}.{name}' has the place {{{strange.pop()}}}, which is never filled")
    return {group: texts | theirs.get(group, {}) for group, texts in ours.items()}


def section(name):
    """All phrases of one section, such as ``"quiz"``: a dict of key -> text."""
    return _catalogue()[name]


def phrase(key, **values):
    """One phrase with its {places} filled.

    Parameters
    ----------
    key : str
        Section and name in ``phrases.yaml``, such as ``"cards.saving"``.
    **values
        What its places are filled with. Where a phrase has the forms ``one`` and ``other``, `count` chooses.

    Returns
    -------
    str

    Raises
    ------
    KeyError
        Where there is no such phrase, or a place is not filled.
    """
    group, _, name = key.partition(".")
    text = _catalogue()[group][name]
    if isinstance(text, dict):
        text = text["one" if values["count"] == 1 else "other"]
    return text.format(**values) if values else text


def status_word(status):
    """How a page shows a status, such as ``"not met"``, that code keeps in English; any other word as it is."""
    return _catalogue()["status"].get(status.replace(" ", "_"), status)
