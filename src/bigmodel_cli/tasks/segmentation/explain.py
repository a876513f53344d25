"""What a class rests on in an image: over the pixels that are taken for it (Seg-Grad-CAM, 2020)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from bigmodel_cli.class_names import class_name
from bigmodel_cli.config.reading import Activation
from bigmodel_cli.config.spelling import closest
from bigmodel_cli.cut import some
from bigmodel_cli.errors import UsageError
from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.modeling.surgery import final_activation
from bigmodel_cli.scoring.masks import mask_scores, parted
from bigmodel_cli.scoring.rule import DecisionRule
from bigmodel_cli.tasks.explain import LOG_ODDS, OUTPUT, Explained, Score
from bigmodel_cli.tasks.predictions import Answer
from bigmodel_cli.tasks.segmentation.predictions import Mask


class SegmentationExplained(Explained):
    """Classes by their names, those first that have most pixels."""

    one: ClassVar[str] = "class"
    many: ClassVar[str] = "classes"
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

    def ranked(self, answer: Answer) -> Sequence[int]:
        indices: list[int] = np.argsort(-self.values(answer), kind="stable").tolist()
        return indices

    def label(self, target: int, answer: Answer) -> str | None:
        name: str = self.task.class_names[target]
        return name

    def measures(self, labels: np.ndarray, values: np.ndarray, rule: DecisionRule) -> dict[str, float]:
        names = self.task.class_names
        return mask_scores(parted(values.astype(np.int64), len(names)), names, seed=0).headline

    def value_name(self, *, are_probabilities: bool) -> str:
        return "share"

    def shown(self, value: float, *, are_probabilities: bool) -> str:
        return f"{value:.1%}"

    def score(self, model: Any, kind: Kind, of_logits: Activation | None, temperature: float) -> Score:
        """The mean over the pixels that are taken for a class of the log-odds that they are it."""
        bare, activation = (None, of_logits) if of_logits else final_activation(model)
        has_logits = activation == "softmax"
        size = len(self.task.class_names)

        def of(outputs: Any, target: int) -> Any:
            from keras import ops

            scores = ops.reshape(outputs, (ops.shape(outputs)[0], -1, size))
            own = _against_others(scores, target) if has_logits else scores[:, :, target]
            chosen = ops.cast(ops.equal(ops.argmax(scores, axis=-1), target), own.dtype)
            return ops.sum(own * chosen, axis=1) / ops.maximum(ops.sum(chosen, axis=1), 1)

        return Score(LOG_ODDS if has_logits else OUTPUT, of, bare if has_logits else None)


def _against_others(logits: Any, target: int) -> Any:
    from keras import ops

    others = ops.concatenate([logits[:, :, :target], logits[:, :, target + 1 :]], axis=2)
    return logits[:, :, target] - ops.logsumexp(others, axis=2)
