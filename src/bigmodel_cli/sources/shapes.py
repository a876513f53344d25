"""Made-up images of shapes, with their masks: segmentation with no data at hand.

Each is drawn from the experiment's seed and its number alone: some shapes of any colour, place and size on a
ground of another colour, under noise. Colours say nothing of what a shape is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from bigmodel_cli.config.facts import PIXELS, DataFacts
from bigmodel_cli.config.fields import WholeNumber
from bigmodel_cli.kinds.image.kind import ImageFormat, ImageKind
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.base import Examples, LoadContext, Source
from bigmodel_cli.sources.image_options import ImageSize
from bigmodel_cli.sources.options import SourceOptions
from bigmodel_cli.tasks.segmentation.task import Segmentation

if TYPE_CHECKING:
    import numpy as np

_NAMES = ("ground", "disc", "square", "triangle")
# Of one image, at most; half their sides in parts of its shorter side; how far their colour is from the
# ground's.
_MOST, _RADII, _LEAST_CONTRAST = 4, (0.1, 0.22), 60.0
_NOISE = 12.0


class Shapes(SourceOptions):
    """Made-up images of discs, squares and triangles with their masks; nothing is read or downloaded."""

    source_name: ClassVar[str] = "shapes"
    example: ClassVar[str] = "{shapes: {image_size: [64, 64], num_examples: 400}}"

    image_size: ImageSize = Field(
        default=(64, 64), description="[height, width] of the images; one number for a square."
    )
    num_examples: WholeNumber = Field(
        default=400, ge=4, le=100_000, description="Number of images, before splits are held out."
    )

    def facts(self) -> DataFacts:
        return DataFacts(Segmentation.labels, len(_NAMES), self.num_examples, frozenset(), value_range=PIXELS)

    def load(self, context: LoadContext) -> Source:
        import numpy as np

        images = np.empty((self.num_examples, *self.image_size, 3), np.uint8)
        masks = np.empty((self.num_examples, *self.image_size), np.int8)
        for number in range(self.num_examples):
            images[number], masks[number] = _drawn(
                self.image_size, np.random.default_rng([context.seed, number])
            )
        kind = ImageKind(ImageFormat(self.image_size, "rgb"))
        examples = Examples.of_arrays(images, masks, "shapes")
        return Source({"train": examples}, Signature.of(kind, Segmentation(self.image_size, _NAMES)))


def _drawn(size: tuple[int, int], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """One image and its mask."""
    import numpy as np

    height, width = size
    rows, columns = np.mgrid[:height, :width]
    ground = rng.uniform(30, 225, 3)
    pixels, mask = np.broadcast_to(ground, (height, width, 3)).copy(), np.zeros(size, np.int8)
    for _ in range(rng.integers(1, _MOST + 1)):
        number = int(rng.integers(1, len(_NAMES)))
        radius = rng.uniform(*_RADII) * min(size)
        down, right = rows - rng.uniform(0, height), columns - rng.uniform(0, width)
        inside = _inside(number, down, right, radius)
        pixels[inside] = _other_color(ground, rng)
        # What is drawn later lies above.
        mask[inside] = number
    noisy = pixels + rng.normal(0, _NOISE, pixels.shape)
    return noisy.clip(0, 255).astype(np.uint8), mask


def _inside(number: int, down: np.ndarray, right: np.ndarray, radius: float) -> np.ndarray:
    """Which pixels are of a shape, by how far they are from its middle."""
    import numpy as np

    if number == 1:
        return np.asarray(np.hypot(down, right) <= radius)
    if number == 2:
        return np.asarray(np.maximum(abs(down), abs(right)) <= radius * 0.9)
    # Its point is above.
    return np.asarray((down <= radius * 0.8) & (2 * abs(right) <= down + radius * 1.2))


def _other_color(ground: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A colour that is seen on a ground."""
    import numpy as np

    while True:
        color = rng.uniform(0, 255, 3)
        if np.abs(color - ground).max() >= _LEAST_CONTRAST:
            return np.asarray(color)
