"""What a config asks of texts that are to be written."""

from __future__ import annotations

from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.tasks.checks import Checks
from bigmodel_cli.tasks.translation.task import Translation


class TranslationChecks(Checks[Translation]):
    """What is for classes of examples is refused."""

    def check_options(self, experiment: Experiment) -> None:
        self.refuse_options_of_classes(experiment, calibrates=False)
