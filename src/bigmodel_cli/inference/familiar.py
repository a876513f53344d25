"""Whether new examples are like those of training, from a few numbers that training keeps.

A network answers whatever it is shown, and its probabilities say which of its classes is likest, not whether
any is like it. So each run keeps the limits of what was measured of its examples, and how far held-out ones
are from the main directions of their class; what is outside is said beside the prediction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bigmodel_cli.errors import DataError
from bigmodel_cli.inference.inner import Inner
from bigmodel_cli.inference.rarity import Rarity, Together
from bigmodel_cli.kinds.familiar import Limits, Measuring, Unlike, ValueMeasuring
from bigmodel_cli.parts import part_of
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.signature import Signature

SHAPE, FEATURE, TOGETHER = "shape", "feature", "all of these together"
INNER = "features before the last layer"
# What stands before the names of their arrays in the file.
_OF_INNER = "inner_"


@dataclass(frozen=True, eq=False)
class Familiar(Limits):
    """What examples of training are like.

    Attributes:
        measuring: What is measured of them.
        span: Their least and largest value.
        limits: The least and the largest of each measure that is usual.
        features: The least and the largest of each feature, shape (2, features); None where they are not
            compared one by one.
        rarity: How far examples are from what is common; None where that is not known.
        together: The same of all measures at once.
        inner: The same of what the model's last layer is given, where that is known; then shapes are not
            compared: it sees more.
    """

    measuring: ValueMeasuring
    span: tuple[float, float]
    limits: Mapping[str, tuple[float, float]]
    features: np.ndarray | None
    rarity: Rarity | None
    together: Together | None = None
    inner: Inner | None = None

    @property
    def looks_inside(self) -> bool:
        return self.inner is not None

    def unlike(
        self, features: np.ndarray, scores: np.ndarray | None, inner: np.ndarray | None = None
    ) -> list[list[Unlike]]:
        values = self.measuring.scaled(features, self.span)
        measured = self.measuring.measures(values)
        found: list[list[Unlike]] = [[] for _ in values]
        for name, (low, high) in self.limits.items():
            for index in np.flatnonzero((measured[name] < low) | (measured[name] > high)).tolist():
                found[index].append(Unlike(name, float(measured[name][index]), low, high))
        if self.together is not None:
            far = self.together.of(side_by_side(measured, self.limits))
            for index in np.flatnonzero(far > self.together.limit).tolist():
                found[index].append(Unlike(TOGETHER, float(far[index]), 0.0, self.together.limit))
        if self.features is not None:
            self._compare_features(values, found)
        if self.rarity is not None and (shapes := self.measuring.shapes(values)) is not None:
            _compare(SHAPE, self.rarity, shapes, scores, found)
        if self.inner is not None and inner is not None:
            _compare(INNER, self.inner, inner, scores, found)
        return [
            self._hinted(reasons, {name: float(numbers[index]) for name, numbers in measured.items()})
            for index, reasons in enumerate(found)
        ]

    def _compare_features(self, values: np.ndarray, found: list[list[Unlike]]) -> None:
        """The feature of each example that is furthest outside of what is usual."""
        assert self.features is not None
        low, high = self.features
        beyond = np.maximum(low - values, values - high)
        worst = beyond.argmax(axis=1)
        back = self.span[1] - self.span[0]
        for index in np.flatnonzero(beyond[np.arange(len(values)), worst] > 0).tolist():
            at = int(worst[index])
            value, least, most = (
                float(number) * back + self.span[0] for number in (values[index, at], low[at], high[at])
            )
            found[index].append(Unlike(f"{FEATURE} [{at}]", value, least, most))

    def _hinted(self, reasons: list[Unlike], measured: Mapping[str, float]) -> list[Unlike]:
        if not reasons:
            return reasons
        hint, turned = self.measuring.advice, self.measuring.negative(measured)
        is_beyond = any(one.what in self.limits for one in reasons)
        if (
            turned
            and is_beyond
            and all(low <= turned[name] <= high for name, (low, high) in self.limits.items())
        ):
            # Of a drawing that could not be drawn anew, and of a row of an array, either may help.
            hint = "; ".join(filter(None, [hint, "--invert turns bright into dark"]))
        return [replace(one, hint=hint) for one in reasons]

    def arrays(self) -> dict[str, np.ndarray]:
        arrays: dict[str, np.ndarray] = {
            "span": np.array(self.span, np.float64),
            "names": np.array(list(self.limits), np.str_),
            "limits": np.array(list(self.limits.values()), np.float64).reshape(-1, 2),
        }
        if self.features is not None:
            arrays["features"] = self.features
        if self.together is not None:
            arrays |= {f"together_{name}": np.asarray(value) for name, value in vars(self.together).items()}
        if self.rarity is not None:
            arrays.update(self.rarity.arrays())
        if self.inner is not None:
            arrays |= {f"{_OF_INNER}{name}": array for name, array in self.inner.arrays().items()}
        return arrays


def _compare(
    what: str,
    rarity: Rarity | Inner,
    examples: np.ndarray,
    scores: np.ndarray | None,
    found: list[list[Unlike]],
) -> None:
    """Add to what was found which examples are rare."""
    rare = rarity.of(examples, scores)
    for index in np.flatnonzero(rare > rarity.limit).tolist():
        found[index].append(Unlike(what, float(rare[index]), 0.0, rarity.limit))


def read_familiar(run: RunFolder, signature: Signature, warn: Callable[[str], None]) -> Limits | None:
    """What a run has kept; None where it was trained before runs did, or the file is damaged.

    Args:
        run: Its folder.
        signature: What its examples are.
        warn: Is told where the file is damaged.
    """
    path = run.example_limits
    if not run.expects(path):
        return None
    try:
        with np.load(run.intact(path), allow_pickle=False) as arrays:
            measuring = part_of(signature.kind, Measuring)
            return measuring.limits_from(arrays) or _familiar(measuring, arrays)
    except DataError as error:
        warn(f"{error.message}; inputs are not compared with the training examples")
    except Exception as error:  # NumPy's readers raise whatever broken bytes lead them to.
        warn(f"{path}: damaged: {error}; inputs are not compared with the training examples")
    return None


def _familiar(measuring: Measuring, arrays: Mapping[str, Any]) -> Familiar:
    assert isinstance(measuring, ValueMeasuring)
    low, high = arrays["span"].tolist()
    inner = {name.removeprefix(_OF_INNER): arrays[name] for name in arrays if name.startswith(_OF_INNER)}
    pairs = zip(arrays["names"].tolist(), arrays["limits"].tolist(), strict=True)
    return Familiar(
        measuring,
        (low, high),
        {name: (least, most) for name, (least, most) in pairs},
        arrays.get("features"),
        Rarity.from_arrays(arrays),
        _together(arrays),
        Inner.from_arrays(inner),
    )


def _together(arrays: Mapping[str, Any]) -> Together | None:
    if "together_mean" not in arrays:
        return None
    limit = float(arrays["together_limit"])
    return Together(arrays["together_mean"], arrays["together_precision"], limit)


def side_by_side(measured: Mapping[str, np.ndarray], names: Iterable[str]) -> np.ndarray:
    """Measures side by side, shape (n, measures)."""
    return np.stack([measured[name] for name in names], axis=1)
