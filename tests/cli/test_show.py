"""`bigmodel show`: the resolved config, the layers and the sizes, without training."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = pytest.mark.tf


def test_what_a_person_sees(bigmodel, tiny):
    outcome = bigmodel("show", tiny, "training.epochs=5", "training.checkpoint.keep=3")
    assert outcome.code == 0
    assert "epochs: 5" in outcome.out and "validation: 0.1" in outcome.out
    assert outcome.out.startswith("name: tiny\nseed: 0\n")
    layers = {line.split()[0]: line.split() for line in outcome.out.splitlines() if "(None, " in line}
    assert layers["flatten"][1:] == ["Flatten", "(None,", "36)", "0", "tiny.yaml:8"]
    assert layers["dense"][1:] == ["Dense", "(None,", "16)", "592", "yes", "tiny.yaml:9"]
    numbers = dict(line.split(maxsplit=1) for line in outcome.out.splitlines()[-6:])
    assert numbers["parameters"] == "643"
    assert numbers["splits"] == "96 train, 12 validation, 12 test"
    assert numbers["steps"] == "6 per epoch, 30 in all"
    assert "each; 5 kept, " in numbers["checkpoints"]
    assert numbers["device"].startswith("cpu (") and numbers["device"].endswith(", float32")
    expected = "bigmodel train tiny.yaml training.epochs=5 training.checkpoint.keep=3"
    assert outcome.err == f"\nnext:\n  {expected}\n"
    assert not Path("runs").exists()


def test_what_a_script_gets(bigmodel, tiny):
    document = bigmodel("show", tiny, "--json").json
    assert document["parameters"] == 643 == sum(layer["parameters"] for layer in document["layers"])
    assert document["config"]["training"]["epochs"] == 2
    assert document["splits"] == {"train": 96, "validation": 12, "test": 12}
    # float32 weights, their gradients, Adam's two moments, its step count and learning rate.
    assert document["weight_bytes"] == pytest.approx(4 * 643 * 4, abs=100)
    assert document["checkpoint_bytes"] == pytest.approx(3 * 643 * 4, abs=100)
    assert document["layers"][-1] == {
        "name": "dense_1",
        "kind": "Dense",
        "shape": "(None, 3)",
        "parameters": 51,
        "place": "tiny.yaml:10",
        "learns": "yes",
    }


def test_the_shown_config_is_a_config(bigmodel, tiny, write):
    shown = bigmodel("show", tiny).out
    write(shown[: shown.index("\n\n")], "shown.yaml")
    outcome = bigmodel("check", "shown.yaml")
    assert outcome.code == 0, outcome.err


def test_frozen_parameters(bigmodel, tiny):
    words = ["model.1.Dense.trainable=false", "--json"]
    document = bigmodel("show", tiny, *words).json
    assert document["frozen_parameters"] == 592
    assert ", 592 of them frozen" in bigmodel("show", tiny, words[0]).out


@pytest.mark.tf
def test_a_batch_size_that_is_still_to_be_measured(bigmodel, tiny):
    outcome = bigmodel("show", tiny, "--plan", "data.batch_size=auto")
    assert (
        "12 per epoch, 24 in all, if the batch size turns out to be 8; training measures it first"
        in outcome.out
    )
    assert bigmodel("show", tiny, "--json", "data.batch_size=auto").json["batch_size"] == 8


def test_applications_are_opened_and_it_is_said_what_learns(bigmodel, write):
    config = write(
        "data: {source: {synthetic: {shape: [128, 128, 3], num_classes: 3, num_examples: 40}}}\n"
        "preprocessing: [Normalization]\n"
        "model:\n"
        "  - MobileNet: {alpha: 0.25, include_top: false, weights: null, trainable: [conv_pw_13]}\n"
        "  - GlobalAveragePooling2D\n"
        "  - Dense: {units: num_classes, activation: softmax}\n"
        "loss: CategoricalCrossentropy\n"
        "optimizer: Adam\n"
    )
    outcome = bigmodel("show", config, "--model")
    rows = {line.split()[0]: line for line in outcome.out.splitlines() if "(None, " in line}
    assert " in part " in rows["mobilenet_0.25_128"] and "c.yaml:4" in rows["mobilenet_0.25_128"]
    assert " frozen" in rows["conv_pw_12"] and " yes" in rows["conv_pw_13"]
    assert " frozen" in rows["conv_pw_13_bn"] and " adapted " in rows["normalization"]
    assert "  conv_pw_13 " in outcome.out
    closed = bigmodel("show", config).out
    assert "conv_pw_13 " not in closed.split("learns")[1] and "mobilenet_0.25_128" in closed
    document = bigmodel("show", config, "--json").json
    (application,) = [layer for layer in document["layers"] if "inside" in layer]
    assert [row["learns"] for row in application["inside"]].count("yes") == 1
    assert document["frozen_parameters"] == application["parameters"] - 256 * 256


def test_what_is_searched(bigmodel, tiny):
    words = ("tune.space.model.1.Dense.units={integer: [8, 16], step: 4}", "tune.trials=3")
    outcome = bigmodel("show", tiny, *words)
    assert outcome.code == 0
    *_, line = [line for line in outcome.out.splitlines() if line.startswith("search ")]
    assert line.split(maxsplit=1)[1] == "1 key, 3 combinations; 3 trials compared by val_accuracy"
    (row,) = [
        line for line in outcome.out.splitlines() if "model.1.Dense.units" in line and "step: 4}" in line
    ]
    assert row.split()[0] == "model.1.Dense.units" and row.split()[-1] == "3"
    assert outcome.err.splitlines()[-1].startswith("  bigmodel tune tiny.yaml ")
    assert bigmodel("show", tiny, *words, "--json").json["tune"]["combinations"] == 3
