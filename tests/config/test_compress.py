"""The section `compress`: what cannot be is said at its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bigmodel_cli.config.compress import Prune
from bigmodel_cli.config.dump import plain
from bigmodel_cli.config.provenance import explain
from bigmodel_cli.errors import ConfigError
from bigmodel_cli.modeling.language import language, read_config

CONFIG = """\
data: {source: digits}
model: [Flatten, {Dense: {units: num_classes, activation: softmax}}]
loss: CategoricalCrossentropy
optimizer: Adam
"""
Read = Callable[..., Any]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def call(*words: str) -> Any:
        path = tmp_path / "c.yaml"
        path.write_text(CONFIG)
        return read_config(path, words)

    return call


@pytest.mark.parametrize(
    ("asked", "num_epochs", "epochs"),
    [
        ({}, 1, (1, 1)),
        ({}, 2, (1, 2)),
        ({}, 4, (2, 4)),
        ({}, 20, (6, 16)),
        ({"from": "epoch 3"}, 4, (3, 4)),
        ({"from": "epoch 4"}, 4, (4, 4)),
        ({"to": "epoch 1"}, 4, (1, 1)),
        ({"from": "epoch 2", "to": "epoch 9"}, 10, (2, 9)),
    ],
)
def test_which_epochs(asked: dict[str, str], num_epochs: int, epochs: tuple[int, int]) -> None:
    assert Prune.model_validate({"sparsity": 0.5, **asked}).epochs(num_epochs) == epochs


@pytest.mark.parametrize(
    ("words", "first"),
    [
        (["compress.quantize=int8"], "epoch 4"),
        (["compress.quantize={}", "training.epochs=20"], "epoch 16"),
        (["compress.quantize=int8", "training.epochs=1"], "epoch 1"),
        (["compress.quantize={from: epoch 2}"], "epoch 2"),
        # How many epochs there are is not known.
        (["compress.quantize=int8", "training.time='5 minutes'"], "epoch 1"),
        (["compress.quantize=int8", "training.callbacks=[{EarlyStopping: {patience: 1}}]"], "epoch 1"),
    ],
)
def test_when_rounding_begins(read: Read, words: list[str], first: str) -> None:
    loaded = read("training.epochs=4", *words)
    decided = loaded.experiment.compression
    assert decided.rounding.begin == first
    assert f"epoch {decided.whole_from}" == first
    # What the run's config has is read as it is.
    assert plain(decided)["quantize"] == {"mode": "int8", "from": first}
    assert not [one for one in loaded.warnings if "start_from_epoch" in one.path]


def test_both_have_to_be_there_for_the_best_epoch(read: Read) -> None:
    words = ("training.epochs=8", "compress.quantize={from: epoch 5}")
    early, late = "{sparsity: 0.5, to: epoch 3}", "{sparsity: 0.5, to: epoch 7}"
    found = [read(*words, f"compress.prune={prune}").experiment.compression for prune in (early, late)]
    assert [compress.whole_from for compress in found] == [5, 7]


@pytest.mark.parametrize(
    ("words", "place", "message"),
    [
        (["compress.prune.sparsity=80"], "compress.prune.sparsity", "expected less than 1, found 80"),
        (["compress.prune.sparsity=0"], "compress.prune.sparsity", "expected more than 0, found 0"),
        (["compress.prune={from: epoch 2}"], "compress.prune.sparsity", "sparsity is missing"),
        (
            ["compress.prune={sparsity: 0.5, from: 2}"],
            "compress.prune.from",
            "expected an epoch such as `epoch 2`, or auto, found 2",
        ),
        (
            ["compress.prune={sparsity: 0.5, from: epoch 3, to: epoch 2}"],
            "compress.prune.from",
            "expected epoch 2, as `to` has it, or an earlier one, found epoch 3",
        ),
        (
            ["compress.prune={sparsity: 0.5, to: epoch 5}", "training.epochs=4"],
            "compress.prune.to",
            "training has 4 epochs, so epoch 5 never begins",
        ),
        (
            ["compress.quantize={from: epoch 5}", "training.epochs=4"],
            "compress.quantize.from",
            "training has 4 epochs, so epoch 5 never begins",
        ),
        (
            ["compress.prune={sparsity: 0.5, from: epoch 1}", "training.time='5 minutes'"],
            "compress.prune.to",
            "to: auto goes by the number of epochs, and training.time decides that late",
        ),
    ],
)
def test_what_cannot_be(read: Read, words: list[str], place: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(*words)
    assert f"{place}: {message}" in str(caught.value)


def test_stopping_before_rounding_is_warned_of(read: Read) -> None:
    stopping = "training.callbacks=[{EarlyStopping: {patience: 1}}]"
    found = read("compress.quantize={from: epoch 3}", "training.epochs=4", stopping).warnings
    (warning,) = [one for one in found if "start_from_epoch" in one.path]
    assert warning.message == (
        "EarlyStopping may end training before epoch 3, which is the first that rounds"
    )
    assert warning.suggestion == "write start_from_epoch: 2"


def test_stopping_before_the_sparsity_is_warned_of(read: Read) -> None:
    words = ("compress.prune.sparsity=0.5", "training.epochs=4")
    stopping = "training.callbacks=[{EarlyStopping: {patience: 1, start_from_epoch: START}}]"

    def of_start(start: int) -> list[Any]:
        found = read(*words, stopping.replace("START", str(start))).warnings
        return [one for one in found if "start_from_epoch" in one.path]

    (warning,) = of_start(1)
    assert warning.message == (
        "EarlyStopping may end training before epoch 4, which is the first with the whole sparsity"
    )
    assert warning.suggestion == "write start_from_epoch: 3"
    assert not of_start(3)


def test_a_section_that_says_nothing(read: Read) -> None:
    (warning,) = [one for one in read("compress={}").warnings if one.path == ("compress",)]
    assert warning.message == "compress has no effect: it says nothing that is to be done"


def test_without_it_configs_are_what_they_were(read: Read) -> None:
    assert "compress" not in plain(read().experiment)


def test_where_a_key_with_another_name_in_python_came_from(read: Read) -> None:
    found = explain(read("compress.prune={sparsity: 0.5}"), "compress.prune.from", language().catalogue)
    assert (found.value, found.doc[:9]) == ("auto", "The epoch")
