"""What the front of a model gives for each example, computed once and kept: in memory, or in a file.

The feeds are made, and the steps that read from them are traced, before anything is computed: a checkpoint or
another run may still change the front's weights. `KeptFeatures.fill` comes last.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from bigmodel_cli.errors import ResourceError
from bigmodel_cli.pipeline.bad_files import SkippedFiles
from bigmodel_cli.pipeline.dealing import Dealing
from bigmodel_cli.pipeline.decoded_disk import Slots
from bigmodel_cli.pipeline.decoded_folder import decoded_folder, make_room
from bigmodel_cli.pipeline.feed import Feed, FileFeed
from bigmodel_cli.pipeline.kept_feed import KeptFeed
from bigmodel_cli.pipeline.reader import Reader
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.base import Examples, SplitName
from bigmodel_cli.sources.image_files import ImageFileExamples

# Examples that the front gets at once: more where they are small.
MIN_BATCH, MAX_BATCH = 32, 256
BATCH_BYTES = 2**20
# Another way to write features gets another number, and with it other files.
_VERSION = "features 1"
_LABEL = "computing what does not learn"


@dataclass(frozen=True)
class Front:
    """The part of a model that is computed once.

    Attributes:
        run: Gives its output for a batch of raw features, whose size must always be the same.
        identity: Of everything that decides it, weights included.
    """

    run: Callable[[np.ndarray], np.ndarray]
    identity: str


@dataclass
class KeptFeatures:
    """What a front gives for the examples that every epoch sees.

    Attributes:
        parts: The examples, by split.
        raw: What one of them is.
        made: What the front makes of one.
        cache: Where that is kept.
    """

    parts: Mapping[SplitName, Examples]
    raw: Signature
    made: Signature
    cache: Literal["memory", "disk"]
    _places: dict[SplitName, _Place] = field(default_factory=dict)
    _slots: Slots | None = None

    def feeds(self, batch_size: int, *, oversample: bool, dealing: Dealing | None) -> dict[SplitName, Feed]:
        """Feeds of the features, which are zeros as yet; rare classes are repeated in training alone."""
        place: type[_Place] = _InMemory if self.cache == "memory" else _OnDisk
        start = 0
        for name, part in self.parts.items():
            how: dict[str, Any] = {"oversample": oversample and name == "train", "dealing": dealing}
            self._places[name] = place(part, self.made, start, batch_size, how)
            start += len(part)
        return {name: place.feed for name, place in self._places.items()}

    def fill(
        self,
        front: Front,
        skipped: SkippedFiles | None,
        progress: Callable[[str, int, int | None], None],
        warn: Callable[[str], None],
    ) -> None:
        """Compute all features, but for those that an earlier run left in the file.

        Args:
            front: With the weights that training begins with.
            skipped: Takes note of bad training files, for each of which another one stands in; None: such a
                file is an error.
            progress: Called with a label, the examples done, and their total.
            warn: Told where a disk takes no more.

        Raises:
            DataError: If an example cannot be read.
            ResourceError: If the disk is full.
        """
        if self.cache == "disk":
            self._slots = self._open(front, warn)
        total, done = sum(map(len, self.parts.values())), 0
        for name, place in self._places.items():
            missing = place.missing(self._slots)
            done += len(place.actual) - len(missing)
            of_training = skipped if name == "train" else None
            for wanted, given, features in _computed(place.examples, self.raw, front, missing, of_training):
                place.actual[wanted] = given
                place.put(given, features)
                done += len(wanted)
                progress(_LABEL, done, total)
            place.finish()

    def _open(self, front: Front, warn: Callable[[str], None]) -> Slots:
        digest = hashlib.sha256(f"{_VERSION}\n{front.identity}\n{self.made.dtype} {self.made.shape}".encode())
        for part in self.parts.values():
            digest.update(_identity(part).encode())
        path = decoded_folder() / f"{digest.hexdigest()}.decoded"
        count, item_bytes = sum(map(len, self.parts.values())), bytes_of(self.made)
        try:
            make_room(count * item_bytes, path)
            return Slots(path, _origin(self.parts["train"]), count, item_bytes, warn)
        except OSError as error:
            raise ResourceError(
                f"{path.parent}: {error.strerror or error}",
                hint="data.cache=memory keeps what was computed in memory, data.cache=none keeps nothing",
            ) from error

    def close(self) -> None:
        """Give back what is open; no feed may need it any more."""
        if self._slots is not None:
            self._slots.close()


def bytes_of(signature: Signature) -> int:
    """What one example takes."""
    return np.dtype(signature.dtype).itemsize * int(np.prod(signature.shape))


class _Place(ABC):
    """Where the features of one split are.

    Attributes:
        examples: What they are made of.
        feed: Yields them.
        actual: The example that stands in for each; itself but for those that cannot be read.
    """

    feed: Feed

    def __init__(
        self, examples: Examples, made: Signature, start: int, batch_size: int, how: dict[str, Any]
    ) -> None:
        self.examples = examples
        self.made = made
        self.start = start
        self.actual = np.arange(len(examples))
        self.feed = self._make_feed(batch_size, how)

    @abstractmethod
    def _make_feed(self, batch_size: int, how: dict[str, Any]) -> Feed: ...

    @abstractmethod
    def missing(self, slots: Slots | None) -> np.ndarray:
        """Which examples are still to be computed."""

    @abstractmethod
    def put(self, indices: np.ndarray, features: np.ndarray) -> None:
        """Keep the features of some examples."""

    @abstractmethod
    def finish(self) -> None:
        """All are there: let the feed have them."""


class _InMemory(_Place):
    def _make_feed(self, batch_size: int, how: dict[str, Any]) -> Feed:
        return KeptFeed(self.examples, batch_size, self.made, **how)

    def missing(self, slots: Slots | None) -> np.ndarray:
        self._features = np.empty((len(self.examples), *self.made.shape), self.made.dtype)
        return self.actual.copy()

    def put(self, indices: np.ndarray, features: np.ndarray) -> None:
        self._features[indices] = features

    def finish(self) -> None:
        assert isinstance(self.feed, KeptFeed)
        has_stand_ins = not np.array_equal(self.actual, np.arange(len(self.actual)))
        features = self._features[self.actual] if has_stand_ins else self._features
        self.feed.fill(features, self.examples.labels[self.actual])
        # The feed has its own copy.
        del self._features


class _OnDisk(_Place):
    def _make_feed(self, batch_size: int, how: dict[str, Any]) -> Feed:
        self._stored = _Stored(self)
        return FileFeed(self._stored, batch_size, self.made, **how)

    def missing(self, slots: Slots | None) -> np.ndarray:
        assert slots is not None
        self._slots = slots
        out = np.empty(self.made.shape, self.made.dtype)
        there = [slots.fetch(self.start + index, out) for index in range(len(self.actual))]
        return np.flatnonzero(~np.array(there, np.bool_))

    def put(self, indices: np.ndarray, features: np.ndarray) -> None:
        for index, one in zip(indices.tolist(), features, strict=True):
            self._slots.keep(self.start + index, one)

    def finish(self) -> None:
        assert isinstance(self.feed, FileFeed)
        self._stored.slots = self._slots
        self.feed.relabel(self.examples.labels[self.actual])


class _Stored(Examples):
    """The features of a split as they are read from the file; zeros until it is open."""

    def __init__(self, place: _OnDisk) -> None:
        self.labels = place.examples.labels
        self.slots: Slots | None = None
        self._place = place

    def take(self, indices: np.ndarray) -> Examples:
        raise NotImplementedError("the features of a split are kept as a whole")

    def read(self, index: int) -> np.ndarray:
        features = np.empty(self._place.made.shape, self._place.made.dtype)
        self.read_into(index, features)
        return features

    def read_into(self, index: int, out: np.ndarray) -> None:
        slot = self._place.start + int(self._place.actual[index])
        if self.slots is None:
            out[...] = 0
        elif not self.slots.fetch(slot, out):
            raise ResourceError(
                f"what was computed of {self.name(index)} is not to be had from {decoded_folder()}",
                hint="is the disk full or damaged? data.cache=memory or data.cache=none does without it",
            )

    def name(self, index: int) -> str:
        return self._place.examples.name(index)

    def fingerprint(self) -> str:
        return self._place.examples.fingerprint()


def _computed(
    examples: Examples, raw: Signature, front: Front, missing: np.ndarray, skipped: SkippedFiles | None
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Indices of some examples, of those that stand in for them, and the features of the latter."""
    size = min(MAX_BATCH, max(MIN_BATCH, BATCH_BYTES // max(1, bytes_of(raw))))
    batches = [missing[start : start + size] for start in range(0, len(missing), size)]
    reader = Reader(examples, raw, skips=skipped is not None)
    try:
        for number, wanted in enumerate(batches):
            reader.ahead(batches[number : number + 2])
            read = reader.take(wanted)
            if skipped is not None:
                for index, problem in read.problems.items():
                    skipped.add(examples.name(index), problem)
            # Batches of one size need one graph.
            filled = read.features
            if len(filled) < size:
                filled = np.resize(filled, (size, *filled.shape[1:]))
            yield wanted, read.indices, front.run(filled)[: len(wanted)]
    finally:
        reader.close()


def _identity(examples: Examples) -> str:
    """What decides the features of these examples, where in a file they are, and that they are these."""
    if not isinstance(examples, ImageFileExamples):
        return examples.fingerprint()
    positions = hashlib.sha256(examples.positions.tobytes()).hexdigest()
    return f"{examples.files.pixels_fingerprint} {positions}"


def _origin(examples: Examples) -> str:
    """What the file is made of, for `doctor`."""
    files = getattr(examples, "files", None)
    root = getattr(files, "root", None)
    return str(Path(root).resolve()) if root else examples.name(0)
