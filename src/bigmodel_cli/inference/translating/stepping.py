"""The next token of texts that are translated: from all tokens so far anew, or from what is kept of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from bigmodel_cli.inference.generating.stepping import TOLERANCE, likely_of
from bigmodel_cli.modeling.cut_at_input import Halves, cut_at_input
from bigmodel_cli.modeling.token_steps import Kept, NoSteps, TokenSteps

# Texts and tokens that both ways are compared on.
_TEXTS, _TOKENS = 2, 12


class Decoder(Protocol):
    """Tells the next tokens of texts."""

    def begin(self, given: Mapping[str, Any], times: int) -> tuple[list[Any], Kept]:
        """What is computed once of the texts that are translated, inside a graph.

        Args:
            given: The model's other inputs by name, each of n texts.
            times: How often each text is translated at once.

        Returns:
            What `step` takes, each of n × times texts, and what is kept before the first token.
        """

    def step(self, written: Any, place: Any, kept: Kept, beside: list[Any]) -> tuple[Any, Kept]:
        """Logits behind a token, float32 (texts, vocabulary), and what is kept then.

        Args:
            written: The tokens so far, int32 (texts, length).
            place: Of the last of them, int32 ().
            kept: Of those before it.
            beside: As `begin` gives it.
        """


@dataclass(frozen=True, eq=False)
class WholeTexts:
    """Computes all tokens so far for each next one: what every causal model can.

    Attributes:
        model: From inputs by name to (n, length, vocabulary).
        so_far: The input that has the tokens so far.
        are_logits: Whether its outputs are logits.
    """

    model: Any
    so_far: str
    are_logits: bool

    def begin(self, given: Mapping[str, Any], times: int) -> tuple[list[Any], Kept]:
        return [_times(given[name], times) for name in sorted(given)], {}

    def step(self, written: Any, place: Any, kept: Kept, beside: list[Any]) -> tuple[Any, Kept]:
        import tensorflow as tf

        others = sorted(tensor.name for tensor in self.model.inputs if tensor.name != self.so_far)
        inputs = {**dict(zip(others, beside, strict=True)), self.so_far: written}
        outputs = likely_of(self.model(inputs, training=False), are_logits=self.are_logits)
        return tf.gather(outputs, place, axis=1), kept


@dataclass(frozen=True, eq=False)
class KeptTexts:
    """Computes one token at a time, of what is kept of those before it and of the other text.

    Attributes:
        halves: The model, cut at the tokens so far.
        steps: Its back, token by token.
        kept: Shapes behind the first axis, and dtypes, of what is kept, by name.
        are_logits: Whether its outputs are logits.
    """

    halves: Halves
    steps: TokenSteps
    kept: Mapping[str, tuple[tuple[int, ...], str]]
    are_logits: bool

    def begin(self, given: Mapping[str, Any], times: int) -> tuple[list[Any], Kept]:
        import tensorflow as tf

        beside = [_times(one, times) for one in self.halves.features(given)]
        count = tf.shape(next(iter(given.values())))[0] * times
        kept = {name: tf.zeros((count, *shape), dtype) for name, (shape, dtype) in self.kept.items()}
        return beside, kept

    def step(self, written: Any, place: Any, kept: Kept, beside: list[Any]) -> tuple[Any, Kept]:
        import tensorflow as tf

        outputs, kept = self.steps.step(tf.gather(written, place, axis=1), place, kept, beside)
        return likely_of(outputs, are_logits=self.are_logits), kept


def _times(tensor: Any, times: int) -> Any:
    """Each row several times; what is of a batch as a whole stays."""
    import tensorflow as tf

    return tensor if tensor.shape[0] == 1 or times == 1 else tf.repeat(tensor, times, axis=0)


def decoder_of(model: Any, so_far: str, length: int, *, are_logits: bool) -> Decoder:
    """The quick way for a model, where it gives what the slow one gives; else that.

    Both are compared on tokens that are drawn by chance.

    Args:
        model: From inputs by name to (n, length, vocabulary).
        so_far: The input that has the tokens so far.
        length: Of them.
        are_logits: Whether the outputs are logits.
    """
    whole = WholeTexts(model, so_far, are_logits)
    quick = _kept_texts(model, so_far, length, are_logits=are_logits)
    return whole if quick is None or _difference(whole, quick, length) > TOLERANCE else quick


def _kept_texts(model: Any, so_far: str, length: int, *, are_logits: bool) -> KeptTexts | None:
    import tensorflow as tf

    halves = cut_at_input(model, so_far)
    if halves is None:
        return None
    steps = TokenSteps(halves.back, length)
    try:
        first = halves.features(_any_texts(model, so_far))
        _, kept = steps.step(tf.ones(_TEXTS, tf.int32), tf.constant(0), {}, first)
    except (NoSteps, ValueError, TypeError, tf.errors.InvalidArgumentError):
        # What Keras cannot build of single tokens has no such form.
        return None
    shapes = {name: (tuple(one.shape[1:]), one.dtype.name) for name, one in kept.items()}
    return KeptTexts(halves, steps, shapes, are_logits)


def _any_texts(model: Any, so_far: str) -> dict[str, Any]:
    """Texts for the other inputs: of ids, which every vocabulary has, the first few."""
    import tensorflow as tf

    drawn = np.random.default_rng(0)
    return {
        tensor.name: tf.constant(drawn.integers(1, 4, (_TEXTS, tensor.shape[1] or _TOKENS)), tensor.dtype)
        for tensor in model.inputs
        if tensor.name != so_far
    }


def _difference(whole: WholeTexts, quick: KeptTexts, length: int) -> float:
    """How far both are from each other, at most."""
    import tensorflow as tf

    count, size = min(_TOKENS, length), int(whole.model.output.shape[-1])
    ids = np.zeros((_TEXTS, length), np.int32)
    ids[:, :count] = np.random.default_rng(1).integers(1, size, (_TEXTS, count))
    given, written = _any_texts(whole.model, whole.so_far), tf.constant(ids)
    inputs = {**given, whole.so_far: written}
    expected = likely_of(whole.model(inputs, training=False), are_logits=whole.are_logits)
    beside, kept = quick.begin(given, 1)
    step = tf.function(quick.step, autograph=False)
    found = []
    for place in range(count):
        likely, kept = step(written, tf.constant(place), kept, beside)
        found.append(tf.nn.log_softmax(likely).numpy())
    return float(np.abs(np.stack(found, 1) - tf.nn.log_softmax(expected)[:, :count].numpy()).max())
