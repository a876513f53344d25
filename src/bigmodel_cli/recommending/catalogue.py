"""The items and users that a run knows, with their vectors, as its folder keeps them.

Arrays are files of their own, which are mapped into memory: who asks for one user reads no others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Sized
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

from bigmodel_cli.errors import DataError, UsageError
from bigmodel_cli.interactions import Had
from bigmodel_cli.recommending.columns import Column
from bigmodel_cli.recommending.names import Names
from bigmodel_cli.recommending.newcomers import fitted
from bigmodel_cli.run_folder import PIECE_HINT, RunFolder
from bigmodel_cli.whole_files import read_sealed, write_sealed, write_whole

_VERSION = 1
# Files of less are read, which takes no longer than mapping them; empty ones cannot be mapped.
_WORTH_MAPPING = 2**16
_OF_HAD = ("starts", "items")


@dataclass(frozen=True)
class Catalogue:
    """What is known of items and users as of the end of training.

    What an item scores for a user is the product of their vectors, and what it has beforehand.

    Attributes:
        user_column: What users are called.
        item_column: What items are called.
        items: Their names.
        item_vectors: Float32 (m, d).
        prior: What each item has beforehand, float32 (m,); zeros, where nothing is known of them all.
        counts: In how many rows of training each item is, int64 (m,).
        users: Names of those who are in the training split.
        user_vectors: Float32 (n, d).
        had: The items that each user had in training.
        columns: What is known of items, by the column's name.
        leaves_out_seen: Whether what a user had is left out, where nobody says whether.
    """

    user_column: str
    item_column: str
    items: Names
    item_vectors: np.ndarray
    prior: np.ndarray
    counts: np.ndarray
    users: Names
    user_vectors: np.ndarray
    had: Had
    columns: Mapping[str, Column] = field(default_factory=dict)
    leaves_out_seen: bool = True

    def arrays(self) -> dict[str, np.ndarray]:
        """All arrays of it, by the names of their files."""
        columns = {f"column_{number}": column for number, column in enumerate(self.columns.values(), 1)}
        parts = {
            "item": self.items.arrays(),
            "user": self.users.arrays(),
            "had": {part: getattr(self.had, part) for part in _OF_HAD},
            **{name: column.arrays() for name, column in columns.items()},
        }
        return {
            "item_vectors": self.item_vectors,
            "item_prior": self.prior,
            "item_counts": self.counts,
            "user_vectors": self.user_vectors,
            **{f"{name}_{part}": array for name, arrays in parts.items() for part, array in arrays.items()},
        }

    @cached_property
    def for_newcomers(self) -> np.ndarray:
        """The map by which somebody new gets a vector, as `newcomers.fitted` gives it."""
        return fitted(self.had, self.item_vectors, self.user_vectors)

    def shape(self) -> dict[str, int]:
        """How many there are of what."""
        return {
            "items": len(self.items),
            "users": len(self.users),
            "dimensions": int(self.item_vectors.shape[1]),
        }

    def with_items(
        self, names: Sequence[str], vectors: np.ndarray, columns: Mapping[str, Column]
    ) -> Catalogue:
        """The same with items that nobody had.

        Args:
            names: Theirs.
            vectors: Float32 (k, d).
            columns: What is known of them, as far as it is.
        """
        count = len(names)
        # Of those that are known, one that nobody had lately has the least beforehand.
        least = self.prior.min(initial=np.inf) if len(self.prior) else 0
        return replace(
            self,
            items=Names.of([*self.items, *names]),
            item_vectors=np.concatenate([self.item_vectors, vectors]),
            prior=np.append(self.prior, np.full(count, least, np.float32)),
            counts=np.append(self.counts, np.zeros(count, self.counts.dtype)),
            columns={
                name: column.followed_by(columns.get(name), count) for name, column in self.columns.items()
            },
        )


def write_catalogue(run: RunFolder, catalogue: Catalogue) -> None:
    """Write what a run keeps: each file whole, and last the one that says what they are.

    Raises:
        ResourceError: If the disk is full or the folder cannot be written.
    """
    for name, array in catalogue.arrays().items():
        write_whole(run.catalogue_array(name), _saving(array))
    write_sealed(
        run.catalogue,
        {
            "schema_version": _VERSION,
            "user_column": catalogue.user_column,
            "item_column": catalogue.item_column,
            **catalogue.shape(),
            "columns": list(catalogue.columns),
            "leaves_out_seen": catalogue.leaves_out_seen,
        },
    )


def _saving(array: np.ndarray) -> Callable[[Path], None]:
    return lambda path: np.save(path, np.ascontiguousarray(array), allow_pickle=False)


def open_catalogue(run: RunFolder) -> Catalogue:
    """What a run keeps, of which no more is read than is asked for.

    Raises:
        DataError: If it is missing or damaged.
    """
    told = read_sealed(run.require(run.catalogue))
    if told.get("schema_version") != _VERSION:
        raise DataError(
            f"{run.catalogue}: its schema_version is {told.get('schema_version')}; this bigmodel knows "
            f"{_VERSION}",
            hint="pip install --upgrade bigmodel-cli",
        )
    columns = {
        name: Column.of_arrays(_opened(run, f"column_{number}", Column.PARTS))
        for number, name in enumerate(told["columns"], 1)
    }
    items, users, had = (
        _opened(run, name, parts)
        for name, parts in (
            ("item", ("vectors", "prior", "counts", *Names.PARTS)),
            ("user", ("vectors", *Names.PARTS)),
            ("had", _OF_HAD),
        )
    )
    catalogue = Catalogue(
        user_column=told["user_column"],
        item_column=told["item_column"],
        items=Names.of_arrays(items),
        item_vectors=items["vectors"],
        prior=items["prior"],
        counts=items["counts"],
        users=Names.of_arrays(users),
        user_vectors=users["vectors"],
        had=Had(had["starts"], had["items"]),
        columns=columns,
        leaves_out_seen=told.get("leaves_out_seen", True),
    )
    _check(run, catalogue, told)
    return catalogue


def catalogue_of(run: RunFolder) -> Catalogue:
    """The same of a run that a user named.

    Raises:
        UsageError: If it has none, since its model retrieves nothing.
        DataError: As `open_catalogue`.
    """
    if not run.expects(run.catalogue):
        raise UsageError(
            f"{run.title}: keeps no items to recommend: no target of its model is retrieved",
            hint="target: {item: {retrieve: {user: user}}} makes such a run",
        )
    return open_catalogue(run)


def _check(run: RunFolder, catalogue: Catalogue, told: Mapping[str, Any]) -> None:
    """Raises:
    DataError: If arrays are not of the number that is told, or point to what there is not.
    """
    of_items: Sequence[Sized] = (catalogue.item_vectors, catalogue.prior, catalogue.counts, catalogue.items)
    of_users: Sequence[Sized] = (catalogue.user_vectors, catalogue.had, catalogue.users)
    columns = catalogue.columns.values()
    fits = (
        catalogue.shape() == {name: told[name] for name in catalogue.shape()}
        and all(len(one) == told["items"] for one in (*of_items, *columns))
        and all(len(one) == told["users"] for one in of_users)
        and catalogue.user_vectors.shape[1] == told["dimensions"]
        and _point_inside(catalogue)
    )
    if not fits:
        raise DataError(
            f"{run.catalogue}: damaged: its arrays are not those that it tells of", hint=PIECE_HINT
        )


def _point_inside(catalogue: Catalogue) -> bool:
    """Whether numbers are of what there is; of vectors and letters any bytes are some."""
    columns = catalogue.columns.values()
    names = [catalogue.items, catalogue.users, *(column.values for column in columns)]
    starts = [
        (catalogue.had.starts, len(catalogue.had.items)),
        *((one.starts, len(one.letters)) for one in names),
        *((column.starts, len(column.codes)) for column in columns),
    ]
    numbers = [
        (catalogue.had.items, len(catalogue.items)),
        *((one.order, len(one)) for one in names),
        *((column.codes, len(column.values)) for column in columns),
    ]
    return all(
        begins[0] == 0 and begins[-1] == end and (begins[1:] >= begins[:-1]).all() for begins, end in starts
    ) and all(found.min(initial=0) >= 0 and found.max(initial=-1) < count for found, count in numbers)


def _opened(run: RunFolder, name: str, parts: Sequence[str]) -> dict[str, np.ndarray]:
    """Arrays of a run's catalogue, by the last part of their names."""
    found = {}
    for part in parts:
        path = run.require(run.catalogue_array(f"{name}_{part}"))
        mode: Literal["r"] | None = "r" if path.stat().st_size > _WORTH_MAPPING else None
        try:
            found[part] = np.asarray(np.load(path, mmap_mode=mode, allow_pickle=False))
        except (OSError, ValueError, EOFError) as error:
            raise DataError(f"{path}: damaged: {error}", hint=PIECE_HINT) from None
    return found
