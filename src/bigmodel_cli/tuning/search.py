"""A search from its config to its last trial, whatever interrupts it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from bigmodel_cli.config.dump import to_yaml
from bigmodel_cli.config.naming import OWN_COLUMNS, direction, directions
from bigmodel_cli.config.searched import Searched
from bigmodel_cli.errors import ConfigError, DataError, ResourceError, UsageError
from bigmodel_cli.metrics_file import as_written, read_metrics
from bigmodel_cli.run_folder import STOPPED as RUN_STOPPED
from bigmodel_cli.stopped import SEARCH
from bigmodel_cli.training.pin import choose_monitor
from bigmodel_cli.tuning.folder import SearchFolder
from bigmodel_cli.tuning.halving import hopeless
from bigmodel_cli.tuning.journal import COMPLETED, FAILED, STOPPED, Journal, Metric, Trial
from bigmodel_cli.tuning.samplers import Sampler, sampler_of
from bigmodel_cli.whole_files import read_sealed, write_sealed, write_text
from bigmodel_cli.workers.job import Job, Told
from bigmodel_cli.workers.pool import Pool

# How long nothing may be told before a search looks at its clock.
_PATIENCE_SECONDS = 1.0
# So many trials that fail alike at the beginning are no bad luck.
_MANY_FAILURES = 3


class Watcher(Protocol):
    """Is told how a search goes."""

    def began(self, trial: Trial) -> None:
        """A trial has begun, or goes on."""

    def told(self, trial: Trial, told: Told) -> None:
        """What the worker of a trial tells."""

    def ended(self, trial: Trial) -> None:
        """A trial has ended."""


@dataclass
class Search:
    """A search.

    Attributes:
        searched: The config and its space.
        folder: Where it is kept.
        watcher: Is told how it goes.
        num_workers: How many trials run at a time.
        offline: No download may be made.
    """

    searched: Searched
    folder: SearchFolder
    watcher: Watcher
    num_workers: int = 1
    offline: bool = False

    def run(self) -> Journal:
        """Train as many trials as were asked for in all, those of earlier sessions included.

        Raises:
            UsageError: If another process searches here, or the search was begun with another config.
            ConfigError, DataError, ResourceError: If the first trials all failed by the same.
            Interrupted: If a signal ended it.
        """
        self.folder.path.mkdir(parents=True, exist_ok=True)
        with _locked(self.folder):
            self._require_same()
            journal = Journal(self.folder.journal)
            seed = self.searched.loaded.experiment.seed
            sampler = sampler_of(self.searched.tune.search, self.searched.space, seed)
            with Pool(self.num_workers, self.folder.log) as pool:
                self._go(journal, sampler, pool)
            return journal

    def _require_same(self) -> None:
        """Trials of one search are of one config."""
        experiment = self.searched.loaded.experiment
        config = to_yaml(experiment.model_copy(update={"tune": None}))
        space = to_yaml(self.searched.tune.space)
        asked = {"config": config, "space": space}
        if self.folder.record.exists():
            before = read_sealed(self.folder.record)
            for key, text in asked.items():
                if before[key] != text:
                    what = "the config" if key == "config" else "tune.space"
                    raise UsageError(
                        f"{self.folder.path}: {what} has changed since this search was begun",
                        hint="give the search another name: name=…, or remove its folder",
                    )
            return
        write_sealed(self.folder.record, asked)

    def _go(self, journal: Journal, sampler: Sampler, pool: Pool) -> None:
        open_ = [trial for trial in journal.trials.values() if not trial.has_ended]
        while True:
            while pool.has_room and (trial := self._next(open_, journal, sampler)) is not None:
                self._submit(trial, journal, pool)
            if not pool.jobs:
                return
            for told in pool.told(_PATIENCE_SECONDS):
                self._take(told, journal, pool)

    def _next(self, open_: list[Trial], journal: Journal, sampler: Sampler) -> Trial | None:
        """The trial that is trained next: those that were cut off first."""
        if open_:
            return open_.pop(0)
        number = len(journal.trials) + 1
        if number > self.searched.tune.trials:
            return None
        point = sampler.draw(number, journal)
        return None if point is None else journal.begin(number, point, self.searched.words(point))

    def _submit(self, trial: Trial, journal: Journal, pool: Pool) -> None:
        self.watcher.began(trial)
        path = self.folder.config(trial.number)
        try:
            config = self.searched.config_at(trial.point)
        except ConfigError as error:
            self._fail(trial, journal, "ConfigError", error.message)
            return
        path.parent.mkdir(exist_ok=True)
        write_text(path, to_yaml(config.experiment))
        pool.submit(
            Job(trial.number, str(path), str(self.folder.run(trial.number).path), offline=self.offline)
        )

    def _take(self, told: Told, journal: Journal, pool: Pool) -> None:
        trial = journal.trials[told.number]
        if told.what == "epoch":
            pool.answer(trial.number, self._judge(trial, told.values["row"], journal))
        self.watcher.told(trial, told)
        if told.what == "ended":
            self._end(trial, journal)
        elif told.what == "failed":
            self._fail(trial, journal, told.values["kind"], told.values["message"])
        elif told.what == "died":
            self._fail(trial, journal, "died", f"its process ended with status {told.values['status']}")

    def _judge(self, trial: Trial, row: dict[str, float], journal: Journal) -> str | None:
        epoch = int(row["epoch"])
        if journal.metric is None:
            journal.compare_by(metric_of(self.searched, row))
        assert journal.metric is not None
        journal.epoch(trial.number, epoch, as_written(row[journal.metric.column]))
        if not self.searched.tune.stop_early:
            return None
        num_epochs = self.searched.loaded.experiment.training.epochs
        return hopeless(trial, journal, epoch, num_epochs)

    def _end(self, trial: Trial, journal: Journal) -> None:
        """Note what a complete run came to; it may have been complete before this process began."""
        run = self.folder.run(trial.number)
        record, columns = run.read_record(), read_metrics(run.metrics)
        assert journal.metric is not None, "known since the first epoch"
        scores = columns[journal.metric.column]
        for epoch, score in enumerate(scores, 1):
            journal.epoch(trial.number, epoch, score)
        epoch = (record.get("best") or {}).get("epoch") or len(scores)
        stopped = record.get(RUN_STOPPED) or {}
        by_search = stopped.get("callback") == SEARCH
        journal.end(
            trial.number,
            STOPPED if by_search else COMPLETED,
            score=scores[epoch - 1],
            epoch=epoch,
            reason=stopped.get("why"),
            seconds=record["seconds"],
        )
        self.watcher.ended(trial)

    def _fail(self, trial: Trial, journal: Journal, kind: str, message: str) -> None:
        journal.end(trial.number, FAILED, reason=message)
        self.watcher.ended(trial)
        ended = [one for one in journal.trials.values() if one.has_ended]
        if len(ended) >= _MANY_FAILURES and all(one.reason == message for one in ended):
            raise _ERRORS.get(kind, ResourceError)(
                f"the first {len(ended)} trials all failed by the same: {message}",
                hint="mend the config, remove the search's folder, and search again",
            )


_ERRORS: dict[str, Any] = {"ConfigError": ConfigError, "UsageError": UsageError, "DataError": DataError}


def metric_of(searched: Searched, row: Mapping[str, float]) -> Metric:
    """What trials are compared by: what `tune.metric` names, else what the checkpoint watches.

    Args:
        searched: The config and its space.
        row: Of an epoch, as metrics.csv has it.

    Raises:
        UsageError: If there is no such column.
    """
    experiment, tune = searched.loaded.experiment, searched.tune
    measured = [name for name in row if name not in OWN_COLUMNS]
    is_validated = any(name.startswith("val_") for name in measured)
    names = [name for name in measured if not name.startswith("val_")]
    column = tune.metric
    if column == "auto":
        column = choose_monitor(experiment, names, has_validation=is_validated) or "val_loss"
    if column not in measured:
        raise UsageError(
            f"tune.metric: no epoch has {column!r}",
            hint="a search needs a validation split"
            if not is_validated
            else f"there are {', '.join(measured)}",
        )
    of_run = {} if experiment.metrics == "auto" else directions(experiment.metrics)
    better = direction(column, of_run) if tune.mode == "auto" else tune.mode
    return Metric(column, better == "max")


@contextmanager
def _locked(folder: SearchFolder) -> Iterator[None]:
    """Hold a search's lock.

    Raises:
        UsageError: If another process searches here.
    """
    import filelock

    lock = filelock.FileLock(folder.lock)
    try:
        lock.acquire(timeout=1.0)
    except filelock.Timeout:
        raise UsageError(f"{folder.path}: another process searches here right now") from None
    try:
        yield
    finally:
        lock.release()
