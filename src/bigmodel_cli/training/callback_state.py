"""What Keras's callbacks have counted, so that a resumed run goes on as if it had never stopped.

Keras starts their counters anew in `on_train_begin`, so they are put back after it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bigmodel_cli.errors import ConfigError
from bigmodel_cli.modeling.relied_on import relied_on

# What these change while they run. Everything else of theirs follows from the config and must not be put
# back: `min_delta`, for instance, gets its sign at the first end of an epoch.
COUNTERS: Mapping[str, tuple[str, ...]] = {
    "EarlyStopping": ("wait", "best", "best_epoch", "stopped_epoch"),
    "ReduceLROnPlateau": ("wait", "best", "cooldown_counter"),
    "ModelCheckpoint": ("best", "_batches_seen_since_last_saving", "_last_batch_seen"),
    "OrbaxCheckpoint": ("best", "_batches_seen_since_last_saving", "_last_batch_seen", "_total_batches_seen"),
    "SwapEMAWeights": ("_ema_weights_in_model",),
    "TensorBoard": ("_global_train_batch",),
}
# EarlyStopping's copy of the weights that it would restore.
_STOPPER, _WEIGHTS = "EarlyStopping", "best_weights"
_ARRAY = "callback_"
# What callbacks of the user's own have: `get_state()` returns a mapping, `set_state(state)` takes it.
_GET, _STATE = "get_state", "state"


def require_counters(callbacks: Sequence[Any]) -> None:
    """Find out, once training has begun, whether callbacks have what a resume has to put back.

    Raises:
        BigmodelError: If a version of Keras keeps it elsewhere: a resume would not be exact.
    """
    for callback in callbacks:
        name = type(callback).__name__
        for key in (*COUNTERS.get(name, ()), *([_WEIGHTS] if name == _STOPPER else [])):
            relied_on(callback, key)


def callback_counters(callbacks: Sequence[Any]) -> tuple[list[dict[str, Any]], dict[str, np.ndarray]]:
    """The counters of each callback, and the weights that some keep, by name.

    Some counters are there only from `on_train_begin` on, which is when `require_counters` looks for all.
    """
    counters: list[dict[str, Any]] = []
    arrays: dict[str, np.ndarray] = {}
    for index, callback in enumerate(callbacks):
        name = type(callback).__name__
        values = {
            key: _plain(getattr(callback, key)) for key in COUNTERS.get(name, ()) if hasattr(callback, key)
        }
        if hasattr(callback, _GET):
            own, more = _own_state(callback, index)
            counters.append({"class": name, "values": {}, "weights": 0, _STATE: own})
            arrays |= more
            continue
        weights = getattr(callback, _WEIGHTS, None) or []
        arrays |= {_array_name(index, number): np.asarray(array) for number, array in enumerate(weights)}
        counters.append({"class": name, "values": values, "weights": len(weights)})
    return counters, arrays


def _own_state(callback: Any, index: int) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """What a callback of the user's own says that it has counted: plain values, and arrays.

    Raises:
        ConfigError: If it is something else, which a checkpoint could not keep.
    """
    name, given = type(callback).__name__, getattr(callback, _GET)()
    if not isinstance(given, Mapping):
        raise ConfigError(
            f"the callback {name}: expected a mapping from get_state(), found {type(given).__name__}"
        )
    values: dict[str, Any] = {}
    arrays: dict[str, np.ndarray] = {}
    for key, value in given.items():
        if isinstance(value, np.ndarray) or hasattr(value, "numpy"):
            arrays[_own_name(index, key)] = np.asarray(value)
            continue
        try:
            # As it comes back: a tuple as a list.
            values[key] = json.loads(json.dumps(_plain(value)))
        except (TypeError, ValueError):
            raise ConfigError(
                f"the callback {name}: a checkpoint cannot keep {key!r} of get_state(), "
                f"which is {type(value).__name__}",
                hint="numbers, texts, lists and mappings of them, and arrays can be kept",
            ) from None
    return {"values": values, "arrays": [key for key in given if key not in values]}, arrays


def is_of_callback(name: str) -> bool:
    """Whether an array of a state is one that `callback_counters` gave."""
    return name.startswith(_ARRAY)


def restore_counters(
    callbacks: Sequence[Any], counters: Sequence[Mapping[str, Any]], arrays: Mapping[str, np.ndarray]
) -> None:
    """Put back what `callback_counters` gave for the same callbacks, after their `on_train_begin`."""
    for index, (callback, saved) in enumerate(zip(callbacks, counters, strict=True)):
        if _STATE in saved:
            own = {key: arrays[_own_name(index, key)] for key in saved[_STATE]["arrays"]}
            callback.set_state({**saved[_STATE]["values"], **own})
            continue
        for key, value in saved["values"].items():
            setattr(callback, key, value)
        if saved["weights"]:
            setattr(callback, _WEIGHTS, [arrays[_array_name(index, n)] for n in range(saved["weights"])])


def go_on_writing(callbacks: Sequence[Any]) -> None:
    """Let callbacks that write a file of their own add to it instead of starting it anew."""
    for callback in callbacks:
        if type(callback).__name__ == "CSVLogger":
            callback.append = True


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def _own_name(index: int, key: str) -> str:
    return f"{_ARRAY}{index}_state_{key}"


def _array_name(index: int, number: int) -> str:
    return f"{_ARRAY}{index}_{number:05d}"
