"""What stands on the slides: a deck for each session plan, in its order, and one of everything to choose from."""

import re

from classroom.kit import case
from classroom.kit.deck import BODY, LARGE, SMALL, Deck
from classroom.kit.notebooks import FIGURE, HOME, asked, context, figure, numbers, options_of, title
from classroom.kit.pages import text
from classroom.kit.plans import name_of, plans, slide_name, slides_of
from utils.case import load_case
from utils.chapters import cohort
from utils.chapters.patient import rule_items
from utils.phrases import phrase
from utils.quiz import items, prompts, voices
from utils.rules import RULES, evaluate

LONG = 320  # letters of what stands before a question; more are not read from a slide
SHOWN = {"02": ("ilar_sjia", "printo_sjia"), "03": ("mas_2016",), "04": ("hlh_2004", "hscore")}  # rule sets by page


def plain(markdown):
    """Markdown as the plain words of a slide or of its notes (str)."""
    return re.sub(r"\*\*|(?<!\w)\*(?=\S)|(?<=\S)\*(?!\w)|\[([^]]+)\]\([^)]*\)", r"\1", markdown)


def add(deck, name):
    """Add what a plan names to a deck; the head of ``plans.yaml`` says what there is."""
    kind, _, what = name.partition(" ")
    if name == "frame":
        front, notes = text("frame.md").split("\n---\n")
        head, *lines = [plain(line).lstrip("# -") for line in front.splitlines() if line]
        deck.words(head, [(line, LARGE, False) for line in lines], plain(notes.strip()))
    elif kind == "case":
        for part, rows in case.tables(what):
            deck.table(case.heading(what), [case.head(part, rows), *rows], phrase("kit.case_notes_said"))
    elif kind in ("rule", "ruler"):
        rule, _, moment = what.partition(" ")
        heads = {"Item": "item", "Met where": "met_where", "Points": "points", "as_given": "given"}
        asked, about = rule_items(rule), RULES[rule].about
        if moment:
            asked = asked.merge(evaluate(rule, load_case().as_of(moment)).items[["item", "as_given"]], "left", "item")
        asked = asked[[name for name in heads if name in asked and asked[name].fillna("").any()]].fillna("")
        rows = [[phrase(f"kit.{heads[name]}") for name in asked], *asked.to_numpy().tolist()]
        deck.table(slide_name(name), rows, f"{about['population']}. {about['caveat']}")
    elif kind == "count":
        counted = cohort.chance("hscore", "derivation", prior=int(what)).shown
        deck.figure(
            phrase("kit.slide_count", what=what), FIGURE.search(counted.html)[0], counted.text.partition("\n")[0]
        )
    elif kind == "picture":
        picture, words = figure(what)
        deck.figure(f"{title(what)}: {HOME.lower()}", picture, plain(words))
    elif name in items():
        question(deck, items()[name])
    else:
        prompt = prompts()[name]
        look = "\n".join(f"- {line}" for line in prompt.get("look_for", []))
        deck.words(name, [(prompt["stem"], LARGE, False)], f"{phrase('kit.look_for')}\n{look}")


def question(deck, item):
    """A question; then, for after the vote, what speaks for and against each answer; then the voices."""
    options = [(f"{o['key'].upper()}   {o['text']}", LARGE, False) for o in item["options"]]
    before = plain(" ".join(context(item["id"]).split()))
    before = [(before, BODY, False)] if before and len(before) < LONG else []
    vote = phrase("kit.say_vote" if item["kind"] == "decision" else "kit.say_hands")
    deck.words(item["id"], [*before, (item["stem"], LARGE, True), *options], vote)
    best, lines, notes = item.get("best"), [], []
    for o, wrong in options_of(item):
        mark = "✔ " if o["key"] == best else ""
        lines += [(f"{mark}{o['key'].upper()}   {o['text']}", BODY, o["key"] == best), (o["why"], SMALL, False)]
        notes.append(f"{o['key'].upper()}: {wrong or '–'} [{', '.join(o['rests_on'])}]")
    head = phrase("kit.answer_of", id=item["id"]) if best else f"{item['id']}: {phrase('kit.no_best')}"
    deck.words(head, lines, "\n".join([*notes, phrase("kit.keys_await")]))
    if heard := voices(item):
        said = [line for label, words in heard for line in ((label, BODY, True), (words, BODY, False))]
        deck.words(phrase("kit.voices_of", id=item["id"]), said, phrase("kit.say_voices"))


def decks():
    """Every deck: a dict of file name -> bytes; one for each plan, and one of everything."""
    made = {name_of(plan): slides_of(plan) for plan in plans()}
    made["everything"] = ["frame", *(f"case {stage}" for stage in case.STAGES)]
    for number in numbers():
        made["everything"] += [f"rule {rule}" for rule in SHOWN.get(number, ())]
        made["everything"] += [i["id"] for i in asked(number, "decision")]
        made["everything"] += [f"picture {number}"] if figure(number)[0] else []
    out = {}
    for name, wanted in made.items():
        deck = Deck(name.replace("_", " "))
        for one in wanted:
            add(deck, one)
        out[f"slides/{name}.pptx"] = deck.save()
    return out
