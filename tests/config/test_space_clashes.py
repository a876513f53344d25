"""Values of a space that go with the config one by one, but not together, are told before a search."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bigmodel_cli.config import space_clashes
from bigmodel_cli.config.problems import Problem
from bigmodel_cli.errors import ConfigError
from bigmodel_cli.modeling.language import read_searched, read_with_search

CONFIG = """\
data: {source: digits, batch_size: 32}
preprocessing: [{Rescaling: {scale: 1/255}}]
model:
  - Flatten
  - Dense: {name: left, units: 16, activation: relu}
  - Dense: {name: middle, units: 16, activation: relu}
  - Dropout: {rate: 0.1}
  - Dense: {units: num_classes, activation: softmax}
loss: SparseCategoricalCrossentropy
optimizer: {Adam: {learning_rate: 1e-3}}
training: {epochs: 3}
tune:
  space:
"""
NULL = "model.1: {choice: [{Dense: {name: left, units: 8}}, null]}"
JOINS = "model.3: {choice: [{Dropout: {rate: 0.2}}, {Concatenate: {inputs: [left, middle]}}]}"
Warned = Callable[..., list[Problem]]


@pytest.fixture
def warned(tmp_path: Path) -> Warned:
    """What is warned of where these keys are searched, in this order."""

    def call(*keys: str) -> list[Problem]:
        (tmp_path / "c.yaml").write_text(CONFIG + "".join(f"    {key}\n" for key in keys))
        return list(read_with_search(tmp_path / "c.yaml").warnings)

    return call


def test_a_layer_that_is_gone_for_another_one(warned: Warned) -> None:
    assert warned(NULL) == warned(JOINS) == []
    (found,) = warned("data.batch_size: {choice: [16, 32]}", NULL, JOINS)
    assert found.message == (
        "together with model.1: null, model.2.Concatenate.inputs.0: no step above is named 'left'"
    )
    assert (found.place.line, found.place.column) == (16, 48)
    assert found.path == ("tune", "space", "model.3")
    assert found.suggestion is not None and "passes over them" in found.suggestion


def test_presets_that_each_change_half_of_it(warned: Warned) -> None:
    names = "preset_a: {choice: [{model.2.Dense.name: right}, {model.2.Dense.activation: gelu}]}"
    (found,) = warned(names, JOINS)
    assert found.message.startswith("together with preset_a: {model.2.Dense.name: right}, model.3.Concat")
    assert "'middle'" in found.message


def test_what_is_inside_of_an_option_clashes_too(warned: Warned) -> None:
    inside = (
        "model.3: {choice: [null, {Concatenate: {inputs: {choice: [[left, middle], [middle, middle]]}}}]}"
    )
    assert [problem.path[-1] for problem in warned(NULL, inside)] == ["model.3"]


def test_each_two_keys_are_told_once(warned: Warned) -> None:
    both = "model.3: {choice: [{Concatenate: {inputs: [left, middle]}}, {Add: {inputs: [left, middle]}}]}"
    assert len(warned(NULL, both)) == 1


def test_what_is_wrong_alone_is_an_error_and_not_told_again(warned: Warned) -> None:
    wrong = JOINS.replace("left", "lost")
    with pytest.raises(ConfigError) as error:
        warned(NULL, wrong)
    assert "no step above is named 'lost'" in error.value.message
    assert "together with" not in error.value.message


def test_such_a_trial_fails_and_others_do_not(warned: Warned, tmp_path: Path) -> None:
    warned(NULL, JOINS)
    searched = read_searched(tmp_path / "c.yaml")
    for point in ({"model.1": 0, "model.3": 1}, {"model.1": 1, "model.3": 0}):
        assert searched.config_at(point).experiment.model
    with pytest.raises(ConfigError, match="no step above is named 'left'"):
        searched.config_at({"model.1": 1, "model.3": 1})


def test_pairs_are_bounded_and_those_of_layers_come_first(
    warned: Warned, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = [
        "optimizer.Adam.learning_rate: {log: [1e-4, 1e-2]}",
        "data.batch_size: {integer: [16, 64]}",
        "model.2.Dense.units: {integer: [8, 64]}",
    ]
    tried: list[tuple[str, str]] = []
    pairs = space_clashes._pairs

    def counted(corners: object) -> object:
        for one, other in pairs(corners):  # type: ignore[arg-type]
            tried.append((one.top.name, other.top.name))
            yield one, other

    monkeypatch.setattr(space_clashes, "_pairs", counted)
    monkeypatch.setattr(space_clashes, "_MOST_PAIRS", 12)
    assert len(warned(*numbers, NULL, JOINS)) == 1
    assert len(tried) == 12
    assert set(tried[:4]) == {("model.1", "model.3")}
    # All others have their turn before one has a second.
    assert len(set(tried[4:10])) == 6


def test_what_the_config_has_of_another_key_that_is_searched_is_in_no_trial(
    warned: Warned, tmp_path: Path
) -> None:
    """The config joins `left`; no trial does, so that `left` may be left out."""
    others = "model.3: {choice: [{Dropout: {rate: 0.2}}, {Add: {inputs: [middle, middle]}}]}"
    rate = "optimizer.Adam.learning_rate: {log: [1e-4, 1e-2]}"
    config = CONFIG.replace("- Dropout: {rate: 0.1}", "- Concatenate: {inputs: [left, middle]}")
    (tmp_path / "d.yaml").write_text(config + f"    {NULL}\n    {others}\n    {rate}\n")
    searched = read_searched(tmp_path / "d.yaml")
    assert searched.loaded.warnings == ()
    for left, joins in ((0, 0), (0, 1), (1, 0), (1, 1)):
        searched.config_at({"model.1": left, "model.3": joins})
    # Where one option of it joins as the config does, that one alone clashes.
    (tmp_path / "d.yaml").write_text(config + f"    {NULL}\n    {JOINS}\n    {rate}\n")
    (found,) = read_searched(tmp_path / "d.yaml").loaded.warnings
    assert found.message.startswith("together with model.1: null, model.2.Concatenate")
    # And where the key is not searched, each trial has what the config has.
    (tmp_path / "d.yaml").write_text(config + f"    {NULL}\n    {rate}\n")
    with pytest.raises(ConfigError, match="with this value"):
        read_searched(tmp_path / "d.yaml")
