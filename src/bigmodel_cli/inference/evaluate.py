"""A run's best model on one of its splits, or on other data."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from bigmodel_cli.config.checks.monitors import monitored_names
from bigmodel_cli.config.facts import DataFacts
from bigmodel_cli.config.measures import split_of
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.errors import UsageError
from bigmodel_cli.inference.asked import Asked
from bigmodel_cli.inference.catalogue import with_items, with_kept_items
from bigmodel_cli.inference.evaluation import (
    Evaluation,
    Evaluator,
    evaluation_places,
    write_evaluation,
)
from bigmodel_cli.inference.groups import groups_of, with_groups
from bigmodel_cli.inference.label_problems import say_label_problems
from bigmodel_cli.inference.loading import load_for_inference
from bigmodel_cli.inference.opened import OpenRun
from bigmodel_cli.inference.other_data import load_other_data
from bigmodel_cli.inference.run_config import read_experiment
from bigmodel_cli.inference.run_data import (
    check_data,
    choose_split,
    held_out_split,
    load_splits,
    ready_to_evaluate,
)
from bigmodel_cli.listener import Listener
from bigmodel_cli.modeling.backend import start
from bigmodel_cli.modeling.devices import choose_device
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.run_files import require_no_folders
from bigmodel_cli.run_folder import BEST, RunFolder
from bigmodel_cli.run_lock import record_files
from bigmodel_cli.sources.base import Examples, SplitName
from bigmodel_cli.tasks.scores import OtherData


@dataclass(frozen=True)
class RunEvaluation:
    """An evaluation with the gates that the run's config has for it.

    Attributes:
        evaluation: How good the model is.
        document: The same as it is written.
        gates: What of the config's `expect` is about this split; of other data, nothing.
        is_kept: Whether it was written into the run's folder.
    """

    evaluation: Evaluation
    document: dict[str, Any]
    gates: dict[str, str]
    is_kept: bool


@dataclass(frozen=True)
class Request:
    """What is to be evaluated.

    Attributes:
        split: Which split; None: test, or validation where there is no test split.
        checkpoint: `best`, `last` or `epoch-NNNN`.
        other: Other data than the run's own.
        offline: No download may be made.
        trust: Load the model even if it can run code.
        by: Columns that make groups, whose scores are asked for.
    """

    split: SplitName | None = None
    checkpoint: str = "best"
    other: OtherData | None = None
    offline: bool = False
    trust: bool = False
    by: Sequence[str] = ()


def evaluate_run(opened: OpenRun, request: Request, listener: Listener) -> RunEvaluation:
    """Evaluate a run's saved model on a split of its data, or on other data, by the run's decision rule.

    Args:
        opened: The run.
        request: On what, and which of its models.
        listener: Is told of downloads and warnings.

    Raises:
        UsageError: If the run has no such split or checkpoint.
        DataError: If the data is not there, or not what the model was trained with.
    """
    folder, checkpoint = opened.folder, request.checkpoint
    _check_checkpoint(folder, checkpoint)
    experiment = read_experiment(folder)
    asked = Asked.by(experiment, opened.signature)
    # Gates are about the run's own data.
    gated = asked.grouped_by if request.other is None else []
    request = replace(request, by=list(dict.fromkeys([*request.by, *gated])))
    name, examples, gates, splits = _examples(opened, experiment, request, listener)
    for column in request.by:
        # Before the model is loaded.
        groups_of(examples, column)
    require_no_folders(
        [*evaluation_places(folder, name, checkpoint), folder.label_problems(name, checkpoint)]
    )
    # Another machine may lack the GPU that the run was trained on.
    choose_device("cpu" if experiment.training.device == "cpu" else "auto")
    start(seed=experiment.seed, deterministic=experiment.training.deterministic)
    model = load_for_inference(folder, checkpoint, trust=request.trust)
    signature = opened.signature
    if splits is not None:
        signature = with_items(signature, model, splits, lambda: opened.rows_written)
    elif checkpoint != BEST:
        signature = with_kept_items(signature, model, lambda: opened.rows_written)
    evaluation = Evaluator.of(model, asked, signature).evaluate(name, examples, opened.rules)
    evaluation = with_groups(evaluation, examples, request.by, seed=experiment.seed)
    evaluation = replace(evaluation, checkpoint=checkpoint)
    is_kept = os.access(folder.path, os.W_OK)
    if is_kept:
        written = write_evaluation(folder, evaluation, examples, signature)
        say_label_problems(folder, evaluation, examples, signature, listener)
        record_files(folder, [*written, folder.label_problems(name, checkpoint)])
    else:
        listener.warn(f"{folder.title}: may only be read, so the evaluation is not kept there")
    return RunEvaluation(evaluation, evaluation.as_json(), gates, is_kept)


def _examples(
    opened: OpenRun, experiment: Experiment, request: Request, listener: Listener
) -> tuple[str, Examples, dict[str, str], Splits | None]:
    """On what, what it is called, what is expected of it, and the run's splits; None: it is other data."""
    offline = request.offline
    if request.other is not None:
        other = replace(request.other, beside=request.by)
        name, examples = load_other_data(opened, experiment, other, request.split, listener, offline=offline)
        return name, examples, {}, None
    splits = load_splits(experiment, listener, offline=offline, beside=request.by)
    chosen = choose_split(request.split, splits)
    check_data(opened, splits, chosen, listener)
    skips = experiment.data.on_bad_file == "skip"
    splits = ready_to_evaluate(splits, chosen, listener, skips_bad_files=skips)
    return (
        chosen,
        splits.parts[chosen],
        _gates(experiment, splits, chosen, is_asked=request.split is not None),
        splits,
    )


def _gates(experiment: Experiment, splits: Splits, chosen: SplitName, *, is_asked: bool) -> dict[str, str]:
    """What of `expect` an evaluation has to show; what epochs measure, training has compared.

    Args:
        experiment: Of the run.
        splits: Of its data.
        chosen: Which one is evaluated.
        is_asked: Whether that is by the user's word, who evaluates other splits by another one.
    """
    in_epochs = monitored_names(experiment, DataFacts())
    # A gate without a split is about the one that tells most.
    is_meant = chosen == held_out_split(splits.parts)
    others = {name for name in splits.parts if name != chosen} if is_asked else set()
    return {
        gate: bound
        for gate, bound in experiment.expect.items()
        if gate not in in_epochs and split_of(gate) not in others and (is_meant or split_of(gate) is not None)
    }


def _check_checkpoint(run: RunFolder, name: str) -> None:
    run.require_weights()
    names = run.checkpoint_names()
    # A run without its best is damaged, which loading says; any other name is the user's.
    if name not in ("best", *names):
        hint = f"checkpoints: {', '.join(names) or 'none'}"
        raise UsageError(f"--checkpoint {name}: {run.title} has no such checkpoint", hint=hint)
