"""Masks of images, read at once and brought to the size of the images: classes of pixels, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bigmodel_cli.cut import some
from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.image.files.decoding import brought_to_size, decoder, turn_upright
from bigmodel_cli.kinds.image.files.names import suffix_of
from bigmodel_cli.kinds.image.files.opening import (
    has_sixteen_bits,
    image_size_and_mode,
    open_image,
    pillow,
    said_by,
    upright_size,
)
from bigmodel_cli.kinds.image.kind import ImageFormat
from bigmodel_cli.kinds.mask.classes import (
    MOST_FOUND,
    MaskClasses,
    as_written,
    codes_of_pixels,
    found_classes,
)
from bigmodel_cli.sources.base import LoadContext
from bigmodel_cli.sources.file_checks import of_each
from bigmodel_cli.sources.kept_arrays import KeptArrays

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

_THREADS = 4
# Raise it with every change after which a file may become other classes.
_VERSION = 2
_LOSSY = (".jpg", ".jpeg")
_GREY = frozenset({"1", "L", "P"})


@dataclass(frozen=True)
class MaskFile:
    """A mask beside its image.

    Attributes:
        path: Of the mask.
        image: Of the image.
    """

    path: Path
    image: Path


def codes_of_file(path: Path, *, wants_colors: bool) -> np.ndarray:
    """The pixels of a mask as codes, int32 of shape (height, width); what is transparent is black.

    Args:
        path: The file.
        wants_colors: Whether a palette stands for its colours, not for its indices.

    Raises:
        DataError: If it is no image, or pixels are transparent by half.
    """
    import numpy as np

    try:
        with open_image(path) as image:
            image.load()
            turn_upright(image)
            return codes_of_pixels(np.asarray(_plain(path, image, wants_colors=wants_colors)))
    except (DataError, MemoryError):
        raise
    except Exception as error:  # Pillow's decoders raise whatever broken bytes lead them to.
        raise DataError(f"{path}: damaged image: {said_by(error)}") from error


def _plain(path: Path, image: Image.Image, *, wants_colors: bool) -> Image.Image:
    """A mask as grey, as indices of a palette, or as RGB."""
    if has_sixteen_bits(image):
        return image
    if image.mode in _GREY and not wants_colors:
        return image if image.mode != "1" else image.convert("L").point(lambda value: value // 255)
    colored = _opaque(path, image)
    if wants_colors:
        return colored
    # Grey that was saved with three channels.
    red, green, blue = colored.split()
    is_grey = red.tobytes() == green.tobytes() == blue.tobytes()
    return red if is_grey else colored


def _opaque(path: Path, image: Image.Image) -> Image.Image:
    """A mask as RGB. Whatever colour is hidden where nothing is seen, it is black there."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    whole = image.convert("RGBA")
    seen = whole.getchannel("A")
    if num_mixed := sum(seen.histogram()[1:-1]):
        raise DataError(
            f"{path}: {num_mixed:,} pixels are transparent by half, so that they show no class alone",
            hint="save masks without an alpha channel, and without smooth borders",
        )
    black = pillow().new("RGB", image.size)
    black.paste(whole.convert("RGB"), mask=seen)
    return black  # type: ignore[no-any-return]


def look_for_classes(files: Sequence[MaskFile], ignored: frozenset[int], context: LoadContext) -> MaskClasses:
    """The classes that masks have, by their values.

    Raises:
        DataError: If they have shades instead, or one value alone.
    """
    import numpy as np

    def look(index: int) -> list[int]:
        with suppress(DataError):  # Told where it is read.
            found: list[int] = np.unique(codes_of_file(files[index].path, wants_colors=False)).tolist()
            return found
        return []

    seen: dict[int, int] = {}
    for index, codes in enumerate(of_each(look, len(files), "looking at masks", context.progress, _THREADS)):
        for code in codes:
            seen.setdefault(code, index)
        if len(seen) > MOST_FOUND:
            raise DataError(
                f"{files[index].path}: masks have more than {MOST_FOUND} different values, which are shades, "
                "not classes (as JPEG makes them, or smooth borders)",
                hint="say what each class is: classes: {background: 0, cell: 255}; others are then refused",
            )
    if len(set(seen) - ignored) < 2:
        told = some((as_written(code).__str__() for code in sorted(set(seen) - ignored)), 3) or "nothing"
        raise DataError(
            f"{files[0].path.parent}: masks have one value alone ({told}); there is nothing to tell apart"
        )
    found = found_classes(seen, ignored)
    if len(found.names) > 2 and (lossy := [file for file in files if suffix_of(file.path.name) in _LOSSY]):
        context.warn(
            f"{lossy[0].path}: JPEG makes shades of borders, and each of {len(found.names)} values became a "
            "class: save masks as PNG, or say what the classes are"
        )
    return found


