"""`value_range` follows from the preprocessing, or is an error with its line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bigmodel_cli.config.catalogue import load_catalogue
from bigmodel_cli.config.facts import DataFacts, facts_of
from bigmodel_cli.config.load import LoadedConfig
from bigmodel_cli.config.value_ranges import takes_range, usual, with_value_ranges
from bigmodel_cli.errors import ConfigError
from bigmodel_cli.modeling.language import read_config

CONFIG = """\
data: {source: digits}
preprocessing: PREPROCESSING
augmentation: [AUGMENTATION]
model: [Flatten, {Dense: {units: num_classes, activation: softmax}}]
loss: CategoricalCrossentropy
optimizer: Adam
"""
ONE = "[{Rescaling: {scale: 1/255}}]"
AROUND_ZERO = "[{Rescaling: {scale: 1/127.5, offset: -1}}]"
LAYERS = [entry.name for entry in load_catalogue().entries("layers") if "value_range" in entry.parameters]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)

    def _load(preprocessing: str, augmentation: str, *words: str) -> LoadedConfig:
        text = CONFIG.replace("PREPROCESSING", preprocessing).replace("AUGMENTATION", augmentation)
        Path("c.yaml").write_text(text, "utf-8")
        return read_config(Path("c.yaml"), words)

    return _load


def filled(config: LoadedConfig, facts: DataFacts | None = None) -> list[Any]:
    experiment = with_value_ranges(config.experiment, facts or facts_of(config.experiment))
    layers = [*experiment.preprocessing, *experiment.augmentation]
    return [layer.arguments["value_range"] for layer in layers if takes_range(layer)]


def test_the_layers_are_those_of_the_issue_and_more() -> None:
    named = {"RandomBrightness", "RandomColorJitter", "AugMix", "AutoContrast", "Solarization"}
    named |= {
        "RandomPosterization",
        "RandomInvert",
        "RandomErasing",
        "RandAugment",
        "Equalization",
        "RandomHue",
    }
    assert named <= set(LAYERS)
    assert len(LAYERS) >= 17


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_gets_what_arrives(load: Any, name: str) -> None:
    required = "{factor: 0.2}" if name in ("RandomBrightness", "RandomContrast", "RandomHue") else "{}"
    if name in ("RandomPosterization", "RandomColorDegeneration", "RandomSaturation", "RandomSharpness"):
        required = "{factor: 1}"
    layer = f"{{{name}: {required}}}"
    assert filled(load(ONE, layer)) == [[0, 1]]
    assert filled(load("[]", layer)) == [[0, 255]]
    assert filled(load(AROUND_ZERO, layer)) == [[-1, 1]]


@pytest.mark.parametrize(
    ("preprocessing", "expected"),
    [
        ("[{Resizing: {height: 8, width: 8}}, {Rescaling: {scale: 1/255}}]", [0, 1]),
        ("[{Rescaling: {scale: 1/255}}, {Rescaling: {scale: 2, offset: -1}}]", [-1, 1]),
        ("[{Rescaling: {scale: -1/255, offset: 1}}]", [0, 1]),
        ("[{Rescaling: {scale: [1/255, 2/255, 1/255]}}]", [0, 2]),
        ("[{Rescaling: {scale: 1/256}}]", [0, 0.996094]),
        ("[{Rescaling: {scale: 1/255, offset: 1}}, {ZeroPadding2D: {padding: 1}}]", [0, 2]),
    ],
)
def test_ranges_go_through_layers(load: Any, preprocessing: str, expected: list[float]) -> None:
    assert filled(load(preprocessing, "{RandomBrightness: {factor: 0.1}}")) == [expected]


def test_what_is_written_decides_for_the_next_layer(load: Any) -> None:
    two = "{RandomBrightness: {factor: 0.1, value_range: [-0.01, 1.01]}}, RandomInvert"
    assert filled(load(ONE, two)) == [[-0.01, 1.01], [-0.01, 1.01]]


@pytest.mark.parametrize(
    ("preprocessing", "written", "arrives"),
    [
        (ONE, "[0, 255]", "[0, 1]"),
        ("[]", "[0, 1]", "[0, 255]"),
        (AROUND_ZERO, "[0, 1]", "[-1, 1]"),
        (AROUND_ZERO, "[0, 255]", "[-1, 1]"),
        ("[]", "[-1, 1]", "[0, 255]"),
    ],
)
@pytest.mark.parametrize("name", ["RandomInvert", "AutoContrast", "RandomErasing", "AugMix"])
def test_another_range_is_an_error_with_its_line(
    load: Any, preprocessing: str, written: str, arrives: str, name: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(preprocessing, f"{{{name}: {{value_range: {written}}}}}")
    (problem,) = caught.value.problems
    assert (problem["path"], problem["line"]) == (f"augmentation.0.{name}.value_range", 3)
    assert problem["message"] == f"{name} clips to {written}, but the values that arrive lie in {arrives}"
    assert "follows from the preprocessing" in problem["suggestion"]


def test_behind_normalization_the_range_has_to_be_written(load: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        load("[Normalization]", "{RandomBrightness: {factor: 0.1}}")
    (problem,) = caught.value.problems
    assert problem["path"] == "augmentation.0.RandomBrightness"
    assert "what Normalization passes on lies elsewhere" in problem["message"]
    assert load("[Normalization]", "{RandomBrightness: {factor: 0.1, value_range: [-2, 3]}}").warnings == ()


def test_a_layer_that_is_wrong_below_zero_is_said(load: Any) -> None:
    (warning,) = load(AROUND_ZERO, "RandomInvert").warnings
    assert "wrong where values do not begin at 0" in warning.message
    assert load(AROUND_ZERO, "{RandomBrightness: {factor: 0.1}}").warnings == ()
    assert load(ONE, "RandomInvert").warnings == ()


def test_floats_are_known_once_they_are_loaded(load: Any) -> None:
    words = ("data.source={npz: {path: x.npz}}",)
    config = load("[]", "{RandomInvert: {value_range: [0, 255]}}", *words)
    assert config.warnings == ()
    facts = replace(facts_of(config.experiment), value_range=(0.01, 0.98))
    with pytest.raises(ConfigError, match=r"arrive lie in \[0, 1\]"):
        config.check_again(facts)
    assert filled(load("[]", "RandomInvert", *words), facts) == [[0, 1]]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((0.02, 0.97), (0, 1)),
        ((-0.9, 0.4), (-1, 1)),
        ((3, 250), (0, 255)),
        ((-2.1, 2.6), (-2.1, 2.6)),
        (None, None),
    ],
)
def test_what_real_values_stand_for(values: Any, expected: Any) -> None:
    assert usual(values) == expected


def test_what_a_run_was_trained_with_stays_valid(load: Any) -> None:
    with pytest.raises(ConfigError):
        load(ONE, "{RandomInvert: {value_range: [0, 255]}}")
    config = read_config(Path("c.yaml"), was_trained=True)
    assert config.experiment.augmentation[0].arguments == {"value_range": [0, 255]}
    with pytest.raises(ConfigError, match="nothing produces 'test_acc'"):
        read_config(Path("c.yaml"), ['expect={test_acc: ">= 0.9"}'], was_trained=True)


def test_train_and_show_fit_the_config_to_the_data(load: Any, tmp_path: Path) -> None:
    from bigmodel_cli.inference.run_data import load_splits
    from bigmodel_cli.listener import Silent
    from bigmodel_cli.training.known_data import fit_to_data

    np.savez(tmp_path / "x.npz", x=np.linspace(0, 1, 400).reshape(100, 2, 2), y=np.arange(100) % 3)
    words = ("data.source={npz: {path: x.npz}}", "data.batch_size=300")
    config = load("[]", "RandomInvert", *words)
    assert config.warnings == ()
    said: list[str] = []
    splits = load_splits(config.experiment, Silent(), offline=True)
    experiment = fit_to_data(config, splits, said.append)
    assert experiment.augmentation[0].arguments == {"value_range": [0, 1]}
    # 100 examples, of which a tenth is held out twice.
    (warning,) = said
    assert "a batch of 300 is larger than the training split (80 examples)" in warning
    assert "command line: data.batch_size=300" in warning
    strict = read_config(Path("c.yaml"), words, strict=True)
    with pytest.raises(ConfigError, match="larger than the training split"):
        fit_to_data(strict, splits, said.append)
