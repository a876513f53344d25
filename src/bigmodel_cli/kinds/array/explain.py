"""Why it is not shown what in arrays a model decides by."""

from __future__ import annotations

from bigmodel_cli.kinds.array.kind import ArrayKind
from bigmodel_cli.kinds.explain import Places


class ArrayPlaces(Places):
    """Nobody sees what numbers mean."""

    def __init__(self, kind: ArrayKind) -> None:
        super().__init__(kind)
        self.why_not = f"this model takes {kind.dtype} arrays of shape {' × '.join(map(str, kind.shape))}"
