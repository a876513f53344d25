"""A token more: of the whole window anew, or of what is kept of the tokens before."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from bigmodel_cli.inference.generating.sampling import Sampling, token_of
from bigmodel_cli.modeling.token_steps import Kept, NoSteps, TokenSteps

# Logarithms of probabilities may differ by so much where the same is added in another order.
TOLERANCE = 1e-3
_LEAST = 1e-30
# Rows and tokens of what both ways are compared on.
_ROWS, _TOKENS = 2, 48


class Begun(Protocol):
    """Texts that go on."""

    def tokens(self, drawn: np.ndarray, first: np.ndarray) -> np.ndarray:
        """The next tokens.

        Args:
            drawn: As `Sampling.drawn` gives it, of so many tokens as are asked for.
            first: What is added to the logits of the first of them, float32 (vocabulary,): it says which
                one may come.

        Returns:
            int32 of the shape of `drawn`, (texts, tokens).
        """


class Stepper(Protocol):
    """Writes tokens behind others.

    Attributes:
        length: Tokens of a window.
    """

    length: int

    def begin(self, context: np.ndarray, sampling: Sampling) -> Begun:
        """Begin to write.

        Args:
            context: Of each text the tokens so far, int32 of shape (texts, tokens).
            sampling: How those behind them are drawn.
        """

    def nothing_kept(self, num_texts: int) -> Kept:
        """What is kept before the first token."""

    def upto(self, window: np.ndarray, place: int, kept: Kept) -> tuple[Any, Kept]:
        """Logits behind windows, float32 (texts, vocabulary), and what is kept then.

        Args:
            window: int32 (texts, tokens).
            place: How many of these have been computed.
            kept: Of these.
        """


def window_of(context: np.ndarray, length: int) -> np.ndarray:
    """The tokens that the next one is told from: all while they fit, then from half a window on again.

    So that what is kept of a token can be used until the window is full: with a window that slides, every
    token would stand at another place each time.
    """
    count, half = context.shape[1], max(length // 2, 1)
    return context if count <= length else context[:, -(half + (count - length - 1) % (length + 1 - half)) :]


def likely_of(outputs: Any, *, are_logits: bool) -> Any:
    """Outputs as logits, float32, inside a graph."""
    import tensorflow as tf

    outputs = tf.cast(outputs, tf.float32)
    return outputs if are_logits else tf.math.log(tf.maximum(outputs, _LEAST))


class WholeWindows:
    """Computes the whole window for each token: what every causal model can.

    Args:
        model: From ids (n, length) to (n, length, vocabulary).
        are_logits: Whether its outputs are logits.
    """

    def __init__(self, model: Any, *, are_logits: bool) -> None:
        import tensorflow as tf

        self.length = int(model.input.shape[1])
        self._are_logits = are_logits
        self._likely = tf.function(
            lambda ids: likely_of(model(ids, training=False), are_logits=are_logits), autograph=False
        )

    def likely(self, window: np.ndarray) -> Any:
        """Logits behind each token of windows, of shape (n, tokens, vocabulary)."""
        import tensorflow as tf

        # What stands behind a token tells nothing of the next one.
        padded = np.pad(window, ((0, 0), (0, self.length - window.shape[1])))
        return self._likely(tf.constant(padded, tf.int32))[:, : window.shape[1]]

    def begin(self, context: np.ndarray, sampling: Sampling) -> Begun:
        return _WholeWriting(self, context, sampling)

    def nothing_kept(self, num_texts: int) -> Kept:
        return {}

    def upto(self, window: np.ndarray, place: int, kept: Kept) -> tuple[Any, Kept]:
        return self.likely(window)[:, -1], kept


@dataclass
class _WholeWriting:
    """Texts that go on, each token from a whole window."""

    whole: WholeWindows
    context: np.ndarray
    sampling: Sampling

    def tokens(self, drawn: np.ndarray, first: np.ndarray) -> np.ndarray:
        import tensorflow as tf

        before = self.context.shape[1]
        for number in range(drawn.shape[1]):
            likely = self.whole.likely(window_of(self.context, self.whole.length))[:, -1]
            likely = likely if number else likely + first
            token = self.sampling.token(likely, tf.constant(drawn[:, number])).numpy()
            self.context = np.concatenate([self.context, token[:, np.newaxis]], axis=1)
        return self.context[:, before:]


class KeptTokens:
    """Computes one token at a time, of what is kept of those before, in one compiled graph.

    Args:
        steps: The model of single tokens.
        num_tokens: How many different ones there are.
        are_logits: Whether its outputs are logits.
    """

    def __init__(self, steps: TokenSteps, num_tokens: int, *, are_logits: bool) -> None:
        self.length = steps.length
        self.num_tokens = num_tokens
        self._steps = steps
        self._are_logits = are_logits
        self._functions: dict[int, Any] = {}
        self._kept: Kept | None = None

    def nothing_kept(self, num_texts: int) -> Kept:
        """What is kept before the first token."""
        import tensorflow as tf

        if self._kept is None:
            _, self._kept = self.step(tf.zeros(1, tf.int32), tf.constant(0), {})
        return {name: tf.zeros((num_texts, *one.shape[1:]), one.dtype) for name, one in self._kept.items()}

    def step(self, token: Any, place: Any, kept: Kept) -> tuple[Any, Kept]:
        """Logits behind a token (n,) at a place (), and what is kept then."""
        given, kept = self._steps.step(token, place, kept)
        return likely_of(given, are_logits=self._are_logits), kept

    def begin(self, context: np.ndarray, sampling: Sampling) -> Begun:
        return _KeptWriting(self, context, sampling)

    def upto(self, window: np.ndarray, place: int, kept: Kept) -> tuple[Any, Kept]:
        import tensorflow as tf

        count = window.shape[1]
        padded = np.pad(window, ((0, 0), (0, self.length - count)))
        state = (tf.constant(padded, tf.int32), tf.constant(count), tf.constant(place), kept)
        likely, kept = self._upto(*state)
        return likely, kept

    @cached_property
    def _upto(self) -> Any:
        """The graph that computes tokens which are there."""
        import tensorflow as tf

        def compute(window: Any, count: Any, place: Any, kept: Kept) -> tuple[Any, Kept]:
            def once(place: Any, kept: Any, _likely: Any) -> tuple[Any, ...]:
                likely, kept = self.step(tf.gather(window, place, axis=1), place, kept)
                return place + 1, kept, likely

            begun = (place, kept, tf.zeros((window.shape[0], self.num_tokens)))
            _, kept, likely = tf.while_loop(lambda place, *_: place < count, once, begun)
            return likely, kept

        return tf.function(compute, autograph=False, jit_compile=True)

    def function(self, most: int) -> Any:
        """The graph that writes; one for each number of likeliest tokens that are looked at."""
        import tensorflow as tf

        if most not in self._functions:
            self._functions[most] = tf.function(
                lambda *state: self._write(most, *state), autograph=False, jit_compile=True
            )
        return self._functions[most]

    def _write(
        self, most: int, window: Any, count: Any, place: Any, kept: Any, drawing: Any
    ) -> tuple[Any, ...]:
        """Write as many tokens as are drawn.

        Args:
            most: As `token_of` takes it.
            window: int32 of shape (texts, length + 1), of which `count` are there.
            count: How many, int32.
            place: How many of them have been computed, int32.
            kept: Of these.
            drawing: What decides: of each token, shape (texts, tokens), of all, as `token_of` takes it, and
                of the first one what is added to its logits.
        """
        import tensorflow as tf

        drawn, numbers, first = drawing
        num_tokens, length = drawn.shape[1], self.length
        half = max(length // 2, 1)

        def goes_on(done: Any, *_: Any) -> Any:
            return done < num_tokens

        def once(done: Any, window: Any, count: Any, place: Any, kept: Any, written: Any) -> tuple[Any, ...]:
            likely, kept = self.step(tf.gather(window, place, axis=1), place, kept)
            place += 1
            likely += tf.where(done == 0, first, 0.0)
            token = token_of(likely, tf.gather(drawn, done, axis=1), numbers, most)
            is_new = tf.equal(place, count)
            window = tf.where(tf.logical_and(is_new, tf.range(length + 1) == count), token[:, None], window)
            written = tf.where(tf.logical_and(is_new, tf.range(num_tokens) == done), token[:, None], written)
            count, done = count + tf.cast(is_new, tf.int32), done + tf.cast(is_new, tf.int32)
            # A full window goes on with its end, of which nothing is kept at these places.
            is_full = count > length
            window = tf.where(is_full, tf.roll(window, half - length - 1, axis=1), window)
            count, place = tf.where(is_full, half, count), tf.where(is_full, 0, place)
            kept = {name: tf.where(is_full, tf.zeros_like(one), one) for name, one in kept.items()}
            return done, window, count, place, kept, written

        written = tf.zeros(drawn.shape, tf.int32)
        _, *state, written = tf.while_loop(
            goes_on, once, (tf.constant(0), window, count, place, kept, written)
        )
        return (*state, written)


class _KeptWriting:
    """Texts that go on by what is kept of them."""

    def __init__(self, kept: KeptTokens, context: np.ndarray, sampling: Sampling) -> None:
        import tensorflow as tf

        window = window_of(context, kept.length)
        self._write = kept.function(sampling.most(kept.num_tokens))
        self._numbers = tf.constant(sampling.numbers(kept.num_tokens))
        padded = np.pad(window, ((0, 0), (0, kept.length + 1 - window.shape[1])))
        self._state = (
            tf.constant(padded, tf.int32),
            tf.constant(window.shape[1]),
            tf.constant(0),
            kept.nothing_kept(len(context)),
        )

    def tokens(self, drawn: np.ndarray, first: np.ndarray) -> np.ndarray:
        import tensorflow as tf

        drawing = (tf.constant(drawn), self._numbers, tf.constant(first))
        *state, written = self._write(*self._state, drawing)
        self._state = tuple(state)
        found: np.ndarray = written.numpy()
        return found


def kept_tokens(model: Any, *, are_logits: bool) -> KeptTokens | None:
    """The quick way for a model, where it gives what the whole window gives; else None.

    Both are compared on tokens that are drawn by chance.
    """
    import tensorflow as tf

    whole = WholeWindows(model, are_logits=are_logits)
    size, count = int(model.output.shape[-1]), min(_TOKENS, int(model.input.shape[1]))
    try:
        quick = KeptTokens(TokenSteps(model), size, are_logits=are_logits)
        ids = np.random.default_rng(0).integers(0, size, (_ROWS, count)).astype(np.int32)
        found, kept = [], quick.nothing_kept(_ROWS)
        step = tf.function(quick.step, autograph=False)
        for place in range(count):
            likely, kept = step(tf.constant(ids[:, place]), tf.constant(place), kept)
            found.append(likely.numpy())
    except (NoSteps, ValueError, TypeError, tf.errors.InvalidArgumentError):
        # What Keras cannot build of single tokens has no such form.
        return None
    expected = tf.nn.log_softmax(whole.likely(ids)).numpy()
    difference = np.abs(tf.nn.log_softmax(np.stack(found, axis=1)).numpy() - expected).max()
    return quick if difference <= TOLERANCE else None
