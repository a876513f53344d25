"""Blocks for tokens: how many inputs they take, and whether their options fit the features that arrive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bigmodel_cli.config.checks.report import Report
from bigmodel_cli.config.components import Component
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.config.walk import walk

# The argument that says how many features come out.
_FEATURES = {"Embedding": "output_dim", "ReversibleEmbedding": "output_dim", "Conv1D": "filters"}
_FEATURES |= dict.fromkeys(("Dense", "GRU", "LSTM", "SimpleRNN"), "units")
# Layers and blocks that give as many features as they get.
_KEEPING = frozenset(
    {"Activation", "Add", "AlphaDropout", "BatchNormalization", "Dropout", "GaussianDropout",
     "GaussianNoise", "GroupQueryAttention", "Identity", "LayerNormalization", "Masking",
     "RMSNormalization", "SpatialDropout1D", "residual"}
)  # fmt: skip


def check(experiment: Experiment, report: Report) -> None:
    """What can be told of it before the model is built; the rest is found then."""
    for step in walk(experiment.model):
        takes = getattr(step.options, "takes", ()) if step.family == "blocks" else ()
        found = 1 if step.inputs is None else len(step.inputs)
        if takes and found != len(takes):
            report.error(
                step.path,
                f"{step.name} takes {len(takes)} inputs ({' and '.join(takes)}), and gets {found}",
                "give the step that makes the other one a name: inputs: [previous, NAME]",
            )
    _check_steps(experiment.model, {}, None, report)


def _check_steps(
    steps: Sequence[Component], named: Mapping[str, int | None], width: int | None, report: Report
) -> int | None:
    """Check steps that follow each other.

    Args:
        steps: The first of them gets tokens of `width` features; None: not known.
        named: Features of steps above, by name.
        report: Takes what is wrong.

    Returns:
        The features that come out, where they are known.
    """
    widths = dict(named)
    for step in steps:
        if step.inputs:
            width = width if step.inputs[0] == "previous" else widths.get(step.inputs[0])
        width = _after(step, width, widths, report)
        if step.step:
            widths[step.step] = width
    return width


def _after(step: Component, width: int | None, named: Mapping[str, int | None], report: Report) -> int | None:
    options: Any = step.options
    if step.family == "blocks":
        for name in ("layers", "shortcut"):
            inner = getattr(options, name, None)
            found = _check_steps(inner, named, width, report) if isinstance(inner, list) else None
            if name == "layers" and step.name == "repeat":
                return found
        for path in getattr(options, "paths", ()):
            _check_steps(path, named, width, report)
        if hasattr(options, "width"):
            return _of_block(step, width, report)
    if step.name in _FEATURES:
        value = step.arguments.get(_FEATURES[step.name])
        return value if isinstance(value, int) else None
    return width if step.name in _KEEPING else None


def _of_block(step: Component, width: int | None, report: Report) -> int | None:
    options: Any = step.options
    width = options.width or width
    # With a width of its own it has been checked when it was read.
    if options.width is None and width is not None and (wrong := options.not_divided(width)) is not None:
        key, _, message = wrong.partition(": ")
        report.error((*step.path, key), message)
    return width
