"""How a picture is read."""

from __future__ import annotations

from pathlib import Path

from bigmodel_cli.kinds.image.files.decoding import decoder, read_image
from bigmodel_cli.kinds.image.kind import ImageKind
from bigmodel_cli.kinds.read import Read, Value


class ImageRead(Read):
    """Decodes files of images; drawings that were made otherwise than those of training are drawn anew."""

    def __init__(self, kind: ImageKind) -> None:
        super().__init__(kind)
        self.redraws = kind.format.drawing is not None

    @property
    def described(self) -> str:
        described: str = self.kind.format.described
        return described

    def decoder(self) -> str:
        return decoder()

    def file(self, path: Path, *, invert: bool = False) -> Value:
        decoded = read_image(path, self.kind.format, invert=invert)
        return Value(decoded.pixels, decoded.area is not None if self.redraws else None)
