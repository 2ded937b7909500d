"""A value is a number, a unit and a status. A bare number is refused, and so is a unit that cannot be right."""

import difflib
import math
import re
import unicodedata
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from numbers import Real

import numpy as np

from utils.phrases import phrase, status_word
from utils.tables import read_table

STATUSES = ("reported", "not_reported", "not_done", "pending")
SIGNS = {">": ">", "<": "<", ">=": "≥", "<=": "≤"}
BELOW = ("<", "≤")
SAME = 1e-9  # two numbers this close differ only by the arithmetic of a unit conversion
MARKS = str.maketrans("\u2212≦⩽≧⩾∕⁄º’", "-≤≤≥≥//°'", "\ufeff\u200b")
SPACE = " \u00a0\u2007\u2009\u202f"  # those that group thousands
NUMBER = rf"[+-]?\d(?:[\d.,']|[{SPACE}](?=\d{{3}}(?!\d|/[lL])))*(?:[eE][+-]?\d+)?"
PATTERN = re.compile(rf"([<>]=?|[≤≥])?\s*({NUMBER})(?:\s*[-–]\s*({NUMBER}))?\s*(.*)", re.DOTALL)
GROUPED = re.compile(rf"(?!.*[{SPACE}]10[3-9])[+-]?[1-9]\d{{0,2}}([,'{SPACE}])\d{{3}}(?:\1\d{{3}})*(?:\.\d*)?")
PARTS = {  # how laboratories and UCUM write parts of a unit, without case, spaces, brackets and × · * ^ °
    r"^cells?(?=/)|^x(?=1)|(?<=10)e(xp)?(?=\d)|(?<=g)ms?(?=[/%])|(?<=/)1(?=h)": "",
    r"^deg(rees?)?|(?<=c)el(siu)?$|(?<=f)ahrenheit$|(?<=mm/h)(r|our)$": "",
    r"^(k|thou|1000)(?=/)": "103",
    r"/(cu\.?mm|cmm)$": "/mm3",
    r"mc(?=[glmk])": "u",
    r"(?<=g)%$": "/dl",
    r"^units?(?=/)": "u",
}
WHOLE = {"/nl": "109/l", "giga/l": "109/l", "106/l": "/ul", "ug/ml": "mg/l", "bpm": "/min"}
WHOLE |= {"a": "year", "y": "year", "yr": "year", "mo": "month", "mth": "month", "wk": "week", "d": "day"}


class UnitError(ValueError):
    """A value cannot be used as given; the message says what is missing and how to write it."""


@cache
def variables():
    """The vocabulary: a DataFrame of every variable, by name (label, kind, canonical unit, plausible range)."""
    return read_table("variables").set_index("variable")


def factors(variable):
    """Accepted units of a variable: dict of unit -> factor to the canonical unit; for °F see `converted`."""
    known = variables().index
    if not among(variable, known):
        raise UnitError(phrase("units.no_variable", name=variable, hint=suggestion(variable, known) or "."))
    return _units("factor").get(variable, {})


@cache
def factors_in_use(variable, unit):
    """The factor we convert with, and others that are in use for the same unit: a tuple of float."""
    row = read_table("units").set_index(["variable", "unit"]).loc[variable, unit]
    return row["factor"], *map(float, row["also_in_use"].split())


@cache
def _units(column):
    """A column of ``units.csv``: dict of variable -> dict of unit -> number."""
    groups = read_table("units").fillna({"offset": 0.0}).groupby("variable", sort=False)
    return {name: dict(zip(rows["unit"], rows[column], strict=True)) for name, rows in groups}


def converted(number, variable, unit, to):
    """A number or an array of numbers of a variable, from one of its units to another."""
    if unit == to:
        return number
    by, zero = (_units(column)[variable] for column in ("factor", "offset"))
    scale = by[unit] / by[to]
    shift = zero[unit] * scale - zero[to]
    return number * scale + shift if shift else number * scale


@cache
def _plausible(variable, unit):
    """The lowest and the highest plausible number of a variable in one of its units."""
    row = variables().loc[variable]
    return converted(row[["plausible_low", "plausible_high"]].to_numpy(float), variable, row["canonical_unit"], unit)


def odd(variable, unit, low, high):
    """Which values, from `low` to `high` (in `unit`), are not plausible: bool, of one value or an array of them."""
    least, most = _plausible(variable, unit)
    top = high if high is low else np.where(np.isinf(high), low, high)  # of an open end only the other is a number
    return (top > most) | (high < least)


@cache
def _also_called():
    """Other names of variables, in small letters and without marks: dict of name -> variable."""
    return {other: name for name, others in variables()["also_called"].items() for other in others.split()}


def meant(word, known):
    """The known name that is meant by its synonym, or by a spelling that is nearly its own; else an empty text."""
    word, folded = str(word).strip().casefold(), {str(name).casefold(): name for name in known}
    synonym = _also_called().get(re.sub(r"[\W_]", "", word))
    near = [synonym] if synonym in folded else difflib.get_close_matches(word, folded, 1, 0.8)
    return folded[near[0]] if near else ""


