"""What run.json says of a run: where, when, with what, on which data."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from bigmodel_cli import __version__
from bigmodel_cli.pipeline.signature import signature_as_json
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.run_folder import labels_hash

_PACKAGES = ("tensorflow", "tensorflow-cpu", "keras", "numpy", "scikit-learn", "pillow", "ai-edge-litert")


def environment() -> dict[str, Any]:
    """Versions and the machine."""
    versions = {"bigmodel": __version__, "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return {
        "versions": versions,
        "platform": platform.platform(),
        "host": platform.node(),
        "process": os.getpid(),
        "git_commit": git_commit(),
    }


def git_commit() -> str | None:
    """The commit of the current folder's checkout, `-dirty` where it has changes; None outside of one."""
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],  # noqa: S607
            capture_output=True,
            text=True,
            timeout=5,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return described.stdout.strip() or None


def data_record(splits: Splits) -> dict[str, Any]:
    """Sizes, origins and fingerprints of the splits, and the signature of their examples."""
    names = splits.signature.class_names
    return {
        "data": {
            "splits": {
                name: {
                    "examples": len(part),
                    "origin": splits.origins[name],
                    "sha256": part.fingerprint(),
                }
                for name, part in splits.parts.items()
            }
        },
        "signature": signature_as_json(splits.signature),
        "labels_sha256": labels_hash(None if names is None else list(names)),
    }


def now() -> str:
    """The time in ISO 8601 with the offset of the local zone."""
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")


def command_line() -> list[str]:
    return ["bigmodel", *sys.argv[1:]]
