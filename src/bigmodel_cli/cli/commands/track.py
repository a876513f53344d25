"""`bigmodel track`."""

from __future__ import annotations

from pathlib import Path

import click

from bigmodel_cli.cli import complete
from bigmodel_cli.cli.options import example, json_option, offline_option, runs_dir_option


@click.command(
    epilog=example(
        "bigmodel track",
        "bigmodel track digits --to mlflow",
        "bigmodel track digits --to '{mlflow: {uri: http://localhost:5000}}'",
    )
)
@click.argument("run", required=False, shell_complete=complete.runs)
@click.option(
    "--to",
    "trackers",
    multiple=True,
    metavar="TRACKER",
    help="Where to, as in the config's track; may be repeated. Left out: what the run's config names.",
)
@runs_dir_option
@offline_option
@json_option
def command(run: str | None, trackers: tuple[str, ...], runs_dir: Path, offline: bool, as_json: bool) -> None:
    """Send to trackers what they lack of a run: parameters, metrics, files, how it ended.

    RUN is a run's folder, or a name for its newest completed run; left out, the newest of all is meant.
    What a tracker has already is not sent again.
    """
    from bigmodel_cli.cli.output import echo_json, note
    from bigmodel_cli.cli.progress import listening
    from bigmodel_cli.errors import ResourceError, UsageError
    from bigmodel_cli.modeling.language import read_config
    from bigmodel_cli.run_lock import locked
    from bigmodel_cli.run_search import find_run
    from bigmodel_cli.tracking.feeder import feeders, finishing, require_trackers

    folder = find_run(run, runs_dir)
    words = [f"track=[{', '.join(trackers)}]"] if trackers else []
    wanted = read_config(folder.intact(folder.config), words, was_trained=True).experiment.track
    if not wanted:
        raise UsageError(
            f"{folder.title}: its config names no tracker",
            hint=f"name one: bigmodel track {folder.title} --to mlflow",
        )
    require_trackers(wanted)
    with listening(plain=True) as listener, locked(folder):
        found = feeders(folder, wanted, listener, offline=offline)
        with finishing(found):
            pass
    failed = {feeder.name: feeder.failure for feeder in found if feeder.failure is not None}
    if failed:
        what = "; ".join(f"{name}: {why}" for name, why in failed.items())
        raise ResourceError(f"{folder.title}: not everything has arrived: {what}", hint="try it once more")
    if as_json:
        echo_json({"run": str(folder.path), "trackers": [feeder.name for feeder in found]})
    else:
        for feeder in found:
            note(f"{feeder.name} has everything of {folder.title}")
