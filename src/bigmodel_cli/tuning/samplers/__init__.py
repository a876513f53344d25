"""Where the next trial looks: at random, combination by combination, or by what earlier ones came to.

What is drawn is a function of the seed, the number of the trial and the trials before it, so that a search
that was killed draws the same again.
"""

from __future__ import annotations

from typing import Protocol

from bigmodel_cli.config.space import Point, Space
from bigmodel_cli.tuning.journal import Journal


class Sampler(Protocol):
    """Draws points."""

    def draw(self, number: int, journal: Journal) -> Point | None:
        """The point of a trial; None where there are no more.

        Args:
            number: Of the trial, from 1.
            journal: All that have begun before it.
        """


def sampler_of(name: str, space: Space, seed: int) -> Sampler:
    """The sampler that `tune.search` names.

    Args:
        name: `auto`, `random`, `grid` or `tpe`.
        space: What is searched.
        seed: Of the config.

    Raises:
        UsageError: If its extra is missing.
    """
    from bigmodel_cli.tuning.samplers.random import RandomSampler

    return RandomSampler(space, seed)
