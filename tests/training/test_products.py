"""No graph of ours has the product that TensorFlow 2.20 and 2.21 compute wrongly with oneDNN.

A tensor of rank 4 with an axis of 1 times one of rank 2 corrupts the heap; the process dies some time later.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import bigmodel_cli

SOURCE = Path(bigmodel_cli.__file__).parent
# Of rank 2 by rank 2, of rank 2 by rank 1, and of rank 4 by rank 4.
HARMLESS = {
    ("doctor/device_speed.py", "MatMult"),
    ("tasks/bound.py", "matvec"),
    ("modeling/attention.py", "matmul"),
    ("modeling/token_steps.py", "matmul"),
    ("tasks/retrieval/bound.py", "matmul"),
}
PRODUCTS = {"matmul", "matvec", "einsum", "tensordot", "dot", "vecdot", "linear_operator"}


def products_in(path: Path) -> Iterator[str]:
    """Products of tensors in a file; those of NumPy are computed elsewhere."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
            yield "MatMult"
        elif isinstance(node, ast.Attribute) and node.attr in PRODUCTS:
            owner = ast.unparse(node.value)
            if owner.split(".")[0] in ("tf", "keras", "ops", "tensorflow"):
                yield node.attr


def test_own_code_multiplies_no_tensors_but_matrices() -> None:
    found = {
        (str(path.relative_to(SOURCE)), product)
        for path in sorted(SOURCE.rglob("*.py"))
        if re.search("import (tensorflow|keras)|from keras import", path.read_text("utf-8"))
        for product in products_in(path)
    }
    assert found - HARMLESS == set()


def dangerous(function: Any, *arguments: Any) -> list[str]:
    """Products in a function's graph of matrices in batches by others of another rank."""
    import tensorflow as tf

    graph = tf.function(function, autograph=False).get_concrete_function(*arguments).graph
    return [
        str([tensor.shape.as_list() for tensor in operation.inputs])
        for operation in graph.get_operations()
        if operation.type.startswith("BatchMatMul")
        and operation.inputs[0].shape.rank != operation.inputs[1].shape.rank
    ]


@pytest.mark.tf
def test_the_product_is_seen_where_it_is() -> None:
    import tensorflow as tf

    specs = tf.TensorSpec((13, 1, 3, 4)), tf.TensorSpec((4, 16))
    assert dangerous(tf.matmul, *specs) == ["[[13, 1, 3, 4], [4, 16]]"]
    assert dangerous(lambda x, y: tf.tensordot(x, y, 1), *specs) == []


@pytest.mark.tf
# Of one token, which Keras thinks is a mistake.
@pytest.mark.filterwarnings(r"ignore:[\s\S]*softmax over axis")
@pytest.mark.parametrize(
    "words",
    [
        [
            "data.class_weights=balanced",
            "model=[Dense: {units: 3}, Normalization, Flatten, "
            "Dense: {units: num_classes, activation: softmax}]",
        ],
        [
            "model=[residual: {layers: [{Conv2D: {filters: 1, kernel_size: 3, padding: same}}]}, "
            "branches: {paths: [[{Dense: {units: 2}}], [{Dense: {units: 2}}]], merge: Concatenate}, "
            "Flatten, Dense: {units: num_classes, activation: softmax}]",
            "augmentation=[MixUp, RandomFlip, RandomRotation: {factor: 0.1}]",
            "training.accumulate=2",
        ],
        [
            "model=[Reshape: {target_shape: [1, 6]}, transformer: {heads: 2, width: 8, positions: rotary}, "
            "masked_pooling, Dense: {units: num_classes, activation: softmax}]",
        ],
    ],
    ids=["layers", "blocks", "attention"],
)
def test_no_step_has_it(prepare: Any, words: list[str]) -> None:
    """On examples with axes of 1."""
    prepared = prepare("data.source.synthetic.shape=[1, 6, 1]", *words)
    feed = prepared.loop.training.feed
    chunk = feed.chunk(feed.rows(feed.epoch_order(seed=0, epoch=1), 0, 1))
    for step in (prepared.loop.training._train_one, prepared.loop.validation._measure):
        assert dangerous(step, chunk, 0) == []
