"""A number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from bigmodel_cli.kinds.kind import ColumnKind


@dataclass(frozen=True)
class NumberKind(ColumnKind):
    """A number that may be missing, which NaN says.

    Attributes:
        decimal: What stands before the fraction where it is written.
        thousands: What stands between groups of three digits where it is written; None: nothing.
        sign: What is taken away before or behind it where it is written, `$` or `%`; None: nothing.
    """

    name: ClassVar[str] = "number"
    plural: ClassVar[str] = "numbers"
    noun: ClassVar[str] = "number"

    decimal: str = "."
    thousands: str | None = None
    sign: str | None = None
    shape: tuple[int, ...] = field(default=(), init=False, repr=False)
    dtype: str = field(default="float32", init=False, repr=False)

    @property
    def described(self) -> str:
        return "number"

    def as_json(self) -> dict[str, Any]:
        return {"decimal": self.decimal, "thousands": self.thousands, "sign": self.sign}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        return cls(record["decimal"], record["thousands"], record.get("sign"))
