"""Contradictions between sections, found before any data is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bigmodel_cli.config.load import LoadedConfig

Load = Callable[..., LoadedConfig]
Refused = Callable[..., list[dict[str, Any]]]
CONFIG = """\
data:
  source: digits
model:
  - Flatten
  - Dense: {units: num_classes, activation: softmax}
loss: CategoricalCrossentropy
optimizer: Adam
"""
STOP = (
    CONFIG
    + "metrics: [accuracy, F1Score]\ntraining:\n  callbacks:\n    - EarlyStopping: {monitor: MONITOR}\n"
)


@pytest.mark.parametrize("monitor", ["loss", "val_loss", "accuracy", "val_f1_score", "learning_rate"])
def test_what_a_config_produces_can_be_watched(load: Load, monitor: str) -> None:
    callback = load(STOP.replace("MONITOR", monitor)).experiment.training.callbacks[0]
    assert callback.arguments["monitor"] == monitor


def test_a_misspelt_monitor_is_placed_and_put_right(refused: Refused) -> None:
    (problem,) = refused(STOP.replace("MONITOR", "val_acuracy"))
    assert problem["path"] == "training.callbacks.0.EarlyStopping.monitor"
    assert (problem["line"], problem["column"]) == (11, 32)
    assert problem["message"] == "nothing produces 'val_acuracy'"
    assert problem["suggestion"] == "did you mean val_accuracy?"


def test_a_name_far_from_all_is_told_what_there_is(refused: Refused) -> None:
    (problem,) = refused(STOP.replace("MONITOR", "perplexity"))
    assert problem["suggestion"] == (
        "this config produces loss, accuracy, f1_score, val_loss, val_accuracy, val_f1_score, learning_rate"
    )


def test_a_gate_on_a_metric_that_nothing_produces(load: Load, refused: Refused) -> None:
    (problem,) = refused(CONFIG + 'expect: {tset_accuracy: ">= 0.9"}\n')
    assert (problem["path"], problem["line"]) == ("expect.tset_accuracy", 8)
    assert problem["message"] == "nothing produces 'tset_accuracy'"
    assert problem["suggestion"] == "did you mean test_accuracy?"
    assert load(CONFIG + 'expect: {test_accuracy: ">= 0.9", val_loss: "< 1"}\n')


def test_without_validation_there_are_no_val_metrics(load: Load, refused: Refused) -> None:
    (problem,) = refused(STOP.replace("MONITOR", "val_loss"), "data.validation=0")
    assert problem["message"] == "nothing produces 'val_loss' (validation: 0 leaves no val_ metrics)"
    assert problem["suggestion"] == "did you mean loss?"
    assert load(STOP.replace("MONITOR", "loss"), "data.validation=0").experiment.data.validation == 0


def test_the_default_monitor_counts_as_written(refused: Refused) -> None:
    (problem,) = refused(
        CONFIG + "training: {callbacks: [ReduceLROnPlateau: {patience: 2}]}\n", "data.validation=0"
    )
    assert problem["message"].startswith("nothing produces 'val_loss'")
    assert (problem["line"], problem["column"]) == (8, 24)


def test_the_checkpoints_monitor(load: Load, refused: Refused) -> None:
    (problem,) = refused(CONFIG, "training.checkpoint.monitor=val_los")
    assert (problem["path"], problem["file"]) == ("training.checkpoint.monitor", "command line")
    assert problem["suggestion"] == "did you mean val_loss?"
    assert load(CONFIG, "training.checkpoint.monitor=val_loss")


def test_a_metric_is_watched_by_the_name_it_is_given(load: Load, refused: Refused) -> None:
    text = (
        CONFIG
        + "metrics: [{AUC: {name: area}}]\ntraining: {callbacks: [{EarlyStopping: {monitor: val_MONITOR}}]}\n"
    )
    assert load(text.replace("MONITOR", "area"))
    (problem,) = refused(text.replace("MONITOR", "auc"))
    assert problem["message"] == "nothing produces 'val_auc'"


def model(*steps: str) -> str:
    listed = "".join(f"  - {step}\n" for step in steps)
    return CONFIG.replace("  - Flatten\n", listed)


def test_inputs_name_steps_above(load: Load, refused: Refused) -> None:
    assert load(
        model(
            "Flatten: {name: stem}",
            "Identity",
            "Add: {inputs: [stem, previous]}",
            "Add: {inputs: [input, stem]}",
        )
    )
    (problem,) = refused(model("Flatten: {name: stem}", "Add: {inputs: [sten, previous]}"))
    assert problem["message"] == "no step above is named 'sten'"
    assert (problem["path"], problem["line"], problem["suggestion"]) == (
        "model.1.Add.inputs.0",
        5,
        "did you mean stem?",
    )


def test_inputs_do_not_look_ahead(refused: Refused) -> None:
    (problem,) = refused(model("Add: {inputs: [later, previous]}", "Flatten: {name: later}"))
    assert problem["message"] == "no step above is named 'later'"
    assert problem["suggestion"] == "give a step a name: {name: …}, or use `previous` or `input`"


def test_names_of_steps_are_unique(refused: Refused) -> None:
    (problem,) = refused(model("Flatten: {name: stem}", "Identity: {name: stem}"))
    assert problem["message"] == "the name 'stem' is taken by a step above"
    assert (problem["path"], problem["line"], problem["column"]) == ("model.1.Identity.name", 5, 22)


def test_a_schedule_and_a_callback_cannot_both_decide_the_learning_rate(load: Load, refused: Refused) -> None:
    plateau = "training: {callbacks: [ReduceLROnPlateau: {patience: 2}]}\n"
    rate = "optimizer={Adam: {learning_rate: {CosineDecay: {initial_learning_rate: 1e-3}}}}"
    (problem,) = refused(CONFIG + plateau, rate)
    assert problem["message"] == (
        "ReduceLROnPlateau changes the learning rate, but CosineDecay already decides about it"
    )
    assert (problem["line"], problem["column"]) == (8, 24)
    assert problem["suggestion"] == "remove it, or write learning_rate as a number"
    assert load(CONFIG + plateau, "optimizer={Adam: {learning_rate: 1e-3}}")
