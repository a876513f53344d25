"""A cross-validation from its config to its page, whatever interrupts it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from bigmodel_cli.config.dump import to_yaml
from bigmodel_cli.config.load import LoadedConfig
from bigmodel_cli.config.schema import Fold
from bigmodel_cli.crossvalidation.folder import CrossvalFolder
from bigmodel_cli.crossvalidation.page import write_page
from bigmodel_cli.crossvalidation.plan import Plan
from bigmodel_cli.crossvalidation.predictions import write_predictions
from bigmodel_cli.crossvalidation.results import Results, results_of, write_results
from bigmodel_cli.errors import ResourceError
from bigmodel_cli.inference.groups import groups_of
from bigmodel_cli.listener import Listener
from bigmodel_cli.pipeline.splits import split_source
from bigmodel_cli.pipeline.strings import strung
from bigmodel_cli.pipeline.tokenizing import tokenized
from bigmodel_cli.run_folder import COMPLETED
from bigmodel_cli.run_removal import remove_weights
from bigmodel_cli.training.known_data import fit_to_data
from bigmodel_cli.training.signals import stop_on_signal
from bigmodel_cli.whole_files import write_text
from bigmodel_cli.workers.failing import Deaths, error_called
from bigmodel_cli.workers.folder import locked, require_same
from bigmodel_cli.workers.job import DISK_FULL, Job, Told
from bigmodel_cli.workers.pool import Pool
from bigmodel_cli.workers.same_config import CHANGES_NO_RUN, changed_keys
from bigmodel_cli.workers.shipped_code import with_shipped_code

# How long nothing may be told before it is looked at who has room.
_PATIENCE_SECONDS = 1.0
# The key of its record with the config.
_CONFIG, _CODE = "config", "code"
_WHY_REMOVED = "crossval keeps no weights of folds without --keep-weights"


class Watcher(Listener, Protocol):
    """Is told how a cross-validation goes; of warnings of all folds each once."""

    def opened(self, num_folds: int, num_done: int) -> None:
        """So many folds there are to be, of all repeats, and so many are complete already."""

    def began(self, fold: Fold, number: int) -> None:
        """A fold is trained, or gone on with; by its number the worker tells of it."""

    def told(self, fold: Fold, told: Told) -> None:
        """What the worker of a fold tells."""

    def ended(self, fold: Fold, number: int) -> None:
        """The run of a fold is complete."""


@dataclass(frozen=True)
class How:
    """What decides how it is done, but not what the folds are.

    Attributes:
        num_workers: How many folds are trained at a time.
        offline: No download may be made.
        keep_weights: Whether the checkpoints of folds stay, and models are exported.
        by: Columns that make groups, whose scores are asked for.
    """

    num_workers: int = 1
    offline: bool = False
    keep_weights: bool = False
    by: Sequence[str] = ()


@dataclass
class Crossval:
    """A cross-validation.

    Attributes:
        loaded: The config.
        folder: Where it is kept.
        num_folds: How many folds there are.
        num_repeats: How often the examples are dealt.
        watcher: Is told how it goes.
        how: How it is done.
    """

    loaded: LoadedConfig
    folder: CrossvalFolder
    num_folds: int
    num_repeats: int
    watcher: Watcher
    how: How = How()
    _warned: set[str] = field(default_factory=set, init=False, repr=False)

    def run(self) -> Results:
        """Train the runs of all folds that are not complete, and put together what they came to.

        Raises:
            UsageError: If another process cross-validates here, what was begun here is something else, or the
                data has no such column as `how.by` names.
            DataError: If there are more folds than there can be, or the data cannot be had.
            ConfigError: If something cannot be meant with these data.
            BigmodelError: What the run of a fold failed by.
            Interrupted: If a signal ended it.
        """
        with stop_on_signal():
            how, watcher = self.how, self.watcher
            counts = (self.num_folds, self.num_repeats)
            plan = Plan.of(self.loaded.experiment, *counts, watcher, offline=how.offline, by=how.by)
            for column in how.by:
                # Before anything is trained.
                groups_of(plan.examples, column)
            self._check(plan)
            for note in plan.notes():
                watcher.say(note)
            self.folder.path.mkdir(parents=True, exist_ok=True)
            with locked(self.folder.lock, "cross-validates"):
                if not self.folder.has_runs:
                    # A config that came to no run is mended, and asked for again.
                    self.folder.record.unlink(missing_ok=True)
                require_same(self.folder.record, self._asked(plan), "cross-validation", _changes)
                self._train(plan)
                write_predictions(self.folder, plan)
                results = results_of(plan, self.folder, how.by)
                write_results(results, self.folder)
                write_page(results, self.folder)
                return results

    def _check(self, plan: Plan) -> None:
        """Find out what of the config does not fit its data before anything is trained, by its own lines."""
        experiment = plan.config(next(iter(plan.folds())))
        data = experiment.data
        splits = split_source(plan.source, data, experiment.seed, self._warn_once)
        splits = strung(splits, data.source.options, experiment.seed)
        splits = tokenized(splits, data.source.options, self._warn_once)
        fit_to_data(replace(self.loaded, experiment=experiment), splits, self._warn_once)

    def _warn_once(self, message: str) -> None:
        if message not in self._warned:
            self._warned.add(message)
            self.watcher.warn(message)

    def warned_of(self, fold: Fold, message: str) -> None:
        """A run warns of something; what stands in its own config was told by the line of the user's."""
        if not message.startswith(str(self.folder.config(fold))):
            self._warn_once(message)

    def _asked(self, plan: Plan) -> dict[str, str]:
        """What all sessions have in common; more repeats only add to it."""
        experiment = self.loaded.experiment.model_copy(update={"tune": None, "track": []})
        hashes = self.loaded.code.hashes
        return {
            **({_CODE: to_yaml(hashes)} if hashes else {}),
            _CONFIG: to_yaml(experiment),
            "--folds": str(self.num_folds),
            "the data": plan.examples.fingerprint(),
        }

    def _train(self, plan: Plan) -> None:
        with Pool(self.how.num_workers, self.folder.log) as pool:
            _Session(self, plan, pool).go()


