"""Paths of callbacks: placeholders are checked as monitors are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bigmodel_cli.errors import ConfigError
from bigmodel_cli.modeling.language import read_config

CONFIG = """\
data: {source: digits}
preprocessing: [{Rescaling: {scale: 1/255}}]
model: [Flatten, {Dense: {units: num_classes, activation: softmax}}]
loss: CategoricalCrossentropy
optimizer: Adam
training:
  callbacks:
    - ModelCheckpoint: ARGUMENTS
"""
PATH = "training.callbacks.0.ModelCheckpoint.filepath"


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    monkeypatch.chdir(tmp_path)

    def _load(arguments: str, *words: str) -> Any:
        Path("c.yaml").write_text(CONFIG.replace("ARGUMENTS", arguments), "utf-8")
        return read_config(Path("c.yaml"), words)

    return _load


@pytest.mark.parametrize(
    ("path", "message", "suggestion"),
    [
        ("ck-{epoch}-{val_acc:.2f}.keras", "nothing produces 'val_acc'", "did you mean {val_accuracy}?"),
        ("{Epoch}.keras", "nothing produces 'Epoch'", "did you mean {epoch}?"),
        ("{val_f1}.keras", "nothing produces 'val_f1'", "there are {epoch}, {loss}, {accuracy}, {val_loss}"),
        ("{batch}.keras", "nothing produces 'batch'", "there are {epoch}"),
        ("{}.keras", "nothing produces ''", "there are {epoch}"),
        ("{val_loss:02d}.keras", "cannot be filled in: Unknown format code 'd'", "{epoch:02d}"),
        ("{epoch.keras", "placeholders cannot be read", "{epoch}"),
        ("s.h5x", "writes files that end in .keras or .h5, found 's.h5x'", "write filepath: s.keras"),
        ("s", "writes files that end in .keras or .h5", "write filepath: s.keras"),
    ],
)
def test_a_path_that_cannot_be_filled_in(load: Any, path: str, message: str, suggestion: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(f"{{filepath: '{path}'}}")
    (problem,) = caught.value.problems
    assert (problem["path"], problem["line"]) == (PATH, 8)
    assert message in problem["message"]
    assert suggestion in problem["suggestion"]


@pytest.mark.parametrize(
    "arguments",
    [
        "{filepath: 's.keras'}",
        "{filepath: 'a/{epoch:02d}-{val_loss:.2f}-{accuracy}-{learning_rate:.1e}.keras'}",
        "{filepath: '{epoch}-{batch}-{loss:.3f}.keras', save_freq: 60}",
        "{filepath: '{epoch}.weights.h5', save_weights_only: true}",
        "{filepath: '{{epoch}}.h5'}",
    ],
)
def test_paths_that_are_right(load: Any, arguments: str) -> None:
    assert load(arguments).warnings == ()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("{filepath: '{val_loss}.keras', save_freq: 20}", "nothing produces 'val_loss'"),
        ("{filepath: 's.keras', save_weights_only: true}", "end in .weights.h5, found 's.keras'"),
        ("{filepath: '{val_mae}.keras'}", "nothing produces 'val_mae'"),
    ],
)
def test_what_other_arguments_decide(load: Any, arguments: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load(arguments)


def test_without_validation_there_are_no_val_names(load: Any) -> None:
    with pytest.raises(ConfigError, match="nothing produces 'val_loss'"):
        load("{filepath: '{val_loss}.keras', monitor: loss}", "data.validation=0")
