"""Strings that would run, or break out of where they stand, were they not escaped. Each that can run sets ``__hit``."""

from html.parser import HTMLParser

PAYLOADS = [
    "<script>window.__hit=1</script>", "<ScRiPt >window.__hit=1</sCrIpT\t>", "<img src=x onerror=window.__hit=1>",
    '"><img src=x onerror="window.__hit=1">', "'><img src=x onerror='window.__hit=1'>",
    "</div><img src=x onerror=window.__hit=1>", "</td></tr></table><img src=x onerror=window.__hit=1>",
    "</textarea><img src=x onerror=window.__hit=1>", "</option></select><img src=x onerror=window.__hit=1>",
    "</style><script>window.__hit=1</script>", "</title><svg/onload=window.__hit=1>",
    "<svg onload=window.__hit=1></svg>", "<svg><animate onbegin=window.__hit=1 attributeName=x dur=1s>",
    "<details open ontoggle=window.__hit=1>", "<video><source onerror=window.__hit=1></video>",
    "<input autofocus onfocus=window.__hit=1>", "<iframe srcdoc='<script>parent.__hit=1</script>'></iframe>",
    '<a href="javascript:window.__hit=1">here</a>', "[here](javascript:window.__hit=1)",
    "![x](x onerror=window.__hit=1)", "&lt;img src=x onerror=window.__hit=1&gt;",
    "&#60;img src=x onerror=window.__hit=1&#62;",
    "{{constructor.constructor('window.__hit=1')()}} ${window.__hit=1} <%= 1 %>",
    '" autofocus onfocus="window.__hit=1', "\u202e<img src=x onerror=window.__hit=1>\u202c",
    "\uff1cimg src=x onerror=window.__hit=1\uff1e\u200b<\u0130mg src=x>",
    "<!--><img src=x onerror=window.__hit=1>-->",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=window.__hit=1>",
]  # fmt: skip
HARMLESS = set("p strong em b br ul ol li div span table caption thead tbody tr th td".split())
HARMLESS |= set("figure figcaption img details summary".split())


class Found(HTMLParser):
    """What a reader of HTML finds: `wrong` lists what nothing on a page may hold, `words` is the text."""

    def __init__(self, html):
        super().__init__()
        self.wrong, self.words = [], ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        if tag not in HARMLESS:
            self.wrong.append(tag)
        for name, value in attrs:
            odd = name.startswith("on") or "script:" in (value or "").casefold().replace("\t", "").replace("\n", "")
            if odd or (name == "src" and not (value or "").startswith("data:image/")) or name in ("href", "srcdoc"):
                self.wrong.append((tag, name, value))

    handle_startendtag = handle_starttag

    def handle_data(self, data):
        self.words += data

    def handle_comment(self, data):
        self.wrong.append(("comment", data))
