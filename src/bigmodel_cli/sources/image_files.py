"""Image files as examples: decoding, a quick check of many files, and examples that stay on disk.

Training, evaluation and prediction all decode with `decode_image`, so a file always becomes the same array.
"""

from __future__ import annotations

import hashlib
import os
import stat
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.base import Examples, ImageFormat, LoadContext, Signature, Source, SplitName

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".gif", ".webp"})
_PILLOW_FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP")
_EXPECTED = "expected a JPEG, PNG, BMP, GIF or WebP image"
_PILLOW_MODES = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}
_CHECK_THREADS = 8
# No format packs pixels closer than PNG does those of one bit: some 8,300 to a byte.
_MAX_PIXELS_PER_BYTE = 10_000
_FREE_PIXELS = 2**24
_BOMB = "(a small file can hide a huge image)"
_BOMB_HINT = "scale it down, or remove it"
SKIP_HINT = "data.on_bad_file=skip leaves such files out"


def is_image_name(name: str) -> bool:
    """Whether a file's name says that it is an image."""
    return Path(name).suffix.lower() in IMAGE_SUFFIXES


def decode_image(path: Path, image_format: ImageFormat) -> np.ndarray:
    """Read an image file and bring it to a format.

    The first frame of an animation counts, the rotation that a camera noted is applied, 16-bit grey keeps
    its upper 8 bits, and transparent pixels are laid over white (unless `color_mode` is `rgba`).

    Returns:
        uint8 of `image_format.shape`.

    Raises:
        DataError: If it cannot be read; names the file and the reason.
    """
    import numpy as np

    try:
        with _open(path) as image:
            _decode_scaled(image, image_format)
            converted = _in_color_mode(_upright(image), image_format.color_mode)
            pixels = np.array(_in_size(converted, image_format), np.uint8)
    except (DataError, MemoryError):
        raise
    except Exception as error:  # Pillow's decoders raise whatever broken bytes lead them to.
        raise DataError(f"{path}: damaged image: {error or type(error).__name__}") from error
    return pixels.reshape(image_format.shape)


def image_size_and_mode(path: Path) -> tuple[tuple[int, int], str]:
    """(width, height) and Pillow's name of the pixels' kind (`L`, `RGB`, …), from a file's header alone.

    Raises:
        DataError: If it is no image.
    """
    with _open(path) as image:
        return image.size, image.mode


@cache
def _pillow() -> Any:
    """Pillow's `Image` module, ready for the formats that are read here, some of which it loads late."""
    from PIL import Image, WebPImagePlugin  # noqa: F401

    Image.preinit()
    # Between its soft and its hard limit of pixels Pillow only warns, and photographs may be that large.
    warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
    # Broken notes of cameras (EXIF) harm no pixel, and a data set has thousands of them.
    warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
    return Image


def _open(path: Path) -> Image.Image:
    """An image whose header is read and sound.

    Raises:
        DataError: If there is none.
    """
    pillow = _pillow()
    try:
        num_bytes = _bytes_of_file(path)
        image: Image.Image = pillow.open(
            path, formats=[name for name in _PILLOW_FORMATS if name in pillow.OPEN]
        )
        _check_pixels(path, image, num_bytes)
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file") from error
    except pillow.DecompressionBombError as error:
        raise DataError(
            f"{path}: more than {2 * pillow.MAX_IMAGE_PIXELS:,} pixels, which is refused {_BOMB}",
            hint=_BOMB_HINT,
        ) from error
    except pillow.UnidentifiedImageError as error:
        found = "an empty file" if path.stat().st_size == 0 else "something else"
        raise DataError(f"{path}: {_EXPECTED}, found {found}") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    except Exception as error:  # Pillow's readers raise whatever broken headers lead them to.
        if isinstance(error, DataError | MemoryError):
            raise
        raise DataError(f"{path}: damaged image: {error or type(error).__name__}") from error
    return image


