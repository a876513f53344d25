"""Loss, optimizer and metrics of an experiment, compiled into its model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from bigmodel_cli.config.checks.freezing import EXCLUDED
from bigmodel_cli.config.components import Component
from bigmodel_cli.config.losses_and_metrics import (
    SHORTHANDS,
    MetricFacts,
    loss_facts,
    metric_facts,
    takes_logits,
)
from bigmodel_cli.config.model_outputs import reading_of
from bigmodel_cli.config.naming import metric_name
from bigmodel_cli.config.reading import Activation
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.modeling.objects import Objects, pointing_at
from bigmodel_cli.pipeline.labels import Encoding, metric_encoding


@dataclass(frozen=True)
class MetricWithEncoding:
    """A Keras metric, and how it takes labels and outputs.

    Attributes:
        metric: Keras's object.
        encoding: How it takes labels.
        activation: What makes of the model's outputs what it takes; None: it takes them as they are.
    """

    metric: Any
    encoding: Encoding
    activation: Activation | None = None


@dataclass(frozen=True)
class Compiled:
    """What compiling made, beside the model itself."""

    metrics: Sequence[MetricWithEncoding]

    @property
    def names(self) -> list[str]:
        return [item.metric.name for item in self.metrics]


def default_metrics(num_classes: int | None) -> list[str]:
    """What `metrics: auto` stands for."""
    return ["accuracy"] if num_classes is not None else ["mean_absolute_error"]


def compile_model(
    model: Any,
    experiment: Experiment,
    objects: Objects,
    *,
    encoding: Encoding,
    total_steps: int,
) -> Compiled:
    """Compile `model` as the experiment says, so that the saved file is complete for Keras alone.

    Raises:
        ConfigError: If Keras refuses the loss, the optimizer or a metric.
    """
    loss = objects.make(experiment.loss)
    optimizer = _optimizer(_with_decay_steps(experiment.optimizer, total_steps), objects)
    metrics = [_metric(item, experiment, objects, encoding) for item in _components(experiment, objects)]
    with pointing_at(experiment.loss):
        model.compile(
            optimizer=optimizer,
            loss=loss,
            metrics=[item.metric for item in metrics],
        )
    return Compiled(metrics)


def _optimizer(component: Component, objects: Objects) -> Any:
    arguments = dict(component.arguments)
    excluded = arguments.pop(EXCLUDED, None)
    optimizer = objects.make(replace(component, arguments=arguments))
    if excluded:
        optimizer.exclude_from_weight_decay(var_names=list(excluded))
    return optimizer


def _with_decay_steps(component: Component, total_steps: int) -> Component:
    """The optimizer with its schedules' decay_steps filled in: what is left of training after the warm-up."""
    arguments: dict[str, Any] = {}
    for key, value in component.arguments.items():
        arguments[key] = _with_decay_steps(value, total_steps) if isinstance(value, Component) else value
    if _decays_with_training(component):
        warmup = arguments.get("warmup_steps") or 0
        arguments["decay_steps"] = max(1, total_steps - int(warmup))
    return replace(component, arguments=arguments)


def lacks_decay_steps(component: Component) -> bool:
    """Whether the length of training decides a schedule of an optimizer, or of a part of it."""
    parts = (value for value in component.arguments.values() if isinstance(value, Component))
    return _decays_with_training(component) or any(lacks_decay_steps(part) for part in parts)


def _decays_with_training(component: Component) -> bool:
    is_decaying = component.family == "schedules" and component.name in _DECAYING
    return is_decaying and "decay_steps" not in component.arguments


_DECAYING = frozenset({"CosineDecay", "ExponentialDecay", "InverseTimeDecay", "PolynomialDecay"})


def _components(experiment: Experiment, objects: Objects) -> list[Component]:
    if experiment.metrics != "auto":
        return list(experiment.metrics)
    place, path = experiment.loss.place, ("metrics",)
    names = default_metrics(objects.numbers["num_classes"])
    return [Component(name, "metrics", place, path) for name in names]


def _metric(
    component: Component, experiment: Experiment, objects: Objects, encoding: Encoding
) -> MetricWithEncoding:
    name = metric_name(component)
    if component.name in SHORTHANDS:
        component = _shorthand(component, experiment, encoding)
    facts = metric_facts(component)
    labels, activation = metric_encoding(facts, encoding), _activation(component, facts, experiment)
    if component.name[0].islower():
        metric = objects.make(component)
        metric = metric if hasattr(metric, "update_state") else _from_function(metric)
        metric.name = name
        return MetricWithEncoding(metric, labels, activation)
    return MetricWithEncoding(objects.make(component, name=name), labels, activation)


def _activation(component: Component, facts: MetricFacts, experiment: Experiment) -> Activation | None:
    """What makes probabilities of logits, or of scores around 0, for a metric that takes probabilities.

    Who writes a threshold for such a metric means the scores as they are, unless it is one of probabilities.
    """
    reading = reading_of(experiment)
    if facts.outputs not in ("probabilities", "numbers") or takes_logits(component):
        return None
    if reading.activation is not None:
        return None if _thresholds(component) == {0} else reading.activation
    is_decided_by_sign = reading.threshold == 0 and facts.outputs == "probabilities"
    return "sigmoid" if is_decided_by_sign and not _thresholds(component) else None


def _thresholds(component: Component) -> set[float]:
    found: set[float] = set()
    for key in ("threshold", "thresholds"):
        given = component.arguments.get(key)
        found |= set(given) if isinstance(given, list) else set() if given is None else {given}
    return found


def _from_function(function: Any) -> Any:
    import keras

    return keras.metrics.MeanMetricWrapper(function)


def _shorthand(component: Component, experiment: Experiment, encoding: Encoding) -> Component:
    """`accuracy` and `crossentropy` as Keras resolves them: by the shape of the labels."""
    kind = "Accuracy" if component.name in ("accuracy", "acc") else "Crossentropy"
    variants = {"integer": "SparseCategorical", "one_hot": "Categorical", "binary": "Binary"}
    if encoding == "number":
        # Of several labels of 0 and 1, each may be right.
        is_binary = kind == "Crossentropy" or loss_facts(experiment.loss).takes_probabilities
        return replace(component, name=f"Binary{kind}" if is_binary else kind)
    return replace(component, name=f"{variants[encoding]}{kind}")
