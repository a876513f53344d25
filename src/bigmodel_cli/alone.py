"""How much of a target each column of a table tells on its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bigmodel_cli.kinds.profile import Seen
from bigmodel_cli.sources.tables.columns import Categories, Numbers, Texts, Values
from bigmodel_cli.sources.tables.giveaways import Giveaway, told_alone


def alone(columns: Mapping[str, Seen], target: Seen | None, seed: int) -> Mapping[str, Giveaway]:
    """What each column tells of a target, by name; of other columns nothing is known.

    Args:
        columns: Some training rows of each.
        target: Of the same rows; None: it is no single value.
        seed: Which half of the rows is learned from.
    """
    if target is None:
        return {}
    values = {name: as_values(seen) for name, seen in columns.items()}
    return {one.column: one for one in told_alone(values, as_values(target), seed=seed)}


def as_values(seen: Seen) -> Values:
    """A column as tables have it."""
    if seen.codes is None:
        assert seen.numbers is not None
        return Numbers(seen.numbers)
    if seen.are_texts:
        return _texts([str(seen.names[code]) if code >= 0 else "" for code in seen.codes.tolist()])
    return Categories(seen.codes, [str(name) for name in seen.names])


def _texts(texts: Sequence[str]) -> Texts:
    written = [text.encode("utf-8", "surrogateescape") for text in texts]
    offsets = np.cumsum([0, *map(len, written)])
    return Texts(np.frombuffer(b"".join(written), np.uint8), offsets)
