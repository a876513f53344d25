"""Numbers in text that people write: plain ASCII notation alone.

Python's own `int` and `float` take more: `1_0` is 10 for them, `１２` is 12, and `nan` is a number. In a
label, an option or a config those are names, slips, or nothing that can be meant.
"""

from __future__ import annotations

import re

_INTEGER = re.compile(r"[-+]?[0-9]+")
_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")


def plain_integer(text: str) -> int | None:
    """The whole number that a text writes in decimal digits; None where it is none.

    >>> plain_integer("-12"), plain_integer("1_0"), plain_integer("１２"), plain_integer(" 1")
    (-12, None, None, None)
    """
    # Python refuses to read more digits, which no number of a person has.
    return int(text) if len(text) <= 4000 and _INTEGER.fullmatch(text) else None


def plain_number(text: str) -> float | None:
    """The number that a text writes in decimal digits, point and exponent included; None where it is none.

    >>> plain_number("1e3"), plain_number(".5"), plain_number("nan"), plain_number("0x10")
    (1000.0, 0.5, None, None)
    """
    return float(text) if _NUMBER.fullmatch(text) else None
