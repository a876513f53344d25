"""What a run's page says of texts that were written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from bigmodel_cli.tasks.sections import Sections


class TranslationSections(Sections):
    """The page's parts for texts."""

    headline: ClassVar[Sequence[str]] = ("bleu", "loss")
    samples: ClassVar[Mapping[str, tuple[str, str]]] = {
        "mistakes": ("Farthest", "the texts that are farthest from what is right"),
        "best": ("Nearest", "the texts that are nearest to what is right"),
    }

    def tile(self, sample: Mapping[str, Any]) -> dict[str, Any]:
        return {**sample, "probability": None, "of_label": f"(chrF {100 * sample['of_label']:.1f})"}
