"""What a config's preprocessing and augmentation do to the columns of a row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from bigmodel_cli.config.components import Component
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.config.walk import walk
from bigmodel_cli.kinds.kind import Kind

_FILLS = "impute"
# Keras's layers that mix whole examples and their labels.
MIXING = frozenset({"MixUp", "CutMix"})
ByColumn = Sequence[Component] | Mapping[str, Sequence[Component]]


def layers_of(experiment: Experiment, column: str, kind: Kind | type[Kind]) -> Sequence[Component]:
    """The layers of a column: its own, or those of its kind."""
    return _of_column(experiment.preprocessing, column, kind)


def augmentation_of(experiment: Experiment, column: str, kind: Kind | type[Kind]) -> Sequence[Component]:
    """The layers that are active in training only, behind those, likewise."""
    return _of_column(experiment.augmentation, column, kind)


def all_augmentation(experiment: Experiment) -> list[Component]:
    """The layers of augmentation, of whichever column."""
    written: ByColumn = experiment.augmentation
    parts = written.values() if isinstance(written, Mapping) else [written]
    return [layer for part in parts for layer in part]


def _of_column(written: ByColumn, column: str, kind: Kind | type[Kind]) -> Sequence[Component]:
    if not isinstance(written, Mapping):
        return written
    found: Sequence[Component] = written.get(column, written.get(kind.name, ()))
    return found


def takers(experiment: Experiment, column: str, kind: Kind | type[Kind]) -> Iterator[Component]:
    """The steps that a column reaches first: by its name, with its kind, or with all columns."""
    for place, step in enumerate(experiment.model):
        for inner in walk([step]):
            names = set(inner.inputs or ())
            is_first = inner is step and place == 0
            if is_first and (inner.inputs is None or "previous" in names):
                names.add("input")
            if names & {column, kind.plural, "input"}:
                yield inner


def never_missing(experiment: Experiment, inputs: Mapping[str, Kind]) -> list[str]:
    """The columns of numbers whose missing values nothing fills."""
    return [
        name
        for name, kind in inputs.items()
        if not kind.stands_alone
        and kind.dtype == "float32"
        and all(layer.name != _FILLS for layer in layers_of(experiment, name, kind))
    ]


# What Keras computes in about the time that it takes to read the four times larger result from memory.
_QUICK = frozenset({"CenterCrop", "Flatten", "Identity", "Normalization", "Permute", "Rescaling", "Reshape"})


def is_worth_keeping(experiment: Experiment) -> bool:
    """Whether preprocessing of single examples takes so long that its result had better be kept."""
    return any(component.name not in _QUICK for component in experiment.shared_preprocessing)


def is_kept_of_files(experiment: Experiment) -> bool:
    """Whether preprocessing gives what is kept instead of the decoded files: spectrograms are smaller."""
    return any(getattr(one.options, "is_kept_of_files", False) for one in experiment.shared_preprocessing)
