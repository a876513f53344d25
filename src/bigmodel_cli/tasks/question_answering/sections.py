"""What a run's page says of answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from bigmodel_cli.tasks.question_answering.sought import listed
from bigmodel_cli.tasks.sections import Sections


class QuestionAnsweringSections(Sections):
    """The page's parts for answers."""

    headline: ClassVar[Sequence[str]] = ("answer_f1", "loss")
    samples: ClassVar[Mapping[str, tuple[str, str]]] = {
        "mistakes": ("Worst answers", "the questions that were answered worst"),
        "best": ("Best answers", "the questions that were answered best"),
    }

    def tile(self, sample: Mapping[str, Any]) -> dict[str, Any]:
        return {
            **sample,
            "label": listed(sample["label"]),
            "prediction": sample["prediction"] or "no answer",
            "of_label": f"(F1 {sample['of_label']:.2f})",
        }
