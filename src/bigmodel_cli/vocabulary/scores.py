"""How likely the tokens of a unigram tokenizer are, counted again so that the same texts give the same."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from bigmodel_cli.vocabulary.library import library

# Counts settle after a few looks, of so many characters.
_ROUNDS, _MOST_CHARACTERS = 4, 20_000_000


def scored_again(tokenizer: Any, texts: Sequence[str], num_special: int) -> Any:
    """A unigram tokenizer with the same tokens, as often as the likeliest pieces of the texts have them.

    The library adds up in another order in each process, and its logarithms differ by hundredths from one
    training to the next; which tokens are left did not, in all that was tried.

    Args:
        tokenizer: As the library trained it.
        texts: What from.
        num_special: Its first tokens, which are no part of a text.
    """
    import numpy as np

    written = json.loads(tokenizer.to_str())
    special = [token for token, _ in written["model"]["vocab"][:num_special]]
    pieces = sorted(token for token, _ in written["model"]["vocab"][num_special:])
    scores = np.full(len(pieces), -np.log(len(pieces)))
    step = max(1, sum(map(len, texts)) // _MOST_CHARACTERS)
    for _ in range(_ROUNDS):
        found = _with_scores(written, special, pieces, scores.tolist())
        counts = np.full(len(pieces), 0.5)
        for text in texts[::step]:
            ids = np.array(found.encode(text, add_special_tokens=False).ids, np.int64) - num_special
            counts += np.bincount(ids[ids >= 0], minlength=len(pieces))
        # The most frequent first, as the library has them.
        order = np.argsort(-counts, kind="stable")
        pieces, counts = [pieces[place] for place in order.tolist()], counts[order]
        scores = np.log(counts / counts.sum()).round(6)
    return _with_scores(written, special, pieces, scores.tolist())


def _with_scores(written: Any, special: list[str], pieces: list[str], scores: list[float]) -> Any:
    vocab = [[token, 0.0] for token in special] + [list(one) for one in zip(pieces, scores, strict=True)]
    model = {**written["model"], "vocab": vocab}
    return library().Tokenizer.from_str(json.dumps({**written, "model": model}, ensure_ascii=False))
