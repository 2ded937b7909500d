"""Who knows only how questions are made, and no medicine, scores like chance: nine ways to answer by the form alone."""

import math
import random
import re

import pytest

from tests.design import right
from utils.quiz import UNSCORED, items

HEDGES = (
    "may|might|could|can|perhaps|possibly|possible|probably|probable|likely|seems?|suggests?|some|sometimes|usually|"
    "often|partly|hardly|little|mostly|tends?|weakly|arguable|raises? the question"
)
ABSOLUTES = (
    "all|always|any|anything|never|no|none|nothing|nobody|everybody|everything|only|every|each|must|cannot|certainly|"
    "proves?|proven|excludes?|excluded|whatever|entirely|alone|definitely|impossible"
)
UNDECIDED = (
    "undetermined|unknown|undecided|open|unclear|cannot be (?:told|known|said|settled|judged)|can't be told|"
    "nobody can (?:tell|say|know)|not known|it depends|depends on|no way to tell"
)
LEAST, MOST, MANY = 0.22, 0.42, 40


def _says(words):
    return lambda text, texts: bool(re.search(rf"\b(?:{words})\b", text.lower()))


def _shared(text, texts):
    own, *others = (set(re.findall(r"[a-z0-9]+", x.lower())) for x in (text, *(t for t in texts if t != text)))
    return sum(len(own & other) for other in others)


# What each measures of an option's text, among the three; it chooses the one option of which that is the greatest.
STRATEGIES = {
    "the longest": lambda text, texts: len(text),
    "the shortest": lambda text, texts: -len(text),
    **{f"always {letter}": lambda text, texts, n=n: texts.index(text) == n for n, letter in enumerate("abc")},
    "most words in common": _shared,
    "the one hedged": _says(HEDGES),
    "the one undecided": _says(UNDECIDED),
    "the one without an absolute word": lambda text, texts: not _says(ABSOLUTES)(text, texts),
}


def chosen(item, measure):
    """The key of the option that a strategy chooses; None where it has nothing to go by."""
    texts = [str(o["text"]) for o in item["options"]]
    measures = [measure(text, texts) for text in texts]
    return "abc"[measures.index(max(measures))] if measures.count(max(measures)) == 1 else None


def scores(asked):
    """For each strategy how many questions it answers, and how many rightly: a dict of name -> (int, int)."""
    keys = {name: [(chosen(i, measure), i["best"]) for i in asked] for name, measure in STRATEGIES.items()}
    return {n: (sum(k is not None for k, _ in of), sum(k == best for k, best in of)) for n, of in keys.items()}


def giveaways(asked):
    """A sentence for each strategy that does better, or worse, than chance allows."""
    for name, (applies, hit) in scores(asked).items():
        most = MOST if applies >= MANY else 1 / 3 + 2 * math.sqrt(2 / 9 / max(applies, 1))
        if applies and (hit / applies > most or (applies >= MANY and hit / applies < LEAST)):
            yield f"'{name}' answers {hit} of {applies} questions ({hit / applies:.0%}): at most {most:.0%} is chance"


ASKED = [i for i in items().values() if i.get("best") and i["kind"] not in UNSCORED]


def fair(n, seed=1):
    """Questions whose form tells nothing: the right key, and the order of three options of unlike length, by lot."""
    draw = random.Random(seed)
    texts = ["a short one here", "one that is somewhat longer", "one of quite another length again"]
    for _ in range(n):
        options = [{"key": k, "text": t} for k, t in zip("abc", draw.sample(texts, 3), strict=True)]
        yield {"options": options, "best": draw.choice("abc")}


def test_nobody_can_answer_by_the_form_of_a_question_and_questions_that_tell_nothing_pass():
    assert len(STRATEGIES) == 9 and not list(giveaways(ASKED)), scores(ASKED)
    assert not list(giveaways([*fair(600)]))


def always(item):
    for o in item["options"]:
        o["text"] += ", as a rule" if o is right(item) else ", always"


TEXTS = {
    "the longest": "x" * 70,
    "the shortest": "x",
    "the one hedged": "it may be",
    "the one undecided": "undetermined",
}
PLANTED = {
    **{name: lambda i, text=text: right(i).update(text=text) for name, text in TEXTS.items()},
    "most words in common": lambda i: right(i).update(text=" ".join(o["text"] for o in i["options"])),
    "the one without an absolute word": always,
    **{f"always {letter}": lambda i, letter=letter: i.update(best=letter) for letter in "abc"},
}


@pytest.mark.parametrize("name, among", [*((name, 90) for name in STRATEGIES), ("the one undecided", 20)])
def test_a_planted_giveaway_is_caught_among_few_questions_too(name, among):
    spoiled = [*fair(90 if among == 90 else 200)]
    for item in spoiled[:among]:
        PLANTED[name](item)
    assert any(f"'{name}'" in words for words in giveaways(spoiled))
