"""A run's model as explanations need it: float pixels in, one number per target out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bigmodel_cli.config.reading import Activation
from bigmodel_cli.modeling.backend import import_tensorflow
from bigmodel_cli.modeling.surgery import rebuild
from bigmodel_cli.parts import part_of
from bigmodel_cli.signature import Signature
from bigmodel_cli.tasks.explain import Explained


class Network:
    """Computes scores of classes, or the predicted numbers, for float pixels.

    Args:
        model: The run's functional `keras.Model`, from raw pixels to outputs.
        signature: What it takes.
        of_logits: What makes probabilities of its outputs, where those are logits; None: they are none.
        temperature: Of the decision rule.
        tapped: The layer that Grad-CAM looks at.

    Attributes:
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

        self._score = part_of(signature.task, Explained).score(model, signature.kind, of_logits, temperature)
        self.explained = self._score.name
        # Pixels that are whole numbers have no gradient.
        inputs = keras.tree.map_structure(
            lambda tensor: keras.Input(batch_shape=tensor.shape, dtype="float32", name=tensor.name),
            model.input,
        )
        self._model = rebuild(model, inputs=inputs, bare=self._score.bare, tapped=tapped)
        self._is_tapped = tapped is not None
        self._gradients = import_tensorflow().function(self._traced_gradients, autograph=False)

    def scores(self, pixels: Any, targets: Sequence[int]) -> Any:
        """The number that is explained, for some classes or outputs.

        Args:
            pixels: A float32 tensor of shape (n, …).
            targets: Their indices.

        Returns:
            A float32 tensor of shape (n, targets).
        """
        return self.scores_and_features(pixels, targets)[0]

    def gradients(self, pixels: Any, targets: Sequence[int]) -> Sequence[Any]:
        """For each target the gradient of its score by pixels, of their shape; None where none reaches them.

        They come of a graph, which leaves out what is not asked for: eagerly TensorFlow computes those of
        kernels too, as much work again, for which oneDNN has no way at some shapes.

        Args:
            pixels, targets: As for `scores`.
        """
        gradients: Sequence[Any] = self._gradients(pixels, tuple(targets))
        return gradients

    def _traced_gradients(self, pixels: Any, targets: Sequence[int]) -> Sequence[Any]:
        tf = import_tensorflow()
        with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
            tape.watch(pixels)
            columns = tf.unstack(self.scores(pixels, targets), axis=1)
        return [tape.gradient(column, pixels) for column in columns]

    def scores_and_features(self, pixels: Any, targets: Sequence[int], places: Any = None) -> tuple[Any, Any]:
        """The same, with the output of the tapped layer (None where there is no such layer).

        Args:
            pixels, targets: As for `scores`.
            places: Those of the prediction that count, where it has some; None: all.
        """
        import keras

        outputs = self._model(pixels, training=False)
        features = None
        if self._is_tapped:
            outputs, features = outputs
        outputs = keras.ops.reshape(outputs, (pixels.shape[0], -1))
        of, within = self._score.of, self._score.within
        columns = [
            of(outputs, target) if places is None or within is None else within(outputs, target, places)
            for target in targets
        ]
        return keras.ops.stack(columns, axis=1), features
