"""`data.class_weights` and `data.oversample`: against Keras's own class_weight, and across a break."""

from __future__ import annotations

import signal

import numpy as np
import pytest

from bigmodel_cli.errors import ConfigError, UsageError
from bigmodel_cli.metrics_file import TIME_COLUMNS, read_metrics
from bigmodel_cli.new_run import NewRun
from bigmodel_cli.pipeline.feed import Feed
from bigmodel_cli.signature import TARGET
from bigmodel_cli.sources.base import Examples
from bigmodel_cli.tasks.classification.target import ClassificationTarget
from bigmodel_cli.tasks.classification.task import Classification

pytestmark = pytest.mark.tf

NAMES = ("class_0", "class_1", "class_2")
# Of each class in the training part; batches of 16 leave 4 for the last one.
COUNTS = (36, 12, 4)
BALANCED = "data.class_weights=balanced"
OVERSAMPLE = "data.oversample=balanced"


def balanced(labels):
    return ClassificationTarget(Classification(NAMES)).class_weights("balanced", labels).values


@pytest.fixture
def imbalanced(npz):
    """The word of a command line for a source with few examples of two of three classes."""
    return npz(COUNTS)


@pytest.fixture
def npz(tmp_path):
    def write(counts, name="data.npz"):
        random = np.random.default_rng(0)
        arrays = {}
        for split, of_split in {"train": counts, "val": (4, 4, 4), "test": (3, 3, 3)}.items():
            labels = random.permutation(np.repeat(np.arange(3), of_split))
            noise = random.integers(0, 90, (len(labels), 6, 6, 1))
            arrays[f"x_{split}"] = (noise + labels[:, None, None, None] * 40).astype(np.uint8)
            arrays[f"y_{split}"] = labels
        np.savez(tmp_path / name, **arrays)
        names = f"class_names: [{', '.join(NAMES)}]"
        return f"data.source={{npz: {{path: {tmp_path / name}, {names}}}}}"

    return write


def fit(prepared, weights):
    """What Keras makes of the same batches with its `class_weight`, as rows like those of the loop."""
    import keras

    def arrays(examples, order):
        return examples.store.array[order], keras.utils.to_categorical(examples.labels[order], 3)

    train, validation = prepared.splits.train, prepared.splits.validation
    feed = prepared.loop.training.feed
    for epoch in range(1, prepared.experiment.training.epochs + 1):
        order = feed.epoch_order(seed=prepared.experiment.seed, epoch=epoch)
        history = prepared.built.model.fit(
            *arrays(train, order),
            batch_size=16,
            shuffle=False,
            verbose=0,
            class_weight=weights,
            validation_data=arrays(validation, np.arange(len(validation))),
            validation_batch_size=16,
        ).history
        yield {name: values[0] for name, values in history.items()}


@pytest.mark.parametrize(
    ("words", "weights"),
    [
        # By scikit-learn's formula, n / (k * count).
        ([BALANCED], {0: 52 / (3 * 36), 1: 52 / (3 * 12), 2: 52 / (3 * 4)}),
        # The mean over the examples is 2 before it is scaled to 1.
        (["data.class_weights={class_2: 14}"], {0: 0.5, 1: 0.5, 2: 7.0}),
        ([OVERSAMPLE], None),
    ],
)
def test_it_is_what_fit_does_with_class_weight(prepare, imbalanced, words, weights):
    words = [imbalanced, *words, "training.epochs=2", "metrics=[accuracy, F1Score]"]
    ours, theirs = prepare(*words), prepare(*words)
    rows, expected = ours.run(), list(fit(theirs, weights))
    for row, of_keras in zip(rows, expected, strict=True):
        f1 = np.mean(of_keras.pop("f1_score")), np.mean(of_keras.pop("val_f1_score"))
        assert {name: row[name] for name in of_keras} == pytest.approx(of_keras, rel=1e-5)
        assert (row["f1_score"], row["val_f1_score"]) == pytest.approx(f1, rel=1e-5)
    for found, wanted in zip(ours.built.model.get_weights(), theirs.built.model.get_weights(), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("loss", "units"),
    [("CategoricalCrossentropy", 3), ("SparseCategoricalCrossentropy", 3)],
)
def test_the_first_loss_by_hand(prepare, imbalanced, loss, units):
    words = [imbalanced, BALANCED, f"loss={loss}", "data.batch_size=64", "training.epochs=1"]
    prepared = prepare(*words, f"model.2.Dense.units={units}")
    train = prepared.splits.train
    probabilities = prepared.built.model(train.store.array, training=False).numpy()
    of_label = probabilities[np.arange(len(train)), train.labels]
    weights = balanced(train.labels)[train.labels]
    assert prepared.run()[0]["loss"] == pytest.approx(np.mean(-np.log(of_label) * weights), rel=1e-5)


