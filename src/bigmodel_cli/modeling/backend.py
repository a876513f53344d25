"""TensorFlow's start: its import, precision, determinism and seeds."""

from __future__ import annotations

import gc
import logging
import os
import platform
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from bigmodel_cli.errors import BigmodelError
from bigmodel_cli.modeling.imported_later import seldom_used_parts_later
from bigmodel_cli.native_crash import ONEDNN
from bigmodel_cli.native_output import silenced

# oneDNN is Intel's library of kernels; on any x86 processor its convolutions are faster than TensorFlow's own
# (measured on AVX2: by 1.5).
_X86 = frozenset({"x86_64", "amd64"})

# M_MMAP_THRESHOLD with the most that glibc allows, and M_TRIM_THRESHOLD, as malloc.h numbers them.
_MALLOC = ((-3, 2**25), (-1, 2**31 - 1))

# New objects after which Python looks for circles among them. Whoever builds and traces a model makes
# hundreds of thousands, nearly all of which stay: with Python's own 700 a fifth of a small run's processor
# time went there.
_COLLECT_AFTER = 20_000

# What else TensorFlow raises where memory runs out: XLA and NVIDIA have words of their own, oneDNN has
# status 1, and a graph's constant that finds no room "cannot be parsed".
_TENSORFLOW_ERRORS = frozenset({"InternalError", "UnknownError", "AbortedError", "InvalidArgumentError"})
_OUT_OF_MEMORY = re.compile(
    r"out of memory|OUT_OF_MEMORY|ALLOC_FAILED|RESOURCE_EXHAUSTED|bad_alloc|failed to allocate|"
    r"Status: 1, message: could not (create|execute)|"
    r"^(\{\{.*\}\} )?Cannot parse tensor from proto",
    re.IGNORECASE,
)

# What operations raise for values that they do not take.
_REFUSALS = frozenset({"InvalidArgumentError", "OutOfRangeError"})
_OF_COMPILING = re.compile(r"XLA|unsupported operations|[Cc]ompil")
_NODE = re.compile(r"(\x1b\[[0-9;]*m)|\{\{function_node.*?\}\} ?")
_OPERATION = re.compile(r"\s*\[\[|\s*\[Op:")


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
            os.environ.setdefault(ONEDNN, "1")
        _keep_freed_memory()
    try:
        with warnings.catch_warnings(), silenced(), _collecting_nothing(), seldom_used_parts_later():
            warnings.simplefilter("ignore")
            import tensorflow as tf
    except ImportError as error:
        raise BigmodelError(
            f"TensorFlow cannot be loaded: {error}", hint="pip install --upgrade tensorflow keras"
        ) from error
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    return tf


@contextmanager
def _collecting_nothing() -> Iterator[None]:
    """What is imported is no garbage: looking for some takes a seventh of TensorFlow's import."""
    if not gc.isenabled() or "tensorflow" in sys.modules:
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.set_threshold(_COLLECT_AFTER, *gc.get_threshold()[1:])
        gc.enable()


@cache
def _leave_out_of_collections() -> None:
    """Let the collector of circles pass over what TensorFlow and Keras are, which never goes away.

    There are 400,000 objects of theirs: looking at each took 0.2 s whenever Keras clears its session, and
    again with every full collection while a run goes on.
    """
    gc.freeze()


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


def uses_onednn() -> bool:
    """Whether TensorFlow was started with oneDNN's kernels for the CPU."""
    return os.environ.get(ONEDNN) == "1"


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, of the machine or of the device; needs no TensorFlow to tell."""
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        return True
    return type(error).__name__ in _TENSORFLOW_ERRORS and bool(_OUT_OF_MEMORY.search(str(error)))


def refused_by_kernel(error: BaseException) -> str | None:
    """Why TensorFlow's operations did not take what was given to them: a value that stands for nothing.

    Returns:
        One line; None where the error is another one, for instance XLA's of an operation that it lacks.
    """
    text = str(error)
    if type(error).__name__ not in _REFUSALS or is_out_of_memory(error) or _OF_COMPILING.search(text):
        return None
    # Behind the traceback of the graph, and between the names that the operation has in it.
    text = _NODE.sub("", text)
    before = _OPERATION.split(text, maxsplit=1)[0].strip().splitlines()
    return before[-1].strip() if before else type(error).__name__


def start(*, seed: int, precision: str = "float32", deterministic: bool = False) -> None:
    """Set precision, seeds and determinism for all that is built from now on."""
    tf = import_tensorflow()
    import keras

    with silenced():
        # The first operation makes the devices, and TensorFlow tells of it.
        tf.constant(0)
    _leave_out_of_collections()
    keras.utils.clear_session()
    keras.config.set_dtype_policy(precision)
    keras.utils.set_random_seed(seed)
    if deterministic:
        tf.config.experimental.enable_op_determinism()
