"""What is known of data before it is read: enough to find contradictions in a config at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from bigmodel_cli.config.schema import Experiment

DEFAULT_SHARE = 0.1


@dataclass(frozen=True)
class DataFacts:
    """What a source knows of itself from its options alone; None is unknown.

    Attributes:
        labels: Whether labels are classes or numbers.
        num_classes: Number of classes.
        num_examples: Examples of the training part, before splits are cut from it.
        own_splits: Held-out splits that the source has, where it is known which.
        has_files: Whether each example is a file of its own.
    """

    labels: Literal["classes", "numbers"] | None = None
    num_classes: int | None = None
    num_examples: int | None = None
    own_splits: frozenset[str] | None = None
    has_files: bool = False


def facts_of(experiment: Experiment) -> DataFacts:
    """What the config's source knows of itself."""
    facts = getattr(experiment.data.source.options, "facts", None)
    return facts() if facts is not None else DataFacts()


def num_training_examples(experiment: Experiment) -> int | None:
    """Examples that an epoch sees, once the splits are cut; None where that is not known yet."""
    facts = facts_of(experiment)
    if facts.num_examples is None or facts.own_splits is None:
        return None
    if experiment.data.oversample is not None:
        # How often examples of rare classes are repeated, only their labels tell.
        return None
    left = facts.num_examples
    for split in ("test", "validation"):
        left -= round(facts.num_examples * _share(experiment, split, facts.own_splits))
    return max(left, 1)


def _share(experiment: Experiment, split: str, own_splits: frozenset[str]) -> float:
    asked = getattr(experiment.data, split)
    if asked != "auto":
        return float(asked)
    # The same rule by which pipeline/splits.py cuts.
    has_held_out = split in own_splits or (split == "test" and "validation" in own_splits)
    return 0.0 if has_held_out else DEFAULT_SHARE
