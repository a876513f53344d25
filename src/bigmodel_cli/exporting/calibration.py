"""Training examples by which ranges of numbers are found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from bigmodel_cli.exporting.deployed import Deployed
from bigmodel_cli.exporting.format import Named
from bigmodel_cli.exporting.measuring import fed
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.base import Examples


@dataclass(frozen=True)
class Calibration:
    """Examples that were drawn from the training split.

    Attributes:
        examples: Those.
        seed: That they were drawn with.
    """

    examples: Examples
    seed: int

    @classmethod
    def drawn(cls, train: Examples, count: int, seed: int) -> Calibration:
        """As many examples as asked for, each once, in the order of the split."""
        chosen = np.random.default_rng(seed).permutation(len(train))[:count]
        return cls(train.take(np.sort(chosen)), seed)

    def for_model(self, deployed: Deployed, signature: Signature) -> Callable[[], Iterator[Named]]:
        """Gives them one after the other as a model takes them."""

        def one_by_one() -> Iterator[Named]:
            for given in fed(deployed, self.examples, signature):
                size = deployed.batch_size or 1
                count = len(next(iter(given.values())))
                for start in range(0, count, size):
                    yield {name: values[start : start + size] for name, values in given.items()}

        return one_by_one

    def as_json(self) -> dict[str, Any]:
        """As model.json has it."""
        return {"examples": len(self.examples), "seed": self.seed, "sha256": self.examples.fingerprint()}
