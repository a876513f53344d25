"""What a config cannot ask of numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bigmodel_cli.config.losses_and_metrics import loss_facts
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.errors import DataError
from bigmodel_cli.tasks.checks import Checks
from bigmodel_cli.tasks.regression.task import Regression

if TYPE_CHECKING:
    import numpy as np


class RegressionChecks(Checks[Regression]):
    """What is for classes is refused."""

    def check_options(self, experiment: Experiment) -> None:
        self.refuse_options_of_classes(experiment, calibrates=False)

    def check_labels(self, experiment: Experiment, labels: np.ndarray, name_of: Callable[[int], str]) -> None:
        """Several numbers per example, under a loss for probabilities: each is one, or 0 or 1."""
        if not loss_facts(experiment.loss).takes_probabilities:
            return
        is_bad = (labels < 0) | (labels > 1)
        if is_bad.any():
            first = int(is_bad.reshape(len(labels), -1).any(axis=1).argmax())
            raise DataError(
                f"{experiment.loss.name} takes labels from 0 to 1; that of {name_of(first)} has "
                f"{labels[first][is_bad[first]].flat[0]:g}",
                hint="write loss: MeanSquaredError if the labels are quantities",
            )
