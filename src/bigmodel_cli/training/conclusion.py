"""The end of a run that trained to its end: evaluation, export, plots, record."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

import numpy as np

from bigmodel_cli.advice.findings import Advice
from bigmodel_cli.config.preprocessing import never_missing
from bigmodel_cli.config.reading import Reading
from bigmodel_cli.errors import DataError
from bigmodel_cli.figures import save
from bigmodel_cli.gates import GateResult, check_gates
from bigmodel_cli.inference.evaluation import Evaluation, Evaluator, write_evaluation
from bigmodel_cli.inference.export import Answers, export_run
from bigmodel_cli.inference.familiar import keep_familiar
from bigmodel_cli.inference.groups import gated_columns, with_groups
from bigmodel_cli.inference.loading import load_for_inference
from bigmodel_cli.inference.run_data import held_out_split, ready_to_evaluate
from bigmodel_cli.kinds.show import Show
from bigmodel_cli.parts import part_of
from bigmodel_cli.reporting.plots import plot_run
from bigmodel_cli.reporting.report.page import write_report
from bigmodel_cli.reporting.training_samples import different_examples, draw_training_samples
from bigmodel_cli.run_folder import BEST, COMPLETED, LITERT, STOPPED, RunFolder
from bigmodel_cli.scoring.names import gated_values
from bigmodel_cli.scoring.rule import AS_THEY_ARE, DecisionRule
from bigmodel_cli.sources.base import Examples
from bigmodel_cli.stopped import Stopped
from bigmodel_cli.tasks.predictions import Predictions
from bigmodel_cli.tasks.scores import Calibrated, Scoring
from bigmodel_cli.tasks.sections import headlines_of
from bigmodel_cli.training.record import end_session
from bigmodel_cli.training.session import Session
from bigmodel_cli.training.state import Row
from bigmodel_cli.training.stopwatch import EVALUATION, EXPORT, PLOTS
from bigmodel_cli.training.trace import Trace
from bigmodel_cli.whole_files import write_json


@dataclass(frozen=True)
class TrainingResult:
    """What a run came to.

    Attributes:
        run: Its folder.
        best: Epoch, monitor and value of the best checkpoint.
        evaluation: Of the best checkpoint on the test split, or on validation where there is no test.
        document: The same as it is written.
        epochs: Complete epochs.
        seconds: From the first line of the config to the last plot, over all sessions.
        parameters: Of the model.
        placeholder: What stands for an input of `predict`.
        gates: How the config's `expect` fared.
        stopped: The callback that ended training before its last epoch; None where none did.
        headlines: The metrics that the report begins with, one of each target.
        advice: What to try next, as the report has it.
    """

    run: RunFolder
    best: dict[str, Any]
    evaluation: Evaluation
    document: dict[str, Any]
    epochs: int
    seconds: float
    parameters: int
    placeholder: str
    gates: list[GateResult]
    stopped: Stopped | None = None
    headlines: Sequence[str] = ("loss",)
    advice: Sequence[Advice] = ()


def conclude(session: Session, rows: list[Row]) -> TrainingResult:
    """Evaluate the best checkpoint, export it, draw the plots and complete the record."""
    prepared = session.prepared
    experiment, signature = prepared.experiment, prepared.splits.signature
    split = held_out_split(prepared.splits.parts)
    session.listener.say(f"evaluating the best checkpoint on the {split} split")
    splits = ready_to_evaluate(prepared.splits, split, experiment, session.listener)
    examples = prepared.cache.kept(splits.parts[split])
    with session.watch.phase(EVALUATION):
        best = load_for_inference(session.run, BEST)
        evaluator = Evaluator.of(best, experiment, signature)
        evaluation = evaluator.evaluate(split, examples, _decisions(session, evaluator))
        columns = gated_columns(experiment)
        evaluation = with_groups(evaluation, examples, columns, seed=experiment.seed)
        write_evaluation(session.run, evaluation, examples, signature)
        _keep_familiar(session, examples, evaluation, evaluator.readings)
    with session.watch.phase(EXPORT):
        needed = never_missing(experiment, signature.inputs)
        answers = Answers(examples, evaluation.values, signature, evaluator.readings, needed)
        litert = export_run(session.run, best, answers, session.listener)
    with session.watch.phase(PLOTS):
        document = evaluation.as_json()
        best_epoch = (session.checkpoints.best or {}).get("epoch")
        plot_run(session.run, document, signature.targets, best_epoch)
        _plot_training_samples(session)
    measured = {**_best_row(session, rows), **gated_values(document)}
    gates = check_gates(experiment.expect, measured, split)
    result = TrainingResult(
        session.run,
        session.checkpoints.best or {},
        evaluation,
        document,
        len(rows),
        session.seconds,
        prepared.built.model.count_params(),
        signature.kind.placeholder,
        gates,
        session.stopped,
        headlines_of(signature.targets, document),
    )
    if session.trace is not None:
        _say_profile(session, session.trace)
    results = {
        **_results(session, rows),
        split: evaluation.metrics,
        LITERT: litert,
        "gates": [gate.as_json() for gate in gates],
    }
    phases = session.watch.as_json()
    # Before the record says that the run is complete: who interrupts it here can go on with it.
    advice = write_report(session.run, results, seconds=result.seconds, phases=phases)
    end_session(session.run, COMPLETED, result.seconds, results, phases, prepared.skipped)
    return replace(result, advice=advice)


def conclude_trial(session: Session, rows: list[Row]) -> None:
    """Complete the record of a run that only its validation scores are wanted of."""
    results = _results(session, rows)
    phases = session.watch.as_json()
    end_session(session.run, COMPLETED, session.seconds, results, phases, session.prepared.skipped)


def _results(session: Session, rows: list[Row]) -> dict[str, Any]:
    """What run.json has of training itself."""
    return {
        "epochs": len(rows),
        "best": session.checkpoints.best,
        STOPPED: session.stopped.as_json() if session.stopped else None,
        "throughput": _throughput(rows, session.prepared.plan.replicas),
    }


def _keep_familiar(
    session: Session, held_out: Examples, evaluation: Evaluation, readings: Mapping[str, Reading]
) -> None:
    """What the examples are like, for who predicts others."""
    prepared, signature = session.prepared, session.prepared.splits.signature
    train = prepared.cache.kept(prepared.splits.train)
    # Of several targets no one decides what an example is like.
    scores = None
    if len(signature.targets) == 1:
        ((name, task),) = signature.targets.items()
        values = evaluation.by_target[name].values
        scores = part_of(task, Predictions).probabilities(values, readings[name])
    keep_familiar(session.run, train, held_out, scores, signature)


def _throughput(rows: list[Row], replicas: int) -> dict[str, float]:
    """The median of the epochs' examples per second, in all and for each device."""
    # The first epoch also compiles.
    rate = median(row["examples_per_second"] for row in rows[1:] or rows)
    return {"examples_per_second": round(rate, 3), "per_device": round(rate / replicas, 3)}


