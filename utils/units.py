"""A value is a number, a unit and a status. A bare number is refused, and so is a unit that cannot be right."""

import difflib
import math
import re
import sys
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
GROUPED = re.compile(rf"[+-]?[1-9]\d{{0,2}}([,'{SPACE}])\d{{3}}(?:\1\d{{3}})*(?:\.\d*)?")
SPELLINGS = (  # how laboratories and UCUM write what units.csv writes; without case, spaces, brackets and × · * ^ °
    (r"^cells?(?=/)", ""),
    (r"^x(?=1)", ""),
    (r"^10e(xp)?(?=\d)", "10"),
    (r"^(k|thou(sand)?|1000)(?=/)", "103"),
    (r"^(/n|giga/)l$", "109/l"),
    (r"^106/l$", "/ul"),
    (r"/(cu\.?mm|cmm)$", "/mm3"),
    (r"mc(?=[glmk])", "u"),
    (r"^ug/ml$", "mg/l"),
    (r"(?<=g)ms?(?=[/%])|(?<=/)1(?=h)", ""),
    (r"(?<=g)%$", "/dl"),
    (r"^units?(?=/)", "u"),
    (r"(?<=^mm/)(hr|hour)$", "h"),
    (r"^(bpm|beats/min(ute)?)$", "/min"),
    (r"^deg(rees?)?", ""),
    (r"^cel(sius?)?$", "c"),
    (r"^fahrenheit$", "f"),
    (r"^(a|y|yr)$", "year"),
    (r"^(mo|mth)$", "month"),
    (r"^wk$", "week"),
    (r"^d$", "day"),
)


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
    rows = read_table("units").set_index(["variable", "unit"])
    return (rows.at[(variable, unit), "factor"], *map(float, rows.at[(variable, unit), "also_in_use"].split()))


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
def _plausible(variable):
    """What is plausible in each unit of a variable: dict of unit -> (lowest, highest)."""
    row = variables().loc[variable]
    ends = np.array([row["plausible_low"], row["plausible_high"]], dtype=float)
    return {unit: converted(ends, variable, row["canonical_unit"], unit) for unit in factors(variable)}


def slips(variable, unit, low, high):
    """Which values, from `low` to `high` (arrays, in `unit`), are not plausible, and the unit that would explain each.

    Two arrays, of bool and of str; the second holds an empty text where no other unit would make the number plausible.
    """
    top = high if high is low else np.where(np.isinf(high), low, high)  # of an open end only the other is a number

    def fits(unit):
        return (top <= _plausible(variable)[unit][1]) & (high >= _plausible(variable)[unit][0])

    odd = ~fits(unit)
    if not odd.any():
        return odd, np.full(odd.shape, "")
    others = list(_plausible(variable))
    return odd, np.select([fits(other) for other in others], others, "")


@cache
def _also_called():
    """Other names of variables, in small letters and without marks: dict of name -> variable."""
    return {other: name for name, others in variables()["also_called"].items() for other in others.split()}


def meant(word, known):
    """The known name that is meant by its synonym, or by a spelling that is nearly its own; else an empty text."""
    word, folded = str(word).strip().casefold(), {str(name).casefold(): name for name in known}
    if (name := _also_called().get(re.sub(r"[\W_]", "", word))) in folded:
        return name
    near = difflib.get_close_matches(word, folded, 1, 0.8)
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
    for pattern, spelt in SPELLINGS:
        text = re.sub(pattern, spelt, text, flags=re.IGNORECASE)
    return text


def plain(unit):
    """A unit's spelling without what people write differently, its case included."""
    return _spelt(unit).casefold()


def _same(unit, known):
    """Whether both are one unit. Milli is not mega, nor gram giga, unless all is written in capitals."""
    if plain(unit) != plain(known):
        return False
    prefixes = [re.sub("[^mgp]", "", _spelt(u), flags=re.IGNORECASE) for u in (unit, known)]
    return re.sub("[µμ]", "", unit).isupper() or known.isalpha() or prefixes[0] == prefixes[1]


def _choices(variable):
    return phrase("units.or").join(factors(variable)) or phrase("units.not_measured")


def unit_of(variable, unit):
    """The collection's spelling of `unit`, or UnitError that lists what is accepted."""
    accepted = factors(variable)
    if not isinstance(unit, str):
        raise UnitError(phrase("units.no_unit", unit=repr(unit), variable=variable, choices=_choices(variable)))
    for known in accepted:
        if _same(unit, known):
            return known
    label, choices = variables().at[variable, "label"], _choices(variable)
    if not unit.strip():
        raise UnitError(phrase("units.unit_missing", variable=label, choices=choices))
    raise UnitError(phrase("units.no_unit", unit=f"'{unit}'", variable=label, choices=choices))


