"""All that is examined, and the problems with a hint each."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bigmodel_cli.config.catalogue import load_catalogue
from bigmodel_cli.doctor.device_speed import measure_devices
from bigmodel_cli.doctor.machine import describe_cuda, describe_extras, describe_port, describe_processor
from bigmodel_cli.modeling.backend import import_tensorflow
from bigmodel_cli.modeling.devices import CUDA_HINT, hidden_gpus, list_devices
from bigmodel_cli.network import keras_home
from bigmodel_cli.sources.decoded_folder import decoded_folder, list_decoded
from bigmodel_cli.training.record import environment

LOW_DISK_BYTES = 2 * 10**9


def examine(*, measure: bool = True) -> dict[str, Any]:
    """Versions, devices, caches, and problems with a hint each.

    Args:
        measure: Whether to find out how fast the devices are, which takes some seconds.
    """
    import_tensorflow()
    import keras

    devices = list_devices()
    cache = keras_home() / "datasets"
    free = shutil.disk_usage(Path.cwd()).free
    environment_now = environment()
    speed = measure_devices(devices) if measure else []
    port = describe_port()
    return {
        "versions": environment_now["versions"],
        "extras": describe_extras(),
        "platform": environment_now["platform"],
        "processor": describe_processor(),
        "devices": [vars(device) for device in devices],
        "cuda": describe_cuda(),
        "speed": speed,
        "network": port,
        "data_cache": {"path": str(cache), "bytes": _folder_bytes(cache)},
        "decoded_cache": _decoded_cache(),
        "free_disk_bytes": free,
        "problems": [
            *_device_problems(),
            *_speed_problems(speed),
            *_port_problems(port),
            *_keras_problems(keras),
            *_disk_problems(free),
        ],
    }


def _decoded_cache() -> dict[str, Any]:
    """Where decoded images are kept for later runs, and of which folders."""
    files = list_decoded()
    return {
        "path": str(decoded_folder()),
        "bytes": sum(file.num_bytes for file in files),
        "files": [{"path": str(file.path), "source": file.source, "bytes": file.num_bytes} for file in files],
    }


def _folder_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else 0


def _device_problems() -> list[dict[str, str]]:
    message = hidden_gpus()
    return [] if message is None else [{"message": message, "hint": CUDA_HINT}]


def _speed_problems(speed: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    hint = "train without it, for instance with training.device=cpu; is its driver as new as CUDA wants it?"
    return [
        {"message": f"{found['device']} cannot train: {found['error']}", "hint": hint}
        for found in speed
        if "error" in found
    ]


def _port_problems(port: Mapping[str, Any]) -> list[dict[str, str]]:
    if port["free"]:
        return []
    message = f"port {port['port']}, where several processes meet, cannot be opened: {port['reason']}"
    return [{"message": message, "hint": "for launch --hosts choose another one with --port"}]


def _keras_problems(keras: Any) -> list[dict[str, str]]:
    known = load_catalogue().keras_version
    if keras.__version__.split(".")[:2] == known.split(".")[:2]:
        return []
    message = f"configs are checked against Keras {known}, but Keras {keras.__version__} is installed"
    return [{"message": message, "hint": f"pip install keras=={known}"}]


def _disk_problems(free: int) -> list[dict[str, str]]:
    if free >= LOW_DISK_BYTES:
        return []
    return [
        {
            "message": f"only {free:,} bytes are free on this disk",
            "hint": "remove old runs, or use --runs-dir",
        }
    ]
