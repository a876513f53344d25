"""How far an example is from those of training that are nearest to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bigmodel_cli.inference.main_directions import main_directions

# The directions that examples are kept in, how many are kept, and how many of them are near.
_DIRECTIONS, _MOST_EXAMPLES, _NEAREST = 64, 5_000, 3
# Of fewer the nearest ones are too far.
_LEAST_EXAMPLES = 200
# Examples are kept as whole numbers up to this one.
_LARGEST = 127
_TINY = 1e-9


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Examples of training, by the direction of their features: how large these are does not count.

    Deep nearest neighbours (Sun et al., 2022, Out-of-Distribution Detection with Deep Nearest Neighbors) find
    strangers by the distance to the k-th of all training examples' features of length 1. Here it is the mean
    of the distances to the nearest ones, in the main directions of these features.

    Attributes:
        mean: Of the features of length 1, shape (features,).
        directions: Orthonormal, float16 of shape (directions, features).
        examples: In these directions, int8 of shape (examples, directions).
        step: What 1 stands for there.
    """

    mean: np.ndarray
    directions: np.ndarray
    examples: np.ndarray
    step: float

    def distances(self, features: np.ndarray) -> np.ndarray:
        """Of each example, shape (n,), for features of shape (n, features)."""
        known = self.examples.astype(np.float32) * np.float32(self.step)
        new = _placed(features, self.mean, self.directions)
        found = []
        # A table of all distances at once would take more than the examples.
        for part in np.array_split(new, max(1, -(-len(new) // 256))):
            squares = (part**2).sum(axis=1)[:, None] + (known**2).sum(axis=1) - 2 * (part @ known.T)
            nearest = np.partition(squares, _NEAREST - 1, axis=1)[:, :_NEAREST]
            found.append(np.sqrt(np.maximum(nearest, 0)).mean(axis=1))
        return np.concatenate(found)

    @classmethod
    def of(cls, features: np.ndarray) -> Neighbours | None:
        """Examples of training as they are kept; None where they are too few.

        Args:
            features: Shape (n, features).
        """
        if len(features) < _LEAST_EXAMPLES:
            return None
        chosen = np.linspace(0, len(features) - 1, min(_MOST_EXAMPLES, len(features))).astype(np.int64)
        features = features[chosen]
        mean = _of_length_1(features).mean(axis=0)
        directions = main_directions(_of_length_1(features) - mean, min(_DIRECTIONS, *features.shape)).astype(
            np.float16
        )
        examples = _placed(features, mean, directions)
        step = max(float(np.abs(examples).max()) / _LARGEST, _TINY)
        return cls(mean, directions, np.round(examples / step).astype(np.int8), step)

    def arrays(self) -> dict[str, np.ndarray]:
        """As a file has it."""
        return {name: np.asarray(value) for name, value in vars(self).items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any]) -> Neighbours | None:
        """What `arrays` has written; None where it is not there."""
        if "examples" not in arrays:
            return None
        return cls(arrays["mean"], arrays["directions"], arrays["examples"], float(arrays["step"]))


def _of_length_1(features: np.ndarray) -> np.ndarray:
    return np.asarray(features / (np.linalg.norm(features, axis=1, keepdims=True) + _TINY), np.float32)


def _placed(features: np.ndarray, mean: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Features of length 1 in some directions."""
    return np.asarray((_of_length_1(features) - mean) @ directions.T.astype(np.float32))
