"""A config to a run folder: load, build, train, evaluate, export, plot; and going on with a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from bigmodel_cli.cluster.environment import Cluster
from bigmodel_cli.cluster.failures import naming_lost
from bigmodel_cli.config.load import LoadedConfig
from bigmodel_cli.errors import Interrupted
from bigmodel_cli.inference.run_data import load_splits
from bigmodel_cli.listener import Listener
from bigmodel_cli.modeling.backend import import_tensorflow
from bigmodel_cli.modeling.own_code import allow, naming_any_own_code
from bigmodel_cli.network import downloads
from bigmodel_cli.new_run import NewRun
from bigmodel_cli.pipeline.known_facts import known_facts
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.run_files import own_places, remove_half_written, require_no_folders
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.run_lock import locked
from bigmodel_cli.tracking.feeder import feeders, finishing, require_trackers
from bigmodel_cli.training.callback_paths import require_writable
from bigmodel_cli.training.conclusion import TrainingResult, conclude, conclude_trial
from bigmodel_cli.training.from_file import FileTransfer
from bigmodel_cli.training.known_data import check_asked, fit_to_data
from bigmodel_cli.training.leak import trained_on_before
from bigmodel_cli.training.log import LoggedListener
from bigmodel_cli.training.loop import Judge
from bigmodel_cli.training.memory import naming_memory
from bigmodel_cli.training.other_tokens import describe_other_tokens
from bigmodel_cli.training.peers import Peers
from bigmodel_cli.training.prepared import Beginning, Prepared, prepare
from bigmodel_cli.training.record import begin_session, write_start
from bigmodel_cli.training.resume import (
    newest_checkpoint,
    read_resumed,
    require_epochs_ahead,
    require_same_data,
    require_something_left,
    warn_of_damage,
)
from bigmodel_cli.training.session import Session
from bigmodel_cli.training.signals import StopRequest, stop_on_signal
from bigmodel_cli.training.stopwatch import DATA, MODEL, START, Stopwatch
from bigmodel_cli.training.teaching import require_same_teacher
from bigmodel_cli.training.tensorboard import require_tensorboard
from bigmodel_cli.training.transfer import (
    Parent,
    ParentFile,
    Transfer,
    still_random,
    take_weights,
    take_weights_again,
    without_fetching,
)


@dataclass(frozen=True)
class How:
    """What decides how training is done, but not what comes of it.

    Attributes:
        offline: No download may be made.
        profile: Write a trace of some steps, and say where the time went.
        peers: The processes that train together, of which this is one; None: this one alone.
        judge: Makes the run a trial: it may be ended after any epoch, and is not concluded; nothing is
            evaluated on the test split, exported or drawn.
        narrow: Takes some of the examples of splits, the same ones each time; None: all are used.
        watch: Takes the time of each phase; None: nobody else looks at it.
        exports: Whether there is to be a model.tflite.
        trust: Whether the Python code of a run, or of a teacher, may run though it is not what its config
            names any more.
    """

    offline: bool = False
    profile: bool = False
    peers: Peers | None = None
    judge: Judge | None = None
    narrow: Callable[[Splits], Splits] | None = None
    watch: Stopwatch | None = None
    exports: bool = True
    trust: bool = False

    @property
    def cluster(self) -> Cluster | None:
        return None if self.peers is None else self.peers.cluster

    @property
    def writes(self) -> bool:
        """Whether this process writes the run's folder: of several the chief alone does."""
        return self.cluster is None or self.cluster.is_chief


