"""The LiteRT engine: a saved model that predicts without TensorFlow, in a fraction of its start-up time."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from bigmodel_cli.errors import BigmodelError, DataError
from bigmodel_cli.native_output import silenced

# How far an exported model's outputs may be from Keras's: float32 sums in another order.
TOLERANCE = 1e-3


class LiteRTEngine:
    """Predicts with `ai-edge-litert`.

    Args:
        path: A .tflite file.

    Raises:
        ImportError: If the package is not installed on this platform.
        DataError: If the file is damaged.
    """

    def __init__(self, path: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        try:
            with silenced():
                self._interpreter = Interpreter(str(path), num_threads=os.cpu_count() or 1)
            self._batch_size = -1
            self._input = self._interpreter.get_input_details()[0]
            self._output = self._interpreter.get_output_details()[0]
        except (ValueError, RuntimeError) as error:
            raise DataError(f"{path}: damaged: {error}") from None

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Model outputs, float32 of shape (n, …), for raw features of shape (n, …)."""
        if len(features) != self._batch_size:
            with silenced():
                self._interpreter.resize_tensor_input(self._input["index"], features.shape)
                self._interpreter.allocate_tensors()
            self._batch_size = len(features)
        self._interpreter.set_tensor(self._input["index"], features)
        self._interpreter.invoke()
        return np.array(self._interpreter.get_tensor(self._output["index"]))


class ExportError(BigmodelError):
    """The model cannot be exported, or the export does not answer as the model does."""


def export(model: Any, path: Path) -> None:
    """Write a Keras model as a .tflite file of float32 weights.

    Raises:
        ExportError: If it uses operations that LiteRT lacks.
    """
    import tensorflow as tf

    with silenced():
        converter = tf.lite.TFLiteConverter.from_keras_model(model)
        try:
            content = converter.convert()
        except Exception as error:
            lines = [line for line in str(error).splitlines() if line.strip()]
            raise ExportError(
                f"LiteRT cannot express this model: {lines[0] if lines else error!r}"
            ) from error
    path.write_bytes(content)


def check_parity(model: Any, path: Path, features: np.ndarray) -> float:
    """The largest difference between the outputs of a model and of its export.

    Args:
        model: The Keras model.
        path: Its .tflite file.
        features: Raw features to compare on.

    Raises:
        ExportError: If it is beyond `TOLERANCE`, relative to the largest output.
    """
    expected = np.asarray(model(features, training=False), np.float32)
    found = LiteRTEngine(path).predict(features)
    difference = float(np.max(np.abs(expected - found)))
    if not difference <= TOLERANCE * max(1.0, float(np.max(np.abs(expected)))):
        raise ExportError(f"the LiteRT model answers differently: by up to {difference:.3g}")
    return difference
