"""Made-up examples that a model can learn: for tests, benchmarks and first tries with no data at hand.

An example is a coarse random pattern, enlarged to the asked shape, plus noise. Everything is a function
of the experiment's seed and the example's number, so examples are made when they are read.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from bigmodel_cli.config.facts import PIXELS, DataFacts
from bigmodel_cli.config.fields import WholeNumber
from bigmodel_cli.kinds.array.kind import ArrayKind
from bigmodel_cli.kinds.image.kind import ImageFormat, ImageKind, format_of_pixels
from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.base import Examples, LoadContext, Source
from bigmodel_cli.sources.options import SourceOptions
from bigmodel_cli.sources.stores import ArrayStore, Store
from bigmodel_cli.tasks.classification.task import Classification
from bigmodel_cli.tasks.regression.task import Regression
from bigmodel_cli.tasks.task import Task

if TYPE_CHECKING:
    import numpy as np

# Cells of the coarse pattern along each axis, by the number of axes that are enlarged.
_CELLS = {1: 16, 2: 4, 3: 3}
_NUM_FACTORS = 4
# Small data sets are made at once: training reads arrays much faster than single examples.
_RESIDENT_BYTES = 16 * 2**20
_LABELS, _FACTORS, _PATTERNS, _NOISE = range(4)


class Synthetic(SourceOptions):
    """Made-up examples that a model can learn, from the experiment's seed; nothing is read or downloaded."""

    source_name: ClassVar[str] = "synthetic"
    example: ClassVar[str] = "{synthetic: {shape: [28, 28, 1], num_classes: 10, num_examples: 2000}}"

    shape: tuple[Annotated[WholeNumber, Field(ge=1, le=2**20)], ...] = Field(
        default=(28, 28, 1),
        min_length=1,
        max_length=4,
        description="Shape of one example. [height, width, 1, 3 or 4] gives uint8 images, others float32.",
    )
    num_classes: Annotated[WholeNumber, Field(ge=2, le=100_000)] | None = Field(
        default=10, description="Number of classes; null for numbers as labels (regression)."
    )
    num_examples: WholeNumber = Field(
        default=2000, ge=1, le=10**8, description="Number of examples, before splits are held out."
    )
    num_outputs: WholeNumber = Field(
        default=1, ge=1, le=10_000, description="Numbers per label where num_classes is null."
    )

    @field_validator("num_outputs")
    @classmethod
    def _outputs_are_for_regression(cls, num_outputs: int, info: ValidationInfo) -> int:
        if info.data.get("num_classes") is not None and num_outputs != 1:
            raise ValueError("num_outputs is for regression: set num_classes: null, or remove num_outputs")
        return num_outputs

    def facts(self) -> DataFacts:
        labels: Literal["classes", "numbers"] = "classes" if self.num_classes else "numbers"
        return DataFacts(
            labels,
            self.num_classes,
            self.num_examples,
            frozenset(),
            value_range=PIXELS if _pixels(self.shape) else None,
            num_columns=None if self.num_classes else self.num_outputs,
        )

    def load(self, context: LoadContext) -> Source:
        import numpy as np

        recipe = _Recipe(self.shape, self.num_classes, self.num_outputs, self.num_examples, context.seed)
        labels = recipe.labels()
        store: Store = SyntheticStore(recipe, np.arange(self.num_examples), labels)
        if store.value_bytes * self.num_examples <= _RESIDENT_BYTES:
            store = ArrayStore(np.stack([store.read(index) for index in range(len(store))]), "train")
        return Source({"train": Examples.of(store, labels)}, Signature.of(recipe.kind, recipe.task))


def _pixels(shape: tuple[int, ...]) -> ImageFormat | None:
    return format_of_pixels(shape, "uint8") if len(shape) == 3 else None