def train(
    config: LoadedConfig,
    new: NewRun,
    listeners: Sequence[Listener] = (),
    *,
    parent: Parent | ParentFile | None = None,
    how: How = How(),
) -> TrainingResult | None:
    """Train the model of a config and keep everything about it in a new run folder.

    Args:
        config: A checked config; where `parent` is given, one that was read with `gets_weights`.
        new: Where the run folder is made.
        listeners: Are told how it goes.
        parent: A run whose best weights, or a file whose weights, the model starts from, where layers fit.
        how: How it is done.

    Returns:
        What the run came to; None where another process writes it, and of a trial.

    Raises:
        ConfigError: If Keras refuses a part of the config, or the model does not fit the data.
        DataError: If the data is missing or damaged.
        ResourceError: If something ran out, the folder cannot be written, training diverged, or another
            process is lost.
        Interrupted: If a signal ended it.
    """
    watch = how.watch or Stopwatch()
    if how.writes:
        new.require_writable()
    # A run is what a config says, whatever else could be searched.
    config = replace(config, experiment=config.experiment.model_copy(update={"tune": None}))
    with _listening(listeners) as (logged, stop), naming_lost(how.cluster):
        if parent is not None:
            config = without_fetching(config, parent)
        prepared = _prepare(config, logged, watch, how, parent=parent)
        transfer = None if parent is None else _take_weights(prepared, parent, logged)
        run = _create(new, prepared)
        with locked(run) if how.writes else nullcontext():
            if how.writes:
                logged.open(run.log)
                write_start(run, prepared, config, transfer)
            logged.say(f"run: {run.title}")
            session = Session(prepared, run, logged, watch, profile=how.profile, judge=how.judge)
            can_go_back = prepared.settled.training.on_divergence == "rollback"
            with _tracked(run, config, logged, how):
                return _go(session, run, stop, how, keeps_start=can_go_back or parent is not None)


def resume(
    run: RunFolder,
    overrides: Sequence[str] = (),
    listeners: Sequence[Listener] = (),
    *,
    how: How = How(),
) -> TrainingResult | None:
    """Go on with a run from its newest sound checkpoint, in its own folder.

    On the same machine, with `deterministic: true`, the result is bit for bit what it would have been
    without the break.

    Args:
        run: A run that was interrupted, failed or crashed, or a complete one with more `training.epochs`.
        overrides: Words of the command line; what may change is in `resume.py`.
        listeners: Are told how it goes.
        how: As for `train`.

    Returns:
        As `train`.

    Raises:
        UsageError: If another process trains the run, nothing is left to train, or an override is refused.
        DataError: If no checkpoint is sound, or the data changed.
        ResourceError, Interrupted: As `train`.
    """
    watch = how.watch or Stopwatch()
    with (
        locked(run) if how.writes else nullcontext(),
        _listening(listeners) as (logged, stop),
        naming_lost(how.cluster),
    ):
        resumed = read_resumed(run, overrides)
        require_something_left(run, resumed)
        require_no_folders(own_places(run))
        allow(resumed.config.code, trust=how.trust)
        require_same_teacher(run, resumed.config.experiment)
        if how.writes:
            warn_of_damage(run, logged)
        newest = newest_checkpoint(run, logged)
        if how.writes:
            remove_half_written(run)
        prepared = _prepare(resumed.config, logged, watch, how, has_checkpoint=newest is not None)
        require_same_data(run, prepared.splits, logged)
        if how.writes:
            logged.open(run.log)
        session = Session(prepared, run, logged, watch, profile=how.profile, judge=how.judge)
        parent = run.read_record().get("parent")
        if newest is not None:
            session.restore(newest)
        elif parent is not None:
            take_weights_again(prepared.built.model, parent, prepared.splits.signature.label_names)
        if resumed.is_longer:
            session.go_further()
        if resumed.has_other_epochs:
            session.say_schedule()
        require_epochs_ahead(run, session.state.moment, prepared.settled.training.epochs)
        logged.say(f"going on with {run.title} from {session.state.moment}")
        # Until then all have read what they go on from.
        prepared.distribution.wait()
        if how.writes:
            begin_session(run, prepared, reached=str(session.state.moment), overrides=overrides)
        with _tracked(run, resumed.config, logged, how):
            return _go(session, run, stop, how, keeps_start=newest is None and parent is not None)


