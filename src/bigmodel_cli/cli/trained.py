"""What `train` prints when a run is complete."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bigmodel_cli.cli.baselines import show_baselines
from bigmodel_cli.cli.options import runs_dir_words
from bigmodel_cli.cli.output import duration, metrics_line, next_command, note, number, one_line
from bigmodel_cli.config.measures import said_once
from bigmodel_cli.evaluation_parts import intervals_in
from bigmodel_cli.reporting.compressed import compressed_lines
from bigmodel_cli.run_folder import COMPRESSED

if TYPE_CHECKING:
    from bigmodel_cli.training.conclusion import TrainingResult

# The report has all of them.
_MOST = 2


def result_as_json(result: TrainingResult) -> dict[str, Any]:
    """Results as the one document of `train --json`."""
    return {
        "run": str(result.run.path),
        "epochs": result.epochs,
        "seconds": round(result.seconds, 3),
        "parameters": result.parameters,
        "best": result.best,
        "stopped": result.stopped.as_json() if result.stopped else None,
        result.evaluation.split: result.evaluation.metrics,
        **({} if result.compressed is None else {COMPRESSED: result.compressed}),
        "gates": [gate.as_json() for gate in result.gates],
        "advice": [asdict(advice) for advice in result.advice],
    }


def show_result(result: TrainingResult, runs_dir: Path, baselines: Mapping[str, Any] | None = None) -> None:
    """Results for people, with what simple models reach where that was asked for, and what to type next."""
    best = result.best
    by = f", {one_line(best['monitor'])} {number(best['value'])}" if best.get("monitor") else ""
    click.echo(f"run       {result.run.title}")
    if result.epochs:
        click.echo(f"epochs    {result.epochs} in {duration(result.seconds)}, best: {best.get('epoch')}{by}")
    if result.stopped is not None:
        click.echo(f"stopped   by {result.stopped}")
    click.echo(f"result    {measured(result)}")
    for line in compressed_lines(result.compressed):
        click.echo(f"compress  {line}")
    click.echo(f"report    {result.run.title}/{result.run.inside(result.run.report)}")
    for gate in result.gates:
        click.echo(f"gate      {gate}: {'met' if gate.met else 'MISSED'}")
    if baselines is not None:
        show_baselines(baselines, {result.evaluation.split: result.document})
    for advice in result.advice[:_MOST]:
        note(f"advice: {advice.finding} {advice.advice}" + (f"\n  {advice.words}" if advice.words else ""))
    option = runs_dir_words(runs_dir)
    next_command(f"bigmodel evaluate{option}", f"bigmodel {result.used_by}{option}")


def measured(result: TrainingResult) -> str:
    """Loss and metrics by the names that `expect` has for them, the report's headlines with intervals."""
    split, found, intervals = result.evaluation.split, [], intervals_in(result.document)
    for name, value in said_once(result.evaluation.metrics).items():
        text = metrics_line({f"{split}_{name}": value})
        interval = intervals.get(name) if name in result.headlines else None
        if interval is not None:
            text += f" (95 % interval {number(interval['low'])} to {number(interval['high'])})"
        found.append(text)
    return ", ".join(found)
