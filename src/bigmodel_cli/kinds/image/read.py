"""How a picture is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.image.files.decoding import decoder, read_image
from bigmodel_cli.kinds.image.files.opening import (
    ImageFile,
    bits_of_images,
    has_sixteen_bits,
    open_image,
    said_by,
)
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

    def look(self, path: ImageFile) -> bool:
        """Whether pixels are grey of 16 bits."""
        try:
            with open_image(path) as image:
                return has_sixteen_bits(image)
        except DataError:
            raise
        except Exception as error:  # Pillow's decoders raise whatever broken bytes lead them to.
            raise DataError(f"{path}: damaged image: {said_by(error)}") from error

    def remarks(self, paths: Sequence[Path], told: Sequence[bool]) -> Iterator[str]:
        """Where 16-bit images use fewer bits than are taken, and so are dark, or more, and so are cut off."""
        deep = [path for path, is_deep in zip(paths, told, strict=True) if is_deep]
        asked = self.kind.format.bit_depth
        bits = bits_of_images(deep) if deep else asked
        # Dark photographs leave a bit or two of what there is unused.
        if asked - 2 <= bits <= asked:
            return
        # Cameras and scanners have 10, 12, 14 or 16.
        right = next(depth for depth in (8, 10, 12, 14, 16) if depth >= bits)
        how = "look nearly black" if bits < asked else "are cut off where they are bright"
        yield (
            f"{len(deep):,} images have 16 bits per pixel and use {bits} of them: with bit_depth: {asked} "
            f"they {how}, for example {deep[0]}; bit_depth: {right} takes them as they are"
        )

    def file(self, path: ImageFile, *, invert: bool = False) -> Value:
        decoded = read_image(path, self.kind.format, invert=invert)
        return Value(decoded.pixels, decoded.area is not None if self.redraws else None)
