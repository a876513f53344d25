"""How a table is written as text: what is told of it, and what was recognised."""

from __future__ import annotations

from dataclasses import dataclass

from bigmodel_cli.errors import UsageError
from bigmodel_cli.sources.tables.encodings import problem_of_encoding

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
DECIMALS = (".", ",")
THOUSANDS = (",", ".", " ", "'", "\u00a0", "\u202f", "\u2019")


@dataclass(frozen=True)
class TextFormat:
    """How the text of a table is to be read; None: as it is recognised.

    Attributes:
        separator: The character between cells.
        encoding: Of the characters, by Python's name: `utf-8`, `utf-16`, `latin-1`, `cp1252`.
        quotes: Whether quotes can enclose a cell; False: they are letters like any other.
        header: Whether the first row names the columns; else they are `column_1`, `column_2`, …
        decimal: What stands before the fraction of a number, `.` or `,`, in all columns.
        thousands: What stands between groups of three digits, in all columns.
        missing: Texts that mean that there is no value; an empty cell always does.
        comments: What lines begin with that are no rows, `#` for instance.
        skip: How many lines stand before the header, or before the first row.
    """

    separator: str | None = None
    encoding: str | None = None
    quotes: bool | None = None
    header: bool | None = None
    decimal: str | None = None
    thousands: str | None = None
    missing: tuple[str, ...] | None = None
    comments: str | None = None
    skip: int | None = None

    def __post_init__(self) -> None:
        for name, problem in (
            ("separator", _problem_of_separator(self.separator)),
            ("encoding", problem_of_encoding(self.encoding)),
            ("decimal", _one_of(self.decimal, DECIMALS)),
            ("thousands", _one_of(self.thousands, THOUSANDS)),
            ("comments", None if self.comments is None or self.comments.strip() else "expected a text"),
            ("skip", None if self.skip is None or self.skip >= 0 else "expected 0 or more"),
        ):
            if problem:
                raise UsageError(f"{name}: {problem}, found {getattr(self, name)!r}")
        if self.decimal is not None and self.decimal == self.thousands:
            raise UsageError(f"thousands: expected another character than decimal has ({self.decimal!r})")


def _problem_of_separator(separator: str | None) -> str | None:
    if separator is None or (len(separator) == 1 and separator.isascii() and separator not in '"\r\n\0'):
        return None
    return "expected one ASCII character that is no quote and no end of a line"


def _one_of(value: str | None, known: tuple[str, ...]) -> str | None:
    return None if value is None or value in known else f"expected one of {' '.join(map(repr, known))}"
