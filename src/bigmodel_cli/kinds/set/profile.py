"""What an audit sees of sets: which ones there are, and how many words they have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bigmodel_cli.kinds.profile import Profile, Seen, coded
from bigmodel_cli.kinds.set.kind import SetKind

if TYPE_CHECKING:
    from bigmodel_cli.sources.stores import Store


class SetProfile(Profile):
    """Two sets are the same where they have the same words."""

    kind: SetKind

    def seen(self, stores: Sequence[Store]) -> Seen:
        import numpy as np

        written: list[str] = []
        for store in stores:
            assert store.names is not None
            names = [*store.names, ""]
            rows = store.gather(np.arange(len(store)))
            for row in rows.tolist():
                written.append(
                    self.kind.separator.join(sorted(names[place] for place in row if names[place]))
                )
        codes, names = coded(written)
        if "" in names:
            # A cell without a word has no value.
            codes = np.where(codes == names.index(""), -1, codes).astype(np.int32)
        return Seen(codes=codes, names=names)

    def shown(self, number: float) -> Any:
        return round(number)
