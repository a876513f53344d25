"""Weights & Biases: its server, or folders that are sent later (offline)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from bigmodel_cli.tracking.reachable import Address, address_of
from bigmodel_cli.tracking.tracker import Facts, Ids, Point, Tracker, TrackerOptions
from bigmodel_cli.tracking.wandb_file import has_exit, steps_in

_URL = "https://api.wandb.ai"
# How long its server may take to begin a run.
_START_SECONDS = 30


class Wandb(TrackerOptions):
    """Follows runs in Weights & Biases (extra `wandb`): config, metrics, files; trials in their
    search's group."""

    tracker_name: ClassVar[str] = "wandb"
    example: ClassVar[str] = "track: [{wandb: {project: digits, mode: offline}}]"
    package: ClassVar[str] = "wandb"
    extra: ClassVar[str] = "wandb"

    project: str | None = Field(None, min_length=1, description="The project; null: the config's `name`.")
    entity: str | None = Field(
        None, min_length=1, description="The user or team that it belongs to; null: your own."
    )
    mode: Literal["online", "offline"] | None = Field(
        None,
        description="offline: nothing is sent, and `wandb sync` sends it later; null: the environment's "
        "WANDB_MODE, else online.",
    )
    checkpoint: bool = Field(False, description="Send the best checkpoint and the exported model too.")

    @property
    def wants_checkpoint(self) -> bool:
        return self.checkpoint

    @property
    def is_offline(self) -> bool:
        return (self.mode or os.environ.get("WANDB_MODE")) == "offline"

    @property
    def address(self) -> Address | None:
        return None if self.is_offline else address_of(os.environ.get("WANDB_BASE_URL") or _URL)

    def offline(self) -> Wandb:
        return self.model_copy(update={"mode": "offline"})

    def open(self, folder: Path) -> Tracker:
        return _Run(self)


class _Run:
    def __init__(self, options: Wandb) -> None:
        self._options = options
        self._run: Any = None
        self._arrived: set[int] = set()
        self._folder = Path(os.environ.get("WANDB_DIR") or ".").resolve()

    def start(self, facts: Facts, ids: Ids) -> Ids:
        is_offline = self._options.is_offline
        folder = Path(ids.get("folder", self._folder))
        if is_offline:
            self._arrived = _kept_offline(folder, facts.id)
        # It tells of itself even offline.
        os.environ["WANDB_ERROR_REPORTING"] = "false"
        import wandb

        self._run = wandb.init(
            id=facts.id,
            resume="allow",
            name=facts.name,
            project=self._options.project or facts.experiment,
            entity=self._options.entity,
            config={**facts.config, "run": dict(facts.tags)},
            group=None if facts.parent is None else facts.parent.name,
            job_type=None if facts.parent is None else facts.parent.child,
            dir=str(folder),
            mode="offline" if is_offline else "online",
            allow_val_change=True,
            settings=wandb.Settings(
                console="off",
                silent=True,
                save_code=False,
                disable_git=True,
                init_timeout=_START_SECONDS,
                x_disable_stats=True,
                x_disable_meta=True,
                x_disable_machine_info=True,
            ),
        )
        if not is_offline:
            # Its server knows how far it got; steps arrive in order.
            self._arrived = set(range(self._run.starting_step))
        # What a process was killed with had not arrived: each gets all files.
        return {"run": facts.id, "folder": str(folder), "session": Path(self._run.dir).parent.name}

    def has(self, name: str, step: int) -> bool:
        return step in self._arrived

    def metrics(self, points: Sequence[Point]) -> None:
        for point in points:
            self._run.log(dict(point.values), step=point.step, commit=True)

    def results(self, point: Point) -> None:
        self._run.summary.update(dict(point.values))

    def file(self, name: str, path: Path) -> None:
        # A copy, since the run's own file may be gone before the folder is sent.
        place = Path(self._run.dir) / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
        self._run.save(str(place), base_path=self._run.dir, policy="now")

    def end(self, status: str) -> str | None:
        self._run.summary["status"] = status
        self._run.finish(exit_code=0 if status == "completed" else 1)
        if not self._options.is_offline:
            return None
        return f"to send it: wandb sync {Path(self._run.dir).parent}"


def _kept_offline(folder: Path, run_id: str) -> set[int]:
    """The steps that earlier folders of a run have.

    One that was not ended is what a killed process has left: what it had not written yet is lost, and
    `wandb sync` may refuse it. It makes room for one that has everything, unless it was sent already.
    """
    steps: set[int] = set()
    for own in _offline_folders(folder, run_id):
        file = own / f"run-{run_id}.wandb"
        content = file.read_bytes() if file.exists() else b""
        if has_exit(content) or file.with_name(f"{file.name}.synced").exists():
            steps |= steps_in(content)
        else:
            shutil.rmtree(own, ignore_errors=True)
    return steps


def _offline_folders(folder: Path, run_id: str) -> Iterator[Path]:
    yield from sorted((folder / "wandb").glob(f"offline-run-*-{run_id}"))
