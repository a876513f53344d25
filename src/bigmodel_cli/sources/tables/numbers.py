"""Numbers as tables write them: with a decimal comma, and with something between groups of three digits."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from bigmodel_cli.plain_numbers import plain_number
from bigmodel_cli.sources.tables.text_format import TextFormat

# No number of a person is longer; texts are told from numbers by this at once.
LONGEST = 48
# What may stand before or behind a number.
_SIGNS = ("US$", *"$€£¥₹₩₽₺₪₫₴฿%", "EUR", "USD", "GBP", "CHF", "JPY")
_ANY_SIGN = "|".join(map(re.escape, _SIGNS))
_MAY_BE_NUMBER = re.compile(
    rf"[-+]?(?:(?:{_ANY_SIGN})[ \u00a0\u202f]?)?[-+]?[.,]?[0-9]"
    rf"[-+0-9.,'eE \u00a0\u202f\u2019]*(?:{_ANY_SIGN})?"
)
_SIGNED = re.compile(rf"[-+]?(?P<before>{_ANY_SIGN}).*|.*?(?P<behind>{_ANY_SIGN})")
_PADDED = re.compile(r"[-+]?0[0-9]+")


@dataclass(frozen=True)
class Notation:
    """How the numbers of a column are written.

    Attributes:
        decimal: What stands before the fraction.
        thousands: What stands between groups of three digits, in numbers that have any; None: nothing.
        sign: What is taken away before or behind numbers that have it, `$` or `%`.
    """

    decimal: str = "."
    thousands: str | None = None
    sign: str | None = None

    @property
    def described(self) -> str:
        parts = ["with a decimal comma"] if self.decimal == "," else []
        if self.thousands:
            parts.append(f"with {self.thousands!r} between thousands")
        if self.sign:
            parts.append(f"without {self.sign!r}{', as 85 of 85%' if self.sign == '%' else ''}")
        return " and ".join(parts)

    def pattern(self) -> str:
        """A number with something between its thousands, as a regular expression of Python and of RE2."""
        between = re.escape(self.thousands or "")
        return rf"[-+]?[0-9]{{1,3}}(?:{between}[0-9]{{3}})+(?:{re.escape(self.decimal)}[0-9]*)?"

    def sign_pattern(self) -> str:
        """The sign around a number that is `\\1\\2\\3`, as a regular expression of Python and of RE2."""
        sign, space = re.escape(self.sign or ""), "[ \u00a0\u202f]?"
        return rf"^([-+]?){sign}{space}(.+)$|^(.+?){space}{sign}$"


PLAIN = Notation()
# The first one that all cells fit is taken: of `1.234` alone nobody knows more.
_NOTATIONS = (
    PLAIN,
    Notation(",", None),
    Notation(".", ","),
    Notation(",", "."),
    *(Notation(decimal, space) for space in (" ", "\u00a0", "\u202f", "'", "\u2019") for decimal in ".,"),
)


@cache
def notations_for(told: TextFormat) -> Sequence[Notation]:
    """The notations that a column may have, the likelier ones first."""
    if told.decimal is None and told.thousands is None:
        # `1,234` between semicolons is a decimal comma, between commas and in quotes it is 1234.
        if told.separator == ",":
            return (PLAIN, Notation(".", ","), Notation(",", None), *_NOTATIONS[3:])
        return _NOTATIONS
    return tuple(
        dict.fromkeys(
            Notation(decimal, thousands)
            for decimal in ([told.decimal] if told.decimal else ["."] if told.thousands != "." else [","])
            for thousands in ([None, told.thousands] if told.thousands else [None, *_thousands(decimal)])
        )
    )


def _thousands(decimal: str) -> list[str | None]:
    return [notation.thousands for notation in _NOTATIONS if notation.decimal == decimal]


def parse(text: str, notation: Notation) -> float | None:
    """The number that a text writes in a notation; None where it is none, or none that a float can be.

    >>> parse("1.234,5", Notation(",", ".")), parse("1,23,4", Notation(".", ",")), parse("1e400", PLAIN)
    (1234.5, None, None)
    """
    if len(text) > LONGEST:
        return None
    if notation.sign and notation.sign in text:
        text = re.sub(notation.sign_pattern(), r"\1\2\3", text)
    thousands = notation.thousands
    if thousands and thousands in text:
        if not _grouped(notation).fullmatch(text):
            return None
        text = text.replace(thousands, "")
    if notation.decimal == ",":
        if "." in text:
            return None
        text = text.replace(",", ".")
    number = plain_number(text)
    return number if number is not None and math.isfinite(number) else None


@cache
def _grouped(notation: Notation) -> re.Pattern[str]:
    return re.compile(notation.pattern())


def may_be_number(text: str) -> bool:
    """Whether a text is made of what numbers are made of; quick, for texts that are none."""
    return len(text) <= LONGEST and bool(_MAY_BE_NUMBER.fullmatch(text))


def sign_of(text: str) -> str | None:
    """What stands before or behind a number that is not part of it; None: nothing.

    >>> sign_of("-$1,200.50"), sign_of("12 EUR"), sign_of("85%"), sign_of("85")
    ('$', 'EUR', '%', None)
    """
    found = _SIGNED.fullmatch(text) if may_be_number(text) else None
    return found and (found["before"] or found["behind"])


def is_number(text: str) -> bool:
    """Whether a text is a number in any notation."""
    if not may_be_number(text):
        return False
    sign = sign_of(text)
    return any(parse(text, replace(notation, sign=sign)) is not None for notation in _NOTATIONS)


def is_padded(text: str) -> bool:
    """Whether a whole number begins with a zero that says nothing, as codes do: `01069`."""
    return bool(_PADDED.fullmatch(text))
