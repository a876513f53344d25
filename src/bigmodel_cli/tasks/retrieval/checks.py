"""What a config asks of items."""

from __future__ import annotations

from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.tasks.checks import Checks
from bigmodel_cli.tasks.retrieval.task import Retrieval


class RetrievalChecks(Checks[Retrieval]):
    """What is for classes is refused."""

    def check_options(self, experiment: Experiment) -> None:
        self.refuse_options_of_classes(experiment, calibrates=False)
