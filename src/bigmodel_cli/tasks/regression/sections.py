"""What a run's page says of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from bigmodel_cli.tasks.sections import Sections


class RegressionSections(Sections):
    """The page's parts for numbers."""

    headline: ClassVar[Sequence[str]] = ("mean_absolute_error", "loss")
    samples: ClassVar[Mapping[str, tuple[str, str]]] = {"mistakes": ("Mistakes", "the largest errors")}

    def tile(self, sample: Mapping[str, Any]) -> dict[str, Any]:
        return {**sample, **{key: f"{sample[key]:.4g}" for key in ("label", "prediction")}}
