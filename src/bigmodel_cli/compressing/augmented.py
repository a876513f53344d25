"""What a teacher makes of augmented examples: these are changed behind preprocessing, where it is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bigmodel_cli.errors import UsageError
from bigmodel_cli.modeling.build import BuiltModel
from bigmodel_cli.modeling.cut import Step, cut_behind, model_from, traced


@dataclass(frozen=True, eq=False)
class BehindAugmentation:
    """The part of a teacher behind what augmentation changes.

    Attributes:
        network: A functional `keras.Model` from a list: the raw columns, then what was changed.
        raw: The names of those columns; none where an example is one tensor.
        changed: The names of what was changed, as the front of the steps gives it; None: it is a bare tensor.
    """

    network: Any
    raw: Sequence[str] = ()
    changed: Sequence[str] | None = None

    def __call__(self, features: Any, examples: Any) -> Any:
        """The teacher's outputs, inside the graph.

        Args:
            features: A batch as it is trained on.
            examples: The same batch before preprocessing.
        """
        changed = [features] if self.changed is None else [features[name] for name in self.changed]
        return self.network([*(examples[name] for name in self.raw), *changed], training=False)


def behind_augmentation(teacher: Any, built: BuiltModel) -> BehindAugmentation:
    """The part of a teacher that takes what the steps of a model augment.

    Args:
        teacher: A functional `keras.Model` from raw examples.
        built: The model.

    Raises:
        UsageError: If the teacher prepares what is augmented in another way.
    """
    copy, steps = traced(teacher)
    if not built.augments_columns and len(copy.inputs) > 1:
        # Nothing is changed, but drawn anew.
        return BehindAugmentation(
            model_from(list(copy.inputs), copy.output), [tensor.name for tensor in copy.inputs], []
        )
    if not built.augments_columns:
        tensor = copy.inputs[0] if built.preprocess is None else _last(built.preprocess, copy, steps)
        return BehindAugmentation(model_from([tensor], copy.output))
    halves = cut_behind(built.network, built.layers_of_columns)
    assert halves is not None, "augmentation is inside of the network"
    front, own = traced(halves.front)
    makers = {id(tensor): step for step in own for tensor in step.outputs}
    given = front.output if isinstance(front.output, Mapping) else {None: front.output}
    changed = {}
    for name, tensor in given.items():
        before = tensor
        while id(before) in makers and makers[id(before)].operation in built.layers_of_columns:
            before = makers[id(before)].inputs[0]
        if before is not tensor:
            changed[name] = _same(before, makers, copy, steps)
    theirs = list(changed.values())
    # What is changed as it arrives is not taken twice.
    raw = [tensor for tensor in copy.inputs if all(tensor is not other for other in theirs)]
    return BehindAugmentation(
        model_from([*raw, *theirs], copy.output),
        [tensor.name for tensor in raw],
        None if None in changed else [str(name) for name in changed],
    )


def _last(preprocess: Any, copy: Any, steps: Sequence[Step]) -> Any:
    """What a teacher has in the place of what a model's preprocessing gives."""
    front, own = traced(preprocess)
    makers = {id(tensor): step for step in own for tensor in step.outputs}
    (tensor,) = front.outputs
    return _same(tensor, makers, copy, steps)


def _same(tensor: Any, makers: Mapping[int, Step], copy: Any, steps: Sequence[Step]) -> Any:
    """The tensor of a teacher that is computed as one of the model is.

    Args:
        tensor: Of the model.
        makers: The step that each tensor of the model comes from, by its id.
        copy: The teacher.
        steps: Of it.

    Raises:
        UsageError: If it has none.
    """
    maker = makers.get(id(tensor))
    if maker is None:
        found = [one for one in copy.inputs if one.name == tensor.name or len(copy.inputs) == 1]
    else:
        given = [_same(one, makers, copy, steps) for one in maker.inputs]
        place = next(number for number, one in enumerate(maker.outputs) if one is tensor)
        found = [step.outputs[place] for step in steps if _takes(step, given) and _is_same(maker, step)]
    if not found:
        raise UsageError(
            "compress.distill: augmentation changes examples behind preprocessing, and the teacher has "
            "another preprocessing",
            hint="train the teacher with the same preprocessing, or leave augmentation out",
        )
    return found[0]


def _takes(step: Step, tensors: Sequence[Any]) -> bool:
    return len(step.inputs) == len(tensors) and all(
        one is other for one, other in zip(step.inputs, tensors, strict=True)
    )


def _is_same(one: Step, other: Step) -> bool:
    """Whether two steps compute the same, whatever they are called."""
    if type(one.operation) is not type(other.operation):
        return False
    weights, others = (getattr(step.operation, "weights", ()) for step in (one, other))
    said, told = (_config(step.operation) for step in (one, other))
    return said == told and all(
        np.array_equal(np.asarray(a), np.asarray(b)) for a, b in zip(weights, others, strict=True)
    )


def _config(operation: Any) -> dict[str, Any]:
    own = {"name", "dtype", "trainable"}
    said = {key: value for key, value in operation.get_config().items() if key not in own}
    # What lookups have learnt is no weight of theirs.
    return {**said, "words": operation.get_vocabulary()} if hasattr(operation, "get_vocabulary") else said
