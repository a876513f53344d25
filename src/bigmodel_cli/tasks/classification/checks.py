"""What a config asks of classes."""

from __future__ import annotations

from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.errors import UsageError
from bigmodel_cli.tasks.checks import Checks
from bigmodel_cli.tasks.classification.task import Classification


class ClassificationChecks(Checks[Classification]):
    """A threshold needs a class that it is for."""

    def check_options(self, experiment: Experiment) -> None:
        calibrate, count = experiment.calibrate, self.task.num_classes
        if calibrate is None or calibrate.threshold is None or calibrate.positive is not None or count == 2:
            return
        raise UsageError(
            f"calibrate.threshold: a threshold is for one class, and there are {count}",
            hint="add calibrate.positive, the class that is looked for",
        )
