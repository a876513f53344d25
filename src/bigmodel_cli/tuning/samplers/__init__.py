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
        name: `random`, `grid` or `tpe`; `auto`: what `settled` makes of it.
        space: What is searched.
        seed: Of the config.

    Raises:
        UsageError: If its extra is missing.
    """
    from bigmodel_cli.tuning.samplers.grid import GridSampler
    from bigmodel_cli.tuning.samplers.random import RandomSampler
    from bigmodel_cli.tuning.samplers.tpe import TPESampler

    name = settled(name)
    if name == "grid":
        return GridSampler(space)
    return TPESampler(space, seed) if name == "tpe" else RandomSampler(space, seed)


def settled(name: str) -> str:
    """Which way of searching `tune.search` means here: `auto` is tpe with the extra, else random."""
    from bigmodel_cli.tuning.studies import has_optuna

    if name != "auto":
        return name
    return "tpe" if has_optuna() else "random"


def said_of(name: str) -> str | None:
    """What there is to say of a `tune.search`: that a better one is an extra; None where nothing is."""
    from bigmodel_cli.tuning.studies import EXTRA_HINT

    if name != "auto" or settled(name) != "random":
        return None
    return f"search: random; with optuna it learns from earlier trials: {EXTRA_HINT}"
