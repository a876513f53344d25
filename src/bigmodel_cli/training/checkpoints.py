"""Saved states of the model: the best and the last, each whole or absent."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from bigmodel_cli.config.naming import direction
from bigmodel_cli.config.schema import Checkpoint
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.whole_files import sha256_of, write_json, write_whole


class Checkpoints:
    """Saves a run's checkpoints.

    Args:
        run: Where.
        settings: The config's `training.checkpoint`, with the monitor decided.
        monitor: The column of metrics.csv that decides which epoch is the best; None: the last one is.
    """

    def __init__(self, run: RunFolder, settings: Checkpoint, monitor: str | None) -> None:
        self.run = run
        self.settings = settings
        self.monitor = monitor
        self.mode = direction(monitor, settings.mode) if monitor else None
        self.best: dict[str, Any] | None = None
        self._kept: list[int] = []

    def epoch_ended(self, model: Any, epoch: int, row: Mapping[str, float], *, is_final: bool) -> bool:
        """Save what this epoch calls for.

        Args:
            model: The compiled model.
            epoch: From 1.
            row: The epoch's row of metrics.csv.
            is_final: Whether training ends here.

        Returns:
            Whether this epoch is the best so far.

        Raises:
            ResourceError: If the disk is full; earlier checkpoints stay.
        """
        is_best = self._is_best(row)
        if is_best:
            self.best = self._save(model, "best", epoch, row)
        if is_final or epoch % self.settings.every_epochs == 0:
            self._save_last(model, epoch, row)
        return is_best

    def interrupted(self, model: Any, epoch: int) -> None:
        """Save the model as it is in the middle of the epoch after `epoch`."""
        self._save(model, "last", epoch, None)

    def _is_best(self, row: Mapping[str, float]) -> bool:
        if self.monitor is None or self.best is None:
            return True
        value, best = row[self.monitor], self.best["value"]
        if math.isnan(value):
            return False
        return math.isnan(best) or bool(value > best if self.mode == "max" else value < best)

    def _save_last(self, model: Any, epoch: int, row: Mapping[str, float]) -> None:
        self._save(model, "last", epoch, row)
        if self.settings.keep == 1:
            return
        self._save(model, _epoch_name(epoch), epoch, row)
        self._kept.append(epoch)
        while len(self._kept) > self.settings.keep:
            name = _epoch_name(self._kept.pop(0))
            self.run.checkpoint(name).unlink(missing_ok=True)
            self.run.checkpoint_state(name).unlink(missing_ok=True)

    def _save(self, model: Any, name: str, epoch: int, row: Mapping[str, float] | None) -> dict[str, Any]:
        path = self.run.checkpoint(name)
        write_whole(path, model.save)
        state = {
            "epoch": epoch,
            "monitor": self.monitor,
            "value": row[self.monitor] if self.monitor and row else None,
            "iterations": int(model.optimizer.iterations),
            "bytes": path.stat().st_size,
            "sha256": sha256_of(path),
        }
        # The state is written last: a checkpoint without it, or that it does not fit, is not whole.
        write_json(self.run.checkpoint_state(name), state)
        return state


def _epoch_name(epoch: int) -> str:
    return f"epoch-{epoch:04d}"
