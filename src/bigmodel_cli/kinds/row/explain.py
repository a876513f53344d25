"""What of a row is explained: its columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bigmodel_cli.geometry import Geometry
from bigmodel_cli.kinds.explain import Places
from bigmodel_cli.kinds.inputs import Input
from bigmodel_cli.kinds.profile import Profile
from bigmodel_cli.parts import part_of

if TYPE_CHECKING:
    from bigmodel_cli.sources.stores import Store


class RowPlaces(Places):
    """A row has columns instead of places."""

    def geometry(self, item: Input, *, invert: bool = False) -> Geometry:
        raise TypeError("a row has columns, and no places")

    def values(self, columns: Mapping[str, Store]) -> dict[str, Any]:
        """The values of one row as people read them; None where there is none.

        Args:
            columns: Each with one value.
        """
        return {
            name: _shown(part_of(self.kind.columns[name], Profile), store) for name, store in columns.items()
        }


def _shown(profile: Profile, store: Store) -> Any:
    seen = profile.seen([store])
    if seen.missing[0]:
        return None
    if seen.codes is not None:
        return str(seen.names[int(seen.codes[0])])
    assert seen.numbers is not None
    return profile.shown(float(seen.numbers[0]))
