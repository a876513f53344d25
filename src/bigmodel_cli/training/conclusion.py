"""The end of a run that trained to its end: evaluation, export, plots, record."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bigmodel_cli.advice.findings import Advice
from bigmodel_cli.compressing.fake_quantization import QUANTIZE, frozen_kernels
from bigmodel_cli.compressing.reached import reached
from bigmodel_cli.errors import DataError
from bigmodel_cli.figures import save
from bigmodel_cli.gates import GateResult, check_gates
from bigmodel_cli.inference.asked import Asked
from bigmodel_cli.inference.catalogue import with_items
from bigmodel_cli.inference.evaluation import Evaluation, Evaluator, write_evaluation
from bigmodel_cli.inference.export import Answers, write_litert
from bigmodel_cli.inference.groups import with_groups
from bigmodel_cli.inference.kept_items import keep_items
from bigmodel_cli.inference.label_problems import say_label_problems
from bigmodel_cli.inference.loading import load_for_inference
from bigmodel_cli.inference.opened import open_folder
from bigmodel_cli.inference.rarity import LEAST_HELD_OUT
from bigmodel_cli.inference.run_data import held_out_split, ready_to_evaluate
from bigmodel_cli.kinds.show import Show
from bigmodel_cli.listener import Listener
from bigmodel_cli.parts import part_of
from bigmodel_cli.reporting.compressed import compressed_lines
from bigmodel_cli.reporting.plots import plot_run
from bigmodel_cli.reporting.report.page import write_report
from bigmodel_cli.reporting.training_samples import different_examples, draw_training_samples
from bigmodel_cli.run_folder import BEST, COMPLETED, COMPRESSED, CONCLUDED, LITERT, STOPPED, RunFolder
from bigmodel_cli.scoring.names import gated_values
from bigmodel_cli.scoring.rule import AS_THEY_ARE, DecisionRule
from bigmodel_cli.sources.base import Examples
from bigmodel_cli.stopped import Stopped
from bigmodel_cli.tasks.scores import Calibrated, Scoring
from bigmodel_cli.tasks.sections import headlines_of
from bigmodel_cli.training.likeness import keep_likeness
from bigmodel_cli.training.record import end_session
from bigmodel_cli.training.state import read_state
from bigmodel_cli.training.stopwatch import EVALUATION, EXPORT, PLOTS, REPORT, VALIDATION, Stopwatch
from bigmodel_cli.training.trace import Trace
from bigmodel_cli.training.trained import Trained
from bigmodel_cli.whole_files import write_json

_NOT_EXPORTED = {"reason": "none was asked for"}


@dataclass(frozen=True)
class TrainingResult:
    """What a run came to.

    Attributes:
        run: Its folder.
        best: Epoch, monitor and value of the best checkpoint.
        evaluation: Of the best checkpoint on the test split, or on validation where there is no test.
        document: The same as it is written.
        epochs: Complete epochs.
        seconds: From the first line of the config to the report, over all sessions.
        parameters: Of the model.
        used_by: What somebody types behind `bigmodel` to use it.
        gates: How the config's `expect` fared.
        stopped: The callback that ended training before its last epoch; None where none did.
        compressed: How much smaller the model became meanwhile; None where that was not asked for.
        headlines: The metrics that the report begins with, one of each target.
        advice: What to try next, as the report has it.
    """

    run: RunFolder
    best: Mapping[str, Any]
    evaluation: Evaluation
    document: dict[str, Any]
    epochs: int
    seconds: float
    parameters: int
    used_by: str
    gates: list[GateResult]
    stopped: Stopped | None = None
    compressed: Mapping[str, Any] | None = None
    headlines: Sequence[str] = ("loss",)
    advice: Sequence[Advice] = ()


def conclude(
    run: RunFolder,
    trained: Trained,
    asked: Asked,
    listener: Listener,
    watch: Stopwatch,
    *,
    exports: bool = True,
) -> TrainingResult:
    """Evaluate the best checkpoint, export it, draw the plots and complete the record.

    Args:
        run: Its folder.
        trained: What was trained.
        asked: What its config asks of it.
        listener: Is told how it goes.
        watch: Takes the time of the session.
        exports: Whether there is to be a model.tflite.
    """
    signature = trained.splits.signature

    def rows_written() -> Mapping[str, Any] | None:
        return open_folder(run).rows_written

    split = held_out_split(trained.splits.parts)
    listener.say(f"evaluating the best checkpoint on the {split} split")
    splits = ready_to_evaluate(trained.splits, split, listener, skips_bad_files=asked.skips_bad_files)
    examples = trained.cache.kept(splits.parts[split])
    with watch.phase(EVALUATION):
        best = load_for_inference(run, BEST)
        signature = with_items(signature, best, trained.splits, rows_written)
        evaluator = Evaluator.of(best, asked, signature)
        validated = _validated(trained, asked, evaluator, split)
        rules = _decisions(run, asked, evaluator, validated, listener)
        evaluation = evaluator.evaluate(split, examples, rules)
        evaluation = with_groups(evaluation, examples, asked.grouped_by, seed=asked.seed)
        write_evaluation(run, evaluation, examples, signature)
        keep_items(run, signature, best, trained.splits, rows_written)
        compressed = _compressed(run, trained, best, listener)
        if validated is not None and split != VALIDATION:
            say_label_problems(run, validated, _validation(trained), signature, listener)
        say_label_problems(run, evaluation, examples, signature, listener)
        limiting = _limiting(trained, examples, evaluation, validated)
        exported = keep_likeness(run, trained, best, *limiting, asked)
    with watch.phase(EXPORT):
        answers = Answers(examples, evaluation.values, signature, asked.readings, asked.never_missing)
        litert = write_litert(run, exported, answers, listener) if exports else _NOT_EXPORTED
    with watch.phase(PLOTS):
        document = evaluation.as_json()
        plot_run(run, document, signature.targets, trained.best_epoch)
        _plot_training_samples(run, trained)
    if trained.trace is not None:
        _say_profile(watch, trained.trace, listener)
    gates = check_gates(asked.gates, {**trained.best_row, **gated_values(document)}, split)
    results = {
        **_results(trained),
        split: evaluation.metrics,
        LITERT: litert,
        CONCLUDED: True,
        **({} if compressed is None else {COMPRESSED: compressed}),
        "gates": [gate.as_json() for gate in gates],
    }
    seconds, phases = trained.seconds + watch.total, watch.as_json()
    # Before the record says that the run is complete: who interrupts it here can go on with it.
    with watch.phase(REPORT):
        advice = write_report(run, results, seconds=seconds, phases=phases)
    # What the page says, so that it is the same where it is made again: its own time is in neither.
    end_session(run, COMPLETED, seconds, results, phases, trained.skipped)
    return TrainingResult(
        run,
        trained.best,
        evaluation,
        document,
        len(trained.rows),
        seconds,
        trained.built.model.count_params(),
        signature.used_by,
        gates,
        trained.stopped,
        compressed,
        headlines_of(signature.targets, document),
        advice,
    )


def conclude_trial(run: RunFolder, trained: Trained, watch: Stopwatch) -> None:
    """Complete the record of a run that only its validation scores are wanted of."""
    seconds = trained.seconds + watch.total
    results = {**_results(trained), CONCLUDED: False}
    end_session(run, COMPLETED, seconds, results, watch.as_json(), trained.skipped)


def _compressed(run: RunFolder, trained: Trained, best: Any, listener: Listener) -> dict[str, Any] | None:
    """What compression has come to, said; the ranges that it found are kept."""
    if trained.compress is None:
        return None
    frozen = frozen_kernels(trained.built.model) if trained.compress.rounding is not None else []
    if frozen:
        listener.say(
            f"quantize: frozen kernels ({len(frozen)}) can learn nothing of rounding; exports in int8 are "
            "calibrated"
        )
    else:
        _keep_ranges(run)
    found = reached(best, trained.built.model, trained.compress)
    for line in compressed_lines(found):
        listener.say(line)
    return found


def _keep_ranges(run: RunFolder) -> None:
    """The ranges that the best checkpoint was trained with, for exports in int8."""
    state = read_state(run.checkpoint(BEST))
    ranges = {
        name.removeprefix(QUANTIZE): [float(value) for value in array]
        for name, array in state.arrays.items()
        if name.startswith(QUANTIZE)
    }
    if ranges:
        write_json(run.quantization, ranges)


def _results(trained: Trained) -> dict[str, Any]:
    """What run.json has of training itself."""
    return {
        "epochs": len(trained.rows),
        "best": trained.best or None,
        STOPPED: trained.stopped.as_json() if trained.stopped else None,
        "throughput": trained.throughput,
    }


def _say_profile(watch: Stopwatch, trace: Trace, listener: Listener) -> None:
    for line in watch.describe():
        listener.say(line)
    if trace.stop():
        listener.say(f"trace: tensorboard --logdir {shlex.quote(str(trace.folder))}")
    else:
        listener.say("no trace: training ended with its first call into TensorFlow")


def _validated(trained: Trained, asked: Asked, evaluator: Evaluator, split: str) -> Evaluation | None:
    """The validation split, where that is not what is reported, or a rule is chosen on it."""
    if trained.splits.validation is None or (split == VALIDATION and not asked.calibrated):
        return None
    return evaluator.evaluate(VALIDATION, _validation(trained))


def _validation(trained: Trained) -> Examples:
    return trained.cache.kept(trained.splits.parts[VALIDATION])


def _limiting(
    trained: Trained, examples: Examples, evaluation: Evaluation, validated: Evaluation | None
) -> tuple[Examples, Evaluation]:
    """What limits are set on: validation where it is large enough, so that the test stays unseen."""
    if validated is None or len(_validation(trained)) < LEAST_HELD_OUT:
        return examples, evaluation
    return _validation(trained), validated


def _decisions(
    run: RunFolder,
    asked: Asked,
    evaluator: Evaluator,
    validated: Evaluation | None,
    listener: Listener,
) -> Mapping[str, DecisionRule]:
    """What `calibrate` asks for, by target, chosen on examples that the weights were not fitted to."""
    if validated is None:
        return AS_THEY_ARE
    targets = evaluator.signature.targets
    found: dict[str, Calibrated] = {}
    for name, calibrate in asked.calibrated.items():
        scored, scoring = validated.by_target[name], part_of(targets[name], Scoring)
        chosen = scoring.calibrated(calibrate, scored.labels, scored.values, listener.warn)
        if chosen is not None:
            found[name] = chosen
            listener.say(f"{name}: {chosen.described}" if len(targets) > 1 else chosen.described)
    if found:
        documents = {name: one.document for name, one in found.items()}
        write_json(run.decision, documents if len(targets) > 1 else next(iter(documents.values())))
    return {name: one.rule for name, one in found.items()}


def _plot_training_samples(run: RunFolder, trained: Trained) -> None:
    """Draw what the model has learned from, augmented as it was in training."""
    signature = trained.splits.signature
    if not part_of(signature.kind, Show).are_pixels:
        return
    examples = trained.cache.kept(trained.splits.train)
    name, task = next(iter(signature.targets.items()))
    chosen = examples.rows_of(name)[different_examples(examples.labels_of(name), task)]
    try:
        originals = np.stack([examples.read(index) for index in chosen.tolist()])
    except DataError:
        # A bad file that training left out.
        return
    labels = {name: of_one[chosen] for name, of_one in examples.targets.items()}
    figure = draw_training_samples(trained.built, originals, labels, signature.targets)
    if figure is not None:
        save(figure, run, "training_samples")
