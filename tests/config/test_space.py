"""The space of `tune`: what is drawn becomes a config, and mistakes are found where they are written."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from small_configs import DIGITS

from bigmodel_cli.config.dump import to_yaml
from bigmodel_cli.config.searched import Searched
from bigmodel_cli.config.space import Choice, Dimension
from bigmodel_cli.config.space_corners import corners
from bigmodel_cli.errors import ConfigError
from bigmodel_cli.modeling.language import read_config, read_searched

CONFIG = f"{DIGITS}tune:\n  space:\n"
WHOLE = """\
    optimizer.Adam.learning_rate: {log: [1e-4, 1e-2]}
    data.batch_size: {choice: [32, 64]}
    model.1.Dense.units: {integer: [8, 64], log: true}
    model.2: {choice: [{Dropout: {rate: {uniform: [0.1, 0.5]}}}, null]}
    augmentation: {choice: [[], [{RandomRotation: {factor: 0.05}}]]}
    preset: {choice: [{seed: 1, training.epochs: {integer: [2, 4]}}, {seed: 2, training.epochs: 9}]}
"""


def _searched(folder: Path, space: str) -> Searched:
    path = folder / "c.yaml"
    path.write_text(CONFIG + space)
    return read_searched(path)


def _points(searched: Searched, count: int) -> list[dict[str, float]]:
    drawn = random.Random(3)

    def pick(dimension: Dimension) -> float:
        of = dimension.of
        return drawn.randrange(len(of.options)) if isinstance(of, Choice) else of.at(drawn.random())

    return [searched.space.draw(pick) for _ in range(count)]


@pytest.mark.slow
def test_a_point_is_what_its_words_make_of_the_config(tmp_path: Path) -> None:
    searched = _searched(tmp_path, WHOLE)
    lacking = set()
    for point in _points(searched, 20):
        config = searched.config_at(point)
        by_words = read_config(tmp_path / "c.yaml", searched.words(point)).experiment
        assert to_yaml(config.experiment) == to_yaml(by_words.model_copy(update={"tune": None}))
        assert config.experiment.tune is None
        has_dropout = any(step.name == "Dropout" for step in config.experiment.model)
        assert has_dropout == (point["model.2"] == 0) == ("model.2[0].Dropout.rate" in point)
        assert ("preset[0].training.epochs" in point) == (point["preset"] == 0)
        assert config.experiment.training.epochs == point.get("preset[0].training.epochs", 9)
        lacking.add(has_dropout)
    assert lacking == {True, False}


def test_corners_have_every_option_and_both_ends(tmp_path: Path) -> None:
    searched = _searched(tmp_path, WHOLE)
    seen: dict[str, set[float]] = {}
    for corner in corners(searched.space):
        assert corner.point[corner.dimension.name] == corner.value
        for name, value in corner.point.items():
            seen.setdefault(name, set()).add(value)
    assert seen["optimizer.Adam.learning_rate"] == {1e-4, 1e-2}
    assert seen["model.2"] == {0, 1}
    assert seen["model.2[0].Dropout.rate"] == {0.1, 0.5}
    assert seen["preset[0].training.epochs"] == {2, 4}


@pytest.mark.parametrize(
    ("line", "place", "message"),
    [
        ("optimizer.SGD.momentum: {uniform: [0, 1]}", "12:15", "the config has Adam here, not SGD"),
        ("model.2.Dropout.rate: {uniform: [0.1, 1.6]}", "12:43", "at most 1, found 1.6"),
        ("data.batch_size: {choice: [32, 0]}", "12:36", "expected at least 1 or 'auto', found 0"),
        ("training.epoch: {integer: [2, 4]}", "12:14", "training has no key 'epoch'"),
        ("model.9.Dense.units: {integer: [2, 4]}", "12:11", "expected the number of an item, 0 to 3"),
        ("model.2: {choice: [{Dropout: {raet: 0.2}}, null]}", "12:35", "Dropout has no argument 'raet'"),
        ("data.batch_size: [32, 64]", "12:22", "expected {log: [LOW, HIGH]}"),
        ("data.batch_size: {choice: [32]}", "12:31", "expected a list of two or more, found a list of 1"),
        ("data.batch_size: {integer: [2.5, 64]}", "12:33", "expected a whole number, found 2.5"),
        ("data.batch_size: {integer: [64, 32]}", "12:32", "expected LOW below HIGH, found 64 and 32"),
        ("optimizer.Adam.learning_rate: {log: [0, 1]}", "12:42", "expected a number above 0"),
        ("data.batch_size: {choice: [32, 32]}", "12:36", "the same value stands in the choice twice"),
        ("preset: {integer: [1, 2]}", "12:5", "a preset is a choice of several keys each"),
    ],
)
def test_mistakes_have_their_place(tmp_path: Path, line: str, place: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _searched(tmp_path, f"    {line}\n")
    (problem, *_) = caught.value.problems
    assert f"{problem['line']}:{problem['column']}" == place
    assert message in problem["message"]


def test_a_key_under_one_that_is_searched_is_refused(tmp_path: Path) -> None:
    space = "    model.2: {choice: [Flatten, null]}\n    model.2.Dropout.rate: {uniform: [0, 0.5]}\n"
    with pytest.raises(ConfigError, match=r"model\.2 is searched itself, so this key may not be there"):
        _searched(tmp_path, space)


def test_a_config_without_a_search_says_what_to_write(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(CONFIG.partition("tune:")[0])
    with pytest.raises(ConfigError, match="tune is missing"):
        read_searched(path)
