"""Who knows only how questions are made scores like chance."""

import random

import pytest

from tests.design import right
from tests.testwise import STRATEGIES, giveaways, scores
from utils.quiz import UNSCORED, items

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


PLANTED = {
    "the longest": lambda i: right(i).update(text="an option that goes on for very much longer than its neighbours do"),
    "the shortest": lambda i: right(i).update(text="x"),
    "most words in common": lambda i: right(i).update(text=" ".join(o["text"] for o in i["options"])),
    "the one hedged": lambda i: right(i).update(text="it may be so"),
    "the one undecided": lambda i: right(i).update(text="undetermined"),
    "the one without an absolute word": always,
    **{f"always {letter}": lambda i, letter=letter: i.update(best=letter) for letter in "abc"},
}


@pytest.mark.parametrize("name, among", [*((name, 90) for name in STRATEGIES), ("the one undecided", 20)])
def test_a_planted_giveaway_is_caught_among_few_questions_too(name, among):
    spoiled = [*fair(90 if among == 90 else 200)]
    for item in spoiled[:among]:
        PLANTED[name](item)
    assert any(f"'{name}'" in words for words in giveaways(spoiled))