@dataclass(frozen=True, eq=False)
class _Recipe:
    """How the examples of one data set are made."""

    shape: tuple[int, ...]
    num_classes: int | None
    num_outputs: int
    num_examples: int
    seed: int

    @cached_property
    def kind(self) -> Kind:
        pixels = _pixels(self.shape)
        return ImageKind(pixels) if pixels else ArrayKind(self.shape)

    @property
    def task(self) -> Task:
        if self.num_classes is None:
            return Regression(() if self.num_outputs == 1 else (self.num_outputs,))
        return Classification(tuple(f"class_{i}" for i in range(self.num_classes)))

    def _random(self, purpose: int, number: int = 0) -> np.random.Generator:
        import numpy as np

        return np.random.default_rng([self.seed, purpose, number])

    def labels(self) -> np.ndarray:
        """Classes in equal shares and random order, or smooth functions of an example's factors."""
        import numpy as np

        random = self._random(_LABELS)
        if self.num_classes is not None:
            return random.permutation(np.arange(self.num_examples, dtype=np.int64) % self.num_classes)
        weights = random.standard_normal((_NUM_FACTORS, self.num_outputs), np.float32)
        labels = np.tanh(self.factors @ weights / 2)
        return labels[:, 0] if self.num_outputs == 1 else labels

    @cached_property
    def factors(self) -> np.ndarray:
        """How much of each pattern an example of a regression has: float32 of shape (examples, factors)."""
        import numpy as np

        return self._random(_FACTORS).standard_normal((self.num_examples, _NUM_FACTORS), np.float32)

    @cached_property
    def patterns(self) -> np.ndarray:
        """A coarse pattern per class or per factor: float32, first axis counts them."""
        import numpy as np

        count = _NUM_FACTORS if self.num_classes is None else self.num_classes
        return self._random(_PATTERNS).uniform(-1, 1, (count, *self._coarse_shape)).astype(np.float32)

    @property
    def _coarse_shape(self) -> tuple[int, ...]:
        enlarged, kept = (self.shape[:-1], self.shape[-1:]) if len(self.shape) > 2 else (self.shape, ())
        cells = _CELLS[len(enlarged)]
        return (*(min(cells, size) for size in enlarged), *(min(4, size) for size in kept))

    @cached_property
    def _cell_of(self) -> tuple[np.ndarray, ...]:
        """Which coarse cell each position takes, as an index per axis."""
        import numpy as np

        axes = zip(self.shape, self._coarse_shape, strict=True)
        return np.ix_(*(np.arange(size) * cells // size for size, cells in axes))

    def features(self, position: int, label: np.generic) -> np.ndarray:
        """One example with its label."""
        import numpy as np

        if self.num_classes is None:
            coarse = np.tensordot(self.factors[position], self.patterns, 1) / 2
        else:
            coarse = self.patterns[int(label)]
        noise = self._random(_NOISE, position).standard_normal(self.shape, np.float32) / 2
        values: np.ndarray = coarse[self._cell_of] + noise
        if self.kind.dtype != "uint8":
            return values
        pixels: np.ndarray = np.clip(values * 64 + 128, 0, 255).astype(np.uint8)
        return pixels


@dataclass(frozen=True, eq=False)
class SyntheticStore(Store):
    """Inputs that are made when they are read.

    Attributes:
        recipe: How one of them is made.
        positions: Numbers of the examples in the whole data set.
        labels: The labels of the whole data set.
    """

    recipe: _Recipe
    positions: np.ndarray = field()
    labels: np.ndarray

    @property
    def tells_layout(self) -> bool:
        # Fingerprints of these have been made of labels' bytes alone since before others were.
        return False

    @property
    def shape(self) -> tuple[int, ...]:
        return self.recipe.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        import numpy as np

        return np.dtype(self.recipe.kind.dtype)

    def __len__(self) -> int:
        return len(self.positions)

    def take(self, indices: np.ndarray) -> SyntheticStore:
        return replace(self, positions=self.positions[indices])

    def read(self, index: int) -> np.ndarray:
        position = int(self.positions[index])
        return self.recipe.features(position, self.labels[position])

    def name(self, index: int) -> str:
        return f"train[{int(self.positions[index])}]"

    def add_to(self, digest: Any) -> None:
        digest.update(f"{self.recipe}".encode())
        digest.update(self.positions.tobytes())
