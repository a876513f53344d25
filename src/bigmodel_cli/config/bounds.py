"""Which numbers a Keras constructor takes: learned by trying when the catalogue is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Bounds:
    """An interval of numbers; None is no bound.

    Attributes:
        ge: At least.
        gt: More than.
        le: At most.
        lt: Less than.
        excludes: Numbers inside that are refused all the same.
    """

    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None
    excludes: tuple[float, ...] = ()

    @classmethod
    def read(cls, written: Mapping[str, Any]) -> Bounds:
        """Bounds as the catalogue has them."""
        return cls(**{**written, "excludes": tuple(written.get("excludes", ()))})

    def admits(self, number: float) -> bool:
        """Whether `number` is inside."""
        return (
            (self.ge is None or number >= self.ge)
            and (self.gt is None or number > self.gt)
            and (self.le is None or number <= self.le)
            and (self.lt is None or number < self.lt)
            and number not in self.excludes
        )

    def describe(self) -> str:
        """`at least 1`, `more than 0 and at most 1`."""
        words = (("at least", self.ge), ("more than", self.gt), ("at most", self.le), ("less than", self.lt))
        said = [f"{word} {bound:g}" for word, bound in words if bound is not None]
        return " and ".join([*said, *(f"not {number:g}" for number in self.excludes)])

    def meant(self, number: float) -> str | None:
        """What a number that is too large was probably meant to be: a percentage, or a divisor."""
        if number < 2 or number > 100 or 1 not in (self.le, self.lt):
            return None
        if 0 in (self.ge, self.gt):
            return f"write {number / 100:g} for {number:g} %"
        return f"write {1 / number:g}" if self.ge is None and self.gt is None else None

    def as_json_schema(self) -> dict[str, Any]:
        """The same in JSON Schema's words."""
        keys = {
            "minimum": self.ge,
            "exclusiveMinimum": self.gt,
            "maximum": self.le,
            "exclusiveMaximum": self.lt,
        }
        schema: dict[str, Any] = {key: bound for key, bound in keys.items() if bound is not None}
        return {**schema, "not": {"enum": list(self.excludes)}} if self.excludes else schema
