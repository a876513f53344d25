"""What an audit sees of windows of a text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bigmodel_cli.kinds.profile import Profile, Seen, coded

if TYPE_CHECKING:
    from bigmodel_cli.sources.stores import Store


class TokensProfile(Profile):
    """Whether two windows are the same."""

    def seen(self, stores: Sequence[Store]) -> Seen:
        windows = (store.read(index).tobytes() for store in stores for index in range(len(store)))
        codes, names = coded(list(windows))
        return Seen(
            codes=codes, names=[f"window {number + 1}" for number in range(len(names))], are_opaque=True
        )
