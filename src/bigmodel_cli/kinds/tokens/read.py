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
        text, kind = _text_of(path), self.kind
        ids = kind.vocabulary.encode(text, str(path))
        if len(ids) < kind.length:
            raise DataError(
                f"{path}: expected at least {kind.length} {kind.vocabulary.unit}, found {len(ids)}",
                hint="`bigmodel generate` takes shorter beginnings too",
            )
        return Value(ids[-kind.length :].astype(np.int32))


def _text_of(path: Path) -> str:
    """The text of a file, each end of a line as one `\\n`."""
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        line, found = error.object.count(b"\n", 0, error.start) + 1, error.object[error.start]
        raise DataError(
            f"{path}:{line}: not UTF-8 text: byte 0x{found:02x}", hint="save it as UTF-8"
        ) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")
