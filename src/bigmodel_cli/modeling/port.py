"""A tensor that a model takes or gives."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Port:
    """One of them.

    Attributes:
        name: What the model calls it.
        shape: Of one example; None where an axis is as long as the example.
        dtype: NumPy's name of it; `string` for texts.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str

    def __str__(self) -> str:
        sizes = " × ".join("any" if size is None else str(size) for size in self.shape)
        return f"{self.name} ({sizes or 'one value'}, {self.dtype})"
