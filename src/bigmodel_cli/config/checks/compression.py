"""What is compressed while it is trained: whether there is time for it, and something to compress."""

from __future__ import annotations

from bigmodel_cli.config.checks.report import Report
from bigmodel_cli.config.compress import AUTO, Prune, parse_epoch
from bigmodel_cli.config.schema import Experiment

_PATH = ("compress", "prune")
_EARLY_STOPPING = "EarlyStopping"


def check(experiment: Experiment, report: Report) -> None:
    """Pruning ends before the run does, and a teacher sees what its pupil sees."""
    if experiment.compress is None:
        return
    if not experiment.compress.model_fields_set:
        advice = "write compress: {prune: {sparsity: 0.8}}"
        report.warning(("compress",), "compress has no effect: it says nothing that is to be done", advice)
    if experiment.compress.prune is not None:
        _check_epochs(experiment.compress.prune, experiment, report)
    if experiment.compress.distill is not None and isinstance(experiment.augmentation, dict):
        report.error(
            ("compress", "distill"),
            "a teacher cannot be asked about columns that augmentation changes",
            "leave one of the two out",
        )


def _check_epochs(prune: Prune, experiment: Experiment, report: Report) -> None:
    epochs = experiment.training.epochs
    named = {"from": prune.begin, "to": prune.end}
    if experiment.training.time is not None:
        for key, value in named.items():
            if value == AUTO:
                message = f"{key}: auto goes by the number of epochs, and training.time decides that late"
                report.error((*_PATH, key), message, f"write {key}: epoch 2, or training.epochs without time")
        return
    for key, value in named.items():
        if value != AUTO and parse_epoch(value) > epochs:
            message = f"training has {epochs} epoch{'s' * (epochs > 1)}, so {value} never begins"
            report.error((*_PATH, key), message, f"write {key}: epoch {epochs}, or more training.epochs")
            return
    _check_stopping(prune.epochs(epochs)[1], experiment, report)


def _check_stopping(whole: int, experiment: Experiment, report: Report) -> None:
    """A callback that ends training while there is less sparsity than was asked for."""
    for callback in experiment.training.callbacks:
        start = callback.arguments.get("start_from_epoch", 0)
        if callback.name == _EARLY_STOPPING and isinstance(start, int) and start < whole - 1:
            report.warning(
                (*callback.path, "start_from_epoch"),
                f"{_EARLY_STOPPING} may end training before epoch {whole}, which is the first with the whole "
                "sparsity",
                f"write start_from_epoch: {whole - 1}",
            )
