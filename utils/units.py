"""A value is a number, a unit and a status. A bare number is refused, and so is a unit that cannot be right."""

import difflib
import math
import re
import sys
import unicodedata
from dataclasses import dataclass, replace
from functools import cache
from numbers import Real

from utils.package import read_table

STATUSES = ("reported", "not_reported", "not_done", "pending")
NUMBER = r"[+-]?\d[\d,]*\.?\d*(?:[eE][+-]?\d+)?"
PATTERN = re.compile(rf"({NUMBER})(?:\s*[-–]\s*({NUMBER}))?\s*(.*)", re.DOTALL)


class UnitError(ValueError):
    """A value cannot be used as given; the message says what is missing and how to write it."""


@cache
def variables():
    """The vocabulary: a DataFrame of every variable, by name (label, kind, canonical unit, plausible range)."""
    return read_table("variables").set_index("variable")


def factors(variable):
    """Accepted units of a variable: dict of unit -> factor to the canonical unit (source: ``units.csv``)."""
    known = variables().index
    if not isinstance(variable, str) or variable not in known:
        raise UnitError(f"'{variable}' is not a variable of this collection{suggestion(variable, known) or '.'}")
    return _units().get(variable, {})


@cache
def factors_in_use(variable, unit):
    """The factor we convert with, and others that are in use for the same unit: a tuple of float."""
    rows = read_table("units").set_index(["variable", "unit"])
    return (rows.at[(variable, unit), "factor"], *map(float, rows.at[(variable, unit), "also_in_use"].split()))


@cache
def _units():
    """All of ``units.csv``: dict of variable -> dict of unit -> factor."""
    groups = read_table("units").groupby("variable", sort=False)
    return {name: dict(zip(rows["unit"], rows["factor"], strict=True)) for name, rows in groups}


def suggestion(word, known, alike=0.6):
    """'; did you mean …?' where a known word is near (1 would be the same), else nothing."""
    near = difflib.get_close_matches(str(word), list(known), 1, alike)
    return f"; did you mean '{near[0]}'?" if near else ""


def among(given, known):
    """Whether something that anybody may have typed stands in a list; what cannot be compared does not."""
    return isinstance(given, str | int | float | tuple) and given in known


def plain(unit):
    """A unit's spelling without what people write differently: case, µ, ×, superscripts, degree sign, plural."""
    text = unicodedata.normalize("NFKC", unit).casefold().replace("μ", "u")
    text = re.sub(r"[\s^*×·°]", "", text).removeprefix("x")
    return text[:-1] if len(text) > 3 and text.endswith("s") else text


def _choices(variable):
    return " or ".join(factors(variable)) or "no unit: it is not measured in this collection"


def unit_of(variable, unit):
    """The collection's spelling of `unit`, or UnitError that lists what is accepted."""
    accepted = factors(variable)
    if not isinstance(unit, str):
        raise UnitError(f"{unit!r} is not a unit of {variable}: write {_choices(variable)}.")
    for known in accepted:
        if plain(known) == plain(unit):
            return known
    label, choices = variables().at[variable, "label"], _choices(variable)
    if not unit.strip():
        raise UnitError(f"The unit is missing: for {label} write the number with {choices}.")
    raise UnitError(f"'{unit}' is not a unit of {label}: write {choices}.")


def show(number):
    """A number as a reader wants it: at most four significant digits after conversion, never an exponent."""
    if number is None or math.isinf(number):
        return "unknown" if number is None else "∞" if number > 0 else "\u2212∞"
    digits = max(0, 3 - math.floor(math.log10(abs(number)))) if number else 0
    text = f"{number:,.{digits}f}".replace("-", "\u2212")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _measured(number):
    """Whether it can be a measured value: a finite number, not below zero."""
    return isinstance(number, Real) and not isinstance(number, bool) and 0 <= number <= sys.float_info.max


