"""What becomes part of the saved model, and what does not."""

from __future__ import annotations

import numpy as np
import pytest

from bigmodel_cli.inference.run_data import load_splits
from bigmodel_cli.listener import Silent

pytestmark = pytest.mark.tf


def test_mixed_precision_answers_in_float32(train):
    trained = train("training.precision=mixed_bfloat16")
    model = trained.model()
    assert model.layers[-1].compute_dtype == "float32" and model.output.dtype == "float32"
    assert "bfloat16" in {layer.compute_dtype for layer in model.layers}
    assert trained.record["plan"]["precision"] == "mixed_bfloat16"
    assert np.isfinite(trained.metrics["val_loss"]).all()


def test_normalization_is_adapted_on_the_training_split_alone(train):
    # Augmentation must not be seen by it either.
    words = ["preprocessing=[{Normalization: {axis: -1}}]", "augmentation=[{GaussianNoise: {stddev: 0.9}}]"]
    trained = train(*words, "data.validation=0.3")
    splits = load_splits(trained_experiment(trained), Silent(), offline=True)
    pixels = splits.train.store.array.astype(np.float64)
    layer = next(layer for layer in trained.model().layers if layer.name.startswith("normalization"))
    np.testing.assert_allclose(np.ravel(layer.mean), pixels.mean(), rtol=1e-5)
    np.testing.assert_allclose(np.ravel(layer.variance), pixels.var(), rtol=1e-4)
    assert abs(splits.validation.store.array.mean() - pixels.mean()) > 0.1


def trained_experiment(trained):
    from bigmodel_cli.modeling.language import read_config

    return read_config(trained.run.config).experiment


def test_two_adapted_layers_learn_one_after_the_other(train):
    trained = train("preprocessing=[{Rescaling: {scale: 10}}, Normalization, Normalization]")
    first, second = (layer for layer in trained.model().layers if layer.name.startswith("normalization"))
    assert float(np.ravel(first.mean)[0]) > 100
    np.testing.assert_allclose(np.ravel(second.mean), 0, atol=1e-3)
    np.testing.assert_allclose(np.ravel(second.variance), 1, atol=1e-2)


def test_augmentation_is_no_part_of_the_model(prepare, train):
    plain = prepare().built.model
    augmented = train("training.epochs=1", "augmentation=[{RandomFlip: {mode: horizontal}}]").model()
    assert [type(layer).__name__ for layer in augmented.layers] == [
        type(layer).__name__ for layer in plain.layers
    ]
    features = np.arange(72, dtype=np.uint8).reshape(2, 6, 6, 1)
    assert not np.allclose(augmented(features), augmented(features[:, :, ::-1]))
