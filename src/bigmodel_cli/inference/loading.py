"""A run's saved model, checked before it is loaded."""

from __future__ import annotations

import tempfile
from typing import Any

from bigmodel_cli.cut import cut
from bigmodel_cli.errors import DataError, ResourceError
from bigmodel_cli.inference.keras_archive import TRUST_HINT, check_archive
from bigmodel_cli.modeling.backend import is_out_of_memory
from bigmodel_cli.modeling.precision import in_float32
from bigmodel_cli.run_files import checkpoint_entry
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.whole_files import NO_ROOM

MAX_REASON = 400


def load_checkpoint(run: RunFolder, name: str, *, trust: bool = False) -> Any:
    """A run's saved model, not compiled.

    Args:
        run: Whose model it is.
        name: Which checkpoint.
        trust: Load it even if it can run code.

    Raises:
        DataError: If it is missing or damaged, or holds what may not be loaded.
        ResourceError: If there is no room to unpack it.
    """
    checkpoint_entry(run, name)
    path = run.checkpoint(name)
    check_archive(path, trust=trust)
    import keras

    try:
        return keras.models.load_model(path, compile=False, safe_mode=not trust)
    except Exception as error:
        if is_out_of_memory(error):
            raise
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            raise ResourceError(
                f"{path}: Keras unpacks it in {tempfile.gettempdir()}, "
                f"which cannot be written: {error.strerror}",
                hint="free some space, or let TMPDIR name another folder",
            ) from error
        hint = None if trust or "safe_mode" not in str(error) else TRUST_HINT
        raise DataError(
            f"{path}: Keras {keras.__version__} cannot load it: {first_line(error)}", hint=hint
        ) from error


def load_for_inference(run: RunFolder, name: str, *, trust: bool = False) -> Any:
    """A run's saved model as it evaluates and predicts: in float32, whatever it was trained in.

    Raises:
        DataError, ResourceError: As `load_checkpoint`.
    """
    return in_float32(load_checkpoint(run, name, trust=trust))


def first_line(error: Exception) -> str:
    """What Keras says, without the whole config that it may repeat."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return cut(lines[0], MAX_REASON)
