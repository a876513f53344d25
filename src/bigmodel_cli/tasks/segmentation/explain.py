"""What a class rests on in an image: over the pixels that are taken for it (Seg-Grad-CAM, 2020)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

import numpy as np

from bigmodel_cli.class_names import class_name
from bigmodel_cli.config.reading import Activation
from bigmodel_cli.config.spelling import closest
from bigmodel_cli.cut import some
from bigmodel_cli.errors import UsageError
from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.modeling.surgery import final_activation
from bigmodel_cli.scoring.masks import counted, mask_scores, parted
from bigmodel_cli.scoring.rule import DecisionRule
from bigmodel_cli.tasks.explain import LOG_ODDS, OUTPUT, Explained, Score
from bigmodel_cli.tasks.predictions import Answer
from bigmodel_cli.tasks.segmentation.predictions import Mask


class SegmentationExplained(Explained):
    """Classes by their names, those first that have most pixels."""

    one: ClassVar[str] = "class"
    many: ClassVar[str] = "classes"
    has_places: ClassVar[bool] = True
    grad_cam_alone: ClassVar[str | None] = (
        "of a mask grad-cam alone shows what a class rests on: what is hidden from a model has another mask"
    )

    def index(self, name: str) -> int:
        names: Sequence[str] = self.task.class_names
        if class_name(name) in names:
            return names.index(class_name(name))
        near = closest(name, names)
        hint = f"did you mean {near}?" if near else f"classes: {some(names)}"
        raise UsageError(f"--class {name}: the run has no such class", hint=hint)

    def values(self, answer: Answer) -> np.ndarray:
        """The share of the pixels that is taken for each class."""
        assert isinstance(answer, Mask)
        counts = np.bincount(answer.decided.reshape(-1), minlength=len(self.task.class_names))
        return np.asarray(counts / answer.decided.size)

    def shape(self, answer: Answer) -> tuple[int, int]:
        assert isinstance(answer, Mask)
        height, width = answer.decided.shape
        return height, width

    def around(self, answer: Answer, row: int, column: int) -> np.ndarray:
        """The pixels of one class that hang together with one."""
        from scipy.ndimage import label

        assert isinstance(answer, Mask)
        parts, _ = label(answer.decided == answer.decided[row, column], np.ones((3, 3)))
        return np.asarray(parts == parts[row, column])

    def within(self, answer: Answer, places: np.ndarray) -> Answer:
        assert isinstance(answer, Mask)
        return replace(answer, values=answer.values[places], decided=answer.decided[places])

    def ranked(self, answer: Answer) -> Sequence[int]:
        indices: list[int] = np.argsort(-self.values(answer), kind="stable").tolist()
        return indices

    def label(self, target: int, answer: Answer) -> str | None:
        name: str = self.task.class_names[target]
        return name

    def measures(self, labels: np.ndarray, values: np.ndarray, rule: DecisionRule) -> dict[str, float]:
        names = self.task.class_names
        # As an evaluation keeps them, or as a model gives them.
        is_counted = values.ndim == 2
        rows = values.astype(np.int64) if is_counted else counted(labels, values.argmax(axis=-1), len(names))
        return mask_scores(parted(rows, len(names)), names, seed=0).headline

    def value_name(self, *, are_probabilities: bool) -> str:
        return "share"

    def shown(self, value: float, *, are_probabilities: bool) -> str:
        return f"{value:.1%}"

    def score(self, model: Any, kind: Kind, of_logits: Activation | None, temperature: float) -> Score:
        """The mean over the pixels that are taken for a class of the log-odds that they are it."""
        bare, activation = (None, of_logits) if of_logits else final_activation(model)
        has_logits = activation == "softmax"
        size = len(self.task.class_names)

        def within(outputs: Any, target: int, places: Any) -> Any:
            from keras import ops

            scores = ops.reshape(outputs, (ops.shape(outputs)[0], -1, size))
            own = _against_others(scores, target) if has_logits else scores[:, :, target]
            chosen = ops.cast(ops.equal(ops.argmax(scores, axis=-1), target), own.dtype)
            if places is not None:
                asked = ops.reshape(ops.cast(places, own.dtype), (1, -1))
                chosen = chosen * asked
                # Where none is taken for it: what would speak for it there.
                chosen = ops.where(ops.any(chosen > 0, axis=1, keepdims=True), chosen, asked)
            return ops.sum(own * chosen, axis=1) / ops.maximum(ops.sum(chosen, axis=1), 1)

        name = LOG_ODDS if has_logits else OUTPUT
        return Score(name, partial(within, places=None), bare if has_logits else None, within)


def _against_others(logits: Any, target: int) -> Any:
    from keras import ops

    others = ops.concatenate([logits[:, :, :target], logits[:, :, target + 1 :]], axis=2)
    return logits[:, :, target] - ops.logsumexp(others, axis=2)
