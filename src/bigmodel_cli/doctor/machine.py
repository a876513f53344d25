"""What a machine has for training: its processor, CUDA as TensorFlow wants it and as it is, its ports."""

from __future__ import annotations

import ctypes
import os
import re
import socket
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from bigmodel_cli.cluster.environment import DEFAULT_PORT
from bigmodel_cli.modeling.backend import import_tensorflow
from bigmodel_cli.modeling.devices import processor_flags, processor_name

_DRIVER = Path("/proc/driver/nvidia/version")
_DRIVER_VERSION = re.compile(r"Kernel Module.*?\s(\d+(?:\.\d+)+)\s")
# What makes neural networks faster, as Linux calls it on x86 and on ARM.
_FEATURES = (
    "avx2",
    "fma",
    "avx512f",
    "avx512_vnni",
    "avx512_bf16",
    "amx_tile",
    "amx_bf16",
    "amx_int8",
    "asimd",
    "bf16",
    "i8mm",
    "sve",
)
_CUDA_PACKAGES = ("nvidia-cuda-runtime-cu12", "nvidia-cuda-runtime")
_CUDNN_PACKAGES = ("nvidia-cudnn-cu12", "nvidia-cudnn")


# By extra, the package that it is for.
EXTRAS = {
    "tensorboard": "tensorboard",
    "heic": "pillow-heif",
    "tables": "pyarrow",
    "ray": "ray",
    "tfds": "tensorflow-datasets",
    "hf": "datasets",
    "tune": "optuna",
    "mlflow": "mlflow-skinny",
    "wandb": "wandb",
    "onnx": "onnx",
    "compress": "ai-edge-quantizer",
    "safetensors": "safetensors",
    "serve": "starlette",
    "text": "tokenizers",
    "audio": "soundfile",
}


def describe_extras() -> dict[str, str | None]:
    """The version of what each extra installs; None where it is not there."""
    return {extra: _installed((package,)) for extra, package in EXTRAS.items()}


def describe_processor() -> dict[str, Any]:
    """Its name, cores and those of its features that matter."""
    flags = processor_flags()
    return {
        "model": processor_name(),
        "cores": os.cpu_count(),
        "features": [name for name in _FEATURES if name in flags],
    }


def describe_cuda() -> dict[str, Any]:
    """CUDA and cuDNN: what TensorFlow was built for, and what is here; None of what is not."""
    build = import_tensorflow().sysconfig.get_build_info()
    return {
        "built_for": {
            "cuda": build.get("cuda_version"),
            "cudnn": build.get("cudnn_version"),
        },
        "found": {
            "driver": _driver_version(),
            "cuda": _installed(_CUDA_PACKAGES)
            or _library_version("libcudart.so.12", "cudaRuntimeGetVersion"),
            "cudnn": _installed(_CUDNN_PACKAGES) or _cudnn_version(),
        },
    }


def describe_port(port: int = DEFAULT_PORT) -> dict[str, Any]:
    """Whether other processes could reach this machine at a port."""
    try:
        socket.create_server(("", port)).close()
    except OSError as error:
        return {"port": port, "free": False, "reason": error.strerror or str(error)}
    return {"port": port, "free": True}


def _driver_version() -> str | None:
    with suppress(OSError):
        match = _DRIVER_VERSION.search(_DRIVER.read_text("utf-8", "replace"))
        return match[1] if match else None
    return None


def _installed(packages: Sequence[str]) -> str | None:
    for package in packages:
        with suppress(PackageNotFoundError):
            return version(package)
    return None


def _library_version(library: str, function: str) -> str | None:
    """As 12050 is 12.5."""
    number = ctypes.c_int()
    try:
        getattr(ctypes.CDLL(library), function)(ctypes.byref(number))
    except (OSError, AttributeError):
        return None
    return f"{number.value // 1000}.{number.value % 1000 // 10}"


def _cudnn_version() -> str | None:
    """As 90300 is 9.3.0."""
    try:
        function = ctypes.CDLL("libcudnn.so.9").cudnnGetVersion
    except (OSError, AttributeError):
        return None
    function.restype = ctypes.c_size_t
    number = int(function())
    return f"{number // 10000}.{number % 10000 // 100}.{number % 100}"
