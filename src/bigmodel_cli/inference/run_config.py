"""The config that a run was trained with."""

from __future__ import annotations

from bigmodel_cli.config.load import LoadedConfig
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.errors import DataError, UsageError
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.modeling.own_code import allow, load
from bigmodel_cli.run_folder import PIECE_HINT, RunFolder


def read_experiment(run: RunFolder) -> Experiment:
    """The config that a run was trained with.

    Raises:
        DataError: If it is damaged, or not a config of this version.
    """
    return _read(run).experiment


def load_own_code(run: RunFolder, *, trust: bool) -> None:
    """Run the Python of its user's own that a run has, so that its model can be loaded; most have none.

    Args:
        run: The run.
        trust: Whether it may run though it is not what the user has written.

    Raises:
        DataError: If it may not run, or is damaged.
        ConfigError: If it fails.
    """
    if not run.code.is_dir():
        return
    code = _read(run).code
    for file in code.files:
        run.intact(file.path)
    allow(code, trust=trust)
    load(code)


def _read(run: RunFolder) -> LoadedConfig:
    try:
        return read_config(run.intact(run.config), was_trained=True)
    except UsageError as error:
        raise DataError(error.message, hint=PIECE_HINT) from error
