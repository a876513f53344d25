"""LiteRT: phones, browsers, microcontrollers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from bigmodel_cli.exporting.deployed import Deployed
from bigmodel_cli.exporting.format import Compute, ExportError, Format, Named, Precision, quiet
from bigmodel_cli.inference.loading import first_line

_SIGNATURE = "serving_default"
# How the converter names an operation that it cannot translate.
_OPERATION = re.compile(r"'(tf\.\w+)' op")
_LIST = "TensorListReserve"


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

    def write(self, deployed: Deployed, folder: Path, precision: Precision) -> None:
        content = _converted(deployed, precision)
        if precision.quantize == "int4":
            content = _int4(content)
        (folder / self.file).write_bytes(content)

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


def _converted(deployed: Deployed, precision: Precision) -> bytes:
    import tensorflow as tf

    model = deployed.model
    specs = {
        port.name: tf.TensorSpec((deployed.batch_size, *port.shape), port.dtype, name=port.name)
        for port in deployed.inputs
    }
    holder = tf.Module()
    # Weights that nothing is seen to hold would be empty.
    holder.held = [variable.value for variable in model.variables]
    holder.run = tf.function(lambda given: model(given, training=False), autograph=False)
    with quiet():
        concrete = holder.run.get_concrete_function(specs)
        converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], holder)
        _ask(converter, deployed, precision)
        try:
            return bytes(converter.convert())
        except Exception as error:
            raise _reason(error, deployed) from error


def _ask(converter: Any, deployed: Deployed, precision: Precision) -> None:
    """Tell the converter which numbers are wanted."""
    import tensorflow as tf

    if precision.quantize in (None, "int4"):
        return
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision.quantize == "float16":
        converter.target_spec.supported_types = [tf.float16]
    elif precision.quantize == "int8":
        assert precision.calibration is not None
        examples = precision.calibration

        def representative() -> Iterator[dict[str, Any]]:
            for features in examples():
                yield dict(features)

        converter.representative_dataset = representative


def _reason(error: Exception, deployed: Deployed) -> ExportError:
    message = str(error)
    if _LIST in message and deployed.batch_size is None:
        return ExportError(
            "LiteRT has no recurrent layers for any number of examples at once",
            hint="--batch-size 1 makes a file for one at a time; --format onnx takes any number",
        )
    lacking = sorted(set(_OPERATION.findall(message)))
    if lacking:
        return ExportError(f"LiteRT lacks {', '.join(lacking)}", hint="--format onnx may have them")
    return ExportError(f"LiteRT's converter refuses it: {first_line(error)}")


def _int4(content: bytes) -> bytes:
    """The same model with weights of 4 bits, by ai-edge-quantizer, which takes a file of floats."""
    with quiet():
        from ai_edge_quantizer import quantizer, recipe

        found = quantizer.Quantizer(content, recipe.dynamic_wi4_afp32()).quantize().quantized_model
    if found is None:
        raise ExportError("ai-edge-quantizer finds nothing in it to quantize")
    return bytes(found)
