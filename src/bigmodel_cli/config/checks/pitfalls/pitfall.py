"""What a default of Keras's that bites is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeGuard

from bigmodel_cli.config.facts import DataFacts
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.config.tree import ConfigPathKeys


class Finding(NamedTuple):
    """A place of a config where it bites."""

    path: ConfigPathKeys
    message: str
    suggestion: str


def is_number(value: Any) -> TypeGuard[int | float]:
    """Whether an argument is a number that is written out."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_whole(value: Any) -> TypeGuard[int]:
    """Whether an argument is a whole number that is written out."""
    return isinstance(value, int) and not isinstance(value, bool)


Find = Callable[[Experiment, DataFacts], Iterator[Finding]]


@dataclass(frozen=True)
class Pitfall:
    """A default of Keras's, or a convention, that does harm without a word.

    Attributes:
        name: What the docs and the tests call it.
        keras: What Keras does, in one sentence.
        harm: What comes of it.
        instead: What to write.
        find: Where a config falls into it; None where another check says it.
        of_start: Whether it is about what weights begin as, which those of another run are instead.
    """

    name: str
    keras: str
    harm: str
    instead: str
    find: Find | None = None
    of_start: bool = False
