"""`trainable` of applications, and keys beside it, as far as a config can be checked without Keras."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bigmodel_cli.config.frozen import without_weights_of
from bigmodel_cli.errors import ConfigError
from bigmodel_cli.modeling.language import read_config

CONFIG = """\
data: {source: digits}
model:
  - MobileNet: {weights: WEIGHTS, include_top: false, pooling: avg, trainable: TRAINABLE}
  - Dense: {units: num_classes, activation: softmax}
loss: CategoricalCrossentropy
optimizer: {AdamW: {exclude_from_weight_decay: EXCLUDED}}
preprocessing: [{Rescaling: {scale: 1/127.5, offset: -1}}]
training: {epochs: 100}
"""


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Any]:
    def call(trainable: str = "true", weights: str = "imagenet", excluded: str = "null", **how: bool) -> Any:
        text = CONFIG.replace("TRAINABLE", trainable).replace("WEIGHTS", weights)
        (tmp_path / "c.yaml").write_text(text.replace("EXCLUDED", excluded))
        return read_config(tmp_path / "c.yaml", **how)

    return call


@pytest.mark.parametrize(
    "trainable", ["true", "false", "{last: 20}", "[a]", "['b*', C]", "{layers: a, except: [B]}"]
)
def test_forms(read: Callable[..., Any], trainable: str) -> None:
    assert not read(trainable).warnings


@pytest.mark.parametrize(
    ("trainable", "says"),
    [
        ("{last: 0}", "expected a number of layers from 1 on, found 0"),
        ("{last: true}", "expected a number of layers from 1 on, found True"),
        ("{last: 1.5}", "expected a number of layers from 1 on, found 1.5"),
        ("{first: 3}", "expected last, layers, except, found 'first'"),
        ("{last: 3, layers: [a]}", "one of the two"),
        ("{except: [a]}", "one of the two"),
        ("[]", "expected a list of names of layers"),
        ("[1]", "expected a list of names of layers"),
        ("3", "expected"),
        ("yes please", "expected"),
    ],
)
def test_what_is_none(read: Callable[..., Any], trainable: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(trainable)
    assert any(says in problem["message"] for problem in caught.value.problems)
    assert all(problem["line"] == 3 for problem in caught.value.problems)


@pytest.mark.parametrize("trainable", ["false", "{last: 3}", "[a]"])
def test_random_weights_that_stay_are_warned_of(read: Callable[..., Any], trainable: str) -> None:
    (warning,) = read(trainable, "null").warnings
    assert "MobileNet is frozen and has random weights, which it keeps" in warning.message
    assert warning.place.line == 3
    assert not read(trainable, "null", gets_weights=True, strict=True).warnings
    assert not read("true", "null").warnings


def test_a_file_of_weights_is_relative_to_the_config(
    read: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def weights() -> Any:
        return read(weights="w.h5").experiment.model[0].arguments["weights"]

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert weights() == str(tmp_path / "w.h5")
    # As Keras has it, where only that is there.
    (elsewhere / "w.h5").touch()
    assert weights() == "w.h5"
    (tmp_path / "w.h5").touch()
    assert weights() == str(tmp_path / "w.h5")


@pytest.mark.parametrize(("excluded", "bad"), [("[bias, gamma]", False), ("['(']", True), ("['']", True)])
def test_what_weight_decay_leaves_alone(read: Callable[..., Any], excluded: str, bad: bool) -> None:
    if not bad:
        assert not read(excluded=excluded).warnings
        return
    with pytest.raises(ConfigError, match="expected parts of variables' names"):
        read(excluded=excluded)


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("{exept: BatchNormalization, last: 20}", "did you mean except?"),
        ("{lst: 20}", "did you mean last?"),
        ("{layer: [a]}", "did you mean layers?"),
        ("{zebra: 20, last: 3}", "write trainable: {last: 20}"),
    ],
)
def test_keys_that_are_spelled_wrongly(read: Callable[..., Any], said: str, advice: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(said)
    assert advice in [problem["suggestion"] for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("theirs", "is_fetched"),
    [
        ("{alpha: 1.0, include_top: false, weights: null}", False),
        ("{include_top: false, trainable: {last: 3}}", False),
        ("{include_top: false, weights: null, alpha: 0.5}", True),
        ("{weights: null}", True),
    ],
)
def test_which_weights_a_run_brings(tmp_path: Path, theirs: str, is_fetched: bool) -> None:
    def model(arguments: str) -> Any:
        text = CONFIG.replace(
            "{weights: WEIGHTS, include_top: false, pooling: avg, trainable: TRAINABLE}", arguments
        )
        (tmp_path / "c.yaml").write_text(text.replace("EXCLUDED", "null"))
        return read_config(tmp_path / "c.yaml").experiment.model

    ours = model("{include_top: false, pooling: avg, trainable: false}")
    (application, _) = without_weights_of(ours, model(theirs))
    assert application.arguments.get("weights", "imagenet") == ("imagenet" if is_fetched else None)
