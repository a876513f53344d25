"""Masks are moved as their images: a mask that is the image itself stays the image itself."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

pytestmark = pytest.mark.tf

# What moves pixels, in a form that interpolates the image by its nearest pixels too.
MOVING = {
    "RandomFlip": {"mode": "horizontal_and_vertical"},
    "RandomRotation": {"factor": 0.3, "interpolation": "nearest", "fill_mode": "reflect"},
    "RandomTranslation": {"height_factor": 0.3, "width_factor": 0.3, "interpolation": "nearest"},
    "RandomZoom": {"height_factor": 0.4, "interpolation": "nearest"},
    "RandomShear": {"x_factor": 0.3, "y_factor": 0.3, "interpolation": "nearest"},
    "RandomPerspective": {"factor": 1.0, "scale": 0.5, "interpolation": "nearest"},
}
# What changes colours, and leaves the mask where it is.
COLORING = {
    "RandomBrightness": {"factor": 0.5, "value_range": [0, 1]},
    "RandomContrast": {"factor": 0.5},
    "RandomSaturation": {"factor": [0.1, 0.9], "value_range": [0, 1]},
    "RandomHue": {"factor": 0.5, "value_range": [0, 1]},
    "RandomErasing": {"factor": 1.0, "value_range": [0, 1]},
    "RandomGaussianBlur": {"factor": 1.0, "kernel_size": 5, "sigma": 1.0, "value_range": [0, 1]},
    "GaussianNoise": {"stddev": 0.5},
}


@pytest.fixture
def masks():
    """Shape (8, 20, 24), three classes and pixels that count nowhere."""
    found = np.random.default_rng(0).integers(-1, 3, (8, 5, 6)).astype(np.int8)
    return found.repeat(4, 1).repeat(4, 2)


def moved(name, options, masks, images=None):
    """A batch behind a layer: images, and labels."""
    import keras
    import tensorflow as tf

    from bigmodel_cli.modeling.augmentations.affine import Affine
    from bigmodel_cli.modeling.changed import Moved
    from bigmodel_cli.modeling.moving_masks import moved_with
    from bigmodel_cli.tasks.bound import Targets

    is_ours = name == "affine"
    layer = Moved(Affine(**options)) if is_ours else getattr(keras.layers, name)(seed=3, **options)
    plain = Targets(lambda labels, _: labels, tf.constant(masks), moves=True)
    images = (masks[..., None] + 1).astype("float32") if images is None else images
    features, targets = moved_with(layer, images, {"label": plain})
    return np.asarray(features), np.asarray(targets["label"].labels)


@pytest.mark.parametrize("name", MOVING)
def test_a_mask_that_is_the_image_stays_it(name, masks):
    images, labels = moved(name, MOVING[name], masks)
    np.testing.assert_array_equal(labels, np.round(images[..., 0]) - 1)
    assert (labels != masks).mean() > 0.05


@pytest.mark.parametrize("name", COLORING)
def test_colours_change_the_image_alone(name, masks):
    given = np.random.default_rng(0).random((*masks.shape, 3)).astype("float32")
    images, labels = moved(name, COLORING[name], masks, given)
    np.testing.assert_array_equal(labels, masks)
    assert np.abs(images - given).max() > 0.01


def test_every_layer_of_keras_that_knows_masks_is_one_of_them():
    import keras

    from bigmodel_cli.modeling.moving_masks import _MOVES, _NOT_AS_IMAGES

    known = {
        name
        for name, layer in vars(keras.layers).items()
        if inspect.isclass(layer)
        and hasattr(layer, _MOVES)
        and name.startswith(("Rand", "Aug", "Cut", "Mix"))
    }
    others = {"RandomCrop", "RandomColorJitter", "RandomColorDegeneration", "RandomGrayscale", "RandomInvert"}
    others |= {"RandomPosterization", "RandomSharpness"}
    assert known == {*MOVING, *COLORING, *others, *_NOT_AS_IMAGES} - {"GaussianNoise"}


def test_labels_lie_between_none(masks):
    """However an image is interpolated, a pixel has the class of another one."""
    _, labels = moved("RandomRotation", {"factor": 0.3}, masks)
    assert set(np.unique(labels)) <= {-1, 0, 1, 2}


@pytest.mark.parametrize("fill_value", [0.0, 0.7])
def test_our_own_moves_them_too(masks, fill_value):
    options = {"translation": 0.5, "fill_mode": "constant", "fill_value": fill_value}
    images, labels = moved("affine", options, np.abs(masks))
    assert set(np.unique(labels)) == {-1, 0, 1, 2}
    is_outside = images[..., 0] == np.float32(fill_value)
    assert is_outside.mean() > 0.1 and (labels[is_outside] == -1).all()
    # Between pixels of one class lies that class.
    is_whole = np.isin(images[..., 0], [1, 2, 3])
    np.testing.assert_array_equal(
        labels[is_whole & (labels >= 0)], images[..., 0][is_whole & (labels >= 0)] - 1
    )


@pytest.mark.parametrize("fill_value", [0.0, 1.0, 255.0, 0.3])
def test_what_comes_in_from_outside_counts_nowhere(masks, fill_value):
    whole = np.abs(masks)
    options = {"height_factor": [0.25, 0.25], "width_factor": 0.0, "fill_mode": "constant"}
    options["fill_value"] = fill_value
    _, labels = moved("RandomTranslation", options, whole)
    assert (labels[:, :5] == -1).all()
    assert (labels[:, 5:] >= 0).all()


def test_many_classes_stay_apart_in_half_precision(masks):
    """bfloat16 has no number between 256 and 258."""
    many = np.where(masks < 0, -1, masks.astype(np.int16) + 299)
    _, labels = moved("RandomFlip", {"mode": "horizontal", "dtype": "mixed_bfloat16"}, many)
    np.testing.assert_array_equal(np.unique(labels), [-1, 299, 300, 301])


@pytest.mark.parametrize("name", ["MixUp", "CutMix", "RandAugment", "AugMix", "RandomElasticTransform"])
def test_what_moves_masks_otherwise_is_refused(name, refused):
    arguments = ": {value_range: [0, 255]}" if name in ("RandAugment", "AugMix") else ""
    problem = refused(
        "  - Conv2D: {filters: num_classes, kernel_size: 1, activation: softmax}\n",
        f"augmentation: [{{{name}{arguments or ': {}'}}}]\n",
        shape=(8, 8, 3),
        mask=(8, 8),
        classes=3,
        loss="Dice",
    )
    assert problem["message"] == f"{name} does not move a mask as it moves its image"
    assert problem["path"] == f"augmentation.0.{name}"
