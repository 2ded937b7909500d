"""The engine stands in `utils.explore`; this name goes once nobody imports it."""

from utils.explore import REACH, Choice, Number, Text, Tick, explorer  # noqa: F401
