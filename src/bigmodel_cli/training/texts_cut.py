"""What looking up words leaves of texts: how many are cut, and how many of their tokens are unknown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from bigmodel_cli.inference.lookups.front import tokenizer
from bigmodel_cli.inference.run_data import HELD_OUT
from bigmodel_cli.modeling.lookups import text_lookups
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.sources.base import Examples, SplitName
from bigmodel_cli.sources.stores import Store, TokenStore

# Texts of a split that are taken to pieces: so many tell shares to a percent or two. Of books, fewer.
_LOOKED_AT, _BYTES = 1_000, 4_000_000


def describe_texts(model: Any, splits: Splits) -> Iterator[str]:
    """A sentence for each layer that takes texts to pieces.

    Args:
        model: A `keras.Model` whose layers have learnt their words.
        splits: The data. Lengths are those of the training split, unknown are tokens of held-out texts, where
            there are such, since those of training were counted to find the vocabulary.
    """
    yield from _of_tokens(splits)
    column_of = {slug: name for name, slug in splits.signature.slugs.items()}
    for name, lookup in text_lookups(model).items():
        column = column_of[lookup["column"]]
        pieces = tokenizer(lookup["text"])
        known = {str(token).encode() for token in lookup["tokens"]}
        counts = np.array([len(pieces(text)) for text in _some(splits.train, column)])
        held_out = _held_out(splits)
        tokens = [token for text in _some(splits.parts[held_out], column) for token in pieces(text)]
        unknown = sum(token not in known for token in tokens) / max(1, len(tokens))
        yield (
            f"{name}: {len(known):,} tokens are known; texts have {counts.mean():.0f} on average"
            f"{_cut(counts, lookup['text']['length'])}; {unknown:.0%} of those of {held_out} are unknown"
        )


def _of_tokens(splits: Splits) -> Iterator[str]:
    """The same of columns whose texts are tokens already: of all of them."""
    for name, store in splits.train.inputs.items():
        vocabulary = splits.signature.inputs[name].vocabulary
        if not isinstance(store, TokenStore) or store.counts is None or vocabulary is None:
            continue
        split = _held_out(splits)
        share = _unknown(splits.parts[split].inputs[name])
        unknown = f"; {share:.0%} of those of {split} are unknown" if share else ""
        yield (
            f"{name}: {vocabulary.described} are known; texts have {store.counts.mean():.0f} on average"
            f"{_cut(store.counts, store.shape[0])}{unknown}"
        )


def _unknown(store: Store) -> float:
    """The share of a column's tokens that its vocabulary does not know."""
    if not isinstance(store, TokenStore) or store.counts is None or store.unknown is None:
        return 0.0
    return float(store.unknown.sum() / max(1, np.minimum(store.counts, store.shape[0]).sum()))


def _held_out(splits: Splits) -> SplitName:
    return next((split for split in HELD_OUT[::-1] if split in splits.parts), "train")


def _cut(counts: np.ndarray, length: int | None) -> str:
    if length is None:
        return ""
    share = (counts > length).mean()
    if not share:
        return f", none more than {length:,}"
    few = "less than 1%" if share < 0.01 else f"{share:.0%}"
    return f", and {few} more than {length:,}, where they are cut (one of them has {counts.max():,})"


def _some(examples: Examples, column: str) -> Iterator[bytes]:
    """Texts of a column that are spread evenly, until they are enough."""
    store = examples.inputs[column]
    rows = np.arange(0, len(store), max(1, len(store) // _LOOKED_AT))
    if store.gathers:
        left = _BYTES
        # Of a sentence its words, without what fills it up.
        for value in (
            one for one in store.values_of(store.gather(rows)).reshape(-1) if one or not store.shape
        ):
            text = str(value).encode("utf-8", "replace")
            yield text
            left -= len(text)
            if left < 0:
                return
