"""Metrics against what the model gives, what the labels are, and each other's names."""

from __future__ import annotations

from collections.abc import Iterator

from bigmodel_cli.config.checks.outputs import num_outputs, or_classes, takes_shares
from bigmodel_cli.config.checks.report import Report
from bigmodel_cli.config.components import Component
from bigmodel_cli.config.facts import DataFacts
from bigmodel_cli.config.losses_and_metrics import (
    MetricFacts,
    class_name,
    metric_facts,
    takes_logits,
)
from bigmodel_cli.config.measures import scores_of
from bigmodel_cli.config.model_outputs import Ending, ending
from bigmodel_cli.config.naming import LOSS, OWN_COLUMNS, VALIDATION, metric_name
from bigmodel_cli.config.own_metrics import OWN_METRICS
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.config.tree import ConfigPathKeys
from bigmodel_cli.tasks.generation.task import BITS_PER_BYTE, PERPLEXITY
from bigmodel_cli.tasks.transcription.task import WORD_ERROR_RATE

# By our metrics of texts, the labels that they are for: of some translations' tokens nobody knows the bytes.
_WRITING = {BITS_PER_BYTE: ("tokens",), PERPLEXITY: ("tokens", "texts")}
# By what a metric takes outputs for: the labels that it is for alone, and what they are.
_ONLY_FOR = {
    "frames": ("transcripts", "texts that are heard"),
    "tags": ("tags", "tags of words"),
    "items": ("items", "items that are found among all"),
}
# What looks at each class by itself, so that a model which is wrong of one class is right of all the others.
_EACH_BY_ITSELF = ("BinaryAccuracy", "BinaryIoU")
# Measures of an evaluation that go by the name which people give to a metric of Keras.
_ALSO_CALLED = {
    "accuracy": "Accuracy",
    "top_3_accuracy": "TopKCategoricalAccuracy",
    "top_5_accuracy": "TopKCategoricalAccuracy",
    "roc_auc": "AUC",
    "average_precision": "AUC",
    "log_loss": "Crossentropy",
    "r2": "R2Score",
    "mean_absolute_error": "MeanAbsoluteError",
    "root_mean_squared_error": "RootMeanSquaredError",
}


def check(experiment: Experiment, report: Report) -> None:
    """Metrics that would measure something else than they say, or nothing."""
    if experiment.metrics == "auto":
        return
    last = ending(experiment.model)
    for metric, path in _metrics(experiment):
        if metric_facts(metric).outputs == "values":
            message = f"{metric.name} averages values; it compares nothing with labels"
            report.error(path, message, "remove it: the loss has its mean already")
        elif report.facts.labels == "numbers" and not _measures_numbers(experiment, metric, report.facts):
            message = f"{metric.name} is for classes; the labels of {experiment.data.source.name} are numbers"
            report.error(path, message, or_classes(experiment, "write metrics: [mae]"))
        elif (other := _of_others(metric, report.facts)) is not None:
            report.error(path, f"{metric.name} is for {other}", "remove it")
        elif metric_facts(metric).outputs == "tokens" and report.facts.labels not in _WRITING[metric.name]:
            texts = "that go on" if metric.name == BITS_PER_BYTE else "that are written"
            message = f"{metric.name} is for texts {texts}"
            report.error(path, message, "remove it")
        elif report.facts.labels == "transcripts" and metric_facts(metric).outputs not in ("frames", "any"):
            message = f"{metric.name} does not compare a text with moments"
            report.error(path, message, f"write metrics: [{WORD_ERROR_RATE}], or leave metrics out")
        else:
            _check_outputs(experiment, metric, path, last, report)
            if report.facts.num_classes is not None:
                _check_classes(metric, path, report.facts.num_classes, report)
    _check_names(experiment, report)
    _check_direction(experiment, report)


def _of_others(metric: Component, data: DataFacts) -> str | None:
    """What other labels a metric is for; None: it may be for these."""
    labels, described = _ONLY_FOR.get(metric_facts(metric).outputs, (data.labels, ""))
    return None if labels == data.labels else described


def _check_direction(experiment: Experiment, report: Report) -> None:
    """The first metric decides which epoch is the best; of the user's own nobody else knows how."""
    checkpoint = experiment.training.checkpoint
    first = next(_metrics(experiment), None)
    if first is None or (checkpoint.monitor, checkpoint.mode) != ("auto", "auto"):
        return
    metric, path = first
    if metric.own is not None and metric_facts(metric).better is None:
        message = f"nobody says which value of {metric.name} is better, so a smaller one is taken for it"
        advice = f'write _direction = "up" or "down" where {metric.own.own} has it (of a function '
        advice += f"{metric.name}._direction), or training: {{checkpoint: {{mode: max}}}}"
        report.warning(path, message, advice)


def _metrics(experiment: Experiment) -> Iterator[tuple[Component, ConfigPathKeys]]:
    if experiment.metrics != "auto":
        for index, metric in enumerate(experiment.metrics):
            yield metric, metric.path or ("metrics", index)


