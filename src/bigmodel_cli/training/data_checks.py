"""Values of the loaded data that loss or layers do not take, found before TensorFlow starts."""

from __future__ import annotations

from bigmodel_cli.config.components import Component
from bigmodel_cli.config.model_inputs import embeddings_of_examples, rows_of_embedding
from bigmodel_cli.config.problems import Problem, config_error
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.parts import part_of
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.tasks.checks import Checks
from bigmodel_cli.training.missing_values import check_missing


def check_values(experiment: Experiment, splits: Splits) -> None:
    """Find out before training whether labels and tokens are what loss and layers take.

    Raises:
        ConfigError: If an Embedding is too small; it points at it.
        DataError: If a number is missing and nothing stands in for it, or labels are no shares of 1
            where the loss takes such.
    """
    problems = [
        problem
        for component in embeddings_of_examples(experiment)
        if (problem := _out_of_range(component, splits)) is not None
    ]
    if problems:
        raise config_error(problems)
    check_missing(experiment, splits)
    _check_labels(experiment, splits)


def _out_of_range(component: Component, splits: Splits) -> Problem | None:
    """Tokens that an Embedding does not know: GPUs take them for zeros, without a word."""
    key, size = rows_of_embedding(component) or ("", None)
    if not isinstance(size, int):
        return None
    for part in splits.parts.values():
        stores = list(part.inputs.values())
        features = stores[0].array
        # What is read file by file is no token, and columns are looked up first.
        if len(stores) > 1 or features is None or not features.size:
            continue
        smallest, largest = features.min(), features.max()
        if smallest >= 0 and largest < size:
            continue
        value = smallest if smallest < 0 else largest
        first = (features == value).reshape(len(part), -1).any(axis=1).argmax()
        return Problem(
            component.place,
            (*component.path, key),
            f"{component.name} takes whole numbers from 0 to {size - 1}, but {part.name(int(first))} "
            f"has {value:g}",
            suggestion="number tokens from 0 on" if smallest < 0 else f"write {key}: {int(largest) + 1}",
        )
    return None


def _check_labels(experiment: Experiment, splits: Splits) -> None:
    for name, task in splits.signature.targets.items():
        for part in (whole.having(name) for whole in splits.parts.values()):
            part_of(task, Checks).check_labels(experiment.of_target(name), part.targets[name], part.name)
