"""`bigmodel runs verify`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bigmodel_cli.cli import complete
from bigmodel_cli.cli.options import example, json_option, runs_dir_option

if TYPE_CHECKING:
    from bigmodel_cli.run_folder import RunFolder


@click.command(epilog=example("bigmodel runs verify", "bigmodel runs verify mnist --json"))
@click.argument("run", required=False, shell_complete=complete.runs)
@click.option("--accept", is_flag=True, help="Take files that were changed on purpose as they are now.")
@runs_dir_option
@json_option
def command(run: str | None, accept: bool, runs_dir: Path, as_json: bool) -> None:
    """Check every file of a run against the sha256 that was recorded when it was written.

    RUN is a run's folder, or a name for its newest completed run; left out, the newest of all is meant.
    Exit code 3: a file is damaged or missing.
    """
    from bigmodel_cli.byte_sizes import byte_size
    from bigmodel_cli.cli.output import echo_json, note, printable, table
    from bigmodel_cli.errors import DataError
    from bigmodel_cli.run_files import verify_run
    from bigmodel_cli.run_lock import accept_changes
    from bigmodel_cli.run_search import find_run

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
        rows = [[printable(file.name), byte_size(file.num_bytes), file.state] for file in checked]
        table(["file", "size", "state"], rows, numeric=["size"])
        note(f"{folder.title}: {len(checked) - len(bad)} of {len(checked)} files are sound")
    if bad:
        names = ", ".join(f"{file.name} ({file.state})" for file in bad)
        raise DataError(f"{folder.title}: {names}", hint=_advice(folder, [file.name for file in bad]))


def _advice(folder: RunFolder, names: list[str]) -> str:
    folders = {Path(name).parts[0] for name in names}
    if folder.checkpoints.name in folders:
        return (
            f"other checkpoints may do: bigmodel train --resume {folder.title}, or evaluate --checkpoint last"
        )
    if folder.evaluation("test").parent.name in folders:
        return f"evaluations are made again by: bigmodel evaluate {folder.title}"
    return f"restore them; if you changed them yourself: bigmodel runs verify {folder.title} --accept"
