"""A search from its config to its last trial, whatever interrupts it."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass

from bigmodel_cli.config.dump import to_yaml
from bigmodel_cli.config.naming import OWN_COLUMNS, direction, directions
from bigmodel_cli.config.schema import Experiment, Training
from bigmodel_cli.config.searched import Searched
from bigmodel_cli.config.tune import Tune
from bigmodel_cli.errors import ConfigError, ResourceError, UsageError
from bigmodel_cli.metrics_file import as_written, read_metrics
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.run_folder import STOPPED as RUN_STOPPED
from bigmodel_cli.stopped import SEARCH, TIME
from bigmodel_cli.training.pin import choose_monitor
from bigmodel_cli.training.signals import stop_on_signal
from bigmodel_cli.tuning.best import write_best
from bigmodel_cli.tuning.disk import Disk
from bigmodel_cli.tuning.folder import SearchFolder
from bigmodel_cli.tuning.halving import hopeless
from bigmodel_cli.tuning.identity import TRIALS, changes, identity
from bigmodel_cli.tuning.journal import COMPLETED, FAILED, STOPPED, Journal, Metric, Trial
from bigmodel_cli.tuning.length import Length
from bigmodel_cli.tuning.samplers import Sampler, sampler_of, settled
from bigmodel_cli.tuning.watcher import Watcher
from bigmodel_cli.tuning.winner import conclude_best
from bigmodel_cli.whole_files import read_sealed, write_sealed, write_text
from bigmodel_cli.workers.failing import Deaths, error_called
from bigmodel_cli.workers.folder import locked, require_same
from bigmodel_cli.workers.job import DISK_FULL, Job, Told
from bigmodel_cli.workers.pool import Pool
from bigmodel_cli.workers.shipped_code import with_shipped_code

# How long nothing may be told before a search looks at its clock.
_PATIENCE_SECONDS = 1.0
# So many trials that fail alike at the beginning are no bad luck.
_MANY_FAILURES = 3
# The key of search.json that has what `search: auto` was.
_WAY = "way"


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
            ResourceError: If the disk is full.
            Interrupted: If a signal ended it.
        """
        self.folder.path.mkdir(parents=True, exist_ok=True)
        with stop_on_signal(), locked(self.folder.lock, "searches"):
            way = self._require_same()
            journal = Journal(self.folder.journal)
            seed = self.searched.loaded.experiment.seed
            sampler = sampler_of(way, self.searched.space, seed)
            self.watcher.opened(journal)
            with Pool(self.num_workers, self.folder.log) as pool:
                _Session(self, journal, sampler, pool).go()
                write_best(self.searched, self.folder, journal)
                gates = self.searched.loaded.experiment.expect
                conclude_best(self.folder, journal, gates, pool, self.watcher, offline=self.offline)
            return journal

    @property
    def tune(self) -> Tune:
        return self.searched.tune

    def _require_same(self) -> str:
        """Trials of one search are of one config; how many there are, and what they may take, can change.

        Returns:
            How values are chosen: what `search: auto` was when the search began, whatever is installed now.
        """
        record = self.folder.record
        before = read_sealed(record) if record.exists() else {}
        way = str(before.get(_WAY) or settled(self.tune.search))
        require_same(record, {**identity(self.searched), _WAY: way}, "search", changes)
        write_sealed(record, {**read_sealed(record), TRIALS: self.tune.trials})
        return way


