"""What a text goes on from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bigmodel_cli.vocabulary.vocabulary import Vocabulary


@dataclass(frozen=True)
class Prompt:
    """A prompt in tokens.

    A prompt may end inside of what is one token of the training text: behind `http:` the model has seen
    nothing, since `://` is a token. So its last token is taken back, where others begin with the same bytes,
    and one of these comes first.

    Attributes:
        text: The prompt.
        ids: Its tokens, or those before the last one, int32 (tokens,).
        healed: The bytes of the one that was taken back.
        first: What is added to the logits of the first token: 0 of one that may come, float32 (vocabulary,).
    """

    text: str
    ids: np.ndarray
    healed: bytes
    first: np.ndarray

    @property
    def is_healed(self) -> bool:
        return bool(self.healed)

    @classmethod
    def of(cls, text: str, vocabulary: Vocabulary) -> Prompt:
        """Of a text; an empty one begins as after the end of a line.

        Raises:
            DataError: If it has characters that the model does not know.
        """
        where = "the prompt"
        ids = vocabulary.encode(text or vocabulary.beginning, where)
        any_of_them = np.zeros(vocabulary.size, np.float32)
        last = vocabulary.as_bytes(ids[-1:]) if text else b""
        allowed = vocabulary.begin_with(last) if last else any_of_them == 0
        if not last or allowed.sum() < 2:
            return cls(text, ids, b"", any_of_them)
        before = ids[:-1] if len(ids) > 1 else vocabulary.encode(vocabulary.beginning, where)
        return cls(text, before, last, np.where(allowed, any_of_them, np.float32(-np.inf)))
