"""Texts from distributions over tokens at moments, a blank among them (Graves et al. 2006); NumPy alone.

Nothing of ours is imported: exported files have it beside them as it is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np

BLANK = 0
# Of a moment the tokens that a search goes on with: so many at most, and where nothing is known of texts none
# that is less likely than that. Nearly all moments have one or two.
_MOST_TOKENS, _LEAST = 24, math.log(1e-5)
_NEVER = -math.inf
_Text = tuple[int, ...]


class Known(Protocol):
    """What is known of texts before they are heard, as `vocabulary.prior.Prior` has it."""

    def goes_on(self, text: _Text, token: int) -> float: ...

    def ends(self, text: _Text) -> float: ...

    def whole(self, text: _Text) -> _Text: ...


def decoded(outputs: np.ndarray, beams: int, known: Known | None = None) -> np.ndarray:
    """The texts that are found.

    Args:
        outputs: Logits of shape (n, frames, tokens).
        beams: Texts that the search keeps in mind; with 1 the likeliest token of each moment is taken.
        known: Of texts; None: nothing.

    Returns:
        Of each the logarithm of how likely it is, over all ways to say it, and its ids with blanks behind
        them: float32 of shape (n, 1 + frames).
    """
    likely = log_softmax(outputs)
    found = np.zeros((len(likely), 1 + likely.shape[1]), np.float32)
    for row, one in enumerate(likely):
        ids = greedy(one) if beams == 1 else searched(one, beams, known)
        found[row, 0] = log_likelihood(one, ids)
        found[row, 1 : 1 + len(ids)] = ids
    return found


def log_softmax(outputs: np.ndarray) -> np.ndarray:
    """Logarithms of probabilities of logits, float64."""
    logits = np.asarray(outputs, np.float64)
    logits = logits - logits.max(axis=-1, keepdims=True)
    return np.asarray(logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True)))


def greedy(likely: np.ndarray) -> list[int]:
    """The likeliest token of each moment, of which one that lasts is one, and blanks are none.

    Args:
        likely: Shape (frames, tokens).
    """
    best = likely.argmax(axis=-1)
    begins = np.concatenate([[True], best[1:] != best[:-1]])
    ids: list[int] = best[begins & (best != BLANK)].tolist()
    return ids


def searched(likely: np.ndarray, beams: int, known: Known | None = None) -> list[int]:
    """The likeliest text of those that a search comes to which keeps some in mind (Hannun et al. 2014).

    Args:
        likely: Logarithms of probabilities, shape (frames, tokens).
        beams: How many it keeps.
        known: Of texts; None: nothing.
    """
    # Of each beginning of a text how likely it is so far, where the last moment was a blank, and where not,
    # and what is known of it before anything is heard.
    kept: dict[_Text, list[float]] = {(): [0.0, _NEVER]}
    before: dict[_Text, float] = {(): 0.0}
    for moment in likely:
        found = _heard(kept, before, moment, known)
        scores = {text: before[text] + _added(*both) for text, both in found.items()}
        ranked = sorted(found, key=lambda text: (-scores[text], text))[:beams]
        kept = {text: found[text] for text in ranked}
    if known is None:
        return list(ranked[0])
    ended = {text: scores[text] + known.ends(text) for text in ranked}
    best = max(ranked, key=lambda text: ended[text])
    return list(known.whole(ranked[0] if ended[best] == _NEVER else best))


def _heard(
    kept: dict[_Text, list[float]], before: dict[_Text, float], moment: np.ndarray, known: Known | None
) -> dict[_Text, list[float]]:
    """What beginnings of texts come to at a moment; `before` learns of those that are new."""
    found: dict[_Text, list[float]] = {}
    tokens = _likeliest(moment, _NEVER if known else _LEAST)
    here: list[float] = moment.tolist()
    for text, (blank, token) in kept.items():
        both = _added(blank, token)
        stays = found.setdefault(text, [_NEVER, _NEVER])
        stays[0] = _added(stays[0], both + here[BLANK])
        if text:
            stays[1] = _added(stays[1], token + here[text[-1]])
        for one in tokens:
            longer = (*text, one)
            if longer not in before:
                before[longer] = before[text] + (0.0 if known is None else known.goes_on(text, one))
            if before[longer] == _NEVER:
                continue
            # The same token again is another one only behind a blank.
            so_far = blank if text and text[-1] == one else both
            goes_on = found.setdefault(longer, [_NEVER, _NEVER])
            goes_on[1] = _added(goes_on[1], so_far + here[one])
    return found


def _added(one: float, other: float) -> float:
    """The logarithm of a sum; NumPy's takes ten times as long for two numbers."""
    if one < other:
        one, other = other, one
    return one if other == _NEVER else one + math.log1p(math.exp(other - one))


def _likeliest(moment: np.ndarray, least: float) -> list[int]:
    """Tokens of a moment that may go on with a text, without the blank."""
    few = len(moment) <= _MOST_TOKENS
    chosen = np.arange(len(moment)) if few else np.argpartition(-moment, _MOST_TOKENS)[:_MOST_TOKENS]
    return sorted(one for one in chosen[moment[chosen] >= least].tolist() if one != BLANK)


def log_likelihood(likely: np.ndarray, ids: Sequence[int]) -> float:
    """The logarithm of how likely a text is, over all ways to say it; -inf where it has no room.

    Args:
        likely: Shape (frames, tokens).
        ids: Of the text.
    """
    # A blank before, between and behind tokens, each of which may be left out between different ones.
    path = np.zeros(2 * len(ids) + 1, np.int64)
    path[1::2] = ids
    may_skip = np.zeros(len(path), bool)
    may_skip[3::2] = path[3::2] != path[1:-2:2]
    forward = np.full(len(path), -np.inf)
    forward[:2] = likely[0, path[:2]]
    for moment in likely[1:]:
        one, two = np.full_like(forward, -np.inf), np.full_like(forward, -np.inf)
        one[1:] = forward[:-1]
        two[2:] = np.where(may_skip[2:], forward[:-2], -np.inf)
        forward = np.logaddexp(np.logaddexp(forward, one), two) + moment[path]
    return float(np.logaddexp.reduce(forward[-2:]))


def frames_needed(ids: np.ndarray) -> np.ndarray:
    """How many moments each text needs: one for each token, and a blank between two that are the same.

    Args:
        ids: Shape (n, length), blanks behind the end.
    """
    is_token = ids != BLANK
    repeated = (ids[:, 1:] == ids[:, :-1]) & is_token[:, 1:]
    return np.asarray(is_token.sum(axis=1) + repeated.sum(axis=1))
