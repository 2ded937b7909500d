"""Reads back the tables in what is shown."""

import re
from html import unescape


def rows_of(shown):
    """Rows of all tables, their heads included: lists of cells, without the signs before words."""
    rows = re.findall(r"<tr>(.*?)</tr>", re.sub(r'<span aria-hidden="true".*?</span> ', "", shown.html))
    return [[unescape(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)] for row in rows]


def by_first(shown):
    """The same rows: dict of first cell -> other cells."""
    return {first: rest for first, *rest in rows_of(shown)}
