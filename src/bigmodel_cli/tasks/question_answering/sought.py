"""What scores know of a question beside the place of its answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, eq=False)
class Context:
    """A text in which answers are.

    Attributes:
        text: As it is given.
        places: Where each of its words begins and ends, int32 of shape (words, 2).
    """

    text: str
    places: np.ndarray

    def part(self, first: int, last: int) -> str:
        """The text from one word to another, as it stands there."""
        return self.text[self.places[first, 0] : self.places[last, 1]]


@dataclass(frozen=True, slots=True)
class Sought:
    """A question about a window of a text.

    Attributes:
        id: Of the question, the same for all windows of its text.
        question: It.
        answers: All that are right; none where the text has none.
        context: The text.
        first: Of the window: the place of its first word.
        place: Of the answer in the window, as targets have it.
    """

    id: str
    question: str
    answers: Sequence[str]
    context: Context
    first: int
    place: tuple[int, int]

    def __str__(self) -> str:
        """What scores go by, for fingerprints."""
        return "\0".join([self.id, str(self.first), *self.answers])


def listed(label: str) -> str:
    """What is right, as people read it: each answer once.

    Args:
        label: As cells have it, a list in JSON.
    """
    return " / ".join(dict.fromkeys(json.loads(label))) or "no answer"
