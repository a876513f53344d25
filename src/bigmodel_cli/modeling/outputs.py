"""The model's output against the data and the loss, before the first batch."""

from __future__ import annotations

from typing import Any

from bigmodel_cli.config.components import Component
from bigmodel_cli.config.losses_and_metrics import LossFacts, loss_facts
from bigmodel_cli.config.model_outputs import last_step
from bigmodel_cli.config.problems import Problem, config_error
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.pipeline.labels import Encoding, loss_encoding
from bigmodel_cli.signature import Signature


def check_output(output: Any, experiment: Experiment, signature: Signature) -> Encoding:
    """How the loss takes labels, once it is sure that the output fits.

    Args:
        output: The model's output as a `keras.KerasTensor`.
        experiment: For the loss and the place of the last step.
        signature: For the labels.

    Raises:
        ConfigError: If the output's shape does not fit; it points at the last step.
    """
    last = last_step(experiment.model)
    if isinstance(output, list | tuple | dict):
        raise _misfit(last, f"the last step has {len(output)} outputs; expected one", None)
    shape = tuple(output.shape)
    num_classes = signature.num_classes
    loss, facts = experiment.loss.name, loss_facts(experiment.loss)
    if num_classes is None:
        _check_numbers(shape, signature.target_shape, last)
        return "number"
    if len(shape) != 2:
        raise _misfit(
            last,
            f"the model's output has shape {shape}; {num_classes} classes need (None, {num_classes})",
            "add Flatten or GlobalAveragePooling2D, then {Dense: {units: num_classes, activation: softmax}}",
        )
    encoding = loss_encoding(facts, num_classes, int(shape[1]))
    expected = [num_classes] if encoding != "binary" else [1]
    takes_one = num_classes == 2 and not facts.needs_several
    fits = shape[1] in expected and (encoding != "binary" or takes_one)
    if not fits:
        raise _misfit(
            last,
            f"the model's output has shape {shape}; {loss} over the data's {num_classes} classes needs "
            f"(None, {num_classes})",
            _fitting(experiment, facts, int(shape[1])),
        )
    return encoding


def _fitting(experiment: Experiment, loss: LossFacts, num_outputs: int) -> str:
    """What to write where outputs and classes are not as many."""
    of_classes = "write units: num_classes"
    source = experiment.data.source
    # Whole numbers are taken for classes, also where they are ages.
    if loss.is_for_classes or num_outputs != 1 or not hasattr(source.options, "labels"):
        return of_classes
    return f"write labels: numbers in {source.name} if the labels are quantities; else {of_classes[6:]}"


def _check_numbers(shape: tuple[int | None, ...], target_shape: tuple[int, ...], last: Component) -> None:
    wanted = target_shape or (1,)
    if shape[1:] != wanted:
        raise _misfit(
            last,
            f"the model's output has shape {shape}; the labels are numbers of shape {wanted}, "
            f"which needs {(None, *wanted)}",
            f"end the model with {{Dense: {{units: {wanted[-1]}}}}}",
        )


def _misfit(step: Component, message: str, suggestion: str | None) -> Exception:
    return config_error([Problem(step.place, step.path, message, suggestion=suggestion)])
