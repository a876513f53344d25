"""Components: names of Keras with Keras's arguments, checked against the catalogue, all mistakes at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bigmodel_cli.config.components import NUM_CLASSES, Component, Language, as_fraction
from bigmodel_cli.config.fill import Filler
from bigmodel_cli.config.problems import Problem, Problems
from bigmodel_cli.config.reader import read_text

A_LAYER = "expected a layer: a name, or a mapping from one name to its arguments"
STEPS = ("layers", "applications", "blocks")


@pytest.fixture
def parse(language: Language) -> Callable[..., tuple[Component | None, list[Problem]]]:
    """A component from its YAML, with the problems that it has."""

    def _parse(text: str, *families: str) -> tuple[Component | None, list[Problem]]:
        problems = Problems()
        parser = Filler(language, problems).components
        component = parser.parse(
            read_text(text, origin="c.yaml", folder=Path()), families or STEPS, ("model", 0)
        )
        return component, problems.found

    return _parse


Parse = Callable[..., tuple[Component, list[Problem]]]
Refused = Callable[..., list[dict[str, Any]]]


@pytest.mark.parametrize(
    ("text", "families", "name", "arguments"),
    [
        ("Flatten", STEPS, "Flatten", {}),
        ("Flatten:", STEPS, "Flatten", {}),
        ("Flatten: {}", STEPS, "Flatten", {}),
        ("Dense: {units: 3}", STEPS, "Dense", {"units": 3}),
        ("Dense: {units: 3.0}", STEPS, "Dense", {"units": 3}),
        ("Dense: {units: num_classes}", STEPS, "Dense", {"units": NUM_CLASSES}),
        ("Dense: {units: 3, activation: null}", STEPS, "Dense", {"units": 3, "activation": None}),
        ("Dense: {units: 3, activation: relu}", STEPS, "Dense", {"units": 3, "activation": "relu"}),
        ("Conv2D: {filters: 1, kernel_size: [3, 3]}", STEPS, "Conv2D", {"filters": 1, "kernel_size": [3, 3]}),
        (
            "Conv2D: {filters: 1, kernel_size: 3, padding: SAME}",
            STEPS,
            "Conv2D",
            {"filters": 1, "kernel_size": 3, "padding": "SAME"},
        ),
        ("Rescaling: {scale: 1/255}", STEPS, "Rescaling", {"scale": 1 / 255}),
        ("Rescaling: {scale: [1/255, 1/127.5]}", STEPS, "Rescaling", {"scale": [1 / 255, 1 / 127.5]}),
        ("Rescaling: {scale: 2}", STEPS, "Rescaling", {"scale": 2}),
        (
            "Normalization: {mean: 0.5, variance: [1, 2]}",
            STEPS,
            "Normalization",
            {"mean": 0.5, "variance": [1, 2]},
        ),
        ("RandomRotation: {factor: [-0.1, 0.1]}", STEPS, "RandomRotation", {"factor": [-0.1, 0.1]}),
        ("MaxPool2D: {pool_size: 2}", STEPS, "MaxPooling2D", {"pool_size": 2}),
        ("MSE", ("losses",), "MeanSquaredError", {}),
        ("mse", ("losses",), "mse", {}),
        ("mse: {reduction: sum}", ("losses",), "MeanSquaredError", {"reduction": "sum"}),
        ("adam", ("optimizers",), "adam", {}),
        ("accuracy", ("metrics",), "accuracy", {}),
        (
            "IoU: {num_classes: num_classes, target_class_ids: [0]}",
            ("metrics",),
            "IoU",
            {"num_classes": NUM_CLASSES, "target_class_ids": [0]},
        ),
        (
            "CosineDecay: {initial_learning_rate: 1e-3}",
            ("schedules",),
            "CosineDecay",
            {"initial_learning_rate": 0.001},
        ),
        ("EarlyStopping: {verbose: true}", ("callbacks",), "EarlyStopping", {"verbose": True}),
        (
            "MobileNetV2: {weights: null, trainable: false}",
            STEPS,
            "MobileNetV2",
            {"weights": None, "trainable": False},
        ),
    ],
)
def test_what_is_right_is_taken(
    parse: Parse, text: str, families: tuple[str, ...], name: str, arguments: dict[str, Any]
) -> None:
    component, problems = parse(text, *families)
    assert problems == []
    assert (component.name, component.arguments) == (name, arguments)


def test_components_inside_components(parse: Parse) -> None:
    dense, problems = parse(
        "Dense: {units: 3, activation: LeakyReLU, kernel_regularizer: {L2: {l2: 1e-4}}, "
        "bias_initializer: Ones}"
    )
    assert problems == []
    inner = {
        key: (value.family, value.name, value.arguments)
        for key, value in dense.arguments.items()
        if key != "units"
    }
    assert inner == {
        "kernel_regularizer": ("regularizers", "L2", {"l2": 1e-4}),
        "activation": ("layers", "LeakyReLU", {}),
        "bias_initializer": ("initializers", "Ones", {}),
    }
    assert dense.arguments["kernel_regularizer"].path == ("model", 0, "Dense", "kernel_regularizer", "L2")
    wrapper, problems = parse("Bidirectional: {layer: {LSTM: {units: 32}}}")
    assert problems == []
    assert (wrapper.arguments["layer"].name, wrapper.arguments["layer"].arguments) == ("LSTM", {"units": 32})
    optimizer, problems = parse(
        "AdamW: {learning_rate: {CosineDecay: {initial_learning_rate: 1e-3, alpha: 1/10}}}", "optimizers"
    )
    assert problems == []
    assert optimizer.arguments["learning_rate"].family == "schedules"
    assert optimizer.arguments["learning_rate"].arguments == {"initial_learning_rate": 0.001, "alpha": 0.1}
    pipeline, problems = parse("Pipeline: {layers: [AutoContrast, {RandomFlip: {mode: vertical}}]}")
    assert problems == []
    assert [layer.name for layer in pipeline.arguments["layers"]] == ["AutoContrast", "RandomFlip"]


def test_name_and_inputs_of_a_step(parse: Parse) -> None:
    step, problems = parse("Add: {name: sum, inputs: [stem, previous]}")
    assert problems == []
    assert (step.step, step.inputs, step.arguments) == ("sum", ("stem", "previous"), {"name": "sum"})
    step, problems = parse("repeat: {name: twice, inputs: stem, times: 2, layers: [Flatten]}")
    assert problems == []
    assert (step.step, step.inputs, step.family) == ("twice", ("stem",), "blocks")
    assert step.options is not None and [layer.name for layer in step.options.layers] == ["Flatten"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "families", "column", "message", "suggestion"),
    [
        ("Densee: {units: 3}", STEPS, 1, "there is no layer 'Densee'", "did you mean Dense?"),
        ("Linear: {out_features: 3}", STEPS, 1, "there is no layer 'Linear'", "did you mean Dense?"),
        ("dense", STEPS, 1, "there is no layer 'dense'", "did you mean Dense?"),
        ("repeet: {times: 2}", STEPS, 1, "there is no layer 'repeet'", "did you mean repeat?"),
        ("Xyzzyplugh", STEPS, 1, "there is no layer 'Xyzzyplugh'", "bigmodel list layers shows all of them"),
        (
            "Adam",
            STEPS,
            1,
            "expected a layer, found 'Adam', which is an optimizer",
            "bigmodel list layers shows all of them",
        ),
        (
            "softplus",
            ("layers",),
            1,
            "expected a layer, found 'softplus', which is an activation",
            "write {Activation: {activation: softplus}}",
        ),
        (
            "Dense",
            ("losses",),
            1,
            "expected a loss, found 'Dense', which is a layer",
            "bigmodel list losses shows all of them",
        ),
        (
            "CrossEntropyLoss",
            ("losses",),
            1,
            "there is no loss 'CrossEntropyLoss'",
            "did you mean CategoricalCrossentropy?",
        ),
        ("accuraccy", ("metrics",), 1, "there is no metric 'accuraccy'", "did you mean accuracy?"),
        ("Accuraccy", ("metrics",), 1, "there is no metric 'Accuraccy'", "did you mean Accuracy?"),
        ("adm", ("optimizers",), 1, "there is no optimizer 'adm'", "did you mean adam?"),
        ("digit", ("sources",), 1, "there is no data source 'digit'", "did you mean digits?"),
        ("Dense: {unit: 3}", STEPS, 9, "Dense has no argument 'unit'", "did you mean units?"),
        ("Dropout: {p: 0.5}", STEPS, 11, "Dropout has no argument 'p'", "did you mean rate?"),
        ("Adam: {lr: 1e-3}", ("optimizers",), 8, "Adam has no argument 'lr'", "did you mean learning_rate?"),
        ("L2: {weight: 1}", ("regularizers",), 6, "L2 has no argument 'weight'", "its arguments: l2"),
        ("Dense", STEPS, 1, "Dense needs units", "write {Dense: {units: …}}"),
        (
            "Dense: 64",
            STEPS,
            8,
            "expected the arguments of Dense as a mapping, found 64",
            "write {Dense: {units: 64}}",
        ),
        ("Dense: [64]", STEPS, 8, "expected the arguments of Dense as a mapping, found a list of 1", None),
        ("Dense: {units: many}", STEPS, 16, "expected an integer, found the text 'many'", None),
        ("Dense: {units: 1.5}", STEPS, 16, "expected an integer, found 1.5", None),
        ("Dense: {units: true}", STEPS, 16, "expected an integer, found true", None),
        ("Dense: {units: }", STEPS, 15, "expected an integer, found nothing", None),
        ("Dense: {units: [3]}", STEPS, 16, "expected an integer, found a list of 1", None),
        ("Dense: {units: {a: 1}}", STEPS, 16, "expected an integer, found a mapping (a)", None),
        ("Dropout: {rate: 1/0}", STEPS, 17, "expected a number, found the text '1/0'", None),
        (
            "Dense: {units: 3, use_bias: no}",
            STEPS,
            29,
            "expected true or false, found the text 'no'",
            "write false",
        ),
        (
            "Conv2D: {filters: 1, kernel_size: 3, padding: sme}",
            STEPS,
            47,
            "expected one of valid, same, found 'sme'",
            "did you mean same?",
        ),
        (
            "Dense: {units: 3, activation: reul}",
            STEPS,
            31,
            "expected an activation or a layer, found the text 'reul'",
            "did you mean relu?",
        ),
        ("Dense: {units: 3, activation: 5}", STEPS, 31, "expected an activation or a layer, found 5", None),
        (
            "Dense: {units: 3, kernel_initializer: he_norml}",
            STEPS,
            39,
            "expected an initializer, found the text 'he_norml'",
            "did you mean he_normal?",
        ),
        (
            "Dense: {units: 3, kernel_regularizer: {L2: {l1: 1}}}",
            STEPS,
            45,
            "L2 has no argument 'l1'",
            "its arguments: l2",
        ),
        (
            "Dense: {units: 3, kernel_regularizer: {Ones: {}}}",
            STEPS,
            40,
            "expected a regularizer, found 'Ones', which is an initializer",
            "bigmodel list regularizers shows all of them",
        ),
        (
            "Bidirectional: {layer: {LSTM: {unit: 3}}}",
            STEPS,
            32,
            "LSTM has no argument 'unit'",
            "did you mean units?",
        ),
        (
            "Pipeline: {layers: [RandomFlp]}",
            STEPS,
            21,
            "there is no layer 'RandomFlp'",
            "did you mean RandomFlip?",
        ),
        (
            "Lambda: {function: x}",
            STEPS,
            1,
            "Lambda cannot be written in a config: it wraps a Python function",
            None,
        ),
        ("acc: {x: 1}", ("metrics",), 6, "acc takes no arguments, found a mapping (x)", None),
        (
            "{Dense: {units: 1}, Dropout: {rate: 0.1}}",
            STEPS,
            2,
            f"{A_LAYER}; found a mapping (Dense, Dropout)",
            "give each of Dense, Dropout an item of its own, with its own -",
        ),
        (
            "{Dense: , units: 1}",
            STEPS,
            2,
            f"{A_LAYER}; found a mapping (Dense, units)",
            "indent units under Dense, or write {Dense: {units: …}}",
        ),
        (
            "3",
            STEPS,
            1,
            f"{A_LAYER}; found 3",
            None,
        ),
        ("Flatten: {name: 3}", STEPS, 17, "expected a name, found 3", None),
        ("Add: {inputs: [a, 3]}", STEPS, 15, "expected names of steps, found a list of 2", None),
        ("repeat: {times: 2, layers: [Dens]}", STEPS, 29, "there is no layer 'Dens'", "did you mean Dense?"),
        ("repeat: {times: 2, layer: []}", STEPS, 20, "repeat has no key 'layer'", "did you mean layers?"),
    ],
)
def test_what_is_wrong_is_placed_explained_and_put_right(
    parse: Parse, text: str, families: tuple[str, ...], column: int, message: str, suggestion: str | None
) -> None:
    _, problems = parse(text, *families)
    problem = problems[0]
    assert (problem.message, problem.suggestion) == (message, suggestion)
    assert str(problem.place) == f"c.yaml:1:{column}"
    assert len(problems) == 1 or (len(problems) == 2 and "layers is missing" in problems[1].message)


def test_a_misspelt_argument_is_not_missed_as_well(parse: Parse) -> None:
    _, problems = parse("Conv2D: {filter: 3}")
    assert [problem.message for problem in problems] == [
        "Conv2D has no argument 'filter'",
        "Conv2D needs kernel_size",
    ]


def test_problems_carry_keras_own_words(parse: Parse) -> None:
    _, problems = parse("Dropout: {rte: 0.5}")
    assert problems[0].doc == "rate: Float between 0 and 1."


def test_all_problems_of_a_config_at_once_in_their_order(refused: Refused) -> None:
    problems = refused(
        "optimizer: {Adam: {lr: 1e-3}}\n"
        "loss: CategoricalCrossentropi\n"
        "data: {source: digits, batchsize: 4}\n"
        "model:\n"
        "  - Dense: {units: few}\n"
        "  - Conv2d: {filters: 8}\n"
        "augmentation:\n"
        "  - RandomFlip: {mode: horizontl}\n"
        "  - SGD\n"
        "metrics: [accuracy, F1Scor]\n"
    )
    assert [(p["path"], p["line"], p["column"], p["suggestion"]) for p in problems] == [
        ("optimizer.Adam.lr", 1, 20, "did you mean learning_rate?"),
        ("loss", 2, 7, "did you mean CategoricalCrossentropy?"),
        ("data.batchsize", 3, 24, "did you mean batch_size?"),
        ("model.0.Dense.units", 5, 20, None),
        ("model.1.Conv2d", 6, 5, "did you mean Conv2D?"),
        ("augmentation.0.RandomFlip.mode", 8, 24, "did you mean horizontal?"),
        ("augmentation.1", 9, 5, "bigmodel list layers shows all of them"),
        ("metrics.1", 10, 21, "did you mean F1Score?"),
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1/255", 1 / 255),
        ("-1 / 2", -0.5),
        ("0.5/2", 0.25),
        ("1/0", None),
        ("a/b", None),
        ("1/2/3", None),
        ("1", None),
    ],
)
def test_fractions(text: str, value: float | None) -> None:
    assert as_fraction(text) == value
