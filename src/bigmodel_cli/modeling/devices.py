"""What a model runs on: the devices that TensorFlow sees, chosen once before the first operation."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bigmodel_cli.config.devices import parse_device
from bigmodel_cli.errors import ResourceError, UsageError
from bigmodel_cli.modeling.backend import import_tensorflow
from bigmodel_cli.native_crash import ONEDNN

# NVIDIA's compute capability from which bfloat16 (Ampere) and float16 (Volta) run on tensor cores.
BFLOAT16_CAPABILITY = (8, 0)
FLOAT16_CAPABILITY = (7, 0)

NVIDIA_DRIVER = Path("/dev/nvidiactl")
CUDA_HINT = 'pip install "bigmodel-cli[gpu]"'

# What multiplies bfloat16 numbers, by what Linux calls it; the fastest first.
_BFLOAT16_UNITS = {"amx_bf16": "amx", "avx512_bf16": "avx512"}
# What oneDNN may be held to by its own variable: it uses bfloat16 from AVX512_CORE_BF16 on.
ONEDNN_LIMIT = "ONEDNN_MAX_CPU_ISA"
_WITHOUT_BFLOAT16 = frozenset(
    {"SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX2_VNNI_2", "AVX512_CORE", "AVX512_CORE_VNNI"}
)
_WITHOUT_AMX = frozenset({"AVX512_CORE_BF16", "AVX512_CORE_FP16"})


@dataclass(frozen=True)
class Device:
    """What the model runs on.

    Attributes:
        name: As `training.device` has it: `cpu`, `gpu:1`, or several of a kind as `gpu:0,2`.
        model: What its maker calls it.
        compute_capability: Of an NVIDIA GPU; of several the lowest.
        replicas: How many devices it is; each has a replica of the model.
    """

    name: str
    model: str
    compute_capability: tuple[int, int] | None = None
    replicas: int = 1

    @property
    def is_gpu(self) -> bool:
        return self.name.startswith("gpu")

    def describe(self) -> str:
        """The device as people read it."""
        times = f"{self.replicas} × " if self.replicas > 1 else ""
        return f"{self.name} ({times}{self.model})"


def choose_device(wanted: str) -> Device:
    """The device that `training.device` means; the others are hidden from TensorFlow.

    Args:
        wanted: auto, all, cpu, gpu, or devices of a kind by their numbers: `gpu:1`, `gpu:0,2`, `cpu:0-3`.
            `auto` is the first GPU, or the CPU where there is none; `all` is all GPUs. Several of the CPU are
            logical devices, which share its cores.

    Raises:
        UsageError: If there is no such device.
        ResourceError: If TensorFlow has started already with other devices.
    """
    tf = import_tensorflow()
    gpus = tf.config.list_physical_devices("GPU")
    kind, numbers = parse_device(wanted)
    if kind == "cpu" or (kind in ("auto", "all") and not gpus):
        return _choose_cpu(tf, numbers)
    chosen = list(numbers) or (list(range(len(gpus))) if kind == "all" else [0])
    if max(chosen) >= len(gpus):
        found = f"TensorFlow sees {len(gpus)} GPUs" if gpus else "TensorFlow sees no GPU"
        raise UsageError(
            f"training.device: {wanted}: {found}", hint="write training.device=cpu, or see bigmodel doctor"
        )
    _show_only(tf, [gpus[number] for number in chosen])
    known = list_devices()
    return _joined([known[number] for number in chosen])


def list_devices() -> list[Device]:
    """The GPUs that this machine has for TensorFlow, or the CPU where there is none."""
    tf = import_tensorflow()
    found = []
    for index, gpu in enumerate(tf.config.list_physical_devices("GPU")):
        details = tf.config.experimental.get_device_details(gpu)
        found.append(
            Device(f"gpu:{index}", details.get("device_name", "GPU"), details.get("compute_capability"))
        )
    return found or [_cpu()]


def unused_gpus(device: Device) -> str | None:
    """What to say of GPUs that are there and not used; None where all are, or none is there."""
    tf = import_tensorflow()
    gpus = len(tf.config.list_physical_devices("GPU"))
    idle = gpus - device.replicas if device.is_gpu else gpus
    if not idle:
        hidden = None if gpus else hidden_gpus()
        return None if hidden is None else f"{hidden}: {CUDA_HINT}"
    are = "GPU of this machine is" if idle == 1 else "GPUs of this machine are"
    return f"{idle} {are} not used; for all of them: training.device=all"


def hidden_gpus() -> str | None:
    """What to say where the machine has an NVIDIA driver and TensorFlow sees no GPU; None elsewhere."""
    tf = import_tensorflow()
    if tf.config.list_physical_devices("GPU") or not NVIDIA_DRIVER.exists():
        return None
    built = "with" if tf.test.is_built_with_cuda() else "without"
    return f"this machine has an NVIDIA driver, but TensorFlow (built {built} CUDA) sees no GPU"


def _choose_cpu(tf: Any, numbers: Sequence[int]) -> Device:
    if len(numbers) > 1:
        cpu = tf.config.list_physical_devices("CPU")[0]
        logical = [tf.config.LogicalDeviceConfiguration() for _ in numbers]
        try:
            tf.config.set_logical_device_configuration(cpu, logical)
        except RuntimeError as error:
            if len(tf.config.list_logical_devices("CPU")) < len(numbers):
                raise ResourceError(f"the device cannot be changed any more: {error}") from error
    _show_only(tf, [])
    return _cpu(max(1, len(numbers)))


def _joined(devices: Sequence[Device]) -> Device:
    """Several devices of a kind as one."""
    if len(devices) == 1:
        return devices[0]
    numbers = ",".join(device.name.partition(":")[2] for device in devices)
    capabilities = [device.compute_capability for device in devices if device.compute_capability]
    return Device(
        f"gpu:{numbers}",
        " and ".join(dict.fromkeys(device.model for device in devices)),
        min(capabilities, default=None),
        len(devices),
    )


def _show_only(tf: Any, gpus: list[Any]) -> None:
    try:
        tf.config.set_visible_devices(gpus, "GPU")
        for gpu in gpus:
            tf.config.experimental.set_memory_growth(gpu, True)
    except RuntimeError as error:
        if tf.config.get_visible_devices("GPU") != gpus:
            raise ResourceError(f"the device cannot be changed any more: {error}") from error


def processor_name() -> str:
    """What its maker calls the processor."""
    names = _cpuinfo("model name")
    return names[0] if names else platform.processor() or platform.machine()


def processor_flags() -> frozenset[str]:
    """What Linux says the processor can do; nothing elsewhere."""
    found = _cpuinfo("flags") or _cpuinfo("Features")
    return frozenset(found[0].split()) if found else frozenset()


def _cpu(replicas: int = 1) -> Device:
    name = "cpu" if replicas == 1 else f"cpu:0-{replicas - 1}"
    return Device(name, f"{processor_name()}, {os.cpu_count()} cores", replicas=replicas)


def _cpuinfo(key: str) -> list[str]:
    """What Linux says of each processor; nothing elsewhere."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123
            return [line.partition(":")[2].strip() for line in file if line.startswith(key)]
    except OSError:
        return []


def bfloat16_unit() -> str | None:
    """What of the processor multiplies bfloat16 numbers: `amx` or `avx512`.

    None where it has nothing of the kind, or oneDNN, which uses it, is off or held to less.
    """
    limit = os.environ.get(ONEDNN_LIMIT, "").upper()
    if os.environ.get(ONEDNN) == "0" or limit in _WITHOUT_BFLOAT16:
        return None
    flags = processor_flags()
    units = [unit for flag, unit in _BFLOAT16_UNITS.items() if flag in flags]
    if limit in _WITHOUT_AMX:
        units = [unit for unit in units if unit != "amx"]
    return units[0] if units else None


def has_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 numbers itself, and TensorFlow lets it."""
    return bfloat16_unit() is not None


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
