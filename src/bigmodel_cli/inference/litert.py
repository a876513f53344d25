"""The LiteRT engine: a saved model that predicts without TensorFlow, in a fraction of its start-up time."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from bigmodel_cli.errors import DataError
from bigmodel_cli.native_output import silenced


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
        try:
            self._interpreter.invoke()
        except RuntimeError as error:
            # LiteRT repeats itself, without a blank between.
            reason = str(error).partition("Node number")[0].strip() or "LiteRT refuses it"
            raise DataError(f"the model cannot compute it: {reason}") from None
        return np.array(self._interpreter.get_tensor(self._output["index"]))
