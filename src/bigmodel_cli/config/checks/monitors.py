"""Names of metrics that something watches: callbacks, checkpoints, gates."""

from __future__ import annotations

from collections.abc import Iterator

from bigmodel_cli.config.checks.report import Report
from bigmodel_cli.config.facts import DataFacts
from bigmodel_cli.config.group_measures import EXAMPLES, is_by_group, is_group_path, labels_of_group_path
from bigmodel_cli.config.measures import (
    MEASURE_PATHS,
    gate_about,
    is_measure_path,
    scores_of,
    split_of,
    why_unmeasured,
)
from bigmodel_cli.config.naming import metric_names, named, of_target
from bigmodel_cli.config.own_metrics import OWN_METRICS
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.config.spelling import closest
from bigmodel_cli.config.tree import ConfigPathKeys
from bigmodel_cli.tasks.generation.task import BITS_PER_BYTE, PERPLEXITY
from bigmodel_cli.tasks.tagging.task import SPAN_F1
from bigmodel_cli.tasks.transcription.task import WORD_ERROR_RATE

# Callbacks that watch a metric; Keras's default of their `monitor`.
WATCHING = ("EarlyStopping", "ReduceLROnPlateau", "ModelCheckpoint")
_DEFAULT_MONITOR = "val_loss"


def check(experiment: Experiment, report: Report) -> None:
    """Everything that is watched is produced."""
    monitored = monitored_names(experiment, report.facts)
    for path, monitor in _monitors(experiment):
        _require_produced(monitor, monitored, path, experiment, report)
    evaluated = evaluated_names(experiment, report.facts)
    gated = [*monitored, *evaluated]
    for metric in experiment.expect:
        target, name = gate_about(metric, experiment.targets)
        facts = report.facts.of_target(target) if target else report.facts
        if is_by_group(name):
            _require_group_measure(metric, name, report.of_target(target))
            continue
        why = why_unmeasured(name, facts.labels, facts.num_classes)
        if why is not None and metric not in gated:
            report.error(
                ("expect", metric), f"nothing produces {metric!r}: {why}", _instead(metric, evaluated)
            )
        elif "." in name and (target or not _are_several(experiment)):
            _require_measure(metric, (target, name), evaluated, report)
        else:
            _require_produced(metric, gated, ("expect", metric), experiment, report)


def _instead(metric: str, evaluated: list[str]) -> str:
    """What the evaluation has of the split that a gate is about, or of the one that it most likely takes."""
    split = split_of(metric) or split_of(evaluated[0])
    return f"there are {', '.join(name for name in evaluated if split_of(name) == split)}"


def _require_measure(metric: str, about: tuple[str, str], evaluated: list[str], report: Report) -> None:
    """A gate on a number inside the evaluation: `per_class.recall.min`, `income.macro.f1`."""
    target, name = about
    if is_measure_path(name):
        return
    near = f"{name}.min" if is_measure_path(f"{name}.min") else closest(name, MEASURE_PATHS)
    facts = report.facts.of_target(target) if target else report.facts
    if near is not None and why_unmeasured(near, facts.labels) is not None:
        suggestion = _instead(metric, evaluated)
    elif near:
        suggestion = f"did you mean {named(target, near)}?"
    else:
        suggestion = f"there are {', '.join(named(target, path) for path in MEASURE_PATHS)}"
    report.error(("expect", metric), f"nothing produces {metric!r}", suggestion)


def _require_group_measure(metric: str, name: str, report: Report) -> None:
    """A gate on scores of groups: `by.sex.recall.gap`; which columns and groups there are, the data tell."""
    if not is_group_path(name):
        report.error(("expect", metric), f"nothing produces {metric!r}", f"there are {', '.join(EXAMPLES)}")
        return
    wanted = labels_of_group_path(name)
    if report.facts.labels is not None and wanted not in (None, report.facts.labels):
        why = f"the labels are {report.facts.labels}"
        report.error(("expect", metric), f"nothing produces {metric!r}: {why}")


def _require_produced(
    name: str, produced: list[str], path: ConfigPathKeys, experiment: Experiment, report: Report
) -> None:
    if name in produced:
        return
    lacks_validation = name.startswith("val_") and experiment.data.validation == 0
    note = " (validation: 0 leaves no val_ metrics)" if lacks_validation else ""
    near = closest(name, produced)
    suggestion = f"did you mean {near}?" if near else f"this config produces {', '.join(produced)}"
    report.error(path, f"nothing produces {name!r}{note}", suggestion)


def monitored_names(experiment: Experiment, facts: DataFacts) -> list[str]:
    """The names that epochs produce."""
    names = _metrics(experiment, facts)
    of_training = [name for name in names if not name.endswith(tuple(OWN_METRICS))]
    if experiment.data.validation != 0:
        of_training += [f"val_{name}" for name in names]
    return [*of_training, "learning_rate"]


def evaluated_names(experiment: Experiment, facts: DataFacts) -> list[str]:
    """The names that the evaluation at the end produces; which split it takes, the data decides."""
    of_targets = {"": facts}
    if _are_several(experiment):
        of_targets = {name: facts.of_target(name) for name in experiment.targets}
    scores = [
        named(target, score)
        for target, known in of_targets.items()
        for score in scores_of(known.labels, known.num_classes)
    ]
    names = dict.fromkeys([*_metrics(experiment, facts), *scores])
    splits = [name for name in ("test", "validation") if getattr(experiment.data, name) != 0] or ["train"]
    return [f"{split}_{name}" for split in splits for name in names]


def _metrics(experiment: Experiment, facts: DataFacts) -> list[str]:
    if _are_several(experiment):
        of_targets = (
            of_target(name, metric)
            for name in experiment.targets
            for metric in ("loss", *_of_one(experiment.of_target(name), facts.of_target(name)))
        )
        return ["loss", *of_targets]
    return ["loss", *_of_one(experiment, facts)]


def _of_one(experiment: Experiment, facts: DataFacts) -> list[str]:
    """The metrics of one target."""
    if experiment.metrics == "auto":
        # The data decides which of the two it is.
        of_labels = {
            "classes": ["accuracy"],
            "numbers": ["mean_absolute_error"],
            "sets": ["auc"],
            "tokens": [BITS_PER_BYTE, PERPLEXITY, "accuracy"],
            "texts": ["accuracy"],
            "tags": [SPAN_F1, "accuracy"],
            "masks": ["mean_iou", "accuracy"],
            "answers": ["accuracy"],
            "transcripts": [WORD_ERROR_RATE],
            "items": [],
        }
        return of_labels.get(facts.labels or "", ["accuracy", "mean_absolute_error"])
    return metric_names(experiment.metrics)


def _are_several(experiment: Experiment) -> bool:
    return len(experiment.targets) > 1


def _monitors(experiment: Experiment) -> Iterator[tuple[ConfigPathKeys, str]]:
    monitor = experiment.training.checkpoint.named_monitor
    if monitor is not None:
        yield ("training", "checkpoint", "monitor"), monitor
    for callback in experiment.training.callbacks:
        if callback.name in WATCHING:
            yield (*callback.path, "monitor"), callback.arguments.get("monitor", _DEFAULT_MONITOR)
