"""What a tracker is: options from the config in, a run's parameters, metrics and files out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

from pydantic import BaseModel, ConfigDict

from bigmodel_cli.tracking.reachable import Address

# What a tracker needs to find a run again, as its file in the run's folder has it.
Ids = Mapping[str, str]


@dataclass(frozen=True)
class Parent:
    """A search or a cross-validation, whose runs are its children.

    Attributes:
        id: What tells it from all others.
        name: Of its folder.
        folder: Where it is kept.
        child: What a run of it is: trial or fold.
    """

    id: str
    name: str
    folder: Path
    child: str


@dataclass(frozen=True)
class Facts:
    """What a tracker is told of a run before any metric.

    Attributes:
        id: What tells the run from all others, wherever its folder is.
        name: Of its folder, such as `digits/20261128-120000`.
        experiment: The config's `name`.
        config: The whole config as plain data.
        parameters: The same by dotted keys, as words of the command line have them.
        tags: What else is known of it: the machine, versions, the commit, sizes of the data.
        started: In seconds since 1970.
        parent: The search or cross-validation that it belongs to.
    """

    id: str
    name: str
    experiment: str
    config: Mapping[str, Any]
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    started: float
    parent: Parent | None = None


@dataclass(frozen=True)
class Point:
    """Metrics at a step.

    Attributes:
        step: The epoch, from 1.
        time: At which it ended, in seconds since 1970; a function of the run's folder.
        values: By name.
    """

    step: int
    time: float
    values: Mapping[str, float]


class Tracker(Protocol):
    """One run in a tracker. Whatever it is told twice it has once."""

    def start(self, facts: Facts, ids: Ids) -> Ids:
        """Begin the run there, or go on with it.

        Args:
            facts: What is known of the run.
            ids: What an earlier `start` has returned; it may not have been kept.

        Returns:
            What finds it again.
        """

    def has(self, name: str, step: int) -> bool:
        """Whether a metric at a step has arrived."""

    def metrics(self, points: Sequence[Point]) -> None:
        """Take metrics; steps are in order."""

    def results(self, point: Point) -> None:
        """Take what the complete run came to, or take it once more."""

    def file(self, name: str, path: Path) -> None:
        """Take a file of the run's folder; one that it has by this name is replaced."""

    def end(self, status: str) -> str | None:
        """The run has ended, for now.

        Args:
            status: completed, interrupted, failed or crashed.

        Returns:
            What the user may want to know, such as how to send what was kept offline.
        """


class TrackerOptions(BaseModel, ABC):
    """The options of one tracker as the config writes them.

    Attributes:
        tracker_name: What configs call it.
        example: One line of YAML that shows its use.
        package: What must be installed, as Python imports it.
        extra: The extra that installs it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)

    tracker_name: ClassVar[str]
    example: ClassVar[str]
    package: ClassVar[str]
    extra: ClassVar[str]

    @property
    def wants_checkpoint(self) -> bool:
        """Whether the best checkpoint is sent too."""
        return False

    def offline(self) -> TrackerOptions | None:
        """The same without a network; None where nothing can be kept without one."""
        return self

    @property
    def address(self) -> Address | None:
        """The server that must answer; None for none."""
        return None

    @abstractmethod
    def open(self, folder: Path) -> Tracker:
        """The tracker; `folder` is the run's own for what trackers keep in it."""
