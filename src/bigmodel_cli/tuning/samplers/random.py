"""Values at random: each as likely as any other of its range, by its logarithm where the range says so."""

from __future__ import annotations

import random

from bigmodel_cli.config.space import Choice, Dimension, Point, Space, Value
from bigmodel_cli.tuning.journal import Journal


class RandomSampler:
    """Draws every point independently of all others.

    Args:
        space: What is searched.
        seed: Of the config.
    """

    def __init__(self, space: Space, seed: int) -> None:
        self._space, self._seed = space, seed

    def draw(self, number: int, journal: Journal) -> Point | None:
        # Python's own generator gives the same on every machine and in every version.
        drawn = random.Random(f"{self._seed}/{number}")  # noqa: S311

        def pick(dimension: Dimension) -> Value:
            share = drawn.random()
            of = dimension.of
            return int(share * len(of.options)) if isinstance(of, Choice) else of.at(share)

        return self._space.draw(pick)
