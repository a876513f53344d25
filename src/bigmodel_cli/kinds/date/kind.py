"""A day or a moment, as the numbers that it is turned into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from bigmodel_cli.kinds.kind import ColumnKind

# What a date may be turned into: the day of the week counts from 0 for Monday on, and `days` are those since
# 1970, with a fraction.
PARTS: Sequence[str] = ("year", "month", "day", "weekday", "hour", "minute", "days")
OF_DAYS, OF_MOMENTS = (
    ("year", "month", "day", "weekday", "days"),
    ("year", "month", "weekday", "hour", "days"),
)


@dataclass(frozen=True)
class DateKind(ColumnKind):
    """A day or a moment that may be missing, which NaN says.

    Attributes:
        parts: The numbers that it is turned into, some of `PARTS`.
        format: How it is written.
    """

    name: ClassVar[str] = "date"
    plural: ClassVar[str] = "dates"
    noun: ClassVar[str] = "date"
    is_json: ClassVar[bool] = False

    parts: tuple[str, ...] = OF_DAYS
    format: str | None = None
    shape: tuple[int, ...] = field(default=(), init=False, repr=False)
    dtype: str = field(default="float32", init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", (len(self.parts),))

    @property
    def described(self) -> str:
        return f"date as {', '.join(self.parts)}"

    def as_json(self) -> dict[str, Any]:
        return {"parts": list(self.parts), "format": self.format}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        return cls(tuple(record["parts"]), record["format"])
