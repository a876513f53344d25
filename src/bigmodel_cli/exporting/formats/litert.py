"""LiteRT: phones, browsers, microcontrollers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from bigmodel_cli.exporting.deployed import Deployed
from bigmodel_cli.exporting.format import Compute, Format, Named, Precision, quiet
from bigmodel_cli.inference.export_error import ExportError

_SIGNATURE = "serving_default"
# What the converter says of recurrent layers.
_LIST = "TensorListReserve"
_CONVERSION = b"CONVERSION_METADATA"


class LiteRT(Format):
    """A .tflite file."""

    name = "litert"
    file = "model.tflite"
    runtime = "ai_edge_litert"
    quantized: ClassVar[Mapping[str, str]] = {
        "float16": "weights in float16, half the size",
        "dynamic": "weights in int8, a quarter of the size; activations as they come",
        "int8": "weights and activations in int8, by ranges found on training examples",
        "int4": "weights in int4, an eighth of the size, by ai-edge-quantizer",
    }
    quantizers: ClassVar[Mapping[str, tuple[str, str]]] = {"int4": ("ai_edge_quantizer", "compress")}
    calibrated = frozenset({"int8"})
    takes_ranges = True

    def write(self, deployed: Deployed, folder: Path, precision: Precision) -> None:
        from bigmodel_cli.inference.export import export, named_converter

        path = folder / self.file
        try:
            with quiet(), _rounding(deployed, precision), _moved_biases(deployed, precision):
                export(
                    deployed.model,
                    path,
                    lambda model: _ask(named_converter(model, deployed.batch_size), precision),
                )
        except ExportError as error:
            raise _with_a_way(error, deployed) from error
        if precision.quantize == "int8":
            path.write_bytes(_trimmed(path.read_bytes()))
        if precision.quantize == "int4":
            path.write_bytes(_int4(path.read_bytes()))

    def open(self, folder: Path, threads: int) -> Compute:
        from ai_edge_litert.interpreter import Interpreter

        interpreter = Interpreter(str(folder / self.file), num_threads=threads)
        runner = interpreter.get_signature_runner(_SIGNATURE)

        def compute(features: Named) -> Named:
            found: Named = runner(**features)
            return found

        return compute

    @property
    def example(self) -> str:
        return """\
from ai_edge_litert.interpreter import Interpreter

model = Interpreter(str(HERE / "model.tflite")).get_signature_runner("serving_default")


def predict(features):
    return model(**features)
"""


@contextmanager
def _rounding(deployed: Deployed, precision: Precision) -> Iterator[None]:
    """Let the converter see the ranges that the model was trained with."""
    if precision.ranges is None:
        yield
        return
    from bigmodel_cli.compressing.fake_quantization import FakeQuantization

    with FakeQuantization(deployed.model, precision.ranges).traced():
        yield


@contextmanager
def _moved_biases(deployed: Deployed, precision: Precision) -> Iterator[None]:
    """Let biases make up for rounded kernels, of which the model's training has not known."""
    if precision.quantize != "int8" or precision.calibration is None:
        yield
        return
    from bigmodel_cli.exporting.bias_correction import corrected

    with corrected(deployed.model, precision.calibration):
        yield


def _trimmed(content: bytes) -> bytes:
    """The same model without what no runtime needs: names of tensors, how it was converted, and ranges that
    scales follow from.

    The names of inputs and outputs are those of the signature.
    """
    import flatbuffers  # type: ignore[import-untyped]
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            tensor.name = None
            if tensor.quantization is not None:
                tensor.quantization.min = tensor.quantization.max = None
    for told in model.metadata or ():
        if told.name == _CONVERSION:
            model.buffers[told.buffer].data = None
    model.metadata = [told for told in model.metadata or () if told.name != _CONVERSION]
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _ask(converter: Any, precision: Precision) -> Any:
    """The converter, told which numbers are wanted."""
    import tensorflow as tf

    if precision.quantize in (None, "int4"):
        return converter
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision.quantize == "float16":
        converter.target_spec.supported_types = [tf.float16]
    elif precision.calibration is not None:
        examples = precision.calibration

        def representative() -> Iterator[dict[str, Any]]:
            for features in examples():
                yield dict(features)

        converter.representative_dataset = representative
    return converter


def _with_a_way(error: ExportError, deployed: Deployed) -> ExportError:
    """Why there is no file, with what works instead."""
    if _LIST in str(error.__cause__) and deployed.batch_size is None:
        return ExportError(
            "LiteRT has no recurrent layers for any number of examples at once",
            hint="--batch-size 1 makes a file for one at a time; --format onnx takes any number",
        )
    return ExportError(error.message, hint="--format onnx may express it")


def _int4(content: bytes) -> bytes:
    """The same model with weights of 4 bits, by ai-edge-quantizer, which takes a file of floats."""
    with quiet():
        from ai_edge_quantizer import quantizer, recipe

        found = quantizer.Quantizer(content, recipe.dynamic_wi4_afp32()).quantize().quantized_model
    if found is None:
        raise ExportError("ai-edge-quantizer finds nothing in it to quantize")
    return bytes(found)
