"""What a config asks of tags."""

from __future__ import annotations

from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.tasks.checks import Checks
from bigmodel_cli.tasks.tagging.task import Tagging


class TaggingChecks(Checks[Tagging]):
    """Words can be weighed by type; what is for classes of whole examples is refused."""

    def check_options(self, experiment: Experiment) -> None:
        self.refuse_options_of_classes(experiment, calibrates=False, weighs=True)
