"""A deck of slides that a teacher can edit (PPTX): words, tables and stored pictures, large enough for the last row."""

import base64
import io
import re
import sys
from functools import cache
from html import unescape
from pathlib import Path

from classroom.audit import DRAWN, KitError
from classroom.kit.pages import stamp
from utils.page import BANNER
from utils.phrases import phrase
from utils.plots import GRID

TOOLS = Path(__file__).resolve().parents[2] / ".venv" / "kit"  # put there by lab.py
WIDE, HIGH, EDGE, TOP, FOOT = 960, 540, 20, 76, 502  # points: of a slide, its margin, what it shows, its foot
ACROSS, DOWN = WIDE - 2 * EDGE, FOOT - TOP
TITLE, LARGE, BODY, SMALL, DENSE = 26, 28, 22, 18, 16  # points of letters
LEAST = 13  # points; no letter of a picture is smaller
WIDTH = 0.55  # of a letter, in its height
ROW, CELL = re.compile(r"<tr.*?</tr>", re.S), re.compile(r"<t[hd][ >].*?</t[hd]>", re.S)
BOX = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')
LETTERS = re.compile(r"font-size: ([\d.]+)px")
GROUP = re.compile(rf'd="M [\d.]+ ([\d.]+) \nL [\d.]+ \1 \n"[^>]*stroke: {GRID}')  # the line above a group of rows


def find_library():
    """Have imports find what `TOOLS` holds."""
    if str(TOOLS) not in sys.path:
        sys.path.append(str(TOOLS))


def cells(html):
    """A table of a page as rows of plain words (list of list of str)."""
    plain = [[re.sub(r"<[^>]+>", " ", cell) for cell in CELL.findall(row)] for row in ROW.findall(html)]
    return [[" ".join(unescape(words).split()) for words in row] for row in plain]


def parts(svg):
    """How a picture is cut so that its letters are large enough: a list of (from, to), and the height of its head."""
    wide, high = map(float, BOX.search(svg).groups())
    letter, lines = min(map(float, LETTERS.findall(svg))), sorted(map(float, GROUP.findall(svg)))
    if not lines or letter * min(ACROSS / wide, DOWN / high) >= LEAST:
        return [(0.0, high)], 0.0
    middle = min(lines[1:], key=lambda y: abs(y - (high + lines[0]) / 2))
    return [(0.0, middle), (middle, high)], lines[0]


@cache
def pieces(svg):
    """A picture as it goes onto slides: its width, and for each part of it the height and the PNG (bytes)."""
    import matplotlib
    from PIL import Image
    from resvg_py import svg_to_bytes

    wide, high = map(float, BOX.search(svg).groups())
    fonts = {"font_dirs": [str(Path(matplotlib.get_data_path(), "fonts", "ttf"))], "sans_serif_family": "DejaVu Sans"}
    png = svg_to_bytes(svg, dpi=96, zoom=2, background="#ffffff", skip_system_fonts=True, **fonts)
    whole = Image.open(io.BytesIO(bytes(png))).convert("RGB")
    dots, (cuts, head), made = whole.height / high, parts(svg), []
    for start, end in cuts:
        top = head if start else 0
        image, out = Image.new("RGB", (whole.width, round((end - start + top) * dots)), "white"), io.BytesIO()
        image.paste(whole.crop((0, 0, whole.width, round(top * dots))), (0, 0))
        image.paste(whole.crop((0, round(start * dots), whole.width, round(end * dots))), (0, round(top * dots)))
        image.save(out, "png")
        made.append((end - start + top, out.getvalue()))
    return wide, made


