"""Both ways: nothing that answers reaches a learner's page, and nothing that is due is missing for the teacher."""

import base64
import re
from functools import cache
from html import unescape
from pathlib import Path

from utils.phrases import phrase
from utils.quiz import items, prompts, voices

RUN = 15  # so many words in a row are no chance; a shorter text counts as a whole
MARKS = [
    phrase("quiz.mark_best").strip(" ["), phrase("quiz.right").rstrip("."),
    phrase("quiz.best_is", best="").rstrip(". "),
    phrase("forms.one_way").rstrip(":"),
]  # fmt: skip
CLASSES = re.compile(r"""class=["'][^"']*\b(best|answer|teacher)\b""")
DRAWN = re.compile(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)")
TAG = re.compile(r"<[^>]*>")
TO_FILL = re.compile(r'☐|<td class="blank">')
# What a browser would fetch. A link that a reader may follow is none.
FETCHED = re.compile(r"""(<(?:link|iframe|object|embed|base)\b|<[^>]+\bsrc(?:set)?\s*=\s*+["']?+(?!data:)|"""
                     r"""@import|url\(\s*+["']?+(?!data:|#)|\bimport\s*\(|\bfetch\s*\()[^>]{0,60}""", re.I)  # fmt: skip
# The same of a page with files beside it: only what lies elsewhere.
REMOTE = re.compile(r"<(?:script|link|img|iframe|video)\b[^>]*\b(?:src|href)=[\"']?(?:https?:)?//[^>]*", re.I)


class KitError(Exception):
    """What is wrong with the kit, a line for each fault."""


@cache
def secrets():
    """Every text that only a teacher may see: a tuple of (name, text), in the collection's order."""
    found = []
    for name, item in items().items():
        found += [(f"{name}, why {o['key']}", o["why"]) for o in item["options"]]
        found += [(f"{name}, {label}", text) for label, text in voices(item)]
    for name, prompt in prompts().items():
        found += [(f"{name}, exemplar", prompt["exemplar"])] if "exemplar" in prompt else []
        found += [(f"{name}, look for", line) for line in prompt.get("look_for", [])]
    return tuple(found)


def words(text):
    """The words of a text in small letters: marks, case and white space make no difference."""
    return re.findall(r"\w+", text.casefold())


def readings(html):
    """A page as lists of words: with its tags as gaps, with them as nothing, and what stands inside the tags."""
    html = DRAWN.sub(lambda m: TAG.sub(" ", base64.b64decode(m[1]).decode("utf-8", "replace")), html)
    html = re.sub(r"base64,[A-Za-z0-9+/=]+", "", html)
    for text in (TAG.sub(" ", html), TAG.sub("", html), " ".join(TAG.findall(html))):
        yield words(unescape(text))


@cache
def runs():
    """Every stretch of `RUN` words of every secret, or the whole where it is shorter: a dict of words -> its name."""
    found = {}
    for name, text in secrets():
        read = words(text)
        found |= {tuple(read[n : n + RUN]): name for n in range(max(1, len(read) - RUN + 1))}
    return found


def given_away(html):
    """The names of the secrets that a page holds (set of str)."""
    sizes = {len(run) for run in runs()}
    pages = [*readings(html)]
    held = (tuple(page[n : n + size]) for page in pages for size in sizes for n in range(len(page) - size + 1))
    return {runs()[run] for run in held if run in runs()}


def leaks(learner):
    """What a learner's folder gives away: yields a line for each."""
    files = sorted(Path(learner).rglob("*.*"))
    yield from (f"{path.name} is a file for teachers" for path in files if path.suffix in (".pptx", ".zip", ".gift"))
    for path in (p for p in files if p.suffix == ".html"):
        html = path.read_text(encoding="utf-8")
        yield from (f"{path.name} shows an answer to learners: {name}" for name in sorted(given_away(html)))
        text = " ".join((unescape(TAG.sub("", html)) + unescape(" ".join(TAG.findall(html)))).split())
        yield from (f"{path.name} marks an answer for learners: “{mark}”" for mark in MARKS if mark in text)
        if found := CLASSES.search(html):
            yield f"{path.name} holds what only a teacher's page may: {found.group()}"


def gaps(folder):
    """What the teacher lacks: yields a line for each text that no page has, and each page without its counterpart."""
    folder, pages = Path(folder), {}
    for path in sorted((folder / "instructor" / "notebooks").glob("*.html")):
        pages[path.name[:2]] = f" {' '.join(next(readings(path.read_text(encoding='utf-8'))))} "
    asked, keys = {**items(), **prompts()}, {x: phrase("quiz.best_is", best=x) for x in "abc"}
    keys = {key: f" {' '.join(words(text))} " for key, text in {**keys, None: phrase("quiz.no_best")}.items()}
    for name, text in secrets():
        number = asked[name.partition(",")[0]]["notebook"]
        if f" {' '.join(words(text))} " not in pages.get(number, ""):
            yield f"the instructor edition of notebook {number} lacks {name}"
    for name, item in items().items():
        after = pages.get(item["notebook"], "").partition(f" {' '.join(words(item['stem']))} ")[2]
        at = {after.find(text): key for key, text in keys.items() if text in after}
        if not at or at[min(at)] != item.get("best"):  # the first after the stem is its own
            yield f"the instructor edition of notebook {item['notebook']} lacks the key of {name}"
    for path in sorted((folder / "learner").rglob("*.html")):
        name = path.relative_to(folder / "learner")
        if TO_FILL.search(path.read_text(encoding="utf-8")) and not (folder / "instructor" / name).exists():
            yield f"learner/{name} is filled in, and has no counterpart for the teacher"


def outside(folder, pattern=FETCHED):
    """What a page would ask for beyond itself, or by `REMOTE` beyond its folder: yields a line for each."""
    for path in sorted(Path(folder).rglob("*.html")):
        html = re.sub(r"base64,[A-Za-z0-9+/=]+", "base64,", path.read_text(encoding="utf-8"))
        if found := pattern.search(html):
            yield f"{path.relative_to(folder)} asks for something outside itself: {found.group()[:80]}"


def check(folder):
    """Hold a built kit to all of it; `KitError` names every fault."""
    faults = [*leaks(Path(folder) / "learner"), *gaps(folder), *outside(folder)]
    if faults:
        raise KitError("The kit is not to be used:\n" + "\n".join(f"- {fault}" for fault in faults))
