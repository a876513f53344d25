"""A text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from bigmodel_cli.kinds.kind import TEXT_BYTES, ColumnKind


@dataclass(frozen=True)
class TextKind(ColumnKind):
    """A text of any length, in UTF-8."""

    name: ClassVar[str] = "text"
    plural: ClassVar[str] = "texts"
    noun: ClassVar[str] = "text"
    has_words: ClassVar[bool] = True
    may_be_padded: ClassVar[bool] = True
    placeholder_alone: ClassVar[str | None] = '--text "…"'

    shape: tuple[int, ...] = field(default=(), init=False, repr=False)
    dtype: str = field(default="string", init=False, repr=False)

    @property
    def described(self) -> str:
        return "text"

    @property
    def num_bytes(self) -> int:
        return TEXT_BYTES

    def as_json(self) -> dict[str, Any]:
        return {}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        return cls()
