"""Going on with a run: which checkpoint, under which config, on which data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bigmodel_cli.config.dump import plain
from bigmodel_cli.config.load import LoadedConfig
from bigmodel_cli.config.schema import Training
from bigmodel_cli.config.tree import dotted
from bigmodel_cli.errors import DataError, UsageError
from bigmodel_cli.listener import Listener
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.run_files import checkpoint_entry, damaged_files, was_never_named
from bigmodel_cli.run_folder import (
    ADOPTED,
    BEST,
    COMPLETED,
    CONCLUDED,
    LAST,
    PIECE_HINT,
    SESSIONS,
    STOPPED,
    TRAINED_CONFIG,
    RunFolder,
)
from bigmodel_cli.run_search import all_runs
from bigmodel_cli.stopped import TIME
from bigmodel_cli.training.checkpoints import is_of
from bigmodel_cli.training.record import LAUNCH_KEY
from bigmodel_cli.training.state import Moment, State, read_state
from bigmodel_cli.whole_files import sha256_of

Keys = tuple[str, ...]
# What may change in the middle of a run: nothing that was computed so far would have been computed otherwise.
_SAFE: tuple[Keys, ...] = (
    ("expect",),
    ("track",),
    ("data", "source"),
    ("data", "cache"),
    ("training", "epochs"),
    ("training", "time"),
    ("training", "checkpoint"),
    ("training", "on_divergence"),
    ("training", "rollback"),
    ("training", "device"),
    ("training", "precision"),
    ("training", "jit_compile"),
    ("training", "steps_per_execution"),
)
_REASONS: Mapping[str, str] = {
    "seed": "the order of examples and the splits follow from it",
    "name": "the run has its name already",
    "code": "what was trained so far was trained with its classes",
    "data": "what an epoch and a step are follows from it",
    "preprocessing": "the saved weights are of the model as it was",
    "augmentation": "the saved random state is of the augmentation as it was",
    "model": "the saved weights are of the model as it was",
    "loss": "the best checkpoint and the curves so far are of the loss as it was",
    "compress": "what was trained so far was compressed as the config had it",
    "optimizer": "the saved state is of the optimizer as it was",
    "metrics": "metrics.csv has its columns already",
    "training": "what was trained so far was trained without it",
}


@dataclass(frozen=True)
class Resumed:
    """A run's config for going on.

    Attributes:
        config: With the words of the command line.
        is_longer: Whether it has more epochs than before, or more time.
        has_other_epochs: Whether it has more or fewer.
    """

    config: LoadedConfig
    is_longer: bool
    has_other_epochs: bool


def run_of_launch(launch: str, runs_dir: Path) -> RunFolder | None:
    """The run that an earlier start of a launch has begun; None where it came to none."""
    for run in all_runs(runs_dir):
        with suppress(DataError):
            sessions = run.read_record().get(SESSIONS, [])
            if any(session.get(LAUNCH_KEY) == launch for session in sessions):
                return run
    return None


def read_resumed(run: RunFolder, overrides: Sequence[str]) -> Resumed:
    """The config of a run, with what may change in the middle of it.

    Raises:
        DataError: If the run's config is damaged, or was changed since.
        UsageError: If something may not change; says what, and why.
    """
    _require_trained_here(run)
    path = run.intact(run.config)
    _require_trained_config(run)
    try:
        before = read_config(path, was_trained=True).experiment
    except UsageError as error:
        raise DataError(error.message, hint=PIECE_HINT) from error
    loaded = read_config(path, overrides, was_trained=True)
    for keys in _changes(plain(before), plain(loaded.experiment), ()):
        if not any(keys[: len(safe)] == safe for safe in _SAFE):
            raise UsageError(
                f"{dotted(keys)} cannot change in the middle of a run: {_REASONS[keys[0]]}",
                hint=f"start a new run from its weights: bigmodel train CONFIG --from {run.title}",
            )
    asked, had = loaded.experiment.training, before.training
    is_longer = asked.epochs > had.epochs or _has_more_time(asked, had)
    return Resumed(loaded, is_longer, asked.epochs != had.epochs)


def _has_more_time(asked: Training, had: Training) -> bool:
    return had.seconds is not None and (asked.seconds is None or asked.seconds > had.seconds)


def _require_trained_here(run: RunFolder) -> None:
    adopted = run.read_record().get(ADOPTED)
    if adopted is not None:
        raise UsageError(
            f"{run.title}: was adopted from {adopted.get('file')}, and not trained here, so that there is "
            "nothing to go on with",
            hint=f"train it further, as a new run: bigmodel train {run.config} --from {run.title}",
        )


def _require_trained_config(run: RunFolder) -> None:
    """A config that was changed by hand, and accepted, is good for `evaluate`, but was not trained under."""
    if run.read_record().get(TRAINED_CONFIG) not in (None, sha256_of(run.config)):
        raise DataError(
            f"{run.config}: changed since the run was trained under it, so the run cannot go on",
            hint=f"bring it back, or start a new run: bigmodel train {run.config} --from {run.title}",
        )


def _changes(before: Any, after: Any, keys: Keys) -> Iterator[Keys]:
    """The paths at which two configs differ; lists count as one."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in {**before, **after}:
            yield from _changes(before.get(key), after.get(key), (*keys, key))
    elif before != after:
        yield keys


