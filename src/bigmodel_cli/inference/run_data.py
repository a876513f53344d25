"""The data of a run: its splits as training cut them, and whether they are still the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bigmodel_cli.config.group_measures import columns_of_gates
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.errors import DataError, UsageError
from bigmodel_cli.inference.opened import OpenRun
from bigmodel_cli.listener import Listener
from bigmodel_cli.parts import part_of
from bigmodel_cli.pipeline.bad_files import leave_out_broken
from bigmodel_cli.pipeline.splits import OWN, Splits, split_source
from bigmodel_cli.pipeline.strings import strung
from bigmodel_cli.pipeline.tokenizing import tokenized
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.base import Examples, LoadContext, SplitName
from bigmodel_cli.tasks.scores import Scoring

HELD_OUT: tuple[SplitName, ...] = ("test", "validation")


def load_splits(
    experiment: Experiment,
    listener: Listener,
    *,
    offline: bool,
    for_evaluation: bool = False,
    beside: Sequence[str] = (),
) -> Splits:
    """Load an experiment's data and cut it into its splits.

    Where bad files are skipped, held-out splits are decoded once, so that all numbers of them are over the
    same files; for the training split that would cost as much as an epoch.

    Args:
        experiment: Whose data.
        listener: Is told of downloads and warnings.
        offline: No download may be made.
        for_evaluation: Whether data will do that nothing could be trained on.
        beside: Columns that are asked for, be they inputs or not, beside those that `expect` names.

    Raises:
        DataError: If that cannot be.
    """
    data = experiment.data
    context = load_context(experiment, listener, offline=offline, beside=beside)
    source = data.source.options.load(replace(context, for_evaluation=for_evaluation))
    splits = split_source(source, data, experiment.seed, listener.warn)
    splits = strung(splits, data.source.options, experiment.seed)
    splits = tokenized(splits, data.source.options, listener.warn)
    return (
        leave_out_broken(splits, HELD_OUT, listener.download, listener.warn)
        if data.on_bad_file == "skip"
        else splits
    )


def ready_to_evaluate(
    splits: Splits, split: SplitName, listener: Listener, *, skips_bad_files: bool
) -> Splits:
    """The splits with every file of `split` readable; those that are held out are so since they were loaded.

    Raises:
        DataError: If too few files are left.
    """
    if split in HELD_OUT or not skips_bad_files:
        return splits
    return leave_out_broken(splits, [split], listener.download, listener.warn)


def choose_split(split: SplitName | None, splits: Splits) -> SplitName:
    """The split that is meant; None: the one that tells most about new examples.

    Raises:
        UsageError: If there is no such split.
    """
    if split is None:
        return held_out_split(splits.parts)
    if split not in splits.parts:
        raise UsageError(
            f"the data of this run has no {split} split", hint=f"it has: {', '.join(splits.parts)}"
        )
    return split


def held_out_split(parts: Mapping[SplitName, Examples]) -> SplitName:
    """The split that tells most about new examples: test, else validation, else train."""
    return next((name for name in HELD_OUT if name in parts), "train")


def check_data(opened: OpenRun, splits: Splits, split: SplitName, listener: Listener) -> None:
    """Compare data with that which a run was trained with.

    Raises:
        DataError: If the model does not fit them, or the split could hold what it has learned from.
    """
    trained_with = opened.signature
    targets = splits.signature.targets
    for name, task in trained_with.targets.items():
        scoring = part_of(task, Scoring)
        # What a target of its own is called, versions of a source may tell otherwise.
        of_data = targets[name] if len(targets) > 1 else splits.signature.task
        if not scoring.has_labels_of(of_data):
            where = f"{name}: " if len(targets) > 1 else ""
            raise scoring.other_labels(of_data, where, hint="restore the data, or train again")
    require_shape(splits.signature, trained_with)
    recorded = opened.record.get("data", {}).get("splits", {}).get(split, {}).get("sha256")
    if splits.parts[split].fingerprint() == recorded:
        return
    if splits.origins[split] == OWN:
        listener.warn(f"the {split} split has changed since the model was trained")
        return
    raise DataError(
        f"the data has changed since the model was trained, and its {split} split is cut from the training "
        "part: it would hold examples that the model has learned from",
        hint="restore the data, give it a test split of its own, or train again",
    )


def require_shape(signature: Signature, trained_with: Signature, where: str = "") -> None:
    """Find out whether examples have the shape that a model takes.

    Raises:
        DataError: If not.
    """
    shape, taken = signature.kind.shape, trained_with.kind.shape
    if shape != taken:
        raise DataError(f"{where}the examples have shape {shape}; the model takes {taken}")


def _within(experiment: Experiment) -> list[str]:
    """The column that tells which examples may stand in a string together."""
    asked = experiment.data.source.options.put_together
    return [] if asked is None or asked.within is None else [asked.within]


def load_context(
    experiment: Experiment, listener: Listener, *, offline: bool, beside: Sequence[str] = ()
) -> LoadContext:
    """What a source may use where an experiment reads it; `beside` as for `load_splits`."""
    by = experiment.data.split_by
    return LoadContext(
        seed=experiment.seed,
        offline=offline,
        skip_bad_files=experiment.data.on_bad_file == "skip",
        progress=listener.download,
        warn=listener.warn,
        beside=list(
            dict.fromkeys(
                [*columns_of_gates(experiment.expect, experiment.targets), *beside, *_within(experiment)]
            )
        ),
        group_by=None if by == "random" else by.group,
        order_by=None if by == "random" else by.time,
        keeps_decoded=experiment.data.cache in ("auto", "disk"),
    )
