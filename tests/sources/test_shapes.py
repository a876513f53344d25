"""Made-up shapes: drawn from the seed and their number, under masks that say what is where."""

from __future__ import annotations

import numpy as np


def test_masks_say_where_colours_are(load):
    source = load("shapes", image_size=[48, 64], num_examples=40)
    train = source.splits["train"]
    masks, images = train.targets["label"], train.store.array.astype(np.float32)
    assert images.shape == (40, 48, 64, 3) and masks.shape == (40, 48, 64) and masks.dtype == np.int8
    assert set(np.unique(masks)) == {0, 1, 2, 3}
    for image, mask in zip(images, masks, strict=True):
        ground = np.median(image[mask == 0], axis=0)
        far = np.abs(image - ground).max(axis=-1)
        # Noise has a deviation of 12; colours are at least 60 away.
        assert far[mask == 0].mean() < 25
        assert mask.any() <= (far[mask > 0].mean() > 40)


def test_an_image_depends_on_seed_and_number_alone(load):
    few, many, other = (
        load("shapes", seed=seed, image_size=16, num_examples=count).splits["train"]
        for seed, count in ((0, 5), (0, 9), (1, 5))
    )
    np.testing.assert_array_equal(few.store.array, many.store.array[:5])
    np.testing.assert_array_equal(few.targets["label"], many.targets["label"][:5])
    assert not np.array_equal(few.store.array, other.store.array)


def test_colours_tell_no_shape(load):
    """The mean colour of a shape is about the same whatever it is."""
    train = load("shapes", image_size=32, num_examples=300).splits["train"]
    masks, images = train.targets["label"], train.store.array
    means = [images[masks == number].mean(axis=0) for number in (1, 2, 3)]
    assert np.ptp(means, axis=0).max() < 30
