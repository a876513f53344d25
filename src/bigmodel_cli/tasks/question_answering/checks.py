"""What a config asks of answers."""

from __future__ import annotations

from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.tasks.checks import Checks
from bigmodel_cli.tasks.question_answering.task import QuestionAnswering


class QuestionAnsweringChecks(Checks[QuestionAnswering]):
    """What is for classes of whole examples is refused."""

    def check_options(self, experiment: Experiment) -> None:
        self.refuse_options_of_classes(experiment, calibrates=False)
