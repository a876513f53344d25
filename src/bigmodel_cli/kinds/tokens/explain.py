"""Why it is not shown what in a text the next token is decided by."""

from __future__ import annotations

from bigmodel_cli.kinds.explain import Places
from bigmodel_cli.kinds.tokens.kind import TokensKind


class TokensPlaces(Places):
    """A text has no places in a picture."""

    def __init__(self, kind: TokensKind) -> None:
        super().__init__(kind)
        self.why_not = f"this model takes {kind.length} tokens of a text ({kind.dtype})"
