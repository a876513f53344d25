"""What a config asks of text."""

from __future__ import annotations

from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.tasks.checks import Checks
from bigmodel_cli.tasks.generation.task import Generation


class GenerationChecks(Checks[Generation]):
    """What is for classes of examples is refused."""

    def check_options(self, experiment: Experiment) -> None:
        self.refuse_options_of_classes(experiment, calibrates=False)
