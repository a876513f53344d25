"""What an audit sees of a column of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bigmodel_cli.kinds.profile import Profile, Seen, joined_numbers

if TYPE_CHECKING:
    from bigmodel_cli.sources.stores import Store


class NumberProfile(Profile):
    """The numbers themselves."""

    def seen(self, stores: Sequence[Store]) -> Seen:
        return Seen(joined_numbers(stores))
