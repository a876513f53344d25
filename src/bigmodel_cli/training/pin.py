"""The config of a run with every `auto` replaced by what it became: it trains again to the same result."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from bigmodel_cli.config.aim import aims_of
from bigmodel_cli.config.facts import DEFAULT_SHARE
from bigmodel_cli.config.naming import direction, directions
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.pipeline.cache_choice import Cache
from bigmodel_cli.pipeline.splits import OWN, Splits
from bigmodel_cli.training.plan import ExecutionPlan


@dataclass(frozen=True)
class Decisions:
    """What was decided before the first step.

    Attributes:
        batch_size: Examples per step.
        cache: Where decoded examples are kept, or what does not learn gives for them.
        plan: How the model is executed.
        length_buckets: How many lengths batches have at most.
        monitor: The column of metrics.csv that decides which epoch is the best; None: the last one is.
    """

    batch_size: int
    cache: Cache
    plan: ExecutionPlan
    length_buckets: int
    monitor: str | None


def pinned(experiment: Experiment, splits: Splits, decided: Decisions | None = None) -> Experiment:
    """The experiment with what was decided written out; `auto` stays of a source's own split, or a fold.

    Args:
        experiment: As it was loaded.
        splits: Its data, which decide its metrics and shares.
        decided: Everything else; None where it is open.
    """
    data: dict[str, Any] = {
        name: DEFAULT_SHARE if name in splits.parts else 0.0
        for name in ("validation", "test")
        if getattr(experiment.data, name) == "auto" and splits.origins.get(name) != OWN
    }
    if experiment.data.fold is not None:
        # The fold is what decides it.
        data.pop("test", None)
    if splits.looked_at is not None:
        data["source"] = replace(experiment.data.source, options=splits.looked_at)
    targets = splits.signature.targets
    by_target = {name: list(aim.metrics) for name, aim in aims_of(experiment, targets).items()}
    update: dict[str, Any] = {"metrics": by_target if len(by_target) > 1 else next(iter(by_target.values()))}
    if decided is not None:
        data |= {
            "batch_size": decided.batch_size,
            "cache": decided.cache,
            "length_buckets": decided.length_buckets,
        }
        checkpoint, plan = experiment.training.checkpoint, decided.plan
        if decided.monitor is not None:
            mode = checkpoint.mode
            if mode == "auto":
                mode = direction(decided.monitor, directions(update["metrics"]))
            checkpoint = checkpoint.model_copy(update={"monitor": decided.monitor, "mode": mode})
        training = {
            "checkpoint": checkpoint,
            "device": plan.device.name,
            "precision": plan.precision,
            "jit_compile": plan.jit_compile,
            "steps_per_execution": plan.steps_per_execution,
        }
        update["training"] = experiment.training.model_copy(update=training)
    update["compress"] = experiment.compression
    update["data"] = experiment.data.model_copy(update=data)
    return experiment.model_copy(update=update)


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
    # Metrics on a split say what the user cares about; the loss only where there is none, or several targets.
    is_single = len(experiment.targets) < 2
    return f"val_{names[1] if is_single and len(names) > 1 else names[0]}"
