"""Vocabularies as run.json has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bigmodel_cli.vocabulary.letters import Letters, PaddedBytes, PaddedCharacters
from bigmodel_cli.vocabulary.subwords import Subwords
from bigmodel_cli.vocabulary.vocabulary import Vocabulary


def vocabulary_from_json(record: Mapping[str, Any]) -> Vocabulary:
    """What `as_json` wrote.

    Raises:
        KeyError, TypeError: If it is damaged.
    """
    tokens = record["tokens"]
    if tokens == Subwords.name:
        return Subwords.from_json(record)
    if tokens == PaddedBytes.name:
        return PaddedBytes()
    if tokens == PaddedCharacters.name:
        return PaddedCharacters(record["characters"], record["lowercase"])
    if tokens not in ("characters", "bytes"):
        raise TypeError(f"no tokens are called {tokens!r}")
    return Letters(tokens, record["characters"])
