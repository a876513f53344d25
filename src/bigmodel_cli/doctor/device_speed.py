"""How fast each device is: a matrix product, and a training step of a small network."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bigmodel_cli.modeling.backend import import_tensorflow, start
from bigmodel_cli.modeling.devices import BFLOAT16_CAPABILITY, Device, choose_device, has_bfloat16

# A product of this size takes some tenths of a second on two cores, and a GPU some thousandths.
_SIZE = {False: 1024, True: 4096}
_TIMES = 5
_BATCH = 128
_IMAGE = (28, 28, 1)


def measure_devices(devices: Sequence[Device]) -> list[dict[str, Any]]:
    """Rates of each device, by its name.

    Returns:
        `matrix_product`: 10⁹ floating-point operations per second by dtype; `training`: images per second of
        a training step of a small convolutional network; `error` where a device fails.
    """
    choose_device("all")
    return [{"device": device.name, **_measured(device)} for device in devices]


def _measured(device: Device) -> dict[str, Any]:
    tf = import_tensorflow()
    name = device.name.replace("gpu", "GPU") if device.is_gpu else "CPU:0"
    dtypes = ["float32"]
    fast = (device.compute_capability or (0, 0)) >= BFLOAT16_CAPABILITY if device.is_gpu else has_bfloat16()
    if fast:
        dtypes.append("bfloat16")
    try:
        with tf.device(name):
            products = {dtype: _product_rate(dtype, _SIZE[device.is_gpu]) for dtype in dtypes}
            return {"matrix_product": products, "training": _training_rate()}
    except Exception as error:  # Whatever it is, it is what the user wants to know.
        lines = str(error).strip().splitlines()
        return {"error": lines[0] if lines else type(error).__name__}


def _product_rate(dtype: str, size: int) -> float:
    tf = import_tensorflow()
    matrix = tf.cast(tf.random.stateless_normal((size, size), [0, 0]), dtype)
    multiply = tf.function(lambda: tf.reduce_sum(tf.cast(matrix @ matrix, tf.float32)))
    return round(2 * size**3 / _best(lambda: multiply().numpy()) / 1e9, 1)


def _training_rate() -> float:
    import keras

    start(seed=0)
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Input(_IMAGE),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    images = np.zeros((_BATCH, *_IMAGE), np.float32)
    labels = np.zeros(_BATCH, np.int64)
    return round(_BATCH / _best(lambda: model.train_on_batch(images, labels)), 1)


def _best(work: Callable[[], Any]) -> float:
    """Seconds of the quickest of some times, the first of which only prepares the others."""
    work()
    found = []
    for _ in range(_TIMES):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return min(found)
