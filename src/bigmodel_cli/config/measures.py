"""Names of what an evaluation measures beside the config's metrics, as gates ask for them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

# Of an evaluation's `metrics` and `scores`.
CLASS_SCORES = (
    "accuracy",
    "balanced_accuracy",
    "top_3_accuracy",
    "top_5_accuracy",
    "log_loss",
    "brier_score",
    "expected_calibration_error",
    "roc_auc",
    "average_precision",
)
NUMBER_SCORES = (
    "mean_absolute_error",
    "root_mean_squared_error",
    "r2",
    "median_absolute_error",
    "max_error",
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
    }
)
MEANS = ("macro", "weighted")
MEASURES = ("precision", "recall", "f1")
PER_CLASS = (*MEASURES, "roc_auc", "average_precision")
DIRECTIONS: Mapping[str, Literal["min", "max"]] = {
    name: "min" if name in _SMALLER_IS_BETTER else "max"
    for name in (*CLASS_SCORES, *NUMBER_SCORES, *PER_CLASS)
}
# Over the classes; a class's own name stands here too.
AGGREGATES = ("min", "max", "mean")
# What a message offers of them.
MEASURE_PATHS = [f"{mean}.{measure}" for mean in MEANS for measure in MEASURES] + [
    f"per_class.{measure}.min" for measure in PER_CLASS
]
_PATH = re.compile(
    rf"(?:(?:train|validation|test)_)?(?:(?:{'|'.join(MEANS)})\.(?:{'|'.join(MEASURES)})"
    rf"|per_class\.(?:{'|'.join(PER_CLASS)})\.(?P<over>.+))",
    re.DOTALL,
)


def is_measure_path(name: str) -> bool:
    """Whether `name` is a number inside an evaluation: `macro.f1`, `test_per_class.recall.min`."""
    return _PATH.fullmatch(name) is not None


def class_of_measure(name: str) -> str | None:
    """The class that a gate is about: `cat` of `per_class.recall.cat`; None where it is about several."""
    match = _PATH.fullmatch(name)
    over = match.group("over") if match else None
    return None if over in (None, *AGGREGATES) else over


def ambiguous_gates(gates: Iterable[str], class_names: Sequence[str]) -> Iterator[str]:
    """A sentence for each gate over all classes that has the name of one of them: `per_class.recall.min`."""
    for gate in gates:
        match = _PATH.fullmatch(gate)
        over = match.group("over") if match else None
        if over in AGGREGATES and over in class_names:
            yield f"{gate} is the {over} over all classes, not that of the class {over}"
