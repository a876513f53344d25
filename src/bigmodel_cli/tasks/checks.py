"""What a config asks of a task, against what its labels are; without NumPy."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Generic, TypeVar

from bigmodel_cli.config.measures import class_of_measure
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.config.spelling import closest
from bigmodel_cli.cut import some
from bigmodel_cli.errors import UsageError
from bigmodel_cli.tasks.task import Task

if TYPE_CHECKING:
    import numpy as np

T = TypeVar("T", bound=Task)
_WEIGHTS = "data.class_weights"


class Checks(ABC, Generic[T]):
    """What is found out before training, once the data are known."""

    def __init__(self, task: T) -> None:
        self.task = task

    @abstractmethod
    def check_options(self, experiment: Experiment) -> None:
        """Find out whether the options of a config are for such a task.

        Raises:
            UsageError: If one is not.
        """

    def refuse_options_of_classes(
        self, experiment: Experiment, *, calibrates: bool, weighs: bool = False
    ) -> None:
        """Find out whether a config weighs classes, or decides between them, where there are none.

        Args:
            experiment: The config. Of several targets, what is asked of all is for those that have classes.
            calibrates: Whether what is decided on scores is for such a task, too.
            weighs: The same of weights of classes.

        Raises:
            UsageError: Names the option.
        """
        if len(experiment.targets) > 1:
            return
        data = experiment.data
        asked = {
            "calibrate": None if calibrates else experiment.calibrate,
            _WEIGHTS: None if weighs else data.class_weights,
            "data.oversample": data.oversample,
        }
        for option, value in asked.items():
            if value is not None:
                message = f"{option} is for classes; the labels are {self.task.labels}"
                raise UsageError(message, hint=f"remove {option}")

    def check_labels(self, experiment: Experiment, labels: np.ndarray, name_of: Callable[[int], str]) -> None:
        """Find out whether labels are what the loss takes.

        Args:
            experiment: For the loss.
            labels: Of a split.
            name_of: What an example of it is called.

        Raises:
            DataError: If one is not.
        """

    def check(self, experiment: Experiment, gates: Mapping[str, str] | None = None) -> None:
        """The same, and whether there is what the config names.

        Args:
            experiment: The config, for this target.
            gates: Those of its `expect` that are about this target, as they are written, and what each is
                called where there is no other target; None: all are.

        Raises:
            UsageError: If a class is not there, or what is for classes meets numbers.
        """
        self.check_options(experiment)
        asked = dict(zip(experiment.expect, experiment.expect, strict=True)) if gates is None else gates
        for where, name in _named(experiment, asked):
            known = self.task.weighed_names if where == _WEIGHTS else self.task.scored_names
            if name not in known:
                near = closest(name, known)
                has = f"its classes: {some(known)}" if known else f"it has {self.task.described}"
                hint = f"did you mean {near}?" if near else has
                raise UsageError(f"{where}: the data has no class {name!r}", hint=hint)


def _named(experiment: Experiment, gates: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if experiment.calibrate is not None and experiment.calibrate.positive is not None:
        yield "calibrate.positive", experiment.calibrate.positive
    if isinstance(experiment.data.class_weights, dict):
        yield from ((_WEIGHTS, name) for name in experiment.data.class_weights)
    for gate, of_one in gates.items():
        name = class_of_measure(of_one)
        if name is not None:
            yield f"expect: {gate}", name
