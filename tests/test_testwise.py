"""Who knows only how questions are made scores like chance."""

import copy
import random

import pytest

from tests.testwise import STRATEGIES, giveaways, scores
from utils.quiz import UNSCORED, items

ASKED = [i for i in items().values() if i.get("best") and i["kind"] not in UNSCORED]


def fair(n, seed=1):
    """Questions whose form tells nothing: the right key, and the order of three options of unlike length, by lot."""
    draw, words = (
        random.Random(seed),
        ["a short one here", "one that is somewhat longer", "one of quite another length again"],
    )
    return [
        {
            "options": [{"key": k, "text": t} for k, t in zip("abc", draw.sample(words, 3), strict=True)],
            "best": draw.choice("abc"),
        }
        for _ in range(n)
    ]


def test_nobody_can_answer_by_the_form_of_a_question():
    assert not list(giveaways(ASKED)), scores(ASKED)


def test_questions_that_tell_nothing_pass():
    assert not list(giveaways(fair(600)))


PLANTED = {
    "the longest": "an option that goes on for very much longer than its neighbours ever do",
    "the shortest": "x",
    "most words in common": "one that is somewhat longer one of quite another length again a short one here",
    "the one hedged": "it may be so",
    "the one undecided": "undetermined",
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_giveaway_is_caught(name):
    spoiled = fair(90)
    for item in spoiled:
        next(o for o in item["options"] if o["key"] == item["best"])["text"] = PLANTED[name]
    assert any(name in words for words in giveaways(spoiled))


@pytest.mark.parametrize("letter", "abc")
def test_a_favourite_letter_is_caught(letter):
    spoiled = [i | {"best": letter} for i in fair(90)]
    assert any(f"always {letter}" in words for words in giveaways(spoiled))


def test_the_one_option_without_an_absolute_word_is_caught():
    spoiled = fair(90)
    for item in spoiled:
        for o in item["options"]:
            o["text"] = f"{o['text']}, " + ("as a rule" if o["key"] == item["best"] else "always")
    assert any("absolute" in words for words in giveaways(spoiled))


def test_a_giveaway_among_few_questions_is_caught_too():
    spoiled = copy.deepcopy(fair(200))
    for item in spoiled[:20]:
        next(o for o in item["options"] if o["key"] == item["best"])["text"] = "cannot be told"
    assert any("undecided" in words for words in giveaways(spoiled))


def test_there_are_nine_strategies():
    assert len(STRATEGIES) == 9
