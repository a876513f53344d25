"""`train --from FILE`: weights of files that other programs wrote, taken by name, order and shape."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from adopted import command

from bigmodel_cli.errors import DataError, UsageError
from bigmodel_cli.training.transfer import ParentFile, take_weights
from bigmodel_cli.training.weight_files import read_weight_file

pytestmark = pytest.mark.tf

FORMATS = [
    "model.keras",
    "model.h5",
    "model.weights.h5",
    "exported",
    "saved",
    "model.safetensors",
    "torch.safetensors",
]


def build(units: int = 3, *, named: bool = False, first: int = 4) -> Any:
    """Layers of one class and shape, so that order matters; batch normalisation, whose weights look alike."""
    import keras

    def name(text: str) -> dict[str, str]:
        return {"name": text} if named else {}

    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(first, 3, padding="same", **name("stem")),
            layers.BatchNormalization(**name("stem_norm")),
            layers.Conv2D(4, 3, padding="same", **name("body_a")),
            layers.Conv2D(4, 3, padding="same", **name("body_b")),
            layers.GlobalAveragePooling2D(),
            layers.Dense(units, **name("head")),
        ]
    )


def randomised(model: Any) -> Any:
    rng = np.random.default_rng(1)
    model.set_weights([rng.random(weight.shape).astype("float32") for weight in model.get_weights()])
    return model


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[np.ndarray]]:
    """One model in every format, with its weights."""
    import tensorflow as tf
    from safetensors.numpy import save_file

    folder, model = tmp_path_factory.mktemp("files"), randomised(build())
    model.save(folder / "model.keras")
    model.save(folder / "model.h5")
    model.save_weights(folder / "model.weights.h5")
    model.export(folder / "exported", verbose=False)
    tf.saved_model.save(model, str(folder / "saved"))
    save_file({weight.path: weight.numpy() for weight in model.weights}, folder / "model.safetensors")
    called = {"kernel": "weight", "bias": "bias", "gamma": "weight", "beta": "bias"}
    called |= {"moving_mean": "running_mean", "moving_variance": "running_var"}
    named = {}
    for number, layer in enumerate(layer for layer in model.layers if layer.weights):
        named |= {f"net.{number}.{called[weight.name]}": weight.numpy() for weight in layer.weights}
    save_file(named, folder / "torch.safetensors")
    return folder, model.get_weights()


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_all_weights(name: str, files: tuple[Path, list[np.ndarray]]) -> None:
    folder, weights = files
    model = build(named=True)
    transfer = take_weights(model, ParentFile(folder / name), None)
    for found, expected in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(found, expected)
    document = transfer.as_json()
    assert document["loaded"] == ["stem", "stem_norm", "body_a", "body_b", "head"]
    assert (document["new"], document["unused"]) == ([], [])
    assert document["axes_turned"] is False
    assert len(document["sha256"]) == 64 and document["file"] == str(folder / name)
    assert transfer.describe().startswith(f"weights of 5 layers (367 parameters) are from {folder / name}\n")


@pytest.mark.parametrize("name", ["model.keras", "model.h5", "model.weights.h5", "model.safetensors"])
def test_names_come_before_order(name: str, tmp_path: Path) -> None:
    """Two layers that have changed places keep their own weights."""
    import keras
    from safetensors.numpy import save_file

    model = randomised(build(named=True))
    if name.endswith(".safetensors"):
        save_file({weight.path: weight.numpy() for weight in model.weights}, tmp_path / name)
    else:
        (model.save_weights if "weights" in name else model.save)(tmp_path / name)
    layers = {layer.name: layer for layer in build(named=True).layers}
    order = ["stem", "stem_norm", "body_b", "body_a"]
    other = keras.Sequential([keras.Input((8, 8, 1)), *(layers[one] for one in order)])
    transfer = take_weights(other, ParentFile(tmp_path / name), None)
    assert transfer.as_json()["unused"] == [transfer.as_json()["unused"][0]]
    for one in order:
        for found, expected in zip(
            other.get_layer(one).get_weights(), model.get_layer(one).get_weights(), strict=True
        ):
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", FORMATS)
def test_another_head_starts_anew(name: str, files: tuple[Path, list[np.ndarray]]) -> None:
    folder, weights = files
    model = build(units=7)
    before = model.layers[-1].get_weights()
    transfer = take_weights(model, ParentFile(folder / name), None)
    np.testing.assert_array_equal(model.layers[0].get_weights()[0], weights[0])
    np.testing.assert_array_equal(model.layers[-1].get_weights()[0], before[0])
    (new,) = transfer.new
    assert new.startswith("dense")
    assert transfer.as_json()["reasons"][new] == "the file has nothing of shape (4, 7), (7,) in its place"
    assert transfer.as_json()["unused"] and "not used of the file: " in transfer.describe()


def test_nothing_fits(files: tuple[Path, list[np.ndarray]]) -> None:
    import keras

    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(2)])
    with pytest.raises(
        UsageError, match="no layer of the model has the shapes of one of the file's 5: conv2d"
    ):
        take_weights(model, ParentFile(files[0] / "model.keras"), None)


def test_layers_inside_a_layer_keep_their_parts(tmp_path: Path) -> None:
    """Queries and keys, and the two directions of a recurrent layer, have the same shapes."""
    import keras

    def model() -> Any:
        given = keras.Input((6, 8))
        seen = keras.layers.MultiHeadAttention(2, 4, name="attention")(given, given)
        seen = keras.layers.Bidirectional(keras.layers.LSTM(4), name="both")(seen)
        return keras.Model(given, keras.layers.Dense(3, name="head")(seen))

    first, other = randomised(model()), model()
    first.save(tmp_path / "model.keras")
    transfer = take_weights(other, ParentFile(tmp_path / "model.keras"), None)
    assert transfer.as_json()["loaded"] == ["attention", "both", "head"]
    for found, expected in zip(other.get_weights(), first.get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)


def as_torch(layer: Any, before: tuple[int, ...] | None = None) -> dict[str, np.ndarray]:
    """What PyTorch would save of a layer, axis by axis as its documentation has them.

    Args:
        layer: Of Keras.
        before: (height, width, channels) that its input was flattened from, in Keras's order.
    """
    kind = type(layer).__name__
    named = {weight.name: weight.numpy() for weight in layer.weights}
    if kind == "BatchNormalization":
        return {
            "weight": named["gamma"],
            "bias": named["beta"],
            "running_mean": named["moving_mean"],
            "running_var": named["moving_variance"],
            "num_batches_tracked": np.array(7, np.int64),
        }
    kernel = next(value for name, value in named.items() if name.endswith("kernel"))
    if kind == "DepthwiseConv2D":
        kernel = np.einsum("hwcm->cmhw", kernel).reshape(-1, 1, *kernel.shape[:2])
    elif kind == "Conv2D":
        kernel = np.einsum("hwio->oihw", kernel)
    elif kind == "Conv2DTranspose":
        kernel = np.einsum("hwoi->iohw", kernel)
    elif before is not None:
        kernel = np.einsum("hwco->ochw", kernel.reshape(*before, -1)).reshape(kernel.shape[1], -1)
    else:
        kernel = kernel.T
    return {"weight": np.ascontiguousarray(kernel), "bias": named["bias"]}


def seen(units: int = 5) -> Any:
    """Every layer whose kernel has other axes in PyTorch, square ones among them."""
    import keras

    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((6, 5, 1)),
            layers.Conv2D(4, 3, padding="same", name="stem"),
            layers.BatchNormalization(name="norm"),
            layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same", name="deep"),
            layers.Conv2DTranspose(3, 3, padding="same", name="back"),
            layers.Conv2D(3, 3, padding="same", name="square"),
            layers.ReLU(),
            layers.Flatten(),
            layers.Dropout(0.1),
            layers.Dense(units, name="wide"),
            layers.Dense(units, name="square_too"),
        ]
    )


@pytest.mark.parametrize("called", ["as here", "otherwise"])
def test_kernels_of_pytorch_are_turned(called: str, tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    model, named = randomised(seen()), {}
    for number, layer in enumerate(layer for layer in model.layers if layer.weights):
        before = (6, 5, 3) if layer.name == "wide" else None
        name = layer.name if called == "as here" else f"net.{number}"
        named |= {f"{name}.{key}": value for key, value in as_torch(layer, before).items()}
    save_file(named, tmp_path / "torch.safetensors")
    other = seen()
    transfer = take_weights(other, ParentFile(tmp_path / "torch.safetensors"), None)
    for layer, before in zip(other.layers, model.layers, strict=True):
        for found, expected in zip(layer.get_weights(), before.get_weights(), strict=True):
            np.testing.assert_array_equal(found, expected, err_msg=layer.name)
    assert transfer.as_json()["axes_turned"] is True
    first = transfer.describe().splitlines()[0]
    assert first.endswith("; kernels were brought from PyTorch's order of axes to Keras's")


@pytest.mark.parametrize("between", ["BatchNormalization", "LayerNormalization", "GaussianNoise"])
def test_of_pytorch_what_stands_behind_flatten_is_put_in_order(between: str, tmp_path: Path) -> None:
    import keras
    from safetensors.numpy import save_file

    options = {"stddev": 0.1} if between == "GaussianNoise" else {"epsilon": 1e-5, "name": "norm"}
    given = keras.Input((3, 2, 4))
    flat = getattr(keras.layers, between)(**options)(keras.layers.Flatten()(given))
    model = keras.Model(given, keras.layers.Dense(5, name="head")(flat))
    rng, torch = np.random.default_rng(0), {}
    torch["head.weight"], torch["head.bias"] = (rng.random(shape, np.float32) for shape in ((5, 24), 5))
    examples = rng.random((7, 3, 2, 4), np.float32)
    # Channels come first there.
    values = examples.transpose(0, 3, 1, 2).reshape(7, -1)
    if between != "GaussianNoise":
        torch["norm.weight"], torch["norm.bias"] = rng.random((2, 24), np.float32)
        mean, variance = values.mean(1, keepdims=True), values.var(1, keepdims=True)
        if between == "BatchNormalization":
            mean, variance = rng.random((2, 24), np.float32)
            torch |= {"norm.running_mean": mean, "norm.running_var": variance}
        values = (values - mean) / np.sqrt(variance + 1e-5) * torch["norm.weight"] + torch["norm.bias"]
    save_file(torch, tmp_path / "torch.safetensors")
    take_weights(model, ParentFile(tmp_path / "torch.safetensors"), None)
    expected = values @ torch["head.weight"].T + torch["head.bias"]
    np.testing.assert_allclose(model(examples, training=False), expected, rtol=1e-4)


def test_of_pytorch_an_array_without_channels_stays_in_order(tmp_path: Path) -> None:
    import keras
    from safetensors.numpy import save_file

    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((4, 3)), layers.Rescaling(2.0), layers.Flatten(), layers.Dense(5, name="head")]
    )
    rng = np.random.default_rng(0)
    kernel, bias = rng.random((5, 12), np.float32), rng.random(5, np.float32)
    save_file({"head.weight": kernel, "head.bias": bias}, tmp_path / "t.safetensors")
    take_weights(model, ParentFile(tmp_path / "t.safetensors"), None)
    examples = rng.random((7, 4, 3), np.float32)
    np.testing.assert_allclose(model(examples), 2 * examples.reshape(7, -1) @ kernel.T + bias, rtol=1e-5)


def test_of_pytorch_an_order_that_nobody_knows_is_not_taken(tmp_path: Path) -> None:
    import keras
    from safetensors.numpy import save_file

    given, more = keras.Input((3, 2, 4)), keras.Input((6,))
    both = keras.layers.Concatenate()([keras.layers.Flatten()(given), more])
    seen = keras.layers.Dense(8, name="a")(both)
    model = keras.Model([given, more], keras.layers.Dense(5, name="head")(seen))
    names = {"a.weight": (8, 30), "a.bias": (8,), "head.weight": (5, 8), "head.bias": (5,)}
    ones = {name: np.ones(shape, np.float32) for name, shape in names.items()}
    save_file(ones, tmp_path / "t.safetensors")
    transfer = take_weights(model, ParentFile(tmp_path / "t.safetensors"), None)
    assert transfer.as_json()["loaded"] == ["head"]


def test_of_pytorch_another_head_starts_anew(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    model = randomised(seen())
    named = {f"stem.{key}": value for key, value in as_torch(model.get_layer("stem")).items()}
    named |= {f"head.{key}": value for key, value in as_torch(model.get_layer("square_too")).items()}
    save_file(named, tmp_path / "torch.safetensors")
    transfer = take_weights(seen(units=4), ParentFile(tmp_path / "torch.safetensors"), None)
    assert transfer.as_json()["loaded"] == ["stem"]
    assert transfer.as_json()["unused"] == ["head"]


def _cut(path: Path, files: Path) -> None:
    content = (files / path.name).read_bytes()
    path.write_bytes(content[: len(content) // 2])


def _empty(path: Path, _files: Path) -> None:
    path.write_bytes(b"")


def _foreign(path: Path, _files: Path) -> None:
    path.write_bytes(b"\x00\x01 not of this kind" * 100)


@pytest.mark.parametrize("spoil", [_cut, _empty, _foreign])
@pytest.mark.parametrize("name", ["model.keras", "model.h5", "model.weights.h5", "model.safetensors"])
def test_a_file_that_is_damaged(
    name: str, spoil: Callable[[Path, Path], None], files: tuple[Path, list[np.ndarray]], tmp_path: Path
) -> None:
    spoil(tmp_path / name, files[0])
    with pytest.raises(DataError) as caught:
        read_weight_file(tmp_path / name)
    assert caught.value.message.startswith(f"{tmp_path / name}: damaged, or not a")
    assert caught.value.exit_code == 3


def test_a_folder_that_is_damaged(files: tuple[Path, list[np.ndarray]], tmp_path: Path) -> None:
    (tmp_path / "variables").mkdir()
    (tmp_path / "saved_model.pb").write_bytes(b"")
    with pytest.raises(DataError, match="damaged, or not a file of weights"):
        read_weight_file(tmp_path)


def test_code_in_a_file_is_refused_and_never_run(
    files: tuple[Path, list[np.ndarray]], tmp_path: Path
) -> None:
    path = tmp_path / "code.keras"
    with zipfile.ZipFile(files[0] / "model.keras") as archive, zipfile.ZipFile(path, "w") as other:
        for member in archive.namelist():
            content = archive.read(member)
            if member == "config.json":
                content = content.replace(
                    b'"class_name": "GlobalAveragePooling2D"', b'"class_name": "Lambda"'
                )
            other.writestr(member, content)
    with pytest.raises(DataError, match="is a Lambda layer, which holds Python code"):
        read_weight_file(path)
    # Weights alone are read, whatever the layers would do.
    assert len(read_weight_file(path, trust=True)) == 5


CONFIG = """\
name: fine
data: {source: digits, batch_size: 64}
preprocessing: [{Rescaling: {scale: 1/16}}]
model:
  - Conv2D: {name: stem, filters: 4, kernel_size: 3, padding: same}
  - GlobalAveragePooling2D
  - Dense: {units: num_classes, activation: softmax}
loss: SparseCategoricalCrossentropy
optimizer: Adam
training: {epochs: 1, device: cpu, deterministic: true, checkpoint: {every: 100 epochs}}
"""


def test_a_run_says_what_it_took(files: tuple[Path, list[np.ndarray]], tmp_path: Path) -> None:
    config = tmp_path / "fine.yaml"
    config.write_text(CONFIG)
    words = ["train", config, "--runs-dir", tmp_path / "runs", "--plain", "--json"]
    code, out, err = command(*words, "--from", files[0] / "model.weights.h5")
    assert code == 0, err
    assert "weights of 1 layers (40 parameters) are from" in err and "stem  ← " in err
    record = json.loads((Path(json.loads(out)["run"]) / "run.json").read_text())
    assert record["parent"]["loaded"] == ["stem"]
    assert "(4, 10), (10,)" in record["parent"]["reasons"][record["parent"]["new"][0]]
    code, _, err = command(*words, "--from", tmp_path / "nowhere.keras")
    assert code == 2 and f"--from {tmp_path / 'nowhere.keras'}: no such file" in err
