"""What the tests of the pipeline share: image files as examples that count how often each is decoded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from PIL import Image

from bigmodel_cli.kinds.image.kind import ImageFormat, ImageKind
from bigmodel_cli.sources.base import Examples
from bigmodel_cli.sources.files import Files, FileStore

FORMAT = ImageFormat((4, 5), "rgb")


class CountingStore(FileStore):
    """Image files that note which of them are decoded."""

    counts: ClassVar[Counter[int]] = Counter()

    def read(self, index: int) -> np.ndarray:
        self.counts[int(self.positions[index])] += 1
        return super().read(index)


@pytest.fixture
def photographs(tmp_path: Path) -> Callable[..., Examples]:
    """Writes images of random pixels, and gives them as examples of three classes."""

    def make(count: int = 23, *, bad: tuple[int, ...] = ()) -> Examples:
        folder = tmp_path / "photographs"
        folder.mkdir(exist_ok=True)
        for number, pixels in enumerate(
            np.random.default_rng(0).integers(0, 256, (count, 4, 5, 3), np.uint8)
        ):
            path = folder / f"{number}.png"
            Image.fromarray(pixels).save(path)
            if number in bad:
                path.write_bytes(path.read_bytes()[:60])
        CountingStore.counts = Counter()
        return Examples.of(CountingStore(listed(folder, count), np.arange(count)), np.arange(count) % 3)

    return make


def listed(folder: Path, count: int, image_format: ImageFormat = FORMAT) -> Files:
    """The files that `photographs` wrote, as they are now."""
    paths = tuple(f"{number}.png" for number in range(count))
    statuses = [(folder / path).stat() for path in paths]
    return Files(
        folder,
        paths,
        np.array([status.st_size for status in statuses]),
        np.array([status.st_mtime_ns for status in statuses]),
        ImageKind(image_format),
    )
