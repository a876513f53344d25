"""One of few words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from bigmodel_cli.kinds.kind import TEXT_BYTES, ColumnKind


@dataclass(frozen=True)
class CategoryKind(ColumnKind):
    """A word, or a code, that may be missing, which "" says.

    Attributes:
        categories: Those of the training data, the most frequent one first.
    """

    name: ClassVar[str] = "category"
    plural: ClassVar[str] = "categories"
    noun: ClassVar[str] = "category"

    categories: tuple[str, ...] = ()
    shape: tuple[int, ...] = field(default=(), init=False, repr=False)
    dtype: str = field(default="string", init=False, repr=False)

    @property
    def described(self) -> str:
        return f"one of {len(self.categories)} categories"

    @property
    def num_bytes(self) -> int:
        return TEXT_BYTES

    def as_json(self) -> dict[str, Any]:
        return {"categories": list(self.categories)}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        return cls(tuple(record["categories"]))
