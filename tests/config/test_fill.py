"""Sections and option models: pydantic's judgement in our words, at the place in the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bigmodel_cli.config.load import LoadedConfig
from bigmodel_cli.config.phrases import Every, parse_every, parse_gate
from bigmodel_cli.config.schema import Checkpoint, Data, Experiment, Rollback, Training
from bigmodel_cli.config.spelling import fold
from bigmodel_cli.config.synonyms import ADVICE, KEYS, UNITS, VALUES

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


def test_a_small_config_with_its_defaults(load: Load) -> None:
    experiment = load(CONFIG).experiment
    assert (experiment.name, experiment.seed, experiment.metrics) == ("c", 0, "auto")
    assert (experiment.data.source.name, experiment.data.batch_size, experiment.data.validation) == (
        "digits",
        32,
        "auto",
    )
    assert [step.name for step in experiment.model] == ["Flatten", "Dense"]
    assert experiment.training.epochs == 10
    assert experiment.training.checkpoint.keep == 1


def test_sections_may_be_left_empty(load: Load) -> None:
    experiment = load(CONFIG + "training:\nexpect:\naugmentation:\n  # - RandomFlip\n").experiment
    assert (experiment.training.epochs, experiment.expect, experiment.augmentation) == (10, {}, [])


def test_fractions_are_numbers_where_a_number_is_expected(load: Load) -> None:
    loaded = load(
        CONFIG, "data.validation=1/8", "data.source={image_folder: {path: x, scale: 1/255}}", "name=half 1"
    )
    assert loaded.experiment.data.validation == 0.125
    assert loaded.experiment.data.source.options.scale == 1 / 255
    assert loaded.experiment.name == "half 1"


def test_paths_are_relative_to_what_names_them(load: Load, tmp_path: Path) -> None:
    text = CONFIG.replace("source: digits", "source: {image_folder: {path: flowers, image_size: [8, 9]}}")
    options = load(text).experiment.data.source.options
    assert (options.path, options.image_size) == (tmp_path / "flowers", (8, 9))
    assert load(text, "data.source.image_folder.path=/else").experiment.data.source.options.path == Path(
        "/else"
    )


def test_a_blocks_steps_are_components(load: Load) -> None:
    text = CONFIG.replace("- Flatten", "- branches: {paths: [[Flatten], []], merge: Add}")
    block = load(text).experiment.model[0]
    assert [[step.name for step in path] for path in block.options.paths] == [["Flatten"], []]
    assert block.options.merge.name == "Add"
    assert load(text.replace(", merge: Add", ", merge: null")).experiment.model[0].options.merge is None


@pytest.mark.parametrize(
    ("word", "path", "column", "message", "suggestion"),
    [
        ("seed=abc", "seed", 6, "expected an integer, found the text 'abc'", None),
        ("seed=-1", "seed", 6, "expected at least 0, found -1", None),
        ("seed=1.5", "seed", 6, "expected an integer, found 1.5", None),
        ("data.batch_size=0", "data.batch_size", 17, "expected at least 1 or 'auto', found 0", None),
        ("data.batch_size=true", "data.batch_size", 17, "expected an integer or 'auto', found true", None),
        (
            "data.on_bad_file=ignore",
            "data.on_bad_file",
            18,
            "expected 'stop' or 'skip', found the text 'ignore'",
            "did you mean skip?",
        ),
        (
            "data.validation=abc",
            "data.validation",
            17,
            "expected a number or 'auto', found the text 'abc'",
            None,
        ),
        (
            "data.validation=aut",
            "data.validation",
            17,
            "expected a number or 'auto', found the text 'aut'",
            "did you mean auto?",
        ),
        ("data.validation=1", "data.validation", 17, "expected less than 1 or 'auto', found 1", None),
        ("training.epochs=", "training.epochs", 10, "expected an integer, found nothing", None),
        (
            "training.deterministic=no",
            "training.deterministic",
            24,
            "expected true or false, found the text 'no'",
            "write false",
        ),
        (
            "training.precision=float16",
            "training.precision",
            20,
            "expected 'auto', 'float32', 'mixed_bfloat16' or 'mixed_float16', found the text 'float16'",
            "did you mean mixed_float16?",
        ),
        (
            "training.device=tpu",
            "training.device",
            17,
            "a TPU is not supported; expected auto, all, cpu, gpu, or numbers such as gpu:1 or gpu:0,2, "
            "found 'tpu'",
            None,
        ),
        (
            "training.device=gpu:2-1",
            "training.device",
            17,
            "expected numbers below 1024 such as 0,2 or a rising range such as 0-3, found '2-1'",
            None,
        ),
        (
            "training.device=gpu:0,0-1",
            "training.device",
            17,
            "expected each device once, found 'gpu:0,0-1'",
            None,
        ),
        (
            "training.device=cpu:1",
            "training.device",
            17,
            "expected the CPU's devices from 0 on, such as cpu:0-3, found 'cpu:1'",
            None,
        ),
        (
            "training.device=cpu:1,2",
            "training.device",
            17,
            "expected the CPU's devices from 0 on, such as cpu:0-3, found 'cpu:1,2'",
            None,
        ),
        (
            "training.checkpoint.every=0 epochs",
            "training.checkpoint.every",
            27,
            "expected `epoch`, `N epochs`, `N steps` or `N minutes`, found '0 epochs'",
            None,
        ),
        (
            "training=3",
            "training",
            10,
            "expected a mapping (epochs, time, callbacks, checkpoint, on_divergence, …), found 3",
            "write {epochs: 3}",
        ),
        ("training.epoch=3", "training.epoch", 10, "training has no key 'epoch'", "did you mean epochs?"),
        ("learning=3", "learning", 1, "a config has no key 'learning'", "did you mean training?"),
        ("model=[]", "model", 1, "expected a list of at least 1, found a list of 0", None),
        ("model=Dense", "model", 7, "expected a list, found the text 'Dense'", "write [Dense]"),
        (
            "metrics=accuracy",
            "metrics",
            9,
            "expected a list or 'auto', found the text 'accuracy'",
            "write [accuracy]",
        ),
        (
            "metrics={F1Score: {}}",
            "metrics",
            1,
            "expected a list or 'auto', found a mapping (F1Score)",
            "make it a list: - F1Score",
        ),
        (
            "name=a/b",
            "name",
            6,
            "expected a name for a folder (letters, digits, '-', '_', '.'), found 'a/b'",
            None,
        ),
        (
            "expect.test_accuracy=0.99",
            "expect.test_accuracy",
            22,
            "expected a text, found 0.99",
            'write ">= 0.99"',
        ),
        (
            "expect={a: '=> 3'}",
            "expect.a",
            12,
            "expected a comparison such as \">= 0.99\", found '=> 3'",
            None,
        ),
        (
            "data.source={digits: {x: 1}}",
            "data.source.digits.x",
            23,
            "digits has no key 'x'",
            "it takes no options",
        ),
        (
            "data.source.digits.x=1",
            "data.source.digits.x",
            20,
            "digits has no key 'x'",
            "it takes no options",
        ),
        ("data.source=image_folder", "data.source.path", 13, "path is missing", "add path: …"),
        (
            "data.source={image_folder: {path: 3}}",
            "data.source.image_folder.path",
            35,
            "expected a path, found 3",
            None,
        ),
        (
            "data.source={image_folder: {path: x, image_size: [1]}}",
            "data.source.image_folder.image_size.1",
            38,
            "expected one item more, found a list of 1",
            None,
        ),
        (
            "model.0={repeat: {times: 0, layers: [Flatten]}}",
            "model.0.repeat.times",
            26,
            "expected at least 1, found 0",
            None,
        ),
        (
            "loss=",
            "loss",
            6,
            "expected a loss: a name, or a mapping from one name to its arguments; found nothing",
            None,
        ),
    ],
)
def test_a_wrong_value_is_placed_and_explained(
    refused: Refused, word: str, path: str, column: int, message: str, suggestion: str | None
) -> None:
    (problem,) = refused(CONFIG, word)
    assert (problem["path"], problem["message"], problem["suggestion"]) == (path, message, suggestion)
    assert (problem["file"], problem["column"]) == ("command line", column)


def test_missing_sections_are_all_named(refused: Refused) -> None:
    problems = refused("seed: 1\n")
    assert [problem["path"] for problem in problems] == ["data", "model", "loss", "optimizer"]
    assert problems[0]["suggestion"] == "add data: …"
    assert {(problem["line"], problem["column"]) for problem in problems} == {(1, 1)}


def test_an_empty_item_of_a_list(refused: Refused) -> None:
    (problem,) = refused(CONFIG.replace("- Flatten", "-"))
    assert problem["message"].startswith("expected a layer: a name")
    assert (problem["path"], problem["line"]) == ("model.0", 4)


def test_a_bad_part_hides_no_other(refused: Refused) -> None:
    problems = refused(CONFIG, "data={source: nothing, batch_size: 0, extra: 1}", "training.epochs=0")
    assert sorted(problem["path"] for problem in problems) == [
        "data.batch_size",
        "data.extra",
        "data.source",
        "training.epochs",
    ]


@pytest.mark.parametrize(
    ("text", "gate"),
    [
        (">= 0.99", (">=", 0.99)),
        ("<1e-3", ("<", 0.001)),
        ("== 1", ("==", 1.0)),
        (">= 99%", (">=", 0.99)),
        (" <= -2 ", ("<=", -2.0)),
    ],
)
def test_gates(text: str, gate: tuple[str, float]) -> None:
    assert parse_gate(text) == gate


@pytest.mark.parametrize("text", ["0.99", "=> 1", ">= x", "> 1 2", ""])
def test_no_gate(text: str) -> None:
    with pytest.raises(ValueError, match="expected a comparison such as"):
        parse_gate(text)


@pytest.mark.parametrize(
    ("text", "every"),
    [
        ("epoch", Every(epochs=1)),
        ("2 epochs", Every(epochs=2)),
        ("1 step", Every(steps=1)),
        ("500 steps", Every(steps=500)),
        ("minute", Every(seconds=60)),
        ("30 seconds", Every(seconds=30)),
        ("10 minutes", Every(seconds=600)),
        ("2 hours", Every(seconds=7200)),
    ],
)
def test_periods(text: str, every: Every) -> None:
    assert parse_every(text) == every


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("3", "write 3 epochs"),
        ("500 batches", "write 500 steps"),
        ("500-steps", "write 500 steps"),
        ("5 Epochs", "write 5 epochs"),
        ("1 h", "write 1 hour"),
        ("0.5 min", "write 30 seconds"),
        ("0.1 hours", "write 6 minutes"),
        ("1.5 epochs", None),
        ("0 minutes", None),
        ("-5 steps", None),
        ("9999999999 steps", None),
        ("0.001 seconds", None),
        ("never", None),
        ("best", None),
    ],
)
def test_no_period(refused: Refused, text: str, meant: str | None) -> None:
    (problem,) = refused(CONFIG, f"training.checkpoint.every='{text}'")
    expected = f"expected `epoch`, `N epochs`, `N steps` or `N minutes`, found {text!r}"
    assert (problem["message"], problem["suggestion"]) == (expected, meant)
    assert meant is None or parse_every(meant.removeprefix("write "))


def test_words_of_other_tools_are_folded_and_lead_to_what_there_is() -> None:
    sections = (Experiment, Data, Training, Checkpoint, Rollback)
    fields = {name: field for section in sections for name, field in section.model_fields.items()}
    for word in (*KEYS, *UNITS, *(key for key in ADVICE if key != "<<")):
        assert word == fold(word), word
    for key in ("batch_size", "on_bad_file", "on_divergence"):
        for word in VALUES[key].values():
            assert repr(word) in str(fields[key].annotation), (key, word)
    for unit in UNITS.values():
        assert parse_every(f"2 {unit}s")
