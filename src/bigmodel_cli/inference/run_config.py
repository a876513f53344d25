"""The config that a run was trained with."""

from __future__ import annotations

from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.errors import DataError, UsageError
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.run_folder import PIECE_HINT, RunFolder


def read_experiment(run: RunFolder) -> Experiment:
    """The config that a run was trained with.

    Raises:
        DataError: If it is damaged, or not a config of this version.
    """
    try:
        return read_config(run.intact(run.config), was_trained=True).experiment
    except UsageError as error:
        raise DataError(error.message, hint=PIECE_HINT) from error
