"""What an audit sees of a column of texts that are tokenized later."""

from __future__ import annotations

from collections.abc import Sequence

from bigmodel_cli.kinds.profile import Seen
from bigmodel_cli.kinds.text.profile import TextProfile
from bigmodel_cli.sources.stores import Store, texts_of


class SubwordsProfile(TextProfile):
    """The texts themselves."""

    def seen(self, stores: Sequence[Store]) -> Seen:
        return super().seen([texts_of(store) for store in stores])
