"""An array of numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from bigmodel_cli.kinds.kind import Kind


@dataclass(frozen=True)
class ArrayKind(Kind):
    """Numbers of one shape, as the data have them."""

    name: ClassVar[str] = "array"
    plural: ClassVar[str] = "arrays"
    placeholder: ClassVar[str] = "ARRAY.npy"
    noun: ClassVar[str] = "example"
    may_be_padded: ClassVar[bool] = True

    shape: tuple[int, ...]
    dtype: str = "float32"

    def __post_init__(self) -> None:
        if self.dtype.startswith(("<", ">", "=", "|")):
            import numpy as np

            # How numbers are stored is no part of what an example is.
            object.__setattr__(self, "dtype", np.dtype(self.dtype).name)

    def as_json(self) -> dict[str, Any]:
        return {"shape": list(self.shape), "dtype": self.dtype}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        return cls(tuple(record["shape"]), record["dtype"])
