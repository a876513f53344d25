"""TensorFlow's SavedModel, in the layout that TensorFlow Serving reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bigmodel_cli.exporting.deployed import Deployed
from bigmodel_cli.exporting.format import Compute, Format, Named, Precision, quiet
from bigmodel_cli.exporting.tensors import on_processor

# Of a version, as TensorFlow Serving numbers them.
_VERSION = "1"


class SavedModel(Format):
    """A folder with a graph and its variables."""

    name = "savedmodel"
    file = "model/"
    runtime = "tensorflow"
    threads_are_fixed = True
    takes_words = True

    def write(self, deployed: Deployed, folder: Path, precision: Precision) -> None:
        import keras
        import tensorflow as tf

        model = deployed.model
        specs = {
            port.name: tf.TensorSpec((deployed.batch_size, *port.shape), port.dtype, name=port.name)
            for port in deployed.inputs
        }
        archive = keras.export.ExportArchive()
        archive.track(model)
        with quiet():
            archive.add_endpoint("serve", lambda given: model(given, training=False), [specs])
            archive.write_out(str(folder / self.file / _VERSION), verbose=False)

    def open(self, folder: Path, threads: int) -> Compute:
        on_processor(threads)
        import tensorflow as tf

        loaded = tf.saved_model.load(str(folder / self.file / _VERSION))
        run = loaded.signatures["serving_default"]

        def compute(features: Named) -> Named:
            given: Any = {name: tf.constant(values) for name, values in features.items()}
            return {name: values.numpy() for name, values in run(**given).items()}

        # Its variables are gone with it.
        compute.loaded = loaded  # type: ignore[attr-defined]
        return compute

    @property
    def example(self) -> str:
        return """\
import tensorflow as tf

model = tf.saved_model.load(str(HERE / "model/1"))


def predict(features):
    given = {name: tf.constant(values) for name, values in features.items()}
    return {name: values.numpy() for name, values in model.signatures["serving_default"](**given).items()}
"""
