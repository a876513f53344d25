"""Where TensorFlow Datasets has prepared a data set; and its preparation where it is not there yet."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bigmodel_cli.config.spelling import closest
from bigmodel_cli.cut import some
from bigmodel_cli.errors import DataError
from bigmodel_cli.network import Offline

# As TFDS writes them: `name/config:version`, of which a version may have `*` for any number.
NAME = re.compile(
    r"(?P<name>[a-zA-Z]\w*)(/(?P<config>[\w+.-]+))?(:(?P<version>(\d+|\*)(\.(\d+|\*)){2}))?", re.ASCII
)
_VERSION = re.compile(r"\d+\.\d+\.\d+", re.ASCII)
_FEATURES = "features.json"


@dataclass(frozen=True)
class Wanted:
    """A data set by its name.

    Attributes:
        name: Without config and version.
        config: The variant; None: its default.
        version: The version, with `*` for any number; None: the newest that is prepared.
        data_dir: Where data sets are prepared.
    """

    name: str
    config: str | None
    version: str | None
    data_dir: Path

    @classmethod
    def of(cls, text: str, data_dir: Path | None) -> Wanted:
        """By what `NAME` matches; the folder is TFDS's own where None is said."""
        match = NAME.fullmatch(text)
        assert match is not None
        home = Path(os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets").expanduser()
        return cls(match["name"], match["config"], match["version"], data_dir or home)

    def __str__(self) -> str:
        config = f"/{self.config}" if self.config else ""
        return f"{self.name}{config}{f':{self.version}' if self.version else ''}"


def prepared_folder(wanted: Wanted, *, offline: bool) -> Path:
    """The folder of a prepared data set, which is prepared first where it is not.

    Raises:
        DataError: If there is no data set of that name, or it cannot be prepared.
        Offline: If it would have to be downloaded.
    """
    if (found := _find(wanted)) is not None:
        return found
    if offline:
        raise _offline(wanted)
    _prepare(wanted)
    found = _find(wanted)
    if found is None:
        raise DataError(f"tfds: {wanted} was prepared, but is not in {wanted.data_dir}")
    return found


def _find(wanted: Wanted) -> Path | None:
    """The newest fitting version.

    Raises:
        DataError: If several variants are there and none of them is the default.
    """
    root = wanted.data_dir / wanted.name
    if wanted.config is not None:
        return _newest(root / wanted.config, wanted.version)
    if (found := _newest(root, wanted.version)) is not None:
        return found
    default = _default_config(root)
    if default is not None:
        return _newest(root / default, wanted.version)
    configs = [folder.name for folder in _folders(root) if _newest(folder, wanted.version) is not None]
    if len(configs) > 1:
        raise DataError(
            f"tfds: {wanted} is prepared in {len(configs)} variants: {some(configs)}",
            hint=f"say which: name: {wanted.name}/{configs[0]}",
        )
    return _newest(root / configs[0], wanted.version) if configs else None


def _folders(folder: Path) -> Sequence[Path]:
    with suppress(OSError):
        return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    return []


def _newest(folder: Path, version: str | None) -> Path | None:
    pattern = re.escape(version or "*.*.*").replace(r"\*", r"\d+")
    found = [
        path
        for path in _folders(folder)
        if _VERSION.fullmatch(path.name) and re.fullmatch(pattern, path.name) and (path / _FEATURES).is_file()
    ]
    return max(found, key=lambda path: tuple(map(int, path.name.split("."))), default=None)


def _default_config(root: Path) -> str | None:
    """The variant that TFDS notes as the one that is meant where none is named."""
    with suppress(OSError, ValueError, AttributeError):
        name = json.loads((root / ".config" / "metadata.json").read_text("utf-8")).get("default_config_name")
        return name if isinstance(name, str) else None
    return None


def _offline(wanted: Wanted) -> Offline:
    there = [folder.name for folder in _folders(wanted.data_dir) if folder.name != "downloads"]
    near = closest(wanted.name, there)
    configs = [folder.name for folder in _folders(wanted.data_dir / wanted.name)]
    state = f"; prepared there: {some(there)}" if there else ""
    if wanted.name in there:
        state = f"; of {wanted.name} there is {some(configs) or 'nothing'}"
    command = f"import tensorflow_datasets as tfds; tfds.builder('{wanted}').download_and_prepare()"
    hint = (
        f"did you mean {near}?"
        if near and near != wanted.name
        else f'prepare it where there is a network (python -c "{command}") and copy its folder, or say with '
        "data_dir where it is"
    )
    return Offline(
        f"tfds: {wanted} is not prepared in {wanted.data_dir}{state}, and downloads are off (offline)",
        hint=hint,
    )


def _prepare(wanted: Wanted) -> None:
    """Download and prepare a data set, in a process of its own.

    What data sets are prepared by imports TensorFlow without what bigmodel sets before, and keeps its memory.

    Raises:
        DataError: If that fails, with what it says.
    """
    command = [
        sys.executable,
        "-m",
        "bigmodel_cli.sources.hubs.tfds_prepare",
        str(wanted),
        str(wanted.data_dir),
    ]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment, check=False)  # noqa: S603
    if done.returncode == 0:
        return
    try:
        told = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        told = {"message": f"its process ended with {done.returncode}"}
    if "names" in told:
        near = closest(wanted.name, told["names"])
        hint = f"did you mean {near}?" if near else f"there are {len(told['names'])}: tfds.list_builders()"
        raise DataError(f"tfds: there is no data set {wanted.name}", hint=hint)
    raise DataError(
        f"tfds: {wanted} cannot be prepared: {told['message']}",
        hint="prepare it by hand (tfds.builder(…).download_and_prepare()), and say with data_dir where it is",
    )
