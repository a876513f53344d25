"""Keras's own files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from bigmodel_cli.exporting.custom_objects import MODULE, custom_objects, write_custom_objects
from bigmodel_cli.exporting.deployed import Deployed
from bigmodel_cli.exporting.format import Compute, Format, Named, Precision, quiet
from bigmodel_cli.exporting.tensors import on_processor
from bigmodel_cli.inference.export_error import ExportError
from bigmodel_cli.inference.loading import first_line
from bigmodel_cli.modeling.own_code import files_of


class Keras(Format):
    """A .keras file, which plain Keras loads."""

    name = "keras"
    file = "model.keras"
    runtime = "keras"
    threads_are_fixed = True
    takes_words = True
    quantized: ClassVar[Mapping[str, str]] = {
        "int8": "Dense, EinsumDense and Embedding layers in int8, by Keras"
    }

    @property
    def runtimes(self) -> tuple[str, ...]:
        return ("keras", "tensorflow")

    def write(self, deployed: Deployed, folder: Path, precision: Precision) -> None:
        path = folder / self.file
        deployed.model.save(path)
        write_custom_objects(deployed.model, folder)
        if precision.quantize is not None:
            import keras

            # Of what was loaded the other formats are made, and a file alone has all that layers have learnt.
            model = keras.models.load_model(path, compile=False)
            try:
                # It warns of each layer that it leaves as it is.
                with quiet():
                    model.quantize(precision.quantize)
            except Exception as error:
                raise ExportError(f"Keras cannot quantize it: {first_line(error)}") from error
            model.save(path)

    def open(self, folder: Path, threads: int) -> Compute:
        on_processor(threads)
        import keras
        import tensorflow as tf

        known = custom_objects(folder)
        model = keras.models.load_model(folder / self.file, custom_objects=known, compile=False)
        run = tf.function(lambda given: model(given, training=False), autograph=False, reduce_retracing=True)

        def compute(features: Named) -> Named:
            given: Any = {name: tf.constant(values) for name, values in features.items()}
            return {name: values.numpy() for name, values in run(given).items()}

        return compute

    def example_of(self, deployed: Deployed) -> str:
        if not files_of(deployed.model):
            return self.example
        loading = "compile=False)"
        text = self.example.replace(loading, f"custom_objects=CUSTOM_OBJECTS, {loading}")
        return f"from {MODULE} import CUSTOM_OBJECTS\n{text}"

    @property
    def example(self) -> str:
        return """\
import keras
import tensorflow as tf

model = keras.models.load_model(HERE / "model.keras", compile=False)


def predict(features):
    given = {name: tf.constant(values) for name, values in features.items()}
    return {name: np.asarray(values) for name, values in model(given, training=False).items()}
"""
