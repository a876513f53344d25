"""How searches are written: on the command line, over other files, in an editor; and what is warned of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from small_configs import DIGITS

from bigmodel_cli.cli.complete import _keys
from bigmodel_cli.config.differences import differences
from bigmodel_cli.config.dump import plain
from bigmodel_cli.config.foreign_spaces import in_our_words
from bigmodel_cli.config.json_schema import json_schema
from bigmodel_cli.config.load import LoadedConfig
from bigmodel_cli.config.provenance import explain
from bigmodel_cli.config.reader import read_text
from bigmodel_cli.config.space_keys import parts_with_space
from bigmodel_cli.config.tree import to_plain
from bigmodel_cli.errors import ConfigError
from bigmodel_cli.modeling.language import language, read_config, read_with_search

CONFIG = f"{DIGITS}preprocessing: [{{Rescaling: {{scale: 1/16}}}}]\n"
SEARCH = """\
tune:
  space:
    optimizer.Adam.learning_rate: {log: [1e-4, 1e-2], points: 3}
    model.1.Dense.units: {integer: [8, 64], log: true}
    model.2: {choice: [{Dropout: {rate: 0.2}}, null]}
"""
RATE, UNITS = "optimizer.Adam.learning_rate", "model.1.Dense.units"
Space = Callable[..., dict[str, Any]]
Read = Callable[..., LoadedConfig]


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    """Reads `CONFIG` with a `tune` section, and words of the command line over it."""
    monkeypatch.chdir(tmp_path)

    def call(*words: str, tune: str = SEARCH) -> LoadedConfig:
        Path("c.yaml").write_text(CONFIG + tune)
        return read_with_search(Path("c.yaml"), words)

    return call


@pytest.fixture
def space(read: Read) -> Space:
    """The space that words of the command line make of `SEARCH`."""

    def call(*words: str) -> dict[str, Any]:
        tune = read(*words).experiment.tune
        assert tune is not None
        return tune.space

    return call


@pytest.mark.parametrize(
    ("word", "key", "value"),
    [
        ("tune.space.optimizer.Adam.learning_rate={log: [0.1, 1]}", RATE, {"log": [0.1, 1]}),
        (
            "tune.space.model.1.Dense.units.integer.1=32",
            "model.1.Dense.units",
            {"integer": [8, 32], "log": True},
        ),
        ("tune.space.model.1.Dense.units.points=8", UNITS, {"integer": [8, 64], "log": True, "points": 8}),
        ("tune.space.data.batch_size={choice: [32, 64]}", "data.batch_size", {"choice": [32, 64]}),
        ("tune.space.data.batch_size.choice=[32, 64]", "data.batch_size", {"choice": [32, 64]}),
        ('tune.space."data.batch_size"={choice: [32, 64]}', "data.batch_size", {"choice": [32, 64]}),
        (
            "tune.space.model.2.choice.0.Dropout.rate=0.3",
            "model.2",
            {"choice": [{"Dropout": {"rate": 0.3}}, None]},
        ),
        (
            "tune.space.preset={choice: [{seed: 1}, {seed: 2}]}",
            "preset",
            {"choice": [{"seed": 1}, {"seed": 2}]},
        ),
    ],
)
def test_a_key_of_the_space_has_its_dots_on_the_command_line(
    space: Space, word: str, key: str, value: Any
) -> None:
    found = space(word)
    assert found[key] == value
    assert {"optimizer.Adam.learning_rate", "model.1.Dense.units", "model.2"} <= set(found)
    assert len(found) == (3 if key in SEARCH else 4)


def test_a_key_of_the_space_is_removed_by_its_name(space: Space) -> None:
    assert set(space("~tune.space.model.2")) == {"optimizer.Adam.learning_rate", "model.1.Dense.units"}
    assert space("~tune.space.model.1.Dense.units.log")["model.1.Dense.units"] == {"integer": [8, 64]}


def test_the_longest_key_of_the_space_is_meant() -> None:
    known = ["model.1", "model.1.Dense.units"]
    text = "tune.space.model.1.Dense.units.step"
    assert [key for key, _, _ in parts_with_space(text, known)][2:] == ["model.1.Dense.units", "step"]
    text = "tune.space.model.1.choice.0"
    assert [key for key, _, _ in parts_with_space(text, known)][2:] == ["model.1", "choice", "0"]
    assert parts_with_space("training.epochs", known) == [("training", 0, 8), ("epochs", 9, 6)]


def test_a_search_of_the_command_line_alone(read: Read) -> None:
    tune = read("tune.space.data.batch_size.choice=[32, 64]", "tune.trials=4", tune="").experiment.tune
    assert tune is not None and (tune.space, tune.trials) == ({"data.batch_size": {"choice": [32, 64]}}, 4)


def test_spaces_are_merged_key_by_key_and_each_key_is_replaced(read: Read) -> None:
    read()
    Path("over.yaml").write_text(
        "extends: c.yaml\n"
        "tune:\n"
        "  trials: 7\n"
        "  space:\n"
        "    optimizer.Adam.learning_rate: {choice: [1e-3, 1e-2]}\n"
        "    data.batch_size: {choice: [32, 64]}\n"
    )
    tune = read_with_search(Path("over.yaml")).experiment.tune
    assert tune is not None
    assert tune.trials == 7
    assert tune.space["optimizer.Adam.learning_rate"] == {"choice": [1e-3, 1e-2]}
    assert set(tune.space) == {
        "optimizer.Adam.learning_rate",
        "model.1.Dense.units",
        "model.2",
        "data.batch_size",
    }


def test_where_a_key_of_the_space_came_from(read: Read) -> None:
    loaded = read("tune.space.optimizer.Adam.learning_rate.points=5")
    found = explain(loaded, "tune.space.optimizer.Adam.learning_rate.points", language().catalogue)
    assert found.value == 5
    assert [(origin.value, str(origin.place)) for origin in found.origins] == [
        (5, "command line: tune.space.optimizer.Adam.learning_rate.points=5"),
        (3, "c.yaml:13:55"),
    ]


def test_spaces_differ_key_by_key(read: Read) -> None:
    one = plain(read().experiment)
    other = plain(read("tune.space.model.1.Dense.units.integer=[8, 32]", "tune.trials=5").experiment)
    assert differences(one, other) == [
        ("tune.space.model.1.Dense.units.integer", [8, 64], [8, 32]),
        ("tune.trials", 30, 5),
    ]


def test_the_shell_is_offered_keys_of_the_space_and_keys_to_search(read: Read) -> None:
    read()
    offered = set(_keys(Path("c.yaml")))
    assert {"tune.space.model.1.Dense.units.log", "tune.space.model.2", "tune.trials"} <= offered
    assert {"tune.space.data.batch_size", "tune.space.training.epochs"} <= offered
    assert not [key for key in offered if key.startswith("tune.space.tune") or '"' in key]


@pytest.mark.slow
def test_the_schema_knows_the_forms_of_a_space() -> None:
    validator = jsonschema.Draft202012Validator(json_schema(language()))

    def errors(space: str) -> list[str]:
        text = f"{CONFIG}tune: {{space: {{data.batch_size: {space}}}}}"
        whole = to_plain(read_text(text, origin="c.yaml", folder=Path()))
        return [error.json_path for error in validator.iter_errors(whole)]

    for form in ("{log: [1e-4, 1/3], points: 3}", "{integer: [1, 9], log: true}", "{choice: [1, null]}"):
        assert errors(form) == []
    for wrong in (
        "[32, 64]",
        "{loguniform: [1, 2]}",
        "{log: [1, 2, 3]}",
        "{choice: [1]}",
        "{choice: [1, 2], log: true}",
    ):
        assert errors(wrong), wrong


def test_a_grid_larger_than_its_trials_is_warned_of(read: Read) -> None:
    space = "data.batch_size: {choice: [32, 64, 96]}, training.epochs: {integer: [2, 3]}"
    (warning,) = read(tune=f"tune: {{search: grid, trials: 5, space: {{{space}}}}}\n").warnings
    assert warning.message == "the grid has 6 combinations, and 5 of them are tried"
    assert (warning.place.line, warning.place.column) == (11, 30)
    assert read(tune=f"tune: {{search: grid, trials: 6, space: {{{space}}}}}\n").warnings == ()


@pytest.mark.parametrize(
    ("tune", "message"),
    [
        (
            "{trials: 3, keep: 5, space: {data.batch_size: {choice: [32, 64]}}}",
            "all keep their weights, and not 5",
        ),
        ("{space: {seed: {integer: [0, 9]}}}", "a seed is luck and no hyper-parameter"),
        ("{space: {training.time: {choice: [1 hour, 2 hours]}}}", "depends on what else the machine does"),
        ("{space: {training.deterministic: {choice: [true, false]}}}", "it changes no score"),
    ],
)
def test_what_may_be_meant_is_warned_of(read: Read, tune: str, message: str) -> None:
    (warning,) = read(tune=f"tune: {tune}\n").warnings
    assert message in warning.message


@pytest.mark.parametrize(
    "space",
    [
        "data.source.synthetic.num_classes: {choice: [2, 3]}",
        "training: {choice: [{epochs: 2}, {epochs: 3}]}",
        "preset: {choice: [{data.test: 0.2, seed: 1}, {data.test: 0.1}]}",
        "training.checkpoint.mode: {choice: [min, max]}",
        "calibrate: {choice: [{}, null]}",
        "data.fold.number: {integer: [1, 5]}",
        "track: {choice: [[], [tensorboard]]}",
    ],
)
def test_what_cannot_be_compared_is_refused(read: Read, space: str) -> None:
    with pytest.raises(ConfigError, match=r"it cannot be searched( as a whole)?: "):
        read(tune=f"tune: {{space: {{{space}}}}}\n")


def test_what_only_reads_the_same_examples_otherwise_may_be_searched(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    source = "{image_folder: {path: photos, image_size: [32, 32]}}"
    key = "data.source.image_folder.image_size"
    config = CONFIG.replace("source: digits", f"source: {source}").replace("1/16", "1/255")
    path.write_text(f"{config}tune: {{space: {{{key}: {{choice: [[32, 32], [64, 64]]}}}}}}\n")
    tune = read_with_search(path).experiment.tune
    assert tune is not None and list(tune.space) == [key]


def test_no_warning_of_a_value_that_a_search_tries(read: Read) -> None:
    """Dropout with 0 changes nothing, which is what a range from 0 asks."""
    space = "model.2.Dropout.rate: {uniform: [0, 0.5]}"
    assert read(tune=f"tune: {{space: {{{space}}}}}\n").warnings == ()


def test_training_looks_at_the_space_as_it_is_written_alone(read: Read) -> None:
    """Words that make a trial of a config may move what its space is about."""
    read()
    assert read_config(Path("c.yaml"), ["~model.2"]).experiment.tune is not None
    with pytest.raises(ConfigError, match="expected LOW below HIGH"):
        read_config(Path("c.yaml"), ["tune.space.optimizer.Adam.learning_rate={log: [1, 0.1]}"])


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("{min: 0.1, max: 0.5}", "{uniform: [0.1, 0.5]}"),
        ("{min: 8, max: 64}", "{integer: [8, 64]}"),
        ("{distribution: log_uniform_values, min: 1e-4, max: 1e-2}", "{log: [1e-4, 1e-2]}"),
        ("{distribution: int_uniform, min: 8, max: 64}", "{integer: [8, 64]}"),
        ("{space: loguniform, lower: 1e-4, upper: 1e-2}", "{log: [1e-4, 1e-2]}"),
        ("{type: categorical, values: [a, b]}", "{choice: [a, b]}"),
        ("{grid_search: [1, 2, 3]}", "{choice: [1, 2, 3]}"),
        ("{lograndint: [8, 64]}", "{integer: [8, 64], log: true}"),
        ("{double: [0, 1]}", "{uniform: [0, 1]}"),
        ("trial.suggest_int('units', 8, 64, log=True)", "{integer: [8, 64], log: true}"),
        ("tune.uniform(0.1, 0.5)", "{uniform: [0.1, 0.5]}"),
        ("{value: 3}", None),
        ("{min: 3}", None),
        ("nonsense(1, 2)", None),
        ("{loguniform: 3}", None),
    ],
)
def test_words_of_other_tools_are_known(theirs: str, ours: str | None) -> None:
    node = read_text(theirs, origin="c.yaml", folder=Path())
    assert in_our_words(node) == (None if ours is None else f"write {ours}")


def test_check_says_what_is_searched(bigmodel: Any, read: Read) -> None:
    read()
    shown = bigmodel("check", "c.yaml", "tune.trials=60", "tune.space.model.1.Dense.units.points=4")
    assert shown.code == 0
    assert "\nsearch: 3 keys, 24 combinations; 60 trials compared by val_accuracy\n" in shown.out
    assert "bigmodel tune c.yaml tune.trials=60 tune.space.model.1.Dense.units.points=4" in shown.err
    as_json = bigmodel("check", "c.yaml", "--json").json
    assert as_json["tune"]["combinations"] is None
    assert list(as_json["tune"]["space"]) == [
        "optimizer.Adam.learning_rate",
        "model.1.Dense.units",
        "model.2",
    ]


def test_check_refuses_what_a_trial_could_not_be(bigmodel: Any, read: Read) -> None:
    read()
    refused = bigmodel("check", "c.yaml", "tune.space.model.2={choice: [{Dropout: {raet: 1}}, null]}")
    assert refused.code == 2
    assert "model.2.Dropout.raet: Dropout has no argument 'raet'" in refused.err


def test_training_says_that_it_trains_the_config_as_it_is(bigmodel: Any, read: Read) -> None:
    read()
    missing = "data.source={npz: {path: missing.npz}}"
    refused = bigmodel("train", "c.yaml", missing)
    assert refused.code == 3
    said = [line for line in refused.err.splitlines() if "as it is" in line]
    assert said == [
        "trains the config as it is; what its tune section searches: "
        "bigmodel tune c.yaml 'data.source={npz: {path: missing.npz}}'"
    ]
