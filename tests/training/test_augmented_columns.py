"""`augmentation` by column or kind: in training alone, behind what is prepared and before the network."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bigmodel_cli.cli.main import run
from bigmodel_cli.config.problems import ConfigError
from bigmodel_cli.listener import Silent
from bigmodel_cli.metrics_file import read_metrics
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.run_folder import RunFolder

pytestmark = [pytest.mark.slow, pytest.mark.tf]

CONFIG = """\
seed: 4
data: {source: digit_sums, test: 0.2, batch_size: 64}
preprocessing:
  image: [{Rescaling: {scale: 1/255}}]
  number: [Normalization]
model:
  - Flatten: {inputs: [digit]}
  - Dense: {name: seen, units: 8, activation: relu}
  - Concatenate: {inputs: [seen, numbers]}
  - Dense: {units: 8, activation: relu, kernel_regularizer: {L2: {l2: 0.001}}}
  - Dense: {units: 1}
loss: MeanSquaredError
optimizer: {Adam: {learning_rate: 0.01}}
metrics: [mae]
training: {epochs: 2, device: cpu, deterministic: true, precision: float32}
"""
BY_COLUMN = (
    "augmentation={digit: [RandomFlip, {RandomRotation: {factor: 0.1}}], "
    "number: [{GaussianNoise: {stddev: 0.2}}]}"
)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "c.yaml").write_text(CONFIG, "utf-8")
    return tmp_path


def train(folder, *overrides):
    before = set((folder / "runs").glob("*/*"))
    code = run(["train", str(folder / "c.yaml"), "--runs-dir", str(folder / "runs"), "--plain", *overrides])
    assert code == 0
    (found,) = set((folder / "runs").glob("*/*")) - before
    return RunFolder(found)


def prepared(folder, *overrides):
    from bigmodel_cli.inference.run_data import load_splits
    from bigmodel_cli.training.known_data import fit_to_data
    from bigmodel_cli.training.prepared import prepare

    config = read_config(folder / "c.yaml", list(overrides))
    splits = load_splits(config.experiment, Silent(), offline=True)
    return prepare(fit_to_data(config, splits, lambda _: None), splits, Silent())


def names(model):
    return [type(layer).__name__ for layer in model.layers]


@pytest.mark.parametrize("cache", ["memory", "none"])
def test_it_is_in_training_and_in_nothing_else(folder, cache):
    import keras

    made = prepared(folder, BY_COLUMN, f"data.cache={cache}")
    random = {"RandomFlip", "RandomRotation", "GaussianNoise"}
    assert not random & set(names(made.built.model))
    assert random < set(names(made.training.built.network))
    steps = made.training
    # What is kept is what nothing draws for; what augments stands before what XLA may compile.
    if cache == "memory":
        assert not random & set(names(made.fed.halves.front)) and "Normalization" in names(
            made.fed.halves.front
        )
        assert not random & set(names(made.fed.halves.back))
    assert random < set(names(steps._parts.front)) and not random & set(names(steps._parts.back))
    made.fill(Silent())
    feed = made.feeds["train"]
    features, _ = feed.batch(feed.chunk(feed.rows(np.arange(256), 0, 1)), 0)
    first, second = (
        {name: value.numpy() for name, value in steps._parts.front(features, training=True).items()}
        for _ in range(2)
    )
    plain = {name: value.numpy() for name, value in steps._parts.front(features, training=False).items()}
    # Of both columns, and drawn anew each time.
    assert len(plain) == 2
    for name, values in plain.items():
        assert first[name].shape == values.shape
        assert not np.allclose(first[name], values) and not np.allclose(first[name], second[name])
    noise = next(first[name] - values for name, values in plain.items() if values.ndim == 2)
    assert noise.std() == pytest.approx(0.2, rel=0.3)
    assert isinstance(made.built.model, keras.Model)
    seeds = [name for name in steps.variables() if name.startswith("augmentation/")]
    assert len(seeds) == 3
    made.close()


def test_epochs_are_the_same_whether_preprocessing_is_kept(folder):
    kept, anew = (
        read_metrics(train(folder, BY_COLUMN, f"data.cache={cache}").metrics) for cache in ("memory", "none")
    )
    np.testing.assert_allclose(kept["loss"], anew["loss"], rtol=1e-4)
    np.testing.assert_allclose(kept["val_loss"], anew["val_loss"], rtol=1e-4)
    assert not np.allclose(kept["loss"], read_metrics(train(folder).metrics)["loss"], rtol=1e-3)


def test_a_run_goes_on_where_it_stopped_and_is_evaluated_without(folder):
    whole = train(folder, BY_COLUMN)
    begun = train(folder, BY_COLUMN, "training.epochs=1")
    assert run(["train", "--resume", str(begun.path), "--plain", "training.epochs=2"]) == 0
    for name, values in read_metrics(whole.metrics).items():
        if name.endswith(("loss", "mae")):
            assert values == read_metrics(begun.metrics)[name], name
    # The saved model measures the validation split as training did.
    assert run(["evaluate", str(whole.path), "--split", "validation", "--plain"]) == 0
    document = json.loads(whole.evaluation("validation").read_text("utf-8"))
    best = json.loads(whole.record.read_text("utf-8"))["best"]["epoch"]
    rows = read_metrics(whole.metrics)
    place = list(rows["epoch"]).index(best)
    assert document["metrics"]["loss"] == pytest.approx(rows["val_loss"][place], rel=1e-4)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("[RandomFlip]", "augmentation is a list, and the data has 2 columns"),
        ("{digits: [RandomFlip]}", "augmentation.digits: no column and no kind is called 'digits'"),
        ("{sum: [GaussianNoise: {stddev: 1}]}", "sum is a target; augmentation is of what the model gets"),
        (
            "{digit: [MixUp]}",
            "augmentation.digit.0: MixUp mixes two images and their labels, and these are rows",
        ),
        ("[CutMix]", "augmentation.0: CutMix mixes two images and their labels, and these are rows"),
        ("{number: [Normalization]}", "Normalization learns from data; augmentation is for training only"),
        (
            "{digit: [{Resizing: {height: 4, width: 4}}]}",
            "augmentation.digit.0.Resizing: Resizing changes the shape",
        ),
        ("{number: [{RepeatVector: {n: 3}}]}", "augmentation keeps the shape"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_its_place(folder, written, said):
    with pytest.raises(ConfigError) as caught:
        prepared(folder, f"augmentation={written}")
    assert said in caught.value.message
    assert "1 problem" in caught.value.message or "problems" not in caught.value.message


def test_a_table_of_one_image_column_names_it_too(tmp_path):
    """One column that stands alone is prepared and augmented by its name or kind like those of rows."""
    from PIL import Image

    random = np.random.default_rng(0)
    lines = []
    for number in range(24):
        Image.fromarray(random.integers(0, 256, (8, 8, 3), np.uint8)).save(tmp_path / f"{number}.png")
        lines.append(f"{number}.png,{'ab'[number % 2]},{1 + number % 3}\n")
    (tmp_path / "t.csv").write_text("photo,label,w\n" + "".join(lines))
    (tmp_path / "c.yaml").write_text(
        """\
