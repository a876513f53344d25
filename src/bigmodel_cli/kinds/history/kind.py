"""What a row's user had before: items in the order of time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from bigmodel_cli.kinds.kind import ColumnKind

# What an item's name takes in memory, on average.
_ITEM_BYTES = 16


@dataclass(frozen=True)
class HistoryKind(ColumnKind):
    """So many items, the last one had last; those behind it are "", which is none.

    Attributes:
        of: The column of the items.
        length: Items that the model takes: the last ones of those that there are.
        separator: What stands between items in a cell.
    """

    name: ClassVar[str] = "history"
    plural: ClassVar[str] = "histories"
    noun: ClassVar[str] = "history"
    is_json: ClassVar[bool] = False
    may_be_padded: ClassVar[bool] = True

    of: str
    length: int
    separator: str
    dtype: str = field(default="string", init=False, repr=False)

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        return (self.length,)

    @property
    def described(self) -> str:
        return f"the last {self.length} of {self.of}"

    @property
    def num_bytes(self) -> int:
        return _ITEM_BYTES * self.length

    @property
    def words_of(self) -> str:
        return self.of

    def as_json(self) -> dict[str, Any]:
        return {"of": self.of, "length": self.length, "separator": self.separator}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        return cls(str(record["of"]), int(record["length"]), str(record["separator"]))
