"""Which of Keras's callbacks ended training, and why; Keras itself keeps only that one did."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from bigmodel_cli.stopped import Stopped


def who_stopped(callbacks: Sequence[Any], epoch: int, num_epochs: int) -> Stopped:
    """The callback that has set `model.stop_training` in an epoch.

    Args:
        callbacks: Of the run.
        epoch: Which one, from 1.
        num_epochs: Epochs that there were to be.
    """
    patient = [callback for callback in callbacks if getattr(callback, "stopped_epoch", None) == epoch - 1]
    if patient and epoch > 1:
        return _out_of_patience(patient[0], epoch, num_epochs)
    able = [type(callback).__name__ for callback in callbacks if _may_stop(callback)]
    return Stopped(able[0] if len(able) == 1 else "a callback", epoch, num_epochs)


def _out_of_patience(callback: Any, epoch: int, num_epochs: int) -> Stopped:
    best = None if callback.best is None else float(callback.best)
    found = best is not None and math.isfinite(best)
    # Keras gives `min_delta` the sign of the direction in which it counts.
    baseline = callback.baseline
    reached = baseline is None or (found and callback.monitor_op(best, baseline))
    return Stopped(
        type(callback).__name__,
        epoch,
        num_epochs,
        callback.monitor,
        best if found else None,
        callback.best_epoch + 1 if found else None,
        int(callback.wait),
        abs(float(callback.min_delta)),
        None if reached else float(baseline),
    )


def _may_stop(callback: Any) -> bool:
    """Whether a callback can end training otherwise: of Keras's own, one that watches for NaN does."""
    kind = type(callback)
    return kind.__name__ == "TerminateOnNaN" or not kind.__module__.startswith("keras.")
