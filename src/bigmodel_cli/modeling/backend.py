"""TensorFlow's start: device, precision, determinism and seeds, set once before the first operation."""

from __future__ import annotations

import logging
import os
import platform
import re
import sys
import warnings
from dataclasses import dataclass
from typing import Any

from bigmodel_cli.errors import BigmodelError, ResourceError, UsageError
from bigmodel_cli.native_output import silenced

# NVIDIA's compute capability from which bfloat16 (Ampere) and float16 (Volta) run on tensor cores.
BFLOAT16_CAPABILITY = (8, 0)
FLOAT16_CAPABILITY = (7, 0)

# Intel's library of kernels; on any x86 processor its convolutions are faster than TensorFlow's own (measured
# on AVX2: by 1.5).
_ONEDNN = "TF_ENABLE_ONEDNN_OPTS"
_X86 = frozenset({"x86_64", "amd64"})

_BFLOAT16_FLAGS = frozenset({"avx512_bf16", "amx_bf16"})

# M_MMAP_THRESHOLD with the most that glibc allows, and M_TRIM_THRESHOLD, as malloc.h numbers them.
_MALLOC = ((-3, 2**25), (-1, 2**31 - 1))

# What else TensorFlow raises where memory runs out: XLA and NVIDIA have words of their own, oneDNN has
# status 1, and a graph's constant that finds no room "cannot be parsed".
_TENSORFLOW_ERRORS = frozenset({"InternalError", "UnknownError", "AbortedError", "InvalidArgumentError"})
_OUT_OF_MEMORY = re.compile(
    r"out of memory|OUT_OF_MEMORY|ALLOC_FAILED|RESOURCE_EXHAUSTED|bad_alloc|failed to allocate|"
    r"Status: 1, message: could not (create|execute)|"
    r"^(\{\{.*\}\} )?Cannot parse tensor from proto",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Device:
    """What the model runs on.

    Attributes:
        name: `cpu`, or `gpu:N`.
        model: What its maker calls it.
        compute_capability: Of an NVIDIA GPU.
    """

    name: str
    model: str
    compute_capability: tuple[int, int] | None = None

    @property
    def is_gpu(self) -> bool:
        return self.name != "cpu"


def import_tensorflow() -> Any:
    """TensorFlow without its start-up messages.

    Raises:
        BigmodelError: If it is not installed or does not load.
    """
    if "tensorflow" not in sys.modules:
        os.environ["KERAS_BACKEND"] = "tensorflow"
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        if platform.machine().lower() in _X86:
            # TensorFlow itself turns oneDNN on only for processors with instructions for neural networks.
            os.environ.setdefault(_ONEDNN, "1")
        _keep_freed_memory()
    try:
        with warnings.catch_warnings(), silenced():
            warnings.simplefilter("ignore")
            import tensorflow as tf
    except ImportError as error:
        raise BigmodelError(
            f"TensorFlow cannot be loaded: {error}", hint="pip install --upgrade tensorflow keras"
        ) from error
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    return tf


def _keep_freed_memory() -> None:
    """Let glibc keep the memory of tensors for the next step.

    It gives large blocks back to the system at once, which then fills each of their pages with zeros when the
    next step asks for them: 4 to 10 % of the processor's time in two small
    convolutional networks.
    """
    import ctypes

    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # Only glibc has it.
        return
    for parameter, num_bytes in _MALLOC:
        mallopt(parameter, num_bytes)


def choose_device(wanted: str) -> Device:
    """The device that `training.device` means; the others are hidden from TensorFlow.

    Args:
        wanted: auto, cpu, gpu or gpu:N.

    Raises:
        UsageError: If there is no such device.
        ResourceError: If TensorFlow has started already with other devices.
    """
    tf = import_tensorflow()
    gpus = tf.config.list_physical_devices("GPU")
    if wanted == "cpu" or (wanted == "auto" and not gpus):
        _show_only(tf, [])
        return Device("cpu", _processor_name())
    index = int(wanted.partition(":")[2] or 0)
    if index >= len(gpus):
        found = f"TensorFlow sees {len(gpus)} GPUs" if gpus else "TensorFlow sees no GPU"
        raise UsageError(
            f"training.device: {wanted}: {found}", hint="write training.device=cpu, or see bigmodel doctor"
        )
    _show_only(tf, [gpus[index]])
    return list_devices()[index]


def list_devices() -> list[Device]:
    """The GPUs that TensorFlow sees, or the CPU where there is none."""
    tf = import_tensorflow()
    found = []
    for index, gpu in enumerate(tf.config.list_physical_devices("GPU")):
        details = tf.config.experimental.get_device_details(gpu)
        found.append(
            Device(f"gpu:{index}", details.get("device_name", "GPU"), details.get("compute_capability"))
        )
    return found or [Device("cpu", _processor_name())]


def _show_only(tf: Any, gpus: list[Any]) -> None:
    try:
        tf.config.set_visible_devices(gpus, "GPU")
        for gpu in gpus:
            tf.config.experimental.set_memory_growth(gpu, True)
    except RuntimeError as error:
        if tf.config.get_visible_devices("GPU") != gpus:
            raise ResourceError(f"the device cannot be changed any more: {error}") from error
    with silenced():
        # The first operation makes the devices, and TensorFlow tells of it.
        tf.constant(0)


def _processor_name() -> str:
    names = _cpuinfo("model name")
    name = names[0] if names else platform.processor() or platform.machine()
    return f"{name}, {os.cpu_count()} cores"


def _cpuinfo(key: str) -> list[str]:
    """What Linux says of each processor; nothing elsewhere."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123
            return [line.partition(":")[2].strip() for line in file if line.startswith(key)]
    except OSError:
        return []


def has_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 numbers itself, which oneDNN uses."""
    return any(_BFLOAT16_FLAGS & set(flags.split()) for flags in _cpuinfo("flags")[:1])


def uses_onednn() -> bool:
    """Whether TensorFlow was started with oneDNN's kernels for the CPU."""
    return os.environ.get(_ONEDNN) == "1"


def choose_precision(wanted: str, device: Device) -> str:
    """The Keras dtype policy that `training.precision` means on this device.

    Raises:
        UsageError: For float16 on a CPU, which computes it some twenty times slower than float32.
    """
    if wanted == "mixed_float16" and not device.is_gpu:
        raise UsageError(
            "training.precision: mixed_float16 is for GPUs; on a CPU it is many times slower than float32",
            hint="write training.precision=auto",
        )
    if wanted != "auto":
        return wanted
    capability = device.compute_capability or (0, 0)
    if capability >= BFLOAT16_CAPABILITY:
        return "mixed_bfloat16"
    return "mixed_float16" if capability >= FLOAT16_CAPABILITY else "float32"


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, of the machine or of the device; needs no TensorFlow to tell."""
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        return True
    return type(error).__name__ in _TENSORFLOW_ERRORS and bool(_OUT_OF_MEMORY.search(str(error)))


def start(*, seed: int, precision: str = "float32", deterministic: bool = False) -> None:
    """Set precision, seeds and determinism for all that is built from now on."""
    tf = import_tensorflow()
    import keras

    keras.utils.clear_session()
    keras.config.set_dtype_policy(precision)
    keras.utils.set_random_seed(seed)
    if deterministic:
        tf.config.experimental.enable_op_determinism()
