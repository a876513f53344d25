"""The features before a model's last layer as they are compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

# Of more features some are compared, which are spread over all.
_MOST_FEATURES = 4_096
_TINY = 1e-6


@dataclass(frozen=True, eq=False)
class Compared:
    """How features are compared.

    With their square roots few large ones do not hide the others. Of a feature map means are compared: of
    each channel and of each place, and along each axis. Single numbers of a map see more of how an example
    was drawn than of what it is.

    Attributes:
        shape: Of the map that features are flattened from, channels last; of no sizes: they are a vector.
        spreads: What the means of channels and places, and those along axes, are divided by, so that both
            count the same; shape (2,).
    """

    shape: tuple[int, ...] = ()
    spreads: np.ndarray = field(default_factory=lambda: np.ones(2))

    def of(self, features: np.ndarray) -> np.ndarray:
        """Features of shape (n, features) as float32 of shape (n, compared)."""
        parts = zip(self.parts(features), self.spreads, strict=False)
        found = np.concatenate([part / np.float32(spread) for part, spread in parts], axis=1)
        if found.shape[1] > _MOST_FEATURES:
            found = found[:, np.linspace(0, found.shape[1] - 1, _MOST_FEATURES).astype(np.int64)]
        return np.asarray(found, np.float32)

    @classmethod
    def fit(cls, features: np.ndarray, shape: Sequence[int]) -> Compared:
        """For features of some training examples, flattened from maps of a shape."""
        found = cls(tuple(shape) if len(shape) > 1 else ())
        if not found.shape:
            return found
        spreads = [np.sqrt(part.var(axis=0).sum()) + _TINY for part in found.parts(features)]
        return replace(found, spreads=np.array([*spreads, 1.0])[:2])

    def parts(self, features: np.ndarray) -> list[np.ndarray]:
        """What is compared of features of shape (n, features), undivided: (n, …) for each of `spreads`."""
        if not self.shape:
            return [_roots(features)]
        maps = features.reshape(-1, *self.shape)
        places = tuple(range(1, maps.ndim - 1))
        both = [[maps.mean(axis=places), maps.mean(axis=-1)]]
        if len(places) > 1:
            both.append([maps.mean(axis=axis) for axis in places])
        flat = [[means.reshape(len(maps), -1) for means in part] for part in both]
        return [_roots(np.concatenate(part, axis=1)) for part in flat]


def _roots(features: np.ndarray) -> np.ndarray:
    return np.asarray(np.sign(features) * np.sqrt(np.abs(features)), np.float32)