def test_the_loss_of_two_classes_by_hand(prepare, tmp_path):
    random = np.random.default_rng(0)
    labels = np.repeat([0, 1], [30, 6])
    np.savez(tmp_path / "two.npz", x=random.integers(0, 256, (36, 6, 6, 1), np.uint8), y=labels)
    prepared = prepare(
        f"data.source={{npz: {{path: {tmp_path / 'two.npz'}, labels: classes}}}}",
        "data.validation=0",
        "data.test=0",
        "data.batch_size=36",
        "model.2.Dense={units: 1, activation: sigmoid}",
        "loss=BinaryCrossentropy",
        BALANCED,
        "training.epochs=1",
    )
    p = prepared.built.model(prepared.splits.train.store.array, training=False).numpy()[:, 0]
    losses = -np.where(labels == 1, np.log(p), np.log(1 - p)) * np.where(labels == 1, 3.0, 0.6)
    assert prepared.run()[0]["loss"] == pytest.approx(losses.mean(), rel=1e-5)


def test_xla_and_mixed_precision_weigh_alike(prepare, imbalanced):
    words = [imbalanced, BALANCED, "training.epochs=1"]
    (expected,) = prepare(*words).run()
    (compiled,) = prepare(*words, "training.jit_compile=true").run()
    assert compiled["loss"] == pytest.approx(expected["loss"], rel=1e-4)
    (mixed,) = prepare(*words, "training.precision=mixed_bfloat16").run()
    assert mixed["loss"] == pytest.approx(expected["loss"], rel=0.02)


def test_a_mixed_example_counts_by_the_parts_of_its_classes(prepare, imbalanced):
    import tensorflow as tf

    prepared = prepare(imbalanced, BALANCED, "augmentation=[MixUp]", "training.epochs=1")
    training = prepared.loop.training
    mixed = tf.constant([[0.75, 0.0, 0.25], [0.0, 1.0, 0.0]])
    targets = prepared.built.tasks.targets({"label": tf.constant([0, 1])})
    of_classes = training.settings.class_weights["label"].values
    found = targets["label"].mix(mixed).weights(of_classes).numpy()
    w = balanced(prepared.splits.train.labels)
    np.testing.assert_allclose(found, [0.75 * w[0] + 0.25 * w[2], w[1]], rtol=1e-6)
    assert np.isfinite(prepared.run()[0]["loss"])


@pytest.mark.parametrize("mixing", ["CutMix, MixUp", "MixUp, {RandomFlip: {mode: horizontal}}, CutMix"])
def test_examples_that_are_mixed_twice_count_by_their_classes(prepare, imbalanced, mixing):
    import tensorflow as tf

    from bigmodel_cli.modeling.augmentation import augment

    words = [imbalanced, f"augmentation=[{mixing}]", "training.epochs=1"]
    prepared = prepare(*words, BALANCED)
    training, train = prepared.loop.training, prepared.splits.train
    features, labels = tf.cast(train.store.array[:16], tf.float32), tf.constant(train.labels[:16])
    _, targets, _ = augment(training._augmentation, features, prepared.built.tasks.targets({"label": labels}))
    mixed = targets["label"].mixed
    np.testing.assert_allclose(mixed.numpy().sum(axis=1), 1, rtol=1e-5)
    assert ((mixed.numpy() > 0.01).sum(axis=1) > 1).any()
    w = balanced(train.labels)
    found = targets["label"].weights(training.settings.class_weights["label"].values).numpy()
    np.testing.assert_allclose(found, mixed.numpy() @ w, rtol=1e-5)
    assert np.isfinite(prepared.run()[0]["loss"])
    # Weights that are all the same weigh nothing, whatever was mixed.
    (even,) = prepare(*words, "data.class_weights={class_0: 2, class_1: 2, class_2: 2}").run()
    assert even["loss"] == pytest.approx(prepare(*words).run()[0]["loss"], rel=1e-5)


