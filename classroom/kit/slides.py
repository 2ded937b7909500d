"""The pictures to take home as slides: one file that pages by keys, and prints one slide a page."""

from html import escape

from classroom.kit.notebooks import figure, numbers, title
from classroom.kit.pages import HERE, TEACHER, markdown, page, stamp, text
from utils.page import BANNER
from utils.phrases import phrase

# Pictures that a plan asks for beside those to take home.
MORE = {"04": ("Explore: count people",)}
# Page keys and arrows go from slide to slide, N shows what to say; no library is needed for that.
KEYS = """const slides = [...document.querySelectorAll(".slide")];
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const step = { ArrowRight: 1, ArrowDown: 1, PageDown: 1, " ": 1, ArrowLeft: -1, ArrowUp: -1, PageUp: -1 }[event.key];
  const here = slides.findIndex((s) => s.getBoundingClientRect().bottom > innerHeight / 2);
  const to = { Home: 0, End: slides.length - 1 }[event.key] ?? (step && here + step);
  if (event.key.toLowerCase() === "n") slides[here].querySelector("details").toggleAttribute("open");
  else if (to !== undefined && !(event.key === " " && event.target.closest("summary"))) {
    event.preventDefault();
    slides[Math.max(0, Math.min(to, slides.length - 1))].scrollIntoView();
  }
});"""


def deck():
    """All slides (str): a frame, then the pictures in the order of the notebooks, each with what to say."""
    front, words = text("frame.md").split("\n---\n")
    made = [(f'<div class="words">{markdown(front)}</div>', words)]
    for number, heading in ((n, h) for n in numbers() for h in (*MORE.get(n, ()), None)):
        picture, words = figure(number, heading)
        if picture:
            name = title(number) + (f": {heading.removeprefix('Explore: ').lower()}" if heading else "")
            made.append((f"<h1>{escape(name)}</h1>{picture}", words))
    body = "".join(_slide(n, len(made), *one) for n, one in enumerate(made, 1))
    style = (HERE / "slides.css").read_text(encoding="utf-8")
    return page(phrase("kit.slides"), body, teacher=True, script=KEYS, style=style)


def _slide(number, count, shown, words):
    notes = f'<details class="notes"><summary>{phrase("kit.slide_notes")}</summary>{markdown(words)}</details>'
    more = {"case": phrase("kit.case_short"), "keys": TEACHER if number == 1 else phrase("kit.keys_await")}
    foot = phrase("kit.slide_foot", number=number, count=count, banner=BANNER, stamp=escape(stamp()), **more)
    head = f'<section class="slide" aria-label="{escape(phrase("kit.slide", number=number))}">'
    return f'{head}<div class="shown">{shown}</div><small>{foot}</small>{notes}</section>'