@dataclass
class _Session:
    """One process's part of a search."""

    search: Search
    journal: Journal
    sampler: Sampler
    pool: Pool

    def __post_init__(self) -> None:
        self._began = time.monotonic() - self.journal.seconds
        self._deaths = Deaths()
        # Of each trial: it may be searched too.
        self._lengths: dict[int, Length] = {}
        self._first: Training | None = None
        self._open = [trial for trial in self.journal.trials.values() if not trial.has_ended]
        self._disk = Disk(self.search.folder, self.search.tune.keep, self.search.tune.bytes)

    def go(self) -> None:
        self._disk.tidy(self.journal)
        while True:
            while self.pool.has_room and (trial := self._next()) is not None:
                self._submit(trial)
            if not self.pool.jobs:
                return
            for told in self.pool.told(_PATIENCE_SECONDS):
                self._take(told)

    @property
    def _elapsed(self) -> float:
        return time.monotonic() - self._began

    def _next(self) -> Trial | None:
        """The trial that is trained next: those that were cut off first."""
        if self._open:
            return self._open.pop(0)
        tune, number = self.search.tune, len(self.journal.trials) + 1
        is_late = tune.seconds is not None and self._elapsed > tune.seconds
        if number > tune.trials or is_late:
            return None
        point = self.sampler.draw(number, self.journal)
        return None if point is None else self.journal.begin(number, point, self.search.searched.words(point))

    def _submit(self, trial: Trial) -> None:
        self.search.watcher.began(trial)
        folder = self.search.folder
        path = folder.config(trial.number)
        try:
            config = self.search.searched.config_at(trial.point)
        except ConfigError as error:
            self._fail(trial, "ConfigError", error.message)
            return
        training = config.experiment.training
        self._lengths[trial.number] = Length(training.epochs, training.time)
        path.parent.mkdir(exist_ok=True)
        experiment = with_shipped_code(config.experiment, config.code, folder.code)
        write_text(path, to_yaml(self._executed_alike(experiment)))
        run = str(folder.run(trial.number).path)
        self.pool.submit(Job(trial.number, str(path), run, offline=self.search.offline))

    def _executed_alike(self, experiment: Experiment) -> Experiment:
        """The config of a trial in the precision that the first one came to, and without XLA if that was.

        So scores differ by what was drawn alone, and what was measured is not measured in each trial again.
        """
        if self._first is None:
            ended = (one for one in self.journal.trials.values() if one.status in (COMPLETED, STOPPED))
            if (first := next(ended, None)) is None:
                return experiment
            run = self.search.folder.run(first.number)
            self._first = read_config(run.config, was_trained=True).experiment.training
        training, update = experiment.training, dict[str, str | bool]()
        if training.precision == "auto":
            update["precision"] = self._first.precision
        if training.jit_compile == "auto" and self._first.jit_compile is False:
            update["jit_compile"] = False
        return experiment.model_copy(update={"training": training.model_copy(update=update)})

    def _take(self, told: Told) -> None:
        trial = self.journal.trials[told.number]
        if told.what == "epoch":
            self._epoch(trial, told.values["row"])
        self.search.watcher.told(trial, told)
        if told.what == "ended":
            self._end(trial)
        elif told.what == "failed":
            self._fail(trial, told.values["kind"], told.values["message"])
        elif told.what in ("died", "interrupted"):
            self._go_on(trial, told)

    def _epoch(self, trial: Trial, row: Mapping[str, float]) -> None:
        epoch = int(row["epoch"])
        self._deaths.got_further(trial.number)
        if self.journal.metric is None:
            self.journal.compare_by(metric_of(self.search.searched, row))
        assert self.journal.metric is not None
        if epoch == 1 and (why := self._disk.room_for(trial.number, self.journal)) is not None:
            self.pool.cancel(trial.number)
            self._fail(trial, "budget", why)
            return
        length = self._lengths[trial.number]
        share = length.share_after(trial, epoch, row["seconds"])
        self.journal.epoch(trial.number, epoch, as_written(row[self.journal.metric.column]), share)
        why = None
        if self.search.tune.stop_early:
            why = hopeless(trial, self.journal, epoch, length.epochs)
        self.pool.answer(trial.number, why)

    def _go_on(self, trial: Trial, told: Told) -> None:
        """A process that is gone takes a part of an epoch with it, unless it is gone again and again."""
        why = self._deaths.why_hopeless(told)
        if why is None:
            self._open.append(trial)
        else:
            self._fail(trial, "died", why)

    def _end(self, trial: Trial) -> None:
        """Note what a complete run came to; it may have been complete before this process began."""
        run = self.search.folder.run(trial.number)
        record, columns = run.read_record(), read_metrics(run.metrics)
        if self.journal.metric is None:
            self.journal.compare_by(metric_of(self.search.searched, {k: v[0] for k, v in columns.items()}))
        assert self.journal.metric is not None
        scores = columns[self.journal.metric.column]
        length = self._lengths[trial.number]
        for epoch, (score, seconds) in enumerate(zip(scores, columns["seconds"], strict=True), 1):
            self.journal.epoch(trial.number, epoch, score, length.share_after(trial, epoch, seconds))
        epoch = (record.get("best") or {}).get("epoch") or len(scores)
        stopped = record.get(RUN_STOPPED) or {}
        by_search = stopped.get("callback") == SEARCH
        self.journal.end(
            trial.number,
            STOPPED if by_search else COMPLETED,
            elapsed=round(self._elapsed, 3),
            score=scores[epoch - 1],
            epoch=epoch,
            # Who has had all the time that there is did not end early.
            reason=None if stopped.get("callback") == TIME else stopped.get("why"),
            seconds=record["seconds"],
        )
        self._disk.tidy(self.journal)
        self.search.watcher.ended(trial)

    def _fail(self, trial: Trial, kind: str, message: str) -> None:
        """Note why a trial came to nothing.

        Raises:
            ResourceError: If the disk is full: then all trials would fail.
            BigmodelError: If the first trials all failed by the same.
        """
        if kind == DISK_FULL:
            raise ResourceError(message, hint="free some space; the same command goes on")
        self.journal.end(trial.number, FAILED, elapsed=round(self._elapsed, 3), reason=message, kind=kind)
        self._disk.tidy(self.journal)
        self.search.watcher.ended(trial)
        ended = [one for one in self.journal.trials.values() if one.has_ended]
        if len(ended) >= _MANY_FAILURES and all(_gist(one.reason) == _gist(message) for one in ended):
            raise error_called(kind)(
                f"the first {len(ended)} trials all failed by the same: {message}",
                hint=f"mend the config, remove {self.search.folder.path}, and search again",
            )


def _gist(reason: str | None) -> str:
    """A reason without the numbers in it, which differ from trial to trial."""
    return re.sub(r"[0-9][0-9.,]*", "#", reason or "")


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
