"""`bigmodel evaluate`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bigmodel_cli.cli import complete
from bigmodel_cli.cli.options import (
    example,
    json_option,
    offline_option,
    plain_option,
    runs_dir_option,
    runs_dir_words,
    trust_option,
)

if TYPE_CHECKING:
    from bigmodel_cli.inference.evaluate import Evaluation


@click.command(epilog=example("bigmodel evaluate", "bigmodel evaluate mnist --split validation --json"))
@click.argument("run", required=False, shell_complete=complete.runs)
@click.option(
    "--split", type=click.Choice(["train", "validation", "test"]), help="Default: test, else validation."
)
@click.option("--checkpoint", default="best", show_default=True, help="best, last, or epoch-NNNN.")
@click.option(
    "--fail-under",
    multiple=True,
    metavar="METRIC=VALUE",
    help="Exit 4 if a metric is lower, for instance accuracy=0.99; may be repeated.",
)
@runs_dir_option
@offline_option
@trust_option
@plain_option
@json_option
def command(
    run: str | None,
    split: Any,
    checkpoint: str,
    fail_under: tuple[str, ...],
    runs_dir: Path,
    offline: bool,
    trust: bool,
    plain: bool,
    as_json: bool,
) -> None:
    """Evaluate a run's model on its test split.

    RUN is a run's folder, or a name for its newest completed run; left out, the newest of all is meant.
    """
    from bigmodel_cli.cli.output import echo_json, next_command, note, printable
    from bigmodel_cli.cli.progress import listening
    from bigmodel_cli.gates import check_gates, parse_fail_under, require_gates
    from bigmodel_cli.inference.opened import open_run

    floors = parse_fail_under(fail_under)
    opened = open_run(run, runs_dir)
    if run is None:
        note(f"run: {opened.folder.title} (the newest completed one)")
    with listening(plain=plain) as listener:
        from bigmodel_cli.inference.evaluate import evaluate_run

        result = evaluate_run(
            opened, split=split, checkpoint=checkpoint, listener=listener, offline=offline, trust=trust
        )
    gates = [
        *check_gates(result.gates, result.evaluation.gated_values),
        *check_gates(floors, result.evaluation.metrics, require_all=True),
    ]
    if as_json:
        document = result.evaluation.as_json()
        metrics = document.pop("metrics")
        echo_json(
            {
                "run": str(opened.folder.path),
                **document,
                result.evaluation.split: metrics,
                "gates": [gate.as_json() for gate in gates],
            }
        )
    else:
        _show(result.evaluation)
        for gate in gates:
            click.echo(printable(f"gate: {gate}: {'met' if gate.met else 'MISSED'}"))
        if result.is_kept:
            note(f"written: {opened.folder.title}/evaluation/")
        what = "IMAGE.png" if opened.signature.image_format else "ARRAY.npy"
        option = f" --run {shlex.quote(run)}" if run else ""
        next_command(f"bigmodel predict {what}{option}{runs_dir_words(runs_dir)}")
    require_gates(gates)


def _show(evaluation: Evaluation) -> None:
    from bigmodel_cli.cli.output import metrics_line, one_line, table

    click.echo(
        f"{evaluation.split} ({evaluation.num_examples:,} examples): {metrics_line(evaluation.metrics)}"
    )
    if "per_class" not in evaluation.details:
        return
    rows = [
        [
            one_line(row["class"]),
            f"{row['precision']:.4f}",
            f"{row['recall']:.4f}",
            f"{row['f1']:.4f}",
            f"{row['support']:,}",
        ]
        for row in evaluation.details["per_class"]
    ]
    columns = ["class", "precision", "recall", "f1", "examples"]
    table(columns, rows, numeric=columns[1:])
