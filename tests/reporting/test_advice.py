"""What to try: each rule speaks where it should, and nowhere else."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bigmodel_cli.advice.findings import Findings
from bigmodel_cli.kinds.array.kind import ArrayKind
from bigmodel_cli.kinds.image.kind import ImageFormat, ImageKind
from bigmodel_cli.parts import part_of
from bigmodel_cli.signature import Signature, signature_as_json
from bigmodel_cli.tasks.advice import Rules, advise
from bigmodel_cli.tasks.classification.task import Classification
from bigmodel_cli.tasks.regression.task import Regression
from bigmodel_cli.tasks.segmentation.task import Segmentation
from bigmodel_cli.tasks.tagging.task import Tagging

FALLING = [2, 1, 0.5, 0.4, 0.3, 0.27, 0.24, 0.21]


CLASSES = {"signature": signature_as_json(Signature.of(ArrayKind((5,)), Classification(("a", "b", "c"))))}
NUMBERS = {"signature": signature_as_json(Signature.of(ArrayKind((5,)), Regression()))}


def findings(columns=None, best_epoch=5, config=None, record=None, **changes):
    good = {
        "epoch": [1, 2, 3, 4, 5, 6, 7, 8],
        "loss": [2, 1, 0.5, 0.3, 0.2, 0.19, 0.18, 0.17],
        "val_loss": [2, 1, 0.5, 0.3, 0.21, 0.21, 0.22, 0.22],
        "accuracy": [0.5, 0.6, 0.7, 0.8, 0.9, 0.9, 0.9, 0.9],
        "val_accuracy": [0.5, 0.6, 0.7, 0.8, 0.89, 0.88, 0.88, 0.88],
    }
    evaluation = {
        "split": "test",
        "examples": 1000,
        "metrics": {"accuracy": 0.89},
        "scores": {"expected_calibration_error": 0.01},
        "intervals": {"accuracy": {"low": 0.87, "high": 0.91}},
        "per_class": [{"class": name, "f1": 0.9, "support": 333} for name in "abc"],
    }
    whole = {**good, **(columns or {})}
    return Findings(whole, {**evaluation, **changes}, config or {}, best_epoch, {**CLASSES, **(record or {})})


def of_numbers(losses, r2, best_epoch):
    columns = {"epoch": list(range(1, 9)), "loss": losses, "val_loss": losses}
    return Findings(
        columns,
        {"split": "test", "examples": 1000, "metrics": {"r2": r2}, "scores": {}, "intervals": {}},
        {"training": {"epochs": 8}},
        best_epoch,
        NUMBERS,
    )


def test_a_falling_loss_is_not_enough_where_the_mean_is_better():
    (advice,) = advise(of_numbers(FALLING, -3.25, best_epoch=8))
    assert advice.finding == "R² is -3.250: always answering the mean of the labels is better."
    assert advice.advice.startswith("The last epoch is the best one, so it is not done: train several times")
    assert advice.words == "training.epochs=32"
    (advice,) = advise(of_numbers([2, 1, 0.5, 0.3, 0.21, 0.21, 0.22, 0.22], -0.5, best_epoch=5))
    assert advice.finding == "R² is -0.500: always answering the mean of the labels is better."
    assert advice.advice.startswith("What was learned does not hold for these examples")
    (advice,) = advise(of_numbers(FALLING, 0.1, best_epoch=8))
    assert advice.finding.startswith("The best epoch is the last one, 8")


def test_advice_reads_well_on_a_terminal_too():
    rows = [{"class": name, "f1": 0.95, "support": 333} for name in "02"]
    (advice,) = advise(findings(per_class=[*rows, {"class": "1", "f1": 0.5, "support": 300}]))
    assert advice.finding.startswith("'1' is the weakest class: F1 0.50")
    assert advice.advice.startswith("Look at its mistakes in the report:") and "below" not in advice.advice


def test_a_good_run_gets_no_advice():
    assert advise(findings()) == []


@pytest.mark.parametrize(
    ("found", "says", "words"),
    [
        (
            findings({"val_loss": [2, 1, 0.5, 0.3, 0.21, 0.3, 0.4, 0.5]}),
            "After epoch 5 the validation loss rose while the training loss fell.",
            "training.callbacks=[{EarlyStopping: {monitor: val_loss, patience: 3}}]",
        ),
        (
            findings({"accuracy": [0.5, 0.6, 0.7, 0.8, 0.99, 1, 1, 1]}),
            "Training accuracy is 10.0% above validation accuracy.",
            "Dropout: {rate: 0.5}",
        ),
        (
            findings({"val_loss": FALLING}, best_epoch=8, config={"training": {"epochs": 8}}),
            "The best epoch is the last one, 8: it was still getting better.",
            "training.epochs=16",
        ),
        (
            findings({"accuracy": [0.3, 0.35] * 4, "val_accuracy": [0.33] * 8}, metrics={"accuracy": 0.334}),
            "Accuracy is 33.4%; always answering the largest class gives 33.3%.",
            "",
        ),
        (
            findings(
                per_class=[{"class": name, "f1": 0.95, "support": 333} for name in "ab"]
                + [{"class": "cat", "f1": 0.5, "support": 300}]
            ),
            "'cat' is the weakest class: F1 0.50, where the mean is 0.80 (300 examples in this split).",
            "",
        ),
        (
            findings(
                per_class=[{"class": name, "f1": 0.9, "support": n} for name, n in (("a", 900), ("b", 90))],
                metrics={"accuracy": 0.99},
            ),
            "The largest class has 10 times the examples of the smallest.",
            "data.class_weights=balanced",
        ),
        (
            findings(scores={"expected_calibration_error": 0.123}),
            "Probabilities are off by 12.3% on average.",
            "calibrate={}",
        ),
        (
            findings(examples=30, intervals={"accuracy": {"low": 0.7, "high": 0.96}}),
            "With 30 examples, the accuracy may be anything from 70% to 96%.",
            "",
        ),
        (
            findings(examples=6, intervals={"accuracy": {"low": 0.44, "high": 0.97}}),
            "6 test examples are few: accuracy may be anything from 44% to 97%.",
            "data.validation=0.2 data.test=0.2",
        ),
        (
            findings(record={"data": {"splits": {"validation": {"examples": 9}}}}),
            "9 validation examples are few.",
            "data.validation=0.2 data.test=0.2",
        ),
    ],
    ids=[
        *("by heart", "gap", "more epochs", "untrained", "weak class", "imbalance", "calibration"),
        *("uncertain", "six test examples", "nine validation examples"),
    ],
)
def test_each_finding(found, says, words):
    assert [(advice.finding, advice.words) for advice in advise(found)] == [(says, words)]


def test_what_was_done_already_is_not_advised():
    calibrated = findings(scores={"expected_calibration_error": 0.2}, config={"calibrate": {}})
    weighted = findings(
        per_class=[{"class": name, "f1": 0.9, "support": n} for name, n in (("a", 900), ("b", 90))],
        metrics={"accuracy": 0.99},
        config={"data": {"class_weights": "balanced"}},
    )
    stopped_early = findings({"val_loss": FALLING}, best_epoch=8, config={"training": {"epochs": 100}})
    assert advise(calibrated) == advise(weighted) == advise(stopped_early) == []


def test_a_run_of_numbers_without_validation():
    columns = {"epoch": [1], "loss": [1.0]}
    evaluation = {"examples": 100, "metrics": {"loss": 1.0}, "scores": {}, "intervals": {}}
    assert advise(Findings(columns, evaluation, {}, 1, NUMBERS)) == []


@pytest.mark.parametrize(
    ("columns", "best"),
    [
        # The last epoch was worse than the one before.
        ({"val_loss": [*FALLING[:7], 0.26]}, 7),
        # It was the best one by accuracy, but the loss has come to rest.
        ({"val_loss": [2, 1, 0.5, 0.3, 0.21, 0.21, 0.21, 0.209]}, 8),
        ({"val_loss": [2, 1, 0.5, 0.3, 0.21, 0.2, 0.19, 0.22]}, 8),
    ],
)
def test_more_epochs_are_for_runs_that_were_still_getting_better(columns, best):
    assert advise(findings(columns, best, {"training": {"epochs": 8}})) == []


def test_a_validation_loss_that_wavers_beside_that_of_training_has_not_risen():
    """As in runs that early stopping has ended, with augmentation."""
    columns = {"val_loss": [2, 1, 0.5, 0.3, 0.15, 0.19, 0.2, 0.19]}
    assert advise(findings(columns)) == []
    (advice,) = advise(findings({"val_loss": [2, 1, 0.5, 0.3, 0.15, 0.2, 0.22, 0.24]}))
    assert advice.finding.startswith("After epoch 5 the validation loss rose")


def test_a_gap_within_the_noise_of_few_examples_says_nothing():
    gap = {"accuracy": [0.5, 0.6, 0.7, 0.8, 0.96, 1, 1, 1]}
    (advice,) = advise(findings(gap))
    assert advice.finding == "Training accuracy is 7.0% above validation accuracy."
    assert advise(findings(gap, record={"data": {"splits": {"validation": {"examples": 60}}}})) == []


FOLDER = Path(__file__).parent / "trained_runs"


ADOPTED = {"adopted": {"file": "elsewhere.keras"}}
NOTHING = {name: [] for name in ("epoch", "loss", "val_loss", "accuracy", "val_accuracy")}
OF_CHANCE = {"metrics": {"accuracy": 0.34}, "intervals": {"accuracy": {"low": 0.31, "high": 0.37}}}
PIXELS = {
    "signature": signature_as_json(
        Signature.of(ImageKind(ImageFormat((8, 8))), Classification(("a", "b", "c")))
    )
}


@pytest.mark.parametrize(
    ("found", "says", "words"),
    [
        (findings(NOTHING, 0, record=ADOPTED), None, None),
        (
            findings(NOTHING, 0, record=ADOPTED, **OF_CHANCE),
            "or its outputs stand for the classes in another order",
            "bigmodel adopt … --labels FILE",
        ),
        (
            findings(NOTHING, 0, record={**ADOPTED, **PIXELS}, **OF_CHANCE),
            "pixels from 0 to 1, or from -1 to 1?",
            "bigmodel adopt … --rescale 1/255",
        ),
        (
            findings(NOTHING, 0, record=ADOPTED, scores={"expected_calibration_error": 0.2}),
            "Probabilities are off by 20.0% on average.",
            "bigmodel adopt … calibrate={} data.validation=0.1",
        ),
        (
            findings(NOTHING, 0, record=ADOPTED, examples=9),
            "9 test examples are few: accuracy may be anything from 87% to 91%. Numbers on them are mostly "
            "chance: collect more.",
            "",
        ),
    ],
    ids=["well", "chance", "chance on pixels", "calibration", "few"],
)
def test_of_a_model_from_elsewhere_only_its_answers_are_spoken_of(found, says, words):
    said = [(f"{one.finding} {one.advice}", one.words) for one in advise(found)]
    if says is None:
        assert said == []
        return
    ((text, found_words),) = said
    assert says in text and found_words == words


def test_numbers_of_a_model_from_elsewhere_that_are_worse_than_their_mean():
    found = replace(of_numbers([], -3.25, best_epoch=0), columns=NOTHING, record={**NUMBERS, **ADOPTED})
    (advice,) = advise(found)
    assert advice.finding == "R² is -3.250: always answering the mean of the labels is better."
    assert "it gives the labels on another scale" in advice.advice


def trained(name):
    """What a run has left that was really trained: see trained_runs/make.py."""
    document = json.loads((FOLDER / f"{name.replace(' ', '_')}.json").read_text())
    return Findings(**document)


def changed(found, **config):
    """The same run under another config, or with another record."""
    record = {**found.record, **config.pop("record", {})}
    return replace(found, config={**found.config, **config}, record=record)


ILL = [
    (
        "unsettled averages",
        "the moving averages of BatchNormalization have not settled. With momentum 0.99 they",
    ),
    ("scaled in augmentation", "Rescaling stands in `augmentation`, so that training alone has it."),
    ("tiny learning rate", "Adam's learning rate of 1e-07 is far too small, so that the loss hardly moves."),
    ("huge learning rate", "Adam's learning rate of 3e+00 is far too large, so that steps overshoot."),
    (
        "learned by heart",
        "What was learned holds for the training examples alone: either they were learned by heart",
    ),
    (
        "another test split",
        "The test split is of another kind: are its labels right, its classes in the same order",
    ),
    ("six test examples", "6 test examples are few: accuracy may be anything from"),
    ("prices", "predictions around"),
    (
        "few photographs",
        "the moving averages of BatchNormalization have not settled. With momentum 0.99 they need",
    ),
]


@pytest.mark.parametrize(("name", "says"), ILL, ids=[name for name, _ in ILL])
def test_an_illness_is_told_first(name, says):
    advice, *_ = advise(trained(name))
    assert says in f"{advice.finding} {advice.advice}"


WORDS = {
    "unsettled averages": "BatchNormalization: {momentum: 0.9}",
    "scaled in augmentation": "preprocessing: [{Rescaling: …}]",
    "tiny learning rate": "optimizer.Adam.learning_rate=1e-3",
    "huge learning rate": "optimizer.Adam.learning_rate=1e-3",
    "prices": "- Rescaling: {scale: ",
}


@pytest.mark.parametrize(("name", "words"), WORDS.items())
def test_and_the_key_to_change(name, words):
    assert advise(trained(name))[0].words.startswith(words)


@pytest.mark.parametrize(
    "name", ["settled averages", "good digits", "prices on their scale", "pretrained photographs"]
)
def test_healthy_runs_get_none(name):
    assert advise(trained(name)) == []


def test_few_photographs_want_pretrained_weights_whatever_else_is_the_matter():
    found = trained("few photographs")
    wanted = [advice.words for advice in advise(found)]
    assert "MobileNet: {weights: imagenet, trainable: false, include_top: false, pooling: avg}" in wanted
    assert advise(found)[1].finding.startswith("400 images are few to learn seeing from")
    # Not of a run that began from weights, and not of numbers or of spectra.
    for other in (
        changed(found, record={"parent": {"run": "x"}}),
        changed(found, record={"signature": signature_as_json(Signature.of(ArrayKind((64,)), Regression()))}),
    ):
        assert not any("seeing" in advice.finding for advice in advise(other))


def test_forty_eight_photographs():
    found = trained("few photographs")
    splits = {"train": {"examples": 48}, "validation": {"examples": 12}}
    advice = advise(changed(found, record={"data": {"splits": splits}}))
    assert any(one.finding.startswith("48 images are few") for one in advice)
    assert any(one.finding.startswith(("100 validation", "12 validation")) for one in advice)


def test_98_percent_in_training_and_33_in_the_test_is_not_nothing_learned():
    high = {"accuracy": [0.5, 0.9, 0.95, 0.97, 0.98, 0.98, 0.98, 0.98]}
    low = {"val_accuracy": [0.33] * 8, "val_loss": [1.5] * 8}
    (advice, *_) = advise(findings({**high, **low}, metrics={"accuracy": 0.33}))
    assert "98.0% in training and 33.0% in validation, where chance is 33.3%" in advice.finding
    assert "Nothing was learned" not in advice.advice
    (advice, *_) = advise(findings(high, metrics={"accuracy": 0.33}))
    assert "89.0% in validation and 33.0% in the test split, where chance is 33.3%" in advice.finding


@pytest.mark.parametrize(
    ("config", "says"),
    [
        (
            {"model": [{"repeat": {"times": 2, "steps": [{"BatchNormalization": None}]}}]},
            "need some 459 steps",
        ),
        ({"model": [{"BatchNormalization": {"momentum": 0.999}}]}, "need some 4,603 steps"),
        ({"model": [{"residual": [{"BatchNormalization": {"momentum": 0.98}}]}]}, "need some 228 steps"),
        (
            {"model": [{"ResNet50": {"include_top": False, "weights": None}}]},
            "inside ResNet50 have not settled",
        ),
        ({"model": ["BatchNormalization"], "data": {"batch_size": 1}}, "learned by heart"),
        ({"model": [{"VGG16": {"include_top": False, "weights": None}}]}, "learned by heart"),
        ({"model": [{"BatchNormalization": {"trainable": False}}]}, "learned by heart"),
        ({"model": [], "augmentation": ["Normalization"]}, "Normalization stands in `augmentation`"),
        ({"model": [], "augmentation": [{"RandomFlip": {}}]}, "learned by heart"),
    ],
)
def test_what_keeps_learning_from_carrying_over(config, says):
    columns = {"accuracy": [0.9] * 8, "val_accuracy": [0.34] * 8}
    record = {"data": {"splits": {"train": {"examples": 100}}}}
    found = findings(columns, 5, {"data": {"batch_size": 10}, **config}, record, metrics={"accuracy": 0.34})
    (advice, *_) = advise(found)
    assert says in f"{advice.finding} {advice.advice}"


def test_one_class_for_everything_is_said():
    matrix = [[333, 0, 0], [330, 3, 0], [333, 0, 0]]
    columns = {"accuracy": [0.34] * 8, "val_accuracy": [0.33] * 8}
    (advice, *_) = advise(findings(columns, metrics={"accuracy": 0.335}, confusion_matrix=matrix))
    assert advice.finding == "The answer is 'a' for every example, which gives 33.5%."
    columns["accuracy"] = [0.9] * 8
    (advice, *_) = advise(findings(columns, metrics={"accuracy": 0.335}, confusion_matrix=matrix))
    assert "(the answer is 'a' for everything)" in advice.finding


PIXELS = signature_as_json(Signature.of(ArrayKind((28, 28, 1), "uint8"), Classification(("a", "b", "c"))))


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"model": ["Flatten"]}, "pixels come as 0 … 255"),
        ({"model": [{"EfficientNetB0": {"include_top": False}}]}, "another learning rate"),
        ({"model": ["Flatten"], "preprocessing": [{"Rescaling": {}}]}, "another learning rate"),
        ({"model": ["BatchNormalization"]}, "another learning rate"),
        (
            {"model": [], "preprocessing": ["Rescaling"], "optimizer": {"SGD": {}}},
            "SGD's learning rate of 3e-05",
        ),
        (
            {"model": [], "preprocessing": ["Rescaling"], "optimizer": {"Adadelta": {}}},
            "Adadelta's learning rate",
        ),
    ],
)
def test_why_nothing_was_learned(config, says):
    columns = {"accuracy": [0.33] * 8, "val_accuracy": [0.33] * 8, "learning_rate": [3e-5] * 8}
    found = findings(columns, 5, config, {"signature": PIXELS}, metrics={"accuracy": 0.33})
    (advice, *_) = advise(found)
    assert says in f"{advice.finding} {advice.advice}"


def test_a_schedule_is_replaced_as_a_whole():
    config = {"optimizer": {"SGD": {"learning_rate": {"CosineDecay": {"initial_learning_rate": 1e-6}}}}}
    columns = {"accuracy": [0.33] * 8, "val_accuracy": [0.33] * 8, "learning_rate": [1e-6] * 8}
    (advice, *_) = advise(findings(columns, 5, config, metrics={"accuracy": 0.33}))
    assert advice.words == "optimizer: {SGD: {learning_rate: 1e-2}}"


def test_a_loss_that_comes_apart():
    losses = [2, 1, 0.5, 0.4, 3.0, 5.0, 4.0, 6.0]
    config = {"optimizer": {"Adam": {"learning_rate": 0.1}}}
    (advice, *_) = advise(findings({"loss": losses, "learning_rate": [0.1] * 8}, 4, config))
    assert advice.finding == "The training loss fell to 0.4 in epoch 4, and rose to 6."
    assert advice.words == "optimizer.Adam.learning_rate=1e-02"


def numbers(label, spread, prediction, optimizer="Adam", r2=-10.0):
    columns = {"epoch": [1, 2, 3], "loss": [9.0, 8.0, 7.0], "val_loss": [9.0, 8.0, 7.0]}
    evaluation = {
        "split": "test",
        "examples": 100,
        "metrics": {"loss": 7.0, "mean_absolute_error": 1.0, "r2": r2},
        "scores": {},
        "intervals": {},
        "labels": [{"mean": label, "standard_deviation": spread}],
        "predictions": [{"mean": prediction, "standard_deviation": 1.0}],
    }
    return Findings(columns, evaluation, {"optimizer": optimizer, "training": {"epochs": 3}}, 3, NUMBERS)


@pytest.mark.parametrize(
    ("label", "spread", "prediction", "words"),
    [
        (2e5, 5e4, -1.0, "- Rescaling: {scale: 50000, offset: 200000}  # the last step of `model`"),
        (-273.14, 12.0, 0.5, "- Rescaling: {scale: 12, offset: -273.1}  # the last step of `model`"),
        (0.5, 0.001, 40.0, "- Rescaling: {scale: 0.001, offset: 0.5}  # the last step of `model`"),
        (2012.0, 3.0, 1900.0, "- Rescaling: {scale: 3, offset: 2012}  # the last step of `model`"),
    ],
)
def test_numbers_far_from_their_scale(label, spread, prediction, words):
    (advice, *others) = advise(numbers(label, spread, prediction))
    assert advice.words == words and others == []
    assert "use Adam" in advise(numbers(label, spread, prediction, "SGD"))[0].advice
    assert "use Adam" not in advice.advice


@pytest.mark.parametrize(("label", "prediction"), [(2e5, 1.9e5), (0.0, 0.3), (5.0, 5.0)])
def test_numbers_on_their_scale(label, prediction):
    found = advise(numbers(label, max(1.0, abs(label) / 4), prediction, r2=0.5))
    assert [advice.words for advice in found] == ["training.epochs=6"]


def test_rare_classes_and_impatience_are_reasons_too():
    matrix = [[900, 0], [100, 0]]
    rare = [{"class": name, "f1": 0.5, "support": n} for name, n in (("a", 900), ("b", 100))]
    columns = {"accuracy": [0.9] * 8, "val_accuracy": [0.9] * 8, "learning_rate": [1e-3] * 8}
    found = {"metrics": {"accuracy": 0.9}, "confusion_matrix": matrix, "per_class": rare}
    config = {"optimizer": "Adam"}
    (advice, *_) = advise(findings(columns, 5, config, **found))
    assert advice.words == "data.class_weights=balanced"
    assert advice.finding == "The answer is 'a' for every example, which gives 90.0%."
    weighted = {**config, "data": {"class_weights": "balanced"}}
    (advice, *_) = advise(findings(columns, 5, weighted, **found))
    assert "another learning rate" in advice.advice
    stopped = {"stopped": {"callback": "EarlyStopping", "epoch": 3}}
    (advice, *_) = advise(findings(columns, 5, weighted, stopped, **found))
    assert advice.words == "EarlyStopping: {patience: 10}"
    few = {"data": {"splits": {"train": {"examples": 100}}}}
    weighted["data"]["batch_size"] = 10
    (advice, *_) = advise(findings(columns, 5, weighted, few, **found))
    assert "in 80 steps, which are few" in advice.advice and advice.words == "training.epochs=20"
    # Whose classes are as rare as that, and who finds them, is not ill.
    found |= {"metrics": {"accuracy": 0.97}, "confusion_matrix": [[890, 10], [20, 80]]}
    assert "Nothing" not in str(advise(findings(columns, 5, config, **found)))


@pytest.mark.parametrize(
    ("model", "says"),
    [
        ({"MobileNet": {"weights": None, "trainable": False}}, "MobileNet is frozen and has random weights"),
        ({"VGG16": {"weights": None, "trainable": {"last": 3}}}, "VGG16 is frozen and has random weights"),
        ({"repeat": {"times": 2, "steps": [{"Dense": {"units": 9, "trainable": False}}]}}, "Dense is frozen"),
        ({"MobileNet": {"weights": "imagenet", "trainable": False}}, None),
        ({"MobileNet": {"trainable": False}}, None),
        ({"MobileNet": {"weights": None}}, None),
        ({"BatchNormalization": {"trainable": False}}, None),
    ],
)
def test_frozen_random_weights_are_the_first_cause(model, says):
    """Whatever else is the matter: here a learning rate that is far too small."""
    still = {"accuracy": [0.3] * 8, "val_accuracy": [0.33] * 8, "learning_rate": [1e-6] * 8}
    config = {"model": [model, {"Dense": {"units": 3}}], "optimizer": {"Adam": {"learning_rate": 1e-6}}}
    found = findings(still, 5, config, metrics={"accuracy": 0.334})
    advice = advise(found)[0].advice
    assert advice.startswith(says) if says else "far too small" in advice
    assert not says or "train --from RUN" in advice
    brought = advise(changed(found, record={"parent": {"run": "x"}}))[0].advice
    assert "random weights" not in brought
    # A run that has learned something is not told.
    assert "random weights" not in " ".join(one.advice for one in advise(findings(config=config)))


def test_few_photographs_with_masks_want_them_inside_a_unet():
    rules = part_of(Segmentation((8, 8), ("ground", "cell")), Rules)
    found = trained("few photographs")
    pixels = [{"class": name, "support": 50, "predicted": 50, "recall": 0.5} for name in ("ground", "cell")]
    of_masks = replace(found, evaluation={**found.evaluation, "per_class": pixels})
    wanted = [advice.words for advice in rules.advise(of_masks)]
    assert "unet: {encoder: {MobileNet: {weights: imagenet, include_top: false}}}" in wanted


def test_spans_that_are_not_told_want_words_of_none_to_count_less():
    rules = part_of(Tagging(9, ("O", "B-place", "I-place"), "bio", "words"), Rules)
    scores = {"span_precision": 0.44, "span_recall": 0.15}
    of_tags = findings(metrics={"span_f1": 0.22}, scores=scores, per_class=[], intervals={})
    (advice,) = rules.refinements[0](of_tags)
    assert advice.finding.startswith(
        "Of the spans that are there 15% are found, and 44% of those that are told"
    )
    assert advice.words == "data: {class_weights: {O: 0.5}}"
    (advice,) = rules.refinements[0](replace(of_tags, config={"data": {"class_weights": "balanced"}}))
    assert advice.words.startswith("- word_vectors: {")
    assert not [
        *rules.refinements[0](
            replace(of_tags, evaluation={"metrics": {}, "scores": {**scores, "span_recall": 0.3}})
        )
    ]
