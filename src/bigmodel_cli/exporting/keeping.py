"""What a run keeps of its exports: where they are listed, drawn and told."""

from __future__ import annotations

from collections.abc import Collection

from bigmodel_cli.figures import save
from bigmodel_cli.listener import Listener
from bigmodel_cli.reporting.export_plot import draw_exports
from bigmodel_cli.reporting.report.page import write_report
from bigmodel_cli.reporting.report.reported import read_exports
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.run_lock import record_files


def keep_exports(run: RunFolder, names: Collection[str], listener: Listener) -> None:
    """Put exports into the run's record, its plot and its report.

    Args:
        run: Whose they are.
        names: Of those that are new.
        listener: Is told.
    """
    folders = [run.exports / name for name in names]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    record_files(run, files, instead_of=folders)
    run = RunFolder(run.path)
    save(draw_exports(read_exports(run)), run, "exports")
    write_report(run)
    record_files(run, [run.plot("exports"), run.report])
    listener.say(f"written: {run.title}/exports/, and the run's report")
