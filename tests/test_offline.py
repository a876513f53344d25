"""`--offline`: nothing is fetched, by whoever; and the message says which file to put where."""

from __future__ import annotations

import inspect
import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bigmodel_cli.config.catalogue import load_catalogue
from bigmodel_cli.errors import BigmodelError, DataError
from bigmodel_cli.network import Offline, downloads, keras_home

CONFIG = """\
data: {source: SOURCE}
model:
  - Flatten
  - Dense: {units: num_classes, activation: softmax}
loss: CategoricalCrossentropy
optimizer: Adam
"""
FETCHING = ("mnist", "fashion_mnist", "cifar10", "cifar100")


@pytest.fixture(autouse=True)
def _no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks for a name or a connection has gone past the gate."""

    def forbidden(*_: Any, **__: Any) -> None:
        raise AssertionError("somebody opened a connection")

    monkeypatch.setattr(socket.socket, "connect", forbidden)
    monkeypatch.setattr(socket, "getaddrinfo", forbidden)
    monkeypatch.setattr(socket, "create_connection", forbidden)


def test_every_source_that_fetches_is_known() -> None:
    """A new one is to be tried here."""
    from bigmodel_cli import sources

    folder = Path(sources.__file__).parent
    named = {path.stem for path in folder.glob("*.py") if "RemoteFile(" in path.read_text()}
    assert {name for name in named if name != "download"} <= {*FETCHING, "mnist_format", "cifar"}


@pytest.mark.parametrize("source", FETCHING)
@pytest.mark.parametrize("command", [("train",), ("data",), ("show", "--plan")])
def test_sources(
    bigmodel: Callable[..., Any], write: Callable[..., str], source: str, command: tuple[str, ...]
) -> None:
    config = write(CONFIG.replace("SOURCE", source))
    outcome = bigmodel(*command, config, "--offline")
    assert outcome.code == 3, outcome.err
    assert "downloads are off (offline)" in outcome.err
    assert str(keras_home() / "datasets") in outcome.err


def test_requests_are_let_through_again_where_they_are_allowed() -> None:
    import urllib.error
    import urllib.request

    with pytest.raises(Offline), downloads(allowed=False), downloads(allowed=True):
        urllib.request.urlopen("http://localhost:9/models/some.h5")
    with pytest.raises(AssertionError, match="opened a connection"):
        urllib.request.urlopen("http://localhost:9/")


def test_what_a_library_fetches_by_itself() -> None:
    import urllib.request

    with downloads(allowed=False), pytest.raises(DataError) as caught:
        urllib.request.urlretrieve("https://example.org/keras/some_tf_no_top.h5?x=1")
    assert caught.value.message == (
        f"some_tf_no_top.h5 is not in Keras's cache ({keras_home() / 'models'}), "
        "or damaged there, and downloads are off (offline)"
    )
    assert str(keras_home() / "models" / "some_tf_no_top.h5") in str(caught.value.hint)
    assert "weights: PATH" in str(caught.value.hint)


APPLICATION = """\
data: {source: {synthetic: {shape: [128, 128, 3], num_classes: 3, num_examples: 40}}}
model:
  - MobileNet: {alpha: 0.25, include_top: false, pooling: avg, trainable: false}
  - Dense: {units: num_classes, activation: softmax}
loss: CategoricalCrossentropy
optimizer: Adam
training: {epochs: 1}
"""


@pytest.mark.tf
@pytest.mark.parametrize("command", [("train",), ("show",)])
def test_an_application_is_refused_with_its_line(
    bigmodel: Callable[..., Any], write: Callable[..., str], command: tuple[str, ...]
) -> None:
    outcome = bigmodel(*command, write(APPLICATION), "--offline")
    assert outcome.code == 3, outcome.err
    assert "c.yaml:3:5: MobileNet: mobilenet_2_5_128_tf_no_top.h5 is not in Keras's cache" in outcome.err
    assert "weights: PATH" in outcome.err
    assert outcome.out == "" and "Downloading" not in outcome.err


FROM = APPLICATION.replace("{epochs: 1}", "{epochs: 1, device: cpu}")


@pytest.mark.tf
def test_nothing_is_fetched_where_a_run_brings_the_weights(
    bigmodel: Callable[..., Any], write: Callable[..., str]
) -> None:
    """Whether ImageNet's are asked for, or nothing is said of weights; of another application they are."""
    parent = write(FROM.replace("alpha", "weights: null, alpha"), "one.yaml")
    shown = bigmodel("show", parent, "--model")
    assert shown.code == 0 and "UserWarning" not in shown.err and "rows" not in shown.err, shown.err
    assert bigmodel("train", parent).code == 0
    for said in ("", "weights: imagenet, "):
        child = write(FROM.replace("trainable", f"{said}trainable"), "two.yaml")
        outcome = bigmodel("train", child, "--from", "one", "--offline", "--json")
        assert outcome.code == 0, outcome.err
        assert "weights: null" in (Path(outcome.json["run"]) / "config.yaml").read_text()
        assert "random" not in outcome.err
    nested = FROM.replace("  - MobileNet: {alpha: 0.25", "  - MobileNet: {alpha: 0.5")
    outcome = bigmodel("train", write(nested, "two.yaml"), "--from", "one", "--offline")
    assert outcome.code == 3 and "mobilenet_5_0_128_tf_no_top.h5 is not in Keras's cache" in outcome.err
    assert "which is right where --from RUN brings them" in outcome.err


@pytest.mark.tf
def test_the_variable_forbids_it_too(
    bigmodel: Callable[..., Any], write: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BIGMODEL_OFFLINE", "1")
    outcome = bigmodel("train", write(APPLICATION))
    assert outcome.code == 3 and "downloads are off (offline)" in outcome.err


@pytest.mark.tf
@pytest.mark.slow
@pytest.mark.parametrize("name", ["MobileNet", "VGG16"])
def test_weights_of_applications_are_not_fetched(name: str) -> None:
    import keras

    with downloads(allowed=False), pytest.raises(BigmodelError, match="is not in Keras's cache"):
        getattr(keras.applications, name)(weights="imagenet", include_top=False, input_shape=(128, 128, 3))
    keras.utils.clear_session()


@pytest.mark.tf
@pytest.mark.slow
def test_every_application_fetches_by_the_function_that_is_forbidden() -> None:
    """Building them all takes half a minute."""
    import importlib

    import keras

    families = {
        getattr(keras.applications, entry.name).__module__
        for entry in load_catalogue().entries("applications")
    }
    assert len(families) >= 13
    ways = r"\bget_file\(|\burl(open|retrieve)\b|\brequests\b|\bdownload\w*\("
    for module in map(importlib.import_module, sorted(families)):
        calls = [found.group() for found in re.finditer(rf"[\w.]*(?:{ways})", inspect.getsource(module))]
        # Those of ResNet's second version call the first one's.
        assert set(calls) == {"file_utils.get_file("} or "resnet.ResNet(" in inspect.getsource(module), module
        assert calls == [] or module.file_utils is keras.src.utils.file_utils


@pytest.mark.tf
def test_the_names_of_imagenets_classes() -> None:
    import keras
    import numpy as np

    with downloads(allowed=False), pytest.raises(Offline, match=r"imagenet_class_index\.json is not"):
        keras.applications.imagenet_utils.decode_predictions(np.zeros((1, 1000)))
