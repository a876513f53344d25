"""Which output of a model from elsewhere is for which target of the data, and what it is measured by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bigmodel_cli.cut import some
from bigmodel_cli.errors import DataError, UsageError
from bigmodel_cli.modeling.foreign import Output
from bigmodel_cli.parts import part_of
from bigmodel_cli.signature import slugs
from bigmodel_cli.tasks.bound import Bound
from bigmodel_cli.tasks.task import Task


@dataclass(frozen=True)
class End:
    """An output and the target that it is for.

    Attributes:
        target: The target.
        output: The output.
        loss: What it is measured by, as a config has it.
        order: For each class of the data, which of its numbers stands for it; None: the order is the same.
    """

    target: str
    output: Output
    loss: Any
    order: Sequence[int] | None = None


def named_alike(name: str, names: Iterable[str]) -> str | None:
    """The one of some names that a program would have written as a name, or so but for capitals."""
    known = list(names)
    by_slug = {slug: one for one, slug in slugs(known).items()}
    by_case = {one.casefold(): one for one in known}
    return name if name in known else by_slug.get(name, by_case.get(name.casefold()))


def paired(
    targets: Sequence[str], outputs: Sequence[Output], asked: str | None, file: Path
) -> dict[str, Output]:
    """The output for each target.

    Args:
        targets: Of the data.
        outputs: Of the model.
        asked: The output that is meant; None: nobody said.
        file: With the model, for errors.

    Raises:
        UsageError: If nothing tells which output is for a target.
    """
    by_name = {output.port.name: output for output in outputs}
    if asked is not None:
        if asked not in by_name:
            raise UsageError(f"--output {asked}: {file} has none of this name", hint=_there(outputs))
        if len(targets) > 1:
            raise UsageError(
                f"--output {asked}: is for data with one target; these have {some(targets, 5)}",
                hint="name the one that is meant: --target COLUMN",
            )
        return {targets[0]: by_name[asked]}
    if len(targets) == len(outputs) == 1:
        return {targets[0]: outputs[0]}
    found = {
        target: by_name[output] for output in by_name if (target := named_alike(output, targets)) is not None
    }
    if lacking := [target for target in targets if target not in found]:
        raise UsageError(
            f"{file}: no output is called as the target {lacking[0]} of the data is",
            hint=f"{_there(outputs)}; name columns as the outputs are, or with one target: --output NAME",
        )
    return {target: found[target] for target in targets}


def targets_among(columns: Sequence[str], outputs: Sequence[Output]) -> list[str] | None:
    """The columns of a table that several outputs are named like, in their order; None where one has none."""
    found = [named_alike(output.port.name, columns) for output in outputs]
    names = [name for name in found if name is not None]
    return names if len(names) == len(set(names)) == len(outputs) > 1 else None


def ends_of(
    tasks: Mapping[str, Task],
    outputs: Mapping[str, Output],
    orders: Mapping[str, Sequence[int] | None],
    file: Path,
) -> list[End]:
    """What each target is given and measured by.

    Raises:
        DataError: If an output is for other targets.
    """
    found = []
    for target, output in outputs.items():
        task = tasks[target]
        loss = part_of(task, Bound).loss_of_adopted(output.port.shape[-1] or 0, output.activation)
        if loss is None:
            more = "; if they have examples of some classes only, name all of them: --labels FILE"
            raise DataError(
                f"{file}: gives {output.port}; the data have {task.described}",
                hint="name the data that it was trained for, or the column of a table: --target COLUMN"
                f"{more if task.is_of_classes else ''}",
            )
        found.append(End(target, output, loss, orders.get(target)))
    return found


def _there(outputs: Sequence[Output]) -> str:
    return f"outputs: {', '.join(output.port.name for output in outputs)}"
