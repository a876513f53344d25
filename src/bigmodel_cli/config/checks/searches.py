"""What `tune` asks for beside its space: by what trials are compared, and how many of a grid there are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from bigmodel_cli.config.checks.monitors import monitored_names
from bigmodel_cli.config.checks.report import Report
from bigmodel_cli.config.facts import DataFacts, facts_of
from bigmodel_cli.config.naming import LOSS, VALIDATION, directions, known_direction
from bigmodel_cli.config.problems import Problems
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.config.space import Range, Space
from bigmodel_cli.config.spelling import closest
from bigmodel_cli.config.tree import Mapping, node_at
from bigmodel_cli.config.tune import Tune
from bigmodel_cli.config.unsearchable import is_loss


@dataclass(frozen=True)
class Asked:
    """A search as it is asked for.

    Attributes:
        tune: Its section, without what cannot be read of it.
        experiment: The config; None where it cannot be read.
        tree: The same with places.
        space: What can be read of the space.
    """

    tune: Tune
    experiment: Experiment | None
    tree: Mapping
    space: Space

    @cached_property
    def columns(self) -> list[str]:
        """What epochs produce; nothing where the config cannot be read."""
        return [] if self.experiment is None else monitored_names(self.experiment, facts_of(self.experiment))

    @property
    def others(self) -> list[str]:
        """Columns of the validation split that are no loss."""
        return [name for name in self.columns if name.startswith(VALIDATION) and not is_loss(name)]

    @property
    def metric(self) -> str | None:
        """The column that trials are compared by, as far as it is known without the data."""
        if self.tune.metric != "auto":
            return self.tune.metric
        if self.experiment is None:
            return None
        monitor = self.experiment.training.checkpoint.monitor
        if monitor not in ("auto", None):
            return monitor
        is_single = len(self.experiment.targets) < 2
        chosen = self.others if monitor == "auto" and is_single else []
        return next(iter(chosen), f"{VALIDATION}{LOSS}")


def check_options(asked: Asked, problems: Problems) -> None:
    """Everything that no search could do, or would not do as it is meant."""
    report = Report(asked.tree, problems, DataFacts())
    if asked.experiment is not None:
        _metric(asked, asked.experiment, report)
    _grid(asked, report)
    trials, keep = asked.tune.trials, asked.tune.keep
    if keep > trials and node_at(asked.tree, ("tune", "keep")) is not None:
        message = f"there are {trials} trials, so that all keep their weights, and not {keep} of them"
        report.warning(("tune", "keep"), message, f"write keep: {max(1, trials // 2)}, or leave it out")


def _metric(asked: Asked, experiment: Experiment, report: Report) -> None:
    if experiment.data.validation == 0:
        message = "a search compares trials on the validation split, and there is none"
        report.error(("data", "validation"), message, "leave it out, or give it a share, such as 0.1")
        return
    column, path = asked.metric, ("tune", "metric")
    if column not in asked.columns:
        near = closest(str(column), [name for name in asked.columns if name.startswith(VALIDATION)])
        hint = f"did you mean {near}?" if near else f"there are {', '.join([*asked.others, 'val_loss'])}"
        # What the checkpoint watches is looked at on its own.
        if asked.tune.metric != "auto":
            report.error(path, f"nothing produces {column!r}", hint)
        return
    if not str(column).startswith(VALIDATION):
        where = "" if asked.tune.metric != "auto" else ", which training.checkpoint.monitor names,"
        message = f"{column!r}{where} is no column of the validation split"
        validated = f"{VALIDATION}{column}"
        meant = validated if validated in asked.columns else next(iter(asked.others), f"{VALIDATION}{LOSS}")
        report.error(path, message, f"write metric: {meant}")
        return
    _mode(str(column), asked.tune.mode, experiment, report)


def _mode(column: str, mode: str, experiment: Experiment, report: Report) -> None:
    better = known_direction(column, directions(experiment.metrics))
    if mode not in ("auto", better) and better is not None:
        word = "larger" if better == "max" else "smaller"
        message = f"{column} is better where it is {word}, so that {mode} would look for the worst"
        report.error(("tune", "mode"), message, f"leave it out, or write mode: {better}")


def _grid(asked: Asked, report: Report) -> None:
    """A grid takes some numbers of each range, and as many trials as it has combinations."""
    if asked.tune.search != "grid":
        return
    for dimension in asked.space.all():
        if isinstance(dimension.of, Range) and dimension.of.size is None:
            hint = "write points: 5 beside it" + ("" if dimension.of.is_log else ", or step: …")
            message = "a grid takes some numbers of it, and nothing says which"
            report.problems.tell(dimension.place, ("tune", "space", dimension.name), message, suggestion=hint)
    size, trials = asked.space.size, asked.tune.trials
    if size is not None and size > trials:
        message = f"the grid has {size:,} combinations, and {trials:,} of them are tried"
        report.warning(("tune", "trials"), message, f"write trials: {size}, or fewer points")
