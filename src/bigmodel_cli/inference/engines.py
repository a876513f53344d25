"""What computes predictions: LiteRT where the run has its model, else Keras."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

import numpy as np

from bigmodel_cli.errors import DataError, UsageError
from bigmodel_cli.run_folder import RunFolder

EngineName = Literal["auto", "litert", "keras"]


class Engine(Protocol):
    """Computes model outputs."""

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Model outputs, float32 of shape (n, …), for raw features of shape (n, …)."""


class KerasEngine:
    """Predicts with the run's saved Keras model.

    Args:
        run: Whose model it is.
        trust: Load it even if it can run code.
    """

    def __init__(self, run: RunFolder, *, trust: bool = False) -> None:
        from bigmodel_cli.inference.loading import load_checkpoint
        from bigmodel_cli.modeling.backend import choose_device, start

        choose_device("auto")
        start(seed=0)
        self._model = load_checkpoint(run, "best", trust=trust)

    def predict(self, features: np.ndarray) -> np.ndarray:
        return np.asarray(self._model(features, training=False), np.float32)


def open_engine(
    run: RunFolder, wanted: EngineName, *, warn: Callable[[str], None], trust: bool = False
) -> tuple[str, Engine]:
    """An engine with its name.

    Args:
        run: Whose model predicts.
        wanted: `auto` takes LiteRT where the run has its model and the package is installed.
        warn: Is told where a damaged LiteRT model is passed over.
        trust: Load a Keras model even if it can run code.

    Raises:
        UsageError: If LiteRT is asked for and cannot be had.
        DataError: If the model is missing or damaged.
    """
    if wanted == "keras":
        return "keras", KerasEngine(run, trust=trust)
    if run.expects(run.litert_model):
        from bigmodel_cli.inference.litert import LiteRTEngine

        try:
            # LiteRT notices no damage to the weights, it only predicts something else.
            return "litert", LiteRTEngine(run.intact(run.litert_model))
        except ImportError as error:
            if wanted == "litert":
                raise UsageError(
                    f"LiteRT cannot be loaded: {error}", hint="pip install ai-edge-litert"
                ) from error
        except DataError as error:
            if wanted == "litert":
                raise DataError(error.message, hint="use --engine keras") from error
            warn(f"{error.message}; predicting with Keras instead")
    elif wanted == "litert":
        raise UsageError(f"{run.title}: the run has no LiteRT model", hint="use --engine keras")
    return "keras", KerasEngine(run, trust=trust)