class Deck:
    """Slides, one after another."""

    def __init__(self, name):
        find_library()
        try:
            from pptx import Presentation, util
        except ImportError:
            raise KitError(phrase("kit.no_pptx")) from None
        self.points, self.file = util.Pt, Presentation()
        self.file.slide_width, self.file.slide_height = util.Pt(WIDE), util.Pt(HIGH)
        self.foot = phrase("kit.slide_foot", banner=BANNER, case=phrase("kit.case_short"), stamp=stamp())
        about = self.file.core_properties
        about.title, about.comments, about.author = name, BANNER, phrase("kit.contributors")

    def save(self):
        """The file (bytes)."""
        out = io.BytesIO()
        self.file.save(out)
        return out.getvalue()

    def words(self, title, lines, notes):
        """A slide of lines, each (words, points, bold)."""
        self._text(self._slide(title, notes), lines, TOP, DOWN)

    def table(self, title, rows, notes):
        """A table, its first row the head, on as many slides as the last row of the room needs."""
        head, *rows = rows
        sizes = (SMALL, DENSE) if len(head) < 4 else (DENSE,)
        ways = [(size, *_laid_out(head, rows, size)) for size in sizes]
        size, widths, pages = next((way for way in ways if len(way[2]) == 1), ways[0])  # smaller where one slide does
        for n, page in enumerate(pages, 1):
            slide = self._slide(_part(title, n, len(pages)), notes)
            box = map(self.points, (EDGE, TOP, ACROSS, size * 2 * (len(page) + 1)))
            made = slide.shapes.add_table(len(page) + 1, len(head), *box).table
            for column, width in zip(made.columns, widths, strict=True):
                column.width = self.points(width)
            for row, line in zip(made.rows, [head, *page], strict=True):
                row.height = self.points(size * 1.2 + 8)
                for cell, words in zip(row.cells, line, strict=True):
                    cell.margin_top = cell.margin_bottom = self.points(3)
                    self._write(cell.text_frame, [(words, size, line is head)])

    def figure(self, title, html, notes):
        """A stored picture, as large as a slide can show it and in two parts where it has many rows, or a table."""
        if not (found := DRAWN.search(html)):
            return self.table(title, cells(html), notes)
        wide, drawn = pieces(base64.b64decode(found[1]).decode())
        for n, (tall, image) in enumerate(drawn, 1):
            scale = min(ACROSS / wide, DOWN / tall)
            place = ((WIDE - wide * scale) / 2, TOP, wide * scale, tall * scale)
            slide = self._slide(_part(title, n, len(drawn)), notes)
            shown = slide.shapes.add_picture(io.BytesIO(image), *map(self.points, place))
            shown._element.nvPicPr.cNvPr.set("descr", unescape(re.search(r'alt="([^"]*)"', html)[1]))
        if "<table" in html:  # below the picture
            self.table(title, cells(html), notes)

    def _slide(self, title, notes):
        slide = self.file.slides.add_slide(self.file.slide_layouts[5])  # the one with nothing but a title
        self._place(slide.shapes.title, 16, 52)
        self._write(slide.shapes.title.text_frame, [(title, TITLE, True)])
        self._text(slide, [(self.foot, 10, False)], FOOT, 30)
        slide.notes_slide.notes_text_frame.text = notes
        return slide

    def _text(self, slide, lines, top, height):
        box = slide.shapes.add_textbox(0, 0, 0, 0)
        self._place(box, top, height)
        self._write(box.text_frame, lines)

    def _place(self, shape, top, height):
        shape.left, shape.top, shape.width, shape.height = map(self.points, (EDGE, top, ACROSS, height))

    def _write(self, frame, lines):
        """Fill a frame with lines of (words, points, bold), from its top left."""
        from pptx.enum.text import MSO_ANCHOR, PP_ALIGN

        frame.word_wrap, frame.vertical_anchor = True, MSO_ANCHOR.TOP
        for n, (words, size, bold) in enumerate(lines):
            line = frame.add_paragraph() if n else frame.paragraphs[0]
            line.alignment, line.space_after = PP_ALIGN.LEFT, self.points(size / 3)
            run = line.add_run()
            run.text, run.font.size, run.font.bold = words, self.points(size), bold


def _laid_out(head, rows, size):
    """How wide the columns of a table are in letters of this size, and its rows by slide."""
    columns = [*zip(head, *rows, strict=True)]
    least = [(3 + max(len(word) for cell in c for word in cell.split() or [""])) * size * WIDTH for c in columns]
    share = [min(max(map(len, c)), 60) for c in columns]
    widths = [w + max(0, ACROSS - sum(least)) * x / sum(share) for w, x in zip(least, share, strict=True)]
    lines = [max(-(-len(c) * size * WIDTH // (w - 15)) for c, w in zip(r, widths, strict=True)) for r in [head, *rows]]
    top, *tall = (1.2 * size * n + 8 for n in lines)
    pages, left = [[]], DOWN - top
    for row, high in zip(rows, tall, strict=True):
        if high > left:
            pages, left = [*pages, []], DOWN - top
        pages[-1].append(row)
        left -= high
    return widths, pages


def _part(title, n, of):
    return title if of == 1 else phrase("kit.part_of", title=title, n=n, of=of)
