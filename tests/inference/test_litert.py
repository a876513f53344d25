"""Engines: LiteRT answers as Keras does; which of them answers, and why."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from doc_code import function_of

from bigmodel_cli.errors import DataError, UsageError
from bigmodel_cli.inference.engines import open_engine
from bigmodel_cli.inference.litert import LiteRTEngine
from bigmodel_cli.run_folder import update_record
from bigmodel_cli.whole_files import sha256_of

pytestmark = pytest.mark.tf

FEATURES = np.random.default_rng(1).standard_normal((300, 4)).astype(np.float32)


@pytest.mark.parametrize("count", [1, 2, 64, 300])
def test_both_engines_agree(classes, count):
    litert, keras = (open_engine(classes.run, wanted, warn=print) for wanted in ("auto", "keras"))
    assert (litert.name, keras.name) == ("litert", "keras")
    found, expected = litert.engine.predict(FEATURES[:count]), keras.engine.predict(FEATURES[:count])
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


def test_a_swapped_model_is_noticed_and_keras_answers(copied, numbers):
    copied.litert_model.write_bytes(numbers.run.litert_model.read_bytes())
    warnings = []
    chosen = open_engine(copied, "auto", warn=warnings.append)
    assert chosen.name == "keras" and chosen.engine.predict(FEATURES).shape == (len(FEATURES), 3)
    damaged = f"{copied.litert_model}: damaged or changed: its sha256 is not the one in run.json"
    assert warnings == [f"{damaged}; predicting with Keras instead"]
    assert chosen.reason == f"since {damaged}"
    with pytest.raises(DataError, match=r"model\.tflite: damaged or changed") as caught:
        open_engine(copied, "litert", warn=warnings.append)
    assert caught.value.hint == "use --engine keras"


def test_a_missing_model_is_noticed_and_keras_answers(copied):
    copied.litert_model.unlink()
    warnings = []
    assert open_engine(copied, "auto", warn=warnings.append).name == "keras"
    assert len(warnings) == 1 and "the run has no model.tflite; predicting with Keras" in warnings[0]


def forget_the_model(run, **changes):
    """As after a training whose model LiteRT did not take."""
    run.litert_model.unlink()
    files = run.read_record()["files"]
    update_record(run, {"files": {name: files[name] for name in files if name != "model.tflite"}, **changes})


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"litert": {"reason": "it has wings"}}, "the run has no LiteRT model: it has wings"),
        # A run from before the record had it.
        ({"litert": None}, "the run has no LiteRT model"),
        ({"status": "interrupted"}, "the run has no LiteRT model before its training is complete"),
    ],
)
def test_why_keras_answers(copied, changes, says):
    forget_the_model(copied, **changes)
    chosen = open_engine(copied, "auto", warn=pytest.fail)
    assert (chosen.name, chosen.reason) == ("keras", f"since {says}")
    with pytest.raises(UsageError) as caught:
        open_engine(copied, "litert", warn=pytest.fail)
    assert caught.value.message == f"{copied.title}: {says}"
    assert open_engine(copied, "keras", warn=pytest.fail).reason == "as --engine keras asks"


def test_why_keras_answers_where_litert_cannot_be_loaded(copied, monkeypatch):
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    chosen = open_engine(copied, "auto", warn=pytest.fail)
    assert chosen.name == "keras" and chosen.reason.startswith("since LiteRT cannot be loaded: ")
    with pytest.raises(UsageError, match="LiteRT cannot be loaded: ") as caught:
        open_engine(copied, "litert", warn=pytest.fail)
    assert caught.value.hint == "pip install ai-edge-litert"


def test_why_litert_answers(copied, numbers):
    reason = open_engine(numbers.run, "auto", warn=pytest.fail).reason
    difference = numbers.run.read_record()["litert"]["max_difference"]
    assert reason == (
        "since the run has its model: the same numbers as Keras on 15 real examples, "
        f"with a largest difference of {difference:.2g}"
    )
    update_record(copied, {"litert": None})
    assert open_engine(copied, "litert", warn=pytest.fail).reason == (
        "since the run has its model; how that compared with Keras's is not recorded"
    )


def test_the_docs_say_how_to_use_the_file(classes):
    expected = open_engine(classes.run, "keras", warn=print).engine.predict(FEATURES[:7])
    found = function_of("run-folder.md", "predict")(str(classes.run.litert_model), FEATURES[:7])
    np.testing.assert_allclose(found, expected, atol=1e-5)
