"""Everything in the catalogue is built from YAML text; every layer runs, is saved and comes back the same."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bigmodel_cli.config.catalogue import Entry, load_catalogue
from bigmodel_cli.config.component_parser import ComponentParser
from bigmodel_cli.config.components import Component, Language
from bigmodel_cli.config.examples import LAYER_EXAMPLES, example
from bigmodel_cli.config.fill import Filler
from bigmodel_cli.config.own_metrics import OWN_METRICS
from bigmodel_cli.config.problems import Problems
from bigmodel_cli.config.reader import read_text
from bigmodel_cli.errors import ConfigError
from bigmodel_cli.modeling.blocks import block_options
from bigmodel_cli.modeling.graph import Graph
from bigmodel_cli.modeling.keras_archive import check_archive
from bigmodel_cli.modeling.objects import Objects

pytestmark = [pytest.mark.tf, pytest.mark.slow]

CATALOGUE = load_catalogue()

# Layers that no step of a model can be, and what the config language or Keras says of each.
CELLS = "a cell runs inside RNN, which gives it states"
CANNOT: dict[str, tuple[str, str]] = {
    **{
        entry.name: (entry.requires_function, "cannot be written in a config")
        for entry in CATALOGUE.entries("layers")
        if entry.requires_function
    },
    "GRUCell": (CELLS, "states"),
    "LSTMCell": (CELLS, "states"),
    "SimpleRNNCell": (CELLS, "states"),
    "StackedRNNCells": (CELLS, "states"),
}
# Keras returns its input as its output, so that it works on batches (augmentation) and in no model.
NO_GRAPH = "Equalization"

# The first pattern that matches a layer's name gives the shape and the kind of its input.
INPUTS: tuple[tuple[str, tuple[int, ...], str], ...] = (
    (r"ConvLSTM1D", (2, 5, 2), "float32"),
    (r"ConvLSTM2D", (2, 5, 5, 2), "float32"),
    (r"ConvLSTM3D", (2, 4, 4, 4, 2), "float32"),
    (r"(Reversible)?Embedding|IntegerLookup|Hashing", (6,), "int32"),
    (r"CategoryEncoding", (4,), "int32"),
    (r"HashedCrossing", (1,), "int32"),
    (r"StringLookup", (2,), "string"),
    (r"TextVectorization", (1,), "string"),
    (r"MelSpectrogram", (512,), "float32"),
    (r"STFTSpectrogram", (512, 1), "float32"),
    (r".*3D(Transpose)?", (5, 5, 5, 4), "float32"),
    (r".*2D(Transpose)?", (8, 8, 4), "float32"),
    (
        r".*1D(Transpose)?|.*(RNN|LSTM|GRU)|Bidirectional|TimeDistributed|Permute|.*Attention",
        (8, 4),
        "float32",
    ),
    (r"Random.*|.*Aug.*|Auto.*|.*Equalization|Solarization", (8, 8, 3), "float32"),
    (r"Resizing|CenterCrop|Pipeline|Rescaling|MaxNumBoundingBoxes", (8, 8, 3), "float32"),
    (r"CutMix|MixUp", (8, 8, 3), "float32"),
    (r".*", (8,), "float32"),
)


def parse(text: str, families: tuple[str, ...]) -> Component:
    """A component as a config's reader would have it.

    Raises:
        ConfigError: With every mistake in it.
    """
    problems = Problems()
    language = Language(CATALOGUE, {"sources": {}, "blocks": block_options()})
    parser: ComponentParser = Filler(language, problems).components
    component = parser.parse(read_text(text, origin="c.yaml", folder=Path()), families, ("model", 0))
    problems.raise_if_any()
    assert component is not None
    return component


def batch(name: str) -> np.ndarray:
    """Two examples of what a layer takes."""
    shape, dtype = next((shape, dtype) for pattern, shape, dtype in INPUTS if re.fullmatch(pattern, name))
    random = np.random.default_rng(0)
    if dtype == "string":
        return np.resize(np.array(["cat", "dog", "bird"], dtype=object), (2, *shape))
    if dtype == "int32":
        return random.integers(0, 9, (2, *shape)).astype("int32")
    scale = 255 if shape == (8, 8, 3) else 1
    return (random.random((2, *shape)) * scale).astype("float32")


def build(component: Component, features: np.ndarray) -> Any:
    """A functional model with the component as its one step; `stem` is a second tensor like the input."""
    import keras

    dtype = "string" if features.dtype == object else str(features.dtype)
    inputs = keras.Input(features.shape[1:], dtype=dtype)
    graph = Graph(Objects({"num_classes": 3}), {}, {"input": inputs, "stem": inputs})
    return keras.Model(inputs, graph.extend([component], inputs))


def outputs(model: Any, features: np.ndarray) -> list[np.ndarray]:
    import keras
    import tensorflow as tf

    batch_of_text = tf.constant(features.tolist()) if features.dtype == object else features
    result = model(batch_of_text, training=False)
    return [keras.ops.convert_to_numpy(tensor) for tensor in keras.tree.flatten(result)]


LAYERS = [entry for entry in CATALOGUE.entries("layers") if entry.name not in {*CANNOT, NO_GRAPH}]


@pytest.mark.parametrize("entry", LAYERS, ids=lambda entry: entry.name)
def test_layer_runs_and_comes_back_from_its_file(entry: Entry, tmp_path: Path) -> None:
    import keras

    features = batch(entry.name)
    model = build(parse(example(entry), ("layers",)), features)
    before = outputs(model, features)
    model.save(tmp_path / "model.keras")
    check_archive(tmp_path / "model.keras")
    after = outputs(keras.models.load_model(tmp_path / "model.keras"), features)
    assert len(before) == len(after) >= 1
    for ours, theirs in zip(before, after, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("name", sorted(CANNOT))
def test_layer_that_cannot_be_a_step_still_cannot(name: str) -> None:
    reason, words = CANNOT[name]
    assert reason
    with pytest.raises(ConfigError, match=words) as caught:
        build(parse(LAYER_EXAMPLES.get(name, name), ("layers",)), batch(name))
    assert "c.yaml:1:1" in str(caught.value)


def test_equalization_works_on_batches_and_in_no_graph() -> None:
    features = batch(NO_GRAPH)
    component = parse(NO_GRAPH, ("layers",))
    assert Objects({}).make(component)(features, training=True).shape == features.shape
    with pytest.raises(ValueError, match="part of a cycle"):
        build(component, features)


@pytest.mark.parametrize("name", [name for name, (reason, _) in CANNOT.items() if reason == CELLS])
def test_cell_runs_inside_rnn(name: str) -> None:
    features = batch("RNN")
    model = build(parse(f"RNN: {{cell: {{{LAYER_EXAMPLES[name]}}}}}", ("layers",)), features)
    assert outputs(model, features)[0].shape == (2, 16 if name == "StackedRNNCells" else 32)


@pytest.mark.parametrize("entry", LAYERS, ids=lambda entry: entry.name)
def test_layer_takes_the_arguments_of_all_layers(entry: Entry) -> None:
    """What the catalogue says of `name`, `trainable` and `autocast` is true of every layer that has them."""
    given = {"name": "mine", "trainable": False, "autocast": False}
    fixed = {key: value for key, value in given.items() if key in entry.parameters}
    layer = Objects({"num_classes": 3}).make(parse(example(entry), ("layers",)), **fixed)
    assert {key: getattr(layer, key) for key in fixed} == fixed
    assert "name" in fixed


def _others() -> list[Any]:
    families = (
        "optimizers",
        "schedules",
        "losses",
        "metrics",
        "initializers",
        "regularizers",
        "constraints",
        "callbacks",
    )
    entries = [entry for family in families for entry in CATALOGUE.entries(family)]
    return [
        pytest.param(entry, id=f"{entry.family}-{entry.name}")
        for entry in entries
        if not entry.requires_function
    ]


@pytest.mark.parametrize("entry", _others())
def test_component_of_every_other_family_is_made(entry: Entry) -> None:
    component = parse(example(entry), (entry.family,))
    if entry.name == "OrbaxCheckpoint":
        pytest.importorskip("orbax.checkpoint", reason="OrbaxCheckpoint needs orbax-checkpoint")
    made = Objects({"num_classes": 3}).make(component)
    assert type(made).__name__ == entry.name
    for key, value in component.arguments.items():
        if isinstance(value, float | str) and hasattr(made, key) and entry.family in ("schedules", "losses"):
            assert getattr(made, key) == pytest.approx(value)


@pytest.mark.parametrize(
    "family",
    ["optimizers", "losses", "metrics", "initializers", "regularizers", "constraints", "activations"],
)
def test_short_strings_are_what_keras_takes(family: str) -> None:
    import keras

    # These stand for others of Keras's, or are ours.
    ours = {"acc", "ce", "crossentropy", *OWN_METRICS}
    identifiers = {k for k in CATALOGUE.identifiers(family) if k not in ours}
    for identifier in sorted(identifiers):
        assert getattr(keras, family).get(identifier) is not None, identifier


@pytest.mark.parametrize(
    "entry", [e for e in CATALOGUE.entries("layers") if e.requires_function], ids=lambda e: e.name
)
def test_no_example_of_what_cannot_be_written(entry: Entry) -> None:
    with pytest.raises(ValueError, match="cannot be written in a config"):
        example(entry)
