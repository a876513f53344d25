"""The last layer against the loss and the labels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bigmodel_cli.config.checks.report import Report
from bigmodel_cli.config.components import NUM_CLASSES, Component
from bigmodel_cli.config.facts import DataFacts
from bigmodel_cli.config.losses_and_metrics import class_name, loss_facts, takes_logits
from bigmodel_cli.config.model_outputs import PROBABILITIES, Ending, ending
from bigmodel_cli.config.schema import Experiment

_TRAINS_NO_CLASSIFIER = {
    "embeddings": "learns vectors that are near each other, and none of them is a class",
}


def check(experiment: Experiment, report: Report) -> None:
    """Contradictions between what the model gives, what the loss takes, and what the labels are."""
    last = ending(experiment.model)
    _check_loss(experiment, report)
    _check_logits(experiment, last, report)
    _check_units(experiment, last, report)
    if report.facts.labels == "numbers":
        _check_numbers(experiment, last, report)


def num_outputs(last: Ending) -> int | None:
    """How many numbers the model gives for an example, where its last layer says so."""
    for key in ("units", "filters"):
        if isinstance(number := last.step.arguments.get(key), int):
            return number
    return None


def takes_shares(experiment: Experiment, facts: DataFacts) -> bool:
    """Whether labels that are numbers may be what the loss takes: several of them, each from 0 to 1."""
    loss = loss_facts(experiment.loss)
    return facts.num_columns != 1 and loss.takes_probabilities and not loss.takes_indices


def or_classes(experiment: Experiment, advice: str) -> str:
    """What to do where labels were taken for numbers, or are none."""
    source = experiment.data.source
    if not hasattr(source.options, "labels"):
        return advice
    return f"write labels: classes in {source.name} if they are classes; else {advice}"


def _check_loss(experiment: Experiment, report: Report) -> None:
    loss = experiment.loss
    reason = _TRAINS_NO_CLASSIFIER.get(loss_facts(loss).outputs)
    if reason:
        report.error(loss.path, f"{loss.name} {reason}; bigmodel does not train that yet")
    is_heard, takes = report.facts.labels == "transcripts", loss_facts(loss).outputs
    if is_heard and takes not in ("frames", "any"):
        report.error(loss.path, f"{loss.name} does not compare a text with moments", "write loss: CTC")
    if takes == "frames" and not is_heard and report.facts.labels is not None:
        report.error(
            loss.path,
            f"{loss.name} is for texts that are heard; the labels are {report.facts.labels}",
            "a table's column of such texts is written columns: {NAME: {transcript: {}}}",
        )


def _check_logits(experiment: Experiment, last: Ending, report: Report) -> None:
    loss, facts = experiment.loss, loss_facts(experiment.loss)
    if takes_logits(loss) and last.gives_probabilities:
        report.error(
            (*loss.path, "from_logits"),
            f"from_logits: true says that the outputs are logits, but the model ends in a {last.activation}",
            f"remove from_logits, or the last layer's activation: {last.activation}",
        )
    if facts.takes_probabilities and not takes_logits(loss) and not last.gives_probabilities:
        report.error(
            last.step.path,
            f"{loss.name} takes probabilities, but {last.describe()}",
            _giving_probabilities(loss, last),
        )
    if facts.outputs == "frames" and last.gives_probabilities:
        report.error(
            last.step.path,
            f"{loss.name} takes logits, but the model ends in a {last.activation}",
            f"remove activation: {last.activation}",
        )
    if facts.outputs == "margins" and last.gives_probabilities:
        report.warning(
            last.step.path,
            f"{loss.name} takes scores around 0; a {last.activation}'s are all above",
            "leave the activation out, or write activation: tanh",
        )


def _giving_probabilities(loss: Component, last: Ending) -> str:
    """What makes the outputs fit the loss: an activation, or a loss that takes logits."""
    fitting = "softmax" if loss_facts(loss).outputs == "distribution" else "sigmoid"
    names = " or ".join(name for name, sums in PROBABILITIES.items() if sums or fitting == "sigmoid")
    if last.activation == "linear" or last.activation == "relu":
        first = f"give it activation: {fitting}"
    elif last.activation is not None:
        first = f"write activation: {fitting} (what gives probabilities: {names})"
    else:
        first = f"end the model with {{Dense: {{units: …, activation: {fitting}}}}}"
    name = class_name(loss) if loss.own is None else loss.name
    return f"{first}, or the loss {{{name}: {{from_logits: true}}}}" if _has_logits(loss) else first


def _has_logits(loss: Component) -> bool:
    from bigmodel_cli.config.catalogue import load_catalogue

    entry = loss.own or load_catalogue().entry("losses", class_name(loss))
    return entry is not None and "from_logits" in entry.parameters


def _check_units(experiment: Experiment, last: Ending, report: Report) -> None:
    loss, facts, step = experiment.loss, loss_facts(experiment.loss), last.step
    units = (*step.path, "units" if "units" in step.arguments else "filters")
    if num_outputs(last) == 1 and last.gives_distribution:
        report.error(
            units,
            f"a {last.activation} over one unit is always 1",
            "write units: num_classes; for two classes also activation: sigmoid and BinaryCrossentropy",
        )
        return
    if num_outputs(last) == 1 and facts.needs_several:
        if not (report.facts.labels == "numbers" and facts.is_for_classes):
            _report_single_output(loss, units, report)
        return
    if last.gives_probabilities and not last.gives_distribution and facts.outputs == "distribution":
        message = f"{loss.name} is for probabilities that sum to 1; a {last.activation}'s do not"
        report.warning((*step.path, "activation"), message, "write activation: softmax")
    if last.gives_distribution and class_name(loss).startswith("Binary"):
        message = f"{loss.name} takes each class by itself; a {last.activation}'s probabilities sum to 1"
        report.warning(loss.path, message, "write loss: CategoricalCrossentropy")


def _report_single_output(loss: Component, units: tuple[str | int, ...], report: Report) -> None:
    outputs = loss_facts(loss).outputs
    if outputs == "distribution":
        advice = "write units: num_classes and activation: softmax; for two classes also BinaryCrossentropy"
        report.error(units, f"{loss.name} needs a probability for each class", advice)
    elif outputs == "margins":
        message = f"{loss.name} needs a score for each class"
        report.error(units, message, "write units: num_classes; for two classes also Hinge")
    elif outputs == "numbers":
        message = f"{loss.name} compares directions, and a single number has none but its sign"
        report.error(units, message, "write loss: MeanSquaredError")


def _check_numbers(experiment: Experiment, last: Ending, report: Report) -> None:
    source, loss = experiment.data.source.name, experiment.loss
    are_shares = takes_shares(experiment, report.facts)
    for component, key in _uses_of_num_classes(experiment.model):
        message = f"num_classes is not known: the labels of {source} are numbers, not classes"
        advice = or_classes(experiment, "write the number of outputs, for instance 1")
        report.error((*component.path, key), message, advice)
    if loss_facts(loss).is_for_classes and not are_shares:
        message = f"{loss.name} is for classes; the labels of {source} are numbers"
        report.error(loss.path, message, or_classes(experiment, "write loss: MeanSquaredError"))
    if last.gives_distribution and not are_shares and num_outputs(last) != 1:
        message = f"a {last.activation} gives probabilities; the labels of {source} are numbers"
        advice = or_classes(experiment, "leave the last layer's activation out")
        report.error(last.step.path, message, advice)


def _uses_of_num_classes(value: Any) -> Iterator[tuple[Component, str]]:
    if isinstance(value, list):
        for item in value:
            yield from _uses_of_num_classes(item)
    elif isinstance(value, Component):
        yield from ((value, key) for key, argument in value.arguments.items() if argument == NUM_CLASSES)
        for argument in [*value.arguments.values(), *(vars(value.options).values() if value.options else ())]:
            yield from _uses_of_num_classes(argument)
