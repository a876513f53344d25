"""Examples that tell most about a model, with thumbnails, kept so that the report needs no data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.show import Show
from bigmodel_cli.parts import part_of
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.base import Examples

# As many as a look takes in.
COUNT = 24


@dataclass(frozen=True)
class Sample:
    """One example with what was decided on it.

    Attributes:
        name: What a person would call it.
        label: Its class, or its number.
        prediction: The class that was decided for, or the predicted number.
        probability: Of the prediction; None of numbers.
        of_label: Probability of the label; None of numbers.
        png: A thumbnail, base64 of a PNG file; None where examples are no images.
    """

    name: str
    label: str | float
    prediction: str | float
    probability: float | None
    of_label: float | None
    png: str | None

    def as_json(self) -> dict[str, Any]:
        return dict(vars(self))


def confident_mistakes(labels: np.ndarray, decided: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Indices of wrong decisions, the most confident first; at most 24.

    Args:
        labels: Class indices of shape (n,).
        decided: Likewise.
        probabilities: Shape (n, classes).
    """
    wrong = np.flatnonzero(labels != decided)
    confidence = probabilities[wrong, decided[wrong]]
    return np.asarray(wrong[np.argsort(-confidence, kind="stable")][:COUNT])


def least_certain(probabilities: np.ndarray) -> np.ndarray:
    """Indices of examples whose two best classes are closest, right or wrong; at most 24.

    Args:
        probabilities: Shape (n, classes).
    """
    best_two = np.partition(probabilities, -2, axis=-1)[:, -2:]
    return np.asarray(np.argsort(best_two[:, 1] - best_two[:, 0], kind="stable")[:COUNT])


def class_samples(
    examples: Examples, signature: Signature, decided: np.ndarray, probabilities: np.ndarray
) -> dict[str, list[dict[str, Any]]]:
    """The confident mistakes and the least certain examples.

    Args:
        examples: That were evaluated.
        signature: What one of them is.
        decided: Class indices of shape (n,).
        probabilities: Shape (n, classes).

    Returns:
        `mistakes` and `least_certain`, as evaluation/samples_<split>.json has them.
    """
    names = signature.class_names or ()

    def sample(index: int) -> dict[str, Any]:
        label, prediction = int(examples.labels[index]), int(decided[index])
        return Sample(
            examples.name(index),
            names[label],
            names[prediction],
            round(float(probabilities[index, prediction]), 6),
            round(float(probabilities[index, label]), 6),
            _thumbnail(examples, signature, index),
        ).as_json()

    mistakes = confident_mistakes(examples.labels, decided, probabilities)
    return {
        "mistakes": [sample(index) for index in mistakes.tolist()],
        "least_certain": [sample(index) for index in least_certain(probabilities).tolist()],
    }


def number_samples(
    examples: Examples, signature: Signature, outputs: np.ndarray
) -> dict[str, list[dict[str, Any]]]:
    """The examples with the largest errors; of several outputs, by their sum, and with the first one.

    Args:
        examples: That were evaluated.
        signature: What one of them is.
        outputs: Predicted numbers of shape (n, …).

    Returns:
        `mistakes`, as evaluation/samples_<split>.json has them.
    """
    labels = np.asarray(examples.labels, np.float64).reshape(len(outputs), -1)
    predicted = np.asarray(outputs, np.float64).reshape(len(outputs), -1)
    errors = np.abs(labels - predicted).sum(axis=1)
    worst = np.argsort(-errors, kind="stable")[:COUNT].tolist()
    return {
        "mistakes": [
            Sample(
                examples.name(index),
                float(labels[index, 0]),
                float(predicted[index, 0]),
                None,
                None,
                _thumbnail(examples, signature, index),
            ).as_json()
            for index in worst
        ]
    }


def _thumbnail(examples: Examples, signature: Signature, index: int) -> str | None:
    show = part_of(signature.kind, Show)
    if not show.are_pictures:
        return None
    try:
        return show.thumbnail(examples.read(index))
    except DataError:
        # It could be read when it was evaluated; a file may have gone since.
        return None
