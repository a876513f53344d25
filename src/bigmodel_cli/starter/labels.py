"""Whether labels are classes or numbers, as a person would say who looks at them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from bigmodel_cli.errors import DataError
from bigmodel_cli.starter.targets import Targets, classes, flags, numbers

if TYPE_CHECKING:
    import numpy as np

# So many different whole numbers are classes if each is there more than once; more are likely quantities,
# unless they count from 0 or 1 without a gap, as indices of classes do.
_FEW = 20
_PER_CLASS = 5


Wanted = Literal["classes", "numbers"]


def targets_of(labels: np.ndarray, where: str, wanted: Wanted | None = None) -> Targets:
    """What the labels of one array or column are.

    Args:
        labels: Of shape (n,), or (n, k) for several numbers or one-hot rows.
        where: For errors.
        wanted: What the person says that they are; None: what they look like.

    Raises:
        DataError: If they are of a kind that nothing can be written for, or not what is wanted.
    """
    import numpy as np

    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim > 2 or labels.dtype.kind not in "biufUS" or labels.size == 0:
        raise DataError(
            f"{where}: labels of shape {labels.shape} and type {labels.dtype}",
            hint="expected one label per example, or a row of numbers",
        )
    if labels.dtype.kind in "US" and wanted == "numbers":
        raise DataError(f"{where}: the labels are texts", hint="leave --labels out: texts are classes")
    if labels.ndim == 2:
        found = _numbers(labels) if wanted == "numbers" else _rows(labels, where)
        if wanted is not None and found.kind != wanted:
            raise DataError(
                f"{where}: {found.described}, which are no classes",
                hint="leave --labels out",
            )
        return found
    if labels.dtype.kind in "US":
        return classes(len(np.unique(labels)))
    if not np.isfinite(labels.astype(np.float64)).all():
        raise DataError(f"{where}: there are labels that are NaN or infinite", hint="fill in or remove them")
    taken_for = wanted or ("classes" if _look_like_classes(labels) else "numbers")
    targets = classes(len(np.unique(labels))) if taken_for == "classes" else _numbers(labels[:, None])
    return targets if wanted else replace(targets, decision=_decision(labels, taken_for))


def _decision(labels: np.ndarray, taken_for: Wanted) -> str | None:
    """Why labels are taken for what they are, and what takes them for the other; None where it is plain."""
    import numpy as np

    values = np.unique(labels)
    are_whole = bool((values == np.floor(values)).all())
    if not are_whole or (taken_for == "classes" and labels.dtype.kind != "f" and values[0] == 0):
        return None
    shown = f"{len(values):,} whole numbers from {values[0]:g} to {values[-1]:g}"
    other = "numbers" if taken_for == "classes" else "classes"
    return f"The labels are {shown}: taken for {taken_for}; init --labels {other} takes them for {other}."


def _look_like_classes(labels: np.ndarray) -> bool:
    import numpy as np

    values, counts = np.unique(labels, return_counts=True)
    if (values != np.floor(values)).any() or (values < 0).any():
        return False
    has_gaps = bool((np.diff(values) != 1).any()) or values[0] > 1
    if len(values) <= _FEW:
        return len(values) < len(labels) or not has_gaps
    return not has_gaps and float(np.median(counts)) >= _PER_CLASS


def _rows(labels: np.ndarray, where: str) -> Targets:
    import numpy as np

    if labels.dtype.kind in "US":
        raise DataError(f"{where}: {labels.shape[1]} texts per label", hint="give one label per example")
    if ((labels == 0) | (labels == 1)).all():
        if (labels.sum(axis=1) == 1).all():
            return classes(labels.shape[1])
        return flags(labels.shape[1])
    return _numbers(np.asarray(labels))


def _numbers(labels: np.ndarray) -> Targets:
    """Their scale, so that the model need not learn it."""
    import numpy as np

    values = labels.astype(np.float64)
    spread = [value if value > 0 else 1.0 for value in values.std(axis=0).tolist()]
    return numbers(values.mean(axis=0).tolist(), spread)
