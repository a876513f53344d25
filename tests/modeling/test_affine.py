"""`affine`: one resampling by the numbers that are drawn, held against one of scipy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import affine_transform

from bigmodel_cli.modeling.augmentations.affine import Affine

pytestmark = pytest.mark.tf

NOTHING = {"rotation": 0.0, "translation": 0.0, "zoom": 0.0, "stretch": 0.0, "shear": 0.0}
# Turn, zoom, stretch, shear, down and right, of what is allowed.
DRAWN = np.array([[0.3, -0.5, 0.7, 0.2, -0.9, 0.6], [-1, 1, -1, 1, 1, -1], [0, 0, 0, 0, 0, 0]], np.float32)


@pytest.fixture
def images() -> np.ndarray:
    """Smooth, shape (3, 18, 25, 2)."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:18, :25][..., None] / 8
    phases = rng.uniform(0, 6, (3, 1, 1, 2))
    return (np.sin(y + phases) * np.cos(1.3 * x - phases)).astype(np.float32)


@pytest.fixture
def drawn(monkeypatch):
    """Numbers that are not left to chance."""

    def draw(shape, low, high, seed):
        import tensorflow as tf

        assert (low, high) == (-1, 1) and tuple(int(size) for size in shape) == DRAWN.shape
        return tf.constant(DRAWN)

    monkeypatch.setattr("keras.random.uniform", draw)


def test_each_pixel_comes_from_where_the_numbers_say(images, drawn):
    options = {"rotation": 0.1, "translation": 0.2, "zoom": 0.3, "stretch": 0.1, "shear": 0.25}
    affine = Affine(**options, fill_mode="constant", fill_value=-0.5)
    found = np.asarray(affine.change(images, None))
    middle = (np.array(images.shape[1:3]) - 1) / 2
    for image, moved, numbers in zip(images, found, DRAWN.astype(float), strict=True):
        angle = numbers[0] * 0.1 * 2 * np.pi
        zoom = 1 + numbers[1] * 0.3
        turned = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        sheared = np.array([[1, 0], [numbers[3] * 0.25, 1]])
        # Rows first, then columns.
        matrix = np.diag([zoom, zoom * (1 + numbers[2] * 0.1)]) @ turned @ sheared
        offset = middle - matrix @ middle + numbers[4:] * 0.2 * np.array(images.shape[1:3])
        for channel in range(2):
            expected = affine_transform(
                image[..., channel], matrix, offset, order=1, mode="grid-constant", cval=-0.5
            )
            np.testing.assert_allclose(moved[..., channel], expected, atol=2e-5)
    np.testing.assert_allclose(found[2], images[2], atol=1e-6)


def test_masks_move_by_the_same_numbers_and_stay_whole(images, drawn):
    masks = np.random.default_rng(1).integers(0, 5, (*images.shape[:3], 3)).astype(np.float32)
    affine = Affine(translation=0.5, fill_mode="constant", fill_value=0.7)
    moved, found = (np.asarray(part) for part in affine.change_with_masks(images, masks, None))
    assert np.array_equal(moved, affine.change(images, None))
    assert np.array_equal(np.unique(found), np.arange(5))
    assert np.array_equal(found[2], masks[2])
    is_outside = (moved[1] == np.float32(0.7)).all(axis=-1)
    assert is_outside.mean() > 0.3 and not found[1][is_outside].any()


def test_nothing_asked_for_changes_nothing(images):
    import keras

    still = Affine(**NOTHING).change(images, keras.random.SeedGenerator(0))
    np.testing.assert_allclose(still, images, atol=1e-6)
    many = np.repeat(images[:1], 400, axis=0)
    some = np.asarray(Affine(probability=0.3).change(many, keras.random.SeedGenerator(0)))
    assert 0.2 < (np.abs(some - many).max(axis=(1, 2, 3)) > 1e-3).mean() < 0.4


@pytest.mark.parametrize(
    ("options", "says"),
    [({"rotation": 0.6}, "less than or equal to 0.5"), ({"zoom": 1.0}, "less than 1"), ({"turn": 1}, "turn")],
)
def test_what_no_image_survives_is_refused(options, says):
    with pytest.raises(ValueError, match=says):
        Affine(**options)
