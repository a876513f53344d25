"""`unet` and `fpn`: as large as the image whatever its size, around any encoder, plain Keras when saved."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.tf

HEAD = "  - Conv2D: {filters: num_classes, kernel_size: 1, activation: softmax}\n"
CONV = "{Conv2D: {filters: 4, kernel_size: 3, padding: same, activation: relu}}"
STEPS = f"[{CONV}, {{MaxPooling2D: {{pool_size: 2}}}}, {CONV}, {{MaxPooling2D: {{pool_size: 2}}}}, {CONV}]"
APPLICATION = "{MobileNet: {include_top: false, weights: null, alpha: 0.25TRAINABLE}}"
ENCODERS = {
    "plain": "filters: [4, 6, 8]",
    "steps": f"encoder: {STEPS}",
    "application": f"encoder: {APPLICATION.replace('TRAINABLE', '')}, decoder_filters: [8, 4]",
}


@pytest.fixture
def model(build):
    """The model of a block for images of a size."""

    def make(block, size=(32, 48)):
        return build(f"  - {block}\n{HEAD}", shape=(*size, 3), dtype="float32", mask=size, classes=3).model

    return make


@pytest.mark.parametrize("block", ["unet", "fpn"])
@pytest.mark.parametrize("encoder", ENCODERS)
def test_maps_are_as_large_as_the_image(model, block, encoder):
    options = ENCODERS[encoder].replace(
        "decoder_filters: [8, 4]", "width: 8" if block == "fpn" else "decoder_filters: [8, 4]"
    )
    found = model(f"{block}: {{{options}}}")
    assert found.output_shape == (None, 32, 48, 3)
    shares = np.asarray(found(np.random.default_rng(0).random((2, 32, 48, 3), np.float32)))
    np.testing.assert_allclose(shares.sum(axis=-1), 1, rtol=1e-5)


@pytest.mark.parametrize("size", [(30, 50), (33, 47), (7, 9)])
@pytest.mark.parametrize("block", ["unet", "fpn"])
def test_sides_need_not_be_powers_of_two(model, block, size):
    assert model(f"{block}: {{filters: [4, 6, 8]}}", size).output_shape == (None, *size, 3)


@pytest.mark.parametrize("upsampling", ["bilinear", "transpose"])
def test_maps_are_enlarged_as_asked(model, upsampling):
    found = model(f"unet: {{filters: [4, 6], upsampling: {upsampling}}}", (15, 17))
    names = {type(layer).__name__ for layer in found.layers}
    assert ("Conv2DTranspose" in names) == (upsampling == "transpose")
    assert found.output_shape == (None, 15, 17, 3)


def test_each_map_is_put_beside_what_comes_back(model):
    """Of the plain one, layer by layer: channels of skips and of the way back."""
    found = model("unet: {filters: [4, 6, 8], convolutions: 1}")
    beside = [layer.output.shape for layer in found.layers if type(layer).__name__ == "Concatenate"]
    assert beside == [(None, 16, 24, 8 + 6), (None, 32, 48, 6 + 4)]


def test_an_application_gives_a_map_of_each_size(model):
    """Half the size, a quarter, and so on to a 32nd; the last one of each size."""
    found = model(f"unet: {{encoder: {APPLICATION.replace('TRAINABLE', '')}}}", (64, 64))
    beside = [layer.input[1] for layer in found.layers if type(layer).__name__ == "Concatenate"]
    came_from = [tensor._keras_history.operation.name for tensor in beside]
    assert came_from == [f"conv_pw_{number}_relu" for number in (11, 5, 3, 1)]


def test_what_is_frozen_of_an_encoder_stays(build):
    import keras

    application = APPLICATION.replace("TRAINABLE", ", trainable: false")
    text = f"  - unet: {{encoder: {application}, decoder_filters: [4]}}\n{HEAD}"
    found = build(text, shape=(32, 32, 3), dtype="float32", mask=(32, 32), classes=3).model
    assert all(not layer.trainable_weights for layer in found.layers if layer.name.startswith("conv_"))
    assert {weight.path.split("/")[0] for weight in found.trainable_weights} == {
        layer.name for layer in found.layers if layer.name.startswith(("unet", "conv2d")) and layer.weights
    }
    assert isinstance(found, keras.Model)


def test_an_encoder_has_the_weights_of_its_file(build, tmp_path):
    import keras

    own = keras.applications.MobileNet(include_top=False, weights=None, alpha=0.25, input_shape=(32, 32, 3))
    own.save_weights(tmp_path / "own.weights.h5")
    encoder = f"{{MobileNet: {{include_top: false, weights: {tmp_path}/own.weights.h5, alpha: 0.25}}}}"
    text = f"  - unet: {{encoder: {encoder}, decoder_filters: [4]}}\n{HEAD}"
    found = build(text, shape=(32, 32, 3), dtype="float32", mask=(32, 32), classes=3).model
    for name in ("conv1", "conv_pw_13"):
        np.testing.assert_array_equal(found.get_layer(name).get_weights(), own.get_layer(name).get_weights())


def test_is_saved_as_plain_keras(model, tmp_path):
    import json
    import zipfile

    import keras

    found = model("unet: {filters: [4, 6], normalization: GroupNormalization, dropout: 0.1}", (8, 8))
    found.save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        config = json.loads(archive.read("config.json"))
    assert {layer["module"].partition(".")[0] for layer in config["config"]["layers"]} == {"keras"}
    images = np.random.default_rng(0).random((1, 8, 8, 3), np.float32)
    again = keras.models.load_model(tmp_path / "m.keras", compile=False)
    np.testing.assert_allclose(np.asarray(again(images)), np.asarray(found(images)), atol=1e-6)


def test_an_encoder_without_smaller_maps_is_refused(refused):
    problem = refused(
        "  - unet: {encoder: [{Conv2D: {filters: 4, kernel_size: 3, padding: same}}]}\n" + HEAD,
        shape=(8, 8, 3),
        mask=(8, 8),
        classes=3,
    )
    assert problem["message"] == "the encoder has maps of 8 × 8: nothing to come back from"
    assert problem["path"] == "model.0.unet"


def test_what_is_no_image_is_refused(refused):
    problem = refused("  - unet: {filters: [4, 6]}\n" + HEAD, shape=(8,), mask=(8, 8), classes=3)
    assert problem["message"].startswith("expected images of shape (batch, height, width, channels)")


def test_an_output_of_another_size_is_refused(refused):
    problem = refused("  - MaxPooling2D\n" + HEAD, shape=(8, 8, 3), mask=(8, 8), classes=3)
    assert problem["message"] == (
        "the model's output has shape (None, 4, 4, 3); 3 classes at each of 8 × 8 pixels need (None, 8, 8, 3)"
    )