class MaskReader:
    """Reads masks in the size of their images.

    Args:
        classes: What their pixels stand for.
        image_format: How images are brought to their size.
    """

    def __init__(self, classes: MaskClasses, image_format: ImageFormat) -> None:
        import numpy as np

        self.classes = classes
        self.format = image_format
        self.dtype = np.dtype(np.int8 if len(classes.names) <= 127 else np.int16)

    def read(self, file: MaskFile) -> np.ndarray:
        """Classes of pixels of the format's size; -1 where one counts nowhere, or the image has none.

        Raises:
            DataError: If it is no mask of the image; names the file.
        """
        import numpy as np

        codes = codes_of_file(file.path, wants_colors=self.classes.are_colors)
        width, height = upright_size(file.image)
        if codes.shape != (height, width):
            is_turned = codes.shape == (width, height) and image_size_and_mode(file.image)[0] != (
                width,
                height,
            )
            turned = "; its camera noted that the image is turned (EXIF): turn the mask, too"
            raise DataError(
                f"{file.path}: {codes.shape[1]} × {codes.shape[0]} pixels, and its image {file.image.name} "
                f"has {width} × {height}",
                hint=f"a mask has the size of its image{turned if is_turned else ''}",
            )
        numbers, unknown = self.classes.numbers_of(codes)
        if unknown:
            raise self._unknown(file, codes, unknown)
        # From 1 on, so that what is laid around an image counts nowhere.
        sized = brought_to_size(numbers.astype(np.int32) + 1, self.format)
        return (sized - 1).astype(self.dtype)

    def _unknown(self, file: MaskFile, codes: np.ndarray, unknown: Sequence[int]) -> DataError:
        import numpy as np

        first = unknown[0]
        row, column = np.argwhere(codes == first)[0].tolist()
        named = some((f"{name}: {value}" for name, value in self.classes.written.items()), 5)
        return DataError(
            f"{file.path}: {int(np.isin(codes, unknown).sum()):,} pixels have a value that is no class, "
            f"first {as_written(first)} at row {row + 1}, column {column + 1}; classes are {named}",
            hint=f"add it to classes, or leave it out: ignore: {as_written(first)!r}",
        )

    def read_all(
        self, files: Sequence[MaskFile], context: LoadContext
    ) -> tuple[np.ndarray, dict[int, DataError]]:
        """All masks, and what is wrong with those that cannot be read, by their place.

        Raises:
            MemoryError: If they are more than memory holds.
        """
        import numpy as np

        masks = np.full((len(files), *self.format.image_size), -1, self.dtype)
        kept = KeptArrays(self._decided_by(files), str(files[0].path.parent)) if files else None
        if context.keeps_decoded and kept is not None and kept.fetch({"masks": masks}):
            return masks, {}

        def read(index: int) -> DataError | None:
            try:
                masks[index] = self.read(files[index])
            except DataError as error:
                masks[index] = -1
                return error
            return None

        found = of_each(read, len(files), "reading masks", context.progress, _THREADS)
        problems = {index: problem for index, problem in enumerate(found) if problem is not None}
        if context.keeps_decoded and kept is not None and not problems:
            kept.keep({"masks": masks})
        return masks, problems

    def _decided_by(self, files: Sequence[MaskFile]) -> list[str]:
        """All that decides the classes of pixels; contents count by size and time of the last change."""
        parts = [f"masks {_VERSION}", decoder(), self.format.described, str(self.classes)]
        for file in files:
            parts += [f"{path.resolve()} {_stat(path)}" for path in (file.path, file.image)]
        return parts


def _stat(path: Path) -> Any:
    with suppress(OSError):
        status = path.stat()
        return status.st_size, status.st_mtime_ns
    return None
