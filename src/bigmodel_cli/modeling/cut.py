"""A model in two: the front, which gives the same for an example in every epoch, and the back, which learns.

The front is what nothing in training changes: layers that do not learn, and draw no random numbers.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from bigmodel_cli.sources.base import bare

# Keras's layers that have the argument `training` and, where they draw no random numbers, compute the same
# with and without it. Whatever else has it is taken to change in training.
_SAME_IN_TRAINING = frozenset(
    {
        "AdditiveAttention",
        "Attention",
        "CenterCrop",
        "Dense",
        "Dropout",
        "EinsumDense",
        "GaussianDropout",
        "GaussianNoise",
        "GroupQueryAttention",
        "MultiHeadAttention",
        "Resizing",
        "SpatialDropout1D",
        "SpatialDropout2D",
        "SpatialDropout3D",
    }
)


# What the tensors between the two are called where they are several.
FEATURES = "features_"


@dataclass(frozen=True)
class Cut:
    """A model in two, which share its layers.

    Attributes:
        front: From raw features to what the back takes; a functional `keras.Model`.
        back: From there to the outputs.
    """

    front: Any
    back: Any

    @property
    def frozen(self) -> list[Any]:
        """The layers of the front that could learn, those inside applications too."""
        return [layer for layer in leaves(self.front) if is_frozen(layer)]


def cut(model: Any, *, needs_frozen: bool = True) -> Cut | None:
    """The model in two, with as much in front as can be; None where nothing that is frozen comes first.

    Where a part of an application is unfrozen, the cut goes through the application.

    Args:
        model: A functional `keras.Model`.
        needs_frozen: Whether something in front must be frozen; else it is enough that it does not learn.
    """
    import keras

    copy, steps = traced(model)
    found = _last_neck(copy, steps)
    if found is None:
        return None
    both = Cut(keras.Model(copy.input, found), keras.Model(found, copy.output))
    return both if both.frozen or not needs_frozen else None


def cut_row(
    model: Any,
    through: tuple[type, ...] = (),
    as_they_are: Collection[str] = (),
    changing: Sequence[Any] = (),
) -> Cut | None:
    """A model of rows in two: in front all that training never changes, which may give several tensors.

    Args:
        model: A functional `keras.Model`, each input of which is a column.
        through: Classes of layers that are in front even where they learn, when all before them is.
        as_they_are: Inputs that pass the front as they are: pixels, which would take more as anything else.
        changing: Layers that are behind the front whatever they do.

    Returns:
        The front gives what the back takes: one tensor, or several by `features_1`, `features_2`, …; None
        where nothing comes first that is not learnt.
    """
    copy, steps = traced(model)
    makers = _makers(steps)
    passing = {id(tensor) for tensor in copy.inputs if tensor.name in as_they_are}
    passing |= {id(tensor) for step in steps if step.operation in changing for tensor in step.inputs}
    fixed = _fixed(steps, makers, through, passing)
    return _parted(copy, steps, fixed) if fixed and len(fixed) < len(steps) else None


def cut_behind(model: Any, layers: Sequence[Any]) -> Cut | None:
    """A model in two, with some layers and all that they need in front; None where it has none of them.

    Args:
        model: A functional `keras.Model`.
        layers: Of it.

    Returns:
        The parts as `cut_row` has them.
    """
    copy, steps = traced(model)
    makers = _makers(steps)
    ends = [step for step in steps if step.operation in layers]
    before = {step for end in ends for step in _above(end, makers)}
    return _parted(copy, steps, before) if before else None


def without(model: Any, layers: Sequence[Any]) -> Any:
    """The same model, in which some layers give what they get."""

    def call(operation: Any, *arguments: Any, **options: Any) -> Any:
        return arguments[0] if operation in layers else operation(*arguments, **options)

    copy = called_anew(model, call)
    return model_from(copy.input, copy.output, model.name)


def _makers(steps: Sequence[Step]) -> dict[int, Step]:
    """The step that each tensor comes from, by its id."""
    return {id(tensor): step for step in steps for tensor in step.outputs}


def _parted(copy: Any, steps: Sequence[Step], before: Collection[int]) -> Cut | None:
    """A traced model behind some of its steps; None where the others need nothing."""

    makers, needed = _makers(steps), dict[int, Any]()
    for step in steps:
        if id(step) not in before:
            for tensor in step.inputs:
                if id(tensor) not in makers or id(makers[id(tensor)]) in before:
                    needed.setdefault(id(tensor), tensor)
    if not needed:
        return None
    named = bare({f"{FEATURES}{number}": tensor for number, tensor in enumerate(needed.values(), 1)})
    return Cut(model_from(copy.input, named), model_from(named, copy.output))


def model_from(named: Any, outputs: Any, name: str | None = None) -> Any:
    """A `keras.Model` from tensors inside another one, one or by names that are not theirs."""
    import keras

    with _names_of_their_own():
        return keras.Model(named, outputs, name=name)


@contextmanager
def _names_of_their_own() -> Iterator[None]:
    """Keras would rather have tensors called as their keys are."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield


def is_frozen(layer: Any) -> bool:
    """Whether a layer could learn from gradients, and does not; `adapt()` is another matter."""
    return bool(layer.weights) and not layer.trainable and not hasattr(layer, "adapt")


def leaves(model: Any) -> Iterator[Any]:
    """The layers of a model, those of models inside it in their place."""
    for layer in model.layers:
        if getattr(layer, "layers", None):
            yield from leaves(layer)
        else:
            yield layer


def never_changes(operation: Any) -> bool:
    """Whether an operation gives the same for an example whenever training calls it."""
    import keras

    if not isinstance(operation, keras.Layer):
        return True
    if isinstance(operation, keras.Model):
        return all(map(never_changes, operation.layers))
    if operation.trainable_weights or operation.activity_regularizer is not None:
        return False
    # What is a variable and no weight is the state of a random generator.
    if len(operation.variables) != len(operation.weights) or not type(operation).__module__.startswith(
        "keras."
    ):
        return False
    if isinstance(operation, keras.layers.BatchNormalization):
        return not operation.trainable
    has_argument = "training" in inspect.signature(operation.call).parameters
    return not has_argument or type(operation).__name__ in _SAME_IN_TRAINING


@dataclass(frozen=True)
class Step:
    """An operation where it is called, with the tensors that go in and come out."""

    operation: Any
    inputs: Sequence[Any]
    outputs: Sequence[Any]


def traced(model: Any) -> tuple[Any, list[Step]]:
    """The same layers as another model, and its steps in order; what learns in part is two steps."""
    import keras

    steps: list[Step] = []

    def step(operation: Any, *arguments: Any, **options: Any) -> Any:
        outputs = operation(*arguments, **options)
        steps.append(Step(operation, _tensors((arguments, options)), _tensors(outputs)))
        return outputs

    def call(operation: Any, *arguments: Any, **options: Any) -> Any:
        if isinstance(operation, keras.Function) and not never_changes(operation):
            halves = cut(operation)
            if halves is not None:
                return step(halves.back, step(halves.front, *arguments))
        return step(operation, *arguments, **options)

    return called_anew(model, call), steps


def called_anew(model: Any, call: Callable[..., Any]) -> Any:
    """The same layers as another model, each called by `call`."""
    import keras

    # A compiled model would be compiled again.
    plain = model_from(model.input, model.output)
    with _names_of_their_own():
        return keras.models.clone_model(plain, clone_function=lambda layer: layer, call_function=call)


def _tensors(structure: Any) -> list[Any]:
    import keras

    return [item for item in keras.tree.flatten(structure) if isinstance(item, keras.KerasTensor)]


def _last_neck(model: Any, steps: Sequence[Step]) -> Any | None:
    """The last tensor that all of the model goes through, and before which nothing changes.

    A tensor with a mask is none: the mask would be lost.
    """
    makers = _makers(steps)
    fixed = _fixed(steps, makers)
    neck = None
    for step in steps:
        if id(step) in fixed and len(step.outputs) == 1 and _is_neck(step, makers, steps, model):
            neck = step.outputs[0]
    return neck


def _fixed(
    steps: Sequence[Step],
    makers: dict[int, Step],
    through: tuple[type, ...] = (),
    passing: Collection[int] = (),
) -> set[int]:
    """The steps that give the same for an example in every epoch, or are of classes that count as such.

    Those behind a tensor that is passing are none.
    """
    fixed: set[int] = set()
    for step in steps:
        before = [makers[id(tensor)] for tensor in step.inputs if id(tensor) in makers]
        is_behind = any(id(tensor) in passing for tensor in step.inputs)
        # A mask would be lost where the model is cut.
        is_passed = isinstance(step.operation, through) and not any(map(_has_mask, step.outputs))
        is_still = not is_behind and (is_passed or never_changes(step.operation))
        # What is of a batch as a whole, as the places of its tokens are, belongs to no example.
        is_still = is_still and all(tensor.shape[:1] == (None,) for tensor in step.outputs)
        if is_still and all(id(other) in fixed for other in before):
            fixed.add(id(step))
    return fixed


def _has_mask(tensor: Any) -> bool:
    return getattr(tensor, "_keras_mask", None) is not None


def _is_neck(step: Step, makers: dict[int, Step], steps: Sequence[Step], model: Any) -> bool:
    (tensor,) = step.outputs
    if _has_mask(tensor):
        return False
    above = _above(step, makers)
    inside = {id(tensor) for other in steps if id(other) in above for tensor in other.outputs}
    hidden = inside | {id(tensor) for tensor in model.inputs}
    hidden.discard(id(tensor))
    if any(id(output) in inside for output in model.outputs):
        return False
    return not any(
        id(arrives) in hidden for other in steps if id(other) not in above for arrives in other.inputs
    )


def _above(step: Step, makers: dict[int, Step]) -> set[int]:
    """A step and all before it that it needs."""
    found: set[int] = set()
    waiting = [step]
    while waiting:
        one = waiting.pop()
        if id(one) not in found:
            found.add(id(one))
            waiting += [makers[id(tensor)] for tensor in one.inputs if id(tensor) in makers]
    return found