@dataclass(frozen=True)
class Quantity:
    """A measured value of one variable.

    Attributes
    ----------
    variable, unit : str
    value : float or None
        None where the status is not ``reported``.
    high : float or None
        Upper end where a range is printed (``0–100 /mm³``), else None.
    status : str
        ``reported``, ``not_reported``, ``not_done`` or ``pending``.
    decimals : int or None
        Printed precision; None after a conversion.
    """

    variable: str
    value: float | None
    unit: str = ""
    high: float | None = None
    status: str = "reported"
    decimals: int | None = None

    def __post_init__(self):  # whoever makes one by hand is held to what `quantity` reads
        units, ends = factors(self.variable), (self.value, self.value if self.high is None else self.high)
        if not isinstance(self.status, str) or self.status not in STATUSES:
            raise UnitError(f"status {self.status!r} of {self.variable} is not one of: {', '.join(STATUSES)}.")
        if ends == (None, None) and self.status != "reported":
            return
        if self.status != "reported" or not all(map(_measured, ends)) or ends[0] > ends[1]:
            raise UnitError(
                f"{self.variable} is given the value {self.value!r} (to {self.high!r}) and the status {self.status!r}: "
                "a reported value is a finite number, not below zero, and any other has none."
            )
        if not isinstance(self.unit, str) or (units and self.unit not in units):
            raise UnitError(f"{self.unit!r} is not a unit of {self.variable}: write {_choices(self.variable)}.")
        if self.decimals is not None and not (isinstance(self.decimals, int) and 0 <= self.decimals < 400):
            raise UnitError(f"{self.decimals!r} is no number of printed decimals of {self.variable}.")

    @property
    def known(self):
        return self.status == "reported" and self.value is not None

    def to(self, unit):
        """The same value in another unit of the variable; unrounded, since nothing is rounded before comparing."""
        unit = unit_of(self.variable, unit)
        if not self.known or unit == self.unit:
            return self
        by = factors(self.variable)[self.unit] / factors(self.variable)[unit]
        return replace(
            self, value=self.value * by, high=None if self.high is None else self.high * by, unit=unit, decimals=None
        )

    def canonical(self):
        """The value in the variable's canonical unit."""
        measured = self.known and factors(self.variable)  # a weight is kept as it is printed
        return self.to(variables().at[self.variable, "canonical_unit"]) if measured else self

    def printed(self):
        """Lowest and highest value that would print the same, in the unit given: (float, float)."""
        half = 0.5 * 10**-self.decimals if self.decimals is not None else 0.0
        return self.value - half, (self.value if self.high is None else self.high) + half

    @property
    def warning(self):
        """A sentence where the number is beyond what is ever measured, else an empty string."""
        if not self.known or not factors(self.variable):
            return ""
        row, value = variables().loc[self.variable], self.canonical().value
        if row["plausible_low"] <= value <= row["plausible_high"]:
            return ""
        return f"{self} is beyond anything measured for {row['label']}: is {self.unit} the right unit?"

    def __str__(self):
        if not self.known:
            return self.status.replace("_", " ")
        digits = show if self.decimals is None else lambda x: f"{x:,.{self.decimals}f}"
        return (
            digits(self.value)
            + (f"–{digits(self.high)}" if self.high is not None else "")
            + f" {self.unit.removesuffix('s') if self.value == 1 else self.unit}"
        )

    __repr__ = __str__


def _number(text, variable):
    """A printed number; ',' may only group thousands, since 1,5 is read as 15 by half the world's software."""
    body = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)
    if "," in body:
        raise UnitError(f"'{text}' for {variable}: write a decimal point, as in {text.replace(',', '.')}.")
    value = float(body[:400])
    if value < 0:
        raise UnitError(f"'{text}' for {variable} is negative: a measured value cannot be below zero.")
    if not value < 1e300:  # so that no conversion can run over
        raise UnitError(f"'{text}' for {variable} is too large to be a value.")
    return value, len(re.sub(r"[eE].*", "", body).partition(".")[2]) if "e" not in body.lower() else None


def quantity(text, variable, status="reported"):
    """A value with its unit, read from text.

    Parameters
    ----------
    text : str, Quantity or None
        ``"1.5 mmol/L"``, ``"44,000/mm3"``, ``"0–100 /mm³"``; None where nothing is reported. A known quantity of the
        same variable is returned as it is.
    variable : str
        A name of ``variables.csv``, such as ``"triglycerides"``.
    status : {"reported", "not_reported", "not_done", "pending"}

    Returns
    -------
    Quantity

    Raises
    ------
    UnitError
        A bare number, an unknown variable, a unit of another dimension, a negative or unreadable number.

    Examples
    --------
    >>> print(quantity("1.5 mmol/L", "triglycerides").to("mg/dL"))
    132.9 mg/dL
    """
    if not isinstance(variable, str):
        raise UnitError(f"{variable!r} is not the name of a variable: write a word such as 'ferritin'.")
    factors(variable)
    if not isinstance(status, str) or status not in STATUSES:
        raise UnitError(f"status '{status}' is not one of: {', '.join(STATUSES)}.")
    if text is None and status == "reported":
        raise UnitError(f"{variable} is given as reported but has no value: give the value, or another status.")
    if text is None or status != "reported":
        if text is not None:
            raise UnitError(
                f"{variable} has the value '{text}' and the status '{status}': only a reported value has a number."
            )
        return Quantity(variable, None, status=status)
    if isinstance(text, Quantity):
        if text.variable != variable or not text.known:
            raise UnitError(f"{variable} was given {text.variable}, {text}: give a value of {variable}.")
        return text
    found = PATTERN.fullmatch(text.strip().replace("\u2212", "-")) if isinstance(text, str) else None
    if isinstance(text, str) and not found:
        raise UnitError(
            f"'{text}' for {variable} does not begin with a number: write a number, then {_choices(variable)}."
        )
    if not found or not found[3].strip():
        raise UnitError(f"{text} is a bare number: a value of {variable} needs its unit, {_choices(variable)}.")
    value, decimals = _number(found[1], variable)
    high = _number(found[2], variable)[0] if found[2] else None
    if high is not None and high < value:
        raise UnitError(f"'{text}' for {variable} runs downwards: write the lower end first.")
    return Quantity(variable, value, unit_of(variable, found[3]), high, decimals=decimals)
