"""About how long training takes on this machine's processor."""

from __future__ import annotations

import os
import shutil
import time
from functools import cache

# Starting TensorFlow, tracing and compiling, evaluating, exporting and drawing.
_FIXED_SECONDS = 20.0
# Of a matrix product's rate, convolutions of small images reach so much.
_EFFICIENCY = 0.65
_SIDE = 384


def estimate_seconds(multiply_adds: float) -> float:
    """Seconds of a whole `bigmodel train`, from the multiplications and additions of its layers.

    Args:
        multiply_adds: Of all passes over all examples.
    """
    return _FIXED_SECONDS + 2 * multiply_adds / (_EFFICIENCY * _rate())


@cache
def _rate() -> float:
    """Floating-point operations per second of matrix products on all cores.

    One core is measured and the others taken to be like it: where other programs have them at the moment, the
    threads of a product on all cores wait for one another.
    """
    import numpy as np
    from threadpoolctl import threadpool_limits

    matrix = np.random.default_rng(0).random((_SIDE, _SIDE), np.float32)
    best = float("inf")
    with threadpool_limits(1):
        for _ in range(10):
            began = time.perf_counter()
            _ = matrix @ matrix
            best = min(best, time.perf_counter() - began)
    return _num_cores() * 2 * _SIDE**3 / best


def _num_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def about(seconds: float) -> str:
    """`40 s`, `3 min` or `2.5 h`, as coarse as the estimate is."""
    if seconds < 90:
        return f"{round(seconds, -1):.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def describe(multiply_adds: float) -> str:
    """The estimate as a sentence."""
    cores = _num_cores()
    where = f"this machine's {cores} processor cores" if cores > 1 else "this machine's processor"
    gpu = "; a GPU, which seems to be here, takes a part of that" if shutil.which("nvidia-smi") else ""
    return f"about {about(estimate_seconds(multiply_adds))} on {where}{gpu}"
