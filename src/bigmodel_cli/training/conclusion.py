"""The end of a run that trained to its end: evaluation, export, plots, record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bigmodel_cli.gates import GateResult, check_gates
from bigmodel_cli.inference.evaluate import (
    Evaluation,
    evaluate_model,
    held_out_split,
    ready_to_evaluate,
    write_evaluation,
)
from bigmodel_cli.inference.export import export_run
from bigmodel_cli.inference.loading import load_checkpoint
from bigmodel_cli.reporting.plots import plot_run
from bigmodel_cli.run_folder import BEST, COMPLETED, RunFolder
from bigmodel_cli.training.record import end_session
from bigmodel_cli.training.session import Session
from bigmodel_cli.training.state import Row


@dataclass(frozen=True)
class TrainingResult:
    """What a run came to.

    Attributes:
        run: Its folder.
        best: Epoch, monitor and value of the best checkpoint.
        evaluation: Of the best checkpoint on the test split, or on validation where there is no test.
        epochs: Complete epochs.
        seconds: From the first line of the config to the last plot, over all sessions.
        parameters: Of the model.
        takes_images: Whether image files can be predicted.
        gates: How the config's `expect` fared.
    """

    run: RunFolder
    best: dict[str, Any]
    evaluation: Evaluation
    epochs: int
    seconds: float
    parameters: int
    takes_images: bool
    gates: list[GateResult]


def conclude(session: Session, rows: list[Row]) -> TrainingResult:
    """Evaluate the best checkpoint, export it, draw the plots and complete the record."""
    prepared = session.prepared
    experiment, signature = prepared.experiment, prepared.splits.signature
    split = held_out_split(prepared.splits)
    session.listener.say(f"evaluating the best checkpoint on the {split} split")
    splits = ready_to_evaluate(prepared.splits, split, experiment, session.listener)
    examples = prepared.cache.kept(splits.parts[split])
    best = load_checkpoint(session.run, BEST)
    evaluation = evaluate_model(best, experiment, split, examples, signature)
    write_evaluation(session.run, evaluation, examples, signature)
    export_run(session.run, best, examples, session.listener)
    plot_run(session.run, evaluation.as_json(), signature.class_names)
    gates = check_gates(experiment.expect, _gated_values(session, evaluation, rows))
    result = TrainingResult(
        session.run,
        session.checkpoints.best or {},
        evaluation,
        len(rows),
        session.seconds,
        prepared.built.model.count_params(),
        signature.image_format is not None,
        gates,
    )
    end_session(
        session.run,
        COMPLETED,
        result.seconds,
        {
            "epochs": result.epochs,
            "best": session.checkpoints.best,
            split: evaluation.metrics,
            "gates": [gate.as_json() for gate in gates],
        },
        prepared.skipped,
    )
    return result


def _gated_values(session: Session, evaluation: Evaluation, rows: list[Row]) -> Row:
    """Metrics under the names that gates use; those of the epochs are the best checkpoint's."""
    best_epoch = (session.checkpoints.best or {}).get("epoch")
    best = next(row for row in rows if row["epoch"] == best_epoch)
    return {**best, **evaluation.gated_values}
