"""How far the features of an example, before the model's last layer, are from those that are common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from bigmodel_cli.inference.compared_features import Compared
from bigmodel_cli.inference.neighbours import Neighbours
from bigmodel_cli.inference.rarity import Rarity
from bigmodel_cli.inference.standing import scale_of_each, standing

# The part of held-out examples that are usual.
_USUAL = 0.982
# What stands before the names of the neighbours' arrays.
_OF_NEIGHBOURS = "neighbours_"


@dataclass(frozen=True, eq=False)
class Inner:
    """What features are common.

    They are compared in two ways, which find different strangers: with the main directions of the predicted
    class, and with the nearest of all training examples. Both are deviations of what is usual in the
    class; their sum is what is limited.

    Attributes:
        rarity: How far they are from the directions of their class.
        compared: How they are compared; of runs from before maps were told apart, as vectors.
        neighbours: The training examples; None where they are too few, or the run is older than that.
        scale: Of the distances to these, of each class, shape (classes, 2).
        limit: What is further is rare.
    """

    rarity: Rarity
    compared: Compared = field(default_factory=Compared)
    neighbours: Neighbours | None = None
    scale: np.ndarray | None = None
    limit: float = np.inf

    def of(self, features: np.ndarray, scores: np.ndarray | None) -> np.ndarray:
        """How far each example is, in deviations of what is usual; shape (n,).

        Args:
            features: As the model gives them, shape (n, features).
            scores: Probabilities, shape (n, classes); None where there are none.
        """
        return self.of_compared(self.compared.of(features), scores)

    def of_compared(self, features: np.ndarray, scores: np.ndarray | None) -> np.ndarray:
        """The same of features that are ready to be compared."""
        rare = self.rarity.of(features, scores)
        if self.neighbours is not None and self.scale is not None:
            groups = self.rarity.groups_of(len(features), scores)
            rare = rare + standing(self.neighbours.distances(features), self.scale[groups])
        return rare

    @classmethod
    def fit(
        cls,
        learned: np.ndarray,
        labels: np.ndarray,
        others: np.ndarray,
        scores: np.ndarray | None,
        shape: Sequence[int] = (),
    ) -> Inner | None:
        """What is common; None where there is too little to say.

        Args:
            learned: Features of training examples, shape (n, features).
            labels: Their classes, where there are scores.
            others: Features of held-out examples, which say how far is usual.
            scores: Their probabilities, shape (m, classes); None where there are none.
            shape: Of the map that features are flattened from, if any.
        """
        compared = Compared.fit(learned, shape)
        learned, others = compared.of(learned), compared.of(others)
        rarity = Rarity.of_features(learned, labels, others, scores)
        if rarity is None:
            return None
        found = cls(rarity, compared, Neighbours.of(learned))
        if found.neighbours is not None:
            groups = rarity.groups_of(len(others), scores)
            distances = found.neighbours.distances(others)
            found = replace(found, scale=scale_of_each(distances, groups, len(rarity.means)))
        rare = found.of_compared(others, scores)
        return replace(found, limit=float(np.quantile(rare, _USUAL, method="higher")))

    def arrays(self) -> dict[str, np.ndarray]:
        """As a file has it."""
        arrays = {**self.rarity.arrays(), "limit": np.array(self.limit)}
        if self.compared.shape:
            arrays |= {"shape": np.array(self.compared.shape), "spreads": self.compared.spreads}
        if self.neighbours is not None and self.scale is not None:
            arrays |= {f"{_OF_NEIGHBOURS}{name}": array for name, array in self.neighbours.arrays().items()}
            arrays[f"{_OF_NEIGHBOURS}scale"] = self.scale
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any]) -> Inner | None:
        """What `arrays` has written, now or by a version that knew less; None where it is not there."""
        rarity = Rarity.from_arrays(arrays)
        if rarity is None:
            return None
        of_neighbours = {
            name.removeprefix(_OF_NEIGHBOURS): array
            for name, array in arrays.items()
            if name.startswith(_OF_NEIGHBOURS)
        }
        compared = Compared()
        if "shape" in arrays:
            compared = Compared(tuple(arrays["shape"].tolist()), arrays["spreads"])
        neighbours = Neighbours.from_arrays(of_neighbours)
        return cls(rarity, compared, neighbours, of_neighbours.get("scale"), float(arrays["limit"]))
