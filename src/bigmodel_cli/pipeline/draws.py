"""Parts of recordings that training draws anew in each epoch.

What is drawn travels in the order of an epoch, as a number beside that of the example, so that whoever reads
ahead, deals or goes on reads the same part.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bigmodel_cli.sources.base import Examples
from bigmodel_cli.sources.files import Files
from bigmodel_cli.sources.stores import Store, Wrapped

# From the first part of a recording to its last one.
_PARTS = 1 << 20
# What is not known of a file yet.
_UNKNOWN = -1.0


def with_draws(order: np.ndarray, num_examples: int, *, seed: int, epoch: int) -> np.ndarray:
    """The examples of an epoch, each with a draw of its own: as many times their number more.

    Args:
        order: int64 of shape (n,).
        num_examples: How many there are.
        seed: Of the experiment.
        epoch: From 1.
    """
    drawn = np.random.default_rng([seed, epoch, 2]).integers(1, _PARTS + 1, len(order))
    found: np.ndarray = order + drawn * num_examples
    return found


def are_drawn(examples: Examples) -> bool:
    """Whether training draws parts of longer recordings."""
    return any(store.files is not None and store.files.draws for store in examples.inputs.values())


def drawing(examples: Examples, kept: Examples) -> Examples:
    """Examples whose numbers may have a draw with them.

    Args:
        examples: As they are.
        kept: The same, decoded once each where they are kept.
    """
    return replace(
        kept,
        inputs={
            name: store if store.gathers else DrawnStore(store, examples.inputs[name])
            for name, store in kept.inputs.items()
        },
    )


def settled(examples: Examples) -> Examples:
    """The same examples, of which nothing is drawn."""
    return examples.with_inputs(lambda store: _Settled(store) if store.files is not None else store)


class DrawnStore(Wrapped):
    """Files of which a part is drawn where they are longer than what is taken.

    Args:
        store: Gives what is taken of them elsewhere, kept or not.
        source: The files themselves; or anything else of which nothing is drawn.
    """

    draws = True

    def __init__(self, store: Store, source: Store) -> None:
        super().__init__(store)
        self._files: Files | None = source.files if source.files is not None and source.files.draws else None
        self._positions = source.positions
        # Of each file the seconds that are left out.
        self._room = np.full(len(source), _UNKNOWN)

    def read_into(self, index: int, out: np.ndarray) -> None:
        drawn, row = divmod(index, len(self))
        room = self._room_of(row) if drawn else 0.0
        if self._files is None or not room:
            self.store.read_into(row, out)
            return
        assert self._positions is not None
        path = self._files.path(int(self._positions[row]))
        out[...] = self._files.read.part(path, room * (drawn - 1) / (_PARTS - 1)).array

    def _room_of(self, row: int) -> float:
        if self._files is None:
            return 0.0
        if self._room[row] == _UNKNOWN:
            assert self._positions is not None
            told = self._files.read.look(self._files.path(int(self._positions[row])))
            self._room[row] = self._files.read.room(told)
        return float(self._room[row])


class _Settled(Wrapped):
    """Files that are read as they are read outside of training."""

    def read_into(self, index: int, out: np.ndarray) -> None:
        self.store.read_into(index, out)

    def take(self, indices: np.ndarray) -> Store:
        return _Settled(self.store.take(indices))