def require_same_data(run: RunFolder, splits: Splits, listener: Listener) -> None:
    """The data are those that the run began with.

    Raises:
        DataError: If the classes, the training or the validation split changed.
    """
    record, names = run.read_record(), splits.signature.label_names
    if names != run.read_labels():
        raise DataError(
            f"{run.title}: the classes of the data are not those that the run began with",
            hint="bring the data back, or start a new run",
        )
    recorded = record.get("data", {}).get("splits", {})
    for name, fingerprint in splits.fingerprints().items():
        if recorded.get(name, {}).get("sha256") == fingerprint:
            continue
        what = f"{run.title}: the {name} split is not the one that the run began with"
        if name != "test":
            raise DataError(what, hint="bring the data back, or start a new run")
        listener.warn(what)


def require_something_left(run: RunFolder, resumed: Resumed) -> None:
    """The run is not complete, a trial that was not concluded, or is to become longer.

    Raises:
        UsageError: If nothing is left to do.
        DataError: If its weights were removed.
    """
    record = run.read_record()
    training = resumed.config.experiment.training
    epochs, stopped = training.epochs, record.get(STOPPED) or {}
    longer = f"training.epochs={2 * epochs}"
    if stopped.get("callback") == TIME:
        epochs, longer = stopped["num_epochs"], f"'training.time={2 * (training.seconds or 0):g} seconds'"
    run.require_weights()
    if record.get("status") == COMPLETED and record.get(CONCLUDED, True) and not resumed.is_longer:
        raise UsageError(
            f"{run.title}: complete after {record.get('epochs')} of {epochs} epochs, nothing left to train",
            hint=f"to train longer: bigmodel train --resume {run.title} {longer}",
        )


def require_epochs_ahead(run: RunFolder, moment: Moment, epochs: int) -> None:
    """Training has not gone further than it is asked to go.

    Raises:
        UsageError: If it has.
    """
    if moment.epoch + (moment.step > 0) > epochs:
        raise UsageError(
            f"{run.title}: training.epochs={epochs} is less than what is trained: {moment}",
            hint=f"evaluate it as it is: bigmodel evaluate {run.title} --checkpoint last",
        )


def warn_of_damage(run: RunFolder, listener: Listener) -> None:
    """Name the files that are not what they were, of those that training can do without."""
    remade = {run.inside(path): how for path, how in _remade(run)}
    for name in damaged_files(run):
        what_then = remade.get(name, "training does not need it")
        listener.warn(f"{run.path / name}: missing, damaged or changed; {what_then}")


def _remade(run: RunFolder) -> Iterator[tuple[Path, str]]:
    yield run.labels, "made again from the data"
    yield run.metrics, "made again from the checkpoint"
    yield run.litert_model, "made again when training ends"
    yield run.front, "made again when training ends"


def newest_checkpoint(run: RunFolder, listener: Listener) -> str | None:
    """The checkpoint that is furthest and sound, as is the best one of its moment; None where there is none.

    Raises:
        DataError: If there are some, but none is sound.
    """
    sound: dict[str, tuple[dict[str, Any], State]] = {}
    damaged: list[str] = []
    for name in run.all_checkpoint_names():
        if was_never_named(run, name):
            listener.warn(f"{run.checkpoint(name)}: not there; the process ended before it was whole")
            continue
        try:
            sound[name] = checkpoint_entry(run, name), read_state(run.checkpoint(name))
        except DataError as error:
            damaged.append(error.message)
    if not sound and damaged:
        raise DataError(
            f"no checkpoint of the run is sound: {'; '.join(damaged)}",
            hint="restore one of the files, or train again",
        )
    found = _with_their_best(run, sound, damaged)
    newest = max(found, key=lambda name: (_place(sound[name][0]), name == LAST), default=None)
    for message in damaged:
        listener.warn(f"{message}; going on from {newest}.keras instead")
    return newest


def _with_their_best(
    run: RunFolder, sound: Mapping[str, tuple[dict[str, Any], State]], damaged: Sequence[str]
) -> list[str]:
    """Those checkpoints from which training comes to the same result as if nothing had been lost.

    Raises:
        DataError: If there is none, unless the best checkpoint was removed with its JSON file, which is taken
            for consent to go on without it.
    """
    entries = [entry for entry, _ in sound.values()]
    found = [
        name
        for name, (_, state) in sound.items()
        if state.best is None or any(is_of(entry, state.best) for entry in entries)
    ]
    if found or BEST not in run.all_checkpoint_names():
        return found or list(sound)
    raise DataError(
        f"the best checkpoint of the run is lost: {'; '.join(damaged)}",
        hint=f"restore it; or to go on without it, so that the best of the epochs to come takes its place, "
        f"remove {run.checkpoint(BEST)} and {run.checkpoint_state(BEST).name}",
    )


def _place(entry: Mapping[str, Any]) -> tuple[int, int]:
    return entry["epoch"], entry["step"]
