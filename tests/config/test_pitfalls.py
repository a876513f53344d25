"""Defaults of Keras that bite: a config that falls into each, and others that do not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bigmodel_cli.config.checks.pitfalls.table import PITFALLS
from bigmodel_cli.config.facts import facts_of
from bigmodel_cli.config.load import LoadedConfig
from bigmodel_cli.modeling.encodings import encoding_options
from bigmodel_cli.modeling.language import read_config

CONFIG = """\
data: {source: digits, batch_size: 32}
preprocessing: [{Rescaling: {scale: 1/255}}]
model: [Flatten, {Dense: {units: 8, activation: relu}}, {Dense: {units: num_classes, activation: softmax}}]
loss: CategoricalCrossentropy
optimizer: Adam
metrics: [accuracy]
training: {epochs: 4}
"""
# 1,797 examples, of which 1,437 are trained on: 45 steps an epoch, 180 in all.
HEAD = "{Dense: {units: num_classes, activation: softmax}}"


def model(*layers: str, end: str = HEAD) -> str:
    return f"model=[{', '.join([*layers, 'Flatten', end])}]"


def rate(optimizer: str, written: str = "") -> str:
    return f"optimizer={{{optimizer}: {{{f'learning_rate: {written}' if written else ''}}}}}"


def schedule(text: str) -> str:
    return rate("Adam", f"{{{text}}}")


def callbacks(*texts: str) -> str:
    return f"training.callbacks=[{', '.join(texts)}]"


NORM = "BatchNormalization"
AROUND_ZERO = "preprocessing=[{Rescaling: {scale: 1/127.5, offset: -1}}]"
PHOTOS = "data.source={image_folder: {path: photos, image_size: [96, 96]}}"
# By the name of the pitfall: words of a command line, where they bite, and what is said.
BITTEN: dict[str, list[tuple[list[str], str, str]]] = {
    "moving averages that cannot settle": [
        ([model(NORM)], "model.0", "need 459 steps to forget their start, and training has 180"),
        (
            [model("{residual: {layers: [BatchNormalization]}}", "{BatchNormalization: {momentum: 0.999}}")],
            "model.0.residual.layers.0",
            "(2 such layers)",
        ),
        (
            [model("{MobileNetV2: {weights: null, include_top: false}}"), "data.batch_size=8"],
            "model.0.MobileNetV2",
            "momentum 0.999) need 4,603 steps",
        ),
    ],
    "a momentum as PyTorch counts it": [
        (
            [model("{BatchNormalization: {momentum: 0.1}}")],
            "model.0.BatchNormalization.momentum",
            "of the last few",
        ),
    ],
    "averages of weights that cannot settle": [
        (["optimizer={Adam: {use_ema: true}}"], "optimizer.Adam.use_ema", "and training has 180"),
        (
            ["optimizer={SGD: {use_ema: true, ema_momentum: 0.999}}"],
            "optimizer.SGD.ema_momentum",
            "needs 4,603 steps",
        ),
    ],
    "a batch of one example": [
        (
            [model("{BatchNormalization: {momentum: 0.8}}"), "data.batch_size=359", "training.epochs=5"],
            "data.batch_size",
            "ends in a single example (1,437 in batches of 359)",
        ),
        (
            [model("{BatchNormalization: {momentum: 0.9}}"), "data.batch_size=1"],
            "data.batch_size",
            "to zeros",
        ),
        (
            [model("{BatchNormalization: {momentum: 0.9}}"), "training.accumulate=32"],
            "training.accumulate",
            "each part of a batch has one example",
        ),
    ],
    "a learning rate out of range": [
        ([rate("Adam", "1")], "optimizer.Adam.learning_rate", "is far larger than Adam learns with"),
        ([rate("SGD", "1e-9")], "optimizer.SGD.learning_rate", "is far smaller"),
        ([rate("Lion", "0.1")], "optimizer.Lion.learning_rate", "is far larger"),
        ([rate("AdamW", "0")], "optimizer.AdamW.learning_rate", "a learning rate of 0 learns nothing"),
        ([rate("RMSprop", "-0.01")], "optimizer.RMSprop.learning_rate", "makes the loss larger"),
        (["optimizer=Adadelta"], "optimizer", "Keras's default of Adadelta, 0.001, is far smaller"),
        (["optimizer=adadelta"], "optimizer", "Keras's default of Adadelta"),
        (
            [schedule("CosineDecay: {initial_learning_rate: 0.0, warmup_target: 3.0, warmup_steps: 20}")],
            "optimizer.Adam.learning_rate",
            "the learning rate 3 is far larger",
        ),
        (
            ["optimizer={LossScaleOptimizer: {inner_optimizer: {Adam: {learning_rate: 5}}}}"],
            "optimizer.LossScaleOptimizer.inner_optimizer.Adam.learning_rate",
            "is far larger",
        ),
    ],
    "a schedule that ends long before the run": [
        (
            [schedule("CosineDecay: {initial_learning_rate: 1e-3, decay_steps: 4}")],
            "optimizer.Adam.learning_rate.CosineDecay.decay_steps",
            "ends after 4 steps (steps, not epochs), and training has 180: the learning rate is 0",
        ),
        (
            [schedule("PolynomialDecay: {initial_learning_rate: 1e-3, decay_steps: 100}")],
            "optimizer.Adam.learning_rate.PolynomialDecay.decay_steps",
            "the learning rate is the same from then on",
        ),
    ],
    "a schedule that outlasts the run": [
        (
            [schedule("CosineDecay: {initial_learning_rate: 1e-3, decay_steps: 4000}")],
            "optimizer.Adam.learning_rate.CosineDecay.decay_steps",
            "so it does not reach its end",
        ),
    ],
    "restarts that never come": [
        (
            [schedule("CosineDecayRestarts: {initial_learning_rate: 1e-3, first_decay_steps: 1000}")],
            "optimizer.Adam.learning_rate.CosineDecayRestarts.first_decay_steps",
            "the first restart comes after 1,000 steps, and training has 180",
        ),
    ],
    "no patience": [([callbacks("EarlyStopping")], "training.callbacks.0", "patience is 0")],
    "patience longer than the run": [
        ([callbacks("ReduceLROnPlateau")], "training.callbacks.0", "its patience is 10"),
        (
            [callbacks("{EarlyStopping: {patience: 9}}")],
            "training.callbacks.0.EarlyStopping.patience",
            "training has 4 epochs",
        ),
    ],
    "a plateau that comes after the end": [
        (
            [callbacks("{EarlyStopping: {patience: 3}}", "{ReduceLROnPlateau: {patience: 3}}")],
            "training.callbacks.1.ReduceLROnPlateau",
            "waits 3 epochs; EarlyStopping ends training after 3",
        ),
    ],
    "early stopping that begins too late": [
        (
            [callbacks("{EarlyStopping: {patience: 2, start_from_epoch: 4}}")],
            "training.callbacks.0.EarlyStopping.start_from_epoch",
            "begins after 4 epochs",
        ),
    ],
    "watching the training split": [
        (
            [callbacks("{EarlyStopping: {monitor: loss, patience: 2}}")],
            "training.callbacks.0.EarlyStopping.monitor",
            "loss is that of the training split",
        ),
        (
            ["training.checkpoint={monitor: accuracy}"],
            "training.checkpoint.monitor",
            "accuracy is that of the training split",
        ),
    ],
    "the worst epoch for the best": [
        (
            ["training.checkpoint={monitor: val_loss, mode: max}"],
            "training.checkpoint.mode",
            "a smaller val_loss is better",
        ),
        (
            [callbacks("{EarlyStopping: {monitor: val_accuracy, mode: min, patience: 2}}")],
            "training.callbacks.0.EarlyStopping.mode",
            "a larger val_accuracy is better",
        ),
        (
            [
                "metrics=[{MeanSquaredError: {name: accident}}]",
                "training.checkpoint={monitor: val_accident, mode: max}",
            ],
            "training.checkpoint.mode",
            "a smaller val_accident is better",
        ),
    ],
    "saving by steps": [
        (
            [callbacks("{ModelCheckpoint: {filepath: s.keras, save_freq: 5}}")],
            "training.callbacks.0.ModelCheckpoint.save_freq",
            "counts steps, of which an epoch has 45: the model is saved 36 times",
        ),
    ],
    "a value_range that is not the data's": [],
    "colour layers around zero": [
        ([AROUND_ZERO, "augmentation=[RandomInvert]"], "augmentation.0", "do not begin at 0"),
    ],
    "pixels as they come": [
        (["~preprocessing"], "model.1.Dense", "values from 0 to 255 reach Dense"),
        (
            ["~preprocessing", model("{Conv2D: {filters: 4, kernel_size: 3}}")],
            "model.0.Conv2D",
            "values from 0 to 255 reach Conv2D",
        ),
    ],
    "rescaled twice": [
        (
            ["preprocessing=[{Rescaling: {scale: 1/255}}, {Rescaling: {scale: 1/255}}]"],
            "preprocessing",
            "values from 0 to 0.00392 reach Dense",
        ),
    ],
    "an application that rescales by itself": [
        (
            [PHOTOS, model("{EfficientNetB0: {include_top: false, weights: null}}")],
            "model.0.EfficientNetB0",
            "rescales pixels by itself, and gets values from 0 to 1",
        ),
        (
            [PHOTOS, AROUND_ZERO, model("{MobileNetV3Small: {include_top: false}}")],
            "model.0.MobileNetV3Small",
            "gets values from -1 to 1",
        ),
    ],
    "another range than ImageNet's weights know": [
        (
            [PHOTOS, model("{MobileNet: {include_top: false}}")],
            "model.0.MobileNet",
            "trained on values from -1 to 1, and get 0 to 1",
        ),
        (
            [PHOTOS, AROUND_ZERO, model("{ResNet50: {include_top: false}}")],
            "model.0.ResNet50",
            "trained on pixels less ImageNet's means, and get -1 to 1",
        ),
    ],
    "ImageNet's head in the middle": [
        ([PHOTOS, model("{VGG16: {weights: null}}")], "model.0.VGG16", "1,000 probabilities"),
    ],
    "dropout behind the last layer": [
        ([f"model=[Flatten, {HEAD}, {{Dropout: {{rate: 0.2}}}}]"], "model.2.Dropout", "answers themselves"),
        (
            [f"model=[Flatten, {HEAD}, {{GaussianNoise: {{stddev: 0.2}}}}]", "loss=mse"],
            "model.2.GaussianNoise",
            "answers",
        ),
    ],
    "softmax twice": [
        ([f"model=[Flatten, {HEAD}, Softmax]"], "model.2", "over the probabilities of the layer before"),
        (
            [f"model=[Flatten, {HEAD}, {{Activation: {{activation: softmax}}}}]"],
            "model.2.Activation",
            "nearly",
        ),
    ],
    "softmax in a hidden layer": [
        (
            [model("{Dense: {units: 8, activation: softmax}}")],
            "model.0.Dense.activation",
            "all units of Dense sum to 1",
        ),
    ],
    "a rate that drops nearly all": [
        ([model("{Dropout: {rate: 0.99}}")], "model.0.Dropout.rate", "Dropout leaves 1 %"),
    ],
    "units that begin alike": [
        (
            [model("{Dense: {units: 8, kernel_initializer: zeros}}")],
            "model.0.Dense.kernel_initializer",
            "all units of Dense begin with the same weights",
        ),
    ],
}
CASES = [pytest.param(*case, id=name) for name, cases in BITTEN.items() for case in cases]
GOOD = [
    [],
    [model("{BatchNormalization: {momentum: 0.9}}"), "training.epochs=2"],
    [model(NORM), "training.epochs=12"],
    [model("{BatchNormalization: {trainable: false}}")],
    ["optimizer={Adam: {use_ema: true, ema_momentum: 0.9}}"],
    [rate("SGD", "1.0")],
    [rate("Adam", "1e-6")],
    [rate("Adadelta", "1.0")],
    [schedule("CosineDecay: {initial_learning_rate: 1e-3}")],
    [schedule("CosineDecay: {initial_learning_rate: 1e-3, decay_steps: 180}")],
    [schedule("ExponentialDecay: {initial_learning_rate: 1e-3, decay_rate: 0.9, decay_steps: 10}")],
    [callbacks("{EarlyStopping: {patience: 3}}", "{ReduceLROnPlateau: {patience: 1}}")],
    [callbacks("{ModelCheckpoint: {filepath: s.keras, monitor: loss}}")],
    ["training.checkpoint={monitor: val_loss, mode: min}"],
    ["training.checkpoint={monitor: loss}", "data.validation=0"],
    ["training.checkpoint={monitor: null}"],
    ["~preprocessing", model(NORM), "training.epochs=12"],
    ["~preprocessing", model("{Rescaling: {scale: 1/255}}")],
    [PHOTOS, "~preprocessing", model("{EfficientNetB0: {include_top: false, weights: null}}")],
    [PHOTOS, AROUND_ZERO, model("{MobileNet: {include_top: false}}")],
    [model("{Dense: {units: 4}}", "{Dropout: {rate: 0.5}}")],
]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)

    def _load(*words: str, gets_weights: bool = False) -> LoadedConfig:
        Path("c.yaml").write_text(CONFIG, "utf-8")
        return read_config(Path("c.yaml"), words, gets_weights=gets_weights)

    return _load


def test_every_row_of_the_table_has_a_config() -> None:
    assert [pitfall.name for pitfall in PITFALLS] == list(BITTEN)
    without = {name for name, cases in BITTEN.items() if not cases}
    # An error, not a warning: tests/config/test_value_ranges.py.
    assert without == {"a value_range that is not the data's"}


@pytest.mark.parametrize(("words", "path", "message"), CASES)
def test_it_is_said_before_training(load: Any, words: list[str], path: str, message: str) -> None:
    warnings = load(*words).warnings
    assert [".".join(map(str, warning.path)) for warning in warnings] == [path]
    assert message in warnings[0].message
    assert warnings[0].suggestion


@pytest.mark.parametrize("words", GOOD)
def test_what_is_right_is_not_warned_of(load: Any, words: list[str]) -> None:
    assert [warning.message for warning in load(*words).warnings] == []


@pytest.mark.parametrize("name", encoding_options())
@pytest.mark.parametrize("place", range(3))
def test_encodings_may_stand_wherever_layers_do(load: Any, name: str, place: int) -> None:
    """Pitfalls ask every step what it ends in; Keras's catalogue knows none of ours."""
    steps = ["{Dense: {units: 8, activation: relu}}", "{Dropout: {rate: 0.1}}"]
    words = ["data.source={table: {path: a.csv, target: y}}", "preprocessing=[]"]
    config = load(*words, f"model=[{', '.join([*steps[:place], name, *steps[place:], HEAD])}]")
    assert config.warnings == () and config.experiment.model[place].name == name


