"""What a run's page says of a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from bigmodel_cli.tasks.sections import Sections


class GenerationSections(Sections):
    """The page's parts for text."""

    headline: ClassVar[Sequence[str]] = ("bits_per_byte", "loss")
    samples: ClassVar[Mapping[str, tuple[str, str]]] = {
        "mistakes": (
            "Least foreseen",
            "the passages that were foreseen worst, as the likeliest tokens have them",
        )
    }

    def tile(self, sample: Mapping[str, Any]) -> dict[str, Any]:
        return {**sample, "probability": None, "of_label": f"(each token {sample['of_label']:.1%})"}
