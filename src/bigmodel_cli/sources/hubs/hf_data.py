"""A data set of Hugging Face's datasets: from a folder, or by name from its cache or its hub."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bigmodel_cli.config.spelling import closest
from bigmodel_cli.cut import some
from bigmodel_cli.errors import DataError
from bigmodel_cli.network import Offline, connections
from bigmodel_cli.sources.hubs.choosing import DataSet
from bigmodel_cli.sources.hubs.column_types import Classes
from bigmodel_cli.sources.hubs.extras import library
from bigmodel_cli.sources.hubs.hf_features import columns_of
from bigmodel_cli.sources.hubs.hf_rows import HfRows

_OFFLINE = ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE")
_FILES = {".parquet": "parquet", ".arrow": "arrow"}
# By which a folder is recognised that `save_to_disk` has written.
_SAVED = ("dataset_dict.json", "state.json")


def open_path(path: Path, config: str | None, cache_dir: Path | None) -> DataSet:
    """What a folder or a file has.

    Args:
        path: A folder that `save_to_disk` has written, or one with files that datasets reads; or such a file.
        config: Which of several variants.
        cache_dir: Where Arrow files are kept that are made of others.

    Raises:
        DataError: If it is not there, or cannot be read.
    """
    if not path.exists():
        raise DataError(f"hf: {path}: no such file or folder")
    if path.is_file() and path.suffix not in _FILES:
        raise DataError(f"hf: {path}: expected a folder, or a file with the suffix {' or '.join(_FILES)}")
    datasets = _datasets(offline=True)
    # What is cached, the library finds by the name and the time of each file.
    place = str(path.resolve())
    with _held(datasets, offline=True):
        try:
            if any((path / name).is_file() for name in _SAVED):
                found = datasets.load_from_disk(place)
            elif path.is_file():
                found = datasets.load_dataset(
                    _FILES[path.suffix], data_files=place, cache_dir=_text(cache_dir)
                )
            else:
                found = datasets.load_dataset(place, config, cache_dir=_text(cache_dir))
        except Exception as error:  # Any of the libraries below it may say what is wrong.
            raise DataError(
                f"hf: {path}: cannot be read: {_first_line(error)}", hint=_config_hint(error)
            ) from error
    return _as_data_set(found, f"hf: {path}")


def open_name(name: str, config: str | None, cache_dir: Path | None, *, offline: bool) -> DataSet:
    """What a data set has that its hub knows by name.

    Raises:
        DataError: If there is none of that name.
        Offline: If it would have to be downloaded.
    """
    datasets = _datasets(offline=offline)
    where = f"hf: {name}"
    with _held(datasets, offline=offline):
        try:
            found = datasets.load_dataset(name, config, cache_dir=_text(cache_dir))
        except Exception as error:  # As above; what is not found has many names too.
            is_config = _config_hint(error) is not None
            if offline and not is_config:
                raise _offline(where, name, cache_dir or Path(datasets.config.HF_DATASETS_CACHE)) from error
            raise DataError(
                f"{where}: cannot be loaded: {_first_line(error)}", hint=_config_hint(error)
            ) from error
    return _as_data_set(found, where)


def _datasets(*, offline: bool) -> Any:
    """The library, which looks at the environment once, while it is imported."""
    before = {name: os.environ.get(name) for name in _OFFLINE}
    if offline:
        os.environ.update(dict.fromkeys(_OFFLINE, "1"))
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    try:
        datasets = library("datasets", "datasets", "hf")
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
    return datasets


@contextmanager
def _held(datasets: Any, *, offline: bool) -> Iterator[None]:
    """Let the library be silent and, where nothing may be fetched, ask nobody."""
    from huggingface_hub import constants

    is_offline = offline or any(os.environ.get(name, "") in ("1", "true", "True", "ON") for name in _OFFLINE)
    constants.HF_HUB_OFFLINE = datasets.config.HF_HUB_OFFLINE = is_offline
    datasets.utils.logging.set_verbosity_error()
    if offline:
        datasets.disable_progress_bars()
    with connections(allowed=not offline):
        yield


def _as_data_set(found: Any, where: str) -> DataSet:
    splits = dict(found) if isinstance(found, Mapping) else {str(found.split or "train"): found}
    if not splits:
        raise DataError(f"{where}: it has no split")
    first = next(iter(splits.values()))
    columns = columns_of(first.features, [split.data.table for split in splits.values()])
    classes = [name for name, column in columns.items() if isinstance(column, Classes)]

    def rows(name: str) -> HfRows:
        if name not in splits:
            raise DataError(f"{where}: no split {name}; its splits: {some(splits)}")
        return HfRows(splits[name], name, columns, where)

    return DataSet(
        where=where,
        columns=columns,
        splits=list(splits),
        rows=rows,
        default_target=classes[0] if len(classes) == 1 else None,
    )


def _offline(where: str, name: str, cache: Path) -> Offline:
    there = sorted(path.name.replace("___", "/") for path in cache.glob("*") if path.is_dir())
    near = closest(name, there)
    state = f" ({some(there)})" if there else ""
    return Offline(
        f"{where} is not in the cache {cache}{state}, and downloads are off (offline)",
        hint=f"did you mean {near}?"
        if near and near != name
        else "load it where there is a network, save_to_disk(FOLDER) it and write hf: {path: FOLDER}",
    )


def _config_hint(error: Exception) -> str | None:
    """Several variants, of which one has to be named, are told with their names."""
    text = str(error)
    is_of_variants = ("onfig" in text and "pick one" in text) or "BuilderConfig" in text
    return "say which with config" if is_of_variants else None


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines or [type(error).__name__])[0]


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)
