"""The likeliest texts behind a prompt: beams that grow token by token.

Translations are searched for in one graph (`inference/translating/search.py`), since a token ends them. What
ends a text that goes on only its letters tell, so here each token is one call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from bigmodel_cli.inference.generating.growing import GrowingText
from bigmodel_cli.inference.generating.prompts import Prompt
from bigmodel_cli.inference.generating.stepping import Stepper, window_of
from bigmodel_cli.inference.length_scale import length_scale

_NEVER = -1e9


@dataclass(frozen=True)
class Beams:
    """How the likeliest text is searched for.

    Attributes:
        count: Texts that are kept in mind; 1 takes the likeliest token each time.
        length_penalty: As `length_scale` takes it.
    """

    count: int
    length_penalty: float


@dataclass(frozen=True)
class Beam:
    """A text, with its log-likelihood; of one that has ended by its length."""

    text: GrowingText
    likely: float


class _Telling:
    """Tells the next tokens of texts that are sorted out as they grow.

    Args:
        stepper: Computes them.
        context: Of each text the tokens so far, int32 (texts, tokens).
    """

    def __init__(self, stepper: Stepper, context: np.ndarray) -> None:
        self._stepper, self._context, self._place = stepper, context, 0
        self._kept = stepper.nothing_kept(len(context))

    def likely(self) -> Any:
        """Logits behind each text, float32 (texts, vocabulary)."""
        window = window_of(self._context, self._stepper.length)
        if window.shape[1] <= self._place:
            # The window was full, and goes on with its end, of which nothing is kept at these places.
            self._place, self._kept = 0, self._stepper.nothing_kept(len(window))
        likely, self._kept = self._stepper.upto(window, self._place, self._kept)
        self._place = window.shape[1]
        return likely

    def go_on(self, rows: Sequence[int], tokens: Sequence[int]) -> None:
        """Each of these texts goes on with a token; the others are given up."""
        import tensorflow as tf

        behind = np.array(tokens, np.int32)[:, np.newaxis]
        self._context = np.concatenate([self._context[list(rows)], behind], axis=1)
        self._kept = {name: tf.gather(one, list(rows)) for name, one in self._kept.items()}


def likeliest(
    stepper: Stepper,
    prompt: Prompt,
    begun: GrowingText,
    beams: Beams,
    wanted: tuple[int, int],
    show: Callable[[int, str], None],
) -> list[Beam]:
    """The likeliest texts, the best one first; those that a stop has ended come before those that are cut.

    Args:
        stepper: Tells next tokens.
        prompt: What they go on from.
        begun: The text behind it, without a token.
        beams: How to search.
        wanted: How many texts, and of how many tokens at most.
        show: Is called for each token, with nothing to show, so that it can stop what nobody waits for.
    """
    import tensorflow as tf

    num, max_tokens = wanted
    telling = _Telling(stepper, np.tile(prompt.ids, (beams.count, 1)))
    # At the beginning all beams are the same text.
    growing = [Beam(begun, 0.0 if place == 0 else _NEVER) for place in range(beams.count)]
    ended: list[Beam] = []
    first = prompt.first
    while True:
        show(0, "")
        logits = telling.likely() + first
        first = np.zeros_like(first)
        most = min(2 * beams.count, int(logits.shape[-1]))
        likely, tokens = (one.numpy() for one in tf.math.top_k(tf.nn.log_softmax(logits), most))
        grown = _grown(growing, likely, tokens, beams)
        growing = grown.growing
        ended = sorted(ended + grown.ended, key=lambda beam: -beam.likely)[: beams.count]
        if not growing or growing[0].text.ended_by is not None:
            break
        # Nothing better comes: enough have ended, or none that grows can be as good.
        can_be = growing[0].likely / length_scale(max_tokens, beams.length_penalty)
        if len(ended) == beams.count or (len(ended) >= num and can_be <= ended[num - 1].likely):
            break
        telling.go_on(grown.rows, grown.tokens)
    longest = [_scaled(one, beams) for one in growing if one.text.ended_by and one.likely > _NEVER / 2]
    return (ended + longest)[:num]


class _Grown(NamedTuple):
    """Texts with a token more.

    Attributes:
        growing: Those that go on, as many as there are beams, or none.
        rows, tokens: Of each the text that it was, and its last token.
        ended: Those that have ended.
    """

    growing: list[Beam]
    rows: list[int]
    tokens: list[int]
    ended: list[Beam]


def _grown(growing: Sequence[Beam], likely: np.ndarray, tokens: np.ndarray, beams: Beams) -> _Grown:
    """A token more.

    Args:
        growing: The texts.
        likely: Of each the log-likelihoods of its likeliest tokens, (texts, tokens).
        tokens: These.
        beams: How to search.
    """
    whole = likely.astype(np.float64) + np.array([[beam.likely] for beam in growing])
    found = _Grown([], [], [], [])
    # Twice as many as there are beams, so that as many go on where the others end.
    for place, flat in enumerate(np.argsort(-whole, axis=None, kind="stable")[: 2 * beams.count].tolist()):
        row, column = divmod(flat, whole.shape[1])
        if whole[row, column] <= _NEVER / 2 or len(found.growing) == beams.count:
            break
        text = growing[row].text.forked()
        text.take(tokens[row, column : column + 1])
        beam = Beam(text, float(whole[row, column]))
        if text.ended_by != "stop":
            found.growing.append(beam)
            found.rows.append(row)
            found.tokens.append(int(tokens[row, column]))
        elif place < beams.count:
            # A text that ends is one of the beams, not one that stands in for them.
            found.ended.append(_scaled(beam, beams))
    # Graphs are of as many texts as there are beams.
    while found.growing and len(found.growing) < beams.count:
        found.growing.append(Beam(found.growing[-1].text, _NEVER))
        found.rows.append(found.rows[-1])
        found.tokens.append(found.tokens[-1])
    return found


def _scaled(beam: Beam, beams: Beams) -> Beam:
    return Beam(beam.text, beam.likely / length_scale(beam.text.num_tokens, beams.length_penalty))
