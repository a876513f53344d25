"""Keys that are right but have no effect in this config: somebody expects something of them."""

from __future__ import annotations

from collections.abc import Iterator

from bigmodel_cli.config.checks.report import Report
from bigmodel_cli.config.components import Component
from bigmodel_cli.config.facts import facts_of
from bigmodel_cli.config.frozen import begins_frozen
from bigmodel_cli.config.preprocessing import is_worth_keeping
from bigmodel_cli.config.schema import Experiment, Rollback
from bigmodel_cli.config.tree import ConfigPathKeys

# A finding: the key's path, why it has no effect, what to do.
Finding = tuple[ConfigPathKeys, str, str]
# Callbacks that wait, with Keras's default of their patience.
_PATIENCE = {"EarlyStopping": 0, "ReduceLROnPlateau": 10}
# Where decoded image files, or what does not learn, can be kept.
_CACHES = ("memory", "disk")
_ADVICE = "write a smaller patience, or more epochs"


def check(experiment: Experiment, report: Report) -> None:
    """Nothing is written in vain."""
    for finders in (_in_data, _in_optimizer, _in_callbacks, _in_training, _in_model):
        for path, reason, suggestion in finders(experiment):
            report.warning(path, f"{path[-1]} has no effect: {reason}", suggestion)
    for callback in experiment.training.callbacks:
        _check_default_patience(callback, experiment, report)


def _in_data(experiment: Experiment) -> Iterator[Finding]:
    data = experiment.data
    if facts_of(experiment).has_files:
        return
    keeps = data.cache in _CACHES and not begins_frozen(experiment) and not is_worth_keeping(experiment)
    for key, is_asked_for in (("on_bad_file", data.on_bad_file == "skip"), ("cache", keeps)):
        if is_asked_for:
            yield ("data", key), f"{data.source.name} reads no image files", "remove it"


def _in_optimizer(experiment: Experiment) -> Iterator[Finding]:
    optimizer = experiment.optimizer
    given = optimizer.arguments
    for key in ("ema_momentum", "ema_overwrite_frequency"):
        if given.get(key) is not None and not given.get("use_ema"):
            yield (*optimizer.path, key), "weights are averaged only with use_ema: true", "add use_ema: true"
    if given.get("nesterov") and not given.get("momentum", 0.0) and optimizer.name == "SGD":
        yield (*optimizer.path, "nesterov"), "the momentum is 0", "add momentum: 0.9"
    rate = given.get("learning_rate")
    if isinstance(rate, Component):
        warmup = rate.arguments.get("warmup_steps", 0)
        if rate.arguments.get("warmup_target") is not None and warmup == 0:
            yield (*rate.path, "warmup_target"), "there is no warm-up", "add warmup_steps: …"


def _in_callbacks(experiment: Experiment) -> Iterator[Finding]:
    epochs = experiment.training.epochs
    for callback in experiment.training.callbacks:
        patience = callback.arguments.get("patience")
        if callback.name in _PATIENCE and isinstance(patience, int) and patience >= epochs:
            yield (*callback.path, "patience"), f"training has {epochs} epochs", _ADVICE


def _check_default_patience(callback: Component, experiment: Experiment, report: Report) -> None:
    """A callback whose patience is left out, and too long."""
    epochs, patience = experiment.training.epochs, _PATIENCE.get(callback.name, 0)
    if "patience" not in callback.arguments and patience >= epochs:
        reason = f"its patience is {patience} and training has {epochs} epochs"
        report.warning(callback.path, f"{callback.name} has no effect: {reason}", _ADVICE)


def _in_training(experiment: Experiment) -> Iterator[Finding]:
    training = experiment.training
    if training.checkpoint.mode != "auto" and training.checkpoint.named_monitor is None:
        if training.checkpoint.monitor is None:
            reason, advice = "without a monitor the last epoch is the best", "remove it"
        elif experiment.data.validation == 0:
            reason, advice = "without validation the last epoch is the best", "remove it"
        else:
            reason, advice = "it belongs to a monitor that is named", "add monitor: …"
        yield ("training", "checkpoint", "mode"), reason, advice
    written = training.model_fields_set
    # The config of a run has every key with its default, which nobody expects anything of.
    is_expected = "on_divergence" not in written or training.rollback != Rollback()
    if "rollback" in written and training.on_divergence == "stop" and is_expected:
        yield ("training", "rollback"), "on_divergence is stop", "add on_divergence: rollback"
    if training.jit_compile is True and training.deterministic:
        reason = "deterministic: true turns XLA off"
        yield ("training", "jit_compile"), reason, "remove one of the two"


def _in_model(experiment: Experiment) -> Iterator[Finding]:
    sections = (experiment.shared_preprocessing, experiment.shared_augmentation, experiment.model)
    for component in (component for section in sections for component in section):
        for name in ("rate", "factor"):
            if component.arguments.get(name) == 0 and (
                "Dropout" in component.name or "Random" in component.name
            ):
                yield (*component.path, name), f"{component.name} with 0 changes nothing", "remove the layer"
