"""What a run trains, whichever way its model is executed."""

from __future__ import annotations

from dataclasses import dataclass

from bigmodel_cli.compressing.distillation import Teaching
from bigmodel_cli.config.aim import aims_of
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.modeling.replicas.distribution import SINGLE, Distribution
from bigmodel_cli.parts import part_of
from bigmodel_cli.pipeline.bad_files import SkippedFiles
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.tasks.target import ClassWeights, Target


@dataclass(frozen=True)
class Work:
    """A config with its data.

    Attributes:
        experiment: The config, as it was loaded.
        splits: Its data.
        batch_size: Examples per step.
        skipped: Takes note of bad training files; None where they are an error.
        distribution: Where the model's replicas are.
        teaching: Whom the model learns from beside the labels; None: nobody.
    """

    experiment: Experiment
    splits: Splits
    batch_size: int
    skipped: SkippedFiles | None = None
    distribution: Distribution = SINGLE
    teaching: Teaching | None = None

    @property
    def epoch_size(self) -> int:
        """How many examples an epoch sees: with `data.oversample` more than there are."""
        return self.splits.epoch_size(self.experiment.data)

    @property
    def total_steps(self) -> int:
        """Training steps of the whole run, unless a callback ends it earlier."""
        return -(-self.epoch_size // self.batch_size) * self.experiment.training.epochs

    def class_weights(self) -> dict[str, ClassWeights]:
        """What the loss of a training example counts by its class; targets without classes are not there."""
        found, targets = {}, self.splits.signature.targets
        for name, aim in aims_of(self.experiment, targets).items():
            if aim.class_weights is not None:
                of_task, labels = part_of(targets[name], Target), self.splits.train.labels_of(name)
                found[name] = of_task.class_weights(aim.class_weights, labels)
        return {name: weights for name, weights in found.items() if weights is not None}
