"""What a config asks of sets of labels."""

from __future__ import annotations

from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.errors import UsageError
from bigmodel_cli.tasks.checks import Checks
from bigmodel_cli.tasks.multilabel.task import Multilabel


class MultilabelChecks(Checks[Multilabel]):
    """Weights are for examples of one class each; thresholds are chosen for each label."""

    def check_options(self, experiment: Experiment) -> None:
        self.refuse_options_of_classes(experiment, calibrates=True)
        calibrate = experiment.calibrate
        if calibrate is not None and calibrate.positive is not None:
            raise UsageError(
                "calibrate.positive: a threshold is chosen for each label", hint="remove calibrate.positive"
            )
