"""What is found out about an image: for each class where the evidence is, by each method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bigmodel_cli.explaining.attribution import Attribution
from bigmodel_cli.explaining.evidence import Evidence
from bigmodel_cli.kinds.inputs import Input


@dataclass(frozen=True)
class Finding:
    """One class, or one predicted number, with what speaks for it.

    Attributes:
        label: The class, or `output 1` where several numbers are predicted; None for a single number.
        value: The probability (of scores that are none, the score), or the number.
        attributions: By method.
        evidence: By method.
    """

    label: str | None
    value: float
    attributions: Mapping[str, Attribution]
    evidence: Mapping[str, Evidence]


@dataclass(frozen=True)
class Explanation:
    """What an image's classes were decided by.

    Attributes:
        input: The image.
        pixels: What the model took, uint8 of shape (height, width) or (height, width, channels).
        findings: One per class or number.
        are_classes: Whether they are classes.
        are_probabilities: Whether values of classes are shares of 1; else only their order means something.
    """

    input: Input
    pixels: np.ndarray
    findings: Sequence[Finding]
    are_classes: bool
    are_probabilities: bool = True

    def shown(self, value: float) -> str:
        """The value of a finding as people read it: `97.6%`, or `1.976` where it is no probability."""
        return f"{value:.1%}" if self.are_classes and self.are_probabilities else f"{value:.6g}"

    def as_json(self, *, with_maps: bool) -> dict[str, Any]:
        """The findings; with every value of the maps only where that is wanted."""
        key = "classes" if self.are_classes else "outputs"
        return {
            "image": self.input.name,
            key: [self._finding_as_json(finding, with_maps) for finding in self.findings],
        }

    def _finding_as_json(self, finding: Finding, with_maps: bool) -> dict[str, Any]:
        name = {} if finding.label is None else {"class" if self.are_classes else "output": finding.label}
        methods = []
        for method, attribution in finding.attributions.items():
            document = {"method": method, "shape": list(attribution.values.shape), **attribution.details}
            document |= finding.evidence[method].as_json()
            methods.append({**document, "map": attribution.values.tolist()} if with_maps else document)
        of_class = "probability" if self.are_probabilities else "score"
        value = {of_class if self.are_classes else "prediction": finding.value}
        return {**name, **value, "methods": methods}
