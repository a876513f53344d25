"""What of a run's weights stands for classes or words, and so goes to another model by their names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bigmodel_cli.class_names import class_name
from bigmodel_cli.modeling.cut import leaves


class Head:
    """The last layer of a model, each of whose outputs may stand for a class.

    Args:
        layer: It.
        source: The last layer of the other run's model.
        theirs: Names of the classes that the other run's last layer tells apart; None: it gives numbers.
        ours: Those of this run.
    """

    def __init__(
        self, layer: Any, source: Any, theirs: Sequence[str] | None, ours: Sequence[str] | None
    ) -> None:
        self._layer = layer
        self._source = source
        self._theirs = None if theirs is None else [class_name(name) for name in theirs]
        self._ours = None if ours is None else [class_name(name) for name in ours]

    def is_of(self, layer: Any) -> bool:
        """Whether a layer is the one whose outputs these are."""
        return layer is self._layer

    def reason_against(self, source: Any, layer: Any) -> str | None:
        """Why a layer does not get the weights of another; None where it does, maybe in another order."""
        if source is not self._source and layer is not self._layer:
            return None
        if self._theirs == self._ours:
            return None
        if (self._theirs is None) != (self._ours is None):
            return "classes here, numbers there" if self._theirs is None else "numbers here, classes there"
        if source is not self._source or layer is not self._layer or self._order() is None:
            return "the classes are others"
        fits = all(weight.shape[-1] == len(self._order() or ()) for weight in source.weights)
        return None if fits else "the classes are in another order"

    def weights_for(self, source: Any, layer: Any) -> list[np.ndarray]:
        """The weights of a layer, those of the last one in the order of the classes here."""
        weights = [weight.numpy() for weight in base_weights(source)]
        order = self._order()
        if layer is not self._layer or order is None or self._theirs == self._ours:
            return weights
        return [weight[..., order] for weight in weights]

    def _order(self) -> list[int] | None:
        """For each class here its place there; None where they are not the same classes."""
        if self._theirs is None or self._ours is None or set(self._theirs) != set(self._ours):
            return None
        return [self._theirs.index(name) for name in self._ours]


def vocabularies(model: Any) -> list[list[Any]]:
    """The words of each layer that turns words into numbers, in the order of these numbers."""
    return [list(layer.get_vocabulary()) for layer in leaves(model) if hasattr(layer, "get_vocabulary")]


def base_weights(layer: Any) -> list[Any]:
    """The weights of a layer without the low-rank ones that were put beside them."""
    return [weight for weight in layer.weights if not weight.name.startswith("lora_")]
