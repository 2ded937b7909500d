"""Reads a deck of slides as a program for slides would."""

import io
from types import SimpleNamespace

from classroom.kit.deck import find_library


def read_deck(file):
    """The slides of a PPTX (bytes): title, words, notes, sizes of letters in points, and pictures with their size."""
    find_library()
    from pptx import Presentation

    deck, found = Presentation(io.BytesIO(file)), []
    for slide in deck.slides:
        tables = [cell for s in slide.shapes if s.has_table for row in s.table.rows for cell in row.cells]
        frames = [s.text_frame for s in slide.shapes if s.has_text_frame] + [cell.text_frame for cell in tables]
        runs = [run for frame in frames for line in frame.paragraphs for run in line.runs]
        found.append(
            SimpleNamespace(
                title=slide.shapes.title.text_frame.text,
                words=[frame.text for frame in frames],
                sizes=[run.font.size.pt for run in runs],
                notes=slide.notes_slide.notes_text_frame.text,
                pictures=[s for s in slide.shapes if hasattr(s, "image")],
                ends=max((s.top + s.height) / deck.slide_height for s in slide.shapes),
            )
        )
    return found
