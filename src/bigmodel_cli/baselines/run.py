"""Baselines of a run: on its own splits, kept in its folder."""

from __future__ import annotations

import os
from typing import Any

from bigmodel_cli.baselines.measure import measure_baselines
from bigmodel_cli.inference.opened import OpenRun
from bigmodel_cli.inference.run_config import read_experiment
from bigmodel_cli.inference.run_data import HELD_OUT, check_data, load_splits
from bigmodel_cli.listener import Listener
from bigmodel_cli.reporting.report.page import write_report
from bigmodel_cli.run_files import require_no_folders
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.run_lock import record_files
from bigmodel_cli.whole_files import write_json


def keep_baselines(opened: OpenRun, listener: Listener, *, offline: bool) -> dict[str, Any]:
    """Fit simple models to a run's data, and keep in its folder what they reach; its report shows it.

    Args:
        opened: A completed run.
        listener: Is told what is fitted.
        offline: No download may be made.

    Returns:
        As `measure_baselines`.

    Raises:
        UsageError: If the run is not complete.
        DataError: If its data are not there, or not those that it was trained with.
    """
    folder, experiment = opened.folder, read_experiment(opened.folder)
    require_no_folders([folder.baselines, folder.report])
    splits = load_splits(experiment, listener, offline=offline)
    for name in HELD_OUT:
        if name in splits.parts:
            check_data(opened, splits, name, listener)
    document = measure_baselines(experiment, splits, listener)
    if not os.access(folder.path, os.W_OK):
        listener.warn(f"{folder.title}: may only be read, so that nothing is kept there")
        return document
    write_json(folder.baselines, document)
    record_files(folder, [folder.baselines])
    # With the record that has it.
    write_report(RunFolder(folder.path))
    record_files(folder, [folder.report])
    listener.say(f"written: {folder.title}/{folder.inside(folder.baselines)}, and its report")
    return document
