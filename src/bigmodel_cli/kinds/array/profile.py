"""What an audit sees of a column of arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bigmodel_cli.kinds.profile import Profile, Seen, coded, joined_numbers

if TYPE_CHECKING:
    from bigmodel_cli.sources.stores import Store


class ArrayProfile(Profile):
    """Single numbers as numbers; of all others whether they are the same."""

    def seen(self, stores: Sequence[Store]) -> Seen:
        if self.kind.shape in ((), (1,)):
            return Seen(joined_numbers(stores).reshape(-1))
        values = (store.read(index).tobytes() for store in stores for index in range(len(store)))
        codes, names = coded(list(values))
        return Seen(
            codes=codes, names=[f"array {number + 1}" for number in range(len(names))], are_opaque=True
        )
