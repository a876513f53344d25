"""ONNX, which onnxruntime and many others run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from bigmodel_cli.exporting.deployed import Deployed
from bigmodel_cli.exporting.format import Compute, Format, Named, Precision, quiet
from bigmodel_cli.inference.export_error import ExportError
from bigmodel_cli.inference.loading import first_line
from bigmodel_cli.modeling.cut import leaves


class Onnx(Format):
    """An .onnx file."""

    name = "onnx"
    file = "model.onnx"
    runtime = "onnxruntime"
    packages = ("onnx", "tf2onnx")
    extra = "onnx"
    quantized: ClassVar[Mapping[str, str]] = {
        "dynamic": "weights in int8, a quarter of the size; activations as they come",
        "int8": "weights and activations in int8, by ranges found on training examples",
    }
    calibrated = frozenset({"int8"})

    def write(self, deployed: Deployed, folder: Path, precision: Precision) -> None:
        path = folder / self.file
        floats = path if precision.quantize is None else folder / "floats.onnx"
        _export(deployed, floats)
        if precision.quantize is None:
            return
        try:
            _quantize(floats, path, precision)
        finally:
            floats.unlink()

    def open(self, folder: Path, threads: int) -> Compute:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(
            str(folder / self.file), options, providers=["CPUExecutionProvider"]
        )
        names = [output.name for output in session.get_outputs()]

        def compute(features: Named) -> Named:
            return dict(zip(names, session.run(names, dict(features)), strict=True))

        return compute

    @property
    def example(self) -> str:
        return """\
import onnxruntime

model = onnxruntime.InferenceSession(str(HERE / "model.onnx"), providers=["CPUExecutionProvider"])


def predict(features):
    names = [output.name for output in model.get_outputs()]
    return dict(zip(names, model.run(names, features), strict=True))
"""


def _export(deployed: Deployed, path: Path) -> None:
    import keras

    model = deployed.model
    signature = {
        port.name: keras.InputSpec(shape=(deployed.batch_size, *port.shape), dtype=port.dtype)
        for port in deployed.inputs
    }
    for port in deployed.inputs:
        signature[port.name].name = port.name
    _hold_numbers(model)
    with quiet():
        # Keras exports what was called once.
        model(
            {port.name: np.zeros((1, *(n or 1 for n in port.shape)), port.dtype) for port in deployed.inputs}
        )
        try:
            model.export(str(path), format="onnx", verbose=False, input_signature=[signature])
        except Exception as error:
            raise ExportError(f"ONNX cannot express this model: {first_line(error)}") from error


def _hold_numbers(model: Any) -> None:
    """Let layers have as arrays what they hold as tensors and not as weights, as Normalization does.

    Of a tensor the conversion would make one more input.
    """
    import tensorflow as tf

    for layer in leaves(model):
        for name, value in list(vars(layer).items()):
            if isinstance(value, tf.Tensor):
                setattr(layer, name, value.numpy())


def _quantize(floats: Path, path: Path, precision: Precision) -> None:
    from onnxruntime import quantization

    prepared = floats.with_name("prepared.onnx")
    with quiet():
        try:
            if precision.calibration is None:
                quantization.quantize_dynamic(floats, path)
                return
            # Shapes by symbols need a package of their own, and change nothing here.
            quantization.shape_inference.quant_pre_process(floats, prepared, skip_symbolic_shape=True)
            quantization.quantize_static(prepared, path, _Reader(precision.calibration()))
        except Exception as error:
            raise ExportError(f"onnxruntime cannot quantize it: {first_line(error)}") from error
        finally:
            prepared.unlink(missing_ok=True)


class _Reader:
    """Examples one after the other, as onnxruntime asks for them."""

    def __init__(self, examples: Iterator[Named]) -> None:
        self._examples = examples

    def get_next(self) -> Named | None:
        return next(self._examples, None)
