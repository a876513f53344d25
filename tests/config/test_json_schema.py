"""The JSON Schema knows every name of the language: each one's own example is valid under it."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest

from bigmodel_cli.config.catalogue import load_catalogue
from bigmodel_cli.config.examples import example
from bigmodel_cli.config.json_schema import json_schema
from bigmodel_cli.config.reader import read_text
from bigmodel_cli.config.tree import to_plain
from bigmodel_cli.modeling.language import language

pytestmark = pytest.mark.slow

SECTION = {
    "layers": "model: [{EXAMPLE}]",
    "applications": "model: [{EXAMPLE}]",
    "losses": "loss: {EXAMPLE}",
    "optimizers": "optimizer: {EXAMPLE}",
    "schedules": "optimizer: {SGD: {learning_rate: {EXAMPLE}}}",
    "metrics": "metrics: [{EXAMPLE}]",
    "callbacks": "training: {callbacks: [{EXAMPLE}]}",
    "initializers": "model: [{Dense: {units: 1, kernel_initializer: {EXAMPLE}}}]",
    "regularizers": "model: [{Dense: {units: 1, kernel_regularizer: {EXAMPLE}}}]",
    "constraints": "model: [{Dense: {units: 1, kernel_constraint: {EXAMPLE}}}]",
}
BASE = "data: {source: digits}\nmodel: [Flatten]\nloss: MeanSquaredError\noptimizer: Adam\n"


@pytest.fixture(scope="module")
def validator():
    schema = json_schema(language())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def plain(text):
    return to_plain(read_text(text, origin="text", folder=Path()))


def problems(validator, text):
    return [error.message for error in validator.iter_errors({**plain(BASE), **plain(text)})]


@pytest.mark.parametrize("family", SECTION)
def test_every_example_of_keras_is_valid(validator, family):
    for entry in load_catalogue().entries(family):
        if entry.requires_function:
            continue
        text = example(entry)
        written = f"{{{text}}}" if ": " in text else text
        assert problems(validator, SECTION[family].replace("{EXAMPLE}", written)) == [], text


@pytest.mark.parametrize("family", ["sources", "blocks"])
def test_every_example_of_ours_is_valid(validator, family):
    section = "data: {source: EXAMPLE}" if family == "sources" else "model: [EXAMPLE]"
    for model in language().own[family].values():
        written = (
            model.example
            if model.example.startswith("{") or ": " not in model.example
            else f"{{{model.example}}}"
        )
        assert problems(validator, section.replace("EXAMPLE", written)) == [], written


@pytest.mark.parametrize("device", ["auto", "cpu", "gpu", "gpu:1"])
def test_devices(validator, device):
    assert problems(validator, f"training: {{device: '{device}'}}") == []


@pytest.mark.parametrize("device", ["tpu9", "gpu:", "GPU", "cuda:0"])
def test_what_is_no_device(validator, device):
    assert problems(validator, f"training: {{device: '{device}'}}")
