"""The last layer against the loss, the metrics and the labels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bigmodel_cli.config.checks.report import Report
from bigmodel_cli.config.components import NUM_CLASSES, Component
from bigmodel_cli.config.facts import DataFacts
from bigmodel_cli.config.schema import Experiment

CATEGORICAL = frozenset(
    {
        "CategoricalCrossentropy",
        "CategoricalFocalCrossentropy",
        "SparseCategoricalCrossentropy",
        "categorical_crossentropy",
        "categorical_focal_crossentropy",
        "sparse_categorical_crossentropy",
    }
)
BINARY = frozenset(
    {"BinaryCrossentropy", "BinaryFocalCrossentropy", "binary_crossentropy", "binary_focal_crossentropy"}
)
_OF_CLASSES = frozenset({*CATEGORICAL, "CategoricalHinge", "categorical_hinge"})
_PER_CLASS = frozenset(
    {
        "CategoricalAccuracy",
        "SparseCategoricalAccuracy",
        "TopKCategoricalAccuracy",
        "SparseTopKCategoricalAccuracy",
    }
)
_ACCURACIES = frozenset(
    {"accuracy", "acc", "CategoricalAccuracy", "SparseCategoricalAccuracy", "BinaryAccuracy"}
)


def check(experiment: Experiment, report: Report) -> None:
    """Contradictions between what the model gives, what the loss takes, and what the labels are."""
    facts = report.facts
    last = last_step(experiment.model)
    _check_logits(experiment, last, report)
    _check_units(experiment, last, report)
    if facts.labels == "numbers":
        _check_numbers(experiment, last, report)
    _check_metrics(experiment, last, facts, report)


def last_step(steps: list[Component]) -> Component:
    """The step that makes the output: the last one, or the last one inside the last `repeat`."""
    step = steps[-1]
    inner = getattr(step.options, "layers", None)
    return last_step(inner) if inner and step.name == "repeat" else step


def output_activation(last: Component) -> str | None:
    """The activation of the last layer as a short string: `linear` where it has none, None where unknown."""
    if last.name in ("Softmax", "ReLU"):
        return last.name.lower()
    if last.name not in ("Dense", "Activation", "EinsumDense"):
        return None
    given: Any = last.arguments.get("activation", "linear")
    if isinstance(given, Component):
        return given.name.lower() if given.name in ("Softmax", "ReLU") else None
    return "linear" if given is None else str(given)


def _check_logits(experiment: Experiment, last: Component, report: Report) -> None:
    loss, activation = experiment.loss, output_activation(last)
    takes_logits = loss.arguments.get("from_logits") is True
    if takes_logits and activation in ("softmax", "sigmoid"):
        report.error(
            (*loss.path, "from_logits"),
            f"from_logits: true says that the outputs are logits, but the model ends in a {activation}",
            f"remove from_logits, or the last layer's activation: {activation}",
        )
    if takes_logits or activation not in ("linear", "relu"):
        return
    if loss.name in CATEGORICAL | BINARY:
        fitting = "softmax" if loss.name in CATEGORICAL else "sigmoid"
        report.error(
            last.path,
            f"{loss.name} takes probabilities, but the last layer has "
            f"{'no activation' if activation == 'linear' else 'the activation relu'}",
            f"give it activation: {fitting}, or the loss {{{_class_name(loss.name)}: {{from_logits: true}}}}",
        )


def _class_name(loss: str) -> str:
    """`binary_crossentropy` as the class that takes arguments."""
    return loss if loss[0].isupper() else "".join(word.capitalize() for word in loss.split("_"))


def _check_units(experiment: Experiment, last: Component, report: Report) -> None:
    units, activation, loss = last.arguments.get("units"), output_activation(last), experiment.loss.name
    if units == 1 and activation == "softmax":
        report.error(
            (*last.path, "units"),
            "a softmax over one unit is always 1",
            "write units: num_classes; for two classes also activation: sigmoid and BinaryCrossentropy",
        )
        return
    if units == 1 and loss in CATEGORICAL:
        advice = "write units: num_classes and activation: softmax; for two classes also BinaryCrossentropy"
        report.error((*last.path, "units"), f"{loss} needs a probability for each class", advice)
        return
    if activation == "sigmoid" and loss in CATEGORICAL:
        message = f"{loss} is for probabilities that sum to 1; a sigmoid's do not"
        report.warning((*last.path, "activation"), message, "write activation: softmax")
    if activation == "softmax" and loss in BINARY:
        message = f"{loss} takes each class by itself; a softmax's probabilities sum to 1"
        report.warning(experiment.loss.path, message, "write loss: CategoricalCrossentropy")


def _check_numbers(experiment: Experiment, last: Component, report: Report) -> None:
    source = experiment.data.source.name
    for component, key in _uses_of_num_classes(experiment.model):
        message = f"num_classes is not known: the labels of {source} are numbers, not classes"
        report.error((*component.path, key), message, "write the number of outputs, for instance 1")
    if experiment.loss.name in _OF_CLASSES | BINARY:
        message = f"{experiment.loss.name} is for classes; the labels of {source} are numbers"
        report.error(experiment.loss.path, message, "write loss: MeanSquaredError")
    if output_activation(last) == "softmax" and last.arguments.get("units") != 1:
        message = f"a softmax gives probabilities; the labels of {source} are numbers"
        report.error(last.path, message, "leave the last layer's activation out")


def _uses_of_num_classes(value: Any) -> Iterator[tuple[Component, str]]:
    if isinstance(value, list):
        for item in value:
            yield from _uses_of_num_classes(item)
    elif isinstance(value, Component):
        yield from ((value, key) for key, argument in value.arguments.items() if argument == NUM_CLASSES)
        for argument in [*value.arguments.values(), *(vars(value.options).values() if value.options else ())]:
            yield from _uses_of_num_classes(argument)


def _check_metrics(experiment: Experiment, last: Component, facts: DataFacts, report: Report) -> None:
    if experiment.metrics == "auto":
        return
    for index, metric in enumerate(experiment.metrics):
        path = metric.path or ("metrics", index)
        if facts.labels == "numbers" and metric.name in _ACCURACIES:
            message = f"{metric.name} is for classes; the labels of {experiment.data.source.name} are numbers"
            report.error(path, message, "write metrics: [mae]")
        top = metric.arguments.get("k", 5 if "TopK" in metric.name else None)
        if isinstance(top, int) and facts.num_classes is not None and top >= facts.num_classes:
            message = f"the best {top} of {facts.num_classes} classes always hold the right one"
            report.warning(path, message, f"write {{{metric.name}: {{k: …}}}} with a smaller number")
        if last.arguments.get("units") == 1 and metric.name in _PER_CLASS:
            message = f"{metric.name} needs a score for each class; the model has one output"
            report.error(path, message, "write accuracy")
        if metric.name == "BinaryAccuracy" and output_activation(last) == "softmax":
            message = "BinaryAccuracy looks at each class by itself, so it is high before anything is learned"
            report.warning(path, message, "write accuracy")
