"""Data that a run was not trained with: a folder, a file, or the data of another config."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np

from bigmodel_cli.class_names import class_name
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.cut import some
from bigmodel_cli.errors import DataError, UsageError
from bigmodel_cli.inference.known_rows import among_kept_items
from bigmodel_cli.inference.opened import OpenRun
from bigmodel_cli.inference.run_data import (
    choose_split,
    held_out_split,
    load_context,
    load_splits,
    ready_to_evaluate,
    require_shape,
)
from bigmodel_cli.inference.trained_on import trained_on
from bigmodel_cli.kinds.read import Read
from bigmodel_cli.listener import Listener
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.parts import part_of
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources import source_options
from bigmodel_cli.sources.base import Examples, LoadContext, Source, SplitName
from bigmodel_cli.sources.name_pattern_option import NamePatternOptions
from bigmodel_cli.sources.options import SourceOptions
from bigmodel_cli.tasks.scores import OtherData, Scoring

_CONFIGS = (".yaml", ".yml")
_SOURCES: Mapping[str, str] = {".npz": "npz", ".csv": "image_csv"}
# Sources whose columns are what they were in training, whatever they look like in another file.
_OF_ROWS = ("table", "conll", "squad", "visits")
_NOT_IN_NAMES = re.compile(r"[^\w.-]+")


def parse_map(words: Sequence[str]) -> dict[str, str]:
    """`old=new` words; `old=` leaves a class out.

    Raises:
        UsageError: If a word is no such pair.
    """
    pairs = {}
    for word in words:
        old, equals, new = word.partition("=")
        if not old or not equals:
            raise UsageError(f"--map {word}: expected OLD=NEW, the data's class name and the model's")
        pairs[class_name(old)] = class_name(new)
    return pairs


def load_other_data(
    opened: OpenRun,
    experiment: Experiment,
    other: OtherData,
    split: SplitName | None,
    listener: Listener,
    *,
    offline: bool,
) -> tuple[str, Examples]:
    """Examples under the labels of a run's model, with a name for them.

    Args:
        opened: The run.
        experiment: Its config; other files are read as its own were.
        other: Where they are.
        split: Which split of them; None: all there are, or what is held out where there are splits.
        listener: Is told of downloads and warnings.
        offline: No download may be made.

    Raises:
        UsageError: If there is no such path, it cannot be data, or a renaming names no class.
        DataError: If the examples cannot be read, or are not what the model takes.
    """
    if opened.signature.finds_items:
        _require_table_of_items(other)
    if other.where.suffix.lower() in _CONFIGS:
        name, examples, signature = _of_config(other, split, listener, offline=offline)
    else:
        options = _options(other.where, experiment, opened.signature)
        context = load_context(experiment, listener, offline=offline)
        context = replace(context, for_evaluation=True, beside=other.beside)
        source = _load(options, context)
        name, examples, signature = _of_source(other.where, source, split)
    trained_with = opened.signature
    if trained_with.kind.is_composed:
        examples = _columns_of(examples, signature, trained_with, str(other.where))
    else:
        require_shape(signature, trained_with, f"{other.where}: ")
        examples = in_dtype(examples, trained_with.kind.dtype, str(other.where))
    if trained_with.finds_items:
        examples, signature = among_kept_items(examples, signature, trained_with, other.where, listener.warn)
    _warn_if_trained_on(opened, experiment, other, examples, listener)
    return name, _relabelled(examples, signature, trained_with, other, listener.warn)


def _relabelled(
    examples: Examples,
    signature: Signature,
    trained_with: Signature,
    other: OtherData,
    warn: Callable[[str], None],
) -> Examples:
    """The examples that can be evaluated on, with labels as the model has them."""
    for name, task in trained_with.targets.items():
        # A single target may have no name of its own.
        given = name if name in signature.targets else next(iter(signature.targets))
        if len(trained_with.targets) > 1 and given != name:
            raise DataError(f"{other.where}: has no target {name!r}")
        rows = examples.rows_of(given)
        kept, found = part_of(task, Scoring).relabelled(
            examples.labels_of(given), signature.targets[given], other, warn
        )
        # Those that lack the target stay for the others.
        labels = np.zeros((len(examples), *found.shape[1:]), found.dtype)
        labels[rows[kept]] = found
        left_out = np.delete(rows, kept)
        if len(left_out):
            stay = np.delete(np.arange(len(examples)), left_out)
            examples, labels = examples.take(stay), labels[stay]
        others = {target: found for target, found in examples.targets.items() if target != given}
        examples = replace(examples, targets={**others, name: labels})
    return replace(examples, targets={name: examples.targets[name] for name in trained_with.targets})


def _columns_of(examples: Examples, signature: Signature, trained_with: Signature, where: str) -> Examples:
    """Rows with the columns that a model takes, and no others.

    Raises:
        DataError: If one is not there, or is of another kind.
    """
    for name, kind in trained_with.inputs.items():
        found = signature.inputs.get(name)
        if found is None:
            raise DataError(
                f"{where}: has no column {name!r}, which the model takes",
                hint=f"it has: {some(signature.inputs)}",
            )
        if (found.name, found.shape) != (kind.name, kind.shape):
            raise DataError(
                f"{where}, {name}: {found.name} ({found.described}); the model was trained on {kind.name} "
                f"({kind.described})",
                hint=f"say what it is: --data a config with columns: {{{name}: {kind.name}}}",
            )
    return replace(examples, inputs={name: examples.inputs[name] for name in trained_with.inputs})


def in_dtype(examples: Examples, dtype: str, where: str) -> Examples:
    """Examples in memory in the dtype that a model takes, where no value changes by it.

    Raises:
        DataError: If values would change: fractions for a model of whole numbers, above all those of pixels
            between 0 and 1.
    """
    before = examples.store
    with np.errstate(invalid="ignore", over="ignore"):
        after = before.astype(dtype)
    if before.array is None or after.array is None or after is before:
        return examples
    if np.dtype(dtype).kind in "iu" and not np.array_equal(after.array, before.array):
        low, high = before.array.min(), before.array.max()
        raise DataError(
            f"{where}: the examples are {before.dtype} between {low:g} and {high:g}; "
            f"the model was trained on {dtype}",
            hint="write them as the training data were: the model has its own preprocessing",
        )
    return examples.with_inputs(lambda _: after)


def _warn_if_trained_on(
    opened: OpenRun, experiment: Experiment, other: OtherData, examples: Examples, listener: Listener
) -> None:
    """Say how many examples are those of training: on these a model is better than on new ones."""
    known = trained_on(opened.folder, experiment)
    if known.has_changed:
        listener.warn(
            f"{other.where}: whether examples of it were trained on cannot be told: the data of "
            f"{opened.folder.title} have changed since it was trained"
        )
    if count := known.count(examples):
        which = "all" if count == len(examples) else f"{count:,} of"
        listener.warn(
            f"{other.where}: {which} {len(examples):,} examples were trained on, so the figures say little "
            "about new ones; `evaluate` without --data takes the split that was held out"
        )


def _require_table_of_items(other: OtherData) -> None:
    """Raises:
    UsageError: If other data are not a table of rows, of which it is known how items and users are called.
    """
    if other.where.suffix.lower() in _CONFIGS:
        raise UsageError(
            f"--data {other.where}: a config has items of its own; what is found is among those that the run "
            "knows",
            hint="name the table: --data rows.csv",
        )
    if other.renamed:
        raise UsageError("--map is for classes; the labels of this run are items")


def _of_config(
    other: OtherData, split: SplitName | None, listener: Listener, *, offline: bool
) -> tuple[str, Examples, Signature]:
    experiment = read_config(other.where).experiment
    splits = load_splits(experiment, listener, offline=offline, for_evaluation=True, beside=other.beside)
    chosen = choose_split(split, splits)
    skips = experiment.data.on_bad_file == "skip"
    splits = ready_to_evaluate(splits, chosen, listener, skips_bad_files=skips)
    return f"{_name(experiment.name)}_{chosen}", splits.parts[chosen], splits.signature


def _of_source(path: Path, source: Source, split: SplitName | None) -> tuple[str, Examples, Signature]:
    parts = source.splits
    if split is not None and split not in parts:
        raise UsageError(f"{path}: has no {split} split", hint=f"it has: {', '.join(parts)}")
    chosen = split or held_out_split(parts)
    name = _name(path.resolve().stem)
    return (name if len(parts) == 1 else f"{name}_{chosen}"), parts[chosen], source.signature


def _name(text: str) -> str:
    """As a part of a file's name that cannot be mistaken for one of a run's own splits."""
    name = _NOT_IN_NAMES.sub("_", text).strip("._")[:80] or "data"
    return f"data_{name}" if name in ("train", "validation", "test") else name


def _options(path: Path, experiment: Experiment, signature: Signature) -> SourceOptions:
    """How `path` is read: as the run's own data where those are of the same kind."""
    if not path.exists():
        raise UsageError(f"--data {path}: no such file or folder")
    source = experiment.data.source
    if signature.kind.is_composed and not path.is_dir() and source.name in _OF_ROWS:
        # Its columns are what they were in training, whatever they look like here.
        alone = {"path": path, "validation": None, "test": None}
        return cast(SourceOptions, source.options).as_files.model_copy(update=alone)
    reader = part_of(signature.kind, Read)
    kind = _SOURCES.get(path.suffix.lower())
    if path.is_dir():
        # A folder of texts is none of images.
        kind = source.name if isinstance(source.options, NamePatternOptions) else reader.sources[0]
    if kind is None:
        raise UsageError(
            f"--data {path}: expected a folder of images, texts or sounds, an .npz or .csv file, a config, "
            "or another table, or file of tagged words or of questions, for a run of such",
            hint="other data can be described by a config: --data other.yaml",
        )
    # What labels are is what the model was trained with, whatever these look like.
    labels = {} if path.is_dir() else {"labels": signature.task.labels}
    if source.name == kind:
        return cast(SourceOptions, source.options).model_copy(update={"path": path, **labels})
    if kind == "npz":
        return source_options()[kind].model_validate({"path": path, **labels})
    of_files = reader.file_options
    if of_files is None or kind not in reader.sources:
        message = f"--data {path}: the model of this run takes {signature.kind.described}, not images"
        raise UsageError(message, hint="other data can be described by a config: --data other.yaml")
    return source_options()[kind].model_validate({"path": path, **labels, **of_files})


def _load(options: SourceOptions, context: LoadContext) -> Source:
    """The examples; where the run's own list of class names does not fit them, under their own names."""
    try:
        return options.load(context)
    except DataError:
        if getattr(options, "class_names", None) is None:
            raise
        try:
            return options.model_copy(update={"class_names": None}).load(context)
        except DataError:
            pass
        raise
