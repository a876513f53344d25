"""The config of a run with every `auto` replaced by what it became: it trains again to the same result."""

from __future__ import annotations

from bigmodel_cli.config.facts import DEFAULT_SHARE
from bigmodel_cli.config.naming import direction, directions
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.modeling.compilation import metrics_of
from bigmodel_cli.pipeline.cache_choice import Cache
from bigmodel_cli.pipeline.splits import OWN, Splits
from bigmodel_cli.tasks.task import Task
from bigmodel_cli.training.plan import ExecutionPlan


def pin_metrics(experiment: Experiment, task: Task) -> Experiment:
    """The experiment with its metrics written out."""
    return experiment.model_copy(update={"metrics": metrics_of(experiment, task)})


def pin_data(experiment: Experiment, splits: Splits) -> Experiment:
    """The experiment with its shares written out; `auto` stays where the split is the source's own."""
    data = experiment.data
    update = {}
    for name in ("validation", "test"):
        if getattr(data, name) == "auto" and splits.origins.get(name) != OWN:
            update[name] = DEFAULT_SHARE if name in splits.parts else 0.0
    return experiment.model_copy(update={"data": data.model_copy(update=update)})


def pin_cache(experiment: Experiment, cache: Cache) -> Experiment:
    """The experiment with where decoded examples are kept written out."""
    return experiment.model_copy(update={"data": experiment.data.model_copy(update={"cache": cache})})


def pin_plan(experiment: Experiment, plan: ExecutionPlan, monitor: str | None) -> Experiment:
    """The experiment with its execution and its checkpoints' monitor written out."""
    checkpoint = experiment.training.checkpoint
    if monitor is not None:
        mode = checkpoint.mode
        if mode == "auto":
            mode = direction(monitor, directions(experiment.metrics))
        checkpoint = checkpoint.model_copy(update={"monitor": monitor, "mode": mode})
    training = experiment.training.model_copy(
        update={
            "checkpoint": checkpoint,
            "device": plan.device.name,
            "precision": plan.precision,
            "jit_compile": plan.jit_compile,
            "steps_per_execution": plan.steps_per_execution,
        }
    )
    return experiment.model_copy(update={"training": training})


def choose_monitor(experiment: Experiment, names: list[str], *, has_validation: bool) -> str | None:
    """The column that decides which epoch is the best; None where it is simply the last one.

    Args:
        experiment: For `training.checkpoint.monitor`.
        names: Loss and metrics, in order.
        has_validation: Whether there are val_ columns.
    """
    asked = experiment.training.checkpoint.monitor
    if asked != "auto":
        return asked
    if not has_validation:
        return None
    # Metrics on a split say what the user cares about; the loss only where there is no metric.
    return f"val_{names[1] if len(names) > 1 else names[0]}"
