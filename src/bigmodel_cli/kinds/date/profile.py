"""What an audit sees of a column of dates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bigmodel_cli.kinds.date.kind import DateKind
from bigmodel_cli.kinds.profile import Profile, Seen, joined_numbers

if TYPE_CHECKING:
    from bigmodel_cli.sources.stores import Store

_TIME_OF_DAY = ("hour", "minute")


class DateProfile(Profile):
    """Where dates lie on the calendar; without their days, the first of what they were turned into."""

    kind: DateKind

    @property
    def _order(self) -> str:
        parts = self.kind.parts
        return "days" if "days" in parts else parts[0]

    @property
    def counts(self) -> str | None:  # type: ignore[override]
        return None if self._order == "days" else self._order

    def seen(self, stores: Sequence[Store]) -> Seen:
        numbers = joined_numbers(stores)
        columns = [numbers[:, place] for place in range(numbers.shape[1])]
        return Seen(columns[self.kind.parts.index(self._order)], parts=columns)

    def shown(self, number: float) -> Any:
        """`2024-05-17`, with minutes where the column has times of day."""
        import numpy as np

        if self._order != "days":
            return super().shown(number)
        unit = "m" if any(part in self.kind.parts for part in _TIME_OF_DAY) else "D"
        moment = np.datetime64(0, "s") + np.timedelta64(round(number * 86_400), "s")
        return str(moment.astype(f"datetime64[{unit}]"))
