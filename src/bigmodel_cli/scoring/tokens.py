"""How well a model foresees a text: bits per byte, by which any two models compare, and perplexity."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bigmodel_cli.scoring.intervals import bootstrapped_means, percentiles
from bigmodel_cli.scoring.scores import Scores

_LN2 = float(np.log(2.0))


class Foreseen(NamedTuple):
    """What a model made of the tokens of n windows.

    Attributes:
        surprise: −ln of the probability of each token that came, in nats, float64 of shape (n, length).
        is_right: Whether it was the likeliest one, bool, likewise.
        num_bytes: Bytes of UTF-8 that each token is, likewise.
    """

    surprise: np.ndarray
    is_right: np.ndarray
    num_bytes: np.ndarray


def token_scores(foreseen: Foreseen, *, seed: int) -> Scores:
    """Bits per byte, perplexity and the share of tokens that were foreseen.

    Perplexity is the exponential of the mean surprise per token, so it depends on what a token is; bits per
    byte are the same sum over the bytes of the text, whatever a token is.

    Args:
        foreseen: Of all windows.
        seed: Of the resampling for the intervals, whose unit is a window: tokens of one depend on each other.
    """
    per_window = np.stack(
        [foreseen.surprise.sum(axis=1), foreseen.num_bytes.sum(axis=1), foreseen.is_right.sum(axis=1)], axis=1
    ).astype(np.float64)
    length = foreseen.surprise.shape[1]
    measured = _measured(per_window.mean(axis=0, keepdims=True), length)
    numbers = {name: float(value[0]) for name, value in measured.items()}
    headline = {name: numbers.pop(name) for name in ("bits_per_byte", "perplexity")}
    intervals = {}
    if len(per_window) > 1:
        drawn = _measured(bootstrapped_means(per_window, seed), length)
        intervals = {name: percentiles(values) for name, values in drawn.items()}
    details = {"tokens": foreseen.surprise.size, "bytes": int(foreseen.num_bytes.sum())}
    return Scores(headline, numbers, intervals, details)


def _measured(means: np.ndarray, length: int) -> dict[str, np.ndarray]:
    """Scores by name, each of shape (k,), of means over windows of shape (k, 3)."""
    surprise, num_bytes, right = means.T
    return {
        "bits_per_byte": surprise / num_bytes / _LN2,
        "perplexity": np.exp(np.minimum(surprise / length, 700.0)),
        "bits_per_token": surprise / length / _LN2,
        "token_accuracy": right / length,
    }
