"""`bigmodel report`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bigmodel_cli.cli import complete
from bigmodel_cli.cli.options import example, json_option, runs_dir_option

if TYPE_CHECKING:
    from bigmodel_cli.tuning.folder import SearchFolder


@click.command(epilog=example("bigmodel report", "bigmodel report mnist --open"))
@click.argument("run", required=False, shell_complete=complete.runs)
@click.option("--open", "opens", is_flag=True, help="Show it in the browser.")
@runs_dir_option
@json_option
def command(run: str | None, opens: bool, runs_dir: Path, as_json: bool) -> None:
    """Write a run's report.html anew: one page with all of it, which needs no network.

    RUN is a run's folder, or a name for its newest completed run; left out, the newest of all is meant. Of a
    search, named by its folder, search.html is written.
    """
    from bigmodel_cli.cli.output import echo_json, note, printable
    from bigmodel_cli.inference.opened import open_run
    from bigmodel_cli.tuning.folder import SearchFolder

    if run is not None and SearchFolder(Path(run)).record.is_file():
        _of_search(SearchFolder(Path(run)), opens=opens, as_json=as_json)
        return
    from bigmodel_cli.reporting.report.page import write_report
    from bigmodel_cli.run_lock import record_files

    folder = open_run(run, runs_dir).folder
    if run is None:
        note(f"run: {folder.title} (the newest completed one)")
    write_report(folder)
    record_files(folder, [folder.report])
    if as_json:
        echo_json({"run": str(folder.path), "report": str(folder.report)})
    else:
        click.echo(printable(str(folder.report)))
    if opens:
        click.launch(folder.report.resolve().as_uri())


def _of_search(folder: SearchFolder, *, opens: bool, as_json: bool) -> None:
    from bigmodel_cli.cli.output import echo_json, printable
    from bigmodel_cli.errors import UsageError
    from bigmodel_cli.tuning.page.page import write_search_page
    from bigmodel_cli.tuning.summary import summarise_search

    summary = summarise_search(folder)
    if summary.best is None:
        raise UsageError(f"{summary.title}: no trial has a score yet, so there is nothing to show")
    write_search_page(summary)
    if as_json:
        echo_json({"search": str(folder.path), "page": str(folder.page)})
    else:
        click.echo(printable(str(folder.page)))
    if opens:
        click.launch(folder.page.resolve().as_uri())
