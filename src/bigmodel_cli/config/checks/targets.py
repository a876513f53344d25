"""What is written by target: losses, and what each of them counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bigmodel_cli.config.checks.report import Report
from bigmodel_cli.config.components import Component
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.config.spelling import meant
from bigmodel_cli.config.unsupported import SEVERAL_OUTPUTS


def without_step(targets: Iterable[str], steps: Sequence[Component]) -> Iterator[tuple[str, str]]:
    """What to say of each of several targets that no step of a model is named like, and what to do."""
    named = {step.step for step in steps}
    for target in targets:
        if target not in named:
            yield (
                f"no step is named like the target {target}, so nothing is its output",
                f"name the step that gives it: {{{steps[-1].name}: {{name: {target}, …}}}}",
            )


def check(experiment: Experiment, report: Report) -> None:
    """Each target has a loss and a step that makes its output; weights are of several targets' losses."""
    targets = experiment.targets
    if isinstance(experiment.loss, dict):
        for target in targets:
            if target not in experiment.loss:
                report.error(("loss",), f"the target {target} has no loss", f"add {target}: …")
    for message, advice in without_step(targets if len(targets) > 1 else (), experiment.model):
        report.error(experiment.model[-1].path, message, advice)
    if experiment.loss_weights and len(targets) < 2:
        message = "loss_weights weighs the losses of several targets, and there is one"
        report.error(("loss_weights",), message, "remove loss_weights" if targets else SEVERAL_OUTPUTS)
        return
    for name in experiment.loss_weights:
        if name not in targets:
            report.error(("loss_weights", name), f"no target is called {name!r}", meant(name, targets))
