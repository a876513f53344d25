"""As many outputs as there are classes, where both are known before the data is read."""

from __future__ import annotations

from bigmodel_cli.config.checks.outputs import num_outputs
from bigmodel_cli.config.checks.report import Report
from bigmodel_cli.config.losses_and_metrics import loss_facts
from bigmodel_cli.config.model_outputs import ending
from bigmodel_cli.config.schema import Experiment


def check(experiment: Experiment, report: Report) -> None:
    """The last layer has a unit for each class, or one for two classes."""
    last, classes = ending(experiment.model), report.facts.num_classes
    is_last = last.step is experiment.model[-1] and last.step.name == "Dense"
    loss = loss_facts(experiment.loss)
    units = num_outputs(last) if is_last and loss.is_for_classes else None
    if units is None or classes is None or report.has_errors:
        return
    takes_one = classes == 2 and not loss.needs_several
    if units != classes and not (units == 1 and takes_one):
        report.error(
            (*last.step.path, "units"),
            f"the model gives {units} numbers, and the data has {classes} classes",
            "write units: num_classes",
        )
