"""Examples of other data under the labels of a run's model: classes are known by their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bigmodel_cli.class_names import class_name
from bigmodel_cli.config.spelling import closest
from bigmodel_cli.errors import DataError, UsageError
from bigmodel_cli.inference.run_data import some_names
from bigmodel_cli.listener import Listener
from bigmodel_cli.sources.base import Examples


@dataclass(frozen=True)
class OtherData:
    """Examples that the model of a run can be evaluated on.

    Attributes:
        where: A folder or a file of examples, or a config.
        renamed: Class names of the data, and what the model calls them; "" leaves a class out.
    """

    where: Path
    renamed: Mapping[str, str]


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


def relabelled(
    other: OtherData,
    examples: Examples,
    names: tuple[str, ...] | None,
    of_model: tuple[str, ...] | None,
    listener: Listener,
) -> Examples:
    """Examples under the labels of a model.

    Args:
        other: Where they are from, and which classes are called otherwise there.
        examples: With labels of their own.
        names: What these stand for; None where they are numbers.
        of_model: What the model's labels stand for.
        listener: Is told of classes without examples.

    Raises:
        UsageError: If a renaming names no class.
        DataError: If the model does not know a class, or no example is left.
    """
    if names is None or of_model is None:
        if names != of_model:
            raise DataError(
                f"{other.where}: the data has the classes {some_names(names)}; "
                f"the model was trained with {some_names(of_model)}"
            )
        if other.renamed:
            raise UsageError("--map is for classes; the labels of this run are numbers")
        return examples
    _check_map(other, names, of_model)
    _check_known(other, names, of_model)
    indices = np.array([_index(other.renamed.get(name, name), of_model) for name in names])
    labels = indices[examples.labels]
    kept = np.flatnonzero(labels >= 0)
    if not len(kept):
        raise DataError(f"{other.where}: no example is left: --map leaves out every class")
    if missing := [name for index, name in enumerate(of_model) if index not in labels]:
        listener.warn(f"{other.where}: has no examples of {some_names(missing)}")
    return (
        examples.take(kept).with_labels(labels[kept])
        if len(kept) < len(labels)
        else examples.with_labels(labels)
    )


def _index(name: str, of_model: Sequence[str]) -> int:
    return of_model.index(name) if name else -1


def _check_map(other: OtherData, names: Sequence[str], of_model: Sequence[str]) -> None:
    for old, new in other.renamed.items():
        for name, known, owner in ((old, names, "data"), (new, of_model, "model")):
            if name and name not in known:
                near = closest(name, list(known))
                hint = f"did you mean {near}?" if near else f"its classes: {some_names(known)}"
                raise UsageError(f"--map {old}={new}: the {owner} has no class {name!r}", hint=hint)


def _check_known(other: OtherData, names: Sequence[str], of_model: Sequence[str]) -> None:
    unknown = [name for name in names if name not in other.renamed and name not in of_model]
    if unknown:
        raise DataError(
            f"{other.where}: the model does not know the classes {some_names(unknown)}; "
            f"it was trained with {some_names(of_model)}",
            hint=f"say what each is: --map {unknown[0]}=NAME, or --map {unknown[0]}= to leave it out",
        )
