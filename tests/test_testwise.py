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


def _says(words, text):
    return re.search(rf"\b(?:{words})\b", text.lower()) is not None


def _alone(options, holds):
    """The key of the one option for which something holds."""
    found = [o["key"] for o in options if holds(o)]
    return found[0] if len(found) == 1 else None


def _most(measure, best=max):
    """Chooses the one option of which a measure (of an option, among all) is the greatest, or the least."""

    def choose(item):
        options = item["options"]
        return _alone(options, lambda o: measure(o, options) == best(measure(x, options) for x in options))

    return choose


def _shared(option, options):
    words = {o["key"]: set(re.findall(r"[a-z0-9]+", str(o["text"]).lower())) for o in options}
    return sum(len(words[option["key"]] & others) for key, others in words.items() if key != option["key"])


# Each takes an item and returns the key that it would choose, or None where it has nothing to go by.
STRATEGIES = {
    "the longest": _most(lambda o, _: len(str(o["text"]))),
    "the shortest": _most(lambda o, _: len(str(o["text"])), min),
    "always a": lambda i: "a",
    "always b": lambda i: "b",
    "always c": lambda i: "c",
    "most words in common": _most(_shared),
    "the one hedged": lambda i: _alone(i["options"], lambda o: _says(HEDGES, str(o["text"]))),
    "the one undecided": lambda i: _alone(i["options"], lambda o: _says(UNDECIDED, str(o["text"]))),
    "the one without an absolute word": lambda i: _alone(i["options"], lambda o: not _says(ABSOLUTES, str(o["text"]))),
}


def scores(asked):
    """For each strategy how many questions it answers, and how many rightly: a dict of name -> (int, int)."""
    chosen = {name: [choose(i) == i["best"] for i in asked if choose(i)] for name, choose in STRATEGIES.items()}
    return {name: (len(right), sum(right)) for name, right in chosen.items()}


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