def show(number):
    """A number as a reader wants it: at most four significant digits after conversion, never an exponent."""
    if number is None or math.isinf(number):
        return status_word("unknown") if number is None else "∞" if number > 0 else "\u2212∞"
    digits = max(0, 3 - math.floor(math.log10(abs(number)))) if number else 0
    text = f"{number:,.{digits}f}".replace("-", "\u2212")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _measured(number):
    """Whether it can be a measured value: a finite number, not below zero."""
    return isinstance(number, Real) and not isinstance(number, bool) and 0 <= number <= sys.float_info.max


@dataclass(frozen=True)
class Quantity:
    """A measured value of one variable.

    `high` is the upper end of a printed range (``0–100 /mm³``). A `sign` says that the value lies beyond the limit of
    its assay: made by hand, it is given the limit as its value, and then holds both ends. `decimals` is the printed
    precision, None after a conversion. `value` is None where the status is not ``reported``.
    """

    variable: str
    value: float | None
    unit: str = ""
    high: float | None = None
    status: str = "reported"
    decimals: int | None = None
    sign: str = ""

    def __post_init__(self):
        accepted, below = factors(self.variable), among(self.sign, BELOW)
        told = {"variable": self.variable, **{n: repr(getattr(self, n)) for n in ("value", "high", "status", "unit")}}
        if not among(self.status, STATUSES):
            raise UnitError(phrase("units.no_status_of", known=", ".join(STATUSES), **told))
        if not among(self.sign, ("", *SIGNS.values())):
            raise UnitError(phrase("units.no_sign", sign=repr(self.sign), known=" ".join(SIGNS.values()), **told))
        if (self.value, self.high, self.sign) == (None, None, "") and self.status != "reported":
            return
        if not (among(self.unit, accepted) if accepted else isinstance(self.unit, str)):
            raise UnitError(phrase("units.no_unit", choices=_choices(self.variable), **told))
        if self.sign and self.high is None:
            ends = (0.0, self.value) if below else (self.value, math.inf)
            for name, end in zip(("value", "high"), ends, strict=True):
                object.__setattr__(self, name, end)
        low, high = self.value, self.value if self.high is None else self.high
        right = _measured(low) and (high == math.inf if self.sign and not below else _measured(high)) and low <= high
        right = right and self.limit is not None and not (below and low) and (self.sign, high) != ("<", 0)
        canonical = variables().at[self.variable, "canonical_unit"] if accepted else self.unit
        if self.status != "reported" or not right or converted(self.limit, self.variable, self.unit, canonical) < 0:
            raise UnitError(phrase("units.no_value", **told | {"unit": canonical}))
        if self.decimals is not None and not (isinstance(self.decimals, int) and 0 <= self.decimals < 400):
            raise UnitError(phrase("units.no_decimals", decimals=repr(self.decimals), **told))

    @property
    def known(self):
        return self.status == "reported" and self.value is not None

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
        if not self.known or not factors(self.variable):
            return ""
        odd, other = slips(self.variable, self.unit, *map(np.array, self.bounds()))
        if not odd:
            return ""
        told = {"value": self, "variable": variables().at[self.variable, "label"], "unit": self.unit}
        if not str(other):
            return phrase("units.odd", **told)
        return phrase("units.odd_but", **told, instead=replace(self, unit=str(other)))

    def __str__(self):
        if not self.known:
            return status_word(self.status)
        digits = show if self.decimals is None else lambda x: f"{x:,.{self.decimals}f}"
        span = "" if self.sign or self.high is None else f"–{digits(self.high)}"
        unit = self.unit.removesuffix("s") if self.limit == 1 and not span else self.unit
        return f"{self.sign} {digits(self.limit)}{span} {unit}".strip()

    __repr__ = __str__


def _number(text, variable):
    """A printed number and its decimals; what groups its digits must leave no doubt where the decimals begin."""
    body = re.sub(rf"[,'{SPACE}]", "", text) if GROUPED.fullmatch(text) else text
    if not re.fullmatch(r"[+-]?\d+\.?\d*(?:[eE][+-]?\d+)?", body):
        raise UnitError(_rewritten(text, variable))
    value = float(body[:400])
    if value < 0:
        raise UnitError(phrase("units.negative", text=text, variable=variable))
    if not value < 1e300:  # so that no conversion can run over
        raise UnitError(phrase("units.too_large", text=text, variable=variable))
    return value, len(re.sub(r"[eE].*", "", body).partition(".")[2]) if "e" not in body.lower() else None


