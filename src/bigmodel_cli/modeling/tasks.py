"""What a model is trained for and measured by: its loss and metrics, by the targets' names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bigmodel_cli.config.aim import Aim
from bigmodel_cli.config.naming import of_target
from bigmodel_cli.config.reading import Activation
from bigmodel_cli.modeling.masks import handing_on
from bigmodel_cli.parts import part_of
from bigmodel_cli.signature import Signature, slugs
from bigmodel_cli.tasks.bound import Bound, Counting, Encoding, Targets, misfit

if TYPE_CHECKING:
    from bigmodel_cli.sources.base import Examples


@dataclass(frozen=True)
class BoundMetric:
    """A Keras metric, and how it takes targets and outputs.

    Attributes:
        metric: Keras's object.
        encoding: How it takes targets.
        activation: What makes of the model's outputs what it takes; None: it takes them as they are.
        counting: What the metric, a `keras.metrics.Mean`, is the mean of; None: it takes both itself.
        is_told: Whether it is such a mean of what is told once all examples have been seen.
    """

    metric: Any
    encoding: Encoding
    activation: Activation | None = None
    counting: Counting | None = None
    is_told: bool = False

    @property
    def is_of_keras(self) -> bool:
        """Whether Keras alone can measure it, so that training steps do, too."""
        return self.counting is None and not self.is_told


@dataclass(frozen=True)
class TargetLoss:
    """The loss of one of several targets.

    Attributes:
        loss: A `keras.losses.Loss`.
        weight: What it counts in the sum.
    """

    loss: Any
    weight: float = 1.0


@dataclass(frozen=True)
class Tasks:
    """All that steps need to know of what a compiled model is for.

    Attributes:
        model: The compiled model; of one target, its loss is the model's.
        bound: Each target's task with its output.
        metrics: Those of each target.
        losses: Of several targets the loss of each; of one, none.
    """

    model: Any
    bound: Mapping[str, Bound]
    metrics: Mapping[str, Sequence[BoundMetric]]
    losses: Mapping[str, TargetLoss] = field(default_factory=dict)

    @property
    def loss_names(self) -> list[str]:
        """What the losses are called that `loss` gives, in its order."""
        return ["loss", *(of_target(name, "loss") for name in self.losses)]

    @property
    def told(self) -> list[tuple[str, str]]:
        """Targets and metrics that steps are told of."""
        return [
            (name, item.metric.name)
            for name, of_one in self.metrics.items()
            for item in of_one
            if item.is_told
        ]

    @property
    def names(self) -> list[str]:
        """Of losses and metrics, as metrics.csv has them."""
        of_targets = (item.metric.name for of_one in self.metrics.values() for item in of_one)
        return [*self.loss_names, *of_targets]

    def targets(self, labels: Mapping[str, Any]) -> dict[str, Targets]:
        """The targets of a batch, as the feed yields them."""
        return {name: bound.targets(labels[name]) for name, bound in self.bound.items()}

    def for_loss(self, targets: Mapping[str, Targets]) -> dict[str, Any]:
        """The targets of a batch as the loss takes them."""
        return {
            name: bound.seen_by_loss(targets[name].encoded(bound.encoding))
            for name, bound in self.bound.items()
        }

    def outputs(self, given: Any) -> dict[str, Any]:
        """What the model gives for a batch, by target."""
        if len(self.bound) == 1:
            return dict.fromkeys(self.bound, given)
        return {name: given[slug] for name, slug in slugs(self.bound).items()}

    def kept(self, outputs: Mapping[str, Any], labels: Mapping[str, Any]) -> dict[str, Any]:
        """What an evaluation keeps of a batch, by target."""
        return {name: bound.kept(outputs[name], labels[name]) for name, bound in self.bound.items()}

    def loss(
        self,
        features: Any,
        y: Mapping[str, Any],
        outputs: Mapping[str, Any],
        weights: Mapping[str, Any],
        *,
        training: bool,
    ) -> Any:
        """The loss of a batch, inside the graph; of several targets all of `loss_names`, as a vector.

        Args:
            features: What the model got.
            y: As `for_loss` gives it.
            outputs: Of the model.
            weights: What each example counts, of shape (batch,), or each of its places, (batch, length);
                targets whose examples count the same are not there.
            training: Whether the model learns from it.
        """
        seen = {
            name: handing_on(outputs[name], bound.compared(outputs[name], y[name]), weights.get(name))
            for name, bound in self.bound.items()
        }
        y = {name: bound.answers(y[name]) for name, bound in self.bound.items()}
        if not self.losses:
            (name,) = self.bound
            return self.model.compute_loss(
                x=features, y=y[name], y_pred=seen[name], sample_weight=weights.get(name), training=training
            )
        import tensorflow as tf

        of_targets = {
            name: one.loss(y[name], seen[name], sample_weight=weights.get(name))
            for name, one in self.losses.items()
        }
        # Whatever order the targets are written in, the sum is the same to the last digit.
        summed = [of_targets[name] * self.losses[name].weight for name in sorted(of_targets)]
        # The replicas' losses are added up, and each has the whole penalty.
        share = 1 / tf.distribute.get_strategy().num_replicas_in_sync
        penalties = [tf.cast(penalty, "float32") * share for penalty in self.model.losses]
        total = tf.add_n([*summed, *penalties])
        return tf.stack([total, *of_targets.values()])


def check_room(bound: Mapping[str, Bound], examples: Examples) -> None:
    """Find out whether outputs have room for all targets.

    Raises:
        ConfigError: If not; it names one, and points at the step that makes the output.
    """
    for name, one in bound.items():
        having = examples.having(name)
        if (error := one.without_room(having.targets[name], having.place)) is not None:
            raise error


def bind_outputs(
    outputs: Mapping[str, Any], aims: Mapping[str, Aim], signature: Signature
) -> dict[str, Bound]:
    """Each target's task with its output, by name.

    Args:
        outputs: The model's outputs as `keras.KerasTensor`s, by target.
        aims: For losses and the places of steps.
        signature: For the targets.

    Raises:
        ConfigError: If an output's shape does not fit; it points at the step.
    """
    bound = {}
    for name, task in signature.targets.items():
        aim, output = aims[name], outputs[name]
        if isinstance(output, list | tuple | dict):
            raise misfit(aim, f"the last step has {len(output)} outputs; expected one")
        bound[name] = part_of(task, Bound).bind(tuple(output.shape), aim)
    return bound
