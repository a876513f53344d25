"""Train, evaluate and use Keras models from one YAML file.

from bigmodel_cli import load, train

run = train("digits.yaml", {"training.epochs": 3})
run.metrics["val_accuracy"]
run.predict("digit.png")
load("digits").evaluate()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bigmodel_cli.api import Run, load, train

__version__ = "0.1.0"
__all__ = ["Run", "load", "train"]


def __getattr__(name: str) -> Any:
    # So that nothing is loaded before it is used.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from bigmodel_cli import api

    return getattr(api, name)
