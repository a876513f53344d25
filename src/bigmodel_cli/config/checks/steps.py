"""Steps of the model: their names, and what `inputs` name."""

from __future__ import annotations

from bigmodel_cli.config.checks.report import Report
from bigmodel_cli.config.components import Component
from bigmodel_cli.config.model_outputs import last_step
from bigmodel_cli.config.preprocessing import MIXING, all_augmentation
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.config.spelling import closest
from bigmodel_cli.config.tree import ConfigPathKeys

# Layers whose very purpose is another shape; augmentation keeps the shape, so that the model fits both.
_CHANGE_SHAPE = frozenset(
    {"CenterCrop", "Cropping2D", "Flatten", "Resizing", "UpSampling2D", "ZeroPadding2D"}
)


def check(experiment: Experiment, report: Report) -> None:
    """Names are unique, `inputs` name steps above; augmentation keeps the shape and ends nothing."""
    known: dict[str, Component] = {}
    for step in experiment.model:
        for index, name in enumerate(step.inputs or ()):
            # Where the data have columns, these may be named too.
            if name not in known and name not in ("input", "previous") and report.facts.columns is None:
                _unknown((*step.path, "inputs", index), name, known, report)
        if step.step in known:
            report.error((*step.path, "name"), f"the name {step.step!r} is taken by a step above")
        if step.step:
            known[step.step] = step
    last = last_step(experiment.model)
    if last.family == "augmentations":
        message = f"{last.name} is active in training only, and the last step makes the output"
        report.error(last.path, message, "put a layer behind it")
    for layer in all_augmentation(experiment):
        losses = experiment.loss.values() if isinstance(experiment.loss, dict) else [experiment.loss]
        if layer.name in MIXING and any(one.name.lower().startswith("sparse") for one in losses):
            message = f"{layer.name} mixes labels, which needs a loss over one-hot labels"
            report.error(layer.path, message, "write loss: CategoricalCrossentropy")
        if layer.name in _CHANGE_SHAPE:
            message = f"{layer.name} changes the shape; augmentation is for training only and has to keep it"
            report.error(layer.path, message, "move it to preprocessing")


def _unknown(path: ConfigPathKeys, name: str, known: dict[str, Component], report: Report) -> None:
    near = closest(name, known)
    advice = "give a step a name: {name: …}, or use `previous` or `input`"
    report.error(
        path,
        f"no step above is named {name!r}",
        f"did you mean {near}?" if near else advice,
    )
