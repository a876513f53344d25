"""Where a value came from, and how two configs differ."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bigmodel_cli.config.load import LoadedConfig
from bigmodel_cli.config.provenance import Explanation, explain
from bigmodel_cli.errors import UsageError
from bigmodel_cli.modeling.language import language, read_config

BASE = """\
data: {source: digits, batch_size: 64}
model:
  - Flatten
  - Dense: {units: num_classes, activation: softmax}
loss: CategoricalCrossentropy
optimizer:
  AdamW: {learning_rate: 0.01, weight_decay: 0.1}
"""
CHILD = """\
extends: base.yaml
optimizer:
  AdamW:
    learning_rate: 0.003
"""
Explain = Callable[..., Explanation]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., LoadedConfig]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "base.yaml").write_text(BASE)
    (tmp_path / "child.yaml").write_text(CHILD)
    return lambda *words, name="child.yaml": read_config(Path(name), words)


@pytest.fixture
def why(load: Callable[..., LoadedConfig]) -> Explain:
    return lambda key, *words: explain(load(*words), key, language().catalogue)


def history(found: Explanation) -> list[tuple[Any, str]]:
    return [(o.value, str(o.place) if o.place else "default") for o in found.origins]


def test_command_line_over_file_over_base_over_keras(why: Explain) -> None:
    word = "optimizer.AdamW.learning_rate=1e-4"
    found = why("optimizer.AdamW.learning_rate", word)
    assert found.value == 1e-4
    assert history(found) == [
        (1e-4, f"command line: {word}"),
        (0.003, "child.yaml:4:5"),
        (0.01, "base.yaml:7:11"),
        (0.001, "default"),
    ]
    assert found.doc.startswith("A float")


def test_what_nobody_wrote_is_a_default(why: Explain) -> None:
    assert history(why("training.epochs")) == [(10, "default")]
    assert history(why("optimizer.AdamW.beta_1")) == [(0.9, "default")]
    assert why("seed").doc == "Fixes splits, order, weights and noise."


def test_a_required_key_has_no_default(why: Explain) -> None:
    assert history(why("loss")) == [("CategoricalCrossentropy", "base.yaml:5:1")]
    assert history(why("model.1.Dense.units")) == [("num_classes", "base.yaml:4:13")]


def test_a_key_below_what_was_replaced_begins_anew(why: Explain) -> None:
    word = "optimizer={SGD: {learning_rate: 0.5}}"
    assert history(why("optimizer.SGD.learning_rate", word)) == [
        (0.5, f"command line: {word}"),
        (0.01, "default"),
    ]


def test_what_was_removed_says_by_whom(why: Explain) -> None:
    found = why("optimizer.AdamW.weight_decay", "~optimizer.AdamW.weight_decay")
    assert found.value == 0.004
    removed, written, default = found.origins
    assert (removed.is_removed, str(removed.place)) == (True, "command line: ~optimizer.AdamW.weight_decay")
    assert (written.value, str(written.place)) == (0.1, "base.yaml:7:32")
    assert (default.value, default.place) == (0.004, None)


def test_a_bare_name_is_found_too(why: Explain) -> None:
    assert why("model.0").value == "Flatten"
    assert why("data.source").value == "digits"


@pytest.mark.parametrize(
    ("key", "message", "hint"),
    [
        ("optimizer.AdamW.lr", "optimizer.AdamW.lr: the config has no 'lr' there", None),
        ("optimizer.Adam.learning_rate", "the config has no 'Adam' there", "did you mean AdamW?"),
        ("data.batch_sise", "the config has no 'batch_sise' there", "did you mean batch_size?"),
        ("model.7", "the config has no '7' there", "there is: 0, 1"),
        ("training.epochs.x", "the config has no 'x' there", "there is: nothing below it"),
    ],
)
def test_a_key_that_is_not_there(why: Explain, key: str, message: str, hint: str | None) -> None:
    with pytest.raises(UsageError) as caught:
        why(key)
    assert message in caught.value.message
    if hint is not None:
        assert caught.value.hint == hint


def test_json_has_the_same(why: Explain) -> None:
    document = why("data.batch_size", "data.batch_size=8").as_json()
    assert document["value"] == 8
    assert [origin["file"] for origin in document["origins"]] == ["command line", "base.yaml", None]
    assert document["origins"][1] == {
        "value": 64,
        "removed": False,
        "file": "base.yaml",
        "line": 1,
        "column": 24,
        "text": "data: {source: digits, batch_size: 64}",
    }
