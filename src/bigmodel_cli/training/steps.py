"""The compiled training step: many batches per call into TensorFlow, on public Keras API only.

`fit` is not used since it cannot gather resident data inside its graph, and under a distribution
strategy it neither runs many steps per call nor resumes inside an epoch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bigmodel_cli.compressing.compression import NO_COMPRESSION, Compression
from bigmodel_cli.config.losses_and_metrics import OF_REGIONS
from bigmodel_cli.errors import UsageError
from bigmodel_cli.inference.steps import Batch, BatchLoop, Measures, num_batches, part_of_batch, total_of
from bigmodel_cli.modeling.augmentation import augment
from bigmodel_cli.modeling.build import BuiltModel
from bigmodel_cli.modeling.cut import cut_behind
from bigmodel_cli.modeling.fused.batch_norm import fused_batch_norm
from bigmodel_cli.modeling.fused.flips import fused_flips
from bigmodel_cli.modeling.fused.late_rows import LateRows, late_rows, settle_as
from bigmodel_cli.modeling.fused.updates import fused_updates
from bigmodel_cli.modeling.lookup_gradients import summed_by_row
from bigmodel_cli.modeling.masks import with_masks, with_masks_beside
from bigmodel_cli.modeling.replicas.batch_norm import joint_batch_norm
from bigmodel_cli.modeling.replicas.distribution import SINGLE, Distribution
from bigmodel_cli.modeling.replicas.gradients import of_the_batch, summed_already
from bigmodel_cli.modeling.replicas.part import taking
from bigmodel_cli.modeling.replicas.randomness import different_seeds
from bigmodel_cli.pipeline.feed import Chunk, Feed
from bigmodel_cli.tasks.target import ClassWeights
from bigmodel_cli.training.accumulation import in_parts
from bigmodel_cli.training.schedule_length import ScheduleLength
from bigmodel_cli.training.tried_rate import TriedRate
from bigmodel_cli.training.variables import named_variables

# Keras's names of the mean over all examples.
_MEANS = ("sum_over_batch_size", "mean")


@dataclass(frozen=True, eq=False)
class StepSettings:
    """How a step is computed.

    Attributes:
        jit_compile: Whether XLA compiles the network's part of the step; images are augmented before it, by
            operations that XLA lacks.
        class_weights: What the loss of an example counts by its class, by target; where all count the same,
            the target is not there.
        num_parts: In how many parts a batch is computed.
        can_end_anywhere: Whether how long the learning rate's schedule is changes while it trains.
        to_find: The arguments that become a learning rate which is not found yet.
    """

    jit_compile: bool = False
    class_weights: Mapping[str, ClassWeights] = field(default_factory=dict)
    num_parts: int = 1
    can_end_anywhere: bool = False
    to_find: Sequence[str] = ()


class TrainingSteps:
    """Training steps of one model on one feed.

    Args:
        built: The model and its parts.
        feed: Yields chunks of the training split.
        settings: How a step is computed.
        distribution: Where the model's replicas are; it was built in their scope.
        compression: What compresses the model meanwhile.

    Raises:
        UsageError: If a batch is computed in parts and the loss is no mean over its examples.
    """

    def __init__(
        self,
        built: BuiltModel,
        feed: Feed,
        settings: StepSettings = StepSettings(),
        distribution: Distribution = SINGLE,
        compression: Compression = NO_COMPRESSION,
    ) -> None:
        import tensorflow as tf

        self.settings = settings
        self.distribution = distribution
        self.compression = compression
        if settings.num_parts > 1 or not distribution.is_single:
            _require_mean(built.model.loss)
        self.built = built
        self.feed = feed
        self._learn = tf.function(self._update, jit_compile=True) if settings.jit_compile else self._update
        self._run = BatchLoop(self._train_many)
        # What moves masks too does so layer by layer.
        fuses = not any(bound.moves_with_image for bound in built.tasks.bound.values())
        shared = fused_flips(built.augmentation) if fuses else built.augmentation
        self._augmentation = [] if built.augments_columns else shared
        # XLA lacks what augments images.
        self._parts = cut_behind(built.network, built.layers_of_columns) if built.augments_columns else None
        with distribution.scope():
            self.measures = Measures(built.tasks, distribution, compression.loss_names, in_training=True)
            built.model.optimizer.build(built.model.trainable_variables)
            self.length = ScheduleLength(built.model.optimizer) if settings.can_end_anywhere else None
            self.rate = TriedRate(built.model.optimizer, settings.to_find) if settings.to_find else None
        self._late = self._late_rows()
        self.is_settled = False

    @property
    def _network(self) -> Any:
        return self.built.network if self._parts is None else self._parts.back

    def _late_rows(self) -> LateRows:
        """Rows of tables that may be updated late: by one CPU, which has a batch at once.

        A GPU goes through whole tables in no time.
        """
        import tensorflow as tf

        is_alone = self.distribution.is_single and self.compression is NO_COMPRESSION
        is_plain = is_alone and self.settings.num_parts == 1 and not self.settings.jit_compile
        if not is_plain or tf.config.list_logical_devices("GPU"):
            return LateRows(self.built.model.optimizer, [])
        return late_rows(self._network, self.built.model.optimizer, self.feed.batch_size)

    def run(self, chunk: Chunk) -> tuple[int, float]:
        """Train on the batches of a chunk, as `feed.chunk` yields it, until a loss is not a number any more.

        Returns:
            How many steps were made, and the loss of the last one.
        """
        self.is_settled = False
        steps, loss = self._run(chunk)
        return int(steps), float(loss)

    def trace(self) -> None:
        """Make the graph without a step, and with it the variables that metrics make at their first use."""
        order = np.arange(len(self.feed.examples))
        self._run.traced(self.feed.chunk(self.feed.rows(order, 0, 1)))

    def settle(self) -> None:
        """Bring weights and optimizer to what they are after the steps so far, for whoever looks at them."""
        self._late.settle()
        self.is_settled = True

    def of_late_rows(self) -> dict[str, Any]:
        """Those of `variables` that say which rows are late; they say nothing once steps are settled."""
        return self._late.state()

    def take_as_settled(self, late: Mapping[str, Any] = {}) -> None:
        """Take it that weights and optimizer, which were put back, are those after all steps so far.

        Args:
            late: What says which rows were late, by steps that are computed otherwise.
        """
        if late:
            with self.distribution.scope():
                settle_as(self.built.network, self.built.model.optimizer, late)
        self._late.are_up_to_date()
        self.is_settled = True

    def traced_again(self) -> TrainingSteps:
        """The same steps, compiled anew: compiled ones hold on to the optimizer's schedule."""
        steps = TrainingSteps(self.built, self.feed, self.settings, self.distribution, self.compression)
        steps.trace()
        steps.go_on_from(self)
        return steps

    def go_on_from(self, steps: TrainingSteps) -> None:
        """Take over what other steps of this model know of the epoch: measures, and late rows."""
        theirs, ours = steps.variables(), self.variables()
        anew = [name for name, variable in ours.items() if variable is not theirs[name]]
        values = self.distribution.read([theirs[name] for name in anew])
        for name, value in zip(anew, values, strict=True):
            ours[name].assign(value)
        self.is_settled = steps.is_settled

    def with_rate(self, rate: float) -> TrainingSteps:
        """Steps with the learning rate that was found: these ones, unless they have to be compiled anew.

        Args:
            rate: As `TriedRate.settle` takes it.
        """
        assert self.rate is not None
        return self if self.rate.settle(rate) else self.traced_again()

    def variables(self) -> dict[str, Any]:
        """Everything that a step may change, each once, by `role/owner/name`."""
        named = named_variables(self.built, self.measures)
        return {**named, **self.compression.variables(), **self._late.state()}

    def _train_many(self, chunk: Chunk) -> tuple[Any, Any]:
        import tensorflow as tf

        num_steps = num_batches(chunk)

        def goes_on(index: Any, loss: Any) -> Any:
            return tf.logical_and(index < num_steps, tf.math.is_finite(loss))

        def train_one(index: Any, _: Any) -> tuple[Any, Any]:
            loss = self.distribution.run(self._train_one, chunk, index)
            self.compression.after_update()
            return index + 1, loss

        with self._replaced():
            steps, loss = tf.while_loop(goes_on, train_one, (tf.constant(0), tf.constant(0.0)))
        return steps, loss

    @contextmanager
    def _replaced(self) -> Iterator[None]:
        """What stands in for parts of Keras while a graph is traced."""
        network, optimizer = self.built.network, self.built.model.optimizer
        with ExitStack() as stack:
            stack.enter_context(fused_updates(optimizer))
            stack.enter_context(summed_already(optimizer))
            if self.length is not None:
                stack.enter_context(self.length.traced())
            if self.rate is not None:
                stack.enter_context(self.rate.traced())
            if self.distribution.is_single:
                stack.enter_context(fused_batch_norm(network))
            else:
                stack.enter_context(joint_batch_norm(network))
                stack.enter_context(different_seeds())
            stack.enter_context(self.compression.traced())
            stack.enter_context(self._late.traced())
            yield

    def _train_one(self, chunk: Chunk, index: Any) -> Any:
        """The loss of one batch of a chunk, from which the weights learn."""
        batch = part_of_batch(self.feed, chunk, index)
        with taking(batch.part):
            return self._train_step(batch)

    def _train_step(self, batch: Batch) -> Any:
        import tensorflow as tf

        features = batch.features
        if self.built.preprocess is not None:
            features = self.built.preprocess(features, training=False)
        tasks = self.built.tasks
        if self._parts is not None:
            features = self._parts.front(features, training=True)
        features, targets, counts = augment(
            self._augmentation, features, tasks.targets(batch.labels), batch.counts
        )
        labels = self.compression.labels(batch, features)
        batch = batch._replace(counts=counts, labels=labels)
        weights = batch.weights(
            tasks,
            targets,
            {
                name: targets[name].weights(of_classes.values)
                for name, of_classes in self.settings.class_weights.items()
            },
        )
        y = self.compression.for_loss(tasks.for_loss(targets), labels)
        loss, beside = self._learn(features, y, weights)
        outputs = with_masks(beside)
        self.measures.update(self.compression.measured(loss), targets, outputs, batch.part, batch.known)
        return tf.cast(total_of(loss), tf.float32)

    def _update(self, features: Any, y: Any, sample_weights: Any) -> tuple[Any, dict[str, Any]]:
        """Loss and outputs of a batch; the weights learn from it."""
        model = self.built.model
        if self.settings.num_parts == 1:
            loss, outputs, gradients = self._differentiate(features, y, sample_weights)
        else:
            batch = features, y, sample_weights
            loss, outputs, gradients = in_parts(self._differentiate, batch, self.settings.num_parts)
        if not self.distribution.is_single:
            gradients, loss = of_the_batch(gradients, loss)
        variables = self._learning
        self._late.apply(gradients[len(variables) :], is_all=not variables)
        model.optimizer.apply(summed_by_row(gradients[: len(variables)], model.optimizer), variables)
        return loss, outputs

    @property
    def _learning(self) -> list[Any]:
        """What the optimizer updates by itself."""
        late = {id(variable) for variable in self._late.variables}
        return [one for one in self.built.model.trainable_variables if id(one) not in late]

    def _differentiate(
        self, features: Any, y: Any, sample_weights: Any
    ) -> tuple[Any, dict[str, Any], list[Any]]:
        """Loss, outputs, and gradients of what the optimizer updates, and of rows that are late."""
        import tensorflow as tf

        model, tasks = self.built.model, self.built.tasks
        with tf.GradientTape() as tape:
            outputs = tasks.outputs(self._network(features, training=True))
            loss = tasks.loss(features, y, outputs, sample_weights, training=True)
            loss = self.compression.losses(loss, model, y, outputs, sample_weights)
            scaled = model.optimizer.scale_loss(total_of(loss))
        learning = [*self._learning, *self._late.rows]
        return loss, with_masks_beside(outputs), tape.gradient(scaled, learning)


def _require_mean(loss: Any) -> None:
    """Parts of a batch can be put together where its loss is the mean over the examples.

    Raises:
        UsageError: If it is something else.
    """
    import keras

    # One loss for each output, or a structure of them.
    for one in keras.tree.flatten(loss):
        reduction = getattr(one, "reduction", _MEANS[0])
        if reduction not in _MEANS:
            raise UsageError(
                f"loss: reduction {reduction} is for one device, and for batches that are computed at once",
                hint=f"leave reduction out, which means {_MEANS[0]}",
            )
        name = type(one).__name__
        if name in OF_REGIONS and one.axis is None:
            raise UsageError(
                f"loss: {name} is of a whole batch, for one device and batches computed at once",
                hint=f"write loss: {{{name}: {{axis: [1, 2]}}}}, which is of each image and class",
            )
