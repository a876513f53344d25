"""Callbacks that write, and which of their arguments says where."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bigmodel_cli.config.components import Component

# The argument that is a path.
PATHS: Mapping[str, str] = {
    "BackupAndRestore": "backup_dir",
    "CSVLogger": "filename",
    "ModelCheckpoint": "filepath",
    "OrbaxCheckpoint": "directory",
    "TensorBoard": "log_dir",
}
# Those whose path is a file.
FILES = frozenset({"CSVLogger", "ModelCheckpoint"})


def written_path(callback: Component) -> Path | None:
    """Where a callback of the config writes; None where it writes nothing, or names no path."""
    path = callback.arguments.get(PATHS.get(callback.name, ""))
    return Path(path).expanduser() if isinstance(path, str) and path else None
