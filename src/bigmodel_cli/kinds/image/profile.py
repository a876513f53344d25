"""What an audit sees of a column of images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from bigmodel_cli.kinds.profile import Profile, Seen, coded

if TYPE_CHECKING:
    from bigmodel_cli.sources.stores import Store


class ImageProfile(Profile):
    """Which files there are; nothing is decoded."""

    def seen(self, stores: Sequence[Store]) -> Seen:
        codes, names = coded([value for store in stores for value in _values(store)])
        shown = [
            name if isinstance(name, str) else f"{self.kind.noun} {place + 1}"
            for place, name in enumerate(names)
        ]
        return Seen(codes=codes, names=shown, are_opaque=True)


def _values(store: Store) -> Iterator[Any]:
    if store.files is None or store.positions is None:
        return (store.read(index).tobytes() for index in range(len(store)))
    paths = store.files.paths
    return (paths[position] for position in store.positions.tolist())
