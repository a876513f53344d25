"""How many examples training sees, and how many of them a step takes."""

from __future__ import annotations

from bigmodel_cli.config.facts import DEFAULT_SHARE


def train_size(num_examples: int, own_splits: int = 0) -> int:
    """Examples of the training split: a tenth is held out for each of two splits that the data does not have.

    Args:
        num_examples: All that are to be split.
        own_splits: How many held-out splits the data has beside them.
    """
    return max(1, num_examples - (2 - own_splits) * round(DEFAULT_SHARE * num_examples))


def batch_size_for(num_train: int, wanted: int) -> int:
    """A batch that is at most a quarter of the data, and leaves no last batch of one example.

    Batch normalisation makes nothing but its offset of one example.
    """
    size = wanted
    while size > 2 and 4 * size > num_train:
        size //= 2
    while num_train > 1 and num_train % size == 1:
        size += 1
    return size


def warmup_of(num_steps: int, most: int) -> int:
    """Steps in which a learning rate rises: the first tenth, and no more than that takes."""
    return max(1, min(most, num_steps // 10))
