"""Training examples beside their augmented versions."""

from __future__ import annotations

import numpy as np
import pytest

from bigmodel_cli.pipeline.training_examples import TrainingExamples
from bigmodel_cli.reporting.training_samples import different_examples, draw_training_samples
from bigmodel_cli.signature import TARGET
from bigmodel_cli.sources.base import Examples
from bigmodel_cli.tasks.classification.task import Classification
from bigmodel_cli.tasks.regression.task import Regression

CATS = Classification(("cat", "dog"))
TARGETS = {TARGET: CATS}
LABELS = {TARGET: np.array([0, 1])}
pytestmark = [pytest.mark.slow, pytest.mark.tf, pytest.mark.plots]


def test_labels_are_as_different_as_can_be():
    labels = np.array([0, 0, 0, 1, 1, 2, 2, 2])
    assert labels[different_examples(labels, CATS)].tolist() == [0, 1, 2, 0, 1, 2]
    assert different_examples(np.arange(11.0), Regression()).tolist() == [0, 2, 4, 6, 8, 10]
    assert different_examples(np.array([1]), CATS).tolist() == [0]


def built(tmp_path, augmentation, preprocessing="[{Rescaling: {scale: 1/127.5, offset: -1}}]"):
    from bigmodel_cli.kinds.array.kind import ArrayKind
    from bigmodel_cli.modeling.build import build_model
    from bigmodel_cli.modeling.language import read_config
    from bigmodel_cli.signature import Signature

    path = tmp_path / "c.yaml"
    path.write_text(
        f"""\
data: {{source: digits}}
preprocessing: {preprocessing}
augmentation: {augmentation}
model: [Flatten, {{Dense: {{units: num_classes, activation: softmax}}}}]
loss: CategoricalCrossentropy
optimizer: Adam
"""
    )
    signature = Signature.of(ArrayKind((8, 8, 3), "uint8"), CATS)
    return build_model(
        read_config(path).experiment,
        signature,
        total_steps=1,
        data=TrainingExamples(Examples.of_arrays(ORIGINALS, np.zeros(len(ORIGINALS), np.int64), "train")),
    )


ORIGINALS = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)


def titles(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_versions_are_drawn_as_preprocessing_and_augmentation_make_them(tmp_path):
    figure = draw_training_samples(
        built(tmp_path, "[{RandomFlip: {mode: horizontal}}]"), ORIGINALS, LABELS, TARGETS
    )
    assert titles(figure) == ["cat\noriginal", *["cat"] * 7, "dog\noriginal", *["dog"] * 7]
    images = [image.get_array() for image in figure.axes[0].images]
    for row, original in enumerate(ORIGINALS):
        shown = images[8 * row : 8 * row + 8]
        np.testing.assert_array_equal(shown[0], original)
        for version in shown[1:]:
            # What -1 and 1 are, black and white are again.
            kept = np.abs(version.astype(int) - original).max() <= 1
            mirrored = np.abs(version.astype(int) - original[:, ::-1]).max() <= 1
            assert kept or mirrored


@pytest.mark.parametrize(
    "preprocessing", ["[]", "[Normalization]", "[{Rescaling: {scale: 1/255, offset: 3}}]"]
)
def test_with_layers_that_change_nothing_pixels_come_back(tmp_path, preprocessing):
    nothing = "[{RandomTranslation: {height_factor: 0, width_factor: 0}}]"
    model = built(tmp_path, nothing, preprocessing)
    figure = draw_training_samples(model, ORIGINALS, LABELS, TARGETS)
    for number, image in enumerate(figure.axes[0].images):
        np.testing.assert_array_equal(image.get_array(), ORIGINALS[number // 8])


def test_mixed_labels_say_their_shares(tmp_path):
    figure = draw_training_samples(built(tmp_path, "[MixUp]"), ORIGINALS, LABELS, TARGETS)
    for title in titles(figure)[1:8]:
        shares = {line.split("% ")[1]: int(line.split("%")[0]) for line in title.splitlines()}
        assert 99 <= sum(shares.values()) <= 101 and set(shares) <= {"cat", "dog"}


def test_without_augmentation_there_are_the_examples_alone(tmp_path):
    figure = draw_training_samples(built(tmp_path, "[]"), ORIGINALS, LABELS, TARGETS)
    assert titles(figure) == ["cat", "dog"]


def test_what_preprocessing_makes_no_images_of(tmp_path):
    model = built(tmp_path, "[{GaussianNoise: {stddev: 0.1}}]", "[Flatten]")
    assert draw_training_samples(model, ORIGINALS, LABELS, TARGETS) is None
