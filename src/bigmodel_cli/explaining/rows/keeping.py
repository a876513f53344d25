"""What columns are worth, kept in a run's folder, where its page shows it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from bigmodel_cli.explaining.rows.results import ColumnImportances
from bigmodel_cli.inference.opened import OpenRun
from bigmodel_cli.listener import Listener
from bigmodel_cli.reporting.report.page import write_report
from bigmodel_cli.run_files import require_no_folders
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.run_lock import record_files
from bigmodel_cli.whole_files import write_json


def keep_importances(opened: OpenRun, found: Sequence[ColumnImportances], listener: Listener) -> None:
    """Write importance.json, and the report that shows it.

    Args:
        opened: A completed run.
        found: By target; those of other targets that were asked for before stay.
        listener: Is told what was written.
    """
    folder = opened.folder
    if not os.access(folder.path, os.W_OK):
        listener.warn(f"{folder.title}: may only be read, so that nothing is kept there")
        return
    require_no_folders([folder.importance, folder.report])
    known: list[dict[str, Any]] = []
    if folder.expects(folder.importance):
        known = folder.read_json(folder.intact(folder.importance))["targets"]
    by_target = {one["target"]: one for one in known} | {one.target: one.as_json() for one in found}
    write_json(folder.importance, {"targets": list(by_target.values())})
    record_files(folder, [folder.importance])
    # With the record that has it.
    write_report(RunFolder(folder.path))
    record_files(folder, [folder.report])
    listener.say(f"written: {folder.title}/{folder.inside(folder.importance)}, and its report")
