"""What is known of the quality of predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bigmodel_cli.scoring.intervals import Interval


@dataclass(frozen=True)
class Scores:
    """How good predictions are.

    Attributes:
        headline: The scores that everybody knows; shown in one line beside the loss.
        others: Further numbers by name.
        intervals: 95 % confidence intervals of some of both, by name.
        details: Tables, matrices and curves.
    """

    headline: dict[str, float]
    others: dict[str, float]
    intervals: dict[str, Interval]
    details: dict[str, Any]

    @property
    def all(self) -> dict[str, float]:
        """Every number that has a name."""
        return {**self.headline, **self.others}
