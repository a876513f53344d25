"""Several columns side by side: what an example of a table is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from bigmodel_cli.kinds.kind import Kind


@dataclass(frozen=True)
class RowKind(Kind):
    """A row: a value for each column.

    No file names it: it is what a signature's inputs are together.

    Attributes:
        columns: The kind of each column, by its name.
    """

    name: ClassVar[str] = "row"
    is_composed: ClassVar[bool] = True
    placeholder: ClassVar[str] = "ROWS.csv"
    noun: ClassVar[str] = "row"

    columns: Mapping[str, Kind]
    shape: tuple[int, ...] = field(default=(), init=False, repr=False)
    dtype: str = field(default="mixed", init=False, repr=False)

    @property
    def described(self) -> str:
        counts = Counter(kind.name for kind in self.columns.values())
        names = (f"{count} × {name}" for name, count in counts.items())
        many = "1 column" if len(self.columns) == 1 else f"{len(self.columns)} columns"
        return f"{many} ({', '.join(names)})"

    @property
    def num_bytes(self) -> int:
        return sum(kind.num_bytes for kind in self.columns.values())

    @property
    def to_predict(self) -> str:
        alone = [kind.placeholder_alone for kind in self.columns.values()]
        return (alone[0] if len(alone) == 1 else None) or self.placeholder

    def as_it_is(self) -> Kind:
        return RowKind({name: kind.as_it_is() for name, kind in self.columns.items()})

    def as_json(self) -> dict[str, Any]:
        raise TypeError("a row is written column by column")

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        raise TypeError("a row is written column by column")
