"""The columns that are read here: images, numbers, classes, texts, moments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.array.kind import ArrayKind
from bigmodel_cli.kinds.image.files.decoding import decode_image
from bigmodel_cli.kinds.image.files.opening import EncodedImage, ImageFile
from bigmodel_cli.kinds.image.kind import ColorMode, ImageFormat, ImageKind, format_of_pixels
from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.sources.hubs.columns import Column, Look

if TYPE_CHECKING:
    import numpy as np

    from bigmodel_cli.sources.hubs.options import HubOptions


@dataclass(frozen=True)
class Images(Column):
    """Image files.

    Attributes:
        size: (height, width) of all of them; None: they may differ, or nobody says.
        color_mode: Their channels; None: they may differ, or nobody says.
    """

    size: tuple[int, int] | None = None
    color_mode: ColorMode | None = None
    is_picture: bool = field(default=True, init=False, repr=False)

    @property
    def described(self) -> str:
        size = "" if self.size is None else f" of {self.size[0]} × {self.size[1]}"
        return f"an image{size}"

    def kind(self, options: HubOptions, look: Look) -> Kind:
        size = options.image_size or self.size
        color_mode = options.color_mode or self.color_mode
        if size is None:
            size, found = look()
            color_mode = color_mode or found
        return ImageKind(options.format_of(size, color_mode or "rgb"))

    def value(self, raw: Any, kind: Kind, called: str) -> np.ndarray:
        return decode_image(image_file(raw, called), _as_it_is(kind))


@dataclass(frozen=True)
class Numbers(Column):
    """Numbers of one shape.

    Attributes:
        shape: Of one value.
        dtype: NumPy's name of theirs.
    """

    shape: tuple[int, ...]
    dtype: str

    @property
    def described(self) -> str:
        shape = " × ".join(map(str, self.shape))
        return f"an array of {shape} numbers ({self.dtype})" if shape else f"a number ({self.dtype})"

    @property
    def is_cell(self) -> bool:  # type: ignore[override]
        return not self.shape

    def cells(self, raw: Sequence[Any]) -> np.ndarray:
        import numpy as np

        return np.array([np.nan if value is None else value for value in raw], np.float64)

    def kind(self, options: HubOptions, look: Look) -> Kind:
        if not self.shape or 0 in self.shape:
            return super().kind(options, look)
        # What bool and double precision become is what `npz` makes of them.
        dtype = {"bool": "uint8", "float64": "float32"}.get(self.dtype, self.dtype)
        pixels = format_of_pixels(self.shape, dtype)
        if pixels is None:
            return ArrayKind(self.shape, dtype)
        return ImageKind(options.drawn(pixels))

    def value(self, raw: Any, kind: Kind, called: str) -> np.ndarray:
        import numpy as np

        array = np.asarray(raw)
        if array.dtype.kind == "O" or array.size != np.prod(self.shape):
            raise DataError(f"{called}: expected {self.described}, found {_shown(raw)}")
        with np.errstate(over="ignore"):
            array = array.reshape(self.shape).astype(kind.dtype, copy=False)
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise DataError(f"{called}: some of its numbers are NaN or infinite")
        return array

    def labels(self, raw: Sequence[Any]) -> np.ndarray:
        import numpy as np

        _require_all(raw)
        return np.asarray(raw, self.dtype).reshape(len(raw), *self.shape)


@dataclass(frozen=True)
class Classes(Column):
    """One of several classes, by number.

    Attributes:
        names: Of the classes, in index order.
    """

    names: tuple[str, ...] | None
    is_cell: bool = field(default=True, init=False, repr=False)

    @property
    def described(self) -> str:
        return f"one of {len(self.names or ())} classes"

    def cells(self, raw: Sequence[Any]) -> Sequence[str]:
        names = self.names or ()
        return ["" if value is None or value < 0 else names[value] for value in raw]

    def labels(self, raw: Sequence[Any]) -> np.ndarray:
        import numpy as np

        # Data sets write -1, or nothing, where a label is not known.
        return np.array([-1 if value is None else value for value in raw], np.int64)


@dataclass(frozen=True)
class ClassSets(Column):
    """Any of several classes, as a list of their numbers.

    Attributes:
        names: Of the classes, in index order.
    """

    names: tuple[str, ...]
    are_sets: bool = field(default=True, init=False, repr=False)

    @property
    def described(self) -> str:
        return f"any of {len(self.names)} classes"

    def labels(self, raw: Sequence[Any]) -> np.ndarray:
        import numpy as np

        _require_all(raw)
        found = np.zeros((len(raw), len(self.names)), np.int64)
        for row, numbers in enumerate(raw):
            for number in numbers:
                if number is None or not 0 <= number < len(self.names):
                    raise DataError(f"[{row}] has the class {number}; there are {len(self.names)}, from 0 on")
                found[row, number] = 1
        return found


@dataclass(frozen=True)
class Texts(Column):
    """Strings."""

    is_cell: bool = field(default=True, init=False, repr=False)

    @property
    def described(self) -> str:
        return "a text"

    def cells(self, raw: Sequence[Any]) -> Sequence[str]:
        return ["" if value is None else _text(value) for value in raw]

    def labels(self, raw: Sequence[Any]) -> np.ndarray:
        import numpy as np

        _require_all(raw)
        return np.array([_text(value) for value in raw], np.str_)


@dataclass(frozen=True)
class Moments(Column):
    """Days or moments, as NumPy takes them."""

    is_cell: bool = field(default=True, init=False, repr=False)

    @property
    def described(self) -> str:
        return "a day or a moment"

    def cells(self, raw: Sequence[Any]) -> np.ndarray:
        import numpy as np

        return np.array([None if value is None else _naive(value) for value in raw], "datetime64[us]")


@cache
def _as_it_is(kind: Kind) -> ImageFormat:
    """How images are read that are the data: what they hold is what all others are drawn like."""
    return cast(ImageKind, kind.as_it_is()).format


def image_file(raw: bytes | Path, called: str) -> ImageFile:
    """What an image is read from: its own file, or bytes within another one."""
    return raw if isinstance(raw, Path) else EncodedImage(called, raw)


def _require_all(raw: Sequence[Any]) -> None:
    """Refuse targets of which some are missing."""
    missing = [place for place, value in enumerate(raw) if value is None]
    if missing:
        raise DataError(f"{len(missing):,} of {len(raw):,} examples have none, the first is [{missing[0]}]")


def _naive(value: Any) -> Any:
    """A moment in UTC without its zone."""
    if getattr(value, "tzinfo", None) is None:
        return value
    return value.astimezone(UTC).replace(tzinfo=None)


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _shown(raw: Any) -> str:
    import numpy as np

    if raw is None:
        return "nothing"
    try:
        return f"shape {np.shape(raw)}"
    except ValueError:
        return "lists of different length"
