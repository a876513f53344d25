"""Only plain ASCII notation is a number wherever text of users is read: options, overrides, gates."""

from __future__ import annotations

import math

import pytest

from bigmodel_cli.cluster.environment import is_slurm_step, split_address
from bigmodel_cli.config.components import as_fraction
from bigmodel_cli.config.devices import parse_device
from bigmodel_cli.config.phrases import parse_gate
from bigmodel_cli.config.scalars import plain_scalar
from bigmodel_cli.config.spelling import as_yaml
from bigmodel_cli.gates import parse_fail_under
from bigmodel_cli.plain_numbers import plain_integer, plain_number

# What Python's `int` and `float` take, and no person means by it.
WIDE = "１２"
NO_NUMBERS = (
    "1_0",
    WIDE,
    "٣",
    " 1",
    "1\n",
    "",
    "-",
    "0x10",
    "1e",
    "nan",
    "NaN",
    "inf",
    "infinity",
    "-Infinity",
    "²",
    "½",
)


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_what_is_no_number(text):
    assert plain_integer(text) is None
    assert plain_number(text) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("12", 12),
        ("-3", -3),
        ("+3", 3),
        ("007", 7),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1.", 1),
        ("1E1", 10),
        ("1e-3", 0.001),
    ],
)
def test_what_is_one(text, number):
    assert plain_number(text) == number
    assert plain_integer(text) == (number if text.lstrip("+-").isdigit() else None)


@pytest.mark.parametrize("text", ["9" * 5000, "1e999"])
def test_enormous_numbers_are_no_crash(text):
    assert plain_integer(text) is None
    assert math.isinf(plain_number(text))


@pytest.mark.parametrize(
    "words",
    [
        ("predict", "x.png", "--top", "1_0"),
        ("predict", "x.png", "--top", WIDE),
        ("explain", "x.png", "--top", "٣"),
        ("data", "c.yaml", "--max-examples", "1_000"),
        ("data", "pack", "c.yaml", "--shards", "1_0"),
        ("runs", "ls", "--limit", WIDE),
        ("runs", "rm", "x", "--keep-best", "1_0"),
        ("launch", "--workers", "1_0", "--", "train", "c.yaml"),
        ("train", "c.yaml", "--start-timeout", "1_0"),
        ("train", "c.yaml", "--start-timeout", "nan"),
        ("train", "c.yaml", "--start-timeout", "infinity"),
        ("train", "c.yaml", "--start-timeout", "１.５"),
    ],
)
def test_options(bigmodel, words):
    refused = bigmodel(*words)
    assert refused.code == 2
    assert (
        f"{'expected a number' if words[0] == 'train' else 'expected a whole number'}, found" in refused.err
    )


@pytest.mark.parametrize(
    "override",
    [
        "training.epochs=1_0",
        f"training.epochs={WIDE}",
        "training.epochs=infinity",
        "data.batch_size='1_0'",
        "data.validation=.1_0",
        "seed=٣",
        "optimizer.Adam.learning_rate=1_0e-3",
        "optimizer.Adam.learning_rate=nan",
        "optimizer.Adam.learning_rate=１/３",
        "model.1.Dense.units=1_0",
        f"model.１.Dense.units={WIDE}",
        "data.source={synthetic: {num_examples: '1_00'}}",
        "data.source={synthetic: {shape: ['1_0', 1]}}",
        "data.source={synthetic: {num_classes: '１２'}}",
        "data.source={image_folder: {path: x, image_size: ['3_2', 32]}}",
        "data.source={image_folder: {path: x, image_size: ['32', '３２']}}",
        "training.checkpoint.every='1_0 steps'",
        "training.device='gpu:１'",
        "expect.test_accuracy='>= 1_0'",
        "expect.test_accuracy='>= ０.９'",
        "expect.test_accuracy='>= nan'",
    ],
)
def test_overrides(bigmodel, tmp_path, override):
    path = tmp_path / "c.yaml"
    path.write_text(
        "data: {source: digits}\nmodel: [Flatten, {Dense: {units: num_classes, activation: softmax}}]\n"
        "loss: CategoricalCrossentropy\noptimizer: {Adam: {learning_rate: 0.001}}\n"
    )
    refused = bigmodel("check", path, override)
    assert refused.code == 2 and "a failure inside" not in refused.err


def test_gates():
    for bound in NO_NUMBERS:
        # Space around a number is none of it.
        if bound.strip() != "1":
            with pytest.raises(ValueError):
                parse_gate(f">= {bound}")
            with pytest.raises(Exception, match="expected METRIC=VALUE"):
                parse_fail_under([f"accuracy={bound}"])


@pytest.mark.parametrize("text", [WIDE, "1_0", "٣", "１.５", "1_0e1"])
def test_scalars_of_the_config(text):
    assert plain_scalar(text) == text


def test_a_hint_writes_digits_as_yaml_has_them():
    assert as_yaml(WIDE, ["integer"]) == "12"
    assert as_yaml("٣", ["number"]) == "3"
    assert as_yaml("1_000", ["integer"]) == "1000"


def test_other_text():
    assert as_fraction("１/３") is None and as_fraction("1/4") == 0.25
    for address in ("a:１２", "a:1_0", "a:"):
        with pytest.raises(ValueError):
            split_address(address)
    with pytest.raises(ValueError):
        parse_device("gpu:1,１")
    assert not is_slurm_step({"SLURM_PROCID": "0", "SLURM_STEP_NUM_TASKS": "1_0"})


def test_a_key_that_is_no_place_in_a_list(bigmodel, tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text(
        "data: {source: digits}\nmodel: [Flatten, {Dense: {units: num_classes, activation: softmax}}]\n"
        "loss: CategoricalCrossentropy\noptimizer: Adam\n"
    )
    refused = bigmodel("show", path, "--why", "model.²")
    assert refused.code == 2 and "a failure inside" not in refused.err
