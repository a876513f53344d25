"""What the images of a folder or a table are like, and the recipe that fits them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.image.files.opening import image_size_and_mode
from bigmodel_cli.kinds.image.kind import ImageFormat, ImageKind
from bigmodel_cli.sources.base import LoadContext
from bigmodel_cli.sources.file_checks import check_files

SAMPLE_FILES = 200
# Proportions that differ by less than this factor are taken for the same.
_ALIKE = 1.15
_MAX_PROPORTION = 3.0
# So many files that are no images are named.
_NAMED_BAD = 5


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
        DataError: If one is no image; names the first ones of all that are none.
    """
    heights, widths, modes = [], [], set()
    for path in paths[:: max(1, len(paths) // SAMPLE_FILES)]:
        try:
            (width, height), mode = image_size_and_mode(path)
        except DataError as error:
            raise _all_bad(paths) or error from error
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


def _all_bad(paths: Sequence[Path]) -> DataError | None:
    """What is wrong with all files that are none, so that nobody finds them one by one."""
    kind = ImageKind(ImageFormat((1, 1)))
    problems = list(check_files(paths, kind, LoadContext(skip_bad_files=True)).problems.values())
    if not problems:
        return None
    named = "; ".join(problem.message for problem in problems[:_NAMED_BAD])
    rest = f"; and {len(problems) - _NAMED_BAD:,} more" if len(problems) > _NAMED_BAD else ""
    count = f"{len(problems):,} of {len(paths):,} images cannot be read: " if len(problems) > 1 else ""
    hint = f"{problems[0].hint or 'repair or remove them'}; a config leaves such files out with"
    return DataError(f"{count}{named}{rest}", hint=f"{hint} data: {{on_bad_file: skip}}")
