"""How near texts that were heard are to what was said: word and character error rate, and exact match."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bigmodel_cli.alignment import How, aligned, num_edits
from bigmodel_cli.scoring.intervals import bootstrapped_means, percentiles
from bigmodel_cli.scoring.scores import Scores

_EDITS: Sequence[How] = ("substituted", "deleted", "inserted")
# Of a text, behind how many words are substituted, deleted and inserted.
WORDS, CHARACTER_ERRORS, CHARACTERS, EXACT = range(3, 7)


def counts_of(right: str, found: str) -> np.ndarray:
    """What rates are computed from, float64 of shape (7,); of several texts it is added up.

    How many words are substituted, deleted and inserted, how many there are; how many characters are to be
    edited, how many there are; and whether all is right.

    Args:
        right: What was said; white space is one blank.
        found: What was heard, likewise.
    """
    words = right.split(), found.split()
    how = [step.how for step in aligned(*words)]
    edits = [how.count(one) for one in _EDITS]
    of_characters = [num_edits(right, found), len(right)]
    return np.array([*edits, len(words[0]), *of_characters, words[0] == words[1]], np.float64)


def word_errors(counts: np.ndarray) -> np.ndarray:
    """Of counts of shape (…, 7), how many words are wrong."""
    return np.asarray(counts[..., :WORDS].sum(axis=-1))


def transcript_scores(counts: np.ndarray, *, seed: int) -> Scores:
    """Error rates of words and of characters over all texts together, and the share that is right throughout.

    Args:
        counts: Of each text, as `counts_of` gives them, shape (n, 7).
        seed: Of the resampling of texts for the intervals.
    """
    measured = {name: float(value) for name, value in _measured(counts.mean(axis=0)).items()}
    intervals = {}
    if len(counts) > 1:
        drawn = _measured(bootstrapped_means(counts, seed))
        intervals = {name: percentiles(values) for name, values in drawn.items()}
    others = {"exact_match": measured.pop("exact_match")}
    sums = counts.sum(axis=0).astype(int).tolist()
    names = (*_EDITS, "words", "character_errors", "characters")
    details = dict(zip(names, sums[:EXACT], strict=True))
    return Scores(measured, others, intervals, details)


def _measured(means: np.ndarray) -> dict[str, np.ndarray]:
    """Scores by name of means over texts, shape (…, 7)."""
    return {
        "word_error_rate": word_errors(means) / np.maximum(means[..., WORDS], _LEAST),
        "character_error_rate": means[..., CHARACTER_ERRORS] / np.maximum(means[..., CHARACTERS], _LEAST),
        "exact_match": means[..., EXACT],
    }


# Where nothing was said at all, and something heard, the rate is as large as can be written.
_LEAST = 1e-12
