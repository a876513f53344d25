"""What simple models reach at a task: one that looks at nothing, one that adds numbers, and trees."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

# From rows of numbers to what outputs of a model stand for, as `Predictions.values` gives it.
Fitted = Callable[[Any], np.ndarray]

# What a logistic regression is not fitted by then changes in the third digit at most.
LOGISTIC_ITERATIONS = 200
# What 10,000 texts of 1,000 numbers and four classes take liblinear as long as the others take for theirs.
_MARGIN_STEPS = 7_500


@dataclass(frozen=True, eq=False)
class Learned:
    """What a simple model learns from.

    Attributes:
        features: Shape (n, k), dense or sparse.
        labels: Of the same examples.
        seed: Of what is drawn at random.
        weights: What each example counts, float of shape (n,); None: all the same.
        are_codes: Which of the k numbers stand for names, bool of shape (k,); for trees alone.
    """

    features: Any
    labels: np.ndarray
    seed: int
    weights: np.ndarray | None = None
    are_codes: np.ndarray | None = None


class Baselines(ABC):
    """The simple models of a task.

    Attributes:
        constant: What the one is called that says the same of every example, in JSON.
        linear: The same of the one that adds numbers.
        trees: The same of trees.
        margins: The same of the one that adds numbers and looks for the widest margin between classes, of
            which texts have the numbers; None: the task has none.
        offsets: The same of the one that adds an offset for each of many categories, such as users and items;
            None: the task has none.
        looks_at_columns: Whether models learn from columns; else from what the task itself knows.
        told: Scores that the table has, of those that an evaluation has.
        why_not: Why there are none for such a task, a sentence; None where there are.
    """

    why_not: ClassVar[str | None] = None
    constant: ClassVar[str]
    linear: ClassVar[str]
    trees: ClassVar[str] = "hist_gradient_boosting"
    margins: ClassVar[str | None] = None
    offsets: ClassVar[str | None] = None
    looks_at_columns: ClassVar[bool] = True
    told: ClassVar[Sequence[str]]

    def __init__(self, task: Any) -> None:
        self.task = task

    @property
    @abstractmethod
    def num_outputs(self) -> int:
        """How many numbers are fitted: so many times the work of trees."""

    def linear_work(self, num_features: int) -> int:
        """About how many operations `fit_linear` takes for each example: here, a logistic regression."""
        # Two products, there and back, in each iteration.
        return 4 * LOGISTIC_ITERATIONS * num_features * self.num_outputs

    def margins_work(self, num_features: int) -> int:
        """The same of `fit_margins`, whose steps go example by example."""
        return _MARGIN_STEPS * num_features * self.num_outputs

    @abstractmethod
    def fit_constant(self, learned: Learned) -> Fitted:
        """A model that says of every example what is right most often, or least wrong."""

    @abstractmethod
    def fit_linear(self, learned: Learned) -> Fitted:
        """A model that adds numbers, by scikit-learn."""

    @abstractmethod
    def fit_trees(self, learned: Learned) -> Fitted:
        """Gradient-boosted trees with scikit-learn's defaults."""

    def fit_offsets(self, learned: Learned) -> Fitted:
        """An offset for each category of each column, -1 having none, where `offsets` has a name for it."""
        raise NotImplementedError(f"{self.task.name} has no numbers that offsets add up to")

    def fit_margins(self, learned: Learned) -> Fitted:
        """A linear support vector machine, where `margins` has a name for it."""
        raise NotImplementedError(f"{self.task.name} has no classes to keep apart")
