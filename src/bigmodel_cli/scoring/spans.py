"""How well spans of words are found: whole, with their type, or not at all, as seqeval counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from bigmodel_cli.scoring.intervals import bootstrapped_means, percentiles
from bigmodel_cli.scoring.scores import Scores
from bigmodel_cli.spans import Span

MEASURES = ("precision", "recall", "f1")


class Counted(NamedTuple):
    """What was found in n sentences, of each of k types.

    Attributes:
        found: Spans that are there and were found, int64 of shape (n, k).
        told: Spans that were predicted, likewise.
        there: Spans that are there, likewise.
        right: Words with the right tag, int64 of shape (n,).
        words: All words, likewise.
    """

    found: np.ndarray
    told: np.ndarray
    there: np.ndarray
    right: np.ndarray
    words: np.ndarray

    def take(self, rows: np.ndarray) -> Counted:
        """Some of the sentences."""
        return Counted(*(part[rows] for part in self))


def counted(
    right: Sequence[Sequence[Span]],
    told: Sequence[Sequence[Span]],
    types: Sequence[str],
    words: tuple[np.ndarray, np.ndarray],
) -> Counted:
    """Count spans.

    Args:
        right: Of each sentence, those that are there.
        told: Those that were predicted, likewise.
        types: All that there are.
        words: Of each sentence how many words have the right tag, and how many there are.
    """
    place_of = {name: place for place, name in enumerate(types)}
    counts = np.zeros((3, len(right), len(types)), np.int64)
    for row, (are, said) in enumerate(zip(right, told, strict=True)):
        for which, spans in enumerate(({*are} & {*said}, said, are)):
            for span in spans:
                counts[which, row, place_of[span.type]] += 1
    return Counted(counts[0], counts[1], counts[2], *words)


def span_scores(of: Counted, types: Sequence[str], *, seed: int) -> Scores:
    """F1 of whole spans over all types together, each type's own, and the share of words that are right.

    Args:
        of: What was counted, at least one sentence.
        types: In the order of the counts.
        seed: Of the resampling for the intervals, whose unit is a sentence: spans of one depend on each
            other.
    """
    per_sentence = np.stack(
        [of.found.sum(axis=1), of.told.sum(axis=1), of.there.sum(axis=1), of.right, of.words], axis=1
    ).astype(np.float64)
    measured = _measured(per_sentence.mean(axis=0, keepdims=True))
    numbers = {name: float(value[0]) for name, value in measured.items()}
    per_class = _per_type(of, types)
    headline = {name: numbers.pop(name) for name in ("span_f1", "word_accuracy")}
    intervals = {}
    if len(per_sentence) > 1:
        drawn = _measured(bootstrapped_means(per_sentence, seed))
        intervals = {name: percentiles(values) for name, values in drawn.items()}
    found, told, there, _, words = per_sentence.sum(axis=0).astype(np.int64).tolist()
    present = [row for row in per_class if row["support"]]
    details = {
        "macro": {
            name: float(np.mean([row[name] for row in present])) if present else 0.0 for name in MEASURES
        },
        "per_class": per_class,
        "spans": {"found": found, "predicted": told, "there": there},
        "words": words,
    }
    return Scores(headline, numbers, intervals, details)


def _per_type(of: Counted, types: Sequence[str]) -> list[dict[str, Any]]:
    rows = []
    for place, name in enumerate(types):
        found, told, there = (int(part[:, place].sum()) for part in of[:3])
        measured = _measured(np.array([[found, told, there, 0, 1]], np.float64))
        of_type = {measure: float(measured[f"span_{measure}"][0]) for measure in MEASURES}
        rows.append({"class": name, **of_type, "support": there, "predicted": told})
    return rows


def _measured(means: np.ndarray) -> Mapping[str, np.ndarray]:
    """Scores by name, each of shape (m,), of sums or means over sentences of shape (m, 5)."""
    found, told, there, right, words = means.T
    return {
        "span_f1": _share(2 * found, told + there),
        "word_accuracy": _share(right, words),
        "span_precision": _share(found, told),
        "span_recall": _share(found, there),
    }


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """One over the other; 0 where there is nothing, as seqeval has it."""
    return np.asarray(np.divide(part, whole, out=np.zeros_like(part), where=whole > 0))
