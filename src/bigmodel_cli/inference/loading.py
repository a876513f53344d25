"""A run's saved model, checked before it is loaded."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bigmodel_cli.cut import cut
from bigmodel_cli.errors import DataError, ResourceError
from bigmodel_cli.inference.run_config import load_own_code
from bigmodel_cli.modeling.backend import is_out_of_memory
from bigmodel_cli.modeling.channels import without_dead_channels
from bigmodel_cli.modeling.keras_archive import TRUST_HINT, check_archive
from bigmodel_cli.modeling.precision import write_in_float32
from bigmodel_cli.run_files import checkpoint_entry
from bigmodel_cli.run_folder import LOSES_CHANNELS, RunFolder
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
    path = _checked(run, name, trust=trust)
    with _naming(path, trust=trust):
        return _load(path, trust=trust)


def load_for_inference(run: RunFolder, name: str, *, trust: bool = False) -> Any:
    """A run's saved model as it evaluates and predicts: in float32, whatever it was trained in.

    Of a run whose channels were pruned it is without those.

    Raises:
        DataError, ResourceError: As `load_checkpoint`.
    """
    path = _checked(run, name, trust=trust)
    with _naming(path, trust=trust), tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / path.name
        model = _load(plain if write_in_float32(path, plain) else path, trust=trust)
    return without_dead_channels(model) if run.read_record().get(LOSES_CHANNELS) else model


def _checked(run: RunFolder, name: str, *, trust: bool) -> Path:
    checkpoint_entry(run, name)
    path = run.checkpoint(name)
    load_own_code(run, trust=trust)
    check_archive(path, trust=trust)
    return path


def _load(path: Path, *, trust: bool) -> Any:
    import keras

    return keras.models.load_model(path, compile=False, safe_mode=not trust)


@contextmanager
def _naming(path: Path, *, trust: bool) -> Iterator[None]:
    """Say of which file it is that something cannot be loaded."""
    try:
        yield
    except Exception as error:
        if is_out_of_memory(error):
            raise
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            raise ResourceError(
                f"{path}: Keras unpacks it in {tempfile.gettempdir()}, "
                f"which cannot be written: {error.strerror}",
                hint="free some space, or let TMPDIR name another folder",
            ) from error
        import keras

        hint = None if trust or "safe_mode" not in str(error) else TRUST_HINT
        raise DataError(
            f"{path}: Keras {keras.__version__} cannot load it: {first_line(error)}", hint=hint
        ) from error


def first_line(error: Exception) -> str:
    """What Keras says, without the whole config that it may repeat."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return cut(lines[0], MAX_REASON)
