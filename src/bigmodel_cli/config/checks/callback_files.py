"""Where callbacks write: the placeholders of `ModelCheckpoint`'s path, and its ending."""

from __future__ import annotations

from string import Formatter

from bigmodel_cli.config.checks.monitors import monitored_names
from bigmodel_cli.config.checks.report import Report
from bigmodel_cli.config.components import Component
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.config.spelling import closest
from bigmodel_cli.config.tree import ConfigPathKeys


def check(experiment: Experiment, report: Report) -> None:
    """What a path names is produced, and Keras takes it."""
    for callback in experiment.training.callbacks:
        path = callback.arguments.get("filepath")
        if callback.name == "ModelCheckpoint" and isinstance(path, str):
            where = (*callback.path, "filepath")
            _check_ending(callback, path, where, report)
            _check_placeholders(path, _fields(callback, experiment, report), where, report)


def _fields(callback: Component, experiment: Experiment, report: Report) -> list[str]:
    """What the path may name: Keras fills it in at the end of an epoch, or of so many steps."""
    names = monitored_names(experiment, report.facts)
    if callback.arguments.get("save_freq", "epoch") == "epoch":
        return ["epoch", *names]
    return ["epoch", "batch", *(name for name in names if not name.startswith("val_"))]


def _check_ending(callback: Component, path: str, where: ConfigPathKeys, report: Report) -> None:
    only_weights = callback.arguments.get("save_weights_only") is True
    endings = (".weights.h5",) if only_weights else (".keras", ".h5")
    if not path.endswith(endings):
        message = f"{callback.name} writes files that end in {' or '.join(endings)}, found {path!r}"
        report.error(where, message, f"write filepath: {path.partition('.')[0]}{endings[0]}")


def _check_placeholders(path: str, fields: list[str], where: ConfigPathKeys, report: Report) -> None:
    try:
        named = [field for _, field, _, _ in Formatter().parse(path) if field is not None]
    except ValueError as error:
        report.error(where, f"the path's placeholders cannot be read: {error}", "write {epoch}, for instance")
        return
    unknown = [name for name in named if name not in fields]
    for name in unknown:
        near = closest(name, fields)
        there = f"there are {', '.join(f'{{{field}}}' for field in fields)}"
        message = f"nothing produces {name!r}, which the path has as a placeholder"
        report.error(where, message, f"did you mean {{{near}}}?" if near else there)
    if not unknown:
        _check_formats(path, fields, where, report)


def _check_formats(path: str, fields: list[str], where: ConfigPathKeys, report: Report) -> None:
    """A whole number is formatted as `{epoch:02d}`, others as `{val_loss:.2f}`."""
    try:
        path.format(**{field: 1 if field in ("epoch", "batch") else 0.5 for field in fields})
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        advice = "write {epoch:02d} for whole numbers, {val_loss:.2f} for others"
        report.error(where, f"a placeholder of the path cannot be filled in: {error}", advice)
