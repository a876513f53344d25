"""Examples that are there more than once, exactly or nearly, and what that means for training."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bigmodel_cli.audit.measured import Measured
from bigmodel_cli.audit.near import Pair


@dataclass(frozen=True)
class Group:
    """Examples that are the same.

    Attributes:
        members: Their numbers among those that were measured, from the first on.
        differ: The targets under which they do not all have the same label.
        splits: The splits that they are in.
    """

    members: tuple[int, ...]
    differ: frozenset[str]
    splits: frozenset[str]

    @property
    def labels_differ(self) -> bool:
        """Whether they do not all have the same labels."""
        return bool(self.differ)

    @property
    def is_leak(self) -> bool:
        """Whether what a model is measured by is among what it learns from."""
        return "train" in self.splits and len(self.splits) > 1

    @property
    def joins_held_out(self) -> bool:
        """Whether validation and test share an example that training does not see."""
        return "train" not in self.splits and len(self.splits) > 1


def exact_groups(measured: Measured, labels: Mapping[str, np.ndarray]) -> list[Group]:
    """Examples with the same bytes.

    Args:
        measured: All that were read.
        labels: By target, of shape (n, …), in their order.
    """
    by_digest: dict[bytes, list[int]] = {}
    for number, digest in enumerate(measured.digests):
        by_digest.setdefault(digest, []).append(number)
    return [_group(members, measured, labels) for members in by_digest.values() if len(members) > 1]


def representatives(measured: Measured, exact: Sequence[Group]) -> np.ndarray:
    """One of each group of exact copies, and all others: int64 numbers in ascending order."""
    is_copy = np.zeros(len(measured), np.bool_)
    for group in exact:
        is_copy[list(group.members[1:])] = True
    return np.flatnonzero(~is_copy)


def near_groups(
    pairs: Sequence[Pair], exact: Sequence[Group], measured: Measured, labels: Mapping[str, np.ndarray]
) -> list[Group]:
    """Examples that show the same, by pairs of representatives; their exact copies belong to them."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if not pairs:
        return []
    firsts, seconds = (np.array([getattr(pair, end) for pair in pairs]) for end in ("first", "second"))
    size = len(measured)
    edges = coo_array((np.ones(len(pairs), np.int8), (firsts, seconds)), shape=(size, size))
    _, component = connected_components(edges, directed=False)
    copies = {group.members[0]: group.members for group in exact}
    members: dict[int, set[int]] = {}
    for number in sorted({*firsts.tolist(), *seconds.tolist()}):
        members.setdefault(int(component[number]), set()).update(copies.get(number, (number,)))
    return [_group(sorted(each), measured, labels) for each in members.values()]


def _group(members: Iterable[int], measured: Measured, labels: Mapping[str, np.ndarray]) -> Group:
    numbers = tuple(members)
    splits = frozenset(measured.split_of(number) for number in numbers)
    differ = (name for name, each in labels.items() if len(np.unique(each[list(numbers)], axis=0)) > 1)
    return Group(numbers, frozenset(differ), splits)
