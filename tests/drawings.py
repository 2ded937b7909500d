"""Whether what is shown spares the reader what only a programmer would understand."""

import base64
import re


def clean(shown):
    """No missing value or object of Python in the words, on the page, or inside a picture."""
    pictures = [base64.b64decode(p).decode() for p in re.findall(r"svg\+xml;base64,([^\"]+)", shown.html)]
    text = " ".join([re.sub(r"base64,[^\"]+", "", shown.html), shown.text, *pictures])
    return not re.search(r"\b(nan|None|NaT|Traceback|inf)\b|<NA>|&lt;NA&gt;|Quantity\(", text)
