"""The path of a mask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from bigmodel_cli.kinds.kind import TEXT_BYTES, ColumnKind
from bigmodel_cli.kinds.mask.classes import MaskClasses, as_written, code_of, told_classes


@dataclass(frozen=True)
class MaskKind(ColumnKind):
    """A file whose pixels say what those of an image are.

    Attributes:
        of: The column of that image.
        classes: What pixels stand for.
    """

    name: ClassVar[str] = "mask"
    plural: ClassVar[str] = "masks"
    noun: ClassVar[str] = "mask"

    of: str
    classes: MaskClasses
    shape: tuple[int, ...] = field(default=(), init=False, repr=False)
    dtype: str = field(default="string", init=False, repr=False)

    @property
    def described(self) -> str:
        return f"a mask of {self.of}"

    @property
    def num_bytes(self) -> int:
        return TEXT_BYTES

    def as_json(self) -> dict[str, Any]:
        ignored = [as_written(code) for code in sorted(self.classes.ignored)]
        return {"of": self.of, "classes": self.classes.written, "ignore": ignored}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        return cls(record["of"], told_classes(record["classes"], map(code_of, record["ignore"])))
