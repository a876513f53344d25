"""What is found out about an image: for each class where the evidence is, by each method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bigmodel_cli.explaining.attribution import Attribution
from bigmodel_cli.explaining.evidence import Evidence
from bigmodel_cli.kinds.inputs import Input
from bigmodel_cli.tasks.explain import Explained


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
        explained: What they are.
        are_probabilities: Whether values of classes are shares of 1; else only their order means something.
        places: Those of the prediction that are explained, bool of shape (height, width); None: all.
    """

    input: Input
    pixels: np.ndarray
    findings: Sequence[Finding]
    explained: Explained
    are_probabilities: bool = True
    places: np.ndarray | None = None

    def shown(self, value: float) -> str:
        """The value of a finding as people read it."""
        return self.explained.shown(value, are_probabilities=self.are_probabilities)

    def as_json(self, *, with_maps: bool) -> dict[str, Any]:
        """The findings; with every value of the maps only where that is wanted."""
        return {
            "image": self.input.name,
            self.explained.many: [self._finding_as_json(finding, with_maps) for finding in self.findings],
        }

    def _finding_as_json(self, finding: Finding, with_maps: bool) -> dict[str, Any]:
        name = {} if finding.label is None else {self.explained.one: finding.label}
        methods = []
        for method, attribution in finding.attributions.items():
            document = {"method": method, "shape": list(attribution.values.shape), **attribution.details}
            document |= finding.evidence[method].as_json()
            methods.append({**document, "map": attribution.values.tolist()} if with_maps else document)
        value = self.explained.value_name(are_probabilities=self.are_probabilities)
        return {**name, value: finding.value, "methods": methods}