def _rewritten(text, variable):
    """How to write a number whose separators are not read here."""
    *whole, last = re.split(r"\D", text)
    marks = re.sub(r"\d", "", text)
    if last and marks[-1] in ",." and marks.count(marks[-1]) == 1:
        return phrase("units.decimal_point", text=text, variable=variable, example=f"{''.join(whole)}.{last}")
    if re.fullmatch(r"\d{1,4}(\D\d{2,3})*\D\d{3}", text):
        return phrase("units.by_three", text=text, variable=variable, example=f"{int(''.join(whole) + last):,}")
    return phrase("units.digits", text=text, variable=variable)


def _doubted(text, variable, unit):
    """Refuse a number that could be another one: a group of three behind a dot, or a power of ten behind a space."""
    readings, text = (), text.lstrip("+")
    if re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", text):
        grouped = text.replace(".", "")
        if unit in ("/mm³", "/µL") or not slips(variable, unit, *[np.array(float(grouped))] * 2)[0]:
            readings = text.rstrip("0").rstrip(".") if text.endswith("0") else text + "0", f"{int(grouped):,}"
    elif unit[0] == "/" and (found := re.fullmatch(rf"([\d{SPACE}]+)[{SPACE}]10([3-9])", text)):
        readings = text, f"{found[1]} ×10^{found[2]}"
    if readings:
        one, other = readings
        raise UnitError(phrase("units.ambiguous", text=text, variable=variable, one=one, other=other, unit=unit))


def quantity(text, variable, status="reported"):
    """A value with its unit, read from text.

    Parameters
    ----------
    text : str, Quantity or None
        ``"1.5 mmol/L"``, ``"44,000/mm3"``, ``"0–100 /mm³"``, ``"> 40,000 ng/mL"``; None where nothing is reported.
    variable : str
        A name of ``variables.csv``, such as ``"triglycerides"``.
    status : {"reported", "not_reported", "not_done", "pending"}

    Returns
    -------
    Quantity

    Raises
    ------
    UnitError
        A bare number, an unknown variable, a unit of another dimension, a negative or unreadable number, or one that
        could be read in two ways.

    Examples
    --------
    >>> print(quantity("1.5 mmol/L", "triglycerides").to("mg/dL"))
    132.9 mg/dL
    """
    factors(variable)
    if not isinstance(status, str) or status != "reported":
        if text is not None and among(status, STATUSES):
            raise UnitError(phrase("units.not_reported", variable=variable, text=text, status=status))
        return Quantity(variable, None, status=status)
    if text is None:
        raise UnitError(phrase("units.reported_without_value", variable=variable))
    if isinstance(text, Quantity):
        if text.variable != variable or not text.known:
            raise UnitError(phrase("units.other_variable", variable=variable, other=text.variable, value=text))
        return text
    if isinstance(text, Real) and text != text:
        raise UnitError(phrase("units.no_number", variable=variable, value=text))
    found = PATTERN.fullmatch(text.translate(MARKS).strip()) if isinstance(text, str) else None
    if isinstance(text, str) and not found:
        raise UnitError(phrase("units.number_first", text=text, variable=variable, choices=_choices(variable)))
    if not found or not found[4].strip():
        raise UnitError(phrase("units.bare_number", value=text, variable=variable, choices=_choices(variable)))
    sign, numbers = SIGNS.get(found[1], found[1] or ""), [x for x in found.group(2, 3) if x]
    if sign and len(numbers) > 1:
        raise UnitError(phrase("units.sign_and_range", text=text, variable=variable))
    (value, decimals), *rest = (_number(x, variable) for x in numbers)
    high = rest[0][0] if rest else None
    if high is not None and high < value:
        raise UnitError(phrase("units.downwards", text=text, variable=variable))
    unit = unit_of(variable, found[4])
    for number in numbers:
        _doubted(number, variable, unit)
    return Quantity(variable, value, unit, high, decimals=decimals, sign=sign)


def sign_before(number, words):
    """The sign that stands before a number in printed words, else an empty text."""
    number = re.escape(f"{number:.10g}")
    found = re.search(rf"([<>]=?|[≤≥])\s*{number}(?!\d|\.\d)", words.translate(MARKS).replace(",", ""))
    return SIGNS.get(found[1], found[1]) if found else ""
