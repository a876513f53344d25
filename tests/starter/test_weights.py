"""Pretrained weights: which application a file is of, and what is written where there are none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from starters import experiment, made, names

from bigmodel_cli.config.catalogue import load_catalogue
from bigmodel_cli.errors import DataError, UsageError
from bigmodel_cli.starter import Wishes, make_starter, pretrained
from bigmodel_cli.starter.applications import application_named, application_of, applications


@pytest.fixture
def weights(tmp_path: Path) -> Callable[..., Path]:
    """Writes a file that has the arrays of an application, and more: `weights("MobileNet", "4x4")`."""

    def write(name: str, *more: str, layers: bool = False) -> Path:
        path = tmp_path / f"{name}.weights.h5"
        shapes = [s for shape, count in application_named(name).arrays.items() for s in [shape] * count]
        with h5py.File(path, "w") as file:
            for number, shape in enumerate([*shapes, *more]):
                sizes = [int(side) for side in shape.split("x")] if shape else []
                file.create_dataset(f"layers/layer_{number}/vars/0", sizes, np.float32)
            if layers:
                file.attrs["layer_names"] = ["a", "b"]
        return path

    return write


def test_every_application_is_in_the_table() -> None:
    assert {found.name for found in applications()} == {
        entry.name for entry in load_catalogue().entries("applications")
    }


def test_no_two_applications_have_the_same_arrays() -> None:
    seen = [(found.name, tuple(found.arrays.items())) for found in applications()]
    alike = [
        (name, other) for name, arrays in seen for other, others in seen if arrays == others and name < other
    ]
    assert alike == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "MobileNet",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("MobileNetV2", "EfficientNetB0", "DenseNet121", "ResNet50V2")
        ),
    ],
)
@pytest.mark.parametrize("with_top", [False, True])
def test_the_application_that_a_file_is_of(weights, name, with_top):
    top = (f"{application_named(name).features}x1000", "1000") if with_top else ()
    assert application_of(weights(name, *top)).name == name


@pytest.mark.data
def test_the_real_file_is_known(shared_data):
    found = application_of(shared_data("imagenet_weights") / "mobilenet_1_0_224.weights.h5")
    assert (found.name, found.arguments, found.pixels) == ("MobileNet", {}, "minus_one_to_one")


@pytest.mark.slow
def test_files_that_do_not_serve(weights, tmp_path):
    other = tmp_path / "other.h5"
    with h5py.File(other, "w") as file:
        file.create_dataset("layers/dense/vars/0", (4, 4))
    with pytest.raises(DataError, match="its 1 arrays are the weights of none of Keras's applications"):
        application_of(other)
    # More than a top: a model that has an application in it.
    with pytest.raises(DataError, match="the weights of none"):
        application_of(weights("MobileNet", *["4x4"] * 9))
    with pytest.raises(DataError, match="weights of VGG16, which wants blue, green and red in this order"):
        application_of(weights("VGG16"))
    with pytest.raises(DataError, match="with its classifying top, in the old format") as caught:
        application_of(weights("MobileNet", "1x1x1024x1000", "1000", layers=True))
    assert "no_top.h5" in caught.value.hint
    (tmp_path / "text.h5").write_text("not HDF5")
    with pytest.raises(DataError, match="expected a file of weights in HDF5"):
        application_of(tmp_path / "text.h5")
    with pytest.raises(UsageError, match="no such file"):
        application_of(tmp_path / "none.h5")
    with pytest.raises(UsageError, match="a folder, not a file of weights"):
        application_of(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "preprocessing"),
    [
        ("MobileNet", ["Rescaling"]),
        pytest.param("EfficientNetB0", [], marks=pytest.mark.slow),
        pytest.param("DenseNet121", ["Normalization"], marks=pytest.mark.slow),
    ],
)
def test_few_photographs_get_an_application_that_is_frozen(folder, weights, name, preprocessing):
    photos = folder(size=[(80, 100), (100, 80)], count=3)
    starter = make_starter(photos, Wishes(weights=str(weights(name))))
    found = experiment(starter.text)
    # Augmentation in front of what is frozen would make every epoch as long as the first one.
    assert (names(found.preprocessing), found.augmentation) == (preprocessing, [])
    application = found.model[0]
    assert (application.name, application.arguments["trainable"]) == (name, False)
    assert Path(application.arguments["weights"]) == weights(name)
    assert found.data.source.options.color_mode == "rgb"
    assert starter.better is None and "frozen: only the last layer" in " ".join(starter.decisions)
    assert (
        "# A second stage" in starter.text
        and f"model.0.{name}.trainable={{last: 20, except: BatchNormalization}}" in starter.text
    )


@pytest.mark.slow
def test_small_pictures_in_arrays_are_enlarged_for_it(arrays, weights):
    x = np.random.default_rng(0).integers(0, 256, (60, 32, 32, 3), np.uint8)
    found = made(arrays(x=x, y=np.arange(60) % 3), Wishes(weights=str(weights("MobileNet"))))
    assert names(found.preprocessing) == ["Resizing", "Rescaling"]
    found = made(arrays(x=x / 255, y=np.arange(60) % 3), Wishes(weights=str(weights("MobileNet"))))
    assert names(found.preprocessing) == ["Resizing", "Rescaling", "Rescaling"]


def test_where_no_weights_are_it_says_what_would_be_better(folder, tmp_path):
    starter = make_starter(folder(), Wishes(offline=True))
    assert names(experiment(starter.text).model)[0] == "Conv2D"
    assert f"save {pretrained.DEFAULT_URL} as {tmp_path.parent}" in starter.better.replace(
        str(Path.home()), str(tmp_path.parent)
    )
    assert "bigmodel init DATA --weights FILE" in starter.better


@pytest.mark.parametrize("answers", [True, False])
def test_imagenet_where_it_can_be_downloaded(folder, monkeypatch, answers):
    asked = []
    monkeypatch.setattr(pretrained, "_answers", lambda url: asked.append(url) or answers)
    found = made(folder(), Wishes())
    assert asked == [pretrained.DEFAULT_URL]
    assert (names(found.model)[0] == "MobileNet") == answers
    # Pictures without colours and of few pixels gain nothing: nobody asks.
    made(folder("grey", mode="L"), Wishes())
    assert len(asked) == 1


def test_imagenet_that_keras_has_already(folder, monkeypatch):
    monkeypatch.setattr(pretrained, "_answers", lambda _url: pytest.fail("asked a server"))
    cached = Path.home() / "keras" / "models" / "mobilenet_1_0_224_tf_no_top.h5"
    cached.parent.mkdir(parents=True)
    cached.write_bytes(b"")
    assert made(folder(), Wishes()).model[0].arguments["weights"] == "imagenet"


@pytest.mark.tf
def test_the_file_in_kerass_cache_is_the_one_that_keras_fetches():
    from keras.src.applications import mobilenet

    assert pretrained.DEFAULT_URL == mobilenet.BASE_WEIGHT_PATH + "mobilenet_1_0_224_tf_no_top.h5"


@pytest.mark.tf
@pytest.mark.slow
@pytest.mark.parametrize("name", ["MobileNetV3Small", "NASNetMobile"])
def test_the_table_is_what_keras_has(name):
    import keras

    model = getattr(keras.applications, name)(weights=None, include_top=False, input_shape=(224, 224, 3))
    found = application_named(name)
    assert (found.parameters, found.features) == (model.count_params(), model.output.shape[-1])
    assert sum(found.arrays.values()) == len(model.weights)