def _check_outputs(
    experiment: Experiment, metric: Component, path: ConfigPathKeys, last: Ending, report: Report
) -> None:
    facts = metric_facts(metric)
    if num_outputs(last) == 1 and facts.needs_several:
        report.error(path, _of_one(metric, facts), f"write {facts.instead}" if facts.instead else None)
    elif facts.outputs == "indices":
        message = f"{metric.name} compares numbers of classes, but the model gives a score for each class"
        report.error(path, message, _comparing_scores(metric, num_outputs(last) == 1))
    if takes_logits(metric) and not takes_logits(experiment.loss):
        message = f"{metric.name} is told that the outputs are logits; the loss says that they are not"
        report.error((*path, "from_logits"), message, "remove from_logits")
    class_id = metric.arguments.get("class_id")
    if num_outputs(last) == 1 and isinstance(class_id, int) and class_id != 0:
        message = f"there is no output {class_id}: the model has one, which stands for the second class"
        report.error((*path, "class_id"), message, "remove class_id")
    if class_name(metric) in _EACH_BY_ITSELF and last.gives_distribution:
        message = f"{metric.name} looks at each class by itself, so it is high before anything is learned"
        advice = "write accuracy" if metric.name != "BinaryIoU" else "write OneHotMeanIoU"
        report.warning(path, message, advice)


def _of_one(metric: Component, facts: MetricFacts) -> str:
    if facts.outputs == "numbers":
        return f"{metric.name} compares the outputs of an example with each other; the model has one output"
    return f"{metric.name} needs a score for each class; the model has one output"


def _comparing_scores(metric: Component, is_single: bool) -> str:
    """What to write where a metric takes numbers of classes."""
    facts = metric_facts(metric)
    if metric.arguments.get("from_sorted_ids") is True:
        return "remove from_sorted_ids"
    if facts.instead == "accuracy":
        return "write accuracy"
    if is_single:
        return f"write {facts.instead}"
    return f"write {{{metric.name}: {{…, sparse_y_pred: false}}}}"


def _measures_numbers(experiment: Experiment, metric: Component, data: DataFacts) -> bool:
    facts = metric_facts(metric)
    # Several columns of 0 and 1 have what classes have, column by column.
    return not facts.is_for_classes or (takes_shares(experiment, data) and not facts.takes_indices)


def _check_classes(metric: Component, path: ConfigPathKeys, num_classes: int, report: Report) -> None:
    top = metric.arguments.get("k", 5 if "TopK" in metric.name or "top_k" in metric.name else None)
    if isinstance(top, int) and top >= num_classes:
        message = f"the best {top} of {num_classes} classes always hold the right one"
        report.warning(path, message, f"write {{{metric.name}: {{k: …}}}} with a smaller number")
    class_id = metric.arguments.get("class_id")
    if isinstance(class_id, int) and not 0 <= class_id < num_classes:
        message = f"there is no class {class_id}: the {num_classes} classes are 0 to {num_classes - 1}"
        report.error((*path, "class_id"), message, "write the number of a class")
    given = metric.arguments.get("num_classes")
    if isinstance(given, int) and given != num_classes:
        message = f"{metric.name} is for {given} classes; the data has {num_classes}"
        report.error((*path, "num_classes"), message, "write num_classes: num_classes")


def _check_names(experiment: Experiment, report: Report) -> None:
    """Names are columns of metrics.csv, keys of JSON files and what gates ask for, so each has one owner."""
    owners: dict[str, str] = {}
    for metric, path in _metrics(experiment):
        name = metric_name(metric)
        where = (*path, "name") if "name" in metric.arguments else path
        if name in owners:
            message = f"two metrics are called {name}, and one of them would be lost"
            report.error(where, message, _renamed(metric, name))
        elif name == LOSS or name in OWN_COLUMNS or name.startswith(VALIDATION) or not name.strip():
            report.error(where, _taken(name), f"write another name, for instance {_default(metric)}")
        elif name in scores_of(None) and not _measures(metric, name):
            message = f"{name} is what every evaluation measures under that name, which is not {metric.name}"
            report.warning(where, message, f"write another name, for instance {_default(metric)}")
        owners[name] = metric.name


def _taken(name: str) -> str:
    if not name.strip():
        return "expected a name, found an empty text"
    if name.startswith(VALIDATION):
        return f"{name} is taken: what begins with {VALIDATION} is measured on the validation split"
    return f"{name} is taken: metrics.csv has a column of that name"


def _default(metric: Component) -> str:
    bare = Component(metric.name, metric.family, metric.place, metric.path)
    return metric_name(bare)


def _renamed(metric: Component, name: str) -> str:
    if metric.name in OWN_METRICS:
        return "remove one of them"
    which = metric.arguments.get("class_id")
    kept = "" if which is None else f"class_id: {which}, "
    return f"give one of them another name: {{{class_name(metric)}: {{{kept}name: {name}_{which or 2}}}}}"


def _measures(metric: Component, name: str) -> bool:
    """Whether a metric is what an evaluation measures under that name, at least for some models."""
    means = _ALSO_CALLED.get(name)
    return "name" not in metric.arguments or (means is not None and class_name(metric).endswith(means))
