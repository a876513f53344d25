"""A run's saved model, checked before it is loaded."""

from __future__ import annotations

from typing import Any

from bigmodel_cli.errors import DataError
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.whole_files import sha256_of


def load_checkpoint(run: RunFolder, name: str) -> Any:
    """A run's saved model, not compiled.

    Raises:
        DataError: If it is missing or damaged.
    """
    path = run.require(run.checkpoint(name))
    state = run.read_json(run.checkpoint_state(name))
    if sha256_of(path) != state.get("sha256"):
        raise DataError(f"{path}: damaged: its sha256 is not the one recorded when it was saved")
    import keras

    try:
        return keras.models.load_model(path, compile=False)
    except Exception as error:
        reason = str(error).strip().splitlines()[0]
        raise DataError(f"{path}: Keras {keras.__version__} cannot load it: {reason}") from error
