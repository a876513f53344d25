"""Texts as rows of tokens of one length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bigmodel_cli.vocabulary.vocabulary import Vocabulary

if TYPE_CHECKING:
    import numpy as np

# Texts that are taken to pieces at once.
_AT_ONCE = 4096


@dataclass(frozen=True, eq=False)
class TokenRows:
    """Texts as tokens.

    Attributes:
        ids: int32 of shape (n, length); behind the end of a text stands padding.
        counts: How many tokens each text has, before it is cut: int32 of shape (n,).
        unknown: How many of a row's tokens the vocabulary does not know, int32 of shape (n,).
    """

    ids: np.ndarray
    counts: np.ndarray
    unknown: np.ndarray


def rows_of(
    vocabulary: Vocabulary,
    texts: Sequence[str],
    length: int,
    where: str,
    *,
    begins: bool = False,
    ends: bool = False,
) -> TokenRows:
    """Texts as rows of tokens; what is longer is cut.

    Args:
        vocabulary: With padding, and with the tokens that are asked for.
        texts: Any.
        length: Tokens of a row.
        where: What errors call the texts.
        begins: Whether a row begins with the token for that.
        ends: Whether it ends so, be it cut or not.

    Raises:
        DataError: If a text has something that the vocabulary cannot express.
    """
    import numpy as np

    ids = np.full((len(texts), length), vocabulary.padding or 0, np.int32)
    counts = np.zeros(len(texts), np.int32)
    first, last = vocabulary.begin if begins else None, vocabulary.end if ends else None
    around = int(begins) + int(ends)
    for start in range(0, len(texts), _AT_ONCE):
        found = vocabulary.encode_all(texts[start : start + _AT_ONCE], where)
        for row, tokens in enumerate(found, start):
            counts[row] = len(tokens) + around
            kept = tokens[: length - around]
            ids[row, int(begins) : int(begins) + len(kept)] = kept
            if first is not None:
                ids[row, 0] = first
            if last is not None:
                ids[row, int(begins) + len(kept)] = last
    unknown = (ids == -1 if vocabulary.unknown is None else ids == vocabulary.unknown).sum(axis=1)
    return TokenRows(ids, counts, unknown.astype(np.int32))
