"""`bigmodel list`: families, names, and one name with its arguments; needs no TensorFlow."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

FAMILIES = {
    "sources": "synthetic",
    "layers": "Conv2D",
    "applications": "MobileNetV2",
    "blocks": "residual",
    "encodings": "impute",
    "augmentations": "time_shift",
    "trackers": "mlflow",
    "losses": "MeanSquaredError",
    "optimizers": "AdamW",
    "schedules": "CosineDecay",
    "metrics": "F1Score",
    "callbacks": "EarlyStopping",
    "initializers": "GlorotUniform",
    "regularizers": "L2",
    "constraints": "MaxNorm",
    "activations": "relu",
    "configs": "mnist_mlp",
}


def test_families(bigmodel):
    document = bigmodel("list", "--json").json
    assert [entry["family"] for entry in document] == list(FAMILIES)
    assert all(entry["names"] > 0 and entry["doc"] for entry in document)
    shown = bigmodel("list")
    assert shown.code == 0 and "bigmodel list layers Conv2D" in shown.err
    assert all(f"{entry['family']} " in shown.out for entry in document)


@pytest.mark.parametrize(("family", "name"), FAMILIES.items())
def test_names(bigmodel, family, name):
    outcome = bigmodel("list", family, "--json")
    assert (outcome.code, outcome.err) == (0, "")
    names = [entry["name"] for entry in outcome.json]
    assert name in names and len(set(names)) == len(names)
    assert name in bigmodel("list", family).out


@pytest.mark.parametrize(("family", "name"), list(FAMILIES.items())[:-2])
def test_one_name(bigmodel, family, name):
    document = bigmodel("list", family, name, "--json").json
    assert (document["family"], document["name"]) == (family, name)
    assert document["doc"] and name in document["example"]
    shown = bigmodel("list", family, name).out
    assert shown.startswith(f"{name} ({family})\n  {document['doc']}\n")
    assert f"example:\n  {document['example']}\n" in shown
    for argument in document["arguments"]:
        assert argument["name"] in shown


def test_configs_that_come_with_it_have_results_and_times(bigmodel):
    outcome = bigmodel("list", "configs")
    assert outcome.code == 0 and "bigmodel init --config mnist -o mnist.yaml" in outcome.err
    found = {entry["name"]: entry for entry in bigmodel("list", "config", "--json").json}
    assert {"digits", "mnist", "photos", "regression", "vgg16"} <= set(found)
    assert found["mnist_mlp"]["doc"] == "The dense network of the textbooks on MNIST, to the letter."
    assert re.match(r"97\.\d+ % test accuracy; .* s on 2 cores", found["mnist_mlp"]["result"])
    assert found["resnet_cifar10"]["result"].startswith("274,049 parameters. Not trained here")
    assert all(entry["result"] for entry in found.values())
    text = bigmodel("list", "configs", "mnist_mlp").out
    assert text == (Path(__file__).parents[2] / "configs" / "mnist_mlp.yaml").read_text()
    assert "did you mean digits?" in bigmodel("list", "configs", "digit").err


def test_arguments_with_kinds_and_defaults(bigmodel):
    arguments = {a["name"]: a for a in bigmodel("list", "layer", "Dense", "--json").json["arguments"]}
    assert arguments["units"]["default"] == "required" and "integer" in arguments["units"]["takes"]
    assert arguments["use_bias"]["default"] == "true"
    assert arguments["kernel_initializer"]["default"] == '"glorot_uniform"'


def test_metrics_of_ours_are_listed_and_shown(bigmodel):
    shown = {entry["name"]: entry["doc"] for entry in bigmodel("list", "metrics", "--json").json}
    assert {"span_f1", "word_error_rate", "bits_per_byte", "perplexity", "mrr"} <= set(shown)
    assert shown["recall@20"] == "Share of the items taken that are among the best 20 of all."
    outcome = bigmodel("list", "metrics", "ndcg@10")
    assert outcome.out.startswith("ndcg@10 (metrics)\n") and "example:\n  metrics: [ndcg@10]" in outcome.out
    assert "did you mean recall@20?" in bigmodel("list", "metrics", "recal@20").err


def test_an_activation_can_be_shown(bigmodel):
    assert bigmodel("list", "activations", "relu").code == 0


def test_what_needs_code_says_so(bigmodel):
    document = bigmodel("list", "callbacks", "LearningRateScheduler", "--json").json
    assert "function" in document["doc"] and document["example"] is None


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["layerz"], ("there is no family 'layerz' of names", "did you mean layers?")),
        (["things"], ("there is no family 'things'", "families: sources, layers")),
        (["layers", "Conv2"], ("there is no 'Conv2' among layers", "did you mean Conv2D?")),
        (["layers", "AdamW"], ("there is no 'AdamW' among layers", "bigmodel list optimizers AdamW")),
        (["sources", "zzz"], ("there is no 'zzz' among sources", "bigmodel list sources shows all of them")),
    ],
)
def test_what_there_is_not(refuses, words, says):
    refuses(2, "list", *words, says=says)
