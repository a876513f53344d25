"""The likeliest text: beams that grow token by token (Sutskever et al. 2014), in one compiled graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from bigmodel_cli.inference.length_scale import length_scale
from bigmodel_cli.inference.translating.stepping import Decoder

_NEVER = -1e9


@dataclass(frozen=True)
class Wanted:
    """What is looked for.

    Attributes:
        length: Of a text, its end included, at most.
        beams: Texts that are kept in mind; 1 takes the likeliest token each time.
        length_penalty: As `length_scale` takes it.
        begin, end: The tokens that stand before and behind a text.
        never: Tokens that no text has.
    """

    length: int
    beams: int
    length_penalty: float
    begin: int
    end: int
    never: tuple[int, ...]

    def scale(self, tokens: Any) -> Any:
        """What a log-likelihood of so many tokens is divided by."""
        import tensorflow as tf

        return length_scale(tf.cast(tokens, tf.float32), self.length_penalty)


class _Beams(NamedTuple):
    """Where a search stands; n texts with b beams each.

    Attributes:
        place: How many tokens stand behind the first one, int32 ().
        written: Texts that grow, int32 (n, b, length + 1).
        likely: Log-likelihoods of them, (n, b).
        done: Texts that have ended, likewise.
        scores: Of these, (n, b).
        kept: What the decoder keeps, of n × b texts.
    """

    place: Any
    written: Any
    likely: Any
    done: Any
    scores: Any
    kept: Any


@dataclass(frozen=True, eq=False)
class Search:
    """Looks for the likeliest texts.

    Attributes:
        decoder: Tells next tokens.
        wanted: What is looked for.
    """

    decoder: Decoder
    wanted: Wanted

    def __call__(self, given: Mapping[str, Any]) -> tuple[Any, Any]:
        """The best text for each of n others, inside a graph.

        Args:
            given: The model's other inputs by name; of one batch, all of its shape are known.

        Returns:
            int32 (n, length), from its first token to its end, with 0 behind it; and its score, (n,).
        """
        import tensorflow as tf

        wanted, count = self.wanted, int(next(iter(given.values())).shape[0])
        beside, kept = self.decoder.begin(given, wanted.beams)
        shape = (count, wanted.beams, wanted.length + 1)
        written = tf.concat(
            [tf.fill((*shape[:2], 1), wanted.begin), tf.zeros((*shape[:2], wanted.length), tf.int32)], 2
        )
        # At the beginning all beams are the same text.
        likely = tf.tile(tf.constant([[0.0] + [_NEVER] * (wanted.beams - 1)]), (count, 1))
        begun = _Beams(
            tf.constant(0), written, likely, tf.zeros(shape, tf.int32), tf.fill(shape[:2], _NEVER), kept
        )
        ended = tf.while_loop(
            lambda *beams: self._goes_on(_Beams(*beams)),
            lambda *beams: self._grown(_Beams(*beams), beside),
            begun,
            maximum_iterations=wanted.length,
        )
        return self._best(_Beams(*ended))

    def _is_over(self, beams: _Beams) -> Any:
        """For which texts nothing better comes: enough have ended, or none that grows can be as good."""
        import tensorflow as tf

        can_be = tf.reduce_max(beams.likely, 1) / self.wanted.scale(self.wanted.length)
        is_full = tf.reduce_all(beams.scores > _NEVER / 2, axis=1)
        return tf.logical_or(is_full, can_be <= tf.reduce_max(beams.scores, 1))

    def _goes_on(self, beams: _Beams) -> Any:
        import tensorflow as tf

        return tf.logical_not(tf.reduce_all(self._is_over(beams)))

    def _grown(self, beams: _Beams, beside: list[Any]) -> _Beams:
        """A token more."""
        import tensorflow as tf

        wanted, (count, num, length) = self.wanted, beams.written.shape
        flat = tf.reshape(beams.written, (count * num, length))
        logits, kept = self.decoder.step(flat[:, :-1], beams.place, beams.kept, beside)
        size = int(logits.shape[-1])
        never = tf.reduce_sum(tf.one_hot(wanted.never, size), axis=0) * _NEVER
        likely = tf.reshape(tf.nn.log_softmax(logits) + never, (count, num, size)) + beams.likely[:, :, None]
        # Twice as many as there are beams, so that as many go on where the others end.
        best, where = tf.math.top_k(tf.reshape(likely, (count, num * size)), min(2 * num, num * size))
        of_beam, token = where // size, where % size
        is_next = tf.range(length) == beams.place + 1
        longer = tf.where(is_next, token[:, :, None], tf.gather(beams.written, of_beam, batch_dims=1))
        is_end = token == wanted.end
        done, scores = self._ended(beams, longer, best, is_end)
        going, chosen = tf.math.top_k(tf.where(is_end, _NEVER, best), num)
        rows = tf.reshape(tf.range(count)[:, None] * num + tf.gather(of_beam, chosen, batch_dims=1), [-1])
        written = tf.gather(longer, chosen, batch_dims=1)
        kept = {name: tf.gather(one, rows) for name, one in kept.items()}
        return _Beams(beams.place + 1, written, going, done, scores, kept)

    def _ended(self, beams: _Beams, longer: Any, best: Any, is_end: Any) -> tuple[Any, Any]:
        """The texts that have ended, and their scores; what is over stays, whatever stands beside it."""
        import tensorflow as tf

        num = self.wanted.beams
        # A text that ends is one of the beams, not one that stands in for them.
        counts = tf.logical_and(is_end, tf.range(is_end.shape[1]) < num)
        counts = tf.logical_and(counts, best > _NEVER / 2)
        scored = tf.where(counts, best / self.wanted.scale(beams.place + 1), _NEVER)
        scores, chosen = tf.math.top_k(tf.concat([beams.scores, scored], 1), num)
        done = tf.gather(tf.concat([beams.done, longer], 1), chosen, batch_dims=1)
        is_over = self._is_over(beams)
        return (
            tf.where(is_over[:, None, None], beams.done, done),
            tf.where(is_over[:, None], beams.scores, scores),
        )

    def _best(self, beams: _Beams) -> tuple[Any, Any]:
        """The best text that has ended, or where none has, the best of those that grow."""
        import tensorflow as tf

        has_ended = beams.scores[:, 0] > _NEVER / 2
        unended = beams.likely[:, 0] / self.wanted.scale(self.wanted.length)
        text = tf.where(has_ended[:, None], beams.done[:, 0], beams.written[:, 0])
        return text[:, 1:], tf.where(has_ended, beams.scores[:, 0], unended)
