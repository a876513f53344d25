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
    available = monitored_names(experiment)
    for path, monitor in _monitors(experiment):
        if available is not None and monitor not in available:
            near = closest(monitor, available)
            note = (
                " (validation: 0 leaves no val_ metrics)"
                if monitor.startswith("val_") and experiment.data.validation == 0
                else ""
            )
            problems.add(
                Problem(
                    place_at(tree, path),
                    path,
                    f"nothing produces {monitor!r}{note}",
                    suggestion=f"did you mean {near}? This config produces {', '.join(available)}"
                    if near
                    else f"this config produces {', '.join(available)}",
                )
            )
    _check_steps(experiment.model, tree, problems)


def monitored_names(experiment: Experiment) -> list[str] | None:
    """The names that epochs produce; None where the data decides about them."""
    if experiment.metrics == "auto":
        names = ["loss", "accuracy", "mean_absolute_error"]
    else:
        names = ["loss", *metric_names(experiment.metrics)]
    if experiment.data.validation != 0:
        names += [f"val_{name}" for name in names]
    return [*names, "learning_rate"]


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
