"""What the images of a folder or a table are like, and the recipe that fits them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bigmodel_cli.kinds.image.files.opening import image_size_and_mode

SAMPLE_FILES = 200
# Proportions that differ by less than this factor are taken for the same.
_ALIKE = 1.15
_MAX_PROPORTION = 3.0


@dataclass(frozen=True)
class Images:
    """Image files, by a sample of them.

    Attributes:
        num_train: Examples that training sees; the rest is held out.
        num_all: With those that are held out.
        height: Of the one in the middle.
        width: The same.
        is_grey: Whether none has colours.
        same_proportions: Whether all are about as wide as high as each other.
    """

    num_train: int
    num_all: int
    height: int
    width: int
    is_grey: bool
    same_proportions: bool

    @property
    def side(self) -> int:
        """The shorter one."""
        return min(self.height, self.width)

    def scaled(self, side: int, multiple: int) -> tuple[int, int]:
        """(height, width) with about side² pixels, in their proportions where all share them."""
        if not self.same_proportions:
            return side, side
        proportion = min(max(self.height / self.width, 1 / _MAX_PROPORTION), _MAX_PROPORTION)
        if max(proportion, 1 / proportion) < _ALIKE:
            return side, side
        lengths = (side * proportion**0.5, side / proportion**0.5)
        height, width = (max(multiple, round(length / multiple) * multiple) for length in lengths)
        return height, width

    @property
    def aspect_ratio(self) -> str:
        """How the source brings files of other proportions to one size: nothing of them is cut off."""
        return "stretch" if self.same_proportions else "pad"

    def describe(self) -> str:
        colors = "grayscale" if self.is_grey else "rgb"
        sizes = f"{self.width} × {self.height}" if self.same_proportions else "of mixed proportions, "
        if not self.same_proportions:
            sizes += f"about {self.width} × {self.height}"
        return f"{self.num_all:,} {colors} images {sizes}"


def look_at(paths: Sequence[Path], num_train: int) -> Images:
    """Look at the headers of a sample, spread over all images.

    Raises:
        DataError: If one is no image.
    """
    heights, widths, modes = [], [], set()
    for path in paths[:: max(1, len(paths) // SAMPLE_FILES)]:
        (width, height), mode = image_size_and_mode(path)
        heights.append(height)
        widths.append(width)
        modes.add(mode)
    proportions = sorted(height / width for height, width in zip(heights, widths, strict=True))
    low, high = proportions[len(proportions) // 20], proportions[-1 - len(proportions) // 20]
    return Images(
        num_train,
        len(paths),
        round(median(heights)),
        round(median(widths)),
        modes <= {"1", "L", "LA", "I", "I;16"},
        high / low <= _ALIKE**2,
    )
