"""Moving averages that cannot settle, and batches too small to be averaged over."""

from __future__ import annotations

import math
from collections.abc import Iterator

from bigmodel_cli.config.checks.pitfalls.pitfall import Finding, is_number
from bigmodel_cli.config.components import Component
from bigmodel_cli.config.facts import DataFacts, epoch_size, num_steps
from bigmodel_cli.config.frozen import may_learn, may_learn_batch_norm
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.config.walk import walk

# Keras's default, and what its applications have instead.
_MOMENTUM = 0.99
_MOMENTA = {"MobileNetV2": 0.999, "MobileNetV3": 0.999, "NASNet": 0.9997, "EfficientNetV2": 0.9}
_WITHOUT_BATCH_NORM = ("VGG", "ConvNeXt")
# As much of its start may be left in an average.
_LEFT = 0.01
# Momenta to write instead, from the smoothest on.
_FITTING = (0.98, 0.95, 0.9, 0.8)
# PyTorch's momentum is the share of the new value.
_LIKE_PYTORCH = 0.5


def batch_norms(experiment: Experiment) -> Iterator[tuple[Component, float]]:
    """Layers that learn moving averages from their start on, with how much of them each step keeps."""
    for component in walk(experiment.model, into=may_learn):
        if not may_learn(component):
            continue
        if component.name == "BatchNormalization":
            momentum = component.arguments.get("momentum", _MOMENTUM)
            if is_number(momentum):
                yield component, float(momentum)
        elif _begins_untrained(component):
            found = (m for name, m in _MOMENTA.items() if component.name.startswith(name))
            yield component, next(found, _MOMENTUM)


def _begins_untrained(component: Component) -> bool:
    """Whether an application begins with averages that say nothing, and learns some."""
    return (
        component.family == "applications"
        and component.arguments.get("weights", "imagenet") is None
        and not component.name.startswith(_WITHOUT_BATCH_NORM)
        and may_learn_batch_norm(component.arguments.get("trainable", True))
    )


def unsettled(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:
    """Batch normalization's averages still hold their start when training ends."""
    steps = num_steps(experiment, facts)
    late = [(c, m) for c, m in batch_norms(experiment) if steps and 0 < m < 1 and m**steps > _LEFT]
    if steps is None or not late:
        return
    component, momentum = late[0]
    also = f" ({len(late)} such layers)" if len(late) > 1 else ""
    fitting = next((m for m in _FITTING if m**steps <= _LEFT), None)
    if component.family == "applications":
        advice = "train longer, write a smaller batch_size, or begin with its weights: weights: imagenet"
    elif fitting is None:
        advice = "leave BatchNormalization out, or train longer"
    else:
        advice = f"write BatchNormalization: {{momentum: {fitting}}}"
    yield Finding(
        component.path,
        f"{component.name}'s moving averages (momentum {momentum:g}) need {_needed(momentum):,} steps to "
        f"forget their start, and training has {steps:,}: what is validated and saved is not what was "
        f"trained{also}",
        advice,
    )


def _needed(momentum: float) -> int:
    return math.ceil(math.log(_LEFT) / math.log(momentum))


def averaged_weights(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:
    """So do the averages of weights that `use_ema` keeps."""
    optimizer, steps = experiment.optimizer, num_steps(experiment, facts)
    momentum = optimizer.arguments.get("ema_momentum", _MOMENTUM)
    if optimizer.arguments.get("use_ema") is not True or not steps or not is_number(momentum):
        return
    if 0 < momentum < 1 and momentum**steps > _LEFT:
        key = "ema_momentum" if "ema_momentum" in optimizer.arguments else "use_ema"
        yield Finding(
            (*optimizer.path, key),
            f"the average of the weights (ema_momentum {momentum:g}) needs {_needed(momentum):,} steps to "
            f"forget how they began, and training has {steps:,}",
            "write a smaller ema_momentum, or train longer",
        )


def like_pytorch(experiment: Experiment, _facts: DataFacts) -> Iterator[Finding]:
    """A momentum as PyTorch counts it."""
    for component in walk(experiment.model, into=may_learn):
        is_norm = component.name == "BatchNormalization" and may_learn(component)
        momentum = component.arguments.get("momentum") if is_norm else None
        if is_number(momentum) and momentum <= _LIKE_PYTORCH:
            yield Finding(
                (*component.path, "momentum"),
                f"Keras's momentum is the share that is kept: with {momentum:g} the averages are those "
                "of the last few batches alone",
                f"PyTorch's momentum {momentum:g} is momentum: {1 - momentum:g} here",
            )


def lone_examples(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:
    """A batch, or the last one, has one example, which batch normalization would normalise by itself."""
    batch_size, examples = experiment.data.batch_size, epoch_size(experiment, facts)
    if batch_size == "auto" or not any(True for _ in batch_norms(experiment)):
        return
    part = -(-batch_size // experiment.training.accumulate)
    where = ("data", "batch_size")
    if part == 1:
        where = where if batch_size == 1 else ("training", "accumulate")
        message = "each part of a batch has one example: BatchNormalization normalises it by itself, to zeros"
        yield Finding(where, message, "write a larger batch_size, or LayerNormalization")
    elif examples is not None and examples % batch_size % part == 1:
        yield Finding(
            where,
            f"the last batch of each epoch ends in a single example ({examples:,} in batches of "
            f"{batch_size}): BatchNormalization normalises it by itself, and its averages suffer",
            f"write batch_size: {_without_rest(examples, batch_size)}",
        )


def _without_rest(examples: int, batch_size: int) -> int:
    """A batch size near this one that leaves more than one example over, or none."""
    sizes = (
        size
        for distance in range(1, batch_size + 2)
        for size in (batch_size + distance, batch_size - distance)
    )
    return next(size for size in sizes if size > 1 and examples % size != 1)
