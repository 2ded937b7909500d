"""Reads every number in a text, with the unit that stands beside it, and the words that a text speaks of."""

import re
from dataclasses import dataclass
from functools import cache

from utils.case import load_case
from utils.units import plain

ALIAS = {"hour": "h", "minute": "min", "percent": "%", "st": "th", "nd": "th", "rd": "th"}
MORE = """% h wk min hours minutes days weeks months years points mg/kg/day mg/kg/dose mg/kg g/kg mg g kg cm mL L SD
mg/L pg/mL µg/mL mEq/L mg·h/L L/h mL/min L/kg litres st nd rd th|per cent|ng/mL per mm/h"""


def key(unit):
    """One spelling for each unit; giga per litre is the one that a small letter would turn into another."""
    return unit if unit == "G/L" or unit.endswith(" no.") else ALIAS.get(plain(unit), plain(unit))


@cache
def _pattern():
    columns = [t[c] for t in load_case().tables.values() for c in t if c == "unit" or c.endswith("_unit")]
    units = {u for c in columns for u in c if u and " " not in u}
    first, *spaced = MORE.split("|")
    units |= {u.replace("mm³", "mm3") for u in units} | {*first.split(), *spaced}
    units |= {u[:-1] for u in units if re.fullmatch("[a-z]{3,}s", u)}  # one week
    spelt = "|".join(re.escape(u) for u in sorted(units, key=len, reverse=True)).replace("µ", "[µμu]")
    number = r"(?>\d{1,3}(?:,\d{3})+(?![\d,]\d)(?:\.\d+)?|\d+(?:\.\d+)?)"
    unit = rf"[\s-]?(?P<unit>(?:{spelt})(?![A-Za-z/²³⁰-⁹]))"
    return re.compile(
        # what is a name and no number: addresses of the web and of works, volumes, dates, licences, stops, codes
        r"(?P<name>https?://\S+|\b10\.\d{4,}/\S+|\b\d{4};\S+|\b\d{4}-\d\d-\d\d\b|CC BY \d\.\d|×\s?10[⁰-⁹]+(?!\d)"
        r"|^\s*\d\.\s|(?m:^)\s*0\d\b(?!\.)|\b[01]\d(?=\s+(?-i:[A-Z][a-z]|A\s))|(?:stop|page) [01]\d|\b(?:HP|ORPHA):\d+)"
        rf"|(?P<pair>(?<![\w.,/-]){number}(?:\s?(?:–|to|or)\s?{number})?\s(?:of\s{number}|in\s10+))(?![\w%])(?!\.\d)"
        r"|(?:(?P<before>\b(?:days?|grade|figure|reference|question|\w*score(?: of)?))[ -])?"
        r"(?:(?<![\w.])|(?<=\bq)(?=\d+(?:h|wk)))(?<![A-Za-z]-)(?<!\d[.,:])"
        rf"(?P<group>(?:(?<![\w)])[+−-])?{number}(?:\s?(?:[–/-]|(?:to|or|and)\s)\s?[+−-]?{number})*)"
        rf"(?:{unit}|(?![\w³⁰-⁹]))",
        re.IGNORECASE,
    )


@dataclass(frozen=True)
class Reading:
    """One number on a page: `value` (two of them in "4 of 5"), its words, its unit's key, its place in `passage`."""

    value: tuple
    text: str
    unit: str
    span: tuple
    passage: str

    @property
    def context(self):
        return " ".join(self.passage[max(0, self.span[0] - 30) : self.span[1] + 30].split())

    @property
    def decimals(self):
        return len(self.text.partition(".")[2])

    @property
    def telling(self):
        """Whether it is more than a count of one or two digits."""
        return bool(self.decimals) or len(re.sub(r"\D", "", self.text)) > 2


@cache
def read_numbers(text):
    """Every number in a passage, a tuple of `Reading`; a range gives two, each with the unit that stands behind it.

    "day 4" has the unit ``day no.``, and grades, figures and references theirs; "4 of 5" and "4 in 10" the unit ``of``.
    """

    def value(text):
        return float(text.replace(",", "").replace("−", "-"))

    found = []
    for m in _pattern().finditer(text):
        if m["pair"]:
            *parts, whole = map(value, re.findall(r"\d[\d,]*(?:\.\d+)?", m["pair"]))
            found += [Reading((part, whole), m["pair"], "of", m.span("pair"), text) for part in parts]
        elif m["group"]:
            behind, before = m["unit"] and key(m["unit"]), m["before"] and f"{key(m['before'].split()[0])} no."
            before = "score no." if before and "score" in before else before
            for i, part in enumerate(re.finditer(r"(?:(?:^|(?<=\s))[+−-])?\d[\d,]*(?:\.\d+)?", m["group"])):
                first = i == 0 and before != "score no."  # "day 4 and 30 mg" is a day and a dose
                unit = (before if first else None) or behind or before or ""
                start = m.start("group") + part.start()
                words = part[0].rstrip(",")
                if not unit and re.fullmatch(r"(19|20)\d\d", words):
                    continue  # a year
                found.append(Reading((value(words),), words, unit, (start, start + len(words)), text))
    return tuple(found)


COMMON = """the and with from for not are was that this its one two three any all has have been than into which what
when may mas sjia systemic juvenile idiopathic arthritis case child children their each above below most
least item items value values printed report number unit day days month months year years week weeks
question said named also after before other another would could only same given status margin""".split()


@cache
def words(text):
    """What a text speaks of: words of three letters and more, without plural s and without the commonest; and years."""
    text = re.sub(r"\b(m[sh])[ _]score", r"\1score", text.lower().replace("_", " "))
    found = re.findall(r"[a-z][a-z0-9]{2,}|(?:19|20)\d\d", text)
    return frozenset(w.removesuffix("s") for w in found) - frozenset(COMMON)


def near_words(r, reach):
    """The words within so many characters of a reading."""
    return words(r.passage[max(0, r.span[0] - reach) : r.span[1] + reach])


def forbidden(patterns, text):
    """What a text says that it must not: the reasons of the patterns found in it (a dict of pattern -> why)."""
    return [why for pattern, why in patterns.items() if re.search(pattern, text, re.IGNORECASE)]
