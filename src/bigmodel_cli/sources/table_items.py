"""Columns of items that are to be found: who had which when, and which items there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.cells import Cells
from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.parts import part_of
from bigmodel_cli.sources.base import SplitName
from bigmodel_cli.sources.retrieve_option import RetrieveOptions
from bigmodel_cli.sources.tables.joined import JoinedFile, canonical
from bigmodel_cli.sources.tables.names import shown
from bigmodel_cli.sources.tables.table import Table
from bigmodel_cli.tasks.retrieval.task import Retrieval

if TYPE_CHECKING:
    import numpy as np

    from bigmodel_cli.sources.tables.columns import Values

_YEAR = 31_556_952
# Of the year 3000; in milliseconds that is January 1971.
_LAST_SECOND = 1030 * _YEAR


@dataclass(frozen=True)
class TableItems:
    """A column of items.

    Attributes:
        name: Of the column.
        file_name: Gives what files call a column.
        told: What the config says of it.
        kinds: Of all columns.
        opened: The files of each split.
    """

    name: str
    file_name: Callable[[str], str]
    told: RetrieveOptions
    kinds: Mapping[str, Kind]
    opened: Mapping[SplitName, Table]

    def read(
        self, columns: Mapping[SplitName, Mapping[str, Values]], rows: Mapping[SplitName, np.ndarray | None]
    ) -> tuple[dict[SplitName, np.ndarray], dict[SplitName, np.ndarray], Retrieval]:
        """Labels, and what scores compare with, by split; and the task.

        Args:
            columns: By split and name.
            rows: Those that have an item; None: all.

        Raises:
            DataError: If a column holds something else, or a row lacks who had the item, or when.
        """
        # Who lists sources does without NumPy.
        from bigmodel_cli.known_items import AllNames, rows_of

        item_of, items = self._numbered(columns, self.name)
        user_of, users = self._numbered(columns, self.told.user)
        items, is_joined = self._with_joined(items)
        labels, sought = {}, {}
        for split, values in columns.items():
            chosen = slice(None) if rows[split] is None else rows[split]
            self._check(split, self.told.user, user_of[split] < 0, chosen)
            labels[split] = item_of[split]
            sought[split] = rows_of(item_of[split], user_of[split], self._times(split, values, chosen))
        names = AllNames(items, users, is_joined, self.told.time is not None)
        known = () if self._joined is None else self._joined.columns_by(self.file_name(self.name))
        of_item = [name for name in self.kinds if name == self.name or self.file_name(name) in known]
        asks_anew = any(kind.words_of == self.name for kind in self.kinds.values())
        task = replace(self.told.task(), of_item=tuple(of_item), asks_anew=asks_anew, names=names)
        return labels, sought, task

    def _numbered(
        self, columns: Mapping[SplitName, Mapping[str, Values]], name: str
    ) -> tuple[dict[SplitName, np.ndarray], list[str]]:
        """A column's names in sorted order, and each row's place among them; -1 where it has none."""
        import numpy as np

        first = next(iter(self.opened.values())).files[0].path
        if not all(hasattr(values[name], "codes") for values in columns.values()):
            raise DataError(
                f"{first}, {shown(name)}: {part_of(self.kinds[name], Cells).expected} is no name",
                hint=f"write columns: {{{shown(name)}: category}}",
            )
        used = {
            split: np.unique(values[name].codes[values[name].codes >= 0])  # type: ignore[union-attr]
            for split, values in columns.items()
        }
        names = sorted(
            {columns[split][name].names[code] for split, codes in used.items() for code in codes.tolist()}  # type: ignore[union-attr]
        )
        place_of = {text: place for place, text in enumerate(names)}
        found = {}
        for split, values in columns.items():
            column: Any = values[name]
            places = [place_of.get(text, -1) for text in column.names]
            found[split] = np.array([*places, -1], np.int64)[column.codes]
        return found, names

    @property
    def _joined(self) -> JoinedFile | None:
        """A file of the table, where others are joined to it."""
        files = (table.files[0] for table in self.opened.values())
        return next((file for file in files if isinstance(file, JoinedFile)), None)

    def _with_joined(self, items: Sequence[str]) -> tuple[list[str], np.ndarray]:
        """Items with those of a joined table behind them, and which of all these it has."""
        import numpy as np

        keys = () if self._joined is None else self._joined.keys_of(self.file_name(self.name))
        there, known = {canonical(item) for item in items}, {*keys}
        is_joined = [canonical(item) in known for item in items]
        alone = [key for key in keys if key not in there]
        return [*items, *alone], np.array(is_joined + [True] * len(alone), bool)

    def _times(self, split: SplitName, values: Mapping[str, Values], rows: Any) -> np.ndarray | None:
        """When, in seconds."""
        import numpy as np

        name = self.told.time
        if name is None:
            return None
        moments = part_of(self.kinds[name], Cells).order(values[name])
        codes = getattr(values[name], "codes", None)
        if moments is None and codes is not None and len(np.unique(codes)) == 1 and codes[0] >= 0:
            # Of one and the same number nothing tells what it is, nor need it.
            return np.zeros(len(codes))
        if moments is None:
            first = self.opened[split].files[0].path
            raise DataError(
                f"{first}, {shown(name)}: a {self.kinds[name].noun} is not earlier or later than another",
                hint=f"write columns: {{{shown(name)}: date}} where it is one",
            )
        if moments.dtype.kind == "M":
            lacking = np.isnat(moments)
            moments = np.where(lacking, 0, moments.astype("datetime64[us]").astype(np.int64) / 1e6)
        else:
            lacking = np.isnan(moments)
            if self.told.popularity is not None:
                self._refuse_other_units(split, name, moments, rows)
        self._check(split, name, lacking, rows)
        return moments.astype(np.float64)

    def _refuse_other_units(self, split: SplitName, name: str, moments: np.ndarray, rows: Any) -> None:
        """Raises:
        DataError: If numbers are too large for seconds, of which the days are made that are counted.
        """
        import numpy as np

        here = np.arange(len(moments))[rows]
        bad = here[np.abs(moments[here]) > _LAST_SECOND]
        if len(bad):
            value = float(moments[bad[0]])
            is_date = abs(value) / 1000 <= _LAST_SECOND
            raise DataError(
                f"{self.opened[split].place(int(bad[0]))}, {shown(name)}: {value:.0f} seconds are "
                f"{abs(value) / _YEAR:,.0f} years, and popularity counts days",
                hint=f"write columns: {{{shown(name)}: date}}, if they are milliseconds since 1970"
                if is_date
                else "give a column of seconds, or of dates",
            )

    def _check(self, split: SplitName, name: str, lacking: np.ndarray, rows: Any) -> None:
        """Refuse rows that lack who, or when.

        Raises:
            DataError: Names the first one.
        """
        import numpy as np

        here = np.arange(len(lacking))[rows]
        bad = here[lacking[here]]
        if len(bad):
            more = f" ({len(bad):,} such rows)" if len(bad) > 1 else ""
            raise DataError(
                f"{self.opened[split].place(int(bad[0]))}, {shown(name)}: no value{more}",
                hint="leave such rows out: who had an item, and when, is what is learnt",
            )
