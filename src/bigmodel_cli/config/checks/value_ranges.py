"""`value_range` of layers that clip to it against the values that arrive."""

from __future__ import annotations

from bigmodel_cli.config.checks.report import Report
from bigmodel_cli.config.facts import ValueRange
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.config.value_ranges import VALUE_RANGE, Arrival, arrivals, fits, takes_range

# Layers of Keras 3.15 that are exact where values begin at 0, and wrong where they do not
# (tests/modeling/test_value_ranges.py measures it).
_FROM_ZERO = frozenset(
    {
        "RandAugment",
        "RandomColorJitter",
        "RandomInvert",
        "RandomPosterization",
        "RandomSaturation",
        "RandomSharpness",
    }
)


def check(experiment: Experiment, report: Report) -> None:
    """What is written is what arrives; what is left out can be found out."""
    for arrival in arrivals(experiment, report.facts):
        if takes_range(arrival.component):
            _check(arrival, report)


def _check(arrival: Arrival, report: Report) -> None:
    layer, values = arrival.component, arrival.values
    written = layer.arguments.get(VALUE_RANGE)
    if values is None:
        if written is None and arrival.hidden_by is not None:
            report.error(
                layer.path,
                f"{layer.name} clips to value_range, which Keras takes to be [0, 255]; what "
                f"{arrival.hidden_by.name} passes on lies elsewhere",
                f"write value_range: [LOW, HIGH] of what arrives, or Rescaling in place of "
                f"{arrival.hidden_by.name}",
            )
        return
    if written is not None and not fits(written, values):
        found = f"the values that arrive lie in {_shown(values)}"
        report.error(
            (*layer.path, VALUE_RANGE),
            f"{layer.name} clips to {_shown((written[0], written[1]))}, but {found}",
            "leave value_range out: it follows from the preprocessing",
        )
    elif layer.name in _FROM_ZERO and values[0] < 0:
        report.warning(
            layer.path,
            f"Keras's {layer.name} is wrong where values do not begin at 0; these lie in {_shown(values)}",
            "rescale to [0, 1] in preprocessing, and the rest in the model: "
            "- Rescaling: {scale: 2, offset: -1}",
        )


def _shown(values: ValueRange) -> str:
    return f"[{values[0]:.6g}, {values[1]:.6g}]"
