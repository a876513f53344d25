"""What a model is trained for and measured by: its loss and metrics, by the targets' names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bigmodel_cli.config.reading import Activation
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.parts import part_of
from bigmodel_cli.signature import Signature
from bigmodel_cli.tasks.bound import Bound, Encoding, Targets, misfit


@dataclass(frozen=True)
class BoundMetric:
    """A Keras metric, and how it takes targets and outputs.

    Attributes:
        metric: Keras's object.
        encoding: How it takes targets.
        activation: What makes of the model's outputs what it takes; None: it takes them as they are.
    """

    metric: Any
    encoding: Encoding
    activation: Activation | None = None


@dataclass(frozen=True)
class Tasks:
    """All that steps need to know of what a compiled model is for.

    Attributes:
        model: The compiled model, whose loss it is.
        bound: Each target's task with its output.
        metrics: Those of each target.
    """

    model: Any
    bound: Mapping[str, Bound]
    metrics: Mapping[str, Sequence[BoundMetric]]

    @property
    def names(self) -> list[str]:
        """Of the loss and the metrics, as metrics.csv has them."""
        return ["loss", *(item.metric.name for of_one in self.metrics.values() for item in of_one)]

    def targets(self, labels: Mapping[str, Any]) -> dict[str, Targets]:
        """The targets of a batch, as the feed yields them."""
        return {name: bound.targets(labels[name]) for name, bound in self.bound.items()}

    def for_loss(self, targets: Mapping[str, Targets]) -> dict[str, Any]:
        """The targets of a batch as the loss takes them."""
        return {name: targets[name].encoded(bound.encoding) for name, bound in self.bound.items()}

    def outputs(self, given: Any) -> dict[str, Any]:
        """What the model gives for a batch."""
        (name,) = self.bound
        return {name: given}

    def loss(
        self,
        features: Any,
        y: Mapping[str, Any],
        outputs: Mapping[str, Any],
        weights: Mapping[str, Any],
        *,
        training: bool,
    ) -> Any:
        """The loss of a batch, inside the graph.

        Args:
            features: What the model got.
            y: As `for_loss` gives it.
            outputs: Of the model.
            weights: What each example counts, of shape (batch,); targets whose examples count the same are
                not there.
            training: Whether the model learns from it.
        """
        (name,) = self.bound
        return self.model.compute_loss(
            x=features, y=y[name], y_pred=outputs[name], sample_weight=weights.get(name), training=training
        )


def bind_outputs(outputs: Any, experiment: Experiment, signature: Signature) -> dict[str, Bound]:
    """Each target's task with its output, by name.

    Args:
        outputs: The model's output as a `keras.KerasTensor`.
        experiment: For the loss and the place of the last step.
        signature: For the targets.

    Raises:
        ConfigError: If the output's shape does not fit; it points at the last step.
    """
    if isinstance(outputs, list | tuple | dict):
        raise misfit(experiment, f"the last step has {len(outputs)} outputs; expected one")
    return {
        name: part_of(task, Bound).bind(tuple(outputs.shape), experiment)
        for name, task in signature.targets.items()
    }
