"""The LiteRT engine: a saved model that predicts without TensorFlow, in a fraction of its start-up time."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from bigmodel_cli.errors import DataError
from bigmodel_cli.native_output import silenced


class LiteRTEngine:
    """Predicts with `ai-edge-litert`.

    Args:
        path: A .tflite file.
        threads: How many compute; None: one for each core.

    Raises:
        ImportError: If the package is not installed on this platform.
        DataError: If the file is damaged.
    """

    needed: Collection[str] = ()

    def __init__(self, path: Path, threads: int | None = None) -> None:
        from ai_edge_litert.interpreter import Interpreter

        try:
            with silenced():
                self._interpreter = Interpreter(str(path), num_threads=threads or os.cpu_count() or 1)
            self._shapes: list[tuple[int, ...]] = []
            self._input = self._interpreter.get_input_details()[0]
            self._outputs = self._interpreter.get_output_details()
        except (ValueError, RuntimeError) as error:
            raise DataError(f"{path}: damaged: {error}") from None

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Model outputs, float32 of shape (n, …), for raw features of shape (n, …)."""
        self._invoke([(self._input["index"], features)])
        return self._given(0)

    def look(self, features: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Outputs as `predict` gives them, with what the last layer was given where the model has that."""
        outputs = self.predict(features)
        return outputs, self._given(1) if len(self._outputs) == 2 else None

    def _given(self, number: int) -> np.ndarray:
        return np.array(self._interpreter.get_tensor(self._outputs[number]["index"]))

    def predict_named(self, features: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Model outputs by name, each of shape (n, …), for features by name, each of shape (n, …).

        Args:
            features: What the model's signature names; what it does not name is not needed.
        """
        inputs, outputs = self._signature
        self._invoke([(index, features[name]) for name, index in inputs.items()])
        return {name: np.array(self._interpreter.get_tensor(index)) for name, index in outputs.items()}

    @cached_property
    def _signature(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The places of inputs and outputs by the names of the model's one signature."""
        runner = self._interpreter.get_signature_runner()
        both = (runner.get_input_details(), runner.get_output_details())
        inputs, outputs = ({name: one["index"] for name, one in details.items()} for details in both)
        return inputs, outputs

    def _invoke(self, inputs: Sequence[tuple[Any, np.ndarray]]) -> None:
        shapes = [values.shape for _, values in inputs]
        if shapes != self._shapes:
            with silenced():
                for index, values in inputs:
                    self._interpreter.resize_tensor_input(index, values.shape)
                self._interpreter.allocate_tensors()
            self._shapes = shapes
        for index, values in inputs:
            self._interpreter.set_tensor(index, values)
        try:
            self._interpreter.invoke()
        except RuntimeError as error:
            # LiteRT repeats itself, without a blank between.
            reason = str(error).partition("Node number")[0].strip() or "LiteRT refuses it"
            raise DataError(f"the model cannot compute it: {reason}") from None
