"""The LiteRT engine: it answers as Keras does, and an export that does not is not kept."""

from __future__ import annotations

import numpy as np
import pytest

from bigmodel_cli.errors import DataError
from bigmodel_cli.inference.engines import open_engine
from bigmodel_cli.inference.litert import ExportError, LiteRTEngine, check_parity, export
from bigmodel_cli.listener import Silent
from bigmodel_cli.whole_files import sha256_of

pytestmark = pytest.mark.tf

FEATURES = np.random.default_rng(1).standard_normal((300, 4)).astype(np.float32)


@pytest.mark.parametrize("count", [1, 2, 64, 300])
def test_both_engines_agree(classes, count):
    (name, litert), (_, keras) = (
        open_engine(classes.run, wanted, warn=print) for wanted in ("auto", "keras")
    )
    assert name == "litert"
    found, expected = litert.predict(FEATURES[:count]), keras.predict(FEATURES[:count])
    assert found.shape == expected.shape == (count, 3) and found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_batches_of_changing_size(classes):
    engine = LiteRTEngine(classes.run.litert_model)
    whole = engine.predict(FEATURES)
    for start, stop in [(0, 1), (1, 65), (65, 129), (129, 130)]:
        np.testing.assert_allclose(engine.predict(FEATURES[start:stop]), whole[start:stop], atol=1e-6)


def test_the_record_has_its_hash(classes):
    listed = classes.run.read_record()["files"]["model.tflite"]
    path = classes.run.litert_model
    assert listed == {"bytes": path.stat().st_size, "sha256": sha256_of(path)}


def test_an_export_of_another_model_is_found_out(classes, numbers):
    from bigmodel_cli.inference.loading import load_checkpoint

    model = load_checkpoint(classes.run, "best")
    assert check_parity(model, classes.run.litert_model, FEATURES) < 1e-5
    for layer in model.layers:
        layer.set_weights([weights + 0.5 for weights in layer.get_weights()])
    with pytest.raises(ExportError, match="the LiteRT model answers differently: by up to 0"):
        check_parity(model, classes.run.litert_model, FEATURES)


def test_a_model_that_litert_cannot_express_has_no_export(tmp_path):
    import keras
    import tensorflow as tf

    class Words(keras.layers.Layer):
        def call(self, inputs):
            return tf.strings.length(tf.strings.as_string(inputs))

    inputs = keras.Input((3,))
    with pytest.raises(ExportError, match="LiteRT cannot express this model: "):
        export(keras.Model(inputs, Words()(inputs)), tmp_path / "m.tflite")
    assert not list(tmp_path.iterdir())


def test_export_run_says_why_there_is_none(tmp_path, classes):
    from bigmodel_cli.inference import export as exporting
    from bigmodel_cli.inference.evaluate import load_splits
    from bigmodel_cli.inference.loading import load_checkpoint
    from bigmodel_cli.modeling.language import read_config
    from bigmodel_cli.run_folder import RunFolder

    said = []
    listener = Silent()
    listener.say = said.append
    examples = load_splits(read_config(classes.run.config).experiment, listener, offline=True).train
    model = load_checkpoint(classes.run, "best")
    model.count_params = lambda: exporting.MAX_PARAMETERS + 1
    exporting.export_run(RunFolder(tmp_path), model, examples, listener)
    assert said == ["no LiteRT model: it is for models of at most 100,000,000 parameters"]
    assert not list(tmp_path.iterdir())


def test_a_swapped_model_is_noticed_and_keras_answers(copied, numbers):
    copied.litert_model.write_bytes(numbers.run.litert_model.read_bytes())
    warnings = []
    name, engine = open_engine(copied, "auto", warn=warnings.append)
    assert name == "keras" and engine.predict(FEATURES).shape == (len(FEATURES), 3)
    damaged = f"{copied.litert_model}: damaged or changed: its sha256 is not the one in run.json"
    assert warnings == [f"{damaged}; predicting with Keras instead"]
    with pytest.raises(DataError, match=r"model\.tflite: damaged or changed") as caught:
        open_engine(copied, "litert", warn=warnings.append)
    assert caught.value.hint == "use --engine keras"


def test_a_missing_model_is_noticed_and_keras_answers(copied):
    copied.litert_model.unlink()
    warnings = []
    assert open_engine(copied, "auto", warn=warnings.append)[0] == "keras"
    assert len(warnings) == 1 and "the run has no model.tflite; predicting with Keras" in warnings[0]
