"""How many examples simple models learn from, so that all of them take about a minute on a laptop."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from bigmodel_cli.kinds.baseline import Encoder
from bigmodel_cli.sources.base import Examples
from bigmodel_cli.tasks.baseline import Baselines

# Operations that take a linear model about 20 seconds on two cores.
_LINEAR_WORK = 300_000_000_000
# Numbers times outputs that trees look at in about the same time; each number costs so many examples more.
_TREES_WORK, _TREES_MORE = 50_000_000, 2000
# Numbers that are held in memory.
_MOST_NUMBERS = 60_000_000
# Numbers times outputs from which on several threads are worth their waiting for one another.
_WORK_FOR_THREADS = 2_000_000
# What learns from fewer says nothing of what could be learned.
_FEWEST = 1000
# Of more examples a sample is read: of files, each of which is decoded, a smaller one.
_MOST_HELD_OUT, _MOST_FILES = 100_000, 20_000


@dataclass(frozen=True)
class Sizes:
    """How many training examples a model learns from; 0 where it would be too few.

    Attributes:
        num_examples: Of the training split.
        most: Of those, what is read at most.
        num_features: Numbers for an example, for models that add them.
        num_tree_features: The same for trees.
        num_margin_features: The same for models that look for a margin.
    """

    num_examples: int
    most: int
    num_features: int
    num_tree_features: int
    num_margin_features: int

    @classmethod
    def of(cls, train: Examples, encoders: Collection[Encoder]) -> Sizes:
        linear = sum(encoder.num_features for encoder in encoders)
        trees = sum(encoder.num_tree_features for encoder in encoders)
        margins = sum(encoder.num_margin_features for encoder in encoders)
        return cls(len(train), _most_read(train, encoders), linear, trees, margins)

    def linear(self, task: Baselines) -> int:
        work = max(1, task.linear_work(self.num_features))
        return self._at_most(_LINEAR_WORK // work, self.num_features)

    def margins(self, task: Baselines) -> int:
        work = max(1, task.margins_work(self.num_margin_features))
        return self._at_most(_LINEAR_WORK // work, self.num_margin_features)

    def offsets(self, _task: Baselines) -> int:
        return min(self.num_examples, self.most)

    def trees(self, task: Baselines) -> int:
        numbers = max(1, self.num_tree_features * task.num_outputs)
        return self._at_most(_TREES_WORK // numbers - _TREES_MORE, self.num_tree_features)

    def _at_most(self, count: int, num_features: int) -> int:
        allowed = min(count, self.most, _MOST_NUMBERS // max(1, num_features))
        if allowed >= self.num_examples:
            return self.num_examples
        return allowed if allowed >= _FEWEST else 0


def _most_read(examples: Examples, encoders: Collection[Encoder]) -> int:
    has_files = any(store.files is not None for store in examples.inputs.values())
    return min([_MOST_FILES] if has_files else [encoder.most for encoder in encoders], default=Encoder.most)


def sample(held_out: Examples, encoders: Collection[Encoder], seed: int) -> Examples:
    """Held-out examples, or a sample of them where there are very many."""
    most = min(_MOST_HELD_OUT, _most_read(held_out, encoders))
    if len(held_out) <= most:
        return held_out
    return held_out.take(np.sort(np.random.default_rng(seed).permutation(len(held_out))[:most]))


@contextmanager
def threads_for(features: Any, task: Baselines) -> Iterator[None]:
    """Inside, scikit-learn has one thread where there is too little work for several.

    They wait for one another by spinning, hundreds of times for each tree: on a busy machine, trees of 300
    examples took 9 seconds with two threads, and a fifth of a second with one.
    """
    from threadpoolctl import threadpool_limits

    is_little = features.shape[0] * features.shape[1] * task.num_outputs < _WORK_FOR_THREADS
    # What there is to be limited is only known once it is loaded.
    import_module("sklearn.ensemble")
    with threadpool_limits(1 if is_little else None):
        yield
