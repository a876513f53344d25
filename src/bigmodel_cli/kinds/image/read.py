"""How a picture is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bigmodel_cli.kinds.image.files.decoding import decoder, read_image
from bigmodel_cli.kinds.image.files.opening import ImageFile
from bigmodel_cli.kinds.image.kind import ImageKind
from bigmodel_cli.kinds.image.redrawing.drawings import made_like
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

    @property
    def file_options(self) -> Mapping[str, Any]:
        written = self.kind.format
        names = ("image_size", "color_mode", "interpolation", "aspect_ratio", "bit_depth")
        return {**{name: getattr(written, name) for name in names}, "made_like": made_like(written)}

    def decoder(self) -> str:
        return decoder()

    def file(self, path: ImageFile, *, invert: bool = False) -> Value:
        decoded = read_image(path, self.kind.format, invert=invert)
        return Value(decoded.pixels, decoded.area is not None if self.redraws else None)
