"""What a config asks of text."""

from __future__ import annotations

from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.errors import UsageError
from bigmodel_cli.tasks.checks import Checks
from bigmodel_cli.tasks.generation.task import Generation


class GenerationChecks(Checks[Generation]):
    """What is for classes of examples is refused."""

    def check_options(self, experiment: Experiment) -> None:
        if len(experiment.targets) > 1:
            return
        data = experiment.data
        asked = {
            "calibrate": experiment.calibrate,
            "data.class_weights": data.class_weights,
            "data.oversample": data.oversample,
        }
        for option, value in asked.items():
            if value is not None:
                raise UsageError(f"{option} is for classes; the labels are tokens", hint=f"remove {option}")