def _say_profile(session: Session, trace: Trace) -> None:
    for line in session.watch.describe():
        session.listener.say(line)
    if trace.stop():
        session.listener.say(f"trace: tensorboard --logdir {shlex.quote(str(trace.folder))}")
    else:
        session.listener.say("no trace: training ended with its first call into TensorFlow")


def _decisions(session: Session, evaluator: Evaluator) -> Mapping[str, DecisionRule]:
    """What `calibrate` asks for, by target, chosen on examples that the weights were not fitted to."""
    prepared, validation = session.prepared, session.prepared.splits.validation
    targets = evaluator.signature.targets
    asked = {name: prepared.experiment.of_target(name).calibrate for name in targets}
    if validation is None or not any(asked.values()):
        return AS_THEY_ARE
    evaluated = evaluator.evaluate("validation", prepared.cache.kept(validation))
    found: dict[str, Calibrated] = {}
    for name, calibrate in asked.items():
        scored, scoring = evaluated.by_target[name], part_of(targets[name], Scoring)
        if calibrate is None:
            continue
        chosen = scoring.calibrated(calibrate, scored.labels, scored.values, session.listener.warn)
        if chosen is not None:
            found[name] = chosen
            session.listener.say(f"{name}: {chosen.described}" if len(targets) > 1 else chosen.described)
    if found:
        documents = {name: one.document for name, one in found.items()}
        write_json(session.run.decision, documents if len(targets) > 1 else next(iter(documents.values())))
    return {name: one.rule for name, one in found.items()}


def _plot_training_samples(session: Session) -> None:
    """Draw what the model has learned from, augmented as it was in training."""
    prepared, signature = session.prepared, session.prepared.splits.signature
    if not part_of(signature.kind, Show).are_pixels:
        return
    examples = prepared.cache.kept(prepared.splits.train)
    name, task = next(iter(signature.targets.items()))
    chosen = examples.rows_of(name)[different_examples(examples.labels_of(name), task)]
    try:
        originals = np.stack([examples.read(index) for index in chosen.tolist()])
    except DataError:
        # A bad file that training left out.
        return
    labels = {name: of_one[chosen] for name, of_one in examples.targets.items()}
    figure = draw_training_samples(prepared.built, originals, labels, signature.targets)
    if figure is not None:
        save(figure, session.run, "training_samples")


def _best_row(session: Session, rows: list[Row]) -> Row:
    """The metrics of the best checkpoint's epoch."""
    best_epoch = (session.checkpoints.best or {}).get("epoch")
    return next(row for row in rows if row["epoch"] == best_epoch)
