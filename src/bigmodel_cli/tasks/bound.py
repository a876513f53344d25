"""A task with a model's output and its loss: which output fits, and how targets are encoded."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from bigmodel_cli.config.aim import Aim
from bigmodel_cli.config.losses_and_metrics import MetricFacts, loss_facts
from bigmodel_cli.config.model_outputs import last_step
from bigmodel_cli.config.problems import Problem, config_error

if TYPE_CHECKING:
    import numpy as np

# Indices of classes, a row with a share of each class, 0 and 1, or numbers as they are.
Encoding = Literal["integer", "one_hot", "binary", "number"]
Shape = tuple[int | None, ...]
_VARIANTS = {"integer": "SparseCategorical", "one_hot": "Categorical"}


@dataclass(frozen=True)
class Counting:
    """A metric of ours, which is a mean.

    Attributes:
        values: Makes of labels as they are fed, and outputs, in the graph, the values of examples, or of
            their places, and what each counts in the mean.
        is_exponential: Whether the metric is e to the power of the mean.
    """

    values: Callable[[Any, Any], tuple[Any, Any]]
    is_exponential: bool = False


class Bound(ABC):
    """A task of a model.

    Attributes:
        task: The task.
        encoding: How the loss takes targets, once `bind` has found it out.
        kept_dtype: Of what `kept` gives; None: that of the outputs.
        moves_with_image: Whether targets are pictures themselves, which what moves an image moves with it.
    """

    encoding: Encoding
    kept_dtype: ClassVar[str | None] = None
    moves_with_image: ClassVar[bool] = False

    def __init__(self, task: Any) -> None:
        self.task = task

    def bind(self, shape: Shape, aim: Aim) -> Self:
        """The same for an output of a shape and the loss that it is trained with.

        Raises:
            ConfigError: If the output does not fit; it points at the last step.
        """
        self.encoding = self.loss_encoding(shape, aim)
        return self

    @abstractmethod
    def loss_encoding(self, shape: Shape, aim: Aim) -> Encoding:
        """How the loss takes targets; a ConfigError where an output of a shape does not fit."""

    @abstractmethod
    def metric_encoding(self, metric: MetricFacts) -> Encoding:
        """How a metric takes targets, beside the loss."""

    @abstractmethod
    def variant(self, kind: Literal["Accuracy", "Crossentropy"], aim: Aim) -> str:
        """The class that Keras takes for `accuracy` or `crossentropy`, by the shape of the labels."""

    @abstractmethod
    def encode(self, labels: Any, encoding: Encoding) -> Any:
        """Encode a batch of targets inside a TensorFlow graph."""

    @abstractmethod
    def loss_of_adopted(self, num_outputs: int, activation: str) -> Any:
        """The loss that a model from elsewhere is measured by, as a config has it.

        Args:
            num_outputs: Of its last axis.
            activation: What its last layer makes of its numbers: `softmax`, `sigmoid` or `linear`.

        Returns:
            The loss; None where such outputs are for other targets.
        """

    def in_own_unit(self, tensor: Any) -> Any:
        """What the last step gives, a `keras.KerasTensor`, as what the model is to give."""
        return tensor

    def seen_by_loss(self, values: Any) -> Any:
        """Targets, or outputs of the model, as the loss compares them."""
        return values

    def compared(self, outputs: Any, encoded: Any) -> Any:
        """Outputs of the model as the loss compares them with targets that are encoded for it."""
        return self.seen_by_loss(outputs)

    def answers(self, encoded: Any) -> Any:
        """What the loss compares that with, of targets that are encoded for it."""
        return encoded

    def measured(self, outputs: Any, encoded: Any) -> tuple[Any, Any]:
        """Outputs and targets, encoded for a metric, as the metric compares them."""
        return outputs, encoded

    def places(self, labels: Any) -> Any | None:
        """What each place of targets counts, 1 or 0, float32 of their shape; None: all count."""
        return None

    @property
    def weighs_places(self) -> bool:
        """Whether the loss is one of places, so that each may count otherwise."""
        return True

    def without_room(self, labels: np.ndarray, name_of: Callable[[int], str]) -> Exception | None:
        """Which targets the output that was bound has no room for, a ConfigError; None: it has for all.

        Args:
            labels: Of a split.
            name_of: What an example of it is called.
        """
        return None

    def counting(self, metric: str) -> Counting | None:
        """How a metric of ours is counted; None: Keras has it."""
        return None

    def kept(self, outputs: Any, labels: Any) -> Any:
        """What an evaluation keeps of a batch, inside the graph: outputs, or what scores need of them."""
        return outputs

    def targets(self, labels: Any) -> Targets:
        """The targets of a batch, as the feed yields them."""
        return Targets(self.encode, labels, places=self.places, moves=self.moves_with_image)


class SequenceBound(Bound):
    """Of targets with one of several classes at each place."""

    @property
    @abstractmethod
    def size(self) -> int:
        """How many classes there are."""

    def over_classes(self, aim: Aim, where: str) -> Encoding:
        """How a loss takes targets that is one of distributions.

        Args:
            aim: With the loss.
            where: Over what the distributions are, behind their number.

        Raises:
            ConfigError: If the loss takes something else.
        """
        facts = loss_facts(aim.loss)
        if facts.outputs not in ("distribution", "any"):
            raise misfit(
                aim,
                f"{aim.loss.name} does not take a distribution over {self.size} {where}",
                "write loss: SparseCategoricalCrossentropy",
            )
        return "integer" if facts.takes_indices else "one_hot"

    def loss_of_adopted(self, num_outputs: int, activation: str) -> Any:
        if num_outputs != self.size:
            return None
        return as_written("SparseCategoricalCrossentropy", activation)

    def metric_encoding(self, metric: MetricFacts) -> Encoding:
        return "integer" if metric.takes_indices else "one_hot"

    def variant(self, kind: Literal["Accuracy", "Crossentropy"], aim: Aim) -> str:
        return f"{_VARIANTS[self.encoding]}{kind}"


class Targets:
    """The targets of one batch, encoded as each loss and metric takes them, each encoding made once.

    Args:
        encode: Makes an encoding.
        labels: As the feed yields them.
        mixed: One-hot rows that augmentation has mixed (MixUp, CutMix), which take their place.
        places: Says of labels what each of their places counts; see `Bound.places`.
        moves: Whether what moves an image moves them.
    """

    def __init__(
        self,
        encode: Callable[[Any, Encoding], Any],
        labels: Any,
        mixed: Any = None,
        *,
        places: Callable[[Any], Any] = lambda _: None,
        moves: bool = False,
    ) -> None:
        self.moves = moves
        self._encode = encode
        self._places = places
        self.labels = labels
        self.mixed = mixed
        self._encoded: dict[Encoding, Any] = {} if mixed is None else {"one_hot": mixed}

    def encoded(self, encoding: Encoding) -> Any:
        if encoding not in self._encoded:
            self._encoded[encoding] = self._encode(self.labels, encoding)
        return self._encoded[encoding]

    @property
    def places(self) -> Any | None:
        """What each place counts, 1 or 0; None: all count, or the feed says it."""
        return self._places(self.labels)

    def moved(self, labels: Any) -> Targets:
        """Others that augmentation has made of the labels."""
        return Targets(self._encode, labels, places=self._places, moves=self.moves)

    def mix(self, mixed: Any) -> Targets:
        """The same after augmentation has mixed their one-hot rows."""
        import tensorflow as tf

        # Metrics over whole classes see the class that has the larger part.
        return Targets(self._encode, tf.argmax(mixed, axis=-1, output_type=tf.int32), mixed)

    def weights(self, of_classes: Any) -> Any:
        """What the loss of each example counts by its class, float32 of shape (batch,)."""
        import tensorflow as tf

        # Of an example that is mixed from two, each class has its part.
        return tf.linalg.matvec(self.encoded("one_hot"), tf.constant(of_classes))


def as_written(loss: str, activation: str) -> Any:
    """A loss of probabilities as a config has it, behind a last layer with an activation."""
    return {loss: {"from_logits": True}} if activation == "linear" else loss


def misfit(aim: Aim, message: str, suggestion: str | None = None) -> Exception:
    """An error that points at the step which makes the output."""
    step = last_step(aim.model)
    return config_error([Problem(step.place, step.path, message, suggestion=suggestion)])
