"""`compress.quantize: int8`: what is computed with 8 bits later is rounded in training."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.tf
PLAIN = ("training.precision=float32", "training.jit_compile=false", "training.epochs=2")
CONV = (
    "model=[{Conv2D: {filters: 4, kernel_size: 3}}, BatchNormalization, ReLU, MaxPooling2D, Flatten, "
    "{Dense: {units: 8, activation: relu}}, {Dense: {units: num_classes, activation: softmax}}]"
)


def test_kernels_are_rounded_by_channel() -> None:
    from bigmodel_cli.compressing.fake_quantization import _rounded_kernel

    kernel = np.random.default_rng(0).normal(size=(3, 3, 2, 4)).astype(np.float32) * [1, 10, 0.1, 0]
    rounded = _rounded_kernel(kernel.astype(np.float32), "Conv2D").numpy()
    for channel in range(3):
        step = np.abs(kernel[..., channel]).max() / 127
        steps = rounded[..., channel] / step
        np.testing.assert_allclose(steps, np.round(steps), atol=1e-3)
        assert np.abs(rounded[..., channel] - kernel[..., channel]).max() <= 0.51 * step
    assert not rounded[..., 3].any()


def test_which_outputs_are_rounded(prepare: Callable[..., Any]) -> None:
    """Of a convolution with its normalisation and activation the last one, no output that is handed on."""
    prepared = prepare(*PLAIN, CONV, "compress.quantize=int8")
    quantization = prepared.loop.training.compression.quantization
    assert quantization.layers == ["rescaling", "re_lu", "dense", "dense_1"]
    prepared.run()
    ranges = {name: np.asarray(variable) for name, variable in quantization.variables().items()}
    np.testing.assert_allclose(ranges["quantize/rescaling"], [0, 1], atol=0.05)
    assert ranges["quantize/re_lu"][0] == 0 < ranges["quantize/re_lu"][1]
    assert ranges["quantize/dense_1"][0] < 0 < ranges["quantize/dense_1"][1]


@pytest.mark.parametrize(
    "words",
    [
        ("training.accumulate=2",),
        ("training.jit_compile=true",),
        ("training.precision=mixed_bfloat16",),
        ("augmentation=[{GaussianNoise: {stddev: 0.1}}]",),
        ("compress.prune.sparsity=0.5",),
    ],
)
def test_whatever_computes_the_steps(prepare: Callable[..., Any], words: tuple[str, ...]) -> None:
    prepared = prepare(*PLAIN, CONV, "compress.quantize=int8", *words)
    rows = prepared.run()
    assert rows[-1]["loss"] < rows[0]["loss"]
    # Layers are as they were: nothing of the rounding is left.
    for layer in prepared.built.model.layers:
        assert "call" not in vars(layer)


def test_until_rounding_begins_it_is_the_same_run(prepare: Callable[..., Any]) -> None:
    """Ranges are looked at meanwhile; steps are those of a run without it, to the last digit."""
    words = (*PLAIN, CONV, "training.epochs=3", "training.deterministic=true")
    plain = prepare(*words).run()
    late = prepare(*words, "compress.quantize={from: epoch 3}")
    quantization = late.loop.training.compression.quantization
    rows = late.run()
    for name in ("loss", "val_loss"):
        assert [row[name] for row in rows[:2]] == [row[name] for row in plain[:2]]
    assert rows[2]["loss"] != plain[2]["loss"]
    assert rows[2]["loss"] == pytest.approx(plain[2]["loss"], rel=0.2)
    state = {name: np.asarray(variable) for name, variable in quantization.variables().items()}
    assert state["rounding/step"] == 3 * late.loop.training.feed.num_batches()
    np.testing.assert_allclose(state["quantize/rescaling"], [0, 1], atol=0.05)


def test_the_best_epoch_is_one_that_rounds(train: Callable[..., Any]) -> None:
    trained = train(*PLAIN, "training.epochs=4", "compress.quantize=int8")
    assert trained.record["best"]["epoch"] == 4
    assert "from: epoch 4" in trained.run.config.read_text()
    assert "rounded to int8 in training from epoch 4 on" in trained.run.log.read_text()


def test_ranges_of_frozen_kernels_are_not_kept(train: Callable[..., Any]) -> None:
    """These could not learn to bear the rounding, and calibration makes up for it by their biases."""
    model = (
        "model=[{Conv2D: {filters: 2, kernel_size: 3, trainable: false}}, Flatten, "
        "{Dense: {units: num_classes, activation: softmax}}]"
    )
    trained = train(*PLAIN, model, "compress.quantize=int8")
    assert not trained.run.quantization.exists()
    assert "quantize: frozen kernels (1) can learn nothing of rounding" in trained.run.log.read_text()


def test_the_export_needs_no_calibration(train: Callable[..., Any]) -> None:
    from ai_edge_litert.interpreter import Interpreter

    from bigmodel_cli.exporting.comparison import parse_losses
    from bigmodel_cli.exporting.export import Request, export_run
    from bigmodel_cli.exporting.wanted import wanted_of
    from bigmodel_cli.inference.opened import open_folder
    from bigmodel_cli.listener import Silent

    trained = train(*PLAIN, CONV, "compress.quantize=int8", "training.epochs=4")
    ranges = json.loads(trained.run.quantization.read_text())
    assert set(ranges) == {"rescaling", "re_lu", "dense", "dense_1"}
    request = Request(wanted_of(["litert"], ["int8"]), max_loss=parse_losses(["accuracy=0.2"]))
    (found,) = export_run(open_folder(trained.run), request, Silent())
    assert found.path is not None, found.reason
    assert json.loads((found.path / "model.json").read_text())["calibration"] is None
    tensors = Interpreter(str(found.path / "model.tflite")).get_tensor_details()
    assert all(
        tensor["dtype"] is not np.float32
        for tensor in tensors
        if len(tensor["shape"]) == 4 and tensor["shape"][-1] == 4
    )
    # Every kernel is in 8 bits, and the ranges are those of training.
    kernels = [tensor for tensor in tensors if len(tensor["quantization_parameters"]["scales"]) > 1]
    assert {tensor["dtype"] for tensor in kernels} == {np.int8, np.int32}
    scales = {float(s) for t in tensors for s in t["quantization_parameters"]["scales"]}
    for name in ("re_lu", "dense", "dense_1"):
        low, high = ranges[name]
        assert any(abs(scale - (high - low) / 255) < 1e-3 * scale for scale in scales), name
