"""Contradictions between sections: errors where it cannot be meant, warnings where it may."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bigmodel_cli.config.load import LoadedConfig
from bigmodel_cli.errors import ConfigError
from bigmodel_cli.modeling.language import read_config

BASE = """\
data:
  source: digits
preprocessing: [{Rescaling: {scale: 1/255}}]
model:
  - Flatten
  - Dense: {units: num_classes, activation: softmax}
loss: CategoricalCrossentropy
optimizer: Adam
training: {epochs: 10}
"""
NUMBERS = "data.source=diabetes"
MSE = ["loss=MeanSquaredError", "model=[{Dense: {units: 1}}]"]


@dataclass(frozen=True)
class Row:
    """Words of a command line over BASE, and the one problem that they make."""

    words: list[str]
    path: str
    message: str
    suggestion: str | None
    is_warning: bool = False


def softmax(loss: str) -> str:
    return f"loss={{{loss}: {{from_logits: true}}}}"


LAST = "model.1.Dense"
ONE = [
    f"{LAST}.units=1",
    f"{LAST}.activation=sigmoid",
    "loss=BinaryCrossentropy",
    "data.source={npz: {path: d.npz}}",
]


def place_in(metric: str) -> str:
    """The rest of the path of a metric that is written with arguments."""
    return f".{metric[1:].partition(':')[0]}" if metric.startswith("{") else ""


F_SCORE = "write {{{}: {{threshold: 0.5}}}}"
MEAN = "remove it: the loss has its mean already"
LOGITS = "the loss {CategoricalCrossentropy: {from_logits: true}}"
ERRORS = [
    Row(
        ["data.fold={number: 2, of: 5}", "data.test=0.2"],
        "data.test",
        "the test split is fold 2 of 5, and data.test: 0.2 asks for another one",
        "remove test, or fold",
    ),
    Row(
        [softmax("CategoricalCrossentropy")],
        "loss.CategoricalCrossentropy.from_logits",
        "from_logits: true says that the outputs are logits, but the model ends in a softmax",
        "remove from_logits, or the last layer's activation: softmax",
    ),
    Row(
        [softmax("SparseCategoricalCrossentropy"), "model=[Flatten, {Dense: {units: 10}}, Softmax]"],
        "loss.SparseCategoricalCrossentropy.from_logits",
        "from_logits: true says that the outputs are logits, but the model ends in a softmax",
        "remove from_logits, or the last layer's activation: softmax",
    ),
    Row(
        [f"~{LAST}.activation"],
        LAST,
        "CategoricalCrossentropy takes probabilities, but the last layer has no activation",
        "give it activation: softmax, or the loss {CategoricalCrossentropy: {from_logits: true}}",
    ),
    Row(
        [f"{LAST}.activation=relu", "loss=sparse_categorical_crossentropy"],
        LAST,
        "sparse_categorical_crossentropy takes probabilities, but the last layer has the activation relu",
        "give it activation: softmax, or the loss {SparseCategoricalCrossentropy: {from_logits: true}}",
    ),
    Row(
        ["loss=BinaryCrossentropy", "model=[Flatten, {Dense: {units: 1}}]"],
        LAST,
        "BinaryCrossentropy takes probabilities, but the last layer has no activation",
        "give it activation: sigmoid, or the loss {BinaryCrossentropy: {from_logits: true}}",
    ),
    Row(
        [f"{LAST}.units=1"],
        f"{LAST}.units",
        "a softmax over one unit is always 1",
        "write units: num_classes; for two classes also activation: sigmoid and BinaryCrossentropy",
    ),
    Row(
        [NUMBERS, "loss=mse", "model=[{Dense: {units: num_classes}}]"],
        "model.0.Dense.units",
        "num_classes is not known: the labels of diabetes are numbers, not classes",
        "write the number of outputs, for instance 1",
    ),
    Row(
        [NUMBERS, *MSE, "loss=CategoricalHinge"],
        "loss",
        "CategoricalHinge is for classes; the labels of diabetes are numbers",
        "write loss: MeanSquaredError",
    ),
    Row(
        [NUMBERS, *MSE, "metrics=[accuracy]"],
        "metrics.0",
        "accuracy is for classes; the labels of diabetes are numbers",
        "write metrics: [mae]",
    ),
    Row(["metrics=[recall@20]"], "metrics.0", "recall@20 is for items that are found among all", "remove it"),
    Row(["metrics=[span_f1]"], "metrics.0", "span_f1 is for tags of words", "remove it"),
    Row(
        ["data.source={image_folder: {path: photos, image_size: [8, 8]}}", "data.length_buckets=4"],
        "data.length_buckets",
        "length_buckets is for texts, and image_folder has none",
        "remove it",
    ),
    Row(
        [NUMBERS, "loss=mse", "model=[{Dense: {units: 3, activation: softmax}}]"],
        "model.0.Dense",
        "a softmax gives probabilities; the labels of diabetes are numbers",
        "leave the last layer's activation out",
    ),
    Row(
        ["augmentation=[{Resizing: {height: 4, width: 4}}]"],
        "augmentation.0.Resizing",
        "Resizing changes the shape; augmentation is for training only and has to keep it",
        "move it to preprocessing",
    ),
    Row(
        [f"{LAST}.units=1", f"{LAST}.activation=sigmoid"],
        f"{LAST}.units",
        "CategoricalCrossentropy needs a probability for each class",
        "write units: num_classes and activation: softmax; for two classes also BinaryCrossentropy",
    ),
    Row(
        [
            f"{LAST}.units=1",
            f"{LAST}.activation=sigmoid",
            "loss=BinaryCrossentropy",
            "metrics=[SparseCategoricalAccuracy]",
        ],
        "metrics.0",
        "SparseCategoricalAccuracy needs a score for each class; the model has one output",
        "write accuracy",
    ),
    *(
        Row([*ONE, f"metrics=[{metric}]"], f"metrics.0{place_in(metric)}", message, suggestion)
        for metric, message, suggestion in [
            (
                "F1Score",
                "F1Score needs a score for each class; the model has one output",
                F_SCORE.format("F1Score"),
            ),
            (
                "{FBetaScore: {beta: 2.0}}",
                "FBetaScore needs a score for each class; the model has one output",
                F_SCORE.format("FBetaScore"),
            ),
            (
                "CategoricalCrossentropy",
                "CategoricalCrossentropy needs a score for each class; the model has one output",
                "write BinaryCrossentropy",
            ),
            (
                "kl_divergence",
                "kl_divergence needs a score for each class; the model has one output",
                "write BinaryCrossentropy",
            ),
            (
                "{MeanIoU: {num_classes: 2}}",
                "MeanIoU needs a score for each class; the model has one output",
                "write BinaryIoU",
            ),
            (
                "{Precision: {top_k: 1}}",
                "Precision needs a score for each class; the model has one output",
                "write Precision, without top_k",
            ),
            (
                "PearsonCorrelation",
                "PearsonCorrelation compares the outputs of an example with each other; "
                "the model has one output",
                "write R2Score",
            ),
            ("Mean", "Mean averages values; it compares nothing with labels", MEAN),
        ]
    ),
    *(
        Row([f"metrics=[{metric}]"], f"metrics.0{tail}", message, suggestion)
        for metric, tail, message, suggestion in [
            (
                "{MeanIoU: {num_classes: 10}}",
                ".MeanIoU",
                "MeanIoU compares numbers of classes, but the model gives a score for each class",
                "write {MeanIoU: {…, sparse_y_pred: false}}",
            ),
            (
                "{OneHotIoU: {num_classes: 10, target_class_ids: [1], sparse_y_pred: true}}",
                ".OneHotIoU",
                "OneHotIoU compares numbers of classes, but the model gives a score for each class",
                "write {OneHotIoU: {…, sparse_y_pred: false}}",
            ),
            (
                "Accuracy",
                "",
                "Accuracy compares numbers of classes, but the model gives a score for each class",
                "write accuracy",
            ),
            ("bits_per_byte", "", "bits_per_byte is for texts that go on", "remove it"),
            ("perplexity", "", "perplexity is for texts that are written", "remove it"),
            (
                "{SparseTopKCategoricalAccuracy: {k: 3, from_sorted_ids: true}}",
                ".SparseTopKCategoricalAccuracy",
                "SparseTopKCategoricalAccuracy compares numbers of classes, "
                "but the model gives a score for each class",
                "remove from_sorted_ids",
            ),
            (
                "{MeanIoU: {num_classes: 3, sparse_y_pred: false}}",
                ".MeanIoU.num_classes",
                "MeanIoU is for 3 classes; the data has 10",
                "write num_classes: num_classes",
            ),
            (
                "{Recall: {class_id: 10}}",
                ".Recall.class_id",
                "there is no class 10: the 10 classes are 0 to 9",
                "write the number of a class",
            ),
            (
                "{AUC: {from_logits: true}}",
                ".AUC.from_logits",
                "AUC is told that the outputs are logits; the loss says that they are not",
                "remove from_logits",
            ),
            (
                "{Precision: {name: loss}}",
                ".Precision.name",
                "loss is taken: metrics.csv has a column of that name",
                "write another name, for instance precision",
            ),
            (
                "{AUC: {name: epoch}}",
                ".AUC.name",
                "epoch is taken: metrics.csv has a column of that name",
                "write another name, for instance auc",
            ),
            (
                "{Recall: {name: val_loss}}",
                ".Recall.name",
                "val_loss is taken: what begins with val_ is measured on the validation split",
                "write another name, for instance recall",
            ),
        ]
    ),
    *(
        Row(
            [f"metrics=[{', '.join(metrics)}]"],
            path,
            f"two metrics are called {name}, and one of them would be lost",
            advice,
        )
        for metrics, path, name, advice in [
            (
                ["{Precision: {class_id: 0}}", "{Precision: {class_id: 1}}"],
                "metrics.1.Precision",
                "precision",
                "give one of them another name: {Precision: {class_id: 1, name: precision_1}}",
            ),
            (
                ["accuracy", "accuracy"],
                "metrics.1",
                "accuracy",
                "give one of them another name: {accuracy: {name: accuracy_2}}",
            ),
            (
                ["AUC", "{AUC: {curve: PR}}"],
                "metrics.1.AUC",
                "auc",
                "give one of them another name: {AUC: {name: auc_2}}",
            ),
            (
                ["{Recall: {name: same}}", "{Precision: {name: same}}"],
                "metrics.1.Precision.name",
                "same",
                "give one of them another name: {Precision: {name: same_2}}",
            ),
        ]
    ),
    *(
        Row(
            [f"model=[Flatten, {', '.join(steps)}]"],
            path,
            f"CategoricalCrossentropy takes probabilities, but {ends}",
            advice,
        )
        for steps, path, ends, advice in [
            (
                ["{Dense: {units: num_classes, activation: tanh}}"],
                "model.1.Dense",
                "the last layer has the activation tanh",
                f"write activation: softmax (what gives probabilities: softmax or sparsemax), or {LOGITS}",
            ),
            (
                ["{Dense: {units: num_classes, activation: softmax}}", "BatchNormalization"],
                "model.2",
                "the model ends in BatchNormalization",
                f"end the model with {{Dense: {{units: …, activation: softmax}}}}, or {LOGITS}",
            ),
            (
                ["{Dense: {units: num_classes, activation: log_softmax}}"],
                "model.1.Dense",
                "the last layer has the activation log_softmax",
                f"write activation: softmax (what gives probabilities: softmax or sparsemax), or {LOGITS}",
            ),
            (
                ["{Dense: {units: num_classes}}", "LeakyReLU"],
                "model.2",
                "the model ends in LeakyReLU",
                f"write activation: softmax (what gives probabilities: softmax or sparsemax), or {LOGITS}",
            ),
            (
                ["{Dense: {units: num_classes}}", "{Dropout: {rate: 0.1}}"],
                "model.1.Dense",
                "the last layer has no activation",
                f"give it activation: softmax, or {LOGITS}",
            ),
            (
                ["{residual: {layers: [{Dense: {units: 64, activation: softmax}}]}}"],
                "model.1.residual",
                "the model ends in residual",
                f"end the model with {{Dense: {{units: …, activation: softmax}}}}, or {LOGITS}",
            ),
        ]
    ),
    Row(
        [f"~{LAST}.activation", "loss=KLDivergence"],
        LAST,
        "KLDivergence takes probabilities, but the last layer has no activation",
        "give it activation: softmax",
    ),
    Row(
        ["loss=Circle"],
        "loss",
        "Circle learns vectors that are near each other, and none of them is a class; "
        "bigmodel does not train that yet",
        None,
    ),
    Row(
        [f"{LAST}.units=1", f"~{LAST}.activation", "loss=CategoricalHinge"],
        f"{LAST}.units",
        "CategoricalHinge needs a score for each class",
        "write units: num_classes; for two classes also Hinge",
    ),
    Row(
        ["augmentation=[{MixUp: {alpha: 0.2}}]", "loss=SparseCategoricalCrossentropy"],
        "augmentation.0.MixUp",
        "MixUp mixes labels, which needs a loss over one-hot labels",
        "write loss: CategoricalCrossentropy",
    ),
]
WARNINGS = [
    Row(
        [
            "optimizer={Adam: {learning_rate: {CosineDecay: {initial_learning_rate: 0.0, "
            "warmup_target: 0.1, warmup_steps: 450}}}}"
        ],
        "optimizer.Adam.learning_rate.CosineDecay.warmup_steps",
        "the warm-up takes 450 steps; training has 450 steps in all, so it does not end",
        "write a smaller number, for instance warmup_steps: 45",
    ),
    Row(
        [f"{LAST}.activation=sigmoid"],
        f"{LAST}.activation",
        "CategoricalCrossentropy is for probabilities that sum to 1; a sigmoid's do not",
        "write activation: softmax",
    ),
    Row(
        ["loss=BinaryCrossentropy"],
        "loss",
        "BinaryCrossentropy takes each class by itself; a softmax's probabilities sum to 1",
        "write loss: CategoricalCrossentropy",
    ),
    Row(
        ["metrics=[{BinaryIoU: {name: overlap}}]"],
        "metrics.0.BinaryIoU",
        "BinaryIoU looks at each class by itself, so it is high before anything is learned",
        "write OneHotMeanIoU",
    ),
    Row(
        ["metrics=[{Precision: {name: accuracy}}]"],
        "metrics.0.Precision.name",
        "accuracy is what every evaluation measures under that name, which is not Precision",
        "write another name, for instance precision",
    ),
    Row(
        ["loss=CategoricalHinge"],
        LAST,
        "CategoricalHinge takes scores around 0; a softmax's are all above",
        "leave the activation out, or write activation: tanh",
    ),
    Row(
        ["metrics=[{TopKCategoricalAccuracy: {k: 10}}]"],
        "metrics.0.TopKCategoricalAccuracy",
        "the best 10 of 10 classes always hold the right one",
        "write {TopKCategoricalAccuracy: {k: …}} with a smaller number",
    ),
    Row(
        ["metrics=[BinaryAccuracy]"],
        "metrics.0",
        "BinaryAccuracy looks at each class by itself, so it is high before anything is learned",
        "write accuracy",
    ),
    Row(
        ["data.batch_size=1500"],
        "data.batch_size",
        "a batch of 1,500 is larger than the training split (1,437 examples): an epoch is one step",
        "write a smaller number, for instance batch_size: 71",
    ),
    Row(
        [
            "optimizer={Adam: {learning_rate: {ExponentialDecay: {initial_learning_rate: 0.1, "
            "decay_rate: 0.5, decay_steps: 451}}}}"
        ],
        "optimizer.Adam.learning_rate.ExponentialDecay.decay_steps",
        "the schedule takes 451 steps; training has 450 steps in all, so it does not reach its end",
        "leave decay_steps out: it is filled in",
    ),
    Row(
        [
            "optimizer={Adam: {learning_rate: {PiecewiseConstantDecay: {boundaries: [100, 450], "
            "values: [0.1, 0.01, 0.001]}}}}"
        ],
        "optimizer.Adam.learning_rate.PiecewiseConstantDecay.boundaries",
        "the boundary 450 is never reached; training has 450 steps in all",
        None,
    ),
    Row(
        ["data.on_bad_file=skip"],
        "data.on_bad_file",
        "on_bad_file has no effect: digits reads no image files",
        "remove it",
    ),
    Row(
        ["optimizer={Adam: {ema_momentum: 0.9}}"],
        "optimizer.Adam.ema_momentum",
        "ema_momentum has no effect: weights are averaged only with use_ema: true",
        "add use_ema: true",
    ),
    Row(
        ["optimizer={SGD: {nesterov: true}}"],
        "optimizer.SGD.nesterov",
        "nesterov has no effect: the momentum is 0",
        "add momentum: 0.9",
    ),
    Row(
        [
            "optimizer={Adam: {learning_rate: {CosineDecay: {initial_learning_rate: 0.1, "
            "warmup_target: 0.05}}}}"
        ],
        "optimizer.Adam.learning_rate.CosineDecay.warmup_target",
        "warmup_target has no effect: there is no warm-up",
        "add warmup_steps: …",
    ),
    Row(
        ["training.callbacks=[{EarlyStopping: {patience: 10}}]"],
        "training.callbacks.0.EarlyStopping.patience",
        "patience has no effect: training has 10 epochs",
        "write a smaller patience, or more epochs",
    ),
    Row(
        ["training.callbacks=[ReduceLROnPlateau]"],
        "training.callbacks.0",
        "ReduceLROnPlateau has no effect: its patience is 10 and training has 10 epochs",
        "write a smaller patience, or more epochs",
    ),
    Row(
        ["training.checkpoint.mode=max"],
        "training.checkpoint.mode",
        "mode has no effect: it belongs to a monitor that is named",
        "add monitor: …",
    ),
    Row(
        ["training.checkpoint.mode=max", "training.checkpoint.monitor=null"],
        "training.checkpoint.mode",
        "mode has no effect: without a monitor the last epoch is the best",
        "remove it",
    ),
    Row(
        ["training.checkpoint.mode=max", "data.validation=0"],
        "training.checkpoint.mode",
        "mode has no effect: without validation the last epoch is the best",
        "remove it",
    ),
    Row(
        ["training.jit_compile=true", "training.deterministic=true"],
        "training.jit_compile",
        "jit_compile has no effect: deterministic: true turns XLA off",
        "remove one of the two",
    ),
    Row(
        ["training.rollback.times=3"],
        "training.rollback",
        "rollback has no effect: on_divergence is stop",
        "add on_divergence: rollback",
    ),
    Row(
        ["training.rollback.factor=0.1", "training.on_divergence=stop"],
        "training.rollback",
        "rollback has no effect: on_divergence is stop",
        "add on_divergence: rollback",
    ),
    Row(
        ["augmentation=[{RandomRotation: {factor: 0}}]"],
        "augmentation.0.RandomRotation.factor",
        "factor has no effect: RandomRotation with 0 changes nothing",
        "remove the layer",
    ),
]
# Right ones that are near to wrong ones.
FINE = [
    [],
    [softmax("CategoricalCrossentropy"), f"~{LAST}.activation"],
    [f"{LAST}.activation=sigmoid", "loss=BinaryCrossentropy"],
    ["loss=MeanSquaredError"],
    ["loss=mse", f"~{LAST}.activation"],
    ["model=[Flatten, {Dense: {units: 10}}, {Activation: {activation: softmax}}]"],
    [NUMBERS, *MSE, "metrics=[mae]"],
    ["data.batch_size=1437"],
    ["data.batch_size=auto"],
    [
        "data.batch_size=auto",
        "optimizer={Adam: {learning_rate: {CosineDecay: {initial_learning_rate: 0.1}}}}",
    ],
    ["data.source={image_folder: {path: photos, image_size: 32}}", "data.on_bad_file=skip"],
    ["training.callbacks=[{EarlyStopping: {patience: 9}}]"],
    ["optimizer={SGD: {nesterov: true, momentum: 0.9}}"],
    ["optimizer={Adam: {use_ema: true, ema_momentum: 0.9}}"],
    ["metrics=[{TopKCategoricalAccuracy: {k: 5}}]"],
    ["metrics=[{Precision: {class_id: 0}}, {Precision: {class_id: 1, name: precision_1}}]"],
    [
        "metrics=[F1Score, {MeanIoU: {num_classes: num_classes, sparse_y_pred: false}}]",
        "loss=CategoricalCrossentropy",
    ],
    ["metrics=[{CategoricalAccuracy: {name: accuracy}}, {AUC: {name: roc_auc}}]"],
    [*ONE, "metrics=[{F1Score: {threshold: 0.5}}, {Precision: {class_id: 0}}, BinaryIoU, AUC, Hinge, mae]"],
    [f"{LAST}.activation=sparsemax"],
    [f"{LAST}.activation=tanh", "loss=CategoricalHinge", "metrics=[accuracy, CategoricalHinge]"],
    ["model=[Flatten, {Dense: {units: num_classes, activation: softmax}}, {Reshape: {target_shape: [10]}}]"],
    ["model=[Flatten, {repeat: {times: 1, layers: [{Dense: {units: num_classes, activation: softmax}}]}}]"],
    ["model=[{Conv2D: {filters: num_classes, kernel_size: 3, activation: softmax}}, GlobalAveragePooling2D]"],
    ["model=[{Resizing: {height: 32, width: 32}}, {VGG16: {weights: null, classes: num_classes}}]"],
    ["training.checkpoint={monitor: val_loss, mode: min}"],
    ["training.on_divergence=rollback", "training.rollback={factor: 0.1, times: 1}"],
    # As the config of a run has it.
    ["training.on_divergence=stop", "training.rollback={factor: 0.5, times: 3}"],
]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., LoadedConfig]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.yaml").write_text(BASE)

    def _load(*words: str, strict: bool = False) -> LoadedConfig:
        return read_config(Path("c.yaml"), words, strict=strict)

    return _load


def shown(problem: dict[str, Any]) -> tuple[str, str, str | None, str]:
    return problem["path"], problem["message"], problem["suggestion"], problem["severity"]


@pytest.mark.parametrize("row", ERRORS, ids=lambda row: " ".join(row.words)[:60])
def test_what_cannot_be_meant_is_refused(row: Row, load: Callable[..., LoadedConfig]) -> None:
    with pytest.raises(ConfigError) as caught:
        load(*row.words)
    (problem,) = caught.value.problems
    assert shown(problem) == (row.path, row.message, row.suggestion, "error")


@pytest.mark.parametrize("row", WARNINGS, ids=lambda row: " ".join(row.words)[:60])
def test_what_may_be_meant_is_a_warning(row: Row, load: Callable[..., LoadedConfig]) -> None:
    (warning,) = load(*row.words).warnings
    assert shown(warning.as_json()) == (row.path, row.message, row.suggestion, "warning")
    with pytest.raises(ConfigError) as caught:
        load(*row.words, strict=True)
    assert [shown(problem) for problem in caught.value.problems] == [shown(warning.as_json())]


@pytest.mark.parametrize("words", FINE, ids=lambda words: " ".join(words)[:60])
def test_what_is_right_is_left_alone(words: list[str], load: Callable[..., LoadedConfig]) -> None:
    assert load(*words, strict=True).warnings == ()


def test_errors_are_shown_with_the_warnings_behind_them(load: Callable[..., LoadedConfig]) -> None:
    with pytest.raises(ConfigError) as caught:
        load("data.batch_size=1500", f"{LAST}.units=1")
    assert [problem["severity"] for problem in caught.value.problems] == ["error", "warning"]
    assert "\nwarning: command line: data.batch_size=1500" in caught.value.message


def test_shipped_configs_have_no_warnings() -> None:
    folder = Path(__file__).resolve().parents[2] / "configs"
    for path in sorted(folder.glob("*.yaml")):
        assert read_config(path, strict=True).warnings == ()