def suggestion(word, known):
    """'; did you mean …?' where a known word is near, else nothing."""
    near = meant(word, known)
    return phrase("units.did_you_mean", near=near) if near else ""


def among(given, known):
    """Whether something that anybody may have typed stands in a list; what cannot be compared does not."""
    return isinstance(given, str | int | float | tuple) and given in known


@lru_cache(4096)
def _spelt(unit):
    """A unit's spelling without what people write differently: µ, ×, superscripts, brackets, degree sign, plural."""
    text = unicodedata.normalize("NFKC", unit.translate(MARKS)).replace("μ", "u")
    text = re.sub(r"[\s^*×·°()\[\]]", "", text)
    text = text[:-1] if len(text) > 2 and text[-1] in "sS" else text
    for pattern, spelt in PARTS.items():
        text = re.sub(pattern, spelt, text, flags=re.IGNORECASE)
    return WHOLE.get(text.casefold(), text)


def plain(unit):
    """A unit's spelling without what people write differently, its case included."""
    return _spelt(unit).casefold()


def _same(unit, known):
    """Whether both are one unit. Milli is not mega, nor gram giga, unless all is written in capitals."""
    if plain(unit) != plain(known):
        return False
    prefixes = [re.sub("[^mgp]", "", _spelt(u), flags=re.IGNORECASE) for u in (unit, known)]
    return re.sub("[µμ]", "", unit).isupper() or known.isalpha() or prefixes[0] == prefixes[1]


def accepted(variable):
    """The accepted units of a variable, in words."""
    return phrase("units.or").join(factors(variable)) or phrase("units.not_measured")


def unit_of(variable, unit):
    """The collection's spelling of `unit`, or UnitError that lists what is accepted."""
    for known in factors(variable):
        if isinstance(unit, str) and _same(unit, known):
            return known
    label = variables().at[variable, "label"]
    raise UnitError(phrase("units.no_unit", unit=repr(unit), variable=label, choices=accepted(variable)))


def show(number):
    """A number as a reader wants it: at most four significant digits after conversion, never an exponent."""
    if number is None or math.isinf(number):
        return status_word("unknown") if number is None else "∞" if number > 0 else "\u2212∞"
    digits = max(0, 3 - math.floor(math.log10(abs(number)))) if number else 0
    text = f"{number:,.{digits}f}".replace("-", "\u2212")
    return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass(frozen=True)
class Quantity:
    """A measured value of one variable.

    `high` is the upper end of a printed range. A `sign` says that it lies beyond its assay's limit: by hand, that is
    given as the value. `decimals` are those printed, None once converted. Only what is ``reported`` has a value.
    """

    variable: str
    value: float | None
    unit: str = ""
    high: float | None = None
    status: str = "reported"
    decimals: int | None = None
    sign: str = ""

    def __post_init__(self):
        if self.value is self.high is None and self.sign == "" and among(self.status, STATUSES[1:]):
            return
        if self.sign and self.high is None and self.value is not None:
            below = among(self.sign, BELOW)
            vars(self).update(value=0.0 if below else self.value, high=self.value if below else math.inf)
        if not self._possible():
            given = ", ".join(f"{name} {x!r}" for name, x in vars(self).items() if repr(x) not in ("None", "''"))
            lists = {"choices": accepted(self.variable), "signs": " ".join(SIGNS.values())}
            lists |= {"statuses": ", ".join(STATUSES[1:]), "unit": variables().at[self.variable, "canonical_unit"]}
            raise UnitError(phrase("units.no_value", variable=self.variable, given=given, **lists))

    def _possible(self):
        """Whether it is a reported value that can be one."""
        units, signs = factors(self.variable) or [self.unit], ("", *SIGNS.values())
        if not among(self.status, STATUSES[:1]) or not among(self.sign, signs) or not among(self.unit, units):
            return False
        low, high = self.value, self.value if self.high is None else self.high
        printed = (self.limit,) if self.sign else (low, high)
        if not all(isinstance(x, Real) and not isinstance(x, bool) and 0 <= x <= 1e308 for x in printed):
            return False
        if self.sign and (low, high) != ((0, high) if self.sign in BELOW else (low, math.inf)):
            return False
        canonical = variables().at[self.variable, "canonical_unit"] if len(units) > 1 else self.unit
        above_zero = converted(self.limit, self.variable, self.unit, canonical) >= 0  # 0 °F is below 0 °C
        return above_zero and low <= high and (self.sign, high) != ("<", 0) and self.decimals in (None, *range(400))

    @property
    def known(self):
        return self.value is not None

    @property
    def limit(self):
        """The number that is printed behind a sign; without one, the value."""
        return self.high if self.sign in BELOW else self.value

    def single(self):
        """The value, or UnitError where it is a range, or only the limit of one is known."""
        if self.high is not None:
            raise UnitError(phrase("units.range", value=self, variable=self.variable))
        return self.value

    def bounds(self):
        """Lowest and highest value that it can be: (float, float). An open end lies just beside its limit."""
        low, high = self.value, self.value if self.high is None else self.high
        return low * (1 + 2 * SAME * (self.sign == ">")), high * (1 - 2 * SAME * (self.sign == "<"))

    def to(self, unit):
        """The same value in another unit of the variable; unrounded, since nothing is rounded before comparing."""
        unit = unit_of(self.variable, unit)
        if not self.known or unit == self.unit:
            return self
        ends = [None if x is None else converted(x, self.variable, self.unit, unit) for x in (self.value, self.high)]
        return replace(self, value=0.0 if self.sign in BELOW else ends[0], high=ends[1], unit=unit, decimals=None)

    def canonical(self):
        """The value in the variable's canonical unit."""
        measured = self.known and factors(self.variable)  # a weight is kept as it is printed
        return self.to(variables().at[self.variable, "canonical_unit"]) if measured else self

    @property
    def warning(self):
        """A sentence where the number is not plausible, which names the slip of unit that explains it; else empty."""
        units = factors(self.variable) if self.known else ()
        fitting = [unit for unit in units if not odd(self.variable, unit, *self.bounds())]
        if not units or self.unit in fitting:
            return ""
        label, instead = variables().at[self.variable, "label"], replace(self, unit=fitting[0]) if fitting else ""
        words = "units.odd_but" if fitting else "units.odd"
        return phrase(words, value=self, variable=label, unit=self.unit, instead=instead)

    def __str__(self):
        if not self.known:
            return status_word(self.status)
        digits = show if self.decimals is None else lambda x: f"{x:,.{self.decimals}f}"
        span = "" if self.sign or self.high is None else f"–{digits(self.high)}"
        unit = self.unit.removesuffix("s") if self.limit == 1 and not span else self.unit
        return f"{self.sign} {digits(self.limit)}{span} {unit}".strip()

    __repr__ = __str__


