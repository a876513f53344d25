"""Class names in a config, which only the data knows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bigmodel_cli.config.measures import class_of_measure
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.config.spelling import closest
from bigmodel_cli.cut import some
from bigmodel_cli.errors import UsageError


def check_class_names(experiment: Experiment, class_names: Sequence[str] | None) -> None:
    """Find out before training whether the data has the classes that the config names.

    Args:
        experiment: The config.
        class_names: Of the data; None where labels are numbers.

    Raises:
        UsageError: If one is not there, or what is for classes meets numbers.
    """
    calibrate = experiment.calibrate
    if calibrate is not None:
        if class_names is None:
            raise UsageError("calibrate is for classes; the labels are numbers", hint="remove calibrate")
        if calibrate.threshold is not None and calibrate.positive is None and len(class_names) != 2:
            raise UsageError(
                f"calibrate.threshold: a threshold is for one class, and there are {len(class_names)}",
                hint="add calibrate.positive, the class that is looked for",
            )
    for key in ("class_weights", "oversample"):
        if class_names is None and getattr(experiment.data, key) is not None:
            raise UsageError(f"data.{key} is for classes; the labels are numbers", hint=f"remove data.{key}")
    for where, name in _named(experiment):
        if class_names is None or name not in class_names:
            near = closest(name, list(class_names or ()))
            hint = f"did you mean {near}?" if near else f"its classes: {some(class_names or ())}"
            raise UsageError(f"{where}: the data has no class {name!r}", hint=hint)


def _named(experiment: Experiment) -> Iterator[tuple[str, str]]:
    if experiment.calibrate is not None and experiment.calibrate.positive is not None:
        yield "calibrate.positive", experiment.calibrate.positive
    if isinstance(experiment.data.class_weights, dict):
        yield from (("data.class_weights", name) for name in experiment.data.class_weights)
    for gate in experiment.expect:
        name = class_of_measure(gate)
        if name is not None:
            yield f"expect: {gate}", name
