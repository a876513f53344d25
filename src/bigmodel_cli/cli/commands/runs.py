"""`bigmodel runs`: what is under the folder of runs."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bigmodel_cli.cli import complete
from bigmodel_cli.cli.options import example, json_option, runs_dir_option

if TYPE_CHECKING:
    from bigmodel_cli.run_folder import RunFolder


@click.group(
    name="runs",
    invoke_without_command=True,
    epilog=example("bigmodel runs", "bigmodel runs ls mnist --json", "bigmodel runs verify mnist"),
)
@runs_dir_option
@json_option
@click.pass_context
def command(context: click.Context, runs_dir: Path, as_json: bool) -> None:
    """List runs and check their files; without a subcommand, list them."""
    if context.invoked_subcommand is None:
        context.invoke(ls, runs_dir=runs_dir, as_json=as_json)
    elif as_json or context.get_parameter_source("runs_dir") is click.core.ParameterSource.COMMANDLINE:
        name = context.invoked_subcommand
        raise click.UsageError(f"write options after {name}: bigmodel runs {name} --…", context)


@command.command(epilog=example("bigmodel runs ls", "bigmodel runs ls mnist"))
@click.argument("name", required=False, shell_complete=complete.runs)
@runs_dir_option
@json_option
def ls(name: str | None = None, runs_dir: Path | None = None, as_json: bool = False) -> None:
    """List runs, newest first: status, when, how long, how good.

    A run whose process is gone without a word has crashed; `bigmodel train --resume` goes on with it.
    """
    from bigmodel_cli.cli.output import echo_json, next_command, note, table
    from bigmodel_cli.run_folder import all_runs
    from bigmodel_cli.runs_dir import default_runs_dir

    runs_dir = runs_dir or default_runs_dir()
    found = [run for run in all_runs(runs_dir) if name in (None, run.path.parent.name)]
    rows = [_row(run) for run in found]
    if as_json:
        echo_json(rows)
        return
    if not rows:
        note(f"no run{f' named {name}' if name else ''} under {runs_dir}/")
        next_command("bigmodel train CONFIG")
        return
    columns = ["run", "status", "started", "time", "epochs", "result"]
    table(columns, [_cells(row) for row in rows], numeric=["time", "epochs"])
    broken = next((row for row in rows if row["status"] in ("interrupted", "crashed", "failed")), None)
    if broken is not None:
        next_command(f"bigmodel train --resume {shlex.quote(broken['run'])}")


def _row(run: RunFolder) -> dict[str, Any]:
    from bigmodel_cli.errors import DataError
    from bigmodel_cli.run_lock import status_of

    try:
        record = run.read_record()
    except DataError as error:
        return {"run": run.title, "status": "damaged", "error": error.message}
    keys = ("started", "ended", "seconds", "best", "test", "validation", "train", "gates", "error")
    kept = {key: record[key] for key in keys if record.get(key) is not None}
    device = record.get("plan", {}).get("device", {}).get("name")
    sessions = len(record.get("sessions", []))
    return {
        "run": run.title,
        "name": record.get("name"),
        "status": status_of(run, record),
        "device": device,
        "sessions": sessions,
        **kept,
        "epochs": record.get("epochs") or _epochs_so_far(run),
    }


def _epochs_so_far(run: RunFolder) -> int:
    """Of a run that has not come to its end."""
    from bigmodel_cli.errors import DataError
    from bigmodel_cli.metrics_file import read_metrics

    try:
        return len(read_metrics(run.metrics)["epoch"])
    except (DataError, KeyError):
        return 0


def _cells(row: dict[str, Any]) -> list[str]:
    from bigmodel_cli.cli.output import duration, metrics_line, printable

    split = next((name for name in ("test", "validation", "train") if name in row), None)
    result = f"{split} {metrics_line(row[split])}" if split else row.get("error", "")
    return [
        row["run"],
        row["status"],
        str(row.get("started", ""))[:16].replace("T", " "),
        duration(row["seconds"]) if "seconds" in row else "",
        str(row.get("epochs") or ""),
        printable(result).replace("\n", " "),
    ]


@command.command(epilog=example("bigmodel runs verify", "bigmodel runs verify mnist --json"))
@click.argument("run", required=False, shell_complete=complete.runs)
@click.option("--accept", is_flag=True, help="Take files that were changed on purpose as they are now.")
@runs_dir_option
@json_option
def verify(run: str | None, accept: bool, runs_dir: Path, as_json: bool) -> None:
    """Check every file of a run against the sha256 that was recorded when it was written.

    RUN is a run's folder, or a name for its newest completed run; left out, the newest of all is meant.
    Exit code 3: a file is damaged or missing.
    """
    from bigmodel_cli.cli.output import echo_json, note, printable, size, table
    from bigmodel_cli.errors import DataError
    from bigmodel_cli.run_files import verify_run
    from bigmodel_cli.run_folder import find_run
    from bigmodel_cli.run_lock import accept_changes

    folder = find_run(run, runs_dir)
    if accept:
        for name in accept_changes(folder):
            note(f"taken as it is now: {name}")
    checked = verify_run(folder)
    bad = [file for file in checked if not file.is_sound]
    if as_json:
        files = [{"file": file.name, "state": file.state, "bytes": file.num_bytes} for file in checked]
        echo_json({"run": str(folder.path), "sound": not bad, "files": files})
    else:
        rows = [[printable(file.name), size(file.num_bytes), file.state] for file in checked]
        table(["file", "size", "state"], rows, numeric=["size"])
        note(f"{folder.title}: {len(checked) - len(bad)} of {len(checked)} files are sound")
    if bad:
        names = ", ".join(f"{file.name} ({file.state})" for file in bad)
        raise DataError(f"{folder.title}: {names}", hint=_advice(folder, [file.name for file in bad]))


def _advice(folder: RunFolder, names: list[str]) -> str:
    if any(name.startswith("checkpoints/") for name in names):
        return (
            f"other checkpoints may do: bigmodel train --resume {folder.title}, or evaluate --checkpoint last"
        )
    if any(name.startswith("evaluation/") for name in names):
        return f"evaluations are made again by: bigmodel evaluate {folder.title}"
    return f"restore them; if you changed them yourself: bigmodel runs verify {folder.title} --accept"
