"""Reads back what is drawn: the SVG inside something shown, its shapes and its words."""

import base64
import re
from html import unescape
from xml.etree import ElementTree


def drawing(shown):
    """The one SVG picture in what is shown, parsed as strict XML: (root element, alternative text)."""
    (found,) = re.findall(r'<img src="data:image/svg\+xml;base64,([^"]+)" alt="([^"]*)"', shown.html)
    return ElementTree.fromstring(base64.b64decode(found[0])), unescape(found[1])


def shapes(root, tag, **look):
    """Elements of one kind whose attributes are as given (``_`` stands for ``-``)."""
    wanted = {k.replace("_", "-"): v for k, v in look.items()}
    return [e for e in root.iter() if e.tag.endswith("}" + tag) and wanted.items() <= e.attrib.items()]


def words(root):
    return [e.text for e in shapes(root, "text")]


def clean(shown):
    """Whether the reader is spared what only a programmer would understand, in words and in places of shapes."""
    pictures = [base64.b64decode(p).decode() for p in re.findall(r"svg\+xml;base64,([^\"]+)", shown.html)]
    text = " ".join([re.sub(r"base64,[^\"]+", "", shown.html), shown.text, *pictures])
    return not re.search(r"\b(nan|None|NaT|Traceback|inf)\b|<NA>|&lt;NA&gt;|Quantity\(", text)
