"""What may make a run better that has learned something."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from bigmodel_cli.advice.findings import Advice, Findings

# Training this much better than validation means that examples are learned by heart.
_GAP = 0.05
# A validation loss this much above its smallest has been getting worse.
_RISE = 1.15
# It is that of training times so much, where examples are learned by heart.
_APART = 1.3
# Over the last fifth of its epochs a run that still gets better has lost this share of its loss.
_STILL_IMPROVING = 0.03


def overfitting(findings: Findings) -> Iterator[Advice]:
    """The training examples are learned by heart."""
    columns, at = findings.columns, findings.best_index
    if at is None or "val_loss" not in columns:
        return
    losses = [value for value in columns["val_loss"] if math.isfinite(value)]
    if losses and _has_risen(columns["loss"], columns["val_loss"], min(losses), at):
        stops = findings.has("EarlyStopping", section="training")
        yield Advice(
            f"After epoch {findings.best_epoch} the validation loss rose while the training loss fell.",
            "The rest was learned by heart: "
            f"{'' if stops else 'stop early, or '}add augmentation, Dropout or weight decay.",
            _against_overfitting(findings)
            if stops
            else "training.callbacks=[{EarlyStopping: {monitor: val_loss, patience: 3}}]",
        )
        return
    training, validation = findings.training_accuracy_at_best, findings.validation_accuracy
    if training is not None and validation is not None:
        gap = training - validation
        if gap > max(_GAP, _noise(validation, findings.num_examples("validation"))):
            yield Advice(
                f"Training accuracy is {gap:.1%} above validation accuracy.",
                "Augmentation, Dropout, weight decay or more examples narrow that gap.",
                _against_overfitting(findings),
            )


def _has_risen(training: Sequence[float], validation: Sequence[float], smallest: float, best: int) -> bool:
    """Whether validation got worse while training got better, and is far from it; else it only wavers."""
    is_apart = validation[-1] > _APART * training[-1]
    return validation[-1] > _RISE * smallest and training[-1] < training[best] and is_apart


def _noise(accuracy: float, examples: int | None) -> float:
    """How far an accuracy over so many examples may be off."""
    return 2.5 * math.sqrt(accuracy * (1 - accuracy) / examples) if examples else 0.0


def _against_overfitting(findings: Findings) -> str:
    """What the config does not have yet."""
    if findings.are_pixels and not findings.config.get("augmentation"):
        return "augmentation: [{RandomTranslation: {height_factor: 0.1, width_factor: 0.1}}]"
    if not findings.has("Dropout", "SpatialDropout"):
        return "Dropout: {rate: 0.5}"
    return (
        "" if findings.optimizer.arguments.get("weight_decay") else "optimizer: {AdamW: {weight_decay: 0.01}}"
    )


def more_epochs(findings: Findings) -> Iterator[Advice]:
    """The last epoch is the best one, and the loss was still falling."""
    losses, epochs = findings.columns.get("val_loss", ()), findings.num_epochs
    if epochs < 2 or len(losses) < epochs or findings.best_index != epochs - 1:
        return
    planned = findings.config.get("training", {}).get("epochs", epochs)
    before = losses[-1 - max(1, epochs // 5)]
    if epochs >= planned and before - losses[-1] > _STILL_IMPROVING * abs(before):
        yield Advice(
            f"The best epoch is the last one, {findings.best_epoch}: it was still getting better.",
            "More epochs may help; the run can go on from where it is: bigmodel train --resume RUN",
            f"training.epochs={2 * planned}",
        )
