"""Examples that are put together of others: recordings one behind the other, with what is said in them.

Strings are made once splits are cut, so that no recording is in two of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bigmodel_cli.errors import DataError
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.sources.base import Examples, SplitName
from bigmodel_cli.sources.files import Files, FileStore, JoinedFiles
from bigmodel_cli.sources.options import SourceOptions
from bigmodel_cli.sources.strings_option import Strings

_BETWEEN = " + "


def strung(splits: Splits, options: SourceOptions, seed: int) -> Splits:
    """The splits with strings of their examples, where the source asks for such; others stay as they are.

    Args:
        splits: As they were cut, targets still texts.
        options: Of their source.
        seed: Strings are a function of it, and of the split.

    Raises:
        DataError: If examples are nothing that is put together, or strings are longer than an example.
    """
    asked = options.put_together
    if asked is None:
        return splits
    of_split = {name: _parts_of(part, asked) for name, part in splits.parts.items()}
    share = asked.count / len(splits.parts.get("train", next(iter(splits.parts.values()))))
    drawn = {
        name: _drawn(parts, asked, max(1, round(share * len(parts.texts))), [seed, number])
        for number, (name, parts) in enumerate(sorted(of_split.items()))
    }
    _check_room(of_split, drawn)
    files = _joined(of_split, drawn)
    made: dict[SplitName, Examples] = {}
    first = 0
    for name, strings in drawn.items():
        parts = of_split[name]
        store = FileStore(files, np.arange(first, first + len(strings)))
        texts = np.array([" ".join(parts.texts[row] for row in rows) for rows in strings], object)
        firsts = np.array([rows[0] for rows in strings])
        beside = {name: one.take(firsts) for name, one in splits.parts[name].beside.items()}
        made[name] = Examples({parts.column: store}, {parts.target: texts}, beside)
        first += len(strings)
    # What a task has learnt of parts is not what it learns of strings.
    known = splits.signature.targets
    if "train" in made:
        known = {name: task.fitted(made["train"].targets[name]) for name, task in known.items()}
    return replace(
        splits,
        parts={name: made[name] for name in splits.parts},
        signature=replace(splits.signature, targets=known),
    )


@dataclass(frozen=True, eq=False)
class _Parts:
    """The examples of a split.

    Attributes:
        column, target: What they are called.
        store: Their files.
        texts: Their targets.
        groups: Of each a number, which is that of all that may stand in a string with it.
    """

    column: str
    target: str
    store: FileStore
    texts: Sequence[str]
    groups: np.ndarray


def _parts_of(examples: Examples, asked: Strings) -> _Parts:
    (column, store), *inputs = examples.inputs.items()
    (target, texts), *targets = examples.targets.items()
    if inputs or targets or not isinstance(store, FileStore) or texts.dtype.kind != "O":
        raise DataError(
            "strings are put together of one column of files, such as sounds, and their transcripts",
            hint="leave the other columns out: columns: {NAME: ignore}",
        )
    return _Parts(column, target, store, texts.tolist(), _groups(examples, asked.within))


def _groups(examples: Examples, within: str | None) -> np.ndarray:
    if within is None:
        return np.zeros(len(examples), np.int64)
    store = examples.beside[within]
    values = [str(store.read(row)) for row in range(len(store))]
    return np.unique(values, return_inverse=True)[1]


def _drawn(parts: _Parts, asked: Strings, count: int, seed: Sequence[int]) -> list[list[int]]:
    """Rows of strings: the group of a string is that of a row, so that each comes as often as it has rows."""
    random = np.random.default_rng(seed)
    members = [np.flatnonzero(parts.groups == group) for group in range(parts.groups.max() + 1)]
    firsts = random.integers(0, len(parts.groups), count)
    lengths = random.integers(asked.length[0], asked.length[1] + 1, count)
    return [
        random.choice(members[parts.groups[first]], length).tolist()
        for first, length in zip(firsts.tolist(), lengths.tolist(), strict=True)
    ]


def _check_room(of_split: Mapping[SplitName, _Parts], drawn: Mapping[SplitName, list[list[int]]]) -> None:
    """Raises:
    DataError: If a string is cut, so that its text would say what is not there.
    """
    longest = 0.0
    for name, strings in drawn.items():
        store = of_split[name].store
        files = store.files
        shares = [files.read.share(files.read.look(files.path(place))) for place in store.positions.tolist()]
        longest = max(longest, max(sum(shares[row] for row in rows) for rows in strings))
    if longest > 1:
        raise DataError(
            f"strings: the longest is {longest:.2f} times as long as an example",
            hint=f"make room for it: seconds times {longest + 0.005:.2f}, or shorter strings",
        )


def _joined(of_split: Mapping[SplitName, _Parts], drawn: Mapping[SplitName, list[list[int]]]) -> JoinedFiles:
    """All strings of all splits as files."""
    places = [
        [int(of_split[name].store.positions[row]) for row in rows]
        for name, strings in drawn.items()
        for rows in strings
    ]
    files: Files = next(iter(of_split.values())).store.files
    parts: list[list[Path]] = [[files.path(place) for place in of_one] for of_one in places]
    return JoinedFiles(
        files.root,
        [_BETWEEN.join(files.paths[place] for place in of_one) for of_one in places],
        np.array([files.sizes[of_one].sum() for of_one in places], np.int64),
        np.array([files.modified[of_one].max() for of_one in places], np.int64),
        files.kind,
        parts,
    )
