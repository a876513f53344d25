"""Files with whole models that a config names: looked at by `check`, so without TensorFlow and h5py."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bigmodel_cli.config.components import Component
from bigmodel_cli.config.load import LoadedConfig
from bigmodel_cli.config.problems import Problem
from bigmodel_cli.config.tree import ConfigPathKeys, place_at
from bigmodel_cli.config.walk import walk
from bigmodel_cli.errors import DataError
from bigmodel_cli.modeling.blocks.saved_model import SavedModel
from bigmodel_cli.modeling.keras_archive import check_archive
from bigmodel_cli.whole_files import sha256_of

H5 = (".h5", ".hdf5")
SAVE_AGAIN = "save it again where it was trained: model.save('model.keras')"
# What every file of HDF5 begins with.
_HDF5 = b"\x89HDF\r\n\x1a\n"


def require_file(path: Path) -> None:
    """Find out whether a file may be given to Keras, as far as that is known without h5py.

    Args:
        path: A `.keras` file, or an `.h5` file with a whole model.

    Raises:
        DataError: If there is no such file, or it is damaged or holds code.
    """
    if path.is_dir():
        raise DataError(
            f"{path}: a folder; expected a .keras file, or an .h5 file with a model", hint=SAVE_AGAIN
        )
    if path.suffix.lower() not in H5:
        check_archive(path)
        return
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    try:
        with path.open("rb") as file:
            begins_right = file.read(len(_HDF5)) == _HDF5
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from error
    if not begins_right:
        raise DataError(f"{path}: damaged, or not an .h5 file: it does not begin as one")


def require_same(path: Path, sha256: str | None) -> None:
    """Raises:
    DataError: If a file is not the one that a config was written for.
    """
    if sha256 is not None and sha256_of(path) != sha256:
        raise DataError(f"{path} is not the file that it was: its sha256 is another one")


def problems_of_files(config: LoadedConfig) -> list[Problem]:
    """What is wrong with the files that `saved_model` steps name; one that is missing may be elsewhere."""
    return [
        problem
        for step in walk(config.experiment.model)
        if isinstance(step.options, SavedModel)
        for problem in _problems(config, step, step.options)
    ]


def _problems(config: LoadedConfig, step: Component, options: SavedModel) -> Iterator[Problem]:
    def problem(key: str, message: str, hint: str | None, *, is_warning: bool = False) -> Problem:
        where: ConfigPathKeys = (*step.path, key)
        place = place_at(config.stack[-1], where)
        return Problem(place, where, message, suggestion=hint, is_warning=is_warning)

    if not options.path.exists():
        message = f"there is no {options.path}, so that nothing of the model could be checked"
        yield problem("path", message, "bigmodel train needs it", is_warning=True)
        return
    try:
        require_file(options.path)
    except DataError as error:
        yield problem("path", error.message, error.hint)
        return
    try:
        require_same(options.path, options.sha256)
    except DataError as error:
        yield problem("sha256", error.message, "write the sum of the file that is meant, or leave it out")
