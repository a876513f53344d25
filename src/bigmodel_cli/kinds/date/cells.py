"""Cells that are days or moments."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bigmodel_cli.kinds.cells import Cells, Held, WrongOptionError, no_options
from bigmodel_cli.kinds.date.kind import OF_DAYS, OF_MOMENTS, PARTS, DateKind

if TYPE_CHECKING:
    import numpy as np

_DAY = 86_400_000_000
# So many moments at once need little memory beside what is made of them.
_AT_ONCE = 1 << 18
# Parts that follow from the time alone, and the microseconds of their unit.
_TIMES = {"days": _DAY, "hour": 3_600_000_000, "minute": 60_000_000}


class DateCells(Cells):
    """Dates are turned into numbers."""

    kind: DateKind

    @classmethod
    def check_options(cls, options: Mapping[str, Any]) -> None:
        no_options(options, "parts")
        given = options.get("parts") or []
        if not isinstance(given, list | tuple):
            raise WrongOptionError("parts", f"expected a list, found {given!r}", f"write parts: [{given}]")
        if unknown := [part for part in given if part not in PARTS]:
            there_are = f"expected some of {', '.join(PARTS)}"
            raise WrongOptionError("parts", f"{there_are}; found {unknown[0]!r}")

    @classmethod
    def learnt(cls, facts: Any, options: Mapping[str, Any]) -> DateKind:
        are_days = all(bound is not None and bound % _DAY == 0 for bound in (facts.low, facts.high))
        parts = tuple(options.get("parts") or (OF_DAYS if are_days else OF_MOMENTS))
        return DateKind(parts, facts.date_format)

    def reading(self) -> dict[str, Any]:
        return {"kind": "date", "date_format": self.kind.format}

    def order(self, values: Any) -> np.ndarray | None:
        moments: np.ndarray = values.values
        return moments

    def held(self, values: Any) -> Held:
        import numpy as np

        moments = values.values
        numbers = np.zeros((len(moments), len(self.kind.parts)), np.float32)
        for start in range(0, len(moments), _AT_ONCE):
            self._write(moments[start : start + _AT_ONCE], numbers[start : start + _AT_ONCE])
        return Held(numbers)

    def written(self, value: np.ndarray) -> str | None:
        numbers = dict(zip(self.kind.parts, value.tolist(), strict=True))
        day = [numbers.get(part, math.nan) for part in ("year", "month", "day")]
        return None if any(map(math.isnan, day)) else "-".join(f"{part:02.0f}" for part in day)

    def _write(self, moments: np.ndarray, numbers: np.ndarray) -> None:
        """Write the numbers of some moments."""
        import numpy as np

        is_missing, since = np.isnat(moments), moments.astype(np.int64)
        days = since // _DAY
        there = days[~is_missing] if is_missing.any() else days
        # There are far fewer days than rows: the calendar is asked once for each.
        first, last = (int(there.min()), int(there.max())) if len(there) else (0, 0)
        is_short = last - first <= len(days)
        calendar = np.arange(first, last + 1) if is_short else days
        of_days = np.zeros((len(calendar), len(self.kind.parts)), np.float32)
        for place, name in enumerate(self.kind.parts):
            if name not in _TIMES:
                of_days[:, place] = _of_day(name, calendar)
        numbers[:] = of_days.take(days - first, axis=0, mode="clip") if is_short else of_days
        for place, name in enumerate(self.kind.parts):
            if name in _TIMES:
                numbers[:, place] = _of_time(name, since)
        numbers[is_missing] = np.nan


def _of_time(name: str, since: np.ndarray) -> np.ndarray:
    """A number of each moment, in microseconds since 1970."""
    found: np.ndarray = (
        since / _DAY if name == "days" else since // _TIMES[name] % (24 if name == "hour" else 60)
    )
    return found


def _of_day(name: str, days: np.ndarray) -> np.ndarray:
    """A number of each day, counted from 1970 on."""
    import numpy as np

    if name == "weekday":
        # The first of January 1970 was a Thursday.
        return (days + 3) % 7
    dates = days.astype("datetime64[D]")
    months, years = dates.astype("datetime64[M]"), dates.astype("datetime64[Y]")
    found: dict[str, np.ndarray] = {
        "year": years.astype(np.int64) + 1970,
        "month": (months - years).astype(np.int64) + 1,
        "day": (dates - months).astype(np.int64) + 1,
    }
    return found[name]