def _bytes_of_file(path: Path) -> int:
    """The size of a file. A pipe would be waited for until somebody writes into it; a device may never end.

    Raises:
        DataError: If it is one.
        OSError: If the path leads nowhere.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        found = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe, a socket or a device"
        raise DataError(f"{path}: {_EXPECTED}, found {found}")
    return status.st_size


def _check_pixels(path: Path, image: Image.Image, num_bytes: int) -> None:
    """Refuse an image whose bytes cannot have been enough for its pixels."""
    pixels = image.width * image.height
    if pixels > _FREE_PIXELS and pixels > _MAX_PIXELS_PER_BYTE * num_bytes:
        image.close()
        raise DataError(
            f"{path}: {pixels:,} pixels in {num_bytes:,} bytes, which is refused {_BOMB}", hint=_BOMB_HINT
        )


def _decode_scaled(image: Image.Image, image_format: ImageFormat) -> None:
    """Let a JPEG that is much larger be decoded at a half, a quarter or an eighth of its size.

    It stays at least twice as large as the target in both directions (also when it is turned), so the
    resampling that follows still has enough to average.
    """
    if image_format.interpolation != "nearest":
        side = 2 * max(image_format.image_size)
        image.draft(None, (side, side))


def _upright(image: Image.Image) -> Image.Image:
    from PIL import ImageOps

    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # A broken note about the rotation says nothing about the pixels.
        return image


def _in_color_mode(image: Image.Image, color_mode: str) -> Image.Image:
    mode = _PILLOW_MODES[color_mode]
    if image.mode.startswith("I"):
        image = _upper_bits(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        if mode != "RGBA":
            white = _pillow().new("RGBA", image.size, "white")
            image = _pillow().alpha_composite(white, image)
    return image.convert(mode)


def _upper_bits(image: Image.Image) -> Image.Image:
    """16-bit grey as 8-bit grey; Pillow's own conversion would clip at 255."""
    import numpy as np

    return _pillow().fromarray((np.asarray(image).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8))  # type: ignore[no-any-return]


