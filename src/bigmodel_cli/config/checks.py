"""What can be known to be wrong across sections, before any data is read."""

from __future__ import annotations

from collections.abc import Iterator

from bigmodel_cli.config.components import Component
from bigmodel_cli.config.naming import metric_names
from bigmodel_cli.config.problems import Problem, Problems
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.config.spelling import closest
from bigmodel_cli.config.tree import ConfigPathKeys, Mapping, place_at

# Callbacks that watch a metric, with the default of their `monitor`.
_DEFAULT_MONITOR = "val_loss"


def check_experiment(experiment: Experiment, tree: Mapping, problems: Problems) -> None:
    """Collect contradictions between sections."""
    monitored = monitored_names(experiment)
    for path, monitor in _monitors(experiment):
        _require_produced(monitor, monitored, path, experiment, tree, problems)
    gated = [*monitored, *evaluated_names(experiment)]
    for metric in experiment.expect:
        _require_produced(metric, gated, ("expect", metric), experiment, tree, problems)
    _check_learning_rate(experiment, problems)
    _check_steps(experiment.model, tree, problems)


def _check_learning_rate(experiment: Experiment, problems: Problems) -> None:
    """A schedule's learning rate cannot be changed by a callback as well."""
    rate = experiment.optimizer.arguments.get("learning_rate")
    if not isinstance(rate, Component):
        return
    for callback in experiment.training.callbacks:
        if callback.name == "ReduceLROnPlateau":
            message = f"{callback.name} changes the learning rate, but {rate.name} already decides about it"
            suggestion = f"remove {callback.name}, or write learning_rate as a number"
            problems.add(Problem(callback.place, callback.path, message, suggestion=suggestion))


def _require_produced(
    name: str,
    produced: list[str],
    path: ConfigPathKeys,
    experiment: Experiment,
    tree: Mapping,
    problems: Problems,
) -> None:
    if name in produced:
        return
    lacks_validation = name.startswith("val_") and experiment.data.validation == 0
    note = " (validation: 0 leaves no val_ metrics)" if lacks_validation else ""
    near = closest(name, produced)
    suggestion = f"did you mean {near}?" if near else f"this config produces {', '.join(produced)}"
    problems.add(
        Problem(place_at(tree, path), path, f"nothing produces {name!r}{note}", suggestion=suggestion)
    )


def monitored_names(experiment: Experiment) -> list[str]:
    """The names that epochs produce."""
    names = _metrics(experiment)
    if experiment.data.validation != 0:
        names += [f"val_{name}" for name in names]
    return [*names, "learning_rate"]


def evaluated_names(experiment: Experiment) -> list[str]:
    """The names that the evaluation at the end produces; which split it takes, the data decides."""
    always = ["accuracy", "mean_absolute_error", "root_mean_squared_error", "r2"]
    names = dict.fromkeys([*_metrics(experiment), *always])
    splits = [name for name in ("test", "validation") if getattr(experiment.data, name) != 0] or ["train"]
    return [f"{split}_{name}" for split in splits for name in names]


def _metrics(experiment: Experiment) -> list[str]:
    if experiment.metrics == "auto":
        # The data decides which of the two it is.
        return ["loss", "accuracy", "mean_absolute_error"]
    return ["loss", *metric_names(experiment.metrics)]


def _monitors(experiment: Experiment) -> Iterator[tuple[ConfigPathKeys, str]]:
    checkpoint = experiment.training.checkpoint
    if checkpoint.monitor != "auto":
        yield ("training", "checkpoint", "monitor"), checkpoint.monitor
    for callback in experiment.training.callbacks:
        if callback.name in ("EarlyStopping", "ReduceLROnPlateau", "ModelCheckpoint"):
            yield (*callback.path, "monitor"), callback.arguments.get("monitor", _DEFAULT_MONITOR)


def _check_steps(steps: list[Component], tree: Mapping, problems: Problems) -> None:
    """Names of steps are unique, and `inputs` name steps that stand above."""
    known: dict[str, Component] = {}
    for step in steps:
        for name in step.inputs or ():
            if name in known or name in ("input", "previous"):
                continue
            path = (*step.path, "inputs")
            near = closest(name, known)
            problems.add(
                Problem(
                    place_at(tree, path),
                    path,
                    f"no step above is named {name!r}",
                    suggestion=f"did you mean {near}?"
                    if near
                    else "give a step a name: {name: …}, or use `previous` or `input`",
                )
            )
        if step.step in known:
            path = (*step.path, "name")
            message = f"the name {step.step!r} is taken by a step above"
            problems.add(Problem(place_at(tree, path), path, message))
        if step.step:
            known[step.step] = step