def _number(text, variable, unit):
    """A printed number and its decimals, refused where it could be another one."""
    body = re.sub(rf"[,'{SPACE}]", "", text) if GROUPED.fullmatch(text) else text
    if body.startswith("-"):
        raise UnitError(phrase("units.negative", text=text, variable=variable))
    certain = re.fullmatch(r"\+?\d+\.?\d*(?:[eE][+-]?\d+)?", body)
    if re.fullmatch(r"\+?[1-9]\d{0,2}\.\d{3}", text):  # the three behind the point could be thousands
        grouped = float(text.replace(".", ""))
        certain = unit not in ("/mm³", "/µL") and odd(variable, unit, grouped, grouped)
    if not certain:
        raise UnitError(phrase("units.doubtful", text=text, variable=variable, unit=unit))
    decimals = len(body.partition(".")[2]) if "e" not in body.lower() else None
    return float(body) if float(body) < 1e300 else math.inf, decimals  # so that no conversion can run over


def quantity(text, variable, status="reported"):
    """A value with its unit, read from text: a `Quantity`.

    `text` is such as ``"1.5 mmol/L"``, ``"44,000/mm3"``, ``"0–100 /mm³"``, ``"> 40,000 ng/mL"``, or None where the
    `status` is another one of `STATUSES`; `variable` is a name of ``variables.csv``, such as ``"triglycerides"``.
    UnitError: no such variable, no unit or none of the variable's, a number that is none or could be another one.
    """
    factors(variable)
    if text is None or not among(status, STATUSES[:1]):
        return Quantity(variable, text, status=status)
    if isinstance(text, Quantity):
        if text.variable != variable or not text.known:
            raise UnitError(phrase("units.other_variable", variable=variable, other=text.variable, value=text))
        return text
    text = str(text)
    found, choices = PATTERN.fullmatch(text.translate(MARKS).strip()), accepted(variable)
    if not found or (found[1] and found[3]):
        raise UnitError(phrase("units.no_number", text=text, variable=variable, choices=choices))
    if not found[4].strip():
        raise UnitError(phrase("units.bare_number", value=text, variable=variable, choices=choices))
    unit = unit_of(variable, found[4])
    (value, decimals), *more = (_number(x, variable, unit) for x in found.group(2, 3) if x)
    sign = SIGNS.get(found[1], found[1] or "")
    return Quantity(variable, value, unit, more[0][0] if more else None, decimals=decimals, sign=sign)


def sign_before(number, words):
    """The sign that stands before a number in printed words, else an empty text."""
    number = re.escape(f"{number:.10g}")
    found = re.search(rf"([<>]=?|[≤≥])\s*{number}(?!\d|\.\d)", words.translate(MARKS).replace(",", ""))
    return SIGNS.get(found[1], found[1]) if found else ""