def _in_size(image: Image.Image, image_format: ImageFormat) -> Image.Image:
    from PIL import ImageOps

    height, width = image_format.image_size
    resampling = getattr(_pillow().Resampling, image_format.interpolation.upper())
    if image.size == (width, height):
        return image
    if image_format.aspect_ratio == "crop":
        return ImageOps.fit(image, (width, height), resampling)
    if image_format.aspect_ratio == "stretch":
        return image.resize((width, height), resampling)
    scale = min(width / image.width, height / image.height)
    inner = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    padded: Image.Image = _pillow().new(image.mode, (width, height))
    padded.paste(image.resize(inner, resampling), ((width - inner[0]) // 2, (height - inner[1]) // 2))
    return padded


def check_images(paths: Sequence[Path], context: LoadContext) -> tuple[np.ndarray, Mapping[int, DataError]]:
    """Read the headers of many files: a corrupt one is named before training begins, not hours later.

    A file that breaks off after its header is only found when it is decoded.

    Returns:
        Their sizes in bytes as int64 of shape (n,), and what is wrong with those that are left out, by their
        place in `paths`.

    Raises:
        DataError: Names the first file that is no image, and says how many more there are; where bad files
            are not skipped.
    """
    import numpy as np

    sizes = np.zeros(len(paths), np.int64)
    problems: dict[int, DataError] = {}
    with ThreadPoolExecutor(_CHECK_THREADS, thread_name_prefix="check") as threads:
        for index, result in _with_progress(
            threads.map(_check, paths), "checking images", len(paths), context.progress
        ):
            if isinstance(result, DataError):
                problems[index] = result
            else:
                sizes[index] = result
    if problems and not context.skip_bad_files:
        raise _first_of(list(problems.values()), len(paths))
    return sizes, problems


def check_decoding(
    examples: Examples, label: str, progress: Callable[[str, int, int | None], None]
) -> Mapping[int, DataError]:
    """Read all examples once.

    Returns:
        What is wrong with those that cannot be read, by their index.
    """

    def check(index: int) -> DataError | None:
        try:
            examples.read(index)
        except DataError as error:
            return error
        return None

    with ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="check") as threads:
        results = threads.map(check, range(len(examples)))
        found = _with_progress(results, label, len(examples), progress)
        return {index: problem for index, problem in found if problem is not None}


def _with_progress(
    results: Iterable[Any], label: str, total: int, progress: Callable[[str, int, int | None], None]
) -> Iterable[tuple[int, Any]]:
    for index, result in enumerate(results):
        yield index, result
        if index % 1000 == 999 or index == total - 1:
            progress(label, index + 1, total)


def _first_of(problems: Sequence[DataError], total: int) -> DataError:
    first, *others = problems
    more = f" ({len(others):,} more of {total:,} files are no good either)" if others else ""
    hint = f"{first.hint or 'repair it, or remove it'}; {SKIP_HINT}"
    return DataError(f"{first.message}{more}", hint=hint)


def _check(path: Path) -> int | DataError:
    try:
        with _open(path):
            return path.stat().st_size
    except DataError as error:
        return error
    except Exception as error:  # Pillow's decoders raise whatever broken bytes lead them to.
        return DataError(f"{path}: damaged image: {error or type(error).__name__}")


@dataclass(frozen=True, eq=False)
class ImageFileExamples(Examples):
    """Examples that are image files; only paths, sizes and labels are in memory.

    Attributes:
        root: The folder that paths are relative to.
        paths: Relative paths with `/` between their parts.
        sizes: int64 bytes of the files of shape (n,).
        labels: As for all examples.
        image_format: How files are decoded.
    """

    root: Path
    paths: tuple[str, ...]
    sizes: np.ndarray
    labels: np.ndarray
    image_format: ImageFormat

    def take(self, indices: np.ndarray) -> ImageFileExamples:
        paths = tuple(self.paths[index] for index in indices)
        return ImageFileExamples(
            self.root, paths, self.sizes[indices], self.labels[indices], self.image_format
        )

    def read(self, index: int) -> np.ndarray:
        return decode_image(self.root / self.paths[index], self.image_format)

    def name(self, index: int) -> str:
        return str(self.root / self.paths[index])

    def fingerprint(self) -> str:
        """A sha256 of relative paths, file sizes and labels, in order, and of how files are decoded.

        Contents are not read, which would take as long as an epoch: an edit that keeps a file's name and
        size goes unnoticed.
        """
        digest = hashlib.sha256(f"{self.image_format}\n".encode())
        for path, size in zip(self.paths, self.sizes.tolist(), strict=True):
            digest.update(f"{path}\0{size}\n".encode(errors="surrogateescape"))
        digest.update(f"{self.labels.dtype} {self.labels.shape}".encode())
        digest.update(self.labels.tobytes())
        return digest.hexdigest()


def checked_source(
    listed: Mapping[SplitName, ImageFileExamples], signature: Signature, context: LoadContext
) -> Source:
    """The source of files that were listed, once their headers are read.

    Args:
        listed: Examples by split; the sizes are not known yet.
        signature: What one example is.
        context: Says whether bad files are left out; one warning then tells of them.

    Raises:
        DataError: If a file is no image, or too few are left.
    """
    paths = [part.root / path for part in listed.values() for path in part.paths]
    sizes, problems = check_images(paths, context)
    splits: dict[SplitName, Examples] = {}
    start = 0
    for split, part in listed.items():
        stop = start + len(part)
        own = {index - start: problem for index, problem in problems.items() if start <= index < stop}
        part = replace(part, sizes=sizes[start:stop])
        splits[split] = without_bad(part, own, split, signature.class_names, context.warn)
        start = stop
    if problems:
        context.warn(skipped_sentence(list(problems.values()), f"{len(paths):,} files"))
    return Source(splits, signature, len(problems))


def skipped_sentence(problems: Sequence[DataError], of: str) -> str:
    """How many files were left out, and the first of them."""
    return f"skipped {len(problems):,} of {of} that cannot be read, the first: {problems[0].message}"


def without_bad(
    examples: Examples,
    problems: Mapping[int, DataError],
    split: SplitName,
    class_names: Sequence[str] | None,
    warn: Callable[[str], None],
) -> Examples:
    """The examples that are left where some cannot be read.

    Args:
        examples: All of a split.
        problems: What is wrong with some of them, by index.
        split: Its name.
        class_names: In index order; None where labels are numbers.
        warn: Told of a held-out split that lost a class.

    Raises:
        DataError: If none is left, or the training split lost a class.
    """
    import numpy as np

    if not problems:
        return examples
    bad = np.array(sorted(problems))
    if len(bad) == len(examples):
        first = problems[0]
        raise DataError(
            f"none of the {len(bad):,} files of the {split} split can be read, the first: {first.message}",
            hint=first.hint,
        )
    left = examples.take(np.setdiff1d(np.arange(len(examples)), bad))
    for label in (
        sorted(set(examples.labels[bad].tolist()) - set(left.labels.tolist())) if class_names else ()
    ):
        assert class_names is not None
        if split != "train":
            warn(f"{split} has no example of {class_names[label]} that can be read")
            continue
        first = problems[int(bad[examples.labels[bad] == label][0])]
        raise DataError(
            f"no file of the class {class_names[label]} in the train split can be read, "
            f"the first: {first.message}",
            hint=first.hint or "repair the files, or remove the class",
        )
    return left
