"""Each method against what is known of a network whose weights were set by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.integrate import trapezoid

from bigmodel_cli.errors import UsageError
from bigmodel_cli.explaining.attribution import Subject
from bigmodel_cli.explaining.grad_cam import grad_cam
from bigmodel_cli.explaining.integrated_gradients import integrated_gradients
from bigmodel_cli.explaining.network import Network
from bigmodel_cli.explaining.occlusion import GREY, hidden, occlusion, patch_side, patches_over
from bigmodel_cli.kinds.image.kind import ImageFormat, ImageKind
from bigmodel_cli.signature import Signature
from bigmodel_cli.tasks.regression.task import Regression

from .conftest import PATCH, SIDE, SIGNATURE, WEIGHT

pytestmark = pytest.mark.tf


@pytest.fixture
def network(by_hand):
    model = by_hand()
    return Network(model, SIGNATURE, tapped=model.get_layer("copy"))


def subject(pixels, *targets, batch_size=7):
    return Subject(pixels, targets or (1, 0), batch_size)


def share_in_patch(values):
    positive = np.maximum(values, 0)
    return positive[PATCH].sum() / positive.sum()


def test_integrated_gradients_are_what_each_pixel_adds(network, pixels):
    on, off = integrated_gradients(network, subject(pixels))
    expected = np.zeros((SIDE, SIDE))
    expected[PATCH] = WEIGHT * pixels[PATCH][..., 0] / 255
    np.testing.assert_allclose(on.values, expected, atol=1e-5)
    np.testing.assert_allclose(off.values, -expected, atol=1e-5)


def test_integrated_gradients_sum_to_the_difference_of_the_scores(network, pixels, log_odds):
    (found,) = integrated_gradients(network, subject(pixels, 1))
    completeness = found.details["completeness"]
    assert found.details["steps"] == 32
    difference = log_odds(pixels) - log_odds(pixels * 0)
    assert completeness["score_difference"] == pytest.approx(difference, rel=1e-5)
    assert completeness["sum"] == pytest.approx(found.values.sum())
    assert completeness["error"] < 1e-4


def test_a_black_image_may_be_at_the_edge_of_a_relu(by_hand, pixels):
    """There its slope is 0, and not what it is on the way: more steps make that end count for less."""
    network = Network(by_hand(copy="relu"), SIGNATURE)
    (found,) = integrated_gradients(network, subject(pixels, 1))
    assert found.details["steps"] == 64
    assert found.details["completeness"]["error"] == pytest.approx(0.5 / 64, rel=1e-3)


def curved(power):
    """Scores that are a power of the mean pixel: bent where the trapezoid rule has to work."""
    import keras

    inputs = keras.Input((4, 4, 3), dtype="uint8", name="input")
    tensor = keras.ops.mean(keras.ops.cast(inputs, "float32") / 255, axis=(1, 2, 3), keepdims=True)
    tensor = keras.ops.power(keras.ops.reshape(tensor, (-1, 1)), power)
    signature = Signature.of(ImageKind(ImageFormat((4, 4), "rgb")), Regression())
    return Network(keras.Model(inputs, tensor), signature)


@pytest.mark.parametrize(("power", "steps"), [(2, 32), (40, 128)])
def test_steps_are_doubled_until_the_sum_is_right(power, steps):
    pixels = np.full((4, 4, 3), 255, np.uint8)
    (found,) = integrated_gradients(curved(power), Subject(pixels, [0], 50))
    assert found.details["steps"] == steps
    alphas = np.linspace(0, 1, steps + 1)
    by_trapezoids = trapezoid(power * alphas ** (power - 1), alphas)
    assert found.details["completeness"]["sum"] == pytest.approx(by_trapezoids, rel=1e-4)
    assert found.details["completeness"]["error"] == pytest.approx(by_trapezoids - 1, abs=1e-4)
    assert found.values == pytest.approx(np.full((4, 4), by_trapezoids / 16), rel=1e-4)


def test_a_score_that_does_not_change_has_no_error(by_hand, pixels):
    pixels[PATCH] = 0
    model = by_hand()
    (found,) = integrated_gradients(Network(model, SIGNATURE), subject(pixels, 1))
    assert found.details["completeness"] == {"sum": 0, "score_difference": 0, "error": None}
    assert not found.values.any()


def test_a_difference_that_is_rounding_is_none(by_hand, pixels):
    model = by_hand()
    kernel, bias = model.layers[-1].get_weights()
    model.layers[-1].set_weights([kernel * 1e-7, bias])
    (found,) = integrated_gradients(Network(model, SIGNATURE), subject(pixels, 1))
    assert found.details["steps"] == 32
    assert (found.details["completeness"]["score_difference"], found.details["completeness"]["error"]) == (
        0,
        None,
    )


def test_pixels_that_no_gradient_reaches():
    import keras

    inputs = keras.Input((4, 4, 1), dtype="uint8", name="input")
    steps = keras.ops.cast(keras.ops.cast(inputs, "float32") / 50, "int32")
    tensor = keras.layers.Conv2D(1, 1, name="conv")(keras.ops.cast(steps, "float32"))
    model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Flatten()(tensor)))
    signature = Signature.of(ImageKind(ImageFormat((4, 4), "grayscale")), Regression())
    network = Network(model, signature, tapped=model.get_layer("conv"))
    one = Subject(np.full((4, 4, 1), 99, np.uint8), [0], 4)
    with pytest.raises(UsageError, match="no gradient passes the model's preprocessing") as error:
        integrated_gradients(network, one)
    assert error.value.hint == "use --method occlusion, which needs none"
    assert len(occlusion(network, one)) == 1


def test_occlusion_is_the_fall_of_the_score(network, pixels, log_odds):
    on, off = occlusion(network, subject(pixels))
    whole, falls = log_odds(pixels), {}
    for rows, columns in patches_over(SIDE, SIDE):
        changed = pixels.copy()
        changed[rows, columns] = GREY
        falls[rows.start, columns.start] = whole - log_odds(changed)
    # Patches have 2 × 2 pixels and go on by one, so four cover a pixel inside.
    assert set(falls) == {(y, x) for y in range(15) for x in range(15)}
    for y, x in [(4, 10), (3, 9), (8, 8)]:
        expected = np.mean([falls[y - dy, x - dx] for dy in (0, 1) for dx in (0, 1)])
        assert on.values[y, x] == pytest.approx(expected, abs=1e-4)
    assert on.values[0, 0] == pytest.approx(falls[0, 0], abs=1e-4)
    np.testing.assert_allclose(off.values, -on.values, atol=1e-4)
    assert on.details == {"patch": [2, 2]}
    assert share_in_patch(on.values) > 0.6 and np.argmax(on.values[4]) in range(9, 13)


@pytest.mark.parametrize(("side", "patch"), [(1, 1), (8, 1), (28, 4), (96, 12), (224, 28)])
def test_patches_cover_everything_and_overlap_by_half(side, patch):
    assert patch_side(side) == patch
    starts = sorted({rows.start for rows, _ in patches_over(side, 1)})
    assert starts[0] == 0 and starts[-1] == side - patch
    assert all(b - a <= max(1, patch // 2) for a, b in itertools.pairwise(starts))
    assert all(rows.stop - rows.start == patch for rows, _ in patches_over(side, 1))


@pytest.mark.parametrize(
    ("shape", "grey"),
    [((4, 4), 128), ((4, 4, 1), [128]), ((4, 4, 3), [128] * 3), ((4, 4, 4), [128] * 3 + [255])],
)
def test_a_patch_is_grey_and_opaque(shape, grey):
    pixels = np.full(shape, 7, np.uint8)
    changed = hidden(pixels, (slice(1, 2), slice(2, 3)))
    assert changed[1, 2].tolist() == grey
    assert (changed != pixels).any() and (pixels == 7).all()
    changed[1, 2] = 7
    np.testing.assert_array_equal(changed, pixels)
    np.testing.assert_array_equal(hidden(pixels, None), pixels)


def test_grad_cam_is_the_weighted_sum_of_the_features(network, pixels):
    on, off = grad_cam(network, subject(pixels))
    # One feature, the image itself; its weight is the mean gradient over all places.
    expected = WEIGHT * 16 / SIDE**2 * pixels[..., 0] / 255
    np.testing.assert_allclose(on.values, expected, rtol=1e-4, atol=1e-7)
    assert not off.values.any()
    y, x = np.unravel_index(on.values.argmax(), on.values.shape)
    assert y in range(3, 7) and x in range(9, 13)


def test_grad_cam_is_enlarged_to_the_size_of_the_image(pixels):
    import keras

    inputs = keras.Input(SIGNATURE.kind.shape, dtype="uint8", name="input")
    conv = keras.layers.Conv2D(1, 4, strides=4, use_bias=False, name="conv")
    features = conv(keras.ops.cast(inputs, "float32"))
    last = keras.layers.Dense(2, activation="softmax")
    model = keras.Model(inputs, last(keras.layers.GlobalAveragePooling2D()(features)))
    conv.set_weights([np.full((4, 4, 1, 1), 1 / 16)])
    last.set_weights([np.array([[0.0, 1.0]]), np.zeros(2)])
    pixels[:] = 0
    pixels[4:8, 8:12] = 160
    (found,) = grad_cam(Network(model, SIGNATURE, tapped=conv), subject(pixels, 1))
    assert found.values.shape == (SIDE, SIDE)
    # One place of 4 × 4 is 160, weighted by 1/16; its middle is between pixels, an eighth of a place away.
    assert found.values[5:7, 9:11] == pytest.approx(np.full((2, 2), 10 * (7 / 8) ** 2))
    assert not found.values[11:].any() and not found.values[:, :6].any()


def test_a_coloured_image_has_one_value_per_pixel():
    import keras

    inputs = keras.Input((4, 4, 3), dtype="uint8", name="input")
    last = keras.layers.Dense(1)
    tensor = last(keras.layers.Flatten()(keras.ops.cast(inputs, "float32")))
    last.set_weights([np.tile([[1.0], [2.0], [-1.0]], (16, 1)), np.zeros(1)])
    signature = Signature.of(ImageKind(ImageFormat((4, 4), "rgb")), Regression())
    pixels = np.random.default_rng(0).integers(0, 256, (4, 4, 3), np.uint8)
    one = Subject(pixels, [0], 64)
    (found,) = integrated_gradients(Network(keras.Model(inputs, tensor), signature), one)
    np.testing.assert_allclose(found.values, pixels @ np.array([1.0, 2, -1]), rtol=1e-4, atol=1e-3)
