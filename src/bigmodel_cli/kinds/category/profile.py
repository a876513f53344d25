"""What an audit sees of a column of categories."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bigmodel_cli.kinds.profile import Profile, Seen, joined_codes

if TYPE_CHECKING:
    from bigmodel_cli.sources.stores import Store


class CategoryProfile(Profile):
    """Categories are counted."""

    def seen(self, stores: Sequence[Store]) -> Seen:
        codes, names = joined_codes(stores)
        return Seen(codes=codes, names=names)
