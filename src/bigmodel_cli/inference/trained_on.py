"""How many examples of other data a run has learned from, by what they hold and not by their names."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.errors import BigmodelError
from bigmodel_cli.inference.opened import OpenRun
from bigmodel_cli.inference.run_data import load_splits
from bigmodel_cli.listener import Silent
from bigmodel_cli.sources.base import Examples
from bigmodel_cli.sources.files import Files
from bigmodel_cli.sources.stores import Store


def count_trained_on(opened: OpenRun, experiment: Experiment, examples: Examples) -> int | None:
    """How many of some examples are in the training split of a run.

    Args:
        opened: The run.
        experiment: Its config, which says where its data are.
        examples: Of other data.

    Returns:
        The count; None where it cannot be told: the run's data are gone or have changed, or only decoding
        all of them would tell.
    """
    try:
        train = load_splits(experiment, Silent(), offline=True).train
    except BigmodelError:
        return None
    recorded = opened.record.get("data", {}).get("splits", {}).get("train", {}).get("sha256")
    if train.fingerprint() != recorded:
        return None
    own, other = train.store.files, examples.store.files
    if own is not None and other is not None:
        return _same_files(_sized(train.store, own), _sized(examples.store, other))
    if own is not None or other is not None:
        return None
    known = set(_rows(train))
    return sum(row in known for row in _rows(examples))


def _same_files(train: Sequence[tuple[Path, int]], examples: Sequence[tuple[Path, int]]) -> int:
    """Files that are the same, or hold the same bytes; only those of equal size are read."""
    sizes = {size for _, size in train} & {size for _, size in examples}
    own, other = ([path for path, size in files if size in sizes] for files in (train, examples))
    # One file under two paths need not be read.
    places = {path.resolve() for path in own}
    unseen = [path for path in other if path.resolve() not in places]
    contents = {_content(path) for path in own} if unseen else set()
    return len(other) - len(unseen) + sum(_content(path) in contents for path in unseen)


def _sized(store: Store, files: Files) -> Sequence[tuple[Path, int]]:
    """Paths of the files of a column, each with its size."""
    assert store.positions is not None
    return [(files.path(position), int(files.sizes[position])) for position in store.positions.tolist()]


def _content(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()


def _rows(examples: Examples) -> Iterator[bytes]:
    """What tells the features of each example from others, whatever dtype they came in."""
    for index in range(len(examples)):
        features = np.ascontiguousarray(examples.read(index), np.float32)
        yield hashlib.blake2b(features.tobytes(), digest_size=16).digest()
