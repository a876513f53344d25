"""How a value of a kind is read, from a file or from an array, as a model takes it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bigmodel_cli.errors import DataError

if TYPE_CHECKING:
    import numpy as np

    from bigmodel_cli.kinds.image.files.opening import ImageFile


@dataclass(frozen=True, eq=False)
class Value:
    """One value.

    Attributes:
        array: Of the kind's shape and dtype.
        redrawn: Whether it was brought to the form that all training examples have; None where they have none
            that is known.
    """

    array: np.ndarray
    redrawn: bool | None = None


class Read(ABC):
    """Reads values of a kind.

    Attributes:
        redraws: Whether what a file holds is brought to the form that all training examples have.
        draws: Whether training draws a part of what is longer than a value, anew in each epoch.
        sources: Which read such files, with `file_options`: of a folder with a folder per class, and others.
        media: What begins the content type (of HTTP) of such files.
    """

    redraws: bool = False
    media: str = "image/"
    draws: bool = False
    sources: Sequence[str] = ("image_folder", "image_csv")

    def __init__(self, kind: Any) -> None:
        self.kind = kind

    @property
    def described(self) -> str:
        """How files are read: the same text, the same value of a file."""
        described: str = self.kind.described
        return described

    @property
    def file_options(self) -> Mapping[str, Any] | None:
        """What a source of files is told to read them alike; None where files hold no such values."""
        return None

    def decoder(self) -> str:
        """What reads them, with its version."""
        return ""

    def look(self, path: ImageFile) -> Any:
        """What the header of a file says that is worth remembering; None where nothing is.

        Raises:
            DataError: If the file cannot hold a value of the kind; names it and the reason.
        """
        return None

    def remarks(self, paths: Sequence[Path], told: Sequence[Any]) -> Iterator[str]:
        """What a user should know of many files that were looked at.

        Args:
            paths: Of those that can be read.
            told: What `look` said of each.
        """
        yield from ()

    @abstractmethod
    def file(self, path: ImageFile, *, invert: bool = False) -> Value:
        """The value that a file holds.

        Args:
            path: The file, or its content with a name.
            invert: Whether bright becomes dark first.

        Raises:
            DataError: If it holds none; names the file and the reason.
        """

    def joined(self, paths: Sequence[Path]) -> Value:
        """The value that several files make, one behind the other.

        Raises:
            DataError: If one holds none, or values of the kind are not joined.
        """
        raise DataError(f"{paths[0]}: a {self.kind.noun} does not go on in another file")

    def share(self, told: Any) -> float:
        """Which share of a value a file fills by itself, by what `look` said of it; more than 1 is cut."""
        return 1.0

    def room(self, told: Any) -> float:
        """How many seconds of a recording are not in its value, by what `look` said of it."""
        return 0.0

    def part(self, path: Path, start: float) -> Value:
        """The value that a part of a recording is, from a moment on.

        Args:
            path: The recording.
            start: In seconds.

        Raises:
            DataError: If it cannot be read.
        """
        raise TypeError(f"a {self.kind.noun} has no parts")

    def row(self, name: str, array: np.ndarray, *, invert: bool = False) -> Value:
        """The value that one of `rows` is.

        Args:
            name: What a user would call it.
            array: The row.
            invert: Whether bright becomes dark first.

        Raises:
            DataError: If a number is NaN or infinite.
        """
        import numpy as np

        if not np.isfinite(array).all():
            raise _not_finite(name, array)
        turned = 255 - array if invert and array.dtype == np.uint8 else array
        return Value(turned, False if self.redraws else None)

    def rows(self, path: Path, array: np.ndarray) -> np.ndarray:
        """Values of shape (n, …), in the kind's dtype where they can be; a single one is a row, too.

        Args:
            path: The file that the array is from.
            array: What it holds.

        Raises:
            DataError: If they are no values of this kind.
        """
        import numpy as np

        shape, dtype = self.kind.shape, self.kind.dtype
        if array.shape == shape:
            array = array[np.newaxis]
        if array.shape[1:] != shape or array.dtype.kind not in "buif":
            raise DataError(
                f"{path}: expected one example of shape {' × '.join(map(str, shape))}, or many of them; "
                f"found {array.dtype} of shape {array.shape}"
            )
        # What becomes infinite here is an error of its row, as what is so already.
        with np.errstate(over="ignore", invalid="ignore"):
            converted = array.astype(dtype, copy=False)
        if converted.dtype.kind not in "ui" or converted is array:
            return converted
        finite = np.isfinite(array)
        if not np.array_equal(converted[finite], array[finite]):
            raise DataError(f"{path}: the model takes {dtype}; found {array.dtype} with other values")
        return converted if finite.all() else array


def _not_finite(what: str, values: np.ndarray) -> DataError:
    """The error of numbers of which some are NaN or infinite, from which nothing can be computed."""
    import numpy as np

    bad = np.argwhere(~np.isfinite(values))
    count, first = len(bad), ", ".join(map(str, bad[0].tolist()))
    are = "1 value is" if count == 1 else f"{count:,} values are"
    return DataError(f"{what}: {are} NaN or infinite, {'at' if count == 1 else 'first at'} [{first}]")
