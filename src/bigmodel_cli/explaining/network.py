"""A run's model as explanations need it: float pixels in, one number per class out that does not saturate.

A softmax that is sure has no slope left: at a probability of 0.9999 no pixel seems to matter. So the
number that is explained is the log-odds of a class, log(p / (1 - p)), computed from what stands before
the last softmax or sigmoid: the logit of the class against all others together. Unlike the bare logit it
tells this class from the others (what raises every logit alike explains nothing), and unlike the
log-probability it goes on growing where p is nearly 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bigmodel_cli.config.reading import Activation
from bigmodel_cli.explaining.surgery import final_activation, rebuild
from bigmodel_cli.scoring.probabilities import are_probabilities
from bigmodel_cli.signature import Signature

LOG_ODDS, OUTPUT = "log-odds", "output"
_SMALLEST = 1e-7


class Network:
    """Computes scores of classes, or the predicted numbers, for float pixels.

    Args:
        model: The run's functional `keras.Model`, from raw pixels to outputs.
        signature: What it takes.
        of_logits: What makes probabilities of its outputs, where those are logits; None: they are none.
        temperature: Of the decision rule.
        tapped: The layer that Grad-CAM looks at.

    Attributes:
        batch_axes: Axes of one example.
        explained: `log-odds`, or `output` where the outputs are numbers or no probabilities.
    """

    def __init__(
        self,
        model: Any,
        signature: Signature,
        *,
        of_logits: Activation | None = None,
        temperature: float = 1.0,
        tapped: Any = None,
    ) -> None:
        import keras

        self._temperature = temperature
        self._is_one_for_two = signature.class_names is not None and model.output_shape[-1] == 1
        last, activation = final_activation(model) if signature.class_names is not None else (None, None)
        if of_logits is not None:
            last, activation = None, of_logits
        self._activation = activation
        self._has_probabilities = (
            activation is None
            and signature.class_names is not None
            and not self._is_one_for_two
            and _gives_probabilities(model, signature)
        )
        self.explained = LOG_ODDS if activation or self._has_probabilities else OUTPUT
        # Pixels that are whole numbers have no gradient.
        inputs = keras.tree.map_structure(
            lambda tensor: keras.Input(batch_shape=tensor.shape, dtype="float32", name=tensor.name),
            model.input,
        )
        self._model = rebuild(model, inputs=inputs, bare=last if activation else None, tapped=tapped)
        self._is_tapped = tapped is not None

    def scores(self, pixels: Any, targets: Sequence[int]) -> Any:
        """The number that is explained, for some classes or outputs.

        Args:
            pixels: A float32 tensor of shape (n, …).
            targets: Their indices.

        Returns:
            A float32 tensor of shape (n, targets).
        """
        return self.scores_and_features(pixels, targets)[0]

    def scores_and_features(self, pixels: Any, targets: Sequence[int]) -> tuple[Any, Any]:
        """The same, with the output of the tapped layer (None where there is no such layer)."""
        import keras

        outputs = self._model(pixels, training=False)
        features = None
        if self._is_tapped:
            outputs, features = outputs
        outputs = keras.ops.reshape(outputs, (len(pixels), -1))
        columns = [self._score(outputs, target) for target in targets]
        return keras.ops.stack(columns, axis=1), features

    def _score(self, outputs: Any, target: int) -> Any:
        import keras

        if self._is_one_for_two:
            score = outputs[:, 0] if target == 1 else -outputs[:, 0]
            return score / self._temperature if self.explained == LOG_ODDS else score
        if self._has_probabilities:
            outputs = keras.ops.log(keras.ops.maximum(outputs, _SMALLEST))
        elif self._activation != "softmax":
            return outputs[:, target]
        logits = outputs / self._temperature
        others = keras.ops.concatenate([logits[:, :target], logits[:, target + 1 :]], axis=1)
        return logits[:, target] - keras.ops.logsumexp(others, axis=1)


def _gives_probabilities(model: Any, signature: Signature) -> bool:
    """Whether a model whose last step is unknown gives probabilities, as two images of one grey each tell."""
    pixels = np.stack([np.full(signature.shape, value, signature.dtype) for value in (0, 128)])
    return are_probabilities(np.asarray(model(pixels, training=False), np.float64))
