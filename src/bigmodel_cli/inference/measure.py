"""Measures examples of training and held-out ones, and keeps in the run what they are like."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np

from bigmodel_cli.errors import DataError
from bigmodel_cli.inference.familiar import Familiar, side_by_side
from bigmodel_cli.inference.inner import Inner
from bigmodel_cli.inference.rarity import Rarity, Together
from bigmodel_cli.kinds.familiar import Measuring, ValueMeasuring
from bigmodel_cli.parts import part_of
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.base import Examples
from bigmodel_cli.whole_files import write_whole

# So many examples are looked at, so many where files have to be decoded for it, and no more than fit into so
# many bytes.
_MOST_EXAMPLES, _MOST_DECODED, _MOST_BYTES = 5_000, 2_000, 64 * 2**20
# How far outside of what was seen a number may be: a part of the width of that, and of the range of values.
_MARGIN, _LEAST_MARGIN = 0.2, 0.02
_FEATURE_MARGIN = 0.5
# More numbers of an example are not compared one by one.
_MOST_FEATURES = 4_096


def keep_familiar(
    run: RunFolder,
    train: Examples,
    held_out: Examples,
    scores: np.ndarray | None,
    signature: Signature,
    inner: Inner | None = None,
) -> None:
    """Measure training and held-out examples, and keep in the run what they are like.

    Args:
        run: Its folder.
        train: The examples that were learned from.
        held_out: Others, on which the limits are set.
        scores: Their probabilities, shape (n, classes); None where there are none.
        signature: What an example is.
        inner: How far from what is common the features before the model's last layer are; None where they are
            not compared.
    """
    limits = part_of(signature.kind, Measuring).limits(train, held_out)
    if limits is None:
        learned, others = some_of(train, signature), some_of(held_out, signature)
        if not len(learned) or not len(others):
            return
        known = None if scores is None else scores[others]
        limits = measure(train.take(learned), held_out.take(others), known, signature, inner)
    if limits is not None:
        buffer = io.BytesIO()
        np.savez_compressed(buffer, allow_pickle=False, **limits.arrays())
        write_whole(run.example_limits, lambda place: place.write_bytes(buffer.getvalue()))


def measure(
    train: Examples,
    held_out: Examples,
    scores: np.ndarray | None,
    signature: Signature,
    inner: Inner | None = None,
) -> Familiar | None:
    """What examples are like; None where none can be read.

    Args:
        train: Some that were learned from.
        held_out: Some others.
        scores: As for `keep_familiar`.
        signature: What one of them is.
        inner: As for `keep_familiar`.
    """
    learned, learned_labels, _ = _read(train, signature)
    others, _, kept = _read(held_out, signature)
    if not len(learned) or not len(others):
        return None
    measuring = part_of(signature.kind, Measuring)
    assert isinstance(measuring, ValueMeasuring)
    span = measuring.span(learned)
    learned, others = measuring.scaled(learned, span), measuring.scaled(others, span)
    of_learned, of_others = measuring.measures(learned), measuring.measures(others)
    limits = {}
    for name in of_learned:
        both = np.concatenate([of_learned[name], of_others[name]])
        low, high = _with_margin(float(both.min()), float(both.max()))
        limits[name] = (max(measuring.least, low), high)
    rarity = together = None
    shapes, other_shapes = measuring.shapes(learned), measuring.shapes(others)
    if shapes is not None and other_shapes is not None:
        together = Together.fit(
            np.concatenate([side_by_side(found, limits) for found in (of_learned, of_others)])
        )
        if inner is None:
            known = None if scores is None else scores[kept]
            rarity = Rarity.fit(shapes, learned_labels, other_shapes, known)
    return Familiar(measuring, span, limits, _feature_limits(learned, others), rarity, together, inner)


def _feature_limits(learned: np.ndarray, others: np.ndarray) -> np.ndarray | None:
    if learned.ndim != 2 or learned.shape[1] > _MOST_FEATURES:
        return None
    both = np.concatenate([learned, others])
    low, high = both.min(axis=0), both.max(axis=0)
    # Of a table's rows some are far from all others, and more so where few were seen.
    margin = _FEATURE_MARGIN * (high - low)
    return np.stack([low - margin, high + margin])


def _with_margin(low: float, high: float) -> tuple[float, float]:
    margin = _MARGIN * (high - low) + _LEAST_MARGIN
    return low - margin, high + margin


def some_of(examples: Examples, signature: Signature) -> np.ndarray:
    """Indices of examples that are spread over all; fewer of large ones, and of what has to be decoded."""
    has_files = any(store.files is not None for store in examples.inputs.values())
    most = _MOST_DECODED if has_files else _MOST_EXAMPLES
    count = min(len(examples), most, max(1, _MOST_BYTES // max(1, signature.kind.num_bytes)))
    return np.unique(np.linspace(0, len(examples) - 1, count).astype(np.int64))


@dataclass(frozen=True)
class Some:
    """Examples of a split in memory.

    Attributes:
        examples: They.
        indices: Their places in the split.
    """

    examples: Examples
    indices: np.ndarray


def read_some(examples: Examples, signature: Signature) -> Some:
    """Read examples that are spread over all, without those that cannot be read."""
    chosen = some_of(examples, signature)
    features, labels, kept = _read(examples.take(chosen), signature)
    return Some(Examples.of_arrays(features, labels, ""), chosen[kept])


def _read(examples: Examples, signature: Signature) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features and labels of those that can be read, and their indices."""
    features = np.empty((len(examples), *signature.kind.shape), signature.kind.dtype)
    kept: list[int] = []
    for index in range(len(examples)):
        try:
            features[len(kept)] = examples.read(index)
        except DataError:
            # A bad file, which training has left out as well.
            continue
        kept.append(index)
    indices = np.array(kept, np.int64)
    return features[: len(kept)], examples.labels[indices], indices
