"""`train --overfit N`: does a model learn a few examples by heart, and what does it mean if not?"""

from __future__ import annotations

import tempfile

import numpy as np
import pytest

from bigmodel_cli.sources.base import Examples
from bigmodel_cli.sources.stores import ArrayStore
from bigmodel_cli.training.overfit import _contradictions, _scores, _works_against


def examples(inputs, labels):
    return Examples.of(ArrayStore(np.asarray(inputs, np.float32), "x"), np.asarray(labels))


def test_inputs_that_contradict_themselves_are_counted():
    (found,) = _contradictions(examples([[1], [1], [2], [3], [3], [4], [4]], [0, 1, 0, 1, 0, 1, 1]))
    assert found.finding == "2 of the inputs are there more than once, with different targets."
    (found,) = _contradictions(examples([[1], [1]], [0, 0]))
    assert found.finding == "All inputs are the same."
    assert not list(_contradictions(examples([[1], [2]], [0, 1])))


def test_what_works_against_it_is_named():
    model = [
        {"Dense": {"units": 9, "kernel_regularizer": {"L2": {"l2": 0.1}}}},
        "Dropout",
        {"repeat": {"times": 2, "layers": [{"SpatialDropout2D": {"rate": 0.2}}]}},
        {"Dense": {"units": 2, "kernel_regularizer": None}},
    ]
    parts = [model, {"CategoricalCrossentropy": {"label_smoothing": 0.1}}, {"AdamW": {"weight_decay": 0.0}}]
    assert list(_works_against(parts)) == [
        "Dense.kernel_regularizer", "Dropout", "SpatialDropout2D", "CategoricalCrossentropy.label_smoothing"
    ]  # fmt: skip


def test_each_target_has_a_number_that_is_1_where_all_is_known():
    document = {"metrics": {"loss": 2, "mean_absolute_error": 9, "r2": 0.5}}
    assert dict(_scores(document)) == {"r2": 0.5}


@pytest.mark.tf
def test_a_model_that_learns(bigmodel, tiny, tmp_path, monkeypatch):
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    words = ["expect.test_accuracy='> 1'", "augmentation=[{GaussianNoise: {stddev: 1.0}}]"]
    ended = bigmodel("train", tiny, "--overfit", "12", *words, "--json")
    assert ended.code == 0, ended.err
    assert ended.json["learned"] is True and ended.json["meanings"] == []
    assert ended.json["examples"] == 12 and ended.json["scores"] == {"accuracy": 1.0}
    assert ended.json["steps"] < 2000
    assert not list(folder.iterdir()) and not list(tmp_path.rglob("run.json"))


@pytest.mark.tf
def test_a_model_that_does_not(bigmodel, tiny, monkeypatch):
    monkeypatch.setattr("bigmodel_cli.training.overfit._MOST_STEPS", 200)
    slow = "optimizer={SGD: {learning_rate: 1e-7}}"
    ended = bigmodel("train", tiny, "--overfit", "12", slow, "model.1.Dense.kernel_regularizer=l2")
    assert ended.code == 4
    assert ended.out.startswith("the model does not learn 12 examples by heart: accuracy 0.")
    assert "SGD's learning rate of 1e-07 is far too small" in ended.out
    assert "The config works against learning by heart: Dense.kernel_regularizer." in ended.out
    assert "error: the model does not learn 12 examples by heart: accuracy 0." in ended.err
    assert "after 200 steps" in ended.err


@pytest.mark.tf
def test_more_examples_than_there_are(bigmodel, tiny):
    ended = bigmodel("train", tiny, "--overfit", "500")
    assert (ended.code, ended.out) == (2, "")
    assert "error: --overfit 500: there are 96 training examples" in ended.err
