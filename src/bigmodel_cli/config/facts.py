"""What is known of data before it is read, and once it is: enough to find contradictions in a config."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bigmodel_cli.config.schema import Experiment
    from bigmodel_cli.tasks.task import Labels

DEFAULT_SHARE = 0.1
# From the smallest to the largest value.
ValueRange = tuple[float, float]
# Of pixels as image files have them.
PIXELS: ValueRange = (0, 255)


@dataclass(frozen=True)
class DataFacts:
    """What is known of data; None is unknown.

    Attributes:
        labels: Whether labels are classes, numbers, sets of labels, the next tokens of a text, texts, tags of
            words, masks, answers to questions, texts that are heard, or items that are found.
        num_classes: Number of classes.
        num_examples: Examples of the training part, before splits are cut from it.
        own_splits: Held-out splits that the source has, where it is known which.
        num_columns: How many numbers the label of an example is, where labels are numbers.
        has_files: Whether each example is a file of its own.
        value_range: What the values of raw examples lie in.
        epoch_size: Examples that an epoch sees, splits cut and rare classes repeated.
        by_target: Of several targets what is known of each one's labels.
        columns: The kinds of columns that a model may take, by name; "" is one that is not known yet. None:
            the data have no columns with names, as far as is known.
        ranges: What the values of columns of numbers lie in, by name.
        has_all_columns: Whether these are all of them.
        ignored: Columns that are left out because the config says so.
        told: What is said of the kinds of columns, by name: the kind, and its options.
        beside: What examples can be grouped by that is no input, where the columns have no names; None: only
            the data tell.
    """

    labels: Labels | None = None
    num_classes: int | None = None
    num_examples: int | None = None
    own_splits: frozenset[str] | None = None
    has_files: bool = False
    value_range: ValueRange | None = None
    epoch_size: int | None = None
    num_columns: int | None = None
    by_target: Mapping[str, DataFacts] = field(default_factory=dict)
    columns: Mapping[str, str] | None = None
    ranges: Mapping[str, ValueRange] = field(default_factory=dict)
    has_all_columns: bool = False
    ignored: frozenset[str] = frozenset()
    told: Mapping[str, tuple[str, Mapping[str, Any]]] = field(default_factory=dict)
    beside: frozenset[str] | None = frozenset()

    def of_target(self, target: str) -> DataFacts:
        """The same with what is known of one target's labels."""
        known = self.by_target.get(target)
        if known is None:
            return self
        return replace(
            self, labels=known.labels, num_classes=known.num_classes, num_columns=known.num_columns
        )


def facts_of(experiment: Experiment) -> DataFacts:
    """What the config's source knows of itself before it reads anything."""
    facts = getattr(experiment.data.source.options, "facts", None)
    return facts() if facts is not None else DataFacts()


def epoch_size(experiment: Experiment, facts: DataFacts) -> int | None:
    """Examples that an epoch sees, once the splits are cut; None where that is not known yet."""
    if facts.epoch_size is not None:
        return facts.epoch_size
    if facts.num_examples is None or facts.own_splits is None:
        return None
    if experiment.data.oversample is not None:
        # How often examples of rare classes are repeated, only their labels tell.
        return None
    left = facts.num_examples
    for split in ("test", "validation"):
        left -= round(facts.num_examples * _share(experiment, split, facts.own_splits))
    return max(left, 1)


def num_steps(experiment: Experiment, facts: DataFacts) -> int | None:
    """Training steps of the whole run, unless a callback ends it earlier; None where that is not known."""
    examples, batch_size = epoch_size(experiment, facts), experiment.data.batch_size
    if examples is None or batch_size == "auto":
        return None
    return -(-examples // batch_size) * experiment.training.epochs


def _share(experiment: Experiment, split: str, own_splits: frozenset[str]) -> float:
    asked = getattr(experiment.data, split)
    if asked != "auto":
        return float(asked)
    # The same rule by which pipeline/splits.py cuts.
    has_held_out = split in own_splits or (split == "test" and "validation" in own_splits)
    return 0.0 if has_held_out else DEFAULT_SHARE
