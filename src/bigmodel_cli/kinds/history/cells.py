"""Columns that are made of earlier rows: the last items that a row's user had."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

from bigmodel_cli.kinds.cells import Cells, EarlierRows, Held, WrongOptionError, no_options
from bigmodel_cli.kinds.history.kind import HistoryKind

if TYPE_CHECKING:
    import numpy as np

_OF, _BY, _TIME, _LENGTH, _SEPARATOR = "of", "by", "time", "length", "separator"
_DEFAULT_SEPARATOR = "|"
_EXAMPLE = "write {history: {of: item, by: user, time: timestamp, length: 50}}"
_MOST = 10_000


class HistoryCells(Cells):
    """A table makes it of its rows; a row to predict names it, as a list or a cell, the latest item last."""

    kind: HistoryKind
    may_spill: ClassVar[bool] = False
    needs_options: ClassVar[bool] = True

    @classmethod
    def check_options(cls, options: Mapping[str, Any]) -> None:
        no_options(options, _OF, _BY, _TIME, _LENGTH, _SEPARATOR)
        for option in (_OF, _BY, _TIME):
            told = options.get(option)
            if (told is not None or option != _TIME) and (not isinstance(told, str) or not told):
                raise WrongOptionError(option, f"expected a column, found {told!r}", _EXAMPLE)
        columns = [options[option] for option in (_OF, _BY, _TIME) if options.get(option) is not None]
        if len(set(columns)) < len(columns):
            raise WrongOptionError(_BY, f"expected columns that differ, found {', '.join(columns)}", _EXAMPLE)
        length, separator = options.get(_LENGTH), options.get(_SEPARATOR, _DEFAULT_SEPARATOR)
        if isinstance(length, bool) or not isinstance(length, int) or not 1 <= length <= _MOST:
            raise WrongOptionError(
                _LENGTH, f"expected how many of the last ones, up to {_MOST:,}; found {length!r}", _EXAMPLE
            )
        if not isinstance(separator, str) or not separator:
            raise WrongOptionError(_SEPARATOR, f"expected what stands between items, found {separator!r}")

    @classmethod
    def misfit_beside(
        cls, options: Mapping[str, Any], told: Mapping[str, tuple[str, Mapping[str, Any]]]
    ) -> WrongOptionError | None:
        for option in (_OF, _BY):
            kind = told.get(options[option], ("category", {}))[0]
            if kind not in ("category", "text"):
                return WrongOptionError(
                    option,
                    f"{options[option]} is said to be a {kind}, and names are what is looked up",
                    f"write columns: {{{options[option]}: category}}",
                )
        return None

    @classmethod
    def learnt(cls, facts: Any, options: Mapping[str, Any]) -> HistoryKind:
        return HistoryKind(options[_OF], options[_LENGTH], options.get(_SEPARATOR, _DEFAULT_SEPARATOR))

    @classmethod
    def made_of(cls, options: Mapping[str, Any]) -> EarlierRows:
        return EarlierRows(options[_OF], options[_BY], options.get(_TIME), options[_LENGTH])

    @property
    def expected(self) -> str:
        return f"a list of {self.kind.of}, the latest last"

    def reading(self) -> dict[str, Any]:
        return {"kind": "list"}

    def held(self, values: Any) -> Held:
        import numpy as np

        length = self.kind.length
        if not values.are_whole and any(
            self.kind.separator in name or name.startswith("[") for name in values.names
        ):
            return self._held_of_cells([self._items(values[row]) for row in range(len(values))])
        counts = np.diff(values.offsets)
        kept = np.minimum(counts, length)
        # The place behind the last name stands for none.
        places = np.full((len(values), length), len(values.names), np.int32)
        places[np.arange(length) < kept[:, None]] = values.codes[_last_of(values.offsets, counts, kept)]
        return Held(places, tuple(values.names))

    def written(self, value: np.ndarray) -> str | None:
        return self.kind.separator.join(item for item in value.tolist() if item) or None

    def later(self, held: Held, of_rows: Mapping[str, Held]) -> Held:
        if self.kind.of not in of_rows:
            return held
        rows = zip(held.values().tolist(), of_rows[self.kind.of].values().tolist(), strict=True)
        return self._held_of_cells([[item for item in (*before, own) if item] for before, own in rows])

    def _items(self, cell: Sequence[str]) -> list[str]:
        """The items of a list, or of a cell that is one text: `12|7`, or a list of numbers as JSON has it."""
        if len(cell) != 1:
            return list(cell)
        if cell[0].startswith("["):
            with suppress(ValueError, RecursionError):
                return [_name_of(item) for item in json.loads(cell[0])]
        return [item for text in cell[0].split(self.kind.separator) if (item := text.strip())]

    def _held_of_cells(self, cells: Sequence[Sequence[str]]) -> Held:
        import numpy as np

        place_of: dict[str, int] = {}
        places = np.full((len(cells), self.kind.length), -1, np.int32)
        for row, items in enumerate(cells):
            kept = items[-self.kind.length :]
            places[row, : len(kept)] = [place_of.setdefault(item, len(place_of)) for item in kept]
        return Held(np.where(places < 0, len(place_of), places).astype(np.int32), tuple(place_of))


def _name_of(item: Any) -> str:
    """What an item is called in other tables; files that know fractions alone have 12.0 for 12."""
    return str(int(item)) if isinstance(item, float) and item.is_integer() else str(item)


def _last_of(offsets: np.ndarray, counts: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Where in lists that follow each other the last items of each stand."""
    import numpy as np

    starts = offsets[:-1] + counts - kept
    within = np.arange(int(kept.sum())) - np.repeat(np.cumsum(kept) - kept, kept)
    found: np.ndarray = np.repeat(starts, kept) + within
    return found
