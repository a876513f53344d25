"""What computes predictions: LiteRT where the run has its model, else Keras."""

from __future__ import annotations

from typing import Literal, Protocol

import numpy as np

from bigmodel_cli.errors import DataError, UsageError
from bigmodel_cli.run_folder import LITERT_SHA256, RunFolder
from bigmodel_cli.whole_files import sha256_of

EngineName = Literal["auto", "litert", "keras"]


class Engine(Protocol):
    """Computes model outputs."""

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Model outputs, float32 of shape (n, …), for raw features of shape (n, …)."""


class KerasEngine:
    """Predicts with the run's saved Keras model."""

    def __init__(self, run: RunFolder) -> None:
        from bigmodel_cli.inference.loading import load_checkpoint
        from bigmodel_cli.modeling.backend import choose_device, start

        choose_device("auto")
        start(seed=0)
        self._model = load_checkpoint(run, "best")

    def predict(self, features: np.ndarray) -> np.ndarray:
        return np.asarray(self._model(features, training=False), np.float32)


def open_engine(run: RunFolder, wanted: EngineName) -> tuple[str, Engine]:
    """An engine with its name.

    Args:
        run: Whose model predicts.
        wanted: `auto` takes LiteRT where the run has its model and the package is installed.

    Raises:
        UsageError: If LiteRT is asked for and cannot be had.
        DataError: If the model is missing or damaged.
    """
    if wanted == "keras":
        return "keras", KerasEngine(run)
    if run.litert_model.is_file():
        from bigmodel_cli.inference.litert import LiteRTEngine

        _check_sha256(run)
        try:
            return "litert", LiteRTEngine(run.litert_model)
        except ImportError as error:
            if wanted == "litert":
                raise UsageError(
                    f"LiteRT cannot be loaded: {error}", hint="pip install ai-edge-litert"
                ) from error
    elif wanted == "litert":
        raise UsageError(f"{run.title}: the run has no LiteRT model", hint="use --engine keras")
    return "keras", KerasEngine(run)


def _check_sha256(run: RunFolder) -> None:
    """LiteRT notices no damage to the weights, it only predicts something else."""
    recorded = run.read_record().get(LITERT_SHA256)
    if recorded not in (None, sha256_of(run.litert_model)):
        raise DataError(
            f"{run.litert_model}: damaged: its sha256 is not the one recorded when it was written",
            hint="use --engine keras",
        )
