"""What the machine can do at most, and what of it training reaches."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

# Multiplications and additions of one image: forward 2 per weight and output place; training takes the
# gradient of the weights and that of the input too, but not that of the first layer's input.
_MLP = (784 * 128, 128 * 10)
_CONVNET = (26 * 26 * 32 * 9, 11 * 11 * 64 * 9 * 32, 1600 * 10)


@dataclass(frozen=True)
class Limits:
    """The machine's limits.

    Attributes:
        gigaflops: Of a product of float32 matrices of 2048 × 2048.
        gigabytes_per_second: Of copying a large array, reading and writing counted.
    """

    gigaflops: float
    gigabytes_per_second: float

    def most_images_per_second(self, kind: str) -> float:
        """If training were products of large matrices and nothing else."""
        return 1e9 * self.gigaflops / training_flops(kind)


def training_flops(kind: str) -> float:
    """Floating-point operations of training on one image: `mlp` or `convnet`."""
    first, *others = _MLP if kind == "mlp" else _CONVNET
    return 2 * (2 * first + 3 * sum(others))


def measure_limits() -> Limits:
    from bigmodel_cli.modeling.backend import import_tensorflow

    tf = import_tensorflow()
    import numpy as np

    size = 2048
    first, second = tf.random.normal((size, size)), tf.random.normal((size, size))
    product = _best(lambda: tf.matmul(first, second).numpy())
    array = np.ones(2**26, np.float32)
    target = np.empty_like(array)
    copy = _best(lambda: np.copyto(target, array))
    return Limits(2 * size**3 / product / 1e9, 2 * array.nbytes / copy / 1e9)


def _best(work: Callable[[], object], times: int = 10) -> float:
    found = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return min(found)
