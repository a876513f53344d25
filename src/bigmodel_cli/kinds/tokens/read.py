"""How a window is read from a file of text."""

from __future__ import annotations

from pathlib import Path

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.image.files.opening import ImageFile
from bigmodel_cli.kinds.read import Read, Value
from bigmodel_cli.kinds.tokens.kind import TokensKind


class TokensRead(Read):
    """The end of a text is the window after which it would go on."""

    kind: TokensKind

    def file(self, path: ImageFile, *, invert: bool = False) -> Value:
        import numpy as np

        if not isinstance(path, Path):
            raise DataError(f"{path}: this model takes text, not files that are sent")
        try:
            text = path.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"{path}: expected text in UTF-8: {error}") from None
        kind = self.kind
        ids = kind.vocabulary.encode(text, str(path))
        if len(ids) < kind.length:
            raise DataError(
                f"{path}: expected at least {kind.length} {kind.vocabulary.unit}, found {len(ids)}",
                hint="`bigmodel generate` takes shorter beginnings too",
            )
        return Value(ids[-kind.length :].astype(np.int32))
