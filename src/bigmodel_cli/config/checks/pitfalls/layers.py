"""Layers in the wrong place, or with arguments that learn nothing."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from bigmodel_cli.config.checks.pitfalls.pitfall import Finding, is_number
from bigmodel_cli.config.components import Component
from bigmodel_cli.config.facts import DataFacts
from bigmodel_cli.config.model_outputs import PROBABILITIES, ending
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.config.walk import walk

_NOISE = ("Dropout", "GaussianNoise")
_ACTIVATED = ("Dense", "Activation", "Softmax")
_HIDDEN = ("Dense", "Conv1D", "Conv2D", "Conv3D")
_HIGH_RATE = 0.95
_CONSTANT = frozenset({"zeros", "ones", "Zeros", "Ones", "Constant", "constant"})


def noise_at_the_end(experiment: Experiment, _facts: DataFacts) -> Iterator[Finding]:
    """Dropout behind the last layer sets answers to 0."""
    last = experiment.model[-1]
    if last.name.endswith(_NOISE):
        yield Finding(
            last.path,
            f"{last.name} behind the last layer changes the model's answers themselves while it is trained",
            "move it in front of the last layer",
        )


def probabilities_twice(experiment: Experiment, _facts: DataFacts) -> Iterator[Finding]:
    """Probabilities are made of what are probabilities already."""
    for before, step in pairwise(experiment.model):
        activation = ending([step]).activation
        follows = step.inputs is None and step.name in ("Softmax", "Activation")
        if not follows or activation not in PROBABILITIES or before.name not in _ACTIVATED:
            continue
        if ending([before]).gives_probabilities:
            yield Finding(
                step.path,
                f"a {activation} over the probabilities of the layer before makes them nearly the same, and "
                "learns slowly",
                "remove one of the two",
            )


def hidden_softmax(experiment: Experiment, _facts: DataFacts) -> Iterator[Finding]:
    """A hidden layer whose units compete for a sum of 1."""
    for number, step in enumerate(experiment.model):
        is_softmax = step.name in _HIDDEN and step.arguments.get("activation") == "softmax"
        # A step with a name may be a gate of another one.
        if (
            is_softmax
            and step.step is None
            and any(s.name in _HIDDEN for s in experiment.model[number + 1 :])
        ):
            yield Finding(
                (*step.path, "activation"),
                f"a softmax in a hidden layer lets little through: all units of {step.name} sum to 1",
                "write activation: relu; softmax is for the last layer",
            )


def drops_nearly_all(experiment: Experiment, _facts: DataFacts) -> Iterator[Finding]:
    """A rate is the share that is dropped, not the one that is kept."""
    for component in walk(experiment.model):
        rate = component.arguments.get("rate")
        if "Dropout" in component.name and is_number(rate) and rate >= _HIGH_RATE:
            yield Finding(
                (*component.path, "rate"),
                f"rate is the share that is dropped: {component.name} leaves {100 * (1 - rate):.3g} %",
                f"write rate: {1 - rate:g}" if rate < 1 else "write rate: 0.5, for instance",
            )


def same_weights(experiment: Experiment, _facts: DataFacts) -> Iterator[Finding]:
    """Units that begin alike stay alike."""
    steps = list(walk(experiment.model))
    last = ending(experiment.model).step
    for step in steps:
        given = step.arguments.get("kernel_initializer")
        name = given.name if isinstance(given, Component) else given
        if isinstance(name, str) and name in _CONSTANT and step is not last:
            yield Finding(
                (*step.path, "kernel_initializer"),
                f"all units of {step.name} begin with the same weights, and learn the same",
                "leave kernel_initializer out",
            )


def head_in_the_middle(experiment: Experiment, _facts: DataFacts) -> Iterator[Finding]:
    """An application keeps ImageNet's last layer unless it is told not to."""
    for number, step in enumerate(experiment.model):
        follows = number + 1 < len(experiment.model)
        if step.family == "applications" and follows and step.arguments.get("include_top", True) is True:
            yield Finding(
                step.path,
                f"{step.name} ends in ImageNet's 1,000 probabilities (include_top: true); the layers behind "
                "it see nothing else",
                f"write {step.name}: {{include_top: false, pooling: avg, …}}",
            )
