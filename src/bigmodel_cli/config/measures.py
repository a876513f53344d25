"""Names of what an evaluation measures beside the config's metrics, as gates ask for them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import isclose
from typing import Literal

from bigmodel_cli.tasks.classification.task import Classification
from bigmodel_cli.tasks.generation.task import Generation
from bigmodel_cli.tasks.multilabel.task import Multilabel
from bigmodel_cli.tasks.question_answering.task import QuestionAnswering
from bigmodel_cli.tasks.regression.task import Regression
from bigmodel_cli.tasks.retrieval.task import Retrieval
from bigmodel_cli.tasks.segmentation.task import Segmentation
from bigmodel_cli.tasks.tagging.task import Tagging
from bigmodel_cli.tasks.task import Labels, Task
from bigmodel_cli.tasks.transcription.task import Transcription
from bigmodel_cli.tasks.translation.task import Translation

# Who knows what an evaluation has.
_TASKS: Sequence[type[Task]] = (
    Classification,
    Regression,
    Multilabel,
    Generation,
    Translation,
    Tagging,
    Segmentation,
    QuestionAnswering,
    Transcription,
    Retrieval,
)
# Of all measures; what is not here is better when it is larger.
_SMALLER_IS_BETTER = frozenset(
    {
        "log_loss",
        "brier_score",
        "expected_calibration_error",
        "mean_absolute_error",
        "root_mean_squared_error",
        "median_absolute_error",
        "max_error",
        "hamming_loss",
        "bits_per_byte",
        "perplexity",
        "bits_per_token",
        "word_error_rate",
        "character_error_rate",
    }
)
# What metrics of a config are called that measure the same.
_TWINS: Mapping[str, Sequence[str]] = {
    "accuracy": ("acc",),
    "mean_absolute_error": ("mae",),
    "root_mean_squared_error": ("rmse",),
    "r2": ("r2_score",),
}
MEANS = ("macro", "weighted")
MEASURES = ("precision", "recall", "f1")
PER_CLASS = (*MEASURES, "roc_auc", "average_precision", "iou", "boundary_f1")
DIRECTIONS: Mapping[str, Literal["min", "max"]] = {
    name: "min" if name in _SMALLER_IS_BETTER else "max"
    for name in (*(score for task in _TASKS for score in task.scores), *PER_CLASS)
}
# Over the classes; a class's own name stands here too.
AGGREGATES = ("min", "max", "mean")
# What a message offers of them.
MEASURE_PATHS = [f"{mean}.{measure}" for mean in MEANS for measure in MEASURES] + [
    f"per_class.{measure}.min" for measure in PER_CLASS
]
_SPLITS = ("train", "validation", "test")
_PATH = re.compile(
    rf"(?:(?:{'|'.join(_SPLITS)})_)?(?:(?:{'|'.join(MEANS)})\.(?:{'|'.join(MEASURES)})"
    rf"|per_class\.(?:{'|'.join(PER_CLASS)})\.(?P<over>.+))",
    re.DOTALL,
)


def is_measure_path(name: str) -> bool:
    """Whether `name` is a number inside an evaluation: `macro.f1`, `test_per_class.recall.min`."""
    return _PATH.fullmatch(name) is not None


def said_once(numbers: Mapping[str, float]) -> dict[str, float]:
    """Numbers to be shown: what a metric of the config measures once more is left out where it is equal."""
    again = {
        twin
        for name in numbers
        for twin in _twins_of(name)
        # Keras counts in float32, by batches.
        if twin in numbers and isclose(numbers[name], numbers[twin], rel_tol=1e-4, abs_tol=1e-5)
    }
    return {name: value for name, value in numbers.items() if name not in again}


def _twins_of(name: str) -> Iterator[str]:
    """Of `income_accuracy` too, where there are several targets."""
    for measure, twins in _TWINS.items():
        if name == measure or name.endswith(f"_{measure}"):
            yield from (f"{name.removesuffix(measure)}{twin}" for twin in twins)


def split_of(gate: str) -> str | None:
    """The split that a gate is about: `test` of `test_accuracy`; None where its name has none."""
    return next((split for split in _SPLITS if gate.startswith(f"{split}_")), None)


def without_split(gate: str) -> str:
    """What a gate asks of a split: `accuracy` of `test_accuracy`."""
    split = split_of(gate)
    return gate if split is None else gate.removeprefix(f"{split}_")


def gate_about(gate: str, targets: Iterable[str]) -> tuple[str, str]:
    """The one of several targets that a gate is about, and what it is called where that is the only one.

    Args:
        gate: For instance `test_income_accuracy`, `income.macro.f1`.
        targets: Their names; of none or one, no gate names it.

    Returns:
        For instance `income` and `test_accuracy`; "" and the gate itself where it names no target.
    """
    names = sorted(targets, key=len, reverse=True)
    if len(names) < 2:
        return "", gate
    for bare in dict.fromkeys((without_split(gate), gate)):
        split = gate.removesuffix(bare)
        for target in names:
            if bare.startswith((f"{target}_", f"{target}.")):
                return target, f"{split}{bare[len(target) + 1 :]}"
    return "", gate


def scores_of(labels: Labels | None, num_classes: int | None = None) -> list[str]:
    """The numbers that an evaluation has of some labels; of all, where it is not known what they are.

    Args:
        labels: What they are; None: not known.
        num_classes: How many classes there are; None: not known, or there are none.
    """
    found = [name for task in _TASKS if labels in (task.labels, None) for name in task.measured(num_classes)]
    return list(dict.fromkeys(found))


def why_unmeasured(gate: str, labels: Labels | None, num_classes: int | None = None) -> str | None:
    """Why no evaluation of such labels has the number that a gate asks for; None where it may have it.

    Args:
        gate: For instance `test_accuracy`, `per_class.recall.min`.
        labels: What they are; None: not known.
        num_classes: As for `scores_of`.
    """
    name = without_split(gate)
    if labels is None or name in scores_of(labels, num_classes):
        return None
    if is_measure_path(name):
        return None if labels != Regression.labels else f"the labels are {labels}"
    if name in scores_of(labels):
        return f"the labels are {num_classes} classes"
    return f"the labels are {labels}" if name in scores_of(None) else None


def class_of_measure(name: str) -> str | None:
    """The class that a gate is about: `cat` of `per_class.recall.cat`; None where it is about several."""
    match = _PATH.fullmatch(name)
    over = match.group("over") if match else None
    return None if over in (None, *AGGREGATES) else over


def ambiguous_gates(gates: Iterable[str], classes: Mapping[str, Sequence[str] | None]) -> Iterator[str]:
    """A sentence for each gate over all classes that has the name of one of them: `per_class.recall.min`.

    Args:
        gates: As they are written.
        classes: Names of classes by target; None where a target is a number.
    """
    for gate in gates:
        target, name = gate_about(gate, classes)
        of_one = classes.get(target) if target or len(classes) != 1 else next(iter(classes.values()))
        match = _PATH.fullmatch(name)
        over = match.group("over") if match else None
        if over in AGGREGATES and over in (of_one or ()):
            yield f"{gate} is the {over} over all classes, not that of the class {over}"
