"""Images that show the same: each way of changing one is found, and nothing else is."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from bigmodel_cli.audit import near
from bigmodel_cli.audit.near import find_pairs
from bigmodel_cli.kinds.image.audit import thumbnails

SIDE = 160


def nobody(_label, _done, _total):
    """The progress that nobody looks at."""


def as_array(image, side=SIDE):
    return np.asarray(image.convert("RGB").resize((side, side), Image.Resampling.BILINEAR))


def encoded_anew(image):
    file = io.BytesIO()
    image.save(file, "JPEG", quality=40)
    return Image.open(file)


def smaller(image):
    return image.resize((round(image.width * 0.6), round(image.height * 0.6)), Image.Resampling.LANCZOS)


def cropped(image):
    width, height = round(image.width * 0.04), round(image.height * 0.04)
    return image.crop((width, height, image.width - width, image.height - height))


CHANGES = [encoded_anew, smaller, ImageOps.mirror, cropped]


def pairs_of(images, side=SIDE, original_side=SIDE):
    return find_pairs(
        thumbnails(np.stack([as_array(image, side) for image in images])), original_side, nobody
    )


# The quick loop tries one of them.
@pytest.mark.slow
@pytest.mark.parametrize(
    "change", [CHANGES[0], *(pytest.param(change, marks=pytest.mark.slow) for change in CHANGES[1:])]
)
def test_a_changed_copy_is_found_and_nothing_else(change, picture):
    originals = [picture(number, (240, 180)) for number in range(40)]
    found = pairs_of([*originals, *map(change, originals[:20])])
    assert [(pair.first, pair.second) for pair in found.pairs] == [(n, 40 + n) for n in range(20)]
    assert {pair.mirrored for pair in found.pairs} == {change is ImageOps.mirror}
    assert (found.searched, found.complete) == (60, True)
    assert all(found.threshold <= pair.similarity < 1.001 for pair in found.pairs)


def test_a_symmetrical_image_is_no_mirror_image_of_its_copy(picture):
    half = picture(1, (120, 180))
    whole = Image.new("RGB", (240, 180))
    whole.paste(half, (0, 0))
    whole.paste(ImageOps.mirror(half), (120, 0))
    (pair,) = pairs_of([whole, encoded_anew(whole)]).pairs
    assert pair.similarity > 0.95


def test_images_with_nothing_on_them_resemble_nothing(picture):
    grey = Image.fromarray(np.random.default_rng(0).integers(127, 130, (180, 240, 3), np.uint8))
    found = pairs_of([grey, grey, picture(1)])
    assert (found.pairs, found.searched) == ([], 1)


def test_of_tiny_images_nothing_can_be_told(picture):
    found = pairs_of([picture(1), picture(1)], 8, original_side=8)
    assert (list(found.pairs), found.searched, found.complete, found.threshold) == ([], 0, True, None)


def test_small_images_are_compared_pixel_by_pixel():
    """The bound of the descriptors loses no pair: the same as comparing all with all."""
    random = np.random.default_rng(0)
    base = random.integers(0, 256, (30, 28, 28), np.uint8)
    noisy = np.clip(base.astype(int) + random.normal(0, np.linspace(1, 20, 30))[:, None, None], 0, 255)
    noisy += random.normal(0, 1, noisy.shape) * np.linspace(1, 20, 30)[:, None, None]
    images = np.concatenate([base, np.clip(noisy, 0, 255).astype(np.uint8)])
    found = find_pairs(thumbnails(images), 28, nobody)
    correlation = np.corrcoef(images.reshape(60, -1))
    expected = [(i, j) for i in range(60) for j in range(i + 1, 60) if correlation[i, j] >= found.threshold]
    assert [(pair.first, pair.second) for pair in found.pairs] == expected
    assert 5 < len(expected) < 30


def test_a_small_mirror_image():
    image = np.random.default_rng(0).integers(0, 256, (28, 28), np.uint8)
    (pair,) = find_pairs(thumbnails(np.stack([image, image[:, ::-1]])), 28, nobody).pairs
    assert (pair.first, pair.second, pair.mirrored) == (0, 1, True)


def test_more_images_than_are_compared(monkeypatch, picture):
    monkeypatch.setattr(near, "MAX_SEARCHED", 10)
    found = pairs_of([picture(number) for number in range(30)])
    assert (found.searched, found.complete) == (10, False)


def test_more_candidates_than_are_verified(monkeypatch, picture):
    monkeypatch.setattr(near, "MAX_CANDIDATES", 5)
    found = pairs_of([picture(1)] * 12)
    assert not found.complete
    assert len(found.pairs) <= 10


def test_more_pairs_than_are_kept(monkeypatch, picture):
    monkeypatch.setattr(near, "MAX_PAIRS", 3)
    monkeypatch.setattr(near, "_ROWS", 4)
    found = pairs_of([picture(1)] * 12)
    assert not found.complete and 3 < len(found.pairs) < 66


@pytest.mark.parametrize("shape", [(50, 70), (50, 70, 1), (50, 70, 3), (50, 70, 4)])
def test_a_thumbnail_is_the_mean_of_what_each_pixel_covers(shape):
    pixels = np.random.default_rng(0).integers(0, 256, (2, *shape), np.uint8)
    found = thumbnails(pixels)
    assert (found.shape, found.dtype) == ((2, 32, 32), np.float16)
    grey = pixels.reshape(2, 50, 70, -1)[..., :3].astype(float)
    grey = grey @ [0.299, 0.587, 0.114] if grey.shape[-1] == 3 else grey[..., 0]
    np.testing.assert_allclose(found.mean(axis=(1, 2), dtype=float), grey.mean(axis=(1, 2)), rtol=1e-3)
    np.testing.assert_allclose(thumbnails(np.full_like(pixels, 200)), 200, rtol=1e-3)


def test_small_images_are_their_own_thumbnails():
    pixels = np.random.default_rng(0).integers(0, 256, (3, 28, 20, 1), np.uint8)
    np.testing.assert_array_equal(thumbnails(pixels), pixels[..., 0])


@pytest.mark.data
@pytest.mark.slow
def test_the_bar_on_real_photographs(shared_data):
    """Of 400 photographs, 200 have a changed copy, 50 in each way."""
    paths = sorted(shared_data("imagenette_mini/train").rglob("*.*"))
    assert len(paths) == 400
    originals = [Image.open(path).convert("RGB") for path in paths]
    copies = [CHANGES[number % 4](originals[number]) for number in range(200)]
    found = pairs_of([*originals, *copies])
    pairs = {(pair.first, pair.second) for pair in found.pairs}
    planted = {(number, 400 + number) for number in range(200)}
    recall = len(pairs & planted) / len(planted)
    assert recall >= 0.9
    assert len(pairs - planted) <= 1


@pytest.mark.data
@pytest.mark.slow
def test_digits_that_are_alike_are_no_duplicates(shared_data):
    with np.load(shared_data("mnist/mnist.npz")) as arrays:
        images = arrays["x_test"]
    found = find_pairs(thumbnails(images), 28, nobody)
    assert found.complete and found.searched == 10_000
    assert len(found.pairs) <= 5


def test_round_things_in_the_middle_are_no_copies_of_each_other():
    """As cells under a microscope are: what all images share is no resemblance, what one has by itself is."""
    rows, columns = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    cells = []
    for number in range(12):
        rng = np.random.default_rng(number)
        radius, angle = rng.uniform(30, 36), np.arctan2(rows, columns)
        edge = radius * (1 + 0.08 * np.cos(rng.integers(2, 5) * angle + rng.uniform(0, 6)))
        inside = 1 / (1 + np.exp((np.hypot(rows, columns) - edge) / 3))
        spots = Image.fromarray(rng.normal(0, 1, (12, 12))).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        grey = 220 - inside * (120 + 35 * np.array(spots)) + 6 * np.array(spots)
        cells.append(Image.fromarray(grey.clip(0, 255).astype(np.uint8)).convert("RGB"))
    found = pairs_of([*cells, encoded_anew(cells[3]), smaller(cells[7])])
    assert [(pair.first, pair.second) for pair in found.pairs] == [(3, 12), (7, 13)]
