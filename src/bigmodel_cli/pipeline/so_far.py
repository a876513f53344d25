"""The text so far as an input: what a model that writes token by token gets beside what it is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np

from bigmodel_cli.config.naming import so_far_of
from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.kinds.subwords.kind import SubwordsKind
from bigmodel_cli.sources.base import Examples
from bigmodel_cli.sources.stores import CodedStore, TokenStore
from bigmodel_cli.tasks.task import Task
from bigmodel_cli.tasks.translation.task import Translation
from bigmodel_cli.vocabulary.rows import TokenRows


def kinds_so_far(tasks: Mapping[str, Task], inputs: Mapping[str, Kind]) -> dict[str, Kind]:
    """The inputs that targets which are searched for have beside the columns, by name.

    Raises:
        DataError: If a column has the name of one.
    """
    found: dict[str, Kind] = {}
    for name, task in tasks.items():
        if task.is_searched:
            if so_far_of(name) in inputs:
                raise DataError(
                    f"the column {so_far_of(name)!r} is called as the text so far of {name} is",
                    hint=f"rename it: columns: {{{name}_before: {{from: {so_far_of(name)}}}}}",
                )
            of_task = cast(Translation, task)
            found[so_far_of(name)] = SubwordsKind(of_task.length, of_task.vocabulary, name)
    return found


def store_so_far(examples: Examples, task: Translation, rows: TokenRows, texts: Sequence[str]) -> TokenStore:
    """Of each place of a target the token before it, at the first one that which begins a text.

    Args:
        examples: Whose target it is.
        task: Of the target.
        rows: The target.
        texts: The same as it is written.
    """
    before = np.roll(rows.ids, 1, axis=1)
    before[:, 0] = cast(int, task.vocabulary.begin)
    # As long as the target itself: what is behind its end is told from nothing.
    before = np.where(rows.ids == task.vocabulary.padding, rows.ids, before)
    first = next(iter(examples.inputs.values()))
    origin, positions = getattr(first, "origin", "text"), first.positions
    place_of: dict[str, int] = {}
    places = np.array([place_of.setdefault(text, len(place_of)) for text in texts], np.int32)
    written = CodedStore(places, tuple(place_of), origin, positions)
    return TokenStore(
        before,
        origin,
        positions,
        texts=written,
        counts=rows.counts,
        unknown=rows.unknown,
        has_any_length=True,
    )


def texts_of(examples: Examples, target: str) -> np.ndarray:
    """A target that is searched for, as it is written in the data, whatever was cut: objects (n,)."""
    texts = cast(TokenStore, examples.inputs[so_far_of(target)]).texts
    return texts.values_of(texts.gather(np.arange(len(examples))))
