"""What a worker is told and what it tells: one JSON object in a line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

# The kind of an error by which no job can go on before somebody makes room.
DISK_FULL = "disk full"


@dataclass(frozen=True)
class Job:
    """A run to train, or to go on with where its folder has one that is not complete.

    Attributes:
        number: By which whoever asks knows it.
        config: The file of its config, with nothing to be put over it.
        folder: The run's folder.
        words: Of the command line, by which a run goes on that is there already.
        is_trial: Whether it may be ended after any epoch, and is not concluded.
        offline: No download may be made.
        exports: Whether there is to be a model.tflite.
    """

    number: int
    config: str
    folder: str
    words: tuple[str, ...] = ()
    is_trial: bool = True
    offline: bool = False
    exports: bool = True

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Told:
    """What a worker tells of a job.

    Attributes:
        number: Of the job.
        what: `said` a sentence, `warned`; `downloading`; `progressed`; `measured`: an epoch is done; `epoch`:
            one of a trial is, and it waits for the word whether it was the last one;
            `ended`: the run is complete; `failed`; `interrupted`; `died`: the process is gone.
        values: What belongs to it: `message`; `label`, `done` and `total`; `row` of metrics.csv and the
            `monitor` that decides which epoch is the best, and `is_last`; `kind` and `message` of an
            error.
    """

    number: int
    what: str
    values: Mapping[str, Any]

    @property
    def is_last(self) -> bool:
        """Whether the worker is done with the job."""
        return self.what in ("ended", "failed", "interrupted", "died")
