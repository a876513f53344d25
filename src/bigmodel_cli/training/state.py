"""What training goes on from and Keras's own file does not hold; it travels inside the `.keras` file.

One file means one commit: weights, optimizer, random state, callbacks' counters and the rows so far are
all of the same moment, or the file is not there.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bigmodel_cli.errors import DataError
from bigmodel_cli.modeling.keras_archive import check_archive
from bigmodel_cli.run_folder import STATE_ARRAYS_MEMBER, STATE_MEMBER

STATE_VERSION = 2
# What Python and NumPy raise for a document or an array that is none.
_UNREADABLE = (LookupError, TypeError, ValueError, AttributeError, EOFError)
Row = dict[str, float]


@dataclass(frozen=True)
class Moment:
    """Where training stands.

    Attributes:
        epoch: Complete epochs.
        step: Steps that are done of the epoch after them.
        seconds: Spent in that epoch.
        rows: Of metrics.csv, one per complete epoch.
        is_stopped: Whether a callback has ended training.
        stopped: Which one and why, as run.json has it; None where none did, or an earlier version wrote it.
        planned: How much is trained, where a limit of time decides it; None where none does.
    """

    epoch: int = 0
    step: int = 0
    seconds: float = 0.0
    rows: tuple[Row, ...] = ()
    is_stopped: bool = False
    stopped: Mapping[str, Any] | None = None
    planned: Mapping[str, Any] | None = None

    def __str__(self) -> str:
        if not self.step:
            return f"the end of epoch {self.epoch}" if self.epoch else "the start"
        return f"step {self.step} of epoch {self.epoch + 1}"


@dataclass(frozen=True)
class State:
    """Everything that training goes on from, beside weights and optimizer.

    Attributes:
        moment: Where training stands.
        best: What is known of the best checkpoint at that moment.
        kept: Epochs whose checkpoints are kept.
        callbacks: Counters of each callback, in the config's order.
        seconds: The time that the run had taken, over all its sessions.
        rollbacks: How often training went back after it diverged.
        learning_rate_factor: What the config's learning rate was multiplied by in doing so.
        arrays: Seeds and metrics by `role/owner/name`, and callbacks' weights.
    """

    moment: Moment
    best: Mapping[str, Any] | None = None
    kept: Sequence[int] = ()
    callbacks: Sequence[Mapping[str, Any]] = ()
    seconds: float = 0.0
    rollbacks: int = 0
    learning_rate_factor: float = 1.0
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)


def add_state(path: Path, state: State) -> None:
    """Put a state into a `.keras` file, which Keras reads as before.

    Raises:
        OSError: If the disk is full.
    """
    document = asdict(state)
    arrays = io.BytesIO()
    np.savez(arrays, **document.pop("arrays"))
    with zipfile.ZipFile(path, "a", zipfile.ZIP_STORED) as archive:
        archive.writestr(STATE_MEMBER, json.dumps({"version": STATE_VERSION, **document}))
        archive.writestr(STATE_ARRAYS_MEMBER, arrays.getbuffer())


def read_state(path: Path, names: Sequence[str] = ()) -> State:
    """The state inside a `.keras` file.

    Args:
        path: The file.
        names: Of seeds and metrics, in the order by which version 1 told them apart.

    Raises:
        DataError: If there is none, or it is damaged.
    """
    check_archive(path)
    try:
        with zipfile.ZipFile(path) as archive:
            document = json.loads(archive.read(STATE_MEMBER))
            with np.load(io.BytesIO(archive.read(STATE_ARRAYS_MEMBER)), allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
        version = document.pop("version")
        if version not in (1, STATE_VERSION):
            raise DataError(f"{path}: its training state is of another version of bigmodel")
        if version == 1:
            by_place = {f"variable_{place:05d}": name for place, name in enumerate(names)}
            arrays = {by_place.get(key, key): array for key, array in arrays.items()}
        moment = document.pop("moment")
        moment["rows"] = tuple(moment["rows"])
        return State(Moment(**moment), **document, arrays=arrays)
    except (*_UNREADABLE, OSError, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: no training state in it that could be read: {error!r}") from error
