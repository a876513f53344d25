"""The columns of interactions as a config tells them: what they are called, and what they are taken for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from bigmodel_cli.starter.interactions import Interactions
from bigmodel_cli.starter.items_beside import ItemColumn, ItemsTable
from bigmodel_cli.starter.writing import quoted

# Names that steps give to more than a column.
_TAKEN = frozenset({
    "previous", "numbers", "categories", "sets", "dates", "texts", "asks", "itself", "offered", "of_numbers",
})  # fmt: skip
_PLAIN = re.compile(r"[A-Za-z]\w*", re.ASCII)


@dataclass(frozen=True)
class Told:
    """What a config says of columns.

    Attributes:
        found: What the table has.
        items: The table of items beside it; None: there is none.
        finds: Whether items are found, and not ratings predicted.
    """

    found: Interactions
    items: ItemsTable | None
    finds: bool

    def __getitem__(self, name: str) -> str:
        """What the config calls a column of files."""
        return self._names[name]

    def learnt(self, kind: str) -> list[str]:
        """Those of the table of items that are learnt from, and of a kind."""
        return [self[f"{self.prefix}{column.name}"] for column in self._joined if column.kind == kind]

    @property
    def has_shared(self) -> bool:
        """Whether items have columns that are learnt from."""
        return any(column.kind != "ignore" for column in self._joined)

    @property
    def prefix(self) -> str:
        """What joined columns get in front, where both tables have one of the same name."""
        columns = () if self.items is None else self.items.columns
        return "items_" if {column.name for column in columns} & {*self.found.facts} else ""

    def lines(self) -> Iterator[str]:
        """The option `columns`, a line each."""
        columns = self.found.columns
        kinds = dict.fromkeys(self.found.facts, "ignore")
        kinds |= {columns.user: "category", columns.item: "category"}
        if columns.rating is not None and not self.finds:
            kinds[columns.rating] = "number"
        for name, kind in kinds.items():
            comment = "# ids are names, not numbers" if name == columns.user else ""
            yield f"{_told(self[name], name, kind):<29}{comment}".rstrip()
        for column in self._joined:
            there = f"{self.prefix}{column.name}"
            kind = "" if column.separator is None else f"{{set: {{separator: {quoted(column.separator)}}}}}"
            yield _told(self[there], there, kind or column.kind)

    @property
    def _joined(self) -> Sequence[ItemColumn]:
        """The columns of the table of items; ratings do without numbers, of which users like none more."""
        columns = () if self.items is None else self.items.columns
        if self.finds:
            return columns
        return [replace(one, kind="ignore") if one.kind == "number" else one for one in columns]

    @cached_property
    def _names(self) -> Mapping[str, str]:
        """Names as files have them, unless steps could not name them."""
        found: dict[str, str] = {}
        for name in [*self.found.facts, *(f"{self.prefix}{column.name}" for column in self._joined)]:
            plain = name if _PLAIN.fullmatch(name) else re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_")
            plain = plain if plain[:1].isalpha() and plain not in _TAKEN else f"column_{plain}"
            while plain in found.values():
                plain += "_"
            found[name] = plain
        return found


def _told(name: str, there: str, kind: str) -> str:
    """What the config says of a column."""
    if name == there:
        return f"{name}: {kind}"
    named = kind[1:-1] if kind.startswith("{") else f"{kind}: {{}}"
    return f"{name}: {{from: {quoted(there)}, {named}}}"