def test_validation_counts_every_example_alike(prepare, imbalanced):
    words = [imbalanced, "optimizer={SGD: {learning_rate: 1e-12}}", "training.epochs=1"]
    plain, weighted = prepare(*words).run()[0], prepare(*words, BALANCED).run()[0]
    assert weighted["val_loss"] == pytest.approx(plain["val_loss"], rel=1e-5)
    assert weighted["loss"] != pytest.approx(plain["loss"], rel=1e-3)


def test_oversampling_makes_an_epoch_longer(prepare, imbalanced):
    prepared = prepare(imbalanced, OVERSAMPLE, "training.epochs=1")
    feed = prepared.loop.training.feed
    order = feed.epoch_order(seed=0, epoch=1)
    assert np.bincount(prepared.splits.train.labels[order]).tolist() == [36, 36, 36]
    assert (feed.epoch_size, feed.num_batches()) == (108, 7)
    prepared.run()
    assert int(prepared.built.model.optimizer.iterations) == 7
    assert prepared.loop.validation.feed.num_batches() == 1


def test_a_schedule_and_show_know_the_longer_epoch(config, prepare, imbalanced):
    from bigmodel_cli.listener import Silent
    from bigmodel_cli.training.preview import preview

    words = (
        imbalanced,
        OVERSAMPLE,
        "optimizer={SGD: {learning_rate: {CosineDecay: {initial_learning_rate: 1}}}}",
    )
    shown = preview(config(*words), Silent())
    assert (shown.steps_per_epoch, shown.steps) == (7, 21)
    assert prepare(*words).built.model.optimizer._learning_rate.decay_steps == 21


def without_times(run):
    return {name: values for name, values in read_metrics(run.metrics).items() if name not in TIME_COLUMNS}


@pytest.mark.parametrize("word", [BALANCED, OVERSAMPLE])
def test_a_resume_is_exact(train, config, deterministic, imbalanced, tmp_path, monkeypatch, word):
    from bigmodel_cli.errors import Interrupted
    from bigmodel_cli.inference.loading import load_checkpoint
    from bigmodel_cli.listener import Silent
    from bigmodel_cli.run_folder import RunFolder
    from bigmodel_cli.training.train import resume
    from bigmodel_cli.training.train import train as train_config

    words = (imbalanced, word, deterministic, "training.steps_per_execution=1")
    expected = train(*words)
    stopper = Silent()

    def stop_inside_the_second_epoch(progress):
        if (progress.epoch, progress.step) == (2, 2):
            signal.raise_signal(signal.SIGTERM)

    stopper.progressed = stop_inside_the_second_epoch
    with pytest.raises(Interrupted):
        train_config(config(*words), NewRun(tmp_path / "broken", "tiny"), [stopper])
    (folder,) = (tmp_path / "broken").glob("tiny/*")
    resumed = resume(RunFolder(folder), (), [Silent()])
    assert without_times(resumed.run) == without_times(expected.run)
    found_weights = load_checkpoint(resumed.run, "last").get_weights()
    for found, wanted in zip(found_weights, expected.model("last").get_weights(), strict=True):
        np.testing.assert_array_equal(found, wanted)
    with pytest.raises(UsageError, match=rf"{word.partition('=')[0]} cannot change in the middle of a run"):
        resume(resumed.run, (f"{word.partition('=')[0]}=null", "training.epochs=9"), [Silent()])


@pytest.mark.parametrize(
    ("word", "line"),
    [
        (BALANCED, "class weights: class_0 0.481, class_1 1.44, class_2 4.33"),
        (OVERSAMPLE, "oversampling: an epoch sees 108 examples instead of 52"),
    ],
)
def test_what_training_says(config, imbalanced, word, line):
    from bigmodel_cli.inference.run_data import load_splits
    from bigmodel_cli.listener import Silent
    from bigmodel_cli.training.prepared import prepare

    told, experiment = Silent(), config(imbalanced, word).experiment
    lines = []
    told.say = lines.append
    prepare(experiment, load_splits(experiment, told, offline=True), told).close()
    assert lines.count(line) == 1


def test_what_a_run_says_of_itself_trains_again(train, imbalanced):
    text = train(imbalanced, "data.class_weights={class_2: 3, class_0: 1/2}").run.config.read_text()
    assert "class_weights" in text and "class_2: 3.0" in text and "class_0: 0.5" in text


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (
            ["data.class_weights={class_1: 2, clas_2: 3}"],
            "data.class_weights: the data has no class 'clas_2'",
            "did you mean class_2?",
        ),
        (
            ["data.class_weights={x: 1}"],
            "data.class_weights: the data has no class 'x'",
            "its classes: class_0, class_1, class_2",
        ),
    ],
)
def test_a_class_that_is_not_there(train, imbalanced, words, message, hint):
    with pytest.raises(UsageError) as caught:
        train(imbalanced, *words)
    assert (caught.value.message, caught.value.hint) == (message, hint)


