"""The JSON Schema, as an editor uses it, refuses what is wrong where it is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from bigmodel_cli.config.json_schema import json_schema
from bigmodel_cli.config.reader import read_text
from bigmodel_cli.config.tree import to_plain
from bigmodel_cli.modeling.language import language

pytestmark = pytest.mark.slow

BASE = """\
data: {source: digits}
model: [Flatten, {Dense: {units: num_classes, activation: softmax}}]
loss: CategoricalCrossentropy
optimizer: Adam
"""
WRONG = {
    "an unknown section": "trainer: {epochs: 3}",
    "an unknown key": "training: {epoch: 3}",
    "a wrong type": "training: {epochs: ten}",
    "out of range": "training: {epochs: 0}",
    "a share over one": "data: {source: digits, validation: 1.5}",
    "an unknown source": "data: {source: mnits}",
    "an unknown option": "data: {source: {npz: {path: a.npz, lables: y}}}",
    "a missing path": "data: {source: {image_folder: {image_size: 8}}}",
    "an unknown layer": "model: [Flaten]",
    "an unknown argument": "model: [{Dense: {unit: 3}}]",
    "a missing argument": "model: [{Dense: {activation: relu}}]",
    "an argument of the wrong type": "model: [{Dense: {units: many}}]",
    "two components in one item": "model: [{Dense: {units: 3}, Flatten: {}}]",
    "an empty model": "model: []",
    "a repeat without times": "model: [{repeat: {layers: [Flatten]}}]",
    "a layer where a block's steps are": "model: [{repeat: {times: 2, layers: Flatten}}]",
    "an unknown loss": "loss: CrossEntropyLoss",
    "a metric as a loss": "loss: F1Score",
    "an unknown optimizer": "optimizer: Adamm",
    "two optimizers": "optimizer: {Adam: {}, SGD: {}}",
    "an unknown schedule": "optimizer: {Adam: {learning_rate: {CosineDcay: {}}}}",
    "an unknown callback": "training: {callbacks: [EarlyStoping]}",
    "an unknown precision": "training: {precision: fp16}",
    "a wrong regularizer": "model: [{Dense: {units: 3, kernel_regularizer: {L3: {}}}}]",
    "a gate that is a number": "expect: {test_accuracy: 0.9}",
}


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    return Draft202012Validator(json_schema(language()))


def document(change: str) -> Any:
    config = to_plain(read_text(BASE, origin="text", folder=Path()))
    return {**config, **to_plain(read_text(change, origin="text", folder=Path()))}


def test_the_base_is_right(validator: Draft202012Validator) -> None:
    assert validator.is_valid(document("{}"))


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_config_fails_where_it_is_wrong(validator: Draft202012Validator, name: str) -> None:
    error = best_match(validator.iter_errors(document(WRONG[name])))
    assert error is not None
    section = WRONG[name].partition(":")[0]
    assert section in (next(iter(error.absolute_path), None), *_unexpected(error.message))


def _unexpected(message: str) -> list[str]:
    """The keys that the validator names where a section itself is unknown."""
    return [word for word in message.split("'")[1::2] if "unexpected" in message]


@pytest.mark.parametrize("required", ["data", "model", "loss", "optimizer"])
def test_a_section_may_be_missing_only_where_another_config_has_it(
    validator: Draft202012Validator, required: str
) -> None:
    config = document("{}")
    del config[required]
    assert not validator.is_valid(config)
    assert validator.is_valid({**config, "extends": "base.yaml"})


def test_sections_components_and_arguments_are_explained(validator: Draft202012Validator) -> None:
    schema = validator.schema
    assert schema["properties"]["seed"]["description"] == "Fixes splits, order, weights and noise."
    layers = schema["$defs"]["layers"]["anyOf"][1]["properties"]
    assert "Conv2D" in layers
    assert layers["Conv2D"]["properties"]["filters"]["description"]
    sources = schema["$defs"]["sources"]["anyOf"][1]["properties"]
    assert sources["image_folder"]["properties"]["path"]["description"]
    blocks = schema["$defs"]["blocks"]["anyOf"][1]["properties"]
    assert blocks["repeat"]["description"]


def test_fractions_and_num_classes_are_numbers(validator: Draft202012Validator) -> None:
    assert validator.is_valid(document("preprocessing: [{Rescaling: {scale: 1/255}}]"))
    assert validator.is_valid(document("data: {source: digits, validation: 1/6}"))
