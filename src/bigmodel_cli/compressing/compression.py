"""All that training asks of what compresses its model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

from bigmodel_cli.compressing.pruning import Pruning, Schedule
from bigmodel_cli.config.compress import Compress
from bigmodel_cli.errors import UsageError


@dataclass(frozen=True)
class Compression:
    """What compresses a model while steps train it.

    Attributes:
        pruning: Lets weights become 0; None: none do.
    """

    pruning: Pruning | None = None

    def variables(self) -> dict[str, Any]:
        """What steps may change of it, by names that are no others' of a checkpoint."""
        return {} if self.pruning is None else self.pruning.variables()

    def after_update(self) -> None:
        """What follows on an optimizer's update, inside the graph and outside of any replica."""
        if self.pruning is not None:
            self.pruning.after_update()

    def describe(self, asked: Compress | None, num_epochs: int) -> Iterator[str]:
        """What is going to be done, in lines.

        Args:
            asked: The section of the config.
            num_epochs: Of the run.
        """
        if self.pruning is not None and asked is not None and asked.prune is not None:
            first, last = asked.prune.epochs(num_epochs)
            kernels = self.pruning.kernels
            size = sum(prod(kernel.shape) for kernel in kernels.values())
            share = self.pruning.schedule.sparsity
            yield (
                f"pruning: {share:.4g} of the {size:,} weights of {len(kernels)} kernels become 0, from "
                f"epoch {first} on, all of them when epoch {last} begins"
            )


NO_COMPRESSION = Compression()


def compression_of(asked: Compress | None, model: Any, epochs: int, steps_per_epoch: int) -> Compression:
    """What a config asks for, of a model; to be called in its distribution's scope.

    Args:
        asked: The section of the config.
        model: The built model.
        epochs: Of the run.
        steps_per_epoch: Training steps.

    Raises:
        UsageError: If there is nothing to prune.
    """
    if asked is None or asked.prune is None:
        return NO_COMPRESSION
    prune = asked.prune
    pruning = Pruning(model, Schedule.over(prune.sparsity, prune.epochs(epochs), steps_per_epoch))
    if not pruning.kernels:
        raise UsageError(
            "compress.prune: the model has no kernel that learns",
            hint="kernels are weights of Dense, of convolutions, of recurrent layers; is all of it frozen?",
        )
    return Compression(pruning)
