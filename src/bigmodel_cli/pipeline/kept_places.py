"""Where the features of a split are kept: in memory, in files that end with the run, or in one that stays."""

from __future__ import annotations

import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, BinaryIO

import numpy as np

from bigmodel_cli.errors import ResourceError
from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.pipeline.by_length import Cutting, TextFeed
from bigmodel_cli.pipeline.decoded_disk import Slots
from bigmodel_cli.pipeline.feed import Feed
from bigmodel_cli.sources.base import Examples
from bigmodel_cli.sources.decoded_folder import decoded_folder
from bigmodel_cli.sources.stores import ArrayStore, MappedStore, Store, Wrapped


class Place(ABC):
    """Where the features of one split are.

    Attributes:
        examples: What they are made of.
        feed: Yields them.
        actual: The example that stands in for each; itself but for those that cannot be read.
    """

    def __init__(
        self,
        examples: Examples,
        made: Mapping[str, Kind],
        start: int,
        batch_size: int,
        cutting: Cutting | None,
        how: dict[str, Any],
    ) -> None:
        self.examples = examples
        self.made = made
        self.start = start
        self.actual = np.arange(len(examples))
        self._files: dict[str, BinaryIO] = {}
        inputs = {name: self._make_store(name, kind) for name, kind in made.items()}
        kept = replace(examples, inputs=inputs, beside={})
        self._cutting = cutting
        if cutting is None:
            self.feed = Feed(kept, batch_size, **how)
            return
        self.feed = TextFeed(kept, batch_size, cutting=cutting, **how)
        self._needed = np.zeros((len(cutting.groups), len(examples)), np.int32)

    def take(self, indices: np.ndarray, features: Mapping[str, np.ndarray]) -> None:
        """Keep the features of some examples, and how many places of them are needed."""
        self.put(indices, features)
        if self._cutting is not None:
            targets = {name: labels[indices] for name, labels in self.examples.targets.items()}
            self._needed[:, indices] = self._cutting.places(features, targets)

    @abstractmethod
    def _make_store(self, name: str, made: Kind) -> Store:
        """Zeros, which are enough to trace steps and to measure them."""

    @abstractmethod
    def missing(self, slots: Slots | None) -> np.ndarray:
        """Which examples are still to be computed."""

    @abstractmethod
    def put(self, indices: np.ndarray, features: Mapping[str, np.ndarray]) -> None:
        """Keep the features of some examples."""

    def finish(self) -> None:
        """All are there: let the feed have them."""
        self.feed.stand_ins = self.actual
        if isinstance(self.feed, TextFeed):
            self.feed.know(self._needed)


class InMemory(Place):
    """All at once, as the feed gathers columns that are in memory."""

    def _make_store(self, name: str, made: Kind) -> Store:
        # Takes no memory.
        zeros = np.broadcast_to(np.zeros((), made.dtype), (len(self.examples), *made.shape))
        return ArrayStore(zeros, "features")

    def missing(self, slots: Slots | None) -> np.ndarray:
        count = len(self.examples)
        self._features = {
            name: np.empty((count, *made.shape), made.dtype) for name, made in self.made.items()
        }
        return self.actual.copy()

    def put(self, indices: np.ndarray, features: Mapping[str, np.ndarray]) -> None:
        for name, values in features.items():
            self._features[name][indices] = values

    def finish(self) -> None:
        super().finish()
        self.feed.hold(self._features)
        # The feed has its own copy.
        del self._features


class InColumns(Place):
    """Of rows, whose features are small and many: read as batches need them, like spilled columns."""

    def _make_store(self, name: str, made: Kind) -> Store:
        # Without a name: the disk is free once nobody has it open, however the process ends.
        with _naming_disk():
            decoded_folder().mkdir(parents=True, exist_ok=True)
            file = tempfile.TemporaryFile(dir=decoded_folder())  # noqa: SIM115
            count = len(self.examples)
            file.truncate(count * made.num_bytes)
            self._files[name] = file
            mapped = np.memmap(file, made.dtype, "r+", shape=(count, *made.shape))
        return MappedStore(mapped, "features", np.arange(count))

    def missing(self, slots: Slots | None) -> np.ndarray:
        return self.actual.copy()

    def put(self, indices: np.ndarray, features: Mapping[str, np.ndarray]) -> None:
        # What is gathered comes in order. A mapped page that finds no room would end the process.
        with _naming_disk():
            for name, values in features.items():
                file = self._files[name]
                file.seek(int(indices[0]) * self.made[name].num_bytes)
                file.write(np.ascontiguousarray(values).reshape(-1).view(np.uint8).data)
                file.flush()


@contextmanager
def _naming_disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ResourceError(
            f"{decoded_folder()}: {error.strerror or error}",
            hint="data.cache=none keeps nothing of what preprocessing gives",
        ) from error


class OnDisk(Place):
    """In slots of a file, one example each, which a later run finds again."""

    def _make_store(self, name: str, made: Kind) -> Store:
        self._stored = _Stored(self.examples, made, self.start)
        return self._stored

    def missing(self, slots: Slots | None) -> np.ndarray:
        assert slots is not None
        self._slots = slots
        (made,) = self.made.values()
        out = np.empty(made.shape, made.dtype)
        there = [slots.fetch(self.start + index, out) for index in range(len(self.actual))]
        return np.flatnonzero(~np.array(there, np.bool_))

    def put(self, indices: np.ndarray, features: Mapping[str, np.ndarray]) -> None:
        (values,) = features.values()
        for index, one in zip(indices.tolist(), values, strict=True):
            self._slots.keep(self.start + index, one)

    def finish(self) -> None:
        super().finish()
        self._stored.slots = self._slots


class _Stored(Wrapped):
    """The features of a split as they are read from the file, from a slot on; zeros until it is open."""

    def __init__(self, examples: Examples, made: Kind, start: int) -> None:
        super().__init__(next(iter(examples.inputs.values())))
        self.slots: Slots | None = None
        self._made = made
        self._start = start

    @property
    def shape(self) -> tuple[int, ...]:
        return self._made.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(self._made.dtype)

    def read_into(self, index: int, out: np.ndarray) -> None:
        if self.slots is None:
            out[...] = 0
        elif not self.slots.fetch(self._start + index, out):
            raise ResourceError(
                f"what was computed of {self.name(index)} is not to be had from {decoded_folder()}",
                hint="is the disk full or damaged? data.cache=memory or data.cache=none does without it",
            )