def _take_weights(
    prepared: Prepared, parent: Parent | ParentFile, listener: Listener
) -> Transfer | FileTransfer:
    model = prepared.built.model
    transfer = take_weights(model, parent, prepared.splits.signature.label_names)
    listener.say(transfer.describe())
    if random := still_random(transfer, prepared.built):
        more = f" and {len(random) - 1} more layers" if len(random) > 1 else ""
        listener.warn(
            f"{random[0]}{more}: frozen, and {parent.title} has no weights that fit, so they keep "
            "the random ones that they began with"
        )
    if isinstance(parent, ParentFile):
        # What it has learned from, its author knows.
        return transfer
    for sentence in describe_other_tokens(parent.run, prepared.splits.signature):
        listener.warn(sentence)
    seen, warning = trained_on_before(parent.run, prepared.splits)
    if warning is not None:
        listener.warn(warning)
    return replace(transfer, seen=seen)


def _create(new: NewRun, prepared: Prepared) -> RunFolder:
    """A new folder, made by the chief, whose path the other processes learn."""
    distribution = prepared.distribution
    if distribution.cluster is None:
        return new.create()
    own = str(new.create().path.absolute()) if distribution.is_chief else ""
    return RunFolder(Path(distribution.chiefs_text(own)))


@contextmanager
def _listening(listeners: Sequence[Listener]) -> Iterator[tuple[LoggedListener, StopRequest]]:
    logged = LoggedListener(listeners)
    with logged.keeping_warnings(), naming_any_own_code(), stop_on_signal() as stop, stop.unmistaken():
        yield logged, stop


def _prepare(
    config: LoadedConfig,
    listener: Listener,
    watch: Stopwatch,
    how: How,
    *,
    has_checkpoint: bool | None = None,
    parent: Parent | ParentFile | None = None,
) -> Prepared:
    experiment = config.experiment
    require_tensorboard(experiment.training.callbacks)
    if how.writes:
        require_trackers(experiment.track)
    if how.writes:
        require_writable(experiment.training.callbacks)
    with watch.phase(DATA):
        splits = load_splits(experiment, listener, offline=how.offline)
    listener.say(_describe_data(splits))
    # Of a new run nobody asks.
    if has_checkpoint is None:
        experiment = fit_to_data(config, splits, listener.warn)
    else:
        check_asked(experiment, known_facts(experiment, splits), splits, listener.warn)
    with watch.phase(START):
        import_tensorflow()
    if how.narrow is not None:
        splits = how.narrow(splits)
    gate = downloads(allowed=not how.offline)
    labels = splits.signature.label_names
    weights = None if parent is None else lambda model: take_weights(model, parent, labels)
    beginning = Beginning(bool(has_checkpoint), weights, how.trust)
    with watch.phase(MODEL), naming_memory(experiment.data.batch_size), gate:
        return prepare(experiment, splits, listener, how.peers, beginning)


def _go(
    session: Session, run: RunFolder, stop: StopRequest, how: How, *, keeps_start: bool
) -> TrainingResult | None:
    prepared = session.prepared
    distribution = prepared.distribution
    if distribution.cluster is not None:
        stop.shared(lambda number: int(distribution.everyones([number]).max()))
    with (
        session.recorded(),
        naming_lost(distribution.cluster),
        stop.unmistaken(),
        naming_memory(prepared.settled.asked.batch_size, lambda: prepared.training, session.listener.say),
    ):
        with distribution.parting():
            trained = session.train(stop, keeps_start=keeps_start)
        if stop.signal_number is not None:
            raise Interrupted(stop.signal_number)
        if not session.is_chief:
            return None
        if session.judge is not None:
            conclude_trial(run, trained, session.watch)
            return None
        asked = prepared.settled.asked
        return conclude(run, trained, asked, session.listener, session.watch, exports=how.exports)


@contextmanager
def _tracked(run: RunFolder, config: LoadedConfig, logged: LoggedListener, how: How) -> Iterator[None]:
    """Let the config's trackers follow what is trained inside the block."""
    wanted = config.experiment.track if how.writes else ()
    found = feeders(run, wanted, logged, offline=how.offline)
    with logged.also_telling(found), finishing(found):
        try:
            yield
        finally:
            # run.json has its checksum.
            logged.close()


def _describe_data(splits: Splits) -> str:
    sizes = ", ".join(f"{size:,} {name}" for name, size in splits.sizes.items())
    return f"data: {sizes}; {splits.signature.described}"