data:
  source: {table: {path: t.csv, target: label, sample_weight: w, columns: {photo: {image: {image_size: 8}}}}}
  batch_size: 8
preprocessing: {photo: [{Rescaling: {scale: 1/255}}]}
augmentation: {image: [RandomFlip, MixUp]}
model: [Flatten, {Dense: {units: num_classes, activation: softmax}}]
loss: CategoricalCrossentropy
optimizer: Adam
training: {epochs: 1, device: cpu}
""",
        "utf-8",
    )
    made = prepared(tmp_path)
    assert "Rescaling" in names(made.built.model) and "Rescaling" in names(made.built.preprocess)
    assert [type(item.layer).__name__ for item in made.built.augmentation] == ["RandomFlip", "MixUp"]
    feed = made.feeds["train"]
    steps, loss = made.training.run(feed.chunk(feed.rows(np.arange(16), 0, 2)))
    assert steps == 2 and np.isfinite(loss)
    made.close()


@pytest.mark.parametrize("mixing", [["MixUp"], ["CutMix"], ["MixUp", "CutMix"]])
def test_what_examples_count_is_mixed_as_their_labels_are(mixing):
    import keras
    import tensorflow as tf

    from bigmodel_cli.modeling.augmentation import Augmentation, augment
    from bigmodel_cli.tasks.bound import Targets

    # Each example is a class of its own, so that its mixed label says which examples are in it.
    counts = np.array([0, 1, 4, 0.5, 2.5, 1], np.float32)
    targets = {"label": Targets(lambda labels, _: tf.one_hot(labels, 6), tf.range(6))}
    layers = [Augmentation(getattr(keras.layers, name)(seed=7), mixes_labels=True) for name in mixing]
    images = tf.random.stateless_uniform((6, 8, 8, 1), [1, 2])
    _, found, mixed = augment(layers, images, targets, {"label": tf.constant(counts)})
    shares = found["label"].encoded("one_hot").numpy()
    assert shares.shape == (6, 6) and ((shares > 0.01).sum(axis=1) > 1).any()
    np.testing.assert_allclose(mixed["label"].numpy(), shares @ counts, rtol=1e-5, atol=1e-6)
    _, plain, nothing = augment(layers, images, targets)
    assert nothing == {} and plain["label"].encoded("one_hot").shape == (6, 6)
