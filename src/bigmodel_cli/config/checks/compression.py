"""What is compressed while it is trained: whether there is time for it, and something to compress."""

from __future__ import annotations

from bigmodel_cli.config.checks.report import Report
from bigmodel_cli.config.compress import AUTO, parse_epoch
from bigmodel_cli.config.schema import Experiment

_EARLY_STOPPING = "EarlyStopping"
# What the first epoch is with which the model is what was asked for.
_WHOLE = {"prune": "the first with the whole sparsity", "quantize": "the first that rounds"}


def check(experiment: Experiment, report: Report) -> None:
    """Pruning and rounding begin before the run ends."""
    if experiment.compress is None:
        return
    if not experiment.compress.model_fields_set:
        advice = "write compress: {prune: {sparsity: 0.8}}"
        report.warning(("compress",), "compress has no effect: it says nothing that is to be done", advice)
    asked, decided = experiment.compress.scheduled, experiment.compression
    assert decided is not None
    for way, part in asked.items():
        if _is_checked(way, part.epochs_named, experiment, report):
            whole = parse_epoch(decided.scheduled[way].whole)
            _check_stopping(whole, _WHOLE[way], experiment, report)


def _is_checked(way: str, named: dict[str, str], experiment: Experiment, report: Report) -> bool:
    """Whether it is known that what begins with an epoch does begin.

    Args:
        way: The key of the section.
        named: Its epochs by key.
        experiment: The config.
        report: Takes what is wrong.
    """
    epochs = experiment.training.epochs
    if experiment.training.time is not None:
        for key, value in named.items():
            if value == AUTO and way == "prune":
                message = f"{key}: auto goes by the number of epochs, and training.time decides that late"
                advice = f"write {key}: epoch 2, or training.epochs without time"
                report.error(("compress", way, key), message, advice)
        return False
    for key, value in named.items():
        if value != AUTO and parse_epoch(value) > epochs:
            message = f"training has {epochs} epoch{'s' * (epochs > 1)}, so {value} never begins"
            advice = f"write {key}: epoch {epochs}, or more training.epochs"
            report.error(("compress", way, key), message, advice)
            return False
    return True


def _check_stopping(whole: int, which: str, experiment: Experiment, report: Report) -> None:
    """A callback that ends training while there is less than was asked for."""
    for callback in experiment.training.callbacks:
        start = callback.arguments.get("start_from_epoch", 0)
        if callback.name == _EARLY_STOPPING and isinstance(start, int) and start < whole - 1:
            report.warning(
                (*callback.path, "start_from_epoch"),
                f"{_EARLY_STOPPING} may end training before epoch {whole}, which is {which}",
                f"write start_from_epoch: {whole - 1}",
            )
