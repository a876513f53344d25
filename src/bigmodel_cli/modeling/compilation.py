"""Loss, optimizer and metrics of an experiment, compiled into its model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from bigmodel_cli.config.components import Component
from bigmodel_cli.config.naming import SHORTHANDS, metric_name
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.modeling.objects import Objects, pointing_at
from bigmodel_cli.pipeline.labels import Encoding, metric_encoding


@dataclass(frozen=True)
class MetricWithEncoding:
    """A Keras metric and how it takes labels."""

    metric: Any
    encoding: Encoding


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
    optimizer = objects.make(_with_decay_steps(experiment.optimizer, total_steps))
    metrics = _metrics(experiment, objects, encoding)
    with pointing_at(experiment.loss):
        model.compile(
            optimizer=optimizer,
            loss=loss,
            metrics=[item.metric for item in metrics],
        )
    return Compiled(metrics)


def _with_decay_steps(component: Component, total_steps: int) -> Component:
    """The optimizer with its schedules' decay_steps filled in: what is left of training after the warm-up."""
    arguments: dict[str, Any] = {}
    for key, value in component.arguments.items():
        arguments[key] = _with_decay_steps(value, total_steps) if isinstance(value, Component) else value
    if component.family == "schedules" and component.name in _DECAYING and "decay_steps" not in arguments:
        warmup = arguments.get("warmup_steps") or 0
        arguments["decay_steps"] = max(1, total_steps - int(warmup))
    return replace(component, arguments=arguments)


_DECAYING = frozenset({"CosineDecay", "ExponentialDecay", "InverseTimeDecay", "PolynomialDecay"})


def _metrics(experiment: Experiment, objects: Objects, encoding: Encoding) -> list[MetricWithEncoding]:
    if experiment.metrics == "auto":
        place, path = experiment.loss.place, ("metrics",)
        names = default_metrics(objects.numbers["num_classes"])
        components = [Component(name, "metrics", place, path) for name in names]
    else:
        components = list(experiment.metrics)
    return [_metric(component, objects, encoding) for component in components]


def _metric(component: Component, objects: Objects, encoding: Encoding) -> MetricWithEncoding:
    name = metric_name(component)
    if component.name in SHORTHANDS:
        component = _shorthand(component, encoding)
    metric_takes = metric_encoding(component.name, encoding)
    if component.name[0].islower():
        metric = objects.make(component)
        metric = metric if hasattr(metric, "update_state") else _from_function(metric)
        metric.name = name
        return MetricWithEncoding(metric, metric_takes)
    return MetricWithEncoding(objects.make(component, name=name), metric_takes)


def _from_function(function: Any) -> Any:
    import keras

    return keras.metrics.MeanMetricWrapper(function)


def _shorthand(component: Component, encoding: Encoding) -> Component:
    """`accuracy` and `crossentropy` as Keras resolves them: by the shape of the labels."""
    kind = "Accuracy" if component.name in ("accuracy", "acc") else "Crossentropy"
    variants = {"integer": "SparseCategorical", "one_hot": "Categorical", "binary": "Binary"}
    if encoding == "number":
        return replace(component, name="Accuracy" if kind == "Accuracy" else "BinaryCrossentropy")
    return replace(component, name=f"{variants[encoding]}{kind}")