def test_what_needs_the_data_is_said_when_it_is_there(load: Any) -> None:
    config = load("data.source={npz: {path: x.npz}}", "~preprocessing", model(NORM))
    assert config.warnings == ()
    facts = replace(facts_of(config.experiment), epoch_size=100, value_range=(0, 255), labels="classes")
    assert [warning.path[0] for warning in config.check_again(facts)] == ["model"]
    facts = replace(facts, epoch_size=65)
    said = [warning.message for warning in config.check_again(facts)]
    assert any("ends in a single example (65 in batches of 32)" in message for message in said)


FROZEN_NORM = "{MobileNet: {include_top: false, weights: null, pooling: avg, trainable: SAID}}"


@pytest.mark.parametrize(
    ("said", "settles"),
    [
        ("{last: 20, except: BatchNormalization}", True),
        ("{last: 20, except: ['*bn*']}", True),
        ("[Conv2D, DepthwiseConv2D]", True),
        ("false", True),
        ("{last: 20}", False),
        ("{last: 20, except: Conv2D}", False),
        ("[conv_pw_13*]", False),
        ("[Conv2D, BatchNormalization]", False),
        ("true", False),
    ],
)
def test_averages_that_are_frozen_need_not_settle(load: Any, said: str, settles: bool) -> None:
    config = load(PHOTOS, AROUND_ZERO, model(FROZEN_NORM.replace("SAID", said)))
    facts = replace(facts_of(config.experiment), epoch_size=400)
    told = [warning for warning in config.check_again(facts) if "moving averages" in warning.message]
    assert bool(told) is not settles


