"""What is to be predicted of one column, and what everybody may ask of it without TensorFlow."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from bigmodel_cli.parts import class_called

if TYPE_CHECKING:
    import numpy as np

    from bigmodel_cli.vocabulary.rows import TokenRows
    from bigmodel_cli.vocabulary.vocabulary import Vocabulary

# What targets are, as the config's `labels` says it.
Labels = Literal[
    "classes", "numbers", "sets", "tokens", "texts", "tags", "masks", "answers", "transcripts", "items"
]
# What stands in a target behind its last word or token: it counts in no loss, metric or score.
PADDING = -1


class Task(ABC):
    """One target.

    Attributes:
        name: What run.json calls the task.
        labels: What the config's `labels` calls such targets.
        scores: Numbers that an evaluation has of such targets, by the names that gates use.
        is_of_classes: Whether one of several classes is right, so that a model may learn from the
            probabilities of another one.
        goes_on: Whether a model of it goes on with a text, so that it can write.
        is_searched: Whether what is predicted is a text that is searched for, token by token: a model of it
            takes the text so far, too.
        finds_items: Whether what is predicted is found among all items that there are, by their vectors.
        has_windows: Whether a model of it looks at windows of a text, which vote on what is predicted.
        target_shape: Of one target as the data have it; () for a class or a single number.
        vocabulary: What the numbers of a target stand for, where it is tokens of a text; None: it is none.
            Until it is trained, targets are texts, as objects of shape (n,).
    """

    name: ClassVar[str]
    labels: ClassVar[Labels]
    scores: ClassVar[Sequence[str]]
    is_of_classes: ClassVar[bool] = False
    goes_on: ClassVar[bool] = False
    is_searched: ClassVar[bool] = False
    has_windows: ClassVar[bool] = False
    finds_items: ClassVar[bool] = False

    target_shape: tuple[int, ...]
    vocabulary: Vocabulary | None = None

    @property
    @abstractmethod
    def described(self) -> str:
        """In words for the user."""

    @property
    def label_names(self) -> tuple[str, ...] | None:
        """Names of what labels stand for, in index order; None where they are the numbers themselves."""
        return None

    @property
    def scored_names(self) -> tuple[str, ...]:
        """What scores are told of one by one: classes."""
        return self.label_names or ()

    @property
    def weighed_names(self) -> tuple[str, ...]:
        """What `data.class_weights` may name."""
        return self.scored_names

    @property
    @abstractmethod
    def listed(self) -> str:
        """What its labels stand for, as a sentence has room for it."""

    @property
    @abstractmethod
    def default_metrics(self) -> Sequence[str]:
        """What `metrics: auto` stands for."""

    @property
    def metric_arguments(self) -> Mapping[str, Mapping[str, Any]]:
        """Arguments of those of them that have some."""
        return {}

    @property
    @abstractmethod
    def numbers(self) -> Mapping[str, int | None]:
        """Numbers of the data that a config may use by name."""

    def with_vocabulary(self, vocabulary: Vocabulary) -> Task:
        """The same with a vocabulary that was trained, or with its files found; only such tasks have one."""
        return replace(self, vocabulary=vocabulary)  # type: ignore[type-var]

    def tokenized(self, texts: Sequence[str], where: str) -> TokenRows:
        """Texts as targets of a task that has a vocabulary; `where` is what errors call them."""
        raise TypeError(f"what is predicted, {self.described}, is no text")

    def holding(self, texts: Collection[str]) -> Task:
        """The same with room for all of some texts; most have as much as they are told."""
        return self

    def unknown_characters(self, text: str) -> Sequence[str]:
        """Characters of a text that can never be predicted, since the vocabulary lacks them."""
        return ()

    def unknown_words(self, text: str) -> Sequence[str]:
        """Words of a text that can never be predicted, since they are not among those that are told."""
        return ()

    @property
    def is_scaled(self) -> bool:
        """Whether the loss sees something else than targets in their own unit."""
        return False

    @classmethod
    def measured(cls, num_classes: int | None) -> Sequence[str]:
        """Those of `scores` that an evaluation has where there are so many classes; None: not known."""
        return cls.scores

    def fitted(self, labels: np.ndarray) -> Task:
        """The same with what it learns from targets of the training split, as scores compare with them."""
        return self

    def placed(self, labels: np.ndarray) -> np.ndarray:
        """Targets of any split, or what scores compare with, as the task has them once it is fitted."""
        return labels

    def lost(self, before: np.ndarray, after: np.ndarray) -> Mapping[int, str]:
        """Labels that no example has any more, with what people call them; of numbers none is missed."""
        return {}

    @abstractmethod
    def as_json(self) -> dict[str, Any]:
        """Its options, but for the name of the task."""

    @classmethod
    @abstractmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """What `as_json` wrote.

        Raises:
            KeyError, TypeError: If it is damaged.
        """


def task_from_json(record: Mapping[str, Any]) -> Task:
    """A task by its name and options.

    Raises:
        KeyError, TypeError: If they are damaged.
    """
    task: Task = class_called("tasks", record["task"], "task").from_json(record)
    return task
