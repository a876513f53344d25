"""Callbacks whose defaults mean something else than people expect."""

from __future__ import annotations

from collections.abc import Iterator

from bigmodel_cli.config.checks.pitfalls.pitfall import Finding, is_whole
from bigmodel_cli.config.components import Component
from bigmodel_cli.config.facts import DataFacts, num_steps
from bigmodel_cli.config.naming import direction, directions
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.config.tree import ConfigPathKeys

# Keras's defaults.
_MONITOR = "val_loss"
_PLATEAU_PATIENCE = 10
_WATCHING = ("EarlyStopping", "ReduceLROnPlateau", "ModelCheckpoint")


def no_patience(experiment: Experiment, _facts: DataFacts) -> Iterator[Finding]:
    """Early stopping after the first epoch that is no better."""
    for callback in _named(experiment, "EarlyStopping"):
        if "patience" not in callback.arguments and experiment.training.epochs > 1:
            message = "EarlyStopping's patience is 0: the first epoch that is no better ends training"
            yield Finding(callback.path, message, "write {EarlyStopping: {patience: 3}}, for instance")


def plateau_after_stop(experiment: Experiment, _facts: DataFacts) -> Iterator[Finding]:
    """The learning rate would be lowered only after training has been stopped."""
    stops = [
        (callback.arguments["patience"], _watched(callback))
        for callback in _named(experiment, "EarlyStopping")
        if is_whole(callback.arguments.get("patience"))
    ]
    for callback in _named(experiment, "ReduceLROnPlateau"):
        patience = callback.arguments.get("patience", _PLATEAU_PATIENCE)
        for stop, watched in stops:
            if is_whole(patience) and watched == _watched(callback) and patience >= stop:
                yield Finding(
                    callback.path,
                    f"ReduceLROnPlateau waits {patience} epochs; EarlyStopping ends training after {stop}",
                    f"write a patience below {stop}" if stop > 1 else "give EarlyStopping more patience",
                )


def watches_training(experiment: Experiment, _facts: DataFacts) -> Iterator[Finding]:
    """What decides is measured on the examples that are trained on."""
    if experiment.data.validation == 0:
        return
    for path, watched, _ in _monitors(experiment):
        if not watched.startswith("val_") and watched != "learning_rate":
            yield Finding(
                path,
                f"{watched} is that of the training split, which gets better while a model overfits",
                f"write monitor: val_{watched}",
            )


def contrary_mode(experiment: Experiment, _facts: DataFacts) -> Iterator[Finding]:
    """The worst epoch is taken for the best."""
    known = directions(experiment.metrics)
    for path, watched, mode in _monitors(experiment):
        better = direction(watched, known)
        if mode in ("min", "max") and mode != better:
            which = "smaller" if better == "min" else "larger"
            yield Finding(
                (*path[:-1], "mode"),
                f"mode: {mode} takes the worst epoch for the best: a {which} {watched} is better",
                f"write mode: {better}, or leave it out",
            )


def steps_for_epochs(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:
    """`save_freq` counts steps."""
    steps = num_steps(experiment, facts)
    for callback in experiment.training.callbacks:
        every = callback.arguments.get("save_freq")
        if is_whole(every) and every > 0 and steps and every * experiment.training.epochs < steps:
            yield Finding(
                (*callback.path, "save_freq"),
                f"save_freq: {every} counts steps, of which an epoch has "
                f"{steps // experiment.training.epochs:,}: the model is saved {steps // every:,} times",
                "write save_freq: epoch, or the number of steps",
            )


def starts_too_late(experiment: Experiment, _facts: DataFacts) -> Iterator[Finding]:
    """Early stopping begins to look when training is over."""
    for callback in _named(experiment, "EarlyStopping"):
        start = callback.arguments.get("start_from_epoch")
        if is_whole(start) and start >= experiment.training.epochs:
            yield Finding(
                (*callback.path, "start_from_epoch"),
                f"EarlyStopping begins after {start} epochs, and training has {experiment.training.epochs}",
                "write a smaller number, or more epochs",
            )


def _named(experiment: Experiment, name: str) -> Iterator[Component]:
    return (callback for callback in experiment.training.callbacks if callback.name == name)


def _watched(callback: Component) -> str:
    return str(callback.arguments.get("monitor", _MONITOR))


def _monitors(experiment: Experiment) -> Iterator[tuple[ConfigPathKeys, str, str]]:
    """What is watched: where that stands, its name, and which of its values is better."""
    checkpoint = experiment.training.checkpoint
    if checkpoint.named_monitor is not None:
        yield ("training", "checkpoint", "monitor"), checkpoint.named_monitor, checkpoint.mode
    for callback in experiment.training.callbacks:
        if callback.name in _WATCHING and "monitor" in callback.arguments:
            # Without it a checkpoint is of each epoch, whatever it was like.
            decides = callback.name != "ModelCheckpoint" or callback.arguments.get("save_best_only") is True
            mode = str(callback.arguments.get("mode", "auto"))
            if decides:
                yield (*callback.path, "monitor"), _watched(callback), mode
