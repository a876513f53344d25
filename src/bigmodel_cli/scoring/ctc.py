"""Texts from distributions over tokens at moments, a blank among them (Graves et al. 2006); NumPy alone.

Nothing of ours is imported: exported files have it beside them as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

BLANK = 0
# Of a moment the tokens that a search goes on with: those behind add nothing that is seen.
_MOST_TOKENS = 24
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
    kept: dict[_Text, tuple[float, float]] = {(): (0.0, -np.inf)}
    before: dict[_Text, float] = {(): 0.0}
    for moment in likely:
        found = _heard(kept, before, moment, known)
        scores = {text: before[text] + np.logaddexp(both[0], both[1]) for text, both in found.items()}
        ranked = sorted(found, key=lambda text: (-scores[text], text))[:beams]
        kept = {text: (found[text][0], found[text][1]) for text in ranked}
    if known is None:
        return list(ranked[0])
    ended = {text: scores[text] + known.ends(text) for text in ranked}
    best = max(ranked, key=lambda text: ended[text])
    return list(known.whole(ranked[0] if ended[best] == -np.inf else best))


def _heard(
    kept: dict[_Text, tuple[float, float]],
    before: dict[_Text, float],
    moment: np.ndarray,
    known: Known | None,
) -> dict[_Text, list[float]]:
    """What beginnings of texts come to at a moment; `before` learns of those that are new."""
    found: dict[_Text, list[float]] = {}
    tokens = _likeliest(moment)
    for text, (blank, token) in kept.items():
        both = np.logaddexp(blank, token)
        stays = found.setdefault(text, [-np.inf, -np.inf])
        stays[0] = np.logaddexp(stays[0], both + moment[BLANK])
        if text:
            stays[1] = np.logaddexp(stays[1], token + moment[text[-1]])
        for one in tokens:
            longer = (*text, one)
            if longer not in before:
                before[longer] = before[text] + (0.0 if known is None else known.goes_on(text, one))
            if before[longer] == -np.inf:
                continue
            # The same token again is another one only behind a blank.
            so_far = blank if text and text[-1] == one else both
            goes_on = found.setdefault(longer, [-np.inf, -np.inf])
            goes_on[1] = np.logaddexp(goes_on[1], so_far + moment[one])
    return found


def _likeliest(moment: np.ndarray) -> list[int]:
    """Tokens of a moment that may go on with a text, without the blank."""
    if len(moment) <= _MOST_TOKENS:
        return list(range(1, len(moment)))
    chosen: list[int] = np.argpartition(-moment, _MOST_TOKENS)[:_MOST_TOKENS].tolist()
    return sorted(one for one in chosen if one != BLANK)


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
