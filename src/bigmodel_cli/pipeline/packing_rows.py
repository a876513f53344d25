"""Writes rows into a file for each column, which training reads without looking at the table again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from bigmodel_cli.signature import signature_as_json, slugs
from bigmodel_cli.sources.base import Examples, Source
from bigmodel_cli.sources.packed import INDEX
from bigmodel_cli.sources.packed_rows import (
    BESIDE,
    VERSION,
    WITH_GAPS,
    beside_slug,
    column_file,
    joined_texts,
    known_file,
    target_file,
    weights_file,
)
from bigmodel_cli.sources.stores import Store
from bigmodel_cli.whole_files import naming_target, sha256_of, whole_place, write_sealed

# Values that are written at once.
_BLOCK = 1 << 20


def pack_rows(source: Source, folder: Path, progress: Callable[[str, int, int | None], None]) -> list[str]:
    """Pack a source of rows; the index comes last, and until then the folder is no packed data.

    Args:
        source: What to pack: its own splits, whole.
        folder: Where.
        progress: Called with a label, the columns done, and their total.

    Returns:
        The names of the files.

    Raises:
        DataError: If a value cannot be read.
        ResourceError: If the disk is full.
    """
    names: list[str] = []
    beside = sorted({name for part in source.splits.values() for name in part.beside})
    columns = [
        (part.inputs[name], split, slug)
        for split, part in source.splits.items()
        for name, slug in source.signature.slugs.items()
    ]
    columns += [
        (part.beside[name], split, beside_slug(slug))
        for split, part in source.splits.items()
        for name, slug in slugs(beside).items()
    ]
    for done, (store, split, slug) in enumerate(columns, 1):
        names += _write_column(store, folder, split, slug)
        progress("packing", done, len(columns))
    for split, part in source.splits.items():
        names += _write_others(part, folder, split)
    files = {
        name: {"bytes": (folder / name).stat().st_size, "sha256": sha256_of(folder / name)} for name in names
    }
    write_sealed(
        folder / INDEX,
        {
            # An earlier bigmodel would take what is missing for values.
            "version": WITH_GAPS if any(part.known for part in source.splits.values()) else VERSION,
            "signature": signature_as_json(source.signature),
            "examples": {split: len(part) for split, part in source.splits.items()},
            "skipped": source.num_skipped,
            BESIDE: beside,
            "shards": [],
            "files": files,
        },
    )
    return names


def _write_column(store: Store, folder: Path, split: str, slug: str) -> Iterator[str]:
    dtype = np.dtype(np.int32) if store.names is not None else store.dtype
    name = column_file(split, slug)
    with whole_place(folder / name) as place, naming_target(folder / name):
        array = np.lib.format.open_memmap(place, "w+", dtype, (len(store), *store.shape))
        for start in range(0, len(store), _BLOCK if store.gathers else 1):
            rows = np.arange(start, min(start + _BLOCK, len(store)))
            if store.gathers:
                array[rows] = store.gather(rows)
            else:
                array[start] = store.read(start)
        array.flush()
        del array
    yield name
    if store.names is not None:
        content, ends = joined_texts(store.names)
        yield _write_array(folder, column_file(split, slug, "texts"), content)
        yield _write_array(folder, column_file(split, slug, "ends"), ends)


def _write_others(part: Examples, folder: Path, split: str) -> Iterator[str]:
    for name, slug in slugs(part.targets).items():
        yield _write_array(folder, target_file(split, slug), part.targets[name])
        if name in part.known:
            yield _write_array(folder, known_file(split, slug), part.known[name])
    if part.weights is not None:
        yield _write_array(folder, weights_file(split), part.weights)


def _write_array(folder: Path, name: str, array: np.ndarray) -> str:
    with whole_place(folder / name) as place, place.open("wb") as file:
        np.save(file, array, allow_pickle=False)
    return name
