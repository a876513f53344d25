"""Loss, optimizer and metrics of an experiment, compiled into its model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from bigmodel_cli.config.aim import Aim
from bigmodel_cli.config.auto_rate import default_rate, with_rate
from bigmodel_cli.config.checks.freezing import EXCLUDED
from bigmodel_cli.config.components import Component
from bigmodel_cli.config.losses_and_metrics import (
    SHORTHANDS,
    MetricFacts,
    metric_facts,
    takes_logits,
)
from bigmodel_cli.config.naming import metric_name, of_target
from bigmodel_cli.config.reading import Activation, Reading
from bigmodel_cli.modeling.objects import Objects, pointing_at
from bigmodel_cli.modeling.tasks import BoundMetric, TargetLoss, Tasks
from bigmodel_cli.signature import slugs
from bigmodel_cli.tasks.bound import Bound, Counting


def compile_model(
    model: Any,
    aims: Mapping[str, Aim],
    objects: Objects,
    bound: Mapping[str, Bound],
    optimizer: Any | None = None,
) -> Tasks:
    """Compile `model` as its config says, so that the saved file is complete for Keras alone.

    Args:
        model: The model.
        aims: For losses and metrics, by target.
        objects: Makes them.
        bound: Each target's task with its output.
        optimizer: As `make_optimizer` gives it; None: it is not trained any further.

    Raises:
        ConfigError: If Keras refuses a loss or a metric.
    """
    metrics = {
        name: [_metric(item, aims[name], objects, one) for item in aims[name].metrics]
        for name, one in bound.items()
    }
    losses = {name: objects.make(aims[name].loss) for name in bound}
    if len(bound) == 1:
        ((name, loss),) = losses.items()
        with pointing_at(aims[name].loss):
            model.compile(optimizer, loss, metrics=_of_keras(metrics[name]))
        return Tasks(model, bound, metrics)
    for name, of_one in metrics.items():
        for item in of_one:
            item.metric.name = of_target(name, item.metric.name)
    weights = {name: aims[name].weight for name in bound}
    of_targets = {name: TargetLoss(_as_loss(loss), weights[name]) for name, loss in losses.items()}
    kept = {name: _of_keras(of_one) for name, of_one in metrics.items()}
    with pointing_at(aims[next(iter(bound))].loss):
        model.compile(optimizer, _by_slug(losses), _by_slug(weights), _by_slug(kept))
    return Tasks(model, bound, metrics, of_targets)


def _of_keras(metrics: Sequence[BoundMetric]) -> list[Any]:
    """Those that a file has which Keras alone loads."""
    return [item.metric for item in metrics if item.is_of_keras]


def _by_slug(of_targets: Mapping[str, Any]) -> dict[str, Any]:
    """By what the model calls its outputs."""
    return {slug: of_targets[name] for name, slug in slugs(of_targets).items()}


def _as_loss(loss: Any) -> Any:
    """Keras's short strings give functions, which lack a mean over examples and weights."""
    import keras

    if isinstance(loss, keras.losses.Loss):
        return loss

    class Function(keras.losses.Loss):  # type: ignore[misc]
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return loss(y_true, y_pred)

    return Function()


def make_optimizer(component: Component, objects: Objects, total_steps: int) -> Any:
    """The optimizer for a training of so many steps; a rate that is not found yet is Keras's default.

    Raises:
        ConfigError: If Keras refuses it.
    """
    component = _with_decay_steps(with_rate(component, default_rate(component)), total_steps)
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


def _metric(component: Component, aim: Aim, objects: Objects, bound: Bound) -> BoundMetric:
    name = metric_name(component)
    if (counting := bound.counting(component.name)) is not None:
        return BoundMetric(_mean(name, counting), "integer", counting=counting)
    if metric_facts(component).outputs == "items":
        return BoundMetric(_mean(name), "integer", is_told=True)
    if component.name in SHORTHANDS:
        kind: Literal["Accuracy", "Crossentropy"]
        kind = "Accuracy" if component.name in ("accuracy", "acc") else "Crossentropy"
        component = replace(component, name=bound.variant(kind, aim))
    facts = metric_facts(component)
    encoding, activation = bound.metric_encoding(facts), _activation(component, facts, aim.reading)
    if component.own is not None or component.name[0].islower():
        metric = objects.make(component)
        metric = metric if hasattr(metric, "update_state") else _from_function(metric)
        metric.name = name
        return BoundMetric(metric, encoding, activation)
    return BoundMetric(objects.make(component, name=name), encoding, activation)


def _mean(name: str, counting: Counting | None = None) -> Any:
    """Keras's mean, for a metric of ours."""
    import keras

    class Exponential(keras.metrics.Mean):  # type: ignore[misc]
        def result(self) -> Any:
            return keras.ops.exp(super().result())

    is_exponential = counting is not None and counting.is_exponential
    return (Exponential if is_exponential else keras.metrics.Mean)(name=name)


def _activation(component: Component, facts: MetricFacts, reading: Reading) -> Activation | None:
    """What makes probabilities of logits, or of scores around 0, for a metric that takes probabilities.

    Who writes a threshold for such a metric means the scores as they are, unless it is one of probabilities.
    """
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
