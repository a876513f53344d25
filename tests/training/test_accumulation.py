"""`training.accumulate`: a batch computed in parts is the batch computed at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bigmodel_cli.errors import UsageError
from bigmodel_cli.training.accumulation import part_bounds

pytestmark = pytest.mark.tf


@pytest.mark.parametrize(
    ("size", "num_parts", "bounds"),
    [
        (8, 1, [(0, 8)]),
        (8, 4, [(0, 2), (2, 4), (4, 6), (6, 8)]),
        (7, 3, [(0, 3), (3, 6), (6, 7)]),
        (2, 5, [(0, 1), (1, 2)]),
    ],
)
def test_parts(size: int, num_parts: int, bounds: list[tuple[int, int]]) -> None:
    assert part_bounds(size, num_parts) == bounds


WEIGHTED = ("training.precision=float32", "training.jit_compile=false", "data.class_weights=balanced")


@pytest.fixture(scope="module")
def whole(prepare_once: Callable[..., Any]) -> tuple[Any, Any]:
    """Rows and weights of batches that are computed at once."""
    prepared = prepare_once(*WEIGHTED)
    return prepared.run(), prepared.built.model.get_weights()


@pytest.mark.parametrize("num_parts", [2, 3, 16])
def test_parts_train_as_the_whole(
    prepare: Callable[..., Any], whole: tuple[Any, Any], num_parts: int
) -> None:
    rows, weights = whole
    parts = prepare(*WEIGHTED, f"training.accumulate={num_parts}")
    others = parts.run()
    assert len(rows) == 3
    for row, other in zip(rows, others, strict=True):
        for name in ("loss", "accuracy", "val_loss", "val_accuracy"):
            assert other[name] == pytest.approx(row[name], rel=1e-5)
    for one, other in zip(weights, parts.built.model.get_weights(), strict=True):
        np.testing.assert_allclose(other, one, atol=1e-6)


def test_parts_with_regularisation_and_an_embedding(prepare: Callable[..., Any]) -> None:
    words = (
        "training.precision=float32",
        "training.jit_compile=false",
        "preprocessing=[]",
        "model=[Flatten, {Embedding: {input_dim: 256, output_dim: 2, embeddings_regularizer: L2}}, "
        "Flatten, {Dense: {units: num_classes, activation: softmax}}]",
    )
    (row, *_), (other, *_) = prepare(*words).run(), prepare(*words, "training.accumulate=4").run()
    assert other["loss"] == pytest.approx(row["loss"], rel=1e-5)


@pytest.mark.parametrize("optimizer", ["Adam", "RMSprop"])
def test_tokens_of_a_batch_count_together(prepare: Callable[..., Any], optimizer: str) -> None:
    words = (
        "training.precision=float32",
        "training.jit_compile=false",
        "preprocessing=[]",
        f"optimizer={optimizer}",
        "model=[Flatten, {Embedding: {input_dim: 256, output_dim: 2}}, Flatten, "
        "{Dense: {units: num_classes, activation: softmax}}]",
    )
    whole, parts = prepare(*words), prepare(*words, "training.accumulate=4")
    for row, other in zip(whole.run(), parts.run(), strict=True):
        assert other["val_loss"] == pytest.approx(row["val_loss"], rel=1e-4)


def test_a_loss_that_is_no_mean_is_refused(prepare: Callable[..., Any]) -> None:
    with pytest.raises(UsageError, match="loss: reduction sum is for one device"):
        prepare("loss={CategoricalCrossentropy: {reduction: sum}}", "training.accumulate=2")
    prepare("loss={CategoricalCrossentropy: {reduction: sum}}")