def _changes(before: Mapping[str, Any], asked: Mapping[str, str]) -> list[str]:
    """What is asked for otherwise than when a cross-validation was begun."""
    others = [key for key in asked if key != _CONFIG and before.get(key) != asked[key]]
    return [*changed_keys(before[_CONFIG], asked[_CONFIG], CHANGES_NO_RUN), *others]


class _Session:
    """One process's part of a cross-validation."""

    def __init__(self, crossval: Crossval, plan: Plan, pool: Pool) -> None:
        self._crossval, self._plan, self._pool = crossval, plan, pool
        self._folds = dict(enumerate(plan.folds(), 1))
        self._deaths = Deaths()
        self._epochs: dict[int, int] = {}
        self._open = [number for number, fold in self._folds.items() if not self._is_complete(fold)]
        for number in sorted(self._folds.keys() - set(self._open)):
            self._tidy(self._folds[number])

    def go(self) -> None:
        self._crossval.watcher.opened(len(self._folds), len(self._folds) - len(self._open))
        while True:
            while self._pool.has_room and self._open:
                self._submit(self._open.pop(0))
            if not self._pool.jobs:
                return
            for told in self._pool.told(_PATIENCE_SECONDS):
                self._take(told)

    def _is_complete(self, fold: Fold) -> bool:
        run = self._crossval.folder.run(fold)
        return run.record.exists() and run.read_record()["status"] == COMPLETED

    def _submit(self, number: int) -> None:
        fold, folder, how = self._folds[number], self._crossval.folder, self._crossval.how
        self._crossval.watcher.began(fold, number)
        path = folder.config(fold)
        path.parent.mkdir(exist_ok=True)
        code = self._crossval.loaded.code
        write_text(path, to_yaml(with_shipped_code(self._plan.config(fold), code, folder.code)))
        run = str(folder.run(fold).path)
        self._pool.submit(
            Job(number, str(path), run, is_trial=False, offline=how.offline, exports=how.keep_weights)
        )

    def _take(self, told: Told) -> None:
        fold, watcher = self._folds[told.number], self._crossval.watcher
        if told.what == "warned":
            self._crossval.warned_of(fold, told.values["message"])
        if told.what == "progressed" and told.values["epoch"] > self._epochs.get(told.number, 0):
            self._epochs[told.number] = told.values["epoch"]
            self._deaths.got_further(told.number)
        watcher.told(fold, told)
        if told.what == "ended":
            self._tidy(fold)
            watcher.ended(fold, told.number)
        elif told.what == "failed":
            self._fail(fold, told.values["kind"], told.values["message"])
        elif told.what in ("died", "interrupted"):
            why = self._deaths.why_hopeless(told)
            if why is not None:
                self._fail(fold, "died", why)
            self._open.insert(0, told.number)

    def _tidy(self, fold: Fold) -> None:
        run = self._crossval.folder.run(fold)
        if not self._crossval.how.keep_weights:
            remove_weights(run, _WHY_REMOVED)
        elif not run.checkpoints.is_dir():
            again = f"to have them, remove {run.title} and give the same command"
            self._crossval.watcher.warn(f"{fold}: complete already, without weights; {again}")

    def _fail(self, fold: Fold, kind: str, message: str) -> None:
        """A mean without one fold is none: others that are trained are saved, and can be gone on with.

        Raises:
            BigmodelError: What the run failed by.
        """
        if kind == DISK_FULL:
            raise ResourceError(message, hint="free some space; the same command goes on")
        folder = self._crossval.folder
        hint = (
            f"what is complete stays in {folder.path}; the same command goes on" if folder.has_runs else None
        )
        raise error_called(kind)(f"{fold}: {message}", hint=hint)
