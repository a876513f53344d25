"""Known networks have their known numbers of parameters; what is built is what the steps say."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bigmodel_cli.cli.main import run
from bigmodel_cli.errors import ConfigError, ResourceError

pytestmark = pytest.mark.tf

ROOT = Path(__file__).resolve().parents[2]
SOFTMAX = "  - Dense: {units: num_classes, activation: softmax}\n"
# https://keras.io/examples/vision/mnist_convnet/
GALLERY = (
    """\
  - Conv2D: {filters: 32, kernel_size: [3, 3], activation: relu}
  - MaxPooling2D: {pool_size: [2, 2]}
  - Conv2D: {filters: 64, kernel_size: [3, 3], activation: relu}
  - MaxPooling2D: {pool_size: [2, 2]}
  - Flatten
  - Dropout: {rate: 0.5}
"""
    + SOFTMAX
)


def kinds(model):
    return [type(layer).__name__ for layer in model.layers]


def test_the_convnet_of_the_keras_gallery(build):
    model = build(GALLERY, shape=(28, 28, 1)).model
    assert model.count_params() == 34_826
    assert model.output_shape == (None, 10)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "parameters"),
    [(None, 138_357_544), ("[{ResNet50: {weights: null, classes: num_classes}}]", 25_636_712)],
    ids=["VGG16", "ResNet50"],
)
def test_networks_of_the_papers(capfd, model, parameters):
    source = "data.source={synthetic: {shape: [224, 224, 3], num_classes: 1000, num_examples: 8000}}"
    words = [source] if model is None else [source, f"model={model}"]
    assert run(["show", str(ROOT / "configs/vgg16.yaml"), *words, "--json"]) == 0
    document = json.loads(capfd.readouterr().out)
    assert document["parameters"] == parameters
    assert document["layers"][-1]["shape"] == "(None, 1000)"


@pytest.mark.slow
def test_the_network_of_a_paper_that_repeats_its_blocks(capfd):
    source = "data.source={synthetic: {shape: [32, 32, 3], num_classes: 10, num_examples: 60}}"
    assert run(["show", str(ROOT / "configs/resnet_cifar10.yaml"), source, "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["parameters"] == 274_049


def test_steps_name_the_only_column_of_a_table(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    for name in range(20):
        Image.new("RGB", (4, 3), (12 * name, 0, 0)).save(f"{name}.png")
    Path("t.csv").write_text("photo,red\n" + "".join(f"{n}.png,{12 * n}\n" for n in range(20)))
    Path("c.yaml").write_text(
        "data: {source: {table: {path: t.csv, target: red,\n"
        "       columns: {photo: {image: {image_size: [3, 4]}}}}}}\n"
        "model:\n  - Flatten: {name: flat, inputs: [photo]}\n  - Flatten: {name: again, inputs: [photo]}\n"
        "  - Concatenate: {inputs: [flat, again]}\n  - Dense: {units: 1}\n"
        "loss: MeanSquaredError\noptimizer: Adam\n"
    )
    assert run(["show", "c.yaml", "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["parameters"] == 2 * (4 * 3 * 3) + 1


def test_raw_pixels_go_in_and_probabilities_come_out(build):
    preprocessing = "preprocessing: [{Rescaling: {scale: 1/255}}]\n"
    model = build("  - Flatten\n" + SOFTMAX, preprocessing).model
    assert (model.input_shape, model.input.dtype, model.output.dtype) == ((None, 8, 8, 1), "uint8", "float32")
    pixels = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 1), np.uint8)
    dense = model.layers[-1]
    kernel, bias = dense.get_weights()
    logits = pixels.reshape(2, 64) / 255 @ kernel + bias
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model(pixels), expected, rtol=1e-5)


def test_augmentation_stands_between_the_two_parts(build):
    more = (
        "preprocessing: [{Rescaling: {scale: 1/255}}]\n"
        "augmentation: [{RandomFlip: {mode: vertical}}, MixUp]\n"
    )
    built = build("  - Flatten\n" + SOFTMAX, more)
    assert [type(a.layer).__name__ for a in built.augmentation] == ["RandomFlip", "MixUp"]
    assert [a.mixes_labels for a in built.augmentation] == [False, True]
    pixels = np.full((1, 8, 8, 1), 255, np.uint8)
    prepared = built.preprocess(pixels)
    np.testing.assert_allclose(prepared, np.ones((1, 8, 8, 1)))
    np.testing.assert_allclose(built.network(prepared), built.model(pixels), rtol=1e-6)


def test_an_application_can_be_frozen(build):
    text = (
        "  - MobileNetV2: {include_top: false, weights: null, pooling: avg, alpha: 0.35, trainable: false}\n"
    )
    model = build(text + SOFTMAX, shape=(32, 32, 3)).model
    assert len(model.trainable_weights) == 2
    assert model.output_shape == (None, 10)
    thawed = build(text.replace(", trainable: false", "") + SOFTMAX, shape=(32, 32, 3)).model
    assert thawed.count_params() == model.count_params() and len(thawed.trainable_weights) > 50


def test_named_steps_and_inputs(build):
    text = """\
  - Dense: {name: stem, units: 6}
  - Dense: {units: 6, activation: relu}
  - Add: {inputs: [stem, previous]}
  - Concatenate: {inputs: [previous, stem, input]}