@pytest.mark.parametrize("key", ["class_weights", "oversample"])
def test_numbers_that_only_the_data_knows(train, config, tmp_path, key):
    from bigmodel_cli.listener import Silent
    from bigmodel_cli.training.preview import preview

    np.savez(tmp_path / "r.npz", x=np.zeros((40, 2), np.float32), y=np.linspace(0, 1, 40))
    words = (
        f"data.source={{npz: {{path: {tmp_path / 'r.npz'}}}}}",
        f"data.{key}=balanced",
        "model=[{Dense: {units: 1}}]",
        "loss=MeanSquaredError",
        "~preprocessing",
    )
    for attempt in (lambda: train(*words), lambda: preview(config(*words), Silent())):
        with pytest.raises(ConfigError, match=f"{key} is for classes; the labels of npz are numbers"):
            attempt()


@pytest.mark.parametrize("key", ["class_weights", "oversample"])
def test_numbers_that_the_source_knows_of(config, key):
    words = ("data.source=diabetes", "model=[{Dense: {units: 1}}]", "loss=MeanSquaredError", "~preprocessing")
    with pytest.raises(ConfigError) as caught:
        config(*words, f"data.{key}=balanced")
    (problem,) = caught.value.problems
    assert (problem["path"], problem["message"]) == (
        f"data.{key}",
        f"{key} is for classes; the labels of diabetes are numbers",
    )


def test_both_together_get_a_warning(config):
    (warning,) = config(BALANCED, OVERSAMPLE).warnings
    assert warning.path == ("data", "oversample")
    assert warning.message.endswith("together they do it twice")


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("data.class_weights={}", "expected balanced, or a number per class, found an empty mapping"),
        ("data.class_weights={a: 0}", "more than 0"),
        ("data.class_weights={a: x}", "a number"),
        ("data.class_weights=even", "balanced"),
        ("data.oversample=true", "balanced"),
    ],
)
def test_values_that_cannot_be(config, word, message):
    with pytest.raises(ConfigError) as caught:
        config(word)
    assert message in str(caught.value)


def test_stand_ins_count_by_their_own_class(photographs):
    from bigmodel_cli.pipeline.bad_files import SkippedFiles
    from bigmodel_cli.pipeline.feed import Feed

    examples = photographs
    feed = Feed(examples, 3, SkippedFiles(lambda _: None), strata=examples.labels)
    order = feed.epoch_order(seed=0, epoch=1)
    assert len(order) == 6 and set(order.tolist()) == {0, 1, 2, 3}
    chunk = feed.chunk(feed.rows(order, 0, 2))
    batches = [feed.batch(chunk, index) for index in range(2)]
    features = np.stack([features.numpy() for features, _ in batches])
    labels = np.stack([targets[TARGET].numpy() for _, targets in batches])
    # Each file is a grey of its own, so that what stands in for the broken one can be told by it.
    np.testing.assert_array_equal(
        labels.reshape(-1), examples.labels[features[..., 0, 0, 0].reshape(-1) // 50]
    )
    feed.close()


@pytest.fixture
def photographs(tmp_path):
    """Four grey images of 3 + 1 examples; the second one cannot be read."""
    from PIL import Image

    from bigmodel_cli.kinds.image.kind import ImageFormat, ImageKind
    from bigmodel_cli.sources.files import Files, FileStore

    form = ImageFormat((4, 4), "rgb")
    for number in range(4):
        Image.new("RGB", (4, 4), (50 * number,) * 3).save(tmp_path / f"{number}.png")
    (tmp_path / "1.png").write_bytes((tmp_path / "1.png").read_bytes()[:50])
    ones = np.ones(4, np.int64)
    files = Files(tmp_path, tuple(f"{number}.png" for number in range(4)), ones, ones, ImageKind(form))
    return Examples.of(FileStore(files, np.arange(4)), np.array([0, 0, 0, 1]))


def test_evaluation_sees_every_example_once():
    examples = Examples.of_arrays(np.zeros((4, 2), np.float32), np.array([0, 0, 0, 1]), "train")
    assert Feed(examples, 4).num_batches() == 1
    assert Feed(examples, 4, strata=examples.labels).num_batches() == 2
