"""The catalogue: current, quick, and right about what people write most."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from bigmodel_cli.config.catalogue import Catalogue, Entry, Parameter, load_catalogue
from bigmodel_cli.config.examples import example
from bigmodel_cli.config.reader import read_text
from bigmodel_cli.config.synonyms import SYNONYMS
from bigmodel_cli.modeling.augmentations import augmentation_options
from bigmodel_cli.modeling.blocks import block_options

ROOT = Path(__file__).parents[2]
FILE = ROOT / "src" / "bigmodel_cli" / "config" / "catalogue.json"
FAMILIES = (
    "layers",
    "optimizers",
    "schedules",
    "losses",
    "metrics",
    "initializers",
    "regularizers",
    "constraints",
    "callbacks",
    "applications",
    "activations",
)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def parameter(catalogue: Catalogue, family: str, owner: str, name: str) -> Parameter:
    entry = catalogue.entry(family, owner)
    assert entry is not None
    return entry.parameters[name]


def every_entry(catalogue: Catalogue) -> list[Entry]:
    return [entry for family in catalogue.families for entry in catalogue.entries(family)]


def test_families_are_the_documented_ones(catalogue: Catalogue) -> None:
    assert catalogue.families == FAMILIES


def test_entries_that_everybody_uses(catalogue: Catalogue) -> None:
    dense = catalogue.entry("layers", "Dense")
    assert dense is not None
    assert list(dense.parameters)[:3] == ["units", "activation", "use_bias"]
    assert {"name", "dtype", "trainable"} <= set(dense.parameters)
    assert dense.doc == "Just your regular densely-connected NN layer."
    units = dense.parameters["units"]
    assert (units.required, units.accepts, units.default) == (True, ("integer",), None)
    assert units.doc == "Positive integer, dimensionality of the output space."
    activation = dense.parameters["activation"]
    assert (activation.required, activation.families) == (False, ("activations", "layers"))


@pytest.mark.parametrize(
    ("family", "owner", "name", "accepts"),
    [
        ("layers", "Conv2D", "kernel_size", {"integer", "list"}),
        ("layers", "Conv2D", "strides", {"integer", "list"}),
        ("layers", "MaxPooling1D", "strides", {"integer", "list", "null"}),
        ("layers", "Dropout", "rate", {"number"}),
        ("layers", "Dense", "use_bias", {"boolean"}),
        ("layers", "Dense", "kernel_initializer", {"component", "null"}),
        ("layers", "RandomRotation", "factor", {"number", "list"}),
        ("layers", "Rescaling", "scale", {"number", "list"}),
        ("layers", "Dense", "name", {"string", "null"}),
        ("optimizers", "Adam", "learning_rate", {"number", "component"}),
        ("optimizers", "AdamW", "weight_decay", {"number"}),
        ("callbacks", "EarlyStopping", "verbose", {"integer", "boolean"}),
        ("metrics", "F1Score", "threshold", {"number", "null"}),
        ("applications", "ResNet50", "weights", {"string", "null"}),
        ("layers", "Normalization", "mean", set()),
    ],
)
def test_kinds_of_value(catalogue: Catalogue, family: str, owner: str, name: str, accepts: set[str]) -> None:
    assert set(parameter(catalogue, family, owner, name).accepts) == accepts


@pytest.mark.parametrize(
    ("family", "owner", "name", "choices"),
    [
        ("layers", "Conv2D", "padding", ("valid", "same")),
        ("layers", "Conv1D", "padding", ("valid", "same", "causal")),
        ("layers", "Conv2D", "data_format", ("channels_last", "channels_first")),
        ("layers", "RandomFlip", "mode", ("horizontal", "vertical", "horizontal_and_vertical")),
        ("metrics", "AUC", "curve", ("ROC", "PR")),
        ("callbacks", "ModelCheckpoint", "mode", ("auto", "min", "max")),
        ("applications", "MobileNetV2", "pooling", ("avg", "max")),
    ],
)
def test_choices(catalogue: Catalogue, family: str, owner: str, name: str, choices: tuple[str, ...]) -> None:
    assert parameter(catalogue, family, owner, name).choices == choices


@pytest.mark.parametrize(
    ("family", "owner", "name", "families"),
    [
        ("layers", "Bidirectional", "layer", ("layers",)),
        ("layers", "RNN", "cell", ("layers",)),
        ("layers", "LSTM", "recurrent_activation", ("activations", "layers")),
        ("layers", "BatchNormalization", "beta_initializer", ("initializers",)),
        ("layers", "Dense", "activity_regularizer", ("regularizers",)),
        ("layers", "Conv2D", "bias_constraint", ("constraints",)),
        ("optimizers", "SGD", "learning_rate", ("schedules",)),
        ("optimizers", "LossScaleOptimizer", "inner_optimizer", ("optimizers",)),
        ("applications", "VGG16", "classifier_activation", ("activations",)),
    ],
)
def test_families_that_arguments_take(
    catalogue: Catalogue, family: str, owner: str, name: str, families: tuple[str, ...]
) -> None:
    assert parameter(catalogue, family, owner, name).families == families


def test_optimizers_share_their_arguments(catalogue: Catalogue) -> None:
    shared = {"weight_decay", "clipnorm", "clipvalue", "global_clipnorm", "use_ema", "ema_momentum", "name"}
    shared |= {"ema_overwrite_frequency", "loss_scale_factor", "gradient_accumulation_steps"}
    wrappers = {"MultiOptimizer", "OptimizerMap", "LossScaleOptimizer"}
    for entry in catalogue.entries("optimizers"):
        if entry.name not in wrappers:
            assert shared <= set(entry.parameters), entry.name
            assert entry.parameters["clipnorm"].doc, entry.name


def test_applications_can_be_frozen_and_take_no_tensor(catalogue: Catalogue) -> None:
    for entry in catalogue.entries("applications"):
        assert entry.parameters["trainable"].default is True
        assert "bigmodel" in entry.parameters["trainable"].doc
        assert "input_tensor" not in entry.parameters


@pytest.mark.parametrize(
    "name", ["Layer", "Wrapper", "InputLayer", "Optimizer", "Loss", "Metric", "Callback", "History"]
)
def test_base_classes_are_left_out(catalogue: Catalogue, name: str) -> None:
    assert catalogue.families_of(name) == ()


def test_what_no_yaml_can_write_says_why(catalogue: Catalogue) -> None:
    reasons = {
        entry.name: entry.requires_function for entry in every_entry(catalogue) if entry.requires_function
    }
    assert {"Lambda", "LambdaCallback", "TorchModuleWrapper", "JaxLayer", "TFSMLayer"} <= set(reasons)
    assert reasons["Lambda"] == "it wraps a Python function"


def test_aliases_lead_to_the_entry_that_keras_means(catalogue: Catalogue) -> None:
    assert catalogue.entry("layers", "MaxPool2D") == catalogue.entry("layers", "MaxPooling2D")
    assert catalogue.entry("losses", "MSE") == catalogue.entry("losses", "MeanSquaredError")
    assert "MaxPool2D" not in [entry.name for entry in catalogue.entries("layers")]
    assert catalogue.entry("layers", "Conv2d") is None


def test_identifiers(catalogue: Catalogue) -> None:
    assert catalogue.identifiers("optimizers")["adam"] == "Adam"
    assert catalogue.identifiers("losses")["mse"] == "MeanSquaredError"
    assert catalogue.identifiers("initializers")["he_normal"] == "HeNormal"
    assert catalogue.identifiers("regularizers")["l2"] == "L2"
    metrics = catalogue.identifiers("metrics")
    assert [metrics[name] for name in ("accuracy", "acc", "crossentropy")] == [None, None, None]
    assert catalogue.identifiers("activations")["relu"] is None
    assert catalogue.identifiers("layers") == {}


def test_identifiers_name_entries(catalogue: Catalogue) -> None:
    for family in catalogue.families:
        for identifier, name in catalogue.identifiers(family).items():
            assert name is None or catalogue.entry(family, name), identifier


def test_families_of(catalogue: Catalogue) -> None:
    assert catalogue.families_of("BinaryCrossentropy") == ("losses", "metrics")
    assert catalogue.families_of("relu") == ("activations",)
    assert catalogue.families_of("Nothing") == ()


@pytest.mark.parametrize(
    ("word", "family", "expected"),
    [
        ("MaxPool2d", "layers", "MaxPooling2D"),
        ("BatchNorm", "layers", "BatchNormalization"),
        ("BatchNorm2d", "layers", "BatchNormalization"),
        ("Linear", "layers", "Dense"),
        ("Conv", "layers", "Conv2D"),
        ("conv2d", "layers", "Conv2D"),
        ("Densee", "layers", "Dense"),
        ("CrossEntropyLoss", "losses", "CategoricalCrossentropy"),
        ("MSELoss", "losses", "MeanSquaredError"),
        ("RMSProp", "optimizers", "RMSprop"),
        ("CosineAnnealingLR", "schedules", "CosineDecay"),
        ("F1", "metrics", "F1Score"),
        ("Xyzzyplugh", "layers", None),
    ],
)
def test_suggested_names(catalogue: Catalogue, word: str, family: str, expected: str | None) -> None:
    assert catalogue.suggest(word, [entry.name for entry in catalogue.entries(family)]) == expected


@pytest.mark.parametrize(
    ("word", "owner", "expected"),
    [
        ("lr", ("optimizers", "Adam"), "learning_rate"),
        ("eps", ("optimizers", "Adam"), "epsilon"),
        ("p", ("layers", "Dropout"), "rate"),
        ("out_features", ("layers", "Dense"), "units"),
        ("out_channels", ("layers", "Conv2D"), "filters"),
        ("stride", ("layers", "Conv2D"), "strides"),
        ("kernel-size", ("layers", "Conv2D"), "kernel_size"),
        ("unit", ("layers", "Dense"), "units"),
    ],
)
def test_suggested_arguments(catalogue: Catalogue, word: str, owner: tuple[str, str], expected: str) -> None:
    entry = catalogue.entry(*owner)
    assert entry is not None
    assert catalogue.suggest(word, entry.parameters) == expected


def test_synonyms_are_folded_and_lead_to_names_that_exist(catalogue: Catalogue) -> None:
    entries = every_entry(catalogue)
    known = {entry.name for entry in entries} | {name for entry in entries for name in entry.parameters}
    known |= {name for family in catalogue.families for name in catalogue.identifiers(family)}
    # Blocks and augmentations of our own are what others have as one layer.
    known |= {*block_options(), *augmentation_options()}
    for word, names in SYNONYMS.items():
        assert re.fullmatch(r"[a-z0-9]+", word), word
        assert set(names) <= known, word


def test_defaults_are_of_the_kinds_that_are_accepted(catalogue: Catalogue) -> None:
    for entry in every_entry(catalogue):
        for item in entry.parameters.values():
            if item.required or not item.accepts or item.families:
                continue
            assert _kinds(item.default) & set(item.accepts), f"{entry.name}.{item.name}"
            if item.choices and item.default is not None:
                assert item.default in item.choices, f"{entry.name}.{item.name}"


def test_text_defaults_of_component_arguments_are_known(catalogue: Catalogue) -> None:
    for entry in every_entry(catalogue):
        for item in entry.parameters.values():
            if item.families and isinstance(item.default, str):
                family = item.families[0]
                known = item.default in catalogue.identifiers(family) or catalogue.entry(family, item.default)
                assert known, f"{entry.name}.{item.name}"


def _kinds(value: Any) -> set[str]:
    if value is None:
        return {"null"}
    if isinstance(value, bool):
        return {"boolean"}
    if isinstance(value, int):
        return {"integer", "number"}
    if isinstance(value, float):
        return {"number", "integer"} if value.is_integer() else {"number"}
    if isinstance(value, dict):
        return {"mapping", "component"}
    return {"string", "component"} if isinstance(value, str) else {"list"}


def test_every_entry_has_an_example_that_is_yaml_with_its_name(catalogue: Catalogue) -> None:
    for entry in every_entry(catalogue):
        if entry.requires_function:
            continue
        node = read_text(example(entry), origin="example", folder=Path())
        name = next(iter(node.entries)) if hasattr(node, "entries") else node.value  # type: ignore[union-attr]
        assert name == entry.name


@pytest.mark.slow
def test_reading_needs_no_tensorflow() -> None:
    code = (
        "import sys\n"
        "from bigmodel_cli.config.catalogue import load_catalogue\n"
        "load_catalogue().entry('layers', 'Dense')\n"
        "print(sorted({'tensorflow', 'keras', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"


def _script() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "generate_catalogue", ROOT / "scripts" / "generate_catalogue.py"
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def installed(catalogue: Catalogue) -> Any:
    """Keras, if it is the version that the file was made from."""
    import keras

    if keras.__version__ != catalogue.keras_version:
        pytest.skip(f"the catalogue is of Keras {catalogue.keras_version}, installed is {keras.__version__}")
    return keras


@pytest.mark.tf
@pytest.mark.usefixtures("installed")
def test_shipped_file_is_what_the_script_writes() -> None:
    script = _script()
    assert FILE.read_text(encoding="utf-8") == script.as_text(script.catalogue())


def _documented_calls(keras: Any, entry: Entry) -> Iterator[tuple[str, Any]]:
    """Keyword arguments with literal values in the examples of an entry's own docstring."""
    namespace = keras.optimizers.schedules if entry.family == "schedules" else getattr(keras, entry.family)
    doc = inspect.getdoc(getattr(namespace, entry.name)) or ""
    blocks = re.findall(r"```python\n(.*?)```", doc, re.S)
    blocks.append(
        "\n".join(line.strip()[4:] for line in doc.splitlines() if line.strip().startswith((">>>", "...")))
    )
    for block in blocks:
        try:
            tree = ast.parse(textwrap.dedent(block))
        except SyntaxError:
            continue
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            if ast.unparse(call.func).split(".")[-1] == entry.name:
                yield from _literals(call)


def _literals(call: ast.Call) -> Iterator[tuple[str, Any]]:
    for keyword in call.keywords:
        try:
            yield keyword.arg or "", ast.literal_eval(keyword.value)
        except ValueError:
            continue


@pytest.mark.tf
def test_nothing_that_keras_documents_is_refused(catalogue: Catalogue, installed: Any) -> None:
    # Not in Keras's own signatures: what its docstrings of today still say of older versions.
    outdated = {
        ("OneHotIoU", "target_class_id"),
        ("CutMix", "value_range"),
        ("RandomGrayscale", "value_range"),
    }
    num_calls = 0
    # Activations are named in configs and take no arguments.
    for entry in (entry for entry in every_entry(catalogue) if entry.family != "activations"):
        for name, value in _documented_calls(installed, entry):
            # Bounding boxes are no part of bigmodel's data, so that the base class's argument is left out.
            if (entry.name, name) in outdated or name == "bounding_box_format":
                continue
            num_calls += 1
            assert name in entry.parameters, f"{entry.name}.{name}"
            item = entry.parameters[name]
            assert not item.accepts or _kinds(value) & set(item.accepts), f"{entry.name}.{name}: {value!r}"
    assert num_calls > 100
