"""`bigmodel schema`: a valid JSON Schema that takes good configs and refuses bad ones."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
import yaml

from bigmodel_cli.config.json_schema import json_schema
from bigmodel_cli.modeling.language import language

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def validator():
    return jsonschema.Draft202012Validator(json_schema(language()))


def test_it_is_a_schema(bigmodel, validator):
    outcome = bigmodel("schema")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.json == validator.schema
    jsonschema.Draft202012Validator.check_schema(outcome.json)
    assert bigmodel("schema", "--json").out == outcome.out


def test_it_takes_no_argument(refuses):
    refuses(2, "schema", "x", says=("unexpected extra argument",))


def test_the_tiny_config_is_valid(validator, tiny):
    config = yaml.safe_load(Path(tiny).read_text())
    assert not list(validator.iter_errors(config))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("training:", "trainig:"),
        ("Flatten", "Flaten"),
        ("units: 16", "unit: 16"),
        ("units: 16", "units: many"),
        ("loss: Cat", "loss: Kat"),
        ("Adam", "Adan"),
        ("synthetic", "synthetik"),
        ("epochs: 2", "epochs: 0"),
        ("epochs: 2", "device: tpu9"),
        ("size: 16", "size: -1"),
        ("batch_size: 16", "validation: 1.5"),
    ],
)
def test_what_check_refuses_it_refuses(validator, bigmodel, changed, old, new):
    path = changed(old, new)
    assert bigmodel("check", path).code == 2
    config = yaml.safe_load(Path(path).read_text())
    assert list(validator.iter_errors(config))
