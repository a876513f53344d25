"""What the front of a model gives for each example, computed once and kept: in memory, or in a file.

The feeds are made, and the steps that read from them are traced, before anything is computed: a checkpoint or
another run may still change the front's weights. `KeptFeatures.fill` comes last.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from bigmodel_cli.errors import ResourceError
from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.pipeline.bad_files import SkippedFiles
from bigmodel_cli.pipeline.by_length import Cutting
from bigmodel_cli.pipeline.dealing import Dealing
from bigmodel_cli.pipeline.decoded_disk import Slots
from bigmodel_cli.pipeline.feed import Feed
from bigmodel_cli.pipeline.kept_places import InColumns, InMemory, OnDisk, Place
from bigmodel_cli.pipeline.reader import Reader
from bigmodel_cli.sources.base import Examples, SplitName, bare
from bigmodel_cli.sources.decoded_folder import decoded_folder, make_room

# Examples that the front gets at once: more where they are small.
MIN_BATCH, MAX_BATCH = 32, 256
# Of what is in memory already.
MAX_HELD_BATCH = 8192
BATCH_BYTES = 2**20
# Another way to write features gets another number, and with it other files.
_VERSION = "features 1"


@dataclass(frozen=True)
class Front:
    """The part of a model that is computed once.

    Attributes:
        run: Gives its outputs by name for a batch of the raw input, or of inputs by name; of always the same
            size.
        identity: Gives what stands for everything that decides it, weights included.
    """

    run: Callable[[Any], Mapping[str, np.ndarray]]
    identity: Callable[[], str]


@dataclass
class KeptFeatures:
    """What a front gives for the examples that every epoch sees.

    Attributes:
        parts: The examples, by split.
        made: What the front makes of one, by the names of its outputs; on disk there is room for one.
        cache: Where that is kept; `columns`: in files that end with the run, one for each output, of examples
            that are gathered at once.
        label: What computing it is called where progress is shown.
        cutting: Which outputs are cut where batches need less of them; None: none.
    """

    parts: Mapping[SplitName, Examples]
    made: Mapping[str, Kind]
    cache: Literal["memory", "disk", "columns"]
    label: str
    cutting: Cutting | None = None
    _places: dict[SplitName, Place] = field(default_factory=dict)
    _slots: Slots | None = None

    def feeds(
        self, batch_size: int, strata: np.ndarray | None, dealing: Dealing | None
    ) -> dict[SplitName, Feed]:
        """Feeds of the features, which are zeros as yet; rare groups are repeated in training alone."""
        places: dict[str, type[Place]] = {"memory": InMemory, "disk": OnDisk, "columns": InColumns}
        place = places[self.cache]
        start = 0
        for name, part in self.parts.items():
            how: dict[str, Any] = {"strata": strata if name == "train" else None, "dealing": dealing}
            if self.cutting is not None:
                how["any_order"] = name != "train"
            self._places[name] = place(part, self.made, start, batch_size, self.cutting, how)
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
            for wanted, given, features in computed(place.examples, front, missing, of_training):
                place.actual[wanted] = given
                place.take(given, features)
                done += len(wanted)
                progress(self.label, done, total)
            place.finish()

    def _open(self, front: Front, warn: Callable[[str], None]) -> Slots:
        (made,) = self.made.values()
        digest = hashlib.sha256(f"{_VERSION}\n{front.identity()}\n{made.dtype} {made.shape}".encode())
        for part in self.parts.values():
            digest.update(_identity(part).encode())
        path = decoded_folder() / f"{digest.hexdigest()}.decoded"
        count, item_bytes = sum(map(len, self.parts.values())), made.num_bytes
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


def computed(
    examples: Examples, front: Front, missing: np.ndarray, skipped: SkippedFiles | None
) -> Iterator[tuple[np.ndarray, np.ndarray, Mapping[str, np.ndarray]]]:
    """Features of some examples, batch by batch, all but the last one of the same size.

    Args:
        examples: Of a split.
        front: Computes them.
        missing: Which examples, int64 places.
        skipped: As for `KeptFeatures.fill`.

    Yields:
        Places of examples, of those that stand in for them, and the features of the latter by name.
    """
    are_held = all(store.gathers for store in examples.inputs.values())
    for size, wanted, given, columns in (_held if are_held else _read)(examples, missing, skipped):
        # Batches of one size need one graph.
        filled = {
            name: column if len(column) == size else np.resize(column, (size, *column.shape[1:]))
            for name, column in columns.items()
        }
        yield wanted, given, {name: values[: len(wanted)] for name, values in front.run(bare(filled)).items()}


_Batches = Iterator[tuple[int, np.ndarray, np.ndarray, Mapping[str, np.ndarray]]]


def _held(examples: Examples, missing: np.ndarray, _: SkippedFiles | None) -> _Batches:
    """Batches of what is gathered at once, with their full size."""
    value_bytes = sum(store.value_bytes for store in examples.inputs.values())
    size = min(MAX_HELD_BATCH, max(MIN_BATCH, BATCH_BYTES // max(1, value_bytes)), max(1, len(missing)))
    for start in range(0, len(missing), size):
        wanted = missing[start : start + size]
        columns = {name: store.values_of(store.gather(wanted)) for name, store in examples.inputs.items()}
        yield size, wanted, wanted, columns


def _read(examples: Examples, missing: np.ndarray, skipped: SkippedFiles | None) -> _Batches:
    """Batches of what is read by threads, with their full size; what can be gathered at once is."""
    gathered = {name: store for name, store in examples.inputs.items() if store.gathers}
    single = {name: store for name, store in examples.inputs.items() if name not in gathered}
    reader = Reader(single, skips=skipped is not None)
    size = min(MAX_BATCH, max(MIN_BATCH, BATCH_BYTES // max(1, reader.example_bytes)))
    batches = [missing[start : start + size] for start in range(0, len(missing), size)]
    try:
        for number, wanted in enumerate(batches):
            reader.ahead(batches[number : number + 2])
            read = reader.take(wanted)
            if skipped is not None:
                for index, problem in read.problems.items():
                    skipped.add(examples.name(index), problem)
            others = {name: store.values_of(store.gather(read.indices)) for name, store in gathered.items()}
            yield size, wanted, read.indices, {**read.columns, **others}
    finally:
        reader.close()


def _identity(examples: Examples) -> str:
    """What decides the features of these examples, where in a file they are, and that they are these."""
    store = examples.store
    if store.files is None or store.positions is None:
        return examples.fingerprint()
    return f"{store.files.decoded_fingerprint} {hashlib.sha256(store.positions.tobytes()).hexdigest()}"


def _origin(examples: Examples) -> str:
    """What the file is made of, for `doctor`."""
    files = examples.store.files
    return examples.name(0) if files is None else str(files.root.resolve())