"""
    model = build(text + SOFTMAX, shape=(5,), dtype="float32").model
    assert model.count_params() == (5 * 6 + 6) + (6 * 6 + 6) + (17 * 10 + 10)


def test_decay_steps_are_filled_in(build):
    def steps(schedule):
        built = build("  - Flatten\n" + SOFTMAX, optimizer=f"{{SGD: {{learning_rate: {schedule}}}}}")
        return built.model.optimizer._learning_rate.decay_steps

    assert steps("{CosineDecay: {initial_learning_rate: 0.1}}") == 10
    assert steps("{CosineDecay: {initial_learning_rate: 0.0, warmup_target: 0.1, warmup_steps: 4}}") == 6
    assert steps("{CosineDecay: {initial_learning_rate: 0.1, decay_steps: 77}}") == 77


def test_keras_refusing_a_step_points_at_it(refused):
    problem = refused("  - Flatten\n  - Conv2D: {filters: 2, kernel_size: 3}\n" + SOFTMAX)
    assert (problem["file"], problem["line"], problem["column"]) == ("c.yaml", 6, 5)
    assert problem["message"].startswith("Keras cannot build Conv2D (it receives shape (None, 64)): ")
    assert "expected min_ndim=4, found ndim=2" in problem["message"]


def test_a_pool_larger_than_the_image_points_at_it(refused):
    problem = refused("  - MaxPooling2D\n  - MaxPooling2D: {pool_size: 9}\n  - Flatten\n" + SOFTMAX)
    assert problem["line"] == 6 and "(None, 4, 4, 1)" in problem["message"]


@pytest.mark.parametrize(
    ("augmentation", "says"),
    [
        ("{Reshape: {target_shape: [64, 1]}}", "augmentation keeps the shape"),
        ("Normalization", "Normalization learns from data; augmentation is for training only"),
    ],
)
def test_what_augmentation_cannot_do(refused, augmentation, says):
    problem = refused("  - Flatten\n" + SOFTMAX, f"augmentation: [{augmentation}]\n")
    assert problem["path"].startswith("augmentation.0") and says in problem["message"]
    assert problem["suggestion"] == "move it to preprocessing"


def test_memory_that_runs_out_is_no_mistake_of_the_config():
    import tensorflow as tf

    from bigmodel_cli.config.components import Component
    from bigmodel_cli.config.tree import Place
    from bigmodel_cli.modeling.objects import pointing_at

    place = Place("c.yaml", 3, 5, 5, "  - Dense", Path())
    component = Component("Dense", "layers", place, ("model", 0))
    memory = pytest.raises(ResourceError, match=r"c\.yaml:3:5: memory ran out while Dense was built")
    with memory, pointing_at(component):
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")
    mistake = pytest.raises(ConfigError, match=r"c\.yaml:3:5: model\.0: Keras cannot build Dense: no")
    with mistake, pointing_at(component):
        raise ValueError("no")
