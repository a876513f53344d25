"""Cells that are days or moments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bigmodel_cli.kinds.cells import Cells, Held, no_options
from bigmodel_cli.kinds.date.kind import OF_DAYS, OF_MOMENTS, PARTS, DateKind

if TYPE_CHECKING:
    import numpy as np

_DAY = 86_400_000_000


class DateCells(Cells):
    """Dates are turned into numbers."""

    kind: DateKind

    @classmethod
    def learnt(cls, facts: Any, options: Mapping[str, Any]) -> DateKind:
        no_options(options, "parts")
        are_days = all(bound is not None and bound % _DAY == 0 for bound in (facts.low, facts.high))
        parts = tuple(options.get("parts") or (OF_DAYS if are_days else OF_MOMENTS))
        if unknown := [part for part in parts if part not in PARTS]:
            raise ValueError(f"parts: expected some of {', '.join(PARTS)}, found {unknown[0]!r}")
        return DateKind(parts, facts.date_format)

    def reading(self) -> dict[str, Any]:
        return {"kind": "date", "date_format": self.kind.format}

    def order(self, values: Any) -> np.ndarray | None:
        moments: np.ndarray = values.values
        return moments

    def held(self, values: Any) -> Held:
        import numpy as np

        moments = values.values
        numbers = [np.where(np.isnat(moments), np.nan, _part(name, moments)) for name in self.kind.parts]
        return Held(np.stack(numbers, axis=1).astype(np.float32))


def _part(name: str, moments: np.ndarray) -> np.ndarray:
    """One number of each moment, datetime64[us]; anything of one that is missing."""
    import numpy as np

    days, months, years = (moments.astype(f"datetime64[{unit}]") for unit in "DMY")
    since = moments.astype(np.int64)
    found: dict[str, np.ndarray] = {
        "year": years.astype(np.int64) + 1970,
        "month": (months - years).astype(np.int64) + 1,
        "day": (days - months).astype(np.int64) + 1,
        # The first of January 1970 was a Thursday.
        "weekday": (days.astype(np.int64) + 3) % 7,
        "hour": since // 3_600_000_000 % 24,
        "minute": since // 60_000_000 % 60,
        "days": since / _DAY,
    }
    return found[name]
