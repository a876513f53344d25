"""What is written by target: losses, and what each of them counts."""

from __future__ import annotations

from collections.abc import Iterable

from bigmodel_cli.config.checks.report import Report
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.config.spelling import closest
from bigmodel_cli.config.unsupported import SEVERAL_OUTPUTS
from bigmodel_cli.cut import some


def check(experiment: Experiment, report: Report) -> None:
    """Each target has a loss, and what is weighted is the loss of one of several targets."""
    targets = experiment.targets
    if isinstance(experiment.loss, dict):
        for target in targets:
            if target not in experiment.loss:
                report.error(("loss",), f"the target {target} has no loss", f"add {target}: …")
    if experiment.loss_weights and len(targets) < 2:
        message = "loss_weights weighs the losses of several targets, and there is one"
        report.error(("loss_weights",), message, "remove loss_weights" if targets else SEVERAL_OUTPUTS)
        return
    for name in experiment.loss_weights:
        if name not in targets:
            report.error(("loss_weights", name), f"no target is called {name!r}", meant(name, targets))


def meant(name: str, known: Iterable[str]) -> str:
    """The name that was probably meant, or which there are."""
    known = list(known)
    near = closest(name, known)
    return f"did you mean {near}?" if near else f"there are: {some(known, 10)}"
