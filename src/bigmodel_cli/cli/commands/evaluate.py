"""`bigmodel evaluate`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bigmodel_cli.cli import complete
from bigmodel_cli.cli.options import (
    ci_options,
    example,
    json_option,
    offline_option,
    plain_option,
    runs_dir_option,
    runs_dir_words,
    trust_option,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bigmodel_cli.gates import GateResult
    from bigmodel_cli.inference.evaluate import Request, RunEvaluation
    from bigmodel_cli.inference.opened import OpenRun
    from bigmodel_cli.listener import Listener
    from bigmodel_cli.reporting.ci import Checked


@click.command(
    epilog=example(
        "bigmodel evaluate",
        "bigmodel evaluate mnist --split validation --json",
        "bigmodel evaluate flowers --data new_photos/ --map daisies=daisy",
        "bigmodel evaluate mnist mnist_mlp",
        "bigmodel evaluate --fail-under accuracy=0.99 --junit results.xml",
        "bigmodel evaluate adult --by sex --by age",
    )
)
@click.argument("runs", nargs=-1, metavar="[RUN]...", shell_complete=complete.runs)
@click.option(
    "--split", type=click.Choice(["train", "validation", "test"]), help="Default: test, else validation."
)
@click.option("--checkpoint", default="best", show_default=True, help="best, last, or epoch-NNNN.")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Evaluate on other data: a folder of images or texts, a table, an .npz or .csv file, or the data of "
    "a config.",
)
@click.option(
    "--map",
    "renamed",
    multiple=True,
    metavar="OLD=NEW",
    help="With --data: its class OLD is the model's NEW; `OLD=` leaves it out; may be repeated.",
)
@click.option(
    "--by",
    multiple=True,
    metavar="COLUMN",
    help="Show scores of the groups that a column of the data makes, and gaps between them; numbers are cut "
    "at quartiles; may be repeated.",
)
@click.option(
    "--fail-under",
    multiple=True,
    metavar="METRIC=VALUE",
    help="Exit 4 if a metric is lower, for instance accuracy=0.99, accuracy=99% or "
    "per_class.recall.min=0.9; may be repeated.",
)
@ci_options
@runs_dir_option
@offline_option
@trust_option
@plain_option
@json_option
def command(
    runs: tuple[str, ...],
    fail_under: tuple[str, ...],
    runs_dir: Path,
    plain: bool,
    as_json: bool,
    **how: Any,
) -> None:
    """Evaluate a run's model on its test split, or on other data; several runs side by side.

    RUN is a run's folder, or a name for its newest completed run; left out, the newest of all is meant.
    """
    from bigmodel_cli.cli.ci import write_for_ci
    from bigmodel_cli.cli.output import echo_json, note, warn
    from bigmodel_cli.cli.progress import listening
    from bigmodel_cli.config.group_measures import columns_of_gates
    from bigmodel_cli.config.measures import ambiguous_gates
    from bigmodel_cli.gates import parse_fail_under, require_gates
    from bigmodel_cli.inference.opened import open_run

    if how["renamed"] and how["data"] is None:
        raise click.UsageError("--map is for the classes of --data", click.get_current_context())
    floors = parse_fail_under(fail_under)
    opened = [open_run(run, runs_dir) for run in runs or (None,)]
    how["by"] = [*how["by"], *columns_of_gates(floors, opened[0].signature.targets)]
    for one in opened:
        _require_floors(one, floors, how)
        for sentence in ambiguous_gates(floors, one.signature.label_names_by_target):
            warn(f"--fail-under: {sentence}")
    if not runs:
        note(f"run: {opened[0].folder.title} (the newest completed one)")
    checked: list[Checked] = []
    results: list[RunEvaluation] = []
    with listening(plain=plain) as listener:
        request = _request(how)
        for one in opened:
            result, found = _evaluate(one, request, floors, listener)
            results.append(result)
            checked.append(found)
    if as_json:
        documents = [_as_json(one, found) for one, found in zip(opened, checked, strict=True)]
        echo_json(documents[0] if len(documents) == 1 else {"runs": documents})
    elif len(opened) == 1:
        _show(opened[0], results[0], checked[0].gates)
        _say_next(opened[0], runs, runs_dir)
    else:
        _show_side_by_side(checked)
    write_for_ci(checked, how["junit"], how["summary"])
    require_gates([gate for found in checked for gate in found.gates])


def _require_floors(opened: OpenRun, floors: dict[str, str], how: dict[str, Any]) -> None:
    """What run.json can tell of `--fail-under`, before anything is loaded."""
    from bigmodel_cli.config.measures import scores_of
    from bigmodel_cli.config.naming import named
    from bigmodel_cli.gates import require_floors, require_known
    from bigmodel_cli.inference.run_data import held_out_split
    from bigmodel_cli.run_folder import BETTER

    better, targets = opened.record.get(BETTER), opened.signature.targets
    require_floors(floors, better or {})
    if better is None:
        # A run of an earlier version does not say how its metrics are called.
        return
    scores = [
        named(name if len(targets) > 1 else "", score)
        for name, task in targets.items()
        for score in scores_of(task.labels, task.numbers["num_classes"])
    ]
    names = dict.fromkeys([*better, *scores])
    recorded = opened.record.get("data", {}).get("splits")
    split = how["split"] or (held_out_split(recorded) if recorded else None)
    classes = opened.signature.label_names_by_target
    require_known(floors, names, split if how["data"] is None else None, classes)


def _request(how: dict[str, Any]) -> Request:
    from bigmodel_cli.inference.evaluate import Request
    from bigmodel_cli.inference.other_data import parse_map
    from bigmodel_cli.tasks.scores import OtherData

    other = None if how["data"] is None else OtherData(how["data"], parse_map(how["renamed"]))
    return Request(how["split"], how["checkpoint"], other, how["offline"], how["trust"], how["by"])


def _evaluate(
    opened: OpenRun, request: Request, floors: dict[str, str], listener: Listener
) -> tuple[RunEvaluation, Checked]:
    from bigmodel_cli.gates import check_gates, require_known
    from bigmodel_cli.inference.evaluate import evaluate_run
    from bigmodel_cli.reporting.ci import Checked
    from bigmodel_cli.scoring.names import gated_values, measures

    result = evaluate_run(opened, request, listener)
    found, gated, split = measures(result.document), gated_values(result.document), result.document["split"]
    require_known(floors, found, split, {})
    gates = [*check_gates(result.gates, gated, split), *check_gates(floors, {**found, **gated}, split)]
    return result, Checked(opened.folder.title, result.document, gates)


def _as_json(opened: OpenRun, checked: Checked) -> dict[str, Any]:
    document = dict(checked.document)
    metrics = document.pop("metrics")
    gates = [gate.as_json() for gate in checked.gates]
    return {"run": str(opened.folder.path), **document, document["split"]: metrics, "gates": gates}


def _show(opened: OpenRun, result: RunEvaluation, gates: Sequence[GateResult]) -> None:
    from bigmodel_cli.cli.output import metrics_line, note, printable
    from bigmodel_cli.config.measures import said_once
    from bigmodel_cli.evaluation_parts import by_target

    document = result.document
    click.echo(
        f"{printable(document['split'])} ({document['examples']:,} examples): "
        f"{metrics_line(said_once(document['metrics']))}"
    )
    for target, part in by_target(document).items():
        _show_target(target, part)
    for gate in gates:
        click.echo(printable(f"gate: {gate}: {'met' if gate.met else 'MISSED'}"))
    if result.is_kept:
        note(f"written: {opened.folder.title}/evaluation/")


def _show_target(target: str, document: Mapping[str, Any]) -> None:
    """What is known of a target beside loss and metrics."""
    from bigmodel_cli.cli.by_group import show_groups
    from bigmodel_cli.cli.output import metrics_line, printable

    if target:
        click.echo(f"\n{printable(target)}:")
    if document["scores"]:
        click.echo(metrics_line(document["scores"]))
    for line in _interval_lines(document):
        click.echo(line)
    if "decision" in document:
        click.echo(printable(_decision_line(document)))
    _show_classes(document.get("per_class", []))
    show_groups(document)


def _interval_lines(document: Mapping[str, Any]) -> list[str]:
    """What the headline numbers may be on other examples of the same kind."""
    from bigmodel_cli.cli.output import number, one_line

    shown = [
        f"{one_line(name)} {number(interval['low'])} to {number(interval['high'])}"
        for name, interval in document["intervals"].items()
        if name in document["metrics"] or name == "macro.f1"
    ]
    return [f"95 % intervals: {', '.join(shown)}"] if shown else []


def _decision_line(document: Mapping[str, Any]) -> str:
    from bigmodel_cli.cli.output import number
    from bigmodel_cli.evaluation_parts import decision_in_words

    decision = document["decision"]
    found = {**document["metrics"], **document["scores"]}
    changed = [
        f"{name} {number(value)}"
        for name, value in decision["without"].items()
        if name in found and abs(found[name] - value) > 5e-5
    ]
    return f"decision: {decision_in_words(decision)}; without it: {', '.join(changed) or 'the same'}"


def _show_classes(per_class: Sequence[dict[str, Any]]) -> None:
    from bigmodel_cli.cli.output import one_line, table

    if not per_class:
        return
    rows = [
        [
            one_line(row["class"]),
            f"{row['precision']:.4f}",
            f"{row['recall']:.4f}",
            f"{row['f1']:.4f}",
            f"{row['support']:,}",
        ]
        for row in per_class
    ]
    columns = ["class", "precision", "recall", "f1", "examples"]
    table(columns, rows, numeric=columns[1:])


def _show_side_by_side(checked: Sequence[Checked]) -> None:
    """A column for each run, a row for each number that any of them has; groups one run after the other."""
    from bigmodel_cli.cli.by_group import show_groups
    from bigmodel_cli.cli.output import number, printable, table
    from bigmodel_cli.config.measures import said_once
    from bigmodel_cli.evaluation_parts import by_target, scores_in

    columns = [
        {"split": found.document["split"], "examples": f"{found.document['examples']:,}"}
        | {
            name: number(value)
            for name, value in said_once({**found.document["metrics"], **scores_in(found.document)}).items()
        }
        for found in checked
    ]
    names = list(dict.fromkeys(name for column in columns for name in column))
    rows = [[name, *(column.get(name, "") for column in columns)] for name in names]
    titles = [found.run for found in checked]
    table(["", *titles], rows, numeric=titles)
    for found in checked:
        for target, part in by_target(found.document).items():
            if part.get("by"):
                click.echo(printable(f"{found.title}: {target}" if target else found.title))
                show_groups(part)
        for gate in found.gates:
            click.echo(printable(f"gate: {found.run}: {gate}: {'met' if gate.met else 'MISSED'}"))


def _say_next(opened: OpenRun, runs: Sequence[str], runs_dir: Path) -> None:
    from bigmodel_cli.cli.output import next_command

    option = f" --run {shlex.quote(runs[0])}" if runs else ""
    next_command(f"bigmodel {opened.signature.used_by}{option}{runs_dir_words(runs_dir)}")
