"""All that training asks of what compresses its model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from bigmodel_cli.compressing.augmented import behind_augmentation
from bigmodel_cli.compressing.channel_pruning import ChannelPruning
from bigmodel_cli.compressing.distillation import TEACHER, Distillation, Teaching
from bigmodel_cli.compressing.fake_quantization import FakeQuantization
from bigmodel_cli.compressing.pruning import Pruning, Schedule
from bigmodel_cli.config.compress import Compress, Prune, parse_epoch
from bigmodel_cli.config.naming import DISTILL_LOSS
from bigmodel_cli.config.reading import Reading
from bigmodel_cli.errors import UsageError
from bigmodel_cli.inference.steps import Batch
from bigmodel_cli.modeling.build import BuiltModel
from bigmodel_cli.run_folder import RunFolder


@dataclass(frozen=True)
class Compression:
    """What compresses a model while steps train it.

    Attributes:
        pruning: Lets weights become 0; None: none do.
        distillation: A teacher beside the labels; None: there is none.
        quantization: Rounds what is computed with 8 bits later; None: nothing is.
    """

    pruning: Pruning | ChannelPruning | None = None
    distillation: Distillation | None = None
    quantization: FakeQuantization | None = None

    @property
    def loss_names(self) -> list[str]:
        """What is measured in training beside the losses of tasks, in the order of `losses`."""
        return [] if self.distillation is None else [DISTILL_LOSS]

    def labels(self, batch: Batch, features: Any) -> Mapping[str, Any]:
        """The labels of a batch with the teacher's answers among them, inside the graph.

        Args:
            batch: As the feed has it.
            features: Of it as they are trained on.
        """
        if self.distillation is None:
            return batch.labels
        return {**batch.labels, TEACHER: self.distillation.answers(batch, features)}

    def for_loss(self, y: Mapping[str, Any], labels: Mapping[str, Any]) -> Mapping[str, Any]:
        """What `Tasks.for_loss` gives, with what `losses` needs beside it of the same batch."""
        return y if self.distillation is None else {**y, TEACHER: labels[TEACHER]}

    def losses(
        self,
        loss: Any,
        model: Any,
        y: Mapping[str, Any],
        outputs: Mapping[str, Any],
        weights: Mapping[str, Any],
    ) -> Any:
        """What is learned from, and behind it what is measured; a scalar where that is the same.

        Args:
            loss: As `Tasks.loss` gives it.
            model: The compiled model, whose penalties are in the loss.
            y: As `for_loss` gives it.
            outputs: Of the model, by target.
            weights: What each example counts, by target.
        """
        if self.distillation is None:
            return loss
        import tensorflow as tf

        (output,) = outputs.values()
        share = self.distillation.teaching.settings.weight
        divergence = self.distillation.divergence(y[TEACHER], output, weights.get(TEACHER))
        # The penalties of weights are as large as without a teacher.
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        penalties = [tf.cast(penalty, tf.float32) / replicas for penalty in model.losses]
        learned = (1 - share) * loss + share * tf.add_n([divergence, *penalties])
        return tf.stack([learned, loss, divergence])

    def measured(self, loss: Any) -> Any:
        """Of what `losses` gives, that which is measured."""
        return loss if self.distillation is None else loss[1:]

    def variables(self) -> dict[str, Any]:
        """What steps may change of it, by names that are no others' of a checkpoint."""
        parts = (self.pruning, self.quantization)
        return {name: v for part in parts if part is not None for name, v in part.variables().items()}

    def traced(self) -> AbstractContextManager[None]:
        """Inside, what is traced computes as it is to be trained."""
        return nullcontext() if self.quantization is None else self.quantization.traced()

    def after_update(self) -> None:
        """What follows on an optimizer's update, inside the graph and outside of any replica."""
        for part in (self.pruning, self.quantization):
            if part is not None:
                part.after_update()

    def describe(self, asked: Compress | None) -> Iterator[str]:
        """What is going to be done, in lines.

        Args:
            asked: The section of the config, decided.
        """
        if asked is None:
            return
        if self.pruning is not None and asked.prune is not None:
            yield self._describe_pruning(self.pruning, asked.prune)
        if self.quantization is not None and asked.rounding is not None:
            count = len(self.quantization.layers)
            yield (
                f"quantize: kernels, and what {count} layers give, are rounded to int8 in training from "
                f"{asked.rounding.begin} on"
            )
        if self.distillation is not None:
            settings = self.distillation.teaching.settings
            how = "its answers are kept" if self.distillation.part is None else "asked in each step"
            yield (
                f"teacher: {RunFolder(Path(settings.teacher)).title}, {how}; it counts {settings.weight:g} "
                f"of the loss, at temperature {settings.temperature:g}"
            )

    def _describe_pruning(self, pruning: Pruning | ChannelPruning, asked: Prune) -> str:
        share, kernels = pruning.schedule.sparsity, pruning.kernels
        size = sum(prod(kernel.shape) for kernel in kernels.values())
        what = f"the {size:,} weights of {len(kernels)} kernels become 0"
        left = ""
        if isinstance(pruning, ChannelPruning):
            what = f"the channels of {', '.join(kernels)} go"
            left = "".join(f"; those of {name} stay: {reason}" for name, reason in pruning.left.items())
        when = f"from {asked.begin} on, all of them when {asked.end} begins"
        return f"pruning: {share:.4g} of {what}, {when}{left}"


NO_COMPRESSION = Compression()


def compression_of(
    asked: Compress | None,
    built: BuiltModel,
    schedule: tuple[int, int],
    teaching: Teaching | None,
    reading: Reading,
) -> Compression:
    """What a config asks for, of a model; to be called in its distribution's scope.

    Args:
        asked: The section of the config, decided.
        built: The model.
        schedule: Epochs of the run, and steps of an epoch.
        teaching: The teacher that the section names.
        reading: How the outputs of the model become probabilities.

    Raises:
        UsageError: If there is nothing to prune, or the teacher does not take what augmentation gives.
    """
    if asked is None:
        return NO_COMPRESSION
    pruning = None if asked.prune is None else _pruning(asked.prune, built.model, *schedule)
    distillation = None
    if teaching is not None:
        part = None if teaching.is_kept else behind_augmentation(teaching.model, built)
        distillation = Distillation(teaching, reading, part)
    quantization = None
    if asked.rounding is not None:
        before = (parse_epoch(asked.rounding.begin) - 1) * schedule[1]
        quantization = FakeQuantization(built.model, first_step=before + 1)
    return Compression(pruning, distillation, quantization)


def _pruning(prune: Prune, model: Any, num_epochs: int, steps_per_epoch: int) -> Pruning | ChannelPruning:
    schedule = Schedule.over(prune.sparsity, prune.epochs(num_epochs), steps_per_epoch)
    if prune.structure == "channels":
        channels = ChannelPruning(model, schedule)
        if not channels.kernels:
            reasons = [f"{name}: {reason}" for name, reason in channels.left.items()]
            why = "; ".join(reasons) or "it has no layer Conv1D, Conv2D or Dense of its own"
            raise UsageError(
                f"compress.prune: no channel of the model can go ({why})",
                hint="channels go between such layers of the config; structure: none prunes any model",
            )
        return channels
    pruning = Pruning(model, schedule)
    if not pruning.kernels:
        raise UsageError(
            "compress.prune: the model has no kernel that learns",
            hint="kernels are weights of Dense, of convolutions, of recurrent layers; is all of it frozen?",
        )
    return pruning
