"""Saved states of the model: the best and the last, each whole or absent, each enough to go on from.

A checkpoint is one file; a small sealed JSON file beside it says what must be in it. That file is written
first and names both what the checkpoint is to be and what it was, so at every moment the pair fits.
"""

from __future__ import annotations

import math
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from bigmodel_cli.config.naming import direction
from bigmodel_cli.config.phrases import parse_every
from bigmodel_cli.config.schema import Checkpoint
from bigmodel_cli.errors import DataError
from bigmodel_cli.modeling.replicas.distribution import SINGLE, Distribution
from bigmodel_cli.run_files import CHECKPOINT, CHECKPOINT_RUN, PREVIOUS, checkpoint_entry
from bigmodel_cli.run_folder import BEST, LAST, RUN_ID, RunFolder, epoch_checkpoint
from bigmodel_cli.training.state import Moment, State, add_state
from bigmodel_cli.whole_files import (
    bring_to_disk,
    naming_target,
    sha256_of,
    temporary_beside,
    write_sealed,
)

# Gives the state to save, once `best` and `kept` are what they will be.
TakeState = Callable[[], State]
# What tells epochs apart that are alike by what is monitored.
_LOSS = "val_loss"


class Checkpoints:
    """Saves a run's checkpoints.

    Keras writes the file while training waits; checksum, fsync and renaming happen in a thread while
    training goes on, and are done before the next one is written.

    Args:
        run: Where.
        settings: The config's `training.checkpoint`, with the monitor decided.
        monitor: The column of metrics.csv that decides which epoch is the best; None: the last one is.
        distribution: The processes that train together, of which the chief alone writes.
        patience: Seconds after a checkpoint in which the end of an epoch that is not the best, and not the
            last, is not saved.
        whole_from: The first epoch whose model is what was asked for; until then none can be better than it.
    """

    def __init__(
        self,
        run: RunFolder,
        settings: Checkpoint,
        monitor: str | None,
        distribution: Distribution = SINGLE,
        patience: float = 0.0,
        whole_from: int = 1,
    ) -> None:
        self._whole_from = whole_from
        self._distribution = distribution
        self._patience = patience
        self.run = run
        self.settings = settings
        self.monitor = monitor
        self.mode = settings.mode if settings.mode != "auto" or monitor is None else direction(monitor)
        self.best: dict[str, Any] | None = None
        self.kept: list[int] = []
        self._every = parse_every(settings.every)
        self._saved = time.monotonic()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="checkpoint")
        self._pending: Future[None] | None = None
        self._entries = _entries(run)
        self._run_id = run.read_record().get(RUN_ID) if run.record.exists() else None
        self._last: Moment | None = None

    def go_on(self, best: Mapping[str, Any] | None, kept: Sequence[int]) -> str | None:
        """Take up what an earlier session saved.

        Args:
            best: What was known of the best checkpoint then.
            kept: Epochs whose checkpoints were kept.

        Returns:
            A warning, where the best checkpoint is not what it was.
        """
        # Damaged ones too: they are removed when it is their turn.
        self.kept = list(kept)
        self.best = None if best is None else dict(best)
        if best is None or is_of(self._entries.get(BEST), best):
            return None
        broken = f"{self.run.checkpoint(BEST)} is missing or damaged"
        for name, entry in self._entries.items():
            if is_of(entry, best):
                if not self._distribution.is_chief:
                    return None
                self._name(_copy(self.run.checkpoint(name), self.run.checkpoint(BEST)), BEST, entry)
                return f"{broken}; made again from {name}.keras, which is the same"
        self.best = None
        return f"{broken}; the best of what follows takes its place"

    def finish_naming(self, name: str, moment: Moment) -> None:
        """Give a checkpoint the other names that the process which saved it did not live to give.

        Args:
            name: The newest sound checkpoint.
            moment: At which it was saved.

        Raises:
            ResourceError: If the disk is full.
        """
        if not self._distribution.is_chief:
            return
        entry = self._entries[name]
        is_kept = moment.step == 0 and moment.epoch in self.kept
        for other in [*([epoch_checkpoint(moment.epoch)] if is_kept else []), LAST]:
            if self._entries.get(other, {}).get("sha256") != entry["sha256"]:
                self._name(_copy(self.run.checkpoint(name), self.run.checkpoint(other)), other, entry)

    def steps_until_due(self, total_steps: int) -> int | None:
        """How many more steps there are to the next checkpoint, after `total_steps` of the whole run."""
        if self._every.steps is None:
            return None
        return self._every.steps - total_steps % self._every.steps

    def is_due(self, total_steps: int) -> bool:
        """Whether to save inside an epoch, after `total_steps` of the whole run."""
        every = self._every
        if every.seconds is not None:
            # By the chief's clock.
            return bool(self._distribution.chiefs(time.monotonic() - self._saved >= every.seconds))
        return every.steps is not None and total_steps % every.steps == 0

    def save_last(self, model: Any, moment: Moment, take_state: TakeState) -> None:
        """Save the model as it is, unless that was done at this very moment.

        Raises:
            ResourceError: If the disk is full; earlier checkpoints stay.
        """
        if self._last is not moment:
            self._save(model, [LAST], moment, take_state)

    def epoch_ended(
        self, model: Any, moment: Moment, total_steps: int, take_state: TakeState, *, is_final: bool
    ) -> bool:
        """Save what the epoch that `moment` ends calls for.

        Args:
            model: The compiled model.
            moment: Where training stands; its last row is the epoch's.
            total_steps: Steps of the whole run so far.
            take_state: Gives what to save beside the model.
            is_final: Whether training ends here.

        Returns:
            Whether this epoch is the best so far.

        Raises:
            ResourceError: If the disk is full; earlier checkpoints stay.
        """
        names = []
        is_best = self._is_best(moment.rows)
        if is_best:
            self.best = self._entry(model, moment)
            names.append(BEST)
        if is_final or self._is_due_by_epochs(moment) or self.is_due(total_steps):
            if self.settings.keep > 1:
                names.append(epoch_checkpoint(moment.epoch))
                self.kept = [*(epoch for epoch in self.kept if epoch != moment.epoch), moment.epoch]
            names.append(LAST)
        if names:
            self._save(model, names, moment, take_state)
        return is_best

    def _is_due_by_epochs(self, moment: Moment) -> bool:
        if self._every.epochs is None or moment.epoch % self._every.epochs != 0:
            return False
        # Epochs that are kept each by itself are asked for.
        if not self._patience or self.settings.keep > 1:
            return True
        return bool(self._distribution.chiefs(time.monotonic() - self._saved >= self._patience))

    def _is_best(self, rows: Sequence[Mapping[str, float]]) -> bool:
        row = rows[-1]
        if self.monitor is None or self.best is None:
            return True
        if self.best["epoch"] < self._whole_from <= row["epoch"]:
            return True
        value, best = row[self.monitor], self.best["value"]
        if math.isnan(value):
            return False
        if value == best:
            # Of few examples all may be right early, when the model is hardly sure of any.
            of_best = next((one for one in rows if one["epoch"] == self.best["epoch"]), row)
            return bool(_LOSS in row and row[_LOSS] < of_best.get(_LOSS, math.nan))
        return math.isnan(best) or bool(value > best if self.mode == "max" else value < best)

    def _entry(self, model: Any, moment: Moment) -> dict[str, Any]:
        value = moment.rows[-1][self.monitor] if self.monitor and moment.rows and not moment.step else None
        return {
            "epoch": moment.epoch,
            "step": moment.step,
            "monitor": self.monitor,
            "value": value,
            "iterations": int(model.optimizer.iterations.numpy()),
        }

    def _save(self, model: Any, names: Sequence[str], moment: Moment, take_state: TakeState) -> None:
        self.wait()
        dropped = self.kept[: -self.settings.keep]
        self.kept = self.kept[-self.settings.keep :]
        if not self._distribution.is_chief:
            # What the replicas have measured is added up, for which all processes are needed.
            take_state()
            self._noted(names, moment)
            return
        target = self.run.checkpoint(names[-1])
        temporary = temporary_beside(target)
        try:
            with naming_target(target):
                temporary.parent.mkdir(parents=True, exist_ok=True)
                model.save(temporary)
                add_state(temporary, take_state())
        except BaseException:
            _remove(temporary)
            raise
        entry = self._entry(model, moment)
        self._pending = self._thread.submit(self._publish, temporary, names, entry, dropped)
        self._noted(names, moment)

    def _noted(self, names: Sequence[str], moment: Moment) -> None:
        self._saved = time.monotonic()
        if LAST in names:
            self._last = moment

    def _publish(
        self, written: Path, names: Sequence[str], entry: Mapping[str, Any], dropped: Sequence[int]
    ) -> None:
        """Give a written file its names, one after the other, and remove what is kept no longer."""
        try:
            with naming_target(self.run.checkpoint(names[-1])):
                bring_to_disk(written)
                entry = {**entry, "bytes": written.stat().st_size, "sha256": sha256_of(written)}
            # The best comes first: should the process end between the two, what is newest is also the best.
            for name in names[:-1]:
                self._name(_copy(written, self.run.checkpoint(name)), name, entry)
            self._name(written, names[-1], entry)
        finally:
            _remove(written)
        for epoch in dropped:
            _remove(self.run.checkpoint(epoch_checkpoint(epoch)))
            _remove(self.run.checkpoint_state(epoch_checkpoint(epoch)))

    def _name(self, written: Path, name: str, entry: Mapping[str, Any]) -> None:
        path = self.run.checkpoint(name)
        entry = {**entry, CHECKPOINT: name, CHECKPOINT_RUN: self._run_id}
        write_sealed(self.run.checkpoint_state(name), {**entry, PREVIOUS: self._entries.get(name)})
        with naming_target(path):
            written.replace(path)
            if os.name != "nt":
                bring_to_disk(path.parent)
        self._entries[name] = dict(entry)

    def wait(self) -> None:
        """Wait until what was saved last is on the disk.

        Raises:
            ResourceError: If it could not be written; earlier checkpoints stay.
        """
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.result()

    def wait_for_all(self) -> None:
        """The same in all processes: from then on every one of them finds what was saved."""
        self.wait()
        self._distribution.wait()

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=True)


def is_of(entry: Mapping[str, Any] | None, best: Mapping[str, Any]) -> bool:
    """Whether a checkpoint is of the very moment at which the best was saved."""
    return entry is not None and (entry["epoch"], entry["step"]) == (best["epoch"], best["step"])


def _entries(run: RunFolder) -> dict[str, dict[str, Any]]:
    """What is known of the checkpoints that are there and sound."""
    found = {}
    for name in run.checkpoint_names():
        with suppress(DataError):
            found[name] = checkpoint_entry(run, name)
    return found


def _copy(written: Path, target: Path) -> Path:
    """A copy beside `target`: a link would be lost with the same block of the disk."""
    temporary = temporary_beside(target)
    try:
        with naming_target(target):
            shutil.copyfile(written, temporary)
            bring_to_disk(temporary)
    except BaseException:
        _remove(temporary)
        raise
    return temporary


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)