@pytest.mark.parametrize(
    "norm",
    [
        "{BatchNormalization: {trainable: false, momentum: 0.1}}",
        "{TimeDistributed: {layer: {BatchNormalization: {momentum: 0.1}}, trainable: false}}",
    ],
)
def test_the_momentum_of_what_is_frozen_does_not_matter(load: Any, norm: str) -> None:
    assert not [one for one in load(model(norm)).warnings if "momentum" in one.message]
    assert [
        one
        for one in load(
            model(norm.replace(", trainable: false", "").replace("trainable: false, ", ""))
        ).warnings
        if "momentum" in one.message
    ]


OF_START = [
    ("moving averages", [model(NORM)]),
    ("moving averages", [PHOTOS, AROUND_ZERO, model(FROZEN_NORM.replace("SAID", "{last: 20}"))]),
    ("the average of the weights", ["optimizer={Adam: {use_ema: true}}"]),
    ("weights were trained on", [PHOTOS, model("{MobileNet: {include_top: false, pooling: avg}}")]),
    ("begin with the same weights", [model("{Dense: {units: 4, kernel_initializer: zeros}}")]),
    ("has random weights", [PHOTOS, AROUND_ZERO, model(FROZEN_NORM.replace("SAID", "false"))]),
]


@pytest.mark.parametrize(("message", "words"), OF_START)
def test_what_weights_begin_as_is_no_matter_where_those_of_a_run_are_taken(
    load: Any, message: str, words: list[str]
) -> None:
    def told(config: LoadedConfig) -> bool:
        facts = facts_of(config.experiment)
        later = config.check_again(replace(facts, epoch_size=facts.epoch_size or 400))
        return any(message in one.message for one in (*config.warnings, *later))

    assert told(load(*words))
    assert not told(load(*words, gets_weights=True))


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("is far larger", [rate("Adam", "10.0")]),
        ("no better", [callbacks("EarlyStopping")]),
        ("of the last few batches", [model("{BatchNormalization: {momentum: 0.1}}")]),
    ],
)
def test_what_has_nothing_to_do_with_the_start_is_said_all_the_same(
    load: Any, message: str, words: list[str]
) -> None:
    assert any(message in one.message for one in load(*words, gets_weights=True).warnings)


CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_shipped_configs_fall_into_none(path: Path) -> None:
    config = read_config(path, strict=True)
    facts = facts_of(config.experiment)
    # As many photographs as the smallest folder that they are for, or as many rows as tables have.
    unknown = 400 if facts.has_files else 20_000
    facts = replace(facts, epoch_size=facts.epoch_size or facts.num_examples or unknown)
    assert config.check_again(facts) == []
